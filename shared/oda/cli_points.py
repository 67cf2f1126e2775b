"""How `oda report --points` talks: the file of main points, and which of them somebody should look at again."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from oda.errors import COMMAND, OdaError
from oda.pilot import Pilot

if TYPE_CHECKING:
    from oda.runs import Run


def tell_points(pilot: Pilot, run: Run, accept: Collection[str], *, asked: bool) -> None:
    """Write or complete the file of main points, and say which of them should be looked at again.

    Parameters
    ----------
    pilot, run
        The pilot and its latest run.
    accept
        Points whose words fit the numbers as they are now.
    asked
        Whether main points were asked for, without which there is nothing to accept.
    """
    if not asked:
        raise click.UsageError("--accept is for main points. Add --points, or leave it out.")
    from oda.reports.points.edited import FILE, read_points, results_of
    from oda.reports.points.writing import write_points

    moved = write_points(pilot.folder, results_of(run), accept=accept)
    entries = read_points(pilot.folder) or ()
    edited = sum(entry.edited for entry in entries)
    click.echo(f"{FILE} has {len(entries)} main points, {edited} of them edited. Change their words there.")
    _tell(moved)


def tell_moved(pilot: Pilot, run: Run) -> None:
    """Say which main points of the reports just made should be looked at again; nothing when none should.

    Parameters
    ----------
    pilot, run
        The pilot and the run.
    """
    from oda.reports.points.edited import main_points, results_of

    try:
        _tell(main_points(pilot.folder, results_of(run)).moved)
    except OdaError:
        return  # the reports that show them have said so


def _tell(moved: Collection[str]) -> None:
    """Say what has moved, and what to do."""
    for sentence in moved:
        click.echo(sentence, err=True)
    if moved:
        click.echo(
            f"Nothing is released until somebody has looked at the words: {COMMAND} report --points --accept ID",
            err=True,
        )
