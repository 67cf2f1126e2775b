"""What is seen of a run while it goes."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from oda.grid import Grid
from oda.progress import STOPPING, Events, Lines, Quiet, display
from oda.summary import NOT_STARTED, STOPPED
from oda.tally import Tally, TaskInfo

SECRET = "KeyError: 'rate'\nrow 7: Mrs Smith, 943 476 5919"


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def plan(number: int, *notebooks: str) -> list[TaskInfo]:
    """Return one notebook that runs once, and others for so many districts."""
    each = [TaskInfo(task=f"{n}-d{i}", notebook=n, item=f"District {i}") for n in notebooks for i in range(number)]
    return [TaskInfo(task="10-data", notebook="10-data"), *each]


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


def play(kind, clock, stream=None, *, tasks=None, reused=None):
    """Show a short run: one done, one failed with data in its message, one unchanged, one never started."""
    stream = stream or io.StringIO()
    with kind(stream, clock) as shown:
        shown.planned(tasks or plan(3, "20-district"), {"20-district-d0": "falls-1c0d"} if reused is None else reused)
        for task, error in (("10-data", ""), ("20-district-d1", SECRET)):
            shown.started(task)
            clock.now += 1.2
            shown.tick()
            shown.ended(task, 1.2, error)
        shown.ended("20-district-d2", 0.0, f"{NOT_STARTED}: 10-data failed", "see the log")
        shown.message("two\nlines")
        shown.interrupted()
    return stream.getvalue()


def test_a_log_gets_a_line_as_each_notebook_ends(clock):
    """Numbered, with the time or the first line of what went wrong, and a last line."""
    assert play(Lines, clock).splitlines() == [
        "4 notebooks: 3 to run, 1 unchanged.",
        "[1/3] 10-data: done in 1.2 s",
        "[2/3] 20-district-d1: FAILED: KeyError: 'rate'",
        "[3/3] 20-district-d2: not started: 10-data failed (see the log)",
        "two",
        STOPPING,
        "2 of 4 notebooks done (1 of them unchanged), 1 failed, 1 not started, in 2.4 s.",
    ]


def test_quiet_shows_failures_and_the_last_line(clock):
    """Nothing else."""
    first, last = play(Quiet, clock).splitlines()
    assert first == "20-district-d1: FAILED: KeyError: 'rate'"
    assert last.startswith("2 of 4 notebooks done")


def test_json_is_one_object_a_line(clock):
    """Events in order with the seconds since the start, the names of the plan, and how many ended how."""
    events = [json.loads(line) for line in play(Events, clock).splitlines()]
    assert [each["event"] for each in events] == [
        *("planned", "started", "ended", "started", "ended", "ended", "message", "message", "summary")
    ]
    assert events[0]["tasks"][1] == {"task": "20-district-d0", "notebook": "20-district", "item": "District 0"}
    assert events[0]["reused"] == {"20-district-d0": "falls-1c0d"}
    assert (events[4]["state"], events[4]["error"], events[4]["time"]) == ("failed", "KeyError: 'rate'", 2.4)
    counts = {"done": 1, "unchanged": 1, "failed": 1, "stopped": 0, "not_started": 1, "total": 4}
    assert events[-1].items() >= counts.items()


@pytest.mark.parametrize("kind", [Lines, Quiet, Events, Grid])
def test_no_display_shows_more_than_the_first_line_of_a_message(kind, clock):
    """What follows may quote a person's data."""
    shown = play(kind, clock)
    assert "KeyError: 'rate'" in shown
    assert "Smith" not in shown


@pytest.mark.parametrize("kind", [Lines, Quiet, Events, Grid])
def test_a_run_of_nothing_shows_nothing(kind, clock):
    """Where nothing was planned only the line that is given is shown."""
    stream = io.StringIO()
    with kind(stream, clock) as shown:
        clock.now += 60
        shown.tick()
    assert stream.getvalue() == ""
    with kind(stream, clock) as shown:
        shown.summary("Nothing has changed.")
    assert stream.getvalue().count("Nothing has changed.") == 1


