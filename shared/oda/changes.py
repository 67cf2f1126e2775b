"""How the rate of each district has changed: after visits began against before, whole years or the same months.

The board's chart of districts and the answer of each district's own report are these numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from oda.describe import LARGER, NO_COUNTS, ONE_A_YEAR, latest_change
from oda.evaluate import sentence
from oda.evaluate.words import percent_change
from oda.making import table
from oda.panel import Panel, rates, years
from oda.periods import say_span
from oda.results import CannotSay, Estimated, Fact, Table, TableColumn
from oda.small_counts import protected_ratio, too_rough
from oda.wording import AFTER_VISITS, interval_ends, reading

PARTS = {12: "calendar months", 4: "quarters", 1: "years"}
NOTHING = "There is no time both before and after visits began to compare, so the latest year is told instead."


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """What is set against what.

    Attributes
    ----------
    rows
        Rows of the panel's frame with `top`, true for the later side.
    later, earlier
        Each side in words, such as `August 2025 to July 2026`.
    by_visits
        Whether the sides are after and before visits began; else they are the latest year and the year before.
    """

    rows: pd.DataFrame
    later: str
    earlier: str
    by_visits: bool

    @property
    def when(self) -> str:
        """Both sides in words."""
        return f"{self.later} against {self.earlier}"


def sides(panel: Panel) -> Sides:
    """Set the time after visits began against the time before: on both sides the latest whole years.

    Where there is less than a year after, the same calendar months are taken on both sides, so that no season makes a
    change. All districts have the same sides, also those without visits.

    Parameters
    ----------
    panel
        All districts.

    Returns
    -------
    Sides
        The latest year against the year before where no time lies before or after all starts, or where the data hold
        visits before they began.
    """
    whole = panel.whole
    starts = panel.frame["cohort"].dropna()
    if len(starts) and not whole.empty:
        early = whole[whole["period"] < panel.start]
        late = whole[whole["period"] >= starts.max()]
        before, after = _alike(early["period"], late["period"], panel.per_year)
        if len(before) and not _visited(early):
            rows = whole[whole["period"].isin([*before, *after])]
            later, earlier = _said(after, panel), _said(before, panel)
            return Sides(rows=rows.assign(top=rows["period"].isin(after)), later=later, earlier=earlier, by_visits=True)
    rows = years(panel.frame, panel)
    rows = rows[rows["back"] <= 1]
    words = list(dict.fromkeys(rows.sort_values("back")["year"]))
    earlier = words[1] if len(words) > 1 else "no year before"
    return Sides(rows=rows.assign(top=rows["back"] == 0), later=words[0], earlier=earlier, by_visits=False)


def _alike(early: pd.Series, late: pd.Series, per_year: int) -> tuple[list[Any], list[Any]]:
    """Return the latest periods of two times: in both the same parts of the year, on each side equally often."""
    found: list[dict[int, list[Any]]] = [{}, {}]
    for parts, times in zip(found, (early, late), strict=True):
        for period in sorted(times.unique()):
            parts.setdefault(period.ordinal % per_year, []).append(period)
    shared = found[0].keys() & found[1].keys()
    often = [min((len(parts[part]) for part in shared), default=0) for parts in found]
    before, after = (
        sorted(period for part in shared for period in parts[part][-times:])
        for parts, times in zip(found, often, strict=True)
    )
    return before, after


def _visited(rows: pd.DataFrame) -> bool:
    """Tell whether there were visits in rows that should have none."""
    return "visits" in rows and bool((rows["visits"] > 0).any())


def _said(periods: list[Any], panel: Panel) -> str:
    """Say periods as a span, or which parts of it they are."""
    span = say_span(periods[0], periods[-1])
    if periods[-1].ordinal - periods[0].ordinal + 1 == len(periods):
        return span
    return f"the same {PARTS[panel.per_year]} of {span}"


def change_by_district(panel: Panel) -> tuple[pd.DataFrame, str]:
    """Return how the rate of each district has changed, from protected counts.

    Parameters
    ----------
    panel
        All districts.

    Returns
    -------
    frame : DataFrame
        One row a district, those with visits first: `district`, `visited`, `change`, `low`, `high` (per cent), missing
        where not known, `hidden` where a small count is why, `rough` where rounding would make too much of the change,
        and `visits` in words.
    when : str
        What is set against what, in words.
    """
    compared = sides(panel)
    found = compared.rows.groupby(["district_code", "district"], sort=True)
    frame = pd.DataFrame([_change(code, name, part, panel) for (code, name), part in found])
    frame = frame.sort_values(["visited", "district"], ascending=[False, True], ignore_index=True)
    frame["visits"] = np.where(frame["visited"], "yes", "no")
    return frame, compared.when


def _change(code: object, name: object, rows: pd.DataFrame, panel: Panel) -> dict[str, object]:
    """Return one district's change with its interval, where there is one."""
    both = rates(rows, panel, ["top"]).set_index("top")
    whole = panel.measure == "counts" and bool(both["rate"].notna().all())  # a part of a year is no year
    found = protected_ratio(rows, panel) if whole else None
    ends = (found.value, found.ci_low, found.ci_high) if found else (_ratio(both["rate"].to_dict()), math.nan, math.nan)
    rough = panel.measure == "counts" and too_rough(both["admissions"], panel.rule)
    change, low, high = (math.nan if rough else 100 * (end - 1) for end in ends)
    visited = bool(rows["cohort"].notna().any())
    small = bool(both["hidden"].any())
    change_of = {"code": code, "district": name, "visited": visited, "change": change, "low": low, "high": high}
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


