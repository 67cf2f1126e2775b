"""The pilot's own documents: short, in order, titled for a list, and the brief on two pages, however many districts."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pikepdf
import pytest
import yaml

from checkout import TEMPLATE
from finished import Finished, baked, made_up
from oda.pilot import load_pilot
from oda.preparing import Policy
from oda.presets import read_preset
from oda.reports.build import build_reports
from oda.running import run_plan

pytestmark = pytest.mark.xdist_group("run")

DOCUMENTS = sorted((TEMPLATE / "reports").glob("*.qmd"))
NAMES = {  # longer than those of any district, and the title that a pilot of this kind starts from
    "district name": "Bournemouth, Christchurch and Poole with Weymouth",
    "pilot title": read_preset("pilots", "falls")["title"],
}
NUMBERS = "Where the numbers come from"


def front(path: Path) -> dict[str, str]:
    """Return a document's front matter."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1]))


def words_of(page: str) -> list[str]:
    """Return the words of a page's main part, without tables, captions, links to data, notices and sources."""
    main = page.partition('<main id="page-main"')[2].partition("</main>")[0].partition(NUMBERS)[0]
    main = re.sub(r"\(\s*<a[^>]*>source .*?</a>\s*\)|<a[^>]*>Download .*?</a>", " ", main, flags=re.DOTALL)
    apart = r"<(table|style|svg|figcaption)\b.*?</\1>|<div[^>]*notice notice-.*?</div>.*?</div>|<[^>]+>"
    return html.unescape(re.sub(apart, " ", main, flags=re.DOTALL)).split()


def brief(done: Finished) -> int:
    """Return how many pages the brief has."""
    with pikepdf.open(done.report.index.parent / "brief.pdf") as pdf:
        return len(pdf.pages)


def of_many(oda: str, folder: Path) -> Finished:
    """Run what the brief needs of a pilot of another office, and make the brief alone."""
    pilot = load_pilot(baked(folder, f"oda={oda}"))
    run, _ = run_plan(pilot, Policy(only=("30-effect", "40-sensitivity")))
    alone = pilot.model_copy(update={"reports": tuple(one for one in pilot.reports if one.name == "brief")})
    return Finished(pilot=pilot, run=run, report=build_reports(alone, run, renderer="builtin"))


def test_there_are_three_documents_and_a_brief():
    """For a board, for each district, for whoever checks, and for print."""
    made = {path.name for path in made_up().report.files}
    assert {"board.html", "brief.pdf", "annex.html", "redditch.html"} <= made
    assert made_up().report.failures == ()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_titles_and_descriptions_are_as_short_as_they_must_be(path):
    """A title under 65 characters; a description under 160 that ends in a full stop, also for a long name."""
    about = {
        key: re.sub(r"\{\{< oda ([a-z ]+) >\}\}", lambda found: NAMES[found[1]], text)
        for key, text in front(path).items()
        if key != "subtitle"
    }
    assert len(about["title"]) < 65
    assert len(about["description"]) < 160
    assert about["description"].endswith(".")


def test_no_two_pages_of_the_whole_pilot_have_one_title():
    """A reader with three tabs open tells them apart."""
    titles = [front(path)["title"] for path in DOCUMENTS]
    assert len(set(titles)) == len(titles)


def test_the_board_report_answers_first_and_keeps_its_order():
    """Answer, main points, what was done, effect, strength, worth, what is not known, districts, method, data."""
    page = made_up().page("board").split('<main id="page-main"', 1)[1]
    heads = [html.unescape(re.sub(r"<[^>]+>", "", head)).strip() for head in re.findall(r"<h2[^>]*>(.*?)</h2>", page)]
    assert page.index('class="answer"') < page.index("Main points")
    assert [head for head in heads if "draft" not in head] == [
        "Main points",
        "What was done, and for whom",
        "What changed",
        "How strong the evidence is",
        "What it is worth",
        "What we do not know",
        "The districts side by side",
        "Method",
        "Data and governance",
        NUMBERS,
    ]


def test_the_board_report_is_read_in_four_minutes():
    """About 900 words without its tables, captions and links."""
    assert 700 < len(words_of(made_up().page("board"))) < 950


def test_without_costs_the_report_says_plainly_that_worth_cannot_be_concluded():
    """No price is made up."""
    words = " ".join(words_of(made_up().page("board")))
    assert "Cannot be concluded. What a visit costs and what an admission saves is not on record." in words
    assert "pounds for a visit and for an admission avoided, each with its source" in words


def test_every_result_of_the_whole_pilot_stands_in_the_annex_or_the_board_report():
    """Nothing that a notebook recorded is lost; the day of the data dates the pages."""
    done = made_up()
    asked = " ".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    recorded = {key for results in done.run.once.values() for key in results}
    assert {key for key in recorded if not re.search(rf"(say|table|figure) {key}\b", asked)} <= {"data-until", "cost"}


def test_a_district_stands_among_the_others_and_claims_no_effect():
    """Its own page marks it among all, and sends the reader to the board report."""
    words = " ".join(words_of(made_up().page("redditch")))
    assert "Redditch is marked" in words
    assert "One district cannot show whether visits work" in words


def test_the_brief_has_two_pages():
    """For print: six districts."""
    assert brief(made_up()) == 2


@pytest.mark.parametrize("oda", ["greater-manchester", "london"])
def test_the_brief_has_two_pages_with_more_districts(oda, tmp_path):
    """Ten districts, and thirty-three of which one is left out of the chart."""
    done = of_many(oda, tmp_path)
    assert done.report.failures == ()
    assert brief(done) == 2
