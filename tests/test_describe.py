"""One district in words: every kind of data gets a plain answer, and no answer gives a small count away."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from oda import describe
from oda.disclosure import protect_counts
from oda.panel import Panel, rates, years
from oda.pilot import Disclosure
from oda.results import CannotSay, Estimated, Fact

RULE = Disclosure(hide_below=8, round_to=5)
UNIT = "per 100,000 people aged 65 and over"
FREQUENCIES = {"M": 12, "Q": 4, "Y-MAR": 1}
Answer = Callable[..., Estimated | Fact | CannotSay]


def make(
    counts: dict[str, list[float]], freq: str = "M", *, start: str = "2024-01", rule: Disclosure = RULE, **more: object
) -> Panel:
    """Return a panel of districts of 10,000 people with these counts, one a period."""
    frames = []
    for name, values in counts.items():
        periods = pd.period_range(pd.Period(start, freq="M").asfreq(freq), periods=len(values), freq=freq)
        frames.append(
            pd.DataFrame({"district_code": name[:1], "district": name, "period": periods, "admissions": values})
        )
    frame = pd.concat(frames, ignore_index=True).assign(population=10_000, cohort=pd.NaT)
    return panel_of(frame.assign(**more), "counts", FREQUENCIES[freq], rule)


def panel_of(frame: pd.DataFrame, measure: str, per_year: int, rule: Disclosure = RULE) -> Panel:
    """Return a panel of a frame."""
    return Panel(frame=frame, measure=measure, per_year=per_year, unit=UNIT, rule=rule, partial=())


def make_rates(values: dict[str, list[float | None]]) -> Panel:
    """Return a panel of districts with yearly rates and no counts."""
    periods = pd.period_range("2015", periods=len(next(iter(values.values()))), freq="Y-MAR")
    frames = [
        pd.DataFrame({"district_code": n[:1], "district": n, "period": periods, "rate": v}) for n, v in values.items()
    ]
    frame = pd.concat(frames, ignore_index=True).assign(rate=lambda f: f["rate"].astype(float))
    return panel_of(frame.assign(cohort=pd.PeriodIndex([None] * len(frame), freq="Y-MAR")), "rates", 1)


def noisy(mean: float, seed: int, months: int = 24) -> list[float]:
    """Return monthly counts about a mean, more spread than Poisson's."""
    rng = np.random.default_rng(seed)
    return [float(value) for value in rng.poisson(mean * np.exp(rng.normal(0, 0.2, months)))]


FULL = {"Ashby": noisy(50, 1), "Barton": noisy(60, 2), "Corby": noisy(40, 3)}
SMALL = {**FULL, "Ashby": [0.0] * 20 + [1.0] * 4}
EMPTY = {**FULL, "Ashby": [0.0] * 24}
GAPS = {**FULL, "Ashby": [*FULL["Ashby"][:20], math.nan, *FULL["Ashby"][21:]]}
YEARLY = {"Ashby": [600.0, 630.0, 500.0], "Barton": [700.0, 701.0, 702.0]}
PANELS = {
    "counts by month": make(FULL),
    "one district": make({"Ashby": FULL["Ashby"]}),
    "small counts": make(SMALL),
    "no case at all": make(EMPTY),
    "missing months": make(GAPS),
    "no month known": make({**FULL, "Ashby": [math.nan] * 24}),
    "last year not known": make({**FULL, "Ashby": [*FULL["Ashby"][:12], *[math.nan] * 12]}),
    "less than a year": make({name: values[:5] for name, values in FULL.items()}),
    "a year and a half": make({name: values[:18] for name, values in FULL.items()}),
    "one month": make({name: values[:1] for name, values in FULL.items()}),
    "district absent": make({"Barton": FULL["Barton"], "Corby": FULL["Corby"]}),
    "another ends early": make({**FULL, "Barton": FULL["Barton"][:12]}),
    "counts by quarter": make(FULL, "Q"),
    "two small quarters": make({name: [2.0] * 8 for name in FULL}, "Q"),
    "yearly counts": make(YEARLY, "Y-MAR"),
    "yearly small counts": make({**YEARLY, "Ashby": [600.0, 5.0, 3.0]}, "Y-MAR"),
    "yearly none": make({**YEARLY, "Ashby": [600.0, 0.0, 30.0]}, "Y-MAR"),
    "yearly rates": make_rates(
        {"Ashby": [2000, 2100, 1900], "Barton": [1500, 1500, 1500], "Corby": [2500, 2000, 1950]}
    ),
    "rates, two districts": make_rates({"Ashby": [2000, 2100], "Barton": [1500, 1500]}),
    "rates, one absent": make_rates({"Ashby": [2000, 2100], "Barton": [1500, 1500], "Corby": [1500, None]}),
    "rates, all alike": make_rates({"Ashby": [2000, 2100], "Barton": [1500, 1500], "Corby": [1500, 1500]}),
    "rates, one year": make_rates({"Ashby": [2000], "Barton": [1500]}),
    "rates, gaps": make_rates({"Ashby": [None, 2100, None], "Barton": [1500, None, 1500]}),
}


