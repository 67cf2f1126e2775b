"""Code of a pilot that alters what the gate rests on: Python's own modules, the loaded modules, the environment."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from oda.governance.probes.spelling import UNKNOWN, Speller, last_name
from oda.governance.trust import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SETTING = VARIABLE.removesuffix(
    "TRUST_SHA256"
)  # how the names of variables that say whose signatures are trusted begin
RESTS_ON = frozenset(
    {"ast", "base64", "binascii", "builtins", "click", "codecs", "contextlib", "dataclasses", "datetime", "fnmatch",
     "functools", "glob", "hashlib", "hmac", "importlib", "io", "itertools", "json", "os", "pathlib", "posixpath",
     "ntpath", "pydantic", "re", "secrets", "shutil", "stat", "string", "struct", "subprocess", "sys", "tempfile",
     "time", "types", "typing", "yaml", "zoneinfo"}
)  # fmt: skip
OF_THE_USER = frozenset({"sys.argv", "sys.stdout", "sys.stderr", "sys.displayhook", "sys.excepthook", "sys.path"})
IMPORTING = frozenset({"meta_path", "path_hooks", "path_importer_cache", "setprofile", "settrace", "_getframe"})
MEMBERSHIP = (ast.In, ast.NotIn)  # codespell:ignore notin
OBJECTS = frozenset({"get_objects", "get_referrers", "get_referents"})
PATCHING = frozenset({"setattr", "delattr", "__setattr__", "patch", "object", "multiple", "reload"})
OF_THE_MACHINE = (
    "ODA_",
    "PYTHON",
    "LD_",
    "DYLD_",
    "GIT_",
    "SSH_",
    "PATH",
    "PROGRAMDATA",
    "COMSPEC",
    "JUPYTER",
    "IPYTHON",
)


def find_meddling(nodes: Sequence[ast.AST], speller: Speller) -> dict[int, str]:
    """Find code that alters what the gate rests on.

    Parameters
    ----------
    nodes
        All nodes of one file.
    speller
        What its expressions spell.

    Returns
    -------
    dict of int to str
        For the id of a node, what it does.

    Examples
    --------
    >>> nodes = list(ast.walk(ast.parse("import subprocess; subprocess.run = print")))
    >>> list(find_meddling(nodes, Speller(nodes)).values())
    ['alters subprocess.run']
    """
    modules = _modules(nodes)
    allowed = {id(inner) for node in nodes for inner in _looked_up(node, speller)}
    found = {}
    for node in nodes:
        what = (
            _setting_fault(node)
            or _module_fault(node, modules)
            or (_loaded_fault(node, modules) if id(node) not in allowed else "")
            or _environment_fault(node, speller)
        )
        if what:
            found[id(node)] = what
    return found


def _modules(nodes: Sequence[ast.AST]) -> dict[str, str]:
    """Return which names stand for modules that the gate rests on, or for what is in them."""
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.split(".")[0]
                if root in RESTS_ON:
                    found[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in RESTS_ON:
            found.update((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    return found


def _chain(node: ast.AST | None, modules: dict[str, str]) -> str:
    """Return which module, or what of it, a chain of attributes is; empty when it is none."""
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words[:0] = [node.attr]
        node = node.value
    root = modules.get(node.id, "") if isinstance(node, ast.Name) else ""
    return ".".join([root, *words]) if root else ""


def _looked_up(node: ast.AST, speller: Speller) -> Iterator[ast.AST]:
    """Yield `sys.modules` where it is only asked for one module by its name, which is none of ours."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        if not any(UNKNOWN in text or text.split(".")[0] == "oda" for text in speller.spell(node.slice)):
            yield node.value
    elif isinstance(node, ast.Compare) and all(isinstance(sign, MEMBERSHIP) for sign in node.ops):
        yield from node.comparators


def _setting_fault(node: ast.AST) -> str:
    """Say that code names a setting of the gate."""
    text = node.value if isinstance(node, ast.Constant) else node.arg if isinstance(node, ast.keyword) else ""
    if isinstance(text, str) and SETTING in text.upper():
        return f"uses a setting {SETTING}, which says whose signatures are trusted"
    return ""


def _module_fault(node: ast.AST, modules: dict[str, str]) -> str:
    """Say which module that the gate rests on is altered."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
        what = _chain(node, modules)
        return f"alters {what}" if what and what not in OF_THE_USER else ""
    if not isinstance(node, ast.Call) or last_name(node.func) not in PATCHING or not node.args:
        return ""
    if last_name(node.func) == "__setattr__" and last_name(getattr(node.func, "value", node)) == "object":
        return "calls object.__setattr__, which alters what is frozen"
    given = node.args[0]
    text = given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else ""
    what = _chain(given, modules) or (text if "." in text and text.split(".")[0] in RESTS_ON else "")
    return f"calls {last_name(node.func)} on {what}" if what else ""


def _loaded_fault(node: ast.AST, modules: dict[str, str]) -> str:
    """Say that code goes through the loaded modules, all objects, or how Python imports."""
    what = _chain(node, modules) if isinstance(node, ast.Attribute | ast.Name) else ""
    if what == "sys.modules":
        return "goes through sys.modules"
    if what.startswith("sys.") and what[4:] in IMPORTING:
        return f"uses {what}"
    name = last_name(node) if isinstance(node, ast.Attribute | ast.Name) else ""
    return f"uses gc.{name}" if name in OBJECTS else ""


def _environment_fault(node: ast.AST, speller: Speller) -> str:
    """Say which variable of the environment is set, when the gate or the programs that it starts go by it."""
    keys: list[str] = []
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        keys = list(speller.spell(node.slice)) if last_name(node.value) == "environ" else []
    elif isinstance(node, ast.Call):
        keys = _set_by(node, speller)
    for key in keys:
        if UNKNOWN in key or key.upper().startswith(OF_THE_MACHINE):
            return f"sets the variable {key.replace(UNKNOWN, '?') or '?'} of the environment"
    return ""


def _set_by(node: ast.Call, speller: Speller) -> list[str]:
    """List the variables that a call sets."""
    name, before = last_name(node.func), getattr(node.func, "value", None)
    if name in {"putenv", "unsetenv"} or (name in {"setdefault", "pop"} and _is_environ(before)):
        return list(speller.spell(node.args[0])) if node.args else [UNKNOWN]
    if name != "update" or not _is_environ(before):
        return []
    keys = [keyword.arg or UNKNOWN for keyword in node.keywords]
    for given in node.args:
        if isinstance(given, ast.Dict):
            keys += [text for key in given.keys for text in speller.spell(key)]
        elif isinstance(given, ast.Call) and last_name(given.func) == "dict" and not given.args:
            keys += [keyword.arg or UNKNOWN for keyword in given.keywords]
        else:
            keys.append(UNKNOWN)
    return keys


def _is_environ(node: ast.AST | None) -> bool:
    """Tell whether an expression is the environment."""
    return node is not None and last_name(node) == "environ"
