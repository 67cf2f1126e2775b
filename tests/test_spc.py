"""SPC charts: limits and marks by the rules of Making Data Count, never redrawn unasked, careful with seasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from oda.errors import DesignError
from oda.evaluate import SpcChart, sentence, spc_chart
from oda.evaluate.rates.special_causes import FLAGS

EXACT = 1e-10  # relative; figures in other units differ by rounding alone
MONTHS = pd.period_range("2021-04", periods=48, freq="M")
STEADY = [50, 54, 49, 52, 55, 51, 48, 53, 50, 52, 49, 54, 51, 50, 53, 48]  # mean about 51, nothing unusual
# rnorm(20) after set.seed(123) in R, as in the tests of NHSRplotthedots 0.2
NORMAL = [-0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774, 1.71506499, 0.46091621, -1.26506123]
NORMAL += [-0.68685285, -0.44566197, 1.22408180, 0.35981383, 0.40077145, 0.11068272, -0.55584113, 1.78691314]
NORMAL += [0.49785048, -1.96661716, 0.70135590, -0.47279141]


def series(values: Sequence[float]) -> pd.DataFrame:
    """Return values as calls by month from April 2021."""
    return pd.DataFrame({"month": MONTHS[: len(values)], "calls": values})


def chart(values: Sequence[float] | pd.DataFrame, **more: object) -> SpcChart:
    """Return the chart of values, or of a frame with this file's column names."""
    frame = values if isinstance(values, pd.DataFrame) else series(values)
    return spc_chart(frame, **{"outcome": "calls", "time": "month", "improvement": "decrease", **more})


def marked(found: SpcChart, flag: str) -> list[int]:
    """Return the places of the points that a rule marks."""
    return np.flatnonzero(found.points[flag]).tolist()


def noise(n: int, seed: int = 5) -> np.ndarray:
    """Return independent values around 100 with a standard deviation of 10."""
    return np.random.default_rng(seed).normal(100, 10, n)


