"""The code of a pilot: cells of notebooks, blocks of Quarto documents and Python files, as syntax trees."""

from __future__ import annotations

import ast
import json
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_LOOKED_INTO = frozenset(
    {".git", ".venv", ".ipynb_checkpoints", ".quarto", "__pycache__", "node_modules", "runs", "vendor", "wheelhouse"}
)
SUFFIXES = (".ipynb", ".py", ".qmd")
LARGEST = 2 << 20  # bytes
MOST = 1000  # files
PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit"})  # what follows them in a cell is Python
BLOCK = re.compile(r"^[ \t]*(`{3,})[ \t]*\{(\w+)[^}\n]*\}[ \t]*\n(.*?)^[ \t]*\1`*[ \t]*$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`\{python\}\s*([^`]+)`")
SHORTCODE = re.compile(r"\{\{<.*?>\}\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A cell, a block or a file: where it stands, its tree, and what of it is no Python."""

    place: str
    tree: ast.Module | None
    texts: tuple[str, ...] = ()


def find_sources(folder: Path) -> tuple[str, ...]:
    """Find the notebooks, documents and Python files of a pilot.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    tuple of str
        Paths inside the pilot, without those of installed packages and finished runs.
    """
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - NOT_LOOKED_INTO)
        found += [Path(place, name).relative_to(folder).as_posix() for name in names if name.lower().endswith(SUFFIXES)]
    return tuple(sorted(found))


def read_pieces(path: Path, name: str) -> tuple[Piece, ...]:
    """Read the code of one file.

    Parameters
    ----------
    path
        The file.
    name
        How it is called for the reader.

    Returns
    -------
    tuple of Piece
        A piece that cannot be parsed has no tree, and its text is kept.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError:
        return (Piece(place=name, tree=None),)
    text = content.decode("utf-8-sig", "replace")
    if len(content) > LARGEST:
        return (Piece(place=name, tree=None, texts=(text,)),)
    suffix = path.suffix.lower()
    if suffix == ".py":
        return (_python(text, name),)
    return tuple(_document(text, name) if suffix == ".qmd" else _notebook(text, name))


def _notebook(text: str, name: str) -> Iterator[Piece]:
    """Yield the code cells of a notebook."""
    try:
        content = json.loads(text)
        cells = (
            content["cells"] if "cells" in content else [c for sheet in content["worksheets"] for c in sheet["cells"]]
        )
        codes = [(number, _source(cell)) for number, cell in enumerate(cells, 1) if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        yield Piece(place=name, tree=None, texts=(text,))
        return
    for number, code in codes:
        yield _cell(code, f"{name}, cell {number}")


def _source(cell: dict[str, Any]) -> str:
    """Return the code of a cell, which stands as a text or as a list of lines."""
    source = cell.get("source", cell.get("input", ""))
    return source if isinstance(source, str) else "".join(source)


def _document(text: str, name: str) -> Iterator[Piece]:
    """Yield the blocks of a Quarto document, its values in the line, and its shortcodes."""
    for match in BLOCK.finditer(text):
        place = f"{name}, line {text.count(chr(10), 0, match.start()) + 1}"
        yield (
            _cell(match[3], place)
            if match[2] == "python"
            else Piece(place=place, tree=ast.Module([], []), texts=(match[3],))
        )
    for match in INLINE.finditer(text):
        yield _python(match[1].strip(), f"{name}, line {text.count(chr(10), 0, match.start()) + 1}")
    yield Piece(place=name, tree=ast.Module([], []), texts=tuple(SHORTCODE.findall(text)))


def _cell(code: str, place: str) -> Piece:
    """Parse a cell, with what is meant for IPython or a shell put aside."""
    plain = _python(code, place)
    if plain.tree is not None:
        return plain
    kept, texts = _put_magics_aside(code)
    piece = _python(kept, place)
    return Piece(place=place, tree=piece.tree, texts=tuple(texts) if piece.tree is not None else (code,))


def _put_magics_aside(code: str) -> tuple[str, list[str]]:
    """Split a cell into its Python and its lines for IPython or a shell."""
    lines, texts = code.splitlines(), list[str]()
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    magic = re.match(r"\s*%%(\w+)", lines[first]) if lines else None
    if magic:
        if magic[1] not in PYTHON_MAGICS:
            return "", [code]
        texts.append(lines[first])
        lines[first] = ""
    for number, line in enumerate(lines):
        given = re.match(r"(\s*[\w, ]+=\s*)([!%].*)$", line)
        if given or re.match(r"\s*(?:[!%?]|[\w.]+\?{1,2}\s*$)", line):
            texts.append(given[2] if given else line)
            lines[number] = f"{given[1]}None" if given else re.sub(r"\S.*", "pass", line)
    return "\n".join(lines), texts


def _python(code: str, place: str) -> Piece:
    """Parse Python; keep the text of what is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an escape in someone's text
            return Piece(place=place, tree=ast.parse(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Piece(place=place, tree=None, texts=(code,))
