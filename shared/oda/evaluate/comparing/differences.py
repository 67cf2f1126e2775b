"""Difference-in-differences that stays honest with few districts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.columns import check_lists, numbers, take
from oda.evaluate.comparing.collapse import check_scale, collapse
from oda.evaluate.comparing.comparison import (
    Comparison,
    choose_route,
    compare_sides,
    give_estimate,
    scaled,
    worth_permuting,
)
from oda.evaluate.comparing.two_way import Cells, fit_cells
from oda.evaluate.inference.microdata import Regression
from oda.evaluate.inference.permutation import permute
from oda.evaluate.inference.regression import cr2_error
from oda.evaluate.inference.routing import ROUTED_SIDE, Inference, Route
from oda.evaluate.words import plural, sentence

ALONG = "difference-in-differences on one change along the treatment for each of"
ROWS = "difference-in-differences on rows as they are, by two-way fixed effects, over"
WHOLE = ("collapsed", "welch")  # methods that rest on one change a unit
AGREED = 1e-9  # estimates that differ by less differ by rounding alone


def difference_in_differences(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str | None = None,
    cohort: str | None = None,
    treated: str | None = None,
    post: str | None = None,
    treatment: str | None = None,
    cluster: str | None = None,
    exposure: str | None = None,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    scale: Literal["ratio", "difference"] | None = None,
    inference: Inference = "auto",
    level: float = 0.95,
) -> Comparison:
    """Estimate the ATT of units treated from some date on against those that were not, after against before.

    The treatment is given in one of three ways: `cohort` with `time`; `treated` with `post`; or `treatment`, a share of
    each period from 0 to 1, which may change over time. In the first two every unit is collapsed to one change, so that
    neither serial correlation nor shocks beyond Poisson can narrow the interval, and the periods between the first and
    the last start are left out. In the third, units and periods have fixed effects.

    Identified if, without treatment, both groups would have changed alike: in proportion on the ratio scale, by the
    same amount on the difference scale. `event_study`, `placebo_in_time` and `leave_one_out` give evidence on it.

    Parameters
    ----------
    data
        Shape (rows, columns); one row for every unit in every period, but with `treatment` or without `time`, where a
        unit may have any number of rows.
    outcome
        Column of counts, rates or amounts.
    unit
        Column that names the unit of assignment, such as the district.
    time
        Column of pandas periods, or of whole numbers such as years.
    cohort
        Column of the unit's first treated period, in the form of `time`; missing for a unit never treated.
    treated
        Column by unit: 0 for never, 1 for ever treated, or a dose.
    post
        Column of 0 and 1: whether the row is after the start.
    treatment
        Column of the share of the row's period under treatment, from 0 to 1, or a dose.
    cluster
        Column of the level at which the treatment was assigned, where it is not `unit`: with `treatment`; or with
        `treated` and `post`, where rows are then compared as they are (a repeated cross-section), with effects of
        `time` where it is given, else of `post`.
    exposure
        Column of the denominator of counts, such as the population; its logarithm is the offset of the log rate.
    covariates
        Columns of numbers; one that never changes within a unit enters as it is, any other by its change.
    weights
        Column of positive numbers; means of rows and the comparison of units are weighted.
    scale
        `ratio` or `difference`; by default a ratio with `exposure`, else a difference.
    inference
        `auto`, chosen by the numbers of units on each side; or `collapsed`, `welch`, `cr2`, `wild`, `crv1`.
    level
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    Comparison
        Estimate (a ratio; or a difference in units of the outcome, per unit of exposure if there is one; per unit of
        dose if there is one) and the change of each unit.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind; a value is missing or infinite; a unit has no row or two for a
        period, two starts, or one side only; there is no treated or no comparison unit, fewer than three units, or no
        period before or after; a ratio is asked of amounts that add up to nothing, or of counts with no event in any
        unit on one side; the changes have no spread; a lone treated or comparison unit has no one change (with
        `treatment`, a row is missing); or the design cannot bear the inference asked for.

    Notes
    -----
    The inference is chosen by `choose_inference`: with 1 or 2 units on a side the pooled t test of collapsed changes
    with G - 2 degrees of freedom; with 3 and more CR2 with Satterthwaite's degrees of freedom, the same on collapsed
    changes as on a balanced panel; with 30 units, 10 on each side, CRV1 with t(G - 1). The pooled test rejects too
    often when the treated units are noisier than the others, as small districts are: 22 per cent at twice the spread;
    `spread_ratio` says so. The permutation p counts the actual assignment and ties. Where some side of some unit has no
    event, half an event is added on both sides of every unit and a caution says so; no unit is dropped.

    References
    ----------
    Donald, S. G. and Lang, K. (2007). Inference with difference-in-differences and other panel data. Review of
    Economics and Statistics, 89(2). Pustejovsky, J. E. and Tipton, E. (2018). Small-sample methods for cluster-robust
    variance estimation and hypothesis testing in fixed effects models. Journal of Business and Economic Statistics,
    36(4). Haldane, J. B. S. (1956). The estimation and significance of the logarithm of a ratio of frequencies. Annals
    of Human Genetics, 20(4).

    Examples
    --------
    >>> months = pd.period_range("2024-01", "2024-04", freq="M")
    >>> after = {"a": 80, "b": 101, "c": 99}
    >>> rows = [(unit, month, after[unit] if i > 1 else 100) for unit in after for i, month in enumerate(months)]
    >>> frame = pd.DataFrame(rows, columns=["unit", "time", "rate"])
    >>> frame["cohort"] = pd.Series(pd.Period("2024-03", freq="M"), index=frame.index).where(frame["unit"] == "a")
    >>> names = {"outcome": "rate", "unit": "unit", "time": "time", "cohort": "cohort"}
    >>> round(difference_in_differences(frame, **names, scale="ratio").estimate.value, 3)
    0.8
    """
    check_share(level=level)
    ways = [cohort is not None, treated is not None or post is not None, treatment is not None]
    whole = (cohort is None or time is not None) and (treated is None) == (post is None)
    if sum(ways) != 1 or not whole or (cluster is not None and cohort is not None) or (treatment and time is None):
        message = (
            f"{sum(ways)} descriptions of the treatment. Give one: `cohort` with `time`, `treated` with `post`, or "
            "`treatment` with `time`; and `cluster`, where that is not the unit, with the last two only."
        )
        raise DesignError(message)
    scale = scale or ("ratio" if exposure else "difference")
    check_scale(scale)
    check_lists(covariates=covariates)
    options: dict[str, Any] = {
        "outcome": outcome,
        "exposure": exposure,
        "covariates": covariates,
        "weights": weights,
        "scale": scale,
    }
    dose, part = treated or treatment, treatment is not None
    if treatment is not None or cluster is not None:
        if treatment is None:
            data, treatment = _with_treatment(data, treated=str(treated), post=str(post))
            time = time or post
        cells = fit_cells(
            data,
            **options,
            unit=unit,
            time=str(time),
            treatment=treatment,
            treated=treated,
            cluster=cluster or unit,
            exact=inference in ("cr2", "wild"),
        )
        words = plural(cluster or unit)
        found = _compare_cells(cells, outcome=outcome, units=words, scale=scale, inference=inference, level=level)
        return found if dose is None else _per_dose(found, data[dose], part=part)
    sides = collapse(data, **options, unit=unit, time=time, cohort=cohort, treated=treated, post=post)
    per = outcome if exposure is None else f"{outcome} per {exposure}"
    words = plural(unit)
    found = compare_sides(sides, outcome=outcome, per=per, units=words, scale=scale, inference=inference, level=level)
    return found if dose is None else _per_dose(found, data[dose], part=part)


def _per_dose(found: Comparison, dose: pd.Series, *, part: bool) -> Comparison:
    """Say for how much treatment an effect is, where the dose takes other values than 0 and 1."""
    values = dose.to_numpy(dtype=float)
    if np.isin(values, (0, 1)).all():
        return found
    share = part and values.max() == 1  # some rows are treated throughout, others for a part of the time
    words = "for a whole period of treatment" if share else f"per unit of {dose.name}"
    caution = () if share else (f"The ratio is {words}, which goes up to {values.max():g}.",)

    def put(one: Estimate) -> Estimate:
        method = f"{one.method}, {words}"
        if one.scale == "ratio":
            return replace(one, method=method, cautions=(*one.cautions, *caution))
        return replace(one, method=method, unit=f"{one.unit} {words}")

    other = None if found.other_scale is None else put(found.other_scale)
    return replace(found, estimate=put(found.estimate), other_scale=other, beside=tuple(map(put, found.beside)))


def _with_treatment(data: pd.DataFrame, *, treated: str, post: str) -> tuple[pd.DataFrame, str]:
    """Return the data with the treatment of each row, and its column: the dose after the start."""
    flags = take(data, treated=treated, post=post)
    dose, after = numbers(flags["treated"], treated, low=0), numbers(flags["post"], post)
    if not np.isin(after, (0, 1)).all():
        message = f"{post!r} holds other values than 0 and 1. Give 1 after the start; see `treatment` for shares."
        raise DesignError(message)
    name = f"{treated} x {post}"
    return data.assign(**{name: dose * after, post: after.astype(int)}), name


def _compare_cells(
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
        estimate=scaled(replace(first, n_obs=n_obs, cautions=(*cells.cautions, *cautions, *first.cautions)), **naming),
        other_scale=None,
        beside=tuple(scaled(replace(one, n_obs=n_obs), **naming) for one in rest),
        changes=cells.changes,
        means=cells.means,
        before=cells.before,
        after=cells.after,
        left_out=0,
        sd_change=_sd_change(cells),
        spread_ratio=None,
        two_way=cells.regression.fit.coef,
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
    route = choose_route(chosen, units=units, inference=inference, plain=cells.plain)
    if few is None:
        route = _by_rows(route, rows, units)
    permuted = None
    if few is not None and cells.plain and worth_permuting(few.fit.n_clusters, few.n_treated):
        permuted = permute(cells.changes["change"].to_numpy(), cells.changes["treated"].to_numpy())
    made = []
    for method in (route.method, *route.beside):
        found = few if few is not None and (method in WHOLE or route.method in WHOLE) else rows
        same = few is not None and math.isclose(found.fit.coef, few.fit.coef, rel_tol=AGREED, abs_tol=AGREED)
        what = ALONG if few is not None and len(found.fit.term) == found.fit.n_clusters else _say_rows(cells)
        own = permuted if same else None
        made.append(give_estimate(found, method, units=units, level=level, permuted=own, what=what))
    return made[0], made[1:], route.cautions


def _say_rows(cells: Cells) -> str:
    """Say how rows are compared: as they are, where some cluster is seen on one side only."""
    whole = cells.changes[["before", "after"]].notna().all(axis=None)
    return "two-way fixed effects over" if whole else ROWS


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


@sentence.register
def _(result: Comparison, *, subject: str = "", against: str = "") -> str:
    """Say the effect by its headline estimate, then all its cautions."""
    said = sentence(result.estimate, subject=subject, against=against)
    return " ".join([said, *result.estimate.cautions])
