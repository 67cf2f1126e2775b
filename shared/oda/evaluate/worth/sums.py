"""Present values of a sheet's flows: by case, category, partner and year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.evaluate.worth.discounting import DiscountSchedule, discount_factors, discount_schedule
from oda.evaluate.worth.effects import UnitChange, benefit_units

ROUNDING = 1e-9  # of the larger of costs and benefits; a balance nearer to nil is nil but for rounding


@dataclass(frozen=True, kw_only=True, slots=True)
class Streams:
    """One case year by year, discounted.

    Attributes
    ----------
    costs, benefits
        Shape (years,): pounds, adjusted; benefits at the effects as estimated.
    drawn
        Shape (draws, years): benefits at each draw of the effects; one row, the benefits, where nothing is drawn.
    """

    costs: np.ndarray
    benefits: np.ndarray
    drawn: np.ndarray


def discount_flows(flows: pd.DataFrame, schedule: DiscountSchedule, changes: Mapping[str, UnitChange]) -> pd.DataFrame:
    """Return the flows with their present value.

    Parameters
    ----------
    flows
        Of `read_lines`.
    schedule
        Rates of all lines but those at the rate for health.
    changes
        Effects by name.

    Returns
    -------
    DataFrame
        The flows with `up` (pounds for a benefit, for each unit where there is an effect, cut by optimism bias),
        `down` (the same for units below 0, a loss, raised by it), and `value` (present value in pounds).
    """
    bias = flows["bias"].fillna(0.0).to_numpy()
    worth = flows["amount"].to_numpy() * discount_factors(flows["t"].to_numpy(), schedule=schedule)
    healthy = (flows["rate"] == "health").to_numpy()
    if healthy.any():
        health = discount_schedule("health", on=schedule.valid_from)
        worth = np.where(healthy, flows["amount"] * discount_factors(flows["t"].to_numpy(), schedule=health), worth)
    point = {name: float(benefit_units(one, np.array([one.estimate.value]))[0]) for name, one in changes.items()}
    units = flows["effect"].map(point).fillna(1.0).to_numpy(dtype=float)
    up, down = worth * (1 - bias), worth * (1 + bias)
    value = np.where(flows["kind"] == "cost", down, units * np.where(units < 0, down, up))
    value = np.where(flows["kind"] == "transfer", worth, value)
    return flows.assign(up=up, down=down, value=value)


def make_streams(flows: pd.DataFrame, units: Mapping[str, np.ndarray], *, financial: bool) -> Streams:
    """Return one case year by year.

    Parameters
    ----------
    flows
        Of `discount_flows`.
    units
        Draws of the units of each effect.
    financial
        Whether only fiscal costs and cashable fiscal benefits count.

    Returns
    -------
    Streams
        From the base year to the last.
    """
    length = int(flows["t"].max()) + 1
    share = flows["cashable"] if financial else pd.Series(1.0, index=flows.index)

    def by_year(rows: pd.Series, value: pd.Series) -> np.ndarray:
        return np.bincount(flows.loc[rows, "t"], weights=value[rows], minlength=length)

    cost, benefit = flows["kind"] == "cost", flows["kind"] == "benefit"
    costs = by_year(cost & (flows["category"] == "fiscal") if financial else cost, flows["value"])
    certain = by_year(benefit & (flows["effect"] == ""), flows["value"] * share)
    drawn = certain[np.newaxis, :]
    for name, draws in sorted(units.items()):
        rows = benefit & (flows["effect"] == name)
        up, down = by_year(rows, flows["up"] * share), by_year(rows, flows["down"] * share)
        drawn = drawn + np.outer(np.maximum(draws, 0), up) + np.outer(np.minimum(draws, 0), down)
    return Streams(costs=costs, benefits=by_year(benefit, flows["value"] * share), drawn=drawn)


def payback_year(streams: Streams, base_year: int) -> int | None:
    """Return the first year from which benefits so far are never again less than costs so far.

    Parameters
    ----------
    streams
        One case, discounted.
    base_year
        The first of its years.

    Returns
    -------
    int or None
        The year; None when costs are not paid back by the last year.
    """
    balance = np.cumsum(streams.benefits - streams.costs)
    short = np.flatnonzero(balance < -ROUNDING * max(streams.benefits.sum(), streams.costs.sum()))
    if not len(short):
        return base_year
    return None if short[-1] == len(balance) - 1 else base_year + int(short[-1]) + 1


def by_category(flows: pd.DataFrame) -> pd.DataFrame:
    """Return the present value of costs and benefits, categories kept apart.

    Parameters
    ----------
    flows
        Of `discount_flows`.

    Returns
    -------
    DataFrame
        Seven rows: `kind`, `category`, `cashable` (yes or no), `value` (pounds).
    """
    fiscal = flows["cashable"] * flows["value"]
    rows = []
    for kind in ("cost", "benefit"):
        for category in ("fiscal", "economic", "social"):
            chosen = (flows["kind"] == kind) & (flows["category"] == category)
            if (kind, category) == ("benefit", "fiscal"):
                rows.append((kind, category, "yes", fiscal[chosen].sum()))
                rows.append((kind, category, "no", (flows["value"] - fiscal)[chosen].sum()))
            else:
                rows.append((kind, category, "no", flows.loc[chosen, "value"].sum()))
    return pd.DataFrame(rows, columns=["kind", "category", "cashable", "value"])


def by_partner(flows: pd.DataFrame) -> pd.DataFrame:
    """Return who pays and who gains.

    Parameters
    ----------
    flows
        Of `discount_flows`.

    Returns
    -------
    DataFrame
        One row a partner, by name: `partner`, `costs`, `cashable`, `other_fiscal`, `wider` (economic and social
        benefits), `transfers` (received less given) and `net` (cashable plus transfers less costs), in pounds.
    """
    cost, benefit, transfer = (flows["kind"] == kind for kind in ("cost", "benefit", "transfer"))
    fiscal = benefit & (flows["category"] == "fiscal")
    value, cashable = flows["value"], flows["cashable"] * flows["value"]

    def sums(rows: pd.Series, side: str, amounts: pd.Series) -> pd.Series:
        return amounts[rows].groupby(flows.loc[rows, side]).sum()

    parts = {
        "costs": sums(cost, "pays", value),
        "cashable": sums(fiscal, "gains", cashable),
        "other_fiscal": sums(fiscal, "gains", value - cashable),
        "wider": sums(benefit & ~fiscal, "gains", value),
        "transfers": sums(transfer, "gains", value).sub(sums(transfer, "pays", value), fill_value=0.0),
    }
    table = pd.DataFrame(parts).fillna(0.0).sort_index()
    table["net"] = table["cashable"] + table["transfers"] - table["costs"]
    return table.rename_axis("partner").reset_index()
