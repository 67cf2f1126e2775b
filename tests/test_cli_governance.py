"""The commands of governance as a signer, an analyst and an ODA lead meet them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from oda.cli import main
from oda.errors import COMMAND
from oda.pilot import Pilot
from signers import SIGNERS_FILE, change, key, open_pilot, signers_list, unsigned_pilot


@pytest.fixture
def unsigned(tmp_path, monkeypatch) -> Pilot:
    """Return a pilot that is filled in and that nobody has signed."""
    pilot = unsigned_pilot(tmp_path, monkeypatch)
    monkeypatch.chdir(pilot.folder)
    return pilot


@pytest.fixture
def opened(tmp_path, monkeypatch) -> Pilot:
    """Return a pilot whose load gate is open."""
    pilot = open_pilot(tmp_path, monkeypatch)
    monkeypatch.chdir(pilot.folder)
    return pilot


def call(*words: str, typed: str = ""):
    """Call a command and return what came of it."""
    return CliRunner().invoke(main, words, input=typed)


@pytest.mark.usefixtures("unsigned")
def test_check_says_first_which_gates_are_shut_and_what_comes_next():
    """The answer stands in the first line, for someone who reads no further."""
    first = call("check").output.splitlines()[0]
    assert "gates are shut: load (" in first
    assert "items can be signed now." in first


@pytest.mark.usefixtures("unsigned")
def test_check_of_one_item_says_what_is_signed_and_who_signs():
    """An item is shown with its files' content, its state, the role and the next step."""
    said = call("check", "p05").output
    assert "By signing you say:" in said
    assert "State: open. nobody has signed" in said
    assert "Who: legal adviser" in said


@pytest.mark.usefixtures("opened")
def test_check_exits_1_for_a_shut_gate_and_0_for_an_open_one():
    """A script can ask for one gate."""
    assert call("check", "--gate", "load").exit_code == 0
    assert call("check", "--gate", "publish").exit_code == 1


@pytest.mark.usefixtures("opened")
def test_check_as_json_holds_no_name_of_a_person():
    """Sign-offs are listed by role and organisation."""
    said = json.loads(call("check", "--json").output)
    signed = next(finding for finding in said["findings"] if finding["item"] == "P05")["signatures"]
    assert [(one["role"], one["organisation"], one["route"]) for one in signed] == [("leg", "council", "key")]
    assert '"leo"' not in json.dumps(said)


@pytest.mark.usefixtures("unsigned")
def test_what_is_ready_for_a_role_is_shown_and_signed_in_one_go():
    """One question, one signature call, and a receipt to keep."""
    said = call("sign", "--ready", "--key", str(key("leo")), typed="yes\n")
    assert said.exit_code == 0
    assert "By signing you say:" in said.output
    assert "Approve P05 as legal adviser of council? Type yes" in said.output
    receipt = said.output.partition("Receipt: ")[2][:64]
    assert call("trust", "--receipt", receipt).output.startswith("Found: line 1 of the log")


def test_anything_but_yes_signs_nothing(unsigned):
    """A person who only presses Enter has not signed."""
    said = call("sign", "P05", "--key", str(key("leo")), typed="\n")
    assert said.exit_code == 1
    assert "Nothing was signed." in said.output
    assert not list((unsigned.folder / "governance" / "signoffs").glob("*.json"))


@pytest.mark.usefixtures("opened")
def test_a_receipt_that_is_not_in_the_log_is_told():
    """Whoever took lines out of the log cannot show the receipt's line."""
    said = call("trust", "--receipt", "0" * 64)
    assert said.exit_code == 1
    assert "is not in the log" in said.output


@pytest.mark.usefixtures("unsigned")
def test_a_key_of_another_role_is_refused_with_the_role_that_signs():
    """The refusal names the item and who signs it."""
    said = call("sign", "P05", "--key", str(key("sam")), "--yes")
    assert said.exit_code == 1
    assert "P05 was not signed: the legal adviser signs it, and this key stands for 'sro'." in said.output


@pytest.mark.usefixtures("opened")
def test_a_rejection_needs_a_reason_and_shuts_the_gate():
    """A signer can take back an approval, in words."""
    assert "needs a reason" in call("sign", "P05", "--reject", "--key", str(key("leo")), "--yes").output
    done = call("sign", "P05", "--reject", "--reason", "The act does not cover it.", "--key", str(key("leo")), "--yes")
    assert done.exit_code == 0
    assert "The act does not cover it." in call("check", "P05").output
    assert call("check", "--gate", "load").exit_code == 1


@pytest.mark.usefixtures("unsigned")
def test_two_decisions_at_once_are_a_misuse():
    """A sign-off rejects or says that it does not apply, not both."""
    assert call("sign", "P05", "--reject", "--not-applicable").exit_code == 2
    assert call("sign").exit_code == 2


