"""What a person may write in another form than ours: a date as in Excel, a choice in capitals, a yes in quotes.

What was meant is plain, so the content is read that way. What is hashed and signed is what stands in the file.
"""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic_core import ErrorDetails

from oda.governance.files.forms import SHA256

DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
CHOICE = re.compile(r"'([^']+)'")
YES_OR_NO = MappingProxyType({"true": True, "yes": True, "false": False, "no": False})
Content = TypeVar("Content")


def yes_or_no(value: object) -> bool | None:
    """Return what a value says, a yes in quotes included.

    Parameters
    ----------
    value
        What stands in the file.

    Returns
    -------
    bool or None
        Nothing where it is neither.

    Examples
    --------
    >>> yes_or_no("False"), yes_or_no(True), yes_or_no("TODO: true or false")
    (False, True, None)
    """
    if isinstance(value, str):
        return YES_OR_NO.get(value.strip().casefold())
    return value if isinstance(value, bool) else None


def steps_to(raw: object, fault: ErrorDetails) -> tuple[str | int, ...]:
    """Return the way to a fault inside a file, without the names of our own that the library adds to it.

    Parameters
    ----------
    raw
        The content of the file.
    fault
        What is wrong.

    Returns
    -------
    tuple of str or int
        Names, and numbers in a list.
    """
    here: Any = raw
    steps = []
    for number, step in enumerate(fault["loc"], start=1):
        if _has(here, step):
            here = here[step]
        elif number < len(fault["loc"]) or fault["type"] not in {"missing", "invalid_key"}:
            continue  # the branch of a choice between models, or a part that a short form leaves out
        steps.append(step)
    return tuple(steps)


def _has(content: object, step: str | int) -> bool:
    """Tell whether a file has something under a name, or at a number of a list."""
    if isinstance(content, Mapping):
        return step in content
    return isinstance(content, list | tuple) and isinstance(step, int) and step < len(content)


def mended(raw: Content, faults: Iterable[ErrorDetails]) -> Content:
    """Return content in which what was plainly meant stands in our form.

    Parameters
    ----------
    raw
        The content of a file; it is left as it is.
    faults
        What is wrong with it.

    Returns
    -------
    Mapping
        The content itself where nothing can be mended.
    """
    meant = [(steps_to(raw, fault), value) for fault in faults if (value := _meant(fault)) is not None]
    if not meant:
        return raw
    copied = copy.deepcopy(raw)
    for steps, value in meant:
        _put(copied, steps, value)
    return copied


def _put(content: Any, steps: Sequence[str | int], value: object) -> None:  # noqa: ANN401  plain content of any kind
    """Put a value in its place."""
    for step in steps[:-1]:
        content = content[step]
    content[steps[-1]] = value


def _meant(fault: ErrorDetails) -> object:
    """Return what a value plainly means, nothing where it does not."""
    found = fault["input"]
    mend = MENDS.get(fault["type"])
    return mend(found.strip(), fault.get("ctx", {})) if mend and isinstance(found, str) else None


def _date(found: str, _: Mapping[str, Any]) -> dt.date | None:
    """Return a date that was written with the day first."""
    parts = DAY_FIRST.fullmatch(found)
    with contextlib.suppress(ValueError):
        return dt.date(int(parts[3]), int(parts[2]), int(parts[1])) if parts else None
    return None


def _whole(found: str, _: Mapping[str, Any]) -> int | None:
    """Return a whole number that was written with commas."""
    return int(found.replace(",", "")) if THOUSANDS.fullmatch(found) else None


def _choice(found: str, context: Mapping[str, Any]) -> object:
    """Return the choice that differs in capitals, spaces and hyphens alone."""
    if context["expected"] in {"True", "False"}:
        return yes_or_no(found) if str(yes_or_no(found)) == context["expected"] else None
    return next((one for one in choices(context) if _alike(one) == _alike(found)), None)


def choices(context: Mapping[str, Any]) -> list[str]:
    """Return the choices that a value has, as the library names them.

    Parameters
    ----------
    context
        What it says beside the fault.

    Returns
    -------
    list of str
        In their order.

    Examples
    --------
    >>> choices({"expected": "'once', 'daily' or 'weekly'"})
    ['once', 'daily', 'weekly']
    """
    return CHOICE.findall(context["expected"]) or [str(context["expected"]).lower()]


def _alike(word: str) -> str:
    """Return a choice in the form by which choices are compared."""
    return re.sub(r"[\s_-]+", "_", word.casefold())


def _hash(found: str, context: Mapping[str, Any]) -> str | None:
    """Return a SHA-256 in small letters."""
    return found.lower() if context["pattern"] == SHA256 and re.fullmatch(SHA256, found.lower()) else None


MENDS: Mapping[str, Callable[[str, Mapping[str, Any]], object]] = MappingProxyType(
    {
        "date_from_datetime_parsing": _date,
        "date_parsing": _date,
        "bool_type": lambda found, _: yes_or_no(found),
        "bool_parsing": lambda found, _: yes_or_no(found),
        "int_parsing": _whole,
        "literal_error": _choice,
        "string_pattern_mismatch": _hash,
    }
)
