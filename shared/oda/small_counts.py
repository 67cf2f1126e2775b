"""Small counts: ratios of protected ones, when rounding makes these too rough, and whom a finer cut leaves out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from oda.disclosure import protect_counts, protect_total
from oda.errors import DesignError
from oda.estimate import ratio_limits
from oda.evaluate import Estimate, rate_change
from oda.evaluate.words import listed
from oda.panel import Panel
from oda.pilot import Disclosure

ROUGH = 0.05  # share by which rounding may move a ratio before it is no longer named
SMALL = "too small to be cut so finely"


def too_rough(counts: Iterable[int | float | None], rule: Disclosure) -> bool:
    """Tell whether the rounding of two counts may move their ratio by more than a few per cent.

    Parameters
    ----------
    counts
        Protected counts; what is hidden, missing or zero is passed over.
    rule
        The pilot's small-number rule.

    Returns
    -------
    bool
        True where a change should not be named to a whole per cent.

    Examples
    --------
    >>> rule = Disclosure(hide_below=8, round_to=5)
    >>> too_rough([15, 20], rule), too_rough([300, 320], rule)
    (True, False)
    """
    return sum(rule.round_to // 2 / int(count) for count in counts if pd.notna(count) and count) > ROUGH


def without_small(panel: Panel, periods: int) -> tuple[pd.DataFrame, str]:
    """Return the rows of the districts whose counts bear a cut into stretches of so many periods.

    Parameters
    ----------
    panel
        All districts.
    periods
        In a stretch.

    Returns
    -------
    rows : DataFrame
        Of whole periods; those of a district whose count in some stretch is hidden are left out.
    said : str
        Who was left out and why, in a sentence; empty where nobody was.

    Raises
    ------
    DesignError
        When fewer than half of the districts with visits, or of those without, remain.
    """
    if panel.measure != "counts":
        return panel.whole, ""
    wide = panel.whole.pivot_table(index="period", columns="district", values="admissions", aggfunc="sum").sort_index()
    sums = wide.astype(float).rolling(periods, min_periods=periods).sum().dropna()
    names = sorted(str(name) for name in sums if protect_counts(sums[name], panel.rule).isna().any())
    visited = panel.whole.groupby("district")["cohort"].first().notna()
    for side in (visited[visited].index, visited[~visited].index):
        if 2 * len(side.difference(names)) < len(side):
            message = f"The counts of {listed(names)} are {SMALL}, and too few districts are left without them."
            raise DesignError(message)
    return panel.whole[
        ~panel.whole["district"].isin(names)
    ], f"Left out of this check, since counts are {SMALL}: {listed(names)}." if names else ""


def protected_ratio(rows: pd.DataFrame, panel: Panel) -> Estimate | None:
    """Return the ratio of the rate of some rows to that of the others, from protected counts.

    The value is the ratio of the rates that tables show, and the interval is as wide as these counts and the spread
    of the exact ones make it. Where both sides have the same periods, what moves both in a period is no spread.

    Parameters
    ----------
    rows
        Rows of the panel's frame with `top`, true for those whose rate goes on top.
    panel
        The panel they come from.

    Returns
    -------
    Estimate or None
        A ratio; None when a count is hidden, or when there are too few periods for an interval.
    """
    known = rows.dropna(subset=["admissions", "population"])
    counts = known.groupby(["top", "period"], as_index=False)[["admissions", "population"]].sum()
    exact = counts.groupby("top")[["admissions", "population"]].sum()
    parts = known.groupby(["top", "district_code"])["admissions"].sum()
    shown = {side: protect_total(parts[side], panel.rule) for side in exact.index}
    if len(shown) < 2 or not all(shown.values()):
        return None
    try:
        found = rate_change(
            counts, outcome="admissions", exposure="population", after="top", words="admissions for falls"
        )
    except DesignError:
        return None
    noise = float((1 / exact["admissions"]).sum())
    spread, df = (found.std_error or 0.0) ** 2 / noise, found.df or 1.0  # how many times Poisson's variance; 1 at least
    if len(counts) == 2 * counts["period"].nunique():
        spread, df = _spread_side_by_side(counts)
    std_error = math.sqrt(round(spread, 6) * sum(1 / count for count in shown.values() if count))
    effect = math.log(
        (shown[True] or 0) / exact["population"][True] / ((shown[False] or 1) / exact["population"][False])
    )
    value, low, high = ratio_limits(effect, float(stats.t.ppf((1 + found.level) / 2, df)) * std_error)
    return replace(
        found,
        value=value,
        ci_low=low,
        ci_high=high,
        std_error=std_error,
        df=df,
        p_value=float(2 * stats.t.sf(abs(effect) / std_error, df)),
        method=f"{found.method}, totals rounded to {panel.rule.round_to}",
    )


def _spread_side_by_side(counts: pd.DataFrame) -> tuple[float, float]:
    """Return how many times the binomial's variance one side's share by period has, and the degrees of freedom."""
    events, people = (counts[name].to_numpy(float).reshape(2, -1) for name in ("admissions", "population"))
    events, people = events[:, events.sum(axis=0) > 0], people[:, events.sum(axis=0) > 0]
    expected = people * (events.sum(axis=1) / people.sum(axis=1))[:, np.newaxis]
    share, every = expected[1] / expected.sum(axis=0), events.sum(axis=0)
    df = max(len(every) - 1.0, 1.0)
    return max(float(((events[1] - every * share) ** 2 / (every * share * (1 - share))).sum()) / df, 1.0), df
