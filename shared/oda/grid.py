"""The display of a run on a terminal: districts by notebooks, and a bar with the time left."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from oda.progress import Display, tell_end
from oda.summary import State, duration, ending

REFRESH = 0.25  # seconds between two drawings, at the least
NEXT = 5  # rows of what comes next, where not all rows fit
TOLD = 20  # failures that are told as they happen; the summary names all
WORDS = 13  # columns of a sign with the longest word
NARROW = 4  # columns of a sign alone under the beginning of a notebook's name
SIGNS: dict[State, tuple[str, str, str]] = {  # sign, sign in ASCII, style
    "waiting": ("·", ".", "dim"),
    "running": ("▸", ">", "cyan"),
    "done": ("✓", "+", "green"),
    "unchanged": ("=", "=", "dim"),
    "failed": ("✗", "x", "bold red"),
    "stopped": ("■", "#", "yellow"),
    "not started": ("-", "-", "dim"),
}
SELDOM: tuple[State, ...] = ("stopped", "not started")  # in the legend only when there are any


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How wide the parts of the grid are, and how many rows have room."""

    item: int
    columns: tuple[int, ...]
    words: bool
    blocks: int
    lines: int

    @property
    def room(self) -> int:
        """How many rows can be shown."""
        return self.blocks * self.lines


class _Terminal(Console):
    """A console whose reader may go away without ending the program."""

    def on_broken_pipe(self) -> None:
        """Leave it to the display, where rich would exit."""
        raise BrokenPipeError


