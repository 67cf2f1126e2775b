"""A local level with season and regression, fitted to one stretch of a series and carried forward over another."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from oda.errors import DesignError

STARTS = ((1.0, 1.0, 0.01), (1.0, 0.01, 0.01), (0.1, 1.0, 0.01))  # variances to begin from: irregular, level, season
# Shares r / (1 + r) of the level in the movement, r the spread of its steps over that of the noise: twenty of equal
# weight from Beta(1, 5), since most levels wander by less from one period to the next than single figures are off.
SHARES = 1 - (1 - (np.arange(20) + 0.5) / 20) ** 0.2
DIGITS = 9  # of standardised values, so that units and shifts reach no figure by way of rounding


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What a fitted series foretells.

    Attributes
    ----------
    mean, covariance
        Of the values to come, shapes (h,) and (h, h), what is not known of the coefficients included.
    one_step
        Standardised one-step errors over the stretch fitted, shape (n - states,).
    one_step_error
        Root mean square of those errors, in the units of the series.
    variances
        The likeliest ones of irregular, level and, where there is one, season; in squared units of the series.
    df
        Periods fitted less coefficients of level, season and regression.
    """

    mean: np.ndarray
    covariance: np.ndarray
    one_step: np.ndarray
    one_step_error: float
    variances: dict[str, float]
    df: int


def forecast_series(before: np.ndarray, inputs: np.ndarray, n_before: int, season: int) -> Forecast:
    """Fit the periods before and foretell those after, with their whole covariance.

    Parameters
    ----------
    before
        The series over the periods before, shape (n_before,).
    inputs
        Comparison series over all periods, shape (n, k); k may be 0.
    n_before
        Periods before.
    season
        Periods in a season; 0 for none.

    Returns
    -------
    Forecast
        Averaged over shares of the level in the movement, weighted by their restricted likelihood: with few periods
        before, the likeliest share alone is often nought and its interval far too narrow.
    """
    y, scale, centre = _standardise(before, before)
    x = np.column_stack(
        [_standardise(column, column[:n_before])[0] for column in inputs.T] or [np.empty((len(inputs), 0))]
    )
    best, model = _fit(y, x[:n_before], season, regression="states")
    states, names = best.filtered_state.shape[0], ("irregular", "level", "season")[: 3 if season else 2]
    found = [_forecast_at(model, share, best.params, x) for share in SHARES]
    logs = np.array([one[2] for one in found])
    weights = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    means, covariances = np.array([one[0] for one in found]), np.array([one[1] for one in found])
    mean = weights @ means
    covariance = np.einsum("i,ijk->jk", weights, covariances) + np.einsum(
        "i,ij,ik->jk", weights, means - mean, means - mean
    )
    return Forecast(
        mean=centre + scale * mean,
        covariance=scale**2 * covariance,
        one_step=best.standardized_forecasts_error[0][states:],
        one_step_error=scale * float(np.sqrt((best.forecasts_error[0][states:] ** 2).mean())),
        variances={name: scale**2 * float(value) for name, value in zip(names, best.params, strict=True)},
        df=n_before - states,
    )


