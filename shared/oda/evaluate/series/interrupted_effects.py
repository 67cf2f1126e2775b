"""What is read off the regressions of an interrupted time series: effects, lines, diagnostics and words."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from oda.estimate import Estimate, ratio_limits
from oda.evaluate.series.interrupted_fit import Fit, Model, p_of, reach_of

AR_APPROXIMATE = 50  # points below which an AR(1) interval is only approximate
OVERDISPERSED = 1.5  # Pearson dispersion from which a Poisson interval is said to be too narrow
MOST_LAGS = 12
CHANGES = ("level change", "slope change")


def effect_of(
    fits: tuple[Fit, ...],
    steps: np.ndarray,
    kind: str,
    model: Model,
    *,
    level: float,
    outcome: str,
    cautions: tuple[str, ...],
    method: str,
) -> Estimate:
    """Return one effect: the contrast of the treated series, less that of the comparison series where there is one.

    Parameters
    ----------
    fits
        Treated series first.
    steps
        Periods since the start of one series, shape (n,).
    kind
        `level change`, `slope change` or `average change`.
    model
        Family and errors.
    level
        Coverage.
    outcome, cautions, method
        For the estimate.

    Returns
    -------
    Estimate
        A ratio for counts, a difference otherwise.
    """
    contrasts = [_contrast(fit, steps, kind) for fit in fits]
    values = [float(weights @ fit.coefficients) for weights, fit in zip(contrasts, fits, strict=True)]
    variances = [float(weights @ fit.covariance @ weights) for weights, fit in zip(contrasts, fits, strict=True)]
    effect = values[0] - sum(values[1:])
    std_error, df = math.sqrt(sum(variances)), _satterthwaite(variances, [fit.df for fit in fits])
    reach = reach_of(df, level) * std_error
    ratio = model.family != "gaussian"
    value, low, high = ratio_limits(effect, reach) if ratio else (effect, effect - reach, effect + reach)
    return Estimate(
        estimand=kind,
        scale="ratio" if ratio else "difference",
        outcome=outcome,
        unit=" ".join([outcome] * (not ratio) + ["per period"] * (kind == "slope change")),
        value=value,
        ci_low=low,
        ci_high=high,
        level=level,
        std_error=std_error,
        p_value=p_of(effect, std_error, df),
        df=None if math.isinf(df) else df,
        n_obs=len(steps) * len(fits),
        n_clusters=len(fits),
        n_treated=1,
        cautions=cautions,
        method=method,
    )


def _contrast(fit: Fit, steps: np.ndarray, kind: str) -> np.ndarray:
    """Return the weights of the coefficients whose sum is the effect."""
    after = fit.design[steps >= 0].mean(axis=0)
    weights = [
        (float(after[place]) if term in CHANGES else 0.0) if kind == "average change" else float(term == kind)
        for place, term in enumerate(fit.terms)
    ]
    return np.array(weights)


def _satterthwaite(variances: list[float], dfs: list[float]) -> float:
    """Return the degrees of freedom of a sum of variances."""
    if math.inf in dfs or len(dfs) == 1:
        return max(dfs)
    return sum(variances) ** 2 / sum(variance**2 / df for variance, df in zip(variances, dfs, strict=True))


def lines_of(fits: tuple[Fit, ...], sides: tuple[pd.DataFrame, ...], model: Model, level: float) -> pd.DataFrame:
    """Return what was observed, what the regression fits, and what it foretells without the start.

    Parameters
    ----------
    fits, sides
        Treated series first, and their rows.
    model
        Family and errors.
    level
        Coverage of the intervals, which are for the mean, not for one period's count.

    Returns
    -------
    DataFrame
        As `InterruptedSeries.series` says.
    """
    parts = []
    for number, (fit, rows) in enumerate(zip(fits, sides, strict=True)):
        part = rows[["time", "step", "treated", "observed", "exposure"]].copy()
        part[["fitted", "fitted_low", "fitted_high"]] = _line(fit.design, fit, None, rows, model, level)
        names = ["counterfactual", "counterfactual_low", "counterfactual_high"]
        changes = fit.design * np.isin(fit.terms, CHANGES)
        other = (changes, fits[1]) if len(fits) > 1 else None
        part[names] = _line(fit.design - changes, fit, other, rows, model, level)
        part.loc[(part["step"] < 0) | (number > 0), names] = np.nan
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _line(
    design: np.ndarray,
    fit: Fit,
    other: tuple[np.ndarray, Fit] | None,
    rows: pd.DataFrame,
    model: Model,
    level: float,
) -> np.ndarray:
    """Return a line and its interval, shape (n, 3); the changes of a comparison series are added to it."""
    line = design @ fit.coefficients
    variance = np.einsum("ij,jk,ik->i", design, fit.covariance, design)
    if other is not None:
        line = line + other[0] @ other[1].coefficients
        variance = variance + np.einsum("ij,jk,ik->i", other[0], other[1].covariance, other[0])
    reach = reach_of(fit.df, level) * np.sqrt(variance)
    out = np.column_stack([line, line - reach, line + reach])
    return out if model.family == "gaussian" else np.exp(out) * rows["exposure"].to_numpy()[:, None]


def terms_of(fits: tuple[Fit, ...]) -> pd.DataFrame:
    """Return every coefficient with its standard error and p.

    Parameters
    ----------
    fits
        Treated series first.

    Returns
    -------
    DataFrame
        As `InterruptedSeries.terms` says.
    """
    rows = []
    for number, fit in enumerate(fits):
        errors = np.sqrt(np.diag(fit.covariance))
        for term, value, error in zip(fit.terms, fit.coefficients.tolist(), errors.tolist(), strict=True):
            rows.append((number == 0, term, value, error, p_of(value, error, fit.df)))
    return pd.DataFrame(rows, columns=["treated", "term", "coefficient", "std_error", "p_value"])


def autocorrelations(fits: tuple[Fit, ...], sides: tuple[pd.DataFrame, ...]) -> pd.DataFrame:
    """Return the autocorrelation of the residuals at each lag; a pair of periods with a gap is passed over.

    Parameters
    ----------
    fits, sides
        Treated series first, and their rows.

    Returns
    -------
    DataFrame
        As `InterruptedSeries.autocorrelation` says.
    """
    rows = []
    for number, (fit, frame) in enumerate(zip(fits, sides, strict=True)):
        steps = frame["step"].to_numpy()
        whole = np.zeros(int(steps[-1] - steps[0]) + 1)
        whole[steps - steps[0]] = fit.residuals - fit.residuals.mean()
        squares, limit = float(whole @ whole), 2 / math.sqrt(len(steps))
        lags = range(1, min(MOST_LAGS, len(steps) // 2) + 1)
        rows += [(number == 0, lag, float(whole[lag:] @ whole[:-lag]) / squares, limit) for lag in lags]
    return pd.DataFrame(rows, columns=["treated", "lag", "value", "limit"])


def say_method(sides: tuple[pd.DataFrame, ...], model: Model, trend: str, fits: tuple[Fit, ...]) -> str:
    """Say how the effects were estimated.

    Parameters
    ----------
    sides
        Rows, treated series first.
    model
        Family and errors.
    trend
        Its form.
    fits
        Treated series first.

    Returns
    -------
    str
        For the footnote.
    """
    steps = sides[0]["step"]
    family = {
        "gaussian": "linear",
        "log-gaussian": "log-linear",
        "poisson": "Poisson",
        "quasi-poisson": "quasi-Poisson",
    }[model.family]
    parts = [
        f"interrupted time series{' with a comparison series' if len(sides) > 1 else ''}, {family} regression on "
        f"{(steps < 0).sum()} periods before and {(steps >= 0).sum()} after",
        f"{trend.replace(',', ' trend with', 1)}" if "," in trend else f"{trend} trend",
    ]
    if model.harmonics:
        parts.append(
            f"{model.harmonics} pair{'s' * (model.harmonics > 1)} of harmonics for a season of {model.season:g}"
        )
    if model.autoregressive:
        parts.append(f"AR(1) errors ({', '.join(f'{fit.rho:.2f}' for fit in fits)}) by restricted likelihood")
    normal = math.isinf(fits[0].df)
    df = _satterthwaite([1.0] * len(fits), [fit.df for fit in fits])
    parts.append("normal distribution" if normal else f"t with {df:g} degrees of freedom{' or so' * (len(fits) > 1)}")
    return ", ".join(parts)


def say_cautions(
    fits: tuple[Fit, ...],
    sides: tuple[pd.DataFrame, ...],
    model: Model,
    correlations: pd.DataFrame,
    variants: pd.DataFrame,
) -> tuple[str, ...]:
    """Say what changes how the effects must be read.

    Parameters
    ----------
    fits, sides
        Treated series first.
    model
        Family and errors.
    correlations, variants
        As the result holds them.

    Returns
    -------
    tuple of str
        One sentence each.
    """
    n = len(sides[0])
    said = [_variant_caution(variants), _gap_caution(sides)]
    if len(fits) == 1:
        said.append("There is no comparison series: whatever else changed at the start is part of the estimate.")
    if model.autoregressive and n < AR_APPROXIMATE:
        said.append(
            f"AR(1) intervals from {n} periods are approximate: below {AR_APPROXIMATE} they are too narrow, so that a "
            "true null is rejected about 10 times in 100 rather than 5."
        )
    said += [_serial_caution(rows, model) for _, rows in correlations.groupby("treated", sort=False)]
    worst = max(fit.dispersion for fit in fits)
    if model.family == "poisson" and worst > OVERDISPERSED:
        said.append(
            f"The counts vary {worst:.1f} times as much as Poisson counts do, so the interval is too narrow: use "
            "family='quasi-poisson'."
        )
    return tuple(dict.fromkeys(one for one in said if one))


def _variant_caution(variants: pd.DataFrame) -> str:
    """Say that the form of the trend decides, where a variant lies outside the headline's interval."""
    head = variants[variants["headline"]].iloc[0]
    values = variants["average_change"]
    outside = (values < head["average_change_low"]) | (values > head["average_change_high"])
    if not outside.any():
        return ""
    names = ", ".join(f"{trend} {value:.3g}" for trend, value in zip(variants["trend"], values, strict=True))
    return f"The answer depends on the form of the trend; the mean effect by form: {names}."


def _gap_caution(sides: tuple[pd.DataFrame, ...]) -> str:
    """Say that periods have no row."""
    steps = sides[0]["step"].to_numpy()
    span = int(steps[-1] - steps[0]) + 1
    if span == len(steps):
        return ""
    return f"{span - len(steps)} of the {span} periods have no row and are left out."


def _serial_caution(rows: pd.DataFrame, model: Model) -> str:
    """Say that residuals are correlated at lag 1 or a season apart."""
    found = {int(lag): value for lag, value in zip(rows["lag"], rows["value"], strict=True)}
    limit = float(rows["limit"].iloc[0])
    if found[1] > limit:
        return (
            f"Residuals of neighbouring periods are correlated ({found[1]:.2f}), so the interval is too narrow: see "
            "errors='ar1' (for counts with family='log-gaussian'), or structural_counterfactual."
        )
    if found[1] < -limit:
        return f"Residuals of neighbouring periods alternate ({found[1]:.2f}), so the interval is too wide."
    if abs(found.get(int(model.season), 0.0)) > limit:
        apart = found[int(model.season)]
        return f"Residuals {model.season:g} periods apart are correlated ({apart:.2f}): model the season."
    return ""
