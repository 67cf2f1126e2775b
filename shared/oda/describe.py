"""One district in words: how its rate has changed, how it compares with the rest, how many visits it had.

Whatever is said is reckoned from protected counts, the ones that tables show, so that no sentence, ratio or interval
gives a hidden count away. Only the spread of the counts about their mean, a single number, comes from the exact ones.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.disclosure import protect_total
from oda.evaluate import Estimate
from oda.evaluate.words import interval_words, percent_change
from oda.panel import Panel, rates, steps, without_hidden, years
from oda.periods import say_period
from oda.results import CannotSay, Estimated, Fact
from oda.small_counts import protected_ratio, too_rough
from oda.wording import cannot_tell, interval_ends

NO_COUNTS = "The file has rates without counts, so no interval can be given."
ONE_A_YEAR = "One count a year gives no interval for the change."
MOST_NAMES = 8  # more are counted, not listed
LARGER = "larger counts: a longer period or a larger area."


def small_numbers(panel: Panel) -> str:
    """Say how small numbers are treated, as the note below a table of counts.

    Parameters
    ----------
    panel
        All districts, with the pilot's rule.

    Returns
    -------
    str
        One sentence.
    """
    rule = panel.rule
    return f"Counts are rounded to the nearest {rule.round_to}; [c] marks what one below {rule.hide_below} hides."


def latest_change(panel: Panel, code: str, name: str) -> Estimated | Fact | CannotSay:
    """Say how a district's rate in the latest year compares with the year before (counts) or the first year (rates).

    Parameters
    ----------
    panel
        All districts.
    code, name
        The district.

    Returns
    -------
    Estimated, Fact or CannotSay
        With counts by month or quarter, a ratio with its interval; with yearly counts or rates alone, a change without
        one; neither when a year is missing or its count is hidden.
    """
    rows = years(panel.frame, panel)
    rows = rows[rows["district_code"] == code]
    yearly = rates(rows, panel, ["back", "year"]).set_index("back")
    known = yearly["rate"].dropna()
    then = 1 if panel.measure == "counts" else max(known.index, default=0)
    if panel.measure == "counts" and {0, 1} <= set(yearly.index) and not {0, 1} <= set(known.index):
        if yearly.loc[[0, 1], "hidden"].any():
            return CannotSay(sentence=f"The counts for {name} are too small to be shown.", needed=LARGER)
        return CannotSay(
            sentence=f"The last two years of the data for {name} have a gap, and a part of a year is no year.",
            needed="a figure for every period of both years.",
        )
    if then == 0 or not {0, then} <= set(known.index):
        return CannotSay(
            sentence=f"The data for {name} hold no rate for the latest year and for one before it.",
            needed="two whole years of data, the latest among them.",
        )
    now, past = float(known[0]), float(known[then])
    start = f"{_in(yearly['year'][0])} the rate in {name} was {now:,.0f} {panel.unit}"
    what = "the year before" if panel.measure == "counts" else _in(yearly["year"][then]).replace("I", "i", 1)
    if past == 0:
        return Fact(sentence=f"{start}; {what} it was 0.", value=now, unit=panel.unit)
    return _set_against(start, what, yearly.loc[[0, then]], rows[rows["back"] <= 1], panel)


def _set_against(start: str, what: str, pair: pd.DataFrame, rows: pd.DataFrame, panel: Panel) -> Estimated | Fact:
    """Say how far a rate lies from an earlier one, as closely as the counts tell it."""
    now, past = pair["rate"].astype(float)
    if panel.measure == "counts":
        found = protected_ratio(rows.assign(top=rows["back"] == 0), panel)
        if too_rough(pair["admissions"], panel.rule):
            return Fact(sentence=f"{start}{_rough(found, what, panel)}{_gaps(rows)}", value=now, unit=panel.unit)
        if found is not None:
            said = f"{start}, {_than(percent_change(found.value), what)} ({interval_words(found)})."
            return Estimated(sentence=f"{said}{_doubt(found)}{_gaps(rows)}", estimate=found)
    why = ONE_A_YEAR if panel.measure == "counts" else NO_COUNTS
    return Fact(sentence=f"{start}, {_than(percent_change(now / past), what)}. {why}", value=now, unit=panel.unit)


def trend(panel: Panel, code: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return a district's rate beside that of the others, step by step: quarters for months, years for years.

    Where a quarter's count of the district is hidden, the steps are whole years, since a year beside its other quarters
    would give the hidden one away. Others with a hidden count are left out of theirs.

    Parameters
    ----------
    panel
        All districts.
    code
        The district.

    Returns
    -------
    frame : DataFrame
        One row a step: `step`, `when` (in words), `here`, `rest` (rates in `panel.unit`), `here_hidden`, `rest_hidden`.
    left_out : tuple of str
        Names of other districts that are left out.
    """
    drawn = steps(panel.frame, panel)
    if rates(drawn[drawn["district_code"] == code], panel, ["step"])["hidden"].any():
        drawn = years(panel.frame, panel)
        ends = drawn.groupby("back")["period"].max()
        drawn = drawn.assign(step=drawn["back"].map(ends))
    others, left_out = without_hidden(drawn[drawn["district_code"] != code], panel)
    lines = {
        "here": rates(drawn[drawn["district_code"] == code], panel, ["step"]),
        "rest": rates(others, panel, ["step"]),
    }
    named = [
        line.set_index("step")[["rate", "hidden"]].rename(columns={"rate": name, "hidden": f"{name}_hidden"})
        for name, line in lines.items()
    ]
    frame = named[0].join(named[1], how="outer").sort_index().reset_index()
    for name in lines:
        frame[f"{name}_hidden"] = frame[f"{name}_hidden"].fillna(value=False).astype(bool)
    words = drawn.drop_duplicates("step").set_index("step")["year"] if "year" in drawn else None
    frame["when"] = frame["step"].map(say_period if words is None else lambda step: words[step].replace("year to ", ""))
    return frame, left_out


