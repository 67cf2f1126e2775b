"""The cells of two executed notebooks held against each other by what their code means; outputs are never looked at."""

from __future__ import annotations

import ast
import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from oda import meaning
from oda.comparing.changes import CodeChange, NotebookCode, Place
from oda.errors import SettingsError
from oda.records import TASKS
from oda.summary import NOT_STARTED

PAPERMILL_S = {meaning.INJECTED, "papermill-error-cell-tag"}  # tags of cells that no author wrote
AROUND = 2  # lines of a cell shown around what differs
BESIDE = ("module ", "file ", "folder ")  # what a notebook used that no setting, dataset or cell tells

Outcomes = Mapping[Place, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """A cell of a notebook: its number among all from 1, its text, and what it means; no code means nothing."""

    number: int
    is_code: bool
    source: str
    is_parameters: bool
    meaning: str

    @property
    def lines(self) -> list[str]:
        """The lines of its text."""
        return self.source.splitlines()


def read_cells(path: Path) -> tuple[Cell, ...]:
    """Read the cells of a notebook as its author wrote them, without outputs.

    Parameters
    ----------
    path
        An executed notebook.

    Returns
    -------
    tuple of Cell
        In order; the cells that papermill adds are left out and not counted.

    Raises
    ------
    OSError, ValueError, LookupError, TypeError, AttributeError
        When the file cannot be read as a notebook.
    """
    found: list[Cell] = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        tags = cell.get("metadata", {}).get("tags", [])
        if PAPERMILL_S.isdisjoint(tags):
            found.append(_cell(len(found) + 1, cell, is_parameters=meaning.PARAMETERS in tags))
    return tuple(found)


def _cell(number: int, cell: Mapping[str, Any], *, is_parameters: bool) -> Cell:
    """Return a cell with what it means: for code its syntax tree, for anything else its text."""
    source, is_code = "".join(cell["source"]), cell["cell_type"] == "code"
    means = source
    if is_code:
        tags = (meaning.PARAMETERS,) if is_parameters else ()
        try:
            tree = meaning.syntax(meaning.Cell(number=number, source=source, tags=tags), Path())
            means = f"{tags or ''}{ast.dump(tree) if tree.body else ''}"
        except SettingsError:  # it is not Python, and means what it says
            means = f"{tags or ''}{source}"
    return Cell(number=number, is_code=is_code, source=source, is_parameters=is_parameters, meaning=means)


def compare_notebooks(old: Sequence[Cell], new: Sequence[Cell]) -> tuple[tuple[CodeChange, ...], int, int]:
    """Return what differs between the cells of two notebooks.

    Parameters
    ----------
    old, new
        Their cells.

    Returns
    -------
    cells : tuple of CodeChange
        Code cells that differ in meaning, came or went.
    only_form : int
        How many code cells differ in comments or layout only.
    text : int
        How many other cells differ, came or went.
    """
    code = [[cell for cell in cells if cell.is_code] for cells in (old, new)]
    text = [[cell for cell in cells if not cell.is_code] for cells in (old, new)]
    pairs = [pair for pair in _pairs(*code) if _text(pair[0]) != _text(pair[1])]
    cells = tuple(_change(was, now) for was, now in pairs if _means(was) != _means(now))
    return cells, len(pairs) - len(cells), sum(_text(was) != _text(now) for was, now in _pairs(*text))


def _means(cell: Cell | None) -> str:
    """Return what a cell means; one that is not there means nothing, as one without code does."""
    return cell.meaning if cell else ""


def _text(cell: Cell | None) -> tuple[str, bool] | None:
    """Return a cell as it was written, and whether it is the parameters'."""
    return (cell.source, cell.is_parameters) if cell else None


def _pairs(old: Sequence[Cell], new: Sequence[Cell]) -> Iterator[tuple[Cell | None, Cell | None]]:
    """Yield the cells of two notebooks side by side, those of one meaning first found, None beside what is alone."""
    matcher = difflib.SequenceMatcher(
        None, [cell.meaning for cell in old], [cell.meaning for cell in new], autojunk=False
    )
    for what, *(start, end, first, last) in matcher.get_opcodes():
        if what == "equal":
            yield from zip(old[start:end], new[first:last], strict=True)
        else:
            yield from _likely(old[start:end], new[first:last])


def _likely(old: Sequence[Cell], new: Sequence[Cell]) -> Iterator[tuple[Cell | None, Cell | None]]:
    """Yield cells that differ beside those that they most likely became, in order."""
    if len(old) == len(new):
        yield from zip(old, new, strict=True)
        return
    shared = {
        (here, there): len(set(was.lines) & set(now.lines) - {""}) / max(len(was.lines), len(now.lines), 1)
        for here, was in enumerate(old)
        for there, now in enumerate(new)
    }
    best = max(shared, key=lambda pair: shared[pair], default=None)
    if best is None or not shared[best]:
        yield from ((was, None) for was in old)
        yield from ((None, now) for now in new)
        return
    here, there = best
    yield from _likely(old[:here], new[:there])
    yield old[here], new[there]
    yield from _likely(old[here + 1 :], new[there + 1 :])


def _change(old: Cell | None, new: Cell | None) -> CodeChange:
    """Return a cell's change with its lines as a unified diff, without the names of files."""
    before, after = (one.lines if one else [] for one in (old, new))
    if old and new and old.is_parameters != new.is_parameters:  # after which papermill sets the parameters
        before, after = ([f"# tagged parameters: {one.is_parameters}", *one.lines] for one in (old, new))
    lines = [*difflib.unified_diff(before, after, n=AROUND, lineterm="")][2:]
    return CodeChange(old=old.number if old else None, new=new.number if new else None, lines=tuple(lines))


def compare_code(old: Path, was: Outcomes, new: Path, now: Outcomes) -> tuple[NotebookCode, ...]:
    """Return what differs in the cells of the notebooks that both runs ran.

    All tasks of a notebook run the same code within a run, so one of them is read; one that was executed if any was.

    Parameters
    ----------
    old, was
        The folder of the old run, and what its record says of each task, by notebook and place.
    new, now
        The same of the new run.

    Returns
    -------
    tuple of NotebookCode
        Of notebooks in which anything differs, or that could not be read.
    """
    tasks: dict[str, list[Place]] = {}
    for place in sorted((place for place in now if place in was), key=lambda place: bool(now[place].get("reused"))):
        tasks.setdefault(place[0], []).append(place)
    found = []
    for notebook in dict.fromkeys(place[0] for place in now if place in was):
        pairs = [((old, was[place]["task"]), (new, now[place]["task"])) for place in tasks[notebook]]
        one = _of_notebook(notebook, pairs)
        side = was if one.unread == "old" else now
        never = all(str(side[place].get("error", "")).startswith(NOT_STARTED) for place in tasks[notebook])
        found.append(replace(one, never=bool(one.unread) and never))
    return tuple(one for one in found if one.cells or one.only_form or one.text or one.beside or one.unread)


def _of_notebook(notebook: str, tasks: Sequence[tuple[tuple[Path, str], tuple[Path, str]]]) -> NotebookCode:
    """Compare the first pair of executed notebooks that can be read; half-run ones have all their cells."""
    unread = ""
    for old, new in tasks:
        cells = [_read(folder / "notebooks" / f"{Path(task).name}.ipynb") for folder, task in (old, new)]
        if cells[0] is None or cells[1] is None:
            unread = "old" if cells[0] is None else "new"
            continue
        changed, only_form, text = compare_notebooks(cells[0], cells[1])
        beside = _beside(_used(*old), _used(*new))
        return NotebookCode(
            notebook=notebook, tasks=len(tasks), cells=changed, only_form=only_form, text=text, beside=beside
        )
    return NotebookCode(notebook=notebook, tasks=len(tasks), unread=unread)


def _read(path: Path) -> tuple[Cell, ...] | None:
    """Return the cells of a notebook; None when it cannot be read."""
    try:
        return read_cells(path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _used(folder: Path, task: str) -> dict[str, str]:
    """Return what a task used, by name, as its own record tells; nothing where there is none."""
    try:
        uses = json.loads((folder / TASKS / f"{Path(task).name}.json").read_text(encoding="utf-8"))["uses"]
        return {name: str(value) for name, value in uses.items() if name.startswith(BESIDE)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


def _beside(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Return the modules, files and folders that differ; nothing where a record does not tell."""
    names = [*old, *(name for name in new if name not in old)] if old and new else []
    return tuple(name for name in names if old.get(name) != new.get(name))
