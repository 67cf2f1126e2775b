"""Time `oda run` against other ways to run the same notebooks: `python benchmarks/running.py [--quick]`.

Whole processes, taking turns in rounds; medians, and ratios within this one run.
The answers are compared first: a way whose numbers are not ours gets no ratio.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bars import Contest, Figure, floor, growth, ratio, short, take_turns
from measuring import Skip, say
from other_runners import OTHERS, install, other_way
from runners import CORES, bare, compile_bytecode, environment, ours, papermill_loop, papermill_pool

FEW = 12  # districts that --quick gives to what takes long
NEEDED = ("oda", "cookiecutter", "papermill", "pandas", "statsmodels")
INSTALL = """
Install them into an environment of their own, from the root of the repository:
  python -m pip install --require-hashes -r requirements/run.txt
  python -m pip install --no-deps -e ."""
SHOWN = ("oda-toolkit", "papermill", "jupyter_client", "ipykernel", "pandas", "statsmodels")
PARTS = ("contest", "growth", "short")


def main(words: list[str] | None = None) -> int:
    """Time everything that was asked for, and print the table."""
    asked = _arguments(words)
    absent = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        print(f"Not installed: {', '.join(absent)}.{INSTALL}", file=sys.stderr)
        return 2
    if asked.install:
        asked.peers = install(Path(asked.install))
    for python in {sys.executable, asked.peers, *asked.peer.values()}:
        compile_bytecode(python)
    options = ("--workers", str(asked.workers)) if asked.workers else ()
    before = load_now()
    parts: dict[str, Callable[[], list[Figure]]] = {
        "contest": lambda: _contest(asked, options),
        "growth": lambda: growth(asked.districts, options),
        "short": lambda: short(asked.districts, options),
    }
    figures: list[Figure] = []
    try:
        for name in asked.part:
            if figures:
                say(table(figures))  # so that nothing is lost when a later part is broken off
            figures += parts[name]()
    except Skip as reason:
        print(f"Nothing to compare with, since `oda run` failed: {reason}", file=sys.stderr)
        return 2
    print(table(figures))
    print(f"\n{_circumstances(asked)} Load {before} before, {load_now()} after.")
    return 1 if any(figure.met is False for figure in figures) else 0


def _arguments(words: list[str] | None) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--districts", type=int, default=33, help="districts of the smaller pilot [33]")
    parser.add_argument("--rounds", type=int, help="rounds of the contest [3, or 1 with --quick]")
    parser.add_argument("--workers", type=int, help="notebooks at a time for ours [its own default]")
    parser.add_argument("--quick", action="store_true", help=f"give what takes long {FEW} districts, and scale")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS, help="only some of it")
    parser.add_argument("--only", nargs="*", choices=OTHERS, default=list(OTHERS), help="only some of the others")
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="which Python has the others [this]")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="likewise, for one of them")
    parser.add_argument("--install", metavar="FOLDER", help="first install the others into this folder, from the lock")
    asked = parser.parse_args(words)
    asked.rounds = asked.rounds or (1 if asked.quick else 3)
    asked.peer = dict(text.split("=", 1) for text in asked.peer if "=" in text)
    unknown = [name for name in asked.peer if name not in OTHERS]
    if unknown or asked.districts < 1:
        parser.error(f"no other runner {', '.join(unknown)}; there is {', '.join(OTHERS)}")
    return asked


def _contest(asked: argparse.Namespace, options: tuple[str, ...]) -> list[Figure]:
    """Let every way run one notebook for each district, and hold ours against each."""
    total, workers = asked.districts, asked.workers or _workers()
    say(f"{total} districts x 1 notebook, {asked.rounds} rounds")
    few = min(FEW, total) if asked.quick else total
    ways = {"bare": bare(total), "loop": papermill_loop(few, total)}
    ways |= {f"pool of {number}": papermill_pool(few, total, number) for number in sorted({2, workers})}
    absent = []
    for name in asked.only:
        try:
            ways[name] = other_way(name, asked.peer.get(name, asked.peers), districts=few, of=total)
        except Skip as reason:
            absent.append(Figure(what=f"{total} districts x 1 notebook", ours="", other=str(reason), figure="no ratio"))
    contest = Contest(ours=ours(total, options), others=ways)
    take_turns(contest, asked.rounds)
    bars = {"loop": 15, f"pool of {workers}": 5}
    against = [ratio(contest, name, bars.get(name, 1)) for name in ways if name != "bare"]
    return [*against, floor(contest), *absent]


def _workers() -> int:
    """Return how many notebooks ours runs at a time when it is not told."""
    from oda.pool import default_workers

    return default_workers()


def table(figures: list[Figure]) -> str:
    """Return the figures as a table in markdown."""
    lines = ["| what | ours | beside | figure | bar | |", "|---|--:|---|--:|---|---|"]
    verdicts = {True: "met", False: "NOT met", None: ""}
    for one in figures:
        cells = (one.what, one.ours, one.other, one.figure, one.bar, verdicts[one.met])
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)


def load_now() -> str:
    """Return how many processes have waited for a processor in the last minute."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"


def _circumstances(asked: argparse.Namespace) -> str:
    """Return the date, the machine and the versions."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in SHOWN]
    for name in asked.only:
        code = f"import importlib.metadata as m; print(m.version({name!r}))"
        command = [asked.peer.get(name, asked.peers), "-c", code]
        done = subprocess.run(command, env=environment(), capture_output=True, encoding="utf-8", check=False)  # noqa: S603
        versions += [f"{name} {done.stdout.strip()}"] * (done.returncode == 0)
    today = dt.datetime.now(tz=dt.UTC).date()
    machine = f"{platform.system()}, {CORES} cores; Python {platform.python_version()}"
    return f"{today}; {machine}, {', '.join(versions)}; bytecode compiled; rounds: {asked.rounds}."


if __name__ == "__main__":
    raise SystemExit(main())
