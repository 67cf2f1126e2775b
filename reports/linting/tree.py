"""A page of HTML as a tree that knows its lines, read with the standard library alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
UNREAD = frozenset({"script", "style", "template", "annotation", "annotation-xml"})
DEEPEST = 512  # as in Chromium: what stands deeper stands beside what is there
CODE = frozenset({"code", "pre", "kbd", "samp", "math"})
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_PARTS = (
    "address",
    "article",
    "aside",
    "details",
    "div",
    "fieldset",
    "footer",
    "form",
    "header",
    "main",
    "nav",
    "section",
)
_SHOWN = ("blockquote", "dl", "figcaption", "figure", "hr", "menu", "ol", "p", "pre", "table", "ul")
_BLOCKS = frozenset({*_HEADINGS, *_PARTS, *_SHOWN})
_ROWS = frozenset({"thead", "tbody", "tfoot"})
_UNSEEN = re.compile(
    r"\b(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0*(?:\.0*)?\s*(?:;|$)|"
    r"(?:left|top|right|text-indent)\s*:\s*-\d{3,}|clip(?:-path)?\s*:)",
    re.IGNORECASE,
)
# An element that begins ends these before it, as far up as one of those that stand after them.
_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li", "p"}), frozenset({"ul", "ol", "menu"})),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd", "p"}), frozenset({"dl"}))),
    **dict.fromkeys(("td", "th"), (frozenset({"td", "th", "p"}), frozenset({"tr", "table"}))),
    "tr": (frozenset({"td", "th", "tr", "p"}), _ROWS | {"table"}),
    **dict.fromkeys(_ROWS, (_ROWS | {"td", "th", "tr", "p", "caption", "colgroup"}, frozenset({"table"}))),
    "body": (frozenset({"head"}), frozenset({"html"})),
    **dict.fromkeys(_BLOCKS, (frozenset({"p"}), frozenset())),
}


@dataclass(slots=True, eq=False)
class Element:
    """One element of a page.

    Attributes
    ----------
    tag, attributes
        In small letters; an attribute without a value is empty.
    line
        Where it begins.
    parent
        What it stands in; None for the page itself.
    children
        Elements and texts, in their order.
    depth
        How many elements it stands in.
    """

    tag: str
    attributes: dict[str, str]
    line: int
    parent: Element | None = None
    children: list[Element | Text] = field(default_factory=list)
    depth: int = 0

    def walk(self) -> Iterator[Element]:
        """Yield every element inside, in the order of the page.

        Yields
        ------
        Element
            Each one before those inside it.
        """
        waiting = self.children[::-1]
        while waiting:
            child = waiting.pop()
            if isinstance(child, Element):
                yield child
                waiting.extend(reversed(child.children))

    def every(self, *tags: str) -> list[Element]:
        """Return the elements of some kinds inside.

        Parameters
        ----------
        *tags
            Such as `th` and `td`.

        Returns
        -------
        list of Element
            In the order of the page.
        """
        return [one for one in self.walk() if one.tag in tags]

    def above(self) -> Iterator[Element]:
        """Yield what it stands in.

        Yields
        ------
        Element
            The nearest first.
        """
        here = self.parent
        while here is not None:
            yield here
            here = here.parent

    def inside(self, *tags: str) -> Element | None:
        """Return the nearest element of some kinds that it stands in.

        Parameters
        ----------
        *tags
            Such as `figure`.

        Returns
        -------
        Element or None
            None when it stands in none.
        """
        return next((one for one in self.above() if one.tag in tags), None)

    def is_unseen(self) -> bool:
        """Tell whether nobody sees it: its own attributes, or those of what it stands in, take it away.

        Returns
        -------
        bool
            What a style sheet hides is not known here.
        """
        return any(
            "hidden" in one.attributes or _UNSEEN.search(one.attributes.get("style", ""))
            for one in (self, *self.above())
        )

    def classes(self) -> set[str]:
        """Return its classes.

        Returns
        -------
        set of str
            Each once.
        """
        return set(self.attributes.get("class", "").split())

    def texts(self) -> Iterator[Text]:
        """Yield the texts inside that a person reads.

        Yields
        ------
        Text
            Not of scripts and styles.
        """
        waiting = self.children[::-1]
        while waiting:
            child = waiting.pop()
            if isinstance(child, Text):
                yield child
            elif child.tag not in UNREAD:
                waiting.extend(reversed(child.children))

    def text(self) -> str:
        """Return the words inside.

        Returns
        -------
        str
            One line, single spaces.
        """
        return " ".join("".join(one.words for one in self.texts()).split())


@dataclass(slots=True, eq=False)
class Text:
    """Words between two tags, with the line where they begin and what they stand in."""

    words: str
    line: int
    parent: Element


class _Reader(HTMLParser):
    """Builds the tree, ending what HTML lets an author leave open."""

    def __init__(self) -> None:
        """Begin with an empty page."""
        super().__init__(convert_charrefs=True)
        self.root = Element("", {}, 1)
        self.here = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element, after ending those that it ends."""
        ended, fence = _ENDS.get(tag, (frozenset(), frozenset()))
        while self.here.tag in ended and self.here.tag not in fence and self.here.parent:
            self.here = self.here.parent
        named: dict[str, str] = {}
        for name, value in attrs:
            named.setdefault(name, value or "")
        element = Element(tag, named, self.getpos()[0], self.here, depth=self.here.depth + 1)
        self.here.children.append(element)
        if tag not in VOID and element.depth < DEEPEST:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element; of HTML's own only a void one is ended by its slash, of a drawing every one."""
        self.handle_starttag(tag, attrs)
        drawn = self.here.inside("svg", "math") or self.here.tag in ("svg", "math")
        if tag not in VOID and drawn and self.here.parent:
            self.here = self.here.parent

    def handle_endtag(self, tag: str) -> None:
        """Close the nearest element of this name, and what is open inside it."""
        for one in (self.here, *self.here.above()):
            if one.tag == tag and one.parent:
                self.here = one.parent
                return

    def handle_data(self, data: str) -> None:
        """Keep words."""
        self.here.children.append(Text(data, self.getpos()[0], self.here))


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page that rules look at.

    Attributes
    ----------
    root
        The tree.
    elements
        Every element, in the order of the page.
    read
        The texts that a person reads, those that are code or mathematics left out.
    is_there
        Tells whether a file lies at a place relative to the page, or with `#` and a name whether that page has such a
        part; None when links to files are not looked at.
    draft
        Whether the page must say that it is a draft; None when that is not known.
    """

    root: Element
    elements: tuple[Element, ...]
    read: tuple[Text, ...]
    is_there: Callable[[str], bool] | None = None
    draft: bool | None = None

    def every(self, *tags: str) -> list[Element]:
        """Return the elements of some kinds.

        Parameters
        ----------
        *tags
            Such as `th` and `td`.

        Returns
        -------
        list of Element
            In the order of the page.
        """
        return [one for one in self.elements if one.tag in tags]

    def labelled(self, element: Element) -> str:
        """Return the words of what an element says that it is labelled by.

        Parameters
        ----------
        element
            With or without `aria-labelledby`.

        Returns
        -------
        str
            Empty where there is none.
        """
        names = element.attributes.get("aria-labelledby", "").split()
        found = {one.attributes.get("id"): one for one in self.elements} if names else {}
        return " ".join(found[name].text() for name in names if name in found)

    def body(self) -> Element:
        """Return what is shown.

        Returns
        -------
        Element
            The body, or all of a page that names none.
        """
        return next(iter(self.every("body")), self.root)


def read_page(text: str, *, is_there: Callable[[str], bool] | None = None, draft: bool | None = None) -> Page:
    """Read a page.

    Parameters
    ----------
    text
        HTML, as Quarto, our renderer or a person wrote it.
    is_there, draft
        As in `Page`.

    Returns
    -------
    Page
        Its tree.

    Examples
    --------
    >>> [one.text() for one in read_page("<ul><li>a<li>b</ul>").every("li")]
    ['a', 'b']
    """
    reader = _Reader()
    reader.feed(text)
    reader.close()
    elements = tuple(reader.root.walk())
    shown = next((one for one in elements if one.tag == "body"), reader.root)
    return Page(root=reader.root, elements=elements, read=tuple(_read(shown)), is_there=is_there, draft=draft)


def _read(shown: Element) -> Iterator[Text]:
    """Yield the texts inside an element that are neither code nor unread."""
    waiting = shown.children[::-1]
    while waiting:
        child = waiting.pop()
        if isinstance(child, Text):
            yield child
        elif child.tag not in UNREAD and child.tag not in CODE:
            waiting.extend(reversed(child.children))
