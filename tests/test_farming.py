"""A plan on Dask: the same answers as on one machine, on workers that are the same, and a worker may die."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

import oda
from oda.errors import GateError, RunError
from oda.farming.carrying import collect_products, fetch_inputs, put_inputs, put_products
from oda.farming.connecting import check_safe
from oda.farming.farm import dask_farm
from oda.farming.surveying import compare, survey
from oda.jobs import make_job
from oda.pilot import load_pilot
from oda.planning import plan_tasks, shared_key
from oda.preparing import Policy
from oda.running import run_plan
from oda.runs import Run
from small import SAY, go, of, small

pytest.importorskip("distributed", reason="Dask is optional, and not installed here")
pytestmark = pytest.mark.xdist_group("dask")

PLACE = {"notebook": "notebooks/place.ipynb", "for_each": "district", "outputs": {"n.csv": "public"}}
LAST = {"notebook": "notebooks/last.ipynb", "after": ["place"]}
ROWS = f'{SAY}\nn = len(oda.load("falls", district=district).frame)\nopen("n.csv", "w").write(f"n\\n{{n}}\\n")'
READ = 'import oda\noda.record("n", oda.Fact(sentence=oda.output("n.csv", of="place-redditch").read_text(), value=1))'


def pilot_at(to: Path, more: str = "") -> Path:
    """Return a pilot with a notebook for each district and one after them."""
    to.mkdir(exist_ok=True)
    return small(to, [PLACE, LAST], place=['district = ""', f"{ROWS}\n{more}"], last=["x = 1", READ])


def on_dask(folder: Path, scheduler: str, files: str = "") -> Run:
    """Run what has changed of a pilot on Dask."""
    return run_plan(load_pilot(folder), Policy(scheduler=scheduler, files=files))[0]


def results(folder: Path) -> bytes:
    """Return the results of a pilot's only run, as they stand on disk."""
    return next(folder.glob("runs/*/results.json")).read_bytes()


def dask(*words: str, path: str = "") -> subprocess.Popen[bytes]:
    """Start a scheduler or a worker in a process of its own."""
    env = {**os.environ, **({"PYTHONPATH": path} if path else {}), "DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING": "0"}
    command = [sys.executable, "-m", "dask", *words, "--host", "127.0.0.1", "--no-dashboard"]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def worker(address: str, name: str, folder: Path, path: str = "") -> subprocess.Popen[bytes]:
    """Start a worker for one notebook at a time."""
    own = ("--name", name, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
    return dask("worker", address, *own, path=path)


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, subprocess.Popen[bytes]]]]:
    """Start a scheduler and two workers on loopback, each a process, and end them."""
    told = tmp_path_factory.mktemp("dask") / "scheduler.json"
    with ExitStack() as stack:
        scheduler = dask(
            "scheduler", "--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(told)
        )
        stack.callback(scheduler.wait)
        stack.callback(scheduler.kill)
        until = time.monotonic() + 30
        while not (told.is_file() and told.read_text(encoding="utf-8").endswith("}")) and time.monotonic() < until:
            time.sleep(0.1)
        address = json.loads(told.read_text(encoding="utf-8"))["address"]
        workers = {name: worker(address, name, told.parent) for name in ("north", "south")}
        for one in workers.values():
            stack.callback(one.wait)
            stack.callback(one.terminate)
        yield address, workers


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the results of the plan as one machine gives them without Dask."""
    folder = pilot_at(tmp_path_factory.mktemp("plain"))
    assert not go(folder).failed
    return results(folder)


def test_two_workers_give_what_one_machine_gives(farm, tmp_path, expected):
    """On Dask the results are the same to the byte, and a second run, without Dask, has nothing to do."""
    folder = pilot_at(tmp_path)
    run = on_dask(folder, farm[0])
    assert not run.failed
    assert results(folder) == expected
    assert not any(folder.glob("runs/.dask-*"))
    assert go(folder).record == run.record


def test_workers_that_share_no_folder_fetch_and_return_files(tmp_path, expected):
    """Inputs go to a store and are checked on arrival, products come back, later notebooks have earlier ones' files."""
    folder = pilot_at(tmp_path)
    run = on_dask(folder, "local", f"memory://{tmp_path.name}")
    assert not run.failed
    assert results(folder) == expected
    assert (run.folder / "out" / "public" / "place-redditch" / "n.csv").is_file()
    assert go(folder).record == run.record


