"""What a `.gitignore` keeps out of git, as far as plain patterns can prove it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from oda.governance.probes.check import Check

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DATA_FOLDERS = ("data/raw", "data/derived")
KEPT = frozenset({"README.md", ".gitkeep", ".gitignore"})


def ignored(folder: Path) -> tuple[Check, ...]:
    """Say of each data folder whether `.gitignore` keeps it out of git.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    tuple of Check
        One for each data folder.
    """
    lines = _lines(folder / ".gitignore")
    return tuple(_ignored(lines, data_folder) for data_folder in DATA_FOLDERS)


def _ignored(lines: Sequence[str], data_folder: str) -> Check:
    """Say whether `.gitignore` keeps one data folder out of git."""
    if ignores(lines, data_folder):
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
