"""What a notebook means: the syntax trees of its code cells, so that words, comments and layout change nothing."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oda.errors import SettingsError
from oda.hashing import ABSENT, hash_values

PARAMETERS = "parameters"
INJECTED = "injected-parameters"  # where papermill put the parameters of an earlier execution
_MAGIC = re.compile(r"^(\s*)(?:(\w[\w., ]*)=\s*)?([%!].*)$")
_PYTHON_BELOW = re.compile(r"%%(?:time|timeit|capture|prun)\b.*")  # cell magics under which stands Python


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One code cell: its number as JupyterLab's reader counts all cells from 1, its source and the tags that matter."""

    number: int
    source: str
    tags: tuple[str, ...]


def code_cells(path: Path) -> tuple[Cell, ...]:
    """Read the code cells of a notebook.

    Parameters
    ----------
    path
        The notebook, a file of format 4.

    Returns
    -------
    tuple of Cell
        In order; cells without any code are among them.

    Raises
    ------
    SettingsError
        When the file is no notebook, or one of an older format.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        form = content["nbformat"]
        cells = [_cell(number, cell) for number, cell in enumerate(content["cells"], 1)] if form == 4 else []
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())[:200]
        raise SettingsError(f"{path.name} is not a notebook: {said}. Save it again in JupyterLab.") from error
    if form != 4:
        message = f"{path.name} is a notebook of format {form!s:.20}. Open and save it in JupyterLab, which makes it 4."
        raise SettingsError(message)
    return tuple(cell for cell in cells if cell is not None)


def _cell(number: int, cell: dict[str, Any]) -> Cell | None:
    """Return a cell of code, None for any other."""
    if cell["cell_type"] != "code":
        return None
    source, tags = cell["source"], cell.get("metadata", {}).get("tags", [])
    kept = tuple(tag for tag in (PARAMETERS, INJECTED) if tag in tags)
    return Cell(number=number, source=source if isinstance(source, str) else "".join(source), tags=kept)


def syntax(cell: Cell, path: Path) -> ast.Module:
    """Return a cell's syntax tree, IPython's own `%` and `!` lines included.

    Parameters
    ----------
    cell
        The cell.
    path
        The notebook, for the message.

    Returns
    -------
    ast.Module
        With layout, comments and other things that mean nothing taken out.

    Raises
    ------
    SettingsError
        When the cell is not Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes such as "\d", which are for the author to see
            return _alike(*_parse(cell.source))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        said = f"{error.msg}, {error.text!r:.60}" if isinstance(error, SyntaxError) else str(error)
        message = f"{path.name} holds a cell that is not Python: {said}. Correct cell {cell.number}."
        raise SettingsError(message) from error


def _parse(source: str) -> tuple[ast.Module, str]:
    """Parse a cell as Python, else with its magic lines as calls, else as IPython reads it; return what was parsed."""
    first, _, rest = source.lstrip().partition("\n")
    if _PYTHON_BELOW.fullmatch(first):
        tree, text = _parse(rest)
        tree.body.insert(0, ast.Expr(ast.Constant(first)))
        return tree, text
    for change in (str, _plain_magics):
        try:
            return ast.parse(text := change(source)), text
        except SyntaxError:
            continue
    from IPython.core.inputtransformer2 import TransformerManager  # slow, and seldom needed

    return ast.parse(text := TransformerManager().transform_cell(source)), text  # type: ignore[no-untyped-call]


def _plain_magics(source: str) -> str:
    """Return a cell with each `%` or `!` line as a call of it; a cell magic takes the whole cell."""
    if source.lstrip().startswith("%%"):
        return f"_magic({source.strip()!r})"
    lines = []
    for line in source.splitlines():
        found = _MAGIC.fullmatch(line)
        name = f"{found[2]}= " if found and found[2] else ""
        lines.append(f"{found[1]}{name}_magic({found[3].strip()!r})" if found else line)
    return "\n".join(lines) + "\n"


