"""Funnel limits: areas held against chance, given their size, by OHID's rules and with room for real spread."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda.errors import DesignError
from oda.evaluate import Funnel, funnel_limits, sentence
from oda.evaluate.rates.funnel import STATUSES, WITHIN

EXACT = 1e-10  # relative; figures in other units differ by rounding alone
BISECTED = 1e-5  # relative; OHID halves an interval until it is about that narrow
PRINTED = 1e-6  # absolute; OHID's tests print six decimals
NAMES = {"outcome": "falls", "unit": "area", "exposure": "people", "measure": "rate"}
LIMITS = ["low_95", "high_95", "low_998", "high_998"]


def areas(spread: float = 0.0, n: int = 60, seed: int = 3) -> pd.DataFrame:
    """Return areas of 5,000 to 200,000 people with 1 fall in 100 each, spread by this much of a logarithm."""
    rng = np.random.default_rng(seed)
    people = np.exp(rng.uniform(np.log(5e3), np.log(2e5), n)).round()
    falls = rng.poisson(people / 100 * np.exp(rng.normal(0, spread, n) if spread else 0.0))
    return pd.DataFrame({"area": [f"a{place}" for place in range(n)], "falls": falls, "people": people})


def funnel(frame: pd.DataFrame, **more: object) -> Funnel:
    """Return the funnel of a frame with this file's column names."""
    return funnel_limits(frame, **{**NAMES, **more})


def ratio_at(observed: int, ratio: float) -> pd.Series:
    """Return the limits of an area whose ratio, per 100 expected, is this at so many events observed."""
    frame = pd.DataFrame({"area": list("abc"), "falls": observed, "people": [observed * 100 / ratio, 50.0, 60.0]})
    return funnel(frame, measure="ratio").areas.iloc[0]


def test_the_limits_are_where_chance_alone_has_the_tail_it_says() -> None:
    """At 100 expected, 121 events or more have a probability below 0.025 and 120 do not, and so for all four limits."""
    frame = pd.DataFrame({"area": list("abc"), "falls": [100, 90, 110], "people": [100.0, 100.0, 100.0]})
    found = funnel(frame, measure="ratio").areas.iloc[0]
    chance = stats.poisson(100)
    assert chance.sf(math.ceil(found["high_95"]) - 1) < 0.025 < chance.sf(math.floor(found["high_95"]) - 1)
    assert chance.sf(math.ceil(found["high_998"]) - 1) < 0.001 < chance.sf(math.floor(found["high_998"]) - 1)
    assert chance.cdf(math.floor(found["low_95"])) < 0.025 < chance.cdf(math.ceil(found["low_95"]))
    assert chance.cdf(math.floor(found["low_998"])) < 0.001 < chance.cdf(math.ceil(found["low_998"]))


@pytest.mark.parametrize(
    ("observed", "limits"),
    [
        (1, (17.94802207, 3949.774946, 10.83023482, 99945.32721)),
        (2, (27.6828582, 825.7315569, 17.81123382, 4405.093268)),
        (10, (54.3763205, 208.5337156, 41.43536693, 337.778507)),
        (100, (82.21871402, 122.9044681, 74.11562345, 139.0406755)),
        (716, (92.93605352, 107.7488421, 89.20960712, 112.5516964)),
    ],
)
def test_ratio_limits_are_those_of_ohid(observed: int, limits: tuple[float, ...]) -> None:
    """OHID's curves for ratios (PHEindicatormethods, testdata_funnel_ratio_outputs.csv) lie on these limits."""
    for name, value in zip(LIMITS, limits, strict=True):
        assert ratio_at(observed, value)[name] == pytest.approx(value, rel=BISECTED)


