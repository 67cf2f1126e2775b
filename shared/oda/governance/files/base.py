"""What every file of `governance/` shares: identifiers, marks for what is still to do, and faults in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from oda.pilot import Settings

TODO = re.compile(r"\bTODO\b")

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=80)]
SigningRole = Literal["sro", "igl", "igl_police", "dpo", "siro", "cg", "cdo", "iao", "asr", "oc", "leg"]
Role = SigningRole | Literal["commissioner", "analyst", "approver"]
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
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=3)]


class IgFile(Settings):
    """Base of the model of a file in `governance/`: frozen, and an unknown key is a fault."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One file of `governance/` as it was read.

    Attributes
    ----------
    place
        Its path inside the pilot, with forward slashes.
    raw
        Its content as plain types; nothing where it could not be read.
    content
        The checked model; nothing while something is still to do or wrong.
    faults
        What is wrong, a sentence each.
    todos
        Where something is still to do, such as `retention.until`.
    canon
        How its hash is taken: `yaml-json-1`, `csv-json-1` or `bytes`.
    """

    place: str
    raw: Any
    content: Settings | None = None
    faults: tuple[str, ...] = ()
    todos: tuple[str, ...] = ()
    canon: Literal["yaml-json-1", "csv-json-1", "bytes"] = "yaml-json-1"

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

    A value that holds the word TODO is still to do, and no fault whatever its type should be.

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
    ("note.yml: pages: input should be a valid integer, unable to parse string as an integer (found 'some').",)
    """
    todos = tuple(_todos(raw)) if "TODO" in repr(raw) else ()  # most have none, and looking takes long
    try:
        return Held(place=place, raw=raw, content=model.model_validate(raw), todos=todos)
    except ValidationError as error:
        return Held(place=place, raw=raw, faults=tuple(_faults(place, error, todos)), todos=todos)


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


def _faults(place: str, error: ValidationError, todos: tuple[str, ...]) -> Iterator[str]:
    """Say each fault in a sentence, but for those of values that are still to do."""
    for fault in error.errors():
        where = ".".join(str(part) for part in fault["loc"])
        if fault["type"] != "extra_forbidden" and _is_todo(fault["input"], where, todos):
            continue
        value = "" if fault["type"] in {"missing", "value_error"} else f" (found {fault['input']!r:.60})"
        text = fault["msg"].removeprefix("Value error, ")
        yield f"{place}: {where or 'the file'}: {text[0].lower()}{text[1:]}{value}."


def _is_todo(found: object, where: str, todos: tuple[str, ...]) -> bool:
    """Tell whether a fault is about a value that is still to do."""
    return where in todos or (isinstance(found, str) and TODO.search(found) is not None)
