"""Kernels of `power_spread`: a panel's shocks, how they last, and the changes of pseudo pilots."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, ordinals
from oda.evaluate.distributions import chi2_quantile

FEWEST_PERIODS = 6  # fewer say nothing of how one period follows from another
STRONGEST = 0.98  # autocorrelations beyond this cannot be told from a trend in so short a time
ALIKE = 1e-12  # of the largest figure; shocks below it are rounding alone


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """Units by periods before a pilot.

    Attributes
    ----------
    outcome, exposure
        Shape (units, periods); the exposure is 1 where there is none.
    shocks
        Rates less the mean of each unit and of each period, shape (units, periods); relative to the unit's own level
        on the ratio scale.
    means
        Each unit's level, its logarithm on the ratio scale, shape (units,).
    count_variance
        Mean variance of one period's figure by the chance of counts alone; 0 without an exposure.
    """

    outcome: np.ndarray
    exposure: np.ndarray
    shocks: np.ndarray
    means: np.ndarray
    count_variance: float


def _panel(
    frame: pd.DataFrame, *, outcome: str, unit: str, time: str, exposure: str | None, scale: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return outcome and exposure, units by periods, or refuse the panel."""
    frame = frame.assign(
        outcome=numbers(frame["outcome"], outcome, low=0 if scale == "ratio" or exposure else None),
        exposure=numbers(frame["exposure"], str(exposure), above=0) if exposure else 1.0,
        time=ordinals(frame["time"], time),
    )
    twice = int(frame.duplicated(["unit", "time"]).sum())
    if twice:
        message = f"{twice} of {len(frame)} rows repeat a {time!r} of a {unit!r}. Add them up to one row each."
        raise DesignError(message)
    n_units, n_periods = frame["unit"].nunique(), int(frame["time"].max() - frame["time"].min()) + 1
    if n_units * n_periods > len(frame):
        message = (
            f"{n_units * n_periods - len(frame)} of {n_units * n_periods} rows, one a {time!r} for each {unit!r}, are "
            "not there. Add them (a count of nothing is 0), or leave out whole stretches at either end."
        )
        raise DesignError(message)
    if n_units < 3 or n_periods < FEWEST_PERIODS:
        message = (
            f"{n_units} of {unit!r} over {n_periods} of {time!r}. At least three, over {FEWEST_PERIODS} periods, are "
            "needed to tell how far changes vary."
        )
        raise DesignError(message)
    placed = np.empty((2, n_units, n_periods))
    steps = (frame["time"] - frame["time"].min()).to_numpy().astype(int)
    placed[:, pd.factorize(frame["unit"])[0], steps] = frame[["outcome", "exposure"]].to_numpy().T
    return placed[0], placed[1]


def read_history(
    frame: pd.DataFrame, *, outcome: str, unit: str, time: str, exposure: str | None, scale: str
) -> History:
    """Return the history of units before a pilot, or refuse it.

    Parameters
    ----------
    frame
        Columns `outcome`, `unit`, `time` and perhaps `exposure`, as `columns.take` gives them.
    outcome, unit, time, exposure
        The caller's names, for messages; no exposure when None.
    scale
        `ratio` or `difference`.

    Returns
    -------
    History
        Units in the order of their first rows.
    """
    panel = _panel(frame, outcome=outcome, unit=unit, time=time, exposure=exposure, scale=scale)
    return _describe(*panel, scale=scale, counts=exposure is not None)


def _describe(outcome: np.ndarray, exposure: np.ndarray, *, scale: str, counts: bool) -> History:
    """Return shocks, less the mean of each unit and of each period, and the variance that counts alone have."""
    level = outcome.sum(axis=1) / exposure.sum(axis=1)
    if scale == "ratio" and not level.all():
        message = f"{int((level == 0).sum())} of {len(level)} units have nothing counted at all, so no ratio."
        raise DesignError(f"{message} Leave them out of the pilot's comparison, or use scale='difference'.")
    rates = outcome / exposure
    if scale == "ratio":  # relative to the unit's own level: to first order its logarithm, and zeros may stand
        rates = rates / level[:, None]
    shocks = rates - rates.mean(axis=1, keepdims=True) - rates.mean(axis=0) + rates.mean()
    if not np.abs(shocks).max() > ALIKE * np.abs(rates).max():
        message = (
            f"The figures of all {len(level)} units move alike, so nothing varies. Use data that were not smoothed."
        )
        raise DesignError(message)
    noise = np.zeros(1)
    if counts:
        expected = level[:, None] * exposure
        noise = 1 / expected if scale == "ratio" else expected / exposure**2
    means = np.log(level) if scale == "ratio" else level
    return History(outcome=outcome, exposure=exposure, shocks=shocks, means=means, count_variance=float(noise.mean()))


