"""An index of the pilots whose published bundles lie in one folder: the question, the answer, the state, the date."""

from __future__ import annotations

import datetime as dt
import json
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
from oda.reports.index import NOT_YET
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
        As its manifest has them; the day as `2026-11-22`.
    question, answer, districts
        As its own index page has them.
    is_made_up
        Whether that page says that its figures are not real.
    differences
        What in it is not as it was published; empty when all is. Its answer is not shown then.
    """

    folder: str
    pilot: str
    title: str
    organisation: str
    published: dt.date
    question: str
    answer: str
    districts: tuple[str, ...]
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
        When no bundle is there, one cannot be read, or an `index.html` is there that this did not write.
    """
    page = folder / "index.html"
    if (folder / MANIFEST).is_file():
        message = f"{folder} is itself a published bundle, which nobody may change. Name the folder that it lies in."
        raise RenderError(message)
    bundles = tuple(sorted(_bundles(folder), key=lambda one: (-one.published.toordinal(), one.title, one.folder)))
    if not bundles:
        message = f"No published bundle lies in {folder}. Publish a pilot, and copy its folder of published/ there."
        raise RenderError(message)
    if page.is_file() and OURS not in page.read_text(encoding="utf-8", errors="replace"):
        message = f"{page} is there and was not made by this command. Move it away, or name another folder."
        raise RenderError(message)
    with TemporaryDirectory() as made:
        project = Path(made)
        (project / "index.qmd").write_text(_write(bundles), encoding="utf-8", newline="\n")
        (path,) = builtin.render(project, [PAGE], project / "made")
        write_whole(page, path.read_bytes())
    return page, bundles


def _bundles(folder: Path) -> Iterator[Listed]:
    """Yield every bundle below a folder."""
    for path in sorted({path for place in _PLACES[1:] for path in folder.glob(place)}):
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            message = f"{path} cannot be read ({type(error).__name__}). Copy the whole bundle again."
            raise RenderError(message) from error
        if isinstance(manifest, dict) and str(manifest.get("schema", "")).startswith("oda-bundle/"):
            yield _listed(folder, path, manifest)


def _listed(folder: Path, path: Path, manifest: dict[str, Any]) -> Listed:
    """Return what a bundle says of itself."""
    try:
        named = {key: str(manifest[key]) for key in ("pilot", "title", "organisation")}
        published = dt.date.fromisoformat(manifest["published"])
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} lacks {error}, or holds it in another form. Copy the whole bundle again."
        raise RenderError(message) from error
    page = _index(path.parent)
    question, answer = _said(page)
    return Listed(
        folder=path.parent.relative_to(folder).as_posix(),
        published=published,
        question=question,
        answer=answer,
        districts=tuple(_districts(page.elements)),
        is_made_up=MADE_UP in page.body().text(),
        differences=verify_bundle(path.parent),
        **named,
    )


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


def _write(bundles: Sequence[Listed]) -> str:
    """Write the page as a document."""
    owners = list(dict.fromkeys(one.organisation for one in bundles))
    head = front_matter(
        {
            "title": "Pilots",
            "author": owners,
            "date": bundles[0].published.isoformat(),
            "description": "Each published pilot with its question, its answer, its state and its date.",
        }
    )
    by_pilot: dict[tuple[str, str], list[Listed]] = {}
    for one in bundles:
        by_pilot.setdefault((one.organisation, one.pilot), []).append(one)
    items = "\n".join(_item(found, named=len(owners) > 1) for found in by_pilot.values())
    return f'{head}\n::: {{.finder noun="pilot"}}\n{items}\n:::\n'


def _item(found: Sequence[Listed], *, named: bool) -> str:
    """Show one pilot: the newest of its bundles, and links to the earlier ones."""
    newest = found[0]
    by = f", {newest.organisation}" if named else ""
    lines = [f"**{_link(newest, f'{newest.title}{by}')}**"]
    if newest.is_made_up:
        lines.append(f"{MADE_UP}: they were made up to show how the pilot would be evaluated.")
    if not newest.differences:
        lines.append(f"**{escape(newest.question)}** {escape(newest.answer)}" if newest.question else NOT_YET)
    where = f" Districts: {', '.join(newest.districts)}." if newest.districts and not newest.differences else ""
    lines.append(escape(f"{_state(newest)}.{where}"))
    for one in found[1:]:
        words = f"{one.title}{by}, as published on {_day(one.published)}"
        lines.append(escape(f"{_state(one)}.") if one.differences else _link(one, words))
    return "- " + "\\\n  ".join(lines)


def _link(bundle: Listed, words: str) -> str:
    """Link a bundle's own index page; words alone where it is not to be used."""
    return escape(words) if bundle.differences else f"[{escape(words)}]({quote(bundle.folder)}/index.html)"


def _state(bundle: Listed) -> str:
    """Say when a bundle was published, and what in it is no longer as it was then."""
    if not bundle.differences:
        return f"Published on {_day(bundle.published)}"
    first, *others = bundle.differences
    more = f" (and {count(len(others), 'other difference')})" if others else ""
    return f"Do not use what was published on {_day(bundle.published)}: {first.rstrip('.')}{more}"


def _day(day: dt.date) -> str:
    """Write a day for people."""
    return f"{day.day} {day:%B %Y}"
