"""Effects from weighted groups: the right number, an honest interval, and no more than the design can bear."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.discrete.discrete_model import Logit
from statsmodels.regression.linear_model import WLS
from statsmodels.tools import add_constant

from oda.errors import DesignError
from oda.evaluate import WeightedEffect, sentence, weighted_effect
from oda.evaluate.weighting import influence, propensity
from oda.evaluate.weighting.covariates import effective_size
from oda.evaluate.weighting.influence import WeightedGroups, augmented_means, standard_error, weighted_means

EXACT = 1e-10  # relative; sums taken in another order differ by rounding alone
SOLVED = 1e-8  # relative; the scores of the logistic regression are solved, not reckoned
NUMERIC = 1e-6  # relative; derivatives taken by differences
ROUGHLY = (0.925, 0.975)  # of 400 draws, whose binomial standard error at 95 per cent is 1.1 points
COVERED = (0.93, 0.97)  # of 2,000, with one of 0.5 points
COVARIATES = ["age", "alone", "ward"]
BOTH = [(estimand, method) for estimand in ("ATT", "ATE", "ATC") for method in ("ipw", "aipw")]


def people(n: int = 500, seed: int = 3, effect: float = 2.0) -> pd.DataFrame:
    """Return people of whom the older are likelier to be visited and fall more; a visit moves falls by `effect`."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"age": rng.normal(75, 8, n), "alone": rng.random(n) < 0.4})
    frame["ward"] = rng.choice(["north", "south", "west"], n)
    frailty = (frame["age"] - 75) / 8 + frame["alone"] - (frame["ward"] == "west")
    frame["visited"] = rng.random(n) < 1 / (1 + np.exp(0.8 - 0.6 * frailty))
    frame["falls"] = 10 + 2 * frailty + effect * frame["visited"] + rng.normal(0, 1, n)
    frame["practice"] = rng.integers(0, 40, n)
    return frame


def estimate(frame: pd.DataFrame, **more: object) -> WeightedEffect:
    """Return the weighted effect of a frame with this file's column names."""
    return weighted_effect(frame, **{"outcome": "falls", "treated": "visited", "covariates": COVARIATES, **more})


def groups_of(frame: pd.DataFrame, estimand: str) -> WeightedGroups:
    """Return a frame's rows as the kernels take them, age and living alone as covariates."""
    raw = frame[["age", "alone"]].to_numpy(float)
    columns = np.column_stack([np.ones(len(frame)), (raw - raw.mean(axis=0)) / raw.std(axis=0)])
    who = frame["visited"].to_numpy(bool)
    scores = propensity._fit(columns, ["age", "alone"], who)
    weights = propensity._weigh(scores, who, estimand)
    return WeightedGroups(
        outcome=frame["falls"].to_numpy(float),
        treated=who,
        columns=columns,
        scores=scores,
        weights=weights,
        estimand=estimand,
    )


def influence_of_outcome(rows: WeightedGroups) -> np.ndarray:
    """Return each row's pull on its own group's weighted mean by leaving it out."""
    both = [influence._mean(rows, rows.outcome, side)[1] for side in (rows.treated, ~rows.treated)]
    return influence._leave_out(rows, both[0] + both[1])


def stacked_error(rows: WeightedGroups, method: str) -> float:
    """Return the standard error of all equations solved at once, their derivatives taken by differences."""
    x, y, t, k = rows.columns, rows.outcome, rows.treated, rows.columns.shape[1]
    stands = {"ATE": np.ones(len(y)), "ATT": t, "ATC": ~t}[rows.estimand] * 1.0

    def equations(values: np.ndarray) -> np.ndarray:
        """Return what each row adds to each equation: scores, two outcome regressions, four means."""
        scores = 1 / (1 + np.exp(-x @ values[:k]))
        heft = {"ATE": 1.0, "ATT": scores, "ATC": 1 - scores}[rows.estimand]
        on, off = values[k : 2 * k], values[2 * k : 3 * k]
        at = values[3 * k :]
        fits = (x @ on, x @ off) if method == "aipw" else (0 * y, 0 * y)
        return np.column_stack(
            [
                (t - scores)[:, None] * x,
                (t * (y - x @ on))[:, None] * x,
                (~t * (y - x @ off))[:, None] * x,
                stands * (fits[0] - fits[1] - at[0]),
                t * heft / scores * (y - fits[0] - at[1]),
                ~t * heft / (1 - scores) * (y - fits[1] - at[2]),
            ]
        )

    logit = Logit(t * 1.0, x).fit(disp=0, tol=1e-12).params
    arms = [np.linalg.lstsq(x[side], y[side], rcond=None)[0] for side in (t, ~t)]
    fits = [x @ arm if method == "aipw" else 0 * y for arm in arms]
    means = [np.average(fits[0] - fits[1], weights=stands)]
    means += [np.average(y - fit, weights=rows.weights * side) for fit, side in zip(fits, (t, ~t), strict=True)]
    solved = np.r_[logit, *arms, means]
    steps = np.eye(len(solved)) * 1e-5
    bread = np.column_stack(
        [(equations(solved + step) - equations(solved - step)).sum(axis=0) / 2e-5 for step in steps]
    )
    turned = np.linalg.inv(bread)
    variance = turned @ (equations(solved).T @ equations(solved)) @ turned.T
    contrast = np.r_[np.zeros(3 * k), 1, 1, -1]
    return math.sqrt(contrast @ variance @ contrast)


