"""Rates standardised for age: hand arithmetic, planted effects, repeat events, what is suppressed and refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from oda.errors import DesignError
from oda.evaluate import (
    EUROPEAN_2013,
    Estimate,
    Rates,
    Suppressed,
    crude_rate,
    directly_standardised_rate,
    exact_limits,
    indirectly_standardised_rate,
    indirectly_standardised_ratio,
    sentence,
)

EXACT = 1e-10  # relative; rounding alone
BANDS = ("0-64", "65-79", "80+")
COLUMNS = {"exposure": "people", "band": "age", "area": "area"}
REFERENCE = {"reference_events": "england", "reference_exposure": "english"}
NUMBERS = ["value", "ci_low", "ci_high"]


def districts() -> pd.DataFrame:
    """Return two districts with the same rates in every band, the second much older; and England's figures."""
    rows = [
        ("young", "0-64", 80, 80_000), ("young", "65-79", 90, 9_000), ("young", "80+", 50, 1_000),
        ("old", "0-64", 50, 50_000), ("old", "65-79", 300, 30_000), ("old", "80+", 1_000, 20_000),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["area", "age", "falls", "people"])
    frame["standard"] = frame["age"].map(dict(zip(BANDS, (80_500, 14_500, 5_000), strict=True)))
    frame["england"] = frame["age"].map(dict(zip(BANDS, (4_000, 9_000, 12_000), strict=True)))
    return frame.assign(english=frame["age"].map(dict(zip(BANDS, (4e6, 9e5, 2.4e5), strict=True))))


def direct(frame: pd.DataFrame, **more: object) -> Rates:
    """Return directly standardised rates of a frame of `districts`."""
    return directly_standardised_rate(frame, **{"outcome": "falls", "standard": "standard", **COLUMNS, **more})


def ratio(frame: pd.DataFrame, **more: object) -> Rates:
    """Return indirectly standardised ratios of a frame of `districts`."""
    return indirectly_standardised_ratio(frame, **{"outcome": "falls", **COLUMNS, **REFERENCE, **more})


def rate(frame: pd.DataFrame, **more: object) -> Rates:
    """Return indirectly standardised rates of a frame of `districts`."""
    return indirectly_standardised_rate(frame, **{"outcome": "falls", **COLUMNS, **REFERENCE, **more})


EVERY = pytest.mark.parametrize("standardise", [direct, ratio, rate])


def repeats() -> pd.DataFrame:
    """Return the districts by how many falls a person had: as many falls as before, two in three of them repeats."""
    frame = districts()
    three = frame["falls"] * 2 // 9  # people with three falls each
    return pd.concat(
        [frame.assign(times=3, falls=three), frame.assign(times=1, falls=frame["falls"] - 3 * three)], ignore_index=True
    )


def test_a_direct_rate_equals_hand_arithmetic() -> None:
    """Rates of 1, 10 and 50 in a thousand, weighted by the standard's shares, and Dobson's limits of their sum."""
    found = direct(districts()).estimates["young"]
    shares, events, people = np.array([0.805, 0.145, 0.05]), np.array([80, 90, 50]), np.array([8e4, 9e3, 1e3])
    value, variance = (shares * events / people).sum(), (shares**2 * events / people**2).sum()
    z, total = 1.959963984540054, 220
    low = total * (1 - 1 / (9 * total) - z / (3 * total**0.5)) ** 3
    high = (total + 1) * (1 - 1 / (9 * (total + 1)) + z / (3 * (total + 1) ** 0.5)) ** 3
    ends = [value + (variance / total) ** 0.5 * (end - total) for end in (low, high)]
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx(1e5 * np.array([value, *ends]), rel=EXACT)
    assert (found.unit, found.n_obs) == ("per 100,000 people", 3)


