"""Gates in force: what is asked for goes ahead or is refused in words, either is logged, and nothing forces one."""

from __future__ import annotations

import ast
import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import oda
from oda.errors import GateError
from oda.governance import assess, pass_gate, require
from oda.governance.checklist import GateName
from oda.governance.gates import close_pilot
from oda.governance.log import LOG_FILE, Entry, append, read_log
from oda.governance.trust import VARIABLE
from oda.loading import load
from oda.pilot import Pilot, load_pilot, read_yaml
from signers import CARD, change, measured, open_pilot, put, sign_item, states, unsigned_pilot, write

PERSONAL = "governance/datasets/gp_list.yml"
PACKAGE = Path(oda.__file__).parent
ASK = """
import sys
from pathlib import Path
from oda.governance import pass_gate
from oda.pilot import load_pilot
pilot = load_pilot(Path(sys.argv[1]))
for _ in range(3):
    pass_gate("act", pilot, about={"who": sys.argv[2]})
"""

CLOSE = {
    "closed_on": str(dt.datetime.now(dt.UTC).date()),
    "deletions": [
        {
            "dataset": "gp_list",
            "partner": "fire",
            "deleted_on": str(dt.datetime.now(dt.UTC).date()),
            "method": "secure_delete",
            "certified_by": "iao",
        }
    ],
    "source_record_untouched": True,
    "dea_register_end": None,
    "lessons": "reports/lessons.qmd",
    "kept": [],
}


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot whose load gate is open."""
    return open_pilot(tmp_path, monkeypatch)


@pytest.fixture
def unsigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot that is filled in and that nobody has signed."""
    return unsigned_pilot(tmp_path, monkeypatch)


def last(pilot: Pilot) -> Entry:
    """Return the last line of the log."""
    return read_log(pilot.folder).entries[-1]


def test_personal_data_load_once_all_have_signed(pilot: Pilot) -> None:
    """Seven roles and more have signed, and the data are there, as the card says."""
    loaded = load("gp_list", pilot)
    assert loaded.frame["visits"].tolist() == [12, 9]
    line = last(pilot)
    assert (line.event, line.body["gate"], line.body["decision"]) == ("gate", "load", "passed")
    assert line.body["classes"] == {"gp_list": "personal"}
    assert line.body["hash"].startswith("hmac-sha256:")


def test_personal_data_do_not_load_before_that_and_the_refusal_is_logged(unsigned: Pilot) -> None:
    """The refusal names the item, its state, who signs and the command; the log keeps what was missing."""
    with pytest.raises(GateError) as refused:
        load("gp_list", unsigned)
    assert str(refused.value) == (
        "load refused: dataset 'gp_list' is of class personal, and P01 (The problem, the action it enables, the "
        "benefit, and why personal data are needed) is open (nobody has signed). The senior responsible owner signs "
        f"it: {COMMAND} sign P01. 20 more items are missing (P02, P03, P04, P05, P06, P07 and 14 others): "
        f"{COMMAND} check lists them."
    )
    line = last(unsigned)
    assert (line.body["decision"], line.body["missing"][:2]) == ("refused", ["P01", "P02"])


COMMAND = "py start.py" if os.name == "nt" else "python3 start.py"


def test_a_refusal_starts_with_what_was_signed_and_holds_no_longer(pilot: Pilot) -> None:
    """Whoever changed a file learns that first, with the file, the reason and whose signature it costs."""
    change(pilot, "governance/flows/gp-to-fire.yml", lambda flow: put(flow, "volume", 9999))
    with pytest.raises(GateError) as refused:
        load("gp_list", pilot)
    assert str(refused.value) == (
        "load refused: dataset 'gp_list' is of class personal, and P10 (Roles are agreed and every controller in the "
        "flows has signed the data sharing agreement) is stale (fire: governance/flows/gp-to-fire.yml changed since "
        "it was signed; icb: governance/flows/gp-to-fire.yml changed since it was signed). The information governance "
        f"lead of fire, icb signs it: {COMMAND} sign P10. To see it: {COMMAND} check"
    )


