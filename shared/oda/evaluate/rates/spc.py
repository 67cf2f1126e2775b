"""Statistical process control: an XmR chart by the rules of NHS England's "Making Data Count"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, ordinals, take
from oda.evaluate.rates.special_causes import REACH, mark_points
from oda.evaluate.words import quantity, sentence
from oda.periods import say_period

Improvement = Literal["increase", "decrease", "neutral"]

SCREEN = 3.267  # mean moving ranges; a moving range of so many or more does not set the limits
TRUSTED = 13  # points from which limits are more than trial limits
FEWEST = 3  # points that set limits
SEASONS = {"M": 12, "Q": 4, "W": 52, "D": 7}  # periods after which a season comes round
ALIKE = 0.5  # autocorrelation a season apart beyond which the rules mislead
TIE = 1e-12  # of the largest value; values that differ by less differ by rounding alone


@dataclass(frozen=True, kw_only=True, slots=True)
class SpcChart:
    """An XmR chart: points, limits and what the rules mark.

    Attributes
    ----------
    points
        One row a point in order of time: `time`, `value`, `stretch` (1 up; a new one starts where rebased), `mean`,
        `low`, `high` (process limits, in the unit of the value), `sets_limits` (whether it helped to set them), truth
        values `beyond_limits`, `trend`, `two_of_three`, `shift`, then `rule` (the first that holds, in words; empty
        for none) and `variation` (`common cause`, or `special cause: ` and improvement, concern, high or low).
    limits
        One row a stretch: `stretch`, `first`, `last` (times), `n` (points that set the limits), `mean`, `low`, `high`,
        `screened` (moving ranges too large to set limits).
    outcome, improvement, target
        What is charted; which direction is better; the target in the unit of the value, None when not given.
    variation
        Of the latest point, as in `points`; the variation icon in words.
    assurance
        What the latest limits say of the target; the assurance icon in words. Empty without target or direction.
    autocorrelation
        Correlation of points one season apart (12 months, 4 quarters), from their stretch's mean; None when there are
        fewer than two seasons.
    method
        In words, for the footnote.
    cautions
        What changes how the chart must be read, one sentence each.
    """

    points: pd.DataFrame
    limits: pd.DataFrame
    outcome: str
    improvement: Improvement
    target: float | None
    variation: str
    assurance: str
    autocorrelation: float | None
    method: str
    cautions: tuple[str, ...]


def spc_chart(
    data: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    improvement: Improvement,
    target: float | None = None,
    baseline: int | None = None,
    rebase: Sequence[object] = (),
    screen: bool = True,
) -> SpcChart:
    """Mark the points of one series that chance alone would seldom give, by the rules of Making Data Count.

    A marked point says that something other than the usual causes was at work, not what: a chart of one series has no
    comparison, so it is no evidence of an effect. The rules hold if the points are independent around one mean;
    `autocorrelation` gives evidence on that. To watch a pilot, set `baseline` to the points before its start, so that
    the pilot does not set the limits it is judged by. Limits are never redrawn unless `rebase` asks for it.

    Parameters
    ----------
    data
        Shape (points, columns), one row a period.
    outcome
        Column of the value of each period.
    time
        Column of pandas periods, or of whole numbers.
    improvement
        Which direction is better: `increase`, `decrease` or `neutral`.
    target
        In the unit of the value.
    baseline
        Number of points, from the start of each stretch, that set its mean and limits; all when not given.
    rebase
        Times at which a new stretch with its own mean and limits starts: a known change of the process, not a signal.
    screen
        Leave moving ranges of 3.267 times their mean or more out of the limits, as NHSRplotthedots does. The Excel
        tools of Making Data Count do not.

    Returns
    -------
    SpcChart
        Points with their marks, limits, and what they say of variation and target.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind; a value is missing or infinite; a period stands twice; a stretch
        has fewer than 3 points to set limits, or none of its values differ; or `rebase` names no later time of the
        data.

    Notes
    -----
    Mean plus and minus 2.66 mean moving ranges, which is three standard deviations if the points are independent and
    normal. Marked: a point beyond a limit; 7 points in a row on one side of the mean; 7 in a row rising or falling;
    and, when 2 of 3 in a row lie beyond two thirds of the way to a limit and all 3 on that side, those of them beyond
    it. A point beyond the limit does not count as one of the two. All as in R's NHSRplotthedots 0.2. Of charts of 36
    independent points about 3 in 10 mark something by chance. The sample standard deviation is not used: a shift or a
    trend widens it and so hides itself.

    References
    ----------
    NHS England (2019). Making data count: getting started.
    Nelson, L. S. (1982). Control charts for individual measurements. Journal of Quality Technology, 14(3).

    Examples
    --------
    >>> months = pd.period_range("2024-01", periods=14, freq="M")
    >>> calls = pd.DataFrame({"month": months, "calls": [50, 54, 49, 52, 55, 51, 48, 53, 50, 52, 49, 54, 51, 75]})
    >>> found = spc_chart(calls, outcome="calls", time="month", improvement="decrease")
    >>> found.points["rule"].iloc[-1], found.variation
    ('above the upper limit', 'special cause: concern')
    """
    frame = _take(data, outcome, time, improvement)
    wanted = None if target is None else float(target)
    if wanted is not None and not math.isfinite(wanted):
        message = f"The target is {wanted}. Give a number, in the unit of {outcome!r}."
        raise DesignError(message)
    stretches = _split(frame["time"], rebase, time)
    if baseline is not None and baseline > len(frame):
        message = (
            f"baseline is {baseline} points, but the series has {len(frame)}. Give fewer, or leave it out for all."
        )
        raise DesignError(message)
    parts = [
        _mark(frame[stretches == number], number, baseline, screen=screen) for number in range(1, stretches[-1] + 1)
    ]
    points = pd.concat([part for part, _ in parts], ignore_index=True)
    points["variation"] = [_vary(rule, improvement) for rule in points["rule"]]
    limits = pd.DataFrame([row for _, row in parts])
    echo, season = _autocorrelation(points)
    return SpcChart(
        points=points,
        limits=limits,
        outcome=outcome,
        improvement=improvement,
        target=wanted,
        variation=str(points["variation"].iloc[-1]),
        assurance=_assure(limits.iloc[-1], wanted, improvement),
        autocorrelation=echo,
        method=_say_method(limits, baseline, screen=screen),
        cautions=_caution(points, limits, echo, season, aimed=wanted is not None),
    )


def _take(data: pd.DataFrame, outcome: str, time: str, improvement: Improvement) -> pd.DataFrame:
    """Return time and value in order of time, or refuse them."""
    if improvement not in get_args(Improvement):
        message = f"{improvement!r} is no direction. Give one of: {', '.join(get_args(Improvement))}."
        raise DesignError(message)
    frame = take(data, time=time, value=outcome)
    frame["value"] = numbers(frame["value"], f"outcome {outcome!r}")
    places = ordinals(frame["time"], time)
    twice = len(places) - len(np.unique(places))
    if twice:
        message = (
            f"{twice} of {len(places)} rows repeat a period of {time!r}. A chart is of one series: one row a period."
        )
        raise DesignError(message)
    return frame.assign(place=places).sort_values("place", ignore_index=True)


def _split(times: pd.Series, rebase: Sequence[object], name: str) -> np.ndarray:
    """Return the stretch of each point, from 1 up."""
    if isinstance(rebase, str):
        rebase = [rebase]
    later = list(times)[1:]
    absent = [start for start in rebase if start not in later]
    if absent:
        message = (
            f"rebase names {absent[0]!r}, which is no later time of {name!r}. Give times of the data after "
            f"{_say(times.iloc[0])}, of the same kind ({times.dtype})."
        )
        raise DesignError(message)
    return np.cumsum([1, *(int(moment in list(rebase)) for moment in later)])


def _mark(
    frame: pd.DataFrame, stretch: int, baseline: int | None, *, screen: bool
) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the points of a stretch with limits and marks, and its limits."""
    values = frame["value"].to_numpy()
    used = len(values) if baseline is None else min(baseline, len(values))
    first, last = frame["time"].iloc[0], frame["time"].iloc[-1]
    if used < FEWEST:
        message = (
            f"{used} points set the limits from {_say(first)} to {_say(last)}. At least {FEWEST} are needed, and "
            f"{TRUSTED} before they can be relied on: use a larger baseline or do not rebase."
        )
        raise DesignError(message)
    mean = math.fsum(values[:used]) / used
    ranges = np.abs(np.diff(values[:used]))
    kept = ranges[ranges < SCREEN * ranges.mean()] if screen else ranges
    noise = TIE * float(np.abs(values).max())
    moved = math.fsum(kept) / len(kept) if len(kept) else 0.0
    if moved <= noise:
        message = (
            f"The {used} values that set the limits from {_say(first)} to {_say(last)} {_say_flat(ranges, noise)}, so "
            "no usual variation is there to set limits by. Draw a line chart."
        )
        raise DesignError(message)
    low, high = mean - REACH * moved, mean + REACH * moved
    side = np.where(np.abs(values - mean) <= noise, 0, np.sign(values - mean)).astype(int)
    flags, rules = mark_points(values, side=side, far=np.abs(values - mean) / moved)
    points = frame[["time", "value"]].assign(stretch=stretch, mean=mean, low=low, high=high)
    points["sets_limits"] = np.arange(len(values)) < used
    row = {"stretch": stretch, "first": first, "last": last, "n": used, "mean": mean, "low": low, "high": high}
    return points.assign(**flags, rule=rules), row | {"screened": len(ranges) - len(kept)}


