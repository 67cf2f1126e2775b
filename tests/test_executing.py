"""A notebook that crashes, hangs or takes too much memory leaves the others well, and says what became of it."""

from __future__ import annotations

import json
import re
import sys
import threading
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from oda.kernels.watching import watch_memory
from oda.pool import Pool
from warmed import job, place, run, said, write

pytestmark = pytest.mark.xdist_group("kernels")

LIMIT = 8  # seconds, in which a kernel starts on a busy machine
HANGS = {"seconds": LIMIT}
BAD: dict[str, Any] = {
    "exit": (["import os; os._exit(3)"], {}),
    "killed": (["import os, signal; os.kill(os.getpid(), signal.SIGKILL)"], {}),
    "crash": (["import ctypes; ctypes.string_at(0)"], {}),
    "memory": (["a = 1", "held = bytearray(900 << 20)"], {"memory_mb": 200}),
    "python": (["while True: pass"], HANGS),
    "sleep": (["import time; time.sleep(99)"], HANGS),
    "compiled": (["import ctypes; ctypes.PyDLL(None).sleep(99)"], HANGS),
    "stubborn": (
        [
            "import signal\nfor one in (signal.SIGINT, signal.SIGTERM): signal.signal(one, signal.SIG_IGN)",
            "while True:\n    try:\n        import time; time.sleep(99)\n    except BaseException: pass",
        ],
        HANGS,
    ),
    "error": (["1 / 0"], {}),
}
TOO_LONG = "TimeoutError: it ran for more than 8 seconds and was ended."
SAYS = {
    "exit": (1, "DeadKernelError: it ended itself with exit code 3 (os._exit or the like)."),
    "killed": (1, "DeadKernelError: it was ended from outside (SIGKILL), as systems do when memory runs out."),
    "crash": (1, "DeadKernelError: it crashed in compiled code (SIGSEGV)."),
    "memory": (2, "MemoryError: it may take 200 MB (memory_limit_mb in pilot.yml)"),
    **dict.fromkeys(("python", "sleep", "compiled"), (1, TOO_LONG)),
    "stubborn": (2, TOO_LONG),
    "error": (1, "ZeroDivisionError: division by zero"),
}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Run every bad notebook at once, and good ones before, among and after them in the same workers."""
    folder = tmp_path_factory.mktemp("bad")
    good = {f"good{number}": ["print(told)"] for number in range(4)}
    first, *rest = good
    notebooks = {first: good[first], **BAD, **{name: good[name] for name in rest}}
    return folder, run(folder, notebooks, workers=4)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_end_is_told_with_its_cell(ended: tuple[Path, dict[str, Any]], name: str):
    """The record says in which cell it was and what happened, in a sentence."""
    record = ended[1][name]
    assert record["cell"] == SAYS[name][0]
    assert record["error"].startswith(SAYS[name][1])


@pytest.mark.parametrize("name", BAD)
def test_a_half_run_notebook_is_kept_and_opens(ended: tuple[Path, dict[str, Any]], name: str):
    """What had run is on disk as a notebook that holds to the format."""
    path = ended[0] / "run" / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata["papermill"]["output_path"] == str(path)


def test_the_log_says_when_it_began_how_it_ended_and_where(ended: tuple[Path, dict[str, Any]]):
    """Each notebook has a log of its own: the time, the cell, the message and, for an error, the traceback."""
    logs = {name: (ended[0] / "run" / "notebooks" / f"{name}.log").read_text("utf-8") for name in ("error", "good0")}
    assert re.match(r"20\d\d-\S+ error starts with \{\}\n", logs["error"])
    assert "failed in cell 2: ZeroDivisionError: division by zero\n" in logs["error"]
    assert "Traceback (most recent call last)" in logs["error"]
    assert re.search(r"done in \d\.?\d* s\n$", logs["good0"])


def test_an_error_that_a_cell_may_raise_is_told_of_its_own_cell(tmp_path: Path):
    """Papermill fails a notebook whose tagged cell raises, at its end; the cell told is that one."""
    write(tmp_path, "tagged", "1 / 0", "print(told)", "print(told)")
    path = tmp_path / "notebooks" / "tagged.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata["tags"] = ["raises-exception"]
    nbformat.write(notebook, path)
    with Pool(place(), 1, tmp_path / "workers.log") as pool:
        (record,) = pool.run([job(tmp_path, "tagged", parameters={"told": "x"})], lambda _: None, lambda: None)
    assert (record["cell"], record["error"]) == (1, "ZeroDivisionError: division by zero")


def test_the_others_are_well(ended: tuple[Path, dict[str, Any]]):
    """Notebooks run before, beside and after the bad ones end well, and no working folder is left."""
    folder, records = ended
    assert [records[f"good{number}"]["error"] for number in range(4)] == [""] * 4
    assert not list(folder.glob(".work-*"))


def test_a_kernel_that_takes_too_much_is_ended_where_the_system_does_not_limit_it():
    """The watch ends a process whose memory grows past what it may take, and leaves one alone that does not."""
    grower = psutil.Popen(
        [
            sys.executable,
            "-c",
            "import time; held = [bytearray(1 << 20)]; time.sleep(.5); held = b'x' * (300 << 20); time.sleep(9)",
        ]
    )
    watch_memory(grower.pid, 100, threading.Event())
    assert grower.wait(5) != 0


def test_a_small_limit_leaves_room_for_the_kernel_itself(tmp_path: Path):
    """The limit counts from what the kernel has when the notebook starts."""
    assert (
        run(tmp_path, {"small": (["held = bytearray(20 << 20); print(len(held) >> 20)"], {"memory_mb": 60})})["small"][
            "error"
        ]
        == ""
    )


def test_what_papermill_writes_is_written(tmp_path: Path):
    """The executed notebook carries papermill's parameters, status, times and the cell put in, and its kernel."""
    record = run(tmp_path, {"told": (["print(told)"], {"parameters": {"told": "Redditch"}})})["told"]
    assert (record["seen"], said(tmp_path, "told")) == ({"told": "Redditch"}, ["stdout: Redditch\n"])
    notebook = nbformat.read(tmp_path / "run" / "notebooks" / "told.ipynb", as_version=4)
    about = notebook.metadata["papermill"]
    assert about["parameters"] == {"told": "Redditch"}
    assert about["duration"] > 0
    assert about["exception"] is None
    assert notebook.cells[1].metadata["tags"] == ["injected-parameters"]
    assert [cell.metadata["papermill"]["status"] for cell in notebook.cells] == ["completed"] * 3
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    assert notebook.metadata["language_info"]["name"] == "python"


def test_the_record_is_on_disk(ended: tuple[Path, dict[str, Any]]):
    """What became of a task is written beside its notebook, failures too."""
    record = json.loads((ended[0] / "run" / "tasks" / "sleep.json").read_text(encoding="utf-8"))
    assert record["cell"] == 1
    assert record["seconds"] < LIMIT + 20
