"""One district in words: how its rate has changed, how it compares with the rest, how many visits it had."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.disclosure import protect_counts
from oda.errors import DesignError
from oda.evaluate import rate_change
from oda.evaluate.words import interval_words, percent_change
from oda.panel import Panel, rates, years
from oda.periods import say_period
from oda.results import CannotSay, Estimated, Fact

NO_COUNTS = "The file has rates without counts, so no interval can be given."


def latest_change(panel: Panel, code: str, name: str) -> Estimated | Fact | CannotSay:
    """Say how a district's rate in the latest year compares with the year before (with counts) or the first year (rates).

    Parameters
    ----------
    panel
        All districts.
    code, name
        The district.

    Returns
    -------
    Estimated, Fact or CannotSay
        With counts, a ratio with its interval; with rates alone, a change without one.
    """
    rows = years(panel.of(code), panel)
    yearly = rates(rows, panel, ["back", "year"]).dropna(subset=["rate"])
    if len(yearly) < 2:
        return CannotSay(
            sentence=f"The data for {name} hold fewer than two whole years with a rate.",
            needed="two whole years of data.",
        )
    latest, first = yearly.iloc[0], yearly.iloc[1] if panel.measure == "counts" else yearly.iloc[-1]
    start = f"In {latest['year']} the rate in {name} was {latest['rate']:,.0f} {panel.unit}"
    start = start.replace("In year", "In the year")
    if panel.measure == "counts":
        try:
            found = rate_change(
                rows[rows["back"] <= 1].assign(latest=rows["back"] == 0),
                outcome="admissions",
                exposure="population",
                after="latest",
                words="admissions for falls",
            )
        except DesignError:  # yearly counts: one row a year bears no interval
            change = percent_change(latest["rate"] / first["rate"])
            return Fact(
                sentence=f"{start}, {_than(change, 'the year before')}.", value=float(latest["rate"]), unit=panel.unit
            )
        said = _than(percent_change(found.value), "the year before")
        return Estimated(sentence=f"{start}, {said} ({interval_words(found)}).", estimate=found)
    change = _than(percent_change(latest["rate"] / first["rate"]), f"in {first['year']}")
    return Fact(sentence=f"{start}, {change}. {NO_COUNTS}", value=float(latest["rate"]), unit=panel.unit)


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
        With counts, a ratio of rates with its interval; with rates alone, the rank and the range of the others.
    """
    latest = years(panel.frame, panel)
    latest = latest[latest["back"] == 0]
    others = latest[latest["district_code"] != code]
    if others.empty:
        return CannotSay(sentence=f"{name} is the only district of this pilot.", needed="data of other districts.")
    when = f"In {latest['year'].iloc[0]}".replace("In year", "In the year")
    if panel.measure == "counts" and panel.per_year > 1:
        rows = latest.groupby(["district_code", "period"], as_index=False)[["admissions", "population"]].sum()
        months = rows.assign(here=rows["district_code"] == code)
        both = months.groupby(["here", "period"], as_index=False)[["admissions", "population"]].sum()
        found = rate_change(
            both, outcome="admissions", exposure="population", after="here", words="admissions for falls"
        )
        said = _than(percent_change(found.value), "in the other districts together")
        return Estimated(sentence=f"{when} the rate in {name} was {said} ({interval_words(found)}).", estimate=found)
    return _rank(rates(latest, panel, ["district_code"]), panel, code, name, when)


def _rank(table: pd.DataFrame, panel: Panel, code: str, name: str, when: str) -> Fact | CannotSay:
    """Say a district's place among the districts, and the range of the others."""
    table = table.dropna(subset=["rate"]).set_index("district_code")
    if code not in table.index or len(table) < 2:
        return CannotSay(sentence=f"There is no rate to compare for {name}.", needed="a rate for each district.")
    here, others = float(table["rate"].to_dict()[code]), table.drop(code)["rate"]
    place = int((table["rate"] > here).sum()) + 1
    sentence = (
        f"{when} the rate in {name}, {here:,.0f} {panel.unit}, was number {place} of {len(table)} from the "
        "highest; the others "
        f"ran from {others.min():,.0f} to {others.max():,.0f}."
    )
    sentence += f" {NO_COUNTS}" if panel.measure == "rates" else ""
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
    if "visits" not in panel.frame or panel.frame["visits"].isna().all():
        return CannotSay(
            sentence="The data hold no visits, so how many were made, and where, is not known.",
            needed="visits by district and month, in a column that the dataset's card maps as visits.",
        )
    rows = panel.frame if code is None else panel.of(code)
    made = rows[rows["visits"] > 0]
    if made.empty:
        where = f"in {name} " if code else ""
        return Fact(sentence=f"No home visits were made {where}up to {panel.last}.", value=0, unit="visits")
    shown = protect_counts(pd.Series([made["visits"].sum()]), panel.rule).iloc[0]
    number = "Fewer than " + str(panel.rule.hide_below) if pd.isna(shown) else f"About {int(shown):,}"
    span = f"from {say_period(made['period'].min())} to {say_period(made['period'].max())}"
    places = _and(sorted(made["district"].unique()))
    sentence = f"{number} home visits were made in {name or places} {span}."
    return Fact(sentence=sentence, value=None if pd.isna(shown) else int(shown), unit="visits")


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
        `month` (1 to 12) and `index` (100 is the average month; missing where a count is hidden); None when the data
        have no months or no counts.
    """
    if panel.per_year != 12 or panel.measure != "counts":
        return None
    monthly = rates(rows.assign(month=rows["period"].dt.month), panel, ["month"])
    monthly["index"] = (monthly["rate"] / np.nanmean(monthly["rate"].astype(float)) * 100).astype("Float64")
    return monthly[["month", "index"]]


def _than(change: str, what: str) -> str:
    """Join a change and what it is measured against."""
    return f"the same as {what}" if change == "unchanged" else f"{change} than {what}"


def _and(names: list[str]) -> str:
    """Join names as a sentence does."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
