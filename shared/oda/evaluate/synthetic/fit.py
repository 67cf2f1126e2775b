"""Synthetic controls of many units at once, and what their placebos say of chance."""

from __future__ import annotations

import math

import numpy as np

from oda.evaluate.synthetic.panel import DonorPanel
from oda.evaluate.synthetic.predictor_weights import nested_weights, weigh
from oda.evaluate.synthetic.simplex import simplex_weights

TIE = 1e-9  # relative; ratios that agree this closely are the same
EXACT = 1e-6  # of the spread of all outcomes before; a gap smaller than this is no gap


def fit(
    panel: DonorPanel,
    targets: np.ndarray,
    allowed: np.ndarray,
    *,
    followed: np.ndarray,
    importance: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make a synthetic control for each of several units.

    Parameters
    ----------
    panel
        Outcomes and predictors.
    targets
        Shape (problems,): the unit to follow, 0 for the treated one, then the donors.
    allowed
        Shape (problems, donors), truth values: the donors to follow it with.
    followed
        Shape (periods,), truth values: periods in which the outcome is followed.
    importance
        Shape (predictors,): of the predictors; searched for when None.

    Returns
    -------
    weights : ndarray
        Shape (problems, donors).
    importance : ndarray
        Shape (problems, predictors); no columns where the outcome alone is matched.
    gaps : ndarray
        Shape (problems, periods): the unit less its synthetic control.
    """
    outcomes = panel.outcomes[None, :, 1:] - panel.outcomes.T[targets][:, :, None]
    if panel.predictors is None:
        weights, found = simplex_weights(outcomes[:, followed], allowed), np.empty((len(targets), 0))
    else:
        scaled = _standardise(panel.predictors, targets, allowed)
        if importance is None:
            weights, found = nested_weights(scaled, outcomes[:, followed], allowed)
        else:
            found = np.tile(importance / importance.sum(), (len(targets), 1))
            weights = weigh(scaled, found, allowed)
    return weights, found, -np.matmul(outcomes, weights[:, :, None])[:, :, 0]


def _standardise(predictors: np.ndarray, targets: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Return each donor's predictors less the target's, in standard deviations over the target and its donors."""
    scaled = np.empty((len(targets), len(predictors), allowed.shape[1]))
    for place, (target, pool) in enumerate(zip(targets, allowed, strict=True)):
        own = predictors[:, [target]]
        spread = np.hstack([own, predictors[:, 1:][:, pool]]).std(axis=1, ddof=1, keepdims=True)
        scaled[place] = (predictors[:, 1:] - own) / np.where(spread > 0, spread, 1.0)
    return scaled


def mean_squares(panel: DonorPanel, gaps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean squared gap before and after the start.

    Parameters
    ----------
    panel
        Outcomes.
    gaps
        Shape (problems, periods).

    Returns
    -------
    before : ndarray
        Shape (problems,), never nothing, so that a ratio to it is a number.
    after : ndarray
        Shape (problems,).
    """
    least = (EXACT * float(panel.outcomes[panel.before].std())) ** 2 or 1.0
    before = (gaps[:, panel.before] ** 2).mean(axis=1)
    return np.maximum(before, least), (gaps[:, ~panel.before] ** 2).mean(axis=1)


def rank_p(ratios: np.ndarray) -> tuple[int, float]:
    """Return the rank of the first ratio, the largest being 1, and the share of ratios at least as large.

    Parameters
    ----------
    ratios
        Shape (1 + donors,): the treated unit's first.

    Returns
    -------
    rank : int
        Ties count against the treated unit.
    p : float
        The rank over the number of units.
    """
    rank = int((ratios >= ratios[0] * (1 - TIE)).sum())
    return rank, rank / len(ratios)


def attainable(level: float, n_units: int) -> tuple[int, float]:
    """Return how many ranks a test at this level may reject, and the level of the interval that it gives.

    Parameters
    ----------
    level
        Asked for.
    n_units
        The treated unit and its donors.

    Returns
    -------
    rejected : int
        At least 1.
    level : float
        The one asked for, or the highest that so few units can reach, in whole per cents rounded down.
    """
    rejected = math.floor((1 - level) * n_units + TIE)
    return (rejected, level) if rejected else (1, math.floor(100 * (n_units - 1) / n_units) / 100)


def invert(gaps: np.ndarray, before: np.ndarray, after: np.ndarray, rejected: int) -> tuple[float, bool]:
    """Return half the width of the interval of a constant effect that the placebo test does not reject.

    Parameters
    ----------
    gaps
        Shape (1 + donors, periods after).
    before, after
        Shape (1 + donors,): mean squared gaps.
    rejected
        How many ranks reject.

    Returns
    -------
    half : float
        Either side of the mean gap.
    constant : bool
        False where every constant effect is rejected, so that the interval is by the mean gap instead.
    """
    means = gaps.mean(axis=1)
    allowed = float(np.sort(after[1:] / before[1:])[-rejected] * before[0])
    spread = float(gaps[0].var())
    if allowed >= spread:
        return math.sqrt(allowed - spread), True
    relative = np.sort(np.abs(means[1:]) / np.sqrt(before[1:]))[-rejected]
    return float(relative * math.sqrt(before[0])), False
