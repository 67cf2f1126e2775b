"""What `quarto render` and `quarto preview` need in a pilot's own `reports` folder.

What a shortcode means is worked out in one place, `expanding.py`. It is written down here for each document, and
`look/lookup.lua` reads it; so what is rendered by hand says what the reports say.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from oda.errors import RenderError
from oda.reports import extension, fonts
from oda.reports.shortcodes import SHORTCODE, plain_words

FOLDER = "_oda"
_SHOWN = ("figures", "brand")  # folders of a staged project that documents show files of


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One report, as its document stands for it.

    Attributes
    ----------
    document
        The analyst's document, such as `reports/district.qmd`.
    district
        The code of the district it is about; empty for the whole pilot.
    front
        The lines of its front matter.
    said
        What each shortcode stands for, as markdown, by its words, in the order of the document.
    around
        What every report says and the document does not: markdown before and after its words.
    data
        Links to the data of the analyst's own pictures, as markdown, by the picture.
    """

    document: str
    district: str
    front: str
    said: dict[str, list[str]]
    around: tuple[str, str] = ("", "")
    data: dict[str, str] = field(default_factory=dict)


def note_lines(said: dict[str, list[str]], lines: Sequence[str], written: Sequence[str]) -> None:
    """Note what shortcodes alone on their lines came to stand for once the sources of the whole were known.

    Parameters
    ----------
    said
        What each shortcode stands for, by its words; changed in place.
    lines
        What became of each line.
    written
        The same lines as the analyst wrote them.
    """
    seen: Counter[str] = Counter()
    for line, source in zip(lines, written, strict=True):
        whole = SHORTCODE.fullmatch(source.strip())
        for words in map(plain_words, SHORTCODE.findall(source)):
            if whole:
                said[words][seen[words]] = line
            seen[words] += 1


def write(pilot: Path, pages: Sequence[Page], project: Path) -> tuple[str, ...]:
    """Make the reports' own folder ready for Quarto: extension, fonts, and what shortcodes stand for.

    Parameters
    ----------
    pilot
        The pilot's folder.
    pages
        The reports that were staged.
    project
        The staged project, for the figures and the logo.

    Returns
    -------
    tuple of str
        The files of the extension that were not as this version has them, and now are.

    Raises
    ------
    RenderError
        When a file cannot be written.
    """
    try:
        return _write(pilot, pages, project)
    except OSError as error:
        message = (
            f"The reports are made, but {Path(error.filename or pilot).name} cannot be written ({error.strerror}), "
            "and Quarto needs it. Close it in other programs, then make the reports again."
        )
        raise RenderError(message) from error


def _write(pilot: Path, pages: Sequence[Page], project: Path) -> tuple[str, ...]:
    """Write what has changed; return the files of the extension among it."""
    homes = sorted({PurePosixPath(page.document).parent for page in pages})
    changed: tuple[str, ...] = ()
    for home in homes:
        folder = pilot / home
        changed += tuple(f"{home / extension.PLACE}/{name}" for name in extension.write(folder))
        fonts.copy(folder / FOLDER / "fonts")
        for shown in _SHOWN:
            _mirror(project / shown, folder / FOLDER / shown)
    written = {}
    for document in dict.fromkeys(page.document for page in pages):
        found = [_plain(page) for page in pages if page.document == document]
        target = pilot / PurePosixPath(document).parent / FOLDER / f"{PurePosixPath(document).stem}.json"
        written[target] = json.dumps({"pages": found}, ensure_ascii=False, indent=1).encode() + b"\n"
    for home in homes:
        for old in set((pilot / home / FOLDER).glob("*.json")) - set(written):
            old.unlink()  # of a report that could not be made this time: it must not pass for one that was
    for target, content in written.items():
        _put(target, content)
    return changed


def _plain(page: Page) -> dict[str, object]:
    """Return a page as JSON has it."""
    return {name: getattr(page, name) for name in ("district", "front", "said", "around", "data")}


def _mirror(source: Path, target: Path) -> None:
    """Make a folder hold what another holds, and nothing else."""
    wanted = {path.relative_to(source) for path in source.rglob("*") if path.is_file()}
    for path in sorted(target.rglob("*")) if target.is_dir() else ():
        if path.is_file() and path.relative_to(target) not in wanted:
            path.unlink()
    for name in sorted(wanted):
        _put(target / name, (source / name).read_bytes())


def _put(path: Path, content: bytes) -> None:
    """Write a file, unless it holds this already: Quarto's preview would start again."""
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
