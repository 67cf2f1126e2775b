"""Files that a notebook writes: what leaves a run, what does not, and what a later notebook may read."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

import oda
from oda.errors import RunError
from oda.outputs import AFTER, RUN, sort_out
from oda.pilot import load_pilot
from oda.records import write_task
from small import ONCE, go, of, plan, small

pytestmark = pytest.mark.xdist_group("run")

DECLARED = {"public.csv": "public", "sub/*": "aggregate", "deep/**": "record", "*.txt": "record"}


@pytest.fixture
def work(tmp_path) -> Path:
    """Return a notebook's own folder with files of all kinds."""
    folder = tmp_path / "work"
    for name in ("public.csv", "sub/a.csv", "sub/more/b.csv", "deep/er/c.csv", "note.txt", "sub/note.txt", "other.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"what\n{name}\n", encoding="utf-8")
    return folder


def sort(work: Path, declared: dict[str, str] | None = None, **more: bool) -> dict:
    """Sort out a folder."""
    return sort_out(work, DECLARED if declared is None else declared, into=work.parent / "run", task="t", **more)


def test_only_what_is_declared_leaves_the_run_each_at_its_level(work):
    """A star stands for a part of one name, two for any folders; all others are named and left behind."""
    found = sort(work)
    assert {one["file"]: one["level"] for one in found["kept"]} == {
        "public.csv": "public",
        "sub/a.csv": "aggregate",
        "sub/note.txt": "aggregate",
        "deep/er/c.csv": "record",
        "note.txt": "record",
    }
    assert (found["undeclared"], found["fault"]) == (["other.csv", "sub/more/b.csv"], "")
    run = work.parent / "run"
    assert (run / "out" / "aggregate" / "t" / "sub" / "a.csv").is_file()
    assert (run / "record" / "t" / "deep" / "er" / "c.csv").is_file()
    assert not list(run.rglob("other.csv"))


def test_nothing_declared_nothing_leaves(work):
    """The plan must say so for a file to leave."""
    found = sort(work, {})
    assert (found["kept"], len(found["undeclared"])) == ([], 7)
    assert not (work.parent / "run").exists()


def test_no_file_of_a_failed_notebook_leaves(work):
    """Half of the work is no output."""
    assert sort(work, failed=True)["kept"] == []


def test_a_declared_file_that_was_not_written_is_a_fault_and_nothing_leaves(work):
    """Readers of a run can rely on the files that pilot.yml names."""
    found = sort(work, DECLARED | {"gone.csv": "public", "public.csv": "public", "*.png": "public"})
    assert found["fault"].startswith("gone.csv is declared under 'outputs' in pilot.yml, but not written")
    assert found["kept"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets few people make links")
def test_a_link_never_leaves(work):
    """What it points to may lie anywhere, and be another tomorrow."""
    (work / "public.csv").unlink()
    (work / "public.csv").symlink_to("/etc/hostname")
    (work / "deep" / "away").symlink_to("/etc")
    found = sort(work, {"deep/**": "record", "public.*": "public"})
    assert {one["file"] for one in found["kept"]} == {"deep/er/c.csv"}
    assert {"public.csv", "deep/away"} <= set(found["undeclared"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
def test_names_that_are_no_text_are_spelt_out_and_never_leave(work):
    """Bytes of another encoding and line ends in a name cannot be written in a record as they are."""
    for name in (b"odd\xff.csv", b"two\nlines.csv"):
        (work / os.fsdecode(name)).touch()
    found = sort(work, {"*": "public"})
    assert {"odd\\xff.csv", "two\\nlines.csv"} <= set(found["undeclared"])
    json.dumps(found).encode("utf-8")


@pytest.mark.parametrize("level", ["public", "aggregate"])
@pytest.mark.parametrize(
    "heading", ["nhs_number,rate", "area;NHS No.;rate", '\ufeff"Full postcode"\tn', "\ndate of birth|n"]
)
def test_a_table_of_persons_does_not_leave(work, level, heading):
    """A CSV whose columns are named like identifiers is refused by name, however its columns are divided."""
    (work / "public.csv").write_text(f"{heading}\n1\n", encoding="utf-8")
    found = sort(work, {"public.csv": level})
    assert found["fault"].startswith(f"public.csv is declared {level}, but these columns look like personal identifi")
    assert found["kept"] == []
    assert sort(work, {"public.csv": "record"})["fault"] == ""


def test_areas_and_counts_are_no_persons(work):
    """Names of districts and numbers of addresses pass."""
    (work / "public.csv").write_text("area_name,period,address_count,postcode_district\n", encoding="utf-8")
    assert sort(work, {"public.csv": "public"})["fault"] == ""


def test_a_later_notebook_reads_what_an_earlier_one_declared(tmp_path, monkeypatch):
    """In a run only after a notebook that `after` names; in JupyterLab from the newest run that finished."""
    write = "from pathlib import Path\nPath('rates.csv').write_text('area,rate')\nPath('../aside.csv').write_text('1')"
    read = "import oda\nfound = oda.output('rates.csv', of='once').read_text()\nassert found == 'area,rate', found"
    run = [
        ONCE | {"outputs": {"rates.csv": "record"}},
        {"notebook": "notebooks/late.ipynb", "after": ["once"]},
        {"notebook": "notebooks/early.ipynb"},
    ]
    folder = small(tmp_path, run, once=["x = 1", write], late=["y = 1", read], early=["z = 1", read])
    monkeypatch.setattr("oda.planning.package_hash", lambda: "as installed")
    done = go(folder)
    assert of(done, "late").done
    assert of(done, "once").elsewhere == ["aside.csv"]
    assert of(done, "early").error.startswith("RunError: once need not have ended when this notebook runs. Add its")
    monkeypatch.chdir(load_pilot(folder).folder)
    with pytest.raises(RunError, match=r"^once has left no file 'rates\.csv' in a run that finished"):
        oda.output("rates.csv", of="once")
    (folder / "notebooks" / "early.ipynb").write_bytes((folder / "notebooks" / "once.ipynb").read_bytes())
    finished = go(folder)
    assert oda.output("rates.csv", of="once") == finished.folder / "record" / "once" / "rates.csv"
    (finished.folder / "record" / "once" / "rates.csv").unlink()
    broken = plan(folder)
    assert broken.broken == f"record/once/rates.csv in runs/{finished.id} is not as it was written"
    assert (broken.to_do, broken.finished) == ({}, False)  # the run before has it too
    go(folder)
    assert plan(folder).finished


@pytest.mark.parametrize(("file", "of_task"), [("../../run.json", "once"), ("x.csv", "../once"), ("x.csv", "a/b")])
def test_no_file_outside_a_task_s_own_outputs_is_given(tmp_path, monkeypatch, file, of_task):
    """A name that leads elsewhere is no output."""
    (tmp_path / "record" / "once").mkdir(parents=True)
    (tmp_path / "run.json").touch()
    (tmp_path / "record" / "x.csv").touch()
    (tmp_path / "tasks").mkdir()
    write_task(tmp_path, {"task": "once", "notebook": "once"})
    monkeypatch.setenv(RUN, str(tmp_path))
    monkeypatch.setenv(AFTER, '["once", "../once", "a/b"]')
    with pytest.raises(RunError, match="has left no file"):
        oda.output(file, of=of_task)
