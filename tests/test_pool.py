"""Workers on this machine: one that dies harms no other, and nothing is left of a run however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from oda.kernels.warming import Warm
from oda.pool import DIED, Pool, default_workers
from warmed import job, place, run, write

pytestmark = pytest.mark.xdist_group("kernels")

PATIENCE = 30.0  # seconds in which kernels start on a busy machine
STARTS = """
import os, subprocess
subprocess.Popen(["sleep", "123"]); subprocess.Popen(["sleep", "124"], start_new_session=True)
os.system("sleep 125 &"); open("left.csv", "w").write("1")
open(os.path.join("..", f"started-{told}"), "w").write(str(os.getpid()))
"""
WAYS = [("fork", "SIGINT"), ("fork", "SIGTERM"), ("fork", "SIGKILL"), ("ahead", "SIGINT"), ("ahead", "SIGKILL")]


@dataclass(frozen=True)
class Ended:
    """A run that was ended from outside."""

    folder: Path
    seconds: float  # that the main process took to end
    left: list[psutil.Process]  # of all that it had started, after three seconds


def wait_for(folder: Path, pattern: str, number: int = 1) -> None:
    """Wait until so many files are there."""
    until = time.monotonic() + PATIENCE
    while len(list(folder.glob(pattern))) < number:
        assert time.monotonic() < until, f"{pattern} did not come"
        time.sleep(0.05)


def begin(folder: Path, mode: str) -> psutil.Popen:
    """Start a run of one notebook that starts processes and then sleeps, with a folder for temporary files."""
    (folder / "temporary").mkdir(parents=True)
    write(folder, "sleeps", STARTS, "import time; time.sleep(300)")
    command = [sys.executable, str(Path(__file__).with_name("warmed.py")), str(folder), mode]
    env = os.environ | {"TMPDIR": str(folder / "temporary")}
    return psutil.Popen(command, env=env, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def temporary(one: psutil.Process) -> str:
    """Return where a process puts temporary files; nothing for one that has ended."""
    try:
        return one.environ().get("TMPDIR", "")
    except psutil.Error:
        return ""


def finish(folder: Path, main: psutil.Popen, sign: str) -> Ended:
    """Send a signal to the main process, and look what is left."""
    mine = [*main.children(recursive=True), *(one for one in psutil.process_iter() if one.name() == "sleep")]
    mine = [one for one in mine if str(folder) in temporary(one)]
    assert len(mine) >= 5  # parent or worker, kernel, and three that the notebook has started
    clock = time.monotonic()
    main.send_signal(getattr(signal, sign))
    main.wait(10)
    took = time.monotonic() - clock
    _, left = psutil.wait_procs(mine, timeout=3)
    return Ended(folder, took, [one for one in left if one.status() != psutil.STATUS_ZOMBIE])


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Ended]]:
    """Start all runs together, then end each in its way."""
    folders = {way: tmp_path_factory.mktemp("-".join(way)) / "pilot" for way in WAYS}
    mains = {way: begin(folder, way[0]) for way, folder in folders.items()}
    for folder in folders.values():
        wait_for(folder, "started-*")  # none is timed while others still import
    yield {way: finish(folders[way], mains[way], way[1]) for way in WAYS}
    for main in mains.values():
        main.poll()


@pytest.mark.parametrize("way", WAYS)
def test_no_process_is_left_however_a_run_ends(ended: dict[tuple[str, str], Ended], way: tuple[str, str]):
    """Not the parent, a worker or a kernel, and nothing that a notebook has started, even in a session of its own."""
    assert ended[way].left == []


@pytest.mark.parametrize("way", [way for way in WAYS if way[1] == "SIGINT"])
def test_ctrl_c_ends_within_two_seconds_and_leaves_no_files(ended: dict[tuple[str, str], Ended], way: tuple[str, str]):
    """Nothing stays in the folder for temporary files, nor the notebook's working folder; the notebook stays."""
    folder = ended[way].folder
    assert ended[way].seconds < 2
    assert (list((folder / "temporary").iterdir()), list(folder.glob(".work-*"))) == ([], [])
    assert (folder / "run" / "notebooks" / "sleeps.ipynb").is_file()


