"""Weights that are not negative and add up to one, for many synthetic controls at once, exactly."""

from __future__ import annotations

import numpy as np

SLACK = 1e-11  # of the largest squared column; a weight whose gain is smaller stays at nothing
RIDGE = 1e-12  # of the same; keeps columns that repeat one another solvable, and is too small to be seen
ROUNDS = 50  # for each column; an active set ends in a few, and rounding must not keep it going for ever


def simplex_weights(columns: np.ndarray, allowed: np.ndarray, *, start: np.ndarray | None = None) -> np.ndarray:
    """Find the weights on the simplex that bring a weighted sum of columns closest to zero, for many problems at once.

    Parameters
    ----------
    columns
        Shape (problems, rows, columns): what a donor has less what the treated unit has.
    allowed
        Shape (problems, columns), truth values: which columns may have a weight; at least one a problem.
    start
        Shape (problems, columns): weights of a similar problem to begin with.

    Returns
    -------
    ndarray
        Shape (problems, columns): not negative, each row adds up to one, nothing where not allowed.

    Notes
    -----
    An active set in the manner of Lawson and Hanson (1974) and Wolfe (1976): the columns with a weight are solved by
    least squares, those that fall below nothing leave, the one that lowers the loss most enters. It ends at the exact
    minimum, not near it. All problems take their steps together, each at its own place.

    References
    ----------
    Wolfe, P. (1976). Finding the nearest point in a polytope. Mathematical Programming, 11.

    Examples
    --------
    >>> simplex_weights(np.array([[[-1.0, 3.0, 9.0], [1.0, 1.0, 2.0]]]), np.ones((1, 3), dtype=bool)).round(2).tolist()
    [[0.75, 0.25, 0.0]]
    """
    n_problems, _, n_columns = columns.shape
    squares = np.einsum("pkj,pkj->pj", columns, columns)
    largest = np.where(allowed, squares, 0).max(axis=1)
    size = np.where(largest > 0, largest, 1.0)
    if start is None:
        start = np.zeros((n_problems, n_columns))
        start[np.arange(n_problems), np.where(allowed, squares, np.inf).argmin(axis=1)] = 1.0
    found = start.copy()
    todo = np.arange(n_problems)
    weights, free = found, found > 0
    for _ in range(ROUNDS * n_columns):
        weights, inside = _towards_least_squares(columns, weights, free, size)
        free = weights > 0
        entering, gains = _entering(columns, weights, allowed & ~free, size)
        enters = np.flatnonzero(inside & gains)
        free[enters, entering[enters]] = True
        going = ~inside | gains
        found[todo] = weights
        if not going.any():
            break
        if not going.all():
            todo, columns, weights, free = todo[going], columns[going], weights[going], free[going]
            allowed, size = allowed[going], size[going]
    return found


def _towards_least_squares(
    columns: np.ndarray, weights: np.ndarray, free: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Move the free weights to their least squares, or as far as none falls below nothing; say which got there."""
    counts = free.sum(axis=1)
    width = int(counts.max())
    places = np.argsort(~free, axis=1, kind="stable")[:, :width]
    taken = np.arange(width) < counts[:, None]
    chosen = np.take_along_axis(columns, places[:, None, :], 2) * taken[:, None, :]
    target = _least_squares(chosen, taken, size)
    now = np.take_along_axis(weights, places, 1) * taken
    falling = taken & (target <= 0)
    share = np.ones_like(now)
    np.divide(now, now - target, out=share, where=falling & (now > target))
    share[falling & (now <= target)] = 0.0
    step = np.where(falling, share, 1.0).min(axis=1, keepdims=True)
    moved = now + step * (target - now)
    moved[falling & (share <= step)] = 0.0
    moved = np.maximum(moved, 0.0)
    moved /= moved.sum(axis=1, keepdims=True)
    result = np.zeros_like(weights)
    np.put_along_axis(result, places, moved, 1)
    return result, ~falling.any(axis=1)


def _least_squares(chosen: np.ndarray, taken: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the weights that add up to one and bring the chosen columns closest to zero, whatever their sign."""
    gram = np.matmul(chosen.transpose(0, 2, 1), chosen) / size[:, None, None]
    gram += taken[:, :, None] & taken[:, None, :]  # a row of ones: least squares towards one, then scaled to one
    diagonal = np.arange(taken.shape[1])
    gram[:, diagonal, diagonal] += np.where(taken, RIDGE, 1.0)
    solved: np.ndarray = np.linalg.solve(gram, taken[:, :, None].astype(float))[:, :, 0]
    solved /= solved.sum(axis=1, keepdims=True)
    return solved


def _entering(
    columns: np.ndarray, weights: np.ndarray, waiting: np.ndarray, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each problem the column whose weight would lower the loss most, and whether it would at all."""
    sums = np.matmul(columns, weights[:, :, None])
    slopes = np.matmul(sums.transpose(0, 2, 1), columns)[:, 0, :]
    losses = (sums[:, :, 0] ** 2).sum(axis=1, keepdims=True)
    short = np.where(waiting, (slopes - losses) / size[:, None], np.inf)
    best = short.argmin(axis=1)
    return best, short[np.arange(len(best)), best] < -SLACK


def frank_wolfe_weights(
    columns: np.ndarray,
    targets: np.ndarray,
    allowed: np.ndarray,
    *,
    ridge: float,
    least: float,
    start: np.ndarray,
    most: int,
) -> np.ndarray:
    """Step towards the weights on the simplex whose sum of columns is near a target, until a step gains too little.

    Parameters
    ----------
    columns
        Shape (rows, columns).
    targets
        Shape (problems, rows).
    allowed
        Shape (problems, columns), truth values.
    ridge
        Penalty on the squares of the weights.
    least
        Decrease of the penalised sum of squares below which a search ends.
    start
        Shape (problems, columns): weights to begin with.
    most
        Steps, at which a search ends unfinished.

    Returns
    -------
    ndarray
        Shape (problems, columns).

    Notes
    -----
    Where it ends depends on `least` and `most`; `simplex_weights` gives the exact minimum. It is here because published
    figures of synthetic difference-in-differences were reached by it.

    References
    ----------
    Frank, M. and Wolfe, P. (1956). An algorithm for quadratic programming. Naval Research Logistics Quarterly, 3.
    """
    gram = columns.T @ columns + ridge * np.eye(columns.shape[1])
    wanted = targets @ columns
    weights, found, todo = start.copy(), start.copy(), np.arange(len(start))
    products = weights @ gram
    shut = np.where(allowed, 0.0, np.inf)
    for step in range(1, most + 1):
        slopes = products - wanted
        place = (slopes + shut).argmin(axis=1)
        rows = np.arange(len(place))
        along = slopes[rows, place] - (slopes * weights).sum(axis=1)
        bend = gram[place, place] - 2 * products[rows, place] + (products * weights).sum(axis=1)
        length = np.divide(-along, bend, out=np.zeros_like(bend), where=bend > 0).clip(0, 1)
        weights *= 1 - length[:, None]
        weights[rows, place] += length
        products += length[:, None] * (gram[place] - products)
        going = -(2 * length * along + length**2 * bend) > least
        if step >= 2 and not going.all():
            found[todo] = weights
            weights, products, wanted, shut, todo = (x[going] for x in (weights, products, wanted, shut, todo))
            if not todo.size:
                return found
    found[todo] = weights
    return found
