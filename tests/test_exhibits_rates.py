"""Rates as tables, charts and sentences: nothing lost, nothing suppressed shown, reasons beside the gaps."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from oda.errors import DesignError
from oda.evaluate import Rates, crude_rates, directly_standardised_rate, indirectly_standardised_ratio
from oda.exhibits import plot_rates, rates_table, say_rate
from oda.results import CannotSay, Estimated


def standardised(*, few: bool = True) -> Rates:
    """Return direct rates of three districts, the second of 7 events unless `few` is False."""
    events = [100, 120, 3, 4, 90, 95] if few else [100, 120, 30, 40, 90, 95]
    frame = pd.DataFrame({"area": list("AABBCC"), "age": ["0-64", "65+"] * 3, "falls": events})
    frame = frame.assign(people=[90_000, 10_000] * 3, standard=[80_500, 19_500] * 3)
    return directly_standardised_rate(
        frame, outcome="falls", exposure="people", standard="standard", band="age", area="area"
    )


def ratios() -> Rates:
    """Return ratios of two districts, the second of 7 events."""
    frame = pd.DataFrame({"area": ["A", "B"], "age": "all", "falls": [120, 7], "people": [10_000, 900]})
    return indirectly_standardised_ratio(
        frame.assign(england=10_000, english=1_000_000),
        outcome="falls", exposure="people", reference_events="england", reference_exposure="english",
        band="age", area="area",
    )  # fmt: skip


def test_the_table_shows_every_area_with_unit_interval_and_method() -> None:
    """Three rows; the suppressed one shows its reason and neither rate nor count."""
    shown = rates_table(standardised())
    heads = [column.heading for column in shown.columns]
    rows = [dict(zip(heads, row, strict=True)) for row in shown.shown()]
    assert [row["Area"] for row in rows] == ["A", "B", "C"]
    assert "Directly standardised rate (per 100,000 people)" in heads
    assert {"95% interval, from", "to", "Events", "Population", "Limits"} <= set(heads)
    assert rows[1]["Events"] == rows[1]["to"] == "[x]"
    assert rows[1]["Why not given"] == "fewer than 10 events"
    assert rows[0]["Limits"] == "Dobson's limits"


def test_the_column_of_reasons_stands_only_where_there_is_one() -> None:
    """A table of rates that are all given has no empty column."""
    assert "Why not given" not in [column.title for column in rates_table(standardised(few=False)).columns]


def test_the_table_s_note_carries_the_cautions() -> None:
    """A rate that gives a small count away is named below the table, by area."""
    assert rates_table(ratios()).note.startswith("B: Fewer than 10 events")
    assert rates_table(standardised(few=False)).note == ""


def test_the_chart_says_its_answer_and_holds_all_areas() -> None:
    """The caption names the ends, the description has every rate with its interval, the table its numbers."""
    drawn = plot_rates(standardised())
    assert drawn.headline.startswith("Directly standardised rate of falls per 100,000 people: lowest in C (")
    assert drawn.description.startswith("The directly standardised rate of falls was lowest in C")
    assert re.search(r"A: \d+ \(\d+ to \d+\); B: not given, fewer than 10 events; C: \d+ ", drawn.description)
    assert len(drawn.data.rows) == 3
    assert "dashed" not in drawn.description


def test_the_chart_of_ratios_marks_the_reference() -> None:
    """A dashed line at 1 means as many as expected."""
    assert "A dashed line marks the reference, 1." in plot_rates(ratios()).description


def test_the_same_rates_draw_the_same_chart() -> None:
    """No date and no random name moves a file between two runs."""
    assert plot_rates(ratios()).svg == plot_rates(ratios()).svg


def test_too_many_areas_for_one_chart_are_refused() -> None:
    """41 lines cannot be read; the message says what to do."""
    frame = pd.DataFrame({"area": range(41), "n": 20, "people": 1000})
    with pytest.raises(DesignError, match=r"^41 areas cannot be read in one chart. Draw at most 40"):
        plot_rates(crude_rates(frame, outcome="n", exposure="people", area="area"))


def test_a_report_gets_the_rate_or_the_reason() -> None:
    """A given rate becomes an estimate with a sentence; a suppressed one says that it cannot be said, and why."""
    found = standardised().estimates
    given, missing = say_rate(found["A"]), say_rate(found["B"])
    assert isinstance(given, Estimated)
    assert given.sentence.startswith("The directly standardised rate of falls was ")
    assert missing == CannotSay(
        sentence="The directly standardised rate of falls is not given: fewer than 10 events.",
        needed="at least 10 events, so a longer period or a larger area.",
    )


def test_no_exhibit_shows_a_suppressed_count() -> None:
    """The district of 7 events, 3 and 4 by age: neither number is anywhere in words or cells."""
    drawn = plot_rates(standardised())
    cells = drawn.data.shown()[1]
    assert cells[1:5] == ["[x]"] * 4
    assert "7" not in "".join(cells)
