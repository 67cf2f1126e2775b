"""The commands about runs as a person or a program meets them."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_running import FIRST, SECOND, Script

from oda.cli import main
from oda.locking import one_at_a_time
from small import settings, small, write

pytestmark = pytest.mark.xdist_group("run")


class Early:
    """Stands for what kernels come from, and notes what is done with it."""

    def __init__(self) -> None:
        """Begin with nothing noted."""
        self.noted: list[str] = []

    def __enter__(self) -> Early:
        """Note the start."""
        self.noted.append("started")
        return self

    def __exit__(self, *_: object) -> None:
        """Note the end."""
        self.noted.append("ended")


class Called:
    """A pilot of two notebooks, and the commands in it."""

    def __init__(self, folder: Path) -> None:
        """Note the folder; the notebooks end well unless told otherwise."""
        self.folder, self.script, self.early = folder, Script(), Early()

    def __call__(self, *words: str, code: int = 0) -> str:
        """Return what a command said on standard output, or where it refused on the other."""
        said = CliRunner().invoke(main, words)
        assert said.exit_code == code, said.output + said.stderr
        return said.stderr if code and not said.stdout else said.stdout


@pytest.fixture
def oda(tmp_path, monkeypatch) -> Called:
    """Return a pilot whose notebooks are played by a script."""
    folder = small(tmp_path, [FIRST, SECOND | {"after": ["first"]}], first=["x = 1"], second=["# Words", "y = 1"])
    called = Called(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("oda.planning.package_hash", lambda: "as installed")
    monkeypatch.setattr("oda.running.open_farm", lambda *_: nullcontext(called.script))
    monkeypatch.setattr("oda.kernels.warming.Warm", lambda: called.early)
    return called


def test_a_run_a_second_one_and_what_has_changed_are_said_in_words(oda):
    """Status, dry run and run agree, and a dry run runs nothing."""
    assert oda("status").splitlines() == [
        "first: never run",
        "second: never run",
        "0 of 2 notebooks fresh. To run the 2 others: python3 start.py run",
    ]
    assert oda("run", "--dry-run").splitlines()[-1] == "2 notebooks would run, 0 would be kept as they are."
    assert oda.script.began == []
    assert "2 of 2 notebooks done. Record: runs/" in oda("run")
    second = oda("run").splitlines()
    assert second[0].startswith("Nothing has changed since runs/falls-and-frailty-")
    assert second[1].startswith("2 of 2 notebooks done. Record: runs/")
    assert oda("status").splitlines() == ["first: fresh", "second: fresh", "2 of 2 notebooks fresh."]
    write(oda.folder, "second", ["# Other words", "y = 2"])
    assert oda("status").splitlines()[1:] == [
        "second: parameter y: 1 is now 2",
        "1 of 2 notebooks fresh. To run the other: python3 start.py run",
    ]
    assert oda("run", "--dry-run").splitlines() == [
        "second: parameter y: 1 is now 2",
        "1 notebook would run, 1 would be kept as they are.",
    ]
    assert "2 of 2 notebooks done (1 of them unchanged)" in oda("run")


def test_what_is_started_early_ends_whether_it_is_needed_or_not(oda):
    """Kernels are made ready while settings are read; a plan that is only shown starts none."""
    oda("run", "--dry-run")
    oda("status")
    assert oda.early.noted == []
    oda("run")
    oda("run")
    (oda.folder / "pilot.yml").write_text("pilot: [", encoding="utf-8")
    oda("run", code=1)
    assert oda.early.noted == ["started", "ended"] * 3


def test_the_exit_code_and_the_cell_say_what_failed(oda):
    """A script that calls the command hears of it, and a person finds the place."""
    oda.script = Script(first=["KeyError: 'rate'"])
    said = oda("run", code=1)
    assert "first: FAILED: KeyError: 'rate'" in said
    assert "not started: first has not ended well" in said
    assert oda("status").splitlines()[0] == "first: failed last time"
    assert "2 of 2 notebooks done" in oda("run")


def test_everything_a_program_asks_for_is_json(oda):
    """One object for a question, one a line for a run, and nothing between them."""
    assert len(oda("status", "--json").splitlines()) == len(oda("run", "--dry-run", "--json").splitlines()) == 1
    assert json.loads(oda("status", "--json"))["causes"] == {"first": "never run", "second": "never run"}
    told = json.loads(oda("run", "--dry-run", "--json"))
    assert (told["would_run"], told["broken"]) == ({"first": "never run", "second": "never run"}, "")
    events = [json.loads(line) for line in oda("run", "--json").splitlines()]
    assert [event["event"] for event in events] == ["planned", "started", "ended", "started", "ended", "summary"]
    (event,) = [json.loads(line) for line in oda("run", "--progress", "json").splitlines()]
    assert (event["event"], event["done"], event["total"]) == ("unchanged", 2, 2)
    assert json.loads(oda("status", "--json"))["finished"] is True
    oda.script = Script(first=["ValueError: \x1b[31mno\nmore"])
    events = [json.loads(line) for line in oda("run", "--json", "--again", code=1).splitlines()]
    assert events[-1]["failed"] == 1


def test_quiet_says_what_failed_and_how_it_ended(oda):
    """Nothing else, so that a nightly job writes two lines."""
    oda.script = Script(second=["ValueError: no"])
    failed, last = oda("run", "--quiet", code=1).splitlines()
    assert failed == "second: FAILED: ValueError: no"
    assert last.startswith("1 of 2 notebooks done, 1 failed. Record: runs/")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--json", "--quiet"], "--quiet and --json exclude each other. Give one of them."),
        (["--progress", "plain", "--json"], "--progress plain and --json exclude each other. Give one of them."),
        (["--files", "s3://x"], "--files is for Dask's workers. Give --scheduler too, or leave it out."),
        (["--scheduler", ""], "--scheduler is empty. Give an address, such as tcp://host:8786, or leave it out."),
        (["--retry", "-1"], "Invalid value for '--retry'"),
        (["--workers", "0"], "Invalid value for '--workers'"),
        (["--fast"], "No such option"),
    ],
)
def test_a_misused_option_is_exit_two_with_the_reason(oda, words, why):
    """What cannot be meant is not guessed at."""
    assert why in oda("run", *words, code=2)


def test_a_name_that_is_not_there_is_refused_with_what_there_is(oda):
    """A misspelt district or notebook runs nothing."""
    assert oda("run", "--only", "firstt", code=1).startswith("'firstt' is no task, notebook or district")
    assert oda.script.began == []


def test_a_part_of_the_plan_is_no_report(oda):
    """A run of one notebook alone says so, and what to do for the whole."""
    assert "\n1 of 1 asked for done; the plan has 2. Record: runs/" in oda("run", "--only", "first")
    assert oda("report", code=1) == "1 of 2 notebooks have not been run. Run the others: python3 start.py run\n"
    said = oda("run", "--only", "first").splitlines()[1]
    assert said.startswith("1 of 1 asked for done; the plan has 2. Record: runs/")


def test_the_exit_code_is_about_what_was_asked_for(oda):
    """An older failure of another notebook ends no other with 1; one of those asked for does, and what it needs."""
    settings(oda.folder, run=[FIRST, SECOND])
    oda.script = Script(first=["OSError: busy"] * 4, second=["KeyError: 1"])
    oda("run", code=1)
    assert "\n1 of 1 asked for done; the plan has 2. Record" in oda("run", "--only", "second")
    assert oda("run", "--only", "second").startswith("Nothing has changed")
    first = oda("run", "--only", "first", code=1)
    assert first.startswith("1 notebook: 1 to run.")
    assert "\n0 of 1 asked for done, 1 failed; the plan has 2. Record" in first
    assert json.loads(oda("run", "--only", "first", "--json", code=1).splitlines()[-1])["total"] == 1
    assert "1 of 1 asked for done; the plan has 2" in oda("run", "--only", "first", "--retry", "1")


def test_a_dry_run_tells_what_would_run_from_what_may(oda):
    """What follows a changed notebook is kept when that leaves the same as ever."""
    oda("run")
    write(oda.folder, "first", ["x = 2"])
    last = "1 notebook would run, 1 may run (it follows first), 0 would be kept as they are."
    assert oda("run", "--dry-run").splitlines()[-1] == last
    told = json.loads(oda("run", "--dry-run", "--json"))
    assert (told["would_run"], told["may_run"]) == ({"first": "parameter x: 1 is now 2"}, {"second": "follows first"})
    oda.script.left["first"] = "other numbers"
    oda("run", "--only", "first")
    assert oda("run", "--dry-run").splitlines()[-1] == "1 notebook would run, 1 would be kept as they are."


def test_ctrl_c_before_anything_is_shown_is_said_in_a_word(oda, monkeypatch):
    """No traceback, and not click's own word alone."""

    def stop(*_: object) -> None:
        """Press Ctrl-C."""
        raise KeyboardInterrupt

    monkeypatch.setattr("oda.preparing.describe_inputs", stop)
    assert oda("run", code=1) == "Stopped.\n"


def test_a_broken_run_is_said_and_mended(oda):
    """A results file that was edited by hand is written again, and the reason is told by every command."""
    oda("run")
    (run,) = (oda.folder / "runs").iterdir()
    (run / "results.json").write_text("{}", encoding="utf-8")
    fault = f"run.json or results.json in runs/{run.name} is not as it was written"
    assert f"{fault}." in oda("status").splitlines()
    assert f"{fault}; it would be made again." in oda("run", "--dry-run").splitlines()
    assert f"{fault}; it is made again." in oda("run").splitlines()
    assert oda("run").startswith("Nothing has changed")


def test_two_runs_at_once_are_refused(oda):
    """The second says that the first is going on, and leaves it alone."""
    with one_at_a_time(oda.folder / "runs"):
        said = oda("run", "--quiet", code=1)
    assert said.startswith("Another run of this pilot is going on. Wait for its end")
    assert oda.script.began == []


def test_the_run_takes_no_lock_along(oda):
    """What a run leaves in runs/ is its own folder alone."""
    oda("run")
    assert [path.is_dir() for path in (oda.folder / "runs").iterdir()] == [True]
