"""What the files say when held against each other and the calendar; it outranks a person's sign-off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from oda.governance.classes import FREE_CLASSES
from oda.governance.closing_checks import closing
from oda.governance.contradictions import contradictions
from oda.governance.custody_checks import custody
from oda.governance.evidence import Evidence
from oda.governance.files.agreements import Agreement
from oda.governance.files.folder import CARDS
from oda.governance.files.people import PARTNERS_FILE, Partners, Person
from oda.governance.quality_checks import quality_dates
from oda.governance.trouble import Trouble

NAMED = 3
TRAINED_FOR = dt.timedelta(days=365)
COUNTRIES = frozenset({"uk", "united kingdom", "england", "scotland", "wales", "northern ireland"})


def cross_check(item: str, evidence: Evidence) -> Trouble | None:
    """Hold the files of an item against each other and the calendar.

    Parameters
    ----------
    item
        The item's id, such as `E02`.
    evidence
        The files and the moment.

    Returns
    -------
    Trouble or None
        The first thing that does not hold; nothing where all does, or where there is nothing to hold together.
    """
    return next(CROSS_CHECKS[item](evidence), None) if item in CROSS_CHECKS else None


def _listed(names: Iterable[object]) -> str:
    """Name the first few, in order."""
    all_names = [str(name) for name in names]
    more = f" and {len(all_names) - NAMED} more" if len(all_names) > NAMED else ""
    return ", ".join(all_names[:NAMED]) + more


def _review(evidence: Evidence) -> Iterator[Trouble]:
    """P01: the pilot is reviewed when it says, and no other file speaks against a flag."""
    project = evidence.project
    if project and project.review_by and project.review_by < evidence.today:
        reason = f"governance/project.yml was to be reviewed by {project.review_by}"
        yield Trouble(state="expired", reason=reason, mend="review it, set the next review_by, and sign again")
    yield from contradictions(evidence)


def _flow_reviews(evidence: Evidence) -> Iterator[Trouble]:
    """P05: each flow is reviewed when it says."""
    late = [flow.id for flow in evidence.flows if flow.review_by < evidence.today]
    if late:
        reason = f"the review of {_listed(late)} is overdue"
        yield Trouble(state="expired", reason=reason, mend="review the flow, set the next review_by, and sign again")


def _organisation_types(evidence: Evidence) -> Iterator[Trouble]:
    """P06: what kind of body each end of a flow is, said once; a public body cannot pass as another kind."""
    partners = evidence.holdings.content(PARTNERS_FILE, Partners)
    kinds = {partner.id: partner.type for partner in partners.partners} if partners else {}
    for flow in evidence.flows:
        for party in (flow.sender, flow.receiver):
            if kinds and party.org not in kinds:
                reason = f"flow {flow.id} names {party.org}, which {PARTNERS_FILE} does not have"
                yield Trouble(state="invalid", reason=reason, mend=f"add it to {PARTNERS_FILE}, or correct the flow")
            elif party.type and kinds and kinds[party.org] != party.type:
                reason = (
                    f"flow {flow.id} calls {party.org} {party.type}, and {PARTNERS_FILE} calls it {kinds[party.org]}"
                )
                yield Trouble(state="invalid", reason=reason, mend="correct the one that is wrong")


def _agreements(evidence: Evidence) -> Iterator[Trouble]:
    """P10: each flow between controllers stands in an agreement that runs and that both have joined."""
    held = {agreement.id: agreement for agreement in evidence.holdings.contents(Agreement)}
    for flow in evidence.flows:
        ends = {party.org for party in flow.controllers}
        agreement = held.get(flow.dsa or "")
        if len(ends) < 2 or (
            flow.dsa and agreement is None and evidence.holdings.matching(f"governance/dsa/{flow.dsa}.yml")
        ):
            continue  # inside one controller, or in an agreement that is still being filled in
        if agreement is None:
            reason = (
                f"flow {flow.id} names no agreement" if not flow.dsa else f"flow {flow.id}: no agreement {flow.dsa}"
            )
            yield Trouble(state="invalid", reason=reason, mend=f"set dsa in governance/flows/{flow.id}.yml")
        elif absent := sorted(ends - {party.org for party in agreement.parties}):
            reason = f"{_listed(absent)} is in flow {flow.id} and no party of agreement {agreement.id}"
            yield Trouble(
                state="invalid", reason=reason, mend=f"add it to the agreement {agreement.id}, or mend the flow"
            )
        elif agreement.ends < evidence.today:
            reason = f"agreement {agreement.id} ended on {agreement.ends}"
            yield Trouble(state="expired", reason=reason, mend="renew the agreement, and sign again")


def _users(evidence: Evidence) -> Iterator[Trouble]:
    """E01: those who use data were trained in the last 12 months, and their access has not ended."""
    users: list[Person] = [p for p in evidence.people.people if p.uses_data] if evidence.people else []
    ended = [p.id for p in users if p.access_until and p.access_until < evidence.today]
    old = [p.id for p in users if p.trained_on and p.trained_on < evidence.today - TRAINED_FOR]
    early = [p.id for p in users if p.trained_on and p.trained_on > evidence.today]
    if old:
        reason = f"the training of {_listed(old)} is more than 12 months old"
        yield Trouble(state="expired", reason=reason, mend="train again, set trained_on, and sign again")
    if ended:
        reason = f"the access of {_listed(ended)} has ended"
        yield Trouble(
            state="expired", reason=reason, mend="take them out of people.yml or extend access, and sign again"
        )
    if early:
        reason = f"the training of {_listed(early)} is dated in the future"
        yield Trouble(state="invalid", reason=reason, mend="correct trained_on in governance/people.yml")


def _separate_roles(evidence: Evidence) -> Iterator[Trouble]:
    """E02: the four roles are named, and who assures did not analyse."""
    if evidence.people is None:
        return
    named = {"commissioner": "commissioner", "analyst": "analyst", "asr": "assurer", "approver": "approver"}
    absent = [word for role, word in named.items() if not evidence.people.holding(role)]
    both = sorted(evidence.people.holding("analyst") & (evidence.people.holding("asr") | evidence.people.holding("oc")))
    if both:
        reason = f"{_listed(both)} is an analyst and checks the analysis too"
        yield Trouble(
            state="invalid", reason=reason, mend="give asr and oc to people who are not analysts of this pilot"
        )
    if absent:
        reason = f"governance/people.yml names no {' and no '.join(absent)}"
        yield Trouble(state="open", reason=reason, mend="name one, with the role in roles")


def _environment(evidence: Evidence) -> Iterator[Trouble]:
    """S01: the environment is in the United Kingdom, encrypted, and keeps an access log."""
    place = evidence.project.environment if evidence.project else None
    if place is None:
        return
    lacking = [
        *([] if place.country.strip().casefold() in COUNTRIES else [f"its country is {place.country!r}"]),
        *([] if place.encrypted else ["it is not encrypted"]),
        *([] if place.access_log else ["it keeps no access log"]),
    ]
    if lacking:
        reason = f"of the environment in governance/project.yml: {' and '.join(lacking)}"
        yield Trouble(state="invalid", reason=reason, mend="use an environment that has what the item asks for")


def _assurances(evidence: Evidence) -> Iterator[Trouble]:
    """S02: each party of each agreement has an assurance on record, not older than the year before last."""
    for agreement in evidence.holdings.contents(Agreement):
        years = {one.org: one.year for one in agreement.assurance}
        absent = sorted({party.org for party in agreement.parties} - set(years))
        old = sorted(org for org, year in years.items() if year < evidence.today.year - 1)
        if absent:
            reason = f"agreement {agreement.id} has no assurance of {_listed(absent)}"
            yield Trouble(state="open", reason=reason, mend="add scheme, status and year under assurance")
        if old:
            reason = f"in agreement {agreement.id} the assurance of {_listed(old)} is more than a year old"
            yield Trouble(state="expired", reason=reason, mend="enter this year's assurance, and sign again")


def _transfer_tests(evidence: Evidence) -> Iterator[Trouble]:
    """S03: each transfer was tried with a dummy file, on a day that has been."""
    untried = [flow.id for flow in evidence.flows if flow.method_tested_on is None]
    early = [flow.id for flow in evidence.flows if flow.method_tested_on and flow.method_tested_on > evidence.today]
    if early:
        reason = f"the test of {_listed(early)} is dated in the future"
        yield Trouble(state="invalid", reason=reason, mend="correct method_tested_on")
    if untried:
        reason = f"{_listed(untried)} was not tried with a dummy file"
        yield Trouble(state="open", reason=reason, mend="send a dummy file, and set method_tested_on")


def _retention(evidence: Evidence) -> Iterator[Trouble]:
    """D06: no copy is kept beyond its day."""
    past = [flow.id for flow in evidence.flows if flow.retention.until < evidence.today]
    if past:
        reason = f"the retention date of {_listed(past)} has passed"
        yield Trouble(
            state="expired", reason=reason, mend="delete the data and close, or agree a new date and sign again"
        )


def _columns(evidence: Evidence) -> Iterator[Trouble]:
    """D02: each column of personal data has its reason, nothing else is described, and flows name the same items."""
    for held in evidence.holdings.matching(CARDS):
        raw = held.raw if isinstance(held.raw, Mapping) else {}
        custody = _part(raw, "x-ig")
        if str(custody.get("class")) in FREE_CLASSES:
            continue
        reasons = _part(custody, "columns")
        fields = set(_fields(raw))
        if not fields:
            reason = f"{held.place} names no column"
            yield Trouble(state="open", reason=reason, mend="list each under resources, schema, fields")
        if absent := sorted(fields - set(reasons)):
            reason = f"{held.place} gives no reason for {_listed(absent)}"
            yield Trouble(state="open", reason=reason, mend="add each under x-ig, columns, with why")
        if beyond := sorted(set(map(str, reasons)) - fields):
            reason = f"{held.place} gives a reason for {_listed(beyond)}, which the data do not have"
            yield Trouble(state="invalid", reason=reason, mend="take it out of x-ig, columns, or add it to the fields")
        yield from _shared_items(held.place, custody, reasons, evidence)


def _part(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a part of a card, empty where it holds none."""
    part = raw.get(name)
    return part if isinstance(part, Mapping) else {}


