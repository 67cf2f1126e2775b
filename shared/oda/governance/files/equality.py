"""The equality impact assessment, `governance/eqia.yml`: the nine protected characteristics, and their proxies."""

from __future__ import annotations

import datetime as dt
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from oda.governance.files.base import IgFile, Role, Text
from oda.pilot import Settings

# The nine protected characteristics of the Equality Act 2010.
Characteristic = Literal[
    "age",
    "disability",
    "gender_reassignment",
    "marriage_and_civil_partnership",
    "pregnancy_and_maternity",
    "race",
    "religion_or_belief",
    "sex",
    "sexual_orientation",
]
CHARACTERISTICS: tuple[Characteristic, ...] = get_args(Characteristic)


class Proposal(Settings):
    """What is proposed, and whom it affects."""

    what: Text
    who_is_affected: Text
    evidence_used: Text


class Impact(Settings):
    """The impact on people who share a characteristic: how they fare beside those who do not."""

    impact: Literal["positive", "negative", "none", "not_known"]
    evidence: Text
    mitigation: str = ""

    @model_validator(mode="after")
    def _check_mitigation(self) -> Self:
        """Refuse a negative impact that nothing is done about."""
        if self.impact == "negative" and not self.mitigation.strip():
            message = "the impact is negative; say in mitigation what is done about it"
            raise ValueError(message)
        return self


class Impacts(Settings):
    """The impact on each of the nine protected characteristics."""

    age: Impact
    disability: Impact
    gender_reassignment: Impact
    marriage_and_civil_partnership: Impact
    pregnancy_and_maternity: Impact
    race: Impact
    religion_or_belief: Impact
    sex: Impact
    sexual_orientation: Impact

    def negative(self) -> tuple[str, ...]:
        """Return the characteristics on which the impact is negative.

        Returns
        -------
        tuple of str
            Such as `race`; empty where there is none.
        """
        return tuple(name for name in CHARACTERISTICS if getattr(self, name).impact == "negative")


class Proxy(Settings):
    """Something in the data that stands in for a characteristic, and how harm from it is avoided."""

    what: Text
    stands_for: tuple[Characteristic, ...] = Field(min_length=1)
    used_for: Text
    safeguard: Text


class Verdict(Settings):
    """What follows from the assessment, and which role decided it."""

    outcome: Literal["go_ahead", "change_first", "stop"]
    reason: Text
    decided_by: Role


class Equality(IgFile):
    """Everything in `governance/eqia.yml`."""

    proposal: Proposal
    impacts: Impacts
    proxies: tuple[Proxy, ...]
    no_proxies_why: str = ""
    decision: Verdict
    review_by: dt.date

    @model_validator(mode="after")
    def _check_proxies(self) -> Self:
        """Refuse an empty list of proxies without a reason."""
        if not self.proxies and not self.no_proxies_why.strip():
            message = "no proxy for a protected characteristic is listed; list them, or say why in no_proxies_why"
            raise ValueError(message)
        return self
