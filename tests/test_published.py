"""Published and reference figures that this version reproduces, from `../shared/cases`."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from checkout import ROOT
from oda.evaluate import (
    SyntheticControl,
    adjust_p_values,
    bacon_decomposition,
    balance_table,
    bloom_multiplier,
    byar_limits,
    cost_benefit,
    crude_rates,
    difference_in_differences,
    directly_standardised_rate,
    discount_factors,
    interrupted_time_series,
    minimum_detectable_effect,
    newey_west,
    power,
    present_value,
    staggered_adoption,
    synthetic_control,
    synthetic_difference_in_differences,
    weighted_effect,
    wild_cluster_bootstrap,
    wilson_limits,
)
from oda.evaluate.inference.intervals import give_interval
from oda.evaluate.inference.microdata import regress

CASES = ROOT.parent / "shared" / "cases"
BYAR = "phe_dsr_byar_wilson"
STORES, MINIMUM_WAGE = "card_krueger_1994", 5.05  # dollars an hour
CLUSTERS = "boottest_8clusters"
ROUNDING = 1e-12  # of sums taken in another order


def figures(case: str) -> dict[str, tuple[float, float]]:
    """Return a case's figures by name, each with its tolerance; skip the test where the case is not there."""
    path = CASES / case / "expected.json"
    if not path.is_file():
        pytest.skip(f"the reference case {case} is not beside this checkout")
    listed = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return {figure["name"]: (figure["value"], figure["tol"]) for figure in listed}


def limits_of(case: str, pattern: str) -> list[tuple[re.Match[str], float, float, str]]:
    """Return those figures of a case whose name is of a form: the match, the value, its tolerance and the name."""
    found = [(re.fullmatch(pattern, name), *figure, name) for name, figure in figures(case).items()]
    return [(match, value, tolerance, name) for match, value, tolerance, name in found if match]


def test_byars_and_wilsons_limits_are_those_of_ohid() -> None:
    """All 25 limits of counts and shares in OHID's tests are reproduced, at 95 and at 99.8 per cent."""
    listed = limits_of(BYAR, r"(Byars|Wilson) x=([\d.]+) n=([\d.]+|-) ([\d.]+)% (lower|upper)cl")
    for match, value, tolerance, name in listed:
        count, level, end = float(match[2]), float(match[4]) / 100, int(match[5] == "upper")
        found = byar_limits(count, level=level) if match[3] == "-" else wilson_limits(count, match[3], level=level)
        assert float(found[end]) == pytest.approx(value, abs=tolerance), name
    assert len(listed) == 25


def test_crude_rates_are_those_of_ohid() -> None:
    """All 36 limits of OHID's crude rates are reproduced, exact below 10 events and Byar's above."""
    listed = limits_of(BYAR, r"Rate (\w+) (lower|upper)(9\d)_(\d)cl")
    data = pd.read_csv(CASES / BYAR / "rates.csv")
    for match, value, tolerance, name in listed:
        level = float(f"{match[3]}.{match[4]}") / 100
        rates = crude_rates(data, outcome="Numerator", exposure="Denominator", area="Area", level=level)
        rate = rates.estimates[match[1]]
        assert {"lower": rate.ci_low, "upper": rate.ci_high}[match[2]] == pytest.approx(value, abs=tolerance), name
    assert len(listed) == 36


def test_directly_standardised_rates_are_those_of_ohid() -> None:
    """All 13 rates and limits are reproduced; the area of fewer than 10 events is suppressed, as it is there."""
    listed = limits_of(BYAR, r"DSR (\w+) (value|lower|upper)(?:(9\d)_(\d)cl)?")
    data = pd.read_csv(CASES / BYAR / "data.csv")
    columns = {"outcome": "events", "exposure": "pop", "standard": "std_pop", "band": "ageband", "area": "area"}
    for match, value, tolerance, name in listed:
        rows = data[data["area"] == match[1]]
        level = float(f"{match[3]}.{match[4]}") / 100 if match[3] else 0.95
        rate = directly_standardised_rate(rows, **columns, level=level).estimates[match[1]]
        found = {"value": rate.value, "lower": rate.ci_low, "upper": rate.ci_high}[match[2]]
        assert found == pytest.approx(value, abs=tolerance), name
    assert len(listed) == 13
    tiny = data[data["area"] == "testdata_tiny"].fillna({"events": 0})
    assert directly_standardised_rate(tiny, **columns).estimates["testdata_tiny"].reason == "fewer than 10 events"


