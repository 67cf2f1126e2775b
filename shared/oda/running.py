"""The run stage: what the plan still needs is executed, what has not changed is taken over, into `runs/<id>/`."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from oda.errors import RunError
from oda.freshness import judge, product_hash
from oda.jobs import WORK, Job, make_job
from oda.locking import one_at_a_time
from oda.meaning import code_cells
from oda.pilot import Pilot
from oda.planning import Task, parameters, shared_key, stages
from oda.preparing import Policy, Prepared, candidates, prepare
from oda.records import NOTEBOOKS, copy_task, read_task, remove_task, write_task
from oda.runs import RUNS, Outcome, Run, make_record, read_run, write_record, write_run
from oda.summary import NOT_STARTED, STOPPED, summarise

if TYPE_CHECKING:
    from oda.progress import Display

SUMMARY = "summary.txt"


class Farm(Protocol):
    """What executes jobs: this machine's workers, or Dask's."""

    def run(
        self, jobs: Sequence[Job], on_start: Callable[[str], None], on_tick: Callable[[], None]
    ) -> Iterator[dict[str, Any]]:
        """Execute jobs, and give the record of each as it ends."""


class _Idle:
    """What executes nothing, since nothing is to be done."""

    def run(self, *_: object) -> Iterator[dict[str, Any]]:
        """Execute no jobs."""
        return iter(())


def run_plan(pilot: Pilot, policy: Policy | None = None, *, shown: Display | None = None) -> tuple[Run, bool]:
    """Run what the plan still needs.

    A notebook that fails is kept as far as it came, and the others finish.
    Ctrl-C ends the notebooks that are running; those that had finished are kept, and the next run goes on from them.

    Parameters
    ----------
    pilot
        The pilot's settings.
    policy
        How to go about it.
    shown
        What is told of the progress; nothing is when not given.

    Returns
    -------
    run : Run
        The run, its failures included.
    fresh : bool
        Whether anything was executed or taken over; False when this very run was there already.

    Raises
    ------
    OdaError
        When the settings, a dataset or a notebook cannot be used as it is, when another run of this pilot is going on,
        or when a file of an earlier run is open in another program; nothing has run then.
    """
    prepared = prepare(pilot, policy)
    if prepared.finished:
        return read_run(prepared.folder), False
    execute_plan(prepared, shown=shown)
    return read_run(prepared.folder), True


def execute_plan(prepared: Prepared, *, shown: Display | None = None) -> dict[str, Any]:
    """Execute what a prepared run has to do, take over the rest, and write the record.

    Parameters
    ----------
    prepared
        What `prepare` returned.
    shown
        What is told of the progress.

    Returns
    -------
    dict
        The record, as `run.json` holds it.

    Raises
    ------
    OdaError
        As `run_plan`.
    """
    with one_at_a_time(prepared.pilot.folder / RUNS):
        return _Going(prepared, shown or _nobody()).go()


def _nobody() -> Display:
    """Return a display that shows nothing."""
    from io import StringIO

    from oda.progress import Display

    return Display(StringIO())


class _Going:
    """A run that is going on: what has become of its tasks so far."""

    def __init__(self, prepared: Prepared, shown: Display) -> None:
        """Begin with nothing done."""
        self.prepared, self.shown = prepared, shown
        self.pilot, self.folder = prepared.pilot, prepared.folder
        self.outcomes: dict[str, Outcome] = {}
        self.started = dt.datetime.now(dt.UTC)
        self.shared = shared_key(prepared.pilot)

    def go(self) -> dict[str, Any]:
        """Take over, execute, and write."""
        to_do = [task for task in self.prepared.tasks if task.name in self.prepared.to_do]
        self._tell_plan(to_do)
        status = ""
        try:
            with _farm(self.prepared, to_do) as farm:
                self._begin(to_do)
                for stage in stages(to_do):
                    self._run_stage(farm, stage)
        except KeyboardInterrupt:
            self.shown.interrupted()
            status = "stopped"
        except _EnoughError:
            status = "failed"
        return self._finish(to_do, status)

    def _tell_plan(self, to_do: Sequence[Task]) -> None:
        """Tell the display what the plan holds."""
        from oda.tally import TaskInfo

        names = {task.name for task in to_do}
        infos = [
            TaskInfo(task=task.name, notebook=task.planned.name, item=_say_item(task)) for task in self.prepared.tasks
        ]
        kept = {verdict.task.name: verdict.reuse["run"] for verdict in self.prepared.verdicts if verdict.reuse}
        reused = {name: run for name, run in kept.items() if name not in names}
        self.shown.planned([info for info in infos if info.task in names or info.task in reused], reused)

    def _begin(self, to_do: Sequence[Task]) -> None:
        """Load the data once, so that a fault in them is said before anything runs; then clear and take over."""
        _load_once(self.pilot, to_do)
        _clear(self.pilot, self.folder, to_do)
        (self.folder / NOTEBOOKS).mkdir(parents=True, exist_ok=True)
        self._write("running")
        again = {task.name for task in to_do}
        for verdict in self.prepared.verdicts:
            if verdict.reuse and verdict.task.name not in again:
                self._take_over(verdict.reuse)

    def _take_over(self, record: Mapping[str, Any]) -> None:
        """Copy the products of an earlier run."""
        copy_task(record, self.folder.parent / record["run"], self.folder)
        self.outcomes[record["task"]] = replace(Outcome.of(record), reused=record["run"])

    def _run_stage(self, farm: Farm, stage: Sequence[Task]) -> None:
        """Execute the tasks of a stage whose forerunners have ended well, and which have changed by what they left."""
        ready = []
        for task in stage:
            name = task.name
            broken = [one for one in task.planned.after if not self._ended_well(one)]
            if broken:
                self._keep(_fill(task, {"error": f"{NOT_STARTED}: {broken[0]} has not ended well"}))
            elif reuse := self._unchanged(task):
                self._take_over(reuse)
                self.shown.ended(name, 0.0, note="unchanged")
            else:
                ready.append(task)
        for _ in range(self.prepared.policy.retries + 1):
            self._execute(farm, ready)
            ready = [task for task in ready if self.outcomes[task.name].error]

    def _ended_well(self, notebook: str) -> bool:
        """Tell whether every task of a notebook is done."""
        tasks = [task for task in self.prepared.tasks if task.planned.name == notebook]
        return all(task.name in self.outcomes and self.outcomes[task.name].done for task in tasks)

    def _unchanged(self, task: Task) -> Mapping[str, Any] | None:
        """Return the products that hold after all, now that what came before has run and left the same as ever."""
        if not task.planned.after or self.prepared.policy.again:
            return None
        found = judge(self.pilot, [task], candidates(self.folder, [task]), left=self._left(task))
        return found[0].reuse

    def _left(self, task: Task) -> dict[str, str]:
        """Return the hash of what each notebook that a task comes after has left."""
        return {one: product_hash(self._records(one)) for one in task.planned.after}

    def _records(self, notebook: str) -> list[dict[str, Any]]:
        """Return the records of a notebook's tasks in this run."""
        names = [task.name for task in self.prepared.tasks if task.planned.name == notebook]
        return [record for name in names if (record := read_task(self.folder, name))]

    def _execute(self, farm: Farm, tasks: Sequence[Task]) -> None:
        """Execute tasks, and keep what becomes of each."""
        by_name = {task.name: task for task in tasks}
        jobs = [
            make_job(
                task,
                self.pilot,
                self.folder,
                shared=self.shared,
                uses={f"after {one}": left for one, left in self._left(task).items()},
            )
            for task in tasks
        ]
        for record in farm.run(jobs, self.shown.started, self.shown.tick) if jobs else ():
            self._keep(_fill(by_name[record["task"]], record))
            if record["error"] and self.prepared.policy.fail_fast:
                raise _EnoughError

    def _keep(self, record: Mapping[str, Any]) -> None:
        """Keep what became of a task, and tell it; what a worker could not write itself is written here."""
        outcome = Outcome.of(record)
        self.outcomes[outcome.task] = outcome
        if "key" not in record and not outcome.error.startswith(NOT_STARTED):
            write_task(self.folder, record)
        left = f"not kept: {', '.join(outcome.undeclared)}" if outcome.undeclared else ""
        self.shown.ended(outcome.task, outcome.seconds, outcome.error, left)

    def _write(self, status: str) -> dict[str, Any]:
        """Write the record as far as it is known."""
        outcomes = [self.outcomes[task.name] for task in self.prepared.tasks if task.name in self.outcomes]
        record = make_record(self.pilot, self.prepared.inputs, outcomes, started=self.started, status=status)
        if status == "running":
            write_record(self.folder, record)
            return record
        lines = summarise(record)
        (self.folder / SUMMARY).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        return write_run(self.folder, record)

    def _finish(self, to_do: Sequence[Task], status: str) -> dict[str, Any]:
        """Say of every task that was asked for what became of it, and write the record."""
        why = STOPPED if status == "stopped" else f"{NOT_STARTED}: another notebook had failed"
        for task in to_do:
            if task.name not in self.outcomes:
                self.outcomes[task.name] = Outcome.of(_fill(task, {"error": why}))
        if not status:
            failed = any(not outcome.done for outcome in self.outcomes.values())
            status = "failed" if failed else "part" if len(self.outcomes) < len(self.prepared.tasks) else "done"
        return self._write(status)


