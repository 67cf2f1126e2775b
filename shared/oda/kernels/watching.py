"""A kernel watched from outside: its memory where the system does not limit it, and how it came to its end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil  # type: ignore[import-untyped]

from oda.kernels.becoming import MEGABYTE

LOOK = 0.25  # seconds between two looks at a kernel's memory
WORD = 1.0  # seconds in which the system tells how a process has ended


@contextmanager
def memory_watched(kernel: int, megabytes: int | None) -> Iterator[None]:
    """End a kernel that takes more memory than it may, where its system does not see to that.

    Parameters
    ----------
    kernel
        Number of its process.
    megabytes
        What it may take beyond what it has now; None: no limit.

    Yields
    ------
    None
        The watch ends with the context.
    """
    if megabytes is None or sys.platform.startswith("linux"):
        yield
        return
    done = threading.Event()
    watch = threading.Thread(target=watch_memory, args=(kernel, megabytes, done), daemon=True)
    watch.start()
    try:
        yield
    finally:
        done.set()
        watch.join()


def watch_memory(process: int, megabytes: int, done: threading.Event) -> None:
    """End a process that takes more memory than it may.

    Parameters
    ----------
    process
        Its number.
    megabytes
        What it may take beyond what it has now.
    done
        Set when nobody needs the watch any more.
    """
    with suppress(psutil.Error):
        watched = psutil.Process(process)
        most = watched.memory_info().rss + megabytes * MEGABYTE
        while not done.wait(LOOK):
            if watched.memory_info().rss > most:
                watched.kill()
                return


def say_end(process: Any) -> str:  # noqa: ANN401  a Popen, or what stands for one
    """Say how a kernel has ended by itself.

    Parameters
    ----------
    process
        With `wait` and a `returncode`, as `subprocess.Popen`; None when it has been cleared away.

    Returns
    -------
    str
        A clause without a full stop.

    Examples
    --------
    >>> import subprocess, sys
    >>> say_end(subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]))
    'it ended itself with exit code 3 (os._exit or the like)'
    """
    code = None
    with suppress(Exception):  # it may still live, or be another's to ask
        code = process.wait(WORD)
    if code is None:
        return "it does not answer any more"
    if code >= 0:
        return f"it ended itself with exit code {code} (os._exit or the like)"
    name = signal.Signals(-code).name
    if name == "SIGKILL":
        return "it was ended from outside (SIGKILL), as systems do when memory runs out"
    if name in {"SIGTERM", "SIGINT", "SIGHUP"}:
        return f"it was ended from outside ({name})"
    return f"it crashed in compiled code ({name})"
