"""What a signer reads before signing: all that is signed, in words, within a page, and never cut unseen."""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import signers
from oda.governance.canonical import select
from oda.governance.checklist import Item
from oda.governance.evidence import Evidence
from oda.governance.files.base import Held
from oda.governance.files.folder import Holdings
from oda.governance.gathering import gather
from oda.governance.preparing import Act
from oda.governance.telling import asking, tell
from oda.governance.telling.page import LINES, WIDTH
from oda.governance.telling.reading import Reading
from oda.pilot import Pilot

HUMAN = [
    *(f"P{n:02}" for n in range(1, 14)),
    *("E01", "E02", "S01", "S02", "S03", "S05", "D01", "D02", "D04", "D05", "D06", "D07", "D08"),
    *("M01", "M02", "M03", "M04", "O02", "O03", "O04", "O05", "O06"),
]
DAY = dt.date(2026, 1, 31)
# Files that a pilot with all of the template's drafts does not have yet; valid or not, each is told in full.
LATER: dict[str, Any] = {
    "governance/linkage.yml": {
        "datasets": ["gp-list", "visits"],
        "keys": ["uprn"],
        "method": "probabilistic",
        "threshold": 0.9,
        "missed_matches": [{"group": "people who moved", "expected_rate": 0.2, "evidence": "A", "action": "B"}],
        "clerical_review": {"pairs": 20, "which": "near the threshold", "by": "asr"},
    },
    "governance/synth/report.yml": {
        "source_dataset": "gp-list",
        "intruder_test": {"tested_on": DAY, "by": "dpo", "attempts": 40, "people_found": 0},
        "decision": {"outcome": "do_not_release", "reasons": "Too near.", "by": "dpo", "on": DAY},
    },
    "governance/model/plan.yml": {
        "purpose": "Find homes at risk of fire",
        "cut_off": DAY,
        "features": [{"name": "age", "why": "Risk rises with age", "known_when_predicting": True}],
        "decisions": {"automated": True, "significant": False, "appeal": "By letter"},
    },
    "governance/model/card.yml": {
        "name": "homes",
        "results": [{"metric": "recall", "model": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 90}, "beaten": False}],
        "limits": ["Two years of data only", "One area only"],
    },
    "governance/model/atrs.yml": {"tier_1": {"name": "Homes", "description": "Ranks homes by risk."}},
    "governance/outputs/2026-01-31-board.yml": {
        "schema": "oda-ig-release/1",
        "name": "board",
        "title": "Board report",
        "prepared": DAY,
        "data": [{"dataset": "gp_list", "class": "personal", "path": "data/raw/gp.csv"}],
        "disclosure": {
            "hide_below": 8,
            "round_to": 5,
            "counts_shown": 40,
            "cells_hidden": 3,
            "findings": [{"where": "pages", "what": "3", "numbers": 2, "such_as": "3 districts", "why": "Districts."}],
        },
        "files": [{"path": "board.html", "kind": "page", "bytes": 900, "sha256": "a" * 64}],
    },
    "governance/close.yml": {
        "closed_on": DAY,
        "deletions": [{"dataset": "gp-list", "partner": "fire", "deleted_on": DAY, "method": "return"}],
        "source_record_untouched": True,
        "kept": [{"what": "The report", "why": "Record", "until": DAY, "by": "iao"}],
    },
}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Return what is read of a pilot with every file that an item is about."""
    with pytest.MonkeyPatch.context() as patched:
        pilot = signers.unsigned_pilot(tmp_path_factory.mktemp("told"), patched)
        found, _ = gather(pilot)
    statement = found.holdings.held["governance/project.yml"].raw
    key = {"method": "Hashed with a secret", "key_held_by": "the records manager"}
    files = {**LATER, "governance/project.yml": {**statement, "pseudonymisation": key}}
    later = {place: Held(place=place, raw=raw) for place, raw in files.items()}
    held = {place: one for place, one in {**found.holdings.held, **later}.items() if one.raw is not None}
    return replace(found, holdings=Holdings(dict(sorted(held.items()))))


def having(evidence: Evidence, **files: Any) -> Evidence:
    """Return the evidence with other content of files, by their path without `governance/` and `.yml`."""
    places = {f"governance/{name}.yml" if name != "pilot" else "pilot.yml": raw for name, raw in files.items()}
    held = {place: Held(place=place, raw=raw) for place, raw in places.items()}
    return replace(evidence, holdings=Holdings(dict(sorted({**evidence.holdings.held, **held}.items()))))


def raw(evidence: Evidence, name: str) -> Any:
    """Return a copy of the content of a file."""
    return copy.deepcopy(evidence.holdings.held[f"governance/{name}.yml"].raw)


def page(item: str, evidence: Evidence, **words: Any) -> str:
    """Return the page of an item on one line, so that a text may be looked for across lines."""
    return " ".join(tell(evidence.checklist.item(item), evidence, **words).split())


def leaves(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every single value."""
    if isinstance(content, dict | list) and content:
        for key in content if isinstance(content, dict) else range(len(content)):
            yield from leaves(content[key], (*path, key))
    else:
        yield path


