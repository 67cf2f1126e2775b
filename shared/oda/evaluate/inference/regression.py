"""Least squares of one regressor among others, with errors by cluster: the arithmetic behind every comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from oda.errors import DesignError
from oda.evaluate.inference.fixed_effects import FLAT, drop_rounding

EXHAUSTED = 1e-8  # share of a row's own variance that a fit may leave, below which it leaves none


@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """A least-squares fit, reduced to what inference on its first regressor needs.

    Attributes
    ----------
    coef
        Coefficient of the term, in units of the outcome per unit of the term.
    design
        Regressors that span the same as those given, each free of the others, shape (rows, regressors); the first is
        `term`.
    inverse
        Inverse of the regressors' cross product, shape (regressors, regressors).
    term
        The term after all other regressors are taken out, shape (rows,).
    response
        The outcome after all other regressors are taken out, shape (rows,).
    coefs
        Coefficients of the term and of the other regressors as they were given, shape (1 + others,); 0 for one that
        those before it already give.
    cluster
        Cluster of each row, 0 to n_clusters - 1, shape (rows,).
    n_clusters
        Clusters.
    n_estimated
        Coefficients estimated, with the constant; fixed effects within clusters are not counted.
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
        """Return the residuals of the fit in which the coefficient is held at a value.

        Parameters
        ----------
        null
            The value, in units of the coefficient.

        Returns
        -------
        ndarray
            Shape (rows,).
        """
        return np.asarray(self.response - null * self.term)


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
        Coefficients taken out of all arrays before, with the constant; those within clusters are not counted.
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
    kept, basis, triangle = _independent(others)
    given = np.column_stack([term, response])
    left, outcome = drop_rounding(given - basis @ (basis.T @ given), given).T
    size = float(left @ left)
    if size == 0:
        message = (
            f"Nothing is left of {name!r} once the other columns and fixed effects are taken out. Leave out the column "
            "that says the same, or give a treatment that differs between units over time."
        )
        raise DesignError(message)
    n_estimated = len(kept) + 1 + n_absorbed
    if n_estimated >= len(term):
        message = f"{len(term)} rows cannot bear {n_estimated} coefficients. Use fewer covariates or more rows."
        raise DesignError(message)
    coef = float(left @ outcome) / size
    coefs = np.zeros(1 + others.shape[1])
    coefs[0] = coef
    coefs[1 + kept] = np.linalg.solve(triangle, basis.T @ (response - coef * term))
    return Fit(
        coef=coef,
        coefs=coefs,
        design=np.column_stack([left, basis]),
        inverse=np.diag(np.concatenate([[1 / size], np.ones(len(kept))])),
        term=left,
        response=outcome,
        cluster=cluster,
        n_clusters=n_clusters,
        n_estimated=n_estimated,
    )


def _independent(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places of columns not given by those before them, an orthonormal basis and the triangle to it."""
    size = np.sqrt((columns**2).sum(axis=0))
    kept = np.flatnonzero(size > 0)
    scaled = columns[:, kept] / size[kept]
    basis, triangle = np.linalg.qr(scaled)
    if len(triangle) < len(kept) or (np.abs(np.diag(triangle)) <= FLAT).any():
        first = _first_independent(scaled)
        kept = kept[first]
        basis, triangle = np.linalg.qr(scaled[:, first])
    return kept, basis, triangle * size[kept]


def _first_independent(scaled: np.ndarray) -> np.ndarray:
    """Return the places of the columns, each of length 1, that the ones before them do not give."""
    kept: list[int] = []
    basis = np.empty((len(scaled), 0))
    for place in range(scaled.shape[1]):
        rest = scaled[:, place] - basis @ (basis.T @ scaled[:, place])
        rest = rest - basis @ (basis.T @ rest)
        length = float(np.sqrt(rest @ rest))
        if length > FLAT:
            basis = np.column_stack([basis, rest / length])
            kept.append(place)
    return np.array(kept, dtype=int)


def check_spread(fit: Fit, std_error: float) -> None:
    """Refuse a fit that leaves no spread to measure chance by.

    Parameters
    ----------
    fit
        The fit.
    std_error
        Of its coefficient.

    Raises
    ------
    DesignError
        When the standard error is nought but for rounding.
    """
    if not std_error > FLAT * math.sqrt(float(fit.response @ fit.response) / float(fit.term @ fit.term)):
        message = (
            f"The regression leaves no spread between its {fit.n_clusters} clusters, so nothing tells chance from "
            "effect and no interval can be given. Use data that were not smoothed, or fewer covariates."
        )
        raise DesignError(message)


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
        Above 1; K counts the constant but not fixed effects within clusters, as in Stata's `xtreg, fe` and `reghdfe`
        and R's `fixest` (Stata's `areg` counts them all).
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
        raised = _inverse_root(values)
        adjusted = basis @ (vectors @ (raised * (vectors.T @ (triangle @ spread))))
        scores[place] = adjusted @ rest[edges[place] : edges[place + 1]]
        own[place] = adjusted @ adjusted
        crossed[place] = adjusted @ rows
    expected = np.diag(own) - crossed @ fit.inverse @ crossed.T
    return math.sqrt(float(scores @ scores)), _satterthwaite(expected)


def _single_rows(fit: Fit) -> tuple[float, float]:
    """Return CR2's error and degrees of freedom where every cluster is one row (HC2 and Bell and McCaffrey's)."""
    left = 1 - np.einsum("ij,jk,ik->i", fit.design, fit.inverse, fit.design)
    own = fit.design @ fit.inverse[:, 0] * _inverse_root(left)
    scores = own * fit.residuals(fit.coef)
    crossed = own[:, None] * fit.design
    expected = np.diag(own**2) - crossed @ fit.inverse @ crossed.T
    return math.sqrt(float(scores @ scores)), _satterthwaite(expected)


def _inverse_root(shares: np.ndarray) -> np.ndarray:
    """Return one over the square root of what a fit leaves, 0 where it leaves nothing: a pseudo-inverse, as usual."""
    return np.where(shares > EXHAUSTED, 1 / np.sqrt(np.maximum(shares, EXHAUSTED)), 0.0)


def _satterthwaite(expected: np.ndarray) -> float:
    """Return the degrees of freedom of a sum of squares whose parts have these expected products."""
    total = float((expected**2).sum())
    return float(np.trace(expected)) ** 2 / total if total else 1.0
