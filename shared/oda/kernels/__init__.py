"""Kernels that are ready before they are asked for: forked from a parent that has imported what notebooks import.

`warming` starts and ends the parent, `server` is the parent, `provisioning` is how Jupyter asks for a kernel,
`becoming` is what a process does to be as fresh as a new one, and `preloading` says what notebooks import. Where
forking is unsafe (Windows, macOS) kernels are started ahead and wait for their notebook.
"""

import os
import sys
import tempfile
from pathlib import Path

from oda.errors import RunError

# Variables by which a worker says to its kernels what they need; the notebook itself never sees them.
SOCKET = "ODA_KERNELS"  # the socket of the parent of kernels
PRELOAD = "ODA_PRELOAD"  # what kernels started ahead import, as JSON
MEMORY = "ODA_MEMORY_MB"  # the memory limit of the notebook
TRACE = "ODA_TRACE"  # the pilot's folder, of which the kernel notes what the notebook uses
PRIVATE = "ODA_PRIVATE"  # a folder for sockets, of this user alone, which is removed when the run ends
KERNELS, WORKERS = "kernels", "workers"  # what a parent forks
OURS = (SOCKET, PRELOAD, MEMORY, TRACE, PRIVATE)
SHORT = ("/tmp", "/var/tmp")  # noqa: S108  mkdtemp makes its own folder there
ROOM = 70  # characters of a folder whose sockets must have a name of fewer than 104, here and in two folders more


def can_fork() -> bool:
    """Tell whether a process of this system may be forked once it has loaded packages.

    Returns
    -------
    bool
        True on Linux and the BSDs; False on Windows, which cannot, and on macOS, whose own libraries do not bear it.
    """
    return os.name == "posix" and sys.platform != "darwin"


def make_private_folder() -> Path:
    """Make a folder for sockets and connection files that no other user of the machine can enter.

    Returns
    -------
    Path
        In the folder for temporary files; where the name of that is too long for a socket, in one of a short name.

    Raises
    ------
    RunError
        When every place is too long, or cannot be written to.
    """
    usual = tempfile.gettempdir()
    places = [usual, os.environ.get("XDG_RUNTIME_DIR", ""), *SHORT] if os.name == "posix" else [usual]
    for place in places:
        if place and (os.name != "posix" or len(os.fsencode(place)) <= ROOM) and os.access(place, os.W_OK):
            return Path(tempfile.mkdtemp(prefix="oda-", dir=place))
    message = (
        f"The folder for temporary files, {usual}, has a name of {len(usual)} characters, and a socket bears {ROOM}. "
        "Set TMPDIR to a folder with a shorter name and run again."
    )
    raise RunError(message)
