"""A comparison of collapsed changes: every way to describe it gives one answer, by the inference it can bear."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from districts import NAMES, districts

from oda.errors import DesignError
from oda.evaluate import Comparison, collapsed_t_test, difference_in_differences, sentence

EXACT = 1e-9  # relative; two exact algorithms differ by rounding alone
COHORT = {**NAMES, "cohort": "start"}
FLAGS = {**NAMES, "treated": "treated", "post": "post"}
WAYS = {"cohort": COHORT, "flags": FLAGS, "column": {**NAMES, "treatment": "visited"}}
COUNTS = {"outcome": "n", "unit": "district", "time": "month", "cohort": "start", "exposure": "people"}


def counts(*, of: int = 6, treated: int = 2, seed: int = 1) -> pd.DataFrame:
    """Return districts of 1,000 people and more with a fall for every fifty, by month."""
    frame = districts(of, starts=treated, seed=seed)
    frame["people"] = 1000 + 200 * frame["district"].str[1:].astype(int)
    return frame.assign(n=np.random.default_rng(seed).poisson(frame["people"] / 50))


def by_hand(frame: pd.DataFrame) -> np.ndarray:
    """Return each district's change of its mean, in order of its name, the slow way."""
    means = frame.groupby(["district", "post"])["y"].mean().unstack()  # noqa: PD010  there is one value each
    return (means[1] - means[0]).to_numpy()


@pytest.mark.parametrize("treated", [1, 2, 3, 5])
@pytest.mark.parametrize("way", list(WAYS))
def test_three_descriptions_are_one_comparison(way: str, treated: int) -> None:
    """A start by district, two flags, or a column of treatment: the same estimate, spread, p and interval."""
    frame = districts(starts=treated)
    here = difference_in_differences(frame, **WAYS[way]).estimate
    first = difference_in_differences(frame, **COHORT).estimate
    change = by_hand(frame)
    assert here.value == pytest.approx(change[:treated].mean() - change[treated:].mean(), rel=EXACT)
    for name in ("ci_low", "ci_high", "std_error", "p_value", "df", "permutation_p", "smallest_p"):
        assert getattr(here, name) == pytest.approx(getattr(first, name), rel=EXACT), name


@pytest.mark.parametrize("way", list(WAYS))
def test_it_is_the_coefficient_of_full_dummies(way: str) -> None:
    """On a balanced panel the estimate is that of a regression on the treatment, district and month dummies."""
    frame = districts(starts=3)
    dummies = pd.get_dummies(frame[["district", "month"]].astype(str), drop_first=True, dtype=float)
    fit = sm.OLS(frame["y"], sm.add_constant(dummies.assign(visited=frame["visited"]))).fit()
    found = difference_in_differences(frame, **WAYS[way]).estimate
    assert found.value == pytest.approx(fit.params["visited"], rel=EXACT)


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize(
    ("of", "treated", "leads", "beside"),
    [
        (6, 1, "t test with 4", None),
        (6, 2, "t test with 4", "CR2"),
        (6, 4, "t test with 4", "CR2"),
        (6, 5, "t test with 4", None),
        (6, 3, "CR2", "t test with 4"),
        (33, 3, "t test with 31", "CR2"),
        (30, 9, "CR2", "t test with 28"),
        (30, 10, "CRV1 errors) with 29", "t test with 28"),
    ],
)
def test_the_design_chooses_the_inference(way: str, of: int, treated: int, leads: str, beside: str | None) -> None:
    """One or two on a side: collapsed changes; three and three: CR2; thirty, ten on a side: clusters (pitfalls 1-3)."""
    found = difference_in_differences(districts(of, starts=treated), **WAYS[way])
    assert leads in found.estimate.method
    assert [beside in one.method for one in found.beside] == ([True] if beside else [])
    assert "errors)" not in found.estimate.method or treated >= 3
    assert all(one.value == pytest.approx(found.estimate.value, rel=EXACT) for one in found.beside)


@pytest.mark.parametrize("inference", ["cr2", "wild", "crv1"])
@pytest.mark.parametrize("way", list(WAYS))
def test_one_treated_district_has_no_cluster_robust_output(way: str, inference: str) -> None:
    """Asked for by name, it is refused with the reason, and nothing of the kind stands beside (pitfall 2)."""
    frame = districts(starts=1)
    with pytest.raises(DesignError, match=r"treated: .* need|need 30"):
        difference_in_differences(frame, **WAYS[way], inference=inference)
    found = difference_in_differences(frame, **WAYS[way])
    assert found.beside == ()
    assert "Only 1 of 6 districts was treated" in found.estimate.cautions[0]


