"""The districts side by side: how each one's rate has changed, with its interval, beside those without visits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from oda.charts import COLOURS, GREY, name_below
from oda.describe import beside_rest
from oda.evaluate import Comparison, poisson_limits
from oda.evaluate.words import listed, percent_change
from oda.exhibits import plot_tile_map
from oda.exhibits.dots import dot_rows, draw_intervals
from oda.making import picture, table
from oda.panel import Panel, rates, years
from oda.periods import say_span
from oda.pilot import Pilot
from oda.results import CannotSay, Picture, Table, TableColumn
from oda.small_counts import protected_ratio, too_rough

CLOSE = 0.2  # inches of a row where there are many, each name on one line
SHORT = 25  # characters of such a name; the table has all of it
MANY = 15  # districts
LOOKS: dict[bool, tuple[str, dict[str, Any]]] = {
    True: ("with visits", {"marker": "D", "color": COLOURS[2], "markerfacecolor": COLOURS[2]}),
    False: ("without visits", {"marker": "o", "color": COLOURS[0], "markerfacecolor": "white"}),
}


def change_by_district(panel: Panel, found: Comparison | CannotSay | None = None) -> tuple[pd.DataFrame, str]:
    """Return how the rate of each district has changed, from protected counts.

    Parameters
    ----------
    panel
        All districts.
    found
        What `oda.effect.estimate_effect` returned: with an estimate, after is set against before as it does; without,
        the latest year against the year before.

    Returns
    -------
    frame : DataFrame
        One row a district, those with visits first: `district`, `visited`, `change`, `low`, `high` (per cent), missing
        where not known, `hidden` where a small count is why, `rough` where rounding would make too much of the change,
        and `visits` in words.
    when : str
        What is set against what, in words.
    """
    rows, when = _sides(panel, found)
    frame = pd.DataFrame([_change(name, part, panel) for name, part in rows.groupby("district", sort=True)])
    frame = frame.sort_values(["visited", "district"], ascending=[False, True], ignore_index=True)
    frame["visits"] = np.where(frame["visited"], "yes", "no")
    return frame, when


def _sides(panel: Panel, found: Comparison | CannotSay | None) -> tuple[pd.DataFrame, str]:
    """Return the rows that are compared, `top` for the later ones, and what they are in words."""
    if isinstance(found, Comparison):
        period = panel.whole["period"]
        before, after = ((period >= first) & (period <= last) for first, last in (found.before, found.after))
        rows = panel.whole[before | after]
        return rows.assign(top=after[rows.index]), f"{say_span(*found.after)} against {say_span(*found.before)}"
    rows = years(panel.frame, panel)
    rows = rows[rows["back"] <= 1]
    words = list(dict.fromkeys(rows.sort_values("back")["year"]))
    return rows.assign(top=rows["back"] == 0), " against ".join(words)


def _change(name: object, rows: pd.DataFrame, panel: Panel) -> dict[str, object]:
    """Return one district's change with its interval, where there is one."""
    sides = rates(rows, panel, ["top"]).set_index("top")
    whole = panel.measure == "counts" and bool(sides["rate"].notna().all())  # a part of a year is no year
    found = protected_ratio(rows, panel) if whole else None
    ends = (
        (found.value, found.ci_low, found.ci_high) if found else (_ratio(sides["rate"].to_dict()), math.nan, math.nan)
    )
    rough = panel.measure == "counts" and too_rough(sides["admissions"], panel.rule)
    change, low, high = (math.nan if rough else 100 * (end - 1) for end in ends)
    visited = bool(rows["cohort"].notna().any())
    small = bool(sides["hidden"].any())
    change_of = {"district": name, "visited": visited, "change": change, "low": low, "high": high}
    return {**change_of, "hidden": small, "rough": rough and not small}


def _ratio(rate: dict[Any, Any]) -> float:
    """Return the later rate over the earlier one; not a number where either is not there."""
    known = {True, False} <= set(rate) and not any(pd.isna(value) for value in rate.values())
    return float(rate[True]) / float(rate[False]) if known and rate[False] else math.nan


def changes_table(frame: pd.DataFrame, when: str, *, note: str = "") -> Table:
    """Show how the rate of each district has changed.

    Parameters
    ----------
    frame, when
        Of `change_by_district`.
    note
        A line below the table.

    Returns
    -------
    Table
        One row a district.
    """
    ends = {"low": "95% interval, from", "high": "to"} if frame["low"].notna().any() else {}
    columns: dict[str, TableColumn | str] = {
        "district": "District",
        "visits": "Visits",
        "change": TableColumn(title="Change in the rate", unit="%", decimals=1),
        **{name: TableColumn(title=title, unit="%", decimals=1) for name, title in ends.items()},
    }
    hidden = {name: frame["hidden"].tolist() for name in ("change", *ends)}
    caption = f"Change in the rate of falls admissions by district, {when}"
    return table(frame, caption=caption, columns=columns, note=note, hidden=hidden)


