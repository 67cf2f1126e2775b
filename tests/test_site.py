"""The index of several pilots' published bundles: each with its question, its answer, its state and its date."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from oda.cli import main
from oda.errors import RenderError
from oda.reports.governance.verifying import SUMS
from oda.reports.linting.linting import lint_page
from oda.reports.site import write_site
from oda.reports.sources.provenance import MADE_UP

INDEX = """<!DOCTYPE html><html lang="en-GB"><head><title>A</title></head><body><main><h1>A</h1>
<div class="answer"><p><strong>Did visits help?</strong></p><p>The rate was 11 per cent lower.</p></div>
<div class="finder-list"><ul><li><strong><a href="redditch.html">Redditch</a></strong> as before</li></ul></div>
</main></body></html>"""


def bundle(
    folder: Path,
    *,
    title: str = "Falls & <b>frailty</b>",
    day: str | int = "2026-11-21",
    office: str = "One ODA",
    pilot: str = "falls",
) -> Path:
    """Write a published bundle as `oda publish` does."""
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(INDEX, encoding="utf-8")
    size, digest = len(INDEX.encode()), hashlib.sha256(INDEX.encode()).hexdigest()
    files = [{"path": "index.html", "kind": "page", "bytes": size, "sha256": digest}]
    about = {"pilot": pilot, "title": title, "organisation": office, "published": day}
    manifest = json.dumps({"schema": "oda-bundle/1", **about, "files": files})
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    sums = {"index.html": digest, "manifest.json": hashlib.sha256(manifest.encode()).hexdigest()}
    text = "".join(f"{one}  {name}\n" for name, one in sorted(sums.items()))
    (folder / SUMS).write_text(text, encoding="utf-8", newline="\n")
    return folder


def test_pilots_side_by_side_are_listed_with_question_answer_state_and_date(tmp_path: Path):
    """A reader sees what each pilot asked and found, and which of its publications is the newest."""
    bundle(tmp_path / "falls" / "published" / "2026-11-21-falls")
    bundle(tmp_path / "falls" / "published" / "2026-10-01-falls", day="2026-10-01")
    bundle(tmp_path / "empty homes", title="Empty homes", office="Other ODA")
    page, listed = write_site(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert [one.published.isoformat() for one in listed] == ["2026-11-21", "2026-11-21", "2026-10-01"]
    for words in ("Did visits help?", "The rate was 11 per cent lower.", "Published on 21 November 2026", "Redditch"):
        assert words in text
    assert "as published on 1 October 2026" in text
    assert 'href="empty%20homes/index.html"' in text
    assert "Falls &amp; &lt;b&gt;frailty" in text
    there = lambda place: (tmp_path / place).is_file()  # noqa: E731
    assert lint_page(text, name="index.html", is_there=there, draft=False) == ()


def test_a_made_up_answer_is_never_listed_as_a_finding(tmp_path: Path, monkeypatch):
    """The warning of a pilot's own page stands before its answer here too."""
    warned = INDEX.replace("<h1>A</h1>", f"<h1>A</h1><p>{MADE_UP}: they were made up.</p>")
    monkeypatch.setattr("test_site.INDEX", warned)
    bundle(tmp_path / "a")
    text = write_site(tmp_path)[0].read_text(encoding="utf-8")
    assert 0 < text.index(MADE_UP) < text.index("The rate was 11 per cent lower.")


def test_the_same_bundles_give_the_same_page(tmp_path: Path):
    """The page holds no clock, and writing it again changes nothing."""
    bundle(tmp_path / "a")
    first = write_site(tmp_path)[0].read_bytes()
    assert write_site(tmp_path)[0].read_bytes() == first


def test_a_bundle_that_has_changed_is_named_and_not_shown_as_published(tmp_path: Path):
    """What is not as it was published says so on the page, and the command ends with 1."""
    (bundle(tmp_path / "a") / "index.html").write_text(INDEX.replace("11", "12"), encoding="utf-8")
    done = CliRunner().invoke(main, ["site", str(tmp_path)])
    assert done.exit_code == 1
    assert "Do not use a: index.html has changed." in done.output
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Do not use what was published on 21 November 2026: index.html has changed." in text
    assert "12 per cent" not in text
    assert "a/index.html" not in text


