"""The end of a pilot, `governance/close.yml`: what was deleted, what is kept and where the lessons are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from oda.governance.files.base import CardName, Id, IgFile, Role, Sha256, Text
from oda.pilot import Settings

CLOSE_FILE = "governance/close.yml"


class Deletion(Settings):
    """The certificate that one partner's copy of a dataset is gone; the certificate itself may stay outside git."""

    dataset: CardName
    partner: Id
    deleted_on: dt.date
    method: Literal["secure_delete", "return", "certified_destruction"]
    certified_by: Role
    certificate_sha256: Sha256 | None = None


class Kept(Settings):
    """Something that is kept, why, how long and by which role.

    A copy of a dataset that is kept is named by `dataset` and `partner`; without a partner, each copy of it is kept.
    """

    what: Text
    dataset: CardName | None = None
    partner: Id | None = None
    why: Text
    until: dt.date
    by: Role


class Closing(IgFile):
    """Everything in `governance/close.yml`; `dea_register_end` is empty where no entry in the register was needed."""

    closed_on: dt.date
    deletions: tuple[Deletion, ...]
    nothing_to_delete_why: str = ""
    source_record_untouched: Literal[True]
    dea_register_end: dt.date | None
    lessons: Text = Field(description="Where the lessons are, such as the address of a page or a path in the pilot.")
    kept: tuple[Kept, ...]

    @model_validator(mode="after")
    def _check_closing(self) -> Self:
        """Refuse a close without certificates, one given twice, and dates that do not follow."""
        if faults := list(self._faults()):
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        """Yield what is wrong."""
        if not self.deletions and not self.nothing_to_delete_why.strip():
            yield "no deletion is certified; add the certificates, or say why in nothing_to_delete_why"
        copies = [(one.dataset, one.partner) for one in self.deletions]
        for dataset, partner in sorted({copy for copy in copies if copies.count(copy) > 1}):
            yield f"the copy of {dataset} at {partner} is certified {copies.count((dataset, partner))} times"
        for one in self.deletions:
            if one.deleted_on > self.closed_on:
                yield f"{one.dataset} at {one.partner} is deleted on {one.deleted_on}, after closed_on {self.closed_on}"
        for kept in self.kept:
            if kept.until < self.closed_on:
                yield f"{kept.what!r} is kept until {kept.until}, before closed_on {self.closed_on}"
