"""Event study: each step by hand, a joint test by brute force, its power by simulation, and what would overturn it."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pandas as pd
import pytest
from districts import NAMES, districts

from oda.errors import DesignError
from oda.evaluate import EventStudy, difference_in_differences, event_study, sentence

EXACT = 1e-9  # relative; two exact algorithms differ by rounding alone
COHORT = {**NAMES, "cohort": "start"}
DRAWS = 2000  # the binomial standard error of 7 per cent is then 0.6 points


def gap(frame: pd.DataFrame) -> pd.Series:
    """Return the mean of the treated less that of the others, month by month."""
    means = frame.groupby(["month", "treated"])["y"].mean().unstack()  # noqa: PD010  there is one value each
    return means[1] - means[0]


def months(found: EventStudy) -> list[tuple[int, int]]:
    """Return the first and last month of each step."""
    return list(zip(found.effects["first"], found.effects["last"], strict=True))


@pytest.mark.parametrize("treated", [1, 2, 3])
def test_each_step_is_hand_arithmetic(treated: int) -> None:
    """The gap of every month less the gap of the last month before the start, which is nothing by definition."""
    frame = districts(starts=treated)
    found = event_study(frame, **COHORT)
    by_hand = gap(frame) - gap(frame)[5]
    assert found.effects["event_time"].tolist() == list(range(-6, 6))
    assert found.effects["value"].to_numpy() == pytest.approx(by_hand.to_numpy(), rel=EXACT, abs=1e-12)
    reference = found.effects[found.effects["event_time"] == -1].iloc[0]
    assert (reference["value"], reference["ci_low"], reference["ci_high"]) == (0, 0, 0)
    assert math.isnan(reference["p_value"])


@pytest.mark.parametrize("treated", [1, 2, 3])
def test_each_interval_is_that_of_a_comparison_of_two_months(treated: int) -> None:
    """A step against the reference is the difference-in-differences of these two months alone."""
    frame = districts(starts=treated)
    row = event_study(frame, **COHORT, level=0.9).effects.set_index("event_time").loc[2]
    two = frame[frame["month"].isin([5, 8])]
    e = difference_in_differences(two, **COHORT, level=0.9).estimate
    expected = (e.value, e.ci_low, e.ci_high, e.p_value)
    assert (row["value"], row["ci_low"], row["ci_high"], row["p_value"]) == pytest.approx(expected, rel=EXACT)


def test_the_estimate_is_the_comparison_of_both_sides() -> None:
    """Without a roll-in or ragged ends it is the difference-in-differences, with its interval."""
    frame = districts(starts=3)
    e, d = event_study(frame, **COHORT).estimate, difference_in_differences(frame, **COHORT).estimate
    assert (e.value, e.ci_low, e.ci_high, e.p_value) == pytest.approx((d.value, d.ci_low, d.ci_high, d.p_value))


@pytest.mark.parametrize(("step", "before", "after"), [(3, [(2, 4), (5, 7), (8, 10)], [(14, 16), (17, 19)])])
def test_steps_of_three_months_leave_ragged_ends_and_the_roll_in_out(
    step: int, before: list[tuple[int, int]], after: list[tuple[int, int]]
) -> None:
    """Starts in months 11 and 14 of 22: whole steps back from 11 and on from 14; seven months are left out."""
    frame = districts(starts={0: 11, 1: 14}, months=22)
    found = event_study(frame, **COHORT, step=step)
    assert months(found) == [*before, *after]
    assert (found.left_out, found.step, found.estimate.n_obs) == (7, 3, 6 * 15)
    mean = {ends: gap(frame).loc[ends[0] : ends[1]].mean() for ends in (*before, *after)}
    by_hand = [value - mean[before[-1]] for value in mean.values()]
    assert found.effects["value"].tolist() == pytest.approx(by_hand, rel=EXACT, abs=1e-12)


def test_years_of_months_are_rates_of_their_sums() -> None:
    """Twelve months to a step: the logarithm of events over people of the year, for every district alike."""
    frame = districts(starts=2, months=40, start=26)
    frame["people"] = 500.0 + frame["month"]
    frame["n"] = np.random.default_rng(2).poisson(30, len(frame))
    found = event_study(frame, outcome="n", unit="district", time="month", cohort="start", exposure="people", step=12)
    assert months(found) == [(2, 13), (14, 25), (26, 37)]
    number = (frame["month"] - 26) // 12
    sums = frame.groupby(["district", number])[["n", "people"]].sum()
    rate = np.log(sums["n"] / sums["people"]).unstack()  # noqa: PD010  there is one value each
    change = rate[0] - rate[-1]
    assert found.effects["value"].iloc[-1] == pytest.approx(math.exp(change.iloc[:2].mean() - change.iloc[2:].mean()))
    assert found.effects["value"].iloc[1] == 1.0


def test_a_step_without_a_count_has_half_an_event_everywhere() -> None:
    """Every step keeps a number, and a caution says so; amounts have no half event and are refused."""
    frame = districts(starts=2).assign(people=100.0)
    frame["n"] = np.random.default_rng(2).poisson(3, len(frame)) + 1
    frame.loc[(frame["district"] == "d4") & (frame["month"] == 3), "n"] = 0
    names = {"outcome": "n", "unit": "district", "time": "month", "cohort": "start"}
    found = event_study(frame, **names, exposure="people")
    rate = np.log((frame["n"] + 0.5) / 100).to_numpy().reshape(6, 12)
    by_hand = (rate[:2] - rate[:2, [5]]).mean(axis=0) - (rate[2:] - rate[2:, [5]]).mean(axis=0)
    assert np.log(found.effects["value"].to_numpy()) == pytest.approx(by_hand, rel=EXACT, abs=1e-12)
    assert "half an event was added in every step" in " ".join(found.estimate.cautions)
    with pytest.raises(DesignError, match="1 of 72 steps add up to nothing"):
        event_study(frame, **names, scale="ratio")


def test_a_planted_effect_is_found_and_no_trend_before() -> None:
    """With noise a hundredth of the effect, it stands out from its start on, and the slope before is near nothing."""
    frame = districts(starts=3)
    frame["y"] = 10 + frame["y"] / 1000 - 2 * frame["visited"]
    found = event_study(frame, **COHORT)
    assert found.estimate.value == pytest.approx(-2, abs=0.01)
    assert found.effects["value"].iloc[6:].to_numpy() == pytest.approx(-2, abs=0.01)
    assert found.pre_trend.slope.value == pytest.approx(0, abs=0.002)
    assert found.pre_trend.power > 0.99
    assert found.breakdown.relative is not None
    assert found.breakdown.relative > 10


@pytest.mark.parametrize("treated", [1, 2, 3])
def test_the_joint_p_equals_brute_force(treated: int) -> None:
    """All assignments, each once: the share whose standardised gaps before are at least as large together."""
    frame = districts(starts=treated)
    wide = frame["y"].to_numpy().reshape(6, 12)[:, :6]
    gaps = (wide - wide[:, [5]])[:, :5]
    sizes = []
    for pick in itertools.combinations(range(6), treated):
        who = np.isin(range(6), pick)
        apart = gaps[who].mean(axis=0) - gaps[~who].mean(axis=0)
        sizes.append(((apart / gaps.std(axis=0)) ** 2).sum())
    found = event_study(frame, **COHORT).pre_trend
    assert found.joint_p == pytest.approx(np.mean(np.array(sizes) >= sizes[0] * (1 - 1e-9)))
    assert found.smallest_p == pytest.approx({1: 1 / 6, 2: 1 / 15, 3: 2 / 20}[treated])
    assert found.steps == 5


def test_the_slope_before_is_hand_arithmetic() -> None:
    """Each district's least-squares slope over the steps before, compared between the groups, with its own unit."""
    frame = districts(starts=3)
    wide = frame["y"].to_numpy().reshape(6, 12)[:, :6]
    slopes = np.polyfit(np.arange(6), wide.T, 1)[0]
    found = event_study(frame, **COHORT).pre_trend
    assert found.slope.value == pytest.approx(slopes[:3].mean() - slopes[3:].mean(), rel=EXACT)
    assert (found.slope.unit, found.slope.estimand) == ("y a step", "difference in slope")
    assert found.slope.outcome == "slope of y"
    assert found.hiding_slope == pytest.approx(event_study(frame, **COHORT).estimate.value / 6)


