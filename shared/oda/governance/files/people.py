"""Who takes part: `governance/people.yml` and `governance/partners.yml`."""

from __future__ import annotations

import datetime as dt
from typing import Self

from pydantic import Field, model_validator

from oda.governance.files.base import Id, IgFile, OrganisationType, Role, Text, WebAddress
from oda.pilot import Settings

PARTNERS_FILE = "governance/partners.yml"
PEOPLE_FILE = "governance/people.yml"


class Person(Settings):
    """One person: a short id that stands in sign-offs, the roles held, and training and access where data are used."""

    id: Id
    name: Text
    organisation: Id
    roles: tuple[Role, ...] = Field(min_length=1)
    trained_on: dt.date | None = None
    access_until: dt.date | None = None

    @property
    def uses_data(self) -> bool:
        """Whether this person works with the data."""
        return bool({"analyst", "oc"} & set(self.roles))


class People(IgFile):
    """Everything in `governance/people.yml`."""

    people: tuple[Person, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_people(self) -> Self:
        """Refuse an id that two people share, and a data user without training or an end of access."""
        ids = [person.id for person in self.people]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            message = f"{', '.join(twice)} stands more than once; give each person an id of their own"
            raise ValueError(message)
        lacking = [p.id for p in self.people if p.uses_data and (p.trained_on is None or p.access_until is None)]
        if lacking:
            message = f"{', '.join(lacking)} uses data, and needs trained_on and access_until"
            raise ValueError(message)
        return self

    def holding(self, role: str) -> frozenset[str]:
        """Return the ids of the people who hold a role.

        Parameters
        ----------
        role
            Such as `analyst`.

        Returns
        -------
        frozenset of str
            Ids of people; empty when nobody does.
        """
        return frozenset(person.id for person in self.people if role in person.roles)


class Partner(Settings):
    """One organisation that takes part: who to write to, and what kind of body it is."""

    id: Id
    name: Text
    type: OrganisationType
    contact: Text
    data_protection_officer: Text
    privacy_notice: WebAddress | None = None


class Partners(IgFile):
    """Everything in `governance/partners.yml`."""

    partners: tuple[Partner, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_partners(self) -> Self:
        """Refuse an id that two organisations share."""
        ids = [partner.id for partner in self.partners]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            message = f"{', '.join(twice)} stands more than once; give each organisation an id of its own"
            raise ValueError(message)
        return self
