"""The door of the synthetic controls: one treated unit and its donors, checked, in an order that no label changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, ordinals, take
from oda.evaluate.comparing.starts import say_late
from oda.evaluate.words import plural
from oda.periods import say_period

FEWEST_BEFORE = 4  # periods; with fewer, almost any mixture of donors fits
FEWEST_DONORS = 2

Predictor = tuple[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class DonorPanel:
    """Outcomes and predictors of a treated unit and its donors.

    Attributes
    ----------
    treated, donors
        Labels.
    times
        One a period, in order, as the caller has them.
    before
        Shape (periods,), truth values: whether before the start.
    outcomes
        Shape (periods, 1 + donors): the treated unit first, then the donors in the order of `donors`.
    predictors
        Shape (predictors, 1 + donors); None where the outcome alone is matched.
    names
        Of the predictors.
    """

    treated: object
    donors: tuple[object, ...]
    times: tuple[object, ...]
    before: np.ndarray
    outcomes: np.ndarray
    predictors: np.ndarray | None
    names: tuple[str, ...]


def read_panel(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treated: object,
    start: object,
    donors: Collection[object] | None,
    exclude: Collection[object],
    predictors: Sequence[Predictor],
) -> DonorPanel:
    """Read a treated unit and its donors, or refuse what cannot bear a synthetic control.

    Parameters
    ----------
    data
        Shape (units x periods, columns).
    outcome, unit, time
        Columns.
    treated
        Label of the treated unit.
    start
        Its first treated period.
    donors
        Labels of the donors; all other units when None.
    exclude
        Labels of units that are not to be donors.
    predictors
        Pairs of a column and a period, or several over which it is averaged.

    Returns
    -------
    DonorPanel
        Donors in order of their outcomes, so that neither labels nor the order of rows change a sum.

    Raises
    ------
    DesignError
        When a column, unit or period is absent, a cell is missing or doubled, or donors or periods are too few.
    """
    keys = take(data, unit=unit, time=time)
    pool = _donors(keys["unit"], treated, donors, exclude, unit)
    _check_pairs(predictors)
    used = keys["unit"].isin([treated, *pool]).to_numpy()
    rows = data.loc[used]
    frame = take(rows, unit=unit, time=time, outcome=outcome)
    frame["outcome"] = numbers(frame["outcome"], outcome)
    frame["code"] = ordinals(frame["time"], time)
    wide = _square(frame, unit)
    before = wide.index.to_numpy() < period_code(start, frame["time"], "start")
    _check_periods(before, start)
    paths: dict[object, list[float]] = dict(zip(wide.columns, wide.to_numpy().T.tolist(), strict=True))
    wide = wide[[treated, *sorted(pool, key=lambda name: (*paths[name], str(name)))]]
    matrix = _predictors(rows, frame, wide, before, predictors) if predictors else None
    times = frame.drop_duplicates("code").sort_values("code")["time"]
    return DonorPanel(
        treated=treated,
        donors=tuple(wide.columns[1:]),
        times=tuple(times),
        before=before,
        outcomes=wide.to_numpy(),
        predictors=matrix,
        names=tuple(_name(column, periods) for column, periods in predictors),
    )


def find_treated(data: pd.DataFrame, *, unit: str, time: str, cohort: str) -> tuple[object, object]:
    """Return the one treated unit and its start from a cohort column.

    Parameters
    ----------
    data
        Shape (rows, columns).
    unit, time, cohort
        Columns; the cohort is the first treated period, missing for a unit never treated.

    Returns
    -------
    unit, start
        Label and period.

    Raises
    ------
    DesignError
        When no unit or more than one is treated, or a unit has two starts.
    """
    frame = take(data, missing=("cohort",), unit=unit, time=time, cohort=cohort)
    starts = frame.dropna(subset=["cohort"])[["unit", "cohort"]].drop_duplicates()
    names = sorted(map(str, starts["unit"].unique()))
    begun, end = ordinals(starts["cohort"], cohort), ordinals(frame["time"], time)
    late = starts["unit"][begun > end.max()]
    if len(late):
        own = say_time(starts["cohort"].iloc[int(np.where(begun > end.max(), begun, np.inf).argmin())])
        last = say_time(frame["time"].iloc[int(end.argmax())])
        n_late, n = late.nunique(), frame["unit"].nunique()
        message = say_late(n_late, n, plural(unit), cohort=cohort, start=own, end=last)
        raise DesignError(message)
    if len(names) != 1:
        listed = f" ({', '.join(names)})" if names else ""
        message = (
            f"{len(names)} of {frame['unit'].nunique()} units are treated{listed}; a synthetic control is made for "
            "one. Average the treated units that start together into one unit, or run each with treated= and the "
            "others in exclude=."
        )
        raise DesignError(message)
    lost = bool(frame.loc[frame["unit"] == starts["unit"].iloc[0], "cohort"].isna().any())
    if len(starts) > 1 or lost:
        message = (
            f"{names[0]} has {len(starts) + lost} different entries in {cohort!r}. Give one start in all its rows."
        )
        raise DesignError(message)
    return starts["unit"].iloc[0], starts["cohort"].iloc[0]


def period_code(value: object, times: pd.Series, name: str) -> float:
    """Return a period as the whole number that the data's times have.

    Parameters
    ----------
    value
        A pandas period, or a whole number such as a year.
    times
        The column of times.
    name
        What the period is, for the message.

    Returns
    -------
    float
        A whole number.

    Raises
    ------
    DesignError
        When the period is of another kind than the times.
    """
    first = times.iloc[0]
    alike = isinstance(value, pd.Period) == isinstance(first, pd.Period)
    if alike and isinstance(value, pd.Period) and isinstance(first, pd.Period):
        alike = value.freq == first.freq
    if not alike or not isinstance(value, pd.Period | int | float | np.number) or isinstance(value, bool):
        message = f"{value!r} as {name} is no period where time has {say_time(first)}. Give it in the same form."
        raise DesignError(message)
    return float(ordinals(pd.Series([value]), name)[0])


def say_time(value: object) -> str:
    """Say a period or a year.

    Parameters
    ----------
    value
        A pandas period, or a whole number such as a year.

    Returns
    -------
    str
        Such as `April 2025` or `1989`.
    """
    return (
        say_period(value) if isinstance(value, pd.Period) else f"{value:g}" if isinstance(value, float) else str(value)
    )


def _donors(
    units: pd.Series, treated: object, donors: Collection[object] | None, exclude: Collection[object], unit: str
) -> list[object]:
    """Return the labels of the donors, or refuse units that are absent, treated or too few."""
    if not pd.api.types.is_hashable(treated):
        message = f"treated is {treated!r}, no label. Give the label of one {unit}, such as {units.iloc[0]!r}."
        raise DesignError(message)
    for name, labels in (("donors", donors), ("exclude", exclude)):
        if isinstance(labels, str):
            message = f"{name} is the text {labels!r}. Give a list of labels, such as [{labels!r}]."
            raise DesignError(message)
    there = set(units.unique())
    asked = {treated, *(donors or ()), *exclude}
    absent = sorted(map(repr, asked - there))
    if absent:
        message = f"No {unit} {', '.join(absent)}. There is: {', '.join(sorted(map(repr, there)))}."
        raise DesignError(message)
    if treated in exclude or (donors is not None and treated in donors):
        place = "exclude" if treated in exclude else "donors"
        message = f"The treated {unit} {treated!r} is in {place}. Take it out: it cannot be its own donor."
        raise DesignError(message)
    pool = [name for name in (there if donors is None else set(donors)) if name != treated and name not in exclude]
    if len(pool) < FEWEST_DONORS:
        message = (
            f"There is {len(pool)} donor for {treated!r}. At least {FEWEST_DONORS} are needed: add units that were not "
            "exposed to the treatment."
        )
        raise DesignError(message)
    return pool


def _check_pairs(predictors: Sequence[Predictor]) -> None:
    """Refuse predictors that are not pairs of a column and its periods."""
    wrong = [one for one in predictors if isinstance(one, str) or not isinstance(one, Sequence) or len(one) != 2]
    if wrong:
        message = (
            f"predictors has {wrong[0]!r}. Give pairs of a column and its period or periods before the start, such as "
            "('sales', 1975) or ('beer', range(1984, 1989))."
        )
        raise DesignError(message)


def _square(frame: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Return outcomes by period and unit, or refuse cells that are missing or doubled."""
    twice = int(frame.duplicated(["unit", "code"]).sum())
    if twice:
        message = f"{twice} of {len(frame)} rows repeat a period of a {unit}. Give one row each."
        raise DesignError(message)
    wide = frame.pivot(index="code", columns="unit", values="outcome")  # noqa: PD010  each cell has one value
    lost = wide.isna().sum()
    if lost.sum():
        listed = ", ".join(f"{name} {count}" for name, count in sorted(lost[lost > 0].items(), key=str))
        message = (
            f"{int(lost.sum())} of {wide.size} rows, one a period for each {unit}, are not there: {listed}. Add them, "
            "or leave out whole periods or donors."
        )
        raise DesignError(message)
    return wide


