"""A release, `governance/outputs/<date>-<name>.yml`: what is to be published, file by file, as people sign it."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from oda.governance.files.base import TODO, IgFile, Sha256, Text
from oda.pilot import Disclosure, InnerPath, Settings, Slug

RELEASES = "governance/outputs"
SCHEMA: Literal["oda-ig-release/1"] = "oda-ig-release/1"

Kind = Literal["page", "pdf", "data"]
KINDS: dict[str, Kind] = {".html": "page", ".pdf": "pdf", ".csv": "data"}


def _check_plain(value: str) -> str:
    """Refuse a path that can be written in two ways, or that a list of hashes cannot hold."""
    if value in {"", "."} or PurePosixPath(value).as_posix() != value or not value.isprintable():
        message = f"{value!r} is not a plain path; write it as data/board-years.csv"
        raise ValueError(message)
    return value


class ReleasedFile(Settings):
    """One file to publish: its path among the pages of the release, its kind, its size and its hash."""

    path: Annotated[InnerPath, AfterValidator(_check_plain)]
    kind: Kind
    size: int = Field(alias="bytes", ge=1)
    sha256: Sha256

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        """Refuse a kind that the ending of the name contradicts."""
        if KINDS.get(PurePosixPath(self.path).suffix) != self.kind:
            message = f"{self.path} is no {self.kind}; a release holds {', '.join(KINDS)}"
            raise ValueError(message)
        return self


class Found(Settings):
    """Small or unrounded numbers that may stand, since they count no people, and why.

    `where` is a table's key, a CSV file, or `pages`; `what` is the column, or the words on a page.
    """

    where: Text
    what: str = Field(min_length=1)
    numbers: int = Field(ge=1)
    such_as: Text
    why: str = Field(min_length=10)


class Used(Settings):
    """A data file that the figures come from."""

    dataset: str
    data_class: str = Field(alias="class")
    path: InnerPath
    sha256: Sha256 | None = None  # not of data about people: the hash of a small file can be guessed


class Controlled(Disclosure):
    """What disclosure control did: the rule, what it left shown and hidden, and what was found and may stand."""

    laxer_because: str = ""
    counts_shown: int = Field(ge=0)
    cells_hidden: int = Field(ge=0)
    findings: tuple[Found, ...] = ()

    def clears(self, where: str, what: str) -> bool:
        """Tell whether the release says why numbers count no people; a TODO says nothing.

        Parameters
        ----------
        where, what
            The table and its column, or `pages` and the words.

        Returns
        -------
        bool
            True when it does.
        """
        return any((one.where, one.what) == (where, what) and not TODO.search(one.why) for one in self.findings)


class Release(IgFile):
    """Everything in a release file. The pages lie in `runs/<run>/release/reports` until they are published."""

    schema_name: Literal["oda-ig-release/1"] = Field(alias="schema")
    title: Annotated[str, Field(min_length=1)]
    name: Slug
    prepared: dt.date
    run: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=80)]
    run_record: Sha256
    results: Sha256
    data: tuple[Used, ...]
    disclosure: Controlled
    files: tuple[ReleasedFile, ...] = Field(min_length=1)

    @property
    def stem(self) -> str:
        """The name of the file, its ending left out."""
        return f"{self.prepared.isoformat()}-{self.name}"

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        """Refuse a path listed twice, also where only its capitals differ, as Windows takes those for one file."""
        paths = [file.path.casefold() for file in self.files]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            message = f"{', '.join(twice)} is listed more than once"
            raise ValueError(message)
        return self
