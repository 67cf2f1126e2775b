"""The screening list of the impact assessment: the lines, in one place, and what their answers say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import Field, StrictBool

from oda.pilot import Settings


class Always(Settings):
    """The 12 lines of the ICO's screening list that always ask for an assessment, in our words."""

    extensive_profiling: StrictBool = Field(
        description="People are profiled in depth, or by machine, and decisions that matter to them rest on it."
    )
    sensitive_at_scale: StrictBool = Field(
        description="Special category or criminal offence data are used on a large scale."
    )
    public_places: StrictBool = Field(
        description="Places open to the public are watched systematically and on a large scale."
    )
    new_technology: StrictBool = Field(description="New technology is used.")
    access_to_service: StrictBool = Field(
        description="Profiling, automation or special category data help decide who gets a service or a benefit."
    )
    profiling_at_scale: StrictBool = Field(description="People are profiled on a large scale.")
    biometric_or_genetic: StrictBool = Field(description="Biometric or genetic data are used.")
    several_sources: StrictBool = Field(description="Data from several sources are combined, compared or matched.")
    no_direct_notice: StrictBool = Field(
        description="Personal data are used without giving the person a privacy notice directly."
    )
    tracking: StrictBool = Field(description="Where people are, or how they behave, is tracked, online or offline.")
    children: StrictBool = Field(
        description="Children's data serve profiling, automated decisions, marketing or an online service for them."
    )
    physical_harm: StrictBool = Field(description="Someone could come to physical harm if the data got out.")


class Consider(Settings):
    """The lines for which the ICO asks to consider an assessment, in our words; here a yes asks for one."""

    scoring: StrictBool = Field(description="People are evaluated or scored.")
    automated_decision: StrictBool = Field(
        description="Decisions with a significant effect on people are taken by machine."
    )
    monitoring: StrictBool = Field(description="People are monitored systematically.")
    highly_personal: StrictBool = Field(description="Sensitive or highly personal data are used.")
    large_scale: StrictBool = Field(description="Data are used on a large scale.")
    vulnerable_people: StrictBool = Field(description="Data are about people who are vulnerable.")
    innovative_use: StrictBool = Field(description="Technology or ways of working are used that are innovative.")
    hinders_people: StrictBool = Field(description="It could keep people from using a right, a service or a contract.")
    major_project: StrictBool = Field(description="It is a major project that uses personal data.")


def _wording(model: type[Settings]) -> Mapping[str, str]:
    """Return the lines of a part of the screening list by their ids."""
    return MappingProxyType({name: field.description or "" for name, field in model.model_fields.items()})


# Source: the ICO's screening checklist for impact assessments.
ALWAYS = _wording(Always)
CONSIDER = _wording(Consider)


class Screening(Settings):
    """The screening list: each line answered true or false."""

    always: Always
    consider: Consider


def screening_says(raw: Mapping[str, object]) -> bool | None:
    """Say whether the screening list asks for an assessment, from a file that may be half filled in.

    Parameters
    ----------
    raw
        The content of `governance/dpia.yml` as it was read.

    Returns
    -------
    bool or None
        True once a line is true, False when every line is false, nothing while one is not answered.

    Examples
    --------
    >>> screening_says({"screening": {"always": {"several_sources": True}}})
    True
    >>> screening_says({"screening": {"always": {"several_sources": False}}}) is None
    True
    """
    answers = [
        _part(_part(raw, "screening"), part).get(line)
        for part, lines in (("always", ALWAYS), ("consider", CONSIDER))
        for line in lines
    ]
    if any(answer is True for answer in answers):
        return True
    return False if all(answer is False for answer in answers) else None


def _part(raw: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return a part of a file, empty where it holds none."""
    part = raw.get(name)
    return part if isinstance(part, Mapping) else {}
