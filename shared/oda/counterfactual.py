"""What happened in the districts with visits beside what would be expected without them, from protected rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from oda import charts
from oda.evaluate import Comparison
from oda.making import picture, table
from oda.panel import Panel, rates, steps, without_hidden
from oda.periods import say_period
from oda.results import CannotSay, Picture, TableColumn
from oda.wording import percent_change, reading

WITH, WITHOUT = "Districts with visits", "Districts without visits"
HAPPENED, EXPECTED = "What happened, with visits", "Expected without visits"
HEIGHT = 3.2  # inches; two pages of a brief hold it with all that they must
HEADLINES = {
    "lower": "Where visits began, admissions fell below what was expected",
    "higher": "Where visits began, admissions rose above what was expected",
    "alike": "Where visits began, admissions were much as expected",
    "unclear": "Where visits began, admissions cannot be told from what was expected",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """Rates step by step.

    Attributes
    ----------
    frame
        One row a step: `step`, `when` (in words), and a column for each of `names`.
    names
        What each line is called, by column.
    left_out
        Districts left out, since a count of theirs is hidden in some step.
    compared
        Whether one line is what would be expected without visits.
    """

    frame: pd.DataFrame
    names: dict[str, str]
    left_out: tuple[str, ...]
    compared: bool


def expect(panel: Panel, *, estimated: bool = True) -> Lines:
    """Return the rate of the districts with visits step by step, and what would be expected without visits.

    Expected is the average rate of these districts before the first visits, moved as the rate of the districts without
    visits has moved since. It assumes what the estimate assumes: that both groups would have changed alike. Periods
    with a gap are left out.

    Parameters
    ----------
    panel
        All districts.
    estimated
        Whether an effect is reckoned from them; otherwise nothing is expected either.

    Returns
    -------
    Lines
        The two lines; where there are not both groups, no time before or after, or no effect, the rates of the groups
        there are.
    """
    kept = panel.frame[~panel.frame["period"].isin(panel.gaps)]
    group = np.where(kept["cohort"].notna(), "with", "without")
    drawn, left_out = without_hidden(steps(kept.assign(group=group), panel), panel)
    long = rates(drawn, panel, ["group", "step"]).set_index(["step", "group"])["rate"]
    groups = long.astype("Float64").unstack("group")  # noqa: PD010  there is one value each
    names = {key: name for key, name in (("with", WITH), ("without", WITHOUT)) if key in groups}
    start = panel.start
    before = groups if start is None else groups[[step.end_time < start.start_time for step in groups.index]]
    compared = estimated and len(names) == 2 and 0 < len(before) < len(groups)
    if compared:
        groups["without"] *= before["with"].mean() / before["without"].mean()
        names = {"with": HAPPENED, "without": EXPECTED}
    frame = groups.reset_index()
    frame["when"] = frame["step"].map(say_period)
    return Lines(frame=frame, names=names, left_out=left_out, compared=compared)


def draw_counterfactual(panel: Panel, found: Comparison | CannotSay) -> Picture:
    """Draw what happened beside what would be expected without visits.

    Parameters
    ----------
    panel
        All districts.
    found
        What `oda.effect.estimate_effect` returned, for the message above the chart.

    Returns
    -------
    Picture
        One or two lines, the first visits marked.
    """
    lines = expect(panel, estimated=isinstance(found, Comparison))
    index = lines.frame
    drawing, axes = charts.new_chart(height=HEIGHT)
    drawn: dict[str, Sequence[float | None]] = {name: charts.heights(index[key]) for key, name in lines.names.items()}
    charts.draw_lines(axes, index["when"].tolist(), drawn)
    if lines.compared:
        _shade(axes, index, panel)
    charts.mark_period(axes, index["step"], panel.start, "First visits")
    axes.set_ylabel(f"Admissions a year {panel.unit}")
    title = "the districts with visits" if lines.compared else " and ".join(lines.names.values()) or "no district"
    shown = " that can be shown" if lines.left_out else ""
    return picture(
        drawing,
        headline=HEADLINES.get(reading(found.estimate), "") if lines.compared and isinstance(found, Comparison) else "",
        caption=f"Rate of falls admissions in {title.lower()}{shown}{_when(index)}",
        alt=f"Line chart of the rate of falls admissions in {title.lower()}, described below.",
        description=_describe(lines, panel),
        data=table(
            index,
            caption="Rate of falls admissions, as drawn",
            columns={
                "when": "Period",
                **{key: TableColumn(title=name, unit=panel.unit, decimals=0) for key, name in lines.names.items()},
            },
        ),
    )


def _when(index: pd.DataFrame) -> str:
    """Say from which step to which the lines run; the data may end within one that is not drawn."""
    steps = list(index["when"])
    return f", {steps[0]} to {steps[-1]}" if steps else ""


def _shade(axes: Axes, index: pd.DataFrame, panel: Panel) -> None:
    """Shade the gap between both lines from the first visits on."""
    happened, expected = (index[key].astype(float).to_numpy() for key in ("with", "without"))
    since = [panel.start is not None and step.end_time >= panel.start.start_time for step in index["step"]]
    look: Any = {"facecolor": "none", "edgecolor": charts.GREY, "hatch": "////", "linewidth": 0}
    axes.fill_between(range(len(index)), happened, expected, where=since, **look)


def _describe(lines: Lines, panel: Panel) -> str:
    """Say what the chart shows."""
    ends = [f"{name}: {charts.extremes(lines.frame[key])}" for key, name in lines.names.items()]
    said = [f"{'; '.join(ends)} ({panel.unit})."] if ends else []
    if lines.compared:
        said.append(
            "Expected is the earlier average of the districts with visits, moved as the rate of the others has moved; "
            "hatching marks the gap since the first visits. Before them the lines should lie together."
        )
        said += _gaps(lines.frame, panel)
    if lines.left_out:
        said.append(f"Left out, since their counts are small: {', '.join(lines.left_out)}.")
    return " ".join(said) or "There is no figure large enough to be drawn."


def _gaps(index: pd.DataFrame, panel: Panel) -> list[str]:
    """Say how far apart the lines were before the first visits and since, and what the one says of the other."""
    known = index[["with", "without"]].notna().all(axis="columns")
    gaps = (index["with"] / index["without"])[known].astype(float)
    early = [panel.start is not None and step.end_time < panel.start.start_time for step in index.loc[known, "step"]]
    before, since = gaps[early], gaps[[not one for one in early]]
    if before.empty or since.empty:
        return []
    words = [" to ".join(dict.fromkeys(_gap(end) for end in (side.min(), side.max()))) for side in (before, since)]
    said = [f"The gap was {words[0]} then, and {words[1]} since."]
    if np.abs(np.log(before)).max() >= np.abs(np.log(since)).max():
        said.append("So gaps as large came about without visits.")
    return said


def _gap(ratio: float) -> str:
    """Say a gap between the lines."""
    return percent_change(ratio).replace("unchanged", "nil")
