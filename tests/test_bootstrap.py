"""The wild cluster bootstrap: draw by draw the refitted regression, each draw of signs once, and no p of nought."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from slowly import columns, fit, small_panel

from oda.errors import DesignError
from oda.evaluate import BootstrapTest, wild_cluster_bootstrap
from oda.evaluate.inference import bootstrap
from oda.evaluate.inference.microdata import regress

EXACT = 1e-9  # relative; other orders of sums differ by rounding alone
TIE = 1e-9  # relative; draws that agree so closely are the same
NEAR = 1e-6  # of a standard error, either side of an end of the interval
BOTH = ["area", "month"]
FIGURES = ["value", "ci_low", "ci_high", "std_error", "p_value", "smallest_p"]


def run(frame: pd.DataFrame, **more: object) -> BootstrapTest:
    """Return the bootstrap of visits on falls with this file's column names."""
    options = {"outcome": "falls", "term": "visits", "cluster": "area", "fixed_effects": BOTH}
    return wild_cluster_bootstrap(frame, **{**options, **more})


def squared_t(x: np.ndarray, y: np.ndarray, areas: np.ndarray, null: float) -> float:
    """Return the squared cluster-robust t statistic of the first coefficient, small-sample factors left out."""
    found = fit(x, y)
    scores = [found["inverse"][0] @ x[areas == area].T @ found["rest"][areas == area] for area in np.unique(areas)]
    return float((found["coef"] - null) ** 2 / np.square(scores).sum())


def refit(frame: pd.DataFrame, signs: np.ndarray, null: float) -> tuple[float, np.ndarray]:
    """Return the actual statistic and that of every draw: the restricted fit plus signed residuals, refitted."""
    x, y = columns(frame, ["visits", "age"], BOTH), frame["falls"].to_numpy()
    areas, places = frame["area"].to_numpy(), np.unique(frame["area"], return_inverse=True)[1]
    held = null * x[:, 0] + x[:, 1:] @ (np.linalg.pinv(x[:, 1:]) @ (y - null * x[:, 0]))
    drawn = [squared_t(x, held + row[places] * (y - held), areas, null) for row in signs]
    return squared_t(x, y, areas, null), np.array(drawn)


@pytest.mark.parametrize("null", [0.0, 0.7])
@pytest.mark.parametrize(("treated", "clusters"), [(3, 7), (4, 7), (4, 8)])
def test_every_draw_is_a_refitted_regression(treated: int, clusters: int, null: float) -> None:
    """Each statistic, and so the p, is that of refitting on restricted residuals with signs changed; ties as said."""
    frame = small_panel(treated, clusters)
    signs = np.array(list(itertools.product([1.0, -1.0], repeat=clusters)))
    actual, drawn = refit(frame, signs, null)
    found = run(frame, covariates=["age"], null=null)
    ties, larger = (drawn >= actual * (1 - TIE)).mean(), (drawn > actual * (1 + TIE)).mean()
    assert found.estimate.p_value == (ties if clusters < 8 else max(larger, 2 / 2**clusters))
    assert (found.draws, found.enumerated) == (2**clusters, True)
    assert found.t_value**2 == pytest.approx(actual / _factor(frame, clusters), rel=EXACT)


def _factor(frame: pd.DataFrame, clusters: int) -> float:
    """Return the small-sample factor with term, age, months and constant counted."""
    return clusters / (clusters - 1) * (len(frame) - 1) / (len(frame) - 10)


@pytest.mark.parametrize("kind", ["webb", "rademacher"])
def test_random_draws_are_refitted_regressions_too(kind: str) -> None:
    """With weights drawn at random the p is still that of refitting, the actual data counted as one draw."""
    frame = small_panel(5, 13)
    found = run(frame, covariates=["age"], draw_weights=kind, draws=199)
    fitted = regress(frame, outcome="falls", term="visits", cluster="area", covariates=["age"], fixed_effects=BOTH).fit
    signs = bootstrap._draw(13, 199, kind, 20_240_101)[0][:, bootstrap._places(fitted)]
    actual, drawn = refit(frame, signs, 0.0)
    assert (found.draws, found.enumerated) == (200, False)
    assert found.estimate.p_value == (drawn >= actual * (1 - TIE)).mean()


