"""What someone with a hand on the files may try: none of it opens a gate, and each attempt is named.

Sign-off records are attacked in `test_signoffs.py`, the log in `test_log.py`, files of settings in `test_folder.py`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from oda.errors import DatasetError, GateError, SettingsError
from oda.governance import assess, load_checklist, trust
from oda.governance.checklist import Item
from oda.governance.log import LOG_FILE, append
from oda.governance.preparing import prepare, who_signs
from oda.governance.signers import SIGNERS_FILE
from oda.governance.signing import sign
from oda.governance.trust import VARIABLE
from oda.loading import load
from oda.pilot import Pilot, load_pilot
from signers import (
    CARD,
    DATA,
    OTHERS,
    SIGNERS,
    change,
    key,
    listed,
    measured,
    open_pilot,
    pin,
    put,
    reject,
    sign_all,
    sign_item,
    signers_list,
    states,
    unsigned_pilot,
    write,
)

PERSONAL, PROJECT = "governance/datasets/gp_list.yml", "governance/project.yml"
OWN = "governance/checklist.yml"
NOW = dt.datetime.now(dt.UTC)
POSIX = pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot whose load gate is open, and whose data were loaded once."""
    made = open_pilot(tmp_path, monkeypatch)
    load("gp_list", made)
    return made


@pytest.fixture
def unsigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot that is filled in and that nobody has signed."""
    return unsigned_pilot(tmp_path, monkeypatch)


def shut(pilot: Pilot, item: str) -> str:
    """Return why an item shuts the load gate."""
    assessment = assess(pilot)
    assert item in assessment.gate("load").missing
    with pytest.raises(GateError, match=r"^load refused"):
        load("gp_list", load_pilot(pilot.folder))
    return assessment.finding(item).reason


# Who may sign


def test_an_analyst_who_adds_a_key_of_their_own_signs_nothing(unsigned: Pilot) -> None:
    """The list of signers is another one then, and nobody's signature counts until it is put back."""
    everything = "".join(listed("anna", place) for place in SIGNERS.values())
    write(unsigned, SIGNERS_FILE, everything)
    change(unsigned, "governance/people.yml", lambda content: content["people"][0].update(id="anna-two"))
    prepared = prepare(unsigned, who_signs(unsigned, key("anna"), role="sro"), ("P01",))
    sign(unsigned, prepared, key("anna"))
    assert "is not the list that the environment variable" in shut(unsigned, "P01")
    assert states(unsigned)["E03"] == "failed"


def test_a_line_added_to_the_list_makes_every_signature_invalid(pilot: Pilot) -> None:
    """Even a comment; the partnership's list is taken whole or not at all."""
    write(pilot, SIGNERS_FILE, signers_list() + "# and me\n")
    assert "is not the list" in shut(pilot, "P01")


def test_a_role_forged_in_people_and_in_the_list_gives_no_power(pilot: Pilot) -> None:
    """Analyst Anna makes herself assurer in both files: the pin outside the project does not move."""
    row = {"id": "anna", "roles": ["asr"], "trained_on": None, "access_until": None}
    change(pilot, "governance/people.yml", lambda c: next(p for p in c["people"] if p["id"] == "anna").update(row))
    write(pilot, SIGNERS_FILE, signers_list() + listed("anna", "asr@council"))
    found = states(pilot)
    assert (found["O03"], found["E02"], found["E03"]) == ("invalid", "open", "failed")


def test_the_pin_of_the_machine_outranks_the_one_in_the_environment(pilot: Pilot) -> None:
    """Whoever starts the program sets its variables, but not the administrator's file."""
    trust.MACHINE_FILE.parent.mkdir()
    trust.MACHINE_FILE.write_text("0" * 64, encoding="utf-8")
    assert "is not the list that" in shut(pilot, "P01")
    data = (pilot.folder / SIGNERS_FILE).read_bytes()
    trust.MACHINE_FILE.write_text(f"{hashlib.sha256(data).hexdigest()}  falls\n", encoding="utf-8")
    assert assess(pilot).gate("load").is_open


