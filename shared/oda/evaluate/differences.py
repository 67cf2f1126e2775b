"""Difference-in-differences that stays honest with few districts."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from oda.errors import DesignError
from oda.evaluate.estimate import Estimate
from oda.periods import say_period

TIE = 1e-9  # relative; two assignments whose differences agree this closely are the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A difference-in-differences and the changes it is made of.

    Attributes
    ----------
    estimate
        The average effect on the treated, as a ratio of rates.
    changes
        One row a unit: `unit`, `treated`, `before`, `after` (rate per person and period), `ratio` (after over before).
    before, after
        First and last period of each side, inclusive.
    left_out
        Number of periods of the roll-in, between the first and the last start, used on neither side.
    """

    estimate: Estimate
    changes: pd.DataFrame
    before: tuple[pd.Period, pd.Period]
    after: tuple[pd.Period, pd.Period]
    left_out: int


def difference_in_differences(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    exposure: str | None = None,
    level: float = 0.95,
) -> Comparison:
    """Estimate the ATT as a ratio of rates, treated units against the rest, after against before.

    Every unit is collapsed to one change, the logarithm of its rate after over its rate before, so that neither serial
    correlation nor shocks beyond Poisson can narrow the interval. The periods between the first and the last start
    are left out, so that units that start at different dates share one before and one after.

    Identified if, without treatment, the rates of both groups would have changed in the same proportion; plot both
    groups before the start to see whether they did.

    Parameters
    ----------
    data
        Shape (units x periods, columns), one row a unit and period.
    outcome
        Column of counts, or of rates when `exposure` is not given; not negative.
    unit
        Column that names the unit of assignment, such as the district.
    time
        Column of pandas periods.
    cohort
        Column of pandas periods: the unit's first treated period, missing for a unit never treated.
    exposure
        Column of the denominator of counts, such as the population.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Comparison
        Estimate (a ratio, no unit) and the change of each unit.

    Raises
    ------
    DesignError
        When a column is absent, there is no treated or no comparison unit, fewer than three units, no period before or
        after, a missing value, or a unit without any event on one side.

    Notes
    -----
    Two-sample t test of the changes with G - 2 degrees of freedom (equal variances): 4.8 per cent true size at a
    nominal 5
    with 1 of 6 treated, where cluster-robust errors reject 30 to 41 per cent. It fails when the treated units are
    noisier than the others. The permutation p counts the actual assignment and ties.

    References
    ----------
    Donald, S. G. and Lang, K. (2007). Inference with difference-in-differences and other panel data. Review of
    Economics and Statistics.

    Examples
    --------
    >>> months = pd.period_range("2024-01", "2024-04", freq="M")
    >>> rows = [(u, m, 100 * (0.8 if u == "a" and i > 1 else 1)) for u in "abc" for i, m in enumerate(months)]
    >>> frame = pd.DataFrame(rows, columns=["unit", "time", "rate"])
    >>> frame["cohort"] = pd.Period("2024-03", freq="M")
    >>> frame["cohort"] = frame["cohort"].where(frame["unit"] == "a")
    >>> found = difference_in_differences(frame, outcome="rate", unit="unit", time="time", cohort="cohort")
    >>> round(found.estimate.value, 3)
    0.8
    """
    columns = [outcome, unit, time, cohort, *([exposure] if exposure else [])]
    _check_columns(data, columns)
    frame = data[columns].set_axis(["outcome", "unit", "time", "cohort", *(["exposure"] if exposure else [])], axis=1)
    if not exposure:
        frame = frame.assign(exposure=1.0)
    first, last = _check_design(frame, f"{unit}s")
    before, after = frame[frame["time"] < first], frame[frame["time"] >= last]
    changes = _changes(before, after, frame)
    log_ratio = np.log(changes["ratio"].to_numpy())
    treated = changes["treated"].to_numpy()
    return Comparison(
        estimate=_test(log_ratio, treated, outcome=outcome, level=level, n_obs=len(before) + len(after)),
        changes=changes,
        before=(before["time"].min(), before["time"].max()),
        after=(after["time"].min(), after["time"].max()),
        left_out=int(frame.loc[(frame["time"] >= first) & (frame["time"] < last), "time"].nunique()),
    )


def _check_columns(data: pd.DataFrame, columns: list[str]) -> None:
    """Refuse absent columns, all at once."""
    absent = [name for name in columns if name not in data.columns]
    if absent:
        message = f"No column {', '.join(map(repr, absent))}. There is: {', '.join(map(repr, data.columns))}."
        raise DesignError(message)


