"""Flags of `governance/project.yml` that other files speak against: no flag can take a signer out of the checklist.

Content is read as it stands, so a flow that is half filled in counts. Only what is certain counts: a value that still
says TODO says nothing, and categories of data that identify nobody are not categories of personal data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from oda.governance.classes import FREE_CLASSES
from oda.governance.evidence import Evidence
from oda.governance.files import PROJECT_FILE
from oda.governance.files.base import TODO
from oda.governance.files.folder import CARDS
from oda.governance.files.impact import DPIA_FILE
from oda.governance.files.linkage import LINKAGE_FILE
from oda.governance.files.people import PARTNERS_FILE
from oda.governance.probes.check import shorten
from oda.governance.trouble import Trouble

FLOWS = "governance/flows/*.yml"
MODEL_PLAN, SYNTHETIC_REVIEW = "governance/model/plan.yml", "governance/synth/report.yml"
ABOUT_NOBODY = frozenset({"anonymous", "synthetic"})

# Categories of the Fides taxonomy, old and new names; each stands for those below it, too.
HEALTH = ("user.health_and_medical", "user.biometric.health", "user.biometric_health", "user.biometrics.health")
SPECIAL = (
    *("user.health_and_medical", "user.biometric", "user.biometrics", "user.biometric_health", "user.genetic"),
    *("user.demographic.race_ethnicity", "user.demographic.religious_belief", "user.demographic.political_opinion"),
    *("user.demographic.sexual_orientation", "user.race", "user.religious_belief", "user.political_opinion"),
    "user.sexual_orientation",
)
CRIME = ("user.criminal_history",)
CHILDREN = ("user.childrens", "user.children")  # codespell:ignore childrens
YOUNG = re.compile(
    r"(?<!adult )(?<!no )(?<!without )(?<!parents of )(?<!carers of )"
    r"\b(child|children|schoolchildren|pupils?|infants?|babies|toddlers?|minors|under 1[0-8]s?)\b"
)
DIGITAL_ECONOMY_ACT = re.compile(r"digital economy act|\bdea (part|2017|s)", re.IGNORECASE)

Content = Mapping[str, Any]


def contradictions(evidence: Evidence) -> Iterator[Trouble]:
    """Find the flags that other files of the pilot speak against.

    Parameters
    ----------
    evidence
        The files as they stand.

    Yields
    ------
    Trouble
        One that names every such flag, its answer and what speaks against it; none where nothing does.
    """
    found: dict[str, str] = {}
    for flag, (denied, rules) in RULES.items():
        if evidence.flags.answer(flag) is denied:
            seen = next((said for rule in rules if (said := rule(evidence))), "")
            found |= {flag: f"says {flag}: {str(denied).lower()}, and {seen}"} if seen else {}
    if found:
        flags, against = (
            " and ".join(found),
            "what speaks against it" if len(found) == 1 else "what speaks against each",
        )
        yield Trouble(
            state="invalid",
            reason=f"{PROJECT_FILE} {'; it '.join(found.values())}",
            mend=f"correct {flags} in {PROJECT_FILE}, or {against}",
        )


def _part(content: object, name: str) -> Content:
    """Return a part of a file, empty where it holds none."""
    part = content.get(name) if isinstance(content, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _said(content: Content, name: str) -> str:
    """Return a text of a file; nothing where there is none, or where it is still to do."""
    value = content.get(name)
    return value.strip() if isinstance(value, str) and _is_said(value) else ""


def _is_said(text: str) -> bool:
    """Tell whether a text is not still to do; thousands are asked, so the quick question comes first."""
    return "TODO" not in text or not TODO.search(text)


def _texts(value: object) -> Iterator[str]:
    """Yield the texts of a list that are not still to do."""
    for one in value if isinstance(value, list) else []:
        if isinstance(one, str) and _is_said(one):
            yield one


def _flows(evidence: Evidence) -> Iterator[tuple[str, Content]]:
    """Yield the flows by their places, however far they are filled in."""
    for held in evidence.holdings.matching(FLOWS):
        if isinstance(held.raw, Mapping):
            yield held.place, held.raw


def _where(evidence: Evidence, test: Callable[[Content], bool]) -> str:
    """Name the flows that a test holds for."""
    return shorten([PurePosixPath(place).stem for place, flow in _flows(evidence) if test(flow)])


def _within(category: str, kinds: tuple[str, ...]) -> bool:
    """Tell whether a category is one of some kinds, or below one."""
    return category.startswith(kinds) and any(category == kind or category.startswith(f"{kind}.") for kind in kinds)


def _holds(flow: Content, kinds: tuple[str, ...]) -> bool:
    """Tell whether a flow moves personal data of some categories."""
    held = any(_within(one, kinds) for one in _texts(flow.get("categories")))
    return held and _said(flow, "identifiability") not in ABOUT_NOBODY


def _categories(kinds: tuple[str, ...], words: str) -> Callable[[Evidence], str]:
    """Make the rule that no flow and no column of a personal dataset is of some categories."""

    def rule(evidence: Evidence) -> str:
        if moved := _where(evidence, lambda flow: _holds(flow, kinds)):
            return f"{moved} moves {words}"
        held = [
            name
            for name, custody in _personal(evidence)
            if any(
                _within(_said(_part(_part(custody, "columns"), column), "category"), kinds)
                for column in _part(custody, "columns")
            )
        ]
        return f"the card of {shorten(held)} has a column of {words}" if held else ""

    return rule


def _personal(evidence: Evidence) -> Iterator[tuple[str, Content]]:
    """Yield the name and the custody of each dataset that is neither open nor synthetic."""
    for held in evidence.holdings.matching(CARDS):
        custody = _part(held.raw, "x-ig")
        if str(custody.get("class")) not in FREE_CLASSES:
            yield PurePosixPath(held.place).stem, custody


def _kinds_of_body(evidence: Evidence) -> dict[str, str]:
    """Return what kind of body each organisation is, by its id."""
    held = evidence.holdings.held.get(PARTNERS_FILE)
    listed = held.raw.get("partners") if held and isinstance(held.raw, Mapping) else None
    partners = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    return {_said(one, "id"): _said(one, "type") for one in partners}


def _partner(kind: str, words: str) -> Callable[[Evidence], str]:
    """Make the rule that no organisation is of a kind."""

    def rule(evidence: Evidence) -> str:
        named = {org for org, found in _kinds_of_body(evidence).items() if found == kind}
        for _, flow in _flows(evidence):
            ends = (_part(flow, "from"), _part(flow, "to"))
            named |= {_said(end, "org") for end in ends if end.get("type") == kind}
        return f"{shorten(sorted(named))} is {words}" if named else ""

    return rule


def _confidential(evidence: Evidence) -> str:
    """Name the flows of confidential health data."""
    kinds = _kinds_of_body(evidence)

    def test(flow: Content) -> bool:
        duty, ends = _part(flow, "confidentiality"), [_part(flow, "from"), _part(flow, "to")]
        decided_by = _said(duty, "decided_by")
        if decided_by == "caldicott_guardian" or _said(duty, "route") in {"s251", "direct_care"}:
            return True
        from_nhs, to_nhs = ("nhs" in {end.get("type"), kinds.get(_said(end, "org"))} for end in ends)
        health = _holds(flow, HEALTH)
        other = decided_by in {"igl", "dpo"} and not (health or from_nhs or to_nhs)  # a confidence outside health
        return (duty.get("owed") is True and not other) or (from_nhs and health)

    flows = _where(evidence, test)
    return f"{flows} is of confidential health data, or the Caldicott Guardian's to decide" if flows else ""


def _guardian_reviewed(evidence: Evidence) -> str:
    """Say that the review of confidentiality names a route for health data."""
    held = evidence.holdings.held.get("governance/confidentiality.yml")
    route = _said(_part(held.raw, "duty"), "route") if held else ""
    return f"governance/confidentiality.yml takes the route {route}" if route in {"s251", "direct_care"} else ""


def _condition(evidence: Evidence) -> str:
    """Name the flows with an Article 9 condition."""
    flows = _where(evidence, lambda flow: _said(flow, "art9") not in {"", "none"})
    return f"{flows} has an Article 9 condition" if flows else ""


def _offences(evidence: Evidence) -> str:
    """Name the flows of criminal offence data."""

    def test(flow: Content) -> bool:
        basis = flow.get("art6")
        bases = list(basis.values()) if isinstance(basis, Mapping) else [basis]
        return "law_enforcement" in bases or flow.get("le_part3") is True or _said(flow, "art10") not in {"", "none"}

    flows = _where(evidence, test)
    return f"{flows} is of criminal offence data" if flows else ""


def _young(evidence: Evidence) -> str:
    """Name the flows of personal data about children."""

    def test(flow: Content) -> bool:
        subjects = [one.lower().replace("_", " ").replace("-", " ") for one in _texts(flow.get("data_subjects"))]
        return _said(flow, "identifiability") not in ABOUT_NOBODY and any(map(YOUNG.search, subjects))

    flows = _where(evidence, test)
    return f"{flows} is about children" if flows else ""


def _screened(part: str, line: str) -> Callable[[Evidence], str]:
    """Make the rule that a line of the screening list is not a yes."""

    def rule(evidence: Evidence) -> str:
        held = evidence.holdings.held.get(DPIA_FILE)
        answer = _part(_part(held.raw, "screening"), part).get(line) if held else None
        return f"the screening list in {DPIA_FILE} says {line}: true" if answer is True else ""

    return rule


def _there(start: str) -> Callable[[Evidence], str]:
    """Make the rule that no file is there whose path begins so."""

    def rule(evidence: Evidence) -> str:
        place = next((place for place in evidence.holdings.held if place.startswith(start)), "")
        return f"{place} is there" if place else ""

    return rule


def _shares(evidence: Evidence) -> str:
    """Say that names go to a service."""
    held = evidence.holdings.held.get(PROJECT_FILE)
    shares = held is not None and isinstance(held.raw, Mapping) and held.raw.get("mode") == "share"
    return "its mode is share, in which a service is given names and addresses" if shares else ""


def _pseudonyms(evidence: Evidence) -> str:
    """Say that identifiers are replaced so that records can be joined."""
    held = evidence.holdings.held.get(PROJECT_FILE)
    return (
        "it has pseudonymisation, which is for records that are joined"
        if held and _part(held.raw, "pseudonymisation")
        else ""
    )


def _card_controllers(evidence: Evidence) -> str:
    """Name the personal datasets where they are of several controllers."""
    whose = {name: _said(custody, "controller") for name, custody in _personal(evidence)}
    several = len({one.casefold() for one in whose.values() if one}) > 1
    return f"the datasets {shorten(sorted(whose))} are of different controllers" if several else ""


def _flow_controllers(evidence: Evidence) -> str:
    """Name the controllers of the flows where they are several."""
    named = [org for org in evidence.controllers if _is_said(org)]
    return f"the flows name {shorten(named)}" if len(named) > 1 else ""


def _automated(evidence: Evidence) -> str:
    """Say that the plan of the model decides by machine."""
    held = evidence.holdings.held.get(MODEL_PLAN)
    automated = held is not None and _part(held.raw, "decisions").get("automated") is True
    return f"{MODEL_PLAN} says that decisions are automated" if automated else ""


def _register(evidence: Evidence) -> str:
    """Name the flows under the Digital Economy Act."""

    def test(flow: Content) -> bool:
        laws = f"{_said(_part(flow, 'power'), 'act')} {_said(_part(flow, 'gateway'), 'id')}"
        return bool(DIGITAL_ECONOMY_ACT.search(laws)) or _said(flow, "dea_register_id") not in {"", "none"}

    flows = _where(evidence, test)
    return f"{flows} is under the Digital Economy Act" if flows else ""


# The answer that files can speak against, and the rules that find them.
RULES: dict[str, tuple[bool, tuple[Callable[[Evidence], str], ...]]] = {
    "special_category": (
        False,
        (_condition, _categories(SPECIAL, "special category data"), _screened("always", "biometric_or_genetic")),
    ),
    "health_confidential": (False, (_confidential, _guardian_reviewed)),
    "criminal_offence": (False, (_offences, _categories(CRIME, "criminal offence data"))),
    "children": (False, (_young, _categories(CHILDREN, "data about children"), _screened("always", "children"))),
    "person_level_output": (False, (_shares,)),
    "linkage": (False, (_there(LINKAGE_FILE), _pseudonyms, _card_controllers)),
    "predictive_model": (False, (_there("governance/model/"),)),
    "automated_decision": (False, (_automated, _screened("consider", "automated_decision"))),
    "synthetic_from_real": (False, (_there(SYNTHETIC_REVIEW),)),
    "single_controller": (True, (_flow_controllers, _card_controllers)),
    "dea_power": (False, (_register,)),
    "central_gov": (False, (_partner("central_government", "a body of central government"),)),
    "vcs_partner": (False, (_partner("charity", "a charity"),)),
}
