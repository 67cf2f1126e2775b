"""What a notebook used, noted in its kernel while it runs: datasets, settings, modules and files.

Standard library only, and idle until `start` is called, so that it costs nothing anywhere else.
Not seen are: what other programs open, and databases on servers; environment variables, the clock and the machine; and
whether a file is there, where the notebook asks (`Path.exists`, `os.stat`) and does not open it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ContextDecorator
from pathlib import Path
from types import TracebackType
from typing import Any

from oda import missing
from oda.hashing import ABSENT, hash_field, hash_file, hash_folder, hash_setting
from oda.places import hash_outside, inside, mark_of, outside, passing
from oda.readers import listen, unheard

DIFFERS = "changed while the notebook ran"
MOST_MISSED = 200  # modules that were not found
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_DUMPS = frozenset({"__dict__", "__getstate__", "copy", "dict", "json"})  # each reads every field


class _Trace:
    """What has been noted since `start`."""

    def __init__(self, home: Path, own: Path | None) -> None:
        """Begin with nothing noted."""
        self.home = Path(os.path.realpath(home))
        self.own = None if own is None else Path(os.path.realpath(own))
        self.since = time.time()
        self.loaded = dict(sys.modules)  # by what made the kernel ready, so not by the notebook
        self.uses: dict[str, str] = {}
        self.wrote: set[str] = set()
        self.wrote_outside: set[str] = set()
        self.missed: set[str] = set()
        self.seen: dict[str, tuple[int, int]] = {}
        self.read: dict[tuple[int, str], object] = {}


_trace: _Trace | None = None
_hooked = False
_watched: set[type] = set()
_inner = threading.local()


class ours(ContextDecorator):  # noqa: N801  reads as a word of a `with`
    """Note nothing that is opened or read within, since what it comes to is noted by name."""

    def __enter__(self) -> None:
        """Begin, or go one level deeper."""
        _inner.depth = getattr(_inner, "depth", 0) + 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End one level."""
        _inner.depth -= 1


def running() -> bool:
    """Tell whether notes are taken in this process at all.

    Returns
    -------
    bool
        False before `start`.
    """
    return _trace is not None


def active() -> bool:
    """Tell whether what happens now is noted.

    Returns
    -------
    bool
        False before `start`, and within `ours`.

    Examples
    --------
    >>> active()
    False
    """
    return _trace is not None and getattr(_inner, "depth", 0) == 0


def start(home: Path, own: Path | None = None) -> None:
    """Forget what was noted, and note from now on what the notebook in this process uses.

    Parameters
    ----------
    home
        The pilot's folder.
    own
        The notebook's own working folder, whose files are nobody else's.
    """
    global _trace, _hooked  # noqa: PLW0603  one process runs one notebook
    _trace = _Trace(home, own)
    if not _hooked:
        sys.addaudithook(_hear)  # for good: no hook can be taken away again
        listen(_told)
        missing.listen(_missed)
        _hooked = True


def note(name: str, value: str) -> None:
    """Note that something was used, unless it is noted already.

    Parameters
    ----------
    name
        Such as `dataset falls`.
    value
        Its hash as it was used; two that differ make it one that is never the same again.
    """
    if _trace is not None and _trace.uses.setdefault(name, value) != value:
        _trace.uses[name] = DIFFERS


def report() -> dict[str, Any]:
    """Return what was used since `start`, with what was written in the pilot outside the notebook's own folder.

    Returns
    -------
    dict
        `uses`, hashes by name, and `wrote`, paths inside the pilot; both empty without `start`.

    Examples
    --------
    >>> report()
    {'uses': {}, 'wrote': []}
    """
    if _trace is None:
        return {"uses": {}, "wrote": []}
    with ours():
        modules = _modules(_trace)
        for path in unheard(_trace.home, modules):
            _told(str(path), late=True)
        files = {name: value for name, value in _trace.uses.items() if name.removeprefix("file ") not in modules}
        made = {f"made {path}": hash_file(_trace.home / path) for path in _trace.wrote}
        missed = {f"module {path}": ABSENT for path in _trace.missed - _trace.wrote}
        found = missed | files | {f"module {path}": value for path, value in modules.items()} | made
    return {"uses": dict(sorted(found.items())), "wrote": sorted(_trace.wrote)}


def _modules(trace: _Trace) -> dict[str, str]:
    """Return the hash of each loaded module of the pilot by its path; note those outside it."""
    from oda.meaning import hash_module  # after the notebook, when a few milliseconds more do not matter

    found = {}
    for name, module in list(sys.modules.items()):
        source = getattr(module, "__file__", None)
        if trace.loaded.get(name) is module or not str(source).endswith(".py"):
            continue
        path = _inside(trace, source)
        if path is None:
            _read_outside(trace, source)
        elif path not in trace.wrote:
            file = trace.home / path
            fresh = file.is_file() and file.stat().st_mtime > trace.since
            found[path] = DIFFERS if fresh else hash_module(file)
    return found


def _inside(trace: _Trace, path: object) -> str | None:
    """Return a path from the pilot's folder on; None for what is elsewhere or is no input."""
    return inside(path, trace.home, trace.own)


def _hear(event: str, about: tuple[Any, ...]) -> None:
    """Hear of every file that Python opens in this process."""
    heard = _EVENTS.get(event)
    if heard is not None and _trace is not None and active():
        with ours():
            heard(_trace, about)


def _opened(trace: _Trace, about: tuple[Any, ...]) -> None:
    """Note a file that was opened, for reading or for writing."""
    path, mode, flags = (*about, None, 0)[:3]
    writes = bool((flags or 0) & _WRITES) if mode is None else any(letter in mode for letter in "wxa+")
    if not writes or "+" in (mode or ""):
        _use(trace, path)
    if writes and (inner := _inside(trace, path)) is not None:
        trace.wrote.add(inner)
    elif writes and (whole := outside(path, trace.home, trace.own)) is not None:
        trace.wrote_outside.add(whole)


