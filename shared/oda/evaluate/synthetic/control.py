"""Synthetic control: one treated unit beside the mixture of donors that followed it before the start."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.columns import ordinals
from oda.evaluate.synthetic.cautions import cautions, judge_fit
from oda.evaluate.synthetic.fit import attainable, fit, invert, mean_squares, rank_p
from oda.evaluate.synthetic.frames import SEEN, donor_weights, gap_series, placebo_ratios, predictor_balance
from oda.evaluate.synthetic.panel import DonorPanel, Predictor, find_treated, period_code, read_panel
from oda.evaluate.words import sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class SyntheticControl:
    """A treated unit, its synthetic control, and the placebos that say what chance does.

    Attributes
    ----------
    estimate
        Mean gap over the periods from the start on, in the outcome's unit; p by rank of the ratio of mean squared gaps.
    weights
        One row a donor, the largest first: `donor`, `weight`.
    gaps
        One row a period: `time`, `after`, `actual`, `synthetic`, `gap`.
    balance
        One row a predictor: `predictor`, `treated`, `synthetic`, `donors` (their plain mean), `importance`.
    placebos
        One row a unit, the largest ratio first: `unit`, `treated`, `pre_rmspe` (root mean squared gap before, in the
        outcome's unit), `post_rmspe`, `ratio` (of the mean squares), `mean_gap`.
    placebo_gaps
        One row a period, indexed by `time`, a column a donor: its gap when it is taken for treated.
    leave_one_out
        One row a donor with a weight: `left_out`, `value` (the effect without it, the predictors as important as
        before), `pre_rmspe`.
    in_time
        As `gaps`, from an earlier start at which nothing began; None when not asked for.
    pre_rmspe
        Of the treated unit.
    mspe_ratio
        Of the treated unit.
    rank
        Of this ratio among all units, 1 the largest.
    poor_fit
        Why the fit before the start is poor, in sentences; empty where it is not.
    """

    estimate: Estimate
    weights: pd.DataFrame
    gaps: pd.DataFrame
    balance: pd.DataFrame
    placebos: pd.DataFrame
    placebo_gaps: pd.DataFrame
    leave_one_out: pd.DataFrame
    in_time: pd.DataFrame | None
    pre_rmspe: float
    mspe_ratio: float
    rank: int
    poor_fit: tuple[str, ...]


def synthetic_control(
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
    predictors: Sequence[Predictor] = (),
    fit_over: Sequence[object] | None = None,
    importance: Sequence[float] | None = None,
    placebo_start: object = None,
    level: float = 0.95,
) -> SyntheticControl:
    """Estimate the effect on one treated unit as its gap to a weighted mean of donors that followed it before.

    Identified if the weights that reproduce the unit before the start would have gone on reproducing it, and no donor
    felt the treatment: name those that did in `exclude`. `pre_rmspe`, `poor_fit`, `balance`, `leave_one_out` and an
    earlier `placebo_start` give evidence on the first.

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
    predictors
        Pairs of a column and its period or periods before the start, over which it is averaged, such as
        `("beer", range(1984, 1989))` or `("sales", 1975)`. Without them the outcome of every period before is matched.
    fit_over
        Periods in which the importance of the predictors is judged by the outcome; all before the start when not given.
    importance
        Of the predictors, in their order; searched for when not given.
    placebo_start
        An earlier period to take for the start, in the data before the true one.
    level
        Coverage of the interval.

    Returns
    -------
    SyntheticControl
        Effect in the outcome's unit, weights, gaps, balance and placebos.

    Raises
    ------
    DesignError
        When a column, unit or period is absent; a cell is missing or doubled; no unit or several are treated; the
        treated unit is a donor; there are fewer than two donors or four periods before, or none after; a predictor
        is missing, the same everywhere, or not from before the start.

    Notes
    -----
    Weights are not negative and add up to one, found exactly. With predictors, their importance is chosen so that the
    weights follow the outcome best, for each placebo anew. Every donor is in turn taken for treated, with the treated
    unit left out of its donors. p is the rank of the mean squared gap after over before, never of the gap after alone;
    it cannot fall below one over the number of units. The interval holds each constant effect that this test does not
    reject (the treated unit's gaps less the effect; the placebos' as they are); where so few units cannot reach
    the level asked for, it is given at the highest that they can. The test is exact if each unit was as likely to be
    treated; it is not where the treated unit was chosen for its path. Weights are seldom unique to the last digit;
    gaps nearly are.

    References
    ----------
    Abadie, A., Diamond, A. and Hainmueller, J. (2010). Synthetic control methods for comparative case studies.
    Journal of the American Statistical Association, 105(490).
    Firpo, S. and Possebom, V. (2018). Synthetic control method: inference, sensitivity analysis and confidence sets.
    Journal of Causal Inference, 6(2).
    Abadie, A. (2021). Using synthetic controls. Journal of Economic Literature, 59(2).

    Examples
    --------
    >>> path = {"a": [5, 6, 5, 7, 4, 4], "b": [4, 5, 4, 6, 5, 6], "c": [6, 7, 6, 8, 7, 9], "d": [9, 9, 8, 9, 9, 7]}
    >>> rows = [(name, 2019 + i, value) for name in path for i, value in enumerate(path[name])]
    >>> frame = pd.DataFrame(rows, columns=["district", "year", "falls"])
    >>> names = {"outcome": "falls", "unit": "district", "time": "year"}
    >>> found = synthetic_control(frame, **names, treated="a", start=2023)
    >>> round(found.estimate.value, 2), found.weights["weight"].round(2).tolist()
    (-2.75, [0.5, 0.5, 0.0])
    """
    check_share(level=level)
    if (cohort is None) == (treated is None) or (treated is not None) != (start is not None):
        message = "The treated unit is not given, or twice. Give either treated and start, or cohort."
        raise DesignError(message)
    if cohort is not None:
        treated, start = find_treated(data, unit=unit, time=time, cohort=cohort)
    columns = {"outcome": outcome, "unit": unit, "time": time}
    who = {"treated": treated, "donors": donors, "exclude": exclude, "predictors": predictors}
    panel = read_panel(data, **columns, **who, start=start)  # type: ignore[arg-type]
    followed = _followed(panel, fit_over)
    given = _importance(panel, importance)
    n_donors = len(panel.donors)
    targets = np.arange(n_donors + 1)
    allowed = np.vstack([np.ones((1, n_donors), dtype=bool), ~np.eye(n_donors, dtype=bool)])
    weights, found, gaps = fit(panel, targets, allowed, followed=followed, importance=given)
    out = _leave_one_out(panel, weights[0], followed, found[0])
    before, after = mean_squares(panel, gaps)
    poor = judge_fit(panel, before)
    in_time = None
    if placebo_start is not None:
        earlier = data[ordinals(data[time], time) < period_code(start, data[time], "start")]
        in_time = _in_time(read_panel(earlier, **columns, **who, start=placebo_start), fit_over, given)  # type: ignore[arg-type]
    estimate = _estimate(panel, gaps, out, outcome=outcome, level=level, poor=poor)
    return SyntheticControl(
        estimate=estimate,
        weights=donor_weights(panel, weights[0]),
        gaps=gap_series(panel, gaps[0]),
        balance=predictor_balance(panel, weights[0], found[0], outcome=outcome),
        placebos=placebo_ratios(panel, gaps),
        placebo_gaps=pd.DataFrame(gaps[1:].T, columns=list(panel.donors), index=pd.Index(panel.times, name="time")),
        leave_one_out=out,
        in_time=in_time,
        pre_rmspe=float(np.sqrt((gaps[0, panel.before] ** 2).mean())),
        mspe_ratio=float(after[0] / before[0]),
        rank=rank_p(after / before)[0],
        poor_fit=poor,
    )


def _followed(panel: DonorPanel, periods: Sequence[object] | None) -> np.ndarray:
    """Return which periods the outcome is followed in, or refuse periods that are not before the start."""
    if periods is None:
        return panel.before
    times = pd.Series(panel.times)
    codes = [period_code(period, times, "a period of fit_over") for period in periods]
    followed = np.isin(ordinals(times, "time"), codes)
    early: np.ndarray = followed & panel.before
    if early.sum() < len(set(codes)) or not early.any():
        message = (
            f"{len(set(codes)) - int(early.sum())} of {len(set(codes))} periods of fit_over are not in the data before "
            "the start. Give periods before it."
        )
        raise DesignError(message)
    return early


def _importance(panel: DonorPanel, importance: Sequence[float] | None) -> np.ndarray | None:
    """Return the importance given for the predictors, or refuse it."""
    if importance is None:
        return None
    given = np.asarray(importance, dtype=float)
    if given.shape != (len(panel.names),) or not (given >= 0).all() or not 0 < given.sum() < np.inf:
        message = (
            f"importance is {list(importance)} for {len(panel.names)} predictors. Give each a number from 0 up, one "
            "of them above 0."
        )
        raise DesignError(message)
    return given


def _leave_one_out(
    panel: DonorPanel, weights: np.ndarray, followed: np.ndarray, importance: np.ndarray
) -> pd.DataFrame:
    """Return the effect without each donor that has a weight, under the same importance of the predictors."""
    used = np.flatnonzero(weights > SEEN)
    allowed = np.ones((len(used), len(weights)), dtype=bool)
    allowed[np.arange(len(used)), used] = False
    gaps = fit(panel, np.zeros(len(used), dtype=int), allowed, followed=followed, importance=importance)[2]
    frame = pd.DataFrame(
        {
            "left_out": [panel.donors[place] for place in used],
            "value": gaps[:, ~panel.before].mean(axis=1),
            "pre_rmspe": np.sqrt((gaps[:, panel.before] ** 2).mean(axis=1)),
        }
    )
    return frame.sort_values("value", kind="stable", ignore_index=True)


def _in_time(panel: DonorPanel, fit_over: Sequence[object] | None, importance: np.ndarray | None) -> pd.DataFrame:
    """Return the gaps from an earlier start, at which nothing began."""
    allowed = np.ones((1, len(panel.donors)), dtype=bool)
    gaps = fit(panel, np.zeros(1, dtype=int), allowed, followed=_followed(panel, fit_over), importance=importance)[2]
    return gap_series(panel, gaps[0])


def _estimate(
    panel: DonorPanel, gaps: np.ndarray, out: pd.DataFrame, *, outcome: str, level: float, poor: tuple[str, ...]
) -> Estimate:
    """Return the mean gap with the interval and the p that the placebos give it."""
    before, after = mean_squares(panel, gaps)
    n_units = len(gaps)
    p = rank_p(after / before)[1]
    rejected, reached = attainable(level, n_units)
    later = gaps[:, ~panel.before]
    half, constant = invert(later, before, after, rejected)
    value = float(later[0].mean())
    said = cautions(panel, before, out, value=value, asked=level, given=reached, constant=constant)
    matched = f"{len(panel.names)} predictors" if panel.names else "the outcome before"
    return Estimate(
        estimand="ATT",
        scale="difference",
        outcome=outcome,
        unit=outcome,
        value=value,
        ci_low=value - half,
        ci_high=value + half,
        level=reached,
        std_error=None,
        p_value=p,
        df=None,
        n_obs=panel.outcomes.size,
        n_clusters=n_units,
        n_treated=1,
        smallest_p=1 / n_units,
        permutation_p=p,
        cautions=(*poor, *said),
        method=(
            f"synthetic control of {panel.treated} from {n_units - 1} donors, matched on {matched} over "
            f"{int(panel.before.sum())} periods; mean gap over {later.shape[1]} periods; p and interval by placebos in "
            "space on the ratio of mean squared gaps after and before"
        ),
    )


@sentence.register
def _(result: SyntheticControl, *, subject: str = "", against: str = "") -> str:
    """Say the mean gap, its rank among the placebos and the cautions."""
    estimate, units = result.estimate, result.placebos
    name = units.loc[units["treated"], "unit"].iloc[0]
    said = sentence(
        estimate,
        subject=subject or f"The {estimate.outcome} of {name}",
        against=against or "than in the mixture of other units that matched it before",
    )
    ranked = (
        f"Set against the fit before the start, its gap is number {result.rank} of {len(units)} in size "
        f"(p = {estimate.p_value:.3f}; it cannot be below {estimate.smallest_p:.3f})."
    )
    return " ".join([said, ranked, *estimate.cautions])
