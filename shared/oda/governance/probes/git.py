"""What git holds of a pilot's folder, asked in as few processes as can be, and run by nobody's settings.

No hook, pager, signature program or fsmonitor is started, and no `GIT_` variable is passed on: one could point git
at another repository, in which all is well.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GIT_SECONDS = 10
OWN_SETTINGS = ("core.fsmonitor=false", "core.quotePath=false", "log.showSignature=false", "log.showRoot=true")
REGULAR = frozenset({"100644", "100755"})


class GitError(Exception):
    """Git cannot be asked; the text says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file that git holds: its path inside the pilot, its mode and git's name for its content."""

    path: str
    mode: str
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository that holds the pilot's folder, or part of it."""

    folder: Path
    program: str
    top: Path
    hooks: Path
    shallow: bool
    index: str = ""


def find_repository(folder: Path, *, staged: bool = False) -> Repository | None:
    """Find the repository that a pilot's folder lies in.

    Parameters
    ----------
    folder
        The pilot's folder.
    staged
        Look at the index that a commit under way is made from, as a hook must.

    Returns
    -------
    Repository or None
        None when neither the folder nor one above it holds `.git`.

    Raises
    ------
    GitError
        When there is a repository, and git is missing or does not answer.
    """
    folder = folder.resolve()
    if not any(os.path.lexists(place / ".git") for place in (folder, *folder.parents)):
        return None
    program = shutil.which("git")
    if program is None or Path(program).resolve().is_relative_to(folder):
        raise GitError("the git command is not installed")
    words = ("rev-parse", "--is-shallow-repository", "--show-toplevel", "--git-path", "hooks")
    lines = os.fsdecode(_run(program, folder, words)).splitlines()
    if len(lines) != 3:
        raise GitError("it answers in a form that is not known")
    top = Path(lines[1]).resolve()
    if not folder.is_relative_to(top):
        raise GitError("its setting core.worktree points at another folder")
    index = os.environ.get("GIT_INDEX_FILE", "") if staged else ""
    return Repository(
        folder=folder,
        program=program,
        top=top,
        hooks=Path(os.path.normpath(folder / lines[2])),
        shallow=lines[0] == "true",
        index=str(top / index) if index else "",
    )


def tracked(repository: Repository) -> tuple[Entry, ...]:
    """List the files of the pilot that git tracks.

    Parameters
    ----------
    repository
        Where the pilot lies.

    Returns
    -------
    tuple of Entry
        In order of path.

    Raises
    ------
    GitError
        When git does not answer.
    """
    entries = []
    for line in _ask(repository, "ls-files", "-s", "-z").split(b"\0"):
        about, _, path = os.fsdecode(line).partition("\t")
        if path:
            mode, content, _stage = about.split(" ")
            entries.append(Entry(path=path, mode=mode, content=content))
    return tuple(entries)


def staged_paths(repository: Repository) -> frozenset[str]:
    """List the files whose staged content differs from the last commit.

    Parameters
    ----------
    repository
        Where the pilot lies.

    Returns
    -------
    frozenset of str
        Paths inside the pilot; a file that is taken away is not among them.

    Raises
    ------
    GitError
        When git does not answer.
    """
    words = ("diff", "--cached", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--diff-filter=d", "--relative")
    return frozenset(filter(None, os.fsdecode(_ask(repository, *words)).split("\0")))


def ever_added(repository: Repository) -> frozenset[str]:
    """List every path that a commit of any branch, tag or stash has added.

    Parameters
    ----------
    repository
        Where the pilot lies.

    Returns
    -------
    frozenset of str
        Paths inside the pilot.

    Raises
    ------
    GitError
        When git does not answer, or takes too long.
    """
    words = ("log", "--all", "-m", "--no-renames", "--no-ext-diff", "--diff-filter=A", "--name-only", "--format=", "-z")
    found = os.fsdecode(_ask(repository, *words, "--relative")).split("\0")
    return frozenset(path.strip("\n") for path in found if path.strip("\n"))


def contents(repository: Repository, entries: Iterable[Entry]) -> Iterator[tuple[str, bytes]]:
    """Fetch what git holds of some files, in one process.

    Parameters
    ----------
    repository
        Where the pilot lies.
    entries
        The files.

    Yields
    ------
    tuple of str and bytes
        The path, and the content as it would be committed.

    Raises
    ------
    GitError
        When git does not answer, or lacks a content.
    """
    wanted = list(entries)
    if not wanted:
        return
    names = "".join(f"{entry.content}\n" for entry in wanted).encode()
    found, place = _ask(repository, "cat-file", "--batch", given=names), 0
    for entry in wanted:
        end = found.index(b"\n", place)
        about = found[place:end].split()
        if len(about) != 3:
            raise GitError(f"it does not hold the content of {entry.path}")
        place = end + 1 + int(about[2])
        yield entry.path, found[end + 1 : place]
        place += 1


def content_name(content: bytes, like: str) -> str:
    """Compute git's name for a content.

    Parameters
    ----------
    content
        The bytes of a file.
    like
        Another name from the same repository, which tells the kind of hash.

    Returns
    -------
    str
        Hexadecimal digits.

    Examples
    --------
    >>> content_name(b"", "0" * 40)
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    kind = "sha256" if len(like) == 64 else "sha1"
    return hashlib.new(kind, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _ask(repository: Repository, *words: str, given: bytes = b"") -> bytes:
    """Ask git about the pilot's folder."""
    return _run(repository.program, repository.folder, words, given=given, index=repository.index)


def _run(program: str, folder: Path, words: Iterable[str], *, given: bytes = b"", index: str = "") -> bytes:
    """Run git with our settings and none of the environment's; return what it prints."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    own |= {"GIT_INDEX_FILE": index} if index else {}
    own |= {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    settings = [word for setting in OWN_SETTINGS for word in ("-c", setting)]
    start = [program, "--no-replace-objects", "--no-optional-locks", "--no-pager", *settings, "-C", str(folder)]
    try:
        done = subprocess.run(
            [*start, *words], input=given, capture_output=True, check=True, timeout=GIT_SECONDS, env=own
        )
    except subprocess.TimeoutExpired as error:
        raise GitError(f"it takes more than {GIT_SECONDS} seconds") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitError(said[0] if said else f"it stops with {error.returncode}") from error
    except OSError as error:
        raise GitError(f"it does not start: {error.strerror}") from error
    return done.stdout
