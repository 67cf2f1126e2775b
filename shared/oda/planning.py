"""The plan of a run: which notebook for which district or value, checked first, and all that decides the answer."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oda
from oda.datasets import load_datasets
from oda.errors import SettingsError
from oda.finding import find_files
from oda.hashing import hash_text_file, hash_values
from oda.meaning import cells, defaults, hash_module
from oda.parameters import faults, named_district
from oda.pilot import District, Pilot, PlannedNotebook
from oda.plan import Value, slug
from oda.settings import near
from oda.synthetic import keep_synthetic

__all__ = [
    "Task",
    "describe_inputs",
    "expand",
    "hash_values",
    "lock_hash",
    "package_hash",
    "parameters",
    "plan_tasks",
    "shared_key",
    "stages",
    "static_key",
]

LOCK = "requirements/run.txt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One notebook, for one district, for one value or for the whole pilot."""

    planned: PlannedNotebook
    district: District | None
    item: Value | None = None

    @property
    def name(self) -> str:
        """The name in file names and messages, such as `20-district-redditch`."""
        if self.district:
            return self.planned.task(self.district.slug)
        return self.planned.task("" if self.item is None else slug(self.item))

    @property
    def parameters(self) -> dict[str, Any]:
        """What the notebook is told."""
        if not self.planned.varies:
            return dict(self.planned.parameters)
        varies = self.district.code if self.district else self.item
        return {**self.planned.parameters, self.planned.varies: varies}

    @property
    def label(self) -> str:
        """The task as a person would say it, such as `20-district for Redditch`."""
        if self.district:
            return f"{self.planned.name} for {self.district.name}"
        return self.planned.name if self.item is None else f"{self.planned.name} for {self.planned.varies} {self.item}"


def plan_tasks(pilot: Pilot, only: Sequence[str] = ()) -> tuple[Task, ...]:
    """Return the tasks of the run plan, checked against the notebooks' own parameters.

    Parameters
    ----------
    pilot
        The pilot's settings.
    only
        Names of tasks or notebooks, or names or codes of districts, to leave out all other tasks; none for all.

    Returns
    -------
    tuple of Task
        In the order of the plan.

    Raises
    ------
    SettingsError
        When a notebook is absent or unreadable, or does not take what it is given, when a district is not in the pilot,
        two tasks share a name or `only` names what is not there; all at once, one a line.
    """
    wrong = [fault for planned in pilot.run for fault in faults(pilot, planned)]
    tasks = tuple(task for planned in pilot.run for task in expand(pilot, planned))
    names = [task.name.casefold() for task in tasks]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    wrong += [f"{name} would be the name of {names.count(name)} tasks; rename a notebook or a value" for name in twice]
    wanted = {text: {task.name for task in tasks if text in _names(task)} for text in only}
    wrong += [_unknown(text, tasks) for text, found in wanted.items() if not found]
    if wrong:
        raise SettingsError("\n".join(f"{fault}." for fault in wrong))
    return tuple(task for task in tasks if not only or any(task.name in found for found in wanted.values()))


def expand(pilot: Pilot, planned: PlannedNotebook) -> tuple[Task, ...]:
    """Return the tasks of one notebook of the plan; districts that the pilot does not have are passed over.

    Parameters
    ----------
    pilot
        The pilot's settings.
    planned
        One notebook of its plan.

    Returns
    -------
    tuple of Task
        In the order of the plan.
    """
    values = planned.values
    if planned.varies == "district":
        chosen = pilot.districts if values is None else [named_district(pilot, value) for value in values]
        return tuple(Task(planned=planned, district=one) for one in chosen if one is not None)
    return tuple(Task(planned=planned, district=None, item=value) for value in values or (None,))


def _names(task: Task) -> set[str]:
    """Return every name by which a task may be called."""
    one = task.district
    return {task.name, task.planned.name, *((one.code, one.name, one.slug) if one else ())} | (
        set() if task.item is None else {str(task.item), slug(task.item)}
    )


def _unknown(text: str, tasks: Sequence[Task]) -> str:
    """Say that a name is that of no task, and which there are."""
    notebooks = ", ".join(dict.fromkeys(task.planned.name for task in tasks))
    districts = ", ".join(dict.fromkeys(f"{task.district.name}" for task in tasks if task.district))
    every = sorted({name for task in tasks for name in _names(task)})
    more = f" and the districts {districts}" if districts else ""
    return f"{text!r} is no task, notebook or district{near(text, every)}; there are the notebooks {notebooks}{more}"


