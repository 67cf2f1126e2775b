"""Small counts in what is to be published: columns of tables, and numbers in the words of pages.

It takes texts and returns what it found. A whole number with no unit of measure is taken for a count of people until
the release says that it is none: what is not known to be harmless is named.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

from oda.disclosure import cut
from oda.pilot import Disclosure

HIDDEN = "[c]"  # as oda.disclosure.HIDDEN, which would bring pandas with it
UNKNOWN = "[x]"
MEASURES = re.compile(r"%|£|\bper\b|\bindex\b|= ?100\b|\bratio\b|\bstandard deviations?\b|\bkB\b|\bdays?\b|\byears?\b")
PEOPLE = frozenset(
    {"admission", "attendance", "call", "case", "child", "children", "client", "death", "fall", "household", "incident"}
    | {"man", "men", "patient", "people", "person", "referral", "resident", "victim", "visit", "woman", "women"}
)
_UNSEEN = re.compile(r"<(style|script|svg)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.IGNORECASE)
_TABLE = re.compile(r"<table\b.*?</table\s*>", re.DOTALL | re.IGNORECASE)
_ROW = re.compile(r"<tr\b.*?</tr\s*>", re.DOTALL | re.IGNORECASE)
_CELL = re.compile(r"<t[hd]\b[^>]*>(.*?)</t[hd]\s*>", re.DOTALL | re.IGNORECASE)
_WHEN = re.compile(r"\b(year|period|when|date)s?\b", re.IGNORECASE)
_SAID = re.compile(r"\b(?:alt|aria-label|title)=(\"[^\"]*\"|'[^']*')")
_PHRASE = re.compile(r"(?<![\w.,/-])(?<!\d in )(\d{1,4}) ((?:[a-z][a-z-]+ )?)([a-z]+)\b")

Number = int | float
Grid = Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table that a notebook handed over, as its results have it.

    Attributes
    ----------
    key
        The name it was recorded by.
    units
        The unit of each column.
    cells
        Rows of texts, numbers and nothing.
    text
        Heading and rows as a CSV file holds them.
    """

    key: str
    units: tuple[str, ...]
    cells: tuple[tuple[Any, ...], ...]
    text: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """A number that the small-number rule does not let through.

    Attributes
    ----------
    file
        The file that holds it.
    where, what
        The table and the column, or `pages` and the words: what a release names to say that it counts no people.
    row
        The row below the heading, from 1; None in words.
    value
        The number.
    """

    file: str
    where: str
    what: str
    row: int | None
    value: Number

    def __str__(self) -> str:
        """Say where the number stands."""
        if self.row is None:
            return f"{self.file} says {self.what!r}"
        return f"{self.file}: column {self.what!r}, row {self.row}, holds {self.value}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What was found in one file.

    Attributes
    ----------
    breaches
        Numbers that the rule does not let through.
    shown, hidden
        How many counts are shown, true zeros left out, and how many cells are hidden.
    """

    breaches: tuple[Breach, ...] = ()
    shown: int = 0
    hidden: int = 0


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return every table of a run's results, those behind charts included.

    Parameters
    ----------
    results
        The content of `results.json`.

    Returns
    -------
    list of Table
        In the order of the results.
    """
    groups = [results["once"], *results["by_district"].values()]
    items = [pair for group in groups for found in group.values() for pair in found.items()]
    bodies = [(key, item.get("data", item)) for key, item in items if item["kind"] in {"table", "figure"}]
    return [_table(key, body) for key, body in bodies]


def _table(key: str, body: Mapping[str, Any]) -> Table:
    """Return one table with the text that its CSV file has."""
    columns, rows = body["columns"], body["rows"]
    heads = tuple(f"{one['title']} ({one['unit']})" if one["unit"] else one["title"] for one in columns)
    digits = [one.get("decimals") for one in columns]
    shown = ([cut(cell, most) for cell, most in zip(row, digits, strict=True)] for row in rows)
    lines = (tuple(UNKNOWN if cell is None else str(cell) for cell in row) for row in shown)
    return Table(
        key=key,
        units=tuple(one["unit"] for one in columns),
        cells=tuple(tuple(row) for row in rows),
        text=(heads, *lines),
    )


