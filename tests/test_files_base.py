"""Faults of files in plain words, what is read as it was meant, and what is told before a file is filled in."""

from __future__ import annotations

import copy
import datetime as dt
import json
import random
import re
import time
from pathlib import Path
from typing import Any

import pytest

from oda.errors import SettingsError
from oda.governance import assess
from oda.governance.canonical import digest
from oda.governance.files import KINDS
from oda.governance.files.agreements import Agreement
from oda.governance.files.base import FileKind, Held, IgFile, check
from oda.governance.files.ethics import Ethics
from oda.governance.files.flows import Flow
from oda.governance.files.forms import ARTICLE_6, FORMS
from oda.governance.files.people import People
from oda.governance.files.project import Project
from oda.governance.files.quality import QualityAnswers
from oda.pilot import read_yaml
from signers import AGREEMENT, PROJECT, change, filled, flow, open_pilot, people, put, states, unsigned_pilot, write

FLOW = "governance/flows/gp-to-fire.yml"
CONTENTS: dict[type[IgFile], dict[str, Any]] = {
    Flow: flow("gp-to-fire", "icb", "fire"),
    Agreement: AGREEMENT,
    People: people(),
    Project: PROJECT,
    Ethics: filled("ethics"),
    QualityAnswers: filled("aqa/questions"),
}
# Words of the library that mean nothing to who fills in a file.
PROGRAMMERS = re.compile(r"constrained|function-|tuple|datetime|valid |string|pars|literal|input|None|dict|\^|boolean")


def checked(model: type[IgFile], place: str, value: object) -> Held:
    """Check a filled-in file with another value at a place."""
    content = copy.deepcopy(CONTENTS[model])
    put(content, place, value)
    return check("governance/file.yml", content, model)


FORM = FORMS[ARTICLE_6]
ROLES = "sro, igl, igl_police, dpo, siro, cg, cdo, iao, asr, oc, leg, commissioner, analyst, approver"
METHODS = "secure_file_transfer, physical, third_party_software, portal, api"
BY_LINE = "Write names and values below it, one 'name: value' a line"


@pytest.mark.parametrize(
    ("model", "place", "value", "told"),
    [
        (Flow, "review_by", "31/13/2026", "review_by: found '31/13/2026'. Write the date as 2026-10-31."),
        (Flow, "retention.until", "next year", "retention.until: found 'next year'. Write the date as 2026-10-31."),
        (Flow, "review_by", True, "review_by: found true. Write the date as 2026-10-31."),
        (Flow, "le_part3", "perhaps", "le_part3: found 'perhaps'. Write true or false."),
        (Project, "environment.encrypted", 1, "environment.encrypted: found 1. Write true or false."),
        (Flow, "volume", "a lot", "volume: found 'a lot'. Write a whole number, such as 12."),
        (Flow, "volume", 1.5, "volume: found 1.5. Write a whole number, such as 12."),
        (Flow, "volume", -1, "volume: found -1. Write 0 or more."),
        (Flow, "incident.report_within_hours", 96, "incident.report_within_hours: found 96. Write 72 or less."),
        (Flow, "data_items", "name", "data_items: found 'name'. Write a list, each on a line of its own after '- '."),
        (Flow, "data_items", [], "data_items: found nothing. List at least 1."),
        (
            Flow,
            "data_items",
            [3],
            "data_items.0: found 3. Write words; put what looks like a number or a date in quotes.",
        ),
        (Flow, "purpose", "x", "purpose: found 'x'. Write at least 3 characters."),
        (Flow, "method", "pigeon", f"method: found 'pigeon'. Write one of: {METHODS}."),
        (Flow, "retention", "a year", f"retention: found 'a year'. {BY_LINE}."),
        (
            Flow,
            "retention.source_record_untouched",
            False,
            "retention.source_record_untouched: found false. Write true.",
        ),
        (Flow, "art6", "6(1)(e)", f"art6: found '6(1)(e)'. {FORM}."),
        (Flow, "art6", {"icb": "6(1)(e)", "fire": "A6-1-e"}, f"art6.icb: found '6(1)(e)'. {FORM}."),
        (Flow, "from.org", "The ICB", f"from.org: found 'The ICB'. {FORMS[r'^[a-z][a-z0-9]*(-[a-z0-9]+)*$']}."),
        (Flow, "purpos", "x", "purpos is not a name this file has. Did you mean purpose?"),
        (Flow, "retention.disposl", "x", "retention.disposl is not a name this file has. Did you mean disposal?"),
        (People, "people.0.rolls", [], "people.0.rolls is not a name this file has. Did you mean roles?"),
        (
            Project,
            "incident.zzz",
            1,
            "incident.zzz is not a name this file has. Take it out.",
        ),
        (
            Flow,
            "transparency.privacy_notice",
            "our site",
            "transparency.privacy_notice: 'our site' is not the address of a page; write it with https:// in front.",
        ),
        (People, "people.0.roles", ["boss"], f"people.0.roles.0: found 'boss'. Write one of: {ROLES}."),
        (Agreement, "document.sha256", "abc", f"document.sha256: found 'abc'. {FORMS[r'^[0-9a-f]{64}$']}."),
        (
            Ethics,
            "answers.bias.answer",
            None,
            "answers.bias.answer: found nothing. Write one of: unlikely, unclear, likely.",
        ),
    ],
)
def test_a_value_that_cannot_be_taken_is_told_with_what_to_write(
    model: type[IgFile], place: str, value: object, told: str
) -> None:
    """One sentence with the file and the place, one with what to write, and none of the library's own words."""
    assert checked(model, place, value).faults == (f"governance/file.yml: {told}",)
    assert not PROGRAMMERS.search(told)


