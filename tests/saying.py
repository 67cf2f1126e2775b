"""Results to draft from: estimates of either sign, narrow and wide, and answers that are none."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from oda.doubts import MOST_WORDS
from oda.estimate import Estimate
from oda.results import AnyResult, CannotSay, Estimated, Fact

RATIOS = {  # value and interval, by what they say
    "lower": (0.85, 0.76, 0.95),
    "higher": (1.2, 1.1, 1.4),
    "unclear": (0.95, 0.84, 1.07),
    "alike": (1.0, 0.998, 1.003),
    "lower, but hardly": (0.996, 0.993, 0.9994),
    "wide": (0.5, 1e-9, 500.0),
    "higher, beyond measure": (600.0, 200.0, 900.0),
    "lower, to nothing": (0.001, 0.0001, 0.004),
    "lower, by very much": (0.004, 0.0001, 0.2),
}
POUNDS = {"more": (3.21e6, 1.02e6, 5.32e6), "less": (-1_234_567.0, -2e6, -1e5), "either": (5e3, -9e6, 9e6)}
NOT = CannotSay(sentence="The data end before the visits.", needed="later data.")


def estimated(numbers: tuple[float, float, float], *, scale: str = "ratio", unit: str = "", estimand: str = "ATT"):
    """Return an estimate with its interval and a sentence."""
    value, low, high = numbers
    found = Estimate(
        estimand=estimand, scale=scale, outcome="admissions", unit=unit, value=value, ci_low=low, ci_high=high,
        level=0.95, std_error=None, p_value=None, df=None, n_obs=9, n_clusters=6, n_treated=3, method="by hand",
    )  # fmt: skip
    return Estimated(sentence=f"The estimate is {value:g}.", estimate=found)


def strength(level: int) -> Fact:
    """Return a grade of evidence."""
    return Fact(sentence=f"The evidence is level {level} of 5.", value=level, unit="level, of 5, on the Maryland scale")


def visits(number: int | None) -> Fact:
    """Return a count of visits; None where it is hidden."""
    return Fact(sentence="Visits were made.", value=number, unit="visits")


def cases() -> Iterator[dict[str, AnyResult]]:
    """Yield results of many pilots: every effect with every worth, strength, drift and count, and without some."""
    effects = [None, NOT, *map(estimated, RATIOS.values())]
    worths = [None, NOT, *(estimated(one, scale="difference", unit="£", estimand="net") for one in POUNDS.values())]
    grades = [None, NOT, *map(strength, range(1, 6))]
    drifts = [None, NOT, *(estimated(RATIOS[name], estimand="difference in slope") for name in ("lower", "unclear"))]
    counts = [None, NOT, visits(None), visits(0), visits(2_000), visits(12_345_678)]
    rest = {
        "precision": Fact(sentence="With few districts.", value=7.418321985962583, unit="per cent reduction"),
        "cost": Fact(
            sentence="It cost.", value=225_000.0, unit="£ from September 2025 to December 2026, in 2025 prices"
        ),
        "worth-cash": estimated(POUNDS["less"], scale="difference", unit="£", estimand="net"),
        "doubts": Fact(sentence="Not every check.", value=" ".join(["word"] * MOST_WORDS)),
        "planted": Fact(sentence="The data are made up.", value=0.85, unit="rate ratio"),
    }
    names = ("effect", "worth", "strength", "trend-before", "visits-total")
    for number, found in enumerate(itertools.product(effects, worths, grades, drifts, counts)):
        more = rest if number % 2 else {}
        yield {**{key: one for key, one in zip(names, found, strict=True) if one is not None}, **more}
