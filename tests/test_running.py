"""The run: what is executed in which order, what is kept, and what becomes of it when something goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock, patch

import psutil
import pytest

from finished import made_up
from oda.errors import DatasetError, RunError
from oda.executing import _hold_to_told
from oda.hashing import hash_values
from oda.jobs import Job
from oda.pilot import load_pilot
from oda.preparing import Policy, current_run
from oda.records import hash_file, write_task
from oda.running import run_plan
from oda.runs import read_run
from small import ONCE, PLACES, SAY, executed, go, of, plan, settings, small, write

pytestmark = pytest.mark.xdist_group("run")

FIRST, SECOND, THIRD = ({"notebook": f"notebooks/{name}.ipynb"} for name in ("first", "second", "third"))
CHAIN = [FIRST, SECOND | {"after": ["first"]}, THIRD | {"after": ["second"]}]
CELL = ["share = 1"]
FILES = """\
from pathlib import Path
Path("_files").mkdir()
Path("_files/x.csv").write_text(f"place\\n{district}\\n")
Path("fig.png").write_text(f"drawn for {district}")
Path("notes.txt").write_text("for nobody")
"""
OUTPUTS = {"_files/*.csv": "aggregate", "fig.png": "public"}


@pytest.fixture(autouse=True)
def _steady(monkeypatch):
    """Hold the package to be the same through a test."""
    monkeypatch.setattr("oda.planning.package_hash", lambda: "as installed")


class Script:
    """Stands in for the workers: each notebook leaves and ends as it is told to, at once."""

    def __init__(self, left: dict[str, str] | None = None, **errors: list[str]) -> None:
        """Note what notebooks leave, and how each attempt at one ends; others leave nothing and end well."""
        self.left, self.errors, self.began = left or {}, errors, []

    def run(self, jobs, on_start, _on_tick):
        """Yield the record of each job, whose products are on disk."""
        for job in jobs:
            self.began.append(job.task)
            on_start(job.task)
            errors = self.errors.get(job.task.replace("-", "_"), [])
            error = errors.pop(0) if errors else ""
            if error == "Ctrl-C":
                raise KeyboardInterrupt
            notebook = Path(job.target, "notebooks", f"{job.task}.ipynb")
            notebook.write_text(job.task, encoding="utf-8")
            record = {"task": job.task, "error": error, "key": job.key, "uses": job.uses, "outputs": [], "results": {}}
            record |= {"notebook_sha256": hash_file(notebook), "product": hash_values(self.left.get(job.task, ""))}
            write_task(Path(job.target), record)
            yield record


def played(folder: Path, script: Script, **policy):
    """Run a pilot whose notebooks are played by a script."""
    with patch("oda.running.open_farm", lambda *_: nullcontext(script)):
        return run_plan(load_pilot(folder), Policy(**policy))[0]


def three(tmp_path: Path, run: list | None = None) -> Path:
    """Return a pilot of three notebooks, each after the one before."""
    return small(tmp_path, run or CHAIN, first=CELL, second=CELL, third=CELL)


def errors(run) -> dict[str, str]:
    """Return the error of each task that has one."""
    return {outcome.task: outcome.error for outcome in run.failed}


# With kernels of their own


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Run a notebook for two districts, both of which write files of the same names."""
    run = [PLACES | {"outputs": OUTPUTS, "parameters": {"words": ["007", "no"]}}]
    folder = small(tmp_path_factory.mktemp("places"), run, place=["district = ''\nwords = None", FILES, SAY])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("oda.planning.package_hash", lambda: "as installed")
        return go(folder)


def test_two_districts_never_share_a_file_or_a_number(places):
    """Each has a folder of its own while it runs and in the run: the same names hold different content."""
    for code, task in (("E07000236", "place-redditch"), ("E07000237", "place-worcester")):
        out = places.folder / "out"
        assert (out / "public" / task / "fig.png").read_text(encoding="utf-8") == f"drawn for {code}"
        assert (out / "aggregate" / task / "_files" / "x.csv").read_text(encoding="utf-8") == f"place\n{code}\n"
        assert places.by_district[code]["place"]["district"].value == code
    assert not list(places.folder.parents[1].glob(".work-*"))


def test_the_record_holds_the_parameters_as_the_kernel_saw_them(places):
    """Not only what was sent, but what arrived: texts as texts."""
    outcome = of(places, "place-redditch")
    assert outcome.seen == outcome.parameters == {"district": "E07000236", "words": ["007", "no"]}


