"""Series over time as charts and tables: observed, expected, and the difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from oda.charts import COLOURS, GREY, mark_start, name_below, new_chart
from oda.evaluate import InterruptedSeries, StructuralCounterfactual, sentence
from oda.exhibits.dots import times_across
from oda.exhibits.titles import titled
from oda.exhibits.values import (
    capital,
    decimals,
    effect_columns,
    headline,
    note_of,
    per_many,
    say_time,
    shown,
    unit_shown,
)
from oda.making import table
from oda.results import Picture, Table, TableColumn

TRENDS = {
    "linear, slope change": "Straight, slope may change",
    "linear": "Straight",
    "none": "No trend",
    "spline": "Smooth curve",
}


def interrupted_series_table(result: InterruptedSeries) -> Table:
    """Show the effects under every form of the trend, the headline marked.

    Parameters
    ----------
    result
        Of `interrupted_time_series`.

    Returns
    -------
    Table
        One row a form of the trend; it shows no counts.
    """
    level = result.level_change
    frame = result.variants.assign(
        form=[
            f"{TRENDS[trend]}{' (headline)' * head}"
            for trend, head in zip(result.variants["trend"], result.variants["headline"], strict=True)
        ]
    )
    columns: dict[str, TableColumn | str] = {"form": "Trend"}
    for kind, title in (("level_change", "Effect at the start"), ("average_change", "Mean effect after")):
        names = [kind, f"{kind}_low", f"{kind}_high"]
        frame[names] = shown(frame[names], level)
        columns |= effect_columns(names, frame[kind], level, title=title)
    caption = f"Interrupted time series of {level.outcome}, by form of the trend"
    return table(frame, caption=caption, columns=columns, note=note_of(level))


def plot_interrupted_series(result: InterruptedSeries) -> Picture:
    """Draw the series, its fitted line, and the line that the earlier trend would have given.

    The dots and the table below are the figures as given: hide small counts before the estimate is made.

    Parameters
    ----------
    result
        Of `interrupted_time_series`.

    Returns
    -------
    Picture
        The treated series alone; its figures as a table. Rates where there is an exposure of counts.
    """
    rows = result.series[result.series["treated"]].reset_index(drop=True)
    outcome = result.level_change.outcome
    many, unit = (1.0, outcome) if (rows["exposure"] == 1).all() else _per(rows, outcome)
    lines = [name for name in map(str, rows) if name.startswith(("observed", "fitted", "counterfactual"))]
    rows[lines] = rows[lines].div(rows["exposure"] / many, axis="index")
    drawing, axes = new_chart(height=4.2)
    place = np.arange(len(rows))
    after = (rows["step"] >= 0).to_numpy()
    _draw_dots(axes, place, rows["observed"])
    for side, label in ((~after, None), (after, "fitted")):
        axes.plot(place[side], rows["fitted"][side], color=COLOURS[0], label=label)
    _draw_band(axes, place[after], rows[after], "counterfactual", "expected from the earlier trend")
    _finish(axes, rows, unit)
    description = (
        f"{_span(rows)}. {sentence(result)} Dots are what was observed, the solid line what the model fits, the dashed "
        f"line with its shaded {result.level_change.level * 100:g}% interval what the earlier trend would have given."
    )
    data = _series_table(rows, unit, ("observed", "fitted", "counterfactual"))
    return titled(
        drawing,
        headline=headline(result.average_change, "than the earlier trend would have given, on average after the start"),
        alt="Dot and line chart over time: observed, fitted, and expected from the earlier trend.",
        description=description,
        data=data,
    )


def structural_counterfactual_table(result: StructuralCounterfactual) -> Table:
    """Show the mean gap, the sum of the gaps, the level shift and the placebo.

    Parameters
    ----------
    result
        Of `structural_counterfactual`.

    Returns
    -------
    Table
        One row a figure. The sum of the gaps is in the outcome's unit.
    """
    shown_as = {
        "Mean gap a period": result.average,
        "Sum of the gaps": result.cumulative,
        "Lasting step at the start": result.shift,
        "Mean gap found before the start (placebo)": result.placebo,
    }
    rows = []
    for what, found in shown_as.items():
        if found is not None:
            ends = shown([found.value, found.ci_low, found.ci_high], found)
            said = [f"{end:,.{1 if found.scale == 'ratio' else decimals(ends)}f}" for end in ends]
            rows.append((what, unit_shown(found), said[0], f"{said[1]} to {said[2]}"))
    columns = {
        "what": "What",
        "unit": "Unit",
        "value": "Value",
        "interval": f"{result.average.level * 100:g}% interval",
    }
    return table(
        pd.DataFrame(rows, columns=list(columns)),
        caption=f"{capital(result.average.outcome)} beside its forecast from before the start",
        columns=columns,
        note=note_of(result.average),
    )


def plot_structural_counterfactual(result: StructuralCounterfactual) -> Picture:
    """Draw the series and its forecast from before the start.

    The line and the table below are the figures as given: hide small counts before the estimate is made.

    Parameters
    ----------
    result
        Of `structural_counterfactual`.

    Returns
    -------
    Picture
        With its figures as a table.
    """
    rows, outcome = result.series, result.average.outcome
    drawing, axes = new_chart(height=4.2)
    place, after = np.arange(len(rows)), (rows["step"] >= 0).to_numpy()
    axes.plot(place, rows["observed"], color=COLOURS[0], linewidth=1.8, label="observed")
    _draw_band(axes, place[after], rows[after], "counterfactual", "forecast from before the start")
    _finish(axes, rows, outcome)
    description = (
        f"{_span(rows)}. {sentence(result)} The solid line is what was observed; the dashed line with its shaded "
        f"{result.average.level * 100:g}% interval, for single periods, is the forecast."
    )
    return titled(
        drawing,
        headline=headline(result.average, "than the forecast from before the start, on average"),
        alt="Line chart over time: observed, and the forecast from before the start with its interval.",
        description=description,
        data=_series_table(rows, outcome, ("observed", "counterfactual")),
    )


def _span(rows: pd.DataFrame) -> str:
    """Say from when to when a chart goes, and where the start is."""
    first, last = say_time(rows["time"].iloc[0]), say_time(rows["time"].iloc[-1])
    return f"{first} to {last}, the start in {say_time(rows.loc[rows['step'] >= 0, 'time'].iloc[0])}"


def _per(rows: pd.DataFrame, outcome: str) -> tuple[float, str]:
    """Return what rates are multiplied by to be read, and their unit then."""
    many, unit = per_many(rows["observed"].sum() / rows["exposure"].sum() / 10, f"{outcome} per of exposure")
    return many, unit.replace(" per of ", " per unit of ")


def _draw_dots(axes: Axes, place: np.ndarray, values: pd.Series) -> None:
    """Draw what was observed as dots."""
    axes.plot(place, values, linestyle="", marker="o", markersize=4, color=GREY, label="observed")


def _draw_band(axes: Axes, place: np.ndarray, rows: pd.DataFrame, name: str, label: str) -> None:
    """Draw a dashed line with its interval shaded."""
    low, high = rows[f"{name}_low"].to_numpy(dtype=float), rows[f"{name}_high"].to_numpy(dtype=float)
    axes.fill_between(place, low, high, color=COLOURS[2], alpha=0.15, linewidth=0)
    axes.plot(place, rows[name], color=COLOURS[2], linestyle="--", label=label)


def _finish(axes: Axes, rows: pd.DataFrame, label: str) -> None:
    """Name the axes, mark the start, and begin at zero unless values are below it."""
    times_across(axes, list(rows["time"]))
    axes.set_xlim(-0.7, len(rows) - 0.3)
    axes.margins(y=0.2)
    if (rows["observed"] >= 0).all():
        axes.set_ylim(0, axes.get_ylim()[1] * 1.08)
    axes.set_ylabel(capital(label))
    mark_start(axes, int((rows["step"] < 0).sum()) - 0.5, "start")
    name_below(axes)


def _series_table(rows: pd.DataFrame, label: str, names: tuple[str, ...]) -> Table:
    """Return the figures that a chart was drawn from."""
    titles = {"observed": "Observed", "fitted": "Fitted", "counterfactual": "Expected without the start"}
    digits = decimals(rows["observed"])
    columns: dict[str, TableColumn | str] = {"when": "When"}
    for name in names:
        columns[name] = TableColumn(title=titles[name], decimals=digits)
    for end, title in (("low", "Expected, from"), ("high", "to")):
        columns[f"counterfactual_{end}"] = TableColumn(title=title, decimals=digits)
    frame = rows.assign(when=[say_time(time) for time in rows["time"]])
    frame = frame.astype(dict.fromkeys(columns, object)).where(frame[list(columns)].notna(), "")
    return table(
        frame,
        caption=f"{capital(label)}, period by period",
        columns=columns,
        note="Nothing is expected before the start, so it is left empty.",
    )
