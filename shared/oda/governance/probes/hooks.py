"""The pre-commit hook that scans what is about to be committed, and the scan that it runs.

A hook warns the person who commits; `git commit --no-verify` goes past it, so the check looks at all of it again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oda.errors import COMMAND, SettingsError
from oda.governance.probes.check import Check, unknown
from oda.governance.probes.git import GitError, Repository, find_repository, staged_paths, tracked
from oda.governance.probes.tracked import judge_contents, judge_names

if TYPE_CHECKING:
    from pathlib import Path

MARKER = "# The hook of an oda pilot, version 1"
INSTALL = f"{COMMAND} scan --install"
CALL = "-m oda scan --staged"
HOOK = """\
#!/bin/sh
{marker}: no secret and no personal data are committed. Written by: oda scan --install
cd -- {place} || exit 1
for python in .venv/bin/python .venv/Scripts/python.exe; do
    if [ -x "$python" ]; then exec "$python" -P {call}; fi
done
for python in py python3 python; do
    if command -v "$python" >/dev/null 2>&1; then exec "$python" start.py scan --staged; fi
done
echo "Nothing is committed: no Python was found to look for secrets and personal data. Run start.py first." >&2
exit 1
"""


def install_hook(folder: Path) -> Path:
    """Write the pre-commit hook of a pilot, and never over another's.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    Path
        The hook.

    Raises
    ------
    SettingsError
        When there is no repository, when hooks lie outside it, or when there is a hook of someone else's.
    """
    try:
        repository = find_repository(folder)
    except GitError as error:
        raise SettingsError(f"Git cannot be asked where its hooks lie: {error}. Install git, or mend it.") from error
    if repository is None:
        raise SettingsError("There is no git repository here, so there is nothing to hook on to. Nothing need be done.")
    path = repository.hooks / "pre-commit"
    if not _is_own(repository):
        message = (
            f"Git's setting core.hooksPath points at {repository.hooks}, which other projects may share, so nothing is "
            f"written there. Ask whoever keeps it to add this line to pre-commit: {hook_line(repository)}"
        )
        raise SettingsError(message)
    there = _read(path)
    if there and not _is_ours(there, repository):
        message = (
            f"{path.name} holds another hook, which is not written over. Add this line to it: {hook_line(repository)}"
        )
        raise SettingsError(message)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(hook_text(repository), encoding="utf-8", newline="\n")
    path.chmod(0o755)
    return path


def hook_text(repository: Repository) -> str:
    """Compose the hook of a pilot.

    Parameters
    ----------
    repository
        Where the pilot lies.

    Returns
    -------
    str
        A script for a POSIX shell, which git brings along on Windows.
    """
    return HOOK.format(marker=MARKER, place=_place(repository), call=CALL)


def hook_line(repository: Repository) -> str:
    """Compose the line for a hook that is there already.

    Parameters
    ----------
    repository
        Where the pilot lies.

    Returns
    -------
    str
        One line for a POSIX shell.
    """
    python = ".venv/Scripts/python.exe" if os.name == "nt" else ".venv/bin/python"
    return f"(cd -- {_place(repository)} && {python} -P {CALL}) || exit 1"


def hook_check(repository: Repository) -> Check:
    """Say whether the hook is on.

    Parameters
    ----------
    repository
        Where the pilot lies.

    Returns
    -------
    Check
        Failed when the hook is absent, was changed, or cannot be started.
    """
    path = repository.hooks / "pre-commit"
    text = _read(path)
    lines = [line.strip() for line in text.splitlines()]
    if not text:
        return Check(finding="the hook that scans before each commit is not on", passed=False, mend=INSTALL)
    if _is_ours(text, repository) and text != hook_text(repository):
        return Check(finding="the hook that scans before each commit was changed", passed=False, mend=INSTALL)
    if not any(CALL in line and not line.startswith("#") for line in lines):
        mend = f"add this line to it: {hook_line(repository)}"
        return Check(finding="another pre-commit hook is on, and it does not scan", passed=False, mend=mend)
    if os.name != "nt" and not os.access(path, os.X_OK):
        return Check(finding="the pre-commit hook may not be started", passed=False, mend=f"chmod +x {path}")
    return Check(finding="the hook that scans before each commit is on", passed=True)


def scan(folder: Path, *, staged: bool) -> tuple[Check, ...]:
    """Look for secrets and personal data in the files that git holds.

    Parameters
    ----------
    folder
        The pilot's folder.
    staged
        Only what is about to be committed.

    Returns
    -------
    tuple of Check
        One that passes where there is no repository; one that is not known where git cannot be asked.
    """
    try:
        repository = find_repository(folder, staged=staged)
        if repository is None:
            return (Check(finding="there is no git repository here, so git holds no file", passed=True),)
        entries = tracked(repository)
        if staged:
            changed = staged_paths(repository)
            entries = tuple(entry for entry in entries if entry.path in changed)
        return (*judge_names(entries, ()), *judge_contents(repository, entries, staged=staged))
    except GitError as error:
        return (unknown(f"git cannot be asked which files it tracks: {error}"),)


def _is_own(repository: Repository) -> bool:
    """Tell whether the folder of hooks belongs to this repository alone."""
    hooks = repository.hooks.resolve()
    common = repository.hooks.name == "hooks" and (repository.hooks.parent / "objects").is_dir()
    return common or hooks.is_relative_to(repository.top)


def _is_ours(text: str, repository: Repository) -> bool:
    """Tell whether a hook is one of ours, for this pilot."""
    return MARKER.rpartition(",")[0] in text and f"cd -- {_place(repository)} " in text


def _place(repository: Repository) -> str:
    """Return where the pilot lies in its repository, quoted for a shell."""
    inner = repository.folder.relative_to(repository.top).as_posix()
    return "'" + inner.replace("'", "'\\''") + "'"


def _read(path: Path) -> str:
    """Return a hook's text; nothing where there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
