"""Event study: the gap between treated and other districts step by step, and what a trend before the start means."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.estimate import Estimate, check_share
from oda.evaluate.comparing.collapse import check_scale
from oda.evaluate.comparing.comparison import infer, scaled
from oda.evaluate.comparing.event_steps import Steps, cut_steps
from oda.evaluate.distributions import noncentral_t_tails, t_quantile
from oda.evaluate.inference.collapsed import collapse_fit
from oda.evaluate.inference.permutation import permute_many
from oda.evaluate.inference.routing import Inference
from oda.evaluate.words import interval_words, plural, quantity, sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class PreTrend:
    """What the steps before the start say of the assumption that both groups would have moved alike.

    Attributes
    ----------
    slope
        Difference in slope between the groups before the start, per step: a difference of logarithms for a ratio, else
        in the outcome's unit.
    joint_p
        p of no gap in any step before the start, by re-assigning the treatment to units in every way (sum of squared
        standardised gaps).
    smallest_p
        Smallest that `joint_p` could be.
    steps
        Gaps tested.
    hiding_slope
        Slope that would make up the whole estimate, per step.
    power
        Probability that the test of the slope at 5 per cent would have found `hiding_slope`, were it true.
    """

    slope: Estimate
    joint_p: float
    smallest_p: float
    steps: int
    hiding_slope: float
    power: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Breakdown:
    """The smallest departure from moving alike at which the interval of the effect reaches no effect.

    Attributes
    ----------
    slope
        Per step, going on from the steps before into those after; 0 where the interval holds no effect already.
    relative
        As a multiple of the largest movement between neighbouring steps before the start (1: as large as seen); None
        with fewer than two such movements.
    largest_move
        That movement: a difference of logarithms for a ratio, else in the outcome's unit.
    """

    slope: float
    relative: float | None
    largest_move: float


@dataclass(frozen=True, kw_only=True, slots=True)
class EventStudy:
    """Gaps by step from the start, and how far they bear the estimate out.

    Attributes
    ----------
    estimate
        Mean of the steps after less mean of the steps before, treated units against the rest.
    effects
        One row a step: `event_time` (-1 is the reference), `first` and `last` period, `value`, `ci_low`, `ci_high` (a
        ratio or a difference against the reference step), `p_value`.
    pre_trend
        What the steps before say.
    breakdown
        How large a departure overturns the estimate.
    step
        Periods in a step.
    left_out
        Periods left out: the roll-in, and those that fill no whole step at either end.
    """

    estimate: Estimate
    effects: pd.DataFrame
    pre_trend: PreTrend
    breakdown: Breakdown
    step: int
    left_out: int


def event_study(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    exposure: str | None = None,
    step: int = 1,
    scale: Literal["ratio", "difference"] | None = None,
    inference: Inference = "auto",
    level: float = 0.95,
) -> EventStudy:
    """Estimate the gap between treated and other units step by step, before and after the start.

    The gaps before the start are evidence on the assumption of `difference_in_differences`; how strong, the power of
    the test of their trend says. Steps before are counted back from the first start and steps after from the last one;
    the periods between are left out. Where starts lie far apart use `staggered_adoption`.

    Parameters
    ----------
    data
        Shape (units x periods, columns), one row for every unit in every period.
    outcome
        Column of counts, rates or amounts.
    unit
        Column that names the unit of assignment.
    time
        Column of pandas periods, or of whole numbers such as years.
    cohort
        Column of the unit's first treated period; missing for a unit never treated.
    exposure
        Column of the denominator of counts.
    step
        Periods put together to one step, such as 3 or 12 months.
    scale
        `ratio` or `difference`; by default a ratio with `exposure`, else a difference.
    inference
        As in `difference_in_differences`.
    level
        Coverage of the intervals.

    Returns
    -------
    EventStudy
        Ratios, or differences in units of the outcome (per unit of exposure).

    Raises
    ------
    DesignError
        When the panel is refused by `difference_in_differences`, there are fewer than two whole steps before the start
        or none after it.

    Notes
    -----
    Each gap is a comparison of collapsed changes with the inference that the design can bear. The joint test permutes
    the treatment among units, so it holds its size with any number of them; with few it cannot reject, and
    `smallest_p` says so. A test that does not reject is weak evidence: with 3 of 6 districts it finds a slope that
    biases the estimate by 0.6 standard deviations 7 times in 100. `Breakdown.relative` takes the largest movement seen
    as known.

    References
    ----------
    Roth, J. (2022). Pretest with caution: event-study estimates after testing for parallel trends. American Economic
    Review: Insights, 4(3). Rambachan, A. and Roth, J. (2023). A more credible approach to parallel trends. Review of
    Economic Studies, 90(5).

    Examples
    --------
    >>> rows = [(unit, year) for unit in "abcdef" for year in range(1, 7)]
    >>> frame = pd.DataFrame(rows, columns=["district", "year"])
    >>> frame["rate"] = np.random.default_rng(1).normal(10, 1, len(frame))
    >>> frame["start"] = np.where(frame["district"] < "c", 4.0, np.nan)
    >>> found = event_study(frame, outcome="rate", unit="district", time="year", cohort="start")
    >>> found.effects["event_time"].tolist()
    [-3, -2, -1, 0, 1, 2]
    """
    check_share(level=level)
    scale = scale or ("ratio" if exposure else "difference")
    check_scale(scale)
    steps = cut_steps(
        data, outcome=outcome, unit=unit, time=time, cohort=cohort, exposure=exposure, step=step, scale=scale
    )
    naming: dict[str, Any] = {
        "outcome": outcome,
        "per": outcome if exposure is None else f"{outcome} per {exposure}",
        "scale": scale,
    }
    options: dict[str, Any] = {"units": plural(unit), "inference": inference, "level": level}
    early = steps.event_time < 0
    whole = steps.rates[:, ~early].mean(axis=1) - steps.rates[:, early].mean(axis=1)
    estimate = _gap(whole, steps.treated, what="event study, mean after less mean before over", **options)
    estimate = replace(estimate, n_obs=steps.n_obs, cautions=(*estimate.cautions, *_cautions(steps)))
    effects = _effects(steps, naming, options)
    return EventStudy(
        estimate=scaled(estimate, **naming),
        effects=effects,
        pre_trend=_pre_trend(steps, estimate, naming, options),
        breakdown=_break_down(steps, estimate, options),
        step=step,
        left_out=steps.left_out,
    )


def _cautions(steps: Steps) -> tuple[str, ...]:
    """Say what in these steps changes how the estimate must be read."""
    if not steps.corrected:
        return ()
    return ("Some step of some unit has no event: half an event was added in every step of every unit.",)


def _gap(changes: np.ndarray, treated: np.ndarray, *, what: str, **options: Any) -> Estimate:  # noqa: ANN401  passed on
    """Compare one number a unit between treated units and the rest."""
    found = collapse_fit(changes, treated.astype(float), np.empty((len(changes), 0)), None, name="treated")
    estimate, _ = infer(found, permuted=None, plain=True, what=what, **options)
    return estimate


def _effects(steps: Steps, naming: dict[str, Any], options: dict[str, Any]) -> pd.DataFrame:
    """Return the gap of each step against the reference step."""
    reference = steps.rates[:, steps.event_time == -1][:, 0]
    nothing = 1.0 if naming["scale"] == "ratio" else 0.0
    rows = []
    for place, moment in enumerate(steps.event_time):
        row = {"event_time": int(moment), "first": steps.first[place], "last": steps.last[place]}
        if moment == -1:
            rows.append(row | {"value": nothing, "ci_low": nothing, "ci_high": nothing, "p_value": math.nan})
            continue
        gap = _gap(steps.rates[:, place] - reference, steps.treated, what="step over", **options)
        one = scaled(gap, **naming)
        rows.append(row | {"value": one.value, "ci_low": one.ci_low, "ci_high": one.ci_high, "p_value": one.p_value})
    return pd.DataFrame(rows)


def _pre_trend(steps: Steps, estimate: Estimate, naming: dict[str, Any], options: dict[str, Any]) -> PreTrend:
    """Test the steps before the start, and say how much that test can see."""
    early = steps.event_time < 0
    times = steps.event_time[early].astype(float)
    centred = times - times.mean()
    slopes = steps.rates[:, early] @ centred / float(centred @ centred)
    slope = _gap(slopes, steps.treated, what="difference in slope before the start over", **options)
    hiding = estimate.value / _distance(steps)
    outcome, per = naming["outcome"], "log points" if naming["scale"] == "ratio" else naming["per"]
    before = steps.rates[:, early]
    gaps = (before - before[:, -1:])[:, :-1]
    joint = permute_many(gaps, steps.treated)
    return PreTrend(
        slope=replace(slope, estimand="difference in slope", outcome=f"slope of {outcome}", unit=f"{per} a step"),
        joint_p=joint.p_value,
        smallest_p=joint.smallest_p,
        steps=gaps.shape[1],
        hiding_slope=hiding,
        power=_power(hiding / (slope.std_error or math.inf), slope.df or len(steps.treated) - 2.0),
    )


def _distance(steps: Steps) -> float:
    """Return how many steps, the roll-in among them, lie between the middle of those before and of those after."""
    early = steps.event_time < 0
    return float(steps.event_time[~early].mean() - steps.event_time[early].mean()) + steps.roll_in


def _power(noncentrality: float, df: float, size: float = 0.05) -> float:
    """Return the probability that a two-sided t test rejects."""
    return noncentral_t_tails(float(t_quantile(1 - size / 2, df)), df, noncentrality)


def _break_down(steps: Steps, estimate: Estimate, options: dict[str, Any]) -> Breakdown:
    """Return the smallest departures at which the interval reaches no effect."""
    early = steps.event_time < 0
    reference = steps.rates[:, steps.event_time == -1][:, 0]
    later = _gap(steps.rates[:, ~early].mean(axis=1) - reference, steps.treated, what="mean after over", **options)
    group = steps.treated
    gap = steps.rates[group].mean(axis=0) - steps.rates[~group].mean(axis=0)
    moves = np.abs(np.diff(gap[early]))
    largest = float(moves.max())
    piled = largest * ((int((~early).sum()) + 1) / 2 + steps.roll_in)  # one move a step, averaged over those after
    return Breakdown(
        slope=_slack(estimate) / _distance(steps),
        relative=_slack(later) / piled if len(moves) >= 2 and piled > 0 else None,
        largest_move=largest,
    )


def _slack(estimate: Estimate) -> float:
    """Return how far the interval keeps from no effect; 0 where it holds it."""
    return float(max(estimate.ci_low, -estimate.ci_high, 0.0))


@sentence.register
def _(result: EventStudy, *, subject: str = "", against: str = "") -> str:
    """Say the estimate, then what the steps before the start are worth."""
    said = sentence(result.estimate, subject=subject, against=against)
    trend, ratio = result.pre_trend, result.estimate.scale == "ratio"
    slope = scaled(trend.slope, outcome="", per=result.estimate.unit, scale="ratio") if ratio else trend.slope
    moved, hiding = (say_drift(one, result.estimate) for one in (trend.slope.value, trend.hiding_slope))
    return (
        f"{said} Before the start the treated {'fell' if trend.slope.value < 0 else 'rose'} by {moved} a step against "
        f"the others ({interval_words(slope)}); a drift that explains the whole estimate ({hiding} a step) would have "
        f"been noticed {100 * trend.power:.0f} times in 100."
    )


def say_drift(slope: float, estimate: Estimate) -> str:
    """Say the size of a drift, such as `0.31 per cent`.

    Parameters
    ----------
    slope
        A difference of logarithms where the estimate is a ratio, else in its unit.
    estimate
        Whose scale it is.

    Returns
    -------
    str
        Without its direction.
    """
    size = abs(100 * math.expm1(slope)) if estimate.scale == "ratio" else abs(slope)
    return quantity(size, "per cent" if estimate.scale == "ratio" else estimate.unit)
