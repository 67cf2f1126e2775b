"""Months, quarters and years as files write them, to pandas periods and back to words."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable

import pandas as pd

from oda.settings import PeriodForm

_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
_FREQUENCIES: dict[PeriodForm, str] = {
    "month": "M",
    "quarter": "Q",
    "calendar-year": "Y-DEC",
    "financial-year": "Y-MAR",
}
PER_YEAR = {"M": 12, "Q": 4, "Y": 1}


def _month(text: str) -> pd.Period | None:
    """Read 2025-04, 202504, April 2025, Apr-25, and a date that is the first or last day of its month."""
    year = month = day = ""
    if found := re.fullmatch(r"([0-9]{4})-?([0-9]{2})", text):
        year, month = found.groups()
    elif found := re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]00:00(?::00)?)?", text):
        year, month, day = found.groups()
    elif found := re.fullmatch(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", text):
        day, month, year = found.groups()
    elif found := re.fullmatch(r"([A-Za-z]{3,9})[ -]([0-9]{4}|[0-9]{2})", text):
        month = next((str(n) for n, name in enumerate(_MONTHS, 1) if name.startswith(found[1].lower())), "")
        year = found[2] if len(found[2]) == 4 else f"20{found[2]}"
    if not month or not 1 <= int(month) <= 12 or int(year) < 1900:
        return None
    if day and int(day) not in (1, calendar.monthrange(int(year), int(month))[1]):
        return None
    return pd.Period(year=int(year), month=int(month), freq="M")


def _quarter(text: str) -> pd.Period | None:
    """Read 2025 Q1, 2025-Q1, 2025Q1 or Q1 2025, of calendar years."""
    found = re.fullmatch(r"([0-9]{4})[ -]?[Qq]([1-4])", text) or re.fullmatch(r"[Qq]([1-4])[ -]([0-9]{4})", text)
    if not found:
        return None
    year, quarter = sorted(found.groups(), key=len, reverse=True)
    return pd.Period(year=int(year), quarter=int(quarter), freq="Q")


def _calendar_year(text: str) -> pd.Period | None:
    """Read 2025."""
    return pd.Period(text, freq="Y-DEC") if re.fullmatch(r"(19|20)[0-9]{2}", text) else None


def _financial_year(text: str) -> pd.Period | None:
    """Read 2017/18, 2017-18, 201718, 2017/2018 or 2017 to 2018: April of the first year to March of the second."""
    found = re.fullmatch(r"((?:19|20)[0-9]{2})(?:[/\u2013-]| to )?([0-9]{2}|(?:19|20)[0-9]{2})", text)
    if not found or int(found[2][-2:]) != (int(found[1]) + 1) % 100:
        return None
    return pd.Period(year=int(found[1]) + 1, freq="Y-MAR")


def years_covered(text: str) -> int:
    """Return how many years a period such as 2015 - 17 or 2015/16 - 17/18 covers.

    Parameters
    ----------
    text
        One value of a column of periods.

    Returns
    -------
    int
        The number of years, two or more; 1 when the text does not read as several years together.

    Examples
    --------
    >>> years_covered("2015 - 17"), years_covered("2015/16 - 17/18"), years_covered("2017/18")
    (3, 3, 1)
    """
    year = r"([0-9]{2}(?:[0-9]{2})?)(/[0-9]{2,4})?"
    found = re.fullmatch(rf"{year}( ?(?:-|\u2013|to) ?){year}", text)
    if not found or len(found[1]) != 4:
        return 1
    years = (int(found[4]) - int(found[1])) % 100 + 1
    adjacent = years == 2 and not found[2] and found[3] in ("-", "\u2013", " to ")  # 2017-18 is one financial year
    return years if 2 <= years <= 10 and not adjacent else 1


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
    alike = len(different) == 1 and sum(count > 0 for count in counts.values()) > 1
    rolling = form == "month" and len({years_covered(value) for value in different}) == 1
    if counts[form] == 0 or alike or (rolling and years_covered(different[0]) > 1):
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


def say_span(first: pd.Period, last: pd.Period) -> str:
    """Say a stretch of periods.

    Parameters
    ----------
    first, last
        Its ends.

    Returns
    -------
    str
        Such as `April 2022 to March 2025`, or `2025` when both are the same.
    """
    return say_period(first) if first == last else f"{say_period(first)} to {say_period(last)}"
