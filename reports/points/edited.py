"""Main points that people have edited: `reports/main-points.yml`, and whether their numbers have moved since.

An entry keeps the words that a person wrote for as long as its numbers stay. Where they have moved the words stay too,
and are flagged; nothing is published until somebody has looked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, ValidationError

from oda.errors import COMMAND, RenderError, SettingsError
from oda.reports import blocks
from oda.reports.points.drafting import FIELD, MOST_POINTS, MOST_WORDS, Point, count_words, draft_points, fill_words
from oda.reports.points.few_words import summary
from oda.reports.proofreading.number_words import GAP, find_numbers
from oda.reports.recorded import Recorded
from oda.results import AnyResult, Picture, Table
from oda.runs import Run
from oda.settings import Settings, Slug, in_words, read_yaml

FILE = "reports/main-points.yml"
_SHORTCODE = re.compile(r"\{\{<\s*oda\s+(say|constant)\s+([^>]*?)\s*>\}\}")


class Entry(Settings):
    """One main point as the file has it.

    Attributes
    ----------
    id
        Its name.
    results
        Keys of the results that it rests on.
    text
        What is said, with fields such as `{effect.value}`; empty to leave the point out.
    draft
        What the rules wrote; empty for a point of a person's own.
    seen
        What each result came to when the text was last looked at.
    """

    id: Slug
    results: tuple[str, ...] = Field(min_length=1)
    text: str
    draft: str = ""
    seen: dict[str, str] = Field(default_factory=dict)

    @property
    def keys(self) -> tuple[str, ...]:
        """The results it rests on: those that it names, and those whose fields its text asks for."""
        asked = [found[1] for found in FIELD.finditer(self.text)]
        asked += [found[2] for found in _SHORTCODE.finditer(self.text) if found[1] == "say"]
        return tuple(dict.fromkeys([*self.results, *asked]))

    @property
    def edited(self) -> bool:
        """Whether the words are a person's own."""
        return self.text != self.draft


class PointsFile(Settings):
    """What `main-points.yml` holds."""

    points: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Points:
    """The main points of a report.

    Attributes
    ----------
    texts
        Filled in, in order: the id, the words, and the keys of the results they rest on.
    moved
        What to look at again, a sentence each.
    """

    texts: tuple[tuple[str, str, tuple[str, ...]], ...]
    moved: tuple[str, ...]


def read_points(folder: Path) -> tuple[Entry, ...] | None:
    """Read the edited main points of a pilot.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    tuple of Entry or None
        In order; None when there is no such file.

    Raises
    ------
    RenderError
        When the file is not what it should be, or names a point twice: what shows main points cannot be made.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        entries = PointsFile.model_validate(read_yaml(path, name=FILE)).points
    except SettingsError as error:
        raise RenderError(str(error)) from error
    except ValidationError as error:
        raise RenderError(in_words(FILE, error, path=path)) from error
    names = [entry.id for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"{FILE}: {', '.join(twice)} stands more than once. Give each point an id of its own."
        raise RenderError(message)
    shown = sum(bool(entry.text.strip()) for entry in entries)
    if shown > MOST_POINTS:
        message = f"{FILE} has {shown} points; a reader takes in {MOST_POINTS}. Leave the least important out."
        raise RenderError(message)
    return entries


def results_of(run: Run) -> Mapping[str, AnyResult]:
    """Return the results of the whole pilot, which its main points rest on.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    mapping
        By key; one that several notebooks recorded is refused where it is asked for.
    """
    return Recorded(run)


def refuse_moved(folder: Path, run: Run) -> None:
    """Refuse to release main points whose numbers have moved since somebody wrote them.

    Parameters
    ----------
    folder
        The pilot's folder.
    run
        What is to be released.

    Raises
    ------
    RenderError
        When a point is to be looked at.
    """
    moved = main_points(folder, results_of(run)).moved
    if moved:
        remedy = f"Look at the words in {FILE}, then: {COMMAND} report --points --accept ID"
        raise RenderError("\n".join([*moved, f"Nothing is released until somebody has looked. {remedy}"]))


def main_points(folder: Path, results: Mapping[str, AnyResult]) -> Points:
    """Return the main points of the whole pilot: those of the file where there is one, else as drafted.

    A point that nobody has edited is always as the rules would draft it now.

    Parameters
    ----------
    folder
        The pilot's folder.
    results
        Of the whole pilot, by key.

    Returns
    -------
    Points
        Words, and what has moved.

    Raises
    ------
    RenderError
        When a text asks for what is not there, or is too long.
    """
    entries, drafts = read_points(folder), {point.id: point for point in draft_points(results)}
    if entries is None:
        drafted = ((one.id, fill_words(one.text, results), one.results) for one in drafts.values())
        return Points(texts=tuple(drafted), moved=())
    texts, moved = [], []
    for entry in entries:
        point = _current(entry, drafts)
        if point is None:
            continue
        change = _moves(entry, results) if entry.edited else ""
        seen = bool(change) and set(point.results) <= set(entry.seen)
        words = _words(point, results, moved=seen)
        if words is None:
            draft = drafts.get(entry.id)
            change += (
                f" It asks for what is no longer there: {'the draft stands in its place' if draft else 'left out'}."
            )
            point, words = draft or point, fill_words(draft.text, results) if draft else ""
        if change:
            moved.append(change)
        if words:
            texts.append((point.id, words, tuple(key for key in point.results if key in results)))
    return Points(texts=tuple(texts), moved=tuple(moved))


def _current(entry: Entry, drafts: Mapping[str, Point]) -> Point | None:
    """Return what an entry says now: its own words, or today's draft where nobody has edited it."""
    if entry.edited:
        return Point(id=entry.id, results=entry.keys, text=entry.text) if entry.text.strip() else None
    return drafts.get(entry.id)


