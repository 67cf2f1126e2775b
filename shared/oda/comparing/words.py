"""A comparison of two runs in plain words, the answer first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from oda.comparing.changes import CellChange, CodeChange, Difference, NotebookCode, ResultChange, RunChanges, TaskChange
from oda.comparing.figures import by_how_much, figure, figures
from oda.evaluate.words import listed

RESULTS = 100  # results told of a kind; more are counted
CELLS = 8  # cells told of a table
LINES = 40  # lines told of a cell of code
HEADINGS = {
    "Estimates": ("estimate",),
    "Figures and conclusions": ("fact", "cannot-say"),
    "Tables and charts": ("table", "figure"),
}
KINDS = {
    "estimate": "an estimate",
    "fact": "a fact",
    "cannot-say": "cannot be concluded",
    "table": "a table",
    "figure": "a chart",
}

# Told of an estimate where they differ; then those that follow from its numbers, told when nothing else differs.
BESIDE = ("n_clusters", "n_treated", "p_value", "permutation_p", "smallest_p", "estimand", "outcome", "method")
UNTOLD = ("std_error", "df", "cautions", "sentence")
NO_TEXT = {"kind", "value", "unit", "rows", "data_rows"}


def say_changes(changes: RunChanges, *, everything: bool = False) -> str:
    """Say what differs between two runs: results first, then what differs behind them, then code.

    Parameters
    ----------
    changes
        What `compare_runs` returned.
    everything
        Whether to tell all, however much it is.

    Returns
    -------
    str
        Lines of plain text.
    """
    most = None if everything else RESULTS
    lines = [*_headline(changes)]
    told = [one for one in changes.results if not one.only]
    for heading, kinds in HEADINGS.items():
        of_kind = [one for one in told if one.kind in kinds]
        inner = _alike(of_kind, most, everything=everything)
        lines += _block(f"{heading}: {_count(len(of_kind), 'difference')}", inner)
    lines += _quiet([one for one in changes.results if one.only])
    lines += _block("Notebooks that only one run has finished", _tasks(changes.tasks))
    lines += _block(
        "What differs behind the results", _limited([*map(_cause, changes.causes), *_puzzle(changes)], most)
    )
    if changes.code is not None:
        code = [line for one in changes.code for line in _code(one, everything=everything)]
        lines += _block("Code", code or ["No cell differs."])
    return "\n".join(lines)


def _headline(changes: RunChanges) -> Iterator[str]:
    """Yield what a person reads who reads no further."""
    about = {
        name: f"{run['id']} ({run['status']}, finished {run['finished']})"
        for name, run in (("Old", changes.old), ("New", changes.new))
    }
    yield from (f"{name}: {words}" for name, words in about.items())
    if changes.old == changes.new:
        yield "Both are the same run."
    if changes.differing:
        alone = f"; {len(changes.tasks):,} of these finished in one run only" if changes.tasks else ""
        of = _count(changes.notebooks, "notebook")
        yield f"{changes.differing:,} of {of} {_verb(changes.differing)} in results{alone}."
    else:
        yield f"No result differs, of {_count(changes.notebooks, 'notebook')}."
    if changes.unfinished:
        yield f"{_count(changes.unfinished, 'notebook')} finished in neither run, so there is nothing to compare."


def _puzzle(changes: RunChanges) -> Iterator[str]:
    """Say so when results differ and nothing that is on record does."""
    if changes.results and not changes.causes and changes.code == ():
        yield "nothing that is on record: the notebooks read something else, or give other results each time"


def _verb(number: int) -> str:
    """Return the verb that fits a number."""
    return "differs" if number == 1 else "differ"


def _count(number: int, what: str) -> str:
    """Say how many there are of something."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _block(heading: str, lines: Iterable[str]) -> list[str]:
    """Return lines under a heading; nothing where there are none."""
    inner = [f"  {line}" for line in lines]
    return ["", heading, *inner] if inner else []


def _limited(lines: Iterable[str], most: int | None) -> list[str]:
    """Return at most so many lines, and how many more there are."""
    found = list(lines)
    return [*found[:most], *_rest(len(found), most)]


