"""Difference-in-differences with few districts: the right number, an honest interval, and no broken design."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda.datasets import Synthetic
from oda.errors import DesignError
from oda.evaluate import Comparison, difference_in_differences, sentence
from oda.evaluate.comparing.comparison import infer
from oda.evaluate.inference.collapsed import collapse_fit
from oda.evaluate.inference.permutation import permute
from oda.pilot import District, Pilot
from oda.synthetic import make_falls

EXACT = 1e-10  # relative; sums taken in another order differ by rounding alone
DRAWS = 2000  # of each null; the binomial standard error of a 5 per cent rate is then half a point
SIZE = (0.035, 0.065)  # three such standard errors about 5 per cent
SEEDS = 500  # of made-up falls, 0 to 499; the binomial standard error of 95 per cent is then one point
COVERED = (0.93, 0.975)  # two such standard errors below and two and a half above; 2,000 seeds give 95.5 per cent
MONTHS = pd.period_range("2024-01", periods=8, freq="M")
START = pd.Period("2024-05", freq="M")
NAMES = {"outcome": "n", "unit": "district", "time": "month", "cohort": "start", "exposure": "people"}


def panel(treated: int = 2, of: int = 6, seed: int = 1) -> pd.DataFrame:
    """Return districts by months with counts of a hundred or so; the first districts are treated."""
    rng = np.random.default_rng(seed)
    rows = [(f"d{place}", month, 1000 * (place + 5)) for place in range(of) for month in MONTHS]
    frame = pd.DataFrame(rows, columns=["district", "month", "people"])
    frame["n"] = rng.poisson(frame["people"] / 50)
    return with_starts(frame, {f"d{place}": START for place in range(treated)})


def with_starts(frame: pd.DataFrame, starts: dict[str, pd.Period]) -> pd.DataFrame:
    """Return the frame with these starts by district."""
    return frame.assign(start=pd.PeriodIndex(frame["district"].map(starts), freq="M"))


def estimate(frame: pd.DataFrame, **more: object) -> Comparison:
    """Return the difference-in-differences of a frame with this file's column names."""
    return difference_in_differences(frame, **{**NAMES, **more})


def log_changes(frame: pd.DataFrame) -> pd.Series:
    """Return each district's change of the logarithm of its rate, the slow way."""
    changes = {}
    for district, rows in frame.groupby("district"):
        late = rows["month"] >= START
        rate = [rows.loc[side, "n"].sum() / rows.loc[side, "people"].sum() for side in (late, ~late)]
        changes[district] = math.log(rate[0] / rate[1])
    return pd.Series(changes)