def _say_flat(ranges: np.ndarray, noise: float) -> str:
    """Say that values are all the same, or the same but for jumps."""
    jumps = int((ranges > noise).sum())
    if not jumps:
        return "are all the same"
    return f"are the same but for {jumps} jump{'' if jumps == 1 else 's'}"


def _vary(rule: str, improvement: Improvement) -> str:
    """Return a point's variation in words."""
    if not rule:
        return "common cause"
    up = any(word in rule for word in ("above", "rising", "upper"))
    if improvement == "neutral":
        return f"special cause: {'high' if up else 'low'}"
    return f"special cause: {'improvement' if up == (improvement == 'increase') else 'concern'}"


def _assure(limits: pd.Series, target: float | None, improvement: Improvement) -> str:
    """Return what the limits say of the target, in words."""
    if target is None or improvement == "neutral":
        return ""
    if limits["low"] <= target <= limits["high"]:
        return "by chance meets or misses the target"
    met = (target < limits["low"]) == (improvement == "increase")
    return "consistently meets the target" if met else "consistently misses the target"


def _autocorrelation(points: pd.DataFrame) -> tuple[float | None, int]:
    """Return the correlation of points one season apart, and how many periods that is."""
    times = points["time"]
    form = times.iloc[0].freqstr.split("-")[0] if isinstance(times.iloc[0], pd.Period) else "M"
    season = SEASONS.get(form, 0)
    apart = (points["value"] - points["mean"]).to_numpy()
    early, late = apart[: len(apart) - season], apart[season:]
    if not season or len(points) < 2 * season or not early.std() or not late.std():
        return None, season
    return float(np.corrcoef(early, late)[0, 1]), season


