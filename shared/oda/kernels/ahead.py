"""A process started ahead: imports the packages, waits for the request of a notebook, and becomes its kernel."""

from __future__ import annotations

import json
import sys

from oda.kernels.becoming import become_fresh, import_kernel, leave_folder, prepare_environment, run_kernel
from oda.kernels.preloading import ALWAYS, import_ahead, well_known


def main(modules: list[str]) -> None:
    """Import the modules, wait for one request on standard input, and be a kernel; end when there comes none.

    Parameters
    ----------
    modules
        What to import first.
    """
    prepare_environment()
    leave_folder()
    import_kernel()
    for name in (*ALWAYS, *well_known(modules)):
        import_ahead(name)
    line = sys.stdin.readline()
    if line:
        request = json.loads(line)
        become_fresh(request)
        run_kernel(request)


if __name__ == "__main__":
    main(sys.argv[1:])
