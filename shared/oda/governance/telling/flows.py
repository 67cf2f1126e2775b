"""What a signer reads of flows of data: one by one where they are few, else counted, with those that need most care."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from oda.governance.files.flows import letter
from oda.governance.telling.reading import NOT_STATED, Reading, Told, ended, words
from oda.governance.wording import (
    BASES,
    CONDITIONS,
    DECIDERS,
    DISPOSALS,
    FREQUENCIES,
    GIVERS,
    ITEMS,
    KINDS_OF_BODY,
    KINDS_OF_DATA,
    METHODS,
    NATIONAL_OPT_OUTS,
    OBJECTIONS,
    OFFENCE_ROUTES,
    ROUTES,
)

MOST = 12  # flows that may be told one by one, where there is room
SINGLED = 4  # flows that are told one by one among many
ANSWERS = 3  # different answers that are shown of many
RISKY = ("low", "medium", "high")


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """Something that a flow says: the line it is told in, what it is called, its part and the words for it."""

    line: int
    label: str
    part: str
    say: Callable[[Reading], str]


def party(reading: Reading, end: str) -> str:
    """Name one end of a flow, with its role and kind.

    Parameters
    ----------
    reading
        The flow.
    end
        `from` or `to`.

    Returns
    -------
    str
        Such as `fire (controller, a fire and rescue service)`.
    """
    kind = f", {reading.say(end, 'type', names=KINDS_OF_BODY)}" if reading.value(end, "type") is not None else ""
    return f"{reading.say(end, 'org')} ({reading.say(end, 'role')}{kind})"


def confidence(reading: Reading, *path: str) -> str:
    """Say the duty of confidence, the route and who decided it.

    Parameters
    ----------
    reading
        A flow, or the review of confidentiality.
    *path
        Where it stands.

    Returns
    -------
    str
        In words.
    """
    owed = reading.say(*path, "owed")
    duty = {"yes": "a duty of confidence is owed", "no": "no duty of confidence is owed"}.get(owed, f"owed: {owed}")
    decider = reading.say(*path, "decided_by", names=DECIDERS)
    return f"{duty}; the route is {reading.say(*path, 'route', names=ROUTES)}; decided by: {decider}"


def opt_outs(reading: Reading, *path: str) -> str:
    """Say what happens to those who have opted out.

    Parameters
    ----------
    reading
        A flow, or the review of confidentiality.
    *path
        Where it stands.

    Returns
    -------
    str
        In words.
    """
    national = reading.say(*path, "national_data_opt_out", names=NATIONAL_OPT_OUTS)
    local = reading.say(*path, "local_objection", names=OBJECTIONS)
    return f"national data opt-out: {national}; objections made locally: {local}"


def _law(value: object, article: str, names: Mapping[str, str]) -> str:
    """Say a point of Article 6 or 9 in words, with its letter; anything else as it is."""
    point = letter(value) if isinstance(value, str) else ""
    if point not in names or not isinstance(value, str):
        return words(value, names)
    detail = value.partition(f"-{point}")[2].strip("-").replace("-", " ")
    return f"Article {article}({point}), {names[point]}{f' ({detail})' if detail else ''}"


def _bases(reading: Reading) -> str:
    """Say the Article 6 basis, of each controller where they differ."""
    value = reading.value("art6")
    reading.say("art6")
    if isinstance(value, Mapping):
        return "; ".join(f"{words(org)}: {_law(one, '6(1)', BASES)}" for org, one in value.items()) or NOT_STATED
    return _law(value, "6(1)", BASES)


def _condition(reading: Reading) -> str:
    """Say the Article 9 condition."""
    reading.say("art9")
    return _law(reading.value("art9"), "9(2)", CONDITIONS)


def _kinds(reading: Reading) -> str:
    """Say the categories of data without the catalogue's own spelling."""
    value = reading.value("categories")
    reading.say("categories")
    each = value if isinstance(value, list) else [value]
    plain = (
        one.removeprefix("user.").replace("_", " ").replace(".", " / ") if isinstance(one, str) else one for one in each
    )
    return words(list(plain))


def _power(reading: Reading) -> str:
    """Say the legal power, with its text where that is given."""
    text = reading.value("power", "text")
    return reading.say("power", "act") + (f" ({reading.say('power', 'text')})" if text else "")


def _gateway(reading: Reading) -> str:
    """Say the gateway, with the reason where that is given."""
    reason = f" ({reading.say('gateway', 'reason')})" if reading.value("gateway", "reason") else ""
    return reading.say("gateway", "id") + reason


def _notice(reading: Reading) -> str:
    """Say how people are told and where they complain."""
    days = reading.value("transparency", "art14_days")
    within = f", within {reading.say('transparency', 'art14_days')} days" if days is not None else ""
    notice, complaints = reading.say("transparency", "privacy_notice"), reading.say("transparency", "complaints_url")
    return f"{notice}{within}; complaints: {complaints}"