def _check_design(frame: pd.DataFrame, units: str) -> tuple[pd.Period, pd.Period]:
    """Return the first and the last start, or refuse a design that cannot bear the estimate."""
    lost = int(frame[["outcome", "exposure", "time", "unit"]].isna().any(axis="columns").sum())
    if lost:
        message = (
            f"{lost} of {len(frame)} rows have no outcome, exposure, unit or time. Fill them or leave out "
            "whole periods."
        )
        raise DesignError(message)
    starts = frame.groupby("unit")["cohort"].first()
    n_treated, n_units = int(starts.notna().sum()), len(starts)
    if n_treated in (0, n_units) or n_units < 3:
        message = (
            f"{n_treated} of {n_units} {units} are treated. At least one treated, one comparison and three in "
            "all are needed."
        )
        raise DesignError(message)
    first, last = starts.dropna().min(), starts.dropna().max()
    for side, rows in (("before", frame["time"] < first), ("after", frame["time"] >= last)):
        absent = n_units - frame.loc[rows, "unit"].nunique()
        if absent:
            edge = f"before {say_period(first)}" if side == "before" else f"from {say_period(last)} on"
            message = (
                f"{absent} of {n_units} {units} have no data {edge}; the data run from "
                f"{say_period(frame['time'].min())} to "
                f"{say_period(frame['time'].max())}. Both sides are needed for all {units}."
            )
            raise DesignError(message)
    return first, last


def _changes(before: pd.DataFrame, after: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Return each unit's rate before and after, and their ratio."""
    sides = {}
    for name, rows in (("before", before), ("after", after)):
        sums = rows.groupby("unit")[["outcome", "exposure"]].sum().astype(float)
        empty = sums.index[(sums["outcome"] <= 0) | (sums["exposure"] <= 0)]
        if len(empty):
            message = (
                f"{', '.join(map(str, empty))}: nothing counted {name} the start, so no ratio. Use a longer period."
            )
            raise DesignError(message)
        sides[name] = sums["outcome"] / sums["exposure"]
    changes = pd.DataFrame(sides)
    changes["ratio"] = changes["after"] / changes["before"]
    changes.insert(0, "treated", frame.groupby("unit")["cohort"].first().notna())
    return changes.reset_index()


def _test(changes: np.ndarray, treated: np.ndarray, *, outcome: str, level: float, n_obs: int) -> Estimate:
    """Compare the log changes of two groups by the pooled t test and by permutation."""
    n_treated, n = int(treated.sum()), len(changes)
    effect = float(changes[treated].mean() - changes[~treated].mean())
    squares = sum(float(((group - group.mean()) ** 2).sum()) for group in (changes[treated], changes[~treated]))
    df = n - 2
    std_error = math.sqrt(squares / df * (1 / n_treated + 1 / (n - n_treated)))
    reach = float(stats.t.ppf((1 + level) / 2, df)) * std_error
    permutation_p, smallest_p = _permute(changes, treated)
    return Estimate(
        estimand="ATT",
        scale="ratio",
        outcome=outcome,
        unit="",
        value=math.exp(effect),
        ci_low=math.exp(effect - reach),
        ci_high=math.exp(effect + reach),
        level=level,
        std_error=std_error,
        p_value=float(2 * stats.t.sf(abs(effect) / std_error, df)) if std_error > 0 else None,
        df=df,
        n_obs=n_obs,
        n_clusters=n,
        n_treated=n_treated,
        smallest_p=smallest_p,
        permutation_p=permutation_p,
        method=(
            f"difference-in-differences on one before-and-after change for each of {n} districts "
            f"({n_treated} with visits), t test with {df} degrees of freedom"
        ),
    )


def _permute(changes: np.ndarray, treated: np.ndarray, most: int = 200_000) -> tuple[float | None, float | None]:
    """Return the two-sided permutation p and the smallest that the design allows; none when there are too many ways."""
    n, n_treated = len(changes), int(treated.sum())
    ways = math.comb(n, n_treated)
    smallest = (2 if 2 * n_treated == n else 1) / ways
    if ways > most:
        return None, smallest
    picks = np.array(list(itertools.combinations(range(n), n_treated)))
    sums = changes[picks].sum(axis=1)
    gaps = np.abs(sums / n_treated - (changes.sum() - sums) / (n - n_treated))
    actual = abs(changes[treated].mean() - changes[~treated].mean())
    return float((gaps >= actual * (1 - TIE)).mean()), smallest
