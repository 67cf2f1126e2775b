"""The plan of a run: which notebook for which district, checked first, and all that decides the answer."""

from __future__ import annotations

import ast
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

import oda
from oda.datasets import load_datasets
from oda.errors import SettingsError
from oda.pilot import District, Pilot, PlannedNotebook
from oda.reading import find_files
from oda.synthetic import write_synthetic


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One notebook, for one district or for the whole pilot."""

    planned: PlannedNotebook
    district: District | None

    @property
    def name(self) -> str:
        """The name in file names and messages, such as `20-district-redditch`."""
        return f"{self.planned.name}-{self.district.slug}" if self.district else self.planned.name

    @property
    def parameters(self) -> dict[str, str]:
        """What the notebook is told."""
        return {"district": self.district.code} if self.district else {}


def plan_tasks(pilot: Pilot) -> tuple[Task, ...]:
    """Return every task of the run plan, checked against the notebooks' own parameters.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    tuple of Task
        In the order of the plan.

    Raises
    ------
    SettingsError
        When a notebook is absent or unreadable, or has no parameter `district` though it runs for each; all at once.
    """
    faults = []
    for planned in pilot.run:
        path = pilot.folder / planned.notebook
        if not path.is_file():
            faults.append(f"{planned.notebook} does not exist; correct 'run' in pilot.yml")
        elif planned.for_each and "district" not in parameters(path):
            faults.append(
                f"{planned.notebook} runs for each district but has no parameter 'district' in its parameters cell"
            )
    if faults:
        raise SettingsError("; ".join(faults) + ".")
    return tuple(
        Task(planned=planned, district=district)
        for planned in pilot.run
        for district in (pilot.districts if planned.for_each else (None,))
    )


def _code(path: Path) -> list[tuple[str, frozenset[str]]]:
    """Return the code of a notebook, cell by cell, with the cells' tags."""
    try:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # nbformat lets errors of JSON and of its schema through
        message = f"{path.name} is not a notebook: {' '.join(str(error).split())[:200]}"
        raise SettingsError(message) from error
    return [
        (cell.source, frozenset(cell.metadata.get("tags", []))) for cell in notebook.cells if cell.cell_type == "code"
    ]


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
    found: dict[str, object] = {}
    for source, tags in _code(path):
        if "parameters" not in tags:
            continue
        for node in _syntax(source, path).body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                value = node.value.value if isinstance(node.value, ast.Constant) else None
                found |= {target.id: value for target in targets if isinstance(target, ast.Name)}
    return found


def _syntax(source: str, path: Path) -> ast.Module:
    """Return a cell's syntax tree, IPython's own `%` and `!` lines included, or say in which notebook it is wrong."""
    try:
        return ast.parse(TransformerManager().transform_cell(source))  # type: ignore[no-untyped-call]
    except SyntaxError as error:
        message = f"{path.name} holds a cell that is not Python: {error.msg}, {error.text!r:.60}. Correct the cell."
        raise SettingsError(message) from error


def _meaning(path: Path) -> list[tuple[list[str], str]]:
    """Return a notebook's cells as tags and syntax trees, so that a comment or a space changes nothing."""
    return [(sorted(tags), ast.dump(_syntax(source, path))) for source, tags in _code(path)]


def _modules(pilot: Pilot) -> dict[str, object]:
    """Return the hash of each module that a notebook may import from its own folder, by its path."""
    folders = {(pilot.folder / planned.notebook).parent for planned in pilot.run}
    files = sorted({path for folder in folders for path in folder.rglob("*.py")})
    inner = ((path.relative_to(pilot.folder), path) for path in files)
    return {
        short.as_posix(): _hash_file(path)
        for short, path in inner
        if not any(part.startswith(".") for part in short.parts)
    }


def hash_values(*parts: object) -> str:
    """Return the SHA-256 of plain values, whatever the order of their names.

    Parameters
    ----------
    *parts
        Anything that JSON can write.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode("utf-8")).hexdigest()


def _hash_file(path: Path) -> str:
    """Return the SHA-256 of a file with its line ends made alike; of nothing when it is absent."""
    content = path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b""
    return hashlib.sha256(content).hexdigest()


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
    return hash_values([(path.as_posix(), _hash_file(home / path)) for path in files if path.parts[0] != "reports"])


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
            write_synthetic(pilot, card)
        files = [{"name": file.name, "sha256": file.sha256} for file in find_files(pilot.folder, card)]
        datasets.append({"card": card.model_dump(mode="json", by_alias=True), "files": files})
    return {
        "settings": pilot.model_dump(mode="json", exclude={"reports", "questions"}),
        "datasets": datasets,
        "code": _modules(pilot)
        | {planned.notebook: _meaning(pilot.folder / planned.notebook) for planned in pilot.run},
        "oda": package_hash(),
        "lock": _hash_file(pilot.folder / "requirements" / "run.txt"),
    }
