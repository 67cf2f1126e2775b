"""A release described and written: its files with their hashes, and what disclosure control did and found."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from oda.errors import OdaError, RenderError
from oda.governance.classes import FREE_CLASSES
from oda.governance.counts import Breach
from oda.governance.files.outputs import KINDS, RELEASES, SCHEMA, Controlled, Found, Release, ReleasedFile, Used
from oda.governance.release_files import PAGES, read_release
from oda.governance.releases import count_release, is_laxer, preset_rule
from oda.pilot import Pilot, in_words
from oda.runs import RECORD, RESULTS, Run

TODO = "TODO: say what these count, if no people; otherwise protect them in the notebook, run and release again"
AGREED = "TODO: say which controllers agreed to a laxer rule than pilots of this kind start from, and why"
ROWS = "rows of data files that hold open or made-up data; they count no people"
UNITS = "districts, not people"
# What the tables of the notebooks in the template count; rows only where no data are about people.
OWN = {
    ("data-rows", "Rows"): ROWS,
    ("data-missing", "Rows without a value"): ROWS,
    ("data-missing", "Rows used"): ROWS,
    ("precision-table", "Districts"): UNITS,
    ("precision-table", "of which visited"): UNITS,
}
HEAD = """\
# What is to be published, file by file. Whoever signs this signs these very files: a changed byte reopens the items.
# Read them in runs/{run}/{pages}. Then: the output checker signs O02, the senior responsible owner O05.
"""
FINDINGS = """\
  # Whole numbers that are small or not rounded. They may stand only where they count no people: say why of each.
