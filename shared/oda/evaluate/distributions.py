"""Quantiles and tails of the reference distributions, from `scipy.special`: `scipy.stats` is slow to load."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special


def t_quantile(share: Any, df: Any) -> Any:  # noqa: ANN401  numbers or arrays, as numpy takes them
    """Return the quantile of Student's t.

    Parameters
    ----------
    share
        Probability below it, between 0 and 1.
    df
        Degrees of freedom, above 0.

    Returns
    -------
    float or ndarray
        The quantile.

    Examples
    --------
    >>> round(float(t_quantile(0.975, 4)), 3)
    2.776
    """
    return special.stdtrit(df, share)


def t_tail(value: Any, df: Any) -> Any:  # noqa: ANN401  the same
    """Return the probability of Student's t above a value.

    Parameters
    ----------
    value
        The value.
    df
        Degrees of freedom, above 0.

    Returns
    -------
    float or ndarray
        Between 0 and 1.
    """
    return special.stdtr(df, -np.asarray(value))


def normal_quantile(share: Any) -> Any:  # noqa: ANN401  the same
    """Return the quantile of the standard normal distribution.

    Parameters
    ----------
    share
        Probability below it, between 0 and 1.

    Returns
    -------
    float or ndarray
        The quantile.
    """
    return special.ndtri(share)


def normal_tail(value: Any) -> Any:  # noqa: ANN401  the same
    """Return the probability of the standard normal distribution above a value.

    Parameters
    ----------
    value
        The value.

    Returns
    -------
    float or ndarray
        Between 0 and 1.
    """
    return special.ndtr(-np.asarray(value))


def chi2_quantile(share: Any, df: Any) -> Any:  # noqa: ANN401  the same
    """Return the quantile of chi squared.

    Parameters
    ----------
    share
        Probability below it, between 0 and 1.
    df
        Degrees of freedom, above 0.

    Returns
    -------
    float or ndarray
        The quantile.

    Examples
    --------
    >>> round(float(chi2_quantile(0.95, 3)), 3)
    7.815
    """
    return 2 * special.gammaincinv(np.asarray(df) / 2, share)


def chi2_tail(value: Any, df: Any) -> Any:  # noqa: ANN401  the same
    """Return the probability of chi squared above a value.

    Parameters
    ----------
    value
        The value, from 0 up.
    df
        Degrees of freedom, above 0.

    Returns
    -------
    float or ndarray
        Between 0 and 1.
    """
    return special.chdtrc(df, value)


def f_quantile(share: Any, df_above: Any, df_below: Any) -> Any:  # noqa: ANN401  the same
    """Return the quantile of the F distribution.

    Parameters
    ----------
    share
        Probability below it, between 0 and 1.
    df_above, df_below
        Degrees of freedom of the numerator and of the denominator.

    Returns
    -------
    float or ndarray
        The quantile.
    """
    return special.fdtri(df_above, df_below, share)


def noncentral_t_tails(critical: float, df: float, noncentrality: float) -> float:
    """Return the probability of the noncentral t outside plus and minus a critical value.

    Parameters
    ----------
    critical
        From 0 up.
    df
        Degrees of freedom.
    noncentrality
        Of either sign.

    Returns
    -------
    float
        Between 0 and 1: the power of a two-sided t test.
    """
    from scipy import stats

    size = abs(noncentrality)
    upper, lower = float(stats.nct.sf(critical, df, size)), float(stats.nct.cdf(-critical, df, size))
    if math.isnan(upper):  # so far out that it cannot be reckoned
        upper = 1.0 if size > critical else 0.0
    return min(1.0, upper + (0.0 if math.isnan(lower) else lower))
