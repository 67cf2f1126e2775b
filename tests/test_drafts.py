"""Drafts of files that are not there yet: nothing wrong in them, a TODO at each answer, and what is known filled in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from oda.cli import main
from oda.errors import COMMAND, SettingsError
from oda.governance import assess
from oda.governance.drafts import draft_name, draft_names, write_draft
from oda.governance.files import KINDS
from oda.governance.files.base import Held, check
from oda.pilot import Pilot, read_yaml
from signers import unsigned_pilot

NAMES = [name.replace("ID", "my-own") for name in draft_names()]


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot that is filled in and that nobody has signed."""
    return unsigned_pilot(tmp_path, monkeypatch)


def drafted(folder: Path, name: str) -> Held:
    """Draft a file in place of the one there, and check it."""
    place = f"governance/{name}.yml"
    (folder / place).unlink(missing_ok=True)
    path = write_draft(folder, name)
    assert path == folder / place
    kind = next(kind for kind in KINDS if draft_name(kind.pattern).replace("ID", "my-own") == name)
    return check(place, read_yaml(path), kind.model)


def required(model: Any) -> set[str]:
    """Return what a file cannot do without."""
    return {field.alias or name for name, field in model.model_fields.items() if field.is_required()}


@pytest.mark.parametrize("name", NAMES)
def test_a_draft_has_no_fault_and_says_what_is_to_do(pilot: Pilot, name: str) -> None:
    """Whoever opens it sees what is wanted, and nothing that is wrong."""
    held = drafted(pilot.folder, name)
    assert held.faults == ()
    assert held.todos
    assert not held.is_ready


@pytest.mark.parametrize("name", NAMES)
def test_a_draft_is_as_good_in_an_empty_pilot(tmp_path: Path, name: str) -> None:
    """Where nothing is known yet, everything is to do, and nothing is wrong."""
    assert drafted(tmp_path, name).faults == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_draft_names_every_field_and_its_schema(pilot: Pilot, name: str) -> None:
    """Nothing that is required is left out, and an editor finds the schema from the first line."""
    held = drafted(pilot.folder, name)
    kind = next(kind for kind in KINDS if draft_name(kind.pattern).replace("ID", "my-own") == name)
    assert required(kind.model) <= set(held.raw)
    first = (pilot.folder / held.place).read_text(encoding="utf-8").partition("\n")[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    template = Path(__file__).parents[1] / "{{cookiecutter.project}}"
    assert ((template / held.place).parent / schema).resolve().is_file()


def test_choices_are_listed_and_fields_told_in_words(pilot: Pilot) -> None:
    """Nobody looks up what may be written."""
    raw = drafted(pilot.folder, "flows/my-own").raw
    assert raw["confidentiality"]["route"] == "TODO: one of consent, direct_care, s251, public_interest or not_owed"
    assert raw["confidentiality"]["owed"] == "TODO: true or false"
    assert raw["retention"]["until"] == "TODO: a day, such as 2027-01-31"
    assert raw["incident"]["report_within_hours"] == "TODO: a whole number from 1 to 72"
    assert raw["from"]["org"] == "TODO: one of council, fire or icb"
    assert drafted(pilot.folder, "close").raw["lessons"].startswith("TODO: Where the lessons are")


def test_what_is_known_is_filled_in(pilot: Pilot) -> None:
    """Ids come from the name, organisations and datasets from the files that are there."""
    assert drafted(pilot.folder, "flows/my-own").raw["id"] == "my-own"
    assert drafted(pilot.folder, "flows/my-own").raw["dsa"] == "falls-2026"
    close = drafted(pilot.folder, "close").raw["deletions"]
    assert [(one["dataset"], one["partner"]) for one in close] == [("gp_list", "fire")]
    assert drafted(pilot.folder, "linkage").raw["datasets"][0] == "gp_list"
    assert [one["org"] for one in drafted(pilot.folder, "dsa/my-own").raw["parties"]] == ["council", "fire", "icb"]
    assert len(drafted(pilot.folder, "aqa/questions").raw["answers"]) == 60


def test_no_answer_is_given_for_anyone(pilot: Pilot) -> None:
    """What a person must vouch for, such as that the source record is untouched, is theirs to write."""
    raw = drafted(pilot.folder, "close").raw
    assert raw["source_record_untouched"].startswith("TODO")
    assert set(drafted(pilot.folder, "project").raw["flags"].values()) == {"TODO: true or false"}


def test_nothing_is_written_over(pilot: Pilot) -> None:
    """Work that was done stays, whatever is typed."""
    path = pilot.folder / "governance/people.yml"
    before = path.read_bytes()
    with pytest.raises(SettingsError, match=r"governance/people.yml is there already, and nothing is written over"):
        write_draft(pilot.folder, "people")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nonsense", "No file 'nonsense' can be drafted. There are: project, partners"),
        ("flows", "No file 'flows' can be drafted"),
        ("flows/ID", "No file 'flows/ID' can be drafted"),
        ("../close", "No file '../close' can be drafted"),
        ("flows/../../out", "No file 'flows/../../out' can be drafted"),
        ("flows/A b", "'A b' is no id"),
        ("flows/nul", "'nul' is no id"),
        ("flows/" + "a" * 81, "is no id"),
        ("outputs/may", f"Make it with {COMMAND} release"),
    ],
)
def test_no_other_name_is_taken(pilot: Pilot, name: str, message: str) -> None:
    """Nothing is written outside its folder, or where a command makes the file."""
    before = sorted(pilot.folder.parent.rglob("*"))
    with pytest.raises(SettingsError) as told:
        write_draft(pilot.folder, name)
    assert message in str(told.value)
    assert sorted(pilot.folder.parent.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="links need rights that few have on Windows")
@pytest.mark.parametrize("link", ["governance", "governance/model"])
def test_no_draft_is_written_through_a_link(tmp_path: Path, link: str) -> None:
    """A link in a pilot cannot make the command write elsewhere."""
    outside, folder = tmp_path / "outside", tmp_path / "pilot"
    (outside / "model").mkdir(parents=True)
    (folder / link).parent.mkdir(parents=True)
    (folder / link).symlink_to(outside)
    with pytest.raises(SettingsError, match=rf"{link} is a link"):
        write_draft(folder, "model/plan")
    assert list(outside.rglob("*.yml")) == []


def test_the_command_says_what_it_wrote_and_the_check_names_the_command(
    pilot: Pilot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the item that is open to the file that is started, in the words that a person types."""
    monkeypatch.chdir(pilot.folder)
    assert assess(pilot).finding("O06").next_step.endswith(f"{COMMAND} draft close")
    said = CliRunner().invoke(main, ["draft", "close.yml"])
    assert said.exit_code == 0
    assert said.output.startswith("Wrote governance/close.yml. Put an answer in place of each TODO")
    assert assess(pilot).finding("O06").reason.startswith("11 TODO left in governance/close.yml")
    assert CliRunner().invoke(main, ["draft", "close"]).exit_code != 0


@pytest.mark.parametrize("name", ["flows/my-own", "model/atrs", "synth/report"])
def test_a_draft_is_plain_yaml_that_any_tool_reads(pilot: Pilot, name: str) -> None:
    """What ours reads and what another reads are the same, keys such as on included."""
    held = drafted(pilot.folder, name)
    assert yaml.safe_load((pilot.folder / held.place).read_text(encoding="utf-8")) == held.raw
