"""S04: what must not be in git is found, under any name, now and in the past."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from oda.governance.probes import Check, probe
from oda.governance.probes.content import find_people, find_secrets, is_nhs_number

IGNORED = "data/*/*\n!data/*/.gitkeep\n"
# Put together from parts, so that no other scanner takes these lines for secrets of this project.
SECRETS = {
    "a private key": "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
    "an Amazon access key": "key: AKIA" + "IOSFODNN7EXAMPLE",
    "a Google key": "AIza" + "Sy" + "a1" * 16 + "Z",
    "an Azure key": "AccountKey=" + "abcd" * 20 + "==",
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "a GitLab token": "glpat-" + "a1B2c3" * 4,
    "a Slack token": "xoxb-" + "1234567890-abcdef",
    "a signed web token": "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20,
    "a password": 'pass' + 'word = "hunter2!"',
    "a password in an address": "postgresql://anna:" + "hunter2@db.council.example/falls",
    "a password in a connection string": "Server=db;Uid=anna;Pwd=" + "hunter2;",
    "a secret": 'client_' + 'secret: "a1b2c3d4e5f6"',
}  # fmt: skip
NHS = ("943 476 5919", "4010232137", "6541003238", "4857773457")


@dataclass(frozen=True)
class Card:
    """A dataset as a probe asks for it."""

    name: str
    data_class: str
    card_path: Path
    title: str = ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder with a repository in it, its data folders ignored."""
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitignore", IGNORED)
    git(tmp_path, "add", ".gitignore")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    """Run git in a folder."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.hooksPath=/dev/null")
    subprocess.run(["git", *who, "-C", str(folder), *words], check=True, capture_output=True)


def write(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a file, and the folders above it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def add(folder: Path, name: str, text: str | bytes) -> None:
    """Write a file and have git track it."""
    write(folder, name, text)
    git(folder, "add", "-f", name)


def failures(folder: Path, *cards: Card) -> str:
    """Return what S04 finds wrong, but for the hook."""
    checks = [check for check in probe("S04", folder, cards) if "hook" not in check.finding]
    return "; ".join(check.finding for check in checks if check.passed is False)


def unknowns(folder: Path) -> list[Check]:
    """Return what S04 does not know."""
    return [check for check in probe("S04", folder) if check.passed is None]


def test_a_clean_repository_has_no_failure_but_the_hook(folder: Path) -> None:
    """Notes, code and logs of decisions may be in git."""
    add(folder, "README.md", "Password rules: ask the owner. Token: a word.\n")
    add(folder, "governance/aqa/decisions.csv", "id,what\n1,ten\n")
    add(folder, "data/raw/.gitkeep", "")
    assert (failures(folder), unknowns(folder)) == ("", [])


def test_without_a_repository_git_holds_nothing(tmp_path: Path) -> None:
    """A pilot that was never put in git passes, and needs no hook."""
    write(tmp_path, ".gitignore", IGNORED)
    assert all(check.passed for check in probe("S04", tmp_path))


def test_a_repository_without_git_is_not_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is `.git` and no git, nothing is taken as clean."""
    monkeypatch.setenv("PATH", "")
    assert [check.finding for check in unknowns(folder)] == [
        "git cannot be asked which files it tracks: the git command is not installed"
    ]


def test_a_broken_repository_is_not_known(folder: Path) -> None:
    """Git's own word for it is told."""
    write(folder, ".git/HEAD", "nonsense")
    assert "git cannot be asked" in unknowns(folder)[0].finding


@pytest.mark.parametrize("name", ["data/raw/gp.csv", "data/derived/a/b.txt", "Data/Raw/gp.csv"])
def test_a_file_in_a_data_folder_fails(folder: Path, name: str) -> None:
    """Whatever it is called, and in whatever letters."""
    add(folder, name, "x\n")
    assert f"in the data folders: {name}" in failures(folder)


@pytest.mark.parametrize("name", ["patients.xlsx", "notebooks/a.CSV", "governance/list.csv", "b/c.parquet", "x.sqlite"])
def test_a_file_of_data_elsewhere_fails(folder: Path, name: str) -> None:
    """Data belong in data/raw, which git ignores."""
    add(folder, name, "x\n")
    assert f"1 file(s) of data: {name}" in failures(folder)


def test_a_spreadsheet_under_another_name_fails(folder: Path) -> None:
    """The first bytes tell what a file is."""
    add(folder, "notes.bin", b"PK\x03\x04" + b"\0" * 50)
    add(folder, "minutes.docx", b"PK\x03\x04" + b"\0" * 50)
    assert failures(folder) == "data under another name: notes.bin"


