"""From a fitted comparison to an interval: one function for every method."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from oda.estimate import Estimate
from oda.evaluate.inference.bootstrap import bootstrap_fit
from oda.evaluate.inference.microdata import Regression
from oda.evaluate.inference.permutation import RandomisationTest
from oda.evaluate.inference.regression import Fit, check_spread, classical_error, cr2_error, crv1_error

WHOLE = 1e-6  # degrees of freedom this near a whole number are said as one
SEED = 20_240_101


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """A coefficient with its interval, before it is given a scale and a name.

    Attributes
    ----------
    value, low, high
        In the unit of the response per unit of the term.
    std_error, df, p_value
        Degrees of freedom are None for a bootstrap.
    words
        The reference distribution in words, such as `t test with 4 degrees of freedom`.
    """

    value: float
    low: float
    high: float
    std_error: float
    df: float | None
    p_value: float
    words: str


def give_interval(found: Regression, *, method: str, level: float) -> Interval:
    """Test the coefficient of a fitted regression by a method that its design can bear.

    Parameters
    ----------
    found
        The regression; for collapsed changes every cluster is one row.
    method
        Of `choose_inference`.
    level
        Coverage of the interval.

    Returns
    -------
    Interval
        The interval and p against no effect.

    Raises
    ------
    DesignError
        When the fit leaves no spread to measure chance by.
    """
    fit = found.fit
    if method == "wild":
        boot = bootstrap_fit(
            found, outcome="", unit="", null=0.0, draws=9_999, draw_weights="rademacher", seed=SEED, level=level
        )
        e = boot.estimate
        words = f"wild cluster bootstrap, null imposed, {boot.draws:,} draws{' (all there are)' * boot.enumerated}"
        return Interval(
            value=e.value,
            low=e.ci_low,
            high=e.ci_high,
            std_error=e.std_error or 0.0,
            df=None,
            p_value=e.p_value or 0.0,
            words=words,
        )
    errors = {"collapsed": classical_error, "welch": _welch_error, "cr2": cr2_error, "crv1": crv1_error}
    std_error, df = errors[method](fit)
    check_spread(fit, std_error)
    name = {"collapsed": "", "welch": " for unequal spread", "cr2": " (CR2 errors)", "crv1": " (CRV1 errors)"}[method]
    df = float(round(df)) if abs(df - round(df)) < WHOLE else df
    said = f"{df:.0f}" if df == round(df) else f"{df:.1f}"
    reach = float(special.stdtrit(df, (1 + level) / 2)) * std_error
    return Interval(
        value=fit.coef,
        low=fit.coef - reach,
        high=fit.coef + reach,
        std_error=std_error,
        df=df,
        p_value=float(2 * special.stdtr(df, -abs(fit.coef) / std_error)),
        words=f"t test{name} with {said} degree{'' if said == '1' else 's'} of freedom",
    )


def _welch_error(fit: Fit) -> tuple[float, float]:
    """Return the standard error of two means of unequal spread, and Welch's degrees of freedom."""
    chosen = fit.term > 0
    parts = []
    for side in (chosen, ~chosen):
        rest, n = fit.residuals(fit.coef)[side], int(side.sum())
        parts.append((float(rest @ rest) / (n - 1) / n, n))
    total = sum(variance for variance, _ in parts)
    return math.sqrt(total), total**2 / sum(variance**2 / (n - 1) for variance, n in parts)


def as_estimate(
    tested: Interval,
    found: Regression,
    *,
    outcome: str,
    unit: str,
    level: float,
    permuted: RandomisationTest | None,
    method: str,
) -> Estimate:
    """Give a tested coefficient its name on the difference scale.

    Parameters
    ----------
    tested, found
        The test and the regression.
    outcome, unit
        What is measured and in which unit.
    level
        Coverage.
    permuted
        The randomisation test beside it, if any.
    method
        In words, for the footnote.

    Returns
    -------
    Estimate
        A difference.
    """
    n = found.fit.n_clusters
    return Estimate(
        estimand="ATT" if found.n_treated else "coefficient",
        scale="difference",
        outcome=outcome,
        unit=unit,
        value=tested.value,
        ci_low=tested.low,
        ci_high=tested.high,
        level=level,
        std_error=tested.std_error,
        p_value=tested.p_value,
        df=tested.df,
        n_obs=found.n_obs,
        n_clusters=n,
        n_treated=found.n_treated,
        smallest_p=permuted.smallest_p if permuted else None,
        permutation_p=permuted.p_value if permuted else None,
        method=method,
    )
