"""What the built-in renderer understands of Quarto's markdown; all else is refused by name.

Staged documents stay ordinary Quarto documents; `look/README.md` has the table of what is
supported. A thing outside it is refused with its file and line, because a part that quietly goes
missing from a report is worse than a report that does not appear.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from oda.reports.builtin.findings import Findings, check_attributes, check_raw, identify, plain
from oda.reports.builtin.inlines import check_inlines

KEYS = frozenset({"title", "subtitle", "date", "author", "lang", "description", "keywords", "format", "date-label"})
MARKS = frozenset({"draft", "oda-brand"})  # which `branding.front_lines` writes, and nobody else
CALLOUTS = frozenset(f"callout-{kind}" for kind in ("note", "tip", "important", "warning", "caution"))
BOXES = frozenset({"answer", "finder", "exhibit", "provenance"})
PHOTO = "photo"  # class of a picture that is no chart, and so has no data
MOST_COLUMNS = 24

# Found in the source itself, because pandoc's reader no longer shows them for what they are.
_SOURCE = (
    (re.compile(r"^\s*(?:`{3,}|~{3,})\s*\{(?:mermaid|dot)\b"), "a mermaid or dot diagram"),
    (re.compile(r"^\s*(?:`{3,}|~{3,})\s*\{[A-Za-z]\w*"), "an executable cell"),
    (re.compile(r"`\{[A-Za-z]\w*\}[^`]*`"), "an inline executable expression"),
    (re.compile(r"\{\{<\s*include\b"), "the shortcode 'include'"),
    (re.compile(r"\{\{<"), "a shortcode"),
    (re.compile(r"\$\$\s*\{#eq-"), "a numbered equation"),
)
_FORMS = {
    "date": (re.compile(r"\d{4}-\d{2}-\d{2}"), "YYYY-MM-DD"),
    "lang": (re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"), "like 'en-GB'"),
}

# Words of a callout's `title` are read as markdown only when the document is written.
_MARKUP = re.compile(r"(?<!\\)[<$@`\[{]")


def source_refusals(source: Path, text: str) -> list[str]:
    """Return what can be refused from the text alone, before any program reads it.

    Parameters
    ----------
    source : Path
        The document, for the messages.
    text : str
        Its whole text.

    Returns
    -------
    list of str
        `file:line: what`, in order of the lines.
    """
    refusals = []
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, name in _SOURCE:
            hit = pattern.search(line)
            if hit:
                refusals.append(f"{source.name}:{number}: {name}, {hit[0].strip()!r}")
                break
    return refusals


def tree_refusals(source: Path, text: str, tree: dict[str, Any], project: Path) -> list[str]:
    """Return what the syntax tree holds that the built-in renderer does not support.

    Parameters
    ----------
    source : Path
        The document, for the messages.
    text : str
        Its whole text, to find lines in.
    tree : dict
        Pandoc's syntax tree of it, as JSON.
    project : Path
        The staged project, which figures must stand in.

    Returns
    -------
    list of str
        `file:line: what`, in order of the lines.
    """
    findings = Findings(source=source, text=text, project=project)
    _check_front_matter(findings, tree["meta"])
    _blocks(findings, tree["blocks"])
    while findings.notes:
        _blocks(findings, findings.notes.pop(), inside="a footnote")
    for wanted in findings.references:
        if wanted not in findings.ids:
            findings.refuse(f"a cross-reference to the unknown id {wanted!r}", "@" + wanted)
    for wanted in findings.anchors:
        if wanted not in findings.ids:
            findings.refuse(f"a link to the unknown id {wanted!r}", "(#" + wanted)
    return [f"{source.name}:{line}: {what}" for line, what in sorted(set(findings.found))]


def _check_front_matter(findings: Findings, meta: dict[str, Any]) -> None:
    """Refuse unknown keys, a missing title or date, and values of the wrong form."""
    for key in sorted(set(meta) - KEYS - MARKS):
        findings.refuse(f"the front matter key {key!r}", f"{key}:")
    for key in ("title", "date"):
        if not plain(meta.get(key)):
            findings.refuse(f"no {key} in the front matter")
    for key, (pattern, name) in _FORMS.items():
        value = plain(meta.get(key))
        if value and not pattern.fullmatch(value):
            findings.refuse(f"the {key} {value!r}, which is not {name}", f"{key}:")
    for inlines in _meta_inlines(meta):
        check_inlines(findings, inlines)
    if "format" in meta and not _formats_only(meta["format"]):
        findings.refuse("options under the front matter key 'format'", "format:")


def _meta_inlines(meta: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield the words of each value in the front matter."""
    for value in meta.values():
        for one in value["c"] if value["t"] == "MetaList" else [value]:
            if one["t"] == "MetaInlines":
                yield one["c"]
            elif one["t"] == "MetaBlocks":
                yield from (block["c"] for block in one["c"] if block["t"] in ("Para", "Plain"))


