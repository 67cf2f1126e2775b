"""The commands of governance: check, sign, card, release, publish and those around them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from oda.cli_keys import ROLES, keys, trust
from oda.console import count, print_table, refusable
from oda.errors import COMMAND, GateError
from oda.pilot import load_pilot

if TYPE_CHECKING:
    from oda.governance.assessment import Finding
    from oda.governance.preparing import Act, Prepared
    from oda.governance.probes import Check
    from oda.pilot import Pilot


@click.command()
@click.argument("item", required=False)
@click.option("--items", is_flag=True, help="List every item that this pilot needs, with its state.")
@click.option("--all", "everything", is_flag=True, help="List the items that are not required, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the assessment as JSON.")
@click.option(
    "--gate",
    type=click.Choice(["load", "link", "train", "act", "publish", "close"]),
    help="Exit 1 if this gate is shut.",
)
@refusable
def check(*, item: str | None, items: bool, everything: bool, as_json: bool, gate: str | None) -> None:
    """Show what the information-governance checklist still needs, who signs, and how long it takes."""
    from oda.governance import assess
    from oda.governance.showing import show

    pilot = load_pilot()
    assessment = assess(pilot)
    if as_json:
        click.echo(json.dumps(assessment.to_dict(), indent=1, ensure_ascii=False))
    elif item:
        _show_item(pilot, assessment.finding(item.upper()))
    else:
        shown = show(assessment, items="all" if everything else "needed" if items else "none")
        click.echo(shown.headline)
        for table in shown.tables:
            print_table(table.caption, table.headings, table.rows)
        for note in shown.notes:
            click.echo(note)
        if items or everything:
            click.echo(shown.headline)  # once more, where a person looks after a long table
    if gate and not assessment.gate(gate).is_open:
        sys.exit(1)


def _show_item(pilot: Pilot, finding: Finding) -> None:
    """Show one item: what is signed, how it stands, who signs and what is next."""
    from oda.governance.gathering import gather
    from oda.governance.telling import tell

    evidence, _ = gather(pilot)
    item = evidence.checklist.item(finding.item)
    if item.by_machine:
        click.echo(f"{item.id}  {item.title}\n{item.confirm}\nSource: {item.source}.")
    else:
        click.echo(tell(item, evidence))
    click.echo(f"\nState: {finding.state.replace('_', ' ')}. {finding.reason}".rstrip())
    click.echo(f"Who: {finding.signers}. Gates: {', '.join(finding.gates)}.")
    if finding.waiting_for:
        click.echo(f"Waiting for: {', '.join(finding.waiting_for)}.")
    for one in finding.signatures:
        click.echo(
            f"{one.decision.replace('_', ' ')} by {one.role} of {one.organisation} on {one.signed_on}, until "
            f"{one.expires}, by {one.route} ({one.record})"
        )
    if finding.next_step:
        click.echo(f"Next: {finding.next_step}")


@click.command()
@click.argument("items", nargs=-1)
@click.option("--ready", "all_ready", is_flag=True, help="All that is ready for the role, in one go.")
@click.option("--role", type=click.Choice(ROLES), help="The role to sign in, where the key has several.")
@click.option("--as", "person", help="The person to sign as, where the key has several.")
@click.option("--key", type=click.Path(path_type=Path), help="The private key [default: the one in ~/.ssh that fits].")
@click.option("--reject", is_flag=True, help="Reject; needs --reason.")
@click.option("--not-applicable", is_flag=True, help="Say that the item does not apply; needs --reason.")
@click.option("--condition", "conditions", multiple=True, help="Approve on this condition; may be given several times.")
@click.option("--reason", default="", help="Why.")
@click.option("--days", type=click.IntRange(1), help="How long it holds [default: as long as the item allows].")
@click.option("--for", "on_behalf", default="", help="A person without a key, as person:role@organisation.")
@click.option("--pull-request", type=click.IntRange(1), help="The pull request in which that person approved.")
@click.option("--yes", is_flag=True, help="Do not ask; for those who have read it already.")
@refusable
def sign(
    *,
    items: tuple[str, ...],
    all_ready: bool,
    role: str | None,
    person: str | None,
    key: Path | None,
    yes: bool,
    **words: Any,  # noqa: ANN401  the words of `_act`
) -> None:
    """Sign items of the checklist, or reject them, with an SSH key; what is signed is shown first."""
    from oda.governance import preparing, signing

    if bool(items) == all_ready:
        message = f"Name the items to sign, such as {COMMAND} sign P01, or give --ready for all that is ready."
        raise click.UsageError(message)
    pilot = load_pilot()
    act = _act(**words)
    own_role = "" if act.on_behalf else role or ""
    key = key or preparing.find_key(pilot, role=own_role, person=person or "")
    signer = preparing.who_signs(pilot, key, role=own_role, person=person or "")
    prepared = preparing.prepare(pilot, signer, items, act=act, all_ready=all_ready)
    _show_prepared(prepared)
    if not yes:
        _ask(prepared)
    for record in signing.sign(pilot, prepared, key):
        click.echo(f"Written: {record.relative_to(pilot.folder).as_posix()} and its .sig")
    receipt = signing.receipt(pilot)
    click.echo(
        f"Receipt: {receipt}. Keep it: while {COMMAND} trust --receipt finds it, nothing before it was taken out."
    )


def _act(
    *,
    reject: bool,
    not_applicable: bool,
    conditions: tuple[str, ...],
    reason: str,
    days: int | None,
    on_behalf: str,
    pull_request: int | None,
) -> Act:
    """Put the words of the command together as what is decided."""
    from oda.governance.preparing import Act

    if reject + not_applicable + bool(conditions) > 1:
        raise click.UsageError("--reject, --not-applicable and --condition are three decisions; give one.")
    decision = "reject" if reject else "not_applicable" if not_applicable else "approve"
    return Act(
        decision="approve_with_conditions" if conditions else decision,  # type: ignore[arg-type]  # one of four texts
        reason=reason,
        conditions=conditions,
        days=days,
        on_behalf=on_behalf,
        pull_request=pull_request,
    )


def _show_prepared(prepared: Prepared) -> None:
    """Show what would be signed, item by item."""
    from oda.governance.telling import tell

    for item in prepared.items:
        click.echo("-" * 80)
        click.echo(tell(item, prepared.evidence, prepared.organisation, act=prepared.act))
    click.echo("-" * 80)


def _ask(prepared: Prepared) -> None:
    """Ask before signing; nothing but yes is a yes."""
    from oda.governance.telling import asking

    question = asking(prepared.evidence, prepared.act, prepared.items, prepared.role, prepared.organisation)
    if click.prompt(question, default="no", show_default=False) != "yes":
        raise GateError("Nothing was signed.")


@click.command()
@click.argument("name")
@refusable
def card(*, name: str) -> None:
    """Write the hash, the size and the rows of a dataset's file into its card."""
    from oda.datasets import find_dataset
    from oda.describing import describe_file

    pilot = load_pilot()
    measured, rows = describe_file(pilot, find_dataset(pilot, name))
    click.echo(f"{name}: {count(rows, 'row')}, {measured.bytes:,} bytes, {measured.hash}, written into its card.")
    click.echo(f"Its owner signs the card again: {COMMAND} sign D01")


