"""Readers in other languages, of which Python does not hear what they open.

Those of Arrow are asked; where any other is loaded, the notebook counts as having read all the pilot's data.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

# What Arrow opens files by, and at which place the file stands.
_ARROW = {
    "pyarrow": (("memory_map", 0), ("input_stream", 0)),
    "pyarrow.parquet.core": (("ParquetFile.__init__", 1), ("ParquetDataset.__init__", 1)),
    "pyarrow.dataset": (("dataset", 0), ("parquet_dataset", 0)),
    "pyarrow.csv": (("read_csv", 0), ("open_csv", 0)),
    "pyarrow.json": (("read_json", 0), ("open_json", 0)),
    "pyarrow.feather": (("read_feather", 0), ("read_table", 0), ("FeatherDataset.__init__", 1)),
    "pyarrow.orc": (("ORCFile.__init__", 1), ("read_table", 0)),
    "pyarrow.ipc": (("open_file", 0), ("open_stream", 0)),
}
_NAMES = ("source", "path_or_paths", "input_file", "metadata_path", "path")
_OTHERS = ("duckdb", "polars", "pyogrio", "fiona", "rasterio", "h5py", "netCDF4")  # any of which may read any file


def listen(hear: Callable[[str], None]) -> None:
    """Tell of every file that Arrow opens in this process, from now on.

    Parameters
    ----------
    hear
        Called with the path of each, as it was given.
    """
    for name in _ARROW:
        if name in sys.modules:
            _attach(sys.modules[name], hear)
    sys.meta_path.insert(0, _Later(hear))


def unheard(home: Path, modules: Iterable[str]) -> Iterator[Path]:
    """Yield the data of a pilot that a library may have read without a word, where the notebook names one that could.

    Parameters
    ----------
    home
        The pilot's folder.
    modules
        Paths in it of the modules that are loaded.

    Yields
    ------
    Path
        Every file in its `data`.
    """
    loaded = [name for name in _OTHERS if name in sys.modules]  # by the parent of this kernel, it may be
    if loaded and any(name in text for text in _sources(home, modules) for name in loaded):
        yield from (path for path in sorted((home / "data").rglob("*")) if path.is_file())


def _sources(home: Path, modules: Iterable[str]) -> Iterator[str]:
    """Yield the code that has run: of the notebook's cells, as IPython keeps it, and of the pilot's own modules."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    yield from shell.history_manager.input_hist_raw if shell is not None else _OTHERS  # without it, nobody knows
    yield from ((home / path).read_text(encoding="utf-8", errors="replace") for path in modules)


class _Later(MetaPathFinder):
    """Attach to a module of Arrow when it is loaded."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        """Keep whom to tell."""
        self.hear = hear

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ANN401
        """Find what the other finders find, and attach to it once it has been executed."""
        if name not in _ARROW:
            return None
        specs = (one.find_spec(name, path, target) for one in sys.meta_path if not isinstance(one, _Later))
        spec = next((one for one in specs if one is not None), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def attached(module: ModuleType) -> None:
                execute(module)
                _attach(module, self.hear)

            spec.loader.exec_module = attached  # type: ignore[method-assign]
        return spec


def _attach(module: ModuleType, hear: Callable[[str], None]) -> None:
    """Wrap what opens files in a module of Arrow."""
    for dotted, place in _ARROW[module.__name__]:
        kind, _, name = dotted.rpartition(".")
        owner = getattr(module, kind, None) if kind else module
        if hasattr(owner, name):  # which not all versions of Arrow have
            setattr(owner, name, _heard(getattr(owner, name), place, hear))


def _heard(opens: Callable[..., Any], place: int, hear: Callable[[str], None]) -> Callable[..., Any]:
    """Return a function that tells of the files it is given before it opens them."""

    @wraps(opens)
    def opened(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  Arrow's own signature
        given = [*args[place : place + 1], *(kwargs[name] for name in _NAMES if name in kwargs)]
        for one in given:
            for path in one if isinstance(one, list | tuple) else [one]:
                if isinstance(path, str | os.PathLike):
                    for file in _files(os.fspath(path)):
                        hear(file)
        return opens(*args, **kwargs)

    return opened


def _files(path: str) -> Iterator[str]:
    """Yield a file, or all the files of a folder."""
    if Path(path).is_dir():
        yield from (str(file) for file in sorted(Path(path).rglob("*")) if file.is_file())
    else:
        yield path