def test_the_effect_that_six_districts_detect_is_the_reference_one() -> None:
    """Simulated, the effect that 1 of 6 treated districts detect has the reference's power of 0.80."""
    value, tolerance = figures("power_mde")["simulated power at that MDE, G=6 n1=1"]
    effect = minimum_detectable_effect(1.0, n_treated=1, n_control=5)
    draws = np.random.default_rng(6).normal(size=(100_000, 6))
    detected = stats.ttest_ind(draws[:, :1] + effect, draws[:, 1:], axis=1).pvalue < 0.05
    assert detected.mean() == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize(
    ("effect", "power", "name"),
    [
        (0.5, 0.8, "n per arm d=.5 80%"),
        (0.2, 0.8, "n per arm d=.2 80%"),
        (0.8, 0.8, "n per arm d=.8 80%"),
        (0.5, 0.9, "n per arm d=.5 90%"),
    ],
)
def test_cohens_sample_sizes_are_the_smallest_that_detect_his_effects(effect: float, power: float, name: str) -> None:
    """Cohen's number of people an arm detects his effect, and one person fewer does not."""
    people = int(figures("power_mde")[name][0])
    enough, short = (
        minimum_detectable_effect(1.0, n_treated=n, n_control=n, power=power) for n in (people, people - 1)
    )
    assert enough <= effect < short


def test_blooms_multiplier_is_the_limit_of_many_units() -> None:
    """With 20,000 units the smallest effect is 2.8 standard errors."""
    value, tolerance = figures("power_mde")["Bloom multiplier large df"]
    effect = minimum_detectable_effect(1.0, n_treated=10_000, n_control=10_000)
    assert effect / np.sqrt(2 / 10_000) == pytest.approx(value, abs=tolerance)


def test_power_at_cohens_number_of_people_is_that_of_gpower() -> None:
    """With 64 people an arm, half a standard deviation is detected 80.15 times in 100."""
    value, tolerance = figures("power_mde")["power d=.5 n=64"]
    assert power(0.5, 1.0, n_treated=64, n_control=64) == pytest.approx(value, abs=tolerance)


def test_blooms_multiplier_for_six_districts_is_his() -> None:
    """With four degrees of freedom Bloom's multiplier is 3.717, and with very many 2.8."""
    for name, df in (("Bloom t multiplier df=4", 4), ("Bloom multiplier large df", np.inf)):
        value, tolerance = figures("power_mde")[name]
        assert bloom_multiplier(df) == pytest.approx(value, abs=tolerance)


LALONDE = "nsw_lalonde"
BEFORE = ["age", "educ", "race", "married", "nodegree", "re74", "re75"]


def jobs(name: str) -> pd.DataFrame:
    """Return one of the two job-training samples; skip the test where the case is not there."""
    figures(LALONDE)
    return pd.read_csv(CASES / LALONDE / name)


def matched(scores: pd.Series, treated: pd.Series) -> list[int]:
    """Return 1 for the treated and their nearest neighbours: highest score first, none used twice; else 0."""
    free = scores[treated == 0]
    picked = list(scores.index[treated == 1])
    for score in scores[treated == 1].sort_values(ascending=False, kind="stable"):
        nearest = (free - score).abs().idxmin()
        picked.append(nearest)
        free = free.drop(nearest)
    return [int(row in set(picked)) for row in scores.index]


def test_the_job_training_trial_is_dehejia_and_wahbas() -> None:
    """The trial's groups, means and difference in earnings are the published ones: $1,794 (633)."""
    data = jobs("data.csv")
    balance = balance_table(data, treated="treat", covariates=["age", "re75", "re74"])
    found = {"n treated": balance.n_treated, "n control": balance.n_control}
    for row in balance.rows.itertuples():
        found |= {f"mean T {row.variable}": row.mean_treated, f"mean C {row.variable}": row.mean_control}
    raw = weighted_effect(data, outcome="re78", treated="treat", covariates=["age"]).raw
    found |= {"diff in means": raw.value, "ols se": raw.std_error}
    expected = figures(LALONDE)
    for name, value in found.items():
        assert value == pytest.approx(expected[name][0], abs=expected[name][1]), name
    assert len(found) == 10


