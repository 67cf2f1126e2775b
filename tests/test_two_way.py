"""Two-way fixed effects for a treatment that changes over time, and the one change that few clusters can bear."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from districts import NAMES, districts

from oda.errors import DesignError
from oda.evaluate import Comparison, difference_in_differences, sentence

EXACT = 1e-8  # relative; two exact algorithms differ by rounding alone
COLUMN = {**NAMES, "treatment": "visited"}


def dummies(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the regressors of a two-way regression written out: an intercept, these columns, unit and month."""
    fixed = pd.get_dummies(frame[["district", "month"]].astype(str), drop_first=True, dtype=float)
    return sm.add_constant(pd.concat([frame[list(columns)].astype(float), fixed], axis=1))


def people(*, clusters: int = 6, treated: int = 3, seed: int = 3) -> pd.DataFrame:
    """Return 20 to 60 persons a district and year, seen once each; the first districts are treated from 2003 on."""
    rng = np.random.default_rng(seed)
    cells = [(d, year) for d in range(clusters) for year in range(2000, 2006)]
    rows = [(f"d{d}", year) for d, year in cells for _ in range(rng.integers(20, 60))]
    frame = pd.DataFrame(rows, columns=["district", "month"])
    place = frame["district"].str[1:].astype(int)
    frame["age"] = rng.normal(70, 8, len(frame))
    shock = rng.normal(0, 0.3, (clusters, 6))[place, frame["month"] - 2000]
    frame["y"] = 0.05 * frame["age"] + place / 3 + shock + rng.normal(0, 1, len(frame))
    frame["treated"] = (place < treated).astype(int)
    frame["post"] = (frame["month"] >= 2003).astype(int)
    return frame.assign(visited=frame["treated"] * frame["post"], w=rng.uniform(1, 3, len(frame)))


def test_the_published_coefficient_stands_beside_the_one_that_few_districts_can_bear() -> None:
    """With one district treated the estimate rests on districts; the regression's coefficient is given too."""
    frame = people(treated=1)
    fit = sm.OLS(frame["y"], dummies(frame, "visited", "age")).fit()
    names = {**COLUMN, "treatment": "visited", "covariates": ["age"]}
    found = difference_in_differences(frame, **names)
    assert found.two_way == pytest.approx(fit.params["visited"], rel=EXACT)
    assert found.estimate.df == 4


def test_a_share_of_a_year_differs_from_a_dummy_and_equals_the_regression() -> None:
    """A first month at a half is half a month of treatment: the coefficient is that of the shares (pitfall 25)."""
    frame = districts(8, starts=3)
    frame["share"] = frame["visited"].where(frame["month"] != 6, frame["visited"] / 2)
    fit = sm.OLS(frame["y"], dummies(frame, "share")).fit()
    found = difference_in_differences(frame, **{**COLUMN, "treatment": "share"})
    dummy = difference_in_differences(frame, **COLUMN)
    assert found.estimate.value == pytest.approx(fit.params["share"], rel=EXACT)
    assert abs(found.estimate.value - dummy.estimate.value) > 1e-3
    assert found.estimate.permutation_p is not None  # the treated share one shape, so each district has one change
    assert "one change along the treatment" in found.beside[0].method


@pytest.mark.parametrize("treated", [1, 2])
def test_a_share_of_a_year_with_few_treated_is_one_change_a_district(treated: int) -> None:
    """The change along the shares of the treated is the same coefficient, with a t test of one number a district."""
    frame = districts(8, starts=treated)
    frame["share"] = frame["visited"].where(frame["month"] != 6, frame["visited"] / 2)
    found = difference_in_differences(frame, **{**COLUMN, "treatment": "share"}).estimate
    shape = (
        frame.loc[frame["district"] == "d0", "share"].to_numpy() - frame.loc[frame["district"] == "d0", "share"].mean()
    )
    wide = frame["y"].to_numpy().reshape(8, -1)
    change = wide @ shape / (shape @ shape)
    test = sm.OLS(change, sm.add_constant((np.arange(8) < treated).astype(float))).fit()
    assert found.value == pytest.approx(sm.OLS(frame["y"], dummies(frame, "share")).fit().params["share"], rel=EXACT)
    assert (found.value, found.std_error) == pytest.approx((test.params[1], test.bse[1]), rel=EXACT)
    assert found.df == 6


