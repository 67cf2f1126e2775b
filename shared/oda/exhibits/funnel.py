"""A funnel as a picture and as a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from oda.charts import COLOURS, GREY, name_below, new_chart
from oda.evaluate.rates.funnel import STATUSES, WITHIN, Funnel
from oda.evaluate.words import quantity, sentence
from oda.exhibits.titles import titled
from oda.exhibits.values import capital, decimals
from oda.making import table
from oda.results import Picture, Table, TableColumn

CROWDED = (0.16, 0.05)  # of the width and height; a name so near another is left out
NAMED = 6  # areas outside the 99.8 per cent limits named in the picture, the farthest first
WIDE = 30  # times the smallest area; beyond it sizes are drawn on a logarithmic axis
MARKS = {  # marker, colour and size by status, so that they differ without colour too
    "above the 99.8% limit": ("^", COLOURS[2], 60),
    "above the 95% limit": ("^", "white", 40),
    WITHIN: ("o", "white", 18),
    "below the 95% limit": ("v", "white", 40),
    "below the 99.8% limit": ("v", COLOURS[2], 60),
}


def plot_funnel(result: Funnel) -> Picture:
    """Draw areas by size, with the limits within which chance would leave nearly all of them.

    The areas' values are drawn and listed as given: protect small counts before.

    Parameters
    ----------
    result
        Of `oda.evaluate.funnel_limits`.

    Returns
    -------
    Picture
        One mark an area, by status; up to six areas outside the 99.8 per cent limits named.
    """
    drawing, axes = new_chart(height=4.6)
    _draw_limits(axes, result)
    for status, (marker, colour, size) in MARKS.items():
        there = result.areas[result.areas["status"] == status]
        if len(there):
            edge = GREY if status == WITHIN else COLOURS[2]
            label = f"{status} ({len(there)})"
            look: dict[str, Any] = {"marker": marker, "c": colour, "edgecolors": edge, "s": size}
            axes.scatter(there["exposure"], there["value"], label=label, zorder=3, clip_on=False, **look)
    bottom = _frame(axes, result)
    _name_outliers(axes, result)
    start = "" if bottom == 0 else f" The vertical axis starts at {quantity(bottom, '')}, not at zero."
    name_below(axes)
    counts = "; ".join(f"{int((result.areas['status'] == status).sum())} {status}" for status in reversed(STATUSES))
    return titled(
        drawing,
        headline=_caption(result),
        alt=f"Funnel chart of {result.outcome} {result.per} in {len(result.areas)} areas by size, with limits.",
        description=f"{sentence(result)} By status: {counts}.{start} {capital(result.method)}.",
        data=funnel_table(result),
    )


def _draw_limits(axes: Axes, result: Funnel) -> None:
    """Draw the target and the four limits."""
    sizes = result.curve["exposure"]
    axes.axhline(result.target, color=GREY, linewidth=1.2, label=f"target, {quantity(result.target, '')}")
    for name, style, words in (("95", "--", "95% limits"), ("998", "-", "99.8% limits")):
        for side, label in (("low", words), ("high", None)):
            axes.plot(
                sizes, result.curve[f"{side}_{name}"], color=COLOURS[0], linestyle=style, linewidth=1.6, label=label
            )


def _name_outliers(axes: Axes, result: Funnel) -> None:
    """Name the areas farthest outside the 99.8 per cent limits."""
    areas = result.areas
    far = pd.concat([areas["value"] / areas["high_998"], areas["low_998"] / areas["value"].where(areas["value"] > 0)])
    far = far[far > 1].sort_values(ascending=False, kind="stable")
    taken: list[np.ndarray] = []
    for place in far.index[:NAMED]:
        area = areas.loc[place]
        spot = axes.transAxes.inverted().transform(axes.transData.transform((area["exposure"], area["value"])))
        if any((np.abs(spot - other) < CROWDED).all() for other in taken):
            continue
        taken.append(spot)
        right = area["exposure"] > areas["exposure"].quantile(0.8)
        axes.annotate(
            str(area["unit"]),
            (area["exposure"], area["value"]),
            xytext=(-7 if right else 7, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            va="center",
        )


def _frame(axes: Axes, result: Funnel) -> float:
    """Set both axes, and return where the vertical one starts."""
    values, curve = result.areas["value"], result.curve
    highest = max(values.max(), min(curve["high_998"].max(), 1.6 * values.max()))
    lowest = min(values.min(), curve["low_998"].quantile(0.1))
    bottom = 0.0 if lowest < highest / 2 else math.floor(lowest / (highest - lowest)) * (highest - lowest)
    axes.set_ylim(bottom if bottom == 0 else lowest - (highest - lowest) * 0.06, highest + (highest - lowest) * 0.08)
    axes.set_ylabel(f"{capital(result.outcome)} {result.per}")
    axes.set_xlabel("Expected events" if "expected" in result.per else "Size of the area (denominator)")
    if curve["exposure"].iloc[-1] > WIDE * curve["exposure"].iloc[0]:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if value < 1 else f"{value:,.0f}"))
    return 0.0 if bottom == 0 else float(axes.get_ylim()[0])


def _caption(result: Funnel) -> str:
    """Say the answer."""
    outside = round(result.share_outside * len(result.areas))
    verb = "is" if outside == 1 else "are"
    said = f"{outside} of {len(result.areas)} areas {verb} outside the 99.8% limits of {result.outcome} {result.per}"
    return f"{said}, widened for the spread between areas" if result.tau else said


def funnel_table(result: Funnel) -> Table:
    """List every area with its value, limits and status.

    The counts are shown as given: protect small ones before.

    Parameters
    ----------
    result
        Of `oda.evaluate.funnel_limits`.

    Returns
    -------
    Table
        One row an area.
    """
    digits = decimals(result.areas["value"])
    numbers = {
        name: TableColumn(title=title, unit=result.per, decimals=digits)
        for name, title in (
            ("value", "Value"),
            ("low_95", "95% limit, lower"),
            ("high_95", "95% limit, upper"),
            ("low_998", "99.8% limit, lower"),
            ("high_998", "99.8% limit, upper"),
        )
    }
    return table(
        result.areas,
        caption=f"{capital(result.outcome)} by area, funnel limits around {quantity(result.target, '')} {result.per}",
        columns={
            "unit": "Area",
            "outcome": capital(result.outcome),
            "exposure": "Denominator",
            **numbers,
            "status": "Status",
        },
        note=" ".join([f"{capital(result.method)}.", *result.cautions]),
    )