@pytest.mark.parametrize(
    ("events", "people", "limits"),
    [
        (12, 6014.522889, (66.50569087, None)),
        (12, 1779.135188, (None, 224.8283338)),
        (159, 53290.17651, (99.45547842, None)),
        (1360, 369759.5622, (None, 122.6021934)),
    ],
)
def test_rate_limits_are_those_of_ohid(events: int, people: float, limits: tuple[float | None, ...]) -> None:
    """OHID's curve for rates over three years (testdata_funnel_rate_outputs.csv), around 116.1720835 per 100,000."""
    frame = pd.DataFrame({"area": list("abc"), "falls": events, "people": [3 * people, 1e5, 2e5]})
    found = funnel(frame, target=116.1720835).areas.iloc[0]
    for name, value in zip(LIMITS, limits, strict=False):
        if value is not None:
            assert found[name] == pytest.approx(value, rel=BISECTED)


@pytest.mark.parametrize(
    ("people", "limits"),
    [
        (1, (3.204264, 100, 0, 100)),
        (45, (69.098645, 92.186251, 62.441586, 98.843309)),
        (1008, (78.203374, 83.081521, 76.796814, 84.488082)),
        (110000, (80.408963, 80.875933, 80.274317, 81.010578)),
    ],
)
def test_limits_of_a_proportion_are_those_of_ohid(people: int, limits: tuple[float, ...]) -> None:
    """OHID's curve for 303 areas (testdata_funnel_prop_outputs.csv) around 80.642448 per cent is reproduced."""
    frame = pd.DataFrame({"area": list("abc"), "falls": 0.5, "people": [people, 1e4, 1e5]})
    found = funnel(frame, measure="proportion", target=80.642448).areas.iloc[0]
    assert found[LIMITS].tolist() == pytest.approx(limits, abs=PRINTED)


@pytest.mark.parametrize(
    ("observed", "expected", "status"),
    [
        (8, 6.239860227, WITHIN),
        (6, 4.293052052, WITHIN),
        (0, 240.6273499, "below the 99.8% limit"),
        (16, 36.38844667, "below the 99.8% limit"),
        (220, 249.8012944, WITHIN),
        (150, 119.5695496, "above the 95% limit"),
        (101, 126.2973615, "below the 95% limit"),
        (107, 125.1461988, WITHIN),
        (182, 143.6804295, "above the 95% limit"),
        (119, 140.9618574, WITHIN),
        (252, 218.7689904, "above the 95% limit"),
        (203, 154.185022, "above the 99.8% limit"),
        (200, 164.1901322, "above the 95% limit"),
        (241, 288.6919023, "below the 95% limit"),
        (187, 164.5692159, WITHIN),
        (117, 140.709561, "below the 95% limit"),
        (46, 56.88141462, WITHIN),
        (41, 58.50456621, "below the 95% limit"),
        (48, 64, "below the 95% limit"),
        (49, 87.5, "below the 99.8% limit"),
    ],
)
def test_areas_are_judged_as_ohid_judges_them(observed: int, expected: float, status: str) -> None:
    """Areas of OHID's own test of ratios (testdata_funnel_ratio_inputs.csv), many close to a limit, fall as there."""
    frame = pd.DataFrame({"area": list("abc"), "falls": [observed, 50, 60], "people": [expected, 50, 60]})
    assert funnel(frame, measure="ratio").areas["status"].iloc[0] == status


def test_proportions_of_303_areas_are_judged_as_ohid_judges_them() -> None:
    """Four primary care trusts of OHID's 303 (testdata_funnel_prop_inputs.csv), around their average, fall as there."""
    rows = [
        ("New Forest", 35078.488, 41980, "above the 99.8% limit"),
        ("South Gloucestershire", 50050.7443, 61921, WITHIN),
        ("West Norfolk", 26789.238, 33012, "above the 95% limit"),
        ("North Devon", 30277.5312, 37828, "below the 95% limit"),
        ("Norwich", 24803.6256, 31824, "below the 99.8% limit"),
    ]
    frame = pd.DataFrame(rows, columns=["area", "falls", "people", "status"])
    found = funnel(frame, measure="proportion", target=80.642448)
    assert found.areas["status"].tolist() == frame["status"].tolist()


