"""The regressions that analysts bring: a term, covariates, fixed effects and clusters, made ready for a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import check_lists, numbers, take
from oda.evaluate.inference.fixed_effects import codes, demean, demean_both, drop_rounding
from oda.evaluate.inference.regression import Fit, fit_term

FEWEST = 2  # clusters
MOST_EFFECTS = 1500  # fixed effects across clusters that are written out as columns
FEW = 3  # clusters at the lowest value; a term of so many values above it is no treatment if fewer are there


@dataclass(frozen=True, kw_only=True, slots=True)
class Regression:
    """A fitted regression and who was treated in it.

    Attributes
    ----------
    fit
        The fit of the term.
    n_treated, n_control
        Clusters with the term above its lowest value in some row, and clusters without. Both are 0 where the term is
        no treatment of some clusters: it is above its lowest value somewhere in every cluster; or it differs between
        clusters as a quantity does, with 3 or more highest values and fewer than 3 clusters at the lowest.
    n_obs
        Rows.
    """

    fit: Fit
    n_treated: int
    n_control: int
    n_obs: int


def regress(
    data: pd.DataFrame,
    *,
    outcome: str,
    term: str,
    cluster: str,
    covariates: Sequence[str] = (),
    fixed_effects: Sequence[str] = (),
    weights: str | None = None,
    written_out: bool = True,
) -> Regression:
    """Fit the regression of an outcome on a term, covariates and fixed effects.

    Parameters
    ----------
    data
        Shape (rows, columns); any number of rows a cluster.
    outcome, term
        Columns of numbers.
    cluster
        Column of the level at which the treatment was assigned.
    covariates
        Columns of numbers.
    fixed_effects
        At most two columns of labels; an intercept when there is none.
    weights
        Column of positive numbers.
    written_out
        Whether fixed effects that cross clusters become columns, as the bias-reduced errors and the wild bootstrap
        need; else they are taken out of all columns at once, which is faster.

    Returns
    -------
    Regression
        The fit.

    Raises
    ------
    DesignError
        When a column is absent, missing values or not of numbers; there are more than two fixed effects, or fewer
        than two clusters; or nothing is left of the term.
    """
    check_lists(covariates=covariates, fixed_effects=fixed_effects)
    if len(fixed_effects) > 2:
        message = f"{len(fixed_effects)} fixed effects, {', '.join(map(repr, fixed_effects))}. Give two at most."
        raise DesignError(message)
    named = {f"covariate{place}": name for place, name in enumerate(covariates)}
    fixed = {f"effect{place}": name for place, name in enumerate(fixed_effects)}
    frame = take(data, outcome=outcome, term=term, cluster=cluster, weights=weights, **named, **fixed)
    groups, n_groups = codes(frame["cluster"])
    if n_groups < FEWEST:
        message = f"{cluster!r} has {n_groups} value. Give the column of the level at which the treatment was assigned."
        raise DesignError(message)
    values = [numbers(frame["outcome"], outcome), numbers(frame["term"], term)]
    values += [numbers(frame[fixed_name], name) for fixed_name, name in named.items()]
    columns = np.column_stack(values)
    scale = None if weights is None else numbers(frame["weights"], weights, above=0)
    treated, control = _sides(columns[:, 1], groups, n_groups)
    columns, extra, absorbed = _take_out(columns, frame, list(fixed), groups, scale, written_out=written_out)
    if scale is not None:
        root = np.sqrt(scale)[:, None]
        columns, extra = columns * root, extra * root
    others = np.column_stack([columns[:, 2:], extra])
    fit = fit_term(
        columns[:, 0], columns[:, 1], others, cluster=groups, n_clusters=n_groups, n_absorbed=absorbed, name=term
    )
    return Regression(fit=fit, n_treated=treated, n_control=control, n_obs=len(frame))


def _sides(term: np.ndarray, groups: np.ndarray, n: int) -> tuple[int, int]:
    """Count clusters with and without treatment; none where the term is no treatment of clusters."""
    highest = np.full(n, -np.inf)
    np.maximum.at(highest, groups, term)
    above = highest[highest > term.min()]
    without = n - len(above)
    quantity = without < FEW and len(np.unique(above)) >= FEW
    return (0, 0) if without == 0 or quantity else (len(above), without)


def _is_nested(effect: np.ndarray, n: int, groups: np.ndarray) -> bool:
    """Tell whether every level of a fixed effect lies in one cluster."""
    last = np.empty(n, dtype=groups.dtype)
    last[effect] = groups
    return bool((last[effect] == groups).all())


def _take_out(
    columns: np.ndarray,
    frame: pd.DataFrame,
    fixed: list[str],
    groups: np.ndarray,
    weights: np.ndarray | None,
    *,
    written_out: bool,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Take fixed effects out; return the columns, the effects left as columns, and the number taken out."""
    rows = len(columns)
    if not fixed:
        return columns, np.ones((rows, 1)), 0
    effects = [codes(frame[name]) for name in fixed]
    nested = [_is_nested(found, n, groups) for found, n in effects]
    if len(effects) == 2 and (not written_out or all(nested)):
        (first, n_first), (second, n_second) = sorted(effects, key=lambda one: -one[1])
        counted = sum(n - 1 for (_, n), inside in zip(effects, nested, strict=True) if not inside)
        left = demean_both(columns, first, n_first, second, n_second, weights)
        return drop_rounding(left, columns), np.empty((rows, 0)), counted + 1
    inside = [one for one, is_nested in zip(effects, nested, strict=True) if is_nested]
    across = [one for one, is_nested in zip(effects, nested, strict=True) if not is_nested]
    many = sum(n for _, n in across)
    if many > MOST_EFFECTS:
        message = f"{many:,} fixed effects cross the clusters; {MOST_EFFECTS:,} can be borne. Group them more coarsely."
        raise DesignError(message)
    dummies = [(found[:, None] == np.arange(1, n)).astype(float) for found, n in across]
    extra = np.column_stack([np.ones((rows, 1)), *dummies])
    for found, n in inside:  # one at most
        columns = drop_rounding(demean(columns, found, n, weights), columns)
        extra = drop_rounding(demean(extra, found, n, weights), extra)
    return columns, extra, len(inside)
