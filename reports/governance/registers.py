"""Exports with the keys that others use: the Digital Economy Act register, the transparency record, Article 30."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from oda.reports.blocks import no_formula
from oda.reports.governance.content import Content, Entry
from oda.reports.governance.nameless import without_people
from oda.reports.governance.said import NOT_STATED, date, listed, part, said
from oda.reports.governance.wording import METHODS, basis, by_person, condition, in_words, things

# In the order of the public register of the Digital Economy Act 2017, part 5.
DEA_KEYS = (
    *("id", "name", "purpose", "benefits", "information_sharing_benefits", "disclosed_information", "method"),
    *("contact", "start_date", "end_date", "review_date", "retention_period", "isa_status", "notes"),
    *("powers", "controllers", "processors"),
)
# The headings of the ICO's documentation guidance on Article 30(1), and those for sensitive data.
ARTICLE_30 = (
    "Organisation and contact",
    "Data protection officer",
    "Joint controllers",
    "Representative",
    "Purpose of the processing",
    "Categories of individuals",
    "Categories of personal data",
    "Source of the personal data",
    "Categories of recipients",
    "Transfers to third countries",
    "Safeguards for exceptional transfers",
    "Retention schedule",
    "Technical and organisational security measures",
    "Article 6 lawful basis",
    "Article 9 or criminal offence condition",
    "Retained and erased as the policy document says",
)
FLOW_COLUMNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Flow", ("id",)),
    ("From", ("from", "org")),
    ("Role of the sender", ("from", "role")),
    ("To", ("to", "org")),
    ("Given by", ("given_by",)),
    ("Role of the receiver", ("to", "role")),
    ("Purpose", ("purpose",)),
    ("Data subjects", ("data_subjects",)),
    ("Data items", ("data_items",)),
    ("Categories", ("categories",)),
    ("Article 6", ("art6",)),
    ("Article 9", ("art9",)),
    ("Schedule 1", ("sch1",)),
    ("Policy document", ("policy_document",)),
    ("Article 10", ("art10",)),
    ("Law enforcement", ("le_part3",)),
    ("Power", ("power", "act")),
    ("Gateway", ("gateway", "id")),
    ("Confidentiality owed", ("confidentiality", "owed")),
    ("Confidentiality route", ("confidentiality", "route")),
    ("National data opt-out", ("opt_out", "national_data_opt_out")),
    ("Local objection", ("opt_out", "local_objection")),
    ("Privacy notice", ("transparency", "privacy_notice")),
    ("Complaints", ("transparency", "complaints_url")),
    ("Frequency", ("frequency",)),
    ("Volume", ("volume",)),
    ("Method", ("method",)),
    ("Method tested on", ("method_tested_on",)),
    ("Location", ("location",)),
    ("Identifiability", ("identifiability",)),
    ("Kept until", ("retention", "until")),
    ("Disposal", ("retention", "disposal")),
    ("Incident reported within hours", ("incident", "report_within_hours")),
    ("Risk, likelihood", ("risk", "likelihood")),
    ("Risk, severity", ("risk", "severity")),
    ("Residual risk", ("risk", "residual")),
    ("Review by", ("review_by",)),
    ("Agreement", ("dsa",)),
    ("Digital Economy Act register", ("dea_register_id",)),
)
# What an optional part of a flow says where it is left out.
UNSTATED = {"Digital Economy Act register": "", "Agreement": "", "Method tested on": "", "Given by": "sender"}


def comma_separated(rows: Iterable[Sequence[str]]) -> str:
    r"""Write rows as CSV in which no cell is a formula to a spreadsheet.

    Parameters
    ----------
    rows
        The headings and the cells.

    Returns
    -------
    str
        A cell that would start a formula has an apostrophe before it.

    Examples
    --------
    >>> comma_separated([["=1+1", "a"]])
    "'=1+1,a\n"
    """
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([[no_formula(cell) for cell in row] for row in rows])
    return stream.getvalue()


def flows_csv(content: Content) -> str:
    """Write one row a flow, for an upload to an information sharing gateway.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    str
        CSV with a heading.
    """
    rows = [
        [said(flow, *path, otherwise=UNSTATED.get(name, NOT_STATED)) for name, path in FLOW_COLUMNS]
        for flow in content.flows
    ]
    return comma_separated([[name for name, _ in FLOW_COLUMNS], *rows])


def dea_register(content: Content) -> list[dict[str, Any]]:
    """Return the entries of the Digital Economy Act register, one an agreement.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    list of dict
        With the keys of `DEA_KEYS`; empty where no flow rests on that Act. The register is public, so people are taken
        out of it as they are on the public page.
    """
    content = without_people(content)
    entries: dict[str, list[Entry]] = defaultdict(list)
    for flow in content.flows:
        if part(flow, "dea_register_id") or "digital economy act" in said(flow, "power", "act").casefold():
            entries[said(flow, "dea_register_id", otherwise=said(flow, "id"))].append(flow)
    return [_dea_entry(content, name, flows) for name, flows in entries.items()]


def _dea_entry(content: Content, name: str, flows: Sequence[Entry]) -> dict[str, Any]:
    """Return one entry of the register for the flows that share it."""
    agreements = [content.agreement(flow) for flow in flows]
    starts, ends, reviews = (
        [found for one in agreements if (found := date(one, key))] for key in ("starts", "ends", "review_by")
    )
    items = {"items": [one for flow in flows for one in listed(flow, "data_items")]}
    givers = list(dict.fromkeys(said(flow, "from", "org") for flow in flows))
    entry = {
        "id": name,
        "name": said(agreements[0], "title", otherwise=content.title),
        "purpose": _each(flows, "purpose"),
        "benefits": said(content.project, "benefit"),
        "information_sharing_benefits": said(content.project, "action"),
        "disclosed_information": things(items, "items"),
        "method": _each(flows, "method"),
        "contact": "; ".join(dict.fromkeys(said(content.partner(org), "contact") for org in givers)),
        "start_date": min(starts).isoformat() if starts else NOT_STATED,
        "end_date": max(ends).isoformat() if ends else NOT_STATED,
        "review_date": min(reviews).isoformat() if reviews else _each(flows, "review_by"),
        "retention_period": _each(flows, "retention", "until"),
        "isa_status": "Complete" if all(content.is_over(flow) for flow in flows) else "Active",
        "notes": "",
        "powers": list(dict.fromkeys(said(flow, "power", "act") for flow in flows)),
        "controllers": _orgs(content, flows, processors=False),
        "processors": _orgs(content, flows, processors=True),
    }
    return {key: entry[key] for key in DEA_KEYS}


def _each(flows: Sequence[Entry], *path: str) -> str:
    """Say what flows have at a place, each value once."""
    return "; ".join(dict.fromkeys(said(flow, *path) for flow in flows))


def _orgs(content: Content, flows: Sequence[Entry], *, processors: bool) -> list[str]:
    """Name the organisations that decide in flows, or those that only act for others."""
    ends = [part(flow, end) for flow in flows for end in ("from", "to")]
    chosen = [said(end, "org") for end in ends if (part(end, "role") == "processor") == processors]
    return [content.organisation(org) for org in dict.fromkeys(chosen)]


def transparency_record(content: Content) -> Any:  # noqa: ANN401  the keys are those of the file
    """Return the algorithmic transparency record as its file has it.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    dict
        With "not stated yet" where something is still to do; empty where there is no record.
    """
    return _plain(content.atrs)


def _plain(value: object) -> Any:  # noqa: ANN401  JSON of any type
    """Return plain JSON types, without what is still to do."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return said(value) if value != "" else ""


