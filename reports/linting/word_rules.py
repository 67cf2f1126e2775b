"""Rules of words: nothing left of markup, no number that failed or is not rounded, short points, the draft mark."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from oda.reports.linting.fault import Fault, Rule, quote
from oda.reports.linting.page_rules import HEADINGS
from oda.reports.linting.table_rules import rows
from oda.reports.linting.tree import Element, Page

MOST_POINTS = 6
MOST_WORDS = 24  # under 25
MOST_DECIMALS = 6
_LEFT = re.compile(
    r":::+|\{[#.](?:fig|tbl|sec|eq|lst|callout|answer|panel|content|column)[\w-]*|\{\{[<%{]|[>%}]\}\}|\?@\w+-|\[-?@\w|"
    r"(?<![\w.])@(?:fig|tbl|sec|eq|lst)-\w|\{\{ ?(?:cookiecutter|oda)\b|fig-alt=|```|#\| ?\w+:|"
    r"(?<![\w*])\*\*\w[^*]*[\w.,!?)]\*\*(?!\*)|\]\((?:https?://|#|[\w./-]+\.(?:html?|pdf|csv|qmd)\b)|"
    r"\bTODO\b|\bFIXME\b|\b[Ll]orem ipsum\b|\bTraceback \(most recent|"
    r"\ufffd|â€|Ã[\u0080-\u00bf]"
)
_FAILED = re.compile(r"\bNaN\b|\bNaT\b|<NA>|\bpd\.NA\b|#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?)")
_NO_NUMBER = r"(?:nan|-?inf(?:inity)?|None|null|undefined)"
_FAILED_NUMBER = re.compile(
    rf"(?:[£(=<>≈~+]\s?|\b(?:is|was|were|of|to|by|from|than|about|n =) ){_NO_NUMBER}(?=[\s,.;:)%]|$)"
    rf"(?!\s+of\b)|\b{_NO_NUMBER}\s?(?:%|per cent\b|percentage\b|to -?\d|per \d)"
)
_FAILED_CELL = re.compile(rf"[£(]?-?{_NO_NUMBER}[%)]?", re.IGNORECASE)
_UNROUNDED = re.compile(rf"(?<![\w.])\d[\d,]*\.\d{{{MOST_DECIMALS + 1},}}(?![\d/.])|\b\d(?:\.\d+)?e[-+]\d+\b")
_MARK = re.compile(r"\[(?:c|x|z|low|u|w|k|p|r|b|e|f|er)\]")
_NUMBER = re.compile(r"[£(~<>]?[-\u2212]?\d[\d,.\s%)]*|\[\w+\]")
_POINTS = re.compile(
    r"(?:[\d.]+[.)]? |[a-z][.)] )?(?:the |our )?(?:main|key) (points|findings|messages)"
    r"(?: (?:and|of|from|for|in) .*)?|headlines",
    re.IGNORECASE,
)
_UNANSWERED = "Not answered: no notebook recorded"  # as reports/glance.py writes it
_UNMADE = "Not everything could be made"  # the box of reports/index.py, which quotes what was refused
_DRAFT_PARTS = {"draft-banner": "the banner", "draft-mark": "the mark"}  # of look/report.html, by class
_DRAFT = re.compile(r"\bdraft\b|\bnot approved for publication\b", re.IGNORECASE)


def _attributes(page: Page) -> Iterator[tuple[Element, str]]:
    """Yield the words in attributes that are read out."""
    for one in page.elements:
        for name in ("alt", "aria-label", "title"):
            if one.attributes.get(name):
                yield one, one.attributes[name]
        if one.tag == "meta" and one.attributes.get("name") == "description":
            yield one, one.attributes.get("content", "")


def _read(page: Page) -> Iterator[tuple[int, str]]:
    """Yield all words that are read or read out, with their lines."""
    heads = [text for one in page.every("title") for text in one.texts()]
    for text in (*heads, *page.read):
        yield from enumerate(text.words.split("\n"), text.line)
    for element, words in _attributes(page):
        yield element.line, words


def _left_over(page: Page) -> Iterator[Fault]:
    """Find what is left of the marks of markdown, Quarto or the template, and garbled letters, unless it is quoted."""
    boxes = [one for one in page.body().walk() if _is_notice(one) and one.text().find(_UNMADE, 0, 99) >= 0]
    quoted = {line.strip() for box in boxes for text in box.texts() for line in text.words.split("\n")}
    printed = [(one.line, one.text()) for one in page.every("pre") if "Traceback (most recent" in one.text()]
    for number, line in (*_read(page), *printed):
        found = _LEFT.search(line)
        if found and line.strip() not in quoted:
            what = f"{quote(line[max(0, found.start() - 10) :])} holds {found[0]!r}, a mark that was not understood."
            yield Fault(line=number, what=what, fix="Mend it in the document.")


def _failed_numbers(page: Page) -> Iterator[Fault]:
    """Find numbers that failed: NaN, nan, inf, None, <NA>."""
    for number, line in _read(page):
        found = _FAILED.search(line) or _FAILED_NUMBER.search(line)
        if found:
            what = f"{found[0]!r} stands in {quote(line[max(0, found.start() - 20) :])}."
            yield Fault(line=number, what=what, fix="Find out in the notebook why there is no number, and say it.")
    for cell, counted in _cells(page):
        words = cell.text()
        spoken = words == "none" or (words == "None" and not counted)
        if _FAILED_CELL.fullmatch(words) and not _FAILED.search(words) and not spoken:
            what = f"a cell of a table holds {words!r}."
            yield Fault(
                line=cell.line, what=what, fix="Write [x] for what is not there, or find out why there is no number."
            )


def _cells(page: Page) -> Iterator[tuple[Element, bool]]:
    """Yield each cell below a table's first row, and whether its column is one of numbers, or has none at all."""
    for table in page.every("table"):
        below = rows(table)[1:]
        words = [[cell.text() for cell in row] for row in below]
        counted = [_is_of_numbers(column) for column in zip_longest(*words, fillvalue="")]
        yield from ((cell, counted[place]) for row in below for place, cell in enumerate(row))


