"""Fixed effects taken out of columns exactly, as if every one had a column of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd

FLAT = 1e-10  # of a column's own size; what is left of it is rounding


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
    units
        Shape (rows,), from 0.
    n_units
        Units.
    times
        Shape (rows,), from 0.
    n_times
        Periods.
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


def drop_rounding(left: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Put nought in every column of which no more than rounding is left.

    Parameters
    ----------
    left
        What is left of the columns, shape (rows, columns).
    given
        The columns before, shape (rows, columns).

    Returns
    -------
    ndarray
        Shape (rows, columns).
    """
    rest, size = (np.sqrt((columns**2).sum(axis=0)) for columns in (left, given))
    return np.where(rest > FLAT * size, left, 0.0)
