"""Funnel limits: which areas differ from a target by more than chance, given their size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import special

from oda.errors import DesignError
from oda.evaluate.columns import numbers, take
from oda.evaluate.words import listed, quantity, sentence

Measure = Literal["rate", "ratio", "proportion"]

TAILS = {"95": 0.025, "998": 0.001}  # of each side, by the name that the columns of limits end in
WITHIN = "within the 95% limits"
STATUSES = ("below the 99.8% limit", "below the 95% limit", WITHIN, "above the 95% limit", "above the 99.8% limit")
MULTIPLIERS: dict[Measure, float] = {"rate": 100_000, "ratio": 100, "proportion": 100}
WINSORISED = 0.1  # share of the z-scores pulled in at each end
FEWEST = 3  # areas
FEW_AREAS = 10  # from fewer the spread between areas is little known
FEW_EVENTS = 5  # with fewer expected the limits of a proportion are rough
TOO_MANY = 0.1  # share of areas outside the 99.8 per cent limits beyond which chance alone is no yardstick
CURVE_POINTS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Funnel:
    """Areas against the limits within which chance alone would leave nearly all of them.

    Attributes
    ----------
    areas
        One row an area, in the caller's order: `unit`, `outcome`, `exposure` (as given), `value`, `low_95`, `high_95`,
        `low_998`, `high_998` (in `per`) and `status`, one of five phrases such as `above the 99.8% limit`.
    curve
        The limits to draw: `exposure`, 100 sizes from the smallest area to the largest, and the four limits.
    outcome, per
        What was counted, and the unit of every value, limit and of the target, such as `per 100,000`.
    target
        What the areas are held against.
    share_outside
        Share of the areas outside the 99.8 per cent limits, 0 to 1; chance alone would leave 0.002 there.
    dispersion
        Mean square of the winsorised z-scores, no unit. Near 0.7 when areas differ by chance alone; a large one
        says that they differ by more.
    tau
        Standard deviation between areas by which the limits were widened, on the scale that `method` names; 0 when
        none was found, None when none was asked for.
    method
        In words, for the footnote.
    cautions
        What changes how the funnel must be read, one sentence each.
    """

    areas: pd.DataFrame
    curve: pd.DataFrame
    outcome: str
    per: str
    target: float
    share_outside: float
    dispersion: float
    tau: float | None
    method: str
    cautions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scale:
    """The target as a share or a ratio, and the variance-stabilising scale on which areas are spread."""

    proportion: bool
    target: float  # a proportion, or 1 where exposures are expected events
    tau: float = 0.0

    def transform(self, shares: np.ndarray) -> np.ndarray:
        """Return shares or ratios on the scale on which chance has a standard deviation of 1 / (2 root n)."""
        roots = np.sqrt(shares)
        return np.asarray(np.arcsin(roots) if self.proportion else roots)

    def back(self, scores: np.ndarray) -> np.ndarray:
        """Return scores as shares or ratios."""
        if self.proportion:
            return np.asarray(np.sin(np.clip(scores, 0, math.pi / 2)) ** 2)
        return np.asarray(np.maximum(scores, 0) ** 2)


def funnel_limits(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    exposure: str,
    measure: Measure,
    target: float | None = None,
    multiplier: float | None = None,
    overdispersion: bool = False,
) -> Funnel:
    """Hold the value of each area against the limits that chance sets around a target, given the area's size.

    An area outside its limits differs from the target by more than chance would make it; why, the funnel cannot say:
    people, need, recording and care all differ between areas. The limits hold if events are independent of each
    other and the areas differ by chance alone; `share_outside` and `dispersion` give evidence on that.

    Parameters
    ----------
    data
        Shape (areas, columns), one row an area.
    outcome
        Column of events; not negative.
    unit
        Column that names the area.
    exposure
        Column of the denominator, above zero: the population of a rate or a proportion, the expected events of a
        ratio. For a directly standardised rate give multiplier x events / rate, and leave out areas with fewer than 10
        events, as OHID does.
    measure
        `rate` (events over a population), `ratio` (events over expected events) or `proportion` (of the population;
        at most all of it).
    target
        In the unit of the value; when not given, the areas' own total over total, and for a ratio as many events as
        expected.
    multiplier
        The value is per this many: 100,000 for a rate, 100 for a ratio or a proportion, when not given.
    overdispersion
        Widen the limits by the spread between areas that chance does not explain.

    Returns
    -------
    Funnel
        Areas with limits and status, the curves, and how many areas are outside.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind; a value is missing, negative or infinite; an exposure is zero; an
        area stands twice; there are fewer than 3 areas, no event at all, or more events than people in a proportion;
        or the target, the multiplier or the measure cannot be.

    Notes
    -----
    Without `overdispersion` the rules of England's Office for Health Improvement and Disparities. Rates and ratios:
    exact Poisson, an area being above the upper limit when so many events or more have a probability below 0.025 or
    0.001, the limit interpolated between whole counts. Proportions: target plus or minus z standard errors, which is
    Wilson's interval turned round; rough where fewer than 5 events, or 5 people without, are expected.

    With it, the additive random-effects model: z-scores on the square-root (arcsine for a proportion) scale,
    winsorised at their 10th and 90th centiles so that true outliers do not widen the limits, tau by moments, and
    limits at target plus or minus z times the root of 1 / (4 n) + tau squared. When no tau is found the limits are the
    exact ones. Where no area is an outlier, winsorising understates tau: by a fifth in areas alike in size, by more
    otherwise. From few areas the target and tau are themselves uncertain, and the limits do not show it.

    References
    ----------
    Spiegelhalter, D. J. (2005). Funnel plots for comparing institutional performance. Statistics in Medicine, 24(8).
    Spiegelhalter, D. J. (2005). Handling over-dispersion of performance indicators. Quality and Safety in Health
    Care, 14(5).

    Examples
    --------
    >>> frame = pd.DataFrame({"area": list("abcd"), "falls": [95, 205, 480, 40], "people": [1e4, 2e4, 4e4, 8e3]})
    >>> found = funnel_limits(frame, outcome="falls", unit="area", exposure="people", measure="rate")
    >>> found.areas["status"].tolist()
    ['within the 95% limits', 'within the 95% limits', 'above the 95% limit', 'below the 99.8% limit']
    """
    frame = _take(data, outcome, unit, exposure, measure)
    events, sizes = frame["outcome"].to_numpy(), frame["exposure"].to_numpy()
    times = MULTIPLIERS[measure] if multiplier is None else float(multiplier)
    centre = _find_target(events, sizes, measure, target, times)
    scale = _Scale(proportion=measure == "proportion", target=centre if measure == "proportion" else 1.0)
    expected = sizes if scale.proportion else sizes * centre  # a rate is a ratio to the events that the target expects
    dispersion, tau = _spread(scale, events / expected, expected)
    if overdispersion:
        scale = _Scale(proportion=scale.proportion, target=scale.target, tau=tau)
    per_value = times if scale.proportion else times * centre
    limits = _limits(scale, expected)
    areas = frame.assign(value=events / sizes * times, **{name: ends * per_value for name, ends in limits.items()})
    areas["status"] = _judge(events / expected, limits)
    steps = np.geomspace(sizes.min(), sizes.max(), CURVE_POINTS)
    drawn = _limits(scale, steps if scale.proportion else steps * centre)
    outside = float(areas["status"].isin([STATUSES[0], STATUSES[-1]]).mean())
    used = tau if overdispersion else None
    return Funnel(
        areas=areas,
        curve=pd.DataFrame({"exposure": steps, **{name: ends * per_value for name, ends in drawn.items()}}),
        outcome=outcome,
        per=_say_per(measure, times),
        target=centre * times,
        share_outside=outside,
        dispersion=dispersion,
        tau=used,
        method=_say_method(measure, len(areas), used, given=target is not None),
        cautions=_caution(scale, expected, outside, asked=overdispersion),
    )


def _take(data: pd.DataFrame, outcome: str, unit: str, exposure: str, measure: Measure) -> pd.DataFrame:
    """Return unit, outcome and exposure of every area, or refuse them."""
    if measure not in get_args(Measure):
        message = f"{measure!r} is no measure. Give one of: {', '.join(get_args(Measure))}."
        raise DesignError(message)
    frame = take(data, unit=unit, outcome=outcome, exposure=exposure)
    frame["outcome"] = numbers(frame["outcome"], f"outcome {outcome!r}", low=0)
    frame["exposure"] = numbers(frame["exposure"], f"exposure {exposure!r}", above=0)
    twice = int(frame["unit"].duplicated().sum())
    if twice:
        message = f"{twice} of {len(frame)} rows repeat an area of {unit!r}. Add them up to one row each."
        raise DesignError(message)
    if len(frame) < FEWEST or not frame["outcome"].any():
        some = "some" if frame["outcome"].any() else "no"  # not how many: a small count must not leave that way
        message = f"{len(frame)} areas, {some} events. A funnel needs at least {FEWEST} areas and an event."
        raise DesignError(message)
    over = int((frame["outcome"] > frame["exposure"]).sum()) if measure == "proportion" else 0
    if over:
        message = (
            f"{over} of {len(frame)} areas have a larger {outcome!r} than {exposure!r}, so it is no proportion. "
            "Correct them, or ask for measure='rate'."
        )
        raise DesignError(message)
    return frame


def _find_target(events: np.ndarray, sizes: np.ndarray, measure: Measure, given: float | None, times: float) -> float:
    """Return the target as a share, a ratio or events a head."""
    if not 0 < times < math.inf:
        message = f"The multiplier is {times:g}. Give a number above zero, such as 100,000."
        raise DesignError(message)
    own = 1.0 if measure == "ratio" else math.fsum(events) / math.fsum(sizes)  # exact, whatever the order of rows
    centre = own if given is None else given / times
    if not 0 < centre < (1.0 if measure == "proportion" else math.inf):
        below = ", and below all" if measure == "proportion" else ""
        message = f"The target is {centre * times:g} {_say_per(measure, times)}. Give one above nothing{below}."
        raise DesignError(message)
    return centre


def _spread(scale: _Scale, shares: np.ndarray, sizes: np.ndarray) -> tuple[float, float]:
    """Return the mean square of the winsorised z-scores, and tau by moments."""
    centre = scale.transform(np.array([scale.target]))[0]
    scores = 2 * np.sqrt(sizes) * (scale.transform(shares) - centre)
    scores = np.clip(scores, *np.quantile(scores, [WINSORISED, 1 - WINSORISED]))
    n, weights = len(scores), 4 * sizes
    dispersion = math.fsum(scores**2) / n
    heavy = math.fsum(weights) - math.fsum(weights**2) / math.fsum(weights)
    return dispersion, math.sqrt(max(0.0, (n * dispersion - (n - 1)) / heavy))


def _limits(scale: _Scale, sizes: np.ndarray) -> dict[str, np.ndarray]:
    """Return the four limits as shares or as ratios to the target, by column name."""
    rule = _widened if scale.tau > 0 else _wilson if scale.proportion else _poisson
    ends = {}
    for name, tail in TAILS.items():
        ends[f"low_{name}"], ends[f"high_{name}"] = rule(scale, sizes, tail)
    return {name: ends[name] for name in ("low_95", "high_95", "low_998", "high_998")}


def _poisson(scale: _Scale, expected: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the counts that are just as rare as the tail, over expected; no low limit where none is so rare."""
    low = np.where(np.exp(-expected) < tail, special.pdtrik(tail, expected), 0.0)
    return low / expected, special.gdtrib(1.0, tail, expected) / expected