def test_an_indirect_ratio_equals_hand_arithmetic() -> None:
    """220 falls where England's rates of 1, 10 and 50 in a thousand give 220 are as expected; the rate is England's."""
    frame = ratio(districts()).frame.set_index("area")
    assert frame.loc["young", ["value", "expected", "events"]].tolist() == pytest.approx([1, 220, 220], rel=EXACT)
    found = rate(districts(), multiplier=1000)
    england = 1000 * 25_000 / 5_140_000
    assert found.frame["value"].tolist() == pytest.approx([england] * 2, rel=EXACT)
    assert found.reference == pytest.approx(england, rel=EXACT)


@EVERY
def test_differences_of_age_alone_are_taken_out(standardise: Callable[..., Rates]) -> None:
    """Two districts with the same rate in every band get the same, though the crude ones are 2.4 and 13.5 per 1,000."""
    values = standardise(districts()).frame["value"]
    assert values[0] == pytest.approx(values[1], rel=EXACT)
    crude = [crude_rate(*district, outcome="falls", multiplier=1000).value for district in ((220, 9e4), (1350, 1e5))]
    assert crude == pytest.approx([2.4, 13.5], abs=0.05)


@EVERY
def test_a_planted_difference_is_found(standardise: Callable[..., Rates]) -> None:
    """Half as many falls again in every band of one district raise its rate by half, and not the other's."""
    raised = districts().assign(
        falls=lambda frame: frame["falls"].where(frame["area"] == "young", frame["falls"] * 1.5)
    )
    before, after = (standardise(frame).frame["value"] for frame in (districts(), raised))
    assert (after / before).tolist() == pytest.approx([1, 1.5], rel=EXACT)


def test_intervals_hold_the_true_rate_as_often_as_they_say() -> None:
    """Over 2,000 draws of Poisson counts, 95 % intervals of the direct rate hold it in 93.5 to 96.5 per cent."""
    rng, one = np.random.default_rng(1), districts().query("area == 'young'").drop(columns="area")
    drawn = pd.concat([one.assign(area=draw) for draw in range(2000)], ignore_index=True)
    drawn["falls"] = rng.poisson(drawn["falls"])
    found, truth = direct(drawn).frame, direct(districts()).frame["value"][0]
    assert 0.935 <= ((found["ci_low"] <= truth) & (truth <= found["ci_high"])).mean() <= 0.965


def repeated_draws() -> pd.DataFrame:
    """Return 1,000 draws of one district in which people, not falls, are independent; each faller has 1 or 4 falls."""
    rng, one = np.random.default_rng(2), districts().query("area == 'young'")
    rows = [one.assign(area=draw, times=times) for draw in range(1000) for times in (1, 4)]
    drawn = pd.concat(rows, ignore_index=True)
    return drawn.assign(falls=rng.poisson(drawn["falls"] / 2))


def test_repeat_events_need_their_own_interval() -> None:
    """Where a faller falls 1 or 4 times, 95 % intervals hold the truth; treated as independent they miss it often."""
    drawn = repeated_draws()
    truth = 2.5 * direct(districts()).frame["value"][0]
    own = direct(drawn, frequency="times").frame
    summed = drawn.assign(falls=drawn["falls"] * drawn["times"]).groupby(["area", "age"], as_index=False)
    naive = direct(summed.agg({"falls": "sum", "people": "first", "standard": "first"})).frame
    held = [((one["ci_low"] <= truth) & (truth <= one["ci_high"])).mean() for one in (own, naive)]
    assert own["value"].tolist() == pytest.approx(naive["value"].tolist(), rel=EXACT)
    assert 0.93 <= held[0] <= 0.97  # the standard error of the share is 0.7 points
    assert held[1] < 0.80


