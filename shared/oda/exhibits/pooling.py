"""A pooled effect as a forest plot and a table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from oda.charts import COLOURS, GREY, name_below
from oda.evaluate.pooling.districts import Pooled
from oda.evaluate.words import sentence
from oda.exhibits.dots import ROW, dot_rows, number_across
from oda.exhibits.titles import titled
from oda.exhibits.values import axis_words, capital, effect_columns, headline, note_of, say_size, shown
from oda.making import table
from oda.results import Picture, Table, TableColumn

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
    further = ["A further district"] if result.prediction is not None else []
    drawing, axes = dot_rows([*result.districts["district"], "Mean effect", *further], extra=0.5, each=1.4 * ROW)
    _draw_districts(axes, result.districts)
    _draw_pooled(axes, result)
    _frame(axes, result)
    names, sizes = result.districts["district"], result.districts["effect"]
    e = result.estimate
    own = "; ".join(f"{name} {say_size(size, e)}" for name, size in zip(names, sizes, strict=True))
    return titled(
        drawing,
        headline=_caption(result),
        alt=f"Forest plot of the effects in {len(names)} districts and their mean, with intervals.",
        description=f"{sentence(result)} Own estimates: {own}. {capital(e.method)}.",
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
    axes.hlines(place, found.ci_low, found.ci_high, color="black", linewidth=3)
    axes.plot(found.value, place, "s", color="black", markersize=8)
    if result.prediction is not None:
        axes.hlines(place + 1, *result.prediction, color=GREY, linewidth=5, alpha=0.45)
    axes.axhline(place - 0.5, color=GREY, linewidth=0.8)


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
    axes.set_xlabel(axis_words(f"Effect on {result.estimate.outcome}", result.estimate))
    name_below(axes)
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


def _caption(result: Pooled) -> str:
    """Say the mean effect, and what a further district may expect."""
    e = result.estimate
    said = headline(e, "on average over districts").partition(" The data")[0]
    if result.prediction is None:
        return said
    low, high = (say_size(end, e) for end in result.prediction)
    return f"{said} In a further district: {low} to {high}."


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
    e = result.estimate
    rows = result.districts.to_dict("records")
    for name, value, low, high in (
        ("Mean effect", e.value, e.ci_low, e.ci_high),
        ("Mean effect, modified variance", e.value, *result.modified),
        ("A further district (prediction)", np.nan, *(result.prediction or (None, None))),
        ("If all effects were one", result.common.value, result.common.ci_low, result.common.ci_high),
    ):
        if low is not None:
            rows.append({"district": name, "effect": value, "ci_low": low, "ci_high": high})
    own, shrunken = ["effect", "ci_low", "ci_high"], ["shrunken", "shrunken_low", "shrunken_high"]
    frame = pd.DataFrame(rows)
    frame[own + shrunken] = shown(frame[own + shrunken], e)
    size = frame["effect"]
    columns: dict[str, TableColumn | str] = {
        "district": "District",
        **effect_columns(own, size, e),
        "weight": TableColumn(title="Weight", unit="%", decimals=1),
        **effect_columns(shrunken, size, e, title="Drawn towards the mean"),
    }
    frame = frame.astype(dict.fromkeys(columns, object)).where(frame[list(columns)].notna(), "")
    caption = f"Effect on {e.outcome} by district and over {len(result.districts)} districts"
    return table(frame, caption=caption, columns=columns, note=_note(result))


def _note(result: Pooled) -> str:
    """Say the method, how far effects differ, and what changes the reading."""
    found, e = result.heterogeneity, result.estimate
    of = "the logarithm of the effect" if e.scale == "ratio" else "the effect"
    spread = (
        f"Variance of {of} between districts (tau squared) {found.tau2:.3g} ({e.level * 100:g}% interval "
        f"{found.ci_low:.3g} to {found.ci_high:.3g}), I squared {found.i2:.0f}%, Q {found.q:.1f} on {found.df}."
    )
    return f"{note_of(e)} {spread}"
