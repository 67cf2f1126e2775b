"""The commands: each a few lines over the function of the same stage. Exit 0 done, 1 refused or failed, 2 misused."""

from __future__ import annotations

import os
import sys
from typing import Any, Literal

import click

from oda.cli_governance import COMMANDS
from oda.console import console, count, print_table, refusable
from oda.errors import COMMAND
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
@click.option(
    "--workers", type=click.IntRange(1, 64), default=None, help="Notebooks at a time [default: the processors]."
)
@click.option("--again", is_flag=True, help="Run even though nothing has changed.")
@refusable
def run(*, workers: int | None, again: bool) -> None:
    """Run every notebook of the plan, for each district, into runs/."""
    from oda.running import run_plan
    from oda.runs import Outcome

    with _progress() as progress:
        bar = progress.add_task("Notebooks", total=None)

        def on_done(outcome: Outcome) -> None:
            words = f"done in {outcome.seconds:.1f} s" if outcome.done else f"FAILED: {outcome.error.splitlines()[0]}"
            progress.console.print(f"{outcome.task}: {words}", markup=False)
            progress.advance(bar)

        finished, fresh = run_plan(
            load_pilot(),
            workers=workers,
            again=again,
            on_plan=lambda total: progress.update(bar, total=total),
            on_done=on_done,
        )
    folder = f"runs/{finished.id}"
    if not fresh:
        click.echo(
            f"Nothing has changed since {folder} was made; nothing was run. To run all the same: {COMMAND} run --again"
        )
    for outcome in finished.failed:
        cell = "" if outcome.cell is None else f" in cell {outcome.cell + 1}"
        click.echo(
            f"{outcome.task} failed{cell}: {outcome.error}\n  See {folder}/notebooks/{outcome.task}.ipynb", err=True
        )
    done = len(finished.outcomes) - len(finished.failed)
    click.echo(f"{done} of {len(finished.outcomes)} notebooks done. Record: {folder}/run.json")
    if finished.failed:
        sys.exit(1)


def _progress() -> Any:  # noqa: ANN401  rich is imported late
    """Return a progress bar; where there is no terminal only the lines are printed."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(),
        transient=True,
        disable=not sys.stdout.isatty() and "ODA_PROGRESS" not in os.environ,
    )


@main.command()
@click.option("--renderer", type=click.Choice(["auto", "quarto", "builtin"]), default="auto", show_default=True)
@refusable
def report(*, renderer: Literal["auto", "quarto", "builtin"]) -> None:
    """Make the HTML and PDF reports of the latest run, with an index page."""
    from oda.reports.build import build_reports
    from oda.runs import current_run

    pilot: Pilot = load_pilot()
    made = build_reports(pilot, current_run(pilot), renderer=renderer)
    pages, pdfs = (sum(path.suffix == ending for path in made.files) for ending in (".html", ".pdf"))
    click.echo(f"Made {count(pages, 'page')} and {count(pdfs, 'PDF')} with the {made.renderer} renderer.")
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


for command in COMMANDS:
    main.add_command(command)
