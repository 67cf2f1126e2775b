"""The assessments of a pilot: what ships asks only to be filled in, and each rule refuses its case in words."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from oda.governance.files import KINDS, Held, check
from oda.governance.files.confidentiality import PRINCIPLES
from oda.governance.files.equality import CHARACTERISTICS, Equality, Impacts
from oda.governance.files.ethics import LEVEL_TWO_FROM, LEVEL_TWO_QUESTIONS, QUESTIONS, Answers, Ethics
from oda.governance.files.impact import LEVELS, Dpia, overall_level
from oda.governance.files.screening import ALWAYS, CONSIDER, screening_says
from oda.pilot import read_yaml

PILOT = Path(__file__).parents[1] / "{{cookiecutter.project}}"
MODELS = {kind.pattern: kind.model for kind in KINDS}
SHIPPED = ("dpia", "ethics", "eqia", "confidentiality")
LONGEST = 140  # lines of a shipped file

# A plausible value for each place that is still to do, where a sentence will not do.
VALUES: dict[str, dict[str, object]] = {
    "dpia": {
        r"screening\..*": False,
        r"risks\.\d\.residual": "low",
        r"risks\.\d\.approved": True,
        r"outcome\.(ico_consulted|views\.departed_from)": False,
        r"outcome\.dpo_advice\.outcome": "accepted",
        r"review_by": "2027-06-30",
    },
    "ethics": {
        r"answers\.(public_trust|bias)\.answer": "unclear",
        r"answers\.(explainable|redress)\.answer": "partly",
        r"answers\.communication\.answer": "planned",
        r"answers\.accountable\.answer": "named",
    },
    "eqia": {r".*\.impact": "not_known", r"decision\.outcome": "go_ahead", r"review_by": "2027-06-30"},
    "confidentiality": {
        r"duty\.route": "consent",
        r"opt_outs\.national_data_opt_out": "applied",
        r"decided_on": "2027-01-31",
    },
}
CHOICES = {
    name: get_args(field.annotation.model_fields["answer"].annotation) for name, field in Answers.model_fields.items()
}
LINKAGE: dict[str, Any] = {
    "datasets": ["gp_list", "fire_visits"],
    "keys": ["NHS number, replaced by a code"],
    "method": "probabilistic",
    "threshold": 12.5,
    "match_rate_expected": 0.92,
    "match_rate_source": "A trial on 200 records.",
    "missed_matches": [{"group": "Moved home", "expected_rate": 0.2, "evidence": "The trial.", "action": "Reported."}],
    "clerical_review": {"pairs": 100, "which": "Those near the threshold.", "by": "asr"},
    "key_held_by": "siro",
}
CLOSE: dict[str, Any] = {
    "closed_on": "2027-09-30",
    "deletions": [
        {
            "dataset": "gp_list",
            "partner": "north-practice",
            "deleted_on": "2027-09-01",
            "method": "secure_delete",
            "certified_by": "iao",
        }
    ],
    "source_record_untouched": True,
    "dea_register_end": None,
    "lessons": "reports/lessons.qmd",
    "kept": [{"what": "The report", "why": "Published.", "until": "2034-09-30", "by": "iao"}],
}
SYNTHETIC: dict[str, Any] = {
    "source_dataset": "gp_list",
    "synthetic_dataset": "gp_list_made_up",
    "generator": {"name": "A generator", "version": "1.0", "settings": "As in the notebook."},
    "source_rows": 1000,
    "synthetic_rows": 1000,
    "intruder_test": {
        "tested_on": "2027-01-10",
        "by": "oc",
        "sources_used": "Local news and the electoral roll.",
        "attempts": 20,
        "people_found": 0,
    },
    "nearest_neighbour": {"exact_copies": 0, "closer_to_source": 0.51, "how": "Half of the rows were held back."},
    "attribute_disclosure": [{"attribute": "Frailty", "guessed_with": 0.31, "guessed_without": 0.3}],
    "decision": {"outcome": "publish", "reasons": "Nobody was found.", "by": "dpo", "on": "2027-01-20"},
    "review_by": "2028-01-20",
}


def shipped(name: str) -> dict[str, Any]:
    """Read a file as it is shipped."""
    return read_yaml(PILOT / "governance" / f"{name}.yml")


def filled(name: str) -> dict[str, Any]:
    """Return a shipped file with a plausible value at each place that is still to do."""
    content = shipped(name)
    for place in held(name, content).todos:
        fitting = (value for pattern, value in VALUES[name].items() if re.fullmatch(pattern, place))
        put(content, place, next(fitting, "As the steering group agreed in January."))
    return content


def put(content: Any, place: str, value: object) -> None:
    """Write a value at a place such as `risks.0.residual`."""
    *path, last = (int(step) if step.isdigit() else step for step in place.split("."))
    for step in path:
        content = content[step]
    content[last] = value


def changed(content: dict[str, Any], **changes: object) -> dict[str, Any]:
    """Return a copy with other values; two underscores stand for the dot of a place."""
    made = copy.deepcopy(content)
    for place, value in changes.items():
        put(made, place.replace("__", "."), value)
    return made


def held(name: str, content: dict[str, Any]) -> Held:
    """Check the content of a file of `governance/`."""
    place = f"governance/{name}.yml"
    return check(place, content, MODELS[place])


def fault(name: str, content: dict[str, Any]) -> str:
    """Return the one fault of a file."""
    (found,) = held(name, content).faults
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_has_nothing_wrong_and_something_to_do(name):
    """A new pilot starts with drafts that only ask to be filled in."""
    found = held(name, shipped(name))
    assert found.faults == ()
    assert found.todos
    assert not found.is_ready


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_can_be_filled_in(name):
    """With each TODO written over, the file is ready to be signed."""
    found = held(name, filled(name))
    assert found.faults == ()
    assert found.is_ready


@pytest.mark.parametrize("name", SHIPPED)
def test_every_mark_says_what_to_write(name):
    """A person who meets a TODO reads what belongs there, and an editor finds the file's schema."""
    text = (PILOT / "governance" / f"{name}.yml").read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema=schema/{name}.json\n")
    assert text.count("TODO") - 1 == len(re.findall(r"TODO: [a-z_]+[,;]? \w+", text))  # the heading speaks of it once
    assert text.count("\n") <= LONGEST


