"""Two runs held against each other: what an analyst is told, and what never is."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from finished import made_up
from oda.cli_runs import diff
from oda.comparing import choose_runs, compare_runs, read_runs, say_changes, with_code
from oda.errors import RunError
from oda.estimate import Estimate
from oda.records import hash_file
from oda.results import CannotSay, Estimated, Fact, Picture, Table, TableColumn
from oda.runs import Run, write_record

NAMES = {"E07000236": "Redditch", "E07000237": "Worcester"}
SECRET = "Ann Other, 7 falls"  # stands where only outputs and errors are


def estimated(value: float = 0.85, **other: Any) -> Estimated:
    """Return an estimate with its sentence."""
    plain = {
        "estimand": "ATT", "scale": "ratio", "outcome": "falls", "unit": "", "ci_low": 0.7, "ci_high": 0.95,
        "level": 0.95, "std_error": 0.1, "p_value": 0.02, "df": 4.0, "n_obs": 288, "n_clusters": 6, "n_treated": 3,
        "method": "CR2",
    }  # fmt: skip
    return Estimated(sentence="The rate was lower.", estimate=Estimate(**{**plain, "value": value, **other}))


def years(*rows: tuple[Any, ...], columns: tuple[str, ...] = ("Year", "Falls"), note: str = "") -> Table:
    """Return a table of falls by year."""
    heads = tuple(TableColumn(title=title, decimals=0 if place else None) for place, title in enumerate(columns))
    return Table(caption="Falls by year", columns=heads, rows=rows or (("2024", 350), ("2025", "[c]")), note=note)


def chart(drawing: str = "<svg>a plain drawing</svg>", **other: Any) -> Picture:
    """Return a chart."""
    words = {"caption": "Falls", "alt": "A line chart of falls by year", "description": "Falls went down every year."}
    return Picture(**{**words, "svg": drawing, "data": years(), **other})


def outcome(notebook: str = "20-district", code: str | None = "E07000236", **other: Any) -> dict[str, Any]:
    """Return what a record says of a task."""
    task = f"{notebook}-{NAMES[code].lower()}" if code else notebook
    told = {"district": code} if code else {}
    return {"task": task, "notebook": notebook, "district": code, "parameters": told, "error": "", "cell": None} | other


def run(folder: Path = Path("a"), *outcomes: dict[str, Any], once: Any = None, record: Any = None, **found: Any) -> Run:
    """Return a run of one notebook for Redditch, and of one for all, with these results."""
    settings = {"districts": [{"code": code, "name": name} for code, name in NAMES.items()]}
    told = [outcome(), outcome("30-effect", None), *outcomes]
    return Run(
        id=folder.name,
        folder=folder,
        record={"id": folder.name, "status": "done", "finished": "2026-01-02T03:04:05+00:00", "settings": settings}
        | {"outcomes": list({one["task"]: one for one in told}.values())}
        | (record or {}),
        once={"30-effect": once or {}},
        by_district={"E07000236": {"20-district": found}},
    )


def said(old: Run, new: Run, **options: bool) -> str:
    """Return what is said of two runs, without their code."""
    return say_changes(compare_runs(old, new), **options)


def test_runs_that_agree_are_said_to_agree():
    """Nothing differs: one sentence, and no empty heading after it."""
    old = run(trend=estimated(), visits=Fact(sentence="Ten.", value=10))
    assert said(old, replace(old, id="b")).splitlines()[2:] == ["No result differs, of 2 notebooks."]


def test_an_estimate_is_told_in_one_line_with_interval_n_and_the_size_of_the_change():
    """Value, interval, unit and n of both runs; the method only where it changed."""
    text = said(run(trend=estimated()), run(trend=estimated(0.86, ci_high=0.97, n_obs=290)))
    line = "ratio 0.85 (95% interval 0.7 to 0.95) -> ratio 0.86 (95% interval 0.7 to 0.97); change +0.01; n 288 -> 290"
    assert f"  20-district, Redditch, trend: {line}" in text.splitlines()
    assert "1 of 2 notebooks differs in results." in text
    assert "method" not in text
    assert "method CR2 -> CR1" in said(run(trend=estimated()), run(trend=estimated(method="CR1")))


def test_a_change_in_the_last_digit_is_seen():
    """Numbers are equal to the bit or they differ; as many digits are shown as tell them apart."""
    text = said(run(trend=estimated(0.85)), run(trend=estimated(0.85 + 1e-12)))
    assert "ratio 0.85 (" in text
    assert "ratio 0.850000000001 (" in text
    assert "change +1e-12" in text


def test_estimates_come_first_then_figures_then_tables():
    """An analyst reads the findings first, whatever the order of the notebooks."""
    old = run(once={"effect": estimated()}, years=years(), visits=Fact(sentence="Ten.", value=10, unit="visits"))
    new = run(once={"effect": estimated(0.8)}, years=years(("2024", 355)), visits=Fact(sentence="Twelve.", value=12.5))
    text = said(old, new)
    assert text.index("effect: ratio") < text.index("visits: 10 visits -> 12.5") < text.index("years: 2 changes")
    assert "sentence was: Ten." in text
    assert "change +2.5" not in text  # the unit differs
    assert [one.kind for one in compare_runs(old, new).results] == ["estimate", "fact", "table"]


def test_a_table_is_compared_by_the_headings_of_its_rows_and_columns():
    """A row put in between moves nothing; hidden values stay hidden."""
    text = said(run(years=years()), run(years=years(("2023", 360), ("2024", 355), ("2025", 10))))
    inner = [line.strip() for line in text.partition("20-district, Redditch, years")[2].splitlines()[1:4]]
    assert inner == ["row '2023' added: Falls: 360", "2024, Falls: 350 -> 355 (+5)", "2025, Falls: [c] -> 10"]


def test_rows_of_one_heading_are_held_against_each_other_in_order():
    """Two rows called Redditch are two rows."""
    old, new = (run(years=years(("Redditch", 350), ("Redditch", last))) for last in (10, 15))
    assert "Redditch (2), Falls: 10 -> 15 (+5)" in said(old, new)
    assert "1 change in its numbers" in said(old, new)


def test_a_long_table_is_told_in_part_and_the_rest_counted():
    """Eight cells, unless all are asked for."""
    old, new = (run(years=years(*((str(year), year + more) for year in range(2000, 2020)))) for more in (0, 5))
    assert "and 12 more; --all tells them" in said(old, new)
    assert said(old, new, everything=True).count("(+5)") == 20


def test_what_differs_alike_in_many_districts_is_told_once():
    """A note that says another rule is one line for 330 districts, not 330."""
    old, new = (
        replace(run(), by_district={code: {"20-district": {"years": years(note=note)}} for code in NAMES})
        for note in ("[c] hides 1 to 7.", "[c] hides 1 to 9.")
    )
    assert "  20-district (Redditch, Worcester), years: its words differ\n" in said(old, new)
    assert said(old, new).count("is now: [c] hides 1 to 9.") == 1


def test_cells_that_read_alike_are_counted_with_the_size():
    """A change below the decimals shown is neither silent nor a puzzle such as 110 -> 110."""
    text = said(run(years=years(("2024", 110.0))), run(years=years(("2024", 110.0 + 2**-20))))
    assert "1 cell differs in digits that are not shown, by at most 9.54e-07" in text
    assert "110 -> 110" not in text


def test_order_alone_and_drawing_alone_are_named():
    """Something differs though no number does: it is said, once for all districts."""
    old = run(years=years(("2024", 1), ("2025", 2)), chart=chart())
    new = run(years=years(("2025", 2), ("2024", 1)), chart=chart("<svg>another drawing</svg>"))
    assert said(old, new).splitlines()[-2:] == [
        "  20-district, years: only order or decimals differ (Redditch)",
        "  20-district, chart: the drawing alone differs (Redditch)",
    ]


def test_a_chart_is_compared_by_its_numbers_and_words():
    """The drawing itself is never printed."""
    text = said(
        run(chart=chart()), run(chart=chart("<svg>another drawing</svg>", data=years(("2024", 355)), caption="Rates"))
    )
    assert "caption was: Falls" in text
    assert "2024, Falls: 350 -> 355 (+5)" in text
    assert "svg" not in text + json.dumps(
        compare_runs(run(chart=chart()), run(chart=chart("<svg>another drawing</svg>"))).to_dict()
    )


def test_what_came_went_or_is_of_another_kind_is_said():
    """An answer that can no longer be given is no mere change of words."""
    gone = CannotSay(sentence="Too few falls.", needed="More years.")
    text = said(run(a=estimated(), b=years()), run(a=gone, c=estimated()))
    assert "20-district, Redditch, a: was ratio 0.85 (95% interval 0.7 to 0.95), n 288, CR2" in text
    assert "is now cannot be concluded: Too few falls." in text
    assert text.index("Too few falls") < text.index("Tables and charts")
    assert "20-district, Redditch, b: removed: a table: Falls by year" in text
    assert "20-district, Redditch, c: added: ratio 0.85" in text


def test_a_notebook_that_failed_or_is_in_one_run_only_is_named_and_its_error_is_not_quoted():
    """An error's text may hold data; the notebook that it stopped keeps it."""
    failed = outcome(error=f"ValueError: {SECRET}", cell=4)
    changes = compare_runs(run(trend=estimated()), run(Path("b"), failed, outcome(code="E07000237")))
    text = say_changes(changes)
    assert "20-district: done -> failed in cell 5 (Redditch)" in text
    assert "20-district: not in that run -> done (Worcester)" in text
    assert "2 of 3 notebooks differ in results; 2 of these finished in one run only." in text
    assert (changes.differing, changes.notebooks) == (2, 3)
    assert SECRET not in text + json.dumps(changes.to_dict())
    assert "1 notebook finished in neither run" in said(run(Path("a"), failed), run(Path("b"), failed))


