"""Power before a pilot: persons in districts, the spread of a team's own past, simulation, and the plan."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from oda.errors import DesignError
from oda.evaluate import (
    PrePeriodSpread,
    bloom_multiplier,
    intraclass_correlation,
    minimum_detectable_effect,
    modelled_spread,
    plan_power,
    power,
    pre_period_spread,
    sentence,
    simulate_power,
    units_needed,
)
from oda.evaluate.planning.shocks import change_contrast, shock_covariance

EXACT = 1e-10  # the same sums in another order
SOLVED = 1e-6  # relative; a root is solved for
NAMES = {"outcome": "n", "unit": "district", "time": "month", "exposure": "people"}
SIDES = {"before": 12, "after": 12}
DRAWN = 0.004  # three standard errors of a share of 0.8 in 100,000 draws


def past(
    seed: int = 1, *, units: int = 6, periods: int = 36, sd: float = 0.08, lasting: float = 0.4, events: float = 150
) -> pd.DataFrame:
    """Return counts of districts by months with shocks that last; districts differ in level, months in season."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(0, sd, (units, periods))
    for month in range(1, periods):
        shocks[:, month] = lasting * shocks[:, month - 1] + math.sqrt(1 - lasting**2) * shocks[:, month]
    season = 1 + 0.1 * np.sin(np.arange(periods) * math.pi / 6)
    level = events * np.exp(rng.normal(0, 0.3, units))
    months = pd.period_range("2022-01", periods=periods, freq="M")
    frame = pd.DataFrame({"district": np.repeat([f"d{unit}" for unit in range(units)], periods)})
    frame["month"] = pd.PeriodIndex(np.tile(months, units), freq="M")
    frame["people"] = np.repeat(1000 * (5 + np.arange(units)), periods)
    frame["n"] = rng.poisson(level[:, None] * season * np.exp(shocks)).ravel()
    return frame


def spread_of(frame: pd.DataFrame, **more: object) -> PrePeriodSpread:
    """Return the spread with this file's column names and a year on each side."""
    return pre_period_spread(frame, **{**NAMES, **SIDES, **more})


def true_spread(
    sd: float = 0.08, lasting: float = 0.4, events: float = 150, sides: tuple[int, int] = (12, 12)
) -> float:
    """Return the standard deviation of a change of `past`, from its covariances."""
    weights = np.r_[np.full(sides[0], -1 / sides[0]), np.full(sides[1], 1 / sides[1])]
    months = np.arange(sum(sides))
    covariance = sd**2 * lasting ** np.abs(months[:, None] - months) + np.eye(sum(sides)) / (events * math.exp(-0.045))
    return float(weights @ covariance @ weights) ** 0.5


def test_doubling_persons_does_not_halve_the_detectable_effect() -> None:
    """With an intraclass correlation of 0.05, twice the people in six districts is worth 6 per cent, not a half."""
    once, twice = (
        minimum_detectable_effect(1.0, n_treated=3, n_control=3, persons=persons, icc=0.05) for persons in (100, 200)
    )
    assert 0.9 < twice / once < 1
    free = [minimum_detectable_effect(1.0, n_treated=3, n_control=3, persons=persons) for persons in (100, 400)]
    assert free[1] == pytest.approx(free[0] / 2, rel=SOLVED)  # with no correlation persons are all that counts


def test_persons_inflate_by_the_design_effect() -> None:
    """The variance of a district's mean is a person's times 1 + (m - 1) ICC over m."""
    inflated = math.sqrt((1 + 49 * 0.02) / 50)
    assert power(0.4, 1.0, n_treated=4, n_control=5, persons=50, icc=0.02) == pytest.approx(
        power(0.4, inflated, n_treated=4, n_control=5), rel=EXACT
    )
    assert power(0.4, 1.0, n_treated=4, n_control=5, persons=50, icc=1.0) == pytest.approx(
        power(0.4, 1.0, n_treated=4, n_control=5), rel=EXACT
    )