def test_nothing_that_was_fetched_is_left_on_a_worker(farm, tmp_path, expected, tmp_path_factory):
    """Workers of another machine keep no copy of a file once the run has ended."""
    folder = pilot_at(tmp_path / "pilot")
    assert not on_dask(folder, farm[0], f"simplecache::{(tmp_path / 'store').as_uri()}").failed
    assert results(folder) == expected
    assert any((tmp_path / "store" / "inputs").iterdir())
    assert not any(tmp_path_factory.getbasetemp().glob("dask*/**/oda-*"))


def test_a_file_that_only_one_machine_has_is_named(tmp_path):
    """A notebook that reads a file of no dataset's card cannot do so elsewhere, and its numbers are not taken."""
    cell = 'import oda, pathlib\nwhere = pathlib.Path("../data/raw/areas.csv")\ntry:\n    where.read_text()\n'
    folder = small(
        tmp_path, [{"notebook": "notebooks/once.ipynb"}], once=["x = 1", f"{cell}except OSError:\n    x = 2"]
    )
    (folder / "data" / "raw" / "areas.csv").write_text("a\n1\n", encoding="utf-8")
    run = on_dask(folder, "local", f"memory://{tmp_path.name}")
    assert "file data/raw/areas.csv. Name data in a dataset's card" in of(run, "once").error


def test_a_worker_with_other_code_is_refused_by_name(farm, tmp_path, capfd):
    """It gets no notebook; the person is told what differs, and the others do the work."""
    other = shutil.copytree(Path(oda.__file__).parent, tmp_path / "other" / "oda")
    (other / "panel.py").write_text("# other\n" + (other / "panel.py").read_text(encoding="utf-8"), encoding="utf-8")
    odd = worker(farm[0], "odd", tmp_path, str(other.parent))
    try:
        time.sleep(4)
        assert not on_dask(pilot_at(tmp_path / "pilot"), farm[0]).failed
    finally:
        odd.terminate()
        odd.wait()
    said = capfd.readouterr().err
    assert "Dask worker odd (tcp://127.0.0.1:" in said
    assert "with other code" in said


def test_what_is_not_wanted_any_more_ends_on_the_worker(farm, tmp_path):
    """On Ctrl-C, or when the first failure is enough, the kernels on other machines end within seconds."""
    cell = f"import os, pathlib, time\npathlib.Path({str(tmp_path / 'kernel')!r}).write_text(str(os.getpid()))\n"
    folder = small(tmp_path, [{"notebook": "notebooks/once.ipynb"}], once=["x = 1", f"{cell}time.sleep(600)"])
    pilot = load_pilot(folder)
    (folder / "runs" / "it").mkdir(parents=True)
    job = make_job(plan_tasks(pilot)[0], pilot, folder / "runs" / "it", shared=shared_key(pilot), uses={})

    def stop_at_kernel() -> None:
        if (tmp_path / "kernel").is_file() and (tmp_path / "kernel").read_text(encoding="utf-8"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), dask_farm(pilot, farm[0]) as crew:
        list(crew.run([job], lambda _: None, stop_at_kernel))
    until = time.monotonic() + 5
    while psutil.pid_exists(int((tmp_path / "kernel").read_text(encoding="utf-8"))) and time.monotonic() < until:
        time.sleep(0.1)
    assert time.monotonic() < until