def compare_with_rest(panel: Panel, code: str, name: str) -> Estimated | Fact | CannotSay:
    """Say how a district's rate in the latest year compares with that of the other districts of the pilot.

    Parameters
    ----------
    panel
        All districts.
    code, name
        The district.

    Returns
    -------
    Estimated, Fact or CannotSay
        With counts by month or quarter, a ratio of rates with its interval; with yearly counts or rates alone, the
        rank and the range of the others; neither when a count is hidden or could be had by subtraction.
    """
    latest = years(panel.frame, panel)
    latest = latest[latest["back"] == 0]
    if (latest["district_code"] == code).all():
        return CannotSay(
            sentence=f"There is no other district to compare {name} with.", needed="data of other districts."
        )
    when = _in(latest["year"].iloc[0])
    if panel.measure == "rates" or panel.per_year == 1:
        return _rank(rates(latest, panel, ["district_code"]), panel, code, name, when)
    rows, found = beside_rest(latest, panel, code)
    if found is None:
        return CannotSay(
            sentence=f"The counts are too few or too small to compare {name} with the other districts.",
            needed=LARGER,
        )
    sides = rates(rows, panel, ["top"]).set_index("top")
    if too_rough(sides["admissions"], panel.rule):
        own = float(sides["rate"][True])
        said = f"{when} the rate in {name} was {own:,.0f} {panel.unit}"
        said += _rough(found, "the other districts together", panel) + _gaps(latest)
        return Fact(sentence=said, value=own, unit=panel.unit)
    said = f"{when} the rate in {name} was {_than(percent_change(found.value), 'in the other districts together')}"
    said += f" ({interval_words(found)}).{_doubt(found)}{_gaps(latest)}"
    return Estimated(sentence=said, estimate=found)


def beside_rest(latest: pd.DataFrame, panel: Panel, code: str) -> tuple[pd.DataFrame, Estimate | None]:
    """Return the ratio of a district's rate to that of the others, which sentence and chart share.

    Parameters
    ----------
    latest
        Rows of the panel's frame, of the latest year.
    panel
        The panel they come from.
    code
        The district.

    Returns
    -------
    rows : DataFrame
        Those compared: of periods known on both sides, `top` where they are the district's.
    found : Estimate or None
        As `oda.small_counts.protected_ratio`.
    """
    known = latest.dropna(subset=["admissions", "population"])
    here = known["district_code"] == code
    both = set(known.loc[here, "period"]) & set(known.loc[~here, "period"])
    rows = known[known["period"].isin(both)].assign(top=here)
    return rows, protected_ratio(rows, panel)


def _rough(found: Estimate | None, what: str, panel: Panel) -> str:
    """Say a change by its interval alone, where rounding makes its size a matter of chance."""
    few = f". Admissions, rounded to the nearest {panel.rule.round_to}, are too few to tell a change more closely."
    if found is None:
        return few.replace(" more closely", "")
    low, high = interval_ends(found)
    return f"; against {what}, anything from {low} to {high} fits ({found.level * 100:g}% interval){few}"


