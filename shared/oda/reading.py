"""Files to frames of text: CSV, Parquet and Excel, piece by piece, so that a large file needs little memory.

Every value stays text and every row keeps its number, so that a fault can be named by file, column and row.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from oda.datasets import Dataset
from oda.errors import DatasetError

PIECE = 250_000  # rows read at a time: about 100 MB for a wide file
SEPARATORS = ",;\t|"
_EXCEL = {".xlsx", ".xlsm"}
ROW = "row"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """One file of a dataset: its name inside the pilot, its size, its hash and how its text was read."""

    path: Path
    name: str
    size: int
    sha256: str
    encoding: str


def find_files(folder: Path, dataset: Dataset) -> tuple[SourceFile, ...]:
    """Find the file or files that a card names.

    Parameters
    ----------
    folder
        The pilot's folder.
    dataset
        The card.

    Returns
    -------
    tuple of SourceFile
        In order of name, each hashed.

    Raises
    ------
    DatasetError
        When there is none, when one is empty, or when one lies outside the pilot.
    """
    pattern = dataset.resource.path
    paths = sorted(folder.glob(pattern)) if any(c in pattern for c in "*?[") else [folder / pattern]
    paths = [path for path in paths if path.is_file()]
    if not paths:
        message = (
            f"{pattern} does not exist. Put the file there, or correct 'path' in {dataset.card_path.name}, "
            f"the card of dataset {dataset.name!r}."
        )
        raise DatasetError(message)
    return tuple(_describe(path, folder, dataset) for path in paths)


def _describe(path: Path, folder: Path, dataset: Dataset) -> SourceFile:
    """Hash one file and find its encoding."""
    name = path.relative_to(folder).as_posix()
    if not path.resolve().is_relative_to(folder.resolve()):
        message = f"{name} points outside the pilot's folder. Copy the file itself to {dataset.resource.path}."
        raise DatasetError(message)
    size = path.stat().st_size
    if size == 0:
        message = f"{name} is empty (0 bytes). Export it again, or name another file in {dataset.card_path.name}."
        raise DatasetError(message)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    text = path.suffix.lower() not in {".parquet", *_EXCEL}
    encoding = _encoding(path, name, dataset.resource.encoding) if text else ""
    return SourceFile(path=path, name=name, size=size, sha256=digest, encoding=encoding)


def _encoding(path: Path, name: str, stated: str | None) -> str:
    """Return the encoding that reads the whole file: the stated one, else UTF-8, else Windows-1252."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in [stated] if stated else ["utf-8-sig", "cp1252"]:
        try:
            with path.open(encoding=encoding) as stream:
                while stream.read(1 << 20):
                    pass
        except (UnicodeDecodeError, LookupError):
            continue
        return encoding
    tried = stated or "UTF-8 or Windows-1252"
    message = f"{name} cannot be read as {tried} text. Save it as CSV UTF-8, or state its 'encoding' in the card."
    raise DatasetError(message)


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
    suffix = file.path.suffix.lower()
    if suffix == ".parquet":
        return [str(name) for name in _parquet(file).schema_arrow.names]
    if suffix in _EXCEL:
        return _heading_of(_sheet(file, dataset.resource.sheet, rows=1))
    return _text_heading(file)[0]


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
        Columns under the file's own headings, all text, and `row`: the row's number in the file, the heading being
        row 1.

    Raises
    ------
    DatasetError
        When a column is missing or stands twice, when a row has more or fewer values than the heading, or when the file
        cannot be read at all.
    """
    wanted = list(dict.fromkeys([c.source for c in dataset.columns] + list(dataset.resource.where)))
    suffix = file.path.suffix.lower()
    if suffix == ".parquet":
        pieces = _read_parquet(file, wanted)
    elif suffix in _EXCEL:
        pieces = _read_excel(file, wanted, dataset.resource.sheet)
    elif suffix in {".csv", ".txt", ".tsv"}:
        pieces = _read_csv(file, wanted)
    else:
        message = f"{file.name} is a {suffix or 'nameless'} file. Use .csv, .parquet or .xlsx."
        raise DatasetError(message)
    count = 0
    for piece in pieces:
        piece[ROW] = range(count + 2, count + 2 + len(piece))
        count += len(piece)
        yield piece
    if count == 0:
        message = f"{file.name} has a heading and no rows. Export it again with its rows."
        raise DatasetError(message)


def _text_heading(file: SourceFile) -> tuple[list[str], str]:
    """Return the heading of a text file and its separator, the one that makes most columns of the heading."""
    with file.path.open(encoding=file.encoding, newline="") as stream:
        line = stream.readline()
    separator = max(SEPARATORS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))
    return [name.strip() for name in next(csv.reader([line], delimiter=separator), [])], separator


def _read_csv(file: SourceFile, wanted: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Read a text file in pieces."""
    heading, separator = _text_heading(file)
    places = _places(file, heading, wanted)
    try:
        reader = pd.read_csv(
            file.path,
            sep=separator,
            header=None,
            skiprows=1,
            names=range(len(heading)),
            usecols=sorted(places.values()),
            index_col=False,
            dtype=str,
            encoding=file.encoding,
            keep_default_na=False,
            na_values=[],
            skip_blank_lines=False,
            chunksize=PIECE,
        )
        with reader:
            start = 2
            for piece in reader:
                _check_width(file, piece, start)
                start += len(piece)
                yield piece[list(places.values())].set_axis(list(places), axis="columns")
    except pd.errors.ParserError as error:
        message = f"{file.name}: {_plainly(error)} Quote any value that holds the separator {separator!r}."
        raise DatasetError(message) from error
    except pd.errors.EmptyDataError:
        return


