"""A comparison of treated and untreated units: the estimate and all that goes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.collapse import Sides
from oda.evaluate.collapsed import collapse_fit
from oda.evaluate.estimate import Estimate, ratio_limits
from oda.evaluate.inference import as_estimate, give_interval
from oda.evaluate.microdata import Regression
from oda.evaluate.permutation import RandomisationTest, permute
from oda.evaluate.regression import cr2_error
from oda.evaluate.routing import FEWEST_CLUSTERS, MANY_SIDE, ROUTED_SIDE, Inference, choose_inference
from oda.evaluate.two_way import Cells, means_table

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
    """Compare the collapsed changes of two groups."""
    before, after, dose, held, weights = sides.before, sides.after, sides.dose, sides.covariates, sides.weight
    positive = bool((before > 0).all() and (after > 0).all())
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((before > 0) & (after > 0), after / before, np.nan)
        change = {"ratio": np.log(ratio), "difference": after - before}
    found = collapse_fit(change[scale], dose, held, weights, name="treated")
    plain = len(np.unique(dose)) == 2 and held.shape[1] == 0 and weights is None
    permuted = permute(change[scale], dose > 0) if plain and _worth_permuting(len(dose), found.n_treated) else None
    estimate, beside = infer(found, units=units, inference=inference, level=level, permuted=permuted, plain=plain)
    cautions = (*estimate.cautions, *_cautions(sides, estimate, outcome))
    estimate = replace(estimate, n_obs=sides.n_obs, cautions=cautions)
    other: Literal["ratio", "difference"] = "difference" if scale == "ratio" else "ratio"
    turned = None
    if positive:
        turned = _other_scale(change[other], dose, held, weights, units=units, inference=inference, level=level)
    naming: dict[str, Any] = {"outcome": outcome, "per": per}
    changes = {"unit": sides.labels, "treated": dose > 0, "before": before, "after": after}
    rest = found.fit.residuals(found.fit.coef)
    return Comparison(
        estimate=scaled(estimate, scale=scale, **naming),
        other_scale=None if turned is None else scaled(replace(turned, n_obs=sides.n_obs), scale=other, **naming),
        beside=tuple(scaled(replace(one, n_obs=sides.n_obs), scale=scale, **naming) for one in beside),
        changes=pd.DataFrame(changes | {"ratio": ratio, "change": change[scale]}),
        means=means_table([(before[side], after[side]) for side in (dose > 0, dose == 0)]),
        before=sides.spans[0],
        after=sides.spans[1],
        left_out=sides.left_out,
        sd_change=math.sqrt(float(rest @ rest) / (len(rest) - found.fit.n_estimated)),
        spread_ratio=sides.spread_ratio,
    )


def _worth_permuting(n: int, n_treated: int) -> bool:
    """Tell whether a permutation p belongs beside the estimate: with few units, or few treated ones."""
    return n < FEWEST_CLUSTERS or n_treated <= ROUTED_SIDE


def infer(
    found: Regression,
    *,
    units: str,
    inference: Inference,
    level: float,
    permuted: RandomisationTest | None,
    plain: bool,
    what: str = "difference-in-differences on one before-and-after change for each of",
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
    if inference == "welch" and not plain:
        message = "Unequal spread can be allowed for with one dose, no covariates and no weights. Use 'cr2' instead."
        raise DesignError(message)
    fewest = min(found.n_treated, found.n_control)
    few = found.fit.n_clusters < FEWEST_CLUSTERS or fewest < MANY_SIDE
    df = cr2_error(found.fit)[1] if fewest >= 2 and few and inference == "auto" else None
    route = choose_inference(found.n_treated, found.n_control, asked=inference, df_cr2=df, units=units)
    n = found.fit.n_clusters
    said = f"{what} {n} {units} ({found.n_treated} treated)"
    made = []
    for method in (route.method, *route.beside):
        interval = give_interval(found, method=method, level=level)
        one = as_estimate(interval, found, outcome="", unit="", level=level, permuted=permuted, what="")
        made.append(replace(one, method=f"{said}, {interval.words}"))
    first = replace(made[0], cautions=(*route.cautions, *made[0].cautions))
    return first, tuple(made[1:])


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
    return infer(found, units=units, inference=inference, level=level, permuted=None, plain=plain)[0]


def scaled(estimate: Estimate, *, outcome: str, per: str, scale: Literal["ratio", "difference"]) -> Estimate:
    """Name the outcome, and turn a difference of logarithms into a ratio.

    Parameters
    ----------
    estimate
        On the difference scale.
    outcome, per
        What is measured, and the unit of a difference.
    scale
        Of the estimate returned.

    Returns
    -------
    Estimate
        A ratio or a difference.
    """
    if scale == "difference":
        return replace(estimate, outcome=outcome, unit=per)
    value, low, _ = ratio_limits(estimate.value, estimate.value - estimate.ci_low)
    high = ratio_limits(estimate.value, estimate.ci_high - estimate.value)[2]
    return replace(estimate, outcome=outcome, unit="", scale="ratio", value=value, ci_low=low, ci_high=high)


def _cautions(sides: Sides, estimate: Estimate, outcome: str) -> tuple[str, ...]:
    """Say what in these data changes how the estimate must be read."""
    said = []
    if sides.corrected:
        said.append(
            f"Some side of some unit has no {outcome}: half an event was added on both sides of every unit, so the "
            "ratio leans towards no change."
        )
    ratio = sides.spread_ratio
    pooled = estimate.df is not None and estimate.df == round(estimate.df)
    if ratio is not None and ratio > NOISIER and pooled and min(estimate.n_treated, estimate.n_clusters) <= 2:
        said.append(
            f"Before the start the treated varied {ratio:.1f} times as much as the others: the interval is too narrow."
        )
    return tuple(said)


def compare_cells(
    cells: Cells,
    *,
    outcome: str,
    units: str,
    scale: Literal["ratio", "difference"],
    inference: Inference,
    level: float,
) -> Comparison:
    """Give the effect of a treatment that may change over time its interval, by cluster or on one change a cluster."""
    found = cells.few if cells.few is not None and inference in ("auto", "collapsed", "welch") else cells.regression
    plain = cells.few is not None
    if found is cells.few and inference == "auto" and min(found.n_treated, found.n_control) >= ROUTED_SIDE:
        found = cells.regression
    if found is cells.regression and inference in ("collapsed", "welch"):
        message = (
            "The treated units' treatment differs over time, so no one change stands for each. Use inference='cr2', or "
            "`cohort` with a common start."
        )
        raise DesignError(message)
    permuted = None
    if found is cells.few:
        what = "difference-in-differences on one change along the treatment for each of"
        if _worth_permuting(found.fit.n_clusters, found.n_treated):
            permuted = permute(cells.changes["change"].to_numpy(), cells.changes["treated"].to_numpy())
    else:
        what = "two-way fixed effects over"
    estimate, beside = infer(
        found, units=units, inference=inference, level=level, permuted=permuted, plain=plain, what=what
    )
    estimate = replace(estimate, cautions=(*estimate.cautions, *cells.cautions))
    naming: dict[str, Any] = {"outcome": outcome, "per": cells.per, "scale": scale}
    rest = found.fit.residuals(found.fit.coef)
    return Comparison(
        estimate=scaled(replace(estimate, n_obs=cells.regression.n_obs), **naming),
        other_scale=None,
        beside=tuple(scaled(replace(one, n_obs=cells.regression.n_obs), **naming) for one in beside),
        changes=cells.changes,
        means=cells.means,
        before=cells.before,
        after=cells.after,
        left_out=0,
        sd_change=math.sqrt(float(rest @ rest) / (len(rest) - found.fit.n_estimated)),
        spread_ratio=None,
    )
