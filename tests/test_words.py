"""Estimates in plain English: direction, size and interval, without a verdict."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from oda.errors import DesignError
from oda.evaluate import Estimate, sentence, words
from oda.evaluate.words import interval_words, percent_change, plural, quantity
from oda.exhibits.values import headline

VERDICTS = ("significan", "proves", "proven", "strongly supported", "worked", "no effect", "nan", "inf")


def ratio(value: float, low: float, high: float, level: float = 0.95) -> Estimate:
    """Return an estimated ratio."""
    return Estimate(
        estimand="ATT",
        scale="ratio",
        outcome="admissions",
        unit="",
        value=value,
        ci_low=low,
        ci_high=high,
        level=level,
        std_error=0.1,
        p_value=0.5,
        df=4,
        n_obs=12,
        n_clusters=6,
        n_treated=1,
        method="by hand",
    )


def say(value: float, low: float, high: float) -> str:
    """Return the sentence of a ratio."""
    return sentence(ratio(value, low, high), subject="The rate", against="than without visits")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.85, "15 per cent lower"),
        (1.5, "50 per cent higher"),
        (0.97, "3.0 per cent lower"),
        (1.0995, "10 per cent higher"),  # 9.95 rounds to 10, and from 10 up no decimal is shown
        (1.0994, "9.9 per cent higher"),
        (0.9005, "10 per cent lower"),
        (0.9006, "9.9 per cent lower"),
        (1.0051, "0.5 per cent higher"),
        (1.004, "unchanged"),
        (0.996, "unchanged"),
        (1, "unchanged"),
        (13, "1,200 per cent higher"),
        (1e9, "more than 10,000 per cent higher"),
        (0.004, "more than 99 per cent lower"),
        (0, "100 per cent lower"),
    ],
)
def test_a_ratio_is_said_as_a_change_in_per_cent(value: float, words: str) -> None:
    """A ratio of 0.85 is 15 per cent lower; numbers are rounded for people, and none is rounded into a falsehood."""
    assert percent_change(value) == words


def test_a_log_effect_is_said_as_100_times_its_exponential_less_one() -> None:
    """An effect of -0.236 on the log scale is 21 per cent lower, not 23.6."""
    assert percent_change(math.exp(-0.236)) == "21 per cent lower"


@pytest.mark.parametrize("value", [-0.1, math.nan])
def test_what_is_no_ratio_is_refused(value: float) -> None:
    """A negative ratio and a missing one have no words."""
    with pytest.raises(DesignError, match="is no ratio"):
        percent_change(value)


def test_an_interval_without_no_difference_is_said_plainly() -> None:
    """Direction, size and interval, and nothing more."""
    expected = (
        "The rate was 15 per cent lower than without visits (95% interval: 24 per cent lower to 5.0 per cent lower)."
    )
    assert say(0.85, 0.76, 0.95) == expected


@pytest.mark.parametrize(("low", "high"), [(0.7, 1.02), (0.85, 1.0), (0.7, 0.9999), (0.85, 3.0)])
def test_an_interval_that_holds_no_difference_says_that_the_data_cannot_tell(low: float, high: float) -> None:
    """The doubt is said whenever the interval, as the reader sees it, reaches no change."""
    assert say(0.85, low, high).endswith("The data cannot tell this from no difference.")


@pytest.mark.parametrize(("low", "high"), [(0.7, 0.999), (0.7, 0.8501), (0.85, 0.85)])
def test_an_interval_that_does_not_reach_no_change_says_no_doubt(low: float, high: float) -> None:
    """An interval that ends at 0.1 per cent lower ends there, and not at no change."""
    assert "cannot tell" not in say(0.85, low, high)
    assert "no change" not in say(0.85, low, high)


def test_no_change_is_said_as_about_the_same() -> None:
    """An estimate within half a per cent of no change is about the same, with its interval."""
    assert say(1.001, 0.9, 1.1).startswith("The rate was about the same as without visits (95% interval: 10 per cent")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.85, 0.8501, "95% interval: 15 per cent lower at either end"),
        (0.9999, 1.0001, "95% interval: no change at either end"),
        (0.9, 1.0, "95% interval: 10 per cent lower to no change"),
        (0.999, 1e6, "95% interval: 0.1 per cent lower to more than 10,000 per cent higher"),
    ],
)
def test_the_ends_of_an_interval_read_well(low: float, high: float, words: str) -> None:
    """Ends that round to the same figure, to none, or beyond reason are said as such."""
    assert interval_words(ratio((low + high) / 2, low, high)) == words


@pytest.mark.parametrize(("level", "words"), [(0.95, "95%"), (0.998, "99.8%"), (0.9, "90%")])
def test_the_level_is_said(level: float, words: str) -> None:
    """A 99.8 per cent interval is not called a 95 per cent one."""
    assert interval_words(ratio(0.9, 0.8, 1.1, level)).startswith(f"{words} interval:")


def test_no_sentence_gives_a_verdict() -> None:
    """Over a thousand estimates of every size, no sentence says significant, proves or the like."""
    rng = np.random.default_rng(1)
    for effect, reach in zip(rng.normal(0, 2, 1000), rng.exponential(1, 1000), strict=True):
        said = say(math.exp(effect), math.exp(effect - reach), math.exp(effect + reach)).lower()
        assert not [word for word in VERDICTS if word in said]
        assert ("cannot tell" in said) == (abs(effect) <= reach)


def test_a_level_is_said_with_its_unit() -> None:
    """A rate per 100,000 is no ratio: it is said as it is, with its interval."""
    rate = replace(ratio(200, 100, 300), scale="level", unit="per 100,000 people")
    said = "The rate was 200 per 100,000 people (95% interval: 100 to 300)."
    assert sentence(rate, subject="The rate") == said


def test_a_difference_is_said_with_its_unit_and_its_doubt() -> None:
    """A difference has a direction, a size, a unit, and says when its interval holds none."""
    fewer = replace(ratio(1, 1, 1), scale="difference", unit="visits", value=-2.5, ci_low=-4.04, ci_high=-0.96)
    said = "Use was 2.50 visits lower than before (95% interval: -4.04 visits to -0.960 visits)."
    assert sentence(fewer, subject="Use", against="than before") == said
    assert sentence(replace(fewer, ci_high=0.5), subject="Use").endswith("cannot tell this from no difference.")


def test_a_unit_that_is_the_outcome_again_is_not_said() -> None:
    """A column without a unit of its own is named once: `The rate was 2.50 lower`."""
    fewer = replace(ratio(1, 1, 1), scale="difference", outcome="rate", unit="rate", value=-2.5, ci_low=-4, ci_high=-1)
    said = "The rate was 2.50 lower than before (95% interval: -4.00 to -1.00)."
    assert sentence(fewer, against="than before") == said


def test_what_is_no_result_has_no_sentence() -> None:
    """A number alone is refused."""
    with pytest.raises(DesignError, match="no sentence for a float"):
        sentence(0.85)


@pytest.mark.parametrize("name", ["value", "ci_low", "ci_high", "std_error", "p_value", "df"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_estimate_holds_numbers_only(name: str, value: float) -> None:
    """An estimate that is no number stops where it is made, and does not reach a report."""
    with pytest.raises(DesignError, match=f"no number for {name}"):
        replace(ratio(0.9, 0.8, 1), **{name: value})


def test_an_interval_that_does_not_hold_its_estimate_is_refused() -> None:
    """An estimate outside its own interval is a mistake, wherever it comes from."""
    with pytest.raises(DesignError, match="outside its interval"):
        ratio(0.9, 0.95, 1)


@pytest.mark.parametrize(
    ("estimand", "words"),
    [
        ("rate ratio", "than in the other rows"),
        ("difference in means", "than in the comparison group"),
        ("change", "than before"),
        ("net present social value", "than nil"),
        ("some ratio", "than what it is compared with"),
        ("ATT", "than it would have been without the treatment"),
        ("ATE", "than it would have been without the treatment"),
    ],
)
def test_only_an_effect_is_set_against_no_treatment(estimand: str, words: str) -> None:
    """A description is never said as what a treatment did, in a sentence or in a chart's caption."""
    said = sentence(replace(ratio(0.85, 0.76, 0.95), estimand=estimand))
    assert f"lower {words} (" in said
    short = headline(replace(ratio(0.85, 0.76, 0.95), estimand=estimand))
    assert ("without the treatment" in short) == ("without the treatment" in words)


@pytest.mark.parametrize(
    ("word", "words"),
    [("local_authority", "local authorities"), ("county", "counties"), ("day", "days"), ("practice", "practices")],
)
def test_units_have_their_plural(word: str, words: str) -> None:
    """A column called authority gives authorities, not authoritys."""
    assert plural(word) == words


def test_pounds_are_said_with_pence() -> None:
    """Fifty-five pence is £0.55, not £0.550."""
    assert (quantity(0.55, "£"), quantity(12.3, "£"), quantity(1200, "£")) == ("£0.55", "£12.30", "£1,200")


def test_no_module_makes_a_plural_by_hand() -> None:
    """A unit's plural comes from one function, so that no message says authoritys."""
    folder = Path(words.__file__).parent
    made = [
        path.name
        for path in [*folder.rglob("*.py"), *(folder.parent / "exhibits").glob("*.py")]
        if re.search(r"(unit|cluster)(\W+)?(\]|\))?\}s\b", path.read_text(encoding="utf-8"))
    ]
    assert made == []
