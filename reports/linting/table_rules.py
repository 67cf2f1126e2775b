"""Rules of tables: captions, header cells and their scope, and nothing cut."""

from __future__ import annotations

from collections.abc import Iterator

from oda.reports.linting.fault import Fault, Rule, quote
from oda.reports.linting.tree import Element, Page

SCOPES = frozenset({"col", "row", "colgroup", "rowgroup"})
CUT = ("...", "…", "⋯", "⋮")


def _kept_back(page: Page) -> Iterator[Fault]:
    """Find tables that a screen reader does not tell as tables: said to be layout, or hidden."""
    for table in page.every("table"):
        role = table.attributes.get("role", "")
        if role in ("presentation", "none") or table.attributes.get("aria-hidden") == "true" or table.is_unseen():
            what = f"table {quote(table.text()[:40])} is kept from readers."
            fix = "Take role, aria-hidden and hidden out; lay a page out without tables."
            yield Fault(line=table.line, what=what, fix=fix)


def _own(table: Element, *tags: str) -> list[Element]:
    """Return parts of a table, not of one inside it."""
    return [one for one in table.every(*tags) if one.inside("table") is table]


def _cells(row: Element) -> list[Element]:
    """Return the cells of a row."""
    return [one for one in row.children if isinstance(one, Element) and one.tag in ("td", "th")]


def _caption(page: Page) -> Iterator[Fault]:
    """Find tables without a caption."""
    for table in page.every("table"):
        figure = table.inside("figure")
        found = [*_own(table, "caption"), *(figure.every("figcaption") if figure else [])]
        if not any(one.text() for one in found):
            fix = "Write one below it: `: What, where, when {#tbl-name}`."
            yield Fault(line=table.line, what=f"table {quote(table.text()[:40])} has no caption.", fix=fix)


def _scope(page: Page) -> Iterator[Fault]:
    """Find header cells that do not say whether they are of their column or of their row."""
    for table in page.every("table"):
        for cell in _own(table, "th"):
            if cell.attributes.get("scope", "").lower() not in SCOPES:
                what = f"header cell {quote(cell.text())} has no scope."
                yield Fault(line=cell.line, what=what, fix='Add scope="col" or scope="row".')


def _empty_header(page: Page) -> Iterator[Fault]:
    """Find empty header cells."""
    for table in page.every("table"):
        for cell in _own(table, "th"):
            if not cell.text() and not cell.every("img"):
                yield Fault(line=cell.line, what="a header cell is empty.", fix="Say what is below or beside it.")


def _header_cells(page: Page) -> Iterator[Fault]:
    """Find plain cells where a header belongs: in the first row, at the head of a row, with a scope."""
    for table in page.every("table"):
        rows = [_cells(row) for row in _own(table, "tr")]
        rows = [cells for cells in rows if cells]
        yield from _first_row(table, rows[0] if rows else [])
        for cells in rows[1:]:
            if len(cells) > 1 and not any(cell.tag == "th" for cell in cells):
                what = f"the row {quote(cells[0].text())} begins with a plain cell."
                yield Fault(line=cells[0].line, what=what, fix='Make its first cell <th scope="row">.')
        for cell in _own(table, "td"):
            if "scope" in cell.attributes:
                what = f"plain cell {quote(cell.text())} has a scope."
                yield Fault(line=cell.line, what=what, fix="Make it a header cell, <th>, or take the scope out.")


def _first_row(table: Element, cells: list[Element]) -> Iterator[Fault]:
    """Find plain cells where the headings of the columns should be."""
    plain = [cell for cell in cells if cell.tag == "td" and cell.text()]
    plain += [cell for head in _own(table, "thead") for cell in head.every("td") if cell.text() and cell not in cells]
    for cell in plain:
        what = f"{quote(cell.text())} heads a column and is a plain cell."
        yield Fault(line=cell.line, what=what, fix='Make it <th scope="col">.')


def _cut_cells(page: Page) -> Iterator[Fault]:
    """Find dots in a cell, which stand for what was left out."""
    for table in page.every("table"):
        for cell in _own(table, "td", "th"):
            if any(dots in cell.text() for dots in CUT):
                what = f"the cell {quote(cell.text())} holds dots: the table was cut."
                fix = "Show every row and column, or fewer of them on purpose."
                yield Fault(line=cell.line, what=what, fix=fix)


RULES: dict[str, Rule] = {
    "table-hidden": _kept_back,
    "table-caption": _caption,
    "table-scope": _scope,
    "table-empty-header": _empty_header,
    "table-header-cells": _header_cells,
    "table-cut": _cut_cells,
}