def test_one_of_27_has_an_honest_error() -> None:
    """As in the organ-donation study, the treated state's own noise counts: many times the cluster-robust error."""
    frame = districts(27, starts=1, months=6, start=3)
    found = difference_in_differences(frame, **WAYS["column"]).estimate
    change = by_hand(frame)
    assert found.std_error == pytest.approx(change[1:].std(ddof=1) * math.sqrt(1 + 1 / 26), rel=EXACT)
    assert (found.df, found.n_clusters, found.n_treated) == (25, 27, 1)
    assert found.std_error > 4 * change[1:].std(ddof=1) / math.sqrt(26)
    assert found.permutation_p == pytest.approx(
        np.mean([abs(27 / 26 * (one - change.mean())) >= abs(found.value) - 1e-12 for one in change])
    )


def test_both_scales_are_hand_arithmetic() -> None:
    """Two treated fall from 10 to 8 and to 9, two others rise from 10 to 11 and stay: by hand on either scale."""
    after = {"a": 8.0, "b": 9.0, "c": 11.0, "d": 10.0}
    frame = pd.DataFrame([(d, t, after[d] if t else 10.0) for d in after for t in (0, 1)], columns=["d", "t", "y"])
    frame["who"] = frame["d"].isin(["a", "b"])
    names = {"outcome": "y", "unit": "d", "treated": "who", "post": "t"}
    found = difference_in_differences(frame, **names)
    assert found.estimate.value == pytest.approx(-1.5 - 0.5)
    assert found.other_scale is not None
    assert found.other_scale.scale == "ratio"
    assert found.other_scale.value == pytest.approx(math.sqrt(0.8 * 0.9) / math.sqrt(1.1 * 1.0))
    turned = difference_in_differences(frame, **names, scale="ratio")
    assert turned.estimate.to_dict() == {
        **found.other_scale.to_dict(),
        "permutation_p": turned.estimate.permutation_p,
        "smallest_p": turned.estimate.smallest_p,
        "cautions": turned.estimate.cautions,
    }
    assert turned.other_scale is not None
    assert turned.other_scale.value == found.estimate.value
    assert found.sd_change == pytest.approx(math.sqrt((0.5**2 * 4) / 2))
    assert found.means["change"].tolist() == pytest.approx([-1.5, 0.5, -2.0])
    assert found.means["after_se"].tolist()[:2] == pytest.approx([0.5, 0.5])


def test_a_population_ten_times_as_large_leaves_the_ratio() -> None:
    """People counted in tens or ones: the same rate ratio, and a tenth of the difference of rates (pitfall 15)."""
    frame = counts()
    here, there = (
        difference_in_differences(one, **COUNTS) for one in (frame, frame.assign(people=frame["people"] * 10))
    )
    assert there.estimate.value == pytest.approx(here.estimate.value, rel=EXACT)
    assert here.other_scale is not None
    assert there.other_scale is not None
    assert there.other_scale.value == pytest.approx(here.other_scale.value / 10, rel=EXACT)
    assert here.other_scale.unit == "n per people"


def test_months_without_a_count_are_kept() -> None:
    """A month of zero adds nothing to its side and takes nothing away: no caution, no missing number, no lost row."""
    frame = counts()
    empty = frame.assign(n=frame["n"].where(frame.index != 3, 0))
    found = difference_in_differences(empty, **COUNTS)
    assert found.estimate.n_obs == len(frame)
    assert not [said for said in found.estimate.cautions if "half an event" in said]
    side = empty[(empty["district"] == "d0") & (empty["month"] < 6)]
    assert found.changes["before"].iloc[0] == pytest.approx(side["n"].sum() / side["people"].sum())


