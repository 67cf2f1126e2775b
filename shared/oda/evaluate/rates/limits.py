"""Confidence limits of counts, shares and standardised rates, as OHID uses them; numbers or arrays alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from oda.errors import DesignError
from oda.estimate import check_share

FEWEST_EVENTS = 10  # below this Byar's limits are not used

Limits = tuple[np.ndarray, np.ndarray]


def byar_limits(events: npt.ArrayLike, *, level: float = 0.95) -> Limits:
    """Return Byar's limits of the mean of a Poisson count.

    Parameters
    ----------
    events
        Counts from 0 up, of any shape.
    level
        Coverage of the interval.

    Returns
    -------
    low, high : ndarray
        In events, in the shape of `events`; the low end is never below 0.

    Raises
    ------
    DesignError
        When a count is missing, infinite or below 0, or the level is no share.

    Notes
    -----
    Within 0.2 per cent of the exact limits at 95 per cent from about 10 events up; `exact_limits` serves below.

    References
    ----------
    Breslow, N. E. and Day, N. E. (1987). Statistical methods in cancer research, volume II: the design and analysis
    of cohort studies. International Agency for Research on Cancer (page 69).

    Examples
    --------
    >>> low, high = byar_limits([65, 1045])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([50.16, 982.59], [82.85, 1110.33])
    """
    counts, z = _counts(events), _quantile(level)
    some, upper = np.where(counts > 0, counts, 1.0), counts + 1
    low = counts * (1 - 1 / (9 * some) - z / (3 * np.sqrt(some))) ** 3
    high = upper * (1 - 1 / (9 * upper) + z / (3 * np.sqrt(upper))) ** 3
    return np.maximum(low, 0.0), high


def exact_limits(events: npt.ArrayLike, *, level: float = 0.95) -> Limits:
    """Return the exact limits of the mean of a Poisson count.

    Parameters
    ----------
    events
        Counts from 0 up, of any shape.
    level
        Coverage of the interval, which is at least this.

    Returns
    -------
    low, high : ndarray
        In events, in the shape of `events`.

    Raises
    ------
    DesignError
        When a count is missing, infinite or below 0, or the level is no share.

    References
    ----------
    Garwood, F. (1936). Fiducial limits for the Poisson distribution. Biometrika, 28(3/4).

    Examples
    --------
    >>> low, high = exact_limits(5)
    >>> round(float(low), 3), round(float(high), 3)
    (1.623, 11.668)
    """
    counts = _counts(events)
    check_share(level=level)
    some = np.where(counts > 0, counts, 1.0)
    low = np.where(counts > 0, special.gammaincinv(some, (1 - level) / 2), 0.0)
    return low, special.gammainccinv(counts + 1, (1 - level) / 2)


def poisson_limits(events: npt.ArrayLike, *, level: float = 0.95) -> Limits:
    """Return OHID's limits of the mean of a Poisson count: exact below 10 events, Byar's from 10 up.

    Parameters
    ----------
    events
        Counts from 0 up, of any shape.
    level
        Coverage of the interval.

    Returns
    -------
    low, high : ndarray
        In events, in the shape of `events`.

    Raises
    ------
    DesignError
        When a count is missing, infinite or below 0, or the level is no share.

    Examples
    --------
    >>> low, high = poisson_limits([5, 65])
    >>> low.round(2).tolist()
    [1.62, 50.16]
    """
    few = _counts(events) < FEWEST_EVENTS
    exact, byar = exact_limits(events, level=level), byar_limits(events, level=level)
    return np.where(few, exact[0], byar[0]), np.where(few, exact[1], byar[1])


def wilson_limits(events: npt.ArrayLike, population: npt.ArrayLike, *, level: float = 0.95) -> Limits:
    """Return Wilson's score limits of a share.

    Parameters
    ----------
    events
        Counts from 0 up, of any shape: those of the population that have the property.
    population
        Counts above 0, of a shape that fits.
    level
        Coverage of the interval.

    Returns
    -------
    low, high : ndarray
        Shares, 0 to 1.

    Raises
    ------
    DesignError
        When a count is missing, infinite, below 0 or larger than its population; a population is 0; or the level is
        no share.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the
    American Statistical Association, 22(158).

    Examples
    --------
    >>> low, high = wilson_limits(65, 100)
    >>> round(float(low), 4), round(float(high), 4)
    (0.5525, 0.7364)
    """
    counts, people, z = _counts(events), _counts(population), _quantile(level)
    if (people <= 0).any() or (counts > people).any():
        message = (
            f"{int((people <= 0).sum())} populations are 0 and {int((counts > people).sum())} are smaller than their "
            "events. Give everyone who could have had the event, or a rate if one person can have several."
        )
        raise DesignError(message)
    share = counts / people
    middle, reach = 2 * counts + z**2, z * np.sqrt(z**2 + 4 * counts * (1 - share))
    low, high = (middle - reach) / (2 * (people + z**2)), (middle + reach) / (2 * (people + z**2))
    return low, np.clip(high, share, 1.0)  # where all have it rounding goes to either side of 1


def dobson_limits(
    value: npt.ArrayLike, variance: npt.ArrayLike, events: npt.ArrayLike, *, level: float = 0.95
) -> Limits:
    """Return Dobson's limits of a weighted sum of Poisson counts, such as a directly standardised rate.

    Byar's limits of the total are stretched by the ratio of the sum's standard error to that of the total.

    Parameters
    ----------
    value
        The weighted sums, of any shape.
    variance
        Their variances, in squared units of `value`.
    events
        The unweighted totals, above 0.
    level
        Coverage of the interval.

    Returns
    -------
    low, high : ndarray
        In units of `value`; the low end is never below 0.

    Raises
    ------
    DesignError
        When a total is missing, infinite or not above 0, or the level is no share.

    References
    ----------
    Dobson, A. J., Kuulasmaa, K., Eberle, E. and Scherer, J. (1991). Confidence intervals for weighted sums of Poisson
    parameters. Statistics in Medicine, 10(3).

    Examples
    --------
    >>> low, high = dobson_limits(130, 4 * 65, 65)  # twice the count: its limits are twice Byar's
    >>> round(float(low), 2), round(float(high), 2)
    (100.33, 165.7)
    """
    counts, sums = _counts(events), np.asarray(value, dtype=float)
    if (counts <= 0).any():
        message = "A total is 0. A weighted sum without an event has no limits of Dobson's; give its count instead."
        raise DesignError(message)
    stretch = np.sqrt(np.asarray(variance, dtype=float) / counts)
    low, high = byar_limits(counts, level=level)
    return np.maximum(sums + stretch * (low - counts), 0.0), sums + stretch * (high - counts)


def _counts(events: npt.ArrayLike) -> np.ndarray:
    """Return counts as floats, or refuse them without saying what they are."""
    counts = np.asarray(events, dtype=float)
    bad = int((~(np.isfinite(counts) & (counts >= 0))).sum())
    if bad:  # a small count must not leave by way of a message
        message = f"{bad} of {counts.size} counts are missing, infinite or below 0. Give counts from 0 up."
        raise DesignError(message)
    return counts


def _quantile(level: float) -> float:
    """Return the normal quantile of a two-sided interval."""
    check_share(level=level)
    return float(special.ndtri((1 + level) / 2))