def _rest(number: int, most: int | None) -> list[str]:
    """Say how many of a number are not told."""
    return [f"and {number - most:,} more; --all tells them"] if most and number > most else []


def _alike(results: Iterable[ResultChange], most: int | None, *, everything: bool) -> list[str]:
    """Return the lines of results, told once for all districts in which the same differs."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in results:
        told = (one.notebook, one.key, *_result(one, everything=everything))
        groups.setdefault(told, []).append(one.place_name or one.place or "")
    lines = []
    for (notebook, key, first, *others), places in list(groups.items())[:most]:
        several = f"{notebook} ({listed(places)})"
        where = several if len(places) > 1 else ", ".join(filter(None, (notebook, *places)))
        lines += [f"{where}, {key}: {first}", *others]
    return [*lines, *_rest(len(groups), most)]


def _result(one: ResultChange, *, everything: bool) -> Iterator[str]:
    """Yield the lines of one result that differs; the first follows its name."""
    if one.old is None or one.new is None:
        yield f"{one.how}: {_whole(one.new or one.old or {})}"
    elif one.old["kind"] != one.new["kind"]:
        yield f"was {_whole(one.old)}"
        yield f"    is now {_whole(one.new)}"
    elif one.kind == "estimate":
        yield _estimate(one, one.old, one.new)
    elif one.kind == "fact":
        yield from _fact(one, one.old, one.new)
    else:
        yield f"{_count(len(one.cells), 'change')} in its numbers" if one.cells else "its words differ"
        yield from _texts(one.old, one.new)
        yield from (f"    {line}" for line in _limited(_cells(one.cells), None if everything else CELLS))


def _whole(result: Mapping[str, Any]) -> str:
    """Say a result on its own."""
    if result["kind"] == "estimate":
        return f"{_interval(result, 4)}, n {result['n_obs']:,}, {result['method']}"
    words = _line(result.get("sentence") or result["caption"])
    return f"{KINDS[result['kind']]}: {words}"


def _interval(one: Mapping[str, Any], digits: int) -> str:
    """Say an estimate's value, unit and interval."""
    value, low, high = (figure(one[name], digits) for name in ("value", "ci_low", "ci_high"))
    said = f"{value} {one['unit']}" if one["unit"] else f"ratio {value}" if one["scale"] == "ratio" else value
    return f"{said} ({one['level'] * 100:g}% interval {low} to {high})"


