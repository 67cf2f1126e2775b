"""How one item stands, from the files it is about, the calendar and its sign-offs, in that order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from oda.errors import COMMAND
from oda.governance.assessment import State
from oda.governance.checklist import Item, Subject
from oda.governance.crosschecks import cross_check
from oda.governance.drafts import draft_name
from oda.governance.evidence import Evidence
from oda.governance.files import PROJECT_FILE
from oda.governance.files.base import Held
from oda.governance.files.outputs import RELEASES
from oda.governance.files.screening import screening_says
from oda.governance.probes import probe
from oda.governance.releases import check_outputs
from oda.governance.standing import Standing, stand
from oda.governance.trusting import trust_checks

DPIA_FILE = "governance/dpia.yml"
NAMED = 3
AT_END = "at the end of the pilot: "  # what the next step of an item begins with that is not for today


@dataclass(frozen=True, kw_only=True, slots=True)
class Stands:
    """How one item stands.

    Attributes
    ----------
    state, reason, next_step
        The state, why, and what to do; an empty step where there is nothing to do.
    standing
        Its sign-offs; nothing where it is computed or not needed.
    is_ready
        Whether it can be signed now.
    """

    state: State
    reason: str
    next_step: str = ""
    standing: Standing | None = None
    is_ready: bool = False


def item_state(item: Item, evidence: Evidence) -> Stands:
    """Compute how an item stands.

    Parameters
    ----------
    item
        An item of the checklist.
    evidence
        The files, sign-offs, signers, log and the moment.

    Returns
    -------
    Stands
        The state with its reason and the next step.
    """
    if evidence.free_of_personal and evidence.checklist.personal_gates.issuperset(item.gates):
        return Stands(state="not_required", reason=evidence.free_of_personal)
    ruled_out = _ruled_out(item, evidence)
    if ruled_out:
        return Stands(state="not_required", reason=ruled_out)
    stands = _machine_state(item, evidence) if item.by_machine else _human_state(item, evidence)
    later = item.gates == ("close",) and stands.state == "open" and not stands.is_ready
    return replace(stands, next_step=f"{AT_END}{stands.next_step}") if later else stands


def _ruled_out(item: Item, evidence: Evidence) -> str:
    """Say why an item is not needed; nothing when it is."""
    condition = evidence.checklist.conditions[item.when]
    if condition.screening:
        held = evidence.holdings.held.get(DPIA_FILE)
        no = held is not None and isinstance(held.raw, Mapping) and screening_says(held.raw) is False
        return f"no line of the screening list in {DPIA_FILE} is a yes" if no else ""
    answers = condition.ruled_out_by(evidence.flags)
    return f"{PROJECT_FILE} says {answers}" if answers else ""


def _machine_state(item: Item, evidence: Evidence) -> Stands:
    """Compute a machine item: failed outranks not known, and not known is never met."""
    if item.id == "E03":
        checks = trust_checks(evidence)
    elif item.id == "O01":
        checks = check_outputs(evidence.folder)
    else:
        checks = probe(item.id, evidence.folder, evidence.cards)
    failed = [check for check in checks if check.passed is False]
    unknown = [check for check in checks if check.passed is None]
    shown = failed or unknown or checks
    state: State = "failed" if failed else "open" if unknown else "met"
    mends = dict.fromkeys(check.mend for check in shown if check.mend)
    return Stands(state=state, reason="; ".join(check.finding for check in shown), next_step="; ".join(mends))


def _human_state(item: Item, evidence: Evidence) -> Stands:
    """Compute an item that people sign: what the files say first, then what was signed."""
    standing = stand(item, evidence)
    if standing.state == "n/a":
        return Stands(state="n/a", reason=standing.reason, standing=standing)
    wrong = next(((held.place, fault) for _, held in _subjects(item, evidence) for fault in held.faults), None)
    if wrong:
        return Stands(state="invalid", reason=wrong[1], next_step=f"mend {wrong[0]}", standing=standing)
    unfilled = _unfilled(item, evidence)
    if unfilled:
        state: State = "open" if standing.state == "signed" else standing.state
        reason = f"{standing.reason}; {unfilled[0]}" if state == "rejected" else unfilled[0]
        return Stands(state=state, reason=reason, next_step=unfilled[1], standing=standing)
    trouble = cross_check(item.id, evidence)
    if trouble:
        return Stands(state=trouble.state, reason=trouble.reason, next_step=trouble.mend, standing=standing)
    return _by_signatures(item, standing, evidence)


def _by_signatures(item: Item, standing: Standing, evidence: Evidence) -> Stands:
    """Compute an item whose files are as they should be."""
    if standing.state == "signed":
        return Stands(state="signed", reason=standing.reason, standing=standing)
    chain = evidence.chains.get(item.id)
    broken = chain is not None and bool(chain.fault)  # nobody can sign on top of that
    step = "put the sign-offs and the log back as they were, from git or a copy" if broken else f"sign {item.id}"
    return Stands(state=standing.state, reason=standing.reason, next_step=step, standing=standing, is_ready=not broken)


def _subjects(item: Item, evidence: Evidence) -> Iterator[tuple[Subject, Held]]:
    """Yield each file of an item with the subject that names it."""
    for subject in item.subjects:
        for held in evidence.subject(subject):
            yield subject, held


def _unfilled(item: Item, evidence: Evidence) -> tuple[str, str] | None:
    """Say what is missing or still to do in an item's files, and what to do first; nothing when all is there."""
    for subject in item.subjects:
        if not evidence.subject(subject):
            return f"no file {subject.path}", _remedy(subject)
    silent = evidence.checklist.conditions[item.when].unanswered(evidence.flags)
    if silent:
        said = f"{PROJECT_FILE} does not answer {', '.join(silent)}, so the item is needed"
        return said, f"answer {', '.join(silent)} in {PROJECT_FILE}"
    todos = [(held.place, todo) for subject, held in _subjects(item, evidence) for todo in _within(held, subject)]
    if todos:
        places = list(dict.fromkeys(place for place, _ in todos))
        what = listed([todo for _, todo in todos])
        return f"{len(todos)} TODO left in {listed(places)}: {what}", f"fill in {places[0]}"
    for subject, held in _subjects(item, evidence):
        if part := _absent(held, subject):
            return f"{held.place} has no {part}", f"add {part} to {held.place}"
    return None


def _within(held: Held, subject: Subject) -> Iterator[str]:
    """Yield what is still to do in the parts of a file that an item is about."""
    for todo in held.todos:
        plain = ".".join(step for step in todo.split(".") if not step.isdigit())
        if not subject.parts or any(plain == part or plain.startswith(f"{part}.") for part in subject.parts):
            yield todo


def _absent(held: Held, subject: Subject) -> str:
    """Return the part that an item is about alone and that the file does not have; nothing where it does."""
    alone = subject.parts[0] if len(subject.parts) == 1 else ""
    return alone if alone and isinstance(held.raw, Mapping) and held.raw.get(alone) is None else ""


def _remedy(subject: Subject) -> str:
    """Say what to do about a subject that is missing."""
    folder, _, name = subject.path.rpartition("/")
    if folder == RELEASES:
        return f"{COMMAND} release"
    if drafted := draft_name(subject.path):
        return f"{COMMAND} draft {drafted}"
    return f"add a file in {folder}" if "*" in name else f"write {subject.path}"


def listed(names: Sequence[str]) -> str:
    """Name the first few.

    Parameters
    ----------
    names
        In order.

    Returns
    -------
    str
        Such as `a, b, c and 4 more`.

    Examples
    --------
    >>> listed(["a", "b"])
    'a, b'
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