def _moves(entry: Entry, results: Mapping[str, AnyResult]) -> str:
    """Say what an edited point's numbers were and are; nothing when they are the same."""
    wrong = [key for key in entry.keys if isinstance(results.get(key), Table | Picture)]
    if wrong:
        raise _fault(entry.id, f"{wrong[0]!r} is a table or a figure. Name a result that is a sentence or a number")
    if not entry.text.strip():
        return ""
    for key in entry.keys:
        now, then = summary(results.get(key)), entry.seen.get(key)
        if then is None:
            return f"Main point {entry.id!r} has not been held against its numbers yet ({key}: {now})."
        if now != then:
            return f"Main point {entry.id!r} was written when {key} was: {then}. It is now: {now}."
    return ""


def _words(point: Point, results: Mapping[str, AnyResult], *, moved: bool) -> str | None:
    """Fill a point in; None where its numbers have moved so far that they are no longer there."""
    typed = find_numbers(_SHORTCODE.sub(GAP, FIELD.sub(GAP, point.text)))
    if typed:
        raise _fault(point.id, f"the number {typed[0][1]} is typed by hand. Write a field such as {{effect.value}}")
    try:
        filled = fill_words(point.text, results)
        words = " ".join(_SHORTCODE.sub(lambda found: _said(found, results), filled).split())
    except KeyError as error:
        if moved:
            return None
        field, there = error.args
        raise _fault(
            point.id, f"there is no {field}. There is: {', '.join(there) or 'no number of that name'}"
        ) from error
    if re.search(r"[{}]", words):
        raise _fault(point.id, f"{words!r} has a brace that is no field. Write fields as {{effect.value}}")
    if count_words(words) > MOST_WORDS:
        raise _fault(point.id, f"{count_words(words)} words. Say it in under {MOST_WORDS + 1}")
    return words


def _said(found: re.Match[str], results: Mapping[str, AnyResult]) -> str:
    """Return what a shortcode stands for: a number that is a definition, or what a result says."""
    if found[1] == "constant":
        return found[2]
    sentence = blocks.sentence(results[found[2]]) if found[2] in results else None
    if sentence is None:
        raise KeyError(f"sentence of {found[2]!r}", tuple(key for key in results if blocks.sentence(results[key])))
    return sentence


def _fault(name: str, what: str) -> RenderError:
    """Return an error with the file and the point."""
    return RenderError(f"{FILE}, point {name!r}: {what}.")