def other(value: Any) -> Any:
    """Return a value of the same kind that is another."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return value + dt.timedelta(days=1) if isinstance(value, dt.date) else "quite another"


def bound(item: Item, evidence: Evidence) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield each value that a sign-off of an item binds: its file, and where it stands."""
    for subject in item.subjects:
        for held in evidence.subject(subject):
            for path in leaves(held.raw):
                one = copy.deepcopy(held.raw)
                put(one, path)
                if select(one, subject.parts) != select(held.raw, subject.parts):
                    yield held.place, path


def put(content: Any, path: tuple[Any, ...]) -> None:
    """Write another value at a place."""
    for step in path[:-1]:
        content = content[step]
    content[path[-1]] = other(content[path[-1]])


def test_the_checklist_s_human_items_are_these(evidence: Evidence) -> None:
    """A new item that people sign is looked at here, too."""
    assert [item.id for item in evidence.checklist.items if not item.by_machine] == HUMAN


@pytest.mark.parametrize("item", HUMAN)
def test_nothing_that_is_signed_is_silently_missing(evidence: Evidence, item: str) -> None:
    """Whatever value of the signed parts is another, a page with all the room it needs says another thing."""
    entry = evidence.checklist.item(item)
    before = tell(entry, evidence, lines=0)
    values = list(bound(entry, evidence))
    unseen = []
    for place, path in values:
        content = copy.deepcopy(evidence.holdings.held[place].raw)
        put(content, path)
        held = {**evidence.holdings.held, place: replace(evidence.holdings.held[place], raw=content)}
        if tell(entry, replace(evidence, holdings=Holdings(held)), lines=0) == before:
            unseen.append((place, path))
    assert values
    assert unseen == []


