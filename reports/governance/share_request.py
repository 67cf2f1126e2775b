"""The pilot as a share request, with the identifiers of the government's data marketplace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from oda.governance import Finding
from oda.governance.files.flows import letter
from oda.reports.governance.content import Content, Entry
from oda.reports.governance.said import NOT_STATED, date, listed, part, said
from oda.reports.governance.wording import DISPOSALS, FORM_BASES, FORM_CONDITIONS, METHODS, in_words, points

SECTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "purpose": (
            *("data-type", "data-subjects", "project-aims", "data-required", "benefits", "data-access"),
            *("other-orgs", "impact", "date"),
        ),
        "legal": ("legal-power", "legal-gateway", "legal-review"),
        "dataProtection": (
            *("lawful-basis-personal", "lawful-basis-special", "lawful-basis-special-public-interest"),
            *("data-travel", "data-travel-location", "role", "protection-review"),
        ),
        "security": ("delivery", "format", "disposal", "security-review"),
        "review": ("check",),
    }
)
BLOCKED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "legal-review": ("legal-power", "legal-gateway"),
        "protection-review": ("lawful-basis-personal", "lawful-basis-special", "data-travel", "role"),
        "security-review": ("delivery", "format", "disposal"),
        "check": ("legal-review", "protection-review", "security-review"),
    }
)
# Which of our items stand for a review of theirs.
REVIEWS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "legal-review": ("P05",),
        "protection-review": ("P03", "P04", "P06", "P07", "P08"),
        "security-review": ("S01", "S03", "D06"),
    }
)
# Conditions of Schedule 1 as the form names them; any other value of a flow is carried in words under "explanation".
PUBLIC_INTERESTS = frozenset(
    {
        *("statutory", "administration", "equality", "preventing-detecting", "protecting", "regulatory-requirements"),
        *("journalism", "preventing-fraud", "suspicion", "support", "counselling", "safeguarding-children"),
        *("safeguarding-economic", "insurance", "occupational-pensions", "political-parties", "elected"),
        *("disclosure", "informing", "legal-judgments", "anti-doping", "standards"),
    }
)
HOME = frozenset({"uk", "united kingdom", "england", "wales", "scotland", "northern ireland"})


def share_request(content: Content) -> dict[str, Any]:
    """Return the share request of a pilot.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    dict
        Sections, each with its steps: id, value, status, and what blocks a review.
    """
    values = {**_purpose(content), **_legal(content), **_protection(content), **_security(content)}
    statuses = {step: _status(value) for step, value in values.items()}
    if statuses["lawful-basis-special"] == "NOT REQUIRED" or not _public_interest(content):
        statuses["lawful-basis-special-public-interest"] = "NOT REQUIRED"
    if values["data-travel"] == "no":
        statuses["data-travel-location"] = "NOT REQUIRED"
    for step, items in REVIEWS.items():
        values[step] = {item: content.assessment.finding(item).state for item in items}
        statuses[step] = _review(BLOCKED_BY[step], statuses, [content.assessment.finding(item) for item in items])
    values["check"] = ""
    statuses["check"] = _review(BLOCKED_BY["check"], statuses)
    return {
        "assetTitle": content.title,
        "sections": {name: [_step(step, values, statuses) for step in steps] for name, steps in SECTIONS.items()},
        "about": content.assessment.about,
    }


def _step(step: str, values: Mapping[str, Any], statuses: Mapping[str, str]) -> dict[str, Any]:
    """Return one step of the form."""
    blocked = {"blockedBy": list(BLOCKED_BY[step])} if step in BLOCKED_BY else {}
    return {"id": step, "status": statuses[step], "value": values[step], **blocked}


def _status(value: object) -> str:
    """Say how far a step is, in the form's words."""
    if value is None:
        return "NOT REQUIRED"
    return "NOT STARTED" if NOT_STATED in str(value) or value in ("", []) else "COMPLETED"


def _review(blockers: Sequence[str], statuses: Mapping[str, str], found: Sequence[Finding] = ()) -> str:
    """Say how far a review is, in the form's words; one that the checklist rules out is not called done."""
    if any(statuses[step] not in {"COMPLETED", "NOT REQUIRED"} for step in blockers):
        return "CANNOT START YET"
    if found and all(one.state == "not_required" for one in found):
        return "NOT REQUIRED"
    return "COMPLETED" if found and all(one.passes for one in found) else "NOT STARTED"


def _each(content: Content, *path: str) -> list[str]:
    """Return what the flows have at a place, each value once; "not stated yet" among them where any flow has none."""
    found = [one for flow in content.flows for one in listed(flow, *path) or [NOT_STATED]]
    return list(dict.fromkeys(found)) or [NOT_STATED]


