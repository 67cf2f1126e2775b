"""Cost and benefit: hand arithmetic, who pays and gains, no certainty that the effect does not have."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from oda.errors import DesignError
from oda.evaluate import Estimate, sentence
from oda.evaluate.worth.cost_benefit import CostBenefit, cost_benefit
from oda.evaluate.worth.discounting import discount_factors
from oda.evaluate.worth.effects import UnitChange, draw_units
from oda.exhibits import cost_benefit_table, investment_case_table, partners_table
from oda.results import Table

EXACT = 1e-10  # relative; sums taken in another order differ by rounding alone
PENNY = 0.005  # pounds; hand arithmetic is to the penny
DRAWS = 20_000  # the default; the standard error of a share is then at most 0.0036
FIVE = 5  # standard errors of a simulated figure; chance passes it about once in two million tests


def effect(value: float = 0.85, low: float = 0.75, high: float | None = None, **more: object) -> Estimate:
    """Return an effect as six districts give it; a ratio with an interval even on the log scale unless told."""
    fields = {
        "estimand": "ATT",
        "scale": "ratio",
        "outcome": "admissions",
        "unit": "",
        "value": value,
        "ci_low": low,
        "ci_high": value**2 / low if high is None else high,
        "level": 0.95,
        "std_error": None,
        "p_value": None,
        "df": 4,
        "n_obs": 300,
        "n_clusters": 6,
        "n_treated": 3,
        "method": "",
    }
    return Estimate(**{**fields, **more})


def cost(amount: float = 1000.0, year: int = 0, **more: object) -> dict[str, object]:
    """Return a cost line that the county pays."""
    line = {"line": "visits", "kind": "cost", "year": year, "amount": amount, "category": "fiscal", "pays": "county"}
    return {**line, "optimism_bias": 0, **more}


def benefit(amount: float = 1500.0, year: int = 1, **more: object) -> dict[str, object]:
    """Return a fiscal benefit line that the NHS gains, half of it cashable."""
    line = {"line": "beds", "kind": "benefit", "year": year, "amount": amount, "category": "fiscal", "gains": "NHS"}
    return {**line, "cashable": 50, "deadweight": 0, "optimism_bias": 0, **more}


def linked(amount: float = 30.0, **more: object) -> dict[str, object]:
    """Return a benefit line that rests on the effect on falls."""
    return benefit(amount, **{"effect": "falls", "deadweight": None, **more})


def run(*lines: dict[str, object], **more: object) -> CostBenefit:
    """Return the analysis of a sheet of these lines."""
    return cost_benefit(pd.DataFrame(list(lines)), **{"price_base": 2026, **more})


def falls(estimate: Estimate | None = None, units: float = 1000.0, **more: object) -> dict[str, UnitChange]:
    """Return the effect on falls."""
    return {"falls": UnitChange(estimate=estimate or effect(), units=units, **more)}


def test_it_equals_hand_arithmetic() -> None:
    """1,000 now and 100 a year later against 600 a year for three years: NPSV, ratio and payback by hand."""
    found = run(cost(), cost(100, 1, line="running"), benefit(600, last_year=3), benefit(0, 9, line="end"))
    worth = [1.035**-year for year in range(4)]
    costs, benefits = 1000 + 100 * worth[1], 600 * sum(worth[1:])
    assert found.npsv.value == pytest.approx(benefits - costs, abs=PENNY)
    assert found.bcr.value == pytest.approx(benefits / costs, rel=EXACT)
    assert found.financial.value == pytest.approx(benefits / 2 - costs, abs=PENNY)
    # so far, economic: -1000.00, -516.91, +43.20 in year 2; financial: -1000, -806.76, -526.71, -256.12
    assert found.cases["payback_year"].tolist() == [pd.NA, 2]
    assert found.years["economic"].iloc[:3].round(2).tolist() == [-1000.0, -516.91, 43.2]


def test_costs_are_not_paid_back_while_later_costs_undo_it() -> None:
    """A pilot ahead in year 1 but behind in year 2 is paid back only when it stays ahead, in year 3."""
    found = run(cost(100), benefit(120), cost(200, 2, line="repair"), benefit(300, 3, line="later"))
    assert found.cases.set_index("case").loc["economic", "payback_year"] == 3


def test_two_agencies_get_their_known_split() -> None:
    """The county pays 800 and fire 200; the NHS saves 600, half in cash, police 100 in cash, residents gain 400."""
    found = run(
        cost(800),
        cost(200, pays="fire"),
        benefit(600, 0),
        benefit(100, 0, gains="police", cashable="yes"),
        benefit(400, 0, gains="residents", category="social", cashable=None),
        {"line": "grant", "kind": "transfer", "year": 0, "amount": 50, "pays": "county", "gains": "fire"},
    )
    split = found.partners.set_index("partner")
    assert split["net"].to_dict() == {"NHS": 300, "county": -850, "fire": -150, "police": 100, "residents": 0}
    assert split["transfers"].to_dict() == {"NHS": 0, "county": -50, "fire": 50, "police": 0, "residents": 0}
    assert split["other_fiscal"]["NHS"] == 300
    assert split["wider"]["residents"] == 400
    assert split["net"].sum() == pytest.approx(found.financial.value)
    assert (found.npsv.value, found.bcr.value) == pytest.approx((100, 1.1))


def test_categories_are_kept_apart() -> None:
    """Cashable fiscal, other fiscal, economic and social benefits each have their row, and add up to the whole."""
    found = run(
        cost(1000),
        benefit(600, 0, cashable=25),
        benefit(300, 0, line="jobs", category="economic", cashable=None),
        benefit(200, 0, line="lives", category="social", cashable="no"),
    )
    rows = found.categories.set_index(["kind", "category", "cashable"])["value"]
    assert rows["benefit", "fiscal", "yes"] == 150
    assert rows["benefit", "fiscal", "no"] == 450
    assert rows["benefit"].sum() - rows["cost"].sum() == pytest.approx(found.npsv.value)


def test_only_public_costs_and_cash_are_in_the_financial_case() -> None:
    """Volunteers' time is a cost of the economic case alone, and so are benefits that are not cash."""
    found = run(cost(700), cost(300, line="time", category="social", pays="volunteers"), benefit(1600, 0))
    rows = found.cases.set_index("case")
    assert rows["costs"].to_dict() == {"financial": 700, "economic": 1000}
    assert rows["benefits"].to_dict() == {"financial": 800, "economic": 1600}


