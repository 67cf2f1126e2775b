"""What became of a run, in words: from its record to the summary that a person reads."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from oda.errors import COMMAND

State = Literal["waiting", "running", "done", "unchanged", "failed", "stopped", "not started"]

NOT_STARTED = "not started"  # how the error of a task that never began begins
STOPPED = "stopped by the person"  # how that of a task ended by Ctrl-C begins
ENDED = "ended, since another had failed"  # that of a task ended by --fail-fast
PART = "Part of the plan: "  # of a record that does not say what was asked for
LONGEST = 200  # characters of a message; what follows may quote data
FEW = 3  # so many failures with one message are still told one by one
SCREEN = 10  # lines of a kind, and names in a line, that a screen has room for
SLOWEST = 5
WIDTH = 100
_COLOURS = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\].*?(\x07|\x1b\\)|.)", re.DOTALL)

Outcomes = Sequence[Mapping[str, Any]]


def first_line(text: str) -> str:
    r"""Return the first line of a message, short and without control characters.

    Parameters
    ----------
    text
        Any text, such as the message of an error; what follows its first line may quote data.

    Returns
    -------
    str
        At most 200 characters.

    Examples
    --------
    >>> first_line("KeyError: 'rate'\nTraceback ...")
    "KeyError: 'rate'"
    """
    lines = (_plain(line) for line in _COLOURS.sub("", text).splitlines())
    line = next((line for line in lines if line), "")
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def _plain(line: str) -> str:
    """Return a line without characters that move the cursor, turn the reading direction or cannot be written."""
    shown = (" " if char == "\t" else char for char in line if char == "\t" or unicodedata.category(char)[0] != "C")
    return "".join(shown).strip()


def duration(seconds: float) -> str:
    """Say how long something took.

    Parameters
    ----------
    seconds
        Of wall time.

    Returns
    -------
    str
        Such as `1.2 s`, `48 s`, `3 min 5 s` or `2 h 5 min`.

    Examples
    --------
    >>> duration(1.23), duration(185), duration(7500)
    ('1.2 s', '3 min 5 s', '2 h 5 min')
    """
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if whole < 60:
        return f"{whole} s"
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def ending(error: str) -> State:
    """Return how a task ended, from the error of its outcome.

    Parameters
    ----------
    error
        Empty when it ran to its end.

    Returns
    -------
    str
        `done`, `failed`, `stopped` or `not started`.

    Examples
    --------
    >>> ending(""), ending("not started: 10-data failed")
    ('done', 'not started')
    """
    if not error:
        return "done"
    if error.startswith(NOT_STARTED):
        return "not started"
    return "stopped" if error.startswith((STOPPED, ENDED)) else "failed"


def tell_counts(counts: Mapping[State, int], *, total: int, plan: int | None = None) -> str:
    """Say how many notebooks are done, and what became of the others.

    Parameters
    ----------
    counts
        How many ended in each state; `unchanged` ones count as done.
    total
        How many were asked for.
    plan
        How many the plan has, where a part of it was asked for.

    Returns
    -------
    str
        Such as `31 of 33 notebooks done (12 of them unchanged), 2 failed`.

    Examples
    --------
    >>> tell_counts({"done": 19, "unchanged": 12, "failed": 2}, total=33)
    '31 of 33 notebooks done (12 of them unchanged), 2 failed'
    """
    unchanged = counts.get("unchanged", 0)
    done = counts.get("done", 0) + unchanged
    named: tuple[State, ...] = ("failed", "stopped", "not started")
    others = [f"{counts[state]:,} {state}" for state in named if counts.get(state)]
    reused = [f" ({unchanged:,} of them unchanged)"] if unchanged else []
    what = f" notebook{'' if total == 1 else 's'}" if plan is None else " asked for"
    said = ", ".join(["".join([f"{done:,} of {total:,}{what} done", *reused]), *others])
    return said if plan is None else f"{said}; the plan has {plan:,}"


def one_line(record: Mapping[str, Any]) -> str:
    """Say in one line how a run ended.

    Parameters
    ----------
    record
        What `run.json` holds: an outcome for every task; one with a text under `reused` was copied, not executed.

    Returns
    -------
    str
        Such as `9 of 9 notebooks done. Record: runs/falls-3f2a9c1b07/run.json`.
    """
    outcomes = asked_for(record)
    counts: dict[State, int] = {}
    for outcome in outcomes:
        state = _state(outcome)
        counts[state] = counts.get(state, 0) + 1
    plan = record.get("plan") if record.get("asked") else None
    words = {"stopped": "Stopped before the end: ", "running": "Broken off: ", "part": "" if plan else PART}
    before = words.get(record.get("status", ""), "")
    return f"{before}{tell_counts(counts, total=len(outcomes), plan=plan)}. Record: runs/{record['id']}/run.json"


def asked_for(record: Mapping[str, Any]) -> Outcomes:
    """Return what became of the tasks that a run was asked for, and of what they need.

    Parameters
    ----------
    record
        What `run.json` holds; under `asked` the names of tasks, where it was not the whole plan.

    Returns
    -------
    sequence of mapping
        Outcomes; all when the whole plan was asked for.
    """
    outcomes: Outcomes = record["outcomes"]
    asked = set(record.get("asked") or (outcome["task"] for outcome in outcomes))
    return [outcome for outcome in outcomes if outcome["task"] in asked]


def _state(outcome: Mapping[str, Any]) -> State:
    """Return how a task of a record ended."""
    return "unchanged" if outcome.get("reused") and not outcome["error"] else ending(outcome["error"])


def summarise(record: Mapping[str, Any], *, short: bool = False) -> tuple[str, ...]:
    """Tell what became of a run: what failed where and why, what was left out, what was slow, how to go on.

    Parameters
    ----------
    record
        What `run.json` holds. Of each outcome are read `task`, `notebook`, `district` or `item`, `seconds`, `error`,
        `cell`, and where there are any `reused`, `undeclared` and `elsewhere` (files written outside the run).
    short
        For a screen: at most ten lines of a kind and ten names in each; the whole is in `summary.txt`.

    Returns
    -------
    tuple of str
        Lines, the first of them that of `one_line`.
    """
    outcomes = asked_for(record)
    names = {each["code"]: each["name"] for each in record.get("settings", {}).get("districts", ())}
    failed = [outcome for outcome in outcomes if _state(outcome) == "failed"]
    folder = f"runs/{record['id']}"
    parts = [
        _section("Failed", _failures(failed, names, folder, short=short), f"{folder}/summary.txt", short=short),
        _section("Not finished", _unfinished(outcomes, names, short=short), f"{folder}/summary.txt", short=short),
        _files(outcomes, names, folder, short=short),
        [] if short else _slowest(outcomes, names),
        _next_step(record, outcomes),
    ]
    lines = [one_line(record)]
    for part in filter(None, parts):
        lines += ["", *part]
    return tuple(lines)


def _section(head: str, entries: Sequence[Sequence[str]], whole: str, *, short: bool) -> list[str]:
    """Return a heading and its entries, a few of them where there is little room."""
    if not entries:
        return []
    shown = entries[:SCREEN] if short else entries
    lines = [line for entry in shown for line in entry]
    more = [f"- and {len(entries) - len(shown):,} more: see {whole}"] if len(entries) > len(shown) else []
    return [head, *lines, *more]


def _failures(failed: Outcomes, names: Mapping[str, str], folder: str, *, short: bool) -> list[list[str]]:
    """Tell of each failure, and once of many with the same message in the same cell."""
    alike: dict[tuple[str, int, str], list[Mapping[str, Any]]] = {}
    for outcome in failed:
        cell = -1 if outcome.get("cell") is None else outcome["cell"]
        alike.setdefault((outcome["notebook"], cell, first_line(outcome["error"])), []).append(outcome)
    told = []
    for (notebook, cell, message), group in alike.items():
        where = f"in cell {cell + 1}: {message}" if cell >= 0 else message
        if len(group) > FEW:
            files = _paths(group[0], folder)
            who = _wrap(f"  {_list(group, names, short=short)}")
            told.append([f"- {notebook}, {_many(group)}: {where}", *who, f"  First: {files}; the others beside it."])
        else:
            told += [[f"- {_label(one, names)}: {where}", f"  {_paths(one, folder)}"] for one in group]
    return told


def _paths(outcome: Mapping[str, Any], folder: str) -> str:
    """Return where a half-run notebook and its log are."""
    return f"{folder}/notebooks/{outcome['task']}.ipynb and .log"


def _many(group: Outcomes) -> str:
    """Say how many districts, or other items, a group has."""
    return f"{len(group):,} {'districts' if all(one.get('district') for one in group) else 'notebooks'}"


def _item(outcome: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return the name of the district, or the other item, that a task was for."""
    code = outcome.get("district")
    item = outcome.get("item")
    return first_line(str(names.get(code, code) if code else "" if item is None else item))


