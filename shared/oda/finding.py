"""The files that a dataset's card names: found, hashed, and their encoding known; nothing is read into memory."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from oda.datasets import Dataset
from oda.errors import DatasetError
from oda.hashing import hash_values

TEXT, EXCEL, PARQUET = {".csv", ".txt", ".tsv"}, {".xlsx", ".xlsm"}, {".parquet"}


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFile:
    """One file of a dataset: its name inside the pilot, its size, its hash and how its text was read."""

    path: Path
    name: str
    size: int
    sha256: str
    encoding: str


def find_files(folder: Path, dataset: Dataset) -> tuple[SourceFile, ...]:
    """Find the file or files that a card names.

    Parameters
    ----------
    folder
        The pilot's folder.
    dataset
        The card.

    Returns
    -------
    tuple of SourceFile
        In order of name, each hashed.

    Raises
    ------
    DatasetError
        When there is none, when one is empty, no plain file or of a kind that is not read, or lies behind a link.
    """
    pattern = dataset.resource.path
    paths = sorted(folder.glob(pattern)) if any(c in pattern for c in "*?[") else [folder / pattern]
    paths = [path for path in paths if not path.name.startswith("~$")]  # open in Excel
    paths = [path for path in paths if path.is_symlink() or (path.exists() and not path.is_dir())]
    if not paths:
        raise DatasetError(
            f"{pattern} does not exist. Put the file there, or correct 'path' in {dataset.card_path.name}, "
            f"the card of dataset {dataset.name!r}."
        )
    return tuple(_describe(path, folder, dataset) for path in paths)


def _describe(path: Path, folder: Path, dataset: Dataset) -> SourceFile:
    """Hash one file and find its encoding."""
    from oda.governance.probes.measuring import not_plain  # with all of governance, which only a file needs

    if fault := not_plain(folder, name := path.relative_to(folder).as_posix()):
        raise DatasetError(fault)
    suffix, size = path.suffix.lower(), path.stat().st_size
    if suffix not in TEXT | EXCEL | PARQUET:
        raise DatasetError(f"{name} is a {suffix or 'nameless'} file. Save it as .csv, .parquet or .xlsx.")
    if size == 0:
        message = f"{name} is empty (0 bytes). Export it again, or name another file in {dataset.card_path.name}."
        raise DatasetError(message)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    encoding = _encoding(path, name, dataset.resource.encoding) if suffix in TEXT else ""
    return SourceFile(path=path, name=name, size=size, sha256=digest, encoding=encoding)


def _encoding(path: Path, name: str, stated: str | None) -> str:
    """Return the encoding that reads the whole file: the stated one, else UTF-8, else Windows-1252."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if stated and stated.lower().replace("_", "-") in {"utf-8", "utf8"}:
        stated = "utf-8-sig"  # the same, and passes over a byte-order mark
    for encoding in [stated] if stated else ["utf-8-sig", "cp1252"]:
        try:
            with path.open(encoding=encoding, newline="") as stream:
                nul = any("\0" in text for text in iter(lambda: stream.read(1 << 20), ""))
        except (UnicodeError, LookupError):
            continue
        if not nul:
            return encoding
        raise DatasetError(
            f"{name} holds NUL characters, as a workbook or UTF-16 text does; it is no plain text. Save it as CSV "
            "UTF-8, give it its own ending such as .xlsx, or state its 'encoding' in the card, such as utf-16-le."
        )
    tried = stated or "UTF-8 or Windows-1252"
    raise DatasetError(f"{name} cannot be read as {tried} text. Save it as CSV UTF-8, or mend 'encoding' in the card.")


def hash_dataset(dataset: Dataset, files: Iterable[SourceFile]) -> str:
    """Return a hash of a dataset: of its card and its files.

    Parameters
    ----------
    dataset
        The card.
    files
        What `find_files` returned.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    about = dataset.model_dump(mode="json", by_alias=True)
    return hash_values(about, [(file.name, file.sha256) for file in files])
