"""The checklist: what it holds, how its states come about, and what its gates refuse."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from oda.errors import COMMAND, GateError, SettingsError
from oda.governance import (
    HEADINGS,
    Assessment,
    Checklist,
    Flags,
    Project,
    assess,
    identifier,
    load_checklist,
    refuse_identifiers,
    require,
)
from oda.governance.checklist import CHECKLIST_FILE, GATES
from oda.governance.files.folder import read_folder
from oda.governance.probes import ignores
from oda.pilot import Pilot
from signers import filled, flow, write

TEMPLATE = Path(__file__).parents[1] / "{{cookiecutter.project}}"
README = TEMPLATE / "governance" / "README.md"
PROJECT = """\
purpose: Learn whether visits reduce falls.
action: Visits go on or stop.
benefit: Fewer falls.
why_personal_data: Counts by district need none.
"""
IGNORED = "data/raw/*\ndata/derived/*\n!data/raw/.gitkeep\n!data/derived/.gitkeep\n"


@dataclass(frozen=True)
class Card:
    """A dataset card with no more than governance asks for."""

    name: str = "gp_list"
    data_class: str = "personal"
    title: str = "GP list"
    card_path: Path = Path("governance/datasets/gp_list.yml")


@pytest.fixture
def pilot(tmp_path: Path) -> Pilot:
    """Make a pilot in an empty folder, with its data folders ignored by git."""
    (tmp_path / ".gitignore").write_text(IGNORED, encoding="utf-8")
    return make_pilot(tmp_path)


def make_pilot(folder: Path) -> Pilot:
    """Return a pilot of one district in a folder."""
    return Pilot.model_validate(
        {
            "pilot": {
                "title": "Falls",
                "slug": "falls",
                "kind": "falls",
                "oda": "worcestershire",
                "oda_name": "Worcestershire",
                "start_date": "2026-04-01",
                "lead": {"role": "Lead", "contact": "lead@example.org"},
                "licence": "MIT",
                "template_version": "0.1.0",
            },
            "districts": [{"code": "E07000236", "name": "Redditch"}],
            "questions": [
                {
                    "id": "effect",
                    "report": "board",
                    "question": "Did it work?",
                    "expected": "Yes, a bit.",
                    "evidence": "e",
                }
            ],
            "run": [{"notebook": "notebooks/10-data.ipynb"}],
            "reports": [{"document": "reports/board.qmd"}],
            "disclosure": {"hide_below": 8, "round_to": 5},
            "folder": folder,
        }
    )


def assess_one(pilot: Pilot, data_class: str = "personal") -> Assessment:
    """Assess a pilot that has one dataset of a class."""
    return assess(pilot, [Card(data_class=data_class)])


def assess_with_flow(pilot: Pilot) -> Assessment:
    """Assess a pilot that has a flow, and nothing that answers a flag."""
    write(pilot, "governance/flows/a.yml", flow("a", "icb", "fire"))
    return assess_one(pilot)


def changed_checklist(folder: Path, old: str, new: str) -> Path:
    """Return a copy of the checklist with one text changed."""
    text = CHECKLIST_FILE.read_text(encoding="utf-8")
    assert old in text
    path = folder / "checklist.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def git(folder: Path, *words: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


# What the checklist holds


def test_the_checklist_has_39_items_with_different_ids() -> None:
    """The catalogue is whole: 39 items, none of them twice."""
    ids = {item.id for item in load_checklist().items}
    assert len(ids) == len(load_checklist().items) == 39


@pytest.mark.parametrize(
    ("gate", "count"), [("load", 25), ("link", 12), ("train", 11), ("act", 13), ("publish", 12), ("close", 1)]
)
def test_each_gate_waits_for_as_many_items_as_the_design_counts(gate: str, count: int) -> None:
    """No item has slipped off a gate, and none was added unseen.

    The design counted 24 for load and 11 for publish. O04 gates both by now: what is asked, and the answer expected,
    are set down before outcome data load, and nothing is published that was not.
    """
    assert sum(gate in item.gates for item in load_checklist().items) == count


def test_17_items_are_always_needed_to_load_personal_data_and_3_of_them_are_computed() -> None:
    """The simplest project with personal data needs 14 signatures, from 7 roles; the 14th is the plan, O04."""
    always = [item for item in load_checklist().items if "load" in item.gates and item.when == "always"]
    people = [item for item in always if not item.by_machine]
    assert len(always) == 17
    assert len(people) == 14
    assert [item.id for item in always if item.by_machine] == ["E03", "S04", "D03"]
    assert len({role for item in people for role in item.signs}) == 7


def test_only_four_items_are_computed() -> None:
    """Everything else is for people to decide."""
    assert [item.id for item in load_checklist().items if item.by_machine] == ["E03", "S04", "D03", "O01"]


def test_every_role_and_condition_of_the_checklist_is_used() -> None:
    """No word stands in the checklist that no item needs."""
    checklist = load_checklist()
    assert {role for item in checklist.items for role in item.signs} == set(checklist.roles)
    assert {item.when for item in checklist.items} == set(checklist.conditions)


def test_the_checklist_claims_no_more_than_process() -> None:
    """It never says that a pilot complies with anything."""
    texts = [path.read_text(encoding="utf-8") for path in (*CHECKLIST_FILE.parent.iterdir(), README) if path.is_file()]
    assert not [word for word in ("compliant", "approved by law", "complies") if any(word in text for text in texts)]


# What is refused in the files


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "    safe: project\n",
            "    safe: project\n    colour: red\n",
            r"checklist\.yml: items\.0\.colour: extra inputs",
        ),
        ("signs: [sro]", "signs: [mayor]", "item P01: 'mayor' is not a role"),
        ("signs: [sro]", "signs: [sro, machine]", r"items\.0: an item is computed by the machine or signed by people"),
        ("when: always", "when: sometimes", "item P01: 'sometimes' is not a condition"),
        ("gates: [load]", "gates: [open]", r"items\.0\.gates\.0: input should be"),
        ("id: P02", "id: P01", "item P01 stands more than once"),
        ("any_of: [linkage]", "any_of: [linkages]", "linkages is not a flag of a pilot"),
        ("path: governance/project.yml", "path: ../project.yml", "leaves the pilot's folder"),
        ("  close: {title: close the pilot}\n", "", "gate close has no title"),
    ],
)
def test_a_fault_in_the_checklist_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    """A misspelt key, role, condition, gate or flag stops the check and never drops an item."""
    with pytest.raises(SettingsError, match=told):
        load_checklist(changed_checklist(tmp_path, old, new))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            "porpoise: dolphins\n",
            r"governance/project\.yml: porpoise is not a name this file has\. Did you mean purpose\?",
        ),
        ("flags: {specialcategory: false}\n", r"flags\.specialcategory is not .* Did you mean special_category\?"),
        ('flags: {special_category: "maybe"}\n', r"flags\.special_category: found 'maybe'\. Write true or false\."),
    ],
)
def test_a_fault_in_the_project_file_is_told_with_its_place(pilot: Pilot, more: str, told: str) -> None:
    """A misspelt flag keeps P01 from being signed: it would otherwise be an answer that nobody reads."""
    write(pilot, "governance/project.yml", PROJECT + more)
    finding = assess_one(pilot).finding("P01")
    assert (finding.state, finding.is_ready) == ("invalid", False)
    assert re.search(told, finding.reason)


# Which items are needed


@pytest.mark.parametrize("data_class", ["synthetic", "open"])
def test_synthetic_and_open_data_load_with_no_sign_off(pilot: Pilot, data_class: str) -> None:
    """The first day is never blocked, and the checklist says why."""
    assessment = assess_one(pilot, data_class)
    require(assessment, "load", Card(data_class=data_class))
    assert assessment.finding("P01").state == "not_required"
    assert assessment.finding("P01").reason == f"no personal data in this pilot: 1 {data_class} dataset"
    assert assessment.gate("load").missing == ()


def test_the_publish_gate_stays_honest_without_personal_data(pilot: Pilot) -> None:
    """Open data load freely, yet a release still waits for its checks."""
    assessment = assess_one(pilot, "open")
    assert not assessment.gate("publish").is_open
    assert {"D03", "D07", "O01", "O02", "O03", "O04", "O05"} <= set(assessment.gate("publish").missing)
    with pytest.raises(GateError, match=r"^publish refused: D03 \(.*\) has failed"):
        require(assessment, "publish")


def test_every_item_of_the_load_gate_is_needed_when_nothing_is_answered(pilot: Pilot) -> None:
    """Without a project file, every question is taken in the cautious way."""
    assessment = assess_one(pilot)
    needed = [item.id for item in load_checklist().items if "load" in item.gates]
    assert [item for item in needed if item != "S04"] == list(assessment.gate("load").missing)
    assert "governance/project.yml is not there" in assessment.notes[0]
    assert "does not answer special_category" in assess_with_flow(pilot).finding("P07").reason


def test_an_answered_flag_rules_out_its_items_and_no_others(pilot: Pilot) -> None:
    """A pilot with one controller needs no sharing agreement; all else stays."""
    write(pilot, "governance/project.yml", PROJECT + "flags: {single_controller: true, criminal_offence: false}\n")
    assessment = assess_one(pilot)
    ruled_out = [finding.item for finding in assessment.findings if finding.state == "not_required"]
    assert ruled_out == ["P08", "P10", "S03"]
    assert assessment.finding("P10").reason == "governance/project.yml says single_controller: true"
    assert not {"P08", "P10", "S03"} & set(assessment.gate("load").missing)
    assert "P01" in assessment.gate("load").missing  # which signs those answers


def test_one_no_of_two_does_not_rule_an_item_out(pilot: Pilot) -> None:
    """An item that hangs on two answers is needed until both are no."""
    write(pilot, "governance/project.yml", PROJECT + "flags: {health_confidential: false}\n")
    assert assess_one(pilot).finding("S02").state == "open"
    write(pilot, "governance/project.yml", PROJECT + "flags: {health_confidential: false, special_category: false}\n")
    assert assess_one(pilot).finding("S02").state == "not_required"


def test_a_mixed_pilot_loads_its_open_data_and_refuses_its_personal_data(pilot: Pilot) -> None:
    """One personal dataset shuts the gate for itself, not for the open one beside it."""
    census = Card(name="census", data_class="open")
    assessment = assess(pilot, [census, Card()])
    require(assessment, "load", census)
    with pytest.raises(GateError, match="gp_list"):
        require(assessment, "load", Card())


def test_an_open_dataset_is_no_pass_to_act_or_publish(pilot: Pilot) -> None:
    """What leaves the team is judged for the whole pilot, whichever dataset is named."""
    census = Card(name="census", data_class="open")
    assessment = assess(pilot, [census, Card()])
    with pytest.raises(GateError, match=r"^act refused"):
        require(assessment, "act", census)
    with pytest.raises(GateError, match=r"^publish refused"):
        require(assessment, "publish", census)


# What is refused


@pytest.mark.parametrize("data_class", ["personal", "pseudonymised", "Synthetic", "unheard of"])
def test_personal_data_are_refused_with_the_missing_item_and_who_signs_it(pilot: Pilot, data_class: str) -> None:
    """Whoever is refused learns what is missing and whom to ask; an unknown class counts as personal."""
    with pytest.raises(GateError, match=f"^load refused: dataset 'gp_list' is of class {data_class}, and ") as refusal:
        require(assess_one(pilot, data_class), "load", Card(data_class=data_class))
    assert str(refusal.value).endswith(
        "23 more items are missing (O04, P01, P02, P03, P04, P05 and 17 others): python3 start.py check lists them."
    )


def test_a_gate_with_one_item_missing_is_refused_in_one_sentence(pilot: Pilot) -> None:
    """The text fits the count."""
    with pytest.raises(GateError, match=r"signs it: python3 start.py sign O06\. To see it: python3 start.py check$"):
        require(assess_one(pilot), "close")


def test_a_forged_sign_off_opens_no_gate(pilot: Pilot) -> None:
    """Writing a record by hand makes its item invalid, never signed."""
    write(pilot, "governance/project.yml", PROJECT)
    record = {"item": "P01", "decision": "approve", "role": "sro"}
    for item in load_checklist().items:
        write(pilot, f"governance/signoffs/{item.id}-1.json", json.dumps({**record, "item": item.id}))
    assessment = assess_one(pilot)
    assert assessment.finding("P01").state == "invalid"
    assert assessment.finding("P01").reason.startswith("governance/signoffs/P01-1.json: ")
    assert [finding.item for finding in assessment.findings if finding.passes] == ["S04"]
    with pytest.raises(GateError, match=r"^load refused"):
        require(assessment, "load", Card())


def test_a_record_that_names_no_item_is_told(pilot: Pilot) -> None:
    """A misspelt record is not passed over in silence, and shuts what rests on sign-offs."""
    write(pilot, "governance/signoffs/P99-1.json", "{}")
    assessment = assess_one(pilot)
    assert "governance/signoffs has sign-offs of P99, which is no item of the checklist." in assessment.notes
    assert assessment.finding("E03").state == "failed"


def test_nothing_is_signed_that_nobody_signed(pilot: Pilot) -> None:
    """With every file of the checklist in place and empty, no item that people sign counts as done."""
    write(pilot, "governance/project.yml", PROJECT)
    for subject in (s for item in load_checklist().items for s in item.subjects if "project.yml" not in s.path):
        write(pilot, subject.path.replace("*", "one"), "{}")
    findings = [finding for finding in assess_one(pilot).findings if not finding.by_machine]
    assert {finding.state for finding in findings} == {"open", "invalid"}


def test_a_part_missing_of_the_project_file_is_told(pilot: Pilot) -> None:
    """The environment is approved once it is described: a file without it is not enough."""
    write(pilot, "governance/project.yml", PROJECT)
    finding = assess_one(pilot).finding("S01")
    assert finding.reason == "governance/project.yml has no environment"
    assert finding.next_step == "add environment to governance/project.yml"
    described = "environment: {place: council server, country: United Kingdom, encrypted: true, access_log: true}\n"
    write(pilot, "governance/project.yml", PROJECT + described)
    assert assess_one(pilot).finding("S01").reason == "nobody has signed"


def test_a_dataset_that_was_not_assessed_is_refused(pilot: Pilot) -> None:
    """An assessment without the personal dataset cannot let it through."""
    innocent = assess(pilot, [Card(name="census", data_class="open")])
    with pytest.raises(GateError, match="not among the datasets assessed"):
        require(innocent, "load", Card())


def test_a_dataset_that_changed_its_class_is_refused(pilot: Pilot) -> None:
    """A card that turned open after the check, or personal, is assessed again first."""
    with pytest.raises(GateError, match="was assessed as personal"):
        require(assess_one(pilot), "load", Card(data_class="open"))
    with pytest.raises(GateError, match="was assessed as open"):
        require(assess_one(pilot, "open"), "load", Card())


def test_a_misspelt_gate_never_opens(pilot: Pilot) -> None:
    """A gate that does not exist is refused, and the gates are listed."""
    with pytest.raises(
        GateError, match=r"'loads' is not a gate\. The gates are: load, link, train, act, publish, close"
    ):
        require(assess_one(pilot, "open"), "loads", Card(data_class="open"))  # type: ignore[arg-type]


# What the machine finds


def test_a_data_folder_that_git_does_not_ignore_fails(pilot: Pilot) -> None:
    """The finding names the folder and the line to add."""
    write(pilot, ".gitignore", "data/derived/\n")
    finding = assess_one(pilot, "open").finding("S04")
    assert (finding.state, finding.next_step) == ("failed", "add the line data/raw/ to .gitignore")
    assert "does not keep data/raw out of git" in finding.reason


def test_a_data_file_in_git_fails(pilot: Pilot) -> None:
    """A file of data that git tracks is found; the note that keeps the folder is not one."""
    git(pilot.folder, "init", "-q")
    write(pilot, "data/raw/.gitkeep", "")
    git(pilot.folder, "add", "-f", "data/raw/.gitkeep")
    assert ".gitkeep" not in assess_one(pilot, "open").finding("S04").reason
    write(pilot, "data/raw/gp list.csv", "a\n")
    git(pilot.folder, "add", "-f", "data/raw/gp list.csv")
    finding = assess_one(pilot, "open").finding("S04")
    assert finding.state == "failed"
    assert "data/raw/gp list.csv" in finding.reason


def test_a_git_variable_does_not_hide_a_data_file(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pointing git at a clean repository elsewhere does not help."""
    git(pilot.folder, "init", "-q")
    write(pilot, "data/raw/gp.csv", "a\n")
    git(pilot.folder, "add", "-f", "data/raw/gp.csv")
    git(pilot.folder, "init", "-q", "clean")
    monkeypatch.setenv("GIT_DIR", str(pilot.folder / "clean" / ".git"))
    assert assess_one(pilot, "open").finding("S04").state == "failed"


