"""The report stage: results and documents to HTML and PDF, with an index page and the data as CSV."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from oda.datasets import load_datasets
from oda.errors import RenderError
from oda.governance import Assessment, assess
from oda.pilot import District, Pilot, PlannedReport
from oda.reports import blocks, builtin, index, quarto
from oda.reports.document import Document
from oda.reports.expanding import Context, expand
from oda.results import Results
from oda.runs import Outcome, Run

Renderer = Literal["auto", "quarto", "builtin"]

_RENDERERS = {"quarto": quarto, "builtin": builtin}
STAGED = "documents"
MADE = "reports"
INDEX = Document(name="index", formats=("html",))


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The reports of a run.

    Attributes
    ----------
    index
        The page to open.
    files
        Every HTML, PDF and CSV file made.
    renderer
        Which renderer made them.
    failures
        What could not be made, a sentence each.
    notes
        What a person should know all the same, such as that Quarto failed and the built-in renderer stood in.
    """

    index: Path
    files: tuple[Path, ...]
    renderer: str
    failures: tuple[str, ...]
    notes: tuple[str, ...] = ()


def choose_renderer(wanted: Renderer = "auto") -> Literal["quarto", "builtin"]:
    """Choose a renderer: Quarto when it is found, the built-in one otherwise.

    Parameters
    ----------
    wanted
        `auto`, or one of them by name.

    Returns
    -------
    str
        `quarto` or `builtin`.

    Raises
    ------
    RenderError
        When Quarto is asked for by name and is not found.
    """
    found = quarto.find()
    if wanted == "quarto" and found is None:
        message = "Quarto was asked for and is not found. Install it or put it on the PATH, or leave --renderer out."
        raise RenderError(message)
    return "quarto" if found and wanted != "builtin" else "builtin"


def build_reports(
    pilot: Pilot, run: Run, *, renderer: Renderer = "auto", assessment: Assessment | None = None
) -> Report:
    """Make every report of the pilot from a run's results.

    Parameters
    ----------
    pilot
        The pilot's settings: its reports and questions.
    run
        A finished run. A report whose notebooks failed is not made; the others are.
    renderer
        `auto`, `quarto` or `builtin`.
    assessment
        How the checklist stands, for what the pages say of it; assessed now when not given.

    Returns
    -------
    Report
        The files made and what could not be made.

    Raises
    ------
    RenderError
        When the renderer asked for is not there, or nothing at all could be made.
    """
    name = choose_renderer(renderer)
    project, output = run.folder / STAGED, run.folder / MADE
    for folder in (project, output):
        _empty(folder)
    assessment = assessment or assess(pilot, load_datasets(pilot))
    entries, failures = _stage(pilot, run, assessment, project, output)
    failures += [_say_failed(outcome) for outcome in run.failed]
    index_text = index.write(pilot, run, assessment, entries, failures)
    (project / "index.qmd").write_text(index_text, encoding="utf-8", newline="\n")
    documents = [*(entry.document for entry in entries), INDEX]
    quarto.write_project_file(project, documents)
    notes = []
    try:
        _RENDERERS[name].render(project, documents, output)
    except RenderError as raised:
        error = _in_source(str(raised), entries)
        if name == "quarto" and renderer == "auto":
            notes.append(f"Quarto failed, so the built-in renderer made the reports instead. {error}")
            name = "builtin"
            failures += _stand_in(project, documents, output, entries)
        else:
            failures.append(error)
    page = output / "index.html"
    if not page.is_file():
        raise RenderError("\n".join(failures))
    files = sorted(path for path in output.rglob("*") if path.is_file())
    return Report(index=page, files=tuple(files), renderer=name, failures=tuple(failures), notes=tuple(notes))