def _check_width(file: SourceFile, piece: pd.DataFrame, start: int) -> None:
    """Refuse a row with fewer values than the heading; a wholly blank row is passed over later."""
    short = piece.isna().any(axis="columns")
    if not short.any():
        return
    filled = (piece.notna() & (piece != "")).any(axis="columns")
    faulty = [start + int(place) for place in np.flatnonzero(short & filled)]
    if faulty:
        message = f"{file.name}: {say_rows(faulty)}: fewer values than the heading has columns. Export the file again."
        raise DatasetError(message)


def _plainly(error: Exception) -> str:
    """Return a parser's message as one sentence."""
    return " ".join(str(error).replace("Error tokenizing data. C error:", "").split()).rstrip(".") + "."


def _parquet(file: SourceFile) -> Any:  # noqa: ANN401  pyarrow has no types
    """Open a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file.path)
    except pa.ArrowInvalid as error:
        message = f"{file.name} is not a Parquet file: {_plainly(error)} Export it again."
        raise DatasetError(message) from error


def _read_parquet(file: SourceFile, wanted: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Read a Parquet file in pieces."""
    with _parquet(file) as source:
        places = _places(file, source.schema_arrow.names, wanted)
        for batch in source.iter_batches(batch_size=PIECE, columns=list(places)):
            yield _as_text(batch.to_pandas()[list(places)])


def _sheet(file: SourceFile, sheet: str | None, rows: int | None = None) -> pd.DataFrame:
    """Return one sheet of an Excel workbook, the heading as its first row."""
    try:
        with pd.ExcelFile(file.path, engine="openpyxl") as book:
            names = [str(name) for name in book.sheet_names]
            if sheet is None or sheet in names:
                return book.parse(sheet or 0, header=None, dtype=object, nrows=rows)
    except Exception as error:  # openpyxl lets errors of zip, of XML and of its own through
        message = f"{file.name} cannot be read as an Excel workbook: {_plainly(error)} Save it again as .xlsx."
        raise DatasetError(message) from error
    message = f"{file.name} has no sheet {sheet!r}. It has: {', '.join(names)}. Correct 'x-sheet' in the card."
    raise DatasetError(message)


def _heading_of(raw: pd.DataFrame) -> list[str]:
    """Return the heading of a sheet."""
    return [] if raw.empty else ["" if pd.isna(cell) else str(cell).strip() for cell in raw.iloc[0]]


def _read_excel(file: SourceFile, wanted: Sequence[str], sheet: str | None) -> Iterator[pd.DataFrame]:
    """Read one sheet of an Excel workbook, in one piece."""
    raw = _sheet(file, sheet)
    places = _places(file, _heading_of(raw), wanted)
    body = raw.iloc[1:, list(places.values())].set_axis(list(places), axis="columns").reset_index(drop=True)
    if not body.empty:
        yield _as_text(body)


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return every value as text, a missing one as the empty text."""
    return pd.DataFrame({name: [_text(value) for value in frame[name]] for name in frame.columns}, dtype="str")


def _text(value: object) -> str:
    """Return one value as a person would type it: 12, not 12.0; 2025-04-01, not a time stamp."""
    if value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text.removesuffix(" 00:00:00")


def _places(file: SourceFile, heading: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    """Return where each wanted column stands, or say all that are missing or stand twice."""
    faults = []
    for name in wanted:
        if name not in heading:
            close = difflib.get_close_matches(name, heading, n=1, cutoff=0.5)
            hint = f" (did you mean {close[0]!r}?)" if close else ""
            faults.append(f"no column {name!r}{hint}")
        elif list(heading).count(name) > 1:
            faults.append(f"column {name!r} stands {list(heading).count(name)} times")
    if faults:
        there = ", ".join(repr(name) for name in heading)
        message = f"{file.name}, row 1: {'; '.join(faults)}. It has: {there}. Correct 'x-column' in the dataset's card."
        raise DatasetError(message)
    return {name: heading.index(name) for name in wanted}


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