def _check_periods(before: np.ndarray, start: object) -> None:
    """Refuse a start with too few periods before it or none after it."""
    n_before, n_after = int(before.sum()), int((~before).sum())
    if not n_after:
        message = (
            f"None of {len(before)} periods is at or after the start, {say_time(start)}. Add later data or correct it."
        )
        raise DesignError(message)
    if n_before < FEWEST_BEFORE:
        message = (
            f"{n_before} of {len(before)} periods are before the start, {say_time(start)}; with fewer than "
            f"{FEWEST_BEFORE}, almost any mixture of donors fits. Add earlier data, or use difference_in_differences."
        )
        raise DesignError(message)


def _periods(periods: object) -> list[object]:
    """Return one period or several as a list."""
    single = isinstance(periods, pd.Period | str | int | float | np.number) or not isinstance(periods, Iterable)
    return [periods] if single else list(periods)  # type: ignore[call-overload]


def _name(column: str, periods: object) -> str:
    """Return a predictor's name, such as `beer, 1984 to 1988`."""
    listed = _periods(periods)
    ends = dict.fromkeys((say_time(listed[0]), say_time(listed[-1])))
    return f"{column}, {' to '.join(ends)}"


def _predictors(
    rows: pd.DataFrame, frame: pd.DataFrame, wide: pd.DataFrame, before: np.ndarray, predictors: Sequence[Predictor]
) -> np.ndarray:
    """Return the mean of each predictor over its periods, one column a unit."""
    found = []
    for column, periods in predictors:
        listed, name = _periods(periods), _name(column, periods) if _periods(periods) else column
        values = take(rows, missing=("value",), value=column)
        cells = frame[["unit", "code"]].assign(value=numbers(values["value"], column))
        codes = [period_code(value, frame["time"], f"a period of {column!r}") for value in listed]
        known = set(wide.index[before])
        late = [say_time(value) for value, code in zip(listed, codes, strict=True) if code not in known]
        if late or not listed:
            message = (
                f"{len(late)} of {len(listed)} periods of the predictor {name!r} are not in the data before the start"
                f"{': ' * bool(late)}{', '.join(late)}. Give periods before it, which the treatment cannot change."
            )
            raise DesignError(message)
        cells = cells[cells["code"].isin(codes)]
        lost = int(cells["value"].isna().sum())
        if lost:
            message = (
                f"The predictor {name!r} is missing in {lost} of {len(cells)} cells. Give periods in which every unit "
                "has it."
            )
            raise DesignError(message)
        table = cells.pivot(index="code", columns="unit", values="value")  # noqa: PD010  each cell has one value
        means = table[wide.columns].to_numpy().mean(axis=0)
        if np.ptp(means) <= 1e-12 * np.abs(means).max():
            message = (
                f"The predictor {name!r} is {means[0]:g} in all {len(means)} units. Leave it out: it tells none apart."
            )
            raise DesignError(message)
        found.append(means)
    return np.array(found)
