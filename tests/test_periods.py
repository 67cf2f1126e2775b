"""Months, quarters and years are read as files write them, and nothing else is taken for one."""

from __future__ import annotations

import pandas as pd
import pytest

from oda.periods import find_form, periods_per_year, read_periods, say_period, years_covered

MONTHS = [
    "2025-04", "202504", "2025-04-01", "2025-04-30", "2025-04-01 00:00:00", "2025-04-01T00:00:00", "01/04/2025",
    "30/04/2025", "April 2025", "Apr-25", "apr 2025",
]  # fmt: skip
YEARS = ["2017/18", "2017-18", "201718", "2017/2018", "2017 to 2018", "2017\u201318"]


def read(text: str, form: str) -> pd.Period:
    """Read one value of a form."""
    return read_periods(pd.Series([text]), form).iloc[0]


@pytest.mark.parametrize("text", MONTHS)
def test_a_month_is_read(text: str) -> None:
    """April 2025 is the same month in each of the ways in which files write it."""
    assert read(text, "month") == pd.Period("2025-04", "M")
    assert find_form([text, "2025-05-01"]) == "month"


@pytest.mark.parametrize(
    "text", ["2025-13", "2025-04-15", "15/04/2025", "04/2025", "Mars 2025", "Ap-25", "2025", "0001-01"]
)
def test_what_is_no_month_is_not_read(text: str) -> None:
    """A date in mid-month, a thirteenth month or a word that is no month is never rounded to one."""
    assert pd.isna(read(text, "month"))


@pytest.mark.parametrize("text", ["2025-02-28", "2024-02-29", "31/01/2025"])
def test_the_last_day_of_a_month_stands_for_it(text: str) -> None:
    """Months given by their last day are months, in leap years too; the 28th of another month is not."""
    assert read(text, "month").month in (1, 2)
    assert pd.isna(read("2024-02-28", "month"))


@pytest.mark.parametrize("text", YEARS)
def test_a_financial_year_is_read(text: str) -> None:
    """2017/18 runs from April 2017 to March 2018, however it is written."""
    year = read(text, "financial-year")
    assert (str(year.start_time.date()), str(year.end_time.date())) == ("2017-04-01", "2018-03-31")
    assert say_period(year) == "2017/18"


@pytest.mark.parametrize("text", ["2017/19", "2017", "2017 - 19", "9917/18", "2017/1"])
def test_what_is_no_financial_year_is_not_read(text: str) -> None:
    """Two years that do not follow each other are no financial year."""
    assert pd.isna(read(text, "financial-year"))


@pytest.mark.parametrize("text", ["2025 Q2", "2025-Q2", "2025Q2", "Q2 2025", "2025 q2"])
def test_a_quarter_is_read(text: str) -> None:
    """The second quarter of 2025 is read in each of its spellings."""
    assert say_period(read(text, "quarter")) == "2025 Q2"


def test_the_turn_of_the_century_is_a_financial_year() -> None:
    """1999/00 is followed by 2000/01."""
    assert read("1999/00", "financial-year") + 1 == read("2000/01", "financial-year")


@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["2010/11", "2011/12"], "financial-year"),
        (["2009-10", "2010-11", "2011-12"], "financial-year"),
        (["2010-10", "2010-11", "2010-12"], "month"),
        (["201112", "201213"], "financial-year"),
        (["201111", "201112"], "month"),
        (["2016", "2017"], "calendar-year"),
        (["2016 Q1"], "quarter"),
        (["2016", "2010/11", "2011/12"], "financial-year"),
    ],
)
def test_the_form_is_the_one_that_reads_most(values: list[str], form: str) -> None:
    """A column of 2010-11 among other years is years, among other months months."""
    assert find_form(values) == form


@pytest.mark.parametrize(
    "values", [["2010-11"], ["201112"], ["2010-12"], ["2008-10", "2009-11", "2010-12"], ["all"], []]
)
def test_what_could_be_two_things_is_not_guessed(values: list[str]) -> None:
    """2010-11 on its own, or 2008-10 to 2010-12 (months, or three years together), must be stated."""
    assert find_form(values) is None


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2015 - 17", 3), ("2015-17", 3), ("2015/16 - 17/18", 3), ("2015 - 2017", 3), ("2016 - 17", 2),
        ("2001-05", 5), ("2017-18", 1), ("2017/18", 1), ("2017", 1), ("2025-04", 1), ("2017 to 2018", 1), ("text", 1),
    ],
)  # fmt: skip
def test_years_together_are_counted(text: str, years: int) -> None:
    """A period of several years, as published for small numbers, is told from one financial year."""
    assert years_covered(text) == years


@pytest.mark.parametrize(
    ("text", "form", "many"), [("2025-04", "month", 12), ("2025 Q1", "quarter", 4), ("2025", "calendar-year", 1)]
)
def test_periods_in_a_year_are_counted(text: str, form: str, many: int) -> None:
    """Twelve months, four quarters or one year make a year, even when no row is left."""
    column = read_periods(pd.Series([text]), form)
    assert periods_per_year(column) == periods_per_year(column.iloc[:0]) == many


def test_periods_are_said_in_words() -> None:
    """A reader sees April 2025, not 2025-04."""
    assert say_period(pd.Period("2025-04", "M")) == "April 2025"
    assert say_period(pd.Period("2025", "Y-DEC")) == "2025"
