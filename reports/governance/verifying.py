"""A published bundle held against its manifest, and that against what was signed: release file, log, sign-offs."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oda.errors import COMMAND, OdaError
from oda.governance import keys, load_checklist
from oda.governance.canonical import digest
from oda.governance.files.base import Held
from oda.governance.files.outputs import RELEASES, Release, ReleasedFile
from oda.governance.log import LOG_FILE, Log, read_log
from oda.governance.release_files import read_release
from oda.governance.signers import SIGNERS_FILE
from oda.governance.signoffs import Chain, Record, read_chains
from oda.governance.trust import load_trust
from oda.pilot import FILE_NAME

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
ALONE = "every file agrees with the bundle's own manifest; that manifest was not compared with what was signed"
SIGNED = ("O02", "O05")  # a second person has checked for disclosure; the steering group agrees that it be published
APPROVING = ("approve", "approve_with_conditions")


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """How a bundle compares with what was signed.

    Attributes
    ----------
    differences
        What is not as it was signed, a sentence each.
    said
        What was compared with what, in one sentence, for where nothing differs.
    """

    differences: tuple[str, ...]
    said: str


def verify_bundle(folder: Path) -> tuple[str, ...]:
    """Say what in a bundle differs from its manifest, and that from what was signed, where it lies in its pilot.

    Whoever changes a file can change the manifest too. So `compare_with_signed` holds the manifest against the release
    file that people signed; where the bundle lies alone, that says nothing.

    Parameters
    ----------
    folder
        The bundle, `published/<date>-<name>`.

    Returns
    -------
    tuple of str
        A sentence each; empty when nothing differs.
    """
    try:
        content = _plain(folder / MANIFEST)
        files = [ReleasedFile.model_validate(one) for one in json.loads(content)["files"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return (f"{MANIFEST} cannot be read ({type(error).__name__}), so nothing can be held against it.",)
    wanted = {file.path: file.sha256 for file in files} | {MANIFEST: hashlib.sha256(content).hexdigest()}
    wanted[SUMS] = hashlib.sha256(_lines(wanted).encode()).hexdigest()
    there = _there(folder)
    said = [_difference(folder, name, digest) for name, digest in sorted(wanted.items()) if name in there]
    said += [f"{name} is missing." for name in sorted(set(wanted) - there)]
    said += [f"{name} was added." for name in sorted(there - set(wanted))]
    found = tuple(one for one in said if one)
    return found or compare_with_signed(folder).differences


def _there(folder: Path) -> set[str]:
    """Return every file of a folder by its path, and every link."""
    found = set()
    for place, folders, files in os.walk(folder):
        names = [*files, *(name for name in folders if (Path(place) / name).is_symlink())]
        found |= {(Path(place) / name).relative_to(folder).as_posix() for name in names}
    return found


def _difference(folder: Path, name: str, digest: str) -> str:
    """Say that a file is not as the manifest has it; nothing when it is."""
    path = folder / name
    if path.resolve() != folder.resolve() / name:
        return f"{name} is a link, or leads through one."
    try:
        return "" if hashlib.sha256(_plain(path)).hexdigest() == digest else f"{name} has changed."
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}."


def _plain(path: Path) -> bytes:
    """Return the content of a file; a pipe or a device is not opened, as it would be waited for without end."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OSError(errno.EINVAL, "it is no plain file")
    return path.read_bytes()


def sums_of(contents: Mapping[str, bytes]) -> str:
    """Return the hashes of files as `sha256sum -c` takes them.

    Parameters
    ----------
    contents
        Each file's bytes, by its path in the bundle.

    Returns
    -------
    str
        What `SHA256SUMS` holds.
    """
    return _lines({name: hashlib.sha256(content).hexdigest() for name, content in contents.items()})


