"""The page for the public: what is shared and why, with no personal data on it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from oda.reports.document import escape
from oda.reports.governance import markdown as md
from oda.reports.governance.content import Content, Entry
from oda.reports.governance.nameless import without_people
from oda.reports.governance.said import NOT_STATED, date, day, listed, said, sentence
from oda.reports.governance.wording import (
    DISPOSALS,
    FREQUENCIES,
    KINDS_OF_BODY,
    KINDS_OF_DATA,
    METHODS,
    MODES,
    basis,
    by_person,
    condition,
    in_words,
    things,
)

MOST_TOLD = 30  # flows told one by one; more of them stand in a table
MOST_ROWS = 150  # of that table; beyond it, flows are summed up by who gives
COMPLAIN = "https://ico.org.uk/make-a-complaint/"
FREE = frozenset({"synthetic", "open"})


def write(content: Content) -> str:
    """Write the page "What is shared and why".

    Parameters
    ----------
    content
        A pilot's governance. People are taken out of it first.

    Returns
    -------
    str
        A document that both renderers take.
    """
    shown = without_people(content)
    head = md.head(
        "What is shared and why",
        subtitle=shown.title,
        owner=shown.owner,
        date=shown.today.isoformat(),
        description="Who gives what data to whom, why, for how long, and how to object or complain.",
    )
    body = [_why(shown), _flows(shown, _distinct(shown)), _objecting(shown), _partners(shown)]
    gaps = sum(one.count(NOT_STATED) for one in body)
    head_of_note = "Not everything is stated" if shown.assessment.gate("publish").is_open else "Draft"
    draft = md.note(head_of_note, f'This page still says "{NOT_STATED}" in {md.count(gaps, "place")}.') if gaps else ""
    return "\n".join(filter(None, [head, md.answer(*_in_short(shown)), draft, *body]))


def _ends(flow: Entry) -> tuple[str, str]:
    """Return the ids of who gives and who receives."""
    return said(flow, "from", "org"), said(flow, "to", "org")


def _distinct(content: Content) -> list[tuple[Entry, int]]:
    """Return each flow that reads differently, and how many read so."""
    counts = Counter("\n".join(line for _, line in _told(content, flow)) for flow in content.flows)
    first: dict[str, Entry] = {}
    for flow in content.flows:
        first.setdefault("\n".join(line for _, line in _told(content, flow)), flow)
    return [(flow, counts[text]) for text, flow in first.items()]


def _in_short(content: Content) -> Iterator[str]:
    """Answer first: who shares, about whom, why, and whether it has begun."""
    orgs = {org for flow in content.flows for org in _ends(flow)} - {NOT_STATED}
    about = things({"all": sorted({one for flow in content.flows for one in listed(flow, "data_subjects")})}, "all")
    status, has_begun = _status(content)
    if content.flows:
        verb = ("may share" if has_begun else "plan to share") + " data about"
        if all(map(by_person, content.flows)):
            verb = ("may use" if has_begun else "plan to use") + " data that are given by the people themselves:"
        yield f"{md.count(len(orgs), 'organisation')} {verb} {about}."
    else:
        yield "No sharing of data between organisations has been described yet."
    yield f"The aim: {said(content.project, 'purpose')}"
    yield f"{status} You can ask, object or complain."


def _status(content: Content) -> tuple[str, bool]:
    """Say whether data about people may be used yet."""
    if not content.assessment.gate("load").is_open:
        return "It has not begun: not everything that must be signed first has been signed.", False
    if all(dataset.data_class in FREE for dataset in content.assessment.datasets):
        return "It has not begun: the pilot holds only made-up or open data today.", False
    return "What must be signed before data about people are used has been signed.", True


def _why(content: Content) -> str:
    """Say what the pilot is for."""
    lines = [
        ("What it is for.", "purpose"),
        ("What it changes.", "action"),
        ("Who gains.", "benefit"),
        ("Why data about people.", "why_personal_data"),
    ]
    told = [(word, escape(said(content.project, key))) for word, key in lines]
    mode = in_words(MODES, content.project, "mode")
    return "## Why\n\n" + md.labelled([*told, *([("How people are reached.", mode)] if mode != NOT_STATED else [])])


def _flows(content: Content, told: Sequence[tuple[Entry, int]]) -> str:
    """Tell each flow, or sum many of them up in a table."""
    if not told:
        return "## What is shared\n\nNothing is described yet. This page is made again when it is.\n"
    if len(told) > MOST_TOLD:
        return f"## What is shared\n\n{_summary(content)}"
    sections = []
    for flow, number in told:
        giver, receiver = map(content.organisation, _ends(flow))
        alike = f"{md.count(number, 'flow')} of data read like this.\n\n" if number > 1 else ""
        between = f"From people themselves to {receiver}" if by_person(flow) else f"From {giver} to {receiver}"
        sections.append(f"### {escape(between)}\n\n{alike}{md.labelled(_told(content, flow))}")
    return "## What is shared\n\n" + "\n".join(sections)


def _told(content: Content, flow: Entry) -> list[tuple[str, str]]:
    """Tell one flow in plain words."""
    giver, receiver = map(content.organisation, _ends(flow))
    special = condition(flow)
    return [
        *_who(flow, giver, receiver),
        ("Why:", escape(sentence(said(flow, "purpose")))),
        ("About whom:", escape(sentence(things(flow, "data_subjects")))),
        ("What:", escape(f"{sentence(things(flow, 'data_items'))}{_kind(flow)}")),
        ("The reason in law:", escape(f"{sentence(basis(flow))} The law: {sentence(said(flow, 'power', 'act'))}")),
        *([("One more reason, for sensitive data:", escape(sentence(special)))] if special else []),
        ("How:", escape(sentence(in_words(METHODS, flow, "method")))),
        ("How often:", escape(sentence(in_words(FREQUENCIES, flow, "frequency")))),
        ("How long:", escape(_kept(flow))),
        ("If you object:", escape(" ".join(_objection(flow)))),
        ("Find out more:", _links(content, flow)),
    ]


def _who(flow: Entry, giver: str, receiver: str) -> list[tuple[str, str]]:
    """Say who gives the data and who receives them; a person who answers an offer gives their own."""
    if not by_person(flow):
        return [("Who gives the data:", escape(sentence(giver))), ("Who receives them:", escape(sentence(receiver)))]
    own = f"You do, if you want to: you hear of the offer from {giver}, and give your own data to {receiver}."
    return [
        ("Who gives the data:", escape(f"{own} Nobody hands {receiver} a list of people.")),
        ("Who receives them:", escape(sentence(receiver))),
    ]


def _kind(flow: Entry) -> str:
    """Say what kind of data a flow holds, where that is stated."""
    kind = in_words(KINDS_OF_DATA, flow, "identifiability")
    return "" if kind == NOT_STATED else f" These are {kind}."


def _kept(flow: Entry) -> str:
    """Say how long a copy is kept."""
    end = day(flow, "retention", "until")
    if end == NOT_STATED:
        return NOT_STATED
    return f"until {end}, then {in_words(DISPOSALS, flow, 'retention', 'disposal')}. Your own record stays as it is."


def _objection(flow: Entry) -> Iterator[str]:
    """Say what happens when a person objects or has opted out."""
    local = said(flow, "opt_out", "local_objection")
    if by_person(flow):
        yield "do not ask for what is offered, and nothing about you is given."
    elif local == "honoured":
        yield "tell the organisation that holds your record, and your data are left out."
    else:
        yield "ask the organisation that holds your record what can be done; you can complain too."
    national = said(flow, "opt_out", "national_data_opt_out")
    if national == "applied":
        yield "If you have used the NHS national data opt-out, your data are left out."
    elif national == "check":
        yield "Whether the NHS national data opt-out applies is still being checked."


def _links(content: Content, flow: Entry) -> str:
    """Link the privacy notice and the page for complaints."""
    giver, receiver = map(content.organisation, _ends(flow))
    links = []
    for key, text in (("privacy_notice", "Privacy notice"), ("complaints_url", "How to complain")):
        address = said(flow, "transparency", key, otherwise="")
        words = f"{text}: {giver} to {receiver}"  # a link says what it opens, wherever it is read out
        links.append(md.link(words, address) if address else escape(f"{text}: {NOT_STATED}"))
    return ". ".join(links) + "."


def _summary(content: Content) -> str:
    """Sum many flows up by who gives, who receives and the reason in law; by who gives alone where that is too long."""
    groups: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
    for flow in content.flows:
        groups[(*_ends(flow), basis(flow), str(by_person(flow)))].append(flow)
    if len(groups) > MOST_ROWS:
        fewer: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
        for (giver, _, reason, own), flows in groups.items():
            fewer[giver, reason, own] += flows
        groups = fewer
    rows = [_summed(content, flows) for _, flows in sorted(groups.items())]
    heads = ("Who gives", "Who receives", "Why", "The reason in law", "Kept until at most", "Flows")
    return md.table("flows", f"All {len(content.flows):,} flows of data", heads, rows)


def _summed(content: Content, flows: Sequence[Entry]) -> list[str]:
    """Return the row of flows that have the same giver and the same reason in law."""
    giver, reason = content.organisation(_ends(flows[0])[0]), basis(flows[0])
    giver = f"the people themselves, told of it by {giver}" if by_person(flows[0]) else giver
    receivers = _first([content.organisation(_ends(flow)[1]) for flow in flows], ", ")
    ends = [end for flow in flows if (end := date(flow, "retention", "until"))]
    until = day({"last": max(ends, default=None)}, "last")
    return [giver, receivers, _first([said(flow, "purpose") for flow in flows], "; "), reason, until, f"{len(flows):,}"]


def _first(words: Sequence[str], between: str) -> str:
    """Say the first two of some words, each once, and how many more there are."""
    each = list(dict.fromkeys(words))
    more = f" and {len(each) - 2:,} more" if len(each) > 2 else ""
    return between.join(each[:2]) + more


def _objecting(content: Content) -> str:
    """Say how to object and how to complain."""
    lines = [
        "Ask the organisation that holds your record. It must tell you what it shares, and why.",
        "You can object. It must look at your reasons and answer you.",
        "You can complain to it. It must say within 30 days that it has your complaint.",
    ]
    regulator = md.link("Complain to the Information Commissioner", COMPLAIN)
    office = (
        f"Questions about the pilot: {content.contact}."
        if content.contact
        else "Questions about the pilot: " + ("ask one of the organisations below.")
    )
    return (
        "## How to ask, object or complain\n\n"
        + md.bullets(lines)
        + f"- If you are not content with the answer: {regulator}.\n- {escape(office)}\n"
    )


def _partners(content: Content) -> str:
    """List the organisations, with what a member of the public needs to reach them."""
    rows = []
    for one in content.partners:
        notice = said(one, "privacy_notice", otherwise="")
        name = said(one, "name")
        cell = f" {md.link(f'Privacy notice of {name}', notice)}." if notice else ""  # it may have none: flows do
        contact = said(one, "contact", otherwise="see its website")
        kind = in_words(KINDS_OF_BODY, one, "type")
        rows.append(f"- **{escape(name)}**, {escape(kind)}. Contact: {escape(contact)}.{cell}")
    listing = "\n".join(rows) if rows else "Not stated yet."
    worth = (
        "This page is made from the pilot's own files. It shows what the organisations have written down. "
        "It is not legal advice."
    )
    return f"## Who takes part\n\n{listing}\n\n## What this page is worth\n\n{worth}\n"
