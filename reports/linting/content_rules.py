"""Rules of what a page carries: figures that are shown, pictures that draw something, downloads that hold data."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from oda.reports.linting.fault import Fault, Rule, quote
from oda.reports.linting.request_rules import embedded
from oda.reports.linting.tree import Element, Page

_SHOWN = ("img", "svg", "table", "pre", "math", "blockquote")
_DRAWN = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "image", "use"})
_PNG = b"\x89PNG\r\n\x1a\n"
_AGAIN = "Make the report again, and see that the notebook drew it."


def _figure_shown(page: Page) -> Iterator[Fault]:
    """Find figures that hold nothing to see, and those whose pictures are kept from readers or from screen readers."""
    for figure in page.every("figure"):
        held = figure.every(*_SHOWN)
        named = quote(next((one.text() for one in figure.every("figcaption")), ""))
        if not held:
            yield Fault(line=figure.line, what=f"figure {named} holds no picture.", fix=_AGAIN)
        elif all(map(_is_kept_back, held)):
            fix = "Take hidden, aria-hidden and role=presentation out: what a figure shows is for everybody."
            yield Fault(line=figure.line, what=f"figure {named} is kept from readers.", fix=fix)


def _is_kept_back(element: Element) -> bool:
    """Tell whether something is kept from readers, or from those who have the page read out."""
    apart = element.attributes.get("role") in ("presentation", "none")
    unheard = any(one.attributes.get("aria-hidden") == "true" for one in (element, *element.above()))
    return apart or unheard or element.is_unseen()


def _picture_drawn(page: Page) -> Iterator[Fault]:
    """Find pictures without a source, and those whose embedded source draws nothing or is broken off."""
    for one in page.body().walk():
        source = one.attributes.get("src", "").strip()
        if one.tag != "img" or (not source and one.attributes.get("srcset", "").strip()):
            continue
        if not source:
            yield Fault(line=one.line, what="a picture has no source.", fix=_AGAIN)
        elif source.lower().startswith("data:") and not _draws(embedded(source)):
            yield Fault(line=one.line, what=f"the picture {quote(source[:40])} draws nothing.", fix=_AGAIN)


def _draws(content: bytes) -> bool:
    """Tell whether the bytes of a picture are whole and draw something; a kind that is not known need only be there."""
    if content.startswith(b"\x89PNG"):
        return _is_whole_png(content)
    if content.startswith(b"\xff\xd8"):
        return content.rstrip(b"\0").endswith(b"\xff\xd9")
    if b"<" in content[:200]:
        return _is_whole_svg(content)
    return content.startswith((b"GIF8", b"RIFF", b"BM", b"\0\0"))


def _is_whole_png(content: bytes) -> bool:
    """Tell whether a PNG holds its parts, each with the sum that it says, up to its end."""
    at = len(_PNG)
    while content.startswith(_PNG) and at + 12 <= len(content):
        end = at + 8 + int.from_bytes(content[at : at + 4])
        if zlib.crc32(content[at + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return False
        if content[at + 4 : at + 8] == b"IEND":
            return True
        at = end + 4
    return False


def _is_whole_svg(content: bytes) -> bool:
    """Tell whether an SVG can be read and holds a shape or words."""
    try:
        root = ET.fromstring(content)  # noqa: S314  the parser itself refuses entities without end
    except (ET.ParseError, ValueError, LookupError):
        return False
    names = {one.tag.rpartition("}")[2] for one in root.iter() if isinstance(one.tag, str)}
    return root.tag.endswith("svg") and not names.isdisjoint(_DRAWN)


def _data_held(page: Page) -> Iterator[Fault]:
    """Find downloads in the page that hold no rows of data or are broken off."""
    fix = "Make the report again, and see what the notebook recorded."
    for link in page.every("a"):
        address = link.attributes.get("href", "").strip()
        if address.lower().startswith("data:text/csv"):
            why = wrong_with_csv(embedded(address))
            if why:
                yield Fault(line=link.line, what=f"the download {quote(link.text())} {why}.", fix=fix)


def wrong_with_csv(content: bytes) -> str:
    r"""Return what is wrong with a CSV that is offered as data.

    Parameters
    ----------
    content
        Its bytes.

    Returns
    -------
    str
        The rest of a sentence; empty when all is well.

    Examples
    --------
    >>> wrong_with_csv(b"a,b\n1,2\n"), wrong_with_csv(b"a,b\n")
    ('', 'holds no rows below its header')
    """
    text = content.decode("utf-8-sig", errors="replace")
    if text.lstrip().startswith("<") or "\0" in text:
        return "is no CSV"
    try:
        rows = [row for row in csv.reader(text.splitlines()) if row]
    except csv.Error as error:
        return f"is no CSV ({error})"
    if len(rows) < 2:
        return "holds no rows below its header" if rows else "is empty or cannot be read"
    if len(rows[-1]) < len(rows[0]):
        return f"is broken off: its last row has {len(rows[-1])} of {len(rows[0])} cells"
    return ""


RULES: dict[str, Rule] = {
    "figure-shown": _figure_shown,
    "picture-drawn": _picture_drawn,
    "data-held": _data_held,
}
