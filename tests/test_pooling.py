"""One effect from several districts: the published figures, and honesty with few of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from statsmodels.stats.meta_analysis import combine_effects

from oda.errors import DesignError
from oda.evaluate import pool_districts, sentence
from oda.evaluate.pooling.variance import tau_squared, weighted_mean

EXACT = 1e-10  # the same sums in another order
SOLVED = 1e-7  # both solve for a root
PRINTED = 5.1e-5  # half a unit of the fourth decimal that the source prints
NAMES = {"effect": "y", "std_error": "se", "district": "place"}
# Colditz and others (1994), as printed by van Houwelingen and others (2002): cases and others, vaccinated and not.
BCG = """
4 119 11 128; 6 300 29 274; 3 228 11 209; 62 13536 248 12619; 33 5036 47 5761; 180 1361 372 1079; 8 2537 10 619
; 505 87886 499 87892; 29 7470 45 7232; 17 1699 65 1600; 186 50448 141 27197; 5 2493 3 2338; 27 16886 29 17825
"""


def bcg(trials: int = 13) -> pd.DataFrame:
    """Return the log risk ratios of the BCG vaccine trials, the first so many."""
    a, b, c, d = np.array([row.split() for row in BCG.split(";")], dtype=float).T
    frame = pd.DataFrame({"place": [f"trial {number}" for number in range(1, 14)]})
    frame["y"] = np.log(a / (a + b) / (c / (c + d)))
    frame["se"] = np.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d))
    return frame.head(trials)


def even(effects: list[float], error: float = 0.5) -> pd.DataFrame:
    """Return districts with these effects and one standard error."""
    return pd.DataFrame({"place": [f"d{number}" for number in range(len(effects))], "y": effects, "se": error})


def test_with_equal_errors_it_equals_hand_arithmetic() -> None:
    """With effects of -3, -1 and -2 and equal errors, the interval is that of the plain mean of three numbers."""
    found = pool_districts(even([-3.0, -1.0, -2.0]), **NAMES)
    reach = float(stats.t.ppf(0.975, 2)) * 1 / math.sqrt(3)  # the standard deviation of the three is 1
    assert found.estimate.value == pytest.approx(-2, abs=EXACT)
    assert (found.estimate.ci_low, found.estimate.ci_high) == pytest.approx((-2 - reach, -2 + reach), rel=EXACT)
    assert found.heterogeneity.tau2 == pytest.approx(1 - 0.25, rel=EXACT)  # variance of the effects less chance
    assert found.heterogeneity.q == pytest.approx(2 / 0.25, rel=EXACT)
    assert found.districts["shrunken"].tolist() == pytest.approx([-2.75, -1.25, -2.0], rel=EXACT)


def test_the_vaccine_trials_have_their_published_figures() -> None:
    """Random effects over the 13 BCG trials give the figures that metafor prints for them."""
    found = pool_districts(bcg(), **NAMES)
    assert (found.estimate.value, found.model_std_error) == pytest.approx((-0.7145, 0.1798), abs=PRINTED)
    spread = found.heterogeneity
    assert (spread.tau2, spread.ci_low, spread.ci_high) == pytest.approx((0.3132, 0.1197, 1.1115), abs=PRINTED)
    assert (spread.i2, spread.q, spread.df) == pytest.approx((92.22, 152.2330, 12), abs=0.005)
    assert found.common.value == pytest.approx(-0.4303, abs=PRINTED)
    assert (found.estimate.ci_low, found.estimate.ci_high) == pytest.approx((-1.1084, -0.3206), abs=PRINTED)


def test_six_trials_have_the_reference_interval() -> None:
    """Over the first six trials the plain interval is -1.549 to -0.427, and the modified one is wider."""
    found = pool_districts(bcg(6), **NAMES)
    assert (found.estimate.ci_low, found.estimate.ci_high) == pytest.approx((-1.549, -0.427), abs=0.0005)
    assert found.modified[0] < found.estimate.ci_low < found.estimate.ci_high < found.modified[1]
    assert any("modified" in caution for caution in found.estimate.cautions)
    assert "With the modified, wider variance" in sentence(found)


@pytest.mark.parametrize(("method", "theirs"), [("PM", "iterated"), ("DL", "chi2")])
@pytest.mark.parametrize("trials", [6, 9, 13])
def test_two_estimators_are_those_of_statsmodels(method: str, theirs: str, trials: int) -> None:
    """Paule-Mandel and DerSimonian-Laird with the t interval agree with statsmodels."""
    frame = bcg(trials)
    other = combine_effects(
        frame["y"].to_numpy(), frame["se"].to_numpy() ** 2, method_re=theirs, use_t=True, atol=1e-12
    )
    found = pool_districts(frame, method=method, **NAMES)
    assert found.heterogeneity.tau2 == pytest.approx(other.tau2, rel=1e-5)  # theirs stops at that
    assert found.estimate.value == pytest.approx(other.mean_effect_re, rel=1e-5)
    assert found.estimate.std_error == pytest.approx(other.sd_eff_w_re_hksj, rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_restricted_likelihood_equals_brute_force(seed: int) -> None:
    """No other tau squared is likelier, by a search that shares no code."""
    rng = np.random.default_rng(seed)
    effects, variances = rng.normal(0, 1, 6), rng.uniform(0.05, 2, 6)

    def unlikely(tau2: float) -> float:
        total = np.diag(variances + tau2)
        ones = np.ones((6, 1))
        inverse = np.linalg.inv(total)
        mean = (ones.T @ inverse @ effects) / (ones.T @ inverse @ ones)
        rest = effects - mean.ravel()
        return float(
            np.linalg.slogdet(total)[1] + np.linalg.slogdet(ones.T @ inverse @ ones)[1] + rest @ inverse @ rest
        )

    found = tau_squared(effects, variances, method="REML")
    best = optimize.brute(lambda t: unlikely(float(t[0])), ((0, 5),), Ns=2001, finish=None)
    assert found == pytest.approx(float(best), abs=0.0026)  # a step of the search
    assert unlikely(found) <= unlikely(float(best)) + 1e-12


def test_the_ends_of_tau_squared_are_where_the_scatter_is_a_quantile() -> None:
    """At each end of its interval the scatter equals the chi-squared quantile it stands for."""
    frame = bcg()
    found = pool_districts(frame, level=0.9, **NAMES).heterogeneity
    for end, share in ((found.ci_low, 0.95), (found.ci_high, 0.05)):
        scatter = weighted_mean(frame["y"].to_numpy(), frame["se"].to_numpy() ** 2, end).scatter
        assert scatter == pytest.approx(stats.chi2.ppf(share, 12), rel=SOLVED)


def test_the_prediction_interval_is_that_of_higgins() -> None:
    """A further district's interval has t with two degrees of freedom fewer than districts, and the model variance."""
    found = pool_districts(bcg(6), **NAMES)
    reach = float(stats.t.ppf(0.975, 4)) * math.sqrt(found.heterogeneity.tau2 + found.model_std_error**2)
    ends = (found.estimate.value - reach, found.estimate.value + reach)
    assert found.prediction == pytest.approx(ends, rel=EXACT)


