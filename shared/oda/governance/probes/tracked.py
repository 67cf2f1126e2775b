"""The files that git holds, or is about to: no data, no secret, no number of a person, no output of a notebook."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from oda.governance.probes.check import Check, shorten, unknown
from oda.governance.probes.content import find_people, find_secrets
from oda.governance.probes.git import REGULAR, Entry, Repository, content_name, contents
from oda.governance.probes.ignoring import DATA_FOLDERS, KEPT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

LARGEST_FILE = 1 << 20  # bytes of a file of text that is looked through
LARGEST_TOTAL = 32 << 20  # bytes in all, about a second
MOST_FILES = 20_000
SNIFFED = 8192  # bytes in which a file that is no text has a zero byte
DATA_SUFFIXES = frozenset(
    {".csv", ".tsv", ".xls", ".xlsx", ".xlsm", ".xlsb", ".ods", ".parquet", ".feather", ".arrow", ".orc",
     ".sav",  # codespell:ignore sav
     ".zsav", ".por", ".dta", ".sas7bdat", ".rds", ".rda", ".rdata", ".sqlite", ".sqlite3", ".db", ".mdb", ".accdb",
     ".duckdb", ".gpkg", ".shp", ".dbf", ".pkl", ".pickle", ".npy", ".npz", ".h5", ".hdf5", ".zip", ".7z", ".rar",
     ".gz", ".tar", ".bak"}
)  # fmt: skip
DATA_STARTS = (
    b"PAR1",
    b"SQLite format 3",
    b"ARROW1",
    b"$FL2",
    b"7z\xbc\xaf",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"PK\x03\x04",
)
DOCUMENTS = frozenset(
    {".docx", ".pptx", ".odt", ".odp", ".doc", ".ppt", ".msg", ".whl", ".svgz"}
)  # packed as a spreadsheet is
ALLOWED_DATA = ("governance/aqa/*.csv", "vendor/*", "data/synthetic/*", "published/*")
SECRET_FILES = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.kdbx", "id_rsa", "id_dsa", "id_ecdsa",
    "id_ed25519", ".pgpass", ".netrc", "_netrc", ".renviron", ".hash-key", "credentials.json",
)  # fmt: skip
SAMPLES = (".env.example", ".env.sample", ".env.template")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What was found in the text of files: each list holds places in words."""

    secrets: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def is_data_file(path: str) -> bool:
    """Tell by its name and place whether a file is data that must not be in git.

    Parameters
    ----------
    path
        The path inside the pilot.

    Returns
    -------
    bool
        False for the logs in `governance/aqa`, `vendor`, `data/synthetic` and what is `published`.

    Examples
    --------
    >>> is_data_file("notebooks/patients.xlsx"), is_data_file("governance/aqa/decisions.csv")
    (True, False)
    """
    return PurePosixPath(path).suffix.lower() in DATA_SUFFIXES and not _is_allowed(path)


def is_secret_file(path: str) -> bool:
    """Tell by its name whether a file holds a secret.

    Parameters
    ----------
    path
        The path inside the pilot.

    Returns
    -------
    bool
        True for keys and `.env`; false for `.env.example`.

    Examples
    --------
    >>> is_secret_file("keys/id_rsa"), is_secret_file(".env.example")
    (True, False)
    """
    name = path.rsplit("/", 1)[-1].lower()
    return name not in SAMPLES and any(fnmatchcase(name, form) for form in SECRET_FILES)


def in_data_folder(path: str) -> bool:
    """Tell whether a file lies in a data folder and is more than a note that keeps it.

    Parameters
    ----------
    path
        The path inside the pilot.

    Returns
    -------
    bool
        True for anything in `data/raw` or `data/derived` but a README and the like.

    Examples
    --------
    >>> in_data_folder("data/raw/gp.csv"), in_data_folder("data/raw/.gitkeep")
    (True, False)
    """
    folder = path.lower().startswith(tuple(f"{folder}/" for folder in DATA_FOLDERS))
    return folder and path.rsplit("/", 1)[-1] not in KEPT


def judge_names(entries: Sequence[Entry], held: Sequence[str]) -> tuple[Check, ...]:
    """Judge files in git by their names and places.

    Parameters
    ----------
    entries
        The files.
    held
        Paths, or patterns of paths, of the files of datasets about people.

    Returns
    -------
    tuple of Check
        Failures, or one check that says that there is none.
    """
    paths = [entry.path for entry in entries]
    data = [path for path in paths if in_data_folder(path)]
    other = [path for path in paths if path not in data and (is_data_file(path) or _is_held(path, held))]
    secret = [path for path in paths if path not in data and is_secret_file(path)]
    nested = [entry.path for entry in entries if entry.mode == "160000"]
    checks = []
    if data:
        mend = f"git rm --cached {data[0]}, then tell the information governance lead: it stays in the history"
        found = f"git tracks {len(data)} file(s) in the data folders: {shorten(data)}"
        checks.append(Check(finding=found, passed=False, mend=mend))
    if other:
        mend = f"git rm --cached {other[0]}, and move it to data/raw/, which git ignores"
        checks.append(
            Check(finding=f"git tracks {len(other)} file(s) of data: {shorten(other)}", passed=False, mend=mend)
        )
    if secret:
        mend = f"git rm --cached {secret[0]}, and change the key or password in it: others may have read it"
        found = f"git tracks {len(secret)} file(s) that hold secrets by their names: {shorten(secret)}"
        checks.append(Check(finding=found, passed=False, mend=mend))
    if nested:
        checks.append(unknown(f"another repository lies inside this one and is not looked into: {shorten(nested)}"))
    return tuple(checks) or (
        Check(finding="git tracks no file in the data folders, and no other file of data", passed=True),
    )


