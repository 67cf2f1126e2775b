"""What changed between two runs: shown results first, then what differs behind them, then code; never raw outputs."""

from __future__ import annotations

from oda.comparing.changes import CellChange, CodeChange, Difference, NotebookCode, ResultChange, RunChanges, TaskChange
from oda.comparing.choosing import choose_runs
from oda.comparing.reading import read_runs
from oda.comparing.runs import compare_runs, with_code
from oda.comparing.words import say_changes

__all__ = [
    "CellChange",
    "CodeChange",
    "Difference",
    "NotebookCode",
    "ResultChange",
    "RunChanges",
    "TaskChange",
    "choose_runs",
    "compare_runs",
    "read_runs",
    "say_changes",
    "with_code",
]
