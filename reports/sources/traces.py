"""Where each number of a report comes from: its result, the cell that recorded it, and the data that were read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from oda.records import NOTEBOOKS
from oda.reports import blocks
from oda.reports.document import escape
from oda.reports.sources.origins import UNKNOWN, Origin, datasets_of, origins_of
from oda.reports.sources.provenance import shorten
from oda.results import AnyResult, Picture, Table
from oda.runs import Run

if TYPE_CHECKING:
    from oda.reports.context import Context

CAPTION = "Where each number comes from"
HERE = "\ue000sources\ue000"  # where the sources go, which are known only when all else has been put in
WORDS = 7  # of a sentence, by which a reader knows it again
_FENCE = re.compile(r"\s*:{3,}\s*(.*?)\s*:*\s*$")
_PROVENANCE = re.compile(r"\s*\{\{<\s*oda\s+provenance\s*>\}\}\s*")
_NUMBER = re.compile(r"\d+(?:[,.]\d+)*")


@dataclass(kw_only=True, slots=True)
class Sources:
    """The results that a document shows, in the order in which a reader meets them.

    Attributes
    ----------
    places
        By key of the result, the ids of the places that show it.
    constants
        What was typed by hand as a definition, with its line.
    for_one_format
        Whether what is written now appears in HTML alone or in the PDF alone, so that no link may lead there.
    short
        Whether the document asks for a list, a line a source, and no table.
    """

    places: dict[str, list[str]] = field(default_factory=dict)
    constants: list[tuple[str, int]] = field(default_factory=list)
    for_one_format: bool = False
    short: bool = False

    def ask_short(self) -> str:
        """Note that a list of the sources is enough, and return the mark of their place.

        Returns
        -------
        str
            Where the sources go.
        """
        self.short = True
        return HERE

    def note(self, key: str) -> int:
        """Note that a result is shown.

        Parameters
        ----------
        key
            The result's key.

        Returns
        -------
        int
            The number of its source.
        """
        self.places.setdefault(key, [])
        return list(self.places).index(key) + 1

    def link(self, key: str) -> str:
        """Note that a result is shown here, and return the link to its source.

        Parameters
        ----------
        key
            The result's key.

        Returns
        -------
        str
            Markdown, a few words in small print, which the source links back to.

        Examples
        --------
        >>> Sources().link("effect")
        '[([source 1](#source-1))]{#source-1-place-1 .source}'
        """
        number = self.note(key)
        words = f"[([source {number}](#source-{number}))]"
        if self.for_one_format:
            return f"{words}{{.source}}"
        self.places[key].append(f"source-{number}-place-{len(self.places[key]) + 1}")
        return f"{words}{{#{self.places[key][-1]} .source}}"


def in_one_format(lines: Sequence[str]) -> list[tuple[str, bool]]:
    """Return each line with whether it appears in HTML alone or in the PDF alone.

    Parameters
    ----------
    lines
        Of a document's body.

    Returns
    -------
    list of tuple
        The lines as they are, and a truth value each.

    Examples
    --------
    >>> in_one_format(['::: {.content-visible when-format="html"}', "a", ":::", "b"])[1:]
    [('a', True), (':::', True), ('b', False)]
    """
    found, opened = [], []
    for line in lines:
        fence = _FENCE.fullmatch(line)
        if fence and fence[1]:
            opened.append(".content-" in fence[1])
        found.append((line, any(opened)))
        if fence and not fence[1] and opened:
            opened.pop()
    return found


def put_sources(lines: list[str], written: Sequence[str], context: Context) -> None:
    """Put the sources where the document asks for them, else before its provenance, else at its end.

    Parameters
    ----------
    lines
        The document's lines, expanded; changed in place.
    written
        The same lines as the analyst wrote them.
    context
        What the document was expanded with.
    """
    everywhere = [not one for _, one in in_one_format(written)]
    asked = [place for place, line in enumerate(lines) if line == HERE and everywhere[place]]
    before = [place for place, line in enumerate(written) if _PROVENANCE.fullmatch(line) and everywhere[place]]
    for place in [place for place, line in enumerate(lines) if line == HERE]:
        lines[place] = ""
    text = write_sources(context)
    if not text:
        return
    place = (asked or before or [len(lines) - 1])[0]
    lines[place] = "\n".join([text, lines[place]] if place in before else [lines[place], "", text])


def write_sources(context: Context) -> str:
    """Write the table, or the list, that leads from each number of a document to what made it.

    Parameters
    ----------
    context
        What the document was expanded with, all results noted.

    Returns
    -------
    str
        A sentence or two and the sources in small print; nothing for a document that shows no result.
    """
    said = [escape(_constants(context.sources))] if context.sources.constants else []
    if context.sources.places:
        made = escape(f"Notebooks as they were executed are kept in runs/{context.run.id}/{NOTEBOOKS}.")
        said = [*said, _list(context)] if context.sources.short else [made, *said, _table(context)]
    return "\n\n".join(["::: {.provenance}", *said, ":::"]) + "\n" if said else ""


def _constants(sources: Sources) -> str:
    """Say which numbers are no results."""
    values = ", ".join(dict.fromkeys(value for value, _ in sources.constants))
    return f"Numbers that are definitions, not results: {values}."


def _rows(context: Context) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield of each source its name, the links back to its places, its result's key, its notebook and its data."""
    made = origins_of(context)
    used = datasets_of(context.run)
    for number, (key, places) in enumerate(context.sources.places.items(), 1):
        origin = made[key]
        back = ", ".join(f"[place {number}.{n}](#{place})" for n, place in enumerate(places, 1))
        name, places_in = f"[Source {number}:]{{#source-{number}}}", f" ({back})" if back else ""
        yield name, places_in, key, escape(origin.place), escape(_data(origin, used))


