"""What a piece of code spells: the texts and paths that an expression can come to, worked out without running it."""

from __future__ import annotations

import ast
import itertools
import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    Function = ast.FunctionDef | ast.AsyncFunctionDef

UNKNOWN = "\0"  # stands for a part that cannot be worked out
MOST = 32  # spellings of one expression that are followed
LONGEST = 4000  # characters of a text that is put together; a longer one counts as unknown
MAKERS = frozenset({"Path", "PurePath", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "joinpath"})
SAME = frozenset(
    {"str", "fspath", "abspath", "realpath", "normpath", "expanduser", "expandvars", "sorted", "list", "tuple", "set",
     "next", "iter", "enumerate", "resolve", "absolute", "as_posix", "strip", "lower", "with_suffix"}
)  # fmt: skip
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SEVERAL = (ast.List, ast.Tuple)
TELLING = (
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.NamedExpr,
    ast.For,
    ast.comprehension,
    ast.Call,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.withitem,
)
LISTS = frozenset({"iterdir", "listdir", "scandir", "walk", "fwalk"})  # what is in a folder, under names not known
GLOBS = frozenset({"glob", "iglob", "rglob"})


def normalise(text: str) -> str:
    r"""Write a path in one way: forward slashes, small letters, no detours.

    Parameters
    ----------
    text
        What was spelled.

    Returns
    -------
    str
        Text with spaces or line ends keeps its words.

    Examples
    --------
    >>> normalise("..\\Data//synthetic/../raw")
    '../data/raw'
    """
    plain = re.sub(r"(?<!:)[\\/]+(?:\.[\\/]+)*", "/", text).lower()
    return posixpath.normpath(plain) if plain and not re.search(r"\s", plain) and "://" not in text else plain


