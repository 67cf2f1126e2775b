"""From a panel to one row a unit: who was treated, and each unit's mean or rate before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, ordinals, take
from oda.evaluate.comparing.starts import check_panel, read_starts, say
from oda.evaluate.words import plural

FLAT = 1e-20  # of the mean square; a variance below it is rounding
FEWEST_UNITS = 3
FEWEST_PERIODS = 4  # before the start, to compare spreads
CORRECTION = 0.5  # of an event, added on both sides of every unit when some side has none (Haldane, 1956)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """A panel collapsed to two sides.

    Attributes
    ----------
    labels
        Names of the units, shape (units,).
    dose
        0 for no treatment, shape (units,).
    before, after
        Mean, or events per unit of exposure, on each side, shape (units,).
    weight
        Weight of each unit, shape (units,); None where all are equal.
    covariates
        Level or change of each covariate, shape (units, covariates).
    spans
        First and last period of the side before and of the side after, in the caller's form.
    left_out
        Periods of the roll-in, used on neither side.
    n_obs
        Rows used.
    corrected
        Whether half an event was added everywhere, since some side of some unit had none.
    spread_ratio
        Standard deviation of the treated units' periods before the start over that of the others', each about its own
        mean and what all units share in a period; None with fewer than 4 periods, or others without spread.
    """

    labels: np.ndarray
    dose: np.ndarray
    before: np.ndarray
    after: np.ndarray
    weight: np.ndarray | None
    covariates: np.ndarray
    spans: tuple[tuple[Any, Any], tuple[Any, Any]]
    left_out: int
    n_obs: int
    corrected: bool
    spread_ratio: float | None


def check_scale(scale: str) -> None:
    """Refuse a scale that there is not.

    Parameters
    ----------
    scale
        As in `difference_in_differences`.

    Raises
    ------
    DesignError
        When it is neither `ratio` nor `difference`.
    """
    if scale not in ("ratio", "difference"):
        message = f"scale is {scale!r}. Give 'ratio' or 'difference'."
        raise DesignError(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rows:
    """Rows of a panel: unit, side (0 before, 1 after, -1 neither), period, and the dose of each unit."""

    labels: np.ndarray
    unit: np.ndarray
    side: np.ndarray
    times: np.ndarray | None
    dose: np.ndarray


def collapse(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str | None,
    cohort: str | None,
    treated: str | None,
    post: str | None,
    exposure: str | None,
    covariates: Sequence[str],
    weights: str | None,
    scale: Literal["ratio", "difference"],
) -> Sides:
    """Collapse a panel to one before and one after for each unit, or refuse it.

    Parameters
    ----------
    data
        Shape (rows, columns).
    outcome, unit, time, cohort, treated, post, exposure, covariates, weights
        Columns, as in `difference_in_differences`.
    scale
        On the ratio scale outcomes must not be negative.

    Returns
    -------
    Sides
        One row a unit.

    Raises
    ------
    DesignError
        When the panel cannot bear a comparison of two sides.
    """
    named = {f"covariate{place}": name for place, name in enumerate(covariates)}
    frame = take(
        data,
        missing={"cohort"},
        outcome=outcome,
        unit=unit,
        time=time,
        cohort=cohort,
        treated=treated,
        post=post,
        exposure=exposure,
        weights=weights,
        **named,
    )
    words = plural(unit)
    value = numbers(frame["outcome"], outcome, low=0 if scale == "ratio" or exposure else None)
    people = numbers(frame["exposure"], str(exposure), low=0) if exposure else np.ones(len(frame))
    weight = numbers(frame["weights"], str(weights), above=0) if weights else None
    held = [numbers(frame[fixed], name) for fixed, name in named.items()]
    if cohort is not None:
        rows = _split_by_start(frame, time=str(time), cohort=cohort, words=words)
    else:
        rows = _split_by_flags(frame, treated=str(treated), post=str(post), time=time, words=words)
    spans = _spans(frame, rows)
    _check_sides(rows, words, spans)
    before, after, corrected = _rates(rows, value, people, weight, counted=exposure is not None, ratio=scale == "ratio")
    n = len(rows.dose)
    return Sides(
        labels=rows.labels,
        dose=rows.dose,
        before=before,
        after=after,
        weight=None if weight is None else np.bincount(rows.unit, weight, n) / np.bincount(rows.unit, minlength=n),
        covariates=np.column_stack([_by_unit(rows, one, weight) for one in held]) if held else np.empty((n, 0)),
        spans=spans,
        left_out=0 if rows.times is None else len(np.unique(rows.times[rows.side < 0])),
        n_obs=int((rows.side >= 0).sum()),
        corrected=corrected,
        spread_ratio=_spread_ratio(rows, value, people),
    )


def _split_by_start(frame: pd.DataFrame, *, time: str, cohort: str, words: str) -> _Rows:
    """Mark each row as before the first start, from the last on, or in the roll-in."""
    found = read_starts(frame, time=time, cohort=cohort, words=words)
    side = np.where(found.times < found.first, 0, np.where(found.times >= found.last, 1, -1))
    dose = np.isfinite(found.starts).astype(float)
    return _Rows(labels=found.labels, unit=found.unit, side=side, times=found.times, dose=dose)


def _split_by_flags(frame: pd.DataFrame, *, treated: str, post: str, time: str | None, words: str) -> _Rows:
    """Mark each row by the caller's own columns: the dose of the unit, and whether the row is after the start."""
    dose, after = numbers(frame["treated"], treated, low=0), numbers(frame["post"], post, low=0)
    if not np.isin(after, (0, 1)).all():
        message = f"{post!r} holds other values than 0 and 1. Give 1 after the start; see `treatment` for shares."
        raise DesignError(message)
    unit, labels = pd.factorize(frame["unit"], sort=True)
    n = len(labels)
    own = np.zeros(n)
    own[unit] = dose
    changed = len(np.unique(unit[own[unit] != dose]))
    if changed:
        message = (
            f"{treated!r} changes within {changed} of {n} {words}. Give the same value in all rows of one (ever "
            "treated), or use `treatment`, which may change over time."
        )
        raise DesignError(message)
    if n < FEWEST_UNITS:
        message = (
            f"{(own > 0).sum()} of {n} {words} are treated. At least one treated, one comparison and three in all are "
            "needed."
        )
        raise DesignError(message)
    cells = len(np.unique(2 * (dose > 0) + after))
    if cells < 4:
        message = f"{treated!r} by {post!r} fills {cells} of 4 cells. Both groups must be seen both before and after."
        raise DesignError(message)
    times = None
    if time is not None:
        times = ordinals(frame["time"], time)
        check_panel(unit, n, times, words)
        late, early = times[after == 1].min(), times[after == 0].max()
        if early >= late:
            said = [say(frame["time"].iloc[int((times == moment).argmax())]) for moment in (early, late)]
            message = f"{post!r} is 0 in {said[0]} and 1 in {said[1]}. Give 1 to all rows from the start on."
            raise DesignError(message)
    return _Rows(labels=np.asarray(labels), unit=unit, side=after.astype(int), times=times, dose=own)


