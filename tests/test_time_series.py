"""Interrupted time series: the published law, planted steps and slopes, honest errors, and no series too short."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.regression.linear_model import OLS

from oda.errors import DesignError
from oda.evaluate import InterruptedSeries, interrupted_time_series, newey_west, sentence
from oda.evaluate.series.interrupted_fit import Model, design_of
from oda.evaluate.series.spline import spline_terms

EXACT = 1e-10  # relative; rounding alone
SOLVED = 1e-7  # relative; statsmodels stops iterating at about this
PLANTED = 1e-8  # relative; noise that is orthogonal to the design leaves the coefficients as planted
DRAWS = 200  # of a null; the standard error of a 5 per cent rate is 1.5 points
SIZE = (0.01, 0.09)  # nearly three such standard errors about 5 per cent
START = pd.Period("2023-01", freq="M")


def counts(n: int = 48, before: int = 24, *, seed: int = 1, ratio: float = 0.8, season: float = 0.1) -> pd.DataFrame:
    """Return monthly counts of some hundreds with a growing population, a season and a step at START."""
    rng = np.random.default_rng(seed)
    steps = np.arange(n) - before
    people = np.linspace(9_000, 11_000, n)
    mean = (
        people / 20 * np.exp(0.002 * steps + season * np.sin(2 * np.pi * steps / 12)) * np.where(steps >= 0, ratio, 1)
    )
    shocks = rng.gamma(200, 1 / 200, n)
    return pd.DataFrame(
        {
            "month": pd.period_range(START - before, periods=n, freq="M"),
            "n": rng.poisson(mean * shocks),
            "people": people,
        }
    )


def estimate(frame: pd.DataFrame, **more: object) -> InterruptedSeries:
    """Return the interrupted time series of a frame of `counts`."""
    return interrupted_time_series(
        frame, **{"outcome": "n", "time": "month", "start": START, "exposure": "people", "harmonics": 1, **more}
    )


def measured(n: int = 48, before: int = 24, seed: int = 1, rho: float = 0.0, step: float = 0.0) -> pd.DataFrame:
    """Return a monthly measurement about 50 with AR(1) noise of spread 1 and a step."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=n)
    noise[0] /= math.sqrt(1 - rho**2)
    for month in range(1, n):
        noise[month] += rho * noise[month - 1]
    level = 50 + noise + step * (np.arange(n) >= before)
    return pd.DataFrame({"month": pd.period_range(START - before, periods=n, freq="M"), "wait": level})


def line(frame: pd.DataFrame, **more: object) -> InterruptedSeries:
    """Return the interrupted time series of a frame of `measured`."""
    return interrupted_time_series(frame, **{"outcome": "wait", "time": "month", "start": START, **more})


def figures(found: InterruptedSeries) -> list[float]:
    """Return every figure of the three effects."""
    effects = [found.level_change, found.average_change, *([found.slope_change] if found.slope_change else [])]
    return [getattr(one, name) for one in effects for name in ("value", "ci_low", "ci_high", "std_error", "p_value")]


