"""Propensity weights: the right weights, what they are worth, and no weight where there is no counterpart."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from oda.errors import DesignError
from oda.evaluate import PropensityWeights, balance_table, propensity_weights, sentence

EXACT = 1e-10  # relative; sums taken in another order differ by rounding alone
SOLVED = 1e-9  # relative; Newton's method ends when a step is this small, and its error is the square
COVARIATES = ["age", "alone", "ward"]


def people(n: int = 400, seed: int = 2, pull: float = 0.6) -> pd.DataFrame:
    """Return people of whom the older, those alone and those of one ward are likelier to be visited."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.normal(75, 8, n), "alone": rng.random(n) < 0.4})
    frame["ward"] = rng.choice(["north", "south", "west"], n)
    drawn = pull * ((frame["age"] - 75) / 8 + frame["alone"] - (frame["ward"] == "west")) - 0.8
    frame["visited"] = rng.random(n) < 1 / (1 + np.exp(-drawn))
    return frame


def weigh(frame: pd.DataFrame, **more: object) -> PropensityWeights:
    """Return the weights of a frame with this file's column names."""
    return propensity_weights(frame, **{"treated": "visited", "covariates": COVARIATES, **more})


def two_wards() -> pd.DataFrame:
    """Return 8 people of ward a, 6 of them visited, and 10 of ward b, 2 of them visited."""
    return pd.DataFrame({"ward": ["a"] * 8 + ["b"] * 10, "visited": [1] * 6 + [0] * 2 + [1] * 2 + [0] * 8})


@pytest.mark.parametrize(
    ("estimand", "expected"),
    [
        ("ATT", {("a", 1): 1, ("a", 0): 3, ("b", 1): 1, ("b", 0): 1 / 4}),
        ("ATE", {("a", 1): 4 / 3, ("a", 0): 4, ("b", 1): 5, ("b", 0): 5 / 4}),
        ("ATC", {("a", 1): 1 / 3, ("a", 0): 1, ("b", 1): 4, ("b", 0): 1}),
    ],
)
def test_weights_are_those_of_hand_arithmetic(estimand: str, expected: dict[tuple[str, int], float]) -> None:
    """Three quarters visited in one ward and a fifth in the other give weights that can be reckoned by hand."""
    frame = two_wards()
    found = weigh(frame, covariates=["ward"], estimand=estimand)
    by_hand = [expected[ward, visited] for ward, visited in frame.to_numpy()]
    assert found.weights.tolist() == pytest.approx(by_hand, rel=SOLVED)
    assert found.scores.tolist() == pytest.approx([0.75] * 8 + [0.2] * 10, rel=SOLVED)


def test_the_summary_is_that_of_hand_arithmetic() -> None:
    """Effective sample sizes, largest weights and their share of the group are reckoned by hand."""
    rows = weigh(two_wards(), covariates=["ward"], estimand="ATE").groups.set_index("group")
    assert rows["ess"].tolist() == pytest.approx([18**2 / (6 * 16 / 9 + 2 * 25), 18**2 / (2 * 16 + 8 * 25 / 16)])
    assert rows["largest"].tolist() == pytest.approx([5, 4], rel=SOLVED)
    assert rows["largest_share"].tolist() == pytest.approx([5 / 18, 4 / 18], rel=SOLVED)
    assert rows["n"].tolist() == [8, 10]


@pytest.mark.parametrize("estimand", ["ATT", "ATE", "ATC"])
def test_weights_even_out_what_was_uneven(estimand: str) -> None:
    """People picked by age, living alone and ward are alike in all three after weighting."""
    frame = people(2000)
    found = weigh(frame, estimand=estimand)
    rows = balance_table(frame.assign(w=found.weights), treated="visited", covariates=COVARIATES, weights="w").rows
    assert rows["smd"].abs().max() > 0.3
    assert rows["weighted_smd"].abs().max() < 0.05


def test_after_weighting_the_groups_stand_for_whom_they_should() -> None:
    """The mean age of the weighted comparison group is that of the treated, of all, or of its own."""
    frame = people(4000)
    targets = {"ATT": frame[frame["visited"]], "ATE": frame, "ATC": frame[~frame["visited"]]}
    for estimand, stands_for in targets.items():
        weights = weigh(frame, estimand=estimand).weights
        for side in (frame["visited"], ~frame["visited"]):
            age = np.average(frame.loc[side, "age"], weights=weights[side])
            assert age == pytest.approx(stands_for["age"].mean(), abs=0.4)