def stages(tasks: Sequence[Task]) -> tuple[tuple[Task, ...], ...]:
    """Return tasks in groups, each of which may run once those before it have ended well.

    Parameters
    ----------
    tasks
        Tasks of one plan; a notebook that is not among them is not waited for.

    Returns
    -------
    tuple of tuples
        In the order of the plan within each.
    """
    left, made = list(tasks), []
    while left:
        waiting = {task.planned.name for task in left}
        ready = {task.planned.name for task in left if not waiting & set(task.planned.after)} or waiting
        made.append(tuple(task for task in left if task.planned.name in ready))
        left = [task for task in left if task.planned.name not in ready]
    return tuple(made)


def parameters(path: Path) -> dict[str, object]:
    """Return the names that a notebook's parameters cell assigns, with the values that are plain.

    Parameters
    ----------
    path
        The notebook.

    Returns
    -------
    dict
        Values by name; None for a value that is not a plain number, text or truth value.

    Raises
    ------
    SettingsError
        When the file is no notebook, or a cell is not Python.
    """
    return dict(defaults(path).values)


def package_hash() -> str:
    """Return a hash of the code of this package as it is installed.

    Returns
    -------
    str
        SHA-256 over every Python and YAML file, by name.
    """
    return _hash_package(Path(oda.__file__).parent)


def _hash_package(home: Path) -> str:
    """Return a hash of the package in a folder, save its reports, which change no number."""
    files = sorted(path.relative_to(home) for path in home.rglob("*") if path.suffix in {".py", ".yml"})
    return hash_values([(path.as_posix(), hash_text_file(home / path)) for path in files if path.parts[0] != "reports"])


def lock_hash(pilot: Pilot) -> str:
    """Return a hash of what the pilot runs on: the packages of its lock, and Python.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hash_values(hash_text_file(pilot.folder / LOCK), platform.python_version_tuple()[:2])


def shared_key(pilot: Pilot) -> dict[str, Any]:
    """Return what the keys of all tasks share, hashed once.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    dict
        `oda`, `lock`, and for each notebook `cells` and `defaults`.
    """
    paths = {planned.notebook: pilot.folder / planned.notebook for planned in pilot.run}
    return {
        "oda": package_hash(),
        "lock": lock_hash(pilot),
        "cells": {name: list(cells(path)) for name, path in paths.items()},
        "defaults": {name: parameters(path) for name, path in paths.items()},
    }


def static_key(task: Task, shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a task before it runs and decides its answer.

    Parameters
    ----------
    task
        One task of the plan.
    shared
        What `shared_key` returned.

    Returns
    -------
    dict
        Plain values: `cells`, `defaults`, `parameters`, `outputs`, `oda`, `lock`.
    """
    return {
        "cells": shared["cells"][task.planned.notebook],
        "defaults": shared["defaults"][task.planned.notebook],
        "parameters": task.parameters,
        "outputs": dict(task.planned.outputs),
        "oda": shared["oda"],
        "lock": shared["lock"],
    }


def _modules(pilot: Pilot) -> dict[str, object]:
    """Return the hash of each module that a notebook may import from its own folder, by its path."""
    folders = {(pilot.folder / planned.notebook).parent for planned in pilot.run}
    files = sorted({path for folder in folders for path in folder.rglob("*.py")})
    inner = ((path.relative_to(pilot.folder), path) for path in files)
    return {
        short.as_posix(): hash_module(path)
        for short, path in inner
        if not any(part.startswith(".") for part in short.parts)
    }


def describe_inputs(pilot: Pilot) -> dict[str, Any]:
    """Return everything that decides a run's answer, as plain values.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    dict
        Settings, dataset cards with the hash of each file, code, and versions.

    Raises
    ------
    OdaError
        When a dataset's card is not valid, or its file absent.
    """
    datasets = []
    for card in load_datasets(pilot):
        if card.synthetic is not None:
            keep_synthetic(pilot, card)
        files = [{"name": file.name, "sha256": file.sha256} for file in find_files(pilot.folder, card)]
        datasets.append({"card": card.model_dump(mode="json", by_alias=True), "files": files})
    limits = {"time_limit_minutes", "memory_limit_mb"}  # which decide whether there is an answer, not what it is
    return {
        "settings": pilot.model_dump(
            mode="json", exclude={"reports": True, "questions": True, "run": {"__all__": limits}}
        ),
        "datasets": datasets,
        "code": _modules(pilot)
        | {planned.notebook: list(cells(pilot.folder / planned.notebook)) for planned in pilot.run},
        "oda": package_hash(),
        "lock": lock_hash(pilot),
    }
