"""What was decided before on an item: a rejection, earlier conditions, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator

from oda.governance.checklist import Item
from oda.governance.evidence import Evidence
from oda.governance.signoffs import Chain, Record, SignOff
from oda.governance.standing import changes
from oda.governance.telling.reading import words

DECISIONS = {
    "approve": "Signed before,",
    "approve_with_conditions": "Signed before with conditions,",
    "reject": "REJECTED",
    "not_applicable": "Said not to apply,",
}


def tell_history(item: Item, evidence: Evidence, organisation: str = "") -> Iterator[str]:
    """Tell what was decided on an item before, and what has changed since.

    Parameters
    ----------
    item
        The item.
    evidence
        The sign-offs, and the files as they are.
    organisation
        The controller for which it is signed; each where it is not said which.

    Yields
    ------
    str
        A sentence or two each.
    """
    chain = evidence.chains.get(item.id, Chain())
    if chain.fault:
        yield f"The earlier sign-offs cannot be relied on: {words(chain.fault)}."
    each = evidence.controllers if item.per_controller and not organisation else (organisation,)
    for whose in each:
        record = evidence.deciding(item.id, whose if item.per_controller else "")
        if record is not None and record.signoff is not None:
            yield from _latest(item, evidence, whose if item.per_controller else "", record, record.signoff)
            yield from _conditions(chain, record, whose if item.per_controller else "")


def _latest(item: Item, evidence: Evidence, whose: str, record: Record, signoff: SignOff) -> Iterator[str]:
    """Tell the latest decision and what has changed since."""
    day = words(signoff.signed_at.date())
    who = f"by the {evidence.checklist.roles.get(signoff.role, signoff.role)} of {signoff.organisation}"
    reason = f": {words(signoff.reason)}" if signoff.reason else ""
    held = "" if signoff.decision == "reject" else f", until {words(signoff.expires)}"
    yield f"{DECISIONS[signoff.decision]} on {day} {who}{held}{reason}".rstrip(".") + "."
    if verdict := evidence.verdicts.get(record.place, ""):
        yield f"That sign-off does not count: {words(verdict)}."
    for condition in signoff.conditions:
        yield f"On condition: {words(condition)}"
    yield f"Since then: {_changed(item, evidence, whose, signoff)}."


def _changed(item: Item, evidence: Evidence, whose: str, signoff: SignOff) -> str:
    """Say what is no longer as it was when the latest decision was made."""
    signed = {one.path: one for one in signoff.subjects}
    found = [changes(signed, evidence.hashes(item, whose, signed))]
    if signoff.checklist.item_sha256 != evidence.checklist.item_sha256(item):
        found.append("what the item asks for has changed")
    return words("; ".join(filter(None, found)) or "nothing that it is about has changed")


def _conditions(chain: Chain, latest: Record, whose: str) -> Iterator[str]:
    """Tell the conditions of sign-offs before the latest one, each once."""
    found: dict[str, str] = {}
    for record in chain.records:
        one = record.signoff
        if one and record.place != latest.place and whose in {"", one.organisation}:
            found |= {condition: words(one.signed_at.date()) for condition in one.conditions}
    for condition, day in found.items():
        yield f"A condition of {day}: {words(condition)}"