def test_scores_solve_the_equations_of_the_logistic_regression() -> None:
    """In every ward, and of those alone, the scores add up to the number visited: the mark of maximum likelihood."""
    frame = people()
    left = frame["visited"] - weigh(frame).scores
    for rows in (frame["ward"] == "north", frame["ward"] == "west", frame["alone"], frame["age"]):
        assert float((left * rows).sum()) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(("estimand", "base"), [("ATE", 1), ("ATT", "share"), ("ATC", "rest")])
def test_stabilised_weights_average_about_one(estimand: str, base: object) -> None:
    """Stabilising multiplies the weights of each group by one number, so that they average about 1."""
    frame = people(3000)
    plain, stable = weigh(frame, estimand=estimand), weigh(frame, estimand=estimand, stabilise=True)
    for side in (frame["visited"], ~frame["visited"]):
        factor = stable.weights[side] / plain.weights[side]
        assert np.ptp(factor) == pytest.approx(0, abs=1e-12)
        assert stable.weights[side].mean() == pytest.approx(1, abs=0.03)
    share = frame["visited"].mean()
    ratio = (stable.weights / plain.weights)[frame["visited"]].iloc[0]
    assert ratio == pytest.approx(share / {1: 1, "share": share, "rest": 1 - share}[base], rel=EXACT)
    assert stable.groups["ess"].tolist() == pytest.approx(plain.groups["ess"].tolist(), rel=EXACT)


@pytest.mark.parametrize("estimand", ["ATT", "ATE", "ATC"])
def test_trimming_says_how_many_and_which_share(estimand: str) -> None:
    """Rows beyond the trimming have weight 0, all others keep theirs, and the count and the share are given."""
    frame = people(pull=1.2)
    plain, found = weigh(frame, estimand=estimand), weigh(frame, estimand=estimand, trim=0.15)
    high, low = found.scores > 0.85, found.scores < 0.15
    out = {"ATT": high, "ATE": high | low, "ATC": low}[estimand]
    assert 0 < out.sum() < len(frame)
    assert (found.weights[out] == 0).all()
    assert found.weights[~out].tolist() == plain.weights[~out].tolist()
    rows = found.groups.set_index("group")
    assert rows["trimmed"].tolist() == [(out & frame["visited"]).sum(), (out & ~frame["visited"]).sum()]
    assert rows["trimmed_share"].tolist() == (rows["trimmed"] / rows["n"]).tolist()
    assert any(
        f"{out.sum()} rows of 400 ({out.mean() * 100:.1f} per cent) were trimmed" in said for said in found.cautions
    )


def test_extreme_weights_are_reported() -> None:
    """Weights above 10 are counted and the largest is said, in the summary and among the cautions."""
    found = weigh(people(pull=2), estimand="ATE")
    heavy = found.weights > 10
    assert found.groups["above_10"].sum() == heavy.sum() > 0
    assert found.groups["above_10_share"].tolist() == (found.groups["above_10"] / found.groups["n"]).tolist()
    assert any(f"the heaviest {found.weights.max():.1f}" in said for said in found.cautions)


def test_good_weights_come_without_cautions() -> None:
    """Where treatment hangs little on the covariates there is nothing to caution of."""
    assert weigh(people(2000, pull=0.2)).cautions == ()


def test_few_rows_a_coefficient_are_cautioned_of() -> None:
    """Four coefficients on eight treated rows are unsteady, and it is said."""
    frame = people()
    few = pd.concat([frame[frame["visited"]].head(8), frame[~frame["visited"]]])
    assert any("2.0 rows of the smaller group for each coefficient" in said for said in weigh(few).cautions)


