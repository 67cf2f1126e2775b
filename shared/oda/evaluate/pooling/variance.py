"""The variance of true effects between districts: three estimators and an interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from oda.errors import DesignError
from oda.evaluate.distributions import chi2_quantile, chi2_tail

LOGS = math.log(1.5)  # logarithms all above it are more likely ratios that were not turned into logarithms
GRID = 200  # steps in which the restricted likelihood is searched for more than one top
SETTLED = 1e-14  # relative; the root of tau squared


@dataclass(frozen=True, kw_only=True, slots=True)
class Mean:
    """A weighted mean at one tau squared.

    Attributes
    ----------
    weights
        Inverse variances, shape (districts,).
    mean, std_error
        The weighted mean and the root of one over the sum of the weights.
    scatter
        Weighted sum of squares about the mean; Cochran's Q at a tau squared of zero.
    """

    weights: np.ndarray
    mean: float
    std_error: float
    scatter: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Heterogeneity:
    """How far the districts' true effects differ.

    Attributes
    ----------
    tau2, ci_low, ci_high
        Variance of the true effects between districts and its Q-profile interval, squared units of the effect (of its
        logarithm for ratios).
    i2
        Per cent of the variation that is between true effects rather than chance.
    q, df, p_value
        Cochran's Q, its degrees of freedom, and its chi-squared p against equal effects.
    """

    tau2: float
    ci_low: float
    ci_high: float
    i2: float
    q: float
    df: int
    p_value: float


def check_logarithms(effects: np.ndarray, name: str, scale: str) -> None:
    """Refuse ratios where their logarithms are asked for.

    Parameters
    ----------
    effects
        Shape (districts,).
    name
        The caller's column, for the message.
    scale
        `ratio` where they are to be logarithms.

    Raises
    ------
    DesignError
        When all are above the logarithm of 1.5.
    """
    if scale == "ratio" and (effects > LOGS).all():
        message = (
            f"{name!r} is above {LOGS:.2f} in all {len(effects)} districts, so these look like ratios. Give their "
            "logarithms; if they are logarithms already, ask for scale='difference'."
        )
        raise DesignError(message)


def tau_squared(effects: np.ndarray, variances: np.ndarray, *, method: str) -> float:
    """Return the variance of the true effects between districts.

    Parameters
    ----------
    effects, variances
        Estimates and their squared standard errors, shape (districts,).
    method
        One of `METHODS`.

    Returns
    -------
    float
        In squared units of the effects, not below zero.
    """
    return _ESTIMATORS[method](effects, variances)


def describe_heterogeneity(effects: np.ndarray, variances: np.ndarray, tau2: float, level: float) -> Heterogeneity:
    """Return Q, I squared and tau squared with its interval.

    Parameters
    ----------
    effects, variances
        Estimates and their squared standard errors, shape (districts,).
    tau2
        Variance of the true effects, as estimated.
    level
        Coverage of the interval of tau squared.

    Returns
    -------
    Heterogeneity
        How far the true effects differ.
    """
    fixed = weighted_mean(effects, variances, 0.0)
    total, df = fixed.weights.sum(), len(effects) - 1
    typical = df * total / (total**2 - (fixed.weights**2).sum())
    upper, lower = chi2_quantile([(1 - level) / 2, (1 + level) / 2], df)
    return Heterogeneity(
        tau2=tau2,
        ci_low=_where_scatter_is(effects, variances, float(lower)),
        ci_high=_where_scatter_is(effects, variances, float(upper)),
        i2=float(100 * tau2 / (tau2 + typical)),
        q=fixed.scatter,
        df=df,
        p_value=float(chi2_tail(fixed.scatter, df)),
    )


def weighted_mean(effects: np.ndarray, variances: np.ndarray, tau2: float) -> Mean:
    """Return the weighted mean at this tau squared.

    Parameters
    ----------
    effects, variances
        Estimates and their squared standard errors, shape (districts,).
    tau2
        Variance of the true effects.

    Returns
    -------
    Mean
        The mean, its standard error and the scatter about it.
    """
    weights = 1 / (variances + tau2)
    total = math.fsum(weights)
    mean = math.fsum(weights * effects) / total
    scatter = math.fsum(weights * (effects - mean) ** 2)
    return Mean(weights=weights, mean=mean, std_error=total**-0.5, scatter=scatter)


def _where_scatter_is(effects: np.ndarray, variances: np.ndarray, target: float) -> float:
    """Return the tau squared at which the weighted scatter about the mean is the target, or 0."""
    from scipy import optimize

    def excess(tau2: float) -> float:
        return weighted_mean(effects, variances, tau2).scatter - target

    if excess(0.0) <= 0:
        return 0.0
    far = float(variances.max() + effects.var())
    while excess(far) > 0:
        far *= 4
    return float(optimize.brentq(excess, 0.0, far, xtol=SETTLED * far, rtol=SETTLED))


def _paule_mandel(effects: np.ndarray, variances: np.ndarray) -> float:
    """Return the tau squared at which the scatter is what chance alone gives."""
    return _where_scatter_is(effects, variances, len(effects) - 1)


def _dersimonian_laird(effects: np.ndarray, variances: np.ndarray) -> float:
    """Return the tau squared of moments."""
    fixed = weighted_mean(effects, variances, 0.0)
    total = math.fsum(fixed.weights)
    return max(0.0, (fixed.scatter - len(effects) + 1) / (total - math.fsum(fixed.weights**2) / total))


def _likelihood(effects: np.ndarray, variances: np.ndarray, tau2: float) -> float:
    """Return the restricted log likelihood."""
    found = weighted_mean(effects, variances, tau2)
    return 0.5 * (math.fsum(np.log(found.weights)) - math.log(math.fsum(found.weights)) - found.scatter)


def _slopes(effects: np.ndarray, variances: np.ndarray, tau2: np.ndarray) -> np.ndarray:
    """Return the slope of the restricted log likelihood at each tau squared, shape (places,)."""
    weights = 1 / (variances + tau2[:, None])
    total, squared = weights.sum(axis=1), weights**2
    mean = (weights * effects).sum(axis=1) / total
    fit = (squared * (effects - mean[:, None]) ** 2).sum(axis=1)
    return np.asarray(0.5 * (fit - total + squared.sum(axis=1) / total))


def _restricted_likelihood(effects: np.ndarray, variances: np.ndarray) -> float:
    """Return the tau squared of the highest of the restricted likelihood's tops, which may be at zero."""
    from scipy import optimize

    def slope(tau2: float) -> float:
        return float(_slopes(effects, variances, np.array([tau2]))[0])

    far = float(effects.var() * len(effects) + variances.max())
    while slope(far) > 0:
        far *= 4
    places = far * np.linspace(0, 1, GRID + 1) ** 3
    signs = _slopes(effects, variances, places) > 0
    tops = [0.0] + [
        float(optimize.brentq(slope, places[i], places[i + 1], xtol=SETTLED * far, rtol=SETTLED))
        for i in np.flatnonzero(signs[:-1] & ~signs[1:])
    ]
    return max(tops, key=lambda tau2: _likelihood(effects, variances, tau2))


_ESTIMATORS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "REML": _restricted_likelihood,
    "PM": _paule_mandel,
    "DL": _dersimonian_laird,
}
METHODS = tuple(_ESTIMATORS)