def test_cashable_may_be_said_in_words_or_per_cent() -> None:
    """Yes, Yes, true and 100 are the same; so are no, false and 0."""
    for yes, no in (("yes", "no"), (" Yes ", "NO"), (True, False), (100, 0)):
        sheet = pd.DataFrame([cost(cashable=None), benefit(cashable=yes), benefit(line="other", cashable=no)])
        found = cost_benefit(sheet, price_base=2026).categories.set_index(["kind", "category", "cashable"])["value"]
        assert found["benefit", "fiscal", "yes"] == found["benefit", "fiscal", "no"] == pytest.approx(1500 / 1.035)


def test_benefits_are_never_netted_from_costs() -> None:
    """Savings of 500 on costs of 1,000 beside benefits of 1,000 are 1.50 for each pound, not 2.00."""
    found = run(cost(1000), benefit(500, 0, cashable="yes"), benefit(1000, 0, line="wider", cashable="no"))
    assert found.bcr.value == pytest.approx(1.5)


def test_a_transfer_is_in_no_sum() -> None:
    """A grant from the county to the fire service leaves value, ratio and cash as they were."""
    grant = {"line": "grant", "kind": "transfer", "year": 0, "amount": 9e9, "pays": "county", "gains": "fire"}
    with_it, without = run(cost(), benefit(), grant), run(cost(), benefit())
    assert [with_it.npsv.value, with_it.bcr.value, with_it.financial.value] == [
        without.npsv.value,
        without.bcr.value,
        without.financial.value,
    ]


def option_b(**biases: tuple[float, float]) -> CostBenefit:
    """Return option B of the Green Book's example with an optimism bias of costs and of benefits, per cent."""
    first, second = biases.get("bias", (0, 0))
    return run(cost(5e6, optimism_bias=first), benefit(1.5e6, last_year=4, optimism_bias=second))


def test_optimism_bias_lowers_the_value() -> None:
    """Costs up by 20 and benefits down by 40 per cent turn 0.51 million into -2.69 million."""
    assert option_b().npsv.value == pytest.approx(509_619, abs=1)
    assert option_b(bias=(20, 40)).npsv.value == pytest.approx(-2_694_229, abs=1)
    for bias in ((10, 0), (0, 10)):
        assert option_b(bias=bias).npsv.value < option_b().npsv.value


