"""What a synthetic control is made of and what it gives, as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from oda.evaluate.synthetic.fit import mean_squares
from oda.evaluate.synthetic.panel import DonorPanel, say_time

SEEN = 1e-6  # a donor with a smaller weight has none


def donor_weights(panel: DonorPanel, weights: np.ndarray) -> pd.DataFrame:
    """Return the donors' weights, the largest first.

    Parameters
    ----------
    panel
        Labels.
    weights
        Shape (donors,).

    Returns
    -------
    DataFrame
        `donor`, `weight`.
    """
    frame = pd.DataFrame({"donor": list(panel.donors), "weight": np.where(weights > SEEN, weights, 0.0)})
    return frame.sort_values("weight", ascending=False, kind="stable", ignore_index=True)


def gap_series(panel: DonorPanel, gaps: np.ndarray) -> pd.DataFrame:
    """Return the unit, its synthetic control and their gap, period by period.

    Parameters
    ----------
    panel
        Outcomes.
    gaps
        Shape (periods,).

    Returns
    -------
    DataFrame
        `time`, `after`, `actual`, `synthetic`, `gap`.
    """
    actual = panel.outcomes[:, 0]
    columns = {"after": ~panel.before, "actual": actual, "synthetic": actual - gaps, "gap": gaps}
    return pd.DataFrame({"time": list(panel.times), **columns})


def predictor_balance(panel: DonorPanel, weights: np.ndarray, importance: np.ndarray, *, outcome: str) -> pd.DataFrame:
    """Return each predictor, and the outcome before, in the unit, its synthetic control and the mean donor.

    Parameters
    ----------
    panel
        Outcomes and predictors.
    weights
        Shape (donors,).
    importance
        Shape (predictors,).
    outcome
        Its name.

    Returns
    -------
    DataFrame
        `predictor`, `treated`, `synthetic`, `donors`, `importance` (missing for what is not matched by it).
    """
    early = panel.outcomes[panel.before]
    values = [early.mean(axis=0), *(() if panel.names else (early[0], early[-1]))]
    names = [f"{outcome}, mean before the start"]
    if not panel.names:
        names += [f"{outcome}, {say_time(panel.times[0])}", f"{outcome}, {say_time(panel.times[len(early) - 1])}"]
    table = np.vstack([values, *([] if panel.predictors is None else [panel.predictors])])
    unlisted = np.full(len(values), np.nan)
    return pd.DataFrame(
        {
            "predictor": [*names, *panel.names],
            "treated": table[:, 0],
            "synthetic": table[:, 1:] @ weights,
            "donors": table[:, 1:].mean(axis=1),
            "importance": np.concatenate([unlisted, importance]),
        }
    )


def placebo_ratios(panel: DonorPanel, gaps: np.ndarray) -> pd.DataFrame:
    """Return each unit's gaps before and after, as if it were the treated one.

    Parameters
    ----------
    panel
        Outcomes.
    gaps
        Shape (1 + donors, periods).

    Returns
    -------
    DataFrame
        `unit`, `treated`, `pre_rmspe`, `post_rmspe`, `ratio`, `mean_gap`, the largest ratio first.
    """
    before, after = mean_squares(panel, gaps)
    frame = pd.DataFrame(
        {
            "unit": [panel.treated, *panel.donors],
            "treated": [True] + [False] * len(panel.donors),
            "pre_rmspe": np.sqrt((gaps[:, panel.before] ** 2).mean(axis=1)),
            "post_rmspe": np.sqrt(after),
            "ratio": after / before,
            "mean_gap": gaps[:, ~panel.before].mean(axis=1),
        }
    )
    return frame.sort_values("ratio", ascending=False, kind="stable", ignore_index=True)