def test_the_shipped_file_words_each_screening_line_as_the_model_does():
    """The lines of the screening list have one wording."""
    text = (PILOT / "governance" / "dpia.yml").read_text(encoding="utf-8")
    for line, words in {**ALWAYS, **CONSIDER}.items():
        assert re.search(rf"^    {line}: .*  # {re.escape(words)}$", text, re.MULTILINE)
    assert (len(ALWAYS), len(CONSIDER)) == (12, 9)


@pytest.mark.parametrize(
    ("name", "questions"), [("ethics", {**QUESTIONS, **LEVEL_TWO_QUESTIONS}), ("confidentiality", PRINCIPLES)]
)
def test_the_shipped_file_words_each_question_as_the_model_does(name, questions):
    """A question stands above its answer, in the words of the model."""
    lines = (PILOT / "governance" / f"{name}.yml").read_text(encoding="utf-8").splitlines()
    above = [lines[number - 1] for number, line in enumerate(lines) if line.startswith("  ") and "#" not in line]
    for words in questions.values():
        assert sum(re.fullmatch(rf"  # (\d\. )?{re.escape(words)}.*", line) is not None for line in above) == 1


def test_the_shipped_ethics_file_lists_the_answers_in_the_order_of_their_points():
    """What may be answered stands beside the question, from no points to two."""
    text = (PILOT / "governance" / "ethics.yml").read_text(encoding="utf-8")
    for name, title in QUESTIONS.items():
        assert f"  # {title} {', '.join(CHOICES[name])}\n  {name}:" in text


# Screening


def test_one_yes_asks_for_an_assessment_whatever_is_still_open():
    """The falls pilot combines sources and uses health data, so it needs the whole assessment from the start."""
    assert screening_says(shipped("dpia")) is True


def test_screening_rules_an_assessment_out_only_when_every_line_is_answered_no():
    """A line left open, left out or marked TODO is never taken as a no."""
    screening: dict[str, Any] = {"always": dict.fromkeys(ALWAYS, False), "consider": dict.fromkeys(CONSIDER, False)}
    raw = {"screening": screening}
    assert screening_says(raw) is False
    screening["consider"]["scoring"] = "TODO: true or false"
    assert screening_says(raw) is None
    screening["consider"]["scoring"] = "false"
    assert screening_says(raw) is None
    del screening["consider"]["scoring"]
    assert screening_says(raw) is None
    screening["consider"]["major_project"] = True
    assert screening_says(raw) is True


@pytest.mark.parametrize("raw", [{}, {"screening": None}, {"screening": "TODO"}, {"screening": {"always": []}}])
def test_screening_of_a_file_that_is_not_filled_in_says_nothing(raw):
    """A file in any state can be asked."""
    assert screening_says(raw) is None