def _empty(folder: Path) -> None:
    """Make a folder empty, or say that a file in it is open elsewhere, as Windows does not let it be removed then."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        name = Path(error.filename or folder).name
        message = f"{name} is open in another program. Close it, then make the reports again."
        raise RenderError(message) from error
    folder.mkdir(parents=True)


def _say_failed(outcome: Outcome) -> str:
    """Say that a notebook failed and where; not its message, which may quote data and would stand on a page."""
    cell = "" if outcome.cell is None else f" in cell {outcome.cell + 1}"
    return f"{outcome.task} failed{cell} ({outcome.error.partition(':')[0]}); run.json has the message"


def _in_source(message: str, entries: Sequence[index.Entry]) -> str:
    """Name the analyst's own document and line in a renderer's message, which knows the expanded one."""
    for entry in entries:

        def place(found: re.Match[str], entry: index.Entry = entry) -> str:
            line = min(int(found[1]), len(entry.origins)) - 1
            return f"{entry.source}:{entry.origins[line]}"

        message = re.sub(rf"(?:[^\s:]*[/\\])?{re.escape(entry.document.name)}\.qmd:(\d+)", place, message)
    return message


def _stand_in(project: Path, documents: Sequence[Document], output: Path, entries: Sequence[index.Entry]) -> list[str]:
    """Render with the built-in renderer where Quarto has failed; return what failed again."""
    try:
        builtin.render(project, documents, output)
    except RenderError as error:
        return [_in_source(str(error), entries)]
    return []


def _stage(
    pilot: Pilot, run: Run, assessment: Assessment, project: Path, output: Path
) -> tuple[list[index.Entry], list[str]]:
    """Write every document with its results put in, and its tables as CSV; say which could not be written."""
    entries, failures = [], []
    for planned, district, name in _planned(pilot):
        try:
            results = _results(run, district)
            context = Context(
                pilot=pilot,
                run=run,
                assessment=assessment,
                name=name,
                source=planned.document,
                district=district,
                results=results,
                project=project,
            )
            text = expand(_read(pilot.folder / planned.document, planned.document), context)
        except RenderError as error:
            failures.append(f"{name}: {error}")
            continue
        (project / f"{name}.qmd").write_text(text, encoding="utf-8", newline="\n")
        tables = _write_tables(context, output)
        document = Document(name=name, formats=("html", "pdf"))
        title = district.name if district else "The whole pilot: board report"
        entries.append(
            index.Entry(
                document=document,
                title=title,
                district=district,
                results=results,
                tables=tables,
                source=planned.document,
                origins=tuple(context.origins),
            )
        )
    return entries, failures


def _planned(pilot: Pilot) -> list[tuple[PlannedReport, District | None, str]]:
    """Return each report with the district it is for and its name, which no other has."""
    alone = sum(planned.for_each is not None for planned in pilot.reports) == 1
    found = [
        (planned, district, _name(planned, district, alone=alone))
        for planned in pilot.reports
        for district in (pilot.districts if planned.for_each else (None,))
    ]
    names = [INDEX.name, *(name for _, _, name in found)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"Two reports would be called {', '.join(twice)}. Rename the document in reports/ and in pilot.yml."
        raise RenderError(message)
    return found


def _name(planned: PlannedReport, district: District | None, *, alone: bool) -> str:
    """Return a report's file name: the district's, with the document's before it when there are several for each."""
    if district is None:
        return planned.name
    return district.slug if alone else f"{planned.name}-{district.slug}"


def _read(path: Path, name: str) -> str:
    """Return a document's text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        message = f"{name} cannot be read. Put the document there, or correct 'reports' in pilot.yml."
        raise RenderError(message) from error


def _results(run: Run, district: District | None) -> Results:
    """Return the results a report may use: the district's own, and those of the whole pilot; no key stands for two."""
    own = run.by_district.get(district.code, {}) if district else {}
    if district and not own:
        message = "no notebook finished for this district"
        raise RenderError(message)
    merged: Results = {}
    for notebook, results in [*own.items(), *run.once.items()]:
        twice = sorted(set(merged) & set(results))
        if twice:
            message = (
                f"{notebook} records {', '.join(twice)}, which another notebook records too. Give each its own name."
            )
            raise RenderError(message)
        merged |= results
    return merged


def _write_tables(context: Context, output: Path) -> list[tuple[str, Path]]:
    """Write the tables and chart data of a document as CSV; return their captions and paths."""
    folder = output / "data"
    folder.mkdir(exist_ok=True)
    paths = []
    for key, shown in context.shown.items():
        path = folder / f"{context.name}-{key}.csv"
        path.write_text(blocks.comma_separated(shown), encoding="utf-8-sig", newline="")
        paths.append((shown.caption, path.relative_to(output)))
    return paths
