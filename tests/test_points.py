"""Main points: short, in order, never more than the results bear; and people's edits are kept and flagged."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
import yaml
from saying import NOT, RATIOS, cases, estimated, strength, visits

from oda.cli_points import tell_moved, tell_points
from oda.errors import RenderError
from oda.reports.points.drafting import FIELD, count_words, draft_district_points, draft_points, fill_words
from oda.reports.points.edited import FILE, main_points, read_points, refuse_moved
from oda.reports.points.writing import write_points
from oda.results import Fact
from oda.runs import Run

PILOT = {
    "effect": estimated(RATIOS["lower"]),
    "strength": strength(3),
    "worth": NOT,
    "visits-total": visits(2000),
}
MOVED = {**PILOT, "effect": estimated(RATIOS["unclear"])}


def said(results: dict) -> list[str]:
    """Return the drafted points as a reader sees them."""
    return [fill_words(point.text, results) for point in draft_points(results)]


def edit(folder: Path, name: str, text: str, **more: object) -> None:
    """Change the words of one point in the file, as a person would."""
    path = folder / FILE
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    entry = next(one for one in content["points"] if one["id"] == name)
    entry.update({"text": text, **more})
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    """Make a pilot's folder with the drafted points in its file."""
    (tmp_path / "reports").mkdir()
    assert write_points(tmp_path, PILOT) == ()
    return tmp_path


def test_there_are_at_most_six_points_each_under_25_words():
    """Whatever the results say: either sign, wide, narrow, hidden, no answer, no worth."""
    for results in cases():
        points = said(results)
        assert len(points) <= 6
        assert max(map(count_words, points), default=0) < 25, points


def test_every_number_of_a_point_comes_from_a_result():
    """No digit stands in the text of any draft."""
    for results in cases():
        assert not [point.text for point in draft_points(results) if any(map(str.isdigit, FIELD.sub("", point.text)))]


def test_the_effect_comes_first_and_that_data_are_made_up_is_never_left_out():
    """The answer is the first point; seven points lose another than the warning."""
    for results in cases():
        names = [point.id for point in draft_points(results)]
        assert names[:1] == ["effect"] or "effect" not in results
        assert ("planted" in results) == ("planted" in names)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lower", "was 15 per cent lower than expected (interval: 24 to 5.0 per cent lower)."),
        ("higher", "was 20 per cent higher than expected (interval: 10 to 40 per cent higher)."),
        ("unclear", "is unclear: anything from 16 per cent lower to 7.0 per cent higher fits the data."),
        ("alike", "much as expected without visits"),
        ("lower, but hardly", "much as expected without visits"),
        ("wide", "is unclear: anything from more than 99 per cent lower to more than 10,000 per cent higher"),
    ],
)
def test_the_rule_of_the_effect_turns_on_sign_and_interval(name, words):
    """An interval that holds no effect is never said to be one, in either direction."""
    assert words in said({"effect": estimated(RATIOS[name])})[0]


def test_no_answer_is_said_to_be_none():
    """Where the effect cannot be estimated the point says so, and nothing is said of its range or drift."""
    assert said({"effect": NOT, "trend-before": NOT}) == [
        "What the visits changed cannot be concluded from these data."
    ]


@pytest.mark.parametrize(("level", "word"), [(1, "weak"), (2, "weak"), (3, "moderate"), (4, "strong"), (5, "strong")])
def test_strength_is_said_in_a_word_and_as_a_level(level, word):
    """A board reads weak, moderate or strong, with the level beside it."""
    assert f"The evidence is {word}, level {level} of 5" in said({"strength": strength(level)})[0]


def test_groups_that_moved_apart_are_warned_of():
    """A drift that the data tell from none stands among the points; one that they cannot does not."""
    apart = {**PILOT, "trend-before": estimated(RATIOS["higher"])}
    assert any("moved apart before the visits" in point for point in said(apart))
    assert not any("moved apart" in point for point in said({**PILOT, "trend-before": estimated(RATIOS["unclear"])}))


