"""Main points: at most six short bullets, drafted from results by rules, the most important first.

A rule chooses what is said by what a result says (lower, higher, not to be told, no answer) and how strong the evidence
is, so that a draft never says more than its interval bears. No number stands in a text: `{effect.value}` is filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from oda.reports.document import escape
from oda.reports.points.few_words import fields, read
from oda.results import AnyResult, Estimated, Fact
from oda.wording import AFTER_VISITS

MOST_POINTS = 6
MOST_WORDS = 24  # under 25
FIELD = re.compile(r"\{([a-z][a-z0-9-]*)\.([a-z]+)\}")
WEAK, MODERATE = 2, 3  # levels of the Maryland scale, from 1 to 5

Results = Mapping[str, AnyResult]


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One main point, its numbers not yet filled in.

    Attributes
    ----------
    id
        Its name, such as `effect`.
    results
        Keys of the results that it rests on.
    text
        Words with fields such as `{effect.value}`.
    """

    id: str
    results: tuple[str, ...]
    text: str


def draft_points(results: Results) -> tuple[Point, ...]:
    """Draft the main points of the whole pilot from its results, the most important first.

    Parameters
    ----------
    results
        By key; those that are not there give no point.

    Returns
    -------
    tuple of Point
        At most six; that the data are made up is never left out.
    """
    return _draft(results, (_effect, _strength, _doubt, _worth, _cash, _more, _visits, _made_up))


def draft_district_points(results: Results) -> tuple[Point, ...]:
    """Draft the main points of one district from its own results.

    Parameters
    ----------
    results
        By key.

    Returns
    -------
    tuple of Point
        At most six.
    """
    return _draft(results, (_trend, _comparison, _own_visits, _alone, _made_up))


def _draft(results: Results, rules: tuple[Callable[[Results], Point | None], ...]) -> tuple[Point, ...]:
    """Apply rules in order, the last of which is never what is left out; a point that came out too long is."""
    found = [point for point in (rule(results) for rule in rules) if point is not None]
    short = [point for point in found if count_words(fill_words(point.text, results)) <= MOST_WORDS]
    return tuple(short if len(short) <= MOST_POINTS else [*short[: MOST_POINTS - 1], short[-1]])


def fill(text: str, results: Results) -> str:
    """Fill the fields of a point's text in, and write all of it as markdown that shows it literally.

    Parameters
    ----------
    text
        Words with fields such as `{effect.value}`.
    results
        By key.

    Returns
    -------
    str
        One line of markdown.

    Raises
    ------
    KeyError
        When a result or a field is not there: its name, and the fields that are.
    """
    return escape(fill_words(text, results))


def fill_words(text: str, results: Results) -> str:
    """Fill the fields of a point's text in.

    Parameters
    ----------
    text
        Words with fields such as `{effect.value}`.
    results
        By key.

    Returns
    -------
    str
        The words as a reader sees them.

    Raises
    ------
    KeyError
        When a result or a field is not there.
    """

    def said(found: re.Match[str]) -> str:
        there = fields(results[found[1]]) if found[1] in results else {}
        if found[2] not in there:
            raise KeyError(found[0], tuple(f"{{{found[1]}.{name}}}" for name in there))
        return there[found[2]]

    return FIELD.sub(said, text)


def count_words(text: str) -> int:
    """Count the words of a point as a reader does.

    Parameters
    ----------
    text
        Filled in.

    Returns
    -------
    int
        Pieces between spaces.

    Examples
    --------
    >>> count_words("The rate was 11 per cent lower.")
    7
    """
    return len(text.split())


def _point(key: str, results: Results, texts: Mapping[str, str], *, name: str = "", said: str = "") -> Point | None:
    """Return the point that stands for what a result says, if any does."""
    text = texts.get(said or read(results.get(key)) or "")
    return None if text is None else Point(id=name or key, results=(key,), text=text)


def _both(text: str) -> dict[str, str]:
    """Return one text for either direction."""
    return {"lower": text, "higher": text}


def _effect(results: Results) -> Point | None:
    """Say what the visits changed, or that it cannot be told."""
    texts = {
        **_both("Where visits began, the admission rate was {effect.value} than expected (interval: {effect.range})."),
        "alike": "The rate of admissions was much as expected without visits: {effect.interval}.",
        "unclear": "Whether visits changed admissions is unclear: anything from {effect.interval} fits the data.",
        "unsaid": "What the visits changed cannot be concluded from these data.",
    }
    return _point("effect", results, texts)


def _strength(results: Results) -> Point | None:
    """Say how strong the evidence is, and what that means for the reader."""
    found = results.get("strength")
    if not isinstance(found, Fact) or not isinstance(found.value, int | float) or "of" not in fields(found):
        return None
    rank = "weak" if found.value <= WEAK else "moderate" if found.value <= MODERATE else "strong"
    level = f"The evidence is {rank}, level {{strength.value}} of {{strength.of}}: "
    texts = {
        "weak": f"{level}something other than visits may explain what was found.",
        "moderate": f"{level}districts were compared, but chance did not choose them.",
        "strong": f"{level}chance, or something as good, decided who had visits.",
    }
    return _point("strength", results, texts, said=rank)


