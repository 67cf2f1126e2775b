"""Before signing: whose key it is, what is ready for a role, and what this signer may not sign, or not now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oda.errors import COMMAND, GateError, SigningError
from oda.governance import keys
from oda.governance.assessing import assess
from oda.governance.assessment import Assessment, Finding
from oda.governance.checklist import Item
from oda.governance.evidence import Evidence
from oda.governance.gathering import gather
from oda.governance.signers import Signer
from oda.governance.signoffs import Decision
from oda.governance.standing import INDEPENDENT, WITNESSES
from oda.governance.trust import load_trust
from oda.pilot import Pilot

NAMED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What a signer decides.

    Attributes
    ----------
    decision, reason, conditions
        What is decided, why, and what it depends on.
    days
        How long it holds; as long as the item allows when not given.
    on_behalf
        The person without a key whose approval in a pull request is recorded, as `person:role@organisation`.
    pull_request
        The number of that pull request.
    """

    decision: Decision = "approve"
    reason: str = ""
    conditions: tuple[str, ...] = ()
    days: int | None = None
    on_behalf: str = ""
    pull_request: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """Sign-offs that are ready to be signed, and what the signer is shown first.

    Attributes
    ----------
    signer
        Whose key signs.
    items
        The items, in the order of the checklist.
    evidence
        The files as they are read now, which is what is signed.
    act
        What is decided.
    person, role, organisation
        Who decides, in which role, for which organisation: the signer, or the person whom a witness signs for.
    """

    signer: Signer
    items: tuple[Item, ...]
    evidence: Evidence
    act: Act
    person: str
    role: str
    organisation: str


def ready(assessment: Assessment, role: str, organisation: str = "") -> tuple[Finding, ...]:
    """Return what a role can sign now in one go; what was rejected is signed by name, with what has changed.

    Parameters
    ----------
    assessment
        How the checklist stands.
    role
        The id of a role, such as `igl`.
    organisation
        Whose, where each controller signs.

    Returns
    -------
    tuple of Finding
        In the order of the checklist.
    """
    return tuple(
        finding
        for finding in assessment.findings
        if finding.is_ready
        and finding.state != "rejected"
        and role in finding.roles
        and (not finding.waiting_for or not organisation or organisation in finding.waiting_for)
    )


def find_key(pilot: Pilot, *, role: str = "", person: str = "") -> Path:
    """Find the key in `~/.ssh` that stands in the list of signers for a role.

    Parameters
    ----------
    pilot
        The pilot.
    role, person
        Which place in the list is meant, where there are several.

    Returns
    -------
    Path
        The private key.

    Raises
    ------
    GateError
        When none fits, or several do.
    """
    wanted = {
        signer.key.fingerprint
        for signer in load_trust(pilot.folder).signers
        if role in {"", signer.role} and person in {"", signer.person}
    }
    publics = sorted((Path.home() / ".ssh").glob("*.pub"))
    found = [path.with_suffix("") for path in publics if _fingerprint(path) in wanted]
    if len(found) != 1:
        named = f"{len(found)} keys" if found else "No key"
        message = f"{named} in .ssh of your home folder fits. Name the one to sign with: --key FILE"
        raise GateError(message)
    return found[0]


def _fingerprint(path: Path) -> str:
    """Return the fingerprint of a public key, nothing where the file holds none."""
    try:
        return keys.public_key(path).fingerprint
    except SigningError:
        return ""


def who_signs(pilot: Pilot, key: Path, *, role: str = "", person: str = "") -> Signer:
    """Find whose key this is, by the list of signers.

    Parameters
    ----------
    pilot
        The pilot.
    key
        A private key, or its public part.
    role, person
        Which of the places of the key in the list is meant, where it has several.

    Returns
    -------
    Signer
        The one place that fits.

    Raises
    ------
    GateError
        When the key is not in the list, or several places fit.
    """
    fingerprint = keys.public_key(key).fingerprint
    mine = [signer for signer in load_trust(pilot.folder).signers if signer.key.fingerprint == fingerprint]
    if not mine:
        message = (
            f"The key {key.name} ({fingerprint}) is not in governance/allowed_signers. "
            f"Send its .pub file to whoever keeps the partnership's list of signers."
        )
        raise GateError(message)
    fitting = [one for one in mine if role in {"", one.role} and person in {"", one.person}]
    if len({one.principal for one in fitting}) != 1:
        places = ", ".join(sorted({one.principal for one in mine}))
        message = (
            f"The key {key.name} stands for {places}. Say which with --role, and with --as where that is not enough."
        )
        raise GateError(message)
    return fitting[0]