def test_a_screening_line_cannot_be_left_out_or_made_up():
    """Nobody gets round a line by deleting it."""
    content = filled("dpia")
    del content["screening"]["always"]["several_sources"]
    assert fault("dpia", content) == "governance/dpia.yml: screening.always.several_sources is missing. Add it."
    content["screening"]["always"] |= {"several_sources": True, "our_own": False}
    assert "screening.always.our_own" in fault("dpia", content)


# The impact assessment


def test_the_matrix_is_the_regulator_s():
    """Likelihood from remote to probable, for each severity."""
    table = {
        severity: [overall_level(likelihood, severity) for likelihood in ("remote", "possible", "probable")]
        for severity in ("minimal", "significant", "severe")
    }
    assert table == {
        "minimal": ["low", "low", "low"],
        "significant": ["low", "medium", "high"],
        "severe": ["low", "high", "high"],
    }


def test_a_risk_is_never_put_below_the_matrix_and_may_be_put_above():
    """A possible and severe harm is a high risk, whatever the author would like."""
    content = filled("dpia")
    for level in LEVELS[:2]:
        assert "possible and severe make it at least high" in fault("dpia", changed(content, risks__0__overall=level))
    assert held("dpia", changed(content, risks__1__overall="high")).is_ready


def test_a_high_risk_that_is_left_needs_the_regulator():
    """The file says which risk it is, and that the ICO is to be consulted."""
    content = changed(filled("dpia"), risks__0__residual="high")
    assert "1 of 4 risks stay high (A list of frail people is lost" in fault("dpia", content)
    assert held("dpia", changed(content, outcome__ico_consulted=True)).is_ready


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"risks__1__residual": "high"}, "residual high is above overall medium"),
        ({"risks__0__effect": "eliminated", "risks__0__residual": "medium"}, "eliminated leaves a residual of low"),
        ({"risks__0__effect": "accepted"}, "a risk that is accepted stays as it is: high, not low"),
        ({"risks__0__approved": False}, "measures that are not approved lower nothing"),
        ({"risks": []}, "no risk is listed"),
        ({"outcome__dpo_advice__outcome": "overruled"}, "advice is overruled; say why in reasons"),
        ({"outcome__views__departed_from": True}, "views of those consulted are departed from; say why"),
    ],
)
def test_the_impact_assessment_refuses_what_does_not_follow(changes, words):
    """A risk lowered by nothing, or advice set aside without a reason, is a fault in words."""
    assert words in fault("dpia", changed(filled("dpia"), **changes))


def test_advice_may_be_overruled_with_a_reason():
    """The officer advises; the role that decides says why it does otherwise."""
    changes = {"outcome__dpo_advice__outcome": "overruled", "outcome__dpo_advice__reasons": "The register needs it."}
    assert held("dpia", changed(filled("dpia"), **changes)).is_ready


def test_a_risk_still_to_do_is_no_fault():
    """A half-filled row is counted as to do, and not as an empty list."""
    found = held("dpia", changed(filled("dpia"), risks__0__residual="TODO: which"))
    assert (found.faults, found.todos) == ((), ("risks.0.residual",))


# Ethics, equality, confidentiality


def test_the_ethics_score_is_the_sum_of_the_answers():
    """Points go from 0 to 26, in the order in which the answers are listed."""
    content = filled("ethics")
    model = Ethics.model_validate(content)
    assert model.score == 2 + 2 + 2 + 1 + 0 + 1 + 1 + 0 + 1 + 1 + 2 + 1 + 0
    assert Ethics.model_validate(changed(content, answers__environment__answer="large")).score == model.score + 2


def test_a_score_at_the_threshold_needs_the_second_level():
    """One point below the threshold the second level may be left out; at the threshold it may not."""
    content = filled("ethics")
    del content["level_two"]
    asking = {"many_affected", "effect_on_people", "modelling", "personal_data"}
    for name, choices in CHOICES.items():
        content["answers"][name]["answer"] = choices[2 if name in asking else 0]
    assert f"the answers score {LEVEL_TWO_FROM} of 26" in fault("ethics", content)
    content["answers"]["many_affected"]["answer"] = "unclear"
    assert held("ethics", content).is_ready


def test_an_answer_that_is_not_offered_is_refused():
    """The fault names the answers there are."""
    found = fault("ethics", changed(filled("ethics"), answers__redress__answer="maybe"))
    assert "answers.redress.answer" in found
    assert "Write one of: in_place, partly, absent." in found


def test_all_nine_characteristics_are_asked_for():
    """None can be left out, and one with a negative impact is named."""
    assert tuple(Impacts.model_fields) == CHARACTERISTICS
    content = filled("eqia")
    del content["impacts"]["race"]
    assert "impacts.race is missing" in fault("eqia", content)


