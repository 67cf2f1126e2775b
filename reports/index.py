"""The index page: every report of a run, what could not be made, and where the checklist stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oda.governance import Assessment
from oda.pilot import District, Pilot
from oda.reports import blocks, branding
from oda.reports.document import Document, escape, front_matter
from oda.reports.provenance import notices
from oda.results import Results
from oda.runs import Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One report on the index page.

    Attributes
    ----------
    document
        The staged document.
    title
        What it is called on the page.
    district
        The district it is about, if any.
    results
        The results it may use; its first answer is shown.
    tables
        The caption and the CSV file of each of its tables, relative to the page.
    source, origins
        The analyst's own document, and which line of it each line of the staged one comes from.
    """

    document: Document
    title: str
    district: District | None
    results: Results
    tables: Sequence[tuple[str, Path]]
    source: str
    origins: Sequence[int]


def write(
    pilot: Pilot,
    run: Run,
    assessment: Assessment,
    entries: Sequence[Entry],
    failures: Sequence[str],
) -> str:
    """Write the index page as a document that both renderers take.

    Parameters
    ----------
    pilot, run, assessment
        Settings, the run and the state of the checklist.
    entries
        The reports made.
    failures
        What could not be made.

    Returns
    -------
    str
        Front matter and markdown.
    """
    about = pilot.pilot
    matter = front_matter(
        {
            "title": about.title,
            "subtitle": about.oda_name,
            "author": about.oda_name,
            "date": str(run.record["started"])[:10],
            "description": f"Reports of the pilot {about.title}.",
        }
    )
    matter = matter.removesuffix("---\n") + "format: html\n" + branding.mark(pilot, assessment) + "---\n"
    board = [entry for entry in entries if entry.district is None]
    parts = [
        matter,
        notices(pilot, run, assessment),
        _failures(failures),
        *(_board(pilot, entry) for entry in board),
        _districts(pilot, [entry for entry in entries if entry.district]),
        _checklist(assessment),
        _data(entries),
    ]
    return "\n".join(part for part in parts if part)


def _failures(failures: Sequence[str]) -> str:
    """Say what could not be made."""
    if not failures:
        return ""
    lines = "\n".join(f"- {escape(failure)}" for failure in failures)
    return f"::: {{.callout-important}}\n## Not everything could be made\n\n{lines}\n:::\n"


def _answer(pilot: Pilot, entry: Entry) -> str:
    """Return the first answer of a report."""
    kind = "district" if entry.district else "board"
    key = next((question.evidence for question in pilot.questions if question.report == kind), "")
    result = entry.results.get(key)
    return (blocks.sentence(result) if result else "") or ""


def _links(entry: Entry) -> tuple[str, str]:
    """Return the links to a report's page and its PDF, each saying what it opens."""
    name = entry.document.name
    return f"[{escape(entry.title)} (web page)]({name}.html)", f"[{escape(entry.title)} (PDF)]({name}.pdf)"


def _board(pilot: Pilot, entry: Entry) -> str:
    """Show a report about the whole pilot with its first answer."""
    answer = escape(_answer(pilot, entry))
    page, pdf = _links(entry)
    return f"## {escape(entry.title)}\n\n::: {{.answer}}\n{answer}\n:::\n\n- {page}\n- {pdf}\n"


def _districts(pilot: Pilot, entries: Sequence[Entry]) -> str:
    """List the districts, each with its links and first answer."""
    if not entries:
        return ""
    rows = []
    for entry in entries:
        page, pdf = _links(entry)
        rows.append(f"| {escape(entry.title)} | {escape(_answer(pilot, entry))} | {page} | {pdf} |")
    head = "| District | In one sentence | Read | Print |\n| :--- | :-------------- | :------ | :------ |\n"
    body = "\n".join(rows)
    return f"## The districts\n\n{head}{body}\n\n: Reports by district {{#tbl-districts}}\n"


def _checklist(assessment: Assessment) -> str:
    """Say which gates are open."""
    rows = "\n".join(
        f"| {escape(gate.gate)} | {'open' if gate.is_open else 'shut'} | {escape(gate.reason)} |"
        for gate in assessment.gates
    )
    return (
        "## Information governance\n\nWhat this pilot may do follows from what its partners have signed. "
        "The checklist is evidence of process; it is not legal advice.\n\n"
        f"| Gate | State | Why |\n| :--- | :--- | :---------- |\n{rows}\n\n: Gates of the checklist {{#tbl-gates}}\n"
    )


def _data(entries: Sequence[Entry]) -> str:
    """Link the data behind every chart and table."""
    lines = [
        f"- {escape(entry.title)}: [{escape(caption)} (CSV)]({path.as_posix()})"
        for entry in entries
        for caption, path in entry.tables
    ]
    return "## The data behind the charts and tables\n\n" + "\n".join(lines) + "\n" if lines else ""
