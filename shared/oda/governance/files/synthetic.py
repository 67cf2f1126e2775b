"""The review of synthetic data that were made from real rows, `governance/synth/report.yml`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from oda.governance.files.base import CardName, IgFile, Role, Text
from oda.pilot import Settings

Share = Annotated[float, Field(ge=0, le=1)]


class Generator(Settings):
    """What made the data: the program with its version and settings."""

    name: Text
    version: str = Field(min_length=1)
    settings: Text


class IntruderTest(Settings):
    """The motivated intruder test: what was tried with which other sources, and how many people were found."""

    tested_on: dt.date
    by: Role
    sources_used: Text
    attempts: int = Field(ge=1)
    people_found: int = Field(ge=0)

    @model_validator(mode="after")
    def _check_test(self) -> Self:
        """Refuse a test by the analyst, and more finds than attempts."""
        if self.by == "analyst":
            message = "the analyst tested the analyst's own data; let another role try"
            raise ValueError(message)
        if self.people_found > self.attempts:
            message = f"{self.people_found} people were found in {self.attempts} attempts; count each attempt once"
            raise ValueError(message)
        return self


class NearestNeighbour(Settings):
    """How near the made-up rows lie to real ones.

    `closer_to_source` is the share of made-up rows that lie closer to a row the generator saw than to one held back.
    With as many rows held back as seen, about one half is what chance gives; much more means rows learnt by heart.
    A row can equal a real one by chance, where many people share its values: `copies_why` says so.
    """

    exact_copies: int = Field(ge=0)
    copies_why: str = ""
    closer_to_source: Share
    how: Text


class AttributeDisclosure(Settings):
    """How often a sensitive value can be guessed with the made-up data, and how often without them."""

    attribute: Text
    guessed_with: Share
    guessed_without: Share


class Release(Settings):
    """What is decided, why, by which role and when."""

    outcome: Literal["publish", "share_under_agreement", "do_not_release"]
    reasons: Text
    by: Role
    on: dt.date


class SyntheticReview(IgFile):
    """Everything in `governance/synth/report.yml`."""

    source_dataset: CardName
    synthetic_dataset: CardName
    generator: Generator
    source_rows: int = Field(ge=1)
    synthetic_rows: int = Field(ge=1)
    intruder_test: IntruderTest
    nearest_neighbour: NearestNeighbour
    attribute_disclosure: tuple[AttributeDisclosure, ...]
    decision: Release
    review_by: dt.date

    @model_validator(mode="after")
    def _check_decision(self) -> Self:
        """Refuse to publish what the figures speak against, and a decision before the test."""
        if faults := list(self._faults()):
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        """Yield what is wrong."""
        found, near = self.intruder_test.people_found, self.nearest_neighbour
        if not self.attribute_disclosure:
            yield "no attribute is listed in attribute_disclosure; test at least one that is sensitive"
        if self.source_dataset == self.synthetic_dataset:
            yield f"source and synthetic dataset are both {self.source_dataset}"
        if self.decision.on < self.intruder_test.tested_on:
            yield f"it is decided on {self.decision.on}, before the test on {self.intruder_test.tested_on}"
        if self.decision.outcome == "publish" and found:
            yield f"people found by the intruder: {found}; data in which someone was found are not published"
        if self.decision.outcome == "publish" and near.exact_copies and not near.copies_why.strip():
            yield f"rows that equal a real row: {near.exact_copies}; take them out, or say why in copies_why"
