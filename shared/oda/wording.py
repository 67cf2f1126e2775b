"""The size of a number in plain English: changes in per cent, intervals, quantities with their unit.

It needs nothing but an estimate, so reports use it without the packages that estimators need.
"""

from __future__ import annotations

import math
from typing import Literal

from oda.errors import DesignError
from oda.estimate import Estimate

NO_CHANGE = 0.5  # per cent; an estimate that differs by less is said to be unchanged
NO_CHANGE_END = 0.05  # per cent; the end of an interval that differs by less is said to be no change
AFTER_VISITS = "rate after over before visits"  # the estimand of a district's own change, which is no effect
MOST = 10_000.0  # per cent; beyond it a figure says no more than that it is beyond

Reading = Literal["lower", "higher", "unclear", "alike", "level"]


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
    low, high = interval_ends(estimate)
    return f"{estimate.level * 100:g}% interval: {f'{low} to {high}' if low != high else f'{low} at either end'}"


def interval_ends(estimate: Estimate) -> tuple[str, str]:
    """Say each end of an interval on its own, such as `24 per cent lower` and `4.6 per cent lower`.

    Parameters
    ----------
    estimate
        Of any scale.

    Returns
    -------
    tuple of str
        The low and the high end.
    """
    if estimate.scale == "ratio":
        return _end(estimate.ci_low), _end(estimate.ci_high)
    unit = _unit_said(estimate) if estimate.scale == "difference" or estimate.unit == "£" else ""
    low, high = (quantity(end, unit) for end in (estimate.ci_low, estimate.ci_high))
    return low, high


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


def say_pounds(value: float) -> str:
    """Say pounds for people, to three figures.

    Parameters
    ----------
    value
        Pounds.

    Returns
    -------
    str
        Such as `£900,000` or `-£1.61 million`.

    Examples
    --------
    >>> say_pounds(899_873), say_pounds(-1_608_096), say_pounds(0.4)
    ('£900,000', '-£1.61 million', '£0')
    """
    size = abs(value)
    size = round(size, min(0, 2 - math.floor(math.log10(size)))) if size >= 1 else 0.0
    said = f"£{size:,.0f}"
    for name, unit in (("million", 1e6), ("billion", 1e9)):
        if size >= unit:
            said = f"£{size / unit:,.{max(0, 2 - math.floor(math.log10(size / unit)))}f} {name}"
    return f"-{said}" if value < 0 and size else said


def more_or_less(value: float) -> str:
    """Say by how many pounds one sum is more or less than another.

    Parameters
    ----------
    value
        Pounds.

    Returns
    -------
    str
        To three figures, without a sign.

    Examples
    --------
    >>> more_or_less(267_904), more_or_less(-168_832)
    ('£268,000 more', '£169,000 less')
    """
    return f"{say_pounds(abs(value))} {'less' if value < 0 else 'more'}"


def change_words(estimate: Estimate) -> str:
    """Say the direction and size of a ratio or a difference, such as `15 per cent lower` or `1.2 days higher`.

    Parameters
    ----------
    estimate
        A ratio or a difference.

    Returns
    -------
    str
        `unchanged` where there is none.
    """
    if estimate.scale == "ratio":
        return percent_change(estimate.value)
    said = quantity(abs(estimate.value), _unit_said(estimate))
    return "unchanged" if estimate.value == 0 else f"{said} {'lower' if estimate.value < 0 else 'higher'}"


def reading(estimate: Estimate) -> Reading:
    """Tell which of a few things an estimate says; what is written about it turns on this alone.

    Parameters
    ----------
    estimate
        Of any scale.

    Returns
    -------
    str
        `lower` or `higher` when its interval keeps from no difference, `alike` when there is none to speak of,
        `unclear` otherwise; `level` for a quantity that is set against nothing.
    """
    if estimate.scale == "level":
        return "level"
    if change_words(estimate) == "unchanged" and (not cannot_tell(estimate) or _narrow(estimate)):
        return "alike"
    if cannot_tell(estimate):
        return "unclear"
    return "higher" if estimate.value > (1 if estimate.scale == "ratio" else 0) else "lower"


def _narrow(estimate: Estimate) -> bool:
    """Tell whether even the ends of a ratio's interval are no change to speak of."""
    ends = (estimate.ci_low, estimate.ci_high)
    return estimate.scale == "ratio" and all(percent_change(end) == "unchanged" for end in ends)
