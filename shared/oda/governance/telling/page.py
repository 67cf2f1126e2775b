"""The page that a signer reads: what was decided before, what is signed, and what it is worth, within a page."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from oda.governance.checklist import Item, Subject
from oda.governance.evidence import Evidence
from oda.governance.files.base import Held
from oda.governance.preparing import Act
from oda.governance.telling import analysis, project, reviews
from oda.governance.telling.flows import FLOWS, tell_flows
from oda.governance.telling.history import tell_history
from oda.governance.telling.reading import Reading, Told, words

LINES = 55  # of a page
WIDTH = 100
LONGEST = 9  # lines of one thing that is said; a longer one is cut, and says so
KEPT = 4  # lines at most on what there is no room for
NAMED = 4
WORTH = "Evidence of process, and not legal advice: the decision is yours."
OTHERS = {"analyst": "analyst", "commissioner": "commissioner", "approver": "approver"}  # roles that sign nothing
PARTS = {
    "from": "sender",
    "to": "receiver",
    "resources.schema.fields": "columns",
    "x-ig.class": "class",
    "x-ig.columns": "why each column is needed",
    "x-ig.flows": "flows",
    "art6": "Article 6 basis",
    "art9": "Article 9 condition",
    "art10": "Article 10 route",
    "sch1": "Schedule 1 condition",
    "le_part3": "whether it is law enforcement",
    "people.id": "people's ids",
    "people.name": "names",
    "people.organisation": "organisations",
    "people.roles": "roles",
    "dea_register_id": "entry in the Digital Economy Act register",
}

Writer = Callable[[Reading, Mapping[str, str]], Iterator[Told]]
WRITERS: Mapping[str, Writer] = {
    "governance/project.yml": project.tell_project,
    "governance/people.yml": project.tell_people,
    "governance/datasets": project.tell_card,
    "governance/dsa": project.tell_agreement,
    "governance/dpia.yml": reviews.tell_dpia,
    "governance/confidentiality.yml": reviews.tell_confidentiality,
    "governance/ethics.yml": reviews.tell_ethics,
    "governance/eqia.yml": reviews.tell_equality,
    "pilot.yml": analysis.tell_questions,
    "governance/evaluation.yml": analysis.tell_evaluation,
    "governance/aqa/questions.yml": analysis.tell_quality,
    "governance/aqa/statement.yml": analysis.tell_statement,
    "governance/outputs": analysis.tell_release,
    "governance/close.yml": analysis.tell_close,
}
FIRST = ("pilot.yml", "governance/aqa/statement.yml")  # read before the other files of an item


def tell(item: Item, evidence: Evidence, organisation: str = "", *, act: Act | None = None, lines: int = LINES) -> str:
    """Say in plain English what is signed with an item.

    Parameters
    ----------
    item
        An item that people sign.
    evidence
        The files as they are.
    organisation
        The controller for which it is signed, where each signs.
    act
        What is about to be decided; an approval when not given.
    lines
        The most lines; 0 for all that there is to say.

    Returns
    -------
    str
        What there is no room for is named and counted.
    """
    whose = organisation if item.per_controller else ""
    top = [f"{item.id}  {item.title}", *tell_history(item, evidence, whose), _saying(item, evidence, act or Act())]
    signed = [(subject, evidence.subject(subject, whose)) for subject in item.subjects]
    top.append(f"What you sign: {'; '.join(_scope(*one, whose) for one in signed)}.")
    held_for = f"It holds for {item.valid_days} days, and only while what is signed stays as it is now."
    bottom = [f"Source: {item.source}.", f"{held_for} {WORTH}"]
    head, foot = ([line for one in part for line in _wrap(one, "")] for part in (top, bottom))
    room = max(lines - len(head) - len(foot), LONGEST) if lines else 0
    files = sorted((one.place not in FIRST, order, one, subject) for order, (one, subject) in enumerate(_held(signed)))
    told = list(_content([(one, subject) for _, _, one, subject in files], evidence, room))
    return "\n".join([*head, *_lay_out(told, room), *foot])


def asking(evidence: Evidence, act: Act, items: Sequence[Item], role: str, organisation: str) -> str:
    """Return the question to which only a yes signs.

    Parameters
    ----------
    evidence
        The files as they are.
    act
        What is decided.
    items
        What is signed.
    role, organisation
        Who decides: the signer, or the person whom a witness signs for.

    Returns
    -------
    str
        One question.
    """
    who = f"{evidence.checklist.roles.get(role, role)} of {organisation}"
    ids = ", ".join(item.id for item in items)
    if act.on_behalf:
        seen = f"{_person(act)} {DONE[act.decision]} {ids} as {who} in pull request {act.pull_request}"
        return f"Do you confirm that you saw {seen}? Type yes"
    return f"{act.decision.replace('_', ' ').capitalize()} {ids} as {who}? Type yes"


DONE = {
    "approve": "approve",
    "approve_with_conditions": "approve with conditions",
    "reject": "reject",
    "not_applicable": "say that this does not apply:",
}


def _person(act: Act) -> str:
    """Return the person without a key."""
    return words(act.on_behalf.partition(":")[0])


def _saying(item: Item, evidence: Evidence, act: Act) -> str:
    """Say what a signature means: the item's own words, or what is decided instead."""
    reason = f" The reason: {words(act.reason)}" if act.reason else ""
    if act.on_behalf:
        role, _, organisation = act.on_behalf.partition(":")[2].partition("@")
        who = f"{evidence.checklist.roles.get(role, role)} of {words(organisation)}"
        what = {"approve": "approve this", "reject": "reject this", "not_applicable": "say that this does not apply"}
        done = what.get(act.decision, "approve this with conditions")
        said = f"You confirm that you saw {_person(act)} {done} as {who} in pull request {act.pull_request}."
        return f"{said} What it says: {item.confirm}{_conditions(act)}{reason}"
    if act.decision == "reject":
        return f"By signing you REJECT this: {item.confirm}{reason}"
    if act.decision == "not_applicable":
        return f"By signing you say that this item does not apply here: {item.confirm}{reason}"
    return f"By signing you say: {item.confirm}{_conditions(act)}{reason}"


