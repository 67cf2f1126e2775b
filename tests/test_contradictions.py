"""Flags that other files speak against: one answer in `project.yml` takes no signer out of the checklist."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checkout import ROOT
from oda.governance import assess
from oda.governance.contradictions import RULES, contradictions
from oda.governance.files.project import Flags
from oda.governance.gathering import gather
from oda.pilot import Pilot
from oda.presets import read_preset
from signers import CARD, TEMPLATE, change, flow, measured, open_pilot, put, read_yaml, unsigned_pilot, write

FLOW, GP, PROJECT = "governance/flows/fire-to-council.yml", "governance/datasets/gp_list.yml", "governance/project.yml"
HARMLESS: dict[str, Any] = {
    "purpose": "Count visits",
    "data_subjects": ["residents"],
    "categories": ["user.contact.address"],
    "art9": "none",
    "sch1": "none",
    "policy_document": "none",
    "confidentiality": {"owed": False, "route": "not_owed", "decided_by": "igl"},
}
DENIED = {flag: answer for flag, (answer, _) in RULES.items()}


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot of one controller's addresses, in which every flag is answered so that no item is needed."""
    made = unsigned_pilot(tmp_path, monkeypatch)
    (made.folder / "governance/flows/gp-to-fire.yml").unlink()
    inside = {"org": "fire", "role": "controller", "type": "fire"}
    write(made, FLOW, flow("fire-to-council", "fire", "fire", **HARMLESS) | {"from": inside, "to": inside})
    write(made, "governance/partners.yml", {"partners": [{"id": "fire", "type": "fire"}]})
    write(made, "governance/dpia.yml", {"screening": {"always": {"children": False}}})
    (made.folder / "governance/confidentiality.yml").unlink()
    return change(made, PROJECT, lambda content: content.update(flags=DENIED, mode="invite"))


def told(pilot: Pilot) -> str:
    """Return what P01 says."""
    found = next(contradictions(gather(pilot)[0]), None)
    return found.reason if found else ""


def setting(place: str, value: object) -> Callable[[Pilot], object]:
    """Return an edit of the flow."""
    return lambda pilot: change(pilot, FLOW, lambda content: put(content, place, value))


def adding(place: str, content: object) -> Callable[[Pilot], object]:
    """Return an edit that writes a file."""
    return lambda pilot: write(pilot, place, content)


def column(category: str) -> Callable[[Pilot], object]:
    """Return an edit of the category of a column on the card."""
    return lambda pilot: change(pilot, GP, lambda card: put(card, "x-ig.columns.visits.category", category))


def from_nhs(pilot: Pilot) -> None:
    """Have the service of health send data about health; what kind of body it is stands in the partners' file alone."""
    write(pilot, "governance/partners.yml", {"partners": [{"id": "fire", "type": "nhs"}]})
    change(pilot, FLOW, lambda content: content.update(categories=["user.health_and_medical.medical_records"]))


def second_card(pilot: Pilot) -> None:
    """Add personal data of another controller."""
    custody = {**CARD["x-ig"], "controller": "council"}
    write(pilot, "governance/datasets/visits.yml", {**measured(pilot.folder, CARD), "name": "visits", "x-ig": custody})


def other_partner(kind: str) -> Callable[[Pilot], object]:
    """Return an edit that adds an organisation of a kind."""
    return adding(
        "governance/partners.yml", {"partners": [{"id": "fire", "type": "fire"}, {"id": "new", "type": kind}]}
    )


