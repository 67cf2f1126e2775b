"""The Quarto extension of the reports: whole, the same everywhere, and by hand it says what the reports say."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pypandoc
import pytest
import typst
import yaml

from checkout import ROOT
from finished import context, made_up
from oda.reports import by_hand, extension, fonts
from oda.reports.build import STAGED
from oda.reports.builtin import rendering as builtin
from oda.reports.expanding import expand
from oda.reports.shortcodes import plain_words

SHORTCODE = re.compile(r"\{\{<\s*(.*?)\s*>\}\}")
PANDOC = next(path for path in (Path(pypandoc.__file__).parent / "files").iterdir() if path.stem == "pandoc")
# Stands in for what Quarto gives a filter or a shortcode of an extension; its `error` writes and goes on, as this does.
QUARTO = """\
function error(message) io.stderr:write("ERROR " .. message .. "\\n") end
quarto = {{
  doc = {{ input_file = [[{document}]] }},
  utils = {{
    resolve_path = function(name) return [[{extension}/]] .. name end,
    string_to_blocks = function(text) return pandoc.read(text, "markdown").blocks end,
  }},
}}
"""
FILTER = QUARTO + "dofile([[{extension}/by-hand.lua]])\nreturn {{ {{ Pandoc = Pandoc }} }}\n"
FROM = "--from=markdown-table_attributes"  # as Quarto reads: the id of a table stays in its caption
SHORTCODES = QUARTO + (
    "local said = dofile([[{extension}/shortcode.lua]]).oda(pandoc.List {{ {words} }}, {{}}, {{}}, nil, '{context}')\n"
    "io.stdout:write(pandoc.utils.stringify(said))\nos.exit(0)\n"
)


def settings() -> dict[str, Any]:
    """Return what the extension tells Quarto."""
    found: dict[str, Any] = yaml.safe_load(extension.contents()["_extension.yml"])
    return found


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `reports` folder of a copy of the finished pilot, ready for work by hand."""
    finished = made_up()
    copy = tmp_path_factory.mktemp("a pilot") / "pilot"
    shutil.copytree(finished.pilot.folder / "reports", copy / "reports")
    by_hand.write(copy, finished.report.pages, finished.run.folder / STAGED)
    return copy / "reports"


def as_read(text: str) -> str:
    """Turn shortcodes into the spans that Quarto's reader makes of them, in the body of a document."""

    def quoted(words: str) -> str:
        return words.replace("\\", "\\\\").replace('"', '\\"')

    def span(found: re.Match[str]) -> str:
        params = "".join(
            f'[]{{.quarto-shortcode__-param data-is-shortcode="1" data-value="{quoted(one.strip(chr(34)))}" '
            f'data-raw="{quoted(one)}"}} '
            for one in re.findall(r'"[^"]*"|\S+', found[1])
        )
        return f'[{params}]{{.quarto-shortcode__ data-is-shortcode="1" data-raw="{quoted(found[0])}"}}'

    matter, body = text.split("\n---\n", 1)
    return f"{matter}\n---\n{SHORTCODE.sub(span, body)}"


def rendered(document: Path, *more: str) -> subprocess.CompletedProcess[bytes]:
    """Render a document by hand as far as its syntax tree, with the pandoc at hand and Quarto's names stood in for."""
    filter_file = document.parent / "_oda" / "filter.lua"
    filter_file.parent.mkdir(exist_ok=True)
    names = {"document": document, "extension": document.parent / extension.PLACE}
    filter_file.write_text(FILTER.format(**names), encoding="utf-8")
    command = [str(PANDOC), FROM, "--to=json", f"--lua-filter={filter_file}", *more]
    text = as_read(document.read_text(encoding="utf-8"))
    return subprocess.run(command, input=text.encode(), capture_output=True, cwd=document.parent, check=False)


