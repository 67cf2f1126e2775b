"""What stands with a table or a figure: message, title, description, marks explained, and its data in every format."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import page as page_validation
import pandas as pd
import pikepdf
import pypandoc
import pytest

import oda
from oda import charts
from oda.reports import blocks
from oda.reports.builtin import rendering as builtin
from oda.reports.document import Document, front_matter
from oda.results import Cell, Picture, Table, TableColumn

FRONT = front_matter({"title": "Falls", "date": "2026-01-31"}) + "\n## What was found\n\n"
HOSTILE = '=HYPERLINK("http://x") & *<b>you</b>* | ]({%}`$'
LOOK = Path(blocks.__file__).parent / "look"
LINK = re.compile(r'<a href="data:text/csv;charset=utf-8;base64,([^"]*)" download="([^"]*)">([^<]*)</a>')
PANDOC = Path(pypandoc.__file__).parent / "files" / "pandoc"


def a_table(*rows: Sequence[Cell], columns: Sequence[str] = ("District", "Falls"), **more: Any) -> Table:
    """Return a table; all its columns but the first hold whole numbers."""
    heads = tuple(TableColumn(title=name, decimals=0 if place else None) for place, name in enumerate(columns))
    return Table(**{"caption": "Falls by district", "columns": heads, "rows": rows or (("Redditch", 40),), **more})


def wide(columns: int, rows: int = 6) -> Table:
    """Return a table of many columns of long numbers under months."""
    months = [f"{month:%B %Y}" for month in pd.date_range("2024-01", periods=columns - 1, freq="MS")]
    cells = [
        [f"District {row}", *(1_000_000 + 100 * row + place for place in range(columns - 1))] for row in range(rows)
    ]
    return a_table(*cells, columns=["District", *months], caption=f"Falls, {columns} columns")


def a_chart(**more: Any) -> Picture:
    """Return a chart result."""
    drawing, axes = charts.new_chart()
    charts.draw_lines(axes, ["a", "b"], {"here": [1, 2]})
    words = {"caption": "Rate of falls, 2024 to 2026", "alt": "Line chart of the rate of falls, described below."}
    return oda.picture(drawing, **{**words, "description": "The line rises from 1 to 2.", "data": a_table(), **more})


def rendered(body: str, folder: Path) -> Path:
    """Render a document to both formats; return the folder of the files."""
    (folder / "doc.qmd").write_text(FRONT + body, encoding="utf-8", newline="\n")
    builtin.render(folder, [Document(name="doc", formats=("html", "pdf"))], folder / "out")
    return folder / "out"


def pictured(folder: Path, key: str = "rates", **more: Any) -> str:
    """Return a figure's markdown, its drawing saved."""
    made = a_chart(**more)
    return blocks.figure(key, made, blocks.draw(key, made, folder / "figures", folder), file=f"doc-{key}.csv")


def links(text: str) -> list[tuple[bytes, str, str]]:
    """Return the content, name and words of every link to data."""
    return [(base64.b64decode(content), name, words) for content, name, words in LINK.findall(text)]


def sheets(path: Path) -> list[tuple[bool, str]]:
    """Return of every page whether it is turned, and its words without spaces."""
    done = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, encoding="utf-8")
    with pikepdf.open(path) as pdf:
        turned = [float(one.mediabox[2]) > float(one.mediabox[3]) for one in pdf.pages]
    return list(zip(turned, [re.sub(r"\s", "", one) for one in done.stdout.split("\f")], strict=False))


def test_a_message_stands_above_its_figure_and_the_description_below(tmp_path: Path) -> None:
    """The order is message, number and title, chart, description, data; in the page as on paper."""
    out = rendered(pictured(tmp_path, headline="Falls rose"), tmp_path)
    text = (out / "doc.html").read_text(encoding="utf-8")
    order = [
        "<strong>Falls rose</strong>",
        "Figure\u00a01: Rate of falls",
        "<img",
        "The line rises",
        "Download the data",
    ]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)
    assert re.search(r"Fallsrose.*Figure1:Rateoffalls.*Thelinerises.*Thedataforfigure1", sheets(out / "doc.pdf")[0][1])