def test_a_worker_that_is_killed_costs_no_notebook(farm, tmp_path, expected, capfd):
    """What it had is run by the other one, the results are the same, and none of its processes is left."""
    folder = pilot_at(
        tmp_path / "pilot", f"import pathlib, time\npathlib.Path({str(tmp_path)!r}, district).touch()\ntime.sleep(1)"
    )
    north, family = farm[1]["north"], []

    def kill() -> None:
        if not family and len(list(tmp_path.glob("E*"))) == 2:
            family.extend(psutil.Process(north.pid).children(recursive=True))
            north.kill()

    pilot = load_pilot(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oda.progress.Display.tick", lambda _: kill())
        run = on_dask(folder, farm[0])
    assert pilot.folder == folder
    assert not run.failed
    assert results(folder) == expected
    assert family
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert "Dask worker north" in capfd.readouterr().err


def test_no_scheduler_is_said_and_nothing_has_run(tmp_path, monkeypatch):
    """An address where nobody answers ends in a sentence after a bounded time, with no run begun."""
    monkeypatch.setattr("oda.farming.connecting.CONNECT", 1.0)
    folder = pilot_at(tmp_path)
    with pytest.raises(RunError, match=r"^No Dask scheduler answers at tcp://127\.0\.0\.1:1 .*Start it: "):
        on_dask(folder, "127.0.0.1:1")
    assert not any(folder.glob("runs/*/run.json"))


def test_dask_is_asked_for_only_where_it_is_needed(tmp_path, monkeypatch):
    """Without the optional packages the person is told what installs them."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RunError, match=r"^--scheduler needs Dask, which is not installed here .*Install it: "):
        on_dask(pilot_at(tmp_path), "local")


@pytest.mark.parametrize(
    ("address", "url", "said"),
    [
        ("tcp://farm.example:8786", "", "tcp://farm.example:8786 is not encrypted"),
        ("tcp://10.0.0.5:8786", "", "is not encrypted"),
        ("tls://farm.example:8786", "s3://bucket/pilot", "a copy may not be put at s3://bucket/pilot"),
        ("local", "memory://pilot", "a copy may not be put"),
    ],
)
def test_data_about_people_neither_travel_in_clear_nor_leave_the_folder(address, url, said):
    """Such data are worked on behind TLS or on this machine, in their own folder; made-up and open data anywhere."""
    with pytest.raises(GateError, match=f"falls is neither made up nor open, and .*{said}"):
        check_safe(address, url, ["falls"])
    check_safe(address, url, [])


@pytest.mark.parametrize("address", ["local", "tls://farm.example:8786", "tcp://127.0.0.1:8786", "tcp://[::1]:1"])
def test_data_about_people_may_be_worked_on_where_it_is_safe(address):
    """On this machine, or behind TLS."""
    check_safe(address, "", ["falls"])


def test_all_that_decides_an_answer_is_held_against_the_caller_s(tmp_path):
    """Python, oda, packages of the lock, settings, data, code and gates: each difference is said in words."""
    ours = survey(load_pilot(pilot_at(tmp_path)))
    assert compare(ours, ours) == []
    theirs = {
        **ours,
        "python": "3.9",
        "oda": "",
        "packages": {**ours["packages"], "pandas": "2.0"},
        "lock": "",
        "settings": "",
        "datasets": {},
        "code": {},
        "gates": {"falls": "load refused."},
    }
    said = " | ".join(compare(theirs, ours))
    for words in ("Python 3.9", "other code", "pandas 2.0", "requirements/run.txt", "pilot.yml", "data for falls"):
        assert words in said
    assert said.endswith("another notebooks/last.ipynb | another notebooks/place.ipynb | its gate says: load refused.")


def test_a_file_that_was_changed_on_the_way_is_refused(tmp_path):
    """Whatever comes from a store is held against the hash that was told, in both directions."""
    url, home = f"memory://{tmp_path.name}", tmp_path / "there"
    (tmp_path / "a.csv").write_text("a\n", encoding="utf-8")
    put_inputs(url, tmp_path, {"a.csv": "0" * 64})
    with pytest.raises(RunError, match=r"^a\.csv in memory://.* is not the file that was put there"):
        fetch_inputs(url, home, {"a.csv": "0" * 64})
    run = tmp_path / "runs" / "it"
    (run / "tasks").mkdir(parents=True)
    (run / "tasks" / "once.json").write_text("{}", encoding="utf-8")
    record = put_products(url, run, {"task": "once", "outputs": []})
    with pytest.raises(RunError, match=r"^tasks/once\.json in memory://.* is not the file that the worker wrote"):
        collect_products(url, run, {**record, "record_sha256": "0" * 64})
    outside = {"file": "../../x", "level": "public", "sha256": "0" * 64}
    with pytest.raises(RunError, match="would lie outside the run"):
        collect_products(url, run, {**record, "outputs": [outside]})
