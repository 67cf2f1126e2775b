"""What a rule of the lint finds: where, what, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from oda.reports.linting.tree import Page

LONGEST_QUOTE = 60  # characters of a page that a message repeats


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that a rule found, on a line of a file."""

    line: int
    what: str
    fix: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A fault with its file and its rule.

    Attributes
    ----------
    file, line
        Where; a PDF has no lines and says 0.
    rule
        The rule's name.
    what, fix
        What was found, and what to do.
    """

    file: str
    line: int
    rule: str
    what: str
    fix: str

    def to_dict(self) -> dict[str, str | int]:
        """Return it as plain JSON types.

        Returns
        -------
        dict
            Its five parts by name.
        """
        return asdict(self)

    def __str__(self) -> str:
        """Return it as one line."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.what} {self.fix} [{self.rule}]"


Rule = Callable[[Page], Iterator[Fault]]


def quote(text: str) -> str:
    """Return words of a page for a message, cut where they are long.

    Parameters
    ----------
    text
        Any words.

    Returns
    -------
    str
        Between quotation marks.

    Examples
    --------
    >>> quote("Image")
    "'Image'"
    """
    line = " ".join(text.split())
    return repr(line if len(line) <= LONGEST_QUOTE else line[: LONGEST_QUOTE - 1].rstrip() + "…")
