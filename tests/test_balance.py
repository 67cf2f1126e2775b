"""Balance tables: hand arithmetic, nothing hidden, and no p-value."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda.errors import DesignError
from oda.evaluate import Comparability, balance_table, propensity_weights, sentence
from oda.evaluate.weighting.covariates import effective_size

EXACT = 1e-10  # relative; sums taken in another order differ by rounding alone
COVARIATES = ["age", "alone", "ward"]


def people(n: int = 60, seed: int = 1) -> pd.DataFrame:
    """Return people, a third of them visited, with an age, a truth value and a ward, each known for all."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"visited": np.arange(n) % 3 == 0, "age": rng.normal(75, 8, n), "alone": rng.random(n) < 0.4})
    frame["ward"] = rng.choice(["north", "south", "west"], n)
    frame["weight"] = rng.uniform(0.5, 3, n)
    return frame


def balance(frame: pd.DataFrame, **more: object) -> Comparability:
    """Return the balance table of a frame with this file's column names."""
    return balance_table(frame, **{"treated": "visited", "covariates": COVARIATES, **more})


def figures(found: Comparability) -> np.ndarray:
    """Return all numbers of a balance table."""
    return found.rows.select_dtypes("number").to_numpy(float)


@pytest.mark.parametrize(
    ("denominator", "expected"),
    [("treated", 5 / 10), ("control", 5 / 20), ("pooled", 5 / math.sqrt((100 + 400) / 2))],
)
def test_a_difference_is_divided_by_the_denominator_that_is_named(denominator: str, expected: float) -> None:
    """Ages of 70, 80, 90 against 55, 75, 95: five years, half of one spread, a quarter of the other."""
    frame = pd.DataFrame({"visited": [1, 1, 1, 0, 0, 0], "age": [70, 80, 90, 55, 75, 95]})
    found = balance(frame, covariates=["age"], denominator=denominator)
    row = found.rows.iloc[0]
    assert row["smd"] == pytest.approx(expected, rel=EXACT)
    assert (row["mean_treated"], row["mean_control"], row["variance_ratio"]) == pytest.approx((80, 75, 0.25), rel=EXACT)
    assert {"treated": "treated", "control": "comparison", "pooled": "root mean square"}[
        denominator
    ] in found.denominator


def test_a_share_has_the_spread_of_a_share() -> None:
    """Three of four against one of four: half a unit over the root of 3/16, and no ratio of variances."""
    frame = pd.DataFrame({"visited": [1] * 4 + [0] * 4, "alone": [True, True, True, False, True, False, False, False]})
    row = balance(frame, covariates=["alone"]).rows.iloc[0]
    assert row["smd"] == pytest.approx(0.5 / math.sqrt(3 / 16), rel=EXACT)
    assert math.isnan(row["variance_ratio"])
    assert row["kind"] == "share"


def test_a_category_has_a_row_for_each_level() -> None:
    """A ward's levels stand in order, and their shares add up to one in each group."""
    rows = balance(people()).rows
    wards = rows[rows["variable"] == "ward"]
    assert wards["level"].tolist() == ["north", "south", "west"]
    assert wards["mean_treated"].sum() == pytest.approx(1, rel=EXACT)
    ordered = people()["ward"].astype(pd.CategoricalDtype(["west", "north", "south", "none"]))
    rows = balance(people().assign(ward=ordered)).rows
    assert rows.loc[rows["variable"] == "ward", "level"].tolist() == ["west", "north", "south"]


def test_weighted_means_are_those_of_repeated_rows() -> None:
    """A weight of three does what three copies of a row do to a mean; the denominator stays that before weighting."""
    frame = people().assign(weight=lambda rows: 1 + np.arange(len(rows)) % 4)
    weighted = balance(frame, weights="weight").rows
    repeated = balance(frame.loc[frame.index.repeat(frame["weight"])]).rows
    for group in ("treated", "control"):
        assert weighted[f"weighted_mean_{group}"].tolist() == pytest.approx(
            repeated[f"mean_{group}"].tolist(), rel=EXACT
        )
    gap = weighted["weighted_mean_treated"] - weighted["weighted_mean_control"]
    assert weighted["weighted_smd"].tolist() == pytest.approx((gap / weighted["sd_treated"]).tolist(), rel=EXACT)


def test_equal_weights_change_nothing() -> None:
    """With the same weight for all, the table after weighting is the table before, and everyone counts fully."""
    found = balance(people().assign(weight=2.5), weights="weight")
    for name in ("mean_treated", "mean_control", "smd", "variance_ratio"):
        pd.testing.assert_series_equal(found.rows[f"weighted_{name}"], found.rows[name], check_names=False, rtol=EXACT)
    assert (found.ess_treated, found.ess_control) == pytest.approx((20, 40), rel=EXACT)


