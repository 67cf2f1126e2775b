"""The prose of a document, as a reader will see or hear it: what pandoc read, without marks, code and addresses."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from oda.reports.proofreading.number_words import GAP

Tree = Any  # pandoc's JSON has no narrower type
_READ = frozenset({"alt", "fig-alt", "fig-cap", "tbl-cap", "title", "aria-label"})  # attributes that hold words
_UNREAD = frozenset({"date", "lang", "format"})  # keys of the front matter that hold none
_SIGNS = str.maketrans("0123456789", "₀₁²³₄₅₆₇₈₉")  # those that a letter may carry
_CODE = re.compile(r"[=_\[\]{}<>\\@*]|\w\(|\.[A-Za-z]|\w/|--|^[A-Za-z][\w-]*\d$")  # signs that prose has not
_NO_LANGUAGE = frozenset({"text", "txt", "plain", "plaintext", "default", "none"})  # of a block of code
_IN_WORDS = re.compile(r"\\(?:text|mbox|math(?:rm|bf|it|sf|tt))\w*\s*\{([^{}]*)\}")  # of a formula
_GAPS = frozenset({"Space", "SoftBreak", "LineBreak"})


def passages(tree: Tree) -> Iterator[str]:
    """Yield the prose of a document.

    Parameters
    ----------
    tree
        Pandoc's syntax tree of it, as JSON.

    Yields
    ------
    str
        The words of one paragraph, heading, cell, caption, footnote or attribute, in the order of the document.

    Examples
    --------
    >>> said = {"t": "Para", "c": [{"t": "Strong", "c": [{"t": "Str", "c": "1"}]}, {"t": "Str", "c": "2"}]}
    >>> list(passages({"meta": {}, "blocks": [said]}))
    ['12']
    """
    for key, value in tree["meta"].items():
        if key not in _UNREAD:
            yield from _value(value)
    yield from _blocks(tree["blocks"])


def _value(value: Tree) -> Iterator[str]:
    """Yield the words of one value of the front matter."""
    content = value["c"]
    match value["t"]:
        case "MetaMap":
            for one in content.values():
                yield from _value(one)
        case "MetaList":
            for one in content:
                yield from _value(one)
        case "MetaInlines":
            yield from _line(content)
        case "MetaBlocks":
            yield from _blocks(content)
        case "MetaString":
            yield content


def _blocks(blocks: Sequence[Tree]) -> Iterator[str]:
    """Yield the words of blocks, a paragraph, a cell or a line at a time."""
    for block in blocks:
        hold = _BLOCKS.get(block["t"])
        if hold:
            yield from hold(block["c"])


def _all(items: Sequence[Sequence[Tree]]) -> Iterator[str]:
    """Yield the words of the items of a list."""
    for item in items:
        yield from _blocks(item)


def _lines(lines: Sequence[Sequence[Tree]]) -> Iterator[str]:
    """Yield the words of a line block."""
    for line in lines:
        yield from _line(line)


def _numbered(content: Tree) -> Iterator[str]:
    """Yield the words of a numbered list; one alone that begins late is a sentence that begins with a number."""
    (start, *_), items = content
    if start > 1 and len(items) == 1:
        yield f"{start}."
    yield from _all(items)


def _defined(content: Tree) -> Iterator[str]:
    """Yield the words of a list of definitions."""
    for term, definitions in content:
        yield from _line(term)
        yield from _all(definitions)


def _div(content: Tree) -> Iterator[str]:
    """Yield the words of a div, its title first."""
    yield from _attributes(content[0])
    yield from _blocks(content[1])


def _figure(content: Tree) -> Iterator[str]:
    """Yield the alternative text of a figure, and its caption."""
    yield from _attributes(content[0])
    yield from _blocks(content[2])
    yield from _blocks(content[1][1])


def _table(content: Tree) -> Iterator[str]:
    """Yield the words of a table, cell by cell, and then of its caption."""
    _, caption, _, head, bodies, foot = content
    for rows in [head[1], *(part for body in bodies for part in body[2:]), foot[1]]:
        for row in rows:
            for cell in row[1]:
                yield from _blocks(cell[4])
    yield from _blocks(caption[1])


def _attributes(attr: Tree) -> Iterator[str]:
    """Yield those attributes that a reader sees or hears."""
    for key, value in attr[2]:
        if key in _READ:
            yield html.unescape(value)


def _line(inlines: Sequence[Tree]) -> Iterator[str]:
    """Yield the words of a line, and then those of its footnotes, titles and alternative texts."""
    aside: list[str] = []
    yield _flat(inlines, aside)
    yield from aside


def _flat(inlines: Sequence[Tree], aside: list[str]) -> str:
    """Return the words of inlines; what does not stand in the line goes aside."""
    said = []
    for place, inline in enumerate(inlines):
        kind, content = inline["t"], inline.get("c")
        if kind == "Code":
            said.append(_code(content[1], inlines[place + 1 :]))
        elif kind in _GAPS:
            said.append(" ")
        else:
            said.append(_INLINES.get(kind, _flat)(content, aside))
    return "".join(said)


def _note(content: Tree, aside: list[str]) -> str:
    """Put a footnote aside."""
    aside.extend(_blocks(content))
    return ""


def _image(content: Tree, aside: list[str]) -> str:
    """Put aside what is said of an image."""
    attr, words, (_, title) = content
    aside.extend([*_attributes(attr), _flat(words, aside), title])
    return GAP


def _link(content: Tree, aside: list[str]) -> str:
    """Return the words of a link, unless they are its address."""
    _, inlines, (target, title) = content
    aside.append(title)
    words = _flat(inlines, aside)
    return GAP if target.removeprefix("mailto:") == words and re.search("://|@", words) else words


def _span(content: Tree, aside: list[str]) -> str:
    """Return the words of a span."""
    aside.extend(_attributes(content[0]))
    return _flat(content[1], aside)


def _cite(content: Tree, aside: list[str]) -> str:
    """Return the words of a citation round the name of the work; one whose name is but a number is no citation."""
    citations, words = content
    if not all(re.search("[A-Za-z]", one["citationId"]) for one in citations):
        return _flat(words, aside)
    return " ".join(
        f"{_flat(one['citationPrefix'], aside)} {GAP} {_flat(one['citationSuffix'], aside)}" for one in citations
    )


def _quoted(content: Tree, aside: list[str]) -> str:
    """Return words between quotation marks."""
    return f"'{_flat(content[1], aside)}'"


def _raised(content: Tree, aside: list[str]) -> str:
    """Return words above or below the line; one digit as the sign that it is, as in a unit such as km2."""
    words = _flat(content, aside)
    return words.translate(_SIGNS) if len(words) == 1 else words


def _code(text: str, after: Sequence[Tree]) -> str:
    """Return nothing for what is clearly code; the words of what is only dressed as code, as in `12` homes."""
    ahead = _flat(after[:4], [])
    dressed = re.match(r"\s*(?:%|per\s*cent|percentage)", ahead) or re.search(r"^£|%$|per ?cent", text.strip())
    return text if dressed or not _CODE.search(text) else GAP


def _listing(content: Tree) -> Iterator[str]:
    """Yield the lines of a block of code, unless it says which language it is in."""
    (_, classes, _), text = content
    if not set(classes) - _NO_LANGUAGE:
        yield from (_code(line, ()) for line in text.splitlines())


def _formula(content: Tree, _aside: list[str]) -> str:
    """Return nothing for a formula, but its words, and its numbers where it is only a number, or gives one."""
    words = _IN_WORDS.findall(content[1])
    bare = re.sub(r"\\(?:[A-Za-z]+|[,;! ])|[{}$~]", "", _IN_WORDS.sub("", content[1])).replace("\\%", "%")
    numbers = re.findall(r"[£-]?\d+(?:[.,]\d+)*%?", bare)
    alone = not re.search(r"[A-Za-z]", bare)
    given = re.findall(r"[=<>≤≥≈]\s*([2-9])(?![\w.])", re.sub(r"\\(?:[lg]eq?|approx)\b", "=", content[1]))
    return " ".join([*words, *given, *(one for one in numbers if alone or len(one) > 1)]) or GAP


def _bare(content: Tree, _aside: Sequence[str] = ()) -> str:
    """Return the words of raw HTML, without comments and tags."""
    return html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", "", content[1], flags=re.DOTALL))


_BLOCKS: Mapping[str, Callable[[Tree], Iterator[str]]] = {
    "Para": _line,
    "Plain": _line,
    "Header": lambda content: _line(content[2]),
    "RawBlock": lambda content: iter([_bare(content)]),
    "CodeBlock": _listing,
    "LineBlock": _lines,
    "BlockQuote": _blocks,
    "BulletList": _all,
    "OrderedList": _numbered,
    "DefinitionList": _defined,
    "Div": _div,
    "Figure": _figure,
    "Table": _table,
}
_INLINES: Mapping[str, Callable[[Tree, list[str]], str]] = {
    "Str": lambda content, _: content,
    "Math": _formula,
    "RawInline": _bare,
    "Note": _note,
    "Cite": _cite,
    "Image": _image,
    "Link": _link,
    "Span": _span,
    "Quoted": _quoted,
    "Superscript": _raised,
    "Subscript": _raised,
}