COST = Fact(sentence="It cost.", value=225_000.0, unit="£ from May 2024 to April 2025, in 2025 prices")
PAYS, LOSES, EITHER = (
    estimated(ends, scale="difference", unit="£", estimand="net")
    for ends in ((268e3, 17.8e3, 532e3), (-119e3, -169e3, -66e3), (847e3, -254e3, 2.21e6))
)


def test_public_value_and_savings_in_cash_are_set_against_the_cost_apart():
    """Visits that pay the public and cost the budget are said to do both, over which time and in which prices."""
    found = said({**PILOT, "worth": PAYS, "worth-cash": LOSES, "cost": COST})
    time = "from May 2024 to April 2025, in 2025 prices."
    assert f"Public value is £268,000 higher than cost (interval: £17,800 to £532,000 higher), {time}" in found
    assert f"Savings in cash are £119,000 lower than cost (interval: £169,000 to £66,000 lower), {time}" in found
    assert "Public value may be £254,000 lower to £2.21 million higher than cost." in said({**PILOT, "worth": EITHER})


def test_a_point_of_money_rests_on_the_time_that_it_names():
    """An edit of it is flagged when the months or the year of the prices move."""
    assert ("worth", "cost") in [one.results for one in draft_points({**PILOT, "worth": PAYS, "cost": COST})]


def test_what_does_not_agree_is_a_main_point():
    """A doubt stands among the points; where all agree there is none, and groups that moved apart come before it."""
    doubts = Fact(sentence="Not every check.", value="another reasonable method leaves room for no effect")
    words = "Treat this effect with care: another reasonable method leaves room for no effect."
    assert words in said({**PILOT, "doubts": doubts})
    assert not any("care" in point for point in said({**PILOT, "doubts": Fact(sentence="None.")}))
    apart = said({**PILOT, "doubts": doubts, "trend-before": estimated(RATIOS["higher"])})
    assert any("moved apart" in point for point in apart)
    assert words not in apart


@pytest.mark.parametrize("name", RATIOS)
def test_a_district_s_points_are_as_short_and_claim_no_effect(name):
    """However its rate changed, one district is said to show no effect."""
    found = estimated(RATIOS[name], estimand="rate ratio")
    assert next(one for one in draft_district_points({"trend": found}) if one.id == "alone").results == ()
    results = {"trend": found, "comparison": found, "visits": visits(None)}
    points = [fill_words(point.text, results) for point in draft_district_points(results)]
    assert max(map(count_words, points)) < 25
    assert "One district cannot show whether visits work" in points[-1]


def test_a_rate_without_a_change_is_no_firm_number_in_a_district_s_points():
    """Fifteen admissions, rounded, give a rate but hardly a change; the point says so, and none claims a comparison."""
    found = Fact(sentence="It was 1,195.", value=1195.0, unit="per 100,000 people aged 65 and over")
    points = draft_district_points({"trend": found, "comparison": found, "effect": NOT})
    texts = [fill_words(point.text, {"trend": found, "comparison": found}) for point in points]
    assert texts[0].endswith("was about 1,195 per 100,000 people aged 65 and over; its change cannot be told well.")
    assert "cannot be told closely" in texts[1]
    assert not any("compares all" in text for text in texts)
    assert max(map(count_words, texts)) < 25


def test_without_a_file_the_points_are_the_drafts(tmp_path):
    """Nobody need touch main points."""
    found = main_points(tmp_path, PILOT)
    assert [words for _, words, _ in found.texts] == said(PILOT)
    assert found.moved == ()


def test_a_point_that_nobody_edited_follows_its_numbers(folder):
    """The file written once does not freeze what the rules wrote."""
    assert [words for _, words, _ in main_points(folder, MOVED).texts] == said(MOVED)
    assert main_points(folder, MOVED).moved == ()