def _alike(tree: ast.Module, text: str) -> ast.Module:
    """Make alike what formatters write differently: docstrings' indents, `u''`, `del (a, b)`; keep a last `;`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.kind = None
        elif isinstance(node, ast.Delete):
            node.targets = [one for to in node.targets for one in (to.elts if isinstance(to, ast.Tuple) else [to])]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and (
            doc := ast.get_docstring(node)
        ):
            words = "\n".join(line.rstrip() for line in doc.strip().splitlines())
            node.body[0] = ast.Expr(ast.Constant(words))
    if _hides(tree, text):
        tree.body.append(ast.Pass())
    return tree


def _hides(tree: ast.Module, text: str) -> bool:
    """Tell whether a semicolon after the last expression keeps its value from being shown, and so recorded."""
    if not tree.body or not isinstance(last := tree.body[-1], ast.Expr) or not hasattr(last, "end_lineno"):
        return False
    lines = text.encode("utf-8").splitlines()[(last.end_lineno or 1) - 1 :]
    return lines[0][last.end_col_offset or 0 :].strip().startswith(b";") if lines else False


def hash_cells(path: Path) -> tuple[tuple[int, str], ...]:
    """Return the number and the hash of each code cell that holds code or the place of parameters.

    Parameters
    ----------
    path
        The notebook.

    Returns
    -------
    tuple of pairs
        In order.

    Raises
    ------
    SettingsError
        When the file is no notebook, or a cell is not Python.
    """
    trees = ((cell, syntax(cell, path)) for cell in code_cells(path))
    return tuple((cell.number, _hash(tree, *cell.tags)) for cell, tree in trees if tree.body or cell.tags)


def cells(path: Path) -> tuple[str, ...]:
    """Return the hash of each code cell that holds code or the place of parameters.

    Parameters
    ----------
    path
        The notebook.

    Returns
    -------
    tuple of str
        In order, since two cells that change places mean something else.

    Raises
    ------
    SettingsError
        When the file is no notebook, or a cell is not Python.
    """
    return tuple(digits for _, digits in hash_cells(path))


def hash_module(path: Path) -> str:
    """Return the hash of what a module means, or of its bytes where it is no Python.

    Parameters
    ----------
    path
        A file of Python.

    Returns
    -------
    str
        64 hexadecimal digits, or `absent`.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return ABSENT
    try:
        return _hash(_alike(ast.parse(content), ""))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return hashlib.sha256(content).hexdigest()


def _hash(tree: ast.Module, *tags: str) -> str:
    """Return the hash of a tree and the tags of its cell."""
    return hash_values(ast.dump(tree), *tags)


@dataclass(frozen=True, kw_only=True, slots=True)
class Defaults:
    """What the parameters cells of a notebook assign.

    Attributes
    ----------
    count
        How many such cells there are; papermill sets parameters after the first.
    values
        By name: a number, text, truth value, list or mapping as it stands, None for any other.
    """

    count: int
    values: dict[str, Any]


def defaults(path: Path) -> Defaults:
    """Return what a notebook's parameters cells assign.

    Parameters
    ----------
    path
        The notebook.

    Returns
    -------
    Defaults
        Names with the values that are plain.

    Raises
    ------
    SettingsError
        When the file is no notebook, or the cell is not Python.
    """
    tagged = [cell for cell in code_cells(path) if PARAMETERS in cell.tags]
    values: dict[str, Any] = {}
    for cell in tagged:
        for node in syntax(cell, path).body:
            if isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)]
                plain = _plain(node.value) if len(names) == len(targets) else None
                values |= dict.fromkeys(names, plain)
    return Defaults(count=len(tagged), values=values)


def _plain(node: ast.expr | None) -> Any:  # noqa: ANN401  whatever is plain
    """Return the plain value that an expression stands for, None when it stands for another."""
    try:
        value = ast.literal_eval(node) if node is not None else None
    except (ValueError, TypeError):
        return None
    return value if isinstance(value, bool | int | float | str) else _plain_within(value)


def _plain_within(value: object) -> list[Any] | dict[str, Any] | None:
    """Return a list or mapping as JSON holds it, an empty one for what JSON cannot hold; None for any other value."""
    if not isinstance(value, list | tuple | dict):
        return None
    try:
        found: list[Any] | dict[str, Any] = json.loads(json.dumps(value, sort_keys=True))
    except (TypeError, ValueError, RecursionError):
        return {} if isinstance(value, dict) else []
    return found
