"""Dataset cards: `governance/datasets/*.yml`, what each dataset is, where it lies and how its columns map.

The words are those of a Data Package (https://datapackage.org); what the standard has no word for starts with `x-`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, ValidationError, model_validator

from oda.errors import DatasetError, SettingsError
from oda.pilot import InnerPath, Pilot, Settings, in_words, read_yaml
from oda.settings import PeriodForm

CARDS = "governance/datasets"

FOLDERS = ("data/raw", "data/derived", "data/synthetic")  # what git leaves out, so that no data are committed

DataClass = Literal["synthetic", "open", "pseudonymised", "personal"]

NAME = r"^[a-z][a-z0-9_]*$"  # of a dataset and of a column

TAKEN = {"district", "cohort"}  # columns that are made here, so no card may name its own so


def _check_plain(value: object) -> object:
    """Refuse what YAML does not leave as it is written: yes, no, dates and nothing."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, bool) or not isinstance(one, str | int | float):
            message = f"found {one!r}; write the text as it stands in the file, between quotation marks"
            raise ValueError(message)  # noqa: TRY004  pydantic takes no TypeError
    return value


Wanted = Annotated[str | int | float | list[str | int | float], BeforeValidator(_check_plain)]


def _check_kept(value: str) -> str:
    """Refuse a path outside the folders that git leaves out."""
    path = PurePosixPath(value)
    if any(path.is_relative_to(folder) for folder in FOLDERS):
        return value
    message = f"{value!r} lies where it could be committed; put the file in data/raw/ and write data/raw/{path.name}"
    raise ValueError(message)


class Licence(Settings):
    """A licence of the data: its identifier and title."""

    name: str
    title: str = ""
    path: str = ""


class Source(Settings):
    """Where the data come from."""

    title: str
    path: str = ""


class Column(Settings):
    """One column: our name for it, its type, its unit and what the file calls it."""

    name: str = Field(pattern=NAME)
    type: Literal["string", "integer", "number"]
    title: str = ""
    description: str = ""
    column: str = Field(default="", alias="x-column")
    unit: str = Field(default="", alias="x-unit")

    @property
    def source(self) -> str:
        """The heading of this column in the file."""
        return self.column or self.name


class Schema(Settings):
    """The columns that are used; every other column of the file is left unread."""

    columns: tuple[Column, ...] = Field(min_length=1, alias="fields")
    missing_values: tuple[str, ...] = Field(default=("",), alias="missingValues")

    @model_validator(mode="after")
    def _check_columns(self) -> Schema:
        """Refuse a column named twice, and a card that says not where or when."""
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"columns must differ, but {', '.join(twice)} stands more than once"
            raise ValueError(message)
        if taken := sorted(TAKEN & set(names)):
            message = f"{', '.join(taken)} is made by the software; give the column another name, such as area"
            raise ValueError(message)
        if "district_code" not in names and "district_name" not in names:
            message = "a column named district_code or district_name is needed, to know which district a row is about"
            raise ValueError(message)
        if "period" not in names:
            message = "a column named period is needed, to know which month or year a row is about"
            raise ValueError(message)
        return self


class Resource(Settings):
    """The file or files of a dataset, and how to read them."""

    name: str
    path: Annotated[InnerPath, AfterValidator(_check_kept)]
    encoding: str | None = None
    sheet: str | None = Field(default=None, alias="x-sheet")
    where: dict[str, Wanted] = Field(default_factory=dict, alias="x-where")
    period_form: PeriodForm | None = Field(default=None, alias="x-period")
    hash: str = ""
    bytes: int | None = None
    rows: int | None = None
    table: Schema = Field(validation_alias=AliasChoices("schema", "table"))


class ColumnReason(Settings):
    """Why a column is needed, whether it is given to others, and the kind of data it is (a key such as `user.name`)."""

    why: str = Field(min_length=3)
    shared: bool = False
    category: str = ""


class Custody(Settings):
    """What governance needs to know of a dataset: its class, who decides over it, and why each column is needed."""

    data_class: DataClass = Field(alias="class")
    controller: str
    note: str = ""
    iao: str = ""
    flows: tuple[str, ...] = ()
    columns: dict[str, ColumnReason] = Field(default_factory=dict)


