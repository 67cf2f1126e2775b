"""Rows by cluster and period: who is treated and when, and what that says against two-way fixed effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.inference.routing import ROUTED_SIDE
from oda.evaluate.words import plural

NAMED = 5  # clusters that a message lists
SAME = 1e-9  # shares of treatment that differ by less are the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Rows by cluster and period.

    Attributes
    ----------
    labels
        Names of the clusters, in sorted order.
    group, moment
        Cluster and period of each row, numbered from 0, shape (rows,).
    n_moments
        Periods.
    ever
        Whether each cluster is treated at some time, shape (clusters,).
    early
        Whether each row comes before anyone is treated, shape (rows,).
    first
        Whether each row is treated in the first period, shape (rows,).
    """

    labels: Any
    group: np.ndarray
    moment: np.ndarray
    n_moments: int
    ever: np.ndarray
    early: np.ndarray
    first: np.ndarray


def lay_grid(frame: pd.DataFrame, *, treated: np.ndarray | None) -> Grid:
    """Give clusters and periods numbers, and tell who is treated at some time and which rows are before anyone is.

    Parameters
    ----------
    frame
        With `cluster`, `time` and `treatment`, shape (rows, columns).
    treated
        Who is ever treated, shape (rows,); read off `treatment` when None.

    Returns
    -------
    Grid
        Rows by cluster and period.
    """
    group, labels = pd.factorize(frame["cluster"], sort=True)
    moment, moments = pd.factorize(frame["time"], sort=True)
    on = frame["treatment"].to_numpy() > 0
    ever = np.bincount(group, on if treated is None else treated > 0, len(labels)) > 0
    start = moment[on].min() if on.any() else len(moments)
    return Grid(
        labels=labels,
        group=group,
        moment=moment,
        n_moments=len(moments),
        ever=ever,
        early=moment < start,
        first=on & (moment == 0),
    )


def check_early(grid: Grid, treatment: str, cluster: str) -> None:
    """Refuse a treatment that has no period before it, and say in which clusters.

    Parameters
    ----------
    grid
        Rows by cluster and period.
    treatment, cluster
        The caller's columns, for the message.

    Raises
    ------
    DesignError
        When some cluster is treated in the first period.
    """
    if grid.early.any():
        return
    first = np.unique(grid.group[grid.first])
    names = ", ".join(str(grid.labels[place]) for place in first[:NAMED])
    if len(first) == grid.ever.sum():
        message = f"{treatment!r} is above 0 from the first period on. Give periods before the treatment too."
    else:
        more = f" and {len(first) - NAMED} more" if len(first) > NAMED else ""
        message = (
            f"{treatment!r} is above 0 from the first period on in {len(first)} of {len(grid.ever)} {plural(cluster)} "
            f"({names}{more}). Leave these out, and say so: they have no period before the treatment."
        )
    raise DesignError(message)


def _is_split(frame: pd.DataFrame) -> bool:
    """Tell whether units that are treated as wholes are split into clusters."""
    if frame["cluster"].nunique() <= frame["unit"].nunique():
        return False
    shares = frame.groupby(["unit", "time"])["treatment"]
    return bool((shares.max() - shares.min() <= SAME).all())


def say_cautions(frame: pd.DataFrame, grid: Grid, unit: str, cluster: str, *, adjusted: bool) -> tuple[str, ...]:
    """Say what errors by cluster miss, and when treatment began at different times, which two-way effects bear ill.

    Parameters
    ----------
    frame
        With `unit`, `cluster`, `time` and `treatment`, shape (rows, columns).
    grid
        The same by cluster and period.
    unit, cluster
        The caller's columns.
    adjusted
        Whether there are covariates.

    Returns
    -------
    tuple of str
        One sentence each.
    """
    said, split = [], _is_split(frame)
    group, labels = pd.factorize(frame["unit"]) if split else (grid.group, grid.labels)
    on, n = frame["treatment"].to_numpy() > 0, len(grid.ever)
    begun = np.full(len(labels), grid.n_moments)
    np.minimum.at(begun, group[on], grid.moment[on])
    begun = begun[begun < grid.n_moments]
    starts = len(np.unique(begun))
    if split:
        said.append(
            f"Shocks that hit a whole {unit} are not in this interval, and there are only {len(labels)} {plural(unit)} "
            f"({len(begun)} treated): give cluster={unit!r} unless the treatment was given to each {cluster} on its "
            "own."
        )
    if starts > 1:
        said.append(
            f"The treated {plural(unit if split else cluster)} began at {starts} different times: effects that grow "
            "are understated or even turned round by two-way fixed effects. See bacon_decomposition and "
            "staggered_adoption."
        )
    if adjusted and min(grid.ever.sum(), n - grid.ever.sum()) < ROUTED_SIDE:
        said.append("What the covariates explain was taken out of each change as if it were known.")
    return tuple(said)
