"""Discounting to the Green Book: year 0 whole, bands in their own years, dated rates, real terms only."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from oda.errors import DesignError
from oda.evaluate.worth import discounting
from oda.evaluate.worth.discounting import (
    DiscountSchedule,
    discount_factors,
    discount_schedule,
    present_value,
    to_real_terms,
)
from oda.presets import read_rates

EXACT = 1e-12  # relative; the same sum in another order
SCHEDULES = read_rates("discount_rates")["schedules"]


def test_year_0_is_whole_and_year_1_is_not() -> None:
    """A pound now is a pound; a pound in a year is worth 1 / 1.035."""
    assert discount_factors([0, 1, 2]) == pytest.approx([1, 1 / 1.035, 1 / 1.035**2], rel=EXACT)


def test_a_lower_rate_bears_on_its_own_years_alone() -> None:
    """Year 31 is year 30 over 1.03; a flat 3.5 per cent would put year 75 a fifth too low."""
    factors = discount_factors(range(77))
    assert factors[31] == pytest.approx(1.035**-30 / 1.03, rel=EXACT)
    assert factors[76] == pytest.approx(1.035**-30 * 1.03**-45 / 1.025, rel=EXACT)
    assert factors[75] == pytest.approx(0.0942, abs=5e-5)
    assert round(1.035**-75, 4) == 0.0758


def test_every_schedule_begins_in_year_1_and_says_where_it_comes_from() -> None:
    """Bands follow one another with rates that never rise, each schedule with a date and a source."""
    assert len(SCHEDULES) == 4
    for row in SCHEDULES:
        firsts, rates = [band["first"] for band in row["rates"]], [band["per_cent"] for band in row["rates"]]
        assert firsts == [1, *(band["last"] + 1 for band in row["rates"][:-1])]
        assert rates == sorted(rates, reverse=True)
        assert isinstance(row["valid_from"], dt.date)
        assert row["source"]


@pytest.mark.parametrize(("name", "rate", "late"), [("health", 0.015, 0.0129), ("lower", 0.03, 0.0257)])
def test_health_and_the_second_look_have_rates_of_their_own(name: str, rate: float, late: float) -> None:
    """Health as such is discounted at 1.5 per cent, and 1.29 from year 31; the second look at 3.0 and 2.57."""
    factors = discount_factors([1, 30, 31], schedule=discount_schedule(name))
    expected = [1 / (1 + rate), (1 + rate) ** -30, (1 + rate) ** -30 / (1 + late)]
    assert factors == pytest.approx(expected, rel=EXACT)


def test_the_rate_is_that_of_the_day() -> None:
    """An appraisal of 2020 gets the edition then in force, a later one the newest; each says what to look at."""
    assert discount_schedule(on=dt.date(2020, 1, 1)).valid_from == dt.date(2003, 4, 1)
    assert discount_schedule(on=dt.date(2026, 2, 5)).valid_from == dt.date(2026, 2, 5)
    assert discount_schedule() == discount_schedule(on=dt.date(2030, 1, 1))
    assert "30 June 2026" in discount_schedule().caution


def test_a_new_rate_is_a_line_of_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the Treasury sets 2 per cent, a schedule in the file is enough, and older appraisals keep their rate."""
    new = {**SCHEDULES[1], "valid_from": dt.date(2027, 4, 1), "rates": [{"first": 1, "per_cent": 2.0}]}
    table = {"review": "none", "schedules": [new, *SCHEDULES]}
    monkeypatch.setattr(discounting, "read_rates", lambda _: table)
    assert discount_factors([10])[0] == pytest.approx(1.02**-10, rel=EXACT)
    assert discount_factors([10], schedule=discount_schedule(on=dt.date(2027, 3, 31)))[0] == pytest.approx(1.035**-10)


def test_with_one_rate_it_is_the_textbook_annuity() -> None:
    """Twenty payments of 100 at 4 per cent are worth 100 (1 - 1.04^-20) / 0.04."""
    day = dt.date(2026, 1, 1)
    flat = DiscountSchedule(name="flat", use="", bands=((1, 0.04),), valid_from=day, source="", caution="")
    found = present_value([100] * 20, years=range(1, 21), schedule=flat)
    assert found == pytest.approx(100 * (1 - 1.04**-20) / 0.04, rel=EXACT)


def test_present_value_is_linear_and_blind_to_order() -> None:
    """Doubling flows doubles their value, two sets add up, and shuffled years change nothing."""
    rng = np.random.default_rng(3)
    years, one, two = np.arange(90), rng.normal(size=90), rng.normal(size=90)
    order, value = rng.permutation(90), present_value(one, years=years)
    assert present_value(one[order], years=years[order]) == value
    assert present_value(2 * one + two, years=years) == pytest.approx(2 * value + present_value(two, years=years))


def test_money_of_the_day_is_made_real_first() -> None:
    """At 2 per cent inflation, 104.04 paid in two years is 100 of today's pounds."""
    index = {2025 + step: 100 * 1.02**step for step in range(3)}
    real = to_real_terms([100, 102, 104.04], prices=[2025, 2026, 2027], price_base=2025, deflator=index)
    assert real == pytest.approx([100, 100, 100], rel=EXACT)
    later = to_real_terms([100], prices=[2025], price_base=2027, deflator=index)
    assert later == pytest.approx([104.04], rel=EXACT)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: discount_factors([0, -1]), "1 of 2 years lie before the base year"),
        (lambda: discount_factors([0.5, 1]), "1 of 2 years"),
        (lambda: discount_factors([0, np.nan]), "no number"),
        (lambda: discount_factors(["2026"]), "no number"),
        (lambda: discount_schedule("flat"), "no discount schedule 'flat'. Choose one of 'standard', 'health', 'lower'"),
        (lambda: discount_schedule(on=dt.date(1999, 1, 1)), "the first is valid from 2003-04-01"),
        (lambda: present_value([1, 2], years=[0]), "2 amounts, 0 of them no number, for 1 years"),
        (lambda: present_value([np.nan], years=[0]), "1 amounts, 1 of them no number"),
        (lambda: to_real_terms([1], prices=[2026], price_base=2025, deflator={2025: 1}), "no index for 2026"),
        (lambda: to_real_terms([1], prices=[1], price_base=1, deflator={1: 0}), "not above 0"),
    ],
)
def test_what_cannot_be_discounted_is_refused(call, words: str) -> None:
    """Sunk costs, parts of years, holes and unknown rates stop with a sentence."""
    with pytest.raises(DesignError, match=words):
        call()