def test_a_notebook_for_each_of_a_list_is_compared_task_by_task():
    """Results of a ward lie under the task's name; they are held against the same ward's."""
    ward = {"task": "25-ward-abbey", "notebook": "25-ward", "district": None, "item": "Abbey", "parameters": {}}
    old, new = (
        replace(one, once={"25-ward-abbey": {"rate": estimated(value)}})
        for one, value in ((run(Path("a"), ward), 0.8), (run(Path("b"), ward), 0.9))
    )
    assert "25-ward, Abbey, rate: ratio 0.8 " in said(old, new)


def test_the_oldest_records_are_compared_too():
    """A record without settings, versions, datasets or outcomes does not stop the comparison."""
    bare = replace(run(trend=estimated()), record={"id": "a"})
    assert "1 of 2 notebooks differs" in said(bare, run(trend=estimated(0.8)))
    assert "No result differs" in said(bare, bare)


def dataset(sha: str, data_class: str = "open", **resource: Any) -> dict[str, Any]:
    """Return what a record says of a dataset."""
    card = {"name": "falls", "resources": [{"name": "falls", **resource}], "x-ig": {"class": data_class}}
    return {"card": card, "files": [{"name": "data/raw/falls.csv", "sha256": sha * 64}]}


def test_what_differs_behind_the_results_is_said_in_a_line_each():
    """Data, settings, parameters, versions and the lock: old and new."""
    old, new = (
        run(
            Path("a"),
            *(outcome(code=code, seen={"district": code, "level": level}) for code in NAMES),
            record={
                "datasets": [dataset(sha, rows=rows)],
                "settings": {"disclosure": {"hide_below": below}},
                "versions": {"oda-toolkit": version},
                "inputs": {"lock": sha * 64, "oda": "1"},
            },
        )
        for sha, rows, below, level, version in (("a", 312, 8, 0.9, "0.1.0"), ("b", 318, 10, 0.95, "0.2.0"))
    )
    assert said(old, new).partition("What differs behind the results\n")[2].splitlines() == [
        "  dataset falls: data/raw/falls.csv: sha256: aaaaaaaaaaaa -> bbbbbbbbbbbb",
        "  dataset falls: card resources.falls.rows: 312 -> 318",
        "  setting disclosure.hide_below: 8 -> 10",
        "  parameter level of 20-district: 0.9 -> 0.95 (2 notebooks)",
        "  version of oda-toolkit: 0.1.0 -> 0.2.0",
        "  the lock (requirements/run.txt): sha256: aaaaaaaaaaaa -> bbbbbbbbbbbb",
    ]