def test_an_edit_survives_a_rerun_and_takes_the_new_number(folder):
    """Words that a person wrote stay, and a number in them is today's."""
    edit(folder, "effect", "Home visits are followed by a rate {effect.value}.")
    again = {**PILOT, "visits-total": visits(2500)}
    write_points(folder, again)
    assert main_points(folder, again).texts[0][1] == "Home visits are followed by a rate 15 per cent lower."
    assert any("2,500" in words for _, words, _ in main_points(folder, again).texts)


def test_an_edit_is_flagged_when_its_numbers_move_until_somebody_accepts_it(folder):
    """The flag says what was and what is; looking at it and saying so takes it away."""
    edit(folder, "effect", "Home visits are followed by a rate {effect.value}.")
    (flag,) = write_points(folder, MOVED)
    assert "15 per cent lower (24 per cent lower to 5.0 per cent lower)" in flag
    assert "It is now: 5.0 per cent lower (16 per cent lower to 7.0 per cent higher)" in flag
    assert write_points(folder, MOVED, accept=["effect"]) == ()
    assert main_points(folder, MOVED).texts[0][1] == "Home visits are followed by a rate 5.0 per cent lower."
    assert len(main_points(folder, PILOT).moved) == 1


def test_an_edit_without_a_number_is_flagged_too(folder):
    """Visits helped is an opinion on numbers that may move."""
    edit(folder, "effect", "Visits helped.")
    assert len(main_points(folder, MOVED).moved) == 1


def test_an_edit_whose_number_is_gone_is_flagged_and_its_draft_is_shown(folder):
    """Where the effect can no longer be estimated the draft says so in its place, and somebody is told."""
    edit(folder, "effect", "Home visits are followed by a rate {effect.value}.")
    found = main_points(folder, {**PILOT, "effect": NOT})
    assert found.texts[0][:2] == ("effect", "What the visits changed cannot be concluded from these data.")
    assert "the draft stands in its place" in found.moved[0]
    assert "It is now: cannot be concluded" in found.moved[0]


def test_a_point_of_ones_own_and_one_left_out(folder):
    """A person adds a point on a result of theirs, and empties one that they do not want."""
    path = folder / FILE
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    content["points"].insert(0, {"id": "ours", "results": ["visits-total"], "text": "We made {visits-total.value}."})
    path.write_text(json.dumps(content), encoding="utf-8")
    edit(folder, "strength", "")
    assert len(main_points(folder, PILOT).moved) == 1
    assert write_points(folder, PILOT) == ()
    names = [name for name, _, _ in main_points(folder, PILOT).texts]
    assert names[0] == "ours"
    assert "strength" not in names
    assert "strength" in [entry.id for entry in read_points(folder) or ()]