def test_a_key_is_added_to_the_list_in_the_form_that_counts(unsigned):
    """The line holds the principal and the namespace, and the list's new hash is shown."""
    done = call(
        "keys", "add", "--person", "igl-9", "--role", "igl", "--organisation", "council", "--key",
        str(key("stranger").with_suffix(".pub")),
    )  # fmt: skip
    assert done.exit_code == 0
    last = (unsigned.folder / SIGNERS_FILE).read_text(encoding="utf-8").splitlines()[-1]
    assert last.startswith('igl-9:igl@council namespaces="oda-ig-signoff" ssh-ed25519 ')
    assert call("trust").exit_code == 1  # the list is no longer the one that is pinned


@pytest.mark.parametrize("person", ["igl 9", "igl*", "igl,dpo", "Igl", "igl:9"])
def test_an_id_that_could_widen_a_line_is_refused(unsigned, person):
    """Signs with a meaning in the list of signers never reach it."""
    public = str(key("stranger").with_suffix(".pub"))
    done = call("keys", "add", "--person", person, "--role", "igl", "--organisation", "council", "--key", public)
    assert done.exit_code == 1
    assert (unsigned.folder / SIGNERS_FILE).read_text(encoding="utf-8") == signers_list()


def test_a_card_is_given_the_hash_of_its_file_and_is_signed_again(opened):
    """A new file needs a new hash, and then its owner's signature."""
    (opened.folder / "data/raw/gp.csv").write_text(
        "district_code,period,visits\nE07000236,2026-01,12\nE07000237,2026-01,10\n", encoding="utf-8"
    )
    assert "D03" in call("check", "--json").output
    assert call("check", "--gate", "load").exit_code == 1
    done = call("card", "gp_list")
    assert "2 rows" in done.output
    assert "hmac-sha256:" in done.output
    assert "State: stale" in call("check", "D01").output


def test_schemas_are_written_for_editors(unsigned):
    """An editor finds the schema that a file's first line names."""
    assert call("schema").exit_code == 0
    assert json.loads((unsigned.folder / "governance/schema/flow.json").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("unsigned")
def test_scan_says_what_it_looked_at():
    """Where there is no repository nothing is wrong, and that is said."""
    said = call("scan")
    assert said.exit_code == 0
    assert "no git repository here" in said.output


def test_a_list_of_people_leaves_only_through_its_gate(opened, tmp_path):
    """The file is copied once every item of `act` holds, and the log has its keyed hash."""
    people = opened.folder / "data/derived/visits.csv"
    people.parent.mkdir(parents=True, exist_ok=True)
    people.write_text("name\nA\n", encoding="utf-8")
    service = tmp_path / "service"
    service.mkdir()
    change(opened, "governance/eqia.yml", lambda content: content["proposal"].update(what="Another proposal."))
    assert "P13" in call("act", str(people), "--to", str(service)).output
    assert not list(service.iterdir())
    call("sign", "P13", "--key", str(key("sam")), "--yes")
    assert call("act", str(people), "--to", str(service)).exit_code == 0
    assert (service / "visits.csv").read_bytes() == people.read_bytes()
    last = json.loads((opened.folder / "governance/gate_log.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (last["gate"], last["decision"], last["hash"][:12]) == ("act", "passed", "hmac-sha256:")
    assert "nothing is written over" in call("act", str(people), "--to", str(service)).output


@pytest.mark.parametrize("name", ["data/raw/gp.csv", "governance/people.yml"])
def test_only_a_file_of_data_derived_is_handed_over(opened, tmp_path, name):
    """Raw data and the pilot's own files do not leave this way."""
    said = call("act", str(opened.folder / name), "--to", str(tmp_path))
    assert said.exit_code == 1
    assert "is not a file of data/derived" in said.output


def test_a_card_that_cannot_be_read_is_shown_and_stops_nothing_else(opened):
    """The checklist can always be shown; the item of the card says what is wrong."""
    (opened.folder / "governance/datasets/gp_list.yml").write_text("name: [", encoding="utf-8")
    said = call("check", "D01")
    assert said.exit_code == 0
    assert "cannot be read as YAML" in said.output


def test_a_folder_with_nothing_in_governance_still_shows_the_checklist(unsigned):
    """Every item says which file is missing."""
    for path in (unsigned.folder / "governance").rglob("*.yml"):
        if path.parent.name != "datasets":
            path.unlink()
    said = call("check")
    assert said.exit_code == 0
    assert f"{COMMAND} draft dpia" in " ".join(said.output.split())


def test_an_invalid_checklist_of_the_pilot_is_refused_in_words(unsigned):
    """A pilot adds items; it cannot define one of the catalogue again."""
    items = [{"id": "P01", "safe": "project", "title": "Something much easier to sign", "signs": ["sro"],
              "confirm": "I have looked at it for a moment.", "minutes": 1, "subjects": [{"path": "pilot.yml"}],
              "when": "always", "gates": ["load"], "source": "our own"}]  # fmt: skip
    path = Path(unsigned.folder, "governance/checklist.yml")
    path.write_text(yaml.safe_dump({"items": items}), encoding="utf-8")
    said = call("check")
    assert said.exit_code == 1
    assert "own items have ids from X01" in said.output
