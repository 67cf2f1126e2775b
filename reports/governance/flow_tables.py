"""The flows in the pack: what moves, on which basis, how confidence is kept, and where files contradict a sign-off."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from oda.governance import Finding
from oda.reports.document import escape
from oda.reports.governance import markdown as md
from oda.reports.governance.content import Content, Entry
from oda.reports.governance.markdown import Row
from oda.reports.governance.said import NOT_STATED, day, part, said
from oda.reports.governance.wording import (
    DECIDERS,
    NATIONAL_OPT_OUTS,
    OBJECTIONS,
    ROUTES,
    basis,
    by_person,
    condition,
    in_words,
    things,
)

FEW_FLOWS = 12  # told one by one; more are summed up
MOST_ROWS = 25
NAMED = 3


def flow_tables(content: Content) -> str:
    """Write the section on the flows.

    Parameters
    ----------
    content
        A pilot's governance.

    Returns
    -------
    str
        A heading, notices where files and sign-offs contradict each other, and two tables.
    """
    if not content.flows:
        return "## The flows of data\n\nNo flow is described yet: each is one file in governance/flows.\n"
    many = len(content.flows) > FEW_FLOWS
    tables = [_summed(content), _confidence_summed(content)] if many else [_each(content), _confidence(content)]
    return "\n".join(["## The flows of data\n", *contradictions(content), *tables])


def contradictions(content: Content) -> Iterator[str]:
    """Yield a notice for each item that is said not to apply while flows say that it does.

    Parameters
    ----------
    content
        A pilot's governance.

    Yields
    ------
    str
        A notice of markdown.
    """
    for item, flag, what, applies in _CONTRADICTED:
        finding = next((one for one in content.assessment.findings if one.item == item), None)
        stating = [said(flow, "id") for flow in content.flows if applies(flow)]
        if finding and stating and _ruled_out(content, finding, flag):
            more = f" and {len(stating) - NAMED:,} more" if len(stating) > NAMED else ""
            why = f' ("{finding.reason}")' if finding.reason else ""
            text = (
                f"{item} is said not to apply{why}, but {what} {md.count(len(stating), 'flow')}: "
                f"{', '.join(stating[:NAMED])}{more}. One of the two is wrong: change the flow, or sign {item}."
            )
            yield md.note("The files contradict each other", text, kind="warning")


def _ruled_out(content: Content, finding: Finding, flag: str) -> bool:
    """Tell whether a person, or an answer of the pilot, has ruled an item out."""
    return finding.state == "n/a" or (finding.state == "not_required" and part(content.project, "flags", flag) is False)


def _offences(flow: Entry) -> bool:
    """Tell whether a flow carries criminal offence data."""
    return said(flow, "art10", otherwise="none") != "none" or part(flow, "le_part3") is True


_CONTRADICTED: tuple[tuple[str, str, str, Callable[[Entry], bool]], ...] = (
    (
        "P07",
        "special_category",
        "an Article 9 condition stands in",
        lambda flow: bool(part(flow, "art9")) and bool(condition(flow)),
    ),
    ("P08", "criminal_offence", "criminal offence data stand in", _offences),
    (
        "P09",
        "health_confidential",
        "confidence is owed in",
        lambda flow: part(flow, "confidentiality", "owed") is True,
    ),
)


def _law(flow: Entry) -> str:
    """Say on which basis and condition a flow stands."""
    special = condition(flow)
    return basis(flow).split(":")[0] + (f"; {special}" if special else "")


def _ends(content: Content, flow: Entry) -> str:
    """Say between whom a flow runs, and who gives the data."""
    giver, receiver = (content.organisation(said(flow, end, "org")) for end in ("from", "to"))
    return f"The people themselves to {receiver}; told by {giver}" if by_person(flow) else f"{giver} to {receiver}"


def _each(content: Content) -> str:
    """List each flow."""
    rows = [
        (
            said(flow, "id"),
            _ends(content, flow),
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
        key = said(flow, "from", "org"), said(flow, "to", "org"), str(by_person(flow)), _law(flow)
        groups[key].append(flow)
    ordered = sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))
    rows: list[Row] = []
    for (*_, law), flows in ordered:
        high = sum(part(flow, "risk", "residual") == "high" for flow in flows)
        rows.append((_ends(content, flows[0]), law, f"{len(flows):,}", f"{high:,}"))
    shown, more = md.cut(rows, MOST_ROWS, "rows", "flows.csv, flow by flow")
    text = escape(f"{len(content.flows):,} flows, summed up by sender, receiver and basis. Each stands in flows.csv.")
    heads = ("From and to", "Basis", "Flows", "High risk left")
    return f"{text}\n\n{md.table('flows', 'Flows of data, summed up', heads, shown)}{more}"


def _kept(flow: Entry) -> Row:
    """Say how confidence and opt-outs are handled in a flow."""
    owed = said(flow, "confidentiality", "owed")
    return (
        owed if owed in {"yes", "no"} else NOT_STATED,
        in_words(ROUTES, flow, "confidentiality", "route"),
        in_words(DECIDERS, flow, "confidentiality", "decided_by"),
        in_words(NATIONAL_OPT_OUTS, flow, "opt_out", "national_data_opt_out"),
        in_words(OBJECTIONS, flow, "opt_out", "local_objection"),
    )


_CONFIDENCE = ("Confidence owed", "Route", "Who decides", "National opt-out", "Local objection")


def _confidence(content: Content) -> str:
    """List the confidentiality route and the opt-outs of each flow."""
    rows = [(said(flow, "id"), *_kept(flow)) for flow in content.flows]
    return md.table("confidence", "Confidentiality and opt-outs, flow by flow", ("Flow", *_CONFIDENCE), rows)


def _confidence_summed(content: Content) -> str:
    """Sum the confidentiality routes and the opt-outs up."""
    groups: dict[Row, int] = defaultdict(int)
    for flow in content.flows:
        groups[_kept(flow)] += 1
    rows = [(*kept, f"{number:,}") for kept, number in sorted(groups.items(), key=lambda one: (-one[1], one[0]))]
    shown, more = md.cut(rows, MOST_ROWS, "rows", "flows.csv, flow by flow")
    heads = (*_CONFIDENCE, "Flows")
    return md.table("confidence", "Confidentiality and opt-outs, summed up", heads, shown) + more
