"""What a pilot is made of, and that every way of making one makes the same."""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from checkout import LEFT_BEHIND, PRODUCTS, ROOT, TEMPLATE, bake, commit, copy_template, git, run, tree
from oda.pilot import load_pilot
from oda.reports import extension

QUESTIONS = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
PRESETS = ROOT / "shared" / "oda" / "presets"
RENDERED = {"pilot.yml", "README.md", "pyproject.toml"}
VERSION = QUESTIONS["_template_version"]
ADDED = {
    *(f"reports/{extension.PLACE}/{name}" for name in extension.contents()),
    "governance/dsa/worcestershire-sharing.yml",
    "governance/flows/admission-counts.yml",
    "governance/flows/visit-counts.yml",
    "governance/flows/visit-offers.yml",
    "governance/partners.yml",
    "governance/people.yml",
    "requirements/dask.txt",
    "requirements/lab.txt",
    "requirements/oda.txt",
    "requirements/pilot-test.txt",
    "requirements/run.txt",
    "start.py",
    "vendor/SHA256SUMS",
    f"vendor/oda_toolkit-{VERSION}-py3-none-any.whl",
}
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
LONGEST_PATH = 120  # Windows allows 260 for the whole path; this leaves room for where the pilot is put


def template_files() -> set[str]:
    """Return the files of the template's project folder, without what a run leaves behind."""
    inner = (path.relative_to(TEMPLATE) for path in TEMPLATE.rglob("*") if path.is_file())
    return {path.as_posix() for path in inner if not (LEFT_BEHIND | PRODUCTS) & set(path.parts)}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the template that is a git repository where there is git, under a path with a space."""
    copy = copy_template(tmp_path_factory.mktemp("the template") / "oda-template")
    if shutil.which("git"):
        commit(copy, "First version")
    return copy


@pytest.fixture(scope="module")
def pilot(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the default pilot, baked from the copy's absolute path."""
    out = tmp_path_factory.mktemp("pilots")
    done = bake(str(template), out)
    assert done.returncode == 0, done.stdout
    return out / "falls-and-frailty"


def test_a_pilot_has_exactly_the_template_s_files_and_those_added(pilot: Path) -> None:
    """A pilot has the template's files, the package, the locks, `start.py` and the start of governance; no other."""
    assert set(tree(pilot)) == template_files() | ADDED


def test_a_quiet_bake_prints_nothing(template: Path, tmp_path: Path) -> None:
    """Making a pilot prints no line that a person must read and cannot use."""
    assert bake(str(template), tmp_path / "out").stdout == ""


def test_a_relative_path_gives_the_same_pilot(template: Path, pilot: Path, tmp_path: Path) -> None:
    """`cookiecutter .` inside the repository makes the same pilot as an absolute path does."""
    assert bake(".", tmp_path / "out", folder=template).returncode == 0
    assert tree(tmp_path / "out" / pilot.name) == tree(pilot)


