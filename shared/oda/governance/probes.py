"""Machine items: what this version can find out by itself, and what it cannot.

A probe answers True, False or, where it cannot know, None; None is never counted as met.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

DATA_FOLDERS = ("data/raw", "data/derived")
KEPT = frozenset({"README.md", ".gitkeep", ".gitignore"})
GIT_SECONDS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing looked at: what was found, and whether it is as it should be."""

    finding: str
    passed: bool | None
    mend: str = ""


def probe(item_id: str, folder: Path) -> tuple[Check, ...]:
    """Look at what a machine item is about.

    Parameters
    ----------
    item_id
        The item's id, such as `S04`.
    folder
        The pilot's folder.

    Returns
    -------
    tuple of Check
        At least one; an item with no probe yields one that is not known.

    Examples
    --------
    >>> from pathlib import Path
    >>> probe("E03", Path())[0].passed is None
    True
    """
    return PROBES[item_id](folder) if item_id in PROBES else (_unknown("this version does not look at it"),)


def _unknown(finding: str) -> Check:
    """Return a check whose answer is not known."""
    return Check(finding=finding, passed=None)


def _keys(_folder: Path) -> tuple[Check, ...]:
    """E03: keys cannot be checked before sign-offs can be verified."""
    return (_unknown("this version does not read signers' keys"),)


def _files_equal_cards(_folder: Path) -> tuple[Check, ...]:
    """D03: a card holds no hash yet, so no file can be held against it."""
    return (_unknown("dataset cards of this version hold no hash of their file to compare"),)


def _outputs(_folder: Path) -> tuple[Check, ...]:
    """O01: the record of a release does not exist yet."""
    return (_unknown("this version keeps no record of a release to look at"),)


def _repository(folder: Path) -> tuple[Check, ...]:
    """S04: data folders ignored and untracked; secrets and hooks are beyond this version."""
    ignored = [_ignored(folder, data_folder) for data_folder in DATA_FOLDERS]
    return (*ignored, _untracked(folder), _unknown("secrets and hooks are not looked at by this version"))


def _ignored(folder: Path, data_folder: str) -> Check:
    """Say whether `.gitignore` keeps a data folder out of git."""
    if ignores(_lines(folder / ".gitignore"), data_folder):
        return Check(finding=f"{data_folder} is ignored by git", passed=True)
    mend = f"add the line {data_folder}/ to .gitignore"
    return Check(finding=f".gitignore does not keep {data_folder} out of git", passed=False, mend=mend)


def _lines(path: Path) -> list[str]:
    """Return the lines of a text file, none where there is no file."""
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def ignores(lines: Sequence[str], data_folder: str) -> bool:
    """Tell whether lines of a `.gitignore` keep everything in a folder out of git.

    Only plain forms count; a pattern that this function does not know is no proof.

    Parameters
    ----------
    lines
        The lines of the file, in order.
    data_folder
        A folder such as `data/raw`.

    Returns
    -------
    bool
        True when a line ignores the folder and no later line lets a data file back in.

    Examples
    --------
    >>> ignores(["data/raw/"], "data/raw")
    True
    >>> ignores(["data/raw/*", "!data/raw/gp.csv"], "data/raw")
    False
    """
    found = False
    for raw in lines:
        line = raw.strip()
        if line.startswith("!"):
            found = found and _harmless(line[1:].removeprefix("/"), data_folder)
        elif _covers(line, data_folder.split("/")):
            found = True
    return found


def _covers(line: str, parts: Sequence[str]) -> bool:
    """Tell whether a pattern ignores a folder, one above it, or whatever lies in it."""
    pattern = line.rstrip("/").split("/")
    if len(pattern) == 1:
        return any(fnmatchcase(part, line.rstrip("/")) for part in parts)
    pattern = pattern[1:] if line.startswith("/") else pattern
    if len(pattern) == len(parts) + 1 and pattern[-1] in {"*", "**"}:
        pattern = pattern[:-1]
    return len(pattern) <= len(parts) and all(map(fnmatchcase, parts, pattern))


def _harmless(exception: str, data_folder: str) -> bool:
    """Tell whether an exception in `.gitignore` lets only notes back in, or lies outside the folder."""
    path = exception.rstrip("/")
    if path.rsplit("/", 1)[-1] in KEPT:
        return True
    anywhere = "/" not in path or "*" in path
    return not (anywhere or f"{path}/".startswith(f"{data_folder}/") or f"{data_folder}/".startswith(f"{path}/"))


def _untracked(folder: Path) -> Check:
    """Say whether git tracks a file in the data folders."""
    tracked = _tracked(folder)
    if tracked is None:
        return _unknown("git cannot be asked which files it tracks")
    data = sorted(path for path in tracked if path.rsplit("/", 1)[-1] not in KEPT)
    if not data:
        return Check(finding="git tracks no file in the data folders", passed=True)
    mend = f"git rm --cached {data[0]}, then tell the information governance lead: it stays in the history"
    return Check(
        finding=f"git tracks {len(data)} file(s) in the data folders: {', '.join(data[:3])}", passed=False, mend=mend
    )


def _tracked(folder: Path) -> list[str] | None:
    """Return the files that git tracks in the data folders, or nothing where it cannot be asked."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-c", "core.fsmonitor=false", "-C", str(folder), "ls-files", "-z", "--", *DATA_FOLDERS]
    # A GIT_ variable could point git at another repository, in which all is well.
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            command, capture_output=True, check=True, timeout=GIT_SECONDS, env=own
        )  # fixed words, no shell
    except (subprocess.SubprocessError, OSError):
        return None
    return [path for path in done.stdout.decode("utf-8", "replace").split("\0") if path]


PROBES: dict[str, Callable[[Path], tuple[Check, ...]]] = {
    "E03": _keys,
    "S04": _repository,
    "D03": _files_equal_cards,
    "O01": _outputs,
}
