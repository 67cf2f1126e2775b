"""Rates and shares of one district, and the change of a rate with room for more spread than Poisson."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from oda.errors import DesignError
from oda.evaluate import Estimate, crude_rate, proportion, rate_change, sentence

SOLVED = 1e-7  # relative; statsmodels stops iterating at about this
EXACT = 1e-10  # relative; rounding alone


def months(seed: int = 1, spread: float = 0.2, ratio: float = 0.8, each: int = 12) -> pd.DataFrame:
    """Return two years of monthly counts of about 50, the second lower, with shocks beyond Poisson."""
    rng = np.random.default_rng(seed)
    late = np.repeat([False, True], each)
    people = np.linspace(900, 1100, 2 * each)
    mean = people / 20 * np.where(late, ratio, 1) * np.exp(rng.normal(0, spread, 2 * each))
    return pd.DataFrame({"n": rng.poisson(mean), "people": people, "late": late})


def change(frame: pd.DataFrame, **more: float) -> Estimate:
    """Return the change of a frame of `months`."""
    return rate_change(frame, outcome="n", exposure="people", after="late", words="admissions", **more)


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_the_change_equals_the_quasi_poisson_regression(spread: float) -> None:
    """Ratio and error are those of statsmodels' Poisson model with offset and Pearson's dispersion, never below 1."""
    frame = months(spread=spread)
    design = np.column_stack([np.ones(24), frame["late"]])
    fit = GLM(frame["n"], design, family=Poisson(), offset=np.log(frame["people"])).fit(tol=1e-14)
    dispersion = max(float(fit.pearson_chi2) / 22, 1.0)
    found = change(frame)
    assert (dispersion > 1) == (spread > 0)
    assert found.value == pytest.approx(math.exp(np.asarray(fit.params)[1]), rel=SOLVED)
    assert found.std_error == pytest.approx(np.asarray(fit.bse)[1] * math.sqrt(dispersion), rel=SOLVED)


def test_the_change_equals_hand_arithmetic() -> None:
    """Rates of 50 and 40 a month without spread give 0.8, and a standard error of the root of 1/150 + 1/120."""
    frame = pd.DataFrame({"n": [50, 50, 50, 40, 40, 40], "people": [100] * 6, "late": [False] * 3 + [True] * 3})
    found, reach = change(frame), stats.t.ppf(0.975, 4) * math.sqrt(1 / 150 + 1 / 120)
    assert found.value == pytest.approx(0.8, rel=EXACT)
    assert found.ci_low == pytest.approx(0.8 * math.exp(-reach), rel=EXACT)
    assert (found.df, found.n_obs, found.n_treated) == (4, 6, 0)


def test_intervals_of_a_change_hold_the_truth_as_often_as_they_say() -> None:
    """Over 400 pairs of years with shocks beyond Poisson, 95 % intervals hold the truth in 92.5 to 97.5 per cent."""
    found = [change(months(seed)) for seed in range(400)]  # the standard error of the share is 1.1 points
    assert 0.925 <= np.mean([one.ci_low <= 0.8 <= one.ci_high for one in found]) <= 0.975


@pytest.mark.parametrize(
    "same",
    [
        lambda frame: frame.sample(frac=1, random_state=2),
        lambda frame: frame.assign(people=frame["people"] / 1000),
        lambda frame: frame.assign(late=frame["late"].astype(int)),
    ],
    ids=["rows shuffled", "people in thousands", "0 and 1"],
)
def test_what_does_not_matter_leaves_the_change_as_it_is(same: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """The order of rows and the unit of the population move no figure."""
    here, there = change(months()), change(same(months()))
    figures = ("value", "ci_low", "ci_high", "p_value")
    assert [getattr(there, name) for name in figures] == pytest.approx(
        [getattr(here, name) for name in figures], rel=EXACT
    )


def test_swapping_the_groups_turns_the_ratio_over() -> None:
    """The rate of the first year against the second is one over the rate of the second against the first."""
    here, there = change(months()), change(months().assign(late=lambda frame: ~frame["late"]))
    assert (there.value, there.ci_low) == pytest.approx((1 / here.value, 1 / here.ci_high), rel=EXACT)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda f: f.drop(columns="people"), r"No column 'people'. There is: 'n', 'late'"),
        (lambda f: f.assign(n=f["n"].where(f.index > 0)), r"^1 of 24 rows have a missing value"),
        (lambda f: f.assign(n=-f["n"]), r"outcome of 24 of 24 rows is below zero"),
        (lambda f: f.assign(n=f["n"].astype(str)), r"not a column of numbers"),
        (lambda f: f.assign(people=0), r"An exposure is zero"),
        (lambda f: f.assign(late="no"), r"holds other values than True and False"),
        (lambda f: f[~f["late"]], r"^1 groups, of \[12\] rows"),
        (lambda f: f.iloc[10:], r"of \[2, 12\] rows"),
        (
            lambda f: f.assign(n=f["n"].where(f["late"], 0)),
            r"There is no event where .*, so no ratio of rates",
        ),
    ],
)
def test_a_change_that_the_data_cannot_bear_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    """Missing values, no population and groups too small are refused in a sentence, and the data stay as they were."""
    frame = broken(months())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        change(frame)
    pd.testing.assert_frame_equal(frame, copy)


def test_a_crude_rate_equals_hand_arithmetic() -> None:
    """100 events among 50,000 people are 200 per 100,000, with Byar's limits 162.7 and 243.2."""
    rate = crude_rate(100, 50_000, outcome="falls")
    low = 100 * (1 - 1 / 900 - 1.959963985 / 30) ** 3
    high = 101 * (1 - 1 / 909 + 1.959963985 / (3 * math.sqrt(101))) ** 3
    assert (rate.value, rate.ci_low, rate.ci_high) == pytest.approx((200, 2 * low, 2 * high), rel=1e-8)
    assert (rate.unit, rate.std_error) == ("per 100,000 people", None)