@click.command()
@refusable
def schema() -> None:
    """Write the JSON Schemas of the files in governance/ for editors."""
    from oda.governance.files.schemas import write_schemas

    made = write_schemas(load_pilot().folder)
    click.echo(f"Wrote {count(len(made), 'schema')} to governance/schema.")


@click.command()
@click.argument("name")
@refusable
def draft(*, name: str) -> None:
    """Write a file of governance/ that is not there yet: NAME is such as close, model/plan or flows/ID."""
    from oda.governance.drafts import write_draft

    pilot = load_pilot()
    place = write_draft(pilot.folder, name).relative_to(pilot.folder).as_posix()
    click.echo(f"Wrote {place}. Put an answer in place of each TODO; {COMMAND} check says what is left.")


@click.command()
@click.option("--staged", is_flag=True, help="Only what is about to be committed.")
@click.option("--install", is_flag=True, help="Have git run this before each commit.")
@refusable
def scan(*, staged: bool, install: bool) -> None:
    """Look for secrets and personal data in what git holds; exit 1 when there are any."""
    from oda.governance.probes import install_hook
    from oda.governance.probes import scan as look

    folder = load_pilot().folder
    if install:
        click.echo(f"Git now runs this before each commit: {install_hook(folder).name}")
        return
    _say_checks(look(folder, staged=staged))