def _fields(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of a card's columns, however far the card is filled in."""
    resources = raw.get("resources")
    for resource in resources if isinstance(resources, list) else []:
        schema = resource.get("schema") if isinstance(resource, Mapping) else None
        fields = schema.get("fields") if isinstance(schema, Mapping) else None
        for one in fields if isinstance(fields, list) else []:
            if isinstance(one, Mapping) and isinstance(one.get("name"), str):
                yield one["name"]


def _shared_items(
    place: str, custody: Mapping[str, Any], reasons: Mapping[str, Any], evidence: Evidence
) -> Iterator[Trouble]:
    """Hold the columns marked as shared against the items of the flows that the card names."""
    named = custody.get("flows")
    flows = {flow.id: set(flow.data_items) for flow in evidence.flows}
    if not isinstance(named, list) or not named or not all(isinstance(one, str) and one in flows for one in named):
        return
    shared = {str(name) for name, why in reasons.items() if isinstance(why, Mapping) and why.get("shared") is True}
    moved = set().union(*(flows[name] for name in named))
    if shared != moved:
        reason = f"{place} shares {_listed(sorted(shared)) or 'nothing'}, and its flows move {_listed(sorted(moved))}"
        yield Trouble(state="invalid", reason=reason, mend="make data_items and the columns marked shared the same")


def _key_holder(evidence: Evidence) -> Iterator[Trouble]:
    """D04: who analyses does not hold the key."""
    how = evidence.project.pseudonymisation if evidence.project else None
    analysts = evidence.people.holding("analyst") if evidence.people else frozenset()
    if how and (how.key_held_by in analysts or "analyst" in how.key_held_by.casefold()):
        reason = f"the key of the pseudonyms is held by {how.key_held_by}, who analyses"
        yield Trouble(state="invalid", reason=reason, mend="give the key to someone who does not work with the data")


CROSS_CHECKS: dict[str, Callable[[Evidence], Iterator[Trouble]]] = {
    "P01": _review,
    "P05": _flow_reviews,
    "P06": _organisation_types,
    "P10": _agreements,
    "E01": _users,
    "E02": _separate_roles,
    "S01": _environment,
    "S02": _assurances,
    "S03": _transfer_tests,
    "D01": custody,
    "D02": _columns,
    "D04": _key_holder,
    "D06": _retention,
    "O03": quality_dates,
    "O06": closing,
}
