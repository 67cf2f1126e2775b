"""The cards of data about people held against the partners, people and flows: whose they are, and how they came.

A card that a template made for trying things out says that it is made up. Real data must not load under such words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from oda.governance.classes import FREE_CLASSES
from oda.governance.evidence import Evidence
from oda.governance.files.folder import CARDS
from oda.governance.files.people import PARTNERS_FILE, PEOPLE_FILE
from oda.governance.probes.check import shorten
from oda.governance.trouble import Trouble

FLOWS = "governance/flows"
NOT_REAL = re.compile(
    r"\bmade[- ]?up\b(?! of)|\bsynthetic\b(?! control)|\bCC0\b|\bno (row|record) comes from\b", re.IGNORECASE
)
SAYING = ("title", "description", "licenses", "sources", "x-synthetic")
CUSTODY = ("controller", "note")


def custody(evidence: Evidence) -> Iterator[Trouble]:
    """D01: each card of data about people says whose they are, how they came and who answers for them, as others do.

    Parameters
    ----------
    evidence
        The files and the moment.

    Yields
    ------
    Trouble
        What does not hold; nothing where all does.
    """
    for held in evidence.holdings.matching(CARDS):
        card = held.raw if isinstance(held.raw, Mapping) else {}
        given = card.get("x-ig")
        about = given if isinstance(given, Mapping) else {}
        if str(about.get("class")) in FREE_CLASSES:
            continue
        yield from _controller(held.place, about.get("controller"), evidence)
        yield from _owner(held.place, about.get("iao"), evidence)
        yield from _flows(held.place, about.get("flows"), evidence)
        yield from _words(held.place, card, about)


def _controller(place: str, controller: object, evidence: Evidence) -> Iterator[Trouble]:
    """Hold the controller of a card against the partners."""
    partners = [one.get("id") for one in _rows(evidence, PARTNERS_FILE, "partners")]
    if not controller:
        reason = f"{place} names no controller"
        yield Trouble(state="open", reason=reason, mend=f"set controller under x-ig to an id of {PARTNERS_FILE}")
    elif controller not in partners:
        reason = f"{place} says controller: {controller}, which is no id in {PARTNERS_FILE}"
        there = shorten(sorted(str(one) for one in partners)) or "none yet"
        yield Trouble(state="invalid", reason=reason, mend=f"set controller in {place} to one of its ids: {there}")


def _owner(place: str, owner: object, evidence: Evidence) -> Iterator[Trouble]:
    """Hold the information asset owner of a card against the people."""
    people = _rows(evidence, PEOPLE_FILE, "people")
    owners = [str(one.get("id")) for one in people if isinstance(one.get("roles"), list) and "iao" in one["roles"]]
    if not owner:
        reason = f"{place} names no information asset owner"
        yield Trouble(state="open", reason=reason, mend=f"set iao under x-ig to the id of a person in {PEOPLE_FILE}")
    elif owner not in owners:
        reason = f"{place} says iao: {owner}, and {PEOPLE_FILE} has no such person with the role iao"
        there = shorten(sorted(owners)) or "nobody has the role yet"
        yield Trouble(state="invalid", reason=reason, mend=f"correct iao in {place}, or give the role there: {there}")


def _flows(place: str, named: object, evidence: Evidence) -> Iterator[Trouble]:
    """Hold the flows of a card against the flows there are."""
    there = sorted(PurePosixPath(held.place).stem for held in evidence.holdings.matching(f"{FLOWS}/*.yml"))
    names = [str(one) for one in named] if isinstance(named, list) else []
    if not names:
        reason = f"{place} names no flow that brings the data"
        mend = f"name it under x-ig, flows: {shorten(there) or f'write it in {FLOWS} first'}"
        yield Trouble(state="open", reason=reason, mend=mend)
    elif absent := sorted(set(names) - set(there)):
        reason = f"{place} names the flow {shorten(absent)}, and there is no such file in {FLOWS}"
        yield Trouble(state="invalid", reason=reason, mend=f"name one that is there: {shorten(there) or 'none yet'}")


def _words(place: str, card: Mapping[str, Any], about: Mapping[str, Any]) -> Iterator[Trouble]:
    """Find words by which a card calls itself made up, or free for anyone."""
    texts = {name: _text(card.get(name)) for name in SAYING if card.get(name)}
    texts |= {f"x-ig.{name}": _text(about.get(name)) for name in CUSTODY}
    found = {name: said[0] for name, text in texts.items() if (said := NOT_REAL.search(f"{name} {text}"))}
    if found:
        words = shorten([f"{word!r} in {name}" for name, word in found.items()])
        reason = f"{place} is of class {about.get('class')}, and says {words}"
        mend = (
            f"write in {place} what the data are, from whom and under which terms; for made-up data, class: synthetic"
        )
        yield Trouble(state="invalid", reason=reason, mend=mend)


def _text(value: object) -> str:
    """Return all words of a part of a card."""
    if isinstance(value, Mapping):
        return " ".join(_text(part) for part in value.values())
    return " ".join(map(_text, value)) if isinstance(value, list) else str(value)


def _rows(evidence: Evidence, place: str, name: str) -> list[Mapping[str, Any]]:
    """Return the rows of a file of partners or people, however far it is filled in."""
    held = evidence.holdings.held.get(place)
    rows = held.raw.get(name) if held and isinstance(held.raw, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
