"""Labels of a document: each stands once, and whatever refers to one finds it, whichever renderer comes after."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from oda.errors import RenderError
from oda.reports.builtin.findings import RESERVED_IDS
from oda.reports.builtin.pandoc import run_pandoc

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1[`~]*[ \t]*$", re.MULTILINE | re.DOTALL)
_UNREAD = re.compile(r"<!--.*?-->|(?<![\\`])(`+)(?!`)(?:.|\n(?!\n))*?(?<!`)\1(?!`)", re.DOTALL)
_BRACES = re.compile(r'(?<!\\)\{(?:"(?:\\.|[^"\\])*"|[^{}"])*\}')
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_ID = re.compile(r"(?<=[\s{])#([^\s{}#\"]+)")
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_REFERENCE = re.compile(r"(?<![\w\\])@((?:fig|tbl)-\w(?:[\w:-]*\w)?)")
_ANCHOR = re.compile(r"(?<!\\)\]\(#([^)\s]+)")
_KINDS = {"fig": "figure", "tbl": "table"}


def check_labels(text: str, *, source: str, origins: Sequence[int]) -> None:
    """Refuse a document in which a label stands twice, or something refers to a label that is not there.

    Parameters
    ----------
    text
        The document with its results put in.
    source
        The document as the analyst wrote it, for messages.
    origins
        For each line of the text, the line of the source.

    Raises
    ------
    RenderError
        With every such label and the lines at which it stands.
    """
    prose = without_code(text)
    labels = _labels(prose)

    def line(place: int) -> int:
        return origins[min(text.count("\n", 0, place), len(origins) - 1)]

    wrong = [*_twice(labels, line), *_dangling(text, prose, labels, line)]
    if wrong:
        raise RenderError("\n".join(f"{source}: {one}" for one in wrong))


def without_code(text: str) -> str:
    """Return a text with its code and comments made blank.

    Parameters
    ----------
    text
        Markdown.

    Returns
    -------
    str
        The rest, each letter where it was.

    Examples
    --------
    >>> without_code("a `b` <!-- c --> d")
    'a                d'
    """
    return _blank(_UNREAD, _blank(_FENCE, text))


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Return a text with what a pattern finds made blank, all else where it was."""
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _labels(prose: str) -> dict[str, list[int]]:
    """Return where each label stands: those that were given, and those that headings have from their words."""
    found: dict[str, list[int]] = {}
    for braces in _BRACES.finditer(prose):
        given = _ID.search(_blank(_QUOTED, braces[0]))
        if given:
            found.setdefault(given[1], []).append(braces.start())
    for heading in _HEADING.finditer(prose):
        if not _BRACES.search(heading[0]) and (label := _label_of(heading[1])) in found:
            found[label].append(heading.start())
    return found


def _label_of(words: str) -> str:
    """Return the label that pandoc gives to a heading of these words."""
    kept = re.sub(r"[^\w\s.-]", "", re.sub(r"\]\([^)]*\)", "", words)).lower()
    return re.sub(r"^[^a-z]+", "", re.sub(r"\s+", "-", kept.strip()))


def _twice(labels: Mapping[str, list[int]], line: Callable[[int], int]) -> Iterable[str]:
    """Say which labels stand more than once, and at which lines."""
    for label, places in labels.items():
        lines = _in_words(sorted(line(place) for place in places))
        kind, _, key = label.partition("-")
        if len(places) > 1 and kind in _KINDS:
            what = f"the {_KINDS[kind]} {key!r} stands {_times(places)}, in {lines}"
            yield f"{what}. Show it once, and refer to it with @{label} elsewhere."
        elif len(places) > 1:
            yield f"the label {label!r} stands {_times(places)}, in {lines}. Give each place its own."
        elif label in RESERVED_IDS:
            yield f"the label {label!r}, in {lines}, is the page's own. Give the place another."


def _times(places: Sequence[int]) -> str:
    """Return how often, in words."""
    return "twice" if len(places) == 2 else f"{len(places)} times"


def _in_words(lines: Iterable[int]) -> str:
    """Return numbers of lines in a sentence, each as `line 3`, which notebooks name by its cell."""
    *first, last = (f"line {one}" for one in lines)
    return f"{', '.join(first)} and {last}" if first else last


def _dangling(text: str, prose: str, labels: Mapping[str, list[int]], line: Callable[[int], int]) -> Iterable[str]:
    """Say what refers to a label that is not there."""
    there = ", ".join(f"@{label}" for label in labels if label.partition("-")[0] in _KINDS) or "none"
    for found in _REFERENCE.finditer(prose):
        if found[1] not in labels:
            what = f"line {line(found.start())}: @{found[1]} refers to no figure or table of this document"
            yield f"{what}. Those that it shows: {there}."
    anchors = [found for found in _ANCHOR.finditer(prose) if found[1] not in labels]
    every = _ids(json.loads(run_pandoc(["--from=markdown", "--to=json", "--sandbox"], text))) if anchors else set()
    for found in anchors:
        if found[1] not in every | RESERVED_IDS:
            what = f"line {line(found.start())}: the link to #{found[1]} leads nowhere"
            yield f"{what}. Give a heading that label: ## Words {{#{found[1]}}}."


def _ids(node: Any) -> set[str]:  # noqa: ANN401  pandoc's JSON has no narrower type
    """Return every id in a syntax tree."""
    if isinstance(node, dict):
        return _ids(list(node.values()))
    if not isinstance(node, list):
        return set()
    own = {node[0]} if len(node) == 3 and isinstance(node[0], str) and isinstance(node[1], list) else set()
    return own.union(*map(_ids, node))