def test_persons_in_districts_are_detected_as_often_as_reckoned() -> None:
    """In 20,000 made-up trials of 100 persons in each of six districts, the power is the formula's."""
    rng = np.random.default_rng(2)
    means = rng.normal(0, math.sqrt(0.05), (20_000, 6)) + rng.normal(0, math.sqrt(0.95 / 100), (20_000, 6))
    means[:, :3] += 0.6
    gap = means[:, :3].mean(axis=1) - means[:, 3:].mean(axis=1)
    error = np.sqrt((means[:, :3].var(axis=1, ddof=1) + means[:, 3:].var(axis=1, ddof=1)) / 3)
    detected = np.abs(gap / error) > 2.7764451
    expected = power(0.6, 1.0, n_treated=3, n_control=3, persons=100, icc=0.05)
    assert detected.mean() == pytest.approx(expected, abs=0.0105)  # three binomial standard errors


def test_power_and_detectable_effect_are_inverses() -> None:
    """At the smallest detectable effect the power is the one asked for, of either sign; with no effect it is chance."""
    for treated, control, wanted in ((1, 5, 0.8), (2, 4, 0.9), (3, 30, 0.5), (1, 2, 0.95)):
        effect = minimum_detectable_effect(0.2, n_treated=treated, n_control=control, power=wanted)
        assert power(effect, 0.2, n_treated=treated, n_control=control) == pytest.approx(wanted, rel=SOLVED)
        assert power(-effect, 0.2, n_treated=treated, n_control=control) == pytest.approx(wanted, rel=SOLVED)
    assert power(0.0, 1.0, n_treated=1, n_control=5) == pytest.approx(0.05, rel=SOLVED)
    assert power(1e6, 1.0, n_treated=1, n_control=5) == pytest.approx(1)