def _kept(reading: Reading) -> str:
    """Say how long the copy is kept, how it ends, and that the source stays."""
    disposal = reading.say("retention", "disposal", names=DISPOSALS)
    untouched = reading.say("retention", "source_record_untouched")
    return f"{reading.say('retention', 'until')}, then {disposal}; the source record stays untouched: {untouched}"


def _incident(reading: Reading) -> str:
    """Say who is told of a loss, and how soon."""
    hours = reading.say("incident", "report_within_hours")
    return f"{reading.say('incident', 'to')}, within {hours} hours"


def _risk(reading: Reading) -> str:
    """Say the risk and what is left of it."""
    before = f"likelihood {reading.say('risk', 'likelihood')}, severity {reading.say('risk', 'severity')}"
    return f"{before}; left after the safeguards: {reading.say('risk', 'residual')}"


def _plain(part: str, names: Mapping[str, str] | None = None) -> Callable[[Reading], str]:
    """Return what says a part as it stands."""
    return lambda reading: reading.say(part, names=names)


TOPICS = (
    Topic(line=0, label="From", part="from", say=lambda reading: party(reading, "from")),
    Topic(line=0, label="To", part="to", say=lambda reading: party(reading, "to")),
    Topic(line=1, label="For", part="purpose", say=_plain("purpose")),
    Topic(line=1, label="About", part="data_subjects", say=_plain("data_subjects")),
    Topic(line=1, label="Data", part="data_items", say=_plain("data_items", ITEMS)),
    Topic(line=1, label="Kinds", part="categories", say=_kinds),
    Topic(line=1, label="These are", part="identifiability", say=_plain("identifiability", KINDS_OF_DATA)),
    Topic(line=1, label="Given by", part="given_by", say=_plain("given_by", GIVERS)),
    Topic(line=2, label="Power", part="power", say=_power),
    Topic(line=2, label="Gateway", part="gateway", say=_gateway),
    Topic(line=2, label="Digital Economy Act register", part="dea_register_id", say=_plain("dea_register_id")),
    Topic(line=2, label="Basis", part="art6", say=_bases),
    Topic(line=2, label="Asked for by a public body", part="public_task_request", say=_plain("public_task_request")),
    Topic(line=3, label="Condition for special category data", part="art9", say=_condition),
    Topic(line=3, label="Schedule 1 condition", part="sch1", say=_plain("sch1")),
    Topic(line=3, label="Policy document", part="policy_document", say=_plain("policy_document")),
    Topic(line=3, label="Criminal offence data, Article 10", part="art10", say=_plain("art10", OFFENCE_ROUTES)),
    Topic(line=3, label="Law enforcement processing (Part 3)", part="le_part3", say=_plain("le_part3")),
    Topic(
        line=4,
        label="Confidentiality",
        part="confidentiality",
        say=lambda reading: confidence(reading, "confidentiality"),
    ),
    Topic(line=4, label="Opt-outs", part="opt_out", say=lambda reading: opt_outs(reading, "opt_out")),
    Topic(line=5, label="People are told in", part="transparency", say=_notice),
    Topic(line=6, label="How often", part="frequency", say=_plain("frequency", FREQUENCIES)),
    Topic(line=6, label="Records", part="volume", say=_plain("volume")),
    Topic(line=6, label="Sent", part="method", say=_plain("method", METHODS)),
    Topic(line=6, label="Tested with a dummy file", part="method_tested_on", say=_plain("method_tested_on")),
    Topic(line=6, label="Held in", part="location", say=_plain("location")),
    Topic(line=7, label="Kept until", part="retention", say=_kept),
    Topic(line=7, label="Of a loss are told", part="incident", say=_incident),
    Topic(line=7, label="Risk", part="risk", say=_risk),
    Topic(line=8, label="Agreement", part="dsa", say=_plain("dsa")),
    Topic(line=8, label="Looked at again by", part="review_by", say=_plain("review_by")),
)
UNLESS_STATED = frozenset({"art9", "sch1", "policy_document", "art10", "le_part3"})  # none, where nothing is said
OPTIONAL = frozenset({"given_by", "public_task_request", "dea_register_id"})  # said only where they stand