def test_a_dose_over_time_equals_the_regression() -> None:
    """Hours of visits that differ between districts and months: the effect of one hour."""
    frame = districts(8, starts=4)
    frame["hours"] = frame["visited"] * (1 + frame["district"].str[1:].astype(int)) * (frame["month"] - 5)
    found = difference_in_differences(frame, **{**COLUMN, "treatment": "hours"}).estimate
    assert found.value == pytest.approx(sm.OLS(frame["y"], dummies(frame, "hours")).fit().params["hours"], rel=EXACT)
    assert "CR2" in found.method


@pytest.mark.parametrize("weights", [None, "w"])
def test_microdata_equal_a_regression_with_dummies(weights: str | None) -> None:
    """Persons seen once, as many in a district and year as there are; a covariate, weights, errors by district."""
    frame = people()
    design = dummies(frame, "visited", "age")
    weight = np.ones(len(frame)) if weights is None else frame["w"].to_numpy()
    fit = sm.WLS(frame["y"], design, weights=weight).fit()
    names = {**NAMES, "covariates": ["age"], "weights": weights, "cluster": "district"}
    found = difference_in_differences(frame, **names, treatment="visited")
    flags = difference_in_differences(frame, **names, treated="treated", post="post")
    assert found.estimate.value == pytest.approx(fit.params["visited"], rel=EXACT)
    assert flags.estimate.to_dict() == found.estimate.to_dict()
    assert (found.estimate.n_obs, found.estimate.n_clusters) == (len(frame), 6)
    assert "CR2" in found.estimate.method


def test_without_a_period_rows_are_compared_by_side() -> None:
    """Flags without `time`: fixed effects for before and after alone."""
    frame = people()
    names = {"outcome": "y", "unit": "district", "treated": "treated", "post": "post", "cluster": "district"}
    by_side = sm.OLS(frame["y"], dummies(frame.assign(month=frame["post"]), "visited")).fit()
    found = difference_in_differences(frame, **names)
    assert found.estimate.value == pytest.approx(by_side.params["visited"], rel=EXACT)
    assert (found.before, found.after) == ((0, 0), (1, 1))
    same = difference_in_differences(frame.assign(post=frame["post"] > 0, treated=frame["treated"] > 0), **names)
    assert same.estimate.to_dict() == found.estimate.to_dict()


def test_many_clusters_have_the_usual_errors_of_the_same_regression() -> None:
    """Thirty districts, ten treated: CRV1 and t with 29 degrees of freedom, as statsmodels but for the count of K."""
    frame = districts(30, starts=10).drop(index=[3, 50, 51, 300])
    design = dummies(frame, "visited")
    groups = pd.factorize(frame["district"])[0]
    fit = sm.OLS(frame["y"], design).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    found = difference_in_differences(frame, **COLUMN).estimate
    rows, k, nested = len(frame), design.shape[1], 29
    factor = np.sqrt((rows - k) / (rows - k + nested))  # effects within clusters are not counted, as in Stata's areg
    assert found.value == pytest.approx(fit.params["visited"], rel=EXACT)
    assert found.std_error == pytest.approx(fit.bse["visited"] * factor, rel=EXACT)
    assert found.df == 29
    written_out = difference_in_differences(frame, **COLUMN, inference="cr2").estimate
    assert written_out.value == pytest.approx(found.value, rel=EXACT)


