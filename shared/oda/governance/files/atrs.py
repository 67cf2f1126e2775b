"""The algorithmic transparency record, `governance/model/atrs.yml`, by the fields of the government's standard.

The two tiers, the fields and the values of lists are those of the Algorithmic Transparency Recording Standard and of
the repository of records on GOV.UK. A record is public: it names roles, never people.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from oda.governance.files.base import IgFile, Text, WebAddress
from oda.pilot import Settings

OrganisationKind = Literal[
    "ministerial-department",
    "non-ministerial-department",
    "agency-or-public-body",
    "local-authority",
    "devolved-administration",
    "high-profile-group",
    "public-corporation",
]
Function = Literal[
    "general-public-services",
    "defence",
    "public-order-and-safety",
    "economic-affairs",
    "environmental-protection",
    "housing-and-community-amenities",
    "health",
    "recreation-culture-and-religion",
    "education",
    "social-protection",
    "regulation",
]
Capability = Literal[
    "computer-vision",
    "computer-audition",
    "computer-linguistics",
    "robotics",
    "forecasting",
    "discovery",
    "planning",
    "creation",
    "analysis",
    "management",
    "other",
]
Region = Literal[
    "uk",
    "northern-ireland",
    "scotland",
    "wales",
    "england",
    "london",
    "north-east",
    "north-west",
    "yorkshire-and-the-humber",
    "east-midlands",
    "west-midlands",
    "south-east",
    "east-of-england",
    "south-west",
]
Phase = Literal["pre-deployment", "beta-pilot", "private-beta", "public-beta", "production", "retired"]


class Metadata(Settings):
    """What a record is found by in the repository."""

    atrs_version: Text = "v3.0"
    organisation_type: tuple[OrganisationKind, ...] = Field(min_length=1)
    function: tuple[Function, ...] = Field(min_length=1)
    capability: tuple[Capability, ...] = Field(min_length=1)
    task: Text
    region: tuple[Region, ...] = Field(min_length=1)
    phase: Phase
    date_published: dt.date | None = None


class Overview(Settings):
    """Tier 1: what anyone should be able to read."""

    name: Text
    description: str = Field(min_length=40)
    url: WebAddress
    contact: Text
    organisation: Text


class Supplier(Settings):
    """A supplier: its name and number, its part, how it was bought from and what data it can reach."""

    name: Text
    companies_house_number: Text
    role: Text
    procurement: Text
    data_access: Text


class Owner(Settings):
    """Tier 2, section 1: who answers for the tool; the owner is a role."""

    organisation: Text
    team: Text
    senior_responsible_owner: Text
    suppliers: tuple[Supplier, ...]


class Rationale(Settings):
    """Tier 2, section 2: what the tool is and why it is used."""

    detailed_description: Text
    scope: Text
    benefit: Text
    previous_process: Text
    alternatives_considered: Text


class DecisionProcess(Settings):
    """Tier 2, section 3: the tool's part in decisions, and the people's."""

    process_integration: Text
    provided_information: Text
    frequency_and_scale: Text
    human_decisions_and_review: Text
    required_training: Text
    appeals_and_review: Text


class RecordedData(Settings):
    """Tier 2, section 4: the data behind the tool."""

    source_data: Text
    sharing: Text
    quality: Text
    storage_and_security: Text


class ImpactAssessment(Settings):
    """One assessment: of data protection, of equality, or another."""

    name: Text
    summary: Text
    date: dt.date
    url: WebAddress | None = None


class Risks(Settings):
    """Tier 2, section 5 and after: assessments, fairness and what could go wrong."""

    impact_assessments: tuple[ImpactAssessment, ...] = Field(min_length=1)
    bias_and_fairness: Text
    risks_and_mitigations: Text


class Technical(Settings):
    """Tier 2: how the tool works and how well."""

    method: Text
    performance: Text
    maintenance: Text


class TransparencyRecord(IgFile):
    """Everything in `governance/model/atrs.yml`."""

    metadata: Metadata
    tier_1: Overview
    owner_and_responsibility: Owner
    description_and_rationale: Rationale
    decision_making_process: DecisionProcess
    data: RecordedData
    technical_details: Technical
    risks_and_impact: Risks
