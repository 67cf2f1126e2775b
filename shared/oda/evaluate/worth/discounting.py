"""Discounting as HM Treasury's Green Book does it: dated schedules, year 0 undiscounted, real terms only."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from oda.errors import DesignError
from oda.presets import read_rates

ScheduleName = Literal["standard", "health", "lower"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DiscountSchedule:
    """Discount rates by year, with where they come from.

    Attributes
    ----------
    name
        `standard`, `health` (effects on health and life valued as such) or `lower` (a second look beyond 50 years).
    use
        What the rates are for, in words.
    bands
        First year of each band and its real rate a year, as a share; the first band begins in year 1.
    valid_from
        First day of the edition that sets them.
    source
        Where they come from.
    caution
        What to look at before relying on them.
    """

    name: str
    use: str
    bands: tuple[tuple[int, float], ...]
    valid_from: dt.date
    source: str
    caution: str


def discount_schedule(name: ScheduleName = "standard", *, on: dt.date | None = None) -> DiscountSchedule:
    """Return the Green Book's discount rates that were valid on a day.

    Parameters
    ----------
    name
        `standard`, `health` or `lower`.
    on
        The day of the appraisal; the newest schedule when not given.

    Returns
    -------
    DiscountSchedule
        Real rates a year, as shares.

    Raises
    ------
    DesignError
        When there is no schedule of that name, or none was valid on that day.

    Examples
    --------
    >>> discount_schedule(on=dt.date(2020, 1, 1)).bands[:2]
    ((1, 0.035), (31, 0.03))
    """
    table = read_rates("discount_rates")
    named = [row for row in table["schedules"] if row["name"] == name]
    if not named:
        there = ", ".join(dict.fromkeys(repr(row["name"]) for row in table["schedules"]))
        message = f"There is no discount schedule {name!r}. Choose one of {there}."
        raise DesignError(message)
    valid = [row for row in named if on is None or row["valid_from"] <= on]
    if not valid:
        first = min(row["valid_from"] for row in named)
        message = f"No {name} schedule is known for {on}; the first is valid from {first}. Give a later day, or none."
        raise DesignError(message)
    row = max(valid, key=lambda one: one["valid_from"])
    return DiscountSchedule(
        name=name,
        use=row["use"],
        bands=tuple((band["first"], round(band["per_cent"] / 100, 6)) for band in row["rates"]),
        valid_from=row["valid_from"],
        source=row["source"],
        caution=table["review"],
    )


def discount_factors(years: Sequence[int] | np.ndarray, *, schedule: DiscountSchedule | None = None) -> np.ndarray:
    """Return what a pound of each year is worth in year 0.

    Parameters
    ----------
    years
        Shape (n,): whole years since the base year; year 0 is not discounted, year 1 is.
    schedule
        Rates; the newest standard schedule when not given.

    Returns
    -------
    ndarray
        Shape (n,): 1 in year 0, less in every later year.

    Raises
    ------
    DesignError
        When a year is negative or not whole.

    Notes
    -----
    The factor of a year is that of the year before divided by 1 plus the rate of the year's own band, so the rate of
    year 31 bears on year 31 alone, never on the 30 years before it.

    References
    ----------
    HM Treasury (2026). The Green Book: appraisal and evaluation in central government.

    Examples
    --------
    >>> discount_factors([0, 1, 30, 31]).round(4).tolist()
    [1.0, 0.9662, 0.3563, 0.3459]
    """
    counted = np.asarray(years)
    if counted.dtype.kind not in "iuf" or not np.isfinite(counted).all():
        message = f"The years hold what is no number ({counted.dtype}). Give whole years since the base year."
        raise DesignError(message)
    wrong = int(((counted < 0) | (counted != np.round(counted))).sum())
    if wrong:
        message = (
            f"{wrong} of {counted.size} years lie before the base year or are not whole. Leave out what was spent "
            "before, which no decision can change, or choose an earlier base year."
        )
        raise DesignError(message)
    whole = counted.astype(int)
    bands = (schedule or discount_schedule()).bands
    firsts, rates = np.array([first for first, _ in bands]), np.array([rate for _, rate in bands])
    steps = np.arange(1, int(whole.max(initial=0)) + 1)
    yearly = rates[np.searchsorted(firsts, steps, side="right") - 1]
    factors: np.ndarray = np.concatenate([[1.0], 1 / np.cumprod(1 + yearly)])[whole]
    return factors


def present_value(
    amounts: Sequence[float] | np.ndarray,
    *,
    years: Sequence[int] | np.ndarray,
    schedule: DiscountSchedule | None = None,
) -> float:
    """Return the present value of real flows in the base year.

    Parameters
    ----------
    amounts
        Shape (n,): pounds of one price base; money of the day is made real with `to_real_terms` first, since the
        rates are real.
    years
        Shape (n,): whole years since the base year.
    schedule
        Rates; the newest standard schedule when not given.

    Returns
    -------
    float
        Pounds of the same price base, in year 0.

    Raises
    ------
    DesignError
        When amounts and years differ in number, an amount is no number, or a year is negative or not whole.

    Examples
    --------
    >>> round(present_value([-5_000_000, *[1_500_000] * 4], years=range(5)))
    509619
    """
    flows, counted = np.asarray(amounts, dtype=float), np.asarray(list(years))
    if flows.shape != counted.shape or not np.isfinite(flows).all():
        message = (
            f"{flows.size} amounts, {int((~np.isfinite(flows)).sum())} of them no number, for {counted.size} years. "
            "Give one amount for each year."
        )
        raise DesignError(message)
    return math.fsum(flows * discount_factors(counted, schedule=schedule))


def to_real_terms(
    amounts: Sequence[float] | np.ndarray,
    *,
    prices: Sequence[int] | np.ndarray,
    price_base: int,
    deflator: Mapping[int, float],
) -> np.ndarray:
    """Return amounts in the prices of one year.

    Parameters
    ----------
    amounts
        Shape (n,): pounds.
    prices
        Shape (n,): the year in whose prices each amount stands; for money of the day the year it is paid in.
    price_base
        The year of the prices wanted.
    deflator
        Price index by year, such as the GDP deflator that HM Treasury publishes each quarter.

    Returns
    -------
    ndarray
        Shape (n,): pounds in the prices of `price_base`.

    Raises
    ------
    DesignError
        When the deflator lacks a year, or an index is not a positive number.

    Examples
    --------
    >>> to_real_terms([102.0], prices=[2026], price_base=2025, deflator={2025: 100, 2026: 102}).tolist()
    [100.0]
    """
    wanted = [int(year) for year in np.asarray(prices)]
    absent = sorted({*wanted, price_base} - set(deflator))
    if absent:
        message = f"The deflator has no index for {', '.join(map(str, absent))}. Give one for each year of prices."
        raise DesignError(message)
    index = np.array([deflator[year] for year in [price_base, *wanted]], dtype=float)
    if not (np.isfinite(index) & (index > 0)).all():
        message = f"{int((~(index > 0)).sum())} of {len(index)} indices of the deflator are not above 0. Correct them."
        raise DesignError(message)
    real: np.ndarray = np.asarray(amounts, dtype=float) * index[0] / index[1:]
    return real