def test_the_effect_is_that_of_hand_arithmetic() -> None:
    """Two wards with gaps of 2 and 5, and 6 and 2 visited people in them: 2.75 on the treated, and so on."""
    ward, visited = ["a"] * 8 + ["b"] * 10, [1] * 6 + [0] * 2 + [1] * 2 + [0] * 8
    falls = [4, 6, 4, 6, 4, 6, 2, 4, 9, 11, *[4, 6] * 4]
    frame = pd.DataFrame({"ward": ward, "visited": visited, "falls": falls})
    by_hand = {"ATT": (6 * 2 + 2 * 5) / 8, "ATE": (8 * 2 + 10 * 5) / 18, "ATC": (2 * 2 + 8 * 5) / 10}
    for estimand, method in BOTH:
        found = estimate(frame, covariates=["ward"], estimand=estimand, method=method)
        assert found.estimate.value == pytest.approx(by_hand[estimand], rel=SOLVED)
        assert found.mean_treated - found.mean_control == pytest.approx(found.estimate.value, rel=EXACT)


@pytest.mark.parametrize("estimand", ["ATT", "ATE", "ATC"])
def test_known_weights_give_the_robust_error_of_weighted_least_squares(estimand: str) -> None:
    """With the weights as known the error is HC0's; the model's own error, which takes weights for sizes, is not."""
    frame = people()
    found = estimate(frame, estimand=estimand, scores="known")
    fit = WLS(frame["falls"], add_constant(frame["visited"] * 1.0), weights=found.weights.weights)
    assert found.estimate.value == pytest.approx(fit.fit().params.iloc[1], rel=SOLVED)
    assert found.estimate.std_error == pytest.approx(fit.fit(cov_type="HC0").bse.iloc[1], rel=SOLVED)
    assert abs(fit.fit().bse.iloc[1] / found.estimate.std_error - 1) > 0.02


@pytest.mark.parametrize(("estimand", "method"), BOTH)
def test_estimated_scores_give_the_error_of_all_equations_at_once(estimand: str, method: str) -> None:
    """The error equals the sandwich of scores, regressions and means solved together, but for leaving rows out."""
    rows = groups_of(people(), estimand)
    kernel = weighted_means if method == "ipw" else augmented_means
    assert standard_error(kernel(rows)[2], None) == pytest.approx(stacked_error(rows, method), rel=0.03)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oda.evaluate.weighting.influence._leave_out", lambda _, pull: pull)
        assert standard_error(kernel(rows)[2], None) == pytest.approx(stacked_error(rows, method), rel=NUMERIC)


def test_a_row_pulls_as_much_as_leaving_it_out_would() -> None:
    """With weights as they are, dropping one row moves its group's weighted mean by that row's pull over all rows."""
    rows = groups_of(people(60), "ATE")
    pull = influence_of_outcome(rows)
    for row in (0, 7, 31):
        side = rows.treated == rows.treated[row]
        rest = side & (np.arange(60) != row)
        means = [np.average(rows.outcome[some], weights=rows.weights[some]) for some in (side, rest)]
        assert pull[row] / 60 == pytest.approx(means[0] - means[1], rel=EXACT)


@pytest.mark.parametrize(("estimand", "method"), BOTH)
def test_a_planted_effect_is_found_where_the_raw_difference_is_wrong(estimand: str, method: str) -> None:
    """Visited people are frailer, so they fall more; weighting finds the 2 falls that visits add."""
    found = estimate(people(8000), estimand=estimand, method=method)
    assert found.raw.value > 3
    assert found.estimate.value == pytest.approx(2, abs=3 * found.estimate.std_error)
    assert found.estimate.std_error < 0.1


