"""A lock on a file that the system frees when the process that holds it dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from oda.errors import RunError

LOCK = ".lock"
TRIES, MOMENT = 5, 0.02  # seconds between two tries

if sys.platform == "win32":
    import msvcrt

    def lock(file: int) -> None:
        """Lock the first byte, or raise OSError at once."""
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)

    def unlock(file: int) -> None:
        """Give the first byte free."""
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def lock(file: int) -> None:
        """Lock the file, or raise OSError at once."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def unlock(file: int) -> None:
        """Give the file free."""
        fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def one_at_a_time(folder: Path, *, what: str = "run of this pilot") -> Iterator[None]:
    """Let only one process work in a folder, such as one that runs the plan of a pilot.

    Parameters
    ----------
    folder
        Such as `runs/` of the pilot.
    what
        What else may be going on there, for the message.

    Yields
    ------
    None
        While no other process can.

    Raises
    ------
    RunError
        When another process does.
    """
    folder.mkdir(exist_ok=True)
    file = _take(folder / LOCK, what)
    try:
        yield
    finally:
        _give_back(file, folder / LOCK)


def _take(path: Path, what: str) -> int:
    """Lock the file, made where there is none, and return it; try more than once, since `is_held` may just look."""
    for _ in range(TRIES):
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        with suppress(OSError):
            lock(file)
            if os.path.samestat(os.fstat(file), path.stat()):  # not one that its last holder has just removed
                return file
        os.close(file)
        time.sleep(MOMENT)
    raise RunError(f"Another {what} is going on. Wait for its end, or stop it with Ctrl-C where it runs.")


def _give_back(file: int, path: Path) -> None:
    """Remove the file, and with it the lock: before it is closed, or after where an open file cannot be removed."""
    with suppress(OSError):
        path.unlink()
    os.close(file)
    if sys.platform == "win32":
        with suppress(OSError):  # another holds it already
            path.unlink()


def is_held(folder: Path) -> bool:
    """Tell whether a process is running the plan of a pilot.

    Parameters
    ----------
    folder
        `runs/` of the pilot.

    Returns
    -------
    bool
        False also when the process that ran it has died.
    """
    try:
        file = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        lock(file)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
