"""One walk through a pilot's folder: its code, its files with their sizes, links, and pilots inside it.

Folders of installed packages and of finished runs are left out at the pilot's root alone: elsewhere a folder of such
a name is a folder like any other.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from oda.locking import is_held

NEVER = frozenset({".git", ".venv", "node_modules"})  # at the root: not entered at all
NO_CODE = frozenset({".ipynb_checkpoints", ".quarto", "__pycache__", "runs", "vendor", "wheelhouse"})  # at the root
WORKING = ".work-"  # begins the name of a notebook's own folder, which comes and goes while a run is going on
CHECKPOINTS = ".ipynb_checkpoints"  # JupyterLab keeps the notebook before the last here
PYTHON = (".ipynb", ".py", ".pyw", ".qmd", ".rmd")
SCRIPTS = (".ipy", ".sh", ".bash", ".bat", ".cmd", ".ps1", ".r", ".jl", ".sql", ".js", ".do", ".sas", ".sps", ".mk")
COMPILED = (".pyc", ".pyd", ".so")
MOST_ENTRIES = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """What lies in a pilot's folder; all names are paths inside it with forward slashes."""

    sources: list[str] = field(default_factory=list)
    compiled: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    linked_files: list[str] = field(default_factory=list)
    pilots: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)


def walk(folder: Path) -> Walk:
    """Walk through a pilot's folder, following no link.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    Walk
        What was found; `missed` names the folders that could not be looked into.
    """
    found, waiting, count = Walk(), [""], 0
    running = is_held(folder / "runs")
    while waiting:
        inner = waiting.pop()
        try:
            with os.scandir(folder / inner) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            found.missed.append(inner or ".")
            continue
        count += len(entries)
        if count > MOST_ENTRIES:
            found.missed.append(f"{inner or '.'} and what follows it (more than {MOST_ENTRIES:,} files)")
            break
        entries = [entry for entry in entries if not (running and entry.name.startswith(WORKING))]
        waiting += [name for entry in entries if (name := _enter(entry, inner, found))]
    for names in (found.sources, found.compiled, found.links, found.linked_files, found.pilots):
        names.sort()
    return found


def is_code_looked_at(name: str) -> bool:
    """Tell whether code at a place inside a pilot is looked through.

    Parameters
    ----------
    name
        A path inside the pilot.

    Returns
    -------
    bool
        False for installed packages, finished runs and what JupyterLab keeps of a notebook before its last save.

    Examples
    --------
    >>> is_code_looked_at("vendor/a.py"), is_code_looked_at("notebooks/vendor/a.py")
    (False, True)
    """
    parts = name.split("/")
    kept = CHECKPOINTS in parts and Path(name).stem.endswith("-checkpoint")
    return not (parts[0] in NEVER | NO_CODE or kept)


def _enter(entry: os.DirEntry[str], inner: str, found: Walk) -> str:
    """Add one entry of a folder; return its name when it is a folder to be entered."""
    name = f"{inner}/{entry.name}" if inner else entry.name
    if not inner and entry.name in NEVER:
        return ""
    if _is_link(entry):
        (found.links if entry.is_dir() else found.linked_files).append(name)
        if not entry.is_dir():
            _add(name, found)
        return ""
    if entry.is_dir(follow_symlinks=False):
        return name
    about = entry.stat(follow_symlinks=False)
    if stat.S_ISREG(about.st_mode):
        found.files[name] = about.st_size
    _add(name, found)
    return ""


def _add(name: str, found: Walk) -> None:
    """Add a file to those of its kind, by its name."""
    lower = name.lower()
    if "/" in name and lower.endswith("/pilot.yml"):
        found.pilots.append(name)
    if not is_code_looked_at(name):
        return
    if lower.endswith(PYTHON + SCRIPTS) or lower.rsplit("/", 1)[-1] == "makefile":
        found.sources.append(name)
    elif lower.endswith(COMPILED) and "__pycache__" not in name.split("/"):
        found.compiled.append(name)


def _is_link(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a link, or a junction, which Windows has beside links."""
    if entry.is_symlink():
        return True
    tag = getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", 0) if os.name == "nt" else 0
    return bool(tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1))
