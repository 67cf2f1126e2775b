"""What a signer reads of flows of data: one by one where they are few, else counted, with those that need most care."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from oda.governance.telling.flow_topics import TOPICS, has, party, say
from oda.governance.telling.reading import Reading, Told, ended, words

FEW = 6  # flows that are told one by one, with a count of what has no room
MOST = 12  # flows that are told one by one where all of them have room
FLOWS = "governance/flows"
SINGLED = 4  # flows that are told one by one among many
ANSWERS = 3  # different answers that are shown of many
RISKY = ("low", "medium", "high")


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
    each = [_one(readings[number], raws[number]) for number in order[: MOST if room else None]]
    told = [one for flow in each for one in flow]
    if not room or len(order) <= FEW or (len(order) <= MOST and _lines(told) <= room):
        yield from told
        return
    readable = [reading for reading in readings if isinstance(reading.content, Mapping)]
    care = [_named(readings[number], raws[number]) for number in order[:SINGLED]]
    yield from _counts(readable, raws, "; ".join(care))
    yield from (one for flow in each[:SINGLED] for one in flow)


def _lines(told: Sequence[Told]) -> int:
    """Return about how many lines a page needs for this."""
    return sum(len(one.text) // 95 + 1 for one in told)


def _named(reading: Reading, raw: object) -> str:
    """Name a flow with why it needs care."""
    notes = ", ".join(note for _, note in _cares(raw)) or "no more than the others"
    return f"{_name(reading)} ({notes if isinstance(raw, Mapping) else 'cannot be read'})"


def _name(reading: Reading) -> str:
    """Return the name of a flow's file, without its ending."""
    return words(reading.place.rpartition("/")[2].removesuffix(".yml"))


def _one(reading: Reading, raw: object) -> list[Told]:
    """Tell one flow: who gives to whom, then a line for each kind of thing that is said."""
    name = _name(reading)
    about = f"flow {name}"
    if not isinstance(reading.content, Mapping):
        return [Told(about=about, text=f"{reading.place} cannot be read.")]
    if reading.value("id") == name:
        reading.say("id")
    notes = [note for part, note in [*_cares(raw), *_giver(raw)] if not reading.asks(part)]
    beside = f" [not part of this sign-off: {', '.join(notes)}]" if notes else ""
    told = [f"{name}: from {party(reading, 'from')} to {party(reading, 'to')}{beside}"]
    topics = [topic for topic in TOPICS if topic.line and has(reading, topic)]
    for line in sorted({topic.line for topic in topics}):
        said = [ended(f"{topic.label}: {say(reading, topic)}") for topic in topics if topic.line == line]
        told.append(f"- {' '.join(said)}")
    told += [f"- {where}: {value}" for where, value in reading.rest()]
    return [Told(about=about, text=text) for text in told]


def _counts(readings: Sequence[Reading], raws: Sequence[object], care: str) -> Iterator[Told]:
    """Tell how often each answer stands in many flows."""
    unread = f" {len(raws) - len(readings):,} cannot be read." if len(readings) < len(raws) else ""
    alone = f"{len(raws) - SINGLED:,} of {len(raws):,} flows are not shown one by one; each is a file in {FLOWS}."
    yield Told(about="flows", text=f"{alone}{unread} How often each answer stands in them:")
    pairs = (f"{words(one.value('from', 'org'))} to {words(one.value('to', 'org'))}" for one in readings)
    yield _counted("From and to", pairs)
    yield Told(about="counts of flows", text=f"- Those that need most care: {care}")
    for topic in TOPICS:
        if any(has(one, topic) for one in readings):
            yield _counted(topic.label, (say(one, topic) for one in readings))
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


def _giver(raw: object) -> Iterator[tuple[str, str]]:
    """Yield that people give the data themselves, where they do."""
    if isinstance(raw, Mapping) and raw.get("given_by") == "person":
        yield "given_by", "people give these data themselves"


def _care(raw: object) -> tuple[int, int, int, int]:
    """Return how much care a flow needs: people named, special data, the risk that is left, no agreement."""
    if not isinstance(raw, Mapping):
        return (2, 0, 0, 0)  # what cannot be read comes first
    cares = {part for part, _ in _cares(raw)}
    risk = raw.get("risk")
    left = risk.get("residual") if isinstance(risk, Mapping) else None
    level = RISKY.index(left) if left in RISKY else len(RISKY)
    return ("identifiability" in cares, bool(cares & {"art9", "art10"}), level, "dsa" in cares)
