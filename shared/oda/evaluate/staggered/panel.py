"""The door of the estimators for staggered adoption: a balanced panel as a matrix of units by periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, ordinals, take
from oda.evaluate.comparing.starts import say_late
from oda.evaluate.words import plural
from oda.periods import say_period


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptionPanel:
    """A balanced panel, its units in an order that depends on the numbers alone.

    Attributes
    ----------
    outcomes
        Shape (units, periods); logarithms of rates on the ratio scale.
    weights
        Shape (units,), above 0.
    times
        Shape (periods,), increasing whole numbers.
    starts
        Shape (units,): first treated period as such a number, infinity where there is none.
    cohorts
        Shape (cohorts,): the different starts, increasing; infinity last, where some unit is never treated.
    codes
        Shape (units,): each unit's place in `cohorts`.
    noun
        What a unit is, in the plural.
    form
        Type of the caller's pandas periods; None where they are whole numbers.
    """

    outcomes: np.ndarray
    weights: np.ndarray
    times: np.ndarray
    starts: np.ndarray
    cohorts: np.ndarray
    codes: np.ndarray
    noun: str
    form: pd.PeriodDtype | None


def read_panel(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    exposure: str | None = None,
    weights: str | None = None,
) -> AdoptionPanel:
    """Check a panel with staggered starts once, and return it as a matrix.

    Parameters
    ----------
    data
        Shape (units x periods, columns), one row for every unit in every period.
    outcome, unit, time, cohort, exposure, weights
        Columns, as in `staggered_adoption`.

    Returns
    -------
    AdoptionPanel
        The outcomes as numbers, or as logarithms of rates where `exposure` is given.

    Raises
    ------
    DesignError
        When a column cannot be used, the panel is not balanced, a unit has two starts or two weights, no unit is
        treated, or one is treated from the first period on or after the last.
    """
    frame = take(
        data,
        missing=("cohort",),
        outcome=outcome,
        unit=unit,
        time=time,
        cohort=cohort,
        exposure=exposure,
        weights=weights,
    )
    noun = plural(unit)
    when, begun = ordinals(frame["time"], time), ordinals(frame["cohort"], cohort)
    form = _form(frame, time, cohort)
    times, places = np.unique(when, return_inverse=True)
    codes, names = pd.factorize(frame["unit"])
    cells = codes * len(times) + places
    shape = (len(names), len(times))
    _check_balance(cells, shape, noun)

    weight = numbers(frame["weights"], f"weights {weights!r}", above=0) if weights else np.ones(len(frame))
    starts = _one_each(_matrix(np.where(np.isnan(begun), np.inf, begun), cells, shape), "start", cohort, noun)
    held = _one_each(_matrix(weight, cells, shape), "weight", str(weights), noun)
    _check_starts(starts, times, cohort, noun, form)
    outcomes = _matrix(_values(frame, outcome, exposure), cells, shape)
    order = _order(outcomes, starts, held)
    cohorts, own = np.unique(starts[order], return_inverse=True)
    return AdoptionPanel(
        outcomes=outcomes[order],
        weights=held[order] / held.mean(),
        times=times,
        starts=starts[order],
        cohorts=cohorts,
        codes=own,
        noun=noun,
        form=form,
    )


def name_times(values: np.ndarray, form: pd.PeriodDtype | None) -> np.ndarray | pd.arrays.PeriodArray:
    """Return whole numbers as the caller's own periods or numbers.

    Parameters
    ----------
    values
        Shape (n,), whole numbers; none is missing.
    form
        Of the panel.

    Returns
    -------
    ndarray or PeriodArray
        Shape (n,), integers or pandas periods.
    """
    whole = values.astype(np.int64)
    return whole if form is None else pd.arrays.PeriodArray(whole, dtype=form)


def say_time(value: float, form: pd.PeriodDtype | None) -> str:
    """Say one period, such as `April 2024` or `2004`.

    Parameters
    ----------
    value
        A whole number.
    form
        Of the panel.

    Returns
    -------
    str
        In words.
    """
    named: Any = name_times(np.array([value]), form)[0]
    return str(named) if form is None else say_period(named)


def _form(frame: pd.DataFrame, time: str, cohort: str) -> pd.PeriodDtype | None:
    """Return the type of period of time and cohort, none for whole numbers; refuse two kinds."""
    forms: dict[str, pd.PeriodDtype | None] = {}
    for fixed, name in (("time", time), ("cohort", cohort)):
        column = frame[fixed]
        if isinstance(column.dtype, pd.PeriodDtype):
            forms[name] = column.dtype
        elif len(known := column.dropna()):
            forms[name] = pd.PeriodDtype(known.iloc[0].freqstr) if column.dtype == object else None
    if len(set(forms.values())) > 1:
        said = [f"{name!r} is in {form or 'whole numbers'}" for name, form in forms.items()]
        message = f"{' and '.join(said)}. Give both in the same periods."
        raise DesignError(message)
    return forms[time]


def _check_balance(cells: np.ndarray, shape: tuple[int, int], noun: str) -> None:
    """Refuse rows that are doubled or not there."""
    counts = np.bincount(cells, minlength=shape[0] * shape[1])
    twice, absent = int((counts > 1).sum()), int((counts == 0).sum())
    if twice:
        message = f"{twice} of {len(cells)} rows repeat a period of one of the {noun}. Add them up to one row each."
        raise DesignError(message)
    if absent:
        message = (
            f"{absent} of {len(counts)} rows, one a period for each of the {noun}, are not there. Add them, or leave "
            f"out whole periods or whole {noun}."
        )
        raise DesignError(message)


def _matrix(values: np.ndarray, cells: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Lay a column out as units by periods."""
    laid = np.empty(shape)
    laid.reshape(-1)[cells] = values
    return laid


