"""What happens inside a Dask worker: it is held against the machine that calls, then executes notebooks, one a thread.

Each notebook runs in a process of its own with a kernel of its own, which end when Dask no longer wants the answer.
"""

from __future__ import annotations

import atexit
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from oda.errors import OdaError, RunError
from oda.farming.carrying import fetch_inputs, put_products
from oda.farming.surveying import compare, survey
from oda.jobs import Job
from oda.kernels.warming import Warm, Worker
from oda.pilot import FILE_NAME, load_pilot
from oda.planning import package_hash
from oda.pool import DIED, HUNG, OVERTIME

LOOK = 0.2  # seconds between two looks at whether the answer is still wanted
GOING = frozenset({"closing", "closed", "failed", "stopping"})  # states of a worker that ends

Record = dict[str, Any]


class _Hands:
    """What this process keeps between notebooks: a parent of warm kernels, workers that wait, and folders."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.lock = threading.Lock()
        self.warm: dict[tuple[str, ...], Warm] = {}
        self.busy: Counter[tuple[str, ...]] = Counter()
        self.waiting: list[tuple[tuple[str, ...], Worker]] = []
        self.homes: dict[str, Path] = {}  # where the pilot is, by session
        self.private: dict[str, Path] = {}  # those of them that were made here
        self.watched = False

    def take(self, modules: tuple[str, ...], errors: Path) -> Worker:
        """Return a worker with warm kernels, one that waits if there is any."""
        with self.lock:
            if modules in self.warm and self.warm[modules].ended:
                self.warm[modules].restart()
            for one in [one for one in self.waiting if one[0] == modules]:
                self.waiting.remove(one)
                self.busy[modules] += 1
                return one[1]
            for other in [
                other for other in self.warm if not self.busy[other] and (other != modules or self.warm[other].ended)
            ]:
                self._end(other)
            if modules not in self.warm:
                self.warm[modules] = Warm(modules)
            with errors.open("ab") as stream:
                worker = Worker(self.warm[modules], stream)
            self.busy[modules] += 1
        return worker

    def give_back(self, modules: tuple[str, ...], worker: Worker, *, alive: bool) -> None:
        """Keep a worker that lives for the next notebook, and let go of one that does not."""
        with self.lock:
            self.busy[modules] -= 1
            if alive and modules in self.warm:
                self.waiting.append((modules, worker))
            else:
                worker.close()

    def _end(self, modules: tuple[str, ...]) -> None:
        """End a parent of kernels, with the workers that wait for it."""
        for _, worker in [one for one in self.waiting if one[0] == modules]:
            worker.close()
        self.waiting = [one for one in self.waiting if one[0] != modules]
        self.warm.pop(modules).__exit__(None, None, None)

    def forget(self, session: str) -> None:
        """Remove the private folder of a session."""
        self.homes.pop(session, None)
        folder = self.private.pop(session, None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def leave(self) -> None:
        """End every process, and remove every folder."""
        with self.lock:
            for modules in list(self.warm):
                self._end(modules)
            for session in list(self.homes):
                self.forget(session)


_hands = _Hands()
atexit.register(_hands.leave)


def here() -> bool:
    """Tell that this package is here; whoever cannot say so has none.

    Returns
    -------
    bool
        True.
    """
    return True


@cache
def _code_at_start() -> str:
    """Return the hash of this package as it was when this process first asked."""
    return package_hash()


def join(terms: Mapping[str, Any]) -> list[str]:
    """Hold this worker against the machine that calls, and get ready to work for it.

    Parameters
    ----------
    terms
        `session`; `folder` (where the pilot is, for workers that reach it) with `sign` (a file that must lie in it), or
        `url` with `inputs`; and `survey`, what the caller has.

    Returns
    -------
    list of str
        In what this worker differs; none when it may work.
    """
    try:
        home = _home(terms)
        if home is None:
            path = terms["folder"]
            return [f"it sees another folder at {path}, or none. Say with --files where it finds the pilot"]
        if _code_at_start() != package_hash():
            return ["its oda was replaced since it began. Start it again"]
        odd = compare(survey(load_pilot(home)), terms["survey"])
    except (OdaError, OSError) as error:
        return [str(error)]
    if not odd:
        _end_with_worker()
        _hands.homes[terms["session"]] = home
    return odd


def _home(terms: Mapping[str, Any]) -> Path | None:
    """Return where the pilot is: the shared folder that bears the sign, or a private one with what was fetched."""
    if not terms["url"]:
        home = Path(terms["folder"])
        return home if (home / FILE_NAME).is_file() and (home / terms["sign"]).is_file() else None
    from distributed import get_worker

    with _hands.lock:
        if terms["session"] not in _hands.private:
            _hands.private[terms["session"]] = Path(mkdtemp(prefix="oda-", dir=get_worker().local_directory))
        private = _hands.private[terms["session"]]
        fetch_inputs(terms["url"], private, terms["inputs"])
    return private


def _end_with_worker() -> None:
    """See that everything ends when the Dask worker of this process does."""
    from distributed import WorkerPlugin, get_worker

    class Ending(WorkerPlugin):
        """Hears of the worker's end."""

        def teardown(self, worker: object) -> None:  # noqa: ARG002  Dask's
            """End every process, and remove every folder."""
            _hands.leave()

    if not _hands.watched:
        _hands.watched = True
        worker = get_worker()
        worker.loop.add_callback(worker.plugin_add, Ending(), "oda")


