"""A pooled effect as a forest plot and a table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from oda.charts import COLOURS, GREY, new_chart
from oda.evaluate.pooling import Pooled
from oda.evaluate.words import percent_change, quantity, sentence
from oda.exhibits.dots import FRAME, ROW, number_across
from oda.results import Picture, Table, TableColumn, picture, table

RATIOS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 1, 1.2, 1.5, 2, 3, 5, 10, 20)  # where the axis of ratios is marked
MOST_MARKS = 7
SHIFT = 0.22  # of a row, between a district's own estimate and the shrunken one
BEYOND = 0.75  # of the width of all other intervals; a prediction interval that reaches further out is cut off


def plot_pooled(result: Pooled) -> Picture:
    """Draw the forest plot: each district's own and shrunken estimate, the mean, and the prediction interval.

    Parameters
    ----------
    result
        Of `pool_districts`.

    Returns
    -------
    Picture
        Districts in the order given, the mean below them.
    """
    rows = len(result.districts) + 1 + (result.prediction is not None)
    drawing, axes = new_chart(height=FRAME + 0.5 + 1.4 * ROW * rows)
    _draw_districts(axes, result.districts)
    _draw_pooled(axes, result)
    axes.grid(visible=False, axis="y")
    _frame(axes, result)
    names, sizes = result.districts["district"], result.districts["effect"]
    own = "; ".join(f"{name} {_say(result, size)}" for name, size in zip(names, sizes, strict=True))
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Forest plot of the effects in {len(names)} districts and their mean, with intervals.",
        description=f"Own estimates: {own}. Mean {_say(result, result.estimate.value)}. {result.estimate.method}.",
        data=pooled_table(result),
    )


def _draw_districts(axes: Axes, districts: pd.DataFrame) -> None:
    """Draw each district's own estimate and the one drawn towards the mean."""
    places = np.arange(len(districts))
    for shift, centre, low, high, form, colour, name in (
        (-SHIFT, "effect", "ci_low", "ci_high", "o", COLOURS[0], "its own estimate"),
        (SHIFT, "shrunken", "shrunken_low", "shrunken_high", "D", COLOURS[2], "drawn towards the mean"),
    ):
        line = "-" if form == "o" else (0, (4, 2))
        axes.hlines(places + shift, districts[low], districts[high], color=colour, linewidth=1.6, linestyle=line)
        axes.plot(
            districts[centre],
            places + shift,
            form,
            color=colour,
            markersize=6,
            markerfacecolor=colour if form == "o" else "white",
            label=name,
        )


def _draw_pooled(axes: Axes, result: Pooled) -> None:
    """Draw the mean with its interval, and the prediction interval under it."""
    place, found = len(result.districts), result.estimate
    names = [*map(str, result.districts["district"]), "Mean effect"]
    axes.hlines(place, found.ci_low, found.ci_high, color="black", linewidth=3)
    axes.plot(found.value, place, "s", color="black", markersize=8)
    if result.prediction is not None:
        names.append("A further district")
        axes.hlines(place + 1, *result.prediction, color=GREY, linewidth=5, alpha=0.45)
    axes.axhline(place - 0.5, color=GREY, linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)


def _frame(axes: Axes, result: Pooled) -> None:
    """Set the axis of effects, its marks and the line of no difference."""
    ratio = result.estimate.scale == "ratio"
    ends = result.districts[["ci_low", "ci_high", "shrunken_low", "shrunken_high"]].to_numpy()
    ends = np.r_[ends.ravel(), result.estimate.ci_low, result.estimate.ci_high, 1.0 if ratio else 0.0]
    ends = np.log(ends) if ratio else ends
    low, high = float(ends.min()), float(ends.max())
    if result.prediction is not None:
        wide = BEYOND * (high - low)
        new = np.log(result.prediction) if ratio else np.array(result.prediction)
        low, high = min(low, max(low - wide, float(new[0]))), max(high, min(high + wide, float(new[1])))
    low, high = low - 0.03 * (high - low), high + 0.03 * (high - low)
    axes.axvline(1.0 if ratio else 0.0, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
    axes.set_xlabel("Change" if ratio else f"Effect on {result.estimate.outcome} {_unit(result)}".rstrip())
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, ncols=2)
    if not ratio:
        axes.set_xlim(low, high)
        number_across(axes)
        return
    axes.set_xscale("log")
    axes.set_xlim(math.exp(low), math.exp(high))
    inside = [value for value in RATIOS if math.exp(low) <= value <= math.exp(high)]
    while len(inside) > MOST_MARKS:
        inside = [value for number, value in enumerate(inside) if value == 1 or (number - inside.index(1)) % 2 == 0]
    axes.xaxis.set_major_locator(FixedLocator(inside))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{round(100 * (value - 1)):+d}%" if value != 1 else "0%")
    )


