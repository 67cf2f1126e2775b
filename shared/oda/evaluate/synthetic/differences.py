"""Synthetic difference-in-differences: donors weighted to run parallel, periods weighted to stand for those after."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.distributions import t_quantile, t_tail
from oda.evaluate.synthetic.panel import find_treated, read_panel
from oda.evaluate.synthetic.simplex import frank_wolfe_weights, simplex_weights
from oda.evaluate.words import quantity, sentence

FEWEST_DONORS = 3  # the spread of two placebos, each from one donor, is no measure of chance
FEW_DONORS = 10  # below it the spread of the placebos is itself little known
TIME_RIDGE = 1e-6  # of the noise; only makes the weights of periods unique
LEAST_DECREASE = 1e-5  # of the noise; the root of the smallest decrease that a search goes on for
STEPS = (100, 10_000)  # of the search before and after small weights are dropped
NOISIER = 1.5  # times the donors' usual miss before the start; beyond it the placebos vary less than the treated unit
TIE = 1e-9  # relative


@dataclass(frozen=True, kw_only=True, slots=True)
class SyntheticDifference:
    """A synthetic difference-in-differences and what it is made of.

    Attributes
    ----------
    estimate
        Effect on the treated unit, in the outcome's unit.
    unit_weights
        One row a donor, the largest first: `donor`, `weight`.
    time_weights
        One row a period before the start: `time`, `weight`.
    placebos
        One row a donor: `donor`, `value`, the effect found when it is taken for treated.
    """

    estimate: Estimate
    unit_weights: pd.DataFrame
    time_weights: pd.DataFrame
    placebos: pd.DataFrame


def synthetic_difference_in_differences(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    treated: object = None,
    start: object = None,
    cohort: str | None = None,
    donors: Collection[object] | None = None,
    exclude: Collection[object] = (),
    level: float = 0.95,
) -> SyntheticDifference:
    """Estimate the effect on one treated unit by difference-in-differences against weighted donors and periods.

    Identified if, without the treatment, the unit would have run parallel to its weighted donors. `synthetic_control`
    shows how well donors follow the unit, and gives the placebo test by ratio.

    Parameters
    ----------
    data
        Shape (units x periods, columns), one row for every unit used in every period.
    outcome
        Column of numbers.
    unit
        Column of labels.
    time
        Column of pandas periods, or of whole numbers such as years.
    treated, start
        Label of the treated unit and its first treated period; or give `cohort`.
    cohort
        Column of the first treated period, missing for a unit never treated; exactly one unit may be treated.
    donors
        Labels of the donor pool; all other units when not given.
    exclude
        Labels of units that are no donors, such as neighbours that the treatment reached.
    level
        Coverage of the interval.

    Returns
    -------
    SyntheticDifference
        Effect in the outcome's unit, weights and placebos.

    Raises
    ------
    DesignError
        As `synthetic_control`; and with fewer than three donors, or when no placebo differs from another.

    Notes
    -----
    Regularisation and search as in the authors' R package synthdid; the weights of many donors are where its search
    ends, near the minimum, not at it (California's effect is -15.604 there, -15.605 at the minimum). The standard
    error is the standard deviation of the placebo effects of all donors, each taken for treated with the true one
    left out (the authors' third method, over every donor, not draws of them); the interval is by t with one degree of
    freedom less than donors. It holds if the treated unit is as noisy as the donors. `permutation_p` is the rank of
    the absolute effect.

    References
    ----------
    Arkhangelsky, D., Athey, S., Hirshberg, D. A., Imbens, G. W. and Wager, S. (2021). Synthetic
    difference-in-differences. American Economic Review, 111(12).

    Examples
    --------
    >>> path = {"a": [5, 6, 5, 7, 3, 4], "b": [4, 5, 4, 6, 5, 5], "c": [6, 7, 6, 8, 8, 6], "d": [9, 8, 8, 9, 9, 7]}
    >>> rows = [(name, 2019 + i, value) for name in path for i, value in enumerate(path[name])]
    >>> frame = pd.DataFrame(rows, columns=["district", "year", "falls"])
    >>> names = {"outcome": "falls", "unit": "district", "time": "year"}
    >>> round(synthetic_difference_in_differences(frame, **names, treated="a", start=2023).estimate.value, 1)
    -2.5
    """
    check_share(level=level)
    if (cohort is None) == (treated is None) or (treated is not None) != (start is not None):
        message = "The treated unit is not given, or twice. Give either treated and start, or cohort."
        raise DesignError(message)
    if cohort is not None:
        treated, start = find_treated(data, unit=unit, time=time, cohort=cohort)
    panel = read_panel(
        data,
        outcome=outcome,
        unit=unit,
        time=time,
        treated=treated,
        start=start,
        donors=donors,
        exclude=exclude,
        predictors=(),
    )
    n_donors, n_before = len(panel.donors), int(panel.before.sum())
    if n_donors < FEWEST_DONORS:
        message = (
            f"There are {n_donors} donors for {treated!r}; at least {FEWEST_DONORS} are needed to tell chance from "
            "effect. Add donors, or use synthetic_control."
        )
        raise DesignError(message)
    targets = np.arange(n_donors + 1)
    allowed = np.vstack([np.ones((1, n_donors), dtype=bool), ~np.eye(n_donors, dtype=bool)])
    effects, weights, periods, misses = _effects(panel.outcomes, n_before, targets, allowed)
    estimate = _estimate(effects, panel.outcomes.size, treated=treated, outcome=outcome, level=level)
    estimate = replace(estimate, cautions=(*_say_misses(misses, treated), *estimate.cautions))
    order = np.argsort(-weights[0], kind="stable")
    return SyntheticDifference(
        estimate=estimate,
        unit_weights=pd.DataFrame({"donor": [panel.donors[i] for i in order], "weight": weights[0][order]}),
        time_weights=pd.DataFrame({"time": list(panel.times[:n_before]), "weight": periods[0]}),
        placebos=pd.DataFrame({"donor": list(panel.donors), "value": effects[1:]}),
    )


def _effects(
    outcomes: np.ndarray, n_before: int, targets: np.ndarray, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the effect on each target, the weights of its donors and of the periods before, and its miss in these."""
    donors = outcomes[:, 1:]
    early, late = donors[:n_before], donors[n_before:].mean(axis=0)
    noise = float(np.diff(early, axis=0).std(ddof=1))
    weights = _unit_weights(outcomes[:n_before], targets, allowed, n_after=len(outcomes) - n_before, noise=noise)
    n_allowed = allowed.sum(axis=1)[:, None, None]
    shift = (early - late).T[None] * allowed[:, :, None]  # a donor that is not allowed is a row of nothing
    shift = (shift - shift.sum(axis=1, keepdims=True) / n_allowed) * allowed[:, :, None]
    penalty = np.broadcast_to(np.eye(n_before), (len(targets), n_before, n_before))
    ridged = np.concatenate([shift, np.sqrt(n_allowed) * TIME_RIDGE * noise * penalty], axis=1)
    periods = simplex_weights(ridged, np.ones((len(targets), n_before), dtype=bool))
    gaps = outcomes.T[targets] - np.matmul(weights, donors.T)
    effects = gaps[:, n_before:].mean(axis=1) - (gaps[:, :n_before] * periods).sum(axis=1)
    return effects, weights, periods, gaps[:, :n_before].std(axis=1)


def _say_misses(misses: np.ndarray, treated: object) -> tuple[str, ...]:
    """Say when the treated unit runs less parallel to its donors before the start than they do to each other."""
    own, usual = float(misses[0]), float(np.median(misses[1:]))
    if own <= NOISIER * usual:
        return ()
    return (
        f"Before the start {treated} leaves the line parallel to its weighted donors by {quantity(own, '')} a period, "
        f"against {quantity(usual, '')} for the usual donor: its noise is more than the placebos show, so the interval "
        "is too narrow and the p too small.",
    )


def _unit_weights(
    early: np.ndarray, targets: np.ndarray, allowed: np.ndarray, *, n_after: int, noise: float
) -> np.ndarray:
    """Return the donors' weights as synthdid finds them: a short search, the small ones dropped, then a long one."""
    centred = early - early.mean(axis=0)
    n_before = len(early)
    how = {"ridge": n_before * math.sqrt(n_after) * noise**2, "least": n_before * (LEAST_DECREASE * noise) ** 2}
    weights: np.ndarray = allowed / allowed.sum(axis=1, keepdims=True)
    for most in STEPS:
        weights = np.where(weights <= weights.max(axis=1, keepdims=True) / 4, 0.0, weights)
        weights /= weights.sum(axis=1, keepdims=True)
        weights = frank_wolfe_weights(centred[:, 1:], centred.T[targets], allowed, start=weights, most=most, **how)
    return weights


def _estimate(effects: np.ndarray, n_obs: int, *, treated: object, outcome: str, level: float) -> Estimate:
    """Return the first effect with the spread of the others as its standard error."""
    value, placebos = float(effects[0]), effects[1:]
    n_donors = len(placebos)
    std_error = float(placebos.std(ddof=1))
    if std_error <= TIE * max(abs(value), float(np.abs(placebos).max())):
        message = (
            f"The placebo effects of {n_donors} donors are all the same, so nothing tells chance from effect. Use data "
            "that were not smoothed, or more donors."
        )
        raise DesignError(message)
    half = float(t_quantile((1 + level) / 2, n_donors - 1)) * std_error
    p_value, smallest_p = float(2 * t_tail(abs(value) / std_error, n_donors - 1)), 1 / (n_donors + 1)
    cautions = []
    if n_donors < FEW_DONORS:
        cautions.append(
            f"The standard error is the spread of {n_donors} placebos; with fewer than {FEW_DONORS} it is itself "
            "little known."
        )
    if p_value < smallest_p:
        cautions.append(
            f"The p of {p_value:.2g} is beyond what {n_donors} placebos can show, {smallest_p:.3f}: it rests on "
            "effects of chance being normal."
        )
    return Estimate(
        estimand="ATT",
        scale="difference",
        outcome=outcome,
        unit=outcome,
        value=value,
        ci_low=value - half,
        ci_high=value + half,
        level=level,
        std_error=std_error,
        p_value=p_value,
        df=n_donors - 1,
        n_obs=n_obs,
        n_clusters=n_donors + 1,
        n_treated=1,
        smallest_p=smallest_p,
        permutation_p=float((np.abs(effects) >= abs(value) * (1 - TIE)).mean()),
        cautions=tuple(cautions),
        method=(
            f"synthetic difference-in-differences of {treated} and {n_donors} donors, standard error from {n_donors} "
            f"placebos, t with {n_donors - 1} degrees of freedom"
        ),
    )


@sentence.register
def _(result: SyntheticDifference, *, subject: str = "", against: str = "") -> str:
    """Say the effect, its rank among the placebos and the cautions."""
    estimate = result.estimate
    against = against or "than its weighted donors, which ran parallel before, lead one to expect"
    p, smallest = estimate.permutation_p, estimate.smallest_p
    ranked = f"Re-assigning the treatment gives p = {p:.3f}; it cannot be below {smallest:.3f}."
    return " ".join([sentence(estimate, subject=subject, against=against), ranked, *estimate.cautions])