def test_the_power_is_what_simulation_says() -> None:
    """Three of six, a slope that biases the estimate by 0.6 sd of a change: found about 7 times in 100 (pitfall 22)."""
    rng = np.random.default_rng(11)
    times = np.arange(-4, 4)
    sd_change = math.sqrt(1 / 4 + 1 / 4)  # of a district's mean of four after less mean of four before, noise of 1
    slope = 0.6 * sd_change / 4
    wide = rng.normal(size=(DRAWS, 6, 8))
    wide[:, :3] += slope * times
    early = times[:4] - times[:4].mean()
    slopes = wide[:, :, :4] @ early / (early @ early)
    apart = slopes[:, :3].mean(axis=1) - slopes[:, 3:].mean(axis=1)
    error = np.sqrt((slopes[:, :3].var(axis=1, ddof=1) + slopes[:, 3:].var(axis=1, ddof=1)) / 3)
    rejected = np.mean(np.abs(apart / error) > 2.776)
    assert rejected == pytest.approx(0.07, abs=0.02)
    frame = pd.DataFrame([(f"d{i}", t) for i in range(6) for t in range(8)], columns=["district", "month"])
    frame["start"] = np.where(frame["district"] < "d3", 4.0, np.nan)
    powers = []
    for draw in wide[:200]:
        found = event_study(frame.assign(y=draw.ravel()), **COHORT).pre_trend
        assert found.slope.std_error is not None
        powers.append((found.power, abs(found.hiding_slope) / found.slope.std_error))
    from scipy import stats

    for power, ratio in powers[:20]:
        drawn = stats.nct.sf(2.7764451, 4, ratio) + stats.nct.cdf(-2.7764451, 4, ratio)
        assert power == pytest.approx(drawn, rel=1e-6)
    own = stats.nct.sf(2.7764451, 4, slope / math.sqrt(2 / 3 / (early @ early)))
    assert own == pytest.approx(rejected, abs=0.02)


