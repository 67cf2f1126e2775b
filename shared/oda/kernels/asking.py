"""A process asked of the parent of all kernels, which forks it: what Jupyter and the runner see of it."""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from subprocess import TimeoutExpired
from typing import Any

from oda.errors import RunError

TICK = 0.005  # seconds between two looks at whether a process has ended
STREAMS = (0, 1, 2)


class Child:
    """A process that the parent of all kernels has forked for this one; it ends when this object is closed.

    Parameters
    ----------
    request, address
        What is asked for, and the socket of the parent.
    streams
        File descriptors of its three standard streams.
    """

    stdin = stdout = stderr = None  # those of this process, as for any kernel

    def __init__(self, request: Mapping[str, Any], address: str, streams: tuple[int, ...] = STREAMS) -> None:
        """Ask for the process, handing over the three standard streams."""
        self.returncode: int | None = None
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._socket.connect(address)
            self._socket.sendmsg(
                [json.dumps(request).encode("utf-8")],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))],
            )
            answer = self._socket.recv(4096)
        except OSError as error:
            self._socket.close()
            raise RunError(f"The parent of kernels does not answer: {error.strerror}. Run again.") from error
        if not answer:
            raise RunError("The parent of kernels has ended; is there enough memory? Run again.")
        told = json.loads(answer)
        if "pid" not in told:
            self._socket.close()
            raise RunError(f"No process could be started: {told['error']}. Close other programs and run again.")
        self.pid = int(told["pid"])

    def poll(self) -> int | None:
        """Return the exit code, or None while the process lives."""
        if self.returncode is None:
            try:
                answer = self._socket.recv(4096, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            except OSError:  # let go of, or the parent has been killed
                answer = b""
            self.returncode = json.loads(answer)["code"] if answer else -signal.SIGKILL
            self._socket.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit code.

        Parameters
        ----------
        timeout
            Seconds; for ever when None.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise TimeoutExpired("kernel", timeout or 0)
            time.sleep(TICK)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended.

        Parameters
        ----------
        number
            Of the signal.
        """
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Let go of the process, which the parent then ends with its whole group."""
        self._socket.close()
