"""The publish stage: the pages of a run as they will be published, the list that people sign, and the bundle.

The pages that `oda report` makes say that they are a draft for as long as the gate is shut, and so cannot be what is
signed. `prepare_release` makes them once more, as they will stand once published, in a folder that says that they are
not: `runs/<id>/release`. People read and sign those very bytes, and `publish` copies them and makes nothing new.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from oda.console import count
from oda.errors import COMMAND, GateError, RenderError, RunError, SettingsError
from oda.governance import Assessment, assess, pass_gate
from oda.governance.files.outputs import RELEASES, Release
from oda.governance.release_files import newest_release, read_listed, unlisted
from oda.pilot import Pilot
from oda.reports.build import STAGED, Renderer, build_reports
from oda.reports.dating import on_release
from oda.reports.governance.verifying import MANIFEST, SUMS, sums_of
from oda.reports.keeping import unwritable
from oda.reports.linting.linting import refuse_findings
from oda.reports.points.edited import refuse_moved
from oda.reports.releasing import describe, write_release
from oda.runs import Run

PUBLISHED = "published"
SCHEMA = "oda-bundle/1"
OPENED = "the sign-offs that opened it are listed in manifest.json"
NOT_YET = """\
These pages are NOT PUBLISHED. Do not pass them on.

They are made as they will stand once they are published, so they do not say that they are a draft.
{place} lists each of them with its hash, and that list is what people sign.
When every sign-off is there, this publishes them:  {command} publish
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """What was published.

    Attributes
    ----------
    folder
        `published/<date>-<name>` of the pilot.
    files
        Every file in it, manifest and hashes included.
    manifest
        What `manifest.json` holds: run, versions, release, sign-offs by role, files with their hashes.
    """

    folder: Path
    files: tuple[Path, ...]
    manifest: dict[str, Any]


def prepare_release(
    pilot: Pilot, run: Run, *, name: str | None = None, today: dt.date | None = None, renderer: Renderer = "auto"
) -> Path:
    """Make the pages of a run as they will be published, and the release file that lists them to be signed.

    Parameters
    ----------
    pilot
        The pilot's settings.
    run
        A finished run.
    name
        What to call the release: small letters, digits and hyphens; the pilot's own short name when not given.
    today
        The day of the release; the day of this computer when not given.
    renderer
        `auto`, `quarto` or `builtin`.

    Returns
    -------
    Path
        `governance/outputs/<date>-<name>.yml`; what an earlier release said of its findings is kept.

    Raises
    ------
    RunError
        When a notebook of the run failed.
    SettingsError
        When the name cannot be used, or another release of the day is there.
    RenderError
        When a report could not be made, or Quarto failed at one, or the numbers of an edited main point have moved.
    """
    if run.failed:
        message = (
            f"{count(len(run.failed), 'notebook')} of {run.id} failed. Nothing half-done is released: {COMMAND} run"
        )
        raise RunError(message)
    refuse_moved(pilot.folder, run)
    day = today or dt.datetime.now(dt.UTC).astimezone().date()
    stem = f"{day.isoformat()}-{_slug(name or pilot.pilot.slug)}"
    place = f"{RELEASES}/{stem}.yml"
    others = sorted(path.name for path in (pilot.folder / RELEASES).glob(f"{stem[:10]}-*.yml") if path.stem != stem)
    if others:
        message = f"{RELEASES} already holds a release of this day, {others[0]}. Use its name, or remove it."
        raise SettingsError(message)
    _build(pilot, on_release(run, day), place, renderer)
    return write_release(pilot.folder, describe(pilot, run, name=stem[11:], day=day))


def _slug(name: str) -> str:
    """Return a name that can stand in a file's name, or refuse it."""
    if len(name) > 40 or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        message = f"{name!r} cannot name a release. Use at most 40 small letters, digits and hyphens, such as 'falls'."
        raise SettingsError(message)
    return name


def _build(pilot: Pilot, run: Run, place: str, renderer: Renderer) -> None:
    """Make the pages beside those of an earlier release of this run, then put them in their stead."""
    home, part = run.folder / "release", run.folder / "release.part"
    try:
        _make(pilot, replace(run, folder=part), place, renderer)
        _replace(home, part)
    except OSError as error:
        raise unwritable(Path(error.filename or home), error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)  # pages without the mark of a draft, should anything have stopped it


def _make(pilot: Pilot, run: Run, place: str, renderer: Renderer) -> None:
    """Make the pages in the folder of a run, with a note that they are not published."""
    text = NOT_YET.format(place=place, command=COMMAND)
    run.folder.mkdir(parents=True, exist_ok=True)
    (run.folder / "NOT-PUBLISHED.txt").write_text(text, encoding="utf-8", newline="\n")
    now = assess(pilot)
    gate = replace(now.gate("publish"), is_open=True, missing=(), reason=OPENED)
    opened = replace(now, gates=(now.gate("load"), gate))
    made = build_reports(pilot, run, renderer=renderer, assessment=opened)
    if made.failures or made.notes:  # what Quarto failed at is not released as if it were Quarto's
        instead = [f"With the built-in renderer: {COMMAND} release --renderer builtin"] if made.notes else []
        raise RenderError("\n".join(("Nothing half-done is released.", *made.failures, *made.notes, *instead)))
    refuse_findings(made.index.parent)
    shutil.rmtree(run.folder / STAGED)