def test_a_planted_effect_is_found_without_noise() -> None:
    """Where falls follow the covariates exactly, the augmented estimate is the planted effect."""
    frame = people().assign(falls=lambda rows: 3 * rows["age"] + rows["alone"] + 2 * rows["visited"])
    frame["falls"] += np.random.default_rng(1).normal(0, 1e-5, len(frame))
    assert estimate(frame, method="aipw").estimate.value == pytest.approx(2, abs=1e-5)


def test_augmented_weighting_forgives_one_wrong_model() -> None:
    """With scores that leave out a curve the outcome regression mends it, and plain weighting does not."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=20_000)
    frame = pd.DataFrame({"x": x, "z": x + x**2, "visited": rng.random(20_000) < 1 / (1 + np.exp(1 - x - 0.5 * x**2))})
    frame["falls"] = 2 * frame["visited"] + x + rng.normal(size=20_000)
    plain, mended = (
        estimate(frame, covariates=["x"], method=method, estimand="ATT").estimate for method in ("ipw", "aipw")
    )
    assert mended.value == pytest.approx(2, abs=0.06)
    frame["falls"] += x**2
    wrong, right = (estimate(frame, covariates=names, method="aipw").estimate for names in (["x"], ["x", "z"]))
    assert abs(wrong.value - 2) > 0.2
    assert right.value == pytest.approx(2, abs=0.06)
    assert plain.n_obs == 20_000


def test_a_covariate_alike_in_both_groups_leaves_the_difference_in_means() -> None:
    """With everything even from the start the weighted effect is the plain difference, and Welch's but for n - 1."""
    frame = pd.DataFrame({"visited": [1] * 40 + [0] * 60, "ward": ["a", "b"] * 50})
    frame["falls"] = np.random.default_rng(9).normal(5, 2, 100)
    found = estimate(frame, covariates=["ward"], scores="known")
    one, none = frame.loc[:39, "falls"], frame.loc[40:, "falls"]
    assert found.estimate.value == pytest.approx(one.mean() - none.mean(), rel=SOLVED)
    assert found.estimate.std_error == pytest.approx(
        math.sqrt(one.var(ddof=0) / 40 + none.var(ddof=0) / 60), rel=SOLVED
    )
    assert found.estimate.df == pytest.approx(39, rel=SOLVED)


def test_the_raw_difference_is_the_two_sample_t_test() -> None:
    """What stands beside the effect is the textbook comparison, labelled as no effect."""
    frame = people()
    expected = stats.ttest_ind(*(frame.loc[frame["visited"] == side, "falls"] for side in (True, False)))
    raw = estimate(frame).raw
    assert raw.p_value == pytest.approx(expected.pvalue, rel=1e-8)
    assert (raw.ci_low, raw.ci_high) == pytest.approx(tuple(expected.confidence_interval()), rel=EXACT)
    assert raw.cautions == ("This compares the groups as they are; it is no effect.",)


def covered(estimand: str, method: str, draws: int) -> float:
    """Return the share of made-up samples of 300 whose 95 % interval holds the planted effect."""
    held = []
    for seed in range(draws):
        frame = people(300, seed)  # here ward bears on who is visited alone, and may be left out
        rows = groups_of(frame.assign(falls=frame["falls"] + 2 * (frame["ward"] == "west")), estimand)
        (one, none), _, pull = (weighted_means if method == "ipw" else augmented_means)(rows)
        df = min(effective_size(rows.weights[side]) for side in (rows.treated, ~rows.treated)) - 1
        held.append(abs(one - none - 2) < stats.t.ppf(0.975, df) * standard_error(pull, None))
    return float(np.mean(held))


@pytest.mark.parametrize(("estimand", "method"), [("ATT", "ipw"), ("ATE", "aipw")])
def test_intervals_hold_the_truth_about_as_often_as_they_say(estimand: str, method: str) -> None:
    """Over 400 made-up samples of 300 the 95 % interval holds the effect in 92.5 to 97.5 per cent of them."""
    assert ROUGHLY[0] <= covered(estimand, method, 400) <= ROUGHLY[1]


@pytest.mark.slow
@pytest.mark.parametrize(("estimand", "method"), BOTH)
def test_intervals_hold_the_truth_as_often_as_they_say(estimand: str, method: str) -> None:
    """Over 2,000 made-up samples of 300 the 95 % interval holds the effect in 93 to 97 per cent of them."""
    assert COVERED[0] <= covered(estimand, method, 2000) <= COVERED[1]


