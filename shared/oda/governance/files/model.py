"""A predictive model, `governance/model/`: the plan made before it is fitted, and the card of its results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator

from oda.governance.files.base import IgFile, Role, Sha256, Text
from oda.pilot import Settings

Card = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Direction = Literal["higher", "lower"]


class Target(Settings):
    """What is predicted, for whom, and over which time from the moment of prediction."""

    what: Text
    population: Text
    horizon: Text


class Feature(Settings):
    """One thing the model is told: its source, why, and which protected characteristic it may stand for."""

    name: Text
    dataset: Card
    why: Text
    known_when_predicting: StrictBool
    proxy_for: str = ""


class Yardstick(Settings):
    """What the model must beat, how both are measured, and the smallest gain that is worth having."""

    baseline: Text
    metric: Text
    better: Direction
    smallest_gain: float = Field(gt=0)
    why: Text


class LeakageCheck(Settings):
    """How it was made sure that nothing from after the moment of prediction reaches the model."""

    how: Text
    checked_by: Role
    checked_on: dt.date


class Decisions(Settings):
    """The class of the decisions under Articles 22A to 22D, and the safeguards for those about whom they are made.

    Automated: no human involvement is meaningful. Significant: the effect on a person is legal, or alike.
    """

    automated: StrictBool
    significant: StrictBool
    special_category: StrictBool
    human_involvement: Text
    told: str = ""
    human_route: str = ""
    appeal: Text
    special_category_route: Literal["none", "explicit_consent", "contract_or_law_and_9_2_g"] = "none"
    recognised_legitimate_interest: StrictBool

    @model_validator(mode="after")
    def _check_safeguards(self) -> Self:
        """Refuse significant automated decisions without their safeguards."""
        if self.automated and self.significant and (faults := list(self._safeguard_faults())):
            raise ValueError("; ".join(faults))
        return self

    def _safeguard_faults(self) -> Iterator[str]:
        """Yield what a significant automated decision lacks."""
        if not self.human_route.strip():
            yield "the decision is automated and significant: human_route must say how a person gets a human to decide"
        if not self.told.strip():
            yield "the decision is automated and significant: told must say how people learn of it"
        if self.special_category and self.special_category_route == "none":
            yield (
                "an automated significant decision on special category data needs explicit consent, or a contract or "
                "law with Article 9(2)(g); say which in special_category_route, or let a human decide"
            )
        if self.recognised_legitimate_interest:
            yield "an automated significant decision cannot rely on Article 6(1)(ea)"


class ModelPlan(IgFile):
    """Everything in `governance/model/plan.yml`."""

    purpose: Text
    target: Target
    prediction_time: Text
    cut_off: dt.date
    features: tuple[Feature, ...] = Field(min_length=1)
    yardstick: Yardstick
    groups: tuple[Text, ...] = Field(min_length=1)
    leakage: LeakageCheck
    decisions: Decisions

    @model_validator(mode="after")
    def _check_features(self) -> Self:
        """Refuse a feature named twice, and one that is not known yet when the model predicts."""
        names = [feature.name for feature in self.features]
        faults = [
            f"feature {twice!r} stands more than once" for twice in sorted({n for n in names if names.count(n) > 1})
        ]
        late = [feature.name for feature in self.features if not feature.known_when_predicting]
        if late:
            faults.append(f"{', '.join(late)} is not known at the moment of prediction; leave it out")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Training(Settings):
    """What the model learned from."""

    dataset: Card
    card_sha256: Sha256
    rows: int = Field(ge=1)
    cut_off: dt.date


class Measured(Settings):
    """A measure with its interval and the number of people behind it."""

    value: float
    low: float
    high: float
    n: int = Field(ge=1)

    @model_validator(mode="after")
    def _check_interval(self) -> Self:
        """Refuse a value outside its own interval."""
        if not self.low <= self.value <= self.high:
            message = f"{self.value} lies outside its own interval, {self.low} to {self.high}"
            raise ValueError(message)
        return self


class Comparison(Settings):
    """The model beside the baseline by one measure, and the difference, model less baseline."""

    metric: Text
    better: Direction
    model: Measured
    baseline_name: Text
    baseline: Measured
    difference: Measured
    beaten: StrictBool

    @model_validator(mode="after")
    def _check_claim(self) -> Self:
        """Refuse a claim to have beaten the baseline that the numbers do not bear out."""
        sure = self.difference.low > 0 if self.better == "higher" else self.difference.high < 0
        if self.beaten and not sure:
            message = (
                f"{self.metric}: beaten is true, but the interval of model less baseline, {self.difference.low} to "
                f"{self.difference.high}, does not lie wholly on the {self.better} side of nothing; write beaten: false"
            )
            raise ValueError(message)
        return self


class Calibration(Settings):
    """Whether what is predicted comes true as often: a slope of 1 and an intercept of 0 are perfect."""

    slope: Measured
    intercept: float
    statement: Text


class GroupError(Settings):
    """The error of the model in one group of people."""

    group: Text
    metric: Text
    error: Measured


class ModelCard(IgFile):
    """Everything in `governance/model/card.yml`."""

    name: Text
    version: Text
    fitted_on: dt.date
    training: Training
    results: tuple[Comparison, ...] = Field(min_length=1)
    used_though_not_better: str = ""
    calibration: Calibration
    groups: tuple[GroupError, ...] = Field(min_length=2)
    meant_for: Text
    not_for: Text
    limits: tuple[Text, ...] = Field(min_length=1)

    @property
    def beats_baseline(self) -> bool:
        """Whether the model beats the baseline by every measure."""
        return all(result.beaten for result in self.results)

    @model_validator(mode="after")
    def _check_use(self) -> Self:
        """Refuse a model that is no better than the baseline, unless the card says why it is used."""
        if not self.beats_baseline and not self.used_though_not_better.strip():
            message = (
                "the baseline is not beaten by every measure; use it instead, or say why not in used_though_not_better"
            )
            raise ValueError(message)
        return self
