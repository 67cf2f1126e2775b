"""How sign-offs stand: what a change reopens, exactly; who may sign; until when; and what a person decided."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oda.errors import GateError
from oda.governance import assess, load_checklist
from oda.governance.checklist import CHECKLIST_FILE
from oda.governance.preparing import Act, prepare, who_signs
from oda.governance.signers import SIGNERS_FILE
from oda.governance.signing import sign
from oda.pilot import Pilot
from signers import (
    AGREEMENT,
    AHEAD,
    TODAY,
    change,
    flow,
    forge,
    key,
    listed,
    open_pilot,
    pin,
    put,
    reject,
    sign_item,
    signers_list,
    stale,
    states,
    unsigned_pilot,
    write,
)

FLOW, CARD = "governance/flows/gp-to-fire.yml", "governance/datasets/gp_list.yml"
PROJECT, PEOPLE = "governance/project.yml", "governance/people.yml"
LEGAL = {"P05", "P06", "P07", "P09"}
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot whose load gate is open."""
    return open_pilot(tmp_path, monkeypatch)


def setting(place: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Return an edit that puts a value at a place."""
    return lambda content: put(content, place, value)


def add_column(card: dict[str, Any], *, shared: bool = False) -> None:
    """Add a column to a card, with its reason."""
    card["resources"][0]["schema"]["fields"].append({"name": "age_band", "type": "string"})
    card["x-ig"]["columns"]["age_band"] = {"why": "Rates are by age.", "shared": shared}


def add_partner(pilot: Pilot) -> None:
    """Let a charity take part, in a flow and an agreement of its own with the council."""
    row = {"id": "charity", "name": "The charity", "type": "charity", "contact": "a@b.org"}
    change(
        pilot,
        "governance/partners.yml",
        lambda content: content["partners"].append({**row, "data_protection_officer": "a@b.org"}),
    )
    ends = {"to": {"org": "charity", "role": "controller", "type": "charity"}, "dsa": "more"}
    write(pilot, "governance/flows/more.yml", flow("more", "council", "fire", **ends))
    both = [org for org in AGREEMENT["assurance"] if org["org"] == "council"]
    assurance = [*both, {**both[0], "org": "charity"}]
    parties = [{"org": one["org"], "owner": "Lead officer"} for one in assurance]
    write(pilot, "governance/dsa/more.yml", {**AGREEMENT, "id": "more", "parties": parties, "assurance": assurance})


# What a change reopens


@pytest.mark.parametrize(
    ("place", "edit", "reopened"),
    [
        (CARD, add_column, {"D01", "D02"}),
        (CARD, setting("resources.0.rows", 3), {"D01"}),
        (CARD, setting("x-ig.columns.period.why", "Months are compared."), {"D01", "D02"}),
        (FLOW, setting("purpose", "Finding fraud"), LEGAL | {"P10", "P11"}),
        (FLOW, setting("volume", 9999), {"P10"}),
        (FLOW, setting("retention.until", TODAY + dt.timedelta(days=200)), {"D06", "P10"}),
        (FLOW, setting("method", "portal"), {"S03", "P10"}),
        (PROJECT, setting("purpose", "Find out who pays too little."), {"P01"}),
        (PROJECT, setting("incident.tell.0", "other@example.org"), {"S05"}),
        (PROJECT, setting("environment.place", "A laptop"), {"S01"}),
        ("pilot.yml", setting("questions.0.expected", "No effect at all."), {"O04"}),
        ("pilot.yml", setting("districts.0.visits_from", "2026-06"), {"O04"}),
        ("pilot.yml", setting("pilot.title", "Falls at home"), set()),
        (PEOPLE, setting("people.0.trained_on", TODAY), {"E01"}),
        (PEOPLE, setting("people.0.name", "Samuel"), {"E01", "E02"}),
        ("governance/evaluation.yml", setting("sample.power", "Nine in ten"), {"O04"}),
        ("governance/dpia.yml", setting("review_by", AHEAD + dt.timedelta(days=1)), {"P03", "P04"}),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_change_reopens_the_items_that_it_touches_and_no_other(
    pilot: Pilot, place: str, edit: Callable[[dict[str, Any]], None], reopened: set[str]
) -> None:
    """Whoever changes a file is told which signatures it costs, and nobody else signs again."""
    before = {item for item, state in states(pilot).items() if state == "signed"}
    changed = change(pilot, place, edit)
    assert stale(changed) == reopened
    assert {item for item, state in states(changed).items() if state == "signed"} == before - reopened


def test_a_column_that_is_shared_reopens_the_law_of_its_flow_too(pilot: Pilot) -> None:
    """What is given to others is justified, and has a basis and an end; what only the card knows has not."""
    change(pilot, FLOW, lambda content: content["data_items"].append("age_band"))
    change(pilot, CARD, lambda card: add_column(card, shared=True))
    assert stale(pilot) == LEGAL | {"P10", "D01", "D02", "D06"}


def test_a_new_partner_reopens_the_agreement_for_those_concerned_alone(pilot: Pilot) -> None:
    """The council shares with the newcomer and signs again, the newcomer signs, the two others need not."""
    add_partner(pilot)
    assert stale(pilot) == LEGAL | {"P10", "P11", "D06", "S02", "S03"}
    finding = assess(pilot).finding("P10")
    assert finding.waiting_for == ("charity", "council")
    assert finding.reason == "charity joined after the others had signed"


def test_a_changed_flow_reopens_the_agreement_for_its_two_ends(pilot: Pilot) -> None:
    """The third controller's signature stands."""
    change(pilot, FLOW, setting("volume", 9999))
    assert assess(pilot).finding("P10").waiting_for == ("fire", "icb")


def test_a_comment_reopens_nothing(pilot: Pilot) -> None:
    """Files can be explained, sorted and saved on Windows without anyone signing again."""
    for path in (pilot.folder / "governance").rglob("*.yml"):
        path.write_bytes(b"# a note\r\n" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert stale(pilot) == set()
    assert assess(pilot).gate("load").is_open


def test_a_file_that_is_taken_away_or_added_is_named(pilot: Pilot) -> None:
    """The reason says which file, so that nobody has to search."""
    write(pilot, "governance/flows/extra.yml", flow("extra", "icb", "council"))
    assert assess(pilot).finding("P05").reason == "governance/flows/extra.yml was added since it was signed"
    (pilot.folder / "governance/flows/extra.yml").unlink()
    (pilot.folder / "governance/flows/fire-to-council.yml").unlink()
    assert assess(pilot).finding("P05").reason == "governance/flows/fire-to-council.yml is gone since it was signed"


def test_a_value_put_back_is_signed_again_by_itself(pilot: Pilot) -> None:
    """A state is computed, so what is as it was signed is signed."""
    change(pilot, FLOW, setting("volume", 9999))
    change(pilot, FLOW, setting("volume", 1200))
    assert stale(pilot) == set()


# The checklist itself


def test_a_new_version_of_the_checklist_reopens_all_that_was_signed(pilot: Pilot, tmp_path: Path) -> None:
    """What was agreed was the old list."""
    assert _with_checklist(pilot, tmp_path, 'version: "1.0.0"', 'version: "1.1.0"')["P01"] == "stale"


def test_a_checklist_changed_under_the_same_version_makes_every_sign_off_invalid(pilot: Pilot, tmp_path: Path) -> None:
    """Words slipped into the package are found, and no gate opens on them."""
    found = _with_checklist(pilot, tmp_path, "I have read the whole assessment", "I have seen the assessment")
    assert {found[item] for item in ("P01", "P03", "D01")} == {"invalid"}


def _with_checklist(pilot: Pilot, tmp_path: Path, old: str, new: str) -> dict[str, str]:
    """Return the states under a checklist with one text changed."""
    text = CHECKLIST_FILE.read_text(encoding="utf-8")
    assert old in text
    path = write(tmp_path, "checklist.yml", text.replace(old, new, 1))
    return {one.item: one.state for one in assess(pilot, checklist=load_checklist(path)).findings}


# Time


def test_a_sign_off_ends_on_its_day(pilot: Pilot) -> None:
    """A year later the approval has run out, and says when."""
    assessment = assess(pilot, now=NOW + dt.timedelta(days=290))
    assert assessment.finding("S05").state == "signed"
    later = assess(pilot, now=NOW + dt.timedelta(days=366)).finding("S05")
    assert (later.state, later.reason[:20]) == ("expired", "it was signed until ")


def test_a_signer_may_set_a_shorter_time_and_no_longer_one(pilot: Pilot) -> None:
    """Thirty days are thirty; ten thousand are what the item allows."""
    change(pilot, PROJECT, setting("incident.tell.0", "other@example.org"))
    sign_item(pilot, "S05", "sid", days=10_000)
    assert assess(pilot).finding("S05").signatures[0].expires == str(NOW.date() + dt.timedelta(days=365))


def test_a_record_that_runs_longer_than_its_item_is_invalid(pilot: Pilot) -> None:
    """Whoever has a key cannot give themselves ten years by writing the record by hand."""
    _sign_by_hand(pilot, "S05", "sid", expires="2099-01-01")
    assert assess(pilot).finding("S05").reason.endswith("longer than the 365 days of this item")


def test_a_record_dated_tomorrow_is_invalid(pilot: Pilot) -> None:
    """A clock was wrong, or someone wrote the date by hand."""
    _sign_by_hand(pilot, "S05", "sid", signed_at=(NOW + dt.timedelta(days=1)).isoformat())
    assert states(pilot)["S05"] == "invalid"


def test_a_record_dated_before_it_was_logged_is_invalid(pilot: Pilot) -> None:
    """A key that is no longer valid cannot sign under an old date."""
    _sign_by_hand(pilot, "S05", "sid", signed_at=(NOW - dt.timedelta(days=40)).isoformat())
    finding = assess(pilot).finding("S05")
    assert finding.state == "invalid"
    assert ", and logged " in finding.reason


def _sign_by_hand(pilot: Pilot, item: str, person: str, **values: object) -> None:
    """Sign a record with other values than the command would write, with the right key, and log it."""
    last = max((pilot.folder / "governance/signoffs").glob(f"{item}-*.json"))
    record = json.loads(last.read_text(encoding="utf-8"))
    prev = hashlib.sha256(last.read_bytes()).hexdigest()
    now = dt.datetime.now(dt.UTC).isoformat()
    record |= {"seq": record["seq"] + 1, "prev": prev, "signed_at": now, **values}
    forge(pilot, f"{item}-{record['seq']}.json", json.dumps(record).encode(), key(person))


# Who


def test_the_role_of_the_key_must_be_the_items(pilot: Pilot) -> None:
    """A data protection officer cannot accept the risk for the senior risk owner."""
    change(pilot, PROJECT, setting("incident.tell.0", "other@example.org"))
    with pytest.raises(GateError, match="the senior information risk owner signs it, and this key stands for 'dpo'"):
        sign_item(pilot, "S05", "dora")
    _sign_by_hand(pilot, "S05", "dora", role="dpo", signer="dora")
    assert "is signed in the role 'dpo'" in assess(pilot).finding("S05").reason


def test_an_analyst_cannot_sign_as_the_assurer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the partnership's own list has the analyst as assurer by mistake."""
    pilot = open_pilot(tmp_path, monkeypatch)
    write(pilot, SIGNERS_FILE, signers_list() + listed("anna", "asr@council"))
    pin(pilot.folder, monkeypatch)
    _reopen_assurance(pilot)
    with pytest.raises(GateError, match="O03 was not signed: anna is an analyst of this pilot"):
        sign_item(pilot, "O03", "anna")


def test_a_signature_as_assurer_falls_when_its_signer_turns_out_to_be_an_analyst(pilot: Pilot) -> None:
    """Whoever assures and then works on the analysis has not assured it, and E02 says so too."""
    assert states(pilot)["O03"] == "signed"
    row = {"roles": ["asr", "analyst"], "trained_on": TODAY, "access_until": AHEAD}
    change(pilot, PEOPLE, lambda content: next(p for p in content["people"] if p["id"] == "asa").update(row))
    found = assess(pilot)
    assert (found.finding("O03").state, found.finding("E02").state) == ("invalid", "invalid")
    assert "asa is an analyst and checks the analysis too" in found.finding("E02").reason


def test_one_key_under_two_names_signs_for_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An analyst who stands in the list as a second person is found by the key."""
    pilot = open_pilot(tmp_path, monkeypatch)
    write(pilot, SIGNERS_FILE, signers_list() + listed("anna", "cdo@council", key_of="asa"))
    pin(pilot.folder, monkeypatch)
    found = assess(pilot)
    assert found.finding("O03").state == "invalid"
    assert "anna and asa have the same key" in found.finding("E03").reason


def test_the_assurers_signature_rests_on_who_the_analysts_are(pilot: Pilot) -> None:
    """An analyst who is taken out of people.yml shuts publishing: E02 was signed with the old list."""
    change(pilot, PEOPLE, lambda content: content["people"].pop(-3))
    assert "E02" in assess(pilot).gate("publish").missing


def _reopen_assurance(pilot: Pilot) -> None:
    """Change the assurer's statement, so that it has to be signed again."""
    change(pilot, "governance/aqa/statement.yml", setting("limits", ["Few districts", "Few months"]))


# What a person decided


def test_a_rejection_shuts_the_gate_and_gives_its_reason(pilot: Pilot) -> None:
    """A signed item can be rejected later, and an approval after that opens it again."""
    reject(pilot, "S05", "sid")
    finding = assess(pilot).finding("S05")
    assert (finding.state, finding.reason) == ("rejected", "not as agreed")
    assert not assess(pilot).gate("load").is_open
    with pytest.raises(GateError, match="say with --reason what has changed since"):
        sign_item(pilot, "S05", "sid")
    sign_item(pilot, "S05", "sid", reason="The plan was put right.")
    assert assess(pilot).gate("load").is_open


@pytest.mark.parametrize("decision", ["reject", "not_applicable"])
@pytest.mark.parametrize("reason", ["", "  ", "no"])
def test_a_rejection_or_not_applicable_needs_a_reason(pilot: Pilot, decision: str, reason: str) -> None:
    """Nobody can wave an item away without saying why."""
    with pytest.raises(GateError, match=f"{decision} needs a reason"):
        sign_item(pilot, "S05", "sid", decision=decision, reason=reason)


def test_not_applicable_with_a_reason_passes_and_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason stands in the checklist for all to read."""
    pilot = unsigned_pilot(tmp_path, monkeypatch)
    sign_item(pilot, "S02", "sid", decision="not_applicable", reason="no partner outside the council")
    finding = assess(pilot).finding("S02")
    assert (finding.state, finding.passes, finding.reason) == ("n/a", True, "no partner outside the council")


def test_conditions_are_kept_and_shown(pilot: Pilot) -> None:
    """An approval may depend on something, which is then said wherever it is shown."""
    conditions = ("The access log is read each month.",)
    sign_item_again(pilot, "S01", decision="approve_with_conditions", conditions=conditions)
    assert assess(pilot).finding("S01").reason == "on condition: The access log is read each month."


def sign_item_again(pilot: Pilot, item: str, **decision: Any) -> None:
    """Reopen the environment and have it signed."""
    change(pilot, PROJECT, setting("environment.place", "Another server"))
    sign_item(pilot, item, "sid", **decision)


# The route without a key


def test_a_pull_request_seen_by_a_witness_counts_and_is_shown_as_weaker(pilot: Pilot) -> None:
    """A councillor without a key approves on the website; who saw it there signs for that."""
    change(pilot, PROJECT, setting("purpose", "Learn who is helped most."))
    sign_item(pilot, "P01", "carl", on_behalf="sam:sro@council", pull_request=12)
    finding = assess(pilot).finding("P01")
    assert finding.state == "signed"
    assert finding.signatures[0].route == "pull request 12, seen by the chief data officer"
    assert finding.signatures[0].role == "sro"


@pytest.mark.parametrize(
    ("witness", "behalf", "told"),
    [
        ("otto", "sam:sro@council", "witnessed by one of cdo, dpo, igl, siro"),
        ("carl", "sam:sro@council;", "P01"),
        ("carl", "sam", "person:role@organisation"),
    ],
)
def test_a_pull_request_needs_a_witness_who_may(pilot: Pilot, witness: str, behalf: str, told: str) -> None:
    """Not everyone can speak for somebody else."""
    change(pilot, PROJECT, setting("purpose", "Learn who is helped most."))
    with pytest.raises(GateError, match=told):
        sign_item(pilot, "P01", witness, on_behalf=behalf, pull_request=12)


def _seen(pilot: Pilot, signer: str, witness: str, role: str) -> str:
    """Sign P01 for a person by a witness, by hand where the command would refuse, and return why it does not count."""
    seen = {"number": 12, "witness": witness, "witness_role": role, "witness_organisation": "council"}
    _sign_by_hand(pilot, "P01", witness, signer=signer, pull_request=seen)
    finding = assess(pilot).finding("P01")
    assert finding.state == "invalid"
    return finding.reason


def test_nobody_witnesses_their_own_approval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people are needed where there is no key of the one."""
    pilot = open_pilot(tmp_path, monkeypatch)
    write(pilot, SIGNERS_FILE, signers_list() + listed("sam", "cdo@council"))
    pin(pilot.folder, monkeypatch)
    assert "sam cannot be the witness of their own approval" in _seen(pilot, "sam", "sam", "cdo")


def test_an_analyst_witnesses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does the work cannot bring in the approvals for it."""
    pilot = open_pilot(tmp_path, monkeypatch)
    write(pilot, SIGNERS_FILE, signers_list() + listed("anna", "cdo@council"))
    pin(pilot.folder, monkeypatch)
    assert "the witness does not count, since anna is an analyst" in _seen(pilot, "sam", "anna", "cdo")


def test_a_pull_request_counts_only_for_a_person_who_is_named(pilot: Pilot) -> None:
    """An approver whom people.yml does not know, or not in that role, is nobody."""
    assert "governance/people.yml has no nobody as sro of council" in _seen(pilot, "nobody", "carl", "cdo")


def test_a_witness_in_no_such_role_does_not_count(pilot: Pilot) -> None:
    """The role of the witness is checked when the sign-off is read, too."""
    assert "a pull request is witnessed by one of" in _seen(pilot, "sam", "otto", "oc")


def test_a_sign_off_says_when_its_time_zone_is_not_ours(pilot: Pilot) -> None:
    """An hour after midnight in summer, the day in London is not yet that of the record; it holds all the same."""
    change(pilot, PROJECT, setting("purpose", "Learn who is helped most."))
    prepared = prepare(pilot, who_signs(pilot, key("sam")), ("P01",), act=Act())
    far = dt.timezone(dt.timedelta(hours=14))
    sign(pilot, prepared, key("sam"), now=dt.datetime.now(far))
    assert states(pilot)["P01"] == "signed"