def test_an_emptied_pin_opens_nothing(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taking the pin away is no way around it."""
    monkeypatch.setenv(VARIABLE, "")
    assert "nothing outside the project says" in shut(pilot, "E03")


@POSIX
def test_a_list_that_is_a_link_opens_nothing(pilot: Pilot) -> None:
    """What it leads to can change while nobody looks."""
    (pilot.folder / SIGNERS_FILE).rename(pilot.folder / "elsewhere")
    (pilot.folder / SIGNERS_FILE).symlink_to(pilot.folder / "elsewhere")
    assert "is a link to another place" in shut(pilot, "E03")


def test_a_key_that_is_no_longer_valid_signed_nothing_since(unsigned: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever left the partnership cannot sign, and what they signed before stands."""
    day = NOW - dt.timedelta(days=3)
    ended = f'namespaces="oda-ig-signoff",valid-before="{day:%Y%m%d}Z"'
    write(
        unsigned,
        SIGNERS_FILE,
        signers_list().replace(listed("sam", "sro@council"), "") + listed("sam", "sro@council", options=ended),
    )
    pin(unsigned.folder, monkeypatch)
    with pytest.raises(GateError, match=r"P01-1 was not signed: The key .* is valid from the start to"):
        sign_item(unsigned, "P01", "sam")
    sign_item_then(unsigned, "P01", "sam", day - dt.timedelta(days=3))
    assert states(unsigned)["P01"] == "signed"


def sign_item_then(pilot: Pilot, item: str, person: str, moment: dt.datetime) -> None:
    """Sign an item at a moment that was."""
    sign(pilot, prepare(pilot, who_signs(pilot, key(person)), (item,)), key(person), now=moment)


# The log and the clock


def test_a_log_in_another_order_shuts_the_gate(pilot: Pilot) -> None:
    """Two lines changed about is enough."""
    path = pilot.folder / LOG_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[4], lines[3], *lines[5:]]))
    assert "lines are missing, or stand in another order" in shut_by_assessment(pilot, "E03")


def test_a_log_that_is_gone_takes_the_signatures_with_it(pilot: Pilot) -> None:
    """Without it nothing tells a record from one laid into the folder."""
    (pilot.folder / LOG_FILE).unlink()
    assert f"is not in {LOG_FILE}" in shut(pilot, "P01")


def test_a_log_cut_off_at_the_end_is_told_by_git(pilot: Pilot) -> None:
    """A rejection and its line taken out together, where the folder was committed once."""
    reject(pilot, "S05", "sid")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.hooksPath=/dev/null")
    for words in (["init", "-q"], ["add", "governance"], ["commit", "-q", "-m", "All"]):
        subprocess.run(["git", *who, "-C", str(pilot.folder), *words], check=True, capture_output=True)
    for end in ("", ".sig"):
        (pilot.folder / f"governance/signoffs/S05-2.json{end}").unlink()
    path = pilot.folder / LOG_FILE
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert states(pilot)["S05"] == "signed"
    assert "lines that were committed are gone or changed" in shut(pilot, "E03")


@pytest.mark.parametrize("days", [1, 400])
def test_a_clock_set_back_shuts_the_gate(pilot: Pilot, days: int) -> None:
    """A sign-off that has run out cannot be brought back by yesterday's date."""
    assessment = assess(pilot, now=NOW - dt.timedelta(days=days))
    assert "the clock says" in assessment.finding("E03").reason
    assert {"E03", "P01"} <= set(assessment.gate("load").missing)


def test_a_log_from_the_future_shuts_the_gate(pilot: Pilot) -> None:
    """A line dated next week was written with a wrong clock, or by hand; so is a sign-off."""
    append(pilot.folder, "note", {}, now=NOW + dt.timedelta(days=7))
    assert "something here is dated" in shut_by_assessment(pilot, "E03")


def shut_by_assessment(pilot: Pilot, item: str) -> str:
    """Return why an item shuts the load gate, where the refusal itself cannot be logged."""
    assert item in assess(pilot).gate("load").missing
    with pytest.raises(GateError):
        load("gp_list", pilot)
    return assess(pilot).finding(item).reason


# The data


def test_a_swapped_file_with_as_many_rows_and_bytes_is_found(pilot: Pilot) -> None:
    """The card is of one file, and no other passes for it."""
    write(pilot, "data/raw/gp.csv", DATA.replace("12", "21"))
    assert "the content is not the one that its card was written for" in shut(pilot, "D03")


def test_a_card_written_for_the_swapped_file_has_to_be_signed_anew(pilot: Pilot) -> None:
    """Measuring the new file makes the owner's signature stale."""
    write(pilot, "data/raw/gp.csv", DATA.replace("12", "21"))
    write(pilot, PERSONAL, measured(pilot.folder, CARD))
    assert states(pilot)["D03"] == "met"
    assert "changed since it was signed" in shut(pilot, "D01")


