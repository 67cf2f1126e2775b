"""Sign-off records: what is edited, deleted, renumbered, copied or not logged counts for nothing, and is named."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from oda.errors import GateError
from oda.governance import assess
from oda.governance.assessment import Finding
from oda.governance.log import LOG_FILE, append, read_log
from oda.governance.signoffs import SIGNOFFS, SignOff, read_chains, write_record
from oda.pilot import Pilot
from signers import forge, key, open_pilot, reject, sign_item, states, unsigned_pilot, write

RECORD = f"{SIGNOFFS}/S05-1.json"


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot whose load gate is open."""
    return open_pilot(tmp_path, monkeypatch)


def spoilt(pilot: Pilot, item: str = "S05") -> Finding:
    """Return an item that must be invalid, with the load gate shut."""
    assessment = assess(pilot)
    assert assessment.finding(item).state == "invalid"
    assert item in assessment.gate("load").missing
    return assessment.finding(item)


def record(pilot: Pilot, place: str = RECORD) -> dict[str, Any]:
    """Read a record."""
    content: dict[str, Any] = json.loads((pilot.folder / place).read_text(encoding="utf-8"))
    return content


# The record


def test_a_record_says_what_was_decided_by_whom_and_about_which_files(pilot: Pilot) -> None:
    """Anyone can read it without this software."""
    content = record(pilot)
    assert (content["item"], content["seq"], content["decision"]) == ("S05", 1, "approve")
    assert (content["signer"], content["role"], content["organisation"]) == ("sid", "siro", "council")
    assert [one["path"] for one in content["subjects"]] == ["governance/project.yml"]
    assert content["subjects"][0]["parts"] == ["incident"]


def test_a_record_has_a_line_for_each_file(pilot: Pilot) -> None:
    """A change shows in a diff as the line that changed."""
    text = (pilot.folder / SIGNOFFS / "P05-1.json").read_bytes()
    assert text == write_record(json.loads(text))
    assert sum(line.startswith(b'  {"path": ') for line in text.splitlines()) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"decision": "reject"}, "reject needs a reason"),
        ({"decision": "not_applicable", "reason": "   "}, "not_applicable needs a reason"),
        ({"decision": "approve_with_conditions"}, "conditions go together"),
        ({"conditions": ["a"]}, "conditions go together"),
        ({"subjects": []}, "at least one file"),
        ({"decision": "approved"}, "Input should be 'approve'"),
        ({"signed_at": "2026-01-01T10:00:00"}, "timezone"),
        ({"schema": "oda-ig-signoff/2"}, "oda-ig-signoff/1"),
        ({"note": "hello"}, "Extra inputs"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(pilot: Pilot, change: dict[str, Any], told: str) -> None:
    """A decision without its reason is no decision."""
    with pytest.raises(ValidationError, match=told):
        SignOff.model_validate(record(pilot) | change)


# What is changed


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"decision": "approve"', '"decision": "reject"'),
        ('"role": "siro"', '"role": "sro"'),
        ('"signer": "sid"', '"signer": "sam"'),
        (' "item"', '  "item"'),
    ],
)
def test_an_edited_record_is_found(pilot: Pilot, old: str, new: str) -> None:
    """One character more, and the record is not the one that was signed."""
    path = pilot.folder / RECORD
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")
    assert RECORD in spoilt(pilot).reason


def test_a_record_saved_with_line_ends_of_windows_is_found(pilot: Pilot) -> None:
    """Git on Windows may do so; .gitattributes of a pilot keeps it from that."""
    path = pilot.folder / RECORD
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert spoilt(pilot).reason == f"{RECORD} was changed after it was signed"


def _flip(signature: bytes) -> bytes:
    """Change one character in the middle of a signature."""
    middle = len(signature) // 2
    return signature[:middle] + (b"A" if signature[middle : middle + 1] != b"A" else b"B") + signature[middle + 1 :]


