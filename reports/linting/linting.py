"""The lint itself: every rule on every page and PDF, of the reports that are there or of any file."""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape, unescape
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from oda.errors import COMMAND, RenderError
from oda.reports.linting import (
    content_rules,
    link_rules,
    page_rules,
    picture_rules,
    request_rules,
    table_rules,
    word_rules,
)
from oda.reports.linting.fault import Fault, Finding, Rule
from oda.reports.linting.pdf_rules import lint_pdf
from oda.reports.linting.tree import read_page

PAGE_RULES: Mapping[str, Rule] = {
    name: rule
    for rules in (page_rules, table_rules, picture_rules, content_rules, link_rules, request_rules, word_rules)
    for name, rule in rules.RULES.items()
}
PAGES = (".html", ".htm", ".xhtml")
LOOKED_AT = (*PAGES, ".pdf")
KEPT = "lint.json"
_OFFERED = re.compile(r"""<a\b(?=[^>]*\bhref="data:text/csv)[^>]*\bdownload="([^"]+)\"""")
_PARTS = re.compile(r"""<a\b[^>]*\bhref=["']?([^"'#:\s>]+\.x?html?#[^"'\s>]+)""")
TOLD = 10  # findings that a refusal names


@dataclass(frozen=True, kw_only=True, slots=True)
class Linted:
    """What the lint found.

    Attributes
    ----------
    findings
        In the order of files and lines.
    pages, pdfs
        How many of each were looked at.
    refused
        Why any that were asked for could not be.
    """

    findings: tuple[Finding, ...]
    pages: int
    pdfs: int
    refused: tuple[str, ...] = ()


def lint_page(
    text: str, *, name: str, is_there: Callable[[str], bool] | None = None, draft: bool | None = None
) -> tuple[Finding, ...]:
    """Look at a page with every rule.

    Parameters
    ----------
    text
        HTML, as Quarto, our renderer or a person wrote it.
    name
        What to call it in findings.
    is_there
        As `tree.Page` has it.
    draft
        Whether it must say that it is a draft; None when that is not known.

    Returns
    -------
    tuple of Finding
        In the order of its lines.

    Examples
    --------
    >>> [one.rule for one in lint_page("<h1>Falls</h1>", name="a.html")]
    ['lang', 'title', 'description', 'main-landmark']
    """
    page = read_page(text, is_there=is_there, draft=draft)
    return _sorted(name, [(rule, fault) for rule, look in PAGE_RULES.items() for fault in look(page)])


def _sorted(name: str, found: Sequence[tuple[str, Fault]]) -> tuple[Finding, ...]:
    """Return faults as findings of a file, in the order of its lines."""
    made = [Finding(file=name, line=one.line, rule=rule, what=one.what, fix=one.fix) for rule, one in found]
    return tuple(sorted(made, key=lambda one: one.line))


def lint_files(
    paths: Sequence[Path], *, base: Path | None = None, draft: bool | None = None, kept: Path | None = None
) -> Linted:
    """Look at files with every rule.

    Parameters
    ----------
    paths
        HTML and PDF.
    base
        The folder that names in findings are relative to.
    draft
        Whether pages must say that they are drafts; None when that is not known.
    kept
        A file that keeps what was found, so that what has not changed is not looked at again; needs `base`.

    Returns
    -------
    Linted
        What was found.

    Raises
    ------
    RenderError
        When a file is not there, or is neither HTML nor PDF.
    """
    known = _known(kept)
    world = f"{_rules_hash()} {draft} {_listing(base)}" if kept and base else ""
    made: dict[str, list[dict[str, Any]]] = {}
    findings: list[Finding] = []
    for path in paths:
        name = path.relative_to(base).as_posix() if base else path.as_posix()
        content = _content(path)
        key = hashlib.sha256(f"{world} {name} {_beside(path, content)} ".encode() + content).hexdigest()
        found = _again(known.get(key)) if world else None
        if found is None:
            found = _look(path, content, name, draft=draft)
        made[key] = [one.to_dict() for one in found]
        findings += found
    if kept and made != known:
        kept.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    pages = sum(path.suffix.lower() in PAGES for path in paths)
    return Linted(findings=tuple(findings), pages=pages, pdfs=len(paths) - pages)


