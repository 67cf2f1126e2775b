"""The logs that analysts keep and sort in Excel, `governance/aqa/*.csv`: assumptions, decisions and data."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence

from oda.governance.files.base import TODO, Held
from oda.pilot import LONGEST

LOGS: dict[str, tuple[str, ...]] = {
    "governance/aqa/assumptions.csv": (
        *("id", "assumption", "why", "quality", "impact"),
        *("how_checked", "made_by", "made_on"),
    ),
    "governance/aqa/decisions.csv": (
        *("id", "decision", "why", "alternatives"),
        *("decided_by", "decided_on"),
    ),
    "governance/aqa/data_log.csv": (
        *("id", "dataset", "used_for", "source", "period"),
        *("quality", "suitability", "problems", "checked_by", "checked_on"),
    ),
}

# Red, amber or green. Quality: how far it can be trusted. Impact: how far the results would move if it were wrong.
# Suitability: how well the data fit this use.
RATED = frozenset({"quality", "impact", "suitability"})
RATINGS = ("red", "amber", "green")
DATES = ("%Y-%m-%d", "%d/%m/%Y")  # as we write them, and as Excel in the United Kingdom does
RUN_BY_EXCEL = re.compile(r"[=+@-].")


def read_log(place: str, text: str, columns: Sequence[str]) -> Held:
    r"""Read a log, as an editor or Excel wrote it.

    A comma or a semicolon may stand between cells. Rows are held in order of their id, dates as 2026-01-31 and
    ratings in small letters, so that sorting the file or saving it in Excel changes no hash.

    Parameters
    ----------
    place
        The file's path inside the pilot.
    text
        Its content.
    columns
        The columns that it must have, in any order.

    Returns
    -------
    Held
        The rows by column, with their faults and what is still to do.

    Examples
    --------
    >>> read_log("log.csv", "id;quality\nA1;TODO", ("id", "quality")).todos
    ('A1.quality',)
    >>> read_log("log.csv", "id,quality\nA1,blue", ("id", "quality")).faults
    ("log.csv: A1.quality: 'blue' is no rating. Write red, amber or green.",)
    """
    try:
        table = _table(text)
    except (csv.Error, ValueError) as error:
        return _held(place, [], [f"cannot be read as CSV: {error}. Save it again as CSV UTF-8."])
    header = [name.strip().casefold() for name in table[0]] if table else []
    if sorted(header) != sorted(columns):
        return _held(place, [], [_header_fault(header, columns)])
    rows, faults = [], []
    for number, cells in enumerate(table[1:], start=1):
        if len(cells) != len(header):
            faults.append(f"row {number} has {len(cells)} cells, and {len(header)} are wanted. Put commas in quotes.")
            continue
        row = {name: _plain(name, cell) for name, cell in zip(header, cells, strict=True)}
        rows.append({name: row[name] for name in columns})
    rows.sort(key=lambda row: (len(row["id"]), row["id"]))
    return _held(place, rows, [*faults, *_faults(rows)])


def _held(place: str, rows: list[dict[str, str]], faults: list[str]) -> Held:
    """Hold what was read, each fault with the place of its file."""
    todos = tuple(f"{row['id']}.{name}" for row in rows for name, cell in row.items() if TODO.search(cell))
    sentences = tuple(f"{place}: {fault}" for fault in faults)
    return Held(place=place, raw=rows, faults=sentences, todos=todos, canon="csv-json-1")


def _table(text: str) -> list[list[str]]:
    """Return the rows that hold anything, without the empty columns that Excel adds at the end."""
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text):,} characters, and {LONGEST:,} are taken")
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(row)]
    width = max((number for row in rows for number, cell in enumerate(row, start=1) if cell.strip()), default=0)
    return [row[:width] for row in rows if any(cell.strip() for cell in row)]


def _header_fault(header: Sequence[str], columns: Sequence[str]) -> str:
    """Say which columns are absent, unknown or there twice."""
    absent = [name for name in columns if name not in header]
    other = [name or "(no name)" for name in header if name not in columns]
    twice = sorted({name for name in header if header.count(name) > 1 and name in columns})
    found = [f"no column {', '.join(absent)}"] if absent else []
    found += [f"unknown column {', '.join(other)}"] if other else []
    found += [f"column {', '.join(twice)} there twice"] if twice else []
    return f"{'; '.join(found)}. The first line must read: {','.join(columns)}"


def _plain(name: str, cell: str) -> str:
    """Return a cell in the one form that is hashed."""
    cell = cell.strip()
    if name in RATED and cell.casefold() in RATINGS:
        return cell.casefold()
    day = _date(cell) if name.endswith("_on") else None
    return day.isoformat() if day else cell.replace("\r\n", "\n")


def _date(cell: str) -> dt.date | None:
    """Return the day that a cell names, or nothing."""
    for form in DATES:
        try:
            return dt.datetime.strptime(cell, form).date()  # noqa: DTZ007  a day has no time zone
        except ValueError:
            continue
    return None


def _faults(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Yield what is wrong in the rows."""
    if not rows:
        yield "it holds no row. Enter at least one."
    ids = [row["id"] for row in rows]
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        yield f"id {twice!r} stands more than once. Give each row an id of its own."
    for row in rows:
        for name, cell in row.items():
            if fault := _cell_fault(name, cell):
                yield f"{row['id'] or 'a row without id'}.{name}: {fault}"


def _cell_fault(name: str, cell: str) -> str:
    """Say what is wrong with a cell, or nothing; what is still to do is no fault."""
    if not cell:
        return "the cell is empty. Fill it in, or write none."
    if RUN_BY_EXCEL.match(cell):
        return f"{cell!r:.60} begins with a character that Excel takes for a formula. Begin with a letter or a number."
    if TODO.search(cell):
        return ""
    if name in RATED and cell not in RATINGS:
        return f"{cell!r:.60} is no rating. Write red, amber or green."
    if name.endswith("_on") and not _date(cell):
        return f"{cell!r:.60} is no date. Write it as 2026-01-31."
    return ""
