"""What a run has to do and why, before anything is executed: `oda run --dry-run` and `oda status` show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oda.freshness import Verdict, judge
from oda.pilot import Pilot
from oda.planning import Task, describe_inputs, plan_tasks
from oda.records import TASKS, read_task
from oda.runs import RUNS, name_run, read_record

EARLIER = 4  # runs that are looked through for products that can be taken over


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How a run goes about its work.

    Attributes
    ----------
    only
        Tasks, notebooks or districts; all when empty.
    again
        Execute even what has not changed.
    fail_fast
        Start nothing more once a notebook has failed, and end what runs.
    retries
        How often a notebook that failed is tried again.
    workers
        Notebooks at a time; as many as suit the machine when not given.
    scheduler
        Address of a Dask scheduler, or `local` for one in this process; this machine's own workers when empty.
    files
        Where Dask's workers find the pilot's folder, as fsspec writes it; at the same path when empty.
    """

    only: tuple[str, ...] = ()
    again: bool = False
    fail_fast: bool = False
    retries: int = 0
    workers: int | None = None
    scheduler: str = ""
    files: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A run before anything is executed: what the plan holds, and what of it must be done and why."""

    pilot: Pilot
    policy: Policy
    inputs: Mapping[str, Any]
    folder: Path
    tasks: tuple[Task, ...]
    asked: frozenset[str]
    verdicts: tuple[Verdict, ...]
    record: Mapping[str, Any] | None

    @property
    def to_do(self) -> dict[str, str]:
        """Why each task that was asked for must be executed, by its name."""
        else_ = "asked for" if self.policy.again else ""
        causes = {verdict.task.name: verdict.cause or else_ for verdict in self.verdicts}
        return {name: cause for name, cause in causes.items() if cause and name in self.asked}

    @property
    def finished(self) -> bool:
        """Whether this very run is on disk, whole, with nothing left to do."""
        return self.record is not None and self.record["status"] == "done" and not self.to_do


def _asked(pilot: Pilot, tasks: Sequence[Task], only: Sequence[str]) -> frozenset[str]:
    """Return the names of the tasks that were asked for, and of those that must come before them."""
    asked = {task.name for task in (plan_tasks(pilot, only) if only else tasks)}
    before = {name for task in tasks if task.name in asked for name in _forerunners(pilot, task.planned.name)}
    return frozenset(asked | {task.name for task in tasks if task.planned.name in before})


def _forerunners(pilot: Pilot, notebook: str) -> set[str]:
    """Return the names of the notebooks that must have ended before one may start."""
    direct = next(planned.after for planned in pilot.run if planned.name == notebook)
    return {*direct, *(name for one in direct for name in _forerunners(pilot, one))}


def prepare(pilot: Pilot, policy: Policy | None = None) -> Prepared:
    """Say what a run has to do, and why, without doing it.

    Parameters
    ----------
    pilot
        The pilot's settings.
    policy
        How to go about it.

    Returns
    -------
    Prepared
        For each task the cause for which it must be executed, empty when an earlier run has its products.

    Raises
    ------
    OdaError
        When the settings, a dataset's card or a notebook cannot be used as they are.
    """
    policy = policy or Policy()
    tasks = plan_tasks(pilot)
    asked = _asked(pilot, tasks, policy.only)
    inputs = describe_inputs(pilot)
    folder = pilot.folder / RUNS / name_run(pilot, inputs)
    verdicts = judge(pilot, tasks, candidates(folder, tasks))
    return Prepared(
        pilot=pilot,
        policy=policy,
        inputs=inputs,
        folder=folder,
        tasks=tasks,
        asked=asked,
        verdicts=verdicts,
        record=read_record(folder),
    )


def candidates(folder: Path, tasks: Sequence[Task]) -> dict[str, list[dict[str, Any]]]:
    """Return the whole records of each task, of the same run first and then of the newest others."""
    own = {task.name: read_task(folder, task.name) for task in tasks}
    found = {name: [record | {"run": folder.name}] for name, record in own.items() if record}
    if all(record and not record["error"] for record in own.values()):
        return found
    others = sorted((path.parent for path in folder.parent.glob(f"*/{TASKS}")), key=_changed, reverse=True)
    for other in [other for other in others if other != folder][:EARLIER]:
        for task in tasks:
            record = read_task(other, task.name)
            if record:
                found.setdefault(task.name, []).append(record | {"run": other.name})
    return found


def _changed(folder: Path) -> float:
    """Return when a run last wrote the record of a task."""
    return (folder / TASKS).stat().st_mtime