CASES: tuple[tuple[str, Callable[[Pilot], object], str], ...] = (
    ("health_confidential", setting("confidentiality.decided_by", "caldicott_guardian"), "confidential health data"),
    ("health_confidential", setting("confidentiality.route", "s251"), "confidential health data"),
    ("health_confidential", setting("confidentiality.route", "direct_care"), "confidential health data"),
    ("health_confidential", setting("confidentiality", {"owed": True, "decided_by": "TODO"}), "confidential health"),
    ("health_confidential", from_nhs, "confidential health data"),
    (
        "health_confidential",
        adding("governance/confidentiality.yml", {"duty": {"route": "s251"}}),
        "confidentiality.yml takes the route s251",
    ),
    ("special_category", setting("art9", "A9-2-h"), "has an Article 9 condition"),
    ("special_category", setting("categories", ["user.biometrics.face"]), "moves special category data"),
    ("special_category", column("user.demographic.race_ethnicity"), "the card of gp_list has a column of special"),
    (
        "special_category",
        adding("governance/dpia.yml", {"screening": {"always": {"biometric_or_genetic": True}}}),
        "says biometric_or_genetic: true",
    ),
    ("criminal_offence", setting("art10", "official_authority"), "is of criminal offence data"),
    ("criminal_offence", setting("le_part3", value=True), "is of criminal offence data"),
    ("criminal_offence", setting("art6", {"fire": "law_enforcement"}), "is of criminal offence data"),
    ("criminal_offence", setting("categories", ["user.criminal_history"]), "moves criminal offence data"),
    ("criminal_offence", column("user.criminal_history"), "the card of gp_list has a column of criminal"),
    ("children", setting("data_subjects", ["young_children"]), "is about children"),
    ("children", setting("data_subjects", ["School pupils"]), "is about children"),
    ("children", setting("categories", ["user.children.age"]), "moves data about children"),
    ("children", column("user.children"), "the card of gp_list has a column of data about children"),
    (
        "children",
        adding("governance/dpia.yml", {"screening": {"always": {"children": True}}}),
        "the screening list in governance/dpia.yml says children: true",
    ),
    (
        "person_level_output",
        lambda pilot: change(pilot, PROJECT, lambda content: content.update(mode="share")),
        "a service is given names and addresses",
    ),
    ("linkage", adding("governance/linkage.yml", {"datasets": "TODO"}), "governance/linkage.yml is there"),
    (
        "linkage",
        lambda pilot: change(
            pilot,
            PROJECT,
            lambda content: content.update(pseudonymisation={"method": "A keyed hash", "key_held_by": "siro"}),
        ),
        "it has pseudonymisation",
    ),
    ("linkage", second_card, "the datasets gp_list, visits are of different controllers"),
    (
        "predictive_model",
        adding("governance/model/plan.yml", {"purpose": "TODO"}),
        "governance/model/plan.yml is there",
    ),
    (
        "automated_decision",
        adding("governance/model/plan.yml", {"decisions": {"automated": True}}),
        "says that decisions are automated",
    ),
    (
        "automated_decision",
        adding("governance/dpia.yml", {"screening": {"consider": {"automated_decision": True}}}),
        "says automated_decision: true",
    ),
    ("synthetic_from_real", adding("governance/synth/report.yml", {"source_rows": "TODO"}), "report.yml is there"),
    ("single_controller", setting("to.org", "council"), "the flows name council, fire"),
    ("single_controller", second_card, "are of different controllers"),
    ("dea_power", setting("power.act", "Digital Economy Act 2017, section 35"), "under the Digital Economy Act"),
    ("dea_power", setting("dea_register_id", "DEA-12"), "under the Digital Economy Act"),
    ("central_gov", other_partner("central_government"), "new is a body of central government"),
    ("vcs_partner", other_partner("charity"), "new is a charity"),
    ("vcs_partner", setting("to", {"org": "aid", "type": "charity", "role": "processor"}), "aid is a charity"),
)


def test_nothing_speaks_against_a_plain_pilot(pilot: Pilot) -> None:
    """A pilot that does none of these things may say so."""
    assert told(pilot) == ""


@pytest.mark.parametrize(("flag", "edit", "words"), CASES, ids=[f"{flag} {words}" for flag, _, words in CASES])
def test_a_flag_that_a_file_speaks_against_is_found(
    pilot: Pilot, flag: str, edit: Callable[[Pilot], object], words: str
) -> None:
    """P01 cannot be signed, names the flag and what speaks against it, and says what to correct."""
    edit(pilot)
    finding = assess(pilot).finding("P01")
    assert (finding.state, finding.is_ready) == ("invalid", False)
    assert f"says {flag}: {str(DENIED[flag]).lower()}, and " in finding.reason
    assert words in finding.reason
    assert flag in finding.next_step