def tell_flows(readings: Sequence[Reading], raws: Sequence[object], room: int) -> Iterator[Told]:
    """Tell what flows of data say of what an item is about.

    Parameters
    ----------
    readings, raws
        The flows, what is signed of each, and the whole of each.
    room
        Lines that a page has for them; none where every line may be shown.

    Yields
    ------
    Told
        Each flow where all fit; else counts, and the few that need most care.
    """
    order = sorted(range(len(raws)), key=lambda number: _care(raws[number]), reverse=True)
    few = len(order) <= MOST or not room
    each = [list(_one(readings[number], raws[number])) for number in order] if few else []
    if few and (not room or sum(len(one.text) // 95 + 1 for told in each for one in told) <= room):
        for told in each:
            yield from told
        return
    readable = [reading for reading in readings if isinstance(reading.content, Mapping)]
    yield from _counts(readable, raws)
    singled = order[:SINGLED]
    place = "governance/flows"
    rest = f"{len(order) - len(singled):,} of {len(order):,} flows are not shown one by one; each is a file in {place}."
    yield Told(about="flows", text=f"Of them, those that need most care follow. {rest}")
    for number in singled:
        yield from _one(readings[number], raws[number])


def _one(reading: Reading, raw: object) -> Iterator[Told]:
    """Tell one flow: who gives to whom, then a line for each kind of thing that is said."""
    name = reading.place.rpartition("/")[2].removesuffix(".yml")
    about = f"flow {name}"
    if not isinstance(reading.content, Mapping):
        yield Told(about=about, text=f"{reading.place} cannot be read.")
        return
    if reading.value("id") == name:
        reading.say("id")
    notes = [note for part, note in _cares(raw) if not reading.asks(part)]
    beside = f" [not part of this sign-off: {', '.join(notes)}]" if notes else ""
    yield Told(about=about, text=f"{words(name)}: {party(reading, 'from')} gives {party(reading, 'to')}{beside}")
    topics = [topic for topic in TOPICS if topic.line and _has(reading, topic)]
    for line in sorted({topic.line for topic in topics}):
        said = [ended(f"{topic.label}: {_say(reading, topic)}") for topic in topics if topic.line == line]
        yield Told(about=about, text=f"- {' '.join(said)}")
    for where, value in reading.rest():
        yield Told(about=about, text=f"- {where}: {value}")


def _has(reading: Reading, topic: Topic) -> bool:
    """Tell whether there is something to say of a topic."""
    stated = reading.value(topic.part)
    return reading.asks(topic.part) and (topic.part not in OPTIONAL or stated not in (None, ""))


def _say(reading: Reading, topic: Topic) -> str:
    """Say a topic; of what is none unless it is stated, say that it is not."""
    silent = topic.part in UNLESS_STATED and reading.value(topic.part) is None
    return "none stated" if silent else topic.say(reading)


def _counts(readings: Sequence[Reading], raws: Sequence[object]) -> Iterator[Told]:
    """Tell how often each answer stands in many flows."""
    unread = f" {len(raws) - len(readings):,} cannot be read." if len(readings) < len(raws) else ""
    yield Told(about="flows", text=f"{len(raws):,} flows; how often each answer stands in them:{unread}")
    pairs = (f"{words(one.value('from', 'org'))} to {words(one.value('to', 'org'))}" for one in readings)
    yield _counted("From and to", pairs)
    for topic in TOPICS:
        if any(_has(one, topic) for one in readings):
            yield _counted(topic.label, (_say(one, topic) for one in readings))
    others = Counter(where for one in readings for where, _ in one.rest() if where != "id")
    for where, times in others.items():
        yield Told(about="counts of flows", text=f"- {where}: stands in {times:,}")
    noted = Counter(note for raw in raws for part, note in _cares(raw) if readings and not readings[0].asks(part))
    if noted:
        beside = "; ".join(f"{note} ({times:,})" for note, times in noted.items())
        yield Told(about="counts of flows", text=f"- Not part of this sign-off: {beside}")


def _counted(label: str, answers: Iterator[str]) -> Told:
    """Count answers; the most frequent are shown, the others counted."""
    found = Counter(answers)
    shown = found.most_common(ANSWERS)
    others = found.total() - sum(times for _, times in shown)
    more = f"; {len(found) - len(shown):,} other answers ({others:,})" if others else ""
    listed = "; ".join(f"{answer} ({times:,})" for answer, times in shown)
    return Told(about="counts of flows", text=f"- {label}: {listed}{more}")


def _cares(raw: object) -> Iterator[tuple[str, str]]:
    """Yield why a flow needs care, each with the part of its file that says so."""
    if not isinstance(raw, Mapping):
        return
    if raw.get("identifiability") == "identifiable":
        yield "identifiability", "names or points to people"
    if raw.get("art9", "none") != "none":
        yield "art9", "special category data"
    if raw.get("art10", "none") != "none" or raw.get("le_part3") is True:
        yield "art10", "criminal offence data"
    risk = raw.get("risk")
    if isinstance(risk, Mapping) and risk.get("residual") == "high":
        yield "risk", "a high risk is left"
    if raw.get("dsa") is None:
        yield "dsa", "no agreement is named"


def _care(raw: object) -> tuple[int, int, int, int]:
    """Return how much care a flow needs: people named, special data, the risk that is left, no agreement."""
    if not isinstance(raw, Mapping):
        return (2, 0, 0, 0)  # what cannot be read comes first
    cares = {part for part, _ in _cares(raw)}
    risk = raw.get("risk")
    left = risk.get("residual") if isinstance(risk, Mapping) else None
    level = RISKY.index(left) if left in RISKY else len(RISKY)
    return ("identifiability" in cares, bool(cares & {"art9", "art10"}), level, "dsa" in cares)