def processing_record(content: Content) -> list[dict[str, str]]:
    """Return the record of processing: one row a controller and purpose.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    list of dict
        With the headings of `ARTICLE_30`.
    """
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for flow in content.flows:
        for end in ("from", "to"):
            if part(flow, end, "role") != "processor":
                groups[said(flow, end, "org"), said(flow, "purpose")].append(flow)
    return [_processing(content, org, purpose, flows) for (org, purpose), flows in sorted(groups.items())]


def _processing(content: Content, org: str, purpose: str, flows: Sequence[Entry]) -> dict[str, str]:
    """Return the row of one controller and purpose."""
    partner = content.partner(org)
    others = [part(flow, end) for flow in flows for end in ("from", "to") if said(flow, end, "org") != org]
    joint = [said(one, "org") for one in others if part(one, "role") == "joint_controller"]
    places = list(dict.fromkeys(said(flow, "location") for flow in flows))
    abroad = [place for place in places if place not in {"UK", "United Kingdom", NOT_STATED}]
    special = list(dict.fromkeys(filter(None, map(condition, flows))))
    offences = [said(flow, "art10") for flow in flows if said(flow, "art10", otherwise="none") != "none"]
    cells = (
        f"{content.organisation(org)}, {said(partner, 'contact')}",
        said(partner, "data_protection_officer"),
        _named(content, joint) or "none",
        "none: the controller is in the United Kingdom" if partner else NOT_STATED,
        purpose,
        things({"all": [one for flow in flows for one in listed(flow, "data_subjects")]}, "all"),
        ", ".join(dict.fromkeys(one for flow in flows for one in listed(flow, "categories"))) or NOT_STATED,
        _source(content, org, flows),
        _named(content, [said(flow, "to", "org") for flow in flows if _gives(org, flow)]) or "none",
        ", ".join(abroad) or (NOT_STATED if NOT_STATED in places else "none"),
        NOT_STATED if abroad else "none",
        "; ".join(dict.fromkeys(f"until {said(f, 'retention', 'until')}" for f in flows)),
        _security(content, org, flows),
        "; ".join(dict.fromkeys(map(basis, flows))),
        "; ".join(dict.fromkeys([*special, *offences])) or "none",
        _policy(flows) if special or offences else "none needed",
    )
    return dict(zip(ARTICLE_30, cells, strict=True))