def test_repeat_events_widen_the_interval_and_leave_the_rate() -> None:
    """Fallers with three falls each count nine times in the variance: the interval widens by the root of its ratio."""
    own, naive = direct(repeats(), frequency="times").frame, direct(districts()).frame
    assert own["value"].tolist() == pytest.approx(naive["value"].tolist(), rel=EXACT)
    assert own["events"].tolist() == [220, 1350]
    rows = repeats().query("area == 'young'")
    squares = (rows["falls"] * rows["times"] ** 2).groupby(rows["age"]).sum()[list(BANDS)].to_numpy()
    weights = (np.array([0.805, 0.145, 0.05]) / np.array([8e4, 9e3, 1e3])) ** 2
    stretch = ((weights * squares).sum() / (weights * np.array([80, 90, 50])).sum()) ** 0.5
    reach = [(one["ci_high"] - one["value"])[0] for one in (own, naive)]
    assert reach[0] / reach[1] == pytest.approx(stretch, rel=EXACT)
    assert "not independent" in own["method"][0]


def test_people_with_one_event_each_are_the_plain_rate() -> None:
    """With a frequency of 1 for all, and rows of people without an event, nothing changes."""
    once = districts().assign(times=1)
    none = districts().assign(times=0, falls=500)
    found = direct(pd.concat([once, none]), frequency="times").frame[NUMBERS]
    assert np.allclose(found, direct(districts()).frame[NUMBERS], rtol=EXACT)


def test_one_band_is_the_crude_rate() -> None:
    """Without ages to standardise for, the direct rate and its limits are the crude ones."""
    frame = pd.DataFrame({"age": ["all"], "falls": [65], "people": [100_000], "standard": [100_000]})
    found = direct(frame, area=None).estimates["all"]
    crude = crude_rate(65, 100_000, outcome="falls")
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx(
        (crude.value, crude.ci_low, crude.ci_high), rel=EXACT
    )


def test_an_indirect_rate_of_few_events_has_exact_limits() -> None:
    """5 events where 10 are expected: 0.5, with the exact limits of 5 over 10, and the caution of a small count."""
    frame = pd.DataFrame({"age": ["all"], "people": [100], "england": [100], "english": [1000]})
    found = ratio(frame, outcome=None, totals=5, area=None).estimates["all"]
    assert (found.value, found.ci_low, found.ci_high) == pytest.approx(
        (0.5, *(float(end) / 10 for end in exact_limits(5))), rel=EXACT
    )
    assert "exact Poisson" in found.method
    assert found.cautions[0].startswith("Fewer than 10 events")


@pytest.mark.parametrize("standardise", [ratio, rate])
def test_totals_serve_where_counts_are_not_known_by_band(standardise: Callable[..., Rates]) -> None:
    """A total of each area, in any order, gives what its counts by band give."""
    totals = pd.Series({"old": 1350, "young": 220})
    found = standardise(districts().drop(columns="falls"), outcome=None, totals=totals)
    assert np.allclose(found.frame[NUMBERS], standardise(districts()).frame[NUMBERS], rtol=EXACT)


