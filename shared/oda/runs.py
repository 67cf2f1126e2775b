"""Finished runs: their record and their results, written to `runs/<id>/` and read again."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from oda.errors import COMMAND, RunError
from oda.pilot import Pilot
from oda.planning import describe_inputs, hash_values
from oda.results import Results, read_result

RUNS = "runs"
RECORD = "run.json"
RESULTS = "results.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one task: done, or failed in which cell and why."""

    task: str
    notebook: str
    district: str | None
    parameters: dict[str, str]
    seconds: float
    error: str = ""
    cell: int | None = None

    @property
    def done(self) -> bool:
        """Whether the notebook ran to its end."""
        return not self.error


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
        Results of the notebooks that run once, by notebook and key.
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
        return tuple(Outcome(**outcome) for outcome in self.record["outcomes"])

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The tasks that did not finish."""
        return tuple(outcome for outcome in self.outcomes if not outcome.done)


def make_record(
    pilot: Pilot, identity: str, inputs: Mapping[str, Any], outcomes: list[Outcome], started: dt.datetime
) -> dict[str, Any]:
    """Return a run's record: what ran on what, with which versions, and what became of it.

    Parameters
    ----------
    pilot
        The pilot's settings.
    identity
        The run's id.
    inputs
        What `describe_inputs` returned.
    outcomes
        What became of each task.
    started
        When the run began.

    Returns
    -------
    dict
        Plain values, as `run.json` holds them.
    """
    packages = ("oda-toolkit", "pandas", "numpy", "scipy", "papermill", "matplotlib")
    versions = {name: _version(name) for name in packages}
    return {
        "id": identity,
        "pilot": pilot.pilot.slug,
        "status": "done" if all(outcome.done for outcome in outcomes) else "failed",
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


def write_run(run: Run) -> None:
    """Write a run's results and then its record; a folder without a record holds no finished run.

    Parameters
    ----------
    run
        The run, its failures included.
    """
    by_district = {code: _as_json(results) for code, results in run.by_district.items()}
    _write_json(run.folder / RESULTS, {"once": _as_json(run.once), "by_district": by_district})
    _write_json(run.folder / RECORD, run.record)


def _as_json(results: Mapping[str, Results]) -> dict[str, Any]:
    """Return results by notebook and key as plain values."""
    return {name: {key: item.model_dump(mode="json") for key, item in found.items()} for name, found in results.items()}


def _write_json(path: Path, content: object) -> None:
    """Write JSON in one step, so that half a file is never read."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(path)


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
        When the folder holds no finished run.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        content = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{folder.name} holds no finished run. Run the notebooks again: {COMMAND} run"
        raise RunError(message) from error
    return Run(
        id=record["id"],
        folder=folder,
        record=record,
        once=_from_json(content["once"]),
        by_district={code: _from_json(results) for code, results in content["by_district"].items()},
    )


def _from_json(content: Mapping[str, Mapping[str, object]]) -> dict[str, Results]:
    """Return results by notebook and key from plain values."""
    return {name: {key: read_result(key, item) for key, item in found.items()} for name, found in content.items()}


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


def current_run(pilot: Pilot) -> Run:
    """Return the run of the inputs as they are now, so that no report shows figures of other settings or other data.

    Parameters
    ----------
    pilot
        The pilot's settings.

    Returns
    -------
    Run
        Its record and results.

    Raises
    ------
    RunError
        When there is no run, or only runs of other inputs.
    """
    folder = pilot.folder / RUNS / name_run(pilot, describe_inputs(pilot))
    if (folder / RECORD).is_file():
        return read_run(folder)
    others = any((pilot.folder / RUNS).glob(f"*/{RECORD}"))
    what = "The inputs have changed since the last run" if others else "There is no finished run yet"
    message = f"{what}. Run the notebooks first: {COMMAND} run"
    raise RunError(message)
