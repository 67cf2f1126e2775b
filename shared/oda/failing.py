"""What went wrong with a notebook, and in which cell, as the one who wrote it would say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill import PapermillExecutionError

from oda.jobs import Job

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LONG = 120  # seconds from which on a time is said in minutes


def say_failure(failure: Exception, job: Job, client: Any) -> dict[str, Any]:  # noqa: ANN401  papermill's, untyped
    """Say why a notebook did not run to its end.

    Parameters
    ----------
    failure
        What papermill raised.
    job
        What was executed.
    client
        What executed it, with `at` and `told_at`, the places of the last cell and of the one that tells parameters,
        and `end`, how its kernel ended; None when it had not begun.

    Returns
    -------
    dict
        `error`, one line or more, and `cell` from 0 where it is known.
    """
    if isinstance(failure, PapermillExecutionError):
        error = f"{failure.ename}: {failure.evalue}"
        if failure.ename == "MemoryError" and job.memory_mb:
            limit = f"it may take {job.memory_mb:,} MB (memory_limit_mb in pilot.yml)"
            error = f"{error.rstrip(': ')}: {limit}" if not failure.evalue else f"{error}; {limit}"
        return {"error": error, "cell": _written(failure.cell_index, job, client)}
    at = _written(client.at, job, client) if client else None
    if isinstance(failure, CellTimeoutError):
        limit = f"{job.seconds:g} seconds" if job.seconds < LONG else f"{job.seconds / 60:g} minutes"
        return {"error": f"TimeoutError: it ran for more than {limit} and was ended.", "cell": at}
    if isinstance(failure, DeadKernelError):
        return {"error": f"DeadKernelError: {client.end if client else 'its kernel did not start'}.", "cell": at}
    return {"error": f"{type(failure).__name__}: {failure}"}


def say_end_of(record: Mapping[str, Any], cells: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say how a notebook ended, for its log: with what its cells say of an error, which may quote data.

    Parameters
    ----------
    record
        Its record.
    cells
        Of the executed notebook.

    Returns
    -------
    list of str
        Lines.

    Examples
    --------
    >>> say_end_of({"error": "", "seconds": 0.2}, [])
    ['done in 0.2 s']
    """
    if not record["error"]:
        left = record.get("undeclared", ())
        return [f"done in {record['seconds']} s", *(f"not kept: {name}" for name in left)]
    where = "" if record.get("cell") is None else f" in cell {record['cell'] + 1}"
    errors = [output for cell in cells for output in cell.get("outputs", ()) if output["output_type"] == "error"]
    traces = [COLOUR.sub("", line) for error in errors for line in error["traceback"]]
    return [f"failed{where}: {record['error']}", *traces]


def _written(at: int | None, job: Job, client: Any) -> int | None:  # noqa: ANN401  papermill's, untyped
    """Return the place of a cell in the notebook as it was written; None for the cell that was put in."""
    if at is None or not job.parameters or client is None or client.told_at is None or at < client.told_at:
        return at
    return None if at == client.told_at else at - 1
