"""The run stage: the plan executed by papermill in parallel processes, to `runs/<id>/`."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from multiprocessing import active_children, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import psutil  # type: ignore[import-untyped]
from traitlets.config import Config

from oda.errors import ResultError, RunError
from oda.loading import load
from oda.pilot import Pilot
from oda.planning import Task, describe_inputs, parameters, plan_tasks
from oda.results import Results, collect
from oda.runs import RECORD, RUNS, Outcome, Run, make_record, name_run, read_run, write_run

TIME_LIMIT = 1800  # seconds for one cell
TICK = 0.5  # seconds; Windows hears Ctrl-C only between two waits
STOPPED = "stopped by the person"
DIED = "the process that ran it ended without a word; is there enough memory?"


def run_plan(
    pilot: Pilot,
    *,
    workers: int | None = None,
    again: bool = False,
    on_plan: Callable[[int], None] | None = None,
    on_done: Callable[[Outcome], None] | None = None,
) -> tuple[Run, bool]:
    """Run the plan, unless the same inputs have been run to the end before.

    A notebook that fails is kept as far as it came, and the others finish.
    Ctrl-C ends the notebooks that are running; those that had finished are kept, and the record names the others.

    Parameters
    ----------
    pilot
        The pilot's settings.
    workers
        Processes at a time; as many as the machine has processors when not given.
    again
        Run even though the same inputs have been run.
    on_plan
        Called once with the number of tasks.
    on_done
        Called with the outcome of each task as it ends.

    Returns
    -------
    run : Run
        The run, its failures included.
    fresh : bool
        Whether anything was executed.

    Raises
    ------
    OdaError
        When the settings, a dataset or a notebook cannot be used as it is, or a file of an earlier run is open in
        another program; nothing has run then.
    """
    tasks = plan_tasks(pilot)
    inputs = describe_inputs(pilot)
    identity = name_run(pilot, inputs)
    folder = pilot.folder / RUNS / identity
    if not again and (folder / RECORD).is_file():
        run = read_run(folder)
        if not run.failed:
            return run, False
    _load_once(pilot)
    _remove(folder)
    (folder / "notebooks").mkdir(parents=True)
    if on_plan:
        on_plan(len(tasks))
    started = dt.datetime.now(dt.UTC)
    outcomes = _execute_all(pilot, folder, tasks, workers or os.cpu_count() or 1, on_done)
    once, by_district, ended = _collect_all(folder, tasks, outcomes)
    record = make_record(pilot, identity, inputs, ended, started)
    run = Run(id=identity, folder=folder, record=record, once=once, by_district=by_district)
    write_run(run)
    return run, True


def _remove(folder: Path) -> None:
    """Remove an earlier run of the same inputs."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except PermissionError as error:
        name = Path(error.filename or folder).name
        message = f"{name} in {RUNS}/{folder.name} is open in another program. Close it and run again."
        raise RunError(message) from error


def _load_once(pilot: Pilot) -> None:
    """Load every dataset that a notebook names, so that a fault in one is said once, before anything runs."""
    named = {parameters(pilot.folder / planned.notebook).get("dataset") for planned in pilot.run}
    for name in sorted(name for name in named if isinstance(name, str)):
        load(name, pilot)


def _execute_all(
    pilot: Pilot, folder: Path, tasks: tuple[Task, ...], workers: int, on_done: Callable[[Outcome], None] | None
) -> dict[str, Outcome]:
    """Execute every task, several at a time; what a dying process took with it once more, each alone."""
    outcomes: dict[str, Outcome] = {}

    def keep(outcome: Outcome) -> None:
        outcomes[outcome.task] = outcome
        if on_done:
            on_done(outcome)

    def left() -> tuple[Task, ...]:
        return tuple(task for task in tasks if task.name not in outcomes)

    with TemporaryDirectory(prefix="oda-", ignore_cleanup_errors=True) as private:  # for this user only
        job = partial(_execute, pilot.folder, folder, Path(private))
        try:
            _in_processes(job, tasks, workers, keep)
            while left():
                _in_processes(job, left(), 1, keep)  # one after the other, so the first left is the one that died
                for task in left()[:1]:
                    keep(_outcome(task, 0.0, DIED))
        except KeyboardInterrupt:
            outcomes = {task.name: _outcome(task, 0.0, STOPPED) for task in tasks} | outcomes
    return outcomes


