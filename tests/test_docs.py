"""Documents under test: the map equals the tree, every command is described, links lead somewhere."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest
import yaml
from conftest import CODES

import oda
from finished import OPEN_CARD
from oda import evaluate
from oda.cli import main
from oda.loading import load
from oda.pilot import load_pilot

ROOT = Path(__file__).resolve().parents[1]
PRODUCTS = {".venv", "demo", "build", "node_modules"}
DOCUMENTS = sorted(
    path.as_posix()
    for path in (found.relative_to(ROOT) for found in ROOT.rglob("*.md"))
    if not PRODUCTS & set(path.parts) and not any(part.startswith(".") for part in path.parts)
)


def read(name: str) -> str:
    """Return a document."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_map_names_every_module():
    """Each module of the package and of the reports stands in ARCHITECTURE.md, and nothing else does."""
    named = set(re.findall(r"^ +([a-z_]+\.py)\b", read("ARCHITECTURE.md"), re.MULTILINE))
    there = {path.name for path in (ROOT / "shared" / "oda").glob("*.py")} | {
        path.name for path in (ROOT / "reports").glob("*.py")
    }
    folders = ("hooks", "shared/oda/evaluate", "shared/oda/governance")
    there |= {path.name for folder in folders for path in (ROOT / folder).glob("*.py")}
    assert named - there == set()
    assert there - named - {"__init__.py"} == set()
    packages = {path.parent.name for path in (ROOT / "shared" / "oda" / "evaluate").glob("*/__init__.py")}
    assert packages <= set(re.findall(r"^ +([a-z_]+)/ ", read("ARCHITECTURE.md"), re.MULTILINE))


def test_every_command_has_help_and_is_in_the_documents():
    """A person finds each command in the README or in ARCHITECTURE.md, and each says what it does."""
    text = read("README.md") + read("ARCHITECTURE.md")
    for name, command in main.commands.items():
        assert command.help, name
        assert re.search(rf"(oda|start\.py) {name}\b", text), name


def test_every_estimator_is_in_the_guide():
    """A person with a question finds every function of `oda.evaluate` in docs/evaluation.md."""
    text = read("docs/evaluation.md")
    functions = [name for name in evaluate.__all__ if not isinstance(getattr(evaluate, name), type)]
    assert [name for name in functions if f"`{name}" not in text] == []


def test_the_example_of_the_guide_gives_what_it_shows():
    """The commands of docs/evaluation.md are run, and their answers compared."""
    done = doctest.testfile(str(ROOT / "docs" / "evaluation.md"), module_relative=False, encoding="utf-8")
    assert (done.failed, done.attempted > 10) == (0, True)


def prose(text: str) -> str:
    """Return a document without its code, which may show a link that is none."""
    return re.sub(r"^( *)```.*?^\1```$|(`+)[^`].*?\2", "", text, flags=re.DOTALL | re.MULTILINE)


def links(text: str) -> list[str]:
    """Return where the links of a document lead, web addresses left out."""
    found = re.findall(r"\]\(<?([^)>\s]+)", text) + re.findall(r"^\[[^\]]+\]:\s*<?([^>\s]+)", text, re.MULTILINE)
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def anchors(text: str) -> set[str]:
    """Return what a link can point to within a document: its headings as GitHub writes them."""
    heads = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken(name: str, text: str) -> list[str]:
    """Return the links of a document that lead nowhere, seen from its own folder."""
    lost = []
    for link in links(prose(text)):
        path, _, anchor = link.partition("#")
        place = (ROOT / name).parent / path if path else ROOT / name
        if not place.exists() or (
            anchor and place.suffix == ".md" and anchor not in anchors(prose(place.read_text(encoding="utf-8")))
        ):
            lost.append(link)
    return lost


def test_the_documents_of_a_pilot_are_looked_at_too():
    """Every document of the repository is checked, those that a pilot gets included."""
    inner = {f"{{{{cookiecutter.project}}}}/{name}README.md" for name in ("", "data/", "governance/")}
    assert {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", *inner} <= set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files_and_headings_that_are_there(name):
    """No link of a document is broken."""
    assert broken(name, read(name)) == []


def test_a_broken_link_is_found():
    """A file or a heading that is not there is named, and one that is there is not: the check can fail."""
    text = (
        "[a](no.md) [b](README.md#no-such) [c](README.md#more) [d](https://x.org) ![e](docs/no.png)\n\n[f]: gone.md\n"
    )
    assert broken("README.md", text) == ["no.md", "README.md#no-such", "docs/no.png", "gone.md"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_heading_that_is_cited_exists(name):
    """Where a document names a heading of a README, that heading is there."""
    for cited in re.findall(r'`?README\.md`?, (?:under )?"([^"]+)"', read(name)):
        assert re.search(rf"^#+ {re.escape(cited)}$", read("{{cookiecutter.project}}/README.md"), re.MULTILINE), cited


def test_the_card_of_the_example_cites_a_heading_that_exists():
    """The comment in falls.yml sends an analyst to a heading of the pilot's README."""
    cited = re.search(r'README\.md, "([^"]+)"', read("{{cookiecutter.project}}/governance/datasets/falls.yml"))[1]
    assert f"\n## {cited}\n" in read("{{cookiecutter.project}}/README.md")


def test_the_folders_that_a_pilot_s_readme_names_are_there_or_made():
    """Each row of "What is where" is in the template, or is added to a pilot, or is made by a run."""
    table = read("{{cookiecutter.project}}/README.md").partition("## What is where")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `([^`]+?)/?` \|", table, re.MULTILINE))
    there = {path.name for path in (ROOT / "{{cookiecutter.project}}").iterdir()}
    assert named - there == {"runs", "exports", "published", "vendor", "requirements", "start.py"}


HEADING = "Indicator ID,Indicator Name,Parent Code,Area Code,Area Name,Area Type,Sex,Age,Category,Time period,Value"


def test_the_card_for_a_file_as_fingertips_gives_it_loads_one(pilot_folder, write_card):
    """The lines that README.md gives for Fingertips' own heading keep the rates of persons, one a district and year."""
    _, differing = re.findall(r"```yaml\n(.*?)```", read("README.md"), re.DOTALL)
    content = yaml.safe_load(OPEN_CARD)
    content["resources"][0] |= yaml.safe_load(differing)
    write_card(content)
    rows = [
        f"22401,Falls,E10000034,{code},Name,District,{sex},65+ yrs,,{year}/{year % 100 + 1},{rate + place}"
        for place, code in enumerate([*CODES, "E92000001"])
        for year in (2016, 2017)
        for sex, rate in (("Persons", 2000), ("Male", 1500), ("Female", 2500))
    ]
    text = "\n".join([HEADING, *rows])
    (pilot_folder / "data" / "raw" / "falls.csv").write_text(text, encoding="utf-8")
    frame = load("falls", load_pilot(pilot_folder)).frame
    assert len(frame) == 2 * len(CODES)
    assert sorted(set(frame["rate"])) == [2000 + place for place in range(len(CODES))]


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
    assert words <= set(main.commands) | {"dask", "demo", "test", "new", "lab", "run"}


def test_the_commands_of_start_py_are_those_it_does():
    """What `start.py` says it does in the template and in a pilot stands in its code."""
    text = read("start.py")
    for word in ("demo", "test", "new", "run"):
        assert f'command == "{word}"' in text
    for word in ("dask", "lab", "test"):
        assert f'"{word}": (' in text
