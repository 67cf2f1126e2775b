"""Estimates in plain English: direction, size, interval and method; no verdict."""

from __future__ import annotations

from oda.evaluate.estimate import Estimate

NO_CHANGE = 0.5  # per cent; a change smaller than this is said to be none


def percent_change(ratio: float) -> str:
    """Say a ratio as a change: `15 per cent lower`, `3.4 per cent higher` or `unchanged`.

    Parameters
    ----------
    ratio
        1 means no change.

    Returns
    -------
    str
        Whole per cents from 10 up, one decimal below.

    Examples
    --------
    >>> percent_change(0.852), percent_change(1.034), percent_change(1.001)
    ('15 per cent lower', '3.4 per cent higher', 'unchanged')
    """
    change = 100 * (ratio - 1)
    if abs(change) < NO_CHANGE:
        return "unchanged"
    digits = 0 if abs(change) >= 9.95 else 1
    return f"{abs(change):.{digits}f} per cent {'lower' if change < 0 else 'higher'}"


def interval_words(estimate: Estimate) -> str:
    """Say the interval of a ratio, such as `95% interval: 24 per cent lower to 4.6 per cent lower`.

    Parameters
    ----------
    estimate
        A ratio.

    Returns
    -------
    str
        The interval in words.
    """
    low, high = (percent_change(end).replace("unchanged", "no change") for end in (estimate.ci_low, estimate.ci_high))
    return f"{estimate.level * 100:g}% interval: {low} to {high}"


def sentence(estimate: Estimate, *, subject: str, against: str) -> str:
    """Say an estimated ratio in one or two sentences, with its interval.

    Parameters
    ----------
    estimate
        A ratio.
    subject
        What it is about, such as `The rate of admissions`.
    against
        What it is compared with, such as `than it would have been without the visits`.

    Returns
    -------
    str
        Direction, size and interval; and, when the interval holds no difference, that the data cannot tell.

    Examples
    --------
    >>> found = Estimate(
    ...     estimand="ATT", scale="ratio", outcome="admissions", unit="", value=0.85, ci_low=0.76, ci_high=0.95,
    ...     level=0.95, std_error=0.04, p_value=0.02, df=4, n_obs=300, n_clusters=6, n_treated=3, method="",
    ... )
    >>> sentence(found, subject="The rate", against="than without the visits")
    'The rate was 15 per cent lower than without the visits (95% interval: 24 per cent lower to 5.0 per cent lower).'
    """
    change = percent_change(estimate.value)
    said = f"the same as {against.removeprefix('than ')}" if change == "unchanged" else f"{change} {against}"
    text = f"{subject} was {said} ({interval_words(estimate)})."
    if estimate.ci_low <= 1 <= estimate.ci_high:
        text += " The data cannot tell this from no difference."
    return text
