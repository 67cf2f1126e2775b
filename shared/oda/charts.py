"""The look of a chart: Analysis Function colours, plain axes from zero, lines told apart without colour.

Colours and order: Government Analysis Function, "Data visualisation: colours in charts"; grid, axes and text as in its
package `afcharts`, whose plain words across the page and large type we keep to. A chart is drawn narrow, as it is read
on a phone too: 12 points of 5.4 inches are 10 pixels of 320.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from oda.errors import DesignError

COLOURS = ("#12436D", "#28A197", "#801650", "#F46A25")  # in the order of the guidance
PAIR = (COLOURS[0], COLOURS[3])  # its two for two
GREY = "#3D3D3D"
STYLES = ("-", "--", "-.", ":")
WIDTH = 5.4  # inches of a chart
SMALLEST = 11  # points of any word in a chart
LABEL = 40  # characters of the title of an axis before it is broken
SHORT = 20  # characters of names in a legend that stand beside each other
NAMED = 5  # along an axis; more run into each other
MARKED = 12  # a line of so few points has a dot at each
_STYLE: Any = {
    "axes.edgecolor": "#8A8A8A",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": "#0B0C0C",
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "grid.color": "#E0E0E0",
    "lines.linewidth": 2.2,
    "svg.fonttype": "path",
    "svg.hashsalt": "oda",
    "text.color": "#0B0C0C",
    "xtick.color": "#0B0C0C",
    "ytick.color": "#0B0C0C",
    "ytick.major.size": 0,
}


def new_chart(*, height: float = 3.6) -> tuple[Figure, Axes]:
    """Make an empty chart in the house style.

    Parameters
    ----------
    height
        In inches; the width is 5.4.

    Returns
    -------
    Figure, Axes
        Of matplotlib; not shown until it is recorded.
    """
    with mpl.rc_context(_STYLE):
        drawing = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = drawing.subplots()
    axes.set_axisbelow(True)
    axes.set_prop_cycle(color=COLOURS, linestyle=STYLES, linewidth=[_STYLE["lines.linewidth"]] * len(COLOURS))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,.0f}" if float(value).is_integer() else f"{value:,g}")
    )
    return drawing, axes


def draw_lines(axes: Axes, labels: Sequence[str], lines: dict[str, Sequence[float | None]]) -> None:
    """Draw one line a series, named in the legend, told apart by colour and by dashes.

    A point with no neighbour on either side is drawn as a dot, since no line reaches it.

    Parameters
    ----------
    axes
        Of `new_chart`.
    labels
        One a point along the axis, such as the period.
    lines
        Series by name, at most four; None where a value is hidden or missing, which breaks the line.

    Raises
    ------
    DesignError
        When there are more series than can be told apart.
    """
    if len(lines) > len(COLOURS):
        message = f"{len(lines)} lines cannot be told apart. Draw at most {len(COLOURS)}, or one chart for each."
        raise DesignError(message)
    places = np.arange(len(labels))
    colours = PAIR if len(lines) == len(PAIR) else COLOURS
    for number, (name, values) in enumerate(lines.items()):
        heights = np.array([np.nan if value is None else float(value) for value in values])
        known = np.isfinite(heights)
        neighbours = np.concatenate([[False], known, [False]])
        alone = known & ~neighbours[:-2] & ~neighbours[2:]
        dots = known if known.sum() <= MARKED else alone
        axes.plot(
            places,
            heights,
            label=name,
            marker="o" if dots.any() else None,  # so that the legend shows a dot where the line has one
            markersize=4,
            markevery=dots,
            color=colours[number],
            linestyle=STYLES[number],
        )
    step = max(1, -(-len(labels) // NAMED))
    axes.set_xticks(places[::step], list(labels)[::step])
    axes.set_xlim(-0.3, len(labels) - 0.7)
    axes.margins(y=0.12)  # so that the highest point and the words above it stay apart
    axes.set_ylim(bottom=0)
    name_below(axes)


def name_below(axes: Axes) -> None:
    """Put the legend below a chart, where it covers nothing; names stand beside each other where there is room.

    Parameters
    ----------
    axes
        Of `new_chart`.
    """
    handles, labels = axes.get_legend_handles_labels()
    columns = 2 if max(map(len, labels), default=0) <= SHORT else 1
    drawing = axes.get_figure(root=True)
    look: Any = {"frameon": False, "ncols": columns, "handlelength": 3, "fontsize": SMALLEST}
    if drawing is not None:
        drawing.legend(handles, labels, loc="outside lower left", **look)


def mark_start(axes: Axes, place: float, words: str) -> None:
    """Mark where something began with an upright line and words at its top.

    Parameters
    ----------
    axes
        Of `new_chart`.
    place
        Position along the axis.
    words
        What began.
    """
    axes.axvline(place, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
    axes.annotate(
        words,
        (place, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -3),
        textcoords="offset points",
        va="top",
    )


_PLACES = re.compile(r"( d=\"| x=\"| y=\"|translate\()([^\")]*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


def to_svg(drawing: Figure) -> str:
    """Return a figure as SVG, the same text for the same figure.

    Parameters
    ----------
    drawing
        The figure.

    Returns
    -------
    str
        An `svg` element without an XML heading, date or random names; the titles of axes stand across, above the
        upright one, and no word is smaller than `SMALLEST`.
    """
    _make_legible(drawing)
    stream = io.StringIO()
    with mpl.rc_context(_STYLE):
        drawing.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = _PLACES.sub(lambda found: found[1] + _NUMBER.sub(_rounded, found[2]), text[text.index("<svg") :])
    return re.sub(r"\s+\n", "\n", text)


def _rounded(number: re.Match[str]) -> str:
    """Return a place in a drawing to a tenth of a point: more would give away the digits that its data hide."""
    return f"{round(float(number[0]), 1) + 0.0:g}"


def _make_legible(drawing: Figure) -> None:
    """Enlarge small words, break long titles of axes, and write that of the upright axis across, above it."""
    for words in drawing.findobj(Text):
        words.set_fontsize(max(words.get_fontsize(), SMALLEST))
    for axes in drawing.axes:
        axes.set_xlabel(_broken(axes.get_xlabel()))
        if axes.get_ylabel() and not axes.get_title(loc="left"):
            axes.set_title(_broken(axes.get_ylabel()), loc="left", fontsize=_STYLE["font.size"], pad=8)
            axes.set_ylabel("")


def _broken(words: str) -> str:
    """Break the title of an axis into lines that fit a chart."""
    lines = words.replace("per cent", "per\u00a0cent").split("\n")
    return "\n".join(textwrap.fill(line, LABEL) for line in lines)


def heights(values: pd.Series) -> list[float | None]:
    """Return a column as heights to draw: None where a value is hidden or missing.

    Parameters
    ----------
    values
        Numbers, shape (n,).

    Returns
    -------
    list
        Shape (n,).
    """
    return [None if pd.isna(value) else float(value) for value in values]


def extremes(values: pd.Series) -> str:
    """Say the lowest and the highest of a column, such as `1,204 to 1,690`, or the one value that there is.

    Parameters
    ----------
    values
        Numbers, shape (n,); missing ones are passed over.

    Returns
    -------
    str
        In whole numbers.
    """
    known = values.dropna()
    return " to ".join(dict.fromkeys(f"{end:,.0f}" for end in (known.min(), known.max()))) if len(known) else "no value"


def mark_period(axes: Axes, periods: pd.Series, start: pd.Period | None, words: str) -> None:
    """Mark the period in which something began, if the chart reaches it.

    Parameters
    ----------
    axes
        Of `new_chart`.
    periods
        The periods drawn, in order.
    start
        When it began; nothing is marked when missing or outside the chart.
    words
        What began.
    """
    if start is not None and reaches(periods, start):
        place = next(number for number, period in enumerate(periods) if start.start_time <= period.end_time)
        mark_start(axes, place - 0.5, words)


def reaches(periods: pd.Series, start: pd.Period | None) -> bool:
    """Tell whether a chart shows the period in which something began.

    Parameters
    ----------
    periods
        The periods drawn, in order.
    start
        When it began; missing when it did not.

    Returns
    -------
    bool
        Whether the start lies within the periods.
    """
    if not isinstance(start, pd.Period) or periods.empty:
        return False
    return bool(periods.iloc[0].start_time <= start.start_time <= periods.iloc[-1].end_time)
