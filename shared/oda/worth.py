"""What the visits are worth: what they cost against the admissions they may have avoided, in pilot.yml's own prices.

No price is made up: without `costs` in pilot.yml the answer is that it cannot be said, and what it would take.
All visits are paid for from the first, also those of the months in which visits began; admissions count as avoided only
in the months for which the effect was estimated. So the costs are whole, and no benefit is more than what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from oda.disclosure import protect_total
from oda.effect import AS_EFFECT
from oda.estimate import Estimate
from oda.evaluate import Comparison, CostBenefit, UnitChange, cost_benefit
from oda.making import table
from oda.panel import Panel
from oda.periods import say_span
from oda.pilot import Costs
from oda.results import CannotSay, Estimated, Fact, Table
from oda.wording import cannot_tell, more_or_less, quantity, say_pounds

NO_COSTS = CannotSay(
    sentence="What a visit costs and what an admission saves is not on record.",
    needed="pounds for a visit and for an admission avoided, each with its source, and the year of their prices.",
)
WITHOUT = CannotSay(
    sentence="Without an estimate of the effect there is nothing to set against the cost of the visits.",
    needed=AS_EFFECT,
)
ONLY = "Only admissions avoided count as a benefit; lives, independence and fires avoided do not."


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What was done and paid for, and the admissions on which it bears.

    Attributes
    ----------
    visits
        In all from the first, rounded; not shown where a district's count is small.
    pounds
        Visits times what one costs.
    paid
        From when to when these visits were made, in words.
    admissions
        In the districts with visits over the time for which the effect was estimated, rounded likewise; none where no
        effect was estimated.
    when
        That time, in words.
    year
        In which that time begins.
    """

    visits: int
    pounds: float
    paid: str
    admissions: int = 0
    when: str = ""
    year: int = 0


def count_spent(panel: Panel, found: Comparison | CannotSay, costs: Costs | None) -> Spent | CannotSay:
    """Count all visits and what they cost, and the admissions over the time for which the effect was estimated.

    Parameters
    ----------
    panel
        All districts.
    found
        What `oda.effect.estimate_effect` returned: without an estimate there is a cost and nothing to set against it.
    costs
        Of `pilot.yml`; None where it has none.

    Returns
    -------
    Spent or CannotSay
        Numbers, protected; or why they cannot be had.
    """
    if costs is None:
        return NO_COSTS
    if isinstance(found, CannotSay):
        return _count_visits_alone(panel, costs)
    rows = panel.frame[panel.frame["cohort"].notna() & (panel.frame["period"] <= found.after[1])]
    first = panel.start or found.after[0]
    since = {"visits": first, "admissions": found.after[0]}
    parts = {name: rows[rows["period"] >= start] for name, start in since.items()}
    lacking = [name for name, part in parts.items() if name not in part or part[name].isna().any()]
    if lacking or panel.measure != "counts":
        text = f"The data do not count the {' and '.join(lacking) or 'admissions'} for every district and period."
        return CannotSay(sentence=text, needed="counts of visits and admissions by district and period.")
    totals = {name: protect_total(part.groupby("district")[name].sum(), panel.rule) for name, part in parts.items()}
    visits, admissions = totals["visits"], totals["admissions"]
    if not visits or not admissions:
        text = "The counts of visits or admissions are too small in some district for the cost to be shown."
        return CannotSay(sentence=text, needed="larger counts: a longer period or larger areas.")
    return Spent(
        visits=visits,
        pounds=visits * costs.visit.amount,
        paid=say_span(first, found.after[1]),
        admissions=admissions,
        when=say_span(*found.after),
        year=found.after[0].year,
    )


def _count_visits_alone(panel: Panel, costs: Costs) -> Spent | CannotSay:
    """Count all visits and what they cost where no effect was estimated."""
    rows = panel.frame
    if "visits" not in rows or rows["visits"].isna().any():
        return WITHOUT
    made = rows[rows["visits"] > 0]
    visits = None if made.empty else protect_total(made.groupby("district")["visits"].sum(), panel.rule)
    if not visits:
        return WITHOUT
    paid = say_span(made["period"].min(), made["period"].max())
    return Spent(visits=visits, pounds=visits * costs.visit.amount, paid=paid)


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
    during = _during(spent.paid)
    text = (
        f"{during[0].upper()}{during[1:]}, about {spent.visits:,} visits cost {costs.visit.pays} about "
        f"{say_pounds(spent.pounds)}, at {quantity(costs.visit.amount, '£')} a visit in {costs.price_year} prices "
        f"({costs.visit.source}).{f' {ONLY}' if spent.when else ''}"
    )
    if spent.when and spent.when != spent.paid:
        text += f" Admissions count as avoided only {_during(spent.when)}, for which the effect was estimated."
    return Fact(sentence=text, value=float(f"{spent.pounds:.3g}"), unit=f"£ {during}, in {costs.price_year} prices")


