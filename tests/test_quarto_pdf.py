"""PDFs as Quarto makes them: the words of the built-in renderer's, and PDF/UA-1."""

from __future__ import annotations

import calendar
import datetime as dt
import re
import shutil
import subprocess
from pathlib import Path

import page as page_validation
import pikepdf
import pypandoc
import pytest
import typst
import yaml

from finished import made_up
from oda.reports import by_hand, extension, fonts, quarto
from oda.reports.build import STAGED
from oda.reports.document import Document

PANDOC = next(path for path in (Path(pypandoc.__file__).parent / "files").iterdir() if path.stem == "pandoc")
NAMES = ("board", "brief", "annex", "redditch")
# The rules of Quarto's own template that stand round ours; ours are nearer to the words.
TEMPLATE = """\
#let horizontalrule = line(start: (25%,0%), end: (75%,0%))
#show terms.item: it => block(breakable: false)[
  #text(weight: "bold")[#it.term]
  #block(inset: (left: 1.5em, top: -0.4em))[#it.description]
]
#show raw.where(block: true): it => block(fill: luma(230), width: 100%, inset: 8pt, it)
#show figure: it => it

$typst-template.typ()$

#let brand-color = (:)
#set page(paper: "a4", margin: (x: 1.25in, y: 1.25in), numbering: "1", columns: 1)

$typst-show.typ()$

$body$
"""
with_quarto = pytest.mark.skipif(quarto.find() is None, reason="the quarto command is not on the path")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of what `oda report` staged for the finished pilot."""
    folder = tmp_path / "project"
    shutil.copytree(made_up().run.folder / STAGED, folder)
    return folder


def words(path: Path) -> list[str]:
    """Return the words of a PDF in the order in which they are read."""
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True, encoding="utf-8")
    return done.stdout.split()


def built_in(name: str) -> Path:
    """Return the PDF that the built-in renderer made of a document."""
    return made_up().report.index.parent / f"{name}.pdf"


def dated(text: str) -> str:
    """Write the date in the front matter in words, as Quarto does before pandoc reads it."""

    def in_words(found: re.Match[str]) -> str:
        day = dt.date.fromisoformat(found[1])
        return f"date: {day.day} {calendar.month_name[day.month]} {day.year}\n"

    return re.sub(r'(?m)^date: "?([\d-]+)"?\n', in_words, text, count=1)


def as_quarto(project: Path, name: str, to: Path, *more: str) -> Path:
    """Make the PDF that Quarto would make of a staged document, as far as pandoc and Typst can tell."""
    look = project / extension.PLACE
    formats = yaml.safe_load(extension.contents()["_extension.yml"])["contributes"]["formats"]
    filters = [one["path"] for one in formats["common"]["filters"] if one["path"] != "by-hand.lua"]
    for filter_name in filters:  # Quarto's own Lua is there for each of them
        path = look / filter_name
        path.write_text("quarto = {}\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    (look / "whole.typ").write_text(TEMPLATE, encoding="utf-8")
    command = [
        *(str(PANDOC), "--from=markdown-table_attributes", "--to=typst", "--standalone", "--wrap=none"),
        *("--shift-heading-level-by=-1", "--syntax-highlighting=none", f"--template={look / 'whole.typ'}"),
        *(f"--lua-filter={look / filter_name}" for filter_name in filters),
        f"--lua-filter={Path(__file__).with_name('as_quarto_typst.lua')}",
        *more,
    ]
    text = dated((project / f"{name}.qmd").read_text(encoding="utf-8"))
    done = subprocess.run(command, input=text.encode(), capture_output=True, cwd=project, check=False)
    assert done.returncode == 0, done.stderr.decode()[:2000]
    source = project / f"{name}.typ"
    source.write_bytes(done.stdout)
    compiler = typst.Compiler(root=str(project), font_paths=fonts.without_system_fonts())
    compiler.compile(input=str(source), output=str(to), pdf_standards=["ua-1"])
    return to


@pytest.mark.parametrize("name", ["board", "annex"])
def test_the_extension_makes_a_pdf_with_the_words_of_the_built_in_one(project: Path, tmp_path: Path, name: str) -> None:
    """With Quarto's figures, tables, references and template round ours, the words and PDF/UA-1 stay."""
    made = as_quarto(project, name, tmp_path / "made.pdf")
    assert words(made) == words(built_in(name))
    assert page_validation.validate_pdf(made, profile="ua1").is_compliant


def test_a_pdf_made_by_hand_has_the_report_s_own_day(project: Path, tmp_path: Path) -> None:
    """`by-hand.lua` hands its parts to the template, so that the PDF has no clock in it."""
    day = tmp_path / "day.yml"
    day.write_text("oda-day: {year: '2026', month: '7', day: '31'}\n", encoding="utf-8")
    made = as_quarto(project, "brief", tmp_path / "made.pdf", f"--metadata-file={day}")
    with pikepdf.open(made) as pdf:
        assert str(pdf.docinfo["/CreationDate"]).startswith("D:20260731")


@pytest.mark.quarto
@with_quarto
def test_a_pdf_of_quarto_has_the_words_of_the_built_in_one(project: Path, tmp_path: Path) -> None:
    """Every report that prints, through Quarto itself: the same words, PDF/UA-1, and the same bytes twice."""
    documents = [Document(name=name, formats=("pdf",)) for name in NAMES]
    quarto.render(project, documents, tmp_path / "once")
    quarto.render(project, documents, tmp_path / "twice")
    for name in NAMES:
        made = tmp_path / "once" / f"{name}.pdf"
        assert words(made) == words(built_in(name)), name
        assert page_validation.validate_pdf(made, profile="ua1").is_compliant, name
        assert made.read_bytes() == (tmp_path / "twice" / f"{name}.pdf").read_bytes(), name


@pytest.mark.quarto
@with_quarto
def test_by_hand_quarto_renders_all_reports_one_or_a_district(tmp_path: Path) -> None:
    """In a pilot's `reports`: all of it, one document, and a district by its code, as pages and PDFs."""
    finished = made_up()
    shutil.copytree(finished.pilot.folder / "reports", tmp_path / "reports")
    by_hand.write(tmp_path, finished.report.pages, finished.run.folder / STAGED)
    pages = tmp_path / "reports" / "_oda" / "pages"
    for more in ([], ["board.qmd"], ["district.qmd", "-M", "district:E07000236"]):
        shutil.rmtree(pages, ignore_errors=True)
        done = subprocess.run(
            [str(quarto.find()), "render", *more], cwd=tmp_path / "reports", capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        names = [more[0].removesuffix(".qmd")] if more else ["annex", "board", "brief", "district"]
        assert sorted(path.name for path in pages.glob("*.*")) == sorted(
            f"{n}.{w}" for n in names for w in ("html", "pdf")
        )
    assert words(pages / "district.pdf") == words(built_in("redditch"))
