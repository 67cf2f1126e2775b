"""From a panel to one row a unit: who was treated, and each unit's mean or rate before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, ordinals, take
from oda.periods import say_period

FEWEST_PERIODS = 4  # before the start, to compare spreads
CORRECTION = 0.5  # of an event, added on both sides of every unit when some side has none (Haldane, 1956)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """A panel collapsed to two sides.

    Attributes
    ----------
    units
        One row a unit: `unit`, `dose` (0 for no treatment), `before`, `after` (mean, or events per unit of exposure),
        `weight`, and one column a covariate, `covariate0` ..., its level or its change.
    names
        The covariates' columns as the caller calls them.
    before, after
        First and last period of each side, in the caller's form.
    left_out
        Periods of the roll-in, used on neither side.
    n_obs
        Rows used.
    corrected
        Whether half an event was added everywhere, since some side of some unit had none.
    spread_ratio
        Spread of the treated units' periods before the start over that of the others', each about its own mean and
        about all others in the period; None with fewer than 4 periods.
    """

    units: pd.DataFrame
    names: tuple[str, ...]
    before: tuple[Any, Any]
    after: tuple[Any, Any]
    left_out: int
    n_obs: int
    corrected: bool
    spread_ratio: float | None


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
    words = f"{unit}s"
    frame["outcome"] = numbers(frame["outcome"], outcome, low=0 if scale == "ratio" or exposure else None)
    frame["exposure"] = numbers(frame["exposure"], str(exposure), low=0) if exposure else 1.0
    frame["weights"] = numbers(frame["weights"], str(weights), above=0) if weights else 1.0
    for fixed, name in named.items():
        frame[fixed] = numbers(frame[fixed], name)
    if cohort is not None:
        frame, before, after, left_out = _split_by_start(frame, time=str(time), cohort=cohort, words=words)
    else:
        frame, before, after = _split_by_flags(frame, treated=str(treated), post=str(post), words=words, time=time)
        left_out = 0
    _check_sides(frame, words, before, after)
    units, corrected = _sides(frame, counted=exposure is not None, ratio=scale == "ratio")
    for fixed in named:
        units[fixed] = _covariate(frame, fixed)
    return Sides(
        units=units.reset_index(),
        names=tuple(covariates),
        before=before,
        after=after,
        left_out=left_out,
        n_obs=int((frame["side"] >= 0).sum()),
        corrected=corrected,
        spread_ratio=_spread_ratio(frame) if time is not None else None,
    )


def say(moment: object) -> str:
    """Say a time as a reader would.

    Parameters
    ----------
    moment
        A pandas period or a number.

    Returns
    -------
    str
        Such as `March 2024` or `1992`.
    """
    return (
        say_period(moment)
        if isinstance(moment, pd.Period)
        else f"{moment:g}"
        if isinstance(moment, float)
        else str(moment)
    )


def find_starts(frame: pd.DataFrame, *, time: str, cohort: str, words: str) -> tuple[np.ndarray, pd.Series]:
    """Return each row's period as a whole number, and each unit's first treated one.

    Parameters
    ----------
    frame
        With `unit`, `time`, `cohort`.
    time, cohort
        The caller's columns, for messages.
    words
        What the units are called.

    Returns
    -------
    times : ndarray
        Shape (rows,).
    starts : Series
        By unit, NaN for one never treated.

    Raises
    ------
    DesignError
        When times or starts are no periods, a unit has two starts, or a row is missing or stands twice.
    """
    times, begun = ordinals(frame["time"], time), ordinals(frame["cohort"], cohort)
    both = isinstance(frame["time"].dtype, pd.PeriodDtype), _are_periods(frame["cohort"])
    known = frame["cohort"].dropna()
    if len(known) and (both[0] != both[1] or (both[0] and known.iloc[0].freq != frame["time"].dt.freq)):
        message = (
            f"{known.iloc[0]!r} is no start where {time!r} is of {frame['time'].dtype}. Give starts as such periods."
        )
        raise DesignError(message)
    starts = pd.Series(begun, index=frame["unit"].to_numpy()).groupby(level=0, sort=True)
    apart = (starts.max() != starts.min()) & starts.max().notna() | starts.count().between(1, starts.size() - 1)
    if apart.any():
        message = (
            f"{apart.sum()} of {len(apart)} {words} have more than one start. Give each one start, in all its rows."
        )
        raise DesignError(message)
    _check_panel(frame, times, words)
    return times, starts.first()


def _are_periods(column: pd.Series) -> bool:
    """Tell whether a column holds pandas periods."""
    return isinstance(column.dtype, pd.PeriodDtype) or (
        column.dtype == object and all(isinstance(value, pd.Period) for value in column.dropna())
    )


def _check_panel(frame: pd.DataFrame, times: np.ndarray, words: str) -> None:
    """Refuse a panel in which a row is missing or stands twice."""
    twice = int(frame.duplicated(["unit", "time"]).sum())
    if twice:
        message = f"{twice} of {len(frame)} rows repeat a period of one of the {words}. Add them up to one row each."
        raise DesignError(message)
    cells = frame["unit"].nunique() * len(np.unique(times))
    if cells > len(frame):
        message = (
            f"{cells - len(frame)} of {cells} rows, one a period for each of the {words}, are not there. Add them or "
            "leave out whole periods."
        )
        raise DesignError(message)


def _split_by_start(
    frame: pd.DataFrame, *, time: str, cohort: str, words: str
) -> tuple[pd.DataFrame, tuple[Any, Any], tuple[Any, Any], int]:
    """Mark each row as before the first start (0), from the last on (1) or in the roll-in (-1)."""
    times, starts = find_starts(frame, time=time, cohort=cohort, words=words)
    first, last = starts.min(), starts.max()
    n_treated, n = int(starts.notna().sum()), len(starts)
    if n_treated in (0, n) or n < 3:
        message = (
            f"{n_treated} of {n} {words} are treated. At least one treated, one comparison and three in all are needed."
        )
        raise DesignError(message)
    side = np.where(times < first, 0, np.where(times >= last, 1, -1))
    marked = frame.assign(side=side, dose=frame["unit"].map(starts.notna()).astype(float), ordinal=times)
    for number, edge in ((0, f"before {_at(frame, times, first)}"), (1, f"from {_at(frame, times, last)} on")):
        if not (side == number).any():
            message = (
                f"{n} of {n} {words} have no data {edge}; the data run from {say(_ends(frame, times)[0])} to "
                f"{say(_ends(frame, times)[1])}. Both sides are needed for all {words}."
            )
            raise DesignError(message)
    spans = [_ends(frame[side == number], times[side == number]) for number in (0, 1)]
    return marked, spans[0], spans[1], len(np.unique(times[side == -1]))


def _ends(frame: pd.DataFrame, times: np.ndarray) -> tuple[Any, Any]:
    """Return the first and last period of some rows, in the caller's form."""
    return frame["time"].iloc[int(times.argmin())], frame["time"].iloc[int(times.argmax())]


