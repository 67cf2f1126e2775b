"""The form of rates of many areas: each a number with its interval, or the reason that there is none."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.estimate import Estimate
from oda.evaluate.rates.crude import SMALL
from oda.evaluate.rates.limits import FEWEST_EVENTS
from oda.evaluate.words import quantity, sentence

FEW = f"fewer than {FEWEST_EVENTS} events"
NO_COUNT = "the count is missing or hidden"
NOTHING_EXPECTED = "no event is expected at the reference's rates"
NEEDED = {
    FEW: f"at least {FEWEST_EVENTS} events, so a longer period or a larger area.",
    NOTHING_EXPECTED: "people in the area, and events in the reference population, in the same band.",
    NO_COUNT: "the count, or a larger area whose count need not be hidden.",
}
NUMBERS = ("value", "ci_low", "ci_high")
COLUMNS = ("area", *NUMBERS, "events", "population", "expected", "level", "statistic", "method", "reason")
MOST_NAMED = 6  # more areas than this are counted, not named


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppressed:
    """A rate that is not given, and why; it holds no count.

    Attributes
    ----------
    outcome, estimand
        What is counted, and the rate that was asked for, in words.
    reason
        Why there is none, such as `fewer than 10 events`.
    needed
        What it would take.
    """

    outcome: str
    estimand: str
    reason: str
    needed: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """A rate for each area.

    Attributes
    ----------
    frame
        One row an area, in the order of the data: `area`, `value`, `ci_low`, `ci_high` (in `unit`), `events`,
        `population`, `expected` (indirect standardisation only), `level`, `statistic`, `method` and `reason`. Where a
        rate is suppressed `reason` says why, and its value, interval and events are missing; elsewhere it is empty.
    estimates
        The same by area: an Estimate, or a Suppressed with its reason.
    estimand, outcome, unit
        The kind of rate, what is counted, and the unit of value and interval.
    level
        Coverage of the intervals.
    reference
        The value that means no difference from the reference population, where the rates have one.
    cautions
        What changes how all of them must be read, one sentence each.
    """

    frame: pd.DataFrame
    estimates: dict[Hashable, Estimate | Suppressed]
    estimand: str
    outcome: str
    unit: str
    level: float
    reference: float | None = None
    cautions: tuple[str, ...] = ()


def gather(
    frame: pd.DataFrame,
    *,
    estimand: str,
    words: str,
    unit: str,
    level: float,
    reference: float | None = None,
    cautions: tuple[str, ...] = (),
) -> Rates:
    """Put the rates of areas together, each as an estimate or as the reason that there is none.

    Parameters
    ----------
    frame
        One row an area: `area`, `value`, `ci_low`, `ci_high`, `events`, `population`, perhaps `expected`, `method` (the
        limits), `reason` (empty where the rate is given), `rows` (that the area's rate rests on) and perhaps `caution`.
    estimand
        The kind of rate, such as `crude rate`.
    words
        What is counted, in words.
    unit
        Of value and interval.
    level
        Coverage of the intervals.
    reference
        The value that means no difference, where there is one.
    cautions
        What changes how all must be read.

    Returns
    -------
    Rates
        Suppressed rows hold neither value nor interval nor count.
    """
    statistic = f"{estimand} {unit}".rstrip()
    hidden = (frame["reason"] != "").to_numpy()
    shown = frame.drop(columns=["rows", "caution"], errors="ignore").assign(level=level, statistic=statistic)
    shown.loc[hidden, [*NUMBERS, "events"]] = np.nan
    shown.loc[hidden, "method"] = ""
    estimates: dict[Hashable, Estimate | Suppressed] = {}
    own = frame["caution"] if "caution" in frame else [""] * len(frame)
    for row, rows, caution in zip(shown.to_dict("records"), frame["rows"], own, strict=True):
        if row["reason"]:
            estimates[row["area"]] = Suppressed(
                outcome=words,
                estimand=estimand,
                reason=row["reason"],
                needed=NEEDED.get(row["reason"], "a count on every row: 0 where there was no event."),
            )
        else:
            small = SMALL if 0 < row["events"] < FEWEST_EVENTS else ""
            estimates[row["area"]] = Estimate(
                estimand=estimand,
                scale="level",
                outcome=words,
                unit=unit,
                **{name: row[name] for name in NUMBERS},
                level=level,
                std_error=None,
                p_value=None,
                df=None,
                n_obs=int(rows),
                n_clusters=1,
                n_treated=0,
                cautions=(*cautions, *filter(None, (caution, small))),
                method=f"{estimand}, {row['method']}",
            )
    return Rates(
        frame=shown[[name for name in COLUMNS if name in shown]],
        estimates=estimates,
        estimand=estimand,
        outcome=words,
        unit=unit,
        level=level,
        reference=reference,
        cautions=cautions,
    )


@sentence.register
def _(result: Suppressed, *, subject: str = "", against: str = "") -> str:
    """Say that a rate is not given, and why."""
    subject = subject or f"The {result.estimand} of {result.outcome}"
    return f"{subject} is not given: {result.reason}. What it would take: {result.needed}"


@sentence.register
def _(result: Rates, *, subject: str = "", against: str = "") -> str:
    """Say where the rates lie, unless they must not be compared, and for which areas there is none."""
    subject = subject or f"The {result.estimand} of {result.outcome}"
    if len(result.estimates) == 1:
        return sentence(next(iter(result.estimates.values())), subject=subject)
    known = {name: found for name, found in result.estimates.items() if isinstance(found, Estimate)}
    if not known:
        return f"{subject} is not given for any of {len(result.estimates)} areas."
    if len(known) == 1:
        name, found = next(iter(known.items()))
        text = " ".join([sentence(found, subject=f"{subject} in {name}"), *result.cautions])
    elif result.cautions:
        text = f"{subject} is given for {len(known)} areas. {' '.join(result.cautions)}"
    elif result.reference is not None:
        text = _beside_reference(known, result.reference, subject)
    else:
        text = _from_lowest_to_highest(known, subject)
    missing = [name for name in result.estimates if name not in known]
    return f"{text} It is not given for {_named(missing)}." if missing else text


def _from_lowest_to_highest(known: dict[Hashable, Estimate], subject: str) -> str:
    """Say the lowest and the highest rate with their intervals."""
    ranked = sorted(known, key=lambda name: known[name].value)
    low, high = (f"{name} ({_with_interval(known[name])})" for name in (ranked[0], ranked[-1]))
    text = f"{subject} was lowest in {low} and highest in {high}, of {len(known)} areas."
    return f"{text} Areas differ by chance too: compare the intervals."


def _beside_reference(known: dict[Hashable, Estimate], reference: float, subject: str) -> str:
    """Say which intervals lie wholly above, and wholly below, the value that means no difference."""
    above = [name for name, found in known.items() if found.ci_low > reference]
    below = [name for name, found in known.items() if found.ci_high < reference]
    return (
        f"{subject}: of {len(known)} areas the interval lies wholly above the reference ({quantity(reference, '')}) in "
        f"{_named(above)}, wholly below it in {_named(below)}, and holds it in the others."
    )


def _with_interval(found: Estimate) -> str:
    """Say a rate and its interval, the unit once."""
    low, high = quantity(found.ci_low, ""), quantity(found.ci_high, "")
    return f"{quantity(found.value, found.unit)}; {found.level * 100:g}% interval: {low} to {high}"


def _named(names: list[Hashable]) -> str:
    """Name areas, or count them where they are many or none."""
    if 0 < len(names) <= MOST_NAMED:
        return ", ".join(map(str, names))
    return f"{len(names)} areas" if names else "none"