def sides(panel: Panel, answer: str) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Return the exact and the protected totals that an answer about Ashby compares."""
    rows = years(panel.frame, panel)
    if answer == "change":
        rows = rows[(rows["district_code"] == "A") & (rows["back"] <= 1)]
        exact = rows.groupby("back")["admissions"].sum()
    else:
        exact = rows[rows["back"] == 0].groupby(rows["district_code"] != "A")["admissions"].sum()
    return tuple(exact), tuple(int(value) for value in protect_counts(exact, panel.rule))


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("answer", [describe.latest_change, describe.compare_with_rest, describe.count_visits])
def test_every_kind_of_data_gets_an_answer(kind: str, answer: Answer) -> None:
    """Whatever the file holds, there is a sentence that ends in a full stop, and no missing number in it."""
    found = answer(PANELS[kind], "A", "Ashby")
    assert isinstance(found, Fact | CannotSay | Estimated)
    assert found.sentence.endswith(".")
    assert not [word for word in ("nan", "NaN", "<NA>", "inf ", "NaT", "In year") if word in found.sentence]


@pytest.mark.parametrize(
    ("kind", "change", "comparison"),
    [
        ("counts by month", Estimated, Estimated),
        ("one district", Estimated, CannotSay),
        ("small counts", CannotSay, CannotSay),
        ("no case at all", Fact, CannotSay),
        ("missing months", CannotSay, Estimated),
        ("no month known", CannotSay, CannotSay),
        ("last year not known", CannotSay, CannotSay),
        ("less than a year", CannotSay, Estimated),
        ("one month", CannotSay, CannotSay),
        ("district absent", CannotSay, CannotSay),
        ("counts by quarter", Estimated, Estimated),
        ("two small quarters", Fact, Fact),
        ("yearly counts", Fact, Fact),
        ("yearly small counts", CannotSay, CannotSay),
        ("yearly none", Fact, Fact),
        ("yearly rates", Fact, Fact),
        ("rates, one year", CannotSay, Fact),
        ("rates, gaps", CannotSay, CannotSay),
    ],
)
def test_an_answer_is_as_strong_as_its_data(kind: str, change: type, comparison: type) -> None:
    """Counts by month bear an interval, yearly ones a change without one, hidden or missing ones neither."""
    assert type(describe.latest_change(PANELS[kind], "A", "Ashby")) is change
    assert type(describe.compare_with_rest(PANELS[kind], "A", "Ashby")) is comparison


@pytest.mark.parametrize("answer", ["change", "comparison"])
def test_a_ratio_is_the_one_that_the_tables_show(answer: str) -> None:
    """A reader who divides the rates shown gets the ratio shown; the interval is of these figures too."""
    panel = PANELS["counts by month"]
    function = describe.latest_change if answer == "change" else describe.compare_with_rest
    found = function(panel, "A", "Ashby").estimate
    _, (top, bottom) = sides(panel, answer)
    people = 1 if answer == "change" else 2
    assert found.value == pytest.approx(top / bottom * people)
    assert found.std_error >= math.sqrt(1 / top + 1 / bottom) - 1e-12


def test_counts_that_are_shown_alike_are_said_alike() -> None:
    """With no spread beyond Poisson, all counts behind the same rounded ones give one estimate, digit for digit."""
    found = set()
    for late, early in itertools.product(range(-2, 3), repeat=2):
        ashby = [50.0] * 23 + [50.0 + late]
        ashby[0] += early
        found.add(describe.latest_change(make({**FULL, "Ashby": ashby}), "A", "Ashby").model_dump_json())
    assert len(found) == 1


@pytest.mark.parametrize("small", ["Ashby", "Barton", "Corby"])
def test_no_comparison_gives_a_hidden_count_away(small: str) -> None:
    """When one district's count is hidden, no district is compared with a rest that holds it."""
    panel = make({**FULL, small: [0.0] * 20 + [1.0] * 4})
    for code in "ABC":
        assert isinstance(describe.compare_with_rest(panel, code, "this"), CannotSay)


@pytest.mark.parametrize("place", [11, 23])
def test_a_change_from_or_to_a_hidden_count_is_not_said(place: int) -> None:
    """Neither a ratio nor an interval is given when the count of either year is hidden."""
    ashby = [0.0] * 24
    ashby[35 - 1 - place] = 300.0
    ashby[place] = 5.0
    found = describe.latest_change(make({**FULL, "Ashby": ashby}), "A", "Ashby")
    assert found == CannotSay(sentence="The counts for Ashby are too small to be shown.", needed=describe.LARGER)


