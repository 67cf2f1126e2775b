"""What crosses from a notebook to a report: typed results, as JSON, shown well in JupyterLab on the way.

A notebook calls `record("effect", result)`. The result is displayed, and travels inside the displayed output under a
type of
its own; `oda run` collects it from the executed notebook, so the same notebook run by hand gives the same results.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from oda.disclosure import HIDDEN
from oda.errors import ResultError
from oda.evaluate.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

MIME = "application/vnd.oda.result+json"
UNKNOWN = "[x]"  # the mark of a value that is not available

Cell = str | int | float | None


class Result(BaseModel):
    """Base of every result: frozen, no unknown field, no number that JSON cannot write."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Fact(Result):
    """A number or a word with its unit, and a sentence that says it."""

    kind: Literal["fact"] = "fact"
    sentence: str = Field(min_length=1)
    value: Cell = None
    unit: str = ""

    def to_html(self) -> str:
        """Return the sentence as HTML."""
        return f"<p>{html.escape(self.sentence)}</p>"


class CannotSay(Result):
    """An answer that the data cannot give, with the reason and what it would take."""

    kind: Literal["cannot-say"] = "cannot-say"
    sentence: str = Field(min_length=1)
    needed: str = Field(min_length=1)

    def to_html(self) -> str:
        """Return the reason as HTML."""
        sentence, needed = html.escape(self.sentence), html.escape(self.needed)
        return f"<p><strong>Cannot be concluded.</strong> {sentence} What it would take: {needed}</p>"


class Estimated(Result):
    """An estimate with its interval, method and n, and a sentence that says it."""

    kind: Literal["estimate"] = "estimate"
    sentence: str = Field(min_length=1)
    estimate: Estimate

    def to_html(self) -> str:
        """Return the sentence and the method as HTML."""
        return f"<p>{html.escape(self.sentence)}</p><p><small>{html.escape(self.estimate.method)}</small></p>"


class TableColumn(Result):
    """A column of a table: its heading, its unit and, for numbers, how many decimals are shown."""

    title: str = Field(min_length=1)
    unit: str = ""
    decimals: int | None = None

    @property
    def heading(self) -> str:
        """The heading with its unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def show(self, value: Cell) -> str:
        """Return one value as a reader sees it.

        Parameters
        ----------
        value
            A number, a text, or None for one that is not available.

        Returns
        -------
        str
            Thousands with commas, decimals as the column says.
        """
        if value is None:
            return UNKNOWN
        if isinstance(value, str):
            return value
        return f"{value:,.{self.decimals or 0}f}"


class Table(Result):
    """A table as shown: protected values, headings with units."""

    kind: Literal["table"] = "table"
    caption: str = Field(min_length=1)
    columns: tuple[TableColumn, ...] = Field(min_length=1)
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    @model_validator(mode="after")
    def _check_shape(self) -> Table:
        """Refuse rows of another length than the heading."""
        uneven = [number for number, row in enumerate(self.rows, 1) if len(row) != len(self.columns)]
        if uneven:
            message = f"rows {uneven} differ in length from the {len(self.columns)} columns"
            raise ValueError(message)
        return self

    def shown(self) -> list[list[str]]:
        """Return every cell as a reader sees it, heading not included."""
        return [[column.show(cell) for column, cell in zip(self.columns, row, strict=True)] for row in self.rows]

    def to_html(self) -> str:
        """Return the table as HTML with a caption and scoped headings."""
        heads = "".join(f'<th scope="col">{html.escape(column.heading)}</th>' for column in self.columns)
        body = ""
        for first, *others in self.shown():
            cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in others)
            body += f'<tr><th scope="row">{html.escape(first)}</th>{cells}</tr>'
        note = f"<p>{html.escape(self.note)}</p>" if self.note else ""
        caption = html.escape(self.caption)
        return f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{note}"


class Picture(Result):
    """A chart: drawing, headline, short alternative text, full description, and the numbers it is drawn from."""

    kind: Literal["figure"] = "figure"
    caption: str = Field(min_length=1)
    alt: str = Field(min_length=20)
    description: str = Field(min_length=20)
    svg: str = Field(min_length=20)
    data: Table

    def to_html(self) -> str:
        """Return the drawing with its caption and description as HTML."""
        caption, description = html.escape(self.caption), html.escape(self.description)
        return f"<figure>{self.svg}<figcaption>{caption}</figcaption></figure><p>{description}</p>"


AnyResult = Annotated[Fact | CannotSay | Estimated | Table | Picture, Field(discriminator="kind")]
Results = dict[str, AnyResult]
_RESULT: TypeAdapter[AnyResult] = TypeAdapter(AnyResult)


def table(
    frame: pd.DataFrame,
    *,
    caption: str,
    columns: Mapping[str, TableColumn | str],
    note: str = "",
    hidden: Sequence[str] = (),
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
        Columns whose missing values were hidden as small numbers: shown as `[c]`, not as not available.

    Returns
    -------
    Table
        The result.
    """
    heads = tuple(TableColumn(title=head) if isinstance(head, str) else head for head in columns.values())
    rows = tuple(
        tuple(
            HIDDEN if name in hidden and pd.isna(value) else _plain(value)
            for name, value in zip(columns, row, strict=True)
        )
        for row in frame[list(columns)].itertuples(index=False, name=None)
    )
    return Table(caption=caption, columns=heads, rows=rows, note=note)