def _gives(org: str, flow: Entry) -> bool:
    """Tell whether an organisation is the one that gives the data of a flow."""
    return said(flow, "from", "org") == org and not by_person(flow)


def _source(content: Content, org: str, flows: Sequence[Entry]) -> str:
    """Say where an organisation has the data from: its own records, others, or the people themselves."""
    sources = []
    for flow in flows:
        giver = said(flow, "from", "org")
        if by_person(flow):
            told = f"the people themselves, told of the offer by {content.organisation(giver)}"
            sources.append("its own records, to make the offer" if giver == org else told)
        else:
            sources.append("its own records" if giver == org else content.organisation(giver))
    return "; ".join(dict.fromkeys(sources))


def _security(content: Content, org: str, flows: Sequence[Entry]) -> str:
    """Say how data are moved, and held where people of this organisation use them: its own place, never another's."""
    moved = "; ".join(dict.fromkeys(in_words(METHODS, flow, "method") for flow in flows))
    users = {said(one, "organisation") for one in content.people if {"analyst", "oc"} & set(listed(one, "roles"))}
    if org not in users:
        return f"moved {moved}; how this organisation holds them: {NOT_STATED}"
    place, encrypted, logged = (
        said(content.project, "environment", key) for key in ("place", "encrypted", "access_log")
    )
    return f"moved {moved}; held: {place}; encrypted: {encrypted}; access log: {logged}"


def _named(content: Content, orgs: Iterable[str]) -> str:
    """Name organisations, each once."""
    return "; ".join(content.organisation(org) for org in dict.fromkeys(orgs))


def _policy(flows: Sequence[Entry]) -> str:
    """Name the policy documents of flows."""
    documents = [said(flow, "policy_document", otherwise="none") for flow in flows]
    return "; ".join(dict.fromkeys(documents))
