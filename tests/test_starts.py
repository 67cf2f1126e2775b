"""Who is treated from when on: every form of time and of a missing start, and every panel that is not whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from districts import NAMES, districts

from oda.errors import DesignError
from oda.evaluate import (
    difference_in_differences,
    event_study,
    placebo_in_time,
    staggered_adoption,
    synthetic_control,
    synthetic_difference_in_differences,
)
from oda.evaluate.comparing.starts import say

EXACT = 1e-12  # relative; the arithmetic is the same
COHORT = {**NAMES, "cohort": "start"}
FIRST = pd.Period("2024-01", freq="M")


def in_months(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with pandas months from January 2024 on."""
    starts = frame["start"].map(lambda number: FIRST + int(number), na_action="ignore")
    months = pd.PeriodIndex([FIRST + int(number) for number in frame["month"]], freq="M")
    return frame.assign(month=months, start=pd.PeriodIndex(starts, freq="M"))


def missing_as(missing: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a change of the frame: starts as objects, missing ones in this form."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        starts = [missing if pd.isna(one) else one for one in frame["start"]]
        return frame.assign(start=pd.Series(starts, dtype=object))

    return change


FORMS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "floats": lambda f: f,
    "small integers": lambda f: f.assign(month=f["month"].astype("int8"), start=f["start"].astype("float32")),
    "nullable integers": lambda f: f.assign(month=f["month"].astype("Int64"), start=f["start"].astype("Int64")),
    "integers and None": lambda f: f.assign(
        start=pd.Series([None if pd.isna(one) else int(one) for one in f["start"]], dtype=object)
    ),
    "integers and NA": missing_as(pd.NA),
    "periods and NaT": in_months,
    "periods and None": lambda f: missing_as(None)(in_months(f)),
    "periods and nan": lambda f: missing_as(float("nan"))(in_months(f)),
    "periods as objects": lambda f: in_months(f).pipe(lambda g: g.assign(month=g["month"].astype(object))),
    "nullable outcome": lambda f: f.assign(y=f["y"].astype("Float64")),
    "districts as categories": lambda f: f.assign(
        district=f["district"].astype(pd.CategoricalDtype(["nowhere", *(f"d{place}" for place in range(6))]))
    ),
    "districts as numbers": lambda f: f.assign(district=f["district"].str[1:].astype(int)),
    "another index": lambda f: f.set_index(np.repeat(7, len(f))),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_of_time_gives_the_same_number(form: str) -> None:
    """Years, months, nullable columns; a missing start as None, NaN, NA or NaT: one and the same estimate."""
    frame = FORMS[form](districts())
    copy = frame.copy(deep=True)
    plain = difference_in_differences(districts(), **COHORT)
    found = difference_in_differences(frame, **COHORT)
    assert found.estimate.value == pytest.approx(plain.estimate.value, rel=EXACT)
    assert found.estimate.p_value == pytest.approx(plain.estimate.p_value, rel=EXACT)
    assert found.spread_ratio == pytest.approx(plain.spread_ratio, rel=EXACT)
    steps = event_study(frame, **COHORT).effects["value"].tolist()
    assert steps == pytest.approx(event_study(districts(), **COHORT).effects["value"].tolist(), rel=EXACT)
    placebos = placebo_in_time(frame, **COHORT).others["value"].tolist()
    assert placebos == pytest.approx(placebo_in_time(districts(), **COHORT).others["value"].tolist(), rel=EXACT)
    pd.testing.assert_frame_equal(frame, copy)


def test_periods_come_back_as_the_caller_wrote_them() -> None:
    """The ends of both sides are months where months were given, and years where years were."""
    found = difference_in_differences(in_months(districts()), **COHORT)
    assert [str(one) for one in (*found.before, *found.after)] == ["2024-01", "2024-06", "2024-07", "2024-12"]
    years = difference_in_differences(districts(), **COHORT)
    assert (*years.before, *years.after) == (0, 5, 6, 11)


def test_different_starts_leave_a_roll_in_out() -> None:
    """Starts in months 5 and 8: before to month 4, after from month 8, and months 5 to 7 on neither side."""
    frame = districts(starts={0: 5, 1: 8})
    found = difference_in_differences(frame, **COHORT)
    assert (*found.before, *found.after, found.left_out) == (0, 4, 8, 11, 3)
    wild = frame.assign(y=frame["y"].where(~frame["month"].between(5, 7), 1e6))
    assert difference_in_differences(wild, **COHORT).estimate.value == found.estimate.value


def shifted(start: int | None) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a change of the frame: the first district starts here, or never."""
    return lambda frame: frame.assign(start=frame["start"].where(frame["district"] != "d0", start))


BROKEN: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "0 for never": (
        lambda f: f.assign(start=f["start"].fillna(0)),
        "4 of 6 districts have no data before 0, their start; the data run from 0 on. Give a missing 'start', not 0, "
        "to those never treated, and leave out those treated from the beginning",
    ),
    "before the data": (shifted(-3), "1 of 6 districts have no data before -3, their start; the data run from 0 on"),
    "the first month": (shifted(0), "1 of 6 districts have no data before 0, their start"),
    "after the data": (
        shifted(12),
        "^1 of 6 districts start in 12 or later, after the data, which run to 11. Give a missing 'start' to those that",
    ),
    "half a month": (shifted(5.5), "'start' holds 5.5. Give periods as whole numbers"),
    "endless": (shifted(np.inf), "'start' holds infinity. Give periods as whole numbers"),
    "words": (lambda f: f.assign(month=f["month"].astype(str)), "'month' is of str. Give pandas periods"),
    "dates": (
        lambda f: f.assign(month=pd.Timestamp("2024-01-01") + pd.to_timedelta(f["month"], "D")),
        "'month' is of datetime64.* Give pandas periods",
    ),
    "starts as words": (
        lambda f: f.assign(start=f["start"].astype(object).where(f["start"].notna(), None).map(str)),
        "'start' is of (str|object). Give pandas periods",
    ),
    "a word among starts": (missing_as("never"), "'start' is of object. Give pandas periods"),
    "starts as months, times as numbers": (
        lambda f: f.assign(start=in_months(f)["start"]),
        r"^July 2024 is no start where 'month' is of int64. Give starts as such periods",
    ),
    "starts as numbers, times as months": (
        lambda f: f.assign(month=in_months(f)["month"]),
        r"^6 is no start where 'month' is of period\[M\]",
    ),
    "starts as quarters": (
        lambda f: in_months(f).pipe(lambda g: g.assign(start=g["start"].dt.asfreq("Q"))),
        r" is no start where 'month' is of period\[M\]",
    ),
    "two starts": (lambda f: f.assign(start=f["start"].where(f.index != 0, 7)), "1 of 6 districts have more than one"),
    "a start in some rows": (
        lambda f: f.assign(start=f["start"].where(f.index != 0)),
        "1 of 6 districts have more than",
    ),
    "nobody": (lambda f: f.assign(start=np.nan), "0 of 6 districts are treated. At least one treated"),
    "everybody": (lambda f: f.assign(start=6.0), "6 of 6 districts are treated. At least one treated"),
    "two districts": (lambda f: f[f["district"].isin(["d0", "d5"])], "1 of 2 districts are treated"),
    "a row twice": (lambda f: pd.concat([f, f.iloc[:2]]), "2 of 74 rows repeat a period of one of the districts"),
    "a row missing": (lambda f: f.drop(index=5), "1 of 72 rows, one a period for each of the districts, are not there"),
    "no rows": (lambda f: f.iloc[:0], "The data have no row"),
}


@pytest.mark.parametrize("case", list(BROKEN))
@pytest.mark.parametrize("estimator", [difference_in_differences, event_study, placebo_in_time])
def test_a_broken_panel_is_refused(case: str, estimator: Callable[..., object]) -> None:
    """Every estimator on starts refuses it in the same sentence, and the data stay as they were."""
    change, words = BROKEN[case]
    frame = change(districts())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        estimator(frame, **COHORT)
    pd.testing.assert_frame_equal(frame, copy)


def test_a_start_after_the_data_is_refused_by_all_in_the_same_words() -> None:
    """It is no `never`, and no treated unit either, whichever the method."""
    words = (
        "^1 of 6 districts start in 12 or later, after the data, which run to 11. Give a missing 'start' to those that "
        "start later, or give later data.$"
    )
    frame = districts().assign(start=lambda f: f["start"].where(f["district"] != "d0", 12))
    estimators = (
        difference_in_differences,
        staggered_adoption,
        synthetic_control,
        synthetic_difference_in_differences,
    )
    for estimator in estimators:
        with pytest.raises(DesignError, match=words):
            estimator(frame, **COHORT)  # type: ignore[operator]


def test_flags_that_are_no_flags_are_refused() -> None:
    """Treated or after the start must be the same for all rows of a district, or of a month."""
    frame = districts()
    flags = {**NAMES, "treated": "treated", "post": "post"}
    for broken, words in (
        (frame.assign(treated=frame["visited"]), "'treated' changes within 2 of 6 districts.*`treatment`"),
        (frame.assign(post=frame["post"] / 2), "'post' holds other values than 0 and 1.*see `treatment` for shares"),
        (frame.assign(post=frame["month"] < 6), "'post' is 0 in 11 and 1 in 0"),
        (frame.assign(post=frame["visited"]), "fills 3 of 4 cells"),
        (frame.assign(treated=0), "fills 2 of 4 cells"),
        (frame.assign(post=0), "fills 2 of 4 cells"),
        (frame[frame["district"].isin(["d0", "d5"])], "1 of 2 districts are treated"),
    ):
        with pytest.raises(DesignError, match=words):
            difference_in_differences(broken, **flags)
    half = frame[(frame["district"] != "d4") | (frame["post"] == 0)]
    with pytest.raises(DesignError, match="1 of 6 districts are seen on one side only"):
        difference_in_differences(half, **{**flags, "time": None})


def test_a_time_is_said_as_a_reader_would() -> None:
    """A month by its name, a year without a decimal point."""
    assert say(FIRST) == "January 2024"
    assert (say(1992.0), say(np.float64(3)), say(7)) == ("1992", "3", "7")
