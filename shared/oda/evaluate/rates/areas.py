"""Crude rates and proportions of many areas at once: one row an area."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import check_share
from oda.evaluate.columns import numbers, take
from oda.evaluate.rates.area_results import NO_COUNT, Rates, gather
from oda.evaluate.rates.crude import limits_named, per, share_unit
from oda.evaluate.rates.limits import poisson_limits, wilson_limits


def crude_rates(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposure: str,
    area: str,
    words: str = "",
    multiplier: float = 100_000,
    level: float = 0.95,
) -> Rates:
    """Return the crude rate of every area, with Byar's limits or, below 10 events, exact ones.

    It compares areas as they are: differences of age and need are part of it. `directly_standardised_rate` takes
    those of age out.

    Parameters
    ----------
    data
        Shape (areas, columns), one row an area.
    outcome
        Column of counts; missing where a count is not known or hidden.
    exposure
        Column of the people at risk over the same time.
    area
        Column that names the area.
    words
        What is counted, in words; the outcome's name when not given.
    multiplier
        The rate is per this many people.
    level
        Coverage of the intervals; OHID shows 0.95 and 0.998.

    Returns
    -------
    Rates
        In events per `multiplier` people; suppressed, with the reason, where the count is missing.

    Raises
    ------
    DesignError
        When a column is absent or not of numbers, an area has two rows, a count is below 0, a population is not above
        0, or the level or the multiplier is impossible.

    References
    ----------
    Breslow, N. E. and Day, N. E. (1987). Statistical methods in cancer research, volume II. International Agency for
    Research on Cancer.

    Examples
    --------
    >>> frame = pd.DataFrame({"area": ["a", "b"], "falls": [65, 5], "people": [100_000, 100_000]})
    >>> rates = crude_rates(frame, outcome="falls", exposure="people", area="area")
    >>> rates.frame[["area", "value", "method"]].values.tolist()
    [['a', 65.0, "Byar's limits"], ['b', 5.0, 'exact Poisson limits']]
    """
    check_share(level=level)
    unit = per(multiplier)
    frame, events, people = _one_row_each(data, outcome, exposure, area)
    low, high = poisson_limits(np.nan_to_num(events), level=level)
    scale = multiplier / people
    rates = pd.DataFrame(
        {
            "area": frame["area"],
            "value": events * scale,
            "ci_low": low * scale,
            "ci_high": high * scale,
            "events": events,
            "population": people,
            "method": limits_named(events),
            "reason": np.where(np.isnan(events), NO_COUNT, ""),
            "rows": 1,
        }
    )
    return gather(rates, estimand="crude rate", words=words or outcome, unit=unit, level=level)


def proportions(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposure: str,
    area: str,
    words: str = "",
    multiplier: float = 100,
    level: float = 0.95,
) -> Rates:
    """Return the share of every area's population that has a property, with Wilson's limits.

    Parameters
    ----------
    data
        Shape (areas, columns), one row an area.
    outcome
        Column of counts of those with the property; missing where not known or hidden.
    exposure
        Column of all who could have it.
    area
        Column that names the area.
    words
        What is counted, in words; the outcome's name when not given.
    multiplier
        100 for per cent, 1 for a share.
    level
        Coverage of the intervals; OHID shows 0.95 and 0.998.

    Returns
    -------
    Rates
        In per cent with the default multiplier; suppressed, with the reason, where the count is missing.

    Raises
    ------
    DesignError
        When a column is absent or not of numbers, an area has two rows, a count is below 0 or larger than its
        population, a population is not above 0, or the level or the multiplier is impossible.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the
    American Statistical Association, 22(158).

    Examples
    --------
    >>> frame = pd.DataFrame({"area": ["a"], "seen": [65], "people": [100]})
    >>> shares = proportions(frame, outcome="seen", exposure="people", area="area")
    >>> shares.frame[["value", "ci_low", "ci_high"]].round(1).values.tolist()
    [[65.0, 55.3, 73.6]]
    """
    check_share(level=level)
    unit = share_unit(multiplier)
    frame, events, people = _one_row_each(data, outcome, exposure, area)
    low, high = wilson_limits(np.nan_to_num(events), people, level=level)
    rates = pd.DataFrame(
        {
            "area": frame["area"],
            "value": events / people * multiplier,
            "ci_low": low * multiplier,
            "ci_high": high * multiplier,
            "events": events,
            "population": people,
            "method": "Wilson's limits",
            "reason": np.where(np.isnan(events), NO_COUNT, ""),
            "rows": 1,
        }
    )
    return gather(rates, estimand="proportion", words=words or outcome, unit=unit, level=level)


def _one_row_each(
    data: pd.DataFrame, outcome: str, exposure: str, area: str
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return the columns, the counts (missing where not known) and the populations of one row an area."""
    frame = take(data, missing=("outcome",), area=area, outcome=outcome, exposure=exposure)
    twice = frame.loc[frame["area"].duplicated(), "area"].unique()
    if len(twice):
        message = (
            f"{len(twice)} of {frame['area'].nunique()} areas have more than one row, such as {str(twice[0])!r}. Add "
            "their rows up first, or keep one period."
        )
        raise DesignError(message)
    events = numbers(frame["outcome"], repr(outcome), low=0)
    return frame, events, numbers(frame["exposure"], repr(exposure), above=0)
