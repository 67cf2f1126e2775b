"""The commands: each a few lines over the function of the same stage. Exit 0 done, 1 refused or failed, 2 misused."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from oda.cli_governance import COMMANDS as OF_GOVERNANCE
from oda.cli_points import tell_moved, tell_points
from oda.cli_reports import COMMANDS as OF_REPORTS
from oda.cli_reports import tell_findings, tell_lint
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
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--renderer", type=click.Choice(["auto", "quarto", "builtin"]), default="auto", show_default=True)
@click.option("--lint", is_flag=True, help="Make nothing; look for what a reader would trip over.")
@click.option("--json", "as_json", is_flag=True, help="With --lint: print what was found as JSON.")
@click.option("--points", is_flag=True, help="Make nothing; write or complete reports/main-points.yml, to be edited.")
@click.option("--accept", multiple=True, metavar="ID", help="With --points: the words of this point fit its numbers.")
@refusable
def report(
    *,
    files: tuple[Path, ...],
    renderer: Literal["auto", "quarto", "builtin"],
    lint: bool,
    as_json: bool,
    points: bool,
    accept: tuple[str, ...],
) -> None:
    """Make the HTML and PDF reports of the latest run, with an index page.

    FILES are for --lint: pages, PDFs or folders of them, whatever made them; without any, it looks at the reports that
    are there.
    """
    from oda.preparing import current_run
    from oda.reports import by_hand
    from oda.reports.build import STAGED, build_reports, choose_renderer

    if lint:
        tell_lint(files, as_json=as_json)
        return
    if files or as_json:
        raise click.UsageError("FILES and --json are for the lint. Add --lint, or leave them out.")
    pilot: Pilot = load_pilot()
    run = current_run(pilot)
    if points or accept:
        tell_points(pilot, run, accept, asked=points)
        return
    if choose_renderer(renderer) == "quarto":
        click.echo("Quarto makes what has changed; that takes some seconds for each report.", err=True)
    made = build_reports(pilot, run, renderer=renderer)
    click.echo(made.summary)
    if by_hand.write(pilot.folder, made.pages, made.index.parents[1] / STAGED):
        click.echo("The extension for Quarto, reports/_extensions/oda, is now that of this version of oda.")
    for said in (*made.notes, *(f"Not made: {failure}" for failure in made.failures)):
        click.echo(said, err=True)
    tell_moved(pilot, run)
    tell_findings(made)
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


for command in (*OF_RUNS, *OF_REPORTS, *OF_GOVERNANCE):
    main.add_command(command)
