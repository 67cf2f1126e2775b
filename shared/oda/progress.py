"""What a person sees of a run while it goes: a grid on a terminal, lines elsewhere, little, or JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from types import TracebackType
from typing import Literal, Self, TextIO

from oda.summary import State, duration, ending, first_line
from oda.tally import Tally, TaskInfo

Kind = Literal["auto", "rich", "plain", "quiet", "json"]

SILENCE = 30.0  # seconds without a line after which a log is shown some life; also between two lines with the time left
NAMED = 5  # running tasks named in such a line
UNCHANGED = "unchanged"
STOPPING = "Stopping; what is done is kept."


class Display:
    """A run as someone watches it; this one shows nothing but what a subclass adds.

    It is used as a context, and called from one thread.
    Writing that fails (a pipe that was closed) ends the display and not the run.

    Parameters
    ----------
    stream
        Where it writes.
    clock
        Seconds, for tests.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.tally = Tally()
        self._stream = stream
        self._clock = clock
        self._begun = clock()
        self._lost = False
        self._last = ""
        self._reused: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._begun = self._clock()
        self._show(self._open)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._show(self._close)
        finally:
            self._release()

    def planned(self, tasks: Sequence[TaskInfo], reused: Mapping[str, str]) -> None:
        """Say what the plan is, once.

        Parameters
        ----------
        tasks
            Every task, in the order of the plan.
        reused
            Which of them are copied from an earlier run, with its name.
        """
        self.tally.plan(tasks, reused)
        self._reused = dict(reused)
        self._show(self._planned)

    def started(self, task: str) -> None:
        """Say that a task has begun.

        Parameters
        ----------
        task
            Its name.
        """
        self.tally.move(task, "running", self._clock())
        self._show(lambda: self._started(task))

    def ended(self, task: str, seconds: float, error: str = "", note: str = "") -> None:
        """Say that a task is over.

        Parameters
        ----------
        task
            Its name.
        seconds
            How long it took.
        error
            What went wrong; only its first line is shown. `not started` and `stopped by the person` are no failures.
        note
            Anything else worth a word, such as a file that was left out; `unchanged` when it was taken over after all.
        """
        state = _state(error, note)
        self.tally.move(task, state, self._clock())
        if state in ("done", "failed"):
            self.tally.spend(task, seconds)
        name = self.tally.tasks[task].task
        self._show(lambda: self._ended(name, seconds, first_line(error), first_line(note)))

    def message(self, text: str) -> None:
        """Say something else.

        Parameters
        ----------
        text
            One line.
        """
        self._show(lambda: self._message(first_line(text)))

    def tick(self) -> None:
        """Let time pass: called about twice a second."""
        self._show(self._tick)

    def interrupted(self) -> None:
        """Say that the run is being stopped."""
        self._show(lambda: self._message(STOPPING))

    def summary(self, line: str) -> None:
        """Give the last line, in place of the display's own count.

        Parameters
        ----------
        line
            What `oda.summary.one_line` returned.
        """
        self._last = line

    def _show(self, what: Callable[[], None]) -> None:
        """Show something, unless nobody can see it any more."""
        if self._lost:
            return
        try:
            what()
        except (OSError, ValueError) as error:  # closed, or the reader has gone
            self._lost = isinstance(error, OSError) or self._stream.closed
            if not self._lost:
                raise

    def _writable(self, text: str) -> str:
        """Return a text with what the stream's encoding lacks replaced by question marks."""
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        return text.encode(encoding, "replace").decode(encoding)

    def _say(self, line: str) -> None:
        """Write a line at once."""
        self._stream.write(self._writable(line) + "\n")
        self._stream.flush()

    def _passed(self) -> float:
        """Return the seconds since the start."""
        return self._clock() - self._begun

    def _closing(self) -> str:
        """Return the last line; empty when nothing was planned."""
        if self._last or not self.tally.tasks:
            return self._last
        return f"{self.tally.summary()}, in {duration(self._passed())}."

    def _open(self) -> None:
        """Begin."""

    def _planned(self) -> None:
        """Show the plan."""

    def _started(self, task: str) -> None:
        """Show that a task has begun."""

    def _ended(self, task: str, seconds: float, error: str, note: str) -> None:
        """Show that a task is over."""

    def _message(self, text: str) -> None:
        """Show a text."""

    def _tick(self) -> None:
        """Show that time passes."""

    def _close(self) -> None:
        """Show the last line."""
        if self._closing():
            self._say(self._closing())

    def _release(self) -> None:
        """Give back what was taken of the terminal."""


