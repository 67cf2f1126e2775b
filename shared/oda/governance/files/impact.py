"""The data protection impact assessment, `governance/dpia.yml`: the ICO's seven steps, with its screening list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, Self, get_args

from pydantic import Field, StrictBool, model_validator

from oda.governance.files.base import IgFile, Role, Text
from oda.governance.files.screening import Screening
from oda.pilot import Settings

DPIA_FILE = "governance/dpia.yml"

Likelihood = Literal["remote", "possible", "probable"]
Severity = Literal["minimal", "significant", "severe"]
Level = Literal["low", "medium", "high"]
LEVELS: tuple[Level, ...] = get_args(Level)

# After the matrix in the ICO's guidance "How do we do a DPIA?", in the words of its template: what the matrix calls
# some impact and serious harm is here significant and severe. A risk may be put higher than this, never lower.
MATRIX: Mapping[Severity, tuple[Level, Level, Level]] = MappingProxyType(
    {  # remote, possible, probable
        "minimal": ("low", "low", "low"),
        "significant": ("low", "medium", "high"),
        "severe": ("low", "high", "high"),
    }
)


class Submitter(Settings):
    """Whose assessment it is."""

    name: Text
    title: Text
    dpo: Text


class Need(Settings):
    """Step 1: why an assessment is needed."""

    aims: Text
    processing: Text
    why: Text


class Nature(Settings):
    """Step 2: what is done with the data."""

    source: Text
    use: Text
    storage_and_deletion: Text
    sharing: Text
    high_risk_kinds: Text


class Scope(Settings):
    """Step 2: which data, how many and how long."""

    data: Text
    special_or_criminal: Text
    volume: Text
    frequency: Text
    kept_for: Text
    area: Text


class Context(Settings):
    """Step 2: who the people are, and what they expect."""

    relationship: Text
    control: Text
    expectations: Text
    vulnerable_people: Text
    concerns: Text
    technology: Text
    codes: Text


class Purposes(Settings):
    """Step 2: what it is for."""

    effect: Text
    benefits: Text


class Description(Settings):
    """Step 2: the processing."""

    nature: Nature
    scope: Scope
    context: Context
    purposes: Purposes


class Consultation(Settings):
    """Step 3: whose views are asked."""

    people: Text
    internally: Text
    processors: Text
    experts: Text


class Necessity(Settings):
    """Step 4: whether it is necessary and proportionate."""

    lawful_basis: Text
    achieves_purpose: Text
    other_way: Text
    function_creep: Text
    quality_and_minimum: Text
    information_given: Text
    rights: Text
    processors: Text
    transfers: Text


class AssessedRisk(Settings):
    """Steps 5 and 6: one risk to people, the measures against it and what is left of it."""

    source: Text
    likelihood: Likelihood
    severity: Severity
    overall: Level
    measures: tuple[Text, ...] = Field(min_length=1)
    effect: Literal["eliminated", "reduced", "accepted"]
    residual: Level
    approved: StrictBool

    @model_validator(mode="after")
    def _check_levels(self) -> Self:
        """Refuse levels that do not follow from one another."""
        if faults := list(self._faults()):
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        """Yield what is wrong with the levels."""
        least = overall_level(self.likelihood, self.severity)
        lowered = LEVELS.index(self.residual) < LEVELS.index(self.overall)
        if LEVELS.index(self.overall) < LEVELS.index(least):
            yield f"{self.likelihood} and {self.severity} make it at least {least}, but overall says {self.overall}"
        if LEVELS.index(self.residual) > LEVELS.index(self.overall):
            yield f"residual {self.residual} is above overall {self.overall}, and measures never add to a risk"
        if self.effect == "eliminated" and self.residual != "low":
            yield f"a risk that is eliminated leaves a residual of low, not {self.residual}"
        if self.effect == "accepted" and lowered:
            yield f"a risk that is accepted stays as it is: {self.overall}, not {self.residual}"
        if not self.approved and lowered:
            yield f"measures that are not approved lower nothing: residual is {self.overall}, not {self.residual}"


class Advice(Settings):
    """Step 7: what the data protection officer advises, and what became of it."""

    summary: Text
    outcome: Literal["accepted", "overruled"]
    decided_by: Role
    reasons: str = ""

    @model_validator(mode="after")
    def _check_reasons(self) -> Self:
        """Refuse advice overruled without a reason."""
        if self.outcome == "overruled" and not self.reasons.strip():
            message = "the data protection officer's advice is overruled; say why in reasons"
            raise ValueError(message)
        return self


class Views(Settings):
    """Step 7: what became of the views of those consulted."""

    reviewed_by: Role
    departed_from: StrictBool
    reasons: str = ""

    @model_validator(mode="after")
    def _check_reasons(self) -> Self:
        """Refuse to depart from people's views without a reason."""
        if self.departed_from and not self.reasons.strip():
            message = "the views of those consulted are departed from; say why in reasons"
            raise ValueError(message)
        return self


class Outcome(Settings):
    """Step 7: who approved what; the sign-offs of the checklist come on top."""

    measures_approved_by: Role
    residual_approved_by: Role
    ico_consulted: StrictBool
    dpo_advice: Advice
    views: Views
    kept_under_review_by: Role


class Dpia(IgFile):
    """Everything in `governance/dpia.yml`."""

    screening: Screening
    controller: Submitter
    need: Need
    description: Description
    consultation: Consultation
    necessity: Necessity
    risks: tuple[AssessedRisk, ...]
    outcome: Outcome
    review_by: dt.date

    @model_validator(mode="after")
    def _check_risks(self) -> Self:
        """Refuse an assessment without a risk, and a high risk left that the ICO was not consulted on."""
        if not self.risks:
            message = "no risk is listed in risks; list at least one, with the measures against it"
            raise ValueError(message)
        high = [risk.source for risk in self.risks if risk.residual == "high"]
        if high and not self.outcome.ico_consulted:
            message = (
                f"{len(high)} of {len(self.risks)} risks stay high ({'; '.join(high)}); consult the ICO before "
                "going ahead and set outcome.ico_consulted to true, or add measures"
            )
            raise ValueError(message)
        return self


def overall_level(likelihood: Likelihood, severity: Severity) -> Level:
    """Return the level that likelihood and severity make at least.

    Parameters
    ----------
    likelihood, severity
        As the ICO's template names them.

    Returns
    -------
    str
        `low`, `medium` or `high`.

    Examples
    --------
    >>> overall_level("possible", "severe")
    'high'
    """
    return MATRIX[severity][get_args(Likelihood).index(likelihood)]
