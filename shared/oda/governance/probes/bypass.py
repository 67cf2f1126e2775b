"""Code that reads data without the loader, and so past the gate and its log.

It reads the code and does not run it. What cannot be seen: names and code that a program makes up while it runs (out of
numbers, of what it decodes or fetches, or by `getattr` with a name made so), what installed packages and other programs
do, what another language puts together, and code typed into a console. Paths are followed through plain assignments,
loops, calls and returns of one file, and no further. A file whose name cannot be worked out is told as not known.
"""

from __future__ import annotations

import ast
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oda.governance.probes.check import Check, shorten, unknown
from oda.governance.probes.commands import is_looked_through, judge_lines, runs_elsewhere
from oda.governance.probes.copies import find_copies, guarded_files
from oda.governance.probes.meddling import SETTING
from oda.governance.probes.patterns import Ground, is_guarded, is_open_ended, leads_to_data, reach
from oda.governance.probes.readers import WHOLE_FOLDERS, code_of, commands_of, find_aliases, read_names
from oda.governance.probes.shadows import find_shadows
from oda.governance.probes.sources import Piece, read_pieces
from oda.governance.probes.spelling import UNKNOWN, Speller, last_name, normalise
from oda.governance.probes.tampering import find_tampering
from oda.governance.probes.walking import NEVER, NO_CODE, Walk, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SIGNS = (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
TOKEN = re.compile(r"[\s'\"(),;|]+")
MOST = 1000  # files of code
SECONDS = 10.0  # of computing, for all code together
NOT_ASKED = ("tests/", "start.py")  # ours, which read what they are given: only what they name counts
REMEDY = 'read the data with oda.load("NAME"), which asks the checklist first'


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """Ways around the loader that were found, each a place in words."""

    reads: dict[str, str] = field(default_factory=dict)
    changes: dict[str, None] = field(default_factory=dict)
    unsure: dict[str, None] = field(default_factory=dict)
    elsewhere: dict[str, None] = field(default_factory=dict)
    unparsed: dict[str, None] = field(default_factory=dict)


def find_bypass(folder: Path, held: Sequence[str] = (), *, personal: bool = False) -> tuple[Check, ...]:
    """Find code of a pilot that reads data without the loader, or alters the gate, and data outside the data folders.

    Parameters
    ----------
    folder
        The pilot's folder.
    held
        Paths, or patterns of paths, of the files of datasets about people.
    personal
        Whether there are datasets about people, so that a file whose name cannot be worked out matters.

    Returns
    -------
    tuple of Check
        Failures name the file and the cell.
    """
    found, ways, started = walk(folder), Ways(), time.thread_time()
    ground = Ground(
        folder=folder,
        files=tuple(name.lower() for name in guarded_files(found.files, held)),
        held=tuple(path.lower() for path in held),
        sources=frozenset(name.lower() for name in found.sources),
    )
    ways.unparsed.update(dict.fromkeys(found.compiled))
    looked = 0
    for name in found.sources[:MOST]:
        if time.thread_time() - started > SECONDS:
            break
        _look(name, ground, ways)
        looked += 1
    return (
        *_say(ways, len(found.sources), personal=personal),
        *_say_of_folder(folder, found, held if personal else None),
        *([unknown(f"only {looked:,} of {len(found.sources):,} files of code were looked through")]
          if looked < len(found.sources) else []),
    )  # fmt: skip


def _look(name: str, ground: Ground, ways: Ways) -> None:
    """Look through one file."""
    file = ground.folder / name
    pieces = read_pieces(file, name)
    try:
        nodes = {piece.place: list(_nodes(piece.tree)) for piece in pieces if piece.tree is not None}
        _unfold(nodes, ways)
        everything = [node for inner in nodes.values() for node in inner]
        speller = Speller(everything)
        aliases = find_aliases(everything, speller)
        for place, inner in nodes.items():
            for text, sure in _read_by(inner, speller, aliases, file, ground):
                _note(ways, name, place, text, sure=sure)
            ways.elsewhere.update((f"{place} ({text})", None) for text in _run_by(inner, speller, file, ground))
        ways.changes.update(dict.fromkeys(find_tampering(nodes, speller)))
    except (RecursionError, MemoryError):
        ways.unparsed[name] = None
    for piece in pieces:
        _look_at_text(piece, name, ground, ways)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a tree but for its signs, which say nothing."""
    return (node for node in ast.walk(tree) if not isinstance(node, SIGNS))


def _unfold(nodes: dict[str, list[ast.AST]], ways: Ways) -> None:
    """Add the code that stands in texts given to `exec` and the like."""
    speller = Speller(node for inner in nodes.values() for node in inner)
    for place, inner in nodes.items():
        for code in [code for node in inner for code in code_of(node, speller)]:
            try:
                inner.extend(
                    _nodes(ast.parse(code.strip()))
                )  # a zero character, what is unknown, is an error of syntax
            except (SyntaxError, ValueError):
                ways.elsewhere[f"{place} (code put together)"] = None


def _note(ways: Ways, name: str, place: str, text: str, *, sure: bool) -> None:
    """Keep what was found in a place."""
    if sure:
        ways.reads.setdefault(place, text)
    elif not name.startswith(NOT_ASKED):
        ways.unsure[place] = None


def _look_at_text(piece: Piece, name: str, ground: Ground, ways: Ways) -> None:
    """Look through what is no Python: lines for a shell, other languages, and code that cannot be parsed."""
    file = ground.folder / name
    for text in piece.texts:
        in_shell = not name.lower().endswith((".r", ".jl", ".sql", ".js")) and piece.tree is not None
        for word, sure in judge_lines(text, file, ground, command=in_shell):
            _note(ways, name, piece.place, word, sure=sure)
        ways.elsewhere.update((f"{piece.place} ({word})", None) for word in runs_elsewhere(text, file, ground))
        if SETTING in text.upper():
            ways.changes[f"{piece.place} uses a setting {SETTING}"] = None
    if piece.tree is None:
        ways.unparsed[piece.place] = None


def _read_by(
    nodes: Sequence[ast.AST], speller: Speller, aliases: dict[str, str], file: Path, ground: Ground
) -> Iterator[tuple[str, bool]]:
    """Yield the guarded paths that code names, and the calls that read a file whose name cannot be worked out."""
    notes = {id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in nodes:
        if (
            isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp | ast.AugAssign | ast.Call)
            and id(node) not in notes
        ):
            for text in speller.spell(node):
                yield from _named(text, file, ground)
        for argument, reader in read_names(node, aliases, speller):
            for text in map(normalise, speller.spell(argument)):
                yield from _judge_path(text, reader, file, ground)
        for command in commands_of(node, speller):
            yield from judge_lines(command, file, ground)


def _named(text: str, file: Path, ground: Ground) -> Iterator[tuple[str, bool]]:
    """Yield the guarded paths and patterns that stand in a text."""
    if is_guarded(plain := normalise(text), ground):
        yield plain[:80], True
    elif "/" in plain and "*" in plain and UNKNOWN not in plain:
        for word in TOKEN.split(plain)[:1000]:
            if "/" in word and reach(word, file, ground):
                yield word, True
            elif word.count("/") > 1 and reach(word, file, ground) is None:
                yield word, False


def _judge_path(text: str, reader: str, file: Path, ground: Ground) -> Iterator[tuple[str, bool]]:
    """Yield a path that is read when it leads to data, or may."""
    reached = False if UNKNOWN in text else reach(text, file, ground)
    if reached or leads_to_data(text, file, ground, above=reader in WHOLE_FOLDERS):
        yield text, True
    elif reached is None or is_open_ended(text):
        yield text, False


def _run_by(nodes: Sequence[ast.AST], speller: Speller, file: Path, ground: Ground) -> Iterator[str]:
    """Yield what code runs or imports that is not looked through."""
    for node in nodes:
        for command in commands_of(node, speller):
            yield from runs_elsewhere(command, file, ground)
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (module for module in modules if module.split(".")[0] in NEVER | NO_CODE)
        elif isinstance(node, ast.Call):
            yield from _called_elsewhere(node, speller, file, ground)


def _called_elsewhere(node: ast.Call, speller: Speller, file: Path, ground: Ground) -> Iterator[str]:
    """Yield what one call runs, or has imported, that is not looked through."""
    name, before = last_name(node.func), getattr(node.func, "value", None)
    if name in {"insert", "append", "extend", "addsitedir"} and last_name(before or node) in {"path", "site"}:
        texts = speller.spell(node.args[-1]) if node.args else ()
        yield from (text.replace(UNKNOWN, "?") for text in texts if not _is_own_folder(text, file, ground))
    elif name in {"run_path", "spec_from_file_location", "execfile"} and node.args:
        texts = speller.spell(node.args[-1])
        yield from (text.replace(UNKNOWN, "?") for text in texts if not is_looked_through(text, file, ground))
    elif name in {"import_module", "__import__", "run_module", "resolve_name"} and node.args:
        yield from ("a module by name" for text in speller.spell(node.args[0]) if UNKNOWN in text)


def _is_own_folder(text: str, file: Path, ground: Ground) -> bool:
    """Tell whether a folder lies in the pilot and its code is looked through."""
    home = ground.folder.resolve()
    place = (file.parent / text).resolve() if UNKNOWN not in text else home.parent
    return place.is_relative_to(home) and not {*place.relative_to(home).parts[:1]} & (NEVER | NO_CODE)


def _say(ways: Ways, count: int, *, personal: bool) -> Iterator[Check]:
    """Say what was found in the code, in checks."""
    if ways.reads:
        places = shorten([f"{place} ({text})" for place, text in ways.reads.items()])
        yield Check(finding=f"code reads data without the loader: {places}", passed=False, mend=REMEDY)
    if ways.changes:
        found = f"code goes behind the gate or alters it: {shorten(list(ways.changes))}"
        yield Check(
            finding=found, passed=False, mend="take it out; what the gate refuses, the roles of the checklist decide"
        )
    if ways.unsure and personal:
        found = f"code reads a file whose name cannot be worked out: {shorten(list(ways.unsure))}"
        yield unknown(found, f"write the name out, or {REMEDY}")
    if ways.elsewhere and personal:
        found = f"code runs other code that is not looked through: {shorten(list(ways.elsewhere))}"
        yield unknown(found, "put that code into a .py file beside the notebooks, and import it")
    if ways.unparsed:
        yield unknown(f"code cannot be read as Python: {shorten(list(ways.unparsed))}", "correct it, or take it out")
    if not (ways.reads or ways.changes):
        yield Check(finding=f"no code in {count} files names a data folder or alters the gate", passed=True)


def _say_of_folder(folder: Path, found: Walk, held: Sequence[str] | None) -> Iterator[Check]:
    """Say what was found of the folder itself, in checks."""
    copies, unread = find_copies(folder, found.files, found.linked_files, held) if held is not None else ([], [])
    shadows = list(find_shadows([*found.sources, *found.compiled]))
    faults = (
        ("a file takes the place of a module that Python would otherwise import", shadows, "give it another name"),
        ("data lie outside the data folders", copies, "delete the copy, and tell the information governance lead"),
        ("a folder is a link, and what lies there is not looked into", found.links, "put the folder itself there"),
        ("a pilot inside this pilot is not looked at", found.pilots, "move it out of this folder"),
    )
    for what, places, mend in faults:
        if places:
            yield Check(finding=f"{what}: {shorten(places)}", passed=False, mend=mend)
    if unread:
        yield unknown(f"files are too large to compare with the data: {shorten(unread)}", "delete what is a copy")
    if found.missed:
        yield unknown(f"folders cannot be looked into: {shorten(found.missed)}", "make them readable, or take them out")