def test_the_balance_of_the_observational_sample_is_matchits() -> None:
    """Standardised differences, variance ratios and the weighted effect with its HC0 error are those of R."""
    data = jobs("lalonde_matchit.csv")
    found = weighted_effect(data, outcome="re78", treated="treat", covariates=BEFORE, scores="known")
    scores = found.weights.scores
    table = data.assign(distance=scores, matched=matched(scores, data["treat"]))
    rows = balance_table(table, treated="treat", covariates=["distance", *BEFORE], weights="matched").rows
    values = {"raw diff": found.raw.value, "ATT IPW": found.estimate.value, "ATT IPW HC0 se": found.estimate.std_error}
    for row in rows.itertuples():
        values |= {f"MatchIt SMD {row.variable}{row.level}": row.smd}
        values |= {} if row.kind == "share" else {f"MatchIt VR {row.variable}": row.variance_ratio}
    values["NN matched SMD distance"] = rows["weighted_smd"].iloc[0]
    expected = figures(LALONDE)
    for name, value in values.items():
        assert value == pytest.approx(expected[name][0], abs=expected[name][1]), name
    assert len(values) == 19


def test_adjusted_p_values_are_those_of_r() -> None:
    """Benjamini and Hochberg's fifteen p-values, adjusted in three ways, and how many stay below 0.05."""
    expected = figures("multiple_testing_bh")
    p_values = pd.read_csv(CASES / "multiple_testing_bh" / "data.csv")["p"].tolist()
    found = {
        name: adjust_p_values(p_values, method=method, family="heart attack trial")
        for name, method in {"Bonferroni": "bonferroni", "Holm": "holm", "BH": "bh", "BY": "by"}.items()
    }
    for name, (value, tolerance) in expected.items():
        if name.startswith("rejections"):
            assert found[name.removeprefix("rejections ")].n_below == value
        else:
            method, place = name.split()
            assert found[method].tests["adjusted"].iloc[int(place) - 1] == pytest.approx(value, abs=tolerance), name
    assert len(expected) == 30


def test_discount_factors_are_those_of_the_green_book() -> None:
    """Each factor of the Treasury's table, from year 1 to year 100, is reproduced to its last figure."""
    checked = 0
    for name, (value, tolerance) in figures("greenbook_cba").items():
        if name.startswith("discount factor year "):
            found = discount_factors([int(name.rpartition(" ")[2])])[0]
            assert found == pytest.approx(value, abs=tolerance), name
            checked += 1
    assert checked == 13


def test_the_green_books_worked_example_has_its_net_present_values() -> None:
    """Both options of the Green Book's example have its values, from the flows and from a sheet of lines."""
    expected = figures("greenbook_cba")
    flows = pd.read_csv(CASES / "greenbook_cba" / "data.csv")
    for option in ("option_a", "option_b"):
        value, tolerance = expected[f"NPV {option}"]
        assert present_value(flows[option], years=flows["year"]) == pytest.approx(value, abs=tolerance)
        kind = np.where(flows[option] < 0, "cost", "benefit")
        sheet = pd.DataFrame({"line": option, "kind": kind, "year": flows["year"], "amount": flows[option].abs()})
        sides = {"pays": np.where(kind == "cost", "us", ""), "gains": np.where(kind == "cost", "", "us")}
        sheet = sheet.assign(category="fiscal", cashable=np.where(kind == "cost", None, "yes"), **sides)
        found = cost_benefit(sheet.assign(deadweight=np.where(kind == "cost", np.nan, 0)), price_base=2003)
        assert found.npsv.value == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize(("controls", "word"), [("never", "never"), ("not yet", "notyet")])
def test_staggered_effects_are_those_of_callaway_and_santanna(controls: str, word: str) -> None:
    """All 32 figures of R's did with either comparison: effects, averages and standard errors."""
    case = "mpdta_callaway_santanna"
    expected = {name: one for name, one in figures(case).items() if name.startswith(f"{word} ")}
    counties = pd.read_csv(CASES / case / "data.csv")
    counties["start"] = counties["first.treat"].where(counties["first.treat"] > 0)
    columns = {"outcome": "lemp", "unit": "countyreal", "time": "year", "cohort": "start"}
    result = staggered_adoption(counties, controls=controls, **columns)
    got = {}
    for cell in result.cells.itertuples():
        got[f"{word} ATT({cell.cohort},{cell.time})"] = cell.value
        got[f"{word} se({cell.cohort},{cell.time})"] = cell.std_error
    for row in result.overall.itertuples():
        got[f"{word} {row.aggregation} overall"] = row.value
        got[f"{word} {row.aggregation} overall se"] = row.std_error
    assert len(expected) == 32
    for name, (value, tolerance) in expected.items():
        assert got[name] == pytest.approx(value, abs=tolerance), name