def _list(context: Context) -> str:
    """Return the sources as a list."""
    return "\n".join(f"- {name} `{key}`, {place}, {data}{back}" for name, back, key, place, data in _rows(context))


def _table(context: Context) -> str:
    """Return the table of sources."""
    heads = ["Source", "Caption, or first words", "Result", "Notebook", "Data (card, start of hash)"]
    lines = [heads, [f":{'-' * width}" for width in (6, 20, 9, 11, 12)]]
    for name, back, key, place, data in _rows(context):
        lines.append([name, escape(_words(context.results[key])) + back, f"`{key}`", place, data])
    body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"{body}\n\n: {CAPTION} {{#tbl-sources}}"


def _words(result: AnyResult) -> str:
    """Return what a reader knows a result by."""
    if isinstance(result, Table | Picture):
        return result.caption
    opening = " ".join((blocks.sentence(result) or "").split()[:WORDS])
    return f"“{opening}”"


def _data(origin: Origin, used: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the data behind a result in words."""
    if not origin.known:
        return UNKNOWN
    said = []
    for name in origin.datasets:
        files = used.get(name, {}).get("files", ())
        hashes = ", ".join(dict.fromkeys(shorten(file["hash"]) for file in files[:2])) or UNKNOWN
        more = f" and {len(files) - 2} more files" if len(files) > 2 else ""
        said.append(f"{name}.yml, {hashes}{more}")
    return "; ".join([*said, *(f"{file} (no card)" for file in origin.files)]) or "none read"


def trace(context: Context) -> dict[str, Any]:
    """Return where each number, figure and table of a document comes from, as plain values.

    Parameters
    ----------
    context
        What the document was expanded with.

    Returns
    -------
    dict
        `document`, `district`, `sources` in the order of the page, and `constants`.
    """
    made = origins_of(context)
    sources = []
    for number, (key, places) in enumerate(context.sources.places.items(), 1):
        origin, result = made[key], context.results[key]
        sources.append(
            {
                "source": number,
                "result": key,
                "kind": result.kind,
                "what": _words(result),
                "numbers": list(dict.fromkeys(_NUMBER.findall(blocks.sentence(result) or ""))),
                "places": places,
                "notebook": origin.notebook,
                "cell": origin.cell,
                "cell_id": origin.cell_id,
                "executed": origin.executed,
                "datasets": list(origin.datasets),
                "files_without_card": list(origin.files),
            }
        )
    return {
        "document": context.source,
        "district": context.district.code if context.district else None,
        "sources": sources,
        "constants": [{"value": value, "line": line} for value, line in context.sources.constants],
    }


def write_traces(run: Run, traces: Mapping[str, Any], *, renderer: str) -> bytes:
    """Write the traces of all reports of a run as one file, the same for the same run.

    Parameters
    ----------
    run
        The run.
    traces
        What `trace` returned, by name of the report.
    renderer
        What made the reports.

    Returns
    -------
    bytes
        JSON: the run, its versions and datasets, and under `reports` each report with its sources.
    """
    content = {
        "run": run.id,
        "renderer": renderer,
        "versions": run.record["versions"],
        "inputs": run.record["inputs"],
        "datasets": datasets_of(run),
        "reports": traces,
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n"
