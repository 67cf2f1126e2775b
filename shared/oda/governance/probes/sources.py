"""The code of a pilot: cells, blocks of documents and Python files as syntax trees, other languages as text."""

from __future__ import annotations

import ast
import json
import re
import stat
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST = 2 << 20  # bytes of a file
LARGEST_CODE = 1 << 18  # characters of one piece of Python
PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit"})  # what follows them in a cell is Python
FENCE = re.compile(r"[ \t]*(`{3,})[ \t]*(?:\{(\w+)[^}]*\})?\s*$")
INLINE = re.compile(r"`\{python\}([^`]+)`")
SHORTCODE = re.compile(r"\{\{<[^{}]*>\}\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A cell, a block or a file: where it stands, its tree, and what of it is no Python."""

    place: str
    tree: ast.Module | None
    texts: tuple[str, ...] = ()


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
    content = _content(path)
    if content is None:
        return (Piece(place=name, tree=None),)
    text = content.decode("utf-8-sig", "replace")
    if len(content) > LARGEST:
        return (Piece(place=name, tree=None, texts=(text,)),)
    kinds = {".py": _whole, ".pyw": _whole, ".ipy": _magic, ".qmd": _document, ".rmd": _document, ".ipynb": _notebook}
    return tuple(kinds.get(path.suffix.lower(), _other)(text, name))


def _content(path: Path) -> bytes | None:
    """Return the start of a plain file; nothing for any other, since a pipe would keep its reader waiting."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as stream:
            return stream.read(LARGEST + 1)
    except OSError:
        return None


def _whole(text: str, name: str) -> Iterator[Piece]:
    """Yield a file of Python."""
    yield _python(text, name)


def _magic(text: str, name: str) -> Iterator[Piece]:
    """Yield a file of IPython, which may hold lines for a shell."""
    yield _cell(text, name)


def _other(text: str, name: str) -> Iterator[Piece]:
    """Yield a file in another language."""
    yield _foreign(text, name)


def _foreign(text: str, place: str) -> Piece:
    """Keep code of another language as text."""
    return Piece(place=place, tree=ast.Module([], []), texts=(text,))


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
    for number, language, code in _blocks(text):
        place = f"{name}, line {number}"
        yield _cell(code, place) if language == "python" else _foreign(code, place)
    line, at = 1, 0
    for match in INLINE.finditer(text):
        line, at = line + text.count("\n", at, match.start()), match.start()
        yield _python(match[1].strip(), f"{name}, line {line}")
    yield Piece(place=name, tree=ast.Module([], []), texts=tuple(SHORTCODE.findall(text)))


def _blocks(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield where each block of code begins, its language and its code; one that is not closed goes on to the end."""
    began, language, ticks, kept = 0, "", "", list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        fence = FENCE.match(line)
        if not began and fence and fence[2]:
            began, language, ticks, kept = number, fence[2].lower(), fence[1], []
        elif began and fence and not fence[2] and len(fence[1]) >= len(ticks):
            yield began, language, "\n".join(kept)
            began = 0
        elif began:
            kept.append(line)
    if began:
        yield began, language, "\n".join(kept)


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
        given = re.match(r"(\s*\w[\w, ]*=\s*)([!%].*)$", line)
        if given or re.match(r"\s*(?:[!%?]|[\w.]+\?{1,2}\s*$)", line):
            texts.append(given[2] if given else line)
            lines[number] = f"{given[1]}None" if given else re.sub(r"\S.*", "pass", line)
    return "\n".join(lines), texts


def _python(code: str, place: str) -> Piece:
    """Parse Python; keep the text of what is none, or is too much to parse."""
    if len(code) > LARGEST_CODE:
        return Piece(place=place, tree=None, texts=(code,))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an escape in someone's text
            return Piece(place=place, tree=ast.parse(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Piece(place=place, tree=None, texts=(code,))
