"""Faults of a file in plain words: where, what stands there, and what to write instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from oda.governance.files.forms import FORMS
from oda.governance.files.mending import choices, steps_to

LONGEST = 60  # characters of a value that are shown
NAMED = 8
NAMES_AND_VALUES = "Write names and values below it, one 'name: value' a line"
# What to write, by what the library found; {ge} and the like are the limit that was missed.
WORDS = MappingProxyType(
    {
        "date": "Write the date as 2026-10-31",
        "bool": "Write true or false",
        "int": "Write a whole number, such as 12",
        "float": "Write a number, such as 0.85",
        "finite": "Write a number, such as 0.85",
        "string_type": "Write words; put what looks like a number or a date in quotes",
        "string_too_short": "Write at least {min_length} characters",
        "string_too_long": "Write at most {max_length} characters",
        "tuple": "Write a list, each on a line of its own after '- '",
        "too_short": "List at least {min_length}",
        "too_long": "List at most {max_length}",
        "dict": NAMES_AND_VALUES,
        "model": NAMES_AND_VALUES,
        "greater_than_equal": "Write {ge} or more",
        "greater_than": "Write a number above {gt}",
        "less_than_equal": "Write {le} or less",
        "less_than": "Write a number below {lt}",
    }
)
KINDS: Mapping[type, str] = MappingProxyType({list: "a list", tuple: "a list", dict: "names and values"})
OF_ANOTHER_KIND = frozenset({"string_type", "dict_type", "model_type", "tuple_type", "bool_type"})


def in_plain_words(
    raw: object, found: Sequence[ErrorDetails], model: type[BaseModel], todos: Iterable[str] = ()
) -> Iterator[str]:
    """Say each fault of a file in a sentence or two, one for a place, but for those of values that are still to do.

    Parameters
    ----------
    raw
        The content of the file.
    found
        What is wrong with it.
    model
        The model of the file.
    todos
        The places that are still to do.

    Yields
    ------
    str
        The place, what stands there and what to write, such as `volume: found 'some'. Write a whole number.`
    """
    todo, by_place = frozenset(todos), dict[tuple[str | int, ...], ErrorDetails]()
    for fault in found:
        steps = steps_to(raw, fault)
        before = by_place.get(steps)
        if before is None or (before["type"] in OF_ANOTHER_KIND and fault["type"] not in OF_ANOTHER_KIND):
            by_place[steps] = fault  # of two readings of a value, the one that came nearer
    for steps, fault in by_place.items():
        below = any(len(other) > len(steps) and other[: len(steps)] == steps for other in by_place)
        if not (fault["type"] in OF_ANOTHER_KIND and below) and not _is_unfinished(fault, _dotted(steps), todo):
            yield _sentence(fault, steps, raw, model)


def _dotted(steps: Iterable[str | int]) -> str:
    """Write the way to a place."""
    return ".".join(map(str, steps))


def _is_unfinished(fault: ErrorDetails, where: str, todos: frozenset[str]) -> bool:
    """Tell whether a fault is of a value, or of a list with one in it, that is still to do."""
    kind, value = fault["type"], fault["input"]
    if kind == "extra_forbidden":
        return False
    if kind == "too_short" and isinstance(value, Sequence):
        return len(value) >= int(fault["ctx"]["min_length"])  # what is wrong inside it is told by itself
    return where in todos


def _sentence(fault: ErrorDetails, steps: Sequence[str | int], raw: object, model: type[BaseModel]) -> str:
    """Say what is wrong at a place, and what to write."""
    kind, where = fault["type"], _dotted(steps)
    if kind == "missing":
        return f"{where} is missing. Add it."
    if kind in {"extra_forbidden", "invalid_key"}:
        return f"{where} is not a name this file has. {_other_name(steps, raw, model)}"
    if kind == "value_error":
        text = fault["msg"].removeprefix("Value error, ")
        said = f"{text[0].lower()}{text[1:]}"
    else:
        said = f"found {shown(fault['input'])}. {_write(kind, fault.get('ctx', {}))}"
    return f"{where}: {said}." if where else f"{said}."


def _write(kind: str, context: Mapping[str, Any]) -> str:
    """Say what to write."""
    if kind == "literal_error":
        among = choices(context)
        return f"Write one of: {', '.join(among)}" if len(among) > 1 else f"Write {among[0]}"
    if kind == "string_pattern_mismatch":
        return FORMS.get(context["pattern"], "Write it in the form that the other files have")
    words = WORDS.get(kind) or WORDS.get(kind.partition("_")[0], "Write it as governance/schema says")
    return words.format(**context)


def shown(value: object) -> str:
    """Write a value as it stands in a file, in short.

    Parameters
    ----------
    value
        Plain content of any kind.

    Returns
    -------
    str
        Such as `'some'`, `true` or `a list`.

    Examples
    --------
    >>> shown(None), shown(True), shown("31/13/2026"), shown([1, 2])
    ('nothing', 'true', "'31/13/2026'", 'a list')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) > 10**LONGEST:
        return "a number that is too large"
    if isinstance(value, dt.date):
        return value.isoformat()
    words = "nothing" if value in (None, "", [], {}) else KINDS.get(type(value), "")
    return words or f"{value!r:.{LONGEST}}"


def _other_name(steps: Sequence[str | int], raw: object, model: type[BaseModel]) -> str:
    """Say which name was meant, or which there are."""
    names = _names(model, steps[:-1])
    near = get_close_matches(str(steps[-1]) if steps else "", names, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    here = raw
    for step in steps[:-1]:
        here = here[step]  # type: ignore[index]  # the way was walked before
    left = [name for name in names if not (isinstance(here, Mapping) and name in here)]
    more = f" and {len(left) - NAMED} more" if len(left) > NAMED else ""
    return f"Take it out, or use one of: {', '.join(left[:NAMED])}{more}." if left else "Take it out."


def _names(kind: Any, steps: Sequence[str | int]) -> list[str]:  # noqa: ANN401  an annotation is of any kind
    """Return the names that a place of a file can have, by its model."""
    for step in steps:
        model = _model(kind)
        if model is not None and not isinstance(step, int):
            fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
            kind = fields.get(step)
        else:  # in a list, or under a name that the file chooses
            kind = next(reversed([one for one in get_args(kind) if one not in {Ellipsis, type(None)}]), None)
    found = _model(kind)
    return [field.alias or name for name, field in found.model_fields.items()] if found else []


def _model(kind: Any) -> type[BaseModel] | None:  # noqa: ANN401  as above
    """Return the model that an annotation is, or may be, one of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    inner = [one for one in get_args(kind) if isinstance(one, type) and issubclass(one, BaseModel)]
    return inner[0] if inner and type(None) in get_args(kind) else None
