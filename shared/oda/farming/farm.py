"""A plan on Dask: the notebooks of a run, executed by the workers of a scheduler or of one in this process.

What is sent is the name of a function of this package and plain values: workers run their own copy of it, and only
when it is the same. How safe the way to them is: `oda.farming.connecting`.
"""

from __future__ import annotations

import queue
import secrets
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oda.errors import COMMAND, OdaError, RunError
from oda.farming.carrying import (
    arrived,
    collect_products,
    left_behind,
    list_inputs,
    list_products,
    put_inputs,
    shared_folder,
)
from oda.farming.connecting import CONNECT, LEAVE, LOCAL, check_safe, connect, need_dask
from oda.kernels.preloading import needed
from oda.pool import HUNG, OVERTIME, TICK
from oda.summary import NOT_STARTED

if TYPE_CHECKING:
    from oda.farming.crew import Crew, Member
    from oda.jobs import Job
    from oda.pilot import Pilot

JOIN = 120.0  # seconds for a first worker to be found good
EMPTY = 30.0  # seconds that a run waits for another worker when none is left
MARGIN = 60.0  # seconds past the worker's own limit after which its answer is no longer waited for

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Try:
    """A notebook that a worker has been told to execute."""

    job: Job
    address: str
    future: Any
    until: float


