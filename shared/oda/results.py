"""What crosses from a notebook to a report: typed results, as JSON, shown well in JupyterLab on the way.

A notebook calls `record("effect", result)`. The result is displayed, and travels inside the displayed output under a
type of its own; `oda run` collects it from the executed notebook, so the same notebook run by hand gives the same.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from oda.disclosure import cut
from oda.errors import ResultError
from oda.estimate import Estimate

MIME = "application/vnd.oda.result+json"
UNKNOWN = "[x]"  # the mark of a value that is not available
KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
UNSAFE = re.compile(r"(?i)<\s*(script|foreignobject|iframe)|<[^>]*\s(on\w+\s*=|\S*href\s*=\s*.(?!#|data:image))")

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
    """A column of a table: its heading, its unit, and how many decimals its numbers show (None: as they come)."""

    title: str = Field(min_length=1)
    unit: str = ""
    decimals: int | None = Field(default=None, ge=0, le=12)

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
        if self.decimals is None and not float(value).is_integer():
            return f"{value:,g}"
        return f"{round(value, self.decimals or 0) + 0.0:,.{self.decimals or 0}f}"  # adding 0 turns -0 into 0

    def cut(self, value: Cell) -> Cell:
        """Return one value with no more digits than a reader sees: the others could give away the counts behind it.

        Parameters
        ----------
        value
            A number, a text, or None for one that is not available.

        Returns
        -------
        int, float, str or None
            A number as `show` has it; all else as it is.

        Examples
        --------
        >>> TableColumn(title="Change", decimals=1).cut(-12.3456)
        -12.3
        """
        return cut(value, self.decimals)


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
        heading = f"<caption>{html.escape(self.caption)}</caption><thead><tr>{heads}</tr></thead>"
        return f"<table>{heading}<tbody>{body}</tbody></table>{note}"


class Picture(Result):
    """A chart: drawing, message, title, short alternative text, full description, and the numbers it is drawn from."""

    kind: Literal["figure"] = "figure"
    headline: str = ""
    caption: str = Field(min_length=1)
    alt: str = Field(min_length=20)
    description: str = Field(min_length=20)
    svg: str = Field(min_length=20)
    data: Table

    @model_validator(mode="after")
    def _check_drawing(self) -> Picture:
        """Refuse a drawing that could run a program or fetch a file when a report is opened."""
        drawing = re.sub(r"<!--.*?-->", "", self.svg, flags=re.DOTALL)
        if not drawing.startswith("<svg") or UNSAFE.search(drawing):
            message = "the drawing is not a plain svg element; make it with oda.picture"
            raise ValueError(message)
        return self

    def to_html(self) -> str:
        """Return the message, the title, the drawing with its alternative text and the description as HTML."""
        alt, caption, description = (html.escape(text) for text in (self.alt, self.caption, self.description))
        message = f"<p><strong>{html.escape(self.headline)}</strong></p>" if self.headline else ""
        drawing = f'<div role="img" aria-label="{alt}">{self.svg}</div>'
        return f"{message}<figure><figcaption>{caption}</figcaption>{drawing}</figure><p>{description}</p>"


AnyResult = Annotated[Fact | CannotSay | Estimated | Table | Picture, Field(discriminator="kind")]
Results = dict[str, AnyResult]
_RESULT: TypeAdapter[AnyResult] = TypeAdapter(AnyResult)


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

    _check_key(key)
    if not isinstance(result, Fact | CannotSay | Estimated | Table | Picture):
        message = (
            f"Result {key!r} is of type {type(result).__name__}, not Fact, Estimated, Table, Picture or CannotSay."
        )
        raise ResultError(message)
    payload = json.loads(json.dumps({"key": key, "result": result.model_dump(mode="json")}, allow_nan=False))
    display({MIME: payload, "text/html": result.to_html(), "text/plain": f"{key}: {result!r:.200}"}, raw=True)  # type: ignore[no-untyped-call]


def _check_key(key: object) -> str:
    """Return a result's name, or refuse it."""
    if not isinstance(key, str) or not KEY.fullmatch(key):
        message = f"{key!r} cannot name a result. Use small letters, digits and hyphens, such as 'falls-rate'."
        raise ResultError(message)
    return key


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
        When a key is not of the form above or was recorded twice, or a result cannot be read.
    """
    found: Results = {}
    for output in outputs:
        payload = output.get("data", {}).get(MIME)
        if payload is None:
            continue
        if not isinstance(payload, Mapping) or set(payload) != {"key", "result"}:
            message = "An output is marked as a result but holds none. Run the notebook again."
            raise ResultError(message)
        key = _check_key(payload["key"])
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