def test_what_is_not_declared_leaves_no_run_and_is_named(places):
    """A file that nobody said was to leave is deleted, and the record says which."""
    assert of(places, "place-worcester").undeclared == ["notes.txt"]
    assert not list(places.folder.rglob("notes.txt"))


def test_a_notebook_that_saw_other_parameters_fails():
    """Should a parameter ever not arrive, the notebook's results are not taken for its district's."""
    job = Job(task="t", notebook="n", source="n.ipynb", home="/", target="/", parameters={"district": "E1", "n": 1})
    assert _hold_to_told(job, {"district": "E1", "n": 1, "more": 2}) == {}
    assert _hold_to_told(job, {"district": "E2", "n": 1}) == {
        "error": "ResultError: it was told other parameters than it saw: district 'E2', not 'E1'."
    }


def test_a_notebook_that_used_another_district_is_refused(tmp_path):
    """Results that say they are about Redditch cannot become Worcester's."""
    wrong = SAY.replace("value=district", "value='E07000236'")
    run = go(small(tmp_path, [PLACES], place=["district = ''", wrong]))
    assert errors(run) == {
        "place-worcester": "ResultError: place-worcester says it is about 'E07000236', not E07000237. Record the "
        "district that the notebook used: oda.record('district', oda.Fact(..., value=code))."
    }


def test_one_failing_district_leaves_evidence_and_lets_the_other_finish(tmp_path):
    """The half-run notebook stays, with the cell as a person counts those of the notebook they wrote."""
    stop = "assert district != 'E07000236', 'stop here'"
    folder = small(tmp_path, [PLACES], place=["# About", "district = ''", "# More", "x = 1", stop, SAY])
    run = go(folder)
    failed = of(run, "place-redditch")
    assert (failed.error, failed.cell) == ("AssertionError: stop here", 4)
    assert "in cell 5" in (run.folder / "summary.txt").read_text(encoding="utf-8")
    assert "stop here" in (run.folder / "notebooks" / "place-redditch.ipynb").read_text(encoding="utf-8")
    assert (run.record["status"], list(run.by_district)) == ("failed", ["E07000237"])
    assert plan(folder).to_do == {"place-redditch": "failed last time"}


def test_limits_of_time_and_memory_end_their_notebook_alone(tmp_path):
    """What hangs or takes all memory is ended and says so; the others are done."""
    run = [
        FIRST | {"time_limit_minutes": 0.02},
        SECOND | {"memory_limit_mb": 300},
        THIRD,
    ]
    cells = {
        "first": ["x = 1", "import time", "time.sleep(60)"],
        "second": ["x = 1", "held = bytearray(1 << 30)"],
        "third": CELL,
    }
    done = go(small(tmp_path, run, **cells))
    assert of(done, "first").error.startswith("TimeoutError: it ran for more than ")
    assert of(done, "first").cell == 2
    kept = json.loads((done.folder / "notebooks" / "first.ipynb").read_text(encoding="utf-8"))
    assert [cell["metadata"]["papermill"]["status"] for cell in kept["cells"]] == ["completed", "completed", "failed"]
    assert "MemoryError" in of(done, "second").error
    assert of(done, "third").done


def test_words_of_a_message_may_be_of_any_language(tmp_path):
    """An error with signs that this machine's encoding may lack is kept as it is."""
    run = go(small(tmp_path, [ONCE], once=["x = 1", "raise ValueError('Ynys Môn: 東 \\x1b[31m')"]))
    assert of(run, "once").error == "ValueError: Ynys Môn: 東 \x1b[31m"


# Broken off


def started(folder: Path) -> subprocess.Popen[bytes]:
    """Start a run in a process group of its own, as a terminal does."""
    command = [sys.executable, "-m", "oda", "run", "--workers", "2", "--quiet"]
    return subprocess.Popen(command, cwd=folder, start_new_session=True, stdout=subprocess.PIPE)


def waiting(tmp_path: Path) -> tuple[Path, Path]:
    """Return a pilot of which one notebook waits until a file is there, and that file."""
    flag = tmp_path / "go"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(flag)!r}).exists(): time.sleep(0.05)"
    place = ["district = ''", SAY.replace("value=district", "value=district, unit=''")]
    folder = small(tmp_path, [PLACES, {"notebook": "notebooks/slow.ipynb"}], place=place, slow=["x = 1", wait])
    return folder, flag


