"""The commands around finished reports: how `oda report --lint` talks, and an index of several pilots."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from oda.console import count, refusable
from oda.errors import COMMAND
from oda.pilot import Pilot, load_pilot

if TYPE_CHECKING:
    from oda.reports.build import Report
    from oda.reports.linting.linting import Linted

MOST_TOLD = 40  # findings of one file


def tell_lint(paths: Sequence[Path], *, as_json: bool) -> None:
    """Look at pages and PDFs, say what was found, and exit 1 when anything was or one could not be looked at.

    Parameters
    ----------
    paths
        Files and folders; the reports of the pilot's latest run when there are none.
    as_json
        Print JSON.
    """
    from oda.reports.linting.linting import lint_paths

    found = lint_paths(paths) if paths else _of_run(load_pilot())
    if as_json:
        told = {"pages": found.pages, "pdfs": found.pdfs, "findings": [one.to_dict() for one in found.findings]}
        click.echo(json.dumps({**told, "refused": found.refused}, indent=1, ensure_ascii=False))
    else:
        for line in _lines(found):
            click.echo(line)
        click.echo(f"{_counted(found)} in {count(found.pages, 'page')} and {count(found.pdfs, 'PDF')}.")
    for why in found.refused:
        click.echo(why, err=True)
    if found.findings or found.refused:
        sys.exit(1)


def _lines(found: Linted) -> Iterator[str]:
    """Yield a line for each finding, of one file no more than a person reads."""
    for name, findings in groupby(found.findings, key=lambda one: one.file):
        told = list(findings)
        yield from map(str, told[:MOST_TOLD])
        if len(told) > MOST_TOLD:
            yield f"{name}: and {len(told) - MOST_TOLD:,} more findings. Mend these first; --json has them all."


def tell_findings(made: Report) -> None:
    """Say how many findings the reports have that were just made, and what that means.

    Parameters
    ----------
    made
        The reports.
    """
    from oda.reports.linting.linting import lint_run

    found = lint_run(made.index.parents[1], draft=True)
    if found.findings:
        meaning = "They are warnings while this is a draft; a release is refused. To see them"
        click.echo(f"Lint: {_counted(found)}. {meaning}: {COMMAND} report --lint", err=True)


def _of_run(pilot: Pilot) -> Linted:
    """Look at the reports of the latest run."""
    from oda.preparing import current_run
    from oda.reports.linting.linting import lint_run

    return lint_run(current_run(pilot).folder, draft=True)


def _counted(found: Linted) -> str:
    """Say how many findings there are."""
    return count(len(found.findings), "finding") if found.findings else "No findings"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@refusable
def site(folder: Path) -> None:
    """Write an index page of the published bundles in FOLDER: each pilot's question, answer, state and date."""
    from oda.reports.site import write_site

    page, bundles = write_site(folder)
    click.echo(f"{count(len(bundles), 'published bundle')} listed. Open {page}")
    for one in bundles:
        if one.differences:
            click.echo(f"Do not use {one.folder}: {one.differences[0]}", err=True)
    if any(one.differences for one in bundles):
        sys.exit(1)


COMMANDS = (site,)
