"""Ways to run one notebook for many districts, each as the whole processes that a person would start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from measuring import Skip, say
from workload import bake_pilot, codes, differences, read_answers, write_notebook

HERE = Path(__file__).resolve().parent
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
LONGEST = 3600  # seconds that one command may take
LOOK = 0.25  # seconds between two looks at the memory


@dataclass(frozen=True, kw_only=True)
class Job:
    """Commands made ready in a folder: one after another, or all at once; `answers` finds what they leave behind."""

    folder: Path
    commands: tuple[list[str], ...]
    at_once: bool = False
    answers: str = "*.ipynb"
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to run the notebook for `districts` of them; `times` is what its seconds are to be taken by."""

    name: str
    prepare: Callable[[Path], Job]
    districts: int
    times: float = 1


@dataclass(frozen=True, kw_only=True)
class Peaks:
    """The most memory, in megabytes: of the command itself, and of the largest process it kept all the time."""

    command: float
    kept: float


def ours(districts: int, options: tuple[str, ...] = (), notebooks: int = 1) -> Way:
    """Return `oda run` in a pilot baked from the template."""

    def prepare(folder: Path) -> Job:
        pilot = bake_pilot(folder, districts=districts, notebooks=notebooks)
        command = [sys.executable, "-m", "oda", "run", *options]
        return Job(folder=pilot, commands=(command,), answers="runs/*/notebooks/*.ipynb")

    return Way(name="oda run", prepare=prepare, districts=districts)


def papermill_loop(districts: int, of: int) -> Way:
    """Return the papermill command, once for each district."""

    def prepare(folder: Path) -> Job:
        start = [sys.executable, "-m", "papermill", "--no-progress-bar"]
        source = str(write_notebook(folder / "timed.ipynb"))
        commands = ([*start, source, f"{code}.ipynb", "-p", "district", code] for code in codes(districts))
        return Job(folder=folder, commands=tuple(commands))

    return Way(name="a loop of papermill commands", prepare=prepare, districts=districts, times=of / districts)


def papermill_pool(districts: int, of: int, processes: int) -> Way:
    """Return papermill's API in a pool of processes."""

    def prepare(folder: Path) -> Job:
        source = str(write_notebook(folder / "timed.ipynb"))
        script = [sys.executable, str(HERE / "peers" / "pool.py")]
        return Job(folder=folder, commands=([*script, source, str(folder), str(processes), *codes(districts)],))

    name = f"papermill's API, {processes} processes"
    return Way(name=name, prepare=prepare, districts=districts, times=of / districts)


def bare(districts: int) -> Way:
    """Return the cells as plain Python, in one process for each core: the floor."""

    def prepare(folder: Path) -> Job:
        source = str(write_notebook(folder / "timed.ipynb"))
        script = [sys.executable, str(HERE / "peers" / "bare.py"), source]
        shares = (codes(districts)[place::CORES] for place in range(CORES))
        return Job(
            folder=folder,
            commands=tuple([*script, *share] for share in shares if share),
            at_once=True,
            answers="*.log",
        )

    return Way(name="the cells in one bare Python process per core", prepare=prepare, districts=districts)


