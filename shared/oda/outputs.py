"""Files that a notebook writes: those that the plan declares leave the run, each at its level; the others do not."""

from __future__ import annotations

import csv
import fnmatch
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from oda.errors import RunError
from oda.governance.identifiers import identifier
from oda.pilot import find_folder
from oda.records import KEPT, TASKS, hash_file
from oda.tracing import ours

RUN = "ODA_RUN"  # names the folder of the run to the notebook
AFTER = "ODA_AFTER"  # names the notebooks that the plan puts before it, as JSON
TABLES = frozenset({".csv", ".tsv", ".txt"})
LONGEST = 1 << 16  # bytes of a heading


def sort_out(
    folder: Path, declared: Mapping[str, str], *, into: Path, task: str, failed: bool = False
) -> dict[str, Any]:
    """Move the declared files of a working folder to the run, by level; name the others, which are left behind.

    Parameters
    ----------
    folder
        Where the notebook has worked.
    declared
        Level by pattern: `record` (of persons: stays in the run), `aggregate`, `public`. The first that fits counts.
        `*` stands for any part of one name, `**` for any folders.
    into
        The run's folder.
    task
        The task's name.
    failed
        Whether the notebook failed: no file is kept then.

    Returns
    -------
    dict
        `kept`: file, level, bytes and sha256 of each that was moved; `undeclared`: names of the others; `fault`: why
        the declared ones cannot be kept, in a sentence; empty when they can.
    """
    levels = {name: _level(path, name, declared) for path, name in _files(folder)}
    wanted = {name: level for name, level in levels.items() if level}
    undeclared = [_writable(name) for name, level in levels.items() if not level]
    fault = "" if failed else _absent(declared, wanted) or _identifying(folder, wanted)
    kept = [] if failed or fault else [_keep(folder / name, name, level, into, task) for name, level in wanted.items()]
    return {"kept": kept, "undeclared": undeclared, "fault": fault}


def _files(folder: Path) -> list[tuple[Path, str]]:
    """Return everything in a folder that is no folder itself, with its name from there on; links are not followed."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return [(path, path.relative_to(folder).as_posix()) for path in sorted(found)]


def _level(path: Path, name: str, declared: Mapping[str, str]) -> str:
    """Return the level that the plan declares for a file; empty for none, for links and for what no system can name."""
    if path.is_symlink() or not path.is_file() or name != _writable(name):
        return ""
    parts = name.split("/")
    return next((level for pattern, level in declared.items() if fits(parts, pattern.split("/"))), "")


def fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether a file is one of those that a pattern means.

    Parameters
    ----------
    parts, pattern
        The file's path and the pattern, by folder; `*` stands for any part of one name, `**` for any folders.

    Returns
    -------
    bool
        Upper and lower case differ.

    Examples
    --------
    >>> fits(["rates-2025.csv"], ["rates-*.csv"]), fits(["raw", "x.csv"], ["*.csv"])
    (True, False)
    >>> fits(["raw", "x.csv"], ["**", "*"])
    True
    """
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(fits(parts[at:], pattern[1:]) for at in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and fits(parts[1:], pattern[1:])


def _writable(name: str) -> str:
    """Return a file's name with what is no text, or would break a line, spelt out."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _absent(declared: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """Say which files are declared by their whole name and were not written."""
    absent = [name for name in declared if not any(sign in name for sign in "*?[") and name not in wanted]
    if not absent:
        return ""
    verb = "is" if len(absent) == 1 else "are"
    return (
        f"{', '.join(absent)} {verb} declared under 'outputs' in pilot.yml, but not written as a file in the "
        "notebook's own folder. Write it there, or take it out of pilot.yml."
    )


def _identifying(folder: Path, wanted: Mapping[str, str]) -> str:
    """Say which columns of tables that are to leave the run look like identifiers of persons."""
    for name, level in wanted.items():
        if level != "record" and Path(name).suffix.lower() in TABLES:
            found = [(column, kind) for column in _heading(folder / name) if (kind := identifier(column))]
            if found:
                named = ", ".join(f"{_writable(column)!r} ({kind})" for column, kind in found)
                return (
                    f"{name} is declared {level}, but these columns look like personal identifiers: {named}. "
                    "Leave them out of the file, or declare it as record."
                )
    return ""


def _heading(path: Path) -> list[str]:
    """Return the headings of a table, however its columns are divided."""
    with path.open("rb") as file:
        start = file.read(LONGEST)
    text = start.decode("utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    first = next((line for line in text.splitlines() if line.strip()), "")
    divider = max(",;\t|", key=first.count)
    return [column.strip() for column in next(csv.reader([first], delimiter=divider), [])]


def _keep(path: Path, name: str, level: str, into: Path, task: str) -> dict[str, Any]:
    """Move a file to the run, and account for it."""
    target = into / KEPT[level] / task / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, target)
    return {"file": name, "level": level, "bytes": target.stat().st_size, "sha256": hash_file(target)}


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
        When there is no such file, or the plan does not put its notebook before this one.
    """
    with ours():  # what it leaves is a cause by its notebook's name, through `after`
        told = os.environ.get(RUN)
        if told:
            _hold_to_order(Path(told), of)
        for folder in [Path(told)] if told else _finished(find_folder() / "runs"):
            for place in KEPT.values():
                path = folder / place / of / file
                if path.is_file() and path.resolve().is_relative_to((folder / place / Path(of).name).resolve()):
                    return path
    where = "" if told else " in a run that finished"
    message = (
        f"{of} has left no file {file!r}{where}. Declare it under 'outputs' of its notebook in pilot.yml, and run that."
    )
    raise RunError(message)


def _hold_to_order(run: Path, of: str) -> None:
    """Refuse a task whose notebook the plan does not put before this one: its file could be an older one."""
    try:
        notebook = json.loads((run / TASKS / f"{of}.json").read_text(encoding="utf-8"))["notebook"]
    except (OSError, ValueError, KeyError):
        notebook = of
    before = json.loads(os.environ.get(AFTER, "[]"))
    if notebook not in before:
        message = (
            f"{of} need not have ended when this notebook runs. Add its notebook to 'after' of this one in pilot.yml."
        )
        raise RunError(message)


def _finished(runs: Path) -> list[Path]:
    """Return the folders of runs that have finished, the newest first."""
    found = []
    for path in runs.glob("*/run.json"):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["status"] == "done":
                found.append((record["finished"], path.parent))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return [folder for _, folder in sorted(found, reverse=True)]