def test_the_year_before_is_the_year_before() -> None:
    """When the year before is hidden, the change is not measured from the year before that."""
    panel = make({**YEARLY, "Ashby": [600.0, 5.0, 500.0]}, "Y-MAR")
    assert isinstance(describe.latest_change(panel, "A", "Ashby"), CannotSay)


def test_a_missing_month_is_not_taken_as_none() -> None:
    """A month without a count leaves the rate as it is, and the sentence says that it was left out."""
    flat = {"Ashby": [50.0] * 24, "Barton": [50.0] * 24}
    gap = make({**flat, "Ashby": [50.0] * 20 + [math.nan] + [50.0] * 3})
    found = describe.compare_with_rest(gap, "A", "Ashby")
    assert found.estimate.value == pytest.approx(1)
    assert found.sentence.endswith("1 of 24 rows has no count and is left out.")


def test_the_change_is_said_in_full() -> None:
    """When, where, how much, against what, and how sure: one sentence."""
    panel = make({"Ashby": [60.0] * 12 + [48.0] * 12})
    assert describe.latest_change(panel, "A", "Ashby").sentence == (
        "In the year to December 2025 the rate in Ashby was 5,750 per 100,000 people aged 65 and over, "
        "20 per cent lower than the year before (95% interval: 29 per cent lower to 10 per cent lower)."
    )


@pytest.mark.parametrize("freq", ["M", "Y-MAR"])
def test_a_change_that_rounding_makes_is_not_named(freq: str) -> None:
    """Nineteen admissions and then 16 are shown as 20 and 15: a quarter lower, of which most is rounding."""
    early, late = ([2.0] * 7 + [1.0] * 5, [2.0] * 4 + [1.0] * 8) if freq == "M" else ([19.0], [16.0])
    panel = make({"Ashby": early + late, "Barton": [60.0] * len(early + late)}, freq)
    for answer in (describe.latest_change, describe.compare_with_rest):
        said = answer(panel, "A", "Ashby").sentence
        assert "25 per cent" not in said
        assert "75 per cent lower than" not in said
    assert "too few to tell a change" in describe.latest_change(panel, "A", "Ashby").sentence


def test_a_season_that_all_share_does_not_widen_a_comparison() -> None:
    """What moves both sides in a month is no difference between them."""
    season = [1.0, 2.0, 1.0, 0.5, 1.0, 1.5] * 4
    flat = {"Ashby": 40.0, "Barton": 4000.0}
    still = make({name: [mean] * 24 for name, mean in flat.items()})
    moved = make({name: [mean * month for month in season] for name, mean in flat.items()})
    one, other = (describe.compare_with_rest(panel, "A", "Ashby").estimate for panel in (still, moved))
    assert other.std_error < 1.1 * one.std_error


def test_a_year_without_any_case_is_said_as_nought() -> None:
    """A change from nought has no per cent."""
    found = describe.latest_change(PANELS["no case at all"], "A", "Ashby")
    assert found.sentence.endswith("was 0 per 100,000 people aged 65 and over; the year before it was 0.")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("yearly rates", "was number 2 of 3 from the highest; the others ran from 1,500 to 1,950"),
        ("rates, two districts", "was number 1 of 2 from the highest; the other had 1,500"),
        ("rates, one absent", "was number 1 of 2 that can be shown from the highest; the other had 1,500"),
        ("rates, all alike", "was number 1 of 3 from the highest; each of the others had 1,500"),
    ],
)
def test_rates_without_counts_are_ranked(kind: str, words: str) -> None:
    """With rates alone the place and the range are said, and that no interval can be given."""
    found = describe.compare_with_rest(PANELS[kind], "A", "Ashby")
    assert found.sentence.endswith(f"{words}. {describe.NO_COUNTS}")


def test_yearly_rates_are_compared_with_the_first_year() -> None:
    """With rates alone the change is from the first year that has one."""
    sentence = describe.latest_change(PANELS["yearly rates"], "A", "Ashby").sentence
    assert "5.0 per cent lower than in 2014/15" in sentence


def with_visits(visits: dict[str, list[float]], rule: Disclosure = RULE) -> Panel:
    """Return a panel with these monthly visits."""
    panel = make({name: [50.0] * len(values) for name, values in visits.items()}, rule=rule)
    return panel_of(panel.frame.assign(visits=[v for values in visits.values() for v in values]), "counts", 12, rule)


SOME_VISITS = (
    "Some home visits were made in Ashby up to April 2024. How many is not said, since it is too small to be shown."
)


