"""Signing: all that is ready in one go, what this signer may not sign is refused in words, and it is all or nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from oda.errors import GateError, SigningError
from oda.governance import assess, signing
from oda.governance.log import LOG_FILE, read_log
from oda.governance.preparing import Act, prepare, ready, who_signs
from oda.governance.signers import SIGNERS_FILE
from oda.governance.signing import receipt, sign
from oda.governance.signoffs import SIGNOFFS
from oda.pilot import Pilot
from signers import change, key, listed, open_pilot, pin, put, sign_item, signers_list, states, unsigned_pilot, write

PROJECT = "governance/project.yml"


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot that is filled in and that nobody has signed."""
    return unsigned_pilot(tmp_path, monkeypatch)


def records(pilot: Pilot) -> list[str]:
    """Return the names of all files among the sign-offs."""
    return sorted(path.name for path in (pilot.folder / SIGNOFFS).glob("*"))


def sign_ready(pilot: Pilot, person: str) -> list[str]:
    """Have a person sign all that is ready, and return the items."""
    prepared = prepare(pilot, who_signs(pilot, key(person)), (), all_ready=True)
    sign(pilot, prepared, key(person))
    return [item.id for item in prepared.items]


def test_a_role_signs_all_that_is_ready_in_one_go(pilot: Pilot) -> None:
    """The information governance lead of the council signs seven items at once, and nothing of another role."""
    assert sign_ready(pilot, "iris") == ["P02", "P06", "P07", "P10", "E01", "S03", "D02"]
    assert {item for item, state in states(pilot).items() if state == "signed"} == {
        *("P02", "P06", "P07", "E01", "S03", "D02")
    }
    assert len(records(pilot)) == 14


def test_where_each_controller_signs_one_signature_is_not_enough(pilot: Pilot) -> None:
    """The item waits for those who are missing, by name, and is ready for them alone."""
    sign_ready(pilot, "iris")
    finding = assess(pilot).finding("P10")
    assert (finding.state, finding.waiting_for) == ("open", ("fire", "icb"))
    assert [f.item for f in ready(assess(pilot), "igl", "icb")] == ["P10"]
    assert [f.item for f in ready(assess(pilot), "igl", "council")] == []
    with pytest.raises(GateError, match="Nothing is ready for 'igl' to sign"):
        sign_ready(pilot, "iris")
    assert (sign_ready(pilot, "ian"), sign_ready(pilot, "ivy")) == (["P10"], ["P10"])
    assert assess(pilot).finding("P10").state == "signed"