@pytest.mark.parametrize("weights", [None, "w"])
def test_a_side_without_a_count_has_half_an_event_everywhere(weights: str | None) -> None:
    """A district with no event after the start stays in, with a number, a finite interval and a caution."""
    frame = counts(treated=3).assign(w=3.0)
    frame.loc[(frame["district"] == "d4") & (frame["post"] == 1), "n"] = 0
    found = difference_in_differences(frame, **COUNTS, weights=weights)
    sums = frame.groupby(["district", "post"])[["n", "people"]].sum()
    rate = ((sums["n"] + 0.5) / sums["people"]).unstack()  # noqa: PD010  there is one value each
    change = np.log(rate[1] / rate[0]).to_numpy()
    assert found.estimate.value == pytest.approx(math.exp(change[:3].mean() - change[3:].mean()), rel=EXACT)
    assert found.changes["unit"].tolist() == [f"d{place}" for place in range(6)]
    assert any("half an event was added" in said for said in found.estimate.cautions)
    assert np.isfinite([found.estimate.ci_low, found.estimate.ci_high]).all()


def test_an_amount_without_exposure_is_not_corrected() -> None:
    """Half a pound is not half an event: a sum of nothing has no ratio, but has a difference."""
    frame = districts().assign(y=lambda rows: rows["y"].where((rows["district"] != "d4") | (rows["post"] == 0), 0))
    with pytest.raises(DesignError, match="d4: the outcome adds up to nothing on one side"):
        difference_in_differences(frame, **COHORT, scale="ratio")
    found = difference_in_differences(frame, **COHORT)
    assert found.other_scale is None


def test_outcomes_below_nothing_have_a_difference() -> None:
    """A balance or a temperature may be negative: the difference is the same as that of shifted figures."""
    frame = districts()
    here, there = (difference_in_differences(one, **COHORT) for one in (frame, frame.assign(y=frame["y"] - 100)))
    assert there.estimate.value == pytest.approx(here.estimate.value, rel=1e-8)
    assert there.estimate.p_value == pytest.approx(here.estimate.p_value, rel=1e-8)
    assert there.other_scale is None
    assert there.changes["ratio"].isna().all()
    with pytest.raises(DesignError, match=r"The y of 72 of 72 rows is below 0"):
        difference_in_differences(frame.assign(y=frame["y"] - 100), **COHORT, scale="ratio")


def test_weights_and_covariates_are_those_of_a_weighted_regression_of_changes() -> None:
    """A level that never changes enters as it is, any other covariate by its change: statsmodels' WLS of changes."""
    frame = districts(8, starts=3)
    frame["old"] = frame["district"].map({f"d{i}": (i * 7) % 5 for i in range(8)})
    frame["people"] = frame["district"].map({f"d{i}": 100.0 + 40 * i for i in range(8)})
    moved = frame.groupby(["district", "post"])["x"].mean().unstack()  # noqa: PD010  there is one value each
    one = frame.groupby("district")[["treated", "old", "people"]].first()
    design = sm.add_constant(one[["treated", "old"]].assign(x=moved[1] - moved[0]))
    fit = sm.WLS(by_hand(frame), design, weights=one["people"]).fit()
    options = {"covariates": ["old", "x"], "weights": "people"}
    found = difference_in_differences(frame, **COHORT, **options, inference="collapsed").estimate
    assert found.value == pytest.approx(fit.params["treated"], rel=EXACT)
    assert found.std_error == pytest.approx(fit.bse["treated"], rel=EXACT)
    assert found.p_value == pytest.approx(fit.pvalues["treated"], rel=EXACT)
    assert found.df == 4
    assert found.permutation_p is None
    plain = difference_in_differences(frame, **COHORT, covariates=["old"], inference="collapsed").estimate
    level = sm.OLS(by_hand(frame), sm.add_constant(one[["treated", "old"]])).fit()
    assert (plain.value, plain.std_error) == pytest.approx((level.params["treated"], level.bse["treated"]), rel=EXACT)


def test_row_weights_weigh_the_covariates_too() -> None:
    """Where weights differ between months, the change of a covariate is that of its weighted means."""
    frame = districts(8, starts=3).assign(w=lambda rows: 1.0 + rows["month"] % 3)
    sides = {}
    for name in ("x", "y"):
        top = (frame[name] * frame["w"]).groupby([frame["district"], frame["post"]]).sum()
        mean = (top / frame["w"].groupby([frame["district"], frame["post"]]).sum()).unstack()  # noqa: PD010
        sides[name] = (mean[1] - mean[0]).to_numpy()
    who = frame.groupby("district")["treated"].first().to_numpy()
    fit = sm.OLS(sides["y"], np.column_stack([np.ones(8), who, sides["x"]])).fit()
    found = difference_in_differences(frame, **COHORT, covariates=["x"], weights="w").estimate
    assert found.value == pytest.approx(fit.params[1], rel=EXACT)


