"""Regressions the slow way: every fixed effect is a column, every matrix is written out, nothing is clever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

EXHAUSTED = 1e-8  # a share of variance below this is none


def small_panel(treated: int = 5, of: int = 12, *, unbalanced: bool = True) -> pd.DataFrame:
    """Return areas by eight months with an outcome, a treatment from the fifth month on, covariates and weights."""
    rng = np.random.default_rng(of + treated)
    rows = [(f"a{place:02d}", month) for place in range(of) for month in range(8)]
    frame = pd.DataFrame(rows, columns=["area", "month"])
    place = frame["area"].str[1:].astype(int)
    frame["visits"] = ((place < treated) & (frame["month"] >= 4)).astype(float)
    frame["ever"] = (place < treated).astype(float)
    frame["age"], frame["weight"] = rng.normal(size=len(frame)), rng.uniform(0.5, 2, len(frame))
    noise = rng.normal(size=len(frame)) + rng.normal(size=of)[place]
    frame["falls"] = noise + place + 0.5 * frame["age"] + 0.3 * frame["month"]
    return frame.drop(index=[3, 10, 11]).reset_index(drop=True) if unbalanced else frame


def columns(frame: pd.DataFrame, names: Sequence[str], effects: Sequence[str] = ()) -> np.ndarray:
    """Return the columns, an intercept and a column for every level of every effect."""
    parts = [frame[list(names)].to_numpy(dtype=float), np.ones((len(frame), 1))]
    parts += [pd.get_dummies(frame[effect]).to_numpy(dtype=float) for effect in effects]
    return np.column_stack(parts)


def fit(x: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None) -> dict[str, Any]:
    """Return the weighted least-squares fit with its matrices; the first column's coefficient is the one asked for."""
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    x, y = x * root[:, None], y * root
    inverse = np.linalg.pinv(x.T @ x)
    coefs = inverse @ x.T @ y
    return {"x": x, "inverse": inverse, "coef": coefs[0], "rest": y - x @ coefs, "rank": np.linalg.matrix_rank(x)}


def bare_crv1(x: np.ndarray, y: np.ndarray, cluster: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the cluster-robust variance without any small-sample factor."""
    found = fit(x, y, weights)
    scores = [
        found["inverse"][0] @ found["x"][cluster == g].T @ found["rest"][cluster == g] for g in np.unique(cluster)
    ]
    return float(np.square(scores).sum())


def cr2(
    x: np.ndarray, y: np.ndarray, cluster: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, float, float]:
    """Return coefficient, CR2 error and Satterthwaite's degrees of freedom by the full residual-maker matrix."""
    found = fit(x, y, weights)
    maker = np.eye(len(y)) - found["x"] @ found["inverse"] @ found["x"].T
    scores, rows = [], []
    for g in np.unique(cluster):
        own = cluster == g
        values, vectors = np.linalg.eigh(maker[np.ix_(own, own)])
        raised = np.where(values > EXHAUSTED, 1 / np.sqrt(np.maximum(values, EXHAUSTED)), 0)
        adjusted = vectors @ np.diag(raised) @ vectors.T @ found["x"][own] @ found["inverse"][:, 0]
        scores.append(adjusted @ found["rest"][own])
        rows.append(maker[own].T @ adjusted)
    products = np.array(rows) @ np.array(rows).T
    return found["coef"], float(np.sqrt(np.square(scores).sum())), np.trace(products) ** 2 / (products**2).sum()
