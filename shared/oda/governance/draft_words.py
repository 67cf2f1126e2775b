"""What a draft says of each field: its text with the choices there are, from the type that the model gives it."""

from __future__ import annotations

import datetime as dt
import re
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

ORGANISATION = frozenset({"org", "partner", "organisation"})  # fields that hold the id of one
MOST = 6  # of what there is to choose from

# What a text must look like, by a part of the pattern that the model holds it to.
FORMS = {
    "A6-1": "the basis of each controller, such as A6-1-e-official-authority; a public body has no A6-1-ea or A6-1-f",
    "A9-2": "none, or the condition, such as A9-2-h",
    "user|system": "such as user.contact.address or user.health_and_medical",
    "[0-9a-f]{64}": "its SHA-256, 64 signs in small letters and digits",
    "[a-z0-9_]*$": "a dataset, by the name on its card",
    "(-[a-z0-9]+)*$": "an id, in small letters, digits and hyphens",
}
# Texts whose names alone would not help.
WORDS = {
    "data_subjects": "whom the data are about, such as older_people",
    "data_items": "what moves, by column",
    "sch1": "none, or the condition of Schedule 1 to the Data Protection Act 2018",
    "policy_document": "none, or the name of the appropriate policy document",
    "act": "the law that lets the data be given",
    "id": "none, or the information-sharing gateway in law",
    "location": "where the copy is held, such as UK",
    "to": "who is told, by role and mailbox",
    "owner": "the role that answers for it there",
    "status": "such as standards met",
    "keys": "a column by which records are joined",
    "group": "a group of people",
    "which": "which pairs these are",
    "contact": "a shared mailbox, not a person's own",
    "data_protection_officer": "the mailbox of the data protection officer",
}
CHECKED = {"_check_address": "an address that begins with https://", "_check_month": "a month, such as 2026-04"}
PLAIN_TYPES: dict[object, str] = {
    bool: "true or false",
    dt.date: "a day, such as 2027-01-31",
    int: "a whole number",
    float: "a number",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What a pilot has already: the ids of its organisations and the names of its datasets."""

    organisations: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What a field holds.

    Attributes
    ----------
    kind
        One value, a list of values, a block of fields, a list of such blocks, or values by name.
    inner
        The type of the value, or of each in a list; the model of a block.
    limits
        What the type is held to, such as a pattern.
    may_be_none
        Whether null can stand for it.
    """

    kind: Literal["value", "values", "block", "blocks", "named"]
    inner: Any
    limits: tuple[Any, ...] = ()
    may_be_none: bool = False


def shape(field: FieldInfo) -> Shape:
    """Say what a field holds.

    Parameters
    ----------
    field
        A field of a model.

    Returns
    -------
    Shape
        Whether it is a value or a block, one or several.
    """
    inner, limits, may_be_none = _bare(field.annotation, tuple(field.metadata))
    if get_origin(inner) is dict:
        return Shape(kind="named", inner=get_args(inner)[1], may_be_none=may_be_none)
    several = get_origin(inner) is tuple
    if several:
        inner, limits, _ = _bare(get_args(inner)[0], ())
    block = isinstance(inner, type) and issubclass(inner, BaseModel)
    kind: Any = ("blocks" if block else "values") if several else ("block" if block else "value")
    return Shape(kind=kind, inner=inner, limits=limits, may_be_none=may_be_none)


def _bare(annotation: Any, limits: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], bool]:  # noqa: ANN401  any type
    """Return a type without what is wrapped around it, its limits, and whether it may be null."""
    may_be_none = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            limits = (*limits, *more)
        elif get_origin(annotation) in {Union, types.UnionType}:
            choices = get_args(annotation)
            may_be_none = may_be_none or type(None) in choices
            annotation = next(one for one in choices if one is not type(None))
        else:
            return annotation, limits, may_be_none


def wanted(name: str, field: FieldInfo, known: Known) -> str:
    """Say what is wanted of a value, as a TODO in words.

    Parameters
    ----------
    name, field
        The field.
    known
        What the pilot has already.

    Returns
    -------
    str
        Such as `TODO: a day, such as 2027-01-31`.
    """
    found = shape(field)
    pattern = _pattern(found.limits)
    there = known.organisations if name in ORGANISATION else known.datasets if "0-9_]*$" in pattern else ()
    end = ", or null where there is none" if found.may_be_none and field.is_required() else ""
    return f"TODO: {_choice(there) or _of_type(found) or said(field) or WORDS.get(name) or name.replace('_', ' ')}{end}"


def said(field: FieldInfo) -> str:
    """Return what a model says of a field; nothing where its name says it all.

    Parameters
    ----------
    field
        The field.

    Returns
    -------
    str
        Its title or description.
    """
    return field.title or field.description or ""


def _of_type(found: Shape) -> str:
    """Say what the type of a value asks for; nothing for a plain text."""
    if get_origin(found.inner) is Literal:
        choices = get_args(found.inner)
        return "true, once it is so" if choices == (True,) else _choice([str(one) for one in choices], len(choices))
    pattern = _pattern(found.limits)
    form = next((words for part, words in FORMS.items() if part in pattern), "")
    checked = next((words for one in _flat(found.limits) if (words := CHECKED.get(_called(one)))), "")
    return form or checked or f"{PLAIN_TYPES.get(found.inner, '')}{_range(found.limits)}"


def _choice(names: Sequence[str], most: int = MOST) -> str:
    """Name what there is to choose from."""
    if len(names) > most:
        return f"one of {', '.join(names[:most])} and {len(names) - most} more"
    if len(names) == 1:
        return f"such as {names[0]}"
    return " or ".join(names) if len(names) < 3 else f"one of {', '.join(names[:-1])} or {names[-1]}"


def _range(limits: tuple[Any, ...]) -> str:
    """Say between which numbers a number lies, where both are given."""
    bounds = {side: getattr(one, side) for one in _flat(limits) for side in ("ge", "le") if hasattr(one, side)}
    return f" from {bounds['ge']} to {bounds['le']}" if len(bounds) == 2 else ""


def _pattern(limits: tuple[Any, ...]) -> str:
    """Return the pattern that a text is held to, or nothing."""
    found = next((one.pattern for one in _flat(limits) if getattr(one, "pattern", None)), "")
    return found.pattern if isinstance(found, re.Pattern) else found


def _called(limit: Any) -> str:  # noqa: ANN401  anything that limits a type
    """Return the name of the function that checks a value, or nothing."""
    return getattr(getattr(limit, "func", None), "__name__", "")


def _flat(limits: tuple[Any, ...]) -> Iterator[Any]:
    """Yield each limit, those inside a field's description too."""
    for one in limits:
        if isinstance(one, FieldInfo):
            yield from _flat(tuple(one.metadata))
        else:
            yield one
