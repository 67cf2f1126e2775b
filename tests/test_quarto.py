"""The Quarto renderer: what it asks of Quarto, what it collects, what it says on failure."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pypandoc
import pytest
import yaml

from oda.errors import RenderError
from oda.reports import extension, quarto
from oda.reports.builtin import rendering as builtin
from oda.reports.document import Document, front_matter
from oda.reports.linting.linting import lint_page
from oda.reports.linting.tree import read_page

BOARD = Document(name="board", formats=("html", "pdf"))
INDEX = Document(name="index", formats=("html",))
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180"><path d="M0 0L9 9"/></svg>'
TEXT = (
    front_matter({"title": "Falls at home", "date": "2026-03-31", "lang": "en-GB"})
    + """
::: {.answer}
**Fewer falls?** Probably.
:::

## What we found

See @fig-a and @tbl-a.

![Falls a year](figures/x.svg){#fig-a fig-alt="A line that rises."}

| District | Change |
|---|---|
| Redditch | -3.1 |

: Falls by district {#tbl-a}

::: {.callout-note}
## Made-up data
Nothing real.
:::
"""
)
# Stands in for Quarto: it makes what `_quarto.yml` lists, or does as the variable FAKE says.
FAKE = """\
import glob, os, pathlib, subprocess, sys, yaml
found = glob.glob(sys.argv[2])
if not found:
    sys.exit("ERROR: No valid input files passed to render")
project = pathlib.Path(found[0])
log = pathlib.Path(os.environ["FAKE_LOG"])
settings = yaml.safe_load((project / "_quarto.yml").read_text())
with log.open("a") as file:
    file.write(" ".join([*sys.argv[1:2], *sys.argv[3:], os.environ["QUARTO_PYTHON"]]) + "\\n")
    file.write(os.environ.get("SOURCE_DATE_EPOCH", "") + "\\n")
if os.environ.get("FAKE") == "hang":
    code = "import pathlib, sys, time; time.sleep(3); pathlib.Path(sys.argv[1]).write_text('late')"
    print("still at it", flush=True)
    subprocess.run([sys.executable, "-c", code, str(log.with_suffix(".late"))])
if os.environ.get("FAKE") == "fail":
    print("ERROR: Typst says no")
    sys.exit(1)
folder = project / settings["project"]["output-dir"]
folder.mkdir(exist_ok=True)
ending = {"oda-html": "html", "oda-typst": "pdf"}[sys.argv[4]]
names = settings["project"]["render"]
for number, name in enumerate(names, 1):
    if len(names) > 1:
        print(f"\\x1b[1m[{number:2}/{len(names)}] {name}\\x1b[22m")
    if pathlib.Path(name).stem in os.environ.get("FAKE_STOP", "").split():
        (project / name).with_suffix(".typ").write_text("left")
        print(f"ERROR: {name}:9: no such thing")
        sys.exit(1)
    made = folder / pathlib.Path(name).with_suffix("." + ending).name
    made.write_text("%PDF-" * (ending == "pdf") + os.environ.get("FAKE_TEXT", "made"))
if os.environ.get("FAKE") == "forget":
    made.unlink()
if os.environ.get("FAKE") == "late":
    sys.exit(1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Stage two documents."""
    folder = tmp_path / "project"
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "x.svg").write_text(SVG, encoding="utf-8")
    (folder / "board.qmd").write_text(TEXT, encoding="utf-8")
    index = front_matter({"title": "Reports", "date": "2026-03-30"}) + "\n[Board](board.html)\n"
    (folder / "index.qmd").write_text(index, encoding="utf-8")
    return folder


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program called quarto on the path; return the file where it notes its calls."""
    if os.name == "nt":
        pytest.skip("the stand-in for Quarto is a shell script")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "fake.py").write_text(FAKE, encoding="utf-8")
    script = folder / "quarto"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder}/fake.py" "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def settings(project: Path, *documents: Document) -> dict[str, Any]:
    """Write the project file and read it back."""
    text = quarto.write_project_file(project, documents).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_the_project_file_lists_the_documents_and_runs_nothing(project: Path) -> None:
    """Quarto renders exactly what was staged, and executes nothing."""
    found = settings(project, INDEX, BOARD)
    assert found["project"]["type"] == "default"
    assert found["project"]["render"] == ["index.qmd", "board.qmd"]
    assert found["execute"] == {"enabled": False}


def test_the_project_file_asks_for_the_formats_of_the_extension(project: Path) -> None:
    """Quarto gets the pages and PDFs of the extension, which lies in the project with the built-in renderer's look."""
    found = settings(project, BOARD)
    assert list(found["format"]) == ["oda-html", "oda-typst"]
    assert "://" not in (project / "_quarto.yml").read_text(encoding="utf-8")
    for name, content in extension.contents().items():
        assert (project / extension.PLACE / name).read_bytes() == content
    fonts = {one.name for one in (project / found["format"]["oda-typst"]["font-paths"][0]).iterdir()}
    assert {"DejaVuSans.ttf", "DejaVuSans-Bold.ttf"} <= fonts


def test_pages_alone_need_no_fonts(project: Path) -> None:
    """A project with no PDF does not carry the fonts of one."""
    settings(project, INDEX)
    assert not (project / "_fonts").exists()


def test_each_format_is_one_call_for_the_whole_project(project: Path, fake: Path, tmp_path: Path) -> None:
    """Quarto is called once for pages and once for PDFs, with this Python and a fixed date."""
    made = quarto.render(project, [INDEX, BOARD], tmp_path / "output")
    assert [one.name for one in made] == ["index.html", "board.html", "board.pdf"]
    assert all(one.is_file() for one in made)
    assert not (tmp_path / "output" / "index.pdf").exists()
    calls = fake.read_text(encoding="utf-8").splitlines()
    assert calls[0::2] == [f"render --to {to} {sys.executable}" for to in ("oda-html", "oda-typst")]
    assert calls[1::2] == ["1774915200", "1774915200"]
    listed = yaml.safe_load((project / "_quarto.yml").read_text(encoding="utf-8"))
    assert listed["project"]["render"] == ["index.qmd", "board.qmd"]


@pytest.mark.usefixtures("fake")
def test_brackets_in_the_path_of_a_pilot_are_no_pattern_to_quarto(project: Path, tmp_path: Path) -> None:
    """Quarto expands patterns in what it is given to render, so it is called in the project and given no path."""
    odd = project.rename(tmp_path / "Pilots [2026] (draft) é")
    quarto.render(odd, [BOARD], tmp_path / "output")
    assert {one.name for one in (tmp_path / "output").iterdir()} == {"board.html", "board.pdf"}


def test_what_quarto_says_last_is_in_the_error(
    project: Path, fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure names the format and repeats Quarto's own words; no older file is left."""
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "board.html").write_text("old")
    monkeypatch.setenv("FAKE", "fail")
    with pytest.raises(RenderError, match=r"quarto failed \(html\)[\s\S]*Typst says no"):
        quarto.render(project, [BOARD], tmp_path / "output")
    assert list((tmp_path / "output").iterdir()) == []
    assert fake.is_file()


@pytest.mark.parametrize("stop", ["index", "board", "c", "index c"])
def test_quarto_stopping_at_one_document_loses_no_other(project, fake, tmp_path, monkeypatch, stop):
    """The one is named with Quarto's words; the others are rendered by another call for the whole project."""
    documents = [INDEX, BOARD, Document(name="c", formats=("html",))]
    (project / "c.qmd").write_text(TEXT, encoding="utf-8")
    monkeypatch.setenv("FAKE_STOP", stop)
    failures = quarto.attempt(project, documents, tmp_path / "output")
    assert sorted(failures) == sorted(stop.split())
    assert all(f"{name}.qmd:9: no such thing" in said for name, said in failures.items())
    lost = {"board": {"html", "pdf"}, "index": {"html"}, "c": {"html"}}
    made = {one.name for one in (tmp_path / "output").iterdir()}
    assert made == {f"{name}.{way}" for name, ways in lost.items() if name not in stop.split() for way in ways}
    assert list(project.glob("*.typ")) == []
    calls = [line for line in fake.read_text(encoding="utf-8").splitlines() if "oda-html" in line]
    assert len(calls) == len(stop.split()) + 1 - ("c" in stop)


def test_a_quarto_that_makes_nothing_is_not_asked_for_ever(project, fake, tmp_path, monkeypatch):
    """After three calls in vain the rest are given up, each with what Quarto said."""
    names = [f"d{number}" for number in range(9)]
    for name in names:
        (project / f"{name}.qmd").write_text(TEXT, encoding="utf-8")
    monkeypatch.setenv("FAKE_STOP", " ".join(names))
    failures = quarto.attempt(project, [Document(name=name, formats=("html",)) for name in names], tmp_path / "out")
    assert list(failures) == names
    assert len(fake.read_text(encoding="utf-8").splitlines()) == 2 * 3


@pytest.mark.usefixtures("fake")
def test_a_quarto_that_fails_at_the_end_is_not_taken_to_have_ended_well(project, tmp_path, monkeypatch):
    """Though every file is there, what failed is said."""
    monkeypatch.setenv("FAKE", "late")
    assert set(quarto.attempt(project, [INDEX, BOARD], tmp_path / "output")) == {"index", "board"}


@pytest.mark.usefixtures("fake")
def test_a_file_that_quarto_did_not_make_is_missed(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quarto may end well without a file: that is an error."""
    monkeypatch.setenv("FAKE", "forget")
    with pytest.raises(RenderError, match="board: quarto ended well but made no html of it"):
        quarto.render(project, [INDEX, BOARD], tmp_path / "output")


def test_a_quarto_that_hangs_is_ended_with_all_that_it_started(
    project: Path, fake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever, and nothing of it writes into the project later."""
    monkeypatch.setenv("FAKE", "hang")
    monkeypatch.setattr(quarto, "_SECONDS", 1)
    with pytest.raises(RenderError, match="it did not finish within"):
        quarto.render(project, [INDEX], tmp_path / "output")
    time.sleep(3)
    assert not fake.with_suffix(".late").exists()


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<style>@import 'https://x.example/a.css'</style>", "asks the network"),
        ('<object data="https://x.example/a.svg"></object>', "asks the network"),
        ("<p>No banner</p>", "came out without the mark of a draft"),
    ],
)
def test_a_page_of_quarto_s_that_may_not_be_shown_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    """It is one file, and says that it is a draft where its document does."""
    monkeypatch.setenv("FAKE_TEXT", text)
    source = project / "index.qmd"
    source.write_text(source.read_text(encoding="utf-8").replace("---\n", "---\ndraft: true\n", 1), encoding="utf-8")
    with pytest.raises(RenderError, match=f"index: .*{said}"):
        quarto.render(project, [INDEX], tmp_path / "output")