def test_shrunken_estimates_are_those_of_metafor() -> None:
    """The best linear unbiased predictions of the first three trials are those of metafor's port."""
    drawn = pool_districts(bcg(), **NAMES).districts
    assert drawn["shrunken"].head(3).tolist() == pytest.approx([-0.80023, -1.25171, -0.98690], abs=1e-5)
    assert drawn["shrunken_low"].head(3).tolist() == pytest.approx([-1.69365, -2.02149, -1.93462], abs=1e-5)


def test_without_differences_it_collapses_to_the_fixed_effect() -> None:
    """When districts agree, tau squared is zero and the estimate is the fixed-effect one, said with a caution."""
    found = pool_districts(even([1.0, 1.1, 0.9, 1.05]), variance="modified", **NAMES)
    assert found.heterogeneity.tau2 == 0
    assert found.estimate.value == pytest.approx(found.common.value, rel=EXACT)
    assert found.districts["shrunken"].tolist() == pytest.approx([found.common.value] * 4, rel=EXACT)
    assert any("cannot rule one out" in caution for caution in found.estimate.cautions)


@pytest.mark.parametrize("method", ["REML", "PM", "DL"])
def test_a_planted_mean_and_spread_are_found(method: str) -> None:
    """From 2,000 made-up districts of mean effect -2 and spread 0.7 both are found."""
    rng = np.random.default_rng(3)
    errors = rng.uniform(0.2, 0.6, 2000)
    effects = rng.normal(-2, 0.7, 2000) + rng.normal(0, errors)
    frame = pd.DataFrame({"place": range(2000), "y": effects, "se": errors})
    found = pool_districts(frame, method=method, **NAMES)
    assert found.estimate.value == pytest.approx(-2, abs=0.06)  # three standard errors
    assert math.sqrt(found.heterogeneity.tau2) == pytest.approx(0.7, abs=0.045)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """With six districts of equal errors 95 % intervals hold the truth in 93 to 97 per cent; normal ones do not."""
    rng = np.random.default_rng(1)
    held, normal = [], []
    for effects in rng.normal(0, math.hypot(1, 1.5), (400, 6)):
        found = pool_districts(even(list(effects), 1.0), **NAMES)
        held.append(found.estimate.ci_low <= 0 <= found.estimate.ci_high)
        normal.append(abs(found.estimate.value) < 1.96 * found.model_std_error)
    assert 0.925 <= np.mean(held) <= 0.975  # two binomial standard errors about 0.95
    assert np.mean(normal) < 0.925


