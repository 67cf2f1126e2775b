"""Executed notebooks as report documents: the same markdown and shortcodes that a `.qmd` holds.

A notebook that the plan runs may be a report: its words are its markdown cells, its exhibits the results that it
records. Of what else it shows only pictures with caption, label and alternative text are taken; all that could hold
numbers which nobody has protected is refused, by notebook and cell.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from oda.errors import RenderError
from oda.pilot import District, Pilot
from oda.records import NOTEBOOKS
from oda.reports.blocks import exhibit
from oda.reports.document import attribute
from oda.reports.own_pictures import no_picture
from oda.results import MIME, UNSAFE
from oda.runs import RUNS, Run

ENDING = ".ipynb"
_OPTION = re.compile(r"#\|\s?(.*)")
_TITLE = re.compile(r"\s*# +(\S.*?)\s*(?:\n|$)")
_LABEL = re.compile(r"fig-[a-z0-9]+(-[a-z0-9]+)*")
_SWITCHES = {"echo": False, "include": True, "output": None, "warning": False, "photo": False}
_TEXTS = ("label", "fig-cap", "fig-alt", "tbl-cap", "data")
_HIDDEN = {"parameters", "injected-parameters", "remove-cell"}
_NO_OUTPUT = {"remove-output", "hide-output"}
_PICTURES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}
_SHORTCODES = {"table": "table", "figure": "figure"}
_INJECTED = "injected-parameters"
_RECORD = "Record it with oda.record, or hide it with '#| output: false'"


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Which cell of a notebook, and which line of that, each line of its document comes from.

    Attributes
    ----------
    source
        The notebook as `pilot.yml` names it.
    cells
        For each line the number of the cell, from 1, and the line in it; 0 for a line that the cell's output gave.
    """

    source: str
    cells: tuple[tuple[int, int], ...]

    def name(self, message: str) -> str:
        """Name cells in a message that names lines of the document.

        Parameters
        ----------
        message
            Such as `notebooks/a.ipynb, line 9: no`.

        Returns
        -------
        str
            Such as `notebooks/a.ipynb, cell 4, line 2: no`.
        """
        if self.source not in message:
            return message
        message = re.sub(rf"{re.escape(self.source)}:(\d+)", rf"{self.source}, line \1", message)
        return re.sub(r"\bline (\d+)", lambda found: self._place(int(found[1])), message)

    def of(self, line: int) -> str:
        """Name the cell that a line comes from.

        Parameters
        ----------
        line
            Of the document, from 1.

        Returns
        -------
        str
            Such as `notebooks/a.ipynb, cell 4, line 2`.
        """
        return f"{self.source}, {self._place(line)}"

    def _place(self, line: int) -> str:
        """Return the cell that a line comes from."""
        cell, inner = self.cells[min(line, len(self.cells)) - 1]
        return f"cell {cell}, line {inner}" if inner else f"cell {cell}"


@dataclass(kw_only=True, slots=True)
class _Writing:
    """A notebook on its way to a document: what has been written, and where each line comes from."""

    source: str
    name: str
    project: Path
    lines: list[str] = field(default_factory=list)
    cells: list[tuple[int, int]] = field(default_factory=list)

    def add(self, text: str, cell: int, *, first: int = 0) -> None:
        """Write text of a cell, from one of its lines on, and an empty line."""
        for number, line in enumerate([*text.split("\n"), ""]):
            self.lines.append(line)
            self.cells.append((cell, first + number if first else 0))

    def refuse(self, cell: int, what: str) -> RenderError:
        """Return an error that names the notebook and the cell."""
        return RenderError(f"{self.source}, cell {cell}: {what}.")


def find_executed(pilot: Pilot, run: Run, document: str, district: District | None) -> Path:
    """Find the executed copy of a notebook that a report is made of.

    Parameters
    ----------
    pilot, run
        The plan, and what became of it.
    document
        The notebook as `reports` in `pilot.yml` names it: one of the plan, or an executed copy in `runs/`.
    district
        The district that the report is about; None for the whole pilot.

    Returns
    -------
    Path
        The executed notebook.

    Raises
    ------
    RenderError
        When the plan does not run it, runs it for each of something that the report is not for, or it failed.
    """
    if PurePosixPath(document).parts[0] == RUNS:
        return pilot.folder / document
    planned = next((one for one in pilot.run if one.notebook == document), None)
    if planned is None:
        message = f"{document} is a report, but the plan does not run it. Name it under 'run' in pilot.yml too."
        raise RenderError(message)
    tasks = [one for one in run.outcomes if one.notebook == planned.name]
    own = [one for one in tasks if one.district in (None, district.code if district else None) and one.item is None]
    if tasks and not own:
        message = f"{document} runs for each of several, and its report is for none. Give both the same for_each."
        raise RenderError(message)
    if not own or not own[0].done:
        message = f"{document} did not finish, so there is no report of it. Run it again, and see run.json for why."
        raise RenderError(message)
    return pilot.folder / RUNS / run.id / NOTEBOOKS / f"{own[0].task}{ENDING}"


