"""Gaps between what was observed and what was foretold: their mean, their sum, and period by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from oda.estimate import Estimate, ratio_limits
from oda.evaluate.series.interrupted_fit import p_of, reach_of
from oda.evaluate.series.structural_fit import Forecast

Scale = Literal["ratio", "difference"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How gaps are read.

    Attributes
    ----------
    outcome
        The caller's column.
    scale
        `ratio`, where series and forecast are logarithms, or `difference`.
    level
        Coverage of the intervals.
    n
        Periods in all.
    method
        In words.
    cautions
        One sentence each.
    """

    outcome: str
    scale: Scale
    level: float
    n: int
    method: str
    cautions: tuple[str, ...] = ()


def read_effect(effect: float, std_error: float, df: int, reading: Reading, estimand: str) -> Estimate:
    """Return an effect on the scale of the model as an estimate.

    Parameters
    ----------
    effect, std_error
        Of the logarithm for a ratio.
    df
        Of the t distribution.
    reading
        Scale, coverage and words.
    estimand
        What is estimated.

    Returns
    -------
    Estimate
        A ratio or a difference.
    """
    reach, ratio = reach_of(df, reading.level) * std_error, reading.scale == "ratio"
    value, low, high = ratio_limits(effect, reach) if ratio else (effect, effect - reach, effect + reach)
    return Estimate(
        estimand=estimand,
        scale=reading.scale,
        outcome=reading.outcome,
        unit="" if ratio else reading.outcome,
        value=value,
        ci_low=low,
        ci_high=high,
        level=reading.level,
        std_error=std_error,
        p_value=p_of(effect, std_error, df),
        df=df,
        n_obs=reading.n,
        n_clusters=1,
        n_treated=1,
        cautions=reading.cautions,
        method=reading.method,
    )


def mean_gap(modelled: np.ndarray, foretold: Forecast, reading: Reading) -> Estimate:
    """Return the mean gap a period.

    Parameters
    ----------
    modelled
        What was observed, as it was modelled (logarithms for a ratio), shape (h,).
    foretold
        The forecast of the same periods.
    reading
        Scale, coverage and words.

    Returns
    -------
    Estimate
        A ratio of geometric means or a mean difference.
    """
    gap = float((modelled - foretold.mean).mean())
    return read_effect(gap, float(np.sqrt(foretold.covariance.mean())), foretold.df, reading, "mean gap")


def cumulative_gap(observed: np.ndarray, foretold: Forecast, reading: Reading) -> Estimate:
    """Return the sum of the gaps in the outcome's unit.

    Parameters
    ----------
    observed
        In the outcome's unit, shape (h,).
    foretold
        The forecast of the same periods.
    reading
        Scale, coverage and words.

    Returns
    -------
    Estimate
        A difference; on the ratio scale without a standard error, since its interval is not symmetric.
    """
    value, low, high = (float(line[-1]) for line in _cumulative(observed, foretold, reading))
    gap, error = float((observed - _line(foretold, reading)).mean()), float(np.sqrt(foretold.covariance.sum()))
    ratio = reading.scale == "ratio"
    mean = mean_gap(np.log(observed) if ratio else observed, foretold, reading)
    return Estimate(
        estimand="cumulative gap",
        scale="difference",
        outcome=reading.outcome,
        unit=reading.outcome,
        value=value,
        ci_low=low,
        ci_high=high,
        level=reading.level,
        std_error=None if ratio else error,
        p_value=None if ratio else mean.p_value,
        df=foretold.df,
        n_obs=reading.n,
        n_clusters=1,
        n_treated=1,
        cautions=reading.cautions,
        method=f"{reading.method}, summed over {len(observed)} periods of {gap:.4g} on average",
    )


def _line(foretold: Forecast, reading: Reading) -> np.ndarray:
    """Return the counterfactual in the outcome's unit."""
    return np.exp(foretold.mean) if reading.scale == "ratio" else foretold.mean


def _cumulative(
    observed: np.ndarray, foretold: Forecast, reading: Reading
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the running sum of the gaps and its interval, shape (h,) each."""
    line, seen = _line(foretold, reading), np.cumsum(observed)
    total, reach = np.cumsum(line), reach_of(foretold.df, reading.level)
    weights = np.tril(np.ones((len(line), len(line)))) * (line if reading.scale == "ratio" else 1.0)
    error = np.sqrt(np.einsum("ij,jk,ik->i", weights, foretold.covariance, weights))
    if reading.scale == "difference":
        return seen - total, seen - total - reach * error, seen - total + reach * error
    factor = np.exp(reach * error / total)  # first-order, on the logarithm of the sum
    return seen - total, seen - total * factor, seen - total / factor


def gap_series(frame: pd.DataFrame, foretold: Forecast, reading: Reading) -> pd.DataFrame:
    """Return the series with its counterfactual and gaps from the start on.

    Parameters
    ----------
    frame
        `time`, `step` and `observed`, in order.
    foretold
        The forecast of the periods from the start on.
    reading
        Scale and coverage.

    Returns
    -------
    DataFrame
        As `StructuralCounterfactual.series` says; the interval of a period's counterfactual is for that period's value.
    """
    out = frame[["time", "step", "observed"]].copy()
    after = (out["step"] >= 0).to_numpy()
    observed = out.loc[after, "observed"].to_numpy()
    reach = reach_of(foretold.df, reading.level) * np.sqrt(np.diag(foretold.covariance))
    ends = [foretold.mean, foretold.mean - reach, foretold.mean + reach]
    if reading.scale == "ratio":
        ends = [np.exp(end) for end in ends]
    named = {
        "counterfactual": ends,
        "gap": [observed - ends[0], observed - ends[2], observed - ends[1]],
        "cumulative_gap": _cumulative(observed, foretold, reading),
    }
    for name, lines in named.items():
        for suffix, line in zip(("", "_low", "_high"), lines, strict=True):
            out[f"{name}{suffix}"] = np.nan
            out.loc[after, f"{name}{suffix}"] = line
    return out