def test_the_grade_of_confidence_sets_the_bias_and_says_that_it_is_recalled() -> None:
    """Grade 4 is 15 per cent, on costs and on benefits, with a caution; the weakest grade is 40."""
    grades = {"optimism_bias": None, "confidence": 4}
    graded, given = run(cost(**grades), benefit(**grades)), run(cost(optimism_bias=15), benefit(optimism_bias=15))
    assert graded.npsv.value == pytest.approx(given.npsv.value, rel=EXACT)
    assert any("quoted from memory" in caution for caution in graded.npsv.cautions)
    assert not any("quoted from memory" in caution for caution in given.npsv.cautions)
    worst = run(cost(**{**grades, "confidence": 6}), benefit())
    assert worst.cases["costs"].iloc[0] == pytest.approx(1400)


def test_a_loss_is_not_made_smaller_by_optimism_bias() -> None:
    """Where an effect does harm, an optimism bias of 40 per cent makes the loss 40 per cent larger."""
    harm = falls(effect(1.1, 1.05))
    plain, wary = (run(cost(), linked(optimism_bias=bias), effects=harm) for bias in (0, 40))
    lost = [found.cases["benefits"].iloc[1] for found in (plain, wary)]
    assert lost[0] < 0
    assert lost[1] == pytest.approx(1.4 * lost[0])


def test_deadweight_and_fading_cut_a_benefit() -> None:
    """Of 1,000 a year, 20 per cent would have come anyway and 10 per cent is lost each year: 800, 720, 648."""
    found = run(cost(), benefit(1000, 0, last_year=2, deadweight=20, persistence=90))
    assert found.years["benefits"].tolist() == pytest.approx([800, 720 / 1.035, 648 / 1.035**2])


def test_a_planted_effect_gives_its_value() -> None:
    """15 per cent of 1,000 admissions at 30 pounds each are 4,500 pounds a year; as a difference of -150 the same."""
    ratio = run(cost(), linked(year=0), effects=falls())
    apart = effect(-150.0, -250.0, -50.0, scale="difference", unit="admissions")
    difference = run(cost(), linked(year=0), effects=falls(apart, units=1))
    more = run(cost(), linked(year=0), effects=falls(effect(150.0, 50, 250, scale="difference"), 1, better="more"))
    assert [one.npsv.value for one in (ratio, difference, more)] == pytest.approx([3500] * 3)


def test_with_one_effect_the_interval_is_the_value_at_the_effects_ends() -> None:
    """The ends of the simulated interval are the values that the ends of the effect's interval give."""
    found = run(cost(), linked(year=0), effects=falls())
    ends = [30 * 1000 * (1 - ratio) - 1000 for ratio in (0.85**2 / 0.75, 0.75)]
    assert (found.npsv.ci_low, found.npsv.ci_high) == pytest.approx(ends, abs=1)
    assert found.bcr.ci_high == pytest.approx((found.npsv.ci_high + 1000) / 1000, rel=EXACT)


@pytest.mark.parametrize(("df", "spread"), [(4, stats.t(4)), (None, stats.norm())])
def test_the_share_of_draws_is_the_chance_that_the_t_distribution_gives(df: int | None, spread) -> None:
    """The benefits exceed 3,000 when the ratio is below 0.9; the share of draws agrees with theory, and its error."""
    found = run(cost(3000), linked(year=0), effects=falls(effect(df=df)))
    std_error = math.log(0.85 / 0.75) / spread.ppf(0.975)
    theory = spread.cdf(math.log(0.9 / 0.85) / std_error)
    assert found.probability_error == pytest.approx(math.sqrt(theory * (1 - theory) / DRAWS), rel=0.05)
    assert abs(found.probability - theory) < FIVE * found.probability_error


def test_few_districts_are_less_certain_than_many() -> None:
    """With the same standard error, 1 degree of freedom leaves more doubt than the normal distribution."""
    few, many = (
        effect(0.85, 0.85 * math.exp(-spread.ppf(0.975) * 0.05), df=df)
        for df, spread in ((1, stats.t(1)), (None, stats.norm()))
    )
    shares = [run(cost(), linked(year=0), effects=falls(one)).probability for one in (few, many)]
    assert shares[0] < shares[1] - 0.05


