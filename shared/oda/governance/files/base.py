"""What every file of `governance/` shares: identifiers, marks for what is still to do, and faults in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from oda.governance.files.faults import in_plain_words
from oda.governance.files.forms import ID, NAME, SHA256
from oda.governance.files.mending import mended
from oda.pilot import Settings

TODO = re.compile(r"\bTODO\b")

Id = Annotated[str, Field(pattern=ID, max_length=80)]
CardName = Annotated[str, Field(pattern=NAME)]  # a dataset, by the name on its card
SigningRole = Literal["sro", "igl", "igl_police", "dpo", "siro", "cg", "cdo", "iao", "asr", "oc", "leg"]
Role = Literal[SigningRole, "commissioner", "analyst", "approver"]
OrganisationType = Literal[
    "local_authority",
    "combined_authority",
    "police",
    "fire",
    "nhs",
    "education",
    "central_government",
    "housing_association",
    "charity",
    "company",
    "university",
]
PUBLIC_BODIES = frozenset(
    {"local_authority", "combined_authority", "police", "fire", "nhs", "education", "central_government"}
)


def _check_address(value: str) -> str:
    """Refuse what is not the address of a page."""
    if not re.fullmatch(r"https?://[^\s<>\"]+", value):
        message = f"{value!r} is not the address of a page; write it with https:// in front"
        raise ValueError(message)
    return value


WebAddress = Annotated[str, AfterValidator(_check_address)]
Sha256 = Annotated[str, Field(pattern=SHA256)]
Text = Annotated[str, Field(min_length=3)]


class IgFile(Settings):
    """Base of the model of a file in `governance/`: frozen, and an unknown key is a fault."""

    @classmethod
    def early_faults(cls, raw: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG003  for models that have such rules
        """Yield what can be seen to be wrong while other parts of the file are still to do.

        Parameters
        ----------
        raw
            The content of the file.

        Yields
        ------
        str
            Nothing, where a model has no such rule.
        """
        yield from ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One file of `governance/` as it was read.

    Attributes
    ----------
    place
        Its path inside the pilot, with forward slashes.
    raw
        Its content as plain types, such as a date that was written as 31/10/2026; nothing where it could not be read.
    content
        The checked model; nothing while something is still to do or wrong.
    faults
        What is wrong, a sentence each.
    todos
        Where something is still to do, such as `retention.until`.
    canon
        How its hash is taken: `yaml-json-1`, `csv-json-1` or `bytes`.
    as_written
        Its content to the letter, where that differs from how it is read; it is what is hashed.
    """

    place: str
    raw: Any
    content: Settings | None = None
    faults: tuple[str, ...] = ()
    todos: tuple[str, ...] = ()
    canon: Literal["yaml-json-1", "csv-json-1", "bytes"] = "yaml-json-1"
    as_written: Any = None

    @property
    def bound(self) -> Any:  # noqa: ANN401  plain content of any kind
        """What a sign-off binds: the content to the letter."""
        return self.raw if self.as_written is None else self.as_written

    @property
    def is_ready(self) -> bool:
        """Whether it can be signed: nothing wrong, nothing still to do."""
        return not self.faults and not self.todos


@dataclass(frozen=True, kw_only=True, slots=True)
class FileKind:
    """One kind of file: where it lies, which model checks it and what people call it.

    Attributes
    ----------
    pattern
        A path inside the pilot, with `*` where several files are of this kind.
    model
        The model that checks it.
    title
        What it is called.
    """

    pattern: str
    model: type[IgFile]
    title: str


def check(place: str, raw: Mapping[str, Any], model: type[IgFile]) -> Held:
    """Check the content of a file against its model.

    A value that holds the word TODO is still to do, and no fault whatever its type should be. What was plainly meant
    is taken: a date with the day first, a choice in capitals, a yes or no in quotes.

    Parameters
    ----------
    place
        The file's path inside the pilot.
    raw
        Its content.
    model
        The model of its kind.

    Returns
    -------
    Held
        The content with its faults and what is still to do.

    Examples
    --------
    >>> class Note(IgFile):
    ...     pages: int
    >>> check("note.yml", {"pages": "TODO: how many"}, Note).todos
    ('pages',)
    >>> check("note.yml", {"pages": "some"}, Note).faults
    ("note.yml: pages: found 'some'. Write a whole number, such as 12.",)
    """
    todos = tuple(_todos(raw)) if _may_have_todos(raw) else ()
    content, found = _validated(raw, model)
    if not found:
        return Held(place=place, raw=raw, content=content, todos=todos)
    read = mended(raw, found)
    if read is not raw:
        content, found = _validated(read, model)
    faults = tuple(f"{place}: {fault}" for fault in _faults(read, found, model, todos))
    return Held(
        place=place, raw=read, content=content, faults=faults, todos=todos, as_written=None if read is raw else raw
    )


def _validated(raw: Mapping[str, Any], model: type[IgFile]) -> tuple[IgFile | None, list[ErrorDetails]]:
    """Return the checked content, or what is wrong with it."""
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _faults(
    raw: Mapping[str, Any], found: list[ErrorDetails], model: type[IgFile], todos: tuple[str, ...]
) -> Iterator[str]:
    """Yield each fault in words, and what can be seen to be wrong before the rest is filled in."""
    yield from in_plain_words(raw, found, model, todos)
    if any(fault["loc"] for fault in found):  # or else the model was there to be checked as a whole
        yield from (f"{fault}." for fault in model.early_faults(raw))


def known(model: type[IgFile], raw: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return those parts of a file that are filled in and valid, whatever the rest is.

    Parameters
    ----------
    model
        The model of the file.
    raw
        Its content.
    names
        The parts, as the model names them.

    Returns
    -------
    dict
        The parts by name; one that is left out has its default.

    Examples
    --------
    >>> class Note(IgFile):
    ...     pages: int
    ...     author: str
    >>> known(Note, {"pages": 3, "author": "TODO: who"}, ("pages", "author"))
    {'pages': 3}
    """
    found = {}
    for name in names:
        field = model.model_fields[name]
        key = field.alias or name
        if key not in raw and not field.is_required():
            found[name] = field.get_default(call_default_factory=True)
        elif key in raw and next(_todos(raw[key]), None) is None:
            try:
                found[name] = _part_of(model, name).validate_python(raw[key])
            except ValidationError:
                continue
    return found


@cache
def _part_of(model: type[IgFile], name: str) -> TypeAdapter[Any]:
    """Return what checks one part of a file alone."""
    return TypeAdapter(model.model_fields[name].rebuild_annotation())


def _may_have_todos(raw: object) -> bool:
    """Tell whether it is worth to look for what is still to do: most files have nothing, and looking takes long."""
    try:
        return "TODO" in repr(raw)
    except ValueError:  # a number too long to be written out
        return True


def _todos(value: object, place: str = "") -> Iterator[str]:
    """Yield the place of every value that is still to do."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _todos(part, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _todos(part, f"{place}.{number}")
    elif isinstance(value, str) and TODO.search(value):
        yield place
