"""Pages of the exports in the markdown that both renderers take; every word goes through `escape`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from oda.reports.document import escape, front_matter

Row = tuple[str, ...]
ADDRESS = re.compile(r"https?://[^\s<>\"]+")


def head(title: str, *, subtitle: str, owner: str, date: str, description: str) -> str:
    """Write the front matter of a page.

    Parameters
    ----------
    title, subtitle, owner
        Words.
    date
        The day, as 2026-11-22.
    description
        What the page is, for whoever finds it by searching.

    Returns
    -------
    str
        The block between its lines of dashes.
    """
    fields = {"title": title, "subtitle": subtitle, "author": owner, "date": date, "description": description}
    return front_matter(fields)


def table(name: str, caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table.

    Parameters
    ----------
    name
        Its id on the page, without `tbl-`.
    caption
        What it shows.
    heads
        The headings, as many as a row has cells.
    rows
        Cells, as plain words.

    Returns
    -------
    str
        A pipe table, or a sentence where there is no row.
    """
    lines = [f"| {' | '.join(escape(cell) or '&nbsp;' for cell in row)} |" for row in rows]
    if not lines:
        return f"{escape(caption)}: none.\n"
    top = f"| {' | '.join(map(escape, heads))} |\n|{' :--- |' * len(heads)}"
    return "\n".join([top, *lines]) + f"\n\n: {escape(caption)} {{#tbl-{name}}}\n"


def cut(rows: Sequence[Row], most: int, what: str, where: str) -> tuple[list[Row], str]:
    """Keep the first rows of a long table, and say how many others there are and where.

    Parameters
    ----------
    rows
        All rows.
    most
        How many to keep; a table that is little longer is kept whole.
    what, where
        What a row is, as several are called, and where all of them stand.

    Returns
    -------
    tuple of list and str
        The rows to show, and markdown to put below the table; empty where all are shown.

    Examples
    --------
    >>> cut([("a",), ("b",)], 25, "flows", "flows.csv")
    ([('a',), ('b',)], '')
    """
    if len(rows) <= most + most // 4:
        return list(rows), ""
    rest = f"Only the first {most:,} of {len(rows):,} {what} are shown here. All of them are in {where}."
    return list(rows[:most]), f"\n{escape(rest)}\n"


def bullets(lines: Iterable[str]) -> str:
    """Write a list, one line an entry.

    Parameters
    ----------
    lines
        Plain words.

    Returns
    -------
    str
        A list of markdown.
    """
    return "\n".join(f"- {escape(line)}" for line in lines) + "\n"


def labelled(pairs: Iterable[tuple[str, str]]) -> str:
    """Write a list whose entries begin with a word in bold.

    Parameters
    ----------
    pairs
        The word, and markdown that is written already.

    Returns
    -------
    str
        A list of markdown.
    """
    return "\n".join(f"- **{escape(word)}** {text}" for word, text in pairs) + "\n"


def answer(*sentences: str) -> str:
    """Write the box with the answer that a page opens with.

    Parameters
    ----------
    *sentences
        Plain words, a paragraph each.

    Returns
    -------
    str
        A box of markdown.
    """
    return "::: {.answer}\n" + "\n\n".join(map(escape, sentences)) + "\n:::\n"


def note(title: str, text: str, *, kind: str = "note") -> str:
    """Write a notice.

    Parameters
    ----------
    title, text
        Plain words.
    kind
        note, tip, important, warning or caution.

    Returns
    -------
    str
        A callout of markdown.
    """
    return f"::: {{.callout-{kind}}}\n## {escape(title)}\n\n{escape(text)}\n:::\n"


def link(text: str, address: str) -> str:
    """Write a link, or its words alone where the address is none of a page.

    Parameters
    ----------
    text
        What it opens, in plain words.
    address
        Such as `https://example.org/privacy`.

    Returns
    -------
    str
        Markdown.

    Examples
    --------
    >>> link("Privacy notice", "javascript:alert(1)")
    'Privacy notice'
    """
    if not ADDRESS.fullmatch(address):
        return escape(text)
    return f"[{escape(text)}](<{quote(address, safe=':/?#=&%~.,;+-_')}>)"


def count(number: int, what: str, many: str = "") -> str:
    """Say a number of things.

    Parameters
    ----------
    number, what
        How many, and of what.
    many
        What several are called, where it is not the one with an s.

    Returns
    -------
    str
        Such as `3 items`.

    Examples
    --------
    >>> count(1, "item"), count(3500, "flow")
    ('1 item', '3,500 flows')
    """
    return f"{number:,} {what if number == 1 else many or what + 's'}"
