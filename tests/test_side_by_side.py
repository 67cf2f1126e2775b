"""The districts side by side: changes and rates from protected counts, each with its interval where there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from test_effect import FULL, RULE, panel

from oda import effect
from oda.describe import compare_with_rest
from oda.panel import Panel
from oda.side_by_side import change_by_district, draw_place, draw_side_by_side


def test_the_change_of_a_district_is_its_later_rate_over_its_earlier_one():
    """Eighty a month after 100 a month is 20 per cent lower."""
    made = panel(FULL)
    frame, when = change_by_district(made, effect.estimate_effect(made))
    rows = frame.set_index("district")
    assert rows.loc["A", "change"] == pytest.approx(-20)
    assert rows.loc["A", "low"] < -20 < rows.loc["A", "high"]
    assert list(frame["district"]) == ["A", "B", "C", "D"]
    assert when == "January 2025 to December 2025 against January 2024 to December 2024"


def with_few(*names: str) -> Panel:
    """Return a panel in which some districts have 5 admissions in the second year."""
    made = panel({**FULL, **dict.fromkeys(names, 0)})
    few = made.frame["district"].isin(names) & (made.frame["period"] == pd.Period("2025-06", freq="M"))
    return replace(made, frame=made.frame.assign(admissions=made.frame["admissions"].mask(few, 5)))


def test_a_district_with_a_small_count_is_hidden():
    """Its change would help to work the count out."""
    made = with_few("B")
    drawn = draw_side_by_side(made, effect.estimate_effect(made))
    row = next(row for row in drawn.data.rows if row[0] == "B")
    assert set(row[2:]) == {"[c]"}
    assert "1 of 4 districts have no figure to show" in drawn.description
    assert "1 of the 1 districts with visits that can be shown, of 2 in all, lie below it" in drawn.description
    assert drawn.headline == (
        "Every district with visits that can be shown did better than the average of those without; "
        "1 of 2 with visits cannot be shown"
    )


def test_an_average_of_some_is_not_called_that_of_all():
    """Where a district without visits is hidden, the others' average is said to be of those that can be shown."""
    made = with_few("D")
    drawn = draw_side_by_side(made, effect.estimate_effect(made))
    assert drawn.headline.endswith("the average of those without that can be shown")
    assert "average of the districts without visits that can be shown is" in drawn.description


def test_a_single_district_is_not_two_ends():
    """Where all but one are hidden, that one is named once."""
    made = with_few("B", "C", "D")
    assert "The only one shown is A (" in draw_side_by_side(made, effect.estimate_effect(made)).description
    assert "The only rate shown is 9,600 in A" in draw_place(made, "A", "A").description


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (FULL, "Every district with visits did better"),
        ({"A": 120, "B": 121, "C": 100, "D": 101}, "No district with visits did better"),
        ({"A": 80, "B": 140, "C": 100, "D": 101}, "Some but not all districts with visits did better"),
    ],
)
def test_the_message_counts_districts_and_claims_no_effect(after, words):
    """Which side of the others' average the districts with visits lie on."""
    made = panel(after)
    drawn = draw_side_by_side(made, effect.estimate_effect(made))
    assert drawn.headline.startswith(words)
    assert "effect" not in drawn.headline


def test_without_an_estimate_the_last_two_years_are_compared():
    """Where no district has visits there is no message and no average to compare with."""
    made = panel(FULL, visited=())
    drawn = draw_side_by_side(made, effect.estimate_effect(made))
    assert drawn.headline == ""
    assert "year to December 2025 against year to December 2024" in drawn.caption


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
    drawn = draw_side_by_side(made, effect.estimate_effect(made))
    assert len(drawn.data.columns) == 3
    assert "these data give no interval" in drawn.description
    assert len(draw_place(made, "B", "B").data.columns) == 2


def test_the_place_of_a_district_is_among_all_highest_first():
    """The rates are those of tables, with the district named."""
    made = panel(FULL)
    drawn = draw_place(made, "B", "B")
    rates = [row[1] for row in drawn.data.rows]
    assert rates == sorted(rates, reverse=True)
    assert "B is marked." in drawn.description
    assert all(np.isfinite(row[2]) and row[2] < row[1] < row[3] for row in drawn.data.rows)


def test_a_change_that_rounding_makes_has_no_figure():
    """A district of few admissions is neither drawn nor named as an end, and the figure says why."""
    made = panel(FULL)
    few = made.frame["district"].eq("C")
    made = replace(made, frame=made.frame.assign(admissions=made.frame["admissions"].mask(few, 2)))
    found = effect.estimate_effect(made)
    rows = change_by_district(made, found)[0].set_index("district")
    assert rows[["change", "low", "high"]].isna().all(axis=1).to_dict() == {name: name == "C" for name in rows.index}
    assert not rows.loc["C", "hidden"]
    drawn = draw_side_by_side(made, found)
    assert "C (" not in drawn.description
    assert "rounded to the nearest 5; those of C are too few to tell a change." in drawn.description
    assert "rounded to the nearest 5" in drawn.data.note


def test_the_line_of_a_district_is_as_wide_as_the_sentence_says():
    """Chart and sentence set the district beside the others with one interval."""
    made = panel(FULL)
    found = compare_with_rest(made, "B", "B").estimate
    row = next(row for row in draw_place(made, "B", "B").data.rows if row[0] == "B")
    assert [end / row[1] for end in row[2:]] == pytest.approx([found.ci_low / found.value, found.ci_high / found.value])