def test_draws_hold_an_interval_that_is_not_even() -> None:
    """An interval from a bootstrap, longer on one side, is the interval of the draws."""
    change = UnitChange(estimate=effect(0.85, 0.8, 1.1), units=1)
    drawn = 1 - draw_units({"falls": change}, draws=200_000, seed=2)["falls"]
    assert np.quantile(drawn, [0.025, 0.5, 0.975]) == pytest.approx([0.8, 0.85, 1.1], abs=0.005)


def test_an_effect_that_may_be_none_is_never_certain() -> None:
    """With an interval from 0.70 to 1.03 the chance is below 1, the interval holds a loss and a caution says why."""
    found = run(cost(), linked(), effects=falls(effect(0.85, 0.70, 1.03)))
    assert 0.5 < found.probability < 0.99
    assert found.npsv.ci_low < 0 < found.npsv.value
    assert any("cannot tell the effect on admissions from none" in caution for caution in found.npsv.cautions)
    assert "The data cannot tell which is larger." in sentence(found)


def test_without_an_effect_nothing_is_said_of_chance() -> None:
    """Amounts entered as certain give no probability, no draws, and a caution that the interval says nothing."""
    found = run(cost(), benefit())
    assert (found.probability, found.probability_error, found.draws) == (None, None, 0)
    assert found.npsv.ci_low == found.npsv.ci_high == found.npsv.value
    assert any("nothing was drawn" in caution for caution in found.npsv.cautions)


def test_a_share_of_none_or_all_draws_still_has_an_error() -> None:
    """When no draw is above 0, the error of that share is small but not 0, and the words do not say never."""
    found = run(cost(1e12), linked(), effects=falls())
    assert found.probability == 0
    assert 0 < found.probability_error < 0.001
    assert "in none of the draws" in sentence(found)


def test_lines_on_one_estimate_move_together_and_others_apart() -> None:
    """Two lines on the same estimate double the width; two estimates, drawn apart, add less and say so."""
    one = run(cost(), linked(), effects=falls())
    twin = run(cost(), linked(), linked(line="care", effect="calls"), effects={**falls(), "calls": falls()["falls"]})
    other = {**falls(), "calls": UnitChange(estimate=effect(outcome="calls"), units=1000)}
    apart = run(cost(), linked(), linked(line="care", effect="calls"), effects=other)
    widths = [found.npsv.ci_high - found.npsv.ci_low for found in (one, twin, apart)]
    assert widths[1] == pytest.approx(2 * widths[0])
    assert widths[0] < widths[2] < widths[1]
    assert any("drawn apart" in caution for caution in apart.npsv.cautions)
    assert not any("drawn apart" in caution for caution in twin.npsv.cautions)


def falls_sheet() -> pd.DataFrame:
    """Return a sheet with every kind of line."""
    grant = {"line": "grant", "kind": "transfer", "year": 2026, "amount": 50.0, "pays": "county", "gains": "fire"}
    lines = [
        cost(2000, 2026, last_year=2030, optimism_bias=5),
        cost(900, 2026, line="set-up", pays="fire"),
        linked(25, year=2026, last_year=2030, persistence=90, prices=2024),
        linked(9, year=2027, line="care", effect="calls", cashable="yes"),
        linked(7, year=2027, last_year=2029, line="life", category="social", cashable=None, rate="health"),
        benefit(400, 2028, line="jobs", category="economic", cashable=None, deadweight=30),
        grant,
    ]
    return pd.DataFrame(lines)


EFFECTS = {**falls(), "calls": UnitChange(estimate=effect(0.9, 0.7, outcome="calls"), units=400)}
WAYS = {"price_base": 2026, "base_year": 2026, "deflator": {2024: 95.0, 2026: 100.0}}


def figures(found: CostBenefit) -> list[float]:
    """Return every headline figure."""
    parts = [found.npsv, found.bcr, found.financial]
    ends = [end for part in parts for end in (part.value, part.ci_low, part.ci_high)]
    return [*ends, found.probability, *found.years["low"], *found.categories["value"]]


