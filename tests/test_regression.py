"""Least squares with errors by cluster: as by other software and by every matrix written out."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from slowly import columns, cr2, small_panel

from oda.errors import DesignError
from oda.evaluate.inference.regression import (
    Fit,
    check_spread,
    classical_error,
    cr2_error,
    crv1_error,
    fit_term,
    small_sample,
)

EXACT = 1e-9  # relative; other orders of sums differ by rounding alone


def fitted(*names: str, scale: float = 1.0, treated: int = 5, of: int = 12) -> tuple[Fit, np.ndarray, np.ndarray]:
    """Return the fit of falls on visits among other columns, with its full matrix and outcome."""
    frame = small_panel(treated, of)
    x, y = columns(frame, ["visits", *names]), frame["falls"].to_numpy() * scale
    found = fit_term(y, x[:, 0], x[:, 1:], cluster=np.unique(frame["area"], return_inverse=True)[1], n_clusters=of)
    return found, x, y


@pytest.mark.parametrize("names", [(), ("age",), ("age", "month", "ever")])
def test_it_is_statsmodels_least_squares(names: tuple[str, ...]) -> None:
    """Coefficients, classical errors and cluster-robust errors are those of statsmodels."""
    found, x, y = fitted(*names)
    model = sm.OLS(y, x)
    plain = model.fit()
    clustered = model.fit(cov_type="cluster", cov_kwds={"groups": found.cluster}, use_t=True)
    assert found.coefs == pytest.approx(plain.params, rel=EXACT)
    assert classical_error(found) == pytest.approx((plain.bse[0], plain.df_resid), rel=EXACT)
    assert crv1_error(found)[0] == pytest.approx(clustered.bse[0], rel=EXACT)
    assert crv1_error(found)[1] == clustered.df_resid_inference == 11


@pytest.mark.parametrize("names", [(), ("age", "month")])
@pytest.mark.parametrize(("treated", "of"), [(5, 12), (3, 6), (2, 6)])
def test_cr2_is_brute_force(names: tuple[str, ...], treated: int, of: int) -> None:
    """Error and degrees of freedom are those of the full residual-maker matrix, in an unbalanced panel."""
    found, x, y = fitted(*names, treated=treated, of=of)
    assert (found.coef, *cr2_error(found)) == pytest.approx(cr2(x, y, found.cluster), rel=EXACT)


@pytest.mark.parametrize(("n_treated", "n", "df"), [(3, 6, 4.0), (2, 6, 27 / 13), (1, 6, 4.0), (1, 27, 25.0)])
def test_degrees_of_freedom_of_two_groups_are_the_known_ones(n_treated: int, n: int, df: float) -> None:
    """R's clubSandwich says 4 at 3 of 6, and the falsely comforting 4 and 25 at 1 of 6 and 1 of 27."""
    term = (np.arange(n) < n_treated).astype(float)
    y = np.random.default_rng(n).normal(size=n)
    found = fit_term(y, term, np.ones((n, 1)), cluster=np.arange(n), n_clusters=n)
    assert cr2_error(found)[1] == pytest.approx(df, rel=EXACT)


