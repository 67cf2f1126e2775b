"""Files to frames of text: CSV, Parquet and Excel, piece by piece, so that a large file needs little memory.

Every value stays text and every row keeps its number, so that a fault can be named by file, column and row.
"""

from __future__ import annotations

import contextlib
import csv
import difflib
import itertools
import math
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from oda.datasets import Dataset
from oda.errors import DatasetError
from oda.finding import EXCEL, PARQUET, SourceFile, find_files

if TYPE_CHECKING:  # slow, and not needed to find and hash a file
    import pandas as pd

__all__ = [
    "ROW",
    "SourceFile",
    "find_files",
    "plain_name",
    "read_heading",
    "read_pieces",
    "read_values",
    "say_rows",
]

PIECE = 50_000  # rows read at a time: about 50 MB
TOP = 30  # rows in which a heading is looked for that does not stand in row 1
ROW = "(row)"
_SEPARATORS = ",;\t|"


def read_heading(file: SourceFile, dataset: Dataset) -> list[str]:
    """Read the heading of a file: every column it has, whether the card maps it or not.

    Parameters
    ----------
    file
        One file of the dataset.
    dataset
        Its card.

    Returns
    -------
    list of str
        In order.

    Raises
    ------
    DatasetError
        When the file cannot be read at all.
    """
    return next(iter(_top(file, dataset.resource.sheet)), [])


def read_pieces(file: SourceFile, dataset: Dataset) -> Iterator[pd.DataFrame]:
    """Read the columns that a card names, as text, in pieces.

    Parameters
    ----------
    file
        One file of the dataset.
    dataset
        Its card.

    Yields
    ------
    DataFrame
        Columns under the file's own headings, all text, and `ROW`: the row's number in the file as a spreadsheet counts
        it, the heading being row 1.

    Raises
    ------
    DatasetError
        When a column is missing or stands twice, when a row has more or fewer values than the heading, or when the file
        cannot be read at all.
    """
    wanted = list(dict.fromkeys([c.source for c in dataset.columns] + list(dataset.resource.where)))
    places = _places(file, _top(file, dataset.resource.sheet), wanted)
    pieces = _read_parquet(file, places) if _is(file, PARQUET) else _read_rows(file, dataset.resource.sheet, places)
    count = 0
    for piece in pieces:
        piece[ROW] = range(count + 2, count + 2 + len(piece))
        count += len(piece)
        yield piece
    if count == 0:
        raise DatasetError(f"{file.name} has a heading and no rows. Export it again with its rows.")


def plain_name(name: str) -> str:
    """Return a district's name without what files write differently: capitals, blanks, & for and.

    Parameters
    ----------
    name
        As a file or pilot.yml writes it.

    Returns
    -------
    str
        To be compared with others.

    Examples
    --------
    >>> plain_name("Bath  & North East Somerset")
    'bath and north east somerset'
    """
    return " ".join(name.casefold().replace("&", " and ").split())


def read_values(file: SourceFile, dataset: Dataset, wanted: Sequence[str]) -> Iterator[list[str]]:
    """Read some columns of a file row by row, without pandas.

    Parameters
    ----------
    file
        One file of the dataset.
    dataset
        Its card.
    wanted
        Headings of the file.

    Yields
    ------
    list of str
        Their values, blanks around them taken off.

    Raises
    ------
    DatasetError
        When a column is missing or the file cannot be read.
    """
    places = _places(file, _top(file, dataset.resource.sheet), wanted)
    if _is(file, PARQUET):
        with _parquet(file) as source:
            for batch in source.iter_batches(batch_size=PIECE, columns=list(places)):
                columns = [[_text(value).strip() for value in batch.column(name).to_pylist()] for name in places]
                yield from map(list, zip(*columns, strict=True))
        return
    for row in itertools.islice(_rows(file, dataset.resource.sheet), 1, None):
        yield [row[place].strip() if place < len(row) else "" for place in places.values()]


def _is(file: SourceFile, endings: set[str]) -> bool:
    """Return whether a file has one of these endings."""
    return file.path.suffix.lower() in endings


def _rows(file: SourceFile, sheet: str | None) -> Iterator[list[str]]:
    """Yield the rows of a text file or a sheet, the heading first."""
    return _sheet_rows(file, sheet) if _is(file, EXCEL) else _text_rows(file, _separator(file))


def _top(file: SourceFile, sheet: str | None) -> list[list[str]]:
    """Return the first rows of a file, without line breaks in a value and blanks around it."""
    if _is(file, PARQUET):
        with _parquet(file) as source:
            return [list(source.schema_arrow.names)]
    return [[" ".join(value.split()) for value in row] for row in itertools.islice(_rows(file, sheet), TOP)]


def _separator(file: SourceFile) -> str:
    """Return what stands between values: the mark that makes most columns of the heading, else of the rows below."""
    widths = {mark: [0] for mark in _SEPARATORS}
    for mark, found in widths.items():
        with contextlib.suppress(DatasetError):  # said when the file is read
            for row in itertools.islice(_text_rows(file, mark), TOP):
                found.append(len(row))
    return max(_SEPARATORS, key=lambda mark: (widths[mark][1:2], max(widths[mark])))


def _text_rows(file: SourceFile, separator: str) -> Iterator[list[str]]:
    """Yield the rows of a text file, the heading first."""
    number = 0
    with file.path.open(encoding=file.encoding, newline="") as stream:
        try:
            for values in csv.reader(stream, delimiter=separator, skipinitialspace=True, strict=True):
                number += 1
                yield values
        except csv.Error as error:
            raise DatasetError(
                f"{file.name}, row {number + 1}: a quotation mark is not closed, or text follows one ({error}). "
                "Put each value that holds a quotation mark between quotation marks, and double those inside it."
            ) from error


