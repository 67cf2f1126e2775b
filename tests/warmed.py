"""Notebooks written and run in warm kernels: one parent of kernels for all tests that look at them."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nbformat

from oda.jobs import Job
from oda.kernels.warming import Warm
from oda.pool import Pool

MODULES = ("pandas", "matplotlib.pyplot")


@cache
def place() -> Warm:
    """Return the one parent of kernels, which ends with the tests."""
    warm = Warm(MODULES)
    atexit.register(warm.__exit__, None, None, None)
    return warm


def write(folder: Path, name: str, *cells: str) -> Path:
    """Write a notebook whose first cell holds a parameter."""
    notebook = nbformat.v4.new_notebook()
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in ("told = 'nothing'", *cells)]
    notebook.cells[0].metadata["tags"] = ["parameters"]
    path = folder / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def job(folder: Path, name: str, **words: Any) -> Job:
    """Return a job that runs a notebook into the folder `run`."""
    (folder / "run" / "notebooks").mkdir(parents=True, exist_ok=True)
    where = {"source": f"notebooks/{name}.ipynb", "home": str(folder), "target": str(folder / "run")}
    return Job(**{"task": name, "notebook": name, "seconds": 60, "names": ["told"], **where, **words})


def run(folder: Path, notebooks: Mapping[str, Any], *, warm: Warm | None = None, workers: int = 1) -> dict[str, Any]:
    """Run notebooks, given as their cells, or as `(cells, words of the job)`; return the records by name."""
    jobs = []
    for name, given in notebooks.items():
        cells, words = given if isinstance(given, tuple) else (given, {})
        write(folder, name, *cells)
        jobs.append(job(folder, name, **words))
    with Pool(warm or place(), workers, folder / "workers.log") as pool:
        return {record["task"]: record for record in pool.run(jobs, lambda _: None, lambda: None)}


def printed(path: Path) -> list[str]:
    """Return what each cell of an executed notebook has printed and shown, without what was put in."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    ours = {"injected-parameters", "papermill-error-cell-tag"}
    cells = [cell for cell in notebook.cells if not ours.intersection(cell.metadata.get("tags", []))]
    return [_text(cell.outputs) for cell in cells[1:]]


def said(folder: Path, name: str) -> list[str]:
    """Return what each cell of a notebook that `run` has executed has printed and shown."""
    return printed(folder / "run" / "notebooks" / f"{name}.ipynb")


def _text(outputs: list[Any]) -> str:
    """Return outputs as text: streams one after the other, and of what was shown its forms and its plain text."""
    streams: dict[str, str] = {}
    shown = []
    for output in outputs:
        if output.output_type == "stream":
            streams[output.name] = streams.get(output.name, "") + output.text
        else:
            data = output.get("data", {"error": ""})
            shown.append(f"{output.output_type} {sorted(data)} {data.get('text/plain', output.get('evalue', ''))}")
    return "\n".join([*(f"{name}: {text}" for name, text in sorted(streams.items())), *shown])


def main(folder: str, mode: str) -> None:
    """Run the notebooks of a folder until they end or are interrupted, as a process of its own."""
    names = sorted(path.stem for path in Path(folder, "notebooks").glob("*.ipynb"))
    jobs = [job(Path(folder), name) for name in names]
    with Warm((), fork=mode == "fork") as warm, Pool(warm, len(jobs), Path(folder, "workers.log")) as pool:
        for record in pool.run(jobs, lambda _: None, lambda: None):
            sys.stdout.write(f"{record['task']} {record['error']}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
