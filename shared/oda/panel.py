"""A loaded dataset made ready for comparison: who started when, and rates from protected counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from oda.disclosure import protect_counts
from oda.errors import DesignError
from oda.loading import Loaded
from oda.periods import periods_per_year, say_period
from oda.pilot import Disclosure, Pilot

PER = 100_000

Measure = Literal["counts", "rates"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """Districts by periods, with the first period of visits of each district.

    Attributes
    ----------
    frame
        `district_code`, `district`, `period`, `cohort` (first whole period of visits, missing for a comparison
        district) and the dataset's columns.
    measure
        `counts` when the data hold admissions and population, else `rates`.
    per_year
        Periods in a year: 12, 4 or 1.
    unit
        What a rate is measured in.
    rule
        The pilot's small-number rule.
    partial
        Periods within which visits began in some district, such as the year of a start in June: neither before nor
        after.
    """

    frame: pd.DataFrame
    measure: Measure
    per_year: int
    unit: str
    rule: Disclosure
    partial: tuple[pd.Period, ...]

    @property
    def first(self) -> str:
        """The first period, in words."""
        return say_period(self.frame["period"].min())

    @property
    def last(self) -> str:
        """The last period, in words."""
        return say_period(self.frame["period"].max())

    @property
    def start(self) -> pd.Period | None:
        """The first period in which any district had visits, whether or not the data reach it."""
        starts = [*self.frame["cohort"].dropna().unique(), *self.partial]
        return min(starts) if starts else None

    @property
    def gaps(self) -> tuple[pd.Period, ...]:
        """The periods for which some district has no value, so that they cannot be compared."""
        values = ["admissions", "population"] if self.measure == "counts" else ["rate"]
        known = self.frame.dropna(subset=values).groupby("period")["district_code"].nunique()
        every = self.frame["period"].unique()
        districts = self.frame["district_code"].nunique()
        return tuple(sorted(period for period in every if known.get(period, 0) < districts))

    @property
    def whole(self) -> pd.DataFrame:
        """The rows of periods that lie wholly before or after each start, and in which no district has a gap."""
        return self.frame[~self.frame["period"].isin([*self.partial, *self.gaps])]

    def of(self, code: str) -> pd.DataFrame:
        """Return the rows of one district.

        Parameters
        ----------
        code
            The district's code.

        Returns
        -------
        DataFrame
            Its rows, in order of period.
        """
        return self.frame[self.frame["district_code"] == code]


def make_panel(loaded: Loaded, pilot: Pilot, *, about: str | None = None) -> Panel:
    """Make a panel of a loaded dataset, from counts where it has them and from rates otherwise.

    Parameters
    ----------
    loaded
        With `admissions` and `population`, or with `rate`.
    pilot
        Its districts' first months of visits and its small-number rule.
    about
        The code or name of the one district whose first month of visits is taken, so that nothing depends on those of
        others: they have none in the panel. All when not given.

    Returns
    -------
    Panel
        Districts by periods.

    Raises
    ------
    DesignError
        When the dataset has neither counts with population nor rates.
    SettingsError
        When the pilot has no such district.
    """
    frame = _fill(loaded.frame)
    if {"admissions", "population"} <= set(frame) and frame["admissions"].notna().any():
        measure: Measure = "counts"
        unit = f"per {PER:,} people aged 65 and over"
    elif "rate" in frame:
        measure, unit = "rates", loaded.card.unit("rate") or "rate"
        if "admissions" in frame:  # a rate that stands for a small count is as small a number
            small = protect_counts(frame["admissions"], pilot.disclosure).isna() & frame["admissions"].notna()
            frame["rate"] = frame["rate"].mask(small)
    else:
        columns = ", ".join(column.name for column in loaded.card.columns)
        message = (
            f"Dataset {loaded.card.name!r} maps {columns}. Map admissions and population, or rate, in "
            f"{loaded.card.card_path.name}."
        )
        raise DesignError(message)
    frequency = frame["period"].iloc[0].freqstr
    timed = pilot.districts if about is None else (pilot.district(about),)
    months = {d.code: pd.Period(d.visits_from, freq="M") for d in timed if d.visits_from}
    holding = {code: month.asfreq(frequency) for code, month in months.items()}
    broken = {code for code, period in holding.items() if period.asfreq("M", how="start") != months[code]}
    starts = {code: period + 1 if code in broken else period for code, period in holding.items()}
    cohort = pd.Series(pd.PeriodIndex(frame["district_code"].map(starts), freq=frequency), index=frame.index)
    return Panel(
        frame=frame.assign(cohort=cohort),
        measure=measure,
        per_year=periods_per_year(frame["period"]),
        unit=unit,
        rule=pilot.disclosure,
        partial=tuple(sorted({holding[code] for code in broken})),
    )


def _fill(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with a row for every district and period, so that one that is not there counts as missing."""
    districts = frame[["district_code", "district"]].drop_duplicates()
    every = pd.period_range(frame["period"].min(), frame["period"].max(), freq=frame["period"].iloc[0].freqstr)
    grid = districts.merge(pd.DataFrame({"period": every}), how="cross")
    return grid.merge(frame, how="left", on=["district_code", "district", "period"])


