"""Rules of a PDF: tagged, titled, in a language, its fonts inside, readable by everybody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from oda.reports.linting.fault import Fault, quote
from oda.reports.linting.page_rules import LANGUAGE
from oda.reports.linting.pdf_file import PdfFile
from oda.reports.linting.pdf_objects import PdfError, Stream
from oda.reports.linting.pdf_structure import STRUCTURE_RULES, missing, words

_NAMESPACE = re.compile(r"xmlns:(\w+)\s*=\s*['\"]http://www\.aiim\.org/pdfua/ns/id/['\"]")
_TITLE = re.compile(r"<dc:title\b[^>]*>.*?<rdf:li[^>]*>\s*([^<\s][^<]*)</rdf:li>", re.DOTALL)
_TWO_PAGES = re.compile(r"\btwo[- ]page\b|\bbrief$", re.IGNORECASE)  # titles of what is to fit a sheet
_AGAIN = "Make it again with the report command, or by Quarto with pdf-standard: ua-1."
_FILES = ("FontFile", "FontFile2", "FontFile3")

PdfRule = Callable[[PdfFile], Iterator[Fault]]


def _metadata(file: PdfFile) -> str:
    """Return the metadata as text."""
    found = file.get(file.part().get("Metadata"))
    return found.unpack().decode(errors="replace") if isinstance(found, Stream) else ""


def _fault(what: str, fix: str = _AGAIN) -> Fault:
    """Return a fault of the whole file."""
    return Fault(line=0, what=what, fix=fix)


def _tagged(file: PdfFile) -> Iterator[Fault]:
    """Find a PDF without tags, whose headings, tables and figures a screen reader does not know."""
    if file.get(file.part("MarkInfo").get("Marked")) is not True or not file.part("StructTreeRoot"):
        yield _fault("the PDF is not tagged.")


def _title(file: PdfFile) -> str:
    """Return the title; nothing where there is none."""
    if found := _TITLE.search(_metadata(file)):
        return found[1].strip()
    info = file.get(file.trailer.get("Info"))
    return words(file, info.get("Title")) if isinstance(info, dict) else ""


def _titled(file: PdfFile) -> Iterator[Fault]:
    """Find a PDF without a title, or one that shows its file name instead."""
    if not _title(file):
        yield _fault("the PDF has no title.", "Give the document a title in its front matter.")
    if file.get(file.part("ViewerPreferences").get("DisplayDocTitle")) is not True:
        yield _fault("the PDF shows its file name in the place of its title (DisplayDocTitle).")


def _language(file: PdfFile) -> Iterator[Fault]:
    """Find a PDF that does not name its language, or names one that is none."""
    lang = words(file, file.part().get("Lang"))
    if not LANGUAGE.fullmatch(lang):
        yield _fault(f"the PDF's language is {quote(lang)}." if lang else "the PDF does not name its language.")


def _claim(file: PdfFile) -> Iterator[Fault]:
    """Find a PDF that does not say that it keeps PDF/UA-1."""
    said = _metadata(file)
    prefixes = "|".join(_NAMESPACE.findall(said))
    if not prefixes or not re.search(rf"(?:{prefixes}):part(?:\s*=\s*['\"]|(?:\s[^<>]*)?>)\s*1\b", said):
        yield _fault("the PDF does not say that it keeps PDF/UA-1.")


def _fonts(file: PdfFile) -> Iterator[Fault]:
    """Find fonts that are not in the file."""
    for one in file.objects(b"/Font"):
        head = one.head if isinstance(one, Stream) else one
        if not isinstance(head, dict) or head.get("Type") != "Font" or head.get("Subtype") in ("Type0", "Type3"):
            continue
        held = file.get(head.get("FontDescriptor"))
        if not isinstance(held, dict) or not any(file.get(held.get(name)) for name in _FILES):
            yield _fault(f"the font {str(head.get('BaseFont', 'without a name'))!r} is not in the PDF.")


def _brief(file: PdfFile) -> Iterator[Fault]:
    """Find a brief that no longer fits both sides of a sheet."""
    pages = file.part("Pages").get("Count", 0)
    if _TWO_PAGES.search(_title(file)) and isinstance(pages, int) and pages > 2:
        yield _fault(f"the brief has {pages} pages, not two.", "Shorten the main points, or leave a part out.")


PDF_RULES: dict[str, PdfRule] = {
    "pdf-tagged": _tagged,
    "pdf-title": _titled,
    "pdf-language": _language,
    "pdf-ua": _claim,
    "pdf-fonts": _fonts,
    "pdf-brief": _brief,
    **STRUCTURE_RULES,
}


def lint_pdf(content: bytes, *, wanted: frozenset[str] = frozenset()) -> Iterator[tuple[str, Fault]]:
    """Look at a PDF with every rule.

    Parameters
    ----------
    content
        The file's bytes.
    wanted
        Names of data that must be attached, as the page of the same name offers them.

    Yields
    ------
    tuple
        The rule's name and what it found; `pdf-unread` or `pdf-locked` where no rule could look.
    """
    try:
        file = PdfFile(content)
        if file.trailer.get("Encrypt") is not None:
            yield "pdf-locked", _fault("the PDF is encrypted, so nothing in it was looked at.", "Save it unlocked.")
            return
        file.whole()
        found = [(name, fault) for name, rule in PDF_RULES.items() for fault in rule(file)]
        found += [("pdf-files", fault) for fault in missing(file, wanted)]
    except (PdfError, TypeError, ValueError, AttributeError, KeyError, IndexError, RecursionError) as error:
        reason = str(error) if isinstance(error, PdfError) else f"its objects are not as they should be ({error})"
        yield "pdf-unread", _fault(f"the PDF could not be read: {reason}. Nothing in it was looked at.")
        return
    yield from found
