"""One document or one result that is wrong stops the reports that need it, and no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from finished import made_up
from oda.datasets import load_datasets
from oda.errors import RenderError
from oda.governance import assess
from oda.pilot import Pilot, PlannedReport
from oda.reports.points.edited import results_of
from oda.reports.recorded import Recorded
from oda.reports.staging import Staged, stage
from oda.results import Fact, Results
from oda.runs import Run

pytestmark = pytest.mark.xdist_group("run")

REDDITCH = "E07000236"
SAID = Fact(sentence="Recorded once more.")


def staged(folder: Path, pilot: Pilot | None = None, run: Run | None = None) -> tuple[Staged, set[str]]:
    """Stage the finished pilot, or another; return what was staged and the names of the reports."""
    done = made_up()
    made = stage(pilot or done.pilot, run or done.run, assess(done.pilot, load_datasets(done.pilot)), folder)
    return made, {entry.document.name for entry in made.entries}


def with_more(*, once: Results | None = None, own: Results | None = None) -> Run:
    """Return the finished run with the results of one notebook more, run once or for Redditch."""
    run = made_up().run
    of = run.by_district[REDDITCH] | ({"50-more": own} if own else {})
    return replace(
        run,
        once=run.once | ({"50-more": once} if once else {}),
        by_district=run.by_district | {REDDITCH: of},
    )


def test_several_notebooks_may_say_which_district_they_are_about(tmp_path):
    """A second notebook for each district records the district as the first does, and every report is made."""
    run = with_more(own={"district": Fact(sentence="Redditch.", value=REDDITCH), "wards": SAID})
    assert staged(tmp_path, run=run)[0].failures == ()
    assert "wards" in Recorded(run, made_up().pilot.district(REDDITCH))


def test_a_result_of_two_notebooks_stops_the_reports_that_ask_for_it(tmp_path):
    """Both notebooks are named with their cells, once for all such reports; the others are made."""
    made, names = staged(tmp_path, run=with_more(once={"cost": SAID, "strength-details": SAID}))
    cell = next(
        one.recorded["strength-details"]["cell"] for one in made_up().run.outcomes if one.notebook == "40-sensitivity"
    )
    said = f"2 notebooks record 'strength-details': 40-sensitivity.ipynb (cell {cell + 1}) and 50-more.ipynb."
    assert any(said in one for one in made.failures)
    assert {"redditch", "worcester"} <= names
    assert "annex" not in names


def test_main_points_refuse_a_result_of_two_notebooks():
    """They never rest on whichever notebook came last."""
    results = results_of(with_more(once={"effect": SAID}))
    assert "strength" in results
    assert "effect" not in list(results)
    with pytest.raises(RenderError, match="2 notebooks record 'effect'"):
        results.get("effect")


def test_two_reports_of_one_name_are_refused_alone(tmp_path):
    """One district's report cannot be written over another document's; the others are made."""
    pilot = made_up().pilot
    more = tuple(PlannedReport(document=f"reports/{name}.qmd") for name in ("Redditch", "index"))
    made, names = staged(tmp_path, pilot.model_copy(update={"reports": (*pilot.reports, *more)}))
    assert any(
        "Two reports would be called redditch: reports/district.qmd and reports/Redditch.qmd" in one
        for one in made.failures
    )
    assert any(
        "index: Two reports would be called index: reports/index.qmd and the page" in one for one in made.failures
    )
    assert not {"redditch", "Redditch", "index"} & names
    assert {"board", "worcester"} <= names


def test_a_document_that_cannot_name_a_page_is_refused_alone(tmp_path):
    """The file is named, and what to do."""
    pilot = made_up().pilot
    more = PlannedReport(document="reports/my report.qmd")
    made, names = staged(tmp_path, pilot.model_copy(update={"reports": (*pilot.reports, more)}))
    assert made.failures == (
        "my report: reports/my report.qmd: 'my report' cannot name a document. Use letters, digits, '-' and '_' only. "
        "Rename the document in reports/ and in pilot.yml.",
    )
    assert "board" in names


def test_a_second_document_for_each_district_leaves_the_names_of_the_first(tmp_path):
    """Links to a district's report hold when a pilot gains another."""
    pilot = made_up().pilot
    (pilot.folder / "reports" / "ward.qmd").write_text("---\ntitle: Wards\n---\n\nWords.\n", encoding="utf-8")
    more = PlannedReport(document="reports/ward.qmd", for_each="district")
    _, names = staged(tmp_path, pilot.model_copy(update={"reports": (*pilot.reports, more)}))
    (pilot.folder / "reports" / "ward.qmd").unlink()
    assert {"redditch", "ward-redditch"} <= names
