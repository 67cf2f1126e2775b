"""The close and the record of quality held against cards, flows, folder and calendar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oda.errors import GateError
from oda.governance import assess
from oda.governance.assessment import Finding
from oda.governance.closing_checks import copies, organisations
from oda.governance.files.folder import read_folder
from oda.governance.gates import close_pilot
from oda.loading import load
from oda.pilot import Pilot
from signers import AHEAD, CARD, TODAY, change, flow, open_pilot, put, sign_item, unsigned_pilot, write

GP, DATA, CLOSE_FILE = "governance/datasets/gp_list.yml", "data/raw/gp.csv", "governance/close.yml"
TOMORROW = TODAY + dt.timedelta(days=1)
DELETION = {
    "dataset": "gp_list",
    "partner": "fire",
    "deleted_on": TODAY,
    "method": "secure_delete",
    "certified_by": "iao",
}
KEPT = {"what": "The list", "why": "A complaint is open.", "until": AHEAD, "by": "iao"}
CLOSE: dict[str, Any] = {
    "closed_on": TODAY,
    "deletions": [DELETION],
    "source_record_untouched": True,
    "dea_register_end": None,
    "lessons": "docs/lessons.md",
    "kept": [],
}


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot whose data are gone and whose close is filled in."""
    made = unsigned_pilot(tmp_path, monkeypatch)
    (made.folder / DATA).unlink()
    write(made, CLOSE_FILE, CLOSE)
    return made


def closing(pilot: Pilot, **other: object) -> Finding:
    """Return how the close stands, with other values in its file."""
    write(pilot, CLOSE_FILE, {**CLOSE, **other})
    return assess(pilot).finding("O06")


def test_a_close_that_accounts_for_every_copy_can_be_signed(pilot: Pilot) -> None:
    """The one organisation that received the data has deleted them, and nothing is left here."""
    assert closing(pilot).is_ready
    assert copies(read_folder(pilot.folder)) == (("gp_list", "fire"),)
    assert organisations(read_folder(pilot.folder)) == ("council", "fire", "icb")


@pytest.mark.parametrize(
    ("other", "state", "reason"),
    [
        (
            {"deletions": [{**DELETION, "dataset": "nonsense", "partner": "nobody"}]},
            "invalid",
            "governance/close.yml names the dataset nonsense, which has no card",
        ),
        (
            {"deletions": [DELETION, {**DELETION, "partner": "nobody"}]},
            "invalid",
            "names nobody, which takes no part in this pilot",
        ),
        ({"kept": [{**KEPT, "dataset": "nonsense"}]}, "invalid", "names the dataset nonsense"),
        ({"closed_on": TOMORROW}, "invalid", "closed_on in governance/close.yml is in the future"),
        (
            {"closed_on": TOMORROW, "deletions": [{**DELETION, "deleted_on": TOMORROW}]},
            "invalid",
            "closed_on, deletions.0.deleted_on in governance/close.yml is in the future",
        ),
        ({"dea_register_end": TOMORROW}, "invalid", "dea_register_end in governance/close.yml is in the future"),
        (
            {"deletions": [{**DELETION, "partner": "council"}]},
            "open",
            "governance/close.yml does not say what became of gp_list at fire",
        ),
        (
            {"deletions": [], "nothing_to_delete_why": "We think so."},
            "open",
            "does not say what became of gp_list at fire",
        ),
        ({"deletions": [], "nothing_to_delete_why": "Kept.", "kept": [KEPT]}, "open", "does not say what became of"),
    ],
)
def test_a_certificate_that_certifies_nothing_is_not_signed(
    pilot: Pilot, other: dict[str, Any], state: str, reason: str
) -> None:
    """Names that do not exist, days to come and copies forgotten are told before anyone signs."""
    finding = closing(pilot, **other)
    assert (finding.state, finding.is_ready) == (state, False)
    assert reason in finding.reason
    assert finding.next_step


@pytest.mark.parametrize("which", [{"dataset": "gp_list", "partner": "fire"}, {"dataset": "gp_list"}])
def test_a_copy_that_is_kept_is_accounted_for(pilot: Pilot, which: dict[str, str]) -> None:
    """One that must be kept longer needs no certificate, and says why, how long and by whom."""
    assert closing(pilot, deletions=[], nothing_to_delete_why="All is kept.", kept=[{**KEPT, **which}]).is_ready


@pytest.mark.parametrize("place", [DATA, "data/raw/renamed.csv", "data/raw/old/gp.xlsx", "data/derived/list.csv"])
def test_data_that_are_still_there_keep_the_pilot_open(pilot: Pilot, place: str) -> None:
    """Under its own name, another name or as what was made from it: delete it first."""
    write(pilot, place, "left")
    finding = closing(pilot)
    assert finding.state == "open"
    assert finding.reason == f"{place} is still there"
    assert f"delete {place} first" in finding.next_step