def test_a_gate_without_a_dataset_is_asked_for_the_whole_pilot(pilot: Pilot) -> None:
    """Act, and publish, are decided and logged for all that the pilot holds."""
    pass_gate("act", pilot)
    assert (last(pilot).body["gate"], last(pilot).body["decision"]) == ("act", "passed")
    with pytest.raises(GateError, match=r"^publish refused"):
        pass_gate("publish", pilot)


def test_open_data_need_no_gate_and_leave_no_line(unsigned: Pilot) -> None:
    """The log holds decisions about people's data alone."""
    write(unsigned, "data/raw/census.csv", "district_code,period,people\nE07000236,2026-01,100\nE07000237,2026-01,90\n")
    card = {**CARD, "name": "census", "x-ig": {"class": "open", "controller": "ONS"}}
    fields = [{"name": name, "type": "string"} for name in ("district_code", "period", "people")]
    resource = {"name": "census", "path": "data/raw/census.csv", "schema": {"fields": fields}}
    write(unsigned, "governance/datasets/census.yml", measured(unsigned.folder, {**card, "resources": [resource]}))
    assert len(load("census", unsigned).frame) == 2
    assert read_log(unsigned.folder).entries == ()


def test_a_broken_log_stops_what_it_cannot_record(pilot: Pilot) -> None:
    """Nothing goes ahead unrecorded."""
    log = pilot.folder / LOG_FILE
    log.write_bytes(log.read_bytes() + b"half a li")
    with pytest.raises(GateError, match=r"half written|is missing|E03"):
        load("gp_list", pilot)


def test_after_the_close_no_personal_data_load(pilot: Pilot) -> None:
    """Whoever wants to go on starts a new pilot."""
    write(pilot, "governance/close.yml", CLOSE)
    (pilot.folder / "data/raw/gp.csv").unlink()
    with pytest.raises(GateError, match=r"close refused: O06 .* is open"):
        close_pilot(pilot)
    sign_item(pilot, "O06", "olga")
    close_pilot(pilot)
    for gate in ("load", "link", "train", "act"):
        with pytest.raises(GateError, match=rf"{gate} refused: the pilot was closed on 20"):
            require(assess(pilot), gate, AssessedCard())
    with pytest.raises(GateError, match="the pilot was closed"):
        load("gp_list", pilot)
    with pytest.raises(GateError, match="close refused: the pilot was closed"):
        close_pilot(pilot)


class AssessedCard:
    """The personal dataset, as a gate asks for it."""

    name, title, data_class, card_path = "gp_list", "Visits", "personal", Path(PERSONAL)


def test_what_rules_an_item_out_must_be_signed(unsigned: Pilot) -> None:
    """No answer of the analyst's alone opens a gate: P01 signs the flags, P02 the screening list."""
    assert {"P01", "P02"} <= set(assess(unsigned).gate("load").missing)
    write(unsigned, "governance/dpia.yml", _no_screening(unsigned))
    assessment = assess(unsigned)
    assert assessment.finding("P03").state == "not_required"
    assert "P02" in assessment.gate("link").missing  # which waits for P03 where it is needed
    assert "P01" in assessment.gate("publish").missing  # whose model items the flags rule out


def _no_screening(pilot: Pilot) -> dict[str, object]:
    """Return the impact assessment with no on every line of its list."""
    content = read_yaml(pilot.folder / "governance/dpia.yml")
    content["screening"] = {part: dict.fromkeys(lines, False) for part, lines in content["screening"].items()}
    return content


