"""The record of quality assurance held against the calendar: nothing was answered or assured on a day to come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from oda.governance.evidence import Evidence
from oda.governance.files.logs import LOGS
from oda.governance.probes.check import shorten
from oda.governance.trouble import Trouble

RECORDS = "governance/aqa/*.yml"


def quality_dates(evidence: Evidence) -> Iterator[Trouble]:
    """O03: the questions, the statement and the rows of the logs are dated on days that have been.

    Parameters
    ----------
    evidence
        The files and the moment.

    Yields
    ------
    Trouble
        One that names the dates to come; none where there are none.
    """
    today = evidence.today.isoformat()
    places = [*(held.place for held in evidence.holdings.matching(RECORDS)), *LOGS]
    files = {place: evidence.holdings.held[place].raw for place in places if place in evidence.holdings.held}
    early = [f"{where} in {place}" for place, raw in files.items() for where, day in _days(raw) if day > today]
    if early:
        reason = f"{shorten(early)} is dated in the future"
        yield Trouble(state="invalid", reason=reason, mend="write the day on which it was done")


def _days(content: Any, place: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401  plain content of any kind
    """Yield the place of each date on which something was done, and the date."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            here = f"{place}.{name}".removeprefix(".")
            if str(name).endswith("_on") and str(value)[:1].isdigit():  # not a TODO
                yield here, str(value)[:10]
            yield from _days(value, here)
    elif isinstance(content, list):
        for number, row in enumerate(content):
            name = row.get("id") if isinstance(row, Mapping) else None
            yield from _days(row, f"{place}.{name or number}".removeprefix("."))
