"""A measurement written into a dataset's card, with every comment and all else left as it is."""

from __future__ import annotations

import contextlib
import copy
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from oda.errors import DatasetError, SettingsError
from oda.pilot import read_yaml

if TYPE_CHECKING:
    from oda.governance.probes.measuring import Measured


def write_measured(card_path: Path, measured: Measured, rows: int) -> None:
    """Write the hash, the bytes and the rows of a dataset's files into its card, after `path:`.

    Parameters
    ----------
    card_path
        The card.
    measured
        What `measure` found.
    rows
        Rows of data in the files, without headings.

    Raises
    ------
    DatasetError
        When the card is written in a way that cannot be edited safely; the lines to paste are in the message.
    """
    values = {"hash": measured.hash, "bytes": str(measured.bytes), "rows": str(rows)}
    wanted: dict[str, Any] = {"hash": measured.hash, "bytes": measured.bytes, "rows": rows}
    try:
        before = read_yaml(card_path)
        expected = copy.deepcopy(before)
        expected["resources"][0].update(wanted)
        text = card_path.read_bytes().decode("utf-8")
        edited = _edit(text, values)
        _replace(card_path, edited.encode("utf-8"), expected)
    except (SettingsError, yaml.YAMLError, LookupError, TypeError, AttributeError, ValueError) as error:
        lines = "\n".join(f"    {name}: {value}" for name, value in values.items())
        message = (
            f"{card_path.name} is written in a way that cannot be edited without changing more. Put these lines after "
            f"'path' of its resource, with the same space before them:\n{lines}"
        )
        raise DatasetError(message) from error


def _edit(text: str, values: dict[str, str]) -> str:
    """Return a card's text with the values put in, or in place of those that are there."""
    resource = _child(yaml.compose(text, yaml.SafeLoader), "resources")[1].value[0]
    key, path = _child(resource, "path")
    space, end = " " * key.start_mark.column, text.find("\n", path.end_mark.index)
    ending = "\r\n" if text[:end].endswith("\r") else "\n"
    there = {name.value for name, _ in resource.value}
    added = "".join(f"{space}{name}: {value}{ending}" for name, value in values.items() if name not in there)
    place = len(text) if end < 0 else end + 1
    changes = [(place, place, added if end >= 0 else ending + added)]
    for name in there & set(values):
        old = _child(resource, name)[1]
        changes.append((old.start_mark.index, old.end_mark.index, values[name]))
    for start, stop, new in sorted(changes, reverse=True):
        text = text[:start] + new + text[stop:]
    return text


def _child(node: Any, name: str) -> tuple[Any, Any]:  # noqa: ANN401  yaml's nodes have no types of use here
    """Return the key and the value of one name of a mapping."""
    return next((key, value) for key, value in node.value if key.value == name)


def _replace(card_path: Path, content: bytes, expected: dict[str, Any]) -> None:
    """Write a card in one step, once it is sure that it says what is wanted."""
    handle, name = tempfile.mkstemp(dir=card_path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        if read_yaml(Path(name)) != expected:
            raise ValueError("says something else")
        Path(name).replace(card_path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
