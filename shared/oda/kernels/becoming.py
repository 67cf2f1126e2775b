"""What a process that has imported packages ahead does to be as fresh as a new one, and then a kernel."""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import importlib.util
import itertools
import os
import random
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from oda.kernels import TRACE

MEGABYTE = 1 << 20
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
OF_PROCESS = ("JPY_PARENT_PID", "JPY_INTERRUPT_EVENT")  # handles by which a kernel on Windows hears its parent
AGAIN = ("matplotlib_inline", "tqdm.auto", "tqdm.autonotebook")  # they look at import whether they are in a notebook
DRAWING = "module://matplotlib_inline.backend_inline"  # what a kernel draws with, unless MPLBACKEND says another
OF_KERNEL = (  # the second half is imported by IPython only while it starts
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "oda.kernels.speaking"),
    *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect", "IPython.core.logger"),
    *("IPython.extensions.storemagic", "tornado.platform.asyncio", "sqlite3", "faulthandler"),
)
CHILD_SUBREAPER = 36  # of prctl(2), which Linux alone has
_OF_KERNEL: set[str] = set()  # names of modules


def prepare_environment() -> None:
    """Set what packages read when they are imported, before any is: one thread each, and a kernel's way to draw."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")  # the kernels share the processors already
    os.environ.setdefault("MPLBACKEND", DRAWING)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")


def leave_folder() -> None:
    """Import nothing from the folder in which `python -m` has started this process."""
    if sys.path and sys.path[0] in ("", str(Path.cwd())):
        del sys.path[0]


def become_fresh(request: Mapping[str, Any]) -> None:
    """Take on another process's surroundings, and forget what could be shared with processes of the same parent.

    Parameters
    ----------
    request
        `env` (all variables) and `cwd`.
    """
    own = {name: os.environ[name] for name in OF_PROCESS if name in os.environ}
    os.environ.clear()
    os.environ.update(request["env"] | own)
    if hasattr(time, "tzset"):
        time.tzset()
    os.chdir(request["cwd"])
    _find_modules_beside(os.environ.get("PYTHONPATH", ""))
    random.seed()
    threading._counter = itertools.count(1).__next__  # type: ignore[attr-defined]  # noqa: SLF001  names of threads
    if "multiprocessing.process" in sys.modules:
        sys.modules["multiprocessing.process"].current_process().authkey = os.urandom(32)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "matplotlib" in sys.modules:
        sys.modules["matplotlib"].rcParams["backend"] = os.environ.get("MPLBACKEND", DRAWING)


def _find_modules_beside(paths: str) -> None:
    """Look for modules in further folders as a kernel does in its own: after those of Python, before installed ones."""
    new = [entry for entry in paths.split(os.pathsep) if entry and entry not in sys.path]
    place = next((n for n, entry in enumerate(sys.path) if entry.endswith("-packages")), len(sys.path))
    sys.path[place:place] = new
    importlib.invalidate_caches()
    for folder in filter(os.path.isdir, new):
        names = {name.removesuffix(".py") for name in os.listdir(folder)}  # noqa: PTH208  names, not paths
        _forget(names & sys.modules.keys() - _OF_KERNEL - sys.stdlib_module_names)


def _forget(names: Iterable[str]) -> None:
    """Forget modules with all that is in them, so that they are imported anew."""
    for name in names:
        for loaded in [loaded for loaded in sys.modules if f"{loaded}.".startswith(f"{name}.")]:
            del sys.modules[loaded]


def import_kernel() -> None:
    """Import what every kernel imports before its notebook can say anything, and remember what that was."""
    for name in OF_KERNEL:
        with suppress(ImportError):  # not every version has each
            importlib.import_module(name)
    _OF_KERNEL.update(sys.modules)


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


def run_kernel(request: Mapping[str, Any]) -> None:
    """Be an IPython kernel until it is told to end, and then end quickly: files closed, no memory taken down.

    Parameters
    ----------
    request
        `arguments`, those of `ipykernel_launcher`, and `memory_mb` (None: no limit).
    """
    from ipykernel.kernelapp import IPKernelApp

    from oda.kernels.speaking import stay_off_the_network

    stay_off_the_network(Path(request["arguments"][1]).parent)
    _forget(AGAIN)
    home = os.environ.pop(TRACE, "")
    sys.argv = [_launcher(), *request["arguments"]]
    app: Any = IPKernelApp.instance()
    if os.name == "posix":
        app.parent_handle = os.getppid()  # the kernel ends when the process that made it does
        os.environ["JPY_PARENT_PID"] = str(os.getppid())
    control_process(CHILD_SUBREAPER)  # what the notebook starts and lets go of stays its own
    app.initialize(request["arguments"])
    limit_memory(request.get("memory_mb"))
    if home:
        from oda import tracing

        tracing.start(Path(home), Path.cwd())
    app.start()
    app.shell.user_ns.clear()  # closes the files that the notebook left open
    gc.collect()
    for closing in (app.close, app.iopub_thread.stop):  # they may wait for a thread that they have already stopped
        atexit.unregister(closing)
    atexit._run_exitfuncs()  # noqa: SLF001  what follows goes past them
    end_children()
    os._exit(0)


def _launcher() -> str:
    """Return the file by which Jupyter starts a kernel."""
    spec = importlib.util.find_spec("ipykernel_launcher")
    return (spec and spec.origin) or "ipykernel_launcher"


def control_process(option: int, value: int = 1) -> None:
    """Set an attribute of this process that only Linux knows; elsewhere do nothing.

    Parameters
    ----------
    option, value
        As prctl(2) takes them.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).prctl(option, value)


def end_children() -> None:
    """End every process that this one has started and left running."""
    if hasattr(os, "waitid"):
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)  # quicker than a look at all processes
        except ChildProcessError:
            return
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()