def test_it_equals_hand_arithmetic() -> None:
    """With changes of 0.8 in one district, 1.1 and 1 / 1.1 in two others, the effect is 0.8 and the t value 1.35."""
    rates = {"d0": (100, 80), "d1": (100, 110), "d2": (110, 100)}
    rows = [(d, MONTHS[i], r[i // 4], 1.0) for d, r in rates.items() for i in range(8)]
    frame = with_starts(pd.DataFrame(rows, columns=["district", "month", "n", "people"]), {"d0": START})
    found = estimate(frame).estimate
    spread = math.log(1.1) * math.sqrt(2)  # the standard deviation of two changes of the same size, up and down
    assert found.value == pytest.approx(0.8, rel=EXACT)
    assert found.std_error == pytest.approx(spread * math.sqrt(1.5), rel=EXACT)
    reach = math.tan(0.475 * math.pi) * spread * math.sqrt(1.5)  # t with 1 degree of freedom is Cauchy's
    assert (found.ci_low, found.ci_high) == pytest.approx((0.8 * math.exp(-reach), 0.8 * math.exp(reach)), rel=1e-8)
    assert (found.df, found.n_obs, found.n_clusters, found.n_treated) == (1, 24, 3, 1)


@pytest.mark.parametrize("treated", [1, 2, 3])
def test_it_is_the_two_sample_t_test_of_the_changes(treated: int) -> None:
    """The estimate, its p-value and its interval are those of the textbook t test of one change a district."""
    frame = panel(treated)
    changes = log_changes(frame)
    expected = stats.ttest_ind(changes.iloc[:treated], changes.iloc[treated:])
    interval = np.exp(expected.confidence_interval(0.9))
    found = estimate(frame, level=0.9).estimate
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.ci_low, found.ci_high) == pytest.approx(tuple(interval), rel=1e-9)


def test_a_planted_effect_is_found_without_noise() -> None:
    """When visits cut every treated district's rate by 15 per cent exactly, the estimate is 0.85 exactly."""
    frame = panel(3)
    season = 1 + frame["month"].dt.month / 10  # alike everywhere
    drift = frame["district"].map({f"d{i}": 1 + (i % 3 - 1) / 50 for i in range(6)}).where(frame["month"] >= START, 1)
    planted = np.where(frame["start"].notna() & (frame["month"] >= START), 0.85, 1)
    found = estimate(frame.assign(n=frame["people"] * season * drift * planted)).estimate
    assert found.value == pytest.approx(0.85, rel=1e-9)


def falls_pilot() -> Pilot:
    """Return the settings of the Worcestershire pilot, with visits in every second district, in three waves."""
    waves = ["2025-04", None, "2025-06", None, "2025-08", None]
    codes = [f"E0700023{digit}" for digit in range(4, 10)]
    districts = tuple(District(code=code, name=code, visits_from=wave) for code, wave in zip(codes, waves, strict=True))
    about = SimpleNamespace(oda="worcestershire", start_date=dt.date(2025, 4, 1))
    return Pilot.model_construct(districts=districts, pilot=about)


def made_up(pilot: Pilot, seed: int, planted: float) -> pd.DataFrame:
    """Return made-up falls with an effect planted, with this file's column names."""
    starts = {d.code: pd.Period(d.visits_from, freq="M") for d in pilot.districts if d.visits_from}
    frame = make_falls(pilot, Synthetic(generator="falls", seed=seed, planted_rate_ratio=planted))
    frame["month"] = pd.PeriodIndex(frame["period"], freq="M")
    names = {"district_code": "district", "admissions": "n", "population": "people"}
    return with_starts(frame.rename(columns=names), starts)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Over 500 made-up falls pilots, the 95 % interval holds the planted effect in 93 to 97.5 per cent of them."""
    pilot = falls_pilot()
    found = [estimate(made_up(pilot, seed, 0.85)).estimate for seed in range(SEEDS)]
    assert COVERED[0] <= np.mean([one.ci_low <= 0.85 <= one.ci_high for one in found]) <= COVERED[1]
    middle = np.mean([math.log(one.value) for one in found])
    assert math.exp(middle) == pytest.approx(0.85, rel=0.01)  # the standard error of the mean is a quarter of this


def null_changes(kind: str) -> np.ndarray:
    """Return log changes without any effect, shape (draws, six districts), of eight quarters before and four after."""
    rng = np.random.default_rng(len(kind))
    noise = rng.normal(0, 0.08, (DRAWS, 6, 12))
    if kind == "serial correlation":
        for quarter in range(1, 12):
            noise[..., quarter] += 0.6 * noise[..., quarter - 1]
    counts = rng.poisson(300 * np.exp(noise))
    changes: np.ndarray = np.log(counts[..., 8:].mean(axis=-1) / counts[..., :8].mean(axis=-1))
    return changes


@pytest.mark.parametrize("kind", ["shocks", "serial correlation"])
@pytest.mark.parametrize("treated", [1, 2, 3])
def test_a_true_null_is_rejected_one_time_in_twenty(kind: str, treated: int) -> None:
    """With no effect the test cries wolf about 5 times in 100, however few districts are treated."""
    who = (np.arange(6) < treated).astype(float)
    options = {"units": "districts", "inference": "auto", "level": 0.95, "permuted": None, "plain": True}
    p_values = []
    for changes in null_changes(kind):
        found = collapse_fit(changes, who, np.empty((6, 0)), None, name="treated")
        p_values.append(infer(found, **options)[0].p_value)
    assert SIZE[0] <= np.mean(np.array(p_values) < 0.05) <= SIZE[1]


def test_waves_share_one_before_and_one_after() -> None:
    """With starts in April, June and August, April to July are on neither side."""
    found = estimate(made_up(falls_pilot(), 65, 0.85))
    assert found.left_out == 4
    assert [str(period) for period in (*found.before, *found.after)] == ["2022-04", "2025-03", "2025-08", "2026-07"]


def test_the_method_says_what_the_inference_rests_on() -> None:
    """The footnote gives the number of districts, how many were treated, and the degrees of freedom."""
    assert estimate(panel(1, of=3)).estimate.method == (
        "difference-in-differences on one before-and-after change for each of 3 districts (1 treated), "
        "t test with 1 degree of freedom"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.sample(frac=1, random_state=4),
        lambda frame: frame.assign(district=frame["district"].map(lambda name: f"z{9 - int(name[1:])}")),
        lambda frame: frame.assign(people=frame["people"] * 10),
        lambda frame: frame.assign(n=frame["n"] * 1e6),
        lambda frame: frame.rename(columns={"n": "pay rise (£)"}).assign(n=frame["n"], post=1, treated=0),
    ],
    ids=["rows shuffled", "districts renamed", "people in tens", "outcome in millionths", "other columns"],
)
@pytest.mark.parametrize("treated", [2, 3])
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame], treated: int) -> None:
    """The order of rows, the names of districts and the units of counts leave every figure as it is."""
    frame = panel(treated)
    here, there = (estimate(data).estimate.to_dict() for data in (frame, change(frame)))
    figures = ["value", "ci_low", "ci_high", "std_error", "p_value", "permutation_p", "smallest_p"]
    assert [there[name] for name in figures] == pytest.approx([here[name] for name in figures], rel=EXACT)


def test_the_hash_seed_changes_nothing() -> None:
    """Python's random order of sets, which differs between runs, reaches no figure."""
    code = "from test_differences import *; print(repr(estimate(panel(2)).estimate))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "012"
    }
    assert said == {f"{estimate(panel(2)).estimate!r}\n".encode()}


@pytest.mark.parametrize("scale", [1.0, 1e6])
@pytest.mark.parametrize(("treated", "of"), [(1, 6), (2, 6), (3, 6), (3, 8), (4, 8)])
def test_the_permutation_p_equals_brute_force(treated: int, of: int, scale: float) -> None:
    """Re-assigning the visits in every possible way gives the share of gaps at least as large as the actual one."""
    frame = panel(treated, of, seed=treated + of)
    changes, gaps = log_changes(frame).to_numpy(), []
    for pick in itertools.combinations(range(of), treated):
        who = np.isin(range(of), pick)
        gaps.append(abs(changes[who].mean() - changes[~who].mean()))
    found = estimate(frame.assign(n=frame["n"] * scale)).estimate
    assert found.permutation_p == np.mean(np.array(gaps) >= gaps[0] - 1e-12)  # the first pick is the actual one


@pytest.mark.parametrize(
    ("treated", "of", "smallest"), [(1, 6, 1 / 6), (2, 6, 1 / 15), (3, 6, 2 / 20), (1, 20, 1 / 20)]
)
def test_the_smallest_p_is_the_one_that_a_huge_effect_gives(treated: int, of: int, smallest: float) -> None:
    """With 3 of 6 districts treated no effect, however large, gives a p by re-assignment below 0.10."""
    frame = panel(treated, of)
    huge = frame["n"].where(frame["start"].isna() | (frame["month"] < START), frame["n"] * 1000)
    found = estimate(frame.assign(n=huge)).estimate
    assert found.smallest_p == pytest.approx(smallest)
    assert found.permutation_p == pytest.approx(smallest)


def test_ties_count_as_ties() -> None:
    """Two districts that changed alike are alike in every re-assignment, whatever rounding does to their figures."""
    changes = np.log(np.array([0.7, 0.7 * (1 + 1e-15), 1.3, 1.1]))
    assert permute(changes, np.array([True, False, False, False])).p_value == 0.75


def test_too_many_ways_are_not_counted() -> None:
    """With 16 of 33 districts treated there are over a thousand million ways, so no p by re-assignment is given."""
    found = estimate(panel(16, of=33)).estimate
    assert found.permutation_p is None
    assert found.smallest_p == 1 / math.comb(33, 16)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda f: f.drop(columns=["n", "people"]), r"No column 'n', 'people'. There is: 'district'"),
        (lambda f: f.assign(n=f["n"].where(f.index != 3)), r"^A value is missing of 48 rows: 'n' in 1\. Fill them"),
        (
            lambda f: f.assign(people=f["people"].where(f.index > 1)),
            r"^A value is missing of 48 rows: 'people' in 2\. Fill them",
        ),
        (lambda f: f.assign(n=f["n"].astype(object)), r"The n is not a column of numbers"),
        (lambda f: f.assign(n=f["n"].astype(str)), r"The n is not a column of numbers"),
        (lambda f: f.assign(n=f["n"].where(f.index != 3, -1)), r"The n of 1 of 48 rows is below 0"),
        (lambda f: f.assign(people=f["people"].where(f.index != 3, np.inf)), r"The people of 1 of 48 rows is infinite"),
        (lambda f: f.assign(month=f["month"].astype(str)), r"Give pandas periods"),
        (lambda f: f.iloc[:0], r"^The data have no row\."),
        (lambda f: pd.concat([f, f.iloc[:2]]), r"^2 of 50 rows repeat a period of one of the districts"),
        (lambda f: f.drop(index=5), r"^1 of 48 rows, one a period for each of the districts, are not there"),
        (lambda f: f.assign(start=f["start"].where(f.index != 0)), r"^1 of 6 districts have more than one start"),
        (lambda f: f.assign(start=f["start"].dt.asfreq("Q")), r"is no start where 'month' is of period\[M\]"),
        (lambda f: with_starts(f, {}), r"^0 of 6 districts are treated"),
        (lambda f: with_starts(f, dict.fromkeys(f["district"], START)), r"^6 of 6 districts are treated"),
        (lambda f: f[f["district"] < "d2"].pipe(with_starts, {"d0": START}), r"^1 of 2 districts are treated"),
        (lambda f: with_starts(f, {"d0": MONTHS[0]}), r"no data before January 2024, their start; the data run from"),
        (lambda f: with_starts(f, {"d0": MONTHS[-1] + 1}), r"start in September 2024 or later, after the data"),
        (lambda f: with_starts(f, {"d0": MONTHS[0], "d1": MONTHS[-1] + 3}), r"no data before January 2024"),
        (lambda f: f.assign(n=f["n"].where(f["month"] < START, 0)), r"^Nothing is counted on one side in any unit"),
        (lambda f: f.assign(n=f["people"]), r"The changes of all units of a group are the same"),
    ],
)
def test_a_broken_design_is_refused(broken: Callable[[pd.DataFrame], pd.DataFrame], words: str) -> None:
    """Each design that cannot bear an estimate is refused in a sentence, and the data stay as they were."""
    frame = broken(panel(2))
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        estimate(frame)
    pd.testing.assert_frame_equal(frame, copy)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_a_level_that_is_no_share_is_refused(level: float) -> None:
    """A 95 % interval is asked for by 0.95, not by 95."""
    with pytest.raises(DesignError, match="level is"):
        estimate(panel(2), level=level)


