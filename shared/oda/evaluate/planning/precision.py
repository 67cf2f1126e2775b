"""Before and after a pilot: how large an effect its design can tell from chance, and how often."""

from __future__ import annotations

import math

from oda.errors import DesignError
from oda.estimate import check_share, check_whole
from oda.evaluate.distributions import noncentral_t_tails, t_quantile

MOST_UNITS = 1_000_000


def power(
    effect: float,
    sd_change: float,
    *,
    n_treated: int,
    n_control: int,
    persons: int = 1,
    icc: float = 0.0,
    level: float = 0.95,
) -> float:
    """Return how often a comparison of two groups of units would detect a true effect of this size.

    A unit is what is assigned: a district, or a person in a trial of persons. `pre_period_spread` gives the standard
    deviation from a team's own past.

    Parameters
    ----------
    effect
        True difference between the groups, in the unit of `sd_change`; its sign does not matter. For a ratio its
        logarithm: log 0.85 is -0.163.
    sd_change
        Standard deviation of the change between units, in any unit; for ratios, of the logarithm of the ratio. With
        `persons` above 1, between single persons.
    n_treated, n_control
        Numbers of units with and without treatment.
    persons
        Persons measured in each unit.
    icc
        Intraclass correlation: share of the variance between persons that lies between units.
    level
        Coverage of the interval that must exclude no effect.

    Returns
    -------
    float
        Probability, between 1 - level and 1.

    Raises
    ------
    DesignError
        When a group is empty, there are fewer than three units, the standard deviation is not a positive number, the
        effect is no finite number, there is no person in a unit, a correlation with one person, or a share does not lie
        between its limits.

    Notes
    -----
    Noncentral t with n - 2 degrees of freedom for n units, however many persons: the variance of a unit's mean is that
    of a person, times the design effect 1 + (persons - 1) icc, over persons. Too high when units differ in size or in
    spread; `simulate_power` shows by how much.

    References
    ----------
    Cohen, J. (1988). Statistical power analysis for the behavioral sciences, 2nd edition. Lawrence Erlbaum.
    Donner, A. and Klar, N. (2000). Design and analysis of cluster randomization trials in health research. Arnold.

    Examples
    --------
    >>> round(power(0.5, 1.0, n_treated=64, n_control=64), 4)
    0.8015
    >>> round(power(0.5, 1.0, n_treated=3, n_control=3, persons=100, icc=0.05), 2)
    0.48
    """
    spread = _unit_spread(sd_change, n_treated=n_treated, n_control=n_control, persons=persons, icc=icc)
    check_share(level=level)
    if not math.isfinite(effect):
        message = f"The effect is {effect}. Give a finite number in the unit of the standard deviation."
        raise DesignError(message)
    std_error = spread * math.sqrt(1 / n_treated + 1 / n_control)
    return _detects(abs(effect) / std_error, df=n_treated + n_control - 2, level=level)


def minimum_detectable_effect(
    sd_change: float,
    *,
    n_treated: int,
    n_control: int,
    power: float = 0.8,
    persons: int = 1,
    icc: float = 0.0,
    level: float = 0.95,
) -> float:
    """Return the smallest true effect that a comparison of two groups of units would detect with this power.

    Parameters
    ----------
    sd_change
        Standard deviation between units of the change, in any unit; for ratios, of the logarithm of the ratio. With
        `persons` above 1, between single persons.
    n_treated, n_control
        Numbers of units with and without treatment.
    power
        Probability of detection, above 1 - level and below 1.
    persons
        Persons measured in each unit.
    icc
        Intraclass correlation: share of the variance between persons that lies between units.
    level
        Coverage of the interval that must exclude no effect.

    Returns
    -------
    float
        In the unit of `sd_change`.

    Raises
    ------
    DesignError
        When a group is empty, there are fewer than three units, the standard deviation is not a positive number, or
        the power is not above what chance alone gives.

    Notes
    -----
    Noncentral t with n - 2 degrees of freedom. The usual normal approximation is a quarter too small at 6 units: with
    1 of 6 treated it says 3.07 standard deviations, the truth is 4.12. More persons in the same units help only until
    the differences between units are all that is left.

    References
    ----------
    Cohen, J. (1988). Statistical power analysis for the behavioral sciences, 2nd edition. Lawrence Erlbaum.
    Bloom, H. S. (1995). Minimum detectable effects. Evaluation Review, 19(5).

    Examples
    --------
    >>> round(minimum_detectable_effect(1.0, n_treated=1, n_control=5), 2)
    4.12
    """
    from scipy import optimize

    spread = _unit_spread(sd_change, n_treated=n_treated, n_control=n_control, persons=persons, icc=icc)
    _check_power(power, level)
    df = n_treated + n_control - 2

    def shortfall(noncentrality: float) -> float:
        return _detects(noncentrality, df=df, level=level) - power

    far = 10.0 + float(t_quantile((1 + level) / 2, df))
    while shortfall(far) < 0:
        far *= 2
    return float(optimize.brentq(shortfall, 0.0, far)) * spread * math.sqrt(1 / n_treated + 1 / n_control)


