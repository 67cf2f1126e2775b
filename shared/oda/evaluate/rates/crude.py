"""Rates and shares of one district, and the change of a rate from one stretch of time to another."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_numbers, check_share, ratio_limits
from oda.evaluate.columns import take
from oda.evaluate.distributions import t_quantile, t_tail
from oda.evaluate.rates.limits import FEWEST_EVENTS, poisson_limits, wilson_limits

FEWEST_ROWS = 3  # in a group; fewer say nothing of the spread
DESCRIBES = "This compares two stretches of rows as they are: a description, no effect of anything."
SMALL = (
    f"Fewer than {FEWEST_EVENTS} events: the rate and its population give the count away, so check the rule for small "
    "numbers before it is shown."
)


def crude_rate(
    events: float, population: float, *, outcome: str, multiplier: float = 100_000, level: float = 0.95
) -> Estimate:
    """Return a crude rate, with Byar's limits or, below 10 events, exact Poisson ones, as OHID does.

    Parameters
    ----------
    events
        Count of events.
    population
        People at risk over the same time.
    outcome
        What is counted, in words.
    multiplier
        The rate is per this many people.
    level
        Coverage of the interval; OHID shows 0.95 and 0.998.

    Returns
    -------
    Estimate
        In events per `multiplier` people. A small count is cautioned: the rate and the population give it away.

    Raises
    ------
    DesignError
        When the count is missing or below 0, or there is no population. The message never says the count.

    Notes
    -----
    Both limits take events for independent; repeat admissions or repeat victims spread more, and the interval is then
    too narrow. `directly_standardised_rate` has a form for them.

    References
    ----------
    Breslow, N. E. and Day, N. E. (1987). Statistical methods in cancer research, volume II: the design and analysis
    of cohort studies. International Agency for Research on Cancer (Byar's approximation, page 69).

    Examples
    --------
    >>> rate = crude_rate(65, 100_000, outcome="admissions")
    >>> round(rate.ci_low, 2), round(rate.ci_high, 2)
    (50.16, 82.85)
    """
    unit = per(multiplier)
    _check_one(events, population)
    low, high = poisson_limits(events, level=level)
    values = tuple(float(count) / population * multiplier for count in (events, low, high))
    method = f"crude rate, {limits_named(np.asarray(events))}"
    return _one_area("crude rate", outcome, unit, values, events=events, level=level, method=method)


def proportion(
    events: float, population: float, *, outcome: str, multiplier: float = 100, level: float = 0.95
) -> Estimate:
    """Return the share of a population that has a property, with Wilson's limits, as OHID does.

    Parameters
    ----------
    events
        Count of those with the property.
    population
        All who could have it.
    outcome
        What is counted, in words.
    multiplier
        100 for per cent, 1 for a share.
    level
        Coverage of the interval; OHID shows 0.95 and 0.998.

    Returns
    -------
    Estimate
        In per cent with the default multiplier. A small count is cautioned.

    Raises
    ------
    DesignError
        When the count is missing, below 0 or larger than the population, or there is no population.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the
    American Statistical Association, 22(158).

    Examples
    --------
    >>> share = proportion(65, 100, outcome="falls seen within the hour")
    >>> share.value, round(share.ci_low, 2), round(share.ci_high, 2)
    (65.0, 55.25, 73.64)
    """
    unit = share_unit(multiplier)
    _check_one(events, population)
    if events > population:
        message = "The count is larger than the population, so it is no share. Correct them, or ask for crude_rate."
        raise DesignError(message)
    low, high = wilson_limits(events, population, level=level)
    values = tuple(float(share) * multiplier for share in (events / population, low, high))
    method = "proportion, Wilson's limits"
    return _one_area("proportion", outcome, unit, values, events=events, level=level, method=method)


def rate_change(
    data: pd.DataFrame, *, outcome: str, exposure: str, after: str, words: str, level: float = 0.95
) -> Estimate:
    """Estimate the ratio of a rate in one group of rows to that in the others, allowing for more spread than Poisson.

    It describes a change or a difference; it is no evidence of an effect, since nothing stands for what would have
    happened.

    Parameters
    ----------
    data
        Shape (n, columns), one row a period or an area.
    outcome
        Column of counts.
    exposure
        Column of the denominator.
    after
        Column of truth values: True for the rows whose rate goes on top.
    words
        What is counted, in words.
    level
        Coverage of the interval.

    Returns
    -------
    Estimate
        A ratio.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind; a value is missing, negative or infinite; an exposure is zero;
        or either group has fewer than 3 rows or no event.

    Notes
    -----
    Quasi-Poisson regression with the logarithm of exposure as offset, dispersion from Pearson's statistic and never
    below 1, t distribution with n - 2 degrees of freedom. Serial correlation makes it too narrow. With one mean a
    group the regression has a closed form, which is used: the ratio of the sums, and 1 / events summed over groups.

    References
    ----------
    McCullagh, P. and Nelder, J. A. (1989). Generalized linear models, 2nd edition. Chapman and Hall.

    Examples
    --------
    >>> frame = pd.DataFrame({"n": [50, 52, 48, 40, 41, 39], "people": [1000] * 6, "late": [False] * 3 + [True] * 3})
    >>> found = rate_change(frame, outcome="n", exposure="people", after="late", words="admissions")
    >>> round(found.value, 3)
    0.8
    """
    check_share(level=level)
    frame = _take(data, outcome=outcome, exposure=exposure, after=after)
    groups = frame.groupby("after").agg(
        rows=("outcome", "size"), events=("outcome", "sum"), exposure=("exposure", "sum")
    )
    if len(groups) == 2 and (groups["events"] <= 0).any():
        none = " and ".join(f"{after!r} is {side}" for side in groups.index[groups["events"] <= 0])
        message = f"There is no event where {none}, so no ratio of rates. Take more periods, or give both rates alone."
        raise DesignError(message)
    if len(groups) < 2 or (groups["rows"] < FEWEST_ROWS).any():
        message = (
            f"{len(groups)} groups, of {groups['rows'].tolist()} rows. Two groups are needed, each of "
            f"{FEWEST_ROWS} rows at least."
        )
        raise DesignError(message)
    rate = groups["events"] / groups["exposure"]
    expected = frame["after"].map(rate) * frame["exposure"]
    df = len(frame) - 2
    dispersion = max(float(((frame["outcome"] - expected) ** 2 / expected).sum()) / df, 1.0)
    std_error = math.sqrt(dispersion * float((1 / groups["events"]).sum()))
    effect = math.log(rate[True] / rate[False])
    value, low, high = ratio_limits(effect, float(t_quantile((1 + level) / 2, df)) * std_error)
    return Estimate(
        estimand="rate ratio",
        scale="ratio",
        outcome=words,
        unit="",
        value=value,
        ci_low=low,
        ci_high=high,
        level=level,
        std_error=std_error,
        p_value=float(2 * t_tail(abs(effect) / std_error, df)),
        df=df,
        n_obs=len(frame),
        n_clusters=len(frame),
        n_treated=0,
        cautions=(DESCRIBES,),
        method=f"quasi-Poisson rate ratio from {len(frame)} counts",
    )


def per(multiplier: float) -> str:
    """Return the unit of a rate, or refuse its multiplier.

    Parameters
    ----------
    multiplier
        The rate is per this many people.

    Returns
    -------
    str
        Such as `per 100,000 people`.

    Raises
    ------
    DesignError
        When the multiplier is not a number above 0.

    Examples
    --------
    >>> per(1000)
    'per 1,000 people'
    """
    if not 0 < multiplier < math.inf:
        message = f"The multiplier is {multiplier:g}. Give a number above 0, such as 100,000."
        raise DesignError(message)
    return "per person" if multiplier == 1 else f"per {multiplier:,.10g} people"


def share_unit(multiplier: float) -> str:
    """Return the unit of a share, or refuse its multiplier.

    Parameters
    ----------
    multiplier
        100 for per cent, 1 for a share.

    Returns
    -------
    str
        Such as `per cent`; nothing for a share.
    """
    if multiplier == 1:
        return ""
    return "per cent" if multiplier == 100 else per(multiplier)


def limits_named(events: np.ndarray) -> np.ndarray:
    """Name the limits that `poisson_limits` uses for each count.

    Parameters
    ----------
    events
        Shape (n,), counts.

    Returns
    -------
    ndarray
        Shape (n,), words.
    """
    return np.where(events < FEWEST_EVENTS, "exact Poisson limits", "Byar's limits")


def _check_one(events: float, population: float) -> None:
    """Refuse a count or a population that is none, without saying the count: a small one must not leave that way."""
    for name, value in (("count", events), ("population", population)):
        if not pd.api.types.is_number(value) and not (pd.api.types.is_scalar(value) and pd.isna(value)):
            kind = type(value).__name__
            message = f"The {name} is of type {kind}. Give one number; crude_rates and proportions take many areas."
            raise DesignError(message)
    if pd.isna(events) or pd.isna(population) or not (0 <= events < math.inf and 0 < population < math.inf):
        message = (
            f"The count is missing, infinite or below 0, or the population is not above 0 ({population} people). "
            "Give a count from 0 up and the people among whom it arose."
        )
        raise DesignError(message)
    if events % 1:
        message = "The count is not a whole number. Give events as they were counted, neither averaged nor weighted."
        raise DesignError(message)


def _one_area(
    estimand: str, outcome: str, unit: str, values: tuple[float, ...], *, events: float, level: float, method: str
) -> Estimate:
    """Return the rate of one area as an estimate."""
    value, low, high = values
    return Estimate(
        estimand=estimand,
        scale="level",
        outcome=outcome,
        unit=unit,
        value=value,
        ci_low=low,
        ci_high=high,
        level=level,
        std_error=None,
        p_value=None,
        df=None,
        n_obs=1,
        n_clusters=1,
        n_treated=0,
        cautions=(SMALL,) if 0 < events < FEWEST_EVENTS else (),
        method=method,
    )


def _take(data: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """Return the named columns as numbers and truth values, or refuse them."""
    frame = take(data, missing=columns, **columns)
    lost = int(frame.isna().any(axis="columns").sum())
    if lost:
        message = f"{lost} of {len(frame)} rows have a missing value. Fill them or leave them out, and say so."
        raise DesignError(message)
    check_numbers(outcome=frame["outcome"], exposure=frame["exposure"])
    if (frame["exposure"] == 0).any() or not frame["after"].isin([True, False]).all():
        message = f"An exposure is zero, or {columns['after']!r} holds other values than True and False. Correct them."
        raise DesignError(message)
    return frame.astype({"outcome": float, "exposure": float, "after": bool})