def test_an_option_that_there_is_not_is_refused() -> None:
    """A misspelt scale would turn a difference into a ratio, and a text would be split into letters."""
    for scale in ("pct", "log"):
        with pytest.raises(DesignError, match=f"^scale is '{scale}'. Give 'ratio' or 'difference'.$"):
            estimate(panel(2), scale=scale)
    with pytest.raises(DesignError, match=r"^covariates is the text 'people'. Give a list of columns"):
        estimate(panel(2), covariates="people")


def test_the_sentence_has_all_cautions() -> None:
    """No caution is kept from the reader of the sentence."""
    frame = panel(2)
    noisy = frame.assign(n=frame["n"].where(frame["district"] > "d1", frame["n"] * (1 + frame.index % 2)))
    found = estimate(noisy.assign(n=noisy["n"].where(noisy.index != 20, 0)))
    assert len(found.estimate.cautions) >= 2
    assert sentence(found).endswith(" ".join(found.estimate.cautions))


def test_an_endless_interval_is_refused() -> None:
    """Three districts of wildly different change at a level of 0.99999 span more than numbers can hold."""
    frame = panel(1, of=3)
    wild = frame["n"].where((frame["district"] != "d1") | (frame["month"] < START), frame["n"] * 1e6)
    with pytest.raises(DesignError, match="which says nothing"):
        estimate(frame.assign(n=wild), level=0.99999)


def test_the_data_are_left_alone() -> None:
    """Estimating changes nothing in the frame that was handed over."""
    frame = panel(2)
    copy = frame.copy(deep=True)
    estimate(frame)
    pd.testing.assert_frame_equal(frame, copy)
