"""Files that a notebook writes: those that the plan declares leave the run, each at its level; the others do not."""

from __future__ import annotations

import fnmatch
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oda.errors import RunError
from oda.pilot import find_folder
from oda.records import KEPT, hash_file

RUN = "ODA_RUN"  # names the folder of the run to the notebook


def sort_out(folder: Path, declared: Mapping[str, str], *, into: Path, task: str) -> dict[str, list[Any]]:
    """Move the declared files of a working folder to the run, by level; name the others, which are left behind.

    Parameters
    ----------
    folder
        Where the notebook has worked.
    declared
        Level by pattern: `record` (of persons: stays in the run), `aggregate`, `public`. The first that fits counts.
    into
        The run's folder.
    task
        The task's name.

    Returns
    -------
    dict
        `kept`: file, level, bytes and sha256 of each that was moved; `undeclared`: names of the others; `absent`:
        declared names without a wildcard that were not written.
    """
    kept, undeclared = [], []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            continue
        level = next((level for pattern, level in declared.items() if fnmatch.fnmatchcase(name, pattern)), None)
        if level is None or path.is_symlink() or not path.is_file():
            undeclared.append(name)
            continue
        target = into / KEPT[level] / task / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
        kept.append({"file": name, "level": level, "bytes": target.stat().st_size, "sha256": hash_file(target)})
    there = {one["file"] for one in kept}
    absent = [name for name in declared if not any(sign in name for sign in "*?[") and name not in there]
    return {"kept": kept, "undeclared": undeclared, "absent": absent}


def output(file: str, *, of: str) -> Path:
    """Return a declared file that an earlier notebook of the same run has written.

    Parameters
    ----------
    file
        Its name, as the earlier notebook wrote it.
    of
        The earlier task, such as `10-data` or `20-district-redditch`; name its notebook in `after` in pilot.yml.

    Returns
    -------
    Path
        The file. In JupyterLab, that of the run that finished last.

    Raises
    ------
    RunError
        When there is no such file.
    """
    runs = find_folder() / "runs"
    told = os.environ.get(RUN)
    folders = [Path(told)] if told else sorted(runs.glob("*/run.json"), key=lambda path: -path.stat().st_mtime)
    for folder in folders if told else [path.parent for path in folders]:
        for place in KEPT.values():
            path = folder / place / of / file
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                return path
    message = (
        f"{of} has left no file {file!r}. Declare it under 'outputs' of its notebook in pilot.yml, and run that first."
    )
    raise RunError(message)
