"""A local level with season and regression, fitted to one stretch of a series and carried forward over another."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from oda.errors import DesignError

STARTS = ((1.0, 1.0, 0.01), (1.0, 0.01, 0.01), (0.1, 1.0, 0.01))  # variances to begin from: irregular, level, season
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
        Of irregular, level and, where there is one, season; in squared units of the series.
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
        Restricted likelihood, since the coefficients are states with an exact diffuse start.
    """
    y, scale, centre = _standardise(before, before)
    x = np.column_stack(
        [_standardise(column, column[:n_before])[0] for column in inputs.T] or [np.empty((len(inputs), 0))]
    )
    found, model = _fit(y, x[:n_before], season, regression="states")
    transition, state_noise = model["transition"], model["selection"] @ model["state_cov"] @ model["selection"].T
    state, spread = found.predicted_state[:, -1], found.predicted_state_cov[:, :, -1]
    observe = np.atleast_2d(model["design"][0, :, -1] if model["design"].ndim == 3 else model["design"][0])
    horizon = len(x) - n_before
    mean, covariance, reach = np.empty(horizon), np.zeros((horizon, horizon)), np.zeros((0, len(state)))
    for step in range(horizon):
        row = observe[0].copy()
        row[len(row) - x.shape[1] :] = x[n_before + step]
        mean[step] = row @ state
        covariance[step, step] = row @ spread @ row + float(model["obs_cov"][0, 0])
        covariance[step, :step] = covariance[:step, step] = reach @ row
        reach = np.vstack([reach, row @ spread]) @ transition.T
        state, spread = transition @ state, transition @ spread @ transition.T + state_noise
    states = len(state)
    names = ("irregular", "level", "season")[: 3 if season else 2]
    errors = found.standardized_forecasts_error[0][states:]
    return Forecast(
        mean=centre + scale * mean,
        covariance=scale**2 * covariance,
        one_step=errors,
        one_step_error=scale * float(np.sqrt((found.forecasts_error[0][states:] ** 2).mean())),
        variances={name: scale**2 * float(value) for name, value in zip(names, found.params, strict=True)},
        df=n_before - states,
    )


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
    """Return the fit of the largest likelihood from several beginnings, and its state space."""
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
    return found, model.ssm
