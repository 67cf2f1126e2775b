"""Goodman-Bacon's decomposition: which comparisons a two-way fixed-effects coefficient is made of."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.staggered.panel import AdoptionPanel, name_times, read_panel, say_time
from oda.evaluate.words import quantity, sentence

NO_SPREAD = 1e-12  # of the number of rows; what is less is rounding
KINDS = ("treated against never treated", "earlier against later treated", "later against already treated")


@dataclass(frozen=True, kw_only=True, slots=True)
class BaconDecomposition:
    """A two-way fixed-effects coefficient as a weighted average of two-by-two comparisons.

    Attributes
    ----------
    outcome
        What is measured.
    coefficient
        The coefficient of treatment with unit and period effects, in the outcome's units; the sum of `value` times
        `weight`. It has no interval because it is shown to be examined, not reported.
    comparisons
        One row a comparison: `kind`, `cohort`, `control` (cohort compared with; missing for never treated), `value`
        (in the outcome's units), `weight` (the weights sum to 1), `n_treated`, `n_control` (units).
    kinds
        One row a kind: `kind`, `weight` (sum), `value` (weighted average; missing at no weight).
    already_treated
        Share of the weight on comparisons with units treated earlier.
    negative_cells, treated_cells
        Number of treated unit-periods that enter the coefficient with a weight below zero, and of all.
    negative_weight
        Sum of the weights below zero, where those of all treated unit-periods sum to 1.
    n_units, n_periods
        Of the panel.
    cautions
        How the coefficient must be read, one sentence each.
    """

    outcome: str
    coefficient: float
    comparisons: pd.DataFrame
    kinds: pd.DataFrame
    already_treated: float
    negative_cells: int
    treated_cells: int
    negative_weight: float
    n_units: int
    n_periods: int
    cautions: tuple[str, ...]


def bacon_decomposition(data: pd.DataFrame, *, outcome: str, unit: str, time: str, cohort: str) -> BaconDecomposition:
    """Decompose the two-way fixed-effects coefficient of a staggered design into its two-by-two comparisons.

    Some of these compare units that start later with units treated already. If effects grow, the growth counts against
    the treatment there, and the coefficient may have the wrong sign; `staggered_adoption` makes no such comparison.

    Parameters
    ----------
    data
        Shape (units x periods, columns), one row for every unit in every period.
    outcome
        Column of what is measured; for relative effects its logarithm.
    unit
        Column that names the unit of assignment, such as the district.
    time
        Column of pandas periods, or of whole numbers such as years.
    cohort
        Column of the unit's first treated period, in the form of `time`; missing for a unit never treated.

    Returns
    -------
    BaconDecomposition
        The coefficient and its parts, in the outcome's units; the weights are shares.

    Raises
    ------
    DesignError
        When a column cannot be used, the panel is not balanced, a unit has two starts or is treated from the first
        period on, no unit is treated, or all start in the same period with none left to compare with.

    Notes
    -----
    Exact for a balanced panel without weights or covariates. The weights of treated unit-periods are the residuals of
    treatment on unit and period effects, as shares of their sum over the treated.

    References
    ----------
    Goodman-Bacon, A. (2021). Difference-in-differences with variation in treatment timing. Journal of Econometrics,
    225(2). de Chaisemartin, C. and D'Haultfoeuille, X. (2020). Two-way fixed effects estimators with heterogeneous
    treatment effects. American Economic Review, 110(9).

    Examples
    --------
    >>> rows = [(u, t, max(0, t - s + 1), s) for u, s in (("a", 2), ("b", 5)) for t in range(1, 7)]
    >>> frame = pd.DataFrame(rows, columns=["district", "year", "effect", "start"])
    >>> found = bacon_decomposition(frame, outcome="effect", unit="district", time="year", cohort="start")
    >>> round(found.coefficient, 3), round(found.already_treated, 2)  # all effects are 1 or more
    (0.0, 0.67)
    """
    panel = read_panel(data, outcome=outcome, unit=unit, time=time, cohort=cohort)
    treated = (panel.times >= panel.starts[:, None]).astype(float)
    left = treated - treated.mean(axis=1, keepdims=True) - treated.mean(axis=0) + treated.mean()
    total = float((left * treated).sum())
    _check_variation(total, panel)
    comparisons = _comparisons(panel, total)
    kinds = _kinds(comparisons)
    weights = left[treated > 0] / total
    below = weights < -NO_SPREAD
    already = float(kinds["weight"].iloc[2])
    n_below, part = int(below.sum()), float(weights[below].sum())
    return BaconDecomposition(
        outcome=outcome,
        coefficient=float((left * panel.outcomes).sum() / total),
        comparisons=comparisons.sort_values(["weight"], ascending=False, kind="stable", ignore_index=True),
        kinds=kinds,
        already_treated=already,
        negative_cells=n_below,
        treated_cells=len(weights),
        negative_weight=part,
        n_units=len(panel.codes),
        n_periods=len(panel.times),
        cautions=_cautions(already, n_below, len(weights), part),
    )


def _check_variation(total: float, panel: AdoptionPanel) -> None:
    """Refuse a design in which treatment and period are the same thing."""
    if total <= NO_SPREAD * panel.outcomes.size:
        message = (
            f"All {len(panel.codes)} {panel.noun} start in {say_time(panel.cohorts[0], panel.form)}, so no comparison "
            f"is left. Add {panel.noun} that start at another time or never."
        )
        raise DesignError(message)


def _comparisons(panel: AdoptionPanel, total: float) -> pd.DataFrame:
    """Return every two-by-two comparison with its value and weight."""
    counts, n_periods = np.bincount(panel.codes), len(panel.times)
    means = np.stack([panel.outcomes[panel.codes == place].mean(axis=0) for place in range(len(counts))])
    treated = panel.times >= panel.cohorts[:, None]
    share = treated.mean(axis=1)
    rows = []
    for first, second in itertools.combinations(range(len(counts)), 2):
        early, late = treated[first], treated[second]
        pair, ahead = counts[first] * counts[second], share[first] - share[second]
        if np.isinf(panel.cohorts[second]):
            sides = [(KINDS[0], first, second, early, ~early, share[first] * (1 - share[first]))]
        else:
            between = early & ~late
            sides = [
                (KINDS[1], first, second, between, ~early, ahead * (1 - share[first])),
                (KINDS[2], second, first, late, between, share[second] * ahead),
            ]
        for kind, own, other, after, before, weight in sides:
            if weight > 0:  # none where two starts fall between the same two periods
                gap = means[own] - means[other]
                value = float(gap[after].mean() - gap[before].mean())
                rows.append((kind, own, other, value, pair * weight * n_periods / (total * len(panel.codes))))
    frame = pd.DataFrame(rows, columns=["kind", "cohort", "control", "value", "weight"])
    sizes = {f"n_{side}": counts[frame[name]] for side, name in (("treated", "cohort"), ("control", "control"))}
    known = panel.cohorts[np.isfinite(panel.cohorts)]
    names = pd.Series(name_times(known, panel.form)).reindex(range(len(counts)))
    if panel.form is None:
        names = names.astype("Int64")
    for name in ("cohort", "control"):
        frame[name] = names.take(frame[name].to_numpy()).array
    return frame.assign(**sizes)


def _kinds(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return the weight and the average of each kind of comparison."""
    rows = []
    for kind in KINDS:
        own = comparisons[comparisons["kind"] == kind]
        weight = float(own["weight"].sum())
        value = float((own["weight"] * own["value"]).sum() / weight) if weight else np.nan
        rows.append((kind, weight, value))
    return pd.DataFrame(rows, columns=["kind", "weight", "value"])


def _cautions(already: float, below: int, cells: int, part: float) -> tuple[str, ...]:
    """Say what the coefficient rests on."""
    if not already:
        return ()
    said = [
        f"{100 * already:.3g} per cent of the weight is on comparisons with units treated already, whose effects are "
        "taken for trends there. Report staggered_adoption instead, which makes none."
    ]
    if below:
        said.append(
            f"{below} of {cells} treated unit-periods count with a weight below zero, {part:.2g} in all, so, if "
            "effects differ, the coefficient can have the opposite sign of every one."
        )
    return tuple(said)


@sentence.register
def _(result: BaconDecomposition, *, subject: str = "", against: str = "") -> str:
    """Say the coefficient and the share of its weight that rests on units treated already."""
    subject = subject or f"The two-way fixed-effects coefficient of {result.outcome}"
    weighed = f"{100 * result.already_treated:.3g} per cent of its weight"
    said = f"{subject} is {quantity(result.coefficient, '')}, shown to be examined, not as an effect"
    if not result.cautions:
        return f"{said}; none of its weight is on comparisons with units treated already."
    return f"{said}; {weighed} is on comparisons with units treated already. {' '.join(result.cautions[1:])}".rstrip()