@pytest.mark.parametrize(
    "spoil",
    [_flip, lambda _: b"", lambda _: b"yes, I agree", lambda text: text[:-40]],
    ids=["changed", "emptied", "typed", "cut"],
)
def test_an_edited_signature_is_found(pilot: Pilot, spoil: Callable[[bytes], bytes]) -> None:
    """The record stands, and nobody has signed it."""
    path = pilot.folder / f"{RECORD}.sig"
    path.write_bytes(spoil(path.read_bytes()))
    spoilt(pilot)


def test_a_missing_signature_is_found(pilot: Pilot) -> None:
    """A record alone is a claim."""
    (pilot.folder / f"{RECORD}.sig").unlink()
    assert "it has no signature" in spoilt(pilot).reason


def test_the_signature_of_another_record_does_not_fit(pilot: Pilot) -> None:
    """The same signer's signature under something else is worth nothing here."""
    shutil.copy(pilot.folder / SIGNOFFS / "S01-1.json.sig", pilot.folder / f"{RECORD}.sig")
    assert "not what was signed" in spoilt(pilot).reason


def test_a_key_used_for_another_purpose_does_not_sign(pilot: Pilot) -> None:
    """What was signed as a commit or a file is no sign-off."""
    content = record(pilot) | {"seq": 2, "prev": _sha(pilot)}
    content["signed_at"] = dt.datetime.now(dt.UTC).isoformat()
    forge(pilot, "S05-2.json", json.dumps(content).encode(), key("sid"), namespace="git")
    assert "was made for 'git', not for sign-offs" in spoilt(pilot).reason


def test_a_record_that_passes_over_the_one_before_it_is_found(pilot: Pilot) -> None:
    """A signer's own record, by the right key, says which decision it follows."""
    content = record(pilot) | {"seq": 2, "prev": None, "signed_at": dt.datetime.now(dt.UTC).isoformat()}
    forge(pilot, "S05-2.json", json.dumps(content).encode(), key("sid"))
    assert spoilt(pilot).reason.startswith(f"{SIGNOFFS}/S05-2.json does not follow the sign-off before it")


def test_a_stranger_cannot_sign_as_somebody(pilot: Pilot) -> None:
    """The name in the record is not proof; the key is."""
    content = record(pilot) | {"seq": 2, "prev": _sha(pilot)}
    content["signed_at"] = dt.datetime.now(dt.UTC).isoformat()
    forge(pilot, "S05-2.json", json.dumps(content).encode(), key("stranger"))
    assert "which is not on the list: it cannot sign as sid:siro@council" in spoilt(pilot).reason


def _sha(pilot: Pilot) -> str:
    """Return the hash of the record."""
    return hashlib.sha256((pilot.folder / RECORD).read_bytes()).hexdigest()


# What is missing, moved or copied


def test_a_deleted_record_is_missed(pilot: Pilot) -> None:
    """The log knows that there was one."""
    _delete(pilot, RECORD)
    assert spoilt(pilot).reason == f"S05-1.json is missing from {SIGNOFFS}; restore it from where it was kept"


def test_a_deleted_rejection_is_missed(pilot: Pilot) -> None:
    """The approval before it does not come back to life."""
    reject(pilot, "S05", "sid")
    _delete(pilot, f"{SIGNOFFS}/S05-2.json")
    assert "S05-2.json is missing" in spoilt(pilot).reason


def test_a_rejection_deleted_with_its_line_is_missed_where_something_was_logged_after_it(pilot: Pilot) -> None:
    """Taking the line out breaks the chain of the log."""
    reject(pilot, "S05", "sid")
    append(pilot.folder, "gate", {"gate": "load", "decision": "refused"})
    _delete(pilot, f"{SIGNOFFS}/S05-2.json")
    _log_lines(pilot, lambda lines: [*lines[:-2], lines[-1]])
    assert assess(pilot).finding("E03").state == "failed"
    assert not assess(pilot).gate("load").is_open