def _spans(frame: pd.DataFrame, rows: _Rows) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return the first and last period of each side, in the caller's form."""
    if rows.times is None:
        return (0, 0), (1, 1)
    low = [np.where(rows.side == side, rows.times, np.inf).argmin() for side in (0, 1)]
    high = [np.where(rows.side == side, rows.times, -np.inf).argmax() for side in (0, 1)]
    at = frame["time"].iloc
    return (at[int(low[0])], at[int(high[0])]), (at[int(low[1])], at[int(high[1])])


def _check_sides(rows: _Rows, words: str, spans: tuple[tuple[Any, Any], tuple[Any, Any]]) -> None:
    """Refuse units that are seen on one side only."""
    n = len(rows.dose)
    sides = [np.bincount(rows.unit, rows.side == side, n) > 0 for side in (0, 1)]
    lost = int((~(sides[0] & sides[1])).sum())
    if lost:
        message = (
            f"{lost} of {n} {words} are seen on one side only (before: to {say(spans[0][1])}; after: from "
            f"{say(spans[1][0])}). Leave them out, and say so, or give rows for both sides."
        )
        raise DesignError(message)


def _rates(
    rows: _Rows, value: np.ndarray, people: np.ndarray, weight: np.ndarray | None, *, counted: bool, ratio: bool
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return each unit's mean or rate before and after; and whether half an event was added."""
    n = len(rows.dose)
    kept = rows.side >= 0
    cell = (2 * rows.unit + rows.side)[kept]
    scale = np.ones(kept.sum()) if weight is None else weight[kept]
    top = np.bincount(cell, value[kept] * scale, 2 * n).reshape(n, 2)
    below = np.bincount(cell, people[kept] * scale, 2 * n).reshape(n, 2)
    if (below <= 0).any():
        message = "The exposure of a unit adds up to nothing on one side. Give its denominator, or leave the unit out."
        raise DesignError(message)
    empty = (top <= 0).any(axis=1)
    corrected = bool(ratio and empty.any())
    if corrected and (top <= 0).all(axis=0).any():
        message = "Nothing is counted on one side in any unit, so there is no ratio. Use a longer period."
        raise DesignError(message)
    if corrected and not counted:
        names = ", ".join(str(name) for name in rows.labels[empty])
        message = (
            f"{names}: the outcome adds up to nothing on one side, so no ratio. Give counts and their exposure, a "
            "longer period, or scale='difference'."
        )
        raise DesignError(message)
    added = np.zeros(2 * n)
    if corrected:  # half an event of the weight of the side's rows
        added = CORRECTION * np.bincount(cell, scale, 2 * n) / np.bincount(cell, minlength=2 * n)
    rate = (top + added.reshape(n, 2)) / below
    return rate[:, 0], rate[:, 1], corrected


def _by_unit(rows: _Rows, column: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return a covariate by unit: its level where it never changes within a unit, else its change."""
    n = len(rows.dose)
    level = np.zeros(n)
    level[rows.unit] = column
    if (level[rows.unit] == column).all():
        return level
    scale = np.ones(len(column)) if weight is None else weight
    sides = [scale * (rows.side == side) for side in (0, 1)]
    means = [np.bincount(rows.unit, column * side, n) / np.bincount(rows.unit, side, n) for side in sides]
    return np.asarray(means[1] - means[0])


def _spread_ratio(rows: _Rows, value: np.ndarray, people: np.ndarray) -> float | None:
    """Compare how much treated and other units vary before the start, about their own mean and the others' mean."""
    if rows.times is None:
        return None
    early = rows.side == 0
    n, (periods, moment) = len(rows.dose), np.unique(rows.times[early], return_inverse=True)
    if len(periods) < FEWEST_PERIODS or not (people[early] > 0).all():
        return None
    table = np.empty((n, len(periods)))
    table[rows.unit[early], moment] = value[early] / people[early]
    mean = table.mean(axis=1, keepdims=True)
    table = table / mean if (mean > 0).all() else table - mean
    others = (table.sum(axis=0) - table) / (n - 1)
    apart = ((table - others) ** 2).mean(axis=1)
    own = apart - apart.sum() / (n * (n - 1))  # the share of the others' noise, were all noises independent
    inside = rows.dose > 0
    above, below = (float(own[side].mean()) for side in (inside, ~inside))
    return math.sqrt(max(above, 0.0) / below) if below > FLAT * (table**2).mean() else None