def _is_of_numbers(column: Sequence[str]) -> bool:
    """Tell whether any of a column is a number or a mark in the place of one, or all say that there is none."""
    return any(map(_NUMBER.fullmatch, column)) or (len(column) > 1 and set(column) == {"None"})


def _unrounded(page: Page) -> Iterator[Fault]:
    """Find numbers that are not rounded for people: over 6 decimals, or a power of ten."""
    for number, line in _read(page):
        for found in _UNROUNDED.finditer(line):
            what = f"the number {quote(found[0])} is not rounded."
            yield Fault(line=number, what=what, fix="Round it; the exact value is in the CSV.")


def _marks(page: Page) -> Iterator[Fault]:
    """Find marks in a table, such as [c] or [x], that the page does not explain."""
    shown: dict[str, int] = {}
    for cell in page.every("td", "th"):
        for mark in _MARK.findall(cell.text()):
            shown.setdefault(mark, cell.line)
    if not shown:
        return
    said = [one.words for one in page.read if one.parent.inside("table") is None and one.parent.tag != "table"]
    said += [one.text() for one in page.every("caption")]
    for mark, line in shown.items():
        if not any(mark in words and re.search(r"[a-z]{3}", words.replace(mark, "")) for words in said):
            yield Fault(
                line=line, what=f"{mark} stands in a table and nowhere is said what it means.", fix="Say it below."
            )


def _main_points(page: Page) -> Iterator[Fault]:
    """Find more than six main points, and those of 25 words or more."""
    for points in _points(page):
        if len(points) > MOST_POINTS:
            what = f"there are {len(points)} main points."
            yield Fault(line=points[0].line, what=what, fix=f"Keep the {MOST_POINTS} that matter most.")
        for point in points:
            words = _count(point)
            if words > MOST_WORDS:
                what = f"the main point {quote(point.text())} has {words} words."
                yield Fault(line=point.line, what=what, fix=f"Shorten it to {MOST_WORDS}.")


def _points(page: Page) -> Iterator[list[Element]]:
    """Yield the points below each heading of that name, or in a box of it: its lists up to the next paragraph."""
    below, listed, told = "", list[Element](), list[Element]()
    for one in page.body().walk():
        if one.tag in HEADINGS:
            yield listed or told
            heading = _POINTS.fullmatch(one.text().strip(" :"))
            below, listed, told = heading[1] or "listed" if heading else "", [], []
        elif one.tag not in ("li", "p") or _is_aside(one):
            continue
        elif one.tag == "li" and (below or _is_boxed(one)):
            listed.append(one)
        elif one.tag == "p" and one.inside("li") is None:
            below = "" if listed else below
            told += [one] if below.casefold() == "points" else []
    yield listed or told


def _is_aside(element: Element) -> bool:
    """Tell whether an element stands in a notice or among links."""
    return any(one.tag == "nav" or _is_notice(one) for one in element.above()) and not _is_boxed(element)


def _is_boxed(element: Element) -> bool:
    """Tell whether an element stands in a box of main points."""
    return any("main-points" in one.classes() for one in (element, *element.above()))


def _count(point: Element) -> int:
    """Count a point's words, without links to sources."""
    small = [one for one in point.walk() if "source" in one.classes()]
    skipped = {id(text) for one in small for text in one.texts()}
    words = "".join(text.words for text in point.texts() if id(text) not in skipped).split()
    return sum(bool(re.search(r"\w", word)) for word in words)


def _unanswered(page: Page) -> Iterator[Fault]:
    """Find questions of the pilot that no notebook answered."""
    for number, line in _read(page):
        if _UNANSWERED in line:
            what = f"{quote(line[line.find(_UNANSWERED) :])} stands in place of an answer."
            yield Fault(
                line=number, what=what, fix="Record the evidence in a notebook, or mend the question in pilot.yml."
            )


def _draft_mark(page: Page) -> Iterator[Fault]:
    """Find a draft without the banner or the mark behind its words, and what is to be published with either."""
    if page.draft is None:
        return
    body = page.body()
    said = any(_DRAFT.search(one.text()) for one in body.walk() if _is_notice(one))
    there = {name for one in body.walk() for name in one.classes() if name in _DRAFT_PARTS}
    if page.draft and len(there) < len(_DRAFT_PARTS):
        lacking = " and ".join(words for name, words in _DRAFT_PARTS.items() if name not in there)
        what = f"nothing is published of this page, and it lacks {lacking} of a draft."
        yield Fault(line=body.line, what=what, fix="Make the reports again.")
    if (there or said) and not page.draft:
        yield Fault(
            line=body.line, what="the page says that it is a draft, and is to be published.", fix="Release again."
        )


def _is_notice(element: Element) -> bool:
    """Tell whether an element is a notice."""
    return element.attributes.get("role") == "note" or any(
        name == "notice" or name.startswith("callout") for name in element.classes()
    )


RULES: dict[str, Rule] = {
    "left-over": _left_over,
    "failed-number": _failed_numbers,
    "unrounded": _unrounded,
    "marks": _marks,
    "main-points": _main_points,
    "unanswered": _unanswered,
    "draft-mark": _draft_mark,
}
