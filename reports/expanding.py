"""A pilot's report documents with their results put in: `{{< oda ... >}}` becomes plain markdown.

An analyst writes prose in `reports/board.qmd` and asks for results by key; no number is typed by hand.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

from oda.errors import RenderError
from oda.reports import blocks, glance
from oda.reports.by_hand import note_lines
from oda.reports.claims import say_method, say_rule
from oda.reports.completing import Body, complete
from oda.reports.context import Context
from oda.reports.dating import date_fields
from oda.reports.document import escape, front_matter, misplaced_settings
from oda.reports.faults import gathered, say_absent, undrawn
from oda.reports.front import Texts, put_in, read_front
from oda.reports.own_pictures import beside_its_data, data_of, stage_picture
from oda.reports.proofreading.labels import check_labels, without_code
from oda.reports.proofreading.typed_numbers import refuse_typed_numbers
from oda.reports.shortcodes import SHORTCODE, line_of, miswritten, unknown
from oda.reports.sources.origins import origins_of
from oda.reports.sources.provenance import notices, provenance
from oda.reports.sources.traces import HERE, in_one_format, put_sources
from oda.results import AnyResult, Picture, Table

_DESCRIPTION = "What the pilot found, with where each number comes from."  # where a document says nothing else
_UNLINKED = ("#", ":::", "![")  # lines whose words stand in a heading, an attribute or an alternative text
_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
FORMS = (
    "say KEY, method KEY, table KEY, figure KEY (each may end in 'optional'), data KEY, pilot FIELD, district FIELD, "
    "decision, questions [MOST], points [MOST], notices, provenance, sources [short], constant VALUE"
)


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
    context.digest = hashlib.sha256(text.encode()).hexdigest()
    faults: list[str] = []
    fields: dict[str, Texts] = {}
    with gathered(faults):
        fields = read_front(found[1], context.source)
    above = text[: found.end()].count("\n")
    body = complete(text[found.end() :].split("\n"), first=above + 1)
    lines = _expand_lines(body, context, faults)
    with gathered(faults):
        fields = put_in(fields, lambda words, key: _put_words(words, line_of(key, found[1]), context))
    faults += _look_at_lines(body, lines, context)
    with gathered(faults):
        readable = text if fields else "\n" * above + text[found.end() :]
        refuse_typed_numbers(readable, context.source, context.pilot)
    faults += _say_absent(context)
    if faults:
        raise RenderError("\n".join(dict.fromkeys(faults)))
    put_sources(lines, body.lines, context)
    note_lines(context.said, lines, body.lines)
    context.around = body.around(lines)
    matter = front_matter(_dated(fields, context)).removesuffix("---\n") + context.mark + "---\n"
    context.origins.extend(line_of(line.partition(":")[0], found[1]) for line in matter.split("\n")[:-1])
    shown = [  # a shortcode that stands for nothing leaves no empty line, which would break a paragraph in two
        (number, line)
        for number, line, written in zip(body.numbers, lines, body.lines, strict=True)
        if line or not written.strip()
    ]
    for number, line in shown:
        context.origins.extend([number] * (line.count("\n") + 1))
    whole = matter + "\n".join(line for _, line in shown)
    check_labels(whole, source=context.source, origins=context.origins)
    return whole


def _expand_lines(body: Body, context: Context, faults: list[str]) -> list[str]:
    """Expand the shortcodes of each line; gather what is wrong with them."""
    lines = []
    for number, (line, context.sources.for_one_format) in zip(body.numbers, in_one_format(body.lines), strict=True):
        lines.append("")
        with gathered(faults):
            lines[-1] = _expand_line(line, number, context)
    return lines


def _dated(fields: Mapping[str, Texts], context: Context) -> dict[str, Texts]:
    """Return the front matter with the author, the description and the day that a report has of its own."""
    dated = {} if "date" in fields else date_fields(context.run)
    return {"author": context.pilot.pilot.oda_name, "description": _DESCRIPTION, **dated, **fields}


def _look_at_lines(body: Body, lines: list[str], context: Context) -> list[str]:
    """Say what begins settings or was meant as a shortcode; stage the pictures beside the document, with their data."""
    home = (context.pilot.folder / context.source).parent.resolve()
    prose = without_code("\n".join(body.lines)).split("\n")
    faults: list[str] = []
    for place, (number, line, written) in enumerate(zip(body.numbers, prose, body.lines, strict=True)):
        picture, data, fault = data_of(line, home=home, document=context.name)
        fault = (  # code, too, may come to be read as settings
            misplaced_settings(written)
            or miswritten(line)
            or stage_picture(line, home=home, project=context.project)
            or fault
        )
        if fault:
            faults.append(str(_fault(fault, number, context)))
        elif data:
            context.data[picture] = data
            lines[place] = beside_its_data(lines[place], data)
    return faults


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
        case ["data", key]:
            return _data(key, number, context)
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
    """Return a result by key; None when it is absent, which is noted unless it was foreseen."""
    if key in context.results:
        return context.results[key]
    if not optional:
        context.absent.append((key, number))
    return None


def _say_absent(context: Context) -> list[str]:
    """Say which results are absent, at which lines, what failed, and which there are."""
    here = (None, context.district.code if context.district else None)
    failed = [one for one in context.run.failed if one.district in here]
    return [str(_fault(what, line, context)) for what, line in say_absent(context.absent, context.results, failed)]


def _table(key: str, result: AnyResult, number: int, context: Context) -> str:
    """Put a table in."""
    if not isinstance(result, Table):
        raise _fault(f"result {key!r} is not a table but of kind {result.kind!r}", number, context)
    context.shown[key] = result
    return blocks.table(key, result, file=f"{context.name}-{key}.csv", source=context.source_of(key))


def _data(key: str, number: int, context: Context) -> str:
    """Put in the link to the data of a picture that no notebook recorded: a table that one did."""
    result = _find(key, number, context, optional=False)
    if result is None:
        return ""
    if not isinstance(result, Table):
        raise _fault(f"result {key!r} is not a table but of kind {result.kind!r}", number, context)
    context.shown[key] = result
    text = blocks.comma_separated(result)
    return blocks.data_line("figure", text, f"{context.name}-{key}.csv", context.source_of(key))


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