def _doubt(results: Results) -> Point | None:
    """Warn of what does not agree with the effect, the weightiest first."""
    apart = _apart(results)
    if apart is not None and read(results.get("trend-before")) != "unsaid":
        return apart
    found = results.get("doubts")
    doubted = isinstance(found, Fact) and isinstance(found.value, str)
    return _point("doubts", results, {"fact": "Treat this effect with care: {doubts.value}."}) if doubted else apart


def _apart(results: Results) -> Point | None:
    """Warn when the groups moved apart before the visits began, or when that could not be looked at."""
    texts = {
        **_both("The two groups of districts moved apart before the visits, so the estimate may not be due to visits."),
        "unsaid": "Whether both groups of districts moved alike before the visits could not be checked.",
    }
    compared = read(results.get("effect")) not in (None, "unsaid")
    return _point("trend-before", results, texts) if compared else None


def _worth(results: Results) -> Point | None:
    """Say whether public value exceeds the cost, over which time and in prices of which year."""
    texts = {
        **_both(f"Public value is {{worth.value}} than cost (interval: {{worth.range}}){_when(results)}."),
        "unclear": f"Public value may be {{worth.range}} than cost{_when(results)}.",
        "unsaid": "Whether the visits are worth their cost cannot be concluded from what is on record.",
    }
    return _with_time(_point("worth", results, texts))


def _cash(results: Results) -> Point | None:
    """Say whether savings in cash alone exceed the cost."""
    texts = {
        **_both(
            f"Savings in cash are {{worth-cash.value}} than cost (interval: {{worth-cash.range}}){_when(results)}."
        ),
        "unclear": f"Savings in cash may be {{worth-cash.range}} than cost{_when(results)}.",
    }
    return _with_time(_point("worth-cash", results, texts))


def _when(results: Results) -> str:
    """Return the field that says over which time costs are counted and in prices of which year, if there is one."""
    cost = results.get("cost")
    return ", {cost.when}" if cost is not None and "when" in fields(cost) else ""


def _with_time(point: Point | None) -> Point | None:
    """Return a point that says its time with the result which has it."""
    return point and (replace(point, results=(*point.results, "cost")) if "{cost." in point.text else point)


def _visits(results: Results) -> Point | None:
    """Say how many visits were made."""
    texts = {
        "some": "About {visits-total.value} home visits were made in all.",
        "none": "No home visits were made.",
        "hidden": "The number of home visits is too small in some district for the total to be shown.",
        "unsaid": "The data do not say how many home visits were made.",
    }
    return _point("visits-total", results, texts, said=_counted(results.get("visits-total")))


def _counted(result: AnyResult | None) -> str:
    """Tell whether a count is there, is none, or is hidden; nothing where it is no count."""
    if not isinstance(result, Fact):
        return ""
    return "hidden" if result.value is None else "some" if result.value else "none"


def _more(results: Results) -> Point | None:
    """Say what these districts could have shown, where nothing was shown."""
    text = (
        "With these districts only a reduction of about {precision.value} per cent or more would be detected reliably."
    )
    return _point("precision", results, {"fact": text}) if read(results.get("effect")) == "unclear" else None


def _made_up(results: Results) -> Point | None:
    """Say that the data are made up."""
    text = "These figures are made up to try the pilot out; they say nothing about real visits."
    return _point("planted", results, {"fact": text})


def _trend(results: Results) -> Point | None:
    """Say how the district's rate has changed."""
    found = results.get("trend")
    after = isinstance(found, Estimated) and found.estimate.estimand == AFTER_VISITS
    then = "before visits began" if after else "in the year before"
    texts = {
        **_both(f"The rate of admissions was {{trend.value}} than {then}."),
        "alike": f"The rate of admissions was much the same as {then}: {{trend.interval}}.",
        "unclear": f"Whether the rate differs from that {then} is unclear: anything from {{trend.interval}} fits.",
        "fact": "The latest rate of admissions was about {trend.value} {trend.unit}; its change cannot be told well.",
        "unsaid": "How the rate of admissions has changed cannot be concluded from these data.",
    }
    return _point("trend", results, texts)


def _comparison(results: Results) -> Point | None:
    """Say how the district compares with the others."""
    texts = {
        **_both("The latest rate was {comparison.value} than in the other districts together."),
        "alike": "The latest rate was much the same as in the other districts: {comparison.interval}.",
        "unclear": "Whether it differs from the other districts is unclear: anything from {comparison.interval} fits.",
        "fact": "How this district compares with the others cannot be told closely from these data.",
        "unsaid": "How this district compares with the others cannot be concluded from these data.",
    }
    return _point("comparison", results, texts)


def _own_visits(results: Results) -> Point | None:
    """Say how many visits were made in the district."""
    texts = {
        "some": "About {visits.value} home visits were made here.",
        "none": "No home visits were made here.",
        "hidden": "The number of home visits here is too small to be shown.",
    }
    return _point("visits", results, texts, said=_counted(results.get("visits")))


def _alone(results: Results) -> Point | None:
    """Warn that one district shows no effect."""
    text = "One district cannot show whether visits work; the board report says what all of them can."
    return Point(id="alone", results=(), text=text) if read(results.get("trend")) else None