def test_a_rejection_deleted_with_a_log_written_anew_is_missed_where_someone_signed_after_it(pilot: Pilot) -> None:
    """Each sign-off names the end of the log as it was: a log without that line is another one."""
    reject(pilot, "S05", "sid")
    reject(pilot, "D06", "olga")
    sign_item(pilot, "D06", "olga", reason="the date was corrected")
    _delete(pilot, f"{SIGNOFFS}/S05-2.json")
    _write_log_anew(pilot, lambda entry: (entry.body.get("item"), entry.body.get("seq")) != ("S05", 2))
    assert read_log(pilot.folder).faults == ()
    assert spoilt(pilot, "D06").reason.startswith(f"{LOG_FILE} is not the one that stood when {SIGNOFFS}/D06-2.json")


def test_a_rejection_that_nothing_followed_can_be_cut_off_where_there_is_no_git(pilot: Pilot) -> None:
    """What the folder alone cannot show: the rejection and the end of the log gone together. Git, or a receipt, can."""
    reject(pilot, "S05", "sid")
    _delete(pilot, f"{SIGNOFFS}/S05-2.json")
    _log_lines(pilot, lambda lines: lines[:-1])
    assert states(pilot)["S05"] == "signed"


def test_a_renumbered_record_is_found(pilot: Pilot) -> None:
    """The number stands in what was signed."""
    for end in ("", ".sig"):
        (pilot.folder / f"{RECORD}{end}").rename(pilot.folder / f"{SIGNOFFS}/S05-2.json{end}")
    assert "S05-1.json is missing" in spoilt(pilot).reason


def test_a_record_copied_to_another_item_is_found(pilot: Pilot) -> None:
    """An approval of one thing is none of another."""
    for end in ("", ".sig"):
        shutil.copy(pilot.folder / f"{SIGNOFFS}/S01-1.json{end}", pilot.folder / f"{RECORD}{end}")
    assert spoilt(pilot).reason == f"{RECORD} is the sign-off of another item"


def test_a_record_copied_from_another_pilot_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All sign-offs of one pilot, with its log, open nothing in another of the same files."""
    pilot = open_pilot(tmp_path, monkeypatch)
    renamed = pilot.model_copy(update={"pilot": pilot.pilot.model_copy(update={"slug": "frailty"})})
    assert spoilt(renamed).reason == f"{RECORD} is a sign-off of the pilot 'falls'"


def test_a_record_that_was_never_logged_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record laid into the folder is told from one made by the command, and how to mend it is said."""
    source = open_pilot(tmp_path / "a", monkeypatch)
    pilot = unsigned_pilot(tmp_path / "b", monkeypatch)
    for end in ("", ".sig"):
        (pilot.folder / SIGNOFFS).mkdir(exist_ok=True)
        shutil.copy(source.folder / f"{RECORD}{end}", pilot.folder / f"{RECORD}{end}")
    finding = spoilt(pilot)
    assert finding.reason == f"{RECORD} is not in {LOG_FILE}; take it and its .sig away, and sign with the command"
    assert not finding.is_ready


def test_a_second_line_in_the_log_replaces_no_record(pilot: Pilot) -> None:
    """A record put in the place of another is not made good by a line that fits it."""
    content = record(pilot) | {"decision": "reject", "reason": "not as agreed"}
    forge(pilot, "S05-1.json", json.dumps(content).encode(), key("sid"))
    assert spoilt(pilot).reason == f"{RECORD} was changed after it was signed"


def test_nobody_signs_on_top_of_a_broken_chain(pilot: Pilot) -> None:
    """The next step is to put back what is missing; to sign again would cover it up."""
    _delete(pilot, RECORD)
    finding = spoilt(pilot)
    assert (finding.is_ready, finding.next_step[:37]) == (False, "put the sign-offs and the log back as")
    with pytest.raises(GateError, match=r"S05 was not signed: it is invalid \(S05-1\.json is missing"):
        sign_item(pilot, "S05", "sid")


