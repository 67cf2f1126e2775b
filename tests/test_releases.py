"""The machine's disclosure check: nothing small, nothing changed and nothing unlisted goes out."""

from __future__ import annotations

import json
import os

import pytest

from oda import disclosure
from oda.errors import GateError, SettingsError
from oda.governance import counts
from oda.governance.counts import count_page, count_table
from oda.governance.release_files import newest_release, read_listed
from oda.governance.releases import check_outputs
from oda.pilot import Disclosure
from release import DAY, ID, PAGE, Made, released

RULE = Disclosure(hide_below=8, round_to=5)
links = pytest.mark.skipif(os.name == "nt", reason="Windows lets few people make a link")


@pytest.fixture
def made(pilot_folder) -> Made:
    """Return a pilot with a run and a release of it."""
    return released(pilot_folder)


def said(made: Made) -> str:
    """Return what the check finds wrong; fail if it finds nothing."""
    checks = check_outputs(made.folder)
    assert {check.passed for check in checks} == {False}
    assert all(check.mend for check in checks)
    return " ".join(check.finding for check in checks)


def test_a_release_as_it_was_made_passes(made):
    """Files, rule and counts are as they should be, and the finding says what the machine did not look at."""
    (check,) = check_outputs(made.folder)
    assert check.passed is True
    assert "3 files as listed, 1 counts shown, 2 cells hidden" in check.finding
    assert "second person" in check.finding


def test_no_release_is_not_known_and_says_what_to_do(pilot_folder):
    """Before the first release there is nothing to fail."""
    (check,) = check_outputs(pilot_folder)
    assert check.passed is None
    assert check.mend.endswith("release")


def test_a_changed_file_is_named(made):
    """One byte more in a page that was listed."""
    (made.pages / "board.html").write_text(PAGE + " ", encoding="utf-8")
    assert "board.html has changed since the release was made" in said(made)


def test_a_missing_file_is_named(made):
    """A PDF that was listed and is not there."""
    (made.pages / "board.pdf").unlink()
    assert "board.pdf is listed in the release and is not in" in said(made)


def test_a_file_that_nobody_checked_is_named(made):
    """A page put beside those of the release; what a file manager leaves behind does not count."""
    (made.pages / "data" / ".DS_Store").write_bytes(b"x")
    assert check_outputs(made.folder)[0].passed
    (made.pages / "data" / "extra.csv").write_text("a\n", encoding="utf-8")
    assert "not listed: data/extra.csv" in said(made)


def test_changed_results_are_found(made):
    """The results decide which columns are counts, so they cannot be changed either."""
    path = made.run.folder / "results.json"
    path.write_text(path.read_text(encoding="utf-8").replace("Admissions", "Rate (%)"), encoding="utf-8")
    assert "results.json has changed" in said(made)


def test_a_small_count_put_into_a_csv_is_named_by_file_column_and_row(made):
    """Also when the release was made again so that all hashes agree: no notebook handed that figure over."""
    path = made.pages / "data" / "board-years.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("[c]", "3", 1), encoding="utf-8")
    text = said(made.again())
    assert "data/board-years.csv is not what a notebook handed over" in text
    assert "data/board-years.csv: column 'Admissions', row 2, holds 3" in text
    made.edit('why: "TODO', 'why: "no such')
    assert "is not what a notebook handed over" in said(made)


def test_counts_that_were_never_protected_are_named(pilot_folder):
    """A notebook that hands over raw counts is found by their not being rounded, however large."""
    made = released(pilot_folder, rows=[["2024/25", 42, 1234.5]])
    assert [(one.where, one.what, one.numbers) for one in made.release.disclosure.findings] == [
        ("years", "Admissions", 1)
    ]
    assert "column 'Admissions', row 1, holds 42" in said(made)
    assert "still says TODO at disclosure.findings.0.why" in said(made)


