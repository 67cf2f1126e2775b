"""A dataset made ready for comparison: starts within a year, gaps, totals that hide their parts."""

from __future__ import annotations

import pandas as pd
import pytest

from oda.loading import load
from oda.panel import Panel, make_panel, rates, years
from oda.pilot import Disclosure, Pilot

RULE = Disclosure(hide_below=8, round_to=5)


def panel(admissions: dict[str, list[int | None]], *, per_year: int = 1, partial: tuple[str, ...] = ()) -> Panel:
    """Make a panel of yearly counts by district, 1,000 people each."""
    rows = [
        {
            "district_code": code,
            "district": code,
            "period": pd.Period(str(2015 + year), freq="Y-MAR"),
            "admissions": count,
        }
        for code, counts in admissions.items()
        for year, count in enumerate(counts)
    ]
    frame = (
        pd.DataFrame(rows)
        .assign(population=1000, cohort=pd.Period("2016", freq="Y-MAR"))
        .astype({"admissions": "Int64"})
    )
    starts = tuple(pd.Period(year, freq="Y-MAR") for year in partial)
    return Panel(frame=frame, measure="counts", per_year=per_year, unit="per 100,000", rule=RULE, partial=starts)


def test_a_period_with_a_gap_in_one_district_is_left_out_for_all():
    """A missing count of one district takes its year out of the comparison, and only that year."""
    made = panel({"a": [20, None, 30], "b": [20, 25, 30]})
    assert [str(period) for period in made.gaps] == ["2016"]
    assert sorted(made.whole["period"].astype(str).unique()) == ["2015", "2017"]


def test_a_district_without_a_row_is_a_gap_too():
    """A row that is not there counts as one without a value."""
    made = panel({"a": [20, 25, 30], "b": [20, 25]})
    assert [str(period) for period in made.gaps] == ["2017"]


def test_a_year_in_which_visits_began_part_way_is_on_neither_side():
    """Neither before nor after."""
    made = panel({"a": [20, 25, 30], "b": [20, 25, 30]}, partial=("2016",))
    assert sorted(made.whole["period"].astype(str).unique()) == ["2015", "2017"]


def test_a_total_is_hidden_when_a_part_of_it_is():
    """A district with 3 admissions cannot be worked out from a total that stands beside the others."""
    made = panel({"a": [40, 40], "b": [60, 3]})
    shown = rates(made.frame, made, ["period"])
    assert shown["admissions"].tolist() == [100, pd.NA]
    assert shown["rate"].isna().tolist() == [False, True]


def test_a_rate_is_that_of_the_rounded_count():
    """42 admissions are shown as 40, and the rate is 40's: nobody can work back from it."""
    made = panel({"a": [42], "b": [61]})
    shown = rates(made.frame, made, ["district_code"])
    assert shown["rate"].tolist() == pytest.approx([4000, 6000])


def test_years_are_counted_back_from_the_last_period():
    """Data of less than a year count as one."""
    made = panel({"a": [20, 25, 30], "b": [20, 25, 30]})
    assert years(made.of("a"), made)["year"].tolist() == ["2014/15", "2015/16", "2016/17"]
    short = panel({"a": [20, 25], "b": [20, 25]}, per_year=12)
    assert years(short.of("a"), short)["year"].unique().tolist() == ["2014/15 to 2015/16"]


def test_a_panel_about_one_district_takes_no_other_s_month(pilot: Pilot):
    """Its own start is as ever, the others have none, and every number is the same."""
    loaded = load("falls", pilot)
    whole, one = make_panel(loaded, pilot), make_panel(loaded, pilot, about="Redditch")
    here = one.frame["district"] == "Redditch"
    assert one.frame[here].equals(whole.frame[here])
    assert one.frame.loc[~here, "cohort"].isna().all()
    assert one.frame.drop(columns="cohort").equals(whole.frame.drop(columns="cohort"))


def test_a_panel_about_a_district_without_visits_has_no_start(pilot: Pilot):
    """A comparison district has no first month, and the panel is made all the same."""
    none = next(district for district in pilot.districts if district.visits_from is None)
    assert make_panel(load("falls", pilot), pilot, about=none.code).start is None
