"""What someone may try with data files, cards, pipes, dates and a published bundle: each is refused in words."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import oda.reports.publishing as stage
from oda.datasets import find_dataset
from oda.errors import DatasetError, GateError, SettingsError
from oda.governance import GateState, assess, require
from oda.governance.log import LOG_FILE, append, read_log
from oda.governance.probes.data_files import copies_of_personal
from oda.governance.probes.measuring import KEY_FILE
from oda.loading import load
from oda.pilot import Pilot, load_pilot, read_yaml
from oda.reading import find_files
from oda.reports.governance import verifying
from oda.reports.governance.verifying import ALONE, compare_with_signed, verify_bundle
from oda.reports.publishing import publish
from release import DAY, released
from signers import CARD, DATA, measured, open_pilot, sign_item, unsigned_pilot, write

PERSONAL, OPEN, COPY = "governance/datasets/gp_list.yml", "governance/datasets/census.yml", "data/raw/census.csv"
OTHER = "district_code,period,visits\nE07000236,2026-01,1\nE07000237,2026-01,2\n"
POSIX = pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot whose load gate is open, and whose data were loaded once."""
    made = open_pilot(tmp_path, monkeypatch)
    load("gp_list", made)
    return made


@pytest.fixture
def unsigned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot that is filled in and that nobody has signed."""
    return unsigned_pilot(tmp_path, monkeypatch)


def open_card(pilot: Pilot, content: str | bytes | None = None) -> None:
    """Write an open dataset, its card measured where its file can be."""
    if content is not None:
        (pilot.folder / COPY).write_bytes(content if isinstance(content, bytes) else content.encode())
    resource = {**CARD["resources"][0], "name": "census", "path": COPY}
    card = {**CARD, "name": "census", "resources": [resource], "x-ig": {"class": "open", "controller": "ONS"}}
    write(pilot, OPEN, measured(pilot.folder, card) if content is not None else card)


def refused(pilot: Pilot) -> str:
    """Return what D03 says where the open dataset does not load."""
    with pytest.raises((GateError, DatasetError)):
        load("census", pilot)
    finding = assess(pilot).finding("D03")
    assert finding.state == "failed"
    return finding.reason


# Copies


@pytest.mark.parametrize(
    "content",
    [
        DATA + "\n",
        "\n\n" + DATA.replace("\n", "\r\n"),
        "\ufeff" + DATA,
        DATA.replace(",", ";"),
        DATA.replace(",", '","').replace("\n", '"\n'),
        DATA.encode("utf-16"),
    ],
    ids=["a line more", "line ends of Windows", "a mark in front", "semicolons", "quotes", "UTF-16"],
)
def test_a_copy_laid_out_otherwise_is_a_copy(pilot: Pilot, content: str | bytes) -> None:
    """One byte does not make data about people open."""
    open_card(pilot, content)
    assert "the file of open dataset census is that of personal dataset gp_list" in refused(pilot)


def test_other_data_of_the_same_heading_are_no_copy(pilot: Pilot) -> None:
    """The owner signs the card, and the data load."""
    open_card(pilot, OTHER)
    sign_item(pilot, "D01", "olga")
    assert len(load("census", pilot).frame) == 2


@POSIX
@pytest.mark.parametrize("make", [os.symlink, os.link], ids=["link", "hard link"])
def test_an_open_card_over_a_link_to_personal_data_does_not_load(pilot: Pilot, make: Any) -> None:
    """A file that cannot be compared is not taken for one that was."""
    make(pilot.folder / "data/raw/gp.csv", pilot.folder / COPY)
    open_card(pilot)
    assert "the file of open dataset census cannot be compared with that of personal dataset gp_list" in refused(pilot)


def test_without_the_key_a_file_of_the_same_size_cannot_be_compared(pilot: Pilot) -> None:
    """The original and the key taken away leave the size on its card."""
    open_card(pilot, DATA)
    (pilot.folder / "data/raw/gp.csv").unlink()
    (pilot.folder / KEY_FILE).unlink()
    assert "census cannot be compared with that of personal dataset gp_list" in refused(pilot)


def test_a_logged_hash_that_cannot_be_compared_counts_as_the_same(pilot: Pilot) -> None:
    """The card of the original is gone; with the key gone too, what claims to be open may be it."""
    hashes = frozenset({find_dataset(pilot, "gp_list").resource.hash})
    open_card(pilot, OTHER)
    census = find_dataset(pilot, "census")
    assert copies_of_personal(pilot.folder, [census], hashes) == frozenset()
    (pilot.folder / KEY_FILE).unlink()
    assert copies_of_personal(pilot.folder, [census], hashes) == {"census"}


def test_open_data_beside_data_about_people_load_only_where_every_file_is_as_its_card_says(pilot: Pilot) -> None:
    """Also where their own card was signed; the refusal is in the log."""
    open_card(pilot, OTHER)
    sign_item(pilot, "D01", "olga")
    write(pilot, "data/raw/gp.csv", DATA.replace("12", "21"))
    with pytest.raises(GateError, match=r"load refused: dataset 'census' is of class open.*only where D03.*is failed"):
        load("census", pilot)
    assert read_log(pilot.folder).entries[-1].body["missing"] == ["D03"]


def test_a_drafted_card_of_data_that_are_not_here_yet_stops_no_open_data(unsigned: Pilot) -> None:
    """There is nothing yet that could have been copied."""
    (unsigned.folder / "data/raw/gp.csv").unlink()
    write(unsigned, PERSONAL, CARD)
    open_card(unsigned, OTHER)
    assert len(load("census", unsigned).frame) == 2


# Links, pipes and names


@POSIX
def test_a_data_folder_that_is_a_link_is_refused(unsigned: Pilot) -> None:
    """It may lead elsewhere tomorrow, inside the pilot or out of it."""
    (unsigned.folder / "data/raw").rename(unsigned.folder / "data/other")
    (unsigned.folder / "data/raw").symlink_to("other")
    with pytest.raises(DatasetError, match=r"^data/raw is a link to another place"):
        find_files(unsigned.folder, find_dataset(unsigned, "gp_list"))


@PIPES
def test_a_data_file_that_is_a_pipe_is_refused_and_not_waited_for(unsigned: Pilot) -> None:
    """The answer comes at once."""
    (unsigned.folder / "data/raw/gp.csv").unlink()
    os.mkfifo(unsigned.folder / "data/raw/gp.csv")
    with pytest.raises(DatasetError, match=r"data/raw/gp\.csv is no plain file"):
        find_files(unsigned.folder, find_dataset(unsigned, "gp_list"))


@pytest.mark.parametrize("name", ["../x/gp_list", "/gp_list", "Gp_list", "./gp_list", "gp_list.", "", "gp_list\n"])
def test_the_name_of_a_dataset_is_no_path(unsigned: Pilot, name: str) -> None:
    """A card outside `governance/datasets` is never read."""
    write(unsigned, "governance/x/gp_list.yml", CARD)
    with pytest.raises(DatasetError, match="is not the name of a dataset"):
        load(name, unsigned)


@POSIX
def test_a_card_behind_a_link_is_refused(unsigned: Pilot) -> None:
    """What is signed is the file itself."""
    (unsigned.folder / PERSONAL).rename(unsigned.folder / "card.yml")
    (unsigned.folder / PERSONAL).symlink_to(unsigned.folder / "card.yml")
    with pytest.raises(DatasetError, match=r"governance/datasets/gp_list\.yml is a link, or lies behind one"):
        find_dataset(unsigned, "gp_list")


def test_a_card_of_the_same_name_from_elsewhere_passes_no_gate(pilot: Pilot) -> None:
    """The gate was opened for the card that was assessed."""
    card = find_dataset(pilot, "gp_list")
    other = card.model_copy(update={"card_path": pilot.folder / "governance/x/gp_list.yml"})
    require(assess(pilot), "load", card)
    with pytest.raises(GateError, match=r"was assessed as personal by governance/datasets/gp_list\.yml"):
        require(assess(pilot), "load", other)


@PIPES
@pytest.mark.parametrize(
    "place", ["datasets/zz.yml", "allowed_signers", "people.yml", "gate_log.jsonl", "flows/zz.yml"]
)
@pytest.mark.parametrize("make", [os.mkfifo if hasattr(os, "mkfifo") else os.mkdir, os.mkdir], ids=["pipe", "folder"])
def test_a_pipe_or_folder_in_the_place_of_a_file_is_said_and_not_waited_for(
    pilot: Pilot, place: str, make: Any
) -> None:
    """The check answers, and the gate is shut."""
    path = pilot.folder / "governance" / place
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    make(path)
    assert not assess(pilot).gate("load").is_open
    with pytest.raises((GateError, DatasetError)):
        load("gp_list", pilot)


@PIPES
@pytest.mark.parametrize("make", [os.mkfifo if hasattr(os, "mkfifo") else os.mkdir, os.mkdir], ids=["pipe", "folder"])
def test_items_of_a_pilot_s_own_are_not_lost_behind_a_pipe_or_folder(pilot: Pilot, make: Any) -> None:
    """What may hold an item that shuts the gate is never passed over."""
    make(pilot.folder / "governance/checklist.yml")
    with pytest.raises(SettingsError, match=r"checklist\.yml cannot be read.*a folder, a pipe or a device"):
        assess(pilot)


@PIPES
def test_a_file_of_settings_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    """A pipe, a folder, and a file that is not there."""
    os.mkfifo(tmp_path / "pipe.yml")
    (tmp_path / "folder.yml").mkdir()
    for name in ("pipe.yml", "folder.yml"):
        with pytest.raises(SettingsError, match=rf"{name} cannot be read.*a folder, a pipe or a device"):
            read_yaml(tmp_path / name)
    with pytest.raises(SettingsError, match=r"none\.yml cannot be read: No such file"):
        read_yaml(tmp_path / "none.yml")


@pytest.mark.parametrize(
    "value",
    [
        "1" + ":59" * 3000,
        "1" + ":59" * 3000 + ".0",
        "9" * 5000,
        "0x" + "f" * 5000,
        "!!bool maybe",
        "!!int ''",
        "!!timestamp no",
    ],
    ids=lambda value: value[:12],
)
def test_a_number_that_overflows_is_a_fault_of_the_file(tmp_path: Path, value: str) -> None:
    """It never ends in a traceback, there or where it is shown."""
    (tmp_path / "a.yml").write_text(f"a: {value}\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"a\.yml cannot be read as YAML"):
        read_yaml(tmp_path / "a.yml")


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_line_at_the_end_of_the_calendar_is_a_fault_of_the_log(unsigned: Pilot, when: str) -> None:
    """It is named by its number, and nothing is added after it."""
    line = {"schema": "oda-ig-log/1", "n": 1, "time": when, "event": "gate", "prev": None}
    write(unsigned, LOG_FILE, json.dumps(line) + "\n")
    (fault,) = read_log(unsigned.folder).faults
    assert f"line 1 has the time {when}, which no clock shows" in fault
    with pytest.raises(GateError, match="Nothing can be added"):
        append(unsigned.folder, "note", {})


# A published bundle


@pytest.fixture
def bundle(unsigned: Pilot, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return what was published of a release that the output checker has signed; O05 is looked at in the walk."""
    made = released(unsigned.folder)
    sign_item(unsigned, "O02", "otto")
    now = assess(unsigned)
    gate = GateState(gate="publish", title="Publish", is_open=True, missing=(), reason="nothing is missing")
    place = made.path.relative_to(made.folder).as_posix()
    body = {"gate": "publish", "decision": "passed", "release": place}
    append(unsigned.folder, "gate", {**body, "release_sha256": hashlib.sha256(made.path.read_bytes()).hexdigest()})
    monkeypatch.setattr(stage, "pass_gate", lambda *_, **__: replace(now, gates=(gate,)))
    monkeypatch.setattr(verifying, "SIGNED", ("O02",))
    return publish(load_pilot(unsigned.folder), made.run, today=DAY + dt.timedelta(days=1)).folder