def read_grid(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the lines of a CSV file, heading first.

    Parameters
    ----------
    text
        The file's content.

    Returns
    -------
    tuple of tuple of str
        One a line.
    """
    return tuple(tuple(row) for row in csv.reader(io.StringIO(text)))


def handed_over(file: str, grid: Grid, known: Iterable[Table]) -> Table | None:
    """Return the table of the run's results that a CSV file is.

    Parameters
    ----------
    file
        The file's name, which ends in the table's key.
    grid
        Its lines.
    known
        The tables of the results.

    Returns
    -------
    Table or None
        The table; None when no notebook handed over these very figures.
    """
    stem = file.rpartition("/")[2].rpartition(".")[0]
    return next((one for one in known if stem.endswith(f"-{one.key}") and one.text == tuple(grid)), None)


def count_table(file: str, grid: Grid, table: Table | None, rule: Disclosure) -> Counted:
    """Look at every count of one CSV file.

    A column is taken for counts when it has no unit of measure, holds whole numbers and none below zero. So is one of
    texts that all read as numbers; years are none.

    Parameters
    ----------
    file
        The file's name.
    grid
        Its lines, heading first.
    table
        The table of the results that it is; None when it is none, and then every text that reads as a number is one.
    rule
        The small-number rule.

    Returns
    -------
    Counted
        What was found.

    Examples
    --------
    >>> rule = Disclosure(hide_below=8, round_to=5)
    >>> found = count_table("a.csv", [["Area", "Falls"], ["X", "3"], ["Y", "[c]"]], None, rule)
    >>> [str(breach) for breach in found.breaches], found.hidden
    (["a.csv: column 'Falls', row 1, holds 3"], 1)
    """
    heads, *lines = grid or [[]]
    cells = table.cells if table else [[_number(cell) for cell in line] for line in lines]
    breaches, shown = [], 0
    for place, head in enumerate(heads):
        unit = table.units[place] if table else _unit(head)
        column = [(row, line[place]) for row, line in enumerate(cells, 1) if place < len(line)]
        counts = [] if MEASURES.search(unit) else _counts(head, column)
        wrong = [(row, value) for row, value in counts if not _passes(value, rule)]
        where = table.key if table else file
        breaches += [Breach(file=file, where=where, what=head, row=row, value=value) for row, value in wrong]
        shown += sum(value > 0 for _, value in counts) - len(wrong)
    hidden = sum(cell == HIDDEN for line in lines for cell in line)
    return Counted(breaches=tuple(breaches), shown=shown, hidden=hidden)


def _unit(head: str) -> str:
    """Return the unit that a heading ends in."""
    return head.rpartition(" (")[2] if head.endswith(")") else ""


def _number(cell: str) -> Number | str:
    """Return the number that a cell reads as, or the cell."""
    text = cell.strip().replace(",", "")
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    return float(text) if re.fullmatch(r"-?\d*\.\d+(e[+-]?\d+)?", text) else cell


def _counts(head: str, column: Sequence[tuple[int, Any]]) -> list[tuple[int, Number]]:
    """Return the numbers of a column that may be counts, with their rows."""
    known = [(row, cell) for row, cell in column if cell not in {None, "", HIDDEN, UNKNOWN}]
    read = [(row, _number(cell) if isinstance(cell, str) else cell) for row, cell in known]
    texts = any(isinstance(cell, str) for _, cell in read)
    numbers = [(row, cell) for row, cell in (known if texts else read) if isinstance(cell, int | float)]
    if any(value < 0 for _, value in numbers) or _are_years(head, [value for _, value in numbers]):
        return []
    if all(float(value).is_integer() for _, value in numbers):
        return [(row, int(value)) for row, value in numbers]
    return [(row, value) for row, value in numbers if isinstance(value, int)]


def _are_years(head: str, values: Sequence[Number]) -> bool:
    """Tell whether the numbers of a column are calendar years."""
    return _WHEN.search(head) is not None and all(1900 <= value <= 2100 for value in values)


def _passes(count: Number, rule: Disclosure) -> bool:
    """Tell whether a count may be shown."""
    return count == 0 or (count >= rule.hide_below and count % rule.round_to == 0)


def count_page(
    file: str, text: str, rule: Disclosure, *, known: Iterable[Table] = (), units: Iterable[str] = ()
) -> Counted:
    """Look for small counts in the words of a page, its descriptions of charts included, and in tables typed into it.

    Parameters
    ----------
    file
        The page's name.
    text
        Its HTML.
    rule
        The small-number rule.
    known
        The tables of the results; one with the headings of these is looked at in its CSV file.
    units
        What the data files count, such as `admissions`.

    Returns
    -------
    Counted
        One breach for each phrase, and for each cell.

    Examples
    --------
    >>> found = count_page("a.html", "<p>Only <b>3</b> admissions.</p>", Disclosure(hide_below=8, round_to=5))
    >>> [str(breach) for breach in found.breaches]
    ["a.html says '3 admissions'"]
    """
    said = " | ".join([_UNSEEN.sub(" ", text), *(found[1] for found in _SAID.finditer(text))])
    phrases = dict(_phrases(_words(said).lower(), rule, PEOPLE | {_one(unit.lower()) for unit in units}))
    breaches = [
        Breach(file=file, where="pages", what=phrase, row=None, value=value) for phrase, value in phrases.items()
    ]
    elsewhere = {table.text[0] for table in known}
    for grid in map(_typed_in, _TABLE.findall(text)):
        if grid and grid[0] not in elsewhere:
            body = Table(key="pages", units=tuple(map(_unit, grid[0])), cells=grid[1:], text=grid)
            breaches += count_table(file, grid, body, rule).breaches
    return Counted(breaches=tuple(breaches))


def _words(html: str) -> str:
    """Return HTML as a reader sees it: no marks, one space between words."""
    return " ".join(unescape(_UNSEEN.sub(" ", html)).split())


def _typed_in(table: str) -> tuple[tuple[str, ...], ...]:
    """Return the cells of a table of a page as texts, heading first."""
    rows = (tuple(_words(cell) for cell in _CELL.findall(row)) for row in _ROW.findall(table))
    return tuple(row for row in rows if row)


def _phrases(words: str, rule: Disclosure, nouns: frozenset[str]) -> Iterator[tuple[str, int]]:
    """Yield each small number that stands before a noun, or before one word and a noun."""
    for found in _PHRASE.finditer(words):
        value, between, noun = int(found[1]), found[2], found[3]
        if not 0 < value < rule.hide_below:
            continue
        if _one(noun) in nouns:
            yield found[0], value
        elif _one(between.strip()) in nouns:
            yield f"{value} {between.strip()}", value


def _one(noun: str) -> str:
    """Return a noun without its plural s."""
    return noun if noun in PEOPLE else noun.removesuffix("s")