@pytest.mark.parametrize("found_by", ["auto", "cr2"])
def test_rows_are_never_tested_as_if_independent(found_by: str) -> None:
    """No degrees of freedom beyond the number of districts, whoever starts when (pitfall 11)."""
    frames = [
        districts(n, starts=starts)
        for n, starts in ((6, 3), (6, {0: 4, 1: 7}), (6, {0: 4, 1: 7, 2: 8}), (33, {0: 4, 1: 7, 2: 8}), (30, 12))
    ]
    for frame in frames:
        found = difference_in_differences(frame, **COLUMN, inference=found_by)
        for one in (found.estimate, *found.beside):
            assert one.df is not None
            assert one.df < one.n_clusters


def test_a_true_null_with_two_starts_is_rejected_rarely() -> None:
    """Two of six treated from different months, noise that lasts: the headline rejects a true null 5 in 100 or less."""
    rng = np.random.default_rng(3)
    frame, p_values = districts(starts={0: 4, 1: 8}), []
    for _ in range(150):
        noise = rng.normal(size=(6, 12))
        for month in range(1, 12):
            noise[:, month] += 0.7 * noise[:, month - 1]
        p_values.append(difference_in_differences(frame.assign(y=noise.ravel()), **COLUMN).estimate.p_value)
    assert np.mean(np.array(p_values) < 0.05) < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 150)


def test_different_starts_point_to_better_methods() -> None:
    """Effects that grow can turn the sign of two-way fixed effects, and the first things said are where to look."""
    found = difference_in_differences(districts(8, starts={0: 3, 1: 6, 2: 9}), **COLUMN)
    said = " ".join(found.estimate.cautions)
    assert "The treated districts began at 3 different times" in said
    assert "bacon_decomposition" in said
    assert "staggered_adoption" in said
    assert said.split(".")[0] in sentence(found)
    common = difference_in_differences(districts(8, starts=3), **COLUMN)
    assert not common.estimate.cautions


def test_growing_effects_under_different_starts_can_turn_the_sign() -> None:
    """Two waves with effects of 1, 2, 3 ... never below nothing: two-way fixed effects go below it (pitfall 23)."""
    frame = districts(7, starts={0: 2, 1: 2, 2: 9, 3: 9, 4: 9}, months=12)
    since = (frame["month"] - frame["start"] + 1).clip(lower=0).fillna(0)
    found = difference_in_differences(frame.assign(y=since**2 + frame["y"] / 1000), **COLUMN).estimate
    assert found.value < 0
    assert "began at 2 different times" in " ".join(found.cautions)


def test_one_treated_with_a_missing_row_is_refused() -> None:
    """No one change stands for it and no errors by cluster can be borne: whole months must go."""
    frame = districts(starts=1).drop(index=3)
    with pytest.raises(DesignError, match="1 of 6 districts are treated, and no one change stands for each"):
        difference_in_differences(frame, **COLUMN)
    whole = difference_in_differences(frame[frame["month"] != 3], **COLUMN).estimate
    assert (whole.df, whole.n_obs) == (4, 66)


def test_covariates_with_few_treated_are_a_caution() -> None:
    """Their part is taken out by the regression's own coefficients, which the t test takes as known."""
    frame = people(treated=1)
    found = difference_in_differences(frame, **COLUMN, covariates=["age"], cluster="district").estimate
    assert "the covariates explain" in " ".join(found.cautions)
    constant = frame.assign(old=frame["district"].str[1:].astype(float))
    again = difference_in_differences(constant, **COLUMN, covariates=["old", "age"], cluster="district").estimate
    assert again.value == pytest.approx(found.value, rel=EXACT)
    assert again.std_error == pytest.approx(found.std_error, rel=EXACT)


@pytest.mark.parametrize("treated", [1, 2])
def test_covariates_of_few_treated_are_those_of_the_regression(treated: int) -> None:
    """On a balanced panel the one change a district, the covariates' part taken out, gives its coefficient."""
    frame = districts(starts=treated).assign(z=lambda rows: rows["x"] ** 2 + rows["y"] / 3)
    fit = sm.OLS(frame["y"], dummies(frame, "visited", "x", "z")).fit()
    found = difference_in_differences(frame, **COLUMN, covariates=["x", "z"]).estimate
    assert found.value == pytest.approx(fit.params["visited"], rel=EXACT)
    assert found.df == 4


