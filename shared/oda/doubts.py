"""What does not agree with the effect, in a board's words: other methods, choices of districts, made-up starts."""

from __future__ import annotations

from dataclasses import dataclass

from oda.effect import detectable
from oda.evaluate import Comparison
from oda.exhibits.values import capital
from oda.results import Fact
from oda.sensitivity import SAME, Checks, moved_apart
from oda.wording import cannot_tell, change_words, interval_words, percent_change

MOST_WORDS = 19  # of the doubts in short, for a main point
ONE_IN_TWENTY = 0.05  # a share of choices of districts from which chance is worth a word
AGREED = "No other method, and none of the checks that could be made, disagrees with the estimate."
UNCLEAR = (
    "No other method used can tell the effect from none either."  # checks of an effect that is not told say nothing
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubt:
    """One thing that does not agree with the effect.

    Attributes
    ----------
    short
        For a main point, without a number.
    full
        With its numbers.
    """

    short: str
    full: str


def say_doubts(checks: Checks, found: Comparison) -> Fact:
    """Say which other methods and checks do not agree with the effect.

    Parameters
    ----------
    checks
        What `oda.sensitivity.check_effect` returned.
    found
        What `oda.effect.estimate_effect` returned.

    Returns
    -------
    Fact
        All of them in the sentence; the weightiest, in short, as its value, which is none where all agree.
    """
    doubts, told = _methods(found), not cannot_tell(found.estimate)
    if told:
        doubts = [
            *_before(checks),
            *doubts,
            *_chance(found),
            *_omissions(checks),
            *_made_up(checks, found),
            *_power(found),
        ]
    if not doubts:
        return Fact(sentence=AGREED if told else UNCLEAR)
    return Fact(
        sentence=" ".join(["Not every check bears the estimate out.", *(f"{capital(one.full)}." for one in doubts)]),
        value=_few([one.short for one in doubts]),
    )


def _few(shorts: list[str]) -> str:
    """Return as many as a main point has room for, the weightiest first."""
    said = shorts[0]
    if len(shorts) > 1 and len(f"{said} and {shorts[1]}".split()) <= MOST_WORDS:
        said = f"{said}, and {shorts[1]}"
    return said


def _before(checks: Checks) -> list[Doubt]:
    """Doubt an effect where the groups moved apart before the visits."""
    if checks.study is None or not moved_apart(checks.study):
        return []
    apart = "the two groups moved apart before the visits"
    return [Doubt(short=apart, full=apart)]


def _methods(found: Comparison) -> list[Doubt]:
    """Doubt an effect that another reasonable method can or cannot tell from none where this one does the opposite."""
    e = found.estimate
    doubts = []
    for other in found.beside:
        if abs((other.df or 0) - (e.df or 0)) <= SAME or cannot_tell(other) == cannot_tell(e):
            continue
        leaves = "leaves room for no effect" if cannot_tell(other) else "leaves no room for no effect"
        full = f"another reasonable method gives {change_words(other)} ({interval_words(other)}), which {leaves}"
        doubts.append(Doubt(short=f"another reasonable method {leaves}", full=full))
    return doubts[:1]


def _chance(found: Comparison) -> list[Doubt]:
    """Doubt an effect as large as many other choices of districts give."""
    p, smallest = found.estimate.permutation_p, found.estimate.smallest_p
    if p is None or smallest is None or p <= ONE_IN_TWENTY:
        return []
    full = f"of all ways to choose the districts with visits, {100 * p:.0f} in 100 give a difference as large"
    if smallest > ONE_IN_TWENTY:
        least = (
            "the least that so few can give"
            if p <= smallest
            else f"and so few cannot give less than {100 * smallest:.0f}"
        )
        return [Doubt(short="so few districts cannot rule chance out", full=f"{full}, {least}")]
    return [Doubt(short="other choices of districts often give as much", full=full)]


def _omissions(checks: Checks) -> list[Doubt]:
    """Doubt an effect that cannot be told from none once some district is left out."""
    if checks.left_out is None:
        return []
    rows = checks.left_out.others.dropna(subset=["ci_low", "ci_high"])
    held = int(((rows["ci_low"] <= 1) & (rows["ci_high"] >= 1)).sum())
    if not held:
        return []
    full = f"with one district left out the effect cannot be told from none in {held} of {len(rows)} cases"
    return [Doubt(short="it hangs on single districts", full=full)]


def _made_up(checks: Checks, found: Comparison) -> list[Doubt]:
    """Doubt an effect in whose direction starts made up before the visits point, every one."""
    if checks.in_time is None:
        return []
    values = checks.in_time.others["value"]
    said = list(dict.fromkeys(percent_change(float(end)) for end in (values.min(), values.max())))
    lower = found.estimate.value < 1
    if "unchanged" in said or not ((values < 1) == lower).all():
        return []
    n = len(values)
    starts = "a start made up" if n == 1 else f"all {n} starts made up"
    gives = f"{'give' if n > 1 else 'gives'} {' to '.join(said)}"
    full = f"{starts} before the visits, when there was no effect to find, {gives}"
    return [Doubt(short="starts made up before the visits show a change too", full=full)]


def _power(found: Comparison) -> list[Doubt]:
    """Doubt a reduction smaller than these districts find reliably."""
    smallest, size = float(detectable(found)["reduction"].iloc[0]), 100 * (1 - found.estimate.value)
    if size <= 0 or size >= smallest:
        return []
    full = f"with these districts only a reduction of about {smallest:.0f} per cent or more is found reliably"
    return [Doubt(short="these districts find only larger effects reliably", full=full)]
