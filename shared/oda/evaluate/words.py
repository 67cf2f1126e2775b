"""Estimates in plain English: direction, size, interval and method; no verdict."""

from __future__ import annotations

import math
from functools import singledispatch

from oda.errors import DesignError
from oda.evaluate.estimate import Estimate

NO_CHANGE = 0.5  # per cent; an estimate that differs by less is said to be unchanged
NO_CHANGE_END = 0.05  # per cent; the end of an interval that differs by less is said to be no change
MOST = 10_000.0  # per cent; beyond it a figure says no more than that it is beyond


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
        Of any scale; the ends of a ratio are said as changes, all others with their unit.

    Returns
    -------
    str
        The interval in words.
    """
    if estimate.scale == "ratio":
        low, high = _end(estimate.ci_low), _end(estimate.ci_high)
    else:
        low, high = (quantity(end, estimate.unit) for end in (estimate.ci_low, estimate.ci_high))
    return f"{estimate.level * 100:g}% interval: {f'{low} to {high}' if low != high else f'{low} at either end'}"


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
        What it is compared with, such as `than it would have been without the visits`.

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
    against = against or "than it would have been without the treatment"
    change = percent_change(result.value) if result.scale == "ratio" else _difference(result.value, result.unit)
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
    said = f"{size:,.{digits}f}"
    sign = "-" if value < 0 and float(said.replace(",", "")) else ""
    return f"{sign}£{said}" if unit == "£" else f"{sign}{said} {unit}".rstrip()


def _difference(value: float, unit: str) -> str:
    """Say the direction and size of a difference."""
    return "unchanged" if value == 0 else f"{quantity(abs(value), unit)} {'lower' if value < 0 else 'higher'}"
