"""The decomposition of a two-way fixed-effects coefficient: exact, and plain about comparisons that mislead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from oda.errors import DesignError
from oda.evaluate import BaconDecomposition, bacon_decomposition, sentence, staggered_adoption

EXACT = 1e-10  # relative; sums taken in another order differ by rounding alone
NAMES = {"outcome": "visits", "unit": "district", "time": "year", "cohort": "start"}
STARTS = {"a": 3, "b": 3, "c": 5, "d": 6}


def panel(starts: dict[str, int] = STARTS, of: int = 7, seed: int = 1) -> pd.DataFrame:
    """Return districts by eight years of noise."""
    names = [chr(97 + place) for place in range(of)]
    frame = pd.DataFrame([(name, year) for name in names for year in range(1, 9)], columns=["district", "year"])
    frame["start"] = frame["district"].map(starts).astype(float)
    return frame.assign(visits=50 + np.random.default_rng(seed).normal(size=len(frame)))


def decompose(frame: pd.DataFrame) -> BaconDecomposition:
    """Return the decomposition of a frame with this file's column names."""
    return bacon_decomposition(frame, **NAMES)


def two_way(frame: pd.DataFrame) -> float:
    """Return the coefficient of treatment by least squares on dummies of every unit and period."""
    treated = (frame["year"] >= frame["start"]).astype(float)
    dummies = pd.get_dummies(frame[["district", "year"]].astype(str)).astype(float)
    return float(np.linalg.lstsq(np.column_stack([treated, dummies]), frame["visits"], rcond=None)[0][0])


@pytest.mark.parametrize("starts", [STARTS, {**STARTS, "e": 2, "f": 8, "g": 4}, {"a": 4}], ids=["some", "all", "one"])
def test_the_parts_add_up_to_the_regression(starts: dict[str, int]) -> None:
    """Values times weights sum to the coefficient that least squares with dummies gives, and the weights to 1."""
    frame = panel(starts)
    found = decompose(frame)
    parts = found.comparisons
    assert found.coefficient == pytest.approx(two_way(frame), rel=1e-8)
    assert (parts["value"] * parts["weight"]).sum() == pytest.approx(found.coefficient, rel=EXACT)
    assert parts["weight"].sum() == pytest.approx(1, rel=EXACT)
    assert (parts["weight"] > 0).all()
    assert found.kinds["weight"].sum() == pytest.approx(1, rel=EXACT)


def test_each_part_is_a_two_by_two_comparison() -> None:
    """Every value equals the difference of changes picked by hand, with its own window of periods."""
    frame = panel()
    means = frame.assign(start=frame["start"].fillna(99)).pivot_table(index="start", columns="year", values="visits")
    years = means.columns.to_numpy()
    for row in decompose(frame).comparisons.itertuples():
        own, other = row.cohort, 99 if pd.isna(row.control) else row.control
        window = years < other if own < other else years >= other
        gap = means.loc[own] - means.loc[other]
        after, before = gap[window & (years >= own)], gap[window & (years < own)]
        assert row.value == pytest.approx(after.mean() - before.mean(), rel=EXACT), row.kind


def test_one_start_is_one_comparison() -> None:
    """With one start there is nothing to decompose: the plain difference of changes, all weight on it."""
    frame = panel({"a": 4, "b": 4})
    found = decompose(frame)
    late, treated = frame["year"] >= 4, frame["start"].notna()
    change = [
        frame.loc[late & who, "visits"].mean() - frame.loc[~late & who, "visits"].mean() for who in (treated, ~treated)
    ]
    assert found.coefficient == pytest.approx(change[0] - change[1], rel=1e-9)
    assert found.comparisons["weight"].tolist() == pytest.approx([1])
    assert (found.already_treated, found.negative_cells, found.cautions) == (0, 0, ())


