"""Rates of areas as a table, as a chart of intervals, and as sentences for a report."""

from __future__ import annotations

from oda.charts import GREY
from oda.errors import DesignError
from oda.evaluate import Estimate, Rates, Suppressed, sentence
from oda.evaluate.words import quantity
from oda.exhibits.dots import dot_rows, draw_intervals
from oda.exhibits.titles import titled
from oda.exhibits.values import capital, decimals
from oda.making import table
from oda.results import CannotSay, Estimated, Picture, Table, TableColumn

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
    frame, digits = result.frame, decimals(result.frame["value"])
    interval = f"{result.level * 100:g}% interval"
    columns: dict[str, TableColumn | str] = {
        "area": "Area",
        "value": TableColumn(title=capital(result.estimand), unit=result.unit, decimals=digits),
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
    drawing, axes = dot_rows(frame["area"].tolist())
    draw_intervals(axes, frame[["value", "ci_low", "ci_high"]].to_numpy(dtype=float))
    for place, reason in enumerate(frame["reason"]):
        if reason:
            axes.annotate(
                f"not given: {reason}",
                (0, place),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=GREY,
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
        )
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{capital(result.estimand)}{', ' if result.unit else ''}{result.unit}")
    return titled(
        drawing,
        headline=_caption(result),
        alt=f"Dot chart, one line an area: the {result.estimand} of {result.outcome} and its interval.",
        description=f"{sentence(result)} {_describe(result)}",
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


def _caption(result: Rates) -> str:
    """Say the lowest and the highest rate, or how many lie beside the reference."""
    frame = result.frame[result.frame["reason"] == ""]
    missing = len(result.frame) - len(frame)
    said = f"{capital(result.estimand)} of {result.outcome}"
    if result.cautions or len(frame) < 2:
        said += f" in {len(frame)} area{'s' * (len(frame) != 1)}, with {result.level * 100:g}% intervals"
    elif result.reference is not None:
        above, below = (frame["ci_low"] > result.reference).sum(), (frame["ci_high"] < result.reference).sum()
        said += f": {above} of {len(frame)} intervals lie wholly above the reference, {below} wholly below"
    else:
        ranked = frame.sort_values("value").to_dict("records")
        low, high = (f"{end['area']} ({quantity(end['value'], '')})" for end in (ranked[0], ranked[-1]))
        said += f" {result.unit}: lowest in {low}, highest in {high}; compare the intervals".replace(" :", ":")
    return f"{said}. Not given for {missing}." if missing else f"{said}."


def _describe(result: Rates) -> str:
    """Say each area's rate in words."""
    digits = decimals(result.frame["value"])
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
    return f"{capital(result.estimand)} of {result.outcome}{unit}, with {result.level * 100:g}% intervals"