class DaskFarm:
    """Dask's workers as they execute the jobs of a run; what a worker that dies had is executed elsewhere.

    Parameters
    ----------
    crew
        Who works.
    pilot
        The pilot's settings.
    terms
        On which they work.
    most
        Notebooks at a time; as many as the workers have threads when None.
    """

    def __init__(self, crew: Crew, pilot: Pilot, terms: Mapping[str, Any], *, most: int | None) -> None:
        from dask import config

        self.crew, self.client, self.pilot, self.terms, self.most = crew, crew.client, pilot, terms, most
        self.allowed = int(config.get("distributed.scheduler.allowed-failures", 3))
        self.flying: dict[str, _Try] = {}  # by Dask's key
        self.deaths: dict[str, list[str]] = {}  # names of workers that died, by the task they had
        self.waiting: deque[Job] = deque()
        self.over: deque[Record] = deque()
        self.landed: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.alone = time.monotonic()  # since when there is no worker

    def run(
        self, jobs: Sequence[Job], on_start: Callable[[str], None], on_tick: Callable[[], None]
    ) -> Iterator[Record]:
        """Execute jobs, and give the record of each as it ends.

        Parameters
        ----------
        jobs
            What to execute, in this order, as workers come free.
        on_start
            Called with the task's name when it is given to a worker that is free.
        on_tick
            Called a few times a second.

        Yields
        ------
        dict
            A task's record; when it could not be executed, only its name and why.
        """
        self.waiting.extend(jobs)
        carried = self._carry(jobs)
        while self.waiting or self.flying or self.over:
            for address, member in self.crew.look().items():
                self._rerun(address, member)
            self._give_up()
            self._assign(carried, on_start)
            self._land()
            while self.over:
                yield self.over.popleft()
            on_tick()

    def end(self) -> None:
        """Have the workers end what they still run, and remove what they fetched."""
        from oda.farming import farmhands

        for one in self.flying.values():
            one.future.release()
        if not self.terms["url"] or self.crew.silent:
            return
        leave, about = farmhands.leave, self.terms["session"]
        told = [self.client.submit(leave, about, workers=[one], pure=False) for one in self.crew.members]
        for one in told:
            with suppress(Exception):  # a worker that cannot do so now does it when it ends
                one.result(timeout=LEAVE)

    def _carry(self, jobs: Sequence[Job]) -> dict[str, str]:
        """Put what earlier notebooks have left where the workers find it, if they do not share the folder."""
        if not self.terms["url"] or not any(name.startswith("after ") for job in jobs for name in job.uses):
            return {}
        carried = list_products(Path(jobs[0].target))
        put_inputs(self.terms["url"], self.pilot.folder, carried)
        return carried

    def _assign(self, carried: Mapping[str, str], on_start: Callable[[str], None]) -> None:
        """Give jobs to workers that are free."""
        from oda.farming import farmhands

        while self.waiting and (address := self._free()):
            job = self.waiting.popleft()
            terms = {**self.terms, "run": Path(job.target).name}
            future = self.client.submit(
                farmhands.work,
                terms,
                {**asdict(job), "home": "", "target": ""},
                carried,
                key=f"oda-{job.task}-{secrets.token_hex(4)}",
                workers=[address],
                allow_other_workers=False,
                pure=False,
            )
            until = time.monotonic() + job.seconds + OVERTIME + MARGIN
            self.flying[future.key] = _Try(job=job, address=address, future=future, until=until)
            future.add_done_callback(lambda one: self.landed.put(one.key))
            on_start(job.task)

    def _free(self) -> str | None:
        """Return the worker that has most room, if any has and the scheduler is heard of."""
        if self.crew.silent or (self.most is not None and len(self.flying) >= self.most):
            return None
        had = [one.address for one in self.flying.values()]
        room = {address: member.threads - had.count(address) for address, member in self.crew.members.items()}
        best = max(room, key=lambda address: room[address], default=None)
        return best if best is not None and room[best] > 0 else None

    def _rerun(self, address: str, member: Member) -> None:
        """Have done elsewhere what a worker that has gone had, unless that has cost too many workers already."""
        for key in [key for key, one in self.flying.items() if one.address == address]:
            self._lose(self.flying.pop(key), member.name)

    def _lose(self, one: _Try, name: str) -> None:
        """Note that a worker went away with a job, and put that at the head of the queue or fail it."""
        one.future.release()
        names = self.deaths.setdefault(one.job.task, [])
        names.append(name)
        if len(names) <= self.allowed:
            if not self.crew.silent:
                sys.stderr.write(f"Dask worker {name} has gone; {one.job.task} is run elsewhere.\n")
            self.waiting.appendleft(one.job)
            return
        ended = f"{len(names)} Dask workers in turn ended while they ran it ({', '.join(dict.fromkeys(names))})"
        self._fail(one.job, f"{ended}; is there enough memory?")

    def _fail(self, job: Job, why: str) -> None:
        """Let a job end without products."""
        self.over.append({"task": job.task, "error": why, "seconds": 0.0})

    def _give_up(self) -> None:
        """Fail what is overdue, and everything when the scheduler is lost or no worker is left."""
        now = time.monotonic()
        for key in [key for key, one in self.flying.items() if now > one.until]:
            self.flying[key].future.release()
            self._fail(self.flying.pop(key).job, HUNG)
        if self.crew.members or self.crew.deciding:
            self.alone = now
        if self.crew.lost:
            self._give_up_all(f"the Dask scheduler {self.terms['address']} does not answer any more")
        elif now - self.alone > EMPTY:
            self._give_up_all(f"no Dask worker is left{_say_refused(self.crew)}")

    def _give_up_all(self, why: str) -> None:
        """Fail what a worker had, and start nothing more."""
        for one in self.flying.values():
            one.future.release()
            self._fail(one.job, f"{why}, and had begun it")
        for job in self.waiting:
            self._fail(job, f"{why}, and had begun it" if job.task in self.deaths else f"{NOT_STARTED}: {why}")
        self.flying.clear()
        self.waiting.clear()

    def _land(self) -> None:
        """Wait a moment for answers, and take in those that have come."""
        with suppress(queue.Empty):
            key = self.landed.get(timeout=TICK)
            while True:
                if key in self.flying:
                    self._take_in(self.flying.pop(key))
                key = self.landed.get_nowait()

    def _take_in(self, one: _Try) -> None:
        """Take in what a worker answered; one that died or may not work has its job done elsewhere."""
        from distributed import CancelledError, KilledWorker

        member = self.crew.members.get(one.address)
        try:
            record = dict(one.future.result(timeout=CONNECT))
        except (KilledWorker, CancelledError, TimeoutError):
            self._lose(one, member.name if member else one.address)
        except RunError as refused:
            self.crew.refuse(one.address, str(refused))
            self.waiting.appendleft(one.job)
        except Exception as error:  # noqa: BLE001  the others must finish whatever this one met
            self._fail(one.job, f"{type(error).__name__}: {error}")
        else:
            one.future.release()
            self.over.append(self._collect(record, Path(one.job.target)) if "key" in record else record)

    def _collect(self, record: Record, run: Path) -> Record:
        """Return a record whose products are in the run's folder and whole, or what is wrong with them."""
        url, about = self.terms["url"], {"task": record["task"], "seconds": record["seconds"]}
        if not url:
            if arrived(run, record):
                return record
            return about | {
                "error": f"its products did not arrive in runs/{run.name}, which the workers share. Run again"
            }
        try:
            collect_products(url, run, record)
        except OdaError as error:
            return about | {"error": str(error)}
        odd = [] if record["error"] else left_behind(self.pilot, record)
        if not odd:
            return record
        named = ", ".join(odd[:5])
        return about | {
            "error": f"it used or wrote what is not the same here and on its worker: {named}. Name data in a dataset's "
            "card, and files that it writes under 'outputs' in pilot.yml."
        }


