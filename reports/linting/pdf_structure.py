"""Rules of what a PDF tells a screen reader, what is attached to it, and what it does when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from oda.reports.linting.content_rules import wrong_with_csv
from oda.reports.linting.fault import Fault, quote
from oda.reports.linting.pdf_file import PdfFile
from oda.reports.linting.pdf_objects import Reference, Stream
from oda.reports.linting.picture_rules import is_filler

MOST_PAGES = 2  # a longer PDF needs headings
_LEVELS = {f"H{level}": level for level in range(1, 7)}
_SCOPES = ("Row", "Column", "Both")
_RUNS = frozenset({"JavaScript", "Launch", "SubmitForm", "ImportData"})
_AGAIN = "Make it again with the report command, or by Quarto with pdf-standard: ua-1."


@dataclass(slots=True, eq=False)
class Tag:
    """One element of a PDF's structure: its kind as PDF itself names it, its entry, and what stands in it."""

    kind: str
    entry: dict[str, Any]
    parts: list[Tag] = field(default_factory=list)

    def walk(self) -> Iterator[Tag]:
        """Yield every element inside.

        Yields
        ------
        Tag
            In the order in which it is read.
        """
        waiting = self.parts[::-1]
        while waiting:
            tag = waiting.pop()
            yield tag
            waiting.extend(reversed(tag.parts))


def structure(file: PdfFile) -> Tag:
    """Return the structure that a screen reader follows.

    Parameters
    ----------
    file
        A PDF.

    Returns
    -------
    Tag
        Without parts where there is none.
    """
    entry = file.part("StructTreeRoot")
    roles = _dictionary(file, entry.get("RoleMap"))
    root, seen = Tag("", entry), set[int]()
    waiting = [(root, entry.get("K"))]
    while waiting:
        above, held = waiting.pop()
        if isinstance(held, Reference):
            if held.number in seen:
                continue
            seen.add(held.number)
        held = file.get(held)
        if isinstance(held, list):
            waiting += [(above, one) for one in reversed(held)]
        elif isinstance(held, dict) and "S" in held:
            tag = Tag(_standard(file, held["S"], roles), held)
            above.parts.append(tag)
            waiting.append((tag, held.get("K")))
    return root


def _standard(file: PdfFile, kind: str, roles: dict[str, Any]) -> str:
    """Return a kind as PDF itself names it, following the file's own names."""
    for _ in range(len(roles)):
        if kind not in roles:
            break
        kind = str(file.get(roles[kind]))
    return str(kind)


def _dictionary(file: PdfFile, wanted: object) -> dict[str, Any]:
    """Return a dictionary; an empty one for anything else."""
    found = file.get(wanted)
    return found if isinstance(found, dict) else {}