def test_of_data_about_people_neither_hash_nor_rows_are_told():
    """A small file can be confirmed from its hash by guessing, and rows are a count that nothing protects."""
    old, new = (run(record={"datasets": [dataset(sha, "personal", rows=rows)]}) for sha, rows in (("a", 7), ("b", 9)))
    lines = said(old, new).partition("behind the results\n")[2].splitlines()
    assert lines == ["  dataset falls: data/raw/falls.csv: its content differs"]


def test_a_text_and_a_number_that_read_alike_are_told_apart():
    """The parameter "7" is not 7."""
    old, new = (run(Path("a"), outcome(parameters={"ward": ward})) for ward in ("7", 7))
    assert 'parameter ward of 20-district: "7" -> 7 (1 notebook)' in said(old, new)


def cell(source: str, *tags: str, kind: str = "code") -> dict[str, Any]:
    """Return a cell, with an output that must never be seen."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": SECRET}]
    return {"cell_type": kind, "metadata": {"tags": list(tags)}, "source": source, "outputs": outputs}


def written(folder: Path, *cells: dict[str, Any], task: str = "20-district-redditch", **other: Any) -> Run:
    """Write an executed notebook, with the cell that papermill adds, and return its run."""
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    added = cell(f"district = '{folder.name}'", "injected-parameters")
    content = {"cells": [added, *cells], "nbformat": 4, "metadata": {}}
    (folder / "notebooks" / f"{task}.ipynb").write_text(json.dumps(content), encoding="utf-8")
    return run(folder, **other)


def code_said(old: Run, new: Run) -> str:
    """Return what is said of the code of one notebook of two runs."""
    outcomes = [one for one in new.record["outcomes"] if one["notebook"] == "20-district"]
    old, new = (replace(one, record={**one.record, "outcomes": outcomes}) for one in (old, new))
    return say_changes(with_code(compare_runs(old, new), old, new)).partition("\nCode\n")[2]


def test_code_that_means_something_else_is_shown_and_no_output_is(tmp_path):
    """Cells are compared by meaning: a comment is counted, a changed call is shown line by line."""
    old = written(tmp_path / "a", cell("# Words", kind="markdown"), cell("x = 1"), cell("y = f(x)\ny"))
    new = written(tmp_path / "b", cell("# Other", kind="markdown"), cell("x = 1  # one"), cell("y = f(x, 2)\ny"))
    assert code_said(old, new).splitlines() == [
        "  20-district: 1 code cell differs; 1 code cell differs in comments or layout only; 1 Markdown cell differs",
        "    code cell 3:",
        "      @@ -1,2 +1,2 @@",
        "      -y = f(x)",
        "      +y = f(x, 2)",
        "       y",
    ]


def test_a_cell_put_in_between_leaves_the_others_alone(tmp_path):
    """The cells after it have other numbers and the same meaning."""
    old = written(tmp_path / "a", cell("a = 1"), cell("b = 2"), cell("c = 3\nd = 4"))
    new = written(tmp_path / "b", cell("a = 1"), cell("z = 0"), cell("b = 2"), cell("c = 3\nd = 5"))
    text = code_said(old, new)
    assert "2 code cells differ" in text
    assert "code cell 2, added:\n      @@ -0,0 +1 @@\n      +z = 0" in text
    assert "code cell 4 (3 in the old run):" in text


def test_a_changed_cell_beside_a_new_one_is_held_against_what_it_was(tmp_path):
    """Of two cells in the place of one, the one that shares its lines is the same cell, changed."""
    old = written(tmp_path / "a", cell("a = 1\nb = 2"))
    text = code_said(old, written(tmp_path / "b", cell("z = 0"), cell("a = 1\nb = 3")))
    assert "code cell 1, added:" in text
    assert "code cell 2 (1 in the old run):\n      @@ -1,2 +1,2 @@\n       a = 1\n      -b = 2\n      +b = 3" in text


def test_another_parameters_cell_is_a_change_of_code(tmp_path):
    """Papermill puts a district's code after the cell so tagged."""
    old = written(tmp_path / "a", cell("district = ''", "parameters"))
    assert "-# tagged parameters: True" in code_said(old, written(tmp_path / "b", cell("district = ''")))


