"""The record of one task: believed only while it and all its products are as they were written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oda.records import copy_task, hash_file, look, read_task, remove_task, write_task


@pytest.fixture
def run(tmp_path) -> Path:
    """Return a run's folder with one task that is done."""
    folder = tmp_path / "runs" / "falls-1"
    for name in ("notebooks/t.ipynb", "out/public/t/sub/x.csv", "record/t/y.csv", "notebooks/t.log"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    outputs = [
        {"file": "sub/x.csv", "level": "public", "sha256": hash_file(folder / "out/public/t/sub/x.csv")},
        {"file": "y.csv", "level": "record", "sha256": hash_file(folder / "record/t/y.csv")},
    ]
    digest = hash_file(folder / "notebooks" / "t.ipynb")
    record = {"task": "t", "error": "", "results": {"a": 1}, "outputs": outputs, "notebook_sha256": digest}
    write_task(folder, record | {"words": "Ynys Môn"})
    return folder


def test_a_whole_record_is_read_without_its_results(run):
    """What a notebook found may be long, and is on disk; what became of it is short."""
    record, fault = look(run, "t")
    assert (record["words"], "results" in record, fault) == ("Ynys Môn", False, "")
    assert not list(run.rglob("*.part"))


def test_no_record_is_no_fault(run):
    """A task that never ran has nothing that could be broken."""
    assert look(run, "other") == (None, "")


@pytest.mark.parametrize("name", ["notebooks/t.ipynb", "out/public/t/sub/x.csv", "record/t/y.csv", "tasks/t.json"])
@pytest.mark.parametrize("how", ["cut", "edited", "gone"])
def test_a_product_that_is_not_as_it_was_written_is_named(run, name, how):
    """Cut short, edited by hand or deleted: none is taken for a good one."""
    path = run / name
    text = path.read_text(encoding="utf-8")
    if how == "gone":
        path.unlink()
    else:
        path.write_text(text[:-3] if how == "cut" else text.replace("t", "T", 1), encoding="utf-8")
    record, fault = look(run, "t")
    gone = (name, how) == ("tasks/t.json", "gone")
    assert (record, fault) == (None, "" if gone else f"{name} in runs/falls-1 is not as it was written")


def test_a_log_is_no_product(run):
    """What a notebook printed on the side is for reading, and decides nothing."""
    (run / "notebooks" / "t.log").unlink()
    assert read_task(run, "t")


def test_the_record_of_another_task_is_not_taken_for_this_one(run):
    """A file copied under another name keeps the name that it was written for."""
    (run / "tasks" / "u.json").write_bytes((run / "tasks" / "t.json").read_bytes())
    assert read_task(run, "u") is None


def test_a_failure_is_read_though_its_notebook_is_half(run):
    """Why a notebook failed is known even where it left nothing."""
    write_task(run, {"task": "t", "error": "KeyError: 1", "outputs": [], "notebook_sha256": ""})
    assert read_task(run, "t")["error"] == "KeyError: 1"


def test_what_is_copied_is_whole_in_its_new_place(run):
    """The record comes last, so a copy that is broken off is none."""
    target = run.parent / "falls-2"
    (target / "out" / "public" / "t").mkdir(parents=True)
    (target / "out" / "public" / "t" / "half.csv").touch()
    copy_task(read_task(run, "t"), run, target)
    assert look(target, "t") == look(run, "t")
    assert json.loads((target / "tasks" / "t.json").read_text(encoding="utf-8"))["results"] == {"a": 1}
    assert (target / "notebooks" / "t.log").is_file()
    assert not [*target.rglob("*.part"), *target.rglob("half.csv")]


def test_nothing_of_a_task_is_left_once_it_is_removed(run):
    """What is executed anew begins with an empty place."""
    remove_task(run, "t")
    assert [path for path in run.rglob("*") if path.is_file()] == []
    remove_task(run, "t")
