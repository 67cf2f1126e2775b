"""The log of gates: each line follows from the one before, and what is taken out is noticed."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from oda.errors import GateError
from oda.governance import log
from oda.governance.log import LOG_FILE, append, committed_faults, latest, read_log

START = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)
WRITER = """
import sys
from pathlib import Path
from oda.governance.log import append
print("ready", flush=True)
sys.stdin.readline()
for n in range(15):
    append(Path(sys.argv[1]), "gate", {"by": sys.argv[2], "try": n})
"""
HOLDER = """
import os, sys
from pathlib import Path
from oda.governance.log import _locked
with _locked(Path(sys.argv[1])):
    os._exit(9)
"""


@pytest.fixture
def pilot(tmp_path: Path) -> Path:
    """Make a pilot whose log has four lines, a minute apart."""
    for minute in range(4):
        append(tmp_path, "gate", {"gate": "load", "open": minute > 2}, now=START + dt.timedelta(minutes=minute))
    return tmp_path


def lines(pilot: Path) -> list[bytes]:
    """Return the lines of the log."""
    return (pilot / LOG_FILE).read_bytes().splitlines(keepends=True)


def put(pilot: Path, *new: bytes) -> tuple[str, ...]:
    """Write the log anew and return its faults."""
    (pilot / LOG_FILE).write_bytes(b"".join(new))
    return read_log(pilot).faults


def git(pilot: Path, *words: str) -> None:
    """Run git in a pilot."""
    own = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(pilot), *own, *words], check=True, capture_output=True)


def commit(pilot: Path) -> None:
    """Commit all there is."""
    git(pilot, "add", "-A")
    git(pilot, "commit", "-q", "-m", "Record")


def claim_signed(pilot: Path) -> None:
    """Write the last commit anew with a signature, so that git may start a program to check it."""
    asked = ["git", "-C", str(pilot)]
    text = subprocess.run([*asked, "cat-file", "commit", "HEAD"], check=True, capture_output=True).stdout
    text = text.replace(b"\n\n", b"\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1)
    words = [*asked, "hash-object", "-t", "commit", "-w", "--stdin"]
    name = subprocess.run(words, input=text, check=True, capture_output=True).stdout.decode().strip()
    git(pilot, "update-ref", "HEAD", name)


# Adding and reading


def test_what_is_added_is_read_back_in_order(pilot: Path) -> None:
    """Numbers, times, events and details stand as they were given, and each line names the one before."""
    found = read_log(pilot)
    assert found.faults == ()
    assert [entry.number for entry in found.entries] == [1, 2, 3, 4]
    assert found.entries[3].body == {"gate": "load", "open": True}
    assert (found.entries[0].prev, found.entries[1].prev) == (None, found.entries[0].sha256)
    assert (found.head, latest(found)) == (found.entries[3].sha256, START + dt.timedelta(minutes=3))


def test_a_line_is_plain_json_with_sorted_names(pilot: Path) -> None:
    """Anyone can read the log without this package."""
    first = lines(pilot)[0].decode()
    assert first.startswith('{"event":"gate","gate":"load","n":1,"open":false,"prev":null,"schema":"oda-ig-log/1",')
    assert json.loads(first)["time"] == "2026-06-01T09:00:00.000Z"


def test_an_absent_log_has_no_lines_and_no_faults(tmp_path: Path) -> None:
    """A new pilot starts with none."""
    assert (read_log(tmp_path).entries, read_log(tmp_path).head, latest(read_log(tmp_path))) == ((), None, None)


@pytest.mark.parametrize("body", [{"n": 1}, {"prev": "x"}, {"x": {1, 2}}, {"x": float("nan")}])
def test_a_line_that_would_not_read_back_is_refused(pilot: Path, body: dict[str, object]) -> None:
    """The log's own names cannot be overwritten, and only plain JSON is taken."""
    before = lines(pilot)
    with pytest.raises(GateError):
        append(pilot, "gate", body)
    assert lines(pilot) == before


# Attacks


def test_a_changed_line_is_found_at_the_line_after_it(pilot: Path) -> None:
    """A refusal turned into a pass breaks the chain."""
    one, two, three, four = lines(pilot)
    (fault,) = put(pilot, one, two.replace(b"false", b"true"), three, four)
    assert "line 3 does not follow from the line before it" in fault


