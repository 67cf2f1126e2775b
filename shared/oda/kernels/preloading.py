"""What the notebooks of a plan import, so that the parent of their kernels imports it once for all."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import find_spec

# What the worker and the kernel import themselves, whatever the notebook does.
ALWAYS = (
    "pyarrow",  # first: it has threads of its own, which bear forking
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "matplotlib_inline.config",
    "nbformat.v4",
    "jupyter_client.manager",
    "jupyter_client.asynchronous",
    "nbclient.client",
    "papermill",
    "oda.executing",
    "oda.kernels.provisioning",
    "oda.results",
)


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
