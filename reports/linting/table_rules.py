"""Rules of tables: captions, header cells and their scope, and nothing cut."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oda.reports.linting.fault import Fault, Rule, quote
from oda.reports.linting.tree import Element, Page

SCOPES = frozenset({"col", "row", "colgroup", "rowgroup"})
_SECTIONS = ("thead", "tbody", "tfoot")
# A cell of dots alone, or words that a program cut off at their end.
_CUT = re.compile(r"[\[(]?\s*(?:[.·]\s?){2,}[\])]?|[\[(]?\s*[…⋯⋮︙‥]\s*[\])]?|.*\w\s?(?:\.{3}|…)", re.DOTALL)
_NO_HEADER = re.compile(r"[-_.\u2013\u2014\s]*|unnamed: ?\d+(?:_level_\d+)?|level_\d+|nan", re.IGNORECASE)
_NO_CAPTION = re.compile(r"(?:table|tbl|figure)?\s*(?:[A-Za-z]?\d[\d.]*)?\s*[:.]?", re.IGNORECASE)
# Rows numbered from 0 below names, or pandas' own last line.
_FRAME = re.compile(r"^\[\d+ rows x \d+ columns\]$|^[ \t]+\S.*\n0[ \t]{2,}\S.*\n1[ \t]{2,}\S", re.MULTILINE)


def _own(table: Element, *tags: str) -> list[Element]:
    """Return parts of a table, not of one inside it."""
    found, waiting = [], table.children[::-1]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Element):
            if one.tag in tags:
                found.append(one)
            if one.tag != "table":
                waiting.extend(reversed(one.children))
    return found


def _named(table: Element) -> str:
    """Return the beginning of a table, to know it by."""
    return quote(next((cell.text() for cell in _own(table, "th", "td")), "")[:40])


def rows(table: Element) -> list[list[Element]]:
    """Return the cells of each row that has any.

    Parameters
    ----------
    table
        A table; what is in one inside it is left out.

    Returns
    -------
    list of list of Element
        In the order of the page.
    """
    held = [[one for one in row.children if isinstance(one, Element)] for row in _own(table, "tr")]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in held]
    return [row for row in cells if row]


def _kept_back(page: Page) -> Iterator[Fault]:
    """Find tables that a screen reader does not tell as tables: said to be layout, or hidden."""
    for table in page.every("table"):
        role = table.attributes.get("role", "")
        if role in ("presentation", "none") or table.attributes.get("aria-hidden") == "true" or table.is_unseen():
            what = f"table {_named(table)} is kept from readers."
            fix = "Take role, aria-hidden and hidden out; lay a page out without tables."
            yield Fault(line=table.line, what=what, fix=fix)


def _caption(page: Page) -> Iterator[Fault]:
    """Find tables without a caption, or with a number alone."""
    for table in page.every("table"):
        figure = table.inside("figure")
        found = [*_own(table, "caption"), *(figure.every("figcaption") if figure else [])]
        if all(_NO_CAPTION.fullmatch(words) for words in [*(one.text() for one in found), page.labelled(table)]):
            fix = "Write one below it: `: What, where, when {#tbl-name}`."
            yield Fault(line=table.line, what=f"table {_named(table)} has no caption.", fix=fix)


def _scope(page: Page) -> Iterator[Fault]:
    """Find header cells that do not say, or say wrongly, whether they are of their column or of their row."""
    for table in page.every("table"):
        for row in rows(table):
            for cell in row:
                scope = cell.attributes.get("scope", "").lower()
                if cell.tag == "th" and scope not in SCOPES:
                    what = f"header cell {quote(cell.text())} has no scope."
                    yield Fault(line=cell.line, what=what, fix='Add scope="col" or scope="row".')
                elif cell.tag == "th" and (right := _right_scope(cell, row)) not in (scope[:3], ""):
                    what = f"header cell {quote(cell.text())} heads a {right} and has the scope {scope}."
                    yield Fault(line=cell.line, what=what, fix=f'Write scope="{right}".')


def _right_scope(cell: Element, row: list[Element]) -> str:
    """Return what a header cell can only head, by its place: a column above the rows, a row beside plain cells."""
    section = cell.inside(*_SECTIONS, "table")
    if section is not None and section.tag == "thead":
        return "col"
    return "row" if any(one.tag == "td" and one.text() for one in row) else ""


def _empty_header(page: Page) -> Iterator[Fault]:
    """Find empty header cells, and what a program put into one."""
    for table in page.every("table"):
        for cell in _own(table, "th"):
            if _NO_HEADER.fullmatch(cell.text()) and not cell.every("img"):
                what = f"a header cell holds {quote(cell.text())}." if cell.text() else "a header cell is empty."
                yield Fault(line=cell.line, what=what, fix="Say what is below or beside it.")


def _header_cells(page: Page) -> Iterator[Fault]:
    """Find plain cells where a header belongs: in the first row, at the head of a row, with a scope."""
    for table in page.every("table"):
        every = rows(table)
        yield from _first_row(table, every[0] if every else [])
        for cells in _unheaded(every[1:]):
            what = f"the row {quote(cells[0].text())} begins with a plain cell."
            yield Fault(line=cells[0].line, what=what, fix='Make its first cell <th scope="row">.')
        for cell in _own(table, "td"):
            if "scope" in cell.attributes:
                what = f"plain cell {quote(cell.text())} has a scope."
                yield Fault(line=cell.line, what=what, fix="Make it a header cell, <th>, or take the scope out.")


def _unheaded(below: list[list[Element]]) -> Iterator[list[Element]]:
    """Yield the rows of several cells that no header cell heads: of their own, of a row above, or of their group."""
    covered, group = 0, None
    for cells in below:
        section = cells[0].inside(*_SECTIONS, "table")
        for cell in cells:
            if cell.tag == "th":
                span = cell.attributes.get("rowspan", "").strip()
                covered = max(covered, int(span) if span.isdigit() else 1)
                group = section if cell.attributes.get("scope") == "rowgroup" else group
        if len(cells) > 1 and covered < 1 and group is not section:
            yield cells
        covered -= 1


def _first_row(table: Element, cells: list[Element]) -> Iterator[Fault]:
    """Find plain cells where the headings of the columns should be."""
    plain = [cell for cell in cells if cell.tag == "td" and cell.text()]
    plain += [cell for head in _own(table, "thead") for cell in head.every("td") if cell.text() and cell not in cells]
    for cell in plain:
        what = f"{quote(cell.text())} heads a column and is a plain cell."
        yield Fault(line=cell.line, what=what, fix='Make it <th scope="col">.')


def _cut_cells(page: Page) -> Iterator[Fault]:
    """Find dots that stand for what was left out: alone in a cell, or where its words break off."""
    for table in page.every("table"):
        for cell in _own(table, "td", "th"):
            if _CUT.fullmatch(cell.text()):
                what = f"the cell {quote(cell.text())} holds dots: the table was cut."
                fix = "Show every row and column, or fewer of them on purpose."
                yield Fault(line=cell.line, what=what, fix=fix)


def _no_data(page: Page) -> Iterator[Fault]:
    """Find tables whose plain cells are all empty, and tables that a program printed as text."""
    for table in page.every("table"):
        cells = _own(table, "td")
        if cells and not any(cell.text() or cell.every("img", "svg") for cell in cells):
            what = f"all {len(cells)} cells of table {_named(table)} are empty."
            yield Fault(line=table.line, what=what, fix="Find out in the notebook why, or take it out.")
    for one in page.every("pre"):
        if _FRAME.search("".join(text.words for text in one.texts())):
            fix = "Show it with {{< oda table KEY >}}."
            yield Fault(line=one.line, what="a table stands as a program printed it.", fix=fix)


RULES: dict[str, Rule] = {
    "table-hidden": _kept_back,
    "table-caption": _caption,
    "table-scope": _scope,
    "table-empty-header": _empty_header,
    "table-header-cells": _header_cells,
    "table-cut": _cut_cells,
    "table-data": _no_data,
}
