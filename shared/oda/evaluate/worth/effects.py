"""From a measured effect to units a year, and its uncertainty as draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from oda.errors import DesignError
from oda.estimate import Estimate
from oda.evaluate.distributions import normal_quantile, t_quantile

FARTHEST = 300.0  # of the logarithm of a ratio; a draw beyond it is held there, so that sums stay numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitChange:
    """A measured effect and the number of units a year that it bears on.

    Attributes
    ----------
    estimate
        The effect: a ratio or a difference, with its interval.
    units
        For a ratio, outcomes a year that are expected without the pilot where it is to run, such as admissions. For a
        difference, what it is multiplied by to give outcomes a year, such as hundreds of thousands of people.
    better
        Whether `fewer` or `more` outcomes are the benefit.
    counted
        For a ratio, whether `units` are the outcomes that were counted with the pilot in place instead: these are
        known, and what is expected without it is drawn with the effect.
    """

    estimate: Estimate
    units: float
    better: Literal["fewer", "more"] = "fewer"
    counted: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no effect, and units that are no positive number."""
        if self.estimate.scale not in ("ratio", "difference"):
            message = f"The estimate of {self.estimate.outcome} is a {self.estimate.scale}. Give a ratio or difference."
            raise DesignError(message)
        if not 0 < self.units < math.inf or self.better not in ("fewer", "more"):
            message = f"{self.units:g} units, {self.better!r} is better. Give units above 0, and 'fewer' or 'more'."
            raise DesignError(message)
        if self.estimate.scale == "ratio" and not self.estimate.ci_low > 0:
            message = f"The ratio's interval begins at {self.estimate.ci_low:g}. Give one that is above 0."
            raise DesignError(message)


def benefit_units(change: UnitChange, effect: np.ndarray) -> np.ndarray:
    """Return the units a year that an effect brings, above 0 for a benefit.

    Parameters
    ----------
    change
        The effect and what it bears on.
    effect
        Shape (n,): the effect itself, or draws of it.

    Returns
    -------
    ndarray
        Shape (n,): outcomes a year avoided, or gained.
    """
    moved = change.units * (effect - (1.0 if change.estimate.scale == "ratio" else 0.0))
    if change.counted and change.estimate.scale == "ratio":
        moved = moved / effect
    return -moved if change.better == "fewer" else moved


def draw_units(changes: Mapping[str, UnitChange], *, draws: int, seed: int) -> dict[str, np.ndarray]:
    """Return draws of the units a year that each effect brings.

    Changes that rest on the same estimate move together; different estimates are drawn apart.

    Parameters
    ----------
    changes
        Effects by name.
    draws
        How many.
    seed
        Of the random numbers.

    Returns
    -------
    dict
        By name, shape (draws,): outcomes a year avoided, or gained.

    Notes
    -----
    Each draw is the estimate plus a random step, on the log scale for a ratio. The step is t with the estimate's own
    degrees of freedom (normal where it has none), scaled on each side so that the draws hold the estimate's own
    interval, however that was made. Draws are stratified: the steps of one effect are the middles of as many equal
    shares of their distribution, in random order (a Latin hypercube), so that chance does not move their percentiles.
    """
    rng = np.random.default_rng(seed)
    distinct = {change.estimate for change in changes.values()}
    drawn = {estimate: _draw(estimate, rng, draws) for estimate in sorted(distinct, key=_place)}
    return {name: benefit_units(change, drawn[change.estimate]) for name, change in changes.items()}


def _place(estimate: Estimate) -> tuple[object, ...]:
    """Return what orders estimates by their numbers, so that names and rows do not change the draws."""
    return estimate.value, estimate.ci_low, estimate.ci_high, estimate.level, estimate.scale, estimate.outcome


def _draw(estimate: Estimate, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Return draws of one effect."""
    df, ratio = estimate.df, estimate.scale == "ratio"
    shares = (rng.permutation(draws) + 0.5) / draws
    steps = normal_quantile(shares) if df is None else t_quantile(shares, df)
    share = (1 + estimate.level) / 2
    reach = float(normal_quantile(share) if df is None else t_quantile(share, df))
    ends = np.array([estimate.ci_low, estimate.value, estimate.ci_high])
    low, middle, high = np.log(ends) if ratio else ends
    effect: np.ndarray = middle + steps * np.where(steps < 0, middle - low, high - middle) / reach
    return np.exp(np.clip(effect, -FARTHEST, FARTHEST)) if ratio else effect
