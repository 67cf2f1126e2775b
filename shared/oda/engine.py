"""How papermill executes here: its own client, which also asks the kernel what it was told and what it used."""

from __future__ import annotations

import ast
import json
import time
from typing import Any

from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.validator import get_validator
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from oda.jobs import Job
from oda.kernels.provisioning import use_warm_kernels
from oda.kernels.watching import memory_watched, say_end

ENGINE = "oda"  # its name among papermill's
ASK_SEEN = "__import__('json').dumps({{name: globals().get(name) for name in {names!r}}}, default=repr)"
ASK_USED = "__import__('json').dumps(__import__('oda.tracing', fromlist=['report']).report())"


class Client(PapermillNotebookClient):  # type: ignore[misc]  # untyped
    """Papermill's own client, which also keeps the time and asks the kernel what it was told and what it used.

    Parameters
    ----------
    *args
        As papermill gives them.
    job
        What is executed.
    **kwargs
        As papermill gives them.
    """

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
        """Execute a cell; after the one that holds what the notebook is told, ask what arrived.

        Parameters
        ----------
        cell, cell_index, *args, **kwargs
            As papermill gives them.
        """
        self.at = cell_index
        try:
            done = super().execute_cell(cell, cell_index, *args, **kwargs)
        except (CellTimeoutError, DeadKernelError) as error:  # papermill would call the cell completed
            self.nb_man.cell_exception(self.nb.cells[cell_index], cell_index=cell_index, exception=error)
            raise
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


class Engine(NBClientEngine):  # type: ignore[misc]  # untyped
    """Papermill's own engine with the client above, which it leaves in `client` for its caller."""

    client: Client | None = None

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:  # noqa: ANN401  papermill's
        """Execute a notebook.

        Parameters
        ----------
        nb_man, kernel_name, **kwargs
            As papermill gives them, with `job` and `config`, Jupyter's settings.
        """
        kept = {name: kwargs[name] for name in ("job", "config")}
        cls.client = Client(nb_man, kernel_name=kernel_name, startup_timeout=60, **kept)
        return cls.client.execute()


papermill_engines.register(ENGINE, Engine)
get_validator()  # type: ignore[no-untyped-call]  # made once, before workers are forked, as is the way to kernels
use_warm_kernels()
