"""The run stage: the plan of notebooks and districts, executed by papermill in parallel processes, to `runs/<id>/`."""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
from traitlets.config import Config

import oda
from oda.datasets import load_datasets
from oda.errors import OdaError, ResultError, RunError, SettingsError
from oda.loading import load
from oda.pilot import District, Pilot, PlannedNotebook
from oda.reading import find_files
from oda.results import Results, collect, read_result
from oda.synthetic import write_synthetic

RUNS = "runs"
RECORD = "run.json"
RESULTS = "results.json"
TIME_LIMIT = 1800  # seconds for one cell


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One notebook, for one district or for the whole pilot."""

    planned: PlannedNotebook
    district: District | None

    @property
    def name(self) -> str:
        """Its name in file names and messages, such as `20-district-redditch`."""
        return f"{self.planned.name}-{self.district.slug}" if self.district else self.planned.name

    @property
    def parameters(self) -> dict[str, str]:
        """What the notebook is told."""
        return {"district": self.district.code} if self.district else {}


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
        elif planned.for_each and "district" not in _parameters(path):
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


def _parameters(path: Path) -> dict[str, object]:
    """Return the names that a notebook's parameters cell assigns, with the values that are plain."""
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


def _load_once(pilot: Pilot) -> None:
    """Load every dataset that a notebook names, so that a fault in one is said once, before anything runs."""
    named = {_parameters(pilot.folder / planned.notebook).get("dataset") for planned in pilot.run}
    for name in sorted(name for name in named if isinstance(name, str)):
        load(name, pilot)


def _syntax(source: str, path: Path) -> ast.Module:
    """Return a cell's syntax tree, or say in which notebook it is wrong."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        message = f"{path.name} holds a cell that is not Python: {error.msg}, {error.text!r:.60}. Correct the cell."
        raise SettingsError(message) from error


def _meaning(path: Path) -> list[str]:
    """Return a notebook's code as syntax trees, so that a comment or a space changes nothing."""
    return [ast.dump(_syntax(source, path)) for source, _ in _code(path)]


def _hash(*parts: object) -> str:
    """Return the SHA-256 of plain values."""
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
    home = Path(oda.__file__).parent
    files = sorted(path for path in home.rglob("*") if path.suffix in {".py", ".yml"} and "reports" not in path.parts)
    return _hash([(path.relative_to(home).as_posix(), _hash_file(path)) for path in files])


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
        "code": {planned.notebook: _meaning(pilot.folder / planned.notebook) for planned in pilot.run},
        "oda": package_hash(),
        "lock": _hash_file(pilot.folder / "requirements" / "run.txt"),
    }


def run_plan(
    pilot: Pilot,
    *,
    workers: int | None = None,
    again: bool = False,
    on_plan: Callable[[int], None] | None = None,
    on_done: Callable[[Outcome], None] | None = None,
) -> tuple[Run, bool]:
    """Run the plan, unless the same inputs have been run to the end before.

    A notebook that fails is kept as far as it came, and the others finish.

    Parameters
    ----------
    pilot
        The pilot's settings.
    workers
        Processes at a time; as many as the machine has processors when not given.
    again
        Run even though the same inputs have been run.
    on_plan
        Called once with the number of tasks.
    on_done
        Called with the outcome of each task as it ends.

    Returns
    -------
    run : Run
        The run, its failures included.
    fresh : bool
        Whether anything was executed.

    Raises
    ------
    OdaError
        When the settings, a dataset or a notebook cannot be used as it is; nothing has run then.
    """
    tasks = plan_tasks(pilot)
    inputs = describe_inputs(pilot)
    identity = f"{pilot.pilot.slug}-{_hash(inputs)[:10]}"
    folder = pilot.folder / RUNS / identity
    if not again and (folder / RECORD).is_file():
        run = read_run(folder)
        if not run.failed:
            return run, False
    _load_once(pilot)
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "notebooks").mkdir(parents=True)
    if on_plan:
        on_plan(len(tasks))
    started = dt.datetime.now(dt.UTC)
    outcomes = _execute_all(pilot, folder, tasks, workers or os.cpu_count() or 1, on_done)
    once, by_district, ended = _collect_all(folder, tasks, outcomes)
    record = _record(pilot, identity, inputs, ended, started)
    _write_json(
        folder / RESULTS, {"once": _as_json(once), "by_district": {c: _as_json(r) for c, r in by_district.items()}}
    )
    _write_json(folder / RECORD, record)
    return Run(id=identity, folder=folder, record=record, once=once, by_district=by_district), True


