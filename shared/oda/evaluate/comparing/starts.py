"""Who is treated from when on: a panel's units, periods and starts, checked once."""

from __future__ import annotations

import numbers
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import ordinals
from oda.periods import say_period


@dataclass(frozen=True, kw_only=True, slots=True)
class Starts:
    """The units and periods of a whole panel, and each unit's start.

    Attributes
    ----------
    labels
        Names of the units in sorted order, shape (units,).
    unit
        Unit of each row, from 0, shape (rows,).
    times
        Period of each row as a whole number, shape (rows,).
    starts
        First treated period of each unit, shape (units,); NaN for one never treated.
    first, last
        The first and the last start.
    words
        What the units are called.
    """

    labels: np.ndarray
    unit: np.ndarray
    times: np.ndarray
    starts: np.ndarray
    first: float
    last: float
    words: str


def read_starts(frame: pd.DataFrame, *, time: str, cohort: str, words: str) -> Starts:
    """Read units, periods and starts, or refuse them.

    Parameters
    ----------
    frame
        With `unit`, `time` and `cohort`, shape (rows, columns).
    time, cohort
        The caller's columns, for messages.
    words
        What the units are called.

    Returns
    -------
    Starts
        Of a panel with one row for every unit in every period, some of its units treated.

    Raises
    ------
    DesignError
        When times or starts are no periods, a unit has two starts, or one before the second period or after the
        last, a row is missing or stands twice, no unit or every unit is treated, or there are fewer than three.
    """
    times, begun = ordinals(frame["time"], time), ordinals(_whole(frame["cohort"]), cohort)
    _check_form(frame, time)
    unit, labels = pd.factorize(frame["unit"], sort=True)
    n = len(labels)
    check_panel(unit, n, times, words)
    lowest, highest = np.full(n, np.inf), np.full(n, -np.inf)
    known = np.isfinite(begun)
    np.minimum.at(lowest, unit[known], begun[known])
    np.maximum.at(highest, unit[known], begun[known])
    counts = np.bincount(unit, known, n)
    apart = (counts > 0) & ((lowest != highest) | (counts < np.bincount(unit, minlength=n)))
    if apart.any():
        message = f"{apart.sum()} of {n} {words} have more than one start. Give each one start, in all its rows."
        raise DesignError(message)
    treated = counts > 0
    early = treated & (lowest <= times.min())
    if early.any():
        edge, own = say(frame["time"].iloc[int(times.argmin())]), say(_start(frame, begun, lowest[early].min()))
        message = (
            f"{early.sum()} of {n} {words} have no data before {own}, their start; the data run from {edge} on. Give "
            f"a missing {cohort!r}, not 0, to those never treated, and leave out those treated from the beginning."
        )
        raise DesignError(message)
    late = treated & (lowest > times.max())
    if late.any():
        edge, own = say(frame["time"].iloc[int(times.argmax())]), say(_start(frame, begun, lowest[late].min()))
        message = say_late(int(late.sum()), n, words, cohort=cohort, start=own, end=edge)
        raise DesignError(message)
    if treated.sum() in (0, n) or n < 3:
        message = (
            f"{treated.sum()} of {n} {words} are treated. At least one treated, one comparison and three in all are "
            "needed."
        )
        raise DesignError(message)
    return Starts(
        labels=np.asarray(labels),
        unit=unit,
        times=times,
        starts=np.where(treated, lowest, np.nan),
        first=float(lowest[treated].min()),
        last=float(lowest[treated].max()),
        words=words,
    )


def say_late(late: int, n: int, words: str, *, cohort: str, start: str, end: str) -> str:
    """Say that starts are after the data, which every estimator refuses in the same words.

    Parameters
    ----------
    late, n
        Units that start after the data, and all.
    words
        What the units are called.
    cohort
        The caller's column.
    start, end
        First of these starts, and last period of the data, in words.

    Returns
    -------
    str
        The message of the refusal.
    """
    return (
        f"{late} of {n} {words} start in {start} or later, after the data, which run to {end}. Give a missing "
        f"{cohort!r} to those that start later, or give later data."
    )


def _whole(column: pd.Series) -> pd.Series:
    """Return whole numbers among None, which pandas keeps as objects, as numbers; all else as it is."""
    if column.dtype != object:
        return column
    known = column.dropna()
    if known.empty or not all(isinstance(one, numbers.Real) for one in known):
        return column
    return pd.to_numeric(column.where(column.notna(), np.nan))


def _start(frame: pd.DataFrame, begun: np.ndarray, moment: float) -> object:
    """Return a start in the caller's form."""
    return frame["cohort"].iloc[int((begun == moment).argmax())]


def _check_form(frame: pd.DataFrame, time: str) -> None:
    """Refuse starts that are not of the form of the periods."""
    if all(getattr(frame[name].dtype, "kind", "O") in "iuf" for name in ("time", "cohort")):
        return
    known = frame["cohort"].dropna()
    if known.empty:
        return
    start, moment = known.iloc[0], frame["time"].iloc[0]
    periods = isinstance(moment, pd.Period), isinstance(start, pd.Period)
    if periods[0] != periods[1] or (periods[0] and start.freq != moment.freq):
        form = f"period[{moment.freqstr}]" if periods[0] else frame["time"].dtype
        message = f"{say(start)} is no start where {time!r} is of {form}. Give starts as such periods."
        raise DesignError(message)


def check_panel(unit: np.ndarray, n: int, times: np.ndarray, words: str) -> None:
    """Refuse a panel in which a row is missing or stands twice.

    Parameters
    ----------
    unit
        Unit of each row, from 0 to n - 1, shape (rows,).
    n
        Units.
    times
        Period of each row, shape (rows,).
    words
        What the units are called.

    Raises
    ------
    DesignError
        When there is not exactly one row for every unit in every period.
    """
    periods, moment = np.unique(times, return_inverse=True)
    seen = np.bincount(unit * len(periods) + moment, minlength=n * len(periods))
    twice, absent = int((seen - 1).clip(0).sum()), int((seen == 0).sum())
    if twice:
        message = f"{twice} of {len(unit)} rows repeat a period of one of the {words}. Add them up to one row each."
        raise DesignError(message)
    if absent:
        message = (
            f"{absent} of {len(seen)} rows, one a period for each of the {words}, are not there. Add them or leave out "
            "whole periods."
        )
        raise DesignError(message)


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
    if isinstance(moment, pd.Period):
        return say_period(moment)
    return f"{moment:g}" if isinstance(moment, float) else str(moment)
