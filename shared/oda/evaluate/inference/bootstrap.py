"""The wild cluster bootstrap with the null imposed: every draw of signs once, where there are few clusters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate, check_share
from oda.evaluate.inference.microdata import Regression, regress
from oda.evaluate.inference.regression import Fit, check_spread, crv1_error
from oda.evaluate.words import sentence

ENUMERATED = 4096  # draws of signs; up to so many, each is taken once
TIES_BELOW = 8  # clusters; of fewer, ties count: each is 2 / 2^G of the draws, 3 points of size with 6
TIE = 1e-9  # of the statistic; draws that agree this closely are the same
FEWEST_SIDE = 3  # treated or comparison clusters; with fewer the test cannot reject, whatever the truth
STEPS = 60  # halvings of the search for an end of the interval
WEBB = np.sqrt(np.array([1.5, 1.0, 0.5]))


@dataclass(frozen=True, kw_only=True, slots=True)
class BootstrapTest:
    """A wild cluster bootstrap.

    Attributes
    ----------
    estimate
        The coefficient, its interval by inversion of the test, and the bootstrap p against `null`.
    null
        The value tested, in the coefficient's unit.
    t_value
        Coefficient less null, over its cluster-robust standard error.
    draws
        Draws used.
    enumerated
        Whether the draws are all that there are, each once.
    draw_weights
        `rademacher` (signs) or `webb` (six points).
    """

    estimate: Estimate
    null: float
    t_value: float
    draws: int
    enumerated: bool
    draw_weights: Literal["rademacher", "webb"]


def wild_cluster_bootstrap(
    data: pd.DataFrame,
    *,
    outcome: str,
    term: str,
    cluster: str,
    covariates: Sequence[str] = (),
    fixed_effects: Sequence[str] = (),
    null: float = 0.0,
    draws: int = 9_999,
    draw_weights: Literal["rademacher", "webb"] = "rademacher",
    seed: int = 20_240_101,
    level: float = 0.95,
) -> BootstrapTest:
    """Test a regression coefficient by the wild cluster bootstrap with the null imposed.

    Identified as the regression is; the test needs no more than that clusters are independent. `randomisation_test`
    needs less where the treatment was given to whole clusters.

    Parameters
    ----------
    data
        Shape (rows, columns), any number of rows a cluster.
    outcome, term
        Columns of numbers; the coefficient of `term` is tested.
    cluster
        Column of the level at which the treatment was assigned.
    covariates
        Columns of numbers.
    fixed_effects
        At most two columns of labels; an intercept when there is none.
    null
        Value tested, in units of the outcome per unit of the term.
    draws
        Random draws where they cannot be enumerated.
    draw_weights
        `rademacher`: each cluster's residuals keep or change their sign; all 2^G draws once when there are at most
        4,096. `webb`: six points, at random, for very few clusters.
    seed
        Of random draws.
    level
        Coverage of the interval.

    Returns
    -------
    BootstrapTest
        In units of the outcome per unit of the term.

    Raises
    ------
    DesignError
        When fewer than 3 clusters are treated or fewer than 3 are not (the test then cannot reject), or the
        regression cannot be fitted.

    Notes
    -----
    The p is the share of draws whose statistic is larger than the actual one. Draws that agree with it to 1e-9, as the
    actual signs and their mirror image do, are ties, whatever rounding makes of them (Stata's `boottest` leaves that
    to rounding). Of all draws of 8 or more clusters ties are not counted, as in Stata; of fewer clusters, and of random
    draws, they are: with 3 of 6 treated leaving them out would reject 9 to 10 per cent, counting them 5.5. The p is
    never below 2 / 2^G.
    The interval ends where the same draws begin to reject; since p moves in steps, now and then a value near an end is
    on the wrong side of it. With 4 of 8 treated its true size at 5 per cent is 6.7; with 1 or 2 of 6 treated 0.3 and
    2.8, which is why it is refused there.

    References
    ----------
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Bootstrap-based improvements for inference with clustered
    errors. Review of Economics and Statistics, 90(3). Roodman, D., MacKinnon, J. G., Nielsen, M. Ø. and Webb, M. D.
    (2019). Fast and wild: bootstrap inference in Stata using boottest. Stata Journal, 19(1). Webb, M. D. (2023).
    Reworking wild bootstrap-based inference for clustered errors. Canadian Journal of Economics, 56(3).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"area": np.repeat(list("abcdefgh"), 5), "x": np.repeat([1, 0], 20)})
    >>> frame["y"] = 2.0 * frame["x"] + rng.normal(size=40)
    >>> found = wild_cluster_bootstrap(frame, outcome="y", term="x", cluster="area")
    >>> found.draws, found.enumerated
    (256, True)
    """
    check_share(level=level)
    if draws < 99:
        message = f"{draws} draws say little of a p. Ask for 999 or more."
        raise DesignError(message)
    found = regress(
        data, outcome=outcome, term=term, cluster=cluster, covariates=covariates, fixed_effects=fixed_effects
    )
    _check_sides(found)
    return bootstrap_fit(
        found,
        outcome=outcome,
        unit=f"{outcome} per unit of {term}",
        null=null,
        draws=draws,
        draw_weights=draw_weights,
        seed=seed,
        level=level,
    )


def _check_sides(found: Regression) -> None:
    """Refuse a treatment of so few clusters that no draw can reject."""
    if found.n_treated + found.n_control and min(found.n_treated, found.n_control) < FEWEST_SIDE:
        message = (
            f"{found.n_treated} of {found.n_treated + found.n_control} clusters are treated. With fewer than "
            f"{FEWEST_SIDE} on a side the wild bootstrap cannot reject, whatever the truth. Use collapsed_t_test or "
            "randomisation_test, or synthetic_control for one treated cluster."
        )
        raise DesignError(message)


def bootstrap_fit(
    found: Regression,
    *,
    outcome: str,
    unit: str,
    null: float,
    draws: int,
    draw_weights: Literal["rademacher", "webb"],
    seed: int,
    level: float,
) -> BootstrapTest:
    """Bootstrap a regression that was fitted already.

    Parameters
    ----------
    found
        The regression.
    outcome, unit
        For the estimate.
    null, draws, draw_weights, seed, level
        As in `wild_cluster_bootstrap`.

    Returns
    -------
    BootstrapTest
        The test.
    """
    fit = found.fit
    std_error, _ = crv1_error(fit)
    check_spread(fit, std_error)
    signs, enumerated = _draw(fit.n_clusters, draws, draw_weights, seed)
    smallest = (2 if enumerated else 1) / len(signs)
    ties = not enumerated or fit.n_clusters < TIES_BELOW
    statistics = _Statistics(fit, signs if enumerated else signs[:, _places(fit)], smallest, ties=ties)
    p_value = statistics.p_value(null)
    low, high = (_end(statistics, fit.coef, side * std_error, 1 - level) for side in (-1, 1))
    listed = f"all {len(signs):,} draws of signs" if enumerated else f"{len(signs):,} random draws"
    estimate = Estimate(
        estimand="coefficient",
        scale="difference",
        outcome=outcome,
        unit=unit,
        value=fit.coef,
        ci_low=low,
        ci_high=high,
        level=level,
        std_error=std_error,
        p_value=p_value,
        df=None,
        n_obs=found.n_obs,
        n_clusters=fit.n_clusters,
        n_treated=found.n_treated,
        smallest_p=smallest,
        cautions=_cautions(fit.n_clusters, len(signs), 1 - level, enumerated=enumerated),
        method=(
            f"least squares, wild cluster bootstrap over {fit.n_clusters} clusters with the null imposed "
            f"({listed}, {'Rademacher' if draw_weights == 'rademacher' else 'Webb'} weights), interval by inversion"
        ),
    )
    return BootstrapTest(
        estimate=estimate,
        null=null,
        t_value=(fit.coef - null) / std_error,
        draws=len(signs),
        enumerated=enumerated,
        draw_weights=draw_weights,
    )


def _cautions(n_clusters: int, draws: int, size: float, *, enumerated: bool) -> tuple[str, ...]:
    """Say when the draws are so few that the p is coarse or cannot be small."""
    if not enumerated or n_clusters > 8:
        return ()
    said = f"With {n_clusters} clusters there are {draws} draws of signs, so p moves in steps of 1/{draws}"
    end = f" and cannot be below {size:g}." if 2 / draws > size else "; Webb weights give a finer grid."
    return (said + end,)


def _draw(n: int, draws: int, kind: str, seed: int) -> tuple[np.ndarray, bool]:
    """Return one row of weights a draw, and whether these are all there are; the actual signs are the first."""
    if kind not in ("rademacher", "webb"):
        message = f"{kind!r} names no weights. Give 'rademacher' or 'webb'."
        raise DesignError(message)
    if kind == "rademacher" and 2**n <= ENUMERATED:
        return np.array(list(itertools.product([1.0, -1.0], repeat=n))), True
    rng = np.random.default_rng(seed)
    points = np.array([-1.0, 1.0]) if kind == "rademacher" else np.concatenate([-WEBB, WEBB])
    signs = points[rng.integers(len(points), size=(draws, n), dtype=np.int8)]
    return np.vstack([np.ones(n), signs]), False


def _places(fit: Fit) -> np.ndarray:
    """Return each cluster's place by its score, so that random draws do not depend on the clusters' names."""
    keys = [
        np.bincount(fit.cluster, column, fit.n_clusters)
        for column in (np.ones(len(fit.term)), fit.term**2, fit.term * fit.residuals(fit.coef))
    ]
    order = np.lexsort([np.round(key / np.abs(key).max(), 9) for key in keys])
    return np.argsort(order)


class _Statistics:
    """The bootstrap statistics as functions of the null less the estimate: all sums are linear in it."""

    def __init__(self, fit: Fit, signs: np.ndarray, smallest: float, *, ties: bool) -> None:
        """Reduce the rows to sums by cluster, once."""
        self._ties = ties
        self._smallest, self._coef, self._size = smallest, fit.coef, float(fit.term @ fit.term)
        reach = _sums(fit.term[:, None] * fit.design, fit.cluster, fit.n_clusters) @ fit.inverse
        tops, scores = [], []
        for column in (fit.residuals(fit.coef), fit.term):
            own = np.bincount(fit.cluster, fit.term * column, fit.n_clusters)
            sums = _sums(column[:, None] * fit.design, fit.cluster, fit.n_clusters)
            tops.append(signs @ own)
            scores.append(signs @ (np.diag(own) - sums @ reach.T))
        self._top, self._top_slope = tops
        pairs = ((0, 0), (0, 1), (1, 1))
        self._squares = [np.einsum("ij,ij->i", scores[first], scores[second]) for first, second in pairs]
        own_scores = np.bincount(fit.cluster, fit.term * fit.residuals(fit.coef), fit.n_clusters)
        self._spread = float(own_scores @ own_scores)

    def p_value(self, null: float) -> float:
        """Return the share of draws with a statistic as large as the actual one, ties counted or not."""
        gap = null - self._coef
        top = (self._top - gap * self._top_slope) ** 2
        below = self._squares[0] - 2 * gap * self._squares[1] + gap**2 * self._squares[2]
        actual = (gap * self._size) ** 2 / self._spread
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = np.where(below > TIE**2 * self._spread, top / below, np.inf)
        if self._ties:
            return float((drawn >= actual * (1 - TIE)).mean())
        return max(float((drawn > actual * (1 + TIE)).mean()), self._smallest)


def _sums(columns: np.ndarray, groups: np.ndarray, n: int) -> np.ndarray:
    """Add every column up by group, shape (groups, columns)."""
    return np.column_stack([np.bincount(groups, columns[:, place], n) for place in range(columns.shape[1])])


def _end(statistics: _Statistics, coef: float, step: float, size: float) -> float:
    """Return the end of the interval on one side: where p falls to the size of the test."""
    reach = 2.0
    while statistics.p_value(coef + reach * step) > size:
        reach *= 2
        if reach > 2**20:
            message = (
                f"No value is rejected at {size:g}, however far: the interval has no end. Give a lower level, "
                "draw_weights='webb', or use collapsed_t_test."
            )
            raise DesignError(message)
    inside, outside = coef, coef + reach * step
    for _ in range(STEPS):
        middle = (inside + outside) / 2
        if statistics.p_value(middle) > size:
            inside = middle
        else:
            outside = middle
    return inside


@sentence.register
def _(result: BootstrapTest, *, subject: str = "", against: str = "") -> str:
    """Say the coefficient, the p of the draws and the cautions."""
    e, kind = result.estimate, "All" if result.enumerated else "Random"
    said = f"{kind} {result.draws:,} draws give p = {e.p_value:.3f} against {result.null:g}."
    return " ".join([sentence(e, subject=subject, against=against), said, *e.cautions])