def test_units_needed_are_the_fewest() -> None:
    """The number of units reaches the power asked for, and two fewer do not."""
    for effect in (0.3, 1.0, 2.5):
        units = units_needed(effect, 1.0)
        assert power(effect, 1.0, n_treated=units // 2, n_control=units // 2) >= 0.8
        assert power(effect, 1.0, n_treated=units // 2 - 1, n_control=units // 2 - 1) < 0.8
    assert units_needed(1e3, 1.0) == 4  # two have no degree of freedom


def test_blooms_multiplier_is_a_little_too_small_for_few() -> None:
    """For six districts Bloom's sum of quantiles is 3.717 standard errors; the exact multiplier is 3.761."""
    exact = minimum_detectable_effect(1.0, n_treated=1, n_control=5) / math.sqrt(1.2)
    assert bloom_multiplier(4) == pytest.approx(3.717, abs=0.0005)
    assert bloom_multiplier(4) < exact == pytest.approx(3.761, abs=0.0005)
    assert bloom_multiplier() == pytest.approx(2.8016, abs=0.0001)


@pytest.mark.parametrize("treated", [1, 2, 3])
def test_simulation_agrees_with_the_formula(treated: int) -> None:
    """Simulated with shocks that last and no counts, what six districts can detect is found 80 times in 100."""
    spread = true_spread(events=math.inf)
    effect = minimum_detectable_effect(spread, n_treated=treated, n_control=6 - treated)
    found = simulate_power(
        effect, n_treated=treated, n_control=6 - treated, **SIDES, sd_shock=0.08, autocorrelation=0.4, draws=100_000
    )
    assert found.value == pytest.approx(0.8, abs=DRAWN)
    assert found.ci_low < found.value < found.ci_high


def test_simulated_counts_agree_with_the_formula() -> None:
    """With 400 events a month and shocks beside, the formula is right within a point of power."""
    spread = math.hypot(true_spread(events=math.inf), math.sqrt(2 / 12 / 400))
    effect = minimum_detectable_effect(spread, n_treated=2, n_control=4)
    found = simulate_power(
        -effect, n_treated=2, n_control=4, **SIDES, sd_shock=0.08, autocorrelation=0.4, events=400, draws=20_000
    )
    assert found.value == pytest.approx(0.8, abs=0.015)  # three standard errors, and the effect makes counts smaller


def test_simulation_under_no_effect_cries_wolf_one_time_in_twenty() -> None:
    """With no effect the simulated test detects one about 5 times in 100, with counts and shocks that last."""
    found = simulate_power(0.0, n_treated=1, n_control=5, **SIDES, sd_shock=0.08, autocorrelation=0.6, events=100)
    assert found.value == pytest.approx(0.05, abs=0.006)  # four standard errors


def test_the_seed_settles_the_simulation() -> None:
    """The same seed gives the same share, another seed another."""
    asked = {"n_treated": 2, "n_control": 4, "before": 4, "after": 4, "sd_shock": 0.1, "events": 20}
    first, again, other = (simulate_power(0.2, **asked, draws=2000, seed=seed).value for seed in (1, 1, 2))
    assert first == again != other


def test_a_side_without_events_detects_nothing_and_is_said() -> None:
    """With one event in two periods many made-up pilots have nothing to compare; the share of these is said."""
    found = simulate_power(1.0, n_treated=1, n_control=2, before=1, after=1, sd_shock=0.0, events=0.5, draws=1000)
    assert found.value < 0.05
    assert "made-up pilots a unit had no event" in found.cautions[0]


def test_one_pseudo_pilot_equals_hand_arithmetic() -> None:
    """With as many months as the pilot compares, the spread is the standard deviation of the districts' changes."""
    frame = past(periods=24)
    late = frame["month"] >= pd.Period("2023-01", freq="M")
    changes = [
        math.log(rows.loc[late, "n"].sum() / rows.loc[~late, "n"].sum()) for _, rows in frame.groupby("district")
    ]
    found = spread_of(frame)
    assert found.estimate.value == pytest.approx(np.std(changes, ddof=1), rel=EXACT)
    assert (found.windows, found.estimate.df) == (1, pytest.approx(5))


def test_pseudo_pilots_equal_brute_force() -> None:
    """Over every stretch of 9 months, the mean of the variances of changes is the squared spread."""
    frame = past(periods=20)
    counts = frame.pivot_table(index="district", columns="month", values="n").to_numpy()
    variances = []
    for start in range(12):
        before, after = counts[:, start : start + 6].mean(axis=1), counts[:, start + 6 : start + 9].mean(axis=1)
        variances.append(np.log(after / before).var(ddof=1))
    found = spread_of(frame, before=6, after=3)
    assert found.estimate.value == pytest.approx(math.sqrt(np.mean(variances)), rel=EXACT)
    assert found.windows == 12


def test_a_planted_spread_is_found() -> None:
    """Over 150 made-up pasts the squared spread is right on average and its interval holds it in about 95 per cent."""
    found = [spread_of(past(seed)) for seed in range(150)]
    truth = true_spread()
    assert math.sqrt(np.mean([one.estimate.value**2 for one in found])) == pytest.approx(truth, rel=0.08)
    held = np.mean([one.estimate.ci_low <= truth <= one.estimate.ci_high for one in found])
    assert 0.9 <= held <= 0.99  # binomial, and the autocorrelation is itself estimated
    assert np.mean([one.sd_shock for one in found]) == pytest.approx(0.08, rel=0.1)


def test_autocorrelation_and_shocks_are_found_in_a_long_past() -> None:
    """From 40 districts over 120 months, autocorrelation 0.4, shocks of 8 per cent and the share between are found."""
    found = spread_of(past(5, units=40, periods=120).assign(people=1000))
    assert found.autocorrelation == pytest.approx(0.4, abs=0.06)
    assert found.sd_shock == pytest.approx(0.08, abs=0.004)
    assert found.sd_count == pytest.approx(1 / math.sqrt(150), rel=0.15)
    variances = np.array([0.3**2, 0.08**2 + found.sd_count**2])
    assert found.icc == pytest.approx(variances[0] / variances.sum(), abs=0.07)
    assert modelled_spread(found, **SIDES) == pytest.approx(found.estimate.value, rel=0.1)


def test_counts_without_shocks_collapse_to_poisson() -> None:
    """Where counts vary by chance alone, shocks are near none and the spread is the Poisson one."""
    found = [spread_of(past(seed, sd=0.0)) for seed in range(40)]
    poisson = math.sqrt(np.mean([2 / 12 * one.sd_count**2 for one in found]))
    assert math.sqrt(np.mean([one.estimate.value**2 for one in found])) == pytest.approx(poisson, rel=0.12)
    assert np.mean([one.autocorrelation == 0 for one in found]) >= 0.85  # shocks are seen by chance one time in twenty


def test_a_longer_pilot_has_a_smaller_spread() -> None:
    """Six months after leave more to chance than 24, and lasting shocks make length worth less."""
    fleeting, lasting = (spread_of(past(4, units=30, sd=0.15, lasting=rho)) for rho in (0.0, 0.8))
    gains = [
        modelled_spread(s, before=12, after=24) / modelled_spread(s, before=12, after=3) for s in (fleeting, lasting)
    ]
    assert gains[0] < gains[1] < 1


def test_a_past_shorter_than_the_pilot_is_reckoned_with_a_caution() -> None:
    """From 18 months a pilot of 24 is reckoned from shocks, on fewer degrees of freedom than one pseudo pilot has."""
    found = spread_of(past(periods=18))
    assert found.windows == 0
    assert found.estimate.df == pytest.approx(5 * 18 / 24)
    assert "not seen but reckoned from shocks" in found.estimate.cautions[0]
    assert "not seen" in sentence(found)


def test_zero_months_are_kept() -> None:
    """Districts with months of no event keep them: the spread is a number and every row counts."""
    found = spread_of(past(events=1.5))
    assert found.estimate.n_obs == 216
    assert math.isfinite(found.estimate.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.sample(frac=1, random_state=4),
        lambda frame: frame.assign(district=frame["district"].map(lambda name: f"z{9 - int(name[1:])}")),
        lambda frame: frame.assign(people=frame["people"] * 10),
        lambda frame: frame.assign(month=frame["month"].array.asi8),
    ],
    ids=["rows shuffled", "districts renamed", "people in tens", "months as numbers"],
)
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """The order of rows, the names of districts and the unit of people leave every figure as it is."""
    figures = [
        [s.estimate.value, s.estimate.ci_low, s.estimate.ci_high, s.icc, s.autocorrelation, s.sd_shock, s.sd_count]
        for s in (spread_of(past()), spread_of(change(past())))
    ]
    assert figures[1] == pytest.approx(figures[0], rel=1e-9)  # the autocorrelation is solved for


def test_differences_scale_with_the_outcome_and_not_with_its_level() -> None:
    """On the difference scale a shift changes nothing and another unit only the unit, negative figures included."""
    frame = past()
    asked = {"exposure": None, "scale": "difference"}
    base = spread_of(frame, **asked).estimate.value
    assert spread_of(frame.assign(n=frame["n"] - 500), **asked).estimate.value == pytest.approx(base, rel=1e-9)
    assert spread_of(frame.assign(n=frame["n"] * 1000.0), **asked).estimate.value == pytest.approx(
        1000 * base, rel=1e-9
    )


@pytest.mark.parametrize(
    ("broken", "more", "words"),
    [
        (lambda f: f.drop(columns="n"), {}, "No column 'n'"),
        (lambda f: f.assign(n=f["n"].where(f.index > 2)), {}, "A value is missing of 216 rows: 'n' in 3"),
        (lambda f: f.assign(n=-f["n"]), {}, "n of 216 of 216 rows is below 0"),
        (lambda f: f.assign(people=0), {}, "people of 216 of 216 rows is not above 0"),
        (lambda f: f.iloc[1:], {}, "1 of 216 rows, one a 'month' for each 'district', are not there"),
        (lambda f: pd.concat([f, f.head(2)]), {}, "2 of 218 rows repeat a 'month' of a 'district'"),
        (lambda f: f[f["district"] < "d2"], {}, "2 of 'district' over 36 of 'month'"),
        (lambda f: f[f["month"] < pd.Period("2022-06", freq="M")], {}, "6 of 'district' over 5 of 'month'"),
        (lambda f: f.assign(month=f["month"].astype(str)), {}, "Give pandas periods"),
        (lambda f: f.assign(n=f["n"].where(f["district"] != "d1", 0)), {}, "1 of 6 units have nothing counted at all"),
        (
            lambda f: f.assign(n=f["n"].where((f["district"] != "d1") | (f["month"].dt.year > 2022), 0)),
            {},
            "1 of 6 units have nothing counted on a side",
        ),
        (lambda f: f.assign(n=f["people"]), {}, "units move alike"),
        (lambda f: f, {"before": 0}, "before is 0"),
        (lambda f: f, {"after": 1.5}, "after is 1.5"),
        (lambda f: f, {"scale": "log"}, "scale is 'log'"),
        (lambda f: f, {"level": 95}, "level is 95"),
    ],
)
def test_a_broken_past_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str
) -> None:
    """A past that cannot tell the spread is refused in a sentence, and the data stay as they were."""
    frame = broken(past())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        spread_of(frame, **more)
    pd.testing.assert_frame_equal(frame, copy)