def test_what_is_missing_is_named() -> None:
    """A part that was left out is told by its place."""
    content = copy.deepcopy(CONTENTS[Flow])
    del content["retention"]["until"]
    assert check(FLOW, content, Flow).faults == (f"{FLOW}: retention.until is missing. Add it.",)


@pytest.mark.parametrize(
    ("model", "place", "value", "meant"),
    [
        (Flow, "review_by", "31/10/2026", dt.date(2026, 10, 31)),
        (Flow, "review_by", "1.2.2027", dt.date(2027, 2, 1)),
        (Flow, "volume", "400", 400),
        (Flow, "volume", "1,200", 1200),
        (Flow, "le_part3", "False", False),
        (Project, "flags.linkage", "no", False),
        (Project, "environment.encrypted", "true", True),
        (Flow, "retention.source_record_untouched", "Yes", True),
        (Flow, "method", "Secure File Transfer", "secure_file_transfer"),
        (Flow, "confidentiality.route", "Consent", "consent"),
        (Flow, "opt_out.national_data_opt_out", "does-not-apply", "does_not_apply"),
        (Agreement, "assurance.0.scheme", "DSPT", "dspt"),
        (Agreement, "document.sha256", "AB" * 32, "ab" * 32),
        (People, "people.0.roles", ["SRO"], ("sro",)),
        (QualityAnswers, "answers.scope_purpose", "Yes", None),
    ],
)
def test_what_is_plainly_meant_is_read_that_way(model: type[IgFile], place: str, value: object, meant: object) -> None:
    """Nobody is sent back for a capital, a quotation mark or the way dates are written in this country."""
    if model is QualityAnswers:
        place = f"answers.{next(iter(CONTENTS[model]['answers']))}"
    held = checked(model, place, value)
    assert held.faults == ()
    assert held.content is not None
    found: Any = held.content
    for step in place.replace("from", "sender").split("."):
        found = (
            found[int(step) if step.isdigit() else step] if isinstance(found, tuple | dict) else getattr(found, step)
        )
    assert found == meant or model is QualityAnswers


def test_what_is_hashed_stands_in_the_file_to_the_letter() -> None:
    """Two ways to write a day are two texts to sign; the content is the same."""
    held = checked(Flow, "review_by", "31/10/2026")
    assert held.bound["review_by"] == "31/10/2026"
    assert held.raw["review_by"] == dt.date(2026, 10, 31)
    plain = checked(Flow, "review_by", dt.date(2026, 10, 31))
    assert digest(held.bound) != digest(plain.bound)
    assert plain.bound is plain.raw


def test_another_way_to_write_a_date_makes_a_signature_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file changed after it was signed, whatever it means."""
    pilot = open_pilot(tmp_path, monkeypatch)
    day = read_yaml(pilot.folder / FLOW)["review_by"]
    change(pilot, FLOW, lambda content: content.update(review_by=f"{day:%d/%m/%Y}"))
    assert states(pilot)["P05"] == "stale"
    assert "signed" in states(pilot).values()


def test_an_answer_in_quotes_counts_as_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag in quotes rules an item out as the flag itself does, since whoever signs P01 signs it so."""
    pilot = unsigned_pilot(tmp_path, monkeypatch)
    change(pilot, "governance/project.yml", lambda content: content["flags"].update(linkage="false"))
    assert states(pilot)["D04"] == "not_required"


@pytest.mark.parametrize("items", [["TODO: which"], ["TODO", "TODO"]])
def test_a_list_with_something_to_do_in_it_is_not_short(items: list[str]) -> None:
    """The list has its length; what is to do in it is counted as such."""
    content = {**people(), "people": [{**people()["people"][0], "roles": items}]}
    held = check("governance/people.yml", content, People)
    assert held.faults == ()
    assert held.todos == tuple(f"people.0.roles.{number}" for number in range(len(items)))


def test_a_basis_that_cannot_be_is_told_while_the_rest_is_to_do() -> None:
    """A public body's wrong basis is known on the first day, not after an hour of filling in."""
    content = {**CONTENTS[Flow], "art6": "A6-1-f", "purpose": "TODO", "volume": "TODO: how many", "to": "TODO"}
    said = check(FLOW, content, Flow).faults
    assert said == (f"{FLOW}: icb is a public body (nhs) and cannot rely on Article 6(1)(f); a public task is A6-1-e.",)


