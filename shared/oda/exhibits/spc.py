"""An SPC chart as a picture and as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from oda.charts import COLOURS, GREY, name_below, new_chart
from oda.evaluate.rates.spc import SpcChart
from oda.evaluate.words import quantity, sentence
from oda.exhibits.dots import times_across
from oda.exhibits.titles import titled
from oda.exhibits.values import capital, decimals, say_time
from oda.making import table
from oda.results import Picture, Table, TableColumn

MARKS = {  # marker and colour by variation, so that they differ without colour too
    "common cause": ("o", "white"),
    "special cause: improvement": ("D", COLOURS[0]),
    "special cause: concern": ("s", COLOURS[3]),
    "special cause: high": ("^", COLOURS[2]),
    "special cause: low": ("v", COLOURS[2]),
}


def plot_spc_chart(result: SpcChart) -> Picture:
    """Draw a series with its mean and process limits, its special-cause points marked.

    The values are drawn and listed as given: protect small counts before.

    Parameters
    ----------
    result
        Of `oda.evaluate.spc_chart`.

    Returns
    -------
    Picture
        One mark a point; the lines break where the limits were redrawn.
    """
    points = result.points
    drawing, axes = new_chart(height=4.4)
    for number, stretch in points.groupby("stretch"):
        _draw_stretch(axes, stretch, named=number == 1)
    for variation, (marker, colour) in MARKS.items():
        there = points.index[points["variation"] == variation]
        if len(there):
            look: dict[str, Any] = {
                "marker": marker,
                "c": colour,
                "edgecolors": GREY,
                "s": 26 if variation == "common cause" else 42,
            }
            label = f"{variation} ({len(there)})"
            axes.scatter(there, points["value"][there], label=label, zorder=3, clip_on=False, **look)
    if result.target is not None:
        label = f"target, {quantity(result.target, '')}"
        axes.axhline(result.target, color=COLOURS[1], linewidth=1.8, linestyle=":", label=label)
    bottom = _frame(axes, result)
    start = "" if bottom == 0 else f" The vertical axis starts at {quantity(bottom, '')}, not at zero."
    name_below(axes)
    return titled(
        drawing,
        headline=_caption(result),
        alt=f"SPC chart of {result.outcome}, {len(points)} points with mean and process limits.",
        description=f"{sentence(result)}{start} {result.method}.",
        data=spc_chart_table(result),
    )


def _draw_stretch(axes: Axes, stretch: pd.DataFrame, *, named: bool) -> None:
    """Draw the values, mean and limits of one stretch, named in the legend once."""
    ends = [stretch.index[0] - 0.4, stretch.index[-1] + 0.4]
    axes.plot(stretch.index, stretch["value"], color=GREY, linewidth=1.1)
    for column, style, words in (("mean", "-", "mean"), ("low", "--", "process limits"), ("high", "--", None)):
        axes.plot(
            ends,
            [stretch[column].iloc[0]] * 2,
            color=COLOURS[0],
            linestyle=style,
            linewidth=1.6,
            label=words if named else None,
        )


def _frame(axes: Axes, result: SpcChart) -> float:
    """Set both axes, and return where the vertical one starts."""
    points = result.points
    drawn = [*points["value"], *points["low"], *points["high"], *([] if result.target is None else [result.target])]
    lowest, highest = min(drawn), max(drawn)
    if points["value"].min() >= 0 and (result.target or 0) >= 0:
        lowest = max(lowest, 0.0)  # a limit where the measure cannot be is not drawn
    margin = (highest - lowest) * 0.08
    from_zero = 0 <= lowest < highest / 2
    axes.set_ylim(0.0 if from_zero else lowest - margin, highest + margin)
    axes.set_ylabel(capital(result.outcome))
    times_across(axes, points["time"].tolist())
    axes.set_xlim(-0.8, len(points) - 0.2)
    return 0.0 if from_zero else float(axes.get_ylim()[0])


def _caption(result: SpcChart) -> str:
    """Say the answer."""
    marked = int((result.points["rule"] != "").sum())
    name = capital(result.outcome)
    said = f"{name}: {marked} of {len(result.points)} points special cause, the latest {result.variation}"
    return f"{said}; {result.assurance}" if result.assurance else said


def spc_chart_table(result: SpcChart) -> Table:
    """List every point with its limits and what marks it.

    The values are shown as given: protect small counts before.

    Parameters
    ----------
    result
        Of `oda.evaluate.spc_chart`.

    Returns
    -------
    Table
        One row a point.
    """
    digits = decimals(result.points["mean"])
    frame = result.points.assign(
        time=[say_time(moment) for moment in result.points["time"]],
        rule=result.points["rule"].where(result.points["rule"] != "", "none"),
    )
    return table(
        frame,
        caption=f"{capital(result.outcome)} by period, with process limits",
        columns={
            "time": "Period",
            "value": capital(result.outcome),
            "mean": TableColumn(title="Mean", decimals=digits),
            "low": TableColumn(title="Lower process limit", decimals=digits),
            "high": TableColumn(title="Upper process limit", decimals=digits),
            "variation": "Variation",
            "rule": "Rule that marks it",
        },
        note=" ".join([f"{result.method}.", *result.cautions]),
    )
