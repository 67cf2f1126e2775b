"""The run stage: what the plan still needs is executed, what has not changed is taken over, into `runs/<id>/`."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oda.errors import OdaError, RunError
from oda.farms import Farm, open_farm
from oda.freshness import judge, product_hash
from oda.jobs import make_job, work_folders
from oda.locking import one_at_a_time
from oda.pilot import Pilot
from oda.planning import Task, shared_key, stages
from oda.preparing import Policy, Prepared, candidates, fill, forerunners, load_once, prepare, shown_plan
from oda.records import NOTEBOOKS, copy_task, read_task, remove_task, write_task
from oda.runs import RECORD, RUNS, Outcome, Run, make_record, read_run, write_record, write_run
from oda.summary import NOT_STARTED, summarise
from oda.tally import without_end

if TYPE_CHECKING:
    from oda.kernels.warming import Warm
    from oda.progress import Display

SUMMARY = "summary.txt"


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


def execute_plan(prepared: Prepared, *, shown: Display | None = None, warm: Warm | None = None) -> dict[str, Any]:
    """Execute what a prepared run has to do, take over the rest, and write the record.

    Parameters
    ----------
    prepared
        What `prepare` returned.
    shown
        What is told of the progress.
    warm
        Where kernels start, if that has been made ready already.

    Returns
    -------
    dict
        The record, as `run.json` holds it.

    Raises
    ------
    OdaError
        As `run_plan`.
    """
    try:
        with one_at_a_time(prepared.pilot.folder / RUNS):
            return _Going(prepared, shown or _nobody(), warm).go()
    except OdaError:  # a refusal in its own words, though some are also errors of the system
        raise
    except OSError as error:  # a full disk, a folder that may not be written
        name = str(error.filename or prepared.folder).removeprefix(f"{prepared.pilot.folder}{os.sep}")
        message = f"{name} cannot be written: {error.strerror or error}. Mend that and run again."
        raise RunError(message) from error


def _nobody() -> Display:
    """Return a display that shows nothing."""
    from io import StringIO

    from oda.progress import Display

    return Display(StringIO())


class _Going:
    """A run that is going on: what has become of its tasks so far."""

    def __init__(self, prepared: Prepared, shown: Display, warm: Warm | None) -> None:
        """Begin with nothing done."""
        self.prepared, self.shown, self.warm = prepared, shown, warm
        self.pilot, self.folder = prepared.pilot, prepared.folder
        self.to_do = [task for task in prepared.tasks if task.name in prepared.to_do]
        self.outcomes: dict[str, Outcome] = {}
        self.products: dict[str, dict[str, str]] = {}  # what each task that is done has left, by notebook
        self.running: set[str] = set()
        self.tries: Counter[str] = Counter()
        self.started = dt.datetime.now(dt.UTC)
        self.shared = shared_key(prepared.pilot)
        self.begun = False  # whether anything on disk is other than an earlier run has left it

    def go(self) -> dict[str, Any]:
        """Take over, execute, and write."""
        self.folder.mkdir(parents=True, exist_ok=True)
        status = ""
        try:
            self.shown.planned(*shown_plan(self.prepared))
            with open_farm(self.prepared, self.to_do, self.warm) as farm:
                self._begin()
                for stage in stages(self.prepared.tasks):
                    self._run_stage(farm, stage)
        except KeyboardInterrupt:
            self.shown.interrupted()
            status = "stopped"
        except _EnoughError:
            status = "failed"
        except OdaError:
            if not (self.folder / RECORD).is_file():  # nothing has begun
                shutil.rmtree(self.folder, ignore_errors=True)
            raise
        finally:
            self._sweep()
        return self._finish(status)

    def _sweep(self) -> None:
        """Remove the working folders that notebooks have left behind, now or when an earlier run was broken off."""
        for left in work_folders(self.pilot, self.prepared.tasks):
            shutil.rmtree(left, ignore_errors=True)

    def _begin(self) -> None:
        """Load the data once, so that a fault in them is said before anything runs; then take over."""
        load_once(self.pilot, self.to_do)
        coming = {task.planned.name for task in self.to_do}
        names = {task.name for task in self.to_do}
        self._sweep()
        others: list[tuple[Task, Mapping[str, Any]]] = []
        for verdict in self.prepared.verdicts:
            task = verdict.task
            if task.name in names or self._behind(task, coming):
                continue
            if verdict.reuse and verdict.reuse["run"] != self.folder.name:
                others.append((task, verdict.reuse))
            elif verdict.reuse:
                self._take_over(task, verdict.reuse)
            elif failure := read_task(self.folder, task.name):  # not asked for now, and failed before
                self.outcomes[task.name] = Outcome.of(fill(task, failure))
        self.begun = True
        self._write("running")  # with all that this very run has already
        _remove(self.folder, [task for task in self.to_do if not self._behind(task, coming)])
        (self.folder / NOTEBOOKS).mkdir(exist_ok=True)
        for task, record in others:
            self._take_over(task, record)

    def _behind(self, task: Task, notebooks: Iterable[str]) -> bool:
        """Tell whether a task comes after one of some notebooks."""
        return bool(task.planned.after) and not forerunners(self.pilot, task.planned.name).isdisjoint(notebooks)

    def _take_over(self, task: Task, record: Mapping[str, Any]) -> None:
        """Copy the products of an earlier run."""
        copy_task(record, self.folder.parent / record["run"], self.folder)
        self.outcomes[task.name] = replace(Outcome.of(fill(task, record)), reused=record["run"])
        self._leave(task.planned.name, record)

    def _leave(self, notebook: str, record: Mapping[str, Any]) -> None:
        """Keep the hash of what a task has left."""
        self.products.setdefault(notebook, {})[record["task"]] = record.get("product", "")

    def _run_stage(self, farm: Farm, stage: Sequence[Task]) -> None:
        """Execute the tasks of a stage whose forerunners have ended well, and which have changed by what they left."""
        waiting = [task for task in stage if task.name not in self.outcomes]
        ended_well = {one: self._ended_well(one) for task in waiting for one in task.planned.after}
        held = self._unchanged([task for task in waiting if all(ended_well[one] for one in task.planned.after)])
        ready = []
        for task in waiting:
            broken = [one for one in task.planned.after if not ended_well[one]]
            if task.name in held:
                self._take_over(task, held[task.name])
                if task.name in self.prepared.asked:
                    self.shown.ended(task.name, 0.0, note="unchanged")
            elif task.name not in self.prepared.asked:
                continue
            elif broken:
                self._keep(fill(task, {"error": f"{NOT_STARTED}: {broken[0]} has not ended well"}))
            else:
                ready.append(task)
        if ready:
            self._execute(farm, ready)

    def _ended_well(self, notebook: str) -> bool:
        """Tell whether every task of a notebook is done."""
        tasks = [task for task in self.prepared.tasks if task.planned.name == notebook]
        return all(task.name in self.outcomes and self.outcomes[task.name].done for task in tasks)

    def _unchanged(self, tasks: Sequence[Task]) -> dict[str, Mapping[str, Any]]:
        """Return the records that hold after all, now that what came before has run and left the same as ever."""
        again = self.prepared.named if self.prepared.policy.again else frozenset()
        after = [task for task in tasks if task.planned.after and task.name not in again]
        if not after:
            return {}
        left = {one: self._left(one) for task in after for one in task.planned.after}
        verdicts = judge(self.pilot, after, candidates(self.folder, after)[0], left=left)
        return {verdict.task.name: verdict.reuse for verdict in verdicts if verdict.reuse}

    def _left(self, notebook: str) -> str:
        """Return the hash of what a notebook that has ended well has left."""
        products = self.products.get(notebook, {})
        return product_hash({"task": task, "product": product} for task, product in products.items())

    def _execute(self, farm: Farm, tasks: Sequence[Task]) -> None:
        """Execute tasks, and those that fail so often again as was asked for."""
        left = {one: self._left(one) for task in tasks for one in task.planned.after}
        for again in range(self.prepared.policy.retries, -1, -1):
            self._attempt(farm, tasks, left, enough=not again and self.prepared.policy.fail_fast)
            tasks = [task for task in tasks if not self.outcomes[task.name].done]
            if not tasks:
                return
            if again:
                self.shown.message(f"Trying again: {', '.join(task.name for task in tasks)}")

    def _attempt(self, farm: Farm, tasks: Sequence[Task], left: Mapping[str, str], *, enough: bool) -> None:
        """Execute tasks once, and keep what becomes of each; end at the first failure where that is enough."""
        _remove(self.folder, tasks)
        by_name = {task.name: task for task in tasks}
        jobs = [
            make_job(
                task,
                self.pilot,
                self.folder,
                shared=self.shared,
                uses={f"after {one}": left[one] for one in task.planned.after},
            )
            for task in tasks
        ]
        for record in farm.run(jobs, self._start, self.shown.tick):
            self._keep(fill(by_name[record["task"]], record))
            if record["error"] and enough:
                raise _EnoughError

    def _start(self, task: str) -> None:
        """Note that a task has begun, and tell it."""
        self.running.add(task)
        self.tries[task] += 1
        self.shown.started(task)

    def _keep(self, record: Mapping[str, Any]) -> None:
        """Keep what became of a task, and tell it; what a worker could not write itself is written here."""
        outcome = replace(Outcome.of(record), tries=max(1, self.tries[record["task"]]))
        self.outcomes[outcome.task] = outcome
        self.running.discard(outcome.task)
        if "key" not in record and not outcome.error.startswith(NOT_STARTED):
            write_task(self.folder, record)
        if outcome.done:
            self._leave(outcome.notebook, record)
        left = f"not kept: {', '.join(outcome.undeclared)}" if outcome.undeclared else ""
        self.shown.ended(outcome.task, outcome.seconds, outcome.error, left)

    def _write(self, status: str) -> dict[str, Any]:
        """Write the record as far as it is known."""
        outcomes = [self.outcomes[task.name] for task in self.prepared.tasks if task.name in self.outcomes]
        asked = [task.name for task in self.prepared.tasks if task.name in self.prepared.asked]
        part = {"asked": asked} if len(asked) < len(self.prepared.tasks) else {}
        record = make_record(
            self.pilot,
            self.prepared.inputs,
            outcomes,
            started=self.started,
            status=status,
            asked={"plan": len(self.prepared.tasks), **part},
        )
        record["first"] = (self.prepared.record or record).get("first", record["started"])  # which may date reports
        if not self.begun and "results_sha256" in (self.prepared.record or {}):
            return record  # that on disk still holds
        if status == "running":
            write_record(self.folder, record)
            return record
        lines = summarise(record)
        (self.folder / SUMMARY).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        return write_run(self.folder, record)

    def _finish(self, status: str) -> dict[str, Any]:
        """Say of every task that was asked for what became of it, and write the record."""
        if status == "stopped":
            self._keep_earlier()
        for task in self.prepared.tasks:
            if task.name in self.prepared.asked and task.name not in self.outcomes:
                error = without_end(status, began=task.name in self.running)
                self.outcomes[task.name] = Outcome.of(fill(task, {"error": error}))
        if not status:
            failed = any(not outcome.done for outcome in self.outcomes.values())
            status = "failed" if failed else "part" if len(self.outcomes) < len(self.prepared.tasks) else "done"
        return self._write(status)

    def _keep_earlier(self) -> None:
        """Keep what this very run had before and still has, unless what comes before it has run anew since."""
        anew = {self.outcomes[name].notebook for name in self.tries if name in self.outcomes}
        for one in self.prepared.verdicts:
            name, here = one.task.name, one.reuse is not None and one.reuse["run"] == self.folder.name
            if here and not {name} & {*self.outcomes, *self.prepared.to_do} and not self._behind(one.task, anew):
                self.outcomes[name] = Outcome.of(fill(one.task, one.reuse or {}))


class _EnoughError(Exception):
    """A notebook has failed, and no more shall start."""


def _remove(folder: Path, tasks: Sequence[Task]) -> None:
    """Remove what a run has of tasks, or say which file of them is in use."""
    try:
        for task in tasks:
            remove_task(folder, task.name)
    except PermissionError as error:
        name = Path(error.filename or folder).name
        message = f"{name} in {RUNS}/{folder.name} is open in another program. Close it and run again."
        raise RunError(message) from error