@pytest.mark.parametrize("place", ["art6", "sch1", "from.type", "confidentiality.owed", "policy_document"])
def test_nothing_is_told_early_that_hangs_on_what_is_to_do(place: str) -> None:
    """A TODO is no answer, so no rule judges it."""
    content = copy.deepcopy({**CONTENTS[Flow], "volume": "TODO"})
    put(content, place, "TODO: which")
    assert check(FLOW, content, Flow).faults == ()


def test_a_fault_is_told_once_and_not_again_early() -> None:
    """The rules of a whole file speak once."""
    assert len(checked(Flow, "art6", "A6-1-f").faults) == 1


def test_the_step_names_the_file_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With thousands of flows, nobody searches for the one."""
    pilot = unsigned_pilot(tmp_path, monkeypatch)
    change(pilot, FLOW, lambda content: content.update(art6="A6-1-f", purpose="TODO", volume="TODO"))
    finding = assess(pilot).finding("P06")
    assert (finding.state, finding.next_step) == ("invalid", f"mend {FLOW}")
    assert "icb is a public body (nhs)" in finding.reason


def test_what_comes_at_the_end_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The close of a pilot is no work for its first day; a release is made by a command."""
    pilot = unsigned_pilot(tmp_path, monkeypatch)
    assessment = assess(pilot)
    assert assessment.finding("O06").next_step.startswith("at the end of the pilot: ")
    assert {assessment.finding(item).next_step.split(" ", 1)[1] for item in ("O02", "O05")} == {"start.py release"}
    write(pilot, "governance/close.yml", {"closed_on": "soon"})
    assert assess(pilot).finding("O06").next_step == "mend governance/close.yml"


def _patterns(schema: Any) -> set[str]:
    """Return every pattern in a schema."""
    if isinstance(schema, dict):
        own = {schema["pattern"]} if isinstance(schema.get("pattern"), str) else set()
        return own.union(*(_patterns(part) for part in schema.values()))
    return set().union(*map(_patterns, schema)) if isinstance(schema, list) else set()


def test_every_form_has_its_words() -> None:
    """No file asks for a form that nobody says how to write."""
    assert set().union(*(_patterns(kind.model.model_json_schema()) for kind in KINDS)) <= set(FORMS)


PLAIN: tuple[object, ...] = (
    *(None, True, 0, -1.5, 10**30, float("inf"), float("nan"), dt.date(2026, 1, 1), dt.datetime(2026, 1, 1, 12)),  # noqa: DTZ001
    *("", "TODO", "yes", "31/10/2026", "99/99/2026", "A6-1-f", "Controller", "1,000", "AB" * 32, "{ge}", "\x00\ud800"),
)


def _anything(rng: random.Random, depth: int = 3) -> object:
    """Return content of any kind."""
    kind = rng.randrange(4 if depth else 2)
    if kind < 2:
        return rng.choice(PLAIN)
    parts = [_anything(rng, depth - 1) for _ in range(rng.randrange(4))]
    return parts if kind == 2 else {rng.choice(["a", "org", "TODO", 3, None, True]): part for part in parts}


def _spoil(content: Any, rng: random.Random, names: list[Any]) -> None:
    """Put anything at a place of a file, known or new, near the top or deep inside."""
    while inner := [part for part in (content.values() if isinstance(content, dict) else content) if part]:
        chosen = rng.choice(inner)
        if not isinstance(chosen, dict | list) or rng.random() < 0.3:
            break
        content = chosen
    place = rng.choice([*content, *names, "x", 3, None]) if isinstance(content, dict) else rng.randrange(len(content))
    content[place] = _anything(rng)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.model.__name__)
def test_content_of_any_kind_stops_no_check(kind: FileKind) -> None:
    """Whatever stands at a known place or a new one, there are faults in words and never an error."""
    rng, whole = random.Random(65), CONTENTS.get(kind.model, {})
    for _ in range(150):
        content = copy.deepcopy(whole) or {name: _anything(rng) for name in kind.model.model_fields}
        for _ in range(rng.randrange(1, 4)):
            _spoil(content, rng, list(kind.model.model_fields))
        held = check("governance/file.yml", content, kind.model)
        assert held.bound is content
        assert all(fault.startswith("governance/file.yml: ") and fault[-1] in ".?" for fault in held.faults)
        assert held.content is not None or held.faults or held.todos


def test_thousands_of_flows_are_checked_at_once() -> None:
    """3,500 take a fraction of a second of the processor."""
    contents = [flow(f"flow-{number}", "icb", "fire") for number in range(3500)]
    check(FLOW, contents[0], Flow)
    began = time.process_time()
    assert all(check(FLOW, content, Flow).is_ready for content in contents)
    assert time.process_time() - began < 0.6  # about 0.2 where nothing else runs


def test_a_number_beyond_all_bounds_is_no_value(tmp_path: Path) -> None:
    """Nothing that cannot be written out reaches a check."""
    path = tmp_path / "flow.yml"
    path.write_text(f"volume: 0x{'f' * 5000}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="is not a plain value"):
        read_yaml(path)
    assert check(FLOW, {"volume": int("f" * 5000, 16)}, Flow).faults
    assert json.dumps(check(FLOW, {"review_by": int("f" * 5000, 16)}, Flow).faults)