def test_the_link_says_the_figure_and_the_size_and_holds_the_data(tmp_path: Path) -> None:
    """One click gives the file, with no request to anywhere; its size is said in words."""
    long = a_table(*((f"Ward {n}", n) for n in range(500)))
    text = (rendered(pictured(tmp_path, data=long), tmp_path) / "doc.html").read_text(encoding="utf-8")
    ((content, name, words),) = links(text)
    assert (name, words) == ("doc-rates.csv", "Download the data for figure 1 (6kb CSV)")
    assert content == b"\xef\xbb\xbf" + blocks.comma_separated(long).encode()  # the mark by which Excel reads UTF-8
    assert 5_500 < len(content) < 6_500


def test_the_same_data_are_attached_to_the_pdf_and_a_line_says_so(tmp_path: Path) -> None:
    """Name, kind and description are there, and the bytes are those of the page."""
    body = pictured(tmp_path) + "\n" + blocks.table("years", a_table(('Ünal & \\ "q"', 5)), file="doc-years.csv")
    out = rendered(body, tmp_path)
    page = {name: content for content, name, _ in links((out / "doc.html").read_text(encoding="utf-8"))}
    with pikepdf.open(out / "doc.pdf") as pdf:
        files = {name: spec.get_file() for name, spec in pdf.attachments.items()}
        held = {name: (one.mime_type, one.read_bytes()) for name, one in files.items()}
        said = {spec.description for spec in pdf.attachments.values()}
    assert held == {name: ("text/csv", content) for name, content in page.items()}
    assert said == {"The data for figure 1", "The data for table 1"}
    assert "Thedatafortable1areattachedtothisfile:doc-years.csv." in sheets(out / "doc.pdf")[0][1]


def test_numbers_are_those_of_the_format(tmp_path: Path) -> None:
    """What only the other format shows is not counted, so that the link names the figure above it."""
    hidden = '::: {.content-visible when-format="typst"}\n\n' + pictured(tmp_path, "paper") + "\n:::\n\n"
    out = rendered(hidden + pictured(tmp_path, "both"), tmp_path)
    assert [words for *_, words in links((out / "doc.html").read_text(encoding="utf-8"))] == [
        "Download the data for figure 1 (1kb CSV)"
    ]
    assert "Thedataforfigure2areattachedtothisfile:doc-both.csv." in "".join(
        text for _, text in sheets(out / "doc.pdf")
    )


def in_quarto(tmp_path: Path, body: str, to: str) -> str:
    """Return what the shared filter makes before Quarto numbers anything, ids still standing in captions."""
    words = [str(PANDOC), "--from=markdown-table_attributes", f"--to={to}", f"--lua-filter={LOOK / 'tables.lua'}"]
    done = subprocess.run(
        [*words, "--wrap=none"], input=body, capture_output=True, check=True, encoding="utf-8", cwd=tmp_path
    )
    return done.stdout


def test_quarto_gets_the_same_words_from_the_same_filter(tmp_path: Path) -> None:
    """Content for another format, which Quarto has not yet taken out, is not counted either."""
    hidden = '::: {.content-hidden when-format="html"}\n\n' + pictured(tmp_path, "paper") + "\n:::\n\n"
    body = hidden + pictured(tmp_path, "both") + "\n" + blocks.table("years", a_table(), file="doc-years.csv")
    text = in_quarto(tmp_path, body, "html")
    assert [words for *_, words in links(text)][-2:] == [
        "Download the data for figure 1 (1kb CSV)",
        "Download the data for table 1 (1kb CSV)",
    ]
    assert 'aria-label="Table\u00a01: Falls by district"' in text
    assert '#pdf.attach("doc-years.csv"' in in_quarto(tmp_path, body, "typst")