def _formats_only(value: dict[str, Any]) -> bool:
    """Tell whether `format` names html and typst alone, with no options."""
    if value["t"] == "MetaMap":
        return all(key in ("html", "typst") and plain(one) == "default" for key, one in value["c"].items())
    return plain(value) in ("html", "typst")


def _blocks(findings: Findings, blocks: list[dict[str, Any]], *, inside: str = "") -> None:
    """Check a list of blocks, each by its own kind."""
    for block in blocks:
        content: Any = block.get("c")
        check = _CHECKS.get(block["t"])
        if check:
            check(findings, content)
        elif block["t"] == "Header":
            _header(findings, content, inside)
        else:
            for sort, nested in _nested(block):
                if sort == "blocks":
                    _blocks(findings, nested, inside=inside or "a list or a quotation")
                else:
                    check_inlines(findings, nested)


def _code(findings: Findings, content: list[Any]) -> None:
    """Refuse attributes on a code block; its language may stay."""
    check_attributes(findings, content[0], "a code block", classes=None)


def _nested(block: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield what a list, a quotation or a line block holds: "blocks" or "words", and it."""
    kind: str = block["t"]
    content: Any = block.get("c") or []
    if kind == "BlockQuote":
        yield "blocks", content
    elif kind == "BulletList":
        yield from (("blocks", one) for one in content)
    elif kind == "OrderedList":
        yield from (("blocks", one) for one in content[1])
    elif kind == "LineBlock":
        yield from (("words", one) for one in content)
    elif kind == "DefinitionList":
        for term, definitions in content:
            yield "words", term
            yield from (("blocks", one) for one in definitions)


def _paragraph(findings: Findings, content: list[dict[str, Any]]) -> None:
    """Refuse what is left of a fenced div that pandoc could not read."""
    first = content[0] if content else {}
    if first.get("t") == "Str" and first["c"].startswith(":::"):
        for number, line in enumerate(findings.text.splitlines(), start=1):
            if line.lstrip().startswith(":::") and plain(content[:3]).split("{")[0] in line:
                findings.found.append((number, f"a fenced div that could not be read, {line.strip()!r}"))
                break
    check_inlines(findings, content)


def _header(findings: Findings, content: list[Any], inside: str) -> None:
    """Refuse a second heading of level 1, a skipped level and a heading in a box or a list."""
    level, attr, inlines = content
    words = plain(inlines)
    if inside:
        findings.refuse(f"a heading inside {inside}, {words!r}", f"# {_first_word(words)}")
    elif level == 1:
        findings.refuse(f"a heading of level 1, {words!r}: the title is the only one", f"# {words}")
    elif level > findings.level + 1:
        findings.refuse(
            f"a heading of level {level} after one of level {findings.level}, {words!r}",
            "#" * level + " ",
        )
    if not inside:
        findings.level = max(level, 2) if level <= findings.level + 1 else findings.level
    check_attributes(findings, attr, f"the heading {words!r}", classes={"unnumbered", "unlisted"})
    check_inlines(findings, inlines)


def _first_word(words: str) -> str:
    """Return a word to look for in the source."""
    return next(iter(re.findall(r"\w+", words)), "")


def _div(findings: Findings, content: list[Any]) -> None:
    """Check a fenced div: a callout, a box, content for one format, or nothing we know."""
    (identifier, classes, pairs), blocks = content
    named = set(classes)
    keys = {key for key, _ in pairs}
    name = " ".join(f".{one}" for one in classes) or (f"#{identifier}" if identifier else "<div>")
    written = (
        f".{classes[0]}" if classes else "",
        f"#{identifier}" if identifier else "",
        *(f"{one}=" for one in keys),
    )
    needle = next((one for one in written if one and one in findings.text), "<div")
    inside = "a box"
    if len(named & CALLOUTS) == 1 and len(named) == 1:
        allowed = {"title"}
        inside = "a callout"
        if any(_MARKUP.search(value) for key, value in pairs if key == "title"):
            findings.refuse("markup in a callout's title: make it the heading in its first line", needle)
        if "title" not in keys and blocks and blocks[0]["t"] == "Header":
            check_inlines(findings, blocks[0]["c"][2])
            blocks = blocks[1:]
    elif named in ({"content-visible"}, {"content-hidden"}):
        allowed = {"when-format", "unless-format"}
        inside = ""
        if len(keys & allowed) != 1 or any(value not in ("html", "typst") for _, value in pairs):
            findings.refuse(f"'.{classes[0]}' without one 'when-format' of html or typst", needle)
    elif named <= BOXES and len(named) == 1:
        allowed = {"noun"} if named == {"finder"} else set()
        inside = "" if named == {"provenance"} else "a box"
    else:
        allowed = set()
        findings.refuse(f"the div {name!r}", needle)
    for key in sorted(keys - allowed):
        findings.refuse(f"the attribute {key!r} on a div", f"{key}=")
    identify(findings, identifier)
    _blocks(findings, blocks, inside=inside)


def _figure(findings: Findings, content: list[Any]) -> None:
    """Refuse a figure without id, caption or alternative text, or without its file."""
    (identifier, classes, pairs), caption, blocks = content
    images = [one for block in blocks for one in block.get("c", []) if isinstance(one, dict)]
    if len(images) != 1 or images[0]["t"] != "Image":
        findings.refuse("a figure of several parts", f"#{identifier}")
        return
    (_, inner_classes, inner_pairs), _, (target, _) = images[0]["c"]
    needle = f"]({target}"
    if not identifier.startswith("fig-"):
        findings.refuse(f"a figure without an id '#fig-...', {target!r}", needle)
    attributes = dict([*pairs, *inner_pairs])
    if not attributes.pop("fig-alt", "").strip():
        findings.refuse(f"a figure without alternative text (fig-alt), {target!r}", needle)
    for name in [*attributes, *(f".{one}" for one in [*classes, *inner_classes] if one != PHOTO)]:
        findings.refuse(f"the attribute {name!r} on a figure", name)
    if not plain(caption[1]).strip():
        findings.refuse(f"a figure without a caption, {target!r}", needle)
    _figure_file(findings, target, needle)
    identify(findings, identifier)
    for block in caption[1]:
        check_inlines(findings, block["c"])


def _figure_file(findings: Findings, target: str, needle: str) -> None:
    """Refuse a figure that is not an SVG, PNG or JPEG file inside the staged project."""
    path = findings.project / unquote(target)
    if urlsplit(target).scheme or target.startswith("//"):
        findings.refuse(f"a figure that is not a file of this project, {target!r}", needle)
    elif not path.resolve().is_relative_to(findings.project.resolve()):
        findings.refuse(f"a figure outside the project, {target!r}", needle)
    elif not path.is_file():
        findings.refuse(f"a missing figure file, {target!r}", needle)
    elif path.suffix.lower() not in (".svg", ".png", ".jpg", ".jpeg"):
        findings.refuse(f"a figure that is not SVG, PNG or JPEG, {target!r}", needle)


def _table(findings: Findings, content: list[Any]) -> None:
    """Refuse a table without id or caption, with an empty header cell or with attributes."""
    attr, caption, _, head, bodies, _ = content
    identifier, classes, pairs = attr
    words = plain(caption[1]).strip()
    header = [plain(cell[4]).strip() for row in head[1] for cell in row[1]]
    needle = f"#{identifier}" if identifier else f"| {header[0] if header else ''}"
    if not identifier.startswith("tbl-"):
        findings.refuse(f"a table without an id '#tbl-...', with the columns {header}", needle)
    if not words:
        findings.refuse("a table without a caption", needle)
    if len(header) > MOST_COLUMNS:
        findings.refuse(f"a table of {len(header)} columns: a page holds {MOST_COLUMNS}", needle)
    if not header or not all(header):
        findings.refuse(f"a table with an empty header cell, with the columns {header}", needle)
    for name in [*(key for key, _ in pairs), *(f".{one}" for one in classes)]:
        findings.refuse(f"the attribute {name!r} on a table", name)
    identify(findings, identifier)
    _blocks(findings, [*caption[1], *_cells(head[1], bodies)], inside="a table")


def _cells(head: list[Any], bodies: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the blocks in the cells of a table."""
    for rows in [head, *(body[3] for body in bodies)]:
        for row in rows:
            for cell in row[1]:
                yield from cell[4]


_CHECKS: dict[str, Callable[[Findings, list[Any]], None]] = {
    "CodeBlock": _code,
    "Div": _div,
    "Figure": _figure,
    "Para": _paragraph,
    "Plain": _paragraph,
    "RawBlock": check_raw,
    "Table": _table,
}