def test_cr2_of_one_row_a_cluster_is_the_two_sample_formula() -> None:
    """With one change a district the squared error is the sum of each group's variance over its size."""
    y, term = np.random.default_rng(4).normal(size=9), (np.arange(9) < 4).astype(float)
    found = fit_term(y, term, np.ones((9, 1)), cluster=np.arange(9), n_clusters=9)
    expected = y[:4].var(ddof=1) / 4 + y[4:].var(ddof=1) / 5
    assert cr2_error(found)[0] ** 2 == pytest.approx(expected, rel=EXACT)
    twice = fit_term(np.repeat(y, 2), np.repeat(term, 2), np.ones((18, 1)), cluster=np.arange(18) // 2, n_clusters=9)
    assert cr2_error(twice) == pytest.approx(cr2_error(found), rel=EXACT)  # rows seen twice are no news


def test_the_small_sample_factor_is_stated() -> None:
    """Twelve clusters, 93 rows and 4 coefficients give 12 / 11 x 92 / 89."""
    assert small_sample(fitted("age", "month")[0]) == pytest.approx(12 / 11 * 92 / 89)


def test_a_covariate_given_by_others_changes_nothing_and_has_a_coefficient_of_nought() -> None:
    """Age in months beside age in years, and a second intercept, are left out; the rest keep their coefficients."""
    frame = small_panel()
    y, visits, age = (frame[name].to_numpy() for name in ("falls", "visits", "age"))
    area = np.unique(frame["area"], return_inverse=True)[1]
    one = np.ones(len(y))
    there = fit_term(y, visits, np.column_stack([age, one]), cluster=area, n_clusters=12)
    more = fit_term(
        y, visits, np.column_stack([age, 2 * age, 12 * age + 3, one, 0 * one, age]), cluster=area, n_clusters=12
    )
    assert more.n_estimated == there.n_estimated == 3
    assert (more.coef, *cr2_error(more), *crv1_error(more)) == pytest.approx(
        (there.coef, *cr2_error(there), *crv1_error(there)), rel=EXACT
    )
    assert more.coefs[[2, 4, 5, 6]].tolist() == [0, 0, 0, 0]
    assert visits * more.coefs[0] + age * more.coefs[1] + (12 * age + 3) * more.coefs[3] == pytest.approx(
        visits * there.coefs[0] + age * there.coefs[1] + there.coefs[2], rel=1e-8
    )


@pytest.mark.parametrize("scale", [1e9, 1e-9])
def test_units_carry_through(scale: float) -> None:
    """An outcome in thousand millions, or in thousand-millionths, has its coefficient and errors in these units."""
    here, there = fitted("age")[0], fitted("age", scale=scale)[0]
    assert there.coef == pytest.approx(here.coef * scale, rel=EXACT)
    assert cr2_error(there) == pytest.approx((cr2_error(here)[0] * scale, cr2_error(here)[1]), rel=EXACT)
    assert crv1_error(there)[0] == pytest.approx(crv1_error(here)[0] * scale, rel=EXACT)


def test_covariates_far_from_nought_or_of_odd_size_cost_no_accuracy() -> None:
    """A covariate a million from nought, or measured in thousand-millionths, gives the same error to nine figures."""
    frame = small_panel()
    area = np.unique(frame["area"], return_inverse=True)[1]
    y, visits, one = frame["falls"].to_numpy(), frame["visits"].to_numpy(), np.ones(len(frame))
    ways = [frame["age"], frame["age"] + 1e6, frame["age"] * 1e-9, frame["age"] * 1e9]
    fits = [fit_term(y, visits, np.column_stack([age, one]), cluster=area, n_clusters=12) for age in ways]
    errors = np.array([[found.coef, *cr2_error(found)] for found in fits])
    assert errors == pytest.approx(np.tile(errors[0], (4, 1)), rel=1e-8)


@pytest.mark.parametrize(
    ("term", "others"),
    [
        (np.ones(8), np.ones((8, 1))),
        (np.zeros(8), np.empty((8, 0))),
        (np.arange(8) * 0.1 + 0.3, np.column_stack([np.arange(8.0), np.ones(8)])),
    ],
    ids=["constant", "nought", "given by a covariate"],
)
def test_a_term_of_which_nothing_is_left_is_refused(term: np.ndarray, others: np.ndarray) -> None:
    """Rounding is not taken for a treatment."""
    with pytest.raises(DesignError, match=r"^Nothing is left of 'visits' once the other columns"):
        fit_term(np.arange(8.0) ** 2, term, others, cluster=np.arange(8), n_clusters=8, name="visits")


def test_as_many_coefficients_as_rows_are_refused() -> None:
    """Four rows bear three coefficients at most."""
    rng = np.random.default_rng(1)
    with pytest.raises(DesignError, match=r"^4 rows cannot bear 4 coefficients"):
        fit_term(rng.normal(size=4), rng.normal(size=4), rng.normal(size=(4, 3)), cluster=np.arange(4), n_clusters=4)


@pytest.mark.parametrize("shift", [0.0, 0.1, 1e3])
def test_a_fit_without_spread_is_refused(shift: float) -> None:
    """An outcome that the visits give exactly leaves nothing to measure chance by."""
    term = (np.arange(8) < 4).astype(float)
    for effect in (0.0, 0.3):
        y = effect * term + shift
        found = fit_term(y, term, np.ones((8, 1)), cluster=np.arange(8) // 2, n_clusters=4)
        for error in (crv1_error, cr2_error, classical_error):
            with pytest.raises(DesignError, match=r"^The regression leaves no spread between its 4 clusters"):
                check_spread(found, error(found)[0])
