"""The structural counterfactual: forecasts from before the start, their joint uncertainty, and no series too short."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda.errors import DesignError
from oda.evaluate import StructuralCounterfactual, sentence, structural_counterfactual
from oda.evaluate.series import structural_fit
from oda.evaluate.series.structural_fit import SHARES, Forecast, forecast_series
from oda.evaluate.series.structural_gaps import Reading, cumulative_gap, mean_gap

EXACT = 1e-10  # relative; rounding alone
DRAWS = 200  # of made-up series; the standard error of a coverage of 95 per cent is 1.5 points
COVERED = 0.905  # three such standard errors below
START = pd.Period("2023-01", freq="M")


def series(
    before: int = 60, after: int = 12, *, seed: int = 1, ratio: float = 0.8, wander: float = 0.01
) -> pd.DataFrame:
    """Return a monthly rate with a season, a wandering level that another place shares, and a step at START."""
    rng = np.random.default_rng(seed)
    n = before + after
    steps = np.arange(n) - before
    level = np.cumsum(rng.normal(0, wander, n)) + 0.1 * np.sin(2 * np.pi * steps / 12)
    here = np.exp(5 + level + rng.normal(0, 0.03, n)) * np.where(steps >= 0, ratio, 1)
    there = np.exp(4.5 + level + rng.normal(0, 0.03, n))
    months = pd.period_range(START - before, periods=n, freq="M")
    return pd.DataFrame({"month": months, "calls": here, "elsewhere": there})


def estimate(frame: pd.DataFrame, **more: object) -> StructuralCounterfactual:
    """Return the structural counterfactual of a frame of `series`."""
    return structural_counterfactual(
        frame, **{"outcome": "calls", "time": "month", "start": START, "comparison": ["elsewhere"], **more}
    )


def figures(found: StructuralCounterfactual) -> list[float]:
    """Return the figures of the mean gap and of the shift."""
    shift = [found.shift.value, found.shift.std_error] if found.shift else []
    return [*(getattr(found.average, name) for name in ("value", "ci_low", "ci_high", "std_error", "p_value")), *shift]


def slow(y: np.ndarray, x: np.ndarray, ratio: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Return forecast, covariance and restricted likelihood of one ratio of variances, from whole matrices."""
    n, steps = len(y), np.arange(1, len(x) + 1)
    whole = np.minimum.outer(steps, steps) * ratio + np.eye(len(x))
    inverse = np.linalg.inv(whole[:n, :n])
    information = x[:n].T @ inverse @ x[:n]
    beta = np.linalg.solve(information, x[:n].T @ inverse @ y)
    miss, carry = y - x[:n] @ beta, whole[n:, :n] @ inverse
    variance = float(miss @ inverse @ miss) / (n - x.shape[1])
    rest = x[n:] - carry @ x[:n]
    covariance = whole[n:, n:] - carry @ whole[:n, n:] + rest @ np.linalg.inv(information) @ rest.T
    dets = np.linalg.slogdet(whole[:n, :n])[1] + np.linalg.slogdet(information)[1]
    likelihood = -0.5 * ((n - x.shape[1]) * math.log(variance) + dets)
    return x[n:] @ beta + carry @ miss, variance * covariance, float(likelihood)


def test_the_forecast_is_the_best_linear_prediction_averaged_over_how_much_the_level_wanders() -> None:
    """Mean and whole covariance are those of generalised least squares at twenty ratios, reckoned the slow way."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=46)
    y = 3 + 0.5 * x[:40] + np.cumsum(rng.normal(0, 0.5, 40)) + rng.normal(0, 1, 40)
    found = forecast_series(y, x[:, None], 40, 0)
    design = np.column_stack([np.ones(46), x])
    each = [slow(y, design, (share / (1 - share)) ** 2) for share in SHARES]
    weights = np.exp([one[2] - max(one[2] for one in each) for one in each])
    weights /= weights.sum()
    mean = sum(w * one[0] for w, one in zip(weights, each, strict=True))
    spread = sum(w * (one[1] + np.outer(one[0] - mean, one[0] - mean)) for w, one in zip(weights, each, strict=True))
    assert found.mean == pytest.approx(mean, rel=1e-6)  # values are standardised to nine decimals
    assert found.covariance == pytest.approx(spread, rel=1e-6)
    assert found.df == 38


def test_the_variances_have_the_largest_restricted_likelihood() -> None:
    """No other pair of variances on a fine grid makes the differences between periods more likely."""
    rng = np.random.default_rng(4)
    y = np.cumsum(rng.normal(0, 0.5, 60)) + rng.normal(0, 1, 60)
    found = forecast_series(y, np.empty((61, 0)), 60, 0)
    steps = np.diff(y)

    def likelihood(irregular: float, level: float) -> float:
        near = -irregular * (np.eye(59, k=1) + np.eye(59, k=-1))
        return float(stats.multivariate_normal(cov=near + np.eye(59) * (level + 2 * irregular)).logpdf(steps))

    best = likelihood(found.variances["irregular"], found.variances["level"])
    factors = (0.8, 0.95, 1.0, 1.05, 1.25)
    others = [
        likelihood(found.variances["irregular"] * a, found.variances["level"] * b) for a in factors for b in factors
    ]
    assert max(others) <= best + 1e-6


def test_a_level_that_does_not_wander_gives_the_prediction_of_least_squares() -> None:
    """With the level's share at nought, the mean gap and its error are those of a mean before and a mean after."""
    y = np.random.default_rng(0).normal(0, 1, 30)
    y = np.round((y - y.mean()) / y.std(), 9)
    inputs = np.empty((34, 0))
    found, model = structural_fit._fit(y, inputs[:30], 0, regression="states")
    mean, covariance, _ = structural_fit._forecast_at(model, 1e-9, found.params, inputs)
    assert mean == pytest.approx(np.zeros(4), abs=1e-8)
    assert math.sqrt(covariance.mean()) == pytest.approx(y.std(ddof=1) * math.sqrt(1 / 30 + 1 / 4), rel=1e-7)