def _use(trace: _Trace, path: object) -> None:
    """Note a file that is read, in the pilot or outside it."""
    if (inner := _inside(trace, path)) is not None:
        _read(trace, inner)
    else:
        _read_outside(trace, path)


def _read_outside(trace: _Trace, path: object) -> None:
    """Note what is read outside the pilot, unless it is a program's own, or made by the notebook itself."""
    whole = outside(path, trace.home, trace.own)
    if whole is None or whole in trace.wrote_outside or passing(whole, trace.since):
        return
    mark = mark_of(Path(whole))
    if mark is None or trace.seen.get(whole) != mark:
        trace.seen[whole] = mark or (0, 0)
        note(f"outside {whole}", hash_outside(Path(whole)))


def _read(trace: _Trace, inner: str) -> None:
    """Note a file that is read, hashed anew only when it has changed since it was read before."""
    file = trace.home / inner
    if inner in trace.wrote or (file.exists() and not file.is_file()):
        return
    mark = mark_of(file)
    if mark is None:
        note(f"file {inner}", ABSENT)
    elif trace.seen.get(inner) != mark:
        trace.seen[inner] = mark
        note(f"file {inner}", hash_file(file))


def _told(path: str, *, late: bool = False) -> None:
    """Note a file that a library in another language opens, or may have opened before."""
    if _trace is None or not (late or active()):
        return
    with ours():
        _use(_trace, path)
        inner = _inside(_trace, path) if late else None
        if inner is not None and (_trace.home / inner).stat().st_mtime > _trace.since and inner not in _trace.wrote:
            note(f"file {inner}", DIFFERS)


def _missed(name: str, folders: Sequence[str], asks: str | None) -> None:
    """Note a module that the notebook, or a module of the pilot, did not find in the pilot."""
    if _trace is None or not active() or len(_trace.missed) >= MOST_MISSED:
        return
    with ours():
        if asks is not None and _inside(_trace, asks) is None:
            return
        for folder in folders:
            for file in (f"{name}.py", f"{name}/__init__.py"):
                if (inner := _inside(_trace, os.path.join(folder, file))) is not None:  # noqa: PTH118  folder may be empty
                    _trace.missed.add(inner)


def _connected(trace: _Trace, about: tuple[Any, ...]) -> None:
    """Note a database file of SQLite."""
    if about[0] != ":memory:":
        _use(trace, about[0])


def _listed(trace: _Trace, about: tuple[Any, ...]) -> None:
    """Note a folder whose files were listed, unless it was Python in search of a module."""
    caller = sys._getframe(2).f_globals.get("__name__", "")  # noqa: SLF001  the only way to know who lists
    if caller.startswith(("importlib", "_frozen_importlib", "zipimport")):
        return
    if (inner := _inside(trace, about[0] or ".")) is not None:
        note(f"folder {inner}", hash_folder(trace.home / inner))
    else:
        _read_outside(trace, about[0] or ".")


_EVENTS: Mapping[str, Callable[[_Trace, tuple[Any, ...]], None]] = {
    "open": _opened,
    "sqlite3.connect": _connected,
    "os.listdir": _listed,
    "os.scandir": _listed,
}


def watch(settings: Any) -> None:  # noqa: ANN401  a Pilot, whose module imports this one
    """Note from now on which settings are read, where notes are taken at all.

    Parameters
    ----------
    settings
        The pilot's settings.
    """
    if _trace is None:
        return
    for kind, hear in ((type(settings), _note_setting), (type(settings.districts[0]), _note_inner)):
        if kind not in _watched:
            _watched.add(kind)
            _spy(kind, hear)


def _note_setting(settings: Any, field: str, *, whole: bool) -> None:  # noqa: ANN401
    """Note one field of the settings; with the whole, all that it holds of each district."""
    if field == "districts":
        note("districts", hash_setting(settings, field))
        for district in settings.districts if whole else ():
            for inner in type(district).model_fields:
                _note_inner(district, inner, whole=whole)
    elif field != "folder":  # where the pilot lies decides nothing
        note(f"setting {field}", hash_setting(settings, field))


def note_district(district: Any, field: str) -> None:  # noqa: ANN401
    """Note one field of a district.

    Parameters
    ----------
    district
        One of the pilot's.
    field
        A field of `District`.
    """
    if active():
        with ours():
            _note_inner(district, field, whole=True)


def _note_inner(district: Any, field: str, *, whole: bool) -> None:  # noqa: ANN401
    """Note one field of a district; its code and name were noted where it was found, unless all is asked for."""
    if whole or field not in {"code", "name"}:
        note(f"district {district.code} {field}", hash_field(district, field))


def _spy(kind: type, hear: Callable[..., None]) -> None:
    """Tell of every field that is read of a model."""
    plain: Any = kind.__getattribute__
    fields = tuple(kind.model_fields)  # type: ignore[attr-defined]  # both are pydantic's

    def read(self: Any, name: str) -> Any:  # noqa: ANN401  whatever the field holds
        whole = name in _DUMPS or name.startswith("model_")
        if (whole or name in fields) and active() and _first(self, name):
            with ours():
                for field in fields if whole else (name,):
                    hear(self, field, whole=whole)
        return plain(self, name)

    kind.__getattribute__ = read  # type: ignore[assignment,method-assign]


def _first(read: object, name: str) -> bool:
    """Tell whether this is the first time that a field of an object is read, and keep the object, so its id too."""
    if _trace is None or (id(read), name) in _trace.read:
        return False
    _trace.read[id(read), name] = read
    return True
