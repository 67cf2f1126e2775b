"""How much each predictor counts in a synthetic control: the nested search, for many controls at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from oda.evaluate.synthetic.simplex import simplex_weights

LEAST = 1e-4  # of the largest; a predictor at nothing would leave the donors' weights undetermined
TRIED = 500  # importances tried before the search; most cost one step from the last
SPREAD = 3.0  # of their logarithms: from alike to one that decides
BEST = 3  # of those tried, each a start of its own beside equal importance
EDGE = 2.0  # of the first simplex, in logarithms
STEPS = 600
ALIKE = 1e-5  # of the loss; corners this close, and within `NEAR` of each other, are one
NEAR = 1e-2
CHUNK = 2000  # problems solved together; more no longer fit the processor's memory

Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]


def nested_weights(predictors: np.ndarray, outcomes: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the importance of predictors whose donor weights follow the outcome best, for many problems at once.

    Parameters
    ----------
    predictors
        Shape (problems, predictors, donors): a donor's value less the treated unit's, in standard deviations.
    outcomes
        Shape (problems, periods, donors): the same of the outcome, in the periods to be followed.
    allowed
        Shape (problems, donors), truth values: which donors may have a weight.

    Returns
    -------
    weights : ndarray
        Shape (problems, donors): of the donors.
    importance : ndarray
        Shape (problems, predictors): not negative, adds up to one.

    Notes
    -----
    The loss has many local minima, so 500 fixed importances are tried, and the search of Nelder and Mead, with the
    steps of Gao and Han (2012), goes from the three best and from equal importance. A placebo stuck in a poor minimum
    would make the treated unit look rarer than it is. No predictor's importance falls below a ten-thousandth of
    the largest, without which different donors' weights would do equally well.

    References
    ----------
    Abadie, A., Diamond, A. and Hainmueller, J. (2010). Synthetic control methods for comparative case studies.
    Journal of the American Statistical Association, 105(490).
    Gao, F. and Han, L. (2012). Implementing the Nelder-Mead simplex algorithm with adaptive parameters. Computational
    Optimization and Applications, 51.
    """
    n_problems, n_predictors, _ = predictors.shape
    if n_predictors == 1:
        return simplex_weights(predictors, allowed), np.ones((n_problems, 1))
    near = simplex_weights(predictors, allowed)
    starts = _starts(predictors, outcomes, allowed, near)
    rows = np.tile(np.arange(n_problems), BEST + 1)
    last = near[rows]

    def loss(points: np.ndarray, searches: np.ndarray) -> np.ndarray:
        at = rows[searches]
        last[searches] = weigh(predictors[at], importance_of(points), allowed[at], start=last[searches])
        return _misfit(outcomes[at], last[searches])

    points, losses = minimise(loss, starts)
    best = losses.reshape(BEST + 1, n_problems).argmin(axis=0) * n_problems + np.arange(n_problems)
    importance = importance_of(points[best])
    return weigh(predictors, importance, allowed), importance


def weigh(
    predictors: np.ndarray, importance: np.ndarray, allowed: np.ndarray, *, start: np.ndarray | None = None
) -> np.ndarray:
    """Return the donors' weights under a given importance of the predictors.

    Parameters
    ----------
    predictors
        Shape (problems, predictors, donors).
    importance
        Shape (problems, predictors), not negative.
    allowed
        Shape (problems, donors), truth values.
    start
        Shape (problems, donors): weights to begin with.

    Returns
    -------
    ndarray
        Shape (problems, donors).
    """
    return simplex_weights(predictors * np.sqrt(importance)[:, :, None], allowed, start=start)


def importance_of(points: np.ndarray) -> np.ndarray:
    """Return the importance that points of the search stand for.

    Parameters
    ----------
    points
        Shape (searches, predictors): logarithms.

    Returns
    -------
    ndarray
        Shape (searches, predictors): positive, each row adds up to one.
    """
    importance: np.ndarray = np.exp(points - points.max(axis=1, keepdims=True)) + LEAST
    importance /= importance.sum(axis=1, keepdims=True)
    return importance


