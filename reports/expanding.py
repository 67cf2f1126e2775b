"""A pilot's report documents with their results put in: `{{< oda ... >}}` becomes plain markdown.

An analyst writes prose in `reports/board.qmd` and asks for results by key; no number is typed by hand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from oda.errors import RenderError
from oda.governance import Assessment
from oda.pilot import District, Pilot
from oda.reports import blocks, glance
from oda.reports.document import escape, front_matter
from oda.reports.provenance import notices, provenance
from oda.reports.traces import HERE, Sources, in_one_format, put_sources
from oda.results import AnyResult, Picture, Table
from oda.runs import Run

_SHORTCODE = re.compile(r"\{\{<\s*oda\s+([^>]*?)\s*>\}\}")
_UNLINKED = ("#", ":::", "![")  # lines whose words stand in a heading, an attribute or an alternative text
_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
FORMS = (
    "say KEY, table KEY, figure KEY (each may end in 'optional'), pilot FIELD, district FIELD, questions, points, "
    "notices, provenance, "
    "sources, constant VALUE"
)


@dataclass(kw_only=True, slots=True)
class Context:
    """What a document is expanded with, and which tables it has shown.

    Attributes
    ----------
    pilot, run, assessment
        Settings, results and the state of the checklist.
    name
        The document's name, such as `board` or `redditch`.
    source
        The document as the analyst wrote it, for messages.
    district
        The district it is about; None for one about the whole pilot.
    results
        Results by key, those of the district first.
    project
        The staged project.
    shown
        Tables, and data of charts, that were put in, by key.
    origins
        For each line of the expanded document, the line of the source it comes from.
    mark
        Lines of the front matter that say whose the document is and whether it is a draft.
    said
        What each shortcode of the body stood for, by its words, in the order of the document.
    """

    pilot: Pilot
    run: Run
    assessment: Assessment
    name: str
    source: str
    district: District | None
    results: Mapping[str, AnyResult]
    project: Path
    shown: dict[str, Table] = field(default_factory=dict)
    origins: list[int] = field(default_factory=list)
    mark: str = ""
    said: dict[str, list[str]] = field(default_factory=dict)

    def note(self, asked: str, text: str) -> str:
        """Keep what a shortcode stood for, for documents that are rendered by hand; return it."""
        self.said.setdefault(" ".join(re.sub("[\"']", "", asked).split()), []).append(text)
        return text


def expand(text: str, context: Context) -> str:
    """Expand a document into plain markdown.

    Parameters
    ----------
    text
        The document: front matter, prose and shortcodes.
    context
        What to put in.

    Returns
    -------
    str
        The document without any `{{< oda ... >}}`, its front matter dated with the run.

    Raises
    ------
    RenderError
        When a shortcode is not known, or a result it asks for is absent; with file and line.
    """
    text = text.replace("\r\n", "\n")
    found = _MATTER.match(text)
    if not found:
        message = f"{context.source}, line 1: there is no front matter. Begin with ---, title: ..., ---."
        raise RenderError(message)
    body = text[found.end() :]
    first = text[: found.end()].count("\n") + 1
    lines = [_expand_line(line, number, context) for number, line in enumerate(body.split("\n"), first)]
    matter = front_matter(_fields(found[1], context)).removesuffix("---\n") + context.mark + "---\n"
    context.origins.extend([1] * matter.count("\n"))
    for number, line in enumerate(lines, first):
        context.origins.extend([number] * (line.count("\n") + 1))
    return matter + "\n".join(lines)


def _fields(matter: str, context: Context) -> dict[str, str | list[str]]:
    """Return the front matter's fields, texts or lists of texts, with their shortcodes as plain text."""
    try:
        fields: Any = yaml.safe_load(matter)
        pairs = list(fields.items())
    except (yaml.YAMLError, AttributeError) as error:
        message = f"{context.source}, front matter: not 'name: value' lines; {' '.join(str(error).split())}"
        raise RenderError(message) from error
    plain: dict[str, str | list[str]] = {}
    for key, value in pairs:
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            raise _fault(
                f"front matter {key!r} is neither a text nor a list of texts; put it between quotes", 1, context
            )
        said = [_SHORTCODE.sub(lambda found: _plain(found[1], 1, context), text) for text in texts]
        plain[str(key)] = said if isinstance(value, list) else said[0]
    about = {"author": context.pilot.pilot.oda_name, "date": str(context.run.record["started"])[:10]}
    return {**about, **plain}


