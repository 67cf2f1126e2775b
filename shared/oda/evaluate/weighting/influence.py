"""Weighted means and how much each row moves them: the kernels of `weighted_effect`."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from oda.errors import DesignError


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightedGroups:
    """Two groups with their outcome, covariates, scores and weights.

    Attributes
    ----------
    outcome, scores, weights
        Shape (rows,): outcome in its unit; probability of treatment; weight, 0 where trimmed, not stabilised.
    treated
        Shape (rows,), truth values.
    columns
        Shape (rows, coefficients): the constant and covariates of the logistic regression.
    estimand
        `ATT`, `ATE` or `ATC`.
    """

    outcome: np.ndarray
    treated: np.ndarray
    columns: np.ndarray
    scores: np.ndarray
    weights: np.ndarray
    estimand: str


Found = tuple[tuple[float, float], np.ndarray, np.ndarray]


def weighted_means(rows: WeightedGroups) -> Found:
    """Return the weighted mean outcome of each group, and what each row adds to their difference.

    Parameters
    ----------
    rows
        Two weighted groups.

    Returns
    -------
    means : tuple of float
        Of the treated and of the comparison group, in the outcome's unit.
    known, estimated : ndarray
        Shape (rows,): influence on the difference, in the outcome's unit, with the weights taken as known; and with
        the scores estimated and each row's own pull that of leaving it out, which keeps heavy rows from passing for
        many. The standard error is the root of the sum of squares over the number of rows.
    """
    (one, known1, slope1), (none, known0, slope0) = (_mean(rows, rows.outcome, side) for side in _sides(rows))
    left_out = _leave_out(rows, known1) - _leave_out(rows, known0)
    return (one, none), known1 - known0, left_out + _score_influence(rows) @ (slope1 - slope0)


def augmented_means(rows: WeightedGroups) -> Found:
    """Return the mean outcome with and without treatment from outcome regressions mended by weighted residuals.

    Parameters
    ----------
    rows
        Two weighted groups.

    Returns
    -------
    means : tuple of float
        With and without treatment, of those whom the estimand names, in the outcome's unit.
    known, estimated : ndarray
        As of `weighted_means`; `known` takes the outcome regressions as known too.

    Raises
    ------
    DesignError
        When a group has too few rows, or covariates that do not vary in it, for its regression.
    """
    n, kept = len(rows.outcome), rows.weights > 0
    target = kept & {"ATE": np.ones(n, dtype=bool), "ATT": rows.treated, "ATC": ~rows.treated}[rows.estimand]
    means, known, estimated = [], np.zeros(n), np.zeros(n)
    for sign, side in zip((1, -1), _sides(rows), strict=True):
        fitted, moved = np.zeros(n), np.zeros((n, rows.columns.shape[1]))
        if (target & ~side).any():  # else the group stands for itself, and needs no regression
            fitted, moved = _regress(rows, side & kept)
        rest, influence, slope = _mean(rows, rows.outcome - fitted, side)
        mean = float(fitted[target].mean())
        spread = np.where(target, fitted - mean, 0) * n / target.sum()
        heft = np.where(side, rows.weights, 0)
        gap = rows.columns[target].mean(axis=0) - heft @ rows.columns / heft.sum()
        known += sign * (influence + spread)
        estimated += sign * (_leave_out(rows, influence) + spread + _score_influence(rows) @ slope + moved @ gap)
        means.append(mean + rest)
    return (means[0], means[1]), known, estimated


def standard_error(influence: np.ndarray, codes: np.ndarray | None) -> float:
    """Return the standard error of a mean from each row's influence on it.

    Parameters
    ----------
    influence
        Shape (rows,), in the outcome's unit.
    codes
        Shape (rows,): clusters as whole numbers from 0; None where rows are independent.

    Returns
    -------
    float
        In the outcome's unit; with clusters times the root of clusters / (clusters - 1).
    """
    sums, factor = influence, 1.0
    if codes is not None:
        sums = np.bincount(codes, weights=influence)
        factor = len(sums) / (len(sums) - 1)
    return math.sqrt(factor * float(sums @ sums)) / len(influence)


def _sides(rows: WeightedGroups) -> tuple[np.ndarray, np.ndarray]:
    """Return the treated and the others."""
    return rows.treated, ~rows.treated


def _mean(rows: WeightedGroups, values: np.ndarray, side: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return a group's weighted mean, each row's influence on it, and its slope in the scores' coefficients."""
    heft = np.where(side, rows.weights, 0.0)
    total = heft.sum()
    mean = float(heft @ values / total)
    left = np.where(heft > 0, values - mean, 0.0)
    treated = side is rows.treated or bool((side == rows.treated).all())
    steepness = {"ATE": heft - 1, "ATT": np.zeros_like(heft) if treated else heft}
    steepness["ATC"] = heft if treated else np.zeros_like(heft)
    slope = (steepness[rows.estimand] * left) @ rows.columns / total * (-1 if treated else 1)
    return mean, heft * left * len(values) / total, slope


def _leave_out(rows: WeightedGroups, influence: np.ndarray) -> np.ndarray:
    """Return what leaving each row out would move its group's weighted mean by, times the number of rows."""
    totals = [rows.weights[side].sum() for side in _sides(rows)]
    moved: np.ndarray = influence / (1 - rows.weights / np.where(rows.treated, *totals))
    return moved


def _score_influence(rows: WeightedGroups) -> np.ndarray:
    """Return each row's influence on the coefficients of the logistic regression."""
    x, e = rows.columns, rows.scores
    curvature = x.T @ (x * (e * (1 - e))[:, None])
    pull: np.ndarray = (rows.treated - e)[:, None] * x
    return len(e) * np.linalg.solve(curvature, pull.T).T


def _regress(rows: WeightedGroups, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the outcomes that a group's linear regression gives to all rows, and each row's influence on it."""
    x, y = rows.columns[side], rows.outcome[side]
    n, k = x.shape
    if n <= k or np.linalg.matrix_rank(x) < k:
        message = (
            f"A group of {n} rows cannot bear an outcome regression on {k - 1} columns of covariates. Give fewer "
            "covariates, or method='ipw'."
        )
        raise DesignError(message)
    squares = x.T @ x
    slopes = np.linalg.solve(squares, x.T @ y)
    moved = np.zeros_like(rows.columns)
    moved[side] = len(rows.outcome) * np.linalg.solve(squares, (x * (y - x @ slopes)[:, None]).T).T
    return rows.columns @ slopes, moved
