"""Nothing small leaks: a pilot with a district of a few admissions, from its file to its pages."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd
import pikepdf
import pytest

from finished import Finished, baked, finish
from oda.results import CannotSay, Picture, Table

TINY, COUNTS = "E07000236", (0, 1, 2, 0, 3, 0, 1, 0, 0, 0, 0, 0)  # seven a year in Redditch
CARD = """\
name: falls
title: Emergency admissions for falls
licenses: [{name: OGL-UK-3.0}]
sources: [{title: Made up for a test}]
resources:
  - name: falls
    path: data/raw/falls.csv
    schema:
      fields:
        - {name: district_code, type: string}
        - {name: period, type: string}
        - {name: population, type: integer}
        - {name: admissions, type: integer}
        - {name: visits, type: integer}
x-ig: {class: open, controller: nobody}
"""

pytestmark = pytest.mark.xdist_group("small")


def rows(codes: list[str]) -> pd.DataFrame:
    """Make two years of months: some 60 admissions a month in each district, and seven a year in one."""
    months = pd.period_range("2024-08", "2026-07", freq="M")
    return pd.DataFrame(
        [
            {
                "district_code": code,
                "period": str(month),
                "population": 997 if code == TINY else 30_011,
                "admissions": COUNTS[month.month - 1] if code == TINY else 57 + (place * 7 + month.month) % 11,
                "visits": (1 if month == months[-1] else 0) if code == TINY else 0,
            }
            for place, code in enumerate(codes)
            for month in months
        ]
    )


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Finished:
    """Run and report a pilot in which one district's counts are small."""
    folder = baked(tmp_path_factory.mktemp("small"))
    codes = [f"E0700023{digit}" for digit in range(4, 10)]
    rows(codes).to_csv(folder / "data" / "raw" / "falls.csv", index=False)
    (folder / "governance" / "datasets" / "falls.yml").write_text(CARD, encoding="utf-8")
    return finish(folder)


def tables(done: Finished) -> list[Table]:
    """Return every table of the run, those behind charts included."""
    every = [
        *done.run.once.values(),
        *(found for results in done.run.by_district.values() for found in results.values()),
    ]
    items = [item for found in every for item in found.values()]
    return [item for item in items if isinstance(item, Table)] + [i.data for i in items if isinstance(i, Picture)]


def test_no_table_shows_a_small_count(done):
    """Every count of admissions is zero, hidden or a multiple of five from ten up."""
    shown = [
        row[place]
        for table in tables(done)
        for place, column in enumerate(table.columns)
        if column.title == "Admissions"
        for row in table.rows
    ]
    assert "[c]" in shown
    assert [cell for cell in shown if cell != "[c]" and (0 < cell < 10 or cell % 5)] == []


def test_no_rate_stands_for_a_small_count(done):
    """No rate in any table or chart is that of 1 to 7 admissions in the small district."""
    telling = {
        round(count * per / 997 * 100_000 / years) for count in range(1, 8) for per in (1, 4, 12) for years in (1, 2)
    }
    numbers = {
        round(row[place])
        for table in tables(done)
        for place, column in enumerate(table.columns)
        if column.unit.startswith("per 100,000")
        for row in table.rows
        if isinstance(row[place], float)
    }
    assert len(numbers) > 10
    assert numbers & telling == set()


def test_no_effect_is_reckoned_from_hidden_counts(done):
    """An estimate to three decimals would give a count away."""
    effect = done.run.once["30-effect"]["effect"]
    assert isinstance(effect, CannotSay)


def test_visits_too_few_to_show_are_not_shown(done):
    """One visit in the small district is on no page, alone or in a total."""
    said = done.run.by_district[TINY]["20-district"]["visits"]
    assert said.sentence.startswith("Some home visits")
    assert done.run.once["30-effect"]["visits-total"].value is None


def test_pages_pdfs_and_csv_mark_what_is_hidden(done):
    """What a table hides is hidden wherever the table goes."""
    folder = done.report.index.parent
    assert "[c]" in (folder / "redditch.html").read_text(encoding="utf-8")
    with (folder / "data" / "redditch-years.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row[1] for row in csv.reader(stream)][1:] == ["[c]", "[c]"]
    with pikepdf.open(folder / "redditch.pdf") as pdf:
        assert len(pdf.pages) >= 2


def test_no_figure_of_the_file_is_in_a_drawing_or_its_words(done):
    """Charts of the small district draw no point that is not in their table, and no words carry its counts."""
    for item in done.run.by_district[TINY]["20-district"].values():
        if isinstance(item, Picture):
            assert not re.search(r"\b[1-7] admissions\b", item.alt + item.description + item.caption)
            assert "<text" not in item.svg


def test_the_raw_file_stays_where_it_was(done):
    """No copy of the data lies among what a run makes."""
    names = [path.name for path in Path(done.run.folder).rglob("*") if path.is_file()]
    assert "falls.csv" not in names
