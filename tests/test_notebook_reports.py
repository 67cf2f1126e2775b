"""Notebooks as reports: what of them is taken, how it reads, and what is refused by its cell."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from finished import made_up
from oda.errors import RenderError
from oda.pilot import PlannedReport
from oda.reports import notebooks
from oda.reports.build import build_reports
from oda.results import MIME

pytestmark = pytest.mark.xdist_group("run")

SOURCE = "notebooks/30-effect.ipynb"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
OPTIONS = '#| label: fig-a\n#| fig-cap: "A: b"\n#| fig-alt: "Dots in a row."\nplot()'
FRONT = '---\ntitle: "Effect"\n---\n\n'
Cell = dict[str, Any]


def words(text: str) -> Cell:
    """Return a markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def code(text: str, *outputs: Cell, tags: tuple[str, ...] = ()) -> Cell:
    """Return a code cell."""
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": text, "outputs": list(outputs)}


def shows(**data: object) -> Cell:
    """Return an output that shows something, by the second part of its kind."""
    kinds = {"svg": "image/svg+xml", "png": "image/png", "html": "text/html", "plain": "text/plain", "result": MIME}
    return {"output_type": "display_data", "data": {kinds[name]: one for name, one in data.items()}}


def recorded(key: str, kind: str = "fact") -> Cell:
    """Return the output of a recorded result."""
    return shows(result={"key": key, "result": {"kind": kind}}, html="<p>x</p>", plain="x")


def printed(name: str = "stdout") -> Cell:
    """Return printed text."""
    return {"output_type": "stream", "name": name, "text": "7 people\n"}


def convert(folder: Path, *cells: Cell, title: bool = True) -> tuple[str, notebooks.Places]:
    """Return the document made of these cells."""
    path = folder / "executed.ipynb"
    all_cells = [words("# Effect"), *cells] if title else list(cells)
    path.write_text(json.dumps({"cells": all_cells}), encoding="utf-8")
    return notebooks.read_notebook(path, SOURCE, "effect", folder / "project")


def test_words_stay_as_they_are_and_results_are_asked_for(tmp_path):
    """Sections, callouts and shortcodes of markdown cells; a recorded result as its sentence, table or figure."""
    callout = "::: {.callout-note}\n## So\nBe it: {{< oda say effect >}}\n:::"
    text, _ = convert(
        tmp_path,
        words("## A section\n\nWords."),
        code("record()", recorded("effect"), recorded("rows", "table"), recorded("chart", "figure")),
        words(callout),
    )
    shown = "{{< oda say effect >}}\n\n{{< oda table rows >}}\n\n{{< oda figure chart >}}\n"
    body = f"## A section\n\nWords.\n\n{shown}\n{callout}\n\n"
    assert text == (FRONT + body).removesuffix("\n")


def test_words_are_those_of_today_and_outputs_those_of_the_run(tmp_path):
    """A corrected word executes nothing, and is in the next report; code that was added has shown nothing yet."""
    convert(tmp_path, words("12 per cent"), code("record()", recorded("effect")), words("Last."))
    written = tmp_path / "written.ipynb"
    cells = [words("# Effect"), words("{{< oda say effect >}}"), code("# as ever\nrecord()")]
    written.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    executed = tmp_path / "executed.ipynb"
    text, _ = notebooks.read_notebook(executed, SOURCE, "effect", tmp_path / "project", words=written)
    assert text.count("{{< oda say effect >}}") == 2
    assert "12 per cent" not in text
    assert "Last." not in text
    written.write_text(json.dumps({"cells": [*cells, code("more()")]}), encoding="utf-8")
    assert "Last." in notebooks.read_notebook(executed, SOURCE, "effect", tmp_path / "project", words=written)[0]


def test_front_matter_may_stand_in_a_raw_first_cell(tmp_path):
    """As in Quarto; otherwise the first heading is the title."""
    raw = {"cell_type": "raw", "metadata": {}, "source": '---\ntitle: "{{< oda pilot title >}}"\nsubtitle: S\n---'}
    text, _ = convert(tmp_path, raw, words("## One"), title=False)
    assert text.startswith('---\ntitle: "{{< oda pilot title >}}"\nsubtitle: S\n---\n\n## One')


