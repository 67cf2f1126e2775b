"""Hashes of plain values, settings and files, which tell whether something is the same as it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

ABSENT = "absent"


def hash_values(*parts: object) -> str:
    """Return the SHA-256 of plain values, whatever the order of their names.

    Parameters
    ----------
    *parts
        Anything that JSON can write.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode("utf-8")).hexdigest()


def hash_text_file(path: Path) -> str:
    """Return the SHA-256 of a file of text with its line ends made alike.

    Parameters
    ----------
    path
        The file; one that is absent counts as empty.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    try:
        content = path.read_bytes().replace(b"\r\n", b"\n")
    except OSError:
        content = b""
    return hashlib.sha256(content).hexdigest()


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, byte by byte.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits, or `absent` when it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ABSENT


def hash_folder(path: Path) -> str:
    """Return a hash of the names in a folder, hidden ones left out.

    Parameters
    ----------
    path
        The folder.

    Returns
    -------
    str
        64 hexadecimal digits, or `absent` when it cannot be read.
    """
    try:
        return hash_values(sorted(one.name for one in path.iterdir() if not one.name.startswith((".", "~", "__"))))
    except OSError:
        return ABSENT


def hash_setting(settings: Any, field: str) -> str:  # noqa: ANN401
    """Return the hash of one field of the settings; of the districts only their codes and names.

    Parameters
    ----------
    settings
        The pilot's settings.
    field
        A field of `Pilot`.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    if field == "districts":
        return hash_values([(district.code, district.name) for district in settings.districts])
    return hash_values(settings.model_dump(mode="json", include={field}))


def hash_field(district: Any, field: str) -> str:  # noqa: ANN401
    """Return the hash of one field of a district.

    Parameters
    ----------
    district
        One of the pilot's.
    field
        A field of `District`.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hash_values(getattr(district, field))
