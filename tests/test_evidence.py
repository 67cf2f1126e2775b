"""Grades of evidence: by rule, capped where units are few, with the reasons and what would raise them."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from oda.errors import DesignError
from oda.evaluate import EvidenceGrade, evidence_grade, sentence
from oda.evaluate.worth.evidence import FEWEST_RANDOMISED, MOST_LOST, Design

DESIGNS = get_args(Design)
ALONE = ("interrupted time series", "before and after")
SHOWN = {"pre_trend": "tested", "prefit": "good", "balance": "shown", "attrition": 2.0, "adjusted": True}
BEST = {
    "randomised": 5,
    "regression discontinuity": 4,
    "instrumental variables": 4,
    "difference-in-differences": 3,
    "staggered adoption": 3,
    "synthetic control": 3,
    "controlled interrupted time series": 3,
    "weighting": 3,
    "interrupted time series": 2,
    "before and after": 2,
    "cross-section": 2,
}


def grade(design: str, **more: object) -> EvidenceGrade:
    """Return the grade of a design with six units of each sort and all shown, but for what is said."""
    control = 0 if design in ALONE else 6
    return evidence_grade(design, **{"n_treated": 6, "n_control": control, **SHOWN, **more})


@pytest.mark.parametrize("design", DESIGNS)
def test_each_design_reaches_the_level_of_the_scoring_guide_when_all_is_shown(design: str) -> None:
    """Six units of each sort and every check shown: the level is the design's own, and nothing caps it."""
    found = grade(design)
    assert (found.level, found.by_design, found.caps) == (BEST[design], BEST[design], ())


@pytest.mark.parametrize("n_treated", [1, 2])
@pytest.mark.parametrize("design", [design for design in DESIGNS if design not in ALONE])
def test_fewer_than_three_treated_units_cap_the_level_at_2(design: str, n_treated: int) -> None:
    """With one or two treated districts no comparison passes level 2, and the cap says why and that it is ours."""
    found = grade(design, n_treated=n_treated)
    assert found.level == 2
    if BEST[design] > 2:
        assert "anything else that happened there alone" in found.caps[0]
        assert "our rule" in found.caps[0]
        assert "Treat at least 3 units" in found.raises[0]


@pytest.mark.parametrize("seen", ["not examined", "differs"])
@pytest.mark.parametrize(
    "design", ["difference-in-differences", "staggered adoption", "controlled interrupted time series"]
)
def test_no_evidence_on_trends_before_the_start_caps_the_level_at_2(design: str, seen: str) -> None:
    """A comparison over time that was not shown to move alike before is level 2; a plot of it lifts the cap."""
    assert grade(design, pre_trend=seen).level == 2
    assert grade(design, pre_trend="plotted").level == 3


@pytest.mark.parametrize("prefit", ["poor", "not examined"])
def test_a_synthetic_control_that_does_not_fit_is_level_2(prefit: str) -> None:
    """A synthetic control that follows the treated district poorly, or was not looked at, is no comparison."""
    found = grade("synthetic control", prefit=prefit, n_control=20)
    assert found.level == 2
    assert "the synthetic control" in found.caps[0]


def test_one_group_before_and_after_is_1_or_2_and_1_when_the_worst_were_chosen() -> None:
    """Without a comparison the level is 1, adjusted 2; when people were chosen at their worst it is 1 all the same."""
    assert grade("before and after", adjusted=False).level == 1
    assert grade("before and after").level == 2
    chosen = grade("before and after", chosen_for_outcome=True)
    assert chosen.level == 1
    assert "moved back to usual anyway" in chosen.caps[0]
    assert grade("interrupted time series", chosen_for_outcome=True).level == 1


@pytest.mark.parametrize(
    "design", ["difference-in-differences", "synthetic control", "weighting", "staggered adoption"]
)
def test_a_comparison_of_units_chosen_at_their_worst_is_2(design: str) -> None:
    """The worst move back towards usual by more than their comparison does, so a comparison does not mend it."""
    found = grade(design, chosen_for_outcome=True)
    assert found.level == 2
    assert any("moved back to usual anyway" in cap for cap in found.caps)


@pytest.mark.parametrize("design", ["randomised", "regression discontinuity"])
def test_choice_by_chance_or_threshold_is_no_choice_for_the_outcome(design: str) -> None:
    """Where chance or a threshold decided, a bad outcome just before lowers nothing."""
    assert grade(design, chosen_for_outcome=True).level == grade(design).level


def test_a_share_lost_given_for_per_cent_is_refused() -> None:
    """0.15 is no loss of 0.15 per cent but 15 per cent written as a share."""
    with pytest.raises(DesignError, match=r"attrition is 0.15, which looks like a share. Give per cent, such as 15"):
        grade("randomised", attrition=0.15)
    with pytest.raises(DesignError, match=r"n_treated is 2.5. Give a whole number"):
        grade("randomised", n_treated=2.5)


