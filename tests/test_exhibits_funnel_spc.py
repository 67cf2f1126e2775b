"""Funnels and SPC charts as pictures and tables: the answer in the caption, every mark told apart without colour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oda.evaluate import Funnel, SpcChart, funnel_limits, spc_chart
from oda.evaluate.rates.funnel import STATUSES
from oda.exhibits import funnel_table, plot_funnel, plot_spc_chart, spc_chart_table
from oda.exhibits.funnel import MARKS
from oda.exhibits.spc import MARKS as SPC_MARKS

MONTHS = pd.period_range("2022-04", periods=30, freq="M")
CALLS = [50, 54, 49, 52, 55, 51, 48, 53, 50, 52, 49, 54, 51, 50, 53, 48, 52, 50, 90, 51]


def funnel(n: int = 30, *, measure: str = "rate", overdispersion: bool = False) -> Funnel:
    """Return a funnel of areas of very different size, one of which has double the rate."""
    people = np.geomspace(2000, 200_000, n).round()
    falls = (people / 100).round() * np.where(np.arange(n) == 20, 2, 1)
    frame = pd.DataFrame({"area": [f"District {place}" for place in range(n)], "falls": falls, "people": people})
    return funnel_limits(
        frame, outcome="falls", unit="area", exposure="people", measure=measure, overdispersion=overdispersion
    )


def chart(**more: object) -> SpcChart:
    """Return a chart of 20 months, the 19th of which is far too high."""
    frame = pd.DataFrame({"month": MONTHS[:20], "calls": CALLS})
    return spc_chart(frame, outcome="calls", time="month", **{"improvement": "decrease", **more})


@pytest.mark.parametrize("measure", ["rate", "proportion", "ratio"])
def test_the_funnel_says_its_answer_and_names_the_outlier(measure: str) -> None:
    """The caption counts the areas outside, the description says what they are, and the data are all areas."""
    shown = plot_funnel(funnel(measure=measure))
    assert shown.headline.split(" areas ")[0].endswith("of 30")
    assert "By status:" in shown.description
    assert len(shown.data.rows) == 30
    if measure == "rate":
        assert shown.headline.startswith("1 of 30 areas is outside the 99.8% limits of falls")
        assert "Funnel chart of falls per 100,000 in 30 areas" in shown.alt


def test_an_axis_that_does_not_start_at_zero_is_said() -> None:
    """Proportions near 80 per cent are drawn from near 80, and the description says so; rates are drawn from zero."""
    people = np.geomspace(5000, 20_000, 8).round()
    frame = pd.DataFrame({"area": list("abcdefgh"), "falls": (people * 0.8).round() + 30, "people": people})
    near = funnel_limits(frame, outcome="falls", unit="area", exposure="people", measure="proportion")
    assert "not at zero" in plot_funnel(near).description
    assert "not at zero" not in plot_funnel(funnel()).description


def test_widened_limits_are_said() -> None:
    """A funnel with room for the spread between areas says so in the caption."""
    people = np.geomspace(20_000, 900_000, 30)
    falls = people / 100 * np.tile([0.8, 1.0, 1.25], 10)
    frame = pd.DataFrame({"area": range(30), "falls": falls, "people": people})
    wide = funnel_limits(frame, outcome="falls", unit="area", exposure="people", measure="rate", overdispersion=True)
    assert plot_funnel(wide).headline.endswith("widened for the spread between areas")


def test_the_funnel_table_lists_every_area_with_its_limits_and_how_they_were_set() -> None:
    """One row an area, values with their unit, the method and the cautions in the note."""
    found = funnel()
    listed = funnel_table(found)
    assert [row[-1] for row in listed.rows] == found.areas["status"].tolist()
    assert listed.columns[3].heading == "Value (per 100,000)"
    assert "Funnel of 30 areas" in listed.note
    assert funnel_table(found).rows[20][0] == "District 20"


def test_the_chart_says_its_answer() -> None:
    """The caption says how many points are marked and what the latest is; a target adds what the limits say of it."""
    shown = plot_spc_chart(chart(target=80))
    assert shown.headline == (
        "Calls: 1 of 20 points special cause, the latest common cause; consistently meets the target"
    )
    assert "XmR chart" in shown.description
    assert len(shown.data.rows) == 20


@pytest.mark.parametrize("improvement", ["increase", "decrease", "neutral"])
def test_a_rebased_chart_is_drawn_for_every_direction(improvement: str) -> None:
    """Two stretches and a mark in each direction are drawn and described."""
    frame = pd.DataFrame({"month": MONTHS, "calls": [*CALLS, 20, 21, 20, 22, 21, 20, 21, 23, 20, 22]})
    found = spc_chart(frame, outcome="calls", time="month", improvement=improvement, rebase=[MONTHS[20]])
    assert "trial limits" in plot_spc_chart(found).description


def test_an_spc_axis_starts_at_zero_unless_said() -> None:
    """Counts with a limit below zero are drawn from zero, where the limit is not; values from 1,000 up are not."""
    frame = pd.DataFrame({"month": MONTHS[:14], "calls": [0, 3, 1, 0, 4, 1, 0, 2, 9, 0, 1, 3, 0, 2]})
    low = spc_chart(frame, outcome="calls", time="month", improvement="decrease")
    assert "not at zero" not in plot_spc_chart(low).description
    high = spc_chart(frame.assign(calls=frame["calls"] + 1000), outcome="calls", time="month", improvement="decrease")
    assert "not at zero" in plot_spc_chart(high).description


def test_the_spc_table_says_which_rule_marks_a_point() -> None:
    """One row a point, with mean, limits and the rule that marks it, or none."""
    listed = spc_chart_table(chart())
    assert listed.rows[18][-1] == "above the upper limit"
    assert listed.rows[0] == ("April 2022", 50, *listed.rows[0][2:5], "common cause", "none")
    assert listed.note.startswith("XmR chart")


def test_marks_differ_without_colour() -> None:
    """Every status of an area, and of a point every kind of variation, has its own marker or filling."""
    assert set(MARKS) == set(STATUSES)
    filled = {(marker, colour == "white") for marker, colour, _ in MARKS.values()}
    assert len(filled) == len(MARKS)
    assert len({marker for marker, _ in SPC_MARKS.values()}) == len(SPC_MARKS)


def test_the_same_result_gives_the_same_picture() -> None:
    """Drawing twice gives the same text, so that a report does not change unasked."""
    assert plot_funnel(funnel()).svg == plot_funnel(funnel()).svg
    assert plot_spc_chart(chart()).svg == plot_spc_chart(chart()).svg