def test_a_line_taken_out_is_found(pilot: Path) -> None:
    """The numbers have a gap and the chain is broken."""
    one, _, three, four = lines(pilot)
    assert "has the number 3 after 1" in put(pilot, one, three, four)[0]


def test_lines_in_another_order_are_found(pilot: Path) -> None:
    """A reordered log is broken at each moved line."""
    one, two, three, four = lines(pilot)
    assert len(put(pilot, one, three, two, four)) >= 3


def test_the_first_line_cannot_be_dropped(pilot: Path) -> None:
    """The log starts with line 1, which follows nothing."""
    assert "has the number 2 after 0" in put(pilot, *lines(pilot)[1:])[0]


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda line: line[:-20], "is half written"),
        (lambda _: b"hello\n", "line 4 is not JSON"),
        (lambda _: b"[" * 100_000 + b"\n", "line 4 is not JSON"),
        (lambda _: b"[]\n", "is not a line of this log"),
        (lambda _: b"\n", "line 4 is not JSON"),
        (lambda line: line.replace(b"load", b"lo\xff"), "line 4 is not UTF-8"),
        (lambda line: line.replace(b'"n":4', b'"n":4,"n":4'), "a name that stands twice"),
        (lambda line: line.replace(b'"n":4', b'"n":true'), "of a wrong form"),
        (lambda line: line.replace(b"true", b"NaN"), "has NaN"),
        (lambda line: line.replace(b"000Z", b"000"), "of a wrong form"),
        (lambda line: line.replace(b"\n", b"\r\n"), "line ends of Windows"),
        (lambda line: line.replace(b"2026-06", b"2026-05"), "before that of an earlier line"),
    ],
)
def test_each_broken_line_is_said_and_stops_the_log(pilot: Path, spoil: object, fault: str) -> None:
    """One fault, one sentence; and nothing is added to a broken log."""
    faults = put(pilot, *lines(pilot)[:3], spoil(lines(pilot)[3]))  # type: ignore[operator]
    assert len(faults) == 1
    assert fault in faults[0]
    with pytest.raises(GateError, match="Nothing can be added"):
        append(pilot, "gate", {})


def test_a_clock_set_back_is_refused(pilot: Path) -> None:
    """Five minutes are forgiven, as clocks differ; an hour is not."""
    with pytest.raises(GateError, match="Set the clock right"):
        append(pilot, "gate", {}, now=START - dt.timedelta(hours=1))
    append(pilot, "gate", {}, now=START - dt.timedelta(minutes=1))
    assert read_log(pilot).faults == ()
    assert latest(read_log(pilot)) == START + dt.timedelta(minutes=3)


def test_a_clock_cannot_be_set_back_in_small_steps(pilot: Path) -> None:
    """The five minutes count from the latest line, not from the last one."""
    append(pilot, "gate", {}, now=START - dt.timedelta(minutes=1))
    with pytest.raises(GateError, match="Set the clock right"):
        append(pilot, "gate", {}, now=START - dt.timedelta(minutes=4))