def test_row_order_names_and_the_seed_make_no_difference_that_they_should_not() -> None:
    """Shuffled rows, a strange index and other names give the same figures; the sheet is not changed."""
    sheet = falls_sheet()
    before = sheet.copy(deep=True)
    usual = figures(cost_benefit(sheet, effects=EFFECTS, **WAYS))
    shuffled = sheet.sample(frac=1, random_state=5)
    names = {"falls": "z", "calls": "a", "beds": "q", "care": "b", "county": "x", "NHS": "c"}
    other = {
        names[name]: replace(change, estimate=replace(change.estimate, outcome=names[name]))
        for name, change in reversed(EFFECTS.items())
    }
    renamed = cost_benefit(sheet.replace(names), effects=other, **WAYS)
    assert figures(cost_benefit(shuffled, effects=EFFECTS, **WAYS)) == pytest.approx(usual, rel=EXACT)
    assert figures(renamed) == pytest.approx(usual, rel=EXACT)
    assert figures(cost_benefit(sheet, effects=EFFECTS, **WAYS)) == usual
    pd.testing.assert_frame_equal(sheet, before)


def test_another_seed_agrees_within_the_stated_error() -> None:
    """Two seeds differ, and by no more than their simulation errors."""
    one, two = (cost_benefit(falls_sheet(), effects=EFFECTS, seed=seed, **WAYS) for seed in (1, 2))
    assert one.npsv.ci_low != two.npsv.ci_low
    assert abs(one.probability - two.probability) < FIVE * math.hypot(one.probability_error, two.probability_error)


def test_pounds_in_pence_change_nothing_but_the_scale() -> None:
    """A hundred times every amount is a hundred times the value, and the same ratio, chance and payback."""
    sheet = falls_sheet()
    usual, pence = (cost_benefit(sheet.assign(amount=sheet["amount"] * by), effects=EFFECTS, **WAYS) for by in (1, 100))
    assert pence.npsv.value == pytest.approx(100 * usual.npsv.value, rel=EXACT)
    assert pence.bcr.value == pytest.approx(usual.bcr.value, rel=EXACT)
    assert pence.probability == usual.probability
    assert pence.cases["payback_year"].equals(usual.cases["payback_year"])


def test_years_of_the_calendar_are_years_from_the_base_year() -> None:
    """2026 to 2030 from 2026 is worth the same as years 0 to 4."""
    counted = run(cost(), benefit(last_year=4))
    dated = run(cost(year=2026), benefit(year=2027, last_year=2030), base_year=2026)
    assert dated.npsv.value == counted.npsv.value
    periods = pd.PeriodIndex(["2026", "2027"], freq="Y")
    sheet = pd.DataFrame([cost(), benefit(last_year=2030)]).assign(year=periods)
    assert cost_benefit(sheet, price_base=2026, base_year=2026).npsv.value == counted.npsv.value
    assert dated.years["year"].tolist() == [2026, 2027, 2028, 2029, 2030]


def test_a_span_is_its_years_one_by_one() -> None:
    """One line for three years is three lines of one year each, under one name."""
    span = run(cost(), benefit(500, last_year=3))
    single = run(cost(), *(benefit(500, year) for year in (1, 2, 3)))
    assert single.npsv.value == pytest.approx(span.npsv.value, rel=EXACT)


def test_money_of_the_day_is_deflated_with_an_index() -> None:
    """With prices up 2 per cent a year, 1,020 and 1,040.40 of the day are 1,000 each."""
    index = {2026 + step: 100 * 1.02**step for step in range(3)}
    paid = {"prices": "nominal", "base_year": 2026, "deflator": index}
    lines = [cost(year=2026), *(benefit(1000 * 1.02**step, 2026 + step, prices="nominal") for step in (1, 2))]
    found = run(*lines, base_year=2026, deflator=paid["deflator"])
    assert found.years["benefits"].tolist() == pytest.approx([0, *(1000 * discount_factors([1, 2]))])


def test_health_is_discounted_at_its_own_rate() -> None:
    """A social benefit valued as health in year 10 is worth 1.015^-10, money beside it 1.035^-10."""
    social = {"category": "social", "cashable": None, "year": 10}
    found = run(cost(), benefit(100, line="life", rate="health", **social), benefit(100, line="time", **social))
    assert found.cases["benefits"].iloc[1] == pytest.approx(100 * (1.015**-10 + 1.035**-10))


def test_what_was_left_out_of_the_sheet_is_said() -> None:
    """No optimism bias, no fading and benefits on no effect each bring a caution, with the number of lines."""
    found = run(cost(optimism_bias=None), linked(last_year=4), benefit(line="other"), effects=falls())
    text = " ".join(found.npsv.cautions)
    assert "1 line has no allowance for optimism bias" in text
    assert "1 benefit is taken to last to the end without fading" in text
    assert "per cent of the benefits rest on no measured effect" in text
    assert "30 June 2026" in text
    wary = effect(cautions=("One unit alone was treated.",))
    assert "One unit alone was treated." in run(cost(), linked(), effects=falls(wary)).npsv.cautions