def read_notebook(
    path: Path, source: str, name: str, project: Path, *, words: Path | None = None
) -> tuple[str, Places]:
    """Turn an executed notebook into a report document, its pictures saved beside it.

    Parameters
    ----------
    path
        The executed notebook.
    source
        The notebook as `pilot.yml` names it, for messages.
    name
        The report's name.
    project
        The staged project.
    words
        The notebook as its analyst has it now, whose words and options are taken, since a change of words alone
        executes nothing; those of the executed copy when not given.

    Returns
    -------
    text : str
        Front matter, prose and shortcodes.
    places : Places
        Which cell each line comes from.

    Raises
    ------
    RenderError
        When it cannot be read, has no title, or shows what a report does not take; with the cell.
    """
    writing = _Writing(source=source, name=name, project=project)
    cells = _cells(path, source)
    numbered = list(enumerate(_reworded(cells, _cells(words, source)) if words else cells, 1))
    rest = _front(writing, numbered)
    for number, cell, first in rest:
        text = _source(cell, from_line=first)
        if cell["cell_type"] == "markdown" and text.strip():
            writing.add(text, number, first=first)
        elif cell["cell_type"] == "raw" and text.strip():
            raise writing.refuse(number, "a raw cell, of which only the first may be one, with the front matter")
        elif cell["cell_type"] == "code":
            _code(writing, number, cell)
    return "\n".join(writing.lines), Places(source=source, cells=tuple(writing.cells))


def _cells(path: Path, source: str) -> list[dict[str, Any]]:
    """Return the cells of a notebook as it was written, without what was put in."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [cell for cell in cells if _INJECTED not in _tags(cell)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RenderError(f"{source} cannot be read as an executed notebook. Run it again.") from error


def _reworded(executed: list[dict[str, Any]], written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the cells as they are written now, each of code with what it showed when it was executed."""
    showed = [cell.get("outputs", []) for cell in executed if cell["cell_type"] == "code"]
    if len(showed) != sum(cell["cell_type"] == "code" for cell in written):
        return executed
    left = iter(showed)
    return [cell | {"outputs": next(left)} if cell["cell_type"] == "code" else cell for cell in written]


def _front(writing: _Writing, cells: list[tuple[int, Any]]) -> Iterator[tuple[int, Any, int]]:
    """Write the front matter; return the cells that follow, each with the line to begin at."""
    number, cell = next(((at, one) for at, one in cells if _source(one).strip()), (1, {"cell_type": "markdown"}))
    text = _source(cell)
    heading = _TITLE.match(text) if cell["cell_type"] == "markdown" else None
    if cell["cell_type"] == "raw" and text.lstrip().startswith("---\n"):
        writing.add(text.strip(), number, first=1)
        return ((at, one, 1) for at, one in cells if at > number)
    if heading is None:
        what = "no title. Begin with '# Title', or with a raw cell that holds the front matter: ---, title: ..., ---"
        raise writing.refuse(number, what)
    title = json.dumps(heading[1], ensure_ascii=False)
    writing.add(f"---\ntitle: {title}\n---", number)
    begin = len(text[: heading.end()].rstrip("\n").split("\n")) + 1
    return ((at, one, begin if at == number else 1) for at, one in cells if at >= number)


def _source(cell: Mapping[str, Any], *, from_line: int = 1) -> str:
    """Return the text of a cell, which nbformat allows to be one text or a list of lines."""
    source = cell.get("source", "")
    text = source if isinstance(source, str) else "".join(source)
    return "\n".join(text.replace("\r\n", "\n").split("\n")[from_line - 1 :])


def _tags(cell: Mapping[str, Any]) -> set[str]:
    """Return a cell's tags."""
    return set(cell.get("metadata", {}).get("tags", ()))


def _code(writing: _Writing, number: int, cell: Mapping[str, Any]) -> None:
    """Write what a code cell shows."""
    tags, text = _tags(cell), _source(cell)
    options, body = _options(writing, number, text)
    if tags & _HIDDEN or not options["include"]:
        return
    if options["echo"]:
        fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", body)), default=0))
        writing.add(f"{fence}python\n{body.strip()}\n{fence}", number)
    if options["output"] is False or tags & _NO_OUTPUT:
        return
    pictures = 0
    for output in cell.get("outputs", ()):
        pictures += _output(writing, number, output, options)
    if pictures > 1:
        raise writing.refuse(number, f"{pictures} pictures under one label. Show each in a cell of its own")
    if options["label"] and not pictures:
        what = f"the label {options['label']!r}, and no picture that it could name"
        raise writing.refuse(number, f"{what}. Take it out, and record the chart with oda.picture")


