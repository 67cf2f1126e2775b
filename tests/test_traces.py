"""Trace: from each number, figure and table of a report to its result, the cell that made it and the data."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from finished import context, made_up
from oda.records import READ, hash_file, read_by, recorded_in
from oda.reports.expanding import expand
from oda.reports.proofreading.number_words import find_numbers
from oda.reports.sources.origins import Origin, datasets_of, origins_of
from oda.reports.sources.traces import Sources, in_one_format, trace
from oda.runs import Outcome

pytestmark = pytest.mark.xdist_group("run")
OTHERS = re.compile(  # links, whose numbers are those of sources, figures and files
    r'<span[^>]*class="source".*?</span>|<a[^>]*class="cross-reference".*?</a>|<a href="data:.*?</a>', re.DOTALL
)
NUMBER = re.compile(r"\d+(?:[,.]\d+)*")


def words(html: str) -> str:
    """Return HTML as a reader sees it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def traced() -> dict[str, Any]:
    """Return the trace of the finished pilot."""
    return json.loads((made_up().run.folder / "trace.json").read_text(encoding="utf-8"))


def results_of(report: dict[str, Any]) -> dict[str, Any]:
    """Return the results of the run that a report may show."""
    run = made_up().run
    groups = [*run.once.values(), *run.by_district.get(report["district"] or "", {}).values()]
    return {key: item for group in groups for key, item in group.items()}


def test_every_number_with_a_source_is_in_the_result_that_the_source_names():
    """Each paragraph with a source holds no number that its results do not hold, on any page of the pilot."""
    checked = 0
    for name, report in traced()["reports"].items():
        found = results_of(report)
        keys = {str(one["source"]): one["result"] for one in report["sources"]}
        for part in re.findall(
            r"<(?:p|li|dd)>((?:(?!</?(?:p|li|dd)>).)*class=\"source\".*?)</(?:p|li|dd)>",
            made_up().page(name),
            re.DOTALL,
        ):
            named = [keys[number] for number in re.findall(r'href="#source-(\d+)"', part)]
            held = set(NUMBER.findall(" ".join(found[key].model_dump_json() for key in named)))
            held |= {one["value"] for one in report["constants"]}
            prose = words(OTHERS.sub("", part))
            numbers = NUMBER.findall(" ".join(number for _, number in find_numbers(prose)))  # years are none
            assert set(numbers) <= held, (name, named, prose)
            checked += len(numbers)
    assert checked > 100


def test_every_figure_and_table_of_a_result_leads_to_a_source_and_back():
    """Whatever is shown has an entry; the entry names result, notebook, cell and data, and links to each place."""
    for name, report in traced()["reports"].items():
        page = made_up().page(name)
        shown = {one for one in re.findall(r'id="(?:fig|tbl)-([a-z0-9-]+)"', page) if one in results_of(report)}
        assert shown <= {one["result"] for one in report["sources"]}
        for one in report["sources"]:
            start = rf'<(tr|li)>(?:(?!</tr>|</li>).)*id="source-{one["source"]}"'
            row = re.search(rf"{start}.*?</\1>", page, re.DOTALL)
            assert row, (name, one["source"])
            for part in (one["result"], Path(one["notebook"]).name, f"(cell {one['cell']}", "falls.yml"):
                assert part in words(row[0])
            for place in one["places"]:
                assert f'href="#{place}"' in row[0]
                assert page.count(f'id="{place}"') == 1


def test_the_cell_named_is_the_one_that_recorded_the_result():
    """The notebook as the analyst sees it, opened at that cell, asks for that result to be recorded."""
    done = made_up()
    for report in traced()["reports"].values():
        for one in report["sources"]:
            cells = json.loads((done.pilot.folder / one["notebook"]).read_text(encoding="utf-8"))["cells"]
            cell = cells[one["cell"] - 1]
            executed = json.loads((done.run.folder / one["executed"]).read_text(encoding="utf-8"))["cells"]
            outputs = next(other["outputs"] for other in executed if other["id"] == cell["id"])
            assert f'"{one["result"]}"' in json.dumps(outputs)
            assert cell["id"] == one["cell_id"]


