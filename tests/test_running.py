"""The plan, the run and its record."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from finished import baked, made_up
from oda.errors import DatasetError, ResultError, RunError, SettingsError
from oda.pilot import load_pilot
from oda.planning import _hash_package, describe_inputs, hash_values, plan_tasks
from oda.running import DIED, STOPPED, _execute_all, _outcome, _results_of, run_plan
from oda.runs import current_run, name_run, read_run

pytestmark = pytest.mark.xdist_group("run")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Bake a fresh pilot."""
    return baked(tmp_path)


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, which must hold it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def identity(folder: Path) -> str:
    """Return the hash of all that decides a run's answer."""
    return hash_values(describe_inputs(load_pilot(folder)))


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


def test_the_same_inputs_are_not_run_again():
    """A second call reuses what is there, and the run read from disk equals the one that was made."""
    done = made_up()
    again, fresh = run_plan(done.pilot)
    assert not fresh
    assert again == done.run == current_run(done.pilot)


def test_a_comment_or_a_space_in_a_notebook_changes_no_identity(folder):
    """The run's identity hashes what the code means, not how it is written."""
    before = identity(folder)
    edit(folder / "notebooks" / "10-data.ipynb", "audit, card = ", "audit,   card = ")
    edit(folder / "notebooks" / "10-data.ipynb", "# What came", "# All that came")
    assert identity(folder) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("notebooks/30-effect.ipynb", "power = 0.8", "power = 0.9"),
        ("governance/datasets/falls.yml", "seed: 65", "seed: 66"),
        ("pilot.yml", "hide_below: 8", "hide_below: 10"),
        ("requirements/run.txt", "pandas==", "pandas===="),
        ("notebooks/steps/rates.py", "per = 1_000", "per = 100"),
    ],
)
def test_whatever_decides_the_answer_changes_the_identity(folder, file, old, new):
    """A literal in a notebook or a module beside it, the data, a setting or the lock: each makes another run."""
    (folder / "notebooks" / "steps").mkdir()
    (folder / "notebooks" / "steps" / "rates.py").write_text("per = 1_000\n", encoding="utf-8")
    before = identity(folder)
    edit(folder / file, old, new)
    assert identity(folder) != before


def test_which_cell_holds_the_parameters_is_part_of_the_identity(folder):
    """Papermill puts a district's code after the cell so tagged, so to tag another changes the answer."""
    before = identity(folder)
    edit(folder / "notebooks" / "20-district.ipynb", '"parameters"', '"other"')
    assert identity(folder) != before