def _misfit(outcomes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean squared gap of each problem."""
    gaps = np.matmul(outcomes, weights[:, :, None])[:, :, 0]
    return np.asarray((gaps**2).mean(axis=1))


def _starts(predictors: np.ndarray, outcomes: np.ndarray, allowed: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return for each problem equal importance and the best of those tried, one block of problems after another."""
    n_problems, n_predictors, _ = predictors.shape
    tried = np.random.default_rng(0).normal(0, SPREAD, (TRIED, n_predictors))
    losses = np.empty((TRIED, n_problems))
    many = max(1, CHUNK // n_problems)
    for first in range(0, TRIED, many):
        importance = importance_of(tried[first : first + many])
        n_here = len(importance)
        at = np.tile(np.arange(n_problems), n_here)
        weights = weigh(predictors[at], np.repeat(importance, n_problems, axis=0), allowed[at], start=near[at])
        losses[first : first + n_here] = _misfit(outcomes[at], weights).reshape(n_here, n_problems)
    best = np.argsort(losses, axis=0, kind="stable")[:BEST]
    return np.concatenate([np.zeros((n_problems, n_predictors)), *(tried[rank] for rank in best)])


def minimise(loss: Loss, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Search for the minima of many functions together by the method of Nelder and Mead.

    Parameters
    ----------
    loss
        Takes points, shape (m, dimensions), and the number of the search each belongs to, shape (m,); returns shape
        (m,).
    starts
        Shape (searches, dimensions).

    Returns
    -------
    points : ndarray
        Shape (searches, dimensions).
    losses : ndarray
        Shape (searches,).

    Examples
    --------
    >>> points, _ = minimise(lambda at, search: ((at - search[:, None]) ** 2).sum(axis=1) + 1, np.zeros((2, 2)))
    >>> points.round(1).tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    n, size = starts.shape
    corners = np.repeat(starts[:, None, :], size + 1, axis=1)
    corners[:, np.arange(1, size + 1), np.arange(size)] += EDGE
    values = np.stack([loss(corners[:, place], np.arange(n)) for place in range(size + 1)], axis=1)
    live = np.arange(n)
    for _ in range(STEPS):
        order = np.argsort(values[live], axis=1, kind="stable")
        corners[live] = np.take_along_axis(corners[live], order[:, :, None], 1)
        values[live] = np.take_along_axis(values[live], order, 1)
        apart = values[live, -1] - values[live, 0] > ALIKE * values[live, 0]
        wide = np.abs(corners[live, 1:] - corners[live, :1]).max(axis=(1, 2)) > NEAR
        live = live[apart | wide]
        if not live.size:
            break
        stuck = _move_worst(loss, corners, values, live)
        _shrink(loss, corners, values, stuck)
    best = values.argmin(axis=1)
    return corners[np.arange(n), best], values[np.arange(n), best]


def _move_worst(loss: Loss, corners: np.ndarray, values: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Replace the worst corner of each live search by a better point beyond it; return the searches without one."""
    size = corners.shape[2]
    middle = corners[live, :-1].mean(axis=1)
    away = middle - corners[live, -1]
    best, second, worst = values[live, 0], values[live, -2], values[live, -1]
    reflected = middle + away
    loss_reflected = loss(reflected, live)
    farther, beyond = loss_reflected < best, (loss_reflected >= second) & (loss_reflected < worst)
    again = np.flatnonzero((loss_reflected < best) | (loss_reflected >= second))
    shrunk = 0.75 - 1 / (2 * size)
    reach = np.where(farther, 1 + 2 / size, np.where(beyond, shrunk, -shrunk))
    other = middle + reach[:, None] * away
    loss_other = np.full(len(live), np.inf)
    if again.size:
        loss_other[again] = loss(other[again], live[again])
    second_try = loss_other < np.minimum(loss_reflected, worst)
    first_try = ~second_try & (loss_reflected < second)
    for chosen, point, value in ((second_try, other, loss_other), (first_try, reflected, loss_reflected)):
        corners[live[chosen], -1] = point[chosen]
        values[live[chosen], -1] = value[chosen]
    stuck: np.ndarray = live[~(first_try | second_try)]
    return stuck


def _shrink(loss: Loss, corners: np.ndarray, values: np.ndarray, stuck: np.ndarray) -> None:
    """Draw every corner of the stuck searches towards their best."""
    if not stuck.size:
        return
    size = corners.shape[2]
    best = corners[stuck, :1]
    corners[stuck, 1:] = best + (1 - 1 / size) * (corners[stuck, 1:] - best)
    for place in range(1, size + 1):
        values[stuck, place] = loss(corners[stuck, place], stuck)
