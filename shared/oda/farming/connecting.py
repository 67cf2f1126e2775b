"""The way to a Dask scheduler: what is safe, one that runs elsewhere, and one in this process.

Dask's `tcp://` is in clear, and whoever reaches the port of a scheduler can run any program on its workers. So a
scheduler listens on the loopback address or behind `tls://` (with certificates in Dask's own settings), and data about
people are never worked on by `tcp://` beyond this machine.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlsplit

from oda.errors import COMMAND, GateError, RunError
from oda.pool import default_workers

LOCAL = "local"
CONNECT = 15.0  # seconds for a scheduler to answer
LEAVE = 2.0  # seconds for taking leave


def need_dask() -> None:
    """Refuse to go on without the optional packages.

    Raises
    ------
    RunError
        When one is not installed.
    """
    try:
        import distributed
        import fsspec  # type: ignore[import-untyped]

        _ = distributed, fsspec
    except ImportError as error:
        message = f"--scheduler needs Dask, which is not installed here ({error}). Install it: {COMMAND} dask --version"
        raise RunError(message) from error


def check_safe(address: str, url: str, held: Sequence[str]) -> None:
    """Refuse a scheduler or a store that data about people must not be given to.

    Parameters
    ----------
    address
        Of the scheduler.
    url
        Where copies of the files would be put; empty when the workers share the folder.
    held
        Datasets that are neither made up nor open.

    Raises
    ------
    RunError
        When the address is of no known kind.
    GateError
        When data about people would travel in clear, or leave the folder.

    Examples
    --------
    >>> check_safe("tcp://farm.example:8786", "", [])
    """
    parts = urlsplit(address)
    if address != LOCAL and (parts.scheme not in ("tcp", "tls") or not parts.hostname):
        message = f"{address!r} is no address of a Dask scheduler. Give tcp://host:8786, tls://host:8786 or {LOCAL}."
        raise RunError(message)
    if not held:
        return
    whose = f"{', '.join(held)} {'is' if len(held) == 1 else 'are'} neither made up nor open"
    if url:
        raise GateError(f"run refused: {whose}, and a copy may not be put at {url}. Give --files a folder instead.")
    if parts.scheme == "tcp" and not _is_loopback(parts.hostname or ""):
        raise GateError(f"run refused: {whose}, and {address} is not encrypted. Use tls:// (README.md says how).")


def _is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def connect(stack: ExitStack, address: str, workers: int | None) -> Any:  # noqa: ANN401  a client of distributed
    """Connect to a scheduler, which is started in this process where that was asked for.

    Parameters
    ----------
    stack
        What takes leave of it at the end.
    address
        Of the scheduler, or `local`.
    workers
        Notebooks at a time of one that is started here; as many as suit the machine when not given.

    Returns
    -------
    distributed.Client
        Connected.

    Raises
    ------
    RunError
        When no scheduler answers there, or it has no `oda`.
    """
    from distributed import Client

    from oda.farming import farmhands

    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what it says is said here, in a sentence
    try:
        where = _start_local(stack, workers or default_workers()) if address == LOCAL else _ask(address)
        client: Any = Client(where, timeout=CONNECT, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        message = f"No Dask scheduler answers at {address} ({error}). Start it: {COMMAND} dask scheduler"
        raise RunError(message) from error
    stack.callback(_take_leave, client)
    try:
        client.run_on_scheduler(farmhands.here)
    except ImportError as error:
        message = f"The Dask scheduler at {address} has no oda ({error}). Start it in a pilot: {COMMAND} dask scheduler"
        raise RunError(message) from error
    return client


def _ask(address: str) -> str:
    """Return the address of a scheduler that answers in time; ask in a thread, since Dask itself may wait for ever."""
    import distributed.core

    dask: Any = distributed  # untyped

    async def ask() -> None:
        options = dask.Security().get_connection_args("client")
        if address.startswith("tls:") and options.get("ssl_context") is None:
            raise ValueError("Dask's own settings name no certificates: distributed.comm.tls")
        async with dask.core.rpc(address, timeout=CONNECT, connection_args=options) as scheduler:
            await asyncio.wait_for(scheduler.identity(n_workers=0), CONNECT)

    answered: Future[None] = Future()

    def wait() -> None:
        try:
            answered.set_result(asyncio.run(ask()))
        except Exception as error:  # noqa: BLE001  raised where it is waited for
            answered.set_exception(error)

    threading.Thread(target=wait, daemon=True).start()
    try:
        answered.result(2 * CONNECT)
    except TimeoutError:
        raise OSError(f"no answer within {CONNECT:g} seconds") from None
    return address


def _start_local(stack: ExitStack, threads: int) -> Any:  # noqa: ANN401  a cluster of distributed
    """Start a scheduler and a worker in this process, that nobody else can reach, and without their web pages."""
    from dask import config
    from distributed import LocalCluster, Worker

    nowhere = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}

    def quiet(*args: Any, **kwargs: Any) -> Worker:  # noqa: ANN401  Dask's
        return Worker(*args, **(kwargs | nowhere))

    with config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []}):
        cluster: Any = LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=1,
            threads_per_worker=threads,
            processes=False,
            protocol="inproc://",
            memory_limit=0,
            silence_logs=logging.CRITICAL,
            worker_class=quiet,
            scheduler_kwargs=nowhere,
        )
    stack.callback(cluster.close, timeout=CONNECT)
    return cluster


def _take_leave(client: Any) -> None:  # noqa: ANN401  distributed's
    """Let go of the scheduler, which then has the workers end what they still run for this machine."""
    with suppress(Exception):  # a scheduler that does not answer lets go by itself
        client.close(timeout=LEAVE)
    client.status = "closed"  # or it would be tried again at the end of this process
