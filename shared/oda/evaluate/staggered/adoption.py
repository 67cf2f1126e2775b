"""Staggered adoption: effects by cohort and period, averaged four ways, with intervals that hold with few districts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.estimate import WIDEST, Estimate, check_share, ratio_limits
from oda.evaluate.staggered.cells import Layout, lay_out, put_together
from oda.evaluate.staggered.chance import count_assignments
from oda.evaluate.staggered.panel import AdoptionPanel, name_times, read_panel, say_time
from oda.evaluate.staggered.route import NO_SPREAD, Worked, cautions, describe, work_out
from oda.evaluate.words import sentence

Aggregation = Literal["simple", "group", "dynamic", "calendar"]


@dataclass(frozen=True, kw_only=True, slots=True)
class StaggeredAdoption:
    """Group-time effects and their averages.

    In every frame `value`, `ci_low` and `ci_high` are in the outcome's units, or ratios where an exposure was given;
    the interval is of the kind that `inference` names, but for single effects and bins under permutation, where it is
    the t interval, and missing where that has no degree of freedom. `std_error` is always the influence functions', as
    R's `did` prints it (of the logarithm for a ratio): too small with few units.

    Attributes
    ----------
    estimate
        The average over all treated units, of the kind asked for.
    overall
        Shape (4, 6): the four averages; `aggregation`, `value`, `ci_low`, `ci_high`, `std_error`, `p_value`.
    cells
        One row a cohort and period: `cohort`, `time`, `base` (the period compared with), `event_time`, the four
        numbers, `n_treated`, `n_control`.
    by_event_time, by_cohort, by_period
        Averages in proportion to the units treated: `event_time`, `cohort` or `time`, the four numbers, `n_treated`.
    controls, base, anticipation
        As asked for.
    inference
        Of the headline: `influence function`, `permutation` or `t`.
    n_assignments
        Number of different ways to give the start dates to the units.
    """

    estimate: Estimate
    overall: pd.DataFrame
    cells: pd.DataFrame
    by_event_time: pd.DataFrame
    by_cohort: pd.DataFrame
    by_period: pd.DataFrame
    controls: str
    base: str
    anticipation: int
    inference: Literal["influence function", "permutation", "t"]
    n_assignments: int


def staggered_adoption(
    data: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    time: str,
    cohort: str,
    controls: Literal["never", "not yet"] = "never",
    exposure: str | None = None,
    weights: str | None = None,
    anticipation: int = 0,
    base: Literal["varying", "universal"] = "varying",
    aggregation: Aggregation = "group",
    level: float = 0.95,
) -> StaggeredAdoption:
    """Estimate the ATT of each cohort in each period where units start at different dates, and its averages.

    A cohort's change since its last untreated period is compared with that of units not treated by then, never with
    units treated earlier, whose own effects would be taken for trends.

    Identified if, without treatment, each cohort's outcomes would have changed as its comparison's did, and nobody
    acted on the treatment more than `anticipation` periods ahead. The effects before the start, in `by_event_time`,
    should be near zero; with few units that they are is weak evidence.

    Parameters
    ----------
    data
        Shape (units x periods, columns), one row for every unit in every period.
    outcome
        Column of what is measured; counts, above 0, where `exposure` is given.
    unit
        Column that names the unit of assignment, such as the district.
    time
        Column of pandas periods, or of whole numbers such as years.
    cohort
        Column of the unit's first treated period, in the form of `time`; missing for a unit never treated.
    controls
        Compare with units `never` treated, or with all that are `not yet` treated.
    exposure
        Column of the denominator of counts, such as the population; the effects are then ratios of rates.
    weights
        Column of one positive weight a unit, such as its population.
    anticipation
        Number of periods before the start in which it may already have worked.
    base
        Before the start, compare with the period before (`varying`) or with the last untreated one (`universal`).
    aggregation
        Which average is the headline: over cohorts (`group`), over cohorts and periods (`simple`), over periods since
        the start (`dynamic`) or over periods (`calendar`).
    level
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    StaggeredAdoption
        The headline estimate and frames of effects, in the outcome's units or as ratios.

    Raises
    ------
    DesignError
        When a column, an option or the panel cannot be used; nothing is left to compare with; or there are too few
        units for any interval.

    Notes
    -----
    With 30 units or more, and 5 or more in every cohort and comparison: influence functions and t with units - 1
    degrees of freedom. With fewer these errors are much too small: the start dates are re-assigned to the units, in all
    ways up to 20,000, else in 20,000 drawn with a fixed seed; the interval holds the effects, the same for all, that
    this test does not reject. That is exact if the units could as well have had each other's dates or vary alike. Where
    the dates allow too few ways to reach the level, such as 1 of 6 treated, a t interval with units - cohorts degrees
    of freedom, from the pooled spread of the units about their cohorts: exact with one start date, normal outcomes and
    units of the same spread, and too narrow when the treated units are noisier. With one start date
    `difference_in_differences`, which averages all periods before it, is more precise.

    References
    ----------
    Callaway, B. and Sant'Anna, P. H. C. (2021). Difference-in-differences with multiple time periods. Journal of
    Econometrics, 225(2).

    Examples
    --------
    >>> starts = {"a": 3, "b": 4, "c": 5, "d": None, "e": None, "f": None}
    >>> rows = [(u, t, i + t * t + (i * t % 4) / 9, s) for i, (u, s) in enumerate(starts.items()) for t in range(1, 7)]
    >>> frame = pd.DataFrame(rows, columns=["district", "year", "visits", "start"])
    >>> frame["visits"] -= 5 * (frame["year"] >= frame["start"])
    >>> found = staggered_adoption(frame, outcome="visits", unit="district", time="year", cohort="start")
    >>> round(found.estimate.value, 1), found.inference, found.n_assignments
    (-5.1, 'permutation', 120)
    """
    check_share(level=level)
    _check_options(controls=controls, base=base, aggregation=aggregation, anticipation=anticipation)
    panel = read_panel(data, outcome=outcome, unit=unit, time=time, cohort=cohort, exposure=exposure, weights=weights)
    layout = _design(panel, controls=controls, anticipation=anticipation, base=base)
    work = work_out(panel, layout, put_together(layout, panel), level)
    ratio = exposure is not None
    headline = _headline(work, panel, layout, aggregation=aggregation, controls=controls, ratio=ratio)
    return StaggeredAdoption(
        estimate=Estimate(outcome=outcome, level=level, **headline),
        overall=_overall(work, ratio=ratio),
        cells=_cells(work, panel, layout, ratio=ratio),
        by_event_time=_binned(work, "dynamic", panel, layout, ratio=ratio),
        by_cohort=_binned(work, "group", panel, layout, ratio=ratio),
        by_period=_binned(work, "calendar", panel, layout, ratio=ratio),
        controls=controls,
        base=base,
        anticipation=anticipation,
        inference=work.inference,
        n_assignments=count_assignments(panel.codes),
    )


def _check_options(*, controls: str, base: str, aggregation: str, anticipation: object) -> None:
    """Refuse options that there are not."""
    there = {
        "controls": (controls, ("never", "not yet")),
        "base": (base, ("varying", "universal")),
        "aggregation": (aggregation, ("group", "simple", "dynamic", "calendar")),
    }
    for name, (given, known) in there.items():
        if given not in known:
            message = f"{name} is {given!r}. Give one of {', '.join(map(repr, known))}."
            raise DesignError(message)
    if not isinstance(anticipation, int | np.integer) or isinstance(anticipation, bool) or anticipation < 0:
        message = f"anticipation is {anticipation!r}. Give a whole number of periods from 0 up."
        raise DesignError(message)


def _design(panel: AdoptionPanel, *, controls: str, anticipation: int, base: str) -> Layout:
    """List the group-time cells, or refuse a design with nothing to compare."""
    known = panel.cohorts[np.isfinite(panel.cohorts)]
    early = panel.starts[panel.starts - anticipation <= panel.times[0]]
    if len(early):
        message = (
            f"{len(early)} of {len(panel.starts)} {panel.noun} have no period more than {anticipation} before their "
            f"start. Add earlier periods, leave these {panel.noun} out, or give a smaller anticipation."
        )
        raise DesignError(message)
    if controls == "never" and len(known) == len(panel.cohorts):
        message = f"None of {len(panel.starts)} {panel.noun} is never treated. Give controls='not yet'."
        raise DesignError(message)
    layout = lay_out(panel, controls=controls, anticipation=anticipation, base=base)
    if not len(layout.time):
        message = (
            f"All {len(panel.starts)} {panel.noun} start in or about {say_time(known[0], panel.form)}, so none is left "
            f"to compare with. Add {panel.noun} that start later or never."
        )
        raise DesignError(message)
    return layout


def _scaled(work: Worked, rows: slice | list[int], *, ratio: bool) -> dict[str, np.ndarray]:
    """Return values, intervals and standard errors as they are shown."""
    shown = {"value": work.value[rows], "ci_low": work.low[rows], "ci_high": work.high[rows]}
    if ratio:
        shown = {name: np.exp(np.clip(numbers, -WIDEST, WIDEST)) for name, numbers in shown.items()}
    return {**shown, "std_error": work.std_error[rows]}


def _overall(work: Worked, *, ratio: bool) -> pd.DataFrame:
    """Return the four averages."""
    places = list(work.overall.values())
    shown = _scaled(work, places, ratio=ratio)
    return pd.DataFrame({"aggregation": list(work.overall), **shown, "p_value": work.p_value[places]})


def _cells(work: Worked, panel: AdoptionPanel, layout: Layout, *, ratio: bool) -> pd.DataFrame:
    """Return the group-time effects."""
    counts = np.bincount(panel.codes)
    keys = (panel.cohorts[layout.treated], panel.times[layout.time], panel.times[layout.base])
    named = {name: name_times(key, panel.form) for name, key in zip(("cohort", "time", "base"), keys, strict=True)}
    sides = {"n_treated": counts[layout.treated], "n_control": (counts @ layout.controls).astype(int)}
    event = {"event_time": layout.event.astype(int)}
    return pd.DataFrame({**named, **event, **_scaled(work, work.rows["cells"], ratio=ratio), **sides})


def _binned(work: Worked, name: str, panel: AdoptionPanel, layout: Layout, *, ratio: bool) -> pd.DataFrame:
    """Return the averages by event time, cohort or period."""
    bins = work.bins[name]
    title = {"dynamic": "event_time", "group": "cohort", "calendar": "time"}[name]
    labels = bins.labels.astype(int) if name == "dynamic" else name_times(bins.labels, panel.form)
    counts = np.bincount(panel.codes)[layout.treated]
    treated = counts @ bins.member
    if name == "group":
        treated = treated / bins.member.sum(axis=0)  # one cohort has one cell a period
    return pd.DataFrame(
        {title: labels, **_scaled(work, work.rows[name], ratio=ratio), "n_treated": treated.round().astype(int)}
    )


def _headline(
    work: Worked, panel: AdoptionPanel, layout: Layout, *, aggregation: str, controls: str, ratio: bool
) -> dict[str, Any]:
    """Return the fields of the headline estimate."""
    place, order = work.overall[aggregation], list(work.overall).index(aggregation)
    value, low, high = (float(numbers[place]) for numbers in (work.value, work.low, work.high))
    if ratio:
        reach = max(high - value, value - low)
        ratio_limits(value, reach)  # refuses what cannot be written as numbers
        value, low, high = (float(np.exp(number)) for number in (value, low, high))
    by_t = work.inference != "permutation"
    p_value = float(work.p_value[place])
    spread = bool(work.errors[place] > 0 if work.df else high - low > NO_SPREAD * abs(value))
    return {
        "estimand": "ATT",
        "scale": "ratio" if ratio else "difference",
        "unit": "",
        "value": value,
        "ci_low": low,
        "ci_high": high,
        "std_error": float(work.errors[place]) if by_t else None,
        "p_value": None if np.isnan(p_value) else p_value,
        "df": float(work.df) if by_t else None,
        "n_obs": panel.outcomes.size,
        "n_clusters": len(panel.codes),
        "n_treated": int(np.isin(panel.codes, layout.treated).sum()),
        "smallest_p": None if work.permuted is None else work.permuted.smallest_p,
        "permutation_p": None if work.permuted is None else float(work.permutation_p[order]),
        "cautions": cautions(work, panel, layout, spread=spread),
        "method": describe(work, panel, aggregation=aggregation, controls=controls),
    }


@sentence.register
def _(result: StaggeredAdoption, *, subject: str = "", against: str = "") -> str:
    """Say the headline average, what it averages over, and the first caution."""
    e, starts = result.estimate, len(result.by_cohort)
    said = sentence(e, subject=subject, against=against)
    dates = f"{starts} start date{'' if starts == 1 else 's'}"
    how = {
        "influence function": "the interval rests on many units",
        "permutation": "the interval comes from re-assigning the start dates to the units",
        "t": "the interval rests on few units, taken to vary alike",
    }[result.inference]
    averaged = f" This is an average over {e.n_treated} treated of {e.n_clusters} units with {dates}; {how}."
    return " ".join([said + averaged, *e.cautions[:1]])