def _during(when: str) -> str:
    """Say during which time."""
    return f"{'from' if ' to ' in when else 'in'} {when}"


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
    if isinstance(found, CannotSay):
        return WITHOUT
    if costs is None:
        return NO_COSTS
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
    return cost_benefit(lines, price_base=costs.price_year, base_year=spent.year, effects={"admissions": change})


def say_worth(worth: CostBenefit | CannotSay, spent: Spent | CannotSay) -> Estimated | CannotSay:
    """Say whether public value exceeds the cost and by how much, over which time, and what of it is cash.

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
    during = _during(spent.paid)
    text = (
        f"{during[0].upper()}{during[1:]}, in {worth.price_base} prices, the public value of the visits, in cash or "
        f"not, is put at {_against_costs(worth.npsv)} {say_cash(worth).sentence}"
    )
    return Estimated(sentence=text, estimate=worth.npsv)


def say_cash(worth: CostBenefit) -> Estimated:
    """Say whether what can be taken out of a budget exceeds the cost.

    Parameters
    ----------
    worth
        What `reckon_worth` returned.

    Returns
    -------
    Estimated
        Savings in cash less costs in pounds.
    """
    text = f"Savings in cash, which can be taken out of a budget, are put at {_against_costs(worth.financial)}"
    return Estimated(sentence=text, estimate=worth.financial)


def _against_costs(net: Estimate) -> str:
    """Say by how much benefits exceed costs, with the interval and whether the data can tell."""
    ends = " to ".join(more_or_less(end) for end in (net.ci_low, net.ci_high))
    doubt = " The data cannot tell which is larger." if cannot_tell(net) else ""
    return f"{more_or_less(net.value)} than the cost ({net.level * 100:g}% interval: {ends}).{doubt}"


def summary_table(worth: CostBenefit, spent: Spent, found: Comparison, costs: Costs) -> Table:
    """Show a board what the visits cost and what they may have saved, and whom.

    Parameters
    ----------
    worth, spent, found
        What `reckon_worth`, `count_spent` and `oda.effect.estimate_effect` returned.
    costs
        Of `pilot.yml`.

    Returns
    -------
    Table
        One row a figure, in words.
    """
    cases = worth.cases.set_index("case").to_dict("index")
    public, cash, price = cases["economic"], cases["financial"], quantity(costs.admission.amount, "£")
    e = found.estimate
    fewer = (_fewer(spent.admissions * (1 / ratio - 1)) for ratio in (e.value, e.ci_high, e.ci_low))
    paid = f"Cost to {costs.visit.pays} of about {spent.visits:,} visits {_during(spent.paid)}"
    rows = [
        (f"Admissions {_during(spent.when)} against what was expected", *fewer),
        (f"Value of these to {costs.admission.gains}, at {price} each ({costs.admission.source})", *_benefits(public)),
        (f"Savings in cash, {costs.admission.cashable:g}% of that value", *_benefits(cash)),
        (paid, say_pounds(public["costs"]), "as counted", "as counted"),
        ("Value for each £1 of cost", *(_pounds_each(public[name]) for name in ("ratio", "ratio_low", "ratio_high"))),
    ]
    columns = {"what": "What", "value": "Estimate", "low": f"{e.level * 100:g}% interval, from", "high": "to"}
    biased = [one.optimism_bias for one in (costs.visit, costs.admission)]
    note = "Prices are taken as certain, so the true ranges are wider."
    if any(biased):
        note += " Pounds allow for optimism bias."
    frame = pd.DataFrame(rows, columns=list(columns))
    caption = f"What the visits cost and what they may have saved, in {costs.price_year} prices"
    return table(frame, caption=caption, columns=columns, note=note)


def _fewer(avoided: float) -> str:
    """Say how many admissions were avoided, or came on top."""
    return f"{abs(avoided):,.0f} {'fewer' if avoided >= 0 else 'more'}"


def _benefits(case: Mapping[Any, Any]) -> tuple[str, str, str]:
    """Say the benefits of a case and the ends of their interval."""
    value, low, high = (say_pounds(case["costs"] + case[name]) for name in ("net", "net_low", "net_high"))
    return value, low, high


def _pounds_each(ratio: float) -> str:
    """Say benefits for each pound of costs."""
    return f"{'-' if round(ratio, 2) < 0 else ''}£{abs(ratio):.2f}"
