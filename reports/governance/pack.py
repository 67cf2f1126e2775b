"""The pack for the information governance group: what is asked, what flows, who decides, what was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from oda.governance import load_checklist
from oda.governance.assessment import Finding, Signature
from oda.reports.document import escape
from oda.reports.governance import markdown as md
from oda.reports.governance.content import Content, Entry
from oda.reports.governance.said import NOT_STATED, day, listed, part, parts, said
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
from oda.reports.governance.wording import basis, condition, things

MOST_ROWS = 25  # of a table of the pack; the full list is in another export
FEW_FLOWS = 12  # told one by one; more are summed up
LAST_LINES = 10
Row = tuple[str, ...]


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
            _flows(content),
            _datasets(content),
            _impact(content),
            _people(content),
            _signoffs(content),
            _findings(content),
            _log(content),
            _worth(content),
        ]
    )


def _cut(rows: Sequence[Row], what: str, where: str) -> tuple[list[Row], str]:
    """Return the first rows, and a sentence on the others where there are any."""
    if len(rows) <= MOST_ROWS:
        return list(rows), ""
    rest = escape(f"{len(rows) - MOST_ROWS:,} more {what} are not shown here; all are in {where}.")
    return list(rows[:MOST_ROWS]), f"\n{rest}\n"


def _why(content: Content) -> str:
    """Say what the pilot changes, who gains and why it needs personal data."""
    lines = [
        ("What follows.", "action"),
        ("The benefit.", "benefit"),
        ("Why personal data.", "why_personal_data"),
    ]
    return "## Why\n\n" + md.labelled((word, escape(said(content.project, key))) for word, key in lines)


def _flows(content: Content) -> str:
    """List the flows, or sum many of them up."""
    if not content.flows:
        return "## The flows of data\n\nNo flow is described yet: each is one file in governance/flows.\n"
    many = len(content.flows) > FEW_FLOWS
    return "## The flows of data\n\n" + (_summed(content) if many else _each(content))


def _law(flow: Entry) -> str:
    """Say on which basis and condition a flow stands."""
    special = condition(flow)
    return basis(flow).split(":")[0] + (f"; {special}" if special else "")


def _each(content: Content) -> str:
    """List each flow."""
    rows = [
        (
            said(flow, "id"),
            f"{content.organisation(said(flow, 'from', 'org'))} to {content.organisation(said(flow, 'to', 'org'))}",
            things(flow, "data_items"),
            f"{_law(flow)}; {said(flow, 'power', 'act')}",
            day(flow, "retention", "until"),
            said(flow, "risk", "residual"),
        )
        for flow in content.flows
    ]
    heads = ("Flow", "From and to", "Data", "Basis and power", "Kept until", "Risk left")
    return md.table("flows", "Flows of data", heads, rows)


def _summed(content: Content) -> str:
    """Sum the flows up by sender, receiver and basis."""
    groups: dict[Row, list[Entry]] = defaultdict(list)
    for flow in content.flows:
        groups[said(flow, "from", "org"), said(flow, "to", "org"), _law(flow)].append(flow)
    ordered = sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
    rows: list[Row] = []
    for (giver, receiver, law), flows in ordered:
        high = sum(part(flow, "risk", "residual") == "high" for flow in flows)
        names = content.organisation(giver), content.organisation(receiver)
        rows.append((*names, law, f"{len(flows):,}", f"{high:,}"))
    shown, more = _cut(rows, "rows", "flows.csv")
    text = escape(f"{len(content.flows):,} flows, summed up by sender, receiver and basis. Each stands in flows.csv.")
    heads = ("From", "To", "Basis", "Flows", "High risk left")
    return f"{text}\n\n{md.table('flows', 'Flows of data, summed up', heads, shown)}{more}"


def _datasets(content: Content) -> str:
    """List the datasets with their columns, and why each is needed."""
    rows = [row for dataset in content.datasets for row in _columns(dataset)]
    shown, more = _cut(rows, "columns", "governance/datasets")
    heads = ("Dataset", "Class", "Column", "Why it is needed")
    return "## The datasets\n\n" + md.table("datasets", "Datasets and their columns", heads, shown) + more


def _columns(dataset: Entry) -> Iterator[Row]:
    """Yield a row for each column of a dataset; its name and class stand in the first."""
    name, kind = said(dataset, "name"), said(dataset, "x-ig", "class")
    fields = [f for one in parts(dataset, "resources") for f in parts(part(one, "schema"), "fields")]
    for field in fields or [{}]:
        column = said(field, "name")
        why = said(dataset, "x-ig", "columns", column, "why", otherwise="")
        yield name, kind, column, why or said(field, "title", otherwise=NOT_STATED)


def _impact(content: Content) -> str:
    """Sum up the impact assessment: the screening, the risks and the advice."""
    dpia = content.dpia
    if not dpia:
        return "## The impact assessment\n\nThere is no governance/dpia.yml yet.\n"
    rows = [
        tuple(said(risk, key) for key in ("source", "overall", "measures", "residual")) for risk in parts(dpia, "risks")
    ]
    shown, more = _cut(rows, "risks", "governance/dpia.yml")
    outcome = part(dpia, "outcome")
    lines = [
        ("Risks left:", escape(_residuals(dpia))),
        ("Advice of the data protection officer:", escape(said(outcome, "dpo_advice", "summary"))),
        ("What became of it:", escape(said(outcome, "dpo_advice", "outcome"))),
        ("Regulator consulted:", escape(said(outcome, "ico_consulted"))),
        ("Looked at again by:", escape(day(dpia, "review_by"))),
    ]
    heads = ("Risk to people", "Before", "Measures", "After")
    table = md.table("risks", "Risks of the impact assessment", heads, shown)
    return f"## The impact assessment\n\n{md.labelled(lines)}\n{table}{more}"


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
    shown, more = _cut(sorted(rows), "entries", "governance/people.yml")
    heads = ("Role", "Person", "Organisation", "Id")
    return "## Who decides\n\n" + md.table("people", "People by role", heads, shown) + more


def _signoffs(content: Content) -> str:
    """List the sign-offs that items rest on, with how each item stands now."""
    rows = [_signoff(content, finding, one) for finding in content.assessment.findings for one in finding.signatures]
    shown, more = _cut(rows, "sign-offs", "governance/signoffs")
    heads = ("Item", "It stands", "Said", "By", "Route", "On", "Until")
    text = "Route: a key is checked on this computer; a pull request only by the hosting platform, and is weaker.\n"
    table = md.table("signoffs", "Sign-offs", heads, shown)
    return f"## What was signed\n\n{table}{more}" + (f"\n{text}" if rows else "")


def _signoff(content: Content, finding: Finding, record: Signature) -> Row:
    """Return the row of one sign-off."""
    decision = record.decision.replace("_", " ")
    conditions = "; ".join(record.conditions)
    return (
        finding.item,
        STATES[finding.state],
        f"{decision}: {conditions}" if conditions else decision,
        f"{record.role}, {content.organisation(record.organisation)}",
        record.route,
        record.signed_on,
        record.expires,
    )


def _findings(content: Content) -> str:
    """List what the machine found, what is wrong with the files, and every item that is not done."""
    machine = [(named(f), f.reason, to_do(f)) for f in failing(content)]
    heads: Row = ("What must be true", "Found", "What to do")
    parts_ = ["## What the machine found\n", md.table("machine", "Checks that do not pass", heads, machine)]
    if content.faults:
        shown, more = _cut([(fault,) for fault in content.faults], "faults", "the output of the check")
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
