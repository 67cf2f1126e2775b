"""The same inputs give the same bytes: run again elsewhere, on another day, with the network cut."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from finished import made_up
from oda.errors import RenderError
from oda.reports import dating
from oda.reports.build import build_reports
from oda.results import Fact

pytestmark = pytest.mark.xdist_group("run")

UNTIL = Fact(sentence="The data end with July 2026.", value="2026-07-31", unit="date")


def contents(folder: Path) -> dict[str, bytes]:
    """Return every page, PDF and CSV by its path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run_of(**record: str) -> object:
    """Return the finished run, with another record and no day of its data but the one given as `until`."""
    until = record.pop("until", "")
    once = {
        name: {key: one for key, one in found.items() if key != "data-until"}
        for name, found in made_up().run.once.items()
    }
    if until:
        once["10-data"] = once["10-data"] | {"data-until": UNTIL.model_copy(update={"value": until})}
    return replace(made_up().run, once=once, record={**made_up().run.record, **record})


def without_network() -> list[str]:
    """Return what a command begins with to have no network; nothing where that is not to be had."""
    for words in (["unshare", "--net"], ["unshare", "--map-root-user", "--net"]):
        if (
            shutil.which(words[0])
            and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
        ):
            return words
    return []


def test_everything_executed_again_elsewhere_gives_the_same_bytes(tmp_path):
    """A copy of the pilot in another folder, other hashes of Python's, another time zone, reports without a network."""
    source = made_up().pilot.folder
    folder = tmp_path / "another place"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("runs", "published", ".venv", "synthetic"))
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland", "LANG": "C"}

    def oda(*words: str, before: list[str] | None = None) -> None:
        command = [*(before or []), sys.executable, "-m", "oda", *words]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    oda("run", "--quiet")
    oda("report", "--renderer", "builtin", before=without_network())
    again = contents(folder / "runs" / made_up().run.id / "reports")
    first = contents(made_up().report.index.parent)
    assert sorted(again) == sorted(first)
    assert [name for name in first if first[name] != again[name]] == []


def test_another_day_gives_the_same_bytes(tmp_path):
    """The record of a run has the time; no page, PDF or CSV has it."""
    other = replace(
        made_up().run,
        folder=tmp_path,
        record={**made_up().run.record, "started": "2031-01-02T03:04:05+00:00", "first": "2031-01-02T03:04:05+00:00"},
    )
    report = build_reports(made_up().pilot, other, renderer="builtin")
    first = contents(made_up().report.index.parent)
    again = contents(report.index.parent)
    assert [name for name in first if first[name] != again.get(name)] == []


def test_a_draft_has_the_last_day_of_its_data_and_says_so():
    """Nobody takes it for the day of publication."""
    fields = dating.date_fields(run_of(until="2026-07-31"))
    assert fields == {"date": "2026-07-31", "date-label": "Data to"}


def test_a_release_has_the_day_of_its_release():
    """Which stands in the release file that people sign."""
    run = dating.on_release(run_of(until="2026-07-31"), dating.dt.date(2026, 11, 22))
    assert dating.date_fields(run) == {"date": "2026-11-22"}


def test_without_a_day_of_the_data_a_draft_has_the_day_of_the_first_run():
    """Running the same inputs again moves no date."""
    run = run_of(started="2026-12-01T09:00:00+00:00", first="2026-11-22T10:00:00+00:00")
    assert dating.date_fields(run) == {"date": "2026-11-22"}
    assert dating.date_fields(run_of(started="2026-12-01T09:00:00+00:00", first=""))["date"] == "2026-12-01"


def test_a_day_that_is_none_is_refused():
    """With the result's name and the form it should have."""
    with pytest.raises(RenderError, match=r"Result 'data-until' has the value 'July', which is not a day"):
        dating.day_of(run_of(until="July"))


def test_the_day_of_the_first_run_outlives_a_run_of_the_same_inputs():
    """The record keeps it beside the time at which the run began."""
    record = made_up().run.record
    assert record["first"] <= record["started"]
