"""Signing: one item, or all that is ready for one role in one go, with one question for a passphrase."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oda.errors import COMMAND, GateError
from oda.governance import keys
from oda.governance.assessing import assess
from oda.governance.assessment import Assessment, Finding
from oda.governance.checklist import Item
from oda.governance.evidence import Evidence
from oda.governance.gathering import gather
from oda.governance.log import append
from oda.governance.signers import Signer
from oda.governance.signoffs import SCHEMA, SIGNOFFS, Chain, Decision, PullRequest, SignOff, write_record
from oda.governance.standing import INDEPENDENT, WITNESSES
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
    organisation
        For which organisation.
    """

    signer: Signer
    items: tuple[Item, ...]
    evidence: Evidence
    act: Act
    organisation: str


def ready(assessment: Assessment, role: str, organisation: str = "") -> tuple[Finding, ...]:
    """Return what a role can sign now.

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
        and role in finding.roles
        and (not finding.waiting_for or not organisation or organisation in finding.waiting_for)
    )


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
    from oda.governance.trust import load_trust

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
    _, role, organisation = _party(signer, act)
    if all_ready:
        items = [finding.item for finding in ready(assessment, role, organisation)]
        if not items:
            message = f"Nothing is ready for {role!r} to sign. {COMMAND} check says what is missing first."
            raise GateError(message)
    chosen = tuple(evidence.checklist.item(key) for key in items)
    for item in chosen:
        _check_may_sign(item, assessment.finding(item.id), signer, act, evidence)
    return Prepared(signer=signer, items=chosen, evidence=evidence, act=act, organisation=organisation)


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
    signable = finding.is_ready or act.decision in {"reject", "not_applicable"}
    if not signable and not finding.next_step.startswith("first "):
        raise GateError(
            f"{refused} it is {finding.state} ({finding.reason}). To do first: {finding.next_step or 'nothing'}."
        )
    if not signable:
        raise GateError(f"{refused} it comes after others: {finding.next_step}.")


def sign(pilot: Pilot, prepared: Prepared, key: Path, *, now: dt.datetime | None = None) -> tuple[Path, ...]:
    """Sign what was prepared, and log it; all of it or nothing.

    Parameters
    ----------
    pilot
        The pilot.
    prepared
        What is signed, as the signer was shown it.
    key
        The private key.
    now
        When, with a time zone; the clock's time when not given.

    Returns
    -------
    tuple of Path
        The records written, each with its `.sig` beside it.

    Raises
    ------
    GateError
        When the log is broken or the clock was set back.
    SigningError
        When the key cannot sign.
    """
    moment = (now or dt.datetime.now(dt.UTC)).replace(microsecond=0)
    folder = pilot.folder / SIGNOFFS
    folder.mkdir(parents=True, exist_ok=True)
    contents = {item: write_record(_record(item, prepared, moment)) for item in prepared.items}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".signing-") as name:
        drafts = {item: Path(name) / _file_name(item, prepared.evidence) for item in prepared.items}
        for item, draft in drafts.items():
            draft.write_bytes(contents[item])
        keys.sign_files(list(drafts.values()), key)
        for item, draft in drafts.items():
            _check_verifies(pilot, draft, contents[item], prepared, moment)
        return tuple(_keep(pilot, draft, item, prepared, moment) for item, draft in drafts.items())


def _file_name(item: Item, evidence: Evidence) -> str:
    """Return the name of the next record of an item."""
    return f"{item.id}-{len(evidence.chains.get(item.id, Chain()).records) + 1}.json"


def _record(item: Item, prepared: Prepared, moment: dt.datetime) -> dict[str, Any]:
    """Return the record of one decision, checked."""
    evidence, act = prepared.evidence, prepared.act
    person, role, organisation = _party(prepared.signer, act)
    chain = evidence.chains.get(item.id, Chain())
    if chain.fault:
        raise GateError(f"{item.id} was not signed: {chain.fault}.")
    days = min(act.days or item.valid_days, item.valid_days)
    seen = None
    if act.on_behalf and act.pull_request:
        seen = PullRequest(
            number=act.pull_request,
            witness=prepared.signer.person,
            witness_role=prepared.signer.role,  # type: ignore[arg-type]  # checked by the model
            witness_organisation=prepared.signer.organisation,
        )
    content = {
        "schema": SCHEMA,
        "pilot": evidence.slug,
        "item": item.id,
        "seq": len(chain.records) + 1,
        "decision": act.decision,
        "signer": person,
        "role": role,
        "organisation": organisation,
        "signed_at": moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "expires": (moment.date() + dt.timedelta(days=days)).isoformat(),
        "conditions": list(act.conditions),
        "reason": act.reason,
        "pull_request": seen.model_dump() if seen else None,
        "controllers": list(evidence.controllers) if item.per_controller else [],
        "subjects": [one.model_dump() for one in _subjects(item, prepared)],
        "checklist": {
            "version": evidence.checklist.version,
            "sha256": evidence.checklist.sha256,
            "item_sha256": evidence.checklist.item_sha256(item),
        },
        "log": evidence.log.head,
        "prev": chain.records[-1].sha256 if chain.records else None,
    }
    try:
        SignOff.model_validate(content)
    except ValueError as error:
        from oda.pilot import in_words

        raise GateError(f"{item.id} was not signed: {in_words('the sign-off', error)}") from error  # type: ignore[arg-type]
    return content


def _subjects(item: Item, prepared: Prepared) -> Iterable[Any]:
    """Return what the record binds: the files as they were read."""
    return prepared.evidence.hashes(item, prepared.organisation if item.per_controller else "").values()


def _check_verifies(pilot: Pilot, draft: Path, content: bytes, prepared: Prepared, moment: dt.datetime) -> None:
    """Refuse a signature that the check would not accept, before anything is kept."""
    from oda.governance.signers import SIGNERS_FILE

    signature = draft.with_name(f"{draft.name}.sig").read_bytes()
    principal = prepared.signer.principal
    fault = keys.verify(content, signature, signers=pilot.folder / SIGNERS_FILE, principal=principal, at=moment)
    if fault:
        raise GateError(f"{draft.stem} was not signed: {fault}.")


def _keep(pilot: Pilot, draft: Path, item: Item, prepared: Prepared, moment: dt.datetime) -> Path:
    """Put a signed record in its place and log it; the log comes last, and without it the record does not count."""
    folder = pilot.folder / SIGNOFFS
    kept = folder / draft.name
    if kept.exists():
        raise GateError(f"{kept.name} was written by someone else meanwhile. Nothing was lost; sign again.")
    draft.with_name(f"{draft.name}.sig").replace(folder / f"{draft.name}.sig")
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()
    draft.replace(kept)
    known = {dataset.name: dataset.data_class for dataset in prepared.evidence.datasets}
    body = {"item": item.id, "seq": int(kept.stem.rpartition("-")[2]), "sha256": digest, "classes": known}
    try:
        append(pilot.folder, "sign", {**body, "decision": prepared.act.decision}, now=moment)
    except GateError:
        kept.unlink()
        kept.with_name(f"{kept.name}.sig").unlink()
        raise
    return kept