@pytest.mark.parametrize("ratio", [False, True])
@pytest.mark.parametrize("starts", [3, {0: 6, 1: 6, 2: 8}], ids=["one start", "a roll-in"])
def test_the_breakdown_slope_brings_the_interval_to_nothing(starts: int | dict[int, int], *, ratio: bool) -> None:
    """With a drift of exactly that size taken out, through the roll-in too, an end of the interval is no effect."""
    frame = districts(starts=starts)
    frame["y"] = 20 + frame["y"] / 4 - 3 * frame["visited"]
    scale = "ratio" if ratio else "difference"
    slope = event_study(frame, **COHORT, scale=scale).breakdown.slope
    assert slope > 0
    drift = -slope * frame["month"] * frame["treated"]  # the effect is a fall
    steady = frame["y"] / np.exp(drift) if ratio else frame["y"] - drift
    again = event_study(frame.assign(y=steady), **COHORT, scale=scale).estimate
    assert again.ci_high == pytest.approx(1.0 if ratio else 0.0, abs=1e-9)


@pytest.mark.parametrize("starts", [3, {0: 6, 1: 6, 2: 8}], ids=["one start", "a roll-in"])
def test_the_hiding_slope_makes_up_the_whole_estimate(starts: int | dict[int, int]) -> None:
    """With it taken out, the estimate is nothing, however long the roll-in."""
    frame = districts(starts=starts)
    slope = event_study(frame, **COHORT).pre_trend.hiding_slope
    again = event_study(frame.assign(y=frame["y"] - slope * frame["month"] * frame["treated"]), **COHORT)
    assert again.estimate.value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("starts", [3, {0: 6, 1: 6, 2: 8}], ids=["one start", "a roll-in"])