def test_a_reason_lets_numbers_stand_and_is_kept_for_the_next_release(pilot_folder):
    """People say once what a column counts, and the next release carries it to the signers again."""
    made = released(pilot_folder, rows=[["2024/25", 3, 1234.5]])
    made.edit(made.release.disclosure.findings[0].why, "ambulance stations, no people")
    assert check_outputs(made.folder)[0].passed
    later = made.again(DAY.replace(day=22))
    assert later.release.disclosure.findings[0].why == "ambulance stations, no people"


def test_taking_a_finding_out_of_the_release_fails(pilot_folder):
    """The numbers are looked at each time; the file only says why they may stand."""
    made = released(pilot_folder, rows=[["2024/25", 3, 1234.5]])
    text = made.path.read_text(encoding="utf-8")
    start, end = text.index("\n    - {where"), text.index("\nfiles:")
    made.path.write_text(text[:start] + " []" + text[end:], encoding="utf-8")
    assert "column 'Admissions', row 1, holds 3" in said(made)


def test_the_rule_must_be_the_pilot_s(made):
    """A release made under a laxer rule than pilot.yml has now is named as such."""
    made.edit("hide_below: 8", "hide_below: 5")
    assert "(hidden below 5, rounded to 5) is laxer than that of pilot.yml" in said(made)


def test_the_rule_must_be_that_of_the_run(made):
    """A rule made stricter after the run has protected nothing yet."""
    path = made.folder / "pilot.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("hide_below: 8", "hide_below: 10"), encoding="utf-8")
    text = made.path.read_text(encoding="utf-8").replace("hide_below: 8", "hide_below: 10")
    made.path.write_text(text, encoding="utf-8")
    assert "the run was made under another rule" in said(made)


def test_a_rule_laxer_than_the_preset_needs_a_reason(pilot_folder):
    """Who agreed to show more stands in the release, where signers see it."""
    path = pilot_folder / "pilot.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("hide_below: 8", "hide_below: 5"), encoding="utf-8")
    made = released(pilot_folder)
    assert "still says TODO at disclosure.laxer_because" in said(made)
    made.edit(made.release.disclosure.laxer_because, "")
    assert "is laxer than that of pilots of this kind (hidden below 8" in said(made)
    made.edit('laxer_because: ""', 'laxer_because: "open data, agreed by the county"')
    assert check_outputs(made.folder)[0].passed


@pytest.mark.parametrize(
    "path", ["../run.json", "/etc/hostname.csv", "C:/x.csv", "data\\x.csv", "data//x.csv", "./x.csv"]
)
def test_a_path_that_leaves_the_pages_is_refused(made, path):
    """A release lists plain paths among its own pages and no others."""
    made.edit('"board.html"', json.dumps(path))
    assert "files.0.path" in said(made)


@links
def test_a_page_that_is_a_link_is_refused(made):
    """Even to a file of the very same content: it can be changed elsewhere."""
    page, other = made.pages / "board.html", made.folder / "other.html"
    page.rename(other)
    page.symlink_to(other)
    with pytest.raises(GateError, match="is a link, or leads through one"):
        read_listed(made.folder, made.release, made.release.files[0])
    assert "is a link" in said(made)


@links
def test_a_folder_that_is_a_link_is_refused(made):
    """A run, a folder of pages or of releases cannot stand elsewhere."""
    home, other = made.run.folder, made.folder / "elsewhere"
    home.rename(other)
    home.symlink_to(other, target_is_directory=True)
    assert "is a link" in said(made)


def test_two_releases_of_a_day_are_refused(made):
    """It must be plain which one is meant."""
    made.path.with_name("2026-11-21-other.yml").write_bytes(made.path.read_bytes())
    with pytest.raises(SettingsError, match="2 releases of one day"):
        newest_release(made.folder)
    assert "2 releases of one day" in said(made)


def test_a_release_under_another_s_name_is_refused(made):
    """A copy under a later date is not a later release."""
    made.path.with_name("2026-12-01-falls.yml").write_bytes(made.path.read_bytes())
    assert "says that it is 2026-11-21-falls" in said(made)