def test_a_negative_impact_needs_what_is_done_about_it():
    """With a mitigation in words the file holds, and the impact can be listed."""
    content = changed(filled("eqia"), impacts__sex__impact="negative")
    assert "impacts.sex: the impact is negative; say in mitigation" in fault("eqia", content)
    content = changed(content, impacts__sex__mitigation="Letters to both.")
    assert Equality.model_validate(content).impacts.negative() == ("sex",)


def test_no_proxy_at_all_needs_a_reason():
    """An empty list is an answer only with a sentence beside it."""
    content = changed(filled("eqia"), proxies=[])
    assert "no proxy for a protected characteristic is listed" in fault("eqia", content)
    assert held("eqia", changed(content, no_proxies_why="Only totals are used.")).is_ready


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"duty__route": "not_owed"}, "a duty of confidence is owed, so its route cannot be not_owed"),
        ({"duty__owed": False}, "no duty of confidence is owed, so its route is not_owed, not consent"),
        ({"duty__decided_by": None}, "name the role that decided the route"),
        ({"opt_outs__local_objection": "does_not_apply", "opt_outs__why": ""}, "local_objection: does_not_apply needs"),
        ({"principles__minimum": ""}, "principles.minimum"),
    ],
)
def test_the_confidentiality_review_refuses_what_does_not_follow(changes, words):
    """A duty has a route, a route has a role behind it, and an opt-out is set aside with a reason only."""
    assert words in fault("confidentiality", changed(filled("confidentiality"), **changes))


# What is not shipped: linkage, synthetic data, close


@pytest.mark.parametrize(("name", "content"), [("linkage", LINKAGE), ("synth/report", SYNTHETIC), ("close", CLOSE)])
def test_a_file_that_is_not_shipped_can_be_written(name, content):
    """Each has its model, and the pilot starts without it."""
    assert held(name, content).is_ready
    assert not (PILOT / "governance" / f"{name}.yml").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"datasets": ["gp_list", "gp_list"]}, "gp_list is listed more than once"),
        ({"threshold": None}, "a probabilistic linkage needs the threshold"),
        ({"missed_matches": []}, "say whose records may be missed"),
        ({"key_held_by": "analyst"}, "the key is held by the analyst"),
        ({"match_rate_expected": 92}, "match_rate_expected"),
    ],
)
def test_the_linkage_plan_refuses_what_cannot_be_carried_out(changes, words):
    """Nobody holds both the data and the key, and missed matches are thought of."""
    assert words in fault("linkage", changed(LINKAGE, **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"synthetic_dataset": "gp_list"}, "source and synthetic dataset are both gp_list"),
        ({"intruder_test__people_found": 1}, "people found by the intruder: 1"),
        ({"intruder_test__people_found": 21}, "21 people were found in 20 attempts"),
        ({"intruder_test__by": "analyst"}, "let another role try"),
        ({"nearest_neighbour__exact_copies": 3}, "rows that equal a real row: 3"),
        ({"attribute_disclosure": []}, "no attribute is listed"),
        ({"decision__on": "2027-01-01"}, "before the test on 2027-01-10"),
    ],
)
def test_the_review_of_synthetic_data_refuses_what_its_figures_speak_against(changes, words):
    """Data in which somebody was found are not published."""
    assert words in fault("synth/report", changed(SYNTHETIC, **changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"deletions": []}, "no deletion is certified"),
        ({"deletions": CLOSE["deletions"] * 2}, "the copy of gp_list at north-practice is certified 2 times"),
        ({"deletions__0__deleted_on": "2027-10-01"}, "deleted on 2027-10-01, after closed_on 2027-09-30"),
        ({"kept__0__until": "2027-01-01"}, "'The report' is kept until 2027-01-01, before closed_on"),
        ({"source_record_untouched": False}, "source_record_untouched"),
    ],
)
def test_the_close_refuses_what_does_not_follow(changes, words):
    """Every copy has one certificate, dated before the close, and the source record stays."""
    assert words in fault("close", changed(CLOSE, **changes))


def test_a_pilot_with_nothing_to_delete_says_so():
    """A pilot on open data closes with a sentence."""
    content = changed(CLOSE, deletions=[], nothing_to_delete_why="Only open and made-up data were used.")
    assert held("close", content).is_ready


def test_a_blank_reason_is_no_reason():
    """Spaces do not stand for a sentence."""
    content = changed(filled("dpia"), outcome__dpo_advice__outcome="overruled", outcome__dpo_advice__reasons="   ")
    assert fault("dpia", content).startswith("governance/dpia.yml: outcome.dpo_advice: the data protection officer's")
    assert isinstance(Dpia.model_validate(filled("dpia")), Dpia)