def say_change(panel: Panel, code: str, name: str) -> Estimated | Fact | CannotSay:
    """Say how a district's rate after visits began compares with its rate before, and what the others did.

    Parameters
    ----------
    panel
        All districts.
    code, name
        The district.

    Returns
    -------
    Estimated, Fact or CannotSay
        The change of `change_by_district`; what `oda.describe.latest_change` says, and that, where no time lies before
        and after the visits.
    """
    compared = sides(panel)
    if not compared.by_visits:
        said = latest_change(panel, code, name)
        return said.model_copy(update={"sentence": f"{said.sentence} {NOTHING}"})
    frame = change_by_district(panel)[0].set_index("code")
    row = frame.loc[code]
    if row["hidden"]:
        return CannotSay(sentence=f"The counts for {name} are too small to be shown.", needed=LARGER)
    rows = compared.rows[compared.rows["district_code"] == code]
    now = rates(rows, panel, ["top"]).set_index("top")["rate"].to_dict().get(True)
    others = _others(frame.drop(index=code))
    began = "visits began" if row["visited"] else "visits began elsewhere"
    subject = f"From {compared.later}, after {began}, the rate of admissions in {name}"
    against = f"than from {compared.earlier}, before them"
    found = protected_ratio(rows, panel) if panel.measure == "counts" else None
    if found is not None and not row["rough"]:
        found = replace(found, estimand=AFTER_VISITS)
        return Estimated(sentence=f"{sentence(found, subject=subject, against=against)}{others}", estimate=found)
    if now is None or pd.isna(now):
        return CannotSay(sentence=f"The data hold no rate for {name} before and after visits began.", needed=LARGER)
    here = f"{subject} was {now:,.0f} {panel.unit}"
    if row["rough"]:
        few = f"Admissions, rounded to the nearest {panel.rule.round_to}, are too few to tell a change from before them"
        fits = f"; anything from {' to '.join(interval_ends(found))} fits (95% interval)" if found is not None else ""
        return Fact(sentence=f"{here}. {few}{fits}.{others}", value=float(now), unit=panel.unit)
    why = ONE_A_YEAR if panel.measure == "counts" else NO_COUNTS
    moved: str = "" if pd.isna(row["change"]) else f", {percent_change(1 + row['change'] / 100)} {against}"
    return Fact(sentence=f"{here}{moved}. {why}{others}", value=float(now), unit=panel.unit)


def change_headline(said: Estimated | Fact | CannotSay, name: str) -> str:
    """Return the message of a chart of one district's rate over time.

    Parameters
    ----------
    said
        Of `say_change`.
    name
        The district.

    Returns
    -------
    str
        Lower or higher only where the interval bears it.
    """
    found = reading(said.estimate) if isinstance(said, Estimated) else ""
    after = isinstance(said, Estimated) and said.estimate.estimand == AFTER_VISITS
    then = "after visits began than before" if after else "in the latest year than in the year before"
    texts = {
        **{way: f"The rate in {name} was {way} {then}" for way in ("lower", "higher")},
        "alike": f"The rate in {name} was much the same as before",
        "unclear": f"Whether the rate in {name} has changed cannot be told",
    }
    return texts.get(found, f"The rate in {name} over time")


def _others(frame: pd.DataFrame) -> str:
    """Say how the rates of the other districts changed, from the lowest to the highest."""
    spans = []
    for visited, what in ((True, "with visits"), (False, "without")):
        known = frame.loc[frame["visited"] == visited, "change"].dropna().astype(float)
        ends = (
            list(dict.fromkeys(percent_change(1 + end / 100) for end in (known.min(), known.max())))
            if len(known)
            else []
        )
        if ends:
            those = "the one district" if len(known) == 1 else f"the {len(known)} districts"
            spans.append(f"{' to '.join(ends)} in {those} {what}")
    shown = " that can be shown" if frame["change"].isna().any() else ""
    return f" Of the others{shown}, it was {'; '.join(spans)}." if spans else ""
