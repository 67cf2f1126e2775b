"""The hash and the size of a dataset's files, and the key that keeps the hash of personal data from being guessed.

A plain hash of a small file can be confirmed by trying what it may hold; with a key that stays beside the data it
cannot. The hash of several files is that of their bytes one after the other, in order of name.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from oda.errors import DatasetError

KEY_FILE = "data/raw/.hash-key"
KEY_FORM = re.compile(r"[0-9a-f]{64}")
PLAIN, KEYED = "sha256", "hmac-sha256"
PIECE = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What a dataset's files are: `sha256:` or `hmac-sha256:` and the hash, their bytes in all, and their names."""

    hash: str
    bytes: int
    files: tuple[str, ...]


def measure(folder: Path, path: str, *, keyed: bool) -> Measured:
    """Hash the files of a dataset.

    Parameters
    ----------
    folder
        The pilot's folder.
    path
        A path inside it, or a pattern such as `data/raw/gp-*.csv`.
    keyed
        Whether to use the pilot's key, as data about people need; it must be there (`hash_key`).

    Returns
    -------
    Measured
        The hash over all files in order of name, and their size in bytes.

    Raises
    ------
    DatasetError
        When there is no file, when one is no plain file of this pilot, or when the key is missing.
    """
    files = data_files(folder, path)
    digest = hmac.new(hash_key(folder), digestmod=hashlib.sha256) if keyed else hashlib.sha256()
    total = 0
    for name in files:
        with open_plain(folder, name) as stream:
            while piece := stream.read(PIECE):
                digest.update(piece)
                total += len(piece)
    return Measured(hash=f"{KEYED if keyed else PLAIN}:{digest.hexdigest()}", bytes=total, files=files)


def data_files(folder: Path, path: str) -> tuple[str, ...]:
    """List the files that a card names, each a plain file inside the pilot.

    Parameters
    ----------
    folder
        The pilot's folder.
    path
        A path inside it, or a pattern.

    Returns
    -------
    tuple of str
        Paths inside the pilot, in order of name.

    Raises
    ------
    DatasetError
        When there is none, or when one is a link, is shared under another name, or lies outside the pilot.
    """
    inner = PurePosixPath(path)
    if inner.is_absolute() or ".." in inner.parts or "\\" in path or ":" in path or not inner.parts:
        raise DatasetError(f"{path!r} leaves the pilot's folder. Write a path inside it with forward slashes.")
    found = folder.glob(path) if any(sign in path for sign in "*?[") else [folder / inner]
    names = sorted(
        place.relative_to(folder).as_posix()
        for place in found
        if os.path.lexists(place) and not place.name.startswith("~$") and (place.is_symlink() or not place.is_dir())
    )
    if not names:
        raise DatasetError(f"{path} does not exist. Put the file there, or correct 'path' in its card.")
    for name in names:
        if fault := _fault(folder, name):
            raise DatasetError(fault)
    return tuple(names)


def hash_key(folder: Path, *, create: bool = False) -> bytes:
    """Read the key of a pilot's hashes, which lies beside the data and never in git.

    Parameters
    ----------
    folder
        The pilot's folder.
    create
        Whether to make one where there is none.

    Returns
    -------
    bytes
        32 bytes.

    Raises
    ------
    DatasetError
        When there is none, or it is not 64 hexadecimal digits in a plain file.
    """
    path = folder / KEY_FILE
    if create and not os.path.lexists(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fresh, "w", encoding="ascii", newline="\n") as stream:
            stream.write(f"{secrets.token_hex(32)}\n")
    if not os.path.lexists(path):
        raise DatasetError(
            f"{KEY_FILE} is not there. Copy it from where the dataset was measured, or measure it again."
        )
    if fault := _fault(folder, KEY_FILE):
        raise DatasetError(fault)
    text = path.read_bytes()[:100].decode("ascii", "replace").strip()
    if not KEY_FORM.fullmatch(text):
        raise DatasetError(f"{KEY_FILE} is not 64 hexadecimal digits. Delete it, and measure the datasets again.")
    return bytes.fromhex(text)


def _fault(folder: Path, name: str) -> str:
    """Say why a file is not a plain one of this pilot, and its alone; nothing when it is."""
    if fault := not_plain(folder, name):
        return fault
    others = (folder / name).stat().st_nlink - 1
    if others > 0:
        return f"{name} is shared with {others} other name(s) on the disk (a hard link). Put a copy there."
    return ""


def not_plain(folder: Path, name: str) -> str:
    """Say why a file is no plain one that lies in a pilot itself, not behind a link.

    Parameters
    ----------
    folder
        The pilot's folder.
    name
        A file's path inside it, with forward slashes; it exists.

    Returns
    -------
    str
        A sentence and what to do; nothing when all is well.
    """
    place = folder
    for part in PurePosixPath(name).parts:
        place = place / part
        if place.is_symlink() or _is_junction(place):
            inner = place.relative_to(folder).as_posix()
            return f"{inner} is a link to another place. Put the file itself into the pilot's folder."
    if not stat.S_ISREG(place.stat().st_mode):
        return f"{name} is no plain file. Put the file itself into the pilot's folder."
    return ""


def _is_junction(place: Path) -> bool:
    """Tell whether a folder is a junction, which Windows has beside links."""
    tag = getattr(place.lstat(), "st_reparse_tag", 0)
    return bool(tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1))


def open_plain(folder: Path, name: str) -> BinaryIO:
    """Open a plain file to be read, not through a link that took its place a moment ago.

    Parameters
    ----------
    folder
        The pilot's folder.
    name
        One of `data_files`.

    Returns
    -------
    BinaryIO
        Its bytes; the caller closes it.

    Raises
    ------
    DatasetError
        When it cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.fdopen(os.open(folder / name, flags), "rb")
    except OSError as error:
        raise DatasetError(
            f"{name} cannot be read: {error.strerror}. Close it where it is open, and try again."
        ) from error
