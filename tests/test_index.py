"""The index of a run, as a page and in a browser: the answer, every report, the districts with a search, downloads."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from finished import made_up
from oda.governance import assess
from oda.pilot import District
from oda.reports import index
from oda.reports.builtin import rendering as builtin
from oda.reports.document import Document
from oda.reports.linting.linting import lint_page
from oda.wording import cannot_tell

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.xdist_group("run")


@pytest.fixture(scope="module")
def page() -> str:
    """Return the index page of the finished pilot."""
    return made_up().page("index")


def links(page: str) -> dict[str, str]:
    """Return where each link leads to, by its words."""
    found = re.findall(r'<a\s[^>]*?href="([^"]+)"[^>]*>(.*?)</a>', page, re.DOTALL)
    return {" ".join(html.unescape(re.sub(r"<[^>]+>", "", words)).split()): place for place, words in found}


def size_of(name: str) -> int:
    """Return a file's size in thousands of bytes, as people are told it."""
    return max(1, round((made_up().report.index.parent / name).stat().st_size / 1000))


def test_the_warning_comes_first_then_the_question_and_its_answer(page):
    """Nobody reads a made-up answer before the words that say so, and nobody scrolls for the answer."""
    done = made_up()
    question = next(one for one in done.pilot.questions if one.report == "board")
    said = done.run.once["30-effect"][question.evidence].sentence
    places = [page.index(words) for words in ("These figures are not real", question.question, said, "The reports")]
    assert places == sorted(places)


def test_each_report_is_linked_as_a_page_and_as_a_pdf_with_its_size(page):
    """A reader knows what a link opens, of what kind it is and how large, before it is followed."""
    found = links(page)
    names = {"Board report": "board", **{one.name: one.slug for one in made_up().pilot.districts}}
    for words, name in names.items():
        assert found[words] == f"{name}.html"
        assert found[f"{words} ({size_of(f'{name}.pdf')}kb PDF)"] == f"{name}.pdf"
    assert "size-of" not in page


def test_the_data_of_each_report_are_linked_with_their_size(page):
    """Every CSV file of the run is there, under words that no other link has."""
    found = {place: words for words, place in links(page).items() if place.endswith(".csv")}
    files = {path.relative_to(made_up().report.index.parent).as_posix() for path in made_up().report.files}
    assert set(found) == {name for name in files if name.endswith(".csv")}
    assert all(words.endswith(f"({size_of(place)}kb CSV)") for place, words in found.items())


def test_what_is_shared_and_why_is_a_page_of_the_site(page):
    """The public's page lies beside the reports, and says that it is a draft as they do."""
    assert links(page)["Who shares what, and why"] == "what-is-shared.html"
    shared = made_up().page("what-is-shared")
    assert "<h1>What is shared and why</h1>" in shared
    assert "Not approved for publication" in shared


def test_a_district_s_answer_is_short_and_never_bare(page):
    """A change stands with its interval; one that cannot be told has no direction."""
    said = {one.code: made_up().run.by_district[one.code]["20-district"]["trend"] for one in made_up().pilot.districts}
    items = re.findall(r"<li>\s*<p>?<strong>.*?</li>|<li><strong>.*?</li>", page, re.DOTALL)
    assert len(items) == len(said)
    for item, found in zip(items, said.values(), strict=True):
        told = not cannot_tell(found.estimate)
        assert ("(95% interval: " in item) == told
        assert ("Cannot be told: anything from " in item) == (not told)
    assert {cannot_tell(found.estimate) for found in said.values()} == {True, False}


def test_what_the_pilot_may_do_is_said_in_words(page):
    """A board reads what a step is, and not its name in the checklist."""
    rows = re.findall(r"<tr>\s*<t[hd][^>]*>([^<]*)</t[hd]>\s*<td[^>]*>([^<]*)</td>", page)
    assert ("Load personal data", "may go ahead") in rows
    assert ("Publish anything outside the team", "not yet") in rows


def entry(district: District | None, source: str) -> index.Entry:
    """Return a report on the index page, with one table."""
    stem = Path(source).stem
    name = stem if district is None else f"{stem}-{district.slug}"
    return index.Entry(
        document=Document(name=name, formats=("html", "pdf")),
        district=district,
        results={},
        tables=[("The same caption", Path(f"data/{name}.csv"), 1_234_567)],
        source=source,
        origins=(),
    )


def test_several_reports_on_each_district_are_told_apart(tmp_path: Path):
    """Two documents for each district and one that an analyst added have links that read differently."""
    done = made_up()
    whole = [entry(None, "reports/board.qmd"), entry(None, "reports/extra_notes.qmd")]
    own = [entry(one, f"reports/{kind}.qmd") for one in done.pilot.districts for kind in ("district", "brief")]
    run = replace(done.run, folder=tmp_path)
    text = index.write(done.pilot, run, assess(done.pilot), [*whole, *own], ["brief: it failed"])
    (tmp_path / "index.qmd").write_text(text, encoding="utf-8")
    (path,) = builtin.render(tmp_path, [Document(name="index", formats=("html",))], tmp_path)
    page = path.read_text(encoding="utf-8")
    assert [one.rule for one in lint_page(page, name="index.html")] == []
    assert {"Extra notes", "Redditch: district", "Redditch: two-page brief"} <= set(links(page))
    assert "Redditch, district: The same caption (1.2mb CSV)" in links(page)
    assert "Not everything could be made" in page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the browser that is installed."""
    with sync_playwright() as player:
        started = player.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
def test_the_search_shows_the_districts_that_have_the_words(browser):
    """What is typed hides the others at once, and how many are left is read aloud."""
    opened = browser.new_page(viewport={"width": 320, "height": 900})
    opened.goto(made_up().report.index.as_uri())
    box, shown = opened.get_by_label("Find a district"), opened.locator(".finder-list > ul > li:visible")
    assert (shown.count(), opened.get_by_role("status").inner_text()) == (6, "")
    box.fill("  RÉDDITCH ")
    assert (shown.count(), opened.get_by_role("status").inner_text()) == (1, "1 of 6 districts found")
    box.fill("nowhere at all")
    assert (shown.count(), opened.get_by_role("status").inner_text()) == (0, "0 of 6 districts found")
    box.fill("")
    assert (shown.count(), opened.get_by_role("status").inner_text()) == (6, "")
    opened.close()


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
def test_without_scripts_there_is_the_list_and_no_box(browser):
    """A page whose scripts are off shows no box that would do nothing, and every district."""
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto(made_up().report.index.as_uri())
    assert not opened.locator(".finder-box").is_visible()
    assert opened.locator(".finder-list > ul > li").count() == 6
    context.close()
