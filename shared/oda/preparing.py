"""What a run has to do and why, before anything is executed: `oda run --dry-run` and `oda status` show it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from oda.errors import COMMAND, RunError
from oda.freshness import Verdict, judge
from oda.pilot import Pilot
from oda.planning import Task, describe_inputs, parameters, plan_tasks
from oda.records import TASKS, look, read_task
from oda.runs import RECORD, RESULTS, RUNS, Run, name_run, read_record, read_run
from oda.tally import TaskInfo

FOLLOWS = "follows "  # how the cause begins that is another notebook
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
    """A run before anything is executed: what the plan holds, and what of it must be done and why.

    Attributes
    ----------
    pilot, policy
        The settings, and how to go about it.
    inputs, folder
        What decides the answer, and the run's folder, which is named after it.
    tasks
        All of the plan.
    named, asked
        Tasks that were asked for by name, and those with what must come before them; all when none was named.
    verdicts
        For each task the cause for which it must be executed, or the record that holds.
    record
        What `run.json` of this very run holds; None when there is none that is whole.
    broken
        What of this very run is not as it was written and needs no notebook to be executed, in words.
    """

    pilot: Pilot
    policy: Policy
    inputs: Mapping[str, Any]
    folder: Path
    tasks: tuple[Task, ...]
    named: frozenset[str]
    asked: frozenset[str]
    verdicts: tuple[Verdict, ...]
    record: Mapping[str, Any] | None
    broken: str = ""

    @property
    def to_do(self) -> dict[str, str]:
        """Why each task that was asked for must be executed, by its name."""
        again = self.named if self.policy.again else frozenset()
        causes = {one.task.name: one.cause or ("asked for" if one.task.name in again else "") for one in self.verdicts}
        return {name: cause for name, cause in causes.items() if cause and name in self.asked}

    @property
    def may_run(self) -> dict[str, str]:
        """Of what is to do, that which is executed only if what comes before leaves something else; with the cause."""
        again = self.named if self.policy.again else frozenset()
        coming = {f"{FOLLOWS}{task.planned.name}" for task in self.tasks if task.name in self.to_do}
        return {name: cause for name, cause in self.to_do.items() if cause in coming and name not in again}

    @property
    def finished(self) -> bool:
        """Whether all that was asked for is on disk in this very run, whole, with nothing left to do."""
        if self.record is None or self.to_do or not self._own:
            return False
        done = {outcome["task"] for outcome in self.record["outcomes"] if not outcome["error"]}
        return self.record["status"] == "done" or bool(self.policy.only and self.asked <= done)

    @property
    def _own(self) -> bool:
        """Whether the products of what was asked for lie in this run's own folder."""
        asked = (one.reuse for one in self.verdicts if one.task.name in self.asked)
        return all(record is not None and record["run"] == self.folder.name for record in asked)


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
    tasks = plan_tasks(pilot, policy.only)
    named = frozenset(task.name for task in tasks)
    tasks = plan_tasks(pilot) if policy.only else tasks
    inputs = describe_inputs(pilot)
    folder = pilot.folder / RUNS / name_run(pilot, inputs)
    found, faults = candidates(folder, tasks)
    record = read_record(folder)
    verdicts = tuple(_with_fault(verdict, faults) for verdict in judge(pilot, tasks, found))
    replaced = [faults[one.task.name] for one in verdicts if one.task.name in faults and not one.cause]
    return Prepared(
        pilot=pilot,
        policy=policy,
        inputs=inputs,
        folder=folder,
        tasks=tasks,
        named=named,
        asked=_asked(pilot, tasks, named),
        verdicts=verdicts,
        record=record,
        broken=_say_broken(folder) if record is None else next(iter(replaced), ""),
    )


def _asked(pilot: Pilot, tasks: Sequence[Task], named: frozenset[str]) -> frozenset[str]:
    """Return the names of the tasks that were named, and of those that must come before them."""
    if len(named) == len(tasks):
        return named
    before = {name for task in tasks if task.name in named for name in forerunners(pilot, task.planned.name)}
    return frozenset(named | {task.name for task in tasks if task.planned.name in before})


def forerunners(pilot: Pilot, notebook: str) -> set[str]:
    """Return the names of the notebooks that must have ended before one may start.

    Parameters
    ----------
    pilot
        The pilot's settings.
    notebook
        The name of one of its plan.

    Returns
    -------
    set of str
        Those that it comes after, directly or not.
    """
    direct = next(planned.after for planned in pilot.run if planned.name == notebook)
    return {*direct, *(name for one in direct for name in forerunners(pilot, one))}