def test_the_file_of_a_personal_dataset_fails_wherever_it_lies(folder: Path) -> None:
    """Synthetic data may be in git; a card of class personal makes the same place wrong."""
    card = write(folder, "governance/datasets/gp.yml", "resources: [{path: data/synthetic/gp*.csv}]\n")
    add(folder, "data/synthetic/gp-2026.csv", "x\n")
    assert failures(folder, Card("gp", "open", card)) == ""
    assert "data/synthetic/gp-2026.csv" in failures(folder, Card("gp", "personal", card))


def test_a_file_once_committed_is_found_in_the_history(folder: Path) -> None:
    """Taking a file away leaves it in the history, on any branch."""
    git(folder, "commit", "-qm", "start")
    git(folder, "checkout", "-qb", "side")
    add(folder, "data/raw/gp.csv", "x\n")
    git(folder, "commit", "-qm", "oops")
    git(folder, "rm", "-q", "data/raw/gp.csv")
    git(folder, "commit", "-qm", "mend")
    git(folder, "checkout", "-q", "-")
    assert "the history of git still holds 1 file(s) of data or secrets: data/raw/gp.csv" in failures(folder)


def test_a_setting_of_the_repository_does_not_hide_its_history(folder: Path) -> None:
    """The first commit counts, whatever log.showRoot says."""
    add(folder, ".env", "x\n")
    git(folder, "commit", "-qm", "start")
    git(folder, "rm", "-q", ".env")
    git(folder, "config", "log.showRoot", "false")
    assert ".env" in failures(folder)


def test_a_replaced_commit_does_not_hide_the_history(folder: Path) -> None:
    """`git replace` shows another history than the one that is shared."""
    git(folder, "commit", "-qm", "start")
    add(folder, "data/raw/gp.csv", "x\n")
    git(folder, "commit", "-qm", "oops")
    git(folder, "rm", "-q", "data/raw/gp.csv")
    git(folder, "commit", "-qm", "mend")
    git(folder, "replace", "HEAD~1", "HEAD~2")
    assert "data/raw/gp.csv" in failures(folder)


def test_a_history_that_is_cut_off_is_not_known(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A shallow copy says nothing of what came before."""
    git(folder, "commit", "-qm", "start")
    add(folder, "a.txt", "a\n")
    git(folder, "commit", "-qm", "more")
    copy = tmp_path_factory.mktemp("copy") / "pilot"
    git(folder, "clone", "-q", "--depth", "1", folder.as_uri(), str(copy))
    assert [check.mend for check in unknowns(copy)] == ["git fetch --unshallow"]


def test_a_variable_of_the_environment_does_not_hide_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pointing git at a clean repository elsewhere does not help."""
    add(folder, "data/raw/gp.csv", "x\n")
    git(folder, "init", "-q", "clean")
    monkeypatch.setenv("GIT_DIR", str(folder / "clean" / ".git"))
    assert "data/raw/gp.csv" in failures(folder)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [("data/", True), ("/data/raw/*\n!data/raw/.gitkeep\ndata/derived", True), ("data/raw/*\n", False),
     ("data/*/*\n!data/raw/gp.csv", False), ("# data/", False), ("data/*/*.csv", False)],
)  # fmt: skip
def test_a_data_folder_that_git_does_not_ignore_fails(folder: Path, lines: str, kept: bool) -> None:  # noqa: FBT001  a case
    """Only a plain line that leaves nothing in counts."""
    write(folder, ".gitignore", lines)
    assert ("out of git" not in failures(folder)) is kept


