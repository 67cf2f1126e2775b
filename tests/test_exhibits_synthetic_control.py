"""Synthetic controls in tables and pictures: the numbers as they are, the answer in the caption."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oda.evaluate import (
    SyntheticControl,
    SyntheticDifference,
    sentence,
    synthetic_control,
    synthetic_difference_in_differences,
)
from oda.exhibits import (
    plot_synthetic_control,
    plot_synthetic_difference,
    plot_synthetic_placebos,
    synthetic_balance_table,
    synthetic_control_table,
    synthetic_difference_table,
    synthetic_placebo_table,
)

PANEL = {"outcome": "falls", "unit": "district", "time": "month", "treated": "Wyre Forest"}
DISTRICTS = ["Wyre Forest", "Redditch", "Malvern Hills", "Worcester", "Bromsgrove"]


def frame(bottom: float = 100.0) -> pd.DataFrame:
    """Return five districts over 20 months, the first one treated in the last six."""
    rng = np.random.default_rng(1)
    months = pd.period_range("2024-01", periods=20, freq="M")
    wave = rng.normal(size=20).cumsum()
    rows = [
        (name, month, bottom + (1 + place / 3) * wave[t] + rng.normal() - 12 * (place == 0 and t >= 14))
        for place, name in enumerate(DISTRICTS)
        for t, month in enumerate(months)
    ]
    return pd.DataFrame(rows, columns=["district", "month", "falls"])


@pytest.fixture
def found() -> SyntheticControl:
    """Return a synthetic control."""
    start = pd.Period("2025-03", freq="M")
    predictors = [("falls", start - 1), ("falls", pd.period_range("2024-01", periods=6, freq="M"))]
    return synthetic_control(frame(), **PANEL, start=start, predictors=predictors)


@pytest.fixture
def double() -> SyntheticDifference:
    """Return a synthetic difference-in-differences."""
    return synthetic_difference_in_differences(frame(), **PANEL, start=pd.Period("2025-03", freq="M"))


def test_the_answer_is_in_the_caption(found: SyntheticControl, double: SyntheticDifference) -> None:
    """Every picture's headline has interval or p, and its description the sentence of its result."""
    for picture, result in (
        (plot_synthetic_control(found), found),
        (plot_synthetic_placebos(found), found),
        (plot_synthetic_difference(double), double),
    ):
        assert sentence(result) in picture.description
        assert "interval" in picture.headline or "p 0.200" in picture.headline
        assert picture.svg.startswith("<svg")


def test_the_table_of_the_chart_holds_every_period(found: SyntheticControl) -> None:
    """Behind the two lines are the values of all 20 months and their gaps."""
    rows = plot_synthetic_control(found).data.rows
    assert len(rows) == 20
    assert rows[0][0] == "January 2024"
    assert rows[-1][4] == pytest.approx(found.gaps["gap"].iloc[-1])
    assert (rows[13][1], rows[14][1]) == ("no", "yes")


def test_tables_show_the_result_s_own_numbers(found: SyntheticControl, double: SyntheticDifference) -> None:
    """Effect, rank, smallest p, weights, balance and placebos are those of the result."""
    facts = dict(synthetic_control_table(found).rows)
    assert f"rank {found.rank} of 5" in facts["Mean squared gap after over before"]
    assert "0.200" in facts["p by placebos in space"]
    assert "80% interval" in facts
    assert found.weights["donor"].iloc[0] in facts["Donors with a weight"]
    assert "cannot be reached" in synthetic_control_table(found).note
    balance = synthetic_balance_table(found)
    assert [row[0] for row in balance.rows][1:] == ["falls, February 2025", "falls, January 2024 to June 2024"]
    assert balance.rows[0][-1] == "not matched"
    placebos = synthetic_placebo_table(found)
    assert [row[4] for row in placebos.rows] == sorted((row[4] for row in placebos.rows), reverse=True)
    assert dict(synthetic_difference_table(double).rows)["Method"] == double.estimate.method


def test_without_predictors_no_importance_is_shown() -> None:
    """Where the outcome alone was matched the balance has no column of importance."""
    found = synthetic_control(frame(), **PANEL, start=pd.Period("2025-03", freq="M"))
    assert "Importance in matching" not in [column.title for column in synthetic_balance_table(found).columns]


def test_donors_followed_much_worse_are_left_out_and_counted() -> None:
    """A donor far outside the others would dwarf the chart; it is left out and the description says so."""
    data = frame()
    data.loc[data["district"] == "Redditch", "falls"] += 500
    found = synthetic_control(data, **PANEL, start=pd.Period("2025-03", freq="M"))
    assert "1 donor that was followed" in plot_synthetic_placebos(found).description


def test_an_outcome_below_zero_is_drawn() -> None:
    """A chart of changes reaches below zero."""
    found = synthetic_control(frame(bottom=-50.0), **PANEL, start=pd.Period("2025-03", freq="M"))
    assert plot_synthetic_control(found).description.startswith("Before the start")
