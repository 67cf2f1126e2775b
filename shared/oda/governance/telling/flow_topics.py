"""What a flow of data says, topic by topic, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oda.governance.files.flows import letter
from oda.governance.telling.reading import NOT_STATED, Reading, words
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


def has(reading: Reading, topic: Topic) -> bool:
    """Tell whether there is something to say of a topic.

    Parameters
    ----------
    reading
        A flow.
    topic
        What is asked about.

    Returns
    -------
    bool
        False where the item is not about it.
    """
    stated = reading.value(topic.part)
    return reading.asks(topic.part) and (topic.part not in OPTIONAL or stated not in (None, ""))


def say(reading: Reading, topic: Topic) -> str:
    """Say a topic; of what is none unless it is stated, say that it is not.

    Parameters
    ----------
    reading
        A flow.
    topic
        What is asked about.

    Returns
    -------
    str
        In words.
    """
    silent = topic.part in UNLESS_STATED and reading.value(topic.part) is None
    return "none stated" if silent else topic.say(reading)
