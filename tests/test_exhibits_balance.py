"""Comparability, weights, weighted effects and adjusted p-values as tables and pictures."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from oda.evaluate import adjust_p_values, balance_table, sentence, weighted_effect
from oda.evaluate.weighting.effect import WeightedEffect
from oda.exhibits import (
    adjusted_p_values_table,
    comparability_table,
    plot_adjusted_p_values,
    plot_comparability,
    plot_propensity_weights,
    plot_weighted_effect,
    propensity_weights_table,
    weighted_effect_table,
)
from oda.results import Picture


@pytest.fixture(scope="module")
def found() -> WeightedEffect:
    """Return an effect of visits on people picked by age."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"age": rng.normal(75, 8, 400), "ward": rng.choice(["north", "south"], 400)})
    frame["visited"] = rng.random(400) < 1 / (1 + np.exp(0.5 - (frame["age"] - 75) / 8))
    frame["cost"] = 900 + 40 * (frame["age"] - 75) - 100 * frame["visited"] + rng.normal(0, 50, 400)
    return weighted_effect(frame, outcome="cost", treated="visited", covariates=["age", "ward"], measured_in="£")


def test_a_balance_table_shows_both_sides_and_the_denominator(found: WeightedEffect) -> None:
    """Differences before and after, missing values, and what a difference is divided by."""
    shown = comparability_table(found.balance)
    assert [row[0] for row in shown.rows] == ["age", "ward: north", "ward: south"]
    heads = [column.heading for column in shown.columns]
    assert "Difference (standard deviations)" in heads
    assert "Difference after weighting (standard deviations)" in heads
    assert "Not known, treated" in heads
    assert not [head for head in heads if "p-value" in head.lower()]
    assert "divided by the standard deviation of the treated" in shown.note


def test_a_balance_table_without_weights_has_no_weighted_columns() -> None:
    """What was not done is not shown, and what has no number is said in words."""
    frame = pd.DataFrame({"visited": [1, 1, 0, 0], "age": [80, 70, 75, 65], "alone": [1, 0, 0, 0]})
    shown = comparability_table(balance_table(frame, treated="visited", covariates=["age", "alone"]))
    assert not [column for column in shown.columns if "eight" in column.title]
    assert shown.shown()[1][-1] == "not for a share"
    assert "2 treated and 2 comparison rows." in shown.note


def test_the_weights_table_gives_extremes_and_effective_sizes(found: WeightedEffect) -> None:
    """One row a group, with what its weights are worth and the largest of them."""
    shown = propensity_weights_table(found.weights)
    assert [row[0] for row in shown.rows] == ["Treated", "Comparison"]
    assert shown.rows[1][4] == pytest.approx(found.weights.groups["ess"].iloc[1])
    assert found.weights.overlap in shown.note


def test_the_effect_stands_beside_the_raw_difference(found: WeightedEffect) -> None:
    """Both differences with interval, n and method; the cautions are below."""
    shown = weighted_effect_table(found)
    assert [row[0] for row in shown.rows] == ["Groups as they are", "After weighting (ATT)"]
    assert shown.rows[1][1] == found.estimate.value
    assert shown.rows[1][-1] == found.estimate.method
    assert all(said in shown.note for said in found.estimate.cautions)
    assert {len(row[1].lstrip("-")) for row in shown.shown()} <= {2, 3}  # pounds without pence


def test_p_values_stand_side_by_side() -> None:
    """Raw and adjusted, in the caller's order, with what the method keeps."""
    adjusted = adjust_p_values({"falls": 0.01, "calls": 0.04}, family="both outcomes")
    shown = adjusted_p_values_table(adjusted)
    assert shown.shown() == [["falls", "0.0100", "0.0200", "yes"], ["calls", "0.0400", "0.0400", "yes"]]
    assert adjusted.controls in shown.note


def test_pictures_carry_answer_words_and_numbers(found: WeightedEffect) -> None:
    """Each picture has its answer as caption, a description with the values, and the data it was drawn from."""
    adjusted = adjust_p_values({"falls": 0.01, "calls": 0.04}, family="both outcomes")
    drawn: dict[str, Picture] = {
        "balance": plot_comparability(found.balance),
        "weights": plot_propensity_weights(found.weights),
        "effect": plot_weighted_effect(found),
        "p": plot_adjusted_p_values(adjusted),
    }
    assert drawn["balance"].headline.startswith("1 of 3 characteristics differ")
    assert drawn["effect"].headline.startswith("Cost: £")
    assert drawn["p"].headline.startswith("2 of 2 p-values")
    assert drawn["balance"].description.startswith(sentence(found.balance))
    assert drawn["effect"].description.startswith(sentence(found))
    assert drawn["p"].description.startswith(sentence(adjusted))
    assert f"age {found.balance.rows['smd'].iloc[0]:.2f}, " in drawn["balance"].description
    assert "falls 0.0100, 0.0200; calls 0.0400, 0.0400" in drawn["p"].description
    for one in drawn.values():
        assert one.svg.startswith("<svg")
        assert one.data.rows
        assert not re.search(r"significan|prove|strongly", one.headline + one.description + one.data.note)


def test_the_shares_drawn_add_up(found: WeightedEffect) -> None:
    """The bars of each group are per cents of that group."""
    rows = plot_propensity_weights(found.weights).data.rows
    assert sum(row[2] for row in rows) == pytest.approx(100)
    assert sum(row[3] for row in rows) == pytest.approx(100)


def test_the_same_result_draws_the_same_picture(found: WeightedEffect) -> None:
    """A report made twice is the same to the byte."""
    assert plot_comparability(found.balance).svg == plot_comparability(found.balance).svg


def test_a_difference_without_a_number_is_said() -> None:
    """A characteristic with no spread has no dot, and the description says that it is not known."""
    frame = pd.DataFrame({"visited": [1, 1, 0, 0], "age": [80, 80, 75, 65]})
    drawn = plot_comparability(balance_table(frame, treated="visited", covariates=["age"]))
    assert "age not known" in drawn.description
