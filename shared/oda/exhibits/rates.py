"""Rates of areas as a table, as a chart of intervals, and as sentences for a report."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.ticker import FuncFormatter

from oda.charts import COLOURS, GREY, new_chart
from oda.errors import DesignError
from oda.evaluate import Estimate, Rates, Suppressed, sentence
from oda.results import CannotSay, Estimated, Picture, Table, TableColumn, picture, table

MOST_AREAS = 40  # in one chart; more cannot be read on a page


def rates_table(result: Rates) -> Table:
    """Show the rate of every area with its interval, or the reason that there is none.

    It shows counts of events and populations as they are, and a rate of few events gives its count away: hide small
    counts before the rates are made.

    Parameters
    ----------
    result
        Rates of areas.

    Returns
    -------
    Table
        One row an area.
    """
    frame, digits = result.frame, _decimals(result)
    interval = f"{result.level * 100:g}% interval"
    columns: dict[str, TableColumn | str] = {
        "area": "Area",
        "value": TableColumn(title=_capital(result.estimand), unit=result.unit, decimals=digits),
        "ci_low": TableColumn(title=f"{interval}, from", decimals=digits),
        "ci_high": TableColumn(title="to", decimals=digits),
        "events": "Events",
        "population": "Population",
        **({"expected": TableColumn(title="Expected events", decimals=1)} if "expected" in frame else {}),
        "method": "Limits",
        **({"reason": "Why not given"} if (frame["reason"] != "").any() else {}),
    }
    return table(frame, caption=f"{_title(result)}, by area", columns=columns, note=_note(result))


def plot_rates(result: Rates) -> Picture:
    """Draw the rate of every area with its interval, in the order of the data.

    Its table shows counts of events as they are: hide small counts before the rates are made.

    Parameters
    ----------
    result
        Rates of areas.

    Returns
    -------
    Picture
        One line an area; an area without a rate says why.

    Raises
    ------
    DesignError
        When there are more areas than can be read in one chart.
    """
    frame = result.frame
    if len(frame) > MOST_AREAS:
        message = f"{len(frame)} areas cannot be read in one chart. Draw at most {MOST_AREAS}, or a funnel plot of all."
        raise DesignError(message)
    drawing, axes = new_chart(height=1.3 + 0.34 * len(frame))
    places = np.arange(len(frame))
    value, low, high = (frame[name].to_numpy(dtype=float) for name in ("value", "ci_low", "ci_high"))
    axes.hlines(places, low, high, color=COLOURS[0], linewidth=2.2)
    axes.plot(value, places, "o", color=COLOURS[0], markersize=7)
    for place, reason in zip(places, frame["reason"], strict=True):
        if reason:
            axes.annotate(
                f"not given: {reason}",
                (0, place),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=GREY,
                fontsize=10,
            )
    if result.reference is not None:
        axes.axvline(result.reference, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.annotate(
            f"reference {result.reference:,.4g}",
            (result.reference, 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -2),
            textcoords="offset points",
            va="bottom",
            fontsize=10,
        )
    axes.set_yticks(places, [str(name) for name in frame["area"]])
    axes.set_ylim(len(frame) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda place, _: f"{place:,.10g}"))
    axes.set_xlabel(f"{_capital(result.estimand)}{', ' if result.unit else ''}{result.unit}")
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Chart of one line an area: the {result.estimand} of {result.outcome} and its interval.",
        description=_describe(result),
        data=rates_table(result),
    )


def say_rate(found: Estimate | Suppressed) -> Estimated | CannotSay:
    """Say the rate of one area for a report, or why it is not given.

    Parameters
    ----------
    found
        The rate of one area, such as one of `Rates.estimates`.

    Returns
    -------
    Estimated or CannotSay
        A sentence with the estimate, or the reason and what it would take.
    """
    subject = f"The {found.estimand} of {found.outcome}"
    if isinstance(found, Suppressed):
        return CannotSay(sentence=f"{subject} is not given: {found.reason}.", needed=found.needed)
    return Estimated(sentence=sentence(found, subject=subject), estimate=found)


def _describe(result: Rates) -> str:
    """Say each area's rate in words."""
    digits = _decimals(result)
    parts = []
    for row in result.frame.to_dict("records"):
        numbers = [f"{row[name]:,.{digits}f}" for name in ("value", "ci_low", "ci_high")]
        text = f"not given, {row['reason']}" if row["reason"] else f"{numbers[0]} ({numbers[1]} to {numbers[2]})"
        parts.append(f"{row['area']}: {text}")
    beside = "" if result.reference is None else f" A dashed line marks the reference, {result.reference:,.4g}."
    return f"{_title(result)}. {'; '.join(parts)}.{beside}"


def _note(result: Rates) -> str:
    """Say what changes how the rates must be read: all of them, then single areas."""
    own = [
        f"{name}: {caution}"
        for name, found in result.estimates.items()
        if isinstance(found, Estimate)
        for caution in found.cautions
        if caution not in result.cautions
    ]
    return " ".join([*result.cautions, *own])


def _title(result: Rates) -> str:
    """Say what is shown, in what unit, with what intervals."""
    unit = f" ({result.unit})" if result.unit else ""
    return f"{_capital(result.estimand)} of {result.outcome}{unit}, with {result.level * 100:g}% intervals"


def _capital(words: str) -> str:
    """Begin with a capital."""
    return words[0].upper() + words[1:]


def _decimals(result: Rates) -> int:
    """Return how many decimals show three figures of the middle rate, at most four."""
    known = result.frame["value"][result.frame["value"] > 0]
    return 1 if known.empty else min(4, max(0, 2 - math.floor(math.log10(known.median()))))
