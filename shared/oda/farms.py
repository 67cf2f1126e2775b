"""What executes notebooks: this machine's workers, or those of a Dask scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from oda.jobs import Job
    from oda.kernels.warming import Warm
    from oda.planning import Task
    from oda.preparing import Prepared


class Farm(Protocol):
    """What executes jobs: this machine's workers, or Dask's."""

    def run(
        self, jobs: Sequence[Job], on_start: Callable[[str], None], on_tick: Callable[[], None]
    ) -> Iterator[dict[str, Any]]:
        """Execute jobs, and give the record of each as it ends.

        Parameters
        ----------
        jobs
            What to execute.
        on_start
            Called with the task's name when it starts.
        on_tick
            Called a few times a second.

        Returns
        -------
        iterator of dict
            A task's record; when its process died, only its name and why.
        """


class _Idle:
    """What executes nothing, since nothing is to be done."""

    def run(self, *_: object) -> Iterator[dict[str, Any]]:
        """Execute no jobs."""
        return iter(())


@contextmanager
def open_farm(prepared: Prepared, to_do: Sequence[Task], warm: Warm | None = None) -> Iterator[Farm]:
    """Return what executes the jobs: workers of this machine, or of a Dask scheduler.

    Parameters
    ----------
    prepared
        The run.
    to_do
        What may have to be executed; nothing is started when there is none.
    warm
        Parents of this machine's workers and kernels that have been started already, if any.

    Yields
    ------
    Farm
        Its processes end with the context.
    """
    policy = prepared.policy
    if not to_do:
        yield _Idle()
    elif policy.scheduler:
        from oda.farming.farm import dask_farm

        with dask_farm(prepared.pilot, policy.scheduler, workers=policy.workers, files=policy.files) as farm:
            yield farm
    else:
        from oda.kernels.preloading import needed
        from oda.kernels.warming import Warm
        from oda.pool import Pool, default_workers

        with warm or Warm() as place:
            place.expect(needed(prepared.pilot.folder, [task.planned.notebook for task in to_do]))
            with Pool(place, policy.workers or default_workers(), prepared.folder / "workers.log") as pool:
                yield pool
