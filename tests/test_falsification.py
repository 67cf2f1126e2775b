"""Placebos: made-up starts where there is no effect, and untreated districts taken as treated."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from districts import NAMES, districts

from oda.errors import DesignError
from oda.evaluate import difference_in_differences, placebo_in_space, placebo_in_time, sentence

EXACT = 1e-9  # relative; the arithmetic is the same but for its order
COHORT = {**NAMES, "cohort": "start"}


def early_estimate(frame: pd.DataFrame, start: int, *, before: int = 6) -> float:
    """Return the estimate of a made-up start from the months before the real one, the slow way."""
    rows = frame[frame["month"] < before]
    late = rows["month"] >= start
    means = rows.groupby(["treated", late.rename("late")])["y"].mean()
    return float((means[1, True] - means[1, False]) - (means[0, True] - means[0, False]))


@pytest.mark.parametrize("treated", [1, 2, 3])
def test_each_made_up_start_is_an_estimate_of_its_own(treated: int) -> None:
    """Half and three quarters of the way and so on: the difference-in-differences of the months before alone."""
    frame = districts(starts=treated)
    found = placebo_in_time(frame, **COHORT)
    assert found.others["label"].tolist() == ["2", "3", "4"]
    assert found.others["value"].tolist() == pytest.approx([early_estimate(frame, s) for s in (2, 3, 4)], rel=EXACT)
    rows = frame[frame["month"] < 6].assign(start=np.where(frame[frame["month"] < 6]["treated"] == 1, 3.0, np.nan))
    one = difference_in_differences(rows, **COHORT).estimate
    assert (found.others["ci_low"][1], found.others["ci_high"][1]) == pytest.approx((one.ci_low, one.ci_high))
    assert found.actual == difference_in_differences(frame, **COHORT).estimate


def test_made_up_starts_are_before_the_first_real_one() -> None:
    """With starts in months 5 and 8, only months 0 to 4 are used, and both districts start together in each placebo."""
    frame = districts(starts={0: 5, 1: 8})
    found = placebo_in_time(frame, **COHORT, starts=[3])
    assert found.others["value"].tolist() == pytest.approx([early_estimate(frame, 3, before=5)], rel=EXACT)
    wild = frame.assign(y=frame["y"].where(frame["month"] < 5, 1e6))
    assert placebo_in_time(wild, **COHORT, starts=[3]).others["value"].equals(found.others["value"])


def test_nothing_planted_gives_nothing_and_a_trend_is_found() -> None:
    """A drift of 0.5 a month shows as about 1.5 at half way; an effect from the start on shows nowhere before it."""
    frame = districts(8, starts=4)
    quiet = frame["y"] / 100
    effect = placebo_in_time(frame.assign(y=quiet - 5 * frame["visited"]), **COHORT)
    assert np.abs(effect.others["value"]).max() < 0.05
    assert effect.as_large == 0.25
    drift = placebo_in_time(frame.assign(y=quiet + 0.5 * frame["month"] * frame["treated"]), **COHORT)
    assert drift.others.set_index("label")["value"]["3"] == pytest.approx(1.5, abs=0.05)
    assert (drift.others["ci_low"] > 0).all()


@pytest.mark.parametrize("scale", ["ratio", "difference"])
@pytest.mark.parametrize("seed", range(5))
def test_placebo_in_space_is_the_permutation_with_one_treated(seed: int, scale: str) -> None:
    """With one treated district its share is the permutation p, and its smallest share the smallest p."""
    frame = districts(9, starts=1, seed=seed)
    found = placebo_in_space(frame, **COHORT, scale=scale)
    wide = frame.groupby(["district", "post"])["y"].mean().unstack()  # noqa: PD010  there is one value each
    change = (np.log(wide[1] / wide[0]) if scale == "ratio" else wide[1] - wide[0]).to_numpy()
    by_hand = [change[i] - np.delete(change, [0, i]).mean() for i in range(1, 9)]
    shown = np.log(found.others["value"]) if scale == "ratio" else found.others["value"]
    assert shown.to_numpy() == pytest.approx(by_hand, rel=EXACT)
    assert found.smallest_share == pytest.approx(found.actual.smallest_p)
    larger = np.abs(by_hand) >= abs(change[0] - change[1:].mean()) * (1 - 1e-9)
    assert found.as_large == pytest.approx((larger.sum() + 1) / 9)


def test_placebo_in_space_agrees_with_the_permutation_p_where_it_matters() -> None:
    """An estimate beyond all others is so by either reckoning, with or without the treated one."""
    for planted in (-4.0, 4.0):
        frame = districts(9, starts=1)
        frame["y"] += planted * frame["visited"]
        found = placebo_in_space(frame, **COHORT)
        assert found.as_large == pytest.approx(found.actual.permutation_p)
        assert found.as_large == pytest.approx(1 / 9)


@pytest.mark.parametrize("treated", [2, 3])
def test_placebo_in_space_with_several_treated_uses_the_untreated_alone(treated: int) -> None:
    """Each untreated district against the other untreated ones; flags and a column of treatment give the same."""
    frame = districts(8, starts=treated)
    found = placebo_in_space(frame, **COHORT)
    assert found.others["label"].tolist() == [f"d{place}" for place in range(treated, 8)]
    assert found.others["n_control"].tolist() == [7 - treated] * (8 - treated)
    for way in ({"treated": "treated", "post": "post"}, {"treatment": "visited"}):
        again = placebo_in_space(frame, **NAMES, **way)
        assert again.others["value"].tolist() == pytest.approx(found.others["value"].tolist(), rel=EXACT)


@pytest.mark.parametrize(
    ("more", "frame"),
    [
        ({"cohort": "start", "covariates": ["x"]}, districts()),
        ({"cohort": "start", "weights": "w"}, districts().assign(w=lambda rows: 1.0 + rows["district"].eq("d4"))),
        ({"treated": "dose", "post": "post"}, districts().assign(dose=lambda rows: 2.0 * rows["treated"])),
        ({"treatment": "visited"}, districts(starts={0: 4, 1: 7, 2: 8})),
    ],
)
def test_what_single_districts_cannot_be_set_beside_is_refused(more: dict[str, object], frame: pd.DataFrame) -> None:
    """An estimate with covariates, weights, doses or several shapes of treatment is no plain difference of changes."""
    with pytest.raises(DesignError, match="not a plain difference of mean changes"):
        placebo_in_space(frame, **NAMES, **more)


def test_too_few_to_set_beside_are_refused() -> None:
    """One untreated district cannot stand for the treated and be compared with."""
    with pytest.raises(DesignError, match=r"1 untreated district. Two or more are needed"):
        placebo_in_space(districts(4, starts=3), **COHORT)


@pytest.mark.parametrize(
    ("months", "more", "words"),
    [
        (12, {"starts": [7]}, r"6 periods before the first start, 1 made-up starts outside them \(7\)"),
        (12, {"starts": ["x"]}, "1 made-up starts outside them"),
        (12, {"starts": [0]}, "no data before 0"),
        (6, {"start": 3}, r"3 periods before the first start.*4 periods or more"),
        (12, {"cohort": "x"}, "'x' holds"),
    ],
)
def test_a_broken_placebo_is_refused(months: int, more: dict[str, object], words: str) -> None:
    """Made-up starts outside the months before, or too few of these; the data stay as they were."""
    start = more.pop("start", 6)
    frame = districts(months=months, start=start)
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        placebo_in_time(frame, **{**COHORT, **more})
    pd.testing.assert_frame_equal(frame, copy)


def test_sentences_say_the_estimate_beside_the_others() -> None:
    """How many there are, between what they lie, how many are as far from nothing; never a verdict."""
    frame = districts(starts=1)
    for scale in ("ratio", "difference"):
        in_time = sentence(placebo_in_time(frame, **COHORT, scale=scale))
        in_space = sentence(placebo_in_space(frame, **COHORT, scale=scale))
        assert "; 3 made-up starts give between " in in_time
        assert "not 3 separate tests" in in_time
        assert "; 5 untreated districts taken as treated give between " in in_space
        assert "the share cannot be below 0.167" in in_space
        for said in (in_time, in_space):
            assert re.search(r", \d of them as far from no effect\.", said)
            assert not re.search(r"significan|prove|strongly|support", said)


@pytest.mark.parametrize("placebo", [placebo_in_time, placebo_in_space])
def test_order_and_names_change_nothing(placebo) -> None:
    """Shuffled rows and names in the other order: the same values."""
    frame = districts(starts=2)
    renamed = frame.assign(district=frame["district"].map(lambda name: f"z{9 - int(name[1:])}"))
    here = placebo(frame, **COHORT)
    for changed in (frame.sample(frac=1, random_state=3), renamed):
        there = placebo(changed, **COHORT)
        assert sorted(there.others["value"]) == pytest.approx(sorted(here.others["value"]), rel=EXACT)
        assert there.as_large == here.as_large


def test_a_scale_that_there_is_not_is_refused() -> None:
    """The refusal is that of difference_in_differences."""
    for check in (placebo_in_time, placebo_in_space):
        with pytest.raises(DesignError, match=r"^scale is 'pct'\. Give 'ratio' or 'difference'.$"):
            check(districts(starts=3), **COHORT, scale="pct")