def test_treated_beyond_the_others_are_cautioned_of() -> None:
    """When a tenth of the treated have scores that no one else has, their comparison is said to be extrapolation."""
    rng = np.random.default_rng(6)
    frame = pd.DataFrame(
        {"age": np.r_[rng.normal(80, 4, 100), rng.normal(72, 4, 100)], "visited": [1] * 100 + [0] * 100}
    )
    found = weigh(frame, covariates=["age"])
    beyond = (found.scores[:100] > found.scores[100:].max()).mean()
    assert beyond > 0.05
    assert any(said.startswith(f"{100 * beyond:.0f} per cent of those to stand for") for said in found.cautions)
    assert f"{100 * (1 - beyond):.0f} per cent of the treated" in found.overlap


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.sample(frac=1, random_state=4),
        lambda frame: frame.assign(age=frame["age"] * 1e6 - 3e7),
        lambda frame: frame.assign(ward=frame["ward"].map({"north": "z", "south": "y", "west": "x"})),
        lambda frame: frame.assign(visited=frame["visited"].astype(float)),
        lambda frame: frame.set_index(np.zeros(len(frame), dtype=int)),
    ],
    ids=["rows shuffled", "age in millionths", "wards renamed", "1 and 0", "one index for all"],
)
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Row order, units and labels leave every weight as it is, and each stays with its row."""
    frame = people().assign(row=np.arange(400))
    changed = change(frame)
    here, there = weigh(frame), weigh(changed)
    weights = pd.Series(there.weights.to_numpy(), index=changed["row"].to_numpy()).sort_index()
    assert weights.tolist() == pytest.approx(here.weights.tolist(), rel=EXACT)
    assert there.weights.index.equals(changed.index)
    assert there.groups["ess"].tolist() == pytest.approx(here.groups["ess"].tolist(), rel=EXACT)


def test_the_sentence_says_what_the_groups_are_worth() -> None:
    """The sentence gives the effective sample sizes and how the scores overlap."""
    assert sentence(weigh(two_wards(), covariates=["ward"])) == (
        "The weighted groups stand for the treated: 8 treated rows are worth 8 of equal weight and 10 comparison rows "
        "3; the heaviest row carries 37.5 per cent of its group. Scores run from 0.200 to 0.750 among the treated and "
        "from 0.200 to 0.750 in the comparison group; 100 per cent of the treated and 100 per cent of the others lie "
        "within the other group's range."
    )


@pytest.mark.parametrize(
    ("broken", "more", "words"),
    [
        (lambda f: f.assign(age=f["age"].where(f.index > 4)), {}, r"A value is missing of 400 rows: 'age' in 5"),
        (lambda f: f.assign(alone=f["visited"]), {}, r"'alone' alone settles who is treated"),
        (
            lambda f: f.assign(alone=f["visited"] & (f["age"] > 75)),
            {},
            r"'alone' alone settles who is treated, for some",
        ),
        (lambda f: f.assign(ward=f["ward"].where(~f["visited"], "east")), {}, r"'ward: north' alone settles"),
        (lambda f: f.assign(age=f["age"].abs() * np.where(f["visited"], 1, -1)), {}, r"'age' alone settles"),
        (
            lambda f: f.assign(age=f["visited"] * 9 - np.arange(400), alone=np.arange(400)),
            {"covariates": ["age", "alone"]},
            r"The 2 columns of covariates together settle",
        ),
        (lambda f: f.assign(alone=1), {}, r"'alone' has one value in all 400 rows"),
        (lambda f: f.assign(ward="north"), {}, r"'ward' has one value in all 400 rows"),
        (lambda f: f.assign(alone=2 * f["age"] + (f["ward"] == "west")), {}, r"^1 of 4 columns follow from others"),
        (lambda f: f, {"covariates": ["age", "visited"]}, r"1 of the covariates have two parts: 'visited'"),
        (lambda f: f, {"estimand": "LATE"}, r"estimand is 'LATE'. Give one of 'ATT', 'ATE', 'ATC'"),
        (lambda f: f, {"trim": 0.5}, r"trim is 0.5. Give a distance"),
        (lambda f: f, {"trim": math.nan}, r"trim is nan. Give a distance"),
        (lambda f: f, {"trim": 0.499, "estimand": "ATE"}, r"fewer than 2 rows after trimming at 0.499"),
        (
            lambda f: f.assign(visited=f.index == 3),
            {"covariates": ["alone"]},
            r"treated group has fewer than 2 rows|settle",
        ),
    ],
)
def test_a_broken_design_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str
) -> None:
    """Covariates that settle who is treated, or say nothing, are refused, and the data stay as they were."""
    frame = broken(people())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        weigh(frame, **more)
    pd.testing.assert_frame_equal(frame, copy)


def test_scores_near_the_ends_are_no_separation() -> None:
    """A covariate that all but settles treatment is allowed when groups still mix: extremes are reported instead."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=4000)
    frame = pd.DataFrame({"x": x, "visited": rng.random(4000) < 1 / (1 + np.exp(-8 * x))})
    found = weigh(frame, covariates=["x"], estimand="ATE")
    assert found.scores.max() > 1 - 1e-6
    assert any("weigh more than 10" in said for said in found.cautions)
