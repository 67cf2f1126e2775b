"""The pilot's own documents: short, in order, titled for a list, and the brief on two pages, however many districts."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pikepdf
import pytest
import yaml

from checkout import TEMPLATE
from finished import baked, context, made_up
from oda.evaluate import sentence
from oda.pilot import Pilot, load_pilot
from oda.preparing import Policy
from oda.presets import read_preset
from oda.reports.builtin.rendering import attempt
from oda.reports.document import Document
from oda.reports.expanding import expand
from oda.reports.points.drafting import MOST_WORDS
from oda.reports.points.few_words import summary
from oda.results import CannotSay, Estimated
from oda.running import run_plan
from oda.runs import Run

pytestmark = pytest.mark.xdist_group("run")

DOCUMENTS = sorted((TEMPLATE / "reports").glob("*.qmd"))
NAMES = {  # longer than those of any district, and the title that a pilot of this kind starts from
    "district name": "Bournemouth, Christchurch and Poole with Weymouth",
    "pilot title": read_preset("pilots", "falls")["title"],
}
NUMBERS = "Where the numbers come from"
LONG = (  # as many words as a main point may have
    "Wherever fire-service teams made their visits, emergency admissions of older people following falls were "
    "fewer than would otherwise have been expected in those months."
)
SUBJECT, AGAINST = "In the districts with visits the rate of admissions", "than it would have been without them"
COSTS = """\
costs:
  price_year: 2025
  visit: {amount: 120, pays: "fire and rescue service", source: "unit cost of the service"}
  admission: {amount: 3500, gains: "NHS", cashable: 20, source: "national cost collection"}
"""


def front(path: Path) -> dict[str, str]:
    """Return a document's front matter."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1]))


def words_of(page: str) -> list[str]:
    """Return the words of a page's main part, without tables, captions, links to data, notices and sources."""
    main = page.partition('<main id="page-main"')[2].partition("</main>")[0].partition(NUMBERS)[0]
    main = re.sub(r"\(\s*<a[^>]*>source .*?</a>\s*\)|<a[^>]*>Download .*?</a>", " ", main, flags=re.DOTALL)
    apart = r"<(table|style|svg|figcaption)\b.*?</\1>|<div[^>]*notice notice-.*?</div>.*?</div>|<[^>]+>"
    return html.unescape(re.sub(apart, " ", main, flags=re.DOTALL)).split()


@cache
def priced(oda: str) -> tuple[Pilot, Run]:
    """Run what the brief needs of a pilot of an office that knows its prices, its main points as long as may be."""
    folder = baked(Path(mkdtemp(prefix="oda-tests-")), f"oda={oda}")
    settings = (folder / "pilot.yml").read_text(encoding="utf-8").partition("# costs:")[0]
    (folder / "pilot.yml").write_text(settings + COSTS, encoding="utf-8")
    pilot = load_pilot(folder)
    run, _ = run_plan(pilot, Policy(only=("30-effect", "40-sensitivity")))
    rests = ("effect", "effect", "strength", "worth", "visits-total", "precision")
    seen = {key: summary(item) for found in run.once.values() for key, item in found.items()}
    points = [{"id": f"p-{n}", "results": [key], "text": LONG, "seen": {key: seen[key]}} for n, key in enumerate(rests)]
    (folder / "reports" / "main-points.yml").write_text(json.dumps({"points": points}), encoding="utf-8")
    return pilot, run


def brief(oda: str, to: Path, *, costs: bool, effect: bool) -> int:
    """Make the brief of a pilot with or without prices, of an effect found or not; return how many pages it has."""
    pilot, run = priced(oda)
    results = {key: item for found in run.once.values() for key, item in found.items()}
    if not costs:
        results["worth"] = CannotSay(sentence="What an admission saves is not on record.", needed="costs in pilot.yml.")
        del results["cost"]
    if not effect:
        found = replace(results["effect"].estimate, value=0.95, ci_low=0.78, ci_high=1.16)
        results["effect"] = Estimated(sentence=sentence(found, subject=SUBJECT, against=AGAINST), estimate=found)
    parts = {
        "pilot": pilot,
        "results": results,
        "name": "brief",
        "source": "reports/brief.qmd",
        "mark": "draft: true\n",
    }
    written = (pilot.folder / "reports" / "brief.qmd").read_text(encoding="utf-8")
    (to / "brief.qmd").write_text(expand(written, context(to, run, **parts)), encoding="utf-8")
    assert attempt(to, [Document(name="brief", formats=("pdf",))], to) == {}
    with pikepdf.open(to / "brief.pdf") as pdf:
        return len(pdf.pages)


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
    """Fewer than 1,000 words without its tables, captions and links."""
    assert 700 < len(words_of(made_up().page("board"))) < 1000


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


@pytest.mark.parametrize("effect", [True, False], ids=["effect", "no effect"])
@pytest.mark.parametrize("costs", [True, False], ids=["priced", "not priced"])
@pytest.mark.parametrize("oda", ["worcestershire", "greater-manchester", "london"])
def test_the_brief_has_two_pages(oda, costs, effect, tmp_path):
    """A draft of 6, 10 and 33 districts, edited points of 24 words, some to be looked at where the effect has moved."""
    assert len(LONG.split()) == MOST_WORDS
    assert brief(oda, tmp_path, costs=costs, effect=effect) == 2
