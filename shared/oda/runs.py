"""Finished runs: their record and their results, written to `runs/<id>/` and read again."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oda.errors import COMMAND, RunError
from oda.pilot import Pilot
from oda.planning import hash_values
from oda.records import CHECKSUM, TASKS, hash_file, read_by

if TYPE_CHECKING:
    from oda.results import Results

RUNS = "runs"
RECORD = "run.json"
RESULTS = "results.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one task: done, or failed in which cell and why.

    Attributes
    ----------
    task, notebook, district, item
        The task's name, the notebook's, the code of the district, or the value that it is for.
    parameters, seen
        What the notebook was told, and all its parameters as the kernel saw them.
    seconds, error, cell
        How long, what went wrong, and in which cell of the notebook, from 0.
    tries
        How often it was tried; more than once only where that was asked for.
    reused
        The run whose products were taken over, when it was not executed.
    outputs, undeclared, elsewhere
        Files that left the run, files that did not since the plan does not declare them, and files that the notebook
        wrote in the pilot outside its own folder.
    recorded, read
        The cell that recorded each result, by key; what the notebook read that a figure may come from. Both are empty
        in records of runs that did not note them.
    """

    task: str
    notebook: str
    district: str | None
    parameters: dict[str, Any]
    seconds: float
    error: str = ""
    cell: int | None = None
    item: Any = None
    seen: dict[str, Any] = field(default_factory=dict)
    reused: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    undeclared: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    notebook_sha256: str = ""
    tries: int = 1
    recorded: dict[str, dict[str, Any]] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)

    @property
    def done(self) -> bool:
        """Whether the notebook ran to its end."""
        return not self.error

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Outcome:
        """Return the outcome that a task's record tells.

        Parameters
        ----------
        record
            Plain values, of which those that an outcome lacks are passed over.

        Returns
        -------
        Outcome
            What became of the task.
        """
        told = {"read": read_by(record.get("uses") or {}), **record}
        return cls(**{one.name: told[one.name] for one in fields(cls) if one.name in told})


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A finished run: its record and its results.

    Attributes
    ----------
    id
        The pilot's slug and a hash of everything that decides the answer.
    folder
        `runs/<id>` of the pilot.
    record
        What `run.json` holds: versions, datasets with their hashes, outcomes.
    once
        Results of the notebooks that run once, by notebook and key; of those for each of a list, by task and key.
    by_district
        Results of the notebooks that run for each district, by district code, notebook and key.
    """

    id: str
    folder: Path
    record: dict[str, Any]
    once: dict[str, Results] = field(default_factory=dict)
    by_district: dict[str, dict[str, Results]] = field(default_factory=dict)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of each task."""
        return tuple(Outcome.of(outcome) for outcome in self.record["outcomes"])

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The tasks that did not finish."""
        return tuple(outcome for outcome in self.outcomes if not outcome.done)


def make_record(
    pilot: Pilot,
    inputs: Mapping[str, Any],
    outcomes: Iterable[Outcome],
    *,
    started: dt.datetime,
    status: str,
    asked: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a run's record: what ran on what, with which versions, and what became of it.

    Parameters
    ----------
    pilot
        The pilot's settings.
    inputs
        What `describe_inputs` returned.
    outcomes
        What became of each task.
    started
        When the run began.
    status
        `running`, `done`, `failed`, `stopped` or `part`.
    asked
        How many tasks the plan has, as `plan`, and which were asked for, as `asked`, where it was not the whole.

    Returns
    -------
    dict
        Plain values, as `run.json` holds them.
    """
    packages = ("oda-toolkit", "pandas", "numpy", "scipy", "papermill", "matplotlib")
    versions = {name: _version(name) for name in packages}
    return {
        "id": name_run(pilot, inputs),
        "pilot": pilot.pilot.slug,
        "status": status,
        **(asked or {}),
        "started": started.isoformat(timespec="seconds"),
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **versions},
        "settings": inputs["settings"],
        "inputs": {"oda": inputs["oda"], "lock": inputs["lock"], "code": hash_values(inputs["code"])},
        "datasets": inputs["datasets"],
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }


