"""How alike the persons of a district are: the intraclass correlation that power with persons needs."""

from __future__ import annotations

import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.columns import numbers, take
from oda.evaluate.distributions import f_quantile

FEW_UNITS = 20  # with fewer the correlation is hardly known


def intraclass_correlation(data: pd.DataFrame, *, outcome: str, unit: str, level: float = 0.95) -> Estimate:
    """Estimate the share of the variance between persons that lies between units, from one period before the pilot.

    Right for `power` and `minimum_detectable_effect` if the pilot's persons are drawn as these were. A correlation
    that looks small still rules: 0.02 with 500 persons a district makes 11 times the variance.

    Parameters
    ----------
    data
        Shape (persons, columns), one row a person.
    outcome
        Column of what is measured on each person; 0 and 1 are allowed.
    unit
        Column that names the person's unit, such as the district.
    level
        Coverage of the interval.

    Returns
    -------
    Estimate
        A share; an estimate below zero is given as 0.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind, a value is missing, there are fewer than three units, no unit has
        two persons, or nothing varies within units.

    Notes
    -----
    Analysis of variance with the mean unit size of Donner and Klar; the interval is by the F distribution, exact for
    normal outcomes and units of one size, else approximate.

    References
    ----------
    Donner, A. and Klar, N. (2000). Design and analysis of cluster randomization trials in health research. Arnold.
    Searle, S. R. (1971). Linear models. Wiley.

    Examples
    --------
    >>> frame = pd.DataFrame({"place": list("aabbcc"), "score": [1, 2, 4, 5, 8, 8]})
    >>> round(intraclass_correlation(frame, outcome="score", unit="place").value, 3)
    0.969
    """
    check_share(level=level)
    frame = take(data, outcome=outcome, unit=unit)
    frame = frame.assign(outcome=numbers(frame["outcome"], outcome))
    groups = frame.groupby("unit", observed=True)["outcome"]
    sizes, means = groups.size().to_numpy(float), groups.mean().to_numpy()
    n_persons, n_units = len(frame), len(sizes)
    if n_units < 3 or n_persons == n_units:
        message = (
            f"{n_persons} persons in {n_units} of {unit!r}. At least three units, and two persons in one of them, are "
            "needed."
        )
        raise DesignError(message)
    total = frame["outcome"] - frame["outcome"].mean()
    within = float(((frame["outcome"] - groups.transform("mean")) ** 2).sum()) / (n_persons - n_units)
    if not within > 1e-12 * float((total**2).mean()):
        message = f"The {outcome!r} of all persons of one {unit!r} is the same. Give a row a person, not a row a unit."
        raise DesignError(message)
    between = float((sizes * (means - frame["outcome"].mean()) ** 2).sum()) / (n_units - 1)
    size = (n_persons - float((sizes**2).sum()) / n_persons) / (n_units - 1)
    ratio, freedom = between / within, (n_units - 1, n_persons - n_units)
    low, value, high = (
        max(0.0, (one - 1) / (one - 1 + size))
        for one in (
            ratio / float(f_quantile((1 + level) / 2, *freedom)),
            ratio,
            ratio / float(f_quantile((1 - level) / 2, *freedom)),
        )
    )
    few = f"{n_units} units say little of a correlation: plan for the upper end of its interval, {high:.2g}, too."
    return Estimate(
        estimand="intraclass correlation",
        scale="level",
        outcome=f"share of the variance of {outcome} between units",
        unit="",
        value=value,
        ci_low=low,
        ci_high=high,
        level=level,
        std_error=None,
        p_value=None,
        df=None,
        n_obs=n_persons,
        n_clusters=n_units,
        n_treated=0,
        cautions=(few,) if n_units < FEW_UNITS else (),
        method=f"analysis of variance of {n_persons:,} persons in {n_units} units, F interval",
    )
