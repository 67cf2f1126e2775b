"""Renderer 1: staged documents to HTML and PDF with the `quarto` command, where there is one.

The look is the built-in renderer's: the same style sheet, page template, Typst template and Lua
filters, as the extension `oda` (`extension.py`) in the project. Documents have no executable cells, and nothing is
executed.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from oda.errors import RenderError
from oda.reports import extension, fonts
from oda.reports.document import Document, Format
from oda.reports.linting import request_rules
from oda.reports.linting.tree import read_page

LOOK = Path(__file__).parent / "look"
FONTS_COPY = "_fonts"
RENDERED = "_rendered"
_TO: dict[Format, str] = {"html": "oda-html", "pdf": "oda-typst"}
_SECONDS = 900
_LAST_LINES = 15
_PATIENCE = 3  # calls one after another that make nothing
_PROGRESS = re.compile(r"\[\s*\d+/\d+\]\s+(?:\S*[/\\])?([A-Za-z0-9_-]+)\.qmd")  # "[ 3/34] redditch.qmd"


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
    """Write `_quarto.yml`, the extension and the fonts into a project, so that `quarto render` works by hand.

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
    extension.write(project)
    if any("pdf" in one.formats for one in documents):
        fonts.copy(project / FONTS_COPY)
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
        As `attempt` names them. The other documents have been rendered by then.
    """
    failures = attempt(project, documents, output)
    if failures:
        raise RenderError("\n".join(f"{name}: {said}" for name, said in failures.items()))
    return [output / f"{one.name}.{wanted}" for one in documents for wanted in one.formats]


def attempt(project: Path, documents: Sequence[Document], output: Path) -> dict[str, str]:
    """Render staged documents with Quarto; one that fails is named, and the others are rendered all the same.

    Quarto stops at the first document that it cannot render. It is then called again without that one.

    Parameters
    ----------
    project, documents, output
        As for `render`.

    Returns
    -------
    dict
        What went wrong, by document: Quarto's last lines, that it left the document out, or that its page would ask
        the network for something.

    Raises
    ------
    RenderError
        When Quarto is not there.
    """
    program = find()
    if program is None:
        raise RenderError("The command 'quarto' is not on the path. Use the built-in renderer.")
    output.mkdir(parents=True, exist_ok=True)
    for one in documents:
        for wanted in one.formats:
            (output / f"{one.name}.{wanted}").unlink(missing_ok=True)
    failures: dict[str, str] = {}
    for wanted in _TO:
        chosen = [one for one in documents if wanted in one.formats]
        _render_format(program, project, chosen, wanted, output, failures)
    write_project_file(project, documents)
    return failures


def _render_format(
    program: Path,
    project: Path,
    chosen: list[Document],
    wanted: Format,
    output: Path,
    failures: dict[str, str],
) -> None:
    """Render the project to one format, without the documents that Quarto stops at; note these."""
    in_vain = 0
    while chosen:
        write_project_file(project, chosen)
        stopped = _call(program, project, wanted)
        left = [one for one in chosen if not _collect(project, one, wanted, output, failures)]
        shutil.rmtree(project / RENDERED, ignore_errors=True)
        # Quarto leaves the markup of a PDF that failed, and another file in the project would make all reports stale.
        for one in chosen:
            (project / f"{one.name}.typ").unlink(missing_ok=True)
        in_vain = in_vain + 1 if len(left) == len(chosen) else 0
        culprit = _culprit(stopped, chosen, left) if in_vain < _PATIENCE else None
        if stopped:
            words = f"quarto failed ({wanted}), its last lines:\n  " + "\n  ".join(stopped[-_LAST_LINES:])
            failed = [culprit] if culprit else left or chosen
        else:
            words, failed = f"quarto ended well but made no {wanted} of it", left
        for one in failed:
            failures.setdefault(one.name, words)
        chosen = [one for one in left if one not in failed]


def _culprit(stopped: list[str], chosen: list[Document], left: list[Document]) -> Document | None:
    """Return the document that Quarto stopped at; None when it is not one document that fails."""
    begun = [name for line in stopped for name in _PROGRESS.findall(line)]
    named = next((one for one in left if begun and one.name == begun[-1]), None)
    return named or (left[0] if stopped and 0 < len(left) < len(chosen) else None)


def _call(program: Path, project: Path, wanted: Format) -> list[str]:
    """Render the project to one format; return what Quarto said when it failed, nothing when it ended well."""
    command = [str(program), "render", ".", "--to", _TO[wanted]]  # Quarto takes brackets in a path for a pattern
    with tempfile.TemporaryFile() as words:  # a pipe would be waited for as long as any program of Quarto's has it
        try:
            started = subprocess.Popen(
                command,
                cwd=project,
                env=_environment(project),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return [f"it did not start: {error}"]
        try:
            code = started.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            return [f"it did not finish within {_SECONDS // 60} minutes, and was ended"]
        finally:
            _end(started)
        words.seek(0)
        said = words.read().decode(errors="replace").strip().splitlines()
    return (said or ["it said nothing"]) if code else []


def _end(started: subprocess.Popen[bytes]) -> None:
    """End Quarto with all that it started, if it has not ended, so that nothing of it writes on."""
    if started.poll() is not None:
        return
    if sys.platform == "win32":
        words = ["taskkill", "/T", "/F", "/PID", str(started.pid)]
        subprocess.run(words, capture_output=True, check=False)
    else:
        os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def _collect(project: Path, document: Document, wanted: Format, output: Path, failures: dict[str, str]) -> bool:
    """Move one rendered file to its place; say what is wrong with it; tell whether there was one."""
    name = f"{document.name}.{wanted}"
    made = project / RENDERED / name
    if not made.is_file():
        return False
    shutil.move(made, output / name)
    wrong = _wrong((output / name).read_bytes(), wanted, (project / f"{document.name}.qmd").read_text(encoding="utf-8"))
    if wrong:
        failures[document.name] = wrong
    return True


def _wrong(content: bytes, wanted: Format, source: str) -> str:
    """Say why a file that Quarto made cannot be shown; nothing when it can."""
    if wanted == "pdf":
        return "" if content.startswith(b"%PDF-") else "what quarto made is no PDF"
    page = read_page(content.decode(errors="replace"))
    asked = next((fault.what for fault in request_rules.RULES["requests"](page)), "")
    if asked:
        return f"the page is not one file: {asked}"
    marked = any("draft-banner" in one.classes() for one in page.elements)
    unmarked = "\ndraft: true\n" in source.partition("\n---\n")[0] + "\n" and not marked
    return "the page came out without the mark of a draft" if unmarked else ""


def _environment(project: Path) -> dict[str, str]:
    """Return this process's environment, with our Python and a fixed date for every PDF of the project."""
    texts = (source.read_text(encoding="utf-8") for source in project.glob("*.qmd"))
    days = [day for text in texts for day in re.findall(r"^date:\s*[\"']?(\d{4}-\d{2}-\d{2})", text, re.MULTILINE)]
    fixed = {"QUARTO_PYTHON": sys.executable, "NO_COLOR": "1"}
    if days:
        day = datetime.fromisoformat(max(days)).replace(tzinfo=UTC)
        fixed["SOURCE_DATE_EPOCH"] = str(int(day.timestamp()))
    return os.environ | fixed