class Synthetic(Settings):
    """How made-up data are made: the generator, its seed and the truth that it plants."""

    generator: Literal["falls"]
    seed: int
    planted_rate_ratio: float = Field(gt=0)
    months_before: int = Field(default=36, ge=12)
    months_after: int = Field(default=16, ge=1)
    calibrated_to: tuple[str, ...] = ()


class Dataset(Settings):
    """One dataset as its card describes it."""

    name: str = Field(pattern=NAME)
    title: str
    description: str = ""
    licenses: tuple[Licence, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    resources: tuple[Resource, ...] = Field(min_length=1, max_length=1)
    custody: Custody = Field(alias="x-ig")
    synthetic: Synthetic | None = Field(default=None, alias="x-synthetic")
    card_path: Path = Field(exclude=True)

    @model_validator(mode="after")
    def _check_class(self) -> Dataset:
        """Refuse a card whose class and generator disagree."""
        if (self.custody.data_class == "synthetic") != (self.synthetic is not None):
            message = "class synthetic and x-synthetic go together: give both for made-up data, neither for real data"
            raise ValueError(message)
        return self

    @property
    def data_class(self) -> DataClass:
        """Whether the data are synthetic, open, pseudonymised or personal."""
        return self.custody.data_class

    @property
    def resource(self) -> Resource:
        """The one resource of this dataset."""
        return self.resources[0]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that are used."""
        return self.resource.table.columns

    def unit(self, column: str) -> str:
        """Return the unit of a column as its card states it.

        Parameters
        ----------
        column
            The column's name.

        Returns
        -------
        str
            The unit, or an empty text when the card gives none.
        """
        return next((c.unit for c in self.columns if c.name == column), "")


def read_card(path: Path) -> Dataset:
    """Read one dataset card.

    Parameters
    ----------
    path
        The card, a YAML file.

    Returns
    -------
    Dataset
        The checked card.

    Raises
    ------
    DatasetError
        When the card cannot be read, is not valid or lies behind a link; all faults are named at once.
    """
    place = f"{CARDS}/{path.name}"
    if path.is_symlink() or any(above.is_symlink() for above in path.absolute().parents[: CARDS.count("/") + 1]):
        raise DatasetError(f"{place} is a link, or lies behind one. Put the card itself there.")
    try:
        raw: dict[str, Any] = read_yaml(path)
        card = Dataset.model_validate({**raw, "card_path": path})
    except SettingsError as error:
        raise DatasetError(str(error)) from error
    except ValidationError as error:
        raise DatasetError(in_words(place, error)) from error
    if card.name != path.stem:
        message = f"{place} names its dataset {card.name!r}. Give the file and the dataset the same name."
        raise DatasetError(message)
    return card


def load_datasets(pilot: Pilot) -> tuple[Dataset, ...]:
    """Read every dataset card of a pilot.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    tuple of Dataset
        In order of name.

    Raises
    ------
    DatasetError
        When a card is not valid, or when there is none.
    """
    cards = sorted((pilot.folder / CARDS).glob("*.yml"))
    if not cards:
        message = f"No dataset card in {CARDS}. Write one, such as {CARDS}/falls.yml."
        raise DatasetError(message)
    return tuple(read_card(path) for path in cards)


def find_dataset(pilot: Pilot, name: str) -> Dataset:
    """Return the card of one dataset.

    Parameters
    ----------
    pilot
        The pilot's settings.
    name
        The dataset's name, such as `falls`.

    Returns
    -------
    Dataset
        Its card.

    Raises
    ------
    DatasetError
        When this is no name, when there is no card of that name, or when it is not valid.
    """
    if not re.fullmatch(NAME, name):
        message = f"{name!r} is not the name of a dataset. Use small letters, digits and underscores, such as 'falls'."
        raise DatasetError(message)
    path = pilot.folder / CARDS / f"{name}.yml"
    if not os.path.lexists(path):
        there = ", ".join(sorted(p.stem for p in (pilot.folder / CARDS).glob("*.yml"))) or "none"
        message = f"No dataset {name!r}: {CARDS}/{name}.yml does not exist. Cards that do: {there}."
        raise DatasetError(message)
    return read_card(path)
