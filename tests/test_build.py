"""From results to reports: what is on the pages and in the PDFs."""

from __future__ import annotations

import csv
import html
import os
import re
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from finished import baked, made_up
from oda.datasets import load_datasets
from oda.errors import RenderError
from oda.governance import assess
from oda.pilot import load_pilot
from oda.reports import staging
from oda.reports.build import build_reports, choose_renderer
from oda.reports.context import Context
from oda.reports.expanding import expand
from oda.results import Picture, Table

pytestmark = pytest.mark.xdist_group("run")


def text_of(page: str) -> str:
    """Return a page's words, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def context(folder: Path, **changes: object) -> Context:
    """Return a context to expand a document of the whole pilot in."""
    done = made_up()
    results = {key: item for found in done.run.once.values() for key, item in found.items()}
    parts = {
        "pilot": done.pilot,
        "run": done.run,
        "assessment": assess(done.pilot, load_datasets(done.pilot)),
        "name": "board",
        "source": "reports/board.qmd",
        "district": None,
        "results": results,
        "project": folder,
    }
    return Context(**{**parts, **changes})


def test_a_document_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    """A letter that an old editor has saved stops that report alone."""
    (tmp_path / "old.qmd").write_bytes("---\ntitle: A\n---\nCaf\u00e9\n".encode("latin-1"))
    with pytest.raises(RenderError, match=r"reports/old\.qmd, line 4: a character that is not in UTF-8\. Save"):
        staging._read(tmp_path / "old.qmd", "reports/old.qmd")


def test_there_is_a_page_and_a_pdf_for_each_district_and_the_board():
    """Six districts and the board, each as HTML and PDF, and one index page."""
    made = {path.name for path in made_up().report.files}
    names = ["board", "bromsgrove", "malvern-hills", "redditch", "worcester", "wychavon", "wyre-forest"]
    assert {f"{name}.{ending}" for name in names for ending in ("html", "pdf")} | {"index.html"} <= made
    assert made_up().report.failures == ()


def test_the_first_page_answers_the_questions_of_the_pilot():
    """Each question of pilot.yml stands in the answer box with its evidence's sentence and what was expected."""
    done = made_up()
    for name, kind in (("board", "board"), ("redditch", "district")):
        answers = text_of(done.page(name).split('class="answer"', 1)[1])[:6000]
        for question in (question for question in done.pilot.questions if question.report == kind):
            assert question.question in answers
            assert question.expected in answers


def test_each_district_page_holds_its_own_figures_and_no_other_district_s():
    """Trend, table and chart on a district's page are those its own notebook recorded."""
    done = made_up()
    drawings = {}
    for district in done.pilot.districts:
        results = done.run.by_district[district.code]["20-district"]
        words = text_of(done.page(district.slug))
        assert results["trend"].sentence in words
        drawn = results["trend-chart"]
        assert drawn.caption.endswith(f", {drawn.data.rows[0][0]} to {drawn.data.rows[-1][0]}")
        for row in results["years"].shown():
            assert " ".join(row) in words
        drawings[district.slug] = re.findall(r'<img[^>]+src="(data:[^"]+)"', done.page(district.slug))
    assert all(len(found) == 3 for found in drawings.values())
    assert len({drawing for found in drawings.values() for drawing in found}) == 18


def test_the_pdf_holds_the_same_answer_as_the_page():
    """A reader of the PDF and a reader of the page see the same sentence."""
    done = made_up()
    sentence = done.run.once["30-effect"]["effect"].sentence
    assert sentence in text_of(done.page("board"))
    with pikepdf.open(done.report.index.parent / "board.pdf") as pdf:
        assert "/StructTreeRoot" in pdf.Root
        assert str(pdf.docinfo["/Title"]) == done.pilot.pilot.title


def test_a_report_on_made_up_data_says_so_first():
    """Nobody can take the demonstration for a finding."""
    words = text_of(made_up().page("board"))
    assert words.index("These figures are not real") < words.index("Did home visits reduce")


def test_a_report_is_a_draft_while_the_publish_gate_is_shut():
    """The draft notice counts the open items and names whom to ask."""
    words = text_of(made_up().page("redditch"))
    assert re.search(r"Not approved for publication: \d+ items", words)
    assert made_up().pilot.pilot.lead.contact in words


def test_pages_ask_the_network_for_nothing():
    """Every page is one file: no script, style sheet, font or picture is fetched."""
    for path in made_up().report.files:
        if path.suffix == ".html":
            page = path.read_text(encoding="utf-8")
            assert not re.findall(r"<(?:script|img|link|iframe|source)[^>]+(?:src|href)=[\"']?(?:https?:)?//", page), (
                path
            )


def test_code_is_hidden_and_parameters_are_shown():
    """No line of Python is on a page; the district, the run and the versions are."""
    page = text_of(made_up().page("redditch"))
    assert "import oda" not in page
    assert "Redditch (E07000236)" in page
    assert made_up().run.id in page


def test_every_link_of_the_index_leads_to_a_file():
    """The index page opens every report and every CSV."""
    done = made_up()
    links = [link for link in re.findall(r'href="([^"#][^"]*)"', done.page("index")) if "://" not in link]
    assert len(links) > 14
    assert [link for link in links if not (done.report.index.parent / link).is_file()] == []


