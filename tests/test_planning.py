"""The plan of a run: its tasks, their order, and what is refused before anything starts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import CODES
from test_meaning import notebook

from oda.errors import SettingsError
from oda.pilot import Pilot, PlannedNotebook, load_pilot
from oda.planning import Task, describe_inputs, package_hash, plan_tasks, shared_key, stages, static_key

Plan = Callable[..., Pilot]


@pytest.fixture
def plan(pilot_folder: Path) -> Plan:
    """Return a function that writes a plan, each notebook with this parameters cell, and reads the pilot again."""

    def write(*run: dict, cell: str | None = "level = 0.95\nward = ''\ndistrict = ''\nfull = False\nn = 1") -> Pilot:
        for planned in run:
            path = pilot_folder / planned["notebook"]
            if cell is not None and not path.exists():
                notebook(path, cell, "print(1)", tagged=0)
        settings = yaml.safe_load((pilot_folder / "pilot.yml").read_text("utf-8"))
        settings["run"] = list(run)
        (pilot_folder / "pilot.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        return load_pilot(pilot_folder)

    return write


def one(**words: object) -> dict:
    """Return one planned notebook."""
    return {"notebook": "notebooks/50-wards.ipynb", **words}


def refusal(act: Callable[[], object]) -> str:
    """Return the words in which something is refused."""
    with pytest.raises(SettingsError) as caught:
        act()
    return str(caught.value)


def test_a_notebook_runs_for_each_value_of_a_list(plan):
    """Each task has its value as YAML typed it, its own file name and its own parameters."""
    tasks = plan_tasks(plan(one(for_each={"ward": ["Abbey", "St John's", "007", "5E1"]}, parameters={"level": 0.9})))
    assert [task.name for task in tasks] == [
        "50-wards-abbey",
        "50-wards-st-john-s",
        "50-wards-007",
        "50-wards-5e1",
    ]
    assert tasks[2].parameters == {"level": 0.9, "ward": "007"}
    assert (tasks[0].item, tasks[0].district, tasks[0].label) == ("Abbey", None, "50-wards for ward Abbey")


def test_values_keep_their_types(plan):
    """True, whole numbers and others reach the notebook as such, and have different file names."""
    tasks = plan_tasks(
        plan(one(for_each={"n": [-1, 1, 2]}), one(notebook="notebooks/b.ipynb", for_each={"full": [True]}))
    )
    assert [(task.name, task.item) for task in tasks] == [
        ("50-wards-minus-1", -1),
        ("50-wards-1", 1),
        ("50-wards-2", 2),
        ("b-true", True),
    ]


def test_some_districts_are_named_by_name_or_code(plan):
    """The notebook is told the code, whatever the plan calls the district."""
    tasks = plan_tasks(plan(one(for_each={"district": ["Redditch", CODES[5]]})))
    assert [task.parameters for task in tasks] == [{"district": CODES[2]}, {"district": CODES[5]}]
    assert [task.name for task in tasks] == ["50-wards-redditch", "50-wards-wyre-forest"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"for_each": "ward"}, "'ward' is not known|ward is not known"),
        ({"for_each": {"ward": []}}, "ward has no list of values"),
        ({"for_each": {"ward": "Abbey"}}, "ward has no list of values"),
        ({"for_each": {"a": [1], "b": [2]}}, "one name and its values"),
        ({"for_each": {"my ward": [1]}}, "'my ward' is no name that Python takes"),
        ({"for_each": {"ward": ["St. John", "st john"]}}, "'St. John' and 'st john' would share one file name"),
        ({"for_each": {"ward": [1, "1"]}}, "1 and '1' would share one file name"),
        (
            {"for_each": {"ward": [None]}},
            "for_each: an empty value is no number, text, true or false; write it between quotes.$",
        ),
        ({"for_each": {"ward": [float("nan")]}}, "nan is no number"),
        ({"for_each": {"ward": [{"a": 1}]}}, "is no number, text"),
        ({"for_each": {"ward": ["a"]}, "parameters": {"ward": "b"}}, "parameter ward is given by for_each and by"),
        ({"after": ["10-dat"]}, "50-wards comes after '10-dat', which is no notebook of the plan"),
        ({"after": ["50-wards"]}, "50-wards comes after itself"),
        ({"notebook": "notebooks/a?.ipynb"}, "cannot be a file name on Windows"),
        ({"notebook": "notebooks/aux.ipynb"}, "cannot be a file name on Windows"),
        ({"notebook": f"notebooks/{'a' * 41}.ipynb"}, "has 41 characters"),
        ({"notebook": "notebooks/a.py"}, r"name a file that ends in \.ipynb"),
        ({"outputs": {"../x.csv": "public"}}, "is no file of the notebook's own folder"),
        ({"outputs": {"x.csv": "secret"}}, "'record', 'aggregate' or 'public'"),
        ({"time_limit_minutes": 0}, "greater than 0"),
        ({"time_limit_minutes": True}, "should be a valid number"),
        ({"memory_limit_mb": 0.5}, "memory_limit_mb"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(plan, words, message):
    """What is wrong in pilot.yml is said with the value found, before a notebook is looked at."""
    with pytest.raises(SettingsError, match=message):
        plan(one(**words), cell=None)


def test_notebooks_that_wait_for_each_other_are_named(plan):
    """A circle has no first notebook."""
    pair = [one(after=["b"]), one(notebook="notebooks/b.ipynb", after="50-wards")]
    with pytest.raises(SettingsError, match="50-wards and b wait for each other"):
        plan(*pair, cell=None)


def test_settings_have_their_usual_values(plan):
    """A plan of two words has a limit of half an hour, and no other."""
    (planned,) = plan(one()).run
    assert planned == PlannedNotebook(notebook="notebooks/50-wards.ipynb", time_limit_minutes=30)
    assert (planned.memory_limit_mb, planned.after, dict(planned.outputs)) == (None, (), {})


def test_all_faults_of_parameters_are_said_together(plan):
    """One message, one line a fault: nothing has started yet, and everything can be mended at once."""
    said = refusal(
        lambda: plan_tasks(
            plan(
                one(
                    for_each={"district": ["Redditch", "Reditch"]},
                    parameters={"leval": 0.9, "ward": 7, "n": 1.5, "full": 1, "level": "0.9"},
                ),
                one(notebook="notebooks/b.ipynb", for_each={"wards": ["a"]}),
            )
        )
    )
    lines = said.splitlines()
    assert len(lines) == 7
    for words in (
        "50-wards.ipynb: 'Reditch' is no district of this pilot (did you mean 'Redditch'?); it has",
        "no parameter 'leval' in its parameters cell (did you mean 'level'?)",
        'parameter ward is 7, a whole number where its cell has text (""); write it between quotes',
        "parameter n is 1.5, a number where its cell has a whole number (1)",
        "parameter full is 1, a whole number where its cell has true or false (false)",
        'parameter level is "0.9", text where its cell has a number (0.95); write a number without quotes',
        "b.ipynb runs for each wards but has no parameter 'wards' in its parameters cell (did you mean 'ward'?)",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("cell", "given", "fits"),
    [
        ("x = 0.5", 1, True),
        ("x = 0.5", True, False),
        ("x = 1", True, False),
        ("x = True", 1, False),
        ("x = 1", 1.0, False),
        ("x = ''", "007", True),
        ("x = ''", None, False),
        ("x = None", 7, True),
        ("x = [1]", "a", False),
        ("x = date(2025, 1, 1)", "2025-01-01", True),
        ("x: float = -1.5", 2, True),
        ("x = []", [1, {"a": 2}], True),
        ("x = 1", [1], False),
        ("x = ['a', 'b']", 3, False),
        ("x = ['a', 'b']", {"a": 1}, False),
        ("x = {'a': 1}", ["a"], False),
        ("x = ('a', 'b')", ["c"], True),
        ("x = {1: {2}}", {"a": 1}, True),
    ],
)
def test_a_value_must_be_of_the_kind_of_its_cell(plan, cell, given, fits):
    """A whole number may stand for a number; where the cell has no plain value anything may."""
    pilot = plan(one(parameters={"x": given}), cell=cell)
    if fits:
        assert plan_tasks(pilot)[0].parameters == {"x": given}
    else:
        assert "parameter x is" in refusal(lambda: plan_tasks(pilot))


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("level", "5E1", "; write 50.0."),
        ("level", "5E90", "with a point before E and a sign after it (5.0E+1)"),
        ("n", "5E1", "; write 50."),
        ("n", "5E-1", "; give a whole number."),
        ("n", "nan", "write a whole number without quotes"),
    ],
)
def test_a_number_that_yaml_takes_for_text_is_explained(plan, name, given, words):
    """5E1 without a point is text to YAML, and what the message says can be written."""
    assert words in refusal(lambda: plan_tasks(plan(one(parameters={name: given}))))


@pytest.mark.parametrize("written", ["010", "12:30", "-007", "0x1F", "1:30.5", "0b11"])
@pytest.mark.parametrize("line", ["parameters: {{ward: {0}}}", "for_each: {{ward: [Abbey, {0}]}}"])
def test_a_number_that_yaml_would_turn_into_another_is_refused(plan, pilot_folder, line, written):
    """010 is eight to YAML and 12:30 is 750, which nobody means who writes them."""
    plan(one())
    text = (pilot_folder / "pilot.yml").read_text("utf-8")
    extended = text.replace(
        "notebook: notebooks/50-wards.ipynb", f"notebook: notebooks/50-wards.ipynb\n  {line.format(written)}"
    )
    assert extended != text
    (pilot_folder / "pilot.yml").write_text(extended, encoding="utf-8")
    assert f"{written} would be taken for the number" in refusal(lambda: load_pilot(pilot_folder))
    (pilot_folder / "pilot.yml").write_text(extended.replace(written, f"'{written}'"), encoding="utf-8")
    assert written in str(load_pilot(pilot_folder).run)


def test_a_misspelt_name_is_met_with_the_one_that_was_meant(plan):
    """The plan says for_each, which is easily written otherwise."""
    said = refusal(lambda: plan({"notebook": "notebooks/50-wards.ipynb", "foreach": "district"}))
    assert "'foreach' is not known (did you mean 'for_each'?)" in said


@pytest.mark.parametrize(("tags", "words"), [((), "has no cell tagged parameters"), ((0, 1), "has 2 cells tagged")])
def test_parameters_need_one_cell_to_be_set_in(plan, pilot_folder, tags, words):
    """Papermill would set them where nobody expects it."""
    pilot = plan(one(parameters={"level": 0.9}))
    path = pilot_folder / "notebooks" / "50-wards.ipynb"
    content = json.loads(path.read_text("utf-8"))
    for place, cell in enumerate(content["cells"]):
        cell["metadata"] = {"tags": ["parameters"]} if place in tags else {}
    path.write_text(json.dumps(content), encoding="utf-8")
    assert words in refusal(lambda: plan_tasks(pilot))


def test_absent_and_damaged_notebooks_are_named_with_the_other_faults(plan, pilot_folder):
    """Every fault of the plan is said before the first kernel starts."""
    (pilot_folder / "notebooks" / "bad.ipynb").write_text("{}", encoding="utf-8")
    pilot = plan(one(), {"notebook": "notebooks/bad.ipynb"}, cell=None)
    said = refusal(lambda: plan_tasks(pilot)).splitlines()
    assert said[0] == "notebooks/50-wards.ipynb does not exist; correct 'run' in pilot.yml."
    assert said[1].startswith("bad.ipynb is not a notebook")


def test_two_tasks_never_share_a_file_name(plan):
    """Notebook 50 for a-b, and notebook 50-a for b, would write to the same files."""
    run = [
        {"notebook": "notebooks/50.ipynb", "for_each": {"ward": ["a-b"]}},
        {"notebook": "notebooks/50-a.ipynb", "for_each": {"ward": ["b"]}},
    ]
    assert "50-a-b would be the name of 2 tasks" in refusal(lambda: plan_tasks(plan(*run)))


def test_long_values_have_short_names_that_differ(plan):
    """Paths stay short enough for Windows, and two long values apart."""
    values = [f"{'a long name ' * 12}{end}" for end in "xy"]
    names = [task.name for task in plan_tasks(plan(one(for_each={"ward": values})))]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= 64


@pytest.mark.parametrize("text", ["20-district-redditch", "Redditch", CODES[2], "redditch"])
def test_one_task_is_chosen_by_any_of_its_names(pilot, text):
    """Its own name, or the district's name, code or short name."""
    assert [task.name for task in plan_tasks(pilot, [text])] == ["20-district-redditch"]