def test_the_hash_named_is_that_of_the_file():
    """Whoever has the data can see that they are the ones."""
    for name, dataset in traced()["datasets"].items():
        assert (made_up().pilot.folder / dataset["card"]).stem == name
        for file in dataset["files"]:
            assert hash_file(made_up().pilot.folder / file["name"]) == file["hash"]


def test_the_trace_leads_on_in_the_pdf_too():
    """Links of the PDF lead within it, to sources and back."""
    with pikepdf.open(made_up().report.index.parent / "board.pdf") as pdf:
        inner = [
            note
            for page in pdf.pages
            for note in page.get("/Annots", [])
            if "/Dest" in note or "/D" in note.get("/A", {})
        ]
    board = traced()["reports"]["board"]
    assert len(inner) >= 2 * sum(len(one["places"]) for one in board["sources"])


def test_hashes_of_data_about_people_are_keyed(tmp_path):
    """The hash of a small file could be guessed; that of the card, made with a key, cannot."""
    record = json.loads(json.dumps(made_up().run.record))
    card = record["datasets"][0]["card"]
    card["x-ig"]["class"] = "personal"
    card["resources"][0]["hash"] = "hmac-sha256:0123456789abcdef"
    run = replace(made_up().run, record=record)
    assert datasets_of(run)["falls"]["files"][0]["hash"] == "0123456789abcdef"
    text = expand("---\ntitle: T\n---\n\n{{< oda say effect >}}\n\n{{< oda provenance >}}\n", context(tmp_path, run))
    assert "0123456789ab" in text
    assert record["datasets"][0]["files"][0]["sha256"][:12] not in text


def test_sources_are_put_before_the_provenance_or_at_the_end_where_nobody_asked(tmp_path):
    """No report is without them; where a document asks for them, they stand there and nowhere else."""
    head, say, end = "---\ntitle: T\n---\n\n", "{{< oda say effect >}}\n\n", "\n\n{{< oda provenance >}}\n"
    before = expand(f"{head}{say}{end}", context(tmp_path))
    assert before.index("#source-1-place-1") < before.index("{#tbl-sources}") < before.index("{#tbl-parameters}")
    assert "{#tbl-sources}" in expand(f"{head}{say}", context(tmp_path))
    asked = expand(f"{head}{{{{< oda sources >}}}}\n\n{say}After.{end}", context(tmp_path))
    assert asked.count("{#tbl-sources}") == 1
    assert asked.index("{#tbl-sources}") < asked.index("After")
    assert "sources" not in expand(f"{head}No results.\n", context(tmp_path))


def test_a_heading_and_the_front_matter_have_a_source_but_no_link(tmp_path):
    """A link in a heading would stand in the contents; the number is accounted for all the same."""
    made = context(tmp_path)
    text = expand('---\ntitle: "{{< oda say effect >}}"\n---\n\n## {{< oda say visits-total >}}\n', made)
    assert ".source}" not in text
    assert "{#source-1}" in text
    assert [one["result"] for one in trace(made)["sources"]] == ["visits-total", "effect"]


def test_nothing_links_back_to_what_one_format_leaves_out(tmp_path):
    """A link to a place that the PDF does not have would stop the PDF."""
    body = '::: {.content-visible when-format="html"}\n{{< oda say effect >}}\n:::\n\n{{< oda say effect >}}\n'
    made = context(tmp_path)
    assert expand(f"---\ntitle: T\n---\n\n{body}", made).count("(source") == 0
    assert trace(made)["sources"][0]["places"] == ["source-1-place-1"]
    lines = ["::: {.content-hidden}", "::: {.answer}", ":::", "a", ":::", "b"]
    assert [inside for _, inside in in_one_format(lines)] == [True, True, True, True, True, False]


def test_numbers_typed_as_definitions_are_listed_as_typed(tmp_path):
    """A reader can see which numbers nobody computed."""
    made = context(tmp_path)
    text = expand("---\ntitle: T\n---\n\nAged {{< oda constant 65 >}} and {{< oda constant 2.5 km >}}.\n", made)
    assert "Aged 65 and 2\\.5 km" in text
    assert "not results\\: 65\\, 2\\.5 km" in text
    assert trace(made)["constants"] == [{"value": "65", "line": 5}, {"value": "2.5 km", "line": 5}]


