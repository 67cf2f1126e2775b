"""A run on disk: its record and results, written in one step and believed only while they are whole."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from oda.errors import RunError
from oda.hashing import hash_values
from oda.planning import describe_inputs
from oda.records import write_task
from oda.runs import Outcome, make_record, name_run, read_record, read_run, write_record, write_run

FACT = {"kind": "fact", "sentence": "Ynys Môn had 3.", "value": 3.0, "unit": ""}


def outcome(task: str, notebook: str, **more) -> Outcome:
    """Return what became of a task."""
    return Outcome(**{"task": task, "notebook": notebook, "district": None, "parameters": {}, "seconds": 1.0} | more)


OUTCOMES = [
    outcome("first", "first"),
    outcome("list-a", "list", item="a"),
    outcome("place-redditch", "place", district="E07000236"),
    outcome("place-worcester", "place", district="E07000237", error="KeyError: 1", cell=3),
]


@pytest.fixture
def folder(tmp_path, pilot) -> Path:
    """Write a run of four tasks, one of which failed."""
    run = tmp_path / "falls-1"
    run.mkdir()
    for one in OUTCOMES:
        write_task(run, {"task": one.task, "results": {"n": FACT}})
    inputs = {"settings": {}, "oda": "", "lock": "", "code": {}, "datasets": []}
    record = make_record(pilot, inputs, OUTCOMES, started=dt.datetime.now(dt.UTC), status="failed")
    assert write_run(run, record)["results_sha256"]
    return run


def test_a_run_is_read_as_it_was_written(folder):
    """Results once, for each of a list and for each district; those of a failure are left out."""
    run = read_run(folder)
    assert run.outcomes == tuple(OUTCOMES)
    assert [one.task for one in run.failed] == ["place-worcester"]
    assert list(run.once) == ["first", "list-a"]
    assert list(run.by_district) == ["E07000236"]
    assert run.by_district["E07000236"]["place"]["n"].sentence == "Ynys Môn had 3."
    assert not list(folder.glob("*.part"))


@pytest.mark.parametrize("name", ["run.json", "results.json"])
@pytest.mark.parametrize("how", ["cut", "edited", "gone"])
def test_a_run_that_is_not_as_it_was_written_is_none(folder, name, how):
    """Half a file, one edited by hand, or none: it is not reported from."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    if how == "gone":
        path.unlink()
    else:
        path.write_text(
            text[:-9] if how == "cut" else text.replace("had 3", "had 4").replace('"cell": 3', '"cell": 2'),
            encoding="utf-8",
        )
    assert read_record(folder) is None
    with pytest.raises(RunError, match=r"^falls-1 holds no finished run\. Run the notebooks again: "):
        read_run(folder)


def test_a_run_that_is_going_on_is_not_finished(folder):
    """Its record says how far it is, and holds no results yet."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    del record["results_sha256"], record["checksum"]
    write_record(folder, record | {"status": "running"})
    assert read_record(folder)["status"] == "running"
    with pytest.raises(RunError, match="holds no finished run"):
        read_run(folder)


def test_the_results_are_the_same_bytes_however_they_came(folder):
    """Written twice, they are equal, so that two runs of the same inputs can be held against each other."""
    before = (folder / "results.json").read_bytes()
    write_run(folder, read_record(folder))
    assert (folder / "results.json").read_bytes() == before


def test_a_run_is_named_after_all_that_decides_its_answer(pilot):
    """The same inputs give the same name, others another."""
    inputs = describe_inputs(pilot)
    assert name_run(pilot, inputs) == f"{pilot.pilot.slug}-{hash_values(inputs)[:10]}"
    assert name_run(pilot, inputs | {"lock": "another"}) != name_run(pilot, inputs)
