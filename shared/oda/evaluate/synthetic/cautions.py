"""When a synthetic control follows its unit poorly, and what else changes how it must be read."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.evaluate.synthetic.panel import DonorPanel
from oda.evaluate.words import quantity

WORST_SHARE = 0.5  # of the unit's own spread before; one that misses by more explains under three quarters of it
WORST_PLACEBO = 2.0  # times the placebos' median error; beyond it the unit lies outside what donors can make up
USUAL_BEFORE = 8  # periods; with fewer, a close fit is little evidence


def judge_fit(panel: DonorPanel, before: np.ndarray) -> tuple[str, ...]:
    """Say why a synthetic control follows its unit poorly before the start, if it does.

    Parameters
    ----------
    panel
        Outcomes.
    before
        Shape (1 + donors,): mean squared gaps before, the treated unit's first.

    Returns
    -------
    tuple of str
        A sentence for each reason; empty where the fit is not poor.
    """
    error, usual = float(np.sqrt(before[0])), float(np.median(np.sqrt(before[1:])))
    own = float(panel.outcomes[panel.before, 0].std())
    reasons = []
    if error > WORST_SHARE * own:
        reasons.append(
            f"The fit before the start is poor: the mixture of donors misses {panel.treated} by {quantity(error, '')} "
            f"a period, against {quantity(own, '')} by which it varies itself, so the later gap may be no effect."
        )
    if error > WORST_PLACEBO * usual:
        reasons.append(
            f"The fit before the start is poor: the mixture of donors misses {panel.treated} by {quantity(error, '')} "
            f"a period, against {quantity(usual, '')} for the usual donor; no mixture of donors is like it."
        )
    return tuple(reasons)


def cautions(
    panel: DonorPanel,
    before: np.ndarray,
    out: pd.DataFrame,
    *,
    value: float,
    asked: float,
    given: float,
    constant: bool,
) -> tuple[str, ...]:
    """Say what changes how the effect must be read, beside a poor fit.

    Parameters
    ----------
    panel
        Outcomes.
    before
        Shape (1 + donors,): mean squared gaps before.
    out
        The effect without each donor: `left_out`, `value`.
    value
        The effect.
    asked, given
        Level of the interval that was asked for, and that it has.
    constant
        Whether some constant effect is not rejected.

    Returns
    -------
    tuple of str
        One sentence each.
    """
    n_donors, n_before = len(panel.donors), int(panel.before.sum())
    said = []
    if given < asked:
        said.append(
            f"{100 * (1 - asked):g} per cent cannot be reached: with {n_donors} donors the smallest p is "
            f"{1 / (n_donors + 1):.3f}, so the interval is at {100 * given:g} per cent."
        )
    if n_before < USUAL_BEFORE:
        said.append(
            f"There are {n_before} periods before the start; with fewer than {USUAL_BEFORE} a close fit shows little."
        )
    exact = (panel.outcomes[panel.before].std() * 1e-6) ** 2
    if before[0] <= exact * (1 + 1e-9):
        said.append(
            f"{n_donors} donors reproduce the {n_before} periods before the start exactly, as chance alone may; the "
            "ratio of the gaps then says little."
        )
    if not constant:
        said.append(
            "The gap changes so much after the start that no constant effect fits; the interval is for the mean gap, "
            "by its size against the fit before."
        )
    turned = out.loc[out["value"] * value < 0, "left_out"]
    if len(turned):
        said.append(f"Without {' or without '.join(map(str, turned))} the effect has the other sign.")
    return tuple(said)