@pytest.mark.parametrize("way", [way for way in WAYS if way[1] == "SIGKILL"])
def test_even_a_killed_run_leaves_no_temporary_files(ended: dict[tuple[str, str], Ended], way: tuple[str, str]):
    """The sockets are removed by those that hear of the main process's end."""
    assert list((ended[way].folder / "temporary").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
@pytest.mark.parametrize("jobs", [0, 1])
def test_ctrl_c_does_not_wait_for_what_is_still_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
):
    """A second after the start, kernels wait for pandas; whoever stops the run then does not."""
    (tmp_path / "endless.py").write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folder = tmp_path / "pilot"
    write(folder, "never", "1")

    stopped = []

    def stop(_: str) -> None:
        """Press Ctrl-C once the notebook is to start."""
        time.sleep(0.5)
        stopped.append(time.monotonic())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Warm(("endless",)) as warm, Pool(warm, 1, tmp_path / "errors") as pool:
        list(pool.run([job(folder, "never")], stop, lambda: None)) if jobs else stop("before any notebook")
    assert time.monotonic() - stopped[0] < 1


def test_a_worker_that_dies_takes_no_other_notebook_with_it(tmp_path: Path):
    """The notebook of a killed worker fails, its kernel ends, and the others run on."""
    write(
        tmp_path, "long", "import os; open('../started', 'w').write(str(os.getpid()))", "import time; time.sleep(300)"
    )
    for name in ("one", "two"):
        write(tmp_path, name, "1 + 1")
    with Pool(place(), 1, tmp_path / "workers.log") as pool:

        def kill() -> None:
            wait_for(tmp_path, "started")
            os.kill(pool.live[0].pid, signal.SIGKILL)

        threading.Thread(target=kill).start()
        jobs = [job(tmp_path, name) for name in ("long", "one", "two")]
        records = {one["task"]: one["error"] for one in pool.run(jobs, lambda _: None, lambda: None)}
    assert records == {"long": DIED, "one": "", "two": ""}
    assert not list(tmp_path.glob(".work-*"))


def test_a_parent_that_dies_is_started_again_once(tmp_path: Path):
    """What ran in it fails, what comes after runs under a new one; when that dies too, the rest is told to fail."""
    kill = "import os, signal, time; os.kill(int(os.environ['JPY_PARENT_PID']), signal.SIGKILL); time.sleep(60)"
    for name in ("a", "c"):  # asleep, so that the cell cannot end before its kernel does
        write(tmp_path, name, kill)
    for name in ("b", "d"):
        write(tmp_path, name, "1 + 1")
    with Warm(()) as warm, Pool(warm, 1, tmp_path / "workers.log") as pool:
        jobs = [job(tmp_path, name) for name in "abcd"]
        records = {one["task"]: one["error"] for one in pool.run(jobs, lambda _: None, lambda: None)}
    assert ["(SIGKILL)" in records[name] for name in "abc"] == [True, False, True]
    assert records["b"] == ""
    assert "Run again" in records["d"]


def test_what_a_notebook_has_left_running_ends_with_it(tmp_path: Path):
    """A process that a notebook has let go of does not outlive its kernel, though others go on."""
    pids = "import subprocess; print(subprocess.Popen(['sleep', '126'], start_new_session=True).pid)"
    run(tmp_path, {"leaves": [pids], "crashes": [pids, "import os; os._exit(1)"]})
    gone = [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "126"]]
    assert psutil.wait_procs(gone, timeout=1)[1] == []


def test_a_job_that_cannot_be_told_fails_alone(tmp_path: Path):
    """A value that is no JSON ends no run."""
    write(tmp_path, "one", "1 + 1")
    with Pool(place(), 1, tmp_path / "workers.log") as pool:
        jobs = [job(tmp_path, "one", parameters={"told": object()}), job(tmp_path, "one", task="two")]
        records = {one["task"]: one["error"] for one in pool.run(jobs, lambda _: None, lambda: None)}
    assert records["one"].startswith("TypeError")
    assert records["two"] == ""


def test_there_are_more_workers_than_processors():
    """Each notebook waits for its kernel now and then."""
    assert 4 <= default_workers() <= 61
