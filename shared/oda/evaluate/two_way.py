"""Two-way fixed effects for a treatment that may change over time, and the one change a cluster that few can bear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.collapsed import collapse_fit
from oda.evaluate.columns import numbers, ordinals, take
from oda.evaluate.microdata import Regression, regress
from oda.evaluate.routing import FEWEST_CLUSTERS, MANY_SIDE

SAME = 1e-9  # shares of treatment that differ by less are the same


@dataclass(frozen=True, kw_only=True, slots=True)
class Cells:
    """A fitted two-way regression, and the same data as one change a cluster where the treatment has one shape.

    Attributes
    ----------
    regression
        Outcome on treatment, covariates, unit and period effects.
    few
        One change a cluster along the treatment's shape over time, compared between treated clusters and the rest;
        None where the treated differ in it, or a cluster has no row in some period.
    changes
        One row a cluster: `unit`, `treated`, `before`, `after` (means of the rows before and from the first treatment
        anywhere), `ratio`, `change`.
    means
        The 2 x 2 table of rows, as `Comparison.means`.
    before, after
        First and last period of each side, in the caller's form.
    per
        Unit of the difference.
    cautions
        Such as that starts differ.
    """

    regression: Regression
    few: Regression | None
    changes: pd.DataFrame
    means: pd.DataFrame
    before: tuple[Any, Any]
    after: tuple[Any, Any]
    per: str
    cautions: tuple[str, ...]


def fit_cells(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treatment: str,
    treated: str | None,
    cluster: str,
    exposure: str | None,
    covariates: Sequence[str],
    weights: str | None,
    scale: Literal["ratio", "difference"],
    exact: bool,
) -> Cells:
    """Fit the two-way regression, and one change a cluster where that can stand for it.

    Parameters
    ----------
    data
        Shape (rows, columns); any number of rows a unit and period.
    outcome, unit, time, treatment, cluster, exposure, covariates, weights
        Columns, as in `difference_in_differences`.
    scale
        Of the outcome: its logarithm for a ratio.
    treated
        Column of who is ever treated, where clusters may be seen on one side only; else it is read off `treatment`.
    exact
        Whether CR2 or the bootstrap was asked for, which need every effect as a column.

    Returns
    -------
    Cells
        The fits.

    Raises
    ------
    DesignError
        When no cluster is treated or all are at some time; or the regression cannot be fitted.
    """
    named = {f"covariate{place}": name for place, name in enumerate(covariates)}
    frame = take(
        data,
        outcome=outcome,
        unit=unit,
        time=time,
        treatment=treatment,
        treated=treated,
        cluster=cluster,
        exposure=exposure,
        weights=weights,
        **named,
    )
    frame["outcome"] = _response(frame, outcome=outcome, exposure=exposure, scale=scale)
    frame["treatment"] = numbers(frame["treatment"], treatment, low=0)
    frame["ordinal"] = ordinals(frame["time"], time)
    ever = frame.groupby("cluster", sort=True)["treated" if treated else "treatment"].max() > 0
    sides = int(ever.sum()), int((~ever).sum())
    if min(sides) < 1 or sum(sides) < 3:
        message = (
            f"{sides[0]} of {sum(sides)} {cluster}s are treated at some time. At least one treated, one never "
            "treated and three in all are needed; where all are treated at last, see staggered_adoption with "
            "controls='not yet'."
        )
        raise DesignError(message)
    columns = {"outcome": "outcome", "term": "treatment", "cluster": "cluster", "fixed_effects": ("unit", "ordinal")}
    fitted = regress(
        frame,
        **columns,  # type: ignore[arg-type]
        covariates=list(named),
        weights="weights" if weights else None,
        written_out=exact or sum(sides) < FEWEST_CLUSTERS or min(sides) < MANY_SIDE,
    )
    start = frame.loc[frame["treatment"] > 0, "ordinal"].min()
    early = frame["ordinal"] < start
    if not early.any():
        message = f"{treatment!r} is above 0 from the first period on. Give periods before the treatment too."
        raise DesignError(message)
    adjusted = _adjust(frame, list(named), fitted)
    few, shaped = _collapse(adjusted, ever, weighted=weights is not None)
    changes = _changes(adjusted, early, ever, scale)
    return Cells(
        regression=fitted,
        few=few,
        changes=changes if shaped is None else changes.assign(change=shaped),
        means=_row_means(adjusted, early, ever),
        before=_ends(frame[early]),
        after=_ends(frame[~early]),
        per=outcome if exposure is None else f"{outcome} per {exposure}",
        cautions=_cautions(frame, cluster),
    )


def _response(frame: pd.DataFrame, *, outcome: str, exposure: str | None, scale: str) -> np.ndarray:
    """Return the outcome, or the logarithm of its rate."""
    values = numbers(frame["outcome"], outcome, low=0 if scale == "ratio" else None)
    if exposure is not None:
        values = values / numbers(frame["exposure"], exposure, above=0)
    if scale == "difference":
        return values
    empty = int((values <= 0).sum())
    if empty:
        message = (
            f"{outcome!r} is 0 in {empty} of {len(values)} rows, so it has no logarithm, and no row may be dropped. "
            "Add rows up to longer periods, give `cohort` (which adds each side up), or use scale='difference'."
        )
        raise DesignError(message)
    return np.asarray(np.log(values))


def _ends(frame: pd.DataFrame) -> tuple[Any, Any]:
    """Return the first and last period of some rows, in the caller's form."""
    order = frame["ordinal"].to_numpy()
    return frame["time"].iloc[int(order.argmin())], frame["time"].iloc[int(order.argmax())]


