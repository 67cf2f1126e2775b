"""The index page of a run: the answer, every report, the districts with a search, what is shared and why, downloads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from oda.governance import Assessment
from oda.pilot import District, Pilot
from oda.reports import blocks, branding
from oda.reports.dating import date_fields, day_of
from oda.reports.document import Document, escape, front_matter
from oda.reports.governance import shared_page
from oda.reports.governance.content import gather
from oda.reports.sources.provenance import notices
from oda.results import AnyResult
from oda.runs import Run

SHARED = Document(name="what-is-shared", formats=("html",))
NOT_YET = "Not answered yet."
_TITLES = {"board": "Board report", "annex": "Technical annex", "brief": "Two-page brief"}
_SIZE = re.compile(r"size-of-([A-Za-z0-9_-]+)-pdf")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One report on the index page.

    Attributes
    ----------
    document
        The staged document.
    district
        The district it is about, if any.
    results
        The results it may use; its first answer is shown.
    tables
        For the data of each of its tables and figures the caption, the CSV file relative to the page, and its bytes.
    source, origins
        The analyst's own document, and which line of it each line of the staged one comes from.
    """

    document: Document
    district: District | None
    results: Mapping[str, AnyResult]
    tables: Sequence[tuple[str, Path, int]]
    source: str
    origins: Sequence[int]

    @property
    def kind(self) -> str:
        """What kind of report it is, such as `Board report`, by the name of its document."""
        name = Path(self.source).stem
        return _TITLES.get(name, name.replace("-", " ").replace("_", " ").capitalize())


def write(
    pilot: Pilot,
    run: Run,
    assessment: Assessment,
    entries: Sequence[Entry],
    failures: Sequence[str],
) -> str:
    """Write the index page as a document that both renderers take.

    The sizes of PDFs are not known yet: `fill_sizes` puts them in once the pages are rendered.

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
            "author": about.oda_name,
            **date_fields(run),
            "description": "What the pilot found, its reports by district, what is shared and why, and the data.",
        }
    )
    matter = matter.removesuffix("---\n") + "format: html\n" + branding.mark(pilot, assessment) + "---\n"
    whole = [entry for entry in entries if entry.district is None]
    parts = [
        matter,
        _failures(failures),
        notices(pilot, run, assessment),
        _answer(pilot, whole),
        _reports(whole),
        _districts(pilot, [entry for entry in entries if entry.district]),
        _governance(assessment),
        _data(entries),
    ]
    return "\n".join(part for part in parts if part)


def write_shared(pilot: Pilot, run: Run, assessment: Assessment) -> str:
    """Write the page on what is shared and why, as it stood on the day of the reports.

    Parameters
    ----------
    pilot, run, assessment
        Settings, the run and the state of the checklist.

    Returns
    -------
    str
        A document that both renderers take.
    """
    text = shared_page.write(gather(pilot, assessment, today=day_of(run)))
    mark, said = branding.mark(pilot, assessment), notices(pilot, run, assessment)
    return text.replace("\n---\n", f"\nformat: html\n{mark}---\n\n{said}\n", 1)


def fill_sizes(page: Path, folders: Sequence[Path]) -> None:
    """Put the sizes of PDFs into the index page, once they are rendered.

    Parameters
    ----------
    page
        The rendered index page; nothing happens where there is none.
    folders
        Where the PDFs may lie, the first place first.
    """
    if not page.is_file():
        return

    def said(found: re.Match[str]) -> str:
        paths = [folder / f"{found[1]}.pdf" for folder in folders]
        return next(
            (_size(path.stat().st_size).replace(" ", "\u00a0") for path in paths if path.is_file()), "size unknown"
        )

    text = page.read_text(encoding="utf-8")
    page.write_text(_SIZE.sub(said, text), encoding="utf-8", newline="\n")


def _size(size: int) -> str:
    """Say a file's size as GOV.UK does, such as `82 KB`."""
    return f"{size / 1e6:.1f} MB" if size >= 999_500 else f"{max(1, round(size / 1000))} KB"


