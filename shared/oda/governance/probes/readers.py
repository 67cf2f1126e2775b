"""Calls that read, copy or move files, under their own names or under others given to them in the same file."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from oda.governance.probes.spelling import UNKNOWN, Speller, last_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

READERS = re.compile(
    r"read_(?!sql|clipboard|html|gbq|text$|bytes$|preset$)\w+|scan_\w+|open|load_workbook|loadtxt|genfromtxt|fromfile|memmap"
    r"|ZipFile|ParquetFile|dataset|copytree|copyfile|copy2|make_archive|FileInput|getlines?|open_memmap|FileIO"
)
PASSED = re.compile(r"(?:read|scan)_\w+|open")
OF_MODULES: dict[str, Collection[str]] = {
    "load": {"np", "numpy", "pickle", "joblib"},
    "connect": {"sqlite3", "duckdb"},
    "input": {"fileinput"},
    **dict.fromkeys(("copy", "move"), frozenset({"shutil"})),
    **dict.fromkeys(("rename", "replace", "link", "symlink", "renames"), frozenset({"os"})),
    "chdir": {"os", "contextlib"},
}
WHOLE_FOLDERS = frozenset(
    {"copytree", "move", "make_archive", "rename", "replace", "renames", "symlink", "dataset", "read_parquet"}
)
OPENS = frozenset({"open", "ZipFile", "FileIO", "memmap", "open_memmap"})  # these can also write
OF_A_PATH = frozenset({"read_text", "read_bytes"})
MODULES = frozenset(
    {"io", "os", "codecs", "gzip", "bz2", "lzma", "tarfile", "builtins", "Image", "aiofiles", "ZipFile"}
)
NO_NAME = frozenset({"mode", "encoding", "dtype", "columns", "key", "strict", "timeout"})
SHELLS = frozenset(
    {"system", "popen", "getoutput", "getstatusoutput", "spawn", "run_line_magic", "run_cell_magic", "execvp",
     "startfile", "create_subprocess_shell", "create_subprocess_exec"}
)  # fmt: skip
SEVERAL_WORDS = frozenset({"execvp", "create_subprocess_exec"})
STARTING = frozenset({"run", "call", "check_call", "check_output", "Popen"})
RUNNING = frozenset({"exec", "eval", "compile", "run_cell"})


def find_aliases(nodes: Sequence[ast.AST], speller: Speller) -> dict[str, str]:
    """Find the other names that a file gives to what reads files.

    Parameters
    ----------
    nodes
        All nodes of the file.
    speller
        What its expressions spell.

    Returns
    -------
    dict of str to str
        Such as `r` for `read_csv` after `r = pd.read_csv`.
    """
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            found.update((alias.asname, alias.name) for alias in node.names if alias.asname)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            read = reader_name(node.value, found, speller)
            found.update((last_name(target), read) for target in targets if read and last_name(target))
    return found


def reader_name(node: ast.AST, aliases: dict[str, str], speller: Speller) -> str:
    """Name the function that an expression stands for, when it reads files by name.

    Parameters
    ----------
    node
        What is called, or given to another function.
    aliases
        Other names for functions in this file.
    speller
        What expressions spell.

    Returns
    -------
    str
        Empty when it is none.
    """
    if isinstance(node, ast.Call):
        name = last_name(node.func)
        if name == "getattr" and len(node.args) > 1:
            return next((text for text in speller.spell(node.args[1]) if READERS.fullmatch(text)), "")
        return reader_name(node.args[0], aliases, speller) if name == "partial" and node.args else ""
    name, before = last_name(node), getattr(node, "value", None)
    name = aliases.get(name, name) if before is None else name
    of_module = before is not None and last_name(before) in OF_MODULES.get(name, ())
    return name if READERS.fullmatch(name) or of_module or name in OF_A_PATH else ""


def read_names(node: ast.AST, aliases: dict[str, str], speller: Speller) -> Iterator[tuple[ast.AST, str]]:
    """Yield what a call that reads a file takes for its name, and what it is that reads.

    Parameters
    ----------
    node
        Any node.
    aliases
        Other names for functions in this file.
    speller
        What expressions spell.

    Yields
    ------
    tuple of ast.AST and str
        Nothing for what writes, and for text in memory.
    """
    if not isinstance(node, ast.Call):
        return
    name, before = reader_name(node.func, aliases, speller), getattr(node.func, "value", None)
    named = [keyword.value for keyword in node.keywords if keyword.arg not in NO_NAME]
    given = node.args[0] if node.args else next(iter(named), None)
    if name in OF_A_PATH or (name == "open" and before is not None and last_name(before) not in MODULES):
        if before is not None and not (name == "open" and _writes(node.args[:1], node)):
            yield before, name
    elif (
        name
        and given is not None
        and not _is_in_memory(given)
        and not (name in OPENS and _writes(node.args[1:2], node))
    ):
        yield given, name
    yield from _passed(node, aliases, speller)


def _passed(node: ast.Call, aliases: dict[str, str], speller: Speller) -> Iterator[tuple[ast.AST, str]]:
    """Yield what goes with a reader that is itself given to a call, as in `map(open, names)`."""
    others = [*node.args, getattr(node.func, "value", None)]
    for one in node.args:
        name = reader_name(one, aliases, speller) if isinstance(one, ast.Name | ast.Attribute) else ""
        if PASSED.fullmatch(name):
            yield from ((other, name) for other in others if other is not None and other is not one)


def commands_of(node: ast.AST, speller: Speller) -> Iterator[str]:
    """Yield the texts that a call gives to a shell.

    Parameters
    ----------
    node
        Any node.
    speller
        What expressions spell.

    Yields
    ------
    str
        A command; the words of a list are put together.
    """
    if not isinstance(node, ast.Call) or not node.args:
        return
    name, before = last_name(node.func), getattr(node.func, "value", None)
    if name.endswith("_magic") and name in SHELLS:
        first, *texts = [speller.spell(one)[0] for one in node.args]
        yield f"%{first} {' '.join(texts)}"
    elif name in SHELLS or (name in STARTING and (before is None or last_name(before) in {"subprocess", "sp"})):
        for one in node.args if name in SEVERAL_WORDS else node.args[:1]:
            yield from [_words(one, speller)] if isinstance(one, ast.List | ast.Tuple) else speller.spell(one)


def _words(node: ast.List | ast.Tuple, speller: Speller) -> str:
    """Put the words of a command together; Python itself is known by its name."""
    words = [speller.spell(word)[0] for word in node.elts]
    if node.elts and last_name(node.elts[0]) == "executable":
        words[0] = "python"
    return " ".join(words)


def code_of(node: ast.AST, speller: Speller) -> Iterator[str]:
    """Yield the texts that a call runs as Python.

    Parameters
    ----------
    node
        Any node.
    speller
        What expressions spell.

    Yields
    ------
    str
        Code, or a text with a zero character where it cannot be worked out.
    """
    if isinstance(node, ast.Call) and last_name(node.func) in RUNNING and node.args:
        before = getattr(node.func, "value", None)
        if before is None or last_name(before) in {"builtins", "__builtins__"} or last_name(node.func) == "run_cell":
            yield from speller.spell(node.args[0]) or (UNKNOWN,)


def _is_in_memory(node: ast.AST) -> bool:
    """Tell whether what is read is text in memory."""
    return isinstance(node, ast.Call) and last_name(node.func) in {"StringIO", "BytesIO"}


def _writes(place: Sequence[ast.AST], node: ast.Call) -> bool:
    """Tell whether a call opens a file only to write it."""
    modes = [*place, *(keyword.value for keyword in node.keywords if keyword.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and str(mode.value).rstrip("bt") in {"w", "a", "x"} for mode in modes)
