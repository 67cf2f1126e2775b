"""Costs and benefits as a board sees them: the two cases, who pays and gains, and when the costs are paid back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from oda.charts import COLOURS, GREY, STYLES, name_below, new_chart
from oda.evaluate.words import cannot_tell, sentence
from oda.evaluate.worth.cautions import say_share
from oda.evaluate.worth.cost_benefit import CostBenefit
from oda.evaluate.worth.discounting import DiscountSchedule
from oda.exhibits.titles import titled
from oda.exhibits.values import capital
from oda.making import table
from oda.results import Picture, Table, TableColumn
from oda.wording import more_or_less, say_pounds

CASES = {"financial": "Financial case: cashable savings of public bodies", "economic": "Economic case: public value"}


def cost_benefit_table(result: CostBenefit, *, when: str = "") -> Table:
    """Show costs and benefits by category, kept apart.

    Parameters
    ----------
    result
        The analysis.
    when
        From when to when, in words; the years of the analysis when not given.

    Returns
    -------
    Table
        One row a category, in pounds.
    """
    frame = result.categories[result.categories["value"] != 0].copy()
    frame["what"] = [
        f"{capital(kind)}, {category}" + _cashable(kind, category, cashable)
        for kind, category, cashable in frame[["kind", "category", "cashable"]].to_numpy()
    ]
    columns: dict[str, TableColumn | str] = {"what": "What", "value": _pounds("Present value")}
    return table(
        frame, caption=f"Costs and benefits by category{_when(result, when)}", columns=columns, note=_cautioned(result)
    )


def _cashable(kind: str, category: str, cashable: str) -> str:
    """Say whether a fiscal benefit is cashable."""
    if (kind, category) != ("benefit", "fiscal"):
        return ""
    return ", cashable" if cashable == "yes" else ", not cashable"


def partners_table(result: CostBenefit, *, when: str = "") -> Table:
    """Show which partner pays and which gains.

    Parameters
    ----------
    result
        The analysis.
    when
        From when to when, in words; the years of the analysis when not given.

    Returns
    -------
    Table
        One row a partner, in pounds.
    """
    columns: dict[str, TableColumn | str] = {
        "partner": "Partner",
        "costs": _pounds("Pays"),
        "cashable": _pounds("Cashable savings"),
        "transfers": _pounds("Transfers received less given"),
        "net": _pounds("Net cash"),
        "other_fiscal": _pounds("Savings that are not cashable"),
        "wider": _pounds("Economic and social benefits"),
    }
    used = [name for name in columns if name == "partner" or (result.partners[name] != 0).any() or name == "net"]
    caption = f"Who pays and who gains{_when(result, when)}"
    note = f"Net cash is cashable savings, plus transfers, less what is paid. {_cautioned(result)}"
    return table(result.partners, caption=caption, columns={name: columns[name] for name in used}, note=note)


def investment_case_table(result: CostBenefit, *, when: str = "") -> Table:
    """Show the financial and the economic case side by side, for a board's business case.

    Parameters
    ----------
    result
        The analysis.
    when
        From when to when, in words; the years of the analysis when not given.

    Returns
    -------
    Table
        One row a figure, in words; when costs are paid back only where there is more than one year.
    """
    cases = result.cases.set_index("case").to_dict("index")
    frame = pd.DataFrame({name: _case_words(cases[name], result) for name in CASES})
    frame = frame.rename_axis("what").reset_index()
    columns: dict[str, TableColumn | str] = {"what": "What", **CASES}
    caption = f"The investment case{_when(result, when)}"
    return table(frame, caption=caption, columns=columns, note=_cautioned(result))


def _case_words(case: Mapping[Any, Any], result: CostBenefit) -> dict[str, str]:
    """Say every figure of one case."""
    drawn, interval, none = result.draws > 0, f"{100 * result.npsv.level:g}% interval", "none: nothing was drawn"
    ends = f"{say_pounds(case['net_low'])} to {say_pounds(case['net_high'])}"
    ratios = f"{_ratio(case['ratio_low'])} to {_ratio(case['ratio_high'])}"
    ratios = "no costs" if pd.isna(case["ratio"]) else ratios
    return {
        "Costs": say_pounds(case["costs"]),
        "Benefits": say_pounds(case["benefits"]),
        "Benefits less costs": say_pounds(case["net"]),
        f"{interval} of benefits less costs": ends if drawn else none,
        "Benefits for each £1 of costs": _ratio(case["ratio"]),
        f"{interval} of benefits for each £1": ratios if drawn else none,
        "Draws in which benefits exceed costs": say_share(case["probability"]) if drawn else "nothing drawn",
        **({"Costs paid back": _payback(case["payback_year"], result)} if len(result.years) > 1 else {}),
        "Benefits at which costs would just be met": _switching(case["ratio"]),
    }


def _ratio(value: float) -> str:
    """Say benefits for each pound of costs."""
    if pd.isna(value):
        return "no costs"
    return f"{'-' if round(value, 2) < 0 else ''}£{abs(value):.2f}"


def _payback(year: int | None, result: CostBenefit) -> str:
    """Say when costs are paid back."""
    if year is None or pd.isna(year):
        return f"not by {_year(result.years['year'].iloc[-1])}"
    return _year(year)


def _year(year: int) -> str:
    """Say a year of the calendar, or one counted from the start."""
    return f"year {year}" if year < 1000 else str(year)


def _switching(ratio: float) -> str:
    """Say how far benefits must fall or rise for benefits and costs to be the same."""
    if pd.isna(ratio):
        return "no costs"
    if ratio <= 0:
        return "at no multiple of these benefits"
    change = 100 * (1 / ratio - 1)
    return f"{abs(change):,.0f}% {'lower' if change < 0 else 'higher'} than put here"


def plot_cost_benefit(result: CostBenefit) -> Picture:
    """Draw benefits less costs so far, year by year, for both cases.

    Parameters
    ----------
    result
        The analysis.

    Returns
    -------
    Picture
        Two lines, the interval of the public value as a band, and a line at nil where costs are paid back.
    """
    years = result.years
    drawing, axes = new_chart(height=4.2)
    most = years[["financial", "low", "high"]].abs().to_numpy().max()
    unit, scale = ("£ million", 1e6) if most >= 1e6 else ("£", 1.0)
    if result.draws:
        band = f"{100 * result.npsv.level:g}% interval of public value"
        axes.fill_between(
            years["year"], years["low"] / scale, years["high"] / scale, color=COLOURS[0], alpha=0.15, label=band
        )
    for number, (name, words) in enumerate((("economic", "Public value"), ("financial", "Cashable savings"))):
        axes.plot(
            years["year"],
            years[name] / scale,
            color=COLOURS[number],
            linestyle=STYLES[number],
            marker="os"[number],
            markersize=4,
            label=f"{words} less costs",
        )
    axes.axhline(0, color=GREY, linewidth=1.2)
    axes.set_ylabel(unit)
    step = max(1, -(-len(years) // 10))
    axes.set_xticks(years["year"][::step], [_year(year) for year in years["year"][::step]])
    name_below(axes)
    named = {"financial": "cashable savings", "economic": "public value"}
    cases = result.cases.set_index("case").to_dict("index")
    said = "; ".join(
        f"{say} less costs end at {say_pounds(cases[name]['net'])}, paid back: "
        f"{_payback(cases[name]['payback_year'], result)}"
        for name, say in named.items()
    )
    columns = {
        "year": TableColumn(title="Year"),
        "costs": _pounds("Costs"),
        "benefits": _pounds("Benefits"),
        "cashable": _pounds("of which cashable"),
        "economic": _pounds("Public value less costs, so far"),
        "financial": _pounds("Cashable savings less costs, so far"),
    }
    data = table(years.assign(year=years["year"].map(_year)), caption=f"Year by year{_when(result)}", columns=columns)
    return titled(
        drawing,
        headline=_caption(result),
        alt="Line chart of benefits less costs so far, by year, for public value and for cashable savings.",
        description=f"{sentence(result)} Year by year: {said}.",
        data=data,
    )


def _caption(result: CostBenefit) -> str:
    """Say the public value with its interval, and what comes back in cash."""
    npsv, cash = result.npsv, result.financial.value
    ends = " to ".join(more_or_less(end) for end in (npsv.ci_low, npsv.ci_high))
    interval = f" ({npsv.level * 100:g}% interval: {ends})" if result.draws else ""
    doubt = " The data cannot tell which is larger." if result.draws and npsv.ci_low <= 0 <= npsv.ci_high else ""
    return (
        f"Benefits are put at {more_or_less(npsv.value)} than the costs{interval}.{doubt} Cashable savings "
        f"are {more_or_less(cash)} than public bodies pay."
    )


def discount_schedule_table(result: DiscountSchedule) -> Table:
    """Show the discount rate of each band of years, and where it comes from.

    Parameters
    ----------
    result
        Of `discount_schedule`.

    Returns
    -------
    Table
        One row a band.
    """
    firsts = [first for first, _ in result.bands]
    frame = pd.DataFrame({"first": firsts, "last": [f"{end - 1}" for end in firsts[1:]] + ["no end"]})
    frame["rate"] = [100 * rate for _, rate in result.bands]
    columns: dict[str, TableColumn | str] = {
        "first": "From year",
        "last": "to year",
        "rate": TableColumn(title="Real rate a year", unit="%", decimals=2),
    }
    return table(
        frame,
        caption=f"Discount rates, {result.name}: {result.use}",
        columns=columns,
        note=f"{result.source}, valid from {result.valid_from:%-d %B %Y}. {result.caution}",
    )


def _pounds(title: str) -> TableColumn:
    """Return a column of pounds."""
    return TableColumn(title=title, unit="£", decimals=0)


def _when(result: CostBenefit, when: str = "") -> str:
    """Say the prices and the years, unless it is known better when."""
    first, last = (_year(result.years["year"].iloc[end]) for end in (0, -1))
    when = when or (first if first == last else f"{first} to {last}")
    return f", {when}, present value in prices of {result.price_base}"


def _cautioned(result: CostBenefit) -> str:
    """Say how the figures were made, and what changes how they must be read."""
    npsv = result.npsv
    doubt = ["The interval of benefits less costs holds nil."] if result.draws and cannot_tell(npsv) else []
    return " ".join([f"{capital(npsv.method)}.", *doubt, *npsv.cautions])
