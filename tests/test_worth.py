"""What the visits are worth: reckoned from the pilot's own prices, or said to be unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError
from test_effect import FULL, panel

from oda import effect
from oda.evaluate import CostBenefit
from oda.pilot import Costs
from oda.results import CannotSay, Estimated
from oda.wording import say_pounds
from oda.worth import Spent, count_spent, reckon_worth, say_cost, say_worth

PRICES = {
    "price_year": 2025,
    "visit": {"amount": 150, "pays": "Fire and rescue service", "source": "Service accounts"},
    "admission": {"amount": 3000, "gains": "NHS", "cashable": 20, "source": "Reference costs"},
}
ADMISSION = {"amount": 4500, "gains": "NHS", "cashable": 30, "source": "Reference costs"}
COSTS = Costs.model_validate(PRICES)


def reckoned(costs: Costs | None = COSTS) -> tuple[Spent | CannotSay, CostBenefit | CannotSay]:
    """Reckon the worth of a year of five visits a month in two districts."""
    made = panel(FULL)
    found = effect.estimate_effect(made)
    spent = count_spent(made, found, costs)
    return spent, reckon_worth(spent, found, costs)


def test_without_costs_nothing_is_reckoned_and_no_price_is_made_up():
    """The answer is that it cannot be said, and what it would take."""
    spent, worth = reckoned(None)
    said = say_worth(worth, spent)
    assert isinstance(spent, CannotSay)
    assert isinstance(said, CannotSay)
    assert "pounds for a visit and for an admission avoided, each with its source" in said.needed


def test_benefits_less_costs_equal_arithmetic_by_hand():
    """120 visits at 150 pounds against the admissions avoided at 3,000 pounds."""
    made = panel(FULL)
    ratio = effect.estimate_effect(made).estimate.value
    spent, worth = reckoned()
    assert isinstance(spent, Spent)
    assert (spent.visits, spent.admissions, spent.pounds) == (120, 1970, 18_000)
    assert isinstance(worth, CostBenefit)
    assert worth.npsv.value == pytest.approx(3000 * 1970 * (1 / ratio - 1) - 18_000)


def test_each_end_of_the_interval_rests_on_the_admissions_that_were_counted():
    """They are known, so each end is the sum by hand at that end of the effect: 1,150 admissions at 4,500 pounds."""
    found = effect.estimate_effect(panel(FULL))
    found = replace(found, estimate=replace(found.estimate, value=0.89269, ci_low=0.8433, ci_high=0.9450))
    spent = Spent(visits=1795, admissions=1150, pounds=215_400, when="August 2025 to July 2026", year=2025)
    worth = reckon_worth(spent, found, Costs.model_validate({**PRICES, "admission": ADMISSION}))
    assert isinstance(worth, CostBenefit)
    by_hand = [1150 * (1 / ratio - 1) * 4500 - 215_400 for ratio in (0.89269, 0.9450, 0.8433)]
    assert [worth.npsv.value, worth.npsv.ci_low, worth.npsv.ci_high] == pytest.approx(by_hand, abs=2_000)


def test_the_cost_bears_its_source_and_the_year_of_its_prices():
    """A price without a source is an opinion."""
    spent, _ = reckoned()
    assert isinstance(spent, Spent)
    said = say_cost(spent, COSTS)
    assert "about 120 visits cost about £18,000, at £150 a visit in prices of 2025 (Service accounts)" in said.sentence
    assert (said.value, said.unit) == (18_000, "£ from January 2025 to December 2025, in prices of 2025")


def test_worth_is_said_with_its_interval_and_its_doubt():
    """Where the interval holds nil the sentence says that the data cannot tell; what is cash is said beside it."""
    spent, worth = reckoned()
    said = say_worth(worth, spent)
    assert isinstance(said, Estimated)
    assert said.estimate.unit == "£"
    assert ("cannot tell which is larger" in said.sentence) == (said.estimate.ci_low <= 0 <= said.estimate.ci_high)
    assert said.sentence.startswith("From January 2025 to December 2025, benefits are put at £")
    cash = say_pounds(abs(worth.financial.value))
    assert f"Savings that can be taken out of a budget are put at {cash} more than the costs" in said.sentence


def test_without_an_effect_or_without_visits_counted_there_is_no_worth():
    """Nothing is set against a cost, and no cost is guessed."""
    made = panel(FULL, visited=())
    assert isinstance(count_spent(made, effect.estimate_effect(made), COSTS), CannotSay)
    bare = panel(FULL)
    bare = replace(bare, frame=bare.frame.drop(columns="visits"))
    said = count_spent(bare, effect.estimate_effect(bare), COSTS)
    assert isinstance(said, CannotSay)
    assert "do not count the visits" in said.sentence


def test_a_small_count_of_visits_gives_no_cost():
    """A cost divided by its price would give the count away."""
    made = panel(FULL)
    few = made.frame.assign(visits=made.frame["visits"].where(made.frame["district"] != "A", 0))
    few.loc[few.index[few["district"] == "A"][-1:], "visits"] = 3
    made = replace(made, frame=few)
    said = count_spent(made, effect.estimate_effect(made), COSTS)
    assert isinstance(said, CannotSay)
    assert "too small" in said.sentence


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": float("inf")},
        {"source": ""},
        {"optimism_bias": 120},
        {"pays": ""},
    ],
)
def test_a_price_that_is_none_is_refused(wrong):
    """Nothing for nothing, no source, a bias over 100 per cent."""
    with pytest.raises(ValidationError):
        Costs.model_validate({**PRICES, "visit": {**PRICES["visit"], **wrong}})
