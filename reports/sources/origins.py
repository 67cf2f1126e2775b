"""What made each result of a run: the notebook, its cell, and the data that it read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from oda.datasets import CARDS
from oda.records import NOTEBOOKS
from oda.reports.sources.provenance import fingerprint
from oda.runs import Outcome, Run

if TYPE_CHECKING:
    from oda.reports.context import Context

UNKNOWN = "not recorded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """What made a result.

    Attributes
    ----------
    notebook, executed
        The notebook, from the pilot's folder, and as it was executed, from the run's folder; empty when not known.
    cell, cell_id
        The cell that recorded the result, counted from 1 in the notebook as an analyst sees it; None when not known.
    datasets, files
        Names of the datasets that were read, and files without a card; those of earlier notebooks that were used too.
    known
        Whether the run noted what was read.
    """

    notebook: str = ""
    executed: str = ""
    cell: int | None = None
    cell_id: str = ""
    datasets: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    known: bool = False

    @property
    def place(self) -> str:
        """The notebook and the cell in words, such as `30-effect.ipynb (cell 5)`."""
        if not self.notebook:
            return UNKNOWN
        name, executed = PurePosixPath(self.notebook).name, PurePosixPath(self.executed).name
        cell = f"cell {self.cell}" if self.cell else f"cell {UNKNOWN}"
        return f"{name} ({cell}{f', executed as {executed}' if executed != name else ''})"


def origins_of(context: Context) -> dict[str, Origin]:
    """Return what made each result that a document may show.

    Parameters
    ----------
    context
        Its run, district and pilot.

    Returns
    -------
    dict
        By key; what no task of the run accounts for has an empty origin.
    """
    code = context.district.code if context.district else None
    outcomes = [one for one in context.run.outcomes if one.done]
    own = context.run.by_district.get(code, {}) if code else {}
    by_name = {(one.district, one.notebook if one.item is None else one.task): one for one in outcomes}
    found = {
        key: _origin(context, by_name.get((about, name)), key, outcomes)
        for about, group in ((None, context.run.once), (code, own))
        for name, results in group.items()
        for key in results
    }
    return dict.fromkeys(context.results, Origin()) | found


def _origin(context: Context, outcome: Outcome | None, key: str, outcomes: Iterable[Outcome]) -> Origin:
    """Return what made one result."""
    if outcome is None:
        return Origin()
    planned = [PurePosixPath(one["notebook"]) for one in context.run.record["settings"]["run"]]
    notebook = next((path for path in planned if path.stem == outcome.notebook), PurePosixPath(outcome.notebook))
    recorded = outcome.recorded.get(key, {})
    read = _read(outcome, list(outcomes))
    return Origin(
        notebook=notebook.as_posix(),
        executed=f"{NOTEBOOKS}/{outcome.task}.ipynb",
        cell=_cell(context.pilot.folder / notebook, recorded),
        cell_id=recorded.get("id", ""),
        datasets=tuple(sorted(name for kind, name in read if kind == "dataset")),
        files=tuple(sorted(name for kind, name in read if kind != "dataset")),
        known=bool(outcome.recorded),
    )


def _cell(notebook: Path, recorded: Mapping[str, Any]) -> int | None:
    """Return the number of a cell in the notebook as it is now: text put in above it since has moved it."""
    if not recorded:
        return None
    try:
        mark = notebook.stat()
        now = _cells(notebook, mark.st_mtime_ns, mark.st_size).get(recorded["id"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        now = None
    return int(recorded["cell"] if now is None else now) + 1


@cache
def _cells(notebook: Path, _changed: int, _size: int) -> dict[str, int]:
    """Return the place of each cell of a notebook by the cell's own name, read once as long as it is unchanged."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: place for place, cell in enumerate(cells) if cell.get("id")}


def _read(outcome: Outcome, outcomes: list[Outcome]) -> set[tuple[str, str]]:
    """Return the kind and name of all that a notebook read, and that those read whose products it used."""
    found: set[tuple[str, str]] = set()
    done: set[str] = set()
    left = [outcome]
    while left:
        one = left.pop()
        done.add(one.task)
        for kind, _, name in (entry.partition(" ") for entry in one.read):
            before = [other for other in outcomes if _gave(other, kind, name)]
            left += [other for other in before if other.task not in done]
            if kind in {"dataset", "file", "folder"} and not before:
                found.add((kind, name))
    return found


def _gave(other: Outcome, kind: str, name: str) -> bool:
    """Tell whether another notebook made what one read."""
    return (kind == "after" and other.notebook == name) or (kind == "file" and f"made {name}" in other.read)


def datasets_of(run: Run) -> dict[str, dict[str, Any]]:
    """Return the datasets of a run, each file with the hash that may be shown.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    dict
        `card`, `title`, `class` and `files` by name of the dataset.
    """
    found = {}
    for dataset in run.record["datasets"]:
        card = dataset["card"]
        files = [{"name": file["name"], "hash": fingerprint(file, card)} for file in dataset["files"]]
        found[card["name"]] = {
            "card": f"{CARDS}/{card['name']}.yml",
            "title": card["title"],
            "class": card["x-ig"]["class"],
            "files": files,
        }
    return found
