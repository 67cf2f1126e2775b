"""What was found in a document that the built-in renderer does not support, with its lines."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RESERVED_IDS = frozenset({"page-main", "page-contents"})


@dataclass
class Findings:
    """One document under examination: its text, its syntax tree and what was found in them."""

    source: Path
    text: str
    project: Path
    found: list[tuple[int, str]] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    notes: list[list[dict[str, Any]]] = field(default_factory=list)
    level: int = 1

    def refuse(self, what: str, needle: str | None = None, *, nth: int = 1) -> None:
        """Note one refusal, at the line where a piece of the source stands.

        Parameters
        ----------
        what
            What is refused, in words.
        needle
            The piece of the source; the first line when not given.
        nth
            Which time it stands there, from 1.
        """
        self.found.append((self._line_of(needle, nth), what))

    def _line_of(self, needle: str | None, nth: int = 1) -> int:
        """Return the line where a piece of the source stands, or 1: the body before its front."""
        lines = self.text.splitlines()
        ends = [at for at, line in enumerate(lines) if line.rstrip() == "---"]
        body = ends[1] if len(ends) > 1 else 0
        order = [*range(body, len(lines)), *range(body)]
        found = [at + 1 for at in order if needle and needle in lines[at]]
        return found[nth - 1] if len(found) >= nth else 1


def plain(node: Any) -> str:  # noqa: ANN401  pandoc's JSON has no narrower type
    """Return the words of a piece of syntax tree, without formatting.

    Parameters
    ----------
    node
        An element of pandoc's JSON, a list of them, or None.

    Returns
    -------
    str
        Its words; a footnote has none.
    """
    if node is None:
        return ""
    if isinstance(node, str):
        return node
    if isinstance(node, list):
        return "".join(plain(one) for one in node)
    kind, content = node.get("t"), node.get("c")
    if kind in ("Space", "SoftBreak", "LineBreak"):
        return " "
    if kind in ("Code", "Math", "Link", "Image", "Span", "Quoted", "Cite"):
        return plain(content[1])
    return "" if kind == "Note" else plain(content)


def check_raw(findings: Findings, content: list[str]) -> None:
    """Refuse raw HTML, LaTeX or Typst; a comment may stay.

    Parameters
    ----------
    findings
        Where refusals are gathered.
    content
        The language and the text.
    """
    language, text = content
    if re.fullmatch(r"\s*<!--.*?-->\s*", text, re.DOTALL):
        return
    first = text.strip().splitlines()[0] if text.strip() else text
    findings.refuse(f"raw {language}, {first[:40]!r}", first)


def identify(findings: Findings, identifier: str) -> None:
    """Refuse an id that stands twice in the document, or that the page itself uses.

    Parameters
    ----------
    findings
        Where refusals are gathered.
    identifier
        The id; empty for none.
    """
    if not identifier:
        return
    findings.ids[identifier] = findings.ids.get(identifier, 0) + 1
    if findings.ids[identifier] > 1 or identifier in RESERVED_IDS:
        findings.refuse(f"the id {identifier!r} a second time", f"#{identifier}", nth=2)


def check_attributes(findings: Findings, attr: list[Any], where: str, *, classes: set[str] | None) -> None:
    """Refuse classes and attributes that this element may not have.

    Parameters
    ----------
    findings
        Where refusals are gathered.
    attr
        The element's id, classes and attributes, as pandoc gives them.
    where
        What the element is, in words.
    classes
        Classes that are allowed; None allows any one.
    """
    identifier, found, pairs = attr
    allowed = set(found[:1]) if classes is None else classes
    for name in [one for one in found if one not in allowed]:
        findings.refuse(f"the class '.{name}' on {where}", f".{name}")
    for key, _ in pairs:
        findings.refuse(f"the attribute {key!r} on {where}", f"{key}=")
    identify(findings, identifier)
