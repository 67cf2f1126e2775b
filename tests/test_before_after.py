"""Before and after without a comparison: the right change, and never more than the weak evidence it is."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda.errors import DesignError
from oda.evaluate import BeforeAfter, before_after, difference_in_differences, rate_change, sentence

EXACT = 1e-10  # relative; rounding alone
DRAWS = 200  # of a null; the standard error of a 5 per cent rate is 1.5 points
SIZE = (0.01, 0.09)  # nearly three such standard errors about 5 per cent
START = pd.Period("2024-07", freq="M")


def months(seed: int = 1, ratio: float = 0.8) -> pd.DataFrame:
    """Return a year of monthly counts of about 50, the second half lower."""
    rng = np.random.default_rng(seed)
    people = np.linspace(900, 1100, 12)
    counts = rng.poisson(people / 20 * np.where(np.arange(12) >= 6, ratio, 1))
    return pd.DataFrame({"month": pd.period_range("2024-01", periods=12, freq="M"), "n": counts, "people": people})


def panel(seed: int = 1, ratio: float = 0.8, units: int = 6) -> pd.DataFrame:
    """Return a year of monthly counts of several districts."""
    frames = [months(seed * 100 + place, ratio).assign(district=f"d{place}") for place in range(units)]
    return pd.concat(frames, ignore_index=True)


def estimate(frame: pd.DataFrame, **more: object) -> BeforeAfter:
    """Return the change of a frame of `months`."""
    return before_after(frame, **{"outcome": "n", "time": "month", "start": START, "exposure": "people", **more})


def test_a_series_of_counts_equals_the_rate_change() -> None:
    """One series gives the quasi-Poisson ratio of rates, month by month."""
    frame = months()
    found = estimate(frame).estimate
    late = frame.assign(late=frame["month"] >= START)
    plain = rate_change(late, outcome="n", exposure="people", after="late", words="n")
    assert (found.value, found.ci_low, found.p_value) == (plain.value, plain.ci_low, plain.p_value)
    sums = late.groupby("late")[["n", "people"]].sum()
    rates = sums["n"] / sums["people"]
    assert found.value == pytest.approx(rates[True] / rates[False], rel=EXACT)


def test_a_series_of_measurements_equals_welchs_test() -> None:
    """Waits of 10, 12, 11 and then 14, 18, 13 minutes: 4 more, with Welch's interval."""
    frame = pd.DataFrame({"week": range(6), "wait": [10.5, 12.5, 11.5, 14.5, 18.5, 13.5]})
    found = before_after(frame, outcome="wait", time="week", start=3)
    welch = stats.ttest_ind(frame["wait"][3:], frame["wait"][:3], equal_var=False)
    assert found.estimate.value == pytest.approx(4, rel=EXACT)
    assert found.estimate.p_value == pytest.approx(welch.pvalue, rel=1e-9)
    assert found.estimate.ci_low == pytest.approx(welch.confidence_interval(0.95).low, rel=1e-9)


def test_units_are_compared_with_themselves() -> None:
    """Six districts give the paired t test of the logarithms of their ratios, with 5 degrees of freedom."""
    frame = panel()
    found = estimate(frame, unit="district")
    sides = frame.assign(late=frame["month"] >= START).groupby(["district", "late"])[["n", "people"]].sum()
    rates = (sides["n"] / sides["people"]).unstack()  # noqa: PD010  there is one value each
    test = stats.ttest_rel(np.log(rates[True]), np.log(rates[False]))
    assert found.estimate.p_value == pytest.approx(test.pvalue, rel=1e-9)
    assert found.estimate.value == pytest.approx(math.exp(np.log(rates[True] / rates[False]).mean()), rel=EXACT)
    assert (found.estimate.df, found.estimate.n_clusters) == (5, 6)
    assert found.changes["change"].to_numpy() == pytest.approx((rates[True] / rates[False]).to_numpy(), rel=EXACT)


