"""How Jupyter gets a warm kernel: forked from the parent that listens, or started ahead of being asked for."""

from __future__ import annotations

import asyncio
import atexit
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from subprocess import PIPE
from typing import Any

from jupyter_client.launcher import launch_kernel
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from oda.kernels import KERNELS, MEMORY, OURS, PRELOAD, SOCKET, TRACE, can_fork, make_private_folder
from oda.kernels.asking import TICK, Child
from oda.kernels.warming import Warm

NAME = "oda-warm"  # of the entry point
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
OPENING, ENDING = 10.0, 1.0  # seconds in which a kernel opens its sockets, and ends when it is asked to
USUAL = ("numpy", "pandas", "matplotlib.pyplot")  # imported when nobody says what
_parents: list[Warm] = []  # of this process, when no runner has one
_ahead: list[Any] = []  # processes that have imported everything and wait for their notebook
_before: dict[str, str] = {}  # the variables of this process when no notebook had any yet


def use_warm_kernels() -> None:
    """Let this process take warm kernels for every kernel that asks for no provisioner of its own."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners[NAME] = EntryPoint(NAME, f"{__name__}:WarmProvisioner", KernelProvisionerFactory.GROUP_NAME)
    factory.default_provisioner_name = NAME


class WarmProvisioner(LocalProvisioner):
    """A kernel that has imported its packages before it is asked for, and is otherwise as a local one."""

    private: Path | None = None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401  jupyter_client's
        """Let no other user of the machine listen: sockets in a private folder, where nothing else was asked for.

        Parameters
        ----------
        **kwargs
            As jupyter_client gives them.
        """
        manager: Any = self.parent
        clear = getattr(manager, "transport_encryption", "disabled") == "disabled"
        if os.name == "posix" and manager is not None and manager.transport == "tcp" and clear:
            self.private = make_private_folder()
            manager.transport, manager.ip = "ipc", str(self.private / "k")
        return await super().pre_launch(**kwargs)

    async def cleanup(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002  jupyter_client's
        """Remove what was made for the kernel.

        Parameters
        ----------
        restart
            Whether it starts again.
        """
        await super().cleanup(restart)
        if self.private and not restart:
            shutil.rmtree(self.private, ignore_errors=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:  # noqa: ANN401  jupyter_client's
        """Fork a kernel where a parent listens, else take one that was started ahead.

        Parameters
        ----------
        cmd, **kwargs
            As jupyter_client gives them.
        """
        given = dict(kwargs.get("env") or os.environ)
        request = {
            "arguments": cmd[cmd.index("-f") :],
            "env": {name: value for name, value in given.items() if name == TRACE or name not in OURS},
            "cwd": str(kwargs.get("cwd") or Path.cwd()),
            "memory_mb": int(given.get(MEMORY, 0)) or None,
        }
        if SOCKET not in given and PRELOAD not in given and can_fork():
            given[SOCKET] = await asyncio.to_thread(_own_parent)  # asked for by another program than our runner
        address = given.get(SOCKET)
        process: Any = Child(request, address) if address else _take_ahead(request, given)
        self.process = process
        self.pid, self.pgid = process.pid, process.pid if os.name == "posix" else None
        return self.connection_info

    async def post_launch(self, **kwargs: Any) -> None:  # noqa: ANN401  jupyter_client's
        """Wait until the kernel's sockets are there: who connects too early is let in a tenth of a second later.

        Parameters
        ----------
        **kwargs
            As jupyter_client gives them.
        """
        await super().post_launch(**kwargs)
        about: dict[str, Any] = {**self.connection_info}
        if about.get("transport") == "ipc":
            sockets = [Path(f"{about['ip']}-{about[port]}") for port in PORTS]
            await self._look_until(lambda: all(socket.exists() for socket in sockets), OPENING)

    async def shutdown_requested(self, restart: bool = False) -> None:  # noqa: FBT001, FBT002  jupyter_client's
        """Wait for the kernel's end, looking more often than Jupyter does.

        Parameters
        ----------
        restart
            Whether it starts again.
        """
        await super().shutdown_requested(restart)
        await self._look_until(lambda: False, ENDING)

    async def _look_until(self, done: Callable[[], bool], seconds: float) -> None:
        """Wait until something is so, the process has ended, or the time is up."""
        process: Any = self.process
        until = time.monotonic() + seconds
        while not done() and process is not None and process.poll() is None and time.monotonic() < until:
            await asyncio.sleep(TICK)

    async def wait(self) -> int | None:
        """Wait for the kernel's end, looking more often than Jupyter does."""
        await self._look_until(lambda: False, math.inf)
        return await super().wait()


def _own_parent() -> str:
    """Return the socket of a parent of this process's own, started when a first kernel is asked for."""
    if not _parents or _parents[-1].ended:
        _parents.append(Warm(USUAL, fork=True, kinds=(KERNELS,)))
        atexit.register(_parents[-1].close)
    return _parents[-1].parents[KERNELS].address


def start_ahead(env: Mapping[str, str]) -> None:
    """Start a process that imports everything and waits, so that the next kernel is there when it is wanted.

    Parameters
    ----------
    env
        Its variables, which name what it imports; nothing is started where a parent forks kernels.
    """
    if SOCKET in env:
        return
    if not _before:
        _before.update(env)
    modules = json.loads(_before.get(PRELOAD, "[]"))
    command = [sys.executable, "-m", "oda.kernels.ahead", *modules]
    _ahead.append(launch_kernel(command, stdin=PIPE, env=dict(_before)))


def end_ahead() -> None:
    """End the processes that were started ahead and never used."""
    while _ahead:
        process = _ahead.pop()
        process.stdin.close()
        process.kill()
        process.wait()


def _take_ahead(request: Mapping[str, Any], env: Mapping[str, str]) -> Any:  # noqa: ANN401  a Popen of jupyter_client
    """Hand the request to a process that waits, and start the next one for whoever comes after."""
    _ahead[:] = [process for process in _ahead if process.poll() is None]
    if not _ahead:
        start_ahead(env)
    process = _ahead.pop(0)
    start_ahead(env)
    process.stdin.write(json.dumps(request).encode("utf-8") + b"\n")
    process.stdin.close()
    return process