def test_a_dose_is_an_effect_for_each_unit_of_it() -> None:
    """One, two and three visits a week: the slope of changes on the dose, and no p by re-assigning unequal doses."""
    frame = districts(8, starts=3)
    frame["dose"] = frame["district"].map({"d0": 1.0, "d1": 2.0, "d2": 3.0}).fillna(0.0)
    one = frame.groupby("district")["dose"].first()
    fit = sm.OLS(by_hand(frame), sm.add_constant(one)).fit()
    found = difference_in_differences(frame, **{**FLAGS, "treated": "dose"}, inference="collapsed").estimate
    assert (found.value, found.std_error) == pytest.approx((fit.params["dose"], fit.bse["dose"]), rel=EXACT)
    assert found.permutation_p is None
    assert found.n_treated == 3


def noisy(spread: float, *, treated: int = 1, of: int = 6, months: int = 400) -> pd.DataFrame:
    """Return districts with a common movement, whose treated vary so many times as much as the others."""
    frame = districts(of, starts=treated, months=months, start=months - 2)
    rng = np.random.default_rng(5)
    place = frame["district"].str[1:].astype(int).to_numpy()
    shared = 3 * rng.normal(size=months)[frame["month"]]
    own = rng.normal(size=len(frame)) * np.where(place < treated, spread, 1.0)
    return frame.assign(y=100 + shared + own)


@pytest.mark.parametrize("spread", [0.5, 1.0, 1.4, 2.0, 3.0])
@pytest.mark.parametrize("treated", [1, 2, 3])
def test_the_spread_ratio_is_the_ratio_of_own_noises(spread: float, treated: int) -> None:
    """What all districts share is no part of it, nor is the noise of those that a district is set beside."""
    found = difference_in_differences(noisy(spread, treated=treated), **COHORT)
    assert found.spread_ratio == pytest.approx(spread, rel=0.08)  # 400 months of five districts; three standard errors
    warned = [said for said in found.estimate.cautions if "varied" in said]
    assert bool(warned) == (spread > 1.5 and treated < 3)


def test_the_spread_ratio_is_hand_arithmetic() -> None:
    """Four months before, three districts: gaps to the mean of the others, squared, less the others' share of noise."""
    table = np.array([[12.0, 8.0, 12.0, 8.0], [11.0, 10.0, 9.0, 10.0], [10.0, 11.0, 10.0, 9.0]])
    rows = [(f"d{i}", t, table[i, t] if t < 4 else 10.0 + i**2) for i in range(3) for t in range(5)]
    frame = pd.DataFrame(rows, columns=["district", "month", "y"])
    frame["start"] = np.where(frame["district"] == "d0", 4.0, np.nan)
    own = table / table.mean(axis=1, keepdims=True)
    apart = [((own[i] - own[[j for j in range(3) if j != i]].mean(axis=0)) ** 2).mean() for i in range(3)]
    noise = np.array(apart) - sum(apart) / 6  # 3 x (3 - 1)
    found = difference_in_differences(frame, **COHORT)
    assert found.spread_ratio == pytest.approx(math.sqrt(noise[0] / noise[1:].mean()), rel=EXACT)


def test_noisy_comparisons_are_a_caution_when_they_are_few() -> None:
    """One district left to compare with, twice as noisy as five treated ones: the interval is too narrow as well."""
    frame = noisy(0.5, treated=5)
    found = difference_in_differences(frame, **COHORT)
    assert found.spread_ratio == pytest.approx(0.5, rel=0.1)
    said = " ".join(found.estimate.cautions)
    assert re.search(r"the others varied (1\.9|2\.\d) times as much as the treated: the interval is too narrow", said)


def test_three_of_33_noisy_districts_are_a_caution() -> None:
    """The pooled test leads there, and is as badly misled as with one treated district (pitfall 10)."""
    found = difference_in_differences(noisy(2.0, treated=3, of=33, months=60), **COHORT).estimate
    assert "t test with 31" in found.method
    assert any("varied" in said and "too narrow" in said for said in found.cautions)


def test_a_noisier_treated_district_does_mislead_the_pooled_test() -> None:
    """With twice the spread a true null is rejected about 22 times in 100: why the caution stands there."""
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(4000, 6)) * np.array([2.0, 1, 1, 1, 1, 1])
    gap = draws[:, 0] - draws[:, 1:].mean(axis=1)
    error = draws[:, 1:].std(axis=1, ddof=1) * math.sqrt(1.2)
    assert np.mean(np.abs(gap / error) > 2.776) == pytest.approx(0.22, abs=0.03)