def units_needed(
    effect: float, sd_change: float, *, power: float = 0.8, persons: int = 1, icc: float = 0.0, level: float = 0.95
) -> int:
    """Return how many units, half of them treated, would detect a true effect of this size with this power.

    Parameters
    ----------
    effect
        True difference between the groups, in the unit of `sd_change`; its sign does not matter.
    sd_change
        Standard deviation of the change between units, or between persons with `persons` above 1.
    power
        Probability of detection, above 1 - level and below 1.
    persons
        Persons measured in each unit.
    icc
        Intraclass correlation: share of the variance between persons that lies between units.
    level
        Coverage of the interval that must exclude no effect.

    Returns
    -------
    int
        The smallest even number, both groups together.

    Raises
    ------
    DesignError
        As for `minimum_detectable_effect`; when the effect is zero or no number; or when more than a million units
        would be needed.

    Notes
    -----
    Noncentral t with n - 2 degrees of freedom.

    References
    ----------
    Cohen, J. (1988). Statistical power analysis for the behavioral sciences, 2nd edition. Lawrence Erlbaum.

    Examples
    --------
    >>> units_needed(0.5, 1.0)
    128
    """
    spread = _unit_spread(sd_change, n_treated=2, n_control=2, persons=persons, icc=icc)
    _check_power(power, level)

    def detects(group: int) -> bool:
        return _detects(abs(effect) / spread * math.sqrt(group / 2), df=2 * group - 2, level=level) >= power

    if not math.isfinite(effect) or not detects(MOST_UNITS // 2):
        message = (
            f"An effect of {effect:g} with a standard deviation of {spread:g} would need more than {MOST_UNITS:,} "
            "units. Give a larger effect."
        )
        raise DesignError(message)
    low, high = 1, MOST_UNITS // 2  # two units have no degree of freedom, so two in each group are the fewest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if detects(middle) else (middle, high)
    return 2 * high


def bloom_multiplier(df: float = math.inf, *, power: float = 0.8, level: float = 0.95) -> float:
    """Return Bloom's multiplier: the smallest detectable effect in standard errors, by the sum of two quantiles.

    For few units it is a little too small; `minimum_detectable_effect` is exact.

    Parameters
    ----------
    df
        Degrees of freedom; infinite for very many units.
    power
        Probability of detection, above 1 - level and below 1.
    level
        Coverage of the interval that must exclude no effect.

    Returns
    -------
    float
        Number of standard errors.

    Raises
    ------
    DesignError
        When there is no degree of freedom, or a share does not lie between its limits.

    References
    ----------
    Bloom, H. S. (1995). Minimum detectable effects. Evaluation Review, 19(5).

    Examples
    --------
    >>> round(bloom_multiplier(), 2), round(bloom_multiplier(4), 3)
    (2.8, 3.717)
    """
    _check_power(power, level)
    if not df > 0:
        message = f"There are {df:g} degrees of freedom. Give a number above zero, such as 4 for six districts."
        raise DesignError(message)
    return float(t_quantile((1 + level) / 2, df) + t_quantile(power, df))


def _unit_spread(sd_change: float, *, n_treated: int, n_control: int, persons: int, icc: float) -> float:
    """Return the standard deviation of a unit's mean, or refuse the design."""
    check_whole(n_treated=n_treated, n_control=n_control)
    if min(n_treated, n_control) < 1 or n_treated + n_control < 3 or not 0 < sd_change < math.inf:
        message = (
            f"{n_treated} treated, {n_control} not, standard deviation {sd_change:g}. At least one unit in each group, "
            "three in all and a positive standard deviation are needed."
        )
        raise DesignError(message)
    if not 1 <= persons < math.inf or not 0 <= icc <= 1:
        message = (
            f"{persons:g} persons in a unit, intraclass correlation {icc:g}. Give at least one person, and a "
            "correlation from 0 to 1."
        )
        raise DesignError(message)
    if icc > 0 and persons == 1:
        message = f"icc is {icc:g} but persons is 1, so it would change nothing. Give the persons in each unit."
        raise DesignError(message)
    return sd_change * math.sqrt((1 + (persons - 1) * icc) / persons)


def _check_power(power: float, level: float) -> None:
    """Refuse a power that is no share, or that chance alone gives."""
    check_share(power=power, level=level)
    if power <= 1 - level:
        message = f"Power {power:g} is no more than chance gives at level {level:g}. Ask for more, such as 0.8."
        raise DesignError(message)


def _detects(noncentrality: float, *, df: int, level: float) -> float:
    """Return the power of the two-sided t test at this noncentrality."""
    critical = float(t_quantile((1 + level) / 2, df))
    return noncentral_t_tails(critical, df, noncentrality)
