"""What a signer reads of the pilot's own statement, its people, the dataset cards and the agreements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from oda.governance.files.agreements import Clause
from oda.governance.files.logs import LOGS
from oda.governance.telling.reading import NOT_STATED, Reading, Told, ended, words
from oda.governance.wording import FLAGS, MODES, SCHEMES

WORKING = ("commissioner", "analyst", "asr", "approver")  # the roles of an analysis
PLAIN = {
    "purpose": "Purpose",
    "action": "The action that may follow",
    "benefit": "The benefit",
    "why_personal_data": "Why personal data are needed",
}
SETTINGS = {"place": "Place", "country": "Country", "encrypted": "Encrypted", "access_log": "Access is logged"}
INCIDENT = {
    "tell": "Who is told",
    "partners_within_hours": "Partners are told within (hours)",
    "regulator_within_hours": "The regulator is told within (hours)",
}
SHORT = 160  # characters of values that stand together on one line or two
KEY = {"method": "How identifiers are replaced", "key_held_by": "Who holds the key"}


def fields(
    reading: Reading, about: str, *path: str, labels: Mapping[str, str] | None = None, heading: str = ""
) -> Iterator[Told]:
    """Tell each named value at a place, a line each.

    Parameters
    ----------
    reading
        The file.
    about
        What they are called together.
    *path
        Where they stand.
    labels
        What they are called, where their own names are not plain enough.
    heading
        What stands above them; the name of all where it is not given.

    Yields
    ------
    Told
        In the order of the file.
    """
    title = heading or f"{about[:1].upper()}{about[1:]}:"
    each = []
    for name, inner in reading.named(*path):
        label = (labels or {}).get(name) or words(name).capitalize()
        each.append(f"{label}{'' if label.endswith('?') else ':'} {inner.say()}")
    if sum(map(len, each)) <= SHORT:
        yield from [Told(about=about, text=f"{title} {' '.join(map(ended, each))}")] if each else []
        return
    yield from (Told(about=about, text=f"- {one}", heading=title) for one in each)


def tell_project(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:  # noqa: ARG001  as all are called
    """Tell what the pilot is for and does.

    Parameters
    ----------
    reading
        `governance/project.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        Only the parts that the item is about.
    """
    for part, label in PLAIN.items():
        if reading.asks(part):
            yield Told(about=part, text=f"{label}: {reading.say(part)}")
    if reading.asks("mode"):
        yield Told(about="mode", text=f"How people are reached: {reading.say('mode', names=MODES)}")
    if reading.asks("flags"):
        yield from _flags(reading)
    for part, labels in (("environment", SETTINGS), ("incident", INCIDENT), ("pseudonymisation", KEY)):
        yield from _section(reading, part, labels) if reading.asks(part) else ()
    if reading.asks("review_by"):
        yield Told(about="review", text=f"Looked at again by: {reading.say('review_by')}")


def _section(reading: Reading, part: str, labels: Mapping[str, str]) -> Iterator[Told]:
    """Tell a part with its named values, or that there is none."""
    if isinstance(reading.value(part), Mapping):
        yield from fields(reading, part, part, labels=labels)
    else:
        yield Told(about=part, text=f"{part.capitalize()}: {reading.say(part)}")


def _flags(reading: Reading) -> Iterator[Told]:
    """Tell which flags are yes, no and not answered, by what they mean."""
    answers: dict[str, list[str]] = {"yes": [], "no": []}
    for name, inner in reading.named("flags"):
        if isinstance(inner.content, bool):
            answers[inner.say()].append(FLAGS.get(name) or words(name))
    stated = reading.value("flags")
    silent = [text for name, text in FLAGS.items() if not isinstance(stated, Mapping) or stated.get(name) is None]
    told = {"Yes": answers["yes"], "No": answers["no"], "Not answered": silent}
    for answer, texts in told.items():
        if texts:
            yield Told(
                about="flags", text=f"- {answer} ({len(texts)}): {'; '.join(texts)}", heading="What the pilot does:"
            )


def tell_people(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:
    """Tell who takes part: role, organisation, training and access of each.

    Parameters
    ----------
    reading
        `governance/people.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        A line a person; those who use the data or do the work come first.
    """
    people = reading.entries("people")
    dated = reading.asks("people.trained_on")
    yield Told(about="people", text=f"{len(people)} people are named:")
    for one in sorted(people, key=lambda one: _place(one, dated=dated)):
        known = f"{one.say('name')} ({one.say('id')}), {one.say('roles', names=roles)}, {one.say('organisation')}"
        uses = _access(one) if dated else ""
        yield Told(about="people", text=f"- {known}{uses}")


def _place(one: Reading, *, dated: bool) -> bool:
    """Tell whether a person stands behind those that the item is most about."""
    if dated:
        return one.value("trained_on") is None and one.value("access_until") is None
    held = one.value("roles")
    return not isinstance(held, list) or not any(role in WORKING for role in held)


def _access(one: Reading) -> str:
    """Say when a person was trained, and when access ends."""
    trained, until = one.say("trained_on"), one.say("access_until")
    silent = {trained, until} == {NOT_STATED}
    return ": no training and no access to data stated" if silent else f": trained on {trained}, access until {until}"


def tell_card(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:  # noqa: ARG001  as above
    """Tell what a dataset is, and why each of its columns is needed.

    Parameters
    ----------
    reading
        `governance/datasets/<name>.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        The class and controller, the flows, then a line a column.
    """
    about = f"dataset {words(reading.value('name'))}"
    title = f", {reading.say('title')}" if reading.asks("title") else ""
    kind = f"class {reading.say('x-ig', 'class')}; flows: {reading.say('x-ig', 'flows')}"
    yield Told(about=about, text=f"Dataset {reading.say('name')}{title}; {kind}")
    for one in ("controller", "iao", "note"):
        if reading.value("x-ig", one):
            label = {"controller": "Controller", "iao": "Owner", "note": "Note"}[one]
            yield Told(about=about, text=f"- {label}: {reading.say('x-ig', one)}")
    for resource in reading.entries("resources"):
        if resource.value("path") is not None:
            yield Told(about=about, text=_file(resource))
        for field in resource.entries("schema", "fields"):
            yield Told(about=about, text=_column(reading, field), heading="Columns, each with why it is needed:")
    reasons = reading.value("x-ig", "columns")
    for name in list(reasons) if isinstance(reasons, Mapping) else []:
        if not _told(reading, name):
            text = f"- {words(name)} is not among the columns; the reason given: {reading.say('x-ig', 'columns', name)}"
            yield Told(about=about, text=text)


def _file(resource: Reading) -> str:
    """Say which file it is, by its size, rows and hash."""
    size = f"{resource.say('rows')} rows, {resource.say('bytes')} bytes"
    return f"- File {resource.say('path')} ({resource.say('name')}): {size}, {resource.say('hash')}"


def _column(reading: Reading, field: Reading) -> str:
    """Say one column: its name and type, why it is needed, and whether it is given to others."""
    name = field.value("name")
    hashable = isinstance(name, str)
    inner = reading.of("x-ig", "columns", name) if hashable else Reading({})
    shared = inner.value("shared")
    given = ("; given to others" if shared else "; not given to others") if isinstance(shared, bool) else ""
    if given:
        inner.say("shared")
    text = f"- {field.say('name')} ({field.say('type')}): {inner.say('why').removesuffix('.')}{given}"
    return text + "".join(f"; {where.rpartition(', ')[2]}: {value}" for where, value in [*_also(field), *_also(inner)])


def _also(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield what else stands in an entry, and count it as said."""
    for name, inner in reading.named():
        if any(inner.rest()):
            yield words(name).removeprefix("x-"), inner.say()


def _told(reading: Reading, name: object) -> bool:
    """Tell whether everything that stands under the name of a column has been said."""
    return not any(reading.of("x-ig", "columns", name).rest())


def tell_agreement(reading: Reading, roles: Mapping[str, str]) -> Iterator[Told]:  # noqa: ARG001  as above
    """Tell what an agreement is, who the parties are, when it runs and which clauses it lacks.

    Parameters
    ----------
    reading
        `governance/dsa/<id>.yml`.
    roles
        The titles of roles.

    Yields
    ------
    Told
        Only the parts that the item is about.
    """
    name = reading.place.rpartition("/")[2].removesuffix(".yml")
    about = f"agreement {name}"
    if reading.asks("title"):
        title, name = reading.say("title"), reading.say("id")
        dates = (
            f"from {reading.say('starts')} until {reading.say('ends')}; looked at again by {reading.say('review_by')}"
        )
        yield Told(about=about, text=f"Agreement {name}, {title}: {dates}")
    else:
        yield Told(about=about, text=f"Agreement {name}")
    if reading.asks("parties"):
        each = [f"{one.say('org')} ({one.say('owner')})" for one in reading.entries("parties")]
        yield Told(about=about, text=f"- Parties: {'; '.join(each) or 'not stated'}")
    if reading.asks("clauses"):
        yield from _clauses(reading, about)
    if reading.asks("document"):
        document = f"{reading.say('document', 'name')}, SHA-256 {reading.say('document', 'sha256')}"
        yield Told(about=about, text=f"- Signed document: {document}")
    if reading.asks("assurance"):
        for one in reading.entries("assurance"):
            code = f", ODS code {one.say('ods_code')}" if one.value("ods_code") else ""
            scheme = f"{one.say('scheme', names=SCHEMES)}, {one.say('status')}, {one.say('year')}{code}"
            yield Told(about=about, text=f"- Assurance of {one.say('org')}: {scheme}")


def _clauses(reading: Reading, about: str) -> Iterator[Told]:
    """Tell the clauses that are there and those left out, with the reason."""
    stated = reading.value("clauses")
    given = stated if isinstance(stated, list) else []
    absent = [words(one) for one in get_args(Clause) if one not in given]
    why = f"; the reason: {reading.say('missing_clauses_why')}" if reading.value("missing_clauses_why") else ""
    yield Told(about=about, text=f"- Clauses left out ({len(absent)}): {', '.join(absent) or 'none'}{why}")
    yield Told(about=about, text=f"- Clauses there: {reading.say('clauses')}")


def tell_log(reading: Reading, rows: list[object]) -> Iterator[Told]:
    """Tell the rows of a log kept as CSV.

    Parameters
    ----------
    reading
        The log.
    rows
        Its rows.

    Yields
    ------
    Told
        A line a row.
    """
    about = f"rows of {reading.place.rpartition('/')[2]}"
    columns = LOGS.get(reading.place, ())
    for number, row in enumerate(rows):
        inner = reading.of(number)
        if not isinstance(row, Mapping):
            yield Told(about=about, text=f"- {inner.say()}")
            continue
        first = [inner.say(name) for name in columns[:2] if name in row]
        others = [f"{words(name)}: {inner.say(name)}" for name in row if name not in columns[:2]]
        yield Told(about=about, text=f"- {': '.join(first)}; {'; '.join(others)}", heading=f"Log {reading.place}:")
