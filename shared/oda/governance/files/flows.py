"""What moves: one file a flow, `governance/flows/<id>.yml`, with its powers, bases, safeguards and end."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, model_validator

from oda.governance.files.base import PUBLIC_BODIES, Id, IgFile, OrganisationType, Text, WebAddress, known
from oda.governance.files.forms import ARTICLE_6, ARTICLE_9, CATEGORY
from oda.pilot import Settings

Article6 = Annotated[str, Field(pattern=ARTICLE_6)]
Article9 = Annotated[str, Field(pattern=ARTICLE_9)]
Category = Annotated[str, Field(pattern=CATEGORY)]
NOT_FOR_PUBLIC_TASKS = frozenset({"ea", "f"})
ENDS = ("sender", "receiver")
BASES = ("art6", "le_part3", "public_task_request")
CONDITIONS = ("art9", "sch1", "policy_document", "art10", "le_part3", "confidentiality")


class Party(Settings):
    """One end of a flow."""

    org: Id
    role: Literal["controller", "joint_controller", "processor"]
    type: OrganisationType | None = None


class Power(Settings):
    """The law that lets the data be given."""

    act: Text
    text: str = ""


class Gateway(Settings):
    """The information-sharing gateway in law, `none` where the power alone is relied on."""

    id: Text
    reason: str = ""


class Confidentiality(Settings):
    """Whether a duty of confidence is owed, and how the flow respects it."""

    owed: StrictBool
    route: Literal["consent", "direct_care", "s251", "public_interest", "not_owed"]
    decided_by: Literal["caldicott_guardian", "igl", "dpo"] | None = None


class OptOut(Settings):
    """What happens to those who have opted out."""

    national_data_opt_out: Literal["check", "applied", "does_not_apply"]
    local_objection: Literal["honoured", "does_not_apply"]


class Transparency(Settings):
    """How people are told, and where they complain."""

    privacy_notice: WebAddress
    art14_days: int = Field(default=30, ge=1, le=30)
    complaints_url: WebAddress


class Retention(Settings):
    """How long the copy is kept, and how it ends."""

    until: dt.date
    disposal: Literal["secure_delete", "return", "certified_destruction"]
    source_record_untouched: Literal[True]


class IncidentClock(Settings):
    """Who is told of a loss, and how soon."""

    report_within_hours: int = Field(ge=1, le=72)
    to: tuple[Text, ...] = Field(min_length=1)


class Risk(Settings):
    """The risk of the flow before and after its safeguards."""

    likelihood: Literal["remote", "possible", "probable"]
    severity: Literal["minimal", "significant", "severe"]
    residual: Literal["low", "medium", "high"]


class Flow(IgFile):
    """One flow of data from one body to another."""

    id: Id
    sender: Party = Field(alias="from")
    receiver: Party = Field(alias="to")
    given_by: Literal["sender", "person"] = "sender"  # person: the sender tells people, and they give data themselves
    purpose: Text
    data_subjects: tuple[Text, ...] = Field(min_length=1)
    data_items: tuple[Text, ...] = Field(min_length=1)
    categories: tuple[Category, ...] = Field(min_length=1)
    art6: Article6 | dict[Id, Article6]
    art9: Article9 = "none"
    sch1: str = "none"
    policy_document: str = "none"
    art10: Literal["none", "official_authority", "sch1"] = "none"
    le_part3: StrictBool = False
    public_task_request: str = ""
    power: Power
    gateway: Gateway
    confidentiality: Confidentiality
    opt_out: OptOut
    transparency: Transparency
    frequency: Literal["once", "daily", "weekly", "monthly", "quarterly", "yearly", "ad_hoc"]
    volume: int = Field(ge=0)
    method: Literal["secure_file_transfer", "physical", "third_party_software", "portal", "api"]
    method_tested_on: dt.date | None = None
    location: str = Field(min_length=2)
    identifiability: Literal["identifiable", "pseudonymised", "anonymous", "synthetic"]
    retention: Retention
    incident: IncidentClock
    risk: Risk
    review_by: dt.date
    dsa: Id | None = None
    dea_register_id: str | None = None

    @property
    def controllers(self) -> tuple[Party, ...]:
        """The ends that decide over the data."""
        return _deciding((self.sender, self.receiver))

    def bases(self) -> Iterator[tuple[Party, str]]:
        """Yield each controller with its Article 6 basis.

        Yields
        ------
        tuple of Party and str
            The basis is empty where the file gives none for that controller.
        """
        return self._bases_of(self.controllers)

    def _bases_of(self, parties: Iterable[Party]) -> Iterator[tuple[Party, str]]:
        """Yield each of some controllers with its Article 6 basis."""
        for party in parties:
            yield party, self.art6 if isinstance(self.art6, str) else self.art6.get(party.org, "")

    @classmethod
    def early_faults(cls, raw: Mapping[str, Any]) -> Iterator[str]:
        """Yield which bases and conditions cannot be, whatever is still to do elsewhere in the file.

        Parameters
        ----------
        raw
            The content of the file.

        Yields
        ------
        str
            What is wrong, without a full stop.
        """
        ends, bases, conditions = (known(cls, raw, names) for names in (ENDS, BASES, CONDITIONS))
        if len(bases) == len(BASES):
            yield from cls.model_construct(**bases)._basis_faults(_deciding(ends.values()))  # noqa: SLF001  its own
        if len(conditions) == len(CONDITIONS):
            yield from cls.model_construct(**conditions)._condition_faults()  # noqa: SLF001  its own

    @model_validator(mode="after")
    def _check_law(self) -> Self:
        """Refuse bases that cannot be: what a public body may not claim, what is mixed, what is left out."""
        faults = [*self._basis_faults(self.controllers), *self._condition_faults()]
        if faults:
            raise ValueError("; ".join(dict.fromkeys(faults)))
        return self

    def _basis_faults(self, parties: Iterable[Party]) -> Iterator[str]:
        """Yield what is wrong with the Article 6 bases of some controllers."""
        for party, basis in self._bases_of(parties):
            point = letter(basis)
            if not basis:
                yield f"art6 gives no basis for {party.org}, which is a controller"
            elif point in NOT_FOR_PUBLIC_TASKS and (party.type is None or party.type in PUBLIC_BODIES):
                kind = f"a public body ({party.type})" if party.type else "a body whose type is not given"
                yield f"{party.org} is {kind} and cannot rely on Article 6(1)({point}); a public task is A6-1-e"
            elif point == "ea" and not self.public_task_request:
                yield f"{party.org} relies on Article 6(1)(ea): public_task_request says who asked, for which task"
            elif (basis == "law_enforcement") != self.le_part3:
                yield "art6 law_enforcement and le_part3: true go together, and stand for Part 3 of the Act alone"

    def _condition_faults(self) -> Iterator[str]:
        """Yield what is wrong with the conditions for special category and criminal offence data."""
        if self.le_part3 and self.art10 != "none":
            yield "criminal offence data go by art10 or by le_part3, never by both"
        if self.art9 != "none" and self.sch1 == "none" and letter(self.art9) in {"b", "g", "h", "i", "j"}:
            yield f"art9 {self.art9} needs a condition of Schedule 1 in sch1"
        if letter(self.art9) in {"b", "g"} and self.policy_document == "none":
            yield f"art9 {self.art9} needs the appropriate policy document in policy_document"
        if self.confidentiality.owed and self.confidentiality.route == "not_owed":
            yield "confidentiality is owed, so its route cannot be not_owed"


def _deciding(parties: Iterable[Party]) -> tuple[Party, ...]:
    """Return those who decide over the data."""
    return tuple(party for party in parties if party.role != "processor")


def letter(point: str) -> str:
    """Return the letter of a point of Article 6(1) or 9(2).

    Parameters
    ----------
    point
        Such as `A6-1-e-official-authority`.

    Returns
    -------
    str
        Such as `e`; empty where there is none.

    Examples
    --------
    >>> letter("A6-1-ea")
    'ea'
    >>> letter("none")
    ''
    """
    found = re.match(r"A\d-\d-([a-z]+)", point)
    return found[1] if found else ""
