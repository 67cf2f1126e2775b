"""Interrupted time series: the change of level and of slope when something began, in one series or against another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.columns import numbers
from oda.evaluate.series.interrupted_effects import (
    autocorrelations,
    effect_of,
    lines_of,
    say_cautions,
    say_method,
    terms_of,
)
from oda.evaluate.series.interrupted_fit import Family, Fit, Model, Trend, design_of, fit_series
from oda.evaluate.series.interrupted_rows import check_sides, series_rows
from oda.evaluate.words import percent_change, quantity, sentence

FEWEST = 8  # periods on each side
PAIR_PERIODS = 24  # a second pair of harmonics needs twice as many periods, and so on
TRENDS: tuple[Trend, ...] = ("linear, slope change", "linear", "none", "spline")


@dataclass(frozen=True, kw_only=True, slots=True)
class InterruptedSeries:
    """The changes of a series at a start, and what the answer rests on.

    Attributes
    ----------
    level_change
        Step at the start: a ratio for counts, a difference in the outcome's unit otherwise.
    slope_change
        Change of the trend per period, on the same scale; None where it was not asked for.
    average_change
        Mean effect over the periods after: the level change and, period by period, the slope change.
    variants
        One row a form of the trend (`linear, slope change`, `linear`, `none`, `spline`): `level_change` and
        `average_change`, each with `_low` and `_high`; `headline` marks the form asked for.
    series
        One row a period and series: `time`, `step` (0 in the first period after), `treated`, `observed`, `exposure`,
        `fitted` and `counterfactual` with `_low` and `_high`, in the outcome's unit. The counterfactual is missing
        before the start and in the comparison series.
    terms
        One row a term and series: `treated`, `term`, `coefficient`, `std_error` and `p_value`; of the logarithm for a
        ratio.
    autocorrelation
        One row a lag and series: `treated`, `lag`, `value` (of Pearson residuals, or of innovations where errors are
        AR(1)), `limit` (twice 1 / sqrt(n)).
    dispersion
        Of the treated series: Pearson's statistic over the residual degrees of freedom (1 is Poisson); the variance of
        the errors for a Gaussian.
    rho
        AR(1) parameter of the treated series; None where errors are taken as independent.
    fits
        The regressions, treated series first.
    """

    level_change: Estimate
    slope_change: Estimate | None
    average_change: Estimate
    variants: pd.DataFrame
    series: pd.DataFrame
    terms: pd.DataFrame
    autocorrelation: pd.DataFrame
    dispersion: float
    rho: float | None
    fits: tuple[Fit, ...]


def interrupted_time_series(
    data: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: object,
    exposure: str | None = None,
    treated: str | None = None,
    family: Family | Literal["auto"] = "auto",
    slope_change: bool = True,
    harmonics: int = 0,
    season: float = 12,
    errors: Literal["independent", "ar1"] = "independent",
    first_exposed: float = 1.0,
    level: float = 0.95,
) -> InterruptedSeries:
    """Estimate the change of level and slope of a series at a start, by segmented regression.

    Identified if the trend and the season before the start would have gone on, and nothing else changed at that date.
    The variants show how much the answer owes to the form of the trend; a comparison series (`treated`) takes out
    what changed for both; `placebo_in_time` moves the start to dates at which nothing began.

    Parameters
    ----------
    data
        Shape (periods, columns), one row a period; twice as many, one a period and series, with `treated`.
    outcome
        Column of counts, or of any number for a Gaussian.
    time
        Column of pandas periods or of whole numbers.
    start
        First period after, inclusive, of the kind that `time` holds; for periods also as text, such as `2025-04`.
    exposure
        Column of the denominator of counts, such as the population; its logarithm is the offset.
    treated
        Column of truth values: True for the rows of the series of interest, False for those of a comparison series.
        The effects are then differences between the changes of the two.
    family
        `auto` is `quasi-poisson` for whole numbers from 0 up, or when there is an exposure, and `gaussian` otherwise;
        `log-gaussian` takes the logarithm of the outcome or rate, which must be above 0.
    slope_change
        Whether the trend may change too. It counts 1 in the first period after, so the level change is read at the
        start.
    harmonics
        Pairs of sine and cosine for the season.
    season
        Periods in a season, such as 12 months.
    errors
        `ar1` for first-order autoregressive errors; Gaussian or log-Gaussian only.
    first_exposed
        Share of the first period after that was exposed.
    level
        Coverage of the intervals.

    Returns
    -------
    InterruptedSeries
        Changes as ratios for counts, as differences in the outcome's unit otherwise.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind; a value is missing, infinite, or negative in a count; a period
        stands twice; a side has fewer than 8 periods; there are more harmonics than one pair for every 24 periods (one
        below 48); the series is shorter than two seasons; nothing was counted on a side; or AR(1) is asked of counts or
        of a series with gaps.

    Notes
    -----
    Quasi-Poisson: Pearson dispersion, t with n - p degrees of freedom. Poisson: normal, too narrow when the dispersion
    exceeds 1. AR(1): restricted likelihood, nearer its nominal size than least squares or full likelihood, t with
    n - p; a nominal 5 per cent test of 24 monthly points still rejects about 10 times in 100. With errors taken as
    independent, positive autocorrelation makes intervals too narrow, and in a short series the residuals show it
    poorly. Two series: each has its own fit, the variances add (too wide where both share shocks), df by Satterthwaite.
    Newey-West errors: `newey_west`, as a sensitivity.

    References
    ----------
    Lopez Bernal, J., Cummins, S. and Gasparrini, A. (2017). Interrupted time series regression for the evaluation of
    public health interventions: a tutorial. International Journal of Epidemiology, 46(1).

    Examples
    --------
    >>> months = pd.period_range("2024-01", periods=24, freq="M")
    >>> counts = [*[100, 104, 97, 101, 99, 103] * 2, *[80, 83, 78, 81, 79, 82] * 2]
    >>> frame = pd.DataFrame({"month": months, "falls": counts})
    >>> found = interrupted_time_series(frame, outcome="falls", time="month", start="2025-01", slope_change=False)
    >>> round(found.level_change.value, 2)
    0.8
    """
    check_share(level=level)
    _check_options(family=family, errors=errors, harmonics=harmonics, season=season, first_exposed=first_exposed)
    frame = series_rows(data, time=time, start=start, observed=outcome, exposure=exposure, treated=treated)
    sides = _take_sides(frame, outcome=outcome, exposure=exposure, treated=treated, time=time)
    model = Model(
        family=_family(sides, family, exposure=exposure, outcome=outcome),
        autoregressive=errors == "ar1",
        harmonics=harmonics,
        season=season,
        first_exposed=first_exposed,
    )
    for rows in sides:
        _check_series(rows, model, time)
    trend: Trend = "linear, slope change" if slope_change else "linear"
    fits = {form: tuple(_fit(rows, form, model) for rows in sides) for form in TRENDS}
    variants = _variants(fits, sides[0]["step"].to_numpy(), trend, model, level)
    chosen = fits[trend]
    correlations = autocorrelations(chosen, sides)
    cautions = say_cautions(chosen, sides, model, correlations, variants)
    method, steps = say_method(sides, model, trend, chosen), sides[0]["step"].to_numpy()

    def estimate(kind: str) -> Estimate:
        return effect_of(chosen, steps, kind, model, level=level, outcome=outcome, cautions=cautions, method=method)

    return InterruptedSeries(
        level_change=estimate("level change"),
        slope_change=estimate("slope change") if slope_change else None,
        average_change=estimate("average change"),
        variants=variants,
        series=lines_of(chosen, sides, model, level),
        terms=terms_of(chosen),
        autocorrelation=correlations,
        dispersion=chosen[0].dispersion,
        rho=chosen[0].rho if model.autoregressive else None,
        fits=chosen,
    )


def _check_options(*, family: str, errors: str, harmonics: int, season: float, first_exposed: float) -> None:
    """Refuse an option that is not one of those there are."""
    for name, value, there in (
        ("family", family, ("auto", *get_args(Family))),
        ("errors", errors, ("independent", "ar1")),
    ):
        if value not in there:
            hint = " Newey-West errors are a sensitivity: see newey_west." if name == "errors" else ""
            message = f"{name} is {value!r}. Give one of {', '.join(map(repr, there))}.{hint}"
            raise DesignError(message)
    if harmonics < 0 or harmonics != int(harmonics) or not 2 <= season < np.inf or 2 * harmonics > season:
        message = (
            f"{harmonics} pairs of harmonics for a season of {season:g} periods. Give from 0 pairs to half the season."
        )
        raise DesignError(message)
    if not 0 < first_exposed <= 1:
        message = f"first_exposed is {first_exposed:g}. Give a share above 0 and up to 1, such as 0.5."
        raise DesignError(message)


def _take_sides(
    frame: pd.DataFrame, *, outcome: str, exposure: str | None, treated: str | None, time: str
) -> tuple[pd.DataFrame, ...]:
    """Return the rows of the treated series and, where there is one, of the comparison series."""
    frame = frame.assign(observed=numbers(frame["observed"], repr(outcome)))
    frame["exposure"] = numbers(frame["exposure"], repr(exposure), above=0) if exposure else 1.0
    if not treated:
        return (frame.assign(treated=True),)
    values = set(frame["treated"].unique())
    if values != {True, False}:
        message = (
            f"{treated!r} holds {sorted(map(str, values))}. It must hold True for one series and False for another."
        )
        raise DesignError(message)
    frame["treated"] = frame["treated"].astype(bool)
    sides = tuple(frame[frame["treated"] == side].reset_index(drop=True) for side in (True, False))
    odd = set(sides[0]["step"]) ^ set(sides[1]["step"])
    if odd:
        message = (
            f"{len(odd)} periods of {time!r} have a row for one of the two series alone. Give both the same periods."
        )
        raise DesignError(message)
    return sides


def _family(sides: tuple[pd.DataFrame, ...], family: str, *, exposure: str | None, outcome: str) -> Family:
    """Return the family, or refuse one that the outcome cannot have."""
    values = np.concatenate([rows["observed"].to_numpy() for rows in sides])
    counts = bool(exposure or ((values >= 0) & (values == np.round(values))).all())
    chosen: Family = ("quasi-poisson" if counts else "gaussian") if family == "auto" else family  # type: ignore[assignment]
    if chosen == "gaussian" and exposure:
        message = (
            f"A Gaussian has no exposure, and {exposure!r} is given. Divide {outcome!r} by it, or use log-gaussian."
        )
        raise DesignError(message)
    wrong = {"gaussian": 0, "log-gaussian": int((values <= 0).sum())}.get(chosen, int((values < 0).sum()))
    if wrong:
        way = "quasi-poisson, which keeps zeros" if (values >= 0).all() else "gaussian, without exposure"
        message = f"{wrong} of {len(values)} values of {outcome!r} cannot be {chosen}: they are too low. Use {way}."
        raise DesignError(message)
    return chosen


def _check_series(rows: pd.DataFrame, model: Model, time: str) -> None:
    """Refuse a series that cannot bear the regression."""
    steps = rows["step"].to_numpy()
    check_sides(steps, fewest=FEWEST, time=time, why="An interrupted time series")
    n, span = len(steps), int(steps[-1] - steps[0]) + 1
    most = max(1, n // PAIR_PERIODS) if n >= 2 * model.season else 0
    if model.harmonics > most:
        pairs = "1 pair" if model.harmonics == 1 else f"{model.harmonics} pairs"
        use = f"Use at most {most}" if most else "Use harmonics=0: a season is seen in two whole seasons or more"
        message = f"{pairs} of harmonics for {n} periods, a season being {model.season:g}. {use}."
        raise DesignError(message)
    if model.autoregressive and ("poisson" in model.family or span != n):
        message = (
            f"AR(1) errors were asked of {n} of {span} periods, family {model.family}. They need family 'gaussian' or "
            "'log-gaussian' and a row for every period."
        )
        raise DesignError(message)
    if "poisson" in model.family:
        for side, there in (("before the start", steps < 0), ("from the start on", steps >= 0)):
            if not rows["observed"].to_numpy()[there].sum() > 0:
                message = (
                    f"Nothing was counted {side} in {int(there.sum())} periods, so there is no ratio. Use more periods."
                )
                raise DesignError(message)


def _fit(rows: pd.DataFrame, trend: Trend, model: Model) -> Fit:
    """Fit one series."""
    columns = design_of(rows["step"].to_numpy(), trend, model)
    return fit_series(rows["observed"].to_numpy(), rows["exposure"].to_numpy(), columns, model)


def _variants(
    fits: dict[Trend, tuple[Fit, ...]], steps: np.ndarray, chosen: Trend, model: Model, level: float
) -> pd.DataFrame:
    """Return the effects under every form of the trend."""
    rows = []
    for trend in TRENDS:
        row: dict[str, object] = {"trend": trend}
        for kind in ("level change", "average change"):
            found = effect_of(fits[trend], steps, kind, model, level=level, outcome="", cautions=(), method="")
            name = kind.replace(" ", "_")
            row |= {name: found.value, f"{name}_low": found.ci_low, f"{name}_high": found.ci_high}
        rows.append(row | {"headline": trend == chosen})
    return pd.DataFrame(rows)


@sentence.register
def _(result: InterruptedSeries, *, subject: str = "", against: str = "") -> str:
    """Say the level change, the slope change, the mean effect, and the range over forms of the trend."""
    level, slope, mean = result.level_change, result.slope_change, result.average_change
    against = against or "than the earlier trend would have given"
    text = sentence(level, subject=subject, against=against)
    text = f"At the start {text[0].lower()}{text[1:]}"
    if slope is not None:
        text += f" Its slope changed by {_say_slope(slope)} a period."
        text += f" {sentence(mean, subject='Over all periods after, its mean', against=against)}"
    ends = [
        _say(end, mean).replace("unchanged", "no change")
        for end in result.variants["average_change"].agg(["min", "max"])
    ]
    return f"{text} The forms of the trend tried give mean effects from {ends[0]} to {ends[1]}."


def _say(value: float, estimate: Estimate) -> str:
    """Say an effect on the scale of an estimate."""
    return percent_change(value) if estimate.scale == "ratio" else quantity(value, estimate.unit)


def _say_slope(slope: Estimate) -> str:
    """Say a slope change per period with its interval, to the second decimal of a per cent."""
    ends = (slope.value, slope.ci_low, slope.ci_high)
    if slope.scale == "ratio":
        said = [f"{100 * (end - 1):+.2f}" for end in ends]
        unit = " per cent"
    else:
        said, unit = [quantity(end, "") for end in ends], f" {slope.outcome}"
    return f"{said[0]}{unit} ({slope.level * 100:g}% interval: {said[1]} to {said[2]})"
