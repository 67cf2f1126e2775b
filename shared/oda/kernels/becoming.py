"""What a process that has imported packages ahead does to be as fresh as a new one, and then a kernel."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import random
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from oda.kernels import TRACE

MEGABYTE = 1 << 20
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
OF_PROCESS = ("JPY_PARENT_PID", "JPY_INTERRUPT_EVENT")  # handles by which a kernel on Windows hears its parent
DRAWING = "module://matplotlib_inline.backend_inline"  # what a kernel draws with, unless MPLBACKEND says another


def prepare_environment() -> None:
    """Set what packages read when they are imported, before any is: one thread each, and a kernel's way to draw."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")  # the kernels share the processors already
    os.environ.setdefault("MPLBACKEND", DRAWING)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")


def import_all(names: list[str]) -> None:
    """Import packages ahead; one that cannot be imported is left for the notebook to say.

    Parameters
    ----------
    names
        Of modules.
    """
    for name in names:
        with suppress(Exception):  # whatever a package raises, the notebook meets it again
            importlib.import_module(name)


def become_fresh(request: Mapping[str, Any]) -> None:
    """Take on another process's surroundings, and forget what could be shared with processes of the same parent.

    Parameters
    ----------
    request
        `env` (all variables), `cwd`, and `memory_mb` (None: no limit).
    """
    own = {name: os.environ[name] for name in OF_PROCESS if name in os.environ}
    os.environ.clear()
    os.environ.update(request["env"] | own)
    if hasattr(time, "tzset"):
        time.tzset()
    os.chdir(request["cwd"])
    ahead = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = [*ahead, *(entry for entry in sys.path if entry not in ahead)]
    importlib.invalidate_caches()
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].rcParams["backend"] = os.environ.get("MPLBACKEND", DRAWING)
    limit_memory(request.get("memory_mb"))


def limit_memory(megabytes: int | None) -> None:
    """Let this process take so much memory beyond what it has; Python then raises MemoryError in the cell at fault.

    Parameters
    ----------
    megabytes
        Megabytes of data, or None for no limit. Only Linux counts them; elsewhere the runner watches.
    """
    status = Path("/proc/self/status")
    if megabytes is None or not status.is_file():
        return
    import resource

    fields = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    taken = int(fields["VmData"].split()[0]) * 1024
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = taken + megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if most < 0 else min(wanted, most), most))


def run_kernel(arguments: list[str]) -> None:
    """Be an IPython kernel until it is told to end, and then end quickly: files closed, no memory taken down.

    Parameters
    ----------
    arguments
        Those of `ipykernel_launcher`: the connection file and settings.
    """
    from ipykernel.kernelapp import IPKernelApp

    home = os.environ.pop(TRACE, "")
    sys.argv = ["ipykernel_launcher", *arguments]
    app: Any = IPKernelApp.instance()
    if os.name == "posix":
        app.parent_handle = os.getppid()  # the kernel ends when the process that made it does
    app.initialize(arguments)
    if home:
        from oda import tracing

        tracing.start(Path(home), Path.cwd())
    app.start()
    app.shell.user_ns.clear()  # closes the files that the notebook left open
    gc.collect()
    atexit._run_exitfuncs()  # noqa: SLF001  what follows goes past them
    os._exit(0)
