"""JSON Schema for editors, made from the models: what VS Code and JupyterLab use to help while a file is filled in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from oda.errors import SettingsError
from oda.governance.files import KINDS
from oda.governance.files.base import PUBLIC_BODIES, TODO
from oda.governance.files.flows import NOT_FOR_PUBLIC_TASKS

FOLDER = "governance/schema"
DIALECT = "http://json-schema.org/draft-07/schema#"  # which every editor knows
ONE_OF = {"flows": "flow", "dsa": "agreement", "outputs": "release"}  # what one file of a folder is called
STILL_TO_DO = {"type": "string", "pattern": TODO.pattern}
SHOWN = ("description", "default")
CONTROLLER = {"enum": ["controller", "joint_controller"]}
PUBLIC = sorted(PUBLIC_BODIES)
PUBLIC_TASK = "A public body cannot rely on Article 6(1)(ea) or (f) for its tasks; a public task is A6-1-e."


def schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of every kind of file, and of the dataset cards.

    A text that holds TODO is taken wherever a value is wanted, so that a file that is not filled in yet shows no error.

    Returns
    -------
    dict of str to dict
        By the name of the schema, such as `flow`.

    Examples
    --------
    >>> schemas()["people"]["title"]
    'The people who take part'
    """
    from oda.datasets import Dataset  # here, as it needs pandas, which a check does without

    made = {schema_name(kind.pattern): _finish(kind.model.model_json_schema(), kind.title) for kind in KINDS}
    made["flow"]["allOf"] = list(_basis_rules())
    return {**made, "dataset": _finish(_without(Dataset.model_json_schema(), "card_path"), "Card of a dataset")}


def _basis_rules() -> Iterator[dict[str, Any]]:
    """Yield the rules that keep a public body, or a body of no type, from the bases that are not for public tasks.

    One basis for all is refused where either end decides and is such a body. A basis for each organisation is refused
    where no end can be another kind of body, since a schema cannot tell whose key it reads.
    """
    barred = {"type": "string", "pattern": f"^A6-1-({'|'.join(sorted(NOT_FOR_PUBLIC_TASKS))})(-|$)"}
    refused = {"not": barred, "errorMessage": PUBLIC_TASK}
    for end in ("from", "to"):
        about = {"role": CONTROLLER, "type": {"enum": [*PUBLIC, None]}}
        public = {"required": [end], "properties": {end: {"type": "object", "required": ["role"], "properties": about}}}
        yield {"if": public, "then": {"properties": {"art6": refused}}}
    free = {"role": {"not": {"enum": ["processor"]}}, "type": {"type": "string", "not": {"enum": PUBLIC}}}
    other = {"type": "object", "required": ["type"], "properties": free}
    either = [{"required": [end], "properties": {end: other}} for end in ("from", "to")]
    each = {"properties": {"art6": {"additionalProperties": refused}}}
    yield {"if": {"not": {"anyOf": either}}, "then": each}


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write every schema into a pilot's `governance/schema`.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    SettingsError
        When `governance` or its folder of schemas is a link.
    """
    home = folder / FOLDER
    for one in (home.parent, home):
        if one.is_symlink():
            message = f"{one.relative_to(folder).as_posix()} is a link. Put a folder there."
            raise SettingsError(message)
    home.mkdir(parents=True, exist_ok=True)
    return tuple(_write(home / f"{name}.json", schema) for name, schema in schemas().items())


def _write(path: Path, schema: Mapping[str, Any]) -> Path:
    """Write one schema; replace what stands there, a link included."""
    path.unlink(missing_ok=True)
    path.write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return path


def schema_name(pattern: str) -> str:
    """Return the name of the schema for the files of a pattern.

    Parameters
    ----------
    pattern
        As the kind of file has it, such as `governance/flows/*.yml`.

    Returns
    -------
    str
        Such as `flow`.

    Examples
    --------
    >>> schema_name("governance/model/plan.yml")
    'plan'
    """
    path = PurePosixPath(pattern)
    return ONE_OF[path.parent.name] if "*" in path.name else path.stem


def _finish(schema: Mapping[str, Any], title: str) -> dict[str, Any]:
    """Return a schema that takes TODO for a value, under a title that people read."""
    return {"$schema": DIALECT, "title": title, **_opened(schema)}


def _without(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a schema without a property that the file does not hold."""
    properties = {key: part for key, part in schema["properties"].items() if key != name}
    return {**schema, "properties": properties, "required": [key for key in schema["required"] if key != name]}


def _opened(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that takes TODO for each value inside it; titles made from names are left out."""
    return {key: _part(key, part) for key, part in schema.items() if key != "title"}


def _part(key: str, part: Any) -> Any:  # noqa: ANN401  a keyword holds anything
    """Return what a keyword holds, open to TODO where it is about values."""
    if key == "$defs":
        return {name: _opened(one) for name, one in part.items()}
    if key in {"properties", "patternProperties"}:
        return {name: _or_todo(one) for name, one in part.items()}
    if key in {"items", "additionalProperties"} and isinstance(part, dict):
        return _or_todo(part)
    return [_opened(one) for one in part] if key == "anyOf" else part


def _or_todo(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that takes a text with TODO too."""
    opened = _opened(schema)
    shown = {key: opened.pop(key) for key in SHOWN if key in opened}
    if opened == {"type": "string"}:
        return {**shown, **opened}
    choices = opened["anyOf"] if set(opened) == {"anyOf"} else [opened]
    return {**shown, "anyOf": [*choices, STILL_TO_DO]}