class Speller:
    """Works out what expressions spell, from what is assigned anywhere in the same file.

    Parameters
    ----------
    nodes
        All nodes of the file, of whichever cell.
    """

    def __init__(self, nodes: Iterable[ast.AST]) -> None:
        """Learn the names of all nodes of a file, twice, since cells can be run in any order."""
        self._names: dict[str, dict[str, None]] = {}
        self._spelled: dict[int, tuple[ast.AST, tuple[str, ...]]] | None = None  # the node, so that no other has its id
        telling = [node for node in nodes if isinstance(node, TELLING)]
        self._functions = {node.name: node for node in telling if isinstance(node, FUNCTIONS)}
        for node in telling * 2:
            self._learn(node)
        self._spelled = {}

    def spell(self, node: ast.AST | None) -> tuple[str, ...]:
        """Spell an expression.

        Parameters
        ----------
        node
            The expression.

        Returns
        -------
        tuple of str
            What it can come to; a part that cannot be worked out is a zero character.
        """
        if self._spelled is not None and id(node) in self._spelled:
            return self._spelled[id(node)][1]
        speller = _SPELLERS.get(type(node))
        found = speller(self, node) if speller else (UNKNOWN,)
        unique = tuple(dict.fromkeys(found))
        texts = unique if len(unique) <= MOST else (*unique[:MOST], UNKNOWN)
        if self._spelled is not None and node is not None:
            self._spelled[id(node)] = (node, texts)
        return texts

    def _learn(self, node: ast.AST) -> None:
        """Keep what a statement assigns."""
        for target, value in bindings(node, self._functions):
            self._bind(target, value)
        if isinstance(node, ast.AugAssign):
            self._add(ast.unparse(node.target), self._added(node))
        elif isinstance(node, FUNCTIONS):
            self._learn_defaults(node.args)
            self._learn_function(node)
        elif isinstance(node, ast.Lambda):
            self._learn_defaults(node.args)

    def _learn_defaults(self, given: ast.arguments) -> None:
        """Keep what the parameters of a function are when nothing is given."""
        behind = given.args[len(given.args) - len(given.defaults) :]
        pairs = [*zip(behind, given.defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]
        for parameter, value in pairs:
            if value is not None:
                self._add(parameter.arg, self.spell(value))

    def _learn_function(self, function: Function) -> None:
        """Keep what a function returns."""
        for inner in ast.walk(function):
            if isinstance(inner, ast.Return):
                self._add(f"{function.name}()", self.spell(inner.value))

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        """Keep what a target can now be."""
        if isinstance(target, ast.Tuple | ast.List):
            several = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
            values = value.elts if several and isinstance(value, ast.Tuple | ast.List) else [value] * len(target.elts)
            for inner, one in zip(target.elts, values, strict=True):
                self._bind(inner, one)
        elif not isinstance(target, ast.Starred):
            self._add(ast.unparse(target), self.spell(value))

    def _add(self, name: str, texts: Sequence[str]) -> None:
        """Add to what a name can be."""
        known = self._names.setdefault(name, {})
        known.update(dict.fromkeys(texts if len(known) <= MOST else (UNKNOWN,)))

    def _constant(self, node: ast.Constant) -> tuple[str, ...]:
        """Spell a literal."""
        value = node.value
        return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value),)

    def _formatted(self, node: ast.JoinedStr) -> tuple[str, ...]:
        """Spell an f-string."""
        values = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return self._product(values, "".join)

    def _operated(self, node: ast.BinOp) -> tuple[str, ...]:
        """Spell `a + b`, `a / b` and `a % b`."""
        if isinstance(node.op, ast.Div):
            return self._product([node.left, node.right], _join)
        if isinstance(node.op, ast.Mod):
            right = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return self._product([node.left, *right], lambda parts: _fill(r"%[-+ #0-9.]*[a-z]", parts))
        return self._product([node.left, node.right], "".join) if isinstance(node.op, ast.Add) else (UNKNOWN,)

    def _added(self, node: ast.AugAssign) -> tuple[str, ...]:
        """Spell what `a += b` makes of a."""
        return self._operated(ast.BinOp(left=node.target, op=node.op, right=node.value))

    def _named(self, node: ast.Name | ast.Attribute | ast.Subscript) -> tuple[str, ...]:
        """Spell a name, an attribute or one of several."""
        if isinstance(node, ast.Attribute) and node.attr == "parent":
            return tuple(posixpath.dirname(text) if UNKNOWN not in text else UNKNOWN for text in self.spell(node.value))
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            return (*self.spell(node.value), UNKNOWN)  # some of several, or a part of a text
        known = self._names.get(ast.unparse(node))
        if known is None and isinstance(node, ast.Attribute):
            known = self._names.get(node.attr)
        if known is None and isinstance(node, ast.Subscript):
            return self.spell(node.value)
        return tuple(known or (UNKNOWN,))

    def _several(self, node: ast.List | ast.Tuple | ast.Set | ast.BoolOp | ast.Dict) -> tuple[str, ...]:
        """Spell each of several."""
        values = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else node.values
        return tuple(text for value in values for text in self.spell(value)) or (UNKNOWN,)

    def _either(self, node: ast.IfExp) -> tuple[str, ...]:
        """Spell both of two."""
        return (*self.spell(node.body), *self.spell(node.orelse))

    def _inner(self, node: ast.NamedExpr | ast.Starred | ast.FormattedValue) -> tuple[str, ...]:
        """Spell what stands inside."""
        return self.spell(node.value)

    def _called(self, node: ast.Call) -> tuple[str, ...]:
        """Spell what a call returns: paths joined, texts filled in, files listed."""
        name = last_name(node.func)
        if name in LISTS | GLOBS:
            return self._listed(node, name)
        if name in MAKERS | {"join", "with_name", "with_stem"}:
            return self._joined(node, name)
        if name in {"format", "replace"} and isinstance(node.func, ast.Attribute):
            return self._filled(node, name, node.func.value)
        if name in SAME:
            return self.spell(node.args[0] if node.args and isinstance(node.func, ast.Name) else _subject(node))
        return tuple(self._names.get(f"{name}()", ())) or (UNKNOWN,)

    def _joined(self, node: ast.Call, name: str) -> tuple[str, ...]:
        """Spell parts of a path or of a text that are joined."""
        before = getattr(node.func, "value", None)
        if name == "join" and isinstance(before, ast.Constant):
            given = node.args[0] if node.args else None
            return self._product(given.elts, str(before.value).join) if isinstance(given, SEVERAL) else (UNKNOWN,)
        of_a_path = before is not None and name in {"joinpath", "with_name", "with_stem"}
        return self._product([before, *node.args] if of_a_path and before else node.args, _join)

    def _filled(self, node: ast.Call, name: str, before: ast.AST) -> tuple[str, ...]:
        """Spell a text with its gaps filled, or a part of it replaced."""
        if name == "format":
            return self._product([before, *node.args], lambda parts: _fill(r"\{[^{}]*\}", parts))
        if len(node.args) != 2:
            return (UNKNOWN,)
        return self._product([before, *node.args], lambda parts: parts[0].replace(parts[1] or UNKNOWN, parts[2]))

    def _listed(self, node: ast.Call, name: str) -> tuple[str, ...]:
        """Spell the files of a folder: the folder, and what they match, or a name that is not known."""
        before = getattr(node.func, "value", None)
        of_a_module = before is None or last_name(before) in {"os", "glob"}
        nodes = node.args[:1] if of_a_module else [before, *node.args[:1]] if before else []
        texts = self._product(nodes, lambda parts: _join([parts[0], "**", *parts[1:]] if name == "rglob" else parts))
        if name in GLOBS:
            return texts
        return tuple(_join([text, UNKNOWN]) for text in texts if text) or (UNKNOWN,)

    def _product(self, nodes: Sequence[ast.AST], join: Callable[[Sequence[str]], str]) -> tuple[str, ...]:
        """Join every spelling of each part with every one of the others, up to a limit of number and length."""
        parts = [part for node in nodes for part in _opened(node)]
        if any(isinstance(part, ast.Starred) for part in parts):
            return (UNKNOWN,)
        chosen = itertools.islice(itertools.product(*map(self.spell, parts)), MOST + 1)
        joined = (join(each) if sum(map(len, each)) <= LONGEST else UNKNOWN for each in chosen)
        return tuple(text if len(text) <= LONGEST else UNKNOWN for text in joined)


