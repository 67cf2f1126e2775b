"""Where a file lies that a notebook opens: in the pilot, outside it, or where programs keep what is theirs.

Standard library only.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from oda.hashing import ABSENT, hash_file, hash_folder, hash_values

LARGEST = 64 << 20  # bytes of a file outside the pilot that is read whole to be hashed
_NEVER = frozenset({"runs", "vendor", "requirements"})
_COMPILED = (".pyc", ".so", ".pyd", ".dll", ".dylib")
_PACKAGES = frozenset({"site-packages", "dist-packages", "__pycache__"})
_SYSTEM = (
    "/proc",
    "/dev",
    "/sys",
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/snap",
    "/var/cache",
    "/var/lib",
)
_APPLE = ("/System", "/Library", "/opt/homebrew", "/private/etc", "/private/var/db")
_HOUSE = ("Caches", "Fonts", "Preferences", "Application Support", "Jupyter", "Python")  # of a Mac's ~/Library
_NAMED = (
    *("SYSTEMROOT", "PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMDATA", "APPDATA", "LOCALAPPDATA"),
    *("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR"),
    *("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"),
)


def inside(path: object, home: Path, own: Path | None = None) -> str | None:
    """Return a path from the pilot's folder on.

    Parameters
    ----------
    path
        As it was given to what opens it.
    home
        The pilot's folder, as the system resolves it.
    own
        The notebook's own working folder, whose files are no inputs.

    Returns
    -------
    str or None
        With forward slashes; None for what is elsewhere or is no input: hidden files, runs, installed packages.
    """
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    inner = _relative(os.fsdecode(path), str(home), str(Path.cwd()))
    if inner is None or (own is not None and (home / inner).is_relative_to(own)):
        return None
    first, *_ = parts = inner.split("/")
    return None if first in _NEVER or any(part.startswith(".") or part == "__pycache__" for part in parts) else inner


@lru_cache(maxsize=4096)
def _relative(path: str, home: str, working: str) -> str | None:
    """Return a path from the home folder on, or None when it lies elsewhere."""
    whole = os.path.join(working, path)  # noqa: PTH118  twice as fast as Path, and called for every file
    if whole.endswith(_COMPILED):
        return None
    above = os.path.normcase(home) + os.sep
    for one in (os.path.normpath(whole), os.path.realpath(whole)):  # a link within the pilot counts as a file of it
        if os.path.normcase(one).startswith(above):
            return one[len(above) :].replace(os.sep, "/")
    return None


def outside(path: object, home: Path, own: Path | None = None) -> str | None:
    """Return the whole path of what lies outside the pilot, unless it is where programs keep what is theirs.

    Parameters
    ----------
    path
        As it was given to what opens it.
    home
        The pilot's folder, as the system resolves it.
    own
        The notebook's own working folder.

    Returns
    -------
    str or None
        With forward slashes; None for what is in the pilot, and for what belongs to the system, to Python and its
        packages, or to a cache.
    """
    if not isinstance(path, str | bytes | os.PathLike):
        return None
    whole = os.path.normpath(Path.cwd() / os.fsdecode(path))
    if own is not None and Path(whole).is_relative_to(own):
        return None
    return _outer(whole, str(home))


@lru_cache(maxsize=4096)
def _outer(whole: str, home: str) -> str | None:
    """Return a whole path, or None when it is in the home folder or where programs keep what is theirs."""
    theirs = (os.path.normcase(home) + os.sep, *_kept(home))
    both = [os.path.normcase(one) + os.sep for one in (whole, os.path.realpath(whole))]
    if whole.endswith(_COMPILED) or any(one.startswith(theirs) for one in both):
        return None
    try:
        parts = Path(os.path.relpath(whole, home)).parts
    except ValueError:  # another drive of Windows
        parts = Path(whole).parts
    hidden = any((part.startswith(".") and part != "..") or part in _PACKAGES for part in parts)
    return None if hidden else Path(whole).as_posix()


@lru_cache(maxsize=16)
def _kept(home: str) -> tuple[str, ...]:
    """Return the folders that programs keep, but those in which the pilot itself lies."""
    python = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, os.path.dirname(os.__file__))  # noqa: PTH120
    apple = (
        (*_APPLE, *(str(Path("~/Library").expanduser() / name) for name in _HOUSE)) if sys.platform == "darwin" else ()
    )
    named = [os.environ[name] for name in _NAMED if os.environ.get(name)]
    reports = find_spec("oda.reports")  # which lies beside this package where both are installed as a checkout
    ours = [str(Path(__file__).parent), *((reports and reports.submodule_search_locations) or ())]
    found = [*python, *ours, *(_SYSTEM if os.name == "posix" else ()), *apple, *named]
    both = {os.path.normcase(way(one)) + os.sep for one in found for way in (os.path.abspath, os.path.realpath)}
    return tuple(one for one in sorted(both) if not (os.path.normcase(home) + os.sep).startswith(one))


def passing(whole: str, since: float) -> bool:
    """Tell whether what lies outside the pilot is no input: no plain file or folder, or made meanwhile to be lost.

    Parameters
    ----------
    whole
        Its whole path.
    since
        When the notebook began, in seconds since 1970.

    Returns
    -------
    bool
        True for pipes and devices, for the system's temporary folder, and for what has changed in it since.
    """
    try:
        about = os.stat(whole)  # noqa: PTH116
    except OSError:
        return False
    temporary = Path(os.path.realpath(tempfile.gettempdir()))
    here = Path(os.path.realpath(whole))
    lost = here == temporary or (here.is_relative_to(temporary) and about.st_mtime > since)
    return lost or not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode))


def mark_of(file: Path) -> tuple[int, int] | None:
    """Tell without reading a file whether it has changed.

    Parameters
    ----------
    file
        The file.

    Returns
    -------
    tuple or None
        Its size and time; None when it is not there.
    """
    try:
        about = file.stat()
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns


def hash_outside(path: Path) -> str:
    """Return a hash of a file or folder outside the pilot.

    Parameters
    ----------
    path
        Its whole path.

    Returns
    -------
    str
        Of a file's bytes; of its size and time when it is over 64 MB; of a folder's names; or `absent`.
    """
    try:
        about = path.stat()
    except OSError:
        return ABSENT
    if stat.S_ISDIR(about.st_mode):
        return hash_folder(path)
    if not stat.S_ISREG(about.st_mode):
        return ABSENT
    return hash_file(path) if about.st_size <= LARGEST else hash_values(about.st_size, about.st_mtime_ns)
