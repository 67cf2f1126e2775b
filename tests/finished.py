"""A baked pilot, run and reported once for all tests that look at what came out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from checkout import ROOT, bake
from oda.datasets import load_datasets
from oda.governance import assess
from oda.pilot import Pilot, load_pilot
from oda.reports.build import Report, build_reports
from oda.reports.context import Context
from oda.running import run_plan
from oda.runs import Run

OPEN_CARD = """\
name: falls
title: Emergency hospital admissions due to falls among people aged 65 and over (22401)
licenses:
  - {name: OGL-UK-3.0, title: Open Government Licence v3.0}
sources:
  - {title: "Office for Health Improvement and Disparities, Fingertips, indicator 22401"}
resources:
  - name: falls
    path: data/raw/falls.csv
    schema:
      fields:
        - {name: district_code, type: string, x-column: area_code}
        - {name: period, type: string}
        - {name: rate, type: number, x-column: value, x-unit: "per 100,000 people aged 65 and over"}
x-ig:
  class: open
  controller: Office for Health Improvement and Disparities
"""


@dataclass(frozen=True)
class Finished:
    """A pilot with its run and its reports."""

    pilot: Pilot
    run: Run
    report: Report

    def page(self, name: str) -> str:
        """Return a page as text."""
        return (self.report.index.parent / f"{name}.html").read_text(encoding="utf-8")


def finish(folder: Path) -> Finished:
    """Run a pilot and make its reports with the built-in renderer."""
    pilot = load_pilot(folder)
    run, _ = run_plan(pilot)
    return Finished(pilot=pilot, run=run, report=build_reports(pilot, run, renderer="builtin"))


def baked(to: Path, *answers: str) -> Path:
    """Bake a pilot and return its folder."""
    done = bake(str(ROOT), to, *answers)
    assert done.returncode == 0, done.stdout
    return next(to.glob("*/pilot.yml")).parent


@cache
def made_up() -> Finished:
    """Finish the default pilot, on made-up data, once."""
    return finish(baked(Path(mkdtemp(prefix="oda-tests-")) / "made-up"))


def context(folder: Path, run: Run | None = None, **changes: object) -> Context:
    """Return a context to expand a document of the whole pilot in, of the finished pilot or another run."""
    done = made_up()
    of = run or done.run
    parts = {
        "pilot": done.pilot,
        "run": of,
        "assessment": assess(done.pilot, load_datasets(done.pilot)),
        "name": "board",
        "source": "reports/board.qmd",
        "district": None,
        "results": {key: item for found in of.once.values() for key, item in found.items()},
        "project": folder,
    }
    return Context(**{**parts, **changes})


def real(oda: str, source: Path, to: Path) -> Path:
    """Bake a pilot of an ODA and put a real file in, as README.md says; return its folder."""
    folder = baked(to, f"oda={oda}")
    (folder / "data" / "raw" / "falls.csv").write_bytes(source.read_bytes())
    (folder / "governance" / "datasets" / "falls.yml").write_text(OPEN_CARD, encoding="utf-8")
    return folder
