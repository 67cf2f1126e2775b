"""Quality assurance, the evaluation plan and models: what their files may say, and what is refused."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest

from oda.governance.checklist import load_checklist
from oda.governance.files.atrs import TransparencyRecord
from oda.governance.files.base import Held, IgFile, check
from oda.governance.files.evaluation import EvaluationPlan
from oda.governance.files.model import ModelCard, ModelPlan
from oda.governance.files.quality import LOGS, AssuranceStatement, QualityAnswers, quality_questions, read_log
from oda.pilot import LONGEST, read_yaml

TEMPLATE = Path(__file__).parents[1] / "{{cookiecutter.project}}"
QUESTIONS = TEMPLATE / "governance" / "aqa" / "questions.yml"
SHA = "0" * 64
DATA_LOG = LOGS["governance/aqa/data_log.csv"]
ROWS = """\
id,dataset,used_for,source,period,quality,suitability,problems,checked_by,checked_on
L1,falls,"Rates, by month",Hospital trust,2022 to 2025,green,amber,none,iao,2026-01-31
L2,visits,Number of visits,Fire service,2025,red,green,Two months are late,iao,2026-02-01
"""
IN_EXCEL = (
    "\ufeffid;dataset;used_for;source;period;quality;suitability;problems;checked_by;checked_on;;\r\n"
    "L2;visits;Number of visits;Fire service;2025;Red;GREEN;Two months are late;iao;01/02/2026;;\r\n"
    ";;;;;;;;;;;\r\n"
    'L1;falls;"Rates, by month";Hospital trust;2022 to 2025;Green;amber;none;iao;31/01/2026;;\r\n'
)
STATEMENT: dict[str, Any] = {
    "assured": ["The estimate and the board's report"],
    "assured_by": "asr",
    "assured_on": "2026-03-01",
    "how": ["Repeated the run"],
    "proportionate": True,
    "proportionate_why": "The decision is small and can be undone.",
    "limits": ["Few districts"],
    "unresolved": [],
    "statement": "The estimate can be relied on for this decision.",
}
TODO_PLAN = read_yaml(TEMPLATE / "governance" / "evaluation.yml")
EVALUATION: dict[str, Any] = {
    **TODO_PLAN,
    "baseline": {
        "dataset": "falls",
        "from": "2022-04",
        "until": "2025-03",
    },
    "sample": {"units": "Six districts", "smallest_effect": "5 per cent", "power": "80 per cent"},
    "decision_rule": {"fund": "At -5", "change": "Between", "stop": "At 0", "decided_by": "The board"},
    "review_by": "2026-04-01",
}
PLAN: dict[str, Any] = {
    "purpose": "Find homes where a fall is likely.",
    "target": {"what": "An admission", "population": "People aged 65 and over", "horizon": "12 months"},
    "prediction_time": "The first day of each quarter",
    "cut_off": "2025-03-31",
    "features": [
        {"name": "age", "dataset": "gp_list", "why": "Falls rise with it", "known_when_predicting": True},
        {"name": "falls before", "dataset": "gp_list", "why": "They recur", "known_when_predicting": True},
    ],
    "yardstick": {
        "baseline": "The frailty score alone",
        "metric": "Falls found in the top tenth",
        "better": "higher",
        "smallest_gain": 0.05,
        "why": "Visits are few",
    },
    "groups": ["women", "men"],
    "leakage": {"how": "Dates compared", "checked_by": "asr", "checked_on": "2025-05-01"},
    "decisions": {
        "automated": False,
        "significant": True,
        "special_category": True,
        "human_involvement": "A nurse reads each record and can leave a person out",
        "appeal": "By telephone to the practice",
        "recognised_legitimate_interest": False,
    },
}
RESULT: dict[str, Any] = {
    "metric": "Falls found in the top tenth",
    "better": "higher",
    "model": {"value": 0.31, "low": 0.28, "high": 0.34, "n": 4000},
    "baseline_name": "The frailty score alone",
    "baseline": {"value": 0.25, "low": 0.22, "high": 0.28, "n": 4000},
    "difference": {"value": 0.06, "low": 0.02, "high": 0.1, "n": 4000},
    "beaten": True,
}
CARD: dict[str, Any] = {
    "name": "Falls",
    "version": "1.0",
    "fitted_on": "2025-06-01",
    "training": {"dataset": "gp_list", "card_sha256": SHA, "rows": 9000, "cut_off": "2025-03-31"},
    "results": [RESULT],
    "calibration": {
        "slope": {"value": 0.97, "low": 0.9, "high": 1.04, "n": 4000},
        "intercept": 0.01,
        "statement": "As often as predicted.",
    },
    "groups": [
        {"group": one, "metric": "Brier score", "error": {"value": 0.1, "low": 0.09, "high": 0.11, "n": 2000}}
        for one in ("women", "men")
    ],
    "meant_for": "An order of visits",
    "not_for": "Any refusal of care",
    "limits": ["One county"],
}
RECORD: dict[str, Any] = {
    "metadata": {
        "organisation_type": ["local-authority"],
        "function": ["health"],
        "capability": ["forecasting"],
        "task": "Order visits",
        "region": ["west-midlands"],
        "phase": "beta-pilot",
    },
    "tier_1": {
        "name": "Falls",
        "description": "It puts homes in an order for visits, which nurses check.",
        "url": "https://example.org/falls",
        "contact": "oda@example.org",
        "organisation": "A council",
    },
    "owner_and_responsibility": {
        "organisation": "A council",
        "team": "Analytics",
        "senior_responsible_owner": "Director of health",
        "suppliers": [],
    },
    **{
        section: dict.fromkeys(fields.split(), "As the plan says")
        for section, fields in {
            "description_and_rationale": "detailed_description scope benefit previous_process alternatives_considered",
            "decision_making_process": "process_integration provided_information frequency_and_scale "
            "human_decisions_and_review required_training appeals_and_review",
            "data": "source_data sharing quality storage_and_security",
            "technical_details": "method performance maintenance",
        }.items()
    },
    "risks_and_impact": {
        "impact_assessments": [{"name": "DPIA", "summary": "Low risk is left", "date": "2025-05-01"}],
        "bias_and_fairness": "Errors by group stand in the card",
        "risks_and_mitigations": "Nurses can leave people out",
    },
}


def changed(content: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """Return content with the value at one dotted place changed."""
    made: Any = copy.deepcopy(content)
    *steps, last = (int(step) if step.isdecimal() else step for step in place.split("."))
    inner = made
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return dict(made)


def replies(**other: object) -> dict[str, Any]:
    """Return a file of answers, each yes but for the ones given."""
    ids = [key for stage in quality_questions().values() for key in stage.questions]
    return {"answered_by": "analyst", "answered_on": "2026-03-01", "answers": {**dict.fromkeys(ids, True), **other}}


def fault(content: dict[str, Any], model: type[IgFile]) -> str:
    """Return what is wrong with content that should be refused."""
    held = check("file.yml", content, model)
    assert held.faults
    return "\n".join(held.faults)


def log(text: str) -> Held:
    """Return a log of data as it is held."""
    return read_log("governance/aqa/data_log.csv", text, DATA_LOG)


def test_there_are_sixty_quality_questions():
    """They have the stages and numbers of the Analysis Function's, each id once, each short and a question."""
    stages = quality_questions().values()
    texts = {key: text for stage in stages for key, text in stage.questions.items()}
    assert [len(stage.questions) for stage in stages] == [19, 6, 26, 9]
    assert list(texts) == [f"Q{number:02d}" for number in range(1, 61)]
    assert len(set(texts.values())) == 60
    assert [text for text in texts.values() if not text.endswith("?") or len(text.split()) > 20] == []


