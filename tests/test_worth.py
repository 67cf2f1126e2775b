"""What the visits are worth: reckoned from the pilot's own prices, or said to be unknown."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from pydantic import ValidationError
from test_effect import FULL, panel

from oda import effect
from oda.evaluate import CostBenefit
from oda.pilot import Costs
from oda.results import CannotSay, Estimated
from oda.wording import say_pounds
from oda.worth import WITHOUT, Spent, count_spent, reckon_worth, say_cash, say_cost, say_worth, summary_table

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
    assert spent.paid == spent.when
    assert isinstance(worth, CostBenefit)
    assert worth.npsv.value == pytest.approx(3000 * 1970 * (1 / ratio - 1) - 18_000)


def test_each_end_of_the_interval_rests_on_the_admissions_that_were_counted():
    """They are known, so each end is the sum by hand at that end of the effect: 1,150 admissions at 4,500 pounds."""
    found = effect.estimate_effect(panel(FULL))
    found = replace(found, estimate=replace(found.estimate, value=0.89269, ci_low=0.8433, ci_high=0.9450))
    spent = Spent(
        visits=1795,
        pounds=215_400,
        paid="April 2025 to July 2026",
        admissions=1150,
        when="August 2025 to July 2026",
        year=2025,
    )
    worth = reckon_worth(spent, found, Costs.model_validate({**PRICES, "admission": ADMISSION}))
    assert isinstance(worth, CostBenefit)
    by_hand = [1150 * (1 / ratio - 1) * 4500 - 215_400 for ratio in (0.89269, 0.9450, 0.8433)]
    assert [worth.npsv.value, worth.npsv.ci_low, worth.npsv.ci_high] == pytest.approx(by_hand, abs=1)


def test_the_cost_bears_its_source_and_the_year_of_its_prices():
    """A price without a source is an opinion."""
    spent, _ = reckoned()
    assert isinstance(spent, Spent)
    said = say_cost(spent, COSTS)
    paid = (
        "about 120 visits cost Fire and rescue service about £18,000, at £150 a visit in 2025 prices (Service accounts)"
    )
    assert paid in said.sentence
    assert (said.value, said.unit) == (18_000, "£ from January 2025 to December 2025, in 2025 prices")


def test_worth_is_said_with_its_interval_and_its_doubt():
    """Where the interval holds nil the sentence says that the data cannot tell; what is cash is said beside it."""
    spent, worth = reckoned()
    said = say_worth(worth, spent)
    assert isinstance(said, Estimated)
    assert said.estimate.unit == "£"
    assert ("cannot tell which is larger" in said.sentence) == (said.estimate.ci_low <= 0 <= said.estimate.ci_high)
    assert said.sentence.startswith(
        "From January 2025 to December 2025, in 2025 prices, the public value of the visits, "
    )
    cash = say_pounds(abs(worth.financial.value))
    assert f"Savings in cash, which can be taken out of a budget, are put at {cash} more than the cost" in said.sentence


def test_no_sign_stands_beside_more_or_less():
    """A loss is so many pounds less, at the estimate and at each end, never minus so many less."""
    _, worth = reckoned(Costs.model_validate({**PRICES, "visit": {**PRICES["visit"], "amount": 60_000}}))
    assert isinstance(worth, CostBenefit)
    said = say_cash(worth)
    assert said.estimate.ci_high < 0
    assert said.sentence.count(" less") == 3
    assert "-" not in said.sentence


def test_visits_of_the_months_in_which_visits_began_are_paid_for_and_said_to_be():
    """B starts four months after A: A's visits of those months cost, and no admission of them counts as avoided."""
    made = panel(FULL)
    later = made.frame["cohort"].mask(made.frame["district"] == "B", pd.Period("2025-05", freq="M"))
    idle = (made.frame["district"] == "B") & (made.frame["period"] < pd.Period("2025-05", freq="M"))
    made = replace(made, frame=made.frame.assign(cohort=later, visits=made.frame["visits"].mask(idle, 0)))
    found = effect.estimate_effect(made)
    spent = count_spent(made, found, COSTS)
    assert isinstance(spent, Spent)
    assert (spent.visits, spent.pounds, spent.paid) == (100, 15_000, "January 2025 to December 2025")
    assert (spent.admissions, spent.when) == (8 * (80 + 84) - 2, "May 2025 to December 2025")
    assert "Admissions count as avoided only from May 2025 to December 2025" in say_cost(spent, COSTS).sentence


def test_a_board_sees_admissions_value_cash_cost_and_value_for_each_pound():
    """By hand, each with the ends of its interval; who pays, who gains and the source of each price stand beside."""
    made = panel(FULL)
    found = effect.estimate_effect(made)
    spent, worth = reckoned()
    rows = {row[0]: row[1:] for row in summary_table(worth, spent, found, COSTS).rows}
    e = found.estimate
    fewer = [1970 * (1 / ratio - 1) for ratio in (e.value, e.ci_high, e.ci_low)]
    during = "from January 2025 to December 2025"
    assert rows[f"Admissions {during} against what was expected"] == tuple(f"{n:,.0f} fewer" for n in fewer)
    assert rows["Value of these to NHS, at £3,000 each (Reference costs)"][0] == say_pounds(3000 * fewer[0])
    assert rows["Savings in cash, 20% of that value"][0] == say_pounds(600 * fewer[0])
    assert rows[f"Cost to Fire and rescue service of about 120 visits {during}"][0] == "£18,000"
    assert rows["Value for each £1 of cost"][0] == f"£{3000 * fewer[0] / 18_000:.2f}"


def test_without_an_effect_or_without_visits_counted_there_is_no_worth():
    """Nothing is set against a cost, and no cost is guessed."""
    made = panel(FULL, visited=())
    assert isinstance(reckon_worth(count_spent(made, effect.estimate_effect(made), COSTS), WITHOUT, COSTS), CannotSay)
    bare = panel(FULL)
    bare = replace(bare, frame=bare.frame.drop(columns="visits"))
    said = count_spent(bare, effect.estimate_effect(bare), COSTS)
    assert isinstance(said, CannotSay)
    assert "do not count the visits" in said.sentence


def test_without_an_effect_the_visits_cost_what_they_cost():
    """Nothing is set against it, and it is no secret; where no visit was made there is no cost."""
    made = panel(FULL)
    spent = count_spent(made, WITHOUT, COSTS)
    assert isinstance(spent, Spent)
    said = say_cost(spent, COSTS)
    assert "about 120 visits cost Fire and rescue service about £18,000" in said.sentence
    assert "admissions" not in said.sentence
    assert reckon_worth(spent, WITHOUT, COSTS) == WITHOUT
    idle = replace(made, frame=made.frame.assign(visits=0))
    assert count_spent(idle, WITHOUT, COSTS) == WITHOUT


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