@EVERY
@pytest.mark.parametrize(
    "same",
    [
        lambda f: f.sample(frac=1, random_state=3).set_index("falls", drop=False),
        lambda f: f.assign(
            area=f["area"].map({"young": 7, "old": 3}), age=f["age"].map({"0-64": "x"}).fillna(f["age"])
        ),
        lambda f: f.assign(standard=f["standard"] / 7, england=f["england"] * 3, english=f["english"] * 3),
        lambda f: f.assign(falls=f["falls"].astype("Int64"), area=f["area"].astype("category")),
    ],
    ids=["rows shuffled", "relabelled", "standard scaled", "other types"],
)
def test_what_does_not_matter_leaves_the_rates_as_they_are(
    standardise: Callable[..., Rates], same: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    """Row order, labels, the size of the standard and the type of the columns move no figure."""
    here, there = (standardise(frame).frame.sort_values("value") for frame in (districts(), same(districts())))
    assert np.allclose(
        here.sort_values("population")[NUMBERS], there.sort_values("population")[NUMBERS], rtol=EXACT, atol=0
    )


def test_many_areas_give_what_each_alone_gives() -> None:
    """The areas of a frame do not touch one another."""
    frame = districts()
    alone = [direct(frame[frame["area"] == name]).estimates[name] for name in ("young", "old")]
    assert list(direct(frame).estimates.values()) == alone


@pytest.mark.parametrize(("events", "given"), [(9, False), (10, True)])
def test_a_direct_rate_of_fewer_than_10_events_is_not_given(events: int, *, given: bool) -> None:
    """It says why and what it would take, holds neither the rate nor the count, and leaves the other area alone."""
    frame = districts()
    frame.loc[frame["area"] == "young", "falls"] = [0, 2, events - 2]
    rates = direct(frame, words="falls")
    found = rates.estimates["young"]
    assert isinstance(found, Estimate) == given
    assert isinstance(rates.estimates["old"], Estimate)
    if isinstance(found, Suppressed):
        row = rates.frame.iloc[0]
        assert row[[*NUMBERS, "events"]].isna().all()
        assert (row["reason"], row["method"]) == ("fewer than 10 events", "")
        assert sentence(found) == (
            "The directly standardised rate of falls is not given: fewer than 10 events. What it would take: at least "
            "10 events, so a longer period or a larger area."
        )
        assert "9" not in str(found)


@EVERY
def test_a_hidden_count_is_never_taken_for_none(standardise: Callable[..., Rates]) -> None:
    """An area with a missing count has a reason in place of a rate; one with a count of 0 has its rate."""
    frame = districts().astype({"falls": "Float64"})
    frame.loc[0, "falls"] = pd.NA
    assert standardise(frame).estimates["young"].reason == "the count of 1 of 3 bands is missing"
    frame.loc[0, "falls"] = 0
    assert isinstance(standardise(frame).estimates["young"], Estimate)


@pytest.mark.parametrize("standardise", [ratio, rate])
def test_an_area_in_which_nothing_is_expected_has_a_reason(standardise: Callable[..., Rates]) -> None:
    """Without people there is no expected number to divide by; one empty band does no harm; a lost total does."""
    frame = districts()
    frame.loc[frame["area"] == "young", "people"] = 0
    found = standardise(frame).estimates["young"]
    assert found.reason == "no event is expected at the reference's rates"
    assert found.needed.startswith("people in the area")
    frame.loc[0, "people"] = 10
    assert isinstance(standardise(frame).estimates["young"], Estimate)
    lost = standardise(districts(), outcome=None, totals=pd.Series({"young": np.nan, "old": 5}))
    assert lost.estimates["young"].reason == "the count is missing or hidden"


@EVERY
def test_rates_on_different_standards_say_that_they_must_not_be_compared(standardise: Callable[..., Rates]) -> None:
    """The caution stands with every rate, and the sentence names no lowest and no highest."""
    frame = districts()
    frame.loc[0, ["standard", "england"]] *= 2
    found = standardise(frame)
    assert all("different" in one.cautions[0] for one in found.estimates.values())
    assert found.cautions[0] in sentence(found)
    assert "lowest" not in sentence(found)
    assert standardise(districts()).cautions == ()


def test_events_of_few_people_are_cautioned() -> None:
    """Twelve falls of four people are enough events, but few people, however many had none."""
    fallers = districts().assign(times=3, falls=[0, 2, 2, 9, 9, 9])
    found = direct(pd.concat([fallers, districts().assign(times=0)]), frequency="times").estimates
    assert [len(found[name].cautions) for name in ("young", "old")] == [1, 0]
    assert "fewer than 10 people" in found["young"].cautions[0]


def test_the_european_standard_population_has_its_100_000() -> None:
    """Nineteen bands of five years, 5,000 under five and 1,000 of 90 and over."""
    assert (len(EUROPEAN_2013), sum(EUROPEAN_2013.values())) == (19, 100_000)
    assert (EUROPEAN_2013[0], EUROPEAN_2013[90]) == (5000, 1000)


def test_the_sentence_of_ratios_says_who_is_above_and_below() -> None:
    """Each area stands beside the reference, not beside another; a ratio whose interval holds it is not above."""
    moved = districts().assign(falls=lambda f: f["falls"] * f["area"].map({"young": 1.05, "old": 2}))
    assert sentence(ratio(moved, words="falls")) == (
        "The indirectly standardised ratio of falls: of 2 areas the interval lies wholly above the reference (1.00) in "
        "old, wholly below it in none, and holds it in the others."
    )


BROKEN = [
    (lambda f: f.drop(columns="people"), r"^No column 'people'. There is: 'area'"),
    (lambda f: f.iloc[:0], r"^The data have no row"),
    (lambda f: f.iloc[1:], r"^1 of 2 areas lack a band: 'young' has no row for '0-64'"),
    (lambda f: pd.concat([f, f.iloc[:1]]), r"^1 of 7 rows repeat a band of their area, such as '0-64' of 'young'"),
    (lambda f: f.assign(people=f["people"].where(f.index > 0)), r"^A value is missing of 6 rows: 'people' in 1"),
    (lambda f: f.assign(falls=-f["falls"]), r"^The 'falls' of 6 of 6 rows is below 0"),
    (lambda f: f.assign(falls=f["falls"].astype(str)), r"^The 'falls' is not a column of numbers"),
    (lambda f: f.assign(people=-f["people"]), r"^The 'people' of 6 of 6 rows is (below|not above) 0"),
]


@EVERY
@pytest.mark.parametrize(("broken", "words"), BROKEN)
def test_data_that_cannot_be_standardised_are_refused(
    standardise: Callable[..., Rates], broken: Callable[[pd.DataFrame], pd.DataFrame], words: str
) -> None:
    """Lost bands, doubled bands and impossible numbers are refused in a sentence; the data stay as they were."""
    frame = broken(districts())
    copy = frame.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        standardise(frame)
    pd.testing.assert_frame_equal(frame, copy)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: direct(districts().assign(people=0)), r"^The 'people' of 6 of 6 rows is not above 0"),
        (lambda: direct(districts().assign(standard=0)), r"^'standard' is 0 in every band of 2 areas"),
        (lambda: direct(districts(), level=95), r"^level is 95"),
        (lambda: ratio(districts(), level=95), r"^level is 95"),
        (lambda: direct(districts(), multiplier=0), r"^The multiplier is 0"),
        (lambda: ratio(districts(), multiplier=-1), r"^The multiplier is -1"),
        (lambda: direct(repeats().assign(times=1.5), frequency="times"), r"^'times' holds 1.5"),
        (lambda: direct(repeats().assign(times=2), frequency="times"), r"^6 of 12 rows repeat a band"),
        (
            lambda: direct(repeats().assign(people=range(1, 13)), frequency="times"),
            r"^'people' differs between rows of the same area and band on 6 of 12 rows",
        ),
        (lambda: ratio(districts().assign(english=0)), r"^The 'english' of 6 of 6 rows is not above 0"),
        (lambda: ratio(districts(), outcome=None), r"^Neither outcome nor totals is given"),
        (lambda: ratio(districts(), totals=5), r"^Both outcome and totals are given"),
        (lambda: ratio(districts(), outcome=None, totals=5), r"^The totals lack 2 of 2 areas and hold 1 other"),
        (
            lambda: ratio(districts(), outcome=None, totals=pd.Series({"young": 5, "odd": 3})),
            r"^The totals lack 1 of 2 areas and hold 1 other",
        ),
        (lambda: ratio(districts(), outcome=None, totals=pd.Series({"young": -5, "old": 3})), r"^The total of 1 of 2"),
    ],
)
def test_what_one_method_cannot_use_is_refused(ask: Callable[[], Rates], words: str) -> None:
    """In a sentence that says what to do."""
    with pytest.raises(DesignError, match=words):
        ask()


def test_messages_and_reasons_hold_no_small_count() -> None:
    """A total of 7 in every arrangement over three bands: no number of the area but those of its bands is said."""
    for parts in itertools.product((0, 7), repeat=3):
        frame = districts()
        frame.loc[frame["area"] == "young", "falls"] = parts
        found = direct(frame).estimates["young"]
        assert isinstance(found, Estimate) == (sum(parts) >= 10)
        assert isinstance(found, Estimate) or "7" not in str(found)
