"""The lint: each rule finds the page that was broken on purpose, and leaves a good page alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from oda.cli import main
from oda.errors import RenderError
from oda.reports.linting.linting import PAGE_RULES, lint_files, lint_folder, lint_page, lint_paths, refuse_findings
from oda.reports.linting.pdf_rules import PDF_RULES
from oda.reports.linting.tree import read_page

ALT = "Line chart of two rates, described below"
SVG = "%3Csvg%3E%3Cpath/%3E%3C/svg%3E"
CSV = "YSxiCjEsMgo="  # a,b 1,2
GOOD = f"""<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<title>Falls and frailty</title>
<meta name="description" content="What the pilot found.">
<style>p {{ background: url(data:image/png;base64,AA==) }}</style>
</head>
<body>
<a href="#page-main">Skip to the report</a>
<main id="page-main" tabindex="-1">
<h1>Falls and frailty</h1>
<div class="draft-banner"><p>Draft.</p></div><div class="draft-mark" aria-hidden="true"></div>
<h2>Main points</h2>
<ul><li>Visits came before a fall of 8.2 per cent. None of it is certain.</li></ul>
<h2>The districts</h2>
<figure id="fig-rates"><img src="data:image/svg+xml,{SVG}" alt="{ALT}">
<figcaption>Figure 1: Rates of falls in two places</figcaption></figure>
<p><a href="data:text/csv;base64,{CSV}" download="rates.csv">Download the data for figure 1 (1 KB CSV)</a></p>
<table><caption>Table 1: Rates</caption><thead><tr><th scope="col">District</th><th scope="col">Rate</th></tr></thead>
<tbody><tr><th scope="row">Redditch</th><td>1.25</td></tr><tr><th scope="row">Wychavon</th><td>[c]</td></tr></tbody>
</table>
<p>[c] means hidden, as the number is small. Write <code>NaN ::: {{{{</code> in code.</p>
<p><a href="https://example.org/">The guidance on falls</a></p>
</main>
</body>
</html>
"""
# Each broken page: the rule that must find it, what is replaced, and by what.
BROKEN = [
    ("lang", '<html lang="en-GB">', "<html>"),
    ("lang", 'lang="en-GB"', 'lang=" "'),
    ("title", "<title>Falls and frailty</title>", ""),
    ("title", "<title>Falls and frailty", "<title>" + "Falls " * 12),
    ("description", "What the pilot found.", ""),
    ("description", "What the pilot found.", "What the pilot found"),
    ("description", "What the pilot found.", "What the pilot found. " * 9),
    ("one-h1", "<h1>Falls and frailty</h1>", "<p>Falls</p>"),
    ("one-h1", "<h2>Main points</h2>", "<h1>Main points</h1>"),
    ("heading-order", "<h2>The districts</h2>", "<h4>The districts</h4>"),
    ("heading-order", "<h2>The districts</h2>", "<h2> </h2>"),
    ("main-landmark", "main", "div"),
    ("skip-link", '<a href="#page-main">Skip to the report</a>', '<nav><a href="https://a.org/">Elsewhere</a></nav>'),
    ("skip-link", 'href="#page-main">Skip', 'href="#fig-rates">Skip'),
    ("skip-link", '<a href="#p', '<a style="display: none" href="#p'),
    ("skip-link", '<a href="#p', '<a tabindex="-1" href="#p'),
    ("ids", 'id="fig-rates"', 'id="page-main"'),
    ("key-order", 'tabindex="-1"', 'tabindex="3"'),
    ("table-caption", "<caption>Table 1: Rates</caption>", ""),
    ("table-scope", '<th scope="row">Redditch', "<th>Redditch"),
    ("table-scope", '<th scope="row">Redditch', '<th scope="yes">Redditch'),
    ("table-empty-header", '<th scope="col">District</th>', '<th scope="col"></th>'),
    ("table-header-cells", '<th scope="col">Rate</th>', "<td>Rate</td>"),
    ("table-header-cells", '<th scope="row">Redditch</th>', "<td>Redditch</td>"),
    ("table-header-cells", "<td>1.25</td>", '<td scope="row">1.25</td>'),
    ("table-cut", "1.25", "..."),
    ("table-cut", "Redditch", "Redd…"),
    ("alt", f' alt="{ALT}"', ""),
    ("alt", ALT, ""),
    ("alt", ALT, "Line chart, falls"),
    ("alt-filler", ALT, "No description has been provided for this image"),
    ("alt-filler", ALT, "Image"),
    ("alt-filler", ALT, "Figure size 640x480 with 1 Axes"),
    ("alt-filler", ALT, "output_12_0/rates-by-district.png"),
    ("alt-filler", ALT, "This is an image of a chart"),
    ("alt-filler", ALT, "TODO: write the alt text here"),
    ("alt-filler", ALT, "Insert description of chart here"),
    ("alt-filler", ALT, "Chart chart chart chart chart"),
    ("alt-filler", ALT, "x" * 24),
    ("alt-filler", ALT, "&#8203;" * 24),
    ("alt-filler", ALT, "&lt;matplotlib.lines.Line2D object at 0x7f&gt;"),
    ("alt-filler", ALT, "Screenshot 2026-07-31 at 10.21.33"),
    ("alt-filler", ALT, "trend_chart_redditch_final_v2"),
    ("alt-filler", ALT, "Lorem ipsum dolor sit amet consec"),
    ("alt-filler", ALT, "See caption below for details"),
    ("alt", ALT, "asdf asdf asdf asdf asdf"),
    ("alt-caption", ALT, "Figure 1: rates of falls in two places"),
    ("alt-caption", ALT, "Chart: Rates of falls in two places"),
    ("alt-caption", "[c] means", f"{ALT}, and more. [c] means"),
    ("alt-caption", ALT, "Rates of falls in two places."),
    ("figure-data", 'href="data:text/csv;base64,YSxiCjEsMgo="', 'href="#page-main"'),
    ("figure-shown", 'alt="Line', 'aria-hidden="true" alt="Line'),
    ("figure-shown", 'alt="Line', 'role="presentation" alt="Line'),
    ("figure-shown", "<figure", '<figure aria-hidden="true"'),
    ("figure-shown", "<figure", "<figure hidden"),
    ("figure-shown", "<figure", '<figure style="display:none"'),
    ("figure-shown", "<figure", '<figure style="opacity: 0"'),
    ("figure-shown", "<figure", '<figure style="position:absolute; left:-9999px"'),
    ("figure-shown", "<img ", "<canvas "),
    ("picture-drawn", f'src="data:image/svg+xml,{SVG}"', ""),
    ("picture-drawn", f"data:image/svg+xml,{SVG}", ""),
    ("picture-drawn", SVG, ""),
    ("picture-drawn", SVG, "%3Csvg/%3E"),
    ("picture-drawn", SVG, "%3Csvg%3E%3Cpath/"),
    ("picture-drawn", f"svg+xml,{SVG}", "svg+xml;base64,%%%"),
    ("picture-drawn", f"svg+xml,{SVG}", "png;base64,iVBORw0KGgo="),
    ("data-held", CSV, ""),
    ("data-held", CSV, "@@@@"),
    ("data-held", CSV, "YSxi"),
    ("data-held", CSV, "YSxiCjE="),
    ("data-held", CSV, "PGh0bWw+"),
    ("table-scope", '<th scope="row">Redditch', '<th scope="col">Redditch'),
    ("table-scope", '<th scope="col">Rate', '<th scope="row">Rate'),
    ("table-empty-header", '<th scope="col">District', '<th scope="col">Unnamed: 0'),
    ("table-empty-header", '<th scope="col">District', '<th scope="col">-'),
    ("table-caption", "Table 1: Rates", "Table 1"),
    ("table-cut", "1.25", ". . ."),
    ("table-data", '<td>1.25</td></tr><tr><th scope="row">Wychavon</th><td>[c]</td>', "<td></td>"),
    ("table-data", "[c] means", "<pre>   year  rate\n0  2023  10.5\n1  2024  11.2\n</pre>[c] means"),
    ("table-hidden", "<table", '<table role="presentation"'),
    ("table-hidden", "<table", '<table aria-hidden="true"'),
    ("table-hidden", "<table", "<table hidden"),
    ("link-words", "The guidance on falls", "here"),
    ("link-words", "The guidance on falls", "Read more…"),
    ("link-words", "The guidance on falls", ""),
    ("link-distinct", "The guidance on falls", "skip to the report"),
    ("link-target", 'href="https://example.org/"', 'href="#nowhere"'),
    ("link-target", 'href="https://example.org/"', 'href="nowhere.pdf"'),
    ("requests", 'src="data:image/svg+xml,%3Csvg%3E%3Cpath/%3E%3C/svg%3E"', 'src="https://example.org/a.svg"'),
    ("requests", "<style>", '<script src="//example.org/a.js"></script><style>'),
    ("requests", "<style>", '<link rel="stylesheet" href="http://example.org/a.css"><style>'),
    ("requests", "url(data:image/png;base64,AA==)", "url('https://example.org/a.png')"),
    ("requests", "<style>", "<style>@import 'https://example.org/a.css';"),
    ("requests", "<style>", '<link rel="stylesheet" href="data:text/css,@import%20%22//a.org/a.css%22"><style>'),
    ("requests", "<p>[c]", "<p style=\"background: url('https://example.org/a.png')\">[c]"),
    ("requests", 'alt="Line', 'srcset="https://example.org/a.png 2x" alt="Line'),
    ("requests", "<style>", '<link rel="preconnect" href="https://example.org"><style>'),
    ("requests", "<style>", '<script src="a_files/libs/a.js"></script><style>'),
    ("scripts", "<style>", "<script>fetch('https://example.org')</script><style>"),
    ("scripts", "<p>[c]", '<p onclick="go()">[c]'),
    ("scripts", "https://example.org/", "javascript:go()"),
    ("sends", "<style>", '<meta http-equiv="refresh" content="0; url=https://example.org"><style>'),
    ("sends", "<p>[c]", '<form action="https://example.org"></form><p>[c]'),
    ("requests", "url(data:image/png;base64,AA==)", "image-set('https://example.org/a.png' 1x)"),
    ("requests", "url(data:image/png;base64,AA==)", r"u\72l(https://example.org/a.png)"),
    ("requests", 'alt="Line', 'srcset="data:image/png;base64,AA 1x, https://example.org/a.png 2x" alt="Line'),
    ("requests", "[c] means", '<iframe title="Map" srcdoc="&lt;img src=//a.org&gt;"></iframe>[c] means'),
    ("scripts", "<style>", "<script>new Image().src='https://example.org'</script><style>"),
    ("scripts", "<style>", "<script type=module>import 'https://example.org/a.js'</script><style>"),
    ("scripts", "<style>", "<script>location = 'https://example.org'</script><style>"),
    ("sends", "<p>[c]", '<button formaction="https://example.org">Send it</button><p>[c]'),
    ("key-order", "<p>[c]", "<p tabindex=0 autofocus>[c]"),
    ("heading-order", "<p>[c]", '<p role="heading" aria-level="5">[c]'),
    ("title", "<title>Falls and frailty", "<title>Untitled"),
    ("link-words", "The guidance on falls", "Click here for the report"),
    ("link-words", "The guidance on falls", "visit website"),
    ("link-words", "The guidance on falls", "https://example.org/"),
    ("link-target", "https://example.org/", "file:///home/me/a.html"),
    ("link-target", "https://example.org/", "C:\\me\\a.html"),
    ("link-target", "https://example.org/", "http://localhost:8888/a"),
    ("link-target", "https://example.org/", "http://"),
    ("left-over", "[c] means", "::: {.callout-note} [c] means"),
    ("left-over", "[c] means", "{#fig-rates} [c] means"),
    ("left-over", "[c] means", "{{< oda say effect >}} [c] means"),
    ("left-over", "[c] means", "?@fig-rates [c] means"),
    ("left-over", "[c] means", "[@fig-rates] [c] means"),
    ("left-over", "[c] means", "\u00c3\u00a9 [c] means"),
    ("failed-number", "8.2 per cent", "nan per cent"),
    ("failed-number", "of 8.2 per", "of None per"),
    ("failed-number", "8.2 per cent", "£inf"),
    ("failed-number", "1.25", "NaN"),
    ("failed-number", "1.25", "None"),
    ("failed-number", "1.25", "&lt;NA&gt;"),
    ("unrounded", "8.2 per cent", "8.2000000001 per cent"),
    ("unrounded", "1.25", "1.2e-05"),
    ("marks", "[c] means hidden, as the number is small.", ""),
    ("marks", "1.25", "[x]"),
    ("unanswered", "Visits came before", "Not answered: no notebook recorded 'effect', before"),
    ("left-over", "[c] means", "TODO: [c] means"),
    ("left-over", "[c] means", "Lorem ipsum dolor. [c] means"),
    ("left-over", "[c] means", "a **strong** word. [c] means"),
    ("left-over", "[c] means", "[this](board.html). [c] means"),
    ("left-over", "[c] means", "<pre>Traceback (most recent call last): ...</pre>[c] means"),
    ("main-points", "Main points</h2>\n<ul>", "1. Main points of it</h2>\n<ul>" + "<li>One.</li>" * 6),
    ("main-points", "<ul>", "<ul>" + "<li>One.</li>" * 4 + "</ul><ul>" + "<li>One.</li>" * 2),
    ("main-points", "<ul>", "<ul><li>One.<ul>" + "<li>One.</li>" * 6 + "</ul></li>"),
    ("main-points", "<h2>The districts", "<h2>Main points</h2><p>" + "word " * 25 + "</p><h2>The districts"),
    ("main-points", "<ul>", "<ul>" + "<li>One.</li>" * 6),
    ("main-points", "Visits came", "Visits " * 15 + "came"),
]


def rules(page: str, **options: object) -> set[str]:
    """Return the names of the rules that find something on a page."""
    return {one.rule for one in lint_page(page, name="a.html", is_there=lambda _: False, **options)}


def test_a_good_page_has_no_findings():
    """Code may hold anything, `None of it` is English, and a skip link is the first stop of the keyboard."""
    assert lint_page(GOOD, name="a.html", is_there=lambda _: False, draft=True) == ()


@pytest.mark.parametrize(("rule", "before", "after"), BROKEN)
def test_a_page_broken_on_purpose_is_found(rule: str, before: str, after: str):
    """One thing is broken, and the rule for it says so."""
    assert before in GOOD
    assert rule in rules(GOOD.replace(before, after))


def test_every_rule_has_a_broken_page():
    """No rule is there that was never seen to fail."""
    assert {rule for rule, _, _ in BROKEN} | {"draft-mark"} == set(PAGE_RULES)


def test_a_page_says_draft_while_the_gate_is_shut_and_only_then():
    """A page without its banner is found, and so is a page to be published that still has one."""
    bare = GOOD.replace("draft-banner", "x").replace("draft-mark", "y")
    said = bare.replace('class="x"', 'role="note" class="notice"')
    assert rules(GOOD.replace("draft-mark", "y"), draft=True) == rules(said, draft=True) == {"draft-mark"}
    assert rules(said, draft=False) == {"draft-mark"}
    assert (rules(bare, draft=True), rules(GOOD, draft=False)) == ({"draft-mark"}, {"draft-mark"})
    assert rules(bare, draft=False) == rules(GOOD, draft=True) == rules(bare, draft=None) == set()


def test_a_finding_says_where_what_and_what_to_do():
    """A person goes to the line and knows what to write there."""
    found = lint_page(GOOD.replace(ALT, "Image"), name="board.html")
    expected = (
        "board.html:17: the alternative text 'Image' says nothing of the picture. "
        "Say what kind of chart it is and of what: fig-alt. [alt-filler]"
    )
    assert [str(one) for one in found] == [expected]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<td>1.25</td>", "<td>\u201cWe went \u2026 and came back ...\u201d</td>"),
        ('<tr><th scope="row">Wychavon</th><td>[c]', "<tr><td>2</td><td>[c]"),
        ("<caption>Table 1: Rates</caption>", ""),
    ],
    ids=["a quotation", "a row of a group", "a caption by its label"],
)
def test_a_table_that_is_right_in_another_way_is_left_alone(before: str, after: str):
    """Dots in a quotation cut nothing, a header may head several rows, and a caption may be pointed to."""
    page = GOOD.replace('<th scope="row">Redditch', '<th scope="rowgroup" rowspan="2">Redditch')
    page = page.replace("<h2>The districts", '<h2 id="told">The districts').replace(
        "<table>", '<table aria-labelledby="told">'
    )
    assert before in page
    assert rules(page.replace(before, after)) == set()


def test_a_picture_that_is_no_chart_needs_no_data():
    """A photograph or a logo has none; its class says so."""
    page = GOOD.replace(f"data:text/csv;base64,{CSV}", "#page-main").replace("<img ", '<img class="photo" ')
    assert "figure-data" in rules(page.replace(' class="photo"', ""))
    assert "figure-data" not in rules(page)


def test_a_link_to_a_part_of_another_page_finds_it_there(tmp_path: Path):
    """A part that is not on the other page is found, looked for again once that page changes; its name is its own."""
    to_part = GOOD.replace("https://example.org/", "b.html#fig-rates")
    two = '<a href="b.html">The guidance on falls</a></main>'
    (tmp_path / "a.html").write_text(to_part.replace("</main>", two), encoding="utf-8")
    found = []
    for other in (GOOD, GOOD.replace("fig-rates", "fig-rate"), GOOD):
        (tmp_path / "b.html").write_text(other.replace("https://example.org/", "a.html"), encoding="utf-8")
        found.append([one.rule for one in lint_folder(tmp_path, kept=tmp_path / "lint.json").findings])
    assert found == [[], ["link-target"], []]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<h2>The districts", f"<p>What comes next:</p><ul>{'<li>One.</li>' * 6}</ul><h2>The districts"),
        ("<h2>The districts", f'<div class="notice"><ul>{"<li>One.</li>" * 6}</ul></div><h2>The districts'),
        ("1.25</td></tr>", 'None</td></tr><tr><th scope="row">Wyre</th><td>Two falls</td></tr>'),
        ("[c] means", "Block 5e2. ** p &lt; 0.01. x**2 + y**2. [c] means"),
    ],
    ids=["a list after the points", "a list in a notice", "None as a word", "names and signs"],
)
def test_words_that_only_look_wrong_are_left_alone(before: str, after: str):
    """What comes after the points is none, and a word, a name or a formula may look like a failed number."""
    page = GOOD.replace("[c]</td>", "Few</td>") if "None" in after else GOOD
    assert before in page
    assert rules(page.replace(before, after)) == set()


def test_links_to_sources_do_not_make_a_point_long():
    """What leads from a number to its source is small print, not words of the point."""
    point = "word " * 24 + '<span class="source">' + "small " * 9 + "</span>"
    page = GOOD.replace("Visits came before a fall of 8.2 per cent. None of it is certain.", point)
    assert rules(page) == set()
    assert rules(page.replace("word ", "word and ", 1)) == {"main-points"}


def test_a_caption_of_a_table_may_stand_in_the_figure_around_it():
    """Quarto puts a table into a figure with its caption, and a table needs no link to its data."""
    table = "<table><caption>Table 1: Rates</caption>"
    page = GOOD.replace(table, "<figure><figcaption>Table 1: Rates</figcaption><table>")
    assert rules(page.replace("</table>", "</table></figure>")) == set()


def test_tags_that_html_lets_an_author_leave_out_are_understood():
    """A page by hand need not close its cells, rows and paragraphs."""
    page = read_page("<table><caption>A<tr><th scope=col>B<td>C<tr><td>D</table><p>E<p>F<ul><li>G<li>H</ul>")
    assert [one.text() for one in page.every("th", "td", "p", "li")] == ["B", "C", "D", "E", "F", "G", "H"]


def test_a_page_nested_without_end_is_read():
    """A hostile page neither ends the lint nor keeps it for a minute."""
    assert max(one.depth for one in read_page("<table><tr><td>" * 3000 + "deep").elements) == 512
    assert "lang" in rules("<div>" * 5000 + "deep")


def test_the_command_looks_at_any_page_and_exits_1_on_a_finding(tmp_path: Path):
    """A page by hand or by Quarto needs no pilot around it."""
    good, bad = tmp_path / "good.html", tmp_path / "bad.html"
    good.write_text(GOOD, encoding="utf-8")
    bad.write_text(GOOD.replace(ALT, "Image"), encoding="utf-8")
    passed = CliRunner().invoke(main, ["report", "--lint", str(good)])
    failed = CliRunner().invoke(main, ["report", "--lint", "--json", str(good), str(bad)])
    assert (passed.exit_code, passed.output) == (0, "No findings in 1 page and 0 PDFs.\n")
    told = json.loads(failed.output)
    assert (failed.exit_code, told["pages"], [one["rule"] for one in told["findings"]]) == (1, 2, ["alt-filler"])


def test_a_name_that_is_wrong_loses_no_finding_and_a_hopeless_file_does_not_fill_the_screen(tmp_path: Path):
    """The other files are told, the wrong name last, and of one file's findings the first forty."""
    bad = tmp_path / "bad.html"
    bad.write_text(GOOD.replace("<p>[c]", "<p>" + "::: \n" * 99 + "[c]"), encoding="utf-8")
    done = CliRunner().invoke(main, ["report", "--lint", "absent.html", str(bad)])
    lines = done.output.splitlines()
    assert (done.exit_code, len(lines)) == (1, 43)
    assert lines[40].endswith("bad.html: and 59 more findings. Mend these first; --json has them all.")
    assert lines[41:] == ["99 findings in 1 page and 0 PDFs.", lines[42]]
    assert lines[42].startswith("absent.html cannot be read")


@pytest.mark.parametrize("name", ["absent.html", "words.txt"])
def test_a_file_that_cannot_be_looked_at_is_refused(tmp_path: Path, name: str):
    """A file that is not there, or is neither a page nor a PDF, is not passed over."""
    (tmp_path / "words.txt").write_text("words", encoding="utf-8")
    with pytest.raises(RenderError, match=name):
        lint_files([tmp_path / name])


def test_pages_with_findings_are_not_released(tmp_path: Path):
    """What is to be published is refused with the first findings and how many there are."""
    (tmp_path / "a.html").write_text(GOOD.replace(ALT, "Image").replace("draft-", "x-"), encoding="utf-8")
    with pytest.raises(RenderError, match=r"The lint has 1 finding\. Mend them.*\na\.html:17: .* \[alt-filler\]"):
        refuse_findings(tmp_path)
    (tmp_path / "a.html").write_text(GOOD.replace("draft-", "x-"), encoding="utf-8")
    refuse_findings(tmp_path)


def test_a_file_of_a_run_is_known_for_a_draft(tmp_path):
    """Named by itself, a page of `runs/<id>/reports` must say that it is a draft; one from elsewhere need not."""
    folder = tmp_path / "runs" / "falls-1" / "reports"
    folder.mkdir(parents=True)
    for place in (folder, tmp_path):
        (place / "a.html").write_text(GOOD.replace("draft-", "x-"), encoding="utf-8")
    assert [one.rule for one in lint_paths([folder / "a.html"]).findings] == ["draft-mark"]
    assert [one.rule for one in lint_paths([folder]).findings] == ["draft-mark"]
    assert lint_paths([tmp_path / "a.html"]).findings == ()


def test_what_was_found_is_kept_until_something_changes(tmp_path: Path):
    """A page is looked at again once it, the files beside it or the draft's state change, and not before."""
    folder, kept = tmp_path / "pages", tmp_path / "lint.json"
    folder.mkdir()
    page = folder / "a.html"
    page.write_text(GOOD.replace("https://example.org/", "b.csv"), encoding="utf-8")
    assert [one.rule for one in lint_folder(folder, kept=kept).findings] == ["link-target"]
    kept.write_text(kept.read_text(encoding="utf-8").replace("link-target", "from-memory"), encoding="utf-8")
    assert [one.rule for one in lint_folder(folder, kept=kept).findings] == ["from-memory"]
    (folder / "b.csv").write_text("a\n", encoding="utf-8")
    assert lint_folder(folder, kept=kept).findings == ()
    assert [one.rule for one in lint_folder(folder, kept=kept, draft=False).findings] == ["draft-mark"]


def test_every_rule_is_written_down():
    """The page on the lint names each rule and no other."""
    text = (Path(__file__).parents[1] / "reports" / "linting" / "README.md").read_text(encoding="utf-8")
    named = {name for cell in re.findall(r"^\| (`.+?) \|", text, re.MULTILINE) for name in re.findall(r"`(.+?)`", cell)}
    assert named == {*PAGE_RULES, *PDF_RULES, "pdf-locked", "pdf-unread"}


def test_what_the_index_quotes_of_an_error_is_not_left_over():
    """The box of what could not be made names the marks that were refused; elsewhere they are a fault."""
    box = '<div role="note" class="notice"><h2>Not everything could be made</h2><ul><li>line 3: \':::\'</li></ul></div>'
    good = GOOD.replace("</main>", f"{box}</main>")
    assert not [one for one in lint_page(good, name="a") if one.rule == "left-over"]
    for left in ("<p>:::</p>", "<p>{{ oda say effect }}</p>"):
        assert [
            one for one in lint_page(GOOD.replace("</main>", f"{left}</main>"), name="a") if one.rule == "left-over"
        ]