def test_six_clusters_have_64_draws_and_p_is_never_nought() -> None:
    """However many draws are asked for there are 64; p is a multiple of 1/64, and 2/64 for the largest effect."""
    for seed in range(20):
        frame = small_panel(3, 6)
        noise = np.random.default_rng(seed).normal(0, 3, len(frame))
        found = run(frame.assign(falls=frame["falls"] + noise), draws=99_999)
        assert found.draws == 64
        assert (found.estimate.p_value * 64) % 1 == 0
    huge = run(frame.assign(falls=frame["falls"] + 1000 * frame["visits"])).estimate
    assert huge.p_value == huge.smallest_p == 2 / 64
    assert huge.cautions == (
        "With 6 clusters there are 64 draws of signs, so p moves in steps of 1/64; Webb weights give a finer grid.",
    )


@pytest.mark.parametrize("of", [6, 13])
@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.sample(frac=1, random_state=4),
        lambda f: f.assign(area=f["area"].map(lambda name: f"z{99 - int(name[1:])}")),
        lambda f: f.assign(area=f["area"].map(lambda name: int(name[1:]) * 7 % 13)),
        lambda f: f.sample(frac=1, random_state=5).assign(age=lambda g: g["age"] * 1e9),
    ],
    ids=["rows shuffled", "areas renamed", "areas numbered in another order", "other units of a covariate"],
)
def test_rows_and_names_do_not_matter(change: Callable[[pd.DataFrame], pd.DataFrame], of: int) -> None:
    """Order of rows and names of areas leave every figure as it is, with all draws and with random ones."""
    frame = small_panel(3, of)
    here, there = (run(data, covariates=["age"], draws=999).estimate for data in (frame, change(frame)))
    assert [getattr(there, name) for name in FIGURES] == pytest.approx(
        [getattr(here, name) for name in FIGURES], rel=1e-7
    )
    assert there.p_value == here.p_value


@pytest.mark.parametrize("of", [6, 8, 13])
@pytest.mark.parametrize("factor", [1e6, 1e-9])
def test_ties_are_ties_in_every_unit(factor: float, of: int) -> None:
    """Other units and another order of rows give the same p to the last digit: ties are not left to rounding."""
    frame = small_panel(3, of)
    shuffled = frame.sample(frac=1, random_state=1)
    here, there = run(frame).estimate, run(shuffled.assign(falls=shuffled["falls"] * factor)).estimate
    assert there.p_value == here.p_value
    assert (there.ci_low, there.ci_high) == pytest.approx((here.ci_low * factor, here.ci_high * factor), rel=1e-7)


def test_random_draws_go_by_seed() -> None:
    """The same seed gives the same p, another seed another; all draws of signs need none."""
    frame = small_panel(5, 14)
    once, again, other = (run(frame, draws=999, seed=seed).estimate.p_value for seed in (1, 1, 2))
    assert once == again != other
    assert run(small_panel(3, 6), seed=1).estimate == run(small_panel(3, 6), seed=2).estimate


def test_webbs_points_have_mean_nought_and_variance_one() -> None:
    """Six points at plus and minus the roots of a half, one and one and a half."""
    drawn, whole = bootstrap._draw(6, 20_000, "webb", 1)
    assert not whole
    assert drawn[0].tolist() == [1.0] * 6
    assert sorted(set(np.round(drawn[1:] ** 2, 9).ravel())) == [0.5, 1.0, 1.5]
    assert len(np.unique(drawn[1:])) == 6
    assert drawn.mean() == pytest.approx(0, abs=0.01)  # three standard errors of 120,000 points
    assert drawn.var() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize(("treated", "of", "kind"), [(3, 8, "rademacher"), (5, 13, "rademacher"), (3, 6, "webb")])
