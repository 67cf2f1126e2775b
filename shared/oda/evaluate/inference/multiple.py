"""Many outcomes, one family: p-values that allow for how many were looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers
from oda.evaluate.words import sentence

Method = Literal["holm", "bonferroni", "bh", "by"]
NAMES = {"holm": "Holm", "bonferroni": "Bonferroni", "bh": "Benjamini-Hochberg", "by": "Benjamini-Yekutieli"}
INSIDE = {"holm": "holm", "bonferroni": "bonferroni", "bh": "fdr_bh", "by": "fdr_by"}
ANY_ERROR = "the chance of one or more false findings in the family"
FALSE_SHARE = "the expected share of false findings among those singled out"
HOLDS = {
    "holm": (ANY_ERROR, "however the tests depend on one another"),
    "bonferroni": (ANY_ERROR, "however the tests depend on one another"),
    "bh": (FALSE_SHARE, "when the tests are independent or rise and fall together"),
    "by": (FALSE_SHARE, "however the tests depend on one another"),
}
ROUNDING = 1e-12  # of the level; a p multiplied up to the level is at it
MOST = 0.5  # of an error rate; from here on the caller has given a coverage, such as 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class AdjustedPValues:
    """P-values of one family of tests, as they came and adjusted.

    Attributes
    ----------
    tests
        One row a test, in the caller's order: `label`, `p` (as given, 0 to 1), `adjusted` (0 to 1) and `below` (whether
        the adjusted p is at or below `level`).
    family
        What the tests have in common, in the caller's words.
    level
        Error rate allowed for the family, 0 to 1.
    n
        Tests in the family.
    n_below, n_below_raw
        Tests at or below `level` after adjustment, and before it.
    controls
        What the method keeps at `level`, and when, in words.
    method
        In words, for the footnote.
    """

    tests: pd.DataFrame
    family: str
    level: float
    n: int
    n_below: int
    n_below_raw: int
    controls: str
    method: str


def adjust_p_values(
    p_values: pd.Series | Mapping[str, float] | Sequence[float],
    *,
    family: str,
    method: Method = "holm",
    level: float = 0.05,
) -> AdjustedPValues:
    """Adjust the p-values of a declared family of tests for their number.

    It holds only if the family is every test that was looked at with the same question, chosen before the results were
    seen; nothing in the p-values shows those left out.

    Parameters
    ----------
    p_values
        Shape (tests,): a series or a mapping by label, or a list, whose labels are then 1, 2 and so on.
    family
        What the tests have in common and how many were planned, in words, such as `the four secondary outcomes`.
    method
        `holm` for outcomes a decision rests on, `bonferroni` to compare with older reports (never better than `holm`),
        `bh` to screen many, `by` to screen many that pull in opposite directions.
    level
        Error rate allowed for the family; the same number that a single p-value would be held to, not the coverage of
        an interval.

    Returns
    -------
    AdjustedPValues
        Raw and adjusted p-values side by side, in the caller's order.

    Raises
    ------
    DesignError
        When the family has no name, there is no p-value, one is missing, outside 0 to 1 or exactly 0 (which is
        rounding), two tests share a label, or the method or the level is none.

    Notes
    -----
    `statsmodels.stats.multitest.multipletests`; the same figures as R's `p.adjust`. A test that cannot give a small p,
    such as a re-assignment of 1 treated district of 6 (smallest 1/6), gets no smaller by adjustment.

    References
    ----------
    Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, 6(2).

    Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate: a practical and powerful approach to
    multiple testing. Journal of the Royal Statistical Society B, 57(1).

    Benjamini, Y. and Yekutieli, D. (2001). The control of the false discovery rate in multiple testing under
    dependency. Annals of Statistics, 29(4).

    Examples
    --------
    >>> found = adjust_p_values({"falls": 0.01, "calls": 0.04, "stays": 0.03}, family="the three outcomes planned")
    >>> found.tests["adjusted"].round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    from statsmodels.stats.multitest import multipletests

    if method not in NAMES:
        message = f"method is {method!r}. Give one of {', '.join(map(repr, NAMES))}."
        raise DesignError(message)
    if not 0 < level < MOST:
        message = f"level is {level:g}. Give the error rate allowed for the family, such as 0.05; not a coverage."
        raise DesignError(message)
    if not isinstance(family, str) or not family.strip():
        message = "The family of tests has no name. Say what was tested together, such as 'the four outcomes planned'."
        raise DesignError(message)
    labels, values = _take(p_values)
    adjusted = np.minimum(multipletests(values, alpha=level, method=INSIDE[method])[1], 1.0)
    tests = pd.DataFrame(
        {"label": labels, "p": values, "adjusted": adjusted, "below": adjusted <= level * (1 + ROUNDING)}
    )
    what, when = HOLDS[method]
    return AdjustedPValues(
        tests=tests,
        family=family,
        level=level,
        n=len(values),
        n_below=int(tests["below"].sum()),
        n_below_raw=int((values <= level * (1 + ROUNDING)).sum()),
        controls=f"{what}, {when}",
        method=f"{NAMES[method]} adjustment over {len(values)} test{'' if len(values) == 1 else 's'}",
    )


def _take(p_values: pd.Series | Mapping[str, float] | Sequence[float]) -> tuple[list[str], np.ndarray]:
    """Return labels and p-values in the caller's order, or refuse them."""
    if isinstance(p_values, pd.Series | Mapping):
        series = pd.Series(p_values)
    else:
        series = pd.Series(p_values, index=range(1, len(p_values) + 1))
    if series.empty:
        message = "There is no p-value. Give one for each test of the family."
        raise DesignError(message)
    lost = [str(name) for name in series.index[series.isna()]]
    if lost:
        message = (
            f"{len(lost)} of {len(series)} p-values are missing: {', '.join(lost)}. A test without a p still counts to "
            "the family: give its p, or say in the family's name why it is left out."
        )
        raise DesignError(message)
    values = numbers(series, "p-value", low=0)
    high = [f"{name} ({value:g})" for name, value in zip(series.index, values, strict=True) if value > 1]
    if high:
        message = (
            f"{len(high)} of {len(series)} p-values are above 1: {', '.join(high)}. Give p-values, not statistics."
        )
        raise DesignError(message)
    none = [str(name) for name in series.index[values == 0]]
    if none:
        message = (
            f"{len(none)} of {len(values)} p-values are exactly 0, which no test gives: {', '.join(none)}. They were "
            "rounded or cut off; give the smallest that they can be, such as 0.001 where three decimals are printed."
        )
        raise DesignError(message)
    labels = [str(name) for name in series.index]
    twice = sorted({name for name in labels if labels.count(name) > 1})
    if twice:
        message = f"{len(twice)} labels stand for more than one test: {', '.join(twice)}. Give each test its own."
        raise DesignError(message)
    return labels, values


@sentence.register
def _(result: AdjustedPValues, *, subject: str = "", against: str = "") -> str:
    """Say how many p-values are small before and after adjustment."""
    tests = "test" if result.n == 1 else "tests"
    first = (
        f"{subject or f'Of {result.n} {tests} ({result.family}),'} {result.n_below_raw} had a p-value at or below "
        f"{result.level:g} taken alone, and {result.n_below} after allowing for their number ({result.method})."
    )
    small = result.tests.loc[result.tests["below"], "label"]
    named = f" These are: {', '.join(small)}." if len(small) else ""
    return f"{first}{named} A p-value says nothing of the size of an effect."