def test_small_steps_back_are_found_in_a_log_written_by_other_means(
    pilot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is under five minutes, and both together are not."""
    monkeypatch.setattr(log, "_refuse", lambda *_: None)
    append(pilot, "gate", {}, now=START - dt.timedelta(minutes=1))
    append(pilot, "gate", {}, now=START - dt.timedelta(minutes=4))
    (fault,) = read_log(pilot).faults
    assert "line 6 has the time 2026-06-01 08:56 UTC, before that of an earlier line" in fault


@pytest.mark.parametrize("name", ["gate_log.jsonl", ".gate_log.lock"])
def test_a_log_or_lock_that_is_a_link_is_refused(tmp_path: Path, name: str) -> None:
    """A link could lead to a log that someone else writes."""
    (tmp_path / "governance").mkdir()
    (tmp_path / "governance" / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(GateError, match="is a link to another place"):
        append(tmp_path, "gate", {})
    assert not (tmp_path / "elsewhere").exists()


# Many at once


def test_many_processes_add_lines_at_once_and_none_is_lost(tmp_path: Path) -> None:
    """Notebooks of several districts load at the same time."""
    words = [sys.executable, "-c", WRITER, str(tmp_path)]
    running = [
        subprocess.Popen([*words, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for n in range(4)
    ]
    for process in running:
        process.stdout.readline()  # type: ignore[union-attr]
    for process in running:
        process.communicate("go\n", timeout=60)
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    found = read_log(tmp_path)
    assert (len(found.entries), found.faults) == (60, ())
    assert {(entry.body["by"], entry.body["try"]) for entry in found.entries} == {
        (str(b), t) for b in range(4) for t in range(15)
    }


def test_a_process_that_died_with_the_lock_holds_up_nobody(tmp_path: Path) -> None:
    """The system frees the lock of a crashed notebook."""
    (tmp_path / "governance").mkdir()
    assert subprocess.run([sys.executable, "-c", HOLDER, str(tmp_path)], check=False).returncode == 9
    assert append(tmp_path, "gate", {}).number == 1


def test_a_log_in_use_for_long_is_said(pilot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting ends, and the refusal says what to do."""
    monkeypatch.setattr(log, "LOCK_SECONDS", 0.05)
    with log._locked(pilot), pytest.raises(GateError, match="Close other notebooks"):
        append(pilot, "gate", {})


def test_five_thousand_lines_are_read_at_once(tmp_path: Path) -> None:
    """A year of gates takes no time to check: 0.05 s where this was written, and never a second."""
    entry = append(tmp_path, "gate", {"gate": "load"}, now=START)
    made = lines(tmp_path)
    for number in range(2, 5001):
        made.append(made[0].replace(b'"n":1', b'"n":%d' % number).replace(b"null", b'"%s"' % entry.sha256.encode()))
        entry = log._entry(made[-1].rstrip())
    (tmp_path / LOG_FILE).write_bytes(b"".join(made))
    begin = time.perf_counter()
    assert (len(read_log(tmp_path).entries), read_log(tmp_path).faults) == (5000, ())
    assert time.perf_counter() - begin < 1


# What git remembers


def test_a_log_that_only_grew_has_nothing_to_say(pilot: Path) -> None:
    """Lines may be added and committed, as often as one likes; in a folder of a repository too."""
    (pilot / "inner" / "governance").mkdir(parents=True)
    (pilot / "governance" / "signoffs").mkdir()
    (pilot / "governance" / "signoffs" / "P01-1.json").write_text("{}", encoding="utf-8")
    git(pilot, "init", "-q")
    assert committed_faults(pilot) == ()
    for _ in range(3):
        commit(pilot)
        append(pilot, "gate", {}, now=START + dt.timedelta(hours=1))
        append(pilot / "inner", "gate", {}, now=START)
    assert (committed_faults(pilot), committed_faults(pilot / "inner")) == ((), ())
    put(pilot / "inner", *lines(pilot / "inner")[:1])
    assert len(committed_faults(pilot / "inner")) == 1


def test_lines_cut_off_the_end_are_found_by_git(pilot: Path) -> None:
    """A shortened log has a whole chain; what was committed says otherwise, even after another commit."""
    git(pilot, "init", "-q")
    commit(pilot)
    assert put(pilot, *lines(pilot)[:2]) == ()
    assert "lines that were committed are gone or changed (1 of 1" in committed_faults(pilot)[0]
    commit(pilot)
    assert "(1 of 2 committed versions" in committed_faults(pilot)[0]


def test_a_changed_last_line_is_found_by_git(pilot: Path) -> None:
    """No line follows to break the chain; the length is the same."""
    git(pilot, "init", "-q")
    commit(pilot)
    assert put(pilot, *lines(pilot)[:3], lines(pilot)[3].replace(b"load", b"link")) == ()
    assert "lines that were committed are gone or changed" in committed_faults(pilot)[0]


def test_lines_first_committed_in_a_merge_are_known(pilot: Path) -> None:
    """A merge has content of its own, which no other commit shows."""
    git(pilot, "init", "-q", "-b", "main")
    commit(pilot)
    git(pilot, "checkout", "-q", "-b", "other")
    (pilot / "note.txt").write_text("x", encoding="utf-8")
    commit(pilot)
    git(pilot, "checkout", "-q", "main")
    git(pilot, "merge", "-q", "--no-ff", "--no-commit", "other")
    append(pilot, "gate", {"refused": True}, now=START + dt.timedelta(hours=1))
    commit(pilot)
    put(pilot, *lines(pilot)[:4])
    assert len(committed_faults(pilot)) == 1


def test_a_replaced_object_is_not_believed(pilot: Path) -> None:
    """Git can be told to show another commit in place of one; it is asked for the real one."""
    git(pilot, "init", "-q")
    commit(pilot)
    git(pilot, "tag", "real")
    put(pilot, *lines(pilot)[:2])
    git(pilot, "commit", "-q", "--amend", "-a", "-m", "Other")
    git(pilot, "replace", "real", "HEAD")
    git(pilot, "update-ref", "HEAD", "real")
    assert len(committed_faults(pilot)) == 1


def test_a_log_written_anew_on_a_branch_and_merged_is_found(pilot: Path) -> None:
    """Taking one side of a merge does not hide the other."""
    git(pilot, "init", "-q", "-b", "main")
    commit(pilot)
    git(pilot, "checkout", "-q", "-b", "other")
    append(pilot, "gate", {"refused": True}, now=START + dt.timedelta(hours=1))
    commit(pilot)
    git(pilot, "checkout", "-q", "main")
    (pilot / "note.txt").write_text("x", encoding="utf-8")
    commit(pilot)
    git(pilot, "merge", "-q", "-s", "ours", "-m", "Merge", "other")
    assert "lines that were committed are gone" in committed_faults(pilot)[0]


@pytest.mark.parametrize("committed", [False, True])
def test_a_deleted_rejection_is_named(pilot: Path, committed: bool) -> None:  # noqa: FBT001  a case
    """Whether the deletion was committed or not."""
    (pilot / "governance" / "signoffs").mkdir()
    for name in ("P03-1.json", "P03-1.json.sig", ".gitkeep"):
        (pilot / "governance" / "signoffs" / name).write_text("{}", encoding="utf-8")
    git(pilot, "init", "-q")
    commit(pilot)
    for path in (pilot / "governance" / "signoffs").iterdir():
        path.unlink()
    (pilot / "note.txt").write_text("x", encoding="utf-8")
    if committed:
        commit(pilot)
    assert [fault.split()[0] for fault in committed_faults(pilot)] == [
        "governance/signoffs/P03-1.json",
        "governance/signoffs/P03-1.json.sig",
    ]


def test_no_variable_or_setting_of_git_hides_a_deletion_or_runs_a_program(
    pilot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another repository, replaced objects and a program named in the settings change nothing."""
    git(pilot, "init", "-q")
    commit(pilot)
    claim_signed(pilot)
    put(pilot, *lines(pilot)[:2])
    git(pilot, "init", "-q", "clean")
    monkeypatch.setenv("GIT_DIR", str(pilot / "clean" / ".git"))
    spy = pilot / "spy"
    spy.write_text(f"#!/bin/sh\ntouch '{pilot}/ran'\n", encoding="utf-8")
    spy.chmod(0o755)
    for name in ("core.fsmonitor", "gpg.program", "diff.external", "core.pager"):
        subprocess.run(["git", "config", "-f", str(pilot / ".git" / "config"), name, str(spy)], check=True)
    subprocess.run(["git", "config", "-f", str(pilot / ".git" / "config"), "log.showSignature", "true"], check=True)
    assert "lines that were committed are gone" in committed_faults(pilot)[0]
    assert not (pilot / "ran").exists()


def test_a_repository_that_git_cannot_read_is_said(pilot: Path) -> None:
    """A broken repository is not the same as a clean one."""
    (pilot / ".git").mkdir()
    assert "git cannot be asked" in committed_faults(pilot)[0]


def test_without_git_or_a_repository_nothing_is_claimed(pilot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was committed that could be gone."""
    assert committed_faults(pilot) == ()
    git(pilot, "init", "-q")
    monkeypatch.setenv("PATH", "")
    assert committed_faults(pilot) == ()
