"""Execute a notebook for each district by Ploomber: `pipeline.py NOTEBOOK OUT PROCESSES DISTRICT...`."""

from __future__ import annotations

import sys
from pathlib import Path

from ploomber import DAG
from ploomber.executors import Parallel
from ploomber.products import File
from ploomber.tasks import NotebookRunner

if __name__ == "__main__":
    notebook, out = Path(sys.argv[1]), Path(sys.argv[2])
    dag = DAG(executor=Parallel(processes=int(sys.argv[3]), print_progress=False))
    for district in sys.argv[4:]:
        NotebookRunner(
            notebook,
            File(out / f"{district}.ipynb"),
            dag,
            name=district,
            params={"district": district},
            kernelspec_name="python3",
            static_analysis="disable",
            papermill_params={"progress_bar": False},
        )
    dag.build()
