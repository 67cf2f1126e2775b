"""Power by simulation: made-up pilots with shocks that last and counts, tested as the real one will be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from oda.errors import DesignError
from oda.estimate import Estimate, check_share, check_whole
from oda.evaluate.distributions import t_quantile
from oda.evaluate.rates.limits import wilson_limits
from oda.evaluate.words import percent_change

LARGE = 0.5  # of the logarithm of a ratio; a larger effect may be a ratio that was not turned into its logarithm
CHUNK = 10_000  # draws at a time, to keep memory small


def simulate_power(
    effect: float,
    *,
    n_treated: int,
    n_control: int,
    before: int,
    after: int,
    sd_shock: float,
    autocorrelation: float = 0.0,
    events: float | Sequence[float] | None = None,
    level: float = 0.95,
    draws: int = 20_000,
    seed: int = 1,
) -> Estimate:
    """Estimate by simulation how often a comparison of before-and-after changes would detect a true effect.

    Shocks follow a first-order autoregression in each unit; with `events`, counts are drawn around them and changes are
    logarithms. Each made-up pilot is tested as `difference_in_differences` does, by t with n - 2 degrees of freedom.
    Right if the pilot's shocks are like these; take them from `pre_period_spread`.

    Parameters
    ----------
    effect
        True effect: the logarithm of the ratio with `events`, else in the unit of `sd_shock`.
    n_treated, n_control
        Numbers of units with and without treatment.
    before, after
        Periods on each side.
    sd_shock
        Standard deviation of a unit's shock in one period, beyond the chance of counts.
    autocorrelation
        Of the shocks from one period to the next, above -1 and below 1.
    events
        Expected count of a unit in one period, or one for each unit, the treated first; no counts when None.
    level
        Coverage of the interval that must exclude no effect.
    draws
        Number of made-up pilots.
    seed
        Of the random numbers; the same seed gives the same answer.

    Returns
    -------
    Estimate
        Probability of detection, with Wilson's interval for the number of draws.

    Raises
    ------
    DesignError
        When a group is empty, there are fewer than three units, a side has no period, the shocks' standard deviation
        is negative, the autocorrelation is not between -1 and 1, events are not above zero or not one a unit, there
        are fewer than 100 draws, or nothing varies.

    Notes
    -----
    A pilot in which some unit has no event on one side is counted as not detecting; a caution says how many. Poisson
    counts and equal shocks in all units are assumed.

    References
    ----------
    Arnold, B. F., Hogan, D. R., Colford, J. M. and Hubbard, A. E. (2011). Simulation methods to estimate design power.
    BMC Medical Research Methodology, 11.

    Examples
    --------
    >>> found = simulate_power(4.12, n_treated=1, n_control=5, before=1, after=1, sd_shock=0.5**0.5)
    >>> round(found.value, 2)
    0.8
    """
    check_share(level=level)
    check_whole(n_treated=n_treated, n_control=n_control, before=before, after=after)
    expected = _check(effect, n_treated, n_control, (before, after), (sd_shock, autocorrelation), events, draws)
    rng = np.random.default_rng(seed)
    critical = float(t_quantile((1 + level) / 2, n_treated + n_control - 2))
    detected = lost = 0
    for first in range(0, draws, CHUNK):
        shape = (min(CHUNK, draws - first), n_treated + n_control, before + after)
        figures = _shocks(rng, shape, sd_shock, autocorrelation)
        figures[:, :n_treated, before:] += effect
        changes = _changes(rng, figures, before, expected)
        known = np.isfinite(changes).all(axis=1)
        detected += int((_t_values(changes[known], n_treated) > critical).sum())
        lost += int((~known).sum())
    low, high = wilson_limits(detected, draws, level=level)
    share = detected / draws
    size = percent_change(math.exp(min(effect, 100.0)))
    cautions = {
        f"In {lost} of {draws} made-up pilots a unit had no event on one side; these detect nothing.": lost > 0,
        f"The effect {effect:g} is taken as a logarithm, so as {size}; for a ratio give its logarithm.": (
            events is not None and abs(effect) > LARGE
        ),
    }
    return Estimate(
        estimand="power",
        scale="level",
        outcome="probability of detection",
        unit="",
        value=share,
        ci_low=float(low),
        ci_high=float(high),
        level=level,
        std_error=math.sqrt(share * (1 - share) / draws),
        p_value=None,
        df=n_treated + n_control - 2,
        n_obs=draws,
        n_clusters=n_treated + n_control,
        n_treated=n_treated,
        cautions=tuple(text for text, holds in cautions.items() if holds),
        method=(
            f"{draws:,} made-up pilots of {before} periods before and {after} after, seed {seed}, t test with "
            f"{n_treated + n_control - 2} degrees of freedom, Wilson interval for the draws"
        ),
    )


def _check(
    effect: float,
    n_treated: int,
    n_control: int,
    sides: tuple[int, int],
    shocks: tuple[float, float],
    events: float | Sequence[float] | None,
    draws: int,
) -> np.ndarray | None:
    """Return the expected count of each unit, shape (units, 1), or refuse the design."""
    sd_shock, autocorrelation = shocks
    refusals = {
        f"{n_treated} treated, {n_control} not. At least one unit in each group and three in all are needed.": (
            min(n_treated, n_control) < 1 or n_treated + n_control < 3
        ),
        f"{sides[0]} periods before, {sides[1]} after. Give at least one on each side.": min(sides) < 1,
        f"Effect {effect:g}, standard deviation {sd_shock:g}, autocorrelation {autocorrelation:g}. Give finite "
        "numbers, the deviation not negative and the autocorrelation between -1 and 1.": not (
            math.isfinite(effect) and 0 <= sd_shock < math.inf and -1 < autocorrelation < 1
        ),
        "No shock and no count, so nothing varies. Give sd_shock or events.": sd_shock == 0 and events is None,
        f"{draws} draws. Give at least 100, better 20,000.": draws < 100,
    }
    for message, holds in refusals.items():
        if holds:
            raise DesignError(message)
    if events is None:
        return None
    expected = np.atleast_1d(np.asarray(events, dtype=float))
    if expected.shape not in ((1,), (n_treated + n_control,)) or not (np.isfinite(expected) & (expected > 0)).all():
        message = (
            f"{expected.size} numbers of events, the smallest {expected.min():g}. Give one above zero, or one for each "
            f"of {n_treated + n_control} units."
        )
        raise DesignError(message)
    return expected[:, None]


def _shocks(
    rng: np.random.Generator, shape: tuple[int, int, int], sd_shock: float, autocorrelation: float
) -> np.ndarray:
    """Return stationary autoregressive shocks, draws by units by periods."""
    shocks = rng.normal(0, 1, shape)
    fresh = math.sqrt(1 - autocorrelation**2)
    for period in range(1, shape[2]):
        shocks[..., period] = autocorrelation * shocks[..., period - 1] + fresh * shocks[..., period]
    return sd_shock * shocks


def _changes(rng: np.random.Generator, figures: np.ndarray, before: int, expected: np.ndarray | None) -> np.ndarray:
    """Return each unit's change, of the logarithm where there are counts; not finite where a side has none."""
    if expected is None:
        return np.asarray(figures[..., before:].mean(axis=-1) - figures[..., :before].mean(axis=-1))
    counts = rng.poisson(expected * np.exp(figures))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(counts[..., before:].mean(axis=-1)) - np.log(counts[..., :before].mean(axis=-1)))


def _t_values(changes: np.ndarray, n_treated: int) -> np.ndarray:
    """Return the size of the pooled two-sample t of every draw."""
    groups = changes[:, :n_treated], changes[:, n_treated:]
    gap = groups[0].mean(axis=1) - groups[1].mean(axis=1)
    squares = sum(((group - group.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) for group in groups)
    sizes = [group.shape[1] for group in groups]
    std_error = np.sqrt(squares / (sum(sizes) - 2) * sum(1 / size for size in sizes))
    with np.errstate(divide="ignore", invalid="ignore"):  # changes of small counts can all be the same
        return np.asarray(np.abs(gap) / std_error)