def test_a_planted_outlier_is_found_and_the_rest_are_not() -> None:
    """Of 60 areas that differ by chance alone, only the one with double the rate is above the 99.8 per cent limit."""
    frame = areas()
    frame.loc[7, "falls"] *= 2
    found = funnel(frame).areas
    assert found.index[found["status"] == STATUSES[-1]].tolist() == [7]
    assert funnel(frame, overdispersion=True).areas["status"].iloc[7] == STATUSES[-1]


def test_without_outliers_one_area_in_twenty_is_outside_the_inner_limits() -> None:
    """Of 4,000 areas that differ by chance alone about 5 per cent are outside 95%, and 0.2 per cent outside 99.8%."""
    found = funnel(areas(n=4000), target=1000)
    outer = found.areas["status"].isin([STATUSES[0], STATUSES[-1]]).mean()
    assert 0.04 < (found.areas["status"] != WITHIN).mean() < 0.055  # exact limits are a little wide; 3 standard errors
    assert outer == found.share_outside < 0.004
    assert found.dispersion == pytest.approx(0.68, abs=0.05)  # what winsorising leaves of a variance of 1


def test_real_spread_without_its_model_calls_most_areas_unusual_and_says_so() -> None:
    """Where areas truly differ by 10 per cent, plain limits call most unusual and say so; widened ones call few."""
    frame = areas(0.1, n=300).assign(people=lambda f: f["people"] * 20, falls=lambda f: f["falls"] * 20)
    plain, wide = funnel(frame), funnel(frame, overdispersion=True)
    assert plain.share_outside > 0.5
    assert "Widen the limits for the spread between areas" in plain.cautions[0]
    assert wide.share_outside < 0.1  # winsorising leaves out much of the spread of the largest areas
    assert not wide.cautions
    assert wide.tau > 0
    assert plain.tau is None


def test_tau_is_the_spread_that_was_planted_less_what_winsorising_takes() -> None:
    """A spread of 0.2 of the logarithm is 0.1 of the root; in areas alike in size tau comes out a fifth too small."""
    rng = np.random.default_rng(8)
    alike = pd.DataFrame({"area": range(4000), "falls": rng.poisson(900 * np.exp(rng.normal(0, 0.2, 4000)))})
    found = funnel(alike.assign(people=90_000), overdispersion=True)
    assert found.tau == pytest.approx(0.1 * math.sqrt(0.68), rel=0.05)
    assert funnel(areas(0.2, n=4000), overdispersion=True).tau < found.tau  # and smaller yet where sizes differ


def test_widened_limits_equal_hand_arithmetic() -> None:
    """Three standard errors and tau by hand: limits are the square of 1 plus or minus z root(1 / 4E + tau squared)."""
    frame = areas(0.3, n=30)
    found = funnel(frame, overdispersion=True)
    rate = frame["falls"].sum() / frame["people"].sum()
    expected = frame["people"] * rate
    scores = 2 * (np.sqrt(frame["falls"]) - np.sqrt(expected))
    scores = scores.clip(*np.percentile(scores, [10, 90]))
    weights = 4 * expected
    tau2 = ((scores**2).sum() - 29) / (weights.sum() - (weights**2).sum() / weights.sum())
    reach = stats.norm.ppf(0.999) * np.sqrt(1 / weights + tau2)
    assert found.tau == pytest.approx(math.sqrt(tau2), rel=EXACT)
    assert found.areas["high_998"].to_numpy() == pytest.approx((1 + reach) ** 2 * rate * 1e5, rel=EXACT)
    assert found.areas["low_998"].to_numpy() == pytest.approx((1 - reach).clip(0) ** 2 * rate * 1e5, rel=EXACT)


def test_a_proportion_with_real_spread_stays_between_none_and_all() -> None:
    """Widened limits of a proportion near 1 never leave the scale, and lie around the target."""
    seen = np.linspace(700, 1000, 40).round()
    frame = pd.DataFrame({"area": range(40), "falls": seen, "people": 1000})
    found = funnel(frame, measure="proportion", overdispersion=True)
    assert found.tau > 0
    assert (found.areas["high_998"] == 100).all()
    assert (
        found.areas["low_998"].max() < found.areas["low_95"].min() < found.target < found.areas["high_95"].min() < 100
    )


