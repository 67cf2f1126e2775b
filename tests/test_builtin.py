"""The built-in renderer: the same document as HTML and as PDF, for everybody, every time."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import page
import pikepdf
import pytest

from oda.errors import RenderError
from oda.reports.builtin.rendering import render
from oda.reports.document import Document, Format, attribute, escape, front_matter

HOSTILE = (
    '<script>alert("x")</script> & £5, $5 and £6, #tag @fig-none a_b@example.org *bold* _it_ '
    r"\back `tick` ~sub~ ^sup^ [link](http://x) {#id} {{< include x >}} ::: -5 ... -? 1. | #panic()"
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180" viewBox="0 0 320 180">'
    '<path d="M10 170 L300 20" stroke="#12436d" fill="none"/></svg>'
)
ALT = 'A line that rises from left to right, called "the rise".'
FRONT = front_matter(
    {
        "title": "Falls at home",
        "subtitle": "Report to the board",
        "date": "2026-03-31",
        "author": "Office of Data Analytics",
        "lang": "en-GB",
        "description": "What visits did.",
        "keywords": ["falls", "visits"],
    }
)
FIGURE = f"![Falls a year](figures/x.svg){{#fig-rates fig-alt={attribute(ALT)}}}"
TABLE = """\
| District | People | Change | Note |
|---|---|---|---|
| Redditch | 1,250 | -3.1 | first |
| Wychavon | 980 | [c] | second |