def test_an_organisation_in_no_flow_signs_for_no_controller(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partner that decides over no data has no say in who shares them."""
    write(pilot, SIGNERS_FILE, signers_list() + listed("stranger", "igl@police"))
    pin(pilot.folder, monkeypatch)
    with pytest.raises(GateError, match="police is no controller in any flow; council, fire, icb are"):
        sign_item(pilot, "P10", "stranger")


def test_every_signature_is_in_the_log_with_its_hash(pilot: Pilot) -> None:
    """A receipt is the end of the log, by which a signer can show later that nothing was cut off."""
    sign_item(pilot, "P01", "sam")
    entry = read_log(pilot.folder).entries[-1]
    assert (entry.event, entry.body["item"], entry.body["seq"], entry.body["decision"]) == ("sign", "P01", 1, "approve")
    assert entry.body["classes"] == {"gp_list": "personal"}
    assert receipt(pilot) == entry.sha256
    assert entry.body["sha256"] == assess(pilot).finding("P01").signatures[0].sha256


def test_a_record_names_the_one_before_it_and_the_end_of_the_log(pilot: Pilot) -> None:
    """So that neither can be taken out unseen."""
    first = sign_item(pilot, "P01", "sam")
    head = read_log(pilot.folder).head
    sign_item(pilot, "P01", "sam", decision="reject", reason="not as agreed")
    second = json.loads((pilot.folder / SIGNOFFS / "P01-2.json").read_text(encoding="utf-8"))
    assert second["prev"] == hashlib.sha256(first.read_bytes()).hexdigest()
    assert second["log"] == head


# What is refused


@pytest.mark.parametrize(
    ("item", "person", "told"),
    [
        ("P03", "sam", "P03 was not signed: the senior information risk owner signs it, and this key stands for 'sro'"),
        ("E03", "sam", "E03 was not signed: nobody signs it, the check computes it: met"),
        ("P08", "iris", "P08 was not signed: the information governance lead of the police force signs it"),
        ("M01", "asa", "M01 was not signed: it is not required"),
        ("O05", "sam", "O05 was not signed: it is open .no file governance/outputs"),
        ("Z99", "sam", "'Z99' is not an item of the checklist"),
    ],
)
def test_what_a_signer_may_not_sign_is_refused_in_words(pilot: Pilot, item: str, person: str, told: str) -> None:
    """The refusal says whose it is, or what comes first."""
    with pytest.raises(GateError, match=told):
        sign_item(pilot, item, person)
    assert records(pilot) == []


def test_an_item_with_something_left_to_do_cannot_be_approved_and_can_be_rejected(pilot: Pilot) -> None:
    """Nobody signs TODO; anybody may say no at any time."""
    change(pilot, PROJECT, lambda content: put(content, "environment.place", "TODO: which server"))
    with pytest.raises(GateError, match=r"S01 was not signed: it is open \(1 TODO left in governance/project\.yml"):
        sign_item(pilot, "S01", "sid")
    sign_item(pilot, "S01", "sid", decision="reject", reason="no server is named")
    assert assess(pilot).finding("S01").state == "rejected"


def test_a_key_that_is_not_listed_signs_nothing_and_says_where_to_send_it(pilot: Pilot) -> None:
    """A new signer learns what to do."""
    with pytest.raises(GateError, match=r"is not in governance/allowed_signers\. Send its \.pub file"):
        who_signs(pilot, key("stranger"))


def test_a_key_with_several_places_needs_to_say_which(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """One person may be data protection officer and information governance lead, one at a time."""
    write(pilot, SIGNERS_FILE, signers_list() + listed("dora", "igl@council"))
    pin(pilot.folder, monkeypatch)
    with pytest.raises(GateError, match=r"stands for dora:dpo@council, dora:igl@council\. Say which with --role"):
        who_signs(pilot, key("dora"))
    assert who_signs(pilot, key("dora"), role="igl").principal == "dora:igl@council"


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ({"decision": "approve_with_conditions"}, "conditions go together"),
        ({"conditions": ("a",)}, "conditions go together"),
        ({"on_behalf": "sam:sro@council"}, "--pull-request"),
        ({"on_behalf": "sam:sro@council", "pull_request": 0}, "--pull-request"),
        ({"on_behalf": "Sam Smith:sro@council", "pull_request": 3}, "has no Sam Smith as sro of council"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(pilot: Pilot, act: dict[str, Any], told: str) -> None:
    """Nothing is written that would not be read back."""
    person = "carl" if "on_behalf" in act else "sam"
    with pytest.raises(GateError, match=told):
        sign_item(pilot, "P01", person, **act)
    assert records(pilot) == []


# All or nothing


def test_a_key_that_cannot_sign_leaves_nothing_behind(pilot: Pilot, tmp_path: Path) -> None:
    """A wrong passphrase, or a key of someone else's, and the folder is as it was."""
    prepared = prepare(pilot, who_signs(pilot, key("sam")), ("P01",))
    (tmp_path / "broken").write_text("no key\n", encoding="utf-8")
    (tmp_path / "broken").chmod(0o600)
    with pytest.raises(SigningError, match="could not be signed"):
        sign(pilot, prepared, tmp_path / "broken")
    with pytest.raises(GateError, match="P01-1 was not signed: The signature is by the key"):
        sign(pilot, prepared, key("dora"))
    assert (records(pilot), read_log(pilot.folder).entries) == ([], ())


def test_a_broken_log_takes_no_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be logged is taken back."""
    pilot = open_pilot(tmp_path, monkeypatch)
    before = records(pilot)
    change(pilot, PROJECT, lambda content: put(content, "incident.tell.0", "other@example.org"))
    prepared = prepare(pilot, who_signs(pilot, key("sid")), ("S05",))
    log = pilot.folder / LOG_FILE
    log.write_bytes(log.read_bytes().replace(b'"n":2', b'"n":7'))
    with pytest.raises(GateError, match="Nothing can be added to the log"):
        sign(pilot, prepared, key("sid"))
    assert records(pilot) == before


def test_what_is_signed_is_what_was_shown(pilot: Pilot) -> None:
    """A file changed between the showing and the signing makes the signature stale at once."""
    prepared = prepare(pilot, who_signs(pilot, key("sam")), ("P01",))
    change(pilot, PROJECT, lambda content: put(content, "purpose", "Find out who can pay more."))
    sign(pilot, prepared, key("sam"))
    assert assess(pilot).finding("P01").state == "stale"


def test_two_who_sign_at_once_do_not_write_over_each_other(pilot: Pilot) -> None:
    """The second is told to sign again."""
    prepared = prepare(pilot, who_signs(pilot, key("sam")), ("P01",))
    first = sign(pilot, prepared, key("sam"))[0].read_bytes()
    with pytest.raises(GateError, match=r"P01-1\.json was written by someone else meanwhile"):
        sign(pilot, prepared, key("sam"))
    assert (pilot.folder / SIGNOFFS / "P01-1.json").read_bytes() == first
    assert assess(pilot).finding("P01").state == "signed"


def test_several_items_are_kept_whole_or_not_at_all(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that takes the first line and not the second leaves no record that is not in it."""
    prepared = prepare(pilot, who_signs(pilot, key("sid")), (), all_ready=True)
    real, calls = signing.append, []

    def full(*words: Any, **more: Any) -> Any:
        calls.append(words)
        if len(calls) == 3:
            raise GateError("no room on the disk")
        return real(*words, **more)

    monkeypatch.setattr(signing, "append", full)
    with pytest.raises(GateError, match="no room on the disk"):
        sign(pilot, prepared, key("sid"))
    assert len(records(pilot)) == 2 * len(read_log(pilot.folder).entries)
    assert "invalid" not in states(pilot).values()


def test_act_is_an_approval_unless_something_else_is_said() -> None:
    """The plain command approves."""
    assert Act().decision == "approve"