def test_units_with_the_same_change_collapse_to_one_difference() -> None:
    """On the difference scale two units that change by 1 and by 3 give 2, with an error of 1."""
    rows = [("a", 0, 5.5), ("a", 1, 6.5), ("b", 0, 5.5), ("b", 1, 8.5)]
    frame = pd.DataFrame(rows, columns=["who", "year", "score"])
    found = before_after(frame, outcome="score", time="year", start=1, unit="who").estimate
    assert (found.value, found.std_error, found.df) == pytest.approx((2, 1, 1), rel=EXACT)
    assert found.scale == "difference"


def test_a_planted_fall_is_found() -> None:
    """Exact rates that fall by 15 per cent, give or take, give 0.85."""
    frame = panel().assign(n=lambda f: f["people"] * np.where(f["month"] >= START, 0.85, 1))
    wobble = frame["district"].map({"d0": 1.1, "d1": 1 / 1.1}).fillna(1).where(frame["month"] >= START, 1)
    found = estimate(frame.assign(n=frame["n"] * wobble), unit="district").estimate
    assert found.value == pytest.approx(0.85, rel=EXACT)


def test_months_without_an_event_are_counted() -> None:
    """Zero counts stay: 12 events in six months and then 6 in six give a half."""
    frame = months().assign(n=[0, 4, 0, 4, 0, 4, 0, 2, 0, 2, 0, 2], people=1000.0)
    found = estimate(frame).estimate
    assert found.value == pytest.approx(0.5, rel=EXACT)
    assert found.n_obs == 12


@pytest.mark.parametrize("unit", [None, "district"])
@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.sample(frac=1, random_state=4),
        lambda frame: frame.assign(district=frame["district"].map(lambda name: f"z{9 - int(name[1:])}")),
        lambda frame: frame.assign(people=frame["people"] * 10),
        lambda frame: frame.rename(columns={"n": "after"}).assign(n=lambda f: f["after"], after=0),
    ],
    ids=["rows shuffled", "districts renamed", "people in tens", "another column"],
)
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame], unit: str | None) -> None:
    """The order of rows, the names of districts and the unit of the population reach no figure."""
    frame = panel() if unit else months().assign(district="d0")
    here, there = (estimate(data, unit=unit).estimate for data in (frame, change(frame)))
    names = ["value", "ci_low", "ci_high", "std_error", "p_value"]
    assert [getattr(there, name) for name in names] == pytest.approx([getattr(here, name) for name in names], rel=EXACT)


def test_a_measurement_can_be_scaled() -> None:
    """In seconds the change of a wait is sixty times that in minutes, and its p the same."""
    frame = pd.DataFrame({"week": range(8), "wait": [10.5, 12.5, 11.5, 14.5, 18.5, 13.5, 9.5, 8.1]})
    here = before_after(frame, outcome="wait", time="week", start=4).estimate
    seconds = frame.assign(wait=60 * frame["wait"] + 5)
    there = before_after(seconds, outcome="wait", time="week", start=4, scale="difference").estimate
    assert there.value == pytest.approx(60 * here.value, rel=EXACT)
    assert there.p_value == pytest.approx(here.p_value, rel=EXACT)


@pytest.mark.parametrize("unit", [None, "district"])
def test_it_always_says_that_it_is_weak_evidence(unit: str | None) -> None:
    """However clear the change, result, estimate and sentence say Maryland scale 1 to 2 and regression to the mean."""
    found = estimate(panel(ratio=0.1) if unit else months(ratio=0.1), unit=unit)
    assert found.evidence == "Maryland scale 1 to 2"
    assert any("weak evidence (Maryland scale 1 to 2)" in said for said in found.estimate.cautions)
    assert any("regression to the mean" in said for said in found.estimate.cautions)
    said = sentence(found, subject="The rate")
    assert said.endswith("this is weak evidence of an effect (Maryland scale 1 to 2).")
    for verdict in ("significant", "proves", "strongly"):
        assert verdict not in said