def test_a_constant_effect_is_the_coefficient() -> None:
    """When the effect is the same everywhere the coefficient is that effect, whatever the weights."""
    frame = panel()
    frame["visits"] = frame["year"] ** 2 + frame["district"].map(ord) - 4.0 * (frame["year"] >= frame["start"])
    assert decompose(frame).coefficient == pytest.approx(-4)


def test_growing_effects_turn_the_sign_and_it_is_said() -> None:
    """Every effect is 1 or more, the coefficient is below zero, and the cautions say what it rests on."""
    frame = panel({"a": 2, "b": 2, "c": 6}, of=3)
    frame["visits"] = (frame["year"] - frame["start"] + 1).clip(lower=0).fillna(0) ** 2
    found = decompose(frame)
    right = staggered_adoption(frame, controls="not yet", **NAMES).estimate.value
    assert found.coefficient < -10
    assert right == pytest.approx(np.mean([1, 4, 9, 16]))
    assert "on comparisons with units treated already" in found.cautions[0]
    assert "opposite sign" in found.cautions[1]
    assert found.kinds["value"].iloc[2] < 0 < found.kinds["value"].iloc[1]


def test_weights_below_zero_equal_brute_force() -> None:
    """Adding 1 to a treated district-year moves the coefficient by that cell's weight."""
    frame = panel({"a": 2, "b": 2, "c": 7}, of=3)
    base = two_way(frame)
    cells = frame.index[frame["year"] >= frame["start"]]
    moved = np.array([two_way(frame.assign(visits=frame["visits"] + (frame.index == cell))) - base for cell in cells])
    found = decompose(frame)
    assert found.treated_cells == len(cells)
    assert found.negative_cells == (moved < -1e-9).sum() > 0
    assert found.negative_weight == pytest.approx(moved[moved < -1e-9].sum())
    assert moved.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "factor"),
    [
        (lambda f: f.sample(frac=1, random_state=4), 1),
        (lambda f: f.assign(district=f["district"].map(lambda name: f"z{200 - ord(name)}")), 1),
        (lambda f: f.assign(visits=f["visits"] + 10 + f["year"]), 1),
        (lambda f: f.assign(visits=f["visits"] * 1e6), 1e6),
    ],
    ids=["rows shuffled", "renamed", "shifted", "scaled"],
)
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame], factor: float) -> None:
    """The order of rows, names, levels and units leave the weights as they are, and scale the values."""
    frame = panel()
    here, there = decompose(frame), decompose(change(frame))
    assert there.coefficient == pytest.approx(factor * here.coefficient, rel=1e-9)
    assert there.comparisons["weight"].tolist() == pytest.approx(here.comparisons["weight"].tolist(), rel=EXACT)
    assert there.comparisons["value"].tolist() == pytest.approx((factor * here.comparisons["value"]).tolist(), rel=1e-9)


def test_the_sentence_gives_no_effect() -> None:
    """It says the coefficient, that it is not to be reported, and the share that misleads."""
    said = sentence(decompose(panel()))
    assert "shown to be examined, not as an effect" in said
    assert "per cent of its weight is on comparisons with units treated already" in said


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda f: f.drop(columns="visits"), r"^No column 'visits'"),
        (lambda f: f.drop(index=5), r"^1 of 56 rows"),
        (lambda f: f.assign(start=f["start"].fillna(0)), r"treated from the start have no before"),
        (lambda f: f.assign(start=np.nan), r"^0 of 7 districts are first treated"),
        (lambda f: f.assign(start=4.0), r"^All 7 districts start in 4, so no comparison is left"),
        (lambda f: f.assign(visits=f["visits"].where(f.index != 3)), r"'visits' in 1"),
    ],
)
def test_a_broken_design_is_refused(broken: Callable[[pd.DataFrame], pd.DataFrame], words: str) -> None:
    """Each design that has no decomposition is refused in a sentence, and the data stay as they were."""
    frame = broken(panel())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        decompose(frame)
    pd.testing.assert_frame_equal(frame, copy)