def test_limits_equal_hand_arithmetic() -> None:
    """Fifteen steps of 1 and a jump of 8 and back by 9: the jumps are screened out, so the limits are 2.66 away."""
    values = [1, 2, 1, 2, 10, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    screened = chart(values).limits.iloc[0]
    assert (screened["n"], screened["screened"]) == (18, 2)
    assert [screened["low"], screened["high"]] == pytest.approx([35 / 18 - 2.66, 35 / 18 + 2.66], rel=EXACT)
    everything = chart(values, screen=False).limits.iloc[0]
    reach = 2.66 * 32 / 17
    assert [everything["low"], everything["high"]] == pytest.approx([35 / 18 - reach, 35 / 18 + reach], rel=EXACT)


def test_limits_are_those_of_nhsrplotthedots() -> None:
    """R's tests (NHSRplotthedots, tests/testthat/_snaps/ptd_spc.md) print a mean of 0.142, limits -3.01 and 3.29."""
    found = chart(NORMAL).limits.iloc[0]
    assert [round(found[name], 3) for name in ("mean",)] == [0.142]
    assert [round(found[name], 2) for name in ("low", "high")] == [-3.01, 3.29]


def test_limits_of_each_stretch_are_those_of_nhsrplotthedots() -> None:
    """The same values in two halves have there means 0.0746 and 0.209, limits -2.60 to 2.75 and -3.28 to 3.70."""
    found = chart(NORMAL, rebase=[MONTHS[10]]).limits
    assert found["mean"].round(4).tolist() == [0.0746, 0.2086]
    assert found["low"].round(2).tolist() == [-2.60, -3.28]
    assert found["high"].round(2).tolist() == [2.75, 3.70]


def test_a_point_beyond_a_limit_is_marked_and_says_which_way_is_better() -> None:
    """One month of 90 calls among 50 is a concern when fewer are better, an improvement when more are."""
    values = [*STEADY[:8], 90, *STEADY[8:]]
    found = chart(values)
    assert marked(found, "beyond_limits") == [8]
    assert found.points["rule"].iloc[8] == "above the upper limit"
    said = [chart(values, improvement=way).points["variation"].iloc[8] for way in ("decrease", "increase", "neutral")]
    assert said == ["special cause: concern", "special cause: improvement", "special cause: high"]


@pytest.mark.parametrize(("run", "hit"), [(6, 0), (7, 7), (9, 9)])
def test_seven_points_on_one_side_are_a_shift_and_six_are_not(run: int, hit: int) -> None:
    """All points of a run of seven or more below a fixed mean are marked, and none of a run of six."""
    values = [*STEADY[:15], *([49, 50] * 5)[:run], 54]
    found = chart(values, baseline=15)
    assert marked(found, "shift") == list(range(15, 15 + hit))


@pytest.mark.parametrize(
    ("steps", "first"),
    [
        ([1, 2, 3, 4, 5, 6], None),
        ([1, 2, 3, 4, 5, 6, 7], 0),
        ([1, 2, 3, 3, 4, 5, 6], None),
        ([2, 7, 6, 5, 4, 3, 2, 1, 3], 1),
    ],
)
def test_seven_points_rising_or_falling_are_a_trend(steps: list[int], first: int | None) -> None:
    """As in the tests of NHSRplotthedots: 1 to 7 is a trend, 1 to 6 is none, a level step breaks it, falling counts."""
    values = [*(step / 10 + 50 for step in steps), *STEADY]
    found = chart(values, baseline=len(values))
    assert marked(found, "trend") == ([] if first is None else list(range(first, first + 7)))


def test_a_trend_is_judged_by_its_direction_not_by_its_side() -> None:
    """Seven falling points above the mean are an improvement where fewer are better, though the first lie high."""
    found = chart([*STEADY, 54.9, 54.8, 54.7, 54.6, 54.5, 54.4, 54.3, 48], baseline=16).points.iloc[16:23]
    assert set(found["rule"]) == {"part of 7 or more points falling"}
    assert set(found["variation"]) == {"special cause: improvement"}


@pytest.mark.parametrize(
    ("last", "hit"),
    [
        ([4.5, 4.5, 1], [16, 17]),
        ([4.5, 1, 4.5], [16, 18]),
        ([4.5, 4.5, -1], []),
        ([4.5, -4.5, 4.5], []),
        ([9.0, 4.5, 1], []),
    ],
    ids=["two then one", "one between", "the third on the other side", "on both sides", "one beyond the limit"],
)
def test_two_of_three_need_all_three_on_one_side_and_mark_only_those_near(last: list[float], hit: list[int]) -> None:
    """With limits at 5.32, two of three beyond 3.55 are marked only when all three lie on one side of the mean."""
    found = chart([1.0, -1.0] * 8 + last, baseline=16)
    assert marked(found, "two_of_three") == hit


def test_points_near_the_limits_on_both_sides_are_common_cause() -> None:
    """R's test of this rule: 5.5 and then -5.5 after a series of 1 and -1 are common cause."""
    found = chart([1, -1] * 7 + [5.5, -5.5])
    assert found.points["variation"].tail(2).tolist() == ["common cause", "common cause"]


def test_a_lasting_change_is_found_against_a_fixed_baseline() -> None:
    """When calls fall by a third after 24 months, limits from those months mark every month that follows."""
    values = noise(36) * np.where(np.arange(36) < 24, 1, 0.67)
    found = chart(values, baseline=24)
    assert (found.points["rule"].iloc[24:] != "").all()
    assert found.variation == "special cause: improvement"
    assert found.points["sets_limits"].sum() == 24
    assert found.limits["mean"].tolist() == pytest.approx([values[:24].mean()], rel=EXACT)


def test_limits_are_never_redrawn_unasked() -> None:
    """However clear the change, there is one mean and one pair of limits until a rebase is asked for."""
    values = noise(40) + np.where(np.arange(40) < 20, 0, 100)
    assert len(chart(values).limits) == 1
    asked = chart(values, rebase=[MONTHS[20]])
    assert asked.limits["first"].tolist() == [MONTHS[0], MONTHS[20]]
    assert "redrawn by request at December 2022" in asked.method


def test_a_stretch_is_charted_as_if_it_stood_alone() -> None:
    """After a rebase, limits and runs of the two stretches are those of two charts."""
    values = noise(40)
    whole = chart(values, rebase=[MONTHS[20]], baseline=15).points
    parts = [chart(series(values).iloc[rows], baseline=15).points for rows in (slice(0, 20), slice(20, 40))]
    names = ["value", "mean", "low", "high", "sets_limits", *FLAGS, "rule", "variation"]
    pd.testing.assert_frame_equal(whole[names], pd.concat(parts, ignore_index=True)[names])


def test_a_shift_does_not_hide_itself_as_it_does_with_the_sample_standard_deviation() -> None:
    """Limits from the sample standard deviation are far wider on a shifted series, and mark none of it as beyond."""
    values = noise(40) + np.where(np.arange(40) < 20, 0, 60)
    found = chart(values).limits.iloc[0]
    assert 3 * values.std(ddof=1) > 1.5 * (found["high"] - found["mean"])
    assert abs(values - values.mean()).max() < 3 * values.std(ddof=1)
    assert marked(chart(values), "beyond_limits")


def test_charts_of_chance_alone_are_marked_about_three_times_in_ten() -> None:
    """Of 400 charts of 36 independent points about 29 per cent have a mark; a reader must expect that."""
    rng = np.random.default_rng(11)
    frames = [series(rng.normal(100, 10, 36)) for _ in range(400)]
    share = np.mean([(chart(frame).points["rule"] != "").any() for frame in frames])
    assert 0.22 < share < 0.36  # three binomial standard errors


@pytest.mark.parametrize("kind", ["season", "trend"])
def test_a_season_or_a_trend_is_cautioned(kind: str) -> None:
    """Monthly data with a strong season or trend resemble themselves a year later, and the chart says so first."""
    wave = {"season": 30 * np.sin(np.arange(36) * np.pi / 6), "trend": 5.0 * np.arange(36)}[kind]
    found = chart(noise(36) + wave)
    assert found.autocorrelation > 0.5
    assert found.cautions[0].startswith("Points 12 periods apart are alike")
    assert found.cautions[0] in sentence(found)


def test_the_season_is_that_of_the_periods() -> None:
    """Quarters repeat after four; a series shorter than two seasons, or of years, has no such figure."""
    quarters = pd.DataFrame({"month": pd.period_range("2018Q1", periods=20, freq="Q"), "calls": noise(20)})
    wave = quarters.assign(calls=quarters["calls"] + [0, 40, 80, 40] * 5)
    assert chart(wave).cautions[0].startswith("Points 4 periods apart")
    assert chart(noise(23)).autocorrelation is None
    years = pd.DataFrame({"month": pd.period_range("1990", periods=30, freq="Y"), "calls": noise(30)})
    assert chart(years).autocorrelation is None
    plain = chart(noise(36))
    assert not plain.cautions
    assert plain.autocorrelation < 0.5


@pytest.mark.parametrize(
    ("target", "improvement", "said"),
    [
        (70, "decrease", "consistently meets the target"),
        (30, "decrease", "consistently misses the target"),
        (70, "increase", "consistently misses the target"),
        (30, "increase", "consistently meets the target"),
        (51, "increase", "by chance meets or misses the target"),
        (51, "neutral", ""),
        (None, "increase", ""),
    ],
)
def test_the_assurance_compares_the_target_with_the_limits(target: float | None, improvement: str, said: str) -> None:
    """A target beyond both limits is always met or always missed; one between them by chance."""
    assert chart(STEADY, target=target, improvement=improvement).assurance == said


def test_the_assurance_is_that_of_the_latest_stretch() -> None:
    """After a rebase from about 51 to about 21 calls, a ceiling of 35 is consistently met."""
    values = [*STEADY, *(value - 30 for value in STEADY)]
    assert chart(values, target=35, rebase=[MONTHS[16]]).assurance == "consistently meets the target"


def test_few_points_and_gaps_and_impossible_limits_are_cautioned() -> None:
    """Trial limits from 12 points, months that are not there and a limit below zero are each said."""
    assert chart(STEADY[:13]).cautions == ()
    assert "rest on 12 points; below 13 they are trial limits" in chart(STEADY[:12]).cautions[0]
    assert chart(series(STEADY).drop(index=[4, 9])).cautions[0].startswith("2 periods between the first and the last")
    assert "below zero" in chart([0, 3, 1, 0, 4, 1, 0, 2, 5, 0, 1, 3, 0, 2]).cautions[-1]


@pytest.mark.parametrize(("factor", "offset"), [(1e6, 0.0), (1e-6, 0.0), (1.0, 1e5)])
def test_units_and_level_change_no_mark(factor: float, offset: float) -> None:
    """Counting in other units or from another zero moves the limits alike and leaves the marks as they are."""
    values = noise(40) + np.where(np.arange(40) < 30, 0, 20)
    here, there = chart(values), chart(values * factor + offset)
    assert here.points["rule"].tolist() == there.points["rule"].tolist()
    moved = (there.points[["mean", "low", "high"]].to_numpy() - offset) / factor
    assert moved == pytest.approx(here.points[["mean", "low", "high"]].to_numpy(), rel=1e-9)  # an offset costs digits


def test_a_mirrored_series_has_the_mirrored_marks() -> None:
    """Turned upside down, the same points are marked by the same rules, each the other way."""
    values = noise(40, seed=9) + np.where(np.arange(40) < 30, 0, 25)
    one, other = chart(values), chart(-values, improvement="increase")
    pd.testing.assert_frame_equal(one.points[list(FLAGS)], other.points[list(FLAGS)])
    assert one.points["variation"].tolist() == other.points["variation"].tolist()


def test_the_order_of_rows_changes_nothing() -> None:
    """Rows in any order give one chart, in order of time; whole numbers for periods give the same limits."""
    frame = series(noise(30))
    pd.testing.assert_frame_equal(chart(frame).points, chart(frame.sample(frac=1, random_state=1)).points)
    numbered = frame.assign(month=np.arange(30))
    pd.testing.assert_frame_equal(chart(frame).points.drop(columns="time"), chart(numbered).points.drop(columns="time"))


def test_nothing_is_screened_where_nothing_jumps_and_all_points_are_a_baseline() -> None:
    """Without a jump the screen changes nothing, and a baseline of all points is no baseline."""
    plain = chart(STEADY)
    for other in (chart(STEADY, screen=False), chart(STEADY, baseline=16)):
        pd.testing.assert_frame_equal(plain.points, other.points)


def test_the_sentence_says_limits_marks_the_latest_point_and_the_target() -> None:
    """The sentence is plain: mean, limits, how many points are marked, what the latest is, and the target."""
    said = sentence(chart([*STEADY[:15], 70], target=80), subject="The number of calls")
    assert said == (
        "The number of calls varied around 52.6 from April 2021 to July 2022 (process limits 43.6 to 61.5); 1 of 16 "
        "points is special cause. The latest, 70.0, is special cause, concern (above the upper limit). With such "
        "variation it consistently meets the target of 80.0. The latest point is special cause, so what the limits say "
        "of the target may no longer hold."
    )
    assert "none of 16 points are special cause. The latest, 48.0, is common cause." in sentence(chart(STEADY))


@pytest.mark.parametrize(
    ("broken", "more", "words"),
    [
        (lambda f: f.drop(columns=["calls", "month"]).assign(x=1), {}, r"No column 'month', 'calls'. There is: 'x'"),
        (lambda f: f.assign(calls=f["calls"].where(f.index != 2)), {}, r"missing of 16 rows: 'calls' in 1"),
        (lambda f: f.assign(calls=f["calls"].astype(str)), {}, r"outcome 'calls' is not a column of numbers"),
        (lambda f: f.assign(calls=np.inf), {}, r"outcome 'calls' of 16 of 16 rows is infinite"),
        (lambda f: f.assign(month=f["month"].astype(str)), {}, r"Give pandas periods"),
        (lambda f: pd.concat([f, f.head(2)]), {}, r"^2 of 18 rows repeat a period of 'month'"),
        (lambda f: f.head(2), {}, r"^2 points set the limits from April 2021 to May 2021. At least 3"),
        (lambda f: f, {"baseline": 2}, r"^2 points set the limits"),
        (lambda f: f, {"rebase": [MONTHS[15]]}, r"^1 points set the limits from July 2022"),
        (lambda f: f, {"rebase": [MONTHS[0]]}, r"rebase names .* no later time of 'month'"),
        (lambda f: f, {"rebase": ["2022-01"]}, r"rebase names '2022-01'.*period\[M\]"),
        (lambda f: f, {"rebase": "2022-01"}, r"rebase names '2022-01'"),
        (lambda f: f.assign(calls=7), {}, r"^The 16 values .* are all the same, so no"),
        (lambda f: f.assign(calls=[7] * 8 + [9] * 8), {}, r"^The 16 values .* are the same but for 1 jump,"),
        (lambda f: f, {"improvement": "down"}, r"'down' is no direction. Give one of: increase, decrease, neutral"),
        (lambda f: f, {"target": np.nan}, r"The target is nan"),
    ],
)
def test_a_broken_design_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str
) -> None:
    """Each series that cannot bear a chart is refused in a sentence, and the data stay as they were."""
    frame = broken(series(STEADY))
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        chart(frame, **more)
    pd.testing.assert_frame_equal(frame, copy)


def test_the_data_are_left_alone() -> None:
    """Charting changes nothing in the frame that was handed over."""
    frame = series(noise(30)).sample(frac=1, random_state=3)
    copy = frame.copy(deep=True)
    chart(frame, rebase=[MONTHS[15]], target=5)
    pd.testing.assert_frame_equal(frame, copy)


def test_the_sentence_of_a_baseline_says_that_it_judges_the_rest() -> None:
    """Limits from the first points are no mean of the whole series, and the sentence does not say so."""
    said = sentence(chart(noise(30), baseline=15))
    assert "is judged from April 2021 to September 2023 against a mean of " in said
    assert "set by its first 15 points" in said
    assert "varied around" not in said


def test_a_baseline_longer_than_the_series_is_refused() -> None:
    """Ten points cannot set limits by their first forty."""
    with pytest.raises(DesignError, match="baseline is 40 points, but the series has 10"):
        chart(noise(10), baseline=40)
