"""Falsification: estimates where there should be none, and estimates without each district in turn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import Estimate
from oda.evaluate.columns import take
from oda.evaluate.comparing.comparison import Comparison
from oda.evaluate.comparing.differences import difference_in_differences
from oda.evaluate.comparing.starts import read_starts, say
from oda.evaluate.words import interval_words, percent_change, plural, quantity, sentence

FEWEST_PERIODS = 2  # on either side of a made-up start
PLAIN = 1e-6  # relative; estimates nearer than that to the difference of mean changes are that
AS_LARGE = 1e-9  # relative; placebos within rounding of the estimate count as as large


@dataclass(frozen=True, kw_only=True, slots=True)
class Falsification:
    """An estimate beside others that ought to be nothing, or ought to be the same.

    Attributes
    ----------
    kind
        `placebo in time`, `placebo in space`, `leave one out` or `leave neighbours out`.
    actual
        The estimate in question.
    others
        One row a placebo or an omission: `label` (the made-up start, the district), `value`, `ci_low`, `ci_high` (on
        the scale of the estimate; missing where the method gives no interval), `n_treated`, `n_control`.
    as_large
        Share of estimates, the actual one among them, at least as far from no effect as it; None for omissions.
    smallest_share
        Smallest that this share could be.
    cautions
        What changes the reading.
    """

    kind: Literal["placebo in time", "placebo in space", "leave one out", "leave neighbours out"]
    actual: Estimate
    others: pd.DataFrame
    as_large: float | None
    smallest_share: float | None
    cautions: tuple[str, ...]


def placebo_in_time(
    data: pd.DataFrame,
    *,
    time: str,
    cohort: str,
    starts: Sequence[object] = (),
    **design: Any,  # noqa: ANN401  passed on
) -> Falsification:
    """Estimate effects of starts made up before the real one, where there can be none.

    Only periods before the first real start are used. Estimates far from no effect say that the groups moved apart
    anyway; estimates near it, with intervals as wide as these, are weak comfort.

    Parameters
    ----------
    data
        Shape (units x periods, columns), as for `difference_in_differences`.
    time, cohort
        Columns of periods and of each unit's first treated one.
    starts
        Made-up starts, in the form of `time`; by default those a quarter, half and three quarters of the way.
    **design
        The other keywords of `difference_in_differences`.

    Returns
    -------
    Falsification
        One row a made-up start, the same for all treated units.

    Raises
    ------
    DesignError
        When the design is refused, or there are fewer than 4 periods before the first start.

    Notes
    -----
    Made-up starts share most of their periods, so their estimates are not independent of each other, and the share of
    them that is as large as the actual one is no p.

    Examples
    --------
    >>> frame = pd.DataFrame([(unit, year) for unit in "abcdef" for year in range(1, 9)], columns=["district", "year"])
    >>> frame["rate"] = np.random.default_rng(1).normal(10, 1, len(frame))
    >>> frame["start"] = np.where(frame["district"] < "c", 7.0, np.nan)
    >>> names = {"outcome": "rate", "unit": "district", "time": "year", "cohort": "start"}
    >>> placebo_in_time(frame, **names).others["label"].tolist()
    ['3', '4', '5']
    """
    actual = difference_in_differences(data, time=time, cohort=cohort, **design)
    frame = take(data, missing={"cohort"}, unit=design["unit"], time=time, cohort=cohort)
    panel = read_starts(frame, time=time, cohort=cohort, words=plural(design["unit"]))
    early = panel.times < panel.first
    known = frame["time"][early].drop_duplicates().sort_values()
    chosen = list(starts) or _spread_out(known)
    absent = [start for start in chosen if start not in set(known)]
    if absent or not chosen or len(known) < 2 * FEWEST_PERIODS:
        message = (
            f"{len(known)} periods before the first start, {len(absent)} made-up starts outside them"
            f"{f' ({say(absent[0])})' if absent else ''}. {2 * FEWEST_PERIODS} periods or more are needed, and made-up "
            "starts among them."
        )
        raise DesignError(message)
    before = data.loc[early]
    treated = before[cohort].notna()
    rows = []
    for start in chosen:
        fake = before[cohort].astype(object).where(~treated, start)
        moved = before.assign(**{cohort: fake.astype(frame["time"].dtype) if treated.all() else fake})
        if not isinstance(start, pd.Period):
            moved[cohort] = pd.to_numeric(moved[cohort])
        rows.append(one_row(say(start), difference_in_differences(moved, time=time, cohort=cohort, **design)))
    cautions = (
        f"The {len(rows)} made-up starts share most of their periods: they are not {len(rows)} separate tests.",
    )
    return _placebos("placebo in time", actual, rows, cautions if len(rows) > 1 else ())


def _spread_out(periods: pd.Series) -> list[object]:
    """Return the periods a quarter, half and three quarters of the way that leave enough on both sides."""
    n = len(periods)
    places = {round(n * share) for share in (0.25, 0.5, 0.75)}
    return [periods.iloc[place] for place in sorted(places) if FEWEST_PERIODS <= place <= n - FEWEST_PERIODS]


def placebo_in_space(data: pd.DataFrame, **design: Any) -> Falsification:  # noqa: ANN401  passed on
    """Estimate the effect for each untreated unit in turn, as if it alone had been treated.

    Valid as a test where any of the units might as well have been treated. With several treated units their mean is
    set beside single placebos, which vary more, so the share is on the safe side.

    Parameters
    ----------
    data
        As for `difference_in_differences`, with `cohort` or with `treated`.
    **design
        The keywords of `difference_in_differences`.

    Returns
    -------
    Falsification
        One row an untreated unit, its change less the mean change of the other untreated ones.

    Raises
    ------
    DesignError
        When the design is refused, there are fewer than two untreated units, or the estimate has covariates, weights or
        doses.

    References
    ----------
    Abadie, A., Diamond, A. and Hainmueller, J. (2010). Synthetic control methods for comparative case studies. Journal
    of the American Statistical Association, 105(490).

    Examples
    --------
    >>> frame = pd.DataFrame([(unit, year) for unit in "abcdef" for year in range(1, 9)], columns=["district", "year"])
    >>> frame["rate"] = np.random.default_rng(1).normal(10, 1, len(frame))
    >>> frame["start"] = np.where(frame["district"] < "b", 7.0, np.nan)
    >>> names = {"outcome": "rate", "unit": "district", "time": "year", "cohort": "start"}
    >>> round(placebo_in_space(frame, **names).smallest_share, 3)
    0.167
    """
    actual = difference_in_differences(data, **design)
    changes = actual.changes
    control = changes[~changes["treated"]]
    n = len(control)
    _check_plain(actual)
    if n < 2:
        untreated = str(design["unit"]).replace("_", " ") if n == 1 else plural(design["unit"])
        message = f"{n} untreated {untreated}. Two or more are needed, one to stand for the treated."
        raise DesignError(message)
    values = control["change"].to_numpy(dtype=float)
    placebo = values - (values.sum() - values) / (n - 1)
    shown = np.exp(placebo) if actual.estimate.scale == "ratio" else placebo
    rows = [
        {
            "label": str(label),
            "value": float(value),
            "ci_low": np.nan,
            "ci_high": np.nan,
            "n_treated": 1,
            "n_control": n - 1,
        }
        for label, value in zip(control["unit"], shown, strict=True)
    ]
    cautions = (f"With {n} untreated units the share cannot be below {1 / (n + 1):.3f}.",) if 1 / (n + 1) > 0.05 else ()
    return _placebos("placebo in space", actual, rows, cautions)


def _check_plain(actual: Comparison) -> None:
    """Refuse an estimate that is not the mean change of the treated less that of the others."""
    e, changes = actual.estimate, actual.changes
    side = changes["treated"].to_numpy()
    change = changes["change"].to_numpy(dtype=float)
    gap, value = change[side].mean() - change[~side].mean(), math.log(e.value) if e.scale == "ratio" else e.value
    if not abs(gap - value) <= PLAIN * max(float(np.abs(change).max()), abs(value)):
        message = (
            "The estimate is not a plain difference of mean changes, which single units could be set beside. Leave out "
            "covariates, weights and doses, give every unit a row in every period and the treated one shape of "
            "treatment."
        )
        raise DesignError(message)


def one_row(label: str, found: Comparison) -> dict[str, Any]:
    """Return one estimate as a row of `Falsification.others`.

    Parameters
    ----------
    label
        What it stands for.
    found
        The estimate.

    Returns
    -------
    dict
        By column.
    """
    e = found.estimate
    return {
        "label": label,
        "value": e.value,
        "ci_low": e.ci_low,
        "ci_high": e.ci_high,
        "n_treated": e.n_treated,
        "n_control": e.n_clusters - e.n_treated,
    }


def _distance(values: np.ndarray, scale: str) -> np.ndarray:
    """Return how far estimates are from no effect."""
    return np.asarray(np.abs(np.log(values)) if scale == "ratio" else np.abs(values))


def _placebos(
    kind: Literal["placebo in time", "placebo in space"],
    actual: Comparison,
    rows: list[dict[str, Any]],
    cautions: tuple[str, ...],
) -> Falsification:
    """Set an estimate beside placebos."""
    others, e = pd.DataFrame(rows), actual.estimate
    own = _distance(np.array([e.value]), e.scale)[0]
    larger = int((_distance(others["value"].to_numpy(), e.scale) >= own * (1 - AS_LARGE)).sum())
    return Falsification(
        kind=kind,
        actual=e,
        others=others,
        as_large=(larger + 1) / (len(others) + 1),
        smallest_share=1 / (len(others) + 1),
        cautions=cautions,
    )


def _say_value(value: float, estimate: Estimate) -> str:
    """Say one value on the scale of the estimate."""
    return percent_change(value) if estimate.scale == "ratio" else quantity(value, estimate.unit)


@sentence.register
def _(result: Falsification, *, subject: str = "", against: str = "") -> str:
    """Say how the estimate stands beside the others."""
    e, others = result.actual, result.others
    own = f"The estimate is {_say_value(e.value, e)} ({interval_words(e)})"
    ends = [_say_value(float(end), e) for end in (others["value"].min(), others["value"].max())]
    spread = ends[0] if ends[0] == ends[1] else f"between {ends[0]} and {ends[1]}"
    if result.as_large is not None:
        n = len(others)
        larger = round(result.as_large * (n + 1)) - 1
        made = "made-up starts" if result.kind == "placebo in time" else "untreated districts taken as treated"
        said = f"{own}; {n} {made} give {spread}, {larger} of them as far from no effect."
    else:
        left = "each district in turn" if result.kind == "leave one out" else "neighbours of treated districts"
        said = f"{own}; without {left} it is {spread}."
    return " ".join([said, *result.cautions])