def test_a_planted_fall_is_found() -> None:
    """A fall of 20 per cent lies in the interval, and the interval is a few per cent wide."""
    found = estimate(series(), season=12)
    assert found.average.ci_low <= 0.8 <= found.average.ci_high
    assert found.average.ci_high / found.average.ci_low < 1.25
    assert found.shift is not None
    assert found.shift.value == pytest.approx(0.8, abs=0.06)
    total = found.series["gap"].sum()
    assert found.cumulative.value == pytest.approx(total, rel=EXACT)
    assert found.cumulative.value == pytest.approx(found.series["cumulative_gap"].iloc[-1], rel=EXACT)


@pytest.mark.slow
def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Over 200 series whose level wanders, 95 % intervals of the mean gap hold none at least 90.5 times in 100."""
    found = []
    for seed in range(DRAWS):
        y = np.random.default_rng(seed).normal(0, 1, (2, 52))
        level = np.cumsum(0.3 * y[0])
        told = forecast_series((level + y[1])[:40], np.empty((52, 0)), 40, 0)
        gap = float(((level + y[1])[40:] - told.mean).mean())
        found.append(abs(gap) < stats.t.ppf(0.975, told.df) * math.sqrt(told.covariance.mean()))
    assert np.mean(found) >= COVERED


def test_a_sum_has_the_uncertainty_of_all_periods_together() -> None:
    """Errors that periods share do not cancel: with a shared error of 1, a sum over 4 has an error of 4 and not 2."""
    told = Forecast(
        mean=np.full(4, 10.0),
        covariance=np.ones((4, 4)),
        one_step=np.ones(3),
        one_step_error=1.0,
        variances={},
        df=1000,
    )
    reading = Reading(outcome="calls", scale="difference", level=0.95, n=30, method="m")
    mean = mean_gap(np.full(4, 12.0), told, reading)
    assert (mean.value, mean.std_error) == pytest.approx((2, 1))
    found = cumulative_gap(np.full(4, 12.0), told, reading)
    assert found.value == pytest.approx(8)
    assert found.std_error == pytest.approx(4)
    assert found.ci_high - found.value == pytest.approx(4 * stats.t.ppf(0.975, 1000), rel=1e-9)


def test_a_comparison_series_narrows_the_interval() -> None:
    """A place that shares the wandering level tells more of what would have been."""
    frame = series(wander=0.05)
    alone, beside = estimate(frame, comparison=[]).average, estimate(frame).average
    assert (beside.std_error or 0) < 0.8 * (alone.std_error or 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.sample(frac=1, random_state=4),
        lambda frame: frame.assign(calls=frame["calls"] * 7.3),
        lambda frame: frame.assign(elsewhere=frame["elsewhere"] / 1000),
        lambda frame: frame.assign(other=np.nan),
    ],
    ids=["rows shuffled", "other unit", "other unit of the comparison", "another column"],
)
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """The order of rows and the units of both series reach no relative figure."""
    assert figures(estimate(change(series()))) == pytest.approx(figures(estimate(series())), rel=EXACT)


def test_a_shift_of_the_figures_is_no_effect() -> None:
    """On the difference scale, adding a thousand to every figure changes no gap."""
    frame = series()
    here = estimate(frame, scale="difference").average
    there = estimate(frame.assign(calls=frame["calls"] + 1000), scale="difference").average
    assert there.value == pytest.approx(here.value, rel=1e-8)
    assert there.p_value == pytest.approx(here.p_value, rel=1e-7)


def test_nothing_from_after_the_start_reaches_the_counterfactual() -> None:
    """Figures from the start on can be anything: what is foretold stays."""
    frame = series()
    wild = frame.assign(calls=frame["calls"].where(frame["month"] < START, frame["calls"] ** 1.5))
    told = [estimate(one).series["counterfactual"].dropna().to_numpy() for one in (frame, wild)]
    assert told[1] == pytest.approx(told[0], rel=EXACT)


def test_the_placebo_finds_a_gap_that_was_there_before() -> None:
    """A fall that came half a year before the start is found by the placebo, and the estimate says so."""
    frame = series(wander=0.0)
    early = frame["calls"].where(frame["month"] < START - 6, frame["calls"] * 0.6)
    found = estimate(frame.assign(calls=early), comparison=[])
    assert found.placebo is not None
    assert any("gap before the start too" in said for said in found.average.cautions)
    assert not any("gap before the start too" in said for said in estimate(frame).average.cautions)


def test_a_placebo_needs_periods_to_spare() -> None:
    """With the fewest periods before there is none, and the estimate says so."""
    found = estimate(series(before=20), comparison=[])
    assert found.placebo is None
    assert any("too few to try" in said for said in found.average.cautions)
    assert estimate(series(after=7)).shift is None


def test_the_sentence_gives_per_cents_from_logs() -> None:
    """An effect of -0.236 on the logarithm is said as 21 per cent lower, not 23.6."""
    said = sentence(estimate(series(ratio=math.exp(-0.236), wander=0.001)), subject="The rate of calls")
    assert said.startswith(
        "The rate of calls was 21 per cent lower than the forecast from before the start (95% interval:"
    )
    assert "In all that is" in said
    for verdict in ("significant", "proves", "strongly"):
        assert verdict not in said


def test_a_shift_near_nothing_is_not_said_to_be_none() -> None:
    """A lasting step about nothing with a wide interval cannot be told from no difference, and the sentence says so."""
    found = estimate(series())
    assert found.shift is not None
    near = dataclasses.replace(found.shift, value=1.001, ci_low=0.5, ci_high=2.0)
    said = sentence(dataclasses.replace(found, shift=near))
    assert "As a lasting step it was about the same as the forecast from before the start (95% interval" in said
    assert said.endswith("The data cannot tell this from no difference.")
    assert "unchanged" not in said


@pytest.mark.parametrize(("wander", "told"), [(0.0, False), (1.0, True), (30.0, True)])
def test_a_wandering_level_is_a_caution(wander: float, told: bool) -> None:  # noqa: FBT001  a parameter
    """Where the level wanders by a good part of the noise, the interval is too narrow, and it says so."""
    rng = np.random.default_rng(1)
    frame = series().assign(calls=900 + rng.normal(0, 1, 72) + np.cumsum(rng.normal(0, wander, 72)))
    said = estimate(frame, comparison=[]).average.cautions
    assert any("The level before the start wanders by steps of" in one for one in said) == told


@pytest.mark.parametrize(
    ("broken", "options", "words"),
    [
        (lambda f: f.drop(columns="elsewhere"), {}, r"No column 'elsewhere'"),
        (
            lambda f: f.assign(elsewhere=f["elsewhere"].where(f.index != 70)),
            {},
            r"A value is missing of 72 rows: 'else",
        ),
        (lambda f: f.assign(calls=f["calls"].where(f.index != 3, 0)), {}, r"'calls' of 1 of 72 rows is not above 0"),
        (lambda f: f.drop(index=5), {}, r"^1 of 72 periods of 'month' have no row"),
        (lambda f: pd.concat([f, f.iloc[:1]]), {}, r"^1 of 73 rows repeat a period"),
        (lambda f: f.iloc[41:], {}, r"^19 periods before the start. With no season and 1 comparison series.* needs 20"),
        (lambda f: f.iloc[25:], {"season": 12}, r"^35 periods before the start. With a season of 12.* needs 36"),
        (lambda f: f.iloc[:60], {}, r"^60 periods before the start and 0 from it on"),
        (lambda f: f.assign(elsewhere=5.0), {}, r"^A series is 1.609\d* in all of 60 periods"),
        (lambda f: f, {"comparison": "elsewhere"}, r"Give a list of column names"),
        (lambda f: f, {"scale": "log"}, r"scale is 'log'"),
        (lambda f: f, {"season": 1}, r"season is 1"),
        (lambda f: f, {"level": 95}, r"level is 95"),
    ],
)
def test_a_broken_design_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], options: dict[str, object], words: str
) -> None:
    """Each series that cannot bear the forecast is refused in a sentence, and the data stay as they were."""
    frame = broken(series())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        estimate(frame, **options)
    pd.testing.assert_frame_equal(frame, copy)


def test_the_data_are_left_alone() -> None:
    """Estimating changes nothing in the frame that was handed over."""
    frame = series()
    copy = frame.copy(deep=True)
    estimate(frame)
    pd.testing.assert_frame_equal(frame, copy)
