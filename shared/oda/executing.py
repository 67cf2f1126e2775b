"""One notebook for one district: executed by papermill in a kernel and a folder of its own, and accounted for.

`execute` is the same on one machine and on many: what it takes and returns are plain values.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import papermill
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from oda.engine import ENGINE, Engine
from oda.errors import ResultError
from oda.failing import say_end_of, say_failure
from oda.hashing import hash_values
from oda.jobs import Job
from oda.kernels import MEMORY, PRIVATE, SOCKET, TRACE, make_private_folder
from oda.kernels.becoming import end_children
from oda.kernels.client import PromptClient
from oda.kernels.provisioning import end_ahead, start_ahead
from oda.outputs import AFTER, RUN, sort_out
from oda.records import hash_file, recorded_in, write_task
from oda.results import MIME, Results, collect

PRIVATE_SOCKETS = os.name == "posix"  # whether the system has sockets in a folder


def execute(job: Job) -> dict[str, Any]:
    """Execute a notebook in a kernel of its own, and write what became of it; a failure is told, not raised.

    Parameters
    ----------
    job
        What to execute, on what, and where its products go.

    Returns
    -------
    dict
        The task's record, as `runs/<id>/tasks/<task>.json` holds it; the executed notebook, however far it came, and
        its log are in `notebooks/`, declared files in `out/` and `record/`.
    """
    clock = time.perf_counter()
    notebook = Path(job.target, "notebooks", f"{job.task}.ipynb")
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir()
    Engine.client = None
    try:
        found = _run(job, notebook)
        client = Engine.client
        seen: dict[str, Any] = client.seen if client else {}
        used: dict[str, Any] = client.used if client else {}
        found |= {} if found.get("error") else _hold_to_told(job, seen)
        failed = bool(found.get("error"))
        outputs = sort_out(job.folder, job.outputs, into=Path(job.target), task=job.task, failed=failed)
        found |= {"error": f"ResultError: {outputs['fault']}"} if outputs["fault"] else {}
    finally:
        shutil.rmtree(job.folder, ignore_errors=True)
    record = {
        "task": job.task,
        "notebook": job.notebook,
        "district": job.district or None,
        "item": job.item,
        "parameters": job.parameters,
        "seen": seen,
        "seconds": round(time.perf_counter() - clock, 2),
        "error": "",
        "cell": None,
        "key": job.key,
        "uses": job.uses | used.get("uses", {}),
        "elsewhere": used.get("wrote", []),
        "outputs": outputs["kept"],
        "undeclared": outputs["undeclared"],
        "notebook_sha256": hash_file(notebook) if notebook.is_file() else "",
        "results": {},
    } | found
    record["product"] = hash_values(record["results"], record["outputs"])
    write_task(Path(job.target), record)
    return record


def _hold_to_told(job: Job, seen: Mapping[str, Any]) -> dict[str, str]:
    """Return an error when a notebook did not see what it was told."""
    wrong = [
        f"{name} {seen.get(name)!r}, not {told!r}" for name, told in job.parameters.items() if seen.get(name) != told
    ]
    return {"error": f"ResultError: it was told other parameters than it saw: {'; '.join(wrong)}."} if wrong else {}


def _run(job: Job, notebook: Path) -> dict[str, Any]:
    """Execute the notebook, and return its results with their cells, or its error with the cell."""
    source = Path(job.home, job.source)
    with _private_folder() as private, _surroundings(job, source.parent):
        try:
            papermill.execute_notebook(
                source,
                notebook,
                parameters=job.parameters,
                engine_name=ENGINE,
                kernel_name="python3",
                cwd=job.folder,
                progress_bar=False,
                config=_settings(private),
                job=job,
            )
            return _results_of(notebook, job)
        except Exception as failure:  # noqa: BLE001  the others must finish whatever this one met
            return say_failure(failure, job, Engine.client)


@contextmanager
def _private_folder() -> Iterator[Path]:
    """Return a folder for the kernel's sockets, which goes with the run's own should this process be ended."""
    run = os.environ.get(PRIVATE)
    folder = Path(tempfile.mkdtemp(prefix="oda-", dir=run)) if run else make_private_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _surroundings(job: Job, beside: Path) -> Iterator[None]:
    """Give this process, and so the kernel, the variables of the notebook; its own modules are found beside it."""
    before = dict(os.environ)
    path = os.pathsep.join([str(beside), *filter(None, [before.get("PYTHONPATH")])])
    after = [name.removeprefix("after ") for name in job.uses if name.startswith("after ")]
    of_run = {RUN: job.target, AFTER: json.dumps(after)}
    os.environ.update({"PYTHONPATH": path, TRACE: job.home, MEMORY: str(job.memory_mb or 0), **of_run})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _settings(private: Path) -> Config:
    """Return settings under which the kernel is a warm one, and no other user of the machine can listen to it.

    On POSIX sockets in a private folder; elsewhere loopback TCP, encrypted where the versions of Jupyter can.
    """
    manager: dict[str, Any] = {
        "connection_file": str(private / "kernel.json"),
        "client_class": f"{PromptClient.__module__}.{PromptClient.__name__}",
    }
    if PRIVATE_SOCKETS:
        manager |= {"transport": "ipc", "ip": str(private / "k")}
    elif hasattr(KernelManager, "transport_encryption"):
        manager |= {"transport_encryption": "required"}
    return Config({"KernelManager": manager})


def _results_of(path: Path, job: Job) -> dict[str, Any]:
    """Return an executed notebook's results with the cell of each; hold a district's results to their district."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    results = collect(output for cell in cells for output in cell.get("outputs", []))
    check_district(results, job)
    plain = {key: result.model_dump(mode="json") for key, result in results.items()}
    return {"results": plain, "recorded": recorded_in(cells, MIME)}


