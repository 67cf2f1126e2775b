"""Exports of a pilot's governance: right for the group, safe for the public, in the keys that registers use."""

from __future__ import annotations

import copy
import csv
import datetime as dt
import html
import io
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import yaml
from test_accessibility import NARROW, WIDE, browser, in_browser, look, see

from oda.errors import RenderError
from oda.governance import assess
from oda.governance.assessment import Signature
from oda.governance.log import Entry
from oda.pilot import Pilot, load_pilot
from oda.reports.governance import FOLDER, NAMES, export, exporting, pack, shared_page
from oda.reports.governance.content import Content, gather
from oda.reports.governance.nameless import shared_mailbox, without_people
from oda.reports.governance.registers import ARTICLE_30, comma_separated, dea_register, processing_record
from oda.reports.governance.share_request import share_request

__all__ = ["browser", "see"]  # fixtures

NOW = dt.datetime(2026, 11, 22, 10, 0, tzinfo=dt.UTC)
FLOW: dict[str, Any] = yaml.safe_load("""
id: gp-to-fire-falls
from: {org: county-nhs, role: controller, type: nhs}
to: {org: county-fire, role: controller, type: fire}
purpose: Home fire safety and falls visits for people aged 65 and over
data_subjects: [older_people]
data_items: [name, address, uprn, age_band]
categories: [user.contact.address, user.health_and_medical]
art6: A6-1-e-official-authority
art9: A9-2-h
sch1: support
policy_document: Appropriate policy document of the county, 2026
power: {act: Fire and Rescue Services Act 2004 section 6, text: promote fire safety}
gateway: {id: none, reason: implied power}
confidentiality: {owed: true, route: consent, decided_by: caldicott_guardian}
opt_out: {national_data_opt_out: check, local_objection: honoured}
transparency: {privacy_notice: "https://example.org/privacy", complaints_url: "https://example.org/complain"}
frequency: monthly
volume: 1200
method: secure_file_transfer
location: UK
identifiability: identifiable
retention: {until: 2027-03-31, disposal: secure_delete, source_record_untouched: true}
incident: {report_within_hours: 24, to: [siro-a]}
risk: {likelihood: possible, severity: significant, residual: low}
review_by: 2027-01-31
dsa: county-2026
dea_register_id: null
""")
PARTNERS = [
    {
        "id": "county-nhs",
        "name": "NHS County",
        "type": "nhs",
        "contact": "ig-team@example.nhs.uk",
        "data_protection_officer": "dpo@example.nhs.uk",
        "privacy_notice": "https://example.org/nhs",
    },
    {
        "id": "county-fire",
        "name": "County Fire and Rescue",
        "type": "fire",
        "contact": "wilhelmina.okonkwo@example.org",
        "data_protection_officer": "Wilhelmina Okonkwo",
    },
]
PEOPLE = [
    {"id": "wilhelmina-okonkwo", "name": "Dr Wilhelmina Okonkwo", "organisation": "county-fire", "roles": ["siro"]},
    {"id": "bq", "name": "Bartholomew Quaife", "organisation": "county-nhs", "roles": ["cg", "igl"]},
]


def write(folder: Path, place: str, content: Any) -> None:
    """Write a file of `governance/`."""
    path = folder / "governance" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


@pytest.fixture
def shared(pilot_folder: Path) -> Pilot:
    """Return a pilot with a flow, two partners, two people and a dataset of personal data."""
    write(pilot_folder, "flows/gp-to-fire-falls.yml", FLOW)
    write(pilot_folder, "partners.yml", {"partners": PARTNERS})
    write(pilot_folder, "people.yml", {"people": PEOPLE})
    card = pilot_folder / "governance" / "datasets" / "falls.yml"
    text = card.read_text(encoding="utf-8").replace("class: synthetic", "class: pseudonymised")
    card.write_text(text.partition("x-synthetic:")[0], encoding="utf-8")
    return load_pilot(pilot_folder)


@pytest.fixture
def content(shared: Pilot) -> Content:
    """Return what the exports of that pilot are made from."""
    return gather(shared, assess(shared, now=NOW), today=NOW.date())


