"""What stops a report is named with the document, the line and the cell, and the other reports are made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from finished import made_up
from oda.reports import fonts
from oda.reports.build import Report, build_reports
from oda.reports.faults import undrawn
from oda.runs import Run

pytestmark = pytest.mark.xdist_group("run")

REDDITCH = "E07000236"


def build(run: Run) -> Report:
    """Build with the built-in renderer."""
    return build_reports(made_up().pilot, run, renderer="builtin")


@pytest.mark.parametrize(
    ("svg", "said"),
    [
        ("", "it holds no drawing"),
        ("<svg><path d='M0", "its drawing is broken off"),
        ("<svg><g></g></svg>", "its drawing is empty"),
        ("<?xml version='1.0'?><svg><circle/></svg>\n", ""),
    ],
)
def test_a_figure_that_did_not_draw_is_told_from_one_that_did(svg, said):
    """A reader would see nothing, or half of it."""
    assert undrawn(svg) == said


def test_a_figure_that_did_not_draw_is_named_with_its_document_and_its_cell(tmp_path):
    """The other reports are made all the same."""
    own = made_up().run.by_district[REDDITCH]
    broken = own["20-district"]["trend-chart"].model_copy(update={"svg": "<svg><path d="})
    found = {**own, "20-district": {**own["20-district"], "trend-chart": broken}}
    by_district = {**made_up().run.by_district, REDDITCH: found}
    report = build(replace(made_up().run, folder=tmp_path, by_district=by_district))
    (said,) = report.failures
    assert said.startswith(("district-redditch: reports/district.qmd, line ", "redditch: reports/"))
    assert "figure 'trend-chart' did not draw: its drawing is broken off. Mend it in 20-district.ipynb (cell " in said
    assert {"worcester.pdf", "board.html"} <= {path.name for path in report.files}
    assert "redditch.html" not in {path.name for path in report.files}


def test_a_result_that_is_missing_is_named_with_the_notebook_that_failed(tmp_path):
    """The analyst sees which cell to mend, not only which result is not there."""
    record = made_up().run.record
    failed = {**record["outcomes"][-1], "notebook": "30-effect", "task": "30-effect", "district": None, "cell": 4}
    outcomes = [one for one in record["outcomes"] if one["task"] != "30-effect"]
    outcomes.append({**failed, "error": "KeyError: 'secret 7'"})
    once = {name: found for name, found in made_up().run.once.items() if name != "30-effect"}
    report = build(replace(made_up().run, folder=tmp_path, once=once, record={**record, "outcomes": outcomes}))
    said = next(one for one in report.failures if one.startswith("board: "))
    assert "reports/board.qmd, line " in said
    assert "30-effect failed in cell 5 (KeyError)" in said
    assert "30-effect failed in cell 5 (KeyError); run.json has the message" in report.failures
    assert not any("secret 7" in one for one in report.failures)
    assert "worcester.pdf" in {path.name for path in report.files}


def test_missing_fonts_are_named_and_the_pages_without_a_pdf_are_made(tmp_path, monkeypatch):
    """A broken installation says which fonts it lacks."""
    monkeypatch.setattr(fonts, "FILES", (*fonts.FILES, "DejaVuNone.ttf"))
    fonts.without_system_fonts.cache_clear()
    report = build(replace(made_up().run, folder=tmp_path))
    said = "The fonts DejaVuNone.ttf are missing from matplotlib. Install matplotlib again."
    assert f"board, brief, bromsgrove and 6 more: {said}" in report.failures
    assert "index.html" in {path.name for path in report.files}
    fonts.without_system_fonts.cache_clear()
