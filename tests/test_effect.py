"""The whole pilot in words: what is estimated, what is refused and why, and that nothing small leaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from oda import effect
from oda.evaluate import Comparison, minimum_detectable_effect
from oda.panel import Panel
from oda.pilot import Disclosure
from oda.results import CannotSay, Estimated, Fact

RULE = Disclosure(hide_below=8, round_to=5)
START = pd.Period("2025-01", freq="M")


def panel(after: dict[str, float], *, visited: tuple[str, ...] = ("A", "B"), before: float = 100.0) -> Panel:
    """Make two years of months, the second with these counts a month."""
    months = pd.period_range("2024-01", "2025-12", freq="M")
    rows = [
        {
            "district_code": name,
            "district": name,
            "period": month,
            "cohort": START if name in visited else pd.NaT,
            "population": 10_000,
            "admissions": count if month >= START else before + place,
            "visits": 5 if name in visited and month >= START else 0,
        }
        for place, (name, count) in enumerate(after.items())
        for month in months
    ]
    frame = pd.DataFrame(rows).astype({"admissions": "Int64", "population": "Int64", "visits": "Int64"})
    frame["cohort"] = pd.PeriodIndex(frame["cohort"], freq="M")
    return Panel(frame=frame, measure="counts", per_year=12, unit="per 100,000", rule=RULE, partial=())


FULL = {"A": 80, "B": 84, "C": 100, "D": 108}


def test_visits_after_the_data_are_said_in_a_boards_words():
    """Where the data end before the visits the reason says from when to when they run, and names no column."""
    early = panel(FULL)
    said = effect.estimate_effect(replace(early, frame=early.frame[early.frame["period"] < START]))
    assert isinstance(said, CannotSay)
    assert "the data run from January 2024 to December 2024, and visits in 2 of 4 districts" in said.sentence
    assert "cohort" not in said.sentence


def test_the_effect_is_the_ratio_of_the_ratios():
    """Rates 20 and 17 per cent lower against about none: by hand, from the geometric means of the ratios."""
    found = effect.estimate_effect(panel(FULL))
    assert isinstance(found, Comparison)
    ratios = {name: count / (100 + place) for place, (name, count) in enumerate(FULL.items())}
    by_hand = (ratios["A"] * ratios["B"] / (ratios["C"] * ratios["D"])) ** 0.5
    assert found.estimate.value == pytest.approx(by_hand)
    said = effect.say_effect(found)
    assert isinstance(said, Estimated)
    assert "per cent lower than it would have been without them" in said.sentence


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"visited": ()}, "no district has visits, so there is nothing to compare"),
        ({"visited": ("A", "B", "C", "D")}, "every district has visits"),
    ],
)
def test_a_design_without_two_groups_is_refused_in_a_board_s_words(changes, words):
    """No jargon of treated and cells."""
    found = effect.estimate_effect(panel(FULL, **changes))
    assert isinstance(found, CannotSay)
    assert words in found.sentence
    assert isinstance(effect.say_precision(found), CannotSay)


def test_two_districts_have_no_measure_of_chance():
    """With one of each there is no spread to judge the difference by."""
    found = effect.estimate_effect(panel({"A": 80, "B": 100}, visited=("A",)))
    assert isinstance(found, CannotSay)
    assert "three are the fewest" in found.sentence


def test_a_hidden_count_stops_the_estimate():
    """A ratio to three decimals would let a reader work out a count below 8."""
    made = panel({**FULL, "B": 0})
    frame = made.frame.copy()
    frame.loc[(frame["district"] == "B") & (frame["period"] == pd.Period("2025-06", freq="M")), "admissions"] = 5
    found = effect.estimate_effect(replace(made, frame=frame))
    assert isinstance(found, CannotSay)
    assert "The counts of B are too small to be shown" in found.sentence


def test_a_hidden_year_stops_the_estimate_too():
    """The exact count before, less the year that is shown, would be the one that is hidden."""
    made = panel(FULL)
    frame = made.frame.assign(visits=0)
    frame.loc[frame["cohort"].notna(), "cohort"] = pd.Period("2025-07", freq="M")
    small = frame["district"] == "C"
    frame.loc[small, "admissions"] = 4
    frame.loc[small & (frame["period"] < START), "admissions"] = 0
    frame.loc[small & (frame["period"] == pd.Period("2024-06", freq="M")), "admissions"] = 5
    found = effect.estimate_effect(replace(made, frame=frame))
    assert isinstance(found, CannotSay)
    assert "The counts of C are too small to be shown" in found.sentence


def test_visits_that_pilot_yml_does_not_know_stop_the_estimate():
    """Months with visits would count as before, or a visited district as one to compare with."""
    made = panel(FULL)
    early = made.frame.assign(visits=made.frame["visits"].mask(made.frame["district"].isin(["A", "C"]), 5))
    found = effect.estimate_effect(replace(made, frame=early))
    assert isinstance(found, CannotSay)
    assert "A has visits before January 2025, when they begin in pilot.yml" in found.sentence
    assert "C has visits, and none in pilot.yml" in found.sentence
    assert "January 2024" not in found.sentence


def test_what_would_be_detected_is_the_noncentral_t_s():
    """The first row is the pilot's own design; larger ones detect less."""
    found = effect.estimate_effect(panel(FULL))
    assert isinstance(found, Comparison)
    frame = effect.detectable(found)
    spread = found.estimate.std_error / np.sqrt(1 / 2 + 1 / 2)
    smallest = minimum_detectable_effect(spread, n_treated=2, n_control=2)
    assert frame.loc[0, "reduction"] == pytest.approx(100 * (1 - np.exp(-smallest)))
    assert frame["reduction"].is_monotonic_decreasing
    said = effect.say_precision(found)
    assert isinstance(said, Fact)
    assert said.sentence.startswith("With 2 of 4 districts visited, only a reduction of about")


def test_the_table_says_method_districts_and_periods():
    """Everything that a statistician asks for stands in one table."""
    made = panel(FULL)
    found = effect.estimate_effect(made)
    assert isinstance(found, Comparison)
    rows = dict(effect.effect_table(found, made).rows)
    assert rows["Districts with and without visits"] == "2 and 2"
    assert rows["Before"] == "January 2024 to December 2024"
    assert "t test with 2 degrees of freedom" in rows["Method"]


def test_a_pilot_of_33_districts_has_its_table_too():
    """London: re-assigning 17 of 33 in every way is not done, and the table says so."""
    names = [f"D{number}" for number in range(33)]
    made = panel({name: 80 + number for number, name in enumerate(names)}, visited=tuple(names[::2]))
    found = effect.estimate_effect(made)
    assert isinstance(found, Comparison)
    rows = dict(effect.effect_table(found, made).rows)
    assert rows["p by re-assigning the visits"] == "not done: there are too many ways to count"
    assert len(effect.detectable(found)) == 1


def test_the_approach_is_told_with_its_districts_and_periods_or_as_not_taken():
    """A board reads how many districts were compared over which time; where nothing is reckoned, that it is not."""
    said = effect.say_approach(effect.estimate_effect(panel(FULL))).sentence
    assert said.startswith("Each of 4 districts is reduced to a single change")
    assert "(January 2025 to December 2025) over its rate before (January 2024 to December 2024)" in said
    assert "The changes of the 2 districts with visits are set against those of the 2 without." in said
    assert effect.say_approach(effect.estimate_effect(panel(FULL, visited=()))).sentence.startswith(
        "No effect is reckoned"
    )
