"""Difference-in-differences as a table and a picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from oda.charts import COLOURS, GREY, name_below
from oda.evaluate import Comparison, sentence
from oda.exhibits.dots import ROW, dot_rows
from oda.exhibits.titles import titled
from oda.exhibits.values import axis_words, capital, decimals, headline, per_many, say_span, unit_shown
from oda.making import table
from oda.results import Picture, Table, TableColumn

NAMED = 30  # units; more have no name in the chart, only in its table
MARKS = (("treated", "o"), ("not treated", "s"))


def comparison_table(result: Comparison) -> Table:
    """Show the two-by-two table of means, and the change of each group.

    It shows means as they are; protect small counts before.

    Parameters
    ----------
    result
        A difference-in-differences.

    Returns
    -------
    Table
        One row a group, then their difference; the method, p and cautions below.
    """
    e, sides = result.estimate, ["before", "after", "change"]
    plain = next((one.unit for one in (e, result.other_scale) if one is not None and one.scale != "ratio"), "")
    many, unit = per_many(result.means[sides], plain)
    frame = result.means.assign(group=result.means["group"].map(capital))
    frame[sides] *= many
    digits = decimals(frame[sides])
    columns: dict[str, TableColumn | str] = {
        "group": "Units",
        "units": TableColumn(title="Number", decimals=0),
        **{name: TableColumn(title=capital(name), unit=unit, decimals=digits) for name in sides},
    }
    p = "" if e.p_value is None else f" p {e.p_value:.3f}."
    permuted = ""
    if e.permutation_p is not None and e.smallest_p is not None:
        permuted = (
            f" p by re-assigning the treatment {e.permutation_p:.3f}; the smallest possible is {e.smallest_p:.3f}."
        )
    note = f"{sentence(result)} {capital(e.method)}.{p}{permuted}"
    caption = f"{capital(e.outcome)} before and after"
    return table(frame, caption=caption, columns=columns, note=note.strip())


def plot_comparison(result: Comparison) -> Picture:
    """Draw each unit's change, treated above the rest, and the means of both.

    It shows each unit's change as it is; protect small counts before.

    Parameters
    ----------
    result
        A difference-in-differences.

    Returns
    -------
    Picture
        A dot a unit, named where they are no more than 30; an upright bar at each group's mean.
    """
    e = result.estimate
    frame, means = _changes(result)
    few = len(frame) <= NAMED
    drawing, axes = dot_rows(frame["unit"].tolist() if few else [""] * len(frame), each=ROW if few else 0.06)
    _draw_groups(axes, frame, means)
    axes.set_xlabel(axis_words(f"Change in {e.outcome} from before to after", e))
    digits, kind = decimals(frame["value"]), "geometric mean" if e.scale == "ratio" else "mean"
    said = f"{means[0]:,.{digits}f} for treated units, {means[1]:,.{digits}f} for the others ({unit_shown(e)})"
    columns: dict[str, TableColumn | str] = {
        "unit": "Unit",
        "group": "Group",
        "value": TableColumn(title="After against before", unit=unit_shown(e), decimals=digits),
    }
    return titled(
        drawing,
        headline=headline(e),
        alt=f"Dot chart of the change in {e.outcome} of each unit, treated units above the others.",
        description=(f"One dot a unit, a bar at each group's {kind}: {said}{_say_sides(result)}. {sentence(result)}"),
        data=table(frame, caption=f"Change in {e.outcome} by unit", columns=columns),
    )


def _changes(result: Comparison) -> tuple[pd.DataFrame, list[float]]:
    """Return each unit's change as it is shown, the treated first, and the mean of each group."""
    e, treated = result.estimate, result.changes["treated"].to_numpy()
    change = result.changes["change"].to_numpy(dtype=float)
    many = per_many([e.value, e.ci_low, e.ci_high], e.unit)[0]
    means = [float(change[side].mean()) for side in (treated, ~treated)]
    values, ends = ((100 * np.expm1(one) if e.scale == "ratio" else many * one) for one in (change, np.array(means)))
    frame = pd.DataFrame({"unit": result.changes["unit"].astype(str), "value": values})
    frame["group"] = np.where(treated, MARKS[0][0], MARKS[1][0])
    return frame.sort_values(["group", "value"], ascending=[False, True], ignore_index=True), list(ends)


def _draw_groups(axes: Axes, frame: pd.DataFrame, means: list[float]) -> None:
    """Draw the dots of each group and its mean."""
    axes.axvline(0, color=GREY, linewidth=1)
    for number, (group, mark) in enumerate(MARKS):
        own, colour = frame["value"][frame["group"] == group], COLOURS[2 * number]
        axes.plot(own, own.index, mark, color=colour, markersize=8, label=f"{capital(group)} ({len(own)})")
        line = "-" if number == 0 else "--"
        axes.vlines(means[number], own.index[0] - 0.4, own.index[-1] + 0.4, color=colour, linewidth=3, linestyle=line)
    name_below(axes)


def _say_sides(result: Comparison) -> str:
    """Say the periods of both sides, where they are known."""
    if (result.before, result.after) == ((0, 0), (1, 1)):
        return ""
    return f"; before: {say_span(*result.before)}; after: {say_span(*result.after)}"
