"""Two runs held against each other: their results, and what differs behind these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from oda.comparing.causes import find_causes
from oda.comparing.changes import Place, ResultChange, RunChanges, TaskChange, place_of
from oda.comparing.code import compare_code
from oda.comparing.results import ORDER, compare_cells, paired, shown, size
from oda.results import AnyResult, Picture, Results
from oda.runs import Run
from oda.summary import ending

DONE, ABSENT = "done", "not in that run"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tasks:
    """What is known of a run's tasks by notebook and place: what became of each, and its results."""

    outcomes: dict[Place, dict[str, Any]]
    results: dict[Place, Results]

    @classmethod
    def of(cls, run: Run) -> _Tasks:
        """Look a run's tasks up, in a record of any age."""
        outcomes = {place_of(outcome): outcome for outcome in run.record.get("outcomes", [])}
        tasks = {outcome["task"]: place for place, outcome in outcomes.items()}  # of a list, results go by task
        results = {tasks.get(name, (name, None)): found for name, found in run.once.items()}
        for place, notebooks in run.by_district.items():
            results |= {(notebook, place): found for notebook, found in notebooks.items()}
        return cls(outcomes=outcomes, results=results)

    def state(self, place: Place) -> str:
        """Say what became of a task; never with its error's text, which may hold data."""
        outcome = self.outcomes.get(place)
        if outcome is None:
            return DONE if place in self.results else ABSENT
        if (how := ending(str(outcome.get("error") or ""))) != "failed":
            return how
        cell = outcome.get("cell")
        return "failed" if cell is None else f"failed in cell {cell + 1}"


def compare_runs(old: Run, new: Run) -> RunChanges:
    """Return what differs between two runs in results, and what differs behind these; code is not looked at.

    Numbers are equal when they are equal to the bit.

    Parameters
    ----------
    old, new
        The runs; failed tasks, and tasks of one run only, are named.

    Returns
    -------
    RunChanges
        Estimates first, then facts, conclusions that cannot be drawn, tables and pictures.
    """
    was, now = _Tasks.of(old), _Tasks.of(new)
    names = _names(old) | _names(new)
    places = list({**was.outcomes, **was.results, **now.outcomes, **now.results})
    states = {place: (was.state(place), now.state(place)) for place in places}
    tasks = tuple(
        TaskChange(notebook=place[0], place=place[1], place_name=names.get(place[1] or "", ""), old=before, new=after)
        for place, (before, after) in states.items()
        if (before == DONE) != (after == DONE)
    )
    results = [
        _change(place, names.get(place[1] or "", ""), key, before, after)
        for place, state in states.items()
        if state == (DONE, DONE)
        for key, before, after in paired(was.results.get(place, {}), now.results.get(place, {}))
    ]
    differing = {(one.notebook, one.place) for one in results} | {(one.notebook, one.place) for one in tasks}
    return RunChanges(
        old=_about(old),
        new=_about(new),
        notebooks=len(places),
        differing=len(differing),
        unfinished=sum(DONE not in state for state in states.values()),
        results=tuple(sorted(results, key=lambda one: ORDER.index(one.kind))),
        tasks=tasks,
        causes=find_causes(old.record, new.record),
    )


def with_code(changes: RunChanges, old: Run, new: Run) -> RunChanges:
    """Return a comparison with what differs in the notebooks' cells, read from the executed notebooks.

    Parameters
    ----------
    changes
        What `compare_runs` returned.
    old, new
        The runs.

    Returns
    -------
    RunChanges
        The same, with `code`.
    """
    was, now = (_Tasks.of(run).outcomes for run in (old, new))
    return replace(changes, code=compare_code(old.folder, was, new.folder, now))


def _about(run: Run) -> dict[str, str]:
    """Return what names a run."""
    return {"id": run.id, **{name: str(run.record.get(name) or "") for name in ("status", "finished")}}


def _names(run: Run) -> dict[str, str]:
    """Return the names of a run's districts by code."""
    return {one["code"]: one["name"] for one in run.record.get("settings", {}).get("districts", [])}


def _change(place: Place, place_name: str, key: str, old: AnyResult | None, new: AnyResult | None) -> ResultChange:
    """Say what differs between two results of one name, of which one may be absent."""
    was, now = (None if one is None else {"kind": one.kind, **shown(one)} for one in (old, new))
    cells = compare_cells(old, new)
    return ResultChange(
        notebook=place[0],
        place=place[1],
        place_name=place_name,
        key=key,
        how="added" if old is None else "removed" if new is None else "changed",
        kind=min((one.kind for one in (old, new) if one is not None), key=ORDER.index),
        old=was,
        new=now,
        change=size(was, now),
        cells=cells,
        only="" if was != now or cells else _only(old, new),
    )


def _only(old: AnyResult | None, new: AnyResult | None) -> Literal["drawing", "layout"]:
    """Tell whether a picture's drawing alone differs, or the order or the decimals of a table."""
    drawn = isinstance(old, Picture) and isinstance(new, Picture) and old.data == new.data
    return "drawing" if drawn else "layout"
