"""A pilot's own statement, `governance/project.yml`: its purpose, and the flags that decide which items it needs."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, StrictBool

from oda.governance.files.base import IgFile
from oda.pilot import Settings

PROJECT_FILE = "governance/project.yml"


class Flags(Settings):
    """What the pilot does, yes or no; a flag left out is not answered, and never rules an item out."""

    special_category: StrictBool | None = None
    criminal_offence: StrictBool | None = None
    children: StrictBool | None = None
    health_confidential: StrictBool | None = None
    person_level_output: StrictBool | None = None
    predictive_model: StrictBool | None = None
    central_gov: StrictBool | None = None
    dea_power: StrictBool | None = None
    vcs_partner: StrictBool | None = None
    single_controller: StrictBool | None = None
    automated_decision: StrictBool | None = None
    linkage: StrictBool | None = None
    synthetic_from_real: StrictBool | None = None

    def answer(self, flag: str) -> bool | None:
        """Return the answer to a flag, or nothing where there is none.

        Parameters
        ----------
        flag
            The flag's name, such as `special_category`.

        Returns
        -------
        bool or None
            The answer as written in the file.

        Examples
        --------
        >>> Flags(linkage=False).answer("linkage")
        False
        """
        answer: bool | None = getattr(self, flag)
        return answer


class Environment(Settings):
    """Where the data are held."""

    place: str
    country: str
    encrypted: StrictBool
    access_log: StrictBool


class Incident(Settings):
    """Who is told of a breach, and how soon."""

    tell: tuple[str, ...] = Field(min_length=1)
    partners_within_hours: int = Field(default=24, ge=1)
    regulator_within_hours: int = Field(default=72, ge=1, le=72)


class Pseudonymisation(Settings):
    """How identifiers are replaced, and which role holds the key."""

    method: str
    key_held_by: str


class Project(IgFile):
    """Everything in `governance/project.yml`."""

    purpose: str = Field(min_length=5)
    action: str = Field(min_length=5)
    benefit: str = Field(min_length=5)
    why_personal_data: str = Field(min_length=5)
    mode: Literal["invite", "share"] | None = None
    review_by: dt.date | None = None
    flags: Flags = Flags()
    environment: Environment | None = None
    incident: Incident | None = None
    pseudonymisation: Pseudonymisation | None = None
