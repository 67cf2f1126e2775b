"""The effect looked at in other ways: what is said, what is refused, and that nothing small is cut finer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from oda import effect, sensitivity, trend_before
from oda.evaluate import Comparison, event_study
from oda.evaluate.words import interval_words
from oda.panel import Panel
from oda.pilot import Disclosure
from oda.results import CannotSay, Estimated, Fact
from oda.sensitivity import Checks

RULE = Disclosure(hide_below=8, round_to=5)
START = pd.Period("2024-01", freq="M")
NAMES = ("Ashby", "Beale", "Clent", "Dale", "Elm", "Ford")


def panel(*, visited: int = 3, mean: float = 60.0, effect: float = 0.8, drift: float = 0.0, seed: int = 1) -> Panel:
    """Make four years of months for six districts, the first of them visited from the third year on."""
    rng = np.random.default_rng(seed)
    months = pd.period_range("2022-01", "2025-12", freq="M")
    rows = []
    for place, name in enumerate(NAMES):
        treated = place < visited
        for number, month in enumerate(months):
            rate = mean * (effect if treated and month >= START else 1.0) * np.exp(drift * number / 12 * treated)
            cohort = START if treated else pd.NaT
            rows.append((name, name, month, cohort, 20_000, rng.poisson(rate)))
    columns = ["district_code", "district", "period", "cohort", "population", "admissions"]
    frame = pd.DataFrame(rows, columns=columns).astype({"admissions": "Int64", "population": "Int64"})
    frame["cohort"] = pd.PeriodIndex(frame["cohort"], freq="M")
    return Panel(frame=frame, measure="counts", per_year=12, unit="per 100,000", rule=RULE, partial=())


def checked(made: Panel) -> tuple[Checks, Comparison]:
    """Return the checks of a panel that bears an estimate, and the estimate."""
    found = effect.estimate_effect(made)
    assert isinstance(found, Comparison)
    checks = sensitivity.check_effect(made, found)
    assert isinstance(checks, Checks)
    return checks, found


def test_every_check_is_made_where_the_data_bear_it() -> None:
    """With four years of plain counts nothing is refused, and each line of the table says what it gives."""
    checks, found = checked(panel())
    assert checks.refused == {}
    rows = {row[0]: row[1] for row in sensitivity.checks_table(checks, found).rows}
    assert rows["Each district left out in turn"].startswith("6: ")
    assert rows["Starts made up before the visits"].startswith("3: ")
    assert rows["Each district without visits, as if visited"].startswith("3: ")
    assert "not done" not in " ".join(map(str, rows.values()))


def test_the_trend_is_that_of_the_event_study() -> None:
    """What the sentence says is the slope before the visits of an event study by half-years, as a ratio."""
    made = panel()
    checks, _ = checked(made)
    said = trend_before.say_trend(checks)
    assert isinstance(said, Estimated)
    by_hand = event_study(
        made.frame, outcome="admissions", unit="district", time="period", cohort="cohort", exposure="population", step=6
    )
    assert said.estimate.value == pytest.approx(np.exp(by_hand.pre_trend.slope.value))
    assert "each half-year" in said.sentence
    assert f"noticed {100 * by_hand.pre_trend.power:.0f} times in 100" in said.sentence


def test_the_picture_is_described_in_the_pilots_words() -> None:
    """No word of the figure is that of a method: neither a treatment nor a step."""
    checks, _ = checked(panel())
    drawn = trend_before.study_picture(checks)
    said = " ".join([drawn.headline, drawn.caption, drawn.alt, drawn.description, drawn.data.model_dump_json()]).lower()
    assert "half-year by half-year" in said
    assert not [word for word in ("treat", "step", " unit ") if word in said]


def test_the_figure_of_the_trend_gives_no_second_effect() -> None:
    """Its message is what the trend before the visits shows; the effect stands in one place with one interval."""
    checks, _ = checked(panel())
    drawn = trend_before.study_picture(checks)
    said = trend_before.say_trend(checks)
    assert isinstance(said, Estimated)
    assert said.sentence.startswith(drawn.headline)
    assert checks.study is not None
    assert interval_words(checks.study.estimate) not in drawn.headline + drawn.description + drawn.data.note


@pytest.mark.parametrize(("power", "words"), [(0.22, "miss most"), (0.6, "miss many"), (0.82, "notice most")])
def test_how_much_the_check_of_the_trend_sees_is_said_in_plain_words(power: float, words: str) -> None:
    """A reader need not know what power is."""
    checks, _ = checked(panel())
    assert checks.study is not None
    study = replace(checks.study, pre_trend=replace(checks.study.pre_trend, power=power))
    assert f"this check would {words} such drifts" in trend_before.say_trend(replace(checks, study=study)).sentence


@pytest.mark.parametrize(
    ("slope", "said"),
    [
        (0.0, "none is needed"),
        (0.0001, "less than 0.05 per cent each half-year"),
        (0.02, "2.0 per cent each half-year"),
    ],
)
def test_a_drift_that_would_undo_the_finding_is_never_said_to_be_unchanged(slope: float, said: str) -> None:
    """The smaller it is, the less firm the finding, and the table says so."""
    checks, found = checked(panel())
    assert checks.study is not None
    study = replace(checks.study, breakdown=replace(checks.study.breakdown, slope=slope))
    rows = {row[0]: row[1:] for row in sensitivity.checks_table(replace(checks, study=study), found).rows}
    assert rows["Drift apart that would undo the finding"][0] == said
    assert ("not firm" in str(rows["Drift apart that would undo the finding"][1])) == (slope == 0.0001)


def test_a_drift_before_the_visits_lowers_the_grade() -> None:
    """Districts that fell apart long before the visits are a poor comparison, and the strength of evidence says so."""
    alike, _ = checked(panel(mean=400.0))
    apart, _ = checked(panel(mean=400.0, drift=-0.15))
    assert alike.grade.level == 3
    assert apart.grade.level < 3
    assert isinstance(sensitivity.say_grade(apart), Fact)


def test_small_counts_are_not_cut_finer() -> None:
    """Counts that may be shown by year but not by half-year or by quarter are not cut so for a check."""
    checks, found = checked(panel(mean=1.2))
    assert checks.study is None
    assert "too small to be cut so finely" in checks.refused["study"]
    said = trend_before.say_trend(checks)
    assert isinstance(said, CannotSay)
    assert ": The" not in said.sentence
    assert said.needed.startswith("larger counts")
    rows = {row[0]: row[1:] for row in sensitivity.checks_table(checks, found).rows}
    assert rows["Gaps before the visits, half-year by half-year"][0] == "not done"


def test_a_small_district_does_not_block_the_others() -> None:
    """One district of few admissions is left out of the check by name, and the others are checked as without it."""
    made = panel()
    few = made.frame["district"].eq("Ford") & ~made.frame["period"].dt.month.isin([6, 12])
    few = made.frame.assign(admissions=made.frame["admissions"].mask(few, 0))
    few["admissions"] = few["admissions"].mask(few["district"].eq("Ford") & few["admissions"].gt(0), 5)
    checks, found = checked(replace(made, frame=few.assign(admissions=few["admissions"].astype("Int64"))))
    rest, _ = checked(replace(made, frame=made.frame[made.frame["district"] != "Ford"]))
    assert checks.study is not None
    assert rest.study is not None
    assert checks.study.pre_trend == rest.study.pre_trend
    assert found.estimate.n_clusters == 6
    assert checks.grade.level == 3
    for said in (trend_before.say_trend(checks).sentence, trend_before.study_picture(checks).description):
        assert said.endswith("Left out of this check, since counts are too small to be cut so finely: Ford.")


def test_one_visited_district_is_said_and_capped() -> None:
    """A single visited district cannot be left out, and its evidence is capped at level 2."""
    checks, found = checked(panel(visited=1))
    assert checks.grade.level == 2
    assert "Only 1 of 6 districts was treated" in effect.say_effect(found).sentence
    assert checks.left_out is not None
    assert "Ashby" in checks.left_out.cautions[0]


def test_without_an_estimate_there_is_nothing_to_check() -> None:
    """A pilot without comparison districts gets a reason in every place, and no number."""
    none = CannotSay(sentence="No.", needed="More.")
    checks = sensitivity.check_effect(panel(), none)
    assert isinstance(checks, CannotSay)
    assert checks.needed == "the same as for the effect."
    assert trend_before.say_trend(checks) is checks
    assert sensitivity.say_grade(checks) is checks


def test_yearly_rates_are_checked_too() -> None:
    """Rates without counts, a year at a time, go by years."""
    made = panel()
    rows = made.frame.assign(period=made.frame["period"].dt.asfreq("Y"), cohort=made.frame["cohort"].dt.asfreq("Y"))
    keys = ["district_code", "district", "period", "cohort"]
    years = rows.groupby(keys, dropna=False)["admissions"].sum().reset_index()
    years["rate"] = years["admissions"].astype(float)
    years = years.drop(columns="admissions")
    checks, _ = checked(replace(made, frame=years, measure="rates", per_year=1))
    assert checks.step == "year"
    assert checks.study is not None