def prepare(
    pilot: Pilot, signer: Signer, items: Sequence[str], *, act: Act | None = None, all_ready: bool = False
) -> Prepared:
    """Choose what is signed, and refuse what this signer cannot sign now.

    Parameters
    ----------
    pilot
        The pilot.
    signer
        Whose key signs.
    items
        The ids of items; none with `all_ready`.
    act
        What is decided; an approval when not given.
    all_ready
        Whether to take all that is ready for the role.

    Returns
    -------
    Prepared
        What would be signed.

    Raises
    ------
    GateError
        When an item is of another role, is not ready, or nothing is.
    """
    act = act or Act()
    assessment = assess(pilot)
    evidence, _ = gather(pilot)
    person, role, organisation = _party(signer, act)
    if all_ready:
        items = [finding.item for finding in ready(assessment, role, organisation)]
        if not items:
            message = f"Nothing is ready for {role!r} to sign. {COMMAND} check says what is missing first."
            raise GateError(message)
    chosen = tuple(evidence.checklist.item(key) for key in items)
    for item in chosen:
        _check_may_sign(item, assessment.finding(item.id), signer, act, evidence)
    return Prepared(
        signer=signer, items=chosen, evidence=evidence, act=act, person=person, role=role, organisation=organisation
    )


def _party(signer: Signer, act: Act) -> tuple[str, str, str]:
    """Return the person, role and organisation that decide: the signer, or whom a witness signs for."""
    if not act.on_behalf:
        return signer.person, signer.role, signer.organisation
    person, _, rest = act.on_behalf.partition(":")
    role, _, organisation = rest.partition("@")
    if not (person and role and organisation and act.pull_request):
        message = "A person without a key is named as person:role@organisation, with --pull-request and its number."
        raise GateError(message)
    if signer.role not in WITNESSES:
        message = (
            f"A pull request is witnessed by one of {', '.join(sorted(WITNESSES))}; this key is of {signer.role!r}."
        )
        raise GateError(message)
    return person, role, organisation


def _check_may_sign(item: Item, finding: Finding, signer: Signer, act: Act, evidence: Evidence) -> None:
    """Refuse an item that the signer may not sign, or not now."""
    person, role, organisation = _party(signer, act)
    refused = f"{item.id} was not signed:"
    if item.by_machine:
        raise GateError(
            f"{refused} it is computed by the check, and nobody signs it. It {finding.state}: {finding.reason}."
        )
    if role not in item.signs:
        raise GateError(f"{refused} the {finding.signers} signs it, and this key stands for {role!r}.")
    analysts = evidence.people.holding("analyst") if evidence.people else frozenset()
    if role in INDEPENDENT and (evidence.people is None or person in analysts):
        why = f"{person} is an analyst of this pilot" if evidence.people else "governance/people.yml is not filled in"
        raise GateError(f"{refused} {why}. Whoever checks the analysis must not have done it.")
    if item.per_controller and organisation not in evidence.controllers:
        raise GateError(
            f"{refused} {organisation} is no controller in any flow; {', '.join(evidence.controllers)} are."
        )
    if finding.state == "not_required":
        raise GateError(f"{refused} it is not required ({finding.reason}).")
    if finding.state == "rejected" and act.decision.startswith("approve") and len(act.reason) < 5:
        raise GateError(f"{refused} it was rejected ({finding.reason}). Say with --reason what has changed since.")
    signable = finding.is_ready or act.decision in {"reject", "not_applicable"}
    if not signable and not finding.next_step.startswith("first "):
        raise GateError(
            f"{refused} it is {finding.state} ({finding.reason}). To do first: {finding.next_step or 'nothing'}."
        )
    if not signable:
        raise GateError(f"{refused} it comes after others: {finding.next_step}.")
