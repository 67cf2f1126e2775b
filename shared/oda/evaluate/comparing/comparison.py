"""A comparison of treated and untreated units: the estimate and all that goes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, ratio_limits
from oda.evaluate.comparing.collapse import Sides
from oda.evaluate.comparing.two_way import means_table
from oda.evaluate.inference.collapsed import collapse_fit
from oda.evaluate.inference.intervals import as_estimate, give_interval
from oda.evaluate.inference.microdata import Regression
from oda.evaluate.inference.permutation import RandomisationTest, permute
from oda.evaluate.inference.regression import cr2_error
from oda.evaluate.inference.routing import FEWEST_CLUSTERS, MANY_SIDE, ROUTED_SIDE, Inference, Route, choose_inference

Method = Literal["collapsed", "welch", "cr2", "wild", "crv1"]
CHANGES = "difference-in-differences on one before-and-after change for each of"
NARROW = "the interval is too narrow, the p too small."
NOISIER = 1.5  # times the others' spread before the start; beyond it the pooled t test rejects more than 12 per cent


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A difference-in-differences and the changes it is made of.

    Attributes
    ----------
    estimate
        The average effect on the treated, by the inference that the design can bear.
    other_scale
        The same on the other scale: the difference where `estimate` is a ratio, and the other way round; None where an
        outcome is not positive, or with `treatment`.
    beside
        The same estimate by the methods shown beside it, such as CR2 with two districts treated.
    changes
        One row a unit: `unit`, `treated`, `before`, `after` (mean, or events per unit of exposure), `ratio` (after over
        before; missing where not positive) and `change`, the number that was compared.
    means
        The 2 x 2 table, one row a group and one for their difference: `group`, `units`, `before`, `before_se`, `after`,
        `after_se`, `change`; plain means of units and their standard errors (of rows where these are compared).
    before, after
        First and last period of each side, inclusive.
    left_out
        Number of periods of the roll-in, between the first and the last start, used on neither side.
    sd_change
        Standard deviation of a unit's change about its group, in the unit of `change`; what `power` asks for.
    spread_ratio
        Spread of the treated units' periods before the start over the others'; None where it cannot be had.
    two_way
        With `treatment`: the coefficient of the regression on rows with unit and period effects, to set beside
        published ones; `estimate` may rest on one change a unit instead, and then this has no error of its own.
    """

    estimate: Estimate
    other_scale: Estimate | None
    beside: tuple[Estimate, ...]
    changes: pd.DataFrame
    means: pd.DataFrame
    before: tuple[Any, Any]
    after: tuple[Any, Any]
    left_out: int
    sd_change: float
    spread_ratio: float | None
    two_way: float | None = None


def compare_sides(
    sides: Sides,
    *,
    outcome: str,
    per: str,
    units: str,
    scale: Literal["ratio", "difference"],
    inference: Inference,
    level: float,
) -> Comparison:
    """Compare the collapsed changes of two groups.

    Parameters
    ----------
    sides
        One row a unit.
    outcome, per, units
        What is measured, the unit of a difference, and what the units are called.
    scale, inference, level
        As in `difference_in_differences`.

    Returns
    -------
    Comparison
        The estimate and what it is made of.

    Raises
    ------
    DesignError
        When the design cannot bear the inference asked for, or the changes have no spread.
    """
    before, after, dose, held, weights = sides.before, sides.after, sides.dose, sides.covariates, sides.weight
    positive = bool((before > 0).all() and (after > 0).all())
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((before > 0) & (after > 0), after / before, np.nan)
        change = {"ratio": np.log(ratio), "difference": after - before}
    found = collapse_fit(change[scale], dose, held, weights, name="treated")
    plain = len(np.unique(dose)) == 2 and held.shape[1] == 0 and weights is None
    permuted = permute(change[scale], dose > 0) if plain and worth_permuting(len(dose), found.n_treated) else None
    estimate, beside = infer(found, units=units, inference=inference, level=level, permuted=permuted, plain=plain)
    cautions = (*estimate.cautions, *_cautions(sides, estimate, outcome))
    smallest = _smallest_p(len(dose), found.n_treated) if plain else None
    other: Literal["ratio", "difference"] = "difference" if scale == "ratio" else "ratio"
    turned = None
    if positive:
        turned = _other_scale(change[other], dose, held, weights, units=units, inference=inference, level=level)
    naming: dict[str, Any] = {"outcome": outcome, "per": per, "n_obs": sides.n_obs}
    changes = {"unit": sides.labels, "treated": dose > 0, "before": before, "after": after}
    rest = found.fit.residuals(found.fit.coef)
    return Comparison(
        estimate=scaled(estimate, scale=scale, cautions=cautions, smallest_p=smallest, **naming),
        other_scale=None if turned is None else scaled(turned, scale=other, **naming),
        beside=tuple(scaled(one, scale=scale, **naming) for one in beside),
        changes=pd.DataFrame(changes | {"ratio": ratio, "change": change[scale]}),
        means=means_table([(before[side], after[side]) for side in (dose > 0, dose == 0)]),
        before=sides.spans[0],
        after=sides.spans[1],
        left_out=sides.left_out,
        sd_change=math.sqrt(float(rest @ rest) / (len(rest) - found.fit.n_estimated)),
        spread_ratio=sides.spread_ratio,
    )


def worth_permuting(n: int, n_treated: int) -> bool:
    """Tell whether a permutation p belongs beside the estimate: with few units, or few treated ones.

    Parameters
    ----------
    n, n_treated
        Units, and those treated.

    Returns
    -------
    bool
        Whether it does.
    """
    return n < FEWEST_CLUSTERS or n_treated <= ROUTED_SIDE