def test_a_notebook_s_name_chooses_all_its_tasks_and_a_wrong_name_is_refused(pilot):
    """What there is is listed, and the nearest name offered."""
    assert len(plan_tasks(pilot, ["20-district", "10-data"])) == 7
    said = refusal(lambda: plan_tasks(pilot, ["Reditch", "10-data"]))
    assert "'Reditch' is no task, notebook or district (did you mean 'Redditch'?); there are the notebooks 10" in said


def test_tasks_come_in_stages(plan):
    """A notebook waits for those that it comes after, and for no other."""
    run = [
        one(notebook="notebooks/c.ipynb", after=["a", "b"]),
        one(notebook="notebooks/a.ipynb", for_each={"ward": ["x", "y"]}),
        one(notebook="notebooks/b.ipynb", after="a"),
        one(notebook="notebooks/d.ipynb"),
    ]
    tasks = plan_tasks(plan(*run))
    assert [[task.name for task in stage] for stage in stages(tasks)] == [["a-x", "a-y", "d"], ["b"], ["c"]]
    assert [[task.name for task in stage] for stage in stages(tasks[:1])] == [["c"]]


def test_a_key_is_plain_and_holds_what_is_known_before(pilot):
    """It can be written as JSON and read again without a change."""
    task: Task = plan_tasks(pilot)[3]
    key = static_key(task, shared_key(pilot))
    assert json.loads(json.dumps(key)) == key
    assert set(key) == {"cells", "defaults", "parameters", "outputs", "oda", "lock"}
    assert (key["oda"], key["parameters"]) == (package_hash(), {"district": CODES[2]})


def test_limits_are_no_part_of_what_decides_the_answer(plan):
    """More time or memory for a notebook makes no other run of it."""
    before = describe_inputs(plan(one()))
    assert describe_inputs(plan(one(time_limit_minutes=5, memory_limit_mb=900))) == before
    assert describe_inputs(plan(one(parameters={"level": 0.9}))) != before
