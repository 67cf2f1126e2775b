"""Falsification checks as a table and a picture."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.charts import COLOURS, GREY, new_chart
from oda.evaluate import Falsification, sentence
from oda.exhibits.values import decimals, shown, unit_shown
from oda.results import Picture, Table, TableColumn, picture, table

TITLES = {
    "placebo in time": ("Starts made up before the real one", "Made-up start"),
    "placebo in space": ("Untreated units taken as treated, one at a time", "Unit"),
    "leave one out": ("The estimate without each unit in turn", "Left out"),
    "leave neighbours out": ("The estimate without neighbours", "Left out"),
}
TALLEST = 9.0  # inches


def falsification_table(result: Falsification) -> Table:
    """Show the estimate and the others beside it.

    Parameters
    ----------
    result
        Placebos or omissions.

    Returns
    -------
    Table
        The estimate, then one row a placebo or omission.
    """
    frame = _rows(result)
    digits = decimals(frame["value"])
    title, head = TITLES[result.kind]
    columns: dict[str, TableColumn | str] = {
        "label": head,
        "value": TableColumn(title="Estimate", unit=unit_shown(result.actual), decimals=digits),
        "ci_low": TableColumn(title=f"{result.actual.level * 100:g}% interval, from", decimals=digits),
        "ci_high": TableColumn(title="to", decimals=digits),
    }
    if frame["ci_low"].notna().sum() == 1:
        columns = {name: columns[name] for name in ("label", "value")}
    note = " ".join([f"{result.actual.method[:1].upper()}{result.actual.method[1:]}.", *result.cautions])
    return table(frame, caption=f"{title}: {result.actual.outcome}", columns=columns, note=note)


def plot_falsification(result: Falsification) -> Picture:
    """Draw the estimate and the others beside it, one line each, with intervals where there are any.

    Parameters
    ----------
    result
        Placebos or omissions.

    Returns
    -------
    Picture
        The estimate on top, filled; the others hollow.
    """
    frame = _rows(result)
    places = np.arange(len(frame))[::-1]
    drawing, axes = new_chart(height=min(TALLEST, 1.4 + 0.34 * len(frame)))
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=GREY, linewidth=1.2)
    numbers = frame[["value", "ci_low", "ci_high"]].to_numpy(dtype=float)
    for number, (place, (value, low, high)) in enumerate(zip(places, numbers, strict=True)):
        colour, mark, inside = (COLOURS[0], "o", "white") if number else (COLOURS[2], "D", COLOURS[2])
        if np.isfinite(low):
            axes.hlines(place, low, high, color=colour, linewidth=2.4)
        axes.plot(value, place, mark, color=colour, markerfacecolor=inside, markersize=8)
    axes.set_yticks(places, frame["label"].tolist())
    axes.set_ylim(-0.7, len(frame) - 0.3)
    axes.set_xlabel(f"Estimate, {unit_shown(result.actual)}")
    title, _ = TITLES[result.kind]
    return picture(
        drawing,
        caption=sentence(result),
        alt=f"Chart of the estimate for {result.actual.outcome} beside others: {title.lower()}.",
        description=f"{title}: a filled diamond is the estimate itself, hollow dots are the others. {sentence(result)}",
        data=falsification_table(result),
    )


def _rows(result: Falsification) -> pd.DataFrame:
    """Return the estimate and the others as they are shown."""
    e = result.actual
    own = pd.DataFrame([{"label": "The estimate", "value": e.value, "ci_low": e.ci_low, "ci_high": e.ci_high}])
    frame = pd.concat([own, result.others[list(own.columns)].astype(own.dtypes)], ignore_index=True)
    numbers = ["value", "ci_low", "ci_high"]
    frame[numbers] = shown(frame[numbers], e)
    return frame
