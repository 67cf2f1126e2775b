"""Charts of dots: a row a name, at most two series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from oda.charts import COLOURS
from oda.results import TableColumn

ROW = 0.34  # inches of a row of dots
FRAME = 1.3  # inches of axes, legend and margins


def draw_dots(axes: Axes, names: Sequence[str], series: dict[str, pd.Series]) -> None:
    """Draw a row of dots for each name, series told apart by form and filling.

    Parameters
    ----------
    axes
        Of `new_chart`.
    names
        One a row, from the top.
    series
        One or two series by name, shape (names,) each; a missing value has no dot.
    """
    places = np.arange(len(names))
    for number, (name, values) in enumerate(series.items()):
        hollow = number == 0 and len(series) > 1
        axes.plot(
            values.to_numpy(float),
            places,
            "oD"[number],
            color=COLOURS[2 * number],
            markerfacecolor="none" if hollow else COLOURS[2 * number],
            markersize=9 if hollow else 6,
            zorder=4 if hollow else 3,
            label=name,
        )
    axes.set_yticks(places, list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    number_across(axes)
    if len(series) > 1:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, ncols=2)


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
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value + 0.0:,g}"))
