"""Regressions that analysts bring: fixed effects, weights and labels of every kind, ready for a test by cluster."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from slowly import bare_crv1, columns, cr2, small_panel

from oda.errors import DesignError
from oda.evaluate.inference.microdata import Regression, regress
from oda.evaluate.inference.regression import cr2_error, crv1_error

EXACT = 1e-9  # relative; other orders of sums differ by rounding alone
BOTH = ["area", "month"]


def run(frame: pd.DataFrame, **more: object) -> Regression:
    """Return the regression of falls on visits with this file's column names."""
    options = {"outcome": "falls", "term": "visits", "cluster": "area", "fixed_effects": BOTH}
    return regress(frame, **{**options, **more})


def figures(found: Regression) -> list[float]:
    """Return coefficient, errors and degrees of freedom."""
    return [found.fit.coef, crv1_error(found.fit)[0], *cr2_error(found.fit)]


@pytest.mark.parametrize("unbalanced", [False, True], ids=["balanced", "unbalanced"])
@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize("covariates", [[], ["age"]])
@pytest.mark.parametrize("written_out", [True, False])
def test_fixed_effects_go_as_with_dummies(
    *, unbalanced: bool, weights: str | None, covariates: list[str], written_out: bool
) -> None:
    """Coefficient and CRV1 error are those with a dummy for every area and month, either way of taking them out."""
    frame = small_panel(unbalanced=unbalanced)
    found = run(frame, weights=weights, covariates=covariates, written_out=written_out)
    x, y = columns(frame, ["visits", *covariates], BOTH), frame["falls"].to_numpy()
    scale = None if weights is None else frame[weights].to_numpy()
    n, counted = len(frame), 1 + len(covariates) + 8  # the term, covariates, months and constant; areas are nested
    expected = bare_crv1(x, y, frame["area"].to_numpy(), scale) * 12 / 11 * (n - 1) / (n - counted)
    assert found.fit.n_estimated == counted
    assert found.fit.coef == pytest.approx(cr2(x, y, frame["area"].to_numpy(), scale)[0], rel=EXACT)
    assert crv1_error(found.fit)[0] ** 2 == pytest.approx(expected, rel=EXACT)


@pytest.mark.parametrize("weights", [None, "weight"])
@pytest.mark.parametrize("effects", [[], ["area"], ["month"], BOTH])
def test_cr2_is_that_of_all_dummies(weights: str | None, effects: list[str]) -> None:
    """Taking effects out within clusters leaves the error and its degrees of freedom as with all dummies."""
    frame = small_panel()
    found = run(frame, weights=weights, covariates=["age"], fixed_effects=effects)
    x, y = columns(frame, ["visits", "age"], effects), frame["falls"].to_numpy()
    expected = cr2(x, y, frame["area"].to_numpy(), None if weights is None else frame[weights].to_numpy())
    assert (found.fit.coef, *cr2_error(found.fit)) == pytest.approx(expected, rel=1e-8)


def test_it_is_statsmodels_but_for_the_count_of_coefficients() -> None:
    """Statsmodels counts the areas among the coefficients, which are within clusters; nothing else differs."""
    frame = small_panel()
    x = columns(frame, ["visits"], BOTH)
    theirs = sm.OLS(frame["falls"].to_numpy(), np.delete(x, [2, 14], axis=1)).fit(
        cov_type="cluster", cov_kwds={"groups": frame["area"].astype("category").cat.codes}, use_t=True
    )
    found = run(frame)
    turned = (len(frame) - 20) / (len(frame) - found.fit.n_estimated)
    assert found.fit.coef == pytest.approx(theirs.params[0], rel=EXACT)
    assert crv1_error(found.fit)[0] == pytest.approx(theirs.bse[0] * turned**0.5, rel=EXACT)


