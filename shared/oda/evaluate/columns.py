"""The door of every estimator: columns are taken by name, checked once, and given fixed names."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from oda.errors import DesignError


def take(data: pd.DataFrame, *, missing: Collection[str] = (), **columns: str | None) -> pd.DataFrame:
    """Return the named columns under fixed names, in the caller's row order; the data are not changed.

    Parameters
    ----------
    data
        Shape (rows, columns).
    missing
        Fixed names of columns in which a missing value is allowed.
    **columns
        The caller's column by its fixed name; None leaves it out.

    Returns
    -------
    DataFrame
        Shape (rows, columns asked for), with an index from 0.

    Raises
    ------
    DesignError
        When the data are no DataFrame, a column is absent (all are named at once) or named twice in the data, there is
        no row, or a value is missing.
    """
    if not isinstance(data, pd.DataFrame):
        message = f"The data are of type {type(data).__name__}. Give a pandas DataFrame, one row an observation."
        raise DesignError(message)
    wanted = {fixed: name for fixed, name in columns.items() if name is not None}
    absent = [name for name in dict.fromkeys(wanted.values()) if name not in data.columns]
    if absent:
        there = ", ".join(repr(str(name)) for name in data.columns)
        message = f"No column {', '.join(map(repr, absent))}. There is: {there}."
        raise DesignError(message)
    twice = [name for name in dict.fromkeys(wanted.values()) if isinstance(data[name], pd.DataFrame)]
    if twice:
        message = f"{len(twice)} columns stand twice in the data: {', '.join(map(repr, twice))}. Rename one of each."
        raise DesignError(message)
    arrays = {fixed: data[name].array for fixed, name in wanted.items()}
    frame = pd.DataFrame(arrays)
    if frame.empty:
        message = "The data have no row. Look at how they were read or filtered."
        raise DesignError(message)
    lost = {name: int(arrays[fixed].isna().sum()) for fixed, name in wanted.items() if fixed not in missing}
    lost = {name: count for name, count in lost.items() if count}
    if lost:
        listed = ", ".join(f"{name!r} in {count}" for name, count in lost.items())
        message = f"A value is missing of {len(frame)} rows: {listed}. Fill them or leave these rows out, and say so."
        raise DesignError(message)
    return frame


def check_lists(**lists: Sequence[str]) -> None:
    """Refuse a single name where a list of names belongs.

    Parameters
    ----------
    **lists
        Columns of the caller by what they are for.

    Raises
    ------
    DesignError
        When one is a text, whose letters would be taken for columns.
    """
    for what, names in lists.items():
        if isinstance(names, str):
            message = f"{what} is the text {names!r}. Give a list of columns, such as [{names!r}]."
            raise DesignError(message)


def numbers(column: pd.Series, name: str, *, low: float | None = None, above: float | None = None) -> np.ndarray:
    """Return a column as finite floats, or refuse it.

    Parameters
    ----------
    column
        Shape (rows,), no missing value but in a column that may have them.
    name
        What the column is, for the message.
    low
        Smallest number allowed.
    above
        Every number must be larger than this.

    Returns
    -------
    ndarray
        Shape (rows,), floats.

    Raises
    ------
    DesignError
        When the column holds text, an infinite number, or one outside the limits.
    """
    kind = getattr(column.dtype, "kind", "O")
    if column.dtype == object or kind not in "iufb":
        message = f"The {name} is not a column of numbers but of {column.dtype}. Turn it into numbers first."
        raise DesignError(message)
    values = column.to_numpy(dtype=float, na_value=np.nan)
    bad = int(np.isinf(values).sum())
    limit = "infinite"
    if not bad and low is not None:
        bad, limit = int((values < low).sum()), f"below {low:g}"
    if not bad and above is not None:
        bad, limit = int((values <= above).sum()), f"not above {above:g}"
    if bad:
        message = f"The {name} of {bad} of {len(values)} rows is {limit}. Correct or leave out these rows, and say so."
        raise DesignError(message)
    return values


def ordinals(times: pd.Series, name: str) -> np.ndarray:
    """Return times as whole numbers in which a step of one is one period.

    Parameters
    ----------
    times
        Shape (rows,): pandas periods, or whole numbers such as years; missing values only where the caller allows them.
    name
        The caller's column, for the message.

    Returns
    -------
    ndarray
        Shape (rows,), floats holding whole numbers; NaN where missing.

    Raises
    ------
    DesignError
        When the times are neither periods nor whole numbers.
    """
    if isinstance(times.dtype, pd.PeriodDtype):
        codes: np.ndarray = times.array.asi8.astype(float)
        codes[times.isna().to_numpy()] = np.nan
        return codes
    if times.isna().all():
        return np.full(len(times), np.nan)
    if times.dtype == object and all(isinstance(value, pd.Period) for value in times.dropna()):
        forms = {value.freq for value in times.dropna()}
        if len(forms) > 1:
            message = f"{name!r} mixes {len(forms)} kinds of period. Give all in one, such as months."
            raise DesignError(message)
        return ordinals(pd.Series(pd.PeriodIndex(times, freq=forms.pop())), name)
    kind = getattr(times.dtype, "kind", "O")
    if times.dtype == object or kind not in "iuf":
        dates = f" For dates: data[{name!r}].dt.to_period('M')." if kind == "M" else ""
        known = "pandas periods, such as months, or whole numbers, such as years"
        message = f"{name!r} is of {times.dtype}. Give {known}.{dates}"
        raise DesignError(message)
    values = times.to_numpy(dtype=float, na_value=np.nan)
    uneven = values[np.isfinite(values) & (values != np.round(values))]
    if len(uneven) or np.isinf(values).any():
        message = f"{name!r} holds {float(uneven[0]) if len(uneven) else 'infinity'}. Give periods as whole numbers."
        raise DesignError(message)
    return values
