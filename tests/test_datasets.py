"""A dataset's card is read strictly, and is a Data Package that other programs read too."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import COLUMNS, card
from frictionless import Package

from checkout import TEMPLATE, git
from oda.datasets import FOLDERS, find_dataset, load_datasets, read_card
from oda.errors import DatasetError
from oda.loading import load
from oda.pilot import Pilot

CARD = card(path="data/raw/mine.csv", columns=COLUMNS)
Write = Callable[..., Path]


def changed(**change: Any) -> dict[str, Any]:
    """Return a card of which something is different."""
    return {**deepcopy(CARD), **change}


def resource(**change: Any) -> dict[str, Any]:
    """Return a card of whose resource something is different."""
    return changed(resources=[{**deepcopy(CARD["resources"][0]), **change}])


def columns(*names: str, kind: str = "string") -> dict[str, Any]:
    """Return a card with columns of these names."""
    return resource(schema={"fields": [{"name": name, "type": kind} for name in names]})


def test_a_card_says_what_a_dataset_is(write_card: Write) -> None:
    """Class, columns, headings and units come from the card."""
    found = read_card(write_card(CARD))
    assert found.data_class == "open"
    assert [column.source for column in found.columns] == ["Area Code", "Period", "Count"]
    assert found.unit("admissions") == ""


def test_the_template_s_card_states_units_and_the_planted_truth() -> None:
    """The card of the made-up data carries the unit of every number and the effect that was planted."""
    falls = read_card(TEMPLATE / "governance" / "datasets" / "falls.yml")
    assert falls.synthetic is not None
    assert falls.synthetic.planted_rate_ratio == 0.85
    assert falls.unit("population") == "people"


REFUSED = [
    (changed(name="other"), r"mine\.yml names its dataset 'other'\. Give the file and the dataset the same name"),
    (changed(colour="red"), r"mine\.yml: colour: extra inputs are not permitted"),
    (resource(path="../secret.csv"), r"resources\.0\.path: '\.\./secret\.csv' leaves the pilot's folder"),
    (resource(path="/etc/passwd"), r"'/etc/passwd' leaves the pilot's folder"),
    (resource(path=r"C:\data.csv"), r"leaves the pilot's folder; write a path inside it with forward slashes"),
    (
        resource(path="gp.csv"),
        r"'gp\.csv' lies where it could be committed; put the file in data/raw/ and write data/raw/",
    ),
    (resource(path="data/gp.csv"), r"'data/gp\.csv' lies where it could be committed; .*write data/raw/gp\.csv"),
    (resource(path="data/*/gp.csv"), r"'data/\*/gp\.csv' lies where it could be committed"),
    (resource(path="data/rawest/gp.csv"), r"'data/rawest/gp\.csv' lies where it could be committed"),
    (changed(licenses=[]), r"mine\.yml: licenses: tuple should have at least 1 item"),
    (changed(**{"x-ig": {"class": "public", "controller": "Me"}}), r"x-ig\.class: input should be 'synthetic', 'open'"),
    (changed(**{"x-ig": {"class": "synthetic", "controller": "Me"}}), r"class synthetic and x-synthetic go together"),
    (columns("period", "admissions"), r"a column named district_code or district_name is needed"),
    (columns("district_code"), r"a column named period is needed"),
    (columns("district_code", "period", "period"), r"columns must differ, but period stands more than once"),
    (columns("district_code", "period", "district"), r"district is made by the software; give the column another name"),
    (columns("district_code", "period", "Count"), r"fields\.2\.name: string should match pattern .*\(found 'Count'\)"),
    (
        columns("district_code", "period", kind="date"),
        r"fields\.0\.type: input should be 'string', 'integer' or 'number'",
    ),
    (resource(**{"x-where": {"New data": False}}), r"x-where\.New data: found False; write the text as it stands"),
    (resource(**{"x-where": {"Category": None}}), r"x-where\.Category: found None; .*between quotation marks"),
    (
        resource(**{"x-period": "year"}),
        r"x-period: input should be 'month', 'quarter', 'calendar-year' or 'financial-year'",
    ),
]


@pytest.mark.parametrize(("content", "message"), REFUSED)
def test_a_wrong_card_is_refused(write_card: Write, content: dict[str, Any], message: str) -> None:
    """Each fault of a card is named with its place, its value and what may stand there."""
    path = write_card(CARD)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(DatasetError, match=message):
        read_card(path)


def test_all_faults_of_a_card_are_named_at_once(write_card: Write) -> None:
    """A card with two faults is mended in one go."""
    with pytest.raises(DatasetError, match=r"(?s)licenses: .*\n.*sources: "):
        read_card(write_card(changed(licenses=[], sources=[])))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_leaves_out_every_file_that_a_card_may_name(write_card: Write, pilot_folder: Path) -> None:
    """Whatever `git add --all` takes of data/ is not data, in folders of an analyst's own making too."""
    for path in [f"{folder}/{name}" for folder in FOLDERS for name in ("gp.csv", "deep/er/gp.xlsx")]:
        read_card(write_card(resource(path=path)))
        (pilot_folder / path).parent.mkdir(parents=True, exist_ok=True)
        (pilot_folder / path).write_text("a row", encoding="utf-8")
    (pilot_folder / "data" / "gp.csv").write_text("a row", encoding="utf-8")
    git(pilot_folder, "init", "--quiet")
    git(pilot_folder, "add", "--all")
    kept = git(pilot_folder, "ls-files", "data").split()
    assert kept == ["data/README.md", "data/derived/.gitkeep", "data/raw/.gitkeep"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: mine\nname: yours\n", r"mine\.yml cannot be read as YAML: .*'name' is given twice"),
        ("name: &a mine\ntitle: *a\n", r"aliases \(\*name\) are not taken"),
        ("name: [mine\n", r"mine\.yml cannot be read as YAML"),
        ("", r"mine\.yml must hold names and values"),
    ],
)
def test_yaml_that_hides_something_is_refused(write_card: Write, text: str, message: str) -> None:
    """A name given twice, an alias, broken YAML and an empty card are refused."""
    path = write_card(CARD)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=message):
        read_card(path)


