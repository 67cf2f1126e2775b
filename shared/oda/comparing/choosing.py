"""Which two runs a person means: by id, by its beginning, by folder, or `latest` and `previous`."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oda.errors import COMMAND, RunError
from oda.runs import RECORD, RUNS

LISTED = 20  # runs named in a message; more are counted


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """A run on disk: its folder, its status, when it finished, and that to sort by; nothing of one still running."""

    folder: Path
    status: str
    finished: str
    moment: tuple[float, float]

    @property
    def id(self) -> str:
        return self.folder.name


def choose_runs(home: Path, names: Sequence[str]) -> tuple[Path, Path]:
    """Return the folders of two runs.

    Parameters
    ----------
    home
        The pilot's folder.
    names
        None: the previous run and the latest. One: that run and the latest. Two: those. Each is an id, a unique
        beginning of one or of the part after its last hyphen, a path to a run's folder, `latest` or `previous`.

    Returns
    -------
    tuple of Path
        The older in meaning first, as named.

    Raises
    ------
    RunError
        When a name fits no run or several, or there are too few runs.
    """
    known = _known_runs(home)
    old, new = {0: ("previous", "latest"), 1: (*names, "latest")}.get(len(names), tuple(names))
    return _choose(known, old), _choose(known, new)


def _known_runs(home: Path) -> list[_Known]:
    """Return the runs of a pilot that have a record, the one finished last first."""
    found = [_look(path) for path in (home / RUNS).glob(f"*/{RECORD}")]
    return sorted((one for one in found if one), key=lambda one: (one.moment, one.id), reverse=True)


def _look(path: Path) -> _Known | None:
    """Return what a record says of its run; None for half a record."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        status, finished = (str(record.get(name) or "") for name in ("status", "finished"))
        finished = "" if status == "running" else finished
        ended = dt.datetime.fromisoformat(finished).timestamp() if finished else 0.0
        written = path.stat().st_mtime  # which tells two apart that finished in one second
    except (OSError, ValueError, AttributeError):
        return None
    return _Known(folder=path.parent, status=status or "unknown", finished=finished, moment=(ended, written))


def _choose(known: list[_Known], name: str) -> Path:
    """Return the folder of the one run that a name means."""
    if name in ("latest", "previous"):
        return _by_age(known, name)
    exact = [one.folder for one in known if one.id == name]
    if exact or (name and (Path(name) / RECORD).is_file()):
        return exact[0] if exact else Path(name).resolve()
    fit = [one for one in known if name and (one.id.startswith(name) or one.id.rpartition("-")[2].startswith(name))]
    if len(fit) == 1:
        return fit[0].folder
    if not fit:
        message = f"{name!r} is no run of this pilot. {_list(known)}"
    else:
        message = f"{name!r} begins {len(fit)} runs. Give more of the id. {_list(fit)}"
    raise RunError(message)


def _by_age(known: list[_Known], name: str) -> Path:
    """Return the run that finished last, or the one before it."""
    ended = [one for one in known if one.finished]
    place = 0 if name == "latest" else 1
    if len(ended) > place:
        return ended[place].folder
    many = f"{len(ended) or 'none'} of this pilot's runs {'has' if len(ended) < 2 else 'have'} ended"
    message = f"There is no {name} run: {many}. {_list(known)}"
    raise RunError(message)


def _list(runs: list[_Known]) -> str:
    """Say which runs there are."""
    if not runs:
        return f"There are no runs yet. Run the notebooks first: {COMMAND} run"
    lines = [
        f"  {one.id} ({f'finished {one.finished}' if one.finished else 'not finished'}, {one.status})"
        for one in runs[:LISTED]
    ]
    more = [f"  and {len(runs) - LISTED} more"] if len(runs) > LISTED else []
    return "\n".join(["The runs are:", *lines, *more])