def test_two_effects_within_clusters_are_taken_out_together() -> None:
    """Districts and region-by-month effects, clustered by region, go out exactly in an unbalanced panel too."""
    frame = small_panel()
    frame["region"] = frame["area"].str[1:].astype(int) // 3
    frame["region_month"] = frame["region"].astype(str) + "/" + frame["month"].astype(str)
    effects = ["area", "region_month"]
    x = columns(frame, ["age"], effects)
    found = run(frame, term="age", cluster="region", fixed_effects=effects)
    expected = cr2(x, frame["falls"].to_numpy(), frame["region"].to_numpy())
    assert (found.fit.coef, *cr2_error(found.fit)) == pytest.approx(expected, rel=1e-8)
    assert found.fit.n_estimated == 2  # the term and the constant


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.sample(frac=1, random_state=4),
        lambda f: f.assign(area=f["area"].map(lambda name: f"z{99 - int(name[1:])}")),
        lambda f: f.assign(area=pd.Categorical(f["area"], [f"a{i:02d}" for i in range(99, -1, -1)])),
        lambda f: f.assign(area=f["area"].str[1:].astype("Int64")),
        lambda f: f.assign(area=f["area"].str[1:].astype(int).map(lambda i: i if i % 2 else f"a{i}").astype(object)),
        lambda f: f.assign(month=pd.PeriodIndex.from_ordinals(f["month"] + 600, freq="M")),
        lambda f: f.assign(area=pd.cut(f["area"].str[1:].astype(int), np.arange(-1, 12))),
        lambda f: f.assign(visits=f["visits"].astype(bool)),
        lambda f: f.assign(visits=f["visits"].astype("boolean"), falls=f["falls"].astype("Float64")),
        lambda f: f.assign(visits=f["visits"].astype("Int64"), age=f["age"] * 1e9),
        lambda f: f.assign(age=f["age"] * 1e-9, falls=f["falls"] + 1e3),
        lambda f: f.set_index("month", drop=False),
    ],
    ids=[
        "rows shuffled", "areas renamed", "categories turned round", "areas numbered", "mixed labels", "months",
        "intervals", "truth values", "nullable truth values", "whole numbers", "small covariate", "other index",
    ],
)  # fmt: skip
def test_what_does_not_matter_changes_nothing(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Order of rows, names of areas and the kinds of columns leave every figure as it is."""
    frame = small_panel()
    here, there = (figures(run(data, covariates=["age"])) for data in (frame, change(frame)))
    assert there == pytest.approx(here, rel=EXACT)


def test_a_covariate_that_fixed_effects_give_adds_nothing() -> None:
    """A district's size, which never changes, is no regressor beside district effects, whatever rounding leaves."""
    frame = small_panel()
    frame["size"] = frame["area"].str[1:].astype(int) * 0.1 + 123.456
    for written_out in (True, False):
        here, there = (run(frame, covariates=held, written_out=written_out) for held in ([], ["size"]))
        assert there.fit.n_estimated == here.fit.n_estimated
        assert figures(there) == pytest.approx(figures(here), rel=EXACT)


def test_one_row_a_cluster_is_allowed() -> None:
    """With one change for each area the regression is one of two groups."""
    frame = small_panel(unbalanced=False).query("month == 5")
    found = run(frame, fixed_effects=[])
    sides = [frame.loc[frame["visits"] == side, "falls"] for side in (1, 0)]
    assert found.fit.coef == pytest.approx(sides[0].mean() - sides[1].mean(), rel=EXACT)
    assert cr2_error(found.fit)[0] ** 2 == pytest.approx(sum(side.var() / len(side) for side in sides), rel=EXACT)


@pytest.mark.parametrize(
    ("term", "sides"),
    [
        (lambda f: f["visits"], (5, 7)),
        (lambda f: f["ever"], (5, 7)),
        (lambda f: f["visits"] + 1, (5, 7)),
        (lambda f: f["visits"] * f["area"].str[1:].astype(int).add(1), (5, 7)),
        (lambda f: (f["area"] != "a11") * 1.0, (11, 1)),
        (lambda f: (f["area"] != "a11") * f["month"].ge(4) * np.where(f["area"] == "a01", 0.5, 1), (11, 1)),
        (lambda f: f["age"], (0, 0)),
        (lambda f: f["age"].gt(0).astype(float).where(f["month"] > 1, f["month"]), (0, 0)),
        (lambda f: f["area"].str[1:].astype(float), (0, 0)),
    ],
    ids=["visits", "ever", "coded 1 and 2", "doses", "one control", "one control, a part", "within", "within, 0 or 1",
         "a quantity"],
)  # fmt: skip
def test_treated_clusters_are_counted(term: Callable[[pd.DataFrame], pd.Series], sides: tuple[int, int]) -> None:
    """Clusters above the lowest value are treated; a term within clusters or a quantity is no treatment."""
    frame = small_panel(unbalanced=False).assign(visits=term)
    found = run(frame, fixed_effects=[])
    assert (found.n_treated, found.n_control) == sides


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        (lambda f: f, {"outcome": "x", "term": "z"}, r"^No column 'x', 'z'. There is: 'area'"),
        (lambda f: f.assign(falls=f["falls"].where(f.index > 1)), {}, r"^A value is missing of 93 rows: 'falls' in 2"),
        (lambda f: f.assign(area=f["area"].where(f.index > 1)), {}, r"'area' in 2"),
        (lambda f: f.assign(falls=f["falls"].astype(str)), {}, r"^The falls is not a column of numbers but of"),
        (
            lambda f: f.assign(visits=f["visits"].astype(object)),
            {},
            r"^The visits is not a column of numbers but of ob",
        ),
        (lambda f: f.assign(age=f["age"].where(f.index > 1, np.inf)), {"covariates": ["age"]}, r"^The age of 2 of 93"),
        (lambda f: f, {"covariates": "age"}, r"^covariates is the text 'age'"),
        (lambda f: f, {"fixed_effects": "area"}, r"^fixed_effects is the text 'area'"),
        (lambda f: f, {"fixed_effects": [*BOTH, "ever"]}, r"^3 fixed effects, 'area', 'month', 'ever'. Give two"),
        (lambda f: f.assign(area="a"), {}, r"^'area' has 1 value. Give the column of the level at which"),
        (lambda f: f.assign(weight=0), {"weights": "weight"}, r"^The weight of 93 of 93 rows is not above 0"),
        (lambda f: f, {"term": "ever"}, r"^Nothing is left of 'ever'"),
        (lambda f: f.assign(dose=f["ever"] * 0.3 + 0.1), {"term": "dose"}, r"^Nothing is left of 'dose'"),
        (lambda f: f, {"covariates": ["visits"]}, r"^Nothing is left of 'visits'"),
        (
            lambda f: f[f["month"] < 2].iloc[:4],
            {"term": "age", "covariates": ["weight", "month"], "fixed_effects": []},
            r"^4 rows cannot bear 4 coefficients",
        ),
        (lambda f: pd.concat([f, f[["falls"]]], axis=1), {}, r"^1 columns stand twice in the data: 'falls'"),
        (lambda f: f.assign(row=range(93)), {"fixed_effects": ["row"]}, r"^Nothing is left|cannot bear"),
    ],
)
@pytest.mark.parametrize("written_out", [True, False])
def test_a_broken_regression_is_refused(
    change: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str, *, written_out: bool
) -> None:
    """Each is refused in a sentence that names the column, and the data stay as they were."""
    frame = change(small_panel())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        run(frame, written_out=written_out, **more)
    pd.testing.assert_frame_equal(frame, copy)


