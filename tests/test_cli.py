"""The commands as a person at the keyboard meets them."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from finished import baked, made_up
from oda.cli import main
from oda.doctor import examine
from oda.pilot import load_pilot

pytestmark = pytest.mark.xdist_group("run")


@pytest.fixture
def call(monkeypatch):
    """Call a command in a folder."""

    def called(folder: Path, *words: str):
        """Return what came of it."""
        monkeypatch.chdir(folder)
        return CliRunner().invoke(main, words)

    return called


@pytest.mark.parametrize(("code", "said"), [(errno.ENOSPC, "Make room on this disk"), (errno.EROFS, "may write to")])
def test_a_full_disk_is_said_in_words(call, monkeypatch, code, said):
    """Nobody has to read a traceback to learn that there is no room, or that a folder is read-only."""

    def full(*_args, **_more):
        raise OSError(code, os.strerror(code), "runs/x/board.qmd")

    monkeypatch.setattr("oda.reports.build.build_reports", full)
    done = call(made_up().pilot.folder, "report")
    assert (done.exit_code, done.output.startswith(f"board.qmd: {os.strerror(code)}. ")) == (1, True)
    assert said in done.output


def test_check_shows_every_item_and_every_gate(call):
    """39 items with their states, six gates, and what a green checklist is not."""
    said = call(made_up().pilot.folder, "check", "--all")
    assert said.exit_code == 0
    assert all(f"{gate}: " in said.output for gate in ("load", "link", "train", "act", "publish", "close"))
    assert "P01" in said.output
    assert "O06" in said.output
    assert "not legal advice" in said.output


def test_check_as_json_is_json_and_a_shut_gate_is_exit_one(call):
    """A script can ask for one gate."""
    said = call(made_up().pilot.folder, "check", "--json", "--gate", "publish")
    assert said.exit_code == 1
    assert len(json.loads(said.output)["findings"]) == 39
    assert call(made_up().pilot.folder, "check", "--gate", "load").exit_code == 0


def test_data_accounts_for_the_rows(call):
    """One line a dataset: used, read, left out, gaps."""
    said = call(made_up().pilot.folder, "data")
    assert said.output == "falls: 312 rows used of 312 in data/synthetic/falls.csv (utf-8-sig); 0 left out, 0 gaps.\n"


def test_a_second_run_says_that_nothing_has_changed(call):
    """Nothing is computed twice, and the way to force it is named."""
    made_up()
    said = call(made_up().pilot.folder, "run")
    assert said.exit_code == 0
    assert "Nothing has changed" in said.output
    assert "9 of 9 notebooks done" in said.output


def test_report_ends_with_the_page_to_open(call):
    """The last line names the index page, the first says what was made or kept."""
    made_up()
    said = call(made_up().pilot.folder, "report", "--renderer", "builtin")
    assert said.exit_code == 0
    assert re.match("(Made|Nothing has changed:) 11 pages and 9 PDFs", said.output)
    assert said.output.splitlines()[-1].endswith("index.html")


def test_outside_a_pilot_one_sentence_says_so(call, tmp_path):
    """No traceback: what was found and what to do."""
    said = call(tmp_path, "check")
    assert said.exit_code == 1
    assert said.output.startswith("No pilot.yml in ")
    assert "Traceback" not in said.output


def test_a_broken_setting_is_named(call, tmp_path):
    """The file, the place and the value."""
    folder = baked(tmp_path)
    path = folder / "pilot.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("E07000236", "E7"), encoding="utf-8")
    said = call(folder, "run")
    assert said.exit_code == 1
    assert "pilot.yml: districts.2.code" in said.output
    assert "'E7'" in said.output


def test_personal_data_are_refused_with_the_item_that_is_missing(call, tmp_path):
    """`oda run` on a dataset of class personal stops at the load gate and names the first item and its signer."""
    folder = baked(tmp_path)
    card = folder / "governance" / "datasets" / "falls.yml"
    text = card.read_text(encoding="utf-8").split("x-synthetic:")[0].replace("class: synthetic", "class: personal")
    card.write_text(text.replace("data/synthetic", "data/raw"), encoding="utf-8")
    (folder / "data" / "raw" / "falls.csv").write_text("district_code\n", encoding="utf-8")
    said = call(folder, "run")
    assert said.exit_code == 1
    assert "load refused: dataset 'falls' is of class personal, and D03" in said.output
    assert "check lists them" in said.output


def test_doctor_names_what_is_well_and_the_fix_for_what_is_not(call, tmp_path):
    """A changed wheel is found, and the way to mend it is named."""
    folder = baked(tmp_path)
    wheel = next((folder / "vendor").glob("*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    checks = {check.name: check for check in examine(load_pilot(folder))}
    assert not checks["The oda wheel in vendor/"].ok
    assert checks["Built-in renderer"].ok
    said = call(folder, "doctor")
    assert said.exit_code == 1
    assert "Take the folder vendor/ again" in " ".join(said.output.split())
