"""Fixed effects are taken out as if each had a column of its own, in balanced and unbalanced panels alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from slowly import columns, fit, small_panel

from oda.evaluate.inference.fixed_effects import codes, demean, demean_both, drop_rounding

EXACT = 1e-10  # of columns of size 1; another order of sums differs by rounding alone


@pytest.mark.parametrize("unbalanced", [False, True], ids=["balanced", "unbalanced"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_unit_and_period_effects_go_as_with_dummies(*, unbalanced: bool, weighted: bool) -> None:
    """What is left of a column is what least squares on a dummy for every area and month leaves."""
    frame = small_panel(unbalanced=unbalanced)
    weights = frame["weight"].to_numpy() if weighted else None
    (areas, n_areas), (months, n_months) = codes(frame["area"]), codes(frame["month"])
    given = frame[["falls", "visits", "age"]].to_numpy()
    left = demean_both(given, areas, n_areas, months, n_months, weights)
    dummies = columns(frame, [], ["area", "month"])
    root = 1 if weights is None else np.sqrt(weights)
    for place in range(given.shape[1]):
        expected = fit(dummies, given[:, place], weights)["rest"]
        assert left[:, place] * root == pytest.approx(expected, abs=EXACT)


def test_areas_that_share_no_month_are_no_obstacle() -> None:
    """Where two areas are seen in January alone and two in February alone, their effects still go out."""
    areas, months = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 1, 0, 1, 2, 3, 2, 3])
    given = np.arange(8.0)[:, None] ** 2
    frame = pd.DataFrame({"area": areas, "month": months})
    expected = fit(columns(frame, [], ["area", "month"]), given[:, 0])["rest"]
    assert demean_both(given, areas, 4, months, 4, None)[:, 0] == pytest.approx(expected, abs=EXACT * 64)


def test_group_means_go_by_weight() -> None:
    """A weighted mean of 1 and 4 with weights 2 and 1 is 2, so -1 and 2 are left."""
    left = demean(np.array([[1.0], [4.0], [9.0]]), np.array([0, 0, 1]), 2, np.array([2.0, 1.0, 5.0]))
    assert left[:, 0].tolist() == [-1, 2, 0]


@pytest.mark.parametrize(
    "labels",
    [
        pd.Series(["b", "a", "b"]),
        pd.Series([2, 1, 2]),
        pd.Series([True, False, True]),
        pd.Series(["b", "a", "b"], dtype="category"),
        pd.Series([2, 1, 2], dtype="Int64"),
        pd.Series(pd.PeriodIndex(["2024-02", "2024-01", "2024-02"], freq="M")),
        pd.Series(pd.IntervalIndex.from_tuples([(1, 2), (0, 1), (1, 2)])),
        pd.Series(pd.to_datetime(["2024-02-01", "2024-01-01", "2024-02-01"])),
        pd.Series(["b", 1, "b"], dtype=object),
    ],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_of_every_kind_are_numbered_in_order(labels: pd.Series) -> None:
    """Text, numbers, truth values, categories, periods, intervals and dates all serve as labels."""
    found, n = codes(labels)
    assert (found.tolist(), n) == ([1, 0, 1], 2)


def test_rounding_is_nought() -> None:
    """What a ten-thousand-millionth of a column would be is rounding, and is put to nought; the rest stays."""
    given = np.array([[1.0, 1.0], [1.0, 1.0]])
    left = np.array([[1e-12, 1e-6], [-1e-12, 0.0]])
    assert drop_rounding(left, given).tolist() == [[0, 1e-6], [0, 0]]