def test_a_field_of_a_result_that_is_not_named_is_watched_too(folder):
    """A point cannot hide a number from the flag by leaving its result out of the list."""
    edit(
        folder,
        "strength",
        "We made {visits-total.value} visits.",
        seen={"strength": "3 level, of 5, on the Maryland scale"},
    )
    write_points(folder, PILOT)
    assert len(main_points(folder, {**PILOT, "visits-total": visits(2500)}).moved) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A rate 15 per cent lower.", "the number 15 per cent is typed by hand"),
        ("A rate {effect.size} lower, \N{FULLWIDTH DIGIT THREE} times.", "is typed by hand"),
        ("A rate about twelve per cent lower.", "is typed by hand"),
        ("A rate {effect.much} lower.", "there is no {effect.much}. There is: {effect.value}"),
        ("We made {visits.value} visits.", "there is no {visits.value}"),
        ("A rate {value} lower.", "has a brace that is no field"),
        (" ".join(["word"] * 25), "25 words. Say it in under 25"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_the_point(folder, text, words):
    """A number typed by hand, a field that is not there, a point too long: the file and the point are named."""
    edit(folder, "effect", text)
    with pytest.raises(RenderError, match=r"reports/main-points.yml, point 'effect'") as refused:
        main_points(folder, PILOT)
    assert words in str(refused.value)


def test_a_number_that_is_a_definition_may_stand(folder):
    """An age limit is no result."""
    edit(folder, "effect", "Among people aged {{< oda constant 65 >}} the rate was {effect.value}.")
    assert main_points(folder, PILOT).texts[0][1] == "Among people aged 65 the rate was 15 per cent lower."


def test_seven_points_and_two_of_one_name_are_refused(folder):
    """A reader takes in six."""
    path = folder / FILE
    one = {"results": ["effect"], "text": "A point."}
    path.write_text(json.dumps({"points": [{"id": f"p{n}", **one} for n in range(7)]}), encoding="utf-8")
    with pytest.raises(RenderError, match="has 7 points; a reader takes in 6"):
        read_points(folder)
    path.write_text(json.dumps({"points": [{"id": "p", **one}] * 2}), encoding="utf-8")
    with pytest.raises(RenderError, match="p stands more than once"):
        read_points(folder)


def test_accepting_what_is_not_there_is_refused(folder):
    """A slip of the finger accepts nothing."""
    with pytest.raises(RenderError, match=r"has no point 'cost' to accept\. There is: effect"):
        write_points(folder, PILOT, accept=["cost"])


def test_the_file_is_the_same_for_the_same_results(folder):
    """Writing it again changes no byte."""
    before = (folder / FILE).read_bytes()
    write_points(folder, PILOT)
    assert (folder / FILE).read_bytes() == before
    assert b"\r" not in before


def run_of(results: dict) -> Run:
    """Return a run whose notebooks recorded these results."""
    return Run(id="falls-1", folder=Path(), record={}, once={"30-effect": results})


def test_nothing_is_released_while_an_edit_is_to_be_looked_at(folder):
    """The refusal says what moved and how to say that the words fit."""
    refuse_moved(folder, run_of(MOVED))
    edit(folder, "effect", "Visits helped.")
    refuse_moved(folder, run_of(PILOT))
    with pytest.raises(RenderError, match=r"(?s)point 'effect' was written when.*report --points --accept ID"):
        refuse_moved(folder, run_of(MOVED))


def test_the_command_writes_the_file_and_says_what_has_moved(folder, capsys):
    """Points and how many are edited on one line; what has moved, and what to do, on the other stream."""
    edit(folder, "effect", "Visits helped.")
    pilot = SimpleNamespace(folder=folder)
    tell_points(pilot, run_of(MOVED), (), asked=True)
    tell_moved(pilot, run_of(MOVED))
    said = capsys.readouterr()
    assert "reports/main-points.yml has 4 main points, 1 of them edited." in said.out
    assert said.err.count("Main point 'effect' was written when effect was: 15 per cent lower") == 2
    with pytest.raises(click.UsageError, match="Add --points"):
        tell_points(pilot, run_of(MOVED), ("effect",), asked=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "# mine\npointz: []\n",
            r"main-points\.yml, line 2: pointz: this name is not known here \(did you mean 'points'\?",
        ),
        (
            "points:\n  - {id: a, results: [effect],\n     txt: b}\n",
            r"main-points\.yml, line 3: points\.0\.txt: this name",
        ),
        ("points:\n  - id: a\n    text: Visits: helped\n", r"main-points\.yml .*line 3: a colon stands within a text"),
        ('points:\n  - id: "a\n', r"main-points\.yml .*begins in line 2\): a quotation mark is not closed"),
        ("", r"main-points\.yml must hold names and values.*; it is empty"),
    ],
)
def test_a_slip_in_the_file_is_named_with_its_line(tmp_path, text, words):
    """A misspelt name or a quote left open stops what shows main points, in plain words, and no other report."""
    (tmp_path / "reports").mkdir()
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(RenderError, match=words):
        main_points(tmp_path, PILOT)