def bindings(node: ast.AST, functions: Mapping[str, Function]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Yield each name that a statement, or a call of a function of the same file, binds, and to what.

    Parameters
    ----------
    node
        Any node.
    functions
        The functions of the file by name.

    Yields
    ------
    tuple of two ast.expr
        What is bound, which may be several in a tuple, and the value.

    Examples
    --------
    >>> [(target.id, value.value) for target, value in bindings(ast.parse("a = b = 1").body[0], {})]
    [('a', 1), ('b', 1)]
    """
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr
    elif isinstance(node, ast.Call) and last_name(node.func) in functions:
        parameters = functions[last_name(node.func)].args.args
        yield from ((ast.Name(a.arg), given) for a, given in zip(parameters, node.args, strict=False))
        yield from ((ast.Name(keyword.arg or ""), keyword.value) for keyword in node.keywords)


def last_name(function: ast.AST) -> str:
    """Return the last word of what is called.

    Parameters
    ----------
    function
        What stands before the brackets.

    Returns
    -------
    str
        Such as `read_csv` for `pd.read_csv`; empty when it is no name.

    Examples
    --------
    >>> last_name(ast.parse("pd.read_csv", mode="eval").body)
    'read_csv'
    """
    return str(getattr(function, "attr", getattr(function, "id", "")))


def _subject(node: ast.Call) -> ast.AST | None:
    """Return what a method is called on, or the first argument of a function of a module such as os.path."""
    before = getattr(node.func, "value", None)
    return node.args[0] if node.args and last_name(before or node) in {"os", "path", "glob"} else before


def _opened(node: ast.AST) -> Sequence[ast.AST]:
    """Return the parts of `*[a, b]`, which a call takes one by one; any other node alone."""
    return node.value.elts if isinstance(node, ast.Starred) and isinstance(node.value, SEVERAL) else [node]


def _join(parts: Sequence[str]) -> str:
    """Join the parts of a path; one that begins at the root starts afresh."""
    return posixpath.join(*parts) if parts else ""


def _fill(form: str, parts: Sequence[str]) -> str:
    """Put values into the gaps of a text, in order."""
    given = iter(parts[1:])
    return re.sub(form, lambda _: next(given, UNKNOWN), parts[0])


_SPELLERS: dict[type, Callable[..., tuple[str, ...]]] = {
    ast.Constant: Speller._constant,  # noqa: SLF001  of this class
    ast.JoinedStr: Speller._formatted,  # noqa: SLF001
    ast.BinOp: Speller._operated,  # noqa: SLF001
    ast.Call: Speller._called,  # noqa: SLF001
    ast.AugAssign: Speller._added,  # noqa: SLF001
    ast.IfExp: Speller._either,  # noqa: SLF001
    **dict.fromkeys((ast.Name, ast.Attribute, ast.Subscript), Speller._named),  # noqa: SLF001
    **dict.fromkeys((ast.List, ast.Tuple, ast.Set, ast.BoolOp, ast.Dict), Speller._several),  # noqa: SLF001
    **dict.fromkeys((ast.NamedExpr, ast.Starred, ast.FormattedValue), Speller._inner),  # noqa: SLF001
}