def test_code_parameters_and_what_is_switched_off_are_not_shown(tmp_path):
    """Nobody reads code in a board report unless the cell asks for it."""
    hidden = (
        code("district = 1", recorded("none"), tags=("parameters",)),
        code("x", recorded("zero"), tags=("remove-cell",)),
        code("district = 2", recorded("one"), tags=("injected-parameters",)),
        code("#| include: false\nx", recorded("two")),
        code("#| output: false\nx", recorded("three")),
        code("x", recorded("four"), tags=("remove-output",)),
        code("x", printed(), printed("stderr"), shows(plain="<Axes>")),
    )
    assert convert(tmp_path, *hidden)[0] == FRONT.removesuffix("\n")
    text, _ = convert(tmp_path, code("#| echo: true\nprint('```')", recorded("effect")))
    assert "````python\nprint('```')\n````\n\n{{< oda say effect >}}" in text


@pytest.mark.parametrize(("kind", "content"), [("svg", "<svg><path/></svg>"), ("png", PNG)])
def test_a_picture_with_all_its_words_becomes_a_figure(tmp_path, kind, content):
    """Caption, label and alternative text come from the cell's options; the file lies beside the document."""
    text, _ = convert(tmp_path, code(OPTIONS, shows(**{kind: content, "plain": "<Figure>"})))
    assert f'![A: b](figures/effect/fig-a.{kind}){{#fig-a fig-alt="Dots in a row."}}' in text
    assert (tmp_path / "project" / "figures" / "effect" / f"fig-a.{kind}").stat().st_size > 5


def test_a_picture_has_the_data_of_a_recorded_table_or_is_no_chart(tmp_path):
    """Options of the cell say which; the link to the data stands with the picture, as with every chart."""
    text, _ = convert(tmp_path, code(f"#| data: years\n{OPTIONS}", shows(png=PNG)))
    assert "::: {.exhibit}\n\n![A: b]" in text
    assert "\n\n{{< oda data years >}}\n\n:::" in text
    assert "{#fig-a .photo fig-alt=" in convert(tmp_path, code(f"#| photo: true\n{OPTIONS}", shows(png=PNG)))[0]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            code("x", shows(html="<table><td>7</td></table>", plain="7")),
            r"a table that is no recorded result.*oda\.record",
        ),
        (code("x", shows(html="<b>7</b>")), "an output of the kind text/html"),
        (code("#| output: true\nx", printed()), "printed text, whose numbers nobody has protected"),
        (code("#| output: true\nx", shows(plain="7")), "printed text"),
        (code("#| warning: true\nx", printed("stderr")), "printed text"),
        (code("#| output: asis\nx", printed()), "output: 'asis', which a report does not take"),
        (code("x", shows(svg="<svg/>")), "a picture without fig-cap, fig-alt, label"),
        (code(OPTIONS, shows(svg="<svg></svg>")), "a picture that did not draw: its drawing is empty"),
        (code(OPTIONS, shows(png=PNG[:40])), "a picture that did not draw: it is no whole PNG"),
        (code("#| label: fig-a\n#| fig-cap: A\nx", shows(png=PNG)), "a picture without fig-alt"),
        (code(OPTIONS.replace("fig-a\n", "Fig A\n"), shows(png=PNG)), "the label 'Fig A'"),
        (code(OPTIONS, shows(png=PNG), shows(png=PNG)), "2 pictures under one label"),
        (code(OPTIONS, shows(svg="<svg><script>x</script></svg>")), "an SVG picture that runs"),
        (code(OPTIONS), "the label 'fig-a', and no picture"),
        (code("#| fig-cap: A\nx", recorded("chart", "figure")), "fig-cap for the result 'chart'"),
        (code("#| layout-ncol: 2\nx"), "the option 'layout-ncol'. A report knows echo"),
        (code("#| - x\nx"), "options after '#|'"),
        ({"cell_type": "raw", "metadata": {}, "source": "<b>"}, "a raw cell"),
    ],
)
def test_what_a_report_does_not_take_is_refused_with_its_cell(tmp_path, cell, said):
    """The cell is counted as the analyst sees it: the parameters that were put in are none."""
    put_in = code("district = 2", tags=("injected-parameters",))
    with pytest.raises(RenderError, match=rf"^notebooks/30-effect\.ipynb, cell 3: {said}"):
        convert(tmp_path, put_in, words("Words."), cell)


def test_a_notebook_without_a_title_is_refused(tmp_path):
    """Every report needs one."""
    with pytest.raises(RenderError, match=r"cell 1: no title\. Begin with '# Title'"):
        convert(tmp_path, words("Words."), title=False)


def test_a_line_of_the_document_is_named_by_its_cell():
    """Both ways in which lines are named, and no other file's."""
    places = notebooks.Places(source=SOURCE, cells=((1, 0), (1, 2), (4, 0), (5, 3)))
    assert places.name(f"{SOURCE}, line 2: a; line 4: b") == f"{SOURCE}, cell 1, line 2: a; cell 5, line 3: b"
    assert places.name(f"{SOURCE}:3: c") == f"{SOURCE}, cell 4: c"
    assert places.name("reports/board.qmd, line 2: d") == "reports/board.qmd, line 2: d"


