"""What the visits are worth: what they cost against the admissions they may have avoided, in pilot.yml's own prices.

No price is made up: without `costs` in pilot.yml the answer is that it cannot be said, and what it would take.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.disclosure import protect_total
from oda.estimate import Estimate
from oda.evaluate import Comparison, CostBenefit, UnitChange, cost_benefit
from oda.panel import Panel
from oda.periods import say_span
from oda.pilot import FILE_NAME, Costs
from oda.results import CannotSay, Estimated, Fact
from oda.wording import cannot_tell, quantity, say_pounds

NEEDED = (
    f"costs in {FILE_NAME}: pounds for a visit and for an admission avoided, each with its source, and the year of "
    "their prices."
)
DRAWS = 400_000  # so many that the ends of the interval are those by hand to the thousand pounds
ONLY = "Only admissions avoided count as a benefit; lives, independence and fires avoided do not."


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What was done and paid while all districts with visits had them.

    Attributes
    ----------
    visits, admissions
        In the districts with visits, rounded; neither is shown where a district's count is small.
    pounds
        Visits times what one costs.
    when
        From when to when, in words.
    year
        In which that time begins.
    """

    visits: int
    admissions: int
    pounds: float
    when: str
    year: int


def count_spent(panel: Panel, found: Comparison | CannotSay, costs: Costs | None) -> Spent | CannotSay:
    """Count visits and admissions over the time for which the effect was estimated, and what the visits cost.

    Parameters
    ----------
    panel
        All districts.
    found
        What `oda.effect.estimate_effect` returned.
    costs
        Of `pilot.yml`; None where it has none.

    Returns
    -------
    Spent or CannotSay
        Numbers, protected; or why they cannot be had.
    """
    if costs is None:
        text = "What a visit costs and what an admission saves is not on record."
        return CannotSay(sentence=text, needed=NEEDED)
    if isinstance(found, CannotSay):
        text = "Without an estimate of the effect there is nothing to set against the cost of the visits."
        return CannotSay(sentence=text, needed=found.needed)
    rows = panel.frame[panel.frame["cohort"].notna()]
    rows = rows[(rows["period"] >= found.after[0]) & (rows["period"] <= found.after[1])]
    lacking = [name for name in ("visits", "admissions") if name not in rows or rows[name].isna().any()]
    if lacking or panel.measure != "counts":
        text = f"The data do not count the {' and '.join(lacking) or 'admissions'} for every district and period."
        return CannotSay(sentence=text, needed="counts of visits and admissions by district and period.")
    totals = {
        name: protect_total(rows.groupby("district")[name].sum(), panel.rule) for name in ("visits", "admissions")
    }
    visits, admissions = totals["visits"], totals["admissions"]
    if not visits or not admissions:
        text = "The counts of visits or admissions are too small in some district for the cost to be shown."
        return CannotSay(sentence=text, needed="larger counts: a longer period or larger areas.")
    pounds = visits * costs.visit.amount
    return Spent(
        visits=visits, admissions=admissions, pounds=pounds, when=say_span(*found.after), year=found.after[0].year
    )


def say_cost(spent: Spent, costs: Costs) -> Fact:
    """Say what the visits cost.

    Parameters
    ----------
    spent
        What `count_spent` returned.
    costs
        Of `pilot.yml`.

    Returns
    -------
    Fact
        Pounds, to three figures; its unit says for which time.
    """
    text = (
        f"{_during(spent.when)}, about {spent.visits:,} visits cost about {say_pounds(spent.pounds)}, at "
        f"{quantity(costs.visit.amount, '£')} a visit in prices of {costs.price_year} ({costs.visit.source}). {ONLY}"
    )
    unit = f"£ {'from' if ' to ' in spent.when else 'in'} {spent.when}, in prices of {costs.price_year}"
    return Fact(sentence=text, value=float(f"{spent.pounds:.3g}"), unit=unit)


def _during(when: str) -> str:
    """Say during which time."""
    return f"{'From' if ' to ' in when else 'In'} {when}"


def reckon_worth(
    spent: Spent | CannotSay, found: Comparison | CannotSay, costs: Costs | None
) -> CostBenefit | CannotSay:
    """Reckon benefits less costs of the visits over the time for which the effect was estimated.

    Parameters
    ----------
    spent
        What `count_spent` returned.
    found
        What `oda.effect.estimate_effect` returned.
    costs
        Of `pilot.yml`.

    Returns
    -------
    CostBenefit or CannotSay
        In pounds of the year of the prices, nothing discounted, or why it cannot be said.

    Notes
    -----
    The admissions expected without visits are those counted, which stay as they are, over the ratio, which does not: at
    each end of the interval as at the estimate. The interval is that of the effect alone: prices are taken as certain.
    """
    if isinstance(spent, CannotSay):
        return spent
    if costs is None or isinstance(found, CannotSay):
        return CannotSay(sentence="There are no costs, or there is no estimate.", needed=NEEDED)
    change = UnitChange(estimate=found.estimate, units=spent.admissions, counted=True)
    lines = pd.DataFrame(
        {
            "line": ["home visits", "admissions avoided"],
            "kind": ["cost", "benefit"],
            "year": [spent.year, spent.year],
            "amount": [spent.pounds, costs.admission.amount],
            "category": ["fiscal", "fiscal"],
            "pays": [costs.visit.pays, None],
            "gains": [None, costs.admission.gains],
            "cashable": [np.nan, costs.admission.cashable],
            "optimism_bias": [costs.visit.optimism_bias, costs.admission.optimism_bias],
            "effect": [None, "admissions"],
        }
    )
    return cost_benefit(
        lines, price_base=costs.price_year, base_year=spent.year, effects={"admissions": change}, draws=DRAWS
    )


def say_worth(worth: CostBenefit | CannotSay, spent: Spent | CannotSay) -> Estimated | CannotSay:
    """Say whether benefits exceed costs and by how much, over which time, and what of it is cash.

    Parameters
    ----------
    worth, spent
        What `reckon_worth` and `count_spent` returned.

    Returns
    -------
    Estimated or CannotSay
        Benefits less costs in pounds.
    """
    if isinstance(worth, CannotSay):
        return worth
    if isinstance(spent, CannotSay):
        return spent
    text = (
        f"{_during(spent.when)}, benefits are put at {_against_costs(worth.npsv)} Savings that can be taken out of a "
        f"budget are put at {_against_costs(worth.financial)}"
    )
    return Estimated(sentence=text, estimate=worth.npsv)


def _against_costs(net: Estimate) -> str:
    """Say by how much benefits exceed costs, with the interval and whether the data can tell."""
    more = "more" if net.value >= 0 else "less"
    ends = " to ".join(say_pounds(end) for end in (net.ci_low, net.ci_high))
    doubt = " The data cannot tell which is larger." if cannot_tell(net) else ""
    return f"{say_pounds(abs(net.value))} {more} than the costs ({net.level * 100:g}% interval: {ends}).{doubt}"
