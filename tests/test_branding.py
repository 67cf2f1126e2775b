"""An office's own look, and the mark of a draft: readable in every colour, harmless, and on every page or on none."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import page as page_validation
import pikepdf
import pytest

from finished import made_up
from oda.errors import RenderError, SettingsError
from oda.governance import assess
from oda.pilot import load_pilot
from oda.reports import branding
from oda.reports.build import build_reports
from oda.reports.builtin import rendering as builtin
from oda.reports.document import Document, front_matter
from oda.reports.extension import LOOK

CSS = (LOOK / "report.css").read_text(encoding="utf-8")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><path d="M0 0L9 9" fill="#801650"/></svg>'
PNG = b"\x89PNG\r\n\x1a\n"
BANNER = "Not approved for publication."
MANY = "\n\n".join(["A paragraph that takes its place on the page."] * 60)


def written(folder: Path, text: str) -> Path:
    """Write a pilot's brand and return the pilot's folder."""
    (folder / "reports").mkdir(parents=True, exist_ok=True)
    (folder / branding.FILE).write_text(text, encoding="utf-8")
    return folder


def rendered(folder: Path, marks: str, name: str = "a") -> tuple[str, Path]:
    """Render a document of several pages with these marks; return the page and the path of the PDF."""
    matter = front_matter({"title": "Falls", "date": "2026-03-31", "author": "The office"})
    text = matter.removesuffix("---\n") + marks + "---\n\n## Part\n\n" + MANY
    (folder / f"{name}.qmd").write_text(text, encoding="utf-8")
    document = Document(name=name, formats=("html", "pdf"))
    html, pdf = builtin.render(folder, [document], folder / "out")
    return html.read_text(encoding="utf-8"), pdf


def pages_marked(path: Path) -> list[bool]:
    """Tell for each page of a PDF whether it has letters of 100 points, and only where readers aloud pass by."""
    found = []
    with pikepdf.open(path) as pdf:
        for sheet in pdf.pages:
            depth, marked = 0, False
            for step in pikepdf.parse_content_stream(sheet):
                operator = str(step.operator)
                if operator in ("BDC", "BMC"):
                    depth = depth + 1 if depth or step.operands[0] == "/Artifact" else 0
                elif operator == "EMC":
                    depth = max(0, depth - 1)
                elif operator == "Tf" and float(step.operands[1]) > 100:
                    assert depth, "the mark would be read aloud"
                    marked = True
            found.append(marked)
    return found


def test_without_a_file_the_look_is_as_it_comes(tmp_path):
    """A pilot whose office has given no brand has the look of the style sheet, and nothing to say of it."""
    brand = branding.load_brand(tmp_path)
    assert brand == branding.Brand()
    assert f"--brand: {brand.primary};" in CSS
    assert f"--accent: {brand.accent};" in CSS


def test_a_new_pilot_s_brand_is_the_look_as_it_comes():
    """The file that a pilot starts with changes nothing, and shows what can be changed."""
    folder = LOOK.parents[1] / "{{cookiecutter.project}}"
    assert branding.load_brand(folder) == branding.Brand()


@pytest.mark.parametrize(("name", "colour", "ratio"), [("primary", "#7ab8f5", "2.09"), ("accent", "#fd0", "1.34")])
def test_a_colour_too_pale_is_refused_with_one_that_would_do(tmp_path, name, colour, ratio):
    """The error names the colour and its contrast, and the near colour that it offers is taken."""
    with pytest.raises(SettingsError, match=rf"{name} '#\w+' has a contrast of {ratio}:1") as refused:
        branding.load_brand(written(tmp_path, f'{name}: "{colour}"'))
    offered = re.findall(r"'(#\w{6})'", str(refused.value))[-1]
    branding.load_brand(written(tmp_path, f'{name}: "{offered}"'))


def test_contrast_is_that_of_wcag():
    """Black on white is 21 to 1, a colour on itself 1, and the grey that WCAG's writers quote just passes."""
    assert branding.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert branding.contrast("#123456", "#123456") == 1
    assert 4.5 < branding.contrast("#767676", "#ffffff") < 4.55


