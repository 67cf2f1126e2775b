"""Only what has changed is made again: what a report's key depends on, and what is believed of an earlier build."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from finished import made_up
from oda.errors import RenderError, RunError
from oda.hashing import hash_values
from oda.locking import one_at_a_time
from oda.pilot import Pilot
from oda.reports import keeping, quarto
from oda.reports.build import Report, build_reports
from oda.reports.builtin import rendering as builtin
from oda.reports.document import Document
from oda.runs import Run

pytestmark = pytest.mark.xdist_group("run")

BOTH = ("html", "pdf")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Stage two documents, one of which shows a figure, with a look and a project file."""
    folder = tmp_path / "documents"
    for name, text in {
        "board.qmd": '---\ndate: "2026-03-31"\n---\n![A](figures/board/x.svg)\n',
        "redditch.qmd": '---\ndate: "2026-03-31"\n---\nWords\n',
        "figures/board/x.svg": "<svg/>",
        "_look/report.css": "p {}",
        "_quarto.yml": "project:\n  render:\n  - board.qmd\n  - redditch.qmd\nlang: en-GB\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def keys(project: Path) -> dict[str, str]:
    """Return the keys of both documents."""
    return keeping.keys_of(
        project, [Document(name=name, formats=BOTH) for name in ("board", "redditch")], renderer="builtin"
    )


@pytest.mark.parametrize(
    ("name", "text", "touched"),
    [
        ("board.qmd", "---\n---\nOther ![A](figures/board/x.svg)\n", {"board"}),
        ("figures/board/x.svg", "<svg><path/></svg>", {"board"}),
        ("figures/board/none-shows-this.svg", "<svg/>", set()),
        ("_look/report.css", "p {color: red}", {"board", "redditch"}),
        ("_extensions/oda/brand.css", "", {"board", "redditch"}),
        ("_quarto.yml", "project:\n  render:\n  - board.qmd\n  - redditch.qmd\nlang: cy\n", {"board", "redditch"}),
        ("_quarto.yml", "project:\n  render:\n  - redditch.qmd\nlang: en-GB\n", set()),
        (".quarto/xref/cache", "1", set()),
        ("_made/board.html", "1", set()),
    ],
)
def test_a_key_depends_on_the_text_the_figures_and_the_look(project, name, text, touched):
    """A changed figure makes the reports that show it again, a changed style all of them, a cache none."""
    before = keys(project)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text(text, encoding="utf-8")
    after = keys(project)
    assert {product.partition(".")[0] for product in after if after[product] != before[product]} == touched


def test_a_key_depends_on_the_renderer_its_version_and_the_format(project, monkeypatch):
    """A new Typst makes every report again; a page and a PDF never stand for each other."""
    before = keys(project)
    assert len(set(before.values())) == 4
    monkeypatch.setattr(keeping.importlib.metadata, "version", lambda _package: "99")
    assert not set(keys(project).values()) & set(before.values())


@pytest.mark.parametrize("spoil", [lambda text: text[:-40], lambda text: text.replace("k1", "k2"), lambda _text: "[]"])
def test_a_record_that_was_changed_or_broken_off_is_not_believed(tmp_path, spoil):
    """Half a record, or one that somebody edited, keeps nothing."""
    keeping.write_made(tmp_path, {"board.html": {"key": "k1", "sha256": "s"}})
    assert keeping.read_made(tmp_path) == {"board.html": {"key": "k1", "sha256": "s"}}
    path = tmp_path / keeping.MADE
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert keeping.read_made(tmp_path) == {}


@pytest.mark.parametrize("made", [{"board.html": "k"}, {"board.html": {"key": "k"}}, ["board.html"], {"board.html": 7}])
def test_a_record_of_another_form_is_not_believed(tmp_path, made):
    """Whatever wrote it, the reports are made again."""
    record = {"made": made, "checksum": hash_values(made)}
    (tmp_path / keeping.MADE).write_text(json.dumps(record), encoding="utf-8")
    assert keeping.read_made(tmp_path) == {}


def test_what_does_not_belong_goes_and_what_is_the_same_is_not_written_again(tmp_path):
    """A report of a district that left the pilot does not stay behind; an unchanged CSV keeps its time."""
    keeping.write_whole(tmp_path / "data" / "a.csv", b"1")
    written = (tmp_path / "data" / "a.csv").stat().st_mtime_ns
    (tmp_path / "old" / "deep").mkdir(parents=True)
    (tmp_path / "old" / "deep" / "b.html").write_text("old")
    keeping.sweep(tmp_path, keep=["data/a.csv"])
    keeping.write_whole(tmp_path / "data" / "a.csv", b"1")
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "a.csv"]
    assert (tmp_path / "data" / "a.csv").stat().st_mtime_ns == written


