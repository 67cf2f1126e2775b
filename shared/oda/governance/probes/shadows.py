"""Files that take the place of a module: Python looks in the folder it is started in before anywhere else."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SUFFIXES = (".py", ".pyw", ".pyc", ".pyd", ".so")
OURS = frozenset({"oda", "sitecustomize", "usercustomize"})
LEFT_ALONE = frozenset({"test", "tests", "docs", "examples", "setup", "conftest"})  # many packages bring such a folder


def find_shadows(names: Iterable[str]) -> Iterator[str]:
    """Find modules of a pilot that Python would import instead of installed ones or its own.

    Parameters
    ----------
    names
        Paths of its code.

    Yields
    ------
    str
        In words, which file takes the place of what.

    Examples
    --------
    >>> list(find_shadows(["notebooks/json.py", "notebooks/falls.py"]))
    ['notebooks/json.py takes the place of json']
    """
    modules = [PurePosixPath(name) for name in names if name.lower().endswith(SUFFIXES)]
    packages = {path.parent for path in modules if path.name.split(".")[0] == "__init__"}
    elsewhere = _elsewhere()
    for path in modules:
        word, place = path.name.split(".")[0], path.parent
        if word == "__init__":
            word, place = place.name, place.parent
        if place not in packages and _is_taken(word, elsewhere):
            yield f"{path} takes the place of {'the package' if word == 'oda' else word}"


def _is_taken(word: str, elsewhere: Sequence[str]) -> bool:
    """Tell whether Python has, or finds installed, a module of this name."""
    if word in LEFT_ALONE or not word.isidentifier():
        return False
    if word in OURS or word in sys.stdlib_module_names:
        return True
    try:
        spec = PathFinder.find_spec(word, elsewhere)
    except (ImportError, OSError, ValueError):
        return True
    return spec is not None and bool(spec.origin)


def _elsewhere() -> list[str]:
    """List the places where packages are installed."""
    return [entry for entry in sys.path if {"site-packages", "dist-packages"} & set(Path(entry).parts)]
