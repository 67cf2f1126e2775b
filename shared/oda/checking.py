"""Frames of text to typed frames of the pilot's districts, or a sentence that says what is wrong and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from oda.datasets import Column, Dataset
from oda.errors import DatasetError
from oda.periods import find_form, read_periods, say_period, years_covered
from oda.pilot import Pilot
from oda.reading import ROW, SourceFile, plain_name, read_pieces, say_rows

_CODE = "[A-Z][0-9]{8}"
_NUMBER = r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?|[+-]?\.[0-9]+"
FILE = "(file)"  # as ROW: no heading reads so
KEY = ["district_code", "period"]
MOST = 2**53  # above it, not every whole number can be told from the next


@dataclass(kw_only=True, slots=True)
class Tally:
    """What became of every row: kept, or left out and why. Counted while the files are read."""

    read: int = 0
    blank: int = 0
    not_wanted: int = 0
    no_district: int = 0
    other_areas: int = 0
    areas: set[str] = field(default_factory=set)
    held: dict[str, set[str]] = field(default_factory=dict)


def check_files(pilot: Pilot, dataset: Dataset, files: tuple[SourceFile, ...]) -> tuple[pd.DataFrame, Tally]:
    """Read the files of a dataset, keep the pilot's districts and give every column its type.

    Parameters
    ----------
    pilot
        The pilot's settings: its districts.
    dataset
        The card: columns, missing values, which rows to keep.
    files
        The files to read, in order.

    Returns
    -------
    frame : DataFrame
        One row a district and period: `district_code`, `district`, `period` (pandas periods) and the card's columns,
        counts as whole numbers, missing values as missing; sorted.
    tally : Tally
        What became of every row.

    Raises
    ------
    DatasetError
        When a code, period or number is not one, when a district has two rows for a period, or when a district of the
        pilot is absent; each names the file, the column and the rows.
    """
    tally = Tally()
    pieces = [piece for file in files for piece in _pilot_rows(pilot, dataset, file, tally)]
    rows = pd.concat(pieces, ignore_index=True) if pieces else pd.DataFrame()
    _check_districts(pilot, dataset, rows, tally, files)
    rows["period"] = _periods(dataset, rows)
    for column in dataset.columns:
        if column.type != "string" and column.name not in KEY:
            rows[column.name] = _numbers(rows, column)
    _check_duplicates(dataset, rows)
    names = {district.code: district.name for district in pilot.districts}
    rows["district"] = rows["district_code"].map(names)
    extra = [c.name for c in dataset.columns if c.name not in (*KEY, "district_name")]
    return rows[["district_code", "district", "period", *extra]].sort_values(KEY, ignore_index=True), tally


def _pilot_rows(pilot: Pilot, dataset: Dataset, file: SourceFile, tally: Tally) -> Iterator[pd.DataFrame]:
    """Yield the rows of the pilot's districts under our own column names, counting the others."""
    missing = {text.strip() for text in dataset.resource.table.missing_values} | {""}
    for piece in read_pieces(file, dataset):
        tally.read += len(piece)
        text = piece.drop(columns=ROW)
        text = text.apply(lambda values: values.str.strip())
        blank = (text == "").all(axis="columns")
        tally.blank += int(blank.sum())
        for column in dataset.resource.where:
            tally.held.setdefault(column, set()).update(text.loc[~blank, column].unique())
        wanted = ~blank & _where(dataset, text)
        tally.not_wanted += int((~wanted & ~blank).sum())
        text = text[wanted]
        ours = pd.DataFrame({c.name: text[c.source] for c in dataset.columns})
        ours = ours.where(~ours.isin(missing), "")
        ours = ours.assign(**{ROW: piece.loc[wanted, ROW], FILE: file.name})
        yield _keep_districts(pilot, dataset, ours, tally)