def load_once(pilot: Pilot, tasks: Iterable[Task]) -> None:
    """Load every dataset that a notebook names, so that a fault in one is said once, before anything runs.

    Parameters
    ----------
    pilot
        The pilot's settings.
    tasks
        Those that will be executed; datasets that they name otherwise than by a parameter `dataset` are passed over.

    Raises
    ------
    OdaError
        When a dataset cannot be loaded.
    """
    named = set()
    for planned in {task.planned.notebook: task.planned for task in tasks}.values():
        named.add((parameters(pilot.folder / planned.notebook) | planned.parameters).get("dataset"))
    names = sorted(name for name in named if isinstance(name, str))
    if names:
        from oda.loading import load

        for name in names:
            load(name, pilot)


def candidates(folder: Path, tasks: Sequence[Task]) -> tuple[dict[str, list[dict[str, Any]]], dict[str, str]]:
    """Find the records of each task that may hold, of the same run first and then of the newest others.

    Parameters
    ----------
    folder
        The run's folder.
    tasks
        Tasks of the plan.

    Returns
    -------
    found : dict
        Whole records by task, each with the name of its run.
    faults : dict
        What of this very run is not as it was written, by task.
    """
    seen = {task.name: look(folder, task.name) for task in tasks}
    found = {name: [record | {"run": folder.name}] for name, (record, _) in seen.items() if record}
    faults = {name: fault for name, (_, fault) in seen.items() if fault}
    lacking = [task for task in tasks if (record := seen[task.name][0]) is None or record["error"]]
    for other in _others(folder) if lacking else ():
        for task in lacking:
            record = read_task(other, task.name)
            if record:
                found.setdefault(task.name, []).append(record | {"run": other.name})
    return found, faults


def _others(folder: Path) -> list[Path]:
    """Return the folders of the newest other runs."""
    others = [path.parent for path in folder.parent.glob(f"*/{TASKS}") if path.parent != folder]
    return sorted(others, key=lambda path: (path / TASKS).stat().st_mtime, reverse=True)[:EARLIER]


def _with_fault(verdict: Verdict, faults: Mapping[str, str]) -> Verdict:
    """Return a verdict whose cause is that the task's own files are not as they were written, where that is so."""
    fault = faults.get(verdict.task.name)
    return replace(verdict, cause=fault) if fault and verdict.cause else verdict


def _say_broken(folder: Path) -> str:
    """Say that a run has a record that is not whole, or none though its tasks have; empty when it has not begun."""
    if (folder / RECORD).is_file():
        return f"{RECORD} or {RESULTS} in {RUNS}/{folder.name} is not as it was written"
    return f"{RUNS}/{folder.name} has no {RECORD}" if (folder / TASKS).is_dir() else ""


def shown_plan(prepared: Prepared) -> tuple[list[TaskInfo], dict[str, str]]:
    """Return what a display shows of a run that is about to begin.

    Parameters
    ----------
    prepared
        What `prepare` returned.

    Returns
    -------
    tasks : list of TaskInfo
        What was asked for, in the order of the plan.
    reused : dict
        Those of them that are taken from an earlier run, with its name.
    """
    asked = [one for one in prepared.verdicts if one.task.name in prepared.asked]
    tasks = [
        TaskInfo(
            task=task.name,
            notebook=task.planned.name,
            item=task.district.name if task.district else "" if task.item is None else str(task.item),
        )
        for task in (one.task for one in asked)
    ]
    to_do = prepared.to_do
    return tasks, {one.task.name: one.reuse["run"] for one in asked if one.reuse and one.task.name not in to_do}


def fill(task: Task, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's record with what a worker that died could not say.

    Parameters
    ----------
    task
        The task.
    record
        What is known of it.

    Returns
    -------
    dict
        Enough for an `Outcome`.
    """
    return {
        "task": task.name,
        "notebook": task.planned.name,
        "district": task.district.code if task.district else None,
        "item": task.item,
        "parameters": task.parameters,
        "seconds": 0.0,
    } | dict(record)


def current_run(pilot: Pilot) -> Run:
    """Return the run of the inputs as they are now, so that no report shows figures of other settings or other data.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    Run
        Its record and results, its failures included.

    Raises
    ------
    RunError
        When there is no run, only runs of other inputs, a part of one, or one of which anything has changed since.
    """
    prepared = prepare(pilot)
    if not (prepared.folder / RECORD).is_file():
        others = any((pilot.folder / RUNS).glob(f"*/{RECORD}"))
        what = "The inputs have changed since the last run" if others else "There is no finished run yet"
        message = f"{what}. Run the notebooks first: {COMMAND} run"
        raise RunError(message)
    run = read_run(prepared.folder)
    done = {outcome.task for outcome in run.outcomes if outcome.done}
    for verdict in prepared.verdicts:
        if verdict.cause and verdict.task.name in done:
            message = f"{verdict.task.label} must run again: {verdict.cause}. Run what has changed: {COMMAND} run"
            raise RunError(message)
    if run.record["status"] == "part":
        lacking = len(prepared.tasks) - len(run.outcomes)
        message = f"{lacking} of {len(prepared.tasks)} notebooks have not been run. Run the others: {COMMAND} run"
        raise RunError(message)
    return run
