"""Costs, benefits and strength of evidence as a board sees them: every figure in words, none hidden, none certain."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from oda.evaluate import CostBenefit, Estimate, UnitChange, cost_benefit, evidence_grade, sentence
from oda.exhibits import (
    cost_benefit_table,
    evidence_grade_table,
    investment_case_table,
    partners_table,
    plot_cost_benefit,
    plot_evidence_grade,
)
from oda.governance.counts import count_table, read_grid
from oda.pilot import Disclosure
from oda.reports.blocks import comma_separated

FALLS = Estimate(
    estimand="ATT",
    scale="ratio",
    outcome="admissions",
    unit="",
    value=0.85,
    ci_low=0.70,
    ci_high=1.03,
    level=0.95,
    std_error=0.07,
    p_value=0.1,
    df=4,
    n_obs=300,
    n_clusters=6,
    n_treated=3,
    method="",
)
SHEET = pd.DataFrame(
    [
        ("visits", "cost", 2026, 1e6, "fiscal", "county", None, None, None, None),
        ("beds", "benefit", 2027, 9000.0, "fiscal", None, "NHS", 50, None, "falls"),
        ("life", "benefit", 2027, 2000.0, "social", None, "residents", None, None, "falls"),
        ("grant", "transfer", 2026, 2e5, None, "fire", "county", None, None, None),
    ],
    columns=["line", "kind", "year", "amount", "category", "pays", "gains", "cashable", "deadweight", "effect"],
)


def analysis(units: float = 1000.0) -> CostBenefit:
    """Return an analysis whose benefits rest on an effect that may be none."""
    effects = {"falls": UnitChange(estimate=FALLS, units=units)}
    return cost_benefit(SHEET, price_base=2026, base_year=2026, effects=effects)


def certain() -> CostBenefit:
    """Return an analysis without an effect, in years from the start, whose costs no public body pays."""
    sheet = pd.DataFrame(
        {
            "line": ["time", "jobs"],
            "kind": ["cost", "benefit"],
            "year": [0, 1],
            "amount": [100.0, 300.0],
            "category": "economic",
            "pays": ["volunteers", None],
            "gains": [None, "residents"],
            "deadweight": [None, 0],
        }
    )
    return cost_benefit(sheet, price_base=2026)


def test_the_investment_case_sets_both_cases_side_by_side() -> None:
    """Costs, benefits, value, ratio, chance, payback and switching value, for cash and for public value."""
    shown = {row[0]: row[1:] for row in investment_case_table(analysis()).shown()}
    assert shown["Costs"] == ["£1.00 million", "£1.00 million"]
    assert shown["Benefits"] == ["£652,000", "£1.59 million"]
    assert shown["Benefits less costs"] == ["-£348,000", "£594,000"]
    assert shown["Benefits for each £1 of costs"] == ["£0.65", "£1.59"]
    assert shown["Costs paid back"] == ["not by 2027", "2027"]
    assert shown["Benefits at which costs would just be met"] == ["53% higher than put here", "37% lower than put here"]
    assert shown["Draws in which benefits exceed costs"][1].endswith("of 100")
    assert " to " in shown["95% interval of benefits less costs"][1]


def test_what_changes_the_reading_stands_below_the_case() -> None:
    """The note says that the effect may be none, that no optimism bias was taken, and that the rate was reviewed."""
    note = investment_case_table(analysis()).note
    for words in ("cannot tell the effect on admissions from none", "optimism bias", "30 June 2026", "not discounted"):
        assert words in note


def test_who_pays_and_who_gains_is_a_table() -> None:
    """One row a partner with cost, cashable savings, transfers and net, in pounds; empty columns are left out."""
    found = partners_table(analysis())
    headings = [column.heading for column in found.columns]
    assert headings[:3] == ["Partner", "Pays (£)", "Cashable savings (£)"]
    rows = {row[0]: row[1:] for row in found.shown()}
    assert rows["county"][:4] == ["1,000,000", "0", "200,000", "-800,000"]
    assert rows["fire"][2:4] == ["-200,000", "-200,000"]
    assert "Transfers received less given (£)" not in [column.heading for column in partners_table(certain()).columns]


def test_categories_are_named_and_cash_is_kept_apart() -> None:
    """Fiscal savings stand in two rows, cashable and not, beside social value."""
    rows = [row[0] for row in cost_benefit_table(analysis()).shown()]
    assert rows == ["Cost, fiscal", "Benefit, fiscal, cashable", "Benefit, fiscal, not cashable", "Benefit, social"]


def test_the_chart_says_its_answer_and_shows_its_numbers() -> None:
    """The caption has value and cash, the description the sentence and both paybacks, the data each year."""
    found, result = plot_cost_benefit(analysis()), analysis()
    assert found.description.startswith(sentence(result))
    assert "The data cannot tell which is larger. Cashable savings are £348,000 less" in found.headline
    assert "public value less costs end at £594,000, paid back: 2027" in found.description
    assert "paid back: not by 2027" in found.description
    assert [row[0] for row in found.data.shown()] == ["2026", "2027"]
    assert found.svg == plot_cost_benefit(analysis()).svg


def test_large_sums_are_said_in_millions_and_billions() -> None:
    """A thousand times the units is said for people to read, not in ten figures."""
    assert investment_case_table(analysis(units=1e6)).shown()[1][1:] == ["£652 million", "£1.59 billion"]
    assert "£1.59 billion more than the costs" in plot_cost_benefit(analysis(units=1e6)).headline


def test_one_period_has_no_year_in_which_costs_are_paid_back() -> None:
    """All is in that period; the year that it began in is not when costs are met."""
    found = analysis()
    case = investment_case_table(replace(found, years=found.years[:1]))
    assert "Costs paid back" not in [row[0] for row in case.rows]


def test_without_draws_or_public_costs_nothing_is_made_up() -> None:
    """No interval where nothing was drawn, and no ratio where public bodies pay nothing."""
    shown = {row[0]: row[1:] for row in investment_case_table(certain()).shown()}
    assert shown["95% interval of benefits less costs"] == ["none: nothing was drawn"] * 2
    assert shown["Benefits for each £1 of costs"] == ["no costs", "£2.90"]
    assert shown["Benefits at which costs would just be met"] == ["no costs", "66% lower than put here"]
    assert shown["Draws in which benefits exceed costs"] == ["nothing drawn", "nothing drawn"]
    assert shown["Costs paid back"][1] == "year 1"
    assert "interval" not in plot_cost_benefit(certain()).headline


@pytest.mark.parametrize("n_treated", [1, 4])
def test_the_grade_is_shown_with_what_holds_it_and_what_would_raise_it(n_treated: int) -> None:
    """Level, design, units, caps and remedies are rows; the ladder's caption says the level."""
    grade = evidence_grade("difference-in-differences", n_treated=n_treated, n_control=5, pre_trend="tested")
    rows = evidence_grade_table(grade).shown()
    assert rows[0][1].startswith(f"{grade.level} of 5: ")
    assert sum(row[0] == "What holds it down" for row in rows) == len(grade.caps)
    assert sum(row[0] == "What would raise it" for row in rows) == len(grade.raises)
    drawn = plot_evidence_grade(grade)
    assert drawn.headline == f"Level {grade.level} of 5 on the Maryland scale: {grade.meaning}."
    assert drawn.description.startswith(sentence(grade))
    assert [row[2] for row in drawn.data.shown()] == ["yes"] * grade.level + ["no"] * (5 - grade.level)


def test_the_levels_of_the_ladder_are_not_taken_for_small_counts() -> None:
    """A release asks nobody to explain the numbers 1 to 5 of the scale."""
    data = plot_evidence_grade(evidence_grade("before and after", n_treated=1, n_control=0)).data
    grid = read_grid(comma_separated(data))
    assert count_table("annex-strength-ladder.csv", grid, None, Disclosure(hide_below=8, round_to=5)).breaches == ()
