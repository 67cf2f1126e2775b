"""What the notebooks of a plan import, so that the parent of their kernels imports it once for all.

A package that starts threads, says something, or asks whether it is in a notebook while it is imported is left for the
notebook itself to import: only there does it find what it looks for, and do its words belong.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import os
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from oda.kernels.becoming import ONE_THREAD
from oda.meaning import code_cells

# What a worker imports.
OF_WORKER = ("oda.executing", "nbformat.v4", "jupyter_client.asynchronous")
# What a kernel imports itself, or at the end of its notebook, whatever the notebook does.
ALWAYS = (
    "pyarrow",  # first: it has threads of its own, which bear forking
    "ipykernel.debugger",
    "oda.tracing",
)
OF_ODA = ("oda.loading", "oda.results")  # what `import oda` imports when a notebook asks it for something

# Packages that ask where they are, and are then as in a new kernel; `tqdm` is imported again by the notebook.
MAY_ASK = frozenset({"IPython", "ipykernel", "matplotlib", "matplotlib_inline", "pandas", "tqdm"})
# Packages that have been seen to be the same when they are imported ahead, where there is no second try.
WELL_KNOWN = frozenset({*MAY_ASK, "numpy", "oda", "pyarrow", "scipy", "statsmodels", "sklearn", "seaborn", "patsy"})


def needed(folder: Path, notebooks: Iterable[str]) -> tuple[str, ...]:
    """Return the modules that the parent of the kernels of notebooks imports.

    Parameters
    ----------
    folder
        The pilot's.
    notebooks
        Their paths from there.

    Returns
    -------
    tuple of str
        What they import, and what `import oda` does once it is asked for something.
    """
    sources = [cell.source for notebook in dict.fromkeys(notebooks) for cell in code_cells(folder / notebook)]
    modules = imported(sources)
    return (*modules, *(OF_ODA if "oda" in modules else ()))


def imported(sources: Iterable[str]) -> tuple[str, ...]:
    """Return the installed modules that code imports at its top, in the order of their first import.

    Parameters
    ----------
    sources
        Code of cells; a cell that is not plain Python is passed over.

    Returns
    -------
    tuple of str
        Such as `pandas`, `statsmodels.formula.api`; never one that only the code's own folder has.

    Examples
    --------
    >>> imported(["import json, os.path", "from email import message", "%matplotlib inline"])
    ('json', 'os.path', 'email', 'email.message')
    """
    names: dict[str, None] = {}
    for source in sources:
        with suppress(SyntaxError):
            for node in ast.parse(source).body:
                names |= dict.fromkeys(_named(node))
    return tuple(name for name in names if _is_installed(name))


def _named(node: ast.stmt) -> list[str]:
    """Return what one statement imports; of `from a import b` both `a` and `a.b`, which may be a module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*")]
    return []


def _is_installed(name: str) -> bool:
    """Tell whether a module is found where packages are; one inside a package is tried when it is imported."""
    try:
        return find_spec(name.split(".", maxsplit=1)[0]) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def well_known(modules: Iterable[str]) -> list[str]:
    """Return the modules that a process may import ahead without trying what they do.

    Parameters
    ----------
    modules
        Names.

    Returns
    -------
    list of str
        Those of Python itself, and of packages that are known to be the same.

    Examples
    --------
    >>> well_known(["numpy.linalg", "json", "plotly.express"])
    ['numpy.linalg', 'json']
    """
    known = WELL_KNOWN | sys.stdlib_module_names
    return [name for name in modules if name.split(".", maxsplit=1)[0] in known]


def in_order(modules: Sequence[str]) -> list[str]:
    """Return modules with those early that may have to be left out, since the parent of all kernels then begins again.

    Parameters
    ----------
    modules
        Names.

    Returns
    -------
    list of str
        Those that are not well known, then the others.

    Examples
    --------
    >>> in_order(["numpy", "plotly", "json"])
    ['plotly', 'numpy', 'json']
    """
    return sorted(modules, key=set(well_known(modules)).__contains__)


def import_ahead(name: str) -> bool:
    """Import a module, and tell whether a copy of this process has it as a new kernel would.

    Parameters
    ----------
    name
        Of the module. One that cannot be imported is left for the notebook to say.

    Returns
    -------
    bool
        False when it has started a thread, said something, or asked whether it is in a notebook.
    """
    asked: set[str] = set()
    said: list[int] = []
    threads = count_threads()
    with _heard(said), _asked(asked), suppress(Exception):  # whatever it raises, the notebook meets it again
        importlib.import_module(name)
    return name in ALWAYS or not (any(said) or asked - MAY_ASK or count_threads() > threads)


def count_threads() -> int:
    """Return how many threads this process has, those of compiled code too where the system tells.

    Returns
    -------
    int
        Those of Python where the system does not tell, or where a variable asks for sums with several threads, which
        all the usual libraries begin anew after a fork.
    """
    tasks = Path("/proc/self/task")
    alone = all(os.environ.get(variable) == "1" for variable in ONE_THREAD)
    return len(list(tasks.iterdir())) if alone and tasks.is_dir() else threading.active_count()


@contextmanager
def _heard(said: list[int]) -> Iterator[None]:
    """Keep what is said meanwhile, by compiled code too, away from the screen, and add the number of its bytes."""
    with TemporaryFile() as words:
        _flush()
        kept = [(number, os.dup(number)) for number in (1, 2)]
        for number, _ in kept:
            os.dup2(words.fileno(), number)
        try:
            yield
        finally:
            _flush()
            said.append(os.fstat(words.fileno()).st_size)
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)


def _flush() -> None:
    """Let go of what Python holds back of its output."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


@contextmanager
def _asked(who: set[str]) -> Iterator[None]:
    """Answer as a kernel does to packages that ask whether they are in one, and note which do."""
    from IPython.core.interactiveshell import InteractiveShell

    def ask(depth: int) -> None:
        who.add(sys._getframe(depth).f_globals.get("__name__", "").split(".")[0])  # noqa: SLF001  no other way

    class Shell:
        kernel = None

    def get_ipython() -> Any:  # noqa: ANN401  what stands for IPython's shell
        ask(2)
        return Shell()

    def initialized() -> bool:
        ask(3)
        return False

    builtins.get_ipython = get_ipython  # type: ignore[attr-defined]
    InteractiveShell.initialized = staticmethod(initialized)  # type: ignore[method-assign]
    try:
        yield
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]
        del InteractiveShell.initialized