def _smallest_p(n: int, n_treated: int) -> float:
    """Return the smallest p that re-assigning the treatment in every way could give; halves have a mirror image."""
    return (2 if 2 * n_treated == n else 1) / math.comb(n, n_treated)


def infer(
    found: Regression,
    *,
    units: str,
    inference: Inference,
    level: float,
    permuted: RandomisationTest | None,
    plain: bool,
    what: str = CHANGES,
) -> tuple[Estimate, tuple[Estimate, ...]]:
    """Give the interval by the method that the design can bear, and those beside it.

    Parameters
    ----------
    found
        The fitted comparison.
    units
        What the units are called.
    inference, level
        As in `difference_in_differences`.
    permuted
        The randomisation test to carry along, if any.
    plain
        Whether there is one dose, no covariate and no weight.
    what
        What was compared, in words that the number of units follows.

    Returns
    -------
    estimate : Estimate
        On the difference scale, without the outcome's name.
    beside : tuple of Estimate
        By the methods shown beside it.

    Raises
    ------
    DesignError
        When the design cannot bear the method asked for.
    """
    route = choose_route(found, units=units, inference=inference, plain=plain)
    options: dict[str, Any] = {"units": units, "level": level, "permuted": permuted, "what": what}
    first, *rest = (give_estimate(found, method, **options) for method in (route.method, *route.beside))
    return replace(first, cautions=route.cautions) if route.cautions else first, tuple(rest)


def choose_route(found: Regression, *, units: str, inference: Inference, plain: bool) -> Route:
    """Choose the inference that a fitted comparison can bear.

    Parameters
    ----------
    found
        The fitted comparison.
    units, inference, plain
        As in `infer`.

    Returns
    -------
    Route
        The method that leads, and those beside it.

    Raises
    ------
    DesignError
        When the design cannot bear the method asked for.
    """
    if inference == "welch" and not plain:
        message = "Unequal spread can be allowed for with one dose, no covariates and no weights. Use 'cr2' instead."
        raise DesignError(message)
    fewest = min(found.n_treated, found.n_control)
    few = found.fit.n_clusters < FEWEST_CLUSTERS or fewest < MANY_SIDE
    df = cr2_error(found.fit)[1] if fewest >= 2 and few and inference == "auto" else None
    return choose_inference(found.n_treated, found.n_control, asked=inference, df_cr2=df, units=units)


def give_estimate(
    found: Regression, method: Method, *, units: str, level: float, permuted: RandomisationTest | None, what: str
) -> Estimate:
    """Give a fitted comparison its interval by one method.

    Parameters
    ----------
    found
        The fitted comparison.
    method
        Of `choose_route`.
    units, level, permuted, what
        As in `infer`.

    Returns
    -------
    Estimate
        On the difference scale, without the outcome's name.
    """
    interval = give_interval(found, method=method, level=level)
    method_words = f"{what} {found.fit.n_clusters} {units} ({found.n_treated} treated), {interval.words}"
    return as_estimate(interval, found, outcome="", unit="", level=level, permuted=permuted, method=method_words)


def _other_scale(
    change: np.ndarray,
    dose: np.ndarray,
    held: np.ndarray,
    weights: np.ndarray | None,
    *,
    units: str,
    inference: Inference,
    level: float,
) -> Estimate | None:
    """Estimate on the other scale, where the changes have a spread there."""
    try:
        found = collapse_fit(change, dose, held, weights, name="treated")
    except DesignError:
        return None
    plain = len(np.unique(dose)) == 2 and held.shape[1] == 0 and weights is None
    route = choose_route(found, units=units, inference=inference, plain=plain)
    one = give_estimate(found, route.method, units=units, level=level, permuted=None, what=CHANGES)
    return replace(one, cautions=route.cautions) if route.cautions else one


def scaled(
    estimate: Estimate,
    *,
    outcome: str,
    per: str,
    scale: Literal["ratio", "difference"],
    **more: Any,  # noqa: ANN401  of any field
) -> Estimate:
    """Name the outcome, and turn a difference of logarithms into a ratio.

    Parameters
    ----------
    estimate
        On the difference scale.
    outcome, per
        What is measured, and the unit of a difference.
    scale
        Of the estimate returned.
    **more
        Other fields to set.

    Returns
    -------
    Estimate
        A ratio or a difference.
    """
    if scale == "difference":
        return replace(estimate, outcome=outcome, unit=per, **more)
    value, low, _ = ratio_limits(estimate.value, estimate.value - estimate.ci_low)
    high = ratio_limits(estimate.value, estimate.ci_high - estimate.value)[2]
    return replace(estimate, outcome=outcome, unit="", scale="ratio", value=value, ci_low=low, ci_high=high, **more)


def _cautions(sides: Sides, estimate: Estimate, outcome: str) -> tuple[str, ...]:
    """Say what in these data changes how the estimate must be read."""
    said = []
    if sides.corrected:
        said.append(
            f"Some side of some unit has no {outcome}: half an event was added on both sides of every unit, so the "
            "ratio leans towards no change."
        )
    ratio, control = sides.spread_ratio, estimate.n_clusters - estimate.n_treated
    pooled = "errors)" not in estimate.method and "unequal" not in estimate.method and estimate.df is not None
    if ratio is not None and pooled:
        if ratio > NOISIER and estimate.n_treated <= max(control, 2):
            said.append(f"Before the start the treated varied {ratio:.1f} times as much as the others: {NARROW}")
        if ratio * NOISIER < 1 and control <= max(estimate.n_treated, 2):
            times = f"{1 / ratio:.1f} times" if ratio > 0 else "many times"
            said.append(f"Before the start the others varied {times} as much as the treated: {NARROW}")
    return tuple(said)
