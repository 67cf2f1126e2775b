"""Months, quarters and years as files write them, to pandas periods and back to words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

import pandas as pd

PeriodForm = Literal["month", "quarter", "calendar-year", "financial-year"]

_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_FREQUENCIES: dict[PeriodForm, str] = {
    "month": "M",
    "quarter": "Q",
    "calendar-year": "Y-DEC",
    "financial-year": "Y-MAR",
}
PER_YEAR = {"M": 12, "Q": 4, "Y": 1}


def _month(text: str) -> pd.Period | None:
    """Read 2025-04, 2025-04-01, 202504, 01/04/2025, April 2025 or Apr-25."""
    year = month = ""
    if found := re.fullmatch(r"(\d{4})-?(\d{2})(?:-01)?(?:[T ]00:00(?::00)?)?", text):
        year, month = found.groups()
    elif found := re.fullmatch(r"01/(\d{2})/(\d{4})", text):
        month, year = found.groups()
    elif found := re.fullmatch(r"([A-Za-z]{3,9})[ -](\d{2}|\d{4})", text):
        month, year = (
            str(_MONTHS.get(found[1][:3].lower(), "")),
            f"20{found[2][-2:]}" if len(found[2]) == 2 else found[2],
        )
    if not month or not 1 <= int(month) <= 12:
        return None
    return pd.Period(year=int(year), month=int(month), freq="M")


def _quarter(text: str) -> pd.Period | None:
    """Read 2025 Q1, 2025-Q1, 2025Q1 or Q1 2025, of calendar years."""
    found = re.fullmatch(r"(\d{4})[ -]?[Qq]([1-4])", text) or re.fullmatch(r"[Qq]([1-4])[ -](\d{4})", text)
    if not found:
        return None
    year, quarter = sorted(found.groups(), key=len, reverse=True)
    return pd.Period(year=int(year), quarter=int(quarter), freq="Q")


def _calendar_year(text: str) -> pd.Period | None:
    """Read 2025."""
    return pd.Period(text, freq="Y-DEC") if re.fullmatch(r"(19|20)\d{2}", text) else None


def _financial_year(text: str) -> pd.Period | None:
    """Read 2017/18, 2017-18, 201718 or 2017/2018: April of the first year to March of the second."""
    found = re.fullmatch(r"(\d{4})[/-]?(\d{2}|\d{4})", text)
    if not found or int(found[2][-2:]) != (int(found[1]) + 1) % 100:
        return None
    return pd.Period(year=int(found[1]) + 1, freq="Y-MAR")


_READERS: dict[PeriodForm, Callable[[str], pd.Period | None]] = {
    "financial-year": _financial_year,
    "calendar-year": _calendar_year,
    "quarter": _quarter,
    "month": _month,
}


def find_form(values: Iterable[str]) -> PeriodForm | None:
    """Find how a column writes its periods: the form that reads most of its values.

    Parameters
    ----------
    values
        The column's values, repeats allowed.

    Returns
    -------
    PeriodForm or None
        The form; None when no form reads any value, or when one value such as 2010-11 could be a month or a year.
    """
    different = sorted(set(values))
    counts = {form: sum(reader(value) is not None for value in different) for form, reader in _READERS.items()}
    form = max(counts, key=lambda name: counts[name])
    if counts[form] == 0 or (len(different) == 1 and sum(count > 0 for count in counts.values()) > 1):
        return None
    return form


def read_periods(values: pd.Series[str], form: PeriodForm) -> pd.Series:
    """Read a column of periods of one form.

    Parameters
    ----------
    values
        Text, shape (n,).
    form
        How the periods are written.

    Returns
    -------
    Series
        Periods, shape (n,); missing where a value is not of that form.
    """
    reader = _READERS[form]
    known = {value: reader(value) for value in values.unique()}
    return pd.Series(
        pd.PeriodIndex([known[value] for value in values], freq=_FREQUENCIES[form]),
        index=values.index,
        name=values.name,
    )


def periods_per_year(periods: pd.Series) -> int:
    """Return how many periods make a year: 12, 4 or 1.

    Parameters
    ----------
    periods
        A column of pandas periods.

    Returns
    -------
    int
        12 for months, 4 for quarters, 1 for years.
    """
    return PER_YEAR[str(periods.dt.freq.freqstr if periods.empty else periods.iloc[0].freqstr)[0]]


def say_period(period: pd.Period) -> str:
    """Say a period as a reader expects it.

    Parameters
    ----------
    period
        A month, quarter or year.

    Returns
    -------
    str
        Such as `April 2025`, `2025 Q1`, `2017` or `2017/18`.
    """
    if period.freqstr.startswith("M"):
        return str(period.strftime("%B %Y"))
    if period.freqstr.startswith("Q"):
        return f"{period.year} Q{period.quarter}"
    if period.freqstr.endswith("MAR"):
        return f"{period.year - 1}/{period.year % 100:02d}"
    return str(period.year)
