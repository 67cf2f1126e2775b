"""What a document is expanded with, and what is noted on the way: the one thing handed to all that expands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from oda.governance import Assessment
from oda.pilot import District, Pilot
from oda.reports.shortcodes import plain_words
from oda.reports.sources.traces import Sources
from oda.results import AnyResult, Table
from oda.runs import Run


@dataclass(kw_only=True, slots=True)
class Context:
    """What a document is expanded with, and which tables it has shown.

    Attributes
    ----------
    pilot, run, assessment
        Settings, results and the state of the checklist.
    name
        The document's name, such as `board` or `redditch`.
    source
        The document as the analyst wrote it, for messages.
    district
        The district it is about; None for one about the whole pilot.
    results
        Results by key, those of the district first.
    project
        The staged project.
    shown
        Tables, and data of charts, that were put in, by key.
    origins
        For each line of the expanded document, the line of the source it comes from.
    mark
        Lines of the front matter that say whose the document is and whether it is a draft.
    said
        What each shortcode of the body stood for, by its words, in the order of the document.
    sources
        The results that were put in, and where.
    digest
        The hash of the document as the analyst wrote it.
    absent
        Keys of results that are not there, with the lines that ask for them.
    data
        Links to the data of the analyst's own pictures, by the picture.
    around
        What was put before and after the body, as every report says it.
    """

    pilot: Pilot
    run: Run
    assessment: Assessment
    name: str
    source: str
    district: District | None
    results: Mapping[str, AnyResult]
    project: Path
    shown: dict[str, Table] = field(default_factory=dict)
    origins: list[int] = field(default_factory=list)
    mark: str = ""
    said: dict[str, list[str]] = field(default_factory=dict)
    sources: Sources = field(default_factory=Sources)
    digest: str = ""
    absent: list[tuple[str, int]] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)
    around: tuple[str, str] = ("", "")

    def source_of(self, key: str) -> str:
        """Note that a result is shown here, and link to where it comes from.

        Parameters
        ----------
        key
            The result's key.

        Returns
        -------
        str
            Markdown, such as `[([source 1](#source-1))]{#source-1-place-1 .source}`.
        """
        return self.sources.link(key)

    def note(self, asked: str, text: str) -> str:
        """Keep what a shortcode stood for, for documents that are rendered by hand.

        Parameters
        ----------
        asked
            The words of the shortcode.
        text
            What it stands for.

        Returns
        -------
        str
            The text.
        """
        self.said.setdefault(plain_words(asked), []).append(text)
        return text