# What is no record


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"item": "S05", "item": "S05"}', "[" * 200_000, '{"a": NaN}', "\x00", '"' + "9" * 5000],
    ids=["empty", "half", "list", "null", "twice", "deep", "nan", "binary", "long"],
)
def test_what_is_no_record_is_told_and_stops_no_check(pilot: Pilot, text: str) -> None:
    """Rubbish in the folder makes its item invalid and nothing else."""
    write(pilot, RECORD, text)
    spoilt(pilot)
    assert states(pilot)["S01"] == "signed"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no pipes among files, and links need a right of their own")
def test_what_cannot_be_a_file_is_told_and_stops_no_check(pilot: Pilot) -> None:
    """A folder, a link and a pipe in place of a record are named, and none is opened."""
    for number, make in ((2, os.mkdir), (3, os.mkfifo)):
        make(pilot.folder / f"{SIGNOFFS}/S05-{number}.json")
    assert "S05-2.json is no file" in spoilt(pilot).reason
    shutil.copy(pilot.folder / RECORD, pilot.folder / "elsewhere.json")
    (pilot.folder / RECORD).unlink()
    (pilot.folder / RECORD).symlink_to(pilot.folder / "elsewhere.json")
    assert "is a link" in spoilt(pilot).reason


@pytest.mark.parametrize("name", ["S05.json", "S05-0.json", "S05-01.json", "s05-1.json", "S05-99999999999.json"])
def test_a_file_that_is_not_named_as_a_record_is_told(pilot: Pilot, name: str) -> None:
    """A misspelt record is not passed over in silence, and a huge number costs nothing."""
    write(pilot, f"{SIGNOFFS}/{name}", "{}")
    assert f"{SIGNOFFS}/{name} is not named as a sign-off is, such as P01-1.json." in assess(pilot).notes


@pytest.mark.parametrize(
    "body",
    [{}, {"item": "S05"}, {"item": ["S05"], "seq": 1}, {"item": "S05", "seq": "x"}, {"item": "S05", "seq": 10**12}],
)
def test_a_line_of_the_log_that_names_no_record_stops_no_check(pilot: Pilot, body: dict[str, Any]) -> None:
    """Whoever can write to the log can add lines; they neither open a gate nor break the check."""
    append(pilot.folder, "sign", body)
    assert read_chains(pilot.folder, read_log(pilot.folder))[0]["S05"].fault == ""


def test_a_sign_off_of_an_item_that_is_no_more_is_told_and_shuts_the_gates(pilot: Pilot) -> None:
    """An item that somebody signed cannot leave the checklist."""
    append(pilot.folder, "sign", {"item": "X01", "seq": 1, "sha256": "0" * 64})
    assessment = assess(pilot)
    assert any("sign-offs of X01, which is no item" in note for note in assessment.notes)
    assert "the checklist had X01 before" in assessment.finding("E03").reason
    assert assessment.gate("load").missing == ("E03",)


def _delete(pilot: Pilot, place: str) -> None:
    """Delete a record and its signature."""
    for end in ("", ".sig"):
        (pilot.folder / f"{place}{end}").unlink()


def _log_lines(pilot: Pilot, edit: Callable[[list[bytes]], list[bytes]]) -> None:
    """Edit the lines of the log."""
    path = pilot.folder / LOG_FILE
    path.write_bytes(b"".join(edit(path.read_bytes().splitlines(keepends=True))))


def _write_log_anew(pilot: Pilot, keep: Callable[[Any], bool]) -> None:
    """Write the log anew from some of its lines, with a chain that fits, as an attacker could."""
    entries = [entry for entry in read_log(pilot.folder).entries if keep(entry)]
    (pilot.folder / LOG_FILE).unlink()
    for entry in entries:
        append(pilot.folder, entry.event, entry.body, now=entry.time)
