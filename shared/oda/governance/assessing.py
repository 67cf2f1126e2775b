"""The governance stage: the files of a pilot, and its datasets, assessed against the checklist.

A state is computed each time, from the files, the sign-offs, the log and the clock, and is never stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from oda.governance.assessment import Assessment, Finding, GateState, Signature
from oda.governance.checklist import Checklist, GateName, Item
from oda.governance.evidence import Evidence
from oda.governance.files import PROJECT_FILE
from oda.governance.files.folder import collecting_later
from oda.governance.gathering import OWN, DatasetCard, gather
from oda.governance.independence import INDEPENDENT
from oda.governance.log import Log
from oda.governance.signoffs import Record
from oda.governance.states import item_state, listed
from oda.pilot import Pilot

__all__ = ["DatasetCard", "assess", "closed_on"]


def assess(
    pilot: Pilot,
    datasets: Iterable[DatasetCard] | None = None,
    *,
    checklist: Checklist | None = None,
    now: dt.datetime | None = None,
) -> Assessment:
    """Compute how every item of the checklist stands, from the files of a pilot.

    Parameters
    ----------
    pilot
        The pilot whose `governance` folder is read.
    datasets
        All its dataset cards; they are read, valid or not, when not given.
    checklist
        Another checklist than the one of this version with the pilot's own items.
    now
        The moment, with a time zone; the clock's time when not given.

    Returns
    -------
    Assessment
        All items, all gates, and the notes that belong to no item.

    Raises
    ------
    SettingsError
        When the checklist is not valid.
    """
    with collecting_later():
        evidence, strays = gather(pilot, datasets, checklist=checklist, now=now)
        findings = _findings(evidence)
    return Assessment(
        checklist_version=evidence.checklist.version,
        checklist_sha256=evidence.checklist.sha256,
        datasets=evidence.datasets,
        findings=findings,
        gates=tuple(_gate(name, evidence, findings) for name in evidence.checklist.gates),
        notes=tuple(_notes(evidence, strays)),
        reclassified=evidence.reclassified,
        closed_on=closed_on(evidence.log),
    )


def closed_on(log: Log) -> str:
    """Return the day on which a pilot was closed.

    Parameters
    ----------
    log
        Its log.

    Returns
    -------
    str
        Such as `2027-03-31`; empty while it runs.
    """
    return next((f"{entry.time:%Y-%m-%d}" for entry in log.entries if entry.event == "close"), "")


def _notes(evidence: Evidence, strays: Sequence[str]) -> Iterator[str]:
    """Say what the reader must know that belongs to no item."""
    if PROJECT_FILE not in evidence.holdings.held:
        yield f"{PROJECT_FILE} is not there, so every flag is taken in the cautious way."
    for name in sorted(evidence.reclassified):
        why = "was personal before and its card says otherwise or is gone, or it holds a copy of personal data"
        yield f"Dataset {name!r} is treated as personal until D01 is signed anew: it {why}."
    yield from strays
    places = [p.relative_to(evidence.folder).as_posix() for p in (evidence.folder / "governance").rglob("*.yaml")]
    if places:
        yield f"{listed(sorted(places))} is not read: files here end in .yml."
    if day := closed_on(evidence.log):
        yield f"The pilot was closed on {day}."


def _findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Compute every item; one that waits for another is ready only when that one holds."""
    found = {item.id: _finding(item, evidence) for item in evidence.checklist.items}
    for item in evidence.checklist.items:
        waiting = [other for other in item.after if not found[other].passes]
        if waiting and found[item.id].is_ready:
            found[item.id] = replace(found[item.id], is_ready=False, next_step=f"first {listed(waiting)}")
    return tuple(found.values())


def _finding(item: Item, evidence: Evidence) -> Finding:
    """Compute how one item stands."""
    stands = item_state(item, evidence)
    return Finding(
        item=item.id,
        safe=item.safe,
        title=item.title,
        state=stands.state,
        reason=stands.reason,
        signers=evidence.checklist.signers(item),
        next_step=stands.next_step,
        gates=item.gates,
        by_machine=item.by_machine,
        roles=item.signs,
        minutes=item.minutes,
        confirm=item.confirm,
        is_ready=stands.is_ready,
        waiting_for=stands.standing.waiting_for if stands.standing else (),
        signatures=tuple(_signatures(stands.standing.records if stands.standing else (), evidence)),
    )


def _signatures(records: Sequence[Record], evidence: Evidence) -> Iterator[Signature]:
    """Say what each sign-off is, without the names of people."""
    for record in records:
        signoff = record.signoff
        if signoff is None:
            continue
        seen = signoff.pull_request
        roles = evidence.checklist.roles
        route = f"pull request {seen.number}, seen by the {roles.get(seen.witness_role, '')}" if seen else "key"
        yield Signature(
            record=record.place,
            sha256=record.sha256,
            decision=signoff.decision,
            role=signoff.role,
            organisation=signoff.organisation,
            signed_on=f"{signoff.signed_at:%Y-%m-%d}",
            expires=signoff.expires.isoformat(),
            route=route,
            conditions=signoff.conditions,
        )


def _gate(name: GateName, evidence: Evidence, findings: Sequence[Finding]) -> GateState:
    """Sum up one gate."""
    title = evidence.checklist.gates[name].title
    if evidence.free_of_personal and name in evidence.checklist.personal_gates:
        return GateState(gate=name, title=title, is_open=True, missing=(), reason=evidence.free_of_personal)
    if shut := _shut(name, evidence):
        return GateState(gate=name, title=title, is_open=False, missing=(), reason=shut)
    needed = _needed(name, evidence, findings)
    missing = tuple(finding.item for finding in findings if finding.item in needed and not finding.passes)
    reason = f"{len(missing)} item{'s' if len(missing) != 1 else ''} missing" if missing else "nothing is missing"
    return GateState(gate=name, title=title, is_open=not missing, missing=missing, reason=reason)


def _shut(name: GateName, evidence: Evidence) -> str:
    """Say why a gate is shut whatever was signed: the pilot is closed, or says that it does no such thing."""
    closed, flag = closed_on(evidence.log), evidence.checklist.gates[name].planned
    if closed and name != "publish":
        return f"the pilot was closed on {closed}"
    return f"{PROJECT_FILE} says {flag}: false" if flag and evidence.flags.answer(flag) is False else ""


def _needed(name: GateName, evidence: Evidence, findings: Sequence[Finding]) -> set[str]:
    """Return the items that a gate waits for: its own, and what its own rest on.

    An item that the answers of the pilot rule out rests on those answers, which P01 or P02 signs.
    Every gate but `close` rests on E03 whatever the checklist says, and so does an item that was signed; one signed by
    whoever checks the analysis rests on who the analysts are, E02.
    """
    own = [finding for finding in findings if name in finding.gates]
    changed = {f.item for f in findings if f.item.startswith(OWN) and f.signatures and not f.passes}
    needed = {finding.item for finding in own} | changed  # an item of the pilot's own may have lost its gates
    signed = [finding for finding in own if finding.signatures]
    if signed or name != "close":
        needed.add("E03")
    if any(INDEPENDENT & set(finding.roles) for finding in signed):
        needed.add("E02")
    ruled_out = {f.item for f in own if f.state == "not_required" and not evidence.free_of_personal}
    if any(not evidence.checklist.conditions[evidence.checklist.item(item).when].screening for item in ruled_out):
        needed.add("P01")
    if any(evidence.checklist.conditions[evidence.checklist.item(item).when].screening for item in ruled_out):
        needed.add("P02")
    return needed