def _adjust(frame: pd.DataFrame, covariates: list[str], fitted: Regression) -> pd.DataFrame:
    """Take the covariates' part out of the outcome, by the coefficients of the regression."""
    if not covariates:
        return frame
    part = frame[covariates].to_numpy(dtype=float) @ fitted.fit.coefs[1 : 1 + len(covariates)]
    return frame.assign(outcome=frame["outcome"] - part)


def _collapse(frame: pd.DataFrame, ever: pd.Series, *, weighted: bool) -> tuple[Regression | None, np.ndarray | None]:
    """Fit one change a cluster along the treatment's shape over time, where the treated share one."""
    weight = frame["weights"] if weighted else pd.Series(1.0, index=frame.index)
    sums = pd.DataFrame({"w": weight, "y": frame["outcome"] * weight, "d": frame["treatment"] * weight})
    cells = sums.groupby([frame["cluster"], frame["ordinal"]], sort=True).sum()
    wide = cells["y"].div(cells["w"]).unstack()  # noqa: PD010  there is one value each
    shapes = cells["d"].div(cells["w"]).unstack().loc[ever]  # noqa: PD010
    if wide.isna().to_numpy().any() or (shapes.max() - shapes.min()).abs().max() > SAME:
        return None, None
    shape = shapes.iloc[0].to_numpy()
    centred = shape - shape.mean()
    change = wide.to_numpy() @ centred / float(centred @ centred)
    empty = np.empty((len(change), 0))
    return collapse_fit(change, ever.to_numpy(dtype=float), empty, None, name="treatment"), change


def _changes(frame: pd.DataFrame, early: pd.Series, ever: pd.Series, scale: str) -> pd.DataFrame:
    """Return each cluster's means before and from the first treatment anywhere."""
    means = frame["outcome"].groupby([frame["cluster"], early]).mean().unstack()  # noqa: PD010
    before, after = means[True].to_numpy(), means[False].to_numpy()
    change = after - before
    if scale == "ratio":
        before, after = np.exp(before), np.exp(after)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where((before > 0) & (after > 0), after / before, np.nan)
    columns = {"unit": ever.index, "treated": ever.to_numpy(), "before": before, "after": after}
    return pd.DataFrame(columns).assign(ratio=ratio, change=change)


def _row_means(frame: pd.DataFrame, early: pd.Series, ever: pd.Series) -> pd.DataFrame:
    """Return the table of means of rows by group and side."""
    inside, value = frame["cluster"].map(ever).to_numpy(), frame["outcome"].to_numpy()
    first = early.to_numpy()
    table = means_table([(value[side & first], value[side & ~first]) for side in (inside, ~inside)])
    return table.assign(units=[int(ever.sum()), int((~ever).sum()), len(ever)])


def means_table(groups: list[tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    """Return means by group and side, their standard errors, and the differences.

    Parameters
    ----------
    groups
        Values before and after, of the treated and of the rest.

    Returns
    -------
    DataFrame
        As `Comparison.means`.
    """
    cells = [[(_mean(side), _mean_error(side)) for side in group] for group in groups]
    before = [group[0][0] for group in cells]
    after = [group[1][0] for group in cells]
    change = [late - early for early, late in zip(before, after, strict=True)]
    none = float("nan")
    units = [len(group[0]) for group in groups]
    return pd.DataFrame(
        {
            "group": ["treated", "not treated", "difference"],
            "units": [*units, sum(units)],
            "before": [*before, before[0] - before[1]],
            "before_se": [*(group[0][1] for group in cells), none],
            "after": [*after, after[0] - after[1]],
            "after_se": [*(group[1][1] for group in cells), none],
            "change": [*change, change[0] - change[1]],
        }
    )


def _mean(values: np.ndarray) -> float:
    """Return the mean."""
    return float(values.mean()) if len(values) else float("nan")


def _mean_error(values: np.ndarray) -> float:
    """Return the standard error of the mean; missing for one value."""
    return float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else float("nan")


def _cautions(frame: pd.DataFrame, cluster: str) -> tuple[str, ...]:
    """Say when treatment began at different times, which two-way fixed effects do not bear well."""
    starts = frame[frame["treatment"] > 0].groupby("cluster")["ordinal"].min()
    if starts.nunique() < 2:
        return ()
    return (
        f"The treated {cluster}s began at {starts.nunique()} different times: effects that grow are understated or "
        "even turned round by two-way fixed effects. See bacon_decomposition and staggered_adoption.",
    )
