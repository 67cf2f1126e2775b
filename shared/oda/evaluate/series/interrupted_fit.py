"""Regression of one series on time: log-linear for counts, linear with or without AR(1) errors for other outcomes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from oda.errors import DesignError
from oda.evaluate.distributions import normal_quantile, normal_tail, t_quantile, t_tail
from oda.evaluate.series.spline import spline_terms

Family = Literal["gaussian", "log-gaussian", "poisson", "quasi-poisson"]
Trend = Literal["none", "linear", "linear, slope change", "spline"]
MOST_STEPS = 100  # of the iteration; it takes about six
SETTLED = 1e-12  # change of the linear predictor at which the iteration ends
NO_SPREAD = 1e-18  # of the outcome's mean square; a residual variance below it is rounding alone
RHO = np.linspace(-0.95, 0.95, 77)  # the AR(1) parameter is first looked for here
DIGITS = 6  # of the AR(1) parameter, so that rounding in the data's last place reaches no figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """What is regressed on what, but for the trend.

    Attributes
    ----------
    family
        Distribution of the outcome.
    autoregressive
        Whether errors are AR(1).
    harmonics, season
        Pairs of sine and cosine, and the number of periods of a season.
    first_exposed
        Share of the first period after that was exposed.
    """

    family: Family
    autoregressive: bool
    harmonics: int
    season: float
    first_exposed: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A regression of one series.

    Attributes
    ----------
    terms
        Names of the columns of the design, shape (p,).
    design
        Shape (n, p).
    coefficients, covariance
        Shapes (p,) and (p, p); of the logarithm but for a Gaussian.
    bread
        The covariance for a dispersion of 1, shape (p, p).
    misses
        Observed less fitted, of the logarithm for a log-Gaussian, shape (n,).
    mean
        Fitted values, shape (n,).
    residuals
        Pearson residuals, or innovations where errors are AR(1); shape (n,).
    dispersion
        Pearson's statistic over `df`, also for Poisson, which does not use it; the error variance for a Gaussian.
    df
        Of the t distribution; infinite for Poisson.
    rho
        The AR(1) parameter; 0 where errors are independent.
    """

    terms: tuple[str, ...]
    design: np.ndarray
    coefficients: np.ndarray
    covariance: np.ndarray
    bread: np.ndarray
    misses: np.ndarray
    mean: np.ndarray
    residuals: np.ndarray
    dispersion: float
    df: float
    rho: float


def design_of(steps: np.ndarray, trend: Trend, model: Model) -> dict[str, np.ndarray]:
    """Return the columns of the regression by name.

    Parameters
    ----------
    steps
        Periods since the start, 0 in the first period after, shape (n,).
    trend
        Form of the trend.
    model
        All else.

    Returns
    -------
    dict of ndarray
        Shape (n,) each; the slope change counts 1 in the first period after.
    """
    since = steps + 1.0
    post = np.where(steps == 0, model.first_exposed, np.where(steps > 0, 1.0, 0.0))
    columns = {"intercept": np.ones(len(steps)), "level change": post}
    if trend == "spline":
        columns |= {f"spline {i}": column for i, column in enumerate(spline_terms(since), 1)}
    elif trend != "none":
        columns["trend"] = since
    if trend == "linear, slope change":
        columns["slope change"] = np.where(steps >= 0, since, 0.0)
    for pair in range(1, model.harmonics + 1):
        angle = 2 * np.pi * pair * since / model.season
        columns[f"cosine {pair}"] = np.cos(angle)
        if 2 * pair != model.season:  # there the sine is zero throughout
            columns[f"sine {pair}"] = np.sin(angle)
    return columns


def fit_series(outcome: np.ndarray, exposure: np.ndarray, columns: dict[str, np.ndarray], model: Model) -> Fit:
    """Fit the regression.

    Parameters
    ----------
    outcome, exposure
        Shape (n,); the exposure is 1 where there is none.
    columns
        Of `design_of`.
    model
        Family and errors.

    Returns
    -------
    Fit
        Coefficients and what is needed for any contrast of them.

    Raises
    ------
    DesignError
        When the columns cannot be told apart, or the residuals have no spread.
    """
    design = np.column_stack(list(columns.values()))
    n, p = design.shape
    if np.linalg.matrix_rank(design / np.abs(design).max(axis=0)) < p or n - p < 3:
        message = (
            f"{p} terms ({', '.join(columns)}) for {n} periods. Use fewer harmonics, no slope change or more periods."
        )
        raise DesignError(message)
    if model.family in ("poisson", "quasi-poisson"):
        return _fit_counts(outcome, exposure, design, tuple(columns), model.family)
    return _fit_gaussian(outcome, exposure, design, tuple(columns), model)


