"""Kernels that are ready before they are asked for: forked from a parent that has imported what notebooks import.

`warming` starts and ends the parent, `server` is the parent, `provisioning` is how Jupyter asks for a kernel,
`becoming` is what a process does to be as fresh as a new one, and `preloading` says what notebooks import. Where
forking is unsafe (Windows, macOS) kernels are started ahead and wait for their notebook.
"""

import os
import sys

# Variables by which a worker says to its kernels what they need; the notebook itself never sees them.
SOCKET = "ODA_KERNELS"  # the socket of the parent of all kernels
PRELOAD = "ODA_PRELOAD"  # what kernels started ahead import, as JSON
MEMORY = "ODA_MEMORY_MB"  # the memory limit of the notebook
TRACE = "ODA_TRACE"  # the pilot's folder, of which the kernel notes what the notebook uses
OURS = (SOCKET, PRELOAD, MEMORY, TRACE)


def can_fork() -> bool:
    """Tell whether a process of this system may be forked once it has loaded packages.

    Returns
    -------
    bool
        True on Linux and the BSDs; False on Windows, which cannot, and on macOS, whose own libraries do not bear it.
    """
    return os.name == "posix" and sys.platform != "darwin"
