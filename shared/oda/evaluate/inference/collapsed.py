"""One change for each unit: the comparison that few districts can bear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.columns import check_lists, numbers, take
from oda.evaluate.inference.intervals import as_estimate, give_interval
from oda.evaluate.inference.microdata import Regression
from oda.evaluate.inference.permutation import permute
from oda.evaluate.inference.regression import fit_term
from oda.evaluate.inference.routing import FEWEST, choose_inference

NO_SPREAD = 1e-9  # of the largest change; changes that differ by less differ by rounding alone


def collapse_fit(
    changes: np.ndarray, dose: np.ndarray, covariates: np.ndarray, weights: np.ndarray | None, *, name: str
) -> Regression:
    """Fit one change a unit on its treatment.

    Parameters
    ----------
    changes, dose
        Shape (units,); a dose of 0 is no treatment.
    covariates
        Shape (units, covariates).
    weights
        Shape (units,), positive; equal when None.
    name
        The treatment's name, for a message.

    Returns
    -------
    Regression
        Every unit is a cluster of its own.

    Raises
    ------
    DesignError
        When the changes have no spread around the fit, so that no interval can be given.
    """
    n, treated = len(changes), int((dose > 0).sum())
    others = np.column_stack([np.ones(n), covariates])
    root = np.ones(n) if weights is None else np.sqrt(weights / weights.mean())
    fit = fit_term(changes * root, dose * root, others * root[:, None], cluster=np.arange(n), n_clusters=n, name=name)
    rest = fit.residuals(fit.coef)
    if math.sqrt(float(rest @ rest) / n) <= NO_SPREAD * max(float(np.abs(changes).max()), 1e-300):
        message = (
            "The changes of all units of a group are the same, so nothing tells chance from effect and no interval can "
            "be given. Use data that were not smoothed, or more of them."
        )
        raise DesignError(message)
    return Regression(fit=fit, n_treated=treated, n_control=n - treated, n_obs=n)


def collapsed_t_test(
    data: pd.DataFrame,
    *,
    change: str,
    treated: str,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    equal_variance: bool = True,
    level: float = 0.95,
) -> Estimate:
    """Compare one change for each unit between treated and untreated units by a t test.

    Identified if, without treatment, both groups would have changed alike; `event_study` and `placebo_in_time` give
    evidence on it.

    Parameters
    ----------
    data
        Shape (units, columns), one row a unit, such as `Comparison.changes`.
    change
        Column of each unit's change, in any unit.
    treated
        Column of truth values, or of the dose of each unit from 0 up.
    covariates
        Columns of numbers held equal.
    weights
        Column of positive numbers; the spread of a change is taken to fall with its weight.
    equal_variance
        Whether both groups share one spread (G - 2 degrees of freedom); else Welch's test, which needs two units on
        each side and no covariates or weights.
    level
        Coverage of the interval.

    Returns
    -------
    Estimate
        Difference of mean changes, in the unit of the change (per unit of dose).

    Raises
    ------
    DesignError
        When a column is absent, missing values or of the wrong kind; a side has too few units; or the changes have no
        spread.

    Notes
    -----
    With one treated unit its own spread cannot be measured and is taken to be that of the others: at twice their
    spread a nominal 5 per cent test rejects 22 per cent, at half 1.

    References
    ----------
    Donald, S. G. and Lang, K. (2007). Inference with difference-in-differences and other panel data. Review of
    Economics and Statistics, 89(2). Welch, B. L. (1947). The generalization of Student's problem. Biometrika, 34.

    Examples
    --------
    >>> frame = pd.DataFrame({"change": [-3.0, -5.0, 0.5, -0.5, 0.0], "treated": [True, True, False, False, False]})
    >>> found = collapsed_t_test(frame, change="change", treated="treated")
    >>> found.value, found.df, round(found.ci_low, 2)
    (-4.0, 3.0, -6.65)
    """
    check_share(level=level)
    check_lists(covariates=covariates)
    named = {f"covariate{place}": name for place, name in enumerate(covariates)}
    frame = take(data, change=change, treated=treated, weights=weights, **named)
    dose = numbers(frame["treated"], treated, low=0)
    sides = int((dose > 0).sum()), int((dose == 0).sum())
    plain = equal_variance or (len(np.unique(dose)) == 2 and not named and weights is None)
    if min(sides) < (1 if equal_variance else FEWEST["welch"]) or sum(sides) < 3 or not plain:
        message = (
            f"{sides[0]} of {sum(sides)} units are treated. One on each side and three in all are needed; for unequal "
            "spread two on each side, one dose, no covariates and no weights."
        )
        raise DesignError(message)
    held = [numbers(frame[fixed], name) for fixed, name in named.items()]
    found = collapse_fit(
        numbers(frame["change"], change),
        dose,
        np.column_stack(held) if held else np.empty((len(frame), 0)),
        None if weights is None else numbers(frame["weights"], weights, above=0),
        name=treated,
    )
    asked: Literal["collapsed", "welch"] = "collapsed" if equal_variance else "welch"
    tested = give_interval(found, method=asked, level=level)
    method = f"one change a unit ({found.n_treated} of {len(dose)} treated), {tested.words}"
    per = change if np.isin(dose, (0, 1)).all() else f"{change} per unit of {treated}"
    permuted = permute(numbers(frame["change"], change), dose > 0) if _permutable(dose, held, weights) else None
    estimate = as_estimate(tested, found, outcome=change, unit=per, level=level, permuted=permuted, method=method)
    return replace(estimate, cautions=choose_inference(*sides, asked=asked).cautions)


def _permutable(dose: np.ndarray, held: Sequence[object], weights: object) -> bool:
    """Tell whether re-assigning plain treatment among equal units is the test of these data."""
    return len(np.unique(dose)) == 2 and not held and weights is None
