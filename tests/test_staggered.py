"""Staggered adoption: the right group-time effects, and intervals that hold with six districts."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda.errors import DesignError
from oda.evaluate import StaggeredAdoption, sentence, staggered_adoption
from oda.evaluate.staggered.cells import lay_out, put_together
from oda.evaluate.staggered.chance import assignments
from oda.evaluate.staggered.panel import AdoptionPanel
from oda.evaluate.staggered.route import Worked, work_out

EXACT = 1e-10  # relative; sums taken in another order differ by rounding alone
YEARS = range(1, 9)
TWO_DATES = {"a": 4, "b": 6}  # 30 ways to give to six districts
THREE_DATES = {"a": 4, "b": 5, "c": 7}  # 120 ways
DRAWS = 500  # of each null; the binomial standard error of a 5 per cent rate is then one point
SIZE = (0.02, 0.08)  # three such standard errors about 5 per cent
MANY_DRAWS = 2000  # in the slow test; half a point
NARROW = (0.035, 0.065)  # three such standard errors about 5 per cent
NAMES = {"outcome": "visits", "unit": "district", "time": "year", "cohort": "start"}


def panel(starts: dict[str, int] = THREE_DATES, of: int = 6, seed: int = 1, effect: float = 0.0) -> pd.DataFrame:
    """Return districts by years of noise about a district's level, with an effect from each start on."""
    rng = np.random.default_rng(seed)
    names = [chr(97 + place) for place in range(of)]
    frame = pd.DataFrame([(name, year) for name in names for year in YEARS], columns=["district", "year"])
    frame["start"] = frame["district"].map(starts).astype(float)
    frame["visits"] = 50 + rng.normal(size=len(frame)) + effect * (frame["year"] >= frame["start"])
    return frame


def estimate(frame: pd.DataFrame, **more: object) -> StaggeredAdoption:
    """Return the staggered adoption of a frame with this file's column names."""
    return staggered_adoption(frame, **{**NAMES, **more})


def figures(found: StaggeredAdoption) -> np.ndarray:
    """Return every number of a result in one row, missing ones as -1."""
    numbers = ["value", "ci_low", "ci_high", "std_error"]
    frames = (found.overall, found.cells, found.by_event_time, found.by_cohort, found.by_period)
    parts = [frame[numbers].to_numpy().ravel() for frame in frames]
    e = found.estimate
    parts.append(np.array([e.value, e.ci_low, e.ci_high, e.p_value or -1, e.permutation_p or -1, e.smallest_p or -1]))
    return np.nan_to_num(np.concatenate(parts), nan=-1)


def slow_cells(frame: pd.DataFrame, *, controls: str, base: str, anticipation: int = 0) -> dict[tuple, float]:
    """Return the group-time effects by picking rows, one cell at a time."""
    found = {}
    wide = frame.pivot_table(index="district", columns="year", values="visits")
    starts = frame.groupby("district")["start"].first()
    for start in sorted(starts.dropna().unique()):
        for year in YEARS:
            before = start - 1 - anticipation
            behind = before if base == "universal" or year > before else year - 1
            if behind < 1 or behind == year:
                continue
            rest = starts.isna()
            if controls == "not yet":
                rest |= (starts > max(year, behind) + anticipation) & (starts != start)
            change = wide[year] - wide[behind]
            found[start, year] = change[starts == start].mean() - change[rest].mean()
    return found


@pytest.mark.parametrize("base", ["varying", "universal"])
@pytest.mark.parametrize("controls", ["never", "not yet"])
@pytest.mark.parametrize("anticipation", [0, 1])
def test_group_time_effects_equal_row_by_row_arithmetic(controls: str, base: str, anticipation: int) -> None:
    """Each effect is the cohort's change less that of districts untreated by then, picked row by row."""
    frame = panel({"a": 4, "b": 4, "c": 6, "d": 7}, of=7)
    found = estimate(frame, controls=controls, base=base, anticipation=anticipation).cells
    slow = slow_cells(frame, controls=controls, base=base, anticipation=anticipation)
    assert dict(zip(zip(found["cohort"], found["time"], strict=True), found["value"], strict=True)) == pytest.approx(
        slow
    )


