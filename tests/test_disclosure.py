"""Small numbers: none is shown, whatever the rule, the counts and the totals."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from oda.disclosure import protect_counts, protect_total
from oda.errors import DesignError
from oda.pilot import Disclosure

RULE = Disclosure(hide_below=8, round_to=5)
RULES = [
    (8, 5),
    (10, 1),
    (1, 1),
    (1, 5),
    (3, 10),
    (12, 5),
    (8, 20),
    (8, 10),
    (6, 5),
]  # the last five: rounding against hiding


def protect(counts: list[float | None], rule: Disclosure = RULE) -> list[int | None]:
    """Return protected counts as a list, None where hidden or missing."""
    return [None if pd.isna(value) else int(value) for value in protect_counts(pd.Series(counts, dtype=object), rule)]


@pytest.mark.parametrize(("hide_below", "round_to"), RULES)
def test_no_small_number_is_ever_shown(hide_below: int, round_to: int) -> None:
    """Whatever the rule, a shown figure is a true zero or no smaller than the smallest that may be shown."""
    counts = range(200)
    shown = protect(list(counts), Disclosure(hide_below=hide_below, round_to=round_to))
    assert all(value is None or value >= hide_below for count, value in zip(counts, shown, strict=True) if count)
    assert shown[:hide_below] == [0, *[None] * (hide_below - 1)]


@pytest.mark.parametrize(("hide_below", "round_to"), RULES)
def test_a_shown_figure_is_near_its_count(hide_below: int, round_to: int) -> None:
    """A figure is a multiple of the rounding step, and no more than half a step from the count."""
    rule = Disclosure(hide_below=hide_below, round_to=round_to)
    shown = [(count, value) for count, value in enumerate(protect(list(range(200)), rule)) if value is not None]
    assert all(value % round_to == 0 and abs(value - count) <= round_to / 2 for count, value in shown)


def test_it_equals_hand_arithmetic() -> None:
    """Under the pilot's rule 7 is hidden, 8 to 12 are shown as 10, 13 as 15, and 0 as 0."""
    assert protect([0, 1, 7, 8, 12, 13, 1204]) == [0, None, None, 10, 10, 15, 1205]


def test_halves_round_up() -> None:
    """With a step of 10, 15 and 25 are shown as 20 and 30: neither down, nor to the even one."""
    assert protect([15, 25, 35], Disclosure(hide_below=8, round_to=10)) == [20, 30, 40]


def test_without_rounding_a_shown_count_is_exact() -> None:
    """With 1 to 9 hidden and no rounding, 10 is shown as 10 and 9 is not shown."""
    assert protect([0, 1, 9, 10, 11], Disclosure(hide_below=10, round_to=1)) == [0, None, None, 10, 11]


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "float64"])
def test_what_is_not_known_stays_so(dtype: str) -> None:
    """A missing count is not turned into a zero, and the counts handed over stay as they were."""
    counts = pd.Series([12, None, 3], dtype=dtype)
    copy = counts.copy(deep=True)
    assert protect_counts(counts, RULE).isna().tolist() == [False, True, True]
    pd.testing.assert_series_equal(counts, copy)


def test_the_order_and_labels_of_counts_are_kept() -> None:
    """Each figure stands where its count stood."""
    counts = pd.Series([42, 3, 8], index=["c", "a", "b"])
    assert protect_counts(counts, RULE).dropna().to_dict() == {"c": 40, "b": 10}


@pytest.mark.parametrize("bad", [-3, float("inf")])
def test_what_is_no_count_is_refused(bad: float) -> None:
    """A change of -3 is no count: hiding small numbers would let it through."""
    with pytest.raises(DesignError, match=r"^1 of 2 counts are below zero"):
        protect([bad, 10])


def test_totals_are_protected_on_their_own() -> None:
    """Three parts of 12, each shown as 10, have a total of 36, shown as 35, and not the sum of what is shown."""
    assert protect_total(pd.Series([12, 12, 12]), RULE) == 35


@pytest.mark.parametrize(
    ("parts", "total"),
    [([40, 61], 100), ([40, 61, 3], None), ([40, 61, 7, 7], None), ([40, 0], 40), ([3, 9], None), ([5], None)],
)
def test_a_total_does_not_give_its_hidden_parts_away(parts: list[int], total: int | None) -> None:
    """A total beside all parts but one would give that part by subtraction, so it is hidden with them."""
    assert protect_total(pd.Series(parts), RULE) == total


@pytest.mark.parametrize(("hide_below", "round_to"), [(8, 5), (10, 1), (7, 5)])
def test_no_hidden_part_can_be_had_by_subtraction(hide_below: int, round_to: int) -> None:
    """From two parts, a third of 20 and the total, as shown, at least two values are possible for a hidden part."""
    rule, views = Disclosure(hide_below=hide_below, round_to=round_to), {}
    for parts in itertools.product(range(16), range(16), [20]):
        shown = (*protect(list(parts), rule), protect_total(pd.Series(parts), rule))
        views.setdefault(shown, []).append(parts)
    for shown, behind in views.items():
        possible = np.array(behind)
        assert all(len(set(possible[:, place])) > 1 for place in range(2) if shown[place] is None), shown