def rewrite(bundle: Path, **changed: object) -> None:
    """Change a page, then the manifest and the hashes with it, as someone would who knows how they are made."""
    (bundle / "board.html").write_text("<p>Visits save lives.</p>", encoding="utf-8")
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | changed
    for file in manifest["files"]:
        content = (bundle / file["path"]).read_bytes()
        file |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    names = sorted(
        p.relative_to(bundle).as_posix() for p in bundle.rglob("*") if p.is_file() and p.name != "SHA256SUMS"
    )
    lines = [f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (bundle / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def test_a_bundle_is_held_against_what_was_signed(bundle: Path) -> None:
    """And the answer says with what it was compared."""
    assert verify_bundle(bundle) == ()
    said = compare_with_signed(bundle).said
    assert said == "every file is as governance/outputs/2026-11-21-falls.yml lists it, and that list was signed (O02)."


def test_a_page_rewritten_with_its_manifest_and_hashes_is_found(bundle: Path) -> None:
    """The release that people signed lists another page."""
    rewrite(bundle)
    assert verify_bundle(bundle) == ("board.html is not as governance/outputs/2026-11-21-falls.yml lists it.",)


def test_a_bundle_on_its_own_says_that_it_was_not_compared(bundle: Path, tmp_path: Path) -> None:
    """Outside its pilot a rewritten bundle agrees with itself, and no more is claimed."""
    rewrite(bundle)
    alone = Path(shutil.copytree(bundle, tmp_path / "taken" / "away" / bundle.name))
    assert (verify_bundle(alone), compare_with_signed(alone).said.startswith(ALONE)) == ((), True)


def test_a_release_rewritten_too_is_not_what_was_signed(bundle: Path) -> None:
    """The sign-off holds its hash, and so does the log."""
    place = bundle.parents[1] / "governance/outputs/2026-11-21-falls.yml"
    place.write_text(place.read_text(encoding="utf-8").replace('"Falls"', '"Safe homes"'), encoding="utf-8")
    sha256 = hashlib.sha256(place.read_bytes()).hexdigest()
    title = read_yaml(place)["title"]
    rewrite(bundle, title=title, release={"path": place.relative_to(bundle.parents[1]).as_posix(), "sha256": sha256})
    found = " ".join(verify_bundle(bundle))
    assert "gate_log.jsonl knows of no publication of" in found
    assert "O02 does not stand for governance/outputs/2026-11-21-falls.yml as it is: nobody has signed it" in found


@pytest.mark.parametrize("signoffs", ["x", ["x"], [{"record": ["x"]}], None, 3])
def test_a_manifest_with_sign_offs_that_are_none_is_found(bundle: Path, signoffs: object) -> None:
    """Whatever stands there, the answer is in words."""
    rewrite(bundle, signoffs=signoffs)
    assert any("a sign-off by manifest.json, is not there" in said for said in verify_bundle(bundle))


def test_a_forged_sign_off_is_no_sign_off(bundle: Path) -> None:
    """One letter changed in the record is enough."""
    path = bundle.parents[1] / "governance/signoffs/O02-1.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"otto"', '"otti"'), encoding="utf-8")
    assert any("O02-1.json was changed after it was signed" in said for said in verify_bundle(bundle))


@PIPES
@pytest.mark.parametrize("name", ["board.html", "manifest.json", "SHA256SUMS"])
def test_a_pipe_in_a_bundle_is_said_and_not_waited_for(bundle: Path, name: str) -> None:
    """It is no file of a bundle."""
    (bundle / name).unlink()
    os.mkfifo(bundle / name)
    assert any(name in said and "cannot be read" in said for said in verify_bundle(bundle))
