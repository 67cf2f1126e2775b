"""The checklist shown to people: the answer first, then who does what next and how long it takes, then the items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from oda import tracing
from oda.errors import COMMAND
from oda.governance.assessing import assess
from oda.governance.assessment import Assessment, Finding, State
from oda.governance.checklist import load_checklist
from oda.pilot import Pilot, load_pilot

WIDEST = 170  # characters of a reason in a table; the whole of it is in `check ITEM` and in --json
ITEM_HEADINGS = ("Item", "What must be true", "How it stands", "Who", "Next")
NEXT_HEADINGS = ("Who", "Can sign now", "To do first", "Minutes")
GATE_HEADINGS = ("Gate", "State", "Waits for")
WRONG_HEADINGS = ("Item", "State", "Why", "Next")
WRONG: frozenset[State] = frozenset({"stale", "expired", "rejected", "invalid", "failed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownTable:
    """One table: its caption, its headings and its rows of text."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
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

    def __repr__(self) -> str:
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
    with tracing.ours():
        return show(assess(pilot or load_pilot()), items="all" if everything else "needed")


def show(assessment: Assessment, *, items: Literal["none", "needed", "all"] = "none") -> Shown:
    """Show how the checklist stands.

    Parameters
    ----------
    assessment
        How it stands.
    items
        Which items to list, after the gates, what is wrong and what is next: none, those that this pilot needs, or all.

    Returns
    -------
    Shown
        For a terminal and for JupyterLab.
    """
    listed = [f for f in assessment.findings if items == "all" or (items == "needed" and f.state != "not_required")]
    wrong = [finding for finding in assessment.findings if finding.state in WRONG]
    tables = [
        ShownTable(caption="Gates", headings=GATE_HEADINGS, rows=tuple(_gate_rows(assessment))),
        ShownTable(
            caption="What holds no longer, or is wrong", headings=WRONG_HEADINGS, rows=tuple(map(_wrong_row, wrong))
        ),
        ShownTable(caption="What is next, by role", headings=NEXT_HEADINGS, rows=tuple(_next_rows(assessment))),
        ShownTable(caption="Items", headings=ITEM_HEADINGS, rows=tuple(map(_item_row, listed))),
    ]
    return Shown(
        headline=headline(assessment),
        tables=tuple(table for table in tables if table.rows),
        notes=tuple(_notes(assessment, items)),
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
    named = ", ".join(f"{g.gate} ({_count(len(g.missing), 'item')})" if g.missing else g.gate for g in shut)
    return " ".join([f"{len(shut)} of {len(assessment.gates)} gates are shut: {named}.", *_what_next(assessment)])


def _what_next(assessment: Assessment) -> Iterator[str]:
    """Yield what can be done now, or first, and how long all that people sign takes."""
    ready = [finding for finding in assessment.findings if finding.is_ready]
    left = _left(assessment)
    waiting = [finding for finding in left if finding.next_step and not finding.is_ready]
    if ready:
        yield f"{_count(len(ready), 'item')} can be signed now."
    elif waiting:
        yield f"First: {waiting[0].next_step} ({waiting[0].item})."
    minutes = sum(finding.minutes for finding in left if not finding.by_machine)
    if minutes:
        yield f"To read and sign what is left takes about {_duration(minutes)} in all."


def _left(assessment: Assessment) -> list[Finding]:
    """Return what does not hold yet; what is for the end of the pilot only when nothing else is left."""
    left = [finding for finding in assessment.findings if not finding.passes]
    return [finding for finding in left if finding.gates != ("close",)] or left


def _duration(minutes: int) -> str:
    """Say minutes as hours and minutes."""
    hours, rest = divmod(minutes, 60)
    return " ".join(filter(None, [_count(hours, "hour") if hours else "", _count(rest, "minute") if rest else ""]))


def _count(number: int, what: str) -> str:
    """Say how many there are of something."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _gate_rows(assessment: Assessment) -> Iterator[tuple[str, ...]]:
    """Yield each gate with what it waits for."""
    for gate in assessment.gates:
        waits = ", ".join(gate.missing) or (f"nothing: {gate.reason}" if gate.is_open else gate.reason)
        yield f"{gate.gate}: {gate.title}", "open" if gate.is_open else "shut", waits


def _next_rows(assessment: Assessment) -> Iterator[tuple[str, ...]]:
    """Yield what each role can sign, what is to do before, and how long all of it takes."""
    roles = load_checklist().roles
    left = _left(assessment)
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


def _wrong_row(finding: Finding) -> tuple[str, ...]:
    """Show an item that was signed and holds no longer, or whose files are wrong, with the whole reason."""
    return finding.item, finding.state, finding.reason, finding.next_step or f"sign {finding.item}"


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


def _notes(assessment: Assessment, items: str) -> Iterator[str]:
    """Yield what else a reader must know."""
    yield from assessment.notes
    if items == "none":
        yield f"Every item with its state: {COMMAND} check --items; with those not required by this pilot: --all."
    ready = [finding for finding in assessment.findings if finding.is_ready]
    if ready:
        one, role = ready[0].item, ready[0].roles[0]
        yield f"To sign: {COMMAND} sign {one}, or all that is ready for a role: {COMMAND} sign --role {role} --ready."
    left = _left(assessment)
    example = left[0].item if left else "P01"
    yield f"More about one item: {COMMAND} check {example}. For the governance group: {COMMAND} export ig-pack."
    yield assessment.about
