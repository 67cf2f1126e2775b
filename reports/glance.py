"""The first page at a glance: each question of the pilot, its answer, how it is rated, and what was expected.

A rating is a sign with its words beside it, so that neither colour nor the sign alone says anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from oda.errors import RenderError
from oda.reports import blocks
from oda.reports.document import escape
from oda.reports.points.drafting import MOST_POINTS, draft_district_points, fill_words
from oda.reports.points.edited import main_points
from oda.reports.points.few_words import Said, fields, read
from oda.results import AnyResult, CannotSay, Estimated, Fact
from oda.wording import say_pounds

if TYPE_CHECKING:
    from oda.pilot import Question
    from oda.reports.context import Context

EFFECT, STRENGTH, COST, WORTH = "effect", "strength", "cost", "worth"  # results by whose keys an effect is rated
CAUSAL = ("ATT", "ATE", "ATC", "mean effect")  # estimands that are effects; others describe
SIGNS: dict[Said, str] = {"lower": "\N{MINUS SIGN}", "higher": "+", "unclear": "±", "alike": "0"}
UNKNOWN = "?"
DOUBT = "cannot tell"
NOT_ANSWERED = "Not answered"
MOST_STEPS = 10  # of a scale that is drawn as dots


def questions(context: Context, most: int | None = None) -> str:
    """Answer the pilot's questions of this kind of report: question, answer, rating, and what was expected.

    Parameters
    ----------
    context
        What the document is expanded with.
    most
        How many, the first ones; all when not given.

    Returns
    -------
    str
        One box; nothing when the pilot asks nothing of such a report.

    Raises
    ------
    RenderError
        When no notebook recorded the evidence of a question as a sentence, and this is no draft.
    """
    kind = "district" if context.district else "board"
    shown = [question for question in context.pilot.questions if question.report == kind][:most]
    alone = {STRENGTH, COST} - {question.evidence for question in shown}
    asked = [_question(question, context, alone) for question in shown]
    return "::: {.answer}\n\n" + "\n".join(asked) + "\n:::\n" if asked else ""


def _question(question: Question, context: Context, alone: Collection[str]) -> str:
    """Return one question as a term, with what belongs to it as its definitions."""
    evidence = context.results.get(question.evidence)
    said = None if evidence is None else blocks.sentence(evidence)
    if evidence is None or said is None:
        parts = [escape(_unanswered(question, context))]
    else:
        rated = list(_ratings(question.evidence, evidence, context, alone))
        parts = [f"{escape(answer(evidence))}{_source(question.evidence, context)}"]
        parts += ["\n    ".join(f"- {one}" for one in rated)] if rated else []
    parts.append(f"*Expected beforehand: {escape(question.expected)}*")
    return escape(question.question) + "\n\n" + "\n".join(f":   {part}\n" for part in parts)


def answer(evidence: AnyResult) -> str:
    """Return what answers a question, with the doubt beside what cannot be told from no difference.

    Parameters
    ----------
    evidence
        Any result.

    Returns
    -------
    str
        A sentence or two; nothing for a table or a figure.
    """
    if isinstance(evidence, CannotSay):
        return f"Cannot be concluded. {evidence.sentence}"
    said = blocks.sentence(evidence) or ""
    return (
        f"{said} The data {DOUBT} this from no difference."
        if read(evidence) == "unclear" and DOUBT not in said
        else said
    )


def _unanswered(question: Question, context: Context) -> str:
    """Say on a draft that a question has no answer, which the lint finds; refuse it on what is to be published."""
    what = f"no notebook recorded {question.evidence!r}, its evidence in pilot.yml, as a sentence."
    if context.assessment.gate("publish").is_open:
        there = ", ".join(sorted(key for key, item in context.results.items() if blocks.sentence(item))) or "none"
        message = f"{context.source}: question {question.id!r} is not answered: {what} Recorded: {there}."
        raise RenderError(message)
    return f"{NOT_ANSWERED}: {what}"


def _ratings(key: str, evidence: AnyResult, context: Context, alone: Collection[str]) -> Iterator[str]:
    """Yield the ratings of an effect, with links to the sources of those that no question of their own has."""
    causal = isinstance(evidence, Estimated) and evidence.estimate.estimand in CAUSAL
    if not causal and key != EFFECT:
        return
    yield _rating("Effect", *rate_effect(evidence))
    strength, cost = context.results.get(STRENGTH), context.results.get(COST)
    if strength is not None:
        yield _rating("Strength of evidence", *rate_strength(strength)) + _own_source(
            STRENGTH, strength, context, alone
        )
    if cost is not None or WORTH in context.results:
        yield _rating("Cost", *rate_cost(cost)) + _own_source(COST, cost, context, alone)


def _own_source(name: str, result: AnyResult | None, context: Context, alone: Collection[str]) -> str:
    """Return the link to where a rating comes from, unless a question of its own has it."""
    return _source(name, context) if name in alone and result is not None and fields(result) else ""


def _rating(what: str, sign: str, words: str) -> str:
    """Write a rating: what is rated, its sign where it is not part of the words, not read aloud, and its words."""
    return f"**{escape(what)}:** {f'[{escape(sign)}]{{.symbol}} ' if sign else ''}{escape(words)}"


def rate_effect(result: AnyResult) -> tuple[str, str]:
    """Return the sign and the words of an effect.

    Parameters
    ----------
    result
        An estimate, or an answer that the data cannot give.

    Returns
    -------
    tuple of str
        A minus for lower, `+` higher, `±` not to be told from none, `0` none to speak of, `?` no answer; and the words.
    """
    reading, said = read(result), fields(result)
    if reading is None or reading not in SIGNS:
        return UNKNOWN, "cannot be concluded"
    words = {
        "lower": f"lower, by {said.get('size')}",
        "higher": f"higher, by {said.get('size')}",
        "unclear": f"not to be told from none, {said.get('interval')}",
        "alike": f"none to speak of, {said.get('interval')}",
    }
    return SIGNS[reading], words[reading]


def rate_strength(result: AnyResult) -> tuple[str, str]:
    """Return the strength of evidence as dots of so many, and in words.

    Parameters
    ----------
    result
        A fact with a level and a unit that says of how many, or anything else, which is no rating.

    Returns
    -------
    tuple of str
        Such as `●●●○○` and `level 3 of 5`.

    Examples
    --------
    >>> rate_strength(Fact(sentence="Level 3.", value=3, unit="level, of 5"))
    ('●●●○○', 'level 3 of 5')
    """
    said = fields(result)
    level = result.value if isinstance(result, Fact) else None
    if not isinstance(level, int) or "of" not in said or not 0 <= level <= int(said["of"]) <= MOST_STEPS:
        return UNKNOWN, "not rated"
    return "●" * level + "○" * (int(said["of"]) - level), f"level {level} of {said['of']}"


def rate_cost(result: AnyResult | None) -> tuple[str, str]:
    """Return the sign and the words of what the pilot costs.

    Parameters
    ----------
    result
        A fact in pounds; anything else, or nothing, is no cost.

    Returns
    -------
    tuple of str
        Nothing and the sum, which has its own sign; or `£?` and that it is not known.
    """
    if not isinstance(result, Fact) or not isinstance(result.value, int | float) or not result.unit.startswith("£"):
        return "£?", "not known"
    return "", f"{say_pounds(result.value)} {result.unit.removeprefix('£').strip()}".rstrip()


def points(context: Context, most: int = MOST_POINTS) -> str:
    """Write the main points of a report, and below them which of them somebody should look at again.

    Parameters
    ----------
    context
        What the document is expanded with.
    most
        How many, the first ones.

    Returns
    -------
    str
        A list; for a district as drafted from its own results, else as people have edited it.

    Raises
    ------
    RenderError
        When an edited point cannot be shown.
    """
    if context.district:
        drafted = draft_district_points(context.results)
        texts = tuple((one.id, fill_words(one.text, context.results), one.results) for one in drafted)
        return _listed(texts[:most], context)
    found = main_points(context.pilot.folder, context.results)
    again = "".join(f"- {escape(sentence)}\n" for sentence in found.moved)
    note = f"::: {{.callout-warning}}\n## Main points to look at again\n\n{again}:::\n" if again else ""
    return f"{_listed(found.texts[:most], context)}\n{note}"


def _listed(texts: tuple[tuple[str, str, tuple[str, ...]], ...], context: Context) -> str:
    """Write points as a list, each with where its numbers come from."""
    if not texts:
        return "There are no main points yet.\n"
    lines = [f"- {escape(words)}{''.join(_source(key, context) for key in keys)}" for _, words, keys in texts]
    return "\n".join(lines) + "\n"


def _source(key: str, context: Context) -> str:
    """Return the link to where a result comes from."""
    found = str(getattr(context, "source_of", lambda _: "")(key))
    return f" {found}" if found else ""
