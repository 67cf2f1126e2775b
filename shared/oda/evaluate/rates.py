"""Rates of one district: a rate with its interval, and its change from one stretch of time to another."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from oda.errors import DesignError
from oda.evaluate.estimate import Estimate

FEWEST_EVENTS = 10  # below this Byar's limits are not used


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
    Breslow, N. E. and Day, N. E. (1987). Statistical methods in cancer research, volume II (Byar's approximation).

    Examples
    --------
    >>> rate = crude_rate(65, 100_000, outcome="admissions")
    >>> round(rate.ci_low, 2), round(rate.ci_high, 2)
    (50.16, 82.85)
    """
    if events < FEWEST_EVENTS or population <= 0:
        message = (
            f"{events:g} events among {population:g} people. At least {FEWEST_EVENTS} events and a population "
            "are needed."
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
        When either group has fewer than 3 rows or no event.

    Notes
    -----
    Quasi-Poisson regression with the logarithm of exposure as offset, dispersion from Pearson's statistic and never
    below 1, t distribution with n - 2 degrees of freedom. Serial correlation makes it too narrow.

    Examples
    --------
    >>> frame = pd.DataFrame({"n": [50, 52, 48, 40, 41, 39], "people": [1000] * 6, "late": [False] * 3 + [True] * 3})
    >>> found = rate_change(frame, outcome="n", exposure="people", after="late", words="admissions")
    >>> round(found.value, 3)
    0.8
    """
    frame = data[[outcome, exposure, after]].set_axis(["outcome", "exposure", "after"], axis="columns")
    frame = frame.dropna().astype({"outcome": float, "exposure": float, "after": bool})
    groups = frame.groupby("after")["outcome"].agg(["size", "sum"])
    if len(groups) < 2 or (groups["size"] < 3).any() or (groups["sum"] <= 0).any():
        message = (
            f"Groups of {groups['size'].tolist()} rows with {groups['sum'].tolist()} events. Three rows and an "
            "event each are needed."
        )
        raise DesignError(message)
    design = np.column_stack([np.ones(len(frame)), frame["after"].astype(float)])
    fit = GLM(frame["outcome"], design, family=Poisson(), offset=np.log(frame["exposure"])).fit()
    df = len(frame) - 2
    dispersion = max(float(fit.pearson_chi2) / df, 1.0)
    std_error = float(np.asarray(fit.bse)[1]) * math.sqrt(dispersion)
    reach = float(stats.t.ppf((1 + level) / 2, df)) * std_error
    effect = float(np.asarray(fit.params)[1])
    return Estimate(
        estimand="rate ratio",
        scale="ratio",
        outcome=words,
        unit="",
        value=math.exp(effect),
        ci_low=math.exp(effect - reach),
        ci_high=math.exp(effect + reach),
        level=level,
        std_error=std_error,
        p_value=float(2 * stats.t.sf(abs(effect) / std_error, df)),
        df=df,
        n_obs=len(frame),
        n_clusters=len(frame),
        n_treated=int(frame["after"].sum()),
        method=f"quasi-Poisson rate ratio over {len(frame)} periods",
    )