def test_the_csv_holds_the_protected_numbers_of_the_table():
    """What is downloaded is what is shown, at full precision, with units in the heading."""
    done = made_up()
    table = done.run.by_district["E07000236"]["20-district"]["years"]
    with (done.report.index.parent / "data" / "redditch-years.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == [column.heading for column in table.columns]
    assert [row[0] for row in rows[1:]] == [row[0] for row in table.rows]
    assert all(float(row[1]) % 5 == 0 for row in rows[1:])


def test_every_count_shown_is_rounded():
    """No table of any report shows a count of admissions that is not a multiple of five."""
    done = made_up()
    every = [found for results in done.run.by_district.values() for found in results.values()] + list(
        done.run.once.values()
    )
    tables = [item for found in every for item in found.values() if isinstance(item, Table)]
    tables += [item.data for found in every for item in found.values() if isinstance(item, Picture)]
    columns = [(table, n) for table in tables for n, column in enumerate(table.columns) if column.title == "Admissions"]
    assert len(columns) == 7
    assert all(row[n] % 5 == 0 for table, n in columns for row in table.rows)


def test_building_twice_gives_the_same_bytes():
    """Pages, PDFs and CSV of one run are the same whenever they are made."""
    done = made_up()
    before = {path.name: path.read_bytes() for path in done.report.files}
    again = build_reports(done.pilot, done.run, renderer="builtin")
    assert {path.name: path.read_bytes() for path in again.files} == before


def test_the_report_of_a_failed_district_is_named_and_the_others_are_made(tmp_path):
    """One district's failure is on the index page; the board and the others have their reports."""
    done = made_up()
    by_district = {code: found for code, found in done.run.by_district.items() if code != "E07000236"}
    run = replace(done.run, by_district=by_district, folder=tmp_path)
    report = build_reports(done.pilot, run, renderer="builtin")
    names = {path.name for path in report.files}
    assert "redditch.html" not in names
    assert {"board.pdf", "worcester.html"} <= names
    assert report.failures == ("redditch: no notebook finished for this district",)
    assert report.failures[0] in text_of(report.index.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{{< oda say nothing >}}", r"reports/board\.qmd, line 4: there is no result 'nothing'"),
        ("{{< oda table effect >}}", r"line 4: result 'effect' is not a table"),
        ("{{< oda say by-district >}}", r"line 4: result 'by-district' is a table or figure"),
        ("{{< oda figure by-district >}}", r"line 4: result 'by-district' is not a figure"),
        ("{{< oda sing effect >}}", r"line 4: \{\{< oda sing effect >\}\} is not known"),
        ("In {{< oda district name >}}.", r"line 4: \{\{< oda district name >\}\} is for a report of each district"),
    ],
)
def test_a_wrong_shortcode_is_refused_with_its_line(tmp_path, line, message):
    """An analyst sees which line of which document asks for what is not there."""
    with pytest.raises(RenderError, match=message):
        expand(f"---\ntitle: T\n---\n{line}\n", context(tmp_path))


def test_an_optional_result_that_is_absent_leaves_nothing(tmp_path):
    """A season chart that yearly data cannot give leaves no trace in the document."""
    text = expand(
        "---\ntitle: T\n---\nA {{< oda say season optional >}} B\n\n{{< oda figure no-chart optional >}}\n\nC\n",
        context(tmp_path),
    )
    assert "\nA  B\n\n\nC\n" in text


def test_words_of_a_person_come_out_literally(tmp_path):
    """A title with marks of markdown, HTML or Typst is shown as it was written."""
    folder = baked(tmp_path, 'title=Falls & *frailty* <b>#1</b> "£5" _x_ Môn', "districts=Redditch")
    pilot = load_pilot(folder)
    run = replace(made_up().run, folder=tmp_path / "run")
    report = build_reports(pilot, run, renderer="builtin")
    assert 'Falls & *frailty* <b>#1</b> "£5" _x_ Môn' in html.unescape(report.index.read_text(encoding="utf-8"))
    with pikepdf.open(report.index.parent / "board.pdf") as pdf:
        assert str(pdf.docinfo["/Title"]) == 'Falls & *frailty* <b>#1</b> "£5" _x_ Môn'


def test_asking_for_quarto_where_there_is_none_is_refused(monkeypatch):
    """The reason and the way out are named."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RenderError, match="Quarto was asked for and is not found"):
        choose_renderer("quarto")
    assert choose_renderer("auto") == "builtin"


def test_when_quarto_fails_the_built_in_renderer_stands_in_and_says_so(tmp_path, monkeypatch):
    """A broken Quarto never leaves a board without its report, and what it said is passed on."""
    program = tmp_path / "bin" / "quarto"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho this quarto is broken\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    report = build_reports(made_up().pilot, replace(made_up().run, folder=tmp_path / "run"))
    assert (report.renderer, report.failures) == ("builtin", ())
    assert "this quarto is broken" in report.notes[0]
    assert sum(path.suffix == ".pdf" for path in report.files) == 9


def test_a_refusal_names_the_analyst_s_own_document_and_line(tmp_path):
    """Not the line of the expanded copy, which nobody has written."""
    folder = baked(tmp_path)
    document = folder / "reports" / "board.qmd"
    lines = document.read_text(encoding="utf-8").splitlines()
    at = lines.index("## Data and governance")
    lines.insert(at, "```{python}")
    document.write_text("\n".join(lines) + "\n```\n", encoding="utf-8")
    report = build_reports(load_pilot(folder), replace(made_up().run, folder=tmp_path / "run"), renderer="builtin")
    assert f"reports/board.qmd:{at + 1}" in report.failures[0]
    assert sum(path.suffix == ".pdf" for path in report.files) == 8


def test_provenance_is_the_run_s_and_not_the_settings_of_today(tmp_path):
    """Parameters on the page are those the run was made with."""
    done = made_up()
    changed = done.pilot.model_copy(update={"disclosure": done.pilot.disclosure.model_copy(update={"hide_below": 99})})
    report = build_reports(changed, replace(done.run, folder=tmp_path), renderer="builtin")
    assert "1 to 7 hidden" in text_of((report.index.parent / "board.html").read_text(encoding="utf-8"))
