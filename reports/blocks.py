"""Typed results as markdown that both renderers take: sentences, tables, figures, each with its data beside it."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path

from oda.disclosure import HIDDEN
from oda.reports.document import attribute, escape
from oda.results import UNKNOWN, AnyResult, CannotSay, Cell, Estimated, Fact, Picture, Table

MARKS = {HIDDEN: "a value hidden because it is, or would give away, a small number", UNKNOWN: "no value available"}
_BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_FORMULA = re.compile(r"\s*[=+\-@]|\t")  # what a spreadsheet takes for a formula when a cell begins with it
_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+%?")


def sentence(result: AnyResult) -> str | None:
    """Return what a result says, as plain text.

    Parameters
    ----------
    result
        Any result.

    Returns
    -------
    str or None
        One or two sentences; None for a table or a figure, which have none.
    """
    if isinstance(result, CannotSay):
        return f"Cannot be concluded. {result.sentence} What it would take: {result.needed}"
    return result.sentence if isinstance(result, Fact | Estimated) else None


def table(key: str, result: Table, *, file: str = "", source: str = "") -> str:
    """Write a table with its caption, its id, the note below it and its data.

    Parameters
    ----------
    key
        The result's key; the table's id is `tbl-` and this.
    result
        The table.
    file
        What the file of its data is called; the table has none when not given.
    source
        A link to where the table comes from, as markdown; none when not given.

    Returns
    -------
    str
        A pipe table, numbers to the right, in a div of the class `exhibit`.
    """
    heads = [escape(column.heading) for column in result.columns]
    rules = ["---:" if _is_number(result, place) else ":---" for place in range(len(heads))]
    lines = [heads, rules, *([escape(cell) for cell in row] for row in result.shown())]
    body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    title = f": {escape(result.caption)} {{#tbl-{key}}}"
    note = " ".join(filter(None, [result.note, _explain(result, said=result.note)]))
    line = data_line("table", comma_separated(result), file, source) if file else source
    return exhibit(f"{body}\n\n{title}", escape(note), line)


def figure(key: str, result: Picture, drawing: str, *, file: str, source: str = "") -> str:
    """Write a figure with its message, title, alternative text, visible description and data.

    Parameters
    ----------
    key
        The result's key; the figure's id is `fig-` and this.
    result
        The chart.
    drawing
        Where its drawing stands, as `draw` returned it.
    file
        What the file of its data is called.
    source
        A link to where the figure comes from, as markdown; none when not given.

    Returns
    -------
    str
        The message in bold, the figure and the paragraph that describes it, in a div of the class `exhibit`.
    """
    message = f"**{escape(result.headline)}**" if result.headline else ""
    image = f"![{escape(result.caption)}]({drawing}){{#fig-{key} fig-alt={attribute(result.alt)}}}"
    about = " ".join(filter(None, [result.description, _explain(result.data, said=result.description)]))
    return exhibit(message, image, escape(about), data_line("figure", comma_separated(result.data), file, source))


def draw(key: str, result: Picture, folder: Path, project: Path) -> str:
    """Save the drawing of a figure.

    Parameters
    ----------
    key
        The result's key, which names the file.
    result
        The chart.
    folder
        Where to save it, a folder of one document alone, so that no two documents share a figure.
    project
        The staged project, which the path of the drawing is relative to.

    Returns
    -------
    str
        Its path in the project.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.svg"
    path.write_text(result.svg, encoding="utf-8", newline="\n")
    return path.relative_to(project).as_posix()


def comma_separated(result: Table) -> str:
    """Write a table's values as CSV with the digits that it shows, one heading and then the values, none a formula.

    Parameters
    ----------
    result
        The table, or the data of a chart.

    Returns
    -------
    str
        A heading with units, then one line a row; words that a spreadsheet would run as a formula begin with `'`.
    """
    cut = ([column.cut(cell) for column, cell in zip(result.columns, row, strict=True)] for row in result.rows)
    return to_csv([[column.heading for column in result.columns], *cut])


def to_csv(rows: Iterable[Iterable[Cell]]) -> str:
    r"""Write rows as CSV, none of whose words is a formula to a spreadsheet.

    Parameters
    ----------
    rows
        The headings, and then the values.

    Returns
    -------
    str
        A line a row.

    Examples
    --------
    >>> to_csv([["Year", "Note"], [2024, "=1+1"]])
    "Year,Note\n2024,'=1+1\n"
    """
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([_plain(cell) for cell in row] for row in rows)
    return stream.getvalue()


def no_formula(words: str) -> str:
    r"""Return words as a cell of CSV that no spreadsheet runs.

    Parameters
    ----------
    words
        Any text.

    Returns
    -------
    str
        In one line, with an apostrophe before what would run as a formula.

    Examples
    --------
    >>> no_formula("=1+1"), no_formula("-1.5"), no_formula("a\r=1")
    ("'=1+1", '-1.5', 'a =1')
    """
    line = _BREAKS.sub(" ", words)  # a new line begins a new cell to some spreadsheets, even between quotation marks
    return f"'{line}" if _FORMULA.match(line) and not _NUMBER.fullmatch(line) else line


def say_size(size: int) -> str:
    """Say the size of a file.

    Parameters
    ----------
    size
        In bytes.

    Returns
    -------
    str
        In thousands, or millions, of bytes.

    Examples
    --------
    >>> say_size(120), say_size(5400), say_size(2_340_000)
    ('1kb', '5kb', '2.3mb')
    """
    return f"{size / 1e6:.1f}mb" if size >= 999_500 else f"{max(1, round(size / 1000))}kb"


def exhibit(*parts: str) -> str:
    """Put what belongs to one table or figure into a div of its own.

    Parameters
    ----------
    *parts
        Markdown; what is empty is left out.

    Returns
    -------
    str
        A div of the class `exhibit`.
    """
    return "::: {.exhibit}\n\n" + "\n\n".join(filter(None, parts)) + "\n\n:::\n"


def data_line(kind: str, text: str, file: str, source: str = "") -> str:
    """Write the link that holds the data; `look/tables.lua` puts the number in, and attaches the file to a PDF.

    Parameters
    ----------
    kind
        `table` or `figure`.
    text
        The data as CSV.
    file
        What the file is called.
    source
        A link to where the data come from, as markdown; none when not given.

    Returns
    -------
    str
        Markdown in one line.
    """
    content = text.encode("utf-8-sig")
    address = f"data:text/csv;charset=utf-8;base64,{base64.b64encode(content).decode('ascii')}"
    words = escape(f"Download the data for this {kind} ({say_size(len(content))} CSV)")
    return f"[{words}]({address}){{download={attribute(file)}}} {source}".rstrip()


def _is_number(data: Table, place: int) -> bool:
    """Tell whether a column holds numbers; the first one names its rows unless it says how many decimals it has."""
    cells = [row[place] for row in data.rows if row[place] not in (None, HIDDEN)]
    return data.columns[place].decimals is not None or (
        place > 0 and bool(cells) and all(isinstance(cell, int | float) for cell in cells)
    )


def _explain(data: Table, *, said: str) -> str:
    """Explain the marks that stand in a table, but for those that its own words explain."""
    cells = {cell for row in data.shown() for cell in row}
    parts = [f"{mark} means {meaning}" for mark, meaning in MARKS.items() if mark in cells and mark not in said]
    return f"{'; '.join(parts)}." if parts else ""


def _plain(cell: Cell) -> Cell:
    """Return a value as CSV holds it: the mark of an absent one, and no word that would run as a formula."""
    if cell is None:
        return UNKNOWN
    return no_formula(cell) if isinstance(cell, str) else cell
