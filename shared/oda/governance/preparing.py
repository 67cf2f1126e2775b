"""Before signing: whose key it is, what is ready for a role, and what this signer may not sign, or not now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from oda.errors import COMMAND, GateError, SigningError
from oda.governance import keys
from oda.governance.assessing import assess
from oda.governance.assessment import Assessment, Finding
from oda.governance.checklist import Item
from oda.governance.evidence import Evidence
from oda.governance.gathering import gather
from oda.governance.independence import independence_faults
from oda.governance.signers import Signer
from oda.governance.signoffs import Decision, PullRequest
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
    return person, role, organisation


def witness(signer: Signer, act: Act) -> PullRequest | None:
    """Return the pull request that a signer saw someone decide in.

    Parameters
    ----------
    signer
        Whose key signs.
    act
        What is decided, and for whom.

    Returns
    -------
    PullRequest or None
        Nothing where the signer decides.
    """
    if not (act.on_behalf and act.pull_request):
        return None
    return PullRequest(
        number=act.pull_request,
        witness=signer.person,
        witness_role=signer.role,  # type: ignore[arg-type]  # checked by the model
        witness_organisation=signer.organisation,
    )


def _check_may_sign(item: Item, finding: Finding, signer: Signer, act: Act, evidence: Evidence) -> None:
    """Refuse an item that the signer may not sign, or not now."""
    for fault in (*_not_theirs(item, finding, signer, act, evidence), *_not_now(finding, act)):
        raise GateError(f"{item.id} was not signed: {fault}.")


def _not_theirs(item: Item, finding: Finding, signer: Signer, act: Act, evidence: Evidence) -> Iterator[str]:
    """Yield why this signer cannot decide so about an item, whatever its state."""
    person, role, organisation = _party(signer, act)
    if item.by_machine:
        yield f"nobody signs it, the check computes it: {finding.state}, {finding.reason}"
    elif role not in item.signs:
        yield f"the {finding.signers} signs it, and this key stands for {role!r}"
    yield from independence_faults(role, person, organisation, witness(signer, act), evidence)
    if item.per_controller and organisation not in evidence.controllers:
        yield f"{organisation} is no controller in any flow; {', '.join(evidence.controllers)} are"
    if act.decision == "not_applicable" and item.never_na:
        yield "it applies to every pilot, so nobody can say that it does not"


def _not_now(finding: Finding, act: Act) -> Iterator[str]:
    """Yield why an item cannot be decided about so as it stands; one that is signed can be signed again."""
    if finding.state == "not_required":
        yield f"it is not required ({finding.reason})"
    elif finding.state == "rejected" and act.decision.startswith("approve") and len(act.reason) < 5:
        yield f"it was rejected ({finding.reason}); say with --reason what has changed since"
    elif not (finding.is_ready or finding.passes or act.decision in {"reject", "not_applicable"}):
        yield f"it is {finding.state} ({finding.reason}). To do before: {finding.next_step}"