def test_the_sentence_says_value_interval_chance_and_cash() -> None:
    """Direction, size, interval, the draws, and what comes back in cash, without a verdict."""
    said = sentence(run(cost(), linked(year=0), effects=falls()), subject="The visits")
    assert said.startswith("The visits: benefits are put at £3,500 more than the costs (95% interval: ")
    assert "or £4.50 for each £1 of costs; they exceed the costs in 9" in said
    assert said.endswith("Cashable savings are £1,250 more than public bodies pay.")
    assert "significant" not in said


def test_a_far_draw_stays_a_number() -> None:
    """With one degree of freedom and a wide interval, the farthest draws are held, not infinite."""
    wild = effect(0.5, 0.001, 250.0, df=1)
    found = run(cost(), linked(), effects=falls(wild), draws=50_000)
    assert all(math.isfinite(end) for end in (found.npsv.ci_low, found.npsv.ci_high))


GRANT = {"line": "grant", "kind": "transfer", "year": 0, "amount": 50, "pays": "county", "gains": "fire"}
BROKEN = [
    ([cost(), benefit(deadwieght=5)], "Not known: 'deadwieght'"),
    ([{"line": "visits"}], "No column 'kind', 'year', 'amount', 'category'"),
    ([cost(kind="costs"), benefit()], "1 of 2 lines are of no known kind .row 1."),
    ([cost(category="money"), benefit()], "no known category"),
    ([cost(-5), benefit()], "an amount below 0"),
    ([cost(math.nan), benefit()], "A value is missing of 2 rows: 'amount' in 1"),
    ([cost(math.inf), benefit()], "infinite"),
    ([cost("5k"), benefit()], "not a column of numbers"),
    ([cost(year="2026/27"), benefit()], "no whole year as 'year'"),
    ([cost(year=1.5), benefit()], "no whole year as 'year'"),
    ([cost(year=-1), benefit()], "begin before the base year 0"),
    ([cost(year=2026), benefit(year=2027)], "more than 200 years after the base year .*Give 'base_year'"),
    ([cost(year=pd.Timestamp("2026-04-01")), benefit(year=pd.Timestamp("2027-04-01"))], "no whole year as 'year'"),
    ([cost(year=pd.Period("2026-04", freq="M")), benefit()], "no whole year as 'year'"),
    ([cost(), benefit(), GRANT | {"optimism_bias": 10}], "transfers with an optimism bias"),
    ([cost(), benefit(last_year=0)], "end before they begin"),
    ([cost()], "None of 1 lines is a benefit"),
    ([benefit()], "None of 1 lines is a cost"),
    ([cost(0), benefit()], "None of 2 lines is a cost above 0"),
    ([cost(pays=None), benefit()], "of kind cost do not say who pays"),
    ([cost(), benefit(gains="")], "of kind benefit do not say who gains"),
    ([cost(gains="fire"), benefit()], "of kind cost say who gains"),
    ([cost(), benefit(cashable=None)], "not said to be cashable"),
    ([cost(), benefit(cashable="perhaps")], "no number as 'cashable'"),
    ([cost(cashable="yes"), benefit()], "cashable but no fiscal benefit"),
    ([cost(), benefit(category="social")], "cashable but no fiscal benefit"),
    ([cost(), benefit(cashable=0.5)], "a share as 'cashable'"),
    ([cost(optimism_bias=0.15), benefit()], "a share as 'optimism_bias'"),
    ([cost(optimism_bias=-10), benefit()], "'optimism_bias' below 0"),
    ([cost(), benefit(optimism_bias=101)], "cut by more than 100 per cent"),
    ([cost(confidence=3), benefit()], "The bias is taken once"),
    ([cost(optimism_bias=None, confidence=7), benefit()], "no known grade of confidence"),
    ([cost(deadweight=10), benefit()], "deadweight but are no benefit"),
    ([cost(), benefit(deadweight=None)], "benefits without an effect or deadweight"),
    ([cost(last_year=3, persistence=50), benefit()], "fade but are no benefit"),
    ([cost(), benefit(), benefit()], "repeat another line and year"),
    ([cost(), benefit(last_year=3), benefit(year=2)], "overlap another line"),
    ([cost(), benefit(prices="nominal")], "money of the day"),
    ([cost(), benefit(prices=2020)], "not in prices of 2026"),
    ([cost(rate="health"), benefit()], "the rate for health but are no social benefit"),
    ([cost(), benefit(rate="low")], "no known rate"),
    ([cost(), benefit(effect="calls", deadweight=None)], "an effect that is not given"),
    ([cost(effect="falls"), benefit()], "an effect but are no benefit"),
    ([cost(), benefit(), GRANT | {"gains": None}], "of kind transfer do not say who gains"),
]


