"""S04: what lies in a pilot's folder beside its code: copies, links, modules in disguise, pipes, other pilots."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from oda.governance.probes import copies, walking
from oda.governance.probes.bypass import find_bypass
from oda.governance.probes.shadows import find_shadows

DATA = "id,age\n1,70\n"
READS = "import pandas as pd\npd.read_csv('../data/raw/gp.csv')\n"


@pytest.fixture
def pilot(tmp_path: Path) -> Path:
    """Make a folder with data about people in it."""
    write(tmp_path, "data/raw/gp.csv", DATA)
    return tmp_path


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file, and the folders above it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


def found(folder: Path, *, passed: bool | None = False, personal: bool = True) -> str:
    """Return what is found in a folder."""
    checks = find_bypass(folder, ("data/raw/gp.csv",), personal=personal)
    return "; ".join(check.finding for check in checks if check.passed is passed)


@pytest.mark.parametrize(
    "place", ["notebooks/figures.csv", "data/synthetic/x.csv", "runs/1/x", "vendor/x.whl", "x.txt"]
)
def test_a_copy_of_data_outside_the_data_folders_fails(pilot: Path, place: str) -> None:
    """Under whatever name; the file of the dataset itself is no copy."""
    assert found(pilot) == ""
    write(pilot, place, DATA)
    assert found(pilot) == f"data lie outside the data folders: {place} has the content of data/raw/gp.csv"
    assert found(pilot, personal=False) == ""


def test_a_second_name_of_the_data_on_the_disk_fails(pilot: Path) -> None:
    """A hard link is the same file."""
    os.link(pilot / "data/raw/gp.csv", pilot / "figures.csv")
    assert "figures.csv has the content of data/raw/gp.csv" in found(pilot)


def test_a_link_to_the_data_fails(pilot: Path) -> None:
    """Whether or not code names it; code that does is told too."""
    (pilot / "list.txt").symlink_to("data/raw/gp.csv")
    assert found(pilot) == "data lie outside the data folders: list.txt is a link to the data"
    write(pilot, "a.py", 'open("list.txt")\n')
    assert "a.py (list.txt)" in found(pilot)


def test_a_file_of_the_same_size_is_no_copy(pilot: Path) -> None:
    """Nor is an empty one; contents are compared to the end."""
    write(pilot, "a.txt", DATA.replace("70", "71"))
    write(pilot, "data/raw/empty.csv", "")
    write(pilot, "b.txt", "")
    assert found(pilot) == ""


def test_a_made_up_file_that_its_generator_sealed_may_be_copied_as_data(pilot: Path) -> None:
    """A trial of the gates uses it as real; with a wrong seal, or elsewhere, it is a copy."""
    write(pilot, "data/synthetic/a.csv", DATA)
    seal = hashlib.sha256(DATA.encode()).hexdigest()
    write(pilot, "data/synthetic/a.csv.sha256", f"{seal}\n")
    assert found(pilot) == ""
    write(pilot, "data/synthetic/a.csv.sha256", f"{seal[::-1]}\n")
    assert "data/synthetic/a.csv has the content" in found(pilot)


def test_the_seal_does_not_cover_the_data_under_a_second_name(pilot: Path) -> None:
    """The real file itself, linked among the made-up ones, is found."""
    (pilot / "data/synthetic").mkdir()
    os.link(pilot / "data/raw/gp.csv", pilot / "data/synthetic/a.csv")
    write(pilot, "data/synthetic/a.csv.sha256", hashlib.sha256(DATA.encode()).hexdigest())
    assert "data/synthetic/a.csv has the content" in found(pilot)


def test_files_too_large_to_compare_are_not_known(pilot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told, and never taken as no copy."""
    monkeypatch.setattr(copies, "LARGEST_TOTAL", 5)
    write(pilot, "x.txt", DATA)
    assert "too large to compare with the data: x.txt" in found(pilot, passed=None)


@pytest.mark.parametrize("name", sorted(walking.NO_CODE | walking.NEVER))
def test_a_folder_is_left_out_at_the_root_alone(pilot: Path, name: str) -> None:
    """A folder beside the notebooks with the name of one for installed packages is looked into."""
    write(pilot, f"{name}/own.py", READS)
    assert found(pilot) == ""
    write(pilot, f"notebooks/{name}/own.py", READS)
    assert f"notebooks/{name}/own.py (../data/raw/gp.csv)" in found(pilot)


def test_what_jupyter_keeps_of_a_notebook_is_not_looked_into(pilot: Path) -> None:
    """It is the notebook before its last save."""
    write(pilot, "notebooks/.ipynb_checkpoints/own-checkpoint.py", READS)
    assert found(pilot) == ""


