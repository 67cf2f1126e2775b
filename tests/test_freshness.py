"""Why a task must run, or that what an earlier run left still holds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CODES, COLUMNS, table

from oda.freshness import judge, present, product_hash
from oda.pilot import load_pilot
from oda.planning import describe_inputs, plan_tasks, shared_key, static_key

PLACES = ("bromsgrove", "malvern-hills", "redditch", "worcester", "wychavon", "wyre-forest")
EACH = [f"20-district-{name}" for name in PLACES]
USES = ("dataset mine", "districts", "setting disclosure", "module notebooks/rates.py", "file data/raw/mine.csv")


@pytest.fixture
def folder(pilot_folder: Path, write_card) -> Path:
    """Return a pilot with a file of an analyst's own, a module and an order of notebooks."""
    (pilot_folder / "data" / "raw" / "mine.csv").write_text(table(), encoding="utf-8")
    write_card(path="data/raw/mine.csv", columns=COLUMNS)
    (pilot_folder / "notebooks" / "rates.py").write_text("per = 1\n", encoding="utf-8")
    (pilot_folder / "requirements").mkdir(exist_ok=True)
    (pilot_folder / "requirements" / "run.txt").write_text("pandas==3.0.0\n", encoding="utf-8")
    change_plan(pilot_folder, lambda run: run[2].update(after=["10-data"]))
    return pilot_folder