class _EnoughError(Exception):
    """A notebook has failed, and no more shall start."""


def _say_item(task: Task) -> str:
    """Return the name of the district or the value that a task is for."""
    if task.district:
        return task.district.name
    return "" if task.item is None else str(task.item)


def _fill(task: Task, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's record with what a worker that died could not say."""
    return {
        "task": task.name,
        "notebook": task.planned.name,
        "district": task.district.code if task.district else None,
        "item": task.item,
        "parameters": task.parameters,
        "seconds": 0.0,
    } | dict(record)


def _clear(pilot: Pilot, folder: Path, to_do: Sequence[Task]) -> None:
    """Remove what an earlier run has left of the tasks that will be executed, and working folders left behind."""
    try:
        for planned in {task.planned.notebook for task in to_do}:
            beside = (pilot.folder / planned).parent
            for left in (beside if beside == pilot.folder else beside.parent).glob(f"{WORK}*"):
                shutil.rmtree(left)
        for name in [task.name for task in to_do]:
            remove_task(folder, name)
    except PermissionError as error:
        name = Path(error.filename or folder).name
        message = f"{name} in {RUNS}/{folder.name} is open in another program. Close it and run again."
        raise RunError(message) from error


def _load_once(pilot: Pilot, to_do: Sequence[Task]) -> None:
    """Load every dataset that a notebook names, so that a fault in one is said once, before anything runs."""
    named = set()
    for planned in {task.planned.notebook: task.planned for task in to_do}.values():
        named.add((parameters(pilot.folder / planned.notebook) | planned.parameters).get("dataset"))
    names = sorted(name for name in named if isinstance(name, str))
    if names:
        from oda.loading import load

        for name in names:
            load(name, pilot)


@contextmanager
def _farm(prepared: Prepared, to_do: Sequence[Task]) -> Iterator[Farm]:
    """Return what executes the jobs: workers of this machine, or of a Dask scheduler."""
    policy, folder = prepared.policy, prepared.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not to_do:
        yield _Idle()
        return
    if policy.scheduler:
        from oda.farming import dask_farm

        with dask_farm(prepared.pilot, policy.scheduler, workers=policy.workers, files=policy.files) as farm:
            yield farm
        return
    from oda.kernels.preloading import ALWAYS, imported
    from oda.kernels.warming import Warm
    from oda.pool import Pool, default_workers

    notebooks = {task.planned.notebook: None for task in to_do}
    sources = [cell.source for notebook in notebooks for cell in code_cells(prepared.pilot.folder / notebook)]
    with (
        Warm((*ALWAYS, *imported(sources))) as warm,
        Pool(warm, policy.workers or default_workers(), folder / "workers.log") as pool,
    ):
        yield pool