def _rank(table: pd.DataFrame, panel: Panel, code: str, name: str, when: str) -> Fact | CannotSay:
    """Say a district's place among the districts, and the range of the others."""
    every = len(table)
    table = table.dropna(subset=["rate"]).set_index("district_code")
    if code not in table.index or len(table) < 2:
        return CannotSay(sentence=f"There is no rate to compare for {name}.", needed="a rate for each district.")
    here, others = float(table["rate"].to_dict()[code]), table.drop(code)["rate"]
    place = int((table["rate"] > here).sum()) + 1
    ends = list(dict.fromkeys(f"{end:,.0f}" for end in (others.min(), others.max())))
    who = "the other" if len(others) == 1 else "each of the others"
    span = f"{who} had {ends[0]}" if len(ends) == 1 else f"the others ran from {ends[0]} to {ends[1]}"
    shown = " that can be shown" if len(table) < every else ""
    sentence = (
        f"{when} the rate in {name}, {here:,.0f} {panel.unit}, was number {place} of {len(table)}{shown} from the "
        f"highest; {span}. {NO_COUNTS if panel.measure == 'rates' else ONE_A_YEAR}"
    )
    return Fact(sentence=sentence, value=here, unit=panel.unit)


def count_visits(panel: Panel, code: str | None = None, name: str = "") -> Fact | CannotSay:
    """Say how many home visits were made, in one district or in all.

    Parameters
    ----------
    panel
        All districts.
    code, name
        The district; all districts when not given.

    Returns
    -------
    Fact or CannotSay
        The number, protected; or that the data do not hold visits.
    """
    rows = panel.frame if code is None else panel.of(code)
    where = f" in {name}" if code else ""
    if "visits" not in rows or rows["visits"].isna().all():
        return CannotSay(
            sentence=f"The data hold no visits{where}, so how many were made, and where, is not known.",
            needed="visits by district and month, in a column that the dataset's card maps as visits.",
        )
    gaps = _gaps(rows, "visits", "number of visits")
    made = rows[rows["visits"] > 0]
    if made.empty:
        return Fact(sentence=f"No home visits were made{where} up to {panel.last}.{gaps}", value=0, unit="visits")
    shown = protect_total(made.groupby("district_code")["visits"].sum(), panel.rule)
    number = "Some" if shown is None else f"About {shown:,}"
    span = f"up to {panel.last}"  # the months of a hidden number would say which of its cells are not nought
    if shown is not None:
        first, last = (say_period(period) for period in (made["period"].min(), made["period"].max()))
        span = f"in {first}" if first == last else f"from {first} to {last}"
    names = sorted(made["district"].unique())
    places = _and(names) if len(names) <= MOST_NAMES else f"{len(names)} districts"
    sentence = f"{number} home visits were made in {name or places} {span}.{gaps}"
    if shown is None:
        small = "it is" if code else "the number in one of them is"
        sentence += f" How many is not said, since {small} too small to be shown."
    return Fact(sentence=sentence, value=shown, unit="visits")


def seasonal_pattern(rows: pd.DataFrame, panel: Panel) -> pd.DataFrame | None:
    """Return each calendar month's rate against the average of all months, from protected counts.

    Parameters
    ----------
    rows
        Rows of the panel's frame, of whole years.
    panel
        The panel they come from.

    Returns
    -------
    DataFrame or None
        `month` (1 to 12) and `index` (100 is the average month); None when the data have no counts by month, or when a
        calendar month is missing, has a gap or is hidden.
    """
    if panel.per_year != 12 or panel.measure != "counts":
        return None
    monthly = rates(rows.assign(month=rows["period"].dt.month), panel, ["month"])
    shown = monthly["rate"].dropna()
    if len(shown) < 12 or not shown.sum() > 0:
        return None
    monthly["index"] = (monthly["rate"] / float(np.mean(shown.astype(float))) * 100).astype("Float64")
    return monthly[["month", "index"]]


def _gaps(rows: pd.DataFrame, column: str = "admissions", what: str = "count") -> str:
    """Say how many rows have no figure; nothing when all have one."""
    lost = int(rows[column].isna().sum())
    if not lost:
        return ""
    verbs = ("has", "is") if lost == 1 else ("have", "are")
    return f" {lost} of {len(rows)} rows {verbs[0]} no {what} and {verbs[1]} left out."


def _doubt(found: Estimate) -> str:
    """Say that an interval holds no difference, where it does."""
    return " The data cannot tell this from no difference." if cannot_tell(found) else ""


def _in(year: str) -> str:
    """Say when: `In 2017/18`, or `In the year to March 2026`."""
    return f"In the {year}" if year.startswith("year") else f"In {year}"


def _than(change: str, what: str) -> str:
    """Join a change and what it is measured against."""
    return f"about the same as {what}" if change == "unchanged" else f"{change} than {what}"


def _and(names: list[str]) -> str:
    """Join names as a sentence does."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
