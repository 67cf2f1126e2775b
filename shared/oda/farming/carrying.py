"""Inputs and products between machines that share no folder: through fsspec, each file known by its hash."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from oda.errors import RunError
from oda.freshness import present
from oda.hashing import hash_file
from oda.pilot import FILE_NAME, Pilot
from oda.planning import LOCK, describe_inputs
from oda.records import KEPT, NOTEBOOKS, TASKS, read_task

RUNS, INPUTS = "runs", "inputs"
LAG = 10.0  # seconds that a shared folder is given to show what another machine has written
LOOK = 0.2
CARRIED = ("file ", "folder ", "module ", "made ")  # what a notebook uses that the worker could lack, or keep


def shared_folder(files: str) -> str:
    """Return the path of a folder that the workers reach as files.

    Parameters
    ----------
    files
        A path, or an address as fsspec writes it.

    Returns
    -------
    str
        The path; empty for an address of any other kind than `file://`.

    Examples
    --------
    >>> shared_folder("file:///srv/pilots/falls"), shared_folder("s3://bucket/falls"), shared_folder("/srv/falls")
    ('/srv/pilots/falls', '', '/srv/falls')
    """
    if files.startswith("file://") and "::" not in files:
        parts = urlsplit(files)
        return (f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else "") + url2pathname(parts.path)
    return "" if "://" in files or "::" in files else files


def open_store(url: str) -> tuple[Any, str]:
    """Return the file system of an address and the path in it.

    Parameters
    ----------
    url
        As fsspec writes it.

    Returns
    -------
    file_system : fsspec.AbstractFileSystem
        What reads and writes there.
    path : str
        The path, without a slash at its end.

    Raises
    ------
    RunError
        When fsspec cannot use the address: of an unknown kind, or its package is not installed.
    """
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]

    try:
        system, path = url_to_fs(url)
    except (ImportError, ValueError, OSError) as error:
        message = f"--files {url} cannot be used: {error}. Give a folder, or an address that fsspec knows."
        raise RunError(message) from error
    return system, str(path).rstrip("/")


def list_inputs(pilot: Pilot) -> dict[str, str]:
    """List the files that a run needs, with their hashes: settings, notebooks and modules, governance, lock and data.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    dict
        SHA-256 by path from the pilot's folder. Only the data that a card names are among them.
    """
    inputs = describe_inputs(pilot)
    files = [path for path in (pilot.folder / "governance").rglob("*") if path.is_file() and not path.is_symlink()]
    names = {path.relative_to(pilot.folder).as_posix() for path in files} | {FILE_NAME, LOCK, *inputs["code"]}
    names |= {file["name"] for dataset in inputs["datasets"] for file in dataset["files"]}
    return {name: hash_file(pilot.folder / name) for name in sorted(names)}


def list_products(run: Path) -> dict[str, str]:
    """List what earlier notebooks of a run have left, with hashes, for those that come after them.

    Parameters
    ----------
    run
        The run's folder.

    Returns
    -------
    dict
        SHA-256 by path from the pilot's folder.
    """
    home = run.parent.parent
    files = [path for place in {*KEPT.values(), TASKS} for path in (run / place).rglob("*") if path.is_file()]
    return {path.relative_to(home).as_posix(): hash_file(path) for path in sorted(files)}


def put_inputs(url: str, home: Path, inputs: Mapping[str, str]) -> None:
    """Put files where the workers find them, each under its hash, unless it is there.

    Parameters
    ----------
    url
        Where, as fsspec writes it.
    home
        The pilot's folder.
    inputs
        SHA-256 by path.

    Raises
    ------
    RunError
        When it cannot be written there.
    """
    system, root = open_store(url)
    try:
        system.makedirs(f"{root}/{INPUTS}", exist_ok=True)
        for name, digest in inputs.items():
            source, target = home / name, f"{root}/{INPUTS}/{digest}"
            if not system.exists(target) or system.size(target) != source.stat().st_size:
                system.put_file(str(source), target)
    except OSError as error:
        message = f"The inputs cannot be written to {url}: {error}. See that you may write there."
        raise RunError(message) from error


def fetch_inputs(url: str, home: Path, inputs: Mapping[str, str]) -> None:
    """Fetch files by their hashes, and check each on arrival.

    Parameters
    ----------
    url
        Where they are, as fsspec writes it.
    home
        The folder to put them in; what is there already is kept.
    inputs
        SHA-256 by path.

    Raises
    ------
    RunError
        When a file is not there, or is not the one that was listed.
    """
    system, root = open_store(url)
    for name, digest in inputs.items():
        target = home / name
        if hash_file(target) == digest:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            system.get_file(f"{root}/{INPUTS}/{digest}", str(target))
        except OSError as error:
            message = f"{name} cannot be read from {url}: {error}. See that this worker may read there."
            raise RunError(message) from error
        if hash_file(target) != digest:
            target.unlink()
            message = f"{name} in {url} is not the file that was put there: its hash differs. Run again."
            raise RunError(message)


def _products(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the files of a task by their path in the run, with the hash that each must have; its own record last."""
    task = record["task"]
    files = {f"{NOTEBOOKS}/{task}.ipynb": record["notebook_sha256"]} if record.get("notebook_sha256") else {}
    files |= {f"{KEPT[one['level']]}/{task}/{one['file']}": one["sha256"] for one in record.get("outputs", ())}
    return files | {f"{NOTEBOOKS}/{task}.log": "", f"{TASKS}/{task}.json": record.get("record_sha256", "")}