: Falls by district {#tbl-falls}
"""
BODY = f"""
::: {{.answer}}
**Fewer falls?** Probably: 3.3 fewer for each 1,000 people.
:::

## What we found {{#found}}

See @fig-rates and @tbl-falls, [the page of Redditch](redditch.html) or [the finding](#found).[^1]

[^1]: Written before the data were seen.

{FIGURE}

{TABLE}

### How sure

::: {{.callout-warning}}
## Made-up data
It says nothing about a real place.
:::

::: {{.callout-note title="What it means"}}
Ninety-five in a hundred.
:::

::: {{.content-visible when-format="html"}}
Only on the page.
:::

::: {{.content-visible when-format="typst"}}
Only on paper.
:::

Term
: Meaning

The rate is [$r^2$]{{alt="r squared"}}.
"""

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Stage and render documents named by keyword; return the folder of outputs."""

    def stage(*, formats: tuple[Format, ...] = ("html", "pdf"), **texts: str) -> Path:
        """Write the texts and one figure, and render them."""
        project = tmp_path / "project"
        (project / "figures").mkdir(parents=True, exist_ok=True)
        (project / "figures" / "x.svg").write_text(SVG, encoding="utf-8")
        for name, text in texts.items():
            (project / f"{name}.qmd").write_text(text, encoding="utf-8")
        output = tmp_path / "output"
        render(project, [Document(name=name, formats=formats) for name in texts], output)
        return output

    return stage


class Page(HTMLParser):
    """A page taken apart: every tag with its attributes, and the words inside each."""

    def __init__(self, path: Path) -> None:
        """Read one page."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag; those that never close are not opened."""
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "br", "hr"):
            self._open.append(tag)
            self.words.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        """Close a tag."""
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Add words to every open tag."""
        for tag in set(self._open):
            self.words[tag][-1] += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def _cmap(font: pikepdf.Object) -> dict[int, str]:
    """Return a font's glyph numbers as the text that they stand for."""
    codes: dict[int, str] = {}
    text = font.ToUnicode.read_bytes().decode("latin-1")
    for block in re.findall(r"beginbfchar(.*?)endbfchar", text, re.DOTALL):
        for glyph, words in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
            codes[int(glyph, 16)] = bytes.fromhex(words).decode("utf-16-be")
    return codes


def runs_of(path: Path) -> list[tuple[float, str]]:
    """Return a PDF's runs of text in the order of its content, each with its height on the page."""
    found: list[tuple[float, str]] = []
    with pikepdf.open(path) as pdf:
        for sheet in pdf.pages:
            fonts = {name: _cmap(font) for name, font in sheet.Resources.Font.items()}
            codes: dict[int, str] = {}
            height = 0.0
            for step in pikepdf.parse_content_stream(sheet):
                operator, operands = str(step.operator), list(step.operands)
                if operator == "cm":
                    height = float(operands[5])
                if operator == "Tf":
                    codes = fonts[str(operands[0])]
                if operator in ("TJ", "Tj"):
                    runs = operands[0] if operator == "TJ" else operands
                    raw = b"".join(bytes(run) for run in runs if isinstance(run, pikepdf.String))
                    glyphs = [raw[at : at + 2] for at in range(0, len(raw), 2)]
                    found.append((height, "".join(codes[int.from_bytes(one)] for one in glyphs)))
    return found


def words_of(path: Path) -> str:
    """Return a PDF's text without any white space."""
    return squeeze("".join(words for _, words in runs_of(path)))


def squeeze(text: str) -> str:
    """Take out white space: lines break in other places on paper."""
    return re.sub(r"\s", "", text)


def structure(path: Path) -> list[tuple[str, str]]:
    """Return the kind and the words of every element of a PDF's structure tree, in order."""
    found: list[tuple[str, str]] = []

    def walk(node: pikepdf.Object) -> None:
        """Note this element and those below it."""
        if isinstance(node, pikepdf.Array):
            for one in node:
                walk(one)
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                found.append((str(node.S), str(node.get("/Alt", ""))))
            if "/K" in node:
                walk(node.K)

    with pikepdf.open(path) as pdf:
        walk(pdf.Root.StructTreeRoot.K)
    return found


def alternatives(path: Path, role: str) -> list[str]:
    """Return the alternative text of every element of one kind."""
    return [words for kind, words in structure(path) if kind == role]


def test_a_page_has_one_title_and_its_headings_in_order(make: Make) -> None:
    """The title is the only heading of level 1; headings of callouts stand outside the order."""
    html = Page(make(board=FRONT + BODY) / "board.html")
    assert html.words["h1"] == ["Falls at home"]
    assert html.words["h2"] == ["What we found"]
    assert html.words["h3"] == ["How sure"]
    assert "Falls at home" in html.words["title"][0]


def test_a_page_has_the_landmarks_that_a_screen_reader_needs(make: Make) -> None:
    """Language, skip link first, header, main, named contents and footer are all there."""
    html = Page(make(board=FRONT + BODY, formats=("html",)) / "board.html")
    assert html.all("html")[0]["lang"] == "en-GB"
    assert html.all("a")[0]["href"] == "#" + str(html.all("main")[0]["id"])
    assert [len(html.all(tag)) for tag in ("header", "main", "footer")] == [1, 1, 1]
    assert html.all("nav")[0]["aria-label"] == "Contents"


def test_captions_and_references_read_as_quarto_writes_them(make: Make) -> None:
    """Figures and tables are numbered apart, with a no-break space, and references are links."""
    output = make(board=FRONT + BODY)
    html = Page(output / "board.html")
    assert html.words["figcaption"] == ["Figure\u00a01: Falls a year"]
    assert html.words["caption"] == ["Table\u00a01: Falls by district"]
    links = dict(zip([one["href"] for one in html.all("a")], html.words["a"], strict=True))
    assert links["#fig-rates"] == "Figure\u00a01"
    assert links["#tbl-falls"] == "Table\u00a01"
    paper = words_of(output / "board.pdf")
    assert "Figure1:Fallsayear" in paper
    assert "Table1:Fallsbydistrict" in paper
    assert "SeeFigure1andTable1," in paper


def test_links_lead_to_the_same_places_in_both_formats(make: Make) -> None:
    """A link to another report and a link within the report work on the page and on paper."""
    output = make(board=FRONT + BODY)
    targets = [one["href"] for one in Page(output / "board.html").all("a")]
    assert "redditch.html" in targets
    assert "#found" in targets
    with pikepdf.open(output / "board.pdf") as pdf:
        notes = [note for sheet in pdf.pages for note in sheet.get("/Annots", [])]
        outward = [str(note.A.URI) for note in notes if "/A" in note and "/URI" in note.A]
    assert outward == ["redditch.html"]
    assert len(notes) - len(outward) >= len(["figure", "table", "finding", "footnote"])


def test_tables_have_scopes_captions_and_a_box_that_scrolls(make: Make) -> None:
    """Header cells say what they head; a wide table scrolls by keyboard inside a named region."""
    html = Page(make(board=FRONT + BODY, formats=("html",)) / "board.html")
    scopes = [one["scope"] for one in html.all("th")]
    assert scopes == ["col"] * 4 + ["row"] * 2
    box = next(one for one in html.all("div") if one.get("class") == "table-box")
    assert (box["role"], box["tabindex"]) == ("region", "0")
    assert box["aria-label"] == "Table\u00a01: Falls by district"


def test_numbers_stand_to_the_right_and_words_to_the_left(make: Make) -> None:
    """A column of numbers, suppressed cells included, is aligned right without being asked."""
    html = Page(make(board=FRONT + BODY, formats=("html",)) / "board.html")
    cells = [one["style"] for one in html.all("td")[:3]]
    assert cells == ["text-align: right;", "text-align: right;", "text-align: left;"]


def test_every_figure_says_in_words_what_it_shows(make: Make) -> None:
    """The alternative text is in the page and in the PDF's structure, as it was written."""
    output = make(board=FRONT + BODY)
    assert [one["alt"] for one in Page(output / "board.html").all("img")] == [ALT]
    assert alternatives(output / "board.pdf", "/Figure") == [ALT]


def test_mathematics_has_words_in_both_formats(make: Make) -> None:
    """A formula is MathML on the page, and both formats carry its words."""
    output = make(board=FRONT + BODY)
    html = Page(output / "board.html")
    assert len(html.all("math")) == 1
    assert any(one.get("aria-label") == "r squared" for one in html.all("span"))
    assert alternatives(output / "board.pdf", "/Formula") == ["r squared"]


def test_callouts_say_their_kind_in_words(make: Make) -> None:
    """A callout's kind is a word, not a colour, whichever way its title was written."""
    output = make(board=FRONT + BODY)
    html = (output / "board.html").read_text(encoding="utf-8")
    paper = words_of(output / "board.pdf")
    for title in ("Warning: Made-up data", "Note: What it means"):
        assert title in html
        assert squeeze(title) in paper
    assert html.count('role="note"') == 2


def test_content_for_one_format_stays_out_of_the_other(make: Make) -> None:
    """What is meant for the page is not on paper, and the other way round."""
    output = make(board=FRONT + BODY)
    html = (output / "board.html").read_text(encoding="utf-8")
    paper = words_of(output / "board.pdf")
    assert ("Only on the page" in html, "Onlyonthepage" in paper) == (True, False)
    assert ("Only on paper" in html, "Onlyonpaper" in paper) == (False, True)


def test_both_formats_hold_the_same_words_and_numbers(make: Make) -> None:
    """Every cell, heading and item of the page is on paper too, and a hyphen stays a hyphen."""
    output = make(board=FRONT + BODY)
    html = Page(output / "board.html")
    paper = words_of(output / "board.pdf")
    for tag in ("h1", "h2", "h3", "th", "td", "figcaption", "caption", "dt", "dd"):
        for words in html.words[tag]:
            assert squeeze(words) in paper, words


def test_a_pdf_passes_an_independent_check_of_pdf_ua(make: Make) -> None:
    """Another program than the one that wrote it finds PDF/UA-1 kept, with the expected tags."""
    path = make(board=FRONT + BODY) / "board.pdf"
    report = page.validate_pdf(path, profile="ua1")
    assert report.is_compliant, [one.message for one in report.failures]
    found = [kind for kind, _ in structure(path)]
    for role in ("/Title", "/H1", "/H2", "/Table", "/TH", "/Caption", "/Figure", "/Link", "/Note"):
        assert role in found, role
    with pikepdf.open(path) as pdf:
        assert str(pdf.Root.Lang) == "en-GB"
        assert str(pdf.docinfo["/Title"]) == "Falls at home"


def test_a_page_asks_the_network_for_nothing(make: Make) -> None:
    """Figures and style are inside the page; it has no script and loads no address."""
    html = Page(make(board=FRONT + BODY, formats=("html",)) / "board.html")
    assert not html.all("script")
    assert not html.all("link")
    sources = [str(value) for _, found in html.tags for key, value in found.items() if key == "src"]
    assert sources
    assert all(one.startswith("data:image/svg+xml;base64,") for one in sources)
    assert "url(" not in html.words["style"][0]


def test_the_same_document_gives_the_same_bytes(make: Make) -> None:
    """Two runs, in any company, give identical files."""
    first = {p.name: p.read_bytes() for p in make(board=FRONT + BODY).iterdir()}
    again = make(other=FRONT + BODY, board=FRONT + BODY)
    assert {name: (again / name).read_bytes() for name in first} == first


def test_the_bytes_do_not_depend_on_the_folder(make: Make, tmp_path: Path) -> None:
    """A project rendered in another place gives the same files."""
    first = make(board=FRONT + BODY)
    moved = tmp_path / "another place"
    (tmp_path / "project").rename(moved)
    again = tmp_path / "again"
    render(moved, [Document(name="board", formats=("html", "pdf"))], again)
    for name in ("board.html", "board.pdf"):
        assert (again / name).read_bytes() == (first / name).read_bytes()


def test_text_from_people_comes_out_literally(make: Make) -> None:
    """Markup, code, money and addresses typed by someone are shown, never obeyed."""
    text = front_matter({"title": HOSTILE, "date": "2026-03-31", "author": HOSTILE, "keywords": [HOSTILE]}) + (
        f"\n{escape(HOSTILE)}\n\n## {escape(HOSTILE)}\n\n- {escape('1. ' + HOSTILE)}\n\n"
        f"![{escape(HOSTILE)}](figures/x.svg){{#fig-a fig-alt={attribute(HOSTILE)}}}\n\n"
        f"| {escape(HOSTILE)} | b |\n|---|---|\n| {escape('$5 and £6')} | {escape(HOSTILE)} |\n\n"
        f": {escape(HOSTILE)} {{#tbl-a}}\n\n"
        f"::: {{.callout-tip title={attribute(escape(HOSTILE))}}}\n{escape(HOSTILE)}\n:::\n"
    )
    output = make(board=text)
    html = Page(output / "board.html")
    assert not html.all("script")
    for tag in ("h1", "h2", "p", "li", "figcaption", "caption", "th", "td"):
        assert any(HOSTILE in words for words in html.words[tag]), tag
    assert html.all("img")[0]["alt"] == HOSTILE
    assert squeeze(words_of(output / "board.pdf")).count(squeeze(HOSTILE)) >= 9
    assert alternatives(output / "board.pdf", "/Figure") == [HOSTILE]
    with pikepdf.open(output / "board.pdf") as pdf:
        assert str(pdf.docinfo["/Title"]) == HOSTILE


def test_a_long_hash_breaks_on_paper_without_a_sign(make: Make) -> None:
    """A hash in a narrow column stays inside its cell, and can be copied as it is."""
    digest = "0123456789abcdef" * 4
    row = f"| falls by quarter and district, protected | {digest} | the owner of the data |"
    table = f"| File | Hash | Owner |\n|---|---|---|\n{row}\n\n: Files {{#tbl-files}}\n"
    path = make(board=FRONT + table) / "board.pdf"
    assert digest in words_of(path)
    heights = {height for height, words in runs_of(path) if words and words in digest}
    assert len(heights) > 1
    assert page.is_pdf_compliant(path, profile="ua1")


def test_a_document_for_the_page_alone_gets_no_pdf(make: Make) -> None:
    """The index of the reports is a page and nothing else."""
    output = make(index=FRONT + "\n[Board](board.html)\n", formats=("html",))
    assert [one.name for one in output.iterdir()] == ["index.html"]


def test_one_bad_document_does_not_stop_the_others(make: Make, tmp_path: Path) -> None:
    """The good report is written; the bad one is named with its reason and leaves no old file."""
    output = make(good=FRONT + BODY, bad=FRONT + BODY)
    with pytest.raises(RenderError, match=r"bad: .*\n.*bad\.qmd:10: a shortcode"):
        make(good=FRONT + BODY, bad=FRONT + "{{< video x >}}\n")
    assert sorted(one.name for one in output.iterdir()) == ["good.html", "good.pdf"]
    assert output == tmp_path / "output"


def test_a_missing_document_is_said_so(tmp_path: Path) -> None:
    """A document that was never staged is an error, not an empty report."""
    with pytest.raises(RenderError, match=r"none\.qmd is missing"):
        render(tmp_path, [Document(name="none", formats=("html",))], tmp_path / "output")


REFUSED = {
    "```{python}\n1\n```": "an executable cell",
    "Now `{python} x` more": "an inline executable expression",
    "{{< include x.qmd >}}": "the shortcode 'include'",
    "{{< meta title >}}": "a shortcode",
    "```{mermaid}\ngraph\n```": "a mermaid or dot diagram",
    "```{dot}\ngraph\n```": "a mermaid or dot diagram",
    "::: {.panel-tabset}\nx\n:::": "the div '.panel-tabset'",
    "::: {layout-ncol=2}\nx\n:::": "the attribute 'layout-ncol'",
    "::: {.column-margin}\nx\n:::": "the div '.column-margin'",
    "::: {#fig-all}\nx\n:::": "the div '#fig-all'",
    "::: {.callout-note collapse=true}\nx\n:::": "the attribute 'collapse'",
    '::: {.callout-note title="<b>x</b>"}\nx\n:::': "markup in a callout's title",
    '::: {.content-visible when-format="docx"}\nx\n:::': "without one 'when-format'",
    "::: callout {oops\nx\n:::": "a fenced div that could not be read",
    "See @sec-x": "a cross-reference of another kind",
    "See @eq-x": "a cross-reference of another kind",
    "See [-@fig-x]": "a cross-reference in brackets",
    "See [@fig-x; @fig-y]": "a cross-reference in brackets",
    "See @smith": "a citation",
    "See @fig-x": "the unknown id 'fig-x'",
    "See [x](#nowhere)": "a link to the unknown id 'nowhere'",
    "[x](board.qmd)": "a link to a source document",
    "[x](javascript:run)": "a link of the kind 'javascript'",
    "[x](data:text/html,hello)": "a link of the kind 'data'",
    "[](http://example.org)": "a link without words",
    "$x^2$": "mathematics without its words",
    "$$x$$ {#eq-x}": "a numbered equation",
    "<b>x</b>": "raw html",
    "<div><script>x</script></div>": "raw html",
    r"\newpage": "raw tex",
    "`#pagebreak()`{=typst}": "raw typst",
    "[x]{.aside}": "the class '.aside'",
    "## A {.column}": "the class '.column'",
    "# A": "a heading of level 1",
    "### A": "a heading of level 3 after one of level 1",
    "- ## A": "a heading inside a list",
    "## A {#a}\n\n## B {#a}": "the id 'a' a second time",
    "![Cap](figures/x.svg){#fig-x}": "without alternative text",
    '![Cap](figures/no.svg){#fig-x fig-alt="A"}': "a missing figure file",
    '![Cap](../../x.svg){#fig-x fig-alt="A"}': "outside the project",
    '![Cap](https://example.org/x.svg){#fig-x fig-alt="A"}': "not a file of this project",
    '![Cap](figures/x.svg){fig-alt="A"}': "a figure without an id",
    '![Cap](figures/x.svg){#fig-x fig-alt="A" width=50%}': "the attribute 'width'",
    '![](figures/x.svg){#fig-x fig-alt="A"}': "an image without a caption",
    "| A | B |\n|---|---|\n| 1 | 2 |": "a table without an id",
    "| A | B |\n|---|---|\n| 1 | 2 |\n\n: {#tbl-x}": "a table without",
    "| A |  |\n|---|---|\n| 1 | 2 |\n\n: Cap {#tbl-x}": "an empty header cell",
    "|" + " A |" * 25 + "\n|" + "---|" * 25 + "\n\n: Cap {#tbl-x}": "a table of 25 columns",
    "| A |\n|---|\n| 1 |\n\n: Cap {#tbl-x tbl-colwidths=50}": "the attribute 'tbl-colwidths'",
}


@pytest.mark.parametrize(("text", "name"), REFUSED.items(), ids=list(REFUSED))
def test_what_is_not_supported_is_refused_by_name_and_line(make: Make, text: str, name: str) -> None:
    """Nothing of Quarto's is dropped in silence: the message has file, line and name."""
    lead = FRONT + "\nFirst.\n\n"
    line = lead.count("\n") + 1
    with pytest.raises(RenderError) as refusal:
        make(board=lead + text + "\n")
    found = [one for one in str(refusal.value).splitlines() if name in one]
    assert found, refusal.value
    assert re.search(r"board\.qmd:(\d+): ", found[0])
    number = int(re.findall(r"board\.qmd:(\d+)", found[0])[0])
    assert line <= number <= line + text.count("\n")


def test_a_second_title_is_named_at_its_own_line(make: Make) -> None:
    """Not at a heading of another level, which comes first."""
    lead = FRONT + "\n## One\n\n"
    with pytest.raises(RenderError, match=rf"board\.qmd:{lead.count(chr(10)) + 1}: a heading of level 1, 'Two'"):
        make(board=f"{lead}# Two\n")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ("title: A\n", "no date"),
        ("date: 2026-01-01\n", "no title"),
        ("title: A\ndate: 1 May\n", "not YYYY-MM-DD"),
        ("title: A\ndate: 2026-02-31\n", "is not a day"),
        ("title: A\ndate: 2026-01-01\njupyter: python3\n", "the front matter key 'jupyter'"),
        ("title: A\ndate: 2026-01-01\nlang: '\"x'\n", "the lang"),
        ("title: A <b>b</b>\ndate: 2026-01-01\n", "raw html"),
        ("title: A\ndate: 2026-01-01\nformat:\n  html:\n    toc: true\n", "options under"),
    ],
)
def test_front_matter_is_refused_by_name(make: Make, fields: str, name: str) -> None:
    """A key that would do nothing, or a date that is none, stops the report."""
    with pytest.raises(RenderError, match=name):
        make(board=f"---\n{fields}---\n\nWords.\n")


def test_a_reference_to_what_a_format_hides_is_refused(make: Make) -> None:
    """A figure for the page alone cannot be referred to on paper."""
    hidden = f'\n::: {{.content-visible when-format="html"}}\n{FIGURE}\n:::\n\nSee @fig-rates.\n'
    with pytest.raises(RenderError, match=r"board: .*@fig-rates refers to something"):
        make(board=FRONT + hidden)


@pytest.mark.parametrize("name", ["", "../x", "a b", "x.y", "-x"])
def test_a_document_has_a_plain_name(name: str) -> None:
    """A name can never lead outside the folder."""
    with pytest.raises(ValueError, match="cannot name a document"):
        Document(name=name, formats=("html",))