def test_a_gate_with_signatures_waits_for_the_list_of_signers(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing outside the project that says who may sign, no signature opens anything."""
    monkeypatch.delenv(VARIABLE)
    assessment = assess(pilot)
    assert assessment.finding("E03").state == "open"
    assert all("E03" in assessment.gate(gate).missing for gate in ("load", "link", "act", "publish"))
    with pytest.raises(GateError, match=r"E03 .* is open \(nothing outside the project says"):
        load("gp_list", pilot)


def test_closing_waits_for_the_list_of_signers_too(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate of deletion is worth no more than the key behind it."""
    write(pilot, "governance/close.yml", CLOSE)
    (pilot.folder / "data/raw/gp.csv").unlink()
    sign_item(pilot, "O06", "olga")
    monkeypatch.delenv(VARIABLE)
    assert assess(pilot).gate("close").missing == ("E03",)


def test_eight_processes_pass_a_gate_at_once_and_the_log_is_whole(pilot: Pilot) -> None:
    """Workers side by side, as Dask starts them, lose no line and break no chain."""
    before = len(read_log(pilot.folder).entries)
    words = [sys.executable, "-c", ASK, str(pilot.folder)]
    at_work = [subprocess.Popen([*words, str(n)], stderr=subprocess.PIPE) for n in range(8)]
    told = [one.communicate()[1].decode() for one in at_work]
    assert told == [""] * 8
    log = read_log(pilot.folder)
    assert log.faults == ()
    assert sorted(entry.body["who"] for entry in log.entries[before:]) == sorted(
        str(n) for n in range(8) for _ in "abc"
    )


# Nothing forces a gate


@pytest.mark.parametrize("name", ["ODA_FORCE", "ODA_SKIP_GATES", "ODA_IG_OFF", "CI", "PYTEST_CURRENT_TEST", "DEBUG"])
def test_no_variable_opens_a_gate(unsigned: Pilot, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Not one that a person would try."""
    monkeypatch.setenv(name, "1")
    with pytest.raises(GateError):
        pass_gate("load", unsigned)


def test_governance_reads_one_variable_of_its_own() -> None:
    """It is the pin of the list of signers, which can only shut a gate that is not rightly open."""
    named = {}
    for path in (PACKAGE / "governance").rglob("*.py"):
        found = set(re.findall(r"\bODA_[A-Z_0-9]+", path.read_text(encoding="utf-8")))
        if found:
            named[path.name] = found
    assert set().union(*named.values()) == {VARIABLE}


def test_no_option_or_argument_forces_anything() -> None:
    """There is no --force, in the commands or in the functions behind the gates."""
    for path in [*PACKAGE.glob("*.py"), *(PACKAGE / "governance").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"--(force|skip|no-gate|override|yes-i)", text), path
        names = {a.arg for n in ast.walk(ast.parse(text)) if isinstance(n, ast.arguments) for a in _all(n)}
        assert not names & {"force", "skip", "skip_gate", "override", "unsafe", "bypass", "check_gate"}, path


def _all(arguments: ast.arguments) -> list[ast.arg]:
    """Return every argument of a function."""
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


@pytest.mark.parametrize("gate", ["", "Load", "loads", "all", "none"])
def test_a_gate_that_does_not_exist_never_opens(pilot: Pilot, gate: GateName) -> None:
    """A misspelt gate is refused, and those there are are listed."""
    with pytest.raises(GateError, match=r"is not a gate\. The gates are: load, link, train, act, publish, close"):
        require(assess(pilot), gate)


def test_the_log_may_not_be_the_only_thing_that_says_a_pilot_is_open(pilot: Pilot) -> None:
    """A line that says a gate was passed passes nothing."""
    change(pilot, PERSONAL, lambda card: put(card, "resources.0.rows", 3))
    append(pilot.folder, "gate", {"gate": "load", "decision": "passed", "dataset": "gp_list"})
    assert states(load_pilot(pilot.folder))["D01"] == "stale"
    with pytest.raises(GateError, match="D01"):
        load("gp_list", pilot)


def test_an_assessed_dataset_is_told_by_name_and_class(pilot: Pilot) -> None:
    """What the gate saw is what is loaded."""
    [dataset] = assess(pilot).datasets
    assert (dataset.name, dataset.data_class, dataset.place, len(dataset.sha256)) == (
        "gp_list",
        "personal",
        PERSONAL,
        64,
    )