def test_a_table_in_parts_is_one_float_to_quarto(tmp_path: Path) -> None:
    """Its id stands once, on what holds the parts, and its caption is its last paragraph, without the id."""
    tree = json.loads(in_quarto(tmp_path, blocks.table("wide", wide(24)), "json"))
    (box,) = [one["c"] for one in tree["blocks"] if one["t"] == "Div"]
    (held,) = [one["c"] for one in box[1] if one["t"] == "Div"]
    assert held[0][0] == "tbl-wide"
    assert [one["t"] for one in held[1]].count("Table") == 2
    assert "tbl-wide" not in json.dumps(held[1])


@pytest.mark.parametrize(("columns", "turned", "parts"), [(6, 0, 0), (9, 0, 0), (12, 1, 0), (24, 1, 2)])
def test_a_wide_table_turns_the_page_or_comes_in_parts(tmp_path: Path, columns: int, turned: int, parts: int) -> None:
    """No cell runs into the next: each number stands whole in the PDF, and the file is PDF/UA-1."""
    shown = wide(columns)
    after = blocks.table("after", a_table())
    out = rendered(blocks.table("wide", shown, file="doc-wide.csv") + f"\nSee @tbl-wide.\n\n{after}", tmp_path)
    pages = sheets(out / "doc.pdf")
    assert sum(one for one, _ in pages) == turned
    whole = "".join(text for _, text in pages)
    assert whole.count("Part") == parts
    assert all(whole.count(cell) == 1 for row in shown.shown() for cell in row[1:])
    assert (whole.count("Table1:"), whole.count("Table2:")) == (1, 1)
    assert page_validation.validate_pdf(out / "doc.pdf", profile="ua1").is_compliant


def test_no_word_of_a_wide_table_lies_over_another(tmp_path: Path) -> None:
    """The boxes of the words on a page do not touch, with 24 columns as with nine."""
    body = "\n".join(blocks.table(f"t{columns}", wide(columns)) for columns in (9, 10, 16, 24))
    path = rendered(body, tmp_path) / "doc.pdf"
    done = subprocess.run(["pdftotext", "-bbox", str(path), "-"], capture_output=True, check=True, encoding="utf-8")
    for sheet in done.stdout.split("<page ")[1:]:
        found = [
            [float(one) for one in box]
            for box in re.findall(r'xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)"', sheet)
        ]
        for left, top, right, bottom in found:
            over = [one for one in found if left < one[0] < right - 0.5 and abs(one[1] - top) < (bottom - top) / 2]
            assert over == []


def test_the_heading_of_a_long_table_stands_on_each_page(tmp_path: Path) -> None:
    """Whoever turns the page still reads what the columns are."""
    out = rendered(blocks.table("long", a_table(*((f"Ward {n}", n) for n in range(120)))), tmp_path)
    pages = [text for _, text in sheets(out / "doc.pdf") if "Ward" in text]
    assert len(pages) > 1
    assert all("DistrictFalls" in text for text in pages)


def test_a_table_in_a_box_turns_no_page(tmp_path: Path) -> None:
    """A page cannot be turned inside a callout: there the table comes in parts."""
    out = rendered("::: {.callout-note}\n\n" + blocks.table("boxed", wide(14)) + "\n:::\n", tmp_path)
    pages = sheets(out / "doc.pdf")
    assert not any(turned for turned, _ in pages)
    assert "Part2of" in "".join(text for _, text in pages)


@pytest.mark.parametrize(
    ("cells", "note", "said"),
    [
        (["[c]"], "", ["[c] means"]),
        ([None], "", ["[x] means"]),
        (["[c]", None], "", ["[c] means", "[x] means"]),
        (["[c]"], "[c] is below 8.", ["[c] is below 8."]),
        ([5], "", []),
    ],
)
def test_a_mark_is_explained_where_it_occurs(cells: list[Cell], note: str, said: list[str]) -> None:
    """[c] and [x] are said in words below the table that has them, once, and below no other."""
    text = blocks.table("t", a_table(*(("Redditch", cell) for cell in cells), note=note))
    plain = text.replace("&#91;", "[").replace("&#93;", "]").replace("\\", "").partition("{#tbl-t}")[2]
    assert [words for words in ("[c] means", "[x] means", "[c] is below 8.") if words in plain] == said