def _failures(failures: Sequence[str]) -> str:
    """Say what could not be made."""
    if not failures:
        return ""
    lines = "\n".join(f"- {escape(failure)}" for failure in failures)
    return f"::: {{.callout-important}}\n## Not everything could be made\n\n{lines}\n:::\n"


def _first_answer(pilot: Pilot, kind: str, results: Mapping[str, AnyResult]) -> tuple[str, str]:
    """Return the first question of a kind of report, and what answers it."""
    question = next((one for one in pilot.questions if one.report == kind), None)
    if question is None:
        return "", ""
    result = results.get(question.evidence)
    return question.question, (blocks.sentence(result) if result else None) or NOT_YET


def _answer(pilot: Pilot, entries: Sequence[Entry]) -> str:
    """Answer the pilot's first question."""
    question, said = _first_answer(pilot, "board", entries[0].results) if entries else ("", "")
    return f"::: {{.answer}}\n**{escape(question)}**\n\n{escape(said)}\n:::\n" if question else ""


def _pdf(words: str, entry: Entry) -> str:
    """Link a PDF, with its kind and size."""
    name = entry.document.name
    return f"[{escape(words)} (PDF, size-of-{name}-pdf)]({name}.pdf)"


def _reports(entries: Sequence[Entry]) -> str:
    """Link the reports on the whole pilot."""
    if not entries:
        return ""
    lines = [f"- [{escape(one.kind)}]({one.document.name}.html)\n- {_pdf(one.kind, one)}" for one in entries]
    return "## The reports\n\n" + "\n".join(lines) + "\n"


def _districts(pilot: Pilot, entries: Sequence[Entry]) -> str:
    """List the districts, each with its answer and its links, in a list that can be searched."""
    by_code: dict[str, list[Entry]] = {}
    for entry in entries:
        by_code.setdefault(entry.district.code if entry.district else "", []).append(entry)
    items = "\n".join(_district(pilot, found) for found in by_code.values())
    return f'## The districts\n\n::: {{.finder noun="district"}}\n{items}\n:::\n' if items else ""


def _district(pilot: Pilot, entries: Sequence[Entry]) -> str:
    """Show one district: its name, its answer, its reports."""
    name = entries[0].district.name if entries[0].district else ""
    _, said = _first_answer(pilot, "district", entries[0].results)
    pages, pdfs = [], []
    for entry in entries:
        words = name if len(entries) == 1 else f"{name}: {entry.kind.lower()}"
        pages.append(f"[{escape(words)}]({entry.document.name}.html)")
        pdfs.append(_pdf(words, entry))
    lines = [f"**{', '.join(pages)}**", escape(said), ", ".join(pdfs)]
    return "- " + "\\\n  ".join(line for line in lines if line)


def _governance(assessment: Assessment) -> str:
    """Link what is shared and why, and say which gates are open."""
    link = f"[Who shares what, and why]({SHARED.name}.html)"
    rows = "\n".join(
        f"| {escape(gate.gate)} | {'open' if gate.is_open else 'shut'} | {escape(gate.reason)} |"
        for gate in assessment.gates
    )
    return (
        f"## What is shared and why\n\n{link}, in plain words: who gives which data to whom, for how long, and how "
        "to object or complain.\n\nWhat this pilot may do follows from what its partners have signed. "
        "The checklist is evidence of process; it is not legal advice.\n\n"
        f"| Gate | State | Why |\n| :--- | :--- | :---------- |\n{rows}\n\n: Gates of the checklist {{#tbl-gates}}\n"
    )


def _data(entries: Sequence[Entry]) -> str:
    """Link the data behind every chart and table."""
    lines = list(_data_lines(entries))
    return "## The data behind the charts and tables\n\n" + "\n".join(lines) + "\n" if lines else ""


def _data_lines(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield a link for each file, whose words no other link has."""
    kinds = {entry.kind for entry in entries if entry.district}
    for entry in entries:
        kind = f", {entry.kind.lower()}" if len(kinds) > 1 else ""
        whose = f"{entry.district.name}{kind}" if entry.district else entry.kind
        for caption, path, size in entry.tables:
            about = escape(f"{whose}: {caption} (CSV, {_size(size)})").replace(" KB", "&nbsp;KB")
            yield f"- [{about}]({path.as_posix()})"