def test_the_plan_answers_whether_two_of_six_for_a_year_is_worth_it() -> None:
    """The sentence says what would be detected, how often a reduction of 10 per cent would, and how many it takes."""
    plan = plan_power(spread_of(past(2, sd=0.15, lasting=0.5)), n_treated=2, n_control=4, worthwhile=0.9)
    said = sentence(plan)
    assert said.startswith("With 2 of 6 districts treated, 12 months before and 12 months after, a reduction of ")
    assert "A reduction of 10 per cent would be detected " in said
    assert "more often miss than find it" in said
    assert f"would take {plan.needed} districts, half of them treated" in said


def test_the_plan_is_the_formula_at_the_spread() -> None:
    """Detectable reduction, chance, districts needed and the curve all follow from the spread and its interval."""
    spread = spread_of(past(2))
    plan = plan_power(spread, n_treated=2, n_control=4, worthwhile=0.85)
    ends = (spread.estimate.value, spread.estimate.ci_low, spread.estimate.ci_high)
    detectable = [100 * (1 - math.exp(-minimum_detectable_effect(sd, n_treated=2, n_control=4))) for sd in ends]
    chance = [power(math.log(0.85), sd, n_treated=2, n_control=4) for sd in (ends[0], ends[2], ends[1])]
    assert plan.detectable == pytest.approx(detectable, rel=EXACT)
    assert plan.chance == pytest.approx(chance, rel=EXACT)
    assert plan.needed == units_needed(math.log(0.85), ends[0])
    assert plan.sizes["detectable"].iloc[0] == pytest.approx(detectable[0], rel=EXACT)
    assert plan.sizes[["units", "treated"]].to_numpy().tolist() == [[6, 2], [6, 1], [6, 3], [10, 5], [20, 10], [33, 16]]
    own = plan.lengths.set_index("after")["detectable"]
    assert own[12] == pytest.approx(detectable[0], rel=EXACT)
    assert own[24] < own[12] < own[6]
    near = np.interp(detectable[0], plan.curve["effect"], plan.curve["power"])
    assert near == pytest.approx(0.8, abs=0.002)  # the curve is drawn by points


