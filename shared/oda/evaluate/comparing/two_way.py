"""Two-way fixed effects for a treatment that may change over time, and the one change a cluster that few can bear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, ordinals, take
from oda.evaluate.comparing.grid import SAME, Grid, check_early, lay_grid, say_cautions
from oda.evaluate.inference.collapsed import collapse_fit
from oda.evaluate.inference.microdata import Regression, regress
from oda.evaluate.inference.routing import FEWEST_CLUSTERS, MANY_SIDE
from oda.evaluate.words import plural

GROUPS = pd.array(["treated", "not treated", "difference"], dtype="str")  # of the table of means


@dataclass(frozen=True, kw_only=True, slots=True)
class Cells:
    """A fitted two-way regression, and the same data as one change a cluster where the treatment has one shape.

    Attributes
    ----------
    regression
        Outcome on treatment, covariates, unit and period effects; on a plain balanced panel `few`, which is the same.
    few
        One change a cluster along the treatment's shape over time, compared between treated clusters and the rest;
        None where the treated differ in it, or a cluster has no row in some period.
    plain
        Whether `few` has no weights.
    changes
        One row a cluster: `unit`, `treated`, `before`, `after` (means of the rows before and from the first treatment
        anywhere), `ratio`, `change`.
    means
        The 2 x 2 table of rows, as `Comparison.means`.
    before, after
        First and last period of each side, in the caller's form.
    per
        Unit of the difference.
    cautions
        Such as that starts differ.
    """

    regression: Regression
    few: Regression | None
    plain: bool
    changes: pd.DataFrame
    means: pd.DataFrame
    before: tuple[Any, Any]
    after: tuple[Any, Any]
    per: str
    cautions: tuple[str, ...]


def fit_cells(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str,
    treated: str | None,
    cluster: str,
    exposure: str | None,
    covariates: Sequence[str],
    weights: str | None,
    scale: Literal["ratio", "difference"],
    exact: bool,
) -> Cells:
    """Fit the two-way regression, and one change a cluster where that can stand for it.

    Parameters
    ----------
    data
        Shape (rows, columns); any number of rows a unit and period.
    outcome, unit, time, treatment
        Columns, as in `difference_in_differences`.
    treated
        Column of who is ever treated, where clusters may be seen on one side only; else it is read off `treatment`.
    cluster, exposure, covariates, weights
        Columns, as in `difference_in_differences`.
    scale
        Of the outcome: its logarithm for a ratio.
    exact
        Whether CR2 or the bootstrap was asked for, which need every effect as a column.

    Returns
    -------
    Cells
        The fits.

    Raises
    ------
    DesignError
        When no cluster is treated or all are at some time; or the regression cannot be fitted.
    """
    named = {f"covariate{place}": name for place, name in enumerate(covariates)}
    frame = take(
        data,
        outcome=outcome,
        unit=unit,
        time=time,
        treatment=treatment,
        treated=treated,
        cluster=cluster,
        exposure=exposure,
        weights=weights,
        **named,
    )
    frame["outcome"] = _response(frame, outcome=outcome, exposure=exposure, scale=scale)
    frame["treatment"] = numbers(frame["treatment"], treatment, low=0)
    frame["time"], times = ordinals(frame["time"], time), frame["time"]
    if unit != cluster and frame["unit"].is_unique:
        message = f"Each {unit} is seen once, so none can be compared with itself. Give unit={cluster!r}."
        raise DesignError(message)
    grid = lay_grid(frame, treated=numbers(frame["treated"], treated, low=0) if treated else None)
    sides = int(grid.ever.sum()), int((~grid.ever).sum())
    if min(sides) < 1 or sum(sides) < 3:
        message = (
            f"{sides[0]} of {sum(sides)} {plural(cluster)} are treated at some time. At least one treated, one never "
            "treated and three in all are needed; where all are treated at last, see staggered_adoption with "
            "controls='not yet'."
        )
        raise DesignError(message)
    check_early(grid, treatment, cluster)
    plain = unit == cluster and not named and weights is None and len(frame) == len(grid.ever) * grid.n_moments
    value = frame["outcome"].to_numpy()
    few, shaped = _collapse(frame, grid, value, None) if plain else (None, None)
    fitted = few  # where there is one, it holds all that the rows of a plain balanced panel say
    if fitted is None:
        written_out = exact or sum(sides) < FEWEST_CLUSTERS or min(sides) < MANY_SIDE
        fitted = _fit_rows(frame, list(named), weighted=weights is not None, written_out=written_out)
        value = _adjust(frame, list(named), fitted)
        weight = numbers(frame["weights"], str(weights), above=0) if weights else None
        few, shaped = _collapse(frame, grid, value, weight)
    changes = _changes(grid, value, scale)
    return Cells(
        regression=replace(fitted, n_treated=sides[0], n_control=sides[1], n_obs=len(frame)),
        few=few,
        plain=weights is None,
        changes=changes if shaped is None else changes.assign(change=shaped),
        means=_row_means(grid, np.exp(value) if scale == "ratio" else value),
        before=_ends(times, frame["time"], grid.early),
        after=_ends(times, frame["time"], ~grid.early),
        per=outcome if exposure is None else f"{outcome} per {exposure}",
        cautions=say_cautions(frame, grid, unit, cluster, adjusted=bool(named)),
    )


def _fit_rows(frame: pd.DataFrame, covariates: list[str], *, weighted: bool, written_out: bool) -> Regression:
    """Regress the outcome of rows on treatment, covariates, unit and period effects."""
    return regress(
        frame,
        outcome="outcome",
        term="treatment",
        cluster="cluster",
        covariates=covariates,
        fixed_effects=("unit", "time"),
        weights="weights" if weighted else None,
        written_out=written_out,
    )


def _response(frame: pd.DataFrame, *, outcome: str, exposure: str | None, scale: str) -> np.ndarray:
    """Return the outcome, or the logarithm of its rate."""
    values = numbers(frame["outcome"], outcome, low=0 if scale == "ratio" or exposure else None)
    if exposure is not None:
        values = values / numbers(frame["exposure"], exposure, above=0)
    if scale == "difference":
        return values
    empty = int((values <= 0).sum())
    if empty:
        message = (
            f"{outcome!r} is 0 in {empty} of {len(values)} rows, so it has no logarithm, and no row may be dropped. "
            "Add rows up to longer periods, give `cohort` (which adds each side up), or use scale='difference'."
        )
        raise DesignError(message)
    return np.asarray(np.log(values))


def _ends(times: pd.Series, order: pd.Series, chosen: np.ndarray) -> tuple[Any, Any]:
    """Return the first and last period of some rows, in the caller's form."""
    low, high = np.where(chosen, order, np.inf).argmin(), np.where(chosen, order, -np.inf).argmax()
    return times.iloc[int(low)], times.iloc[int(high)]


