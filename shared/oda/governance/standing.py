"""How one sign-off, and with it one item, stands: signed, or why not. Computed each time and never stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from oda.governance.assessment import State
from oda.governance.checklist import Item
from oda.governance.evidence import Evidence
from oda.governance.independence import independence_faults
from oda.governance.signoffs import SLACK, Record, SignedSubject, SignOff

WORST_FIRST: tuple[State, ...] = ("invalid", "rejected", "stale", "expired", "open", "signed", "n/a")
NAMED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How an item stands by its sign-offs.

    Attributes
    ----------
    state, reason
        The state, and why, in words.
    records
        The sign-offs that decided it.
    waiting_for
        The controllers that have still to sign, where each does.
    """

    state: State
    reason: str
    records: tuple[Record, ...] = ()
    waiting_for: tuple[str, ...] = ()


def stand(item: Item, evidence: Evidence) -> Standing:
    """Compute how an item stands by its sign-offs.

    Parameters
    ----------
    item
        An item that people sign.
    evidence
        The files, sign-offs, signers and the moment.

    Returns
    -------
    Standing
        The worst of the controllers' standings, where each signs.
    """
    chain = evidence.chains.get(item.id)
    if chain is not None and chain.fault:
        return Standing(state="invalid", reason=chain.fault, records=chain.records)
    if not item.per_controller:
        return _judge(item, "", evidence)
    return _worst({org: _judge(item, org, evidence) for org in evidence.controllers})


def _worst(each: Mapping[str, Standing]) -> Standing:
    """Sum up the standings of every controller."""
    if not each:
        return Standing(state="open", reason="no flow names a controller yet")
    known = {org for one in each.values() for r in one.records if r.signoff for org in r.signoff.controllers}
    joined = [org for org, one in each.items() if known and not one.records and org not in known]
    worst = min((one.state for one in each.values()), key=WORST_FIRST.index)
    waiting = tuple(org for org, one in each.items() if one.state not in {"signed", "n/a"})
    records = tuple(record for one in each.values() for record in one.records)
    if joined:
        reason = f"{_listed(joined)} joined after the others had signed"
        return Standing(
            state=min("stale", worst, key=WORST_FIRST.index), reason=reason, records=records, waiting_for=waiting
        )
    reasons = [f"{org}: {one.reason}" for org, one in each.items() if one.state == worst and one.reason]
    more = f"; and {len(reasons) - NAMED} more" if len(reasons) > NAMED else ""
    return Standing(state=worst, reason="; ".join(reasons[:NAMED]) + more, records=records, waiting_for=waiting)


def _judge(item: Item, organisation: str, evidence: Evidence) -> Standing:
    """Judge the latest sign-off of an item, of one controller where each signs."""
    record = evidence.deciding(item.id, organisation)
    if record is None or record.signoff is None:
        return Standing(state="open", reason="nobody has signed")
    signoff = record.signoff
    fault = next(_faults(item, record, signoff, evidence), "")
    if fault:
        return Standing(state="invalid", reason=fault, records=(record,))
    state, reason = _outcome(item, organisation, signoff, evidence)
    return Standing(state=state, reason=reason, records=(record,))


def _faults(item: Item, record: Record, signoff: SignOff, evidence: Evidence) -> Iterator[str]:
    """Yield why a sign-off does not count, whatever it says."""
    if signoff.pilot != evidence.slug:
        yield f"{record.place} is a sign-off of the pilot {signoff.pilot!r}"
    if signoff.role not in item.signs:
        signers = evidence.checklist.signers(item)
        yield f"{record.place} is signed in the role {signoff.role!r}, and the {signers} signs this item"
    if evidence.trust.matches is False:
        yield f"governance/allowed_signers is not the list that {evidence.trust.place} holds"
    if verdict := evidence.verdicts.get(record.place, "its signature was not looked at"):
        yield f"{record.place}: {verdict}"
    who = (signoff.role, signoff.signer, signoff.organisation)
    for fault in independence_faults(*who, signoff.pull_request, evidence):
        yield f"{record.place}: {fault}"
    if signoff.decision == "not_applicable" and item.never_na:
        yield f"{record.place} says that the item does not apply, and it applies to every pilot"
    yield from _date_faults(item, record, signoff, evidence)


def _date_faults(item: Item, record: Record, signoff: SignOff, evidence: Evidence) -> Iterator[str]:
    """Yield what cannot be in the dates of a sign-off, and in the checklist that it names."""
    same_version = signoff.checklist.version == evidence.checklist.version
    if same_version and signoff.checklist.sha256 != evidence.checklist.sha256:
        yield f"the checklist {signoff.checklist.version} in use is not the one that {record.place} was signed under"
    if signoff.signed_at > evidence.now + SLACK:
        yield f"{record.place} is dated {signoff.signed_at:%Y-%m-%d %H:%M}, which has not come yet; a clock is wrong"
    if signoff.expires > signoff.signed_at.date() + dt.timedelta(days=item.valid_days):
        yield f"{record.place} runs until {signoff.expires}, longer than the {item.valid_days} days of this item"


def _outcome(item: Item, organisation: str, signoff: SignOff, evidence: Evidence) -> tuple[State, str]:
    """Return the state of a sign-off that counts, and why."""
    if signoff.decision == "reject":
        return "rejected", signoff.reason
    changed = _changes(item, organisation, signoff, evidence)
    if changed:
        return "stale", changed
    if signoff.expires < evidence.today:
        return "expired", f"it was signed until {signoff.expires}"
    if signoff.decision == "not_applicable":
        return "n/a", signoff.reason
    return "signed", f"on condition: {'; '.join(signoff.conditions)}" if signoff.conditions else ""


def _changes(item: Item, organisation: str, signoff: SignOff, evidence: Evidence) -> str:
    """Say what is no longer as it was signed; nothing where all is."""
    if signoff.checklist.version != evidence.checklist.version:
        return f"the checklist is now {evidence.checklist.version}, and was {signoff.checklist.version}"
    if signoff.checklist.item_sha256 != evidence.checklist.item_sha256(item):
        return "what the item asks for changed since it was signed"
    signed = {one.path: one for one in signoff.subjects}
    return changes(signed, evidence.hashes(item, organisation, signed))


def changes(signed: Mapping[str, SignedSubject], now: Mapping[str, SignedSubject]) -> str:
    """Say which files differ from what was signed.

    Parameters
    ----------
    signed, now
        The files by path, as they were signed and as they are.

    Returns
    -------
    str
        In words; empty where nothing differs.
    """
    changed = [p for p, one in now.items() if p in signed and _differs(signed[p], one)]
    found = [
        (_listed(changed), "changed since it was signed"),
        (_listed([path for path in now if path not in signed]), "was added since it was signed"),
        (_listed([path for path in signed if path not in now]), "is gone since it was signed"),
    ]
    return "; ".join(f"{files} {what}" for files, what in found if files)


def _differs(one: SignedSubject, other: SignedSubject) -> bool:
    """Tell whether two hashes are of different content, parts or form."""
    return (one.sha256, one.parts, one.canon) != (other.sha256, other.parts, other.canon)


def _listed(names: list[str]) -> str:
    """Name the first few."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