def _label(outcome: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Return a task's notebook and item."""
    item = _item(outcome, names)
    return f"{outcome['notebook']}, {item}" if item else str(outcome["notebook"])


def _list(group: Outcomes, names: Mapping[str, str], *, short: bool) -> str:
    """Return the items of a group, a few of them where there is little room."""
    items = [_item(one, names) or str(one["task"]) for one in group]
    shown = items[:SCREEN] if short else items
    more = f" and {len(items) - len(shown):,} more" if len(items) > len(shown) else ""
    return ", ".join(shown) + more


def _wrap(text: str) -> list[str]:
    """Break a long line between words, never inside a name."""
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _unfinished(outcomes: Outcomes, names: Mapping[str, str], *, short: bool) -> list[list[str]]:
    """Tell which tasks were stopped or never started, by notebook and reason."""
    left = [outcome for outcome in outcomes if _state(outcome) in ("stopped", "not started")]
    return _by_notebook(left, [first_line(one["error"]) for one in left], names, short=short)


def _by_notebook(outcomes: Outcomes, texts: Iterable[str], names: Mapping[str, str], *, short: bool) -> list[list[str]]:
    """Tell the same text of several items of a notebook once."""
    alike: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for outcome, text in zip(outcomes, texts, strict=True):
        alike.setdefault((outcome["notebook"], text), []).append(outcome)
    told = []
    for (notebook, text), group in alike.items():
        if len(group) == 1:
            told.append([f"- {_label(group[0], names)}: {text}"])
        else:
            told.append([f"- {notebook}, {_many(group)}: {text}", *_wrap(f"  {_list(group, names, short=short)}")])
    return told


def _files(outcomes: Outcomes, names: Mapping[str, str], folder: str, *, short: bool) -> list[str]:
    """Name the files that did not leave the run, and those written outside it."""
    heads = {
        "undeclared": "Left no run. Declare each under 'outputs' in pilot.yml, or do not write it",
        "elsewhere": "Written outside the run: no part of it, and another run may write over them",
    }
    lines: list[str] = []
    for kind, head in heads.items():
        having = [outcome for outcome in outcomes if outcome.get(kind)]
        texts = [", ".join(first_line(str(name)) for name in outcome[kind]) for outcome in having]
        entries = _by_notebook(having, texts, names, short=short)
        lines += _section(head, entries, f"{folder}/summary.txt", short=short)
    return lines


def _slowest(outcomes: Outcomes, names: Mapping[str, str]) -> list[str]:
    """Name the notebooks that took longest, of those that were executed."""
    executed = [one for one in outcomes if _state(one) in ("done", "failed")]
    longest = sorted(executed, key=lambda one: -one["seconds"])[:SLOWEST]
    told = [f"- {_label(one, names)}: {duration(one['seconds'])}" for one in longest]
    return ["Slowest", *told] if len(executed) > 1 else []


def _next_step(record: Mapping[str, Any], outcomes: Outcomes) -> list[str]:
    """Say how to go on when something is not done."""
    states = {_state(outcome) for outcome in outcomes}
    if "failed" in states:
        return [f"Mend what failed, then go on; what is done is kept: {COMMAND} run"]
    if states & {"stopped", "not started"} or record.get("status") in ("stopped", "running"):
        return [f"To go on; what is done is kept: {COMMAND} run"]
    return []
