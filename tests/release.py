"""A pilot with a small run and its release, made in an instant: what the tests of releases and publishing share."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from oda.governance.files.outputs import Release
from oda.governance.release_files import PAGES, newest_release
from oda.pilot import Pilot, load_pilot
from oda.records import hash_file
from oda.reports.releasing import describe, write_release
from oda.runs import Run, read_run, write_record

DAY = dt.date(2026, 11, 21)
ID = "falls-and-frailty-0123456789"
YEARS = {
    "kind": "table",
    "caption": "Year by year",
    "columns": [
        {"title": "Year", "unit": "", "decimals": None},
        {"title": "Admissions", "unit": "", "decimals": 0},
        {"title": "Rate", "unit": "per 100,000", "decimals": 1},
    ],
    "rows": [["2024/25", 40, 1234.5], ["2025/26", "[c]", "[c]"]],
}
PAGE = "<html><body><h1>Falls</h1><p>In 7 of 12 months there were 40 admissions.</p></body></html>"


@dataclass(frozen=True)
class Made:
    """A pilot, its run and its release."""

    pilot: Pilot
    run: Run
    path: Path

    @property
    def folder(self) -> Path:
        """The pilot's folder."""
        return self.pilot.folder

    @property
    def pages(self) -> Path:
        """Where the pages of the release lie."""
        return self.run.folder / PAGES

    @property
    def release(self) -> Release:
        """The release as its file has it."""
        content = newest_release(self.folder).content
        assert isinstance(content, Release)
        return content

    def edit(self, old: str, new: str) -> None:
        """Change the release file."""
        text = self.path.read_text(encoding="utf-8")
        assert old in text
        self.path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def again(self, day: dt.date = DAY) -> Made:
        """Describe what lies in the folder once more, as a person would who wants a changed file released."""
        done = describe(self.pilot, self.run, name="falls", day=day)
        return Made(pilot=self.pilot, run=self.run, path=write_release(self.folder, done))


def released(folder: Path, *, data_class: str = "open", rows: list[list[object]] | None = None) -> Made:
    """Put a finished run and the pages of a release into a pilot, and write its release file."""
    table = YEARS | {"rows": rows or YEARS["rows"]}
    home = folder / "runs" / ID
    (home / PAGES / "data").mkdir(parents=True)
    card = {"name": "falls", "x-ig": {"class": data_class}, "resources": [{"table": {"fields": []}}]}
    file = {"name": "data/raw/falls.csv", "sha256": "0" * 64}
    pilot = load_pilot(folder)
    rule = pilot.disclosure.model_dump()
    record = {"id": ID, "datasets": [{"card": card, "files": [file]}], "outcomes": [], "settings": {"disclosure": rule}}
    results = {"once": {"30-effect": {"years": table}}, "by_district": {}}
    (home / "results.json").write_text(json.dumps(results), encoding="utf-8")
    write_record(home, record | {"results_sha256": hash_file(home / "results.json")})
    lines = ['Year,Admissions,"Rate (per 100,000)"', *(",".join(map(str, row)) for row in table["rows"])]
    (home / PAGES / "data" / "board-years.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig", newline="")
    (home / PAGES / "board.html").write_text(PAGE, encoding="utf-8")
    (home / PAGES / "board.pdf").write_bytes(b"%PDF-1.7 made up")
    run = read_run(home)
    return Made(pilot=pilot, run=run, path=write_release(folder, describe(pilot, run, name="falls", day=DAY)))