def _adjust(frame: pd.DataFrame, covariates: list[str], fitted: Regression) -> np.ndarray:
    """Take the covariates' part out of the outcome, by the coefficients of the regression."""
    value = frame["outcome"].to_numpy()
    if not covariates:
        return value
    return np.asarray(value - frame[covariates].to_numpy(dtype=float) @ fitted.fit.coefs[1 : 1 + len(covariates)])


def _collapse(
    frame: pd.DataFrame, grid: Grid, value: np.ndarray, weight: np.ndarray | None
) -> tuple[Regression | None, np.ndarray | None]:
    """Fit one change a cluster along the treatment's shape over time, where the treated share one."""
    n, cell = len(grid.ever), grid.group * grid.n_moments + grid.moment
    w, y, d = (
        np.bincount(cell, column, n * grid.n_moments).reshape(n, -1)
        for column in _weighed(weight, value, frame["treatment"].to_numpy())
    )
    if (w <= 0).any():
        return None, None
    shapes = (d / w)[grid.ever]
    if (np.ptp(shapes, axis=0) > SAME).any():
        return None, None
    centred = shapes[0] - shapes[0].mean()
    change = (y / w) @ centred / float(centred @ centred)
    means = None if weight is None else w.sum(axis=1) / np.bincount(grid.group, minlength=n)
    return collapse_fit(change, grid.ever.astype(float), np.empty((n, 0)), means, name="treatment"), change


def _weighed(weight: np.ndarray | None, *columns: np.ndarray) -> list[np.ndarray]:
    """Return the weights, then each column times its weight."""
    if weight is None:
        return [np.ones(len(columns[0])), *columns]
    return [weight, *(column * weight for column in columns)]


def _changes(grid: Grid, value: np.ndarray, scale: str) -> pd.DataFrame:
    """Return each cluster's means before and from the first treatment anywhere."""
    n = len(grid.ever)
    with np.errstate(divide="ignore", invalid="ignore"):
        before, after = (
            np.bincount(grid.group, value * side, n) / np.bincount(grid.group, side, n)
            for side in (grid.early, ~grid.early)
        )
        change = after - before
        if scale == "ratio":
            before, after = np.exp(before), np.exp(after)
        ratio = np.where((before > 0) & (after > 0), after / before, np.nan)
    columns = {"unit": grid.labels, "treated": grid.ever, "before": before, "after": after}
    return pd.DataFrame(columns).assign(ratio=ratio, change=change)


def _row_means(grid: Grid, value: np.ndarray) -> pd.DataFrame:
    """Return the table of means of rows by group and side."""
    inside = grid.ever[grid.group]
    table = means_table([(value[side & grid.early], value[side & ~grid.early]) for side in (inside, ~inside)])
    return table.assign(units=[int(grid.ever.sum()), int((~grid.ever).sum()), len(grid.ever)])


def means_table(groups: list[tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """Return means by group and side, their standard errors, and the differences.

    Parameters
    ----------
    groups
        Values before and after, of the treated and of the rest.

    Returns
    -------
    DataFrame
        As `Comparison.means`.
    """
    cells = [[_mean(side) for side in group] for group in groups]
    before = [group[0][0] for group in cells]
    after = [group[1][0] for group in cells]
    change = [late - early for early, late in zip(before, after, strict=True)]
    none = float("nan")
    units = [len(group[0]) for group in groups]
    return pd.DataFrame(
        {
            "group": GROUPS,
            "units": np.array([*units, sum(units)]),
            "before": np.array([*before, before[0] - before[1]]),
            "before_se": np.array([*(group[0][1] for group in cells), none]),
            "after": np.array([*after, after[0] - after[1]]),
            "after_se": np.array([*(group[1][1] for group in cells), none]),
            "change": np.array([*change, change[0] - change[1]]),
        }
    )


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Return the mean and its standard error, which is missing for one value."""
    n = len(values)
    if n == 0:
        return math.nan, math.nan
    mean = float(values.sum()) / n
    squares = float(np.square(values - mean).sum())  # not by @, which wakes every core for a sum so small
    return mean, math.sqrt(squares / (n - 1) / n) if n > 1 else math.nan
