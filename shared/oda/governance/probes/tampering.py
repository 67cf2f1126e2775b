"""Code of a pilot that reaches into the package: imports what lies behind the gate, or alters what decides."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from oda.governance.probes.spelling import last_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BEHIND_THE_GATE = ("oda.reading", "oda.checking", "oda.loading")
IN_FRONT = frozenset({"oda.loading.load", "oda.loading.Loaded", "oda.loading.Audit"})
ALTERING = frozenset(
    {"setattr", "delattr", "__setattr__", "__delattr__", "setitem", "delitem", "vars",
     "patch", "object", "multiple", "reload", "import_module", "__import__"}
)  # fmt: skip
LOOKED_AT = (ast.Import, ast.ImportFrom, ast.Assign, ast.Attribute, ast.Subscript, ast.Constant, ast.Call)
TRUST = "ODA_IG_TRUST_SHA256"


def find_tampering(pieces: Mapping[str, Sequence[ast.AST]]) -> Iterator[str]:
    """Find code that goes behind the gate or alters it.

    Parameters
    ----------
    pieces
        All nodes of each piece of one file, by its place: what one cell imports, another can alter.

    Yields
    ------
    str
        Where, and what it does.

    Examples
    --------
    >>> code = "import oda; oda.governance.require = print"
    >>> list(find_tampering({"cell 1": list(ast.walk(ast.parse(code)))}))
    ['cell 1 alters oda.governance.require']
    """
    nodes = [(place, node) for place, inner in pieces.items() for node in inner if isinstance(node, LOOKED_AT)]
    ours = _aliases([node for _, node in nodes])
    for place, node in nodes:
        what = _import_fault(node) or _reach_fault(node, ours) or _change_fault(node, ours) or _call_fault(node, ours)
        if what:
            yield f"{place} {what}"


def _aliases(nodes: Iterable[ast.AST]) -> dict[str, str]:
    """Return which names of a file stand for a part of the package."""
    ours: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            found = [
                (a.asname or a.name.split(".")[0], a.name if a.asname else "oda")
                for a in node.names
                if _is_ours(a.name)
            ]
            ours.update(found)
        elif isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
            ours.update((a.asname or a.name, f"{node.module}.{a.name}") for a in node.names)
        elif isinstance(node, ast.Assign) and (part := _part(node.value, ours)):
            ours.update((target.id, part) for target in node.targets if isinstance(target, ast.Name))
    return ours


def _is_ours(module: str) -> bool:
    """Tell whether a module is the package or lies in it."""
    return module == "oda" or module.startswith("oda.")


def _is_behind(part: str) -> bool:
    """Tell whether a part of the package reads data past the gate, or is private."""
    behind = any(part == module or part.startswith(f"{module}.") for module in BEHIND_THE_GATE)
    private = any(word.startswith("_") and not word.startswith("__") for word in part.split("."))
    return _is_ours(part) and (private or (behind and part not in IN_FRONT))


def _part(node: ast.AST | None, ours: dict[str, str]) -> str:
    """Return which part of the package a name or a chain of attributes is; empty when it is none."""
    words: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript):
        words[:0] = [node.attr] if isinstance(node, ast.Attribute) else []
        node = node.value
    root = ours.get(node.id, "") if isinstance(node, ast.Name) else ""
    return ".".join([root, *words]) if root else ""


def _import_fault(node: ast.AST) -> str:
    """Say what an import reaches that lies behind the gate."""
    if isinstance(node, ast.Import):
        parts = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        parts = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return ""
    return next((f"imports {part}" for part in parts if _is_behind(part)), "")


def _reach_fault(node: ast.AST, ours: dict[str, str]) -> str:
    """Say what an attribute reaches that lies behind the gate."""
    part = _part(node, ours) if isinstance(node, ast.Attribute) else ""
    if part in BEHIND_THE_GATE:  # harmless by itself: what is taken from it is looked at
        return ""
    return f"uses {part}" if part and (_is_behind(part) or part.endswith(".__dict__")) else ""


def _change_fault(node: ast.AST, ours: dict[str, str]) -> str:
    """Say what of the package is assigned to or deleted, or put in its place among the loaded modules."""
    if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        part = _part(node, ours)
        if part:
            return f"alters {part}"
    if isinstance(node, ast.Subscript) and last_name(node.value) == "modules" and _names_ours(node.slice):
        return "uses sys.modules for the package"
    if isinstance(node, ast.Constant) and node.value == TRUST:
        return f"uses {TRUST}, which says whose signatures are trusted"
    return ""


def _call_fault(node: ast.AST, ours: dict[str, str]) -> str:
    """Say what of the package a call alters or loads by name."""
    if not isinstance(node, ast.Call):
        return ""
    name, given = last_name(node.func), [*node.args, *(keyword.value for keyword in node.keywords)]
    touched = next((part for one in given if (part := _part(one, ours))), "")
    if (name in ALTERING or ast.unparse(node.func).endswith("patch.dict")) and (
        touched or any(map(_names_ours, given))
    ):
        return f"calls {name} on {touched or 'a part of oda'}"
    if name == "getattr" and touched and _is_behind(f"{touched}.{getattr(given[-1], 'value', '')}"):
        return f"calls getattr on {touched}"
    on_modules = last_name(getattr(node.func, "value", None) or node) == "modules"
    return "changes sys.modules for the package" if on_modules and any(map(_names_ours, given)) else ""


def _names_ours(node: ast.AST) -> bool:
    """Tell whether a literal is the name of a module of the package, or holds one."""
    found = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant))
    return any(isinstance(value, str) and _is_ours(value) for value in found)