class Grid(Display):
    """A row for each district or other item and a column for each notebook, drawn at most four times a second.

    Where there are more rows than room only those that run, have failed or come next are drawn, so that a drawing
    costs as much as it shows.

    Parameters
    ----------
    stream
        Where it writes.
    clock
        Seconds, for tests.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(stream, clock)
        self._console = _Terminal(file=stream, force_terminal=True, highlight=False, markup=False, emoji=False)
        self._drawn = -REFRESH
        self._failures = 0
        self._once: list[str] = []
        self._rows: dict[str, dict[str, str]] = {}  # task by item and notebook
        self._numbers: dict[str, int] = {}  # of the rows, in the order of the plan
        self._notebooks: dict[str, int] = {}  # the width of each name
        self._widest = 0
        self._failed: dict[str, None] = {}  # items, the latest last
        signs = "".join(sign for sign, _, _ in SIGNS.values()) + "━─"
        self._ascii = self._console.legacy_windows or self._writable(signs) != signs
        self._live = Live(
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=stream is sys.stdout,  # so that what others print goes above the grid
            redirect_stderr=stream is sys.stdout,
            get_renderable=self._draw,
        )

    def _planned(self) -> None:
        for task, info in self.tally.tasks.items():
            if info.item:
                row = self._rows.setdefault(self._writable(info.item), {})
                row[info.notebook] = task
                self._notebooks.setdefault(info.notebook, cell_len(info.notebook))
            else:
                self._once.append(task)
        self._numbers = {item: number for number, item in enumerate(self._rows)}
        self._widest = max(map(cell_len, self._rows), default=0)
        self._live.start()
        self._refresh()

    def _started(self, task: str) -> None:  # noqa: ARG002  the base's hook
        self._refresh()

    def _ended(self, task: str, seconds: float, error: str, note: str) -> None:
        if ending(error) == "failed":
            self._failures += 1
            self._failed[self._writable(self.tally.tasks[task].item)] = None
            if self._failures <= TOLD:
                self._message(tell_end(task, seconds, error, note))
        self._refresh()

    def _message(self, text: str) -> None:
        self._console.print(Text(self._writable(text)), soft_wrap=True)

    def _tick(self) -> None:
        self._refresh()

    def _refresh(self) -> None:
        """Draw, unless that was done a moment ago."""
        now = self._clock()
        if now - self._drawn >= REFRESH and self.tally.tasks:
            self._drawn = now
            self._live.refresh()

    def _close(self) -> None:
        self._release()
        if self._failures > TOLD:
            self._message(f"And {self._failures - TOLD:,} more failed.")
        super()._close()

    def _release(self) -> None:
        """Clear the grid and give the cursor back."""
        with suppress(OSError):  # the terminal has gone
            self._live.stop()

    def _draw(self) -> Group:
        """Return everything that is drawn, no higher than the terminal."""
        width, height = self._console.size
        foot = [*_flow(self._legend(), width), self._bar(width)]
        once = list(_flow(self._cells_of(self._once), width))[: max(height - len(foot) - 1, 0)]
        lines = [*once, *self._grid(width, height - 1 - len(foot) - len(once)), *foot]
        for line in lines:
            line.truncate(width)
        return Group(*lines[-max(height - 1, 1) :])

    def _sign(self, state: State) -> tuple[str, str]:
        """Return a state's sign and style."""
        sign, plain, style = SIGNS[state]
        return plain if self._ascii else sign, style

    def _cells_of(self, tasks: Iterable[str]) -> Iterator[Text]:
        """Yield the notebooks that run once, each with its sign."""
        for task in tasks:
            sign, style = self._sign(self.tally.states[task])
            yield Text(f"{sign} {self._writable(self.tally.tasks[task].notebook)}", style)

    def _legend(self) -> Iterator[Text]:
        """Yield each sign with its meaning and its count."""
        for state in SIGNS:
            number = self.tally.counts[state]
            if number or state not in SELDOM:
                sign, style = self._sign(state)
                yield Text(f"{sign} {number:,} {state}", style)

    def _bar(self, width: int) -> Text:
        """Return the bar with done of total, failures, the time passed and the time left."""
        counts, total = self.tally.counts, len(self.tally.tasks)
        failed = f"{counts['failed']:,} failed" if counts["failed"] else ""
        passed = self._passed()
        left = self.tally.time_left(self._clock())
        done = f"{counts['done'] + counts['unchanged']:,} of {total:,} done"
        parts = (done, failed, duration(passed) if passed < 60 else duration(round(passed)), left)
        words = ", ".join(filter(None, parts))
        room = min(width - len(words) - 2, 40)
        if room < 5:
            return Text(words)
        over = total - counts["waiting"] - counts["running"]
        full = room * over // max(total, 1)
        on, off = ("#", "-") if self._ascii else ("━", "─")
        return Text.assemble((on * full, "green"), (off * (room - full), "dim"), f" {words}")

    def _grid(self, width: int, height: int) -> Iterator[Text]:
        """Yield the lines of districts by notebooks that have room."""
        if not self._rows or height < 3:
            return
        layout = self._layout(width, height)
        items = list(self._rows) if len(self._rows) <= layout.room else self._chosen(layout.room)
        down = max(min(len(items), layout.lines), 1)
        yield self._heads(layout, -(-len(items) // down))
        for line in range(down):
            yield Text("   ").join(self._row(item, layout) for item in items[line::down])
        if len(self._rows) > len(items):
            yield self._rest(items)
        if more := len(self._notebooks) - len(layout.columns):
            yield Text(f"and {more:,} more notebook{'' if more == 1 else 's'} beside these", "dim")

    def _rest(self, items: list[str]) -> Text:
        """Return the line that counts the rows without room, and their notebooks by state."""
        shown = Counter(self.tally.states[task] for item in items for task in self._rows[item].values())
        left = self.tally.counts - shown - Counter(self.tally.states[task] for task in self._once)
        states = "  ".join(f"{self._sign(state)[0]} {left[state]:,}" for state in SIGNS if left[state])
        return Text(f"and {len(self._rows) - len(items):,} more rows: {states}", "dim")

    def _layout(self, width: int, height: int) -> Layout:
        """Return the first layout in which all rows fit: words, else signs alone; else that which suits the width."""
        item = min(self._widest, 24, width // 3)
        names = self._notebooks.values()
        wide = self._blocks(item, tuple(max(WORDS, min(name, 20)) for name in names), (width, height), words=True)
        if wide.blocks and wide.room >= len(self._rows):
            return wide
        each = max(min(12, (width - item) // max(len(names), 1) - 2), NARROW)
        fits = (width - item) // (each + 2)
        narrow = tuple(min(name, each) for name in islice(names, fits))
        short = self._blocks(item, narrow, (width, height), words=False)
        return short if not wide.blocks or short.room >= len(self._rows) else wide

    def _blocks(self, item: int, columns: tuple[int, ...], size: tuple[int, int], *, words: bool) -> Layout:
        """Return a layout with as many blocks beside each other as are needed and have room."""
        width, height = size
        block = item + sum(column + 2 for column in columns)
        blocks, lines = (width + 3) // (block + 3), height - 1 - (len(columns) < len(self._notebooks))
        if blocks * lines < len(self._rows):
            lines -= 1  # for the line that counts the rest
        blocks = min(blocks, -(-len(self._rows) // max(lines, 1)))
        return Layout(item=item, columns=columns, words=words, blocks=blocks, lines=lines)

    def _chosen(self, room: int) -> list[str]:
        """Return the items that run, have failed or come next, in the order of the plan."""
        infos = self.tally.tasks
        running = (self._writable(infos[task].item) for task in self.tally.running)
        after = dict.fromkeys(
            item for task in islice(self.tally.waiting, 10 * NEXT) if (item := self._writable(infos[task].item))
        )
        newest = chain(running, islice(after, min(NEXT, max(room // 4, 1))), reversed(self._failed))
        shown: dict[str, None] = {}
        for item in newest:
            if len(shown) == room:
                break
            if item in self._rows:
                shown[item] = None
        return sorted(shown, key=self._numbers.__getitem__)

    def _heads(self, layout: Layout, blocks: int) -> Text:
        """Return the names of the notebooks above each block."""
        names = zip(self._notebooks, layout.columns, strict=False)
        head = " " * layout.item + "".join(f"  {_fit(self._writable(name), size, '~')}" for name, size in names)
        return Text("   ".join([head] * blocks), "bold")

    def _row(self, item: str, layout: Layout) -> Text:
        """Return an item with its cells."""
        line = Text(_fit(item, layout.item, "~"))
        for notebook, size in zip(self._notebooks, layout.columns, strict=False):
            task = self._rows[item].get(notebook)
            state = self.tally.states[task] if task else None
            sign, style = self._sign(state) if state else ("", "")
            words = f"{sign} {state}" if layout.words and state else sign
            line.append("  ").append(set_cell_size(words, size), style)
        return line


def _fit(text: str, width: int, cut: str) -> str:
    """Return a text in exactly so many columns of a terminal, with a sign at its end when it is cut."""
    return set_cell_size(text, width) if cell_len(text) <= width else set_cell_size(text, width - 1) + cut


def _flow(pieces: Iterable[Text], width: int) -> Iterator[Text]:
    """Yield lines of pieces, two spaces apart."""
    line = Text()
    for piece in pieces:
        if line.cell_len and line.cell_len + 2 + piece.cell_len > width:
            yield line
            line = Text()
        line = Text.assemble(line, "  ", piece) if line.cell_len else piece
    if line.cell_len:
        yield line