def test_the_relative_breakdown_is_so_many_of_the_largest_move(starts: int | dict[int, int]) -> None:
    """The largest movement between neighbouring months before, so many times in each month after, ends at no effect."""
    frame = districts(starts=starts)
    frame["y"] = 20 + frame["y"] / 4 - 3 * frame["visited"]
    found = event_study(frame, **COHORT)
    moves = np.abs(np.diff(gap(frame).loc[:5]))
    assert found.breakdown.largest_move == pytest.approx(moves.max(), rel=EXACT)
    assert found.breakdown.relative is not None
    drift = -found.breakdown.relative * moves.max() * (frame["month"] - 5).clip(lower=0) * frame["treated"]
    later = frame.assign(y=frame["y"] - drift)
    last = later[later["month"] == 5].set_index("district")["y"]
    after = later[later["month"] >= frame["start"].max()].groupby("district")["y"].mean()
    two = pd.concat([last.reset_index().assign(post=0), after.reset_index().assign(post=1)])
    two["treated"] = two["district"].isin(["d0", "d1", "d2"]).astype(int)
    e = difference_in_differences(two, outcome="y", unit="district", treated="treated", post="post").estimate
    assert e.ci_high == pytest.approx(0, abs=1e-9)


def test_an_interval_that_holds_nothing_is_broken_already() -> None:
    """No departure is needed where the interval holds no effect; two steps before have one movement, so no multiple."""
    found = event_study(districts(starts=1), **COHORT)
    assert found.estimate.ci_low < 0 < found.estimate.ci_high
    assert found.breakdown.slope == 0
    short = event_study(districts(starts=3, start=2), **COHORT)
    assert short.breakdown.relative is None
    assert short.pre_trend.steps == 1


@pytest.mark.parametrize("treated", [1, 2, 3])
def test_order_names_and_shifts_change_nothing(treated: int) -> None:
    """Shuffled rows, other names, a movement shared by all and another unit of the outcome."""
    frame = districts(starts=treated)
    here = event_study(frame, **COHORT)
    for changed, factor in (
        (frame.sample(frac=1, random_state=2), 1.0),
        (frame.assign(district=frame["district"].map(lambda name: f"z{9 - int(name[1:])}")), 1.0),
        (frame.assign(y=frame["y"] + np.sin(frame["month"])), 1.0),
        (frame.assign(y=frame["y"] * 1e4), 1e4),
    ):
        there = event_study(changed, **COHORT)
        assert there.effects["value"].to_numpy() == pytest.approx(here.effects["value"].to_numpy() * factor, rel=1e-8)
        assert there.pre_trend.joint_p == here.pre_trend.joint_p
        assert there.pre_trend.power == pytest.approx(here.pre_trend.power, rel=1e-8)
        assert there.breakdown.largest_move == pytest.approx(here.breakdown.largest_move * factor, rel=1e-8)


def test_the_sentence_says_what_the_steps_before_are_worth() -> None:
    """Direction, size, interval, the movement before, and how often such a movement would have been noticed."""
    for scale in ("ratio", "difference"):
        said = sentence(event_study(districts(starts=3), **COHORT, scale=scale), subject="The score")
        assert said.startswith("The score was ")
        assert re.search(r"would have been noticed \d+ times in 100\.$", said)
        assert not re.search(r"significan|prove|strongly|support|parallel", said)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"step": 0}, "A step of 0 periods. Give a whole number from 1 up"),
        ({"step": 1.5}, "A step of 1.5 periods"),
        ({"step": 6}, "1 whole steps of 6 before the start and 1 after it. 2 before and 1 after are needed"),
        ({"level": 95}, "level is 95"),
        ({"inference": "cr2"}, "1 of 6 districts are treated: CR2"),
        ({"exposure": "x"}, "The x of .* is not above 0"),
        ({"outcome": "z"}, "No column 'z'"),
    ],
)
def test_a_broken_event_study_is_refused(more: dict[str, object], words: str) -> None:
    """Too few whole steps, a step of no length, a method that one treated district cannot bear."""
    frame = districts(starts=1)
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        event_study(frame, **{**COHORT, **more})
    pd.testing.assert_frame_equal(frame, copy)


def test_a_scale_that_there_is_not_is_refused() -> None:
    """A misspelt scale would turn a difference into a ratio."""
    with pytest.raises(DesignError, match=r"^scale is 'pct'\. Give 'ratio' or 'difference'.$"):
        event_study(districts(starts=3), **COHORT, scale="pct")
