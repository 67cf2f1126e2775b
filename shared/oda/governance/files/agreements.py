"""Data sharing agreements: one file each, `governance/dsa/<id>.yml`; the signed document itself stays outside git."""

from __future__ import annotations

import datetime as dt
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from oda.governance.files.base import Id, IgFile, Sha256, Text
from oda.pilot import Settings

# What an agreement says, after the ICO's data sharing code and published agreements of government.
Clause = Literal[
    "purpose",
    "roles",
    "legal_basis",
    "data_items",
    "use_of_data",
    "security_of_transfer",
    "protection",
    "individual_rights",
    "freedom_of_information",
    "loss_reported_within_24_hours",
    "retention_and_deletion",
    "representatives",
    "publications",
    "disputes",
    "termination",
    "review",
]


class AgreementParty(Settings):
    """One party: the organisation, and the role that answers for the agreement there."""

    org: Id
    owner: Text


class SignedDocument(Settings):
    """The signed document: its name and hash; where it is kept is the partners' own matter."""

    name: Text
    sha256: Sha256


class Assurance(Settings):
    """A partner's assurance on record: the NHS toolkit's status and year, or Cyber Essentials."""

    org: Id
    scheme: Literal["dspt", "cyber_essentials", "cyber_essentials_plus", "iso27001"]
    status: Text
    year: int = Field(ge=2018, le=2100)
    ods_code: str = ""


class Agreement(IgFile):
    """One data sharing agreement."""

    id: Id
    title: Text
    parties: tuple[AgreementParty, ...] = Field(min_length=2)
    starts: dt.date
    ends: dt.date
    review_by: dt.date
    clauses: tuple[Clause, ...]
    missing_clauses_why: str = ""
    document: SignedDocument
    assurance: tuple[Assurance, ...] = ()

    @model_validator(mode="after")
    def _check_agreement(self) -> Self:
        """Refuse an end before the start, a party named twice, and clauses left out without a reason."""
        faults = [] if self.starts < self.ends else [f"it ends on {self.ends}, before it starts on {self.starts}"]
        orgs = [party.org for party in self.parties]
        faults += [f"{org} is named twice" for org in sorted({org for org in orgs if orgs.count(org) > 1})]
        left_out = [clause for clause in get_args(Clause) if clause not in self.clauses]
        if left_out and not self.missing_clauses_why:
            faults.append(f"no clause on {', '.join(left_out)}; add it, or say why in missing_clauses_why")
        if faults:
            raise ValueError("; ".join(faults))
        return self