def test_the_parts_of_the_two_way_coefficient_are_those_of_another_library() -> None:
    """On the same counties diff-diff 3.13.0 gives these weights and averages of the three kinds of comparison."""
    case = "mpdta_callaway_santanna"
    figures(case)
    counties = pd.read_csv(CASES / case / "data.csv")
    counties["start"] = counties["first.treat"].where(counties["first.treat"] > 0)
    result = bacon_decomposition(counties, outcome="lemp", unit="countyreal", time="year", cohort="start")
    assert result.coefficient == pytest.approx(-0.03654893667406696, rel=1e-9)
    assert result.kinds["weight"].tolist() == pytest.approx([0.8627744180814, 0.0833013537297, 0.0539242281888])
    assert result.kinds["value"].tolist() == pytest.approx([-0.0407396951940, -0.0197838172606, 0.0046036616170])


def stores() -> pd.DataFrame:
    """Return Card and Krueger's stores, one row a store and wave, with full-time equivalents and the wage gap."""
    expected = figures(STORES)
    assert expected
    wide = pd.read_csv(CASES / STORES / "data.csv").assign(store=lambda one: np.arange(len(one)))
    raised = (wide["state"] == 1) & (wide["wage_st"] < MINIMUM_WAGE)
    wide["gap"] = ((MINIMUM_WAGE - wide["wage_st"]) / wide["wage_st"]).where(raised, 0.0)
    wide = wide.assign(**{f"chain{chain}": (wide["chain"] == chain).astype(float) for chain in (2, 3, 4)})
    waves = [
        wide.assign(wave=wave, fte=wide[f"empft{end}"] + wide[f"nmgrs{end}"] + 0.5 * wide[f"emppt{end}"])
        for wave, end in enumerate(("", "2"))
    ]
    return pd.concat(waves, ignore_index=True)