def _expand_line(line: str, number: int, context: Context) -> str:
    """Expand the shortcodes of one line: a block when it stands alone, words inside a line otherwise."""
    whole = _SHORTCODE.fullmatch(line.strip())
    if whole:
        return context.note(whole[1], _block(whole[1], number, context))
    return _SHORTCODE.sub(lambda found: context.note(found[1], escape(_plain(found[1], number, context))), line)


def _block(asked: str, number: int, context: Context) -> str:
    """Return what a shortcode on a line of its own stands for."""
    match asked.split():
        case ["questions"]:
            return glance.questions(context)
        case ["points"]:
            return glance.points(context)
        case ["notices"]:
            return notices(context.pilot, context.run, context.assessment)
        case ["provenance"]:
            return provenance(context)
        case ["sources"]:
            return HERE
        case ["table", key, *rest] if rest in ([], ["optional"]):
            result = _find(key, number, context, optional=bool(rest))
            return "" if result is None else _table(key, result, number, context)
        case ["figure", key, *rest] if rest in ([], ["optional"]):
            result = _find(key, number, context, optional=bool(rest))
            return "" if result is None else _figure(key, result, number, context)
        case _:
            return _inline(asked, number, context)


def _plain(asked: str, number: int, context: Context) -> str:
    """Return the words that a shortcode inside a line stands for, not yet escaped."""
    match asked.split():
        case ["say", key, *rest] if rest in ([], ["optional"]):
            result = _find(key, number, context, optional=bool(rest))
            said = "" if result is None else blocks.sentence(result)
            if said is None:
                raise _fault(
                    f"result {key!r} is a table or figure; ask for it with table or figure",
                    number,
                    context,
                )
            if said:
                context.sources.note(key)
            return said
        case ["constant", *words] if words:
            context.sources.constants.append((" ".join(words), number))
            return " ".join(words)
        case ["pilot", "contact"]:
            return context.pilot.pilot.lead.contact
        case ["pilot", name] if name in type(context.pilot.pilot).model_fields:
            return str(getattr(context.pilot.pilot, name))
        case ["district", ("name" | "code") as name] if context.district:
            return str(getattr(context.district, name))
        case _:
            raise _fault(f"{{{{< oda {asked} >}}}} is not known. Write one of: {FORMS}", number, context)


def _fault(what: str, number: int, context: Context) -> RenderError:
    """Return an error with its file and line."""
    return RenderError(f"{context.source}, line {number}: {what}.")


def _find(key: str, number: int, context: Context, *, optional: bool) -> AnyResult | None:
    """Return a result by key; None when it is absent and that was foreseen."""
    if key in context.results or optional:
        return context.results.get(key)
    there = ", ".join(sorted(context.results)) or "none"
    raise _fault(f"there is no result {key!r}. Notebooks recorded: {there}", number, context)


def _table(key: str, result: AnyResult, number: int, context: Context) -> str:
    """Put a table in."""
    if not isinstance(result, Table):
        raise _fault(f"result {key!r} is not a table but of kind {result.kind!r}", number, context)
    context.shown[key] = result
    return blocks.table(key, result, file=f"{context.name}-{key}.csv", source=_source(key, context))


def _figure(key: str, result: AnyResult, number: int, context: Context) -> str:
    """Put a figure in."""
    if not isinstance(result, Picture):
        raise _fault(f"result {key!r} is not a figure but of kind {result.kind!r}", number, context)
    context.shown[key] = result.data
    drawing = blocks.draw(key, result, context.project / "figures" / context.name, context.project)
    return blocks.figure(key, result, drawing, file=f"{context.name}-{key}.csv", source=_source(key, context))


def _source(key: str, context: Context) -> str:
    """Return the link to where a result comes from, where the document traces its results."""
    return context.source_of(key)
