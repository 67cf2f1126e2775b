"""The day of a report: it follows from what went in, so the same inputs give the same bytes on any other day.

A report that is released has the day of its release. A draft has the last day of its data, and says that it is that:
the result `data-until`, which the notebook that accounts for the data records. Where no notebook records one, it has
the day on which these inputs were run for the first time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from oda.errors import RenderError
from oda.results import Fact
from oda.runs import Run

DATA_UNTIL = "data-until"
_RELEASED = "released"


def on_release(run: Run, day: dt.date) -> Run:
    """Return a run whose reports have the day of their release.

    Parameters
    ----------
    run
        A finished run.
    day
        The day of the release.

    Returns
    -------
    Run
        The same, with the day in its record as it is in memory.
    """
    return replace(run, record={**run.record, _RELEASED: day.isoformat()})


def day_of(run: Run) -> dt.date:
    """Return the day that the reports of a run bear.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    datetime.date
        The day of the release, else the last day of the data, else that of the first run of these inputs.

    Raises
    ------
    RenderError
        When a notebook recorded a last day of the data that is none.
    """
    told = run.record.get(_RELEASED) or _data_until(run) or run.record.get("first") or run.record["started"]
    try:
        return dt.date.fromisoformat(str(told)[:10])
    except ValueError as error:
        message = f"Result {DATA_UNTIL!r} has the value {told!r}, which is not a day. Record it as YYYY-MM-DD."
        raise RenderError(message) from error


def date_fields(run: Run) -> Mapping[str, str]:
    """Return what the front matter of a report says of its day.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    mapping
        `date`, and as `date-label` what day it is when it is the last one of the data.
    """
    date = {"date": day_of(run).isoformat()}
    return date if run.record.get(_RELEASED) or not _data_until(run) else {**date, "date-label": "Data to"}


def _data_until(run: Run) -> str:
    """Return the last day of the data as notebooks recorded it, the latest where several did."""
    found = (results.get(DATA_UNTIL) for results in run.once.values())
    return max((str(one.value) for one in found if isinstance(one, Fact) and one.value), default="")