def _at(frame: pd.DataFrame, times: np.ndarray, ordinal: float) -> str:
    """Say the start that has this number."""
    known = frame["cohort"].dropna()
    if _are_periods(known):
        return say(pd.Period(ordinal=int(ordinal), freq=known.iloc[0].freq))
    return say(float(ordinal))


def _split_by_flags(
    frame: pd.DataFrame, *, treated: str, post: str, words: str, time: str | None
) -> tuple[pd.DataFrame, tuple[Any, Any], tuple[Any, Any]]:
    """Mark each row by the caller's own columns: the dose of the unit, and whether the row is after the start."""
    dose, after = numbers(frame["treated"], treated, low=0), numbers(frame["post"], post, low=0)
    if not np.isin(after, (0, 1)).all():
        message = (
            f"{post!r} holds other values than 0 and 1. Give 1 for rows after the start; see `treatment` for shares."
        )
        raise DesignError(message)
    marked = frame.assign(side=after.astype(int), dose=dose)
    doses = marked.groupby("unit")["dose"]
    changed = int((doses.max() != doses.min()).sum())
    if changed:
        message = (
            f"{treated!r} changes within {changed} of {marked['unit'].nunique()} {words}. Give the same value in all "
            "rows of one (ever treated), or use `treatment`, which may change over time."
        )
        raise DesignError(message)
    cells = marked.groupby([marked["dose"] > 0, "side"]).ngroups
    if cells < 4:
        message = (
            f"{treated!r} by {post!r} fills {cells} of 4 cells. Both groups must be seen before and after the start."
        )
        raise DesignError(message)
    if time is None:
        return marked, (0, 0), (1, 1)
    times = ordinals(frame["time"], time)
    marked["ordinal"] = times
    _check_panel(frame, times, words)
    spans = [_ends(frame[after == number], times[after == number]) for number in (0, 1)]
    if times[after == 0].max() >= times[after == 1].min():
        message = (
            f"{post!r} is 0 in {say(spans[0][1])} and 1 in {say(spans[1][0])}. Give 1 to every row from the start on."
        )
        raise DesignError(message)
    return marked, spans[0], spans[1]