def test_weights_by_district_weigh_the_few_as_in_the_regression() -> None:
    """Two treated, weights by district: the collapsed estimate is the weighted regression's, as by `cohort`."""
    frame = districts(8, starts=2)
    frame["w"] = 1.0 + frame["district"].str[1:].astype(int)
    fit = sm.WLS(frame["y"], dummies(frame, "visited"), weights=frame["w"]).fit()
    found = difference_in_differences(frame, **COLUMN, weights="w").estimate
    cohort = difference_in_differences(frame, **NAMES, cohort="start", weights="w").estimate
    assert found.value == pytest.approx(fit.params["visited"], rel=EXACT)
    assert (cohort.value, cohort.std_error) == pytest.approx((found.value, found.std_error), rel=EXACT)


def test_the_ratio_is_that_of_logarithms() -> None:
    """Counts with an exposure: the exponential of the coefficient on log rates; the table of means has rates."""
    frame = districts(starts=3).assign(n=lambda rows: rows["y"].round().clip(lower=1), people=100.0)
    found = difference_in_differences(frame, **{**COLUMN, "outcome": "n"}, exposure="people")
    fit = sm.OLS(np.log(frame["n"] / 100), dummies(frame, "visited")).fit()
    assert found.estimate.value == pytest.approx(np.exp(fit.params["visited"]), rel=EXACT)
    early = frame[(frame["treated"] == 1) & (frame["post"] == 0)]
    assert found.means["before"].iloc[0] == pytest.approx((early["n"] / 100).mean())


def test_the_spread_of_changes_is_that_of_districts() -> None:
    """`sd_change` is a district's, never a row's, whether or not one change stands for it."""
    common = difference_in_differences(districts(starts=3), **COLUMN)
    cohort = difference_in_differences(districts(starts=3), **NAMES, cohort="start")
    assert common.sd_change == pytest.approx(cohort.sd_change, rel=EXACT)
    apart = difference_in_differences(districts(starts={0: 5, 1: 7, 2: 8}), **COLUMN)
    around = apart.changes.groupby("treated")["change"].transform(lambda one: one - one.mean())
    assert apart.sd_change == pytest.approx(np.sqrt((around**2).sum() / 4), rel=EXACT)


@pytest.mark.parametrize("starts", [1, 2, 3, {0: 4, 1: 7, 2: 8}], ids=["1", "2", "3", "staggered"])
def test_order_names_and_units_change_nothing(starts: int | dict[int, int]) -> None:
    """Shuffled rows, other names for districts, pence for pounds, and a level for everyone."""
    frame = districts(starts=starts)
    here = difference_in_differences(frame, **COLUMN).estimate
    renamed = frame.assign(district=frame["district"].map(lambda name: f"z{9 - int(name[1:])}").astype("category"))
    for changed, factor in (
        (frame.sample(frac=1, random_state=2), 1.0),
        (renamed, 1.0),
        (frame.assign(y=frame["y"] * 100), 100.0),
        (frame.assign(y=frame["y"] + 7 * frame["month"]), 1.0),
    ):
        there = difference_in_differences(changed, **COLUMN).estimate
        assert there.value == pytest.approx(here.value * factor, rel=1e-7)
        assert there.p_value == pytest.approx(here.p_value, rel=1e-7)


def test_the_hash_seed_changes_nothing() -> None:
    """The count of fixed effects depends on no order of sets, so the error is the same in every process (pitfall 9)."""
    code = (
        "from test_two_way import *; "
        "print(repr(difference_in_differences(districts(30, starts=12), **COLUMN).estimate.std_error))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "03"
    }
    assert len(said) == 1