def test_broken_release_files_are_findings_and_no_tracebacks(made):
    """Faults, bombs of aliases and names that are none are said in words."""
    text = made.path.read_text(encoding="utf-8")
    for broken, why in (
        (text.replace("run:", "ran:"), "run is missing"),
        (text.replace("2026-11-21", "TODO", 1), "TODO at prepared"),
        ("a: &b [1]\nc: *b\n", "aliases"),
    ):
        made.path.write_text(broken, encoding="utf-8")
        assert why in said(made)
    made.path.rename(made.path.with_name("newest.yml"))
    assert "newest.yml is not named as a release" in said(made)


def test_a_run_that_leaves_the_runs_folder_is_refused(made):
    """The run is named by its id, never by a path."""
    made.edit(f'run: "{ID}"', 'run: "../runs"')
    assert "run: found '../runs'. Write small letters" in said(made)


@pytest.mark.parametrize(
    ("html", "phrase"),
    [
        ("<p>Only <b>3</b> admissions</p>", "3 admissions"),
        ("<p>there were 7\nhome visits</p>", "7 home visits"),
        ('<img alt="Chart: 2 deaths in May">', "2 deaths"),
        ("<p>5&nbsp;People fell</p>", "5 people"),
        ("<p>4 beds were lost</p>", "4 beds"),
    ],
)
def test_a_small_count_in_words_is_found(html, phrase):
    """In sentences, in descriptions of charts, and in the unit of the data."""
    (breach,) = count_page("a.html", html, RULE, units=["beds"]).breaches
    assert str(breach) == f"a.html says {phrase!r}"


@pytest.mark.parametrize(
    "html",
    ["<p>8 admissions, 1,003 visits, 12 people</p>", "<p>1 in 4 people</p>", "<p>3 of 6 districts</p>",
     "<style>.a{margin:3 people}</style>", "<p>0 admissions; people aged 65 and over; 2.5 visits each</p>"],
)  # fmt: skip
def test_other_numbers_in_words_are_let_through(html):
    """Large counts, shares, districts and what no reader sees are no small counts of people."""
    assert count_page("a.html", html, RULE).breaches == ()


def test_a_table_typed_into_a_document_is_looked_at():
    """Numbers that came past the notebooks stand under the same rule."""
    html = "<table><tr><th>Area</th><th>Falls</th></tr><tr><td>X</td><td>3</td></tr></table>"
    assert [str(one) for one in count_page("a.html", html, RULE).breaches] == ["a.html: column 'Falls', row 1, holds 3"]


@pytest.mark.parametrize(
    ("head", "cells", "wrong"),
    [
        ("Falls", ["0", "10", "1,235", "[c]", "[x]"], 0),
        ("Falls", ["3", "[c]"], 1),
        ("Falls", ["3.0", "10"], 1),
        ("Falls", ["12"], 1),
        ("Falls", ["5", "7"], 2),
        ("Change (%)", ["3"], 0),
        ("Rate (per 100,000 people)", ["3"], 0),
        ("Step", ["-1", "0", "1"], 0),
        ("Year", ["2019", "2021"], 0),
        ("People in the year", ["3"], 1),
        ("Rate", ["3.5", "4.25"], 0),
    ],
)
def test_columns_of_counts_are_known_by_what_they_hold(head, cells, wrong):
    """A whole number without a unit of measure is a count until a person says otherwise."""
    found = count_table("a.csv", [[head], *([cell] for cell in cells)], None, RULE)
    assert len(found.breaches) == wrong


def test_the_mark_of_a_hidden_value_is_the_one_of_the_tables():
    """The check reads the same mark that tables write."""
    assert counts.HIDDEN == disclosure.HIDDEN


def test_the_hash_of_personal_data_is_in_no_release(pilot_folder):
    """The release file is kept in git, and the hash of a small file can be guessed."""
    made = released(pilot_folder, data_class="personal")
    assert made.release.data[0].sha256 is None
    assert "0" * 64 not in made.path.read_text(encoding="utf-8")