class Building:
    """Reports of the finished run in a folder of their own, by a renderer that only notes what it is given."""

    def __init__(self, folder: Path) -> None:
        """Begin with nothing made."""
        self.run: Run = replace(made_up().run, folder=folder)
        self.pilot: Pilot = made_up().pilot
        self.rendered: list[str] = []
        self.stop_at = ""
        self.refuse: dict[str, str] = {}

    def attempt(self, project: Path, documents: Sequence[Document], output: Path) -> dict[str, str]:
        """Write a file for each product, or stop half-way."""
        output.mkdir(parents=True, exist_ok=True)
        for one in documents:
            if one.name == self.stop_at:
                raise KeyboardInterrupt
            if one.name in self.refuse:
                continue
            for wanted in one.formats:
                self.rendered.append(f"{one.name}.{wanted}")
                source = (project / f"{one.name}.qmd").read_bytes()
                (output / f"{one.name}.{wanted}").write_bytes(wanted.encode() + source)
        return {name: said for name, said in self.refuse.items() if name in {one.name for one in documents}}

    def build(self) -> Report:
        """Build, and forget what was rendered before."""
        self.rendered = []
        return build_reports(self.pilot, self.run, renderer="builtin")

    def output(self, name: str) -> Path:
        """Return the path of a product."""
        return self.run.folder / "reports" / name


@pytest.fixture
def building(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Building:
    """Build all reports once."""
    found = Building(tmp_path)
    monkeypatch.setattr(builtin, "attempt", found.attempt)
    report = found.build()
    assert len(report.made) == len(found.rendered) > 14
    assert report.kept == ()
    return found


def test_a_second_build_makes_nothing_and_says_so(building):
    """Where nothing has changed, no document is given to a renderer."""
    before = {path: path.stat().st_mtime_ns for path in building.build().files}
    report = building.build()
    assert building.rendered == []
    assert {path: path.stat().st_mtime_ns for path in report.files} == before
    assert report.summary.startswith("Nothing has changed: ")
    assert " are kept as they are." in report.summary


def test_one_changed_result_makes_one_district_again_and_the_index(building):
    """Redditch's own sentence changes: its page, its PDF and the index are made, and all others kept."""
    found = building.run.by_district["E07000236"]["20-district"]
    changed = {**found, "trend": found["trend"].model_copy(update={"sentence": "It changed."})}
    by_district = {**building.run.by_district, "E07000236": {"20-district": changed}}
    building.run = replace(building.run, by_district=by_district)
    report = building.build()
    assert building.rendered == ["redditch.html", "redditch.pdf", "index.html"]
    assert report.made == ("index.html", "redditch.html", "redditch.pdf")
    assert report.summary.startswith("Made 2 pages and 1 PDF with the builtin renderer; ")


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"other")])
def test_a_product_removed_or_changed_by_hand_is_made_again(building, spoil):
    """What lies there must be what was made, to the byte."""
    spoil(building.output("redditch.pdf"))
    spoil(next(building.output("data").glob("board-*.csv")))
    made = {path.name: path.read_bytes() for path in building.build().files}
    assert building.rendered == ["redditch.pdf", "index.html"]
    assert made["redditch.pdf"].startswith(b"pdf---")
    assert b"other" not in made.values()


def test_a_build_that_was_stopped_is_never_taken_for_a_whole_one(building):
    """What was there before stays whole until the next build has made all that is lacking."""
    before = building.output("index.html").read_bytes()
    building.pilot = building.pilot.model_copy(
        update={"pilot": building.pilot.pilot.model_copy(update={"title": "Another title"})}
    )
    building.stop_at = "worcester"
    with pytest.raises(KeyboardInterrupt):
        building.build()
    assert building.output("index.html").read_bytes() == before
    assert b"Another title" not in building.output("board.pdf").read_bytes()
    building.stop_at = ""
    report = building.build()
    assert {"worcester.html", "board.pdf", "index.html"} <= set(report.made)
    assert b"Another title" in building.output("board.pdf").read_bytes()


