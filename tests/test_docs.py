"""Documents under test: the map equals the tree, every command is described, links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import oda
from oda.cli import main

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]


def read(name: str) -> str:
    """Return a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_map_names_every_module():
    """Each module of the package and of the reports stands in ARCHITECTURE.md, and nothing else does."""
    named = set(re.findall(r"^ +([a-z_]+\.py)\b", read("ARCHITECTURE.md"), re.MULTILINE))
    there = {path.name for path in (ROOT / "shared" / "oda").glob("*.py")} | {
        path.name for path in (ROOT / "reports").glob("*.py")
    }
    there |= {path.name for path in (ROOT / "hooks").glob("*.py")}
    assert named - there == set()
    assert there - named - {"__init__.py"} == set()


def test_every_command_has_help_and_is_in_the_documents():
    """A person finds each command in the README or in ARCHITECTURE.md, and each says what it does."""
    text = read("README.md") + read("ARCHITECTURE.md")
    for name, command in main.commands.items():
        assert command.help, name
        assert re.search(rf"(oda|start\.py) {name}\b", text), name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files_that_are_there(name):
    """No link of a document is broken."""
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", read(name)):
        if "://" not in link:
            assert (ROOT / link).exists(), link


def test_public_names_are_what_the_package_says():
    """Everything in `oda.__all__` is there."""
    assert [name for name in oda.__all__ if not hasattr(oda, name)] == []


def test_the_version_has_one_home():
    """The template's version is the package's."""
    version = re.search(r'^version = "(.+)"', read("pyproject.toml"), re.MULTILINE)[1]
    assert f'"_template_version": "{version}"' in read("cookiecutter.json")
    assert f"## {version}" in read("CHANGELOG.md")


@pytest.mark.parametrize("name", ["README.md", "{{cookiecutter.project}}/README.md"])
def test_every_command_that_a_readme_tells_a_person_to_type_exists(name):
    """No README sends anybody to a command that is not there."""
    words = set(re.findall(r"(?:python3|py) start\.py ([a-z]+)", read(name)))
    assert len(words) >= 4
    assert words <= set(main.commands) | {"demo", "test", "new", "lab", "run"}


def test_the_commands_of_start_py_are_those_it_does():
    """What `start.py` says it does in the template and in a pilot stands in its code."""
    text = read("start.py")
    for word in ("demo", "test", "new", "run", "lab"):
        assert f'command == "{word}"' in text
