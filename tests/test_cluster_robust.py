"""CR2: right where each side has clusters enough, refused where a lone cluster would give false comfort."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from slowly import columns, cr2, small_panel

from oda.errors import DesignError
from oda.evaluate import Estimate, cr2_test

EXACT = 1e-8  # relative; other orders of sums differ by rounding alone
FIGURES = ["value", "ci_low", "ci_high", "std_error", "p_value", "df"]


def run(frame: pd.DataFrame, **more: object) -> Estimate:
    """Return the CR2 test of visits on falls with this file's column names."""
    options = {"outcome": "falls", "term": "visits", "cluster": "area", "fixed_effects": ["area", "month"]}
    return cr2_test(frame, **{**options, **more})


@pytest.mark.parametrize(("treated", "of"), [(2, 6), (3, 6), (3, 33), (5, 12)])
def test_it_is_brute_force_with_satterthwaites_t(treated: int, of: int) -> None:
    """Value, error, interval and p are those of all dummies written out, with t and the degrees of freedom given."""
    frame = small_panel(treated, of)
    x = columns(frame, ["visits", "age"], ["area", "month"])
    value, error, df = cr2(x, frame["falls"].to_numpy(), frame["area"].to_numpy())
    found = run(frame, covariates=["age"], level=0.9)
    reach = stats.t.ppf(0.95, df) * error
    expected = [value, value - reach, value + reach, error, 2 * stats.t.sf(abs(value) / error, df), df]
    assert [getattr(found, name) for name in FIGURES] == pytest.approx(expected, rel=EXACT)
    assert (found.n_obs, found.n_clusters, found.n_treated) == (len(frame), of, treated)


@pytest.mark.parametrize(("treated", "df"), [(3, 4.0), (2, 27 / 13)])
def test_six_districts_have_the_known_degrees_of_freedom(treated: int, df: float) -> None:
    """In a balanced panel they are 4.0 with three of six treated and 2.08 with two, and the footnote says so."""
    found = run(small_panel(treated, 6, unbalanced=False))
    assert found.df == pytest.approx(df, rel=EXACT)
    assert (
        f"({treated} of 6 treated), t test (CR2 errors) with {'4' if treated == 3 else '2.1'} degrees" in found.method
    )
    assert found.cautions == (
        ()
        if treated == 3
        else ("CR2 has only 2.1 degrees of freedom here: it rejects too seldom, so an effect is easily missed.",)
    )


def test_in_a_balanced_panel_it_is_welchs_error_of_the_changes() -> None:
    """With one before and one after the squared error is the sum of both groups' variances over their sizes."""
    frame = small_panel(4, 9, unbalanced=False)
    sides = frame.groupby(["area", frame["month"] >= 4])["falls"].mean().unstack()  # noqa: PD010  there is one value each
    change = sides[True] - sides[False]
    expected = change[:4].var() / 4 + change[4:].var() / 5
    assert run(frame).std_error ** 2 == pytest.approx(expected, rel=EXACT)


def test_a_planted_effect_is_found() -> None:
    """Ten fewer falls a month in treated areas move the estimate by ten, and the interval with it."""
    frame = small_panel(3, 6)
    here, there = run(frame), run(frame.assign(falls=frame["falls"] - 10 * frame["visits"]))
    assert there.value - here.value == pytest.approx(-10, rel=EXACT)
    assert there.ci_high - here.ci_high == pytest.approx(-10, rel=EXACT)
    assert there.ci_high < 0 < there.std_error


@pytest.mark.parametrize("factor", [1e6, 1e-9, -1.0])
def test_rows_names_and_units_do_not_matter(factor: float) -> None:
    """Shuffled rows, other names and other units give the same p."""
    frame = small_panel(3, 6)
    other = frame.sample(frac=1, random_state=2)
    other = other.assign(falls=other["falls"] * factor, area=other["area"].map(lambda name: f"z{99 - int(name[1:])}"))
    here, there = run(frame), run(other)
    assert (there.p_value, there.df) == pytest.approx((here.p_value, here.df), rel=EXACT)
    assert there.value == pytest.approx(here.value * factor, rel=EXACT)


def test_a_term_within_clusters_is_tested_and_called_no_treatment() -> None:
    """An age effect is a coefficient, not an effect on the treated, and no cluster counts as treated."""
    found = run(small_panel(3, 6), term="age")
    assert (found.n_treated, found.estimand) == (0, "coefficient")
    assert "treated" not in found.method


@pytest.mark.parametrize("treated", [1, 5])
def test_a_lone_cluster_is_refused(treated: int) -> None:
    """With one treated, or one left to compare with, CR2 would reject a third of true nulls."""
    with pytest.raises(DesignError, match=rf"^{treated} of 6 clusters are treated. CR2 needs 2 or more on either side"):
        run(small_panel(treated, 6))


def test_one_treated_of_27_gets_no_error_at_all() -> None:
    """On such data R prints an error five times too small with 25 degrees of freedom; here there is a refusal."""
    with pytest.raises(DesignError, match=r"Use collapsed_t_test, randomisation_test or synthetic_control"):
        run(small_panel(1, 27))


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        (lambda f: f.assign(falls=f["falls"].where(f.index > 0)), {}, r"^A value is missing of .*'falls' in 1"),
        (lambda f: f.assign(falls=f["visits"] * 0.3 + 0.1), {}, r"leaves no spread between its 6 clusters"),
        (lambda f: f, {"level": 95}, r"^level is 95"),
        (lambda f: f, {"cluster": "place"}, r"^No column 'place'"),
    ],
)
def test_a_broken_design_is_refused(
    change: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str
) -> None:
    """Each in a sentence, and the data stay as they were."""
    frame = change(small_panel(3, 6))
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        run(frame, **more)
    pd.testing.assert_frame_equal(frame, copy)


def test_the_size_with_three_of_six_is_nominal() -> None:
    """With three of six districts treated about 5 per cent of true nulls are rejected, in 20,000 draws."""
    changes = np.random.default_rng(6).normal(size=(20_000, 6))
    sides = changes[:, :3], changes[:, 3:]
    error = np.sqrt(sum(side.var(axis=1, ddof=1) / 3 for side in sides))
    t = (sides[0].mean(axis=1) - sides[1].mean(axis=1)) / error
    assert np.mean(2 * stats.t.sf(abs(t), 4.0) < 0.05) == pytest.approx(0.05, abs=0.005)  # three standard errors