def _where(dataset: Dataset, text: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows the card's `x-where` keeps."""
    keep = pd.Series(data=True, index=text.index)
    for column, value in dataset.resource.where.items():
        allowed = [str(one).strip() for one in (value if isinstance(value, list) else [value])]
        keep &= text[column].isin(allowed)
    return keep


def _keep_districts(pilot: Pilot, dataset: Dataset, rows: pd.DataFrame, tally: Tally) -> pd.DataFrame:
    """Keep the pilot's districts, known by code or, where the card maps no code, by name."""
    if "district_code" in rows:
        small = rows["district_code"].str.fullmatch(_CODE.lower())
        rows = rows.assign(district_code=rows["district_code"].mask(small, rows["district_code"].str.upper()))
        _check_codes(dataset, rows)
    else:
        codes = {plain_name(district.name): district.code for district in pilot.districts}
        known = {name: codes.get(plain_name(name), name) for name in rows["district_name"].unique()}
        rows = rows.assign(district_code=rows["district_name"].map(known))
    tally.no_district += int((rows["district_code"] == "").sum())
    rows = rows[rows["district_code"] != ""]
    ours = rows["district_code"].isin([district.code for district in pilot.districts])
    tally.other_areas += int((~ours).sum())
    tally.areas.update(rows.loc[~ours, "district_code"].unique())
    return rows[ours]


def _check_codes(dataset: Dataset, rows: pd.DataFrame) -> None:
    """Refuse a district code that is not a letter and eight digits."""
    code = rows["district_code"]
    wrong = (code != "") & ~code.str.fullmatch(_CODE)
    _refuse(
        rows,
        wrong,
        _column(dataset, "district_code"),
        "is not a district code, a letter and eight digits such as E07000236",
        "Correct it, map a column of names as district_name, or leave such rows out with x-where or missingValues",
    )


def _check_districts(
    pilot: Pilot, dataset: Dataset, rows: pd.DataFrame, tally: Tally, files: tuple[SourceFile, ...]
) -> None:
    """Refuse a dataset in which a district of the pilot is absent."""
    there = set(rows["district_code"]) if "district_code" in rows else set()
    absent = [f"{d.name} ({d.code})" for d in pilot.districts if d.code not in there]
    if not absent:
        return
    named = ", ".join(file.name for file in files)
    if tally.not_wanted and tally.not_wanted == tally.read - tally.blank:
        held = "; ".join(f"column {name!r} holds {_some(values)}" for name, values in tally.held.items())
        message = (
            f"{named}: x-where leaves out all {tally.not_wanted:,} rows, for {held}. "
            f"Correct x-where in {dataset.card_path.name}."
        )
        raise DatasetError(message)
    column = "district_code" if "district_code" in {c.name for c in dataset.columns} else "district_name"
    kept = " after x-where" if dataset.resource.where else ""
    message = (
        f"{named}, column {_column(dataset, column).source!r}: no row{kept} for {', '.join(absent)}. It has "
        f"{len(there) + len(tally.areas)} areas: {_some(there | tally.areas)}. Add the rows (a district that others "
        "merged into has a new code), correct x-column or x-where in the card, or take the district out of pilot.yml."
    )
    raise DatasetError(message)


def _some(values: set[str]) -> str:
    """Say the first few of a set of values."""
    more = f" and {len(values) - 5} more" if len(values) > 5 else ""
    return ", ".join(repr(value) for value in sorted(values)[:5]) + more if values else "none"


def _column(dataset: Dataset, name: str) -> Column:
    """Return a column of the card by our name for it."""
    return next(column for column in dataset.columns if column.name == name)


def _refuse(rows: pd.DataFrame, wrong: pd.Series[bool], column: Column, fault: str, remedy: str) -> None:
    """Refuse the rows marked wrong, naming the first file that has any, its rows, the column and a value."""
    if not wrong.any():
        return
    first = rows.loc[wrong].iloc[0]
    numbers = rows.loc[wrong & (rows[FILE] == first[FILE]), ROW].tolist()
    message = f"{first[FILE]}, {say_rows(numbers)}, column {column.source!r}: {first[column.name]!r} {fault}. {remedy}."
    raise DatasetError(message)


def _periods(dataset: Dataset, rows: pd.DataFrame) -> pd.Series:
    """Read the period column by the card's form, or by the form that its values have."""
    column = _column(dataset, "period")
    _refuse(rows, rows["period"] == "", column, "is blank", "Give the row its month, quarter or year, or take it out")
    form = dataset.resource.period_form or find_form(rows["period"])
    if form is None:
        unread = rows["period"].map(lambda text: find_form([text, ""]) is None)  # two values: by no form at all
        _refuse_spans(rows, column, unread)
        _refuse(rows, unread, column, "is no month, quarter or year", "Write it as 2025-04, 2025 Q1, 2025 or 2025/26")
        message = (
            f"{rows[FILE].iloc[0]}, {say_rows(rows[ROW].tolist()[:1])}, column {column.source!r}: cannot tell whether "
            f"{rows['period'].iloc[0]!r} is a month, a quarter, a year or several years "
            "together. State it in the card: x-period: month, quarter, calendar-year or financial-year."
        )
        raise DatasetError(message)
    periods = read_periods(rows["period"], form)
    wrong = periods.isna()
    _refuse_spans(rows, column, wrong)
    _refuse(rows, wrong, column, f"is not a {form.replace('-', ' ')} as the other rows write it", "Correct the value")
    return periods


def _refuse_spans(rows: pd.DataFrame, column: Column, wrong: pd.Series[bool]) -> None:
    """Refuse, among the rows marked wrong, periods of several years together."""
    several = wrong & rows["period"].map(lambda text: years_covered(text) > 1)
    if several.any():
        years = years_covered(rows.loc[several, "period"].iloc[0])
        _refuse(
            rows,
            several,
            column,
            f"covers {years} years together, and such periods overlap",
            "Use the series of single years, or leave these rows out with x-where",
        )


def _numbers(rows: pd.DataFrame, column: Column) -> pd.Series:
    """Read a column of numbers; thousands may have commas, missing values stay missing."""
    text = rows[column.name]
    there = text != ""
    listed = "Correct it, or list the mark among missingValues in the card if it means that the number is not known"
    _refuse(rows, there & ~text.str.fullmatch(_NUMBER), column, "is not a number", listed)
    values = pd.to_numeric(text.str.replace(",", "", regex=False).where(there)).astype("Float64")
    _refuse(rows, (values < 0).fillna(value=False).astype(bool), column, "is below zero", listed)
    _refuse(rows, (values > MOST).fillna(value=False).astype(bool), column, "is too large to be exact", "Correct it")
    if column.type == "number":
        return values.astype("float64")
    parts = (values % 1 != 0).fillna(value=False).astype(bool)
    _refuse(rows, parts, column, "is not a whole number", "Correct it, or give the column type number in the card")
    return values.astype("Int64")


def _check_duplicates(dataset: Dataset, rows: pd.DataFrame) -> None:
    """Refuse two rows for the same district and period."""
    twice = rows.duplicated(KEY, keep=False)
    if not twice.any():
        return
    first = rows.loc[twice].iloc[0]
    same = rows[(rows["district_code"] == first["district_code"]) & (rows["period"] == first["period"])]
    where = " and ".join(f"{file}, {say_rows(group[ROW].tolist())}" for file, group in same.groupby(FILE, sort=False))
    column = _column(dataset, "period").source
    message = (
        f"{where}, column {column!r}: district {first['district_code']} has {len(same)} rows for "
        f"{say_period(first['period'])}; {int(twice.sum()):,} rows are doubled in all. Remove the repeats "
        "or, when another column tells them apart (sex, age, indicator), choose with x-where in the card, such as "
        "x-where: {Sex: Persons}."
    )
    raise DatasetError(message)
