"""Crude rates and proportions of many areas: the same as of each alone, a reason where a count is hidden."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from oda.errors import DesignError
from oda.evaluate import Estimate, Rates, crude_rate, crude_rates, proportion, proportions, sentence

EXACT = 1e-10  # relative; rounding alone
BOTH = pytest.mark.parametrize("of_all", [crude_rates, proportions])


def six() -> pd.DataFrame:
    """Return six districts, one without an event, one with few, one whose count is hidden."""
    falls = pd.array([0, 4, 65, 300, None, 90], dtype="Int64")
    return pd.DataFrame({"district": list("ABCDEF"), "falls": falls, "people": [900, 800, 1000, 2000, 500, 100]})


def ask(of_all: Callable[..., Rates], frame: pd.DataFrame, **more: float) -> Rates:
    """Return the rates of a frame of `six`."""
    return of_all(frame, outcome="falls", exposure="people", area="district", **more)


@pytest.mark.parametrize("level", [0.95, 0.998])
@pytest.mark.parametrize(("of_all", "of_one"), [(crude_rates, crude_rate), (proportions, proportion)])
def test_each_area_has_the_rate_it_has_alone(
    of_all: Callable[..., Rates], of_one: Callable[..., Estimate], level: float
) -> None:
    """Value, limits, cautions and unit are those of the function of one area; zero is a rate, not a gap."""
    found, frame = ask(of_all, six(), level=level), six().set_index("district")
    for name in "ABCDF":
        alone = of_one(int(frame.loc[name, "falls"]), frame.loc[name, "people"], outcome="falls", level=level)
        here = found.estimates[name]
        assert (here.value, here.ci_low, here.ci_high) == pytest.approx(
            (alone.value, alone.ci_low, alone.ci_high), rel=EXACT
        )
        words = ("estimand", "unit", "cautions", "method", "n_obs")
        assert [getattr(here, name) for name in words] == [getattr(alone, name) for name in words]


@BOTH
def test_a_hidden_count_has_a_reason_and_no_number(of_all: Callable[..., Rates]) -> None:
    """It is neither dropped nor counted as 0, and the sentence names it."""
    found = ask(of_all, six())
    row = found.frame.set_index("area").loc["E"]
    assert row[["value", "ci_low", "ci_high", "events"]].isna().all()
    assert row["reason"] == found.estimates["E"].reason == "the count is missing or hidden"
    assert (found.frame["reason"] == "").sum() == 5
    assert sentence(found).endswith("It is not given for E.")


@BOTH
@pytest.mark.parametrize(
    "same",
    [
        lambda f: f.sample(frac=1, random_state=1),
        lambda f: f.set_index("district", drop=False),
        lambda f: f.assign(falls=f["falls"].astype(float)),
    ],
    ids=["rows shuffled", "other index", "other type"],
)
def test_what_does_not_matter_leaves_the_rates_as_they_are(
    of_all: Callable[..., Rates], same: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    """Row order, index and the type of the counts move no figure."""
    here, there = (ask(of_all, frame).frame.sort_values("area") for frame in (six(), same(six())))
    pd.testing.assert_frame_equal(here.reset_index(drop=True), there.reset_index(drop=True), rtol=EXACT)


def test_a_planted_difference_is_found() -> None:
    """Twice the events in every district are twice every rate; ten times the people a tenth."""
    frame = six()
    values = ask(crude_rates, frame).frame["value"]
    doubled = ask(crude_rates, frame.assign(falls=frame["falls"] * 2, people=frame["people"] * 10)).frame["value"]
    assert np.allclose(doubled, values / 5, rtol=EXACT, equal_nan=True)


def test_the_sentence_of_rates_gives_intervals_and_no_verdict() -> None:
    """Lowest and highest with their intervals, and that areas differ by chance."""
    frame = pd.DataFrame({"district": ["A", "B"], "falls": [100, 400], "people": [100_000, 100_000]})
    assert sentence(ask(crude_rates, frame)) == (
        "The crude rate of falls was lowest in A (100 per 100,000 people; 95% interval: 81.4 to 122) and highest in B "
        "(400 per 100,000 people; 95% interval: 362 to 441), of 2 areas. Areas differ by chance too: compare the "
        "intervals."
    )
    assert sentence(ask(crude_rates, frame.iloc[:1])).startswith("The crude rate of falls was 100 per 100,000 people (")
    hidden = frame.astype({"falls": float}).assign(falls=np.nan)
    assert sentence(ask(crude_rates, hidden)) == "The crude rate of falls is not given for any of 2 areas."


@BOTH
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda f: f.drop(columns="falls"), r"^No column 'falls'. There is: 'district', 'people'"),
        (lambda f: pd.concat([f, f.iloc[:2]]), r"^2 of 6 areas have more than one row, such as 'A'"),
        (lambda f: f.assign(people=0), r"^The 'people' of 6 of 6 rows is not above 0"),
        (lambda f: f.assign(people=f["people"].where(f.index > 0)), r"^A value is missing of 6 rows: 'people' in 1"),
        (lambda f: f.assign(falls=f["falls"] - 5), r"^The 'falls' of 2 of 6 rows is below 0"),
        (lambda f: f.assign(falls="few"), r"^The 'falls' is not a column of numbers"),
    ],
)
def test_rates_that_the_data_cannot_give_are_refused(
    of_all: Callable[..., Rates], broken: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    """In a sentence; the data stay as they were."""
    frame = broken(six())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        ask(of_all, frame)
    pd.testing.assert_frame_equal(frame, copy)


def test_more_events_than_people_are_a_rate_but_no_share() -> None:
    """250 events among 220 people are 1,136 per 1,000; as a share they are refused."""
    frame = pd.DataFrame({"district": ["A"], "falls": [250], "people": [220]})
    assert ask(crude_rates, frame, multiplier=1000).frame["value"][0] == pytest.approx(250 / 0.22, rel=EXACT)
    with pytest.raises(DesignError, match=r"^0 populations are 0 and 1 are smaller than their events"):
        ask(proportions, frame)


def test_one_rate_left_is_said_as_one_rate() -> None:
    """Where all areas but one are suppressed there is no lowest and highest."""
    frame = pd.DataFrame({"area": list("ab"), "falls": [50, np.nan], "people": [1000, 1000]})
    said = sentence(crude_rates(frame, outcome="falls", area="area", exposure="people"))
    assert "lowest" not in said
    assert " in a was " in said
    assert "It is not given for b." in said
