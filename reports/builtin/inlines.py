"""What the built-in renderer understands within a line: words, links, references, mathematics."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from oda.reports.builtin.findings import Findings, check_attributes, check_raw, identify, plain


def check_inlines(findings: Findings, inlines: list[dict[str, Any]]) -> None:
    """Check a list of inlines, each by its own kind.

    Parameters
    ----------
    findings
        Where refusals are gathered.
    inlines
        Elements of pandoc's JSON.
    """
    for inline in inlines:
        content: Any = inline.get("c")
        check = _CHECKS.get(inline["t"])
        if check:
            check(findings, content)
        elif isinstance(content, list):
            check_inlines(findings, content)


def _image(findings: Findings, content: list[Any]) -> None:
    """Refuse an image that is not a figure."""
    target = content[2][0]
    findings.refuse(f"an image without a caption or inside a line, {target!r}", target)


def _math(findings: Findings, content: list[Any]) -> None:
    """Refuse mathematics that a PDF could not read aloud."""
    what = f"mathematics without its words, {content[1]!r}: write [$...$]{{alt=...}}"
    findings.refuse(what, "$")


def _code(findings: Findings, content: list[Any]) -> None:
    """Refuse attributes on code."""
    check_attributes(findings, content[0], "code", classes=set())


def _quoted(findings: Findings, content: list[Any]) -> None:
    """Check the words between quotation marks."""
    check_inlines(findings, content[1])


def _note(findings: Findings, content: list[Any]) -> None:
    """Keep a footnote's blocks for later."""
    findings.notes.append(content)


def _cite(findings: Findings, content: list[Any]) -> None:
    """Allow `@fig-x` and `@tbl-x`; refuse every other reference by its name."""
    citations, inlines = content
    shown = plain(inlines)
    first = citations[0]["citationId"]
    if first.startswith(("sec-", "eq-", "lst-", "thm-")):
        findings.refuse(f"a cross-reference of another kind, {shown!r}", "@" + first)
    elif not first.startswith(("fig-", "tbl-")):
        findings.refuse(f"a citation, {shown!r}", "@" + first)
    elif len(citations) > 1 or citations[0]["citationMode"]["t"] != "AuthorInText":
        findings.refuse(f"a cross-reference in brackets, {shown!r}: write @{first}", "@" + first)
    elif len(inlines) > 1:
        findings.refuse(f"a cross-reference with a suffix, {shown!r}", "@" + first)
    else:
        findings.references.append(first)


def _link(findings: Findings, content: list[Any]) -> None:
    """Refuse a link that runs, that shows no words, or that leads to a source document."""
    attr, inlines, (target, _) = content
    scheme = urlsplit(target).scheme
    kept_inside = target.startswith(("data:text/csv", "data:text/plain"))
    if scheme not in ("", "http", "https", "mailto") and not kept_inside:
        findings.refuse(f"a link of the kind {scheme!r}", target[:30])
    elif not scheme and urlsplit(target).path.endswith((".qmd", ".ipynb")):
        findings.refuse(f"a link to a source document, {target!r}: link to its .html", target)
    elif target.startswith("#"):
        findings.anchors.append(target[1:])
    if not plain(inlines).strip():
        findings.refuse(f"a link without words, {target!r}", target)
    identifier, classes, pairs = attr
    kept = [pair for pair in pairs if pair[0] != "download"]
    check_attributes(findings, [identifier, classes, kept], "a link", classes={"uri", "email"})
    check_inlines(findings, inlines)


def _span(findings: Findings, content: list[Any]) -> None:
    """Allow mathematics with its words, signs that are not read aloud, and links to sources."""
    (identifier, _, pairs), inlines = content
    if [key for key, _ in pairs] == ["alt"] and [one["t"] for one in inlines] == ["Math"]:
        identify(findings, identifier)
        return
    check_attributes(findings, content[0], "a piece of text", classes={"symbol", "source"})
    check_inlines(findings, inlines)


_CHECKS: dict[str, Callable[[Findings, list[Any]], None]] = {
    "Cite": _cite,
    "Code": _code,
    "Image": _image,
    "Link": _link,
    "Math": _math,
    "Note": _note,
    "Quoted": _quoted,
    "RawInline": check_raw,
    "Span": _span,
}
