"""D03: the files of each dataset are the ones that its card was written for, and none lies under two names.

A copy of data about people is told by its content, also with other line ends, blanks, quotes or separators. Out of
reach is a copy with a value, a row or a column more, less or in another place, and one in another format, such as a
workbook: for those the owner of the data signs each card (D01), and the loader looks for identifiers.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from os.path import lexists
from typing import TYPE_CHECKING, Any

from oda.errors import COMMAND, DatasetError, SettingsError
from oda.governance.classes import FREE_CLASSES
from oda.governance.probes.check import Check, unknown
from oda.governance.probes.measuring import KEY_FILE, KEYED, PIECE, PLAIN, Measured, data_files, measure, open_plain
from oda.pilot import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from oda.governance.gathering import DatasetCard

HASH_FORM = re.compile(r"(?:(sha256|hmac-sha256):)?([0-9a-f]{64})")
SEAL_SUFFIX = ".sha256"
HEAD = 1 << 12
LAYOUT = b" \t\r\n\v\f\0\xef\xbb\xbf\xff\xfe\"',;|"  # blanks, marks of an encoding, quotes and separators
UNREADABLE = (SettingsError, OSError, KeyError, IndexError, TypeError, AttributeError)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """What a card says of its files."""

    name: str
    data_class: str
    path: str
    hash: str
    bytes: int | None
    generated: bool

    @property
    def is_free(self) -> bool:
        """Whether the data are open or synthetic."""
        return self.data_class in FREE_CLASSES

    @property
    def mend(self) -> str:
        """What measures the files and writes the result into the card."""
        return f"{COMMAND} card {self.name}"


def look_at_data_files(folder: Path, datasets: Sequence[DatasetCard] = ()) -> tuple[Check, ...]:
    """Compare the files of every dataset with what its card says.

    Parameters
    ----------
    folder
        The pilot's folder.
    datasets
        All its datasets.

    Returns
    -------
    tuple of Check
        One for each dataset, and one for each pair of datasets that share a file.
    """
    if not datasets:
        return (unknown("no dataset card was given to compare a file with"),)
    checks: list[Check] = []
    claims: list[_Claim] = []
    for dataset in datasets:
        try:
            claims.append(_claim(dataset))
        except UNREADABLE as error:
            found = f"the card of dataset {dataset.name} cannot be read: {' '.join(str(error).split())}"
            checks.append(Check(finding=found, passed=False, mend=f"correct {dataset.card_path.name}"))
    checks += [_compare(folder, claim) for claim in claims]
    return (*checks, *_shared(folder, claims), *_disguised(folder, claims))


def copies_of_personal(folder: Path, datasets: Sequence[DatasetCard], hashes: frozenset[str]) -> frozenset[str]:
    """Find open and made-up datasets that hold data about people, whatever their cards say.

    Parameters
    ----------
    folder
        The pilot's folder.
    datasets
        All its datasets.
    hashes
        Keyed hashes of data about people that were loaded before; their card may be gone.

    Returns
    -------
    frozenset of str
        The names of the datasets whose file is one about people, or has the content of one.
    """
    claims = []
    for dataset in datasets:
        with contextlib.suppress(*UNREADABLE):
            claims.append(_claim(dataset))
    beside = {
        other.name
        for one, other in _pairs(claims)
        if not one.is_free
        and other.is_free
        and (_common(folder, one.path, other.path) or _is_copy(folder, one, other) is not False)
    }
    unknown = hashes - {claim.hash for claim in claims}
    return frozenset(beside | {one.name for one in claims if unknown and one.is_free and _keyed(folder, one, unknown)})


def _keyed(folder: Path, claim: _Claim, hashes: frozenset[str]) -> bool:
    """Tell whether the files of a dataset have one of some keyed hashes, or cannot be measured to know."""
    if claim.generated or not _is_there(folder, claim.path):
        return False  # the loader itself makes what is made up, and nothing has no content
    try:
        return measure(folder, claim.path, keyed=True).hash in hashes
    except DatasetError:
        return True


def _claim(dataset: DatasetCard) -> _Claim:
    """Read what a card says of its files."""
    card: dict[str, Any] = read_yaml(dataset.card_path)
    resource = card["resources"][0]
    size = resource.get("bytes")
    return _Claim(
        name=dataset.name,
        data_class=dataset.data_class,
        path=str(resource["path"]),
        hash=str(resource.get("hash") or ""),
        bytes=size if isinstance(size, int) else None,
        generated=dataset.data_class == "synthetic" and bool(card.get("x-synthetic")),
    )


def _compare(folder: Path, claim: _Claim) -> Check:
    """Compare the files of one dataset with its card."""
    if claim.generated and not claim.hash:
        return _compare_seal(folder, claim)
    form = HASH_FORM.fullmatch(claim.hash)
    if form is None:
        found = "holds no hash of its file" if not claim.hash else f"holds a hash in another form ({claim.hash[:20]!r})"
        return Check(finding=f"the card of {claim.name} {found}", passed=False, mend=claim.mend)
    if not claim.is_free and form[1] != KEYED:
        found = f"the card of {claim.name} holds a plain hash, by which data about people could be guessed"
        return Check(finding=found, passed=False, mend=claim.mend)
    try:
        measured = measure(folder, claim.path, keyed=form[1] == KEYED)
    except DatasetError as error:
        if KEY_FILE in str(error):
            return unknown(f"the file of {claim.name} cannot be compared with its card: {error}", claim.mend)
        return Check(finding=str(error).partition(". ")[0], passed=False, mend=str(error).partition(". ")[2])
    return _verdict(claim, measured, form[2])


def _verdict(claim: _Claim, measured: Measured, digest: str) -> Check:
    """Say whether what was measured is what the card says."""
    files = f"{len(measured.files)} file{'s' if len(measured.files) > 1 else ''}"
    if claim.bytes is not None and measured.bytes != claim.bytes:
        found = f"{files} of {claim.name} ({claim.path}): {measured.bytes:,} bytes, and {claim.bytes:,} in its card"
    elif not hmac.compare_digest(measured.hash.partition(":")[2], digest):
        found = f"{files} of {claim.name} ({claim.path}): the content is not the one that its card was written for"
    else:
        return Check(finding=f"{files} of {claim.name} as its card says", passed=True)
    mend = f"put the right file back, or have the new one agreed: {claim.mend} writes it into the card"
    return Check(finding=found, passed=False, mend=mend)


def _compare_seal(folder: Path, claim: _Claim) -> Check:
    """Compare a made-up file with the seal that its generator leaves beside it."""
    try:
        measured = measure(folder, claim.path, keyed=False)
    except DatasetError as error:
        if (folder / claim.path).is_symlink() or (folder / claim.path).exists():
            return Check(finding=str(error).partition(". ")[0], passed=False, mend=str(error).partition(". ")[2])
        return Check(finding=f"the made-up file of {claim.name} is not made yet", passed=True)
    seal = folder / f"{claim.path}{SEAL_SUFFIX}"
    sealed = seal.read_text(encoding="ascii", errors="replace").partition("\n")[0] if seal.is_file() else ""
    if measured.hash == f"{PLAIN}:{sealed}":
        return Check(finding=f"the file of {claim.name} is as its generator sealed it", passed=True)
    found = (
        f"{claim.path} is not what the generator of {claim.name} wrote: {'its seal differs' if sealed else 'no seal'}"
    )
    mend = f"delete it, and it is made again; if it is yours, put it in data/raw/ and change the card: {claim.mend}"
    return Check(finding=found, passed=False, mend=mend)


def _shared(folder: Path, claims: Sequence[_Claim]) -> Iterator[Check]:
    """Yield a failure for each pair of datasets of different classes whose cards name the same file."""
    for one, other in _pairs(claims):
        if one.data_class != other.data_class and (both := _common(folder, one.path, other.path)):
            found = f"{both} is the file of {one.name} ({one.data_class}) and of {other.name} ({other.data_class})"
            yield Check(
                finding=found, passed=False, mend=f"give each dataset its own file, or both the class {one.data_class}"
            )


def _pairs(claims: Sequence[_Claim]) -> Iterator[tuple[_Claim, _Claim]]:
    """Yield each two datasets, the one about people first."""
    ordered = sorted(claims, key=lambda claim: claim.is_free)
    for number, one in enumerate(ordered):
        for other in ordered[number + 1 :]:
            yield one, other


def _common(folder: Path, one: str, other: str) -> str:
    """Return a file that two paths or patterns both name; nothing when there is none."""
    if one.lower() == other.lower() or fnmatchcase(one.lower(), other.lower()):
        return one
    if fnmatchcase(other.lower(), one.lower()):
        return other
    try:
        both = {name.lower() for name in _names(folder, one)} & {name.lower() for name in _names(folder, other)}
    except DatasetError:
        return ""  # told by `_is_copy`
    return min(both, default="")


def _names(folder: Path, path: str) -> tuple[str, ...]:
    """List the files of a dataset; none where none is there. One that is no plain file raises DatasetError."""
    return data_files(folder, path) if _is_there(folder, path) else ()


def _is_there(folder: Path, path: str) -> bool:
    """Tell whether a path or pattern names anything, be it a link that leads nowhere."""
    return any(True for _ in folder.glob(path)) if any(sign in path for sign in "*?[") else lexists(folder / path)


def _disguised(folder: Path, claims: Sequence[_Claim]) -> Iterator[Check]:
    """Yield a failure for each open or synthetic dataset whose file is a copy of one about people, or may be one."""
    for one, other in _pairs(claims):
        same = not one.is_free and other.is_free and _is_copy(folder, one, other)
        if same is False:
            continue
        verb = "is that" if same else "cannot be compared with that"
        found = f"the file of {other.data_class} dataset {other.name} {verb} of {one.data_class} dataset {one.name}"
        if same is None:
            mend = f"make each a plain file again, with {KEY_FILE} beside it, or take {other.path} away"
            yield Check(finding=found, passed=False, mend=mend)
            continue
        yield Check(
            finding=found, passed=False, mend=f"take {other.path} away, and tell the information governance lead"
        )


def _is_copy(folder: Path, held: _Claim, free: _Claim) -> bool | None:
    """Tell whether a free file has the content of one about people, there or on its card; None where nobody can."""
    try:
        copies, originals = _names(folder, free.path), _names(folder, held.path)
        return bool(copies) and (_alike(folder, copies, originals) or _has_hash(folder, copies, free.path, held))
    except (DatasetError, OSError):
        return None


def _alike(folder: Path, copies: Sequence[str], originals: Sequence[str]) -> bool:
    """Tell whether files, each alone or all in order, hold the same values as others, however they are laid out."""
    known: dict[bytes, list[Sequence[str]]] = {}
    for names in [[name] for name in originals] + [originals]:
        known.setdefault(_head(folder, names), []).append(names)
    for names in [[name] for name in copies] + [copies]:
        head = _head(folder, names)
        others = known.get(head, []) if head else []
        if others and _digest(folder, names) in {_digest(folder, other) for other in others}:
            return True
    return False


def _head(folder: Path, names: Sequence[str]) -> bytes:
    """Return the first values of files: nearly always enough to tell two apart."""
    head = b""
    for values in _values(folder, names):
        head += values
        if len(head) >= HEAD:
            break
    return head[:HEAD]


def _digest(folder: Path, names: Sequence[str]) -> bytes:
    """Return the hash of all values of files."""
    digest = hashlib.sha256()
    for values in _values(folder, names):
        digest.update(values)
    return digest.digest()


def _values(folder: Path, names: Sequence[str]) -> Iterator[bytes]:
    """Yield what files hold, one after the other, without what only lays it out."""
    for name in names:
        with open_plain(folder, name) as stream:
            while piece := stream.read(PIECE):
                yield piece.translate(None, LAYOUT)


def _has_hash(folder: Path, copies: Sequence[str], pattern: str, held: _Claim) -> bool:
    """Tell whether files, each alone or all in order, have the hash on the card of a dataset about people."""
    sizes = [(folder / name).stat().st_size for name in copies]
    if not held.hash or held.bytes not in {None, sum(sizes), *sizes}:
        return False
    return any(measure(folder, path, keyed=True).hash == held.hash for path in [*copies, pattern])