def rates(rows: pd.DataFrame, panel: Panel, by: list[str]) -> pd.DataFrame:
    """Return protected counts and yearly rates of groups of rows.

    Counts are added up, protected, and only then divided, so that no rate gives a hidden count away; a total of several
    districts is hidden when the count of any of them is. A group in which any row has no value has neither count nor
    rate, since a part of a year is no year. Rates without counts cannot be added up: of several districts the median is
    given.

    Parameters
    ----------
    rows
        Rows of the panel's frame.
    panel
        The panel they come from.
    by
        Columns to group by.

    Returns
    -------
    DataFrame
        One row a group: the columns of `by`, `admissions` (counts only), `rate` (in `panel.unit`), `periods` (how many
        periods the group covers) and `hidden` (whether count and rate are missing because the count is small).
    """
    groups = rows.groupby(by, sort=True)
    if panel.measure == "rates":
        return groups.agg(rate=("rate", "median"), periods=("period", "nunique")).reset_index().assign(hidden=False)
    lost = rows[["admissions", "population"]].isna().any(axis="columns").groupby([rows[name] for name in by]).any()
    known = rows.dropna(subset=["admissions", "population"])
    sums = known.groupby(by, sort=True).agg(
        admissions=("admissions", "sum"), population=("population", "sum"), periods=("period", "nunique")
    )
    sums["admissions"] = protect_counts(sums["admissions"], panel.rule)
    parts = known.groupby([*by, "district_code"], sort=True)["admissions"].sum()
    hidden = protect_counts(parts, panel.rule).isna().groupby(level=list(range(len(by)))).any()
    sums["hidden"] = hidden.reindex(sums.index).to_numpy() | sums["admissions"].isna()
    partly = lost.reindex(sums.index).to_numpy()
    sums["admissions"] = sums["admissions"].mask(sums["hidden"] | partly)
    sums["hidden"] &= ~partly
    sums["rate"] = sums["admissions"].astype("Float64") / sums["population"] * panel.per_year * PER
    return sums[["admissions", "rate", "periods", "hidden"]].reset_index()


def steps(rows: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """Return the rows with a `step` to draw by: quarters for months, the periods themselves otherwise.

    Parameters
    ----------
    rows
        Rows of the panel's frame.
    panel
        The panel they come from.

    Returns
    -------
    DataFrame
        The rows of complete quarters, or all rows, with `step`, a column of pandas periods.
    """
    if panel.per_year != 12:
        return rows.assign(step=rows["period"])
    quarter = rows["period"].dt.asfreq("Q")
    months = rows.assign(step=quarter).groupby("step")["period"].nunique()
    whole = set(months.index[months == 3])
    kept: pd.DataFrame = rows.assign(step=quarter).loc[quarter.isin(whole)]
    return kept


def without_hidden(rows: pd.DataFrame, panel: Panel) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows without the districts that have a hidden count in some step, and the names of those.

    So a line of several districts holds only what is shown, and no hidden count can be worked out from it.

    Parameters
    ----------
    rows
        Rows with a `step`, as `steps` returns them.
    panel
        The panel they come from.

    Returns
    -------
    rows : DataFrame
        The rows of the other districts.
    left_out : tuple of str
        Names, in order.
    """
    each = rates(rows, panel, ["district", "step"])
    names = sorted(each.loc[each["hidden"], "district"].unique())
    return rows[~rows["district"].isin(names)], tuple(str(name) for name in names)


def years(rows: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """Return the rows of whole years counted back from the last period, with `year` saying where each ends.

    Data of less than a year count as one.

    Parameters
    ----------
    rows
        Rows of the panel's frame.
    panel
        The panel they come from.

    Returns
    -------
    DataFrame
        The rows with `back` (0 for the latest year, 1 for the one before it) and `year`, in words.
    """
    last = panel.frame["period"].max()
    behind = rows["period"].map(lambda period: last.ordinal - period.ordinal)
    back = behind // panel.per_year
    first = panel.frame["period"].min()
    span = last.ordinal - first.ordinal + 1
    if span < panel.per_year:
        return rows.assign(back=0, year=f"{say_period(first)} to {say_period(last)}")
    whole = back < span // panel.per_year
    ends = back.map(lambda years_back: say_period(last - int(years_back) * panel.per_year))
    words = ends if panel.per_year == 1 else "year to " + ends
    kept: pd.DataFrame = rows.assign(back=back, year=words).loc[whole]
    return kept