def _version(package: str) -> str:
    """Return the installed version of a package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed as a package"


def write_run(folder: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """Write a run's results, gathered from its tasks one by one, and then its record with the checksum of both.

    Parameters
    ----------
    folder
        `runs/<id>` of the pilot.
    record
        What `make_record` returned.

    Returns
    -------
    dict
        The record as it was written.
    """
    digest = _write_results(folder, [Outcome.of(outcome) for outcome in record["outcomes"]])
    whole = {**record, "results_sha256": digest}
    write_record(folder, whole)
    return whole


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write a run's record in one step, so that half of it is never read.

    Parameters
    ----------
    folder
        `runs/<id>` of the pilot.
    record
        Plain values.
    """
    part = folder / f"{RECORD}.part"
    whole = {**record, CHECKSUM: _checksum(record)}
    part.write_text(json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(folder / RECORD)


def _checksum(record: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a record's content, its own checksum left out."""
    return hash_values({name: value for name, value in record.items() if name != CHECKSUM})


def _write_results(folder: Path, outcomes: list[Outcome]) -> str:
    """Write `results.json` in one step, a task at a time so that many districts need no more memory than one."""
    part = folder / f"{RESULTS}.part"
    codes = dict.fromkeys(outcome.district for outcome in outcomes if outcome.done and outcome.district)
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.write('{\n"once": {')
        _write_tasks(folder, [one for one in outcomes if one.done and not one.district], file.write)
        file.write('},\n"by_district": {')
        for number, code in enumerate(codes):
            file.write(f"{',' if number else ''}\n{json.dumps(code)}: {{")
            _write_tasks(folder, [one for one in outcomes if one.done and one.district == code], file.write)
            file.write("}")
        file.write("}\n}\n")
    digest = hash_file(part)
    part.replace(folder / RESULTS)
    return digest


def _write_tasks(folder: Path, outcomes: list[Outcome], write: Any) -> None:  # noqa: ANN401  a file's own method
    """Write the results of tasks, by notebook; of one that runs for each of a list, by task."""
    for number, outcome in enumerate(outcomes):
        content = json.loads((folder / TASKS / f"{outcome.task}.json").read_text(encoding="utf-8"))["results"]
        name = outcome.notebook if outcome.district or outcome.item is None else outcome.task
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        write(f"{',' if number else ''}\n{json.dumps(name)}: {text}")


def read_record(folder: Path) -> dict[str, Any] | None:
    """Read a run's record, if it is whole.

    Parameters
    ----------
    folder
        `runs/<id>` of a pilot.

    Returns
    -------
    dict or None
        The record; None where there is none or where it or the results have been changed or broken off.
    """
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        told = record.get("results_sha256")
        whole = record[CHECKSUM] == _checksum(record) and (told is None or hash_file(folder / RESULTS) == told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return record if whole else None


def read_run(folder: Path) -> Run:
    """Read a finished run from its folder.

    Parameters
    ----------
    folder
        `runs/<id>` of a pilot.

    Returns
    -------
    Run
        Its record and results.

    Raises
    ------
    RunError
        When the folder holds no finished run, or one whose files are not as they were written.
    """
    from oda.results import read_result

    record = read_record(folder)
    if record is None or "results_sha256" not in record:
        message = f"{folder.name} holds no finished run. Run the notebooks again: {COMMAND} run"
        raise RunError(message)
    content = json.loads((folder / RESULTS).read_text(encoding="utf-8"))

    def typed(found: Mapping[str, Mapping[str, object]]) -> dict[str, Results]:
        return {name: {key: read_result(key, item) for key, item in items.items()} for name, items in found.items()}

    return Run(
        id=record["id"],
        folder=folder,
        record=record,
        once=typed(content["once"]),
        by_district={code: typed(found) for code, found in content["by_district"].items()},
    )


def name_run(pilot: Pilot, inputs: Mapping[str, Any]) -> str:
    """Return a run's id: the pilot's slug and a hash of everything that decides the answer.

    Parameters
    ----------
    pilot
        The pilot's settings.
    inputs
        What `describe_inputs` returned.

    Returns
    -------
    str
        Such as `falls-and-frailty-3f2a9c1b07`.
    """
    return f"{pilot.pilot.slug}-{hash_values(inputs)[:10]}"