def test_the_package_s_hash_is_of_its_code_wherever_it_lies(tmp_path):
    """A pilot in a folder called reports hashes its package too; the package's own reports change no number."""
    home = tmp_path / "reports" / "oda"
    for name in ("panel.py", "reports/build.py"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x = 1\n", encoding="utf-8")
    before = _hash_package(home)
    (home / "reports" / "build.py").write_text("x = 2\n", encoding="utf-8")
    assert _hash_package(home) == before
    (home / "panel.py").write_text("x = 2\n", encoding="utf-8")
    assert _hash_package(home) != before


def test_one_failing_district_leaves_evidence_and_lets_the_others_finish(folder):
    """The half-run notebook stays, the record names the cell and the reason, and five districts are done."""
    edit(
        folder / "notebooks" / "20-district.ipynb",
        'oda.record(\\"trend\\", ',
        "assert here.name != 'Redditch', 'stop here'\\n\",\n    \"oda.record(\\\"trend\\\", "
        if '    "oda.record(' in (folder / "notebooks" / "20-district.ipynb").read_text(encoding="utf-8")
        else "assert here.name != 'Redditch', 'stop here'\\noda.record(\\\"trend\\\", ",
    )
    run, fresh = run_plan(load_pilot(folder))
    (failed,) = run.failed
    assert fresh
    assert (failed.district, failed.error) == ("E07000236", "AssertionError: stop here")
    assert failed.cell is not None
    executed = nbformat.read(run.folder / "notebooks" / "20-district-redditch.ipynb", as_version=4)
    assert any("stop here" in str(cell.get("outputs")) for cell in executed.cells)
    assert len(run.by_district) == 5
    assert json.loads((run.folder / "run.json").read_text(encoding="utf-8"))["status"] == "failed"


def test_a_kernel_that_dies_fails_its_own_notebook_alone(folder):
    """A kernel is another process than the one that minds it: its end is a failure like any other."""
    edit(
        folder / "notebooks" / "20-district.ipynb",
        'oda.record(\\"trend\\", ',
        "import os\\nhere.name != 'Redditch' or os._exit(3)\\noda.record(\\\"trend\\\", ",
    )
    run, _ = run_plan(load_pilot(folder))
    (failed,) = run.failed
    assert failed.task == "20-district-redditch"
    assert "DeadKernelError" in failed.error
    assert len(run.by_district) == 5


def dies_for_redditch(_home, _folder, _private, task):
    """Stand in for a notebook's process that runs out of memory each time it comes to Redditch."""
    if task.name == "20-district-redditch":
        os._exit(1)
    time.sleep(0.2)
    return _outcome(task, 0.1, "")


def dies_once(_home, folder, _private, task):
    """Stand in for a process that runs out of memory while others run beside it."""
    if task.name == "20-district-redditch" and not (folder / "died").exists():
        (folder / "died").touch()
        os._exit(1)
    return _outcome(task, 0.1, "")


@pytest.mark.parametrize(("job", "failed"), [(dies_for_redditch, {"20-district-redditch": DIED}), (dies_once, {})])
def test_a_process_that_dies_takes_no_other_notebook_with_it(pilot, tmp_path, monkeypatch, job, failed):
    """What was running or waiting beside it is done once more, alone; what dies then too has failed."""
    monkeypatch.setattr("oda.running._execute", job)
    told = []
    tasks = plan_tasks(pilot)[2:6]
    outcomes = _execute_all(pilot, tmp_path, tasks, 2, told.append)
    assert {name: outcome.error for name, outcome in outcomes.items() if not outcome.done} == failed
    assert sorted(outcome.task for outcome in told) == sorted(outcomes) == sorted(task.name for task in tasks)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal for a group of processes")
def test_ctrl_c_ends_all_in_seconds_and_keeps_what_had_finished(folder, tmp_path):
    """The record says which notebooks were done and which were stopped, and no kernel is left behind."""
    sleep = f"import pathlib, time\\npathlib.Path('{tmp_path}/asleep-' + district).touch()\\ntime.sleep(600)\\n"
    edit(folder / "notebooks" / "20-district.ipynb", 'oda.record(\\"trend\\", ', sleep + 'oda.record(\\"trend\\", ')
    command = [sys.executable, "-m", "oda", "run", "--workers", "2"]
    with subprocess.Popen(command, cwd=folder, start_new_session=True, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while len(list(tmp_path.glob("asleep-*"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        family = psutil.Process(process.pid).children(recursive=True)
        kernels = [one for one in family if "ipykernel_launcher" in " ".join(one.cmdline())]
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        try:
            assert process.wait(timeout=10) == 1
        finally:
            left = [one for one in kernels if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
            for one in (process, *(one for one in family if one.is_running())):
                one.kill()
    assert (len(kernels), left) == (2, [])
    run = read_run(next((folder / "runs").iterdir()))
    assert {outcome.task for outcome in run.outcomes if outcome.done} == {"10-data"}
    assert {outcome.error for outcome in run.failed} == {STOPPED}
    assert list(run.once) == ["10-data"]


def test_a_file_of_an_earlier_run_open_in_another_program_is_named(folder, monkeypatch):
    """On Windows a file that Excel holds open cannot be removed: said in a sentence, and nothing is run."""
    settings = load_pilot(folder)
    (folder / "runs" / name_run(settings, describe_inputs(settings))).mkdir(parents=True)

    def held(path):
        raise PermissionError(13, "in use", str(path / "results.json"))

    monkeypatch.setattr("oda.running.shutil.rmtree", held)
    with pytest.raises(
        RunError, match=r"^results\.json in runs/.* is open in another program\. Close it and run again"
    ):
        run_plan(settings)


def test_a_fault_in_the_data_is_said_once_before_anything_runs(folder):
    """Wrong data stop the run with their own sentence, and no half run is left."""
    card = folder / "governance" / "datasets" / "falls.yml"
    text = card.read_text(encoding="utf-8").split("x-synthetic:")[0].replace("class: synthetic", "class: open")
    card.write_text(text.replace("data/synthetic/falls.csv", "data/raw/none.csv"), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"data/raw/none\.csv does not exist"):
        run_plan(load_pilot(folder))
    assert not (folder / "runs").exists()


def test_magic_lines_are_no_fault(folder):
    """An analyst's `%matplotlib inline` or `!dir` is not Python, and does not stop the plan."""
    before = identity(folder)
    edit(folder / "notebooks" / "10-data.ipynb", "import pandas as pd", "%matplotlib inline\\nimport pandas as pd")
    assert identity(folder) != before


def test_a_missing_notebook_and_a_missing_parameter_are_named_together(folder):
    """Every fault of the plan is said before the first kernel starts."""
    edit(folder / "notebooks" / "20-district.ipynb", 'district = \\"\\"', 'place = \\"\\"')
    (folder / "notebooks" / "10-data.ipynb").unlink()
    with pytest.raises(SettingsError, match=r"10-data\.ipynb does not exist.*no parameter 'district'"):
        plan_tasks(load_pilot(folder))


def test_a_notebook_that_used_another_district_is_refused():
    """Results that say they are about Redditch cannot become Worcester's."""
    done = made_up()
    tasks = {task.name: task for task in plan_tasks(done.pilot)}
    with pytest.raises(ResultError, match="not E07000237"):
        _results_of(done.run.folder / "notebooks" / "20-district-redditch.ipynb", tasks["20-district-worcester"])


def test_half_a_run_is_no_run(tmp_path):
    """A folder without a record, or with half of one, is not taken for a finished run."""
    done = made_up()
    copy = shutil.copytree(done.run.folder, tmp_path / "half", ignore=shutil.ignore_patterns("reports", "documents"))
    record = copy / "run.json"
    record.write_bytes(record.read_bytes()[:-40])
    with pytest.raises(RunError, match="holds no finished run"):
        read_run(copy)


def test_no_run_yet_is_said(folder):
    """Reporting before running says what to do."""
    with pytest.raises(RunError, match="Run the notebooks first: "):
        current_run(load_pilot(folder))


def test_executed_notebooks_carry_the_district_they_were_told():
    """Papermill's own metadata hold the parameter, so anyone can see which district a notebook is for."""
    folder = made_up().run.folder / "notebooks"
    notebook = nbformat.read(folder / "20-district-wyre-forest.ipynb", as_version=4)
    assert notebook.metadata["papermill"]["parameters"] == {"district": "E07000239"}
