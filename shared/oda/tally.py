"""Where each task of a run stands, and how long the rest will take."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oda.summary import ENDED, NOT_STARTED, STOPPED, State, duration, first_line, tell_counts


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskInfo:
    """What a display says of a task: its name, its notebook, and the district or other item, empty when it has none."""

    task: str
    notebook: str
    item: str = ""


def without_end(status: str, *, began: bool) -> str:
    """Say why a task that was asked for has no end of its own.

    Parameters
    ----------
    status
        Of the run: `stopped` by the person, or `failed` and ended for that.
    began
        Whether the task had begun.

    Returns
    -------
    str
        The error of its outcome.

    Examples
    --------
    >>> without_end("failed", began=False)
    'not started: another notebook had failed'
    """
    if status == "stopped":
        return STOPPED if began else f"{NOT_STARTED}: {STOPPED}"
    return ENDED if began else f"{NOT_STARTED}: another notebook had failed"


class Tally:
    """Where every task stands; each question is answered without looking at all of them."""

    def __init__(self) -> None:
        self.tasks: dict[str, TaskInfo] = {}
        self.states: dict[str, State] = {}
        self.counts: Counter[State] = Counter()
        self.running: dict[str, float] = {}  # since when, by task
        self.waiting: OrderedDict[str, None] = OrderedDict()  # its first is found at once however many have left
        self._left: Counter[str] = Counter()  # waiting tasks, by notebook
        self._spent: dict[str, tuple[int, float]] = {}  # tasks that ended and their seconds, by notebook
        self._reused = 0  # tasks that the plan took from an earlier run
        self._workers = 1  # the most that have run at a time

    def plan(self, tasks: Sequence[TaskInfo], reused: Mapping[str, str]) -> None:
        """Take in the plan; tasks that are reused are unchanged.

        Parameters
        ----------
        tasks, reused
            As `Display.planned` has them.
        """
        for info in tasks:
            self.tasks[info.task] = TaskInfo(
                task=first_line(info.task), notebook=first_line(info.notebook), item=first_line(info.item)
            )
            self.move(info.task, "unchanged" if info.task in reused else "waiting", 0.0)
        self._reused = self.counts["unchanged"]

    def move(self, task: str, state: State, now: float) -> None:
        """Note a task's new state.

        Parameters
        ----------
        task
            Its name; one that was not planned is taken in.
        state
            Its new state.
        now
            Seconds of the display's clock.
        """
        info = self.tasks.setdefault(task, TaskInfo(task=first_line(task), notebook=first_line(task)))
        before = self.states.get(task)
        if before:
            self.counts[before] -= 1
        if before == "waiting":
            del self.waiting[task]
            self._left[info.notebook] -= 1
        self.running.pop(task, None)
        self.states[task] = state
        self.counts[state] += 1
        if state == "waiting":
            self.waiting[task] = None
            self._left[info.notebook] += 1
        elif state == "running":
            self.running[task] = now
            self._workers = max(self._workers, len(self.running))

    def spend(self, task: str, seconds: float) -> None:
        """Note how long a task took.

        Parameters
        ----------
        task
            Its name.
        seconds
            Of wall time.
        """
        number, spent = self._spent.get(self.tasks[task].notebook, (0, 0.0))
        self._spent[self.tasks[task].notebook] = (number + 1, spent + seconds)

    @property
    def ended(self) -> int:
        """How many of the tasks that were to run are over, however they ended."""
        return len(self.tasks) - self._reused - self.counts["waiting"] - self.counts["running"]

    @property
    def to_run(self) -> int:
        """How many tasks the plan did not take from an earlier run."""
        return len(self.tasks) - self._reused

    def time_left(self, now: float) -> str:
        """Estimate the time left from the mean of each notebook so far and the workers in use.

        Parameters
        ----------
        now
            Seconds of the display's clock.

        Returns
        -------
        str
            Such as `about 40 s left`; `perhaps 40 s left` while some notebook has not ended for any item and is taken
            to be like the others; empty when nothing is known, or nothing is left.
        """
        if not self._spent:
            return ""
        typical = sum(spent for _, spent in self._spent.values()) / sum(number for number, _ in self._spent.values())
        means = {notebook: spent / number for notebook, (number, spent) in self._spent.items()}
        to_come = {notebook: number for notebook, number in self._left.items() if number}
        at_work = [(self.tasks[task].notebook, now - since) for task, since in self.running.items()]
        going = [max(means.get(notebook, typical) - passed, 0.0) for notebook, passed in at_work]
        work = sum(number * means.get(notebook, typical) for notebook, number in to_come.items()) + sum(going)
        left = round(max(work / self._workers, *going, 0.0))
        sure = means.keys() >= {*to_come, *(notebook for notebook, _ in at_work)}
        return f"{'about' if sure else 'perhaps'} {duration(left).replace('.0 s', ' s')} left" if left else ""

    def final(self) -> dict[State, int]:
        """Count the tasks as if the run ended now: what waits was not started, what runs is stopped.

        Returns
        -------
        dict
            How many are done, unchanged, failed, stopped and not started.
        """
        counts = self.counts
        return {
            "done": counts["done"],
            "unchanged": counts["unchanged"],
            "failed": counts["failed"],
            "stopped": counts["stopped"] + counts["running"],
            "not started": counts["not started"] + counts["waiting"],
        }

    def summary(self) -> str:
        """Say how many tasks are done, and what became of the others.

        Returns
        -------
        str
            Such as `31 of 33 notebooks done, 1 failed, 1 not started`.
        """
        return tell_counts(self.final(), total=len(self.tasks))