def _replace(home: Path, part: Path) -> None:
    """Put a new folder in the place of an old one, which goes only once the new one is there."""
    old = home.with_suffix(".old")
    if old.exists():
        shutil.rmtree(old)
    if home.exists():
        home.replace(old)
    part.replace(home)
    if old.exists():
        shutil.rmtree(old)


def publish(pilot: Pilot, run: Run, *, today: dt.date | None = None) -> Bundle:
    """Copy the signed pages of a release to `published/`, with a manifest and their hashes.

    Parameters
    ----------
    pilot
        The pilot's settings.
    run
        The run of the inputs as they are now; the newest release must be of this run.
    today
        The day of publication; the day of this computer when not given.

    Returns
    -------
    Bundle
        The folder and what is in it.

    Raises
    ------
    GateError
        When the gate is shut, a file is not what was signed, a file was not listed, or the bundle is there already.
        Nothing is in `published/` then that was not there before.
    SettingsError
        When the release file cannot be read.
    """
    place, digest, release = _release(pilot, run)
    day = today or dt.datetime.now(dt.UTC).astimezone().date()
    target = pilot.folder / PUBLISHED / f"{day.isoformat()}-{release.name}"
    if target.exists():
        message = (
            f"publish refused: {PUBLISHED}/{target.name} is there already, and a bundle is never overwritten. "
            f"Give the release another name: {COMMAND} release"
        )
        raise GateError(message)
    assessment = pass_gate("publish", pilot, about={"release": place, "release_sha256": digest})
    if _release(pilot, run)[:2] != (place, digest):
        message = f"publish refused: {place} changed while it was published. Publish again: {COMMAND} publish"
        raise GateError(message)
    contents = _contents(pilot.folder, release)
    manifest = {
        "schema": SCHEMA,
        "pilot": pilot.pilot.slug,
        "title": release.title,
        "organisation": pilot.pilot.oda_name,
        "published": day.isoformat(),
        "run": release.run,
        "oda": importlib.metadata.version("oda-toolkit"),
        "checklist": assessment.checklist_version,
        "release": {"path": place, "sha256": digest},
        "disclosure": {"hide_below": release.disclosure.hide_below, "round_to": release.disclosure.round_to},
        "signoffs": _signoffs(assessment),
        "files": [file.model_dump(by_alias=True) for file in release.files],
    }
    contents[MANIFEST] = (json.dumps(manifest, indent=1, ensure_ascii=False) + "\n").encode()
    contents[SUMS] = sums_of(contents).encode()
    _write(target, contents)
    return Bundle(folder=target, files=tuple(target / name for name in sorted(contents)), manifest=manifest)


def _release(pilot: Pilot, run: Run) -> tuple[str, str, Release]:
    """Return the newest release with its place and the hash of its file, if it is of this run and finished."""
    held = newest_release(pilot.folder)
    if held is None:
        message = f"publish refused: there is no release in {RELEASES}. Make one, and have it signed: {COMMAND} release"
        raise GateError(message)
    if not isinstance(held.content, Release) or not held.is_ready:
        wrong = " ".join(held.faults) or f"{held.place} still says TODO at {held.todos[0]}."
        message = f"publish refused: {wrong} To see them: {COMMAND} check"
        raise GateError(message)
    if held.content.run != run.id:
        message = (
            f"publish refused: {held.place} is of run {held.content.run}, and the inputs now give {run.id}. "
            f"Release that one, and have it signed: {COMMAND} release"
        )
        raise GateError(message)
    return held.place, hashlib.sha256((pilot.folder / held.place).read_bytes()).hexdigest(), held.content


def _contents(folder: Path, release: Release) -> dict[str, bytes]:
    """Return every file of a release by its path, each hashed again; refuse a folder that holds others."""
    more = unlisted(folder, release)
    if more:
        message = f"publish refused: {', '.join(more[:3])} is not listed in the release. Remove it, or release again."
        raise GateError(message)
    try:
        return {file.path: read_listed(folder, release, file) for file in release.files}
    except GateError as error:
        message = f"publish refused: {error}"
        raise GateError(message) from error


def _signoffs(assessment: Assessment) -> list[dict[str, str]]:
    """Return the sign-offs that opened the gate: item, role and organisation, never a person."""
    return [
        {
            "item": finding.item,
            "decision": signature.decision,
            "role": signature.role,
            "organisation": signature.organisation,
            "route": signature.route,
            "record": signature.record,
            "sha256": signature.sha256,
        }
        for finding in assessment.findings
        if "publish" in finding.gates
        for signature in finding.signatures
    ]


def _write(target: Path, contents: dict[str, bytes]) -> None:
    """Write a bundle beside its place and move it there in one step; leave nothing when that fails."""
    parent = target.parent
    fresh = not parent.exists()
    try:
        parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=parent, ignore_cleanup_errors=True) as part:
            inner = Path(part) / target.name  # the outer one is for this person alone; the inner one as any other
            for name, content in contents.items():
                path = inner / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            inner.rename(target)
    except OSError as error:
        if fresh:
            with suppress(OSError):
                parent.rmdir()
        message = (
            f"publish refused: {PUBLISHED}/{target.name} cannot be written ({error.strerror}). "
            f"Nothing was published. Mend that, then publish again: {COMMAND} publish"
        )
        raise GateError(message) from error