@pytest.mark.parametrize(("events", "limits"), [(9, "exact Poisson limits"), (10, "Byar's limits")])
def test_a_crude_rate_of_few_events_has_exact_limits(events: int, limits: str) -> None:
    """Below 10 events the limits are exact, and the method says which were used."""
    rate = crude_rate(events, 1, outcome="falls", multiplier=1)
    exact = stats.chi2.ppf([0.025, 0.975], [2 * events, 2 * events + 2]) / 2
    assert rate.method == f"crude rate, {limits}"
    assert ((rate.ci_low, rate.ci_high) == pytest.approx(tuple(exact), rel=EXACT)) == (events < 10)


@pytest.mark.parametrize("events", [10, 25, 400])
def test_a_crude_rate_comes_near_the_exact_poisson_interval(events: int) -> None:
    """From 10 events up, Byar's limits differ from the exact ones by less than 1 per cent."""
    exact = stats.chi2.ppf([0.025, 0.975], [2 * events, 2 * events + 2]) / 2
    rate = crude_rate(events, 1, outcome="falls", multiplier=1)
    assert (rate.ci_low, rate.ci_high) == pytest.approx(tuple(exact), rel=0.01)


def test_a_district_without_an_event_has_a_rate_of_none_and_an_upper_limit() -> None:
    """A count of 0 is not dropped: 0 to 3.69 per 1,000 among 1,000 people."""
    rate = crude_rate(0, 1000, outcome="falls", multiplier=1000)
    assert (rate.value, rate.ci_low) == (0, 0)
    assert rate.ci_high == pytest.approx(-math.log(0.025), rel=EXACT)


def test_a_crude_rate_scales_with_its_population() -> None:
    """Ten times the people is a tenth of the rate, and of both limits."""
    here, there = crude_rate(65, 1000, outcome="falls"), crude_rate(65, 10_000, outcome="falls")
    assert (here.value, here.ci_low) == pytest.approx((10 * there.value, 10 * there.ci_low), rel=EXACT)


