"""Estimates in plain English: direction, size, interval and method; no verdict."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import singledispatch

from oda.errors import DesignError
from oda.estimate import Estimate

NO_CHANGE = 0.5  # per cent; an estimate that differs by less is said to be unchanged
NO_CHANGE_END = 0.05  # per cent; the end of an interval that differs by less is said to be no change
MOST = 10_000.0  # per cent; beyond it a figure says no more than that it is beyond
EFFECTS = ("ATT", "ATE", "ATC", "mean effect")  # only these are set against what would have been without the treatment
AGAINST = {
    "change": "than before",
    "coefficient": "than with one less of what the coefficient belongs to",
    "difference in means": "than in the comparison group",
    "difference in slope": "than in the comparison group",
    "rate ratio": "than in the other rows",
    "net present social value": "than nil",
    "cashable fiscal benefits less fiscal costs": "than nil",
    **dict.fromkeys(("level change", "slope change", "average change"), "than the earlier trend would have given"),
    **dict.fromkeys(("level shift", "mean gap", "cumulative gap"), "than the forecast from before the start"),
}
SHOWN = 6  # names listed; more are counted
UNSAID = "than what it is compared with"


def percent_change(ratio: float) -> str:
    """Say a ratio as a change: `15 per cent lower`, `3.4 per cent higher` or `unchanged`.

    Parameters
    ----------
    ratio
        1 means no change.

    Returns
    -------
    str
        Whole per cents from 10 up, one decimal below; `unchanged` within half a per cent.

    Raises
    ------
    DesignError
        When the ratio is negative or no number.

    Examples
    --------
    >>> percent_change(0.852), percent_change(1.034), percent_change(1.001), percent_change(13)
    ('15 per cent lower', '3.4 per cent higher', 'unchanged', '1,200 per cent higher')
    """
    if not ratio >= 0:
        message = f"{ratio} is no ratio. Give a number from 0 up; 1 means no change."
        raise DesignError(message)
    return "unchanged" if abs(100 * (ratio - 1)) < NO_CHANGE else _size(ratio)


def _size(ratio: float) -> str:
    """Say the direction and size of a change."""
    change = round(100 * (ratio - 1), 9)  # 100 (0.9005 - 1) is -9.950000000000005
    if change > MOST:
        return f"more than {MOST:,.0f} per cent higher"
    if -100 < change <= -99.5:
        return "more than 99 per cent lower"
    digits = 0 if abs(change) >= 9.95 else 1
    return f"{abs(change):,.{digits}f} per cent {'lower' if change < 0 else 'higher'}"


def _end(ratio: float) -> str:
    """Say an end of an interval."""
    return "no change" if abs(100 * (ratio - 1)) < NO_CHANGE_END else _size(ratio)


def interval_words(estimate: Estimate) -> str:
    """Say the interval of an estimate, such as `95% interval: 24 per cent lower to 4.6 per cent lower`.

    Parameters
    ----------
    estimate
        Of any scale; the ends of a ratio are said as changes, those of a difference with their unit, those of a level
        without one, since it stands beside them.

    Returns
    -------
    str
        The interval in words.
    """
    if estimate.scale == "ratio":
        low, high = _end(estimate.ci_low), _end(estimate.ci_high)
    else:
        unit = _unit_said(estimate) if estimate.scale == "difference" or estimate.unit == "£" else ""
        low, high = (quantity(end, unit) for end in (estimate.ci_low, estimate.ci_high))
    return f"{estimate.level * 100:g}% interval: {f'{low} to {high}' if low != high else f'{low} at either end'}"


def _unit_said(estimate: Estimate) -> str:
    """Return the unit as it is said: nothing where it is only the outcome's name again."""
    return "" if estimate.unit == estimate.outcome else estimate.unit


def cannot_tell(estimate: Estimate) -> bool:
    """Tell whether the interval, as it is said, holds no difference.

    Parameters
    ----------
    estimate
        A ratio or a difference.

    Returns
    -------
    bool
        True also when an end is so near to no change that it is said to be none.
    """
    if estimate.scale != "ratio":
        return estimate.ci_low <= 0 <= estimate.ci_high
    ends = (_end(estimate.ci_low), _end(estimate.ci_high))
    return estimate.ci_low <= 1 <= estimate.ci_high or "no change" in ends


def compared_with(estimand: str) -> str:
    """Say what a number is compared with, so that a description is never said as an effect.

    Parameters
    ----------
    estimand
        Of an estimate.

    Returns
    -------
    str
        Words that begin with `than`.

    Examples
    --------
    >>> compared_with("ATT"), compared_with("rate ratio")
    ('than it would have been without the treatment', 'than in the other rows')
    """
    return "than it would have been without the treatment" if estimand in EFFECTS else AGAINST.get(estimand, UNSAID)


