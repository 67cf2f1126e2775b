"""The publish stage: what people signed goes out, byte for byte, or nothing does."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import oda.reports.publishing as stage
from finished import Finished, made_up
from oda.errors import GateError, RenderError, RunError, SettingsError
from oda.governance import Assessment, GateState, Signature, assess
from oda.governance.log import read_log
from oda.governance.release_files import PAGES, newest_release
from oda.governance.releases import check_outputs
from oda.pilot import load_pilot
from oda.reports.governance.verifying import verify_bundle
from oda.reports.publishing import prepare_release, publish
from oda.runs import read_run
from release import DAY, PAGE, Made, released

SIGNED = Signature(
    record="governance/signoffs/O05-1.json",
    sha256="a" * 64,
    decision="approve",
    role="sro",
    organisation="county",
    signed_on="2026-11-21",
    expires="2027-11-21",
    route="key",
    conditions=("tell Jo Bloggs",),
)
LATER = DAY.replace(day=22)

pytestmark = pytest.mark.xdist_group("run")


@pytest.fixture
def made(pilot_folder) -> Made:
    """Return a pilot with a run and a release of it."""
    return released(pilot_folder)


@pytest.fixture
def opened(made, monkeypatch) -> Made:
    """Return a pilot whose gate is open, as it is when everyone has signed."""
    gate = GateState(gate="publish", title="Publish", is_open=True, missing=(), reason="nothing is missing")
    signed = replace(assess(made.pilot).finding("O05"), state="signed", signatures=(SIGNED,))
    done = replace(assess(made.pilot), findings=(signed,), gates=(gate,))
    monkeypatch.setattr(stage, "pass_gate", lambda *_, **__: done)
    return made


def refused(made: Made, day: dt.date = LATER) -> str:
    """Publish, and return the refusal; fail if anything was published."""
    with pytest.raises(GateError) as error:
        publish(made.pilot, made.run, today=day)
    assert not (made.folder / "published").exists()
    return str(error.value)


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Finished:
    """Return a copy of a finished pilot, with a release of its reports."""
    done = made_up()
    folder = Path(shutil.copytree(done.pilot.folder, tmp_path_factory.mktemp("real") / "pilot"))
    pilot, run = load_pilot(folder), read_run(folder / "runs" / done.run.id)
    prepare_release(pilot, run, today=DAY)
    return Finished(pilot=pilot, run=run, report=done.report)


def test_a_shut_gate_publishes_nothing(made):
    """Before anyone has signed, the refusal says what is missing, and no folder is made."""
    assert re.search(r"publish refused: [A-Z]\d\d .* (signs it|check)", refused(made))
    (entry,) = read_log(made.folder).entries
    assert (entry.body["decision"], entry.body["release"]) == ("refused", "governance/outputs/2026-11-21-falls.yml")


def test_a_bundle_holds_what_was_signed_and_nothing_else(opened):
    """The same bytes, the manifest and the hashes."""
    bundle = publish(opened.pilot, opened.run, today=LATER)
    assert bundle.folder == opened.folder / "published" / "2026-11-22-falls"
    names = {path.relative_to(bundle.folder).as_posix() for path in bundle.files}
    assert names == {"board.html", "board.pdf", "data/board-years.csv", "manifest.json", "SHA256SUMS"}
    assert {path for path in bundle.folder.rglob("*") if path.is_file()} == set(bundle.files)
    assert (bundle.folder / "board.html").read_text(encoding="utf-8") == PAGE
    assert [path.name for path in (opened.folder / "published").iterdir()] == [bundle.folder.name]


def test_the_manifest_says_what_the_bundle_came_from(opened):
    """Run, versions, release with its hash, and every file with its own."""
    bundle = publish(opened.pilot, opened.run, today=LATER)
    manifest = json.loads((bundle.folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == bundle.manifest
    assert (manifest["run"], manifest["published"]) == (opened.run.id, "2026-11-22")
    assert manifest["checklist"] == assess(opened.pilot).checklist_version
    assert manifest["release"]["path"] == "governance/outputs/2026-11-21-falls.yml"
    assert {file["path"] for file in manifest["files"]} == {file.path for file in opened.release.files}


def test_the_manifest_names_roles_and_never_a_person(opened):
    """Who signed what, by role and organisation, with the hash of the record that holds the name."""
    (signed,) = publish(opened.pilot, opened.run, today=LATER).manifest["signoffs"]
    assert (signed["item"], signed["role"], signed["organisation"], signed["route"]) == ("O05", "sro", "county", "key")
    assert signed["sha256"] == SIGNED.sha256
    assert "Bloggs" not in json.dumps(signed)


def test_a_bundle_verifies_until_it_is_changed(opened):
    """Changed, missing and added files are each named."""
    folder = publish(opened.pilot, opened.run, today=LATER).folder
    assert verify_bundle(Path(shutil.copytree(folder, opened.folder / "taken/away/alone"))) == ()
    (folder / "board.html").write_text(PAGE + " ", encoding="utf-8")
    (folder / "board.pdf").unlink()
    (folder / "data" / "more.csv").write_text("a\n", encoding="utf-8")
    assert verify_bundle(folder) == ("board.html has changed.", "board.pdf is missing.", "data/more.csv was added.")


def test_a_changed_manifest_or_list_of_hashes_is_found(opened):
    """Each of the two holds the other's content."""
    folder = publish(opened.pilot, opened.run, today=LATER).folder
    sums, manifest = folder / "SHA256SUMS", folder / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("2026-11-22", "2026-11-23"), encoding="utf-8")
    assert verify_bundle(folder) == ("SHA256SUMS has changed.",)
    sums.unlink()
    assert verify_bundle(folder) == ("SHA256SUMS is missing.",)
    manifest.write_text('{"files": [{"path": "../x"}]}', encoding="utf-8")
    assert "cannot be read" in verify_bundle(folder)[0]


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few people make a link")
def test_a_link_in_a_bundle_is_found(opened):
    """A file of the same content that lies elsewhere is no part of a bundle."""
    folder = publish(opened.pilot, opened.run, today=LATER).folder
    (folder / "board.pdf").rename(opened.folder / "elsewhere.pdf")
    (folder / "board.pdf").symlink_to(opened.folder / "elsewhere.pdf")
    assert verify_bundle(folder) == ("board.pdf is a link, or leads through one.",)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_anyone_can_check_the_hashes_without_this_software(opened):
    """`sha256sum -c` reads the list."""
    folder = publish(opened.pilot, opened.run, today=LATER).folder
    done = subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, check=False)
    assert (done.returncode, done.stdout.count(b": OK")) == (0, 4)


