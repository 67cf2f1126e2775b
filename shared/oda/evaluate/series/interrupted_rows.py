"""The rows of a series over time: in order, each with its distance from the start."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import ordinals, take


def series_rows(data: pd.DataFrame, *, time: str, start: object, **columns: str | None) -> pd.DataFrame:
    """Return the named columns in order of time, with `step`: periods since the start, 0 in the first period after.

    Parameters
    ----------
    data
        Shape (rows, columns).
    time
        Column of pandas periods or whole numbers.
    start
        First period after, of the kind that `time` holds; for periods also as text, such as `2025-04`.
    **columns
        The caller's column by its fixed name; None leaves it out.

    Returns
    -------
    DataFrame
        Shape (rows, columns asked for, `time` and `step`), with an index from 0.

    Raises
    ------
    DesignError
        When a column is absent, a value is missing, the times are neither periods nor whole numbers, or the start is
        no such time.
    """
    frame = take(data, missing=(), time=time, **columns)
    step = ordinals(frame["time"], time) - _ordinal_of(start, frame["time"], time)
    frame = frame.assign(step=step.astype(int))
    keys = ["step", *(name for name in ("unit", "treated") if name in frame)]
    return frame.sort_values(keys, kind="stable", ignore_index=True, key=_sortable)


def _sortable(column: pd.Series) -> pd.Series:
    """Return a column that sorts, whatever its labels are."""
    return column.astype(str) if column.dtype == object else column


def _ordinal_of(start: object, times: pd.Series, time: str) -> float:
    """Return the start as a number on the scale of the times, or refuse it."""
    freq = times.iloc[0].freq if isinstance(times.iloc[0], pd.Period) else None
    found: object = start
    if freq is not None and isinstance(start, str) and re.match(r"\d{4}", start):  # else the year would be this one
        try:
            found = pd.Period(start, freq=freq)  # type: ignore[arg-type]  # the stubs know no offset
        except ValueError:
            found = None
    fits = isinstance(found, pd.Period) and found.freq == freq
    if freq is None:
        fits = isinstance(found, int | float | np.number) and not isinstance(found, bool) and float(found).is_integer()
    if not fits:
        kind = f"a period of {times.dtype}" if freq is not None else "a whole number"
        message = f"The start {start!r} is no time of {time!r}. Give {kind}, the first one after."
        raise DesignError(message)
    return float(ordinals(pd.Series([found]), "start")[0])


def check_sides(steps: np.ndarray, *, fewest: int, time: str, why: str) -> None:
    """Refuse a series with too few periods before or after the start, or with a period twice.

    Parameters
    ----------
    steps
        Periods since the start, shape (rows,).
    fewest
        Periods that each side must have.
    time
        The caller's column, for the message.
    why
        What cannot be done with fewer, in words.

    Raises
    ------
    DesignError
        When a period stands twice, or a side is too short.
    """
    twice = len(steps) - len(np.unique(steps))
    if twice:
        message = f"{twice} of {len(steps)} rows repeat a period of {time!r}. Add them up to one row a period."
        raise DesignError(message)
    before, after = int((steps < 0).sum()), int((steps >= 0).sum())
    if min(before, after) < fewest:
        message = (
            f"{before} periods before the start and {after} from it on. {why} needs {fewest} on each side: use shorter "
            "periods, such as months for quarters, or a longer series."
        )
        raise DesignError(message)