@pytest.mark.slow
@pytest.mark.parametrize("treated", [5, 15])
def test_whole_clusters_reject_a_true_null_one_time_in_twenty(treated: int) -> None:
    """With 5 or 15 of 30 practices treated as wholes and no effect, 3 to 7 tests in 100 cry wolf."""
    rng, wolf, of = np.random.default_rng(treated), [], 2000
    codes = np.repeat(np.arange(30), 20)
    for _ in range(of):
        shock = rng.normal(size=(30, 2))[codes] / 2
        frame = pd.DataFrame({"age": rng.normal(size=600) + shock[:, 0], "alone": rng.random(600) < 0.5})
        frame["visited"] = codes < treated
        frame["falls"] = frame["age"] + shock[:, 1] + rng.normal(size=600)
        (one, none), _, pull = weighted_means(groups_of(frame, "ATT"))
        critical = stats.t.ppf(0.975, min(treated, 30 - treated) - 1)
        wolf.append(abs(one - none) > critical * standard_error(pull, codes))
    assert 0.03 <= np.mean(wolf) <= 0.07


def test_clusters_of_copies_count_once() -> None:
    """A sample copied four times says no more: clustered by person, the error stays but for the factor of clusters."""
    frame = people(200).assign(person=np.arange(200))
    found, copied = estimate(frame), estimate(pd.concat([frame] * 4), cluster="person")
    factor = math.sqrt(200 / 199)
    assert copied.std_error_estimated == pytest.approx(found.std_error_estimated * factor, rel=0.03)
    assert copied.std_error_known == pytest.approx(found.std_error_known * factor, rel=SOLVED)
    assert (copied.estimate.n_obs, copied.estimate.n_clusters) == (800, 200)
    assert "clustered by person" in copied.estimate.method


def test_degrees_of_freedom_follow_the_rarer_kind_of_cluster() -> None:
    """With 8 of 40 practices treated as wholes 7 degrees of freedom remain; with people treated within them, 39."""
    frame = people(2000)
    whole = frame.assign(visited=frame["practice"] < 8)
    assert estimate(whole, cluster="practice").estimate.df == 7
    assert estimate(whole, cluster="practice").estimate.n_treated == 8
    assert estimate(frame, cluster="practice").estimate.df == 39


def test_trimmed_rows_are_left_out_and_said() -> None:
    """The effect after trimming is that of the rows kept, counts only them, and says so."""
    found = estimate(people(), estimand="ATE", trim=0.2)
    out = int(found.weights.groups["trimmed"].sum())
    assert out > 0
    assert found.estimate.n_obs == 500 - out
    assert found.raw.n_obs == 500
    assert any("were trimmed" in said for said in found.estimate.cautions)


def test_what_the_weights_cannot_mend_changes_the_reading() -> None:
    """The unmeasured is always said; heavy weights and covariates still uneven when there are any."""
    assert len(estimate(people(8000)).estimate.cautions) == 1
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"age": rng.normal(size=150)})
    frame["visited"] = rng.random(150) < 1 / (1 + np.exp(-3 * frame["age"]))
    frame["falls"] = rng.normal(size=150)
    said = " ".join(estimate(frame, covariates=["age"], estimand="ATE").estimate.cautions)
    assert "Only the covariates given are evened out" in said
    assert "weigh more than 10" in said
    assert "still differ by more than 0.1 standard deviations in: age" in said


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.sample(frac=1, random_state=4),
        lambda frame: frame.assign(age=frame["age"] * 1e4 - 3e5),
        lambda frame: frame.assign(ward=frame["ward"].map({"north": "z", "south": "y", "west": "x"})),
        lambda frame: frame.assign(falls=frame["falls"] + 1000),
        lambda frame: frame.assign(practice="p" + (99 - frame["practice"]).astype(str)),
        lambda frame: frame.set_index(np.zeros(len(frame), dtype=int)),
        lambda frame: frame.rename(columns={"age": "weight"}),
    ],
    ids=["rows shuffled", "age rescaled", "wards renamed", "falls shifted", "practices renamed", "one index", "weight"],
)
@pytest.mark.parametrize("method", ["ipw", "aipw"])
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame], method: str) -> None:
    """Row order, labels, the units of covariates and a shift of the outcome leave the effect and its error alone."""
    frame = people(1000)
    changed = change(frame)
    names = [name for name in ("age", "weight", "alone", "ward") if name in changed]
    here = estimate(frame, method=method, cluster="practice")
    there = estimate(changed, method=method, cluster="practice", covariates=names)
    for name in ("value", "ci_low", "ci_high", "std_error", "df"):
        assert getattr(there.estimate, name) == pytest.approx(getattr(here.estimate, name), rel=EXACT), name
    assert there.raw.value == pytest.approx(here.raw.value, rel=EXACT)