def until(done) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 90
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert done()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal for a group of processes")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_broken_off_keeps_what_is_done_and_ends_as_if_it_had_not_been(tmp_path, monkeypatch, how):
    """Ctrl-C ends all within two seconds, even a kill leaves no process, and the next run goes on from there."""
    monkeypatch.undo()
    folder, flag = waiting(tmp_path)
    with started(folder) as process:
        until(lambda: len(list(folder.glob("runs/*/tasks/place-*.json"))) == 2 and list(folder.glob(".work-slow")))
        family = psutil.Process(process.pid).children(recursive=True)
        clock = time.monotonic()
        os.killpg(process.pid, how)
        code = process.wait(timeout=20)
        took = time.monotonic() - clock
        psutil.wait_procs(family, timeout=5)
        left = [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    assert (left, code) == ([], 1 if how == signal.SIGINT else -how)
    assert took < 2
    record = json.loads(next(folder.glob("runs/*/run.json")).read_text(encoding="utf-8"))
    assert record["status"] == ("stopped" if how == signal.SIGINT else "running")
    flag.touch()
    assert plan(folder).to_do == {"slow": "never run"}
    resumed = go(folder)
    assert executed(resumed) == {"slow"}
    results = (resumed.folder / "results.json").read_bytes()
    undisturbed = go(folder, again=True)
    assert (undisturbed.folder / "results.json").read_bytes() == results
    assert not list(folder.glob(".work-*"))


def test_a_half_written_record_is_never_read(tmp_path):
    """What was being written when the machine stopped has another name until it is whole."""
    folder = three(tmp_path)
    run = played(folder, Script())
    (run.folder / "tasks" / "first.json").rename(run.folder / "tasks" / "first.part")
    (run.folder / "results.json.part").write_text("{", encoding="utf-8")
    assert list(plan(folder).to_do) == ["first", "second", "third"]
    assert set(executed(played(folder, Script()))) == {"first"}
    assert plan(folder).finished


def test_what_a_crash_left_in_the_pilot_is_removed_by_the_next_run(tmp_path):
    """A notebook's own folder may hold personal data; none outlives a run, whichever notebook had left it."""
    folder = three(tmp_path)
    for left in (folder / ".work-first", folder / ".work-gone-from-the-plan"):
        left.mkdir()
        (left / "half.csv").touch()
    played(folder, Script())
    assert not list(folder.glob(".work-*"))


# Policy and order, with workers played by a script


def test_a_second_run_executes_nothing(tmp_path):
    """The same inputs give the same run; only `again` computes anew."""
    folder = three(tmp_path)
    first, second, third = played(folder, Script()), played(folder, script := Script()), played(folder, Script())
    assert (script.began, first, second) == ([], third, first)
    played(folder, script, again=True)
    assert script.began == ["first", "second", "third"]


def test_what_comes_after_a_failure_is_not_started_and_the_rest_goes_on(tmp_path):
    """A notebook that needs another's numbers does not run on those of last time."""
    folder = three(tmp_path, [*CHAIN, ONCE])
    write(folder, "once", CELL)
    run = played(folder, Script(first=["KeyError: 'rate'"]))
    reason = "not started: {} has not ended well"
    assert errors(run) == {
        "first": "KeyError: 'rate'",
        "second": reason.format("first"),
        "third": reason.format("second"),
    }
    assert of(run, "once").done
    assert run.record["status"] == "failed"


def test_what_follows_is_kept_when_what_came_before_left_the_same(tmp_path):
    """A changed cell that changes no number reruns its own notebook alone."""
    folder = three(tmp_path)
    played(folder, Script())
    write(folder, "first", ["share = 1", "new = 2"])
    script = Script()
    run = played(folder, script)
    assert (script.began, run.record["status"]) == (["first"], "done")
    assert plan(folder).finished
    write(folder, "first", ["share = 1", "new = 3"])
    played(folder, script := Script({"first": "other numbers"}))
    assert script.began == ["first", "second"]


def test_a_task_alone_leaves_no_stale_one_in_the_run(tmp_path):
    """What follows a notebook that was run alone, and left other numbers, is not part of the run until it has run."""
    folder = three(tmp_path)
    played(folder, Script())
    run = played(folder, Script({"first": "other numbers"}), only=("first",), again=True)
    assert [outcome.task for outcome in run.outcomes] == ["first"]
    assert run.record["status"] == "part"
    with pytest.raises(RunError, match=r"^2 of 3 notebooks have not been run\. Run the others: "):
        current_run(load_pilot(folder))
    assert plan(folder).to_do == {"second": "follows first", "third": "follows second"}


def test_fail_fast_starts_nothing_more(tmp_path):
    """The record says of every notebook what became of it."""
    folder = small(tmp_path, [FIRST, SECOND, THIRD], first=CELL, second=CELL, third=CELL)
    script = Script(second=["ValueError: no"])
    run = played(folder, script, fail_fast=True)
    assert script.began == ["first", "second"]
    assert errors(run) == {"second": "ValueError: no", "third": "not started: another notebook had failed"}
    script = Script(second=["ValueError: no"])
    played(folder, script)
    assert script.began == ["second", "third"]


def test_a_notebook_is_tried_again_only_when_asked(tmp_path):
    """Two tries when one retry was asked for; fail-fast waits for the last of them."""
    folder = small(tmp_path, [FIRST, SECOND], first=CELL, second=CELL)
    assert set(errors(played(folder, Script(first=["OSError: busy"])))) == {"first"}
    script = Script(first=["OSError: busy", ""])
    run = played(folder, script, retries=1, fail_fast=True)
    assert (errors(run), script.began) == ({}, ["first", "first"])
    assert [outcome.tries for outcome in run.outcomes] == [2, 1]
    script = Script(first=["OSError: busy"] * 3)
    assert set(errors(played(folder, script, retries=1, again=True))) == {"first"}
    assert script.began == ["first", "second", "first"]


def test_ctrl_c_says_what_was_stopped_and_what_never_began(tmp_path):
    """Two different things, for whoever goes on with it tomorrow."""
    folder = small(tmp_path, [FIRST, SECOND, THIRD], first=CELL, second=CELL, third=CELL)
    run = played(folder, Script(second=["Ctrl-C"]))
    assert errors(run) == {"second": "stopped by the person", "third": "not started: stopped by the person"}
    assert run.record["status"] == "stopped"


def test_a_notebook_that_is_ended_for_another_s_failure_says_so(tmp_path):
    """Nobody stopped it: another had failed, and that was to be enough."""
    folder = small(tmp_path, [FIRST, SECOND], first=CELL, second=CELL)

    class Two(Script):
        """Two at a time."""

        def run(self, jobs, on_start, on_tick):
            """Begin the second before the first has ended."""
            on_start("second")
            yield from super().run(jobs, on_start, on_tick)

    run = played(folder, Two(first=["KeyError: 1"]), fail_fast=True)
    assert errors(run) == {"first": "KeyError: 1", "second": "ended, since another had failed"}


@pytest.mark.parametrize("moment", ["oda.running.load_once", "oda.running._remove", "oda.running.copy_task"])
def test_ctrl_c_at_once_loses_nothing_of_the_record(tmp_path, monkeypatch, moment):
    """What an earlier run of the same name had done is in its record still, wherever the new one was stopped."""
    folder = small(tmp_path, [FIRST, SECOND, THIRD | {"after": ["second"]}], first=CELL, second=CELL, third=CELL)
    before = played(folder, Script(first=["KeyError: 1"]))
    assert set(errors(before)) == {"first"}
    if moment == "oda.running.copy_task":  # what comes after is at hand, though what comes before is to run again
        script, policy = Script(second=["Ctrl-C"]), {"only": ("second",), "again": True}
    else:
        monkeypatch.setattr(moment, Mock(side_effect=KeyboardInterrupt))
        script, policy = Script(), {}
    after = played(folder, script, **policy)
    kept = {"third"} if policy else {"second", "third"}
    assert {outcome.task for outcome in after.outcomes if outcome.done} == kept
    assert after.once.keys() == kept
    if moment == "oda.running.load_once":  # nothing had begun
        assert after.record == before.record


def test_one_notebook_of_a_failed_run_keeps_the_others_failures_in_the_record(tmp_path):
    """To run one again does not make the run look whole."""
    folder = small(tmp_path, [FIRST, SECOND], first=CELL, second=CELL)
    played(folder, Script(first=["KeyError: 1"], second=["KeyError: 2"]))
    run = played(folder, Script(), only=("first",))
    assert (errors(run), run.record["status"]) == ({"second": "KeyError: 2"}, "failed")


def test_products_of_an_earlier_run_are_taken_over_whole(tmp_path):
    """A new run's folder holds every notebook, those that were not executed included."""
    folder = small(tmp_path, [FIRST, SECOND], first=CELL, second=CELL)
    before = played(folder, Script())
    write(folder, "first", ["share = 2"])
    run = played(folder, Script())
    assert run.folder != before.folder
    assert of(run, "second").reused == before.id
    assert (run.folder / "notebooks" / "second.ipynb").read_text(encoding="utf-8") == "second"
    assert read_run(run.folder) == run


def test_a_fault_in_the_data_is_said_once_before_anything_runs(tmp_path):
    """Wrong data stop the run with their own sentence, and no half run is left."""
    folder = small(tmp_path, [FIRST], first=["dataset = 'falls'"])
    card = folder / "governance" / "datasets" / "falls.yml"
    text = card.read_text(encoding="utf-8").split("x-synthetic:")[0].replace("class: synthetic", "class: open")
    card.write_text(text.replace("data/synthetic/falls.csv", "data/raw/falls.csv"), encoding="utf-8")
    (folder / "data" / "raw" / "falls.csv").write_text("nothing\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"falls"):
        played(folder, script := Script())
    assert (script.began, list((folder / "runs").iterdir())) == ([], [])


def test_a_file_of_an_earlier_run_open_in_another_program_is_named(tmp_path, monkeypatch):
    """On Windows a file that Excel holds open cannot be removed: said in a sentence, and nothing is run."""
    folder = three(tmp_path)

    def held(run, task):
        raise PermissionError(13, "in use", str(run / f"{task}.csv"))

    monkeypatch.setattr("oda.running.remove_task", held)
    with pytest.raises(RunError, match=r"^first\.csv in runs/.* is open in another program\. Close it and run again"):
        played(folder, Script())


def test_a_folder_that_cannot_be_written_is_said_in_words(tmp_path):
    """A full disk, a share that is read only or a file in the way: a sentence, no traceback."""
    folder = three(tmp_path)
    (folder / "runs").write_text("in the way", encoding="utf-8")
    with pytest.raises(RunError, match=r"^runs cannot be written: File exists\. Mend that and run again"):
        played(folder, Script())


def test_no_run_yet_and_other_inputs_are_said(tmp_path):
    """Reporting before running says what to do."""
    folder = three(tmp_path)
    with pytest.raises(RunError, match=r"^There is no finished run yet\. Run the notebooks first: "):
        current_run(load_pilot(folder))
    played(folder, Script())
    settings(folder, disclosure={"hide_below": 10, "round_to": 5})
    with pytest.raises(RunError, match=r"^The inputs have changed since the last run\. Run the notebooks first: "):
        current_run(load_pilot(folder))


def test_a_run_of_which_anything_has_changed_since_is_not_reported(tmp_path):
    """A file that a notebook reads by itself is no part of the run's name, and decides its answer all the same."""
    folder = small(tmp_path, [ONCE], once=["x = 1", "from pathlib import Path", "Path('../note.txt').read_text()"])
    (folder / "note.txt").write_text("as agreed", encoding="utf-8")
    run = go(folder)
    assert current_run(load_pilot(folder)) == run
    (folder / "note.txt").write_text("as amended", encoding="utf-8")
    with pytest.raises(RunError, match=r"^once must run again: file note\.txt changed\. Run what has changed: "):
        current_run(load_pilot(folder))
    assert go(folder).folder == run.folder
    (run.folder / "notebooks" / "once.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match=r"^once must run again: notebooks/once\.ipynb in runs/.* is not as it was"):
        current_run(load_pilot(folder))


# The demonstration


def test_the_default_pilot_runs_every_notebook_for_every_district():
    """Nine notebooks: three for the whole pilot, and one for each of six districts, all done."""
    done = made_up()
    assert [outcome.done for outcome in done.run.outcomes] == [True] * 9
    assert set(done.run.by_district) == {district.code for district in done.pilot.districts}


def test_each_district_has_its_own_results():
    """No two districts share a figure or a sentence, and each says it is about itself."""
    results = {code: found["20-district"] for code, found in made_up().run.by_district.items()}
    assert {code: found["district"].value for code, found in results.items()} == {code: code for code in results}
    for key in ("trend", "trend-chart", "years"):
        assert len({found[key].model_dump_json() for found in results.values()}) == 6, key


def test_the_estimate_finds_the_planted_effect():
    """The interval of the demonstration holds the effect that the dataset's card says was planted."""
    run = made_up().run
    planted = run.record["datasets"][0]["card"]["x-synthetic"]["planted_rate_ratio"]
    estimate = run.once["30-effect"]["effect"].estimate
    assert estimate.ci_low <= planted <= estimate.ci_high
    assert (estimate.n_clusters, estimate.n_treated, estimate.df) == (6, 3, 4)


def test_executed_notebooks_carry_the_district_they_were_told():
    """Papermill's own metadata hold the parameter, so anyone can see which district a notebook is for."""
    notebook = made_up().run.folder / "notebooks" / "20-district-wyre-forest.ipynb"
    content = json.loads(notebook.read_text(encoding="utf-8"))
    assert content["metadata"]["papermill"]["parameters"] == {"district": "E07000239"}
