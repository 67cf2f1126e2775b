"""The types of a comparison of two runs; all plain values, so that it can be printed as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Place = tuple[str, str | None]  # a notebook's name, and the district or other value that it ran for


def place_of(outcome: Mapping[str, Any]) -> Place:
    """Return the notebook of an outcome, and the district or other value that it ran for.

    Parameters
    ----------
    outcome
        As a record of any age holds it.

    Returns
    -------
    tuple
        Name and place; None for a notebook that runs once.
    """
    place = outcome.get("item") if outcome.get("district") is None else outcome["district"]
    return outcome["notebook"], None if place is None else str(place)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that differs: what it is, as it was, as it is, and of how many notebooks it is said.

    `old` or `new` is None for what is not there in that run; both are None where only that it differs is said.
    """

    what: str
    old: str | None = None
    new: str | None = None
    notebooks: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class CellChange:
    """A cell of a table that differs, as a reader sees it, and by how much; no column: a whole row; no row: a column.

    `change` is None where one of the two is no number.
    """

    row: str
    column: str
    old: str | None
    new: str | None
    change: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultChange:
    """A result that differs.

    Attributes
    ----------
    notebook, place, place_name, key
        Whose it is; the place is a district's code (or another value that the notebook ran for), None for a notebook
        that runs once.
    how
        `added`, `removed` or `changed`.
    kind
        Of the result; where the kinds of old and new differ, the one that is read first, so that no estimate goes
        unseen.
    old, new
        What is shown of it, by name: all of an estimate or a fact; the words, not the cells, of a table or a picture.
    change
        New value less old, where both are numbers of one unit.
    cells
        Cells that differ, of a table or of the numbers that a picture is drawn from.
    only
        What differs when nothing that is listed does: `drawing`, or `layout` (the order of a table, or its decimals).
    """

    notebook: str
    place: str | None
    place_name: str
    key: str
    how: Literal["added", "removed", "changed"]
    kind: str
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    change: float | None = None
    cells: tuple[CellChange, ...] = ()
    only: Literal["", "drawing", "layout"] = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskChange:
    """A notebook whose state differs, so that its results cannot be compared."""

    notebook: str
    place: str | None
    place_name: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeChange:
    """A code cell that differs in meaning: its number among all cells in each run, and a unified diff of its lines.

    A number is None where that run lacks the cell.
    """

    old: int | None
    new: int | None
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NotebookCode:
    """What differs in a notebook's own cells.

    Attributes
    ----------
    notebook
        Its name.
    tasks
        How many times it ran with this difference.
    cells
        Code cells that differ in meaning.
    only_form
        How many code cells differ in comments or layout only.
    text
        How many other cells differ: Markdown and raw.
    beside
        Modules, files and folders that it used and that differ.
    unread
        In which run the notebook could not be read, `old` or `new`; empty when both could.
    never
        Whether that is since it never started in that run.
    """

    notebook: str
    tasks: int
    cells: tuple[CodeChange, ...] = ()
    only_form: int = 0
    text: int = 0
    beside: tuple[str, ...] = ()
    unread: str = ""
    never: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RunChanges:
    """All that differs between two runs.

    Attributes
    ----------
    old, new
        Id, status and finished of each.
    notebooks
        How many notebooks, each counted once for each district it ran for, are in either run.
    differing
        How many of these differ in results.
    unfinished
        How many finished in neither run, so that there is nothing to compare.
    results, tasks
        The results that differ, estimates first; notebooks of which only one run has results.
    causes
        What differs behind the results: settings, data, versions, parameters.
    code
        What differs in the notebooks' cells; None when they were not looked at.
    """

    old: dict[str, str]
    new: dict[str, str]
    notebooks: int
    differing: int
    unfinished: int
    results: tuple[ResultChange, ...]
    tasks: tuple[TaskChange, ...]
    causes: tuple[Difference, ...]
    code: tuple[NotebookCode, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)