def test_too_many_effects_across_clusters_are_refused() -> None:
    """1,501 effects that cross clusters would be a matrix too large to be of use."""
    frame = pd.DataFrame({"area": np.arange(3002) % 7, "label": np.arange(3002) // 2, "visits": np.arange(3002) % 2})
    with pytest.raises(DesignError, match=r"^1,501 fixed effects cross the clusters; 1,500 can be borne"):
        run(frame.assign(falls=0.0), fixed_effects=["label"])


def test_the_hash_seed_changes_nothing() -> None:
    """Python's random order of sets, by which a library's error moved by 1.6 per cent, reaches no figure."""
    code = (
        "from slowly import small_panel; from oda.evaluate import *;"
        "from oda.evaluate.inference.microdata import regress;"
        "from oda.evaluate.inference.regression import crv1_error; f = small_panel();"
        "o = {'outcome': 'falls', 'term': 'visits', 'cluster': 'area', 'covariates': ['age'],"
        "'fixed_effects': ['area', 'month']};"
        "print([crv1_error(regress(f, **o, written_out=w).fit) for w in (True, False)], cr2_test(f, **o),"
        "wild_cluster_bootstrap(f, **o, draw_weights='webb', draws=99).estimate)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONHASHSEED": seed},
            stdout=subprocess.PIPE,
        )
        for seed in "012345"
    ]
    said = {process.communicate()[0] for process in started}
    assert [process.returncode for process in started] == [0] * 6
    assert len(said) == 1
