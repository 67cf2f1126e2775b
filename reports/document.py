"""What both renderers are given: a document's name and formats, and how to write text into one.

`escape`, `attribute` and `front_matter` are for whoever *writes* a staged document. Everything that
comes from a person or from data goes through them, and then comes out literally in HTML and in PDF.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Format = Literal["html", "pdf"]

# Brackets and parentheses become character references, because `\[` and `\(` open mathematics
# in some dialects of markdown; the rest of the punctuation takes a backslash in all of them.
_REFERENCES = {"[": "&#91;", "]": "&#93;", "(": "&#40;", ")": "&#41;", "&": "&amp;"}
_PUNCTUATION = re.compile(r"[\[\]()&]|[!-/:-@\\^_`{|}~]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One staged document: `<project>/<name>.qmd`, and what is to be made of it.

    Attributes
    ----------
    name
        The file's name without its ending: letters, digits, '-' and '_'.
    formats
        "html", "pdf" or both.

    Examples
    --------
    >>> Document(name="board", formats=("html", "pdf")).name
    'board'
    """

    name: str
    formats: tuple[Format, ...]

    def __post_init__(self) -> None:
        """Refuse a name that is not a plain file name."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", self.name):
            raise ValueError(f"{self.name!r} cannot name a document. Use letters, digits, '-' and '_' only.")
        unknown = [one for one in self.formats if one not in ("html", "pdf")]
        if unknown or not self.formats:
            raise ValueError(f"{self.name!r} asks for the formats {self.formats!r}. Use 'html', 'pdf' or both.")


_STEERING = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_SETTINGS = re.compile(r"(?:[\s>]|[-*+:]\s|\(?[\w#@]+[.)]\s|\[\^[^\]]+\]:)*---\s*")


def misplaced_settings(line: str) -> str:
    """Say what is wrong with a line that may begin settings, which pandoc takes anywhere, over the front matter's.

    Parameters
    ----------
    line
        Of a document's body.

    Returns
    -------
    str
        Nothing but for three hyphens alone, also in a quotation, a list or a note.

    Examples
    --------
    >>> bool(misplaced_settings("> ---")), bool(misplaced_settings("| --- |"))
    (True, False)
    """
    if not _SETTINGS.fullmatch(line):
        return ""
    return "'---' may begin settings, which stand at the top alone. Write ## before a heading, * * * for a line"


def escape(text: str) -> str:
    r"""Write text so that markdown shows it literally: in a paragraph, heading, table or title.

    Parameters
    ----------
    text : str
        Anything: a name, an answer, a number with its unit. Line breaks become spaces; control characters go.

    Returns
    -------
    str
        One line of markdown.

    Examples
    --------
    >>> escape("£5 & *more* | a_b")
    '£5 &amp; \\*more\\* \\| a\\_b'
    """
    return _PUNCTUATION.sub(lambda found: _REFERENCES.get(found[0], "\\" + found[0]), _in_line(text))


def attribute(text: str) -> str:
    r"""Write text as a quoted value between braces, as in `{#fig-a fig-alt=...}`.

    A callout's `title` is read as markdown after that: give it `attribute(escape(text))`.

    Parameters
    ----------
    text : str
        The value; line breaks become spaces.

    Returns
    -------
    str
        The value with its quotation marks.

    Examples
    --------
    >>> attribute('A "rise" in 2024')
    '"A \\"rise\\" in 2024"'
    """
    return '"' + re.sub(r'[\\"<>{}&]', lambda found: "\\" + found[0], _in_line(text)) + '"'


def _in_line(text: str) -> str:
    """Return text in one line, without the signs that steer a terminal or turn the order of letters round."""
    return " ".join(_STEERING.sub("", text).split())


def front_matter(fields: Mapping[str, str | Sequence[str]]) -> str:
    r"""Write a document's front matter, every value shown literally.

    Parameters
    ----------
    fields : mapping
        Such as title, subtitle, date (`YYYY-MM-DD`), author, lang, description and keywords.

    Returns
    -------
    str
        The block with its two lines of dashes, ending in a line break.

    Examples
    --------
    >>> print(front_matter({"title": "Falls & *frailty*", "date": "2026-01-31"}), end="")
    ---
    title: "Falls &amp; \\*frailty\\*"
    date: "2026-01-31"
    ---
    """
    lines = []
    for key, value in fields.items():
        written = str if key in {"date", "lang"} else escape
        whole = written(value) if isinstance(value, str) else [written(one) for one in value]
        lines.append(f"{key}: {json.dumps(whole, ensure_ascii=False)}\n")
    return "---\n" + "".join(lines) + "---\n"
