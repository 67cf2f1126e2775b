"""What a run would do and why: the cause of each notebook that must run, and none for what holds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from small import ONCE, SAY, command, executed, go, plan, settings, small

pytestmark = pytest.mark.xdist_group("run")

USES = """\
import oda, steps
from pathlib import Path
note = Path("../data/note.txt").read_text(encoding="utf-8")
rows = oda.load("falls").frame
oda.record("note", oda.Fact(sentence="What the note says.", value=note))
"""
VISITS = "import oda\nhere = next(one for one in oda.load_pilot().districts if one.code == district)\n"
VISITS += 'oda.record("from", oda.Fact(sentence="Since when.", value=str(here.visits_from)))\n' + SAY
PLAN = [
    ONCE | {"parameters": {"factor": 2}},
    {"notebook": "notebooks/place.ipynb", "for_each": {"district": ["Redditch", "Worcester"]}},
    {"notebook": "notebooks/alone.ipynb"},
]
ALL = {"once", "place-redditch", "place-worcester", "alone"}


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """Run a small pilot once for all tests of this module, each of which changes a copy."""
    folder = small(
        tmp_path_factory.mktemp("preparing"),
        PLAN,
        once=["# About", "factor = 1", USES],
        place=["district = ''", VISITS],
        alone=["share = 0.5", "total = 10 * share"],
    )
    (folder / "data" / "note.txt").write_text("as agreed", encoding="utf-8")
    (folder / "notebooks" / "steps.py").write_text("per = 1000\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oda.planning.package_hash", lambda: "as installed")
        assert {outcome.error for outcome in go(folder).outcomes} == {""}
    return folder


@pytest.fixture
def folder(done, tmp_path, monkeypatch) -> Path:
    """Copy the pilot that has run."""
    monkeypatch.setattr("oda.planning.package_hash", lambda: "as installed")
    return shutil.copytree(done, tmp_path / "small")


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, which must hold it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def test_what_has_run_and_has_not_changed_is_finished(folder):
    """Nothing is done twice, wherever the pilot's folder lies."""
    prepared = plan(folder)
    assert (prepared.to_do, prepared.finished, prepared.broken) == ({}, True, "")


@pytest.mark.parametrize(
    ("file", "old", "new", "causes"),
    [
        ("notebooks/alone.ipynb", "10 * share", "11 * share", {"alone": "cell 2 changed"}),
        ("notebooks/alone.ipynb", "share = 0.5", "share = 0.6", {"alone": "parameter share: 0.5 is now 0.6"}),
        ("pilot.yml", "factor: 2", "factor: 3", {"once": "parameter factor: 2 is now 3"}),
        ("data/note.txt", "agreed", "amended", {"once": "file data/note.txt changed"}),
        ("notebooks/steps.py", "1000", "100", {"once": "module notebooks/steps.py changed"}),
        ("governance/datasets/falls.yml", "seed: 65", "seed: 66", {"once": "data: dataset falls changed"}),
        ("requirements/run.txt", "pandas==", "pandas===", dict.fromkeys(ALL, "lock changed")),
    ],
)
def test_a_change_runs_exactly_what_depends_on_it(folder, file, old, new, causes):
    """A literal, a parameter, a file that is read, a module, a card or the lock: each names itself as the cause."""
    edit(folder / file, old, new)
    assert plan(folder).to_do == causes


def test_one_district_s_setting_runs_that_district_alone(folder):
    """Visits that began in another month in Redditch leave Worcester as it is."""
    content = yaml.safe_load((folder / "pilot.yml").read_text(encoding="utf-8"))
    for district in content["districts"]:
        if district["name"] == "Redditch":
            district["visits_from"] = "2031-01"
    settings(folder, districts=content["districts"])
    found = plan(folder).to_do
    assert found.pop("once") == "data: dataset falls changed"  # made up anew, with an effect from that month
    assert found == {"place-redditch": "district Redditch: visits_from changed"}


def test_another_oda_runs_everything(folder, monkeypatch):
    """The package that computes is part of every answer."""
    monkeypatch.setattr("oda.planning.package_hash", lambda: "another")
    assert plan(folder).to_do == dict.fromkeys(ALL, "oda changed")


