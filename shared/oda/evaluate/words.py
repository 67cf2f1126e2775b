"""Estimates in plain English: direction, size, interval and method; no verdict."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import singledispatch

from oda.errors import DesignError
from oda.estimate import Estimate
from oda.wording import cannot_tell, change_words, interval_words, percent_change, quantity

__all__ = [
    "AGAINST",
    "EFFECTS",
    "cannot_tell",
    "compared_with",
    "interval_words",
    "listed",
    "percent_change",
    "plural",
    "quantity",
    "sentence",
]
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
    change = change_words(result)
    said = f"about the same as {against.removeprefix('than ')}" if change == "unchanged" else f"{change} {against}"
    doubt = " The data cannot tell this from no difference." if cannot_tell(result) else ""
    return f"{subject} was {said} ({interval_words(result)}).{doubt}"
