"""The exports as files: each made from the same content, in the folder `exports` of the pilot."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from oda.errors import RenderError
from oda.governance import assess
from oda.pilot import Pilot
from oda.reports.builtin import rendering as builtin
from oda.reports.document import Document, Format, escape
from oda.reports.governance import checklist_page, pack, shared_page
from oda.reports.governance.content import Content, gather
from oda.reports.governance.nameless import LEFT_OUT
from oda.reports.governance.registers import (
    ARTICLE_30,
    comma_separated,
    dea_register,
    flows_csv,
    processing_record,
    transparency_record,
)
from oda.reports.governance.share_request import share_request

FOLDER = "exports"

_PAGES: Mapping[str, tuple[Callable[[Content], str], tuple[Format, ...]]] = MappingProxyType(
    {
        "ig-pack": (pack.write, ("html", "pdf")),
        "what-is-shared": (shared_page.write, ("html",)),
        "checklist": (checklist_page.write, ("html",)),
    }
)


def _json(value: Any) -> str:  # noqa: ANN401  JSON of any type
    """Write JSON for people and machines."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"


_FILES: Mapping[str, Callable[[Content], dict[str, str]]] = MappingProxyType(
    {
        "dea-register": lambda content: {"dea-register.json": _json(dea_register(content))},
        "atrs": lambda content: {"atrs.json": _json(transparency_record(content))} if content.atrs else {},
        "article-30": lambda content: {
            "article-30.csv": comma_separated(
                [ARTICLE_30, *(list(row.values()) for row in processing_record(content))]
            ),
            "article-30.json": _json(processing_record(content)),
        },
        "share-request": lambda content: {"share-request.json": _json(share_request(content))},
        "flows": lambda content: {"flows.csv": flows_csv(content)},
    }
)
NAMES: tuple[str, ...] = (*_PAGES, *_FILES)


def export(
    pilot: Pilot,
    names: Sequence[str] = (),
    *,
    now: dt.datetime | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[Path, ...]:
    """Make the exports of a pilot's governance, in its folder `exports`.

    Parameters
    ----------
    pilot
        The pilot whose governance is exported.
    names
        Which of `NAMES` to make; all where none is named.
    now
        The moment that states are computed for, with a time zone; the clock's time when not given.
    say
        Told what a person should know, a sentence each, such as that a register has no entry.

    Returns
    -------
    tuple of Path
        The files made, in the order of the names.

    Raises
    ------
    RenderError
        When a name is not known, a page cannot be rendered, or a file cannot be written.
    """
    wanted = tuple(dict.fromkeys(names)) or NAMES
    if unknown := [name for name in wanted if name not in NAMES]:
        message = f"{', '.join(map(repr, unknown))} is not an export. Name one or more of: {', '.join(NAMES)}."
        raise RenderError(message)
    moment = now or dt.datetime.now(dt.UTC)
    content = gather(pilot, assess(pilot, now=moment), today=moment.date())
    output = _folder(pilot)
    pages = _render(content, [name for name in wanted if name in _PAGES], output, say or _silent)
    made = [path for name in wanted for path in pages.get(name, []) or _write(name, content, output)]
    for note in _notes(content, wanted):
        (say or _silent)(note)
    return tuple(made)


def _silent(note: str) -> None:
    """Say nothing."""


def _folder(pilot: Pilot) -> Path:
    """Make the folder for the exports; a link is refused, since it may lead out of the pilot."""
    folder = pilot.folder / FOLDER
    if folder.is_symlink():
        message = f"{FOLDER} is a link to another place. Delete it, then export again."
        raise RenderError(message)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        message = f"{FOLDER} cannot be made ({error.strerror}). Move what has that name away, then export again."
        raise RenderError(message) from error
    return folder


def _render(content: Content, names: Sequence[str], output: Path, say: Callable[[str], None]) -> dict[str, list[Path]]:
    """Render pages with the built-in renderer; return the files by name."""
    if not names:
        return {}
    documents = [Document(name=name, formats=_PAGES[name][1]) for name in names]
    with TemporaryDirectory() as made:
        project = Path(made)
        for name in names:
            text = _PAGES[name][0](content)
            if name == "what-is-shared" and (count := text.count(escape(LEFT_OUT))):
                say(f"what-is-shared.html leaves out {count} words that name a person. Take them out of the files.")
            (project / f"{name}.qmd").write_text(text, encoding="utf-8", newline="\n")
        try:
            builtin.render(project, documents, output)
        except OSError as error:
            raise RenderError(_open_elsewhere(error)) from error
    return {one.name: [output / f"{one.name}.{form}" for form in one.formats] for one in documents}


def _write(name: str, content: Content, output: Path) -> list[Path]:
    """Write the files of an export that is no page."""
    paths = []
    for file, text in _FILES[name](content).items() if name in _FILES else ():
        path = output / file
        encoding = "utf-8-sig" if path.suffix == ".csv" else "utf-8"  # a spreadsheet needs the mark, JSON forbids it
        try:
            path.unlink(missing_ok=True)  # never through a link
            path.write_text(text, encoding=encoding, newline="")
        except OSError as error:
            raise RenderError(_open_elsewhere(error)) from error
        paths.append(path)
    return paths


def _open_elsewhere(error: OSError) -> str:
    """Say that a file cannot be replaced, as Windows does not let it be while it is open."""
    name = Path(error.filename or FOLDER).name
    return f"{name} cannot be written ({error.strerror}). Close it where it is open, then export again."


def _notes(content: Content, names: Sequence[str]) -> list[str]:
    """Say what a person should know of registers without an entry."""
    notes = []
    if "dea-register" in names and not dea_register(content):
        notes.append("dea-register.json is an empty list: no flow rests on the Digital Economy Act 2017.")
    if "atrs" in names and not content.atrs:
        notes.append(
            "atrs.json is not made: there is no governance/model/atrs.yml, which only a pilot with a model has."
        )
    if "article-30" in names and not content.flows:
        notes.append("article-30 has no row: no flow is described in governance/flows.")
    return notes
