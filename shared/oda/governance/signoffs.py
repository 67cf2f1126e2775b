"""Sign-off records, `governance/signoffs/<ITEM>-<n>.json`: what was signed, by whom, and the chain they stand in."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from oda.governance.files.base import Id, Role, Sha256
from oda.governance.log import LOG_FILE, Entry, Log
from oda.pilot import Settings, in_words

SIGNOFFS = "governance/signoffs"
SCHEMA = "oda-ig-signoff/1"
NAME = re.compile(r"([A-Z][0-9]{2})-([1-9][0-9]{0,3})\.json")
LARGEST = 1 << 24  # bytes of a record: one about 3,500 flows has a twentieth
SLACK = dt.timedelta(minutes=5)  # clocks of two machines differ by no more

Decision = Literal["approve", "approve_with_conditions", "reject", "not_applicable"]


class SignedSubject(Settings):
    """One file, or parts of it, with the hash of its canonical form at the time of signing."""

    path: str  # compared with where files are, never opened
    parts: tuple[str, ...] = ()
    sha256: Sha256
    canon: Literal["yaml-json-1", "csv-json-1", "bytes"]
    whole: Sha256  # of the whole file: where it is the same, so are all parts, which saves hashing them


class SignedChecklist(Settings):
    """The checklist that the item was signed under."""

    version: str
    sha256: Sha256
    item_sha256: Sha256


class PullRequest(Settings):
    """The approval of a person without a key: where it was given, and who saw it there and signs for that."""

    number: int = Field(ge=1)
    witness: Id
    witness_role: Role
    witness_organisation: Id


class SignOff(Settings):
    """One decision about one item, as it is signed."""

    schema_: Literal["oda-ig-signoff/1"] = Field(alias="schema")
    pilot: str
    item: str = Field(pattern=r"^[A-Z]\d{2}$")
    seq: int = Field(ge=1)
    decision: Decision
    signer: Id
    role: Role
    organisation: Id
    signed_at: AwareDatetime
    expires: dt.date
    conditions: tuple[str, ...] = ()
    reason: str = ""
    pull_request: PullRequest | None = None
    controllers: tuple[Id, ...] = ()  # all that there were, where each signs
    subjects: tuple[SignedSubject, ...]
    checklist: SignedChecklist
    log: Sha256 | None
    prev: Sha256 | None

    @model_validator(mode="after")
    def _check_reasons(self) -> Self:
        """Refuse a rejection or a not-applicable without its reason, and conditions that are not said."""
        if self.decision in {"reject", "not_applicable"} and len(self.reason.strip()) < 5:
            message = f"{self.decision} needs a reason, in five letters or more"
            raise ValueError(message)
        if (self.decision == "approve_with_conditions") != bool(self.conditions):
            message = "approve_with_conditions and conditions go together"
            raise ValueError(message)
        if not self.subjects and self.decision == "approve":
            message = "an approval is about at least one file"
            raise ValueError(message)
        return self

    @property
    def principal(self) -> str:
        """The principal whose key signs the record: the signer's own, or that of the witness of a pull request."""
        if self.pull_request:
            seen = self.pull_request
            return f"{seen.witness}:{seen.witness_role}@{seen.witness_organisation}"
        return f"{self.signer}:{self.role}@{self.organisation}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One sign-off as it lies in the folder.

    Attributes
    ----------
    place
        Its path inside the pilot.
    content
        The exact bytes, which are what is signed.
    signature
        The bytes of `<place>.sig`; empty where there is none.
    signoff
        The checked record; nothing where it cannot be read.
    fault
        Why it cannot be read; empty otherwise.
    """

    place: str
    content: bytes
    signature: bytes
    signoff: SignOff | None
    fault: str = ""

    @property
    def sha256(self) -> str:
        """The hash by which the next record and the log name this one."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """The sign-offs of one item in order, and why they cannot be relied on, if so.

    Attributes
    ----------
    records
        In order of their number.
    fault
        What is missing or was changed; empty where the chain is whole.
    """

    records: tuple[Record, ...] = ()
    fault: str = ""


def write_record(content: Mapping[str, Any]) -> bytes:
    """Write a record for people to read and for one exact signature: a line a name, and a line a file.

    Parameters
    ----------
    content
        The record, plain types.

    Returns
    -------
    bytes
        UTF-8 JSON with line ends of Linux.
    """
    lines = []
    for name, value in content.items():
        if name == "subjects" and value:
            files = ",\n  ".join(json.dumps(one, ensure_ascii=False) for one in value)
            lines.append(f' "{name}": [\n  {files}\n ]')
        else:
            lines.append(f' "{name}": {json.dumps(value, ensure_ascii=False)}')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def read_chains(folder: Path, log: Log) -> tuple[dict[str, Chain], tuple[str, ...]]:
    """Read every sign-off and hold each item's chain together: numbers, links, and what the log knows.

    Parameters
    ----------
    folder
        The pilot's folder.
    log
        The log, in which each sign-off stands when it was made.

    Returns
    -------
    chains : dict of Chain
        By item; an item that the log knows sign-offs of is there even when all its files are gone.
    strays : tuple of str
        A sentence on each file that is no sign-off.
    """
    records: dict[str, dict[int, Record]] = {}
    strays = []
    for path in sorted((folder / SIGNOFFS).glob("*.json")):
        named = NAME.fullmatch(path.name)
        if named:
            records.setdefault(named[1], {})[int(named[2])] = _read(folder, path)
        else:
            strays.append(f"{SIGNOFFS}/{path.name} is not named as a sign-off is, such as P01-1.json.")
    known = _known(log)
    heads = {entry.sha256: entry.number for entry in log.entries}
    items = sorted({*records, *known})
    chains = {item: _chain(item, records.get(item, {}), known.get(item, {}), heads) for item in items}
    return chains, tuple(strays)


def _known(log: Log) -> dict[str, dict[int, Entry]]:
    """Return the log's entry on each sign-off, by item and number."""
    known: dict[str, dict[int, Entry]] = {}
    for entry in log.entries:
        named = NAME.fullmatch(f"{entry.body.get('item')}-{entry.body.get('seq')}.json")
        if entry.event == "sign" and named:
            known.setdefault(named[1], {}).setdefault(int(named[2]), entry)  # a later line replaces no sign-off
    return known


