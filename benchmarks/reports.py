"""Time `oda report` against nbconvert: `python benchmarks/reports.py [--quick]`.

33 districts, each a page and a PDF by the built-in renderer, against nbconvert's page alone, one by one, from the same
executed notebooks. Whole processes, taking turns in rounds; medians, and ratios within this one run. What is on the
pages is compared first. Then what it costs when nothing has changed, and when one district has.
"""

from __future__ import annotations

import argparse
import html
import importlib.metadata
import importlib.util
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import yaml

from bars import SHORT, Figure
from measuring import say
from runners import CORES, compile_bytecode, environment
from running import load_now, table
from workload import ROOT

FEW = 4  # notebooks that --quick gives to nbconvert
NOTEBOOK = "notebooks/20-district.ipynb"
RESULT = "application/vnd.oda.result+json"
SHOWN = ("oda-toolkit", "pypandoc_binary", "typst", "nbconvert")


def main(words: list[str] | None = None) -> int:
    """Time everything, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, help="rounds of the contest [3, or 1 with --quick]")
    parser.add_argument("--quick", action="store_true", help=f"give nbconvert {FEW} notebooks, and scale")
    asked = parser.parse_args(words)
    absent = [name for name in ("oda", "cookiecutter", "nbconvert") if importlib.util.find_spec(name) is None]
    if absent:
        print(f"Not installed: {', '.join(absent)}. See README.md beside this file.", file=sys.stderr)
        return 2
    compile_bytecode(sys.executable)
    before = load_now()
    with tempfile.TemporaryDirectory(prefix="oda-timed-", ignore_cleanup_errors=True) as scratch:
        pilot = _run_pilot(Path(scratch).resolve())
        rounds = asked.rounds or (1 if asked.quick else 3)
        figures = [*_contest(pilot, rounds, FEW if asked.quick else None), *_short(pilot)]
    print(table(figures))
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in SHOWN)
    print(f"\n{CORES} cores; {versions}; rounds: {rounds}. Load {before} before, {load_now()} after.")
    return 1 if any(figure.met is False for figure in figures) else 0


def _run_pilot(scratch: Path) -> Path:
    """Bake the pilot of an office with 33 districts, and run its notebooks."""
    say("a pilot of 33 districts is baked and run, which is not timed")
    command = [sys.executable, "-m", "cookiecutter", str(ROOT), "--no-input", "--default-config"]
    subprocess.run([*command, "--output-dir", str(scratch), "oda=london"], check=True, capture_output=True)  # noqa: S603
    folder = next(scratch.glob("*/pilot.yml")).parent
    _seconds([sys.executable, "-m", "oda", "run", "--quiet"], folder)
    return folder


def _contest(pilot: Path, rounds: int, few: int | None) -> list[Figure]:
    """Let both make pages of the same notebooks, ours before and after the other in each round."""
    executed = sorted(pilot.glob(f"runs/*/notebooks/{Path(NOTEBOOK).stem}-*.ipynb"))
    chosen = executed[:few]
    documents = yaml.safe_load((pilot / "pilot.yml").read_text(encoding="utf-8"))["reports"]
    ways = {
        f"{len(executed)} districts, the same notebooks as pages and PDFs": [
            {"document": NOTEBOOK, "for_each": "district"}
        ],
        f"{len(executed)} districts and the board, as the template has them": documents,
    }
    figures = []
    for what, reports in ways.items():
        _plan(pilot, reports)
        work, ours, theirs = [_processor()], [_ours(pilot)], []
        work.append(_processor())
        for turn in range(rounds):
            say(f"  {what}: round {turn + 1} of {rounds}")
            theirs.append(_nbconvert(chosen) * len(executed) / len(chosen))
            work.append(_processor())
            ours.append(_ours(pilot))
        _compare(pilot, executed, chosen)
        beside = [(first + second) / 2 for first, second in itertools.pairwise(ours)]
        faster = median(their / mine for their, mine in zip(theirs, beside, strict=True))
        scaled = f" ({len(chosen)} of them, scaled)" if few else ""
        mine, their = work[1] - work[0], (work[2] - work[1]) * len(executed) / len(chosen)
        figures.append(
            Figure(
                what=what,
                ours=f"{median(beside):.1f} s ({mine:.0f} s of processor)",
                other=f"nbconvert to HTML, one by one{scaled}: {median(theirs):.1f} s ({their:.0f} s)",
                figure=f"{faster:.1f} times faster",
                bar="8 times faster",
                met=faster >= 8,
            )
        )
    return figures


def _plan(pilot: Path, reports: list[dict[str, str]]) -> None:
    """Say in `pilot.yml` which documents are reports, which changes no run."""
    path = pilot / "pilot.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8")) | {"reports": reports}
    path.write_text(yaml.safe_dump(settings, sort_keys=False, allow_unicode=True), encoding="utf-8", newline="\n")


def _ours(pilot: Path, *, anew: bool = True) -> float:
    """Return the seconds of `oda report`; without anything of an earlier one, unless told otherwise."""
    for folder in pilot.glob("runs/*/") if anew else ():
        for name in ("documents", "reports"):
            shutil.rmtree(folder / name, ignore_errors=True)
        (folder / "lint.json").unlink(missing_ok=True)
    return _seconds([sys.executable, "-m", "oda", "report", "--renderer", "builtin"], pilot)


def _nbconvert(notebooks: Iterable[Path]) -> float:
    """Return the seconds of nbconvert, started for each notebook."""
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "--log-level", "ERROR"]
    return sum(_seconds([*command, str(one)], one.parent) for one in notebooks)


def _seconds(command: list[str], folder: Path) -> float:
    """Return the seconds of a whole process, which must end well."""
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, encoding="utf-8", check=False)  # noqa: S603
    seconds = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:4])} failed: {done.stdout}{done.stderr}")
    return seconds


def _processor() -> float:
    """Return the seconds that all processes that have ended have kept a processor busy; on Windows none are told."""
    told = os.times()
    return told.children_user + told.children_system


def _compare(pilot: Path, executed: Iterable[Path], chosen: Iterable[Path]) -> None:
    """Hold what each notebook says of its district against both pages, and see that there is a PDF for each."""
    pages = {path: _words(path) for path in pilot.glob("runs/*/reports/*.html")}
    pdfs = {path.stem for path in pilot.glob("runs/*/reports/*.pdf")}
    for path in executed:
        trend = " ".join(_trend(path).split())
        mine = [page for page, words in pages.items() if trend in words and page.stem in pdfs]
        if not mine or (path in set(chosen) and trend not in _words(path.with_suffix(".html"))):
            raise SystemExit(f"{path.stem} says {trend!r}, and not every page made of it does.")


def _trend(notebook: Path) -> str:
    """Return what a notebook recorded about the trend in its district."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = (one["data"].get(RESULT, {}) for cell in cells for one in cell.get("outputs", ()) if "data" in one)
    return next(str(one["result"]["sentence"]) for one in outputs if one.get("key") == "trend")


