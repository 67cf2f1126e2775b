"""The folder `governance/`: whatever lies in it is read, or told; nothing in it stops the check or leads out of it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from oda.errors import OdaError
from oda.governance import assess
from oda.governance.assessment import Finding
from oda.governance.files.folder import Holdings, matches, read_folder
from oda.governance.files.people import People
from oda.pilot import Pilot
from signers import open_pilot, states, unsigned_pilot, write

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and pipes need a right of their own on Windows")
FLOW = "governance/flows/gp-to-fire.yml"
LAUGHS = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
BOMBS: dict[str, str | bytes] = {
    "a billion laughs": f"a0: &a0 [lol]\n{LAUGHS}\n",
    "one alias": "a: &x 1\nb: *x\n",
    "a merge": "a: &x {b: 1}\nc: {<<: *x}\n",
    "deep brackets": "a: " + "[" * 20_000 + "]" * 20_000 + "\n",
    "deep braces": "a: " + "{b: " * 5_000 + "1" + "}" * 5_000 + "\n",
    "two megabytes": "a: " + "x" * 2_000_000 + "\n",
    "a program": "a: !!python/object/apply:os.system ['echo hello']\n",
    "a binary value": "a: !!binary aGVsbG8=\n",
    "a set": "a: !!set {b, c}\n",
    "a name given twice": "purpose: one\npurpose: two\n",
    "two documents": "a: 1\n---\nb: 2\n",
    "a list": "- a\n- b\n",
    "text": "hello\n",
    "nothing": "",
    "no UTF-8": b"\xff\xfea\x00",
    "control characters": "a: \x00\x07\n",
    "an endless number": "a: " + "9" * 10_000 + "\n",
    "half a file": "id: [\n",
    "a list as a name": "? [a]\n: 1\n",
}
PLACES = (
    "governance/project.yml",
    FLOW,
    "governance/datasets/gp_list.yml",
    "governance/dsa/falls-2026.yml",
    "pilot.yml",
)


@pytest.fixture
def pilot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pilot:
    """Return a pilot that is filled in and that nobody has signed."""
    return unsigned_pilot(tmp_path, monkeypatch)


def finding(pilot: Pilot, item: str) -> Finding:
    """Return how an item stands."""
    return assess(pilot).finding(item)


# What is read


def test_every_file_of_a_pilot_is_held_once_under_its_path(pilot: Pilot) -> None:
    """With forward slashes, in order, so that hashes are the same on every machine."""
    held = read_folder(pilot.folder).held
    assert list(held) == sorted(held)
    assert {"pilot.yml", FLOW, "governance/aqa/data_log.csv", "governance/people.yml"} <= set(held)
    assert not [place for place, one in held.items() if one.faults or one.todos]


def test_files_that_no_item_is_about_are_left_alone(pilot: Pilot) -> None:
    """Notes, drafts and schemas change nothing."""
    before = states(pilot)
    for place in ("governance/notes.yml", "governance/flows/old/a.yml", "governance/flows/a.yml.bak", "a.yml"):
        write(pilot, place, "x: [\n")
    assert states(pilot) == before
    assert list(read_folder(pilot.folder).held) == list(read_folder(pilot.folder).held)


def test_a_file_with_another_ending_is_told(pilot: Pilot) -> None:
    """Whoever saves a flow as .yaml learns that nobody reads it."""
    write(pilot, "governance/flows/late.yaml", "id: late\n")
    assert "governance/flows/late.yaml is not read: files here end in .yml." in assess(pilot).notes


def test_a_file_that_a_pilots_own_item_is_about_is_read(pilot: Pilot) -> None:
    """Text by its bytes, YAML by what it says."""
    write(pilot, "governance/panel.md", "Seen.\n")
    write(pilot, "governance/board.yml", "agreed: true # yes\n")
    held = read_folder(pilot.folder, ["governance/panel.md", "governance/board.yml", "governance/flows/*.yml"]).held
    assert (held["governance/panel.md"].canon, held["governance/board.yml"].raw) == ("bytes", {"agreed": True})
    assert held[FLOW].content is not None


@pytest.mark.parametrize(
    ("place", "pattern", "fits"),
    [
        ("governance/flows/a.yml", "governance/flows/*.yml", True),
        ("governance/flows/.yml", "governance/flows/*.yml", True),
        ("governance/flows/a/b.yml", "governance/flows/*.yml", False),
        ("governance/flows/ayml", "governance/flows/*.yml", False),
        ("governance/flows/a.yml.bak", "governance/flows/*.yml", False),
        ("governance/x/a.yml", "governance/*/a.yml", True),
        ("governance/flows/a.yml", "governance/*.yml", False),
        ("a\nb.yml", "*.yml", True),
    ],
)
def test_a_star_stands_for_a_name_and_never_for_a_folder(place: str, pattern: str, fits: bool) -> None:  # noqa: FBT001  a case
    """Nothing slips into a sign-off by lying deeper, and nothing out of it by an odd name."""
    assert matches(place, pattern) is fits
    held: Any = object()
    assert Holdings({place: held}).matching(pattern) == ((held,) if fits else ())


# What is not as it should be


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_would_exhaust_the_reader_is_a_fault_and_nothing_more(pilot: Pilot, name: str) -> None:
    """The item says what is wrong with the file, within a second, and all others are still shown."""
    content = BOMBS[name]
    (pilot.folder / FLOW).write_bytes(content if isinstance(content, bytes) else content.encode())
    began = time.perf_counter()
    assessment = assess(pilot)
    assert time.perf_counter() - began < 5
    assert assessment.finding("P05").state == "invalid"
    assert FLOW in assessment.finding("P05").reason
    assert assessment.finding("P01").is_ready


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["a billion laughs", "deep brackets", "no UTF-8", "nothing", "text"])
def test_no_file_of_a_pilot_stops_the_check(pilot: Pilot, place: str, name: str) -> None:
    """Whichever file it is, somebody is told and nothing is signed on it."""
    content = BOMBS[name]
    (pilot.folder / place).write_bytes(content if isinstance(content, bytes) else content.encode())
    assessment = assess(pilot)
    assert not assessment.gate("load").is_open
    assert any(place in one.reason for one in assessment.findings)


@pytest.mark.parametrize(
    "place", ["governance/aqa/data_log.csv", "governance/allowed_signers", "governance/gate_log.jsonl"]
)
@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"x" * 2_000_000, b'"' * 99_999], ids=["binary", "large", "quotes"]
)
def test_no_log_or_list_of_signers_stops_the_check(pilot: Pilot, place: str, content: bytes) -> None:
    """Two megabytes of anything make their item open or invalid."""
    (pilot.folder / place).write_bytes(content)
    assessment = assess(pilot)
    assert any(place in one.reason for one in assessment.findings if not one.passes)


@POSIX
@pytest.mark.parametrize("place", [*PLACES[:-1], "governance/aqa/data_log.csv", "governance/evaluation.yml"])
def test_a_file_that_is_a_link_is_a_fault(pilot: Pilot, place: str) -> None:
    """Even inside the pilot: what it leads to can change unseen."""
    path = pilot.folder / place
    path.rename(pilot.folder / "elsewhere")
    path.symlink_to(pilot.folder / "elsewhere")
    told = [one for one in assess(pilot).findings if f"{place} is a link or lies behind one" in one.reason]
    assert told
    assert {one.state for one in told} == {"invalid"}


@POSIX
def test_a_folder_that_is_a_link_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signed pilot whose flows lie elsewhere is a signed pilot no longer."""
    pilot = open_pilot(tmp_path, monkeypatch)
    (pilot.folder / "governance/flows").rename(tmp_path / "flows")
    (pilot.folder / "governance/flows").symlink_to(tmp_path / "flows")
    assert (finding(pilot, "P05").state, finding(pilot, "D06").state) == ("invalid", "invalid")
    (pilot.folder / "governance").rename(tmp_path / "governance")
    (pilot.folder / "governance").symlink_to(tmp_path / "governance")
    assert not assess(pilot).gate("load").is_open
    assert finding(pilot, "P01").state == "invalid"