@pytest.mark.parametrize(
    ("visits", "words"),
    [
        ([0, 0, 52, 60], "About 110 home visits were made in Ashby from March 2024 to April 2024."),
        ([0, 0, 52, 0], "About 50 home visits were made in Ashby in March 2024."),
        ([0, 0, 3, 4], SOME_VISITS),
        ([0, 3, 0, 0], SOME_VISITS),
        ([0, 0, 0, 0], "No home visits were made in Ashby up to April 2024."),
        (
            [math.nan, 0, 0, 20],
            "About 20 home visits were made in Ashby in April 2024. "
            "1 of 4 rows has no number of visits and is left out.",
        ),
        ([math.nan] * 4, "The data hold no visits in Ashby, so how many were made, and where, is not known."),
    ],
)
def test_visits_are_counted_in_words(visits: list[float], words: str) -> None:
    """A number is protected, none is none, and not known is not none."""
    panel = with_visits({"Ashby": visits, "Barton": [10.0] * 4})
    assert describe.count_visits(panel, "A", "Ashby").sentence == words


def test_visits_of_all_districts_name_the_districts() -> None:
    """Districts without visits are not named."""
    panel = with_visits({"Corby": [1.0, 12.0], "Ashby": [3.0, 9.0], "Barton": [0.0, 0.0]})
    found = describe.count_visits(panel)
    assert found.sentence == "About 25 home visits were made in Ashby and Corby from January 2024 to February 2024."
    assert found.value == 25


def test_the_visits_of_one_district_cannot_be_worked_out_from_the_total() -> None:
    """Beside 100, 100 and fewer than 8, a total of 195 would mean exactly 1; so none is given."""
    panel = with_visits({"Corby": [98.0], "Ashby": [98.0], "Barton": [1.0]})
    found = describe.count_visits(panel)
    assert found.value is None
    assert "Some home visits were made in Ashby, Barton and Corby up to January 2024" in found.sentence
    assert "too small to be shown" in found.sentence


def test_a_year_beside_its_quarters_does_not_give_a_hidden_quarter_away() -> None:
    """Where a quarter is hidden the chart goes by years, whose figures are those of the table."""
    panel = make({"Ashby": ([8.0] * 9 + [1.0, 2.0, 2.0]) * 2, "Barton": [50.0] * 24})
    frame, _ = describe.trend(panel, "A")
    yearly = rates(years(panel.of("A"), panel), panel, ["back"]).sort_values("back", ascending=False)
    assert frame["here"].tolist() == yearly["rate"].tolist()
    assert len(frame) == 2


def test_the_line_of_the_others_leaves_out_whom_it_could_give_away() -> None:
    """A district with a hidden quarter is no part of the line of the others, and is named."""
    panel = make({"Ashby": [50.0] * 24, "Barton": [60.0] * 24, "Corby": [1.0] * 24})
    frame, left_out = describe.trend(panel, "A")
    assert left_out == ("Corby",)
    assert not frame["rest_hidden"].any()


def test_a_small_number_of_visits_has_no_value() -> None:
    """The figure behind `fewer than 8` does not travel with it."""
    assert describe.count_visits(with_visits({"Ashby": [0.0, 5.0]}), "A", "Ashby").value is None


def test_the_seasonal_pattern_equals_hand_arithmetic() -> None:
    """With January twice the other months, January is 185 on a scale where the average month is 100, the others 92."""
    panel = make({"Ashby": ([100.0] + [50.0] * 11) * 2})
    found = describe.seasonal_pattern(panel.frame, panel)
    assert found is not None
    assert found["index"].round(1).tolist() == [184.6] + [92.3] * 11


def test_the_seasonal_pattern_hides_small_months() -> None:
    """With one month hidden there is no pattern: it may be the highest, and the others give it away."""
    panel = make({"Ashby": ([3.0] + [50.0] * 11) * 2})
    assert describe.seasonal_pattern(panel.frame, panel) is None


@pytest.mark.parametrize(
    "kind", ["less than a year", "counts by quarter", "yearly counts", "yearly rates", "no case at all"]
)
def test_without_a_year_of_months_there_is_no_pattern(kind: str) -> None:
    """Five months are no year, quarters and years have no months, and nothing has no pattern."""
    panel = PANELS[kind]
    assert describe.seasonal_pattern(years(panel.of("A"), panel), panel) is None


def test_all_months_hidden_have_no_pattern() -> None:
    """When every month is hidden there is no average to measure against."""
    panel = make({"Ashby": [2.0] * 24})
    assert describe.seasonal_pattern(panel.frame, panel) is None
    assert rates(panel.frame, panel, ["period"])["rate"].isna().all()


def test_a_gap_is_called_a_gap_and_not_a_small_count() -> None:
    """A missing month is no secret: the reason that no year is shown is that it is not whole."""
    said = describe.latest_change(PANELS["missing months"], "A", "Ashby")
    assert isinstance(said, CannotSay)
    assert "have a gap" in said.sentence