def _estimate(one: ResultChange, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Say in one line how an estimate differs: value and interval, n, and what else does."""
    digits = max(figures(old[name], new[name]) for name in ("value", "ci_low", "ci_high"))
    before, after = _interval(old, digits), _interval(new, digits)
    parts = [f"{before} -> {after}" if before != after else f"{after} in both"]
    parts += [f"change {by_how_much(one.change)}"] if one.change else []
    parts += [_two("n", old["n_obs"], new["n_obs"])]
    parts += [_two(name.replace("_", " "), old[name], new[name]) for name in BESIDE if old[name] != new[name]]
    silent = [name.replace("_", " ") for name in UNTOLD if old[name] != new[name]]
    return "; ".join([*parts, *([f"its {listed(silent)} differs"] if before == after and len(parts) == 2 else [])])


def _two(name: str, old: object, new: object) -> str:
    """Say a value of both runs, once where it is the same."""
    digits = figures(old, new)
    before, after = figure(old, digits), figure(new, digits)
    return f"{name} {after}" if old == new else f"{name} {before} -> {after}"


def _fact(one: ResultChange, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield how a fact differs: its value, the size of the change, and its sentence."""
    same = (old["value"], old["unit"]) == (new["value"], new["unit"])
    digits = figures(old["value"], new["value"])
    before, after = (f"{figure(fact['value'], digits)} {fact['unit']}".strip() for fact in (old, new))
    by = f"; change {by_how_much(one.change)}" if one.change else ""
    yield "its sentence differs" if same else f"{before} -> {after}{by}"
    yield from _texts(old, new)


def _texts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of a result that differ, as they were and as they are."""
    for name in [name for name in old if name not in NO_TEXT and old[name] != new[name]]:
        yield f"    {name.replace('_', ' ')} was: {_line(old[name])}"
        yield f"    {' ' * (len(name) - 1)}is now: {_line(new[name])}"


def _line(text: object) -> str:
    """Return a text in one line."""
    return " ".join(str(text).split()) or "none"


def _cells(cells: Iterable[CellChange]) -> list[str]:
    """Return how cells differ; those that read alike are counted, with the size of the largest change."""
    found = list(cells)
    told = [one for one in found if one.old != one.new]
    hidden = [abs(one.change or 0.0) for one in found if one.old == one.new]
    alike = f"{_count(len(hidden), 'cell')} {_verb(len(hidden))} in digits that are not shown"
    return [*map(_cell, told), *([f"{alike}, by at most {figure(max(hidden), 3)}"] if hidden else [])]


def _cell(one: CellChange) -> str:
    """Say how a cell differs, or which row or column came or went."""
    if one.old is None or one.new is None:
        how, what = ("gone", one.old) if one.new is None else ("added", one.new)
        return f"row {one.row!r} {how}: {what}" if one.row else f"column {one.column!r} {how}"
    by = f" ({by_how_much(one.change)})" if one.change else ""
    return f"{one.row}, {one.column}: {one.old} -> {one.new}{by}"


def _quiet(results: Iterable[ResultChange]) -> list[str]:
    """Return the results whose numbers and words agree, told once for all districts."""
    found: dict[str, list[str]] = {}
    for one in results:
        what = "the drawing alone differs" if one.only == "drawing" else "only order or decimals differ"
        found.setdefault(f"{one.notebook}, {one.key}: {what}", []).append(one.place_name or one.place or "")
    return _block("Tables and charts whose numbers agree", (_for(words, places) for words, places in found.items()))


def _for(words: str, places: Sequence[str]) -> str:
    """Add for which districts something is said."""
    named = [place for place in places if place]
    return f"{words} ({listed(named)})" if named else words


def _tasks(tasks: Iterable[TaskChange]) -> list[str]:
    """Return the notebooks that only one run has finished, told once for all districts."""
    found: dict[str, list[str]] = {}
    for one in tasks:
        found.setdefault(f"{one.notebook}: {one.old} -> {one.new}", []).append(one.place_name or one.place or "")
    return [_for(words, places) for words, places in found.items()]


def _cause(one: Difference) -> str:
    """Say what differs behind the results, and for how many notebooks where that is counted."""
    of = f" ({_count(one.notebooks, 'notebook')})" if one.notebooks else ""
    if one.old is None and one.new is None:
        return f"{one.what} differs{of}"
    if one.old is None or one.new is None:
        run, value = ("old", one.old) if one.new is None else ("new", one.new)
        return f"{one.what}: only in the {run} run: {value}{of}"
    return f"{one.what}: {one.old} -> {one.new}{of}"


def _code(one: NotebookCode, *, everything: bool) -> Iterator[str]:
    """Yield what differs in a notebook's cells: code as a diff, the others counted."""
    of = f" (in {_count(one.tasks, 'run')} of it)" if one.tasks > 1 else ""
    if one.unread:
        why = "it never started" if one.never else "its notebook cannot be read"
        yield f"{one.notebook}{of}: not compared: in the {one.unread} run {why}"
        return
    counts = [
        f"{_count(number, what)} {_verb(number)}{how}"
        for number, what, how in (
            (len(one.cells), "code cell", ""),
            (one.only_form, "code cell", " in comments or layout only"),
            (one.text, "Markdown cell", ""),
        )
        if number
    ]
    yield f"{one.notebook}{of}: {'; '.join([*counts, *(f'{name} differs' for name in one.beside)])}"
    for cell in one.cells:
        yield f"  {_number(cell)}"
        yield from (f"    {line}" for line in _limited(cell.lines, None if everything else LINES))


def _number(cell: CodeChange) -> str:
    """Say which cell it is."""
    if cell.old is None or cell.new is None:
        return f"code cell {cell.new}, added:" if cell.old is None else f"code cell {cell.old} of the old run, gone:"
    return f"code cell {cell.new}" + (":" if cell.old == cell.new else f" ({cell.old} in the old run):")
