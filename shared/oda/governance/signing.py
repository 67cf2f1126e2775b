"""Signing: one item, or all that is ready for one role in one go, with one question for a passphrase."""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from oda.errors import GateError
from oda.governance import keys
from oda.governance.assessment import logged_classes
from oda.governance.checklist import Item
from oda.governance.evidence import Evidence
from oda.governance.log import append, read_log
from oda.governance.preparing import Prepared, witness
from oda.governance.signers import SIGNERS_FILE
from oda.governance.signoffs import SCHEMA, SIGNOFFS, Chain, SignOff, write_record
from oda.pilot import Pilot, in_words


def receipt(pilot: Pilot) -> str:
    """Return what a signer keeps: the hash of the log's last line, by which it can be shown to be whole later.

    Parameters
    ----------
    pilot
        The pilot.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return read_log(pilot.folder).head or ""


def sign(pilot: Pilot, prepared: Prepared, key: Path, *, now: dt.datetime | None = None) -> tuple[Path, ...]:
    """Sign what was prepared, and log each; a record that could not be logged is taken back.

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
    moment = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).replace(microsecond=0)
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
    chain = evidence.chains.get(item.id, Chain())
    if chain.fault:
        raise GateError(f"{item.id} was not signed: {chain.fault}.")
    days = min(act.days or item.valid_days, item.valid_days)
    whose = prepared.organisation if item.per_controller else ""
    seen = witness(prepared.signer, act)
    content = {
        "schema": SCHEMA,
        "pilot": evidence.slug,
        "item": item.id,
        "seq": len(chain.records) + 1,
        "decision": act.decision,
        "signer": prepared.person,
        "role": prepared.role,
        "organisation": prepared.organisation,
        "signed_at": moment.isoformat().replace("+00:00", "Z"),
        "expires": (moment.date() + dt.timedelta(days=days)).isoformat(),
        "conditions": list(act.conditions),
        "reason": act.reason,
        "pull_request": seen.model_dump() if seen else None,
        "controllers": list(evidence.controllers) if item.per_controller else [],
        "subjects": [one.model_dump() for one in evidence.hashes(item, whose).values()],
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
    except ValidationError as error:
        raise GateError(f"{item.id} was not signed: {in_words('the sign-off', error)}") from error
    return content


def _check_verifies(pilot: Pilot, draft: Path, content: bytes, prepared: Prepared, moment: dt.datetime) -> None:
    """Refuse a signature that the check would not accept, before anything is kept."""
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
    known = logged_classes(prepared.evidence.datasets)
    body = {"item": item.id, "seq": int(kept.stem.rpartition("-")[2]), "sha256": digest, **known}
    try:
        append(pilot.folder, "sign", {**body, "decision": prepared.act.decision}, now=moment)
    except BaseException:  # Ctrl-C too: a record that is not in the log would make its item invalid
        kept.unlink()
        kept.with_name(f"{kept.name}.sig").unlink()
        raise
    return kept