def environment() -> dict[str, str]:
    """Return the environment of every command: bytecode kept, one thread for linear algebra, no colours."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | threads | {"PYDEVD_DISABLE_FILE_VALIDATION": "1", "PYTHONUTF8": "1"}


def time_way(way: Way, expected: dict[str, float] | None = None) -> tuple[float, dict[str, float]]:
    """Run a way in a new folder; return its seconds and its answers, which must be those expected."""
    say(f"    {way.name}")
    with tempfile.TemporaryDirectory(prefix="oda-timed-", ignore_cleanup_errors=True) as scratch:
        job = way.prepare(Path(scratch).resolve())
        seconds = time_job(job) * way.times
        say(f"      {seconds:.1f} s")
        answers = read_answers(job.folder, job.answers)
    fault = differences(answers if expected is None else expected, answers)
    if not fault and len(answers) != way.districts:
        fault = f"{len(answers)} answers for {way.districts} districts"
    if fault:
        raise Skip(f"{way.name}: {fault}")
    return seconds, answers


def time_job(job: Job, watch: Callable[[int], None] | None = None) -> float:
    """Return the seconds from the start of the first command to the end of the last."""
    logs = [job.folder / f"command-{place}.log" for place in range(len(job.commands))]
    running: list[subprocess.Popen[bytes]] = []
    start = time.perf_counter()
    try:
        for command, log in zip(job.commands, logs, strict=True):
            running.append(_begin(command, job, log))
            if watch:
                watch(running[-1].pid)
            if not job.at_once:
                running[-1].wait(LONGEST)
        for process in running:
            process.wait(LONGEST)
    except subprocess.TimeoutExpired as error:
        raise Skip(f"not done after {LONGEST / 60:.0f} minutes") from error
    finally:
        _end(running)
    seconds = time.perf_counter() - start
    for process, log in zip(running, logs, strict=True):
        if process.returncode:
            last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
            raise Skip(f"ended with {process.returncode}: {' / '.join(last) or 'no words'}")
    return seconds


def _begin(command: list[str], job: Job, log: Path) -> subprocess.Popen[bytes]:
    """Start a command in the job's folder; what it says goes to a file."""
    alone = environment() | job.environment
    with log.open("wb") as stream:
        return subprocess.Popen(command, cwd=job.folder, env=alone, stdout=stream, stderr=subprocess.STDOUT)  # noqa: S603


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """End what still runs, with all that came from it."""
    for process in processes:
        if process.poll() is None:
            with suppress(psutil.Error):
                for one in psutil.Process(process.pid).children(recursive=True):
                    with suppress(psutil.Error):
                        one.kill()
            process.kill()
            process.wait()


def watch_memory(way: Way) -> tuple[float, Peaks]:
    """Run a way once, looking at its processes' memory now and then; return its seconds and the peaks."""
    peaks: dict[int, float] = {}
    seen: dict[int, int] = {}
    ended = threading.Event()
    watchers: list[threading.Thread] = []

    def look(pid: int) -> None:
        while not ended.wait(LOOK):
            with suppress(psutil.Error):
                parent = psutil.Process(pid)
                for one in (parent, *parent.children(recursive=True)):
                    with suppress(psutil.Error):
                        peaks[one.pid] = max(peaks.get(one.pid, 0.0), one.memory_info().rss / 2**20)
                        seen[one.pid] = seen.get(one.pid, 0) + 1

    def watch(pid: int) -> None:
        watchers.append(threading.Thread(target=look, args=(pid,), name=str(pid)))
        watchers[-1].start()

    say(f"    {way.name}, its memory watched")
    with tempfile.TemporaryDirectory(prefix="oda-timed-", ignore_cleanup_errors=True) as scratch:
        try:
            seconds = time_job(way.prepare(Path(scratch).resolve()), watch)
            say(f"      {seconds:.1f} s")
        finally:
            ended.set()
            for thread in watchers:
                thread.join()
    command = int(watchers[0].name)
    most = max(seen.values(), default=0)
    kept = [peak for pid, peak in peaks.items() if pid != command and seen[pid] > 0.7 * most]
    return seconds, Peaks(command=peaks.get(command, 0.0), kept=max(kept, default=0.0))


def compile_bytecode(python: str) -> None:
    """Compile what an interpreter has installed, and `oda` in a checkout, so that nobody is timed compiling."""
    code = (
        "import compileall, importlib.util as u, pathlib, sysconfig\n"
        "found = u.find_spec('oda')\n"
        "homes = [sysconfig.get_path('purelib'), *(found.submodule_search_locations if found else ())]\n"
        "[compileall.compile_dir(home, quiet=2, workers=0) for home in homes]"
    )
    subprocess.run([python, "-c", code], env=environment(), check=False, capture_output=True)  # noqa: S603