def in_both_waves(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the stores that have employment in both waves."""
    return rows[rows.groupby("store")["fte"].transform("count") == 2]


def close_to(case: str, found: dict[str, float]) -> None:
    """Hold found figures to those of a case, each within its own tolerance."""
    expected = figures(case)
    for name, value in found.items():
        figure, tolerance = expected[name]
        assert value == pytest.approx(figure, abs=tolerance + ROUNDING), name


def test_card_and_kruegers_table_3_is_reproduced() -> None:
    """Employment by state and wave, its standard errors, and the difference-in-differences by three samples."""
    rows = stores()
    names = {"outcome": "fte", "treated": "state", "post": "wave"}
    every = difference_in_differences(rows.dropna(subset="fte"), **names, unit="state", cluster="store")
    new_jersey, pennsylvania, _ = every.means.to_dict("records")
    pairs = difference_in_differences(in_both_waves(rows), **names, unit="store", inference="welch").estimate
    shut = rows["fte"].mask((rows["wave"] == 1) & rows["status2"].isin([2, 4, 5]), 0.0)
    closed = difference_in_differences(in_both_waves(rows.assign(fte=shut)), **names, unit="store", inference="welch")
    found = {
        "DiD row 3": every.estimate.value,
        "DiD row 4": pairs.value,
        "DiD row 4 se": pairs.std_error,
        "DiD row 5": closed.estimate.value,
        "DiD row 5 se": closed.estimate.std_error,
    }
    for state, means in (("NJ", new_jersey), ("PA", pennsylvania)):
        for side in ("before", "after"):
            found |= {f"{state} {side}": means[side], f"{state} {side} se": means[f"{side}_se"]}
    close_to(STORES, found)


def test_card_and_kruegers_table_4_is_reproduced() -> None:
    """Changes of employment on the state, and on the gap to the new minimum wage, without and with covariates."""
    rows = stores()
    paid = rows["wage_st"].notna() & (rows["wage_st2"].notna() | (rows["status2"] == 3))
    sample = in_both_waves(rows[paid])
    assert sample["store"].nunique() == figures(STORES)["N table 4"][0]
    chains = ["chain2", "chain3", "chain4", "co_owned"]
    models = {"(i)": ("state", []), "(ii)": ("state", chains), "(iii)": ("gap", []), "(iv)": ("gap", chains)}
    models["(v)"] = ("gap", [*chains, "southj", "centralj", "pa1", "pa2"])
    names = {"outcome": "fte", "unit": "store", "post": "wave", "inference": "collapsed"}
    found = {}
    for model, (treated, covariates) in models.items():
        fitted = difference_in_differences(sample, **names, treated=treated, covariates=covariates)
        found[f"T4 {model}"], found[f"T4 {model} se"] = fitted.estimate.value, fitted.estimate.std_error
        found[f"T4 {model} SER"] = fitted.sd_change
    close_to(STORES, {name: value for name, value in found.items() if name in figures(STORES)})


def test_the_wild_bootstrap_of_eight_clusters_is_that_of_stata() -> None:
    """All 256 draws of signs, t, p and interval of Stata's boottest log; Webb's weights at random."""
    figures(CLUSTERS)
    rows = pd.read_csv(CASES / CLUSTERS / "data.csv")
    names = {"outcome": "hasinsurance", "cluster": "year"}
    terms = ["post_self", "post", "selfemployed"]
    tests = {
        term: wild_cluster_bootstrap(
            rows, **names, term=term, covariates=[other for other in terms if other != term], null=null
        )
        for term, null in (("post_self", 0.04), ("post", 0.0))
    }
    webb = wild_cluster_bootstrap(
        rows,
        **names,
        term="post_self",
        covariates=["post", "selfemployed"],
        null=0.04,
        draw_weights="webb",
        draws=99_999,
    )
    own, post = tests["post_self"], tests["post"]
    close_to(
        CLUSTERS,
        {
            "t(7) post_self=.04": own.t_value,
            "t(7) post=0": post.t_value,
            "WCR p post_self=.04 (x256)": 256 * own.estimate.p_value,
            "WCR CI lo": own.estimate.ci_low,
            "WCR CI hi": own.estimate.ci_high,
            "WCR p post=0 (x256)": 256 * post.estimate.p_value,
            "WCR CI post lo": post.estimate.ci_low,
            "WCR CI post hi": post.estimate.ci_high,
            "Webb p post_self=.04": webb.estimate.p_value,
        },
    )
    assert (own.draws, own.enumerated, webb.enumerated) == (256, True, False)


def test_the_wild_bootstrap_of_twelve_industries_is_that_of_stata() -> None:
    """Wages on tenure by industry: the bootstrap, and the cluster-robust regression with two absorbed effects."""
    figures(CLUSTERS)
    women = pd.read_csv(CASES / CLUSTERS / "nlsw88.csv")
    names = {"outcome": "wage", "term": "tenure", "covariates": ["ttl_exp", "collgrad"], "cluster": "industry"}
    plain = wild_cluster_bootstrap(women.dropna(subset=["wage", "tenure", "ttl_exp", "industry"]), **names)
    union = women.dropna().assign(group=lambda rows: 2 * rows["south"] + rows["union"])
    absorbed = regress(union, **names, fixed_effects=["group"])
    interval = give_interval(absorbed, method="crv1", level=0.95)
    close_to(
        CLUSTERS,
        {
            "nlsw88 t(11) tenure": plain.t_value,
            "nlsw88 WCR p tenure (4096 draws)": plain.estimate.p_value,
            "nlsw88 WCR CI lo": plain.estimate.ci_low,
            "nlsw88 WCR CI hi": plain.estimate.ci_high,
            "nlsw88 N (south#union)": absorbed.n_obs,
            "nlsw88 tenure b": interval.value,
            "nlsw88 tenure se": interval.std_error,
            "nlsw88 tenure p": interval.p_value,
            "nlsw88 tenure lo": interval.low,
            "nlsw88 tenure hi": interval.high,
        },
    )


SMOKING = "prop99_synth"
ADH_PREDICTORS = [
    ("lnincome", range(1980, 1989)),
    ("age15to24", range(1980, 1989)),
    ("retprice", range(1980, 1989)),
    ("beer", range(1984, 1989)),
    ("cigsale", 1988),
    ("cigsale", 1980),
    ("cigsale", 1975),
]
CALIFORNIA = {"treated": "California", "start": 1989}
SALES = {"outcome": "PacksPerCapita", "unit": "State", "time": "Year"}


@pytest.fixture(scope="module")
def california() -> SyntheticControl:
    """Return California's synthetic control by the predictors of Abadie, Diamond and Hainmueller."""
    figures(SMOKING)
    data = pd.read_csv(CASES / SMOKING / "smoking_covariates.csv")
    names = {"outcome": "cigsale", "unit": "state", "time": "year"}
    return synthetic_control(data, **names, **CALIFORNIA, predictors=ADH_PREDICTORS)


def test_californias_synthetic_control_is_the_published_one(california: SyntheticControl) -> None:
    """Donors' weights, the balance of the seven predictors and the gap of 2000 are those published in 2010."""
    weights = california.weights.set_index("donor")["weight"]
    balance = california.balance.set_index("predictor")
    rows = {
        "ln GDP": "lnincome, 1980 to 1988",
        "pct 15-24": "age15to24, 1980 to 1988",
        "retail price": "retprice, 1980 to 1988",
        "beer": "beer, 1984 to 1988",
        **{f"cig {year}": f"cigsale, {year}" for year in (1988, 1980, 1975)},
    }
    checked = 0
    for name, (value, tolerance) in figures(SMOKING).items():
        which, _, what = name.removeprefix("ADH ").partition(" ")
        if which == "weight":
            ours = weights[what]
        elif which in ("synthetic", "real"):
            ours = balance.loc[rows[what], "treated" if which == "real" else "synthetic"]
        elif name == "ADH gap 2000":
            ours = california.gaps.set_index("time").loc[2000, "gap"]
        else:
            continue
        assert ours == pytest.approx(value, abs=tolerance), name
        checked += 1
    assert checked == 20


def test_california_ranks_first_of_39(california: SyntheticControl) -> None:
    """Its mean squared gap after over before is the largest of 39 states, so p is 0.026."""
    expected = figures(SMOKING)
    for name, ours in (
        ("placebo rank of California", california.rank),
        ("placebo p", california.estimate.p_value),
        ("post/pre MSPE ratio California", california.mspe_ratio),
    ):
        value, tolerance = expected[name]
        assert ours == pytest.approx(value, abs=tolerance), name
    assert california.poor_fit == ()


def test_the_three_estimates_for_california_are_those_of_synthdid() -> None:
    """Difference-in-differences, outcome-only synthetic control and their union are those of the authors' package."""
    expected = figures(SMOKING)
    data = pd.read_csv(CASES / SMOKING / "data.csv")
    data["cohort"] = np.where(data["State"] == "California", 1989, np.nan)
    for name, found in (
        ("DID ATT", difference_in_differences(data, **SALES, cohort="cohort")),
        ("SC outcome-only (no intercept, no ridge) ATT", synthetic_control(data, **SALES, cohort="cohort")),
        ("SDID ATT", synthetic_difference_in_differences(data, **SALES, **CALIFORNIA)),
    ):
        value, tolerance = expected[name]
        assert found.estimate.value == pytest.approx(value, abs=tolerance), name


def test_the_effect_of_sicilys_smoking_ban_is_the_published_one() -> None:
    """All 16 figures of the tutorial on interrupted time series: Poisson, overdispersion, season, slope, Newey-West."""
    expected = figures("sicily_smoking_ban_its")
    frame = pd.read_csv(CASES / "sicily_smoking_ban_its" / "data.csv")
    names = {"outcome": "aces", "time": "time", "start": 37, "exposure": "stdpop"}
    plain = interrupted_time_series(frame, **names, family="poisson", slope_change=False)
    quasi = interrupted_time_series(frame, **names, slope_change=False)
    season = interrupted_time_series(frame, **names, slope_change=False, harmonics=2)
    slope = interrupted_time_series(frame, **names, harmonics=2)
    change, z = season.level_change, stats.norm.ppf(0.975)  # the paper's limits are normal; ours are t with 52 df
    found = {
        "M1 Poisson RR": plain.level_change.value,
        "M1 Poisson lo": plain.level_change.ci_low,
        "M1 Poisson hi": plain.level_change.ci_high,
        "M1 Newey-West(3) se": newey_west(plain, lags=3, replicate=True).std_error,
        "M2 quasi dispersion": quasi.dispersion,
        "M2 quasi se": quasi.level_change.std_error,
        "M3 quasi+harmonics RR": change.value,
        "M3 quasi+harmonics lo": change.value * np.exp(-z * change.std_error),
        "M3 quasi+harmonics hi": change.value * np.exp(z * change.std_error),
        "M3 quasi+harmonics dispersion": season.dispersion,
        "M3 quasi+harmonics se": change.std_error,
        "M3 annual trend RR": np.exp(12 * season.terms.set_index("term").loc["trend", "coefficient"]),
        "M4 +slope RR": slope.level_change.value,
        "M4 slope": np.log(slope.slope_change.value),
        "M4 slope se": slope.slope_change.std_error,
        "M4 slope p (t)": slope.slope_change.p_value,
    }
    assert set(found) == set(expected)
    for name, (value, tolerance) in expected.items():
        assert found[name] == pytest.approx(value, abs=tolerance), name
