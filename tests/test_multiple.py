"""Adjusted p-values: the family is declared, raw and adjusted stand side by side, and nothing is dropped."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oda.errors import DesignError
from oda.evaluate import adjust_p_values, sentence

EXACT = 1e-12  # relative; the same multiplications in another order
FAMILY = "the four outcomes planned"
RAW = {"falls": 0.04, "calls": 0.01, "stays": 0.03, "costs": 0.005}
METHODS = ["holm", "bonferroni", "bh", "by"]


def slow(p: np.ndarray, method: str) -> np.ndarray:
    """Return adjusted p-values by the definition: the smallest error rate at which the method rejects."""
    n, order = len(p), np.argsort(p, kind="stable")
    ranked, out = p[order], np.empty(len(p))
    harmonic = sum(1 / k for k in range(1, n + 1))
    for i in range(n):
        if method == "bonferroni":
            value = n * ranked[i]
        elif method == "holm":
            value = max((n - j) * ranked[j] for j in range(i + 1))
        else:
            value = min(n / (j + 1) * ranked[j] for j in range(i, n)) * (harmonic if method == "by" else 1)
        out[order[i]] = min(value, 1)
    return out


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("bonferroni", [0.16, 0.04, 0.12, 0.02]),
        ("holm", [0.06, 0.03, 0.06, 0.02]),
        ("bh", [0.04, 0.02, 0.04, 0.02]),
        ("by", [0.04 * 25 / 12, 0.02 * 25 / 12, 0.04 * 25 / 12, 0.02 * 25 / 12]),
    ],
)
def test_they_equal_hand_arithmetic(method: str, expected: list[float]) -> None:
    """Four p-values adjusted by hand, in the caller's order."""
    found = adjust_p_values(RAW, family=FAMILY, method=method)
    assert found.tests["label"].tolist() == list(RAW)
    assert found.tests["p"].tolist() == list(RAW.values())
    assert found.tests["adjusted"].tolist() == pytest.approx(expected, rel=EXACT)
    assert found.tests["below"].tolist() == [value <= 0.05 for value in expected]


@pytest.mark.parametrize("method", METHODS)
def test_they_equal_the_definition(method: str) -> None:
    """Thirty p-values, some of them tied, equal the slow way."""
    p = np.round(np.random.default_rng(4).uniform(0, 0.3, 30) ** 2, 3)
    found = adjust_p_values(p.tolist(), family=FAMILY, method=method).tests["adjusted"]
    assert found.tolist() == pytest.approx(slow(p, method).tolist(), rel=EXACT)


@pytest.mark.slow
def test_holm_keeps_the_chance_of_any_false_finding() -> None:
    """With ten true nulls, Holm singles out something in about 5 families of 100; the raw p-values in 40."""
    rng = np.random.default_rng(2)
    found = [adjust_p_values(rng.random(10).tolist(), family=FAMILY) for _ in range(1000)]
    assert np.mean([one.n_below > 0 for one in found]) == pytest.approx(0.05, abs=0.021)  # three standard errors
    assert np.mean([one.n_below_raw > 0 for one in found]) == pytest.approx(1 - 0.95**10, abs=0.05)


def test_a_planted_finding_survives() -> None:
    """One p of 0.0001 among nine of chance stays below 0.05 by every method."""
    p = [0.0001, *np.linspace(0.2, 0.9, 9)]
    assert [adjust_p_values(p, family=FAMILY, method=method).n_below for method in METHODS] == [1] * 4


@pytest.mark.parametrize("method", METHODS)
def test_order_and_labels_change_nothing(method: str) -> None:
    """Each test keeps its adjusted p, whatever the order and whether given as mapping, series or list."""
    here = adjust_p_values(RAW, family=FAMILY, method=method).tests.set_index("label")["adjusted"]
    turned = pd.Series(RAW).iloc[::-1]
    there = adjust_p_values(turned, family=FAMILY, method=method).tests
    assert there["label"].tolist() == list(RAW)[::-1]
    assert there.set_index("label")["adjusted"].to_dict() == here.to_dict()
    listed = adjust_p_values(list(RAW.values()), family=FAMILY, method=method).tests
    assert listed["label"].tolist() == ["1", "2", "3", "4"]
    assert listed["adjusted"].tolist() == here.tolist()


