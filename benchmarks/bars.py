"""What is measured of a runner, and the bar that each figure is held to."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from measuring import Skip, say
from runners import Way, ours, time_job, time_way, watch_memory

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
    """Ours against other ways: their seconds, each beside the mean of ours before and after, and who fell out."""

    ours: Way
    others: Mapping[str, Way]
    seconds: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)

    def middle(self, name: str) -> tuple[float, float, float]:
        """Return the medians of a way's seconds, of ours beside it, and of their ratios round by round."""
        pairs = self.seconds[name]
        theirs, mine = (median(column) for column in zip(*pairs, strict=True))
        return theirs, mine, median(their / my for their, my in pairs)


def take_turns(contest: Contest, rounds: int) -> None:
    """Run every way once a round, and ours between every two, so that other work on the machine burdens both alike."""
    before, expected = time_way(contest.ours)
    for turn in range(rounds):
        say(f"  round {turn + 1} of {rounds}")
        names = [name for name in contest.others if name not in contest.out]
        shift = turn % max(len(names), 1)  # nobody always runs first
        for name in names[shift:] + names[:shift]:
            theirs = _time_other(contest, name, expected)
            if theirs is None:
                continue
            after, _ = time_way(contest.ours, expected)
            contest.seconds.setdefault(name, []).append((theirs, (before + after) / 2))
            before = after


def _time_other(contest: Contest, name: str, expected: dict[str, float]) -> float | None:
    """Return the seconds of another way; one that fails twice falls out, for some fail now and then at a busy port."""
    for attempt in range(2):
        try:
            return time_way(contest.others[name], expected)[0]
        except Skip as reason:
            say(f"      failed: {reason}")
            if attempt:
                contest.out[name] = str(reason)
    return None


def ratio(contest: Contest, name: str, bar: float) -> Figure:
    """Return how many times faster ours is than another way; a bar of 1 is to be ahead of it."""
    way = contest.others[name]
    what = f"{contest.ours.districts} districts x 1 notebook"
    if name in contest.out:
        return Figure(what=what, ours="", other=f"{way.name}: {contest.out[name]}", figure="no ratio")
    theirs, mine, faster = contest.middle(name)
    scaled = f" ({way.districts} districts, taken {way.times:.2g} times)" if way.times != 1 else ""
    return Figure(
        what=what,
        ours=f"{mine:.2f} s",
        other=f"{way.name}: {theirs:.1f} s{scaled}",
        figure=f"{faster:.1f} times faster",
        bar=f"{bar:g} times faster" if bar > 1 else "ahead",
        met=faster >= bar,
    )


def floor(contest: Contest) -> Figure:
    """Return how near ours comes to the work itself."""
    if "bare" in contest.out:
        raise Skip(contest.out["bare"])
    least, mine, share = contest.middle("bare")
    return Figure(
        what=f"{contest.ours.districts} districts x 1 notebook",
        ours=f"{mine:.2f} s",
        other=f"{contest.others['bare'].name}: {least:.2f} s",
        figure=f"{1 / share:.1f} times the floor",
        bar="within 6 times",
        met=1 / share <= 6,
    )


def growth(districts: int, options: tuple[str, ...]) -> list[Figure]:
    """Run ten times as many districts between two runs of the fewer, and compare time and peak memory."""
    say(f"{10 * districts} districts against {districts}")
    runs = [watch_memory(ours(count, options)) for count in (districts, 10 * districts, districts)]
    (first, few), (long, many), (second, _) = runs
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
        _memory(f"{what}, peak memory of the command", few.command, many.command),
        _memory(f"{what}, of the largest process that it keeps throughout", few.kept, many.kept),
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
