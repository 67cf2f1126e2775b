"""The evaluation plan, `governance/evaluation.yml`: what is set down before the start.

The questions and the answers expected stand in `pilot.yml`, and nowhere else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, StrictBool, model_validator

from oda.governance.files.base import IgFile, Text
from oda.pilot import Month, Settings

Card = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Texts = Annotated[tuple[Text, ...], Field(min_length=1)]


class TheoryOfChange(Settings):
    """How what is put in should lead to what is hoped for, and on what that rests."""

    inputs: Texts
    activities: Texts
    outputs: Texts
    outcomes: Texts
    impact: Text
    assumptions: Texts
    external_factors: Texts


class Design(Settings):
    """How the effect is found: the method, what is compared with what, and why that is fair."""

    method: Text
    comparison: Text
    why: Text


class Outcome(Settings):
    """What is measured: its name, its unit, the dataset it comes from, and whether the decision turns on it."""

    name: Text
    unit: Text
    dataset: Card
    primary: StrictBool


class Baseline(Settings):
    """The months before the start that later ones are held against; the card of the dataset holds its file's hash."""

    dataset: Card
    since: Month = Field(alias="from")
    until: Month


class Sample(Settings):
    """What the numbers can tell: how many units, the smallest effect worth finding, and the chance to find it."""

    units: Text
    smallest_effect: Text
    power: Text


class DecisionRule(Settings):
    """What the board will do at which result, agreed before any is known."""

    fund: Text
    change: Text
    stop: Text
    decided_by: Text


class EvaluationRisk(Settings):
    """What could spoil the evaluation, and what is done about it."""

    risk: Text
    response: Text


class EvaluationPlan(IgFile):
    """Everything in `governance/evaluation.yml`."""

    theory_of_change: TheoryOfChange
    design: Design
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    baseline: Baseline
    sample: Sample
    decision_rule: DecisionRule
    risks: tuple[EvaluationRisk, ...] = Field(min_length=1)
    review_by: dt.date

    @property
    def primary(self) -> Outcome:
        """The outcome that the decision turns on."""
        return next(outcome for outcome in self.outcomes if outcome.primary)

    @model_validator(mode="after")
    def _check_plan(self) -> Self:
        """Refuse no primary outcome or several, and a baseline that is not one."""
        if faults := [*self._outcome_faults(), *self._baseline_faults()]:
            raise ValueError("; ".join(faults))
        return self

    def _outcome_faults(self) -> Iterator[str]:
        """Yield what is wrong with the outcomes."""
        names = [outcome.name for outcome in self.outcomes]
        for twice in sorted({name for name in names if names.count(name) > 1}):
            yield f"outcome {twice!r} stands more than once"
        primary = sum(outcome.primary for outcome in self.outcomes)
        if primary != 1:
            yield f"{primary} outcomes are primary; choose the one that the decision turns on"

    def _baseline_faults(self) -> Iterator[str]:
        """Yield what is wrong with the baseline."""
        base = self.baseline
        if base.since > base.until:
            yield f"the baseline ends in {base.until}, before it begins in {base.since}"
        if base.dataset not in {outcome.dataset for outcome in self.outcomes if outcome.primary}:
            yield f"the baseline is of dataset {base.dataset!r}, which is not that of the primary outcome"