def judge_history(paths: Iterable[str], now: Iterable[str], held: Sequence[str], *, shallow: bool) -> Check:
    """Judge the names of all files that were ever committed.

    Parameters
    ----------
    paths
        Every path that a commit has added.
    now
        The paths that git tracks now, which are judged by themselves.
    held
        Paths, or patterns of paths, of the files of datasets about people.
    shallow
        Whether the history is cut off, so that it says nothing of earlier commits.

    Returns
    -------
    Check
        A failure names the files.
    """
    gone = sorted(set(paths) - set(now))
    past = [p for p in gone if in_data_folder(p) or is_data_file(p) or is_secret_file(p) or _is_held(p, held)]
    if past:
        mend = (
            f"tell the information governance lead, who decides; git filter-repo --invert-paths --path {past[0]} "
            "takes it out of the history, and every copy is made afresh"
        )
        found = f"the history of git still holds {len(past)} file(s) of data or secrets: {shorten(past)}"
        return Check(finding=found, passed=False, mend=mend)
    if shallow:
        return unknown("the history of git is cut off here (a shallow copy)", "git fetch --unshallow")
    return Check(finding="no file of data is in the history of git", passed=True)


def judge_contents(repository: Repository, entries: Sequence[Entry], *, staged: bool = False) -> tuple[Check, ...]:
    """Judge what stands in the files that git holds.

    Both the file as it lies in the folder and the content that git holds are read, where they differ.

    Parameters
    ----------
    repository
        Where the pilot lies.
    entries
        The files.
    staged
        Read only what git holds, which is what a commit is made from.

    Returns
    -------
    tuple of Check
        Failures, what could not be read, or one check that says that nothing was found.

    Raises
    ------
    GitError
        When git does not answer.
    """
    found, total = Contents(), 0
    regular = [entry for entry in entries if entry.mode in REGULAR]
    for path, content in _texts(repository, regular[:MOST_FILES], staged=staged):
        total += min(len(content), LARGEST_FILE)
        if total > LARGEST_TOTAL or (len(content) > LARGEST_FILE and b"\0" not in content[:SNIFFED]):
            found.unread.append(path)
        else:
            _judge(path, content, found)
    found.unread.extend(entry.path for entry in regular[MOST_FILES:])
    return _say(found, len(regular))


def _is_allowed(path: str) -> bool:
    """Tell whether a file of data may be in git at this place."""
    return any(fnmatchcase(path, form) for form in ALLOWED_DATA)


def _is_held(path: str, held: Sequence[str]) -> bool:
    """Tell whether a file is one of a dataset about people."""
    return any(fnmatchcase(path.lower(), form.lower()) for form in held)


def _texts(repository: Repository, entries: Sequence[Entry], *, staged: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the content of files, from the folder where it equals that of git, and both where it does not."""
    differing = []
    for entry in entries:
        here = None if staged else _read(repository.folder / entry.path)
        if here is not None:
            yield entry.path, here
        if here is None or (len(here) <= LARGEST_FILE and content_name(here, entry.content) != entry.content):
            differing.append(entry)
    yield from contents(repository, differing)


def _read(path: Path) -> bytes | None:
    """Return the start of a file, as much as is looked at and one byte; nothing for a link or no file."""
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as stream:
            return stream.read(LARGEST_FILE + 1)
    except OSError:
        return None


def _judge(path: str, content: bytes, found: Contents) -> None:
    """Add what stands in one file."""
    if b"\0" in content[:SNIFFED] and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        suffix = PurePosixPath(path).suffix.lower()
        if content.startswith(DATA_STARTS) and suffix not in DATA_SUFFIXES | DOCUMENTS and not _is_allowed(path):
            found.data.append(path)
        return
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    text = content.decode(encoding, "replace")
    found.secrets.extend(f"{trace.kind} in {path}, line {trace.line}" for trace in find_secrets(text, path))
    found.people.extend(f"{trace.kind} in {path}, line {trace.line}" for trace in find_people(text))
    if path.lower().endswith(".ipynb") and _has_outputs(text):
        found.outputs.append(path)


def _has_outputs(text: str) -> bool:
    """Tell whether a notebook holds outputs; one that cannot be read may."""
    try:
        cells = json.loads(text)["cells"]
        return any(cell.get("outputs") for cell in cells)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return '"outputs"' in text


def _say(found: Contents, count: int) -> tuple[Check, ...]:
    """Say what was found in files, in checks."""
    kinds = (
        ("secrets written out", found.secrets, "take it out and change it: whoever has a copy can read it"),
        ("numbers of people", found.people, "take it out of the file, and tell the information governance lead"),
        ("data under another name", found.data, "git rm --cached the file, and move it to data/raw/"),
        (
            "notebooks with outputs, which may show data",
            found.outputs,
            "in JupyterLab: Edit, Clear Outputs of All Cells, save",
        ),
    )
    checks = [
        Check(finding=f"{what}: {shorten(places)}", passed=False, mend=mend) for what, places, mend in kinds if places
    ]
    if found.unread:
        large = f"more than {LARGEST_FILE >> 20} MB each, or {LARGEST_TOTAL >> 20} MB in all"
        mend = "keep large files out of git, or make them smaller; a notebook: clear its outputs"
        unread = sorted(set(found.unread))
        checks.append(
            unknown(f"{len(unread)} file(s) of text are too large to look through ({large}): {shorten(unread)}", mend)
        )
    none = f"no secret, number of a person or notebook output in the {count} files that git tracks, as they are now"
    return tuple(checks) or (Check(finding=none, passed=True),)
