"""S04: no real data and no secret in git, the data folders ignored, the hook on, and no way around the loader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oda.errors import SettingsError
from oda.governance.probes.bypass import find_bypass
from oda.governance.probes.check import Check, about_people, unknown
from oda.governance.probes.git import GitError, Repository, ever_added, find_repository, tracked
from oda.governance.probes.hooks import hook_check
from oda.governance.probes.ignoring import ignored
from oda.governance.probes.tracked import judge_contents, judge_history, judge_names
from oda.pilot import read_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from oda.governance.gathering import DatasetCard


def look_at_repository(folder: Path, datasets: Sequence[DatasetCard] = ()) -> tuple[Check, ...]:
    """Look for what must not be in git, and for code that goes around the loader.

    Parameters
    ----------
    folder
        The pilot's folder.
    datasets
        All its datasets.

    Returns
    -------
    tuple of Check
        On the ignored folders, on the files and history of git, on the hook, and on the code.
    """
    people = about_people(datasets)
    held = tuple(path for dataset in people if (path := _path(dataset)))
    return (*ignored(folder), *_git(folder, held), *find_bypass(folder, held, personal=bool(people)))


def _git(folder: Path, held: Sequence[str]) -> tuple[Check, ...]:
    """Look at what git holds."""
    try:
        repository = find_repository(folder)
        if repository is None:
            return (Check(finding="there is no git repository here, so git holds no file", passed=True),)
        return _holdings(repository, held)
    except GitError as error:
        return (unknown(f"git cannot be asked which files it tracks: {error}", "install git, or mend the repository"),)


def _holdings(repository: Repository, held: Sequence[str]) -> tuple[Check, ...]:
    """Look at the files of a repository, at its history and its hook."""
    entries = tracked(repository)
    now = {entry.path for entry in entries}
    return (
        *judge_names(entries, held),
        judge_history(ever_added(repository), now, held, shallow=repository.shallow),
        *judge_contents(repository, entries),
        hook_check(repository),
    )


def _path(dataset: DatasetCard) -> str:
    """Return where the file of a dataset lies; nothing when its card cannot be read, which loading refuses."""
    try:
        path = read_yaml(dataset.card_path)["resources"][0]["path"]
    except (SettingsError, OSError, KeyError, IndexError, TypeError):
        return ""
    return path if isinstance(path, str) else ""
