"""Files of the data folders that lie elsewhere in the pilot too: as links, under a second name, or as copies."""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from oda.governance.probes.tracked import in_data_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

HEAD = 1 << 16  # bytes compared before the whole
SEAL_SUFFIX = ".sha256"  # beside a file that our generator made
MOST_ALIKE = 100  # guarded files of one size that a file is compared with
LARGEST_TOTAL = 512 << 20  # bytes read in all, about a second


def guarded_files(names: Iterable[str], held: Sequence[str]) -> tuple[str, ...]:
    """Choose the files of the data folders, and those of datasets about people.

    Parameters
    ----------
    names
        Paths inside the pilot.
    held
        Paths, or patterns of paths, of the files of datasets about people.

    Returns
    -------
    tuple of str
        Those that only the loader may read.

    Examples
    --------
    >>> guarded_files(["data/raw/gp.csv", "README.md"], ())
    ('data/raw/gp.csv',)
    """
    forms = [form.lower() for form in held]
    return tuple(
        name for name in names if in_data_folder(name) or any(fnmatchcase(name.lower(), form) for form in forms)
    )


def find_copies(
    folder: Path, files: Mapping[str, int], links: Iterable[str], held: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Find guarded files that lie outside the data folders too.

    Parameters
    ----------
    folder
        The pilot's folder.
    files
        The size of every plain file in it.
    links
        Links to files.
    held
        Paths, or patterns of paths, of the files of datasets about people.

    Returns
    -------
    tuple of two lists of str
        What was found, in words, and the files that were too large to compare.
    """
    guarded = guarded_files(files, held)
    sizes: dict[int, list[str]] = {}
    for name in guarded:
        sizes.setdefault(files[name], []).append(name)
    sizes.pop(0, None)
    found = list(_linked(folder, links, guarded))
    reader, known = _Reader(folder), set(guarded)
    for name, size in files.items():
        if size not in sizes or name in known:
            continue
        other = next((other for other in sizes[size][:MOST_ALIKE] if reader.same(name, other)), "")
        if other and not reader.is_made_up(name, other):
            found.append(f"{name} has the content of {other}")
    return found, reader.unread


def _linked(folder: Path, links: Iterable[str], guarded: Sequence[str]) -> Iterator[str]:
    """Yield the links that lead to a guarded file."""
    home = folder.resolve()
    places = {(home / name) for name in guarded}
    for name in links:
        try:
            leads = not in_data_folder(name) and (folder / name).resolve() in places
        except (OSError, RuntimeError):
            leads = False
        if leads:
            yield f"{name} is a link to the data"


class _Reader:
    """Compares files by their content, each read once."""

    def __init__(self, folder: Path) -> None:
        """Begin with nothing read."""
        self._folder, self._known = folder, dict[tuple[str, int], bytes]()
        self._total = 0
        self.unread: list[str] = []

    def same(self, one: str, other: str) -> bool:
        """Tell whether two files of one size have one content; false where they are too large to compare."""
        try:
            if (self._folder / one).samefile(self._folder / other):
                return True
            if self._digest(one, HEAD) != self._digest(other, HEAD):
                return False
            return self._digest(one, -1) == self._digest(other, -1)
        except OSError:
            self.unread.append(one)
            return False

    def is_made_up(self, name: str, other: str) -> bool:
        """Tell whether a file is one that our generator made and sealed, of which a trial may hold a copy as data."""
        seal = self._folder / f"{name}{SEAL_SUFFIX}"
        if not name.startswith("data/synthetic/") or not seal.is_file() or seal.stat().st_size > 200:
            return False
        first, *_ = seal.read_text(encoding="ascii", errors="replace").split() or [""]
        sealed = first == self._digest(name, -1).hex()
        return sealed and not (self._folder / name).samefile(self._folder / other)

    def _digest(self, name: str, most: int) -> bytes:
        """Hash the start of a file, or all of it."""
        if (name, most) not in self._known:
            digest, left = hashlib.sha256(), most if most > 0 else LARGEST_TOTAL
            with (self._folder / name).open("rb") as stream:
                while piece := stream.read(min(HEAD * 16, left)):
                    digest.update(piece)
                    self._total += len(piece)
                    left -= len(piece)
                    if self._total > LARGEST_TOTAL:
                        raise OSError("too large to compare")
            self._known[name, most] = digest.digest()
        return self._known[name, most]