def _say_method(limits: pd.DataFrame, baseline: int | None, *, screen: bool) -> str:
    """Say how the limits were set."""
    n = " and ".join(str(count) for count in limits["n"])
    said = f"XmR chart, mean and 2.66 mean moving ranges from {n} points, rules of Making Data Count"
    if screen:
        said += f", {limits['screened'].sum()} moving ranges screened out"
    if baseline is not None:
        said += f", limits fixed after {baseline} points"
    if len(limits) > 1:
        said += f", redrawn by request at {', '.join(_say(start) for start in limits['first'].iloc[1:])}"
    return said


def _caution(
    points: pd.DataFrame, limits: pd.DataFrame, echo: float | None, season: int, *, aimed: bool
) -> tuple[str, ...]:
    """Return what changes how the chart must be read."""
    said = []
    if echo is not None and echo > ALIKE:
        said.append(
            f"Points {season} periods apart are alike (correlation {echo:.2f}), as with a season, a trend or a lasting "
            "change: the limits and rules then mislead, so chart the change on a year before, or model the season."
        )
    said += [
        f"The limits from {_say(first)} rest on {n} points; below {TRUSTED} they are trial limits and will move."
        for first, n in zip(limits["first"], limits["n"], strict=True)
        if n < TRUSTED
    ]
    places = ordinals(points["time"], "time")
    gaps = int(places[-1] - places[0]) + 1 - len(places)
    if gaps:
        said.append(f"{gaps} periods between the first and the last have no point, so a run may span a gap.")
    if (points["value"] >= 0).all() and (limits["low"] < 0).any():
        said.append("A lower limit is below zero: where the measure cannot be, no point can be unusually low.")
    if aimed and points["rule"].iloc[-1]:
        said.append("The latest point is special cause, so what the limits say of the target may no longer hold.")
    return tuple(said)


def _say(moment: object) -> str:
    """Say a time."""
    if isinstance(moment, pd.Period) and moment.freqstr[0] in "MQY":
        return say_period(moment)
    return f"{moment}"


@sentence.register
def _(result: SpcChart, *, subject: str = "", against: str = "") -> str:
    """Say the latest mean and limits, how many points are marked, and the latest one."""
    now, last = (frame.to_dict("records")[-1] for frame in (result.limits, result.points))
    marked, n = int((result.points["rule"] != "").sum()), len(result.points)
    mean, low, high = (quantity(now[name], "") for name in ("mean", "low", "high"))
    first, final = _say(now["first"]), _say(now["last"])
    how = f"varied around {mean} from {first} to {final} (process limits {low} to {high})"
    if now["n"] < (result.points["stretch"] == now["stretch"]).sum():
        how = (
            f"is judged from {first} to {final} against a mean of {mean}, set by its first {now['n']} points (process "
            f"limits {low} to {high})"
        )
    verb = "is" if marked == 1 else "are"
    said = (
        f"{subject or f'The {result.outcome}'} {how}; {marked or 'none'} of {n} points {verb} special cause. The "
        f"latest, {quantity(last['value'], '')}, is {last['variation'].replace(': ', ', ')}"
        f"{' (' + last['rule'] + ')' if last['rule'] else ''}."
    )
    if result.assurance:
        said += f" With such variation it {result.assurance} of {quantity(result.target or 0.0, '')}."
    return " ".join([said, *result.cautions[:1]])