def test_the_four_averages_equal_hand_arithmetic() -> None:
    """Each average weighs the effects after the start by their districts, in the way that its name says."""
    found = estimate(panel({"a": 4, "b": 4, "c": 6}))
    after = found.cells[found.cells["event_time"] >= 0]

    def mean(rows: pd.DataFrame) -> float:
        """Return the mean weighted by treated districts."""
        return float(np.average(rows["value"], weights=rows["n_treated"]))

    by = {key: [mean(rows) for _, rows in after.groupby(key)] for key in ("cohort", "event_time", "time")}
    expected = [mean(after), np.average(by["cohort"], weights=[2, 1]), np.mean(by["event_time"]), np.mean(by["time"])]
    assert found.overall["aggregation"].tolist() == ["simple", "group", "dynamic", "calendar"]
    assert found.overall["value"].tolist() == pytest.approx(expected, rel=EXACT)
    assert found.by_cohort["value"].tolist() == pytest.approx(by["cohort"], rel=EXACT)
    assert found.by_period["n_treated"].tolist() == [2, 2, 3, 3, 3]


@pytest.mark.parametrize("aggregation", ["simple", "group", "dynamic", "calendar"])
@pytest.mark.parametrize("weights", [None, "people"])
def test_the_permutation_p_equals_brute_force(aggregation: str, weights: str | None) -> None:
    """Estimating again with the dates given to the districts in each of 30 ways gives the share as far from zero."""
    frame = panel(TWO_DATES, effect=1.5).assign(people=lambda f: f["district"].map(ord) - 90.0)
    more = {"aggregation": aggregation, "weights": weights}
    here = estimate(frame, **more).estimate
    values = []
    for pair in itertools.permutations("abcdef", 2):
        dates = dict(zip(pair, (4, 6), strict=True))
        values.append(estimate(frame.assign(start=frame["district"].map(dates).astype(float)), **more).estimate.value)
    assert here.permutation_p == here.p_value == np.mean(np.abs(values) >= abs(here.value) - 1e-9)
    assert here.smallest_p == pytest.approx(1 / 30)


def test_the_interval_ends_where_the_test_begins_to_reject() -> None:
    """Taking an effect just inside the interval away leaves p above 0.05, and one just outside does not."""
    frame = panel(effect=2.0)
    here = estimate(frame).estimate
    on = frame["year"] >= frame["start"]
    for end, out in ((here.ci_low, -1), (here.ci_high, 1)):
        p = [
            estimate(frame.assign(visits=frame["visits"] - on * (end + step * out * 1e-6))).estimate for step in (-1, 1)
        ]
        assert p[0].p_value > 0.05 >= p[1].p_value


def test_assignments_are_all_there_and_different() -> None:
    """Six districts with two treated on one date and one on another have 60 assignments, each listed once."""
    rows, ways = assignments(np.array([0, 0, 1, 2, 2, 2]))
    assert ways == len(rows) == len({tuple(row) for row in rows.tolist()}) == 60
    assert {tuple(np.sort(row)) for row in rows} == {(0, 0, 1, 2, 2, 2)}
    codes = np.arange(20) % 5
    assert (assignments(codes)[0][0] == codes).all()  # of a draw, the actual one is the first


def test_a_planted_effect_is_found() -> None:
    """A true effect of 3 on top of noise of 1 lies in the interval, which excludes no effect."""
    e = estimate(panel(effect=3.0, seed=2)).estimate
    assert e.ci_low > 0
    assert e.ci_low <= 3 <= e.ci_high