def _say_checks(checks: tuple[Check, ...]) -> None:
    """Print what was found, and exit 1 when something is wrong."""
    for one in checks:
        word = {True: "ok", False: "WRONG", None: "not known"}[one.passed]
        click.echo(f"{word}: {one.finding}{f'. To do: {one.mend}' if one.mend else ''}")
    if any(one.passed is False for one in checks):
        sys.exit(1)


@click.command()
@click.option("--name", help="What to call the release [default: the pilot's folder name].")
@click.option("--renderer", type=click.Choice(["auto", "quarto", "builtin"]), default="auto", show_default=True)
@refusable
def release(*, name: str | None, renderer: Literal["auto", "quarto", "builtin"]) -> None:
    """Make the pages of the latest run as they would be published, and the list of them that is signed."""
    from oda.preparing import current_run
    from oda.reports.publishing import prepare_release

    pilot = load_pilot()
    path = prepare_release(pilot, current_run(pilot), name=name, renderer=renderer)
    click.echo(f"Wrote {path.relative_to(pilot.folder).as_posix()}. {COMMAND} check says who signs it.")


@click.command()
@refusable
def publish() -> None:
    """Copy the signed release to published/, with a manifest and hashes."""
    from oda.preparing import current_run
    from oda.reports.publishing import publish as stage

    pilot = load_pilot()
    bundle = stage(pilot, current_run(pilot))
    folder = bundle.folder.relative_to(pilot.folder).as_posix()
    click.echo(
        f"Published {count(len(bundle.files), 'file')} in {folder}. To check it later: {COMMAND} verify {folder}"
    )


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@refusable
def verify(*, folder: Path) -> None:
    """Hold a published folder against its manifest and what was signed; exit 1 when anything differs."""
    from oda.reports.governance.verifying import compare_with_signed, verify_bundle

    differences = verify_bundle(folder)
    for difference in differences:
        click.echo(difference, err=True)
    if differences:
        sys.exit(1)
    click.echo(f"{folder.name}: {compare_with_signed(folder).said}")


@click.command()
@click.argument("names", nargs=-1)
@refusable
def export(*, names: tuple[str, ...]) -> None:
    """Write the pack for the governance group, the public page and the registers into exports/."""
    from oda.reports.governance import export as make

    pilot = load_pilot()
    for path in make(pilot, names, say=click.echo):
        click.echo(f"Wrote {path.relative_to(pilot.folder).as_posix()}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--to", "target", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@refusable
def act(*, file: Path, target: Path) -> None:
    """Give a list of people to a service: copy FILE to a folder, where the gate `act` lets it."""
    from oda.handing_over import hand_over

    handed = hand_over(load_pilot(), file, target)
    click.echo(f"Copied {handed.name} to {target.name}; the log says so.")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@refusable
def close(*, yes: bool) -> None:
    """Close the pilot: after that no personal data load here again."""
    from oda.governance.gates import close_pilot

    if not yes and click.prompt("Close the pilot for good? Type yes", default="no", show_default=False) != "yes":
        raise GateError("The pilot is not closed.")
    close_pilot(load_pilot())
    click.echo("The pilot is closed. What was published stays.")


COMMANDS = (check, sign, keys, trust, card, draft, schema, scan, release, publish, verify, export, act, close)
