"""Slips in a document's shortcodes, front matter and pictures are named at their line, with the way out."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest

from finished import context, made_up
from oda.errors import RenderError
from oda.reports.builtin.pandoc import run_pandoc
from oda.reports.builtin.subset import tree_refusals
from oda.reports.context import Context
from oda.reports.expanding import expand
from oda.reports.own_pictures import stage_picture

FRONT = "---\ntitle: T\n---\n\n"
DRAWN = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0L9 9"/></svg>'
SHOWN = '![A line](maps/a.svg){#fig-a fig-alt="A line that falls"}'


def beside(folder: Path, files: dict[str, str]) -> Context:
    """Return a context in whose pilot these files stand beside the document."""
    for name, content in files.items():
        path = folder / "reports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return context(folder / "staged", pilot=made_up().pilot.model_copy(update={"folder": folder}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FRONT + "By {{ oda say effect }}.\n", "line 5: '{{ oda say effect }}' is no shortcode"),
        (FRONT + "{{< odda say effect >}}\n", "line 5: .* is no shortcode"),
        (FRONT + "{{< oda say\neffect >}}\n", "line 5: .* in one line"),
        (FRONT + "In {{< oda district name >}}.\n", "line 5: .* for a report of each district"),
        (FRONT + "See {{< oda figure trend-chart >}} here.\n", "line 5: .* Put it on a line of its own"),
        ("---\ntitle: T\ntoc: true\n---\n", "line 3: front matter 'toc' is not supported"),
        ("---\nsubtitle: T\n---\n", "line 1: the front matter has no title"),
        ("---\ntitle: T\nsubtitle:\n---\n", "line 3: front matter 'subtitle' is empty"),
        ("---\ntitle: T\ndate: 2024-13-45\n---\n", r"line 3: the date '2024-13-45' is not a day\. Write YYYY-MM-DD"),
        ('---\ntitle: T\nsubtitle: "A" of B\n---\n', "line 3: the front matter is not 'name: value' lines"),
        (FRONT + "{{< oda data effect >}}\n", "line 5: result 'effect' is not a table"),
        (FRONT + "![A](no.svg){#fig-a fig-alt='a'}\n", "line 5: there is no picture 'no.svg'"),
    ],
)
def test_a_slip_is_named_at_its_line_with_the_way_out(tmp_path, text, said):
    """Nobody is sent to another renderer for a word spelt wrongly."""
    with pytest.raises(RenderError, match=said):
        expand(text, context(tmp_path))


def test_all_that_is_wrong_with_a_document_is_said_at_once(tmp_path):
    """An analyst mends a document in one go: results that are not there are one fault with all their lines."""
    body = "{{< oda say x >}} {{< oda y >}}\n\nBy 12%.\n\n{{< oda table z >}}\n"
    with pytest.raises(RenderError) as caught:
        expand(f"---\ntitle: T\ntoc: true\n---\n\n{body}", context(tmp_path))
    front, unknown, typed, absent = str(caught.value).split("\n")
    assert "line 3: front matter 'toc' is not supported" in front
    assert "line 6: {{< oda y >}} is not known" in unknown
    assert "line 8: '12%'" in typed
    assert "line 6: there is no result 'x', nor 'z' (line 10). Notebooks recorded: " in absent


def test_every_report_says_what_to_mind_of_it_and_how_it_was_made(tmp_path):
    """Where its document does not, or does so in code or in one format alone; lines stay those of the document."""
    about = context(tmp_path)
    hidden = '::: {.content-visible when-format="html"}\n{{< oda notices >}}\n:::\n\n```\n{{< oda provenance >}}\n```\n'
    text = expand(f"{FRONT}{hidden}\n## Last\n", about)
    assert text.index("These figures are not real") < text.index("when-format")
    assert text.index("## Last") < text.rindex("Parameters and versions")
    lines = text.split("\n")
    assert len(lines) == len(about.origins)
    assert about.origins[lines.index("## Last")] == FRONT.count("\n") + hidden.count("\n") + 2


def test_what_a_document_says_itself_is_not_said_twice(tmp_path):
    """A short document may name its sources alone."""
    own = "{{< oda notices >}}\n\n{{< oda  provenance >}}\n"
    text = expand(FRONT + own, context(tmp_path))
    assert text.count("These figures are not real") == text.count("Parameters and versions") == 1
    assert "Parameters and versions" not in expand(FRONT + "{{< oda sources short >}}\n", context(tmp_path))


def test_code_may_quote_what_is_no_shortcode(tmp_path):
    """A report may say how it is written."""
    assert "`{{ oda say x }}`" in expand(FRONT + "Write `{{ oda say x }}`.\n", context(tmp_path))


@pytest.mark.parametrize("before", ["", "> ", "- ", "1. ", "::: {.callout-note}\n", "[^1]: ", "<!-- x -->\n"])
def test_settings_stand_only_at_the_top(tmp_path, before):
    """A second block of them would take the mark of a draft away, or give the page another office's name."""
    with pytest.raises(RenderError, match=r"board\.qmd, line \d+: '---' may begin settings"):
        expand(f"{FRONT}Words.\n\n{before}---\ndraft: false\n---\n", context(tmp_path))


