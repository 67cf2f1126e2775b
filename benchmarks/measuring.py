"""Runs the same task by several ways in turn, and gives ratios only where the answers agree."""

from __future__ import annotations

import contextlib
import gc
import io
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

SHORTEST = 0.02  # seconds a sample; quicker calls are repeated within it
BUDGET = 4.0  # seconds for all rounds of a match
ROUNDS = (3, 25)  # the fewest and the most

Answers = Mapping[str, float | np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to do a task.

    `calls` is how often the task needs the call; `within` replaces the match's; `cold` asks for the first time too.
    """

    name: str
    run: Callable[[], Answers]
    calls: float = 1
    within: Mapping[str, float] | None = None
    note: str = ""
    cold: bool = False


@dataclass(frozen=True, kw_only=True)
class Match:
    """A task done by ours and by others; `within` has the largest difference allowed for each answer."""

    title: str
    ours: Way
    others: tuple[Way, ...]
    within: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table; times in milliseconds, and no ratio where the answers differ."""

    task: str
    ours: float
    other: str
    theirs: float
    ratio: float | None
    difference: str


class Skip(Exception):  # noqa: N818  not an error
    """A task cannot be done here, for the reason given."""


def say(words: str) -> None:
    """Show progress, apart from the table."""
    print(words, file=sys.stderr, flush=True)


def hold(match: Match) -> list[Row]:
    """Compare the answers, then time every way in turn, several times, and take medians."""
    ways = (match.ours, *match.others)
    answers, first = [], []
    for way in ways:
        say(f"  {match.title}: {way.name}")
        found, seconds = _timed(way.run, 1)
        answers.append(found)
        first.append(seconds)
    with contextlib.redirect_stdout(io.StringIO()):
        again = [
            seconds if seconds > BUDGET else _timed(way.run, 1)[1] for way, seconds in zip(ways, first, strict=True)
        ]
    repeats = [max(1, int(SHORTEST / seconds)) for seconds in again]
    quick = [place for place, seconds in enumerate(again) if seconds <= BUDGET]
    once = sum(max(again[place], SHORTEST) for place in quick)
    rounds = min(ROUNDS[1], max(ROUNDS[0], int(BUDGET / once)))
    samples: list[list[float]] = [[] if place in quick else [again[place]] for place in range(len(ways))]
    for turn in range(rounds):
        shift = turn % len(quick)  # nobody always runs first
        for place in quick[shift:] + quick[:shift]:
            samples[place].append(_timed(ways[place].run, repeats[place])[1])
    taken = [way.calls * statistics.median(sample) * 1e3 for way, sample in zip(ways, samples, strict=True)]
    rows = []
    for way, found, ms, cold in zip(match.others, answers[1:], taken[1:], first[1:], strict=True):
        agreed, words = compare(answers[0], found, way.within or match.within)
        ratio = ms / taken[0] if agreed else None
        notes = [way.note] * bool(way.note) + [f"{cold * 1e3:,.0f} ms the first time"] * way.cold
        name = f"{way.name} ({'; '.join(notes)})" if notes else way.name
        rows.append(Row(task=match.title, ours=taken[0], other=name, theirs=ms, ratio=ratio, difference=words))
    return rows


def compare(ours: Answers, theirs: Answers, within: Mapping[str, float]) -> tuple[bool, str]:
    """Tell whether answers agree, and say how far apart they are, each with the difference allowed."""
    said, agreed = [], True
    for name, tolerance in within.items():
        apart = np.abs(np.asarray(ours[name], dtype=float) - np.asarray(theirs[name], dtype=float))
        largest = float(apart.max())
        agreed = agreed and largest <= tolerance  # a missing number never agrees
        said.append(f"{name} {largest:.1g} (of {tolerance:g} allowed)")
    return agreed, "; ".join(said)


def table(rows: list[Row]) -> str:
    """Return the rows as a table in markdown."""
    lines = [
        "| task | ours, ms | other | its ms | ratio | largest difference of the answers |",
        "|---|--:|---|--:|--:|---|",
    ]
    for row in rows:
        ratio = "answers differ" if row.ratio is None else f"{row.ratio:.2g}"
        if row.ratio is not None and row.ratio >= 100:
            ratio = f"{row.ratio:,.0f}"
        lines.append(f"| {row.task} | {_ms(row.ours)} | {row.other} | {_ms(row.theirs)} | {ratio} | {row.difference} |")
    return "\n".join(lines)


def _ms(value: float) -> str:
    """Write milliseconds to three figures."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _timed(run: Callable[[], Answers], repeats: int) -> tuple[Answers, float]:
    """Return the answers and the seconds of one call; what it prints is not shown."""
    gc.collect()
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        for _ in range(repeats):
            found = run()
        seconds = (time.perf_counter() - start) / repeats
    return found, seconds