def lint_folder(folder: Path, *, draft: bool | None = None, kept: Path | None = None) -> Linted:
    """Look at every page and PDF of a folder.

    Parameters
    ----------
    folder
        Where the reports of a run are, or a bundle.
    draft, kept
        As `lint_files` has them.

    Returns
    -------
    Linted
        What was found.

    Raises
    ------
    RenderError
        When the folder holds neither a page nor a PDF.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in LOOKED_AT and path.is_file())
    if not paths:
        message = f"{folder.name} holds no page and no PDF. Make the reports first: {COMMAND} report"
        raise RenderError(message)
    return lint_files(paths, base=folder, draft=draft, kept=kept)


def lint_paths(paths: Sequence[Path]) -> Linted:
    """Look at files, and at every page and PDF of folders.

    Parameters
    ----------
    paths
        Files and folders.

    Returns
    -------
    Linted
        What was found; one that is not there, is of another kind or holds nothing is refused, and the others looked at.
    """
    parts, refused = list[Linted](), list[str]()
    for path in paths:
        try:
            draft = _of_run(path)
            parts.append(lint_folder(path, draft=draft) if path.is_dir() else lint_files([path], draft=draft))
        except RenderError as error:
            refused.append(str(error))
    return Linted(
        refused=tuple(refused),
        findings=tuple(one for part in parts for one in part.findings),
        pages=sum(part.pages for part in parts),
        pdfs=sum(part.pdfs for part in parts),
    )


def _of_run(path: Path) -> bool | None:
    """Tell that a file or folder is of the reports of a run, which are drafts; None of anything else."""
    parts = path.resolve().parts
    places = [place for place in range(len(parts) - 2) if (parts[place], parts[place + 2]) == ("runs", "reports")]
    return True if places else None


def lint_run(folder: Path, *, draft: bool) -> Linted:
    """Look at the reports of a run.

    Parameters
    ----------
    folder
        The run's folder; what was found is kept there, as `lint.json`.
    draft
        Whether the gate to publish is shut, so that each page must say that it is a draft.

    Returns
    -------
    Linted
        What was found.

    Raises
    ------
    RenderError
        When no reports are there.
    """
    return lint_folder(folder / "reports", draft=draft, kept=folder / KEPT)


def refuse_findings(folder: Path) -> None:
    """Refuse pages that are to be published and have findings.

    Parameters
    ----------
    folder
        The pages as they will be published.

    Raises
    ------
    RenderError
        When the lint finds anything, with the first of it.
    """
    found = lint_folder(folder, draft=False).findings
    if found:
        named = "\n".join(map(str, found[:TOLD]))
        more = f"\nand {len(found) - TOLD} more" if len(found) > TOLD else ""
        many = f"{len(found)} finding{'s' if len(found) > 1 else ''}"
        message = f"The lint has {many}. Mend them, then release again.\n{named}{more}"
        raise RenderError(message)


def _look(path: Path, content: bytes, name: str, *, draft: bool | None) -> tuple[Finding, ...]:
    """Look at one file."""
    if path.suffix.lower() == ".pdf":
        return _sorted(name, list(lint_pdf(content, wanted=_offered(path.with_suffix(".html")))))
    return lint_page(_decoded(content), name=name, is_there=partial(_is_there, path.parent), draft=draft)


def _is_there(folder: Path, place: str) -> bool:
    """Tell whether a file, or a part of a page, is in a folder."""
    name, _, part = place.partition("#")
    path = folder / name
    if not path.is_file() or not part or path.suffix.lower() not in PAGES:
        return path.is_file()
    known = re.compile(rf"\b(?:id|name)\s*=\s*([\"']?){re.escape(escape(part))}(?=\1[\s>/\"'])")
    return bool(known.search(_decoded(path.read_bytes())))


def _beside(path: Path, content: bytes) -> list[str]:
    """Return what of its neighbours a file depends on: the data of a PDF's page, parts of pages that are missing."""
    if path.suffix.lower() == ".pdf":
        return sorted(_offered(path.with_suffix(".html")))
    linked = sorted(set(map(unescape, _PARTS.findall(_decoded(content)))))
    return [place for place in linked if not _is_there(path.parent, unquote(place))]


def _offered(page: Path) -> frozenset[str]:
    """Return the names of the data that a page holds, which its PDF must hold too."""
    text = page.read_text(encoding="utf-8", errors="replace") if page.is_file() else ""
    return frozenset(map(unescape, _OFFERED.findall(text)))


def _content(path: Path) -> bytes:
    """Return a file's bytes, or refuse one that is not there or is of another kind."""
    if path.suffix.lower() not in LOOKED_AT:
        message = (
            f"{path.name} is neither a page nor a PDF. The lint looks at files that end in {', '.join(LOOKED_AT)}."
        )
        raise RenderError(message)
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror}). Name a page or a PDF that is there."
        raise RenderError(message) from error


def _decoded(content: bytes) -> str:
    """Return a page's text, by its byte order mark or as UTF-8; what is not becomes a mark that a rule finds."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    return content.decode("utf-8-sig", errors="replace")


def _known(kept: Path | None) -> dict[str, Any]:
    """Return what was found before; nothing when that cannot be read."""
    try:
        found = json.loads(kept.read_text(encoding="utf-8")) if kept else {}
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _again(found: object) -> tuple[Finding, ...] | None:
    """Return kept findings; None when they are not as they were written."""
    try:
        return None if found is None else tuple(Finding(**one) for one in cast("list[dict[str, Any]]", found))
    except TypeError:
        return None


def _rules_hash() -> str:
    """Return the hash of the lint's own modules, as new rules look at old pages again."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _listing(base: Path) -> str:
    """Return the hash of the names in a folder, to which links lead."""
    names = sorted(path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