def leave(session: str) -> None:
    """Remove what was fetched for a caller who has finished.

    Parameters
    ----------
    session
        As in its terms.
    """
    with _hands.lock:
        _hands.forget(session)


def work(terms: Mapping[str, Any], told: Mapping[str, Any], carried: Mapping[str, str]) -> Record:
    """Execute one notebook, and say what became of it.

    Parameters
    ----------
    terms
        As for `join`, with `run`, the name of the run, and `modules`, what notebooks import.
    told
        The fields of a `Job`; `home` and `target` are set here.
    carried
        SHA-256 of what earlier notebooks have left, by path, where that has to be fetched.

    Returns
    -------
    dict
        The task's record.

    Raises
    ------
    RunError
        When this worker may not work for the caller.
    """
    if terms["session"] not in _hands.homes:  # a worker that was started again at the same address
        odd = join(terms)
        if odd:
            raise RunError("; ".join(odd))
    home = _hands.homes[terms["session"]]
    if carried:
        with _hands.lock:
            fetch_inputs(terms["url"], home, carried)
    run = home / "runs" / terms["run"]
    (run / "notebooks").mkdir(parents=True, exist_ok=True)
    job = Job(**{**told, "home": str(home), "target": str(run)})
    record = _execute(job, tuple(terms["modules"]), run / "workers.log", _unwanted())
    return put_products(terms["url"], run, record) if terms["url"] and "key" in record else record


def _unwanted() -> Callable[[], bool]:
    """Return what tells that Dask no longer wants the answer of the task of this thread, or that its worker ends."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def told() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state == "cancelled" or worker.status.name in GOING

    return told


def _execute(job: Job, modules: tuple[str, ...], errors: Path, unwanted: Callable[[], bool]) -> Record:
    """Have a notebook executed by a process of its own, which ends when its answer is not wanted or it is overdue."""
    clock = time.monotonic()
    over, ended = threading.Event(), threading.Event()
    worker = _hands.take(modules, errors)

    def watch() -> None:
        while not over.wait(LOOK):
            if unwanted() or time.monotonic() - clock > job.seconds + OVERTIME:
                ended.set()
                worker.end()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    record = worker.do(asdict(job))
    over.set()
    watcher.join()
    _hands.give_back(modules, worker, alive=record is not None and not ended.is_set())
    if record is not None:
        return record
    shutil.rmtree(job.folder, ignore_errors=True)
    seconds = round(time.monotonic() - clock, 2)
    return {"task": job.task, "error": HUNG if seconds > job.seconds else DIED, "seconds": seconds}
