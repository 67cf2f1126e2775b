"""One change for each unit, compared by a t test: the textbook's, with what few units do to it said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from oda.errors import DesignError
from oda.evaluate import Estimate, collapsed_t_test
from oda.evaluate.inference.collapsed import collapse_fit
from oda.evaluate.inference.intervals import give_interval

EXACT = 1e-9  # relative; other orders of sums differ by rounding alone
FIGURES = ["value", "ci_low", "ci_high", "std_error", "p_value", "df", "permutation_p"]


def frame(treated: int = 2, of: int = 6, seed: int = 1) -> pd.DataFrame:
    """Return one change a district, with a covariate and a weight; the first are treated."""
    rng = np.random.default_rng(seed)
    columns = {"age": rng.normal(size=of), "weight": rng.uniform(0.5, 2, of), "treated": np.arange(of) < treated}
    return pd.DataFrame({"change": rng.normal(size=of), **columns})


def run(data: pd.DataFrame, **more: object) -> Estimate:
    """Return the test with this file's column names."""
    return collapsed_t_test(data, **{"change": "change", "treated": "treated", **more})


def test_it_equals_hand_arithmetic() -> None:
    """Changes of -4 against 1, 0 and -1: the gap is -4, its error the spread of 1 times the root of 4/3."""
    data = pd.DataFrame({"change": [-4.0, 1, 0, -1], "treated": [True, False, False, False]})
    found = run(data)
    assert (found.value, found.df) == (pytest.approx(-4), 2)
    assert found.std_error == pytest.approx((4 / 3) ** 0.5, rel=EXACT)
    assert found.p_value == pytest.approx(1 - 4 / (4**2 + 2 * 4 / 3) ** 0.5, rel=EXACT)  # t with 2 degrees is algebraic


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize(("treated", "of"), [(1, 6), (2, 6), (3, 6), (5, 6), (16, 33)])
def test_it_is_the_two_sample_t_test(treated: int, of: int, *, equal: bool, level: float) -> None:
    """Pooled or Welch's, it is the textbook test; the pooled one has G - 2 degrees of freedom."""
    data = frame(treated, of)
    if not equal and min(treated, of - treated) < 2:
        return
    expected = stats.ttest_ind(data["change"][:treated], data["change"][treated:], equal_var=equal)
    found = run(data, equal_variance=equal, level=level)
    assert (found.p_value, found.df) == pytest.approx((expected.pvalue, expected.df), rel=EXACT)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(expected.confidence_interval(level)), rel=EXACT)
    assert not equal or found.df == of - 2


@pytest.mark.parametrize("dose", [[1, 1, 0, 0, 0, 0, 0], [0.5, 2, 0, 0, 0, 1, 0]])
def test_covariates_weights_and_doses_are_those_of_statsmodels(dose: list[float]) -> None:
    """With covariates and weights it is weighted least squares, whatever the size of the weights."""
    data = frame(2, 7).assign(treated=np.array(dose, dtype=float))
    x = sm.add_constant(data[["treated", "age"]])
    expected = sm.WLS(data["change"], x, weights=data["weight"]).fit()
    for factor in (1, 1e9, 1e-9):
        found = run(data.assign(weight=data["weight"] * factor), covariates=["age"], weights="weight")
        assert (found.value, found.std_error, found.p_value, found.df) == pytest.approx(
            (expected.params["treated"], expected.bse["treated"], expected.pvalues["treated"], 4), rel=EXACT
        )
        assert found.permutation_p is None  # re-assigning is no test of these


def test_equal_weights_are_no_weights() -> None:
    """Weights of seven for all leave every figure as without."""
    here, there = run(frame()), run(frame().assign(weight=7), weights="weight")
    assert [getattr(there, name) for name in FIGURES[:-1]] == pytest.approx(
        [getattr(here, name) for name in FIGURES[:-1]], rel=EXACT
    )


@pytest.mark.parametrize("factor", [1e6, 1e-9])
def test_rows_units_and_level_do_not_matter(factor: float) -> None:
    """Shuffled rows, other units and a common change give the same p; the estimate follows the unit."""
    data = frame(2, 6)
    other = data.sample(frac=1, random_state=3).assign(change=lambda f: (f["change"] + 5) * factor)
    here, there = run(data), run(other)
    assert (there.p_value, there.permutation_p) == pytest.approx((here.p_value, here.permutation_p), rel=EXACT)
    assert (there.value, there.ci_low) == pytest.approx((here.value * factor, here.ci_low * factor), rel=EXACT)


def test_a_planted_effect_is_found() -> None:
    """Taking three from the treated takes three from the estimate and from both ends."""
    data = frame()
    here, there = run(data), run(data.assign(change=data["change"] - 3 * data["treated"]))
    moved = [getattr(there, name) - getattr(here, name) for name in FIGURES[:3]]
    assert moved == pytest.approx([-3, -3, -3], rel=EXACT)


