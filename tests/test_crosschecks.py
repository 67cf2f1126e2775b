"""What files say against each other and the calendar: it outranks whatever was signed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checkout import TEMPLATE
from oda.governance import assess
from oda.governance.crosschecks import CROSS_CHECKS
from oda.pilot import Pilot, read_yaml
from signers import AHEAD, BEFORE, TODAY, change, flow, open_pilot, put, states, unsigned_pilot, write

FLOW, CARD, DSA = "governance/flows/gp-to-fire.yml", "governance/datasets/gp_list.yml", "governance/dsa/falls-2026.yml"
PROJECT, PEOPLE = "governance/project.yml", "governance/people.yml"
PAST, LONG_AGO = TODAY - dt.timedelta(days=1), TODAY - dt.timedelta(days=366)
SOON = TODAY + dt.timedelta(days=2)


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot that is filled in and that nobody has signed."""
    return unsigned_pilot(tmp_path, monkeypatch)


def setting(place: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Return an edit that puts a value at a place."""
    return lambda content: put(content, place, value)


def person(name: str, **values: object) -> Callable[[dict[str, Any]], None]:
    """Return an edit of one person."""
    return lambda content: next(one for one in content["people"] if one["id"] == name).update(values)


def without(name: str) -> Callable[[dict[str, Any]], None]:
    """Return an edit that takes a person out."""
    return lambda content: content.update(people=[one for one in content["people"] if one["id"] != name])


CASES: dict[str, tuple[str, str, Callable[[dict[str, Any]], Any], str, str]] = {
    "review of the pilot": ("P01", PROJECT, setting("review_by", PAST), "expired", "was to be reviewed by"),
    "health data denied": (
        *("P01", PROJECT, setting("flags.special_category", value=False), "invalid"),
        "says special_category: false, and fire-to-council, gp-to-fire has an Article 9 condition",
    ),
    "other controllers denied": (
        *("P01", PROJECT, setting("flags.single_controller", value=True), "invalid"),
        "says single_controller: true, and the flows name council, fire, icb",
    ),
    "crime denied": ("P01", FLOW, setting("art10", "official_authority"), "invalid", "is of criminal offence data"),
    "review of a flow": ("P05", FLOW, setting("review_by", PAST), "expired", "the review of gp-to-fire is overdue"),
    "an organisation nobody knows": (
        *("P06", FLOW, setting("to.org", "police"), "invalid"),
        "flow gp-to-fire names police, which governance/partners.yml does not have",
    ),
    "a public body as a company": (
        *("P06", FLOW, setting("to.type", "company"), "invalid"),
        "calls fire company, and governance/partners.yml calls it fire",
    ),
    "no agreement": ("P10", FLOW, lambda flow: flow.pop("dsa"), "invalid", "flow gp-to-fire names no agreement"),
    "an agreement that is not there": ("P10", FLOW, setting("dsa", "other"), "invalid", "no agreement other"),
    "not a party": (
        *("P10", DSA, lambda dsa: dsa["parties"].pop(0), "invalid"),
        "icb is in flow gp-to-fire and no party of agreement falls-2026",
    ),
    "an agreement that ended": ("P10", DSA, setting("ends", PAST), "expired", "agreement falls-2026 ended on"),
    "old training": (
        *("E01", PEOPLE, person("anna", trained_on=LONG_AGO), "expired"),
        "the training of anna is more than 12 months old",
    ),
    "training to come": ("E01", PEOPLE, person("anna", trained_on=SOON), "invalid", "is dated in the future"),
    "access that ended": ("E01", PEOPLE, person("otto", access_until=PAST), "expired", "the access of otto has ended"),
    "assurer and analyst in one": (
        *("E02", PEOPLE, person("asa", roles=["asr", "analyst"], trained_on=BEFORE, access_until=AHEAD), "invalid"),
        "asa is an analyst and checks the analysis too",
    ),
    "no approver": ("E02", PEOPLE, without("sue"), "open", "governance/people.yml names no approver"),
    "an environment abroad": (
        *("S01", PROJECT, setting("environment.country", "Ireland"), "invalid"),
        "its country is 'Ireland'",
    ),
    "no encryption": ("S01", PROJECT, setting("environment.encrypted", value=False), "invalid", "it is not encrypted"),
    "no access log": (
        "S01",
        PROJECT,
        setting("environment.access_log", value=False),
        "invalid",
        "it keeps no access log",
    ),
    "no assurance": ("S02", DSA, lambda dsa: dsa["assurance"].pop(), "open", "has no assurance of council"),
    "old assurance": (
        *("S02", DSA, setting("assurance.0.year", TODAY.year - 2), "expired"),
        "the assurance of icb is more than a year old",
    ),
    "no dummy file": (
        *("S03", FLOW, lambda flow: flow.pop("method_tested_on"), "open"),
        "gp-to-fire was not tried with a dummy file",
    ),
    "a test to come": ("S03", FLOW, setting("method_tested_on", SOON), "invalid", "is dated in the future"),
    "kept too long": (
        *("D06", FLOW, setting("retention.until", PAST), "expired"),
        "the retention date of gp-to-fire has passed",
    ),
    "no partner controls the data": (
        *("D01", CARD, setting("x-ig.controller", "none (made-up data)"), "invalid"),
        "says controller: none (made-up data), which is no id in governance/partners.yml",
    ),
    "no flow brings the data": ("D01", CARD, setting("x-ig.flows", []), "open", "names no flow that brings the data"),
    "a flow that is not there": (
        *("D01", CARD, setting("x-ig.flows", ["gp-to-fire", "other"]), "invalid"),
        "names the flow other, and there is no such file in governance/flows",
    ),
    "an owner nobody knows": (
        *("D01", CARD, setting("x-ig.iao", "iao-1"), "invalid"),
        "says iao: iao-1, and governance/people.yml has no such person with the role iao",
    ),
    "an owner without the role": ("D01", PEOPLE, person("olga", roles=["cg"]), "invalid", "says iao: olga"),
    "nobody owns the data": ("D01", CARD, lambda card: card["x-ig"].pop("iao"), "open", "names no information asset"),
    "nobody controls the data": (
        "D01",
        CARD,
        lambda card: card["x-ig"].pop("controller"),
        "open",
        "names no controller",
    ),
    "made up by its description": (
        *("D01", CARD, setting("description", "Counts, made up. No row comes from a real person."), "invalid"),
        "is of class personal, and says 'made up' in description",
    ),
    "made up by its title": ("D01", CARD, setting("title", "Synthetic visits"), "invalid", "'Synthetic' in title"),
    "made up by its source": (
        *("D01", CARD, setting("sources", [{"title": "The generator of made-up data"}]), "invalid"),
        "'made-up' in sources",
    ),
    "under a licence for all": (
        *("D01", CARD, setting("licenses", [{"name": "CC0-1.0"}]), "invalid"),
        "says 'CC0' in licenses",
    ),
    "with a generator": ("D01", CARD, setting("x-synthetic", {"generator": "falls"}), "invalid", "in x-synthetic"),
    "a column without a reason": (
        *("D02", CARD, lambda card: card["x-ig"]["columns"].pop("period"), "open"),
        "gives no reason for period",
    ),
    "a reason without a column": (
        *("D02", CARD, setting("x-ig.columns.dob", {"why": "For linkage."}), "invalid"),
        "gives a reason for dob, which the data do not have",
    ),
    "shared beyond the flow": (
        *("D02", CARD, setting("x-ig.columns.period.shared", value=True), "invalid"),
        "shares district_code, period, visits, and its flows move district_code, visits",
    ),
    "columns under another name": (
        *("D02", CARD, lambda card: card["resources"][0].update(table=card["resources"][0].pop("schema")), "open"),
        "names no column",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_files_that_speak_against_an_item_keep_it_from_being_signed(pilot: Pilot, case: str) -> None:
    """Each contradiction is found before anyone signs, and said with the names in it."""
    item, place, edit, state, reason = CASES[case]
    changed = change(pilot, place, edit)
    finding = assess(changed).finding(item)
    assert finding.state == state
    assert reason in finding.reason
    assert finding.next_step
    assert not finding.is_ready


def test_every_cross_check_has_a_case() -> None:
    """No rule stands untested; the linkage has its own below, the close and the record of quality theirs elsewhere."""
    assert {item for item, *_ in CASES.values()} == set(CROSS_CHECKS) - {"D04", "O03", "O06"}


@pytest.mark.parametrize("case", ["old training", "kept too long", "assurer and analyst in one", "no encryption"])
def test_no_signature_outranks_what_the_files_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """What was signed is shut again on the day it no longer holds, whoever signed it."""
    signed = open_pilot(tmp_path, monkeypatch)
    item, place, edit, state, _ = CASES[case]
    assert states(signed)[item] == "signed"
    assert assess(change(signed, place, edit)).finding(item).state == state


def test_training_runs_out_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is edited: a year after the training the gate shuts, and says whose training it is."""
    signed = open_pilot(tmp_path, monkeypatch)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=340)
    assessment = assess(signed, now=later)
    assert assessment.finding("E01").state == "expired"
    assert "E01" in assessment.gate("load").missing