def _conditions(act: Act) -> str:
    """Say on which conditions it is approved."""
    return f" On condition: {'; '.join(map(words, act.conditions))}." if act.conditions else ""


def _scope(subject: Subject, held: Sequence[Held], whose: str) -> str:
    """Say which files are signed, and which parts of them."""
    if not held:
        return f"no file {subject.path} yet"
    places = ", ".join(one.place for one in held) if len(held) <= NAMED else f"{len(held):,} files {subject.path}"
    places += f" (those in which {words(whose)} takes part)" if whose and "*" in subject.path else ""
    parts = [PARTS.get(part) or part.replace("_", " ") for part in subject.parts]
    return f"of {places}: {', '.join(parts)}" if parts else f"the whole of {places}"


def _held(signed: Sequence[tuple[Subject, Sequence[Held]]]) -> Iterator[tuple[Held, Subject]]:
    """Yield each file with the subject that names it."""
    for subject, held in signed:
        for one in held:
            yield one, subject


def _content(files: Sequence[tuple[Held, Subject]], evidence: Evidence, room: int) -> Iterator[tuple[str, Told]]:
    """Yield what the files say of an item, each thing with its file or folder; flows are told together."""
    roles = {**OTHERS, **evidence.checklist.roles}
    before = 0
    for folder, group in groupby(files, key=lambda one: one[0].place.rpartition("/")[0]):
        each = list(group)
        if folder == FLOWS:
            readings = [Reading(held.raw, place=held.place, parts=subject.parts) for held, subject in each]
            flows = tell_flows(readings, [held.raw for held, _ in each], max(room - before, LONGEST) if room else 0)
            yield from ((FLOWS, one) for one in flows)
            continue
        for held, subject in each:
            told = list(_tell_file(held, subject, roles))
            before += sum(len(_wrap(one.text, "  ")) for one in told)
            yield from ((held.place, one) for one in told)


