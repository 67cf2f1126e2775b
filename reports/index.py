"""The index page of a run: the answer, every report, the districts with a search, what is shared and why, downloads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from oda.governance import Assessment
from oda.pilot import District, Pilot, Question
from oda.reports import blocks, branding, glance
from oda.reports.dating import date_fields, day_of
from oda.reports.document import Document, escape, front_matter
from oda.reports.governance import shared_page
from oda.reports.governance.content import gather
from oda.reports.governance.standing import capital
from oda.reports.points.few_words import fields, read
from oda.reports.sources.provenance import notices
from oda.results import AnyResult, Estimated
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
        return next((blocks.say_size(path.stat().st_size) for path in paths if path.is_file()), "size unknown")

    text = page.read_text(encoding="utf-8")
    page.write_text(_SIZE.sub(said, text), encoding="utf-8", newline="\n")


def _failures(failures: Sequence[str]) -> str:
    """Say what could not be made."""
    if not failures:
        return ""
    lines = "\n".join(f"- {escape(failure)}" for failure in failures)
    return f"::: {{.callout-important}}\n## Not everything could be made\n\n{lines}\n:::\n"


def _first_question(pilot: Pilot, kind: str) -> Question | None:
    """Return the first question of a kind of report."""
    return next((one for one in pilot.questions if one.report == kind), None)


def _answer(pilot: Pilot, entries: Sequence[Entry]) -> str:
    """Answer the pilot's first question."""
    question = _first_question(pilot, "board") if entries else None
    if question is None:
        return ""
    result = entries[0].results.get(question.evidence)
    said = (glance.answer(result) if result else "") or NOT_YET
    return f"::: {{.answer}}\n**{escape(question.question)}**\n\n{escape(said)}\n:::\n"


def _in_short(result: AnyResult | None) -> str:
    """Return an answer in a line: a change never without its interval, nor a direction that it does not bear."""
    said = fields(result) if result else {}
    if not isinstance(result, Estimated):
        return (glance.answer(result) if result else "") or NOT_YET
    if read(result) == "unclear":
        return f"Cannot be told: anything from {said['interval']} fits the data."
    return f"{capital(said['value'])} ({result.estimate.level * 100:g}% interval: {said['interval']})."


def _pdf(words: str, entry: Entry) -> str:
    """Link a PDF, with its kind and size."""
    name = entry.document.name
    return f"[{escape(words)} (size-of-{name}-pdf PDF)]({name}.pdf)"


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
    question = _first_question(pilot, "district")
    asked = f"{escape(question.question)}\n\n" if question else ""
    items = "\n".join(_district(question, found) for found in by_code.values())
    return f'## The districts\n\n{asked}::: {{.finder noun="district"}}\n{items}\n:::\n' if items else ""


def _district(question: Question | None, entries: Sequence[Entry]) -> str:
    """Show one district: its name, its answer, its reports."""
    name = entries[0].district.name if entries[0].district else ""
    said = _in_short(entries[0].results.get(question.evidence)) if question else ""
    pages, pdfs = [], []
    for entry in entries:
        words = name if len(entries) == 1 else f"{name}: {entry.kind.lower()}"
        pages.append(f"[{escape(words)}]({entry.document.name}.html)")
        pdfs.append(_pdf(words, entry))
    lines = [f"**{', '.join(pages)}**", escape(said), ", ".join(pdfs)]
    return "- " + "\\\n  ".join(line for line in lines if line)


def _governance(assessment: Assessment) -> str:
    """Link what is shared and why, and say what the pilot may do."""
    link = f"[Who shares what, and why]({SHARED.name}.html)"
    said = [(one.title, "may go ahead" if one.is_open else "not yet", one.reason) for one in assessment.gates]
    rows = "\n".join(f"| {escape(capital(step))} | {may} | {escape(capital(why))} |" for step, may, why in said)
    return (
        f"## What is shared and why\n\n{link}, in plain words: who gives which data to whom, for how long, and how "
        "to object or complain.\n\nWhat this pilot may do follows from what its partners have signed. "
        "The checklist is evidence of process; it is not legal advice.\n\n"
        f"| Step | State | Why |\n| :------ | :--- | :------ |\n{rows}\n\n: What the pilot may do {{#tbl-gates}}\n"
    )


def _data(entries: Sequence[Entry]) -> str:
    """Link the data behind every chart and table: a line each of the whole pilot's, a paragraph for each district."""
    kinds = {entry.kind for entry in entries if entry.district}
    found: dict[str, list[str]] = {}
    for entry in entries:
        kind = f", {entry.kind.lower()}" if len(kinds) > 1 else ""
        whose = f"{entry.district.name}{kind}" if entry.district else entry.kind
        heading = entry.district.name if entry.district else ""
        found.setdefault(heading, []).extend(_data_links(whose, entry))
    lines = [f"- {link}" for link in found.pop("", [])] + [f"- {', '.join(links)}" for links in found.values() if links]
    return "## The data behind the charts and tables\n\n" + "\n".join(lines) + "\n" if lines else ""


def _data_links(whose: str, entry: Entry) -> Iterator[str]:
    """Yield a link for each file of a report, whose words no other link has."""
    for caption, path, size in entry.tables:
        named = caption if whose in caption else f"{whose}: {caption}"
        about = f"{named} ({blocks.say_size(size)} CSV)"
        yield f"[{escape(about)}]({path.as_posix()})"
