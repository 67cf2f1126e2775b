"""A pilot's report documents with their results put in: `{{< oda ... >}}` becomes plain markdown.

An analyst writes prose in `reports/board.qmd` and asks for results by key; no number is typed by hand.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from oda.errors import RenderError
from oda.governance import Assessment
from oda.pilot import District, Pilot
from oda.reports import blocks, glance
from oda.reports.builtin.subset import KEYS, MARKS
from oda.reports.claims import say_method, say_rule
from oda.reports.dating import date_fields
from oda.reports.document import escape, front_matter, misplaced_settings
from oda.reports.faults import say_failed, undrawn
from oda.reports.own_pictures import stage_picture
from oda.reports.proofreading.labels import check_labels, without_code
from oda.reports.proofreading.typed_numbers import refuse_typed_numbers
from oda.reports.shortcodes import SHORTCODE, line_of, miswritten, plain_words, unknown
from oda.reports.sources.origins import origins_of
from oda.reports.sources.provenance import notices, provenance
from oda.reports.sources.traces import HERE, Sources, in_one_format, put_sources
from oda.results import AnyResult, Picture, Table
from oda.runs import Run

_UNLINKED = ("#", ":::", "![")  # lines whose words stand in a heading, an attribute or an alternative text
_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
FORMS = (
    "say KEY, method KEY, table KEY, figure KEY (each may end in 'optional'), pilot FIELD, district FIELD, decision, "
    "questions [MOST], points [MOST], notices, provenance, sources [short], constant VALUE"
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
    sources
        The results that were put in, and where.
    digest
        The hash of the document as the analyst wrote it.
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
    sources: Sources = field(default_factory=Sources)
    digest: str = ""

    def source_of(self, key: str) -> str:
        """Note that a result is shown here, and link to where it comes from.

        Parameters
        ----------
        key
            The result's key.

        Returns
        -------
        str
            Markdown, such as `[([source 1](#source-1))]{#source-1-place-1 .source}`.
        """
        return self.sources.link(key)

    def note(self, asked: str, text: str) -> str:
        """Keep what a shortcode stood for, for documents that are rendered by hand.

        Parameters
        ----------
        asked
            The words of the shortcode.
        text
            What it stands for.

        Returns
        -------
        str
            The text.
        """
        self.said.setdefault(plain_words(asked), []).append(text)
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
        When a shortcode is not known, a result it asks for is absent, a number is typed by hand, or a label stands
        twice or is not there; with file and line.
    """
    text = text.replace("\r\n", "\n")
    found = _MATTER.match(text)
    if not found:
        message = f"{context.source}, line 1: there is no front matter. Begin with ---, title: ..., ---."
        raise RenderError(message)
    body = text[found.end() :]
    first = text[: found.end()].count("\n") + 1
    context.digest = hashlib.sha256(text.encode()).hexdigest()
    lines = []
    for number, (line, context.sources.for_one_format) in enumerate(in_one_format(body.split("\n")), first):
        lines.append(_expand_line(line, number, context))
    _look_at_lines(zip(without_code(body).split("\n"), body.split("\n"), strict=True), first, context)
    refuse_typed_numbers(text, context.source, context.pilot)
    put_sources(lines, body.split("\n"), context)
    _note_lines(lines, body.split("\n"), context)
    matter = front_matter(_fields(found[1], context)).removesuffix("---\n") + context.mark + "---\n"
    context.origins.extend(line_of(line.partition(":")[0], found[1]) for line in matter.split("\n")[:-1])
    shown = [  # a shortcode that stands for nothing leaves no empty line, which would break a paragraph in two
        (number, line)
        for number, (line, written) in enumerate(zip(lines, body.split("\n"), strict=True), first)
        if line or not written.strip()
    ]
    for number, line in shown:
        context.origins.extend([number] * (line.count("\n") + 1))
    whole = matter + "\n".join(line for _, line in shown)
    check_labels(whole, source=context.source, origins=context.origins)
    return whole


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
        line = line_of(str(key), matter)
        if key in MARKS:
            raise _fault(
                f"front matter {key!r} is not for documents: the checklist or reports/brand.yml says it", line, context
            )
        if key not in KEYS:
            known = ", ".join(sorted(KEYS))
            raise _fault(f"front matter {key!r} is not supported. Take it out; a report has {known}", line, context)
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            raise _fault(
                f"front matter {key!r} is neither a text nor a list of texts; put it between quotes", line, context
            )
        said = [_put_words(text, line, context) for text in texts]
        if fault := miswritten(" ".join(texts)):
            raise _fault(fault, line, context)
        plain[str(key)] = said if isinstance(value, list) else said[0]
    if not plain.get("title"):
        raise _fault("the front matter has no title. Add one: title: What the pilot found", 1, context)
    dated = {} if "date" in plain else date_fields(context.run)
    return {"author": context.pilot.pilot.oda_name, **dated, **plain}


def _look_at_lines(lines: Iterable[tuple[str, str]], first: int, context: Context) -> None:
    """Refuse settings and what was meant as a shortcode; stage the pictures that stand beside the document."""
    home = (context.pilot.folder / context.source).parent.resolve()
    for number, (line, written) in enumerate(lines, first):  # code, too, may come to be read as settings
        fault = (
            misplaced_settings(written) or miswritten(line) or stage_picture(line, home=home, project=context.project)
        )
        if fault:
            raise _fault(fault, number, context)


