"""The whole of a pilot's `governance/`, read once: each file with its content, its faults and what is still to do."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from oda.errors import SettingsError
from oda.governance.files import KINDS
from oda.governance.files.base import FileKind, Held, IgFile, check
from oda.governance.files.logs import LOGS, read_log
from oda.pilot import FILE_NAME, LONGEST, read_yaml

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
    _found: dict[str, tuple[Held, ...]] = field(default_factory=dict, repr=False, compare=False)

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
        if pattern not in self._found:  # every item asks for the same few patterns, of thousands of files
            fits = _expression(pattern).fullmatch
            self._found[pattern] = tuple(one for place, one in self.held.items() if fits(place))
        return self._found[pattern]

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
    return _expression(pattern).fullmatch(place) is not None


def _expression(pattern: str) -> re.Pattern[str]:
    """Return a pattern as an expression in which only the star is special."""
    return re.compile("[^/]*".join(map(re.escape, pattern.split("*"))))


def read_folder(folder: Path, others: Iterable[str] = ()) -> Holdings:
    """Read every file of `governance/` that the checklist knows, and `pilot.yml`.

    A file that cannot be read is held with its fault, so that the checklist can always be shown.

    Parameters
    ----------
    folder
        The pilot's folder.
    others
        Paths and patterns of other files, which items of the pilot's own are about.

    Returns
    -------
    Holdings
        The files, each read once.
    """
    with collecting_later():
        found = [*_read_kinds(folder), *_read_logs(folder), *_read_plain(folder)]
    held = {one.place: one for one in _read_others(folder, others)} | {one.place: one for one in found}
    return Holdings(dict(sorted(held.items())))


@contextlib.contextmanager
def collecting_later() -> Iterator[None]:
    """Put off the search for garbage while thousands of small files are read: they make none, and it takes a third.

    Yields
    ------
    None
        Nothing; the search is as it was once the block ends.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _read_kinds(folder: Path) -> Iterator[Held]:
    """Read every file that has a model."""
    for kind in KINDS:
        for path in sorted(folder.glob(kind.pattern)):
            yield _read_one(folder, path, kind)


def _read_one(folder: Path, path: Path, kind: FileKind) -> Held:
    """Read one file of a kind; a link is a fault, since what it leads to can change unseen."""
    place = path.relative_to(folder).as_posix()
    fault = _odd(folder, path)
    if fault:
        return Held(place=place, raw=None, faults=(f"{place} {fault}",))
    try:
        raw = read_yaml(path)
    except (SettingsError, OSError) as error:
        return Held(place=place, raw=None, faults=(f"{place}: {error}",))
    held = check(place, raw, kind.model)
    if "id" in kind.model.model_fields and raw.get("id") != path.stem:
        named = f"{place}: id: {raw.get('id')!r} is not the name of the file; give both the same."
        return replace(held, content=None, faults=(*held.faults, named))
    return held


def _odd(folder: Path, path: Path) -> str:
    """Say that a file is none, or that it or a folder above it in the pilot is a link; nothing where all is well."""
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    above = path.parents
    if stat.S_ISLNK(mode) or any(one.is_symlink() for one in above[: len(above) - len(folder.parents) - 1]):
        return "is a link or lies behind one. Put the file itself there."
    return "" if stat.S_ISREG(mode) else "is no file. Put a file there, or take it away."


def _read_logs(folder: Path) -> Iterator[Held]:
    """Read the logs that are kept as CSV."""
    for pattern, columns in LOGS.items():
        for path in sorted(folder.glob(pattern)):
            place = path.relative_to(folder).as_posix()
            fault = _odd(folder, path)
            if fault:
                yield Held(place=place, raw=None, faults=(f"{place} {fault}",), canon="csv-json-1")
                continue
            try:
                text = _read_text(path)
            except (OSError, ValueError) as error:
                yield Held(place=place, raw=None, faults=(f"{place} cannot be read: {error}",), canon="csv-json-1")
                continue
            yield read_log(place, text, columns)


def _read_plain(folder: Path) -> Iterator[Held]:
    """Read what has a model elsewhere: the dataset cards, and `pilot.yml` with its questions."""
    for path in [*sorted(folder.glob(CARDS)), folder / FILE_NAME]:
        place = path.relative_to(folder).as_posix()
        fault = _odd(folder, path)
        try:
            raw: Any = None if fault else read_yaml(path)
        except (SettingsError, OSError) as error:
            raw, fault = None, f"cannot be read: {error}"
        held = check(place, raw or {}, IgFile)
        yield Held(place=place, raw=raw, faults=(f"{place} {fault}",) if fault else (), todos=held.todos)


def _read_text(path: Path) -> str:
    """Return the text of a log; a file larger than any log is not read."""
    size = path.stat().st_size
    if size > LONGEST:
        message = f"it has {size:,} bytes, and {LONGEST:,} are taken"
        raise ValueError(message)
    return path.read_text(encoding="utf-8-sig")


def _read_others(folder: Path, patterns: Iterable[str]) -> Iterator[Held]:
    """Read what only items of the pilot's own are about: YAML by its content, any other file by its bytes."""
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
        place = path.relative_to(folder).as_posix()
        is_yaml = path.suffix == ".yml"
        fault = _odd(folder, path)
        try:
            content = {} if fault else read_yaml(path) if is_yaml else {"sha256": _digest(path)}
        except (SettingsError, OSError) as error:
            content, fault = {}, f"cannot be read: {error}"
        todos = check(place, content, IgFile).todos
        faults = (f"{place} {fault}",) if fault else ()
        yield Held(place=place, raw=content, faults=faults, todos=todos, canon="yaml-json-1" if is_yaml else "bytes")


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
