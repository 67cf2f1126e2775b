"""How strong the evidence of an evaluation is, by rule: the Maryland scale, with caps for few units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from oda.errors import DesignError
from oda.estimate import check_whole
from oda.evaluate.words import sentence

Design = Literal[
    "randomised",
    "regression discontinuity",
    "instrumental variables",
    "difference-in-differences",
    "staggered adoption",
    "synthetic control",
    "controlled interrupted time series",
    "weighting",
    "interrupted time series",
    "before and after",
    "cross-section",
]
MEANING = {
    1: "no stronger than a plain before and after, or treated against untreated",
    2: "no stronger than a before and after, or treated against untreated, adjusted for other differences",
    3: "a change set against the change of a comparison group argued to be alike",
    4: "treated and untreated differ by something as good as chance",
    5: "chance decided who was treated, and the groups stayed as it made them",
}
FEWEST = 3  # treated units; with fewer, no test can tell a local event from the effect
FEWEST_RANDOMISED = 4  # units an arm; with fewer, an unpaired test by re-randomisation cannot reach 5 per cent
MOST_LOST = 20.0  # per cent of units lost; our line, since the scale sets none
_OVER_TIME = (
    "difference-in-differences",
    "staggered adoption",
    "synthetic control",
    "controlled interrupted time series",
)
_ALONE = ("interrupted time series", "before and after")
_AS_GOOD_AS_CHANCE = ("regression discontinuity", "instrumental variables")


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceGrade:
    """Strength of evidence on the Maryland Scientific Methods Scale.

    Attributes
    ----------
    level
        1 (weakest) to 5, after the caps.
    by_design
        1 to 5, what the design could reach at best.
    design
        Its name.
    n_treated, n_control
        Units of assignment with and without treatment.
    meaning
        What the level means, in words.
    caps
        What holds the level below `by_design`, one sentence each, the lowest cap first; empty when nothing does.
    raises
        What would raise the level, one sentence each.
    """

    level: int
    by_design: int
    design: Design
    n_treated: int
    n_control: int
    meaning: str
    caps: tuple[str, ...]
    raises: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    """What was said about the evaluation."""

    design: Design
    n_treated: int
    n_control: int
    adjusted: bool
    pre_trend: str
    prefit: str
    balance: str
    attrition: float | None
    contamination: bool
    chosen_for_outcome: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cap:
    """A level that cannot be passed, why, and what would lift it."""

    at: int
    why: str
    remedy: str


def evidence_grade(
    design: Design,
    *,
    n_treated: int,
    n_control: int = 0,
    adjusted: bool = False,
    pre_trend: Literal["not examined", "plotted", "tested", "differs"] = "not examined",
    prefit: Literal["not examined", "good", "poor"] = "not examined",
    balance: Literal["not shown", "shown", "differs"] = "not shown",
    attrition: float | None = None,
    contamination: bool = False,
    chosen_for_outcome: bool = False,
) -> EvidenceGrade:
    """Grade an evaluation on the Maryland scale by its design and by what was shown of it.

    The design sets the best level that can be reached; each thing not shown, or found wanting, caps it. The published
    scale sets no numbers, so these are ours, and stricter: one or two treated units cap the level at 2, random
    assignment of fewer than four units an arm or a loss of more than 20 per cent caps it at 3, treatment that reached
    comparison units caps it at 2 (4 where chance decided).

    Parameters
    ----------
    design
        How the effect was estimated.
    n_treated, n_control
        Units of assignment, such as districts, not people in them; comparison units or donors in `n_control`.
    adjusted
        Whether other differences were adjusted for (`before and after` and `cross-section` alone ask).
    pre_trend
        Of designs over time with a comparison: whether trends before the start were looked at, and what was found.
    prefit
        Of a synthetic control: how well it follows the treated unit before the start.
    balance
        Of `randomised`, `weighting` and the as good as random: whether the groups were shown to be alike before.
    attrition
        Of `randomised`: per cent of units lost; 0 for records that cover all.
    contamination
        Whether comparison units got some of the treatment.
    chosen_for_outcome
        Whether units were chosen because their outcome was bad (or good) just before: it moves back towards usual by
        itself, and by more than that of a comparison group, so a comparison is capped at 2 and one group alone at 1.
        Not where chance or a threshold decided.

    Returns
    -------
    EvidenceGrade
        Level 1 to 5, what caps it and what would raise it.

    Raises
    ------
    DesignError
        When a word is not known, numbers of units do not fit the design, or a share lost is no per cent.

    Notes
    -----
    Levels and designs follow the scoring guide of the What Works Centre for Local Economic Growth: 5 for
    randomisation, 4 for a discontinuity or an instrument, 3 for a comparison over time or matched groups, 2 and 1 for
    one group before and after or a cross-section, with and without controls. The guide leaves much to a reader's
    judgement, which a rule cannot replace: let a second person look.

    References
    ----------
    Sherman, L. W. et al. (1997). Preventing crime: what works, what doesn't, what's promising. US National Institute
    of Justice.
    Madaleno, M. and Waights, S. (2016). Guide to scoring evidence using the Maryland Scientific Methods Scale. What
    Works Centre for Local Economic Growth.

    Examples
    --------
    >>> evidence_grade("difference-in-differences", n_treated=3, n_control=3, pre_trend="tested").level
    3
    >>> evidence_grade("difference-in-differences", n_treated=1, n_control=5, pre_trend="tested").level
    2
    """
    facts = _Facts(
        design=design,
        n_treated=n_treated,
        n_control=n_control,
        adjusted=adjusted,
        pre_trend=pre_trend,
        prefit=prefit,
        balance=balance,
        attrition=attrition,
        contamination=contamination,
        chosen_for_outcome=chosen_for_outcome,
    )
    _check(facts)
    best = _best(facts)
    caps = sorted((cap for cap in _caps(facts) if cap.at < best), key=lambda cap: cap.at)
    level = min([best, *(cap.at for cap in caps)])
    return EvidenceGrade(
        level=level,
        by_design=best,
        design=design,
        n_treated=n_treated,
        n_control=n_control,
        meaning=MEANING[level],
        caps=tuple(f"At most level {cap.at}: {cap.why}." for cap in caps),
        raises=(*dict.fromkeys(cap.remedy for cap in caps), *_better_design(facts, best)),
    )


def _check(facts: _Facts) -> None:
    """Refuse words that are not known and numbers that do not fit."""
    words = {
        "design": (facts.design, get_args(Design)),
        "pre_trend": (facts.pre_trend, ("not examined", "plotted", "tested", "differs")),
        "prefit": (facts.prefit, ("not examined", "good", "poor")),
        "balance": (facts.balance, ("not shown", "shown", "differs")),
    }
    for name, (word, known) in words.items():
        if word not in known:
            message = f"{name} is {word!r}. Choose one of {', '.join(map(repr, known))}."
            raise DesignError(message)
    check_whole(n_treated=facts.n_treated, n_control=facts.n_control)
    compared = facts.design not in _ALONE
    if facts.n_treated < 1 or facts.n_control < 0 or compared != (facts.n_control > 0):
        message = (
            f"{facts.design}: {facts.n_treated} units treated, {facts.n_control} not. Give at least one treated and "
            + ("one comparison unit." if compared else "no comparison unit, or a design that compares.")
        )
        raise DesignError(message)
    if facts.attrition is not None and not 0 <= facts.attrition <= 100:
        message = f"attrition is {facts.attrition:g}. Give the per cent of units lost, from 0 to 100."
        raise DesignError(message)
    if facts.attrition is not None and 0 < facts.attrition < 1:
        message = f"attrition is {facts.attrition:g}, which looks like a share. Give per cent, such as 15 for 0.15."
        raise DesignError(message)


def _best(facts: _Facts) -> int:
    """Return the level that the design can reach at best."""
    if facts.design == "randomised":
        return 5
    if facts.design in _AS_GOOD_AS_CHANCE:
        return 4
    if facts.design in _OVER_TIME or facts.design == "weighting":
        return 3
    return 2 if facts.design == "interrupted time series" or facts.adjusted else 1


def _caps(facts: _Facts) -> Iterator[_Cap]:
    """Give every cap that applies."""
    yield from _unit_caps(facts)
    if facts.design == "randomised":
        yield from _randomised_caps(facts)
    elif facts.design in _AS_GOOD_AS_CHANCE or facts.design == "weighting":
        yield from _balance_caps(facts)
    elif facts.design in _OVER_TIME:
        yield from _trend_caps(facts)
    if facts.contamination and facts.design not in _ALONE:
        why = "comparison units got some of the treatment"
        yield _Cap(at=4 if facts.design == "randomised" else 2, why=why, remedy="Compare with units it did not reach.")
    if facts.chosen_for_outcome and facts.design not in ("randomised", "regression discontinuity"):
        why = "units were chosen when their outcome was unusual, and it would have moved back to usual anyway"
        remedy = "Compare with units that were as unusual then and were not chosen."
        yield _Cap(at=1 if facts.design in _ALONE else 2, why=why, remedy=remedy)


def _unit_caps(facts: _Facts) -> Iterator[_Cap]:
    """Cap what rests on too few units."""
    alone = facts.design in _ALONE
    if facts.n_treated < FEWEST and not alone:
        yield _Cap(
            at=2,
            why=(
                f"with {facts.n_treated} treated unit{'' if facts.n_treated == 1 else 's'}, anything else that happened"
                " there alone would look like an effect (our rule: the scale itself sets no number)"
            ),
            remedy=f"Treat at least {FEWEST} units, or wait for the later ones of a stepped start.",
        )
    if facts.design == "randomised" and min(facts.n_treated, facts.n_control) < FEWEST_RANDOMISED:
        yield _Cap(
            at=3,
            why=f"chance does not make groups alike with fewer than {FEWEST_RANDOMISED} units in one of them",
            remedy=f"Assign at least {FEWEST_RANDOMISED} units to each group, or smaller units such as practices.",
        )


def _randomised_caps(facts: _Facts) -> Iterator[_Cap]:
    """Cap a random assignment that was not shown to hold."""
    yield from _balance_caps(facts, at=4)
    if facts.attrition is None:
        yield _Cap(at=4, why="how many units were lost is not said", remedy="Report units lost in each group.")
    elif facts.attrition > MOST_LOST:
        why = f"{facts.attrition:g} per cent of units were lost (our line is {MOST_LOST:g})"
        yield _Cap(at=3, why=why, remedy="Follow all assigned units up in routine records, whether treated or not.")


def _balance_caps(facts: _Facts, at: int | None = None) -> Iterator[_Cap]:
    """Cap a comparison whose groups were not shown to be alike."""
    lower = at or (3 if facts.design in _AS_GOOD_AS_CHANCE else 2)
    if facts.balance == "not shown":
        remedy = "Show the groups side by side before the start, with standardised differences."
        yield _Cap(at=lower, why="the groups were not shown to be alike before the start", remedy=remedy)
    elif facts.balance == "differs":
        remedy = "Weight or match the groups until they are alike, or adjust for what differs."
        yield _Cap(at=min(lower, 3), why="the groups differed before the start", remedy=remedy)


def _trend_caps(facts: _Facts) -> Iterator[_Cap]:
    """Cap a comparison over time whose groups were not shown to move alike."""
    synthetic = facts.design == "synthetic control"
    if synthetic and facts.prefit != "good":
        found = "follows the treated unit poorly" if facts.prefit == "poor" else "was not shown to follow it"
        remedy = "Use more donors or a longer time before the start, and report the error of the fit."
        yield _Cap(at=2, why=f"before the start the synthetic control {found}", remedy=remedy)
    elif not synthetic and facts.pre_trend == "not examined":
        remedy = "Plot both groups before the start, test the difference, and give the power of the test."
        yield _Cap(at=2, why="nothing shows that the groups moved alike before the start", remedy=remedy)
    elif not synthetic and facts.pre_trend == "differs":
        remedy = "Find comparison units that moved alike, or say how large a difference in trend would undo the result."
        yield _Cap(at=2, why="the groups moved apart before the start already", remedy=remedy)


def _better_design(facts: _Facts, best: int) -> tuple[str, ...]:
    """Say what design would reach the next level."""
    steps = {
        1: "Adjust for what else changed or differs; better, compare with units that were not treated.",
        2: "Compare with units that were not treated, before and after.",
        3: "Let chance, a waiting list in random order or a sharp threshold decide who is treated first.",
        4: "Let chance decide who is treated.",
    }
    return (steps[best],) if best in steps else ()


@sentence.register
def _(result: EvidenceGrade, *, subject: str = "", against: str = "") -> str:
    """Say the level, the design and what caps it."""
    said = f"{subject or 'The evidence'} is level {result.level} of 5 on the Maryland scale: {result.meaning}."
    if not result.caps:
        return said
    why = result.caps[0].partition(": ")[2]
    return f"{said} The design ({result.design}) can reach {result.by_design}, but {why}"
