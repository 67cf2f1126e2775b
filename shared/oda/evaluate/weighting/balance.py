"""Whether two groups are alike: means, standardised differences and missing values, before and after weighting."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, take
from oda.evaluate.weighting.covariates import check_covariates, effective_size, groups, parts
from oda.evaluate.words import listed, sentence

Denominator = Literal["treated", "pooled", "control"]
DENOMINATORS = {
    "treated": "the standard deviation of the treated",
    "pooled": "the root mean square of the two groups' standard deviations",
    "control": "the standard deviation of the comparison group",
}
NO_SPREAD = 1e-12  # of the largest value; a standard deviation below it is rounding


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparability:
    """How alike two groups are.

    Attributes
    ----------
    rows
        One row a number, and one a level of a category: `variable`, `level` (empty for a number), `kind` (`mean`, or
        `share` for what is 0 or 1), `n_treated` and `n_control` (rows in which it is known), `missing_treated` and
        `missing_control` (rows), `mean_treated` and `mean_control` (in the variable's unit; a share from 0 to 1),
        `sd_treated` and `sd_control`, `smd` (standardised difference, in standard deviations; missing where there is
        no spread to divide by), `variance_ratio` (treated over control; missing for a share) and `flag` (apart by
        more than `flag_above`, or not to be told). With weights also `weighted_mean_treated`,
        `weighted_mean_control`, `weighted_smd`, `weighted_variance_ratio` and `weighted_flag`.
    denominator
        What a difference is divided by, in words; the unweighted one also after weighting, so that both compare.
    flag_above
        Standardised difference, either way, above which a row is flagged.
    n_treated, n_control
        Rows of each group.
    ess_treated, ess_control
        Effective sample sizes after weighting, (sum of weights) squared over sum of squares; None without weights.
    largest, largest_weighted
        Largest standardised difference, either way; the second None without weights, both None where none is known.
    cautions
        What changes how the table must be read, one sentence each.
    """

    rows: pd.DataFrame
    denominator: str
    flag_above: float
    n_treated: int
    n_control: int
    ess_treated: float | None
    ess_control: float | None
    largest: float | None
    largest_weighted: float | None
    cautions: tuple[str, ...]


def balance_table(
    data: pd.DataFrame,
    *,
    treated: str,
    covariates: Sequence[str],
    denominator: Denominator = "treated",
    weights: str | None = None,
    flag_above: float = 0.1,
) -> Comparability:
    """Compare a treated group with a comparison group in what was measured before the treatment.

    It describes; it identifies nothing. Groups alike in all that is listed may still differ in what was not measured.
    There are no p-values: they fall as the sample grows and rise as weights thin it out, whatever the balance.

    Parameters
    ----------
    data
        Shape (rows, columns), one row a person or a unit.
    treated
        Column of True and False, or 1 and 0.
    covariates
        Columns of numbers, of truth values, or of text or categories; missing values are counted and left out.
    denominator
        Whose standard deviation a difference is divided by: `treated` suits an effect on the treated, `pooled` one on
        all. It is taken before weighting.
    weights
        Column of weights, such as those of `propensity_weights`; 0 leaves a row out of the weighted side.
    flag_above
        Standardised difference, either way, above which a row is flagged.

    Returns
    -------
    Comparability
        One row a variable or level, with the denominator named.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind, a covariate has no known value in a group, a group is empty or
        too small for the denominator, or a weight is missing, negative or leaves a group without any.

    Notes
    -----
    The spread of a share p is the root of p (1 - p), that of a number has n - 1 below the line; a weighted variance is
    unbiased for weights that say how reliable a row is. These are the rules of R's MatchIt. The 0.1 is a habit of the
    field and no test; a covariate that bears strongly on the outcome deserves less.

    References
    ----------
    Austin, P. C. (2009). Balance diagnostics for comparing the distribution of baseline covariates between treatment
    groups in propensity-score matched samples. Statistics in Medicine, 28(25).

    Examples
    --------
    >>> frame = pd.DataFrame({"visited": [1, 1, 1, 0, 0, 0], "age": [70, 80, 90, 65, 75, 85]})
    >>> found = balance_table(frame, treated="visited", covariates=["age"])
    >>> found.rows[["variable", "mean_treated", "mean_control", "smd"]].round(3).to_numpy().tolist()
    [['age', 80.0, 75.0, 0.5]]
    """
    _check_options(denominator, flag_above)
    names = check_covariates(covariates, treated)
    fixed = {f"x{place}": name for place, name in enumerate(names)}
    frame = take(data, missing=set(fixed), treated=treated, weights=weights, **fixed)
    who = groups(frame["treated"], treated)
    _check_sizes(who, denominator)
    heft = None if weights is None else _check_weights(numbers(frame["weights"], weights, low=0), who, weights)
    found = []
    for place, name in fixed.items():
        for level, values, share in parts(frame[place], name):
            found.append(_row(name, level, values, who, heft, share=share, denominator=denominator))
    rows = pd.DataFrame(found)
    for side in ("", "weighted_") if heft is not None else ("",):
        rows[f"{side}flag"] = ~(rows[f"{side}smd"].abs() <= flag_above)
    return Comparability(
        rows=rows,
        denominator=DENOMINATORS[denominator],
        flag_above=flag_above,
        n_treated=int(who.sum()),
        n_control=int((~who).sum()),
        ess_treated=None if heft is None else effective_size(heft[who]),
        ess_control=None if heft is None else effective_size(heft[~who]),
        largest=_largest(rows["smd"]),
        largest_weighted=None if heft is None else _largest(rows["weighted_smd"]),
        cautions=_cautions(rows),
    )


def _check_options(denominator: str, flag_above: float) -> None:
    """Refuse a denominator or a threshold that there is not."""
    if denominator not in DENOMINATORS:
        message = f"denominator is {denominator!r}. Give one of {', '.join(map(repr, DENOMINATORS))}."
        raise DesignError(message)
    if not 0 < flag_above < math.inf:
        message = f"flag_above is {flag_above:g}. Give a standardised difference above 0, such as 0.1."
        raise DesignError(message)


def _check_sizes(who: np.ndarray, denominator: str) -> None:
    """Refuse a standard deviation of one row."""
    for group, size in (("treated", int(who.sum())), ("control", int((~who).sum()))):
        if size < 2 and denominator in (group, "pooled"):
            other = "control" if group == "treated" else "treated"
            message = (
                f"The {group} group has {size} row, so no standard deviation. Give denominator={other!r}, or more rows."
            )
            raise DesignError(message)


def _check_weights(heft: np.ndarray, who: np.ndarray, name: str) -> np.ndarray:
    """Return the weights, or refuse those that leave a group without any."""
    for group, side in (("treated", who), ("comparison", ~who)):
        if not heft[side].sum() > 0:
            message = f"{name!r} is 0 in all {int(side.sum())} {group} rows. Weights must leave someone in each group."
            raise DesignError(message)
    return heft


def _moments(values: np.ndarray, heft: np.ndarray, *, share: bool) -> tuple[float, float]:
    """Return the weighted mean and variance of the known values; NaN where there is nothing to take them from."""
    rows = ~np.isnan(values) & (heft > 0)
    x, w = values[rows], heft[rows]
    if not len(x):
        return math.nan, math.nan
    w = w / w.sum()
    mean = float(w @ x)
    if share:
        return mean, mean * (1 - mean)
    left = 1 - float(w @ w)
    spread = float(w @ (x - mean) ** 2) / left if len(x) > 1 else math.nan
    return mean, 0.0 if spread <= (NO_SPREAD * np.abs(x).max()) ** 2 else spread


def _row(
    name: str,
    level: str,
    values: np.ndarray,
    who: np.ndarray,
    heft: np.ndarray | None,
    *,
    share: bool,
    denominator: str,
) -> dict[str, object]:
    """Return one row of the table."""
    known = ~np.isnan(values)
    if not (known & who).any() or not (known & ~who).any():
        message = f"{name!r} is missing for a whole group. Leave it out of the covariates."
        raise DesignError(message)
    even = np.ones(len(values))
    (mean1, var1), (mean0, var0) = (_moments(values[side], even[side], share=share) for side in (who, ~who))
    unit = math.sqrt({"treated": var1, "control": var0, "pooled": (var1 + var0) / 2}[denominator])
    row: dict[str, object] = {
        "variable": name,
        "level": level,
        "kind": "share" if share else "mean",
        "n_treated": int((known & who).sum()),
        "n_control": int((known & ~who).sum()),
        "missing_treated": int((~known & who).sum()),
        "missing_control": int((~known & ~who).sum()),
        "mean_treated": mean1,
        "mean_control": mean0,
        "sd_treated": math.sqrt(var1),
        "sd_control": math.sqrt(var0),
        "smd": _standardise(mean1 - mean0, unit),
        "variance_ratio": math.nan if share or not var0 > 0 else var1 / var0,
    }
    if heft is not None:
        (mean1, var1), (mean0, var0) = (_moments(values[side], heft[side], share=share) for side in (who, ~who))
        row |= {
            "weighted_mean_treated": mean1,
            "weighted_mean_control": mean0,
            "weighted_smd": _standardise(mean1 - mean0, unit),
            "weighted_variance_ratio": math.nan if share or not var0 > 0 else var1 / var0,
        }
    return row


def _standardise(gap: float, unit: float) -> float:
    """Return a difference in standard deviations: 0 where there is none, NaN where nothing is there to divide by."""
    return gap / unit if unit > 0 else (0.0 if gap == 0 else math.nan)


def _largest(gaps: pd.Series) -> float | None:
    """Return the largest difference either way; None where none is known."""
    known = gaps.abs().dropna()
    return float(known.max()) if len(known) else None


def _cautions(rows: pd.DataFrame) -> tuple[str, ...]:
    """Say what is missing, and what cannot be standardised."""
    said = []
    lost = rows.loc[(rows["missing_treated"] > 0) | (rows["missing_control"] > 0)].drop_duplicates("variable")
    for name, treated, control in zip(lost["variable"], lost["missing_treated"], lost["missing_control"], strict=True):
        said.append(
            f"{name} is not known for {treated} treated and {control} comparison rows; its figures leave them out."
        )
    flat = [label(name, level) for name, level, gap in rows[["variable", "level", "smd"]].to_numpy() if pd.isna(gap)]
    if flat:
        said.append(f"No spread to divide by, so no standardised difference: {listed(flat)}.")
    return tuple(said)


def label(variable: str, level: str) -> str:
    """Return how a row of the table is called, such as `age` or `ward: north`.

    Parameters
    ----------
    variable
        The covariate.
    level
        Its level; empty for a number.

    Returns
    -------
    str
        Both.
    """
    return f"{variable}: {level}" if level else str(variable)


@sentence.register
def _(result: Comparability, *, subject: str = "", against: str = "") -> str:
    """Say how many characteristics lie apart, and the one furthest apart."""
    said = f"{subject or 'Of what was measured,'} {_apart(result.rows, '', result.flag_above)}"
    if result.ess_treated is not None:
        said += f"; after weighting, {_apart(result.rows, 'weighted_', result.flag_above)}"
    return f"{said}. Differences in what was not measured do not show."


def _apart(rows: pd.DataFrame, side: str, limit: float) -> str:
    """Count the rows that lie apart and name the furthest."""
    gaps, count = rows[f"{side}smd"].abs(), int(rows[f"{side}flag"].sum())
    verb = "differs" if count == 1 else "differ"
    said = (
        f"{count} of {len(rows)} characteristics {verb} between the groups by more than {limit:g} standard deviations"
    )
    if side:
        said = f"{count} of {len(rows)} {verb} by more than that"
    if not gaps.notna().any():
        return said
    worst = rows.iloc[int(gaps.fillna(-1).to_numpy().argmax())]
    return f"{said} (the most: {label(worst['variable'], worst['level'])}, {gaps.max():.2f})"
