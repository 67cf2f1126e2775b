"""Typed results as markdown that both renderers take: sentences, tables, figures."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from oda.reports.document import attribute, escape
from oda.results import AnyResult, CannotSay, Estimated, Fact, Picture, Table


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


def table(key: str, result: Table) -> str:
    """Write a table with its caption, its id and the note below it.

    Parameters
    ----------
    key
        The result's key; the table's id is `tbl-` and this.
    result
        The table.

    Returns
    -------
    str
        A pipe table; numbers to the right.
    """
    heads = [escape(column.heading) for column in result.columns]
    rules = ["---:" if column.decimals is not None else ":---" for column in result.columns]
    lines = [heads, rules, *([escape(cell) for cell in row] for row in result.shown())]
    body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    note = f"\n\n{escape(result.note)}" if result.note else ""
    return f"{body}\n\n: {escape(result.caption)} {{#tbl-{key}}}{note}\n"


def figure(key: str, result: Picture, folder: Path, project: Path) -> str:
    """Write a figure with its caption, alternative text and visible description; save its drawing.

    Parameters
    ----------
    key
        The result's key; the figure's id is `fig-` and this.
    result
        The chart.
    folder
        Where to save the drawing, a folder of this document alone, so that no two documents share a figure.
    project
        The staged project, which the path of the drawing is relative to.

    Returns
    -------
    str
        The figure and the paragraph that describes it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.svg"
    path.write_text(result.svg, encoding="utf-8", newline="\n")
    place = path.relative_to(project).as_posix()
    image = f"![{escape(result.caption)}]({place}){{#fig-{key} fig-alt={attribute(result.alt)}}}"
    return f"{image}\n\n{escape(result.description)}\n"


def comma_separated(result: Table) -> str:
    """Write a table's exact, protected values as CSV.

    Parameters
    ----------
    result
        The table, or the data of a chart.

    Returns
    -------
    str
        A heading with units, then one line a row.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.heading for column in result.columns])
    writer.writerows([["[x]" if cell is None else cell for cell in row] for row in result.rows])
    return stream.getvalue()
