"""Weights from propensity scores: how likely each row was to be treated, and how far few rows carry the rest."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import take
from oda.evaluate.weighting.covariates import check_covariates, effective_size, groups, model_columns
from oda.evaluate.words import quantity, sentence

Estimand = Literal["ATT", "ATE", "ATC"]
ESTIMANDS = {"ATT": "the treated", "ATE": "all", "ATC": "the untreated"}
HEAVY = 10.0  # a weight above it is counted as extreme
SUSPECT = 1e-6  # a score so near to its own group's end may come of separation, which is then looked for
SETTLED = 1e-9  # of a standardised coefficient; Newton's last step, after which the error is its square
APART = 1e-4  # of a linear predictor whose coefficients reach 1; what a row must be off the boundary to count
ROWS_EACH = 10  # rows of the smaller group for each coefficient; fewer are cautioned of


@dataclass(frozen=True, kw_only=True, slots=True)
class PropensityWeights:
    """Weights that make two groups alike in the covariates, and how far they can be relied on.

    Attributes
    ----------
    estimand
        `ATT`, `ATE` or `ATC`: whom the weighted groups stand for.
    weights
        Shape (rows,), by the index of the data; 0 for a row trimmed.
    scores
        Shape (rows,), by the index of the data: the estimated probability of treatment, from 0 to 1.
    treated
        Shape (rows,), by the index of the data: who was treated.
    groups
        One row a group (`treated`, `control`): `n` (rows), `trimmed` (rows left out), `trimmed_share` (0 to 1), `ess`
        (effective sample size, in rows), `largest` (weight), `largest_share` (of the group's weight, 0 to 1),
        `above_10` (rows with a weight above 10), `above_10_share` (0 to 1), and `score_low`, `score_median` and
        `score_high` (before trimming).
    trim
        Distance from 0 or 1 within which scores were left out; None when none were.
    stabilised
        Whether the weights were multiplied by the share of the row's group.
    overlap
        How far the scores of the groups overlap, in words.
    cautions
        What changes how the weights must be read, one sentence each.
    method
        In words, for the footnote.
    """

    estimand: Estimand
    weights: pd.Series
    scores: pd.Series
    treated: pd.Series
    groups: pd.DataFrame
    trim: float | None
    stabilised: bool
    overlap: str
    cautions: tuple[str, ...]
    method: str


def propensity_weights(
    data: pd.DataFrame,
    *,
    treated: str,
    covariates: Sequence[str],
    estimand: Estimand = "ATT",
    trim: float | None = None,
    stabilise: bool = False,
) -> PropensityWeights:
    """Weight two groups by the estimated probability of treatment so that both stand for the same people.

    It makes an effect identified only if everything that bears on both treatment and outcome is among the covariates,
    and everyone could have been in either group. The first cannot be seen in the data; `overlap` and `groups` show the
    second, and `balance_table` with these weights shows what the weights left uneven.

    Parameters
    ----------
    data
        Shape (rows, columns), one row a person or a unit.
    treated
        Column of True and False, or 1 and 0.
    covariates
        Columns of numbers, truth values, text or categories, measured before the treatment; none missing. A curve
        needs a column of its own, such as age squared.
    estimand
        Whom both groups are to stand for: `ATT` the treated, `ATE` all, `ATC` the untreated.
    trim
        Leave out rows whose score is nearer than this to the end where weights grow: above 1 - trim for `ATT`, below
        trim for `ATC`, both for `ATE`. Scores are not estimated again.
    stabilise
        Multiply the weights of each group by one number, so that they average about 1. Estimates that divide by the
        sum of weights, as `weighted_effect` does, stay the same.

    Returns
    -------
    PropensityWeights
        Weights and scores by row, and their summary by group.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind, a value is missing, a covariate has one value or follows from
        others, the covariates tell the groups apart without fail, or trimming leaves fewer than 2 rows in a group.

    Notes
    -----
    Logistic regression by maximum likelihood. With score e the weights are 1 for the treated and e / (1 - e) for the
    others (`ATT`), 1 / e and 1 / (1 - e) (`ATE`), or (1 - e) / e and 1 (`ATC`).

    References
    ----------
    Hirano, K., Imbens, G. W. and Ridder, G. (2003). Efficient estimation of average treatment effects using the
    estimated propensity score. Econometrica, 71(4).

    Crump, R. K., Hotz, V. J., Imbens, G. W. and Mitnik, O. A. (2009). Dealing with limited overlap in estimation of
    average treatment effects. Biometrika, 96(1).

    Examples
    --------
    >>> frame = pd.DataFrame({"visited": [1, 1, 1, 0, 0, 0, 0, 0], "alone": [1, 1, 0, 1, 0, 0, 0, 0]})
    >>> found = propensity_weights(frame, treated="visited", covariates=["alone"])
    >>> found.weights.round(4).tolist()
    [1.0, 1.0, 1.0, 2.0, 0.25, 0.25, 0.25, 0.25]
    """
    _check_options(estimand, trim)
    names = check_covariates(covariates, treated)
    fixed = {f"x{place}": name for place, name in enumerate(names)}
    frame = take(data, treated=treated, **fixed)
    who = groups(frame["treated"], treated)
    columns, labels = model_columns(frame[list(fixed)], names)
    scores = _fit(columns, labels, who)
    kept = _keep(scores, estimand, trim)
    _check_kept(who, kept, trim)
    weights = np.where(kept, _weigh(scores, who, estimand), 0.0)
    if stabilise:
        share = float(who.mean())
        weights = weights * np.where(who, share, 1 - share) / {"ATE": 1, "ATT": share, "ATC": 1 - share}[estimand]
    listed = pd.DataFrame([_summarise(name, weights, scores, kept, who == side) for name, side in SIDES])
    overlap, outside = _overlap(scores, who, estimand)
    return PropensityWeights(
        estimand=estimand,
        weights=pd.Series(weights, index=data.index, name="weight"),
        scores=pd.Series(scores, index=data.index, name="score"),
        treated=pd.Series(who, index=data.index, name="treated"),
        groups=listed,
        trim=trim,
        stabilised=stabilise,
        overlap=overlap,
        cautions=_cautions(listed, estimand, len(labels), outside),
        method=(
            f"{'stabilised ' if stabilise else ''}inverse-probability weights for {ESTIMANDS[estimand]} ({estimand}), "
            f"logistic regression on {_count(len(labels), 'coefficient')}"
        ),
    )


SIDES = (("treated", True), ("control", False))


def _check_options(estimand: str, trim: float | None) -> None:
    """Refuse an estimand or a trimming that there is not."""
    if estimand not in ESTIMANDS:
        message = f"estimand is {estimand!r}. Give one of {', '.join(map(repr, ESTIMANDS))}."
        raise DesignError(message)
    if trim is not None and not 0 < trim < 0.5:
        message = f"trim is {trim:g}. Give a distance from 0 and 1 above 0 and below 0.5, such as 0.1; or None."
        raise DesignError(message)


def _fit(columns: np.ndarray, labels: list[str], who: np.ndarray) -> np.ndarray:
    """Return the scores of a logistic regression, or refuse one that has no finite solution."""
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    settled, scores = False, np.empty(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of is looked for below, and refused
        try:
            found = Logit(who.astype(float), columns).fit(maxiter=100, tol=SETTLED, disp=0, warn_convergence=False)
            settled, scores = bool(found.mle_retvals["converged"]), np.asarray(found.predict())
        except (PerfectSeparationError, np.linalg.LinAlgError):
            pass
    near = settled and bool((np.where(who, 1 - scores, scores) > SUSPECT).all())
    if not near:
        _refuse_separation(columns, labels, who)
    if not settled:
        message = f"The regression of the treatment on {len(labels)} columns did not settle. Give fewer covariates."
        raise DesignError(message)
    return scores


def _refuse_separation(columns: np.ndarray, labels: list[str], who: np.ndarray) -> None:
    """Refuse covariates some combination of which never errs about the group and is sometimes sure of it."""
    from scipy.optimize import linprog

    signed = np.where(who, 1.0, -1.0)[:, None] * columns
    for place in (None, *range(1, columns.shape[1])):
        part = signed if place is None else signed[:, [0, place]]
        found = linprog(-part.sum(axis=0), A_ub=-part, b_ub=np.zeros(len(part)), bounds=(-1, 1))
        apart = found.x is not None and float((part @ found.x).max()) > APART
        if place is None and not apart:
            return
        if apart and place is not None:
            message = (
                f"{labels[place - 1]!r} alone settles who is treated, for some rows or all: they have no counterpart. "
                "Leave it out, join its levels, or leave these rows out and say so."
            )
            raise DesignError(message)
    message = (
        f"The {len(labels)} columns of covariates together settle who is treated, for some rows or all: they have no "
        "counterpart. Give fewer covariates, or join levels."
    )
    raise DesignError(message)


def _weigh(scores: np.ndarray, who: np.ndarray, estimand: str) -> np.ndarray:
    """Return the weights that make both groups stand for those whom the estimand names."""
    target = {"ATE": np.ones(len(scores)), "ATT": scores, "ATC": 1 - scores}[estimand]
    weights: np.ndarray = target / np.where(who, scores, 1 - scores)
    return weights


def _keep(scores: np.ndarray, estimand: str, trim: float | None) -> np.ndarray:
    """Return which rows trimming keeps."""
    keep = np.ones(len(scores), dtype=bool)
    if trim is not None and estimand != "ATC":
        keep &= scores <= 1 - trim
    if trim is not None and estimand != "ATT":
        keep &= scores >= trim
    return keep


def _check_kept(who: np.ndarray, kept: np.ndarray, trim: float | None) -> None:
    """Refuse groups too small to weight."""
    for name, side in SIDES:
        size = int((kept & (who == side)).sum())
        if size < 2:
            after = "" if trim is None else f" after trimming at {trim:g}"
            message = f"The {name} group has fewer than 2 rows{after}. Trim less, or give more rows."
            raise DesignError(message)


def _summarise(
    name: str, weights: np.ndarray, scores: np.ndarray, kept: np.ndarray, side: np.ndarray
) -> dict[str, object]:
    """Return what a group's weights come to."""
    own, n, out = weights[side], int(side.sum()), int((side & ~kept).sum())
    heavy = int((own > HEAVY).sum())
    return {
        "group": name,
        "n": n,
        "trimmed": out,
        "trimmed_share": out / n,
        "ess": effective_size(own),
        "largest": float(own.max()),
        "largest_share": float(own.max() / own.sum()),
        "above_10": heavy,
        "above_10_share": heavy / n,
        "score_low": float(scores[side].min()),
        "score_median": float(np.median(scores[side])),
        "score_high": float(scores[side].max()),
    }


def _overlap(scores: np.ndarray, who: np.ndarray, estimand: str) -> tuple[str, float]:
    """Say how the scores overlap, and return the share of those to stand for that have no like in the other group."""
    beyond = {}
    for name, side in SIDES:
        own, other = scores[who == side], scores[who != side]
        beyond[name] = float(((own < other.min()) | (own > other.max())).mean())
    one, none = scores[who], scores[~who]
    text = (
        f"Scores run from {one.min():.3f} to {one.max():.3f} among the treated and from {none.min():.3f} to "
        f"{none.max():.3f} in the comparison group; {100 * (1 - beyond['treated']):.0f} per cent of the treated and "
        f"{100 * (1 - beyond['control']):.0f} per cent of the others lie within the other group's range."
    )
    share = float(who.mean())
    everyone = share * beyond["treated"] + (1 - share) * beyond["control"]
    return text, {"ATT": beyond["treated"], "ATC": beyond["control"], "ATE": everyone}[estimand]


def _count(number: int, thing: str) -> str:
    """Say a number of things."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _cautions(listed: pd.DataFrame, estimand: str, coefficients: int, outside: float) -> tuple[str, ...]:
    """Say what the weights cannot mend."""
    said = []
    rows, heavy, trimmed = (int(listed[name].sum()) for name in ("n", "above_10", "trimmed"))
    if heavy:
        said.append(
            f"{_count(heavy, 'row')} of {rows:,} ({100 * heavy / rows:.1f} per cent) weigh more than 10, the heaviest "
            f"{listed['largest'].max():.1f}: a few rows carry much of the estimate."
        )
    said.extend(
        f"After weighting, the {kept:,} rows of the {name} group are worth {ess:,.0f} of equal weight."
        for name, kept, ess in zip(listed["group"], listed["n"] - listed["trimmed"], listed["ess"], strict=True)
        if ess < kept / 2
    )
    if trimmed:
        said.append(
            f"{_count(trimmed, 'row')} of {rows:,} ({100 * trimmed / rows:.1f} per cent) were trimmed, so the groups "
            f"stand for {ESTIMANDS[estimand]} but those trimmed."
        )
    if outside > 0.05:
        said.append(
            f"{100 * outside:.0f} per cent of those to stand for ({ESTIMANDS[estimand]}) have scores beyond those of "
            "the other group: for them the comparison is extrapolation."
        )
    if listed["n"].min() < ROWS_EACH * coefficients:
        said.append(
            f"There are {listed['n'].min() / coefficients:.1f} rows of the smaller group for each coefficient of the "
            f"scores; fewer than {ROWS_EACH} make them unsteady."
        )
    return tuple(said)


@sentence.register
def _(result: PropensityWeights, *, subject: str = "", against: str = "") -> str:
    """Say what the weighted groups stand for and what they are worth."""
    one, none = (result.groups.loc[result.groups["group"] == name].iloc[0] for name, _ in SIDES)
    first = (
        f"{subject or 'The weighted groups'} stand for {ESTIMANDS[result.estimand]}: {one['n']:,} treated rows are "
        f"worth {one['ess']:,.0f} of equal weight and {none['n']:,} comparison rows {none['ess']:,.0f}; the heaviest "
        f"row carries {quantity(100 * max(one['largest_share'], none['largest_share']), 'per cent')} of its group."
    )
    return " ".join([first, result.overlap])