def test_the_effective_sample_is_kishs() -> None:
    """Weights of 1, 1 and 2 are worth 16 / 6 rows; one weight that is not 0 is worth one."""
    assert effective_size(np.array([1.0, 1, 2])) == pytest.approx(16 / 6, rel=EXACT)
    assert effective_size(np.array([0.0, 7, 0])) == 1


def test_a_planted_difference_is_found_and_flagged() -> None:
    """Where only age was made to differ, by a standard deviation, age alone is flagged."""
    frame = people(6000).assign(age=lambda rows: rows["age"] + 8 * rows["visited"])
    rows = balance(frame).rows
    assert rows.loc[rows["flag"], "variable"].tolist() == ["age"]
    assert rows["smd"].iloc[0] == pytest.approx(1, abs=0.06)  # two standard errors
    assert balance(frame, flag_above=2).rows["flag"].sum() == 0


def test_missing_values_are_counted_not_dropped() -> None:
    """A person whose age is not known still counts in every other row, and the table says so."""
    frame = people()
    lost = frame.assign(age=frame["age"].where(frame.index > 3), ward=frame["ward"].where(frame.index != 1))
    found = balance(lost)
    rows = found.rows.set_index(["variable", "level"])
    assert rows.loc[("age", ""), ["missing_treated", "missing_control"]].tolist() == [2, 2]
    assert rows.loc[("ward", "south"), ["n_treated", "n_control"]].tolist() == [20, 39]
    assert rows.loc[("alone", ""), ["n_treated", "n_control"]].tolist() == [20, 40]
    assert found.cautions == (
        "age is not known for 2 treated and 2 comparison rows; its figures leave them out.",
        "ward is not known for 0 treated and 1 comparison rows; its figures leave them out.",
    )


def test_what_has_no_spread_is_said() -> None:
    """Treated people who are all 80 give no standard deviation to divide by: flagged, not passed over."""
    frame = people().assign(age=lambda rows: rows["age"].where(~rows["visited"], 80.1), same=3.3)
    found = balance(frame, covariates=["age", "same"])
    assert math.isnan(found.rows["smd"].iloc[0])
    assert found.rows["flag"].tolist() == [True, False]
    assert found.rows["smd"].iloc[1] == 0
    assert found.cautions == ("No spread to divide by, so no standardised difference: age.",)
    assert (found.largest, "1 of 2 characteristics differs" in sentence(found)) == (0, True)


