"""The report stage: results and documents to HTML and PDF, with an index page and the data as CSV."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from oda.console import count
from oda.datasets import load_datasets
from oda.errors import RenderError
from oda.governance import Assessment, assess
from oda.hashing import hash_file
from oda.locking import one_at_a_time
from oda.pilot import Pilot
from oda.reports import index, keeping, quarto
from oda.reports.by_hand import Page
from oda.reports.document import Document
from oda.reports.faults import say_alike, say_failed
from oda.reports.sources.provenance import TRACE
from oda.reports.sources.traces import write_traces
from oda.reports.staging import INDEX, Staged, stage
from oda.runs import Run

Renderer = Literal["auto", "quarto", "builtin"]

STAGED = "documents"
MADE = "reports"
INDEX_PAGE = "index.html"


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The reports of a run.

    Attributes
    ----------
    index
        The page to open.
    files
        Every HTML, PDF and CSV file there is.
    renderer
        Which renderer is used.
    failures
        What could not be made, a sentence each.
    notes
        What a person should know all the same, such as that Quarto failed and the built-in renderer stood in.
    made
        The pages and PDFs that were made now, by file name; the others are those of an earlier build, as nothing that
        decides them has changed.
    pages
        What documents that are rendered by hand need of each report.
    """

    index: Path
    files: tuple[Path, ...]
    renderer: str
    failures: tuple[str, ...]
    notes: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()

    @property
    def kept(self) -> tuple[str, ...]:
        """The pages and PDFs of an earlier build."""
        names = (path.relative_to(self.index.parent).as_posix() for path in self.files)
        return tuple(name for name in names if name.endswith((".html", ".pdf")) and name not in self.made)

    @property
    def summary(self) -> str:
        """How many were made and how many kept, in a sentence."""
        made, kept = _count(self.made), _count(self.kept)
        if not self.made:
            return f"Nothing has changed: {kept} are kept as they are."
        others = f"; {kept} are kept as they are" if self.kept else ""
        return f"Made {made} with the {self.renderer} renderer{others}."


def _count(names: Sequence[str]) -> str:
    """Say how many pages and PDFs there are among files."""
    pages, pdfs = (sum(name.endswith(ending) for name in names) for ending in (".html", ".pdf"))
    return " and ".join(words for words in (count(pages, "page"), count(pdfs, "PDF")) if not words.startswith("0 "))


@dataclass(kw_only=True, slots=True)
class _Rendering:
    """What came of rendering: for each document made the renderer, why others failed, and what to say of it."""

    renderer: str
    by: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, other: _Rendering) -> None:
        """Add what came of rendering the index once more; what was said of its first time no longer holds."""
        self.failures = {name: said for name, said in self.failures.items() if name != INDEX.name} | other.failures
        self.by |= other.by


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
    """Make the reports of the pilot from a run's results: those of which anything has changed since they were made.

    Parameters
    ----------
    pilot
        The pilot's settings: its reports and questions.
    run
        A finished run. A report whose notebooks failed is not made; the others are.
    renderer
        `auto`, `quarto` or `builtin`.
    assessment
        How the checklist stands, for what the pages say of it; assessed now when not given, and the pages are drafts
        then even where a release was signed: what was signed are that release's bytes.

    Returns
    -------
    Report
        The files made and what could not be made.

    Raises
    ------
    RenderError
        When the renderer asked for is not there, or nothing at all could be made; what was there before stays.
    RunError
        When another process is making these reports.
    """
    name = choose_renderer(renderer)
    with one_at_a_time(run.folder, what="build of these reports"):
        standing = assessment or _as_draft(assess(pilot, load_datasets(pilot)))
        return _build(pilot, run, standing, name, instead=renderer == "auto")


def _as_draft(assessment: Assessment) -> Assessment:
    """Take the gate `publish` as shut, since whatever opened it was signed of a release and not of these pages."""
    gate = assessment.gate("publish")
    if not gate.is_open:
        return assessment
    shut = replace(gate, is_open=False, reason="open for the release that was signed, and for nothing else")
    return replace(assessment, gates=tuple(shut if one.gate == "publish" else one for one in assessment.gates))


def _build(pilot: Pilot, run: Run, assessment: Assessment, name: str, *, instead: bool) -> Report:
    """Make what has changed; with the built-in renderer instead what Quarto fails at."""
    project, output = run.folder / STAGED, run.folder / MADE
    earlier = keeping.read_made(project)
    _empty(project)
    keeping.write_made(project, earlier)  # should anything stop what follows
    staged = stage(pilot, run, assessment, project)
    failures = [*staged.failures, *(say_failed(outcome) for outcome in run.failed)]

    def _write_index(lost: Mapping[str, str]) -> None:
        """Write the index page of what there is, once it is known what could not be rendered."""
        entries = [entry for entry in staged.entries if entry.document.name not in lost]
        _write(project, INDEX, index.write(pilot, run, assessment, entries, [*failures, *_say_lost(lost, staged)]))

    _write_index({})
    _write(project, index.SHARED, index.write_shared(pilot, run, assessment))
    documents = [*(entry.document for entry in staged.entries), index.SHARED, INDEX]
    _write_project(project, documents, name)
    kept = _kept(earlier, project, documents, output, renderer=name)
    changed = _changed(documents, kept)
    done = _Rendering(renderer=name)
    if changed:
        done = _render(project, changed, name, instead=instead)
        if done.failures:
            _write_index(done.failures)
            done.add(_render(project, [INDEX], name, instead=instead))
        _write_project(project, documents, name)
    failures += _say_lost(done.failures, staged)
    if INDEX.name in done.failures:  # then what was there before stays
        raise RenderError("\n".join(failures))
    for path, content in staged.files.items():
        keeping.write_whole(output / path, content)
    if changed:
        kept = _put(project, changed, done, kept, output)
    keeping.sweep(output, keep=(*kept, *staged.files))
    traces = {report: one for report, one in staged.traces.items() if report not in done.failures}
    keeping.write_whole(run.folder / TRACE, write_traces(run, traces, renderer=done.renderer))
    return Report(
        index=output / INDEX_PAGE,
        files=tuple(sorted(path for path in output.rglob("*") if path.is_file())),
        renderer=done.renderer,
        failures=tuple(failures),
        notes=tuple(_in_source(note, staged) for note in done.notes),
        pages=staged.pages,
        made=tuple(sorted(f"{one.name}.{wanted}" for one in changed if one.name in done.by for wanted in one.formats)),
    )