@POSIX
@pytest.mark.parametrize("make", [os.symlink, os.link], ids=["link", "hard link"])
def test_a_data_file_that_is_a_link_is_found(pilot: Pilot, make: Any) -> None:
    """The file may be as its card says today, and another tomorrow."""
    path = pilot.folder / "data/raw/gp.csv"
    path.rename(pilot.folder / "data/raw/other.csv")
    make(pilot.folder / "data/raw/other.csv", path)
    assert "link" in shut(pilot, "D03")


def open_card(pilot: Pilot, path: str, name: str = "census") -> None:
    """Write the card of a dataset that claims to be open."""
    resource = {**CARD["resources"][0], "name": name, "path": path}
    card = {**CARD, "name": name, "resources": [resource], "x-ig": {"class": "open", "controller": "ONS"}}
    write(pilot, f"governance/datasets/{name}.yml", measured(pilot.folder, card))


def test_a_copy_of_personal_data_under_an_open_card_does_not_load(pilot: Pilot) -> None:
    """The copy is told by its content, and needs every signature that the original does."""
    shutil.copy(pilot.folder / "data/raw/gp.csv", pilot.folder / "data/raw/census.csv")
    open_card(pilot, "data/raw/census.csv")
    with pytest.raises(
        GateError, match=r"load refused: dataset 'census' .* D03 .* is that of personal dataset gp_list"
    ):
        load("census", pilot)


def test_a_second_card_for_the_same_file_does_not_load(pilot: Pilot) -> None:
    """One file is not open under one name and personal under another."""
    open_card(pilot, "data/raw/gp.csv")
    with pytest.raises(GateError, match=r"load refused: dataset 'census' .* D03 .* is the file of gp_list"):
        load("census", pilot)


def test_a_copy_does_not_load_where_the_card_of_the_original_was_taken_away(pilot: Pilot) -> None:
    """The log knows the hash of what was loaded as personal."""
    shutil.copy(pilot.folder / "data/raw/gp.csv", pilot.folder / "data/raw/census.csv")
    (pilot.folder / PERSONAL).unlink()
    (pilot.folder / "data/raw/gp.csv").unlink()
    open_card(pilot, "data/raw/census.csv")
    with pytest.raises(GateError, match="load refused: dataset 'census' is of class open, and D01"):
        load("census", pilot)


def test_a_pilot_whose_personal_card_was_taken_away_still_counts_as_personal(pilot: Pilot) -> None:
    """Until the owner of the data has signed that it is so."""
    write(pilot, "data/raw/census.csv", "district_code,period,visits\nE07000236,2026-01,1\nE07000237,2026-01,2\n")
    (pilot.folder / PERSONAL).unlink()
    open_card(pilot, "data/raw/census.csv")
    assessment = assess(pilot)
    assert "D01" in assessment.gate("load").missing
    assert any("Dataset 'gp_list' is treated as personal until D01 is signed anew" in one for one in assessment.notes)
    sign_item(pilot, "D01", "olga")
    assert assess(pilot).gate("load").reason == "no personal data in this pilot: 1 open dataset"


@pytest.mark.parametrize("damage", ["deleted", "junk", "edited"])
def test_damage_to_the_log_does_not_make_personal_data_open(pilot: Pilot, damage: str) -> None:
    """Where what would show that data were personal is damaged, nothing counts as open."""
    log = pilot.folder / "governance/gate_log.jsonl"
    write(pilot, PERSONAL, measured(pilot.folder, {**CARD, "x-ig": {**CARD["x-ig"], "class": "open"}}))
    if damage == "deleted":
        log.unlink()
    else:
        text = log.read_text(encoding="utf-8")
        log.write_text("junk" if damage == "junk" else text.replace('"personal"', '"open"'), encoding="utf-8")
    assert not assess(pilot).gate("load").is_open
    with pytest.raises(GateError, match="load refused"):
        load("gp_list", pilot)


def test_a_new_card_in_a_pilot_with_personal_data_is_signed_before_it_loads(pilot: Pilot) -> None:
    """Once a pilot holds personal data, its owner signs what else comes in; what was there before stays as it was."""
    write(pilot, "data/raw/census.csv", "district_code,period,visits\nE07000236,2026-01,1\nE07000237,2026-01,2\n")
    open_card(pilot, "data/raw/census.csv")
    assert any("D01" in note for note in assess(pilot).notes)
    sign_item(pilot, "D01", "olga")
    assert assess(pilot).reclassified == frozenset()


