"""Charts of dots: rows with intervals, effects by period since the start, and the axes of both."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from oda.charts import COLOURS, GREY, name_below, new_chart
from oda.exhibits.values import say_time
from oda.results import TableColumn

ROW = 0.34  # inches of a row of dots
LINE = 0.2  # inches of a line of a label
FRAME = 1.3  # inches of axes, legend and margins
TALLEST = 12.0  # inches of a chart; beyond it rows are drawn closer
LABEL = 20  # characters of a label before it is broken
MOST_TIMES = 4  # named along an axis; more run into each other
WIDEST = 4.0  # times the span of the values; an interval that reaches further is cut, and the chart says so


def dot_rows(names: Sequence[object], *, extra: float = 0.0, each: float = ROW) -> tuple[Figure, Axes]:
    """Make an empty chart of a row a name.

    Parameters
    ----------
    names
        One a row, from the top; all empty where there are too many to name.
    extra
        Inches beside those of rows and frame.
    each
        Inches of a row, more where a name takes more lines.

    Returns
    -------
    Figure, Axes
        Of matplotlib, the upright axis named.
    """
    labels = [textwrap.fill(str(name), LABEL) for name in names]
    breaks = max((label.count("\n") for label in labels), default=0)
    each = max(each, LINE * (breaks + 1.4)) if breaks else each
    drawing, axes = new_chart(height=min(TALLEST, FRAME + extra + each * len(names)))
    axes.set_yticks(range(len(names)) if any(labels) else [], labels if any(labels) else [])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    number_across(axes)
    return drawing, axes


def draw_dots(axes: Axes, series: dict[str, pd.Series]) -> None:
    """Draw one or two dots in each row of a chart, series told apart by form and filling.

    Parameters
    ----------
    axes
        Of `dot_rows`.
    series
        One or two series by name, shape (rows,) each; a missing value has no dot.
    """
    for number, (name, values) in enumerate(series.items()):
        hollow = number == 0 and len(series) > 1
        axes.plot(
            values.to_numpy(float),
            range(len(values)),
            "oD"[number],
            color=COLOURS[2 * number],
            markerfacecolor="none" if hollow else COLOURS[2 * number],
            markersize=9 if hollow else 6,
            zorder=4 if hollow else 3,
            label=name,
        )
    if len(series) > 1:
        name_below(axes)


def draw_intervals(axes: Axes, numbers: np.ndarray, *, lead: int | None = None) -> None:
    """Draw a dot with its interval in each row of a chart.

    Parameters
    ----------
    axes
        Of `dot_rows`.
    numbers
        Value, low end and high end, shape (rows, 3); a missing value has no dot, a missing end no line.
    lead
        The row in question, a filled diamond among hollow dots; all are filled dots when not given.
    """
    for place, (value, low, high) in enumerate(np.asarray(numbers, dtype=float)):
        own = place == lead
        colour = COLOURS[2] if own else COLOURS[0]
        axes.hlines(place, low, high, color=colour, linewidth=2.4)
        inside = colour if own or lead is None else "white"
        axes.plot(value, place, "D" if own else "o", color=colour, markerfacecolor=inside, markersize=8)


def draw_events(axes: Axes, moments: np.ndarray, numbers: np.ndarray) -> None:
    """Draw effects with their intervals by time since the start: hollow squares before it, filled dots after.

    Parameters
    ----------
    axes
        Of `new_chart`.
    moments
        Whole numbers from the start, shape (n,); 0 is the first one treated.
    numbers
        Value, low end and high end, shape (n, 3); a missing end has no line.
    """
    value, low, high = numbers.T
    axes.axhline(0, color=GREY, linewidth=1.2)
    sides = (
        (moments < 0, "s", "white", COLOURS[2], "before the start"),
        (moments >= 0, "o", COLOURS[0], COLOURS[0], "from the start on"),
    )
    for side, mark, inside, colour, name in sides:
        axes.vlines(moments[side], low[side], high[side], color=colour, linewidth=2.2)
        look: dict[str, Any] = {"color": colour, "markerfacecolor": inside, "markersize": 7, "mew": 1.8}
        axes.plot(moments[side], value[side], mark, label=name, **look)
    axes.axvline(-0.5, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
    _keep_in_view(axes, value, numbers[:, 1:])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda moment, _: f"{moment:g}"))
    name_below(axes)


def _keep_in_view(axes: Axes, values: np.ndarray, ends: np.ndarray) -> None:
    """Show all values; cut intervals that would squeeze them out of sight, and say so."""
    known = ends[np.isfinite(ends)]
    span = max(float(np.ptp([*values, 0.0])), 1e-12)
    bottom, top = min(values.min(), 0) - WIDEST * span, max(values.max(), 0) + WIDEST * span
    if len(known) and (known.min() < bottom or known.max() > top):
        axes.set_ylim(bottom, top)
        words = "some intervals reach beyond the chart"
        axes.annotate(words, (1, 0.02), xycoords="axes fraction", ha="right", va="bottom", color=GREY)
    else:
        axes.margins(y=0.12)


def say_dots(names: Sequence[str], series: dict[str, pd.Series], *, decimals: int) -> str:
    """Say every value that `draw_dots` drew.

    Parameters
    ----------
    names
        One a row.
    series
        One or two series by name, shape (names,) each.
    decimals
        Of the values.

    Returns
    -------
    str
        One sentence.
    """
    shown = TableColumn(title="value", decimals=decimals)
    said = [
        f"{name} {', '.join('not known' if pd.isna(value) else shown.show(float(value)) for value in values)}"
        for name, *values in zip(names, *series.values(), strict=True)
    ]
    order = " and ".join(name.lower() for name in series)
    return f"In order ({order}): {'; '.join(said)}."


def number_across(axes: Axes) -> None:
    """Write the numbers of the axis along the bottom as people do.

    Parameters
    ----------
    axes
        Of `new_chart`.
    """
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value + 0.0:,.10g}"))


def times_across(axes: Axes, times: Sequence[object]) -> None:
    """Name times along the bottom, as many as have room.

    Parameters
    ----------
    axes
        Whose points lie at 0, 1, 2 and so on.
    times
        Periods or numbers, one a point.
    """
    step = max(1, -(-len(times) // MOST_TIMES))
    axes.set_xticks(range(0, len(times), step), [say_time(time, short=True) for time in times[::step]])