def _check_sides(frame: pd.DataFrame, words: str, before: tuple[Any, Any], after: tuple[Any, Any]) -> None:
    """Refuse units that are seen on one side only."""
    seen = frame[frame["side"] >= 0].groupby("unit")["side"].nunique()
    lost = int((seen < 2).sum())
    if lost:
        message = (
            f"{lost} of {len(seen)} {words} are seen on one side only (before: to {say(before[1])}; after: from "
            f"{say(after[0])}). Leave them out, and say so, or give rows for both sides."
        )
        raise DesignError(message)


def _sides(frame: pd.DataFrame, *, counted: bool, ratio: bool) -> tuple[pd.DataFrame, bool]:
    """Return each unit's dose, weight, and mean or rate on both sides; and whether half an event was added."""
    used = frame[frame["side"] >= 0]
    weight = used["weights"] * used["exposure"]
    top = used["outcome"] * used["weights"]
    sums = pd.DataFrame({"unit": used["unit"], "side": used["side"], "top": top, "below": weight})
    wide = sums.groupby(["unit", "side"], sort=True).sum().unstack("side")  # noqa: PD010  there is one value each
    if (wide["below"] <= 0).to_numpy().any():
        message = "The exposure of a unit adds up to nothing on one side. Give its denominator, or leave the unit out."
        raise DesignError(message)
    empty = wide["top"] <= 0
    corrected = bool(ratio and empty.to_numpy().any())
    if corrected and not counted:
        names = ", ".join(str(name) for name in wide.index[empty[0] | empty[1]])
        message = (
            f"{names}: the outcome adds up to nothing on one side, so no ratio. Give counts and their exposure, a "
            "longer period, or scale='difference'."
        )
        raise DesignError(message)
    rate = (wide["top"] + (CORRECTION if corrected else 0.0)) / wide["below"]
    grouped = frame.groupby("unit", sort=True)
    units = pd.DataFrame({"dose": grouped["dose"].first(), "before": rate[0], "after": rate[1]})
    return units.assign(weight=grouped["weights"].mean()), corrected


def _covariate(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return a covariate by unit: its level where it never changes within a unit, else its change."""
    grouped = frame.groupby("unit", sort=True)[column]
    if (grouped.max() == grouped.min()).all():
        return grouped.first()
    means = frame[frame["side"] >= 0].groupby(["unit", "side"], sort=True)[column].mean().unstack("side")  # noqa: PD010
    return means[1] - means[0]


def _spread_ratio(frame: pd.DataFrame) -> float | None:
    """Compare how much treated and other units vary before the start, about their own mean and the others' mean."""
    early = frame[frame["side"] == 0]
    n = early["unit"].nunique()
    if early["ordinal"].nunique() < FEWEST_PERIODS or not (early["exposure"] > 0).all():
        return None
    value = early["outcome"] / early["exposure"]
    mean = value.groupby(early["unit"]).transform("mean")
    value = value / mean if (mean > 0).all() else value - mean
    others = (value.groupby(early["ordinal"]).transform("sum") - value) / (n - 1)
    spread = ((value - others) ** 2).groupby(early["dose"] > 0).mean()
    return float(np.sqrt(spread[True] / spread[False])) if spread[False] > 0 else None