def check_district(results: Results, job: Job) -> None:
    """Refuse results that do not say that they are about the district of their notebook.

    Parameters
    ----------
    results
        By key; none at all is no fault.
    job
        Whose district is theirs.

    Raises
    ------
    ResultError
        When the results name no district, or another.
    """
    about = getattr(results.get("district"), "value", None)
    if results and job.district and about != job.district:
        message = (
            f"{job.task} says it is about {about!r}, not {job.district}. Record the district that the notebook used: "
            "oda.record('district', oda.Fact(..., value=code))."
        )
        raise ResultError(message)


def serve() -> None:
    """Execute one notebook after another, as told on standard input, a line of JSON each, until it closes."""
    with os.fdopen(os.dup(0), "rb", buffering=0) as told, os.fdopen(os.dup(1), "wb") as answers:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)  # what a kernel prints by itself is no answer
        start_ahead(os.environ)
        for line in _lines(told):
            record = _execute_logged(json.loads(line))
            record.pop("results", None)  # they are on disk; what is told stays small
            answers.write(json.dumps(record, default=str).encode("utf-8") + b"\n")
            answers.flush()
    end_ahead()


def _lines(told: IO[bytes]) -> Iterator[bytes]:
    """Give what is told line by line; when the one who tells goes away meanwhile, end at once with all that runs."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    idle = threading.Event()

    def listen() -> None:
        for line in told:
            lines.put(line)
        lines.put(b"")
        if SOCKET not in os.environ:  # there, nobody else sees to that
            shutil.rmtree(os.environ.get(PRIVATE, ""), ignore_errors=True)
        if not idle.is_set():
            end_children()
            os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        idle.set()
        line = lines.get()
        idle.clear()
        if not line:
            return
        yield line


def _execute_logged(told: Mapping[str, Any]) -> dict[str, Any]:
    """Execute one notebook with its own log; what is wrong with the job itself is an outcome too."""
    job = Job(**told)
    log = Path(job.target, "notebooks", f"{job.task}.log")
    kept = os.dup(2)
    with log.open("wb") as stream:
        for standard in (1, 2):
            os.dup2(stream.fileno(), standard)
    _log(f"{job.task} starts with {json.dumps(job.parameters, ensure_ascii=False, default=str)}")
    try:
        record = execute(job)
    except Exception as failure:  # noqa: BLE001  the runner must hear of it, whatever it is
        record = {"task": job.task, "error": f"{type(failure).__name__}: {failure}"}
    try:
        _log(*say_end_of(record, Engine.client.nb.cells if Engine.client else ()))
        return record
    finally:
        for standard in (1, 2):
            os.dup2(kept, standard)
        os.close(kept)


def _log(*lines: str) -> None:
    """Write lines to where this process says what is wrong, the first with the time."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    os.write(2, f"{now} {chr(10).join(lines)}\n".encode())


if __name__ == "__main__":
    serve()