def _put_words(text: str, line: int, context: Context) -> str:
    """Return a text with plain words in the place of its shortcodes."""
    return SHORTCODE.sub(lambda found: _plain(found[1], line, context), text)


def _expand_line(line: str, number: int, context: Context) -> str:
    """Expand the shortcodes of one line: a block when it stands alone, words inside a line otherwise."""
    whole = SHORTCODE.fullmatch(line.strip())
    if whole:
        return context.note(whole[1], _block(whole[1], number, context))
    linked = not line.lstrip().startswith(_UNLINKED)
    return SHORTCODE.sub(lambda found: context.note(found[1], _inline(found[1], number, context, linked=linked)), line)


def _note_lines(lines: Sequence[str], written: Sequence[str], context: Context) -> None:
    """Note what shortcodes alone on their lines came to stand for once the sources of the whole were known."""
    seen: Counter[str] = Counter()
    for line, source in zip(lines, written, strict=True):
        whole = SHORTCODE.fullmatch(source.strip())
        for words in map(plain_words, SHORTCODE.findall(source)):
            if whole:
                context.said[words][seen[words]] = line
            seen[words] += 1


def _inline(asked: str, number: int, context: Context, *, linked: bool = True) -> str:
    """Return what a shortcode inside a line stands for, with a link to where the result that it says comes from."""
    said = escape(_plain(asked, number, context))
    match asked.split():
        case ["say" | "method", key, *_] if said and linked:
            return f"{said} {context.source_of(key)}"
        case _:
            return said


_ALONE: Mapping[str, Callable[[Context], str]] = {  # shortcodes of one word, each on a line of its own
    "questions": glance.questions,
    "points": glance.points,
    "notices": lambda context: notices(context.pilot, context.run, context.assessment),
    "provenance": provenance,
    "sources": lambda _: HERE,
}


def _block(asked: str, number: int, context: Context) -> str:
    """Return what a shortcode on a line of its own stands for."""
    match asked.split():
        case [name] if name in _ALONE:
            return _ALONE[name](context)
        case ["sources", "short"]:
            return context.sources.ask_short()
        case ["questions" | "points" as what, most] if most.isdecimal():
            return (glance.points if what == "points" else glance.questions)(context, int(most))
        case ["table" | "figure" as kind, key, *rest] if rest in ([], ["optional"]):
            result = _find(key, number, context, optional=bool(rest))
            put_in = _table if kind == "table" else _figure
            return "" if result is None else put_in(key, result, number, context)
        case _:
            return _inline(asked, number, context)


def _plain(asked: str, number: int, context: Context) -> str:
    """Return the words that a shortcode inside a line stands for, not yet escaped."""
    match asked.split():
        case ["say" | "method" as form, key, *rest] if rest in ([], ["optional"]):
            result = _find(key, number, context, optional=bool(rest))
            return "" if result is None else _said(form, key, result, number, context)
        case ["decision"]:
            return say_rule(context.pilot, context.assessment)
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
            raise _fault(unknown(asked, FORMS), number, context)


def _said(form: str, key: str, result: AnyResult, number: int, context: Context) -> str:
    """Return what a result says, or by which method it came about, and note that it is shown."""
    said = say_method(result) if form == "method" else blocks.sentence(result)
    if said is None:
        raise _fault(f"result {key!r} is a table or figure; ask for it with table or figure", number, context)
    if said:
        context.sources.note(key)
    return said


def _fault(what: str, number: int, context: Context) -> RenderError:
    """Return an error with its file and line."""
    return RenderError(f"{context.source}, line {number}: {what}.")


def _find(key: str, number: int, context: Context, *, optional: bool) -> AnyResult | None:
    """Return a result by key; None when it is absent and that was foreseen."""
    if key in context.results or optional:
        return context.results.get(key)
    there = ", ".join(sorted(context.results)) or "none"
    here = (None, context.district.code if context.district else None)
    failed = "".join(f"; {say_failed(one)}" for one in context.run.failed if one.district in here)
    raise _fault(f"there is no result {key!r}{failed}. Notebooks recorded: {there}", number, context)


def _table(key: str, result: AnyResult, number: int, context: Context) -> str:
    """Put a table in."""
    if not isinstance(result, Table):
        raise _fault(f"result {key!r} is not a table but of kind {result.kind!r}", number, context)
    context.shown[key] = result
    return blocks.table(key, result, file=f"{context.name}-{key}.csv", source=context.source_of(key))


def _figure(key: str, result: AnyResult, number: int, context: Context) -> str:
    """Put a figure in."""
    if not isinstance(result, Picture):
        raise _fault(f"result {key!r} is not a figure but of kind {result.kind!r}", number, context)
    if fault := undrawn(result.svg):
        place = origins_of(context)[key].place
        raise _fault(f"figure {key!r} did not draw: {fault}. Mend it in {place}, and run that again", number, context)
    context.shown[key] = result.data
    drawing = blocks.draw(key, result, context.project / "figures" / context.name, context.project)
    return blocks.figure(key, result, drawing, file=f"{context.name}-{key}.csv", source=context.source_of(key))