@pytest.mark.usefixtures("fake")
def test_a_page_that_would_ask_the_network_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quarto leaves an address in the page when it could not fetch it: that is an error."""
    monkeypatch.setenv("FAKE_TEXT", '<script src="https://cdn.example.org/x.js"></script>')
    with pytest.raises(RenderError, match=r"board: the page is not one file: <script> asks the network"):
        quarto.render(project, [BOARD], tmp_path / "output")


def test_without_quarto_the_error_says_what_to_use(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no Quarto, the renderer is not found and says so."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert quarto.find() is None
    with pytest.raises(RenderError, match="Use the built-in renderer"):
        quarto.render(project, [BOARD], tmp_path / "output")


def told(page: str) -> dict[str, list[str]]:
    """Return what a page tells: title, headings, captions, cells, links, pictures and words."""
    read = read_page(page)
    words = {tag: [" ".join(one.text().split()) for one in read.every(tag)] for tag in ("title", "p", "dd", "li")}
    return words | {
        "headings": [f"{one.tag} {one.text().strip()}" for one in read.every("h1", "h2", "h3", "h4")],
        "captions": [" ".join(one.text().split()) for one in read.every("caption", "figcaption")],
        "cells": [f"{one.tag} {one.attributes.get('scope')} {one.text().strip()}" for one in read.every("th", "td")],
        "links": [f"{one.attributes.get('href')} {' '.join(one.text().split())}" for one in read.every("a")],
        "pictures": [f"{one.attributes['alt']} {one.attributes['src']}" for one in read.every("img")],
    }


DATA = '[Download the data for this %s (5kb CSV)](data:text/csv;charset=utf-8;base64,YSxiCjEsMgo=){download="%s.csv"}'
WHOLE = (
    TEXT.replace("A line that rises.", "A line that rises each year.")
    .replace("\n---\n", '\ndraft: true\nauthor: "A & B, and others"\ndescription: "What is said."\n---\n', 1)
    .replace("![Falls", "::: {.exhibit}\n**Falls rose**\n\n![Falls")
    .replace('year."}', f'year."}}\n\n{DATA % ("figure", "falls")}\n:::\n')
    .replace("| District", "::: {.exhibit}\n| District", 1)
    .replace("| Redditch", "| [Redditch](redditch.html)")
    .replace("{#tbl-a}", f"{{#tbl-a}}\n\n{DATA % ('table', 'districts')}\n:::\n")
    + """
