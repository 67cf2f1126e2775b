"""Several notebooks at a time on this machine: workers that each execute one after another, and what ends them."""

from __future__ import annotations

import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from oda.errors import RunError
from oda.kernels import can_fork
from oda.kernels.warming import Warm, Worker

if TYPE_CHECKING:
    from oda.jobs import Job

REMOVING = 1.0  # seconds in which a kernel that was ended lets go of its files
TICK = 0.2  # seconds; Windows hears Ctrl-C only between two waits
PATIENCE = 2.0  # seconds that the thread of a worker is given to end
OVERTIME = 60  # seconds past its limit after which a notebook is ended from outside, kernel and worker
DIED = "the process that ran it ended without a word; is there enough memory?"
HUNG = "it did not end when its time was up, and was ended from outside"

Record = dict[str, Any]


def default_workers() -> int:
    """Return how many notebooks run at a time: more than processors, since each waits for its kernel now and then.

    Returns
    -------
    int
        Two for each processor that this process may use, since forks share memory; where kernels are started ahead,
        each with packages of its own, one for each processor. At most 61, which Windows bears.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(2 * usable if can_fork() else usable, 61)


class Pool:
    """Workers on this machine; used in a `with` statement, at whose end no process is left.

    Parameters
    ----------
    warm, workers
        Where workers start, and how many.
    errors
        File for what they say outside any notebook.
    """

    def __init__(self, warm: Warm, workers: int, errors: Path) -> None:
        """Note where workers start, how many, and the file for what they say outside any notebook."""
        self.warm, self.workers = warm, workers
        self.errors: IO[bytes] = errors.open("ab")
        self.live: dict[int, Worker] = {}  # by the number of their thread
        self.threads: list[threading.Thread] = []
        self.ending = False

    def __enter__(self) -> Pool:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """End what still runs; after Ctrl-C nobody waits for what is still being imported."""
        self.end()
        if kind is KeyboardInterrupt:
            self.warm.hurry()
        for thread in self.threads:
            thread.join(PATIENCE)
        self.errors.close()

    def run(
        self, jobs: Sequence[Job], on_start: Callable[[str], None], on_tick: Callable[[], None]
    ) -> Iterator[Record]:
        """Execute jobs, and give the record of each as it ends.

        Parameters
        ----------
        jobs
            What to execute, in this order.
        on_start
            Called with the task's name when it starts.
        on_tick
            Called a few times a second.

        Yields
        ------
        dict
            A task's record; when its process died, only its name and why.
        """
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        done: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        for number in range(min(self.workers, len(jobs))):
            self.threads.append(threading.Thread(target=self._work, args=(number, waiting, done), daemon=True))
            self.threads[-1].start()
        left = len(jobs)
        while left:
            with suppress(queue.Empty):
                what, content = done.get(timeout=TICK)
                if what == "started":
                    on_start(content)
                else:
                    left -= 1
                    yield content
            on_tick()

    def _work(self, number: int, waiting: queue.SimpleQueue[Job], done: queue.SimpleQueue[tuple[str, Any]]) -> None:
        """In a thread: have one job after another done by a worker of its own, a new one where that has died."""
        with suppress(queue.Empty):
            while not self.ending:
                job = waiting.get_nowait()
                done.put(("started", job.task))
                done.put(("ended", self._one(number, job)))
        worker = self.live.pop(number, None)
        if worker:
            worker.close()

    def _one(self, number: int, job: Job) -> Record:
        """Have one job done; end its worker when it is far past its time."""
        clock = time.perf_counter()
        try:
            self.warm.restart()  # only what has died
            worker = self.live.get(number) or self._start(number)
        except (RunError, OSError) as error:
            return {"task": job.task, "error": str(error), "seconds": 0.0}
        alarm = threading.Timer(job.seconds + OVERTIME, worker.end)
        alarm.daemon = True
        alarm.start()
        try:
            record = worker.do(asdict(job))
        except TypeError as error:  # a value that cannot be told
            return {"task": job.task, "error": f"TypeError: {error}", "seconds": 0.0}
        finally:
            alarm.cancel()
        if record is not None:
            return record
        self.live.pop(number, None)
        worker.close()
        _remove(job.folder)
        seconds = time.perf_counter() - clock
        return {"task": job.task, "error": HUNG if seconds > job.seconds else DIED, "seconds": round(seconds, 2)}

    def _start(self, number: int) -> Worker:
        """Start a worker."""
        self.live[number] = Worker(self.warm, self.errors)
        if self.ending:
            self.live[number].end()
        return self.live[number]

    def end(self) -> None:
        """End every worker with its kernel, at once."""
        self.ending = True
        for worker in list(self.live.values()):
            worker.end()


def _remove(folder: Path) -> None:
    """Remove the working folder of a notebook whose worker could not, and whose kernel may take a moment to end."""
    until = time.monotonic() + REMOVING
    while folder.exists() and time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(TICK / 10)