def test_a_proportion_equals_hand_arithmetic() -> None:
    """65 of 100 are 65 per cent, with Wilson's limits; as a share the same over 100."""
    share, z = proportion(65, 100, outcome="seen in time"), 1.959963984540054
    reach = z * math.sqrt(z**2 + 4 * 65 * 0.35)
    ends = [100 * (130 + z**2 + sign * reach) / (2 * (100 + z**2)) for sign in (-1, 1)]
    assert (share.value, share.ci_low, share.ci_high) == pytest.approx((65, *ends), rel=EXACT)
    assert (share.unit, proportion(65, 100, outcome="seen", multiplier=1).unit) == ("per cent", "")


@pytest.mark.parametrize("of_one", [crude_rate, proportion])
@pytest.mark.parametrize(("events", "cautions"), [(0, 0), (1, 1), (9, 1), (10, 0)])
def test_a_rate_that_gives_a_small_count_away_is_cautioned(
    of_one: Callable[..., Estimate], events: int, cautions: int
) -> None:
    """From 1 to 9 events the rate carries the caution that the count can be worked out; none says the count."""
    found = of_one(events, 1000, outcome="falls")
    assert [caution.startswith("Fewer than 10 events") for caution in found.cautions] == [True] * cautions
    assert not any(str(events) in caution.replace("10", "") for caution in found.cautions)


@pytest.mark.parametrize("of_one", [crude_rate, proportion])
@pytest.mark.parametrize(
    ("events", "people"), [(-7, 1000), (7, 0), (7, math.nan), (math.nan, 10), (None, 10), (pd.NA, 10), (math.inf, 1)]
)
def test_a_rate_without_count_or_people_is_refused_without_telling_the_count(
    of_one: Callable[..., Estimate], events: float, people: float
) -> None:
    """A hidden count, or no population, has no rate; the message must not give a small count away."""
    with pytest.raises(DesignError, match=r"^The count is missing, infinite or below 0, or the population") as refused:
        of_one(events, people, outcome="falls")
    assert "7" not in str(refused.value)


def test_a_share_above_one_is_refused_without_telling_the_count() -> None:
    """More events than people is a rate, not a share."""
    with pytest.raises(DesignError, match="The count is larger than the population") as refused:
        proportion(7, 5, outcome="falls")
    assert not set("57") & set(str(refused.value))


@pytest.mark.parametrize("multiplier", [0, -100, math.nan, math.inf])
def test_an_impossible_multiplier_is_refused(multiplier: float) -> None:
    """A rate is per some number of people."""
    with pytest.raises(DesignError, match=r"^The multiplier is"):
        crude_rate(65, 1000, outcome="falls", multiplier=multiplier)


def test_a_change_of_rate_says_that_it_is_no_effect() -> None:
    """Before against after describes; neither its sentence nor its cautions may read as what a treatment did."""
    frame = pd.DataFrame({"n": [50, 52, 48, 40, 41, 39], "people": 1000, "late": [False] * 3 + [True] * 3})
    found = rate_change(frame, outcome="n", exposure="people", after="late", words="admissions")
    assert "no effect" in " ".join(found.cautions)
    assert "without the treatment" not in sentence(found)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: crude_rate("5", 100, outcome="falls"), "The count is of type str. Give one number"),
        (lambda: crude_rate([5], 100, outcome="falls"), "The count is of type list. Give one number; crude_rates"),
        (lambda: crude_rate(5, "100", outcome="falls"), "The population is of type str"),
        (lambda: crude_rate(4.5, 100, outcome="falls"), "The count is not a whole number"),
        (lambda: proportion(7, 5, outcome="falls"), "The count is larger than the population"),
    ],
)
def test_what_is_no_count_is_refused_and_not_said(ask: Callable[[], object], words: str) -> None:
    """Text, lists, halves and more events than people are refused in words, none of which is the count."""
    with pytest.raises(DesignError, match=words) as refusal:
        ask()
    assert "4.5" not in str(refusal.value)
    assert "7" not in str(refusal.value)


def test_a_change_from_no_event_is_refused_for_that() -> None:
    """Without an event on one side there is no ratio; the refusal says so, and on which side."""
    frame = pd.DataFrame({"n": [0, 0, 0, 4, 5, 6], "people": 100, "late": [False] * 3 + [True] * 3})
    with pytest.raises(DesignError, match="There is no event where 'late' is False, so no ratio of rates"):
        change(frame)
