"""What every sign-off rests on, item E03: the list of signers, the log, the clock and this software itself."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from oda.governance import keys
from oda.governance.evidence import Evidence
from oda.governance.history import committed_faults
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
        mend = f"get {SIGNERS_FILE} from whoever keeps the partnership's list of signers"
        yield Check(finding=f"there is no {SIGNERS_FILE}", passed=None, mend=mend)
    elif trust.matches is None:
        mend = (
            f"get its SHA-256 from whoever keeps the partnership's list, and set it in {MACHINE_FILE} or as {VARIABLE}"
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
    for fault in (*evidence.log.faults, *committed_faults(evidence.folder)):
        yield Check(finding=fault, passed=False, mend=f"restore {LOG_FILE} and the sign-offs from where they were kept")
    if not evidence.log.faults:
        yield Check(finding=f"the log of decisions is whole, with {len(evidence.log.entries)} lines", passed=True)


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
    wheels = sorted((folder / "vendor").glob("oda_toolkit-*.whl"))
    if not wheels:
        return
    try:
        changed = _changed(wheels[-1])
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        yield Check(finding=f"vendor/{wheels[-1].name} cannot be read ({error})", passed=False, mend="restore it")
        return
    if changed:
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        found = f"this software is not that of vendor/{wheels[-1].name}: {', '.join(changed[:NAMED])}{more} differs"
        yield Check(finding=found, passed=False, mend="delete .venv; start.py installs it anew")
    else:
        yield Check(finding=f"this software is that of vendor/{wheels[-1].name}", passed=True)


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