def test_open_data_and_notes_may_stay(pilot: Pilot) -> None:
    """What is about nobody is not deleted, nor are the key of the hashes and a note on the folder."""
    write(pilot, "data/raw/census.csv", "open")
    write(pilot, "data/raw/README.md", "Data go here.")
    resource = {**CARD["resources"][0], "path": "data/raw/census.csv"}
    write(pilot, "governance/datasets/census.yml", {**CARD, "name": "census", "resources": [resource]})
    change(pilot, "governance/datasets/census.yml", lambda card: put(card, "x-ig", {"class": "open"}))
    assert closing(pilot).is_ready


@pytest.mark.parametrize("path", ["/etc/*", "../gp.csv", "C:\\gp.csv"])
def test_a_path_that_leaves_the_pilot_is_no_proof_that_nothing_is_left(pilot: Pilot, path: str) -> None:
    """Nothing outside the folder is looked at, and the close waits for a right path."""
    change(pilot, GP, lambda card: put(card, "resources.0.path", path))
    assert (closing(pilot).state, "no path inside the pilot" in closing(pilot).reason) == ("invalid", True)


def test_a_card_that_is_gone_or_renamed_is_still_accounted_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log knows that the data were loaded: taking the card away takes no copy away."""
    made = open_pilot(tmp_path, monkeypatch)
    load("gp_list", made)
    write(made, "governance/datasets/census.yml", {**CARD, "name": "census", "x-ig": {"class": "open"}})
    (made.folder / GP).unlink()
    finding = closing(made, deletions=[], nothing_to_delete_why="No personal data here.")
    assert finding.state == "open"
    (made.folder / DATA).unlink()
    finding = closing(made, deletions=[], nothing_to_delete_why="No personal data here.")
    assert "does not say what became of" in finding.reason
    assert "gp_list" in finding.reason


def test_counts_about_nobody_leave_no_copy_to_certify(pilot: Pilot) -> None:
    """Who received anonymous counts has nothing to delete; then any certificate of the dataset is enough."""
    write(pilot, "governance/flows/gp-to-fire.yml", flow("gp-to-fire", "icb", "fire", identifiability="anonymous"))
    assert copies(read_folder(pilot.folder)) == (("gp_list", ""),)
    assert closing(pilot).is_ready


def test_an_entry_in_the_public_register_is_ended(pilot: Pilot) -> None:
    """The register says when sharing under the Digital Economy Act ended."""
    change(pilot, "governance/flows/gp-to-fire.yml", lambda content: content.update(dea_register_id="DEA-12"))
    assert closing(pilot).reason.startswith("gp-to-fire is in the public register of the Digital Economy Act")
    assert closing(pilot, dea_register_end=TODAY).is_ready


def test_a_signed_certificate_counts_for_nothing_while_the_data_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed in good faith, and the file put back: the pilot cannot be closed."""
    made = open_pilot(tmp_path, monkeypatch)
    held = (made.folder / DATA).read_bytes()
    (made.folder / DATA).unlink()
    write(made, CLOSE_FILE, CLOSE)
    sign_item(made, "O06", "olga")
    (made.folder / DATA).write_bytes(held)
    with pytest.raises(GateError, match=r"close refused: O06 .* is open \(data/raw/gp.csv is still there"):
        close_pilot(made)
    (made.folder / DATA).unlink()
    close_pilot(made)


# The record of quality

EARLY: tuple[tuple[str, Callable[[Any], object], str], ...] = (
    ("questions.yml", lambda content: content.update(answered_on=TOMORROW), "answered_on in"),
    (
        "questions.yml",
        lambda content: content["answers"].update(Q07={"answer": "yes", "answered_on": TOMORROW}),
        "answers.Q07.answered_on in",
    ),
    ("statement.yml", lambda content: content.update(assured_on=TOMORROW), "assured_on in"),
)


def assured(pilot: Pilot) -> Pilot:
    """Return the pilot with its record of quality dated today."""
    change(pilot, "governance/aqa/questions.yml", lambda content: content.update(answered_on=TODAY))
    return change(pilot, "governance/aqa/statement.yml", lambda content: content.update(assured_on=TODAY))


@pytest.mark.parametrize(("name", "edit", "words"), EARLY, ids=[words for _, _, words in EARLY])
def test_nothing_is_answered_or_assured_on_a_day_to_come(
    pilot: Pilot, name: str, edit: Callable[[Any], object], words: str
) -> None:
    """A record dated ahead is a promise, and no record."""
    assert assess(assured(pilot)).finding("O03").is_ready
    finding = assess(change(pilot, f"governance/aqa/{name}", edit)).finding("O03")
    assert finding.state == "invalid"
    assert f"{words} governance/aqa/{name} is dated in the future" in finding.reason


def test_a_row_of_a_log_is_dated_on_a_day_that_has_been(pilot: Pilot) -> None:
    """The logs that analysts keep count as the record does, however the day is written."""
    path = assured(pilot).folder / "governance/aqa/decisions.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2026-01-31", f"{TOMORROW:%d/%m/%Y}"), encoding="utf-8")
    assert ".decided_on in governance/aqa/decisions.csv is dated in the future" in assess(pilot).finding("O03").reason
