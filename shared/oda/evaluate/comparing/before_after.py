"""Before and after in the treated alone: a description, and weak evidence of an effect."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share, ratio_limits
from oda.evaluate.columns import numbers
from oda.evaluate.distributions import t_quantile, t_tail
from oda.evaluate.rates.crude import rate_change
from oda.evaluate.series.interrupted_rows import series_rows
from oda.evaluate.words import plural, sentence

EVIDENCE = "Maryland scale 1 to 2"
WEAK = (
    f"Before and after without a comparison is weak evidence ({EVIDENCE}): trend, season and whatever else changed are "
    "part of the change."
)
REGRESSION = (
    "If those treated were chosen because their figures had been high, part of a fall is regression to the mean and "
    "would have come anyway."
)
FEWEST_ROWS = 3  # periods on each side of one series
NO_SPREAD = 1e-9  # of the size of the figures; changes that differ by less differ by rounding alone
Scale = Literal["auto", "ratio", "difference"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BeforeAfter:
    """A change from before to after, and what it is made of.

    Attributes
    ----------
    estimate
        After over before (ratio), or after less before in the outcome's unit.
    changes
        One row a unit, or one for the whole: `unit`, `before`, `after` (rate per exposure, or mean a period), `change`
        (after over before, or after less before).
    before, after
        First and last period of each side, inclusive.
    evidence
        How strong this is as evidence of an effect.
    """

    estimate: Estimate
    changes: pd.DataFrame
    before: tuple[object, object]
    after: tuple[object, object]
    evidence: str


def before_after(
    data: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: object,
    unit: str | None = None,
    exposure: str | None = None,
    scale: Scale = "auto",
    level: float = 0.95,
) -> BeforeAfter:
    """Estimate the change of an outcome from before a start to after it, in one group without a comparison.

    It describes a change. As an effect it is identified only if nothing else would have moved the outcome, which these
    data cannot show; `difference_in_differences`, `interrupted_time_series` and `structural_counterfactual` ask for
    less faith.

    Parameters
    ----------
    data
        Shape (periods, columns), one row a period; with `unit`, one row a unit and period.
    outcome
        Column of counts, or of other numbers.
    time
        Column of pandas periods or of whole numbers.
    start
        First period after, inclusive, of the kind that `time` holds; for periods also as text, such as `2025-04`.
    unit
        Column that names the units, such as districts or people; each is then compared with itself.
    exposure
        Column of the denominator of counts, such as the population.
    scale
        `auto` is `ratio` for whole numbers from 0 up, or when there is an exposure, and `difference` otherwise.
    level
        Coverage of the interval.

    Returns
    -------
    BeforeAfter
        With cautions that say how weak the evidence is.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind; a value is missing, infinite, or negative in a count; a period
        stands twice; a side is empty or, without units, has fewer than 3 periods; there is one unit alone, or one with
        no row on a side; nothing was counted on a side; or the changes have no spread, so no interval.

    Notes
    -----
    One series of counts: quasi-Poisson ratio of rates, t with n - 2 degrees of freedom; zero counts are counted. One
    series of other numbers: Welch's t test. Both are too narrow when neighbouring periods are alike. Units: paired t
    test, n - 1 degrees of freedom, of the logarithms of the ratios or of the differences; a unit with nothing counted
    on a side has no ratio, and is refused rather than dropped.

    References
    ----------
    Barnett, A. G., van der Pols, J. C. and Dobson, A. J. (2005). Regression to the mean: what it is and how to deal
    with it. International Journal of Epidemiology, 34(1).
    Farrington, D. P. and others (2002). The Maryland Scientific Methods Scale, in Evidence-based crime prevention.
    Routledge.

    Examples
    --------
    >>> frame = pd.DataFrame({"month": range(6), "falls": [50, 52, 48, 40, 41, 39]})
    >>> found = before_after(frame, outcome="falls", time="month", start=3)
    >>> round(found.estimate.value, 3), found.evidence
    (0.8, 'Maryland scale 1 to 2')
    """
    check_share(level=level)
    frame = series_rows(data, time=time, start=start, outcome=outcome, exposure=exposure, unit=unit)
    frame["outcome"] = numbers(frame["outcome"], repr(outcome))
    frame["exposure"] = numbers(frame["exposure"], repr(exposure), above=0) if exposure else 1.0
    frame["after"] = frame["step"] >= 0
    chosen = _choose_scale(frame, scale, outcome=outcome, exposure=exposure)
    _check_rows(frame, time=time, unit=unit)
    ratio = chosen == "ratio"
    changes = _changes(frame, ratio=ratio, unit=unit)
    if unit:
        estimate = _paired(changes, ratio=ratio, outcome=outcome, units=plural(unit), level=level, n=len(frame))
    elif ratio:
        estimate = rate_change(frame, outcome="outcome", exposure="exposure", after="after", words=outcome, level=level)
    else:
        estimate = _welch(frame, outcome=outcome, level=level)
    sides = [frame.loc[frame["after"] == side, "time"] for side in (False, True)]
    method = f"before and after without a comparison, {estimate.method}"
    return BeforeAfter(
        estimate=replace(estimate, estimand="change", method=method, cautions=(WEAK, REGRESSION)),
        changes=changes,
        before=(sides[0].iloc[0], sides[0].iloc[-1]),
        after=(sides[1].iloc[0], sides[1].iloc[-1]),
        evidence=EVIDENCE,
    )


def _choose_scale(frame: pd.DataFrame, scale: str, *, outcome: str, exposure: str | None) -> str:
    """Return the scale, or refuse one that the outcome cannot have."""
    values = frame["outcome"]
    if scale == "auto":
        whole = bool((values >= 0).all() and (values == values.round()).all())
        scale = "ratio" if exposure or whole else "difference"
    if scale not in ("ratio", "difference"):
        message = f"scale is {scale!r}. Give 'auto', 'ratio' or 'difference'."
        raise DesignError(message)
    negative = int((values < 0).sum())
    if scale == "ratio" and negative:
        message = f"{negative} of {len(values)} values of {outcome!r} are negative. Use scale='difference'."
        raise DesignError(message)
    return scale


def _check_rows(frame: pd.DataFrame, *, time: str, unit: str | None) -> None:
    """Refuse rows that repeat, and a side without enough of them."""
    twice = int(frame.duplicated(["unit", "step"] if unit else ["step"]).sum())
    if twice:
        way = "Add them up to one row each." if unit else "Add them up to one row a period, or name the column `unit`."
        message = f"{twice} of {len(frame)} rows repeat a period of {time!r}{' of a unit' if unit else ''}. {way}"
        raise DesignError(message)
    after = int(frame["after"].sum())
    before, fewest = len(frame) - after, 1 if unit else FEWEST_ROWS
    if min(before, after) < fewest:
        message = (
            f"{before} rows before the start and {after} from it on. Each side needs {fewest} or more: use shorter "
            "periods or a longer series."
        )
        raise DesignError(message)
    if unit:
        sides = frame.groupby("unit")["after"].nunique()
        odd = sorted(map(str, sides.index[sides < 2]))
        if odd or len(sides) < 2:
            named = f" ({', '.join(odd[:8])})" if odd else ""
            message = (
                f"{len(odd)} of {len(sides)} units have rows on one side alone{named}. Two units or more, each with "
                "both sides, are needed; leave `unit` out for one series."
            )
            raise DesignError(message)


def _changes(frame: pd.DataFrame, *, ratio: bool, unit: str | None) -> pd.DataFrame:
    """Return the rate or mean before and after, and the change, of each unit or of the whole."""
    label = frame["unit"] if unit else pd.Series("all", index=frame.index)
    sums = frame.groupby([label.rename("unit"), "after"])[["outcome", "exposure"]].sum()
    rates = (sums["outcome"] / sums["exposure"]).unstack("after")  # noqa: PD010  there is one value each
    if not ratio and not unit:  # the mean of the periods' rates, which is what is tested
        rates = (frame["outcome"] / frame["exposure"]).groupby(frame["after"]).mean().to_frame("all").T
    out = pd.DataFrame({"before": rates[False], "after": rates[True]})
    if ratio and (out <= 0).any(axis=None):
        none = sorted(map(str, out.index[(out <= 0).any(axis="columns")]))
        message = (
            f"{len(none)} of {len(out)} have nothing counted on one side ({', '.join(none[:8])}), so no ratio. Use "
            "scale='difference', longer periods, or the sum of all units without `unit`; do not drop them."
        )
        raise DesignError(message)
    out["change"] = out["after"] / out["before"] if ratio else out["after"] - out["before"]
    return out.rename_axis("unit").reset_index()


def _paired(changes: pd.DataFrame, *, ratio: bool, outcome: str, units: str, level: float, n: int) -> Estimate:
    """Compare each unit with itself by the paired t test."""
    values = np.sort((np.log(changes["change"]) if ratio else changes["change"]).to_numpy(dtype=float))
    size = 1.0 if ratio else float(changes[["before", "after"]].abs().to_numpy().max())
    count, effect, spread = len(values), float(values.mean()), float(values.std(ddof=1))
    if spread <= NO_SPREAD * size:
        message = (
            f"The changes of all {count} {units} are the same, so nothing tells chance from change. Use data that were "
            "not smoothed."
        )
        raise DesignError(message)
    return _estimate(
        effect,
        spread / math.sqrt(count),
        count - 1,
        ratio=ratio,
        outcome=outcome,
        level=level,
        n=n,
        clusters=count,
        method=f"paired t test of {count} {units}, {count - 1} degree{'s' * (count > 2)} of freedom",
    )


def _welch(frame: pd.DataFrame, *, outcome: str, level: float) -> Estimate:
    """Compare the means of the periods on each side by Welch's t test."""
    values = frame["outcome"] / frame["exposure"]
    sides = [values[frame["after"] == side].to_numpy() for side in (False, True)]
    parts = [float(side.var(ddof=1)) / len(side) for side in sides]
    if math.sqrt(sum(parts)) <= NO_SPREAD * float(values.abs().max()):
        message = (
            f"The {len(values)} values do not vary within a side, so there is no spread. Use the figures unsmoothed."
        )
        raise DesignError(message)
    df = sum(parts) ** 2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, sides, strict=True))
    return _estimate(
        float(sides[1].mean() - sides[0].mean()),
        math.sqrt(sum(parts)),
        df,
        ratio=False,
        outcome=outcome,
        level=level,
        n=len(values),
        clusters=len(values),
        method=f"Welch's t test of {len(sides[0])} and {len(sides[1])} periods, {df:.1f} degrees of freedom",
    )


def _estimate(
    effect: float,
    std_error: float,
    df: float,
    *,
    ratio: bool,
    outcome: str,
    level: float,
    n: int,
    clusters: int,
    method: str,
) -> Estimate:
    """Return an effect with a t interval."""
    reach = float(t_quantile((1 + level) / 2, df)) * std_error
    value, low, high = ratio_limits(effect, reach) if ratio else (effect, effect - reach, effect + reach)
    return Estimate(
        estimand="change",
        scale="ratio" if ratio else "difference",
        outcome=outcome,
        unit="" if ratio else outcome,
        value=value,
        ci_low=low,
        ci_high=high,
        level=level,
        std_error=std_error,
        p_value=float(2 * t_tail(abs(effect) / std_error, df)),
        df=df,
        n_obs=n,
        n_clusters=clusters,
        n_treated=clusters,
        method=method,
    )


@sentence.register
def _(result: BeforeAfter, *, subject: str = "", against: str = "") -> str:
    """Say the change, and that it is weak evidence of an effect."""
    said = sentence(result.estimate, subject=subject, against=against or "than before the start")
    return f"{said} With nothing to compare it with, this is weak evidence of an effect ({result.evidence})."
