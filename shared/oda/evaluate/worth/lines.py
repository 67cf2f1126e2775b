"""The sheet of costs and benefits that an analyst fills in: what its columns mean, and all that is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, take
from oda.evaluate.worth.discounting import to_real_terms
from oda.presets import read_rates

NEEDED = {
    "line": "name of the cost or benefit",
    "kind": "cost, benefit, or transfer (money that only changes hands)",
    "year": "year, or first of several years",
    "amount": "pounds a year, not negative; of a benefit with an effect, the value of one unit",
    "category": "fiscal (public bodies), economic (people's incomes, businesses) or social (welfare of people)",
}
OPTIONAL = {
    "last_year": "last of several years, each with the same amount",
    "pays": "partner that pays a cost or gives a transfer",
    "gains": "partner or people that gain a benefit or get a transfer",
    "cashable": "of a fiscal benefit: yes, no, or the per cent that can be taken out of a budget",
    "optimism_bias": "per cent by which a cost is raised or a benefit cut",
    "confidence": "grade 1 to 6 of the evidence instead, which sets the optimism bias",
    "deadweight": "per cent of a benefit that would have come anyway; 0 or empty with an effect, which is net of it",
    "persistence": "per cent of a benefit that is left each following year; 100 when empty",
    "effect": "name of the measured effect that brings a benefit about",
    "prices": "year in whose prices the amount stands, or nominal for money of the day",
    "rate": "health for a social benefit valued as health or life; standard when empty",
    "source": "where the amount comes from; not used in the sums",
}
KINDS = ("cost", "benefit", "transfer")
CATEGORIES = ("fiscal", "economic", "social")
FARTHEST = 200  # years after the base year; what seems later counts years in another way
KEYS = ["line", "kind", "year", "pays", "gains"]


def read_lines(
    lines: pd.DataFrame,
    *,
    base_year: int,
    price_base: int,
    effects: Collection[str],
    deflator: Mapping[int, float] | None,
) -> pd.DataFrame:
    """Return the sheet as flows: one row a line and year, checked, in real terms, adjusted but not discounted.

    Parameters
    ----------
    lines
        The sheet; its columns are those of `NEEDED` and `OPTIONAL`.
    base_year
        The year that is not discounted.
    price_base
        The year of the prices wanted.
    effects
        Names of the measured effects.
    deflator
        Price index by year; needed only for amounts in other prices or in money of the day.

    Returns
    -------
    DataFrame
        `line`, `kind`, `category`, `pays`, `gains`, `effect`, `rate` (text, empty when not given), `t` (years since
        the base year), `amount` (pounds in prices of `price_base`, net of deadweight and fading), `bias` and
        `cashable` (shares), `steady` (a benefit of several years not said to fade), sorted.

    Raises
    ------
    DesignError
        When the sheet lacks a column or has one that is not known, or a line cannot be what it says.
    """
    sheet = _take(lines)
    _check_words(sheet)
    _check_partners(sheet)
    _check_effects(sheet, effects)
    sheet["cashable"] = _cashable(sheet)
    sheet["bias"] = _bias(sheet)
    sheet["kept"] = 1 - _deadweight(sheet)
    flows = _expand(sheet, base_year)
    flows["amount"] *= flows["kept"] * flows["fade"] * _to_base(flows, price_base, deflator)
    names = ["line", "kind", "category", "pays", "gains", "effect", "rate", "t", "amount", "bias", "cashable", "steady"]
    return flows[names].sort_values(names, ignore_index=True)


def _take(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the sheet with all columns, empty text where a word is not given."""
    known = {**NEEDED, **OPTIONAL}
    strange = [name for name in lines.columns if name not in known]
    if strange:
        message = f"Not known: {', '.join(map(repr, strange))}. The columns of a sheet are {', '.join(known)}."
        raise DesignError(message)
    there = {name: name for name in known if name in lines.columns or name in NEEDED}
    sheet = take(lines, missing={*OPTIONAL, "category"}, **there)
    for name in ("line", "kind", "category", "pays", "gains", "effect", "rate"):
        words = sheet[name] if name in sheet else pd.Series("", index=sheet.index)
        sheet[name] = words.astype("object").where(words.notna(), "").map(lambda word: str(word).strip())
    for name in OPTIONAL:
        if name not in sheet:
            sheet[name] = np.nan
    sheet["row"] = np.arange(1, len(sheet) + 1)
    sheet["amount"] = numbers(sheet["amount"], "amount")
    _refuse(
        sheet["amount"] < 0, "have an amount below 0", "Give a loss as a line of kind 'cost', a saving as a 'benefit'"
    )
    sheet["year"] = _whole_years(sheet, "year")
    sheet["last_year"] = _whole_years(sheet.assign(last_year=sheet["last_year"].fillna(sheet["year"])), "last_year")
    _refuse(sheet["last_year"] < sheet["year"], "end before they begin", "Correct 'year' or 'last_year'")
    return sheet