def test_code_that_agrees_or_cannot_be_read_is_said(tmp_path):
    """A notebook that is gone or half written is never taken for one that is the same; magic lines are no fault."""
    old = written(tmp_path / "a", cell("%matplotlib inline\nx = 1"), cell("this is not Python"))
    same = written(tmp_path / "b", cell("%matplotlib inline\nx  =  1"), cell("this is not Python"))
    assert code_said(old, replace(old, id="c")).strip() == "No cell differs."
    assert code_said(old, same).strip() == "20-district: 1 code cell differs in comments or layout only"
    (tmp_path / "b" / "notebooks" / "20-district-redditch.ipynb").write_text("{", encoding="utf-8")
    assert code_said(old, same).strip() == "20-district: not compared: in the new run its notebook cannot be read"


def test_a_notebook_that_never_started_is_said_to_be_so(tmp_path):
    """It is no file that cannot be read, and it did not fail."""
    old = written(tmp_path / "a", cell("x = 1"))
    error = "not started: 10-data has not ended well"
    new = replace(old, folder=tmp_path / "b", record={**old.record, "outcomes": [outcome(error=error)]})
    assert code_said(old, new).strip() == "20-district: not compared: in the new run it never started"
    assert compare_runs(old, new).tasks[0].new == "not started"