@pytest.mark.parametrize("item", HUMAN)
def test_each_page_keeps_to_its_length_and_width(evidence: Evidence, item: str) -> None:
    """A page has at most 55 lines of 100 characters."""
    lines = tell(evidence.checklist.item(item), evidence, "icb").splitlines()
    assert len(lines) <= LINES == 55
    assert max(map(len, lines)) <= WIDTH == 100


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("P01", "Yes (3): special category data are used; confidential health data are used"),
        ("P01", "No (10): criminal offence data are used; data about children are used"),
        ("P02", "The screening list has 21 lines: yes 7, no 14."),
        ("P02", "- People are evaluated or scored."),
        ("P03", "4. A small count in a report shows something about one person. Risk: medium"),
        ("P03", "Measures: Small counts are hidden and the rest rounded; A second person checks before anything"),
        ("P03", "The ICO was consulted: no"),
        ("P04", "Advice of the data protection officer: As the steering group agreed. It was: accepted"),
        ("P05", "Power: Fire and Rescue Services Act 2004 section 6. Gateway: none (The power alone)."),
        ("P06", "Basis: Article 6(1)(e), a public task: work that the law gives to a public body."),
        ("P07", "Kinds: health and medical."),
        ("P07", "Condition for special category data: Article 9(2)(h), health or social care."),
        ("P08", "Law enforcement processing (Part 3): none stated."),
        ("P09", "Data: district code, visits."),
        ("P09", "a duty of confidence is owed; the route is consent; decided by: Caldicott Guardian."),
        ("P09", "Opt-outs: national data opt-out: applied; objections made locally: honoured."),
        ("P09", "[not part of this sign-off: names or points to people, special category data]"),
        ("P10", "then securely deleted; the source record stays untouched: yes."),
        ("P10", "Assurance of council: Cyber Essentials, Certified,"),
        ("P11", "People are told in: https://example.org/privacy, within 30 days; complaints: https://example.org/"),
        ("P12", "Are many people or organisations affected? many (scores 2): Frail people aged 65 and over"),
        ("P13", "Age: positive. As the steering group agreed."),
        ("E01", "Anna (anna), analyst, council: trained on"),
        ("E02", "- Asa (asa), analytical assurer, council - Anna (anna), analyst, council"),
        ("S02", "Parties: icb (Information governance lead);"),
        ("D02", "- visits (integer): It is what is counted; given to others"),
        ("D04", "Who holds the key: the records manager."),
        ("D08", "outcome: do not release; reasons: Too near."),
        ("O02", "pages, 3: 2 numbers, such as 3 districts. Why: Districts."),
        ("O02", "Rule: counts below 8 hidden, others rounded to 5; counts shown: 40; cells hidden: 3"),
        ("O03", "Of 60 quality questions, answered by the analyst"),
        ("O04", "1. Did it work? EXPECTED: Yes, a bit."),
        ("O06", "gp-list at fire: given back on 31 January 2026"),
    ],
)
def test_a_page_says_in_words_what_is_signed(evidence: Evidence, item: str, said: str) -> None:
    """What a tester missed on a page stands there, in plain words."""
    assert said in page(item, evidence, organisation="icb")


def test_only_the_parts_of_an_item_are_told(evidence: Evidence) -> None:
    """The power of a flow is no part of the Caldicott review, and the page says which parts are."""
    told = page("P09", evidence)
    assert "Power:" not in told
    assert "sender, receiver, given by, purpose, data items, confidentiality, opt out" in told


def test_advice_that_was_overruled_is_told_with_the_reasons(evidence: Evidence) -> None:
    """The officer sees the advice, its outcome and why."""
    dpia = raw(evidence, "dpia")
    dpia["outcome"]["dpo_advice"] = {
        "summary": "Do not share.",
        "outcome": "overruled",
        "decided_by": "siro",
        "reasons": "Lives are at stake.",
    }
    told = page("P04", having(evidence, dpia=dpia))
    assert "Do not share. It was: overruled by the senior information risk owner, because: Lives are at stake." in told


def test_each_no_of_the_quality_questions_is_told_with_its_note(evidence: Evidence) -> None:
    """A no is never one of a count alone."""
    answers = raw(evidence, "aqa/questions")
    key = next(iter(answers["answers"]))
    answers["answers"][key] = {"answer": "no", "note": "There was no time."}
    told = page("O03", having(evidence, **{"aqa/questions": answers}))
    assert "yes: 59" in told
    assert "note: There was no time." in told


def test_what_has_no_room_is_named_and_counted(evidence: Evidence) -> None:
    """Sixty columns do not fit on a page: those that are not shown are counted."""
    card = raw(evidence, "datasets/gp_list")
    card["resources"][0]["schema"]["fields"] = [{"name": f"c{n}", "type": "string"} for n in range(60)]
    card["x-ig"]["columns"] = {f"c{n}": {"why": f"reason {n}"} for n in range(60)}
    told = page("D02", having(evidence, **{"datasets/gp_list": card}))
    shown = told.count(": reason")
    assert 30 < shown < 60
    assert (
        f"NOT SHOWN for want of room, and signed all the same, {60 - shown} entries: dataset gp list ({60 - shown})"
        in told
    )