def _whole_years(sheet: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column of years as whole numbers."""
    counted = getattr(sheet[name].dtype, "kind", "O") in "iuf"
    years = pd.to_numeric(sheet[name] if counted else sheet[name].astype("str"), errors="coerce")
    broken = years.isna() | np.isinf(years) | (years % 1 != 0)
    remedy = "Write years such as 2026, or 0, 1, 2 from the start"
    _refuse(broken, f"have no whole year as {name!r}", remedy, sheet["row"])
    return years.to_numpy(dtype=int)


def _refuse(bad: Any, what: str, remedy: str, rows: Any = None) -> None:  # noqa: ANN401  columns of truth values, rows
    """Refuse the sheet when a line is bad; the rows are the sheet's own, also where lines were spread over years."""
    own = np.arange(1, len(bad) + 1) if rows is None else np.asarray(rows)
    found = np.unique(own[np.asarray(bad, dtype=bool)])
    if len(found):
        listed = ", ".join(map(str, found[:5])) + (" ..." if len(found) > 5 else "")
        message = f"{len(found)} of {own.max()} lines {what} (row {listed}). {remedy}."
        raise DesignError(message)


def _check_words(sheet: pd.DataFrame) -> None:
    """Refuse kinds, categories and rates that are not known, lines said twice, and a sheet without costs."""
    _refuse(~sheet["kind"].isin(KINDS), "are of no known kind", f"Write one of {', '.join(KINDS)}")
    real = sheet["kind"] != "transfer"
    _refuse(
        real & ~sheet["category"].isin(CATEGORIES), "have no known category", f"Write one of {', '.join(CATEGORIES)}"
    )
    _refuse(~sheet["rate"].isin(("", "standard", "health")), "have no known rate", "Write 'health', or leave it empty")
    health = (sheet["rate"] == "health") & ~((sheet["kind"] == "benefit") & (sheet["category"] == "social"))
    _refuse(
        health,
        "have the rate for health but are no social benefit",
        "Money is discounted at the standard rate: leave 'rate' empty",
    )
    _refuse(sheet.duplicated(KEYS), "repeat another line and year", "Add them up, or give each its own name")
    for kind in ("cost", "benefit"):
        if not (sheet.loc[sheet["kind"] == kind, "amount"] > 0).any():
            message = f"None of {len(sheet)} lines is a {kind} above 0. A cost-benefit analysis needs both; add it."
            raise DesignError(message)


def _check_partners(sheet: pd.DataFrame) -> None:
    """Refuse a line that does not say who pays or gains, or says what its kind has not."""
    for kind, needs in (("cost", ("pays",)), ("benefit", ("gains",)), ("transfer", ("pays", "gains"))):
        for side in ("pays", "gains"):
            lines, named = sheet["kind"] == kind, sheet[side] != ""
            if side in needs:
                _refuse(lines & ~named, f"of kind {kind} do not say who {side}", f"Fill in {side!r}")
            else:
                _refuse(lines & named, f"of kind {kind} say who {side}", f"Leave {side!r} empty, or write a transfer")


def _check_effects(sheet: pd.DataFrame, effects: Collection[str]) -> None:
    """Refuse effects that are not given, not used, or on a line that is no benefit."""
    linked = sheet["effect"] != ""
    _refuse(linked & (sheet["kind"] != "benefit"), "have an effect but are no benefit", "Leave 'effect' empty there")
    listed = ", ".join(map(repr, sorted(effects))) or "none"
    _refuse(linked & ~sheet["effect"].isin(list(effects)), "name an effect that is not given", f"Given: {listed}")
    unused = sorted(set(effects) - set(sheet["effect"]))
    if unused:
        message = f"{len(unused)} effects are on no line: {', '.join(map(repr, unused))}. Name them in 'effect'."
        raise DesignError(message)


def _per_cents(sheet: pd.DataFrame, name: str, *, most: float = np.inf) -> np.ndarray:
    """Return a column of per cents as shares, missing where empty; refuse what looks like a share."""
    values = numbers(pd.to_numeric(sheet[name], errors="coerce").where(sheet[name].notna()), name)
    _refuse(np.isnan(values) & sheet[name].notna(), f"have no number as {name!r}", "Write per cents, such as 15")
    _refuse((values < 0) | (values > most), f"have {name!r} below 0 or above {most:g}", "Write per cents, such as 15")
    _refuse((values > 0) & (values <= 1), f"have a share as {name!r}", "Write per cents: 15, not 0.15")
    shares: np.ndarray = values / 100
    return shares


def _cashable(sheet: pd.DataFrame) -> np.ndarray:
    """Return the cashable share of each benefit."""
    worded = str | bool | np.bool_
    plain = sheet["cashable"].map(lambda value: str(value).strip().lower() if isinstance(value, worded) else value)
    words = {"yes": 100.0, "no": 0.0, "true": 100.0, "false": 0.0}
    shares = _per_cents(sheet.assign(cashable=plain.map(lambda value: words.get(value, value))), "cashable", most=100)
    fiscal = (sheet["kind"] == "benefit") & (sheet["category"] == "fiscal")
    _refuse(fiscal & np.isnan(shares), "are fiscal benefits but not said to be cashable or not", "Fill in 'cashable'")
    _refuse(~fiscal & (shares > 0), "are cashable but no fiscal benefit", "Only a public body's saving is cashable")
    return np.where(np.isnan(shares), 0.0, shares)


def _bias(sheet: pd.DataFrame) -> np.ndarray:
    """Return the optimism bias of each line, missing where none is given."""
    given, grades = _per_cents(sheet, "optimism_bias"), pd.to_numeric(sheet["confidence"], errors="coerce")
    table = read_rates("optimism_bias")["grades"]
    wrong = sheet["confidence"].notna() & ~grades.isin(list(table))
    _refuse(wrong, "have no known grade of confidence", f"Write a grade from {min(table)} (best) to {max(table)}")
    both = ~np.isnan(given) & grades.notna()
    _refuse(both, "have an optimism bias and a grade of confidence", "The bias is taken once: leave one of them empty")
    shares = np.where(grades.notna(), grades.map(table) / 100, given)
    transfer, benefit = sheet["kind"] == "transfer", sheet["kind"] == "benefit"
    _refuse(transfer & ~np.isnan(shares), "are transfers with an optimism bias", "Leave it empty")
    _refuse(benefit & (shares > 1), "are benefits cut by more than 100 per cent", "Write at most 100")
    return shares


def _deadweight(sheet: pd.DataFrame) -> np.ndarray:
    """Return the share of each benefit that would have come anyway."""
    shares = _per_cents(sheet, "deadweight", most=100)
    benefit, linked = sheet["kind"] == "benefit", sheet["effect"] != ""
    twice = "An effect is what would not have happened otherwise, so deadweight would be taken off twice: write 0"
    _refuse(linked & (shares > 0), "have an effect and deadweight", twice)
    _refuse(~benefit & (shares > 0), "have deadweight but are no benefit", "Leave 'deadweight' empty there")
    unsaid = benefit & ~linked & np.isnan(shares)
    _refuse(
        unsaid,
        "are benefits without an effect or deadweight",
        "Say in 'deadweight' what would have come anyway, per cent; 0 if the amount is net of it",
    )
    return np.where(np.isnan(shares), 0.0, shares)


def _expand(sheet: pd.DataFrame, base_year: int) -> pd.DataFrame:
    """Return one row a line and year, with the years since the base year and what has not faded."""
    early = sheet["year"] < base_year
    remedy = "Leave out what is spent already, which no decision can change, or choose an earlier base year"
    _refuse(early, f"begin before the base year {base_year}", remedy)
    late = sheet["last_year"] - base_year > FARTHEST
    remedy = f"Give 'base_year' as 'year' counts: is {base_year} the first year?"
    _refuse(late, f"end more than {FARTHEST} years after the base year", remedy)
    left = _per_cents(sheet, "persistence", most=100)
    _refuse((sheet["kind"] != "benefit") & (left < 1), "fade but are no benefit", "Leave 'persistence' empty there")
    spans = (sheet["last_year"] - sheet["year"] + 1).to_numpy()
    flows = sheet.assign(left=np.where(np.isnan(left), 1.0, left)).loc[sheet.index.repeat(spans)]
    later = np.concatenate([np.arange(span) for span in spans])
    flows = flows.reset_index(drop=True).assign(later=later)
    flows["fade"] = flows["left"] ** later
    flows["steady"] = flows["persistence"].isna() & (flows["kind"] == "benefit") & (flows["last_year"] > flows["year"])
    flows["paid"] = flows["year"] + later
    flows["t"] = flows["paid"] - base_year
    again = flows.duplicated(["line", "kind", "paid", "pays", "gains"])
    _refuse(again, "overlap another line of the same name", "Give each year once", flows["row"])
    return flows


def _to_base(flows: pd.DataFrame, price_base: int, deflator: Mapping[int, float] | None) -> np.ndarray:
    """Return what turns each amount into prices of the base."""
    nominal = flows["prices"].map(lambda value: isinstance(value, str) and value.strip().lower() == "nominal")
    years = _whole_years(
        flows.assign(prices=flows["prices"].where(~nominal, flows["paid"]).fillna(price_base)), "prices"
    )
    if deflator is None:
        remedy = "Discount rates are real: give a 'deflator', a price index by year, and they are made real"
        _refuse(nominal, "are in money of the day", remedy, flows["row"])
        _refuse(years != price_base, f"are not in prices of {price_base}", remedy, flows["row"])
        return np.ones(len(flows))
    return to_real_terms(np.ones(len(flows)), prices=years, price_base=price_base, deflator=deflator)
