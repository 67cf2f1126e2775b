"""Comparisons, event studies and falsification checks as tables and pictures."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from districts import NAMES, districts

from oda.evaluate import (
    Comparison,
    EventStudy,
    Falsification,
    difference_in_differences,
    event_study,
    leave_neighbours_out,
    leave_one_out,
    placebo_in_space,
    placebo_in_time,
    sentence,
)
from oda.exhibits import (
    comparison_table,
    estimate_table,
    event_study_table,
    falsification_table,
    plot_comparison,
    plot_event_study,
    plot_falsification,
)
from oda.results import Picture, Table

COHORT = {**NAMES, "cohort": "start"}
SCALES = ["ratio", "difference"]
VERDICT = re.compile(r"significan|prove|strongly|robust")


def compared(scale: str, treated: int = 2) -> Comparison:
    """Return a difference-in-differences of six districts."""
    return difference_in_differences(districts(starts=treated), **COHORT, scale=scale)


def stepped(scale: str) -> EventStudy:
    """Return an event study with a clear fall."""
    frame = districts(starts=3)
    return event_study(frame.assign(y=20 + frame["y"] / 4 - 3 * frame["visited"]), **COHORT, scale=scale, step=2)


def falsified(scale: str) -> list[Falsification]:
    """Return one check of each kind."""
    frame = districts(starts=2)
    options = {**COHORT, "scale": scale}
    near = {"d0": ["d2"], "d1": ["d3"]}
    return [
        placebo_in_time(frame, **options),
        placebo_in_space(frame, **options),
        leave_one_out(frame, **options),
        leave_neighbours_out(frame, **options, neighbours=near),
    ]


def drawn(scale: str) -> list[tuple[object, Picture]]:
    """Return each result with its picture."""
    compare, steps = compared(scale), stepped(scale)
    return [
        (compare, plot_comparison(compare)),
        (steps, plot_event_study(steps)),
        *((one, plot_falsification(one)) for one in falsified(scale)),
    ]


@pytest.mark.parametrize("scale", SCALES)
def test_every_picture_has_its_answer_words_and_numbers(scale: str) -> None:
    """The answer with its interval as caption, an alternative text, a visible description, and the data it shows."""
    for result, one in drawn(scale):
        assert "95% interval: " in one.headline
        assert sentence(result) in f"{one.headline} {one.description}"
        assert one.svg.startswith("<svg")
        assert len(one.alt) > 20
        assert len(one.description) > 40
        assert one.data.rows
        assert "nan" not in f"{one.headline} {one.alt} {one.description} {one.data.note}".lower().split()
        assert not VERDICT.search(one.headline + one.description + one.data.note)


def test_the_same_result_draws_the_same_picture() -> None:
    """A report made twice is the same to the byte."""
    assert [one.svg for _, one in drawn("ratio")] == [one.svg for _, one in drawn("ratio")]


def test_the_bars_are_said_as_they_are_drawn() -> None:
    """On the ratio scale the bar is the geometric mean of the changes, and the description says that very number."""
    found = compared("ratio")
    changes = found.changes
    mean = {side: 100 * (np.exp(rows["change"].mean()) - 1) for side, rows in changes.groupby("treated")}
    said = plot_comparison(found).description
    assert "a bar at each group's geometric mean" in said
    numbers = [float(one) for one in re.findall(r"(-?[\d.]+) for t", said)]
    assert numbers == pytest.approx([mean[True], mean[False]], abs=0.051)
    assert "before: 0 to 5; after: 6 to 11" in said
    assert 100 * (found.estimate.value - 1) == pytest.approx(
        100 * ((1 + mean[True] / 100) / (1 + mean[False] / 100) - 1)
    )


def test_sides_without_a_time_are_not_said() -> None:
    """Flags of before and after alone have no periods to name."""
    found = difference_in_differences(districts(), outcome="y", unit="district", treated="treated", post="post")
    assert "0 to 0" not in plot_comparison(found).description


@pytest.mark.parametrize("scale", SCALES)
def test_the_means_stand_in_two_by_two(scale: str) -> None:
    """Treated, not treated and their difference, with the unit, the method, p and the first caution."""
    found = compared(scale)
    shown = comparison_table(found)
    assert [row[0] for row in shown.rows] == ["Treated", "Not treated", "Difference"]
    assert [row[1] for row in shown.rows] == [2, 4, 6]
    assert shown.rows[2][4] == pytest.approx(found.means["change"].iloc[2])
    assert shown.columns[2].heading == "Before (y)"
    assert found.estimate.method[1:] in shown.note
    assert "p by re-assigning the treatment" in shown.note
    assert "the smallest possible is 0.067" in shown.note
    assert "Only 2 of 6 districts" in shown.note


def test_estimates_stand_side_by_side_with_their_methods() -> None:
    """The one that leads and those beside it: value, interval, n, degrees of freedom and p."""
    found = compared("ratio")
    shown = estimate_table({"Collapsed": found.estimate, "CR2": found.beside[0]}, caption="The effect by two methods")
    assert [row[0] for row in shown.rows] == ["Collapsed", "CR2"]
    assert shown.rows[0][1] == pytest.approx(100 * (found.estimate.value - 1))
    assert shown.rows[0][4] == "2 and 4"
    assert [row[5] for row in shown.rows] == [4, pytest.approx(found.beside[0].df)]
    assert "Collapsed: difference-in-differences" in shown.note
    assert "CR2 errors" in shown.note


@pytest.mark.parametrize("scale", SCALES)
def test_the_steps_stand_in_a_table(scale: str) -> None:
    """One row a step with its periods, and below the joint p, the smallest that it can be and the breakdown."""
    found = stepped(scale)
    shown = event_study_table(found)
    assert [row[0] for row in shown.rows][:2] == ["0 to 1", "2 to 3"]
    assert [row[1] for row in shown.rows] == [-3, -2, -1, 0, 1, 2]
    assert shown.rows[2][2] == 0
    assert f"p {found.pre_trend.joint_p:.3f} by re-assigning" in shown.note
    assert "the smallest possible is 0.100" in shown.note
    unit = "per cent" if scale == "ratio" else "y"
    assert re.search(rf"A drift apart of [\d.]+ {unit} a step would be enough", shown.note)
    assert "times the largest movement before the start" in shown.note


def test_an_interval_that_holds_nothing_is_said() -> None:
    """Nothing more is needed to overturn it."""
    found = event_study(districts(starts=1), **COHORT)
    assert "The interval holds no effect already." in event_study_table(found).note
    one = event_study(districts(starts=2), **{**COHORT, "time": "month"})
    assert isinstance(event_study_table(one), Table)


def test_periods_are_said_as_months() -> None:
    """Steps of two months are named by the first and the last."""
    frame = districts(starts=2)
    months = pd.PeriodIndex([pd.Period("2024-01", freq="M") + int(one) for one in frame["month"]], freq="M")
    begun = [pd.NaT if pd.isna(one) else pd.Period("2024-07", freq="M") for one in frame["start"]]
    frame = frame.assign(month=months, start=pd.PeriodIndex(begun, freq="M"))
    shown = event_study_table(event_study(frame, **COHORT, step=2))
    assert shown.rows[0][0] == "January 2024 to February 2024"
    assert (
        "before: January 2024 to June 2024" in plot_comparison(difference_in_differences(frame, **COHORT)).description
    )
    assert falsification_table(placebo_in_time(frame, **COHORT)).rows[1][0] == "March 2024"


@pytest.mark.parametrize("scale", SCALES)
def test_placebos_and_omissions_stand_under_the_estimate(scale: str) -> None:
    """The estimate first; intervals where there are any, no empty columns where there are none."""
    for one in falsified(scale):
        shown = falsification_table(one)
        assert shown.rows[0][0] == "The estimate"
        assert len(shown.rows) == 1 + len(one.others)
        assert len(shown.columns) == (2 if one.kind == "placebo in space" else 4)
        expected = 100 * (one.others["value"] - 1) if scale == "ratio" else one.others["value"]
        assert [row[1] for row in shown.rows[1:]] == pytest.approx(expected.tolist())
        assert all(caution in shown.note for caution in one.cautions)


def test_a_chart_with_one_endless_interval_still_shows_its_values() -> None:
    """With three districts the intervals are twelve times as wide as all else: they are cut, and the chart says so."""
    frame = districts(3, starts=1, months=8, start=4)
    one = plot_event_study(event_study(frame, **COHORT))
    assert "some intervals reach beyond the chart" in one.svg