def test_changes_can_be_tested_again_by_hand() -> None:
    """The table of changes gives the same p through `collapsed_t_test`."""
    found = difference_in_differences(counts(), **COUNTS)
    again = collapsed_t_test(found.changes, change="change", treated="treated")
    assert again.p_value == pytest.approx(found.estimate.p_value, rel=EXACT)
    assert math.exp(again.value) == pytest.approx(found.estimate.value, rel=EXACT)


def test_regression_to_the_mean_is_no_effect_of_the_comparison() -> None:
    """The worst tenth of persons fall back by themselves; set beside equally bad ones, nothing is left (pitfall 37)."""
    rng = np.random.default_rng(4)
    rate = rng.gamma(2, 2, 4000)
    first, second, third = (rng.poisson(rate) for _ in range(3))
    worst = np.flatnonzero(first >= np.quantile(first, 0.9))
    picked = rng.permutation(worst) < np.median(worst)
    frame = pd.DataFrame({"person": np.tile(worst, 2), "post": np.repeat([0, 1], len(worst))})
    frame["y"] = np.concatenate([first[worst], third[worst]])
    frame["treated"] = np.tile(picked, 2).astype(int)
    found = difference_in_differences(frame, outcome="y", unit="person", treated="treated", post="post")
    fell = found.means["change"].iloc[0]
    assert fell < -2  # before and after alone would claim this
    assert found.estimate.ci_low < 0 < found.estimate.ci_high
    assert abs(found.estimate.value) < 0.1 * abs(fell)
    assert second.mean() == pytest.approx(third.mean(), rel=0.1)  # nothing changed for anyone


def test_immortal_time_is_no_effect_of_the_comparison_by_invitation() -> None:
    """Who completes visits has stayed well until then; compared by invitation, nothing is left (pitfall 38)."""
    rng = np.random.default_rng(8)
    n = 3000
    before, falls = rng.poisson(2, n), rng.poisson(0.25, (n, 12))
    visit, invited = rng.integers(3, 12, n), rng.random(n) < 0.5
    well = np.array([falls[i, : visit[i]].sum() == 0 for i in range(n)])  # a fall before the visit cancels it
    after = falls.sum(axis=1)
    said = {}
    for name, who in (("completed", invited & well), ("invited", invited)):
        frame = pd.DataFrame({"person": np.tile(np.arange(n), 2), "post": np.repeat([0, 1], n)})
        frame["y"], frame["treated"] = np.concatenate([before, after]), np.tile(who, 2).astype(int)
        said[name] = difference_in_differences(frame, outcome="y", unit="person", treated="treated", post="post")
    assert said["completed"].estimate.ci_high < -0.8  # an effect that is none
    assert said["invited"].estimate.ci_low < 0 < said["invited"].estimate.ci_high


def test_sentences_hold_no_verdict() -> None:
    """Direction, size, interval and the first caution; never that it is proved, significant or strongly supported."""
    found: list[Comparison] = [
        difference_in_differences(districts(of, starts=treated), **WAYS[way])
        for way in WAYS
        for of, treated in ((6, 1), (6, 2), (6, 3), (30, 12))
    ]
    for one in found:
        said = sentence(one, subject="The score")
        assert re.match(r"The score was [\d.]+ (lower|higher) than it would have been", said)
        assert "95% interval: " in said
        assert not re.search(r"significan|prove|strongly|support", said)
        assert all(caution in said for caution in one.estimate.cautions[:1])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"inference": "welch", "covariates": ["x"]}, "Unequal spread can be allowed for with one dose"),
        ({"inference": "ols"}, "'ols' names no inference. Give one of 'auto'"),
        ({"covariates": ["c0", "c1", "c2", "c3"]}, "6 rows cannot bear 6 coefficients"),
    ],
)
def test_what_the_comparison_cannot_bear_is_refused(more: dict[str, object], words: str) -> None:
    """The reason and the alternative, whichever way the treatment is described."""
    noise = np.random.default_rng(1).normal(size=(72, 4))
    frame = districts().assign(**{f"c{place}": noise[:, place] for place in range(4)})
    with pytest.raises(DesignError, match=words):
        difference_in_differences(frame, **COHORT, **more)
