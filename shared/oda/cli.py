"""The commands: each a few lines over the function of the same stage. Exit 0 done, 1 refused or failed, 2 misused."""

from __future__ import annotations

import sys
from typing import Literal

import click

from oda.cli_governance import COMMANDS as OF_GOVERNANCE
from oda.cli_runs import COMMANDS as OF_RUNS
from oda.console import print_table, refusable
from oda.pilot import Pilot, load_pilot


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="oda-toolkit", prog_name="oda")
def main() -> None:
    """Run a pilot of an Office of Data Analytics: check, data, run, report."""


@main.command()
@click.argument("names", nargs=-1)
@refusable
def data(names: tuple[str, ...]) -> None:
    """Load each dataset, or those named, and account for every row."""
    from oda.datasets import load_datasets
    from oda.loading import load
    from oda.panel import make_panel

    pilot = load_pilot()
    for name in names or [card.name for card in load_datasets(pilot)]:
        loaded = load(name, pilot)
        make_panel(loaded, pilot)  # refuses a dataset that the notebooks could not use
        audit = loaded.audit
        left = audit.rows_read - audit.rows_used
        gaps = len(audit.missing_periods) + sum(audit.missing_values.values())
        files = ", ".join(f"{file.name} ({file.encoding or 'binary'})" for file in audit.files)
        click.echo(
            f"{name}: {audit.rows_used:,} rows used of {audit.rows_read:,} in {files}; {left:,} left out, "
            f"{gaps:,} gaps."
        )


@main.command()
@click.option("--renderer", type=click.Choice(["auto", "quarto", "builtin"]), default="auto", show_default=True)
@refusable
def report(*, renderer: Literal["auto", "quarto", "builtin"]) -> None:
    """Make the HTML and PDF reports of the latest run, with an index page."""
    from oda.preparing import current_run
    from oda.reports.build import build_reports

    pilot: Pilot = load_pilot()
    made = build_reports(pilot, current_run(pilot), renderer=renderer)
    click.echo(made.summary)
    for note in made.notes:
        click.echo(note, err=True)
    for failure in made.failures:
        click.echo(f"Not made: {failure}", err=True)
    click.echo(f"Open {made.index}")
    if made.failures:
        sys.exit(1)


@main.command()
@refusable
def doctor() -> None:
    """Say what this machine has and lacks, with the fix."""
    from oda.doctor import examine

    checks = examine(load_pilot())
    rows = [
        (c.name, "ok" if c.ok else "lacks" if c.needed else "optional", c.found, "" if c.ok else c.fix) for c in checks
    ]
    print_table("This machine", ("What", "State", "Found", "To do"), rows)
    if any(c.needed and not c.ok for c in checks):
        sys.exit(1)


for command in (*OF_RUNS, *OF_GOVERNANCE):
    main.add_command(command)