## A second part

Words[^1] of -5 and 3...4 and `code`, [the index](index.html), [by post](mailto:a@example.org), [above](#what-we-found).

[^1]: A note with @tbl-a.

::: {.content-visible when-format="typst"}
On paper alone.
:::

[$x^2$]{alt="x squared"}
"""
)


def as_quarto(document: Path) -> str:
    """Return the page that Quarto would make of a document beside the extension, as far as pandoc can tell."""
    formats = yaml.safe_load(extension.contents()["_extension.yml"])["contributes"]["formats"]
    look = document.parent / extension.PLACE
    told_it = {
        "AS_QUARTO_EXTENSION": str(look),
        "AS_QUARTO_DOCUMENT": str(document),
        "AS_QUARTO_COLWIDTHS": str(formats["common"].get("tbl-colwidths")),
        "AS_QUARTO_FILTERS": " ".join(one["path"] for one in formats["common"]["filters"]),
    }
    command = [
        *(str(Path(pypandoc.__file__).parent / "files" / "pandoc"), "--from=markdown-table_attributes", "--to=html"),
        *("--standalone", "--embed-resources", "--mathml", "--toc", "--toc-depth=3", "--syntax-highlighting=none"),
        *(f"--template={look / formats['html']['template']}", f"--css={extension.PLACE}/{formats['html']['css']}"),
        f"--lua-filter={Path(__file__).with_name('as_quarto.lua')}",
    ]
    text = document.read_text(encoding="utf-8").replace('"2026-03-31"', '"31 March 2026"')  # which Quarto writes so
    done = subprocess.run(
        command, input=text.encode(), capture_output=True, cwd=document.parent, env=os.environ | told_it, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[:2000]
    return done.stdout.decode()


def test_the_extension_makes_a_page_that_tells_what_the_built_in_page_tells(project: Path, tmp_path: Path) -> None:
    """With Quarto's own figures, tables and references round ours, no word, number or link is another."""
    (project / "board.qmd").write_text(WHOLE, encoding="utf-8")
    quarto.write_project_file(project, [BOARD])
    builtin.render(project, [Document(name="board", formats=("html",))], tmp_path)
    ours, theirs = (tmp_path / "board.html").read_text(encoding="utf-8"), as_quarto(project / "board.qmd")
    assert told(theirs) == told(ours)
    assert "quarto-draft-alert" not in theirs
    assert lint_page(theirs, name="board.html", draft=True) == lint_page(ours, name="board.html", draft=True) == ()


@pytest.mark.quarto
@pytest.mark.skipif(quarto.find() is None, reason="the quarto command is not on the path")
def test_a_page_of_quarto_tells_what_the_built_in_page_tells(project: Path, tmp_path: Path) -> None:
    """Headings, numbers, captions, references, cells, links and pictures are the same, and nothing is added."""
    (project / "board.qmd").write_text(WHOLE, encoding="utf-8")
    quarto.render(project, [INDEX, BOARD], tmp_path / "quarto")
    again = quarto.render(project, [INDEX, BOARD], tmp_path / "again")
    builtin.render(project, [INDEX, BOARD], tmp_path / "builtin")
    for name in ("index.html", "board.html"):
        ours, theirs = ((tmp_path / folder / name).read_text(encoding="utf-8") for folder in ("builtin", "quarto"))
        assert told(theirs) == told(ours)
        assert "quarto-draft-alert" not in theirs
        assert {one.rule for one in lint_page(theirs, name=name)} <= {one.rule for one in lint_page(ours, name=name)}
    for path in again:
        assert path.read_bytes() == (tmp_path / "quarto" / path.name).read_bytes(), path.name


@pytest.mark.quarto
@pytest.mark.skipif(quarto.find() is None, reason="the quarto command is not on the path")
def test_quarto_itself_gives_the_same_words_as_the_built_in_renderer(project: Path, tmp_path: Path) -> None:
    """The same documents through Quarto: same captions, references, notices and header cells."""
    quarto.render(project, [INDEX, BOARD], tmp_path / "quarto")
    builtin.render(project, [INDEX, BOARD], tmp_path / "builtin")
    for name in ("index.html", "board.html", "board.pdf"):
        assert (tmp_path / "quarto" / name).is_file()
    for folder in ("quarto", "builtin"):
        html = (tmp_path / folder / "board.html").read_text(encoding="utf-8")
        for words in ("Figure\u00a01", "Table\u00a01", "Note: Made-up data", "What we found"):
            assert words in html.replace("&nbsp;", "\u00a0"), (folder, words)
        for part in ('scope="row"', 'scope="col"', 'role="note"', 'class="skip-link"'):
            assert part in html, (folder, part)
