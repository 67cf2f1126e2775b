"""Code of a pilot that reaches into the package: imports what lies behind the gate, or alters what decides.

Parts of the package are followed through plain assignments, loops, `with`, and calls of functions of one file. A part
that is reached by a name made up while the program runs cannot be seen.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from oda.governance.probes.meddling import find_meddling
from oda.governance.probes.spelling import FUNCTIONS, Speller, bindings, last_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

BEHIND_THE_GATE = ("oda.reading", "oda.checking", "oda.loading")
IN_FRONT = frozenset({"oda.loading.load", "oda.loading.Loaded", "oda.loading.Audit"})
ALTERING = frozenset(
    {"setattr", "delattr", "__setattr__", "__delattr__", "setitem", "delitem", "vars",
     "patch", "object", "multiple", "reload", "import_module", "__import__"}
)  # fmt: skip
REACHING = frozenset(
    {"getmodule", "resolve_name", "run_module", "find_spec", "attrgetter", "methodcaller", "getclosurevars"}
)
PASSING = frozenset(
    {
        "list",
        "tuple",
        "set",
        "iter",
        "next",
        "reversed",
        "enumerate",
        "zip",
        "nullcontext",
        "closing",
        "getattr",
        "vars",
    }
)
OPEN_NAMES = frozenset({"__version__", "__name__", "__doc__", "__all__", "__class__"})
Aliases = dict[str, str]


def find_tampering(pieces: Mapping[str, Sequence[ast.AST]], speller: Speller | None = None) -> Iterator[str]:
    """Find code that goes behind the gate or alters it.

    Parameters
    ----------
    pieces
        All nodes of each piece of one file, by its place: what one cell imports, another can alter.
    speller
        What the expressions of the file spell.

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
    nodes = [(place, node) for place, inner in pieces.items() for node in inner]
    spells = speller or Speller(node for _, node in nodes)
    ours = _aliases([node for _, node in nodes])
    meddling = find_meddling([node for _, node in nodes], spells)
    for place, node in nodes:
        what = (
            _import_fault(node)
            or _reach_fault(node, ours)
            or _change_fault(node, ours)
            or _call_fault(node, ours, spells)
            or meddling.get(id(node), "")
        )
        if what:
            yield f"{place} {what}"


def _aliases(nodes: Sequence[ast.AST]) -> Aliases:
    """Return which names of a file stand for a part of the package; cells can be run in any order."""
    ours: Aliases = {}
    functions = {node.name: node for node in nodes if isinstance(node, FUNCTIONS)}
    for node in nodes:
        ours.update(_imported(node))
    bound = [pair for node in nodes for pair in bindings(node, functions)]
    for _ in range(3 if ours else 0):
        for target, value in bound:
            _bind(target, value, ours)
    return ours


def _imported(node: ast.AST) -> Aliases:
    """Return the names that an import binds to the package."""
    if isinstance(node, ast.Import):
        ours = [alias for alias in node.names if _is_ours(alias.name)]
        return {a.asname or a.name.split(".")[0]: a.name if a.asname else "oda" for a in ours}
    if isinstance(node, ast.ImportFrom) and _is_ours(node.module or ""):
        return {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    return {}


def _bind(target: ast.expr, value: ast.expr, ours: Aliases) -> None:
    """Keep that a target now stands for a part of the package, when it does."""
    if isinstance(target, ast.Tuple | ast.List):
        paired = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
        values = value.elts if paired and isinstance(value, ast.Tuple | ast.List) else [value] * len(target.elts)
        for inner, one in zip(target.elts, values, strict=True):
            _bind(inner, one, ours)
    elif isinstance(target, ast.Name) and (part := _held(value, ours)):
        ours.setdefault(target.id, part)


def _held(node: ast.AST | None, ours: Aliases) -> str:
    """Return a part of the package that an expression is, or holds."""
    if part := _part(node, ours):
        return part
    inner: Sequence[ast.AST] = ()
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        inner = node.elts
    elif isinstance(node, ast.Dict | ast.BoolOp):
        inner = node.values
    elif isinstance(node, ast.IfExp):
        inner = (node.body, node.orelse)
    elif isinstance(node, ast.Starred):
        inner = (node.value,)
    elif isinstance(node, ast.Call) and last_name(node.func) in PASSING:
        inner = node.args
    return next((part for one in inner if (part := _held(one, ours))), "")


def _is_ours(module: str) -> bool:
    """Tell whether a module is the package or lies in it."""
    return module == "oda" or module.startswith("oda.")


def _is_behind(part: str) -> bool:
    """Tell whether a part of the package reads data past the gate, or is private."""
    behind = any(part == module or part.startswith(f"{module}.") for module in BEHIND_THE_GATE)
    private = any(word.startswith("_") and not word.startswith("__") for word in part.split("."))
    return _is_ours(part) and (private or (behind and part not in IN_FRONT))


def _part(node: ast.AST | None, ours: Aliases) -> str:
    """Return which part of the package a name or a chain of attributes is; empty when it is none."""
    words: list[str] = []
    while isinstance(node, ast.Attribute | ast.Subscript | ast.NamedExpr | ast.Call):
        if isinstance(node, ast.Attribute):
            words[:0] = [node.attr]
        elif isinstance(node, ast.Call):
            if last_name(node.func) != "getattr" or len(node.args) < 2:
                break
            words[:0] = str(getattr(node.args[1], "value", "?")).split(".")
        node = node.args[0] if isinstance(node, ast.Call) else node.value
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


def _reach_fault(node: ast.AST, ours: Aliases) -> str:
    """Say what an attribute reaches that lies behind the gate."""
    part = _part(node, ours) if isinstance(node, ast.Attribute) else ""
    if part in BEHIND_THE_GATE:  # harmless by itself: what is taken from it is looked at
        return ""
    last = part.rpartition(".")[2]
    inner = last.startswith("__") and last not in OPEN_NAMES
    return f"uses {part}" if part and (_is_behind(part) or inner) else ""


def _change_fault(node: ast.AST, ours: Aliases) -> str:
    """Say what of the package is assigned to or deleted."""
    if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
        part = _part(node, ours)
        if part:
            return f"alters {part}"
    return ""


def _call_fault(node: ast.AST, ours: Aliases, speller: Speller) -> str:
    """Say what of the package a call alters, or loads by name."""
    if not isinstance(node, ast.Call):
        return ""
    name, given = last_name(node.func), [*node.args, *(keyword.value for keyword in node.keywords)]
    touched = next((part for one in given if (part := _held(one, ours))), "")
    named = touched or ("a part of oda" if any(_names_ours(one, speller) for one in given) else "")
    if named and (name in ALTERING | REACHING or _is_dict_patch(node.func)):
        return f"calls {name} on {named}"
    if name == "getattr" and touched and _is_behind(_part(node, ours)):
        return f"calls getattr on {touched}"
    made = isinstance(node.func, ast.Call) and last_name(node.func.func) == "attrgetter"
    return f"calls attrgetter on {touched}" if made and touched else ""


def _is_dict_patch(function: ast.AST) -> bool:
    """Tell whether what is called is `patch.dict`."""
    return last_name(function) == "dict" and last_name(getattr(function, "value", None) or function) == "patch"


def _names_ours(node: ast.AST, speller: Speller) -> bool:
    """Tell whether an expression spells the name of a module of the package, or holds one."""
    if any(map(_is_ours, speller.spell(node))):
        return True
    found = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant))
    return any(isinstance(value, str) and _is_ours(value) for value in found)
