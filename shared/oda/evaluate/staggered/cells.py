"""Group-time effects: which cells there are, what they are, how they add up, and their influence functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oda.evaluate.staggered.panel import AdoptionPanel


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The group-time cells of a design; every array has one entry a cell.

    Attributes
    ----------
    treated
        Place of the cell's cohort among the panel's cohorts.
    time, base
        Places of its period and of the period it is compared with.
    controls
        Shape (cohorts, cells): which cohorts are its comparison.
    event
        Periods since the cohort's start.
    lost
        Number of cells at or after a start that have no comparison, and so are not here.
    """

    treated: np.ndarray
    time: np.ndarray
    base: np.ndarray
    controls: np.ndarray
    event: np.ndarray
    lost: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bins:
    """Cells put together by event time, cohort or period.

    Attributes
    ----------
    labels
        Shape (bins,): what they share.
    member
        Shape (cells, bins): which cell is in which.
    counted
        Shape (bins,): whether the bin enters the overall average.
    by_size
        Whether bins are averaged in proportion to their units, not alike.
    """

    labels: np.ndarray
    member: np.ndarray
    counted: np.ndarray
    by_size: bool


def lay_out(panel: AdoptionPanel, *, controls: str, anticipation: int, base: str) -> Layout:
    """List the group-time cells with a comparison; a cohort with none at or after its start is a comparison only.

    Parameters
    ----------
    panel
        The panel.
    controls, anticipation, base
        As in `staggered_adoption`.

    Returns
    -------
    Layout
        Cells by cohort and period, both increasing.
    """
    times, cohorts = panel.times, panel.cohorts
    cells: list[tuple[float, ...]] = []
    masks: list[np.ndarray] = []
    lost = 0
    for place, start in enumerate(cohorts[np.isfinite(cohorts)]):
        own: list[tuple[float, ...]] = []
        own_masks, after = [], 0
        reach = int(np.flatnonzero(times < start - anticipation)[-1])
        for now in range(len(times)):
            behind = reach if base == "universal" or times[now] >= start - anticipation else now - 1
            if behind < 0 or behind == now:
                continue
            mask = np.isinf(cohorts)
            if controls == "not yet":
                mask = (cohorts > times[max(now, behind)] + anticipation) & (cohorts != start)
            post = times[now] >= start
            if not mask.any():
                lost += int(post)
                continue
            after += int(post)
            own.append((place, now, behind, times[now] - start))
            own_masks.append(mask)
        if after:
            cells, masks = cells + own, masks + own_masks
    columns = np.array(cells).reshape(-1, 4).T
    treated, time, behind_all = columns[:3].astype(int)
    return Layout(
        treated=treated,
        time=time,
        base=behind_all,
        controls=np.array(masks, dtype=float).reshape(-1, len(cohorts)).T,
        event=columns[3],
        lost=lost,
    )


def only(layout: Layout, keep: np.ndarray) -> Layout:
    """Return some of the cells.

    Parameters
    ----------
    layout
        All cells.
    keep
        Shape (cells,): which.

    Returns
    -------
    Layout
        Those cells, in their order.
    """
    return Layout(
        treated=layout.treated[keep],
        time=layout.time[keep],
        base=layout.base[keep],
        controls=layout.controls[:, keep],
        event=layout.event[keep],
        lost=layout.lost,
    )


def put_together(layout: Layout, panel: AdoptionPanel) -> dict[str, Bins]:
    """Return the four ways to add cells up: simple, group, dynamic and calendar.

    Parameters
    ----------
    layout
        The cells.
    panel
        The panel that they are of.

    Returns
    -------
    dict
        Bins by the name of the aggregation; only dynamic has bins before the start.
    """
    post = layout.event >= 0
    keys = {
        "simple": np.zeros(len(post)),
        "group": panel.cohorts[layout.treated],
        "dynamic": layout.event,
        "calendar": panel.times[layout.time],
    }
    found = {}
    for name, key in keys.items():
        labels = np.unique(key if name == "dynamic" else key[post])
        member = (key[:, None] == labels) & (post[:, None] | (name == "dynamic"))
        counted = labels >= 0 if name == "dynamic" else np.ones(len(labels), dtype=bool)
        found[name] = Bins(labels=labels, member=member.astype(float), counted=counted, by_size=name == "group")
    return found