class Lines(Display):
    """A line as each task ends, numbered, and one in each half minute of silence: for logs.

    Parameters
    ----------
    stream
        Where it writes.
    clock
        Seconds, for tests.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream, clock)
        self._said = self._told = self._begun  # when a line was last written, and when the time left was

    def _write(self, line: str) -> None:
        """Write a line, and remember when."""
        self._said = self._clock()
        self._say(line)

    def _planned(self) -> None:
        total = len(self.tally.tasks)
        unchanged = f", {len(self._reused):,} unchanged" if self._reused else ""
        self._write(f"{total:,} notebook{'' if total == 1 else 's'}: {self.tally.to_run:,} to run{unchanged}.")

    def _ended(self, task: str, seconds: float, error: str, note: str) -> None:
        left = self._time_left() if self._clock() - self._told >= SILENCE else ""
        words = [tell_end(task, seconds, error, note), *([f"({left})"] if left else [])]
        self._write(f"[{self.tally.ended:,}/{self.tally.to_run:,}] {' '.join(words)}")

    def _time_left(self) -> str:
        """Return the time left, and remember that it was told."""
        self._told = self._clock()
        return self.tally.time_left(self._told)

    def _message(self, text: str) -> None:
        self._write(text)

    def _tick(self) -> None:
        now = self._clock()
        if now - self._said < SILENCE or not self.tally.tasks:
            return
        running = [f"{task} ({duration(now - since)})" for task, since in islice(self.tally.running.items(), NAMED)]
        more = len(self.tally.running) - len(running)
        parts = [", ".join(running) + (f" and {more:,} more" if more else ""), self._time_left()]
        self._write(f"Running: {'; '.join(filter(None, parts)) or 'nothing yet'}.")


class Quiet(Display):
    """Only the failures and the last line."""

    def _ended(self, task: str, seconds: float, error: str, note: str) -> None:
        if ending(error) == "failed":
            self._say(tell_end(task, seconds, error, note))


class Events(Display):
    """One JSON object a line, for programs; `time` is in seconds since the start."""

    def _event(self, event: str, **more: object) -> None:
        """Write one event."""
        self._say(json.dumps({"event": event, "time": round(self._passed(), 3), **more}))

    def _planned(self) -> None:
        self._event("planned", tasks=[asdict(info) for info in self.tally.tasks.values()], reused=self._reused)

    def _started(self, task: str) -> None:
        self._event("started", task=task)

    def _ended(self, task: str, seconds: float, error: str, note: str) -> None:
        state = _state(error, note)
        self._event("ended", task=task, state=state, seconds=round(seconds, 3), error=error, note=note)

    def _message(self, text: str) -> None:
        self._event("message", text=text)

    def _close(self) -> None:
        if self._closing():
            counts = {state.replace(" ", "_"): number for state, number in self.tally.final().items()}
            self._event("summary", **counts, total=len(self.tally.tasks), text=self._closing())


def tell_end(task: str, seconds: float, error: str, note: str) -> str:
    """Say how a task ended.

    Parameters
    ----------
    task
        Its name.
    seconds
        How long it took.
    error, note
        What went wrong, and anything else; each one line or empty.

    Returns
    -------
    str
        Such as `10-data: done in 1.2 s`.

    Examples
    --------
    >>> tell_end("10-data", 1.2, "KeyError: 'rate'", "")
    "10-data: FAILED: KeyError: 'rate'"
    """
    state = _state(error, note)
    if state == "unchanged":
        return f"{task}: {UNCHANGED}"
    words = {"done": f"done in {duration(seconds)}", "failed": f"FAILED: {error}"}.get(state, error)
    return f"{task}: {words}{f' ({note})' if note else ''}"


def _state(error: str, note: str) -> State:
    """Return how a task ended, or that it was taken over."""
    return "unchanged" if note == UNCHANGED and not error else ending(error)


def display(kind: Kind = "auto", stream: TextIO | None = None) -> Display:
    """Return the display of a run.

    Parameters
    ----------
    kind
        `rich` (a grid on a terminal), `plain`, `quiet` or `json`; `auto` is what the environment variable
        ODA_PROGRESS names (any other text in it stands for `rich`), or `rich` on a terminal and `plain` elsewhere.
    stream
        Where it writes; standard output when not given.

    Returns
    -------
    Display
        To be used as a context: `with display() as shown: ...`.
    """
    stream = stream or sys.stdout
    chosen = _chosen(stream) if kind == "auto" else kind
    if chosen == "rich":
        from oda.grid import Grid

        return Grid(stream)
    return {"plain": Lines, "quiet": Quiet, "json": Events}[chosen](stream)


def _chosen(stream: TextIO) -> str:
    """Return the kind that suits the environment and the stream."""
    asked = os.environ.get("ODA_PROGRESS", "")
    if asked and asked != "auto":
        return asked if asked in ("plain", "quiet", "json") else "rich"
    return "rich" if stream.isatty() and os.environ.get("TERM") != "dumb" else "plain"