def test_a_pilot_asks_the_questions_in_the_words_of_the_catalogue():
    """The comment above each answer is the question itself, so nobody must look it up."""
    asked = re.findall(r"^  # (.+\?)\n  (Q\d\d): TODO$", QUESTIONS.read_text(encoding="utf-8"), re.MULTILINE)
    assert {key: text for text, key in asked} == {
        key: text for stage in quality_questions().values() for key, text in stage.questions.items()
    }


def test_drafts_have_no_fault_and_wait_for_people():
    """What a pilot starts with is right as far as it goes, and is not ready to be signed."""
    folder = TEMPLATE / "governance"
    drafts = [
        check("questions.yml", read_yaml(QUESTIONS), QualityAnswers),
        check("statement.yml", read_yaml(folder / "aqa" / "statement.yml"), AssuranceStatement),
        check("evaluation.yml", TODO_PLAN, EvaluationPlan),
        *(read_log(place, (TEMPLATE / place).read_text(encoding="utf-8"), columns) for place, columns in LOGS.items()),
    ]
    assert [(one.faults, bool(one.todos)) for one in drafts] == [((), True)] * 6
    assert len(drafts[0].todos) == 61  # 60 answers and their day


def test_a_draft_never_repeats_what_pilot_yml_asks():
    """The questions and the answers expected have one home, so that they cannot come to differ."""
    assert {"questions", "expected", "evidence"} & {*TODO_PLAN, *TODO_PLAN["design"]} == set()