@pytest.mark.parametrize("method", METHODS)
def test_one_test_is_left_as_it_is(method: str) -> None:
    """A family of one needs no adjustment."""
    assert adjust_p_values([0.03], family="the one outcome", method=method).tests["adjusted"].tolist() == [0.03]


def test_a_p_raised_to_the_level_is_at_it() -> None:
    """Seven tests, one of 0.05 / 7: adjusted it is 0.05, and rounding does not push it over."""
    for n in (3, 7, 49):
        assert adjust_p_values([0.05 / n, *[1] * (n - 1)], family=FAMILY).n_below == 1


def test_one_of_six_districts_cannot_come_below() -> None:
    """Re-assignment with 1 of 6 districts gives no p below 1/6, and no adjustment makes it smaller."""
    found = adjust_p_values([1 / 6, 1 / 6, 2 / 6], family=FAMILY, method="bh")
    assert found.tests["adjusted"].min() >= 1 / 6
    assert found.n_below == 0


def test_the_result_says_what_is_kept() -> None:
    """The family, the method and what it keeps are carried beside the numbers."""
    found = adjust_p_values(RAW, family=FAMILY)
    assert (found.family, found.method, found.n) == (FAMILY, "Holm adjustment over 4 tests", 4)
    assert found.controls.startswith("the chance of one or more false findings")
    assert adjust_p_values(RAW, family=FAMILY, method="bh").controls.startswith("the expected share of false findings")


def test_the_sentence_gives_both_counts() -> None:
    """The sentence says how many were small alone and after adjustment, and which."""
    assert sentence(adjust_p_values(RAW, family=FAMILY)) == (
        "Of 4 tests (the four outcomes planned), 4 had a p-value at or below 0.05 taken alone, and 2 after allowing "
        "for their number (Holm adjustment over 4 tests). These are: calls, costs. A p-value says nothing of the size "
        "of an effect."
    )


@pytest.mark.parametrize(
    ("p_values", "more", "words"),
    [
        ([], {}, "There is no p-value"),
        ({"falls": np.nan, "calls": 0.2}, {}, "^1 of 2 p-values are missing: falls. A test without a p still counts"),
        ([0.2, None], {}, "^1 of 2 p-values are missing: 2"),
        ([0.2, 1.2, 3], {}, r"^2 of 3 p-values are above 1: 2 \(1.2\), 3 \(3\)"),
        ([0.2, -0.1], {}, "The p-value of 1 of 2 rows is below 0"),
        (["0.2"], {}, "The p-value is not a column of numbers"),
        (pd.Series([0.1, 0.2], index=["falls", "falls"]), {}, "^1 labels stand for more than one test: falls"),
        ([0.2], {"family": " "}, "The family of tests has no name"),
        ([0.2], {"family": None}, "The family of tests has no name"),
        ([0.2], {"method": "hochberg"}, "method is 'hochberg'. Give one of 'holm', 'bonferroni', 'bh', 'by'"),
        ([0.2], {"level": 0.95}, "level is 0.95. Give the error rate .* not a coverage"),
        ([0.2], {"level": 0}, "level is 0"),
    ],
)
def test_a_broken_family_is_refused(p_values: object, more: dict[str, object], words: str) -> None:
    """No p-value is dropped, invented or left without a family."""
    with pytest.raises(DesignError, match=words):
        adjust_p_values(p_values, **{"family": FAMILY, **more})


def test_the_family_must_be_declared() -> None:
    """Without a family there is no adjustment to speak of."""
    with pytest.raises(TypeError, match="family"):
        adjust_p_values([0.01])


def test_a_p_of_exactly_nought_is_refused() -> None:
    """No test gives a p of 0; what is printed as 0.000 was rounded."""
    with pytest.raises(DesignError, match=r"1 of 2 p-values are exactly 0, which no test gives: falls"):
        adjust_p_values({"falls": 0.0, "calls": 0.2}, family=FAMILY)