def _execute_all(
    pilot: Pilot, folder: Path, tasks: tuple[Task, ...], workers: int, on_done: Callable[[Outcome], None] | None
) -> dict[str, Outcome]:
    """Execute every task, several at a time."""
    outcomes = {}
    with ProcessPoolExecutor(max_workers=min(workers, len(tasks)), mp_context=get_context("spawn")) as pool:
        waiting = {
            pool.submit(
                _execute, pilot.folder / task.planned.notebook, folder / "notebooks" / f"{task.name}.ipynb", task
            )
            for task in tasks
        }
        for future in as_completed(waiting):
            outcome = future.result()
            outcomes[outcome.task] = outcome
            if on_done:
                on_done(outcome)
    return outcomes


def _execute(source: Path, target: Path, task: Task) -> Outcome:
    """Execute one notebook in this process's own kernel; a failure is an outcome, not an exception."""
    import papermill

    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # the processes share the processors already
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    clock, error, cell = time.perf_counter(), "", None
    private = Path(tempfile.mkdtemp(prefix="oda-"))  # for this user only
    try:
        papermill.execute_notebook(
            source,
            target,
            parameters=task.parameters,
            cwd=source.parent,
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=TIME_LIMIT,
            config=_private_transport(private),
        )
    except papermill.PapermillExecutionError as failure:
        error, cell = f"{failure.ename}: {failure.evalue}", failure.cell_index
    except Exception as failure:  # noqa: BLE001  the others must finish whatever this one met
        error = f"{type(failure).__name__}: {failure}"
    finally:
        shutil.rmtree(private, ignore_errors=True)
    return Outcome(
        task=task.name,
        notebook=task.planned.name,
        district=task.district.code if task.district else None,
        parameters=task.parameters,
        seconds=round(time.perf_counter() - clock, 1),
        error=error,
        cell=cell,
    )


def _private_transport(private: Path) -> Config:
    """Return settings under which no other user of the machine can listen to a kernel: sockets in a private folder.

    Windows has no such sockets for kernels; there it stays loopback TCP.
    """
    return Config() if os.name == "nt" else Config({"KernelManager": {"transport": "ipc", "ip": str(private / "k")}})


def _collect_all(
    folder: Path, tasks: tuple[Task, ...], outcomes: dict[str, Outcome]
) -> tuple[dict[str, Results], dict[str, dict[str, Results]], list[Outcome]]:
    """Collect the results of finished notebooks; one whose results cannot be collected has failed."""
    once: dict[str, Results] = {}
    by_district: dict[str, dict[str, Results]] = {}
    final = []
    for task in tasks:
        outcome = outcomes[task.name]
        if outcome.done:
            try:
                results = _results_of(folder / "notebooks" / f"{task.name}.ipynb", task)
            except ResultError as error:
                outcome = Outcome(**{**asdict(outcome), "error": f"ResultError: {error}"})
            else:
                place = by_district.setdefault(task.district.code, {}) if task.district else once
                place[task.planned.name] = results
        final.append(outcome)
    return once, by_district, final


def _results_of(path: Path, task: Task) -> Results:
    """Read the results of one executed notebook, and hold a district's notebook to its district."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    results = collect(output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs)
    about = results.get("district")
    if task.district and (about is None or getattr(about, "value", None) != task.district.code):
        message = (
            f"{task.name} says it is about {getattr(about, 'value', None)!r}, not {task.district.code}. "
            "Record the district "
            "that the notebook used: oda.record('district', oda.Fact(..., value=code))."
        )
        raise ResultError(message)
    return results


def _record(
    pilot: Pilot, identity: str, inputs: Mapping[str, Any], outcomes: list[Outcome], started: dt.datetime
) -> dict[str, Any]:
    """Return the run's record."""
    packages = ("oda-toolkit", "pandas", "statsmodels", "papermill", "matplotlib")
    versions = {name: _version(name) for name in packages}
    return {
        "id": identity,
        "pilot": pilot.pilot.slug,
        "status": "done" if all(outcome.done for outcome in outcomes) else "failed",
        "started": started.isoformat(timespec="seconds"),
        "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **versions},
        "inputs": {"oda": inputs["oda"], "lock": inputs["lock"], "code": _hash(inputs["code"])},
        "datasets": inputs["datasets"],
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }


def _version(package: str) -> str:
    """Return the installed version of a package."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed as a package"


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
        message = f"{folder.name} holds no finished run. Run the notebooks again: oda run."
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


def latest_run(pilot: Pilot) -> Run:
    """Return the run that finished last.

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
        When there is none.
    """
    runs = []
    for record in (pilot.folder / RUNS).glob(f"*/{RECORD}"):
        try:
            runs.append(read_run(record.parent))
        except OdaError:
            continue
    if not runs:
        message = "There is no finished run yet. Run the notebooks first: oda run."
        raise RunError(message)
    return max(runs, key=lambda run: str(run.record["finished"]))
