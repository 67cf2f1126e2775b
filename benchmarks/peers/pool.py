"""Execute a notebook for each district by papermill's API in a pool: `pool.py NOTEBOOK OUT PROCESSES DISTRICT...`."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import papermill


def execute(district: str) -> None:
    """Execute the notebook for one district."""
    target = Path(sys.argv[2]) / f"{district}.ipynb"
    papermill.execute_notebook(sys.argv[1], target, parameters={"district": district}, progress_bar=False)


if __name__ == "__main__":
    with ProcessPoolExecutor(int(sys.argv[3])) as pool:
        list(pool.map(execute, sys.argv[4:]))
