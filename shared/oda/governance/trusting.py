"""What every sign-off rests on, item E03: the list of signers, the log, the clock and this software itself."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from oda.errors import COMMAND
from oda.governance import keys
from oda.governance.evidence import Evidence
from oda.governance.log import LOG_FILE, latest
from oda.governance.probes.check import Check
from oda.governance.signers import SIGNERS_FILE
from oda.governance.signoffs import SIGNOFFS, SLACK
from oda.governance.trust import MACHINE_FILE, VARIABLE

PACKAGE = Path(__file__).resolve().parents[1]
NAMED = 3


def trust_checks(evidence: Evidence) -> tuple[Check, ...]:
    """Look at what every sign-off rests on.

    Parameters
    ----------
    evidence
        The list of signers, the log, the sign-offs and the moment.

    Returns
    -------
    tuple of Check
        One for each thing; not known where no list is pinned yet.
    """
    return (*_list(evidence), *_log(evidence), *_items(evidence), _clock(evidence), *_software(evidence.folder))


def _list(evidence: Evidence) -> Iterator[Check]:
    """Look at the list of signers and its pin."""
    trust = evidence.trust
    for fault in trust.faults:
        yield Check(finding=fault, passed=False, mend="have it mended by whoever keeps the partnership's list")
    if not trust.sha256:
        mend = (
            f"add each signer's key with {COMMAND} keys add, have the partnership agree the list, "
            f"and pin its SHA-256 outside the project, where {COMMAND} trust says"
        )
        yield Check(finding=f"there is no {SIGNERS_FILE}", passed=None, mend=mend)
    elif trust.matches is None:
        mend = (
            f"have the partnership agree the list, and pin the SHA-256 that {COMMAND} trust prints "
            f"in {MACHINE_FILE} or as {VARIABLE}"
        )
        yield Check(finding=f"nothing outside the project says which {SIGNERS_FILE} is right", passed=None, mend=mend)
    elif not trust.matches:
        mend = "restore it from the partnership's list, or have the new one's SHA-256 set there"
        yield Check(finding=f"{SIGNERS_FILE} is not the list that {trust.place} holds", passed=False, mend=mend)
    else:
        yield Check(finding=f"{SIGNERS_FILE} is the list that {trust.place} holds", passed=True)
    if keys.find_keygen() is None:
        mend = "install the OpenSSH client (on Windows an optional feature; on Debian openssh-client)"
        yield Check(finding="signatures cannot be verified without ssh-keygen", passed=None, mend=mend)


def _log(evidence: Evidence) -> Iterator[Check]:
    """Look at the chain of the log, and at what git remembers of it and of the sign-offs."""
    for fault in dict.fromkeys((*evidence.log.faults, *evidence.history_faults, *_broken(evidence))):
        yield Check(finding=fault, passed=False, mend=f"restore {LOG_FILE} and the sign-offs from where they were kept")
    if not evidence.log.faults:
        yield Check(finding=f"the log of decisions is whole, with {len(evidence.log.entries)} lines", passed=True)


def _broken(evidence: Evidence) -> Iterator[str]:
    """Yield why the chain of an item's sign-offs, or the log under it, is not as it was when it was signed."""
    yield from (chain.fault for chain in evidence.chains.values() if chain.fault)


def _items(evidence: Evidence) -> Iterator[Check]:
    """Look for items that were signed or asked for once and are gone: a pilot adds items and never removes one."""
    asked = [entry.body.get("missing") for entry in evidence.log.entries if entry.event == "gate"]
    known = {str(item) for items in asked if isinstance(items, list) for item in items} | set(evidence.chains)
    gone = sorted(known - {item.id for item in evidence.checklist.items})
    if gone:
        found = f"the checklist had {', '.join(gone[:NAMED])} before, by {LOG_FILE} or {SIGNOFFS}, and has no longer"
        yield Check(finding=found, passed=False, mend="restore governance/checklist.yml: an item is never removed")


def _clock(evidence: Evidence) -> Check:
    """Hold the clock against what is already dated; dates that have passed must not come back."""
    signed = [r.signoff.signed_at for chain in evidence.chains.values() for r in chain.records if r.signoff]
    known = [moment for moment in (latest(evidence.log), *signed) if moment is not None]
    if known and max(known) > evidence.now + SLACK:
        found = f"the clock says {evidence.now:%Y-%m-%d %H:%M}, and something here is dated {max(known):%Y-%m-%d %H:%M}"
        return Check(finding=found, passed=False, mend="set the clock of this machine right")
    return Check(finding="the clock agrees with the log and the sign-offs", passed=True)


def _software(folder: Path) -> Iterator[Check]:
    """Hold this package against the wheel that the pilot was made with, where there is one."""
    wheels = sorted((folder / "vendor").glob("*.whl"))
    if not wheels and not (folder / "start.py").exists():
        return  # not a pilot as the template makes it
    if len(wheels) != 1 or not wheels[0].is_file():
        found = f"vendor/ holds {len(wheels)} wheels, and one is right: the one this pilot was made with"
        yield Check(finding=found, passed=False, mend="restore vendor/ from where the pilot came from")
        return
    wheel = wheels[0]
    try:
        fault = _wheel_fault(wheel)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, StopIteration) as error:
        fault = f"vendor/{wheel.name} cannot be read ({error})"
    if fault:
        yield Check(finding=fault, passed=False, mend="restore vendor/ and delete .venv; start.py installs it anew")
    else:
        yield Check(finding=f"this software is that of vendor/{wheel.name}", passed=True)


def _wheel_fault(wheel: Path) -> str:
    """Say how the wheel differs from its hash, or this software from the wheel; nothing where all is the same."""
    named = wheel.with_name("SHA256SUMS").read_text(encoding="utf-8").split()
    if named != [hashlib.sha256(wheel.read_bytes()).hexdigest(), wheel.name]:
        return f"vendor/{wheel.name} is not the file that vendor/SHA256SUMS names"
    changed = _changed(wheel)
    more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
    named_files = ", ".join(changed[:NAMED])
    return f"this software is not that of vendor/{wheel.name}: {named_files}{more} differs" if changed else ""


def _changed(wheel: Path) -> list[str]:
    """Return the files of the wheel that are not installed as they are in it."""
    with zipfile.ZipFile(wheel) as archive:
        record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(io.StringIO(archive.read(record).decode("utf-8"))))
    wanted = {row[0]: row[1].removeprefix("sha256=") for row in rows if row and row[0].startswith("oda/") and row[1]}
    return sorted(name for name, digest in wanted.items() if _digest(_installed(name)) != digest)


def _installed(name: str) -> Path:
    """Return where a file of the wheel is installed; the report builder may lie beside, in the template itself."""
    path = PACKAGE / Path(name).relative_to("oda")
    if path.is_file() or not name.startswith("oda/reports/"):
        return path
    import oda.reports

    return Path(str(oda.reports.__file__)).parent / Path(name).relative_to("oda/reports")


def _digest(path: Path) -> str:
    """Return the hash of a file as a wheel has it."""
    content = path.read_bytes() if path.is_file() else b""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
