"""The documents of a run with their results put in, staged for a renderer, and their tables as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oda.errors import RenderError
from oda.governance import Assessment
from oda.pilot import District, Pilot, PlannedReport
from oda.reports import blocks, branding, index, notebooks
from oda.reports.by_hand import Page
from oda.reports.context import Context
from oda.reports.document import Document
from oda.reports.expanding import expand
from oda.reports.faults import say_alike
from oda.reports.notebooks import Places
from oda.reports.recorded import Recorded
from oda.reports.sources.traces import trace
from oda.runs import Run

INDEX = Document(name="index", formats=("html",))


@dataclass(frozen=True, kw_only=True, slots=True)
class Staged:
    """What was staged of a pilot's reports.

    Attributes
    ----------
    entries
        One for each document that was written.
    files
        The other files that belong beside the reports, such as `data/board-years.csv`, by path.
    failures
        What could not be staged, a sentence each.
    pages
        What documents that are rendered by hand need of each report.
    traces
        Where the numbers of each report come from, by its name.
    places
        For reports made of notebooks the cell that each line comes from, by the report's name.
    """

    entries: tuple[index.Entry, ...]
    files: dict[str, bytes]
    failures: tuple[str, ...]
    pages: tuple[Page, ...]
    traces: dict[str, Any]
    places: dict[str, Places]


def stage(pilot: Pilot, run: Run, assessment: Assessment, project: Path) -> Staged:
    """Write every document with its results put in; say which could not be written.

    Parameters
    ----------
    pilot, run, assessment
        Settings, results and the state of the checklist.
    project
        The folder to write documents and figures into, empty.

    Returns
    -------
    Staged
        The documents, the tables beside them, and what could not be staged.

    Raises
    ------
    SettingsError
        When the brand of the reports cannot be used.
    """
    entries, pages = [], []
    lost: dict[str, str] = {}
    files: dict[str, bytes] = {}
    traces: dict[str, Any] = {}
    places: dict[str, Places] = {}
    mark = branding.mark(pilot, assessment)
    branding.stage_logo(pilot.folder, project)
    every = _planned(pilot)
    for planned, district, name in every:
        try:
            document = _document(name, [one.document for one, _, other in every if other.lower() == name.lower()])
            context = Context(
                pilot=pilot,
                run=run,
                assessment=assessment,
                name=name,
                source=planned.document,
                district=district,
                results=_results(run, district),
                project=project,
                mark=mark,
            )
            text = _expand(context, places)
        except RenderError as error:
            lost[name] = str(error)
            continue
        (project / f"{name}.qmd").write_text(text, encoding="utf-8", newline="\n")
        traces[name] = trace(context)
        if name not in places:
            pages.append(
                Page(
                    document=planned.document,
                    district=_code(district),
                    front=_front(text),
                    said=context.said,
                    around=context.around,
                    data=context.data,
                )
            )
        tables = {f"data/{name}-{key}.csv": shown for key, shown in context.shown.items()}
        files |= {path: blocks.comma_separated(shown).encode("utf-8-sig") for path, shown in tables.items()}
        entries.append(
            index.Entry(
                document=document,
                district=district,
                results=dict(context.results),
                tables=[(shown.caption, Path(path), len(files[path])) for path, shown in tables.items()],
                source=planned.document,
                origins=tuple(context.origins),
            )
        )
    return Staged(
        entries=tuple(entries),
        files=files,
        failures=tuple(say_alike(lost)),
        pages=tuple(pages),
        traces=traces,
        places=places,
    )


def _code(district: District | None) -> str:
    """Return the code of a district; nothing for the whole pilot."""
    return district.code if district else ""


def _front(text: str) -> str:
    """Return the lines of a document's front matter."""
    return text.removeprefix("---\n").partition("\n---\n")[0] + "\n"


def _planned(pilot: Pilot) -> list[tuple[PlannedReport, District | None, str]]:
    """Return each report with the district it is for and its name."""
    first = next((planned for planned in pilot.reports if planned.for_each), None)
    return [
        (planned, district, _name(planned, district, first=planned is first))
        for planned in pilot.reports
        for district in (pilot.districts if planned.for_each else (None,))
    ]


def _name(planned: PlannedReport, district: District | None, *, first: bool) -> str:
    """Return a report's file name: the district's, with the document's before it but for the first that has them."""
    if district is None:
        return planned.name
    return district.slug if first else f"{planned.name}-{district.slug}"


def _document(name: str, sources: Sequence[str]) -> Document:
    """Return what is to be made of a report, whose name no other has; file names of Windows know no capitals."""
    if len(sources) > 1 or name.lower() in (INDEX.name, index.SHARED.name):
        others = " and ".join(dict.fromkeys(sources)) if len(sources) > 1 else f"{sources[0]} and the page of that name"
        message = f"Two reports would be called {name}: {others}. Rename the document in reports/ and in pilot.yml."
        raise RenderError(message)
    try:
        return Document(name=name, formats=("html", "pdf"))
    except ValueError as error:
        message = f"{sources[0]}: {error} Rename the document in reports/ and in pilot.yml."
        raise RenderError(message) from error


def _expand(context: Context, places: dict[str, Places]) -> str:
    """Return a document with its results put in; of a notebook, its executed copy's; note the cells of that."""
    if not context.source.endswith(notebooks.ENDING):
        return expand(_read(context.pilot.folder / context.source, context.source), context)
    executed = notebooks.find_executed(context.pilot, context.run, context.source, context.district)
    written = context.pilot.folder / context.source
    words = None if written == executed else written
    text, at = notebooks.read_notebook(executed, context.source, context.name, context.project, words=words)
    places[context.name] = at
    try:
        return expand(text, context)
    except RenderError as error:
        raise RenderError(at.name(str(error))) from error


def _read(path: Path, name: str) -> str:
    """Return a document's text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f"{name} cannot be read. Put the document there, or correct 'reports' in pilot.yml."
        raise RenderError(message) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        message = f"{name}, line {line}: a character that is not in UTF-8. Save the document as UTF-8."
        raise RenderError(message) from error


def _results(run: Run, district: District | None) -> Recorded:
    """Return the results a report may use: the district's own, and those of the whole pilot."""
    if district and not run.by_district.get(district.code):
        message = "no notebook finished for this district"
        raise RenderError(message)
    return Recorded(run, district)
