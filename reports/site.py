"""An index of the pilots whose published bundles lie in one folder: the question, the answer, the state, the date."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from oda.console import count
from oda.errors import RenderError
from oda.reports.builtin import rendering as builtin
from oda.reports.document import Document, escape, front_matter
from oda.reports.governance.verifying import MANIFEST, verify_bundle
from oda.reports.index import NOT_YET, SHARED
from oda.reports.keeping import write_whole
from oda.reports.linting.tree import Element, Page, read_page
from oda.reports.sources.provenance import MADE_UP

PAGE = Document(name="index", formats=("html",))
OURS = '<div class="finder">'
_PLACES = (MANIFEST, f"*/{MANIFEST}", f"*/*/{MANIFEST}", f"*/published/*/{MANIFEST}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One published bundle.

    Attributes
    ----------
    folder
        Where it lies, relative to the site's folder, with `/`.
    pilot, title, organisation, published
        As its manifest has them; no day where that cannot be read.
    question, answer, districts, links
        As its own index page has them; each link by its words and its file.
    is_made_up
        Whether that page says that its figures are not real.
    differences
        What in it is not as it was published; empty when all is. Its answer is not shown then.
    """

    folder: str
    pilot: str
    title: str
    organisation: str
    published: dt.date | None
    question: str
    answer: str
    districts: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    is_made_up: bool
    differences: tuple[str, ...]


def write_site(folder: Path) -> tuple[Path, tuple[Listed, ...]]:
    """Write `index.html` of a folder in which published bundles lie.

    Parameters
    ----------
    folder
        Bundles lie in it or up to three levels below, such as several pilots side by side.

    Returns
    -------
    page : Path
        The page.
    bundles : tuple of Listed
        What it lists, the newest of each pilot first.

    Raises
    ------
    RenderError
        When no bundle is there that can be read, or an `index.html` is there that this did not write.
    """
    page = folder / "index.html"
    if (folder / MANIFEST).is_file():
        message = f"{folder} is itself a published bundle, which nobody may change. Name the folder that it lies in."
        raise RenderError(message)
    bundles = tuple(sorted(_bundles(folder), key=_newest_first))
    if not bundles:
        message = f"No published bundle lies in {folder}. Publish a pilot, and copy its folder of published/ there."
        raise RenderError(message)
    if bundles[0].published is None:
        raise RenderError("\n".join(f"{one.folder}: {one.differences[0]}" for one in bundles))
    if page.is_file() and OURS not in page.read_text(encoding="utf-8", errors="replace"):
        message = f"{page} is there and was not made by this command. Move it away, or name another folder."
        raise RenderError(message)
    with TemporaryDirectory() as made:
        project = Path(made)
        (project / "index.qmd").write_text(_write(bundles), encoding="utf-8", newline="\n")
        (path,) = builtin.render(project, [PAGE], project / "made")
        write_whole(page, path.read_bytes())
    return page, bundles


def _newest_first(bundle: Listed) -> tuple[int, str, str]:
    """Order bundles by day, the newest first and those that cannot be read last."""
    return -(bundle.published or dt.date.min).toordinal(), bundle.title, bundle.folder


def _bundles(folder: Path) -> Iterator[Listed]:
    """Yield every bundle below a folder."""
    for path in sorted({path for place in _PLACES[1:] for path in folder.glob(place)}):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            what = f"{MANIFEST} cannot be read ({type(error).__name__}). Copy the whole bundle again."
            yield _unread(folder, path, what)
            continue
        if isinstance(manifest, dict) and str(manifest.get("schema", "")).startswith("oda-bundle/"):
            yield _listed(folder, path, manifest)


def _listed(folder: Path, path: Path, manifest: dict[str, Any]) -> Listed:
    """Return what a bundle says of itself."""
    try:
        named = {key: str(manifest[key]) for key in ("pilot", "title", "organisation")}
        published = dt.date.fromisoformat(str(manifest["published"]))
    except (KeyError, ValueError) as error:
        what = f"{MANIFEST} lacks {error}, or holds it in another form. Copy the whole bundle again."
        return _unread(folder, path, what)
    page = _index(path.parent)
    question, answer = _said(page)
    return Listed(
        folder=path.parent.relative_to(folder).as_posix(),
        published=published,
        question=question,
        answer=answer,
        districts=tuple(_districts(page.elements)),
        links=tuple(_links(page.elements, path.parent)),
        is_made_up=MADE_UP in page.body().text(),
        differences=verify_bundle(path.parent),
        **named,
    )


