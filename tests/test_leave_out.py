"""The estimate without each district in turn, and without the neighbours of treated ones."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from districts import NAMES, districts

from oda.errors import DesignError
from oda.evaluate import difference_in_differences, leave_neighbours_out, leave_one_out, sentence

EXACT = 1e-9  # relative; the arithmetic is the same
COHORT = {**NAMES, "cohort": "start"}
WAYS = [{"cohort": "start"}, {"treated": "treated", "post": "post"}, {"treatment": "visited"}]


@pytest.mark.parametrize("way", WAYS, ids=["cohort", "flags", "column"])
@pytest.mark.parametrize("treated", [2, 3])
def test_each_row_is_a_refit(treated: int, way: dict[str, str]) -> None:
    """Without a district the estimate and its interval are those of the others alone, on their own inference."""
    frame = districts(starts=treated)
    found = leave_one_out(frame, **NAMES, **way)
    for row in found.others.to_dict("records"):
        e = difference_in_differences(frame[frame["district"] != row["label"]], **NAMES, **way).estimate
        assert (row["value"], row["ci_low"], row["ci_high"]) == pytest.approx((e.value, e.ci_low, e.ci_high), rel=EXACT)
        assert (row["n_treated"], row["n_control"]) == (e.n_treated, 5 - e.n_treated)
    assert found.others["label"].tolist() == [f"d{place}" for place in range(6)]
    assert found.as_large is None
    assert found.smallest_share is None


def test_the_range_holds_the_estimate() -> None:
    """Equal weights: the mean over districts of the estimates without one lies at the estimate."""
    frame = districts(starts=3)
    found = leave_one_out(frame, **COHORT)
    assert found.others["value"].min() <= found.actual.value <= found.others["value"].max()
    assert found.others["value"].mean() == pytest.approx(found.actual.value, rel=EXACT)


def test_without_the_only_treated_district_there_is_no_estimate() -> None:
    """That is said rather than left out in silence."""
    found = leave_one_out(districts(starts=1), **COHORT)
    assert found.others["label"].tolist() == ["d1", "d2", "d3", "d4", "d5"]
    assert found.cautions[0] == "There is no estimate without d0."
    with pytest.raises(DesignError, match="Without any one of 3 districts there is no estimate left"):
        leave_one_out(districts(3, starts=1), **COHORT)


def test_a_district_that_carries_the_effect_alone_is_named() -> None:
    """One of three treated with all of a fall: without it the direction turns, and the sentence says so."""
    frame = districts(starts=3)
    place = frame["district"].str[1:].astype(int)
    frame["y"] = 10 + place * frame["post"] / 50 + frame["y"] / 1e4 + frame["visited"] * (1 - 5 * (place == 0))
    found = leave_one_out(frame, **COHORT)
    assert found.actual.value < 0
    assert found.cautions == ("The direction turns without d0.",)
    assert "The direction turns without d0." in sentence(found)


def test_clusters_are_left_out_whole() -> None:
    """Persons in districts: with `cluster` it is the district that goes, and each estimate is a refit."""
    frame = districts(starts=3)
    rng = np.random.default_rng(1)
    persons = frame.loc[frame.index.repeat(5)].reset_index(drop=True)
    persons["y"] += rng.normal(size=len(persons))
    persons["person"] = persons["district"] + "-" + (persons.groupby(["district", "month"]).cumcount()).astype(str)
    names = {"outcome": "y", "unit": "person", "time": "month", "treatment": "visited", "cluster": "district"}
    found = leave_one_out(persons, **names)
    assert found.others["label"].tolist() == [f"d{place}" for place in range(6)]
    assert found.others["value"].nunique() == 6
    without = difference_in_differences(persons[persons["district"] != "d4"], **names).estimate
    assert found.others["value"].iloc[4] == pytest.approx(without.value, rel=EXACT)
    near = leave_neighbours_out(persons, **names, neighbours={"d0": ["d4"]})
    assert near.others["value"].tolist() == pytest.approx([without.value], rel=EXACT)


def test_neighbours_are_left_out_together_and_treated_ones_stay() -> None:
    """One row for each treated district and one without all neighbours; a treated neighbour is never left out."""
    frame = districts(8, starts=2)
    found = leave_neighbours_out(frame, **COHORT, neighbours={"d0": ["d1", "d2"], "d1": ["d0", "d3", "d4"]})
    assert found.others["label"].tolist() == ["neighbours of d0", "neighbours of d1", "neighbours of all of them"]
    for row, gone in zip(found.others.to_dict("records"), (["d2"], ["d3", "d4"], ["d2", "d3", "d4"]), strict=True):
        e = difference_in_differences(frame[~frame["district"].isin(gone)], **COHORT).estimate
        assert (row["value"], row["ci_low"]) == pytest.approx((e.value, e.ci_low), rel=EXACT)
        assert row["n_control"] == 6 - len(gone)


def test_spillover_to_neighbours_shows() -> None:
    """Neighbours that take half of the effect hide a part of it; without them all of it is seen (pitfall 39)."""
    frame = districts(8, starts=2)
    place = frame["district"].str[1:].astype(int)
    spill = -2.0 * place.isin([2, 3, 4]) * frame["post"]
    frame["y"] = 10 + frame["y"] / 1000 - 4 * frame["visited"] + spill
    found = leave_neighbours_out(frame, **COHORT, neighbours={"d0": ["d2", "d3"], "d1": ["d4"]})
    assert found.actual.value == pytest.approx(-3, abs=0.01)
    assert found.others["value"].iloc[-1] == pytest.approx(-4, abs=0.01)


def test_a_whole_map_of_neighbours_may_be_given() -> None:
    """Those of untreated districts are passed over; treated districts without an entry are said."""
    frame = districts(8, starts=2)
    found = leave_neighbours_out(frame, **COHORT, neighbours={"d0": ["d2"], "d5": ["d6"]})
    assert found.others["label"].tolist() == ["neighbours of d0"]
    assert found.cautions[0] == "No neighbours were given for d1."


@pytest.mark.parametrize(
    ("neighbours", "words"),
    [
        ({}, "No neighbours are given. Give those of each treated district by its label"),
        ({"d0": ["nowhere"]}, "'nowhere' in neighbours is no district of the data. Use its labels"),
        ({"elsewhere": ["d1"]}, "'elsewhere' in neighbours is no district"),
        (["d5"], r"^neighbours is \['d5'\]\. Give a map from each treated district to a list of its neighbours\.$"),
        ({"d0": "d5"}, r"^The neighbours of 'd0' are 'd5', no list\. Give a list of labels, such as \['d5'\]\.$"),
        ({"d0": 5}, r"^The neighbours of 'd0' are 5, no list"),
        ({"d5": ["d4"]}, "None of 1 labels in neighbours is treated"),
        ({"d0": ["d2", "d3", "d4", "d5"]}, "2 of 2 districts are treated"),
    ],
)
def test_neighbours_that_cannot_be_used_are_refused(neighbours: object, words: str) -> None:
    """Names that are not in the data, nobody treated among them, or nobody left to compare with."""
    frame = districts(starts=2)
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        leave_neighbours_out(frame, **COHORT, neighbours=neighbours)  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(frame, copy)


def test_sentences_hold_no_verdict() -> None:
    """The estimate with its interval, and the range of the others."""
    frame = districts(8, starts=2)
    for found in (
        leave_one_out(frame, **COHORT),
        leave_one_out(frame, **COHORT, scale="ratio"),
        leave_neighbours_out(frame, **COHORT, neighbours={"d0": ["d2"]}),
    ):
        said = sentence(found)
        assert re.match(r"The estimate is .* \(95% interval: .*\); without ", said)
        assert not re.search(r"significan|prove|strongly|support|robust", said)
