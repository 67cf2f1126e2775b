"""The duty of confidence, `governance/confidentiality.yml`: the Caldicott Principles, the route and the opt-outs."""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field, model_validator

from oda.governance.files.base import IgFile, Text
from oda.governance.files.flows import Confidentiality as Duty
from oda.pilot import Settings


class Principles(Settings):
    """The eight Caldicott Principles of 2020, in short, each answered in a sentence or two."""

    purpose: Text = Field(title="Justify the purpose")
    necessary: Text = Field(title="Use confidential information only when it is necessary")
    minimum: Text = Field(title="Use the least that is needed")
    need_to_know: Text = Field(title="Give access only to those who need to know")
    responsibilities: Text = Field(title="Make sure that all who have access know their responsibilities")
    law: Text = Field(title="Keep to the law")
    duty_to_share: Text = Field(title="Remember that sharing for a person's care matters as much as protecting")
    no_surprises: Text = Field(title="Tell people how their information is used, so that nothing surprises them")


PRINCIPLES = MappingProxyType({name: field.title or "" for name, field in Principles.model_fields.items()})


class OptOuts(Settings):
    """What happens to those who have said no."""

    national_data_opt_out: Literal["applied", "does_not_apply"]
    local_objection: Literal["honoured", "does_not_apply"]
    why: str = ""

    @model_validator(mode="after")
    def _check_why(self) -> Self:
        """Refuse to leave an opt-out aside without a reason."""
        aside = [
            name for name in ("national_data_opt_out", "local_objection") if getattr(self, name) == "does_not_apply"
        ]
        if aside and not self.why.strip():
            message = f"{' and '.join(aside)}: does_not_apply needs its reason in why"
            raise ValueError(message)
        return self


class ConfidentialityReview(IgFile):
    """Everything in `governance/confidentiality.yml`."""

    principles: Principles
    duty: Duty
    why_this_route: Text
    opt_outs: OptOuts
    decided_on: dt.date

    @model_validator(mode="after")
    def _check_route(self) -> Self:
        """Refuse a duty without a route, a route without a duty, and a route that nobody decided."""
        faults = []
        if self.duty.owed and self.duty.route == "not_owed":
            faults.append("a duty of confidence is owed, so its route cannot be not_owed")
        if not self.duty.owed and self.duty.route != "not_owed":
            faults.append(f"no duty of confidence is owed, so its route is not_owed, not {self.duty.route}")
        if self.duty.decided_by is None:
            faults.append("duty.decided_by is not given; name the role that decided the route")
        if faults:
            raise ValueError("; ".join(faults))
        return self