def test_a_rise_and_a_difference_have_their_own_words() -> None:
    """A worthwhile ratio above one plans for a rise, and the difference scale for a change in the outcome's unit."""
    rise = plan_power(spread_of(past()), n_treated=3, n_control=3, worthwhile=1.2)
    assert "a rise of " in sentence(rise)
    assert "A rise of 20 per cent" in sentence(rise)
    plain = spread_of(past(), exposure=None, scale="difference")
    change = plan_power(plain, n_treated=3, n_control=3, worthwhile=-20.0)
    assert change.detectable[0] == pytest.approx(
        minimum_detectable_effect(plain.estimate.value, n_treated=3, n_control=3), rel=EXACT
    )
    assert "A change of 20.0 would be detected" in sentence(change)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: power(1, 1, n_treated=0, n_control=5), "^0 treated, 5 not"),
        (lambda: power(1, 1, n_treated=1, n_control=5, persons=0), "^0 persons in a unit"),
        (lambda: power(1, 1, n_treated=1, n_control=5, icc=1.5), "intraclass correlation 1.5"),
        (lambda: power(math.nan, 1, n_treated=1, n_control=5), "^The effect is nan"),
        (lambda: power(1, 1, n_treated=1, n_control=5, level=95), "level is 95"),
        (lambda: units_needed(0.0, 1.0), "more than 1,000,000 units"),
        (lambda: units_needed(1.0, 1.0, power=0.04), "no more than chance"),
        (lambda: bloom_multiplier(0), "^There are 0 degrees of freedom"),
        (lambda: plan_power(spread_of(past()), n_treated=2, n_control=4, worthwhile=1.0), "worthwhile is 1.0"),
        (lambda: plan_power(spread_of(past()), n_treated=2, n_control=4, worthwhile=-15), "worthwhile is -15"),
        (lambda: plan_power(spread_of(past()), n_treated=0, n_control=6), "^0 treated, 6 not"),
        (lambda: modelled_spread(spread_of(past()), before=0, after=3), "before is 0"),
        (lambda: simulate_power(1, n_treated=0, n_control=6, **SIDES, sd_shock=1), "^0 treated, 6 not"),
        (lambda: simulate_power(1, n_treated=1, n_control=5, before=0, after=1, sd_shock=1), "^0 periods before"),
        (lambda: simulate_power(1, n_treated=1, n_control=5, **SIDES, sd_shock=-1), "standard deviation -1"),
        (
            lambda: simulate_power(1, n_treated=1, n_control=5, **SIDES, sd_shock=1, autocorrelation=1),
            "between -1 and 1",
        ),
        (lambda: simulate_power(1, n_treated=1, n_control=5, **SIDES, sd_shock=0), "nothing varies"),
        (lambda: simulate_power(1, n_treated=1, n_control=5, **SIDES, sd_shock=1, draws=9), "^9 draws"),
        (lambda: simulate_power(1, n_treated=1, n_control=5, **SIDES, sd_shock=1, events=0), "^1 numbers of events"),
        (lambda: simulate_power(1, n_treated=1, n_control=5, **SIDES, sd_shock=1, events=[5, 5]), "^2 numbers of"),
    ],
)
def test_what_cannot_be_planned_is_refused(asked: Callable[[], object], words: str) -> None:
    """Empty groups, impossible correlations, effects that are none and shares that are no shares are refused."""
    with pytest.raises(DesignError, match=words):
        asked()


