"""The smallest effect that a design can tell from chance, right for six districts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from oda.errors import DesignError
from oda.evaluate import minimum_detectable_effect

SOLVED = 1e-6  # relative; both solve for a root
NORMAL = 1.959963985 + 0.841621234  # the textbook multiplier at 80 per cent power, 2.8


@pytest.mark.parametrize(("treated", "control"), [(1, 5), (2, 4), (3, 3), (1, 32), (16, 17)])
def test_the_effect_is_detected_as_often_as_asked(treated: int, control: int) -> None:
    """At the effect that it returns, statsmodels' t test has 80 per cent power."""
    effect = minimum_detectable_effect(1.0, n_treated=treated, n_control=control)
    power = TTestIndPower().power(effect, nobs1=treated, ratio=control / treated, alpha=0.05)
    assert power == pytest.approx(0.8, rel=SOLVED)


def test_a_simulated_effect_of_that_size_is_detected_four_times_in_five() -> None:
    """In 20,000 made-up pilots of 1 in 6 districts, an effect of 4.12 spreads is detected in 80 per cent."""
    draws = np.random.default_rng(1).normal(size=(20_000, 6))
    effect = minimum_detectable_effect(1.0, n_treated=1, n_control=5)
    p_values = stats.ttest_ind(draws[:, :1] + effect, draws[:, 1:], axis=1).pvalue
    assert np.mean(p_values < 0.05) == pytest.approx(0.8, abs=0.009)  # three binomial standard errors


def test_it_collapses_to_the_normal_formula_with_very_many_units() -> None:
    """With 10,000 units the t distribution is the normal one, and 2.8 standard errors are detected."""
    effect = minimum_detectable_effect(1.0, n_treated=5000, n_control=5000)
    assert effect == pytest.approx(NORMAL * math.sqrt(2 / 5000), rel=1e-3)


def test_with_six_districts_the_normal_formula_is_a_quarter_too_small() -> None:
    """With 1 of 6 districts visited the truth is 4.12 spreads; the normal formula says 3.07."""
    assert minimum_detectable_effect(1.0, n_treated=1, n_control=5) == pytest.approx(4.12, abs=0.005)
    assert NORMAL * math.sqrt(1 + 1 / 5) == pytest.approx(3.07, abs=0.005)


def test_it_scales_with_the_spread_and_not_with_the_order_of_groups() -> None:
    """Twice the spread between districts is twice the effect; 2 against 4 is as 4 against 2."""
    once, twice = (minimum_detectable_effect(sd, n_treated=2, n_control=4) for sd in (0.1, 0.2))
    assert twice == pytest.approx(2 * once, rel=SOLVED)
    assert once == pytest.approx(minimum_detectable_effect(0.1, n_treated=4, n_control=2), rel=SOLVED)


@pytest.mark.parametrize(("power", "level"), [(0.99, 0.99), (0.9999, 0.95), (0.06, 0.95), (0.8, 0.5)])
def test_it_finds_an_answer_at_the_edges(power: float, level: float) -> None:
    """With three districts, and at any power above chance and any level, there is a finite answer above zero."""
    effect = minimum_detectable_effect(1.0, n_treated=1, n_control=2, power=power, level=level)
    assert 0 < effect < math.inf


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"n_treated": 0}, "^0 treated, 5 not"),
        ({"n_control": 0}, "^1 treated, 0 not"),
        ({"n_control": 1}, "three in all"),
        ({"sd_change": 0.0}, "standard deviation 0"),
        ({"sd_change": math.nan}, "standard deviation nan"),
        ({"sd_change": math.inf}, "standard deviation inf"),
        ({"power": 80}, "power is 80"),
        ({"level": 1.0}, "level is 1"),
        ({"power": 0.05}, "no more than chance"),
    ],
)
def test_what_cannot_be_planned_is_refused(asked: dict[str, float], words: str) -> None:
    """An empty group, two units, no spread, and a power or level that is no share are refused in a sentence."""
    with pytest.raises(DesignError, match=words):
        minimum_detectable_effect(**{"sd_change": 1.0, "n_treated": 1, "n_control": 5, **asked})
