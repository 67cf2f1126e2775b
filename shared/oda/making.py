"""Tables and charts made from what a notebook holds: a frame, a matplotlib figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from oda.disclosure import HIDDEN
from oda.errors import ResultError
from oda.results import Cell, Picture, Table, TableColumn
from oda.settings import in_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure as Drawing


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    columns: Mapping[str, TableColumn | str],
    note: str = "",
    hidden: Sequence[str] | Mapping[str, Sequence[bool]] = (),
) -> Table:
    """Make a table result from a frame.

    Parameters
    ----------
    frame
        One row a row.
    caption
        What the table holds, where and when.
    columns
        The frame's columns to show, in order, each with its heading or a `TableColumn`.
    note
        A line below the table.
    hidden
        Columns whose missing values were hidden as small numbers: shown as `[c]`, not as not available. Where some
        were hidden and others never known, a truth value a row for each such column.

    Returns
    -------
    Table
        The result.

    Raises
    ------
    ResultError
        When the frame lacks a column, or `hidden` names one that is not shown.
    """
    absent = [name for name in columns if name not in frame.columns] + [name for name in hidden if name not in columns]
    if absent:
        message = f"No column {', '.join(map(repr, absent))} to show. There is: {', '.join(map(repr, frame.columns))}."
        raise ResultError(message)
    heads = tuple(TableColumn(title=head) if isinstance(head, str) else head for head in columns.values())
    marked = hidden if isinstance(hidden, Mapping) else dict.fromkeys(hidden, [True] * len(frame))
    cells = [list(map(_cell, frame[name].array, marked.get(name, [False] * len(frame)))) for name in columns]
    return Table(caption=caption, columns=heads, rows=tuple(zip(*cells, strict=True)), note=note)


def picture(drawing: Drawing, *, caption: str, alt: str, description: str, data: Table, headline: str = "") -> Picture:
    """Make a chart result from a matplotlib figure.

    Parameters
    ----------
    drawing
        The figure, as `oda.charts.new_chart` made it.
    caption
        The statistical title: what is measured, of whom, where and when.
    alt
        Short alternative text: what kind of chart, of what; at least 20 characters.
    description
        What the chart shows, in words, for everyone; at least 20 characters.
    data
        The protected numbers that the chart was drawn from.
    headline
        The message in one sentence, shown above the title; none when not given.

    Returns
    -------
    Picture
        The result, its drawing as SVG.

    Raises
    ------
    ResultError
        When words are too short, with all that are.
    """
    from oda.charts import to_svg

    svg = to_svg(drawing)
    try:
        return Picture(headline=headline, caption=caption, alt=alt, description=description, svg=svg, data=data)
    except ValidationError as error:
        raise ResultError(in_words(f"Picture {caption!r}", error).replace("\n", " ")) from error


def _cell(value: Any, hidden: bool) -> Cell:  # noqa: ANN401, FBT001  a cell of any frame, and its mark
    """Return a cell as plain JSON; a missing one as None, or as the mark of a hidden one."""
    import pandas as pd  # a worker, which reads results, has no use for it

    plain = value.item() if hasattr(value, "item") else value
    if plain is None or plain is pd.NA or plain is pd.NaT or (isinstance(plain, float) and not math.isfinite(plain)):
        return HIDDEN if hidden else None
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    return plain if isinstance(plain, int | float | str) else str(plain)