def _sheet_rows(file: SourceFile, sheet: str | None) -> Iterator[list[str]]:
    """Yield the rows of one sheet of an Excel workbook as text, the heading first."""
    import openpyxl  # type: ignore[import-untyped]

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that hold no data
            book = openpyxl.load_workbook(file.path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl lets errors of zip, of XML and of its own through
        raise DatasetError(f"{file.name} cannot be read as an Excel workbook ({error}). Save it again.") from error
    try:
        names = [page.title for page in book.worksheets]
        if (sheet or names[0]) not in names:
            message = f"{file.name} has no sheet {sheet!r}. It has: {', '.join(names)}. Correct 'x-sheet' in the card."
            raise DatasetError(message)
        page = book[sheet or names[0]]
        page.reset_dimensions()  # some programs write wrong ones
        for row in page.iter_rows(values_only=True):
            yield [_text(value) for value in row]
    finally:
        book.close()


def _read_rows(file: SourceFile, sheet: str | None, places: dict[str, int]) -> Iterator[pd.DataFrame]:
    """Read the wanted columns of rows of text in pieces; a blank row stays, so that rows keep their numbers."""
    rows = _rows(file, sheet)
    heading = next(rows)
    needed = 0 if _is(file, EXCEL) else max(place for place, name in enumerate(heading) if name.strip()) + 1
    start = 2
    while True:
        columns: dict[str, list[str]] = {name: [] for name in places}
        adders = [(columns[name].append, place) for name, place in places.items()]
        uneven: dict[int, list[str]] = {}
        number = start
        for number, row in enumerate(itertools.islice(rows, PIECE), start + 1):
            if len(row) != len(heading):
                uneven[number - 1] = row
            values = row if len(row) >= len(heading) else [*row, *[""] * len(heading)]
            for add, place in adders:  # no row is kept, which is twice as fast as to keep a piece of them
                add(values[place])
        if number == start:
            return
        _check_widths(file, uneven, len(heading), needed)
        yield _frame(columns)
        start = number


def _frame(columns: dict[str, list[str]]) -> pd.DataFrame:
    """Return columns of text as a frame."""
    import pandas as pd

    return pd.DataFrame(columns, dtype="str")


def _check_widths(file: SourceFile, rows: dict[int, list[str]], width: int, needed: int) -> None:
    """Refuse rows with fewer values than the heading has names, or with a value that stands under no name."""
    faulty = [
        number
        for number, row in rows.items()
        if any(map(str.strip, row)) and (len(row) < needed or any(map(str.strip, row[width:])))
    ]
    if not faulty:
        return
    row = rows[faulty[0]]
    values = f"{len(row)} value{'s' if len(row) > 1 else ''}"
    raise DatasetError(
        f"{file.name}, {say_rows(faulty)}: {values} where the heading has {width} columns; the row begins "
        f"{row[0]!r:.60}. Take notes above or below the table out of the file, put a value that holds the separator "
        "between quotation marks, or export the file again."
    )


def _parquet(file: SourceFile) -> Any:  # noqa: ANN401  pyarrow has no types
    """Open a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file.path)
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{file.name} is not a Parquet file ({error}). Export it again.") from error


def _read_parquet(file: SourceFile, places: dict[str, int]) -> Iterator[pd.DataFrame]:
    """Read a Parquet file in pieces."""
    with _parquet(file) as source:
        for batch in source.iter_batches(batch_size=PIECE, columns=list(places)):
            columns = {name: [_text(value) for value in batch.column(name).to_pylist()] for name in places}
            yield _frame(columns)


def _text(value: object) -> str:
    """Return one value as a person would type it: 12, not 12.0; 2025-04-01, not a time stamp."""
    if value is None or type(value).__name__ == "NaTType" or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).removesuffix(" 00:00:00")


def _places(file: SourceFile, top: list[list[str]], wanted: Sequence[str]) -> dict[str, int]:
    """Return where each wanted column stands, or say all that are missing or stand twice."""
    heading = top[0] if top else []
    plain = {name.casefold(): name for name in heading if name}
    faults = []
    for name in wanted:
        if name not in heading:
            close = difflib.get_close_matches(name.casefold(), plain, n=1, cutoff=0.5)
            hint = f" (did you mean {plain[close[0]]!r}?)" if close else ""
            faults.append(f"no column {name!r}{hint}")
        elif heading.count(name) > 1:
            faults.append(f"column {name!r} stands {heading.count(name)} times")
    if not faults:
        return {name: heading.index(name) for name in wanted}
    named = [repr(name) for name in heading if name]
    there = ", ".join(named[:TOP]) + (f" and {len(named) - TOP} more" if len(named) > TOP else "")
    below = next((number for number, row in enumerate(top, 1) if set(wanted) <= set(row)), 0)
    remedy = "Correct 'x-column' or 'x-where' in the card" + (", or name another 'x-sheet'" if _is(file, EXCEL) else "")
    if below:
        remedy = f"Row {below} holds the heading: take the rows above it out of the file"
    raise DatasetError(f"{file.name}, row 1: {'; '.join(faults)}. It has: {there or 'no heading'}. {remedy}.")


def say_rows(numbers: Sequence[int]) -> str:
    """Say which rows of a file: the first five, and how many more.

    Parameters
    ----------
    numbers
        Row numbers, the heading being row 1.

    Returns
    -------
    str
        Such as `row 7`, or `rows 2, 3, 4, 5, 6 and 12 more`.
    """
    shown = ", ".join(str(number) for number in numbers[:5])
    more = f" and {len(numbers) - 5:,} more" if len(numbers) > 5 else ""
    return f"row{'s' if len(numbers) > 1 else ''} {shown}{more}"
