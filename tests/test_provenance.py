"""Provenance: what a report was made from, as the run's record has it and not as the settings are today."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from finished import context, made_up
from oda.reports.expanding import expand
from oda.reports.sources.provenance import fingerprint, shorten

pytestmark = pytest.mark.xdist_group("run")
TEXT = "---\ntitle: T\n---\n\n{{< oda provenance >}}\n"


def plain(text: str) -> str:
    """Return markdown without the marks that keep words literal."""
    return text.replace("\\", "").replace("&#40;", "(").replace("&#41;", ")")


def test_run_versions_packages_code_and_document_are_named(tmp_path):
    """Whoever wants the same figures again knows which run, which packages, which code and which text."""
    text, record = plain(expand(TEXT, context(tmp_path))), made_up().run.record
    for said in (
        record["id"],
        f"| pandas | {record['versions']['pandas']} |",
        f"| List of packages (lock) | {record['inputs']['lock'][:12]} |",
        f"| Code of the oda package | {record['inputs']['oda'][:12]} |",
        f"| Document | reports/board.qmd ({hashlib.sha256(TEXT.encode()).hexdigest()[:12]}) |",
        "governance/datasets/falls.yml",
        "Open Government Licence v3.0",
        "which notebooks were kept from earlier runs",
    ):
        assert said in text


def test_the_same_document_on_windows_has_the_same_hash(tmp_path):
    """A line that ends in two characters there is the same line."""
    first, second = context(tmp_path), context(tmp_path)
    expand(TEXT, first)
    expand(TEXT.replace("\n", "\r\n"), second)
    assert first.digest == second.digest


def test_nothing_in_it_depends_on_when_or_how_often_the_notebooks_ran(tmp_path):
    """Executed again or kept from an earlier run, tomorrow or today: the same inputs give the same bytes."""
    run = made_up().run
    outcomes = [
        one | {"reused": "falls-1", "seconds": 99.0, "notebook_sha256": "0" * 64} for one in run.record["outcomes"]
    ]
    later = replace(run, record=run.record | {"outcomes": outcomes, "finished": "2030-01-01T00:00:00+00:00"})
    body = TEXT + "\n{{< oda say effect >}}\n\n{{< oda sources >}}\n"
    assert expand(body, context(tmp_path)) == expand(body, context(tmp_path, later))


def test_a_hash_is_shortened_and_words_are_not():
    """Twelve characters tell two files apart; of data about people without a keyed hash none is shown."""
    people = {"x-ig": {"class": "personal"}, "resources": [{"hash": ""}]}
    assert shorten(fingerprint({"sha256": "ab" * 32}, people)) == "hash not shown"
    assert shorten("ab" * 32) == "ab" * 6