def tree(document: Path, *more: str) -> dict[str, Any]:
    """Return the syntax tree of a document rendered by hand."""
    done = rendered(document, *more)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def staged_tree(name: str) -> dict[str, Any]:
    """Return the syntax tree of a document that `oda report` staged."""
    path = made_up().run.folder / STAGED / f"{name}.qmd"
    done = subprocess.run([str(PANDOC), FROM, "--to=json", str(path)], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def without_folder(blocks: Any) -> str:
    """Return blocks as text, the figures' folder taken away."""
    return json.dumps(blocks).replace('"_oda/figures/', '"figures/')


def test_every_file_that_the_extension_names_is_in_it():
    """Templates, style, filters and the shortcode are there, and nothing asks the network for anything."""
    told = settings()["contributes"]
    page, paper = told["formats"]["html"], told["formats"]["typst"]
    named = {page["template"], page["css"], *paper["template-partials"], *told["shortcodes"]}
    named |= {one["path"] for one in told["formats"]["common"]["filters"]}
    assert named | {"_extension.yml", "brand.lua", "lookup.lua", "README.md"} == set(extension.contents())
    assert b"://" not in extension.contents()["_extension.yml"]


def test_the_formats_need_no_network_and_keep_pdf_ua():
    """One self-contained page, no theme, no script, formulae as MathML; the PDF is PDF/UA-1 on A4."""
    page, paper = (settings()["contributes"]["formats"][one] for one in ("html", "typst"))
    assert page["embed-resources"] is page["minimal"] is True
    assert (page["theme"], page["html-math-method"]) == ("none", "mathml")
    assert (paper["pdf-standard"], paper["papersize"]) == ("ua-1", "a4")


def test_quarto_has_the_filters_of_the_built_in_renderer_in_their_order():
    """Each filter of the built-in renderer is the extension's too, save the two that Quarto has its own of."""
    filters = settings()["contributes"]["formats"]["common"]["filters"]
    shared = [name for name in builtin._FILTERS if name not in ("crossref", "visible")]
    assert [one["path"] for one in filters] == ["by-hand.lua", "quarto-only.lua", *(f"{name}.lua" for name in shared)]
    assert {one["at"] for one in filters} == {"pre-ast"}


@pytest.mark.parametrize(("headings", "contents"), [(0, False), (1, False), (2, True)])
def test_quarto_adds_nothing_of_its_own_to_a_page(headings, contents):
    """No bar above a draft, which our own banner and mark stay for; contents only where there are several parts."""
    text = "---\ntitle: x\ndraft: true\n---\n\n" + "".join(f"## Part {number}\n\n" for number in range(headings))
    look = ROOT / "reports" / "look"
    filters = [f"--lua-filter={look / 'quarto-only.lua'}", f"--template={look / 'report.html'}"]
    page, held = (
        subprocess.run([str(PANDOC), FROM, *more], input=text.encode(), capture_output=True, check=True).stdout.decode()
        for more in (["--to=html", "--standalone", "--toc", *filters], ["--to=json", filters[0]])
    )
    assert json.loads(held)["meta"]["draft"] == {"t": "MetaString", "c": "yes"}  # Quarto acts where it is true
    assert 'class="draft-banner"' in page
    assert 'class="draft-mark"' in page
    assert ("page-contents" in page) is contents


def test_the_extension_has_the_version_of_the_package():
    """The version that Quarto shows is that of the package the extension comes from."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{settings()["version"]}"\n' in project


def test_writing_the_extension_twice_changes_nothing_and_says_so(tmp_path):
    """What differs is written and named; line ends of Windows are no difference, and other files are left alone."""
    assert set(extension.write(tmp_path)) == set(extension.contents())
    place = tmp_path / extension.PLACE
    style = place / "report.css"
    style.write_bytes(style.read_bytes().replace(b"\n", b"\r\n"))
    (place / "brand.lua").write_text("changed", encoding="utf-8")
    (place / "own.lua").write_text("somebody's own", encoding="utf-8")
    assert extension.write(tmp_path) == ("brand.lua",)
    assert extension.write(tmp_path) == ()
    assert (place / "own.lua").read_text(encoding="utf-8") == "somebody's own"


def test_the_hook_can_write_it_where_nothing_is_installed(tmp_path):
    """The file that a new pilot's hook runs needs Python alone."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['write'](__import__('pathlib').Path(sys.argv[2]))"
    script = str(ROOT / "reports" / "extension.py")
    python = shutil.which("python3") or shutil.which("python")
    subprocess.run([python, "-I", "-S", "-c", code, script, str(tmp_path)], check=True)
    assert (tmp_path / extension.PLACE / "_extension.yml").is_file()


def test_by_hand_a_board_report_is_the_one_that_was_staged(reports):
    """Rendered by hand, the board report has the blocks and the front matter that `oda report` gave to its renderer."""
    found, staged = tree(reports / "board.qmd"), staged_tree("board")
    assert without_folder(found["blocks"]) == without_folder(staged["blocks"])
    assert {"title", "subtitle", "author", "date", "draft"} <= set(found["meta"])
    assert found["meta"]["title"] == staged["meta"]["title"]
    assert re.fullmatch(r"\d+ [A-Z][a-z]+ \d{4}", found["meta"]["date"]["c"])


def test_by_hand_a_document_says_what_every_report_says(tmp_path):
    """Draft, made-up data, sources and provenance stand where the report has them; every link leads somewhere."""
    picture = '![A line](a.svg){#fig-a .photo fig-alt="A line that falls"}'
    words = f"---\ntitle: T\n---\n\nWords.\n\n{{{{< oda say effect >}}}}\n\n{picture}\n"
    for name, text in (("own.qmd", words), ("a.svg", "<svg><path d='M0 0L9 9'/></svg>"), ("a.csv", "Year\n2024\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    pilot = made_up().pilot.model_copy(update={"folder": tmp_path})
    about = context(tmp_path / "staged", pilot=pilot, source="own.qmd")
    text = expand(words, about)
    told = {"said": about.said, "around": about.around, "data": about.data}
    by_hand.write(tmp_path, [by_hand.Page(document="own.qmd", district="", front="title: T\n", **told)], tmp_path)
    staged = json.loads(
        subprocess.run([PANDOC, FROM, "--to=json"], input=text.encode(), capture_output=True, check=True).stdout
    )
    found = tree(tmp_path / "own.qmd")["blocks"]
    assert found == staged["blocks"]
    assert all(one in json.dumps(found) for one in ("tbl-sources", '"exhibit"'))


def test_by_hand_a_district_is_chosen_by_its_code(reports):
    """`-M district:E07000236` gives Redditch; without it, the first district of the pilot."""
    first = made_up().pilot.districts[0].slug
    for more, name in ((["-M", "district:E07000236"], "redditch"), ([], first)):
        found = tree(reports / "district.qmd", *more)
        assert without_folder(found["blocks"]) == without_folder(staged_tree(name)["blocks"])


def test_by_hand_every_figure_is_found(reports):
    """The figures that a document shows lie in its own folder, where both of Quarto's formats look for them."""
    shown = re.findall(r'"(_oda/figures/[^"]+)"', json.dumps(tree(reports / "board.qmd")["blocks"]))
    assert shown
    assert all((reports / one).is_file() for one in shown)
    assert all((reports / "_oda" / "fonts" / one).is_file() for one in fonts.FILES)


def test_by_hand_what_an_analyst_has_changed_is_shown(reports):
    """New prose and a new title of one's own appear at once; what shortcodes stand for stays."""
    document = reports / "board.qmd"
    before = document.read_text(encoding="utf-8")
    title = re.sub(r"(?m)^title: .*$", 'title: "My own title"', before, count=1)
    document.write_text(title + "\n\nA new paragraph.\n", encoding="utf-8")
    found = tree(document)
    document.write_text(before, encoding="utf-8")
    assert json.dumps(found["meta"]["title"]).count("own") == 1
    assert json.dumps(found["blocks"][-1]).count("paragraph") == 1


@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        (("oda notices", "oda say nobody"), [], r"\{\{< oda say nobody >\}\} was not in this document"),
        (("oda notices", "oda notices"), ["-M", "district:E1"], "There is no district 'E1' in _oda/board.json"),
    ],
)
def test_by_hand_what_is_not_known_is_named_with_what_to_do(reports, change, more, said):
    """A shortcode or district that was not there when the report was made stops Quarto, with the command to run."""
    document = reports / "board.qmd"
    before = document.read_text(encoding="utf-8")
    document.write_text(before.replace(*change), encoding="utf-8")
    done = rendered(document, *more)
    document.write_text(before, encoding="utf-8")
    assert done.returncode != 0
    assert re.search(said, done.stderr.decode())
    assert "start.py report" in done.stderr.decode()
    assert "ERROR" not in done.stderr.decode()


def test_by_hand_before_any_report_was_made_the_command_is_named(tmp_path):
    """In a new pilot, where nothing has been run, Quarto says what to run first."""
    extension.write(tmp_path)
    document = tmp_path / "board.qmd"
    document.write_text("---\ntitle: x\n---\n\n{{< oda notices >}}\n", encoding="utf-8")
    done = rendered(document)
    assert "no report of this document was made yet" in done.stderr.decode()
    assert "start.py report" in done.stderr.decode()


def test_a_document_without_shortcodes_is_left_as_it_is(tmp_path):
    """What `oda report` stages has none: the filter finds nothing to do and asks for nothing."""
    extension.write(tmp_path)
    document = tmp_path / "board.qmd"
    document.write_text("---\ntitle: x\n---\n\nWords and [a span]{.source}.\n", encoding="utf-8")
    found = tree(document)
    assert sorted(found["meta"]) == ["title"]
    assert "a span" not in json.dumps(found["meta"])


@pytest.mark.parametrize("context", ["block", "inline", "text"])
def test_in_another_format_the_shortcode_says_the_same(reports, context):
    """Where the formats of this extension are not used, the shortcode itself gives the words, wherever it stands."""
    asked = "say effect"
    names = {"document": reports / "board.qmd", "extension": reports / extension.PLACE}
    script = reports / "_oda" / "shortcode.lua"
    quoted = ", ".join(f'"{one}"' for one in asked.split())
    script.write_text(SHORTCODES.format(**names, words=quoted, context=context), encoding="utf-8")
    done = subprocess.run([str(PANDOC), "lua", str(script)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    page = next(one for one in made_up().report.pages if one.document.endswith("board.qmd"))
    written = page.said[plain_words(asked)][0]
    assert done.stdout.decode().split()[:5] == written.replace("\\", "").split()[:5]


def test_nothing_is_written_again_that_is_as_it_was(reports):
    """A second report with nothing changed touches no file, so `quarto preview` does not start again."""
    finished = made_up()
    times = {path: path.stat().st_mtime_ns for path in reports.rglob("*") if path.suffix != ".lua"}
    assert by_hand.write(reports.parent, finished.report.pages, finished.run.folder / STAGED) == ()
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_words_that_come_twice_are_answered_in_their_order(tmp_path):
    """The same shortcode may stand for different words in two places, such as a link of its own in each."""
    extension.write(tmp_path)
    page = by_hand.Page(document="board.qmd", district="", front="", said={"say a": ["First.", "Second."]})
    by_hand.write(tmp_path, [page], tmp_path)
    (tmp_path / "board.qmd").write_text(
        "---\ntitle: x\n---\n\n{{< oda say a >}} and {{< oda say a >}}\n", encoding="utf-8"
    )
    found = json.dumps(tree(tmp_path / "board.qmd")["blocks"])
    assert 0 < found.index("First.") < found.index("Second.")


def test_by_hand_a_heading_is_named_after_its_words(tmp_path):
    """Where a heading holds a shortcode, links find it by the words that a reader sees, as in the report."""
    extension.write(tmp_path)
    page = by_hand.Page(document="board.qmd", district="", front="", said={"district name": ["Wyre Forest"]})
    by_hand.write(tmp_path, [page], tmp_path)
    read = "in-b58fc729-690b-4000-b19f-365a4093b2ff7b7b3c"  # which Quarto's reader makes of `In {{<`
    text = f"---\ntitle: x\n---\n\n## In {{{{< oda district name >}}}} {{#{read}}}\n\n## Other words {{#own}}\n"
    (tmp_path / "board.qmd").write_text(text, encoding="utf-8")
    headings = [block["c"][1][0] for block in tree(tmp_path / "board.qmd")["blocks"]]
    assert headings == ["in-wyre-forest", "own"]


def test_what_was_written_of_a_report_that_fails_now_is_gone(tmp_path):
    """When a report cannot be made any more, its document rendered by hand does not show what it once said."""
    board, annex = (by_hand.Page(document=f"{one}.qmd", district="", front="", said={}) for one in ("board", "annex"))
    by_hand.write(tmp_path, [board, annex], tmp_path)
    by_hand.write(tmp_path, [annex], tmp_path)
    assert [path.name for path in (tmp_path / "_oda").glob("*.json")] == ["annex.json"]


# As Quarto writes a table's figure, but for the words of its caption.
FLOAT = (
    '#figure([#table(columns: 1, [a])], caption: figure.caption([{}]), kind: "quarto-float-tbl", supplement: "Table")'
)


def set_in_type(tmp_path: Path, markup: str) -> bytes:
    """Return the PDF of some Typst markup, in the template that Quarto takes from the extension."""
    extension.write(tmp_path)
    template = tmp_path / extension.PLACE / "whole.typ"
    template.write_text("$typst-template.typ()$\n\n#show: doc => report(title: [T], doc)\n$body$\n", encoding="utf-8")
    words = [str(PANDOC), "--from=typst", "--to=typst", "--standalone", f"--template={template}"]
    around = subprocess.run(words, input=b"Body", capture_output=True, check=True).stdout.decode()
    text = around.replace("\nBody\n", f"\n{markup}\n")
    assert markup in text
    day = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
    made = typst.Compiler(font_paths=fonts.without_system_fonts()).compile(input=text.encode(), timestamp=day)
    assert isinstance(made, bytes)
    return made


def test_a_caption_as_quarto_writes_it_has_one_space_after_its_number(tmp_path):
    """Quarto begins and ends the words with a line break: on paper the caption is the built-in renderer's."""
    ours, theirs = (set_in_type(tmp_path, FLOAT.format(words)) for words in ("Words", "\nWords\n"))
    assert theirs == ours
