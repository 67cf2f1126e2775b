"""Periods put together to steps before and after the start, one row a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, take
from oda.evaluate.comparing.collapse import CORRECTION
from oda.evaluate.comparing.starts import read_starts
from oda.evaluate.words import plural

FEWEST_BEFORE = 2  # steps: the reference and one more


@dataclass(frozen=True, kw_only=True, slots=True)
class Steps:
    """A panel as units by steps.

    Attributes
    ----------
    rates
        Mean or rate of each unit in each step, its logarithm on the ratio scale, shape (units, steps).
    treated
        Shape (units,), truth values.
    event_time
        Shape (steps,), whole numbers in rising order; -1 is the last before the start.
    first, last
        First and last period of each step, in the caller's form.
    roll_in
        Steps between the first and the last start, a number that need not be whole.
    left_out
        Periods left out.
    n_obs
        Rows used.
    corrected
        Whether half an event was added everywhere, since some step of some unit had none.
    """

    rates: np.ndarray
    treated: np.ndarray
    event_time: np.ndarray
    first: tuple[Any, ...]
    last: tuple[Any, ...]
    roll_in: float
    left_out: int
    n_obs: int
    corrected: bool


def cut_steps(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    exposure: str | None,
    step: int,
    scale: Literal["ratio", "difference"],
) -> Steps:
    """Cut a panel into whole steps from the start, back and forth.

    Parameters
    ----------
    data
        Shape (units x periods, columns).
    outcome, unit, time, cohort, exposure, step, scale
        As in `event_study`.

    Returns
    -------
    Steps
        Units by steps.

    Raises
    ------
    DesignError
        When the panel is not whole, no unit or every unit is treated, or there are too few steps.
    """
    words = plural(unit)
    frame = take(data, missing={"cohort"}, outcome=outcome, unit=unit, time=time, cohort=cohort, exposure=exposure)
    low = 0 if scale == "ratio" or exposure else None
    frame["outcome"] = numbers(frame["outcome"], outcome, low=low)
    frame["exposure"] = numbers(frame["exposure"], str(exposure), above=0) if exposure else 1.0
    if step < 1 or step != int(step):
        message = f"A step of {step} periods. Give a whole number from 1 up."
        raise DesignError(message)
    panel = read_starts(frame, time=time, cohort=cohort, words=words)
    times = panel.times
    number = _number(times, panel.first, panel.last, step)
    whole = pd.Series(times).groupby(number).nunique() == step
    kept = np.array([moment for moment in whole.index if whole[moment] and np.isfinite(moment)], dtype=float)
    if (kept < 0).sum() < FEWEST_BEFORE or not (kept >= 0).any():
        message = (
            f"{int((kept < 0).sum())} whole steps of {step} before the start and {int((kept >= 0).sum())} after it. "
            f"{FEWEST_BEFORE} before and 1 after are needed: give more periods or a shorter step."
        )
        raise DesignError(message)
    found, corrected = _rates(frame, number, kept, counted=exposure is not None, ratio=scale == "ratio")
    at = [np.flatnonzero(number == moment) for moment in kept]
    return Steps(
        rates=found,
        treated=np.isfinite(panel.starts),
        event_time=kept.astype(int),
        first=tuple(frame["time"].iloc[rows[times[rows].argmin()]] for rows in at),
        last=tuple(frame["time"].iloc[rows[times[rows].argmax()]] for rows in at),
        roll_in=(panel.last - panel.first) / step,
        left_out=len(np.unique(times)) - step * len(kept),
        n_obs=int(np.isin(number, kept).sum()),
        corrected=corrected,
    )


def _number(times: np.ndarray, first: float, last: float, step: int) -> np.ndarray:
    """Return each row's step: counted back from the first start, on from the last; missing in the roll-in."""
    back, on = np.floor((times - first) / step), np.floor((times - last) / step)
    return np.where(times < first, back, np.where(times >= last, on, np.nan))


def _rates(
    frame: pd.DataFrame, number: np.ndarray, kept: np.ndarray, *, counted: bool, ratio: bool
) -> tuple[np.ndarray, bool]:
    """Return each unit's rate by step, or its logarithm; half an event is added everywhere where a step has none."""
    sums = frame[["outcome", "exposure"]].groupby([frame["unit"], pd.Series(number)], sort=True).sum()
    top, below = (sums[name].unstack()[kept].to_numpy() for name in ("outcome", "exposure"))  # noqa: PD010
    if not ratio:
        return top / below, False
    empty = int((top <= 0).sum())
    if empty and not counted:
        message = (
            f"{empty} of {top.size} steps add up to nothing, so they have no logarithm. Give counts and their "
            "exposure, a longer step, or scale='difference'."
        )
        raise DesignError(message)
    return np.log((top + (CORRECTION if empty else 0.0)) / below), bool(empty)
