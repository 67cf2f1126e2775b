"""The pack for the information governance group: what is asked, what flows, who decides, what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from oda.governance import load_checklist
from oda.reports.document import escape
from oda.reports.governance import markdown as md
from oda.reports.governance.content import Content, Entry
from oda.reports.governance.flow_tables import flow_tables
from oda.reports.governance.markdown import Row
from oda.reports.governance.said import NOT_STATED, day, listed, part, parts, said
from oda.reports.governance.signed import signed
from oda.reports.governance.standing import (
    STATES,
    asked,
    failing,
    gates,
    in_short,
    moment,
    named,
    next_steps,
    signing,
    to_do,
    to_do_and_why,
)
from oda.reports.governance.wording import MODES, in_words

MOST_ROWS = 25  # of a table of the pack; the full list is in another export
LAST_LINES = 10


def write(content: Content) -> str:
    """Write the pack.

    Parameters
    ----------
    content
        A pilot's governance. The pack is for the group alone: it names people.

    Returns
    -------
    str
        A document that both renderers take.
    """
    return "\n".join(
        [
            md.head(
                "Information governance pack",
                subtitle=content.title,
                owner=content.owner,
                date=content.today.isoformat(),
                description="For the information governance group: what is asked, what flows, who decides.",
            ),
            md.answer(*in_short(content)),
            f"**What it is for.** {escape(said(content.project, 'purpose'))}\n",
            asked(content),
            "## What the pilot may do today\n",
            gates(content.assessment),
            signing(content),
            next_steps(content),
            _why(content),
            flow_tables(content),
            _datasets(content),
            _impact(content),
            _people(content),
            signed(content),
            _findings(content),
            _log(content),
            _worth(content),
        ]
    )


def _why(content: Content) -> str:
    """Say what the pilot changes, who gains and why it needs personal data."""
    lines = [
        ("What follows.", "action"),
        ("The benefit.", "benefit"),
        ("Why personal data.", "why_personal_data"),
    ]
    told = [(word, escape(said(content.project, key))) for word, key in lines]
    return "## Why\n\n" + md.labelled(
        [*told, ("How people are reached.", escape(in_words(MODES, content.project, "mode")))]
    )


def _datasets(content: Content) -> str:
    """List the datasets with their columns, and why each is needed."""
    rows = [row for dataset in content.datasets for row in _columns(content, dataset)]
    shown, more = md.cut(rows, MOST_ROWS, "columns", "governance/datasets")
    heads = ("Dataset", "Class", "Controller", "Column", "Why it is needed")
    return "## The datasets\n\n" + md.table("datasets", "Datasets and their columns", heads, shown) + more


def _columns(content: Content, dataset: Entry) -> Iterator[Row]:
    """Yield a row for each column of a dataset."""
    name, kind, controller = said(dataset, "name"), said(dataset, "x-ig", "class"), _controller(content, dataset)
    fields = [f for one in parts(dataset, "resources") for f in parts(part(one, "schema"), "fields")]
    for field in fields or [{}]:
        column = said(field, "name")
        why = said(dataset, "x-ig", "columns", column, "why", otherwise="")
        yield name, kind, controller, column, why or said(field, "title", otherwise=NOT_STATED)


def _controller(content: Content, dataset: Entry) -> str:
    """Name who decides over a dataset: by the partner's name where the card gives its id."""
    stated = said(dataset, "x-ig", "controller")
    return said(content.partner(stated), "name", otherwise=stated)


def _impact(content: Content) -> str:
    """Sum up the impact assessment: the screening, the risks and the advice."""
    dpia = content.dpia
    if not dpia:
        return "## The impact assessment\n\nThere is no governance/dpia.yml yet.\n"
    rows = [
        tuple(said(risk, key) for key in ("source", "overall", "measures", "residual")) for risk in parts(dpia, "risks")
    ]
    shown, more = md.cut(rows, MOST_ROWS, "risks", "governance/dpia.yml")
    outcome = part(dpia, "outcome")
    lines = [
        ("Risks left:", _residuals(dpia)),
        ("Views of the people concerned:", said(dpia, "consultation", "people")),
        ("Asked inside the organisations:", said(dpia, "consultation", "internally")),
        ("Asked of processors:", said(dpia, "consultation", "processors")),
        ("Asked of experts:", said(dpia, "consultation", "experts")),
        ("What became of these views:", _views(outcome)),
        ("Advice of the data protection officer:", said(outcome, "dpo_advice", "summary")),
        ("What became of it:", _advice(outcome)),
        ("Regulator consulted:", said(outcome, "ico_consulted")),
        ("Looked at again by:", day(dpia, "review_by")),
    ]
    heads = ("Risk to people", "Before", "Measures", "After")
    table = md.table("risks", "Risks of the impact assessment", heads, shown)
    return f"## The impact assessment\n\n{md.labelled((word, escape(text)) for word, text in lines)}\n{table}{more}"