@pytest.mark.parametrize("starts", [THREE_DATES, {"a": 5}])
def test_without_noise_the_effect_is_exact_and_no_chance_is_made_up(starts: dict[str, int]) -> None:
    """Districts that move alike but for the effect give it exactly; the width of nothing is said to say nothing."""
    frame = panel(starts)
    level = frame["district"].map(ord) + frame["year"] ** 2
    found = estimate(frame.assign(visits=level - 4.0 * (frame["year"] >= frame["start"])))
    assert found.estimate.value == pytest.approx(-4)
    assert "no width" in found.estimate.cautions[0]


def test_growing_effects_that_fool_two_way_fixed_effects_are_found() -> None:
    """Where every effect is 1 or more and grows, two-way fixed effects say -16.5, and the average is right."""
    frame = panel({"a": 2, "b": 2, "c": 6}, of=3)
    frame["visits"] = (frame["year"] - frame["start"] + 1).clip(lower=0).fillna(0) ** 2
    treated = (frame["year"] >= frame["start"]).astype(float)
    dummies = pd.get_dummies(frame[["district", "year"]].astype(str)).astype(float)
    two_way = np.linalg.lstsq(np.column_stack([treated, dummies]), frame["visits"], rcond=None)[0][0]
    found = estimate(frame, controls="not yet")
    truth = [np.mean([1, 4, 9, 16])]  # of the first cohort, while the second is untreated
    assert two_way == pytest.approx(-16.5)
    assert found.by_cohort["value"].tolist() == pytest.approx(truth)


def test_units_already_treated_are_no_comparison() -> None:
    """Whatever happens to an early district after its start, the effects of later cohorts stay as they are."""
    frame = panel()
    wild = frame["visits"].where((frame["district"] != "a") | (frame["year"] < 4), 1e6)
    for controls in ("never", "not yet"):
        here, there = (estimate(f, controls=controls).cells for f in (frame, frame.assign(visits=wild)))
        late = here["cohort"] > 4
        assert there.loc[late, "value"].tolist() == pytest.approx(here.loc[late, "value"].tolist(), rel=EXACT)


@pytest.mark.parametrize("treated", [1, 2, 3])
def test_one_date_and_two_periods_are_the_textbook_t_test(treated: int) -> None:
    """With one start, one period before and one after, it is the two-sample t test of the changes."""
    frame = panel(dict.fromkeys("abc"[:treated], 5))
    frame = frame[frame["year"].isin([4, 5])]
    change = frame.groupby("district")["visits"].agg(lambda rows: rows.iloc[1] - rows.iloc[0])
    expected = stats.ttest_ind(change.iloc[:treated], change.iloc[treated:])
    found = estimate(frame)
    e = found.estimate
    assert (e.p_value, e.df, found.inference) == (pytest.approx(expected.pvalue), 4, "t")
    assert (e.ci_low, e.ci_high) == pytest.approx(tuple(expected.confidence_interval()))
    assert e.smallest_p == pytest.approx({1: 1 / 6, 2: 1 / 15, 3: 2 / 20}[treated])  # in halves the mirror ties
    assert f"cannot give a p below {e.smallest_p:.2g}" in e.cautions[0]


def test_weights_widen_the_t_interval_as_they_are_uneven() -> None:
    """The variance of a weighted mean is the pooled one times the sum of squared shares."""
    frame = panel({"a": 5, "b": 5})
    frame = frame[frame["year"].isin([4, 5])].assign(weight=lambda f: f["district"].map(ord) - 96.0)
    change = frame.groupby("district")["visits"].agg(lambda rows: rows.iloc[1] - rows.iloc[0]).to_numpy()
    weight, groups = np.arange(1.0, 7), (slice(0, 2), slice(2, 6))
    pooled = sum(((change[group] - change[group].mean()) ** 2).sum() for group in groups) / 4
    shares = sum((weight[group] ** 2).sum() / weight[group].sum() ** 2 for group in groups)
    assert estimate(frame, weights="weight").estimate.std_error == pytest.approx(np.sqrt(pooled * shares))


