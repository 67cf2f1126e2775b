"""Rules of what a page asks for: nothing of the network, nothing outside the file, no program in an attribute."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from oda.reports.linting.fault import Fault, Rule, quote
from oda.reports.linting.tree import Element, Page, Text

_FETCHED = {
    **dict.fromkeys(
        ("img", "source", "audio", "video", "track", "embed", "iframe", "frame", "script", "input"), ("src",)
    ),
    "object": ("data",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "feimage": ("href", "xlink:href"),
    **dict.fromkeys(("body", "table", "td", "th"), ("background",)),
}
_EARLY = ("preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "prerender")
_LINKED = frozenset({*_EARLY, "stylesheet", "icon", "apple-touch-icon", "manifest"})
_WITHIN = ("data:", "#", "about:", "blob:")
_CSS_URL = re.compile(
    r"url\(\s*(['\"]?)(.*?)\1\s*\)|@import\s+(['\"])(.*?)\3|image-set\([^)]*?(['\"])((?!data:).*?)\5",
    re.IGNORECASE | re.DOTALL,
)
_CSS_ESCAPE = re.compile(r"\\0{0,4}([2-7][0-9a-fA-F])\s?")  # of a letter or a sign of plain Latin
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_ASKS = re.compile(
    r"\bfetch\s*\(|XMLHttpRequest|sendBeacon|\bWebSocket\b|\bEventSource\b|importScripts|\bimport\s*\(|"
    r"\bimport\b[^;\n]*\bfrom\s*['\"]|\bimport\s*['\"]|serviceWorker|"
    r"(?:\.(?:src|href)\s*=|\blocation\s*=|location\.(?:assign|replace)\s*\(|\.(?:open|get|post|ajax)\s*\(|setAttribute\([^,)]*,)"
    r"\s*['\"`](?:https?:)?//",
)
_SOURCE = re.compile(r"[\s,]*(\S*[^\s,])(?:,|\s+[^,]*,?|$)")  # an address of a `srcset`, which may hold commas
_EMBED = "Make the page one file: embed-resources: true."


def _requests(page: Page) -> Iterator[Fault]:
    """Find what a page fetches: pictures, scripts, styles and fonts that are not in it."""
    for one in page.elements:
        if one.attributes.get("srcdoc", "").strip():
            what = f"<{one.tag}> holds a page of its own, which is not looked at."
            yield Fault(line=one.line, what=what, fix="Put what it shows into the page itself.")
        for address in _addresses(one):
            if address.lower().startswith(("http:", "https:", "//", "ftp:", "ws:", "wss:")):
                what = f"<{one.tag}> asks the network for {quote(address)}."
                yield Fault(line=one.line, what=what, fix=f"Put it into the project. {_EMBED}")
            else:
                what = f"<{one.tag}> needs the file {quote(address)}, which is not in the page."
                yield Fault(line=one.line, what=what, fix=_EMBED)


def _addresses(element: Element) -> Iterator[str]:
    """Yield what an element fetches from outside the page."""
    found = [element.attributes.get(name, "") for name in _FETCHED.get(element.tag, ())]
    found += [element.attributes.get("poster", "")]
    found += _SOURCE.findall(element.attributes.get("srcset", ""))
    if element.tag == "link" and set(element.attributes.get("rel", "").lower().split()) & _LINKED:
        found.append(element.attributes.get("href", ""))
    for one in found:
        address = one.strip()
        if address and not address.lower().startswith(_WITHIN):
            yield address
    yield from _of_styles(element)


def _of_styles(element: Element) -> Iterator[str]:
    """Yield what an element's styles fetch: its attribute, its style sheet, or one embedded in its address."""
    styles = element.attributes.get("style", "")
    if element.tag == "style":
        styles += "".join(child.words for child in element.children if isinstance(child, Text))
    if element.tag == "link":
        styles += embedded(element.attributes.get("href", "")).decode(errors="replace")
    plain = _CSS_ESCAPE.sub(lambda one: chr(int(one[1], 16)), _COMMENT.sub("", styles))
    for found in _CSS_URL.finditer(plain):
        address = (found[2] or found[4] or found[6] or "").strip()
        if address and not address.lower().startswith(_WITHIN):
            yield address


def embedded(address: str) -> bytes:
    """Return what an address of the kind `data:` holds.

    Parameters
    ----------
    address
        As an attribute has it.

    Returns
    -------
    bytes
        Nothing for any other address, and for one that cannot be read.

    Examples
    --------
    >>> embedded("data:text/csv;base64,YSxi"), embedded("data:,a%2Cb"), embedded("a.csv")
    (b'a,b', b'a,b', b'')
    """
    head, comma, body = address.partition(",")
    if not comma or not head.lower().startswith("data:"):
        return b""
    raw = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return raw
    digits = raw.translate(None, b" \t\r\n\f").rstrip(b"=")
    try:
        return base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        return b""


def _scripts(page: Page) -> Iterator[Fault]:
    """Find scripts that ask for anything, and programs in attributes and addresses."""
    for one in page.elements:
        if one.tag == "script":
            words = "".join(child.words for child in one.children if isinstance(child, Text))
            found = _ASKS.search(words + embedded(one.attributes.get("src", "")).decode(errors="replace"))
            if found:
                what = f"a script may ask the network: {quote(found[0])}."
                yield Fault(line=one.line, what=what, fix="Take it out: a report is read with the network cut.")
        for name, value in one.attributes.items():
            if re.fullmatch(r"on[a-z]+", name):
                what = f"<{one.tag}> has a program in its attribute {name}."
                yield Fault(line=one.line, what=what, fix="Take it out; a page works without programs.")
            elif value.strip().lower().startswith(("javascript:", "vbscript:")):
                what = f"<{one.tag}> has a program in its address, {quote(value)}."
                yield Fault(line=one.line, what=what, fix="Link to a place, or take it out.")


def _sends(page: Page) -> Iterator[Fault]:
    """Find what leads a reader away unasked, or tells another place that the page is read."""
    for one in page.elements:
        attributes = one.attributes
        if one.tag == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            yield Fault(line=one.line, what="the page leads elsewhere by itself.", fix="Take the refresh out.")
        elif one.tag == "base":
            yield Fault(line=one.line, what="the page moves its own links with <base>.", fix="Take it out.")
        elif one.tag == "form" and attributes.get("action", "").strip():
            what = f"a form sends what is typed to {quote(attributes['action'])}."
            yield Fault(line=one.line, what=what, fix="Take it out: a report only is read.")
        elif attributes.get("formaction", "").strip():
            what = f"a button sends what is typed to {quote(attributes['formaction'])}."
            yield Fault(line=one.line, what=what, fix="Take it out: a report only is read.")
        elif attributes.get("ping", "").strip():
            yield Fault(line=one.line, what="a link tells another place that it was followed.", fix="Take ping out.")


RULES: dict[str, Rule] = {"requests": _requests, "scripts": _scripts, "sends": _sends}