def picture(drawing: Drawing, *, caption: str, alt: str, description: str, data: Table) -> Picture:
    """Make a chart result from a matplotlib figure.

    Parameters
    ----------
    drawing
        The figure, as `oda.charts.new_chart` made it.
    caption
        The headline: what the chart shows, where and when.
    alt
        Short alternative text: what kind of chart, of what; at least 20 characters.
    description
        What the chart shows, in words, for everyone; at least 20 characters.
    data
        The protected numbers that the chart was drawn from.

    Returns
    -------
    Picture
        The result, its drawing as SVG.
    """
    from oda.charts import to_svg

    return Picture(caption=caption, alt=alt, description=description, svg=to_svg(drawing), data=data)


def _plain(value: Any) -> Cell:  # noqa: ANN401  a cell of any frame
    """Return a cell as plain JSON; a missing number as None."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    item = getattr(value, "item", None)
    plain = item() if callable(item) else value
    return plain if isinstance(plain, int | float | str) else str(plain)


def record(key: str, result: Fact | CannotSay | Estimated | Table | Picture) -> None:
    """Hand a result over to the reports, and show it.

    Parameters
    ----------
    key
        Its name, such as `effect`: small letters, digits and hyphens; once in a notebook.
    result
        The result.

    Raises
    ------
    ResultError
        When the key or the result is not of the form above.
    """
    from IPython.display import display

    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", key):
        message = f"{key!r} cannot name a result. Use small letters, digits and hyphens, such as 'falls-rate'."
        raise ResultError(message)
    if not isinstance(result, Result):
        message = (
            f"Result {key!r} is of type {type(result).__name__}. Make it with Fact, Estimated, table, picture "
            "or CannotSay."
        )
        raise ResultError(message)
    payload = json.loads(json.dumps({"key": key, "result": result.model_dump(mode="json")}, allow_nan=False))
    display({MIME: payload, "text/html": result.to_html(), "text/plain": f"{key}: {result!r:.200}"}, raw=True)  # type: ignore[no-untyped-call]


def collect(outputs: Iterable[Mapping[str, Any]]) -> Results:
    """Collect the results recorded in a notebook's outputs.

    Parameters
    ----------
    outputs
        Outputs of the executed notebook's cells, in order.

    Returns
    -------
    dict
        Results by key.

    Raises
    ------
    ResultError
        When a key was recorded twice, or a result cannot be read.
    """
    found: Results = {}
    for output in outputs:
        payload = output.get("data", {}).get(MIME)
        if payload is None:
            continue
        key = payload["key"]
        if key in found:
            message = f"Result {key!r} is recorded twice in one notebook. Give each its own name."
            raise ResultError(message)
        found[key] = read_result(key, payload["result"])
    return found


def read_result(key: str, content: object) -> AnyResult:
    """Read one result from its JSON form.

    Parameters
    ----------
    key
        Its name, for the message.
    content
        What JSON gave.

    Returns
    -------
    Fact, CannotSay, Estimated, Table or Picture
        The result.

    Raises
    ------
    ResultError
        When the content is not a result.
    """
    try:
        return _RESULT.validate_python(content)
    except ValidationError as error:
        message = f"Result {key!r} cannot be read: {error.error_count()} faults, the first: {error.errors()[0]['msg']}."
        raise ResultError(message) from error