@pytest.mark.parametrize("kind", [Lines, Quiet, Events, Grid])
def test_the_last_line_that_is_given_takes_the_place_of_the_display_s_own(kind, clock):
    """A run is told once: by its record."""
    stream = io.StringIO()
    with kind(stream, clock) as shown:
        shown.planned(plan(1, "20-district"), {})
        shown.summary("Record: runs/falls-1c0d/run.json")
    assert "Record: runs/falls-1c0d/run.json" in stream.getvalue().splitlines()[-1]
    assert "notebooks done" not in stream.getvalue()


@pytest.mark.parametrize("kind", [Lines, Quiet, Events, Grid])
def test_a_reader_that_goes_away_does_not_end_the_run(kind, clock):
    """`oda run | head` runs to its end."""

    class Closed(io.StringIO):
        """A pipe whose reader has gone."""

        def write(self, _):
            """Fail as a pipe does."""
            raise BrokenPipeError

    assert play(kind, clock, Closed()) == ""
    assert not type(sys.stdout).__name__.startswith("FileProxy")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
@pytest.mark.parametrize("kind", [Lines, Quiet, Events, Grid])
def test_a_console_that_lacks_a_letter_is_no_fault(kind, encoding, clock):
    """A district in Welsh or a sign is shown as well as the console can."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    tasks = [TaskInfo(task="20-ŵyr", notebook="20-ŵ", item="Ynys Môn ŵ ✓ 東京"), *plan(3, "20-district")]
    with kind(stream, clock) as shown:
        shown.planned(tasks, {})
        shown.ended("20-ŵyr", 1.0, "KeyError: 'ŵ'")
    assert b"KeyError" in stream.buffer.getvalue()


def test_a_silent_log_is_shown_some_life(clock):
    """After 30 seconds without a line, one says what runs, for how long, and the time left; then again 30 later."""
    stream = io.StringIO()
    with Lines(stream, clock) as shown:
        shown.planned(plan(8, "20-district"), {})
        for number in range(7):
            shown.started(f"20-district-d{number}")
        for _ in range(140):  # 70 seconds
            clock.now += 0.5
            shown.tick()
    lines = [line for line in stream.getvalue().splitlines() if line.startswith("Running: ")]
    assert len(lines) == 2
    assert lines[0].startswith("Running: 20-district-d0 (30 s), 20-district-d1 (30 s), ")
    assert lines[0].endswith("20-district-d4 (30 s) and 2 more.")


def test_the_time_left_is_told_each_half_minute_at_most(clock):
    """A log of many short notebooks does not repeat it on every line."""
    stream = io.StringIO()
    with Lines(stream, clock) as shown:
        shown.planned(plan(100, "20-district"), {})
        for number in range(90):
            shown.started(f"20-district-d{number}")
            clock.now += 1
            shown.ended(f"20-district-d{number}", 1.0)
    assert stream.getvalue().count(" left)") == 3


def test_the_time_left_is_each_notebook_s_mean_over_the_workers_in_use():
    """Six of one notebook at 10 s and six of another at 2 s, three at a time: 24 s; one alone takes its own time."""
    tally = Tally()
    tally.plan(plan(7, "20-slow", "30-quick"), {})
    assert tally.time_left(0) == ""
    ended = {"20-slow-d0": 10.0, "30-quick-d0": 2.0, "10-data": 1.0}
    for task in ended:
        tally.move(task, "running", 0)
    for task, seconds in ended.items():
        tally.move(task, "done", 0)
        tally.spend(task, seconds)
    assert tally.time_left(0) == "about 24 s left"  # 72 s of work, three at a time
    for number in range(1, 7):
        tally.move(f"30-quick-d{number}", "done", 0)
        tally.move(f"20-slow-d{number}", "done", 0)
    tally.move("20-slow-d6", "running", 0)
    assert tally.time_left(4) == "about 6 s left"


def test_a_notebook_that_has_not_ended_yet_makes_the_time_left_a_guess():
    """It is taken to be like the others, and the words say so."""
    tally = Tally()
    tally.plan(plan(6, "20-district"), {})
    tally.move("10-data", "done", 0)
    tally.spend("10-data", 5.0)
    assert tally.time_left(0) == "perhaps 30 s left"


def test_a_task_taken_over_after_all_is_unchanged_and_took_no_time(clock):
    """What came before it ran and left the same as ever: it is no quick success from which to reckon the time left."""
    stream = io.StringIO()
    with Lines(stream, clock) as shown:
        shown.planned(plan(2, "20-district"), {})
        shown.ended("10-data", 0.0, note="unchanged")
        assert shown.tally.time_left(0) == ""
    assert stream.getvalue().splitlines()[1] == "[1/3] 10-data: unchanged"
    assert "1 of 3 notebooks done (1 of them unchanged), 2 not started" in stream.getvalue()


def test_what_never_began_says_nothing_about_the_time_left(clock):
    """Nor does what a person stopped."""
    shown = Quiet(io.StringIO(), clock)
    shown.planned(plan(9, "20-district"), {})
    shown.ended("20-district-d0", 0.0, NOT_STARTED)
    shown.ended("20-district-d1", 90.0, STOPPED)
    assert shown.tally.time_left(0) == ""


def test_a_task_that_is_tried_again_is_counted_once():
    """A notebook whose worker died goes back from failed to running."""
    tally = Tally()
    tally.plan(plan(2, "20-district"), {})
    for state in ("running", "failed", "running", "done"):
        tally.move("20-district-d0", state, 0)
    assert (tally.ended, tally.counts["failed"], tally.counts["done"], tally.running) == (1, 0, 1, {})


@pytest.mark.parametrize(
    ("asked", "terminal", "term", "kind"),
    [
        ("", True, "xterm", Grid),
        ("", True, "dumb", Lines),
        ("", False, "xterm", Lines),
        ("1", False, "xterm", Grid),
        ("json", True, "xterm", Events),
        ("quiet", True, "xterm", Quiet),
        ("auto", False, "xterm", Lines),
    ],
)
def test_the_display_suits_where_it_is_shown(asked, terminal, term, kind, monkeypatch):
    """A grid on a terminal and lines elsewhere, unless the environment asks for another."""
    monkeypatch.setenv("ODA_PROGRESS", asked)
    monkeypatch.setenv("TERM", term)
    assert type(display("auto", Terminal() if terminal else io.StringIO())) is kind
    assert type(display("plain", Terminal())) is Lines


def screen(monkeypatch, clock, tasks, size=(80, 24), stream=None):
    """Return a grid of so many columns and lines, planned and never yet drawn."""
    monkeypatch.setenv("COLUMNS", str(size[0]))
    monkeypatch.setenv("LINES", str(size[1]))
    shown = Grid(stream or io.StringIO(), clock)
    shown.planned(tasks, {})
    return shown


def drawn(shown):
    """Return what the grid draws now as lines of text."""
    return [line.plain for line in shown._draw().renderables]


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (120, 40), (20, 24), (20, 5), (250, 3)])
@pytest.mark.parametrize(
    "tasks", [plan(6, "20-district"), plan(330, "2-a", "3-b", "4-c"), plan(60, *"abcdefghijklmno")]
)
def test_the_grid_fits_the_terminal(tasks, size, monkeypatch, clock):
    """Neither 330 districts nor 15 notebooks, all failed, make a line too long or a drawing too high."""
    shown = screen(monkeypatch, clock, tasks, size)
    for info in tasks[1:]:
        shown.ended(info.task, 1.0, "KeyError: 1")
    lines = drawn(shown)
    shown._release()
    assert len(lines) < size[1]
    assert lines[0] == "· 10-data" or size[1] < 24
    assert max(map(len, lines)) <= size[0]
    assert f"0 of {len(tasks)}"[: size[0]] in lines[-1]


def test_the_grid_says_each_state_by_sign_and_word(monkeypatch, clock):
    """Never by colour alone: districts by notebooks, those that run once apart, and a legend."""
    shown = screen(monkeypatch, clock, plan(2, "20-district", "21-trend"))
    shown.started("10-data")
    shown.ended("20-district-d0", 1.0)
    shown.ended("20-district-d1", 1.0, "KeyError: 1")
    lines = drawn(shown)
    shown._release()
    assert [line.rstrip() for line in lines[:-1]] == [
        "▸ 10-data",
        "            20-district    21-trend",
        "District 0  ✓ done         · waiting",
        "District 1  ✗ failed       · waiting",
        "· 2 waiting  ▸ 1 running  ✓ 1 done  = 0 unchanged  ✗ 1 failed",
    ]
    assert lines[-1].endswith("1 of 5 done, 1 failed, 0.0 s, perhaps 3 s left")


def test_of_many_districts_those_that_run_failed_or_come_next_are_drawn(monkeypatch, clock):
    """The rest is counted by sign."""
    shown = screen(monkeypatch, clock, plan(330, "20-district"))
    for number in range(100):
        shown.ended(f"20-district-d{number}", 1.0, "KeyError: 1" if number in (7, 50) else "")
    shown.started("20-district-d100")
    lines = drawn(shown)
    shown._release()
    rows = [line.split()[1] for line in lines if line.startswith("District")]
    assert rows == ["7", "50", "100", "101", "102", "103", "104", "105"]
    assert "and 322 more rows: · 224  ✓ 98" in lines


def test_the_grid_is_drawn_four_times_a_second_at_most(monkeypatch, clock):
    """A thousand notebooks a second cost no more than four drawings."""
    shown = screen(monkeypatch, clock, plan(330, "20-district"))
    drawings = []
    monkeypatch.setattr(shown._live, "refresh", lambda: drawings.append(clock.now))
    for number in range(300):
        clock.now += 0.01
        shown.started(f"20-district-d{number}")
        shown.ended(f"20-district-d{number}", 0.01)
    shown._release()
    assert 10 <= len(drawings) <= 13  # in three seconds, and one when it ends


def test_a_terminal_keeps_the_failures_and_the_last_line(clock):
    """The grid itself goes, and the cursor comes back."""
    shown = play(Grid, clock)
    after = shown.rsplit("\x1b[?25h", 1)[1]
    assert "20-district-d1: FAILED: KeyError: 'rate'" in shown
    assert "2 of 4 notebooks done (1 of them unchanged), 1 failed, 1 not started, in 2.4 s." in after
    assert "waiting" not in after
    assert "\x1b[2K" in after


def test_hundreds_of_failures_do_not_flood_a_terminal(monkeypatch, clock):
    """The first twenty are told as they happen; the others are counted at the end."""
    stream = io.StringIO()
    shown = screen(monkeypatch, clock, plan(330, "20-district"), stream=stream)
    with shown:
        for number in range(330):
            shown.ended(f"20-district-d{number}", 1.0, "KeyError: 1")
    assert stream.getvalue().count("FAILED") == 20
    assert "And 310 more failed." in stream.getvalue()


def test_no_colour_is_used_where_none_is_wanted(monkeypatch, clock):
    """NO_COLOR is obeyed."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert not any(f"\x1b[{code}m" in play(Grid, clock) for code in ("31", "32", "36", "1;31"))
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[1;31m" in play(Grid, clock)


def test_signs_become_ascii_where_the_console_has_no_others(monkeypatch, clock):
    """A console of Windows that speaks cp1252 shows +, x and #, with the words."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    shown = screen(monkeypatch, clock, plan(2, "20-district"), stream=stream)
    shown.ended("20-district-d0", 1.0, STOPPED)
    text = "\n".join(drawn(shown))
    shown._release()
    assert "# stopped" in text
    assert text.isascii()


def test_a_run_without_a_terminal_loads_no_terminal_library():
    """Nor pandas: a run of which nothing has changed starts at once."""
    code = "import sys, oda.progress as p; p.display('plain'); print({'rich', 'pandas', 'nbformat'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "set()"