@needs_git
def test_a_git_address_gives_the_same_pilot(template: Path, pilot: Path, tmp_path: Path) -> None:
    """A pilot made from a git address is the same, byte for byte."""
    done = bake(f"git+{template.as_uri()}", tmp_path / "out", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert tree(tmp_path / "out" / pilot.name) == tree(pilot)


def test_a_zip_gives_the_same_pilot_with_no_git(template: Path, pilot: Path, tmp_path: Path) -> None:
    """A pilot made from a zip, on a machine without git, is the same, byte for byte."""
    archive = shutil.make_archive(str(tmp_path / "template"), "zip", template.parent, template.name)
    (tmp_path / "empty").mkdir()
    done = bake(archive, tmp_path / "out", folder=tmp_path, PATH=str(tmp_path / "empty"))
    assert done.returncode == 0, done.stdout
    assert tree(tmp_path / "out" / pilot.name) == tree(pilot)


@needs_git
def test_cruft_gives_the_same_pilot_and_its_own_record(template: Path, pilot: Path, tmp_path: Path) -> None:
    """`cruft create` makes the same pilot, and adds `.cruft.json`, from which it can be updated."""
    done = run(
        [sys.executable, "-m", "cruft", "create", str(template), "--output-dir", str(tmp_path), "--no-input"], tmp_path
    )
    assert done.returncode == 0, done.stdout
    made = tree(tmp_path / pilot.name)
    assert made.pop(".cruft.json")
    assert made == tree(pilot)


@needs_git
def test_making_pilots_leaves_the_template_as_it_was(template: Path, pilot: Path) -> None:
    """Making a pilot writes nothing into the template."""
    assert pilot.is_dir()
    assert git(template, "status", "--porcelain", "--ignored") == ""


@needs_git
def test_what_a_running_notebook_writes_is_never_committed(pilot: Path, tmp_path: Path) -> None:
    """A notebook's own folder, which lies in the pilot while it runs, is left out by git, as runs are."""
    made = shutil.copytree(pilot, tmp_path / "pilot")
    git(made, "init", "--quiet")
    for name in (".work-10-data/half.csv", "notebooks/.work-20-district/half.csv", "runs/falls-1/run.json"):
        (made / name).parent.mkdir(parents=True)
        (made / name).touch()
    git(made, "add", "--all")
    assert not {name for name in git(made, "ls-files").split() if "work-" in name or "runs" in name}


def test_a_pilot_made_again_over_itself_is_the_same_and_keeps_its_runs(template: Path, tmp_path: Path) -> None:
    """Making a pilot over itself changes no file, removes stray caches, and keeps runs and data."""
    bake(str(template), tmp_path)
    pilot = tmp_path / "falls-and-frailty"
    before = tree(pilot)
    kept = pilot / "runs" / "r1" / "__pycache__" / "kept.txt"
    stray = pilot / "notebooks" / ".ipynb_checkpoints" / "10-data-checkpoint.ipynb"
    for path in (kept, stray, pilot / "vendor" / "oda_toolkit-0.0.1-py3-none-any.whl"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert bake(str(template), tmp_path, "--overwrite-if-exists").returncode == 0
    assert tree(pilot) == {**before, "runs/r1/__pycache__/kept.txt": b""}


@needs_git
def test_an_update_brings_the_new_version_and_keeps_an_analyst_s_edits(tmp_path: Path) -> None:
    """`cruft update` replaces the package and the tools, and keeps what the analyst wrote, with no conflict."""
    template = copy_template(tmp_path / "template")
    commit(template, "First version")
    run(
        [sys.executable, "-m", "cruft", "create", template.as_uri(), "--output-dir", str(tmp_path), "--no-input"],
        tmp_path,
    )
    pilot = tmp_path / "falls-and-frailty"
    for name in ("README.md", "pilot.yml", "governance/datasets/falls.yml", "governance/people.yml"):
        with (pilot / name).open("a", encoding="utf-8", newline="\n") as file:
            file.write("# An analyst's line.\n")
    commit(pilot, "Edit")

    for name in ("pyproject.toml", "cookiecutter.json"):
        replace(template / name, VERSION, "9.9.9")
    replace(template / "start.py", "The one command", "The single command")
    replace(template / TEMPLATE.name / "README.md", "## Start", "New advice.\n\n## Start")
    replace(template / TEMPLATE.name / "pilot.yml", "# Everything", "# All")
    commit(template, "Second version")
    done = run([sys.executable, "-m", "cruft", "update", "--skip-apply-ask"], pilot)
    assert done.returncode == 0, done.stdout

    assert [path.name for path in (pilot / "vendor").glob("*.whl")] == ["oda_toolkit-9.9.9-py3-none-any.whl"]
    assert "9.9.9" in (pilot / "requirements" / "oda.txt").read_text(encoding="utf-8")
    assert "The single command" in (pilot / "start.py").read_text(encoding="utf-8")
    readme = (pilot / "README.md").read_text(encoding="utf-8")
    assert "New advice." in readme
    assert readme.endswith("# An analyst's line.\n")
    for name in ("pilot.yml", "governance/datasets/falls.yml", "governance/people.yml"):
        assert (pilot / name).read_text(encoding="utf-8").endswith("# An analyst's line.\n")
    assert (pilot / "pilot.yml").read_text(encoding="utf-8").startswith("# Everything")
    assert not list(pilot.rglob("*.rej"))
    assert not [name for name, content in tree(pilot).items() if b"<<<<<<<" in content]


def replace(path: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text that must be in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


@pytest.mark.parametrize(
    "title",
    [
        "It's the board's \"first\" pilot",
        "Falls & frailty: <b>visits</b> #1, 50% for £5",
        "Ynys Môn: cwympiadau a breuder ŵŷ — “dyfynbris” 🚒",
        "# not a comment: - not a list, [not] {one} *nor* &this | that > those !it %it @it `it`",
        r"C:\Users\new\title \u0041 $HOME ${HOME} %PATH%",
        "no",
        "x" * 60,
    ],
)
def test_hostile_answers_come_back_as_they_were_typed(template: Path, tmp_path: Path, title: str) -> None:
    """Quotes, colons, hashes, backslashes and Welsh letters in an answer reach `pilot.yml` as they were typed."""
    districts = 'W06000001 Ynys Môn; E06000023 Bristol, City of; E07000999 King\'s "Lynn" & #West: No'
    answers = (f"title={title}", f"lead_role={title}", f"districts={districts}", "lead_contact=o'hara+oda@example.org")
    done = bake(str(template), tmp_path, *answers)
    assert done.returncode == 0, done.stdout
    made = load_pilot(tmp_path / "falls-and-frailty")
    assert (made.pilot.title, made.pilot.lead.role, made.pilot.lead.contact) == (title, title, "o'hara+oda@example.org")
    assert [district.name for district in made.districts] == [
        "Ynys Môn",
        "Bristol, City of",
        'King\'s "Lynn" & #West: No',
    ]
    tomllib.loads((tmp_path / "falls-and-frailty" / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("project=Bad Slug", "project: 'Bad Slug' cannot be the name of a folder."),
        ("project=../outside", "project: '../outside' cannot be"),
        ("project=a/b", "project: 'a/b' cannot be"),
        ("project=con", "project: 'con' cannot be"),
        ("project=a--b", "project: 'a--b' cannot be"),
        ("project=" + "a" * 41, "Use at most 40 small letters"),
        ("title=", "title: '' has 0 characters. Use 1 to 120."),
        ("title=" + "x" * 121, "has 121 characters"),
        ("title=two\nlines", r"title: 'two\nlines' holds a control character"),
        ("start_date=2025-02-30", "start_date: '2025-02-30' is not a date."),
        ("start_date=01/04/2025", "Write it as year-month-day"),
        ("lead_contact=Jo Smith", "lead_contact: 'Jo Smith' is not an e-mail address."),
        ("lead_role= ", "lead_role: ' ' has 0 characters"),
        ("districts= , ", "districts: none given."),
        (
            "districts=Redditch, Atlantis",
            "districts: 'Atlantis' not found in Worcestershire. Its districts are Bromsgrove,",
        ),
        ("districts=Redditch, redditch", "districts: E07000236 stands more than once."),
        ("districts=Redditch, E07000999 Redditch", "districts: redditch stands more than once."),
    ],
)
def test_a_bad_answer_is_refused_in_one_sentence_and_leaves_nothing(
    template: Path, tmp_path: Path, answer: str, sentence: str
) -> None:
    """A bad answer is refused with one line that says what to do, and no folder is left, inside or outside."""
    done = bake(str(template), tmp_path / "out" / "inner", answer)
    assert done.returncode == 1
    assert sentence in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert {path.name for path in tmp_path.rglob("*")} - {"home"} <= {
        "out",
        "inner",
        "",
        ".cookiecutters",
        ".cookiecutter_replay",
    }


def test_the_hook_refuses_what_came_past_the_first_check(template: Path, tmp_path: Path) -> None:
    """When the first check is switched off, the hook refuses with the same sentence and the folder is removed."""
    done = bake(str(template), tmp_path / "out", "__checked=yes", "start_date=soon")
    assert done.returncode == 1
    assert "start_date: 'soon' is not a date." in done.stdout.splitlines()[0]
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("name", QUESTIONS["oda"])
def test_every_office_gives_a_pilot_of_its_own_districts(template: Path, tmp_path: Path, name: str) -> None:
    """Each office's preset makes a valid pilot with every one of its districts."""
    done = bake(str(template), tmp_path, f"oda={name}")
    assert done.returncode == 0, done.stdout
    preset = yaml.safe_load((PRESETS / "odas" / f"{name}.yml").read_text(encoding="utf-8"))
    made = load_pilot(tmp_path / "falls-and-frailty")
    assert (made.pilot.oda, made.pilot.oda_name) == (name, preset["name"])
    assert [(each.code, each.name) for each in made.districts] == [
        (each["code"], each["name"]) for each in preset["districts"]
    ]


@pytest.mark.parametrize(("question", "folder"), [("oda", "odas"), ("kind", "pilots")])
def test_each_preset_is_a_choice_with_a_label(question: str, folder: str) -> None:
    """A preset is one file; each file can be chosen, and each choice has a name that people know."""
    files = {path.stem for path in (PRESETS / folder).glob("*.yml")}
    assert set(QUESTIONS[question]) == files
    assert set(QUESTIONS["__prompts__"][question]) == {"__prompt__", *files}


def test_each_question_has_a_human_prompt() -> None:
    """No question is asked by the name of a variable."""
    assert set(QUESTIONS["__prompts__"]) == {name for name in QUESTIONS if not name.startswith("_")}


def test_the_default_pilot_holds_its_preset_and_its_roll_out(pilot: Path) -> None:
    """Questions, plan and small-number rule are the preset's; every second district is visited, in waves."""
    preset = yaml.safe_load((PRESETS / "pilots" / "falls.yml").read_text(encoding="utf-8"))
    written = yaml.safe_load((pilot / "pilot.yml").read_text(encoding="utf-8"))
    assert {key: written[key] for key in ("questions", "run", "reports", "disclosure")} == {
        key: preset[key] for key in ("questions", "run", "reports", "disclosure")
    }
    made = load_pilot(pilot)
    assert made.pilot.start_date == dt.date(2025, 4, 1)
    assert [each.visits_from for each in made.districts] == ["2025-04", None, "2025-06", None, "2025-08", None]


def test_waves_come_round_again_and_cross_the_year(template: Path, tmp_path: Path) -> None:
    """With more districts than waves the first wave comes again, and months count on into the next year."""
    bake(str(template), tmp_path, "oda=greater-manchester", "start_date=2025-11-15")
    made = load_pilot(tmp_path / "falls-and-frailty")
    assert [each.visits_from for each in made.districts][::2] == ["2025-11", "2026-01", "2026-03", "2025-11", "2026-01"]


def test_the_version_has_one_value() -> None:
    """The template's version, which a pilot records, is the package's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION


def test_only_three_files_are_rendered() -> None:
    """Every file but pilot.yml, README.md and pyproject.toml is copied, so no answer can break a notebook."""
    patterns = QUESTIONS["_copy_without_render"]
    rendered = {name for name in template_files() if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns)}
    assert rendered == RENDERED


def test_no_folder_is_copied_whole() -> None:
    """No pattern matches a folder: baking again would delete that folder, with an analyst's files."""
    folders = {parent.as_posix() for name in template_files() for parent in Path(name).parents} - {"."}
    assert not [
        folder
        for folder in folders
        for pattern in QUESTIONS["_copy_without_render"]
        if fnmatch.fnmatch(folder, pattern)
    ]


def test_copied_files_are_the_template_s_byte_for_byte(pilot: Path, template: Path) -> None:
    """Notebooks, reports, governance and tests reach a pilot exactly as they are in the template."""
    made = tree(pilot)
    source = tree(template / TEMPLATE.name)
    assert {name: made[name] for name in source if name not in RENDERED} == {
        name: content for name, content in source.items() if name not in RENDERED
    }


def test_no_jinja_is_left_over(pilot: Path) -> None:
    """Nothing of the template's own language is left in a rendered file; shortcodes of reports look like it."""
    theirs = r"\{\{< oda [^}]*>\}\}|\{#fig-[^}]*\}"
    texts = {name: re.sub(theirs, "", (pilot / name).read_text(encoding="utf-8")) for name in RENDERED}
    assert not [name for name, text in texts.items() if re.search(r"\{\{|\}\}|\{%|%\}|\{#", text)]


def test_every_path_can_be_checked_out_on_windows(pilot: Path) -> None:
    """No path holds a character Windows forbids, ends in a dot or space, is long, or clashes but for case."""
    paths = [*tree(pilot), *(path.relative_to(ROOT).as_posix() for path in TEMPLATE.rglob("*"))]
    assert not [path for path in paths if re.search(r'[<>:"|?*\\]|[. ](/|$)', path)]
    assert not [path for path in paths if len(path) > LONGEST_PATH]
    assert len({path.casefold() for path in paths}) == len(set(paths))


@needs_git
def test_git_leaves_out_data_and_runs_and_keeps_the_rest(pilot: Path, tmp_path: Path) -> None:
    """In a pilot, git never sees data, runs or the environment, and sees everything that the template gave."""
    copy = shutil.copytree(pilot, tmp_path / "pilot")
    for name in (
        "data/raw/people.csv",
        "data/derived/x.parquet",
        "data/synthetic/falls.csv",
        "runs/1/run.json",
        ".venv/x",
        "wheelhouse/y.whl",
    ):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).touch()
    commit(copy, "First")
    assert set(git(copy, "ls-files").splitlines()) == set(tree(pilot))