def test_a_text_that_is_far_too_long_says_how_much_is_not_shown(evidence: Evidence) -> None:
    """A reason of a thousand words is cut, and the cut is counted."""
    review = raw(evidence, "confidentiality") | {"why_this_route": "word " * 1000}
    told = page("P09", having(evidence, confidentiality=review))
    shown = told.count("word ")
    assert f"[{1000 - shown} more words of this are not shown here: read the file]" in told
    assert shown > 100


def many(evidence: Evidence, number: int) -> Evidence:
    """Return the evidence with many flows of two pairs, one of which names people and has no agreement."""
    made = {
        f"governance/flows/f{n}.yml": Held(
            place=f"governance/flows/f{n}.yml",
            raw=signers.flow(f"f{n}", "icb", "fire" if n % 2 else "council", identifiability="pseudonymised"),
        )
        for n in range(number)
    }
    odd = made["governance/flows/f7.yml"].raw
    odd |= {"identifiability": "identifiable", "dsa": None}
    odd["risk"] = {**odd["risk"], "residual": "high"}
    kept = {place: one for place, one in evidence.holdings.held.items() if "/flows/" not in place}
    return replace(evidence, holdings=Holdings({**kept, **made}))


def test_many_flows_are_counted_and_the_one_that_needs_most_care_is_told(evidence: Evidence) -> None:
    """Of 60 flows the counts are told, and the one that names people, one by one, comes first."""
    told = page("P09", many(evidence, 60))
    assert "From and to: icb to council (30); icb to fire (30)" in told
    assert "56 of 60 flows are not shown one by one; each is a file in governance/flows." in told
    assert told.index("f7: from icb") < told.index("f0: from icb")
    assert "names or points to people (1)" in told
    assert "no agreement is named (1)" in told


def test_thousands_of_flows_are_told_within_a_page_and_two_seconds(evidence: Evidence) -> None:
    """A page about 3,500 flows is as short as any other."""
    lines = tell(evidence.checklist.item("P10"), many(evidence, 3500), "icb").splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("content", [None, [], "text", 7])
def test_a_file_that_cannot_be_read_says_so(evidence: Evidence, content: Any) -> None:
    """No page fails on a file that holds something else than it should."""
    files = {"dpia": content, "flows/gp-to-fire": content, "confidentiality": content}
    assert "governance/dpia.yml cannot be read." in page("P03", having(evidence, **files))
    assert "governance/flows/gp-to-fire.yml cannot be read." in page("P09", having(evidence, **files))


def test_what_is_still_to_do_is_shown_as_that(evidence: Evidence) -> None:
    """A TODO is no answer."""
    review = raw(evidence, "confidentiality") | {"why_this_route": "TODO: why"}
    assert "Why this route: still to do" in page("P09", having(evidence, confidentiality=review))


def test_no_text_hides_or_forges_what_is_signed(evidence: Evidence) -> None:
    """A code that would clear the screen or turn the text round is shown, not obeyed."""
    review = raw(evidence, "confidentiality") | {"why_this_route": "yes\x1b[2K\u202eno\ud800"}
    told = page("P09", having(evidence, confidentiality=review))
    assert r"yes\x1b[2K\u202eno\ud800" in told


def junk(chance: random.Random, depth: int = 0) -> Any:
    """Return any content that YAML may hold."""
    scalars = [None, True, 7, -0.5, 10**5000, "", "a_b", "TODO", "\x00\u2066", DAY, float("nan"), "A6-1-e", "none"]
    kind = chance.choice(["scalar", "scalar", "list", "mapping"]) if depth < 4 else "scalar"
    if kind == "list":
        return [junk(chance, depth + 1) for _ in range(chance.randrange(4))]
    if kind == "mapping":
        return {chance.choice([None, 3, True, DAY, "x", "name"]): junk(chance, depth + 1) for _ in range(3)}
    return chance.choice(scalars)