def test_a_chain_that_no_longer_holds_shuts_every_gate(pilot: Pilot) -> None:
    """A rejection taken out with its line, and the log written anew, shows in the sign-offs made after it."""
    reject(pilot, "D02", "iris")
    sign_item(pilot, "S05", "sid")
    lines = (pilot.folder / "governance/gate_log.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    kept = [entry for entry in entries if (entry.get("item"), entry.get("seq")) != ("D02", 2)]
    assert len(kept) == len(entries) - 1
    for name in ("D02-2.json", "D02-2.json.sig"):
        (pilot.folder / "governance/signoffs" / name).unlink()
    (pilot.folder / LOG_FILE).unlink()
    for entry in kept:  # a chain of its own, each line after the one before it
        body = {name: value for name, value in entry.items() if name not in {"schema", "n", "time", "event", "prev"}}
        append(pilot.folder, entry["event"], body, now=dt.datetime.fromisoformat(entry["time"]))
    assert assess(pilot).finding("E03").state == "failed"
    assert not assess(pilot).gate("load").is_open


def test_an_item_of_the_pilot_s_own_that_lost_its_gates_shuts_them_all(pilot: Pilot) -> None:
    """Whoever takes the gate from a rejected item has not opened it."""
    write(pilot, "governance/panel.md", "The panel has met.\n")
    write(pilot, "governance/checklist.yml", own_item(signs=["sro"]))
    reject(pilot, "X01", "sam")
    write(pilot, "governance/checklist.yml", own_item(signs=["sro"], gates=["close"]))
    assert "X01" in assess(pilot).gate("load").missing


def test_personal_data_relabelled_as_open_stay_personal_until_their_owner_signs(pilot: Pilot) -> None:
    """The class is not the analyst's to change."""
    card = {**CARD, "x-ig": {**CARD["x-ig"], "class": "open"}}
    write(pilot, PERSONAL, measured(pilot.folder, card))
    with pytest.raises(GateError, match="load refused: dataset 'gp_list' is of class open, and D01"):
        load("gp_list", pilot)
    with pytest.raises(GateError, match="the information asset owner signs it"):
        sign_item(pilot, "D01", "sid")
    assert assess(pilot).finding("D01").is_ready


def test_a_data_set_that_says_no_class_counts_as_personal(unsigned: Pilot) -> None:
    """So does one whose card cannot be read, or says a word that nobody knows."""
    for number, custody in enumerate(({}, {"class": "Open"}, {"class": ["open"]}, {"class": None}, None)):
        write(unsigned, f"governance/datasets/d{number}.yml", {"name": f"d{number}", "x-ig": custody})
    write(unsigned, "governance/datasets/d9.yml", "x-ig: {class: open\n")
    classes = {d.name: d.data_class for d in assess(unsigned).datasets}
    assert len(classes) == 7
    assert not {"open", "synthetic"} & set(classes.values())


# The pilot's answers and the checklist


@pytest.mark.parametrize(
    ("flag", "answer"), [("health_confidential", False), ("special_category", False), ("single_controller", True)]
)
def test_an_answer_flipped_after_it_was_signed_opens_nothing(pilot: Pilot, flag: str, answer: bool) -> None:  # noqa: FBT001  a case
    """The items that it rules out are gone, and P01, which signs the answers, shuts every gate that had them."""
    change(pilot, PROJECT, lambda content: put(content, f"flags.{flag}", answer))
    shut(pilot, "P01")
    assert {gate.gate for gate in assess(pilot).gates if "P01" in gate.missing} >= {"load", "link"}


def test_a_screening_list_answered_no_after_it_was_signed_opens_nothing(pilot: Pilot) -> None:
    """P02 signs the list, and every gate that no longer needs the assessment needs P02."""

    def deny(content: dict[str, Any]) -> None:
        content["screening"] = {part: dict.fromkeys(lines, False) for part, lines in content["screening"].items()}

    change(pilot, "governance/dpia.yml", deny)
    assessment = assess(pilot)
    assert assessment.finding("P03").state == "not_required"
    assert all("P02" in assessment.gate(gate).missing for gate in ("load", "link", "act"))


def own_item(name: str = "X01", **values: Any) -> dict[str, Any]:
    """Return an item of a pilot's own."""
    item = {
        "id": name,
        "safe": "project",
        "title": "The members' panel has seen the plan",
        "confirm": "The members' panel has seen the plan and had a week to comment.",
        "minutes": 15,
        "signs": ["cdo"],
        "subjects": [{"path": "governance/panel.md"}],
        "when": "always",
        "gates": ["load"],
        "source": "The partnership's own rules",
    }
    return {"items": [item | values]}


def test_a_pilot_can_add_an_item_of_its_own_about_a_file_of_its_own(pilot: Pilot) -> None:
    """It shuts its gate until it is signed, and is bound to its file as any other."""
    write(pilot, OWN, own_item())
    assert shut(pilot, "X01") == "no file governance/panel.md"
    write(pilot, "governance/panel.md", "Seen on 3 March.\n")
    sign_item(pilot, "X01", "carl")
    assert assess(pilot).gate("load").is_open
    write(pilot, "governance/panel.md", "Not seen.\n")
    assert shut(pilot, "X01") == "governance/panel.md changed since it was signed"


def test_an_item_that_was_added_cannot_be_taken_away_again(pilot: Pilot) -> None:
    """Once it has shut a gate or was signed, the log knows it."""
    write(pilot, OWN, own_item())
    shut(pilot, "X01")
    (pilot.folder / OWN).unlink()
    assert "the checklist had X01 before" in shut(pilot, "E03")


def test_an_item_that_was_weakened_after_it_was_signed_is_stale(pilot: Pilot) -> None:
    """What was signed is what the item said then."""
    write(pilot, OWN, own_item())
    write(pilot, "governance/panel.md", "Seen on 3 March.\n")
    sign_item(pilot, "X01", "carl")
    write(pilot, OWN, own_item(confirm="The members' panel may see the plan at some time."))
    assert shut(pilot, "X01") == "what the item asks for changed since it was signed"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"name": "P01"}, "P01: a pilot's own items have ids from X01 to X99"),
        ({"name": "E03"}, "E03: a pilot's own items have ids from X01 to X99"),
        ({"signs": ["machine"]}, "a pilot's own items are signed by people"),
        ({"subjects": [{"path": "data/raw/gp.csv"}]}, r"'data/raw/gp\.csv' is not in governance/"),
        ({"subjects": [{"path": "../other.yml"}]}, "leaves the pilot's folder"),
        ({"subjects": [{"path": ""}]}, "is not in governance/"),
        ({"subjects": [{"path": "governance/a.md"}, {"path": "governance/a.md", "parts": ["b"]}]}, "each path once"),
        ({"when": "never"}, "item X01: 'never' is not a condition"),
        ({"gates": []}, "items.0.gates"),
    ],
)
def test_what_a_pilot_may_not_add_is_refused(pilot: Pilot, values: dict[str, Any], told: str) -> None:
    """It can make the checklist stricter, and in no way weaker."""
    write(pilot, OWN, own_item(**values))
    with pytest.raises(SettingsError, match=told):
        assess(pilot)


