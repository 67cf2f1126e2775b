"""The door: columns are checked once, in every dtype that pandas gives them, and the data stay as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oda.errors import DesignError
from oda.evaluate.columns import check_lists, numbers, ordinals, take

FRAME = pd.DataFrame(
    {"pay rise (£)": [1, 2, 3], "area": ["a", "b", "c"], "gap": [1.0, np.nan, np.nan]}, index=[7, 7, 9]
)


def test_columns_come_under_fixed_names_in_the_callers_order() -> None:
    """A column of any name is taken, with rows as they were and an index from nought."""
    found = take(FRAME, outcome="pay rise (£)", unit="area", weights=None)
    expected = pd.DataFrame({"outcome": [1, 2, 3], "unit": ["a", "b", "c"]})
    pd.testing.assert_frame_equal(found, expected)


def test_what_is_taken_is_a_copy() -> None:
    """Writing into what was taken leaves the caller's data alone."""
    given = FRAME.copy(deep=True)
    taken = take(given, outcome="pay rise (£)")
    taken.loc[0, "outcome"] = 99
    pd.testing.assert_frame_equal(given, FRAME)


@pytest.mark.parametrize(
    ("data", "asked", "words"),
    [
        (FRAME, {"outcome": "falls", "unit": "place"}, r"^No column 'falls', 'place'. There is: 'pay rise \(£\)', 'ar"),
        (FRAME, {"outcome": "gap", "unit": "area"}, r"^A value is missing of 3 rows: 'gap' in 2. Fill them or leave"),
        (FRAME.iloc[:0], {"outcome": "area"}, r"^The data have no row"),
        (pd.concat([FRAME, FRAME[["area"]]], axis=1), {"unit": "area"}, r"^1 columns stand twice in the data: 'area'"),
        (
            FRAME.astype({"gap": "Float64"}),
            {"outcome": "gap"},
            r"'gap' in 2",
        ),
        (FRAME.assign(area=pd.Series(["a", None, "c"], index=FRAME.index)), {"unit": "area"}, r"'area' in 1"),
        (FRAME.assign(area=pd.Categorical(["a", None, "c"])), {"unit": "area"}, r"'area' in 1"),
        (FRAME.assign(area=pd.PeriodIndex(["2024", None, "2025"], freq="Y")), {"unit": "area"}, r"'area' in 1"),
    ],
)
def test_what_is_not_there_is_said(data: pd.DataFrame, asked: dict[str, str], words: str) -> None:
    """Absent columns are all named at once; doubled columns, missing values and empty data are refused."""
    copy = data.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        take(data, **asked)
    pd.testing.assert_frame_equal(data, copy)


def test_a_missing_value_may_be_allowed_by_name() -> None:
    """The start of a district that was never treated is missing, rightly."""
    assert take(FRAME, missing={"cohort"}, cohort="gap")["cohort"].isna().sum() == 2


@pytest.mark.parametrize("dtype", ["int8", "Int64", "uint16", "float32", "Float64", "bool", "boolean"])
def test_numbers_of_every_dtype_are_floats(dtype: str) -> None:
    """Whole numbers, nullable numbers and truth values all count."""
    found = numbers(pd.Series([1, 0, 1], dtype=dtype), "x")
    assert found.dtype == np.float64
    assert found.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2], dtype=object),
        pd.Series(["1", "2"]),
        pd.Series([1, 2], dtype="category"),
        pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])),
        pd.Series([1 + 0j, 2]),
    ],
    ids=lambda column: str(column.dtype),
)
def test_what_is_no_number_is_refused(column: pd.Series) -> None:
    """Text, categories, dates and columns of anything are not read as numbers."""
    with pytest.raises(DesignError, match=r"^The falls is not a column of numbers but of .*\. Turn it into numbers"):
        numbers(column, "falls")


@pytest.mark.parametrize(
    ("values", "limits", "words"),
    [
        ([1.0, np.inf, -np.inf], {}, r"^The falls of 2 of 3 rows is infinite"),
        ([1.0, -1.0, 0.0], {"low": 0}, r"^The falls of 1 of 3 rows is below 0"),
        ([1.0, -1.0, 0.0], {"above": 0}, r"^The falls of 2 of 3 rows is not above 0"),
    ],
)
def test_limits_are_held(values: list[float], limits: dict[str, float], words: str) -> None:
    """Infinite numbers and those beyond the limits are counted and refused."""
    with pytest.raises(DesignError, match=words):
        numbers(pd.Series(values), "falls", **limits)


def test_periods_and_years_are_counted_in_steps_of_one() -> None:
    """From December to January is one month, from 2024 to 2025 one year; a missing start stays missing."""
    months = pd.PeriodIndex(["2024-12", "2025-01", None], freq="M")
    for times in (pd.Series(months), pd.Series(months).astype(object)):
        found = ordinals(times, "month")
        assert found[1] - found[0] == 1
        assert np.isnan(found[2])
    for years in (pd.Series([2024, 2025]), pd.Series([2024.0, 2025.0]), pd.Series([2024, 2025], dtype="Int64")):
        assert np.diff(ordinals(years, "year")).tolist() == [1]


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (pd.Series(["2024-01"]), r"^'month' is of str. Give pandas periods"),
        (pd.Series(pd.to_datetime(["2024-01-01"])), r"^'month' is of datetime64.* Give pandas periods"),
        (pd.Series([2024.5]), r"^'month' holds 2024.5. Give periods as whole numbers"),
        (pd.Series([np.inf]), r"^'month' holds infinity"),
        (pd.Series([pd.Period("2024-01", "M"), pd.Period("2024", "Y")]), r"^'month' mixes 2 kinds of period"),
        (pd.Series([True, False]), r"^'month' is of bool"),
    ],
)
def test_what_is_no_period_is_refused(times: pd.Series, words: str) -> None:
    """Text, dates, fractions and mixtures are not read as periods."""
    with pytest.raises(DesignError, match=words):
        ordinals(times, "month")


def test_a_name_where_a_list_belongs_is_refused() -> None:
    """`covariates="age"` would be read as the columns a, g and e."""
    check_lists(covariates=["age"], fixed_effects=())
    with pytest.raises(DesignError, match=r"^covariates is the text 'age'. Give a list of columns, such as \['age'\]"):
        check_lists(covariates="age")


def test_what_is_no_data_frame_is_refused() -> None:
    """A list of rows is no table with named columns, and is refused in a sentence."""
    with pytest.raises(DesignError, match=r"The data are of type list. Give a pandas DataFrame"):
        take([1, 2], outcome="falls")