def test_a_module_that_a_notebook_used_is_named(tmp_path):
    """Code beside the notebooks decides results too."""
    runs = [written(tmp_path / name, cell("import steps")) for name in "ab"]
    for one in runs:
        (one.folder / "tasks").mkdir()
        content = {"uses": {"module notebooks/steps.py": one.id, "dataset falls": one.id}}
        (one.folder / "tasks" / "20-district-redditch.json").write_text(json.dumps(content), encoding="utf-8")
    assert code_said(*runs).strip() == "20-district: module notebooks/steps.py differs"


def on_disk(home: Path, name: str, finished: str, status: str = "done", **found: Any) -> Path:
    """Write a run, whole, as `oda run` leaves it, with one notebook for Redditch."""
    folder = home / "runs" / name
    made = written(folder, cell("x = 1"), record={"finished": finished, "status": status}, **found)
    (folder / "notebooks" / "30-effect.ipynb").write_text('{"cells": []}', encoding="utf-8")
    results = {key: item.model_dump(mode="json") for key, item in found.items()}
    content = {"once": {"30-effect": {}}, "by_district": {"E07000236": {"20-district": results}}}
    (folder / "results.json").write_text(json.dumps(content), encoding="utf-8")
    write_record(folder, {**made.record, "results_sha256": hash_file(folder / "results.json")})
    return folder