def _unread(folder: Path, path: Path, what: str) -> Listed:
    """Return a bundle whose manifest cannot be read: what is wrong with it, and nothing that it says."""
    place = path.parent.relative_to(folder).as_posix()
    about = {
        "folder": place,
        "pilot": place,
        "title": path.parent.name,
        "organisation": "",
        "question": "",
        "answer": "",
    }
    return Listed(**about, published=None, districts=(), links=(), is_made_up=False, differences=(what,))


def _index(bundle: Path) -> Page:
    """Read the index page of a bundle; an empty one where it has none."""
    path = bundle / "index.html"
    return read_page(path.read_text(encoding="utf-8", errors="replace") if path.is_file() else "")


def _said(page: Page) -> tuple[str, str]:
    """Return the question and the answer that a bundle's own index page shows."""
    box = next((one for one in page.elements if "answer" in one.classes()), None)
    strong = next(iter(box.every("strong")), None) if box else None
    question = strong.text() if strong else ""
    answer = box.text().removeprefix(question).strip() if box else ""
    return question, answer or NOT_YET


def _districts(elements: Sequence[Element]) -> Iterator[str]:
    """Yield the names in the list of districts."""
    for one in elements:
        if one.tag == "li" and any("finder-list" in up.classes() for up in one.above()):
            name = next((link.text() for link in one.every("a")), "")
            if name:
                yield name


def _links(elements: Sequence[Element], bundle: Path) -> Iterator[tuple[str, str]]:
    """Yield the downloads of the whole pilot and the page on what is shared, as the index page links them."""
    for one in elements:
        place = one.attributes.get("href", "")
        if one.tag != "a" or any("finder-list" in up.classes() for up in one.above()):
            continue
        if re.fullmatch(rf"[\w-]+\.pdf|{SHARED.name}\.html", place) and (bundle / place).is_file():
            yield one.text(), place


def _write(bundles: Sequence[Listed]) -> str:
    """Write the page as a document."""
    owners = list(dict.fromkeys(one.organisation for one in bundles if one.organisation))
    head = front_matter(
        {
            "title": "Pilots",
            "author": owners,
            "date": str(bundles[0].published),
            "description": "Each published pilot with its question, its answer, its state and its date.",
        }
    )
    by_pilot: dict[tuple[str, str], list[Listed]] = {}
    for one in bundles:
        by_pilot.setdefault((one.organisation, one.pilot), []).append(one)
    names = {
        key: f"{found[0].title}{f', {key[0]}' if len(owners) > 1 and key[0] else ''}" for key, found in by_pilot.items()
    }
    taken = Counter(names.values())
    shown = {key: f"{name} ({key[1]})" if taken[name] > 1 else name for key, name in names.items()}
    items = "\n".join(_item(found, shown[key]) for key, found in by_pilot.items())
    return f'{head}\n::: {{.finder noun="pilot"}}\n{items}\n:::\n'


def _item(found: Sequence[Listed], name: str) -> str:
    """Show one pilot by its name: the newest of its bundles, and links to the earlier ones."""
    newest = found[0]
    lines = [f"**{_link(newest, name)}**"]
    if newest.is_made_up:
        lines.append(f"{MADE_UP}: they were made up to show how the pilot would be evaluated.")
    if not newest.differences:
        lines.append(f"**{escape(newest.question)}** {escape(newest.answer)}" if newest.question else NOT_YET)
    where = f" Districts: {', '.join(newest.districts)}." if newest.districts and not newest.differences else ""
    lines.append(escape(f"{_state(newest)}.{where}"))
    if newest.links and not newest.differences:
        lines.append(", ".join(_link(newest, f"{name}: {words}", file) for words, file in newest.links))
    for one in found[1:]:
        words = f"{name}, as published on {_day(one)}"
        lines.append(escape(f"{_state(one)}.") if one.differences else _link(one, words))
    return "- " + "\\\n  ".join(lines)


def _link(bundle: Listed, words: str, file: str = "index.html") -> str:
    """Link a page of a bundle; words alone where it is not to be used."""
    return escape(words) if bundle.differences else f"[{escape(words)}]({quote(bundle.folder)}/{file})"


def _state(bundle: Listed) -> str:
    """Say when a bundle was published, and what in it is no longer as it was then."""
    if not bundle.differences:
        return f"Published on {_day(bundle)}"
    first, *others = bundle.differences
    more = f" (and {count(len(others), 'other difference')})" if others else ""
    what = f"what was published on {_day(bundle)}" if bundle.published else f"what lies in {bundle.folder}"
    return f"Do not use {what}: {first.rstrip('.')}{more}"


def _day(bundle: Listed) -> str:
    """Say the day of a publication; nothing where it is not known."""
    return f"{bundle.published.day} {bundle.published:%B %Y}" if bundle.published else ""
