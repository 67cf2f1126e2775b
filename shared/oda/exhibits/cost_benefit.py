"""Costs and benefits as a board sees them: the two cases, who pays and gains, and when the costs are paid back."""

from __future__ import annotations

import pandas as pd

from oda.charts import COLOURS, GREY, STYLES, new_chart
from oda.evaluate.cost_benefit import CostBenefit
from oda.evaluate.cost_benefit_cautions import say_pounds, say_share
from oda.evaluate.words import sentence
from oda.results import Picture, Table, TableColumn, picture, table

CASES = {"financial": "Financial case: cashable savings of public bodies", "economic": "Economic case: public value"}


def cost_benefit_table(result: CostBenefit) -> Table:
    """Show costs and benefits by category, kept apart.

    Parameters
    ----------
    result
        The analysis.

    Returns
    -------
    Table
        One row a category, in pounds.
    """
    frame = result.categories[result.categories["value"] != 0].copy()
    frame["what"] = [
        f"{row.kind.capitalize()}, {row.category}" + _cashable(row.kind, row.category, row.cashable)
        for row in frame.itertuples()
    ]
    columns = {"what": "What", "value": _pounds("Present value")}
    return table(frame, caption=f"Costs and benefits by category{_when(result)}", columns=columns, note=_note(result))


def _cashable(kind: str, category: str, cashable: str) -> str:
    """Say whether a fiscal benefit is cashable."""
    if (kind, category) != ("benefit", "fiscal"):
        return ""
    return ", cashable" if cashable == "yes" else ", not cashable"


def partners_table(result: CostBenefit) -> Table:
    """Show which partner pays and which gains.

    Parameters
    ----------
    result
        The analysis.

    Returns
    -------
    Table
        One row a partner, in pounds.
    """
    columns = {
        "partner": "Partner",
        "costs": _pounds("Pays"),
        "cashable": _pounds("Cashable savings"),
        "transfers": _pounds("Transfers received less given"),
        "net": _pounds("Net cash"),
        "other_fiscal": _pounds("Savings that are not cashable"),
        "wider": _pounds("Economic and social benefits"),
    }
    used = [name for name in columns if name == "partner" or (result.partners[name] != 0).any() or name == "net"]
    caption = f"Who pays and who gains{_when(result)}"
    note = f"Net cash is cashable savings, plus transfers, less what is paid. {_note(result)}"
    return table(result.partners, caption=caption, columns={name: columns[name] for name in used}, note=note)


def investment_case_table(result: CostBenefit) -> Table:
    """Show the financial and the economic case side by side, for a board's business case.

    Parameters
    ----------
    result
        The analysis.

    Returns
    -------
    Table
        One row a figure, in words.
    """
    cases = {row.case: row for row in result.cases.itertuples(index=False)}
    drawn, share = result.draws > 0, f"{100 * result.npsv.level:g}% interval"
    rows = {
        "Costs": lambda case: say_pounds(case.costs),
        "Benefits": lambda case: say_pounds(case.benefits),
        "Benefits less costs": lambda case: say_pounds(case.net),
        f"{share} of benefits less costs": lambda case: (
            f"{say_pounds(case.net_low)} to {say_pounds(case.net_high)}" if drawn else "none: nothing was drawn"
        ),
        "Benefits for each £1 of costs": lambda case: "no costs" if pd.isna(case.ratio) else f"£{case.ratio:.2f}",
        f"{share} of benefits for each £1": lambda case: (
            f"{_ratio(case.ratio_low)} to {_ratio(case.ratio_high)}"
            if drawn and not pd.isna(case.ratio)
            else "none: nothing was drawn"
        ),
        "Draws in which benefits exceed costs": lambda case: say_share(case.probability) if drawn else "nothing drawn",
        "Costs paid back": lambda case: _payback(case.payback_year, result),
        "Benefits at which costs would just be met": lambda case: _switching(case.ratio),
    }
    frame = pd.DataFrame(
        [{"what": what, **{name: say(cases[name]) for name in CASES}} for what, say in rows.items()],
        columns=["what", *CASES],
    )
    caption = f"The investment case{_when(result)}"
    cautions = " ".join(result.npsv.cautions)
    return table(frame, caption=caption, columns={"what": "What", **CASES}, note=f"{_note(result)} {cautions}".strip())


def _ratio(value: float) -> str:
    """Say the end of a ratio's interval in pounds."""
    return f"-£{abs(value):.2f}" if round(value, 2) < 0 else f"£{abs(value):.2f}"


def _payback(year: object, result: CostBenefit) -> str:
    """Say when costs are paid back."""
    if pd.isna(year):  # type: ignore[call-overload]
        return f"not by {_year(result.years['year'].iloc[-1])}"
    return _year(year)


def _year(year: object) -> str:
    """Say a year of the calendar, or one counted from the start."""
    return f"year {year}" if int(str(year)) < 1000 else str(year)


def _switching(ratio: float) -> str:
    """Say how far benefits must fall or rise for benefits and costs to be the same."""
    if pd.isna(ratio) or ratio <= 0:
        return "at no multiple of these benefits" if not pd.isna(ratio) else "no costs"
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
    drawing, axes = new_chart(height=4.0)
    unit, scale = ("£ million", 1e6) if years[["financial", "low", "high"]].abs().to_numpy().max() >= 1e6 else ("£", 1.0)
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
    drawing.legend(loc="outside lower center", frameon=False, ncols=3, handlelength=3, columnspacing=1.2, fontsize=9)
    words = {"financial": "cashable savings", "economic": "public value"}
    said = "; ".join(
        f"{words[row.case]} less costs end at {say_pounds(row.net)}, paid back: {_payback(row.payback_year, result)}"
        for row in result.cases.itertuples(index=False)
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
    return picture(
        drawing,
        caption=sentence(result),
        alt="Line chart of benefits less costs so far, by year, for public value and for cashable savings.",
        description=f"From {_year(years['year'].iloc[0])} to {_year(years['year'].iloc[-1])}: {said}.",
        data=data,
    )


def _pounds(title: str) -> TableColumn:
    """Return a column of pounds."""
    return TableColumn(title=title, unit="£", decimals=0)


def _when(result: CostBenefit) -> str:
    """Say the prices and the years."""
    first, last = result.years["year"].iloc[0], result.years["year"].iloc[-1]
    return f", {_year(first)} to {_year(last)}, present value in prices of {result.price_base}"


def _note(result: CostBenefit) -> str:
    """Say how the figures were made."""
    return result.npsv.method[0].upper() + result.npsv.method[1:] + "."
