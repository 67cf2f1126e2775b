"""Is the pilot worth it: costs and benefits to the Green Book, split as Greater Manchester does."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.words import sentence
from oda.evaluate.worth.cautions import effect_cautions, method_words, say_share, sheet_cautions
from oda.evaluate.worth.discounting import DiscountSchedule, discount_factors, discount_schedule
from oda.evaluate.worth.effects import UnitChange, draw_units
from oda.evaluate.worth.lines import read_lines
from oda.evaluate.worth.sums import (
    Streams,
    by_category,
    by_partner,
    discount_flows,
    make_streams,
    payback_year,
)
from oda.wording import more_or_less

YEARS = (1900, 2200)  # of prices
FEWEST_DRAWS = 1000  # with fewer, the ends of a 95 per cent interval rest on a handful of draws


@dataclass(frozen=True, kw_only=True, slots=True)
class CostBenefit:
    """Costs and benefits in present value, with the uncertainty that the measured effects bring.

    Attributes
    ----------
    npsv
        Net present social value: all benefits less all costs, in pounds.
    bcr
        Benefit-cost ratio: all benefits over all costs, neither netted from the other.
    financial
        Cashable fiscal benefits less fiscal costs, in pounds.
    probability
        Share of draws in which `npsv` is above 0; None where nothing was drawn.
    probability_error
        The most that its standard error from the number of draws alone can be; None where nothing was drawn.
    cases
        Two rows, `case` financial (fiscal costs, cashable fiscal benefits) and economic (all): `costs`, `benefits`,
        `net`, `net_low`, `net_high` in pounds; `ratio`, `ratio_low`, `ratio_high`; `probability` that the net is above
        0; `payback_year`, missing when there is none.
    categories
        Seven rows: `kind`, `category`, `cashable`, `value` in pounds.
    partners
        One row a partner: `costs`, `cashable`, `other_fiscal`, `wider`, `transfers`, `net` in pounds.
    years
        One row a year: `year`, `factor` (of the main schedule), `costs`, `benefits`, `cashable` (discounted pounds),
        `financial` and `economic` (net so far), `low` and `high` (interval of `economic`).
    draws, seed
        Of the simulation; 0 draws where nothing rests on a measured effect.
    price_base
        Year of the prices of all pounds.
    """

    npsv: Estimate
    bcr: Estimate
    financial: Estimate
    probability: float | None
    probability_error: float | None
    cases: pd.DataFrame
    categories: pd.DataFrame
    partners: pd.DataFrame
    years: pd.DataFrame
    draws: int
    seed: int
    price_base: int


def cost_benefit(
    lines: pd.DataFrame,
    *,
    price_base: int,
    base_year: int = 0,
    effects: Mapping[str, UnitChange] | None = None,
    schedule: DiscountSchedule | None = None,
    deflator: Mapping[int, float] | None = None,
    draws: int = 20_000,
    seed: int = 1,
    level: float = 0.95,
) -> CostBenefit:
    """Estimate the net present social value of a pilot, and who pays and who gains.

    It stands on the unit values, on optimism bias and deadweight as entered, and on the effects. What an effect is
    worth is only as firm as the design that measured it: see `evidence_grade`. Only the effects are drawn; costs and
    unit values are taken as certain, so the true uncertainty is larger.

    Parameters
    ----------
    lines
        The sheet, one row a cost or benefit and year or span of years. Columns: `line`, `kind` (cost, benefit,
        transfer), `year`, `amount` (pounds a year; with an effect, of one unit), `category` (fiscal, economic,
        social); and where they apply `last_year`, `pays`, `gains`, `cashable` (yes, no or per cent),
        `optimism_bias` (per cent) or `confidence` (grade 1 to 6), `deadweight` and `persistence` (per cent),
        `effect`, `prices`, `rate`, `source`.
    price_base
        The year of the prices in which all is said; amounts stand in it unless `prices` says another.
    base_year
        The year that is not discounted; the column `year` counts as it does.
    effects
        The measured effects by the name that the column `effect` gives.
    schedule
        Discount rates; the newest standard schedule when not given.
    deflator
        Price index by year, needed when `prices` holds other years or money of the day (nominal).
    draws
        Number of draws, at least 1,000.
    seed
        Of the random numbers; the same seed gives the same figures.
    level
        Coverage of the intervals.

    Returns
    -------
    CostBenefit
        Pounds in prices of `price_base`, worth in `base_year`.

    Raises
    ------
    DesignError
        When the sheet cannot be what it says (an unknown column or word, a negative amount, money of the day without
        a deflator, a fiscal benefit not said to be cashable or not, optimism bias or deadweight taken twice, a line
        twice, no cost or no benefit), an effect is no effect, or there are too few draws.

    Notes
    -----
    Optimism bias raises costs and cuts benefits, and makes a loss larger where a draw of an effect goes the wrong way.
    Each effect is drawn from its own interval (log scale for ratios; t with its degrees of freedom); the interval is
    that of the draws' percentiles, and holds the effect's uncertainty alone. The share of draws above 0 reads the
    interval as chances, which supposes that nothing was known of the effect before. A transfer is in no sum but that
    of the partners. The payback year is the first from which discounted benefits so far stay above costs so far.

    References
    ----------
    HM Treasury (2026). The Green Book: appraisal and evaluation in central government.
    HM Treasury and New Economy (2014). Supporting public service transformation: cost benefit analysis guidance for
    local partnerships.

    Examples
    --------
    >>> sheet = pd.DataFrame({
    ...     "line": ["visits", "admissions"], "kind": ["cost", "benefit"], "year": [0, 1], "last_year": [0, 4],
    ...     "amount": [5_000_000, 1_500_000], "category": "fiscal", "pays": ["county", None], "gains": [None, "NHS"],
    ...     "cashable": [None, "no"], "deadweight": [None, 0],
    ... })
    >>> round(cost_benefit(sheet, price_base=2026).npsv.value)
    509619
    """
    changes = dict(effects or {})
    _check(changes, draws, level, price_base)
    rates = schedule or discount_schedule()
    names = list(changes)
    flows = read_lines(lines, base_year=base_year, price_base=price_base, effects=names, deflator=deflator)
    flows = discount_flows(flows, rates, changes)
    units = draw_units(changes, draws=draws, seed=seed)
    financial, economic = (make_streams(flows, units, financial=flag) for flag in (True, False))
    first, second = (_case(streams, base_year, level) for streams in (financial, economic))
    cases = pd.DataFrame([{"case": "financial", **first}, {"case": "economic", **second}])
    cases["payback_year"] = cases["payback_year"].astype("Int64")
    cautions = (*sheet_cautions(lines, flows), *effect_cautions(changes, flows), rates.caution)
    how = method_words(
        price_base, base_year, rates, f"{draws:,} draws of the effects alone, seed {seed}" if changes else ""
    )

    def estimate(estimand: str, row: dict[str, Any], part: str) -> Estimate:
        about = (changes, level, len(lines), cautions, how)
        return _estimate(estimand, (row[part], row[f"{part}_low"], row[f"{part}_high"]), *about)

    chance = second["probability"] if changes else None
    return CostBenefit(
        npsv=estimate("net present social value", second, "net"),
        bcr=estimate("benefit-cost ratio", second, "ratio"),
        financial=estimate("cashable fiscal benefits less fiscal costs", first, "net"),
        probability=chance,
        probability_error=None if chance is None else _share_error(chance, draws),
        cases=cases,
        categories=by_category(flows),
        partners=by_partner(flows),
        years=_years(financial, economic, base_year, rates, level),
        draws=draws if changes else 0,
        seed=seed,
        price_base=price_base,
    )


def _check(changes: dict[str, UnitChange], draws: int, level: float, price_base: int) -> None:
    """Refuse too few draws, prices of no year and things that are no effects."""
    check_share(level=level)
    wrong = [name for name, change in changes.items() if not isinstance(change, UnitChange)]
    if wrong:
        message = f"{', '.join(map(repr, wrong))}: not a UnitChange. Say how many units the effect bears on with one."
        raise DesignError(message)
    if not YEARS[0] <= price_base <= YEARS[1] or price_base % 1:
        message = f"price_base is {price_base}. Give the year of the prices in four figures, such as 2026."
        raise DesignError(message)
    if draws < FEWEST_DRAWS:
        message = (
            f"{draws} draws are too few. A measured effect is never entered as certain: draw at least {FEWEST_DRAWS:,}."
        )
        raise DesignError(message)


def _case(streams: Streams, base_year: int, level: float) -> dict[str, Any]:
    """Return the totals of one case."""
    costs, benefits, drawn = streams.costs.sum(), streams.benefits.sum(), streams.drawn.sum(axis=1)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], method="hazen")
    per_pound = 1 / costs if costs > 0 else math.nan
    return {
        "costs": float(costs),
        "benefits": float(benefits),
        "net": float(benefits - costs),
        "net_low": float(low - costs),
        "net_high": float(high - costs),
        "ratio": float(benefits * per_pound),
        "ratio_low": float(low * per_pound),
        "ratio_high": float(high * per_pound),
        "probability": float((drawn > costs).mean()) if len(drawn) > 1 else None,
        "payback_year": payback_year(streams, base_year),
    }


def _share_error(share: float, draws: int) -> float:
    """Return the standard error of a share of draws, above 0 also where all or none of them count."""
    near = (share * draws + 2) / (draws + 4)
    return math.sqrt(near * (1 - near) / (draws + 4))


def _estimate(
    estimand: str,
    figures: tuple[float, float, float],
    changes: dict[str, UnitChange],
    level: float,
    n_lines: int,
    cautions: tuple[str, ...],
    method: str,
) -> Estimate:
    """Return one headline figure with its interval."""
    found, ratio = [change.estimate for change in changes.values()], estimand == "benefit-cost ratio"
    return Estimate(
        estimand=estimand,
        scale="level" if ratio else "difference",
        outcome=estimand,
        unit="" if ratio else "£",
        value=figures[0],
        ci_low=figures[1],
        ci_high=figures[2],
        level=level,
        std_error=None,
        p_value=None,
        df=None,
        n_obs=n_lines,
        n_clusters=min((one.n_clusters for one in found), default=0),
        n_treated=min((one.n_treated for one in found), default=0),
        cautions=tuple(dict.fromkeys(cautions)),
        method=method,
    )


def _years(
    financial: Streams, economic: Streams, base_year: int, rates: DiscountSchedule, level: float
) -> pd.DataFrame:
    """Return the discounted flows and the net so far, year by year."""
    steps = np.arange(len(economic.costs))
    so_far = np.cumsum(economic.drawn - economic.costs, axis=1)
    low, high = np.quantile(so_far, [(1 - level) / 2, (1 + level) / 2], axis=0, method="hazen")
    return pd.DataFrame(
        {
            "year": base_year + steps,
            "factor": discount_factors(steps, schedule=rates),
            "costs": economic.costs,
            "benefits": economic.benefits,
            "cashable": financial.benefits,
            "financial": np.cumsum(financial.benefits - financial.costs),
            "economic": np.cumsum(economic.benefits - economic.costs),
            "low": low,
            "high": high,
        }
    )


@sentence.register
def _(result: CostBenefit, *, subject: str = "", against: str = "") -> str:
    """Say the public value, its interval and what comes back in cash."""
    npsv, share, cash = result.npsv, result.probability, result.financial.value
    more = f"{more_or_less(npsv.value)} than the costs"
    said = f"{subject}: benefits are put at {more}" if subject else f"Benefits are put at {more}"
    interval = drawn = doubt = ""
    if share is not None:
        ends = " to ".join(more_or_less(end) for end in (npsv.ci_low, npsv.ci_high))
        interval = f" ({npsv.level * 100:g}% interval: {ends})"
        drawn = f"; they exceed the costs in {say_share(share)} draws"
        doubt = " The data cannot tell which is larger." if npsv.ci_low <= 0 <= npsv.ci_high else ""
    per_pound = f"{'-' if result.bcr.value < 0 else ''}£{abs(result.bcr.value):.2f}"
    back = f"{more_or_less(cash)} than public bodies pay"
    return f"{said}{interval}, or {per_pound} for each £1 of costs{drawn}.{doubt} Cashable savings are {back}."