def test_every_flag_has_its_rules_and_each_is_tried() -> None:
    """No flag of a pilot is left out, and no rule stands untested."""
    assert set(RULES) == set(Flags.model_fields) == {flag for flag, _, _ in CASES}


@pytest.mark.parametrize("answer", [True, None])
def test_a_flag_that_keeps_items_needed_is_never_spoken_against(pilot: Pilot, answer: object) -> None:
    """A yes, or no answer, asks for more items and not for fewer."""
    setting("art9", "A9-2-h")(pilot)
    change(pilot, PROJECT, lambda content: content["flags"].update(special_category=answer))
    assert told(pilot) == ""


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("art9", "TODO: none, or the condition (often A9-2-h)"),
        ("power.act", "TODO: such as the Digital Economy Act 2017"),
        ("categories", ["TODO: such as user.health_and_medical"]),
        ("confidentiality.route", "TODO: consent, direct_care, s251"),
        ("data_subjects", ["adult children of tenants"]),
        ("confidentiality", {"owed": True, "route": "public_interest", "decided_by": "igl"}),
        ("to.org", "TODO: one of council, fire"),
        ("from", 3),
        ("categories", "user.children"),
    ],
)
def test_what_is_not_said_speaks_against_nothing(pilot: Pilot, place: str, value: object) -> None:
    """A draft's own words, a confidence outside health, and values of another shape are no contradiction."""
    setting(place, value)(pilot)
    assert told(pilot) == ""


def test_counts_about_nobody_are_no_special_category_data(pilot: Pilot) -> None:
    """Admissions by district, with small numbers hidden, are about health and about no person."""
    counts = {"categories": ["user.health_and_medical"], "data_subjects": ["children"], "identifiability": "anonymous"}
    change(pilot, FLOW, lambda content: content.update(counts))
    assert told(pilot) == ""
    setting("identifiability", "pseudonymised")(pilot)
    assert "special_category" in told(pilot)
    assert "children" in told(pilot)


def test_all_flags_that_are_spoken_against_are_named_at_once(pilot: Pilot) -> None:
    """Whoever mends one need not wait to hear of the next."""
    setting("art9", "A9-2-h")(pilot)
    other_partner("charity")(pilot)
    step = assess(pilot).finding("P01").next_step
    assert step.startswith("correct special_category and vcs_partner in governance/project.yml")


def test_one_signature_cannot_drop_the_caldicott_guardian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flag alone is changed in a signed pilot: P09 falls away, and P01 with it, so the gate is shut."""
    signed = open_pilot(tmp_path, monkeypatch)
    changed = change(signed, PROJECT, lambda content: content["flags"].update(health_confidential=False))
    assessment = assess(changed)
    assert assessment.finding("P09").state == "not_required"
    assert not assessment.finding("P01").is_ready
    assert "P01" in assessment.gate("load").missing
    assert "gp-to-fire is of confidential health data" in assessment.finding("P01").reason


@pytest.mark.parametrize("oda", ["worcestershire", "greater-manchester", "london", "suffolk", "essex", "west-midlands"])
def test_a_new_pilot_contradicts_itself_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, oda: str) -> None:
    """What the template fills in for each area holds together on the first day."""
    made = unsigned_pilot(tmp_path, monkeypatch)
    for old in ("flows", "dsa", "datasets"):
        for path in (made.folder / "governance" / old).glob("*.yml"):
            path.unlink()
    files = runpy.run_path(str(ROOT / "hooks" / "governance.py"))["contents"]
    codes = ", ".join(one["code"] for one in read_preset("odas", oda)["districts"])
    answers = {"oda": oda, "title": "Falls", "districts": codes}
    texts: dict[str, str] = files(answers, read_preset("odas", oda), read_preset("pilots", "falls"))
    for place, text in texts.items():
        write(made, f"governance/{place}", text)
    for name in ("project", "confidentiality", "dpia"):
        write(made, f"governance/{name}.yml", read_yaml(TEMPLATE / "governance" / f"{name}.yml"))
    assert told(made) == ""