def test_any_content_of_any_file_is_told_without_a_fault(evidence: Evidence) -> None:
    """Content that no model would take is told all the same, within the page."""
    chance = random.Random(3)
    for _ in range(15):
        held = {}
        for place, one in evidence.holdings.held.items():
            content = copy.deepcopy(one.raw)
            for path in list(leaves(content)) if isinstance(content, dict) else []:
                where = path[: chance.randrange(1, len(path) + 1)] if path else ()
                if chance.random() < 0.3 and where:
                    replace_at(content, where, junk(chance))
            held[place] = replace(one, raw=content)
        broken = replace(evidence, holdings=Holdings(held))
        for item in HUMAN:
            told = tell(broken.checklist.item(item), broken)
            assert len(told.splitlines()) <= LINES
            told.encode()


def replace_at(content: Any, path: tuple[Any, ...], value: Any) -> None:
    """Put a value at a place, where that place is still there."""
    for step in path[:-1]:
        fits = (isinstance(content, dict) and step in content) or (
            isinstance(content, list) and step in range(len(content))
        )
        if not fits:
            return
        content = content[step]
    if isinstance(content, dict) or (isinstance(content, list) and path[-1] in range(len(content))):
        content[path[-1]] = value


def test_a_value_nested_too_deeply_is_said_to_be_there(evidence: Evidence) -> None:
    """A thousand lists in one another are no way to break the page."""
    deep: Any = "end"
    for _ in range(1000):
        deep = {"in": deep}
    assert "nested too deeply" in page("P09", having(evidence, confidentiality={"why_this_route": deep}))


def test_what_no_words_were_written_for_is_told_by_its_name() -> None:
    """An entry that the page does not know is what the reading has left."""
    reading = Reading({"known": 1, "unknown": {"more": ["a", {"b": 2}]}})
    reading.say("known")
    assert list(reading.rest()) == [("unknown, more, 1", "a"), ("unknown, more, 2, b", "2")]


def signed(pilot: Pilot) -> Evidence:
    """Return what is read of a pilot now."""
    return gather(pilot)[0]


def test_a_rejection_stands_at_the_top_with_what_has_changed_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever signs again sees who said no, why, and which file is another now."""
    pilot = signers.unsigned_pilot(tmp_path, monkeypatch)
    signers.reject(pilot, "P01", "sam")
    top = tell(signed(pilot).checklist.item("P01"), signed(pilot)).splitlines()[1:3]
    assert top[0].startswith("REJECTED on ")
    assert top[0].endswith("by the senior responsible owner of council: not as agreed.")
    assert top[1] == "Since then: nothing that it is about has changed."
    changed = signers.change(pilot, "governance/project.yml", lambda content: content.update(action="Visits stop now."))
    assert "Since then: governance/project.yml changed since it was signed." in page("P01", signed(changed))


def test_earlier_conditions_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A condition of an earlier sign-off is not forgotten with the next."""
    pilot = signers.unsigned_pilot(tmp_path, monkeypatch)
    condition = "Only in two districts."
    signers.sign_item(pilot, "P01", "sam", decision="approve_with_conditions", conditions=(condition,))
    assert f"On condition: {condition}" in page("P01", signed(pilot))
    signers.sign_item(pilot, "P01", "sam")
    told = page("P01", signed(pilot))
    assert "Signed before, on " in told
    assert f": {condition}" in told
    assert "A condition of " in told


def test_a_witness_confirms_what_was_seen_in_the_pull_request(evidence: Evidence) -> None:
    """The witness does not say what the signer says, but that the signer said it."""
    act = Act(on_behalf="sam:sro@council", pull_request=12)
    told = page("P01", evidence, act=act)
    seen = "you saw sam approve this as senior responsible owner of council in pull request 12"
    assert f"You confirm that {seen}." in told
    assert "By signing you say" not in told
    question = asking(evidence, act, [evidence.checklist.item("P01")], "sro", "council")
    assert "you saw sam approve P01 as senior responsible owner of council in pull request 12? Type yes" in question


def test_a_rejection_about_to_be_signed_is_told_as_one(evidence: Evidence) -> None:
    """Nobody rejects under the words of an approval."""
    told = page("P01", evidence, act=Act(decision="reject", reason="No benefit is shown."))
    assert "By signing you REJECT this:" in told
    assert "The reason: No benefit is shown." in told
