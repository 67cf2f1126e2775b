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
from oda.evaluate.routing import FEWEST_CLUSTERS, MANY_SIDE, ROUTED_SIDE, Inference, Route, choose_inference
from oda.evaluate.two_way import Cells, means_table

Method = Literal["collapsed", "welch", "cr2", "wild", "crv1"]
CHANGES = "difference-in-differences on one before-and-after change for each of"
ALONG = "difference-in-differences on one change along the treatment for each of"
WHOLE = ("collapsed", "welch")  # methods that rest on one change a unit
AGREED = 1e-9  # estimates that differ by less differ by rounding alone
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
    smallest = _smallest_p(len(dose), found.n_treated) if plain else None
    estimate = replace(estimate, n_obs=sides.n_obs, cautions=cautions, smallest_p=smallest)
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
    route = _choose(found, units=units, inference=inference, plain=plain)
    options: dict[str, Any] = {"units": units, "level": level, "permuted": permuted, "what": what}
    first, *rest = (_give(found, method, **options) for method in (route.method, *route.beside))
    return replace(first, cautions=(*route.cautions, *first.cautions)), tuple(rest)


def _choose(found: Regression, *, units: str, inference: Inference, plain: bool) -> Route:
    """Choose the inference that a fitted comparison can bear."""
    if inference == "welch" and not plain:
        message = "Unequal spread can be allowed for with one dose, no covariates and no weights. Use 'cr2' instead."
        raise DesignError(message)
    fewest = min(found.n_treated, found.n_control)
    few = found.fit.n_clusters < FEWEST_CLUSTERS or fewest < MANY_SIDE
    df = cr2_error(found.fit)[1] if fewest >= 2 and few and inference == "auto" else None
    return choose_inference(found.n_treated, found.n_control, asked=inference, df_cr2=df, units=units)


def _give(
    found: Regression, method: Method, *, units: str, level: float, permuted: RandomisationTest | None, what: str
) -> Estimate:
    """Give a fitted comparison its interval by one method."""
    interval = give_interval(found, method=method, level=level)
    one = as_estimate(interval, found, outcome="", unit="", level=level, permuted=permuted, what="")
    said = f"{what} {found.fit.n_clusters} {units} ({found.n_treated} treated)"
    return replace(one, method=f"{said}, {interval.words}")


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
    route = _choose(found, units=units, inference=inference, plain=plain)
    one = _give(found, route.method, units=units, level=level, permuted=None, what=CHANGES)
    return replace(one, cautions=(*route.cautions, *one.cautions))


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
    ratio, control = sides.spread_ratio, estimate.n_clusters - estimate.n_treated
    pooled = "errors)" not in estimate.method and "unequal" not in estimate.method and estimate.df is not None
    if ratio is not None and pooled:
        if ratio > NOISIER and estimate.n_treated <= max(control, 2):
            said.append(f"Before the start the treated varied {ratio:.1f} times as much as the others: {NARROW}")
        if ratio * NOISIER < 1 and control <= max(estimate.n_treated, 2):
            times = f"{1 / ratio:.1f} times" if ratio > 0 else "many times"
            said.append(f"Before the start the others varied {times} as much as the treated: {NARROW}")
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
    first, rest, cautions = _infer_cells(cells, units=units, inference=inference, level=level)
    naming: dict[str, Any] = {"outcome": outcome, "per": cells.per, "scale": scale}
    n_obs = cells.regression.n_obs
    return Comparison(
        estimate=scaled(replace(first, n_obs=n_obs, cautions=(*cautions, *first.cautions, *cells.cautions)), **naming),
        other_scale=None,
        beside=tuple(scaled(replace(one, n_obs=n_obs), **naming) for one in rest),
        changes=cells.changes,
        means=cells.means,
        before=cells.before,
        after=cells.after,
        left_out=0,
        sd_change=_sd_change(cells),
        spread_ratio=None,
    )


def _infer_cells(
    cells: Cells, *, units: str, inference: Inference, level: float
) -> tuple[Estimate, list[Estimate], tuple[str, ...]]:
    """Choose the inference; collapsed tests rest on one change a cluster, never on rows."""
    few, rows = cells.few, cells.regression
    if few is None and (inference in ("collapsed", "welch") or min(rows.n_treated, rows.n_control) == 1):
        message = (
            f"{rows.n_treated} of {rows.fit.n_clusters} {units} are treated, and no one change stands for each: the "
            "treated differ in when or how much, or one has no row in some period. Leave out whole periods; where "
            "starts differ see staggered_adoption; with two or more on either side use inference='cr2'."
        )
        raise DesignError(message)
    chosen = rows if few is None or min(rows.n_treated, rows.n_control) >= ROUTED_SIDE else few
    route = _choose(chosen, units=units, inference=inference, plain=cells.plain)
    if few is None:
        route = _by_rows(route, rows, units)
    permuted = None
    if few is not None and cells.plain and _worth_permuting(few.fit.n_clusters, few.n_treated):
        permuted = permute(cells.changes["change"].to_numpy(), cells.changes["treated"].to_numpy())
    made = []
    for method in (route.method, *route.beside):
        found = few if few is not None and (method in WHOLE or route.method in WHOLE) else rows
        same = few is not None and math.isclose(found.fit.coef, few.fit.coef, rel_tol=AGREED, abs_tol=AGREED)
        what = ALONG if len(found.fit.term) == found.fit.n_clusters else "two-way fixed effects over"
        own = permuted if same else None
        made.append(_give(found, method, units=units, level=level, permuted=own, what=what))
    return made[0], made[1:], route.cautions


def _by_rows(route: Route, rows: Regression, units: str) -> Route:
    """Leave collapsed tests, which rows cannot bear, out of a route; CR2 leads instead."""
    if route.method not in WHOLE:
        return replace(route, beside=())
    said = (
        f"CR2 has {cr2_error(rows.fit)[1]:.1f} degrees of freedom with these {units}: a true effect is easily missed."
    )
    return Route(method="cr2", beside=(), cautions=(*route.cautions, said))


def _sd_change(cells: Cells) -> float:
    """Return the standard deviation of a cluster's change about its group."""
    if cells.few is not None:
        rest = cells.few.fit.residuals(cells.few.fit.coef)
        return math.sqrt(float(rest @ rest) / (len(rest) - cells.few.fit.n_estimated))
    seen = cells.changes.dropna(subset="change")
    around = (seen["change"] - seen.groupby("treated")["change"].transform("mean")).to_numpy()
    return math.sqrt(float(around @ around) / max(len(around) - 2, 1))