@pytest.mark.parametrize("holder", ["anna", "an analyst", "the Analyst"])
def test_who_analyses_does_not_hold_the_key_of_the_pseudonyms(pilot: Pilot, holder: str) -> None:
    """By id or by role, whoever works with the data cannot turn pseudonyms back."""
    method = {"method": "A keyed hash", "key_held_by": holder}
    changed = change(pilot, PROJECT, lambda c: (c["flags"].update(linkage=True), c.update(pseudonymisation=method)))
    assert assess(changed).finding("D04").reason == f"the key of the pseudonyms is held by {holder}, who analyses"


def test_an_open_dataset_needs_no_reasons(pilot: Pilot) -> None:
    """Published data about areas are not about anyone."""
    card = {"name": "census", "x-ig": {"class": "open"}, "resources": [{"path": "data/raw/c.csv"}]}
    write(pilot, "governance/datasets/census.yml", card)
    assert assess(pilot).finding("D02").reason == "nobody has signed"


@pytest.mark.parametrize(
    "card",
    [
        {},
        {"x-ig": []},
        {"x-ig": {"class": ["open"], "columns": [], "flows": [{"a": 1}]}},
        {"x-ig": {"class": "personal", "flows": "gp-to-fire"}, "resources": [3]},
        {"resources": [{"schema": {"fields": [{"name": 3}, "x"]}}], "x-ig": {"columns": {1: None}}},
    ],
)
def test_a_card_of_any_shape_stops_no_check(pilot: Pilot, card: dict[str, Any]) -> None:
    """A half-written card keeps its items from being signed, and the rest is still shown; it counts as personal."""
    write(pilot, "governance/datasets/other.yml", card)
    assessment = assess(pilot)
    assert not assessment.finding("D02").is_ready
    assert [d.name for d in assessment.datasets if d.data_class in {"open", "synthetic"}] == []


