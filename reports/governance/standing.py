"""How the checklist stands, in words and tables that the pages share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from oda.errors import COMMAND
from oda.governance import Finding
from oda.governance.assessment import Assessment, GateState
from oda.reports.governance import markdown as md
from oda.reports.governance.content import Content, minutes

STATES = {
    "open": "To do",
    "signed": "Done: signed",
    "stale": "Sign again: changed since",
    "expired": "Sign again: expired",
    "rejected": "Rejected",
    "invalid": "Not valid",
    "n/a": "Done: does not apply",
    "not_required": "Not needed",
    "met": "Done: checked",
    "failed": "Check failed",
}


def waiting(content: Content) -> tuple[Finding, ...]:
    """Return the items that people have still to sign.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    tuple of Finding
        In the order of the checklist.
    """
    return tuple(f for f in content.assessment.findings if not f.passes and not f.by_machine)


def failing(content: Content) -> tuple[Finding, ...]:
    """Return the checks of the machine that do not pass.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    tuple of Finding
        In the order of the checklist.
    """
    return tuple(f for f in content.assessment.findings if not f.passes and f.by_machine)


def asked(content: Content) -> str:
    """Write who can sign today, and how.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    str
        A table by role; nothing where nobody can sign.
    """
    by_role: dict[str, list[Finding]] = {}
    for finding in _ready(content):
        by_role.setdefault(finding.signers, []).append(finding)
    if not by_role:
        return ""
    rows = [(capital(role), ids(found), duration(minutes(found))) for role, found in by_role.items()]
    return (
        md.table("asked", "Who can sign today", ("Role", "Items", "Time to read"), rows)
        + f"\nTo sign all that is ready for one role: `{COMMAND} sign --role ROLE --ready`. "
        "It shows what you sign first. A person without a key approves in a pull request: that counts, and is weaker.\n"
    )


def signing(content: Content) -> str:
    """Write what each signer says by signing, item by item.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    str
        A heading and a table; nothing where nobody can sign.
    """
    rows = [(named(f), f.confirm, capital(f.signers), duration(f.minutes)) for f in _ready(content)]
    if not rows:
        return ""
    heads = ("Item", "By signing you say", "Who", "Time")
    return "## What can be signed today\n\n" + md.table("ready", "Items that can be signed today", heads, rows)


def _ready(content: Content) -> list[Finding]:
    """Return the items that can be signed today."""
    return [finding for finding in waiting(content) if finding.is_ready]


def next_steps(content: Content) -> str:
    """Write what has to be done before more can be signed.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    str
        A heading and a table, one row a step; nothing where there is no such step.
    """
    steps: dict[str, list[Finding]] = {}
    for finding in content.assessment.findings:
        if not finding.passes and not finding.is_ready:
            steps.setdefault(to_do(finding), []).append(finding)
    rows = [(step, ids(found), "; ".join(_who(found))) for step, found in steps.items()]
    if not rows:
        return ""
    heads = ("What to do", "For item", "Whose item it is")
    return "## What has to be done first\n\nThe files named here are in the folder governance.\n\n" + md.table(
        "steps", "What has to be done before more can be signed", heads, rows
    )


def to_do(finding: Finding) -> str:
    """Say what to do about an item; files stand in the folder governance.

    Parameters
    ----------
    finding
        The item.

    Returns
    -------
    str
        Such as `Fill in dpia.yml`.
    """
    step = finding.next_step.replace("governance/", "") or "see the reason"
    return f"Run: {step}" if step.startswith(COMMAND) else capital(step)


def to_do_and_why(finding: Finding) -> str:
    """Say what to do about an item, and why where it was signed and no longer counts.

    Parameters
    ----------
    finding
        The item.

    Returns
    -------
    str
        Such as `Sign P05 (governance/flows/a.yml changed since it was signed)`.
    """
    why = f" ({finding.reason})" if finding.state not in {"open", "failed"} and finding.reason else ""
    return "Nothing" if finding.passes else to_do(finding) + why


def named(finding: Finding) -> str:
    """Name an item.

    Parameters
    ----------
    finding
        The item.

    Returns
    -------
    str
        Its id and what must be true.
    """
    return f"{finding.item}: {finding.title}"


def ids(findings: Sequence[Finding]) -> str:
    """List items.

    Parameters
    ----------
    findings
        The items.

    Returns
    -------
    str
        Such as `P01, P02`.
    """
    return ", ".join(finding.item for finding in findings)


def duration(total: int) -> str:
    """Say how long something takes.

    Parameters
    ----------
    total
        Minutes.

    Returns
    -------
    str
        Such as `3 hours 35 minutes`.

    Examples
    --------
    >>> duration(215), duration(60), duration(45)
    ('3 hours 35 minutes', '1 hour', '45 minutes')
    """
    hours, left = divmod(total, 60)
    said = [md.count(hours, "hour")] if hours else []
    return " ".join([*said, *([md.count(left, "minute")] if left or not hours else [])])


def _who(findings: Sequence[Finding]) -> list[str]:
    """Name the roles of items, each once."""
    return list(dict.fromkeys(finding.signers for finding in findings))


def capital(text: str) -> str:
    """Begin with a capital.

    Parameters
    ----------
    text
        Words.

    Returns
    -------
    str
        The same words.

    Examples
    --------
    >>> capital("legal adviser")
    'Legal adviser'
    """
    return text[:1].upper() + text[1:]


def gates(assessment: Assessment) -> str:
    """Write the table of gates.

    Parameters
    ----------
    assessment
        How the checklist stands.

    Returns
    -------
    str
        A table: what each gate guards, whether it is open, and what it waits for.
    """
    rows = [
        (capital(gate.title), "Open" if gate.is_open else "Shut", ", ".join(gate.missing) or _why_open(gate))
        for gate in assessment.gates
    ]
    return md.table("gates", "The gates", ("What it lets through", "State", "Waits for"), rows)


def _why_open(gate: GateState) -> str:
    """Say that a gate waits for nothing, and why where there is a reason of its own."""
    if not gate.is_open:
        return capital(gate.reason)
    return "Nothing" if gate.reason.startswith("nothing") else f"Nothing: {gate.reason}"


def in_short(content: Content) -> tuple[str, ...]:
    """Say what is asked today.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    tuple of str
        What can be signed, what waits, and which gates are open.
    """
    people, machine, now = waiting(content), failing(content), _ready(content)
    roles = {finding.signers for finding in now}
    if not people and not machine:
        return ("Nothing is asked of you today: every item is done or not needed.", _gates_in_short(content.assessment))
    if now:
        who = f"by {md.count(len(roles), 'role')}: about {duration(minutes(now))} of reading in all"
        first = f"Today {md.count(len(now), 'item')} can be signed, {who}."
    else:
        first = "Today nothing can be signed yet."
    later = len(people) - len(now)
    rest = []
    if later:
        rest.append(f"{md.count(later, 'item waits', 'items wait')} until something else is done.")
    if machine:
        rest.append(f"{md.count(len(machine), 'check of the machine does', 'checks of the machine do')} not pass.")
    return tuple(filter(None, [first, " ".join(rest), _gates_in_short(content.assessment)]))


def _gates_in_short(assessment: Assessment) -> str:
    """Say which gates are open and which are shut."""
    either = [("Open gates", True), ("Shut gates", False)]
    named_ = [(word, [gate.gate for gate in assessment.gates if gate.is_open is state]) for word, state in either]
    return " ".join(f"{word}: {', '.join(names) or 'none'}." for word, names in named_)


def moment(when: dt.datetime) -> str:
    """Say a moment.

    Parameters
    ----------
    when
        The moment.

    Returns
    -------
    str
        Such as `22 November 2026, 10:05`.
    """
    return f"{when.day} {when:%B %Y, %H:%M}"
