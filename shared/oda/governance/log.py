"""The log of gates: one line each decision, chained by hashes, that is added to and never changed.

A line that is changed, taken out or moved breaks the chain at the line after it. Lines cut off the end
leave no trace in the file itself: `committed_faults` of `history.py` finds them when the log is in git.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oda.errors import GateError
from oda.governance.history import LOG_FILE, committed_faults
from oda.locking import lock, unlock

__all__ = ["LOG_FILE", "Entry", "Log", "append", "committed_faults", "latest", "read_log"]

LOCK_FILE = "governance/.gate_log.lock"
SCHEMA = "oda-ig-log/1"
OWN = frozenset({"schema", "n", "time", "event", "prev"})
SET_BACK = dt.timedelta(minutes=5)  # clocks of two machines may differ by less
LOCK_SECONDS = 60.0
YEARS = range(2000, 3000)  # the ends of the calendar bear no reckoning
RESTORE = "Restore the log from git or a backup, and tell the information governance lead"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of the log."""

    number: int
    time: dt.datetime
    event: str
    body: Mapping[str, Any]
    sha256: str  # of the line, without its end
    prev: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Log:
    """The lines of the log that can be read, and what is wrong with it."""

    entries: tuple[Entry, ...]
    faults: tuple[str, ...]

    @property
    def head(self) -> str | None:
        """The SHA-256 of the last line; None when there is none."""
        return self.entries[-1].sha256 if self.entries else None


def read_log(folder: Path) -> Log:
    """Read the log of a pilot and check its chain.

    Parameters
    ----------
    folder
        The pilot's folder.

    Returns
    -------
    Log
        Its lines, and its faults in sentences; an absent log has neither.

    Examples
    --------
    >>> from pathlib import Path
    >>> read_log(Path("no-such-folder"))
    Log(entries=(), faults=())
    """
    try:
        data = _content(folder)
    except GateError as error:
        return Log(entries=(), faults=(str(error),))
    faults = []
    if b"\r" in data:
        faults.append(f"{LOG_FILE} has line ends of Windows. Keep it as it was written: {RESTORE}.")
        data = data.replace(b"\r\n", b"\n")
    *lines, rest = data.split(b"\n")
    entries, broken = _chain(lines)
    if rest:
        faults.append(f"{LOG_FILE}, line {len(lines) + 1} is half written. Take it out if a power cut explains it.")
    return Log(entries=tuple(entries), faults=(*faults, *broken))


def latest(log: Log) -> dt.datetime | None:
    """Return the latest time of any line of a log.

    Parameters
    ----------
    log
        The log.

    Returns
    -------
    datetime or None
        In UTC; None when the log has no line.
    """
    return max((entry.time for entry in log.entries), default=None)


def append(folder: Path, event: str, body: Mapping[str, Any], *, now: dt.datetime | None = None) -> Entry:
    """Add a line to the log of a pilot; many processes may do so at once.

    Parameters
    ----------
    folder
        The pilot's folder.
    event
        What happened, such as `gate` or `sign`.
    body
        More about it, in plain JSON types.
    now
        When, with a time zone; the clock's time when not given.

    Returns
    -------
    Entry
        The line as it stands in the log.

    Raises
    ------
    GateError
        When the chain is broken, the clock was set back, or the line cannot be written.
    """
    moment = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC)
    taken = sorted(OWN & set(body))
    if taken:
        raise GateError(
            f"A line of the log cannot carry {', '.join(taken)}: the log writes it itself. Name it otherwise."
        )
    with _locked(folder):
        log = read_log(folder)
        _refuse(log, moment)
        record = {
            **body,
            "schema": SCHEMA,
            "n": len(log.entries) + 1,
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "event": event,
            "prev": log.head,
        }
        try:
            line = json.dumps(record, sort_keys=True, separators=(",", ":")).encode("ascii")
            entry = _entry(line)
        except (TypeError, ValueError, RecursionError) as error:
            raise GateError(f"The log cannot take this line: {error}. Give it plain JSON types.") from error
        _write(folder / LOG_FILE, line + b"\n")
    return entry


def _refuse(log: Log, moment: dt.datetime) -> None:
    """Refuse to add to a broken log, or at a time before its end."""
    if log.faults:
        more = f" ({len(log.faults) - 1} more)" if len(log.faults) > 1 else ""
        raise GateError(f"Nothing can be added to the log of gates: {log.faults[0]}{more}")
    last = latest(log)
    if last is not None and moment < last - SET_BACK:
        raise GateError(
            f"The clock says {moment:%Y-%m-%d %H:%M} UTC, but {LOG_FILE} ends at {last:%Y-%m-%d %H:%M} UTC. "
            "Set the clock right; if it was ahead when that line was written, tell the information governance lead."
        )


