"""Randomisation tests: the treatment is re-assigned in every possible way, and the actual way is one of them."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, take
from oda.evaluate.words import quantity, sentence

ENUMERATED = 20_000  # assignments; up to so many, each is taken once
TIE = 1e-9  # of the statistic or the largest change; assignments whose statistics agree this closely are the same
FLAT = 1e-14  # of the changes' sum of squares; a variance below it is rounding


@dataclass(frozen=True, kw_only=True, slots=True)
class RandomisationTest:
    """A randomisation test of no effect on any unit.

    Attributes
    ----------
    value
        Mean change of the treated less that of the others, in the unit of the changes.
    p_value
        Two-sided: share of assignments with a statistic at least as large, ties and the actual one counted.
    smallest_p
        Smallest that p could be with these numbers of units (and draws).
    ways, assignments
        Assignments that there are, and those used.
    enumerated
        Whether all were used, each once.
    statistic
        `difference` or `studentised`.
    n_treated, n_control
        Units.
    cautions
        Such as that 5 per cent cannot be reached.
    """

    value: float
    p_value: float
    smallest_p: float
    ways: int
    assignments: int
    enumerated: bool
    statistic: Literal["difference", "studentised"]
    n_treated: int
    n_control: int
    cautions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Joint:
    """A randomisation test of several changes together.

    Attributes
    ----------
    p_value
        Share of assignments with a statistic at least as large.
    smallest_p
        Smallest that it could be.
    """

    p_value: float
    smallest_p: float


def randomisation_test(
    data: pd.DataFrame,
    *,
    change: str,
    treated: str,
    statistic: Literal["difference", "studentised"] = "difference",
    draws: int = 9_999,
    seed: int = 20_240_101,
) -> RandomisationTest:
    """Test that the treatment changed nothing for any unit, by re-assigning it among units.

    Valid by design where units were drawn at random for treatment; elsewhere it needs that any other units might as
    well have been treated. The dates stay as they were.

    Parameters
    ----------
    data
        Shape (units, columns), one row a unit, such as `Comparison.changes`.
    change
        Column of each unit's change, in any unit.
    treated
        Column of truth values.
    statistic
        `difference` of means, or `studentised` by the unequal-variance standard error, which bears groups of unequal
        spread better and needs two units on each side.
    draws
        Random assignments where there are more than 20,000.
    seed
        Of random assignments.

    Returns
    -------
    RandomisationTest
        The p and the smallest that it can be.

    Raises
    ------
    DesignError
        When a column is absent, missing values or of the wrong kind, or a side has too few units.

    References
    ----------
    Young, A. (2019). Channeling Fisher: randomization tests and the statistical insignificance of seemingly
    significant experimental results. Quarterly Journal of Economics, 134(2). Chung, E. and Romano, J. P. (2013).
    Exact and asymptotically robust permutation tests. Annals of Statistics, 41(2).

    Examples
    --------
    >>> frame = pd.DataFrame({"change": [-9.0, 1.0, 0.0, 2.0, -1.0, 3.0], "treated": [True] + [False] * 5})
    >>> found = randomisation_test(frame, change="change", treated="treated")
    >>> round(found.p_value, 3), round(found.smallest_p, 3)
    (0.167, 0.167)
    """
    if statistic not in ("difference", "studentised"):
        message = f"{statistic!r} names no statistic. Give 'difference' or 'studentised'."
        raise DesignError(message)
    frame = take(data, change=change, treated=treated)
    if not frame["treated"].isin([True, False]).all():
        message = f"{treated!r} holds other values than True and False. Give True for each treated unit."
        raise DesignError(message)
    chosen = frame["treated"].to_numpy(dtype=bool)
    fewest = 2 if statistic == "studentised" else 1
    if min(chosen.sum(), (~chosen).sum()) < fewest or len(chosen) < 3 or draws < 99:
        message = (
            f"{chosen.sum()} of {len(chosen)} units are treated, {draws} draws. Each side needs {fewest} or more, "
            "three in all, and at least 99 draws."
        )
        raise DesignError(message)
    return permute(numbers(frame["change"], change), chosen, statistic=statistic, draws=draws, seed=seed)


def permute(
    changes: np.ndarray,
    treated: np.ndarray,
    *,
    statistic: Literal["difference", "studentised"] = "difference",
    draws: int = 9_999,
    seed: int = 20_240_101,
) -> RandomisationTest:
    """Re-assign the treatment of changes that were checked already.

    Parameters
    ----------
    changes
        Shape (units,).
    treated
        Shape (units,), truth values.
    statistic, draws, seed
        As in `randomisation_test`.

    Returns
    -------
    RandomisationTest
        The test.
    """
    order = np.lexsort((changes, ~treated))  # so that random draws do not depend on the order of rows
    centred = changes[order] - changes.mean()
    n, n_treated = len(changes), int(treated.sum())
    ways = math.comb(n, n_treated)
    enumerated = ways <= ENUMERATED
    picks = _all_picks(n, n_treated) if enumerated else _random_picks(n, n_treated, draws, seed)
    found = _statistics(centred, picks, statistic)
    actual = _statistics(centred, np.arange(n_treated)[None, :], statistic)[0]
    mirror = 2 if 2 * n_treated == n else 1  # in halves, the mirror assignment has the same gap
    smallest = mirror / ways if enumerated else max(mirror / ways, 1 / len(picks))
    floor = actual - TIE * np.abs(centred).max() if statistic == "difference" else actual * (1 - TIE)
    return RandomisationTest(
        value=float(changes[treated].mean() - changes[~treated].mean()),
        p_value=float((found >= floor).mean()),
        smallest_p=smallest,
        ways=ways,
        assignments=len(picks),
        enumerated=enumerated,
        statistic=statistic,
        n_treated=n_treated,
        n_control=n - n_treated,
        cautions=_cautions(n_treated, n, smallest),
    )


def _cautions(n_treated: int, n: int, smallest: float) -> tuple[str, ...]:
    """Say when no assignment could give a small p."""
    if smallest <= 0.05:
        return ()
    return (
        f"With {n_treated} of {n} treated, re-assigning the treatment cannot give a p below {smallest:.3f}: "
        "5 per cent cannot be reached, whatever the effect.",
    )


def _all_picks(n: int, n_treated: int) -> np.ndarray:
    """Return all choices of treated units, shape (choices, treated)."""
    flat = itertools.chain.from_iterable(itertools.combinations(range(n), n_treated))
    picks: np.ndarray = np.fromiter(flat, dtype=np.intp, count=math.comb(n, n_treated) * n_treated)
    return picks.reshape(-1, n_treated)


def _random_picks(n: int, n_treated: int, draws: int, seed: int) -> np.ndarray:
    """Return random choices of treated units, the actual one first, shape (draws + 1, treated)."""
    rng = np.random.default_rng(seed)
    drawn = np.argpartition(rng.random((draws, n)), n_treated, axis=1)[:, :n_treated]
    return np.vstack([np.arange(n_treated), drawn])


def _statistics(centred: np.ndarray, picks: np.ndarray, statistic: str) -> np.ndarray:
    """Return the size of the statistic of each choice; of the plain one but for a factor that all choices share."""
    chosen = centred[picks]
    total = chosen.sum(axis=1)
    if statistic == "difference":
        return np.asarray(np.abs(total))
    n, n_treated = len(centred), picks.shape[1]
    squares, rest = (chosen**2).sum(axis=1), n - n_treated
    means = total / n_treated, -total / rest
    inner = (squares - total**2 / n_treated).clip(0), ((centred**2).sum() - squares - total**2 / rest).clip(0)
    variance = inner[0] / (n_treated - 1) / n_treated + inner[1] / (rest - 1) / rest
    variance = np.where(variance > FLAT * (centred @ centred), variance, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.abs(means[0] - means[1]) / np.sqrt(variance)
    return np.asarray(np.nan_to_num(sizes, nan=0.0, posinf=np.inf))


def permute_many(changes: np.ndarray, treated: np.ndarray, *, draws: int = 9_999, seed: int = 20_240_101) -> Joint:
    """Test several changes of each unit together, by the sum of their squared standardised differences.

    Parameters
    ----------
    changes
        Shape (units, changes).
    treated
        Shape (units,), truth values.
    draws, seed
        As in `randomisation_test`.

    Returns
    -------
    Joint
        The p and the smallest that it can be.
    """
    order = np.lexsort((*changes.T[::-1], ~treated))
    spread = changes.std(axis=0)
    rounding = spread <= TIE * np.abs(changes).max(axis=0)
    centred = (changes[order] - changes.mean(axis=0)) / np.where(rounding, np.inf, spread)
    n, n_treated = len(changes), int(treated.sum())
    ways = math.comb(n, n_treated)
    picks = _all_picks(n, n_treated) if ways <= ENUMERATED else _random_picks(n, n_treated, draws, seed)
    found = (centred[picks].sum(axis=1) ** 2).sum(axis=1)
    actual = float((centred[:n_treated].sum(axis=0) ** 2).sum())
    mirror = 2 if 2 * n_treated == n else 1
    return Joint(
        p_value=float((found >= actual * (1 - TIE)).mean()),
        smallest_p=max(mirror / ways, 0.0 if ways <= ENUMERATED else 1 / len(picks)),
    )


@sentence.register
def _(result: RandomisationTest, *, subject: str = "", against: str = "") -> str:
    """Say the difference, how many assignments give as large a one, and the smallest p that there could be."""
    subject, against = subject or "The mean change of the treated", against or "than that of the others"
    size = f"{quantity(abs(result.value), '')} {'lower' if result.value < 0 else 'higher'} {against}"
    ways = f"the {result.assignments:,} ways" if result.enumerated else f"{result.assignments:,} random ways"
    what = "difference" if result.statistic == "difference" else "difference for its spread"
    share = (
        f"Of {ways} to choose {result.n_treated} of {result.n_treated + result.n_control}, a share of "
        f"{result.p_value:.3f} gives a {what} as large or larger; it cannot be below {result.smallest_p:.3f}."
    )
    return " ".join([f"{subject} was {size}.", share, *result.cautions])
