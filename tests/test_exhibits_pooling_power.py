"""Pooled effects and power as charts and tables."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from oda.evaluate import Pooled, PowerPlan, plan_power, pool_districts, pre_period_spread, sentence
from oda.exhibits import (
    plot_pooled,
    plot_power_plan,
    plot_pre_period_spread,
    pooled_table,
    power_plan_table,
    pre_period_spread_table,
)


def pooled(districts: int = 4, scale: str = "ratio") -> Pooled:
    """Return a pooled effect of so many districts."""
    effects = np.array([-0.3, -0.1, -0.2, 0.05, -0.4, -0.15])[:districts]
    frame = pd.DataFrame({"place": [f"Place {n}" for n in range(districts)], "y": effects, "se": 0.1})
    return pool_districts(
        frame, effect="y", std_error="se", district="place", scale=scale, outcome="admissions", measured_in="per 1,000"
    )


def plan(worthwhile: float | None = 0.85, **more: object) -> PowerPlan:
    """Return the plan of a pilot with 2 of 6 districts."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"district": np.repeat(list("abcdef"), 36)})
    frame["month"] = pd.PeriodIndex(np.tile(pd.period_range("2022-01", periods=36, freq="M"), 6), freq="M")
    frame["n"] = rng.poisson(150 * np.exp(rng.normal(0, 0.15, 216)))
    spread = pre_period_spread(frame, outcome="n", unit="district", time="month", before=12, after=12, **more)
    return plan_power(spread, n_treated=2, n_control=4, worthwhile=worthwhile)


def test_the_pooled_table_has_every_district_and_every_interval() -> None:
    """Below the districts stand the mean, its wider interval, the prediction and the fixed effect."""
    made = pooled_table(pooled())
    names = [row[0] for row in made.shown()]
    assert names[:4] == ["Place 0", "Place 1", "Place 2", "Place 3"]
    assert names[4].startswith("Mean effect")
    assert names[6:] == ["A further district (prediction)", "If all effects were one"]
    assert made.columns[1].heading == "Effect (% change)"
    assert made.shown()[0][1] == f"{100 * math.expm1(-0.3):.1f}"
    assert "tau squared" in made.note


def test_two_districts_have_no_row_for_a_further_one() -> None:
    """Two districts give no prediction interval, so the table and the chart have none."""
    made = plot_pooled(pooled(2))
    assert not any("further" in str(row[0]) for row in made.data.rows)
    assert "Two districts" in made.description


@pytest.mark.parametrize("scale", ["ratio", "difference"])
@pytest.mark.parametrize("districts", [2, 3, 6])
def test_the_forest_plot_says_its_answer(scale: str, districts: int) -> None:
    """The caption has the mean, the description the sentence and each district's own estimate."""
    result = pooled(districts, scale)
    made = plot_pooled(result)
    assert made.headline.startswith("Admissions: ")
    assert made.description.startswith(sentence(result))
    assert all(f"Place {number} " in made.description for number in range(districts))
    assert f"{districts} districts" in made.alt


@pytest.mark.parametrize(("worthwhile", "more"), [(0.85, {}), (None, {}), (1.3, {}), (-10.0, {"scale": "difference"})])
def test_the_power_curve_says_its_answer(worthwhile: float | None, more: dict[str, object]) -> None:
    """The caption has the size detected, the alternative text the design, the description points of the curve."""
    result = plan(worthwhile, **more)
    made = plot_power_plan(result)
    assert "would be detected 80 times in 100" in made.headline
    assert "2 of 6 districts" in made.alt
    assert made.description.startswith(f"{sentence(result)} Times in 100 that a ")


def test_the_power_table_has_other_sizes_and_lengths() -> None:
    """The pilot's own design stands first, then other numbers of districts, then other lengths."""
    result = plan()
    shown = power_plan_table(result).shown()
    assert [row[:4] for row in shown[:2]] == [["6", "2", "12", "12"], ["6", "1", "12", "12"]]
    assert [row[3] for row in shown[-2:]] == ["6", "24"]
    assert shown[0][4] == f"{result.detectable[0]:.1f}"


def test_the_spread_has_its_parts() -> None:
    """The table has the spread with its interval, and the chart says the same numbers."""
    spread = plan().spread
    rows = dict(pre_period_spread_table(spread).shown())
    assert rows["Sides compared"] == "12 and 12 months"
    assert rows["Standard deviation of a change (log ratio)"].startswith(f"{spread.estimate.value:.3g} (")
    made = plot_pre_period_spread(spread)
    assert f"{100 * math.expm1(spread.estimate.value):.3g} per cent" in made.headline
    assert made.description.startswith(sentence(spread))
