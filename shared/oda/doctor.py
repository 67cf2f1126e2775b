"""What this machine has and lacks for a pilot, and how to mend it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from oda.errors import COMMAND
from oda.pilot import Pilot

ENOUGH_DISK = 500_000_000  # bytes free for runs and reports
LONGEST_FOLDER = 120  # characters; with the longest file of a pilot this stays under Windows' 260


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing looked at: whether it is well, what was found, and the fix when it is not.

    Attributes
    ----------
    name
        What was looked at.
    ok
        Whether it is well.
    found
        What was found.
    fix
        What to do; empty when it is well.
    needed
        Whether the pilot cannot work without it.
    """

    name: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True


def examine(pilot: Pilot) -> tuple[Check, ...]:
    """Look at everything that a pilot needs on this machine.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    tuple of Check
        In the order in which to mend them.
    """
    looks: list[Callable[[Path], Iterator[Check]]]
    looks = [_python, _packages, _wheel, _kernel, _renderers, _folder, _signing, _git]
    return tuple(check for look in looks for check in look(pilot.folder))


def _python(_: Path) -> Iterator[Check]:
    """Look at the version of Python."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check(
        name="Python 3.11 or newer", ok=sys.version_info >= (3, 11), found=version, fix="Install Python 3.11 or newer."
    )


def _packages(folder: Path) -> Iterator[Check]:
    """Look whether the installed packages are those of the lock."""
    lock = folder / "requirements" / "run.txt"
    lines = lock.read_text(encoding="utf-8").splitlines() if lock.is_file() else []
    pinned = dict(line.split(" ")[0].split("==") for line in lines if "==" in line and ";" not in line)
    wrong = [name for name, version in pinned.items() if _installed(name) != version]
    found = f"{len(pinned) - len(wrong)} of {len(pinned)} as in the lock"
    fix = f"Differs: {', '.join(wrong[:5])}. Delete the folder .venv, then: {COMMAND} check"
    yield Check(name="Packages", ok=bool(pinned) and not wrong, found=found, fix=fix)


def _installed(name: str) -> str:
    """Return the installed version of a package, or nothing."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _wheel(folder: Path) -> Iterator[Check]:
    """Look whether the vendored wheel is the one the pilot was made with."""
    sums = folder / "vendor" / "SHA256SUMS"
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    wrong = [
        name for digest, name in (line.split() for line in lines) if _digest(sums.parent / name.lstrip("*")) != digest
    ]
    found = (
        "changed: " + ", ".join(wrong) if wrong else f"{len(lines)} file as made" if lines else "no vendor/SHA256SUMS"
    )
    fix = "Take the folder vendor/ again from where this pilot came from."
    yield Check(name="The oda wheel in vendor/", ok=bool(lines) and not wrong, found=found, fix=fix)


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, or nothing when it is absent."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _kernel(_: Path) -> Iterator[Check]:
    """Look whether notebooks run in this very Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        program = "none"
    here = Path(program).name.startswith("python") and (
        program == "python" or Path(program).resolve() == Path(sys.executable).resolve()
    )
    fix = f"Start JupyterLab with: {COMMAND} lab"
    yield Check(name="Notebook kernel", ok=here, found="this Python" if here else program, fix=fix)


def _renderers(_: Path) -> Iterator[Check]:
    """Look for Quarto and for the built-in renderer."""
    import pypandoc
    import typst

    from oda.reports import quarto

    program = quarto.find()
    yield Check(
        name="Quarto",
        ok=program is not None,
        found=str(program) if program else "not found",
        fix="Not needed: the built-in renderer makes the reports. To use Quarto, install it and put it on the PATH.",
        needed=False,
    )
    try:
        pandoc = pypandoc.get_pandoc_version()
        typst.compile(b"ready", format="pdf")
        found, ok = f"pandoc {pandoc} and Typst", True
    except (OSError, RuntimeError) as error:
        found, ok = str(error), False
    yield Check(
        name="Built-in renderer", ok=ok, found=found, fix="Ask IT to allow the pandoc program in .venv, or use Quarto."
    )


def _folder(folder: Path) -> Iterator[Check]:
    """Look at the folder: writable, enough room, a short path."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            writable = True
    except OSError:
        writable = False
    yield Check(
        name="Folder can be written to",
        ok=writable,
        found="yes" if writable else "no",
        fix="Move the pilot to a folder of your own.",
    )
    free = shutil.disk_usage(folder).free
    yield Check(name="Disk", ok=free > ENOUGH_DISK, found=f"{free / 1e9:.1f} GB free", fix="Free at least 0.5 GB.")
    length = len(str(folder))
    yield Check(
        name="Length of the path",
        ok=length <= LONGEST_FOLDER,
        found=f"{length} characters",
        fix="Move the pilot to a shorter path; Windows stops at 260 characters.",
        needed=sys.platform == "win32",
    )


def _signing(folder: Path) -> Iterator[Check]:
    """Look for what signing and checking sign-offs need; a pilot without data about people needs neither."""
    from oda.governance.keys import find_keygen
    from oda.governance.trust import MACHINE_FILE, VARIABLE, load_trust

    program, trust = find_keygen(), load_trust(folder)
    yield Check(
        name="ssh-keygen",
        ok=program is not None,
        found=program or "not found",
        fix="To sign, install OpenSSH: on Windows the optional feature OpenSSH Client, on Debian openssh-client.",
        needed=False,
    )
    words = {True: "pinned, and the same", False: "pinned, and NOT the same", None: "not pinned"}[trust.matches]
    yield Check(
        name="List of signers",
        ok=trust.matches is True,
        found=words if trust.sha256 else "there is no list",
        fix=f"Have the list's SHA-256 set in {MACHINE_FILE} or as {VARIABLE}: {COMMAND} trust",
        needed=False,
    )


def _git(_: Path) -> Iterator[Check]:
    """Look for git, which is useful but not needed."""
    program = shutil.which("git")
    yield Check(
        name="git",
        ok=program is not None,
        found=program or "not found",
        fix="Not needed to run; it keeps a history.",
        needed=False,
    )
