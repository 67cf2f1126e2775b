"""What a worker is told of one task: plain values, so that it can be told over a pipe or a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oda.pilot import Pilot
from oda.planning import Task, static_key

WORK = ".work-"  # begins the name of a working folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What a worker is told: plain values, so that it can be told over a pipe or a network.

    Attributes
    ----------
    task, notebook, source
        The task's name, the notebook's, and its path from the pilot's folder.
    home, target
        The pilot's folder, and the run's folder into which the products go.
    district
        Code of the district, or empty: the code that its results must name.
    parameters, names
        What the notebook is told, and the names of its parameters cell.
    key, uses
        What else decides its answer, and what of earlier notebooks it uses, for the record.
    item
        The value that the notebook is for, when that is no district.
    outputs
        Level by pattern of the files that may leave the run.
    seconds, memory_mb
        The limits; memory None: no limit.
    """

    task: str
    notebook: str
    source: str
    home: str
    target: str
    district: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    key: dict[str, Any] = field(default_factory=dict)
    uses: dict[str, str] = field(default_factory=dict)
    item: Any = None
    outputs: dict[str, str] = field(default_factory=dict)
    seconds: float = 1800
    memory_mb: int | None = None

    @property
    def folder(self) -> Path:
        """The notebook's own working folder, as deep in the pilot as the notebook's, so that `../data` is the same."""
        return _place(Path(self.home), self.source) / f"{WORK}{self.task}"


def _place(home: Path, source: str) -> Path:
    """Return the folder in which the working folders of a notebook are."""
    beside = (home / source).parent
    return beside if beside == home else beside.parent


def work_folders(pilot: Pilot, tasks: Iterable[Task]) -> list[Path]:
    """Return the working folders that notebooks have left behind.

    Parameters
    ----------
    pilot
        The pilot's settings.
    tasks
        Tasks of its plan.

    Returns
    -------
    list of Path
        None once a run has ended; some while one is going on, or after the machine has stopped in the middle of one.
    """
    places = {_place(pilot.folder, task.planned.notebook) for task in tasks}
    return [left for place in sorted(places) for left in place.glob(f"{WORK}*")]


def make_job(task: Task, pilot: Pilot, folder: Path, *, shared: Mapping[str, Any], uses: Mapping[str, str]) -> Job:
    """Return what a worker is told of a task.

    Parameters
    ----------
    task
        The task.
    pilot
        The pilot's settings.
    folder
        The run's folder.
    shared
        What `shared_key` returned.
    uses
        Hashes of what earlier notebooks have left, by name.

    Returns
    -------
    Job
        Plain values.
    """
    planned = task.planned
    return Job(
        task=task.name,
        notebook=planned.name,
        source=planned.notebook,
        home=str(pilot.folder),
        target=str(folder),
        district=task.district.code if task.district else "",
        item=task.item,
        parameters=task.parameters,
        names=list(shared["defaults"][planned.notebook]),
        key=static_key(task, shared),
        uses=dict(uses),
        outputs=dict(planned.outputs),
        seconds=planned.time_limit_minutes * 60,
        memory_mb=planned.memory_limit_mb,
    )
