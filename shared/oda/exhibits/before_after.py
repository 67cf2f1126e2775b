"""Before and after as a chart and a table, with the caveat beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.charts import COLOURS, new_chart
from oda.evaluate import BeforeAfter, sentence
from oda.exhibits.titles import titled
from oda.exhibits.values import capital, decimals, headline, note_of, per_many, say_ends, say_span, shown, unit_shown
from oda.making import table
from oda.results import Picture, Table, TableColumn

SIDES = ["before", "after"]


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
    found, (frame, what) = result.estimate, _read(result)
    change = shown(frame["change"], found)
    frame = frame.assign(change=change, unit=frame["unit"].astype(str))
    overall = {"unit": "Change of all", "before": "", "after": "", "change": float(shown(found.value, found))}
    level_digits = decimals(frame[SIDES])
    columns: dict[str, TableColumn | str] = {
        "unit": "Unit",
        "before": TableColumn(title="Before", decimals=level_digits),
        "after": TableColumn(title="After", decimals=level_digits),
        "change": TableColumn(
            title="After against before",
            unit=unit_shown(found),
            decimals=1 if found.scale == "ratio" else decimals(change),
        ),
    }
    rows = pd.DataFrame([*frame[list(columns)].to_dict("records"), overall])
    note = f"Change of all, {say_ends(found)}. {note_of(found)}"
    return table(rows, caption=f"{what}, before and after the start", columns=columns, note=note)


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
    found, (frame, what) = result.estimate, _read(result)
    drawing, axes = new_chart()
    axes.plot([0, 1], frame[SIDES].T, color="#8A8A8A", linewidth=1.2, marker="o", markersize=4)
    values = frame[SIDES].to_numpy(dtype=float)
    middle = np.exp(np.log(values).mean(axis=0)) if found.scale == "ratio" else values.mean(axis=0)
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
    axes.set_xticks([0, 1], [f"before\n({say_span(*result.before)})", f"after\n({say_span(*result.after)})"])
    axes.set_xlim(-0.35, 1.35)
    axes.margins(y=0.15)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]) if (values < 0).any() else 0.0)
    axes.set_ylabel(what)
    many = len(frame) > 1
    who = (
        f"Each of {len(frame)} units is a thin line, their mean the thick one" if many else "One line, the whole group"
    )
    return titled(
        drawing,
        headline=f"{headline(found, 'than before the start')} Weak evidence: no comparison.",
        alt="Line chart from before to after, one line a unit, with their mean.",
        description=f"{sentence(result)} {who}, from {middle[0]:,.3g} before to {middle[1]:,.3g} after ({what}).",
        data=before_after_table(result),
    )


def _read(result: BeforeAfter) -> tuple[pd.DataFrame, str]:
    """Return the changes with rates for as many as can be read, and what they are."""
    found, frame = result.estimate, result.changes.copy()
    unit = f"{found.outcome} per of exposure" if found.scale == "ratio" else found.unit
    many, unit = per_many(frame[SIDES], unit)
    frame[SIDES] *= many
    return frame, capital(found.outcome if many == 1 and found.scale == "ratio" else unit or found.outcome)