@pytest.mark.parametrize("measure", ["rate", "proportion"])
def test_without_spread_beyond_chance_the_limits_are_the_plain_ones(measure: str) -> None:
    """Asked to allow for a spread that is not there, the funnel gives the exact limits and says that none was found."""
    frame = areas().assign(falls=lambda f: (f["people"] / 100).round())
    plain, asked = (funnel(frame, measure=measure, overdispersion=wide) for wide in (False, True))
    pd.testing.assert_frame_equal(plain.areas, asked.areas)
    assert asked.tau == 0
    assert "no spread beyond chance found" in asked.method


def test_expected_events_and_population_give_one_funnel() -> None:
    """A rate around its average is the ratio to the events that the average expects."""
    frame = areas()
    rate = frame["falls"].sum() / frame["people"].sum()
    one, other = funnel(frame), funnel(frame.assign(people=frame["people"] * rate), measure="ratio")
    assert one.areas["status"].tolist() == other.areas["status"].tolist()
    assert (one.areas[LIMITS] / one.target).to_numpy() == pytest.approx(
        (other.areas[LIMITS] / 100).to_numpy(), rel=EXACT
    )


@pytest.mark.parametrize("wide", [False, True])
def test_order_labels_and_units_change_nothing(*, wide: bool) -> None:
    """Rows shuffled, areas renamed and people counted in thousands leave every figure as it is."""
    frame = areas(0.3)
    here = funnel(frame, overdispersion=wide)
    changed = frame.assign(area=frame["area"].map(lambda name: f"z{name}"), people=frame["people"] / 1000)
    there = funnel(changed.sample(frac=1, random_state=2), overdispersion=wide, multiplier=100)
    merged = here.areas.assign(area="z" + here.areas["unit"]).merge(there.areas, left_on="area", right_on="unit")
    assert (merged["status_x"] == merged["status_y"]).all()
    for name in ["value", *LIMITS]:
        assert merged[f"{name}_x"].to_numpy() == pytest.approx(merged[f"{name}_y"].to_numpy(), rel=EXACT)
    assert here.dispersion == pytest.approx(there.dispersion, rel=EXACT)


def test_an_area_without_events_stays() -> None:
    """An area with no event is held against its limits like any other; of a small one chance leaves as many as none."""
    frame = pd.DataFrame({"area": list("abc"), "falls": [0, 0, 30], "people": [3.0, 4.0, 30.0]})
    found = funnel(frame, measure="ratio").areas
    assert found["low_95"].iloc[0] == 0
    assert found["status"].tolist() == [WITHIN, "below the 95% limit", WITHIN]  # exp(-3) is .050, exp(-4) is .018


def test_the_curve_spans_the_areas_and_meets_their_limits() -> None:
    """The curve runs from the smallest area to the largest and has their limits there."""
    found = funnel(areas())
    ends = found.areas.sort_values("exposure").iloc[[0, -1]][["exposure", *LIMITS]]
    assert len(found.curve) == 100
    assert found.curve.iloc[[0, -1]].to_numpy() == pytest.approx(ends.to_numpy(), rel=EXACT)


def test_few_areas_and_rough_proportions_are_cautioned() -> None:
    """Six areas say little of the spread between areas, and three expected events little of a proportion."""
    six = funnel(areas(0.3, n=6), overdispersion=True)
    assert "cannot be told from a spread" in funnel(areas(0.3, n=6)).cautions[0]
    assert "comes from 6 areas" in six.cautions[-1]
    frame = pd.DataFrame({"area": list("abc"), "falls": [2, 30, 40], "people": [30, 300, 400]})
    assert "In 1 of 3 areas fewer than 5 are expected" in funnel(frame, measure="proportion").cautions[0]


