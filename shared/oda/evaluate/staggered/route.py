"""Every number of a staggered design with its interval, of the kind that the design can bear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from oda.errors import DesignError
from oda.evaluate.staggered.cells import Bins, Layout, average, average_influence, cell_influence, effects
from oda.evaluate.staggered.chance import Permuted, invert, linear_slopes, permute, pooled_errors
from oda.evaluate.staggered.panel import AdoptionPanel

MANY = 30  # units from which the errors of influence functions may be the headline
FEWEST = 5  # units in each cohort and comparison that they need
NOISIER = 1.5  # times the spread of the others from which the treated units are said to be noisier
NO_SPREAD = 1e-10  # of the largest outcome; what is less is rounding

Inference = Literal["influence function", "permutation", "t"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Worked:
    """Cells, then the bins and the overall average of each aggregation in turn, as one row of numbers.

    Attributes
    ----------
    bins
        The aggregations, as given.
    rows
        Which of the numbers are the `cells`, and which the bins of each aggregation.
    overall
        Where the overall average of each aggregation is.
    value, low, high, std_error, p_value
        Shape (numbers,), on the scale of the panel; the standard errors are the influence functions'.
    errors
        Shape (numbers,): the standard errors that the t intervals rest on.
    inference
        Of the overall averages.
    df
        Of the t intervals.
    permuted
        Averages under re-assignment, and their p by aggregation; None with many units.
    permutation_p
        Shape (aggregations,); empty with many units.
    """

    bins: dict[str, Bins]
    rows: dict[str, slice]
    overall: dict[str, int]
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    std_error: np.ndarray
    p_value: np.ndarray
    errors: np.ndarray
    inference: Inference
    df: int
    permuted: Permuted | None
    permutation_p: np.ndarray


def work_out(panel: AdoptionPanel, layout: Layout, aggregations: dict[str, Bins], level: float) -> Worked:
    """Work out every number and its interval, by the route that the number of units allows.

    Parameters
    ----------
    panel, layout, aggregations
        The design.
    level
        Coverage.

    Returns
    -------
    Worked
        All numbers.

    Raises
    ------
    DesignError
        When neither re-assignment nor a t interval can reach the level.
    """
    value, std_error, rows, overall = _numbers(panel, layout, aggregations)
    if has_many(panel, layout):
        errors, df, permuted = std_error, len(panel.codes) - 1, None
    else:
        errors, df = pooled_errors(panel, linear_slopes(panel, layout, aggregations))
        permuted = permute(panel, layout, aggregations)
    errors = np.where(errors > NO_SPREAD * np.abs(panel.outcomes).max(), errors, errors * 0)
    low, high, p_value = _t_intervals(value, errors, df, level)
    inference: Inference = "influence function" if permuted is None else "t"
    permutation_p = np.empty(0)
    if permuted is not None:
        inverted = np.array([invert(permuted, place, level) for place in range(len(aggregations))])
        permutation_p = inverted[:, 0]
        if np.isfinite(inverted).all():
            inference, places = "permutation", list(overall.values())
            p_value[places], low[places], high[places] = inverted.T
    if inference == "t" and df == 0:
        message = (
            f"{len(panel.codes)} {panel.noun} have {len(panel.cohorts)} different starts, so re-assigning them gives "
            f"no p below {permuted.smallest_p if permuted else 1:.2g} and none is left to measure chance by. Use more "
            f"{panel.noun}, or a lower level."
        )
        raise DesignError(message)
    return Worked(
        bins=aggregations,
        rows=rows,
        overall=overall,
        value=value,
        low=np.minimum(low, value),
        high=np.maximum(high, value),
        std_error=std_error,
        p_value=p_value,
        errors=errors,
        inference=inference,
        df=df,
        permuted=permuted,
        permutation_p=permutation_p,
    )


def has_many(panel: AdoptionPanel, layout: Layout) -> bool:
    """Tell whether there are units enough for influence functions: in all, in each cohort, in each comparison.

    Parameters
    ----------
    panel, layout
        The design.

    Returns
    -------
    bool
        True from 30 units, with 5 on either side of every effect.
    """
    counts = np.bincount(panel.codes)
    sides = min(counts[layout.treated].min(), (counts @ layout.controls).min())
    return bool(len(panel.codes) >= MANY and sides >= FEWEST)


def _numbers(
    panel: AdoptionPanel, layout: Layout, aggregations: dict[str, Bins]
) -> tuple[np.ndarray, np.ndarray, dict[str, slice], dict[str, int]]:
    """Return all numbers, their influence-function errors, and where each is."""
    sizes = np.bincount(panel.codes, panel.weights)
    sums = np.stack([np.bincount(panel.codes, panel.weights * column) for column in panel.outcomes.T], axis=1)
    cells = effects(sums, sizes, layout)
    influence = cell_influence(panel, layout)
    values, influences = [cells], [influence]
    rows, overall, place = {"cells": slice(0, len(cells))}, {}, len(cells)
    for name, bins in aggregations.items():
        each, whole = average(cells, sizes, layout, bins)
        each_influence, whole_influence = average_influence(panel, layout, bins, cells, influence)
        rows[name], overall[name] = slice(place, place + len(each)), place + len(each)
        place += len(each) + 1
        values += [each, whole[None]]
        influences += [each_influence, whole_influence[:, None]]
    errors = np.sqrt((np.concatenate(influences, axis=1) ** 2).sum(axis=0)) / len(panel.codes)
    return np.concatenate(values), errors, rows, overall


def _t_intervals(
    value: np.ndarray, errors: np.ndarray, df: int, level: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the ends of t intervals and two-sided p-values; the p is missing where there is no spread."""
    reach = errors * (special.stdtrit(df, (1 + level) / 2) if df else np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * special.stdtr(df, -np.abs(value) / errors) if df else np.full(len(value), np.nan)
    return value - reach, value + reach, np.where(errors > 0, p_value, np.nan)


def describe(work: Worked, panel: AdoptionPanel, *, aggregation: str, controls: str) -> str:
    """Say the method in words.

    Parameters
    ----------
    work, panel
        The numbers and what they are of.
    aggregation, controls
        As in `staggered_adoption`.

    Returns
    -------
    str
        For the footnote.
    """
    n, noun = len(panel.codes), panel.noun
    over = {
        "group": "cohorts",
        "simple": "cohorts and periods",
        "dynamic": "periods since the start",
        "calendar": "periods",
    }[aggregation]
    said = f"group-time effects (Callaway and Sant'Anna) against {noun} {controls} treated, averaged over {over}; "
    if work.permuted is None:
        return said + f"influence-function errors over {n} {noun}, t with {work.df} degrees of freedom"
    if work.inference == "t":
        plural = "" if work.df == 1 else "s"
        return (
            said + f"t with {work.df} degree{plural} of freedom, from the pooled spread of {n} {noun} in their cohorts"
        )
    done = work.permuted
    drawn = f"in all {done.ways:,} ways" if done.ways == done.listed else f"in {done.listed:,} ways drawn at random"
    return (
        said + f"p and interval by re-assigning the start dates to the {n} {noun} {drawn}, for an effect alike for all"
    )


def cautions(work: Worked, panel: AdoptionPanel, layout: Layout, *, spread: bool) -> tuple[str, ...]:
    """Say what changes how the estimate must be read.

    Parameters
    ----------
    work, panel, layout
        The numbers and the design.
    spread
        Whether the units differ at all.

    Returns
    -------
    tuple of str
        One sentence each.
    """
    noun, said = panel.noun, []
    if not spread:
        said.append(f"The {noun} of a cohort changed alike, so the interval has no width and says nothing of chance.")
    if work.inference == "t" and work.permuted is not None:
        said.append(
            f"Re-assigning the start dates cannot give a p below {work.permuted.smallest_p:.2g}, so the interval is a "
            f"t interval, which holds if the {noun} vary alike."
        )
    counts = np.bincount(panel.codes)
    alone = int(((counts[layout.treated] == 1) | (counts @ layout.controls == 1)).sum())
    if alone:
        said.append(f"{alone} of {len(layout.time)} group-time effects rest on one of the {noun} on a side.")
    if layout.lost:
        said.append(f"{layout.lost} effects after a start are left out, since all {noun} are treated by then.")
    noisier = _noisier(panel)
    if work.permuted is not None and noisier > NOISIER:
        said.append(
            f"Before the first start the treated {noun} varied {noisier:.1f} times as much as the others, so the "
            "interval may be too narrow."
        )
    if work.permuted is not None and work.df == 0:
        said.append(f"No cohort has two {noun}, so single effects have no interval.")
    return tuple(said)


def _noisier(panel: AdoptionPanel) -> float:
    """Return how much more the treated units varied from period to period before the first start; 0 if unknown."""
    before = panel.outcomes[:, panel.times < panel.cohorts[0]]
    never = np.isinf(panel.starts)
    if before.shape[1] < FEWEST or not never.any():
        return 0.0
    steps = np.diff(before, axis=1)
    squares = ((steps - steps.mean(axis=0)) ** 2).mean(axis=1)
    rest = float(squares[never].mean())
    return float(np.sqrt(squares[~never].mean() / rest)) if rest > 0 else 0.0
