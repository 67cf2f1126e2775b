"""What git remembers of the log of gates and of sign-offs: lines and files that were committed and are gone."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

LOG_FILE = "governance/gate_log.jsonl"
SIGNOFFS = "governance/signoffs"
GIT_SECONDS = 20
# No program of the repository's own choosing is started, and no replaced object is believed.
QUIET = (
    *("--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs"),
    *("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "log.showSignature=false"),
    *("-c", "log.follow=false", "-c", "log.diffMerges=separate"),
)
CHANGES = ("log", "--full-history", "-m", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--format=")


def committed_faults(folder: Path) -> tuple[str, ...]:
    """Compare the log and the sign-offs with every version committed up to HEAD.

    A history that was itself rewritten is beyond it: a copy of the repository elsewhere tells.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    tuple of str
        What is gone or changed, one sentence each; nothing without git, a repository or a commit.
    """
    git = shutil.which("git")
    if git is None or not Path(git).is_absolute() or not _has_repository(folder):
        return ()
    try:
        prefix = _git(git, folder, "rev-parse", "--show-prefix").decode("utf-8", "replace").rstrip("\n")
        if not _has_commit(git, folder):
            return ()
        versions = _versions(_git(git, folder, *CHANGES, "HEAD", "--", LOG_FILE, SIGNOFFS), prefix)
        lost = _lost(git, folder, versions.pop(LOG_FILE, set()))
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        return (f"git cannot be asked what was committed ({_why(error)}). Mend the repository, then check again.",)
    gone = sorted(path for path in versions if not os.path.lexists(folder / path))
    return (
        *lost,
        *(f"{path} was committed and is gone. Restore it: git log -- {path} shows where it was." for path in gone),
    )


def _has_repository(folder: Path) -> bool:
    """Tell whether a folder or one above it has a repository."""
    home = folder.resolve()
    return any((place / ".git").exists() for place in (home, *home.parents))


def _has_commit(git: str, folder: Path) -> bool:
    """Tell whether HEAD is a commit."""
    try:
        return bool(_git(git, folder, "rev-parse", "--quiet", "--verify", "HEAD"))
    except subprocess.CalledProcessError:
        return False


def _git(git: str, folder: Path, *words: str, given: bytes = b"") -> bytes:
    """Return what git says, or raise."""
    # A GIT_ variable could point git at another repository, in which all is well.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}
    command = [git, *QUIET, "-C", str(folder), *words]
    return subprocess.run(  # noqa: S603  fixed words, no shell
        command, input=given, capture_output=True, check=True, timeout=GIT_SECONDS, env=own
    ).stdout


def _why(error: Exception) -> str:
    """Say in git's words why it failed, or in ours."""
    said = error.stderr if isinstance(error, subprocess.CalledProcessError) else b""
    lines = (said or b"").decode("utf-8", "replace").split("\n")
    return lines[0] or type(error).__name__


def _versions(raw: bytes, prefix: str) -> dict[str, set[str]]:
    """Return the committed contents of each path, as git's names of them."""
    tokens = iter(raw.split(b"\0"))
    versions: dict[str, set[str]] = {}
    for token in tokens:
        meta = token.strip(b"\n").decode("utf-8", "replace")
        if not meta.startswith(":"):
            continue
        path = next(tokens, b"").decode("utf-8", "replace").removeprefix(prefix)
        if path == LOG_FILE or path.endswith((".json", ".sig")):
            versions.setdefault(path, set()).update(name for name in meta.split()[2:4] if name.strip("0"))
    return versions


def _lost(git: str, folder: Path, names: set[str]) -> list[str]:
    """Say which committed versions of the log are not how the log begins now."""
    if not names:
        return []
    path = folder / LOG_FILE
    data = path.read_bytes() if path.is_file() else b""
    listed = _git(git, folder, "cat-file", "--batch-check", given="".join(f"{n}\n" for n in sorted(names)).encode())
    sizes = {line.split()[0]: line.split()[-1] for line in listed.decode("utf-8", "replace").splitlines()}
    other = [name for name in sorted(names) if not _begins(data, name, sizes.get(name, ""))]
    if not other:
        return []
    return [
        f"{LOG_FILE}: lines that were committed are gone or changed ({len(other)} of {len(names)} committed versions "
        f"are not how it begins). Restore them: git cat-file blob {other[-1][:12]} shows one."
    ]


def _begins(data: bytes, name: str, size: str) -> bool:
    """Tell whether data begin with the content that git calls by a name, which is its hash."""
    if not size.isdigit() or int(size) > len(data):
        return False
    content = b"blob %d\0" % int(size) + data[: int(size)]
    algorithm = hashlib.sha1(usedforsecurity=False) if len(name) == 40 else hashlib.sha256()
    algorithm.update(content)
    return algorithm.hexdigest() == name