def _purpose(content: Content) -> dict[str, Any]:
    """Answer the section on the purpose."""
    flows = content.flows
    stated, special = set(_each(content, "identifiability")), set(_ninths(content))
    personal = bool(stated - {"anonymous", "synthetic", NOT_STATED})
    kinds = [*(["personal"] if personal else []), *(["special"] if special - {"none", NOT_STATED} else [])]
    open_ = [NOT_STATED] if NOT_STATED in stated | special else []
    receivers = _each(content, "to", "org")
    several = len(receivers) > 1
    by = max((found for flow in flows if (found := date(content.agreement(flow), "starts"))), default=None)
    return {
        "data-type": [*kinds, *open_] or ["none"],
        "data-subjects": ", ".join(_each(content, "data_subjects")).replace("_", " "),
        "project-aims": {"aims": said(content.project, "purpose"), "explanation": said(content.project, "action")},
        "data-required": ", ".join(_each(content, "data_items")).replace("_", " "),
        "benefits": {"something-else": said(content.project, "benefit")},
        "data-access": NOT_STATED if NOT_STATED in receivers else "yes" if several else "no",
        "other-orgs": [content.organisation(org) for org in receivers] if several else None,
        "impact": NOT_STATED,  # what happens if the data are not given: no file of a pilot says so
        "date": by.isoformat() if by else NOT_STATED,
    }


def _legal(content: Content) -> dict[str, Any]:
    """Answer the section on the legal power and gateway."""
    gateways = [one for one in _each(content, "gateway", "id") if one != "none"]
    reasons = "; ".join(_each(content, "gateway", "reason"))
    return {
        "legal-power": {"yes": "; ".join(_each(content, "power", "act"))},
        "legal-gateway": {"yes": "; ".join(gateways)} if gateways else {"other": reasons},
    }


def _ninths(content: Content) -> list[str]:
    """Return the Article 9 conditions of the flows, each once; a flow that does not name the Article has none."""
    found = [said(flow, "art9") if "art9" in flow else "none" for flow in content.flows]
    return list(dict.fromkeys(found)) or [NOT_STATED]


def _public_interest(content: Content) -> bool:
    """Tell whether any flow rests on a substantial public interest, or has still to say."""
    return any(one == NOT_STATED or letter(one) == "g" for one in _ninths(content))


def _conditions(content: Content) -> Iterator[str]:
    """Yield the form's names of the Article 9 conditions."""
    for value in _ninths(content):
        if value != "none":
            yield FORM_CONDITIONS.get(letter(value), NOT_STATED)


def _protection(content: Content) -> dict[str, Any]:
    """Answer the section on data protection."""
    stated = list(dict.fromkeys(point for flow in content.flows for point in points(flow)))
    named = [FORM_BASES[point] for point in stated if point in FORM_BASES]
    # The form was made before point (ea), and has no name for it.
    newer = ["recognised-legitimate-interest"] if "ea" in stated else []
    open_ = [] if content.flows and all(map(points, content.flows)) else [NOT_STATED]
    schedule = _each(content, "sch1")
    travels = [place for place in _each(content, "location") if place.casefold() not in HOME]
    roles = {str(part(flow, end, "role")) for flow in content.flows for end in ("from", "to")}
    return {
        "lawful-basis-personal": [*named, *newer, *open_],
        "lawful-basis-special": list(dict.fromkeys(_conditions(content))) or None,
        "lawful-basis-special-public-interest": [
            *(one for one in schedule if one in PUBLIC_INTERESTS),
            *([NOT_STATED] if NOT_STATED in _ninths(content) else []),
        ],
        "data-travel": NOT_STATED if NOT_STATED in travels else "yes" if travels else "no",
        "data-travel-location": [place for place in travels if place != NOT_STATED],
        "role": _role(roles, content.flows),
    }


def _role(roles: set[str], flows: Sequence[Entry]) -> str:
    """Return the receiver's role as the form names it."""
    receiving = {said(flow, "to", "role") for flow in flows}
    if "joint_controller" in roles:
        return "joint"
    return next(iter(receiving)) if len(receiving) == 1 else "don't know" if flows else NOT_STATED


def _security(content: Content) -> dict[str, Any]:
    """Answer the section on security."""
    formats = sorted({_ending(dataset) for dataset in content.datasets} - {""})
    disposals = [in_words(DISPOSALS, {"how": one}, "how") for one in _each(content, "retention", "disposal")]
    return {
        "delivery": "; ".join(in_words(METHODS, {"how": one}, "how") for one in _each(content, "method")),
        "format": ", ".join(formats) or NOT_STATED,
        "disposal": "; ".join(disposals),
    }


def _ending(dataset: Entry) -> str:
    """Return the kind of a dataset's file, such as CSV."""
    resources = part(dataset, "resources")
    first = resources[0] if isinstance(resources, list | tuple) and resources else {}
    path = said(first, "path", otherwise="")
    return path.rpartition(".")[2].upper() if "." in path else ""
