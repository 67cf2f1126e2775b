"""Rules of pictures: words that stand in for them, and the data behind them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from oda.reports.linting.fault import Fault, Rule, quote
from oda.reports.linting.page_rules import HEADINGS
from oda.reports.linting.tree import Element, Page

PHOTO = "photo"  # class of a picture that is no chart
SHORTEST_ALT = 20
FEWEST_WORDS = 2  # that are not of every picture
_OF_ANY_PICTURE = """
    a an the this that of for and with in on at to is are be as by or it its here there below above see one two number
    image img picture photo figure fig chart graph plot diagram graphic output screenshot logo show shows showing shown
    report page data file caption text details alt alternative description describe untitled unnamed none null todo tbc
    click enlarge zoom lorem ipsum dolor sit amet object axes size matplotlib
"""
_GENERIC = frozenset(_OF_ANY_PICTURE.split())
# What programs and people in a hurry put in the place of words.
_FILLER = re.compile(
    r"^no description has been provided|^<?figure size \d|^unnamed-chunk|^cell-\d+-output|^<[\w.]+|\bobject at 0x"
    r"|^\w+(?:\.\w+)+ object|\blorem ipsum\b|^(?:todo|fixme|tbc|tbd|xxx+)\b|\bplaceholder\b|\balt(?:ernative)? text\b"
    r"|^(?:please )?(?:insert|add|write|describe)\b.*\bhere\b|\bgoes here\b|\bto be (?:added|written|done)\b"
    r"|^see (?:the )?(?:caption|text|title|description)\b"
    r"|^(?:screenshot|img|dsc|pxl|image|photo|output)[ _-]?\d[\d_-]+",
    re.IGNORECASE,
)
_FILE = re.compile(
    r"\S+\.(?:png|svg|jpe?g|gif|webp|tiff?|bmp|pdf)|[\w./\\-]*[/\\][\w./\\-]+|\w+(?:_\w+)+|data:.*", re.IGNORECASE
)
_DATA = re.compile(r"data:(?:text/csv|application/)|[^?#]+\.(?:csv|xlsx|ods|json|zip)(?:[?#].*)?$", re.IGNORECASE)


def _words(element: Element) -> list[str]:
    """Return what is said in the place of a picture, in its attributes or its title; each may be read out."""
    attributes = element.attributes
    said = [attributes[name] for name in ("alt", "aria-label") if name in attributes]
    if element.tag == "svg":
        said += [one.text() for one in element.children if isinstance(one, Element) and one.tag == "title"]
    return said


def _is_hidden(element: Element) -> bool:
    """Tell whether a picture is kept from screen readers on purpose, it or what it stands in."""
    return any(one.attributes.get("aria-hidden") == "true" for one in (element, *element.above()))


def _pictures(page: Page) -> Iterator[tuple[Element, list[str], bool]]:
    """Yield each picture with its words, and whether it is one that must say something."""
    for one in page.body().walk():
        drawn = one.tag == "svg" and one.inside("svg") is None
        if (one.tag == "img" or drawn) and not _is_hidden(one):
            yield one, _words(one), one.inside("figure") is not None


def _alt(page: Page) -> Iterator[Fault]:
    """Find pictures without words in their place, and charts with under 20 characters of them."""
    fix = "Say what kind of chart it is and of what: fig-alt."
    for one, said, needed in _pictures(page):
        lacks = one.tag == "img" and "alt" not in one.attributes
        if lacks or not said or (needed and not all(map(_heard, said))):
            yield Fault(line=one.line, what="a picture has no alternative text.", fix=fix)
            continue
        for words in said if needed else ():
            heard = _heard(words)
            if is_filler(heard):
                continue
            if len(heard) < SHORTEST_ALT:
                what = f"the alternative text {quote(words)} has {len(heard)} characters, under {SHORTEST_ALT}."
                yield Fault(line=one.line, what=what, fix=fix)
            elif len(_own_words(heard)) < FEWEST_WORDS:
                yield Fault(line=one.line, what=f"the alternative text {quote(words)} says too little.", fix=fix)


def is_filler(words: str) -> bool:
    """Tell whether words say nothing of a picture: a program's, a file's name, or none that is not of every picture.

    Parameters
    ----------
    words
        The alternative text.

    Returns
    -------
    bool
        True for words that are nobody's description.

    Examples
    --------
    >>> is_filler("This is an image of a chart"), is_filler("The house of the office")
    (True, False)
    """
    bare = _heard(words)
    return bool(_FILLER.search(bare) or _FILE.fullmatch(bare)) or not _own_words(bare)


def _heard(words: str) -> str:
    """Return words without what nobody hears: spaces, and signs without width."""
    return " ".join("".join(one for one in words if unicodedata.category(one) != "Cf").split())


def _own_words(words: str) -> set[str]:
    """Return the words that are not of every picture, each once."""
    return set(re.findall(r"(?<![\w.])[^\W\d_]{2,}(?![\w.]\w)", words.casefold())) - _GENERIC


def _filler_alt(page: Page) -> Iterator[Fault]:
    """Find pictures whose words are a program's filler or a file's name."""
    for one, said, _ in _pictures(page):
        for words in filter(is_filler, filter(None, said)):
            what = f"the alternative text {quote(words)} says nothing of the picture."
            yield Fault(line=one.line, what=what, fix="Say what kind of chart it is and of what: fig-alt.")


def _alt_is_caption(page: Page) -> Iterator[Fault]:
    """Find pictures whose words are their caption once more, or a paragraph of the page."""
    told = [_bare(one.text()) for one in page.every("p")]
    for one, said, needed in _pictures(page):
        figure = one.inside("figure")
        captions = [found.text() for found in figure.every("figcaption")] if figure else []
        bare = {_bare(form) for caption in captions for form in (caption, _unnumbered(caption))} - {""}
        if needed and any(len(words) >= SHORTEST_ALT and _repeats(words, told) for words in said):
            what = f"the alternative text is a paragraph of the page, {quote(said[0])}."
            yield Fault(line=one.line, what=what, fix="Say in one line what kind of chart it is and of what.")
        if any(form in bare for words in said for form in (_bare(words), _bare(_unled(words)))):
            what = f"the alternative text is the caption, {quote(said[0])}."
            yield Fault(line=one.line, what=what, fix="Say what the chart looks like; the caption is read out anyway.")


def _repeats(words: str, told: list[str]) -> bool:
    """Tell whether a paragraph begins with all of some words."""
    return any(one.startswith(_bare(words)) for one in told)


def _unled(words: str) -> str:
    """Return words without a beginning that says of every chart that it is one."""
    led = r"^(?:an? |the |this is an? )?(?:chart|graph|plot|figure|image|picture)(?: of| showing)?\s*:?\s+"
    return re.sub(led, "", words.strip(), flags=re.IGNORECASE)


def _unnumbered(caption: str) -> str:
    """Return a caption without its number."""
    return re.sub(r"^\s*(?:figure|fig\.?|table)\s+[\w.]+\s*[:.]\s*", "", caption, flags=re.IGNORECASE)


def _bare(text: str) -> str:
    """Return words without what does not change them when they are read out."""
    return re.sub(r"\W+", " ", text).strip().casefold()


def _figure_data(page: Page) -> Iterator[Fault]:
    """Find figures without a link to their data, in them or before the next figure or heading."""
    for figure in page.every("figure"):
        pictures = [one for one in figure.every("img", "svg") if not _is_hidden(one) and PHOTO not in one.classes()]
        if pictures and figure.inside("figure") is None and not any(map(_leads_to_data, _near(page, figure))):
            named = next((one.text() for one in figure.every("figcaption")), "")
            fix = (
                "Show it with {{< oda figure KEY >}}, or put its data beside it: map.csv beside map.svg. "
                f"A picture that is no chart has the class .{PHOTO}."
            )
            yield Fault(line=figure.line, what=f"figure {quote(named)} has no link to its data.", fix=fix)


def _near(page: Page, figure: Element) -> Iterator[Element]:
    """Yield the elements of a figure and those after it, until the next figure or heading."""
    inside = set(map(id, figure.walk()))
    start = page.elements.index(figure) + 1
    for one in page.elements[start:]:
        if id(one) not in inside and one.tag in ("figure", *HEADINGS):
            return
        yield one


def _leads_to_data(element: Element) -> bool:
    """Tell whether an element is a link to data."""
    return element.tag == "a" and bool(_DATA.match(element.attributes.get("href", "")))


RULES: dict[str, Rule] = {
    "alt": _alt,
    "alt-filler": _filler_alt,
    "alt-caption": _alt_is_caption,
    "figure-data": _figure_data,
}