def test_flows_of_a_card_that_are_no_names_stop_no_check(pilot: Pilot) -> None:
    """Whatever stands there, the checklist is shown."""
    change(pilot, CARD, lambda card: put(card, "x-ig.flows", [{"a": 1}]))
    assert "there is no such file in governance/flows" in assess(pilot).finding("D01").reason


@pytest.mark.parametrize(
    "words", ["A synthetic control is built from it.", "Made up of three lists? Ask the practice."]
)
def test_only_words_that_call_the_data_made_up_are_refused(pilot: Pilot, words: str) -> None:
    """A method by that name is none of them."""
    changed = change(pilot, CARD, setting("description", words))
    assert assess(changed).finding("D01").is_ready


def test_the_card_that_a_pilot_comes_with_cannot_be_signed_for_real_data(pilot: Pilot) -> None:
    """Another class and no generator do not make it a card of real data: the step says what to write."""
    card = read_yaml(TEMPLATE / "governance" / "datasets" / "falls.yml")
    card["x-ig"]["class"] = "personal"
    del card["x-synthetic"]
    write(pilot, "governance/datasets/falls.yml", card)
    finding = assess(pilot).finding("D01")
    assert (finding.state, finding.is_ready) == ("invalid", False)
    assert finding.next_step == "set controller in governance/datasets/falls.yml to one of its ids: council, fire, icb"


def test_a_flow_inside_one_organisation_needs_no_agreement(pilot: Pilot) -> None:
    """Data that move to a processor or within a council are no sharing between controllers."""
    ends = {"to": {"org": "fire", "role": "processor", "type": "fire"}}
    inner = flow("inner", "icb", "fire", **ends)
    del inner["dsa"]
    write(pilot, "governance/flows/inner.yml", inner)
    assert assess(pilot).finding("P10").is_ready
