"""Whether each notebook of the plan takes the parameters that it is given, before anything starts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from oda.errors import SettingsError
from oda.meaning import Defaults, cells, defaults
from oda.pilot import District, Pilot, PlannedNotebook
from oda.plan import Value, as_text
from oda.settings import near

LARGEST_EXACT = 1 << 53  # among whole numbers that a float holds
KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}


def named_district(pilot: Pilot, value: Value) -> District | None:
    """Return the district that a value of `for_each` names.

    Parameters
    ----------
    pilot
        The pilot's settings.
    value
        A code or a name.

    Returns
    -------
    District or None
        The district; None when the pilot has none of that name.
    """
    return next((one for one in pilot.districts if value in (one.code, one.name, one.slug)), None)


def faults(pilot: Pilot, planned: PlannedNotebook) -> Iterator[str]:
    """Say all that is wrong with one notebook of the plan.

    Parameters
    ----------
    pilot
        The pilot's settings.
    planned
        The notebook, with what it is given.

    Yields
    ------
    str
        Each fault in a sentence, without its full stop.
    """
    path = pilot.folder / planned.notebook
    if not path.is_file():
        yield f"{planned.notebook} does not exist; correct 'run' in pilot.yml"
        return
    try:
        taken = defaults(path)
        cells(path)
    except SettingsError as error:
        yield str(error).removesuffix(".")
        return
    given = {name: [value] for name, value in planned.parameters.items()}
    if planned.varies == "district":
        yield from _absent(pilot, planned)
        given["district"] = [pilot.districts[0].code]
    elif planned.varies:
        given[planned.varies] = list(planned.values or ())
    yield from _unfit(planned.notebook, given, taken, planned.varies)


def _absent(pilot: Pilot, planned: PlannedNotebook) -> Iterator[str]:
    """Say which districts of `for_each` the pilot does not have, or has under two names."""
    names = [name for one in pilot.districts for name in (one.name, one.code)]
    for value in planned.values or ():
        if named_district(pilot, value) is None:
            there = ", ".join(f"{one.name} ({one.code})" for one in pilot.districts[:40])
            yield f"{planned.notebook}: {value!r} is no district of this pilot{near(str(value), names)}; it has {there}"


def _unfit(notebook: str, given: Mapping[str, list[Any]], taken: Defaults, varies: str) -> Iterator[str]:
    """Say which parameters a notebook does not take, or not as they are."""
    if given and taken.count != 1:
        found = "no cell" if not taken.count else f"{taken.count} cells"
        listed = ", ".join(given)
        yield (
            f"{notebook} has {found} tagged parameters, so no parameter can be set (given {listed}); tag the one cell "
            "that holds their usual values"
        )
        return
    for name, values in given.items():
        if name not in taken.values:
            who = f"{notebook} runs for each {name} but has" if name == varies else f"{notebook} has"
            there = ", ".join(taken.values) or "nothing"
            yield f"{who} no parameter {name!r} in its parameters cell{near(name, taken.values)}; it takes {there}"
            continue
        for value in values:
            if fault := _wrong(value, taken.values[name]):
                yield f"{notebook}: parameter {name} is {as_text(value)}, {fault}"


def _wrong(value: object, usual: object) -> str:
    """Say why a value cannot stand in place of a usual one; nothing when it can."""
    if usual is None or type(value) is type(usual) or (type(value) is int and isinstance(usual, float)):
        return ""
    kind = KINDS.get(type(value), "nothing")
    wanted = KINDS[type(usual)]
    remedy = f"give {wanted}"
    if isinstance(usual, str) and value is not None:
        remedy = "write it between quotes"
        if isinstance(value, int) and not isinstance(value, bool):
            remedy += " as it should read, since YAML drops leading zeros"
    elif isinstance(value, str) and isinstance(usual, bool | int | float):
        remedy = _as_number(value, type(usual)) or f"write {wanted} without quotes"
    return f"{kind} where its cell has {wanted} ({as_text(usual)}); {remedy}"


def _as_number(text: str, kind: type) -> str:
    """Say how to write a number such as 5E1, which YAML takes for a text; nothing for any other text."""
    try:
        number = float(text)
    except ValueError:
        return ""
    if "e" not in text.lower() or kind is bool or not math.isfinite(number):
        return ""
    if kind is float:
        return (
            "write it with a point before E and a sign after it (5.0E+1)"
            if "e" in repr(number)
            else f"write {number!r}"
        )
    whole = number.is_integer() and abs(number) < LARGEST_EXACT
    return f"write {int(number)}" if whole else f"give {KINDS[kind]}"