@pytest.mark.parametrize("text", ["items: []\n", "{}\n", "version: '1.0.0'\nitems: []\n", "items: [\n", "a: *b\n"])
def test_a_checklist_of_ones_own_that_makes_no_sense_stops_everything(pilot: Pilot, text: str) -> None:
    """It is never passed over, since it may hold what shuts the gate."""
    write(pilot, OWN, text)
    with pytest.raises(SettingsError):
        load("gp_list", pilot)


@POSIX
def test_a_checklist_of_ones_own_behind_a_link_stops_everything(pilot: Pilot) -> None:
    """Even where the link leads nowhere."""
    (pilot.folder / OWN).symlink_to(pilot.folder / "nowhere.yml")
    with pytest.raises(SettingsError, match="is a link to another place"):
        assess(pilot)


def test_the_catalogue_has_no_item_that_a_pilot_could_add() -> None:
    """So an added item never stands in for one of the catalogue's."""
    assert not [item for item in load_checklist().items if isinstance(item, Item) and item.id.startswith("X")]


def test_nobody_but_the_listed_signs() -> None:
    """The people of these tests who have no place in the list are those who must not have one."""
    assert not set(OTHERS) & {line.split(":")[0] for line in signers_list().splitlines()}


def test_whoever_signs_all_that_is_asked_opens_the_gate(unsigned: Pilot) -> None:
    """And nothing else does: the other tests of this file would pass with gates that never open."""
    assert sign_all(unsigned).gate("load").is_open
    assert len(load("gp_list", unsigned).frame) == 2


def test_a_card_whose_rows_are_wrong_does_not_load_even_signed(unsigned: Pilot) -> None:
    """The loader counts them."""
    write(unsigned, "data/raw/gp.csv", DATA + "E07000236,2026-02,1\n")
    write(unsigned, PERSONAL, measured(unsigned.folder, CARD))
    sign_all(unsigned)
    with pytest.raises(DatasetError, match="gp_list: 3 rows in the file, and 2 in its card"):
        load("gp_list", unsigned)