def twin(frame: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return a series and its comparison, one below the other."""
    return pd.concat([frame.assign(here=True), other.assign(here=False)], ignore_index=True)


def test_without_trend_it_is_the_difference_of_two_means() -> None:
    """Before 10, 12, 10, 12 ... and after 14, 16 ...: the no-trend variant is 4, its error that of two means."""
    frame = measured(16, 8).assign(wait=[10.0, 12.0] * 4 + [14.0, 16.0] * 4)
    variants = line(frame, family="gaussian").variants.set_index("trend")
    assert variants.loc["none", "level_change"] == pytest.approx(4, rel=EXACT)
    error = math.sqrt(16 / 14 * (1 / 8 + 1 / 8))
    reach = 2.1447866879169273 * error  # t with 14 degrees of freedom
    assert variants.loc["none", "level_change_low"] == pytest.approx(4 - reach, rel=1e-9)


def test_level_and_slope_are_read_at_the_start() -> None:
    """Falling by 1 a month from 100, and from month 20 by 3: the line drops by 7 at the start and by 2 more a month."""
    steps = np.arange(40) - 20
    wiggle = np.tile([1.0, -1.0, -1.0, 1.0], 10)  # orthogonal to level and slope on each side
    wait = 100 - 1.0 * (steps + 1) - np.where(steps >= 0, 7 + 2 * (steps + 1), 0) + 0.01 * wiggle
    found = line(measured(40, 20).assign(wait=wait))
    assert found.slope_change is not None
    assert found.level_change.value == pytest.approx(-7, rel=PLANTED)
    assert found.slope_change.value == pytest.approx(-2, rel=PLANTED)
    assert found.average_change.value == pytest.approx(-7 - 2 * np.mean(np.arange(1, 21)), rel=PLANTED)
    after = found.series[found.series["step"] >= 0]
    assert after["counterfactual"].to_numpy() == pytest.approx(100 - np.arange(1, 21), rel=1e-6)


def test_a_planted_fall_of_counts_is_found() -> None:
    """Counts of 20,000 a month that fall by 20 per cent give a ratio of 0.8 within its own small interval."""
    frame = counts(96, 48, ratio=0.8)
    frame["n"] = np.round(frame["people"] * 2 * np.exp(0.001 * np.arange(96)) * np.where(np.arange(96) >= 48, 0.8, 1))
    found = estimate(frame, harmonics=0)
    assert found.level_change.value == pytest.approx(0.8, rel=1e-4)  # counts are rounded to whole ones
    assert found.average_change.value == pytest.approx(0.8, rel=1e-4)


@pytest.mark.parametrize("slope", [True, False])
@pytest.mark.parametrize("family", ["poisson", "quasi-poisson"])
def test_counts_equal_the_regression_of_statsmodels(family: str, *, slope: bool) -> None:
    """Coefficients, errors and Pearson's dispersion are those of statsmodels' Poisson model with offset."""
    frame = counts()
    found = estimate(frame, family=family, slope_change=slope)
    design = found.fits[0].design
    scale = "X2" if family == "quasi-poisson" else 1
    fit = GLM(frame["n"], design, family=Poisson(), offset=np.log(frame["people"])).fit(tol=1e-14, scale=scale)
    assert found.fits[0].coefficients == pytest.approx(np.asarray(fit.params), rel=SOLVED, abs=SOLVED)
    assert found.terms["std_error"].to_numpy() == pytest.approx(np.asarray(fit.bse), rel=SOLVED)
    assert found.dispersion == pytest.approx(float(fit.pearson_chi2) / fit.df_resid, rel=SOLVED)
    assert found.level_change.df == (48 - design.shape[1] if family == "quasi-poisson" else None)


def test_independent_errors_equal_least_squares() -> None:
    """Without AR(1) errors a measurement is regressed by ordinary least squares with t of n - p."""
    frame = measured(step=2)
    found = line(frame)
    fit = OLS(frame["wait"].to_numpy(), found.fits[0].design).fit()
    assert found.terms["coefficient"].to_numpy() == pytest.approx(fit.params, rel=1e-9)
    assert found.terms["p_value"].to_numpy() == pytest.approx(fit.pvalues, rel=1e-7)


def test_the_ar1_parameter_has_the_largest_restricted_likelihood() -> None:
    """The parameter is that of the restricted likelihood reckoned the slow way, from the whole covariance matrix."""
    frame = measured(60, 30, rho=0.6, seed=3)
    found = line(frame, errors="ar1")
    x, y = found.fits[0].design, frame["wait"].to_numpy()
    n, p = x.shape

    def likelihood(rho: float) -> float:
        matrix = rho ** np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / (1 - rho**2)
        inverse = np.linalg.inv(matrix)
        middle = x.T @ inverse @ x
        miss = y - x @ np.linalg.solve(middle, x.T @ inverse @ y)
        dets = np.linalg.slogdet(matrix)[1] + np.linalg.slogdet(middle)[1]
        return float(-0.5 * ((n - p) * math.log(miss @ inverse @ miss) + dets))

    grid = np.arange(-0.9, 0.95, 0.001)
    assert found.rho == pytest.approx(grid[np.argmax([likelihood(rho) for rho in grid])], abs=0.001)


def test_ar1_without_autocorrelation_is_least_squares() -> None:
    """Where the AR(1) parameter is nought, the estimate is that of independent errors."""
    model = Model(family="gaussian", autoregressive=True, harmonics=0, season=12, first_exposed=1)
    frame = measured(200, 100, seed=5)
    plain, ar = line(frame), line(frame, errors="ar1")
    assert abs(ar.rho or 0) < 0.15
    assert ar.level_change.value == pytest.approx(plain.level_change.value, abs=0.1 * plain.level_change.std_error)
    assert set(design_of(np.arange(-8, 8), "linear", model)) == {"intercept", "level change", "trend"}


def test_a_comparison_series_takes_out_what_both_share() -> None:
    """With its own rise of a tenth taken from a comparison series, the ratio is the ratio of the two level changes."""
    one, other = counts(seed=1, ratio=0.8), counts(seed=2, ratio=1.1)
    both = estimate(twin(one, other), treated="here")
    alone = [estimate(frame) for frame in (one, other)]
    assert both.level_change.value == pytest.approx(
        alone[0].level_change.value / alone[1].level_change.value, rel=EXACT
    )
    errors = [found.level_change.std_error or 0 for found in alone]
    assert both.level_change.std_error == pytest.approx(math.hypot(*errors), rel=EXACT)
    assert 41 < (both.level_change.df or 0) < 84
    assert both.slope_change is not None
    assert not any("comparison series" in said for said in both.level_change.cautions)
    assert any("no comparison series" in said for said in alone[0].level_change.cautions)


def test_a_comparison_series_that_moves_alike_leaves_no_effect() -> None:
    """A series set against a copy of itself has a ratio of 1."""
    found = estimate(twin(counts(), counts()), treated="here")
    assert found.level_change.value == pytest.approx(1, rel=EXACT)
    last = found.series[found.series["treated"]].iloc[-1]
    assert last["counterfactual"] == pytest.approx(last["fitted"], rel=1e-9)


@pytest.mark.parametrize("family", ["quasi-poisson", "poisson", "log-gaussian"])
@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.sample(frac=1, random_state=4),
        lambda frame: frame.assign(people=frame["people"] * 10),
        lambda frame: frame.assign(month=frame["month"].dt.year * 12.0 + frame["month"].dt.month),
        lambda frame: frame.assign(other=np.nan),
    ],
    ids=["rows shuffled", "people in tens", "months as numbers", "another column"],
)
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame], family: str) -> None:
    """The order of rows, the unit of the population, the form of dates and other columns reach no figure."""
    changed = change(counts())
    start = START if isinstance(changed["month"].iloc[0], pd.Period) else 2023 * 12 + 1
    there = figures(estimate(changed, family=family, start=start))
    assert there == pytest.approx(figures(estimate(counts(), family=family)), rel=1e-9)


def test_a_measurement_can_be_shifted_and_scaled() -> None:
    """In other units the effect is in those units, and its p is the same."""
    frame = measured(rho=0.4, step=2)
    here = line(frame, errors="ar1").level_change
    there = line(frame.assign(wait=1000 + 60 * frame["wait"]), errors="ar1").level_change
    assert there.value == pytest.approx(60 * here.value, rel=1e-8)  # the AR(1) parameter has six decimals
    assert there.p_value == pytest.approx(here.p_value, rel=1e-7)


def test_the_start_may_be_written_as_text() -> None:
    """`2023-01` is the month of January 2023."""
    assert figures(estimate(counts(), start="2023-01")) == figures(estimate(counts()))


def test_zero_counts_are_counted() -> None:
    """Months without an event stay in: the no-trend ratio is that of all events over all months."""
    frame = counts(32, 16).assign(n=[0, 3, 1, 0, 2, 0, 1, 5] * 4, people=1000.0)
    frame.loc[16:, "n"] = [0, 1, 0, 0, 2, 0, 0, 3] * 2
    found = estimate(frame, harmonics=0)
    assert found.level_change.n_obs == 32
    assert found.variants.set_index("trend").loc["none", "level_change"] == pytest.approx(12 / 24, rel=1e-9)


def test_every_form_of_the_trend_stands_beside_the_headline() -> None:
    """Linear with and without slope change, none and spline are always given, and the headline is one of them."""
    found = estimate(counts(), slope_change=False)
    assert list(found.variants["trend"]) == ["linear, slope change", "linear", "none", "spline"]
    head = found.variants[found.variants["headline"]]
    assert head["trend"].tolist() == ["linear"]
    assert head["level_change"].item() == found.level_change.value
    plain = found.variants.set_index("trend")
    assert plain.loc["spline", "level_change"] == plain.loc["spline", "average_change"]


def test_a_trend_that_decides_is_said() -> None:
    """A steady fall with no step is no effect, but is one without a trend; the estimate says that the form decides."""
    steps = np.arange(60)
    frame = measured(60, 30, seed=2).assign(wait=lambda f: f["wait"] - 0.5 * steps)
    found = line(frame, slope_change=False)
    assert any("depends on the form of the trend" in said for said in found.level_change.cautions)
    assert found.variants.set_index("trend").loc["none", "level_change"] < -10
    assert abs(found.level_change.value) < 2


def test_the_spline_is_straight_beyond_its_knots_and_smooth_between() -> None:
    """The columns are those of Harrell's formula, and straight in time at both ends."""
    times = np.linspace(0, 100, 401)
    for column in spline_terms(times):
        assert np.abs(np.diff(column[times > 95.5], 2)).max() < 1e-9
        assert np.abs(np.diff(column[times < 4.5], 2)).max() < 1e-9
        assert np.abs(np.diff(column, 3)).max() < 1e-4  # no jump of the curvature


def test_a_first_period_half_exposed_counts_as_half() -> None:
    """When the start falls in the middle of a month whose effect is half, the whole effect is still found."""
    wiggle = np.tile([1.0, -1.0, -1.0, 1.0], 10) * 0.01
    post = np.r_[np.zeros(20), 0.5, np.ones(19)]
    frame = measured(40, 20).assign(wait=50 - 6 * post + wiggle)
    half, whole = (line(frame, slope_change=False, first_exposed=share).level_change.value for share in (0.5, 1.0))
    assert half == pytest.approx(-6, rel=1e-3)
    assert whole > -5.95


def test_errors_that_are_alike_are_said() -> None:
    """With errors of autocorrelation 0.7 the estimate says that its interval is too narrow, and AR(1) widens it."""
    frame = measured(80, 40, rho=0.7, seed=1)
    plain, ar = line(frame), line(frame, errors="ar1")
    assert any("too narrow: see errors='ar1'" in said for said in plain.level_change.cautions)
    assert (ar.level_change.std_error or 0) > 1.3 * (plain.level_change.std_error or 0)
    first = ar.autocorrelation[ar.autocorrelation["lag"] == 1]["value"].item()
    assert abs(first) < 0.25


def test_a_season_left_out_is_said() -> None:
    """Residuals a year apart that are alike point to the season."""
    found = estimate(counts(72, 36, season=0.4), harmonics=0)
    assert any("12 periods apart" in said or "neighbouring" in said for said in found.level_change.cautions)
    assert not any("12 periods apart" in said for said in estimate(counts(72, 36, season=0.4)).level_change.cautions)


def test_ar1_from_few_points_is_called_approximate() -> None:
    """Below 50 points the estimate says that a true null is rejected too often; from 50 on it does not."""
    few, many = (line(measured(n, n // 2), errors="ar1").level_change for n in (48, 50))
    assert any("approximate" in said for said in few.cautions)
    assert not any("approximate" in said for said in many.cautions)


def test_poisson_says_when_counts_vary_more() -> None:
    """Where counts vary twice as much as Poisson allows, a Poisson interval says that it is too narrow."""
    frame = counts().assign(n=lambda f: np.round(f["n"] * np.tile([0.9, 1.1], 24)).astype(int))
    assert any("quasi-poisson" in said for said in estimate(frame, family="poisson").level_change.cautions)


def test_newey_west_is_the_sandwich_of_statsmodels() -> None:
    """On 60 points the error is statsmodels' HAC error without small-sample factor; the estimate is unchanged."""
    frame = measured(60, 30, rho=0.3)
    found = line(frame)
    fit = OLS(frame["wait"].to_numpy(), found.fits[0].design).fit(
        cov_type="HAC", cov_kwds={"maxlags": 4, "use_correction": False}
    )
    place = found.fits[0].terms.index("level change")
    other = newey_west(found, lags=4)
    assert other.value == found.level_change.value
    assert other.std_error == pytest.approx(fit.bse[place], rel=1e-9)
    assert other.df == 56


@pytest.mark.parametrize("n", [24, 36, 59])
def test_newey_west_is_refused_below_60_points(n: int) -> None:
    """Below 60 points Newey-West errors are refused with the reason; a published figure is reached with a caution."""
    found = line(measured(n, n // 2))
    with pytest.raises(DesignError, match=rf"^{n} periods are too few for Newey-West"):
        newey_west(found, lags=3)
    assert any("too few" in said for said in newey_west(found, lags=3, replicate=True).cautions)


def test_newey_west_is_refused_where_it_has_no_place() -> None:
    """AR(1) errors, two series and silly lags are refused."""
    with pytest.raises(DesignError, match=r"AR\(1\) errors"):
        newey_west(line(measured(60, 30), errors="ar1"), lags=3)
    with pytest.raises(DesignError, match=r"^2 series"):
        newey_west(estimate(twin(counts(72, 36), counts(72, 36)), treated="here"), lags=3)
    with pytest.raises(DesignError, match=r"^40 lags for 60 periods"):
        newey_west(line(measured(60, 30)), lags=40)


@pytest.mark.parametrize("n", [24, 60])
def test_a_true_null_is_rejected_one_time_in_twenty(n: int) -> None:
    """Without autocorrelation the headline rejects about 5 times in 100, with 24 points as with 60."""
    found = [line(measured(n, n // 2, seed=seed), slope_change=False).level_change.p_value for seed in range(DRAWS)]
    assert SIZE[0] <= np.mean(np.array(found) < 0.05) <= SIZE[1]


def test_intervals_of_counts_hold_the_truth_as_often_as_they_say() -> None:
    """Over 200 series of counts with shocks beyond Poisson, 95 % intervals hold the planted 0.8 as they should."""
    found = [estimate(counts(seed=seed)).level_change for seed in range(DRAWS)]
    assert 1 - SIZE[1] <= np.mean([one.ci_low <= 0.8 <= one.ci_high for one in found]) <= 1 - SIZE[0]


def test_the_sentence_says_size_interval_and_the_forms_of_the_trend() -> None:
    """The sentence gives per cents as 100 (exp b - 1), the slope, the mean effect and the range over forms."""
    said = sentence(estimate(counts()), subject="The rate of falls")
    assert said.startswith("At the start the rate of falls was ")
    for words in (
        "per cent lower",
        "95% interval",
        "Its slope changed by",
        "Over all periods after, its mean was",
        "forms of the trend",
    ):
        assert words in said
    for verdict in ("significant", "proves", "strongly"):
        assert verdict not in said
    assert "wait" in sentence(line(measured(step=3)), subject="The wait")


def test_a_wide_interval_about_no_change_is_not_said_to_be_no_change() -> None:
    """A mean effect near nothing is about what the trend would have given, and the data cannot tell it from none."""
    frame = counts(ratio=1.0)
    found = estimate(frame.assign(n=np.where(np.arange(48) % 2, frame["n"] * 2, frame["n"])))
    mean = found.average_change
    near = dataclasses.replace(mean, value=1.001, ci_low=0.38, ci_high=2.66)
    said = sentence(dataclasses.replace(found, average_change=near))
    assert "unchanged" not in said
    assert "Over all periods after, its mean was about the same as the earlier trend would have given (95%" in said
    assert "166 per cent higher). The data cannot tell this from no difference." in said


@pytest.mark.parametrize(
    ("broken", "options", "words"),
    [
        (lambda f: f.drop(columns=["n", "people"]), {}, r"No column 'n', 'people'"),
        (lambda f: f.assign(n=f["n"].where(f.index != 3)), {}, r"A value is missing of 48 rows: 'n' in 1"),
        (lambda f: f.assign(n=f["n"].where(f.index != 3, -1)), {}, r"^1 of 48 values of 'n' cannot be quasi-poisson"),
        (lambda f: f.assign(n=f["n"].astype(str)), {}, r"'n' is not a column of numbers"),
        (lambda f: f.assign(people=0.0), {}, r"'people' of 48 of 48 rows is not above 0"),
        (lambda f: pd.concat([f, f.iloc[:2]]), {}, r"^2 of 50 rows repeat a period of 'month'"),
        (lambda f: f.iloc[17:], {}, r"^7 periods before the start and 24 from it on"),
        (lambda f: f.iloc[:31], {"harmonics": 0}, r"^24 periods before the start and 7 from it on"),
        (lambda f: f.iloc[12:36], {"harmonics": 2}, r"^2 pairs of harmonics for 24 periods.*at most 1"),
        (lambda f: f.iloc[14:34], {}, r"^1 pair of harmonics for 20 periods.*Use harmonics=0: "),
        (lambda f: f, {"harmonics": 7}, r"^7 pairs of harmonics for a season of 12"),
        (lambda f: f, {"start": "January"}, r"^The start 'January' is no time of 'month'"),
        (lambda f: f, {"start": pd.Period("2023", freq="Y")}, r"is no time of 'month'. Give a period"),
        (lambda f: f.assign(month=f["month"].dt.to_timestamp()), {}, r"Give pandas periods"),
        (lambda f: f.assign(n=f["n"].where(f["month"] < START, 0)), {}, r"^Nothing was counted from the start on"),
        (lambda f: f.assign(n=f["n"].where(f["month"] >= START, 0)), {}, r"^Nothing was counted before the start"),
        (lambda f: f, {"errors": "ar1"}, r"^AR\(1\) errors were asked of 48 of 48 periods, family quasi-poisson"),
        (lambda f: f.drop(index=30), {"errors": "ar1", "family": "log-gaussian"}, r"asked of 47 of 48 periods"),
        (lambda f: f, {"errors": "newey-west"}, r"Newey-West errors are a sensitivity: see newey_west"),
        (lambda f: f, {"family": "binomial"}, r"family is 'binomial'"),
        (lambda f: f, {"family": "gaussian"}, r"^A Gaussian has no exposure"),
        (lambda f: f.assign(n=f["n"].where(f.index > 0, 0)), {"family": "log-gaussian"}, r"which keeps zeros"),
        (lambda f: f, {"first_exposed": 0}, r"first_exposed is 0"),
        (lambda f: f, {"level": 95}, r"level is 95"),
        (lambda f: f.assign(here=True), {"treated": "here"}, r"'here' holds \['True'\]"),
        (lambda f: twin(f, f.iloc[1:]), {"treated": "here"}, r"^1 periods of 'month' have a row for one"),
        (lambda f: f.assign(n=f["people"]), {"harmonics": 0}, r"lie on the fitted line exactly"),
    ],
)
def test_a_broken_design_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], options: dict[str, object], words: str
) -> None:
    """Each series that cannot bear the estimate is refused in a sentence, and the data stay as they were."""
    frame = broken(counts())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        estimate(frame, **options)
    pd.testing.assert_frame_equal(frame, copy)


def test_a_month_left_out_is_said() -> None:
    """A gap is no zero: the month is left out, and the estimate says so."""
    found = estimate(counts().drop(index=30))
    assert any("1 of the 48 periods have no row" in said for said in found.level_change.cautions)


def test_the_data_are_left_alone() -> None:
    """Estimating changes nothing in the frame that was handed over."""
    frame = counts()
    copy = frame.copy(deep=True)
    estimate(frame)
    pd.testing.assert_frame_equal(frame, copy)