def _in_processes(
    job: Callable[[Task], Outcome], tasks: tuple[Task, ...], workers: int, keep: Callable[[Outcome], None]
) -> None:
    """Do a job for each task in processes of their own, and keep each outcome; once a process dies, no more come."""
    others = set(active_children())
    pool = ProcessPoolExecutor(
        max_workers=min(workers, len(tasks)),
        mp_context=get_context("spawn"),
        initializer=signal.signal,  # Ctrl-C on a terminal reaches them too, but it is for this process to end them
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )
    try:
        waiting = {pool.submit(job, task) for task in tasks}
        while waiting:
            done, waiting = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
            for future in done:
                with suppress(BrokenProcessPool):
                    keep(future.result())
    except BaseException:
        _end(set(active_children()) - others)
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _end(processes: Iterable[BaseProcess]) -> None:
    """End processes at once, with the kernels that they have started."""
    for process in processes:
        with suppress(psutil.Error):
            parent = psutil.Process(process.pid)
            parent.suspend()  # so that it starts no further kernel
            for one in (*parent.children(recursive=True), parent):
                with suppress(psutil.Error):
                    one.kill()


def _execute(home: Path, folder: Path, private: Path, task: Task) -> Outcome:
    """Execute one notebook in this process's own kernel; a failure is an outcome, not an exception."""
    import papermill

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # the processes share the processors already
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    clock, error, cell = time.perf_counter(), "", None
    source, target = home / task.planned.notebook, folder / "notebooks" / f"{task.name}.ipynb"
    log = target.with_suffix(".log")
    with log.open("wb") as stream:
        os.dup2(stream.fileno(), 2)  # what the kernel itself prints belongs to this notebook, not on the screen
    try:
        papermill.execute_notebook(
            source,
            target,
            parameters=task.parameters,
            cwd=source.parent,
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=TIME_LIMIT,
            config=_private_transport(private),
        )
    except papermill.PapermillExecutionError as failure:
        error, cell = f"{failure.ename}: {failure.evalue}", failure.cell_index
    except Exception as failure:  # noqa: BLE001  the others must finish whatever this one met
        error = f"{type(failure).__name__}: {failure}"
    return _outcome(task, time.perf_counter() - clock, error, cell)


def _outcome(task: Task, seconds: float, error: str, cell: int | None = None) -> Outcome:
    """Return what became of a task."""
    return Outcome(
        task=task.name,
        notebook=task.planned.name,
        district=task.district.code if task.district else None,
        parameters=task.parameters,
        seconds=round(seconds, 1),
        error=error,
        cell=cell,
    )


def _private_transport(private: Path) -> Config:
    """Return settings under which no other user of the machine can listen to a kernel: sockets in a private folder.

    Windows has no such sockets for kernels; there it stays loopback TCP.
    """
    if os.name == "nt":
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": str(private / str(os.getpid()))}})


def _collect_all(
    folder: Path, tasks: tuple[Task, ...], outcomes: dict[str, Outcome]
) -> tuple[dict[str, Results], dict[str, dict[str, Results]], list[Outcome]]:
    """Collect the results of finished notebooks; one whose results cannot be collected has failed."""
    once: dict[str, Results] = {}
    by_district: dict[str, dict[str, Results]] = {}
    final = []
    for task in tasks:
        outcome = outcomes[task.name]
        if outcome.done:
            try:
                results = _results_of(folder / "notebooks" / f"{task.name}.ipynb", task)
            except ResultError as error:
                outcome = Outcome(**{**asdict(outcome), "error": f"ResultError: {error}"})
            else:
                place = by_district.setdefault(task.district.code, {}) if task.district else once
                place[task.planned.name] = results
        final.append(outcome)
    return once, by_district, final


def _results_of(path: Path, task: Task) -> Results:
    """Read the results of one executed notebook, and hold a district's notebook to its district."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    results = collect(output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    about = results.get("district")
    if task.district and (about is None or getattr(about, "value", None) != task.district.code):
        message = (
            f"{task.name} says it is about {getattr(about, 'value', None)!r}, not {task.district.code}. "
            "Record the district "
            "that the notebook used: oda.record('district', oda.Fact(..., value=code))."
        )
        raise ResultError(message)
    return results
