"""The trust root: what the list of signers must be, held outside the project.

Whoever can edit the project can edit its list of signers. So the list's SHA-256 stands in a file of the
machine, which only its administrator should be able to write; or, weaker, in an environment variable.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from oda.governance.signers import SIGNERS_FILE, Signer, read_signers

VARIABLE = "ODA_IG_TRUST_SHA256"
# Not %ProgramData%: a variable is in the hand of whoever starts the program.
MACHINE_FILE = Path("C:/ProgramData/oda/trust.sha256" if os.name == "nt" else "/etc/oda/trust.sha256")
LARGEST = 1_000_000  # bytes
_PIN = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Trust:
    """The list of signers, its SHA-256, and what that must be."""

    signers: tuple[Signer, ...]
    faults: tuple[str, ...]
    sha256: str  # of the list; empty when there is none
    pin: str  # the one that the list equals, else the first
    pinned_by: Literal["machine", "environment", ""]
    place: str  # where the pin is, or should be

    @property
    def matches(self) -> bool | None:
        """Whether the list is the one that is pinned; None when nothing is pinned or there is no list."""
        if not self.pinned_by or not self.sha256:
            return None
        return self.pin == self.sha256


def load_trust(folder: Path) -> Trust:
    """Read a pilot's list of signers and the pin outside the pilot.

    The machine's file may hold several lines, a SHA-256 and any words, one for each pilot. Where it
    exists, even empty, the environment variable does not count.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    Trust
        With the faults of both in sentences; an absent list is no fault.
    """
    data, unread = _list(folder)
    try:
        signers, faults = read_signers(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        signers, faults = (), (f"{SIGNERS_FILE} is not UTF-8. Save it as UTF-8.",)
    sha256 = hashlib.sha256(data).hexdigest() if data else ""
    pins, pinned_by, malformed = _pins(folder)
    return Trust(
        signers=signers,
        faults=(*unread, *faults, *malformed),
        sha256=sha256,
        pin=sha256 if sha256 in pins else next(iter(pins), ""),
        pinned_by=pinned_by,
        place=f"the environment variable {VARIABLE}" if pinned_by == "environment" else str(MACHINE_FILE),
    )


def _list(folder: Path) -> tuple[bytes, list[str]]:
    """Return the bytes of the list, none where it is absent or may not be read, and why."""
    path = folder / SIGNERS_FILE
    if path.is_symlink() or path.parent.is_symlink():
        return b"", [f"{SIGNERS_FILE} is a link to another place. Put the file itself there."]
    if not path.exists():
        return b"", []
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return b"", [f"{SIGNERS_FILE} is no file, or larger than {LARGEST:,} bytes. Put the list of signers there."]
        return path.read_bytes(), []
    except OSError as error:
        return b"", [f"{SIGNERS_FILE} cannot be read ({error.strerror}). Let it be read."]


def _pins(folder: Path) -> tuple[list[str], Literal["machine", "environment", ""], list[str]]:
    """Return the pins in small letters, where they are from, and what is malformed."""
    if os.path.lexists(MACHINE_FILE):
        pins, faults = _machine(folder)
        return pins, "machine", faults
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return [], "", []
    if _PIN.fullmatch(text):
        return [text.lower()], "environment", []
    return [], "environment", [f"{VARIABLE} is {text[:20]!r}, not a SHA-256. Set it to 64 characters, 0-9 and a-f."]


def _machine(folder: Path) -> tuple[list[str], list[str]]:
    """Return the pins of the machine's file, and what is malformed in it."""
    if MACHINE_FILE.resolve().is_relative_to(folder.resolve()):
        return [], [f"{MACHINE_FILE} leads into the pilot's own folder. Put the file itself there."]
    if not MACHINE_FILE.is_file():
        return [], [f"{MACHINE_FILE} is no file. Ask the machine's administrator to put a file there."]
    try:
        lines = MACHINE_FILE.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return [], [f"{MACHINE_FILE} cannot be read as UTF-8 text. Ask the machine's administrator to mend it."]
    pins, faults = [], []
    for number, line in enumerate(lines, start=1):
        first, *_ = (*line.split(maxsplit=1), "")
        if _PIN.fullmatch(first):
            pins.append(first.lower())
        elif first and not first.startswith("#"):
            faults.append(f"{MACHINE_FILE}, line {number}: {first[:20]!r} is not a SHA-256. Write 64 characters first.")
    if not pins and not faults:
        faults.append(f"{MACHINE_FILE} holds no SHA-256. Write that of {SIGNERS_FILE} into it.")
    return pins, faults