def estimate(frame: pd.DataFrame, **more: object) -> Comparison:
    """Return the estimate by a column of treatment."""
    return difference_in_differences(frame, **{**COLUMN, **more})


@pytest.mark.parametrize(
    ("broken", "more", "words"),
    [
        (lambda f: f.assign(visited=1.0), {}, "6 of 6 districts are treated at some time.*controls='not yet'"),
        (lambda f: f.assign(visited=0.0), {}, "0 of 6 districts are treated at some time"),
        (lambda f: f[f["district"] < "d2"].assign(visited=f["post"] * (f["district"] == "d0")), {}, "1 of 2 districts"),
        (lambda f: f.assign(visited=f["treated"]), {}, "Nothing is left of 'treatment'|above 0 from the first period"),
        (lambda f: f.assign(visited=f["visited"] - 1), {}, "The visited of 60 of 72 rows is below 0"),
        (lambda f: f.assign(visited=f["visited"].astype(str)), {}, "The visited is not a column of numbers"),
        (lambda f: f.assign(y=f["y"].where(f.index > 1, 0)), {"scale": "ratio"}, "'y' is 0 in 2 of 72 rows"),
        (lambda f: f.assign(month=f["month"].astype(str)), {}, "'month' is of str. Give pandas periods"),
        (lambda f: f, {"time": None}, "1 descriptions of the treatment. Give one"),
        (lambda f: f, {"cohort": "start"}, "2 descriptions of the treatment"),
        (lambda f: f, {"treatment": None}, "0 descriptions of the treatment"),
        (lambda f: f, {"treatment": None, "cohort": "start", "cluster": "x"}, "with the last two only"),
        (lambda f: f, {"treatment": None, "treated": "treated"}, "1 descriptions of the treatment"),
        (lambda f: f, {"inference": "welch", "weights": "w"}, "Unequal spread can be allowed for with one dose"),
        (lambda f: f, {"inference": "wild"}, "2 of 6 districts are treated: wild cluster bootstrap"),
        (
            lambda f: f.assign(visited=f["visited"].where((f["district"] > "d0") | (f["month"] > 8), 0)),
            {"inference": "collapsed"},
            "the treated differ in when or how much",
        ),
        (
            lambda f: f.assign(post=f["post"] + 1),
            {"treatment": None, "treated": "treated", "post": "post", "cluster": "district"},
            "'post' holds other values than 0 and 1",
        ),
        (
            lambda f: f.drop(columns="post"),
            {"treatment": None, "treated": "treated", "post": "post", "cluster": "district"},
            "No column 'post'. There is: 'district'",
        ),
    ],
)
def test_a_broken_design_is_refused(broken, more, words) -> None:
    """Each in a sentence that says what was found and what to do; the data stay as they were."""
    frame = broken(districts().assign(w=1.0))
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        estimate(frame, **more)
    pd.testing.assert_frame_equal(frame, copy)


WAYS = [{"treated": "treated", "post": "post"}, {"treatment": "visited"}]


@pytest.mark.parametrize("way", WAYS, ids=["flags", "shares"])
@pytest.mark.parametrize("cluster", ["person", "shop"])
def test_clusters_within_districts_that_were_treated_as_wholes_are_a_caution(way: dict[str, str], cluster: str) -> None:
    """Errors by person or shop miss what hits a whole district: with 1 of 6 treated they reject 38 times in 100."""
    frame = people(treated=1)
    numbers = np.arange(len(frame))
    frame = frame.assign(person=numbers.astype(str), shop=frame["district"] + (numbers % 4).astype(str))
    found = difference_in_differences(frame, **NAMES, **way, cluster=cluster)
    assert found.estimate.cautions == (
        "Shocks that hit a whole district are not in this interval, and there are only 6 districts (1 treated): give "
        f"cluster='district' unless the treatment was given to each {cluster} on its own.",
    )
    assert found.estimate.cautions[0] in sentence(found)
    assert (
        not difference_in_differences(frame, **NAMES, **way, cluster="district").estimate.cautions[0].startswith("Sh")
    )