def _wilson(scale: _Scale, sizes: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the proportions whose Wilson interval ends at the target, kept between none and all."""
    reach = -special.ndtri(tail) * np.sqrt(scale.target * (1 - scale.target) / sizes)
    return np.maximum(scale.target - reach, 0.0), np.minimum(scale.target + reach, 1.0)


def _widened(scale: _Scale, sizes: np.ndarray, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """Return limits that allow for chance and for the spread between areas."""
    reach = -special.ndtri(tail) * np.sqrt(1 / (4 * sizes) + scale.tau**2)
    centre = scale.transform(np.array([scale.target]))
    return scale.back(centre - reach), scale.back(centre + reach)


def _judge(shares: np.ndarray, limits: dict[str, np.ndarray]) -> list[str]:
    """Return each area's status in words."""
    steps = (shares > limits["high_95"]).astype(int) + (shares > limits["high_998"])
    steps -= (shares < limits["low_95"]).astype(int) + (shares < limits["low_998"])
    return [STATUSES[2 + step] for step in steps]


def _say_per(measure: Measure, times: float) -> str:
    """Say the unit of the values."""
    if measure == "ratio":
        return f"observed per {times:,g} expected"
    return "per cent" if measure == "proportion" and times == 100 else f"per {times:,g}"


def _say_method(measure: Measure, n: int, tau: float | None, *, given: bool) -> str:
    """Say how the limits were set."""
    rule = "score limits of a proportion" if measure == "proportion" else "exact Poisson limits"
    if tau:
        scale = "arcsine" if measure == "proportion" else "square-root"
        rule = f"random-effects limits on the {scale} scale, tau {tau:.3g} from winsorised z-scores"
    elif tau is not None:
        rule += ", no spread beyond chance found"
    own = "as many events as expected" if measure == "ratio" else "the average of the areas"
    return f"funnel of {n} areas around {'a given target' if given else own}, {rule}, 95% and 99.8%"


def _caution(scale: _Scale, sizes: np.ndarray, outside: float, *, asked: bool) -> tuple[str, ...]:
    """Return what changes how the funnel must be read."""
    n = len(sizes)
    said = []
    if outside > TOO_MANY:
        advice = "Look for what the areas differ in" if asked else "Widen the limits for the spread between areas"
        advice += " before calling any one of them unusual."
        if n < FEW_AREAS:
            advice = f"With {n} areas, one that stands out cannot be told from a spread between all."
        said.append(
            f"{outside * n:.0f} of {n} areas ({outside * 100:.0f} per cent) are outside the 99.8% limits, where chance "
            f"alone would put 1 in 500: the areas differ by more than chance. {advice}"
        )
    if asked and n < FEW_AREAS:
        said.append(f"The spread between areas comes from {n} areas, too few to know it well.")
    rare = np.minimum(scale.target, 1 - scale.target) * sizes < FEW_EVENTS
    if scale.proportion and rare.any():
        said.append(
            f"In {int(rare.sum())} of {n} areas fewer than {FEW_EVENTS} are expected with or without the outcome, so "
            "their limits are rough."
        )
    return tuple(said)


@sentence.register
def _(result: Funnel, *, subject: str = "", against: str = "") -> str:
    """Say how many areas are outside the limits."""
    n, said = len(result.areas), subject or result.outcome
    (high, above), (low, below) = (_outside(result, place) for place in (-1, 0))
    target = f"{against or 'the target of'} {quantity(result.target, '')} {result.per}".replace(" per cent", "%")
    chance = "about one" if round(n / 500) == 1 else f"about {n / 500:.0f}" if n >= 250 else "fewer than one"
    wide = ", widened for the spread between areas," if result.tau else ""
    said = (
        f"{said[:1].upper()}{said[1:]}: {high} of {n} areas{above} are above, and {low}{below} below, the 99.8% limits"
        f"{wide} around {target}; by chance alone {chance} would be outside."
    )
    return " ".join([said, *result.cautions[:1]])


def _outside(result: Funnel, place: int) -> tuple[int, str]:
    """Return how many areas have the status, and their names in brackets, the farthest first."""
    there = result.areas[result.areas["status"] == STATUSES[place]]
    far = (there["value"] - result.target).abs() * there["exposure"] ** 0.5
    names = there["unit"][far.sort_values(ascending=False, kind="stable").index].astype(str).tolist()
    return len(there), f" ({listed(names)})" if names else ""