def _tell_file(held: Held, subject: Subject, roles: Mapping[str, str]) -> Iterator[Told]:
    """Tell one file: what there are words for, then whatever else stands in it."""
    reading = Reading(held.raw, place=held.place, parts=subject.parts)
    if held.canon == "csv-json-1" and isinstance(held.raw, list):
        yield from project.tell_log(reading, held.raw)
    elif held.raw == {}:
        yield Told(about="file", text=f"{held.place} is empty, or cannot be read.")
    elif isinstance(held.raw, Mapping):
        writer = WRITERS.get(held.place) or WRITERS.get(held.place.rpartition("/")[0], analysis.tell_sections)
        yield from writer(reading, roles)
    else:
        yield Told(about="file", text=f"{held.place} cannot be read.")
        return
    for where, value in reading.rest():
        yield Told(about="other entries", text=f"- {where}: {value}", heading=f"Also in {held.place}:")


def _lay_out(told: Sequence[tuple[str, Told]], room: int) -> list[str]:
    """Lay out what there is room for, in order, and say what was left out."""
    kept = 0
    while True:
        lines, left = _fit(told, room - kept)
        note = _left_out(left)
        if len(note) <= kept or not room:
            return [*lines, *note]
        kept = len(note)


def _fit(told: Sequence[tuple[str, Told]], room: int) -> tuple[list[str], Counter[tuple[str, str]]]:
    """Return the lines that fit, and what does not, counted by file and by what it is about.

    Of what belongs together the first things are shown, so that none stands under the name of another.
    """
    lines: list[str] = []
    left: Counter[tuple[str, str]] = Counter()
    above = ("", "")
    for place, one in told:
        heading = [f"  {one.heading}"] if one.heading and (place, one.heading) != above else []
        block = [*heading, *_wrap(one.text, "    " if one.heading else "  ", LONGEST if room else 0)]
        if room and ((place, one.about) in left or len(lines) + len(block) > room):
            left[place, one.about] += 1
            continue
        lines += block
        above = (place, one.heading)
    return lines, left


def _left_out(left: Counter[tuple[str, str]]) -> list[str]:
    """Say what there was no room for, how much of it, and where it stands."""
    if not left:
        return []
    places = list(dict.fromkeys(place for place, _ in left))
    abouts = Counter[str]()
    for (_, about), times in left.items():
        abouts[about] += times
    named = [f"{about} ({times})" for about, times in list(abouts.items())[:8]]
    others = sum(list(abouts.values())[8:])
    more = f" and {others} others" if others else ""
    where = ", ".join(places[:NAMED]) + (f" and {len(places) - NAMED} more files" if len(places) > NAMED else "")
    total = f"{left.total():,} {'entry' if left.total() == 1 else 'entries'}"
    text = f"NOT SHOWN for want of room, and signed all the same, {total}: {', '.join(named)}{more}. Read {where}."
    return _wrap(text, "  ", KEPT)


def _wrap(text: str, indent: str, most: int = LONGEST) -> list[str]:
    """Break a text into lines of a page; of one that is far too long say how many words are left out."""
    mark = next(
        (
            len(mark)
            for mark in ("- ", "1. ")
            if text[: len(mark)].strip().rstrip(".").isdigit() or text.startswith(mark)
        ),
        0,
    )
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent + " " * (mark or 2), break_on_hyphens=False
    )
    if not most or len(lines) <= most:
        return lines
    hidden = len(" ".join(lines[most - 1 :]).split())
    return [*lines[: most - 1], f"{indent}  [{hidden} more words of this are not shown here: read the file]"]