def _fit_gaussian(
    outcome: np.ndarray, exposure: np.ndarray, design: np.ndarray, terms: tuple[str, ...], model: Model
) -> Fit:
    """Fit an outcome, or the logarithm of a rate, by least squares, generalised where errors are AR(1)."""
    n, p = design.shape
    logs = model.family == "log-gaussian"
    if logs:
        outcome = np.log(outcome / exposure)
    rho = _find_rho(outcome, design) if model.autoregressive else 0.0
    y, x = _whiten(outcome, rho), _whiten(design, rho)
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    residuals = y - x @ coefficients
    variance = float(residuals @ residuals) / (n - p)
    if variance <= NO_SPREAD * max(float(outcome @ outcome) / n, float(logs)):
        message = (
            f"The {n} periods lie on the fitted line exactly, so nothing tells chance from effect. Use data that were "
            "not smoothed or modelled."
        )
        raise DesignError(message)
    bread, line = np.linalg.inv(x.T @ x), design @ coefficients
    return Fit(
        terms=terms,
        design=design,
        coefficients=coefficients,
        covariance=variance * bread,
        bread=bread,
        misses=outcome - line,
        mean=np.exp(line) * exposure if logs else line,
        residuals=residuals / math.sqrt(variance),
        dispersion=variance,
        df=float(n - p),
        rho=rho,
    )


def _fit_counts(
    outcome: np.ndarray, exposure: np.ndarray, design: np.ndarray, terms: tuple[str, ...], family: Family
) -> Fit:
    """Fit counts by iterated weighted least squares, the logarithm of exposure as offset."""
    offset = np.log(exposure)
    mean, predictor = outcome + 0.5, np.log(outcome + 0.5)
    for _ in range(MOST_STEPS):
        root = np.sqrt(mean)
        working = predictor - offset + (outcome - mean) / mean
        coefficients = np.linalg.lstsq(design * root[:, None], working * root, rcond=None)[0]
        last, predictor = predictor, design @ coefficients + offset
        if not np.abs(predictor).max() < 500:
            break
        mean = np.exp(predictor)
        if np.abs(predictor - last).max() < SETTLED * (1 + np.abs(predictor).max()):
            break
    else:
        predictor = np.full(len(outcome), np.inf)
    if not np.abs(predictor).max() < 500 or mean.min() < 1e-8 * mean.mean():
        message = (
            f"{int((outcome == 0).sum())} of {len(outcome)} counts are zero, and no rate fits them. Use longer periods "
            "or fewer terms."
        )
        raise DesignError(message)
    n, p = design.shape
    residuals = (outcome - mean) / np.sqrt(mean)
    dispersion = float(residuals @ residuals) / (n - p)
    if dispersion < 1e-12 * float(mean.mean()):
        message = (
            f"The {n} counts lie on the fitted line exactly, so nothing tells chance from effect. Use the raw counts."
        )
        raise DesignError(message)
    scale = 1.0 if family == "poisson" else dispersion
    bread = np.linalg.inv((design * mean[:, None]).T @ design)
    return Fit(
        terms=terms,
        design=design,
        coefficients=coefficients,
        covariance=scale * bread,
        bread=bread,
        misses=outcome - mean,
        mean=mean,
        residuals=residuals,
        dispersion=dispersion,
        df=math.inf if family == "poisson" else float(n - p),
        rho=0.0,
    )


def _whiten(values: np.ndarray, rho: float) -> np.ndarray:
    """Return values whose AR(1) errors have become independent, the first one kept."""
    out = values.astype(float).copy()
    out[1:] -= rho * values[:-1]
    out[0] *= math.sqrt(1 - rho**2)
    return out


def _find_rho(outcome: np.ndarray, design: np.ndarray) -> float:
    """Return the AR(1) parameter of the largest restricted likelihood."""
    from scipy.optimize import minimize_scalar

    n, p = design.shape
    design = np.linalg.qr(design)[0]  # the same space, and a determinant near 1

    def loss(rho: float) -> float:
        y, x = _whiten(outcome, rho), _whiten(design, rho)
        coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
        squares = float(((y - x @ coefficients) ** 2).sum())
        within = float(np.linalg.slogdet(x.T @ x)[1])
        return float((n - p) * math.log(max(squares, 1e-300)) - math.log(1 - rho**2) + within)

    best = int(np.argmin([loss(rho) for rho in RHO]))
    low, high = RHO[max(best - 1, 0)] - 0.02, RHO[min(best + 1, len(RHO) - 1)] + 0.02
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    return round(float(found.x), DIGITS)


def reach_of(df: float, level: float) -> float:
    """Return how many standard errors an interval reaches to either side.

    Parameters
    ----------
    df
        Of the t distribution; infinite for the normal one.
    level
        Coverage.

    Returns
    -------
    float
        Such as 1.96.
    """
    return float(normal_quantile((1 + level) / 2) if math.isinf(df) else t_quantile((1 + level) / 2, df))


def p_of(effect: float, std_error: float, df: float) -> float:
    """Return the two-sided p of no effect.

    Parameters
    ----------
    effect, std_error
        On the scale of the regression.
    df
        Of the t distribution; infinite for the normal one.

    Returns
    -------
    float
        Between 0 and 1.
    """
    ratio = abs(effect) / std_error
    return float(2 * (normal_tail(ratio) if math.isinf(df) else t_tail(ratio, df)))
