"""Every result of `oda.evaluate` as a table and a picture: there for each type, short, plain and with its units."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from oda import evaluate as ev
from oda import exhibits
from oda.charts import to_svg
from oda.errors import DesignError
from oda.results import Picture, Table

OWN_WORDS = ("Estimate", "BootstrapTest", "RandomisationTest")  # their pictures say the same in fewer words
CAPTION = 200  # characters; a longer headline is not read
HAIR = 0.01  # inches; a line is half as thick again outside its place
SMALLEST = 11  # points of type, of a chart 5.4 inches wide: 9 pixels where a phone shows it 320 wide
NO_PICTURE = {
    "Breakdown": "part of EventStudy",
    "DiscountSchedule": "a list of rates, shown as a table",
    "Heterogeneity": "part of Pooled",
    "PreTrend": "part of EventStudy",
    "Route": "a choice in words, shown as a table",
    "Suppressed": "no number; say_rate and the exhibits of Rates give its reason",
    "UnitChange": "what cost_benefit is given, not a result",
}
NO_TABLE = {name for name in NO_PICTURE if name not in ("DiscountSchedule", "Route")}
INTERNAL = re.compile(r"\b\w+_\w+\b|\bnan\b|\bNone\b|\binf\b|[Ss]ignifican|\b[Pp]rove|\b[Ss]trongly")
KIND = re.compile(r"(?i)\b(line|dot|scatter|funnel|spc) chart|\bbars\b|^curve|^ladder|forest plot|^squares|^two dots")
FUNCTIONS = {"staggered_adoption"}  # named in the caution of a decomposition: what to report instead

DISTRICTS = ("Bromsgrove", "Malvern Hills", "Redditch", "Worcester", "Wychavon", "Wyre Forest")
MONTHS = pd.period_range("2022-01", periods=48, freq="M")
START = pd.Period("2024-07", freq="M")


@cache
def panel() -> pd.DataFrame:
    """Return admissions of six districts over 48 months; three have had visits since July 2024, 15 per cent fewer."""
    rng = np.random.default_rng(7)
    rows = []
    for number, name in enumerate(DISTRICTS):
        people = 15_000 + 2_500 * number
        shock = rng.normal(0, 0.06, 48)
        for place, month in enumerate(MONTHS):
            late = number % 2 == 0 and month >= START
            mean = people * 0.004 * np.exp(shock[place] + 0.08 * np.cos(place / 12 * 2 * np.pi)) * (0.85 if late else 1)
            rows.append((name, month, int(rng.poisson(mean)), people, START if number % 2 == 0 else pd.NaT))
    frame = pd.DataFrame(rows, columns=["district", "month", "admissions", "people", "start"])
    return frame.assign(rate=100_000 * frame["admissions"] / frame["people"])


def design(outcome: str = "admissions", **more: Any) -> dict[str, Any]:
    """Return the columns of the panel by their role."""
    exposure = {"exposure": "people"} if outcome == "admissions" else {}
    return {"outcome": outcome, "unit": "district", "time": "month", "cohort": "start", **exposure, **more}


def staggered() -> pd.DataFrame:
    """Return the panel by half-year, the districts with visits begun one after another."""
    starts = {"Bromsgrove": 4, "Redditch": 5, "Wychavon": 6}
    frame = panel().assign(half=(panel()["month"].map(lambda month: month.ordinal) - MONTHS[0].ordinal) // 6 + 1)
    frame = frame.groupby(["district", "half"], as_index=False).agg({"admissions": "sum", "people": "mean"})
    return frame.assign(start=frame["district"].map(starts).astype(float))


def one_series() -> pd.DataFrame:
    """Return one district's months."""
    return panel()[panel()["district"] == "Redditch"].drop(columns="start")