def test_the_contrast_and_covariance_are_what_they_say() -> None:
    """A change weighs its sides to one and minus one; shocks fade by the correlation at each step."""
    assert change_contrast(2, 1).tolist() == [-0.5, -0.5, 1.0]
    expected = [[5.0, 2.0, 1.0], [2.0, 5.0, 2.0], [1.0, 2.0, 5.0]]
    assert shock_covariance(3, 0.5, 4.0, 1.0).tolist() == expected


def persons(units: int, each: int, share: float, seed: int = 1) -> pd.DataFrame:
    """Return persons in units, of a variance of one of which this share lies between units."""
    rng = np.random.default_rng(seed)
    place = np.repeat(np.arange(units), each)
    scores = rng.normal(0, math.sqrt(share), units)[place] + rng.normal(0, math.sqrt(1 - share), units * each)
    return pd.DataFrame({"place": place, "score": scores})


def test_the_correlation_of_persons_equals_hand_arithmetic() -> None:
    """Three pairs with means 1.5, 4.5 and 8 have mean squares of 21.17 between and 0.333 within, so 0.969."""
    frame = pd.DataFrame({"place": list("aabbcc"), "score": [1, 2, 4, 5, 8, 8]})
    between, within = 2 * ((1.5 - 14 / 3) ** 2 + (4.5 - 14 / 3) ** 2 + (8 - 14 / 3) ** 2) / 2, 1 / 3
    found = intraclass_correlation(frame, outcome="score", unit="place")
    assert found.value == pytest.approx((between - within) / (between + within), rel=EXACT)


