"""What differs behind the results of two runs: settings, data, versions, parameters, files that notebooks used."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from oda.comparing.changes import Difference, place_of

NAMES = ("code", "notebook", "document", "id", "name")  # what an entry of a list is known by
LONGEST = 80  # characters of a value
HASH = 12  # digits of a hash
TAKEN = re.compile(r"[-+]?\d[\d_]*(\.\d*)?([eE][-+]?\d+)?|true|false|null")
ABOUT_PEOPLE = {"personal", "pseudonymised"}

Record = Mapping[str, Any]


def find_causes(old: Record, new: Record) -> tuple[Difference, ...]:
    """Return what differs behind the results of two runs, from their records.

    Parameters
    ----------
    old, new
        Records of any age; what one lacks is not compared.

    Returns
    -------
    tuple of Difference
        Data first, then settings, parameters, used files, versions.
    """
    return (
        *_datasets(old, new),
        *_differ("setting ", old.get("settings", {}), new.get("settings", {})),
        *_parameters(old, new),
        *_versions(old, new),
    )


def _differ(what: str, old: object, new: object) -> Iterator[Difference]:
    """Yield the innermost values that differ; a whole branch that one side lacks is said once."""
    if old == new:
        return
    was, now = _branches(old), _branches(new)
    if was is None or now is None:
        yield Difference(what=what, old=_said(old), new=_said(new))
        return
    between = "" if what.endswith(" ") else "."
    for name in [*was, *(name for name in now if name not in was)]:
        inner = f"{what}{between}{name}"
        if name not in now:
            yield Difference(what=inner, old=_said(was[name]))
        elif name not in was:
            yield Difference(what=inner, new=_said(now[name]))
        else:
            yield from _differ(inner, was[name], now[name])


def _branches(value: object) -> dict[str, object] | None:
    """Return the parts of a mapping, or of a list whose entries have a name, by name; None for anything else."""
    if isinstance(value, Mapping):
        return {str(name): part for name, part in value.items()}
    if not isinstance(value, list) or not all(isinstance(part, Mapping) for part in value):
        return None
    for known_by in NAMES:
        names = [part.get(known_by) for part in value]
        if len(set(map(str, names))) == len(names) and None not in names:
            return dict(zip(map(str, names), value, strict=True))
    return None


def _said(value: object) -> str:
    """Return a value in one short line; a text that could be taken for a number or a truth value in quotes."""
    plain = isinstance(value, str) and value and not TAKEN.fullmatch(value)
    text = str(value) if plain else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _datasets(old: Record, new: Record) -> Iterator[Difference]:
    """Yield the datasets that came or went, and what differs in files and cards of the others."""
    was, now = (
        {one["card"]["name"]: one for one in record.get("datasets", []) if one.get("card", {}).get("name")}
        for record in (old, new)
    )
    for name in [*was, *(name for name in now if name not in was)]:
        if name not in now:
            yield Difference(what=f"dataset {name}", old="used")
        elif name not in was:
            yield Difference(what=f"dataset {name}", new="used")
        else:
            yield from _dataset(name, was[name], now[name])


def _dataset(name: str, old: Record, new: Record) -> Iterator[Difference]:
    """Yield what differs in a dataset; of data about people neither hash nor rows, which nothing protects."""
    people = any(one["card"].get("x-ig", {}).get("class") in ABOUT_PEOPLE for one in (old, new))
    was, now = ({file["name"]: file["sha256"] for file in one.get("files", [])} for one in (old, new))
    for file in [*was, *(file for file in now if file not in was)]:
        before, after = was.get(file), now.get(file)
        what = f"dataset {name}: {file}"
        if before is None or after is None:
            yield Difference(what=what, old=before and "used", new=after and "used")
        elif before != after and people:
            yield Difference(what=f"{what}: its content")
        elif before != after:
            yield Difference(what=f"{what}: sha256", old=before[:HASH], new=after[:HASH])
    yield from _differ(f"dataset {name}: card ", *(_card(one["card"], people=people) for one in (old, new)))


def _card(card: Record, *, people: bool) -> Record:
    """Return a dataset's card without the hash, which is compared already, and without counts of people."""
    left_out = {"hash", "bytes", "rows"} if people else {"hash"}
    resources = [
        {name: value for name, value in one.items() if name not in left_out} for one in card.get("resources", [])
    ]
    return {**card, "resources": resources}


def _parameters(old: Record, new: Record) -> Iterator[Difference]:
    """Yield the parameters that differ, each said once of all the notebooks for which it differs alike."""
    met: Counter[tuple[str, str | None, str | None]] = Counter()
    for was, now in _both(old, new):
        names = ("seen", "parameters") if was.get("seen") and now.get("seen") else ("parameters",)
        before, after = (one.get(names[0]) or {} for one in (was, now))
        for name in [*before, *(name for name in after if name not in before)]:
            one, other = (_said(values[name]) if name in values else None for values in (before, after))
            if one != other:
                met[(f"parameter {name} of {was['notebook']}", one, other)] += 1
    for (what, before, after), number in met.items():
        yield Difference(what=what, old=before, new=after, notebooks=number)


def _both(old: Record, new: Record) -> Iterator[tuple[Record, Record]]:
    """Yield the outcomes of each task that both runs have."""
    known = {place_of(outcome): outcome for outcome in old.get("outcomes", [])}
    for outcome in new.get("outcomes", []):
        if place_of(outcome) in known:
            yield known[place_of(outcome)], outcome


def _versions(old: Record, new: Record) -> Iterator[Difference]:
    """Yield the packages whose versions differ, and the code of ours and the lock where their hashes do."""
    yield from _differ("version of ", old.get("versions", {}), new.get("versions", {}))
    was, now = old.get("inputs", {}), new.get("inputs", {})
    words = {"oda": "the code of oda: sha256", "lock": "the lock (requirements/run.txt): sha256"}
    for name, what in words.items():
        before, after = was.get(name), now.get(name)
        if before and after and before != after:
            yield Difference(what=what, old=before[:HASH], new=after[:HASH])
    if was.get("code") != now.get("code") and "code" in was and "code" in now:
        yield Difference(what="the code of the notebooks, or of modules beside them")