def people() -> pd.DataFrame:
    """Return 600 people, the older of whom were visited more often."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"age": rng.normal(75, 8, 600), "lives alone": rng.random(600) < 0.4})
    frame["ward"] = rng.choice(["north", "south", "west"], 600)
    frame["visited"] = rng.random(600) < 1 / (1 + np.exp(0.5 - (frame["age"] - 75) / 10))
    frame["cost"] = 900 + 20 * (frame["age"] - 75) - 100 * frame["visited"] + rng.normal(0, 300, 600)
    return frame


def weighted() -> ev.WeightedEffect:
    """Return an effect on the cost of care."""
    return ev.weighted_effect(
        people(), outcome="cost", treated="visited", covariates=["age", "lives alone", "ward"], measured_in="£"
    )


def donors() -> dict[str, Any]:
    """Return the design of a synthetic control: one treated district, the others its donors."""
    treated = {"treated": "Redditch", "start": START, "outcome": "rate", "unit": "district", "time": "month"}
    return {"data": panel(), **treated, "exclude": ["Bromsgrove", "Wychavon"]}


def sheet() -> pd.DataFrame:
    """Return costs and benefits of four years, some of them resting on the effect."""
    lines = [
        (f"{name}", kind, 2026 + year, amount, category, pays, gains, cashable, dead, effect)
        for year in range(4)
        for name, kind, amount, category, pays, gains, cashable, dead, effect in (
            ("visits", "cost", 400_000.0, "fiscal", "Worcestershire County Council", None, None, None, None),
            ("beds", "benefit", 4_000.0, "fiscal", None, "NHS", 50, None, "admissions"),
            ("life", "benefit", 1_500.0, "social", None, "residents", None, None, "admissions"),
        )
    ]
    names = ["line", "kind", "year", "amount", "category", "pays", "gains", "cashable", "deadweight", "effect"]
    return pd.DataFrame(lines, columns=names)


def effect() -> ev.Comparison:
    """Return the difference-in-differences of the panel."""
    return ev.difference_in_differences(panel(), **design())


def costs() -> ev.CostBenefit:
    """Return what the visits cost and bring."""
    effects = {"admissions": ev.UnitChange(estimate=effect().estimate, units=1200)}
    return ev.cost_benefit(sheet(), price_base=2026, base_year=2026, effects=effects)


def spread() -> ev.PrePeriodSpread:
    """Return how far a district's change varies with nothing done."""
    before = panel()[panel()["month"] < START]
    return ev.pre_period_spread(
        before, outcome="admissions", unit="district", time="month", before=12, after=6, exposure="people"
    )


def by_district() -> pd.DataFrame:
    """Return five districts' effects on admissions with standard errors, as logarithms."""
    sizes = {"district": DISTRICTS[:5], "size": [-0.3, -0.1, -0.2, 0.05, -0.35], "error": [0.1, 0.08, 0.12, 0.15, 0.2]}
    return pd.DataFrame(sizes)


def areas(n: int = 33) -> pd.DataFrame:
    """Return falls of wards of unequal size, one of which has far more than the others."""
    size = np.geomspace(3000, 60_000, n).round()
    falls = np.random.default_rng(5).poisson(size / 90 * np.where(np.arange(n) == 20, 1.6, 1))
    return pd.DataFrame({"ward": [f"Ward {n + 1}" for n in range(n)], "falls": falls, "residents": size})


def bands() -> pd.DataFrame:
    """Return falls of the six districts by band of age."""
    rng = np.random.default_rng(4)
    rows = [(name, band, rng.poisson(mean), size) for name in DISTRICTS for band, mean, size in AGES]
    frame = pd.DataFrame(rows, columns=["district", "age", "falls", "residents"])
    frame.loc[frame["district"] == "Malvern Hills", "falls"] //= 40
    return frame.assign(standard=frame["age"].map({"0-64": 80_500, "65-79": 14_500, "80+": 5_000}))


AGES = (("0-64", 60, 70_000), ("65-79", 90, 14_000), ("80+", 130, 5_000))