def test_a_chart_explains_the_marks_in_its_data() -> None:
    """A line is broken where a value is hidden, and the words below say why its file has [c]."""
    text = blocks.figure("f", a_chart(data=a_table(("Redditch", "[c]"))), "figures/f.svg", file="f.csv")
    assert "&#91;c&#93; means a value hidden" in text


def test_what_people_wrote_comes_out_as_they_wrote_it(tmp_path: Path) -> None:
    """Names with marks of markdown, HTML and Typst are words in both formats, and in titles as in cells."""
    made = a_table((HOSTILE, 40), note=HOSTILE, caption=HOSTILE, columns=(HOSTILE, "Falls"))
    out = rendered(blocks.table("t", made, file="doc-t.csv") + pictured(tmp_path, headline=HOSTILE), tmp_path)
    text = (out / "doc.html").read_text(encoding="utf-8")
    assert "<b>you</b>" not in text
    assert text.count("*&lt;b&gt;you&lt;/b&gt;*") >= 5
    assert "".join(text for _, text in sheets(out / "doc.pdf")).count("*<b>you</b>*|](") >= 5


@pytest.mark.parametrize(
    "start", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", " =1+1", "\t=1", "\r=1", "-", "Redditch\r=1", "Redditch\n=1"]
)
def test_no_cell_of_a_file_is_a_formula(start: str) -> None:
    """A name that a spreadsheet would run is words, in a heading too."""
    made = a_table((start, 1), columns=(start, "Falls"))
    rows = list(csv.reader(io.StringIO(blocks.comma_separated(made), newline="")))
    assert len(rows) == len(made.rows) + 1
    assert not [cell for row in rows for cell in row if cell[0] in "=+-@\t\r\n "]


def test_numbers_in_a_file_are_numbers() -> None:
    """One heading with units, then values with the digits that are shown, which give no count away: no commas."""
    heads = (TableColumn(title="District"), TableColumn(title="Change", unit="%", decimals=0))
    rows = (("Redditch", -1234.567), ("Worcester", "[c]"), ("Wychavon", None), ("Wyre Forest", "-3.5"))
    made = Table(caption="Falls", columns=heads, rows=rows, note="A note.")
    assert blocks.comma_separated(made) == (
        "District,Change (%)\nRedditch,-1235\nWorcester,[c]\nWychavon,[x]\nWyre Forest,-3.5\n"
    )


def test_a_link_to_its_source_stands_beside_the_data(tmp_path: Path) -> None:
    """The line below a table leads to where its numbers come from, and is there without data too."""
    for file in ("doc-t.csv", ""):
        text = blocks.table("t", a_table(), file=file, source="[source 3](#source-3)")
        assert text.rstrip().removesuffix(":::").rstrip().endswith("[source 3](#source-3)")
        assert ("Download" in text) == bool(file)
    assert rendered(text.replace("(#source-3)", "(#what-was-found)"), tmp_path)


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    """Both formats, attachments and parts included, are the same when made again."""
    body = pictured(tmp_path, headline="Falls rose") + "\n" + blocks.table("w", wide(24), file="doc-w.csv")
    first = {path.name: path.read_bytes() for path in rendered(body, tmp_path).iterdir()}
    assert {path.name: path.read_bytes() for path in rendered(body, tmp_path).iterdir()} == first


def test_a_column_of_numbers_stands_to_the_right():
    """Also where nobody said how many decimals it has; the first column names the rows."""
    columns = tuple(TableColumn(title=title) for title in ("Year", "Rate", "Note"))
    text = blocks.table("t", Table(caption="C", columns=columns, rows=((2024, 1.5, "a"), (2025, "[c]", "b"))))
    assert "| :--- | ---: | :--- |" in text
