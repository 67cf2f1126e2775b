"""Numbers typed by hand in the prose of a report: each is refused, with its line.

The document is read by pandoc, so that marks of markdown hide nothing: what is looked at is what a reader will see.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from functools import cache

from oda.errors import RenderError
from oda.pilot import Pilot
from oda.reports.builtin.pandoc import run_pandoc
from oda.reports.proofreading.number_words import GAP, find_numbers
from oda.reports.proofreading.prose import passages

MOST = 12  # numbers named in one message
_SHORTCODE = re.compile(r"\{\{<.*?>\}\}")
_UNREAD = re.compile(r"<!--.*?-->|</?[A-Za-z][^<>]*>|\[\^[^\]\s]*\]", re.DOTALL)  # comments, tags, marks of notes
_CONTEXT = (30, 15, 6, 0)  # letters before a number by which its line is found
_ADVICE = (
    "Every number of a report comes from a result: record it in a notebook and write {{< oda say KEY >}}. "
    "One that is a definition, such as an age limit, is written {{< oda constant 65 >}}."
)
_LABEL = " A table or a figure is named by its label, which numbers it: @tbl-KEY or @fig-KEY."


def refuse_typed_numbers(text: str, source: str, pilot: Pilot) -> None:
    """Refuse a document whose prose has a number in it.

    Parameters
    ----------
    text
        The document as the analyst wrote it.
    source
        Its name, for the message.
    pilot
        Whose names may have digits.

    Raises
    ------
    RenderError
        When there are any, with the line of each and what to do.
    """
    found = typed_numbers(text, source, names_of(pilot))
    if not found:
        return
    shown = "; ".join(f"line {line}: {number!r}" for line, number in found[:MOST])
    more = f"; and {len(found) - MOST} more" if len(found) > MOST else ""
    what = "a number is" if len(found) == 1 else f"{len(found)} numbers are"
    label = _LABEL if any(re.match("(?i)table|fig", number) for _, number in found) else ""
    raise RenderError(f"{source}: {what} typed by hand. {shown}{more}. {_ADVICE}{label}")


def names_of(pilot: Pilot) -> tuple[str, ...]:
    """Return the names of a pilot that have digits, as title, office, lead and codes may, and those of its districts.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    tuple of str
        Whole names, and those words of them that have letters and digits.
    """
    about = pilot.pilot
    whole = [about.title, about.oda_name, about.lead.role, about.lead.contact]
    whole += [name for one in pilot.districts for name in (one.name, one.code)]
    words = [word.strip(".,;:()'\"") for name in whole for word in name.split()]
    mixed = [word for word in words if re.search(r"\d", word) and re.search(r"[^\W\d_]", word)]
    with_digits = (name for name in [*whole, *mixed] if re.search(r"\d", name))
    return tuple(dict.fromkeys([*with_digits, *(one.name for one in pilot.districts)]))


@cache
def typed_numbers(text: str, source: str, names: tuple[str, ...] = ()) -> tuple[tuple[int, str], ...]:
    r"""Find the numbers that are typed in a document's prose.

    Parameters
    ----------
    text
        The document: front matter and markdown.
    source
        Its name, for messages.
    names
        Words that are names, with digits or without.

    Returns
    -------
    tuple of tuple
        The line of each and the number, as a reader sees it.

    Examples
    --------
    >>> typed_numbers("---\ntitle: T\n---\n\nFalls fell\nby **12**%, {{< oda say effect >}} `x = 3`\n", "a.qmd")
    ((6, '12%'),)
    """
    bare = _SHORTCODE.sub(GAP, text)
    tree = json.loads(run_pandoc(["--from=markdown", "--to=json", "--sandbox"], bare, source=source))
    lines = _Lines(bare)
    every = (pair for passage in passages(tree) for pair in find_numbers(passage, names))
    return tuple(sorted({(lines.find(before, number), number) for before, number in every}))


class _Lines:
    """A document's words with their lines, to find again what pandoc gives without them."""

    def __init__(self, text: str) -> None:
        """Read the text, its entities decoded."""
        words: list[str] = []
        self.lines: list[int] = []
        read = _UNREAD.sub(lambda found: "\n" * found[0].count("\n"), text)
        for number, line in enumerate(read.split("\n"), 1):
            words.append(_words(f" {html.unescape(line)}"))
            self.lines += [number] * len(words[-1])
        self.words = "".join(words)
        self.at = 0
        self.taken: set[int] = set()

    def find(self, before: str, number: str) -> int:
        """Return the line where a number stands after these words, searching on from the last one found."""
        wanted, context = re.escape(_words(number)), _words(before)
        for length in _CONTEXT:
            ahead = (re.escape(context[-length:]) if length else "") or r"\b"
            places = [found.start(1) for found in re.finditer(rf"{ahead}({wanted})(?![^\W_])", self.words)]
            left = sorted(set(places) - self.taken, key=lambda place: (place < self.at, place))
            if left:
                self.at = left[0]
                self.taken.add(self.at)
                return self.lines[self.at]
        loose = self.words.find(_words(number).strip())
        return self.lines[loose] if loose >= 0 else 1


def _words(text: str) -> str:
    """Return the letters and digits of a text in one form, with one space where there are any."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"\s+", " ", "".join(one for one in plain if one.isalnum() or one.isspace()))
