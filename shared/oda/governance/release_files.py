"""Release files, and what they list, read: nothing through a link, nothing with another hash."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, Literal

from oda.errors import COMMAND, GateError, SettingsError
from oda.governance.files.base import Held, check
from oda.governance.files.outputs import RELEASES, Release, ReleasedFile
from oda.pilot import read_yaml

PAGES = "release/reports"  # within the run's folder
STRAY = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})  # what a file manager leaves behind; never published
AGAIN = f"{COMMAND} release"
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}-[a-z0-9-]+\.yml")


def newest_release(folder: Path) -> Held | None:
    """Read the newest release file: the one of the latest day.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    Held or None
        The file, with its faults and what is still to do; None when there is none.

    Raises
    ------
    SettingsError
        When a file there is not named as a release, two are of the latest day, or the file cannot be read.
    """
    paths = sorted((folder / RELEASES).glob("*.y*ml"), key=lambda path: path.name)
    odd = [path.name for path in paths if not _NAME.fullmatch(path.name)]
    if odd:
        message = f"{RELEASES}/{odd[0]} is not named as a release, such as 2026-11-21-falls.yml. Rename or remove it."
        raise SettingsError(message)
    if not paths:
        return None
    same = [path.name for path in paths if path.name[:10] == paths[-1].name[:10]]
    if len(same) > 1:
        message = f"{RELEASES} holds {len(same)} releases of one day: {', '.join(same)}. Remove those not meant."
        raise SettingsError(message)
    return read_release(folder, paths[-1].name)


def read_release(folder: Path, name: str) -> Held:
    """Read one release file.

    Parameters
    ----------
    folder
        The pilot's folder.
    name
        The file's name, such as `2026-11-21-falls.yml`.

    Returns
    -------
    Held
        The file, with its faults and what is still to do.

    Raises
    ------
    SettingsError
        When it cannot be read, or lies elsewhere.
    """
    place = f"{RELEASES}/{name}"
    _refuse_elsewhere(folder, place)
    held = check(place, read_yaml(folder / place), Release)
    if isinstance(held.content, Release) and f"{held.content.stem}.yml" != name:
        message = f"{place} says that it is {held.content.stem}. Make it again: {AGAIN}"
        raise SettingsError(message)
    return held


def _refuse_elsewhere(folder: Path, inner: str) -> None:
    """Refuse a file that a link leads to, or one outside the pilot."""
    if (folder / inner).resolve() != folder.resolve() / inner:
        message = f"{inner} is a link, or leads through one. Put the file itself there."
        raise SettingsError(message)


def read_listed(folder: Path, release: Release, file: ReleasedFile) -> bytes:
    """Return the content of one file of a release, if it is what the release lists.

    Parameters
    ----------
    folder
        The pilot's folder.
    release
        The release.
    file
        One of its files.

    Returns
    -------
    bytes
        What was read and hashed, to be written as it is.

    Raises
    ------
    GateError
        When it is absent, is a link, or has another hash.
    """
    inner = f"runs/{release.run}/{PAGES}/{file.path}"
    try:
        _refuse_elsewhere(folder, inner)
        content = (folder / inner).read_bytes()
    except SettingsError as error:
        raise GateError(str(error)) from error
    except OSError as error:
        message = f"{file.path} is listed in the release and is not in runs/{release.run}/{PAGES}. Make it: {AGAIN}"
        raise GateError(message) from error
    if hashlib.sha256(content).hexdigest() != file.sha256:
        message = f"{file.path} has changed since the release was made. Make and sign it again: {AGAIN}"
        raise GateError(message)
    return content


def unlisted(folder: Path, release: Release) -> tuple[str, ...]:
    """Return what lies among the pages of a release and is not in its list: nobody has checked it.

    Parameters
    ----------
    folder
        The pilot's folder.
    release
        The release.

    Returns
    -------
    tuple of str
        Paths, links to folders included.
    """
    home = folder / "runs" / release.run / PAGES
    there = set()
    for place, folders, files in os.walk(home):
        names = [*files, *(name for name in folders if (Path(place) / name).is_symlink())]
        there |= {(Path(place) / name).relative_to(home).as_posix() for name in names if name not in STRAY}
    return tuple(sorted(there - {file.path for file in release.files}))


def read_made(folder: Path, release: Release, name: Literal["run.json", "results.json"]) -> dict[str, Any]:
    """Return the record or the results of the run, if they are those that the release was made from.

    Parameters
    ----------
    folder
        The pilot's folder.
    release
        The release.
    name
        Which of the two.

    Returns
    -------
    dict
        What the file holds.

    Raises
    ------
    GateError
        When it is absent, is a link, or has another hash.
    """
    wanted = {"run.json": release.run_record, "results.json": release.results}[name]
    inner = f"runs/{release.run}/{name}"
    try:
        _refuse_elsewhere(folder, inner)
        content = (folder / inner).read_bytes()
    except SettingsError as error:
        raise GateError(str(error)) from error
    except OSError as error:
        message = f"{inner} cannot be read. Run again, then make the release again: {AGAIN}"
        raise GateError(message) from error
    if hashlib.sha256(content).hexdigest() != wanted:
        message = f"{inner} has changed since the release was made. Make and sign it again: {AGAIN}"
        raise GateError(message)
    return dict(json.loads(content))