"""


def describe(pilot: Pilot, run: Run, *, name: str, day: dt.date) -> Release:
    """Describe what lies in the release folder of a run, and look for small counts in it.

    Parameters
    ----------
    pilot
        The pilot's settings: its small-number rule.
    run
        The run, whose pages have been made.
    name
        What the release is called.
    day
        Its day.

    Returns
    -------
    Release
        Findings without a reason have one that is still to do.

    Raises
    ------
    RenderError
        When a file of another kind lies among the pages.
    """
    rule, preset = pilot.disclosure, preset_rule(pilot)
    laxer = preset is not None and is_laxer(rule, preset)
    release = Release(
        schema=SCHEMA,
        title=pilot.pilot.title,
        name=name,
        prepared=day,
        run=run.id,
        run_record=_sha256(run.folder / RECORD),
        results=_sha256(run.folder / RESULTS),
        data=tuple(_used(run)),
        disclosure=Controlled(hide_below=rule.hide_below, round_to=rule.round_to, counts_shown=0, cells_hidden=0),
        files=tuple(_files(run.folder / PAGES)),
    )
    counted, _ = count_release(pilot.folder, release)
    earlier = list(_earlier(pilot.folder))
    reasons = {(found.where, found.what): found.why for one in earlier for found in one.disclosure.findings}
    agreed = next((one.disclosure.laxer_because for one in reversed(earlier) if one.disclosure.laxer_because), AGREED)
    free = all(used.data_class in FREE_CLASSES for used in release.data)
    done = release.disclosure.model_copy(
        update={
            "laxer_because": agreed if laxer else "",
            "counts_shown": counted.shown,
            "cells_hidden": counted.hidden,
            "findings": tuple(_findings(counted.breaches, reasons, free=free)),
        }
    )
    return release.model_copy(update={"disclosure": done})


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(home: Path) -> Iterator[ReleasedFile]:
    """Yield every file of a release in order."""
    paths = sorted(
        (path for path in home.rglob("*") if path.is_file()), key=lambda path: path.relative_to(home).as_posix()
    )
    for path in paths:
        inner = path.relative_to(home).as_posix()
        if path.suffix not in KINDS:
            message = f"{inner} is of a kind that is not published. A release holds {', '.join(KINDS)} files."
            raise RenderError(message)
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        try:
            yield ReleasedFile(path=inner, kind=KINDS[path.suffix], bytes=len(content), sha256=digest)
        except ValidationError as error:
            raise RenderError(in_words(inner, error)) from error


def _used(run: Run) -> Iterator[Used]:
    """Yield every data file of a run; with its hash where the data are about nobody."""
    for dataset in run.record["datasets"]:
        card = dataset["card"]
        kind = card["x-ig"]["class"]
        for file in dataset["files"]:
            digest = file["sha256"] if kind in FREE_CLASSES else None
            yield Used.model_validate({"dataset": card["name"], "class": kind, "path": file["name"], "sha256": digest})


def _earlier(folder: Path) -> Iterator[Release]:
    """Yield the releases that can be read, the oldest first; what they say of their findings is kept."""
    for path in sorted((folder / RELEASES).glob("*.yml"), key=lambda path: path.name):
        try:
            content = read_release(folder, path.name).content
        except OdaError:
            continue
        if isinstance(content, Release):
            yield content


def _findings(breaches: Iterable[Breach], reasons: Mapping[tuple[str, str], str], *, free: bool) -> Iterator[Found]:
    """Yield one finding for each column or phrase, with the reason that was given for it before."""
    groups: dict[tuple[str, str], list[Breach]] = {}
    for breach in breaches:
        groups.setdefault((breach.where, breach.what), []).append(breach)
    for key, group in groups.items():
        own = OWN.get(key, TODO)
        why = reasons.get(key, TODO)
        if why == TODO and (free or own != ROWS):
            why = own
        yield Found(where=key[0], what=key[1], numbers=len(group), such_as=str(group[0]), why=why)


def write_release(folder: Path, release: Release) -> Path:
    """Write a release file for people to read: what was done first, then a line a file.

    Parameters
    ----------
    folder
        The pilot's folder.
    release
        The release.

    Returns
    -------
    Path
        `governance/outputs/<date>-<name>.yml`.
    """
    rule = release.disclosure
    lines = [
        HEAD.format(run=release.run, pages=PAGES) + f"schema: {SCHEMA}",
        f"title: {_quoted(release.title)}",
        f"name: {_quoted(release.name)}",
        f"prepared: {release.prepared.isoformat()}",
        f"run: {_quoted(release.run)}",
        f"run_record: {_quoted(release.run_record)} # SHA-256 of run.json",
        f"results: {_quoted(release.results)} # SHA-256 of results.json",
        "data:" + _listed(one.model_dump(by_alias=True, exclude_none=True) for one in release.data),
        f"disclosure: # counts from 1 to {rule.hide_below - 1} are hidden, all others rounded to {rule.round_to}",
        f"  hide_below: {rule.hide_below}",
        f"  round_to: {rule.round_to}",
        *([f"  laxer_because: {_quoted(rule.laxer_because)}"] if rule.laxer_because else []),
        f"  counts_shown: {rule.counts_shown} # in tables and the data of charts, each zero left out",
        f"  cells_hidden: {rule.cells_hidden}",
        FINDINGS + "  findings:" + "".join(map(_found, rule.findings)) + ("" if rule.findings else " []"),
        "files:" + _listed(one.model_dump(by_alias=True) for one in release.files),
    ]
    path = folder / RELEASES / f"{release.stem}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    part.replace(path)
    return path


def _quoted(text: object) -> str:
    """Return a value as YAML takes it; a text between quotation marks, so that no hash is read as a number."""
    return json.dumps(text, ensure_ascii=False)


def _listed(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return entries, one a line."""
    lines = [", ".join(f"{name}: {_quoted(value)}" for name, value in one.items()) for one in entries]
    return "".join(f"\n  - {{{line}}}" for line in lines) or " []"


def _found(found: Found) -> str:
    """Return one finding on two lines: what it is, and why it may stand."""
    what = f"where: {_quoted(found.where)}, what: {_quoted(found.what)}, numbers: {found.numbers}"
    return f"\n    - {{{what}, such_as: {_quoted(found.such_as)},\n       why: {_quoted(found.why)}}}"