@pytest.fixture
def three(pilot_folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return three runs of a pilot, oldest first, and stand in its folder."""
    monkeypatch.chdir(pilot_folder)
    return [
        on_disk(pilot_folder, name, f"2026-01-0{day}T00:00:00+00:00", trend=estimated(value), same=years())
        for name, day, value in (("falls-aa11", 1, 0.8), ("falls-bb22", 3, 0.9), ("falls-aa33", 4, 0.85))
    ]


def test_a_run_is_meant_by_id_beginning_folder_or_age(three):
    """Whatever a person types at hand; without a word the previous run is held against the latest."""
    first, second, third = three
    home = first.parents[1]
    assert choose_runs(home, ()) == (second, third)
    assert choose_runs(home, ("falls-aa1",)) == (first, third)
    assert choose_runs(home, ("bb", str(first))) == (second, first)
    assert choose_runs(home, (f"runs{os.sep}falls-aa33", "previous")) == (third, second)


@pytest.mark.parametrize(
    ("name", "message"),
    [("falls-aa", "'falls-aa' begins 2 runs. Give more of the id"), ("zz", "'zz' is no run"), ("", "'' is no run")],
)
def test_a_name_that_fits_no_run_or_several_is_refused_with_the_runs_there_are(three, name, message):
    """The refusal lists each run with when it finished and how."""
    with pytest.raises(RunError) as refused:
        choose_runs(three[0].parents[1], (name, "latest"))
    assert message in str(refused.value)
    assert "falls-aa11 (finished 2026-01-01T00:00:00+00:00, done)" in str(refused.value)


def test_a_run_that_is_running_is_not_the_latest(three):
    """Its results are not there yet."""
    home = three[0].parents[1]
    on_disk(home, "falls-cc44", "2026-01-09T00:00:00+00:00", status="running")
    assert choose_runs(home, ()) == (three[1], three[2])


def test_two_runs_that_ended_in_one_second_stay_in_order(three):
    """The time of a record is in whole seconds; then the one written last is the latest."""
    home = three[0].parents[1]
    for name, written_at in (("falls-zz55", 1_000), ("falls-dd44", 2_000)):
        os.utime(on_disk(home, name, "2026-01-09T00:00:00+00:00") / "run.json", (written_at, written_at))
    assert [folder.name for folder in choose_runs(home, ())] == ["falls-zz55", "falls-dd44"]


def test_results_that_differ_for_no_recorded_reason_are_a_puzzle_that_is_said():
    """The same code on the same data gave something else: an analyst must know."""
    changes = replace(compare_runs(run(trend=estimated(0.8)), run(trend=estimated(0.9))), code=())
    assert "nothing that is on record: the notebooks read something else" in say_changes(changes)


def test_too_few_runs_are_said(tmp_path):
    """One run cannot be compared with an earlier one, and none with anything."""
    with pytest.raises(RunError, match="Run the notebooks first"):
        choose_runs(tmp_path, ())
    on_disk(tmp_path, "falls-aa11", "2026-01-01T00:00:00+00:00")
    with pytest.raises(RunError, match=r"no previous run: 1 of this pilot's runs has ended\."):
        choose_runs(tmp_path, ())


def test_what_is_equal_is_not_read_into_results_and_nothing_else_is_lost(three):
    """The quick reading says the same as the whole one."""
    old, new = read_runs(three[0], three[1])
    assert [list(one.by_district["E07000236"]["20-district"]) for one in (old, new)] == [["trend"], ["trend"]]
    assert "1 of 2 notebooks differs in results." in said(old, new)


def test_a_run_whose_results_were_changed_is_refused(three):
    """A half-written or edited run is never taken for a good one."""
    (three[0] / "results.json").write_text('{"once": {}, "by_district": {}}', encoding="utf-8")
    with pytest.raises(RunError, match="falls-aa11 holds no finished run"):
        read_runs(three[0], three[1])


def called(*words: str) -> Any:
    """Call the command and return what came of it."""
    return CliRunner().invoke(diff, words)


@pytest.mark.usefixtures("three")
def test_the_command_says_the_same_in_words_and_as_json():
    """A script reads numbers where a person reads words; a difference is no failure."""
    done = called()
    assert (done.exit_code, "change -0.05" in done.output, "No cell differs." in done.output) == (0, True, True)
    changes = json.loads(called("--json").output)
    assert changes["results"][0]["new"]["value"] == 0.85
    assert changes["results"][0]["change"] == pytest.approx(-0.05)
    assert json.loads(called("--json", "--no-code").output)["code"] is None
    assert "\nCode\n" not in called("--no-code").output


@pytest.mark.usefixtures("three")
def test_the_command_refuses_with_1_and_calls_misuse_2():
    """As every command does."""
    assert (called("zz").exit_code, called("a", "b", "c").exit_code) == (1, 2)


@pytest.mark.usefixtures("three")
def test_a_run_held_against_itself_is_said_to_be_the_same():
    """No surprise when both names mean one run."""
    assert "Both are the same run.\nNo result differs, of 2 notebooks." in called("latest", "latest").output


@pytest.mark.xdist_group("run")
def test_a_real_run_differs_from_its_altered_copy_in_what_was_altered_alone(tmp_path):
    """One estimate, one cell and a comment: three things told, and nothing of the rest."""
    old = made_up().run.folder
    new = Path(shutil.copytree(old, tmp_path / "altered", ignore=shutil.ignore_patterns("reports", "documents")))
    content = json.loads((new / "results.json").read_text(encoding="utf-8"))
    content["once"]["30-effect"]["effect"]["estimate"]["n_obs"] += 1
    (new / "results.json").write_text(json.dumps(content), encoding="utf-8")
    record = json.loads((new / "run.json").read_text(encoding="utf-8"))
    write_record(new, {**record, "results_sha256": hash_file(new / "results.json")})
    for path in (new / "notebooks").glob("20-district-*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        first, *_, last = [one for one in notebook["cells"] if one["cell_type"] == "code"]
        first["source"], last["source"] = ["# A comment.\n", *first["source"]], ["here = None"]
        path.write_text(json.dumps(notebook), encoding="utf-8")
    was, now = read_runs(old, new)
    changes = with_code(compare_runs(was, now), was, now)
    assert (changes.notebooks, changes.differing, changes.causes) == (9, 1, ())
    assert [(one.key, one.new["n_obs"] - one.old["n_obs"]) for one in changes.results] == [("effect", 1)]
    assert [(one.notebook, one.tasks, len(one.cells), one.only_form) for one in changes.code] == [
        ("20-district", 6, 1, 1)
    ]
    assert "n 288 -> 289" in say_changes(changes)
