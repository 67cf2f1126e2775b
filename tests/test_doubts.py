"""What does not agree with the effect: every check that falls short is said, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_sensitivity import checked, panel

from oda.doubts import AGREED, MOST_WORDS, UNCLEAR, say_doubts
from oda.evaluate import Comparison
from oda.sensitivity import Checks


@pytest.fixture(scope="module")
def firm() -> tuple[Checks, Comparison]:
    """Return a large effect over many admissions, all checks of which agree but for chance among few districts."""
    checks, found = checked(panel(mean=4_000.0, effect=0.5))
    quiet = found.estimate
    in_time = (
        None if checks.in_time is None else replace(checks.in_time, others=checks.in_time.others.assign(value=1.0))
    )
    return replace(checks, in_time=in_time), replace(
        found, estimate=replace(quiet, permutation_p=0.01, smallest_p=0.01)
    )


def doubt(checks: Checks, found: Comparison, **changes: float) -> tuple[str, str]:
    """Return what is said in full and in short when the estimate is changed so."""
    said = say_doubts(checks, replace(found, estimate=replace(found.estimate, **changes)))
    return said.sentence, str(said.value or "")


def test_where_all_agree_nothing_is_doubted(firm):
    """The sentence says so, and there is no main point of it."""
    assert doubt(*firm) == (AGREED, "")


def test_another_method_that_leaves_room_for_no_effect_is_said(firm):
    """With its interval."""
    checks, found = firm
    other = replace(found.estimate, df=1.5, ci_high=1.01)
    full, short = doubt(checks, replace(found, beside=(other,)))
    assert "Another reasonable method gives" in full
    assert "1.0 per cent higher), which leaves room for no effect." in full
    assert short == "another reasonable method leaves room for no effect"
    assert doubt(checks, replace(found, beside=(replace(other, ci_high=0.9),)))[1] == ""


@pytest.mark.parametrize(
    ("p", "smallest", "words"),
    [
        (0.1, 0.1, "10 in 100 give a difference as large, the least that so few can give."),
        (0.3, 0.1, "30 in 100 give a difference as large, and so few cannot give less than 10."),
        (0.2, 0.01, "20 in 100 give a difference as large."),
    ],
)
def test_chance_among_few_districts_is_said(firm, p, smallest, words):
    """How many choices of districts give as much, and whether so few could ever give less."""
    assert doubt(*firm, permutation_p=p, smallest_p=smallest)[0].endswith(words)


def test_made_up_starts_that_all_show_the_same_are_said(firm):
    """Each of them lower before there was a visit is a sign that something else was at work."""
    checks, found = firm
    assert checks.in_time is not None
    apart = replace(checks.in_time, others=checks.in_time.others.assign(value=[0.955, 0.96, 0.97]))
    full, _ = doubt(replace(checks, in_time=apart), found)
    assert (
        "All 3 starts made up before the visits, when there was no effect to find, give 4.5 per cent lower to 3.0"
        in full
    )


def test_an_effect_smaller_than_these_districts_find_reliably_is_said(firm):
    """Power is low where a reduction of this size would often be missed."""
    checks, found = firm
    assert "found reliably" in doubt(checks, replace(found, sd_change=found.sd_change * 1_000))[0]


def test_an_effect_that_hangs_on_single_districts_is_said(firm):
    """Its interval holds no effect once one of them is left out."""
    checks, found = firm
    assert checks.left_out is not None
    others = checks.left_out.others.assign(ci_high=[1.1, 1.1, *checks.left_out.others["ci_high"][2:]])
    full, short = doubt(replace(checks, left_out=replace(checks.left_out, others=others)), found)
    assert "With one district left out the effect cannot be told from none in 2 of 6 cases." in full
    assert short == "it hangs on single districts"


def test_groups_that_moved_apart_come_first_and_the_short_form_is_short(firm):
    """The weightiest doubts fit a main point, the first of them before all others."""
    _, found = firm
    checks, _ = checked(panel(mean=400.0, drift=-0.15))
    _, short = doubt(checks, found, permutation_p=0.1, smallest_p=0.1)
    assert short.startswith("the two groups moved apart before the visits")
    assert len(short.split()) <= MOST_WORDS


def test_an_effect_that_cannot_be_told_from_none_is_not_doubted_again(firm):
    """Its interval says it; only methods are looked at, so no more is claimed, though a check tells it from none."""
    checks, found = firm
    assert (checks.left_out.others["ci_high"] < 1).any()
    assert doubt(checks, found, ci_high=1.2, permutation_p=0.5, smallest_p=0.1) == (UNCLEAR, "")
