"""The file of main points written and completed: drafts that nobody has edited anew, a person's words as they are."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from oda.errors import COMMAND, RenderError
from oda.reports.points.drafting import MOST_POINTS, MOST_WORDS, Point, draft_points
from oda.reports.points.edited import FILE, Entry, main_points, read_points
from oda.reports.points.few_words import summary
from oda.results import AnyResult

HEAD = f"""\
# The main points of the board report and of the brief, the most important first. They are yours to edit: change text.
# At most {MOST_POINTS} points, each under {MOST_WORDS + 1} words. An empty text leaves a point out.
# Numbers are never typed: {{effect.value}}, {{effect.low}}, {{visits-total.value}} and the like are filled in
# from results; {{{{< oda constant 65 >}}}} is for a number that is a definition, such as an age.
# draft is what the rules wrote, seen what the numbers were when somebody last looked at the text: leave both alone.
# The command below writes this file anew: points stay, comments of your own do not.
# Where numbers have moved since, the page says so, and nothing is published until somebody has looked:
#   {COMMAND} report --points                       completes this file and says what has moved
#   {COMMAND} report --points --accept effect       the text of the point 'effect' fits the numbers as they are now
"""


def write_points(folder: Path, results: Mapping[str, AnyResult], *, accept: Collection[str] = ()) -> tuple[str, ...]:
    """Write or complete the file of main points; words that a person wrote stay as they are.

    Parameters
    ----------
    folder
        The pilot's folder.
    results
        Of the whole pilot, by key.
    accept
        Points, or results they rest on, whose words somebody has looked at and found to fit the numbers of now.

    Returns
    -------
    tuple of str
        What is still to be looked at, a sentence each.

    Raises
    ------
    RenderError
        When there is no such point to accept, or a point of the file cannot be shown.
    """
    entries = read_points(folder) or ()
    drafts = draft_points(results)
    known = {name for entry in entries for name in (entry.id, *entry.keys)}
    strange = sorted(set(accept) - known)
    if strange:
        there = ", ".join(entry.id for entry in entries) or "none"
        raise RenderError(f"{FILE} has no point {', '.join(map(repr, strange))} to accept. There is: {there}.")
    by_id = {point.id: point for point in drafts}
    refreshed = (_refreshed(entry, by_id, results, accept) for entry in entries)
    kept = [entry for entry in refreshed if entry is not None]
    room = MOST_POINTS - sum(bool(entry.text.strip()) for entry in kept)
    fresh = [point for point in drafts if point.id not in {entry.id for entry in kept}]
    kept += [_entry(point, results) for point in fresh[: max(room, 0)]]
    _write(folder / FILE, kept)
    return main_points(folder, results).moved


def _entry(point: Point, results: Mapping[str, AnyResult]) -> Entry:
    """Return a draft as an entry."""
    return Entry(
        id=point.id, results=point.results, text=point.text, draft=point.text, seen=_seen(point.results, results)
    )


def _seen(keys: Sequence[str], results: Mapping[str, AnyResult]) -> dict[str, str]:
    """Return what results come to now."""
    return {key: summary(results.get(key)) for key in keys}


def _refreshed(
    entry: Entry, drafts: Mapping[str, Point], results: Mapping[str, AnyResult], accept: Collection[str]
) -> Entry | None:
    """Return an entry as the file shall have it: an unedited one drafted again, an edited one kept."""
    draft = drafts.get(entry.id)
    if not entry.edited:
        return None if draft is None else _entry(draft, results)
    drafted = draft.text if draft else ""
    new = {} if entry.text == drafted else {"draft": drafted}
    looked_at = bool({entry.id, *entry.keys} & set(accept))
    now = _seen(entry.keys, results)
    seen = now if looked_at else {key: entry.seen.get(key, said) for key, said in now.items()}
    return entry.model_copy(update={**new, "seen": seen})


def _write(path: Path, entries: Sequence[Entry]) -> None:
    """Write the file in one step, every text between quotation marks."""
    lines = [HEAD, "points:" if entries else "points: []"]
    for entry in entries:
        seen = ", ".join(f"{_quoted(key)}: {_quoted(said)}" for key, said in entry.seen.items())
        lines += [
            f"  - id: {_quoted(entry.id)}",
            f"    results: [{', '.join(map(_quoted, entry.results))}]",
            f"    text: {_quoted(entry.text)}",
            f"    draft: {_quoted(entry.draft)}",
            f"    seen: {{{seen}}}",
        ]
    part = path.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    part.replace(path)


def _quoted(text: str) -> str:
    """Return a text as YAML takes it."""
    return json.dumps(text, ensure_ascii=False)