@cache
def results() -> dict[str, Any]:
    """Return a result of every kind, made of the data above."""
    frame = panel()
    grouped = ev.bacon_decomposition(staggered(), outcome="admissions", unit="district", time="half", cohort="start")
    two_way = {"outcome": "rate", "term": "visited", "cluster": "district", "fixed_effects": ["district", "month"]}
    visited = frame.assign(visited=(frame["month"] >= frame["start"]).astype(float))
    found = effect()
    named = {"outcome": "admissions", "time": "month", "start": START, "exposure": "people"}
    wide = frame.pivot_table(index="month", columns="district", values="rate").reset_index()
    sides = {"month": "month", "Redditch": "admissions", "Worcester": "elsewhere"}
    return {
        "AdjustedPValues": ev.adjust_p_values(
            {"falls": 0.004, "admissions": 0.03, "ambulance calls": 0.04, "fires": 0.6}, family="four outcomes"
        ),
        "BaconDecomposition": grouped,
        "BeforeAfter": ev.before_after(frame, unit="district", **named),
        "BootstrapTest": ev.wild_cluster_bootstrap(visited, **two_way),
        "Comparability": weighted().balance,
        "Comparison": found,
        "Comparison, difference": ev.difference_in_differences(frame, **design("rate")),
        "CostBenefit": costs(),
        "DiscountSchedule": ev.discount_schedule(),
        "Estimate": found.estimate,
        "EventStudy": ev.event_study(frame, step=6, **design()),
        "EvidenceGrade": ev.evidence_grade(
            "difference-in-differences", n_treated=1, n_control=5, pre_trend="tested", attrition=5.0
        ),
        "Falsification": ev.leave_one_out(frame, **design()),
        "Falsification, space": ev.placebo_in_space(frame, **design()),
        "Falsification, time": ev.placebo_in_time(frame, **design()),
        "Funnel": ev.funnel_limits(
            areas(), outcome="falls", unit="ward", exposure="residents", measure="rate", overdispersion=True
        ),
        "InterruptedSeries": ev.interrupted_time_series(one_series(), harmonics=1, **named),
        "Pooled": ev.pool_districts(
            by_district(), effect="size", std_error="error", district="district", scale="ratio", outcome="admissions"
        ),
        "Pooled, difference": ev.pool_districts(
            by_district().assign(size=lambda f: 40 * f["size"], error=lambda f: 40 * f["error"]),
            effect="size", std_error="error", district="district", outcome="admissions", measured_in="per 1,000 people",
        ),
        "PowerPlan": ev.plan_power(spread(), n_treated=2, n_control=4, worthwhile=0.9),
        "PrePeriodSpread": spread(),
        "PropensityWeights": weighted().weights,
        "RandomisationTest": ev.randomisation_test(found.changes, change="change", treated="treated"),
        "Rates": ev.directly_standardised_rate(
            bands(), outcome="falls", exposure="residents", standard="standard", band="age", area="district"
        ),
        "Route": ev.choose_inference(2, 4, units="districts"),
        "SpcChart": ev.spc_chart(one_series(), outcome="admissions", time="month", improvement="decrease", target=70),
        "StaggeredAdoption": ev.staggered_adoption(
            staggered(), outcome="admissions", unit="district", time="half", cohort="start", exposure="people"
        ),
        "StructuralCounterfactual": ev.structural_counterfactual(
            wide.rename(columns=sides), outcome="admissions", time="month", start=START, comparison=["elsewhere"]
        ),
        "SyntheticControl": ev.synthetic_control(**donors()),
        "SyntheticDifference": ev.synthetic_difference_in_differences(**donors()),
        "WeightedEffect": weighted(),
    }  # fmt: skip


def snake(name: str) -> str:
    """Return the name of a type as functions are named after it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name.partition(",")[0]).lower()


def exhibit(name: str, kind: str) -> Any:
    """Return the picture or table of a made-up result."""
    stem, made = snake(name), results()[name]
    if stem == "estimate":
        pair = {"The headline": made, "Collapsed": results()["Comparison"].beside[0]}
        return exhibits.plot_estimates(pair) if kind == "plot" else exhibits.estimate_table(pair, caption="By method")
    function: Callable[[Any], Any] = getattr(exhibits, f"plot_{stem}" if kind == "plot" else f"{stem}_table")
    return function(made)


DRAWN = [name for name in results() if name not in NO_PICTURE]


def test_every_result_has_a_picture_and_a_table() -> None:
    """A result that `oda.evaluate` exports is drawn and listed by functions of its name, or it is said why not."""
    types = {name for name in ev.__all__ if dataclasses.is_dataclass(getattr(ev, name))}
    named = set(exhibits.__all__)
    pictures = {name for name in types if f"plot_{snake(name)}" in named or name == "Estimate"}
    tables = {name for name in types if f"{snake(name)}_table" in named}
    assert types - pictures == set(NO_PICTURE)
    assert types - tables == NO_TABLE
    assert types - NO_TABLE == {name.partition(",")[0] for name in results()}
    assert "plot_estimates" in named


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_says_its_answer_shortly_and_in_words(name: str) -> None:
    """A message that is read, a title, what kind of chart it is, a description with the sentence, the numbers drawn."""
    drawn = exhibit(name, "plot")
    assert isinstance(drawn, Picture)
    assert len(drawn.headline) <= CAPTION
    assert drawn.headline[0] == drawn.headline[0].upper()
    assert KIND.search(drawn.alt)
    assert drawn.alt not in (drawn.headline, drawn.caption)
    assert len(drawn.alt) <= CAPTION
    assert len(drawn.description) > len(drawn.alt)
    assert drawn.caption == drawn.data.caption != drawn.headline
    assert drawn.data.rows
    for words in (drawn.headline, drawn.alt, drawn.description):
        assert set(INTERNAL.findall(words)) <= FUNCTIONS
    if type(results()[name]) in ev.sentence.registry and name not in OWN_WORDS:
        assert ev.sentence(results()[name]) in drawn.description


@pytest.mark.parametrize("name", list(results()))
def test_a_table_has_units_method_and_nothing_internal(name: str) -> None:
    """Headings in words, no more than four figures after the point, and a note where a number needs one."""
    shown = exhibit(name, "table")
    assert isinstance(shown, Table)
    assert shown.caption[0] == shown.caption[0].upper()
    headings = [column.heading for column in shown.columns]
    assert not [head for head in headings if INTERNAL.search(head)]
    assert headings[0][0] == headings[0][0].upper()
    assert not re.search(r"\.\d{5}", " ".join(" ".join(row) for row in shown.shown()))
    assert set(INTERNAL.findall(f"{shown.caption} {shown.note}")) <= FUNCTIONS


@pytest.mark.parametrize("name", DRAWN)
def test_no_label_is_small_or_clipped(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All type is of eleven points or more, inside the drawing, and no two names along an axis touch."""
    seen: list[Any] = []
    monkeypatch.setattr("oda.charts.to_svg", lambda drawing: seen.append(drawing) or to_svg(drawing))
    exhibit(name, "plot")
    drawing = seen[-1]
    drawing.draw_without_rendering()
    texts = [one for one in drawing.findobj(is_text) if one.get_visible() and one.get_text()]
    assert min(one.get_fontsize() for one in texts) >= SMALLEST
    drawn, (wide, high) = drawing.get_tightbbox(), drawing.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= -HAIR
    assert drawn.x1 <= wide + HAIR
    assert drawn.y1 <= high + HAIR
    for axes in drawing.axes:
        ends = sorted(axes.get_xlim())
        ticks = [tick for tick in axes.xaxis.get_major_ticks() if ends[0] <= tick.get_loc() <= ends[1]]
        boxes = [tick.label1.get_window_extent() for tick in ticks if axes.axison and tick.label1.get_text()]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