@pytest.mark.parametrize(("lines", "words"), BROKEN, ids=[words for _, words in BROKEN])
def test_a_sheet_that_cannot_be_what_it_says_is_refused(lines: list[dict[str, object]], words: str) -> None:
    """Each way to fill in the sheet wrongly stops with the lines and what to do, and changes nothing."""
    sheet = pd.DataFrame(lines)
    before = sheet.copy(deep=True)
    with pytest.raises(DesignError, match=words):
        cost_benefit(sheet, price_base=2026)
    pd.testing.assert_frame_equal(sheet, before)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"draws": 0}, "0 draws are too few. A measured effect is never entered as certain"),
        ({"level": 1.0}, "level is 1"),
        ({"effects": {**falls(), "unused": falls()["falls"]}}, "1 effects are on no line: 'unused'"),
        ({"effects": {"falls": effect()}}, "not a UnitChange"),
    ],
)
def test_a_simulation_that_cannot_be_is_refused(more: dict[str, object], words: str) -> None:
    """No draws, no coverage and effects that nothing rests on stop with a sentence."""
    with pytest.raises(DesignError, match=words):
        run(cost(), linked(), **{"effects": falls(), **more})


def test_deadweight_is_not_taken_from_an_effect() -> None:
    """An effect is net of what would have happened anyway; deadweight on top would count it twice."""
    with pytest.raises(DesignError, match="deadweight would be taken off twice"):
        run(cost(), linked() | {"deadweight": 20}, effects=falls())


@pytest.mark.parametrize(
    ("estimate", "more", "words"),
    [
        (effect(scale="level"), {}, "is a level. Give a ratio or difference"),
        (effect(), {"units": 0}, "0 units"),
        (effect(), {"better": "less"}, "'less' is better"),
        (effect(0.5, 0.0, 1.0), {}, "begins at 0"),
    ],
)
def test_what_is_no_effect_is_refused(estimate: Estimate, more: dict[str, object], words: str) -> None:
    """A rate on its own, no units, or a ratio down to nothing cannot be turned into benefits."""
    with pytest.raises(DesignError, match=words):
        UnitChange(**{"estimate": estimate, "units": 10.0, **more})


def test_messages_name_the_sheets_own_rows() -> None:
    """A line of many years is one row of the sheet, so a fault in the next line is in row 2."""
    with pytest.raises(DesignError, match=r"^1 of 2 lines are in money of the day .row 2.\."):
        run(cost(last_year=9), benefit(prices="nominal", last_year=4))


def test_prices_of_a_year_in_two_figures_are_refused() -> None:
    """26 is no year of prices."""
    with pytest.raises(DesignError, match=r"price_base is 26. Give the year of the prices in four figures"):
        run(cost(), benefit(), price_base=26)


@pytest.mark.parametrize("shown", [cost_benefit_table, partners_table, investment_case_table])
def test_tables_say_what_changes_how_they_are_read(shown: Callable[[CostBenefit], Table]) -> None:
    """A table passed on alone still says that the interval holds nil and that the effect may be none."""
    found = run(cost(), linked(), effects=falls(effect(0.95, 0.8, 1.1)))
    note = shown(found).note
    assert "The interval of benefits less costs holds nil." in note
    assert "so its benefit may be none" in note


def test_an_effect_in_the_wrong_direction_is_cautioned() -> None:
    """More falls where fewer are better is a loss, and the figures say so."""
    found = run(cost(), linked(), effects=falls(effect(1.2, 1.1, 1.3)))
    assert any("goes the wrong way: fewer is better, so it counts as a loss" in said for said in found.npsv.cautions)
    right = run(cost(), linked(), effects=falls())
    assert not any("wrong way" in said for said in right.npsv.cautions)