def test_a_bundle_is_never_overwritten(opened):
    """The second time is refused, and the first bundle stays as it was."""
    folder = publish(opened.pilot, opened.run, today=LATER).folder
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(GateError, match="published/2026-11-22-falls is there already"):
        publish(opened.pilot, opened.run, today=LATER)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_files_changed_after_signing_are_refused_by_name(opened):
    """Also when the gate is open: every file is hashed once more."""
    (opened.pages / "board.html").write_text(PAGE + " ", encoding="utf-8")
    assert "board.html has changed since the release was made" in refused(opened)


def test_a_file_that_nobody_signed_is_refused_by_name(opened):
    """A page beside those of the release."""
    (opened.pages / "more.html").write_text(PAGE, encoding="utf-8")
    assert "more.html is not listed in the release" in refused(opened)


def test_a_release_changed_while_it_is_published_is_refused(opened, monkeypatch):
    """What is published is what the gate has seen."""
    passed = stage.pass_gate

    def pass_and_change(*_: object, **__: object) -> Assessment:
        opened.edit("Falls and frailty", "Frailty and falls")
        return passed()

    monkeypatch.setattr(stage, "pass_gate", pass_and_change)
    assert "changed while it was published" in refused(opened)


def test_a_path_that_leaves_the_release_is_refused(opened):
    """A release file that lists a file elsewhere is not taken."""
    opened.edit('"board.html"', '"../../run.json"')
    assert "leaves the pilot's folder" in refused(opened)


def test_without_a_release_nothing_is_published(opened):
    """The refusal says how to make one."""
    opened.path.unlink()
    assert "there is no release" in refused(opened)