def is_text(thing: Any) -> bool:
    """Tell whether something in a drawing is a text."""
    return type(thing).__name__ in ("Text", "Annotation")


def test_estimates_on_two_scales_are_refused() -> None:
    """A change in per cent and a difference in rates cannot share an axis."""
    pair = {"Ratio": effect().estimate, "Difference": results()["Comparison, difference"].estimate}
    with pytest.raises(
        DesignError, match=r"^The estimates are on 2 scales: ratio, difference rate. Give those of one.$"
    ):
        exhibits.plot_estimates(pair)


def test_small_rates_are_given_for_as_many_as_can_be_read() -> None:
    """Admissions a head of 0.004 are shown per 1,000 people, in tables of means and of differences alike."""
    found = effect()
    shown = exhibits.comparison_table(found)
    assert shown.columns[2].heading == "Before (admissions per 1,000 people)"
    assert shown.rows[0][2] == pytest.approx(1000 * found.means["before"].iloc[0])
    other = exhibits.estimate_table({"Difference": found.other_scale}, caption="The difference")
    assert other.columns[1].heading == "Effect (admissions per 1,000 people)"
    assert other.rows[0][1] == pytest.approx(1000 * found.other_scale.value)


def test_the_squares_filled_are_the_share_that_p_is() -> None:
    """Two of twenty ways to choose three of six districts give as large a difference: ten per cent."""
    drawn = exhibits.plot_randomisation_test(results()["RandomisationTest"])
    assert drawn.headline.startswith("Had chance chosen other units, 10 per cent of choices")
    assert "A square is one way to choose 3 of 6 units" in drawn.description


def test_a_rate_on_its_own_is_no_effect() -> None:
    """The headline of a rate says the rate, and compares it with nothing."""
    rates = {name: ev.crude_rate(n, 1000, outcome="falls") for name, n in (("Redditch", 30), ("Worcester", 40))}
    drawn = exhibits.plot_estimates(rates)
    assert drawn.headline == "Crude rate of falls: 3,000 per 100,000 people (95% interval: 2,024 to 4,283)."
    assert drawn.data.columns[1].heading == "Crude rate (per 100,000 people)"


def test_an_unchanged_outcome_is_said_in_words() -> None:
    """A ratio of 1 is about the same; a column's underscores are no part of a caption."""
    none = dataclasses.replace(effect().estimate, outcome="emergency_admissions", value=1.0, ci_low=0.9, ci_high=1.1)
    said = exhibits.plot_estimates({"The headline": none}).headline
    assert said.startswith("Emergency admissions: about the same as without the treatment (95% interval: 10 per cent")
    assert said.endswith("The data cannot tell this from no difference.")


def test_many_units_are_drawn_without_names() -> None:
    """Fifty units have a dot each and stand in the table, but no name beside the chart."""
    rng = np.random.default_rng(1)
    rows = [
        (f"Ward {unit}", month, rng.poisson(30), 5 if unit < 20 else np.nan) for unit in range(50) for month in range(9)
    ]
    frame = pd.DataFrame(rows, columns=["ward", "month", "calls", "start"])
    found = ev.difference_in_differences(frame, outcome="calls", unit="ward", time="month", cohort="start")
    drawn = exhibits.plot_comparison(found)
    assert len(drawn.data.rows) == 50
    assert "Ward" not in drawn.svg