def plural(word: str) -> str:
    """Return the plural of what a column calls a unit, with spaces for underscores.

    Parameters
    ----------
    word
        Such as `local_authority`.

    Returns
    -------
    str
        Such as `local authorities`.

    Examples
    --------
    >>> plural("local_authority"), plural("district"), plural("day"), plural("parish"), plural("borough")
    ('local authorities', 'districts', 'days', 'parishes', 'boroughs')
    """
    word = str(word).replace("_", " ")
    if re.search(r"[^aeiou]y$", word, re.IGNORECASE):
        return f"{word[:-1]}ies"
    return f"{word}{'es' if re.search(r'(s|x|z|ch|sh)$', word) else 's'}"


def listed(names: Sequence[str]) -> str:
    """Return names in a row, the first of them where they are many.

    Parameters
    ----------
    names
        Such as those of columns or areas.

    Returns
    -------
    str
        At most six names, and how many more there are.

    Examples
    --------
    >>> listed(["age", "ward"]), listed(list("abcdefgh"))
    ('age, ward', 'a, b, c, d, e, f and 2 more')
    """
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


@singledispatch
def sentence(result: object, *, subject: str = "", against: str = "") -> str:
    """Say a result in one or two sentences: direction, size, interval and method; no verdict.

    Parameters
    ----------
    result
        A frozen result of `oda.evaluate`.
    subject
        What it is about, such as `The rate of admissions`; the outcome's name when not given.
    against
        What it is compared with, such as `than it would have been without the visits`. When not given, what fits the
        estimand: only an effect is set against what would have been without the treatment.

    Returns
    -------
    str
        Direction, size and interval; and, when the interval holds no difference, that the data cannot tell.

    Raises
    ------
    DesignError
        When the result is of a type that has no sentence.

    Examples
    --------
    >>> found = Estimate(
    ...     estimand="ATT", scale="ratio", outcome="admissions", unit="", value=0.85, ci_low=0.76, ci_high=0.95,
    ...     level=0.95, std_error=0.04, p_value=0.02, df=4, n_obs=300, n_clusters=6, n_treated=3, method="",
    ... )
    >>> sentence(found, subject="The rate", against="than without the visits")
    'The rate was 15 per cent lower than without the visits (95% interval: 24 per cent lower to 5.0 per cent lower).'
    """
    message = f"There is no sentence for a {type(result).__name__}. Give a result of oda.evaluate, or its estimate."
    raise DesignError(message)


@sentence.register
def _(result: Estimate, *, subject: str = "", against: str = "") -> str:
    """Say an estimate of any scale."""
    subject = subject or f"The {result.outcome}"
    if result.scale == "level":
        return f"{subject} was {quantity(result.value, result.unit)} ({interval_words(result)})."
    against = against or compared_with(result.estimand)
    change = percent_change(result.value) if result.scale == "ratio" else _difference(result.value, _unit_said(result))
    said = f"about the same as {against.removeprefix('than ')}" if change == "unchanged" else f"{change} {against}"
    doubt = " The data cannot tell this from no difference." if cannot_tell(result) else ""
    return f"{subject} was {said} ({interval_words(result)}).{doubt}"


def quantity(value: float, unit: str) -> str:
    """Say a number with its unit, to three figures or in whole numbers from 1,000 up.

    Parameters
    ----------
    value
        The number.
    unit
        Such as `admissions per 100,000 people`, `pounds` or nothing.

    Returns
    -------
    str
        Such as `1,234 admissions`, `0.0225` or `£1,200`.

    Examples
    --------
    >>> quantity(1234.5, "admissions"), quantity(-0.02246, ""), quantity(-1200, "£")
    ('1,234 admissions', '-0.0225', '-£1,200')
    """
    size = abs(value)
    digits = 0 if size >= 1000 or size == 0 else max(0, 2 - math.floor(math.log10(size)))
    if unit == "£" and 0.1 <= size < 100:
        digits = 2  # pounds and pence
    said = f"{size:,.{digits}f}"
    sign = "-" if value < 0 and float(said.replace(",", "")) else ""
    return f"{sign}£{said}" if unit == "£" else f"{sign}{said} {unit}".rstrip()


def _difference(value: float, unit: str) -> str:
    """Say the direction and size of a difference."""
    return "unchanged" if value == 0 else f"{quantity(abs(value), unit)} {'lower' if value < 0 else 'higher'}"