def test_a_scaled_outcome_scales_the_effect() -> None:
    """In pence the effect is a hundred times that in pounds, with the same p-value."""
    here, there = (estimate(people().assign(falls=lambda rows, by=by: rows["falls"] * by)) for by in (1, 100))
    assert there.estimate.value == pytest.approx(100 * here.estimate.value, rel=EXACT)
    assert there.estimate.p_value == pytest.approx(here.estimate.p_value, rel=1e-6)


def test_the_hash_seed_changes_nothing() -> None:
    """Python's random order of sets, which differs between runs, reaches no figure."""
    code = "from test_weighted import *; print(repr(estimate(people(), method='aipw').estimate))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == f"{estimate(people(), method='aipw').estimate!r}\n".encode()


def test_the_sentence_says_whom_it_is_about() -> None:
    """An effect on the treated, on all and on the untreated are said apart; the unmeasured is said each time."""
    frame = people(4000)
    for estimand, words in {
        "ATT": "than it would have been without the treatment (95% interval:",
        "ATE": "with everyone treated than with no one treated (95% interval:",
        "ATC": "if treated than if left as it was (95% interval:",
    }.items():
        said = sentence(estimate(frame, estimand=estimand, measured_in="falls a year"))
        assert words in said
        assert said.endswith("what else sets the groups apart is still in the estimate.")
    assert "falls a year higher" in said


@pytest.mark.parametrize(
    ("broken", "more", "words"),
    [
        (lambda f: f, {"outcome": "x"}, r"No column 'x'"),
        (lambda f: f.assign(falls=f["falls"].where(f.index > 6)), {}, r"A value is missing of 500 rows: 'falls' in 7"),
        (lambda f: f.assign(age=f["age"].where(f.index > 6)), {}, r"A value is missing of 500 rows: 'age' in 7"),
        (lambda f: f.assign(practice=f["practice"].where(f.index > 1)), {"cluster": "practice"}, r"'practice' in 2"),
        (lambda f: f.assign(falls=f["falls"].astype(str)), {}, r"The falls is not a column of numbers"),
        (lambda f: f.assign(falls=3), {}, r"'falls' does not vary within the groups"),
        (lambda f: f.assign(falls=f["visited"] * 3.3), {}, r"'falls' does not vary within the groups"),
        (lambda f: f, {"method": "match"}, r"method is 'match'. Give one of 'ipw', 'aipw'"),
        (
            lambda f: f,
            {"scores": "guessed"},
            r"scores is 'guessed'. Give one of 'known', 'estimated'|'estimated', 'known'",
        ),
        (lambda f: f, {"estimand": "LATE"}, r"estimand is 'LATE'"),
        (lambda f: f, {"level": 95}, r"level is 95"),
        (lambda f: f, {"covariates": ["age", "falls"]}, r"two parts: 'falls'"),
        (lambda f: f.assign(alone=f["visited"]), {}, r"'alone' alone settles who is treated"),
        (
            lambda f: f.assign(practice=f["practice"] % 6),
            {"cluster": "practice"},
            r"There are 6 clusters of 'practice'",
        ),
        (
            lambda f: f.assign(practice=f["practice"] % 6, visited=f["practice"] % 6 == 0),
            {"cluster": "practice"},
            r"1 of 6 clusters of 'practice' are treated, each as a whole; .* use difference_in_differences",
        ),
        (
            lambda f: f.assign(visited=f["practice"] < 4),
            {"cluster": "practice"},
            r"4 of 40 clusters of 'practice' are treated, each as a whole; at least 30, with 5 treated",
        ),
        (
            lambda f: pd.concat([f[f["visited"]].head(4), f[~f["visited"]]]),
            {"covariates": ["age", "alone", "ward"], "method": "aipw", "estimand": "ATE"},
            r"A group of 4 rows cannot bear an outcome regression|settles",
        ),
        (
            lambda f: pd.concat([f[f["visited"]].head(2), f[~f["visited"]]]),
            {"covariates": ["age"]},
            r"A weighted group is worth 2.0 rows|settles",
        ),
    ],
)
def test_a_broken_design_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str
) -> None:
    """Each design that cannot bear an effect is refused in a sentence, and the data stay as they were."""
    frame = broken(people())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        estimate(frame, **more)
    pd.testing.assert_frame_equal(frame, copy)


def test_the_data_are_left_alone() -> None:
    """Estimating changes nothing in the frame that was handed over."""
    frame = people()
    copy = frame.copy(deep=True)
    estimate(frame, cluster="practice", method="aipw")
    pd.testing.assert_frame_equal(frame, copy)