def test_the_interval_holds_what_the_test_does_not_reject(treated: int, of: int, kind: str, level: float) -> None:
    """Inside no value is rejected, just outside each end one is, and p at the ends is about 1 - level."""
    frame = small_panel(treated, of)
    more = {"draw_weights": kind, "draws": 999, "level": level}
    found = run(frame, **more).estimate
    for share in (0.001, 0.25, 0.5, 0.75, 0.999):
        value = found.ci_low + share * (found.ci_high - found.ci_low)
        assert run(frame, null=value, **more).estimate.p_value > 1 - level
    for end, side in ((found.ci_low, -1), (found.ci_high, 1)):
        outside = run(frame, null=end + side * NEAR * found.std_error, **more).estimate.p_value
        assert outside <= 1 - level
        assert outside == pytest.approx(1 - level, abs=4 / min(999, 2**of) + 0.01)


def test_a_precise_effect_has_a_precise_interval() -> None:
    """An effect of a million standard errors moves the interval by itself and leaves its width as it was."""
    frame = small_panel(3, 8)
    here, there = (run(frame.assign(falls=frame["falls"] + size * frame["visits"])).estimate for size in (0, 1e6))
    assert there.ci_high - there.ci_low == pytest.approx(here.ci_high - here.ci_low, rel=1e-6)


@pytest.mark.parametrize(("treated", "of"), [(1, 6), (2, 6), (4, 6), (2, 50)])
def test_fewer_than_three_on_a_side_are_refused(treated: int, of: int) -> None:
    """With one or two treated the test cannot reject whatever the truth, so no p is given."""
    words = rf"^{treated} of {of} clusters are treated. With fewer than 3 on a side the wild bootstrap cannot reject"
    with pytest.raises(DesignError, match=words):
        run(small_panel(treated, of))


def test_a_term_within_clusters_is_allowed() -> None:
    """An age effect has no treated clusters, so none are missed."""
    found = run(small_panel(1, 6), term="age").estimate
    assert (found.n_treated, found.estimand) == (0, "coefficient")


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        (lambda f: f.assign(falls=f["falls"].where(f.index > 0)), {}, r"^A value is missing of .*'falls' in 1"),
        (lambda f: f.assign(falls=f["visits"] * 0.3 + 0.1), {}, r"leaves no spread between its 6 clusters"),
        (lambda f: f, {"draws": 98}, r"^98 draws say little of a p"),
        (lambda f: f, {"draw_weights": "normal"}, r"^'normal' names no weights. Give 'rademacher' or 'webb'"),
        (lambda f: f, {"level": 95}, r"^level is 95"),
        (lambda f: f, {"level": 0.99}, r"^No value is rejected at 0.01, however far: the interval has no end. Give a"),
        (lambda f: f[f["area"] < "a05"], {"term": "age"}, r"^No value is rejected at 0.05, however far"),
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


def test_the_null_is_imposed() -> None:
    """With three of six treated a true null is rejected about 5 per cent of the time, not the 24 of free residuals."""
    rng, rejected = np.random.default_rng(8), 0
    frame = pd.DataFrame({"area": range(6), "visits": [1.0] * 3 + [0.0] * 3})
    signs = np.array(list(itertools.product([1.0, -1.0], repeat=6)))
    for _ in range(400):
        falls = rng.normal(size=6)
        p_value = bootstrap._Statistics(_fitted(frame.assign(falls=falls)), signs, 2 / 64, ties=True).p_value(0.0)
        rejected += p_value <= 0.05
    assert 0.02 <= rejected / 400 <= 0.085  # 5.5 per cent by a long run; three standard errors of 400 draws


def _fitted(frame: pd.DataFrame) -> object:
    """Return the fit of one row an area."""
    return regress(frame, outcome="falls", term="visits", cluster="area").fit