@pytest.mark.parametrize(
    ("treated", "of", "caution"),
    [
        (1, 6, "Only 1 of 6 units was treated: whatever else happened there is part of this estimate."),
        (2, 6, "Only 2 of 6 units were treated: whatever else happened there is part of this estimate."),
        (5, 6, "Only 1 of 6 units was left to compare with: whatever else happened there is part of this estimate."),
    ],
)
def test_few_units_are_said(treated: int, of: int, caution: str) -> None:
    """With one or two units on a side a caution stands beside the number, and so does the smallest p."""
    found = run(frame(treated, of))
    assert found.cautions == (caution,)
    assert found.smallest_p == pytest.approx(1 / {1: 6, 2: 15, 5: 6}[treated])
    assert (found.n_obs, found.n_clusters, found.n_treated) == (of, of, treated)


def test_three_on_either_side_need_no_caution() -> None:
    """With three of six treated nothing is added."""
    assert run(frame(3, 6)).cautions == ()


def test_the_dtypes_of_pandas_do_not_matter() -> None:
    """Truth values, nullable ones, 0 and 1, and nullable floats are the same treatment and change."""
    data = frame()
    for other in (
        data.astype({"treated": int}),
        data.astype({"treated": "boolean", "change": "Float64"}),
        data.astype({"treated": "Int64"}),
    ):
        assert run(other) == run(data)


@pytest.mark.parametrize(
    ("data", "more", "words"),
    [
        (frame(0, 6), {}, r"^0 of 6 units are treated. One on each side and three in all are needed"),
        (frame(6, 6), {}, r"^6 of 6 units are treated"),
        (frame(1, 2), {}, r"^1 of 2 units are treated"),
        (frame(1, 6), {"equal_variance": False}, r"^1 of 6 units are treated.* for unequal spread two on each side"),
        (frame(2, 6), {"equal_variance": False, "weights": "weight"}, r"no covariates and no weights"),
        (frame(2, 6), {"equal_variance": False, "covariates": ["age"]}, r"no covariates and no weights"),
        (frame(2, 6).assign(treated=[-1, 1, 0, 0, 0, 0]), {}, r"^The treated of 1 of 6 rows is below 0"),
        (frame(2, 6).assign(treated="yes"), {}, r"^The treated is not a column of numbers"),
        (frame(2, 6).assign(change=[1, np.nan, 1, 2, 3, 4]), {}, r"^A value is missing of 6 rows: 'change' in 1"),
        (frame(2, 6).assign(change=[2.3, 2.3, 1.1, 1.1, 1.1, 1.1]), {}, r"^The changes of all units of a group are"),
        (frame(2, 6).assign(weight=0), {"weights": "weight"}, r"^The weight of 6 of 6 rows is not above 0"),
        (frame(2, 6), {"covariates": "age"}, r"^covariates is the text 'age'"),
        (
            frame(2, 6).assign(copy=lambda f: f["treated"] * 2),
            {"covariates": ["copy"]},
            r"^Nothing is left of 'treated'",
        ),
        (frame(1, 3), {"covariates": ["age"]}, r"^3 rows cannot bear 3 coefficients"),
        (frame(2, 6), {"level": 1}, r"^level is 1"),
        (frame(2, 6).drop(columns="treated"), {}, r"^No column 'treated'"),
    ],
)
def test_a_broken_design_is_refused(data: pd.DataFrame, more: dict[str, object], words: str) -> None:
    """Each in a sentence, and the data stay as they were."""
    copy = data.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        run(data, **more)
    pd.testing.assert_frame_equal(data, copy)


@pytest.mark.parametrize("treated", [1, 2, 3])
def test_the_size_is_nominal_with_one_two_and_three_of_six(treated: int) -> None:
    """With no effect the test cries wolf about 5 times in 100, also with one district treated."""
    changes = np.random.default_rng(treated).normal(size=(1500, 6))
    data = frame(treated, 6)
    p_values = np.array([_p_value(row, data["treated"].to_numpy()) for row in changes])
    assert np.mean(p_values < 0.05) == pytest.approx(0.05, abs=0.017)  # three standard errors of 1,500 draws


def _p_value(row: np.ndarray, treated: np.ndarray) -> float:
    """Return the p of one draw by the functions that the test is made of."""
    fitted = collapse_fit(row, treated.astype(float), np.empty((6, 0)), None, name="treated")
    return give_interval(fitted, method="collapsed", level=0.95).p_value


def test_an_effect_of_a_dose_is_said_to_be_that() -> None:
    """Hours of visits from 0 to 4: the difference is per hour, and its unit says so."""
    data = pd.DataFrame({"change": [-4.0, -9.0, -2.5, 0.5, 0.0, -0.4], "hours": [2.0, 4.0, 1.0, 0.0, 0.0, 0.0]})
    assert collapsed_t_test(data, change="change", treated="hours").unit == "change per unit of hours"
    assert collapsed_t_test(data.assign(hours=data["hours"] > 0), change="change", treated="hours").unit == "change"
