"""What every report says, put where its document does not say it: what to mind of it, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oda.reports.proofreading.labels import without_code
from oda.reports.shortcodes import SHORTCODE, plain_words
from oda.reports.sources.traces import in_one_format

_NOTICES = ("{{< oda notices >}}", "")
_PROVENANCE = ("", "## How this report was made", "", "{{< oda provenance >}}", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """The lines of a document below its front matter, with what every report says.

    Attributes
    ----------
    lines
        As the analyst wrote them, and those that were put before and after them.
    numbers
        For each the line of the document that it comes from, or stands beside.
    before, after
        How many were put before and after what the analyst wrote.
    """

    lines: tuple[str, ...]
    numbers: tuple[int, ...]
    before: int
    after: int

    def around(self, lines: Sequence[str]) -> tuple[str, str]:
        """Return what stands before and after what the analyst wrote.

        Parameters
        ----------
        lines
            What became of each line.

        Returns
        -------
        tuple of str
            Markdown, both empty where nothing was put in.
        """
        return "\n".join(lines[: self.before]), "\n".join(lines[len(lines) - self.after :])


def complete(lines: Sequence[str], *, first: int) -> Body:
    """Put notices before a body that has none, and provenance after one that has neither it nor short sources.

    Parameters
    ----------
    lines
        Of a document below its front matter.
    first
        The line of the document that the first of them is.

    Returns
    -------
    Body
        The lines with what every report says.

    Examples
    --------
    >>> body = complete(["{{< oda provenance >}}"], first=5)
    >>> body.lines, body.numbers
    (('{{< oda notices >}}', '', '{{< oda provenance >}}'), (4, 4, 5))
    """
    asked = _asked(lines)
    before = () if "notices" in asked else _NOTICES
    after = () if asked & {"provenance", "sources short"} else _PROVENANCE
    last = first + len(lines) - 1
    return Body(
        lines=(*before, *lines, *after),
        numbers=(*[first - 1] * len(before), *range(first, last + 1), *[last] * len(after)),
        before=len(before),
        after=len(after),
    )


def _asked(lines: Sequence[str]) -> set[str]:
    """Return the shortcodes that stand alone on their lines, for both formats, and in no code or comment."""
    whole = without_code("\n".join(lines)).split("\n")
    found = (SHORTCODE.fullmatch(line.strip()) for line, one in in_one_format(whole) if not one)
    return {plain_words(one[1]) for one in found if one}