def _words(page: Path) -> str:
    """Return the words of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8"))).split())


def _short(pilot: Path) -> list[Figure]:
    """Time what should take no time: nothing has changed, and one district's report is to be made again."""
    say("nothing changed; one district to be made again")
    _ours(pilot)
    made = _made(pilot)
    again = [_ours(pilot, anew=False) for _ in range(SHORT)]
    kept = _made(pilot) == made
    one = []
    for _ in range(3):
        for path in pilot.glob("runs/*/reports/camden.*"):
            path.unlink()
        one.append(_ours(pilot, anew=False))
    others = {path: when for path, when in _made(pilot).items() if path.stem not in ("camden", "index")}
    kept = kept and others.items() <= made.items()
    start = median(_seconds([sys.executable, "-c", "import click, yaml, pydantic"], pilot) for _ in range(SHORT))
    beside = f'`python -c "import click, yaml, pydantic"`: {start:.2f} s'
    told = "" if kept else "; a report was made that need not be"
    figures = [("nothing changed, 33 districts", again, 2.0), ("one district of 33 to be made again", one, 3.0)]
    return [
        Figure(
            what=what,
            ours=f"{median(seconds):.2f} s",
            other=beside,
            figure=f"{median(seconds):.2f} s{told}",
            bar=f"under {most:g} s",
            met=kept and median(seconds) < most,
        )
        for what, seconds, most in figures
    ]


def _made(pilot: Path) -> dict[Path, int]:
    """Return the pages and PDFs, and when each was written."""
    return {path: path.stat().st_mtime_ns for path in pilot.glob("runs/*/reports/*.*") if path.is_file()}


if __name__ == "__main__":
    raise SystemExit(main())
