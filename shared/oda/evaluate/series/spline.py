"""A smooth trend without a chosen form: the restricted cubic spline."""

from __future__ import annotations

import numpy as np

KNOTS = (0.05, 0.35, 0.65, 0.95)  # quantiles of time, Harrell's choice for four knots


def spline_terms(times: np.ndarray) -> list[np.ndarray]:
    """Return the columns of a restricted cubic spline of time with four knots, straight beyond the outer two.

    Parameters
    ----------
    times
        Shape (n,).

    Returns
    -------
    list of ndarray
        Three columns, shape (n,) each; the first is time itself.

    References
    ----------
    Harrell, F. E. (2015). Regression modeling strategies, 2nd edition, section 2.4.5. Springer.

    Examples
    --------
    >>> [round(float(column[-1]), 3) for column in spline_terms(np.arange(21.0))]
    [20.0, 18.0, 4.667]
    """
    knots = np.quantile(times, KNOTS)
    cubes = [np.clip(times - knot, 0, None) ** 3 for knot in knots]
    last, before = knots[-1], knots[-2]
    columns = [np.asarray(times, dtype=float)]
    for place in range(len(knots) - 2):
        one = cubes[place] - cubes[-2] * (last - knots[place]) / (last - before)
        one = one + cubes[-1] * (before - knots[place]) / (last - before)
        columns.append(one / (last - knots[0]) ** 2)
    return columns
