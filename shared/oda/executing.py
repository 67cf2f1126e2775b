"""One notebook for one district: executed by papermill in a kernel and a folder of its own, and accounted for.

`execute` is the same on one machine and on many: what it takes and returns are plain values.
"""

from __future__ import annotations

import ast
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
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import DeadKernelError
from nbformat.validator import get_validator
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from traitlets.config import Config

from oda.errors import ResultError
from oda.failing import say_end_of, say_failure
from oda.hashing import hash_values
from oda.jobs import Job
from oda.kernels import MEMORY, PRIVATE, SOCKET, TRACE, make_private_folder
from oda.kernels.becoming import end_children
from oda.kernels.client import PromptClient
from oda.kernels.provisioning import end_ahead, start_ahead, use_warm_kernels
from oda.kernels.watching import memory_watched, say_end
from oda.outputs import AFTER, RUN, sort_out
from oda.records import hash_file, recorded_in, write_task
from oda.results import MIME, Results, collect

ENGINE = "oda"
PRIVATE_SOCKETS = os.name == "posix"  # whether the system has sockets in a folder
ASK_SEEN = "__import__('json').dumps({{name: globals().get(name) for name in {names!r}}}, default=repr)"
ASK_USED = "__import__('json').dumps(__import__('oda.tracing', fromlist=['report']).report())"


class _Client(PapermillNotebookClient):  # type: ignore[misc]  # untyped
    """Papermill's own client, which also keeps the time and asks the kernel what it was told and what it used."""

    def __init__(self, *args: Any, job: Job, **kwargs: Any) -> None:  # noqa: ANN401  papermill's
        """Note the job, and the time at which it must have ended."""
        super().__init__(*args, **kwargs)
        self.job = job
        self.at: int | None = None
        self.told_at: int | None = None
        until = time.monotonic() + job.seconds
        self.timeout_func = lambda _: max(0.1, until - time.monotonic())
        self.seen: dict[str, Any] = {}
        self.used: dict[str, Any] = {}
        self.end = ""

    def create_kernel_manager(self) -> Any:  # noqa: ANN401  nbclient's
        """Describe the kernel as this package's own Python has it, whatever other kernels this machine knows."""
        manager = super().create_kernel_manager()
        manager._kernel_spec = KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())  # noqa: SLF001  no other way in
        return manager

    def papermill_execute_cells(self) -> None:
        """Execute the cells, then ask what the notebook used; a kernel that failed is not asked, and ends at once."""
        told = "injected-parameters" if self.job.parameters else "parameters"
        self.told_at = next((n for n, c in enumerate(self.nb.cells) if told in c.metadata.get("tags", [])), None)
        with memory_watched(self.km.provisioner.pid, self.job.memory_mb):
            try:
                super().papermill_execute_cells()
                if not any(cell.metadata.get("papermill", {}).get("exception") for cell in self.nb.cells):
                    self.used = self._ask(ASK_USED)
            except BaseException as error:
                self.shutdown_kernel = "immediate"
                if isinstance(error, DeadKernelError):
                    self.end = say_end(self.km.provisioner.process)
                raise

    def execute_cell(self, cell: Any, cell_index: int, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  papermill's
        """Execute a cell; after the one that holds what the notebook is told, ask what arrived."""
        self.at = cell_index
        done = super().execute_cell(cell, cell_index, *args, **kwargs)
        if cell_index == self.told_at and self.job.names:
            self.seen = self._ask(ASK_SEEN.format(names=self.job.names))
        return done

    def _ask(self, expression: str) -> Any:  # noqa: ANN401  whatever the kernel holds
        """Return the value of an expression in the kernel, which gives JSON as text."""
        it = {"it": expression}
        asked = self.kc.execute("", silent=True, store_history=False, user_expressions=it, allow_stdin=False)
        answer = run_sync(self.async_wait_for_reply)(asked)["content"]["user_expressions"]["it"]
        if answer["status"] != "ok":
            raise RuntimeError(f"The kernel could not say what it used: {answer['ename']}: {answer['evalue']}")
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))


class _Engine(NBClientEngine):  # type: ignore[misc]  # untyped
    """Papermill's own engine with the client above, which it leaves in `client` for its caller."""

    client: _Client | None = None

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:  # noqa: ANN401  papermill's
        """Execute a notebook."""
        kept = {name: kwargs[name] for name in ("job", "config")}
        cls.client = _Client(nb_man, kernel_name=kernel_name, startup_timeout=60, **kept)
        return cls.client.execute()


papermill_engines.register(ENGINE, _Engine)
get_validator()  # type: ignore[no-untyped-call]  # made once, before workers are forked, as is the way to kernels
use_warm_kernels()


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
    _Engine.client = None
    try:
        found = _run(job, notebook)
        client = _Engine.client
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
            return say_failure(failure, job, _Engine.client)


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
        _log(*say_end_of(record, _Engine.client.nb.cells if _Engine.client else ()))
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
