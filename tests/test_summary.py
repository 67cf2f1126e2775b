"""The words in which a run is told when it has ended."""

from __future__ import annotations

import pytest

from oda.errors import COMMAND
from oda.summary import ENDED, NOT_STARTED, STOPPED, duration, ending, first_line, one_line, summarise

DISTRICTS = [{"code": "E07000236", "name": "Redditch"}, {"code": "E07000237", "name": "Worcester"}]


def outcome(task: str = "20-district-redditch", **more: object) -> dict[str, object]:
    """Return what became of one task, done unless told otherwise."""
    plain = {"task": task, "notebook": "20-district", "district": "E07000236", "item": None, "seconds": 1.0}
    return plain | {"error": "", "cell": None, "undeclared": []} | more


def record(*outcomes: dict[str, object], **more: object) -> dict[str, object]:
    """Return a run's record."""
    return {"id": "falls-3f2a", "status": "done", "settings": {"districts": DISTRICTS}, "outcomes": outcomes} | more


def many(number: int, **more: object) -> list[dict[str, object]]:
    """Return one notebook's outcomes for many districts that the settings do not name."""
    return [outcome(f"20-district-d{n}", district=f"D{n:03}", **more) for n in range(number)]


def test_a_run_without_a_fault_is_told_in_few_lines():
    """The first line says how many are done and where the record is; nothing is asked of anyone."""
    told = summarise(record(outcome(), outcome("30-effect", notebook="30-effect", district=None, seconds=75)))
    assert told[0] == "2 of 2 notebooks done. Record: runs/falls-3f2a/run.json"
    assert told[1:] == ("", "Slowest", "- 30-effect: 1 min 15 s", "- 20-district, Redditch: 1.0 s")


def test_a_failure_is_told_with_its_place_and_its_evidence():
    """Notebook, district by name, cell as a person counts, message, half-run notebook, log, and how to go on."""
    told = summarise(record(outcome(error="KeyError: 'rate'\nTraceback: NHS 943 476 5919", cell=3)))
    assert told[0].startswith("0 of 1 notebook done, 1 failed.")
    assert "- 20-district, Redditch: in cell 4: KeyError: 'rate'" in told
    assert "  runs/falls-3f2a/notebooks/20-district-redditch.ipynb and .log" in told
    assert told[-1] == f"Mend what failed, then go on; what is done is kept: {COMMAND} run"
    assert "943" not in "\n".join(told)


def test_the_same_failure_in_many_districts_is_told_once():
    """The file names every district of 28; the screen names ten and counts the others."""
    failed = record(*many(28, error="KeyError: 'rate'", cell=3))
    whole, short = (" ".join(summarise(failed, short=short)) for short in (False, True))
    assert whole.count("KeyError") == short.count("KeyError") == 1
    assert "- 20-district, 28 districts: in cell 4: KeyError: 'rate'" in whole
    assert all(f"D{n:03}" in whole for n in range(28))
    assert "D009 and 18 more" in short
    assert "D010" not in short


def test_failures_of_other_cells_or_messages_are_told_apart():
    """Nothing is put together that is not the same."""
    told = summarise(
        record(*many(5, error="KeyError: 'a'", cell=3), *many(5, error="KeyError: 'a'"), *many(5, error="Late: b"))
    )
    assert sum(line.startswith("- 20-district, 5 districts: ") for line in told) == 3


def test_330_failures_of_their_own_fit_a_screen_and_are_all_in_the_file():
    """A screen shows ten and says where the rest is."""
    failed = record(*(one | {"error": f"ValueError: {one['district']}"} for one in many(330)))
    assert len(summarise(failed, short=True)) < 35
    assert "- and 320 more: see runs/falls-3f2a/summary.txt" in summarise(failed, short=True)
    assert sum("ValueError: D" in line for line in summarise(failed)) == 330


def test_what_was_stopped_or_never_began_did_not_fail():
    """Each is counted as what it is, by notebook and reason."""
    reason = f"{NOT_STARTED}: 10-data failed"
    told = summarise(record(outcome(error=STOPPED), *many(2, error=reason), status="stopped"))
    assert told[0].startswith("Stopped before the end: 0 of 3 notebooks done, 1 stopped, 2 not started.")
    assert "- 20-district, 2 districts: not started: 10-data failed" in told
    assert "Failed" not in told
    assert told[-1] == f"To go on; what is done is kept: {COMMAND} run"


def test_a_part_that_was_asked_for_is_told_without_the_rest():
    """An older failure of another notebook is in the record, and no part of what this run was asked for."""
    plain = record(outcome(reused="x"), *many(2, error="KeyError: 1"), status="failed", plan=28)
    told = summarise(plain | {"asked": ["20-district-redditch"]})
    assert told[0] == "1 of 1 asked for done (1 of them unchanged); the plan has 28. Record: runs/falls-3f2a/run.json"
    assert "KeyError" not in " ".join(told)


@pytest.mark.parametrize(("status", "words"), [("running", "Broken off: 1 of"), ("part", "Part of the plan: 1 of")])
def test_less_than_a_whole_run_is_not_told_as_whole(status, words):
    """A record that still says running belongs to a run that ended without a word."""
    assert one_line(record(outcome(), status=status)).startswith(words)


def test_unchanged_notebooks_are_done_and_never_the_slowest():
    """What was copied from an earlier run took no time in this one."""
    told = summarise(record(outcome(reused="falls-1c0d", seconds=500), *many(7)))
    assert told[0].startswith("8 of 8 notebooks done (1 of them unchanged).")
    assert sum(line.endswith("1.0 s") for line in told) == 5
    assert "Redditch" not in " ".join(told)


def test_files_that_left_no_run_are_named_with_what_to_do():
    """An undeclared file is named with its task; so is one that was written elsewhere."""
    told = "\n".join(summarise(record(outcome(undeclared=["a.csv", "b.csv"]), outcome(elsewhere=["/tmp/c.csv"]))))
    assert "Left no run. Declare each under 'outputs' in pilot.yml" in told
    assert "- 20-district, Redditch: a.csv, b.csv" in told
    assert "Written outside the run" in told
    assert "- 20-district, Redditch: /tmp/c.csv" in told


@pytest.mark.parametrize("item", ["Abbey", 0, 2024])
def test_an_item_that_is_no_district_goes_by_its_own_name(item):
    """A ward or a year is named as the plan has it."""
    told = summarise(record(outcome(district=None, item=item, error="KeyError: 1", cell=0)))
    assert f"- 20-district, {item}: in cell 1: KeyError: 1" in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("KeyError: 'rate'\nrow 7: Mrs Smith", "KeyError: 'rate'"),
        ("\n\n  late\r\nsecond", "late"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07bell\x07\x9b\u202e", "red bell"),
        ("tab\there", "tab here"),
        ("", ""),
        ("x" * 300, "x" * 197 + "..."),
    ],
)
def test_a_message_is_its_first_line_made_harmless(text, shown):
    """No second line, which may hold data; no character that moves the cursor; 200 characters at most."""
    assert first_line(text) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (-1, "0.0 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599.7, "1 h 0 min")],
)
def test_times_are_rounded_for_people(seconds, words):
    """No 60 seconds and no 60 minutes."""
    assert duration(seconds) == words


def test_how_a_task_ended_is_read_off_its_error():
    """The two errors that are no failures begin with their own words."""
    assert ending(ENDED) == "stopped"
    errors = ("", STOPPED, f"{NOT_STARTED}: stopped by the person", "KeyError: not started")
    assert [ending(error) for error in errors] == ["done", "stopped", "not started", "failed"]
