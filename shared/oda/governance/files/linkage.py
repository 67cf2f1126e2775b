"""The plan of a linkage, `governance/linkage.yml`: how records of one person are joined, and whose are missed."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oda.governance.files.base import CardName, IgFile, Role, Text
from oda.pilot import Settings

LINKAGE_FILE = "governance/linkage.yml"

Rate = Annotated[float, Field(ge=0, le=1)]


class MissedMatches(Settings):
    """A group whose records may be missed more often, and what is done about it."""

    group: Text
    expected_rate: Rate
    evidence: Text
    action: Text


class ClericalReview(Settings):
    """The pairs that a person looks at, which pairs these are, and which role looks."""

    pairs: int = Field(ge=0)
    which: Text
    by: Role


class Linkage(IgFile):
    """Everything in `governance/linkage.yml`; rates are shares from 0 to 1."""

    datasets: tuple[CardName, ...] = Field(min_length=2)
    keys: tuple[Text, ...] = Field(min_length=1)
    method: Literal["deterministic", "probabilistic"]
    threshold: float | None = None
    match_rate_expected: Rate
    match_rate_source: Text
    missed_matches: tuple[MissedMatches, ...]
    clerical_review: ClericalReview
    key_held_by: Role

    @model_validator(mode="after")
    def _check_plan(self) -> Self:
        """Refuse a plan that cannot be carried out, and a key in the analyst's hands."""
        faults = []
        if twice := sorted({name for name in self.datasets if self.datasets.count(name) > 1}):
            faults.append(f"{', '.join(twice)} is listed more than once in datasets")
        if self.method == "probabilistic" and self.threshold is None:
            faults.append("a probabilistic linkage needs the threshold from which a pair counts as a match")
        if not self.missed_matches:
            faults.append("no group is listed in missed_matches; say whose records may be missed, and what is done")
        if self.key_held_by == "analyst":
            faults.append("the key is held by the analyst; give it to another role, so that nobody holds both")
        if faults:
            raise ValueError("; ".join(faults))
        return self
