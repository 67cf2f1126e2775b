"""The probes together: each machine item is looked at, and what cannot be known is never met."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from oda.datasets import read_card
from oda.governance.probes import Check, measure, probe, write_measured
from oda.governance.probes.check import about_people


@dataclass(frozen=True)
class Card:
    """A dataset as a probe asks for it."""

    name: str
    data_class: str
    card_path: Path
    title: str = ""


@pytest.mark.parametrize("item", ["S04", "D03", "P01"])
def test_every_item_has_an_answer_with_or_without_datasets(item: str, tmp_path: Path) -> None:
    """At least one check, each with something found."""
    for checks in (probe(item, tmp_path), probe(item, tmp_path, ())):
        assert checks
        assert all(isinstance(check, Check) and check.finding for check in checks)


def test_an_item_that_is_not_looked_at_is_not_known(tmp_path: Path) -> None:
    """Never met by default."""
    assert [check.passed for check in probe("P01", tmp_path)] == [None]
    assert [check.passed for check in probe("D03", tmp_path)] == [None]


def test_a_class_that_is_not_known_counts_as_people(tmp_path: Path) -> None:
    """Only open and synthetic are free."""
    cards = [Card(name, name, tmp_path) for name in ("open", "synthetic", "personal", "Open")]
    assert [card.name for card in about_people(cards)] == ["personal", "Open"]


def test_whatever_failed_says_what_to_do(tmp_path: Path) -> None:
    """A finding without a next step helps nobody."""
    (tmp_path / "a.py").write_text("open('data/raw/x')", encoding="utf-8")
    (tmp_path / "gp.yml").write_text("resources: [{path: data/raw/x.csv}]\n", encoding="utf-8")
    checks = [
        check
        for item in ("S04", "D03")
        for check in probe(item, tmp_path, [Card("gp", "personal", tmp_path / "gp.yml")])
    ]
    failed = [check for check in checks if check.passed is False]
    assert len(failed) == 4
    assert all(check.mend for check in failed)


def test_a_new_pilot_passes_both_probes_quickly(baked_folder: Path) -> None:
    """Before any repository, with its made-up data not made yet."""
    card = read_card(baked_folder / "governance/datasets/falls.yml")
    started = time.process_time()
    checks = [check for item in ("S04", "D03") for check in probe(item, baked_folder, [card])]
    assert time.process_time() - started < 0.5
    assert [check.finding for check in checks if not check.passed] == []


def test_a_card_of_a_new_pilot_takes_its_measurement(pilot_folder: Path) -> None:
    """The card is read again with the three values, every comment kept."""
    path = pilot_folder / "governance/datasets/falls.yml"
    before = path.read_text(encoding="utf-8")
    (pilot_folder / "data/raw/falls.csv").write_text("a\n1\n", encoding="utf-8", newline="\n")
    measured = measure(pilot_folder, "data/raw/falls.csv", keyed=False)
    write_measured(path, measured, rows=1)
    resource = read_card(path).resource
    assert (resource.hash, resource.bytes, resource.rows) == (measured.hash, 4, 1)
    kept = [line for line in path.read_text(encoding="utf-8").splitlines() if line in before.splitlines()]
    assert kept == before.splitlines()