def _write(project: Path, document: Document, text: str) -> None:
    """Stage a document."""
    (project / f"{document.name}.qmd").write_text(text, encoding="utf-8", newline="\n")


def _write_project(project: Path, documents: Sequence[Document], renderer: str) -> None:
    """Write what Quarto needs to render all of it; fonts that are missing are said by the renderer that is used."""
    with suppress(RenderError) if renderer == "builtin" else nullcontext():
        quarto.write_project_file(project, documents)


def _kept(
    earlier: keeping.Made, project: Path, documents: Sequence[Document], output: Path, *, renderer: str
) -> dict[str, Mapping[str, str]]:
    """Return what need not be made again; the index, which is made last, is only kept along with all else."""
    keys = keeping.keys_of(project, documents, renderer=renderer)
    kept = keeping.still_whole(earlier, keys, output)
    if len(kept) < len(keys):
        kept.pop(INDEX_PAGE, None)
    return kept


def _changed(documents: Iterable[Document], kept: Mapping[str, object]) -> list[Document]:
    """Return the documents of which anything must be made, with the formats in which it must."""
    lacking = ((one, tuple(way for way in one.formats if f"{one.name}.{way}" not in kept)) for one in documents)
    return [Document(name=one.name, formats=formats) for one, formats in lacking if formats]


def _render(project: Path, documents: Sequence[Document], renderer: str, *, instead: bool) -> _Rendering:
    """Render documents into a folder of their own; with the built-in renderer instead what Quarto fails at."""
    from oda.reports.builtin import (
        rendering as builtin,  # which loads Typst, and is not asked where nothing has changed
    )

    fresh = project / keeping.FRESH
    attempt = quarto.attempt if renderer == "quarto" else builtin.attempt
    failures = attempt(project, documents, fresh)
    notes = []
    by = {one.name: renderer for one in documents if one.name not in failures}
    if failures and renderer == "quarto" and instead:
        lost = [one for one in documents if one.name in failures]
        said = "\n".join(say_alike(failures))
        notes.append(f"Quarto failed, so the built-in renderer made these reports instead. {said}")
        failures = builtin.attempt(project, lost, fresh)
        by |= {one.name: "builtin" for one in lost if one.name not in failures}
        renderer = renderer if len(lost) < len(documents) else "builtin"
    return _Rendering(renderer=renderer, by=by, failures=failures, notes=notes)


def _put(
    project: Path,
    changed: Sequence[Document],
    done: _Rendering,
    kept: Mapping[str, Mapping[str, str]],
    output: Path,
) -> dict[str, Mapping[str, str]]:
    """Put what was rendered in its place, the index last; write down and return all that is there."""
    made = {name: one for name, one in kept.items() if name.rpartition(".")[0] not in done.failures}
    for name in set(kept) - set(made):  # the other format of a document that failed
        (output / name).unlink(missing_ok=True)
    fresh = project / keeping.FRESH
    index.fill_sizes(fresh / INDEX_PAGE, (fresh, output))
    for renderer in sorted(set(done.by.values())):
        ours = [one for one in changed if done.by.get(one.name) == renderer]
        for name, key in keeping.keys_of(project, ours, renderer=renderer).items():
            made[name] = {"key": key, "sha256": hash_file(fresh / name)}
    for name in sorted(set(made) - set(kept), key=lambda name: (name == INDEX_PAGE, name)):
        keeping.move(fresh / name, output / name)
    shutil.rmtree(fresh, ignore_errors=True)
    keeping.write_made(project, made)
    return made


def _empty(folder: Path) -> None:
    """Make a folder empty, or say that a file in it is open elsewhere, as Windows does not let it be removed then."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise keeping.unwritable(Path(error.filename or folder), error) from error
    folder.mkdir(parents=True)


def _say_lost(lost: Mapping[str, str], staged: Staged) -> list[str]:
    """Say what could not be rendered, by the analyst's own document."""
    return [_in_source(said, staged) for said in say_alike(lost)]


def _in_source(message: str, staged: Staged) -> str:
    """Name the analyst's own document and line, or cell, in a renderer's message, which knows the expanded one."""
    for entry in staged.entries:

        def place(found: re.Match[str], entry: index.Entry = entry) -> str:
            line = min(int(found[1]), len(entry.origins)) - 1
            at = staged.places.get(entry.document.name)
            return at.of(entry.origins[line]) if at else f"{entry.source}:{entry.origins[line]}"

        message = re.sub(rf"(?:[^\s:]*[/\\])?\b{re.escape(entry.document.name)}\.qmd:(\d+)", place, message)
    return message
