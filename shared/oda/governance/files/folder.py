"""The whole of a pilot's `governance/`, read once: each file with its content, its faults and what is still to do."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from oda.errors import SettingsError
from oda.governance.files import KINDS
from oda.governance.files.base import FileKind, Held, IgFile, check
from oda.governance.files.logs import LOGS, read_log
from oda.pilot import FILE_NAME, read_yaml

CARDS = "governance/datasets/*.yml"
Model = TypeVar("Model", bound=IgFile)


@dataclass(frozen=True, slots=True)
class Holdings:
    """Every file that items of the checklist are about.

    Attributes
    ----------
    held
        The files by their path inside the pilot, in order of path.
    """

    held: Mapping[str, Held]

    def matching(self, pattern: str) -> tuple[Held, ...]:
        """Return the files that a path or pattern names.

        Parameters
        ----------
        pattern
            Such as `governance/flows/*.yml`.

        Returns
        -------
        tuple of Held
            In order of path.
        """
        if "*" not in pattern:
            return (self.held[pattern],) if pattern in self.held else ()
        return tuple(one for place, one in self.held.items() if matches(place, pattern))

    def content(self, place: str, model: type[Model]) -> Model | None:
        """Return the checked content of one file.

        Parameters
        ----------
        place
            Its path inside the pilot.
        model
            The model it is of.

        Returns
        -------
        IgFile or None
            Nothing where the file is absent, wrong or not filled in yet.
        """
        found = self.held.get(place)
        return found.content if found and isinstance(found.content, model) else None

    def contents(self, model: type[Model]) -> tuple[Model, ...]:
        """Return the checked content of every file of a kind.

        Parameters
        ----------
        model
            The model of the kind, such as `Flow`.

        Returns
        -------
        tuple of IgFile
            Those that are valid and filled in, in order of path.
        """
        return tuple(one.content for one in self.held.values() if isinstance(one.content, model))


def matches(place: str, pattern: str) -> bool:
    """Tell whether a path is one that a pattern names; a star never reaches into a folder.

    Parameters
    ----------
    place, pattern
        Paths inside the pilot, with forward slashes.

    Returns
    -------
    bool
        Whether the pattern names the path.

    Examples
    --------
    >>> matches("governance/flows/a.yml", "governance/flows/*.yml")
    True
    >>> matches("governance/flows/old/a.yml", "governance/flows/*.yml")
    False
    """
    steps, wanted = place.split("/"), pattern.split("/")
    return len(steps) == len(wanted) and all(map(fnmatchcase, steps, wanted))


def read_folder(folder: Path) -> Holdings:
    """Read every file of `governance/` that the checklist knows, and `pilot.yml`.

    A file that cannot be read is held with its fault, so that the checklist can always be shown.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    Holdings
        The files, each read once.
    """
    collecting = gc.isenabled()
    gc.disable()  # thousands of small files make no garbage, and looking for it would take a third of the time
    try:
        found = [*_read_kinds(folder), *_read_logs(folder), *_read_plain(folder)]
    finally:
        if collecting:
            gc.enable()
    return Holdings({one.place: one for one in sorted(found, key=lambda one: one.place)})


def _read_kinds(folder: Path) -> Iterator[Held]:
    """Read every file that has a model."""
    for kind in KINDS:
        for path in sorted(folder.glob(kind.pattern)):
            yield _read_one(folder, path, kind)


def _read_one(folder: Path, path: Path, kind: FileKind) -> Held:
    """Read one file of a kind; a link is a fault, since what it leads to can change unseen."""
    place = path.relative_to(folder).as_posix()
    fault = _link(folder, path)
    if fault:
        return Held(place=place, raw=None, faults=(f"{place} {fault}",))
    try:
        raw = read_yaml(path)
    except (SettingsError, OSError) as error:
        return Held(place=place, raw=None, faults=(f"{place}: {error}",))
    held = check(place, raw, kind.model)
    if "id" in kind.model.model_fields and raw.get("id") != path.stem:
        named = f"{place}: id: {raw.get('id')!r} is not the name of the file; give both the same."
        return Held(place=place, raw=raw, faults=(*held.faults, named), todos=held.todos)
    return held


def _link(folder: Path, path: Path) -> str:
    """Say that a file, or a folder above it inside the pilot, is a link; nothing where none is."""
    above = [path, *path.parents]
    if any(one.is_symlink() for one in above[: above.index(folder)]):
        return "is a link or lies behind one. Put the file itself there."
    return ""


def _read_logs(folder: Path) -> Iterator[Held]:
    """Read the logs that are kept as CSV."""
    for pattern, columns in LOGS.items():
        for path in sorted(folder.glob(pattern)):
            place = path.relative_to(folder).as_posix()
            fault = _link(folder, path)
            if fault:
                yield Held(place=place, raw=None, faults=(f"{place} {fault}",), canon="csv-json-1")
                continue
            try:
                text = path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                yield Held(place=place, raw=None, faults=(f"{place} cannot be read: {error}",), canon="csv-json-1")
                continue
            yield read_log(place, text, columns)


def _read_plain(folder: Path) -> Iterator[Held]:
    """Read what has a model elsewhere: the dataset cards, and `pilot.yml` with its questions."""
    for path in [*sorted(folder.glob(CARDS)), folder / FILE_NAME]:
        place = path.relative_to(folder).as_posix()
        fault = _link(folder, path)
        try:
            raw: Any = None if fault else read_yaml(path)
        except (SettingsError, OSError) as error:
            raw, fault = None, f"cannot be read: {error}"
        held = check(place, raw or {}, IgFile)
        yield Held(place=place, raw=raw, faults=(f"{place} {fault}",) if fault else (), todos=held.todos)
