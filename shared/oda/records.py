"""What became of one task, on disk: written in one step after its products, and believed only while they are whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from oda.hashing import ABSENT

TASKS = "tasks"
NOTEBOOKS = "notebooks"
KEPT = {"record": "record", "aggregate": "out/aggregate", "public": "out/public"}  # folder of a run by level
CHECKSUM = "checksum"
PUT_IN = "injected-parameters"  # the tag of the cell that tells a notebook its parameters
READ = ("dataset ", "file ", "folder ", "made ", "after ")  # what a notebook uses that a figure may come from


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_task(run: Path, record: Mapping[str, Any]) -> None:
    """Write a task's record in one step, with a checksum of itself.

    Parameters
    ----------
    run
        The run's folder.
    record
        Plain values, with the task's name in `task`.
    """
    folder = run / TASKS
    folder.mkdir(exist_ok=True)
    part = folder / f"{record['task']}.part"
    text = json.dumps({**record, CHECKSUM: _checksum(record)}, ensure_ascii=False, indent=1, default=str)
    part.write_text(text + "\n", encoding="utf-8", newline="\n")
    part.replace(folder / f"{record['task']}.json")


def _checksum(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record's content, its own checksum left out."""
    content = {name: value for name, value in record.items() if name != CHECKSUM}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode("utf-8")).hexdigest()


def read_task(run: Path, task: str) -> dict[str, Any] | None:
    """Read the record of a task, if it and all its products are whole.

    Parameters
    ----------
    run
        The run's folder.
    task
        The task's name.

    Returns
    -------
    dict or None
        The record, which may be of a failure, without its results, which may be long; None where there is none, or
        where anything of it was changed or is missing.
    """
    return look(run, task)[0]


def look(run: Path, task: str) -> tuple[dict[str, Any] | None, str]:
    """Read the record of a task, and say what is wrong with it or its products.

    Parameters
    ----------
    run
        The run's folder.
    task
        The task's name.

    Returns
    -------
    record : dict or None
        As `read_task` gives it.
    fault : str
        Which file is not as it was written; empty when all are, or when there is no record at all.
    """
    name = f"{TASKS}/{task}.json"
    try:
        record: dict[str, Any] = json.loads((run / name).read_text(encoding="utf-8"))
        whole = record["task"] == task and record[CHECKSUM] == _checksum(record)
        broken = _broken(run, record) if whole else name
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        broken = name
    if broken:
        return None, f"{broken} in {run.parent.name}/{run.name} is not as it was written"
    record.pop("results", None)
    return record, ""


def _broken(run: Path, record: Mapping[str, Any]) -> str:
    """Return the first product of a task that is not as it was written, empty when all are; a failure has none."""
    for name, sha in () if record["error"] else _products(record):
        try:
            if hash_file(run / name) != sha:
                return name
        except OSError:
            return name
    return ""


def _products(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the files of a task, from the run's folder, with the hash that each must have."""
    files = [(f"{KEPT[one['level']]}/{record['task']}/{one['file']}", one["sha256"]) for one in record["outputs"]]
    return [(f"{NOTEBOOKS}/{record['task']}.ipynb", record["notebook_sha256"]), *files]


def recorded_in(cells: Sequence[Mapping[str, Any]], mime: str) -> dict[str, dict[str, Any]]:
    """Return the cell that recorded each result, counted as in the notebook as it was written.

    Parameters
    ----------
    cells
        Those of the executed notebook, in order.
    mime
        The type of output that is a result.

    Returns
    -------
    dict
        By key `cell`, from 0 without the one that was put in, and `id`, the cell's own name.

    Examples
    --------
    >>> told = {"metadata": {"tags": ["injected-parameters"]}}
    >>> said = {"id": "a", "metadata": {}, "outputs": [{"data": {"m": {"key": "effect"}}}]}
    >>> recorded_in([told, said], "m")
    {'effect': {'cell': 0, 'id': 'a'}}
    """
    tags = [cell.get("metadata", {}).get("tags", []) for cell in cells]
    told = next((place for place, named in enumerate(tags) if PUT_IN in named), len(cells))
    return {
        output["data"][mime]["key"]: {"cell": place - (place > told), "id": cell.get("id", "")}
        for place, cell in enumerate(cells)
        for output in cell.get("outputs", ())
        if mime in output.get("data", {})
    }


def read_by(uses: Mapping[str, str]) -> list[str]:
    """Return what a notebook read that a figure may come from, of all that it used.

    Parameters
    ----------
    uses
        Hashes by name, as a task's record has them.

    Returns
    -------
    list of str
        Such as `dataset falls`, `file data/raw/list.csv` or `after 10-data`; not what it asked for and did not find.

    Examples
    --------
    >>> read_by({"dataset falls": "1f02", "setting run": "33ad", "file data/raw/none.csv": "absent"})
    ['dataset falls']
    """
    return [name for name, digest in uses.items() if name.startswith(READ) and digest != ABSENT]


def remove_task(run: Path, task: str) -> None:
    """Remove what a run has of a task, its record first.

    Parameters
    ----------
    run
        The run's folder.
    task
        The task's name.
    """
    files = (f"{TASKS}/{task}.json", f"{NOTEBOOKS}/{task}.ipynb", f"{NOTEBOOKS}/{task}.log")
    for name in files:
        (run / name).unlink(missing_ok=True)
    for place in KEPT.values():
        if (run / place / task).is_dir():
            shutil.rmtree(run / place / task)


def copy_task(record: Mapping[str, Any], source: Path, target: Path) -> None:
    """Copy a task's products and then its record from an earlier run, in place of any that are there.

    Parameters
    ----------
    record
        As `read_task` gave it.
    source, target
        The folders of the earlier run and of this one; nothing is done where they are the same.
    """
    if source == target:
        return
    remove_task(target, record["task"])  # what a run that was broken off may have left there
    log = f"{NOTEBOOKS}/{record['task']}.log"
    for name in (*(name for name, _ in _products(record)), log):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if name != log or (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    part = target / TASKS / f"{record['task']}.part"
    part.parent.mkdir(exist_ok=True)
    shutil.copyfile(source / TASKS / f"{record['task']}.json", part)
    part.replace(part.with_suffix(".json"))
