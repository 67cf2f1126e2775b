"""Ratios and rates standardised indirectly for age, as OHID does them: each area against a reference population."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import check_share
from oda.evaluate.columns import numbers
from oda.evaluate.rates.area_results import NO_COUNT, NOTHING_EXPECTED, NUMBERS, Rates, gather
from oda.evaluate.rates.bands import differ, take_bands
from oda.evaluate.rates.crude import limits_named, per
from oda.evaluate.rates.limits import poisson_limits

UNLIKE = "The areas have different reference populations, so no one figure means the same for all."


def indirectly_standardised_ratio(
    data: pd.DataFrame,
    *,
    exposure: str,
    reference_events: str,
    reference_exposure: str,
    band: str,
    outcome: str | None = None,
    totals: pd.Series | float | None = None,
    area: str | None = None,
    words: str = "",
    multiplier: float = 1,
    level: float = 0.95,
) -> Rates:
    """Return the events of each area over those expected at a reference population's rates for its ages.

    It compares each area with the reference. Two areas of different ages must not be compared by their ratios;
    `directly_standardised_rate` is for that.

    Parameters
    ----------
    data
        Shape (areas x bands, columns), one row for every band of every area.
    exposure
        Column of the people of the band at risk; 0 where there are none.
    reference_events, reference_exposure
        Columns of the events and the people of the band in the reference population, such as England.
    band
        Column that names the band of ages, or of age and sex.
    outcome
        Column of counts of events by band; missing where not known or hidden.
    totals
        Instead of `outcome`, where counts are not known by band: a total of each area, indexed by area, or one number
        for the only area.
    area
        Column that names the area; without it all rows are of one area, called `all`.
    words
        What is counted, in words; the outcome's name when not given.
    multiplier
        The ratio at which an area is as expected: 1 or 100.
    level
        Coverage of the intervals; OHID shows 0.95 and 0.998.

    Returns
    -------
    Rates
        As a multiple of the expected number, with the expected number. Suppressed, with the reason, where a count is
        missing or nothing is expected.

    Raises
    ------
    DesignError
        When a column is absent or not of numbers, an area lacks a band or has it twice, a count is below 0, or not
        exactly one of `outcome` and `totals` is given.

    Notes
    -----
    Byar's limits of the events from 10 up, exact Poisson limits below; the expected number is taken as known. Events
    are taken for independent.

    References
    ----------
    Breslow, N. E. and Day, N. E. (1987). Statistical methods in cancer research, volume II. International Agency for
    Research on Cancer (chapter 2).

    Examples
    --------
    >>> frame = pd.DataFrame({"age": ["0-64", "65+"], "falls": [20, 80], "people": [9_000, 1_000]})
    >>> frame = frame.assign(england=[100, 500], english=[50_000, 10_000])
    >>> found = indirectly_standardised_ratio(
    ...     frame, outcome="falls", exposure="people", band="age",
    ...     reference_events="england", reference_exposure="english",
    ... )
    >>> round(found.estimates["all"].value, 3)  # 100 falls where 18 + 50 are expected
    1.471
    """
    per(multiplier)  # refuses what is no number above 0
    ratios, _, cautions = _ratios(
        data,
        columns=(exposure, reference_events, reference_exposure),
        band=band,
        outcome=outcome,
        totals=totals,
        area=area,
        level=level,
    )
    return gather(
        _scaled(ratios, multiplier),
        estimand="indirectly standardised ratio",
        words=words or outcome or "events",
        unit="times the expected number" if multiplier == 1 else f"where {multiplier:g} is as expected",
        level=level,
        reference=float(multiplier),
        cautions=cautions,
    )


def indirectly_standardised_rate(
    data: pd.DataFrame,
    *,
    exposure: str,
    reference_events: str,
    reference_exposure: str,
    band: str,
    outcome: str | None = None,
    totals: pd.Series | float | None = None,
    area: str | None = None,
    words: str = "",
    multiplier: float = 100_000,
    level: float = 0.95,
) -> Rates:
    """Return the indirectly standardised ratio of each area times the crude rate of the reference population.

    Parameters
    ----------
    data
        Shape (areas x bands, columns), one row for every band of every area.
    exposure
        Column of the people of the band at risk; 0 where there are none.
    reference_events, reference_exposure
        Columns of the events and the people of the band in the reference population.
    band
        Column that names the band of ages, or of age and sex.
    outcome
        Column of counts of events by band; missing where not known or hidden.
    totals
        Instead of `outcome`: a total of each area, indexed by area, or one number for the only area.
    area
        Column that names the area; without it all rows are of one area, called `all`.
    words
        What is counted, in words; the outcome's name when not given.
    multiplier
        The rate is per this many people.
    level
        Coverage of the intervals; OHID shows 0.95 and 0.998.

    Returns
    -------
    Rates
        In events per `multiplier` people; `reference` is the rate of the reference population.

    Raises
    ------
    DesignError
        As `indirectly_standardised_ratio`.

    Notes
    -----
    As `indirectly_standardised_ratio`: like the ratio, it compares each area with the reference alone.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": ["0-64", "65+"], "people": [9_000, 1_000]})
    >>> frame = frame.assign(england=[100, 500], english=[50_000, 10_000])
    >>> found = indirectly_standardised_rate(
    ...     frame, totals=100, exposure="people", reference_events="england", reference_exposure="english", band="age"
    ... )
    >>> round(found.estimates["all"].value), found.reference  # 100 / 68 of the reference's rate
    (1471, 1000.0)
    """
    unit = per(multiplier)
    ratios, crude, cautions = _ratios(
        data,
        columns=(exposure, reference_events, reference_exposure),
        band=band,
        outcome=outcome,
        totals=totals,
        area=area,
        level=level,
    )
    return gather(
        _scaled(ratios, crude * multiplier),
        estimand="indirectly standardised rate",
        words=words or outcome or "events",
        unit=unit,
        level=level,
        reference=None if cautions else float(crude[0] * multiplier),
        cautions=cautions,
    )


def _ratios(
    data: pd.DataFrame,
    *,
    columns: tuple[str, str, str],
    band: str,
    outcome: str | None,
    totals: pd.Series | float | None,
    area: str | None,
    level: float,
) -> tuple[pd.DataFrame, np.ndarray, tuple[str, ...]]:
    """Return each area's ratio as `gather` takes it, the crude rates of the reference, and cautions."""
    check_share(level=level)
    if (outcome is None) == (totals is None):
        found = "Neither outcome nor totals is" if totals is None else "Both outcome and totals are"
        message = f"{found} given. Give one of the two."
        raise DesignError(message)
    exposure, cases, people = columns
    bands = take_bands(data, area=area, band=band, outcome=outcome, above=(people,), from_zero=(exposure, cases))
    events, reasons = bands.events.sum(axis=1), bands.reasons
    if totals is not None:
        events = _totals(totals, bands.areas)
        reasons = np.where(np.isnan(events), NO_COUNT, "")
    rates = bands.columns[cases] / bands.columns[people]
    expected = (bands.columns[exposure] * rates).sum(axis=1)
    reasons = np.where((reasons == "") & (expected == 0), NOTHING_EXPECTED, reasons)
    low, high = poisson_limits(np.nan_to_num(events), level=level)
    some = np.where(expected > 0, expected, 1.0)
    frame = pd.DataFrame(
        {
            "area": bands.areas,
            "value": events / some,
            "ci_low": low / some,
            "ci_high": high / some,
            "events": events,
            "population": bands.columns[exposure].sum(axis=1),
            "expected": expected,
            "method": limits_named(events),
            "reason": reasons,
            "rows": bands.rows,
        }
    )
    crude = bands.columns[cases].sum(axis=1) / bands.columns[people].sum(axis=1)
    return frame, crude, (UNLIKE,) if differ(rates) or differ(crude[:, None]) else ()


def _totals(totals: pd.Series | float, areas: list[Hashable]) -> np.ndarray:
    """Return the total of each area, or refuse totals that do not fit the areas."""
    if not isinstance(totals, pd.Series):
        totals = pd.Series([totals], index=areas if len(areas) == 1 else ["one number"])
    absent, strange = [name for name in areas if name not in totals.index], totals.index.difference(areas)
    if absent or len(strange) or totals.index.has_duplicates:
        message = (
            f"The totals lack {len(absent)} of {len(areas)} areas and hold {len(totals) - len(areas) + len(absent)} "
            "others or doubles. Give one total an area, indexed by the names of the areas."
        )
        raise DesignError(message)
    return numbers(totals.reindex(areas), "total", low=0)


def _scaled(frame: pd.DataFrame, scale: np.ndarray | float) -> pd.DataFrame:
    """Return ratios and their limits times a number."""
    return frame.assign(**{name: frame[name] * scale for name in NUMBERS})