@pytest.mark.parametrize("method", ["REML", "PM", "DL"])
def test_what_does_not_matter_changes_nothing(method: str) -> None:
    """A shift, another unit, the order of rows and other names leave every figure as it should be."""
    frame = bcg(6)
    here = pool_districts(frame, method=method, **NAMES)
    names = ["value", "ci_low", "ci_high", "std_error"]
    figures = [getattr(here.estimate, name) for name in names]
    shuffled = pool_districts(frame.sample(frac=1, random_state=1).assign(place=range(6)), method=method, **NAMES)
    assert [getattr(shuffled.estimate, name) for name in names] == pytest.approx(figures, rel=EXACT)
    moved = pool_districts(frame.assign(y=frame["y"] + 5), method=method, **NAMES)
    assert [getattr(moved.estimate, name) for name in names[:3]] == pytest.approx(
        [x + 5 for x in figures[:3]], rel=EXACT
    )
    scaled = pool_districts(frame.assign(y=frame["y"] * 1e6, se=frame["se"] * 1e6), method=method, **NAMES)
    assert [getattr(scaled.estimate, name) for name in names] == pytest.approx([x * 1e6 for x in figures], rel=EXACT)


def test_logarithms_come_back_as_ratios() -> None:
    """On the ratio scale every figure is the exponential of the difference scale's, and said as a change."""
    logs, ratios = (pool_districts(bcg(6), scale=scale, **NAMES) for scale in ("difference", "ratio"))
    assert ratios.estimate.value == pytest.approx(math.exp(logs.estimate.value), rel=EXACT)
    assert ratios.prediction == pytest.approx(tuple(np.exp(logs.prediction or ())), rel=EXACT)
    assert ratios.districts["shrunken_low"].tolist() == pytest.approx(
        np.exp(logs.districts["shrunken_low"]).tolist(), rel=EXACT
    )
    assert "63 per cent lower" in sentence(ratios, subject="The risk")


def test_two_districts_carry_a_caution_and_no_prediction() -> None:
    """Two districts give an interval on one degree of freedom, nothing for a third district, and a warning."""
    found = pool_districts(bcg(2), **NAMES)
    assert found.prediction is None
    assert found.estimate.df == 1
    assert "Two districts say almost nothing" in sentence(found)


def test_the_modified_variance_is_never_below_the_usual_one() -> None:
    """Where estimates happen to agree, the plain interval shrinks below the usual one and the modified one does not."""
    close = even([1.0, 1.02, 0.99, 1.01])
    plain, modified = (pool_districts(close, variance=variance, **NAMES) for variance in ("plain", "modified"))
    assert plain.estimate.std_error < 0.1 * plain.model_std_error
    assert modified.estimate.std_error == pytest.approx(modified.model_std_error, rel=EXACT)
    assert (modified.estimate.ci_low, modified.estimate.ci_high) == pytest.approx(plain.modified, rel=EXACT)


def test_a_normal_interval_is_for_many_districts_on_request() -> None:
    """DerSimonian-Laird with normal quantiles is refused for nine trials, and cautioned for thirteen."""
    with pytest.raises(DesignError, match="normal interval was asked for with 9 districts"):
        pool_districts(bcg(9), method="DL", reference="normal", **NAMES)
    found = pool_districts(bcg(), method="DL", reference="normal", **NAMES)
    assert (found.estimate.ci_low, found.estimate.ci_high) == pytest.approx((-1.0644, -0.3638), abs=PRINTED)
    assert found.estimate.df is None
    assert "too narrow" in found.estimate.cautions[0]


@pytest.mark.parametrize(
    ("broken", "more", "words"),
    [
        (lambda f: f.head(1), {}, "There is 1 'place'. Pooling takes two"),
        (lambda f: f.drop(columns="se"), {}, "No column 'se'. There is: 'place', 'y'"),
        (lambda f: f.assign(y=f["y"].where(f.index > 1)), {}, "A value is missing of 6 rows: 'y' in 2"),
        (lambda f: f.assign(se=f["se"].where(f.index > 1, 0.0)), {}, "se of 2 of 6 rows is not above 0"),
        (lambda f: f.assign(y=f["y"].astype(str)), {}, "not a column of numbers"),
        (lambda f: f.assign(place="a"), {}, "5 of 6 rows repeat a 'place'"),
        (lambda f: f.assign(y=1.0, se=0.3), {}, "All 6 estimates are the same"),
        (lambda f: f, {"method": "EB"}, "method is 'EB'. Choose one of 'REML', 'PM', 'DL'"),
        (lambda f: f, {"scale": "odds"}, "scale is 'odds'"),
        (lambda f: f, {"variance": "hk"}, "variance is 'hk'"),
        (lambda f: f, {"reference": "z"}, "reference is 'z'"),
        (lambda f: f, {"level": 95}, "level is 95"),
    ],
)
def test_a_broken_design_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str
) -> None:
    """What cannot be pooled is refused in a sentence, and the data stay as they were."""
    frame = broken(bcg(6))
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        pool_districts(frame, **{**NAMES, **more})
    pd.testing.assert_frame_equal(frame, copy)


def test_ratios_are_refused_where_logarithms_are_meant() -> None:
    """Effects of 0.8 and 0.9 on the ratio scale are ratios that were not turned into logarithms."""
    frame = pd.DataFrame({"place": list("abc"), "effect": [0.8, 0.9, 0.85], "se": 0.1})
    with pytest.raises(DesignError, match=r"look like ratios. Give their logarithms"):
        pool_districts(frame, effect="effect", std_error="se", district="place", scale="ratio")
