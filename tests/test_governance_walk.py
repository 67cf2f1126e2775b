"""A pilot with personal data, taken from empty to published and closed by twelve people with twelve keys."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from oda import check, load, pass_gate
from oda.errors import GateError
from oda.governance import assess
from oda.governance.files.base import check as check_file
from oda.governance.files.quality import AssuranceStatement, QualityAnswers
from oda.governance.gates import close_pilot
from oda.governance.log import read_log
from oda.pilot import Pilot, load_pilot, read_yaml
from oda.reports.governance.verifying import verify_bundle
from oda.reports.publishing import publish
from release import DAY, released
from signers import TODAY, change, open_pilot, sign_all, sign_item, unsigned_pilot, write

CLOSE = {
    "closed_on": TODAY,
    "deletions": [
        {
            "dataset": "gp_list",
            "partner": "fire",
            "deleted_on": TODAY,
            "method": "secure_delete",
            "certified_by": "iao",
        }
    ],
    "source_record_untouched": True,
    "dea_register_end": None,
    "lessons": "docs/lessons.md",
    "kept": [],
}


def answer_quality(pilot: Pilot) -> None:
    """Answer the quality questions and give the assurance statement."""
    template = Path(__file__).parents[1] / "{{cookiecutter.project}}" / "governance" / "aqa"
    for name, model in (("questions", QualityAnswers), ("statement", AssuranceStatement)):
        content = read_yaml(template / f"{name}.yml")
        for todo in check_file(name, content, model).todos:
            *steps, last = todo.split(".")
            part = content
            for step in steps:
                part = part[int(step) if step.isdigit() else step]
            part[int(last) if last.isdigit() else last] = (
                "yes" if steps[:1] == ["answers"] else "As the steering group agreed."
            )
        typed = {"answered_on": TODAY, "assured_on": TODAY, "proportionate": True, "unresolved": []}
        content |= {field: value for field, value in typed.items() if field in content}
        write(pilot, f"governance/aqa/{name}.yml", content)
        assert check_file(name, read_yaml(pilot.folder / f"governance/aqa/{name}.yml"), model).faults == ()


def test_a_pilot_goes_from_nothing_signed_to_published_and_closed(tmp_path, monkeypatch):
    """Each gate opens when its signers have signed and not before; what is published is what was signed."""
    pilot = unsigned_pilot(tmp_path, monkeypatch)
    with pytest.raises(GateError, match="load refused"):
        load("gp_list", pilot)
    answer_quality(pilot)
    sign_all(pilot)
    assert len(load("gp_list", pilot).frame) == 2
    made = released(pilot.folder)
    with pytest.raises(GateError, match=r"publish refused: O0[25] .* is open"):
        publish(made.pilot, made.run, today=DAY)
    sign_all(pilot)
    bundle = publish(made.pilot, made.run, today=DAY)
    assert verify_bundle(bundle.folder) == ()
    assert {one["item"] for one in bundle.manifest["signoffs"]} >= {"D07", "O02", "O03", "O04", "O05"}
    assert "otto" not in json.dumps(bundle.manifest)
    with pytest.raises(GateError, match="close refused: O06"):
        close_pilot(pilot)
    decisions = [(e.body["gate"], e.body["decision"]) for e in read_log(pilot.folder).entries if e.event == "gate"]
    assert decisions == [
        ("load", "refused"),
        ("load", "passed"),
        ("publish", "refused"),
        ("publish", "passed"),
        ("close", "refused"),
    ]


def test_changing_the_expectation_after_the_data_were_seen_shuts_publishing(tmp_path, monkeypatch):
    """What was expected is signed before outcome data load; another answer afterwards is another sign-off."""
    pilot = open_pilot(tmp_path, monkeypatch)
    load("gp_list", pilot)
    changed = change(pilot, "pilot.yml", lambda c: c["questions"][0].update(expected="No difference at all."))
    finding = assess(changed).finding("O04")
    assert (finding.state, finding.reason) == ("stale", "pilot.yml changed since it was signed")
    assert "O04" in assess(changed).gate("publish").missing
    with pytest.raises(GateError, match="O04"):
        load("gp_list", changed)


def test_data_of_a_second_controller_in_one_process_pass_the_link_gate(tmp_path, monkeypatch):
    """Loading what two controllers hold is where records could be joined."""
    pilot = open_pilot(tmp_path, monkeypatch)
    monkeypatch.setattr("oda.loading._held", {pilot.folder: {"council"}})
    load("gp_list", pilot)
    asked = [entry.body["gate"] for entry in read_log(pilot.folder).entries if entry.event == "gate"]
    assert asked == ["load", "link"]


def test_rows_that_the_card_does_not_name_are_refused(tmp_path, monkeypatch):
    """A card edited to other rows is caught when the file is read, whoever signed it."""
    pilot = open_pilot(tmp_path, monkeypatch)
    changed = change(pilot, "governance/datasets/gp_list.yml", lambda c: c["resources"][0].update(rows=3))
    sign_item(changed, "D01", "olga")
    with pytest.raises(ValueError, match="2 rows in the file, and 3 in its card"):
        load("gp_list", changed)


def test_synthetic_data_load_without_a_sign_off_and_without_a_line_in_the_log(pilot):
    """Day one is never blocked, and a run on made-up data changes no committed file."""
    assert len(load("falls", pilot).frame) > 0
    pass_gate("train", pilot)
    assert read_log(pilot.folder).entries == ()


def run_cell(pilot: Pilot, code: str):
    """Run one cell in the notebooks' folder of a pilot, as JupyterLab does, and return its outputs."""
    folder = pilot.folder / "notebooks"
    folder.mkdir(exist_ok=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    client = NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    with contextlib.suppress(CellExecutionError):
        client.execute()
    return notebook.cells[0].outputs


def test_a_refused_load_shows_the_refusal_in_a_notebook_and_no_traceback(tmp_path, monkeypatch):
    """An analyst reads what is missing, who signs and the command."""
    pilot = unsigned_pilot(tmp_path, monkeypatch)
    [output] = run_cell(pilot, "import oda\noda.load('gp_list')")
    shown = "\n".join(output.traceback)
    assert output.ename == "GateError"
    assert "load refused" in shown
    assert "Traceback" not in shown
    assert "gates.py" not in shown


def test_check_shows_the_checklist_as_a_table_in_a_notebook(tmp_path, monkeypatch):
    """The same answer, tables and words as in a terminal, with headings a screen reader can use."""
    pilot = unsigned_pilot(tmp_path, monkeypatch)
    [output] = run_cell(pilot, "import oda\noda.check()")
    page = output.data["text/html"]
    assert "gates are shut: load (" in page
    assert '<th scope="col"' in page
    assert '<th scope="row"' in page
    assert "legal adviser" in page


def test_check_escapes_what_files_say(tmp_path, monkeypatch):
    """A file cannot bring a script into a notebook."""
    pilot = unsigned_pilot(tmp_path, monkeypatch)
    path = pilot.folder / "governance/flows/gp-to-fire.yml"
    content = read_yaml(path) | {"art9": "<script>alert(1)</script>"}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert "<script>" not in check(load_pilot(pilot.folder))._repr_html_()


def test_nothing_loads_after_the_pilot_is_closed(tmp_path, monkeypatch):
    """Closing is for good: a new pilot is started instead."""
    pilot = open_pilot(tmp_path, monkeypatch)
    write(pilot, "governance/close.yml", CLOSE)
    (pilot.folder / "data/raw/gp.csv").unlink()
    sign_item(pilot, "O06", "olga")
    close_pilot(pilot)
    with pytest.raises(GateError, match=f"load refused: the pilot was closed on {TODAY}"):
        load("gp_list", pilot)
    assert f"The pilot was closed on {TODAY}." in check(pilot).notes
