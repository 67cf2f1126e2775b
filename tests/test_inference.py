"""From a fitted comparison to an interval: the p always goes with the degrees of freedom that are printed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from slowly import small_panel

from oda.errors import DesignError
from oda.evaluate import wild_cluster_bootstrap
from oda.evaluate.inference.intervals import as_estimate, give_interval
from oda.evaluate.inference.microdata import Regression, regress
from oda.evaluate.inference.regression import fit_term

EXACT = 1e-10  # relative; the same figures by the same route


def changes(n_treated: int = 3, n: int = 6) -> tuple[Regression, np.ndarray]:
    """Return the comparison of one change a unit, and the changes."""
    y, dose = np.random.default_rng(n).normal(size=n), (np.arange(n) < n_treated).astype(float)
    fit = fit_term(y, dose, np.ones((n, 1)), cluster=np.arange(n), n_clusters=n)
    return Regression(fit=fit, n_treated=n_treated, n_control=n - n_treated, n_obs=n), y


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("method", ["collapsed", "welch", "cr2", "crv1"])
@pytest.mark.parametrize(("n_treated", "n"), [(3, 6), (2, 6), (16, 33)])
def test_never_z(method: str, n_treated: int, n: int, level: float) -> None:
    """Every p and every interval is that of t with the degrees of freedom given, and these stand in the words."""
    found = give_interval(changes(n_treated, n)[0], method=method, level=level)
    assert found.df is not None
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(found.value) / found.std_error, found.df), rel=EXACT)
    reach = stats.t.ppf((1 + level) / 2, found.df) * found.std_error
    assert (found.low, found.high) == pytest.approx((found.value - reach, found.value + reach), rel=EXACT)
    whole = math.isclose(found.df, round(found.df), rel_tol=1e-6)
    assert f"with {found.df:.{0 if whole else 1}f} degrees of freedom" in found.words


def test_the_pooled_and_welchs_test_are_the_textbooks() -> None:
    """On one change a unit they are the two-sample t tests, and CR2 has Welch's error."""
    found, y = changes(2, 7)
    for method, equal in (("collapsed", True), ("welch", False)):
        expected = stats.ttest_ind(y[:2], y[2:], equal_var=equal)
        here = give_interval(found, method=method, level=0.95)
        assert (here.value / here.std_error, here.p_value, here.df) == pytest.approx(
            (expected.statistic, expected.pvalue, expected.df), rel=EXACT
        )
    errors = [give_interval(found, method=method, level=0.95).std_error for method in ("welch", "cr2")]
    assert errors[0] == pytest.approx(errors[1], rel=EXACT)


def test_the_wild_bootstrap_is_carried_through() -> None:
    """Its p and interval come as they are, without degrees of freedom, and the draws are said."""
    frame = small_panel(3, 6)
    names = {"outcome": "falls", "term": "visits", "cluster": "area", "fixed_effects": ["area", "month"]}
    boot = wild_cluster_bootstrap(frame, **names, level=0.9).estimate
    found = give_interval(regress(frame, **names), method="wild", level=0.9)
    assert (found.p_value, found.low, found.high, found.std_error) == (
        boot.p_value,
        boot.ci_low,
        boot.ci_high,
        boot.std_error,
    )
    assert found.df is None
    assert found.words == "wild cluster bootstrap, null imposed, 64 draws (all there are)"


@pytest.mark.parametrize("method", ["collapsed", "welch", "cr2", "crv1", "wild"])
def test_no_spread_is_no_certainty(method: str) -> None:
    """Changes alike in each group would give an interval of no width; they are refused instead."""
    dose = (np.arange(8) < 4).astype(float)
    fit = fit_term(0.3 * dose + 0.1, dose, np.ones((8, 1)), cluster=np.arange(8), n_clusters=8)
    with pytest.raises(DesignError, match=r"^The regression leaves no spread between its 8 clusters"):
        give_interval(Regression(fit=fit, n_treated=4, n_control=4, n_obs=8), method=method, level=0.95)


def test_one_degree_of_freedom_is_said_in_the_singular() -> None:
    """Three districts leave one degree of freedom."""
    assert give_interval(changes(1, 3)[0], method="collapsed", level=0.95).words == "t test with 1 degree of freedom"


def test_an_estimate_carries_its_design() -> None:
    """Clusters, treated clusters, degrees of freedom and the method in words go with the number."""
    found = changes(2, 6)[0]
    tested = give_interval(found, method="collapsed", level=0.95)
    estimate = as_estimate(
        tested, found, outcome="falls", unit="falls a month", level=0.95, permuted=None, method="one change a unit"
    )
    assert (estimate.n_clusters, estimate.n_treated, estimate.df, estimate.estimand) == (6, 2, 4, "ATT")
    assert estimate.method == "one change a unit"
    assert tested.words == "t test with 4 degrees of freedom"
