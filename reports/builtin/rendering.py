"""Renderer 2: staged documents to HTML and PDF with pandoc and Typst, both Python packages.

It takes the same documents as Quarto, a named subset of them (`look/README.md`), and refuses
what is outside it by name (`subset.py`). It asks the network for nothing, and the same input
gives the same bytes.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oda.errors import RenderError
from oda.reports import fonts
from oda.reports.builtin.embedding import embed
from oda.reports.builtin.findings import plain
from oda.reports.builtin.pandoc import run_pandoc
from oda.reports.builtin.subset import source_refusals, tree_refusals
from oda.reports.document import Document, Format

if TYPE_CHECKING:
    import typst

LOOK = Path(__file__).parents[1] / "look"
DEFAULT_LANG = "en-GB"
_FILTERS = ("brand", "visible", "tables", "crossref", "notices", "finder", "maths", "literal")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)


def render(project: Path, documents: Sequence[Document], output: Path) -> list[Path]:
    """Render staged documents, each to the formats it names.

    Parameters
    ----------
    project : Path
        The staged project: `<name>.qmd` for each document, and the figures that they show.
    documents : sequence of Document
        What to render. Several are rendered at a time.
    output : Path
        Folder for `<name>.html` and `<name>.pdf`, made if absent. An older file of that name goes
        first, so that a document that fails leaves none behind.

    Returns
    -------
    list of Path
        The files written, in the order of the documents.

    Raises
    ------
    RenderError
        One or more documents failed: the message names each with its reason. All the others have
        been written by then.
    """
    failures = attempt(project, documents, output)
    if failures:
        said = "\n".join(f"{name}: {reason}" for name, reason in failures.items())
        raise RenderError(f"{len(failures)} of {len(documents)} documents could not be rendered.\n{said}")
    return [output / f"{one.name}.{wanted}" for one in documents for wanted in one.formats]


def attempt(project: Path, documents: Sequence[Document], output: Path) -> dict[str, str]:
    """Render staged documents; one that fails is named, and the others are rendered all the same.

    Parameters
    ----------
    project, documents, output
        As for `render`.

    Returns
    -------
    dict
        Why it could not be rendered, by document.
    """
    output.mkdir(parents=True, exist_ok=True)
    workers = max(1, min(4, os.cpu_count() or 1, len(documents)))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        reasons = list(pool.map(lambda one: _attempt(project, one, output), documents))
    return {one.name: reason for one, reason in zip(documents, reasons, strict=True) if reason}


def _attempt(project: Path, document: Document, output: Path) -> str:
    """Render one document; return why it could not be, or nothing."""
    targets: dict[Format, Path] = {one: output / f"{document.name}.{one}" for one in document.formats}
    for path in targets.values():
        path.unlink(missing_ok=True)
    try:
        tree = _read(project, document)
        made = {one: _write(project, tree, one) for one in targets}
    except RenderError as error:
        return str(error)
    for one, path in targets.items():
        path.write_bytes(made[one])
    return ""


def _read(project: Path, document: Document) -> dict[str, Any]:
    """Return a document's syntax tree, its metadata completed; refuse what is not supported."""
    source = project / f"{document.name}.qmd"
    if not source.is_file():
        raise RenderError(f"{source} is missing. Stage the document before it is rendered.")
    text = source.read_text(encoding="utf-8")
    _refuse(source_refusals(source, text))
    tree: dict[str, Any] = json.loads(
        run_pandoc(["--from=markdown", "--to=json", "--sandbox"], text, cwd=project, source=source.name)
    )
    _refuse(tree_refusals(source, text, tree, project))
    meta = tree["meta"]
    meta.pop("format", None)
    meta.setdefault("lang", {"t": "MetaString", "c": DEFAULT_LANG})
    day = _day(source, plain(meta["date"]))
    tree["day"] = day.isoformat()
    meta["date"] = {
        "t": "MetaString",
        "c": f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    }
    return tree


def _refuse(refusals: list[str]) -> None:
    """Raise one error with every refusal, or return."""
    if refusals:
        raise RenderError(
            "the built-in renderer does not support what it found. "
            "Mend each of these; reports/_extensions/oda/README.md says what a report may hold.\n  "
            + "\n  ".join(refusals)
        )


def _day(source: Path, text: str) -> dt.date:
    """Return the document's date, which also dates the PDF."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise RenderError(f"{source.name}: the date {text!r} is not a day. Write YYYY-MM-DD.") from error


def _write(project: Path, tree: dict[str, Any], wanted: Format) -> bytes:
    """Return the finished bytes of one format."""
    if wanted == "html":
        return _html(project, tree).encode()
    return _pdf(project, tree)


def _filters() -> list[str]:
    """Return pandoc's arguments for our Lua filters, in their order."""
    return [word for name in _FILTERS for word in ("--lua-filter", str(LOOK / f"{name}.lua"))]


def _ast(tree: dict[str, Any]) -> str:
    """Return the syntax tree as pandoc reads it."""
    return json.dumps({key: value for key, value in tree.items() if key != "day"})


def _html(project: Path, tree: dict[str, Any]) -> str:
    """Return one self-contained page; `tree_refusals` has seen that all it embeds is local."""
    contents = ["--toc", "--toc-depth=3"] if _headings(tree["blocks"]) > 1 else []
    arguments = [
        *("--from=json", "--to=html5", "--standalone", "--sandbox", "--mathml"),
        *("--section-divs=false", "--wrap=preserve", "--syntax-highlighting=none"),
        *("--template", str(LOOK / "report.html"), "--css", "report.css"),
        *contents,
        *_filters(),
    ]
    return embed(run_pandoc(arguments, _ast(tree), cwd=project), project, LOOK / "report.css")


def _headings(blocks: list[dict[str, Any]]) -> int:
    """Count the headings in the document's own order."""
    return sum(block["t"] == "Header" for block in blocks)


def _pdf(project: Path, tree: dict[str, Any]) -> bytes:
    """Return a tagged PDF/UA-1 file, dated with the document's own date."""
    import typst  # which takes its time, and is not needed where nothing has changed

    arguments = [
        *("--from=json", "--to=typst", "--standalone", "--sandbox", "--wrap=none"),
        *("--shift-heading-level-by=-1", "--syntax-highlighting=none"),
        *("--template", str(LOOK / "report.typ")),
        *_filters(),
    ]
    markup = run_pandoc(arguments, _ast(tree), cwd=project)
    day = dt.datetime.combine(dt.date.fromisoformat(tree["day"]), dt.time(), tzinfo=dt.UTC)
    compiler = typst.Compiler(root=project, font_paths=fonts.without_system_fonts())
    try:
        made, warnings = compiler.compile_with_warnings(
            input=markup.encode(), format="pdf", pdf_standards=["ua-1"], timestamp=day
        )
    except typst.TypstError as error:
        raise RenderError(f"Typst refused the PDF: {_typst_message(error)}") from error
    if warnings or not isinstance(made, bytes):
        said = _typst_message(warnings[0]) if warnings else "it made no PDF"
        raise RenderError(f"Typst warned about the PDF: {said}")
    return made


def _typst_message(problem: typst.TypstError | typst.TypstWarning) -> str:
    """Return what Typst said, with its hints, in one line."""
    return " ".join([problem.message, *problem.hints])
