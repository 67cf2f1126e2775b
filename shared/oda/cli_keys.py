"""The commands about who may sign: keys and trust."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from oda.console import print_table, refusable
from oda.errors import COMMAND, GateError
from oda.pilot import load_pilot

ROLES = ("sro", "igl", "igl_police", "dpo", "siro", "cg", "cdo", "iao", "asr", "oc", "leg")


@click.group()
def keys() -> None:
    """Make a key, and put people on the list of signers."""


@keys.command("make")
@click.argument("file", type=click.Path(path_type=Path))
@refusable
def keys_make(*, file: Path) -> None:
    """Make a key for signing in FILE, and its public part beside it; it asks for a passphrase."""
    from oda.governance.keys import make_key

    make_key(file)
    click.echo(f"Made {file.name} (keep it to yourself) and {file.name}.pub (give it to whoever keeps the list).")


@keys.command("add")
@click.option("--person", required=True, help="The person's id in people.yml, such as igl-1.")
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, required=True)
@click.option("--organisation", required=True, help="The organisation's id in partners.yml.")
@click.option("--key", type=click.Path(path_type=Path, exists=True), required=True, help="The public key, a .pub file.")
@refusable
def keys_add(*, person: str, roles: tuple[str, ...], organisation: str, key: Path) -> None:
    """Add a person's key to governance/allowed_signers; the partnership's list decides whether it counts."""
    from oda.governance.listing import add_signer
    from oda.governance.trust import load_trust

    pilot = load_pilot()
    add_signer(pilot.folder, person=person, roles=roles, organisation=organisation, key=key)
    click.echo(f"Added {', '.join(f'{person}:{role}@{organisation}' for role in roles)}.")
    click.echo(f"The list's SHA-256 is now {load_trust(pilot.folder).sha256}; {COMMAND} trust says what to do with it.")


@click.command()
@click.option("--receipt", help="Look for what a signer was given after signing.")
@refusable
def trust(*, receipt: str | None) -> None:
    """Say who may sign, and whether the list of signers is the one that is pinned outside the project."""
    from oda.governance.log import read_log
    from oda.governance.trust import VARIABLE, load_trust

    pilot = load_pilot()
    if receipt:
        found = [entry for entry in read_log(pilot.folder).entries if entry.sha256 == receipt.strip()]
        if not found:
            message = "That receipt is not in the log: something that was signed was taken out. Restore the log."
            raise GateError(message)
        click.echo(f"Found: line {found[0].number} of the log, of {found[0].time:%Y-%m-%d %H:%M} UTC.")
        return
    held = load_trust(pilot.folder)
    rows = [(s.person, s.role, s.organisation, s.key.fingerprint) for s in held.signers]
    print_table("Who may sign", ("Person", "Role", "Organisation", "Key"), rows)
    for fault in held.faults:
        click.echo(fault, err=True)
    words = {True: "equals", False: "is NOT", None: "cannot be compared with"}[held.matches]
    click.echo(f"SHA-256 of governance/allowed_signers: {held.sha256 or 'there is no list'}")
    click.echo(f"It {words} the one in {held.place}{'' if held.pin else ', which has none'}.")
    click.echo(
        "Whoever keeps the partnership's list tells each person who runs this pilot that number, by another way than "
        f"this folder. An administrator puts it in the file above, or each person sets it as {VARIABLE}."
    )
    if held.matches is False or held.faults:
        sys.exit(1)