def test_the_sentence_counts_the_areas_outside_and_what_chance_would_put_there() -> None:
    """The sentence gives the areas above and below, the target with its unit, and no verdict."""
    frame = areas()
    frame.loc[7, "falls"] *= 2
    said = sentence(funnel(frame), subject="The rate of falls")
    assert said.startswith("The rate of falls: 1 of 60 areas (a7) are above, and 0 below, the 99.8% limits around")
    assert "per 100,000; by chance alone fewer than one would be outside." in said
    share = funnel(frame.assign(falls=frame["falls"] + 9), measure="proportion")
    assert f"the target of {share.target:.2f}%;" in sentence(share)
    wide = sentence(funnel(areas(0.3, n=300), overdispersion=True))
    assert "limits, widened for the spread between areas, around" in wide
    assert "by chance alone about one would" in wide


@pytest.mark.parametrize(
    ("broken", "more", "words"),
    [
        (lambda f: f.drop(columns=["falls", "people"]), {}, r"No column 'falls', 'people'. There is: 'area'"),
        (lambda f: f.assign(falls=f["falls"].where(f.index > 1)), {}, r"missing of 60 rows: 'falls' in 2"),
        (
            lambda f: f.assign(falls=f["falls"].where(f.index > 1, -1)),
            {},
            r"outcome 'falls' of 2 of 60 rows is below 0",
        ),
        (lambda f: f.assign(falls=f["falls"].astype(str)), {}, r"outcome 'falls' is not a column of numbers"),
        (
            lambda f: f.assign(people=f["people"].where(f.index > 0, 0)),
            {},
            r"exposure 'people' of 1 of 60 rows is not above",
        ),
        (lambda f: f.assign(people=np.inf), {}, r"exposure 'people' of 60 of 60 rows is infinite"),
        (lambda f: f.assign(area="a"), {}, r"^59 of 60 rows repeat an area of 'area'"),
        (lambda f: f.head(2), {}, r"^2 areas, .* needs at least 3 areas"),
        (lambda f: f.assign(falls=0), {}, r"^60 areas, no events. A funnel"),
        (
            lambda f: f.assign(people=f["falls"] - (f.index < 3)),
            {"measure": "proportion"},
            r"^3 of 60 areas have a larger",
        ),
        (
            lambda f: f.assign(people=f["falls"]),
            {"measure": "proportion"},
            r"target is 100 per cent. Give one above nothing, and",
        ),
        (lambda f: f, {"measure": "mean"}, r"'mean' is no measure. Give one of: rate, ratio, proportion"),
        (lambda f: f, {"target": 0.0}, r"The target is 0 per 100,000"),
        (lambda f: f, {"target": math.nan}, r"The target is nan"),
        (lambda f: f, {"multiplier": -1}, r"The multiplier is -1"),
    ],
)
def test_a_broken_design_is_refused(
    broken: Callable[[pd.DataFrame], pd.DataFrame], more: dict[str, object], words: str
) -> None:
    """Each table that cannot bear a funnel is refused in a sentence, and the data stay as they were."""
    frame = broken(areas())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        funnel(frame, **more)
    pd.testing.assert_frame_equal(frame, copy)


def test_the_data_are_left_alone() -> None:
    """Drawing limits changes nothing in the frame that was handed over."""
    frame = areas()
    copy = frame.copy(deep=True)
    funnel(frame, overdispersion=True)
    pd.testing.assert_frame_equal(frame, copy)


def test_a_refusal_says_no_small_count() -> None:
    """Two areas with three events are too few for a funnel; the three must not be said."""
    frame = pd.DataFrame({"area": ["a", "b"], "falls": [1, 2], "people": [100, 100]})
    with pytest.raises(DesignError, match=r"^2 areas, some events. A funnel needs at least 3"):
        funnel(frame)


def test_the_sentence_names_at_most_six_areas() -> None:
    """A board is told which areas are outside, the farthest first; many are counted."""
    frame = areas()
    frame.loc[:9, "falls"] *= 3
    said = sentence(funnel(frame, target=500))
    named = said.partition(" (")[2].partition(") are above")[0]
    assert named.count(",") == 5
    assert "more" in named
    assert "=" not in said