def _forecast_at(
    model: Any,  # noqa: ANN401  statsmodels is untyped
    share: float,
    params: np.ndarray,
    inputs: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return mean, covariance and log-likelihood at one share of the level, the scale integrated out."""
    ratio = (share / (1 - share)) ** 2
    season = [params[2] / (params[0] + params[1]) * (1 + ratio)] if len(params) > 2 else []
    model.update(np.array([1.0, ratio, *season]))
    found = model.ssm.filter()
    burn = found.filtered_state.shape[0]
    squares = found.standardized_forecasts_error[0][burn:] ** 2
    variance = float(squares.mean())
    likelihood = float(found.llf) + 0.5 * float(squares.sum()) - 0.5 * len(squares) * np.log(variance)
    mean, covariance = _carry_forward(model.ssm, found, inputs, len(found.forecasts_error[0]))
    return mean, variance * covariance, likelihood


def _carry_forward(
    space: Any,  # noqa: ANN401  statsmodels is untyped
    found: Any,  # noqa: ANN401
    inputs: np.ndarray,
    n_before: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and joint covariance of the periods after those that were filtered."""
    transition, state_noise = space["transition"], space["selection"] @ space["state_cov"] @ space["selection"].T
    state, spread = found.predicted_state[:, -1], found.predicted_state_cov[:, :, -1]
    design = space["design"][0]
    observe = design[:, -1] if design.ndim == 2 else design
    horizon, k = len(inputs) - n_before, inputs.shape[1]
    mean, covariance, shared = np.empty(horizon), np.zeros((horizon, horizon)), np.zeros((0, len(state)))
    for step in range(horizon):
        row = observe.copy()
        row[len(row) - k :] = inputs[n_before + step]
        mean[step] = row @ state
        covariance[step, step] = row @ spread @ row + float(space["obs_cov"][0, 0])
        covariance[step, :step] = covariance[:step, step] = shared @ row
        shared = np.vstack([shared, row @ spread]) @ transition.T
        state, spread = transition @ state, transition @ spread @ transition.T + state_noise
    return mean, covariance


def shift_of(series: np.ndarray, inputs: np.ndarray, n_before: int, season: int) -> tuple[float, float, int]:
    """Return a lasting step of the level at the start, its standard error and degrees of freedom.

    Parameters
    ----------
    series
        All periods, shape (n,).
    inputs
        Comparison series, shape (n, k).
    n_before
        Periods before the step.
    season
        Periods in a season; 0 for none.

    Returns
    -------
    tuple of float
        Maximum likelihood; the error is that of generalised least squares at its variances.
    """
    y, scale, _ = _standardise(series, series)
    step = (np.arange(len(y)) >= n_before).astype(float)
    x = np.column_stack([*(_standardise(column, column)[0] for column in inputs.T), step])
    found, _ = _fit(y, x, season, regression="parameters")
    model = _model(y, x, season, regression="states")
    held = model.filter(found.params[: 3 if season else 2])
    error = float(np.sqrt(held.filtered_state_cov[-1, -1, -1]))
    states = held.filtered_state.shape[0]
    return scale * float(held.filtered_state[-1, -1]), scale * error, len(y) - states


def _standardise(values: np.ndarray, over: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return values less the mean and over the spread of some of them, that spread and that mean."""
    scale, centre = float(over.std()), float(over.mean())
    if not scale > 1e-12 * max(abs(centre), 1e-300):
        message = f"A series is {centre:g} in all of {len(over)} periods. Leave it out, or use one that moves."
        raise DesignError(message)
    return np.round((values - centre) / scale, DIGITS), scale, centre


def _model(y: np.ndarray, x: np.ndarray, season: int, *, regression: str) -> Any:  # noqa: ANN401  statsmodels is untyped
    """Return the state space model."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    return UnobservedComponents(
        y,
        level="llevel",
        seasonal=season or None,
        exog=x if x.shape[1] else None,
        mle_regression=regression == "parameters",
        use_exact_diffuse=True,
    )


def _fit(y: np.ndarray, x: np.ndarray, season: int, *, regression: str) -> tuple[Any, Any]:
    """Return the fit of the largest likelihood from several beginnings, and its model."""
    model = _model(y, x, season, regression=regression)
    fits = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of starts that did not settle; the best of them is taken
        for start in STARTS:
            first = np.array(start[: 3 if season else 2]) * float(np.diff(y).var())
            coefficients = np.asarray(model.start_params)[len(first) :]
            fits.append(model.fit(np.concatenate([first, coefficients]), disp=False, maxiter=500, cov_type="none"))
    best = max(fits, key=lambda one: float(one.llf))
    found = model.filter(best.params)
    return found, model