@pytest.mark.parametrize(
    ("content", "model"),
    [
        (replies(), QualityAnswers),
        (replies(Q07={"answer": False, "note": "Not yet"}, Q08="yes"), QualityAnswers),
        (STATEMENT, AssuranceStatement),
        (EVALUATION, EvaluationPlan),
        (PLAN, ModelPlan),
        (CARD, ModelCard),
        (RECORD, TransparencyRecord),
    ],
)
def test_a_file_that_is_filled_in_is_ready(content, model):
    """A file with every answer can be signed."""
    held = check("file.yml", content, model)
    assert (held.faults, held.is_ready) == ((), True)


def test_answers_are_counted_by_what_they_say():
    """A reader can list the questions whose answer is no."""
    held = check("file.yml", replies(Q07={"answer": False, "note": "Not yet"}), QualityAnswers)
    assert isinstance(held.content, QualityAnswers)
    assert list(held.content.replies("no")) == ["Q07"]
    assert len(held.content.replies("yes")) == 59


@pytest.mark.parametrize("answer", [False, "no", "not_applicable", {"answer": "no", "note": " "}])
def test_an_answer_other_than_yes_needs_its_reason(answer):
    """Whoever says no, or that a question does not apply, says why."""
    assert "a note must say why" in fault(replies(Q07=answer), QualityAnswers)


def test_no_question_can_be_left_out_or_made_up():
    """Sixty are asked and sixty are answered."""
    short = replies()
    del short["answers"]["Q60"]
    assert "question Q60 is not answered (Can readers tell us" in fault(short, QualityAnswers)
    assert "'Q61' is not one of the 60 questions" in fault(replies(Q61="yes"), QualityAnswers)


def test_an_analyst_cannot_assure_the_analysis():
    """The assurer is another person, in all cases."""
    assert "another person" in fault({**STATEMENT, "assured_by": "analyst"}, AssuranceStatement)


def test_excel_changes_nothing_that_is_signed():
    """A log saved and sorted by Excel holds the same rows: its marks, semicolons, dates and capitals fall away."""
    ours, theirs = log(ROWS), log(IN_EXCEL)
    assert ours.faults == theirs.faults == ()
    assert ours.raw == theirs.raw
    assert [row["id"] for row in ours.raw] == ["L1", "L2"]
    assert ours.canon == "csv-json-1"


def test_a_changed_word_in_a_log_changes_what_is_signed():
    """A rating made better after it was signed is seen."""
    assert log(ROWS).raw != log(ROWS.replace("red", "green")).raw


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("red", "blue", "L2.quality: 'blue' is no rating. Write red, amber or green"),
        ("2026-02-01", "02/29/2026", "L2.checked_on: '02/29/2026' is no date"),
        ("Two months are late", "", "L2.problems: the cell is empty. Fill it in, or write none"),
        ("L2", "L1", "id 'L1' stands more than once"),
        ("Two months are late", "=HYPERLINK(A1)", "begins with a character that Excel takes for a formula"),
        ("Two months are late", "Late, by two months", "row 2 has 11 cells, and 10 are wanted"),
        ("problems", "faults", "no column problems; unknown column faults. The first line must read: id,dataset"),
        ("problems", "id", "column id there twice"),
        ("none", '"none', "cannot be read as CSV"),
        ("none", "x" * LONGEST, "are taken"),
    ],
)
def test_a_log_says_which_cell_is_wrong(old, new, words):
    """A fault names the row and the column, and what to write."""
    assert words in "\n".join(log(ROWS.replace(old, new)).faults)