def planned(*documents: str, for_each: str | None = None) -> object:
    """Return the pilot with these documents as its reports."""
    reports = tuple(PlannedReport(document=one, for_each=for_each) for one in documents)
    return made_up().pilot.model_copy(update={"reports": reports})


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy an executed notebook, with a section, a chart and a callout that an analyst added."""
    done = made_up()
    source = json.loads((done.run.folder / "notebooks" / "30-effect.ipynb").read_text(encoding="utf-8"))
    chart = next(
        cell
        for cell in source["cells"]
        for output in cell.get("outputs", ())
        if output.get("data", {}).get(MIME, {}).get("key") == "counterfactual"
    )
    source["cells"] = [
        words("# The effect, in short"),
        words("## What an analyst added\n\nSee @fig-counterfactual: {{< oda say effect >}}"),
        chart,
        words("::: {.callout-important}\n## Mind this\n\nIt is early.\n:::"),
    ]
    path = tmp_path / "effect.ipynb"
    path.write_text(json.dumps(source), encoding="utf-8")
    monkeypatch.setattr(notebooks, "find_executed", lambda *_: path)
    return path


def test_a_section_a_chart_and_a_callout_of_a_notebook_are_on_the_page_and_in_the_staged_document(tmp_path, notebook):
    """What the analyst sees in JupyterLab, the reader sees, with the recorded caption and description."""
    assert notebook.is_file()
    run = replace(made_up().run, folder=tmp_path / "run")
    report = build_reports(planned(SOURCE), run, renderer="builtin")
    assert report.failures == ()
    page = (report.index.parent / "30-effect.html").read_text(encoding="utf-8")
    picture = run.once["30-effect"]["counterfactual"]
    for part in ("What an analyst added", "Mind this", "It is early.", 'id="fig-counterfactual"', "data:image/svg+xml"):
        assert part in page
    assert picture.caption in re.sub(r"\s+", " ", page)
    assert (report.index.parent / "30-effect.pdf").read_bytes().startswith(b"%PDF")
    staged = (run.folder / "documents" / "30-effect.qmd").read_text(encoding="utf-8")
    assert "{{<" not in staged
    assert "import oda" not in staged


def test_a_fault_in_a_notebook_s_words_is_named_by_its_cell(tmp_path, notebook):
    """An analyst knows cells, and never sees the document that is made of them."""
    source = json.loads(notebook.read_text(encoding="utf-8"))
    source["cells"].append(words("Fine.\n\n{{< oda say nothing >}}"))
    notebook.write_text(json.dumps(source), encoding="utf-8")
    run = replace(made_up().run, folder=tmp_path / "run")
    report = build_reports(planned(SOURCE, "reports/brief.qmd"), run, renderer="builtin")
    assert report.failures[0].startswith(f"30-effect: {SOURCE}, cell 5, line 3: there is no result 'nothing'")
    source["cells"][-1] = words("Fine.\n\n```{python}\n```")
    notebook.write_text(json.dumps(source), encoding="utf-8")
    report = build_reports(planned(SOURCE, "reports/brief.qmd"), run, renderer="builtin")
    assert f"{SOURCE}, cell 5, line 3: an executable cell" in report.failures[0]
    assert (report.index.parent / "brief.pdf").is_file()


@pytest.mark.parametrize(
    ("document", "for_each", "said"),
    [
        ("notebooks/99-own.ipynb", None, r"the plan does not run it\. Name it under 'run'"),
        ("notebooks/20-district.ipynb", None, "runs for each of several, and its report is for none"),
    ],
)
def test_a_notebook_that_the_plan_does_not_run_so_is_refused(tmp_path, document, for_each, said):
    """A report never shows what an unknown run left in a notebook."""
    pilot, run = planned(document, for_each=for_each), replace(made_up().run, folder=tmp_path)
    with pytest.raises(RenderError, match=said):
        notebooks.find_executed(pilot, run, document, None)


def test_a_notebook_that_runs_for_each_district_is_a_report_for_each():
    """The executed copy of the district's own notebook is taken."""
    done = made_up()
    pilot = planned("notebooks/20-district.ipynb", for_each="district")
    path = notebooks.find_executed(pilot, done.run, "notebooks/20-district.ipynb", done.pilot.districts[0])
    assert path.name == "20-district-bromsgrove.ipynb"
    assert path.is_file()