def test_what_earlier_notebooks_read_is_behind_a_result_too(tmp_path):
    """A notebook that takes the table of another leads to the data of that other."""
    common = {"district": None, "parameters": {}, "seconds": 1.0}
    first = Outcome(task="a", notebook="a", read=["dataset falls", "made data/derived/x.csv"], **common)
    second = Outcome(task="b", notebook="b", read=["after a"], recorded={"k": {"cell": 2, "id": ""}}, **common)
    third = Outcome(task="c", notebook="c", read=["file data/derived/x.csv", "file data/raw/y.csv"], **common)
    outcomes = [vars_of(one) for one in (first, second, replace(third, recorded={"l": {"cell": 0, "id": ""}}))]
    done = made_up()
    effect = done.run.once["30-effect"]["effect"]
    run = replace(
        done.run, record={**done.run.record, "outcomes": outcomes}, once={"b": {"k": effect}, "c": {"l": effect}}
    )
    made = origins_of(context(tmp_path, run))
    assert (made["k"].datasets, made["k"].files, made["k"].cell) == (("falls",), (), 3)
    assert (made["l"].datasets, made["l"].files) == (("falls",), ("data/raw/y.csv",))


def vars_of(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as a run's record holds it."""
    return {name: getattr(outcome, name) for name in Outcome.__dataclass_fields__}


def test_a_record_of_a_run_that_noted_no_cells_is_still_read(tmp_path):
    """What is not known is said not to be known."""
    old = [
        {key: value for key, value in one.items() if key not in {"recorded", "read"}}
        for one in made_up().run.record["outcomes"]
    ]
    run = replace(made_up().run, record={**made_up().run.record, "outcomes": old})
    origin = origins_of(context(tmp_path, run))["effect"]
    assert (origin.place, origin.known) == ("30-effect.ipynb (cell not recorded)", False)
    assert Origin().place == "not recorded"


def test_a_cell_is_counted_in_the_notebook_as_it_is_now(tmp_path):
    """Words put in above a cell since the run move it, and no notebook need run again for that."""
    done = made_up()
    copy = tmp_path / "notebooks" / "30-effect.ipynb"
    copy.parent.mkdir()
    content = json.loads((done.pilot.folder / "notebooks" / "30-effect.ipynb").read_text(encoding="utf-8"))
    content["cells"].insert(0, {"id": "new", "cell_type": "markdown", "metadata": {}, "source": "# More"})
    copy.write_text(json.dumps(content), encoding="utf-8")
    moved = done.pilot.model_copy(update={"folder": tmp_path})
    before, after = (origins_of(context(tmp_path, pilot=pilot))["effect"].cell for pilot in (done.pilot, moved))
    assert (before, after) == (5, 6)


def test_results_are_found_in_cells_without_the_one_that_was_put_in():
    """Cells are counted as the analyst sees them; only what a figure may come from counts as read."""
    put_in = {"metadata": {"tags": ["injected-parameters"]}, "outputs": []}
    cells = [{"metadata": {}}, put_in, {"metadata": {}, "outputs": [{"data": {"m": {"key": "a"}}}, {"text": "x"}]}]
    assert recorded_in(cells, "m") == {"a": {"cell": 1, "id": ""}}
    assert recorded_in(cells[::2], "m") == {"a": {"cell": 1, "id": ""}}
    uses = {"module x.py": "1", "setting run": "2", "outside /home/x": "3", "file a.csv": "4", "dataset b": "5"}
    assert read_by(uses) == ["file a.csv", "dataset b"]
    assert all(name.endswith(" ") for name in READ)


def test_places_are_numbered_as_a_reader_meets_them():
    """The second mention of the first result is place 1.2."""
    sources = Sources()
    links = [sources.link(key) for key in ("a", "b", "a")]
    assert [re.findall(r"#(source-\d+-place-\d+)", link) for link in links] == [
        ["source-1-place-1"],
        ["source-2-place-1"],
        ["source-1-place-2"],
    ]
