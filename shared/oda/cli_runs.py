"""The commands about runs: what would run and why, the run itself, and what has changed between two."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import click

from oda.console import count, refusable
from oda.errors import COMMAND

if TYPE_CHECKING:
    from oda.preparing import Prepared

SHOWN = ("auto", "rich", "plain", "quiet", "json")
NAMED = 3  # notebooks named in a line
AGAIN = f"{COMMAND} run --again"
ONLY = click.option(
    "--only", multiple=True, metavar="NAME", help="Only this district, notebook or task; may be given more than once."
)


@click.command()
@ONLY
@click.option("--dry-run", is_flag=True, help="Say what would run and why, and run nothing.")
@click.option("--again", is_flag=True, help="Run even what has not changed.")
@click.option(
    "--keep-going/--fail-fast", default=True, show_default=True, help="What to do once a notebook has failed."
)
@click.option("--retry", type=click.IntRange(0, 9), default=0, help="How often to try a failed notebook again.")
@click.option(
    "--workers", type=click.IntRange(1, 61), default=None, help="Notebooks at a time [default: as suits the machine]."
)
@click.option(
    "--progress", type=click.Choice(SHOWN), default=None, help="How to show what is going on [default: auto]."
)
@click.option("--quiet", "-q", is_flag=True, help="Say only what failed, and how it ended.")
@click.option("--json", "as_json", is_flag=True, help="Say everything as JSON, one object a line.")
@click.option("--scheduler", default=None, metavar="ADDRESS", help="Run on Dask: tcp://host:8786, or local.")
@click.option(
    "--files", default="", metavar="URL", help="Where Dask's workers find this folder, if not at the same path."
)
@refusable
def run(*, dry_run: bool, progress: str | None, quiet: bool, as_json: bool, **chosen: Any) -> None:  # noqa: ANN401  click's
    """Run what has changed of the plan, for each district, into runs/."""
    from oda.pilot import load_pilot
    from oda.preparing import Policy, prepare

    shown = _one_of(progress, quiet=quiet, as_json=as_json)
    chosen["scheduler"] = _scheduler(chosen["scheduler"], files=chosen["files"])
    fail_fast, retries = not chosen.pop("keep_going"), chosen.pop("retry")
    with _warm(unless=dry_run or chosen["scheduler"]) as warm:
        prepared = prepare(load_pilot(), Policy(fail_fast=fail_fast, retries=retries, **chosen))
        if dry_run:
            _tell_plan(prepared, as_json=shown == "json")
        elif prepared.finished:
            _tell_unchanged(prepared, shown)
        else:
            _execute(prepared, shown, warm)


def _warm(*, unless: object) -> AbstractContextManager[Any]:
    """Start what kernels come from while settings are still read; it ends with the context, needed or not."""
    if unless:
        return nullcontext()
    from oda.kernels.warming import Warm

    return Warm()


def _scheduler(address: str | None, *, files: str) -> str:
    """Return the scheduler that was named, empty when none was; refuse a name that is empty, as of a lost variable."""
    if address is not None and not address.strip():
        raise click.UsageError("--scheduler is empty. Give an address, such as tcp://host:8786, or leave it out.")
    if files and not address:
        raise click.UsageError("--files is for Dask's workers. Give --scheduler too, or leave it out.")
    return (address or "").strip()


def _one_of(progress: str | None, *, quiet: bool, as_json: bool) -> str:
    """Return how to show what is going on, which may be said in one way only."""
    said = {
        f"--progress {progress}": progress,
        "--quiet": "quiet" if quiet else "",
        "--json": "json" if as_json else "",
    }
    given = {name: kind for name, kind in said.items() if kind}
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other. Give one of them.")
    return next(iter(given.values()), "auto")


def _tell_unchanged(prepared: Prepared, shown: str) -> None:
    """Say that nothing has changed of what was asked for, all of which is done."""
    from oda.summary import tell_counts

    name, done, plan = prepared.folder.name, len(prepared.asked), len(prepared.tasks)
    if shown == "json":
        click.echo(json.dumps({"event": "unchanged", "run": name, "done": done, "total": done, "plan": plan}))
        return
    counts = tell_counts({"done": done}, total=done, plan=plan if done < plan else None)
    click.echo(f"Nothing has changed since runs/{name} was made; nothing was run. To run all the same: {AGAIN}")
    click.echo(f"{counts}. Record: runs/{name}/run.json")


def _execute(prepared: Prepared, kind: Any, warm: Any) -> None:  # noqa: ANN401  one of click's choices
    """Run what is to be done, show it, and exit with 1 when anything that was asked for is not done."""
    from oda.progress import display
    from oda.running import execute_plan
    from oda.summary import asked_for, one_line, summarise

    with display(kind) as shown:
        if prepared.broken:
            shown.message(f"{prepared.broken}; it is made again.")
        record = execute_plan(prepared, shown=shown, warm=warm)
        shown.summary(one_line(record))
    if kind not in ("json", "quiet"):
        for line in summarise(record, short=True)[1:]:
            click.echo(line)
    if record["status"] == "stopped" or any(outcome["error"] for outcome in asked_for(record)):
        sys.exit(1)


@click.command()
@ONLY
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
@refusable
def status(*, only: tuple[str, ...], as_json: bool) -> None:
    """Say of each notebook and district whether it is fresh, or why it must run."""
    from oda.pilot import load_pilot
    from oda.preparing import Policy, prepare

    prepared = prepare(load_pilot(), Policy(only=only))
    causes = {verdict.task.name: verdict.cause for verdict in prepared.verdicts if verdict.task.name in prepared.named}
    if as_json:
        told = {"run": prepared.folder.name, "finished": prepared.finished, "broken": prepared.broken, "causes": causes}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for task in prepared.tasks:
        if task.name in causes:
            click.echo(f"{task.label}: {causes[task.name] or 'fresh'}")
    stale = sum(map(bool, causes.values()))
    if prepared.broken:
        click.echo(f"{prepared.broken}.")
    click.echo(f"{len(causes) - stale} of {count(len(causes), 'notebook')} fresh.{_next_step(prepared, stale)}")


def _next_step(prepared: Prepared, stale: int) -> str:
    """Say what to do about what is not fresh, or is of another run."""
    if stale:
        return f" To run the {f'{stale} others' if stale > 1 else 'other'}: {COMMAND} run"
    return "" if prepared.finished else f" To gather them as a run of the inputs as they are now: {COMMAND} run"


def _tell_plan(prepared: Prepared, *, as_json: bool) -> None:
    """Say what would run, and why."""
    from oda.preparing import FOLLOWS

    to_do, may = prepared.to_do, prepared.may_run
    labels = {task.name: task.label for task in prepared.tasks}
    if as_json:
        would = {name: cause for name, cause in to_do.items() if name not in may}
        told = {"run": prepared.folder.name, "broken": prepared.broken, "would_run": would, "may_run": may}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for name, cause in to_do.items():
        click.echo(f"{labels[name]}: {cause}")
    if prepared.broken:
        click.echo(f"{prepared.broken}; it would be made again.")
    kept = len(prepared.asked) - len(to_do)
    first = list(dict.fromkeys(cause.removeprefix(FOLLOWS) for cause in may.values()))
    they = f"{'they follow' if len(may) > 1 else 'it follows'} {', '.join(first[:NAMED])}"
    more = f" and {len(first) - NAMED} more" if len(first) > NAMED else ""
    only = f" {len(may)} may run ({they}{more})," if may else ""
    click.echo(f"{count(len(to_do) - len(may), 'notebook')} would run,{only} {kept} would be kept as they are.")


@click.command()
@click.argument("names", metavar="[RUN] [RUN]", nargs=-1)
@click.option("--code/--no-code", default=True, show_default=True, help="Show which code cells differ.")
@click.option("--all", "everything", is_flag=True, help="Tell every difference, however many.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@refusable
def diff(*, names: tuple[str, ...], code: bool, everything: bool, as_json: bool) -> None:
    """Show what changed between two runs: shown results first, then what differs behind them, then code.

    RUN is a run's id, a beginning of it that no other run has, its folder, or `latest` or `previous`. One RUN is held
    against the latest; with none, the previous run is.
    """
    from oda.comparing import choose_runs, compare_runs, read_runs, say_changes, with_code
    from oda.pilot import load_pilot

    if len(names) > 2:
        raise click.UsageError(f"{len(names)} runs are named. Name two at most.")
    old, new = read_runs(*choose_runs(load_pilot().folder, names))
    changes = compare_runs(old, new)
    if code:
        changes = with_code(changes, old, new)
    if as_json:
        click.echo(json.dumps(changes.to_dict(), indent=1, ensure_ascii=False))
    else:
        click.echo(say_changes(changes, everything=everything))


COMMANDS = (run, status, diff)