def test_choosing_the_worst_makes_a_fall_that_a_comparison_takes_away() -> None:
    """The tenth with most calls in one month fall by far more than half by the next, with no effect at all.

    A comparison group that was as high in the first month falls alike, so the difference-in-differences is about none.
    """
    rng = np.random.default_rng(3)
    usual = rng.gamma(0.5, 2, 4000)
    rows = [pd.DataFrame({"who": range(4000), "month": month, "calls": rng.poisson(usual)}) for month in range(2)]
    frame = pd.concat(rows, ignore_index=True)
    first = frame[frame["month"] == 0].set_index("who")["calls"]
    worst = first.sort_values(ascending=False, kind="stable").index[:400]
    chosen = frame[frame["who"].isin(worst)]
    found = before_after(chosen, outcome="calls", time="month", start=1, unit="who", scale="difference").estimate
    assert found.ci_high < 0
    assert any("regression to the mean" in said for said in found.cautions)
    treated = pd.Series(rng.permutation(np.arange(400) % 2 == 0), index=worst)
    groups = chosen.assign(group=np.where(chosen["who"].map(treated), "visited", "not"), block=chosen["who"] % 10)
    sums = groups.groupby(["group", "block", "month"], as_index=False)["calls"].sum()
    sums["unit"] = sums["group"] + sums["block"].astype(str)
    sums["period"] = pd.PeriodIndex.from_ordinals(sums["month"] + 600, freq="M")
    start = pd.Period(ordinal=601, freq="M")
    sums["cohort"] = pd.PeriodIndex([start if group == "visited" else pd.NaT for group in sums["group"]], freq="M")
    compared = difference_in_differences(sums, outcome="calls", unit="unit", time="period", cohort="cohort")
    assert compared.estimate.ci_low <= 1 <= compared.estimate.ci_high


def test_a_true_null_is_rejected_one_time_in_twenty() -> None:
    """With no change the paired test cries wolf about 5 times in 100."""
    found = [estimate(panel(seed, ratio=1.0), unit="district").estimate.p_value for seed in range(DRAWS)]
    assert SIZE[0] <= np.mean(np.array(found) < 0.05) <= SIZE[1]


@pytest.mark.parametrize(
    ("broken", "options", "words"),
    [
        (lambda f: f.drop(columns=["n"]), {}, r"No column 'n'"),
        (lambda f: f.assign(n=f["n"].where(f.index != 3)), {}, r"A value is missing of 12 rows: 'n' in 1"),
        (lambda f: f.assign(n=f["n"].where(f.index != 3, -1)), {}, r"^1 of 12 values of 'n' are negative"),
        (lambda f: f.assign(people=0), {}, r"'people' of 12 of 12 rows is not above 0"),
        (lambda f: f.iloc[4:], {}, r"^2 rows before the start and 6 from it on"),
        (lambda f: f.iloc[:6], {"unit": "month"}, r"^6 rows before the start and 0 from it on"),
        (lambda f: pd.concat([f, f]), {}, r"^12 of 24 rows repeat a period of 'month'. .*name the column `unit`"),
        (lambda f: f.assign(n=f["n"].where(f["month"] < START, 0)), {}, r"^1 of 1 have nothing counted.*do not drop"),
        (lambda f: f.assign(who="a"), {"unit": "who"}, r"^0 of 1 units have rows on one side alone"),
        (lambda f: f.assign(who=f.index // 5), {"unit": "who"}, r"^2 of 3 units have rows on one side alone \(0, 2\)"),
        (lambda f: f.assign(n=f["people"]), {"scale": "difference"}, r"do not vary within a side"),
        (lambda f: f, {"scale": "log"}, r"scale is 'log'"),
        (lambda f: f, {"start": 7}, r"^The start 7 is no time of 'month'"),
        (lambda f: f, {"level": 95}, r"level is 95"),
    ],
)
def test_a_broken_design_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], options: dict[str, object], words: str
) -> None:
    """Each design that cannot bear the change is refused in a sentence, and the data stay as they were."""
    frame = broken(months())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        estimate(frame, **options)
    pd.testing.assert_frame_equal(frame, copy)


def test_units_that_change_alike_are_refused() -> None:
    """Without any spread between the changes there is no interval."""
    frame = panel().assign(n=lambda f: f["people"] * np.where(f["month"] >= START, 0.85, 1))
    with pytest.raises(DesignError, match=r"^The changes of all 6 districts are the same"):
        estimate(frame, unit="district")


def test_the_data_are_left_alone() -> None:
    """Estimating changes nothing in the frame that was handed over."""
    frame = panel()
    copy = frame.copy(deep=True)
    estimate(frame, unit="district")
    pd.testing.assert_frame_equal(frame, copy)
