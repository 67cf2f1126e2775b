"""A lock on a file that the system frees when the process that holds it dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let only one process run the plan of a pilot.

    Parameters
    ----------
    folder
        `runs/` of the pilot.

    Yields
    ------
    None
        While no other process can.

    Raises
    ------
    RunError
        When another process is running it.
    """
    folder.mkdir(exist_ok=True)
    file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not _taken(file, tries=TRIES):
            raise RunError(
                "Another run of this pilot is going on. Wait for its end, or stop it with Ctrl-C where it runs."
            )
        yield
    finally:
        os.close(file)  # which frees the lock


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
        return not _taken(file, tries=1)
    finally:
        os.close(file)


def _taken(file: int, *, tries: int) -> bool:
    """Tell whether the lock could be taken; more tries, since `is_held` takes it for a moment."""
    for left in range(tries, 0, -1):
        try:
            lock(file)
        except OSError:
            if left > 1:
                time.sleep(MOMENT)
        else:
            return True
    return False
