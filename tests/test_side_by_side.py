"""The districts side by side: changes and rates from protected counts, each with its interval where there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_effect import FULL, RULE, panel

from oda import effect
from oda.changes import change_by_district
from oda.describe import compare_with_rest
from oda.panel import Panel
from oda.results import Picture
from oda.side_by_side import PLAIN, _why, draw_place, draw_side_by_side


def drawn(made: Panel) -> Picture:
    """Return the chart of all districts."""
    return draw_side_by_side(made, effect.estimate_effect(made))


def with_few(*names: str) -> Panel:
    """Return a panel in which some districts have 5 admissions in the second year."""
    made = panel({**FULL, **dict.fromkeys(names, 0)})
    few = made.frame["district"].isin(names) & (made.frame["period"] == pd.Period("2025-06", freq="M"))
    return replace(made, frame=made.frame.assign(admissions=made.frame["admissions"].mask(few, 5)))


def test_a_district_with_a_small_count_is_hidden():
    """Its change would help to work the count out."""
    made = with_few("B")
    row = next(row for row in drawn(made).data.rows if row[0] == "B")
    assert set(row[2:]) == {"[c]"}
    assert "1 of 4 districts has no figure to show" in drawn(made).description


def test_a_row_without_a_dot_says_why():
    """A blank row would look like a fault: the reason stands in it, in words."""
    frame = pd.DataFrame({"hidden": [True, False, False], "rough": [False, True, False]})
    assert frame.apply(_why, axis="columns").to_list() == ["[c] hidden", "too few to tell", "[x] no figure"]


def test_an_average_is_that_of_the_districts_shown():
    """One district is no average of districts, and where no effect may be reckoned there is none to compare with."""
    assert "is the average of the 2 districts without visits shown" in drawn(panel(FULL)).description
    one = {name: FULL[name] for name in "ABC"}
    assert "is the average of the one district without visits shown" in drawn(panel(one)).description
    assert "average" not in drawn(with_few("D")).description


def test_a_single_district_is_not_two_ends():
    """Where all but one are hidden, that one is said once."""
    made = with_few("B", "C", "D")
    assert "The only one shown is 20 per cent lower" in drawn(made).description
    assert "The only rate shown is 9,600 in A" in draw_place(made, "A", "A").description


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (FULL, "The rate fell in 2 of 2 districts with visits and in none of 2 without; in the others no change can"),
        ({"A": 120, "B": 121, "C": 100, "D": 101}, "The rate fell in none of 2 districts with visits and in none of 2"),
        ({"A": 80, "B": 140, "C": 100, "D": 101}, "The rate fell in 1 of 2 districts with visits and in none of 2"),
        (
            {"A": 95, "B": 96, "C": 60, "D": 62},
            "The rate fell in none of 2 districts with visits and in 2 of 2 without;",
        ),
    ],
)
def test_the_message_says_no_more_than_the_intervals_bear(after, words):
    """A rate fell where the whole interval lies below no change; of the others nothing is said."""
    assert drawn(panel(after)).headline.startswith(words)


@pytest.mark.parametrize("made", [panel(FULL, visited=()), with_few("B")], ids=["no visits", "a hidden count"])
def test_without_an_estimate_no_message_hints_at_one(made):
    """Where no effect may be reckoned, the headline says what is drawn, and no more."""
    assert drawn(made).headline == PLAIN


def test_rates_without_counts_have_no_interval():
    """A file of rates gives a dot alone, and says so."""
    years = pd.period_range("2020", "2021", freq="Y-DEC")
    rows = [
        (name, year, 100.0 + number + 10 * late) for number, name in enumerate("ABC") for late, year in enumerate(years)
    ]
    frame = pd.DataFrame(rows, columns=["district", "period", "rate"]).assign(
        district_code=lambda rows: rows["district"]
    )
    frame["cohort"] = pd.PeriodIndex(frame["district"].map({"A": years[1]}), freq="Y-DEC")
    made = Panel(frame=frame, measure="rates", per_year=1, unit="per 100,000", rule=RULE, partial=())
    assert len(drawn(made).data.columns) == 3
    assert "these data give no interval" in drawn(made).description
    assert drawn(made).headline == PLAIN
    assert len(draw_place(made, "B", "B").data.columns) == 2


def test_the_place_of_a_district_is_among_all_highest_first():
    """The rates are those of tables, with the district named."""
    made = panel(FULL)
    shown = draw_place(made, "B", "B")
    rates = [row[1] for row in shown.data.rows]
    assert rates == sorted(rates, reverse=True)
    assert "B is marked." in shown.description
    assert all(np.isfinite(row[2]) and row[2] < row[1] < row[3] for row in shown.data.rows)


def test_a_change_that_rounding_makes_has_no_figure():
    """A district of few admissions is neither drawn nor named as an end, and the figure says why."""
    made = panel(FULL)
    few = made.frame["district"].eq("C")
    made = replace(made, frame=made.frame.assign(admissions=made.frame["admissions"].mask(few, 2)))
    rows = change_by_district(made)[0].set_index("district")
    assert rows[["change", "low", "high"]].isna().all(axis=1).to_dict() == {name: name == "C" for name in rows.index}
    assert not rows.loc["C", "hidden"]
    assert "rounded to the nearest 5; those of C are too few to tell a change." in drawn(made).description
    assert "rounded to the nearest 5" in drawn(made).data.note


def test_the_line_of_a_district_is_as_wide_as_the_sentence_says():
    """Chart and sentence set the district beside the others with one interval."""
    made = panel(FULL)
    found = compare_with_rest(made, "B", "B").estimate
    row = next(row for row in draw_place(made, "B", "B").data.rows if row[0] == "B")
    assert [end / row[1] for end in row[2:]] == pytest.approx([found.ci_low / found.value, found.ci_high / found.value])
