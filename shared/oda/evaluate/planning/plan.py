"""Is a pilot of this size worth starting: what it would detect, and what a larger or longer one would."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import check_share, check_whole
from oda.evaluate.planning.precision import MOST_UNITS, minimum_detectable_effect, units_needed
from oda.evaluate.planning.precision import power as detection
from oda.evaluate.planning.spread import PrePeriodSpread, modelled_spread
from oda.evaluate.words import plural, quantity, sentence

SIZES = (10, 20, 33)  # numbers of districts beside the pilot's own
TIMES = (0.5, 1, 2)  # lengths of the after side beside the pilot's own
POINTS = 61  # of the curve
RATIOS = (0.2, 5.0)  # an effect worth having beyond these is a per cent or a difference written as a ratio


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerPlan:
    """What a pilot of one size and length would detect, and what others would.

    Attributes
    ----------
    spread
        What it rests on.
    n_treated, n_control, power, level
        The design, the probability of detection asked for, and the coverage of the interval that must exclude no
        effect.
    detectable
        Smallest reduction (rise, where one is worth having) detected, at the spread's estimate and at the low and high
        ends of its interval: in per cent on the ratio scale, else in the outcome's unit.
    worthwhile
        The effect worth having, as given: a ratio, or a difference; None where none was given.
    chance
        Probability of detecting it, at the spread's estimate and at the high and low ends of its interval (so the
        lowest probability comes second); None without one.
    needed
        Number of units, half of them treated, that would detect it with the power asked for; None without one, or
        where it would take more than a million.
    curve
        `effect` (as in `detectable`), `power`, `power_low`, `power_high`.
    sizes
        `units`, `treated`, `detectable`; the pilot's own first.
    lengths
        `after` (periods), `sd_change`, `detectable`, by the shocks' autocorrelation.
    """

    spread: PrePeriodSpread
    n_treated: int
    n_control: int
    power: float
    level: float
    detectable: tuple[float, float, float]
    worthwhile: float | None
    chance: tuple[float, float, float] | None
    needed: int | None
    curve: pd.DataFrame
    sizes: pd.DataFrame
    lengths: pd.DataFrame


def plan_power(
    spread: PrePeriodSpread,
    *,
    n_treated: int,
    n_control: int,
    worthwhile: float | None = None,
    power: float = 0.8,
    level: float = 0.95,
) -> PowerPlan:
    """Say what effect a pilot of this size would detect, and how often it would detect one worth having.

    Right if the changes of treated and other units vary alike, and as in the past that `spread` was taken from.

    Parameters
    ----------
    spread
        What `pre_period_spread` returned for the pilot's lengths.
    n_treated, n_control
        Numbers of units with and without treatment.
    worthwhile
        Smallest effect worth having: a ratio such as 0.85 for a reduction of 15 per cent, or a difference.
    power
        Probability of detection, above 1 - level and below 1.
    level
        Coverage of the interval that must exclude no effect.

    Returns
    -------
    PowerPlan
        Per cent on the ratio scale, else the outcome's unit.

    Raises
    ------
    DesignError
        When a group is empty, there are fewer than three units, a share does not lie between its limits, or the effect
        worth having is none.

    Notes
    -----
    Noncentral t with n - 2 degrees of freedom. Lengths other than the pilot's own scale its spread by what shocks and
    autocorrelation say.

    References
    ----------
    Bloom, H. S. (1995). Minimum detectable effects. Evaluation Review, 19(5).

    Examples
    --------
    >>> from oda.evaluate.planning.spread import pre_period_spread
    >>> rng = np.random.default_rng(1)
    >>> rows = [(place, month, rng.poisson(200), 1000) for place in "abcdef" for month in range(36)]
    >>> frame = pd.DataFrame(rows, columns=["place", "month", "falls", "people"])
    >>> names = {"outcome": "falls", "unit": "place", "time": "month", "exposure": "people"}
    >>> plan = plan_power(pre_period_spread(frame, **names, before=12, after=12), n_treated=2, n_control=4)
    >>> round(plan.detectable[0], 1)
    8.3
    """
    check_share(power=power, level=level)
    check_whole(n_treated=n_treated, n_control=n_control)
    if not isinstance(spread, PrePeriodSpread):
        message = f"spread is of type {type(spread).__name__}. Give what pre_period_spread returned, whole."
        raise DesignError(message)
    found = spread.estimate
    spreads = (found.value, found.ci_low, found.ci_high)
    ratio = spread.scale == "ratio"
    sign = (1 if worthwhile is not None and worthwhile > 1 else -1) if ratio else 0

    def detects(sd_change: float, treated: int, control: int) -> float:
        effect = minimum_detectable_effect(sd_change, n_treated=treated, n_control=control, power=power, level=level)
        return _as_read(effect, sign)

    def own(sd_change: float) -> float:
        return detects(sd_change, n_treated, n_control)

    chance, needed = None, None
    if worthwhile is not None:
        effect = _effect(worthwhile, ratio=ratio)
        middle, high, low = (
            detection(effect, sd, n_treated=n_treated, n_control=n_control, level=level) for sd in spreads
        )
        chance, needed = (middle, low, high), _needed(effect, found.value, power, level)
    n_units = n_treated + n_control
    designs = [(n_units, n_treated)]
    designs += [(n_units, treated) for treated in range(1, n_units // 2 + 1) if treated != n_treated]
    designs += [(size, size // 2) for size in SIZES if size > n_units]
    return PowerPlan(
        spread=spread,
        n_treated=n_treated,
        n_control=n_control,
        power=power,
        level=level,
        detectable=(own(spreads[0]), own(spreads[1]), own(spreads[2])),
        worthwhile=worthwhile,
        chance=chance,
        needed=needed,
        curve=_curve(spreads, n_treated, n_control, level, sign),
        sizes=pd.DataFrame(
            [(units, treated, detects(found.value, treated, units - treated)) for units, treated in designs],
            columns=["units", "treated", "detectable"],
        ),
        lengths=pd.DataFrame(
            [(after, sd, own(sd)) for after, sd in _lengths(spread)],
            columns=["after", "sd_change", "detectable"],
        ),
    )


def _as_read(effect: float, sign: int) -> float:
    """Return an effect as it is read: a reduction (-1) or a rise (1) in per cent, or a difference (0)."""
    return sign * 100 * math.expm1(sign * effect) if sign else effect


def _effect(worthwhile: float, *, ratio: bool) -> float:
    """Return the effect worth having on the scale of the test, or refuse it."""
    none = 1.0 if ratio else 0.0
    if not math.isfinite(worthwhile) or worthwhile == none or (ratio and worthwhile <= 0):
        kind = "a ratio above 0 other than 1, such as 0.85 for 15 per cent less" if ratio else "a number other than 0"
        message = f"worthwhile is {worthwhile}. Give {kind}."
        raise DesignError(message)
    if ratio and not RATIOS[0] <= worthwhile <= RATIOS[1]:
        message = (
            f"worthwhile is {worthwhile:g}, a ratio that no pilot reaches. Give 0.85 for 15 per cent less, 1.15 for 15 "
            "per cent more."
        )
        raise DesignError(message)
    return abs(math.log(worthwhile)) if ratio else abs(worthwhile)


def _needed(effect: float, sd_change: float, power: float, level: float) -> int | None:
    """Return the number of units that the effect needs, none where there are never so many."""
    if effect < sd_change / math.sqrt(MOST_UNITS) * 8:
        return None
    return units_needed(effect, sd_change, power=power, level=level)


def _lengths(spread: PrePeriodSpread) -> list[tuple[int, float]]:
    """Return other lengths of the after side with the spread of changes over them."""
    own = modelled_spread(spread, before=spread.before, after=spread.after)
    lengths = sorted({max(1, round(times * spread.after)) for times in TIMES})
    return [
        (after, spread.estimate.value * modelled_spread(spread, before=spread.before, after=after) / own)
        for after in lengths
    ]


def _curve(
    spreads: tuple[float, float, float], n_treated: int, n_control: int, level: float, sign: int
) -> pd.DataFrame:
    """Return the power at effects from none to one that is detected almost always."""
    sure = minimum_detectable_effect(spreads[0], n_treated=n_treated, n_control=n_control, power=0.99, level=level)
    effects = np.linspace(0, sure, POINTS)
    powers = {
        name: [detection(e, sd, n_treated=n_treated, n_control=n_control, level=level) for e in effects]
        for name, sd in zip(("power", "power_high", "power_low"), spreads, strict=True)
    }
    frame = pd.DataFrame({"effect": [_as_read(e, sign) for e in effects], **powers})
    return frame[["effect", "power", "power_low", "power_high"]]


@sentence.register
def _(result: PowerPlan, *, subject: str = "", against: str = "") -> str:
    """Say what the pilot would detect, how often it would detect what is worth having, and what would do better."""
    spread, level = result.spread, f"{result.spread.estimate.level * 100:g}%"
    units = plural(spread.unit)
    middle, low, high = (say_size(size, result) for size in result.detectable)
    said = [
        f"With {result.n_treated} of {result.n_treated + result.n_control} {units} treated, "
        f"{_span(spread.before, spread.period)} before and {_span(spread.after, spread.period)} after, a "
        f"{direction(result)} of {middle} or more would be detected {_times(result.power)} ({low} to {high} over the "
        f"{level} interval of the spread between {units})."
    ]
    if result.chance is not None:
        often, seldom, most = (_times(share) for share in result.chance)
        odds = "find than miss" if result.chance[0] > 0.5 else "miss than find"
        said.append(
            f"{_wanted(result)} would be detected {often} ({seldom} to {most} over that interval), so this pilot would "
            f"more often {odds} it."
        )
        if result.needed is not None and result.chance[0] < result.power:
            said.append(
                f"To detect it {_times(result.power)} would take {result.needed:,} {units}, half of them treated."
            )
    return " ".join([*said, *spread.estimate.cautions[:1]])


def direction(plan: PowerPlan) -> str:
    """Say which way the effect goes that a plan looks for.

    Parameters
    ----------
    plan
        Of `plan_power`.

    Returns
    -------
    str
        `reduction`, `rise`, or `change` on the difference scale.
    """
    if plan.spread.scale == "difference":
        return "change"
    return "rise" if plan.worthwhile is not None and plan.worthwhile > 1 else "reduction"


def say_size(size: float, plan: PowerPlan) -> str:
    """Say the size of an effect that a plan looks for.

    Parameters
    ----------
    size
        In per cent on the ratio scale, else in the outcome's unit.
    plan
        Of `plan_power`.

    Returns
    -------
    str
        Such as `12 per cent`.
    """
    return quantity(size, "") if plan.spread.scale == "difference" else f"{size:.{0 if size >= 9.95 else 1}f} per cent"


def _wanted(result: PowerPlan) -> str:
    """Say the effect worth having."""
    worth = result.worthwhile or 0.0
    size = abs(worth) if result.spread.scale == "difference" else 100 * abs(1 - worth)
    return f"A {direction(result)} of {say_size(size, result)}"


def _times(share: float) -> str:
    """Say a probability as so many times in 100."""
    if 0.005 <= share <= 0.995:
        return f"{100 * share:.0f} times in 100"
    return "less than once in 100" if share < 0.5 else "more than 99 times in 100"


def _span(length: int, period: str) -> str:
    """Say a number of periods."""
    return f"{length} {period}{'' if length == 1 else 's'}"