def test_a_release_of_another_run_is_refused(opened):
    """Figures of settings or data that have since changed do not go out."""
    opened.edit(f'run: "{opened.run.id}"', 'run: "falls-and-frailty-aaaaaaaaaa"')
    assert "is of run falls-and-frailty-aaaaaaaaaa" in refused(opened)


def test_a_write_that_fails_leaves_nothing(opened, monkeypatch):
    """A full disk half-way leaves no half bundle and no folder."""
    write, count = Path.write_bytes, iter(range(100))

    def fail_at_third(path: Path, data: bytes) -> int:
        if next(count) == 2:
            raise OSError(28, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", fail_at_third)
    assert "No space left on device" in refused(opened)


def test_a_file_in_the_way_is_said_in_words(opened):
    """Where `published` is no folder, nothing is written over it."""
    (opened.folder / "published").write_text("mine", encoding="utf-8")
    with pytest.raises(GateError, match="cannot be written"):
        publish(opened.pilot, opened.run, today=LATER)
    assert (opened.folder / "published").read_text(encoding="utf-8") == "mine"


def test_the_pages_of_a_release_do_not_say_that_they_are_a_draft(real):
    """They stand as they will be published, and the folder says that they are not; those of the report say draft."""
    pages = real.run.folder / PAGES
    for path in pages.glob("*.html"):
        text, report = (one.read_text(encoding="utf-8") for one in (path, real.run.folder / "reports" / path.name))
        assert "Not approved for publication" not in text
        assert "Not approved for publication" in report
        assert "These figures are not real" in text
    assert "NOT PUBLISHED" in (real.run.folder / "release" / "NOT-PUBLISHED.txt").read_text(encoding="utf-8")


def test_the_index_of_a_release_does_not_depend_on_who_has_signed(real):
    """Else each sign-off would change a page that others have signed."""
    text = (real.run.folder / PAGES / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"items? (missing|are open)", text)


def test_a_release_of_the_template_s_own_reports_passes(real):
    """Its tables of rows and districts have their reasons, and nothing is left to do."""
    assert [check.passed for check in check_outputs(real.pilot.folder)] == [True]


def test_the_same_run_gives_the_same_release(real):
    """Made again, the file is the same to the byte, so that no signature is lost."""
    path = real.pilot.folder / "governance" / "outputs" / "2026-11-21-falls-and-frailty.yml"
    before = path.read_bytes()
    assert prepare_release(real.pilot, real.run, today=DAY) == path
    assert path.read_bytes() == before
    assert len(before.splitlines()) < 100


def test_a_second_release_of_a_day_needs_the_same_name(real):
    """It must be plain which one is to be signed."""
    with pytest.raises(SettingsError, match="already holds a release of this day"):
        prepare_release(real.pilot, real.run, name="other", today=DAY)


def test_what_quarto_fails_at_is_not_released_in_silence(real, tmp_path, monkeypatch):
    """Nobody signs pages of another renderer than the one that is there, unless it was asked for."""
    monkeypatch.setattr("oda.reports.quarto.find", lambda: tmp_path / "quarto")
    with pytest.raises(RenderError, match=r"(?s)Nothing half-done.*Quarto failed.*release --renderer builtin$"):
        prepare_release(real.pilot, real.run, today=DAY)
    assert not (real.run.folder / "release.part").exists()  # pages without the mark of a draft
    prepare_release(real.pilot, real.run, today=DAY, renderer="builtin")


@pytest.mark.parametrize("name", ["../x", "Falls", "a b", "", "x" * 41, "con."])
def test_a_name_that_is_no_plain_name_is_refused(made, name):
    """Nothing is made under it."""
    if name:
        with pytest.raises(SettingsError, match="cannot name a release"):
            prepare_release(made.pilot, made.run, name=name, today=LATER)
    assert newest_release(made.folder).place.endswith("2026-11-21-falls.yml")


def test_a_run_that_failed_is_not_released(made):
    """Nothing half-done goes to the signers."""
    outcome = {"task": "x", "notebook": "x", "district": None, "parameters": {}, "seconds": 1.0, "error": "E: no"}
    made.run.record["outcomes"].append(outcome)
    with pytest.raises(RunError, match=r"^1 notebook of .* Nothing half-done"):
        prepare_release(made.pilot, made.run, today=LATER)