def _write(path: Path, line: bytes) -> None:
    """Add one line in one write, and wait until the disk has it."""
    try:
        with path.open("ab", buffering=0) as file:
            written = file.write(line)
            os.fsync(file.fileno())
    except OSError as error:
        raise GateError(
            f"{LOG_FILE} cannot be written ({error.strerror}). Let it be written; it records each gate."
        ) from error
    if written != len(line):
        raise GateError(
            f"{LOG_FILE} took {written} of {len(line)} bytes. Make room on the disk, and take the half line out."
        )


def _content(folder: Path) -> bytes:
    """Return the bytes of the log, none where it is absent."""
    path = folder / LOG_FILE
    if path.is_symlink() or path.parent.is_symlink():
        raise GateError(f"{LOG_FILE} is a link to another place. {RESTORE}.")
    if not path.exists():
        return b""
    if not path.is_file():
        raise GateError(f"{LOG_FILE} is no file. {RESTORE}.")
    try:
        data = path.read_bytes()
        for _ in range(3):  # another process may be in the midst of its write
            if not data or data.endswith(b"\n"):
                break
            time.sleep(0.05)
            data = path.read_bytes()
    except OSError as error:
        raise GateError(f"{LOG_FILE} cannot be read ({error.strerror}). Let it be read.") from error
    return data


def _chain(lines: Sequence[bytes]) -> tuple[list[Entry], list[str]]:
    """Return the lines as entries, and where the chain is broken."""
    entries: list[Entry] = []
    faults: list[str] = []
    number, prev, last = 0, None, dt.datetime.min.replace(tzinfo=dt.UTC)
    for place, line in enumerate(lines, start=1):
        try:
            entry = _entry(line)
        except (ValueError, RecursionError) as error:
            faults.append(f"{LOG_FILE}, line {place} {_in_words(error)}. {RESTORE}.")
            number, prev = number + 1, hashlib.sha256(line).hexdigest()
            continue
        breaks = _breaks(entry, number, prev, last)
        faults += [f"{LOG_FILE}, line {place} {broken}. {RESTORE}." for broken in breaks]
        entries.append(entry)
        number, prev, last = entry.number, entry.sha256, max(last, entry.time)
    return entries, faults


def _breaks(entry: Entry, number: int, prev: str | None, last: dt.datetime) -> list[str]:
    """Say how a line does not follow from those before it."""
    broken = []
    if entry.number != number + 1:
        broken.append(f"has the number {entry.number} after {number}: lines are missing, or stand in another order")
    if entry.prev != prev:
        broken.append("does not follow from the line before it, which was changed, moved or taken out")
    if entry.time + SET_BACK < last:
        broken.append(f"has the time {entry.time:%Y-%m-%d %H:%M} UTC, before that of an earlier line")
    return broken


def _entry(line: bytes) -> Entry:
    """Return one line as an entry, or raise ValueError."""
    record = json.loads(line.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    if not isinstance(record, dict) or record.get("schema") != SCHEMA or not record.keys() >= OWN:
        raise ValueError("is not a line of this log")
    number, when, event, prev = record["n"], record["time"], record["event"], record["prev"]
    typed = type(number) is int and isinstance(when, str) and isinstance(event, str)
    if not typed or not when.endswith("Z") or not (prev is None or isinstance(prev, str)):
        raise ValueError("has a number, time, event or hash of a wrong form")
    moment = dt.datetime.fromisoformat(when)
    if moment.year not in YEARS:
        raise ValueError(f"has the time {when:.30}, which no clock shows")
    return Entry(
        number=number,
        time=moment,
        event=event,
        body={name: value for name, value in record.items() if name not in OWN},
        sha256=hashlib.sha256(line).hexdigest(),
        prev=prev,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a mapping in which no name stands twice."""
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        raise ValueError("has a name that stands twice")
    return mapping


def _no_constant(name: str) -> None:
    """Refuse NaN and the infinities, which are not JSON."""
    raise ValueError(f"has {name}, which is not JSON")


def _in_words(error: Exception) -> str:
    """Say why a line cannot be read."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    return "is not JSON" if isinstance(error, json.JSONDecodeError | RecursionError) else str(error)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes from adding to the log; the system frees the lock of one that dies."""
    path = folder / LOCK_FILE
    if path.is_symlink() or path.parent.is_symlink():
        raise GateError(f"{LOCK_FILE} is a link to another place. Delete it.")
    try:
        path.parent.mkdir(exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    except OSError as error:
        raise GateError(
            f"{LOCK_FILE} cannot be written ({error.strerror}). Let the folder governance be written."
        ) from error
    try:
        _wait(file)
        try:
            yield
        finally:
            unlock(file)
    finally:
        os.close(file)


def _wait(file: int) -> None:
    """Wait for the lock, for a minute at most."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            lock(file)
        except OSError as error:
            if time.monotonic() > until:
                raise GateError(
                    f"The log of gates was in use for {LOCK_SECONDS:.0f} seconds ({error.strerror}). "
                    "Close other notebooks of this pilot and try again."
                ) from error
            time.sleep(0.01)
        else:
            return
