"""The checklist shown to people: the answer first, then who does what next and how long it takes, then the items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from oda.errors import COMMAND
from oda.governance.assessing import assess
from oda.governance.assessment import Assessment, Finding
from oda.governance.checklist import load_checklist
from oda.pilot import Pilot, load_pilot

WIDEST = 170  # characters of a reason in a table; the whole of it is in `check ITEM` and in --json
ITEM_HEADINGS = ("Item", "What must be true", "How it stands", "Who", "Next")
NEXT_HEADINGS = ("Who", "Can sign now", "To do first", "Minutes")
GATE_HEADINGS = ("Gate", "State", "Waits for")


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTable:
    """One table: its caption, its headings and its rows of text."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The checklist as people see it, in a terminal and in JupyterLab.

    Attributes
    ----------
    headline
        The answer, in a sentence or two.
    tables
        The gates, what is next by role, and the items.
    notes
        What else a reader must know, a sentence each.
    """

    headline: str
    tables: tuple[ShownTable, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """Show it as plain text."""
        tables = ["\n".join([t.caption, *("  " + " | ".join(row) for row in t.rows)]) for t in self.tables]
        return "\n\n".join([self.headline, *tables, "\n".join(self.notes)])

    def _repr_html_(self) -> str:
        """Show it in JupyterLab."""
        tables = "".join(map(_html_table, self.tables))
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<p><strong>{escape(self.headline)}</strong></p>{tables}{notes}"


def _html_table(shown: ShownTable) -> str:
    """Write a table with its caption and its headings."""
    left = ' style="text-align:left;vertical-align:top;white-space:normal"'
    heads = "".join(f'<th scope="col"{left}>{escape(head)}</th>' for head in shown.headings)
    rows = "".join(
        f'<tr><th scope="row"{left}>{escape(row[0])}</th>'
        + "".join(f"<td{left}>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in shown.rows
    )
    caption = f'<caption style="text-align:left"><strong>{escape(shown.caption)}</strong></caption>'
    return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def check(pilot: Pilot | None = None, *, everything: bool = False) -> Shown:
    """Assess the checklist of a pilot and show how it stands, in a notebook as in `oda check`.

    Parameters
    ----------
    pilot
        The pilot's settings; those of the folder one works in when not given.
    everything
        Whether to list items that are not required, too.

    Returns
    -------
    Shown
        The answer first, then what is next by role, then the items.
    """
    return show(assess(pilot or load_pilot()), everything=everything)


def show(assessment: Assessment, *, everything: bool = False) -> Shown:
    """Show how the checklist stands.

    Parameters
    ----------
    assessment
        How it stands.
    everything
        Whether to list items that are not required, too.

    Returns
    -------
    Shown
        For a terminal and for JupyterLab.
    """
    spared = [finding for finding in assessment.findings if finding.state == "not_required"]
    listed = [finding for finding in assessment.findings if everything or finding.state != "not_required"]
    tables = [
        ShownTable(caption="Gates", headings=GATE_HEADINGS, rows=tuple(_gate_rows(assessment))),
        ShownTable(caption="What is next, by role", headings=NEXT_HEADINGS, rows=tuple(_next_rows(assessment))),
        ShownTable(caption="Items", headings=ITEM_HEADINGS, rows=tuple(map(_item_row, listed))),
    ]
    return Shown(
        headline=headline(assessment),
        tables=tuple(table for table in tables if table.rows),
        notes=tuple(_notes(assessment, 0 if everything else len(spared))),
    )


def headline(assessment: Assessment) -> str:
    """Say in a sentence or two which gates are shut and what comes next.

    Parameters
    ----------
    assessment
        How the checklist stands.

    Returns
    -------
    str
        The answer for someone who reads no further.
    """
    shut = [gate for gate in assessment.gates if not gate.is_open]
    if not shut:
        return "Every gate is open."
    named = ", ".join(f"{gate.gate} ({_count(len(gate.missing), 'item')})" for gate in shut)
    ready = [finding for finding in assessment.findings if finding.is_ready]
    waiting = [f for f in assessment.findings if f.next_step and not f.is_ready and not f.passes]
    if ready:
        then = f"{_count(len(ready), 'item')} can be signed now."
    elif waiting:
        then = f"First: {waiting[0].next_step} ({waiting[0].item})."
    else:
        then = ""
    return f"{len(shut)} of {len(assessment.gates)} gates are shut: {named}. {then}".strip()


def _count(number: int, what: str) -> str:
    """Say how many there are of something."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _gate_rows(assessment: Assessment) -> Iterator[tuple[str, ...]]:
    """Yield each gate with what it waits for."""
    for gate in assessment.gates:
        waits = ", ".join(gate.missing) or gate.reason
        yield f"{gate.gate}: {gate.title}", "open" if gate.is_open else "shut", waits


def _next_rows(assessment: Assessment) -> Iterator[tuple[str, ...]]:
    """Yield what each role can sign, what is to do before, and how long all of it takes."""
    roles = load_checklist().roles
    left = [f for f in assessment.findings if not f.passes]
    for role, name in roles.items():
        mine = [finding for finding in left if role in finding.roles]
        if not mine:
            continue
        ready = [finding for finding in mine if finding.is_ready]
        rest = [finding for finding in mine if not finding.is_ready]
        minutes = "" if mine[0].by_machine else str(sum(finding.minutes for finding in mine))
        yield f"{name} ({role})", ", ".join(f.item for f in ready) or "nothing yet", _to_do(rest), minutes


def _to_do(findings: Sequence[Finding]) -> str:
    """Say what is to do before items can be signed, once for items with the same step."""
    steps: dict[str, list[str]] = {}
    for finding in findings:
        steps.setdefault(finding.next_step or finding.reason, []).append(finding.item)
    return "; ".join(f"{step} ({', '.join(items)})" for step, items in steps.items())


def _item_row(finding: Finding) -> tuple[str, ...]:
    """Show one item."""
    state = finding.state.replace("_", " ")
    weaker = [signature.route for signature in finding.signatures if signature.route != "key"]
    said = "; ".join([*([finding.reason] if finding.reason else []), *(f"weaker: by {route}" for route in weaker)])
    if finding.state in {"met", "not_required"}:
        said = ""
    until = min((signature.expires for signature in finding.signatures), default="")
    if finding.state == "signed" and until:
        said = "; ".join(filter(None, [f"until {until}", said]))
    cut = f"{said[: WIDEST - 3]}..." if len(said) > WIDEST else said
    step = f"{finding.next_step} ({finding.minutes} min)" if finding.is_ready else finding.next_step
    return finding.item, finding.title, f"{state}: {cut}" if cut else state, finding.signers, step


def _notes(assessment: Assessment, spared: int) -> Iterator[str]:
    """Yield what else a reader must know."""
    yield from assessment.notes
    if spared:
        yield f"{_count(spared, 'item')} not required by this pilot: {COMMAND} check --all lists them."
    if any(finding.is_ready for finding in assessment.findings):
        yield f"To sign: {COMMAND} sign P01, or all that is ready for a role: {COMMAND} sign --role igl --ready."
    yield f"More about one item: {COMMAND} check P01. For the governance group: {COMMAND} export ig-pack."
    yield assessment.about