def test_a_treatment_given_within_districts_may_have_clusters_within_them() -> None:
    """Where some shops of a district were treated and others were not, the shop is the level of assignment."""
    frame = people()
    frame["shop"] = frame["district"] + (np.arange(len(frame)) % 4).astype(str)
    frame["visited"] = frame["post"] * frame["shop"].str.endswith("1")
    found = difference_in_differences(frame, **NAMES, treatment="visited", cluster="shop").estimate
    assert not [one for one in found.cautions if "Shocks" in one]


def test_persons_seen_once_are_rows_as_they_are() -> None:
    """The method does not speak of one change each for persons who are seen on one side only."""
    frame = people()
    frame["person"] = np.arange(len(frame)).astype(str)
    method = difference_in_differences(frame, **NAMES, treatment="visited", cluster="person").estimate.method
    assert method.startswith("difference-in-differences on rows as they are, by two-way fixed effects, over ")
    assert "one change" not in method


def test_persons_seen_once_cannot_be_the_unit() -> None:
    """The refusal says what to give for the unit, not that nothing is left of a column."""
    frame = people()
    frame["person"] = np.arange(len(frame)).astype(str)
    names = {**NAMES, "unit": "person", "cluster": "district"}
    for way in WAYS:
        with pytest.raises(DesignError, match=r"^Each person is seen once.*Give unit='district'\.$"):
            difference_in_differences(frame, **names, **way)


def test_those_treated_from_the_first_period_on_are_counted_and_named() -> None:
    """A law that 2 of 8 states had all along is no treatment from the first period on in all of them."""
    frame = districts(8, starts={0: 0, 1: 0, 2: 6})
    words = r"in 2 of 8 districts \(d0, d1\)\. Leave these out"
    with pytest.raises(DesignError, match=words):
        difference_in_differences(frame, **COLUMN)
    assert difference_in_differences(frame[frame["district"] > "d1"], **COLUMN).estimate.n_treated == 1


def test_an_effect_of_a_share_is_that_of_a_whole_period() -> None:
    """The unit and the method say it; with 0 and 1 alone nothing is said."""
    frame = districts(8, starts=3)
    frame["share"] = frame["visited"].where(frame["month"] != 6, frame["visited"] / 2)
    found = difference_in_differences(frame, **{**COLUMN, "treatment": "share"})
    assert found.estimate.unit == "y for a whole period of treatment"
    ratio = difference_in_differences(frame, **{**COLUMN, "treatment": "share"}, scale="ratio")
    assert ratio.estimate.method.endswith(", for a whole period of treatment")
    assert difference_in_differences(frame, **COLUMN).estimate.unit == "y"


@pytest.mark.parametrize("cluster", [None, "district"])
def test_an_effect_of_a_dose_is_that_of_one_unit_of_it(cluster: str | None) -> None:
    """A dose of up to 9 hours: the unit of a difference says so, and a caution with a ratio."""
    frame = districts(8, starts=4)
    frame["hours"] = frame["treated"] * (1 + 2 * frame["district"].str[1:].astype(int))
    way = {**NAMES, "treated": "hours", "post": "post", "cluster": cluster}
    found = difference_in_differences(frame, **way)
    assert {one.unit for one in (found.estimate, *found.beside)} == {"y per unit of hours"}
    ratio = difference_in_differences(frame, **way, scale="ratio")
    assert "The ratio is per unit of hours, which goes up to 7." in sentence(ratio)


def test_the_data_are_left_alone() -> None:
    """Neither the flags nor the column of treatment adds anything to the frame that was handed over."""
    frame = people()
    copy = frame.copy(deep=True)
    difference_in_differences(frame, **NAMES, treated="treated", post="post", cluster="district")
    pd.testing.assert_frame_equal(frame, copy)
