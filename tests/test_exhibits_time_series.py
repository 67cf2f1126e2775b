"""Charts and tables of series over time: the answer in the caption, the figures beneath, the caveat beside them."""

from __future__ import annotations

import pandas as pd
import pytest
from test_before_after import panel
from test_structural import estimate as foretell
from test_structural import series
from test_time_series import counts, twin

from oda.evaluate import (
    BeforeAfter,
    InterruptedSeries,
    StructuralCounterfactual,
    before_after,
    interrupted_time_series,
)
from oda.evaluate.words import percent_change
from oda.exhibits import (
    before_after_table,
    interrupted_series_table,
    plot_before_after,
    plot_interrupted_series,
    plot_structural_counterfactual,
    structural_counterfactual_table,
)


@pytest.fixture(scope="module")
def interrupted() -> InterruptedSeries:
    """Return an interrupted time series of monthly counts with a population."""
    named = counts().rename(columns={"n": "falls"})
    return interrupted_time_series(
        named, outcome="falls", time="month", start="2023-01", exposure="people", harmonics=1
    )


@pytest.fixture(scope="module")
def structural() -> StructuralCounterfactual:
    """Return a structural counterfactual of a monthly rate."""
    return foretell(series())


@pytest.fixture(scope="module")
def change() -> BeforeAfter:
    """Return a change of six districts."""
    return before_after(panel(), outcome="n", time="month", start="2024-07", exposure="people", unit="district")


def test_the_chart_of_an_interrupted_series_gives_the_answer(interrupted: InterruptedSeries) -> None:
    """The caption has the mean effect and its interval; the table beneath has every month."""
    drawn = plot_interrupted_series(interrupted)
    assert percent_change(interrupted.average_change.value) in drawn.headline
    assert "95% interval" in drawn.headline
    assert "per 1,000 of exposure" in drawn.data.caption
    assert len(drawn.data.rows) == 48
    shown = drawn.data.shown()
    assert shown[0][3:] == ["", "", ""]  # nothing is expected before the start
    last = interrupted.series.iloc[-1]
    assert float(shown[-1][1]) == pytest.approx(1000 * last["observed"] / last["exposure"], abs=0.06)
    assert shown[-1][0] == "December 2024"


def test_the_table_of_an_interrupted_series_has_every_form_of_the_trend(interrupted: InterruptedSeries) -> None:
    """Four forms, one of them marked as the headline, and the cautions beneath."""
    shown = interrupted_series_table(interrupted)
    forms = [row[0] for row in shown.shown()]
    assert forms == ["Straight, slope may change (headline)", "Straight", "No trend", "Smooth curve"]
    assert shown.shown()[0][1] == f"{100 * (interrupted.level_change.value - 1):.1f}"
    assert all(said in shown.note for said in interrupted.level_change.cautions)


def test_a_comparison_series_is_not_mixed_into_the_chart() -> None:
    """With a comparison series the chart draws the treated one, once a month."""
    both = interrupted_time_series(
        twin(counts(), counts(seed=2)), outcome="n", time="month", start="2023-01", treated="here"
    )
    assert len(plot_interrupted_series(both).data.rows) == 48


def test_a_measurement_below_zero_is_drawn_and_said_in_its_unit() -> None:
    """A measurement keeps its unit, and its axis need not begin at zero."""
    frame = pd.DataFrame({"week": range(24), "balance": [-3.5, -4.1, -3.2, -4.4] * 3 + [-6.1, -7.3, -6.5, -6.9] * 3})
    found = interrupted_time_series(frame, outcome="balance", time="week", start=12, slope_change=False)
    drawn = plot_interrupted_series(found)
    assert drawn.headline.startswith("Balance: 2.69 lower than the earlier trend")
    assert interrupted_series_table(found).columns[1].unit == "balance"


def test_the_chart_of_a_counterfactual_gives_the_answer(structural: StructuralCounterfactual) -> None:
    """The caption has the mean gap and its interval; the table beneath has every month."""
    drawn = plot_structural_counterfactual(structural)
    assert percent_change(structural.average.value) in drawn.headline
    assert len(drawn.data.rows) == len(structural.series)
    assert "forecast" in drawn.description


def test_the_table_of_a_counterfactual_has_gap_sum_step_and_placebo(structural: StructuralCounterfactual) -> None:
    """Four figures, each with its unit and interval."""
    shown = structural_counterfactual_table(structural).shown()
    assert [row[0] for row in shown] == [
        "Mean gap a period",
        "Sum of the gaps",
        "Lasting step at the start",
        "Mean gap found before the start (placebo)",
    ]
    assert [row[1] for row in shown] == ["% change", "calls", "% change", "% change"]
    assert all(" to " in row[3] for row in shown)


def test_before_and_after_is_drawn_with_its_caveat(change: BeforeAfter) -> None:
    """Caption and note say how weak the evidence is; every district has its row."""
    drawn = plot_before_after(change)
    assert drawn.headline.endswith("Weak evidence: no comparison.")
    shown = before_after_table(change)
    assert [row[0] for row in shown.shown()] == [*(f"d{place}" for place in range(6)), "Change of all"]
    assert "regression to the mean" in shown.note
    assert shown.shown()[-1][3] == f"{100 * (change.estimate.value - 1):.1f}"


def test_the_same_result_gives_the_same_drawing(
    interrupted: InterruptedSeries, structural: StructuralCounterfactual, change: BeforeAfter
) -> None:
    """Drawn twice, a chart is the same to the letter."""
    assert plot_interrupted_series(interrupted) == plot_interrupted_series(interrupted)
    assert plot_structural_counterfactual(structural) == plot_structural_counterfactual(structural)
    assert plot_before_after(change) == plot_before_after(change)
