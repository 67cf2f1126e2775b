"""Synthetic control: exact weights, a p by ratio that says how small it can be, and no broken design."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from oda.errors import DesignError
from oda.evaluate import SyntheticControl, sentence, synthetic_control

EXACT = 1e-10  # relative; the same sums in another unit or under other names
SOLVED = 1e-5  # of an outcome of about 100; scipy's general solver stops there
NAMES = {"outcome": "falls", "unit": "district", "time": "year"}
START = 2016
DRAWS = 150  # of the null; the binomial standard error of 83 per cent is then 3 points
COVERED = (0.74, 0.92)  # three of them about 5 in 6


def paths(donors: int = 5, years: int = 18, effect: float = 0.0, seed: int = 1) -> pd.DataFrame:
    """Return a panel of districts that share two waves; `a` is treated from 2016 on."""
    rng = np.random.default_rng(seed)
    waves = rng.normal(size=(2, years)).cumsum(axis=1)
    loads = rng.uniform(0, 3, (donors + 1, 2))
    values = 100 + loads @ waves + rng.normal(0, 0.5, (donors + 1, years))
    names = [chr(97 + place) for place in range(donors + 1)]
    rows = [(names[u], 2004 + t, values[u, t]) for u in range(donors + 1) for t in range(years)]
    frame = pd.DataFrame(rows, columns=["district", "year", "falls"])
    frame.loc[(frame["district"] == "a") & (frame["year"] >= START), "falls"] += effect
    return frame


def control(frame: pd.DataFrame, **more: object) -> SyntheticControl:
    """Return the synthetic control of `a` from 2016 on."""
    return synthetic_control(frame, **{**NAMES, "treated": "a", "start": START, **more})


def slow_gaps(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return the gaps of a district by scipy's general solver, the treated one never a donor."""
    wide = frame.set_index(["year", "district"])["falls"].unstack()  # noqa: PD010  one value each
    pool = wide.drop(columns={name, "a"})
    early = wide.index < START
    own, others = wide.loc[early, name].to_numpy(), pool[early].to_numpy()
    found = minimize(
        lambda w: ((own - others @ w) ** 2).sum(),
        np.full(others.shape[1], 1 / others.shape[1]),
        jac=lambda w: -2 * others.T @ (own - others @ w),
        bounds=[(0, 1)] * others.shape[1],
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    return wide[name] - pool @ found.x


def test_it_equals_hand_arithmetic() -> None:
    """A district half way between two others gets half of each; its gap is what it misses their mean by."""
    years = range(2004, 2022)
    wave = [(-1) ** year for year in years]
    rows = [("b", y, 4.0 + w) for y, w in zip(years, wave, strict=True)]
    rows += [("c", y, 8.0 - 2 * w) for y, w in zip(years, wave, strict=True)]
    rows += [("a", y, 6.0 - 0.5 * w - 3 * (y >= START)) for y, w in zip(years, wave, strict=True)]
    found = control(pd.DataFrame(rows, columns=["district", "year", "falls"]))
    assert dict(found.weights.itertuples(index=False)) == pytest.approx({"b": 0.5, "c": 0.5})
    assert found.estimate.value == pytest.approx(-3)
    assert found.gaps["gap"].to_numpy() == pytest.approx([0.0] * 12 + [-3.0] * 6, abs=1e-9)
    assert found.balance["synthetic"].iloc[0] == pytest.approx(6.0)
    assert any("exactly" in caution for caution in found.estimate.cautions)


def test_gaps_ratios_and_p_are_those_of_a_general_solver() -> None:
    """Every district's gap, the ratio of its mean squares and the p by rank are those of separate slow fits."""
    frame = paths(effect=-4)
    found = control(frame)
    ratios = {}
    for name in "abcdef":
        gaps = slow_gaps(frame, name)
        ours = found.gaps["gap"] if name == "a" else found.placebo_gaps[name]
        assert ours.to_numpy() == pytest.approx(gaps.to_numpy(), abs=SOLVED * 100)
        early = gaps.index < START
        ratios[name] = (gaps[~early] ** 2).mean() / (gaps[early] ** 2).mean()
    expected = pd.Series(ratios).sort_values(ascending=False)
    assert found.placebos["unit"].tolist() == expected.index.tolist()
    assert found.placebos["ratio"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-3)
    assert found.estimate.p_value == pytest.approx((expected >= expected["a"]).mean())


def test_a_planted_effect_is_found() -> None:
    """An effect added from the start on is added to the estimate, and changes no weight."""
    without, planted = control(paths()), control(paths(effect=-7.5))
    assert planted.estimate.value - without.estimate.value == pytest.approx(-7.5, rel=1e-9)
    pd.testing.assert_frame_equal(without.weights, planted.weights)
    assert without.estimate.value == pytest.approx(0, abs=1)  # noise of half a unit a year
    assert planted.rank == 1


def test_the_interval_holds_what_the_placebo_test_does_not_reject() -> None:
    """Taking a constant effect out of the data gives a p above 1 in 6 inside the interval, and 1 in 6 outside."""
    frame = paths(effect=-4, seed=3)
    estimate = control(frame).estimate
    later = (frame["district"] == "a") & (frame["year"] >= START)
    half = (estimate.ci_high - estimate.ci_low) / 2
    for away in (-1.01, -0.99, 0.5, 0.99, 1.01):
        falls = frame["falls"] - later * (estimate.value + away * half)
        p = control(frame.assign(falls=falls)).estimate.p_value
        assert (p > 1 / 6 + 1e-9) == (abs(away) < 1)


def test_too_few_donors_for_the_level_are_said() -> None:
    """With five donors p cannot be below 1 in 6, so the interval is at 83 per cent and says so."""
    estimate = control(paths(effect=-9)).estimate
    assert estimate.smallest_p == pytest.approx(1 / 6)
    assert estimate.level == 0.83
    assert "5 per cent cannot be reached" in " ".join(estimate.cautions)
    enough = control(paths(donors=25, effect=-9)).estimate
    assert enough.level == 0.95
    assert not any("cannot be reached" in caution for caution in enough.cautions)


def test_the_interval_and_the_p_agree() -> None:
    """No effect lies outside the interval exactly when p is as small as the level asks."""
    for seed in range(12):
        estimate = control(paths(donors=20, effect=-1.5, seed=seed)).estimate
        assert (estimate.ci_low <= 0 <= estimate.ci_high) == (estimate.p_value > 0.05)


@pytest.mark.parametrize("kind", ["noise", "waves"])
def test_intervals_hold_the_truth_as_often_as_they_say(kind: str) -> None:
    """With no effect and districts alike, the 83 per cent interval holds nothing in about 5 of 6 draws."""
    held = []
    for seed in range(DRAWS):
        frame = paths(seed=seed)
        if kind == "noise":
            frame["falls"] = np.random.default_rng(seed).normal(size=len(frame))
        estimate = control(frame).estimate
        held.append(estimate.ci_low <= 0 <= estimate.ci_high)
    assert COVERED[0] <= np.mean(held) <= COVERED[1]


def test_rows_names_and_units_change_nothing() -> None:
    """Shuffled rows, other names, another zero and another unit of measure give the same weights and p."""
    frame = paths(effect=-4)
    found = control(frame)
    shuffled = control(frame.sample(frac=1, random_state=2))
    names = {name: f"{ord('z') - ord(name)} district" for name in "abcdef"}
    renamed = control(frame.assign(district=frame["district"].map(names)), treated=names["a"])
    scaled = control(frame.assign(falls=1000 * frame["falls"] + 5000))
    for other, scale in ((shuffled, 1), (renamed, 1), (scaled, 1000)):
        assert other.estimate.value == pytest.approx(scale * found.estimate.value, rel=EXACT)
        assert other.estimate.ci_low == pytest.approx(scale * found.estimate.ci_low, rel=EXACT)
        assert other.estimate.p_value == found.estimate.p_value
        assert other.weights["weight"].to_numpy() == pytest.approx(found.weights["weight"].to_numpy(), rel=1e-9)
    assert renamed.weights["donor"].tolist() == [names[name] for name in found.weights["donor"]]


def test_the_order_of_donors_changes_nothing() -> None:
    """However the donors are listed, as a set of any order may be, the digits are the same."""
    frame = paths(donors=4, effect=-4)
    predictors = [("falls", 2010), ("falls", range(2012, 2016))]
    orders = list(itertools.permutations("bcde"))[::6]
    found = [control(frame, donors=order, predictors=predictors) for order in orders]
    assert len({one.estimate for one in found}) == 1
    assert all(one.weights.equals(found[0].weights) for one in found)


def test_predictors_weighed_by_their_variance_are_the_outcome_itself() -> None:
    """With each period's outcome as important as its variance, the weights are those without predictors."""
    frame = paths(effect=-4)
    early = range(2004, START)
    wide = frame.set_index(["year", "district"])["falls"].unstack()  # noqa: PD010  one value each
    importance = wide.loc[list(early)].var(axis=1).tolist()
    found = control(frame, predictors=[("falls", year) for year in early], importance=importance)
    plain = control(frame)
    assert found.weights["weight"].to_numpy() == pytest.approx(plain.weights["weight"].to_numpy(), abs=1e-7)
    assert found.estimate.value == pytest.approx(plain.estimate.value, abs=1e-6)


def test_importance_follows_the_outcome() -> None:
    """The importance that is searched for follows the outcome before at least as well as equal importance."""
    frame = paths(donors=8, effect=-4)
    frame["noise"] = np.random.default_rng(8).normal(size=len(frame))
    predictors = [("noise", range(2004, 2016)), ("falls", 2006), ("falls", 2010), ("falls", 2015)]
    searched, equal = control(frame, predictors=predictors), control(frame, predictors=predictors, importance=[1] * 4)
    assert searched.pre_rmspe <= equal.pre_rmspe
    assert searched.balance["importance"].sum() == pytest.approx(1)
    assert searched.pre_rmspe >= control(frame).pre_rmspe - 1e-9  # nothing follows it better than the outcome itself
    half = control(frame, predictors=predictors, fit_over=range(2010, 2016)).gaps.set_index("time")["gap"]
    assert (half.loc[2010:2015] ** 2).mean() <= (
        searched.gaps.set_index("time")["gap"].loc[2010:2015] ** 2
    ).mean() + 1e-3


def test_a_large_gap_after_a_poor_fit_is_not_rare() -> None:
    """A district far outside the others has the largest gap after, yet not the smallest p; the poor fit is said."""
    frame = paths()
    frame.loc[frame["district"] == "a", "falls"] += 60
    found = control(frame)
    assert found.placebos.set_index("unit")["post_rmspe"].idxmax() == "a"
    assert found.estimate.p_value > found.estimate.smallest_p
    assert "poor" in found.poor_fit[0]
    assert found.estimate.cautions[0] == found.poor_fit[0]
    assert "poor" in sentence(found)
    assert control(paths()).poor_fit == ()


def test_a_fit_no_better_than_a_flat_line_is_poor() -> None:
    """Where all is noise the synthetic control follows nothing, and that is said."""
    frame = paths()
    frame["falls"] = np.random.default_rng(4).normal(size=len(frame))
    assert "varies itself" in control(frame).poor_fit[0]


def test_a_trend_does_not_hide_that_no_mixture_is_like_the_district() -> None:
    """A district that runs ten above all others fits poorly, however much all of them rise."""
    frame = paths()
    above = frame["falls"] + 20 * (frame["year"] - 2004) + 10 * (frame["district"] == "a")
    found = control(frame.assign(falls=above))
    assert len(found.poor_fit) == 1
    assert "no mixture of donors is like it" in found.poor_fit[0]


def test_leaving_a_donor_out_is_leaving_it_out() -> None:
    """The effect without a donor is that of a pool without it; every donor with a weight is left out once."""
    frame = paths(effect=-4)
    found = control(frame)
    used = found.weights.loc[found.weights["weight"] > 0, "donor"]
    assert set(found.leave_one_out["left_out"]) == set(used)
    for donor, value, _ in found.leave_one_out.itertuples(index=False):
        assert control(frame, exclude=[donor]).estimate.value == pytest.approx(value, rel=1e-9)


def test_exposed_donors_can_be_left_out() -> None:
    """A donor that the pilot reached is left out by name, and its data then change nothing."""
    frame = paths(effect=-4)
    spoiled = frame.copy()
    spoiled.loc[spoiled["district"] == "c", "falls"] = np.nan
    assert control(spoiled, exclude=["c"]).estimate == control(frame, donors=["b", "d", "e", "f"]).estimate


def test_an_earlier_start_finds_nothing() -> None:
    """From a start three years too early there is a gap of noise alone, and no later datum is used."""
    frame = paths(effect=-50)
    early = control(frame, placebo_start=2013).in_time
    assert early is not None
    assert early["time"].max() == 2015
    assert early.loc[early["after"], "gap"].abs().mean() < 3
    alone = control(frame[frame["year"] < START], start=2013).gaps
    pd.testing.assert_frame_equal(early, alone)


def test_periods_and_a_cohort_column_will_do() -> None:
    """Pandas quarters, and a column of first treated quarters, give what years and a label do."""
    frame = paths(effect=-4)
    quarters = frame.assign(
        year=pd.PeriodIndex.from_ordinals(frame["year"] - 1900, freq="Q"),
    )
    start = pd.Period(ordinal=START - 1900, freq="Q")
    quarters["cohort"] = pd.Series(start, index=quarters.index).where(quarters["district"] == "a")
    found = synthetic_control(quarters, **NAMES, cohort="cohort")
    assert found.estimate == control(frame).estimate
    assert found.gaps["time"].iloc[12] == start
    assert found.balance["predictor"].iloc[1] == "falls, 1996 Q1"


def test_a_gap_that_changes_with_time_has_an_interval_all_the_same() -> None:
    """Where no constant effect fits, the interval is for the mean gap and says so."""
    frame = paths(donors=3, seed=2)
    later = (frame["district"] == "a") & (frame["year"] >= START)
    found = control(frame.assign(falls=frame["falls"] + later * 300.0 * (frame["year"] - START - 2.0)))
    assert found.estimate.ci_low <= found.estimate.value <= found.estimate.ci_high
    assert any("no constant effect fits" in caution for caution in found.estimate.cautions)


def test_few_periods_and_a_turning_sign_are_said() -> None:
    """Fewer than eight periods before are said, and a donor without which the effect turns round is named."""
    short = control(paths()[lambda rows: rows["year"] >= 2011])
    assert any("5 periods before" in caution for caution in short.estimate.cautions)
    frame = paths(seed=1)
    found = control(frame)
    turned = found.leave_one_out.loc[found.leave_one_out["value"] * found.estimate.value < 0, "left_out"]
    assert any("other sign" in caution for caution in found.estimate.cautions) == bool(len(turned))


def test_the_sentence_says_size_interval_rank_and_no_verdict() -> None:
    """A reader hears direction, size, interval, rank and the smallest p, and no verdict."""
    said = sentence(control(paths(effect=-9)))
    for words in ("lower than in the mixture", "83% interval", "number 1 of 6", "cannot be below 0.167"):
        assert words in said
    assert "significan" not in said


def test_the_data_are_not_changed() -> None:
    """The frame that went in is the one that comes out."""
    frame = paths()
    before = frame.copy()
    control(frame, exclude=["f"], placebo_start=2012)
    pd.testing.assert_frame_equal(frame, before)


def cohorts(frame: pd.DataFrame, names: str) -> pd.DataFrame:
    """Return the frame with a start for each of these districts."""
    return frame.assign(cohort=np.where(frame["district"].isin(list(names)), START, np.nan))


def with_value(frame: pd.DataFrame, value: object) -> pd.DataFrame:
    """Return the frame with another value in its first row."""
    return frame.assign(falls=[value, *frame["falls"].iloc[1:]])


BY_COHORT = {"treated": None, "start": None, "cohort": "cohort"}
REFUSED = {
    "absent column": (lambda f: f, {"outcome": "visits"}, "No column 'visits'"),
    "absent unit": (lambda f: f, {"treated": "z"}, "No district 'z'. There is: 'a'"),
    "absent donors": (lambda f: f, {"donors": ["b", "y", "z"]}, "No district 'y', 'z'"),
    "treated as donor": (lambda f: f, {"donors": ["a", "b", "c"]}, "treated district 'a' is in donors"),
    "treated left out": (lambda f: f, {"exclude": ["a"]}, "treated district 'a' is in exclude"),
    "one donor": (lambda f: f, {"donors": ["b"]}, "There is 1 donor for 'a'. At least 2"),
    "missing cell": (
        lambda f: f.drop(index=25),
        {},
        "1 of 108 rows, one a period for each district, are not there: b 1",
    ),
    "missing value": (lambda f: with_value(f, np.nan), {}, "A value is missing of 108 rows: 'falls' in 1"),
    "infinite": (lambda f: with_value(f, np.inf), {}, "is infinite"),
    "text": (lambda f: f.assign(falls="3"), {}, "not a column of numbers"),
    "doubled": (lambda f: pd.concat([f, f.iloc[:2]]), {}, "2 of 110 rows repeat a period"),
    "none after": (lambda f: f, {"start": 2030}, "None of 18 periods is at or after the start, 2030"),
    "few before": (lambda f: f, {"start": 2007}, "3 of 18 periods are before the start, 2007; with fewer than 4"),
    "start of another kind": (lambda f: f, {"start": pd.Period("2016")}, "is no period where time has 2004"),
    "start in words": (lambda f: f, {"start": "2016"}, "'2016' as start is no period"),
    "two treated": (lambda f: cohorts(f, "ab"), BY_COHORT, "2 of 6 units are treated (a, b); .* Average the treated"),
    "none treated": (lambda f: cohorts(f, ""), BY_COHORT, "0 of 6 units are treated"),
    "both given": (lambda f: cohorts(f, "a"), {"cohort": "cohort"}, "not given, or twice"),
    "level": (lambda f: f, {"level": 95}, "level is 95"),
    "late predictor": (
        lambda f: f,
        {"predictors": [("falls", [2015, 2016])]},
        "1 of 2 periods .* before the start: 2016",
    ),
    "flat predictor": (lambda f: f.assign(x=1), {"predictors": [("x", 2010)]}, "'x, 2010' is 1 in all 6 units"),
    "gap in predictor": (
        lambda f: f.assign(x=f["falls"].where(f["year"] > 2010)),
        {"predictors": [("x", range(2009, 2012))]},
        "'x, 2009 to 2011' is missing in 12 of 18 cells",
    ),
    "importance": (lambda f: f, {"predictors": [("falls", 2010)], "importance": [1, 2]}, "for 1 predictors"),
    "fit over": (lambda f: f, {"fit_over": [2015, 2016]}, "1 of 2 periods of fit_over"),
    "early placebo": (lambda f: f, {"placebo_start": 2006}, "2 of 12 periods are before the start, 2006"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_broken_design_is_refused(case: str) -> None:
    """Each design that cannot bear the estimate is refused with what was found, and the data stay as they were."""
    spoil, options, words = REFUSED[case]
    frame = spoil(paths())
    before = frame.copy()
    with pytest.raises(DesignError, match=words.replace("(", r"\(").replace(")", r"\)")):
        control(frame, **options)
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"treated": ["a"]}, r"^treated is \['a'\], no label\. Give the label of one district, such as 'a'\.$"),
        ({"donors": "bcd"}, r"^donors is the text 'bcd'\. Give a list of labels"),
        ({"exclude": "f"}, r"^exclude is the text 'f'\. Give a list of labels"),
        ({"predictors": ["falls"]}, r"^predictors has 'falls'\. Give pairs of a column and its period"),
        ({"predictors": "falls"}, r"^predictors has 'f'\. Give pairs of a column and its period"),
    ],
)
def test_what_is_no_label_or_pair_is_refused(options: dict[str, object], words: str) -> None:
    """Each in a sentence that says the form in which it is wanted."""
    with pytest.raises(DesignError, match=words):
        control(paths(), **options)