def test_every_ground_and_every_ink_of_the_style_sheet_is_readable():
    """The colours that words stand on are those that a brand is held against, and every grey is readable on each."""
    for ground in branding.GROUNDS[1:]:
        assert ground in CSS
    for ink in ("--ink", "--grey"):
        colour = re.search(rf"{ink}: (#\w+);", CSS)[1]
        assert min(branding.contrast(colour, ground) for ground in branding.GROUNDS) >= branding.TEXT
    assert branding.GROUNDS[-1] == re.search(r"--mark: (#\w+);", CSS)[1]
    assert branding.GROUNDS[-1] in (LOOK / "typst-template.typ").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("logo.svg", None, "is not in reports/"),
        ("logo.jpg", b"\xff\xd8", "neither SVG nor PNG"),
        ("logo.png", b"not one", "cannot be shown: it is no whole PNG"),
        ("logo.png", PNG[:60], "cannot be shown: it is no whole PNG"),
        ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "cannot be shown: its drawing is empty"),
        ("logo.svg", b"<svg", "not well-formed"),
        ("logo.svg", SVG.encode("utf-16"), "not well-formed"),
        ("logo.svg", b"<html xmlns='http://www.w3.org/1999/xhtml'/>", "is not SVG"),
        ("logo.svg", b"<!DOCTYPE svg [<!ENTITY a 'b'>]>" + SVG.encode(), "DOCTYPE"),
        ("logo.svg", SVG.replace("<path", "<script>alert(1)</script><path").encode(), "<script>"),
        ("logo.svg", SVG.replace("<path", "<path onload='alert(1)'").encode(), "onload"),
        ("logo.svg", SVG.replace("<path", "<image href='https://example.org/x.png'/><path").encode(), "href"),
        ("logo.svg", SVG.replace("<path", "<path style='fill:url(//example.org/x)'").encode(), "style"),
        ("logo.svg", SVG.replace("<path", "<style>@import 'x';</style><path").encode(), "a style that fetches"),
        ("logo.png", PNG + bytes(branding.LARGEST), "bytes"),
    ],
)
def test_a_logo_that_could_do_more_than_be_seen_is_refused(tmp_path, name, content, said):
    """A logo is a small picture in the pilot that runs nothing and fetches nothing."""
    pilot = written(tmp_path, f"logo: {{file: {name}, alt: The office}}")
    if content is not None:
        (pilot / "reports" / name).write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        branding.load_brand(pilot)


@pytest.mark.parametrize(
    "text", ["logo: {file: ../x.svg, alt: Words}", "logo: {file: x.svg}", "primary: blue", "font: x"]
)
def test_what_the_file_may_not_say_is_refused(tmp_path, text):
    """A logo outside the folder or without words, a colour by its name and an unknown setting are named."""
    with pytest.raises(SettingsError, match=r"reports/brand\.yml"):
        branding.load_brand(written(tmp_path, text))


def test_name_and_logo_come_out_as_they_were_written(tmp_path):
    """What looks like code in a name or in the words of a logo is only text, in the page and in the PDF."""
    name, words = 'A "b" <i>&\\ $x$ *c*', 'Say "x" <b> & \\n'
    pilot = written(tmp_path, f"name: '{name}'\nlogo: {{file: logo.svg, alt: '{words}'}}\nprimary: '#801650'")
    (pilot / "reports" / "logo.svg").write_text(SVG, encoding="utf-8")
    project = tmp_path / "project"
    branding.stage_logo(pilot, project)
    html, pdf = rendered(project, branding.mark(made_up().pilot.model_copy(update={"folder": pilot}), shut()))
    assert "&lt;i&gt;&amp;\\ $x$ *c*" in html
    assert 'alt="Say &quot;x&quot; &lt;b&gt; &amp; \\n"' in html
    assert "--brand: #801650" in html
    assert 'src="data:image/svg' in html
    assert page_validation.validate_pdf(pdf, profile="ua1").is_compliant


def shut():
    """Return how the checklist of a new pilot stands, with the gate `publish` shut."""
    return assess(made_up().pilot)