def test_an_unknown_dataset_is_answered_with_those_there_are(pilot: Pilot) -> None:
    """A wrong name lists the cards of the pilot."""
    with pytest.raises(
        DatasetError, match=r"No dataset 'fall': governance/datasets/fall\.yml does not exist.*: falls\."
    ):
        find_dataset(pilot, "fall")


def test_a_pilot_without_a_card_is_refused(pilot: Pilot, pilot_folder: Path) -> None:
    """A pilot holds at least one dataset."""
    (pilot_folder / "governance" / "datasets" / "falls.yml").unlink()
    with pytest.raises(DatasetError, match=r"No dataset card in governance/datasets\. Write one"):
        load_datasets(pilot)


def test_cards_come_in_order_of_name(pilot: Pilot, write_card: Write) -> None:
    """Every card of the folder is read."""
    write_card(CARD)
    assert [dataset.name for dataset in load_datasets(pilot)] == ["falls", "mine"]


def test_the_card_is_a_data_package_that_describes_its_file(pilot: Pilot, pilot_folder: Path) -> None:
    """frictionless, a program that knows nothing of ours, finds the made-up file to be as the card says."""
    load("falls", pilot)
    descriptor = yaml.safe_load((pilot_folder / "governance" / "datasets" / "falls.yml").read_text(encoding="utf-8"))
    report = Package.from_descriptor(descriptor, basepath=str(pilot_folder)).validate()
    assert report.valid, report.flatten(["type", "message"])
    assert report.tasks[0].stats["rows"] == 312


def test_frictionless_finds_what_is_not_as_the_card_says(pilot: Pilot, pilot_folder: Path) -> None:
    """The check above is one that can fail: a word in a column of counts is found."""
    load("falls", pilot)
    data = pilot_folder / "data" / "synthetic" / "falls.csv"
    data.write_text(data.read_text(encoding="utf-8").replace(",22800,", ",many,", 1), encoding="utf-8")
    descriptor = yaml.safe_load((pilot_folder / "governance" / "datasets" / "falls.yml").read_text(encoding="utf-8"))
    assert not Package.from_descriptor(descriptor, basepath=str(pilot_folder)).validate().valid