def change_plan(folder: Path, change: Callable[[list[dict]], object]) -> None:
    """Change the plan in pilot.yml."""
    settings = yaml.safe_load((folder / "pilot.yml").read_text("utf-8"))
    change(settings["run"])
    (folder / "pilot.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, which must hold it."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def records(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return records as a run would leave them now: each district's notebook uses its own rows and month."""
    pilot = load_pilot(folder)
    shared, made = shared_key(pilot), {}
    for task in plan_tasks(pilot):
        code = task.district.code if task.district else ""
        names = [f"dataset mine for {code}", f"district {code} visits_from"] if code else USES
        left = {f"after {one}": product_hash(made[one]) for one in task.planned.after}
        record = {"task": task.name, "error": "", "key": static_key(task, shared), "product": f"of {task.name}"}
        made[task.name] = [json.loads(json.dumps(record | {"uses": present(pilot, names) | left}))]
    return made


def causes(folder: Path, before: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Return the causes of the tasks that must run."""
    pilot = load_pilot(folder)
    return {one.task.name: one.cause for one in judge(pilot, plan_tasks(pilot), before) if one.cause}


def test_what_has_never_run_must_run(folder):
    """Without a record there is nothing to take over."""
    pilot = load_pilot(folder)
    found = judge(pilot, plan_tasks(pilot), {})
    assert {one.cause for one in found} == {"never run"}
    assert [one.reuse for one in found] == [None] * 9


def test_the_same_inputs_are_fresh_and_the_record_is_given_back(folder):
    """Nothing has changed, so each task's own record holds."""
    before, pilot = records(folder), load_pilot(folder)
    found = judge(pilot, plan_tasks(pilot), before)
    assert {one.cause for one in found} == {""}
    assert all(one.reuse is before[one.task.name][0] for one in found)


CHANGES = {
    "lock changed": ("requirements/run.txt", "pandas==", "pandas===="),
    "cell 10 changed": ("notebooks/30-effect.ipynb", 'panel, [\\"district\\"])', 'panel, [\\"district\\", \\"x\\"])'),
    "parameter power: 0.8 is now 0.7": ("notebooks/30-effect.ipynb", "power = 0.8", "power = 0.7"),
}


@pytest.mark.parametrize(("cause", "change"), CHANGES.items())
def test_the_first_cause_is_said_in_words(folder, cause, change):
    """The lock, a cell by its number in JupyterLab, a parameter with both values."""
    before = records(folder)
    file, old, new = change
    edit(folder / file, old, new)
    found = causes(folder, before)
    assert found["30-effect"] == cause
    assert len(found) == (9 if cause == "lock changed" else 1)


def test_another_oda_is_said(folder):
    """Results of another version of the package are not taken over."""
    before = records(folder)
    for (record,) in before.values():
        record["key"]["oda"] = "other"
    assert set(causes(folder, before).values()) == {"oda changed"}


@pytest.mark.parametrize(
    ("file", "old", "new", "cause"),
    [
        ("data/raw/mine.csv", f"{CODES[2]},2017/18,102", f"{CODES[2]},2017/18,9", "data: dataset mine changed"),
        ("pilot.yml", "hide_below: 8", "hide_below: 10", "setting disclosure changed"),
        ("notebooks/rates.py", "per = 1", "per = 2", "module notebooks/rates.py changed"),
        ("pilot.yml", "name: Redditch", "name: New Redditch", "the list of districts changed"),
    ],
)
def test_what_a_notebook_used_is_said(folder, file, old, new, cause):
    """Data, a setting, a module: each reruns the notebooks that used it."""
    before = records(folder)
    edit(folder / file, old, new)
    found = causes(folder, before)
    assert found["40-sensitivity"] == cause


def test_a_row_of_one_district_reruns_that_district_and_those_that_use_all(folder):
    """Five districts keep their products."""
    before = records(folder)
    edit(folder / "data" / "raw" / "mine.csv", f"{CODES[2]},2017/18,102", f"{CODES[2]},2017/18,9")
    found = causes(folder, before)
    assert set(found) == {"10-data", "20-district-redditch", "30-effect", "40-sensitivity"}
    assert found["20-district-redditch"] == "data: dataset mine changed for Redditch"


def test_a_month_of_one_district_reruns_those_that_read_it(folder):
    """The first month of visits of Redditch concerns the notebook of Redditch alone, here."""
    before = records(folder)
    edit(folder / "pilot.yml", "visits_from: 2025-04", "visits_from: 2025-05")
    assert set(causes(folder, before).values()) <= {f"district {name}: visits_from changed" for name in names(folder)}
    assert 0 < len(causes(folder, before)) < 6


def names(folder: Path) -> list[str]:
    """Return the names of the districts."""
    return [district.name for district in load_pilot(folder).districts]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda run: run[1].update(parameters={"dataset": "mine"}), 'parameter dataset: "falls" is now "mine"'),
        (lambda run: run[1].update(parameters={"dataset": "falls"}), "pilot.yml gives other parameters, though"),
        (lambda run: run[1].update(outputs={"x.csv": "public"}), "declared outputs changed"),
        (lambda run: run[1].update(after=["10-data"]), "follows 10-data"),
    ],
)
def test_a_change_of_the_plan_is_said(folder, change, cause):
    """Another parameter, another output or another order concerns the notebook that has it, and no other."""
    before = records(folder)
    change_plan(folder, change)
    found = causes(folder, before)
    assert set(found) == set(EACH)
    assert all(said.startswith(cause) for said in found.values())


@pytest.mark.parametrize("change", [{"time_limit_minutes": 5}, {"memory_limit_mb": 500}])
def test_limits_rerun_nothing(folder, change):
    """A longer limit does not change what a notebook has found."""
    before = records(folder)
    change_plan(folder, lambda run: run[1].update(change))
    assert causes(folder, before) == {}


def test_what_follows_a_notebook_that_runs_must_run(folder):
    """30-effect comes after 10-data, so it waits to see what 10-data makes of its change."""
    before = records(folder)
    edit(folder / "notebooks" / "10-data.ipynb", "gaps = sum(", "gaps = 0 + sum(")
    assert causes(folder, before) == {"10-data": "cell 5 changed", "30-effect": "follows 10-data"}


def test_another_product_of_what_came_before_counts_too(folder):
    """10-data has run alone since and found something else: what was made after the old findings does not hold."""
    before = records(folder)
    before["10-data"][0]["product"] = "another"
    assert causes(folder, before) == {"30-effect": "follows 10-data"}


