"""What is signed, in one form: a comment, an order or a line end more changes no hash; a changed value always does."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def canonical(content: object) -> bytes:
    """Return plain content as JSON with sorted names and no blanks, UTF-8.

    Parameters
    ----------
    content
        What YAML or JSON holds: mappings, lists, texts, numbers, dates, true, false and nothing.

    Returns
    -------
    bytes
        The same for the same content, however it was laid out.

    Raises
    ------
    TypeError
        When a value is of no plain type.

    Examples
    --------
    >>> canonical({"b": [1, True], "a": None})
    b'{"a":null,"b":[1,true]}'
    """
    try:
        text = ENCODER.encode(content)
    except (TypeError, ValueError):  # a name that is no text, or a number too long to be written in tens
        text = ENCODER.encode(_tagged(content))
    return text.encode("utf-8", "surrogatepass")


def _plain(value: object) -> str:
    """Write a date as text; nothing else has another form."""
    if isinstance(value, dt.date):
        return value.isoformat()
    message = f"{type(value).__name__} has no canonical form"
    raise TypeError(message)


# One for all: making an encoder takes longer than encoding a part of a file.
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def _tagged(content: Any) -> Any:  # noqa: ANN401  plain content of any kind
    """Return content with names of other types, and whole numbers, written with their type."""
    if isinstance(content, Mapping):
        return {
            k if isinstance(k, str) else f"!{type(k).__name__} {_tagged(k)}": _tagged(v) for k, v in content.items()
        }
    if isinstance(content, list | tuple):
        return [_tagged(entry) for entry in content]
    return f"!int {content:x}" if type(content) is int else content


def digest(content: object) -> str:
    """Return the SHA-256 of plain content in its canonical form.

    Parameters
    ----------
    content
        As in `canonical`.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(canonical(content)).hexdigest()


def select(content: Any, parts: Sequence[str]) -> Any:  # noqa: ANN401  plain content of any kind
    """Return the parts of a file that an item is about; the whole where none are named.

    Parameters
    ----------
    content
        The content of the file.
    parts
        Dotted paths such as `retention` or `resources.schema`; a path goes through each entry of a list.

    Returns
    -------
    plain content
        The parts by path, each nothing where the file does not have it.

    Examples
    --------
    >>> select({"a": {"b": 1}, "c": [{"d": 2}, {"d": 3}], "e": 4}, ["a.b", "c.d", "f"])
    {'a.b': 1, 'c.d': [2, 3], 'f': None}
    """
    if not parts:
        return content
    if isinstance(content, dict) and not any("." in part for part in parts):
        return {part: content.get(part) for part in parts}  # as below, more quickly
    return {part: _follow(content, part.split(".")) for part in parts}


def _follow(content: Any, steps: Sequence[str]) -> Any:  # noqa: ANN401  as above
    """Follow a dotted path into content."""
    if not steps:
        return content
    if isinstance(content, list):
        return [_follow(entry, steps) for entry in content]
    return _follow(content.get(steps[0]), steps[1:]) if isinstance(content, Mapping) else None