def _order(outcomes: np.ndarray, starts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Order units by start and movement, so that names, levels, trends and units of measure reach no random draw."""
    moves = outcomes - outcomes.mean(axis=1, keepdims=True)
    moves -= moves.mean(axis=0)
    size = np.abs(moves).max()
    rounded = np.round(moves / size, 9) if size > 0 else moves
    return np.lexsort((weights, *rounded.T[::-1], starts))


def _one_each(laid: np.ndarray, what: str, name: str, noun: str) -> np.ndarray:
    """Return the one value that each unit has in all its rows, or refuse."""
    moved = int((laid != laid[:, :1]).any(axis=1).sum())
    if moved:
        message = (
            f"{moved} of {len(laid)} {noun} have more than one {what} in {name!r}. Give each one {what}, in all its "
            f"rows{', such as its population before the first start' if what == 'weight' else ''}."
        )
        raise DesignError(message)
    return np.array(laid[:, 0])


def _check_starts(starts: np.ndarray, times: np.ndarray, cohort: str, noun: str, form: pd.PeriodDtype | None) -> None:
    """Refuse starts that leave nothing before or nothing after."""
    first, last = say_time(times[0], form), say_time(times[-1], form)
    early = starts[starts <= times[0]]
    if len(early):
        found = say_time(early.min(), form)
        message = (
            f"{len(early)} of {len(starts)} {noun} have a {cohort!r} of {found} or so, not after the first period, "
            f"{first}: {noun} treated from the start have no before. For never treated give a missing value; leave out "
            f"{noun} that were treated all along."
        )
        raise DesignError(message)
    late = starts[np.isfinite(starts) & (starts > times[-1])]
    if len(late):
        message = say_late(len(late), len(starts), noun, cohort=cohort, start=say_time(late.min(), form), end=last)
        raise DesignError(message)
    if not (starts <= times[-1]).any():
        message = (
            f"0 of {len(starts)} {noun} are first treated between the second period and the last, {last}. Give the "
            f"first treated period of each in {cohort!r}."
        )
        raise DesignError(message)


def _values(frame: pd.DataFrame, outcome: str, exposure: str | None) -> np.ndarray:
    """Return the outcome as numbers, or as the logarithm of its rate."""
    if exposure is None:
        return numbers(frame["outcome"], f"outcome {outcome!r}")
    counted = numbers(frame["outcome"], f"outcome {outcome!r}", low=0)
    people = numbers(frame["exposure"], f"exposure {exposure!r}", above=0)
    empty = int((counted == 0).sum())
    if empty:
        message = (
            f"{outcome!r} is 0 in {empty} of {len(frame)} rows, so its rate has no logarithm. Use longer periods or "
            "larger units, or give the rate as the outcome without exposure, for a difference instead of a ratio."
        )
        raise DesignError(message)
    return np.asarray(np.log(counted / people))