def test_where_nothing_at_all_can_be_made_the_earlier_reports_stay(building):
    """A renderer that is broken, or a setting that cannot be read, costs nobody the pages of yesterday."""
    building.pilot = building.pilot.model_copy(
        update={"pilot": building.pilot.pilot.model_copy(update={"title": "Another title"})}
    )
    building.refuse = dict.fromkeys([*(path.stem for path in building.output("").glob("*.html"))], "broken")
    with pytest.raises(RenderError, match="broken"):
        building.build()
    assert b"Another title" not in building.output("index.html").read_bytes()
    building.refuse = {}
    assert "index.html" in building.build().made


def test_two_builds_of_one_run_wait_for_each_other(building):
    """The second is told that another goes on, and touches nothing."""
    with one_at_a_time(building.run.folder), pytest.raises(RunError, match="Another build of these reports is going"):
        building.build()
    assert building.build().made == ()


def test_a_document_that_fails_takes_its_old_report_with_it_and_no_other(building):
    """The index names it and links to nothing that is not there."""
    building.output("worcester.html").unlink()
    building.refuse = {"worcester": "worcester.qmd:9: what it found"}
    report = building.build()
    index = building.output("index.html").read_text(encoding="utf-8")
    assert "reports/district.qmd:" in report.failures[0]
    assert "worcester.html" not in index
    assert not building.output("worcester.pdf").exists()
    assert building.output("redditch.pdf").exists()
    building.refuse = {}
    assert {"worcester.html", "worcester.pdf", "index.html"} == set(building.build().made)


def test_what_quarto_cannot_make_the_built_in_renderer_makes_until_quarto_can(building, tmp_path, monkeypatch):
    """One report by the other renderer is said, and is tried with Quarto again; the others are kept."""
    ours = Building(tmp_path)
    ours.refuse = {"worcester": "quarto failed (html), its last lines: no"}
    monkeypatch.setattr(quarto, "find", lambda: Path("quarto"))
    monkeypatch.setattr(quarto, "attempt", ours.attempt)
    monkeypatch.setattr(keeping.shutil, "which", lambda _name: None)
    report = build_reports(building.pilot, building.run)
    assert (report.renderer, report.failures) == ("quarto", ())
    assert "built-in renderer" in report.notes[0]
    assert "worcester: quarto failed (html)" in report.notes[0]
    assert building.rendered[-2:] == ["worcester.html", "worcester.pdf"]
    assert len(report.made) > 14
    ours.refuse = {}
    report = build_reports(building.pilot, building.run)
    assert report.made == ("index.html", "worcester.html", "worcester.pdf")
    assert report.notes == ()


def test_a_file_that_is_open_elsewhere_is_named(tmp_path, monkeypatch):
    """Windows does not replace an open PDF: the reader is told which to close."""
    (tmp_path / "fresh").write_text("new")

    def refuse(_path: Path, target: Path) -> None:
        raise PermissionError(13, "in use", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(RenderError, match=r"board\.pdf is open in another program"):
        keeping.move(tmp_path / "fresh", tmp_path / "board.pdf")


def test_a_full_disk_is_not_taken_for_an_open_file(tmp_path):
    """What cannot be written is said with the system's own reason."""
    (tmp_path / "board.html").mkdir()
    with pytest.raises(RenderError, match=r"board\.html cannot be written: .*directory"):
        keeping.write_whole(tmp_path / "board.html", b"x")


def test_what_is_not_needed_is_not_imported_when_nothing_has_changed(building):
    """Telling that nothing has changed takes neither pandas nor matplotlib nor Typst."""
    code = (
        "import sys; from oda.reports import build; from oda.preparing import current_run; "
        "print([name for name in ('pandas', 'matplotlib', 'typst', 'numpy', 'papermill') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "[]"
    assert json.loads((building.run.folder / "documents" / keeping.MADE).read_text(encoding="utf-8"))["made"]


def test_the_project_that_is_left_renders_all_reports_by_hand(building):
    """After one report was made again, `quarto render` in the staged folder still knows the others."""
    building.output("redditch.pdf").unlink()
    building.build()
    listed = (building.run.folder / "documents" / "_quarto.yml").read_text(encoding="utf-8")
    assert "- board.qmd" in listed
    assert "- redditch.qmd" in listed
