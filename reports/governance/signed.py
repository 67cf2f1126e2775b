"""The sign-offs that items rest on, as the pack shows them: what was refused or no longer counts comes first."""

from __future__ import annotations

import re

from oda.governance import Finding, load_checklist
from oda.governance.assessment import Signature, State
from oda.reports.governance import markdown as md
from oda.reports.governance.content import Content
from oda.reports.governance.markdown import Row
from oda.reports.governance.standing import STATES

MOST_ROWS = 100  # of those that count; what was refused or no longer counts is never cut
TROUBLED: tuple[State, ...] = ("rejected", "stale", "expired", "invalid")
WEAKER = "Route: a key is checked on this computer; a pull request only by the hosting platform, and is weaker.\n"


def signed(content: Content) -> str:
    """Write the section on the sign-offs.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    str
        A heading and a table: rejected, stale, expired and invalid first, then the rest in the order of the checklist.
    """
    found = [(_state(one, record), one, record) for one in content.assessment.findings for record in one.signatures]
    found.sort(key=lambda each: TROUBLED.index(each[0]) if each[0] in TROUBLED else len(TROUBLED))
    troubled = sum(state in TROUBLED for state, _, _ in found)
    rows = [_row(content, *each) for each in found]
    shown, more = md.cut(rows, max(MOST_ROWS, troubled), "sign-offs", "governance/signoffs")
    heads = ("Item", "It stands", "Said", "By", "Route", "On", "Until")
    caption = f"Sign-offs that decide an item: {len(rows):,}, of which {troubled:,} rejected or no longer counting"
    table = md.table("signoffs", caption if rows else "Sign-offs", heads, shown)
    return f"## What was signed\n\n{table}{more}" + (f"\n{WEAKER}" if rows else "")


def _state(finding: Finding, record: Signature) -> State:
    """Return how an item stands as far as one sign-off goes; where each controller signs, one may stand and one not."""
    if record.decision == "reject":
        return finding.state if finding.state in TROUBLED else "rejected"
    each = finding.state in TROUBLED or finding.state == "open"
    if each and finding.waiting_for and record.organisation not in finding.waiting_for:
        return "signed"
    return finding.state


def _reason(finding: Finding, record: Signature) -> str:
    """Return why a sign-off stands as it does; of an item that each controller signs, what is said of this one."""
    orgs = {one.organisation for one in finding.signatures}.union(finding.waiting_for)
    if len(orgs) < 2:
        return finding.reason
    parts = re.split(rf"(?:^|; )({'|'.join(sorted(map(re.escape, orgs)))}): |; and \d+ more$", finding.reason)
    own = dict(zip(parts[1::2], parts[2::2], strict=True))
    return own.get(record.organisation, "" if own else finding.reason)


def _row(content: Content, state: State, finding: Finding, record: Signature) -> Row:
    """Return the row of one sign-off, with the reason where it no longer counts."""
    reasons = [*record.conditions, *([_reason(finding, record)] if state in TROUBLED or state == "n/a" else [])]
    roles = load_checklist().roles
    said = [record.decision.replace("_", " "), "; ".join(filter(None, reasons))]
    return (
        finding.item,
        STATES[state],
        ": ".join(filter(None, said)),
        f"{roles.get(record.role, record.role)}, {content.organisation(record.organisation)}",
        record.route,
        record.signed_on,
        record.expires,
    )
