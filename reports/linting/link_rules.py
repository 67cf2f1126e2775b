"""Rules of links: each says what it opens, no two say the same of different places, and none leads nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from oda.reports.linting.fault import Fault, Rule, quote
from oda.reports.linting.tree import Element, Page

_EMPTY_WORDS = re.compile(
    r"(?:click|tap|press|see|read)?(?: ?here)?|click this|(?:read|learn|see|view|find out)? ?more(?: info\w*| details)?"
    r"|(?:this|the)? ?(?:link|page|report|document|file|site|website|web page|source|data)|details|further information"
    r"|this|that|continue|go|next|previous|download(?: here| now| this)?|open|view|see|read|learn|info|pdf|csv"
    r"|html|xlsx|url|image|figure|table|visit(?: the| our)? (?:website|site|page)"
    r"|(?:learn|read|find out) more about (?:it|this|that)|.*\b(?:click|tap|press) here\b.*"
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_OWN_MACHINE = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  named, not listened on
_NOTES = frozenset({"doc-backlink", "doc-noteref"})


def _links(page: Page) -> list[Element]:
    """Return what a person may follow, footnotes' own signs left out."""
    found = [one for one in page.body().walk() if one.tag == "a" and "href" in one.attributes]
    return [one for one in found if one.attributes.get("role") not in _NOTES]


def _name(page: Page, link: Element) -> str:
    """Return what a link is called when it is read out."""
    labelled = page.labelled(link) or link.attributes.get("aria-label", "").strip()
    pictures = " ".join(one.attributes.get("alt", "") for one in link.every("img"))
    return labelled or f"{link.text()} {pictures}".strip() or link.attributes.get("title", "").strip()


def _named(page: Page) -> Iterator[Fault]:
    """Find links that do not say by themselves what they open."""
    for link in _links(page):
        name = _name(page, link)
        if not name:
            what = f"the link to {quote(link.attributes['href'])} has no words."
            yield Fault(line=link.line, what=what, fix="Name what it opens.")
        elif _ADDRESS.fullmatch(name):
            what = f"the link {quote(name)} is read out letter by letter."
            yield Fault(line=link.line, what=what, fix="Name what it opens: [words](address).")
        elif link.inside("nav") is None and _EMPTY_WORDS.fullmatch(re.sub(r"[^\w ]", "", name).strip().casefold()):
            what = f"the link {quote(name)} does not say what it opens."
            yield Fault(line=link.line, what=what, fix="Name what it opens, so that it can be read alone.")


def _distinct(page: Page) -> Iterator[Fault]:
    """Find links with the same words that lead to different places."""
    first: dict[str, Element] = {}
    for link in _links(page):
        name = re.sub(r"\W+", " ", _name(page, link)).strip().casefold()
        known = first.setdefault(name, link) if name else link
        if _place(known) != _place(link):
            what = f"the link {quote(_name(page, link))} leads elsewhere than that on line {known.line}."
            yield Fault(line=link.line, what=what, fix="Say in each what it opens.")


def _place(link: Element) -> str:
    """Return where a link leads: a part of another page is that page."""
    page, _, part = link.attributes["href"].strip().partition("#")
    return page or f"#{part}"


def _whole(page: Page) -> Iterator[Fault]:
    """Find links within the page, or to a file near it, that lead to nothing."""
    names = {one.attributes.get("id") or one.attributes.get("name") for one in page.elements}
    for link in page.every("a", "area"):
        if "href" not in link.attributes:
            continue
        href = link.attributes["href"].strip()
        if href.startswith("#"):
            if href != "#top" and unquote(href[1:]) not in names:
                yield Fault(line=link.line, what=f"a link leads to {href!r}, which is not on the page.", fix="Mend it.")
        elif not href or href.rstrip("/").lower() in ("http:", "https:"):
            yield Fault(line=link.line, what="a link leads nowhere.", fix="Give its address, or take it out.")
        elif _is_of_one_machine(href):
            what = f"a link leads to {quote(href)}, a place on one person's own machine."
            yield Fault(
                line=link.line, what=what, fix="Put the file beside the report, or link to where all can open it."
            )
        elif _is_lost(page, href):
            what = f"a link leads to {quote(href)}, and nothing of that name is there."
            yield Fault(line=link.line, what=what, fix="Put the file there, or mend the link.")


def _is_of_one_machine(href: str) -> bool:
    """Tell whether a link leads to a drive, a file or a server of whoever wrote it."""
    try:
        parts = urlsplit(href)
        return parts.scheme == "file" or len(parts.scheme) == 1 or parts.hostname in _OWN_MACHINE
    except ValueError:
        return False


def _is_lost(page: Page, href: str) -> bool:
    """Tell whether a link leads to a file, or a part of a page, that should lie near the page and does not."""
    try:
        parts = urlsplit(href)
    except ValueError:
        return True
    if page.is_there is None or parts.scheme or parts.netloc or not parts.path:
        return False
    place = unquote(parts.path)
    return not page.is_there(place) or bool(parts.fragment and not page.is_there(f"{place}#{unquote(parts.fragment)}"))


RULES: dict[str, Rule] = {"link-words": _named, "link-distinct": _distinct, "link-target": _whole}