def put_products(url: str, run: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """Put what a task has left where the caller finds it.

    Parameters
    ----------
    url
        Where, as fsspec writes it.
    run
        The run's folder on this machine.
    record
        The task's record.

    Returns
    -------
    dict
        The record with `record_sha256`, the hash of the file that holds it.
    """
    system, root = open_store(url)
    for name in _products(record):
        if (run / name).is_file():
            target = f"{root}/{RUNS}/{run.name}/{name}"
            system.makedirs(target.rpartition("/")[0], exist_ok=True)
            system.put_file(str(run / name), target)
    return {**record, "record_sha256": hash_file(run / TASKS / f"{record['task']}.json")}


def collect_products(url: str, run: Path, record: Mapping[str, Any]) -> None:
    """Fetch what a task has left into the run's folder, each file checked on arrival, its record last.

    Parameters
    ----------
    url
        Where it is, as fsspec writes it.
    run
        The run's folder.
    record
        The task's record, as `put_products` returned it.

    Raises
    ------
    RunError
        When a file is absent, is another than the worker wrote, or would lie outside the run.
    """
    system, root = open_store(url)
    part = run / f".part-{record['task']}"
    try:
        for name, digest in _products(record).items():
            if ".." in PurePosixPath(name).parts:
                raise RunError(f"{name!r} would lie outside the run, so it was not taken. Look at that worker.")
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            with suppress(*(() if digest else (OSError,))):  # a log that is not there is no fault
                system.get_file(f"{root}/{RUNS}/{run.name}/{name}", str(part / name))
            if digest and hash_file(part / name) != digest:
                raise RunError(f"{name} in {url} is not the file that the worker wrote: its hash differs. Run again.")
        for name in _products(record):
            if (part / name).is_file():
                (run / name).parent.mkdir(parents=True, exist_ok=True)
                (part / name).replace(run / name)
    except OSError as error:
        raise RunError(f"What {record['task']} left cannot be read from {url}: {error}. Run again.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def arrived(run: Path, record: Mapping[str, Any]) -> bool:
    """Tell whether what a worker has written in a shared folder is there and whole.

    Parameters
    ----------
    run
        The run's folder, as this machine sees it.
    record
        The task's record, as the worker told it.

    Returns
    -------
    bool
        False when it has not come within ten seconds.
    """
    until = time.monotonic() + LAG
    while True:
        found = read_task(run, record["task"])
        if found and all(found.get(name) == record.get(name) for name in ("product", "seconds", "error")):
            return True
        if time.monotonic() > until:
            return False
        time.sleep(LOOK)


def left_behind(pilot: Pilot, record: Mapping[str, Any]) -> list[str]:
    """Name what a notebook used or wrote on a worker that is not the same here.

    Parameters
    ----------
    pilot
        The pilot's settings.
    record
        The task's record.

    Returns
    -------
    list of str
        Such as `file data/raw/areas.csv`, which no card names, so that the worker did not have it.
    """
    used = {name: digits for name, digits in (record.get("uses") or {}).items() if name.startswith(CARRIED)}
    here = present(pilot, used)
    return [name for name, digits in used.items() if here[name] != digits]
