"""Rules of a page as a whole: language, title, description, headings, landmarks, ids, order of the keys."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oda.reports.linting.fault import Fault, Rule, quote
from oda.reports.linting.tree import Element, Page, Text

LONGEST_TITLE = 65
LONGEST_DESCRIPTION = 160
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_UNTITLED = re.compile(r"(?:untitled|new|document)[\s\d]*(?:document|page|report)?[\s\d]*", re.IGNORECASE)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_FIRST_KEYS = ("a", "button", "input", "select", "textarea", "summary")


def _lang(page: Page) -> Iterator[Fault]:
    """Find a page that does not name its language, which a screen reader speaks it in."""
    tag = next(iter(page.every("html")), page.root)
    value = tag.attributes.get("lang", "")
    if not LANGUAGE.fullmatch(value):
        what = f"the page's language is {quote(value)}." if value else "the page does not name its language."
        yield Fault(line=tag.line, what=what, fix='Write <html lang="en-GB">.')


def _title(page: Page) -> Iterator[Fault]:
    """Find a page without a title of its own, or with one over 65 characters."""
    found = [one for one in page.every("title") if one.inside("svg") is None]
    words = found[0].text() if found else ""
    line = found[0].line if found else 1
    if not words or _UNTITLED.fullmatch(words):
        yield Fault(line=line, what="the page has no title.", fix="Give it one: title in the front matter.")
    elif len(words) > LONGEST_TITLE:
        what = f"the title has {len(words)} characters, {quote(words)}."
        yield Fault(line=line, what=what, fix=f"Shorten it to {LONGEST_TITLE}.")


def _description(page: Page) -> Iterator[Fault]:
    """Find a page without a description, or with one over 160 characters or without a full stop."""
    found = [one for one in page.every("meta") if one.attributes.get("name", "").lower() == "description"]
    words = " ".join(found[0].attributes.get("content", "").split()) if found else ""
    line = found[0].line if found else 1
    if not words:
        yield Fault(line=line, what="the page has no description.", fix="Add description to the front matter.")
    elif len(words) > LONGEST_DESCRIPTION:
        what = f"the description has {len(words)} characters, {quote(words)}."
        yield Fault(line=line, what=what, fix=f"Shorten it to {LONGEST_DESCRIPTION}.")
    if words and not words.endswith("."):
        yield Fault(line=line, what=f"the description {quote(words)} has no full stop.", fix="End it with one.")


def _one_h1(page: Page) -> Iterator[Fault]:
    """Find a page that has no heading of the first level, or several."""
    found = page.every("h1")
    if len(found) != 1:
        line = found[1].line if found else page.body().line
        fix = "Keep the title as the only one; begin sections with ##." if found else "Give the page a title."
        yield Fault(line=line, what=f"the page has {len(found)} headings of level 1.", fix=fix)


def _heading_order(page: Page) -> Iterator[Fault]:
    """Find levels of heading that are left out, and empty headings."""
    before = 1
    for one in (one for one in page.elements if one.tag in HEADINGS or one.attributes.get("role") == "heading"):
        said = one.attributes.get("aria-level", one.tag[1:] if one.tag in HEADINGS else "2").strip()
        level = int(said) if said.isdigit() else 2
        if level > before + 1:
            what = f"heading {quote(one.text())} is of level {level} after one of level {before}."
            yield Fault(line=one.line, what=what, fix=f"Make it level {before + 1}.")
        if not one.text() and not one.every("img"):
            yield Fault(line=one.line, what=f"a heading of level {level} is empty.", fix="Write it, or take it out.")
        before = level


def _main_landmark(page: Page) -> Iterator[Fault]:
    """Find a page that does not mark its main part, or marks several."""
    found = [one for one in page.elements if one.tag == "main" or one.attributes.get("role") == "main"]
    if len(found) != 1:
        line = found[1].line if found else page.body().line
        yield Fault(line=line, what=f"the page has {len(found)} main parts.", fix="Put the report into one <main>.")


def _skip_link(page: Page) -> Iterator[Fault]:
    """Find a page whose first stop of the keyboard is no link to its main part."""
    first = next((one for one in page.body().walk() if _is_reached(one)), None)
    main = next((one for one in page.elements if one.tag == "main" or one.attributes.get("role") == "main"), None)
    if first is None or main is None or _target(page, first) in (main, *_start(main)):
        return
    what = f"the keyboard reaches {quote(first.text() or first.tag)} first."
    yield Fault(line=first.line, what=what, fix="Begin the page with a link to its main part: Skip to the report.")


def _start(main: Element) -> Iterator[Element]:
    """Yield what begins where the main part begins: nothing is read before it."""
    for one in main.walk():
        yield one
        if any(isinstance(child, Text) and child.words.strip() for child in one.children):
            return


def _is_reached(element: Element) -> bool:
    """Tell whether the key Tab stops here."""
    attributes = element.attributes
    if element.is_unseen():
        return False
    if attributes.get("tabindex", "") == "-1" or "disabled" in attributes or attributes.get("type") == "hidden":
        return False
    if element.tag == "a":
        return "href" in attributes
    return element.tag in _FIRST_KEYS or "tabindex" in attributes


def _target(page: Page, link: Element) -> Element | None:
    """Return what a link leads to on the page itself."""
    href = link.attributes.get("href", "")
    if not href.startswith("#") or len(href) < 2:
        return None
    return next((one for one in page.elements if one.attributes.get("id") == href[1:]), None)


def _ids(page: Page) -> Iterator[Fault]:
    """Find ids that stand twice or are empty."""
    first: dict[str, int] = {}
    for one in page.elements:
        name = one.attributes.get("id")
        if name is None:
            continue
        if not name.strip():
            yield Fault(line=one.line, what=f"the id of <{one.tag}> is empty.", fix="Name it, or take it out.")
        elif name in first:
            what = f"the id {name!r} is on line {first[name]} already."
            yield Fault(line=one.line, what=what, fix="Give each its own.")
        first.setdefault(name, one.line)


def _key_order(page: Page) -> Iterator[Fault]:
    """Find what jumps the queue of the Tab key, or takes the keyboard when the page opens."""
    for one in page.elements:
        if "autofocus" in one.attributes:
            what = f"<{one.tag}> takes the keyboard when the page opens."
            yield Fault(line=one.line, what=what, fix="Take autofocus out: a page begins at its beginning.")
        value = one.attributes.get("tabindex", "").strip()
        if value.lstrip("+").isdigit() and int(value) > 0:
            what = f"<{one.tag}> has tabindex {value}."
            yield Fault(line=one.line, what=what, fix="Take it out: the order of the page is the order of the keys.")


RULES: dict[str, Rule] = {
    "lang": _lang,
    "title": _title,
    "description": _description,
    "one-h1": _one_h1,
    "heading-order": _heading_order,
    "main-landmark": _main_landmark,
    "skip-link": _skip_link,
    "ids": _ids,
    "key-order": _key_order,
}
