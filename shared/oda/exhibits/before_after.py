"""Before and after as a chart and a table, with the caveat beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.charts import COLOURS, new_chart
from oda.evaluate import BeforeAfter, Estimate, sentence
from oda.exhibits.series_words import headline, note_of, say_ends, say_number, say_time
from oda.results import Picture, Table, picture, table


def before_after_table(result: BeforeAfter) -> Table:
    """Show the figures before and after of each unit, and the change.

    Parameters
    ----------
    result
        Of `before_after`.

    Returns
    -------
    Table
        One row a unit, and one for the change of all. Its rates are as given: hide small counts before.
    """
    found = result.estimate
    frame = result.changes.copy()
    for name in ("before", "after", "change"):
        frame[name] = [f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}" for value in frame[name]]
    frame["interval"] = ""
    overall = {"unit": "Change of all", "before": "", "after": "", "change": say_number(found.value, found)}
    rows = [*frame.to_dict("records"), overall | {"interval": say_ends(found)}]
    columns = {
        "unit": "Unit",
        "before": "Before",
        "after": "After",
        "change": "After over before" if found.scale == "ratio" else "After less before",
        "interval": f"{found.level * 100:g}% interval",
    }
    caption = f"{found.outcome} before and after the start"
    return table(pd.DataFrame(rows), caption=caption, columns=columns, note=note_of(found))


def plot_before_after(result: BeforeAfter) -> Picture:
    """Draw one line a unit from before to after.

    The rates are as given: hide small counts before the estimate is made.

    Parameters
    ----------
    result
        Of `before_after`.

    Returns
    -------
    Picture
        Unit lines in grey, their mean in colour.
    """
    found, frame = result.estimate, result.changes
    drawing, axes = new_chart()
    for before, after in zip(frame["before"], frame["after"], strict=True):
        axes.plot([0, 1], [before, after], color="#8A8A8A", linewidth=1.2, marker="o", markersize=4)
    middle = [_middle(frame[side], found) for side in ("before", "after")]
    axes.plot([0, 1], middle, color=COLOURS[0], linewidth=3, marker="o", markersize=8)
    for place, value in enumerate(middle):
        axes.annotate(
            f"{value:,.3g}",
            (place, value),
            xytext=(-10 if place == 0 else 10, 0),
            textcoords="offset points",
            ha="right" if place == 0 else "left",
            va="center",
            fontweight="bold",
        )
    axes.set_xticks([0, 1], [f"before\n({_when(result.before)})", f"after\n({_when(result.after)})"])
    axes.set_xlim(-0.35, 1.35)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.set_ylabel(f"{found.outcome}, rate or mean")
    many = len(frame) > 1
    who = (
        f"Each of {len(frame)} units is a thin line, their mean the thick one" if many else "One line, the whole group"
    )
    return picture(
        drawing,
        caption=f"{headline(found, 'than before the start')} With no comparison this is weak evidence of an effect.",
        alt="Chart of lines from before to after, one a unit, with their mean.",
        description=f"{sentence(result)} {who}, from {middle[0]:,.3g} before to {middle[1]:,.3g} after.",
        data=before_after_table(result),
    )


def _middle(values: pd.Series, found: Estimate) -> float:
    """Return the mean of the units, geometric for a ratio."""
    return float(np.exp(np.log(values).mean()) if found.scale == "ratio" else values.mean())


def _when(side: tuple[object, object]) -> str:
    """Say a stretch of time shortly."""
    first, last = (say_time(one) for one in side)
    return first if first == last else f"{first} to {last}"
