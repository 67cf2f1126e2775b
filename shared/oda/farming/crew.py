"""The Dask workers that may work for a run: who is there, who was refused and why, and who has gone."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from oda.farming import farmhands

LOOK = 0.5  # seconds between two questions to the scheduler
SILENCE = 30.0  # seconds without an answer after which the scheduler counts as lost
GOING = frozenset({"closing", "closed", "closing_gracefully", "failed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A worker that may work: its name with its address, and how many notebooks at a time."""

    name: str
    threads: int


class Crew:
    """Who works; asked of the scheduler again and again, without waiting for it.

    Parameters
    ----------
    client
        Of the scheduler.
    terms
        On which a worker may work, as `farmhands.join` takes them.
    """

    def __init__(self, client: Any, terms: Mapping[str, Any]) -> None:  # noqa: ANN401  distributed's
        self.client, self.terms = client, terms
        self.members: dict[str, Member] = {}
        self.refused: dict[str, str] = {}  # why, by name
        self._known: dict[str, Member] = {}
        self._joining: dict[str, Any] = {}
        self._asked: Future[Any] | None = None
        self._asked_at = 0.0
        self._heard = time.monotonic()

    @property
    def lost(self) -> bool:
        """Whether the scheduler has not answered for too long."""
        return time.monotonic() - self._heard > SILENCE or self.client.status in ("closing", "closed")

    @property
    def silent(self) -> bool:
        """Whether the scheduler has just missed some questions, so that nothing is given to it for now."""
        return time.monotonic() - self._heard > 4 * LOOK or self.client.status != "running"

    @property
    def deciding(self) -> bool:
        """Whether any worker is still being held against this machine."""
        return bool(self._joining)

    def look(self) -> dict[str, Member]:
        """Take in what the scheduler has said, and ask anew.

        Returns
        -------
        dict
            Members that have gone since the last look, by address.
        """
        gone: dict[str, Member] = {}
        if self._asked is not None and self._asked.done():
            with suppress(Exception):  # one question that fails is followed by another; silence is told by `lost`
                gone = self._take_in(self._asked.result()["workers"])
                self._heard = time.monotonic()
            self._asked = None
        if self._asked is None and self.client.scheduler and time.monotonic() - self._asked_at > LOOK:
            self._asked_at = time.monotonic()
            asking = self.client.scheduler.identity(n_workers=-1)
            self._asked = asyncio.run_coroutine_threadsafe(asking, self.client.loop.asyncio_loop)
        self._decide()
        return gone

    def _take_in(self, workers: Mapping[str, Mapping[str, Any]]) -> dict[str, Member]:
        """Have new workers join, and tell those that have gone."""
        there = {address: one for address, one in workers.items() if one.get("status") not in GOING}
        for address in there.keys() - self._known.keys():
            name, threads = str(there[address].get("name", address)), int(there[address]["nthreads"])
            whole = address if name in ("", address) else f"{name} ({address})"
            self._known[address] = Member(name=whole, threads=threads)
            self._joining[address] = self.client.submit(
                farmhands.join,
                self.terms,
                key=f"oda-join-{self.terms['session']}-{address}-{time.monotonic_ns()}",
                workers=[address],
                allow_other_workers=False,
                pure=False,
            )
        for address in self._known.keys() - there.keys():
            del self._known[address]
            self._joining.pop(address, None)
        return {address: self.members.pop(address) for address in self.members.keys() - there.keys()}

    def _decide(self) -> None:
        """Let those work that differ in nothing, and refuse the others by name."""
        for address in [address for address, joining in self._joining.items() if joining.done()]:
            odd = _answer(self._joining.pop(address))
            if odd:
                self.refuse(address, "; ".join(odd))
            else:
                self.members[address] = self._known[address]

    def refuse(self, address: str, why: str) -> None:
        """Give a worker no notebooks, and say so.

        Parameters
        ----------
        address
            Of the worker.
        why
            In what it differs.
        """
        known = self._known.get(address)
        name = known.name if known else address
        self.members.pop(address, None)
        self.refused[name] = why.rstrip(".")
        sys.stderr.write(f"Dask worker {name} is not used: {self.refused[name]}.\n")


def _answer(joining: Any) -> list[str]:  # noqa: ANN401  a future of distributed
    """Return what a worker said of itself, or why it could not."""
    try:
        return list(joining.result(timeout=10))
    except ImportError as error:
        return [f"it has no such oda ({error}). Start it from a pilot made with the same oda"]
    except Exception as error:  # noqa: BLE001  whatever a machine of unknown state answers
        return [f"it could not say what it has: {type(error).__name__}: {error}"]