def test_another_data_file_runs_what_loads_it(folder):
    """Data that were put in place of others change the answer, though no code has."""
    edit(folder / "governance" / "datasets" / "falls.yml", "data/synthetic/falls.csv", "data/synthetic/other.csv")
    assert plan(folder).to_do == {"once": "data: dataset falls changed"}


def test_words_comments_layout_and_outputs_run_nothing(folder):
    """What does not change the meaning of the code changes no answer."""
    path = folder / "notebooks" / "alone.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["cells"][1] |= {
        "source": "# a comment\ntotal = (\n    10*share\n)\n",
        "execution_count": 7,
        "id": "another",
    }
    content["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "old"}]
    content["cells"].insert(0, {"id": "x", "cell_type": "markdown", "metadata": {}, "source": "New words"})
    path.write_text(json.dumps(content, indent=3), encoding="utf-8")
    assert plan(folder).finished


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("notebooks/alone.ipynb", lambda path: path.write_bytes(path.read_bytes()[:-9]), "notebooks/alone.ipynb"),
        ("notebooks/alone.ipynb", Path.unlink, "notebooks/alone.ipynb"),
        ("tasks/alone.json", lambda path: edit(path, '"seconds": ', '"seconds": 1'), "tasks/alone.json"),
        ("tasks/alone.json", lambda path: path.write_text("{", encoding="utf-8"), "tasks/alone.json"),
    ],
)
def test_a_broken_product_is_named_and_made_again(folder, name, change, fault):
    """Half a notebook, none, an edited or a torn record: none is taken for a whole one."""
    run = next((folder / "runs").iterdir())
    change(run / name)
    prepared = plan(folder)
    assert prepared.to_do == {"alone": f"{fault} in runs/{run.name} is not as it was written"}
    assert not prepared.finished


@pytest.mark.parametrize("name", ["results.json", "run.json"])
def test_edited_results_are_said_and_written_again(folder, name):
    """Figures that somebody has changed by hand are not reported; the notebooks need not run for that."""
    run = next((folder / "runs").glob("falls*"))
    whole = (run / "results.json").read_bytes()
    edit(run / name, '"once"', '"twice"')
    prepared = plan(folder)
    assert prepared.broken == f"run.json or results.json in runs/{run.name} is not as it was written"
    assert (prepared.to_do, prepared.finished) == ({}, False)
    assert executed(go(folder)) == set()
    assert (run / "results.json").read_bytes() == whole
    assert plan(folder).finished


def test_a_run_without_its_record_is_not_finished(folder):
    """The folder of a run that was broken off before its record was written is said to be so."""
    run = next((folder / "runs").glob("falls*"))
    (run / "run.json").unlink()
    assert plan(folder).broken == f"runs/{run.name} has no run.json"
    assert not plan(folder).finished


def test_only_what_is_named_is_asked_for(folder):
    """One district of a changed notebook, by its name; the other is left for later."""
    edit(folder / "notebooks" / "place.ipynb", "Since when.", "Visits since.")
    assert list(plan(folder, only=("Redditch",)).to_do) == ["place-redditch"]
    assert set(plan(folder).to_do) == {"place-redditch", "place-worcester"}


def test_again_runs_what_was_named_and_what_came_before_only_if_it_must(folder):
    """`--again --only alone` does not repeat the notebook that it follows, unless that has changed."""
    settings(folder, run=[*PLAN[:2], PLAN[2] | {"after": ["once"]}])
    assert set(plan(folder).to_do) == {"alone"}
    prepared = plan(folder, only=("alone",), again=True)
    assert set(prepared.to_do) == {"alone"}
    assert prepared.asked == {"once", "alone"}


def test_a_run_that_has_not_changed_loads_no_heavy_package(folder):
    """Nothing to do is said in a moment: pandas and Jupyter stay where they are."""
    code = (
        "import runpy, sys\nfrom oda import planning\nplanning.package_hash = lambda: 'as installed'\n"
        "sys.argv = ['oda', 'run']\n"
        "try:\n    runpy.run_module('oda', run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'pandas', 'papermill', 'nbformat', 'IPython', 'rich', 'numpy', 'jupyter_client'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    script = folder.parent / "unchanged.py"
    script.write_text(code, encoding="utf-8")
    said = command(folder, script=script)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith("Nothing has changed since runs/")
