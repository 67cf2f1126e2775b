"""The lint of PDFs: each rule finds the PDF that was broken on purpose, and leaves a good one alone."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name

from oda.reports.linting.linting import lint_folder
from oda.reports.linting.pdf_rules import PDF_RULES, lint_pdf


def tag(made: pikepdf.Pdf, kind: str, *parts: Any, **entry: Any) -> Any:
    """Return one element of a PDF's structure with those in it."""
    return made.make_indirect(Dictionary(S=Name(f"/{kind}"), K=Array(parts), **entry))


def structured(made: pikepdf.Pdf) -> Any:
    """Return the structure of a short report: headings, a chart, and a table."""
    scope = {"A": Dictionary(O=Name.Table, Scope=Name.Row)}
    row = tag(made, "TR", tag(made, "TH", **scope), tag(made, "TD"))
    chart = tag(made, "Figure", Alt="Line chart of the rate of falls")
    parts = [
        tag(made, "Top", T="Falls"),
        tag(made, "H2"),
        tag(made, "H3"),
        tag(made, "H2"),
        chart,
        tag(made, "Table", row),
    ]
    return made.make_indirect(
        Dictionary(Type=Name.StructTreeRoot, RoleMap=Dictionary(Top=Name.H1), K=tag(made, "Document", *parts))
    )


def parts(made: pikepdf.Pdf) -> Any:
    """Return what stands in the document: three headings and one more, a chart, a table."""
    return made.Root.StructTreeRoot.K.K


def cell(made: pikepdf.Pdf) -> Any:
    """Return the first cell of the table."""
    return parts(made)[5].K[0].K[0]


def put(entry: Any, name: str, value: Any) -> None:
    """Set one value in a PDF's dictionary."""
    entry[f"/{name}"] = value


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """Write a PDF that keeps every rule, by another program than ours."""
    made = pikepdf.new()
    made.add_blank_page()
    made.Root.MarkInfo = Dictionary(Marked=True)
    made.Root.StructTreeRoot = structured(made)
    made.Root.Lang = "en-GB"
    made.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    held = Dictionary(Type=Name.FontDescriptor, FontFile2=made.make_stream(b"font"))
    font = Dictionary(Type=Name.Font, Subtype=Name.TrueType, BaseFont=Name.Sans, FontDescriptor=held)
    made.pages[0].Resources = Dictionary(Font=Dictionary(F1=made.make_indirect(font)))
    made.attachments["rates.csv"] = b"a,b\n1,2\n"
    with made.open_metadata() as meta:
        meta["dc:title"] = "Falls (and frailty)"
        meta["pdfuaid:part"] = "1"
    made.save(tmp_path / "a.pdf")
    return tmp_path / "a.pdf"


def entitle(made: pikepdf.Pdf, title: str) -> None:
    """Give a PDF another title."""
    with made.open_metadata() as meta:
        meta["dc:title"] = title


def grow(made: pikepdf.Pdf) -> None:
    """Add two pages."""
    for _ in range(2):
        made.add_blank_page()


def found_in(path: Path, change: Callable[[pikepdf.Pdf], object] | None = None, **how: object) -> set[str]:
    """Return the rules that find something in a PDF once it is changed and written in some way."""
    with pikepdf.open(path) as made:
        if change:
            change(made)
        made.save(path.with_name("changed.pdf"), **how)
    return {rule for rule, _ in lint_pdf(path.with_name("changed.pdf").read_bytes())}