def test_another_folder_is_not_looked_at_instead(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A repository whose files are said to lie elsewhere is not known."""
    git(folder, "config", "core.worktree", str(tmp_path_factory.mktemp("clean")))
    assert "git cannot be asked" in unknowns(folder)[0].finding


@pytest.mark.parametrize("name", [".env", "keys/id_rsa", "server.pem", "tls.KEY", ".env.local"])
def test_a_file_that_holds_secrets_by_its_name_fails(folder: Path, name: str) -> None:
    """Whoever has a copy of the repository has the key."""
    add(folder, name, "x\n")
    assert f"hold secrets by their names: {name}" in failures(folder)


@pytest.mark.parametrize(("kind", "text"), SECRETS.items())
def test_each_kind_of_secret_is_found_and_never_repeated(folder: Path, kind: str, text: str) -> None:
    """The finding names the kind, the file and the line, and not the secret."""
    add(folder, "notebooks/fetch.py", f"# one\n{text}\n")
    found = failures(folder)
    assert f"{kind} in notebooks/fetch.py, line 2" in found
    assert text not in found


@pytest.mark.parametrize(
    "text",
    ["password = getpass()", 'password = "<ask the owner>"', "password: ${DB_PASSWORD}", 'token = "token"', "pwd = ''",
     "https://example.org:8080/a@b", "keywords: falls 2026", 'password = os.environ["P"]'],
)  # fmt: skip
def test_a_place_for_a_secret_is_none(text: str) -> None:
    """Where the secret is to be put, or is asked for, nothing is written out."""
    assert find_secrets(text, "settings.yml") == ()


def test_a_password_without_quotation_marks_is_found_in_settings() -> None:
    """In YAML and the like a value needs no marks; in prose it is a sentence."""
    text = "db:\n  pass" + "word: hunter2-falls\n"
    assert [trace.line for trace in find_secrets(text, "settings.yml")] == [2]
    assert find_secrets(text, "README.md") == ()


def test_a_secret_that_is_staged_is_found_though_the_file_was_mended(folder: Path) -> None:
    """What git holds is read, and what lies in the folder."""
    add(folder, "a.py", SECRETS["a password"])
    write(folder, "a.py", "clean\n")
    assert "a password in a.py" in failures(folder)
    add(folder, "a.py", "clean\n")
    write(folder, "a.py", SECRETS["a password"])
    assert "a password in a.py" in failures(folder)


def test_an_nhs_number_is_told_by_its_check_digit() -> None:
    """By the published rule; numbers that start 999 are for tests and nobody's."""
    assert all(is_nhs_number(number.replace(" ", "")) for number in NHS)
    assert not any(is_nhs_number(number) for number in ("9434765918", "4010232138", "9990000018", "4444444444"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"NHS number {NHS[0]}", True),
        (f"nhs_no,age\n{NHS[1]},80\n", True),
        (f"{NHS[1]},80\n", False),
        ("\n".join(NHS), True),
        ("\n".join([NHS[1]] * 9), False),
        ("NHS trust, telephone 943 476 5918", False),
        (f"NHS hash ab{NHS[1]}cd", False),
        ("National Insurance AB123456C", True),
        ("AB 12 34 56 C", True),
        ("part AB123456C", False),
        ("GB 12 34 56 C", False),
        ("surname;dob\nSmith;01/02/1940\nJones;03/04/1950\n", True),
        ("A column called surname and one called dob.\n", False),
    ],
)
def test_numbers_of_people_are_found_and_chance_is_not(text: str, found: bool) -> None:  # noqa: FBT001  a case
    """A number counts with a word beside it, or when there are several."""
    assert bool(find_people(text)) is found


def test_a_number_of_a_person_in_git_fails(folder: Path) -> None:
    """In any text, in the encodings that Excel writes too."""
    add(folder, "notes.txt", f"NHS number\n{NHS[0]}\n".encode("utf-16"))
    assert "an NHS number in notes.txt, line 2" in failures(folder)


def test_a_notebook_with_outputs_fails(folder: Path) -> None:
    """Outputs show data; a notebook without any passes."""
    cell = {"cell_type": "code", "source": "1", "outputs": []}
    add(folder, "notebooks/clean.ipynb", json.dumps({"cells": [cell]}))
    assert failures(folder) == ""
    add(folder, "notebooks/run.ipynb", json.dumps({"cells": [cell | {"outputs": [{"text": "1"}]}]}))
    assert "notebooks with outputs, which may show data: notebooks/run.ipynb" in failures(folder)


def test_a_text_that_is_too_large_is_not_known(folder: Path) -> None:
    """What was not looked through is told; pictures are no text."""
    add(folder, "log.txt", "x" * ((1 << 20) + 1))
    add(folder, "map.png", b"\x89PNG\0" + b"x" * (1 << 21))
    assert [check.finding.split(": ")[-1] for check in unknowns(folder)] == ["log.txt"]


def test_a_repository_inside_is_not_known(folder: Path) -> None:
    """What lies in a repository of its own is not looked into, and that is told."""
    git(folder, "init", "-q", "inner")
    write(folder, "inner/a.txt", "a\n")
    git(folder / "inner", "add", ".")
    git(folder / "inner", "commit", "-qm", "a")
    git(folder, "add", "inner")
    assert "another repository lies inside" in unknowns(folder)[0].finding


def test_a_pilot_in_a_part_of_a_repository_is_looked_at_alone(folder: Path) -> None:
    """What lies beside the pilot is not its own."""
    add(folder, "other.csv", "x\n")
    add(folder, "pilot/.gitignore", IGNORED)
    assert failures(folder / "pilot") == ""
    add(folder, "pilot/mine.csv", "x\n")
    assert failures(folder / "pilot") == "git tracks 1 file(s) of data: mine.csv"


def test_3_500_files_are_looked_through_in_under_two_seconds(folder: Path) -> None:
    """A partnership with thousands of flows does not wait."""
    text = "id: gp-to-fire\npurpose: home visits\nretention: {until: 2027-03-31}\nkeywords: [a, b]\n" * 5
    for number in range(3500):
        write(folder, f"governance/flows/flow-{number}.yml", text)
    git(folder, "add", ".")
    started = time.process_time()
    assert failures(folder) == ""
    assert time.process_time() - started < 2