def draw_side_by_side(panel: Panel, found: Comparison | CannotSay) -> Picture:
    """Draw how the rate of each district has changed, beside the average of those without visits.

    Parameters
    ----------
    panel
        All districts.
    found
        What `oda.effect.estimate_effect` returned.

    Returns
    -------
    Picture
        One dot a district with its interval; those with visits told apart by the form of the dot.
    """
    frame, when = change_by_district(panel, found)
    drawing, axes = _rows_of(frame["district"].tolist())
    axes.axvline(0, color=GREY, linewidth=1)
    for visited, (name, look) in LOOKS.items():
        rows = frame[frame["visited"] == visited]
        if rows["change"].notna().any():
            axes.hlines(rows.index, rows["low"], rows["high"], color=look["color"], linewidth=2.2)
            axes.plot(rows["change"], rows.index, linestyle="", markersize=7, label=name, **look)
    middle = _middle(frame)
    if middle is not None:
        axes.axvline(middle, color=COLOURS[0], linewidth=1.4, linestyle=(0, (4, 3)), label="average without visits")
    name_below(axes)
    axes.set_xlabel("Change in the rate of admissions (%)")
    gone = int(frame["change"].isna().sum())
    said = f"{gone} of {len(frame)} districts have no figure to show." if gone else ""
    rounding = _say_rounding(panel, frame.loc[frame["rough"], "district"].tolist())
    return picture(
        drawing,
        headline=_headline(frame, middle),
        caption=f"Change in the rate of falls admissions by district, {when}",
        alt="Dot chart of the change in the rate of falls admissions of each district, described below.",
        description=" ".join(filter(None, [_describe(frame, middle), said, rounding])),
        data=changes_table(frame, when, note=rounding),
    )


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


def _below(frame: pd.DataFrame, middle: float) -> tuple[int, int, int]:
    """Return how many districts with visits lie below the average of the others, can be shown, and are there."""
    changes = frame.loc[frame["visited"], "change"]
    return int((changes < middle).sum()), int(changes.notna().sum()), len(changes)


def _shown(frame: pd.DataFrame, *, visited: bool) -> str:
    """Say of some districts that not all of them can be shown."""
    return " that can be shown" if frame.loc[frame["visited"] == visited, "change"].isna().any() else ""


def _headline(frame: pd.DataFrame, middle: float | None) -> str:
    """Say on which side of the others' average the districts with visits lie."""
    if middle is None:
        return ""
    below, of, every = _below(frame, middle)
    which = "Every district" if below == of else "No district" if below == 0 else "Some but not all districts"
    without = f"the average of those without{_shown(frame, visited=False)}"
    gone = f"; {every - of} of {every} with visits cannot be shown" if of < every else ""
    return f"{which} with visits{_shown(frame, visited=True)} did better than {without}{gone}"


def _describe(frame: pd.DataFrame, middle: float | None) -> str:
    """Say what the chart shows, extremes by name."""
    known = frame.dropna(subset=["change"])
    if known.empty:
        return "There is no figure large enough to be drawn."
    order = known.assign(change=known["change"].astype(float)).sort_values("change", kind="stable")
    ends = [f"{name} ({percent_change(1 + change / 100)})" for name, change in order[["district", "change"]].to_numpy()]
    said = "A dot is the change of one district and its line the 95% interval."
    if frame["low"].isna().all():
        said = "A dot is the change of one district; these data give no interval."
    said += f" The ends are {ends[0]} and {ends[-1]}." if len(ends) > 1 else f" The only one shown is {ends[0]}."
    if middle is None:
        return said
    below, of, every = _below(frame, middle)
    without = f"the districts without visits{_shown(frame, visited=False)}"
    among = f"the {of} districts with visits that can be shown, of {every} in all," if of < every else ""
    among = among or f"{of} districts with visits"
    return f"{said} The average of {without} is {percent_change(1 + middle / 100)}; {below} of {among} lie below it."


def draw_place(panel: Panel, code: str, name: str) -> Picture:
    """Draw the rate of every district in the latest year, the highest first, with one of them marked.

    Parameters
    ----------
    panel
        All districts.
    code, name
        The district to mark.

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
        caption=caption,
        alt=f"Dot chart of the rate of falls admissions in each district, {name} marked, described below.",
        description=_describe_place(known, len(frame), len(own) > 0, name, panel),
        data=table(frame, caption=caption, columns=columns, hidden=hidden),
    )


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
    data = pd.DataFrame({"code": codes, "value": rows["rate"].to_numpy(), "hidden": rows["hidden"].to_numpy(bool)})
    column = TableColumn(title="Rate", unit=panel.unit, decimals=0)
    caption = f"Rate of emergency admissions for falls by district, {when}"
    return plot_tile_map(data, pilot=pilot, column=column, caption=caption)


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
    if len(known) < of:
        said.append(f"{of - len(known)} of {of} districts have no figure to show.")
    return " ".join([*said, *filter(None, [_say_rounding(panel, [])])])