def _lines(hashes: Mapping[str, str]) -> str:
    """Return hashes by file as lines of `SHA256SUMS`."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(hashes.items()))


def compare_with_signed(folder: Path) -> Comparison:
    """Hold the manifest of a bundle against the release that people signed, where the bundle lies in its pilot.

    Whoever changes a page can change the manifest and the list of hashes with it, but not what was signed.

    Parameters
    ----------
    folder
        The bundle, `published/<date>-<name>`; its files have been held against its manifest.

    Returns
    -------
    Comparison
        The differences, and what was compared.
    """
    pilot = folder.resolve().parent.parent
    if not (pilot / FILE_NAME).is_file():
        why = f"there is no pilot around it. To compare it, put it into published/ of its pilot, in {folder.name}"
        return Comparison(differences=(), said=f"{ALONE}, since {why}.")
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        place, wanted = manifest["release"]["path"], manifest["release"]["sha256"]
        name = re.fullmatch(rf"{RELEASES}/([^/\\:]+\.yml)", place)
        held = read_release(pilot, name[1]) if name else None
    except (OdaError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        return Comparison(differences=(f"{MANIFEST} names no release that can be read: {error}",), said="")
    if held is None or not isinstance(held.content, Release):
        return Comparison(differences=(f"{MANIFEST} names no release: {place!r}.",), said="")
    sha256 = hashlib.sha256((pilot / place).read_bytes()).hexdigest()
    differences = [f"{place} is not the one that {MANIFEST} was made from."] if sha256 != wanted else []
    differences += _unlike(manifest, held.content, place)
    differences += _unsigned(pilot, held, sha256, manifest)
    pinned = load_trust(pilot).matches
    if pinned is False:
        differences.append(f"{SIGNERS_FILE} is not the list that is pinned outside the project.")
    unpinned = "" if pinned else f" Nothing outside the project says that {SIGNERS_FILE} is right: {COMMAND} trust"
    said = f"every file is as {place} lists it, and that list was signed ({', '.join(SIGNED)}).{unpinned}"
    return Comparison(differences=tuple(differences), said=said)


def _unlike(manifest: Mapping[str, Any], release: Release, place: str) -> Iterator[str]:
    """Say in what a manifest differs from the release."""
    dumped = release.model_dump(by_alias=True)
    for name in ("title", "run"):
        if manifest.get(name) != dumped[name]:
            yield f"{MANIFEST} says another {name} than {place}."
    listed = {file["path"]: file for file in dumped["files"]}
    shown = {file["path"]: file for file in manifest["files"]}
    yield from (f"{path} is not as {place} lists it." for path in listed if listed[path] != shown.get(path))
    yield from (f"{path} is not listed in {place}." for path in shown if path not in listed)


def _unsigned(pilot: Path, held: Held, sha256: str, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Say what sign-off, or what line of the log, is missing for a release as it is."""
    log = read_log(pilot)
    yield from log.faults
    if not _was_published(log, held.place, sha256):
        yield f"{LOG_FILE} knows of no publication of {held.place} as it is."
    chains, _ = read_chains(pilot, log)
    there = [(record.place, record.sha256) for chain in chains.values() for record in chain.records]
    listed = manifest.get("signoffs")
    for one in listed if isinstance(listed, list) else [listed]:
        named = one if isinstance(one, Mapping) else {}
        if (named.get("record"), named.get("sha256")) not in there:
            yield f"{named.get('record')!r:.60}, a sign-off by {MANIFEST}, is not there, or is another one."
    for item in SIGNED:
        if fault := _fault(pilot, chains.get(item, Chain()), item, held):
            yield f"{item} does not stand for {held.place} as it is: {fault.rstrip('.')}."


def _was_published(log: Log, place: str, sha256: str) -> bool:
    """Tell whether the log has the gate pass that published a release."""
    wanted = {"gate": "publish", "decision": "passed", "release": place, "release_sha256": sha256}
    return any(entry.event == "gate" and wanted.items() <= dict(entry.body).items() for entry in log.entries)


def _fault(pilot: Path, chain: Chain, item: str, held: Held) -> str:
    """Say why no sign-off of an item binds a release; nothing where one does."""
    if chain.fault:
        return chain.fault
    about = [record for record in chain.records if _binds(record, held)]
    if not about:
        return "nobody has signed it"
    record = about[-1]
    signoff = record.signoff
    if signoff is None or signoff.decision not in APPROVING or signoff.role not in load_checklist().item(item).signs:
        return f"{record.place} is no approval by the role that signs it"
    verdict = keys.verify(
        record.content,
        record.signature,
        signers=pilot / SIGNERS_FILE,
        principal=signoff.principal,
        at=signoff.signed_at,
    )
    return f"{record.place}: {verdict}" if verdict else ""


def _binds(record: Record, held: Held) -> bool:
    """Tell whether a sign-off is about a release as it is now."""
    signed = record.signoff.subjects if record.signoff else ()
    return any((one.path, one.whole) == (held.place, digest(held.raw)) for one in signed)
