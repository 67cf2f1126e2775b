"""Code that reads data without the loader, and so past the gate and its log.

It reads the code and does not run it: what a program makes up while it runs can hide from it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from oda.governance.probes.check import Check, shorten, unknown
from oda.governance.probes.ignoring import DATA_FOLDERS
from oda.governance.probes.sources import MOST, Piece, find_sources, read_pieces
from oda.governance.probes.spelling import UNKNOWN, Speller, last_name, normalise
from oda.governance.probes.tampering import TRUST, find_tampering
from oda.governance.probes.tracked import is_data_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

GUARDED = re.compile(r"(?<![\w-])data/(?:raw|derived)(?![\w-])")
READERS = re.compile(
    r"read_(?!sql|clipboard|html|gbq|text$|bytes$|preset$)\w+|scan_\w+|open|load_workbook|loadtxt|genfromtxt|fromfile|memmap"
    r"|ZipFile|ParquetFile|dataset"
)
LOADERS = {"load": {"np", "numpy", "pickle", "joblib"}, "connect": {"sqlite3", "duckdb"}}
OF_A_PATH = frozenset({"read_text", "read_bytes"})
NOT_ASKED = ("tests/", "start.py")  # ours, which read what they are given: only what they name counts
REMEDY = 'read the data with oda.load("NAME"), which asks the checklist first'


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """Ways around the loader that were found, each a place in words."""

    reads: dict[str, None] = field(default_factory=dict)
    changes: dict[str, None] = field(default_factory=dict)
    unsure: dict[str, None] = field(default_factory=dict)
    unparsed: dict[str, None] = field(default_factory=dict)


def find_bypass(folder: Path, held: Sequence[str] = (), *, personal: bool = False) -> tuple[Check, ...]:
    """Find code of a pilot that reads data without the loader, or alters the gate.

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
    names, ways = find_sources(folder), Ways()
    for name in names[:MOST]:
        if name in {"oda.py", "oda/__init__.py"} or name.endswith(("/oda.py", "/oda/__init__.py")):
            ways.changes[f"{name} takes the place of the package"] = None
        _look(folder, name, held, ways)
    return tuple(_say(ways, len(names), personal=personal))


def _look(folder: Path, name: str, held: Sequence[str], ways: Ways) -> None:
    """Look through one file."""
    pieces = read_pieces(folder / name, name)
    try:
        nodes = {piece.place: list(ast.walk(piece.tree)) for piece in pieces if piece.tree is not None}
        speller = Speller(node for inner in nodes.values() for node in inner)
        for place, inner in nodes.items():
            for text, sure in _read_by(inner, speller, folder / name, folder, held):
                if sure:
                    ways.reads[f"{place} ({text})"] = None
                elif not name.startswith(NOT_ASKED):
                    ways.unsure[place] = None
        ways.changes.update(dict.fromkeys(find_tampering(nodes)))
    except RecursionError:
        ways.unparsed[name] = None
    for piece in pieces:
        _look_at_text(piece, ways)


