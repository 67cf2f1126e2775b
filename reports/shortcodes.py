"""Shortcodes as they are written in documents: found, looked up, and refused where they are written wrongly."""

from __future__ import annotations

import re

SHORTCODE = re.compile(r"\{\{<\s*oda\s+([^>]*?)\s*>\}\}")
ALONE = frozenset({"questions", "points", "notices", "provenance", "sources"})  # each on a line of its own
_MISWRITTEN = re.compile(  # such as {{ oda say effect }}, {{< odda say effect >}} or {{< say effect >}}
    r"(?:\{\{|\{[<%])[<%]?\s*(?:oda\b|(?:\w+\s+)?(?:say|method|table|figure|pilot|district|constant)\s)[^}]*\}*"
)


def plain_words(asked: str) -> str:
    """Return the words of a shortcode as they are looked up.

    Parameters
    ----------
    asked
        What stands after `oda`.

    Returns
    -------
    str
        The words with a space between them, without quotation marks.

    Examples
    --------
    >>> plain_words('constant  "65 years"')
    'constant 65 years'
    """
    return " ".join(re.sub("[\"']", "", asked).split())


def miswritten(text: str) -> str:
    """Say what in a text was meant as a shortcode and is none.

    Parameters
    ----------
    text
        A line of a document, without code.

    Returns
    -------
    str
        What it is and what to write; empty when there is no such thing.

    Examples
    --------
    >>> miswritten("It fell by {{ oda say effect }}.")
    "'{{ oda say effect }}' is no shortcode. Write {{< oda say KEY >}}, in one line"
    >>> miswritten("It fell by {{< oda say effect >}}.")
    ''
    """
    found = _MISWRITTEN.search(SHORTCODE.sub("", text))
    return f"{found[0]!r} is no shortcode. Write {{{{< oda say KEY >}}}}, in one line" if found else ""


def unknown(asked: str, forms: str) -> str:
    """Say why a shortcode inside a line stands for nothing.

    Parameters
    ----------
    asked
        What stands after `oda`.
    forms
        Those that are known.

    Returns
    -------
    str
        What is wrong and what to do.

    Examples
    --------
    >>> unknown("figure trend", "say KEY")
    '{{< oda figure trend >}} stands inside a line. Put it on a line of its own'
    """
    shown = f"{{{{< oda {asked} >}}}}"
    match asked.split():
        case ["district", "name" | "code"]:
            where = "is for a report of each district, and this is one of the whole pilot"
            return f"{shown} {where}. Take it out, or give the document 'for_each: district' in pilot.yml"
        case ["table" | "figure" | "questions" | "points" | "sources", _] | ["table" | "figure", _, "optional"]:
            return f"{shown} stands inside a line. Put it on a line of its own"
        case [name] if name in ALONE:
            return f"{shown} stands inside a line. Put it on a line of its own"
        case _:
            return f"{shown} is not known. Write one of: {forms}"


def line_of(key: str, matter: str) -> int:
    r"""Return the line of a document at which a key of its front matter stands.

    Parameters
    ----------
    key
        Such as `title`.
    matter
        The front matter, without its lines of dashes.

    Returns
    -------
    int
        The line, from 1; the first where there is no such key.

    Examples
    --------
    >>> line_of("toc", "title: T\ntoc: true")
    3
    """
    return next((at for at, line in enumerate(matter.split("\n"), 2) if line.partition(":")[0].strip("\"' ") == key), 1)