@pytest.mark.parametrize("text", ["", ",".join(DATA_LOG) + "\n"])
def test_an_empty_log_is_not_ready(text):
    """Sixty answers of yes with nothing in the logs are not quality assurance."""
    assert not log(text).is_ready


def test_a_cell_still_to_do_is_counted_and_no_fault():
    """A TODO may stand for a rating or a date until it is known."""
    held = log(ROWS.replace("red", "TODO").replace("2026-02-01", "TODO: a day"))
    assert (held.faults, held.todos) == ((), ("L2.quality", "L2.checked_on"))


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("outcomes.1.primary", True, "2 outcomes are primary"),
        ("outcomes.0.primary", False, "0 outcomes are primary"),
        ("baseline.from", "2025-04", "ends in 2025-03, before it begins in 2025-04"),
        ("baseline.dataset", "visits", "not that of the primary outcome"),
        ("decision_rule", {"fund": "At -5", "change": "Between", "decided_by": "The board"}, "decision_rule.stop"),
    ],
)
def test_a_plan_of_the_evaluation_is_held_to_its_own_terms(place, value, words):
    """One outcome decides, the baseline comes first, and the board says beforehand when it would stop."""
    assert words in fault(changed(EVALUATION, place, value), EvaluationPlan)


def test_a_feature_from_the_future_is_refused():
    """What is known only afterwards would make a model look better than it is."""
    words = fault(changed(PLAN, "features.1.known_when_predicting", value=False), ModelPlan)
    assert "falls before is not known at the moment of prediction" in words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"told": "By letter"}, "human_route must say how a person gets a human to decide"),
        ({"human_route": "Call the practice"}, "told must say how people learn of it"),
        ({"told": "By letter", "human_route": "Call", "special_category": True}, "needs explicit consent"),
        ({"told": "By letter", "human_route": "Call", "recognised_legitimate_interest": True}, "Article 6(1)(ea)"),
    ],
)
def test_a_significant_automated_decision_needs_its_safeguards(given, words):
    """A person about whom a machine alone decides is told, and can reach a human."""
    decisions = {**PLAN["decisions"], "automated": True, "special_category": False, **given}
    assert words in fault({**PLAN, "decisions": decisions}, ModelPlan)


def test_an_automated_decision_with_safeguards_can_be_planned():
    """The rules leave a way to do it rightly."""
    given = {
        "automated": True,
        "told": "By letter",
        "human_route": "Call",
        "special_category_route": "explicit_consent",
    }
    assert check("plan.yml", {**PLAN, "decisions": {**PLAN["decisions"], **given}}, ModelPlan).is_ready


def test_a_card_cannot_claim_more_than_its_interval():
    """Beaten is said only where the whole interval of the difference is a gain, whichever way is better."""
    doubtful = changed(CARD, "results.0.difference", {"value": 0.06, "low": -0.01, "high": 0.13, "n": 4000})
    assert "write beaten: false" in fault(doubtful, ModelCard)
    assert "the lower side of nothing" in fault(changed(CARD, "results.0.better", "lower"), ModelCard)


def test_a_card_without_a_baseline_or_with_one_not_beaten_is_refused():
    """A model that is no better than today's rule is used for a reason, or not at all."""
    without = {key: value for key, value in RESULT.items() if key != "baseline_name"}
    assert "results.0.baseline_name is missing" in fault(changed(CARD, "results.0", without), ModelCard)
    beaten = changed(CARD, "results.0.beaten", value=False)
    assert "used_though_not_better" in fault(beaten, ModelCard)
    assert check("card.yml", {**beaten, "used_though_not_better": "It needs no nurse's time"}, ModelCard).is_ready


def test_a_value_outside_its_interval_is_refused():
    """A slip of the pen is found before an assurer must find it."""
    assert "outside its own interval" in fault(changed(CARD, "calibration.slope.low", 0.98), ModelCard)


def test_every_item_says_what_its_signer_says_and_how_long_it_takes():
    """A signer sees one plain statement of their own, and 5 to 60 minutes of work."""
    for item in load_checklist().items:
        assert item.confirm.endswith("."), item.id
        assert "compliant" not in item.confirm.lower(), item.id
        assert len(item.confirm) < 200, item.id
        assert (item.minutes == 1) if item.by_machine else (5 <= item.minutes <= 60), item.id