def test_a_planted_correlation_of_persons_is_found() -> None:
    """Over 200 surveys of 6 districts the 95 % interval holds a correlation of 0.05 in about 95 per cent."""
    found = [intraclass_correlation(persons(6, 100, 0.05, seed), outcome="score", unit="place") for seed in range(200)]
    assert 0.92 <= np.mean([one.ci_low <= 0.05 <= one.ci_high for one in found]) <= 0.98
    assert np.mean([one.value for one in found]) == pytest.approx(0.05, abs=0.01)
    assert "6 units say little" in found[0].cautions[0]
    many = intraclass_correlation(persons(500, 20, 0.3), outcome="score", unit="place")
    assert many.value == pytest.approx(0.3, abs=0.05)
    assert many.cautions == ()


def test_a_correlation_of_persons_does_not_depend_on_unit_or_order() -> None:
    """Another unit of measure, a shift and the order of rows change nothing."""
    frame = persons(6, 30, 0.1)
    base = intraclass_correlation(frame, outcome="score", unit="place")
    moved = frame.assign(score=50 + 1000 * frame["score"]).sample(frac=1, random_state=2)
    other = intraclass_correlation(moved, outcome="score", unit="place")
    assert (other.value, other.ci_low, other.ci_high) == pytest.approx(
        (base.value, base.ci_low, base.ci_high), rel=1e-9
    )


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (persons(2, 30, 0.1), "60 persons in 2 of 'place'"),
        (persons(6, 1, 0.1), "6 persons in 6 of 'place'"),
        (persons(6, 5, 1.0), "of all persons of one 'place' is the same"),
        (persons(6, 5, 0.1).assign(score="high"), "not a column of numbers"),
    ],
)
def test_persons_that_tell_no_correlation_are_refused(frame: pd.DataFrame, words: str) -> None:
    """Two units, one person each, unit averages and words are refused in a sentence."""
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        intraclass_correlation(frame, outcome="score", unit="place")
    pd.testing.assert_frame_equal(frame, copy)


def test_a_worthwhile_effect_in_per_cent_is_refused() -> None:
    """15 is no ratio that a pilot reaches: 15 per cent more is 1.15."""
    found = spread_of(past())
    with pytest.raises(DesignError, match=r"worthwhile is 15, a ratio that no pilot reaches. Give 0.85"):
        plan_power(found, n_treated=3, n_control=3, worthwhile=15)
    with pytest.raises(DesignError, match=r"spread is of type Estimate. Give what pre_period_spread returned"):
        plan_power(found.estimate, n_treated=3, n_control=3)


def test_half_a_unit_and_a_correlation_of_one_person_are_refused() -> None:
    """Units are whole, and one person in a unit is alike to no one."""
    with pytest.raises(DesignError, match=r"n_treated is 2.5. Give a whole number"):
        power(1, 1, n_treated=2.5, n_control=3)
    with pytest.raises(DesignError, match=r"n_control is 3.5. Give a whole number"):
        plan_power(spread_of(past()), n_treated=2, n_control=3.5)
    with pytest.raises(DesignError, match=r"icc is 0.1 but persons is 1"):
        power(1, 1, n_treated=3, n_control=3, icc=0.1)


def test_a_ratio_given_for_its_logarithm_is_cautioned() -> None:
    """An effect of 0.85 with counts is more than a doubling; the caution says what it was taken for."""
    few = {"n_treated": 3, "n_control": 3, "before": 4, "after": 4, "sd_shock": 0.1, "events": 50, "draws": 100}
    assert "so as 134 per cent higher" in simulate_power(0.85, **few).cautions[0]
    assert not simulate_power(-0.16, **few).cautions