def effects(sums: np.ndarray, sizes: np.ndarray, layout: Layout) -> np.ndarray:
    """Return the group-time effects: change of the cohort's mean less change of its comparison's.

    Parameters
    ----------
    sums
        Shape (..., cohorts, periods): weighted sums of the outcome.
    sizes
        Shape (..., cohorts): sums of the weights.
    layout
        The cells.

    Returns
    -------
    ndarray
        Shape (..., cells), in the outcome's units.
    """
    changes = sums[..., layout.time] - sums[..., layout.base]
    own = changes[..., layout.treated, np.arange(len(layout.time))] / sizes[..., layout.treated]
    return np.asarray(own - (changes * layout.controls).sum(axis=-2) / (sizes @ layout.controls))


def average(cells: np.ndarray, sizes: np.ndarray, layout: Layout, bins: Bins) -> tuple[np.ndarray, np.ndarray]:
    """Add cells up, in proportion to the units treated, to bins and over all.

    Parameters
    ----------
    cells
        Shape (..., cells): the group-time effects.
    sizes
        Shape (..., cohorts): sums of the weights.
    layout, bins
        The design.

    Returns
    -------
    each, overall : ndarray
        Shapes (..., bins) and (...).
    """
    size = sizes[..., layout.treated]
    weight = size @ bins.member
    each = (cells * size) @ bins.member / weight
    if bins.by_size:
        size_each = weight / bins.member.sum(axis=0)  # the cells of a cohort share its size
        return each, np.asarray((each * size_each).sum(axis=-1) / size_each.sum(axis=-1))
    return each, each[..., bins.counted].mean(axis=-1)


def cell_influence(panel: AdoptionPanel, layout: Layout) -> np.ndarray:
    """Return each unit's influence on each group-time effect.

    Parameters
    ----------
    panel, layout
        The design.

    Returns
    -------
    ndarray
        Shape (units, cells), with mean 0; the standard error is its root mean square over the root of the units.
    """
    changes = panel.outcomes[:, layout.time] - panel.outcomes[:, layout.base]
    weights, n = panel.weights[:, None], len(panel.codes)
    sides = (panel.codes[:, None] == layout.treated, layout.controls[panel.codes])
    parts = []
    for side in sides:
        share = weights * side
        share = share / share.sum(axis=0)
        parts.append(n * share * (changes - (share * changes).sum(axis=0)))
    return np.asarray(parts[0] - parts[1])


def average_influence(
    panel: AdoptionPanel, layout: Layout, bins: Bins, cells: np.ndarray, influence: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each unit's influence on the averages, that on the cohorts' shares included.

    Parameters
    ----------
    panel, layout, bins
        The design.
    cells, influence
        Shapes (cells,) and (units, cells).

    Returns
    -------
    each, overall : ndarray
        Shapes (units, bins) and (units,).
    """
    n = len(panel.codes)
    shares = np.bincount(panel.codes, panel.weights) / n
    size = shares[layout.treated]
    weight = size @ bins.member
    values, overall = average(cells, shares, layout, bins)
    belongs = panel.weights[:, None] * (panel.codes[:, None] == layout.treated)
    off = (cells[:, None] - values) * bins.member
    each = (influence @ (size[:, None] * bins.member) + belongs @ off) / weight
    if not bins.by_size:
        return each, each[:, bins.counted].mean(axis=1)
    size_each, times = weight / bins.member.sum(axis=0), bins.member.sum(axis=0)
    belongs_each = belongs @ bins.member / times
    return each, (each @ size_each + belongs_each @ (values - overall)) / size_each.sum()