def test_a_ratio_is_the_difference_of_logarithms() -> None:
    """With an exposure the effects are those of the logarithm of the rate, given as ratios."""
    frame = panel().assign(people=lambda f: 1000.0 + f["year"])
    frame["rate"] = np.log(frame["visits"] / frame["people"])
    ratio, logs = estimate(frame, exposure="people"), estimate(frame, outcome="rate")
    assert ratio.estimate.scale == "ratio"
    for name in ("value", "ci_low", "ci_high"):
        assert getattr(ratio.estimate, name) == pytest.approx(np.exp(getattr(logs.estimate, name)))
        assert ratio.cells[name].tolist() == pytest.approx(np.exp(logs.cells[name]).tolist())


def test_weights_stand_for_as_many_units() -> None:
    """A district of weight 3 counts as three districts of weight 1 with its figures."""
    frame = panel(TWO_DATES).assign(weight=lambda f: 1.0 + 2 * (f["district"] == "c"))
    copies = [frame[frame["district"] == "c"].assign(district=name) for name in ("c2", "c3")]
    weighted, copied = estimate(frame, weights="weight"), estimate(pd.concat([frame, *copies]))
    assert weighted.overall["value"].tolist() == pytest.approx(copied.overall["value"].tolist())


def test_standard_errors_come_from_each_units_influence() -> None:
    """Raising one district's weight a little moves each average; the root sum of squared slopes is its error."""
    frame, step = panel({"a": 4, "b": 4, "c": 6, "d": 6, "e": 7}, of=9).assign(weight=1.0), 1e-5
    here = estimate(frame, controls="not yet")
    slopes = []
    for name in "abcdefghi":
        sides = [frame.assign(weight=1 + sign * step * (frame["district"] == name)) for sign in (1, -1)]
        up, down = (estimate(side, controls="not yet", weights="weight").overall["value"] for side in sides)
        slopes.append((up - down) / (2 * step))
    errors = np.sqrt((np.array(slopes) ** 2).sum(axis=0))
    assert here.overall["std_error"].tolist() == pytest.approx(errors.tolist(), rel=1e-6)  # of a numerical derivative


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.sample(frac=1, random_state=4),
        lambda f: f.assign(district=f["district"].map(lambda name: f"z{200 - ord(name)}")),
        lambda f: f.assign(visits=f["visits"] + 1000),
        lambda f: f.assign(visits=f["visits"] + f["year"] ** 2 + f["district"].map(ord)),
        lambda f: f.assign(year=f["year"] + 2000, start=f["start"] + 2000),
        lambda f: f.rename(columns={"visits": "pay rise (£)"}).assign(visits=f["visits"], post=1, cohort=0, time=0),
    ],
    ids=["rows shuffled", "renamed", "shifted", "trend and levels", "other years", "other columns"],
)
@pytest.mark.parametrize("of", [6, 10, 40])
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame], of: int) -> None:
    """Rows' order, names, levels and common trends leave all figures as they are, listed, drawn or with many units."""
    starts = THREE_DATES if of == 6 else {chr(97 + i): 3 + i % (of // 2 if of < 30 else 4) for i in range(of // 2)}
    frame = panel(starts, of)
    here, there = estimate(frame), estimate(change(frame))
    assert (here.n_assignments > 20_000) == (of > 6)  # ten districts with five dates are drawn, not listed
    assert here.inference == ("permutation" if of < 30 else "influence function")
    assert figures(there) == pytest.approx(figures(here), rel=1e-8, abs=1e-10)  # a shift of 1,000 costs two digits


def test_units_of_the_outcome_scale_every_figure() -> None:
    """In millionths, effects and intervals are a million times as large and the p-values the same."""
    frame = panel()
    here, there = (estimate(f).estimate for f in (frame, frame.assign(visits=frame["visits"] * 1e6)))
    assert [there.value, there.ci_low, there.ci_high] == pytest.approx(
        [1e6 * here.value, 1e6 * here.ci_low, 1e6 * here.ci_high], rel=EXACT
    )
    assert there.p_value == here.p_value


def test_pandas_periods_are_kept() -> None:
    """Months in, months out, and the same effects as with whole numbers."""
    frame = panel()
    months = frame.assign(
        year=pd.PeriodIndex([f"2024-{year:02}" for year in frame["year"]], freq="M"),
        start=pd.PeriodIndex([None if np.isnan(s) else f"2024-{int(s):02}" for s in frame["start"]], freq="M"),
    )
    here, there = estimate(frame), estimate(months)
    assert figures(there) == pytest.approx(figures(here), rel=EXACT)
    assert there.by_cohort["cohort"].tolist() == [pd.Period(f"2024-{start:02}", freq="M") for start in (4, 5, 7)]


def test_the_hash_seed_changes_nothing() -> None:
    """Python's random order of sets reaches no figure."""
    code = "from test_staggered import *; print(repr(figures(estimate(panel({'a': 4, 'b': 5}, 12)))))"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert said == f"{figures(estimate(panel({'a': 4, 'b': 5}, 12)))!r}\n"


def test_the_route_follows_the_number_of_units() -> None:
    """Errors of influence functions are the headline from 30 districts with 5 on each side, and not with one fewer."""
    many = {chr(97 + i): 4 if i < 5 else 6 for i in range(10)}
    assert estimate(panel(many, of=30)).inference == "influence function"
    assert estimate(panel(many, of=29)).inference == "permutation"
    assert estimate(panel({**many, "a": 6}, of=30)).inference == "permutation"
    e = estimate(panel(many, of=30)).estimate
    assert (e.df, e.p_value) == (29, pytest.approx(2 * stats.t.sf(abs(e.value / e.std_error), 29)))


def test_many_ways_are_drawn_and_said() -> None:
    """With 30,240 ways 20,000 are drawn, the actual one among them, so that no p is below 1 in 20,000."""
    found = estimate(panel({"a": 3, "b": 4, "c": 5, "d": 6, "e": 7}, of=10, effect=9))
    assert found.n_assignments == 30_240
    assert found.estimate.smallest_p == 1 / 20_000
    assert 1 / 20_000 <= found.estimate.p_value <= 4 / 20_000  # a draw may be the actual assignment by chance
    assert "20,000 ways drawn at random" in found.estimate.method


def test_dates_that_all_differ_leave_single_effects_without_an_interval() -> None:
    """Six districts with six dates have a headline interval; that single effects have none is said."""
    found = estimate(panel({name: 2 + place for place, name in enumerate("abcdef")}), controls="not yet")
    assert found.inference == "permutation"
    assert found.cells["ci_low"].isna().all()
    assert any("single effects have no interval" in one for one in found.estimate.cautions)
    assert any("left out, since all districts are treated by then" in one for one in found.estimate.cautions)


def test_a_start_after_the_last_period_is_refused_not_taken_for_never() -> None:
    """A district that starts next year is given a missing start by whoever knows the data, not silently."""
    frame = panel()
    later = frame["start"].where(frame["district"] != "f", 9.0)
    with pytest.raises(DesignError, match=r"^1 of 6 districts start in 9 or later, after the data, which run to 8\."):
        estimate(frame.assign(start=later))


def test_effects_that_rest_on_one_district_are_counted() -> None:
    """Each row has its numbers of districts, and a caution counts those that rest on one."""
    found = estimate(panel({"a": 4, "b": 4, "c": 6}))
    alone = int((found.cells["n_treated"] == 1).sum())
    assert any(one.startswith(f"{alone} of {len(found.cells)} group-time effects") for one in found.estimate.cautions)


def test_a_noisier_treated_district_is_said() -> None:
    """When the treated districts vary three times as much before the start, a caution gives the factor."""
    frame = panel({"a": 7, "b": 7})
    wild = frame["visits"].where(~frame["district"].isin(["a", "b"]), 50 + 3 * (frame["visits"] - 50))
    assert any("times as much as the others" in one for one in estimate(frame.assign(visits=wild)).estimate.cautions)


def test_the_sentence_says_size_interval_average_and_caveat() -> None:
    """One paragraph: size, interval, what it averages over, and the first caution."""
    said = sentence(estimate(panel(effect=3.0, seed=2)), subject="The number of visits")
    assert said.startswith("The number of visits was ")
    assert "higher than it would have been without the treatment (95% interval: " in said
    assert "an average over 3 treated of 6 units with 3 start dates" in said
    assert "rest on one of the districts" in said


@pytest.mark.parametrize(
    ("broken", "more", "words"),
    [
        (lambda f: f.drop(columns=["visits", "start"]), {}, r"^No column 'visits', 'start'. There is: 'district'"),
        (lambda f: f.assign(visits=f["visits"].where(f.index != 3)), {}, r"'visits' in 1"),
        (lambda f: f.assign(visits=f["visits"].astype(str)), {}, r"'visits' is not a column of numbers"),
        (lambda f: f.assign(visits=f["visits"].where(f.index != 3, np.inf)), {}, r"of 1 of 48 rows is infinite"),
        (lambda f: f.assign(start=f["start"].fillna(0)), {}, r"3 of 6 districts have a 'start' of 0 .* missing value"),
        (lambda f: f.assign(start=f["start"].replace(4, 1)), {}, r"1 of 6 districts .* treated from the start have no"),
        (lambda f: f.drop(index=5), {}, r"^1 of 48 rows, one a period for each of the districts, are not there"),
        (lambda f: pd.concat([f, f.iloc[:2]]), {}, r"^2 of 50 rows repeat a period"),
        (lambda f: f.assign(start=f["start"].where(f.index != 0)), {}, r"^1 of 6 districts have more than one start"),
        (lambda f: f.assign(start=np.nan), {}, r"^0 of 6 districts are first treated"),
        (lambda f: f.assign(start=f["start"] + 10), {}, r"^3 of 6 districts start in 14 or later, after the data"),
        (lambda f: f.assign(start=f["start"].fillna(8)), {}, r"^None of 6 districts is never treated. .*'not yet'"),
        (lambda f: f.assign(start=5.0), {"controls": "not yet"}, r"^All 6 districts start in or about 5"),
        (lambda f: f.assign(start=f["start"] + 0.5), {}, r"'start' holds 4.5"),
        (lambda f: f.assign(start=pd.PeriodIndex([pd.Period("2024-01")] * 48)), {}, r"Give both in the same periods"),
        (lambda f: f.assign(start="2004"), {}, r"'start' is of (object|str). Give pandas periods"),
        (
            lambda f: f.assign(year=pd.PeriodIndex([f"20{y:02}" for y in f["year"]], freq="Y"), start=np.nan),
            {},
            r"^0 of 6 districts are first treated between the second period and the last, 2008",
        ),
        (lambda f: f.assign(people=f["year"]), {"weights": "people"}, r"^6 of 6 districts have more than one weight"),
        (lambda f: f.assign(people=0.0), {"weights": "people"}, r"weights 'people' of 48 of 48 rows is not above 0"),
        (
            lambda f: f.assign(visits=f["visits"].where(f.index != 3, 0), people=9),
            {"exposure": "people"},
            r"^'visits' is 0 in 1 of 48 rows, so its rate has no logarithm. Use longer periods",
        ),
        (lambda f: f, {"anticipation": 3}, r"^1 of 6 districts have no period more than 3 before their start"),
        (lambda f: f, {"anticipation": -1}, r"^anticipation is -1"),
        (lambda f: f, {"controls": "all"}, r"^controls is 'all'. Give one of 'never', 'not yet'"),
        (lambda f: f, {"base": "long"}, r"^base is 'long'"),
        (lambda f: f, {"aggregation": "mean"}, r"^aggregation is 'mean'"),
        (lambda f: f, {"level": 95}, r"^level is 95"),
        (
            lambda f: f[f["district"].isin(["a", "b", "d"])],
            {},
            r"^3 districts have 3 different starts.*no p below 0.17",
        ),
    ],
)
def test_a_broken_design_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str
) -> None:
    """Each design that cannot bear an estimate is refused in a sentence, and the data stay as they were."""
    frame = broken(panel())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        estimate(frame, **more)
    pd.testing.assert_frame_equal(frame, copy)


def test_the_data_are_left_alone() -> None:
    """Estimating changes nothing in the frame that was handed over."""
    frame = panel()
    copy = frame.copy(deep=True)
    estimate(frame)
    pd.testing.assert_frame_equal(frame, copy)


def null(starts: list[float], rho: float, rng: np.random.Generator) -> Worked:
    """Return all numbers of a design of twelve periods without an effect, with serial correlation."""
    noise = rng.normal(size=(len(starts), 32))
    for period in range(1, 32):
        noise[:, period] += rho * noise[:, period - 1]
    begun = np.array(starts)
    cohorts, codes = np.unique(begun, return_inverse=True)
    made = AdoptionPanel(
        outcomes=noise[:, 20:],
        weights=np.ones(len(begun)),
        times=np.arange(12.0),
        starts=begun,
        cohorts=cohorts,
        codes=codes,
        noun="districts",
        form=None,
    )
    layout = lay_out(made, controls="never" if np.isinf(begun).any() else "not yet", anticipation=0, base="varying")
    return work_out(made, layout, put_together(layout, made), 0.95)


NEVER = float("inf")


DESIGNS = {
    "1/6": ([8.0] + [NEVER] * 5, "t"),
    "2/6": ([8.0] * 2 + [NEVER] * 4, "t"),
    "3/6": ([8.0] * 3 + [NEVER] * 3, "t"),
    "2/6, 2 dates": ([6.0, 8.0] + [NEVER] * 4, "permutation"),
    "3/6, 3 dates": ([6.0, 7.0, 9.0] + [NEVER] * 3, "permutation"),
    "6/6, 6 dates": ([4.0, 5.0, 6.0, 7.0, 8.0, 9.0], "permutation"),
    "1/10": ([8.0] + [NEVER] * 9, "t"),
    "3/10, 3 dates": ([6.0, 7.0, 8.0] + [NEVER] * 7, "permutation"),
    "5/10, 2 dates": ([6.0] * 2 + [8.0] * 3 + [NEVER] * 5, "permutation"),
}


def rejections(starts: list[float], inference: str, rho: float, draws: int) -> float:
    """Return the share of nulls with p of 0.05 or less, which is the share of intervals that miss no effect."""
    rng = np.random.default_rng(len(starts))
    works = [null(starts, rho, rng) for _ in range(draws)]
    place = works[0].overall["group"]
    rejected = float(np.mean([work.p_value[place] <= 0.05 + 1e-12 for work in works]))
    assert works[0].inference == inference
    assert np.mean([not work.low[place] <= 0 <= work.high[place] for work in works]) == pytest.approx(rejected)
    return rejected


@pytest.mark.parametrize("name", ["1/6", "2/6", "3/6", "3/6, 3 dates"])
@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_a_true_null_is_rejected_one_time_in_twenty(name: str, rho: float) -> None:
    """With no effect p is 0.05 or less about 5 times in 100, however few districts are treated."""
    assert SIZE[0] <= rejections(*DESIGNS[name], rho, DRAWS) <= SIZE[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_a_true_null_is_rejected_one_time_in_twenty_more_closely(name: str, rho: float) -> None:
    """The same in 2,000 draws and with ten districts; with two dates in six, exactly 1 time in 30."""
    low, high = NARROW if name != "2/6, 2 dates" else (1 / 30 - 0.012, 1 / 30 + 0.012)
    assert low <= rejections(*DESIGNS[name], rho, MANY_DRAWS) <= high


def test_four_districts_with_two_dates_are_rejected_too_seldom_not_too_often() -> None:
    """With 1 degree of freedom pooled over two comparisons a true null is rejected in fewer than 3 of 100."""
    assert rejections([6.0, 9.0, NEVER, NEVER], "t", 0.6, DRAWS) < 0.03
