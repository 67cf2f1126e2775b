"""Newey-West standard errors: a sensitivity of an interrupted time series that is long enough, never the headline."""

from __future__ import annotations

import math
from dataclasses import replace

from oda.errors import DesignError
from oda.estimate import Estimate, ratio_limits
from oda.evaluate.series.interrupted import InterruptedSeries
from oda.evaluate.series.interrupted_fit import p_of, reach_of

FEWEST = 60  # periods; below, these errors are too small


def newey_west(found: InterruptedSeries, *, lags: int, replicate: bool = False) -> Estimate:
    """Return the level change with a Newey-West interval, as a sensitivity of the headline.

    Valid as the series grows long beside the lags. In short ones it is worse than doing nothing: with 24 points and no
    autocorrelation a nominal 5 per cent test rejects a true null 24 times in 100 with 3 lags and 45 times with 12.

    Parameters
    ----------
    found
        Of one series, errors taken as independent.
    lags
        Periods over which errors may be correlated, such as 3.
    replicate
        Whether to compute it below 60 periods all the same, to set a published figure beside this one. The estimate
        then carries a caution, and is not for reporting as a finding.

    Returns
    -------
    Estimate
        The level change, unchanged, with another standard error, interval and p.

    Raises
    ------
    DesignError
        When there are fewer than 60 periods and `replicate` is not set, a comparison series, AR(1) errors, a gap, or no
        such number of lags.

    Notes
    -----
    Bartlett weights, no prewhitening, no small-sample factor, as in R's `NeweyWest(fit, lag, prewhite=FALSE)`; t with
    n - p degrees of freedom.

    References
    ----------
    Newey, W. K. and West, K. D. (1987). A simple, positive semi-definite, heteroskedasticity and autocorrelation
    consistent covariance matrix. Econometrica, 55(3).

    Examples
    --------
    >>> import pandas as pd
    >>> from oda.evaluate.series.interrupted import interrupted_time_series
    >>> frame = pd.DataFrame({"month": range(60), "falls": [100 - 20 * (i >= 30) + 7 * i % 5 for i in range(60)]})
    >>> found = interrupted_time_series(frame, outcome="falls", time="month", start=30, slope_change=False)
    >>> newey_west(found, lags=3).value == found.level_change.value
    True
    """
    n = len(found.series)
    _check(found, n, lags, replicate=replicate)
    fit, head = found.fits[0], found.level_change
    ratio = head.scale == "ratio"
    scores = fit.design * fit.misses[:, None]
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        cross = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (cross + cross.T)
    place = fit.terms.index("level change")
    std_error = math.sqrt(float((fit.bread @ middle @ fit.bread)[place, place]))
    effect, df = float(fit.coefficients[place]), float(n - len(fit.terms))
    reach = reach_of(df, head.level) * std_error
    value, low, high = ratio_limits(effect, reach) if ratio else (effect, effect - reach, effect + reach)
    cautions = ["This is a sensitivity; the headline is the estimate it was made from."]
    if n < FEWEST:
        cautions.append(
            f"{n} periods are too few for Newey-West errors, which are too small below {FEWEST}; shown only beside a "
            "published figure."
        )
    return replace(
        head,
        value=value,
        ci_low=low,
        ci_high=high,
        std_error=std_error,
        p_value=p_of(effect, std_error, df),
        df=df,
        cautions=(*cautions, *head.cautions),
        method=f"{head.method}; Newey-West errors with {lags} lags, t with {df:g} degrees of freedom",
    )


def _check(found: InterruptedSeries, n: int, lags: int, *, replicate: bool) -> None:
    """Refuse a series that is too short, doubled or already modelled."""
    steps = found.series["step"].to_numpy()
    if len(found.fits) > 1 or found.rho is not None or int(steps[-1] - steps[0]) + 1 != n:
        message = (
            f"{len(found.fits)} series, {'AR(1)' if found.rho is not None else 'independent'} errors, {n} rows. "
            "Newey-West errors are for one series without gaps, its errors taken as independent."
        )
        raise DesignError(message)
    if not (1 <= lags < n / 4 and lags == int(lags)):
        message = (
            f"{lags} lags for {n} periods. Give a whole number from 1 up and below a quarter of the periods, such as 3."
        )
        raise DesignError(message)
    if n < FEWEST and not replicate:
        message = (
            f"{n} periods are too few for Newey-West errors: with 24 they reject a true null 24 to 45 times in 100. "
            f"Use {FEWEST} or more, errors='ar1', or replicate=True to set a published figure beside the headline."
        )
        raise DesignError(message)