def test_there_is_no_p_value() -> None:
    """A p-value falls as the sample grows, whatever the balance; twice the people give the same difference."""
    frame = people()
    found, twice = balance(frame), balance(pd.concat([frame, frame]))
    assert not [name for name in found.rows if name.startswith("p_") or name == "p"]
    assert twice.rows["smd"].tolist() == pytest.approx(found.rows["smd"].tolist(), rel=0.03)
    p = [
        stats.ttest_ind(*(rows["age"] for _, rows in data.groupby("visited"))).pvalue
        for data in (frame, pd.concat([frame] * 40))
    ]
    assert p[1] < p[0]


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.sample(frac=1, random_state=4),
        lambda frame: frame.assign(visited=frame["visited"].astype(int)),
        lambda frame: frame.assign(weight=frame["weight"] * 1e6),
        lambda frame: frame.assign(ward=frame["ward"].astype("string")),
        lambda frame: frame.set_index(np.zeros(len(frame), dtype=int)),
    ],
    ids=["rows shuffled", "1 and 0", "weights in millionths", "another kind of text", "one index for all"],
)
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Row order, coding and the unit of weights leave every figure as it is."""
    here, there = (figures(balance(data, weights="weight")) for data in (people(), change(people())))
    np.testing.assert_allclose(there, here, rtol=EXACT)


def test_shift_and_scale_leave_standardised_differences_alone() -> None:
    """Ages in months from some other year differ by the same number of standard deviations."""
    moved = people().assign(age=lambda rows: 12 * rows["age"] - 500)
    for name in ("smd", "weighted_smd", "variance_ratio"):
        here, there = (balance(data, weights="weight").rows[name] for data in (people(), moved))
        assert there.iloc[0] == pytest.approx(here.iloc[0], rel=EXACT)


def test_the_sentence_counts_before_and_after() -> None:
    """The sentence says how many characteristics differ, which most, and that the unmeasured does not show."""
    frame = pd.DataFrame({"visited": [1, 1, 0, 0, 0], "age": [70, 80, 90, 70, 80], "weight": [1, 1, 0, 1, 1]})
    assert sentence(balance(frame, covariates=["age"], weights="weight")) == (
        "Of what was measured, 1 of 1 characteristics differs between the groups by more than 0.1 standard deviations "
        "(the most: age, 0.71); after weighting, 0 of 1 differ by more than that (the most: age, 0.00). Differences in "
        "what was not measured do not show."
    )


@pytest.mark.parametrize(
    ("broken", "more", "words"),
    [
        (lambda f: f, {"covariates": ["age", "x", "y"]}, r"No column 'x', 'y'. There is: 'visited'"),
        (lambda f: f, {"covariates": "age"}, r"covariates is 'age'. Give a list"),
        (lambda f: f, {"covariates": []}, r"covariates is \[\]. Give a list"),
        (
            lambda f: f,
            {"covariates": ["age", "age", "visited"]},
            r"^2 of the covariates have two parts: 'age', 'visited'",
        ),
        (lambda f: f, {"denominator": "both"}, r"denominator is 'both'. Give one of 'treated', 'pooled', 'control'"),
        (lambda f: f, {"flag_above": 0}, r"flag_above is 0"),
        (
            lambda f: f.assign(visited=f["visited"].where(f.index > 2)),
            {},
            r"A value is missing of 60 rows: 'visited' in 3",
        ),
        (
            lambda f: f.assign(visited=f["ward"]),
            {},
            r"^'visited' holds 3 values, not True and False alone. Give True and False",
        ),
        (lambda f: f.assign(visited=1), {}, r"'visited' is 1 in all 60 rows"),
        (lambda f: f.assign(visited=f.index == 4), {}, r"The treated group has 1 row, .* Give denominator='control'"),
        (lambda f: f.assign(visited=f.index != 4), {"denominator": "pooled"}, r"The control group has 1 row"),
        (lambda f: f.assign(age=f["age"].where(~f["visited"])), {}, r"'age' is missing for a whole group"),
        (lambda f: f.assign(age=np.nan), {}, r"'age' is missing in all 60 rows"),
        (lambda f: f.assign(age=f["age"].where(f.index > 1, np.inf)), {}, r"The age of 2 of 60 rows is infinite"),
        (lambda f: f.assign(age=f["age"].astype(object)), {}, r"The age is not a column of numbers but of object"),
        (lambda f: f.assign(age=pd.Timestamp("2024-01-01")), {}, r"The age is not a column of numbers but of datetime"),
        (lambda f: f.assign(weight=f["weight"].where(f.index > 1)), {"weights": "weight"}, r"'weight' in 2"),
        (lambda f: f.assign(weight=-f["weight"]), {"weights": "weight"}, r"The weight of 60 of 60 rows is below 0"),
        (
            lambda f: f.assign(weight=f["visited"] * 1),
            {"weights": "weight"},
            r"'weight' is 0 in all 40 comparison rows",
        ),
    ],
)
def test_a_broken_table_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str
) -> None:
    """Each table that would mislead is refused in a sentence, and the data stay as they were."""
    frame = broken(people())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        balance(frame, **more)
    pd.testing.assert_frame_equal(frame, copy)


def test_one_treated_district_can_be_compared() -> None:
    """One treated district of six has no spread of its own; the comparison districts give the denominator."""
    frame = pd.DataFrame({"visited": [1, 0, 0, 0, 0, 0], "rate": [30, 20, 22, 24, 26, 28]})
    found = balance(frame, covariates=["rate"], denominator="control")
    assert found.rows["smd"].iloc[0] == pytest.approx(6 / math.sqrt(10), rel=EXACT)
    assert math.isnan(found.rows["variance_ratio"].iloc[0])


@pytest.mark.parametrize("asked", [balance_table, propensity_weights])
def test_an_identifier_is_refused_and_none_of_its_values_said(asked: Callable[..., object]) -> None:
    """A column with a value for each row names people: it is refused, and the message holds no such name."""
    frame = people(400).assign(id=[f"person {n}" for n in range(400)])
    with pytest.raises(DesignError, match=r"'id' has 400 values in 400 rows; it looks like an identifier") as refusal:
        asked(frame, treated="visited", covariates=["id"])
    assert "person" not in str(refusal.value)


def test_a_category_may_have_few_levels_whatever_the_rows() -> None:
    """Five districts among eight rows are a category; six rows of six names are not."""
    few = pd.DataFrame({"visited": [1, 0] * 4, "place": list("abcdeabc")})
    assert len(balance_table(few, treated="visited", covariates=["place"]).rows) == 5
    with pytest.raises(DesignError, match="looks like an identifier"):
        balance_table(few.assign(place=list("abcdefgh")), treated="visited", covariates=["place"])
