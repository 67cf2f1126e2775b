"""Bias-reduced cluster-robust errors (CR2) for a regression that an analyst brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.inference.intervals import as_estimate, give_interval
from oda.evaluate.inference.microdata import regress
from oda.evaluate.inference.routing import FEWEST, ROUTED_DF


def cr2_test(
    data: pd.DataFrame,
    *,
    outcome: str,
    term: str,
    cluster: str,
    covariates: Sequence[str] = (),
    fixed_effects: Sequence[str] = (),
    weights: str | None = None,
    level: float = 0.95,
) -> Estimate:
    """Test a regression coefficient with bias-reduced cluster-robust errors (CR2) and Satterthwaite's t.

    Parameters
    ----------
    data
        Shape (rows, columns), any number of rows a cluster.
    outcome, term
        Columns of numbers; the coefficient of `term` is tested.
    cluster
        Column of the level at which the treatment was assigned.
    covariates
        Columns of numbers.
    fixed_effects
        At most two columns of labels; an intercept when there is none.
    weights
        Column of positive numbers, taken as inverse variances.
    level
        Coverage of the interval.

    Returns
    -------
    Estimate
        In units of the outcome per unit of the term; `df` is Satterthwaite's and stands in the method.

    Raises
    ------
    DesignError
        When fewer than 2 clusters are treated or fewer than 2 are not, since the lone cluster's residuals add up to
        zero and it carries no measure of its spread; or the regression cannot be fitted.

    Notes
    -----
    With 3 of 6 clusters treated its true size at 5 per cent is 5.0, with 2 of 6 2.3, with 1 of 6 it would be 32.

    References
    ----------
    Pustejovsky, J. E. and Tipton, E. (2018). Small-sample methods for cluster-robust variance estimation and hypothesis
    testing in fixed effects models. Journal of Business and Economic Statistics, 36(4).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"area": np.repeat(list("abcdef"), 5), "x": np.repeat([1, 0], 15)})
    >>> frame["y"] = 2.0 * frame["x"] + rng.normal(size=30)
    >>> round(cr2_test(frame, outcome="y", term="x", cluster="area").df, 6)
    4.0
    """
    check_share(level=level)
    found = regress(
        data,
        outcome=outcome,
        term=term,
        cluster=cluster,
        covariates=covariates,
        fixed_effects=fixed_effects,
        weights=weights,
    )
    sides = found.n_treated, found.n_control
    if sum(sides) and min(sides) < FEWEST["cr2"]:
        message = (
            f"{sides[0]} of {sum(sides)} clusters are treated. CR2 needs {FEWEST['cr2']} or more on either side: a "
            "lone cluster's residuals add up to zero, so its spread is not measured and the error comes out far too "
            "small. Use collapsed_t_test, randomisation_test or synthetic_control."
        )
        raise DesignError(message)
    tested = give_interval(found, method="cr2", level=level)
    treated = f" ({sides[0]} of {sum(sides)} treated)" if sides[0] else ""
    estimate = as_estimate(
        tested,
        found,
        outcome=outcome,
        unit=f"{outcome} per unit of {term}",
        level=level,
        permuted=None,
        method=f"least squares with {found.fit.n_clusters} clusters{treated}, {tested.words}",
    )
    df = estimate.df or 0.0
    caution = f"CR2 has only {df:.1f} degrees of freedom here: it rejects too seldom, so an effect is easily missed."
    return replace(estimate, cautions=(caution,)) if df < ROUTED_DF else estimate