def _read(folder: Path, path: Path) -> Record:
    """Read one record and its signature."""
    place = path.relative_to(folder).as_posix()
    signature = path.with_name(f"{path.name}.sig")
    if fault := _odd(path) or (_odd(signature) if os.path.lexists(signature) else ""):
        return Record(place=place, content=b"", signature=b"", signoff=None, fault=f"{place} {fault}")
    content = path.read_bytes()
    signed = signature.read_bytes() if signature.is_file() else b""
    try:
        signoff = SignOff.model_validate(json.loads(content, object_pairs_hook=_once))
    except ValidationError as error:
        fault = in_words(place, error)
    except (ValueError, RecursionError) as error:
        fault = f"{place} cannot be read: {error}"
    else:
        fault = "" if f"{signoff.item}-{signoff.seq}.json" == path.name else f"{place} is the sign-off of another item"
        return Record(place=place, content=content, signature=signed, signoff=signoff, fault=fault)
    return Record(place=place, content=content, signature=signed, signoff=None, fault=fault)


def _odd(path: Path) -> str:
    """Say that a file of the folder is none, is too large or lies behind a link; nothing where all is well."""
    about = path.lstat()
    if stat.S_ISLNK(about.st_mode) or path.parent.is_symlink() or path.parent.parent.is_symlink():
        return "is a link, or lies behind one"
    if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
        return "is no file, or is too large for a sign-off"
    return ""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a mapping; refuse a name given twice, which two readers could take in two ways."""
    made = dict(pairs)
    if len(made) != len(pairs):
        message = "a name is given twice"
        raise ValueError(message)
    return made


def _chain(item: str, records: Mapping[int, Record], known: Mapping[int, Entry], heads: Mapping[str, int]) -> Chain:
    """Put the records of one item in order and say what is missing, changed or not in the log."""
    ordered = tuple(record for _, record in sorted(records.items()))
    gone = sorted(set(range(1, max([*records, *known, 0]) + 1)) - set(records))
    if gone:
        names = ", ".join(f"{item}-{number}.json" for number in gone)
        return Chain(records=ordered, fault=f"{names} is missing from {SIGNOFFS}; restore it from where it was kept")
    previous: str | None = None
    for number, record in sorted(records.items()):
        fault = record.fault or _link_fault(record, previous, known.get(number), heads)
        if fault:
            return Chain(records=ordered, fault=fault)
        previous = record.sha256
    return Chain(records=ordered)


def _link_fault(record: Record, previous: str | None, entry: Entry | None, heads: Mapping[str, int]) -> str:
    """Say what is wrong with a record's place in the chain and the log."""
    signoff = record.signoff
    if signoff is not None and signoff.prev != previous:
        return f"{record.place} does not follow the sign-off before it; one of the two was changed after signing"
    if entry is None:
        return f"{record.place} is not in {LOG_FILE}; take it and its .sig away, and sign with the command"
    if entry.body.get("sha256") != record.sha256:
        return f"{record.place} was changed after it was signed"
    if signoff is not None and abs(signoff.signed_at - entry.time) > SLACK:
        return f"{record.place} is dated {signoff.signed_at:%Y-%m-%d %H:%M}, and logged {entry.time:%Y-%m-%d %H:%M}"
    if signoff is not None and signoff.log is not None and heads.get(signoff.log, entry.number) >= entry.number:
        return f"{LOG_FILE} is not the one that stood when {record.place} was signed; restore it"
    return ""
