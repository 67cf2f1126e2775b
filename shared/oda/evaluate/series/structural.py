"""A structural counterfactual: what a series would have been, carried forward from before the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.columns import numbers
from oda.evaluate.series.interrupted_rows import check_sides, series_rows
from oda.evaluate.series.structural_fit import Forecast, forecast_series, shift_of
from oda.evaluate.series.structural_gaps import Reading, Scale, cumulative_gap, gap_series, mean_gap, read_effect
from oda.evaluate.words import interval_words, percent_change, quantity, sentence

FEWEST = 20  # periods before
SEASONS = 3  # whole seasons before
FEWEST_PLACEBO = 4  # periods to try the method on
FEWEST_SHIFT = 8  # periods after
MANY_DF = 30  # from here on the estimated variances matter little
WANDERING = 0.2  # of the noise; a level of larger steps makes intervals too narrow
FEWEST_DF = 8  # periods before, less what is estimated from them


@dataclass(frozen=True, kw_only=True, slots=True)
class StructuralCounterfactual:
    """A series beside its forecast from before the start.

    Attributes
    ----------
    average
        Mean gap a period: the geometric mean of observed over counterfactual, or their mean difference in the outcome's
        unit.
    cumulative
        Sum of the gaps over all periods after, in the outcome's unit.
    shift
        A lasting step of the level at the start, from a model of all periods; on the same scale as `average`. None with
        fewer than 8 periods after.
    placebo
        The mean gap that the same method finds over the last periods before the start, where nothing had begun; None
        where the periods before are too few to be split.
    series
        One row a period: `time`, `step` (0 in the first period after), `observed`; and, from the start on,
        `counterfactual`, `gap` and `cumulative_gap`, each with `_low` and `_high`, in the outcome's unit.
    variances
        The likeliest ones of irregular, level and season (of the logarithm for a ratio).
    one_step_error
        Root mean square error of forecasts one period ahead, before the start; of the logarithm for a ratio.
    """

    average: Estimate
    cumulative: Estimate
    shift: Estimate | None
    placebo: Estimate | None
    series: pd.DataFrame
    variances: dict[str, float]
    one_step_error: float


def structural_counterfactual(
    data: pd.DataFrame,
    *,
    outcome: str,
    time: str,
    start: object,
    comparison: Sequence[str] = (),
    season: int = 0,
    scale: Scale = "ratio",
    level: float = 0.95,
) -> StructuralCounterfactual:
    """Estimate the gap between a series and its forecast from before the start, by a structural time series model.

    Identified if the level, the season and the link with the comparison series would have gone on as before the start,
    and what began touched none of the comparison series. `placebo` shows whether the method finds a gap where nothing
    had begun; `placebo_in_time` does so at other dates.

    Parameters
    ----------
    data
        Shape (periods, columns), one row for every period.
    outcome
        Column of numbers; above 0 on the ratio scale.
    time
        Column of pandas periods or of whole numbers.
    start
        First period after, inclusive, of the kind that `time` holds; for periods also as text, such as `2025-04`.
    comparison
        Columns that explain the outcome and that what began did not touch, such as the same rate elsewhere.
    season
        Periods in a season, such as 12 months; 0 for none.
    scale
        `ratio` models logarithms, of the comparison series too, and gives effects in per cent; `difference` models the
        numbers as they are.
    level
        Coverage of the intervals.

    Returns
    -------
    StructuralCounterfactual
        Mean and cumulative gap, and the counterfactual period by period.

    Raises
    ------
    DesignError
        When a column is absent or of the wrong kind; a value is missing, or not above 0 on the ratio scale; a period
        stands twice or has no row; there are fewer than 20 periods or 3 seasons before the start, or too few for the
        terms; or a series does not move.

    Notes
    -----
    Local level, stochastic dummy season and regression, fitted to the periods before alone; the interval has the joint
    covariance of all periods foretold, with t of n - (states) degrees of freedom. How much the level wanders is
    averaged over, weighted by the restricted likelihood and by a Beta(1, 5) for its share, since 24 to 40 periods tell
    little of it. A nominal 5 per cent test rejects 0 to 1 time in 100 where the level is steady, but 8.4 times where it
    wanders by steps of 0.3 of the noise and 10.8 at 0.5 (13 to 17 with the likeliest value alone): intervals are then
    too narrow, as they are where a trend would have gone on. Cumulative gaps on the ratio scale: first-order on the
    logarithm of the sum. The shift uses maximum likelihood on all periods, as Harvey and Durbin did.

    References
    ----------
    Harvey, A. C. and Durbin, J. (1986). The effects of seat belt legislation on British road casualties: a case study
    in structural time series modelling. Journal of the Royal Statistical Society A, 149(3).
    Brodersen, K. H. and others (2015). Inferring causal impact using Bayesian structural time-series models. Annals of
    Applied Statistics, 9(1).

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(0, 1, (2, 40))
    >>> frame = pd.DataFrame({"week": range(40), "calls": 100 + noise[0], "elsewhere": 90 + noise[1]})
    >>> frame.loc[30:, "calls"] -= 10
    >>> found = structural_counterfactual(frame, outcome="calls", time="week", start=30, comparison=["elsewhere"])
    >>> round(found.average.value, 2)
    0.9
    """
    check_share(level=level)
    _check_options(season, scale, comparison)
    names = {f"input {place}": name for place, name in enumerate(comparison)}
    frame = series_rows(data, time=time, start=start, observed=outcome, **names)
    above = 0.0 if scale == "ratio" else None
    observed = numbers(frame["observed"], repr(outcome), above=above)
    inputs = [numbers(frame[fixed], repr(name), above=above) for fixed, name in names.items()]
    matrix = np.column_stack(inputs) if inputs else np.empty((len(frame), 0))
    steps = frame["step"].to_numpy()
    n_before = _check_series(steps, season, len(comparison), time)
    y, x = (np.log(observed), np.log(matrix)) if scale == "ratio" else (observed, matrix)
    foretold = forecast_series(y[:n_before], x, n_before, season)
    method = _say_method(len(y), n_before, season, comparison)
    reading = Reading(outcome=outcome, scale=scale, level=level, n=len(y), method=method)
    placebo = _find_placebo(y[:n_before], x[:n_before], season, len(y) - n_before, reading)
    reading = replace(reading, cautions=_say_cautions(foretold, placebo, n_before, len(y) - n_before))
    return StructuralCounterfactual(
        average=mean_gap(y[n_before:], foretold, reading),
        cumulative=cumulative_gap(observed[n_before:], foretold, reading),
        shift=_find_shift(y, x, n_before, season, reading),
        placebo=placebo,
        series=gap_series(frame.assign(observed=observed), foretold, reading),
        variances=foretold.variances,
        one_step_error=foretold.one_step_error,
    )


def _check_options(season: int, scale: str, comparison: Sequence[str]) -> None:
    """Refuse an option that is not one of those there are."""
    if isinstance(comparison, str) or len(set(comparison)) < len(comparison):
        message = f"comparison is {comparison!r}. Give a list of column names, each once, such as ['elsewhere']."
        raise DesignError(message)
    if scale not in get_args(Scale):
        message = f"scale is {scale!r}. Give 'ratio' or 'difference'."
        raise DesignError(message)
    if season != int(season) or season < 0 or season == 1:
        message = f"season is {season:g}. Give the number of periods in a season, such as 12 months, or 0 for none."
        raise DesignError(message)


def _check_series(steps: np.ndarray, season: int, n_inputs: int, time: str) -> int:
    """Return the number of periods before, or refuse a series that cannot bear the model."""
    check_sides(steps, fewest=1, time=time, why="A counterfactual")
    span, n_before = int(steps[-1] - steps[0]) + 1, int((steps < 0).sum())
    if span != len(steps):
        message = (
            f"{span - len(steps)} of {span} periods of {time!r} have no row. Add them; the model needs every period."
        )
        raise DesignError(message)
    fewest = max(FEWEST, SEASONS * season, max(season - 1, 0) + 1 + n_inputs + FEWEST_DF)
    if n_before < fewest:
        message = (
            f"{n_before} periods before the start. With {f'a season of {season}' if season else 'no season'} and "
            f"{n_inputs} comparison series this model needs {fewest}: use a longer series, shorter periods, or "
            "interrupted_time_series."
        )
        raise DesignError(message)
    return n_before


def _find_placebo(y: np.ndarray, x: np.ndarray, season: int, n_after: int, reading: Reading) -> Estimate | None:
    """Return the mean gap over the last periods before the start, none where too few would be left."""
    fewest = max(FEWEST, SEASONS * season, season + x.shape[1] + FEWEST_DF)
    held = min(n_after, len(y) - fewest)
    if held < FEWEST_PLACEBO:
        return None
    split = len(y) - held
    method = f"{reading.method}; as if begun {held} periods earlier, over those periods"
    return mean_gap(y[split:], forecast_series(y[:split], x, split, season), replace(reading, method=method, n=len(y)))


def _find_shift(y: np.ndarray, x: np.ndarray, n_before: int, season: int, reading: Reading) -> Estimate | None:
    """Return the step of the level, none with few periods after."""
    if len(y) - n_before < FEWEST_SHIFT:
        return None
    effect, error, df = shift_of(y, x, n_before, season)
    method = (
        f"structural time series model of all {len(y)} periods with a step at the start, maximum likelihood, t({df})"
    )
    return read_effect(effect, error, df, replace(reading, method=method), "level shift")


def _say_method(n: int, n_before: int, season: int, comparison: Sequence[str]) -> str:
    """Say how the counterfactual was made."""
    parts = ["local level", *([f"season of {season}"] if season else [])]
    if comparison:
        parts.append(f"{len(comparison)} comparison series")
    return (
        f"structural time series forecast ({', '.join(parts)}) from {n_before} periods before, over "
        f"{n - n_before} after"
    )


def _say_cautions(foretold: Forecast, placebo: Estimate | None, n_before: int, n_after: int) -> tuple[str, ...]:
    """Say what changes how the gaps must be read."""
    said = []
    if placebo is None:
        said.append("The periods before the start are too few to try the method where nothing had begun.")
    elif placebo.p_value is not None and placebo.p_value < 1 - placebo.level:
        said.append(
            f"The same method finds a gap before the start too ({_say(placebo.value, placebo)}; "
            f"{interval_words(placebo)}), so it does not foretell this series well."
        )
    if n_after > n_before:
        said.append(
            f"{n_after} periods are foretold from {n_before}; so long a forecast rests on the model more than on data."
        )
    errors = foretold.one_step
    serial = float(errors[1:] @ errors[:-1]) / float(errors @ errors)
    if abs(serial) > 2 / len(errors) ** 0.5:
        said.append(
            f"Errors one period ahead are correlated ({serial:.2f}): the model misses some of the series' movement."
        )
    noise, level = (foretold.variances[name] ** 0.5 for name in ("irregular", "level"))
    if level >= WANDERING * noise:
        steps = f"{level / noise:.1f} of its noise" if level < noise else "its noise or more"
        said.append(
            f"The level before the start wanders by steps of {steps}: from 0.3 on a true null is rejected 8 to 11 "
            "times in 100 rather than 5, so the interval is too narrow."
        )
    if "level" in foretold.variances and foretold.df < MANY_DF:
        said.append(f"The interval rests on {foretold.df} degrees of freedom and is approximate.")
    return tuple(said)


def _say(value: float, estimate: Estimate) -> str:
    """Say an effect on the scale of an estimate."""
    return percent_change(value) if estimate.scale == "ratio" else quantity(value, estimate.unit)


@sentence.register
def _(result: StructuralCounterfactual, *, subject: str = "", against: str = "") -> str:
    """Say the mean gap, the sum of the gaps, and the level shift."""
    against = against or "than the forecast from before the start"
    total = result.cumulative
    size = quantity(abs(total.value), total.unit)
    text = sentence(result.average, subject=subject, against=against)
    text += f" In all that is {size} {'fewer' if total.value < 0 else 'more'} ({interval_words(total)})."
    if result.shift is not None:
        text += f" {sentence(result.shift, subject='As a lasting step it', against=against)}"
    return text
