"""Chance with few units: re-assignment of the start dates, intervals by inversion, and a t interval beside it."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from oda.evaluate.staggered.cells import Bins, Layout, average, effects, only
from oda.evaluate.staggered.panel import AdoptionPanel

MOST = 20_000  # assignments that are all listed; of more, so many are drawn, the actual one among them
SEED = 2021
TIE = 1e-9  # relative; statistics of two assignments that agree this closely are the same
CHUNK = 4_000_000  # numbers held at a time


@dataclass(frozen=True, kw_only=True, slots=True)
class Permuted:
    """An average under every assignment of the start dates to the units.

    Attributes
    ----------
    ways
        Number of different assignments.
    listed
        Number of them looked at; all, or a random draw.
    smallest_p
        Smallest two-sided p that they can give.
    value, slope
        Shapes (listed, aggregations): the average of the outcome, and of an effect of 1 where there was treatment.
    actual
        Shape (aggregations,): the average under the actual assignment.
    """

    ways: int
    listed: int
    smallest_p: float
    value: np.ndarray
    slope: np.ndarray
    actual: np.ndarray


def count_assignments(codes: np.ndarray) -> int:
    """Return the number of different ways to give the units the cohorts that there are.

    Parameters
    ----------
    codes
        Shape (units,): each unit's cohort, from 0.

    Returns
    -------
    int
        As large as it is.
    """
    left, ways = 0, 1
    for count in np.bincount(codes).tolist():
        left += count
        ways *= math.comb(left, count)
    return ways


def assignments(codes: np.ndarray) -> tuple[np.ndarray, int]:
    """Return ways to give the units the cohorts that there are: all, or a fixed random draw with the actual one first.

    Parameters
    ----------
    codes
        Shape (units,): each unit's cohort, from 0.

    Returns
    -------
    rows : ndarray
        Shape (ways, units).
    ways : int
        Number of different ways that there are.

    Examples
    --------
    >>> assignments(np.array([0, 1, 1]))[0].tolist()
    [[0, 1, 1], [1, 0, 1], [1, 1, 0]]
    """
    counts = np.bincount(codes)
    ways = count_assignments(codes)
    if ways > MOST:
        drawn = np.random.default_rng(SEED).permuted(np.tile(codes.astype(np.int16), (MOST, 1)), axis=1)
        drawn[0] = codes
        return drawn, ways
    rows = np.full((1, len(codes)), len(counts) - 1)
    free = np.arange(len(codes))[None, :]
    for code, count in enumerate(counts[:-1]):
        places = range(free.shape[1])
        picks = np.array(list(itertools.combinations(places, int(count))))
        rest = np.array([[place for place in places if place not in set(pick)] for pick in picks.tolist()])
        rows = np.repeat(rows, len(picks), axis=0)
        np.put_along_axis(rows, free[:, picks].reshape(len(rows), -1), code, axis=1)
        free = free[:, rest].reshape(len(rows), -1)
    return rows, ways


def permute(panel: AdoptionPanel, layout: Layout, aggregations: dict[str, Bins]) -> Permuted:
    """Return the overall averages under every assignment of the start dates.

    Parameters
    ----------
    panel, layout, aggregations
        The design; cells before a start are left out here.

    Returns
    -------
    Permuted
        Averages, in the order of `aggregations`.
    """
    post = layout.event >= 0
    cells = only(layout, post)
    bins = [
        Bins(
            labels=b.labels[b.counted],
            member=b.member[post][:, b.counted],
            counted=b.counted[b.counted],
            by_size=b.by_size,
        )
        for b in aggregations.values()
    ]
    rows, ways = assignments(panel.codes)
    treated = (panel.times >= panel.starts[:, None]).astype(float)
    both = np.stack([panel.outcomes - panel.outcomes.mean(axis=0), treated])
    step = max(1, CHUNK // (len(panel.codes) * max(len(panel.cohorts), len(cells.time))))
    found = np.concatenate(
        [
            _averages(rows[first : first + step], both, panel.weights, len(panel.cohorts), cells, bins)
            for first in range(0, len(rows), step)
        ]
    )
    actual = _averages(panel.codes[None, :], both, panel.weights, len(panel.cohorts), cells, bins)[0]
    halves = len(panel.cohorts) == 2 and 2 * int((panel.codes == 0).sum()) == len(panel.codes)
    return Permuted(
        ways=ways,
        listed=len(rows),
        smallest_p=(2 if halves and len(rows) == ways else 1) / len(rows),
        value=found[:, 0],
        slope=found[:, 1],
        actual=actual[0],
    )


def _averages(
    rows: np.ndarray, both: np.ndarray, weights: np.ndarray, n_cohorts: int, cells: Layout, bins: list[Bins]
) -> np.ndarray:
    """Return, for some assignments, the averages of both matrices; shape (ways, 2, aggregations)."""
    held = (rows[:, None, :] == np.arange(n_cohorts)[:, None]) * weights
    sizes = held.sum(axis=2)
    results = []
    for matrix in both:
        each = effects(held @ matrix, sizes, cells)
        results.append(np.stack([average(each, sizes, cells, one)[1] for one in bins], axis=-1))
    return np.stack(results, axis=1)


def invert(found: Permuted, place: int, level: float) -> tuple[float, float, float]:
    """Return the two-sided p and the interval of the constant effects that re-assignment does not reject.

    Taking an effect away from the treated rows leaves an average that falls linearly in it, under every assignment. So
    each assignment is at least as extreme as the actual one on one interval of effects round the estimate, and the p of
    an effect is the share of these intervals that hold it.

    Parameters
    ----------
    found
        Averages by assignment.
    place
        Which aggregation.
    level
        Coverage.

    Returns
    -------
    p, low, high : float
        The ends are infinite where no effect can be rejected at this level.
    """
    value, slope, actual = found.value[:, place], found.slope[:, place], float(found.actual[place])
    scale = max(float(np.abs(value).max()), abs(actual))
    p = float((np.abs(value) >= abs(actual) - TIE * scale).mean())
    same = 1 - np.abs(slope) < TIE
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([(actual - value) / (1 - slope), (actual + value) / (1 + slope)])
    lows, highs = (np.where(same, -np.inf, ends.min(axis=0)), np.where(same, np.inf, ends.max(axis=0)))
    most = math.floor((1 - level) * found.listed * (1 + TIE))
    return p, float(min(np.sort(lows)[most], actual)), float(max(np.sort(highs)[-1 - most], actual))


def pooled_errors(panel: AdoptionPanel, slopes: np.ndarray) -> tuple[np.ndarray, int]:
    """Return standard errors of linear statistics from the spread of the units about their cohorts, pooled.

    Parameters
    ----------
    panel
        The panel.
    slopes
        Shape (statistics, cohorts, periods): derivative of each statistic by each cohort's mean.

    Returns
    -------
    errors : ndarray
        Shape (statistics,); NaN where no degree of freedom is left.
    df : int
        Units less cohorts.
    """
    counts = np.bincount(panel.codes)
    df = len(panel.codes) - len(counts)
    if df == 0:
        return np.full(len(slopes), np.nan), 0
    sums = np.zeros((len(counts), len(panel.times)))
    np.add.at(sums, panel.codes, panel.outcomes)
    left = panel.outcomes - (sums / counts[:, None])[panel.codes]
    sizes = np.bincount(panel.codes, panel.weights)
    uneven = np.bincount(panel.codes, panel.weights**2) / sizes**2  # one over the number of units, if weights are alike
    spread = ((slopes @ left.T) ** 2).sum(axis=2) / df  # (statistics, cohorts)
    return np.sqrt(spread @ uneven), df


def linear_slopes(panel: AdoptionPanel, layout: Layout, aggregations: dict[str, Bins]) -> np.ndarray:
    """Return the derivative of every cell, every bin and every overall average by every cohort's mean.

    Parameters
    ----------
    panel, layout, aggregations
        The design.

    Returns
    -------
    ndarray
        Shape (cells + bins and overall of each aggregation in turn, cohorts, periods).
    """
    sizes = np.bincount(panel.codes, panel.weights)
    shape = (len(sizes), len(panel.times))
    units = np.eye(shape[0] * shape[1]).reshape(-1, *shape) * sizes[:, None]
    cells = effects(units, sizes, layout)
    parts = [cells]
    for bins in aggregations.values():
        each, overall = average(cells, sizes, layout, bins)
        parts += [each, overall[:, None]]
    return np.concatenate(parts, axis=1).T.reshape(-1, *shape)