@pytest.mark.parametrize(
    "how",
    [
        {"object_stream_mode": pikepdf.ObjectStreamMode.generate},
        {"object_stream_mode": pikepdf.ObjectStreamMode.disable},
        {"linearize": True},
        {"qdf": True},
    ],
    ids=["packed", "plain", "linearised", "by-lines"],
)
def test_a_good_pdf_has_no_findings_however_it_is_written(pdf: Path, how: dict[str, object]):
    """Objects may be packed into streams or lie open, with one table of them or several."""
    assert found_in(pdf, **how) == set()


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("pdf-tagged", lambda made: made.Root.__delitem__("/MarkInfo")),
        ("pdf-tagged", lambda made: made.Root.__delitem__("/StructTreeRoot")),
        ("pdf-title", lambda made: made.Root.ViewerPreferences.__setitem__("/DisplayDocTitle", False)),  # noqa: FBT003
        ("pdf-language", lambda made: made.Root.__delitem__("/Lang")),
        ("pdf-ua", lambda made: made.Root.__delitem__("/Metadata")),
        ("pdf-title", lambda made: (made.Root.__delitem__("/Metadata"), made.trailer.__delitem__("/Info"))),
        ("pdf-fonts", lambda made: made.pages[0].Resources.Font.F1.FontDescriptor.__delitem__("/FontFile2")),
        ("pdf-language", lambda made: put(made.Root, "Lang", "xx bad!!")),
        ("pdf-empty", lambda made: put(made.Root.StructTreeRoot, "K", Array())),
        ("pdf-alt", lambda made: parts(made)[4].__delitem__("/Alt")),
        ("pdf-alt", lambda made: put(parts(made)[4], "Alt", "")),
        ("pdf-alt", lambda made: put(parts(made)[4], "Alt", "Image")),
        ("pdf-headings", lambda made: put(parts(made)[1], "S", Name.H3)),
        ("pdf-headings", lambda made: put(parts(made)[0], "S", Name.P)),
        ("pdf-headings", lambda made: ([put(one, "S", Name.P) for one in parts(made)], grow(made))),
        ("pdf-tables", lambda made: put(cell(made), "S", Name.TD)),
        ("pdf-tables", lambda made: cell(made).__delitem__("/A")),
        ("pdf-files", lambda made: made.attachments.__setitem__("rates.csv", b"")),
        ("pdf-files", lambda made: made.attachments.__setitem__("rates.csv", b"a,b\n")),
        ("pdf-actions", lambda made: put(made.Root, "OpenAction", Dictionary(S=Name.URI, URI="https://a.org"))),
        ("pdf-actions", lambda made: put(made.pages[0], "AA", Dictionary(O=Dictionary(S=Name.JavaScript, JS="a()")))),
        ("pdf-brief", lambda made: (entitle(made, "Two-page brief"), grow(made))),
    ],
)
def test_a_pdf_broken_on_purpose_is_found(pdf: Path, rule: str, change: Callable[[pikepdf.Pdf], object]):
    """Each rule of PDF finds what it is for, in packed objects too."""
    assert rule in found_in(pdf, change, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert rule in PDF_RULES


def test_a_pdf_that_cannot_be_read_is_never_passed(pdf: Path):
    """A locked, cut or garbled PDF is a finding that says that nothing was looked at."""
    content = pdf.read_bytes()
    assert found_in(pdf, encryption=pikepdf.Encryption(owner="a", user="b")) == {"pdf-locked"}
    for broken in (
        b"",
        b"%PDF-1.7",
        content[: len(content) // 2],
        content.replace(b"obj", b"xyz"),
        zlib.compress(content),
    ):
        assert [rule for rule, _ in lint_pdf(broken)] == ["pdf-unread"]


def test_a_hole_in_a_stream_is_found(pdf: Path):
    """Bytes that were lost in the middle of a page are a finding, though every claim is still there."""
    with pikepdf.open(pdf, allow_overwriting_input=True) as made:
        made.pages[0].Contents = made.make_stream(bytes(range(256)) * 99)
        made.save(pdf, compress_streams=True)
    content = bytearray(pdf.read_bytes())
    assert list(lint_pdf(bytes(content))) == []
    place = content.find(b"stream", content.find(b"FlateDecode")) + 40
    content[place : place + 60] = bytes(60)
    assert [rule for rule, _ in lint_pdf(bytes(content))] == ["pdf-unread"]


def test_data_that_a_page_offers_are_attached_to_its_pdf(pdf: Path):
    """What a reader of the page can download, a reader of the PDF has too, and what was found before is not kept."""
    pdf.with_suffix(".html").write_text('<a href="data:text/csv,a" download="rates.csv">a</a>', encoding="utf-8")
    kept = pdf.with_name("lint.json")
    assert "pdf-files" not in {one.rule for one in lint_folder(pdf.parent, kept=kept).findings}
    pdf.with_suffix(".html").write_text('<a href="data:text/csv,a" download="more.csv">a</a>', encoding="utf-8")
    assert "pdf-files" in {one.rule for one in lint_folder(pdf.parent, kept=kept).findings}


def test_every_rule_of_pdf_has_a_broken_pdf():
    """No rule is there that was never seen to fail."""
    marks = test_a_pdf_broken_on_purpose_is_found.pytestmark
    assert {rule for rule, _ in marks[0].args[1]} == set(PDF_RULES)
