"""Which inference a design can bear: chosen by the number of districts on each side, never by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from oda.errors import DesignError

Inference = Literal["auto", "collapsed", "welch", "cr2", "wild", "crv1"]
FEWEST = {"welch": 2, "cr2": 2, "wild": 3, "crv1": 5}  # units on either side that a method needs at the least
FEWEST_CLUSTERS = 30  # for the usual cluster-robust errors
MANY_SIDE = 10  # units on either side from which `auto` takes them: with 5 of 30 they reject 10 per cent, not 5
ROUTED_SIDE = 3  # units on either side from which `auto` takes CR2
ROUTED_DF = 3.0  # of CR2; below it CR2 rejects 3 per cent or less, so the collapsed test leads
WORDS = {
    "collapsed": "t test of collapsed changes",
    "welch": "unequal-variance t test of collapsed changes",
    "cr2": "CR2 cluster-robust errors with Satterthwaite's degrees of freedom",
    "wild": "wild cluster bootstrap with the null imposed",
    "crv1": "cluster-robust errors (CRV1)",
}
REASONS = {
    "welch": "one alone carries no measure of its own spread",
    "cr2": "one alone carries no measure of its own spread",
    "wild": "with fewer it cannot reject, whatever the truth",
    "crv1": "with fewer it rejects far too often",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """The inference chosen for a design.

    Attributes
    ----------
    method
        The one that leads.
    beside
        Those shown beside it.
    cautions
        What the design does to the answer, in words.
    """

    method: Literal["collapsed", "welch", "cr2", "wild", "crv1"]
    beside: tuple[Literal["collapsed", "cr2"], ...]
    cautions: tuple[str, ...]


def choose_inference(
    n_treated: int, n_control: int, *, asked: Inference = "auto", df_cr2: float | None = None, units: str = "units"
) -> Route:
    """Choose the inference that a comparison of treated and untreated units can bear, or refuse the one asked for.

    Parameters
    ----------
    n_treated, n_control
        Units of assignment, such as districts, with and without treatment.
    asked
        `auto`, or one method.
    df_cr2
        Satterthwaite's degrees of freedom of CR2 in this design; by the formula for two plain groups when None.
    units
        What the units are called.

    Returns
    -------
    Route
        The method that leads, and those beside it.

    Raises
    ------
    DesignError
        When the design cannot bear the method asked for; the message has the reason and the alternative.

    Notes
    -----
    Sizes of a nominal 5 per cent test, measured: with 1 of 6 treated CRV1 rejects 30 to 41 per cent, CR2 32, the
    collapsed t test 4.8; with 3 of 6 CR2 5.0; with 3 of 33 CR2 3.0 (2.4 degrees of freedom), the collapsed t test 4.8;
    with 5 of 30 CRV1 10, CR2 4.5; with 10 of 30 CRV1 6.

    Examples
    --------
    >>> choose_inference(1, 5).method, choose_inference(3, 3).method, choose_inference(16, 17).method
    ('collapsed', 'cr2', 'crv1')
    """
    if asked not in get_args(Inference):
        message = f"{asked!r} names no inference. Give one of {', '.join(map(repr, get_args(Inference)))}."
        raise DesignError(message)
    if n_treated % 1 or n_control % 1:
        message = f"{n_treated} treated and {n_control} other {units}. Give whole numbers of {units}."
        raise DesignError(message)
    fewest, n = min(n_treated, n_control), n_treated + n_control
    if fewest < 1 or n < 3:
        message = (
            f"{n_treated} of {n} {units} are treated. At least one treated, one comparison and three in all are needed."
        )
        raise DesignError(message)
    cautions = _cautions(n_treated, n_control, units)
    if asked != "auto":
        _refuse(asked, n_treated, n_control, units)
        return Route(method=asked, beside=(), cautions=cautions + _asked_cautions(asked, fewest, n, units))
    df = plain_df(n_treated, n_control) if df_cr2 is None and fewest >= 2 else df_cr2
    if n >= FEWEST_CLUSTERS and fewest >= MANY_SIDE:
        return Route(method="crv1", beside=("collapsed",), cautions=cautions)
    if fewest >= ROUTED_SIDE and df is not None and df >= ROUTED_DF:
        return Route(method="cr2", beside=("collapsed",), cautions=cautions)
    return Route(method="collapsed", beside=("cr2",) if fewest >= 2 else (), cautions=cautions)


def plain_df(n_treated: int, n_control: int) -> float:
    """Return Satterthwaite's degrees of freedom of CR2 for the difference of two means.

    Parameters
    ----------
    n_treated, n_control
        Units, two or more each.

    Returns
    -------
    float
        Degrees of freedom.

    Examples
    --------
    >>> plain_df(3, 3), round(plain_df(2, 4), 2)
    (4.0, 2.08)
    """
    top = (1 / n_treated + 1 / n_control) ** 2
    return top / (1 / (n_treated**2 * (n_treated - 1)) + 1 / (n_control**2 * (n_control - 1)))


def _refuse(asked: str, n_treated: int, n_control: int, units: str) -> None:
    """Refuse a method that the design cannot bear."""
    fewest, n = min(n_treated, n_control), n_treated + n_control
    if asked == "crv1" and n < FEWEST_CLUSTERS:
        message = (
            f"{n} {units}: {WORDS[asked]} need {FEWEST_CLUSTERS}; with so few a nominal 5 per cent test rejects 8 to "
            "40 per cent of true nulls. Use inference='auto'."
        )
        raise DesignError(message)
    if fewest < FEWEST.get(asked, 1):
        message = (
            f"{n_treated} of {n} {units} are treated: {WORDS[asked]} need {FEWEST[asked]} or more on either side, "
            f"since {REASONS[asked]}. Use inference='auto', which takes what the design can bear, such as one change "
            f"for each of the {units}; with one treated see synthetic_control too."
        )
        raise DesignError(message)


def _cautions(n_treated: int, n_control: int, units: str) -> tuple[str, ...]:
    """Say what so few units on a side do to the answer."""
    fewest, n = min(n_treated, n_control), n_treated + n_control
    if fewest > 2:
        return ()
    which = "treated" if n_treated == fewest else "left to compare with"
    word = {1: f"Only 1 of {n} {units} was", 2: f"Only 2 of {n} {units} were"}[fewest]
    return (f"{word} {which}: whatever else happened there is part of this estimate.",)


def _asked_cautions(asked: str, fewest: int, n: int, units: str) -> tuple[str, ...]:
    """Say what is known against a method that was asked for by name."""
    if asked == "cr2" and fewest == 2:
        return (f"CR2 with 2 {units} on a side has about 2 degrees of freedom: a true effect is easily missed.",)
    if asked == "crv1" and fewest < MANY_SIDE:
        return (f"With {fewest} of {n} {units} on a side a nominal 5 per cent test of this kind rejects about 10.",)
    return ()
