"""The settings stage: `pilot.yml` read, checked and frozen as a `Pilot`."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from oda import tracing
from oda.errors import SettingsError
from oda.plan import PlannedNotebook, check_order
from oda.settings import LONGEST, InnerPath, Settings, Slug, in_words, read_yaml

__all__ = [
    "FILE_NAME",
    "LONGEST",
    "About",
    "AdmissionValue",
    "Costs",
    "Disclosure",
    "District",
    "InnerPath",
    "Lead",
    "Pilot",
    "PlannedNotebook",
    "PlannedReport",
    "Price",
    "Question",
    "Settings",
    "Slug",
    "VisitCost",
    "find_folder",
    "in_words",
    "load_pilot",
    "read_yaml",
]

FILE_NAME = "pilot.yml"


def _check_month(value: str) -> str:
    """Return a month written as 2025-04, or raise."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise ValueError(f"{value!r} is not a month; write it as 2025-04")
    return value


Month = Annotated[str, AfterValidator(_check_month)]


class Lead(Settings):
    """Who leads the pilot: a role and a contact address, never a person's name."""

    role: str = Field(min_length=1)
    contact: str = Field(min_length=3)


class About(Settings):
    """What the pilot is: the answers given when it was made."""

    title: str = Field(min_length=1, max_length=120)
    slug: Slug
    kind: str
    oda: str
    oda_name: str
    start_date: dt.date
    lead: Lead
    licence: str
    template_version: str


class District(Settings):
    """One district: its code, its name, and the month its home visits began, if they did."""

    code: str = Field(pattern=r"^[A-Z]\d{8}$")
    name: str = Field(min_length=1)
    visits_from: Month | None = None

    @property
    def slug(self) -> str:
        """The name as it stands in file names, such as `wyre-forest`."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-") or self.code.lower()


class Question(Settings):
    """A question put before the data were seen, and the result that answers it."""

    id: Slug
    report: Literal["board", "district"]
    question: str = Field(min_length=5)
    expected: str = Field(min_length=5)
    evidence: str


class PlannedReport(Settings):
    """A report document, rendered once or for each district."""

    document: InnerPath
    for_each: Literal["district"] | None = None

    @property
    def name(self) -> str:
        """The document's file name without its ending, such as `board`."""
        return PurePosixPath(self.document).stem


class Disclosure(Settings):
    """Small-number rule: counts from 1 to `hide_below - 1` are hidden, the rest rounded to `round_to`."""

    hide_below: int = Field(ge=1)
    round_to: int = Field(ge=1)


def _per_cent(value: float) -> float:
    """Refuse a share where per cents are asked for."""
    if 0 < value < 1:
        raise ValueError(f"{value:g} looks like a share; write per cents, {value * 100:g}")
    return value


class Price(Settings):
    """What one unit costs or is worth, in pounds, where the figure comes from, and how far it may be off."""

    amount: float = Field(gt=0, allow_inf_nan=False)
    source: str = Field(min_length=5)
    optimism_bias: float = Field(default=0, ge=0, le=100)  # per cent by which a cost is raised or a benefit cut


class VisitCost(Price):
    """What one home visit costs, all in, and who pays."""

    pays: str = Field(min_length=1)


class AdmissionValue(Price):
    """What one admission avoided saves, who gains, and what per cent of it can be taken out of a budget."""

    gains: str = Field(min_length=1)
    cashable: Annotated[float, Field(ge=0, le=100), AfterValidator(_per_cent)]


class Costs(Settings):
    """Prices from which worth is reckoned, all of one year."""

    price_year: int = Field(ge=2000, le=2100)
    visit: VisitCost
    admission: AdmissionValue


class Pilot(Settings):
    """Everything in `pilot.yml`, and the folder it was found in."""

    pilot: About
    districts: tuple[District, ...] = Field(min_length=1)
    questions: tuple[Question, ...] = Field(min_length=1)
    run: tuple[PlannedNotebook, ...] = Field(min_length=1)
    reports: tuple[PlannedReport, ...] = Field(min_length=1)
    disclosure: Disclosure
    costs: Costs | None = None
    folder: Path = Field(exclude=True)

    @model_validator(mode="after")
    def _check_unique(self) -> Pilot:
        """Refuse districts, questions, notebooks or reports that share a name."""
        for what, values in (
            ("district codes", [d.code for d in self.districts]),
            ("district names", [d.slug for d in self.districts]),
            ("question ids", [q.id for q in self.questions]),
            ("notebook names", [n.name.casefold() for n in self.run]),
            ("report names", [r.name for r in self.reports]),
        ):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                message = f"{what} must differ, but {', '.join(twice)} stands more than once"
                raise ValueError(message)
        check_order(self.run)
        return self

    def district(self, key: str) -> District:
        """Return the district with this code or name.

        Parameters
        ----------
        key
            A code such as `E07000236`, or a name such as `Redditch`.

        Returns
        -------
        District
            The one that matches.

        Raises
        ------
        SettingsError
            When no district of the pilot has that code or name.
        """
        with tracing.ours():  # what depends on one district depends on no other
            found = next((one for one in self.districts if key in (one.code, one.name, one.slug)), None)
        if found is not None:
            tracing.note_district(found, "name")
            return found
        names = ", ".join(f"{d.name} ({d.code})" for d in self.districts)
        message = f"{key!r} is not a district of this pilot. The districts in {FILE_NAME} are: {names}."
        raise SettingsError(message)


def find_folder(start: Path | None = None) -> Path:
    """Return the nearest folder, from `start` upwards, that holds `pilot.yml`.

    Parameters
    ----------
    start
        Where to begin; the working folder when not given.

    Returns
    -------
    Path
        The pilot's folder, absolute.

    Raises
    ------
    SettingsError
        When no folder up to the root of the disk holds one.
    """
    begin = (start or Path.cwd()).resolve()
    for folder in (begin, *begin.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    message = f"No {FILE_NAME} in {begin.name!r} or any folder above it. Go to the pilot's folder first."
    raise SettingsError(message)


def load_pilot(folder: Path | None = None) -> Pilot:
    """Read `pilot.yml` of the pilot that `folder` belongs to.

    Parameters
    ----------
    folder
        The pilot's folder or one inside it; the working folder when not given.

    Returns
    -------
    Pilot
        The checked settings.

    Raises
    ------
    SettingsError
        When there is no `pilot.yml`, or when it is not valid; all faults are named at once.
    """
    home = find_folder(folder)
    try:
        with tracing.ours():
            pilot = Pilot.model_validate({**read_yaml(home / FILE_NAME), "folder": home})
    except ValidationError as error:
        raise SettingsError(in_words(FILE_NAME, error)) from error
    tracing.watch(pilot)
    return pilot
