"""Adding a person's key to the list of signers, `governance/allowed_signers`, in the one form that counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from oda.errors import GateError
from oda.governance import keys
from oda.governance.signers import SIGNERS_FILE, read_signers

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def add_signer(folder: Path, *, person: str, roles: Sequence[str], organisation: str, key: Path) -> None:
    """Add a person's key to the list of signers.

    The partnership's own list decides: where its hash is pinned, an added line makes the list another one.

    Parameters
    ----------
    folder
        The pilot's folder.
    person, roles, organisation
        The person's id in people.yml, the roles held, and the organisation's id.
    key
        The public key, or the private one that it belongs to.

    Raises
    ------
    GateError
        When an id is not of the right form, the person is on the list with that key, or the list would have faults.
    SigningError
        When the key cannot be read.
    """
    for name in (person, organisation):
        if not ID.fullmatch(name):
            message = f"{name!r} is not an id. Use small letters, digits and single hyphens, as people.yml does."
            raise GateError(message)
    public = keys.public_key(key)
    principals = ",".join(f"{person}:{role}@{organisation}" for role in roles)
    path = folder / SIGNERS_FILE
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    end = "" if not before or before.endswith("\n") else "\n"
    after = f'{before}{end}{principals} namespaces="{keys.NAMESPACE}" {public.kind} {public.blob}\n'
    faults = read_signers(after)[1]
    if faults:
        message = f"{person} was not added: {faults[0]}"
        raise GateError(message)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(after, encoding="utf-8", newline="\n")