def test_a_picture_beside_a_document_is_staged_where_the_document_shows_it(tmp_path):
    """What is there already, or somewhere else on the web, is left alone."""
    home = tmp_path / "reports"
    (home / "maps").mkdir(parents=True)
    (home / "maps" / "a.svg").write_text(DRAWN, encoding="utf-8")
    assert stage_picture(SHOWN, home=home, project=tmp_path / "staged") == ""
    assert (tmp_path / "staged" / "maps" / "a.svg").read_text(encoding="utf-8") == DRAWN
    assert stage_picture("![A](https://x.org/a.svg)", home=home, project=tmp_path) == ""


@pytest.mark.parametrize("inside", ["<script>x()</script>", "<style>@import 'x'</style>", '<g onload="x()"/>'])
def test_a_picture_that_runs_or_fetches_something_is_refused(tmp_path, inside):
    """A page asks no server for anything, nor runs what it did not bring."""
    (tmp_path / "a.svg").write_text(DRAWN.replace("<path", f"{inside}<path"), encoding="utf-8")
    assert "runs or fetches" in stage_picture("![A](a.svg)", home=tmp_path, project=tmp_path / "staged")


@pytest.mark.parametrize("name", ["../a.svg", "a.gif", "a%20b.svg", "/a.svg"])
def test_a_picture_stands_in_the_reports_folder(tmp_path, name):
    """Under a plain name, as SVG, PNG or JPEG."""
    assert stage_picture(f"![A]({name})", home=tmp_path, project=tmp_path / "staged")


def test_a_raw_div_is_named_at_its_own_line(tmp_path):
    """Not at that of the first box of the document."""
    text = f'{FRONT}::: {{.answer}}\nx\n:::\n\n<div onclick="x()">\nx\n</div>\n'
    tree = json.loads(run_pandoc(["--from=markdown", "--to=json"], text))
    found = tree_refusals(tmp_path / "a.qmd", text, tree, tmp_path)
    assert [one for one in found if "div" in one] == [
        "a.qmd:9: the attribute 'onclick' on a div",
        "a.qmd:9: the div '<div>'",
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "a.svg",
            '<svg xmlns="http://www.w3.org/2000/svg"></svg>',
            "did not draw: its drawing is empty. Save it again",
        ),
        ("a.svg", "<svg><path></svg>", r"did not draw: it is not well-formed SVG \(mismatched tag"),
        ("a.svg", "words", "did not draw: it holds no drawing"),
        ("a.png", "words", "did not draw: it is no whole PNG"),
        ("a.jpg", "words", "did not draw: it is no whole JPEG"),
    ],
)
def test_a_picture_that_did_not_draw_is_refused_at_its_line(tmp_path, name, content, said):
    """Nobody learns it from an empty place on a page, or from a program that makes PDFs."""
    about = beside(tmp_path, {name: content})
    with pytest.raises(RenderError, match=f"board.qmd, line 5: the picture '{name}' {said}"):
        expand(f"{FRONT}![A]({name}){{#fig-a fig-alt='a'}}\n", about)


def test_data_beside_a_picture_are_its_download(tmp_path):
    """As with every chart: the CSV of its name, in a link that either renderer numbers and attaches."""
    about = beside(tmp_path, {"maps/a.svg": DRAWN, "maps/a.csv": "Year,Note\n2024,=1+1\n"})
    text = expand(f"{FRONT}- B\n\n  {SHOWN}\n", about)
    line = re.search(r"\n  (\[Download the data for this figure .*base64,(\S+)\).download=.board-maps-a.csv..)\n", text)
    assert line
    assert f"\n  ::: {{.exhibit}}\n\n  {SHOWN}\n" in text
    assert base64.b64decode(line[2]).decode("utf-8-sig") == "Year,Note\n2024,'=1+1\n"
    assert about.data == {"maps/a.svg": line[1]}


@pytest.mark.parametrize("content", ["", "Year\n", "Year,Rate\n2024\n", "Year,\n2024,3\n"])
def test_data_beside_a_picture_are_a_table(tmp_path, content):
    """A file that nobody can read is no download."""
    about = beside(tmp_path, {"maps/a.svg": DRAWN, "maps/a.csv": content})
    with pytest.raises(RenderError, match=r"line 5: a\.csv, the data of maps/a\.svg, is no table"):
        expand(f"{FRONT}{SHOWN}\n", about)
