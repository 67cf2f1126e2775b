"""One run of a pilot at a time."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from oda.errors import RunError
from oda.governance.probes.walking import walk
from oda.locking import is_held, one_at_a_time

HOLD = "import sys, time; from pathlib import Path; from oda.locking import one_at_a_time\n"
HOLD += "with one_at_a_time(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def test_a_second_run_is_refused_while_the_first_goes_on(tmp_path):
    """Two at once would write into the same folders."""
    with (
        one_at_a_time(tmp_path / "runs"),
        pytest.raises(RunError, match=r"^Another run of this pilot is going on\. Wait"),
        one_at_a_time(tmp_path / "runs"),
    ):
        pytest.fail("the second must not begin")
    with one_at_a_time(tmp_path / "runs"):
        assert is_held(tmp_path / "runs")
    assert not list((tmp_path / "runs").iterdir())


def test_a_process_that_was_killed_holds_no_lock(tmp_path):
    """After a crash nobody has to remove a file by hand."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        held = is_held(tmp_path)
        process.kill()
    assert held
    with one_at_a_time(tmp_path):
        pass


def test_to_ask_whether_a_run_goes_on_hinders_none(tmp_path, monkeypatch):
    """The question takes the lock for a moment; a run that starts just then tries again."""
    (tmp_path / ".lock").touch()
    tried = []

    def busy_once(_file):
        tried.append(time.monotonic())
        if len(tried) == 1:
            raise BlockingIOError

    monkeypatch.setattr("oda.locking.lock", busy_once)
    with one_at_a_time(tmp_path):
        assert len(tried) == 2


def test_no_runs_yet_is_no_run_going_on(tmp_path):
    """A fresh pilot has no folder of runs."""
    assert not is_held(tmp_path / "runs")


def test_what_a_running_notebook_writes_is_no_leak_and_what_it_left_behind_is_looked_at(tmp_path):
    """A notebook's own folder comes and goes during a run; one that a crash has left is a folder like any other."""
    (tmp_path / ".work-10-data").mkdir()
    (tmp_path / ".work-10-data" / "half.csv").write_text("nhs_number\n", encoding="utf-8")
    assert list(walk(tmp_path).files) == [".work-10-data/half.csv"]
    with one_at_a_time(tmp_path / "runs"):
        assert ".work-10-data/half.csv" not in walk(tmp_path).files