def test_no_git_is_not_taken_as_clean(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is a repository and git cannot be asked, the item stays open and says so."""
    git(pilot.folder, "init", "-q")
    monkeypatch.setenv("PATH", "")
    finding = assess_one(pilot, "open").finding("S04")
    assert finding.state == "open"
    assert "git cannot be asked" in finding.reason


def test_a_failed_machine_item_outranks_a_sign_off(pilot: Pilot) -> None:
    """Nobody can sign away what the machine has found."""
    write(pilot, ".gitignore", "")
    write(pilot, "governance/signoffs/S04-1.json", "{}")
    assert assess_one(pilot).finding("S04").state == "failed"


@pytest.mark.parametrize(
    ("lines", "kept_out"),
    [
        (["data/raw/"], True),
        (["/data/raw/*", "!data/raw/.gitkeep"], True),
        (["data/"], True),
        (["raw/"], True),
        (["data/**"], True),
        (["data/*/*", "!data/*/.gitkeep"], True),
        (["data/*/*.csv"], False),
        (["other/raw/"], False),
        (["data/raw/2026/"], False),
        (["data/raw/", "!reports/raw.csv"], True),
        (["data/raw/", "!data/derived/x.csv"], True),
        ([], False),
        (["# data/raw/"], False),
        (["data/raw/*.csv"], False),
        (["data/raw/*", "!data/raw/gp.csv"], False),
        (["data/raw/*", "!*.csv"], False),
        (["data/*", "!data/raw/"], False),
        (["!data/raw/gp.csv", "data/raw/"], True),
    ],
)
def test_only_a_plain_line_keeps_a_data_folder_out_of_git(lines: list[str], kept_out: bool) -> None:  # noqa: FBT001  a case
    """A pattern that lets data back in, or covers some files only, is no proof."""
    assert ignores(lines, "data/raw") is kept_out


# Columns that look like people

PEOPLE = """
    nhs_number|NHS No.|NHSNumber|date_of_birth|DOB|D.O.B.|BirthDate|postcode|Post Code|pcds|uprn|surname
    Forename|full name|first_name
    patient_name|Address|address_line_1|AddressLine2|home_address|E-mail|contact email|phone|Telephone No
    mobile|mobile_number|ni_number|N.I. Number|NINO|UPN|unique_pupil_number|Passport no|house number
"""
AREAS = """
    name|area_name|indicator_name|district|district_name|area_code|postcode_district|Postcode Sector|lsoa21cd|period
    value|admissions|births|birth_rate|age|sex|nhs_region|nhs_trust|icb_name|school_name|address_count|number_of_addresses
    missing postcode rate|phone_calls|mobile_library|web_address|NI|falls_advice_by_phone|denominator
"""


def words(text: str) -> list[str]:
    """Return the headings of a list."""
    return [heading.strip() for line in text.strip().splitlines() for heading in line.split("|")]


@pytest.mark.parametrize("heading", words(PEOPLE))
def test_a_heading_that_names_people_is_found(heading: str) -> None:
    """However it is written, an identifier's name is recognised."""
    assert identifier(heading)


def test_a_heading_in_look_alike_letters_is_found() -> None:
    """Full-width letters hide nothing."""
    assert identifier("\uff2e\uff28\uff33 number") == "an NHS number"


@pytest.mark.parametrize("heading", words(AREAS))
def test_a_heading_of_areas_or_counts_is_let_through(heading: str) -> None:
    """Statistics by district are the everyday case and never refused."""
    assert identifier(heading) == ""


@pytest.mark.parametrize("data_class", ["open", "synthetic"])
def test_open_or_synthetic_data_with_identifiers_are_refused_with_all_their_columns(data_class: str) -> None:
    """A personal file does not pass by calling itself open."""
    with pytest.raises(
        GateError, match=r"'gp_list' claims .* 'nhs_no' \(an NHS number\), 'dob' \(a date of birth\)\. Give"
    ):
        refuse_identifiers("gp_list", data_class, ["nhs_no", "area_name", "dob"])


def test_personal_data_may_have_identifiers() -> None:
    """A personal dataset is the load gate's business."""
    refuse_identifiers("gp_list", "personal", ["nhs_no"])


# What is handed over


def test_an_assessment_is_plain_json_and_rows_of_text(pilot: Pilot) -> None:
    """The command prints the same findings as a table or as JSON."""
    assessment = assess_one(pilot)
    plain = json.loads(json.dumps(assessment.to_dict()))
    assert [gate["gate"] for gate in plain["gates"]] == list(GATES)
    assert plain["about"].startswith("Evidence of process, and not legal advice")
    assert len(assessment.rows()) == 39
    assert all(len(row) == len(HEADINGS) for row in assessment.rows())
    assert assessment.rows()[0][3:] == ("senior responsible owner", f"{COMMAND} draft project")


def test_an_assessment_changes_no_file(pilot: Pilot) -> None:
    """States are computed, never stored."""
    before = sorted(pilot.folder.rglob("*"))
    assess_one(pilot)
    assert sorted(pilot.folder.rglob("*")) == before


def test_who_signs_for_every_controller_is_said() -> None:
    """The sharing agreement is the one item that each controller signs."""
    checklist: Checklist = load_checklist()
    many = [checklist.signers(item) for item in checklist.items if item.per_controller]
    assert many == ["information governance lead of every controller"]


def test_the_project_file_of_a_new_pilot_is_valid_and_answers_every_flag() -> None:
    """A new pilot starts with the falls pilot's answers, and without a template's marks in the file."""
    held = read_folder(TEMPLATE).held["governance/project.yml"]
    project = Project.model_validate(filled("project"))
    assert held.faults == ()
    assert project.mode == "invite"
    assert all(project.flags.answer(flag) is not None for flag in Flags.model_fields)
    true = {flag for flag in Flags.model_fields if project.flags.answer(flag)}
    assert true == {"special_category", "health_confidential", "person_level_output"}
    assert ignores((TEMPLATE / ".gitignore").read_text(encoding="utf-8").splitlines(), "data/raw")
    assert "{{" not in (TEMPLATE / "governance" / "project.yml").read_text(encoding="utf-8")
