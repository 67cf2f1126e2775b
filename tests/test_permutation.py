"""Randomisation tests: every assignment once, the actual one and ties among them, and no p that cannot be."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda.errors import DesignError
from oda.evaluate import RandomisationTest, randomisation_test, sentence
from oda.evaluate.inference.permutation import permute, permute_many

TIE = 1e-9  # relative; statistics that agree so closely are the same


def frame(treated: int, of: int, seed: int = 1) -> pd.DataFrame:
    """Return one change a district; the first are treated."""
    change = np.random.default_rng(seed).normal(size=of)
    return pd.DataFrame({"change": change, "treated": np.arange(of) < treated})


def run(data: pd.DataFrame, **more: object) -> RandomisationTest:
    """Return the randomisation test with this file's column names."""
    return randomisation_test(data, change="change", treated="treated", **more)


def by_hand(data: pd.DataFrame, statistic: Callable[[np.ndarray, np.ndarray], float]) -> float:
    """Return the share of all assignments with a statistic at least as large, the slow way."""
    change, n_treated = data["change"].to_numpy(), int(data["treated"].sum())
    found = []
    for pick in itertools.combinations(range(len(change)), n_treated):
        who = np.isin(np.arange(len(change)), pick)
        found.append(statistic(change[who], change[~who]))
    actual = statistic(change[data["treated"]], change[~data["treated"]])
    return float(np.mean(np.array(found) >= actual * (1 - TIE)))


def gap(first: np.ndarray, second: np.ndarray) -> float:
    """Return the size of the difference of means."""
    return abs(float(first.mean() - second.mean()))


def welch(first: np.ndarray, second: np.ndarray) -> float:
    """Return the size of Welch's t."""
    return abs(float(stats.ttest_ind(first, second, equal_var=False).statistic))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("treated", "of"), [(1, 6), (2, 6), (3, 6), (4, 6), (3, 8), (5, 10)])
def test_it_equals_brute_force(treated: int, of: int, seed: int) -> None:
    """All ways to choose the treated give the share of gaps at least as large as the actual one, also studentised."""
    data = frame(treated, of, seed)
    assert run(data).p_value == by_hand(data, gap)
    if treated > 1:
        assert run(data, statistic="studentised").p_value == by_hand(data, welch)


@pytest.mark.parametrize(
    ("treated", "of", "smallest", "ways"),
    [(1, 6, 1 / 6, 6), (2, 6, 1 / 15, 15), (3, 6, 2 / 20, 20), (1, 27, 1 / 27, 27), (4, 8, 2 / 70, 70)],
)
def test_the_smallest_p_is_the_one_of_a_huge_effect(treated: int, of: int, smallest: float, ways: int) -> None:
    """With 3 of 6 treated no effect, however large, gives a p below 0.10, for its mirror image is as large."""
    data = frame(treated, of)
    found = run(data.assign(change=data["change"] + 1000 * data["treated"]))
    assert found.p_value == found.smallest_p == pytest.approx(smallest)
    assert (found.ways, found.assignments, found.enumerated) == (ways, ways, True)
    assert bool(found.cautions) == (smallest > 0.05)


def test_it_says_that_five_per_cent_cannot_be_reached() -> None:
    """The caution gives the smallest p and says that the effect does not matter."""
    assert run(frame(1, 6)).cautions == (
        "With 1 of 6 treated, re-assigning the treatment cannot give a p below 0.167: "
        "5 per cent cannot be reached, whatever the effect.",
    )


def test_the_value_is_the_difference_of_means() -> None:
    """Changes of -9 against 1, 0, 2, -1 and 3 differ by 10."""
    data = pd.DataFrame({"change": [-9.0, 1, 0, 2, -1, 3], "treated": [True] + [False] * 5})
    assert run(data).value == -10


@pytest.mark.parametrize("factor", [1.0, 1e6, 1e-9, -1.0])
def test_ties_count_whatever_rounding_makes_of_them(factor: float) -> None:
    """Districts that changed alike are alike in every re-assignment: three of four gaps are as large as the actual."""
    data = pd.DataFrame({"change": np.log([0.7, 0.7 * (1 + 1e-15), 1.3, 1.3]) * factor, "treated": [1, 0, 0, 0]})
    assert run(data).p_value == by_hand(data.astype({"treated": bool}), gap) == 1.0
    odd = pd.DataFrame({"change": np.array([0.1 + 0.2, 0.3, 5.0, -5.0, 0.0]) * factor, "treated": [1, 0, 0, 0, 0]})
    assert run(odd).p_value == 0.8


def test_all_changes_alike_give_a_p_of_one() -> None:
    """Where nothing differs nothing is found."""
    data = frame(3, 6).assign(change=0.1)
    assert run(data).p_value == run(data, statistic="studentised").p_value == 1.0


def test_groups_without_spread_have_no_p_of_nought() -> None:
    """Where each group changed alike the studentised statistic is endless, and the smallest p is the answer."""
    for scale, shift in ((1.0, 0.0), (0.1, 0.3), (1e-9, 0.0)):
        data = pd.DataFrame({"change": np.array([1.0, 1, 1, 0, 0, 0, 0]) * scale + shift, "treated": [1] * 3 + [0] * 4})
        assert run(data, statistic="studentised").p_value == 1 / 35


@pytest.mark.parametrize(("first", "second", "n"), [(-0.62, 0.04, 4), (0.54, 0.21, 3), (0.09, -0.74, 5)])
def test_rounding_is_no_spread(first: float, second: float, n: int) -> None:
    """In halves without spread the mirror assignment ties, though rounding leaves one of them some spread."""
    found = run(
        pd.DataFrame({"change": [first] * n + [second] * n, "treated": [1] * n + [0] * n}), statistic="studentised"
    )
    assert found.p_value == found.smallest_p == 2 / math.comb(2 * n, n)


