"""Paths and patterns in code, held against the data folders: what they name, and what they may lead to."""

from __future__ import annotations

import glob
import posixpath
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from oda.governance.probes.ignoring import DATA_FOLDERS
from oda.governance.probes.spelling import UNKNOWN
from oda.governance.probes.tracked import is_data_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GUARDED = re.compile(r"(?<![\w-])data/(?:raw|derived)(?![\w-])")
SIGNS = re.compile(r"[*?\[]")
LONGEST = 500
HERE = frozenset({"", ".", "..", "data", "**"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Where the guarded files lie: the pilot's folder, their paths in small letters, and patterns of them."""

    folder: Path
    files: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    sources: frozenset[str] = frozenset()


def is_guarded(text: str, ground: Ground) -> bool:
    """Tell whether a text names a data folder or the file of a dataset about people.

    Parameters
    ----------
    text
        What code spells, in one way of writing.
    ground
        Where the guarded files lie.

    Returns
    -------
    bool
        True whether or not the file is there.

    Examples
    --------
    >>> from pathlib import Path
    >>> is_guarded("../data/raw/gp.csv", Ground(folder=Path()))
    True
    """
    if text.startswith(("http://", "https://")):
        return False
    return bool(GUARDED.search(text)) or any(fnmatchcase(text.lstrip("./"), path) for path in ground.held)


def leads_to_data(text: str, file: Path, ground: Ground, *, above: bool = False) -> bool:
    """Tell whether a path lies in a data folder, by its name or through a link.

    Parameters
    ----------
    text
        The path, with nothing unknown in it.
    file
        The file of code, beside which the path may begin.
    ground
        Where the guarded files lie.
    above
        Whether the pilot's folder itself counts, for what reads whole folders.

    Returns
    -------
    bool
        The folder that holds the data folders counts too.
    """
    if not text or UNKNOWN in text or "://" in text or len(text) > LONGEST or SIGNS.search(text):
        return False
    bare = re.sub(r"^(?:\.\./|\./)+", "", text)
    names = {path.rsplit("/", 1)[-1] for path in ground.held if "*" not in path}
    if bare.startswith(("raw/", "derived/")) or bare.rsplit("/", 1)[-1] in names:
        return True
    home = ground.folder.resolve()
    for start in (file.parent, home):
        place = (start / text).resolve()
        if place == home / "data" or (above and place == home):
            return True
        if any(place.is_relative_to(home / data) for data in DATA_FOLDERS):
            return True
    return False


def reach(text: str, file: Path, ground: Ground) -> bool | None:
    """Tell whether a pattern such as `../data/*/*.csv` takes in guarded files.

    Parameters
    ----------
    text
        The pattern; unknown parts count as anything.
    file
        The file of code, beside which the pattern may begin.
    ground
        Where the guarded files lie.

    Returns
    -------
    bool or None
        True when it matches a file that is there, None when it may match one, False when it cannot.
    """
    form = text.replace(UNKNOWN, "*")
    if "://" in text or len(text) > LONGEST or not SIGNS.search(form):
        return False
    home = ground.folder.resolve()
    known = UNKNOWN not in text and "*/.." not in form
    found: bool | None = False
    for start in (file.parent.resolve(), home):
        pattern = _parts(posixpath.join(glob.escape(start.as_posix().lower()), form))
        base = _parts(home.as_posix().lower())
        names = [*ground.files, *(path for path in ground.held if not SIGNS.search(path))]
        if known and any(_ends(pattern, [*base, *name.split("/")]) for name in names):
            return True
        if _is_open_leaf(pattern[-1]) and any(_enters(pattern, [*base, *d.split("/")]) for d in DATA_FOLDERS):
            found = None
    return found


def is_open_ended(text: str) -> bool:
    r"""Tell whether a path with an unknown part may well lead to data, for all that can be worked out.

    Parameters
    ----------
    text
        The path; a zero character is an unknown part.

    Returns
    -------
    bool
        False where a known folder on the way is none of the data's.

    Examples
    --------
    >>> is_open_ended("../\0/gp.csv"), is_open_ended("vendor/\0")
    (True, False)
    """
    *folders, last = text.split("/")
    if UNKNOWN not in text or any(not _is_open(part) for part in folders if part not in HERE):
        return False
    return UNKNOWN in last or _is_open_leaf(last)


def _is_open(part: str) -> bool:
    """Tell whether a part of a path can be anything."""
    return UNKNOWN in part or bool(SIGNS.search(part))


def _is_open_leaf(last: str) -> bool:
    """Tell whether the last part of a path may be that of a file of data."""
    return is_data_file(last) or "." not in last or bool(SIGNS.search(last.rpartition(".")[2]))


def _parts(path: str) -> list[str]:
    """Split a path, its detours taken out."""
    return posixpath.normpath(path).split("/")


def _states(pattern: Sequence[str], path: Sequence[str]) -> set[int]:
    """Return how far into a pattern the parts of a path can lead."""
    states = _past_stars(pattern, {0})
    for part in path:
        following = {at if pattern[at] == "**" else at + 1 for at in states if at < len(pattern)
                     and (pattern[at] == "**" or fnmatchcase(part, pattern[at]))}  # fmt: skip
        states = _past_stars(pattern, following)
    return states


def _past_stars(pattern: Sequence[str], states: set[int]) -> set[int]:
    """Add the places behind `**`, which may stand for nothing."""
    found = set(states)
    for at in sorted(states):
        while at < len(pattern) and pattern[at] == "**":
            at += 1  # noqa: PLW2901
            found.add(at)
    return found


def _ends(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Tell whether a pattern matches a path."""
    return len(pattern) in _states(pattern, path)


def _enters(pattern: Sequence[str], folder: Sequence[str]) -> bool:
    """Tell whether a pattern goes on inside a folder."""
    return any(at < len(pattern) for at in _states(pattern, folder))
