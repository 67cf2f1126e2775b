"""Rates of one district: a rate with its interval, and its change from one stretch of time to another."""

from __future__ import annotations

import math

import pandas as pd
from scipy import stats

from oda.errors import DesignError
from oda.evaluate.estimate import Estimate, check_numbers, check_share, ratio_limits

FEWEST_EVENTS = 10  # below this Byar's limits are not used
FEWEST_ROWS = 3  # in a group; fewer say nothing of the spread


def crude_rate(
    events: float, population: float, *, outcome: str, multiplier: float = 100_000, level: float = 0.95
) -> Estimate:
    """Return a crude rate with Byar's interval.

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
        Coverage of the interval.

    Returns
    -------
    Estimate
        In events per `multiplier` people.

    Raises
    ------
    DesignError
        When there are fewer than 10 events, or no population.

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
    check_share(level=level)
    if not (FEWEST_EVENTS <= events < math.inf and 0 < population < math.inf and 0 < multiplier < math.inf):
        message = (  # the count itself is not said: a small one must not leave by way of a message
            f"Fewer than {FEWEST_EVENTS} events, or {population:g} people. At least {FEWEST_EVENTS} events, a "
            "population and a positive multiplier are needed."
        )
        raise DesignError(message)
    z = float(stats.norm.ppf((1 + level) / 2))
    upper = events + 1
    low = events * (1 - 1 / (9 * events) - z / (3 * math.sqrt(events))) ** 3
    high = upper * (1 - 1 / (9 * upper) + z / (3 * math.sqrt(upper))) ** 3
    return Estimate(
        estimand="rate",
        scale="level",
        outcome=outcome,
        unit=f"per {multiplier:,.0f} people",
        value=events / population * multiplier,
        ci_low=low / population * multiplier,
        ci_high=high / population * multiplier,
        level=level,
        std_error=None,
        p_value=None,
        df=None,
        n_obs=1,
        n_clusters=1,
        n_treated=0,
        method="crude rate, Byar's limits",
    )


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
    if len(groups) < 2 or (groups["rows"] < FEWEST_ROWS).any() or (groups["events"] <= 0).any():
        message = (
            f"{len(groups)} groups, of {groups['rows'].tolist()} rows. Two groups are needed, each of "
            f"{FEWEST_ROWS} rows and an event."
        )
        raise DesignError(message)
    rate = groups["events"] / groups["exposure"]
    expected = frame["after"].map(rate) * frame["exposure"]
    df = len(frame) - 2
    dispersion = max(float(((frame["outcome"] - expected) ** 2 / expected).sum()) / df, 1.0)
    std_error = math.sqrt(dispersion * float((1 / groups["events"]).sum()))
    effect = math.log(rate[True] / rate[False])
    value, low, high = ratio_limits(effect, float(stats.t.ppf((1 + level) / 2, df)) * std_error)
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
        p_value=float(2 * stats.t.sf(abs(effect) / std_error, df)),
        df=df,
        n_obs=len(frame),
        n_clusters=len(frame),
        n_treated=0,
        method=f"quasi-Poisson rate ratio from {len(frame)} counts",
    )


def _take(data: pd.DataFrame, **columns: str) -> pd.DataFrame:
    """Return the named columns as numbers and truth values, or refuse them."""
    absent = [name for name in columns.values() if name not in data.columns]
    if absent:
        message = f"No column {', '.join(map(repr, absent))}. There is: {', '.join(map(repr, data.columns))}."
        raise DesignError(message)
    frame = data[list(columns.values())].set_axis(list(columns), axis="columns")
    lost = int(frame.isna().any(axis="columns").sum())
    if lost:
        message = f"{lost} of {len(frame)} rows have a missing value. Fill them or leave them out, and say so."
        raise DesignError(message)
    check_numbers(outcome=frame["outcome"], exposure=frame["exposure"])
    if (frame["exposure"] == 0).any() or not frame["after"].isin([True, False]).all():
        message = f"An exposure is zero, or {columns['after']!r} holds other values than True and False. Correct them."
        raise DesignError(message)
    return frame.astype({"outcome": float, "exposure": float, "after": bool})
