"""The districts side by side: how each one's rate has changed, with its interval, beside those without visits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oda.changes import change_by_district, changes_table
from oda.charts import COLOURS, GREY, SMALLEST, name_below
from oda.describe import beside_rest
from oda.disclosure import HIDDEN
from oda.evaluate import Comparison, poisson_limits
from oda.evaluate.words import listed, percent_change
from oda.exhibits import plot_tile_map
from oda.exhibits.dots import dot_rows, draw_intervals
from oda.making import picture, table
from oda.panel import Panel, rates, years
from oda.pilot import Pilot
from oda.results import UNKNOWN, CannotSay, Estimated, Fact, Picture, TableColumn
from oda.wording import reading

CLOSE = 0.2  # inches of a row where there are many, each name on one line
SHORT = 25  # characters of such a name; the table has all of it
MANY = 15  # districts
PLAIN = "How the rate of admissions changed in each district"
LOOKS: dict[bool, tuple[str, dict[str, Any]]] = {
    True: ("with visits", {"marker": "D", "color": COLOURS[2], "markerfacecolor": COLOURS[2]}),
    False: ("without visits", {"marker": "o", "color": COLOURS[0], "markerfacecolor": "white"}),
}


def draw_side_by_side(panel: Panel, found: Comparison | CannotSay) -> Picture:
    """Draw how the rate of each district has changed, beside the average of those without visits.

    Parameters
    ----------
    panel
        All districts.
    found
        What `oda.effect.estimate_effect` returned: without an estimate no average of others is drawn to compare with.

    Returns
    -------
    Picture
        One dot a district with its interval; those with visits told apart by the form of the dot.
    """
    frame, when = change_by_district(panel)
    drawing, axes = _rows_of(frame["district"].tolist())
    axes.axvline(0, color=GREY, linewidth=1)
    for visited, (name, look) in LOOKS.items():
        rows = frame[frame["visited"] == visited]
        if rows["change"].notna().any():
            axes.hlines(rows.index, rows["low"], rows["high"], color=look["color"], linewidth=2.2)
            axes.plot(rows["change"], rows.index, linestyle="", markersize=7, label=name, **look)
    for place, (_, row) in enumerate(frame.iterrows()):
        if pd.isna(row["change"]):
            mark: Any = {"va": "center", "color": GREY, "fontsize": SMALLEST, "transform": axes.get_yaxis_transform()}
            axes.text(0.02, place, _why(row), **mark)
    middle = _middle(frame) if isinstance(found, Comparison) else None
    if middle is not None:
        axes.axvline(middle, color=COLOURS[0], linewidth=1.4, linestyle=(0, (4, 3)), label="average without visits")
    name_below(axes)
    axes.set_xlabel("Change in the rate of admissions (%)")
    gone = int(frame["change"].isna().sum())
    said = f"{gone} of {len(frame)} districts {'has' if gone == 1 else 'have'} no figure to show." if gone else ""
    rounding = _say_rounding(panel, frame.loc[frame["rough"], "district"].tolist())
    return picture(
        drawing,
        headline=_headline(frame) if isinstance(found, Comparison) else PLAIN,
        caption=f"Change in the rate of falls admissions by district, {when}",
        alt="Dot chart of the change in the rate of falls admissions of each district, described below.",
        description=" ".join(filter(None, [_describe(frame, middle), said, rounding])),
        data=changes_table(frame, when, note=rounding),
    )


def _why(row: pd.Series) -> str:
    """Say why a row has no dot."""
    return f"{HIDDEN} hidden" if row["hidden"] else "too few to tell" if row["rough"] else f"{UNKNOWN} no figure"


def _say_rounding(panel: Panel, rough: list[str]) -> str:
    """Say how the counts behind a chart are rounded, and of which districts that leaves too little to tell a change."""
    if panel.measure != "counts" or panel.rule.round_to == 1:
        return ""
    few = f"; those of {listed(rough)} are too few to tell a change" if rough else ""
    return f"Admissions are rounded to the nearest {panel.rule.round_to}{few}."


def _rows_of(names: list[str]) -> tuple[Figure, Axes]:
    """Return an empty chart of a row a district, close together where there are many."""
    if len(names) <= MANY:
        return dot_rows(names)
    drawing, axes = dot_rows([""] * len(names), each=CLOSE)
    short = [name if len(name) <= SHORT else f"{name[: SHORT - 1].rstrip()}…" for name in names]
    axes.set_yticks(range(len(names)), short)
    return drawing, axes


def _middle(frame: pd.DataFrame) -> float | None:
    """Return the average change of the districts without visits, per cent; None where there is none of either kind."""
    others = frame.loc[~frame["visited"], "change"].dropna()
    if others.empty or frame.loc[frame["visited"], "change"].dropna().empty or (others <= -100).any():
        return None
    return float(100 * (np.exp(np.log1p(others.astype(float) / 100).mean()) - 1))


def _headline(frame: pd.DataFrame) -> str:
    """Say in how many districts of each kind the rate fell or rose, by the intervals alone."""
    sides = [frame[frame["visited"]], frame[~frame["visited"]]]
    if frame["low"].isna().all() or any(side.empty for side in sides):
        return PLAIN
    fell, rose = ([int((side[end] * sign > 0).sum()) for side in sides] for end, sign in (("high", -1), ("low", 1)))
    visited, others = map(len, sides)
    down = [count or "none" for count in fell]
    said = f"The rate fell in {down[0]} of {visited} districts with visits and in {down[1]} of {others} without"
    up = sum(rose)
    said += f", and rose in {up}" if up else ""
    return said if sum(fell) + up == len(frame) else f"{said}; in the others no change can be told"


def _describe(frame: pd.DataFrame, middle: float | None) -> str:
    """Say what the chart shows."""
    known = frame["change"].dropna().astype(float)
    if known.empty:
        return "There is no figure large enough to be drawn."
    ends = [percent_change(1 + end / 100) for end in (known.min(), known.max())]
    said = "A dot is the change of one district and its line the 95% interval."
    if frame["low"].isna().all():
        said = "A dot is the change of one district; these data give no interval."
    said += f" The dots run from {ends[0]} to {ends[1]}." if len(known) > 1 else f" The only one shown is {ends[0]}."
    if middle is None:
        return said
    without = frame.loc[~frame["visited"], "change"].notna().sum()
    which = "the one district" if without == 1 else f"the {without} districts"
    return (
        f"{said} The dashed line, {percent_change(1 + middle / 100)}, is the average of {which} without visits shown."
    )


def draw_place(panel: Panel, code: str, name: str, said: Estimated | Fact | CannotSay | None = None) -> Picture:
    """Draw the rate of every district in the latest year, the highest first, with one of them marked.

    Parameters
    ----------
    panel
        All districts.
    code, name
        The district to mark.
    said
        What `oda.describe.compare_with_rest` says of it, whose message the chart bears.

    Returns
    -------
    Picture
        One dot a district, with its interval where the data hold counts.
    """
    frame, when = _latest(panel)
    known = frame.dropna(subset=["rate"]).reset_index(drop=True)
    drawing, axes = _rows_of(known["district"].tolist())
    own = known.index[known["district_code"] == code]
    numbers = known[["rate", "low", "high"]].to_numpy(dtype=float)
    draw_intervals(axes, numbers, lead=int(own[0]) if len(own) else None)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"Admissions a year {panel.unit}")
    ends = {"low": "95% interval, from", "high": "to"} if panel.measure == "counts" else {}
    columns: dict[str, TableColumn | str] = {
        "district": "District",
        "rate": TableColumn(title="Rate", unit=panel.unit, decimals=0),
        **{key: TableColumn(title=title, unit=panel.unit, decimals=0) for key, title in ends.items()},
    }
    hidden = {key: frame["hidden"].tolist() for key in ("rate", *ends)}
    caption = f"Rate of emergency admissions for falls by district, {when}"
    return picture(
        drawing,
        headline=_place_headline(said, name),
        caption=caption,
        alt=f"Dot chart of the rate of falls admissions in each district, {name} marked, described below.",
        description=_describe_place(known, len(frame), len(own) > 0, name, panel),
        data=table(frame, caption=caption, columns=columns, hidden=hidden),
    )


def _place_headline(said: Estimated | Fact | CannotSay | None, name: str) -> str:
    """Say how a district compares with the others, as far as the interval bears it."""
    found = reading(said.estimate) if isinstance(said, Estimated) else ""
    texts = {
        **{way: f"The rate in {name} was {way} than in the other districts together" for way in ("lower", "higher")},
        "alike": f"The rate in {name} was much the same as in the other districts together",
        "unclear": f"The rate in {name} cannot be told from that of the other districts together",
    }
    return texts.get(found, f"The rate in {name} among those of the other districts")


def draw_map(panel: Panel, pilot: Pilot) -> Picture:
    """Draw the rate of every district in the latest year on a map of tiles.

    Parameters
    ----------
    panel
        All districts.
    pilot
        The pilot's settings: its office and districts.

    Returns
    -------
    Picture
        One tile a district, with its rate.
    """
    frame, when = _latest(panel)
    codes = [district.code for district in pilot.districts]
    rows = frame.set_index("district_code").reindex(codes)
    rows["hidden"] = rows["hidden"].eq(other=True).fillna(value=False)
    data = rows[["rate", "low", "high", "hidden"]].rename(columns={"rate": "value"}).reset_index(names="code")
    column = TableColumn(title="Rate", unit=panel.unit, decimals=0)
    caption = f"Rate of emergency admissions for falls by district, {when}"
    headline = "How the rate differs from district to district"
    return plot_tile_map(data, pilot=pilot, column=column, caption=caption, headline=headline)


def _latest(panel: Panel) -> tuple[pd.DataFrame, str]:
    """Return the protected rate of each district in the latest year with the ends of its interval, and the year."""
    rows = years(panel.frame, panel)
    rows = rows[rows["back"] == 0]
    frame = rates(rows, panel, ["district_code", "district"])
    frame["rate"] = frame["rate"].astype("Float64")
    counts = frame["admissions"] if "admissions" in frame else pd.Series(pd.NA, index=frame.index)
    known = zip(frame["district_code"], counts.astype("Float64").to_numpy(float, na_value=math.nan), strict=True)
    share = [_limits(float(count), rows, panel, code) for code, count in known]
    frame["low"], frame["high"] = (frame["rate"] * [pair[side] for pair in share] for side in (0, 1))
    return frame.sort_values("rate", ascending=False, na_position="last", ignore_index=True), str(rows["year"].iloc[0])


def _limits(count: float, rows: pd.DataFrame, panel: Panel, code: str) -> tuple[float, float]:
    """Return the ends of the interval of a protected count, as shares of it; not numbers where there is none.

    It is as wide as that of the sentence that sets the district beside the others, where there is such a sentence.
    """
    if not count > 0:
        return math.nan, math.nan
    _, found = beside_rest(rows, panel, code)
    if found is not None:
        return found.ci_low / found.value, found.ci_high / found.value
    low, high = poisson_limits(count, level=0.95)
    return float(low) / count, float(high) / count


def _describe_place(known: pd.DataFrame, of: int, shown: bool, name: str, panel: Panel) -> str:  # noqa: FBT001
    """Say the ends, where the district stands, and what is not shown."""
    if known.empty:
        return "There is no figure large enough to be drawn."
    high, low = (f"{row['rate']:,.0f} in {row['district']}" for _, row in known.iloc[[0, -1]].iterrows())
    said = [f"The rates run from {high} down to {low}, {panel.unit}."]
    if len(known) == 1:
        said = [f"The only rate shown is {high}, {panel.unit}."]
    said.append(f"{name} is marked." if shown else f"{name} has no figure that can be shown.")
    if gone := of - len(known):
        said.append(f"{gone} of {of} districts {'has' if gone == 1 else 'have'} no figure to show.")
    return " ".join([*said, *filter(None, [_say_rounding(panel, [])])])