def test_random_assignment_is_5_only_with_enough_units() -> None:
    """Four units an arm can be level 5, three cannot, whichever arm is the small one."""
    few = FEWEST_RANDOMISED - 1
    assert grade("randomised", n_treated=FEWEST_RANDOMISED, n_control=FEWEST_RANDOMISED).level == 5
    assert grade("randomised", n_treated=few).level == 3
    assert grade("randomised", n_control=few).level == 3


@pytest.mark.parametrize(
    ("more", "level", "words"),
    [
        ({"balance": "not shown"}, 4, "not shown to be alike"),
        ({"balance": "differs"}, 3, "the groups differed"),
        ({"attrition": None}, 4, "is not said"),
        ({"attrition": MOST_LOST + 1}, 3, "21 per cent of units were lost"),
        ({"contamination": True}, 4, "got some of the treatment"),
    ],
)
def test_random_assignment_that_was_not_shown_to_hold_is_less(more: dict[str, object], level: int, words: str) -> None:
    """Groups not shown alike, units lost or the treatment spilt over each hold a trial below level 5."""
    found = grade("randomised", **more)
    assert found.level == level
    assert words in found.caps[0]


@pytest.mark.parametrize(
    ("design", "level"), [("weighting", 2), ("instrumental variables", 3), ("regression discontinuity", 3)]
)
def test_groups_that_were_not_shown_alike_lower_a_comparison(design: str, level: int) -> None:
    """Weighting without a balance table, and a threshold or instrument without one, lose a level."""
    assert grade(design, balance="not shown").level == level
    assert grade(design, balance="differs").level == level


def test_spillover_lowers_a_comparison_of_districts() -> None:
    """When comparison districts got visits too, a comparison over time is level 2."""
    assert grade("difference-in-differences", contamination=True).level == 2


def test_showing_more_never_lowers_the_level_and_treating_more_never_does() -> None:
    """For every design, doubt on any one point never raises the level, and neither does a unit fewer."""
    doubts = {
        "pre_trend": "not examined",
        "prefit": "poor",
        "balance": "not shown",
        "attrition": 50.0,
        "contamination": True,
        "chosen_for_outcome": True,
        "adjusted": False,
    }
    for design, size in itertools.product(DESIGNS, range(1, 4)):
        for names in itertools.combinations(doubts, size):
            less = {name: doubts[name] for name in names[1:]}
            assert grade(design, **less, **{names[0]: doubts[names[0]]}).level <= grade(design, **less).level
    for design, n_treated in itertools.product(DESIGNS, range(1, 8)):
        assert grade(design, n_treated=n_treated).level <= grade(design, n_treated=n_treated + 1).level


def test_the_lowest_cap_comes_first_and_all_are_said() -> None:
    """One treated district, no look at trends and spillover: three caps, and something to do about each."""
    found = grade("difference-in-differences", n_treated=1, pre_trend="not examined", contamination=True)
    assert len(found.caps) == 3
    assert all(cap.startswith("At most level 2: ") for cap in found.caps)
    assert len(found.raises) == 4  # one for each cap, and the next better design
    tried = grade("randomised", n_treated=2, attrition=30.0)
    assert [cap[:15] for cap in tried.caps] == ["At most level 2", "At most level 3", "At most level 3"]


def test_the_sentence_gives_the_level_the_cap_and_no_verdict() -> None:
    """One treated district of six is never said to be strong evidence."""
    said = sentence(grade("difference-in-differences", n_treated=1, n_control=5))
    assert said.startswith("The evidence is level 2 of 5 on the Maryland scale: no stronger than")
    assert "can reach 3, but with 1 treated unit, anything else" in said
    assert not any(word in said for word in ("strongly", "significant", "proves"))
    assert sentence(grade("randomised"), subject="The trial").startswith("The trial is level 5 of 5")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"design": "rct"}, "design is 'rct'. Choose one of 'randomised'"),
        ({"pre_trend": True}, "pre_trend is True"),
        ({"prefit": "bad"}, "prefit is 'bad'"),
        ({"balance": "yes"}, "balance is 'yes'"),
        ({"n_treated": 0}, "0 units treated, 6 not"),
        ({"n_control": 0}, "6 units treated, 0 not. Give at least one treated and one comparison unit"),
        ({"design": "before and after", "n_control": 3}, "no comparison unit, or a design that compares"),
        ({"attrition": 120}, "attrition is 120"),
    ],
)
def test_what_is_no_evaluation_is_refused(more: dict[str, object], words: str) -> None:
    """Words that are not known and numbers that do not fit the design stop with what to write."""
    said = {"design": "randomised", "n_treated": 6, "n_control": 6, **more}
    with pytest.raises(DesignError, match=words):
        evidence_grade(**said)
