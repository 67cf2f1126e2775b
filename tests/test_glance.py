"""The first page at a glance: every question answered, rated in signs with words, and set against what was expected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from saying import NOT, RATIOS, estimated, strength, visits
from test_build import context

from oda.errors import RenderError
from oda.pilot import Question
from oda.reports.glance import points, questions, rate_cost, rate_effect, rate_strength
from oda.results import Fact

RESULTS = {
    "effect": estimated(RATIOS["lower"]),
    "strength": strength(3),
    "worth": NOT,
    "visits-total": visits(2000),
    "planted": Fact(sentence="The data are made up.", value=0.85, unit="rate ratio"),
}


def glance(folder, results=RESULTS, **asked: str) -> str:
    """Return the box of a pilot that asks these questions of these results."""
    made = context(folder, results=results)
    found = tuple(
        Question(id=key, report="board", question=words, expected="Much the same.", evidence=key)
        for key, words in (asked or {"effect": "Did it work?"}).items()
    )
    made.pilot = made.pilot.model_copy(update={"questions": found})
    return questions(made)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_each_question_has_its_answer_and_what_was_expected(tmp_path, number):
    """A pilot of one to four questions: as many terms, answers and expectations, in their order."""
    asked = {"effect": "Did it work?", "strength": "How sure?", "worth": "Worth it?", "visits-total": "How many?"}
    kept = dict(list(asked.items())[:number])
    box = glance(tmp_path, **kept)
    assert box.count("*Expected beforehand: ") == number
    places = [box.index(words.rstrip("?")) for words in kept.values()]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("name", "sign", "words"),
    [
        ("lower", "\N{MINUS SIGN}", "lower, by 15 per cent"),
        ("higher", "+", "higher, by 20 per cent"),
        ("unclear", "±", "not to be told from none, 16 per cent lower to 7.0 per cent higher"),
        ("alike", "0", "none to speak of"),
    ],
)
def test_the_sign_of_an_effect_has_its_words(name, sign, words):
    """An interval that holds no effect is neither plus nor minus."""
    said = rate_effect(estimated(RATIOS[name]))
    assert said[0] == sign
    assert said[1].startswith(words)


def test_an_effect_that_cannot_be_concluded_is_a_question_mark(tmp_path):
    """The box says so in the answer and in the rating, and strength is not rated."""
    box = glance(tmp_path, {**RESULTS, "effect": NOT, "strength": NOT})
    assert "Cannot be concluded\\. The data end before the visits" in box
    assert "[?]{.symbol} cannot be concluded" in box.replace("\\", "")
    assert "**Strength of evidence:** [?]{.symbol} not rated" in box.replace("\\", "")


@pytest.mark.parametrize("level", range(1, 6))
def test_strength_is_dots_of_so_many_and_words(level):
    """Three of five dots, and level 3 of 5 beside them."""
    assert rate_strength(strength(level)) == ("●" * level + "○" * (5 - level), f"level {level} of 5")


@pytest.mark.parametrize("fact", [visits(None), Fact(sentence="Nine.", value=9, unit="of 5"), NOT])
def test_what_is_no_grade_is_not_rated(fact):
    """Nine of five, a hidden count and no answer have no dots."""
    assert rate_strength(fact) == ("?", "not rated")


def test_the_cost_is_a_sum_or_not_known():
    """Pounds, said once, with their time and prices; no costs, no sum."""
    cost = Fact(sentence="It cost.", value=225_000.0, unit="£ from May 2024 to April 2025, in prices of 2025")
    assert rate_cost(cost) == ("", "£225,000 from May 2024 to April 2025, in prices of 2025")
    assert rate_cost(None) == ("£?", "not known")


def test_the_cost_has_one_form_in_words_and_at_a_glance():
    """Three figures, in millions from a million up, as sentences have it."""
    assert rate_cost(Fact(sentence="It cost.", value=3_080_000.0, unit="£ in 2025")) == ("", "£3.08 million in 2025")


def test_an_answer_that_cannot_be_told_from_none_says_so(tmp_path):
    """No bare higher or lower stands as an answer where the interval holds no difference; the doubt is said once."""
    bare = estimated(RATIOS["unclear"], estimand="rate ratio")
    doubt = "The data cannot tell this from no difference"
    assert glance(tmp_path, {"trend": bare}, trend="Lower?").count(doubt) == 1
    told = bare.model_copy(update={"sentence": f"It was lower. {doubt}."})
    assert glance(tmp_path, {"trend": told}, trend="Lower?").count(doubt) == 1
    assert doubt not in glance(tmp_path, {"trend": estimated(RATIOS["lower"])}, trend="Lower?")


def test_only_effects_are_rated(tmp_path):
    """A number of visits is no effect, and has no sign."""
    assert ".symbol" not in glance(tmp_path, **{"visits-total": "How many?"})
    assert ".symbol" not in glance(
        tmp_path, {"effect2": estimated(RATIOS["lower"], estimand="rate ratio")}, effect2="What is it?"
    )


def test_no_sign_stands_without_words(tmp_path):
    """After each sign come words that say the same, since it is not read aloud."""
    for name in RATIOS:
        for piece in glance(tmp_path, {**RESULTS, "effect": estimated(RATIOS[name])}).split("]{.symbol} ")[1:]:
            assert len(piece.split("\n")[0].split()) >= 2


def test_a_question_without_evidence_says_so_on_a_draft_beside_the_others(tmp_path):
    """An answer that nobody recorded is named in its place, and the other questions have theirs."""
    box = glance(tmp_path, nothing="What?", effect="Did it work?").replace("\\", "")
    assert "Not answered: no notebook recorded 'nothing', its evidence in pilot.yml" in box
    assert "[\N{MINUS SIGN}]{.symbol} lower, by 15 per cent" in box


def test_a_question_without_evidence_stops_what_is_to_be_published(tmp_path):
    """The document and the question are named, with what there is."""
    made = context(tmp_path, results={"effect": RESULTS["effect"]})
    gate = replace(made.assessment.gate("publish"), is_open=True)
    made.assessment = replace(made.assessment, gates=(gate,))
    said = r"reports/board\.qmd: question 'strength' is not answered: no notebook recorded .* Recorded: effect\."
    with pytest.raises(RenderError, match=said):
        questions(made)


def test_words_of_people_come_out_literally(tmp_path):
    """Markup in a question or a result is shown, not obeyed."""
    box = glance(tmp_path, {"effect": Fact(sentence="*5* <b> | [x](y)", value=1)}, effect="1. **Why** `$x$`?")
    assert "\\*5\\* \\<b\\> \\| &#91;x&#93;&#40;y&#41;" in box
    assert "1\\. \\*\\*Why\\*\\* \\`\\$x\\$\\`\\?" in box


def test_main_points_that_have_moved_are_named_below_the_list(tmp_path):
    """A reader of a draft sees that somebody must look at the words again."""
    made = context(tmp_path, results=RESULTS)
    made.pilot = made.pilot.model_copy(update={"folder": tmp_path})
    (tmp_path / "reports").mkdir()
    text = "points: [{id: ours, results: [effect], text: 'Visits helped.', seen: {effect: 'as much again'}}]"
    (tmp_path / "reports" / "main-points.yml").write_text(text, encoding="utf-8")
    said = points(made)
    assert said.startswith("- Visits helped\\.")
    assert "## Main points to look at again" in said
    assert "was written when effect was: as much again" in said.replace("\\", "")


def test_a_brief_has_the_first_points_only(tmp_path):
    """Three of them, the most important."""
    made = context(tmp_path, results=RESULTS)
    first, whole = ([line[:20] for line in points(made, most).splitlines() if line] for most in (3, 6))
    assert first == whole[:3]
    assert len(whole) == 5


def test_a_district_has_points_of_its_own(tmp_path):
    """Its rate and its visits, and that one district shows no effect."""
    made = context(tmp_path, results={"trend": estimated(RATIOS["lower"], estimand="rate ratio"), "visits": visits(0)})
    made = replace(made, district=made.pilot.districts[0])
    assert "No home visits were made here" in points(made)
    assert "One district cannot show" in points(made)
