"""What a signer is shown before signing: in plain English, under a page, with what it is worth."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from oda.governance.checklist import Item
from oda.governance.evidence import Evidence
from oda.governance.files.base import Held

LINES = 34  # of the files' content; with what stands around it a page
WIDEST = 110
MANY = 12
WORTH = "Evidence of process, and not legal advice: the decision is yours."


def tell(item: Item, evidence: Evidence, organisation: str = "") -> str:
    """Say in plain English what is signed with an item.

    Parameters
    ----------
    item
        An item that people sign.
    evidence
        The files as they are.
    organisation
        The controller for which it is signed, where each signs.

    Returns
    -------
    str
        At most a page of text.
    """
    whose = organisation if item.per_controller else ""
    signed = [(s.parts, evidence.subject(s, whose)) for s in item.subjects]
    lines = [line for parts, held in signed for line in _files(held, parts)]
    shown = lines[:LINES]
    left = [f"  ... and {len(lines) - LINES} more lines: read the files themselves"] if len(lines) > LINES else []
    files = [one.place for _, held in signed for one in held]
    return "\n".join(
        [
            f"{item.id}  {item.title}",
            f"By signing you say: {item.confirm}",
            f"What you sign: {_named(files)}.",
            *shown,
            *left,
            f"Source: {item.source}.",
            f"It holds for {item.valid_days} days, and only while those files say what they say now. {WORTH}",
        ]
    )


def _named(files: Sequence[str]) -> str:
    """Name files, the first ones only where there are many."""
    return ", ".join(files[:4]) + (f" and {len(files) - 4} more" if len(files) > 4 else "")


def _files(held: Sequence[Held], parts: Sequence[str]) -> Iterator[str]:
    """Yield the content of files as lines; of many files a count of each answer instead."""
    if len(held) > 3:
        yield from _counted(held, parts)
        return
    for one in held:
        if len(held) > 1:
            yield f"  {one.place}"
        yield from _lines(one.raw, parts, "    " if len(held) > 1 else "  ")


def _counted(held: Sequence[Held], parts: Sequence[str]) -> Iterator[str]:
    """Yield how often each answer stands in many files of a kind."""
    yield f"  {len(held)} files; how often each answer stands in them:"
    names = parts or sorted({str(key) for one in held if isinstance(one.raw, Mapping) for key in one.raw})
    for name in names:
        found = Counter(_short(_at(one.raw, name)) for one in held)
        most = "; ".join(f"{answer} ({times})" for answer, times in found.most_common(3))
        more = f"; {len(found) - 3} others" if len(found) > 3 else ""
        yield _cut(f"    {name.replace('_', ' ')}: {most}{more}")


def _lines(raw: Any, parts: Sequence[str], indent: str) -> Iterator[str]:  # noqa: ANN401  plain content of any kind
    """Yield content as lines of name and value."""
    if isinstance(raw, list):
        yield from _rows("rows", raw, indent)
        return
    if not isinstance(raw, Mapping):
        yield f"{indent}cannot be read"
        return
    for name in parts or raw:
        value = _at(raw, name)
        plain = name.rpartition(".")[2].replace("_", " ")
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield from _rows(plain, value, indent)
        elif isinstance(value, Mapping):
            yield from _mapping(plain, value, indent)
        else:
            yield _cut(f"{indent}{plain}: {_short(value)}")


def _rows(name: str, rows: Sequence[Any], indent: str) -> Iterator[str]:
    """Yield a list of entries, a line each."""
    yield f"{indent}{name}: {len(rows)}"
    for row in rows:
        yield _cut(f"{indent}  - {_short(row)}")


def _mapping(name: str, value: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Yield named values: on one line where they fit, counted by answer where there are many, else a line each."""
    if len(value) > MANY:
        found = Counter(_short(one.get("answer") if isinstance(one, Mapping) else one) for one in value.values())
        answers = "; ".join(f"{answer} ({times})" for answer, times in found.most_common(MANY))
        yield _cut(f"{indent}{name}: {len(value)}, of them {answers}")
    elif len(indent) + len(name) + len(_short(value)) + 2 <= WIDEST:
        yield f"{indent}{name}: {_short(value)}"
    else:
        yield f"{indent}{name}:"
        for key, inner in value.items():
            yield _cut(f"{indent}  {str(key).replace('_', ' ')}: {_short(inner)}")


def _at(raw: Any, path: str) -> Any:  # noqa: ANN401  as above
    """Return what stands at a dotted path; through a list, what its only entry has there, or all of them."""
    for step in path.split("."):
        if isinstance(raw, list):
            raw = raw[0] if len(raw) == 1 else [_at(one, step) for one in raw]
        if isinstance(raw, Mapping):
            raw = raw.get(step)
    return raw


def _short(value: object) -> str:
    """Write a value on one line, as people read it."""
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.date):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, Mapping):
        return ", ".join(f"{str(key).replace('_', ' ')}: {_short(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_short, value)) or "none"
    return " ".join(str(value).split())


def _cut(line: str) -> str:
    """Keep a line within a page's width."""
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 3]}..."
