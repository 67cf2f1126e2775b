"""Least squares of one regressor among others, with errors by cluster: the arithmetic behind every comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.errors import DesignError

EXHAUSTED = 1e-8  # share of a row's own variance that a fit may leave, below which it leaves none
FLAT = 1e-10  # of a regressor's own size; what is left of it is rounding


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A least-squares fit, reduced to what inference on its first regressor needs.

    Attributes
    ----------
    coef
        Coefficient of the term, in units of the outcome per unit of the term.
    design
        Regressors after fixed effects within clusters are taken out, shape (rows, regressors); the term is the first.
    inverse
        Inverse of the regressors' cross product, shape (regressors, regressors).
    term
        The term after all other regressors are taken out, shape (rows,).
    response
        The outcome after all other regressors are taken out, shape (rows,).
    coefs
        All coefficients in the order of `design`, shape (regressors,).
    cluster
        Cluster of each row, 0 to n_clusters - 1, shape (rows,).
    n_clusters
        Clusters.
    n_estimated
        Coefficients estimated, those within clusters not counted.
    """

    coef: float
    design: np.ndarray
    inverse: np.ndarray
    term: np.ndarray
    response: np.ndarray
    coefs: np.ndarray
    cluster: np.ndarray
    n_clusters: int
    n_estimated: int

    def residuals(self, null: float) -> np.ndarray:
        """Return the residuals of the fit in which the coefficient is held at `null`, shape (rows,)."""
        return np.asarray(self.response - null * self.term)


def codes(labels: pd.Series) -> tuple[np.ndarray, int]:
    """Give each distinct label a number, in sorted order.

    Parameters
    ----------
    labels
        A pandas column, shape (rows,).

    Returns
    -------
    codes : ndarray
        Shape (rows,), whole numbers from 0.
    n : int
        Distinct labels.
    """
    found, names = pd.factorize(labels, sort=True)
    return found, len(names)