def test_an_older_bundle_that_has_changed_is_not_linked_as_published(tmp_path: Path):
    """Each publication of a pilot is held against its manifest, not the newest alone."""
    bundle(tmp_path / "new")
    old = bundle(tmp_path / "old", day="2026-10-01")
    (old / "index.html").write_text(INDEX.replace("11", "12"), encoding="utf-8")
    text = write_site(tmp_path)[0].read_text(encoding="utf-8")
    assert "Do not use what was published on 1 October 2026: index.html has changed." in text
    assert "old/index.html" not in text


def test_what_is_missing_from_the_records_is_not_called_a_file(tmp_path: Path, monkeypatch):
    """Where no file differs, but the log or a sign-off does not bear the bundle out, the page says that."""
    lacking = ("governance/log.jsonl knows of no publication.", "O02 does not stand.", "O05 does not stand.")
    monkeypatch.setattr("oda.reports.site.verify_bundle", lambda _: lacking)
    bundle(tmp_path / "a")
    text = write_site(tmp_path)[0].read_text(encoding="utf-8")
    assert "21 November 2026: governance/log.jsonl knows of no publication (and 2 other differences)." in text


def test_a_bundle_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path):
    """It is named, on the page and by the command, which ends with 1."""
    bundle(tmp_path / "a")
    (bundle(tmp_path / "b") / "manifest.json").write_text("{", encoding="utf-8")
    bundle(tmp_path / "c", day=7)
    done = CliRunner().invoke(main, ["site", str(tmp_path)])
    assert (done.exit_code, "Do not use b: manifest.json cannot be read" in done.output) == (1, True)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "The rate was 11 per cent lower." in text
    assert "Do not use what lies in b: manifest.json cannot be read" in text
    assert "Do not use what lies in c: manifest.json lacks" in text


def test_each_pilot_has_its_downloads_and_says_what_is_shared(tmp_path: Path, monkeypatch):
    """Two pilots of one title keep apart; a link to a file that is not in the bundle is none."""
    links = '<a href="board.pdf">Board report (PDF)</a><a href="no.pdf">No</a><a href="what-is-shared.html">Why</a>'
    monkeypatch.setattr("test_site.INDEX", INDEX.replace("</h1>", f"</h1>{links}"))
    monkeypatch.setattr("oda.reports.site.verify_bundle", lambda _: ())
    for name in ("a", "b"):
        made = bundle(tmp_path / name, pilot=name)
        (made / "board.pdf").write_bytes(b"%PDF-")
        (made / "what-is-shared.html").write_text(INDEX, encoding="utf-8")
    text = write_site(tmp_path)[0].read_text(encoding="utf-8")
    assert re.findall(r'href="(b/[^"]*)"', text) == ["b/index.html", "b/board.pdf", "b/what-is-shared.html"]
    assert "(b): Board report (PDF)" in text
    assert lint_page(text, name="index.html", is_there=lambda _: True, draft=False) == ()


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: (folder / "empty").mkdir(), "No published bundle lies in"),
        (lambda folder: bundle(folder / "a") and (folder / "index.html").write_text("mine"), "was not made by this"),
        (lambda folder: (bundle(folder / "a") / "manifest.json").write_text("{"), "cannot be read"),
        (lambda folder: bundle(folder / "a", day="soon"), "holds it in another form"),
    ],
)
def test_a_folder_that_cannot_be_listed_is_refused_and_left_alone(tmp_path: Path, prepare, message: str):
    """No bundle, a page of somebody else's, a broken manifest: nothing is written."""
    prepare(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(RenderError, match=message):
        write_site(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_bundle_itself_is_never_written_to(tmp_path: Path):
    """A published folder stays as it was published."""
    with pytest.raises(RenderError, match="is itself a published bundle"):
        write_site(bundle(tmp_path / "a"))