@pytest.mark.parametrize("name", ["h.pyw", "h.ipy", "h.sh", "h.R", "h.sql", "h.ps1", "h.js", "Makefile", "H.PY"])
def test_code_of_other_kinds_is_read_as_text(pilot: Path, name: str) -> None:
    """A script beside the notebooks that names the data is found."""
    write(pilot, f"notebooks/{name}", "x = read('../data/raw/gp.csv')\n")
    assert f"notebooks/{name} (" in found(pilot)


def test_compiled_code_is_not_known(pilot: Path) -> None:
    """Nobody can read it; what Python keeps beside a module is left alone."""
    write(pilot, "notebooks/__pycache__/own.cpython-311.pyc", "")
    assert found(pilot, passed=None) == ""
    write(pilot, "notebooks/own.pyc", "")
    assert "cannot be read as Python: notebooks/own.pyc" in found(pilot, passed=None)


def test_a_linked_folder_fails(pilot: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What lies behind it is not looked into, and could be anything."""
    (pilot / "lib").symlink_to(tmp_path_factory.mktemp("lib"), target_is_directory=True)
    assert found(pilot) == "a folder is a link, and what lies there is not looked into: lib"


def test_a_pilot_inside_a_pilot_fails(pilot: Path) -> None:
    """Its own, laxer checklist would be asked."""
    write(pilot, "pilot.yml", "x: 1\n")
    assert found(pilot) == ""
    write(pilot, "sub/pilot.yml", "x: 1\n")
    assert found(pilot) == "a pilot inside this pilot is not looked at: sub/pilot.yml"


SHADOWS = ["click.py", "yaml.py", "pydantic/__init__.py", "notebooks/pandas.py", "hashlib.py", "sitecustomize.py",
           "usercustomize.py", "oda.so", "oda.pyc", "oda/__init__.py", "notebooks/oda.py", "a/re.py"]  # fmt: skip


@pytest.mark.parametrize("name", SHADOWS)
def test_a_file_that_takes_the_place_of_a_module_fails(pilot: Path, name: str) -> None:
    """Python looks beside the notebook, and where it is started, before anywhere else."""
    write(pilot, name, "x = 1\n")
    assert f"{name} takes the place of" in found(pilot)


def test_a_module_of_ones_own_takes_no_place() -> None:
    """Nor does one inside a package of one's own, a folder of tests, or a notebook."""
    names = [
        "own.py",
        "notebooks/falls.py",
        "own/__init__.py",
        "own/json.py",
        "tests/__init__.py",
        "json.ipynb",
        "re.sh",
    ]
    assert list(find_shadows(names)) == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
@pytest.mark.parametrize("name", ["h.py", "h.ipynb", "h.qmd", "h.sh", "figures.csv"])
def test_a_pipe_is_not_opened(pilot: Path, name: str) -> None:
    """Reading it would wait for ever."""
    os.mkfifo(pilot / name)
    assert found(pilot) == ""
    assert name == "figures.csv" or f"cannot be read as Python: {name}" in found(pilot, passed=None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.qmd", "```{python}\n x\n" * 20_000),
        ("a.qmd", "`{python}" + " " * 500_000),
        ("a.qmd", "{{<" * 200_000),
        ("a.ipy", "!x\n" + " " * 500_000 + "\n1+"),
        ("a.py", "x = " + "+".join(["'a'"] * 900)),
        ("a.py", "a = 'aa'\n" + "a = a.replace('a', a)\n" * 200 + "open(a)"),
        ("a.py", "open('" + "**/" * 150 + "x.csv')\nopen('" + "*a" * 200 + "/data/*/*.csv')"),
        ("a.sh", "".join(f"cat ../*/*/{number}\n" for number in range(50_000))),
    ],
)
def test_text_made_to_take_long_does_not(pilot: Path, name: str, text: str) -> None:
    """No file of code holds a check up."""
    write(pilot, name, text)
    started = time.process_time()
    find_bypass(pilot, ("data/raw/gp.csv",), personal=True)
    assert time.process_time() - started < 3


def test_more_code_than_there_is_time_for_is_not_known(pilot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not looked through is told."""
    write(pilot, "a.py", "x = 1\n")
    monkeypatch.setattr("oda.governance.probes.bypass.SECONDS", -1)
    assert "only 0 of 1 files of code were looked through" in found(pilot, passed=None)


def test_more_files_than_are_looked_at_is_not_known(pilot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not looked at is told."""
    monkeypatch.setattr(walking, "MOST_ENTRIES", 2)
    write(pilot, "a/b/c.py", "x = 1\n")
    assert "folders cannot be looked into" in found(pilot, passed=None)