def fit_shocks(history: History) -> tuple[float, float]:
    """Return autocorrelation and variance of the shocks, by their moments at no lag and at a lag of one.

    Parameters
    ----------
    history
        Of `read_history`.

    Returns
    -------
    tuple of float
        Autocorrelation, 0 where shocks cannot be told from the chance of counts, and variance in one period.
    """
    from scipy import optimize

    shocks, (n_units, n_periods) = history.shocks, history.shocks.shape
    centre = np.eye(n_periods) - 1 / n_periods
    still = float((shocks**2).sum()) / (n_units - 1) - history.count_variance * float(np.trace(centre))
    lagged = float((shocks[:, 1:] * shocks[:, :-1]).sum()) / (n_units - 1)
    lagged -= history.count_variance * float(np.trace(centre, offset=1))
    df = (n_units - 1) * (n_periods - 1)
    if (shocks**2).sum() <= history.count_variance * chi2_quantile(0.95, df):  # no more than the chance of counts
        return 0.0, max(0.0, still / (n_periods - 1))

    def expected(correlation: float) -> tuple[float, float]:
        moved = centre @ shock_covariance(n_periods, correlation, 1.0, 0.0) @ centre
        return float(np.trace(moved)), float(np.trace(moved, offset=1))

    def excess(correlation: float) -> float:
        none, one = expected(correlation)
        return float(one / none - lagged / still)

    if excess(STRONGEST) <= 0:
        correlation = STRONGEST
    elif excess(-STRONGEST) >= 0:
        correlation = -STRONGEST
    else:
        correlation = float(optimize.brentq(excess, -STRONGEST, STRONGEST, xtol=1e-13))
    return correlation, still / expected(correlation)[0]


def shock_covariance(n_periods: int, correlation: float, shock_variance: float, count_variance: float) -> np.ndarray:
    """Return the covariance of a unit's figures over periods.

    Parameters
    ----------
    n_periods
        Number of periods.
    correlation, shock_variance, count_variance
        Of the shocks from period to period; variances in one period.

    Returns
    -------
    ndarray
        Shape (periods, periods).
    """
    places = np.arange(n_periods)
    shocks = shock_variance * np.power(float(correlation), np.abs(places[:, None] - places))
    return np.asarray(shocks + count_variance * np.eye(n_periods))


def change_contrast(before: int, after: int) -> np.ndarray:
    """Return the weights that turn periods into a change.

    Parameters
    ----------
    before, after
        Lengths of the sides.

    Returns
    -------
    ndarray
        Shape (before + after,).
    """
    return np.asarray(np.r_[np.full(before, -1 / before), np.full(after, 1 / after)])


def pseudo_pilots(history: History, scale: str, before: int, after: int, covariance: np.ndarray) -> tuple[float, float]:
    """Return the variance of changes over all pseudo pilots, and the degrees of freedom that it rests on.

    Parameters
    ----------
    history
        Of `read_history`.
    scale
        `ratio` or `difference`.
    before, after
        Lengths of the sides; together no more than the periods there are.
    covariance
        Of a unit's figures over all periods.

    Returns
    -------
    tuple of float
        Variance and degrees of freedom.
    """
    outcome, exposure = (
        np.pad(figures.cumsum(axis=1), ((0, 0), (1, 0))) for figures in (history.outcome, history.exposure)
    )
    starts = np.arange(outcome.shape[1] - before - after)
    edges = (starts, starts + before, starts + before + after)
    sides = [
        (outcome[:, last] - outcome[:, first]) / (exposure[:, last] - exposure[:, first])
        for first, last in itertools.pairwise(edges)
    ]
    if scale == "ratio":
        empty = int(((sides[0] == 0) | (sides[1] == 0)).any(axis=1).sum())
        if empty:
            message = f"{empty} of {len(outcome)} units have nothing counted on a side of a pseudo pilot, so no ratio."
            raise DesignError(f"{message} Use longer sides, or scale='difference'.")
        sides = [np.log(side) for side in sides]
    changes = sides[1] - sides[0]
    variance = float(changes.var(axis=0, ddof=1).mean())
    contrasts = np.zeros((len(starts), len(covariance)))
    for start in starts:
        contrasts[start, start : start + before + after] = change_contrast(before, after)
    shared = contrasts @ covariance @ contrasts.T
    df = (len(outcome) - 1) * float(np.diag(shared).mean() ** 2 / (shared**2).mean())
    return variance, df


def spread_from_shocks(
    history: History, before: int, after: int, correlation: float, shock_variance: float
) -> tuple[float, float]:
    """Return the variance of a change as shocks and counts would have it, and the degrees of freedom granted to it.

    Parameters
    ----------
    history
        Of `read_history`.
    before, after
        Lengths of the sides; together more than the periods there are.
    correlation, shock_variance
        Of the shocks.

    Returns
    -------
    tuple of float
        Variance, and the freedom of that share of one pseudo pilot which the data cover.
    """
    n_units, n_periods = history.outcome.shape
    contrast, length = change_contrast(before, after), before + after
    variance = contrast @ shock_covariance(length, correlation, shock_variance, history.count_variance) @ contrast
    return float(variance), (n_units - 1) * min(1.0, n_periods / length)
