"""How much a district's change varies by chance, learnt from the time before the pilot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.columns import take
from oda.evaluate.distributions import chi2_quantile
from oda.evaluate.planning.shocks import (
    STRONGEST,
    change_contrast,
    fit_shocks,
    pseudo_pilots,
    read_history,
    shock_covariance,
    spread_from_shocks,
)
from oda.evaluate.words import sentence

FEW_FREEDOM = 10.0  # degrees of freedom below which the spread itself carries a caution
FEW_SHOCKS = 0.2  # of the variance of a period; with less, how shocks last matters little
PERIODS = {"M": "month", "Q": "quarter", "Y": "year", "A": "year", "W": "week", "D": "day"}

Scale = Literal["ratio", "difference"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PrePeriodSpread:
    """The chance spread of a district's before-and-after change, and what it is made of.

    Attributes
    ----------
    estimate
        Standard deviation of the change, with its own interval and degrees of freedom; of the logarithm of the ratio
        for ratios.
    scale
        `ratio` or `difference`, the scale on which the effect will be estimated.
    unit
        What is assigned, such as `district`.
    before, after
        Lengths of the pilot's two sides, in periods.
    period
        What a period is, such as `month`.
    windows
        Number of pseudo pilots that fit into the data; 0 where the spread is reckoned from shocks and autocorrelation.
    icc
        Share of the variance of a district's figure in one period that lies between districts for good. It cancels out
        of a change. It is not the correlation between persons that `power` takes: see `intraclass_correlation`.
    autocorrelation
        Of a district's shocks from one period to the next, corrected for the shortness of the series.
    sd_shock
        Standard deviation of a district's shock in one period, beyond the chance of counts.
    sd_count
        Standard deviation in one period from the chance of counts alone (Poisson); 0 without an exposure.
    """

    estimate: Estimate
    scale: Scale
    unit: str
    before: int
    after: int
    period: str
    windows: int
    icc: float
    autocorrelation: float
    sd_shock: float
    sd_count: float


def pre_period_spread(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    before: int,
    after: int,
    exposure: str | None = None,
    scale: Scale = "ratio",
    level: float = 0.95,
) -> PrePeriodSpread:
    """Estimate the standard deviation of a unit's before-and-after change when nothing is done, from earlier data.

    Every stretch of `before + after` periods is a pseudo pilot: each unit's change in it, less the mean change of all
    units. Where no stretch is long enough the spread is reckoned from shocks and autocorrelation, with a caution. Right
    if the pilot's years are as unsettled as these, and its units alike; `placebo_in_time` shows what the whole design
    would have found in them.

    Parameters
    ----------
    data
        Shape (units x periods, columns), one row for every unit in every period, all from before any treatment.
    outcome
        Column of counts, or of rates when `exposure` is not given.
    unit
        Column that names the unit of assignment, such as the district.
    time
        Column of pandas periods, or whole numbers one apart.
    before, after
        Periods that the pilot will compare, on each side of its start.
    exposure
        Column of the denominator of counts, such as the population.
    scale
        `ratio` for changes of the logarithm, as `difference_in_differences` has them; `difference` for plain changes.
    level
        Coverage of the interval.

    Returns
    -------
    PrePeriodSpread
        In the unit of the change: logarithms for ratios, else the outcome's (per unit of exposure).

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind; a value is missing, or negative for a ratio; a unit lacks a period
        or has it twice; there are fewer than three units or six periods; a length is not a whole number of one or
        more; a unit has nothing counted; or the units' figures do not vary.

    Notes
    -----
    The interval is chi-squared, with the degrees of freedom (Satterthwaite) that overlapping pseudo pilots of units
    with this autocorrelation leave: little more than the units less one for each stretch that does not overlap. Shocks
    are first-order autoregressive plus Poisson counts; moments are corrected for the means taken out. With fewer than
    about 20 periods the autocorrelation is hardly known; a spread reckoned from it is granted the freedom of one
    pseudo pilot, in proportion to the periods there are.

    References
    ----------
    Bertrand, M., Duflo, E. and Mullainathan, S. (2004). How much should we trust differences-in-differences
    estimates? Quarterly Journal of Economics, 119(1).
    Burlig, F., Preonas, L. and Woerman, M. (2020). Panel data and experimental design. Journal of Development
    Economics, 144.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = [(place, month, rng.poisson(200), 1000) for place in "abcdef" for month in range(36)]
    >>> frame = pd.DataFrame(rows, columns=["place", "month", "falls", "people"])
    >>> names = {"outcome": "falls", "unit": "place", "time": "month", "exposure": "people"}
    >>> found = pre_period_spread(frame, **names, before=12, after=12)
    >>> round(found.estimate.value, 3), round((2 / 200 / 12) ** 0.5, 3)
    (0.027, 0.029)
    """
    check_share(level=level)
    _check_lengths(scale, before=before, after=after)
    frame = take(data, outcome=outcome, unit=unit, time=time, exposure=exposure)
    period = _period_word(data[time])
    history = read_history(frame, outcome=outcome, unit=unit, time=time, exposure=exposure, scale=scale)
    n_units, n_periods = history.outcome.shape
    autocorrelation, shock_variance = fit_shocks(history)
    covariance = shock_covariance(n_periods, autocorrelation, shock_variance, history.count_variance)
    windows = n_periods - before - after + 1
    if windows > 0:
        variance, df = pseudo_pilots(history, scale, before, after, covariance)
    else:
        variance, df = spread_from_shocks(history, before, after, autocorrelation, shock_variance)
    windows = max(windows, 0)
    lasting = autocorrelation >= STRONGEST and shock_variance > FEW_SHOCKS * float(covariance[0, 0])
    between = max(0.0, float(history.means.var(ddof=1)) - float(covariance.mean()))
    estimate = Estimate(
        estimand="SD of a change",
        scale="level",
        outcome=outcome,
        unit="on the log scale" if scale == "ratio" else "",
        value=variance**0.5,
        ci_low=(variance * df / float(chi2_quantile((1 + level) / 2, df))) ** 0.5,
        ci_high=(variance * df / float(chi2_quantile((1 - level) / 2, df))) ** 0.5,
        level=level,
        std_error=None,
        p_value=None,
        df=df,
        n_obs=len(frame),
        n_clusters=n_units,
        n_treated=0,
        cautions=_cautions(df, windows, n_periods, before + after, period, lasting=lasting),
        method=_method(windows, n_units, n_periods, df, period),
    )
    return PrePeriodSpread(
        estimate=estimate,
        scale=scale,
        unit=unit,
        before=before,
        after=after,
        period=period,
        windows=windows,
        icc=between / (between + float(covariance[0, 0])),
        autocorrelation=autocorrelation,
        sd_shock=shock_variance**0.5,
        sd_count=history.count_variance**0.5,
    )


def modelled_spread(spread: PrePeriodSpread, *, before: int, after: int) -> float:
    """Return the standard deviation of a change over other lengths, from the shocks and their autocorrelation.

    Parameters
    ----------
    spread
        What `pre_period_spread` returned.
    before, after
        Lengths of the two sides, in periods.

    Returns
    -------
    float
        In the unit of the change.

    Raises
    ------
    DesignError
        When a length is not a whole number of one or more.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rows = [(place, month, rng.poisson(200), 1000) for place in "abcdef" for month in range(36)]
    >>> frame = pd.DataFrame(rows, columns=["place", "month", "falls", "people"])
    >>> names = {"outcome": "falls", "unit": "place", "time": "month", "exposure": "people"}
    >>> found = pre_period_spread(frame, **names, before=12, after=12)
    >>> modelled_spread(found, before=12, after=24) < modelled_spread(found, before=12, after=6)
    True
    """
    _check_lengths(spread.scale, before=before, after=after)
    covariance = shock_covariance(before + after, spread.autocorrelation, spread.sd_shock**2, spread.sd_count**2)
    contrast = change_contrast(before, after)
    return math.sqrt(float(contrast @ covariance @ contrast))


def _check_lengths(scale: str, **lengths: int) -> None:
    """Refuse a scale that there is not, and sides without a period."""
    if scale not in ("ratio", "difference"):
        message = f"scale is {scale!r}. Choose 'ratio' or 'difference'."
        raise DesignError(message)
    for name, length in lengths.items():
        if not isinstance(length, int | np.integer) or length < 1:
            message = f"{name} is {length!r}. Give a whole number of periods, 1 or more."
            raise DesignError(message)


def _period_word(times: pd.Series) -> str:
    """Return what a period is called."""
    if not isinstance(times.dtype, pd.PeriodDtype):
        return "period"
    return PERIODS.get(str(times.dtype).removeprefix("period[")[:1], "period")


def _cautions(df: float, windows: int, n_periods: int, asked: int, period: str, *, lasting: bool) -> tuple[str, ...]:
    """Say what changes how the spread must be read."""
    said = {
        f"The data have {n_periods} {period}s and the pilot compares {asked}, so the spread is not seen but reckoned "
        "from shocks and how they last, and its interval is rough.": windows == 0,
        f"The spread rests on about {df:.0f} degrees of freedom and may be far from the truth; plan for the upper end "
        "of its interval too.": df < FEW_FREEDOM,
        "Shocks last so long that they cannot be told from trends of the districts' own; such trends would bias the "
        "effect, and no number of periods mends that.": lasting,
    }
    return tuple(text for text, holds in said.items() if holds)


def _method(windows: int, n_units: int, n_periods: int, df: float, period: str) -> str:
    """Say how the spread was found."""
    if windows:
        many = "one pseudo pilot" if windows == 1 else f"{windows} overlapping pseudo pilots"
        how = f"{many} in {n_periods} {period}s of {n_units} units"
    else:
        how = f"first-order autoregressive shocks and counts in {n_periods} {period}s of {n_units} units"
    return f"{how}, chi-squared interval with {df:.1f} degrees of freedom"


@sentence.register
def _(result: PrePeriodSpread, *, subject: str = "", against: str = "") -> str:
    """Say how far a unit's change varies when nothing is done."""
    found = result.estimate
    low, middle, high = (
        f"{100 * math.expm1(size):.1f} per cent" if result.scale == "ratio" else f"{size:,.3g}"
        for size in (found.ci_low, found.value, found.ci_high)
    )
    said = (
        f"{subject or f'With nothing done, the {found.outcome} of a single {result.unit}'} would change by {middle} "
        f"more or less than that of the others, as a standard deviation ({found.level * 100:g}% interval: {low} to "
        f"{high}; {result.before} {result.period}s before, {result.after} after)."
    )
    return " ".join([said, *found.cautions[:1]])