def _options(writing: _Writing, number: int, text: str) -> tuple[dict[str, Any], str]:
    """Return a cell's options, as Quarto writes them in its first lines, and its code without them."""
    lines = text.split("\n")
    ours = [found for line in lines if (found := _OPTION.match(line))]
    body = "\n".join(line for line in lines if not _OPTION.match(line))
    try:
        given: Any = yaml.safe_load("\n".join(found[1] for found in ours)) or {}
        unknown = sorted(set(given) - set(_SWITCHES) - set(_TEXTS))
    except (yaml.YAMLError, TypeError) as error:
        raise writing.refuse(number, "options after '#|' that are not 'name: value'") from error
    if unknown:
        known = ", ".join((*_SWITCHES, *_TEXTS))
        raise writing.refuse(number, f"the option {', '.join(map(repr, unknown))}. A report knows {known}")
    options = _SWITCHES | dict.fromkeys(_TEXTS, "") | given
    wrong = [name for name in _SWITCHES if given.get(name, True) not in (True, False)]
    wrong += [name for name in _TEXTS if not isinstance(options[name], str)]
    if wrong:
        raise writing.refuse(number, f"{wrong[0]}: {options[wrong[0]]!r}, which a report does not take")
    return options, body


def _output(writing: _Writing, number: int, output: Mapping[str, Any], options: Mapping[str, Any]) -> bool:
    """Write one output, or refuse it; tell whether it was a picture that is no recorded result."""
    data = output.get("data", {})
    if MIME in data:
        _result(writing, number, data[MIME], options)
        return False
    kind = next((kind for kind in _PICTURES if kind in data), "")
    if kind:
        _picture(writing, number, data[kind], kind, options)
        return True
    if output["output_type"] == "stream" or set(data) <= {"text/plain"}:
        asked = options["warning"] if output.get("name") == "stderr" else options["output"]
        if asked:
            raise writing.refuse(number, f"printed text, whose numbers nobody has protected. {_RECORD}")
        return False
    what = "a table" if "<table" in str(data.get("text/html", "")) else f"an output of the kind {', '.join(data)}"
    raise writing.refuse(number, f"{what} that is no recorded result, so nobody has protected its numbers. {_RECORD}")


def _result(writing: _Writing, number: int, recorded: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Ask for a recorded result by its key, as a `.qmd` does."""
    given = [name for name in _TEXTS if options[name]]
    if given:
        what = f"{' and '.join(given)} for the result {recorded['key']!r}, which is recorded with its own. Take it out"
        raise writing.refuse(number, what)
    word = _SHORTCODES.get(recorded["result"]["kind"], "say")
    writing.add(f"{{{{< oda {word} {recorded['key']} >}}}}", number)


def _picture(writing: _Writing, number: int, content: str | list[str], kind: str, options: Mapping[str, Any]) -> None:
    """Save a picture and write it as a figure."""
    lacking = [name for name in ("fig-cap", "fig-alt", "label") if not options[name].strip()]
    if lacking:
        what = f"a picture without {', '.join(lacking)}. Write them as '#| {lacking[0]}: ...', or record an oda.picture"
        raise writing.refuse(number, what)
    if not _LABEL.fullmatch(options["label"]):
        raise writing.refuse(number, f"the label {options['label']!r}. Write it like 'fig-falls-by-month'")
    text = content if isinstance(content, str) else "".join(content)
    if kind == "image/svg+xml" and UNSAFE.search(text):
        raise writing.refuse(number, "an SVG picture that runs or fetches something")
    drawn = text.encode() if kind == "image/svg+xml" else base64.b64decode(text)
    if fault := no_picture(drawn, f".{_PICTURES[kind]}"):
        raise writing.refuse(number, f"a picture that did not draw: {fault}")
    place = PurePosixPath("figures", writing.name, f"{options['label']}.{_PICTURES[kind]}")
    path = writing.project / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(drawn)
    caption = " ".join(options["fig-cap"].split())
    mark = " .photo" if options["photo"] else ""
    figure = f"![{caption}]({place}){{#{options['label']}{mark} fig-alt={attribute(options['fig-alt'])}}}"
    writing.add(exhibit(figure, f"{{{{< oda data {options['data']} >}}}}") if options["data"] else figure, number)
