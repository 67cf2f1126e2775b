"""What a signer reads of the assessments: data protection, confidentiality, ethics and equality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from oda.governance.files.confidentiality import PRINCIPLES
from oda.governance.files.ethics import LEVEL_TWO_FROM, LEVEL_TWO_QUESTIONS, QUESTIONS, Answers
from oda.governance.files.screening import ALWAYS, CONSIDER
from oda.governance.telling.flow_topics import confidence, opt_outs
from oda.governance.telling.project import fields
from oda.governance.telling.reading import Reading, Told, ended, words

IMPACTS = ("negative", "not_known", "positive", "none")  # what needs most thought comes first
STEPS = {
    "controller": "whose assessment it is",
    "need": "why it is needed",
    "necessity": "necessity and proportion",
    "consultation": "whose views are asked",
}
PLAIN = {
    "name": "Controller",
    "dpo": "Data protection officer",
    "why": "Why an assessment is needed",
    "processing": "What is done",
    "other_way": "Whether there is another way",
    "function_creep": "What keeps the data from other uses",
    "high_risk_kinds": "Kinds of high risk",
    "codes": "Codes and standards",
}
DESCRIBED = {
    "nature": "what is done with the data",
    "scope": "which data, and how many",
    "context": "who the people are",
    "purposes": "what it is for",
}


def tell_dpia(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:
    """Tell the impact assessment: the screening list, then risks, advice and outcome, then the rest.

    Parameters
    ----------
    reading
        `governance/dpia.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        What is decided comes before what is described.
    """
    alone = not reading.asks("risks")
    if not alone:
        yield from _outcome(reading, roles)
        yield from _risks(reading)
    yield from _screening(reading, full=alone)
    if alone:
        return
    yield Told(about="review", text=f"Looked at again by: {reading.say('review_by')}")
    for step, title in STEPS.items():
        yield from fields(reading, title, step, labels=PLAIN)
    for step, title in DESCRIBED.items():
        yield from fields(reading, title, "description", step, labels=PLAIN)


def _screening(reading: Reading, *, full: bool) -> Iterator[Told]:
    """Tell each line answered yes as a sentence, count the others; where only the list is signed, name those, too."""
    found: dict[str, list[str]] = {}
    for part, lines in (("always", ALWAYS), ("consider", CONSIDER)):
        for line, sentence in lines.items():
            found.setdefault(reading.say("screening", part, line), []).append(sentence)
    total = len(ALWAYS) + len(CONSIDER)
    order = ("yes", *(answer for answer in found if answer not in {"yes", "no"}), "no")
    counts = ", ".join(f"{answer} {len(found.get(answer, []))}" for answer in order)
    yield Told(about="screening list", text=f"The screening list has {total} lines: {counts}.")
    for answer in order if full else order[:-1]:
        for sentence in found.get(answer, []):
            yield Told(about="screening list", text=f"- {sentence}", heading=f"Answered {answer}:")


def _risks(reading: Reading) -> Iterator[Told]:
    """Tell each risk with its level, its measures and what is left."""
    risks = reading.entries("risks")
    for number, risk in enumerate(risks, start=1):
        level = f"{risk.say('overall')} (likelihood {risk.say('likelihood')}, severity {risk.say('severity')})"
        approved = risk.say("approved")
        left = f"effect: {risk.say('effect')}; risk that is left: {risk.say('residual')}; measures approved: {approved}"
        measures = ended(risk.say("measures"))
        text = f"{number}. {ended(risk.say('source'))} Risk: {level}. Measures: {measures} {left.capitalize()}"
        yield Told(about="risks", text=text, heading=f"Risks ({len(risks)}):")


def _outcome(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:
    """Tell the officer's advice and what became of it, the consultations and who approved."""
    heading, at = "Outcome:", "outcome"
    advice = f"{ended(reading.say(at, 'dpo_advice', 'summary'))} It was: {reading.say(at, 'dpo_advice', 'outcome')}"
    decided = f"by the {reading.say(at, 'dpo_advice', 'decided_by', names=roles)}"
    why = f", because: {reading.say(at, 'dpo_advice', 'reasons')}" if reading.value(at, "dpo_advice", "reasons") else ""
    yield Told(
        about="advice", text=f"- Advice of the data protection officer: {advice} {decided}{why}", heading=heading
    )
    yield Told(about="outcome", text=f"- The ICO was consulted: {reading.say(at, 'ico_consulted')}", heading=heading)
    reasons = f", because: {reading.say(at, 'views', 'reasons')}" if reading.value(at, "views", "reasons") else ""
    departed = f"departed from: {reading.say(at, 'views', 'departed_from')}{reasons}"
    seen = f"reviewed by the {reading.say(at, 'views', 'reviewed_by', names=roles)}"
    yield Told(about="outcome", text=f"- Views of those consulted, {seen}; {departed}", heading=heading)
    who = {
        "measures_approved_by": "measures approved by",
        "residual_approved_by": "risk that is left approved by",
        "kept_under_review_by": "kept under review by",
    }
    said = "; ".join(f"{text} the {reading.say(at, name, names=roles)}" for name, text in who.items())
    yield Told(about="outcome", text=f"- {said.capitalize()}", heading=heading)


def tell_confidentiality(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:  # noqa: ARG001  as all are called
    """Tell the route, the opt-outs and the eight principles.

    Parameters
    ----------
    reading
        `governance/confidentiality.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        The route first.
    """
    yield Told(about="route", text=f"Confidentiality: {confidence(reading, 'duty')}")
    yield Told(about="route", text=f"Why this route: {reading.say('why_this_route')}")
    why = f"; the reason: {reading.say('opt_outs', 'why')}" if reading.value("opt_outs", "why") else ""
    yield Told(about="opt-outs", text=f"Opt-outs: {opt_outs(reading, 'opt_outs')}{why}")
    yield Told(about="route", text=f"Decided on: {reading.say('decided_on')}")
    yield from fields(
        reading, "Caldicott Principles", "principles", labels=PRINCIPLES, heading="The eight Caldicott Principles:"
    )


def tell_ethics(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:  # noqa: ARG001  as above
    """Tell each ethics question with its answer, score and reason.

    Parameters
    ----------
    reading
        `governance/ethics.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        The score of all, then the questions, then the second level.
    """
    scores = {name: _score(name, inner.value("answer")) for name, inner in reading.named("answers")}
    total = sum(score for score in scores.values() if score is not None)
    unscored = sum(scores.get(name) is None for name in QUESTIONS)
    open_ones = f"; {unscored} not answered yet" if unscored else ""
    second = f"from {LEVEL_TWO_FROM} the second level is needed"
    yield Told(about="score", text=f"The answers score {total} of {2 * len(QUESTIONS)}{open_ones}; {second}.")
    for name, inner in reading.named("answers"):
        score = scores[name]
        points = "no score" if score is None else f"scores {score}"
        text = f"- {QUESTIONS.get(name) or words(name)} {inner.say('answer')} ({points}): {inner.say('reason')}"
        yield Told(about="questions", text=text, heading="Answers; a higher score asks for more care:")
    yield from fields(reading, "second level", "level_two", labels=LEVEL_TWO_QUESTIONS)


def _score(name: object, answer: object) -> int | None:
    """Return the points of an answer, nothing where it is none of the choices."""
    field = Answers.model_fields.get(name) if isinstance(name, str) else None
    model: Any = field.annotation if field else None
    try:
        return model.model_validate({"answer": answer, "reason": "none"}).score if model else None
    except ValueError:
        return None


def tell_equality(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:
    """Tell the decision, each impact by how much thought it needs, and the proxies.

    Parameters
    ----------
    reading
        `governance/eqia.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        Negative impacts come before the others.
    """
    decided = f"{reading.say('decision', 'outcome')}, by the {reading.say('decision', 'decided_by', names=roles)}"
    yield Told(about="decision", text=f"Decision: {decided}: {reading.say('decision', 'reason')}")
    yield from fields(reading, "proposal", "proposal")
    impacts = sorted(reading.named("impacts"), key=lambda one: _rank(one[1].value("impact")))
    for name, inner in impacts:
        done = f" What is done: {inner.say('mitigation')}" if inner.value("mitigation") else ""
        text = f"- {words(name).capitalize()}: {inner.say('impact')}. {ended(inner.say('evidence'))}{done}"
        yield Told(about="impacts", text=text, heading="Impact on people with each characteristic:")
    for one in reading.entries("proxies"):
        used = one.say("used_for").removesuffix(".")
        use = f"stands for {one.say('stands_for')}; used for: {used}; safeguard: {one.say('safeguard')}"
        yield Told(about="proxies", text=f"- {one.say('what')}: {use}", heading="Proxies for a characteristic:")
    if reading.value("no_proxies_why"):
        yield Told(about="proxies", text=f"Why no proxy is listed: {reading.say('no_proxies_why')}")
    yield Told(about="review", text=f"Looked at again by: {reading.say('review_by')}")


def _rank(impact: object) -> int:
    """Return where an impact stands among those of all characteristics; what is not settled comes first."""
    return IMPACTS.index(impact) if isinstance(impact, str) and impact in IMPACTS else -1
