"""The change of each district: after visits began against before, with whole years or the same months on both sides."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from test_effect import FULL, panel

from oda.changes import change_by_district, say_change, sides
from oda.panel import Panel
from oda.results import CannotSay, Estimated, Fact

PEAK = 300  # admissions of a December, where 100 are usual


def long(first: str, last: str, start: str, *, visits: str = "") -> Panel:
    """Return months in which each December has three times as many admissions, and visits change nothing."""
    made = panel(FULL)
    months = pd.period_range(first, last, freq="M")
    rows = made.frame.drop_duplicates("district").drop(columns=["period", "cohort", "visits", "admissions"])
    frame = rows.merge(pd.DataFrame({"period": months}), how="cross")
    frame["admissions"] = [PEAK if month.month == 12 else 100 for month in frame["period"]]
    begun = {"A": pd.Period(start, freq="M"), "B": pd.Period(start, freq="M")}
    frame["cohort"] = pd.PeriodIndex(frame["district"].map(begun), freq="M")
    frame["visits"] = (frame["district"].eq("A") & (frame["period"] == pd.Period(visits or last, freq="M"))).astype(int)
    return replace(made, frame=frame.astype({"admissions": "Int64", "visits": "Int64"}))


def test_the_change_of_a_district_is_its_later_rate_over_its_earlier_one():
    """Eighty a month after 100 a month is 20 per cent lower."""
    frame, when = change_by_district(panel(FULL))
    rows = frame.set_index("district")
    assert rows.loc["A", "change"] == pytest.approx(-20)
    assert rows.loc["A", "low"] < -20 < rows.loc["A", "high"]
    assert list(frame["district"]) == ["A", "B", "C", "D"]
    assert when == "January 2025 to December 2025 against January 2024 to December 2024"


@pytest.mark.parametrize(
    ("last", "when"),
    [
        ("2026-01", "February 2025 to January 2026 against December 2022 to November 2024"),
        ("2026-11", "December 2024 to November 2026 against December 2022 to November 2024"),
        ("2027-01", "February 2025 to January 2027 against December 2022 to November 2024"),
        (
            "2025-02",
            "December 2024 to February 2025 against the same calendar months of December 2022 to February 2024",
        ),
    ],
)
def test_no_season_makes_a_change(last, when):
    """A start in December has two Decembers in fourteen months: whole years, or the same months, are compared."""
    frame, said = change_by_district(long("2022-10", last, "2024-12"))
    assert said == when
    assert frame["change"].to_list() == pytest.approx([0] * 4, abs=1e-9)


def test_the_answer_of_a_district_is_the_number_of_the_chart():
    """The same change and interval, in whole sentences, with what the others did."""
    made = panel(FULL)
    row = change_by_district(made)[0].set_index("code").loc["A"]
    said = say_change(made, "A", "Ashby")
    assert isinstance(said, Estimated)
    found = said.estimate
    assert [100 * (end - 1) for end in (found.value, found.ci_low, found.ci_high)] == pytest.approx(
        [row["change"], row["low"], row["high"]]
    )
    assert said.sentence.startswith(
        "From January 2025 to December 2025, after visits began, the rate of admissions in Ashby was 20 per cent lower "
        "than from January 2024 to December 2024, before them (95% interval: "
    )
    assert said.sentence.endswith(
        " Of the others, it was 17 per cent lower in the one district with visits; "
        "2.0 per cent lower to 4.9 per cent higher in the 2 districts without."
    )


def test_a_change_that_cannot_be_told_is_not_said_bare():
    """A comparison district has its change since visits began elsewhere, and the doubt beside it."""
    said = say_change(panel(FULL), "C", "Colne")
    assert "after visits began elsewhere" in said.sentence
    assert "The data cannot tell this from no difference." in said.sentence


def test_a_hidden_count_has_no_change_and_a_rough_one_no_size():
    """What rounding or hiding leaves unknown is not said."""
    made = panel({**FULL, "A": 0})
    assert isinstance(say_change(made, "A", "Ashby"), Fact)  # none at all is no secret
    few = made.frame["district"].eq("A") & (made.frame["period"] == pd.Period("2025-06", freq="M"))
    small = replace(made, frame=made.frame.assign(admissions=made.frame["admissions"].mask(few, 5)))
    assert isinstance(say_change(small, "A", "Ashby"), CannotSay)
    rough = replace(
        made, frame=made.frame.assign(admissions=made.frame["admissions"].mask(made.frame["district"].eq("A"), 2))
    )
    said = say_change(rough, "A", "Ashby")
    assert isinstance(said, Fact)
    assert "too few to tell a change" in said.sentence


@pytest.mark.parametrize(
    "made",
    [
        panel(FULL, visited=()),
        long("2022-10", "2026-01", "2026-03"),
        long("2022-10", "2026-01", "2024-12", visits="2023-05"),
    ],
    ids=["no visits", "a start after the data", "visits before the start"],
)
def test_without_a_before_and_after_the_latest_year_is_told_and_that_it_is(made):
    """Nobody takes the latest year for the time after the visits."""
    assert not sides(made).by_visits
    assert say_change(made, "A", "Ashby").sentence.endswith("to compare, so the latest year is told instead.")
