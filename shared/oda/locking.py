"""A lock on a file that the system frees when the process that holds it dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oda.errors import RunError

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

    Raises
    ------
    RunError
        When another process is running it.
    """
    folder.mkdir(exist_ok=True)
    file = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            lock(file)
        except OSError as error:
            message = "Another run of this pilot is going on. Wait for its end, or stop it with Ctrl-C where it runs."
            raise RunError(message) from error
        yield
    finally:
        os.close(file)  # which frees the lock