@pytest.fixture
def changed(content: Content) -> Callable[..., Content]:
    """Return a function that changes the flow and the other files of that pilot."""

    def change(flow: dict[str, Any] | None = None, **files: Any) -> Content:
        return replace(content, flows=({**FLOW, **(flow or {})},), **files)

    return change


def page(pilot: Pilot, name: str) -> str:
    """Make one page and return its text."""
    return export(pilot, [name], now=NOW)[0].read_text(encoding="utf-8")


def test_all_exports_of_a_new_pilot_are_made(pilot: Pilot):
    """A pilot on its first day, its files half filled in, has all exports; what has nothing to say says so."""
    said: list[str] = []
    names = [path.name for path in export(pilot, now=NOW, say=said.append)]
    assert names == [
        *("ig-pack.html", "ig-pack.pdf", "what-is-shared.html", "checklist.html", "dea-register.json"),
        *("article-30.csv", "article-30.json", "share-request.json", "flows.csv"),
    ]
    assert [note.split()[0] for note in said] == ["dea-register.json", "atrs.json", "article-30"]
    assert "exports/" in (pilot.folder / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_same_files_give_the_same_bytes(shared: Pilot):
    """Two exports of the same files on the same day are equal, byte by byte."""
    first = {path.name: path.read_bytes() for path in export(shared, now=NOW)}
    assert {path.name: path.read_bytes() for path in export(shared, now=NOW)} == first


def test_an_unknown_export_is_refused(pilot: Pilot):
    """A misspelt name is refused with the names there are, before anything is written."""
    with pytest.raises(RenderError, match=r"'ig-pak' is not an export\. Name one or more of: ig-pack"):
        export(pilot, ["ig-pak"])
    assert not (pilot.folder / FOLDER).exists()


def test_nothing_is_written_through_a_link(shared: Pilot, tmp_path: Path):
    """A folder `exports` that leads elsewhere is refused, and a file in it that is a link is replaced."""
    outside = tmp_path / "outside.csv"
    outside.write_text("kept", encoding="utf-8")
    (shared.folder / FOLDER).mkdir()
    (shared.folder / FOLDER / "flows.csv").symlink_to(outside)
    assert not export(shared, ["flows"], now=NOW)[0].is_symlink()
    assert outside.read_text(encoding="utf-8") == "kept"
    (shared.folder / FOLDER / "flows.csv").unlink()
    (shared.folder / FOLDER).rmdir()
    (shared.folder / FOLDER).symlink_to(tmp_path)
    with pytest.raises(RenderError, match="exports is a link"):
        export(shared, ["flows"], now=NOW)


# ---- For the public


def test_the_public_page_says_who_gives_what_to_whom_and_why(shared: Pilot):
    """In plain words: both organisations, the reason in law, how long, how to object and complain."""
    text = page(shared, "what-is-shared")
    for words in (
        "2 organisations plan to share data about older people.",
        "It has not begun",
        "Who gives the data:</strong> NHS County.",
        "Who receives them:</strong> County Fire and Rescue.",
        "a public task: work that the law gives to a public body",
        "until 31 March 2027, then securely deleted",
        "tell the organisation that holds your record, and your data are left out",
        'href="https://example.org/privacy"',
        'href="https://example.org/complain"',
        "ig-team@example.nhs.uk",
    ):
        assert words in text


def test_no_person_is_named_on_the_public_page(shared: Pilot):
    """Names planted in purposes, powers, contacts, addresses and titles are all left out, and the user is told."""
    flow = copy.deepcopy(FLOW)
    flow["purpose"] = "Visits led by Bartholomew  Quaife (b.quaife@example.org) and QUAIFE, Bartholomew, for OKONKWO"
    flow["power"]["act"] = "As agreed with Prof Zebedee Nightingale and wilhelmina okonkwo"
    flow["data_items"] = ["name", "Quaife's list"]
    flow["transparency"]["complaints_url"] = "https://example.org/people/bartholomew-quaife"
    write(shared.folder, "flows/gp-to-fire-falls.yml", flow)
    project = shared.folder / "governance" / "project.yml"
    purpose = "purpose: Find out with Dr Wilhelmina Okonkwo and wilhelmina-okonkwo whether visits help.\n"
    project.write_text(
        purpose + project.read_text(encoding="utf-8").partition("action:")[2].join(["action:", ""]), "utf-8"
    )
    said: list[str] = []
    made = export(load_pilot(shared.folder), ["what-is-shared"], now=NOW, say=said.append)
    text = made[0].read_text(encoding="utf-8").casefold()
    for name in ("wilhelmina", "okonkwo", "bartholomew", "quaife", "zebedee", "nightingale"):
        assert name not in text, name
    assert "left out: a person" in text
    assert "Take them out of the files" in said[0]


def test_the_public_page_has_no_trace_of_insiders(content: Content):
    """No sign-off, key, log, hash, impact assessment or data protection officer reaches the public page."""
    shown = without_people(content)
    assert (shown.people, shown.log, shown.faults, shown.dpia) == ((), (), (), {})
    assert {key for partner in shown.partners for key in partner} <= {"id", "name", "type", "contact", "privacy_notice"}
    assert "sha256" not in shared_page.write(content)


@pytest.mark.parametrize("contact", ["jane.smith@example.org", "jsmith@example.org", "Jane Smith, 01905 000000", ""])
def test_an_address_that_may_be_a_person_s_is_not_shown(contact: str):
    """Only a shared mailbox is shown; anything else may be a person's."""
    assert shared_mailbox(contact) == ""


def test_what_is_still_to_do_is_said_in_words_on_the_public_page(shared: Pilot):
    """A TODO never reaches the public: the page says "not stated yet"."""
    flow = {**FLOW, "purpose": "TODO: ask the fire service", "retention": {"until": "TODO"}, "art6": "TODO: which"}
    write(shared.folder, "flows/gp-to-fire-falls.yml", flow)
    text = page(shared, "what-is-shared")
    assert "TODO" not in text
    assert text.count("not stated yet") >= 3
    assert 'This page still says "not stated yet" in' in text


def test_many_flows_are_summed_up_for_the_public(content: Content):
    """Flows that read the same are told once; more than 30 kinds stand in one table."""
    alike = replace(content, flows=({**FLOW}, {**FLOW, "id": "second"}))
    assert "2 flows of data read like this" in shared_page.write(alike)
    many = replace(content, flows=tuple({**FLOW, "id": f"f{n}", "purpose": f"Purpose {n}"} for n in range(99)))
    text = shared_page.write(many)
    assert "All 99 flows of data" in text
    assert "and 97 more" in text
    pairs = [(giver, receiver) for giver in range(20) for receiver in range(20)]
    crowd = tuple({**FLOW, "from": {"org": f"a-{a}"}, "to": {"org": f"b-{b}"}} for a, b in pairs)
    assert "b 0, b 1 and 18 more" in shared_page.write(replace(content, flows=crowd)).replace("\\", "")


def test_what_people_give_themselves_is_told_as_that(changed: Callable[..., Content]):
    """Where people answer an offer, no page says that an organisation hands their data over."""
    own = changed({"given_by": "person"}, project={"mode": "invite"})
    text = shared_page.write(own).replace("\\", "")
    assert "plan to use data that are given by the people themselves: older people." in text
    assert "### From people themselves to County Fire and Rescue" in text
    assert "Nobody hands County Fire and Rescue a list of people." in text
    assert "do not ask for what is offered, and nothing about you is given." in text
    assert "nobody hands a list of people over" in text
    assert "invite" not in text
    assert "The people themselves to County Fire and Rescue; told by NHS County" in pack.write(own).replace("\\", "")
    told = {row["Organisation and contact"].split(",")[0]: row for row in processing_record(own)}
    assert told["NHS County"]["Categories of recipients"] == "none"
    source = "the people themselves, told of the offer by NHS County"
    assert told["County Fire and Rescue"]["Source of the personal data"] == source


def test_a_page_with_every_todo_filled_in_is_no_draft(changed: Callable[..., Content]):
    """A partner's own privacy notice may be left out: each flow links one. Nothing else makes the page a draft."""
    full = changed(project=dict.fromkeys(("purpose", "action", "benefit", "why_personal_data"), "Said in full."))
    assert "not stated yet" not in shared_page.write(full)
    assert "Draft" in shared_page.write(changed({"purpose": "TODO"}))


def test_no_full_stop_is_doubled(changed: Callable[..., Content]):
    """Words of a file that end with a full stop keep the one they have."""
    flow = {**FLOW, "purpose": "Ends in November.", "power": {"act": "Regulations of November."}}
    assert ".." not in shared_page.write(changed(flow)).replace("\\", "")


# ---- For the information governance group


def test_the_pack_opens_with_what_is_asked_today(shared: Pilot):
    """The first thing in the pack: how many items, roles and minutes; then what each signer says by signing."""
    text = page(shared, "ig-pack")
    assessment = assess(shared, now=NOW)
    ready = [finding for finding in assessment.findings if finding.is_ready]
    first = text.index(f"Today {len(ready)} item")
    assert first < text.index("Who can sign today") < text.index("What the pilot may do today")
    assert "Shut gates: load, link, train, act, publish, close." in text
    assert all(finding.confirm[:30] in text for finding in ready)
    assert "Evidence of process, and not legal advice" in text


def test_the_pack_names_people_for_the_group(shared: Pilot):
    """The group sees who holds which role; the pack is not for the public."""
    text = page(shared, "ig-pack")
    assert "Bartholomew Quaife" in text
    assert "Caldicott Guardian" in text


def test_the_pack_shows_how_each_item_was_signed_and_what_the_gates_did(content: Content):
    """Route, days and conditions of each sign-off, with the weaker route marked, and the last lines of the log."""
    signature = Signature(
        record="governance/signoffs/P05-1.json",
        sha256="0" * 64,
        decision="approve_with_conditions",
        role="leg",
        organisation="county-fire",
        signed_on="2026-11-20",
        expires="2027-11-20",
        route="pull request 12, seen by the igl",
        conditions=("only until spring",),
    )
    findings = [
        replace(one, state="signed", signatures=(signature,)) if one.item == "P05" else one
        for one in content.assessment.findings
    ]
    body = {"gate": "load", "decision": "refused", "missing": ["P06"]}
    line = Entry(number=1, time=NOW, event="gate", body=body, sha256="0" * 64, prev=None)
    text = pack.write(
        replace(content, assessment=replace(content.assessment, findings=tuple(findings)), log=(line,))
    ).replace("\\", "")
    assert (
        "| P05 | Done: signed | approve with conditions: only until spring | legal adviser, County Fire and Rescue "
        "| pull request 12, seen by the igl | 2026-11-20 | 2027-11-20 |"
    ) in text
    assert "is weaker" in text
    assert "| 1 | 22 November 2026, 10:00 | gate load: refused | P06 |" in text


def signed_by(number: int, organisation: str = "county-fire", decision: str = "approve") -> Signature:
    """Return a sign-off of the legal adviser."""
    return Signature(
        record=f"governance/signoffs/P05-{number}.json",
        sha256="0" * 64,
        decision=decision,
        role="leg",
        organisation=organisation,
        signed_on="2026-11-20",
        expires="2027-11-20",
        route="key",
        conditions=(),
    )


def with_findings(content: Content, **found: dict[str, Any]) -> Content:
    """Return the content with items of the checklist standing otherwise."""
    findings = [replace(one, **found.get(one.item, {})) for one in content.assessment.findings]
    return replace(content, assessment=replace(content.assessment, findings=tuple(findings)))


def test_what_was_refused_comes_first_among_the_sign_offs(content: Content):
    """Rejected, stale, expired and invalid sign-offs stand first with their reason; then those that count."""
    states = {"P01": "signed", "P02": "invalid", "P05": "expired", "P06": "stale", "D06": "rejected"}
    found = {
        item: {"state": state, "reason": f"why {item}", "signatures": (signed_by(1),)} for item, state in states.items()
    }
    text = pack.write(with_findings(content, **found)).partition("## What was signed")[2].replace("\\", "")
    rows = [line.split(" | ")[0][2:] for line in text.splitlines() if line.startswith("| ")]
    assert rows[2:7] == ["D06", "P06", "P05", "P02", "P01"]
    assert "5, of which 4 rejected or no longer counting" in text
    assert "approve: why D06" in text
    assert "why P01" not in text


def test_each_controller_s_sign_off_stands_by_itself(content: Content):
    """Where one controller has refused and another signed, the pack says which, with the reason of each alone."""
    found = {
        "state": "rejected",
        "reason": "county-nhs: not under this act; and again; county-fire: changed",
        "waiting_for": ("county-nhs", "county-fire"),
        "signatures": (
            signed_by(1, "county-nhs", "reject"),
            signed_by(2, "county-fire"),
            signed_by(3, "county-council"),
        ),
    }
    text = pack.write(with_findings(content, P10=found)).replace("\\", "")
    assert "| P10 | Rejected | reject: not under this act; and again | legal adviser, NHS County |" in text
    assert "| P10 | Done: signed | approve | legal adviser, county council |" in text


def test_no_refusal_is_cut_from_a_long_list_and_what_is_cut_is_counted(content: Content):
    """Beyond a hundred rows the pack says how many there are and where; a refusal is always shown."""
    few = with_findings(content, P05={"state": "signed", "signatures": tuple(map(signed_by, range(29)))})
    many = with_findings(content, P05={"state": "signed", "signatures": tuple(map(signed_by, range(300)))})
    refused = with_findings(content, P05={"state": "stale", "signatures": tuple(map(signed_by, range(300)))})
    said = "Only the first 100 of 300 sign-offs are shown here. All of them are in governance/signoffs."
    assert [pack.write(one).replace("\\", "").count(said) for one in (few, many, refused)] == [0, 1, 0]
    assert [pack.write(one).replace("\\", "").count("legal adviser, County Fire") for one in (few, many, refused)] == [
        29,
        100,
        300,
    ]


def test_the_pack_shows_confidence_opt_outs_controllers_and_views(content: Content):
    """How each flow keeps confidence, who controls each dataset, who was asked and what came of it."""
    dpia = {
        "consultation": {"people": "A panel of twelve.", "internally": "Practice managers."},
        "outcome": {
            "dpo_advice": {"summary": "Go on.", "outcome": "overruled", "decided_by": "siro", "reasons": "Too late."},
            "views": {"reviewed_by": "igl", "departed_from": True, "reasons": "Too few."},
        },
    }
    text = pack.write(replace(content, dpia=dpia)).replace("\\", "")
    assert "| gp-to-fire-falls | yes | consent | Caldicott Guardian | still being checked | honoured |" in text
    assert "| Dataset | Class | Controller | Column |" in text
    for words in (
        "A panel of twelve.",
        "departed from, reviewed by the information governance lead: Too few.",
        "overruled, decided by the senior information risk owner: Too late.",
    ):
        assert words in text


def test_an_item_said_not_to_apply_while_flows_say_it_does_is_named(content: Content):
    """P07 ruled out as "counts only" while a flow states an Article 9 condition: the pack says that one is wrong."""
    ruled_out = {"state": "n/a", "reason": "counts only"}
    text = html.unescape(pack.write(with_findings(content, P07=ruled_out, P09=ruled_out)).replace("\\", ""))
    assert (
        'P07 is said not to apply ("counts only"), but an Article 9 condition stands in 1 flow: gp-to-fire-falls'
        in text
    )
    assert "P09 is said not to apply" in text
    assert "The files contradict each other" not in pack.write(content)
    none = {"art9": "none", "sch1": "none"}
    silent = with_findings(replace(content, flows=({**FLOW, **none},)), P07=ruled_out)
    assert "P07 is said not to apply" not in pack.write(silent)


def test_an_open_gate_waits_for_nothing(content: Content):
    """The table of gates says "Nothing" where nothing is missing, and the reason where there is one."""
    first, second, *rest = content.assessment.gates
    open_ = {"is_open": True, "missing": ()}
    told = (replace(first, **open_, reason="nothing is missing"), replace(second, **open_, reason="no data of people"))
    text = pack.write(replace(content, assessment=replace(content.assessment, gates=(*told, *rest))))
    assert "| Open | Nothing |" in text
    assert "| Open | Nothing: no data of people |" in text.replace("\\", "")
    assert "nothing is missing" not in text


def test_a_pack_of_3500_flows_is_short_and_quick(content: Content, shared: Pilot, monkeypatch: pytest.MonkeyPatch):
    """3,500 flows are summed up: fewer than ten pages, in under ten seconds."""
    flows = tuple(
        {**FLOW, "id": f"f{n}", "from": {"org": f"a-{n % 40}"}, "to": {"org": f"b-{n % 37}"}} for n in range(3500)
    )
    monkeypatch.setattr(exporting, "gather", lambda *_, **__: replace(content, flows=flows))
    begun = time.monotonic()
    made = export(shared, ["ig-pack", "what-is-shared", "flows"], now=NOW)
    assert time.monotonic() - begun < 10
    with pikepdf.open(made[1]) as pdf:
        assert len(pdf.pages) < 10
    assert made[-1].read_text(encoding="utf-8-sig").count("\n") == 3501


def test_the_checklist_page_holds_every_item_in_words(shared: Pilot):
    """All items, their states in words and what to do, with no script: a person with no Python can read it."""
    text = page(shared, "checklist")
    assert all(f"{finding.item}: " in text for finding in assess(shared, now=NOW).findings)
    assert "<script" not in text
    for words in ("Safe project", "Safe output", ">To do</td>", ">Not needed</td>", "What to do"):
        assert words in text


@pytest.mark.parametrize("name", ["ig-pack", "what-is-shared", "checklist"])
def test_words_from_files_cannot_become_markup(shared: Pilot, name: str):
    """A script, a link that runs something and markdown in any file come out as the words they are."""
    flow = copy.deepcopy(FLOW)
    flow["purpose"] = "<script>alert(1)</script> ::: {.x} | [a](javascript:alert(2)) `{python}` {{< include x >}}"
    flow["transparency"]["complaints_url"] = "javascript:alert(3)"
    write(shared.folder, "flows/gp-to-fire-falls.yml", flow)
    write(shared.folder, "people.yml", {"people": [{**PEOPLE[0], "name": "<script>alert(4)</script>"}]})
    text = page(load_pilot(shared.folder), name)
    assert "<script" not in text
    assert 'href="javascript' not in text
    assert ("&lt;script&gt;alert" in text) == (name != "checklist")  # shown as it was written, not lost


# ---- For the registers of others


def test_the_digital_economy_act_register_has_its_keys_and_no_other(changed: Callable[..., Content]):
    """An entry has exactly the keys of the public register, and its status is Active until the agreement ends."""
    agreement = {"id": "county-2026", "title": "County agreement", "starts": "2026-01-01", "ends": "2026-12-31"}
    register = dea_register(changed({"dea_register_id": "DEA-1"}, agreements=(agreement,)))
    assert [" ".join(entry) for entry in register] == [
        "id name purpose benefits information_sharing_benefits disclosed_information method contact start_date "
        "end_date review_date retention_period isa_status notes powers controllers processors"
    ]
    entry = register[0]
    assert (entry["id"], entry["isa_status"], entry["end_date"]) == ("DEA-1", "Active", "2026-12-31")
    assert entry["controllers"] == ["NHS County", "County Fire and Rescue"]
    ended = {**agreement, "ends": "2026-11-01"}
    assert dea_register(changed({"dea_register_id": "DEA-1"}, agreements=(ended,)))[0]["isa_status"] == "Complete"


def test_the_public_register_holds_no_mailbox_of_a_person(changed: Callable[..., Content]):
    """The register is public: a personal address and a name are left out, a shared mailbox stays."""
    back = {"from": FLOW["to"], "to": FLOW["from"], "dea_register_id": "DEA-2"}
    agreement = {"id": "county-2026", "title": "Agreement of Bartholomew Quaife"}
    entry = dea_register(changed(back, agreements=(agreement,)))[0]
    assert entry["contact"] == "not stated yet"
    assert entry["name"] == "Agreement of (left out: a person)"
    assert dea_register(changed({"dea_register_id": "DEA-1"}))[0]["contact"] == "ig-team@example.nhs.uk"


def test_an_organisation_s_record_quotes_its_own_security_alone(changed: Callable[..., Content]):
    """Only where its own people use the data does an organisation's row quote the pilot's environment."""
    user = {"id": "an", "name": "Ann Other", "organisation": "county-fire", "roles": ["analyst"]}
    project = {"environment": {"place": "Fire server", "encrypted": True, "access_log": True}}
    fire, nhs = processing_record(changed(project=project, people=(user,)))
    key = "Technical and organisational security measures"
    assert fire[key] == "moved by secure file transfer; held: Fire server; encrypted: yes; access log: yes"
    assert nhs[key] == "moved by secure file transfer; how this organisation holds them: not stated yet"


def test_flows_under_another_act_are_not_in_that_register(content: Content):
    """The register is an empty list where no flow rests on the Digital Economy Act."""
    assert dea_register(content) == []


def test_the_record_of_processing_has_a_row_for_each_controller_and_purpose(shared: Pilot, content: Content):
    """Two controllers and one purpose give two rows, under the ICO's headings; CSV and JSON say the same."""
    rows = processing_record(content)
    assert [row["Organisation and contact"].split(",")[0] for row in rows] == ["County Fire and Rescue", "NHS County"]
    assert rows[1]["Categories of recipients"] == "County Fire and Rescue"
    assert rows[1]["Source of the personal data"] == "its own records"
    assert (rows[0]["Source of the personal data"], rows[0]["Categories of recipients"]) == ("NHS County", "none")
    assert rows[1]["Retention schedule"] == "until 2027-03-31"
    made = {path.suffix: path for path in export(shared, ["article-30"], now=NOW)}
    table = list(csv.DictReader(io.StringIO(made[".csv"].read_text(encoding="utf-8-sig"))))
    assert tuple(table[0]) == ARTICLE_30
    assert table == json.loads(made[".json"].read_text(encoding="utf-8"))


def test_the_share_request_has_the_form_s_ids_and_what_blocks_a_review(content: Content):
    """Sections, steps and blockedBy are the form's own; our Article 6 and 9 values are put into its words."""
    request = share_request(content)
    steps = {step["id"]: step for section in request["sections"].values() for step in section}
    assert list(request["sections"]) == ["purpose", "legal", "dataProtection", "security", "review"]
    assert " ".join(steps) == (
        "data-type data-subjects project-aims data-required benefits data-access other-orgs impact date "
        "legal-power legal-gateway legal-review "
        "lawful-basis-personal lawful-basis-special lawful-basis-special-public-interest data-travel "
        "data-travel-location role protection-review delivery format disposal security-review check"
    )
    assert {name: " ".join(step["blockedBy"]) for name, step in steps.items() if "blockedBy" in step} == {
        "legal-review": "legal-power legal-gateway",
        "protection-review": "lawful-basis-personal lawful-basis-special data-travel role",
        "security-review": "delivery format disposal",
        "check": "legal-review protection-review security-review",
    }
    assert steps["lawful-basis-personal"]["value"] == ["public-task"]
    assert steps["lawful-basis-special"]["value"] == ["health-or-social-care"]
    assert steps["legal-review"] == {
        "id": "legal-review",
        "status": "NOT STARTED",
        "value": {"P05": "open"},
        "blockedBy": ["legal-power", "legal-gateway"],
    }


def test_a_review_cannot_start_before_its_answers_are_there(changed: Callable[..., Content]):
    """A step that is still to do keeps its review from starting."""
    request = share_request(changed({"power": {"act": "TODO: which act"}}))
    steps = {step["id"]: step["status"] for section in request["sections"].values() for step in section}
    assert (steps["legal-power"], steps["legal-review"]) == ("NOT STARTED", "CANNOT START YET")


def steps_of(content: Content) -> dict[str, tuple[object, str]]:
    """Return the value and the status of each step of a share request."""
    sections = share_request(content)["sections"].values()
    return {step["id"]: (step["value"], step["status"]) for section in sections for step in section}


def test_the_share_request_does_not_answer_what_nobody_said(changed: Callable[..., Content]):
    """What no file says is left open, and so is an answer that one flow lacks, or that no flow gives."""
    asked = changed(project={"why_personal_data": "A list is needed."})
    assert steps_of(asked)["impact"] == ("not stated yet", "NOT STARTED")
    half = steps_of(replace(asked, flows=(FLOW, {**FLOW, "art6": "TODO", "art9": "TODO", "method": "TODO"})))
    for step in ("lawful-basis-personal", "lawful-basis-special", "delivery", "data-type"):
        assert half[step][1] == "NOT STARTED", step
    assert half["lawful-basis-special-public-interest"][1] == "NOT STARTED"
    empty = steps_of(replace(asked, flows=()))
    done = {step for step, (_, status) in empty.items() if status == "COMPLETED"}
    assert done <= {"format"}
    assert empty["lawful-basis-special"][1] == "NOT STARTED"


def test_a_review_that_the_checklist_rules_out_is_not_called_done(content: Content):
    """A pilot on made-up data had no legal review: the form says that none was needed."""
    assert steps_of(with_findings(content, P05={"state": "not_required"}))["legal-review"][1] == "NOT REQUIRED"
    assert steps_of(with_findings(content, P05={"state": "signed"}))["legal-review"][1] == "COMPLETED"


def test_a_transparency_record_is_exported_as_it_is(shared: Pilot):
    """Where there is a model, its record is exported with the keys of its file, and TODO as "not stated yet"."""
    write(shared.folder, "model/atrs.yml", {"name": "Falls", "appeals": "TODO: how", "phase": "beta-pilot"})
    made = export(shared, ["atrs"], now=NOW)
    record = json.loads(made[0].read_text(encoding="utf-8"))
    assert record == {"name": "Falls", "appeals": "not stated yet", "phase": "beta-pilot"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t", "\r="])
def test_no_cell_of_a_csv_is_a_formula(start: str):
    """A cell that a spreadsheet would run has an apostrophe before it."""
    assert next(csv.reader(io.StringIO(comma_separated([[f"{start}HYPERLINK(1)"]]), newline="")))[0].startswith("'")


def test_no_line_break_begins_a_formula_inside_a_cell():
    """Some spreadsheets begin a new cell there, even between quotation marks."""
    assert comma_separated([["a\r=1", "b\n=2"]]) == "a =1,b =2\n"


def test_the_list_of_flows_opens_in_a_spreadsheet(shared: Pilot):
    """One row a flow, with a byte order mark for Excel, dates as written and nothing that runs."""
    write(shared.folder, "flows/gp-to-fire-falls.yml", {**FLOW, "purpose": "=cmd|' /C calc'!A0"})
    made = export(shared, ["flows"], now=NOW)[0]
    assert made.read_bytes().startswith(b"\xef\xbb\xbf")
    row = next(csv.DictReader(io.StringIO(made.read_text(encoding="utf-8-sig"))))
    assert row["Purpose"].startswith("'=cmd")
    assert (row["Kept until"], row["Article 6"]) == ("2027-03-31", "A6-1-e-official-authority")


@pytest.mark.parametrize("value", [None, "TODO: later", [], {}, 7, [None, {"x": "TODO"}], "text", {"a": {"b": []}}])
def test_a_half_filled_file_never_stops_an_export(changed: Callable[..., Content], value: object):
    """Whatever stands in a file instead of what should, every export is made of it."""
    for key in FLOW:
        broken = changed({key: value}, project={"purpose": value}, dpia={"risks": value, "outcome": value})
        for write_page in (pack.write, shared_page.write):
            assert write_page(broken)
        for make in exporting._FILES.values():
            make(broken)
    wrong = changed(partners=({"id": value},), people=({"roles": value},), datasets=({"resources": value},))
    assert all([pack.write(wrong), shared_page.write(wrong), share_request(wrong), processing_record(wrong)])


@in_browser
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_everybody_can_read_the_pages(shared: Pilot, see, width: int):
    """Axe finds no fault in any of the pages, and none needs scrolling sideways."""
    for path in export(shared, NAMES[:3], now=NOW):
        if path.suffix == ".html":
            opened = see(path, width)
            assert look(opened)["violations"] == []
            assert opened.evaluate("document.documentElement.scrollWidth") <= width
