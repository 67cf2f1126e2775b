"""A result in a few words: its number, the ends of its interval, and which of several things it says."""

from __future__ import annotations

import re
from typing import Literal

from oda.estimate import Estimate
from oda.results import AnyResult, CannotSay, Estimated, Fact
from oda.wording import Reading, change_words, interval_ends, quantity, reading, say_pounds

NOT_SAID = "cannot be concluded"
Said = Reading | Literal["fact", "unsaid"]


def read(result: AnyResult | None) -> Said | None:
    """Tell which of a few things a result says; the rules of main points and ratings turn on it alone.

    Parameters
    ----------
    result
        Any result, or None.

    Returns
    -------
    str or None
        Of an estimate what `oda.wording.reading` tells; `fact`; `unsaid` for an answer that the data cannot give; None
        for a table, a figure or nothing.
    """
    match result:
        case CannotSay():
            return "unsaid"
        case Fact():
            return "fact"
        case Estimated(estimate=estimate):
            return reading(estimate)
    return None


def fields(result: AnyResult) -> dict[str, str]:
    """Return what may be asked of a result in a main point, such as `{effect.value}`, as a reader sees it.

    Parameters
    ----------
    result
        Any result.

    Returns
    -------
    dict
        Words by field: `value`, and of an estimate `size` (without direction), `low`, `high`, `interval` and `range`
        (the interval shorter); of a fact `unit`, `of` where its unit says of how many, and `when` where its unit is
        pounds of some time. Empty for a table, a figure, and an answer that is none.

    Examples
    --------
    >>> fields(Fact(sentence="About 2,000 visits were made.", value=2000, unit="visits"))
    {'value': '2,000', 'unit': 'visits'}
    """
    match result:
        case Fact(value=value, unit=unit) if value is not None:
            number = (
                value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else quantity(value, "")
            )
            out_of = re.search(r"\bof (\d+)", unit)
            more = {"of": out_of[1]} if out_of else {"when": unit[2:]} if unit.startswith("£ ") else {}
            return {"value": number, "unit": unit, **more}
        case Estimated(estimate=estimate):
            return _of_estimate(estimate)
    return {}


def _of_estimate(estimate: Estimate) -> dict[str, str]:
    """Return the words of an estimate; pounds as sentences have them."""
    low, high = interval_ends(estimate)
    value = quantity(estimate.value, estimate.unit) if estimate.scale == "level" else change_words(estimate)
    ends = (low, high)
    if estimate.unit == "£":
        low, high = (say_pounds(end) for end in (estimate.ci_low, estimate.ci_high))
        value, ends = say_pounds(estimate.value), (low, high)
        if estimate.scale == "difference":
            value = _either_way(estimate.value)
            ends = (_either_way(estimate.ci_low), _either_way(estimate.ci_high))
    size = value.removesuffix(" lower").removesuffix(" higher")
    return {
        "value": value,
        "size": size,
        "low": low,
        "high": high,
        "interval": f"{low} to {high}",
        "range": _range(*ends),
    }


def _either_way(pounds: float) -> str:
    """Say pounds without a sign, as lower or higher."""
    return f"{say_pounds(abs(pounds))} {'lower' if pounds < 0 else 'higher'}"


def _range(low: str, high: str) -> str:
    """Say both ends of an interval, what they share once, such as `24 to 4.6 per cent lower`."""
    first, last = low.split(), high.split()
    shared = 0
    while shared < min(len(first), len(last)) and first[-1 - shared] == last[-1 - shared]:
        shared += 1
    kept = first[: len(first) - shared]
    return f"{' '.join(kept)} to {high}" if kept else high


def summary(result: AnyResult | None) -> str:
    """Say what a result came to, to see whether it has moved since.

    Parameters
    ----------
    result
        Any result, or None where it is no longer recorded.

    Returns
    -------
    str
        Such as `11 per cent lower (16 per cent lower to 5.5 per cent lower)`.
    """
    if result is None:
        return "not recorded"
    found = fields(result)
    if "interval" in found:
        return f"{found['value']} ({found['interval']})"
    if found:
        return f"{found['value']} {found['unit']}".strip()
    return result.sentence if isinstance(result, Fact) else NOT_SAID