def test_a_draft_is_marked_on_every_page_and_still_read_aloud(tmp_path):
    """The banner says it once in words; the mark stands behind each page, for eyes alone, and PDF/UA-1 is kept."""
    html, pdf = rendered(tmp_path, "draft: true\n")
    assert html.count(BANNER) == 1
    assert '<div class="draft-mark" aria-hidden="true"></div>' in html
    marked = pages_marked(pdf)
    assert len(marked) > 1
    assert all(marked)
    assert page_validation.validate_pdf(pdf, profile="ua1").is_compliant


def test_what_is_published_has_no_mark(tmp_path):
    """Without the mark in its front matter, neither page nor PDF says that it is a draft."""
    html, pdf = rendered(tmp_path, "")
    assert BANNER not in html
    assert 'class="draft-mark"' not in html
    assert not any(pages_marked(pdf))


def test_every_report_of_a_pilot_is_a_draft_until_its_gate_is_open():
    """With the gate `publish` shut, every page and every PDF that `oda report` made is marked, the index too."""
    for path in made_up().report.files:
        if path.suffix == ".html":
            assert BANNER in path.read_text(encoding="utf-8"), path.name
        if path.suffix == ".pdf":
            assert all(pages_marked(path)), path.name


def test_what_oda_report_makes_is_a_draft_even_after_a_release_was_signed(tmp_path, monkeypatch):
    """People sign the bytes of a release; a sentence added since has been approved by nobody."""
    finished = made_up()
    gates = tuple(replace(gate, is_open=True, missing=()) for gate in shut().gates)
    monkeypatch.setattr("oda.reports.build.assess", lambda *_: replace(shut(), gates=gates))
    pilot = finished.pilot.model_copy(update={"reports": finished.pilot.reports[:1]})
    made = build_reports(pilot, replace(finished.run, folder=tmp_path), renderer="builtin")
    pages = [path.read_text(encoding="utf-8") for path in made.files if path.suffix == ".html"]
    assert len(pages) == 3
    assert all(BANNER in page for page in pages)
    assert "what people signed is the release" in pages[0]


@pytest.mark.parametrize("key", ["draft: 'no'", "oda-brand: x"])
def test_an_analyst_cannot_take_the_mark_away(tmp_path, key):
    """Whether a document is a draft follows from the checklist, never from its own front matter."""
    from oda.reports.context import Context
    from oda.reports.expanding import expand

    finished = made_up()
    context = Context(
        pilot=load_pilot(finished.pilot.folder),
        run=finished.run,
        assessment=shut(),
        name="x",
        source="reports/x.qmd",
        district=None,
        results={},
        project=tmp_path,
    )
    with pytest.raises(RenderError, match="is not for documents"):
        expand(f"---\ntitle: x\n{key}\n---\n", context)


def test_a_colour_that_only_just_passes_is_darker_where_it_is_a_word(tmp_path):
    """White words on it are readable; where it colours words on grey or yellow, a darker shade is readable too."""
    pilot = written(tmp_path, 'primary: "#767676"')
    lines = branding.mark(made_up().pilot.model_copy(update={"folder": pilot}), shut())
    ink = "#" + re.search(r'ink: "(\w{6})"', lines)[1]
    assert 'primary: "767676"' in lines
    assert min(branding.contrast(ink, ground) for ground in branding.GROUNDS) >= branding.TEXT


def test_pages_and_pdfs_made_for_release_have_no_mark(tmp_path):
    """With the gate `publish` open, as for `oda release`, no page and no PDF says that it is a draft."""
    finished = made_up()
    now = shut()
    gate = replace(now.gate("publish"), is_open=True, missing=())
    elsewhere = replace(finished.run, folder=tmp_path)
    made = build_reports(
        finished.pilot, elsewhere, renderer="builtin", assessment=replace(now, gates=(now.gate("load"), gate))
    )
    assert not [
        path.name for path in made.files if path.suffix == ".html" and BANNER in path.read_text(encoding="utf-8")
    ]
    assert not [path.name for path in made.files if path.suffix == ".pdf" and any(pages_marked(path))]