def words(file: PdfFile, wanted: object) -> str:
    """Return a string of a PDF.

    Parameters
    ----------
    file
        The PDF.
    wanted
        The string, or a reference to it.

    Returns
    -------
    str
        Empty where there is none.
    """
    found = file.get(wanted)
    if not isinstance(found, bytes):
        return ""
    for mark, encoding in ((b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if found.startswith(mark):
            return found.decode(encoding, errors="replace").strip(" \0")
    return found.decode("latin-1").strip(" \0")


def _fault(what: str, fix: str = _AGAIN) -> Fault:
    """Return a fault of the whole file."""
    return Fault(line=0, what=what, fix=fix)


def _empty(file: PdfFile) -> Iterator[Fault]:
    """Find a PDF whose tags hold nothing."""
    if not structure(file).parts:
        yield _fault("the PDF's tags hold nothing, so a screen reader reads nothing.")


def _pictures(file: PdfFile) -> Iterator[Fault]:
    """Find pictures without words in their place, or with filler."""
    fix = "Say what kind of chart it is and of what: fig-alt."
    for tag in structure(file).walk():
        if tag.kind == "Figure":
            said = words(file, tag.entry.get("Alt")) or words(file, tag.entry.get("ActualText"))
            if not said:
                yield _fault("a picture has no alternative text.", fix)
            elif is_filler(said):
                yield _fault(f"the alternative text {quote(said)} says nothing of the picture.", fix)


def _headings(file: PdfFile) -> Iterator[Fault]:
    """Find levels of heading that are left out, and a PDF of over two pages without any heading."""
    found = [tag for tag in structure(file).walk() if tag.kind in _LEVELS]
    before = 0
    for tag in found:
        level = _LEVELS[tag.kind]
        if level > before + 1:
            named = f"{quote(words(file, tag.entry.get('T')))} " if tag.entry.get("T") else ""
            what = f"heading {named}is of level {level} after one of level {before}."
            yield _fault(what, f"Make it level {before + 1}.")
        before = level
    pages = file.part("Pages").get("Count", 0)
    if not found and pages > MOST_PAGES and not any(tag.kind == "H" for tag in structure(file).walk()):
        yield _fault(f"no heading is tagged in {pages} pages.", "Begin sections with ##.")


def _tables(file: PdfFile) -> Iterator[Fault]:
    """Find tables without header cells, and header cells that do not say whether they are of a column or a row."""
    for table in (tag for tag in structure(file).walk() if tag.kind == "Table"):
        heads = [tag for tag in table.walk() if tag.kind == "TH"]
        if not heads:
            yield _fault("a table has no header cells.")
        lacking = [tag for tag in heads if not _is_scoped(file, tag)]
        if lacking:
            yield _fault(f"{len(lacking)} of {len(heads)} header cells of a table have no scope.")


def _is_scoped(file: PdfFile, tag: Tag) -> bool:
    """Tell whether a header cell says what it heads."""
    held = file.get(tag.entry.get("A"))
    found = held if isinstance(held, list) else [held]
    return any(_dictionary(file, one).get("Scope") in _SCOPES for one in found)


def attached(file: PdfFile) -> dict[str, bytes]:
    """Return the files that are attached.

    Parameters
    ----------
    file
        A PDF.

    Returns
    -------
    dict
        What each holds, by its name.
    """
    found: dict[str, bytes] = {}
    waiting: list[object] = [file.part("Names").get("EmbeddedFiles")]
    for _ in range(len(file.places) + 1):
        if not waiting:
            break
        tree = _dictionary(file, waiting.pop())
        waiting += file.get(tree.get("Kids")) or []
        for one in (file.get(tree.get("Names")) or [])[1::2]:
            about = _dictionary(file, one)
            held = file.get(_dictionary(file, about.get("EF")).get("F"))
            name = words(file, about.get("UF")) or words(file, about.get("F"))
            found[name] = held.unpack() if isinstance(held, Stream) else b""
    return found


def _attachments(file: PdfFile) -> Iterator[Fault]:
    """Find attached files that hold nothing, and data that hold no rows or are broken off."""
    for name, content in attached(file).items():
        why = wrong_with_csv(content) if name.lower().endswith(".csv") else "" if content else "is empty"
        if why:
            yield _fault(f"the attached file {quote(name)} {why}.", "Make the report again.")


def missing(file: PdfFile, wanted: frozenset[str]) -> Iterator[Fault]:
    """Find data that the page of the same name offers and the PDF does not hold.

    Parameters
    ----------
    file
        A PDF.
    wanted
        The names of the files that the page offers.

    Yields
    ------
    Fault
        One for each.
    """
    for name in sorted(wanted - attached(file).keys()):
        yield _fault(f"{quote(name)}, which the page offers, is not attached to the PDF.", "Make the report again.")


def _actions(file: PdfFile) -> Iterator[Fault]:
    """Find what a PDF does by itself: programs in it, and what it opens when it is opened."""
    opens = file.get(file.part().get("OpenAction"))
    runs = any(_holds_program(one) for name in sorted(_RUNS) for one in file.objects(f"/{name}".encode()))
    if runs or (isinstance(opens, dict) and opens.get("S") != "GoTo"):
        yield _fault("the PDF runs or opens something by itself.", "Take it out: a report only is read.")


def _holds_program(value: object) -> bool:
    """Tell whether an object holds an action that runs something."""
    if isinstance(value, Stream):
        return _holds_program(value.head)
    if isinstance(value, dict):
        return value.get("S") in _RUNS or any(map(_holds_program, value.values()))
    return isinstance(value, list) and any(map(_holds_program, value))


STRUCTURE_RULES: dict[str, Callable[[PdfFile], Iterator[Fault]]] = {
    "pdf-empty": _empty,
    "pdf-alt": _pictures,
    "pdf-headings": _headings,
    "pdf-tables": _tables,
    "pdf-files": _attachments,
    "pdf-actions": _actions,
}