def _unit(result: Pooled) -> str:
    """Return the unit in brackets."""
    return f"({result.estimate.unit})" if result.estimate.unit else ""


def _say(result: Pooled, size: float) -> str:
    """Say one effect."""
    return percent_change(size) if result.estimate.scale == "ratio" else quantity(size, result.estimate.unit)


def pooled_table(result: Pooled) -> Table:
    """Show each district's own and shrunken estimate, and the mean with its intervals.

    Parameters
    ----------
    result
        Of `pool_districts`.

    Returns
    -------
    Table
        One row a district; then the mean, its modified interval, the prediction interval and the fixed effect.
    """
    ratio = result.estimate.scale == "ratio"
    rows = result.districts.to_dict("records")
    for name, value, low, high in (
        ("Mean effect", result.estimate.value, result.estimate.ci_low, result.estimate.ci_high),
        ("Mean effect, modified variance", result.estimate.value, *result.modified),
        ("A further district (prediction)", None, *(result.prediction or (None, None))),
        ("If all effects were one", result.common.value, result.common.ci_low, result.common.ci_high),
    ):
        if low is not None:
            rows.append({"district": name, "effect": value, "ci_low": low, "ci_high": high})
    title = "ratio" if ratio else "effect"
    columns: dict[str, TableColumn | str] = {
        "district": "District",
        "effect": TableColumn(title=title.capitalize(), unit=result.estimate.unit, decimals=_decimals(result)),
        "ci_low": TableColumn(title=f"{result.estimate.level * 100:g}% from", decimals=_decimals(result)),
        "ci_high": TableColumn(title="to", decimals=_decimals(result)),
        "weight": TableColumn(title="Weight", unit="%", decimals=1),
        "shrunken": TableColumn(title=f"Drawn towards the mean, {title}", decimals=_decimals(result)),
        "shrunken_low": TableColumn(title="from", decimals=_decimals(result)),
        "shrunken_high": TableColumn(title="to", decimals=_decimals(result)),
    }
    apart = {
        name: column
        for name, column in columns.items()
        if name in ("weight", "shrunken", "shrunken_low", "shrunken_high")
    }
    frame = pd.DataFrame(rows, columns=list(columns)).astype(dict.fromkeys(apart, object))
    for name in apart:
        frame[name] = frame[name].where(frame[name].notna(), "")
    return table(
        frame,
        caption=f"Effect on {result.estimate.outcome} by district and over {len(result.districts)} districts",
        columns=columns,
        note=_note(result),
    )


def _decimals(result: Pooled) -> int:
    """Return the decimals that show the mean to three figures."""
    size = abs(result.estimate.value)
    return 2 if result.estimate.scale == "ratio" or size == 0 else min(6, max(0, 2 - math.floor(math.log10(size))))


def _note(result: Pooled) -> str:
    """Say the method, how far effects differ, and what changes the reading."""
    found = result.heterogeneity
    spread = (
        f"Variance between true effects (tau squared) {found.tau2:.3g} ({result.estimate.level * 100:g}% interval "
        f"{found.ci_low:.3g} to {found.ci_high:.3g}), I squared {found.i2:.0f}%, Q {found.q:.1f} on {found.df}."
    )
    return " ".join(
        [f"{result.estimate.method[0].upper()}{result.estimate.method[1:]}.", spread, *result.estimate.cautions]
    )