def _look_at_text(piece: Piece, ways: Ways) -> None:
    """Look through what is no Python: lines for a shell, and code that cannot be parsed."""
    lines = [line for text in piece.texts for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = next((match for line in lines if (match := GUARDED.search(normalise(line)))), None)
    if found:
        ways.reads[f"{piece.place} ({found[0]})"] = None
    if any(TRUST in line for line in lines):
        ways.changes[f"{piece.place} uses {TRUST}"] = None
    if piece.tree is None:
        ways.unparsed[piece.place] = None


def _read_by(
    nodes: Sequence[ast.AST], speller: Speller, file: Path, folder: Path, held: Sequence[str]
) -> Iterator[tuple[str, bool]]:
    """Yield the guarded paths that code names, and the calls that read a file whose name cannot be worked out."""
    notes = {id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in nodes:
        if (
            isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp | ast.AugAssign | ast.Call)
            and id(node) not in notes
        ):
            yield from ((text, True) for text in map(normalise, speller.spell(node)) if _is_guarded(text, held))
        argument = _argument(node)
        if argument is not None:
            texts = [normalise(text) for text in speller.spell(argument)]
            yield from ((text, True) for text in texts if _leads_to_data(text, file, folder, held))
            yield from ((text, False) for text in texts if _is_open_ended(text))


def _is_guarded(text: str, held: Sequence[str]) -> bool:
    """Tell whether a text names a data folder or the file of a dataset about people."""
    if text.startswith(("http://", "https://")):
        return False
    return bool(GUARDED.search(text)) or any(fnmatchcase(text.lstrip("./"), path.lower()) for path in held)


def _argument(node: ast.AST) -> ast.AST | None:
    """Return what a call that reads a file takes for its name; nothing for any other code."""
    if not isinstance(node, ast.Call):
        return None
    name, before = last_name(node.func), getattr(node.func, "value", None)
    named = [keyword.value for keyword in node.keywords if keyword.arg not in {"mode", "encoding", "dtype", "columns"}]
    given = node.args[0] if node.args else next(iter(named), None)
    if name in OF_A_PATH:
        return before
    if name == "open" and before is not None and not _is_module(before):
        return None if _writes(node.args[:1], node) else before
    reads = READERS.fullmatch(name) or last_name(before or node) in LOADERS.get(name, ())
    return given if reads and not _is_in_memory(given) and not _writes(node.args[1:2], node) else None


def _is_module(node: ast.AST) -> bool:
    """Tell whether what stands before `.open` is a module that opens files by name."""
    return last_name(node) in {"io", "os", "codecs", "gzip", "bz2", "lzma", "tarfile", "builtins", "Image"}


def _is_in_memory(node: ast.AST | None) -> bool:
    """Tell whether what is read is text in memory, or nothing."""
    return node is None or (isinstance(node, ast.Call) and last_name(node.func) in {"StringIO", "BytesIO"})


def _writes(place: Sequence[ast.AST], node: ast.Call) -> bool:
    """Tell whether a call opens a file only to write it."""
    modes = [*place, *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and str(mode.value).rstrip("bt") in {"w", "a", "x"} for mode in modes)


def _leads_to_data(text: str, file: Path, folder: Path, held: Sequence[str]) -> bool:
    """Tell whether a path that is read lies in a data folder, by its name or through a link."""
    if UNKNOWN in text or "://" in text or len(text) > 500:
        return False
    bare = re.sub(r"^(?:\.\./|\./)+", "", text)
    names = {path.lower().rsplit("/", 1)[-1] for path in held if "*" not in path}
    if bare.startswith(("raw/", "derived/")) or bare.rsplit("/", 1)[-1] in names:
        return True
    home = folder.resolve()
    for start in (file.parent, folder):
        place = (start / text).resolve()
        if any(place.is_relative_to(home / data) for data in DATA_FOLDERS):
            return True
    return False


def _is_open_ended(text: str) -> bool:
    """Tell whether a path may well lead to data, for all that can be worked out."""
    *folders, last = text.split("/")
    if UNKNOWN not in text or any(UNKNOWN not in part for part in folders if part not in {"", ".", "..", "data"}):
        return False
    return UNKNOWN in last or is_data_file(last) or "." not in last


def _say(ways: Ways, count: int, *, personal: bool) -> Iterator[Check]:
    """Say what was found in the code, in checks."""
    if ways.reads:
        found = f"code reads data without the loader: {shorten(list(ways.reads))}"
        yield Check(finding=found, passed=False, mend=REMEDY)
    if ways.changes:
        found = f"code goes behind the gate or alters it: {shorten(list(ways.changes))}"
        yield Check(
            finding=found, passed=False, mend="take it out; what the gate refuses, the roles of the checklist decide"
        )
    if ways.unsure and personal:
        found = f"code reads a file whose name cannot be worked out: {shorten(list(ways.unsure))}"
        yield unknown(found, f"write the name out, or {REMEDY}")
    if ways.unparsed:
        yield unknown(f"code cannot be read as Python: {shorten(list(ways.unparsed))}", "correct it, or take it out")
    if count > MOST:
        yield unknown(f"only {MOST:,} of {count:,} files of code were looked through")
    if not (ways.reads or ways.changes):
        yield Check(finding=f"no code in {count} files names a data folder or alters the gate", passed=True)
