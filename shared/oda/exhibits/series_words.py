"""An estimate in the words of tables and captions."""

from __future__ import annotations

import pandas as pd

from oda.evaluate import Estimate
from oda.evaluate.words import interval_words, percent_change, quantity
from oda.periods import say_period


def say_time(time: object) -> str:
    """Say a time.

    Parameters
    ----------
    time
        A period, or a whole number.

    Returns
    -------
    str
        Such as `January 2025`.
    """
    return say_period(time) if isinstance(time, pd.Period) else f"{time}"


def say_number(value: float, estimate: Estimate) -> str:
    """Say a figure of an estimate without its unit.

    Parameters
    ----------
    value
        The figure.
    estimate
        Whose scale it is on.

    Returns
    -------
    str
        Three decimals for a ratio, three figures otherwise.
    """
    return f"{value:.3f}" if estimate.scale == "ratio" else quantity(value, "")


def say_ends(estimate: Estimate) -> str:
    """Say the ends of an interval.

    Parameters
    ----------
    estimate
        The estimate.

    Returns
    -------
    str
        Such as `0.826 to 0.930`.
    """
    return f"{say_number(estimate.ci_low, estimate)} to {say_number(estimate.ci_high, estimate)}"


def headline(estimate: Estimate, against: str) -> str:
    """Say an effect with its interval as a caption.

    Parameters
    ----------
    estimate
        A ratio or a difference.
    against
        What it is compared with, such as `than before the start`.

    Returns
    -------
    str
        One sentence.
    """
    said = percent_change(estimate.value) if estimate.scale == "ratio" else ""
    if not said:
        said = f"{quantity(abs(estimate.value), estimate.unit)} {'lower' if estimate.value < 0 else 'higher'}"
    outcome = f"{estimate.outcome[:1].upper()}{estimate.outcome[1:]}"
    against = against.replace("than", "from", 1) if said == "unchanged" else against
    return f"{outcome}: {said} {against} ({interval_words(estimate)})."


def note_of(estimate: Estimate) -> str:
    """Say the method and what changes how the figures must be read.

    Parameters
    ----------
    estimate
        With its method and cautions.

    Returns
    -------
    str
        The note below a table.
    """
    return " ".join([f"{estimate.method[:1].upper()}{estimate.method[1:]}.", *estimate.cautions])
