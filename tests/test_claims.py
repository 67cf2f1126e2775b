"""Claims of a document that turn on the pilot: the rule of the decision, the method of an estimate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from saying import NOT, RATIOS, estimated

from finished import context, made_up
from oda.governance import Assessment
from oda.pilot import Pilot
from oda.reports.claims import PLAN, say_method, say_rule
from oda.reports.expanding import expand
from oda.results import Estimated

pytestmark = pytest.mark.xdist_group("run")

RULE = """\
decision_rule:
  fund: "The whole interval lies below no change."
  change: The interval holds no change
  stop: The whole interval lies above it
  decided_by: The board on 1 May 2027
"""


def pilot_with(folder: Path, plan: str) -> Pilot:
    """Return the finished pilot with another plan of its evaluation."""
    (folder / "governance").mkdir()
    (folder / PLAN).write_text(plan, encoding="utf-8")
    return made_up().pilot.model_copy(update={"folder": folder})


def signed(folder: Path, state: str) -> Assessment:
    """Return how the checklist stands, with the plan in this state."""
    now = context(folder).assessment
    return replace(now, findings=(replace(now.finding("O04"), state=state),))


def test_a_fresh_pilot_has_no_rule_on_record():
    """The plan of a new pilot says TODO, so no report says that the board has a rule."""
    brief = made_up().page("brief")
    assert "No rule for the decision is on record yet" in brief
    assert "agreed before" not in brief


@pytest.mark.parametrize("plan", [RULE.replace("The board on", "TODO"), "decision_rule: [", "review_by: TODO"])
def test_a_rule_that_is_not_whole_is_none(tmp_path, plan):
    """A part still to do, a broken file and a plan without a rule: none is on record."""
    assert say_rule(pilot_with(tmp_path, plan), signed(tmp_path, "open")).startswith("No rule for the decision")


@pytest.mark.parametrize(("state", "words"), [("signed", "signed"), ("stale", "not signed yet")])
def test_a_rule_is_told_with_whether_it_is_signed(tmp_path, state, words):
    """The words of the plan stand in the report; that it was agreed beforehand is said by its signature alone."""
    said = say_rule(pilot_with(tmp_path, RULE), signed(tmp_path, state))
    assert said.startswith(f"The rule on record, {words}, is ")
    assert "Goes on: The whole interval lies below no change; changes: The interval holds no change; stops: " in said
    assert said.endswith("decided by: The board on 1 May 2027.")


def by(method: str) -> Estimated:
    """Return an estimate by a method."""
    one = estimated(RATIOS["lower"])
    return one.model_copy(update={"estimate": replace(one.estimate, method=method)})


@pytest.mark.parametrize(
    ("inference", "why"),
    [
        ("t test with 4 degrees of freedom", "Donald and Lang"),
        ("t test (CR2 errors) with 8 degrees of freedom", "Bell and McCaffrey"),
        ("t test (CRV1 errors) with 32 degrees of freedom", "enough districts on both sides"),
        ("interval from 10,000 draws of the effects alone, seed 1", "the true range is wider"),
    ],
)
def test_the_method_that_is_told_is_the_one_that_was_taken(inference, why):
    """Six, ten and 33 districts have different ones, each with its own reason and no other's."""
    said = say_method(by(inference))
    assert inference in said
    others = {"Donald and Lang", "Bell and McCaffrey", "enough districts on both sides", "the true range is wider"} - {
        why
    }
    assert why in said
    assert not [other for other in others if other in said]


def test_the_estimator_is_told_with_the_method_that_uses_it():
    """What each district is collapsed to stands beside an effect so estimated, and beside no other number."""
    said = say_method(
        by("difference-in-differences on one before-and-after change for each of 6 districts, t test with 4")
    )
    assert "The estimand is the average effect" in said
    assert "(Goodman-Bacon, 2021)" in said
    assert "estimand" not in say_method(by("10,000 draws of the effects alone"))
    assert "(Roth, 2022)" in say_method(by("difference in slope before the start over 6 districts, t test with 4"))


def test_where_nothing_is_concluded_no_method_is_told(tmp_path):
    """An interval is not explained where there is none."""
    text = "---\ntitle: T\n---\nA\n\n{{< oda method worth >}}\n\n{{< oda method none optional >}}\n"
    made = replace(context(tmp_path), results={"worth": NOT})
    said = expand(text, made).split("---\n", 2)[2]
    assert "A\n" in said
    assert "Method" not in said


def test_the_annex_names_the_method_of_its_own_estimate():
    """The words below the estimator are those of the table above."""
    effect = made_up().run.once["30-effect"]["effect"]
    assert isinstance(effect, Estimated)
    page = " ".join(made_up().page("annex").split())
    assert f"Method: {effect.estimate.method}." in page


@pytest.mark.parametrize("name", ["board", "brief", "annex", "redditch"])
def test_a_pdf_that_is_mailed_alone_links_no_other_page(name):
    """Every link out of a PDF has a whole address."""
    with pikepdf.open(made_up().report.index.parent / f"{name}.pdf") as pdf:
        links = [one.get("/A", {}).get("/URI") for page in pdf.pages for one in page.get("/Annots", [])]
    assert not [
        str(link) for link in links if link is not None and "://" not in str(link) and "mailto:" not in str(link)
    ]
