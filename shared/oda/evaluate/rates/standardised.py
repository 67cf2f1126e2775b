"""Rates standardised directly for age, as OHID does them: one area or many, one row a band."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.estimate import check_share
from oda.evaluate.rates.area_results import FEW, Rates, gather
from oda.evaluate.rates.bands import differ, shares, take_bands
from oda.evaluate.rates.crude import per
from oda.evaluate.rates.limits import FEWEST_EVENTS, dobson_limits

FEW_PEOPLE = (
    f"The events are those of fewer than {FEWEST_EVENTS} people: the interval is rough, and the number of people small."
)
UNLIKE = "The areas have different standard populations, so their rates must not be compared."
# European Standard Population of 2013 by the first age of each band of five years, up to 90 and over; 100,000 in all.
EUROPEAN_2013 = dict(
    zip(
        range(0, 95, 5),
        (
            5000,
            5500,
            5500,
            5500,
            6000,
            6000,
            6500,
            7000,
            7000,
            7000,
            7000,
            6500,
            6000,
            5500,
            5000,
            4000,
            2500,
            1500,
            1000,
        ),
        strict=True,
    )
)


def directly_standardised_rate(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposure: str,
    standard: str,
    band: str,
    area: str | None = None,
    frequency: str | None = None,
    words: str = "",
    multiplier: float = 100_000,
    level: float = 0.95,
) -> Rates:
    """Return the rate each area would have if its people were of the ages of a standard population.

    Rates of areas that share the standard can be compared. It does not take out differences within a band, nor of
    anything but what the bands are made of.

    Parameters
    ----------
    data
        Shape (areas x bands, columns), one row for every band of every area; with `frequency`, one row for every
        number of events a person, area and band, zeros left out or not.
    outcome
        Column of counts of events; with `frequency`, of people who had that many events. Missing where a count is not
        known or hidden.
    exposure
        Column of the people of the band at risk over the same time.
    standard
        Column of the standard population of the band, such as `EUROPEAN_2013`.
    band
        Column that names the band of ages, or of age and sex.
    area
        Column that names the area; without it all rows are of one area, called `all`.
    frequency
        Column of the number of events that each of the people of the row had. Give it where one person can have
        several events, such as repeat admissions or repeat victims, which are not independent.
    words
        What is counted, in words; the outcome's name when not given.
    multiplier
        The rate is per this many people.
    level
        Coverage of the intervals; OHID shows 0.95 and 0.998.

    Returns
    -------
    Rates
        In events per `multiplier` people. Suppressed, with the reason, where there are fewer than 10 events or a
        count is missing: put 0 where there was no event.

    Raises
    ------
    DesignError
        When a column is absent or not of numbers, an area lacks a band or has it twice, a population is not above 0
        or differs within a band, a count is below 0, or no standard population is above 0.

    Notes
    -----
    Dobson's limits. The variance is that of a weighted sum of Poisson counts; with `frequency` that of a compound
    Poisson, the sum over people of their number of events squared. Treating repeat events as independent makes the
    interval too narrow. The low end is never below 0.

    References
    ----------
    Dobson, A. J., Kuulasmaa, K., Eberle, E. and Scherer, J. (1991). Confidence intervals for weighted sums of Poisson
    parameters. Statistics in Medicine, 10(3). Office for Health Improvement and Disparities, "Public health technical
    guidance", chapter on directly standardised rates (events that are not independent).

    Examples
    --------
    >>> frame = pd.DataFrame({"age": ["0-64", "65+"], "falls": [20, 80], "people": [9_000, 1_000]})
    >>> frame["standard"] = [80_500, 19_500]
    >>> rates = directly_standardised_rate(frame, outcome="falls", exposure="people", standard="standard", band="age")
    >>> round(rates.estimates["all"].value, 1)
    1738.9
    """
    check_share(level=level)
    unit = per(multiplier)
    bands = take_bands(
        data, area=area, band=band, outcome=outcome, frequency=frequency, above=(exposure,), from_zero=(standard,)
    )
    people, weights = bands.columns[exposure], shares(bands.columns[standard], standard)
    totals = bands.events.sum(axis=1)
    value = (weights * bands.events / people).sum(axis=1)
    variance = (weights**2 * bands.squares / people**2).sum(axis=1)
    enough = totals >= FEWEST_EVENTS
    safe = np.where(enough, totals, FEWEST_EVENTS)
    low, high = dobson_limits(np.nan_to_num(value), np.nan_to_num(variance), safe, level=level)
    repeats = frequency is not None
    rates = pd.DataFrame(
        {
            "area": bands.areas,
            "value": value * multiplier,
            "ci_low": low * multiplier,
            "ci_high": high * multiplier,
            "events": totals,
            "population": people.sum(axis=1),
            "method": "Dobson's limits" + (" for events that are not independent" if repeats else ""),
            "reason": np.where(enough, "", FEW),
            "rows": bands.rows,
            "caution": np.where(repeats & (bands.persons.sum(axis=1) < FEWEST_EVENTS), FEW_PEOPLE, ""),
        }
    )
    rates["reason"] = rates["reason"].mask(bands.reasons != "", bands.reasons)
    return gather(
        rates,
        estimand="directly standardised rate",
        words=words or outcome,
        unit=unit,
        level=level,
        cautions=(UNLIKE,) if differ(weights) else (),
    )
