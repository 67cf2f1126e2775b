"""What is measured of a runner, and the bar that each figure is held to."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from runners import Way, ours, time_job, time_way, watch_memory

from measuring import Skip, say

SHORT = 9  # times that what should take a second or less is timed
FLAT = 1.1  # of the memory of the smaller run
STARTS = {
    "`python -c pass`": "pass",
    '`python -c "import click, yaml, pydantic"`': "import click, yaml, pydantic",
}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the table: a figure, the bar it is held to, and whether that is met; None when there is no bar."""

    what: str
    ours: str
    other: str
    figure: str
    bar: str = ""
    met: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Ways that take turns: their seconds so far, and why some of them fell out."""

    ways: Mapping[str, Way]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)

    def middle(self, name: str) -> float:
        """Return the median seconds of a way."""
        return median(self.seconds[name])


def take_turns(contest: Contest, rounds: int) -> None:
    """Run every way once a round; `ours` goes first of all, since the others' answers are held against its."""
    expected: dict[str, float] | None = None
    for turn in range(rounds):
        say(f"  round {turn + 1} of {rounds}")
        names = [name for name in contest.ways if name not in contest.out]
        shift = turn % len(names)  # nobody always runs first
        for name in names[shift:] + names[:shift]:
            try:
                seconds, answers = time_way(contest.ways[name], expected)
            except Skip as reason:
                if name == "ours":
                    raise
                contest.out[name] = str(reason)
                continue
            expected = expected or answers
            contest.seconds.setdefault(name, []).append(seconds)


def ratio(contest: Contest, name: str, bar: float) -> Figure:
    """Return how many times faster ours is than another way; a bar of 1 is to be ahead of it."""
    way = contest.ways[name]
    what = f"{contest.ways['ours'].districts} districts x 1 notebook"
    if name in contest.out:
        return Figure(what=what, ours="", other=f"{way.name}: {contest.out[name]}", figure="no ratio")
    mine, theirs = contest.middle("ours"), contest.middle(name)
    scaled = f" ({way.districts} districts, taken {way.times:.2g} times)" if way.times != 1 else ""
    return Figure(
        what=what,
        ours=f"{mine:.2f} s",
        other=f"{way.name}: {theirs:.1f} s{scaled}",
        figure=f"{theirs / mine:.1f} times faster",
        bar=f"{bar:g} times faster" if bar > 1 else "ahead",
        met=theirs / mine >= bar,
    )


def floor(contest: Contest) -> Figure:
    """Return how near ours comes to the work itself."""
    mine, least = contest.middle("ours"), contest.middle("bare")
    return Figure(
        what=f"{contest.ways['ours'].districts} districts x 1 notebook",
        ours=f"{mine:.2f} s",
        other=f"{contest.ways['bare'].name}: {least:.2f} s",
        figure=f"{mine / least:.1f} times the floor",
        bar="within 6 times",
        met=mine / least <= 6,
    )


def growth(districts: int, options: tuple[str, ...]) -> list[Figure]:
    """Run ten times as many districts between two runs of the fewer, and compare time and peak memory."""
    say(f"{10 * districts} districts against {districts}")
    runs = [watch_memory(ours(count, options)) for count in (districts, 10 * districts, districts)]
    (first, few, kept), (long, many, most), (second, *_) = runs
    brief = (first + second) / 2
    what = f"{10 * districts} districts against {districts}"
    return [
        Figure(
            what=what,
            ours=f"{long:.1f} s",
            other=f"{districts} districts: {brief:.2f} s",
            figure=f"{long / brief:.1f} times the time",
            bar="within 11 times",
            met=long / brief <= 11,
        ),
        _memory(f"{what}, peak memory of the command", few, many),
        _memory(f"{what}, of the largest process that it keeps throughout", kept, most),
    ]


def _memory(what: str, few: float, many: float) -> Figure:
    """Return how much the memory of a process grows with the districts."""
    if not few or not many:
        return Figure(what=what, ours="", other="", figure="there is none")
    words = f"{many / few:.2f} times"
    return Figure(
        what=what, ours=f"{many:.0f} MB", other=f"{few:.0f} MB", figure=words, bar="flat", met=many / few <= FLAT
    )


def short(districts: int, options: tuple[str, ...]) -> list[Figure]:
    """Time what should take no time: a run of which nothing has changed, and the help, beside Python's own start."""
    what = f"nothing changed, {districts} districts x 3 notebooks"
    say(f"{what}; help; Python's own start")
    with tempfile.TemporaryDirectory(prefix="oda-timed-", ignore_cleanup_errors=True) as scratch:
        job = ours(districts, options, notebooks=3).prepare(Path(scratch).resolve())
        time_job(job)
        made = _made(job.folder)
        helped = [sys.executable, "-m", "oda", "--help"]
        commands = [job.commands[0], helped, *([sys.executable, "-c", code] for code in STARTS.values())]
        jobs = [replace(job, commands=(command,)) for command in commands]
        rounds = [[time_job(each) for each in jobs] for _ in range(SHORT)]
        nothing = _made(job.folder) == made and len(made) == 3 * districts
    again, helping, *starts = (median(column) for column in zip(*rounds, strict=True))
    beside = "; ".join(f"{name}: {seconds:.2f} s" for name, seconds in zip(STARTS, starts, strict=True))
    figure = f"{again:.2f} s" if nothing else "not all notebooks were done, or some ran again"
    return [
        Figure(
            what=what,
            ours=f"{again:.2f} s",
            other=beside,
            figure=figure,
            bar="under 1.5 s",
            met=nothing and again < 1.5,
        ),
        Figure(
            what="`oda --help`",
            ours=f"{helping:.2f} s",
            other=beside,
            figure=f"{helping:.2f} s",
            bar="under 0.4 s",
            met=helping < 0.4,
        ),
    ]


def _made(pilot: Path) -> dict[Path, int]:
    """Return the executed notebooks of a pilot, and when each was written."""
    return {path: path.stat().st_mtime_ns for path in pilot.glob("runs/*/notebooks/*.ipynb")}