def test_what_has_just_been_left_decides(folder):
    """When a notebook has run and left the same as ever, what follows it need not run."""
    before, pilot = records(folder), load_pilot(folder)
    tasks = [task for task in plan_tasks(pilot) if task.name == "30-effect"]
    same = product_hash(before.pop("10-data"))
    assert [judge(pilot, tasks, before, left={"10-data": left})[0].cause for left in (same, "other")] == [
        "",
        "follows 10-data",
    ]
    assert judge(pilot, tasks, before)[0].cause == "follows 10-data"


def test_a_failure_is_run_again_and_an_older_success_is_taken(folder):
    """A notebook that failed is never fresh, unless what is there now has been run well before."""
    before = records(folder)
    failed = before["10-data"][0] | {"error": "ValueError: no"}
    assert causes(folder, {**before, "10-data": [failed]})["10-data"] == "failed last time"
    assert causes(folder, {**before, "10-data": [failed, before["10-data"][0]]}) == {}


def test_going_back_to_earlier_inputs_takes_the_earlier_products(folder):
    """The newest record is of other settings, and an older one matches wholly."""
    before = records(folder)
    edit(folder / "pilot.yml", "hide_below: 8", "hide_below: 10")
    newer = records(folder)
    both = {name: [*newer[name], *before[name]] for name in before}
    assert causes(folder, both) == {}
    edit(folder / "pilot.yml", "hide_below: 10", "hide_below: 8")
    assert causes(folder, both) == {}


@pytest.mark.parametrize("broken", [{"key": None}, {"uses": None}, {"uses": {"what is this": "1"}}, {"key": {}}])
def test_half_a_record_is_never_taken_for_a_good_one(folder, broken):
    """What is not understood counts as changed."""
    before = records(folder)
    before["10-data"][0] |= broken
    assert causes(folder, before)["10-data"]


def test_a_number_is_not_a_truth_value(folder):
    """1, 1.0 and true are equal to Python, and not the same parameter."""
    change_plan(folder, lambda run: run[2].update(parameters={"level": 1}))
    before = records(folder)
    change_plan(folder, lambda run: run[2].update(parameters={"level": 1.0}))
    assert causes(folder, before)["30-effect"] == "parameter level: 1 is now 1.0"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda cells: cells.insert(3, dict(cells[2], source="new = 1", metadata={})), "cell 4 is new"),
        (lambda cells: cells.pop(4), "a cell after cell 3 was taken out"),
        (lambda cells: cells.pop(), "a cell after cell 9 was taken out"),
        (lambda cells: cells.insert(2, cells.pop(4)), "cell 3 changed"),
        (lambda cells: cells[0].update(source="# Other words"), None),
    ],
)
def test_cells_are_counted_as_a_person_counts_them(folder, change, cause):
    """All cells count, from 1, as they stand in JupyterLab now; words alone change nothing."""
    before = records(folder)
    path = folder / "notebooks" / "10-data.ipynb"
    content = json.loads(path.read_text("utf-8"))
    change(content["cells"])
    path.write_text(json.dumps(content), encoding="utf-8")
    assert causes(folder, before).get("10-data") == cause


def test_another_process_finds_the_same_without_pandas(folder):
    """Nothing has changed is told in a fraction of a second, since nothing heavy is loaded."""
    describe_inputs(load_pilot(folder))  # writes the made-up data
    (folder / "records.json").write_text(json.dumps(records(folder)), encoding="utf-8")
    code = (
        "import json, sys; from oda.freshness import judge; from oda.pilot import load_pilot\n"
        "from oda.planning import describe_inputs, plan_tasks\n"
        "pilot = load_pilot(); describe_inputs(pilot); tasks = plan_tasks(pilot)\n"
        "print([v.cause for v in judge(pilot, tasks, json.load(open('records.json')))])\n"
        "print([n for n in ('pandas', 'numpy', 'nbformat', 'IPython', 'papermill', 'pyarrow') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == f"{[''] * 9}\n[]\n"
