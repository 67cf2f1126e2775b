"""Renderer 1: staged documents to HTML and PDF with the `quarto` command, where there is one.

The look is the built-in renderer's: the same style sheet, page template, Typst template and Lua
filters, copied into the project as `_look/`. Documents have no executable cells, and nothing is
executed.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from oda.errors import RenderError
from oda.reports import fonts
from oda.reports.document import Document, Format

LOOK = Path(__file__).parent / "look"
LOOK_COPY = "_look"
RENDERED = "_rendered"
_SHARED = ("notices.lua", "tables.lua", "maths.lua", "literal.lua")
_PAGE = ("report.html", "report.css", "typst-template.typ", "typst-show.typ")
_FONT_FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf", "DejaVuSans-BoldOblique.ttf")
_TO: dict[Format, str] = {"html": "html", "pdf": "typst"}
_SECONDS = 900
_LAST_LINES = 15
_FETCHED = re.compile(r"<(?:script|img|iframe|source|link)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")


def find() -> Path | None:
    """Find the quarto command.

    Returns
    -------
    Path or None
        The program, or None where Quarto is not installed or not on the path.
    """
    found = shutil.which("quarto")
    return Path(found) if found else None


def write_project_file(project: Path, documents: Sequence[Document]) -> Path:
    """Write `_quarto.yml` and the look into a project, so that `quarto render` works by hand.

    Parameters
    ----------
    project : Path
        The staged project.
    documents : sequence of Document
        What the project renders. A document made for HTML alone says so in its own front matter
        (`format: html`), or is rendered by name.

    Returns
    -------
    Path
        The project file.
    """
    look = project / LOOK_COPY
    look.mkdir(parents=True, exist_ok=True)
    for name in (*_SHARED, *_PAGE):
        shutil.copyfile(LOOK / name, look / name)
    if any("pdf" in one.formats for one in documents):
        (look / "fonts").mkdir(exist_ok=True)
        for name in _FONT_FILES:
            shutil.copyfile(fonts.folder() / name, look / "fonts" / name)
    settings = yaml.safe_load((LOOK / "quarto.yml").read_text(encoding="utf-8"))
    settings["project"]["render"] = [f"{one.name}.qmd" for one in documents]
    path = project / "_quarto.yml"
    path.write_text(
        "# Written for these documents; the settings come from the look of the reports.\n"
        + yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
        encoding="utf-8",
        newline="\n",
    )
    return path


def render(project: Path, documents: Sequence[Document], output: Path) -> list[Path]:
    """Render staged documents with Quarto, the whole project once for each format.

    Parameters
    ----------
    project : Path
        The staged project: `<name>.qmd` for each document, and the figures that they show.
    documents : sequence of Document
        What to render, and to which formats.
    output : Path
        Folder for `<name>.html` and `<name>.pdf`, made if absent; older ones go first.

    Returns
    -------
    list of Path
        The files written, in the order of the documents.

    Raises
    ------
    RenderError
        Quarto is not there, failed (its last lines are in the message), left a document out, or
        left an address to fetch in a page. The other format has been rendered by then.
    """
    program = find()
    if program is None:
        raise RenderError("The command 'quarto' is not on the path. Use the built-in renderer.")
    output.mkdir(parents=True, exist_ok=True)
    for one in documents:
        for wanted in one.formats:
            (output / f"{one.name}.{wanted}").unlink(missing_ok=True)
    failures = []
    for wanted in _TO:
        chosen = [one for one in documents if wanted in one.formats]
        if chosen:
            write_project_file(project, chosen)
            failures += _render_format(program, project, chosen, wanted, output)
    write_project_file(project, documents)
    if failures:
        raise RenderError("\n".join(failures))
    return [output / f"{one.name}.{wanted}" for one in documents for wanted in one.formats]


def _render_format(
    program: Path,
    project: Path,
    documents: Sequence[Document],
    wanted: Format,
    output: Path,
) -> list[str]:
    """Render the project to one format, collect what came out, and return what went wrong."""
    command = [str(program), "render", str(project.resolve()), "--to", _TO[wanted]]
    try:
        done = subprocess.run(
            command,
            cwd=project,
            env=_environment(project, documents),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"quarto did not finish ({wanted}): {error}"]
    said = done.stdout.decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
    failures = []
    if done.returncode:
        failures.append(f"quarto failed ({wanted}), its last lines:\n  " + "\n  ".join(said))
    for one in documents:
        failures += _collect(project, one, wanted, output, stopped=bool(done.returncode))
    shutil.rmtree(project / RENDERED, ignore_errors=True)
    return failures


def _collect(project: Path, document: Document, wanted: Format, output: Path, *, stopped: bool) -> list[str]:
    """Move one rendered file to its place; say if it is missing or would ask the network."""
    name = f"{document.name}.{wanted}"
    made = project / RENDERED / name
    if not made.is_file():
        return [] if stopped else [f"{document.name}: quarto ended well but made no {name}."]
    shutil.move(made, output / name)
    if wanted == "html":
        fetched = _FETCHED.search((output / name).read_text(encoding="utf-8"))
        if fetched:
            return [f"{document.name}: the page would ask the network for {fetched[0][:120]}"]
    return []


def _environment(project: Path, documents: Sequence[Document]) -> dict[str, str]:
    """Return this process's environment, with our Python and a fixed date for the PDF."""
    days = []
    for one in documents:
        source = project / f"{one.name}.qmd"
        text = source.read_text(encoding="utf-8") if source.is_file() else ""
        days += re.findall(r"^date:\s*[\"']?(\d{4}-\d{2}-\d{2})", text, re.MULTILINE)
    fixed = {"QUARTO_PYTHON": sys.executable}
    if days:
        day = datetime.fromisoformat(max(days)).replace(tzinfo=UTC)
        fixed["SOURCE_DATE_EPOCH"] = str(int(day.timestamp()))
    return os.environ | fixed