def _say_refused(crew: Crew) -> str:
    """Say which workers were refused and why, or nothing."""
    said = "; ".join(f"{name}: {why}" for name, why in crew.refused.items())
    return f" ({said})" if said else ""


@contextmanager
def dask_farm(pilot: Pilot, address: str, *, workers: int | None = None, files: str = "") -> Iterator[DaskFarm]:
    """Give what executes jobs on Dask; used in a `with` statement, at whose end nothing of it runs any more.

    Parameters
    ----------
    pilot
        The pilot's settings.
    address
        Of a scheduler, such as `tcp://host:8786` or `tls://host:8786`; or `local` for one in this process.
    workers
        Notebooks at a time; as many as the workers have threads when not given.
    files
        The pilot's folder as the workers reach it: a path, or an address of fsspec, where they then fetch copies.

    Yields
    ------
    DaskFarm
        With at least one worker that may work.

    Raises
    ------
    RunError
        When Dask is not installed, the scheduler does not answer, or none of its workers may be used.
    GateError
        When data about people would travel in clear, or leave the folder.
    """
    need_dask()
    from oda.farming.crew import Crew
    from oda.farming.surveying import survey

    address = address if address == LOCAL or "://" in address else f"tcp://{address}"
    ours, shared = survey(pilot), shared_folder(files)
    url = files if files and not shared else ""
    check_safe(address, url, ours["held"])
    with ExitStack() as stack:
        client = connect(stack, address, workers)
        terms: dict[str, Any] = {
            "session": secrets.token_hex(8),
            "address": address,
            "survey": ours,
            "modules": list(needed(pilot.folder, [one.notebook for one in pilot.run])),
            "url": url,
            "folder": shared or str(pilot.folder),
            "sign": "" if url else stack.enter_context(_sign(pilot.folder)),
            "inputs": list_inputs(pilot) if url else {},
        }
        if url:
            put_inputs(url, pilot.folder, terms["inputs"])
        crew = Crew(client, terms)
        _gather(crew, address)
        farm = DaskFarm(crew, pilot, terms, most=workers)
        stack.callback(farm.end)
        yield farm


@contextmanager
def _sign(folder: Path) -> Iterator[str]:
    """Leave a file by which workers know the folder, and give its path from there."""
    sign = folder / "runs" / f".dask-{secrets.token_hex(8)}"
    sign.parent.mkdir(exist_ok=True)
    sign.touch()
    try:
        yield sign.relative_to(folder).as_posix()
    finally:
        sign.unlink(missing_ok=True)


def _gather(crew: Crew, address: str) -> None:
    """Wait until every worker has been held against this machine, or refuse when none may be used."""
    begun = time.monotonic()
    while True:
        crew.look()
        waited = time.monotonic() - begun
        if crew.members and (not crew.deciding or waited > EMPTY):
            return
        if waited > JOIN or (not crew.deciding and (crew.refused or waited > EMPTY)):
            break
        time.sleep(TICK / 2)
    if crew.refused:
        raise RunError(f"No worker of {address} may be used{_say_refused(crew)}. Mend what differs, and run again.")
    raise RunError(f"The Dask scheduler at {address} has no workers. Start one: {COMMAND} dask worker {address}")