def demean(columns: np.ndarray, groups: np.ndarray, n: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Take the mean of each group out of every column.

    Parameters
    ----------
    columns
        Shape (rows, columns).
    groups
        Shape (rows,), from 0 to n - 1.
    n
        Groups.
    weights
        Shape (rows,), positive; equal when None.

    Returns
    -------
    ndarray
        Shape (rows, columns).
    """
    size = np.bincount(groups, weights, n)
    out = np.empty_like(columns, dtype=float)
    for place in range(columns.shape[1]):
        column = columns[:, place]
        total = np.bincount(groups, column if weights is None else column * weights, n)
        out[:, place] = column - (total / size)[groups]
    return out


def demean_both(
    columns: np.ndarray, units: np.ndarray, n_units: int, times: np.ndarray, n_times: int, weights: np.ndarray | None
) -> np.ndarray:
    """Take unit and period effects out of every column, exactly, in balanced and unbalanced panels alike.

    Units are taken out by their means; the period effects that are left solve a system of as many equations as there
    are periods.

    Parameters
    ----------
    columns
        Shape (rows, columns).
    units, times
        Shape (rows,), from 0.
    n_units, n_times
        Units and periods.
    weights
        Shape (rows,), positive; equal when None.

    Returns
    -------
    ndarray
        Shape (rows, columns).
    """
    within = demean(columns, units, n_units, weights)
    met = np.bincount(units * n_times + times, weights, n_units * n_times).reshape(n_units, n_times)
    if (met == met[0, 0]).all():
        return demean(within, times, n_times, weights)
    system = np.diag(met.sum(axis=0)) - met.T @ (met / met.sum(axis=1, keepdims=True))
    out = np.empty_like(within)
    for place in range(columns.shape[1]):
        column = within[:, place]
        sums = np.bincount(times, column if weights is None else column * weights, n_times)
        effects = np.linalg.lstsq(system, sums, rcond=None)[0][times]
        out[:, place] = column - demean(effects[:, None], units, n_units, weights)[:, 0]
    return out


def fit_term(
    response: np.ndarray,
    term: np.ndarray,
    others: np.ndarray,
    *,
    cluster: np.ndarray,
    n_clusters: int,
    n_absorbed: int = 0,
    name: str = "term",
) -> Fit:
    """Fit a response on a term and other regressors by least squares.

    Parameters
    ----------
    response, term
        Shape (rows,).
    others
        Shape (rows, others); an intercept is one of them where it is wanted.
    cluster
        Shape (rows,), from 0.
    n_clusters
        Clusters.
    n_absorbed
        Coefficients taken out of all arrays before, those within clusters not counted.
    name
        The term's name, for the message.

    Returns
    -------
    Fit
        The coefficient and what inference needs.

    Raises
    ------
    DesignError
        When the other regressors leave nothing of the term, or there are as many regressors as rows.
    """
    kept = _independent(others)
    both = np.column_stack([term, response])
    if kept.shape[1]:
        basis = np.linalg.qr(kept)[0]
        both = both - basis @ (basis.T @ both)
    left, outcome = both[:, 0], both[:, 1]
    size = float(left @ left)
    if size <= (FLAT * max(float(np.abs(term).max()), 1e-300)) ** 2 * len(term):
        message = (
            f"Nothing is left of {name!r} once the other columns and fixed effects are taken out. Leave out the column "
            "that says the same, or give a treatment that differs between units over time."
        )
        raise DesignError(message)
    if kept.shape[1] + 1 + n_absorbed >= len(term):
        message = (
            f"{len(term)} rows cannot bear {kept.shape[1] + 1 + n_absorbed} coefficients. Use fewer covariates or more "
            "rows."
        )
        raise DesignError(message)
    design = np.column_stack([term, kept])
    inverse = np.linalg.inv(design.T @ design)
    return Fit(
        coef=float(left @ outcome) / size,
        coefs=inverse @ (design.T @ response),
        design=design,
        inverse=inverse,
        term=left,
        response=outcome,
        cluster=cluster,
        n_clusters=n_clusters,
        n_estimated=kept.shape[1] + 1 + n_absorbed,
    )


def _independent(columns: np.ndarray) -> np.ndarray:
    """Return the columns without those that the ones before them already give."""
    if columns.shape[1] == 0:
        return columns
    size = np.sqrt((columns**2).sum(axis=0))
    scaled = columns / np.where(size > 0, size, 1.0)
    corner = np.abs(np.diag(np.linalg.qr(scaled)[1]))
    if len(corner) == columns.shape[1] and (corner > 1e-9).all():
        return columns
    kept: list[int] = []
    basis = np.empty((len(columns), 0))
    for place in range(columns.shape[1]):
        rest = scaled[:, place] - basis @ (basis.T @ scaled[:, place])
        rest = rest - basis @ (basis.T @ rest)
        length = float(np.sqrt(rest @ rest))
        if length > 1e-9:
            basis = np.column_stack([basis, rest / length])
            kept.append(place)
    return columns[:, kept]


def classical_error(fit: Fit) -> tuple[float, float]:
    """Return the standard error for rows of equal variance and no correlation, and its degrees of freedom.

    Parameters
    ----------
    fit
        The fit.

    Returns
    -------
    tuple of float
        Standard error; rows less coefficients.
    """
    rest = fit.residuals(fit.coef)
    df = len(rest) - fit.n_estimated
    return math.sqrt(float(rest @ rest) / df / float(fit.term @ fit.term)), float(df)


def small_sample(fit: Fit) -> float:
    """Return the factor by which the variance by cluster is raised: G / (G - 1) x (N - 1) / (N - K).

    Parameters
    ----------
    fit
        The fit.

    Returns
    -------
    float
        Above 1; K does not count fixed effects within clusters, as in Stata's `areg` and R's `fixest` (nested).
    """
    rows = len(fit.term)
    return fit.n_clusters / (fit.n_clusters - 1) * (rows - 1) / (rows - fit.n_estimated)


def crv1_error(fit: Fit) -> tuple[float, float]:
    """Return the usual cluster-robust standard error and its degrees of freedom, clusters less one.

    Parameters
    ----------
    fit
        The fit.

    Returns
    -------
    tuple of float
        Standard error; degrees of freedom.
    """
    scores = np.bincount(fit.cluster, fit.term * fit.residuals(fit.coef), fit.n_clusters)
    variance = small_sample(fit) * float(scores @ scores) / float(fit.term @ fit.term) ** 2
    return math.sqrt(variance), float(fit.n_clusters - 1)


def cr2_error(fit: Fit) -> tuple[float, float]:
    """Return the bias-reduced cluster-robust standard error and Satterthwaite's degrees of freedom.

    Parameters
    ----------
    fit
        The fit.

    Returns
    -------
    tuple of float
        Standard error; degrees of freedom.

    References
    ----------
    Bell, R. M. and McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with multi-stage
    samples. Survey Methodology, 28(2). Pustejovsky, J. E. and Tipton, E. (2018). Small-sample methods for
    cluster-robust variance estimation and hypothesis testing in fixed effects models. Journal of Business and Economic
    Statistics, 36(4).
    """
    if len(fit.term) == fit.n_clusters:
        return _single_rows(fit)
    order = np.argsort(fit.cluster, kind="stable")
    design, rest = fit.design[order], fit.residuals(fit.coef)[order]
    edges = np.searchsorted(fit.cluster[order], np.arange(fit.n_clusters + 1))
    spread = fit.inverse[:, 0]
    scores, own = np.empty(fit.n_clusters), np.empty(fit.n_clusters)
    crossed = np.empty((fit.n_clusters, design.shape[1]))
    for place in range(fit.n_clusters):
        rows = design[edges[place] : edges[place + 1]]
        basis, triangle = np.linalg.qr(rows)
        hat = np.eye(len(triangle)) - triangle @ fit.inverse @ triangle.T
        values, vectors = np.linalg.eigh((hat + hat.T) / 2)
        raised = np.where(
            values > EXHAUSTED, 1 / np.sqrt(np.maximum(values, EXHAUSTED)), 0.0
        )  # a pseudo-inverse, as usual
        adjusted = basis @ (vectors @ (raised * (vectors.T @ (triangle @ spread))))
        scores[place] = adjusted @ rest[edges[place] : edges[place + 1]]
        own[place] = adjusted @ adjusted
        crossed[place] = adjusted @ rows
    expected = np.diag(own) - crossed @ fit.inverse @ crossed.T
    df = float(np.trace(expected) ** 2 / (expected**2).sum())
    return math.sqrt(float(scores @ scores)), df


def _single_rows(fit: Fit) -> tuple[float, float]:
    """Return CR2's error and degrees of freedom where every cluster is one row (HC2 and Bell and McCaffrey's)."""
    left = 1 - np.einsum("ij,jk,ik->i", fit.design, fit.inverse, fit.design)
    raised = np.where(left > EXHAUSTED, 1 / np.sqrt(np.maximum(left, EXHAUSTED)), 0.0)
    own = fit.design @ fit.inverse[:, 0] * raised
    scores = own * fit.residuals(fit.coef)
    crossed = own[:, None] * fit.design
    expected = np.diag(own**2) - crossed @ fit.inverse @ crossed.T
    return math.sqrt(float(scores @ scores)), float(np.trace(expected) ** 2 / (expected**2).sum())
