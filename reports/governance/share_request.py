"""The pilot as a share request, with the identifiers of the government's data marketplace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

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
        done = all(content.assessment.finding(item).passes for item in items)
        statuses[step] = _review(BLOCKED_BY[step], statuses, done=done)
    values["check"] = ""
    statuses["check"] = _review(BLOCKED_BY["check"], statuses, done=False)
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


def _review(blockers: Sequence[str], statuses: Mapping[str, str], *, done: bool) -> str:
    """Say how far a review is, in the form's words."""
    if any(statuses[step] not in {"COMPLETED", "NOT REQUIRED"} for step in blockers):
        return "CANNOT START YET"
    return "COMPLETED" if done else "NOT STARTED"


def _each(content: Content, *path: str) -> list[str]:
    """Return what the flows have at a place, each value once."""
    return list(dict.fromkeys(one for flow in content.flows for one in listed(flow, *path))) or [NOT_STATED]


def _purpose(content: Content) -> dict[str, Any]:
    """Answer the section on the purpose."""
    flows = content.flows
    personal = any(said(flow, "identifiability") not in {"anonymous", "synthetic"} for flow in flows)
    kinds = [*(["personal"] if personal else []), *(["special"] if _special(content) else [])]
    receivers = _each(content, "to", "org")
    by = max((found for flow in flows if (found := date(content.agreement(flow), "starts"))), default=None)
    return {
        "data-type": kinds or (["none"] if flows else [NOT_STATED]),
        "data-subjects": ", ".join(_each(content, "data_subjects")).replace("_", " "),
        "project-aims": {"aims": said(content.project, "purpose"), "explanation": said(content.project, "action")},
        "data-required": ", ".join(_each(content, "data_items")).replace("_", " "),
        "benefits": {"something-else": said(content.project, "benefit")},
        "data-access": "yes" if len(receivers) > 1 else "no",
        "other-orgs": [content.organisation(org) for org in receivers] if len(receivers) > 1 else None,
        "impact": said(content.project, "why_personal_data"),
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


def _special(content: Content) -> bool:
    """Tell whether any flow holds special category data."""
    return any(said(flow, "art9", otherwise="none") != "none" for flow in content.flows)


def _public_interest(content: Content) -> bool:
    """Tell whether any flow rests on a substantial public interest."""
    return any(letter(said(flow, "art9")) == "g" for flow in content.flows)


def _conditions(content: Content) -> Iterator[str]:
    """Yield the form's names of the Article 9 conditions."""
    for value in _each(content, "art9"):
        if value not in {"none", NOT_STATED}:
            yield FORM_CONDITIONS.get(letter(value), NOT_STATED)


def _protection(content: Content) -> dict[str, Any]:
    """Answer the section on data protection."""
    stated = list(dict.fromkeys(point for flow in content.flows for point in points(flow)))
    named = [FORM_BASES[point] for point in stated if point in FORM_BASES]
    # The form was made before point (ea), and has no name for it.
    newer = ["recognised-legitimate-interest"] if "ea" in stated else []
    schedule = _each(content, "sch1")
    travels = [place for place in _each(content, "location") if place.casefold() not in HOME]
    roles = {str(part(flow, end, "role")) for flow in content.flows for end in ("from", "to")}
    return {
        "lawful-basis-personal": [*named, *newer] or [NOT_STATED],
        "lawful-basis-special": (list(dict.fromkeys(_conditions(content))) or [NOT_STATED])
        if _special(content)
        else None,
        "lawful-basis-special-public-interest": [one for one in schedule if one in PUBLIC_INTERESTS],
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
