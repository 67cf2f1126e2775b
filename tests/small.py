"""A pilot with a plan of tiny notebooks, which run in a moment: what the tests of running share."""

from __future__ import annotations

import atexit
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import yaml

from finished import baked
from oda.kernels.warming import Warm
from oda.pilot import load_pilot
from oda.pool import Pool
from oda.preparing import Policy, Prepared, prepare
from oda.progress import Display
from oda.running import run_plan
from oda.runs import Outcome, Run

SAY = 'import oda\noda.record("district", oda.Fact(sentence="Which district.", value=district))'
ONCE = {"notebook": "notebooks/once.ipynb"}
PLACES = {"notebook": "notebooks/place.ipynb", "for_each": {"district": ["Redditch", "Worcester"]}}


@cache
def _whole() -> Path:
    """Bake a pilot once, which others are copied from."""
    return baked(Path(mkdtemp(prefix="oda-tests-")) / "small")


def small(to: Path, plan: list[dict[str, Any]], **notebooks: list[str]) -> Path:
    """Return a pilot in a new folder, with a plan and notebooks of these cells; one that begins with # is Markdown."""
    folder = shutil.copytree(_whole(), to / "small")
    for path in (folder / "notebooks").iterdir():
        path.unlink()
    settings(folder, run=plan)
    for name, cells in notebooks.items():
        write(folder, name, cells)
    return folder


def settings(folder: Path, **changed: Any) -> None:
    """Change settings of a pilot."""
    path = folder / "pilot.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) | changed
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def write(folder: Path, name: str, cells: list[str]) -> None:
    """Write a notebook, whose first cell of code is tagged as the one of parameters."""
    made: list[dict[str, Any]] = []
    for number, source in enumerate(cells):
        code = not source.startswith("# ")
        first = code and not any(cell["cell_type"] == "code" for cell in made)
        cell = {
            "id": f"cell-{number}",
            "cell_type": "code" if code else "markdown",
            "metadata": {"tags": ["parameters"]} if first else {},
            "source": source,
        }
        made.append(cell | ({"execution_count": None, "outputs": []} if code else {}))
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": made}
    (folder / "notebooks" / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")


@cache
def _warm() -> Warm:
    """Start the parent of kernels once for all runs of this process."""
    warm = Warm(())
    atexit.register(warm.__exit__, None, None, None)
    return warm


@contextmanager
def warm_farm(prepared: Prepared, *_: object) -> Iterator[Pool]:
    """Execute notebooks as a run does, with a parent of kernels that was there already."""
    with Pool(_warm(), 2, prepared.folder / "workers.log") as pool:
        yield pool


def plan(folder: Path, **policy: Any) -> Prepared:
    """Return what a run would have to do."""
    return prepare(load_pilot(folder), Policy(**policy))


def go(folder: Path, shown: Display | None = None, **policy: Any) -> Run:
    """Run what has changed of a pilot."""
    with patch("oda.running.open_farm", warm_farm):
        return run_plan(load_pilot(folder), Policy(**policy), shown=shown)[0]


def executed(run: Run) -> set[str]:
    """Return the tasks that a run executed, not took over."""
    return {outcome.task for outcome in run.outcomes if not outcome.reused}


def of(run: Run, task: str) -> Outcome:
    """Return what became of one task."""
    return next(outcome for outcome in run.outcomes if outcome.task == task)


def command(folder: Path, *words: str, script: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Call a command as a person does, or a script, in a process of its own."""
    told = [sys.executable, *([str(script)] if script else ["-m", "oda"]), *words]
    return subprocess.run(told, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=120)