@pytest.mark.parametrize("statistic", ["difference", "studentised"])
@pytest.mark.parametrize(("treated", "of"), [(3, 7), (16, 33)])
def test_order_of_rows_units_and_level_do_not_matter(treated: int, of: int, statistic: str) -> None:
    """Shuffled rows, other units and a common change everywhere give the same p, by all ways and by random ones."""
    data = frame(treated, of)
    here = run(data, statistic=statistic).p_value
    for other in (
        data.sample(frac=1, random_state=3),
        data.assign(change=data["change"] * 1e6),
        data.assign(change=data["change"] + 100),
        data.assign(treated=data["treated"].astype("boolean"), change=data["change"].astype("Float64")),
        data.assign(treated=data["treated"].astype(int)),
    ):
        assert run(other, statistic=statistic).p_value == here


def test_random_assignments_go_by_seed_and_count_the_actual_one() -> None:
    """With 16 of 33 treated a thousand million ways are sampled; p is a multiple of 1 / (draws + 1), never nought."""
    data = frame(16, 33)
    once, again, other = (run(data, seed=seed, draws=999) for seed in (1, 1, 2))
    assert once == again
    assert once.p_value != other.p_value
    assert (once.assignments, once.enumerated, once.ways) == (1000, False, math.comb(33, 16))
    huge = run(data.assign(change=data["change"] + 100 * data["treated"]), draws=999)
    assert huge.p_value == huge.smallest_p == 1 / 1000


def test_random_assignments_agree_with_the_t_test() -> None:
    """With many units the p of random assignments is that of the t test, to the error of 9,999 draws."""
    data = frame(16, 33, seed=9)
    expected = stats.ttest_ind(data["change"][:16], data["change"][16:]).pvalue
    assert run(data).p_value == pytest.approx(expected, abs=0.02)


def test_a_true_null_is_rejected_no_more_often_than_said() -> None:
    """With 3 of 9 treated at most 4 in 84 true nulls, 4.8 per cent, come out at or below 0.05."""
    rng = np.random.default_rng(2)
    treated = np.arange(9) < 3
    p_values = np.array([permute(rng.normal(size=9), treated).p_value for _ in range(2000)])
    assert np.mean(p_values <= 0.05) == pytest.approx(4 / 84, abs=0.0145)  # three standard errors
    assert (p_values > 0).all()


def test_several_changes_are_tested_together() -> None:
    """The joint p is the share of assignments whose summed squared standardised gaps are at least as large."""
    rng = np.random.default_rng(4)
    changes, treated = rng.normal(size=(7, 3)) * [1, 10, 100], np.arange(7) < 3
    standard = (changes - changes.mean(axis=0)) / changes.std(axis=0)
    sums = [(standard[list(pick)].sum(axis=0) ** 2).sum() for pick in itertools.combinations(range(7), 3)]
    found = permute_many(changes, treated)
    assert found.p_value == np.mean(np.array(sums) >= sums[0] * (1 - TIE))
    assert found.smallest_p == 1 / 35
    order = rng.permutation(7)
    assert permute_many(changes[order] * 1e6, treated[order]) == found
    flat = np.column_stack([changes, np.full(7, 0.1) + 1e-17 * np.arange(7)])
    assert permute_many(flat, treated) == found  # a change alike everywhere says nothing


@pytest.mark.parametrize(
    ("data", "more", "words"),
    [
        (frame(3, 6), {"statistic": "studentized"}, r"^'studentized' names no statistic. Give 'difference' or"),
        (frame(1, 6), {"statistic": "studentised"}, r"^1 of 6 units are treated, 9999 draws. Each side needs 2"),
        (frame(5, 6), {"statistic": "studentised"}, r"^5 of 6 units are treated"),
        (frame(0, 6), {}, r"^0 of 6 units are treated"),
        (frame(6, 6), {}, r"^6 of 6 units are treated"),
        (frame(1, 2), {}, r"^1 of 2 units are treated"),
        (frame(3, 6), {"draws": 10}, r"10 draws. .* at least 99 draws"),
        (frame(3, 6).assign(treated="yes"), {}, r"^'treated' holds other values than True and False"),
        (frame(3, 6).assign(treated=[2, 1, 0, 0, 0, 0]), {}, r"^'treated' holds other values than True and False"),
        (frame(3, 6).assign(change=[1, np.nan, 1, 2, 3, 4]), {}, r"^A value is missing of 6 rows: 'change' in 1"),
        (frame(3, 6).assign(change="a"), {}, r"^The change is not a column of numbers"),
        (frame(3, 6).drop(columns="change"), {}, r"^No column 'change'"),
    ],
)
def test_a_broken_design_is_refused(data: pd.DataFrame, more: dict[str, object], words: str) -> None:
    """Each in a sentence, and the data stay as they were."""
    copy = data.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        run(data, **more)
    pd.testing.assert_frame_equal(data, copy)


def test_the_sentence_says_the_difference_the_share_and_the_smallest_share() -> None:
    """A lone treated district whose change is the largest: 1 way in 6, and no less is possible."""
    data = pd.DataFrame({"change": [-9.0, 1.0, 0.0, 2.0, -1.0, 3.0], "treated": [True] + [False] * 5})
    found = run(data)
    assert sentence(found) == (
        "The mean change of the treated was 10.0 lower than that of the others. Of the 6 ways to choose 1 of 6, a "
        "share of 0.167 gives a difference as large or larger; it cannot be below 0.167. " + found.cautions[0]
    )