def _views(outcome: object) -> str:
    """Say whether the views of those consulted were followed, who looked at them, and why where they were not."""
    departed = part(outcome, "views", "departed_from")
    if not isinstance(departed, bool):
        return NOT_STATED
    who = f"reviewed by the {_role(outcome, 'views', 'reviewed_by')}"
    why = f": {said(outcome, 'views', 'reasons')}" if departed else ""
    return f"{'departed from' if departed else 'followed'}, {who}{why}"


def _advice(outcome: object) -> str:
    """Say whether the data protection officer's advice was taken, who decided, and why where it was overruled."""
    became = said(outcome, "dpo_advice", "outcome")
    if became == NOT_STATED:
        return became
    why = f": {said(outcome, 'dpo_advice', 'reasons')}" if became == "overruled" else ""
    return f"{became}, decided by the {_role(outcome, 'dpo_advice', 'decided_by')}{why}"


def _role(raw: object, *path: str) -> str:
    """Name a role in full."""
    return in_words(load_checklist().roles, raw, *path)


def _residuals(dpia: Entry) -> str:
    """Count the risks by what is left of them."""
    left = [said(risk, "residual") for risk in parts(dpia, "risks")]
    return ", ".join(f"{left.count(one)} {one}" for one in dict.fromkeys(sorted(left))) or NOT_STATED


def _people(content: Content) -> str:
    """List the people by role."""
    names = load_checklist().roles
    rows = [
        (
            names.get(role, role),
            said(person, "name"),
            content.organisation(said(person, "organisation")),
            said(person, "id"),
        )
        for person in content.people
        for role in listed(person, "roles")
    ]
    shown, more = md.cut(sorted(rows), MOST_ROWS, "entries", "governance/people.yml")
    heads = ("Role", "Person", "Organisation", "Id")
    return "## Who decides\n\n" + md.table("people", "People by role", heads, shown) + more


def _findings(content: Content) -> str:
    """List what the machine found, what is wrong with the files, and every item that is not done."""
    machine = [(named(f), f.reason, to_do(f)) for f in failing(content)]
    heads: Row = ("What must be true", "Found", "What to do")
    parts_ = ["## What the machine found\n", md.table("machine", "Checks that do not pass", heads, machine)]
    if content.faults:
        shown, more = md.cut([(fault,) for fault in content.faults], MOST_ROWS, "faults", "the output of the check")
        parts_.append(md.bullets(fault for (fault,) in shown) + more)
    if content.assessment.notes:
        parts_.append(md.bullets(content.assessment.notes))
    items = [
        (named(f), STATES[f.state], f.signers, to_do_and_why(f))
        for f in content.assessment.findings
        if not f.passes and not f.by_machine
    ]
    heads = ("What must be true", "State", "Who signs", "What to do")
    parts_.append("## Every item still to do\n")
    parts_.append(md.table("items", "Items still to do", heads, items))
    return "\n".join(parts_)


def _log(content: Content) -> str:
    """List the last lines of the log of gates."""
    rows = [
        (
            str(line.number),
            moment(line.time),
            _happened(line.event, line.body),
            said(line.body, "missing", otherwise=""),
        )
        for line in content.log[-LAST_LINES:]
    ]
    caption = f"The last {LAST_LINES} of {len(content.log):,} lines" if len(content.log) > LAST_LINES else "All lines"
    heads = ("Line", "When (UTC)", "What", "Items missing")
    return "## The log of gates\n\n" + md.table("log", f"{caption} of the log", heads, rows)


def _happened(event: str, body: Mapping[str, object]) -> str:
    """Say what a line of the log is about, such as `gate load: refused`."""
    about = " ".join(said(body, key, otherwise="") for key in ("gate", "item", "dataset"))
    decision = said(body, "decision", otherwise="").replace("_", " ")
    return " ".join(f"{event} {about}".split()) + (f": {decision}" if decision else "")


def _worth(content: Content) -> str:
    """Say what the pack is worth."""
    about = content.assessment.about
    version = content.assessment.checklist_version
    text = (
        f"{about} Checklist {version}. A signature binds what was signed, not the judgement behind it: "
        "it cannot show who held the key, that the clock was right, or that the reader understood."
    )
    return f"## What this pack is worth\n\n{escape(text)}\n"