@POSIX
def test_a_pipe_or_a_folder_in_the_place_of_a_file_holds_nobody_up(pilot: Pilot) -> None:
    """A pipe would keep the reader waiting for ever."""
    os.mkfifo(pilot.folder / "governance/flows/pipe.yml")
    assert "pipe.yml is no file" in finding(pilot, "P05").reason
    (pilot.folder / "governance/flows/pipe.yml").unlink()
    (pilot.folder / "governance/flows/folder.yml").mkdir()
    assert "folder.yml is no file" in finding(pilot, "P05").reason


@POSIX
@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_a_fault(pilot: Pilot) -> None:
    """Its item is invalid, and the check goes on."""
    (pilot.folder / FLOW).chmod(0)
    assert finding(pilot, "P05").state == "invalid"


def test_a_file_named_otherwise_than_its_id_is_a_fault(pilot: Pilot) -> None:
    """Two files cannot both be the same flow."""
    (pilot.folder / "governance/flows/copy.yml").write_bytes((pilot.folder / FLOW).read_bytes())
    assert "'gp-to-fire' is not the name of the file" in finding(pilot, "P05").reason


def test_todo_is_counted_and_found_by_place(pilot: Pilot) -> None:
    """Whoever has to fill in is told where."""
    text = (pilot.folder / FLOW).read_text(encoding="utf-8")
    write(pilot, FLOW, text.replace("until: ", "until: TODO when # ").replace("purpose: Home", "purpose: TODO Home"))
    assert finding(pilot, "D06").reason == f"1 TODO left in {FLOW}: retention.until"
    assert finding(pilot, "P10").reason == f"2 TODO left in {FLOW}: purpose, retention.until"
    assert finding(pilot, "S03").is_ready


def test_an_empty_folder_can_be_shown(tmp_path: Path, pilot: Pilot) -> None:
    """A pilot with nothing in governance/ has a checklist all the same."""
    bare = pilot.model_copy(update={"folder": tmp_path / "bare"})
    assert read_folder(tmp_path / "bare").held["pilot.yml"].faults
    assert len(assess(bare).findings) == 39
    assert read_folder(tmp_path / "bare").content("governance/people.yml", People) is None


@pytest.mark.parametrize("path", ["../x.yml", "/etc/passwd", "governance/../../x.yml", "C:/x.yml", "governance\\x.yml"])
def test_no_item_reaches_out_of_the_pilot(pilot: Pilot, path: str) -> None:
    """A checklist of a pilot's own names files of that pilot."""
    item = {
        "id": "X01", "safe": "project", "title": "The panel has seen the plan", "minutes": 1, "signs": ["cdo"],
        "confirm": "The panel has seen the plan in full.", "subjects": [{"path": path}], "when": "always",
        "gates": ["load"], "source": "Our rules",
    }  # fmt: skip
    write(pilot, "governance/checklist.yml", {"items": [item]})
    with pytest.raises(OdaError, match="leaves the pilot's folder"):
        assess(pilot)
