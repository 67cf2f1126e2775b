"""The parent of all kernels, started and ended; and workers, which execute notebooks one after another."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import psutil  # type: ignore[import-untyped]

from oda.kernels import PRELOAD, PRIVATE, SOCKET, can_fork, make_private_folder
from oda.kernels.becoming import ONE_THREAD

PATIENCE = 2.0  # seconds that a process is given to end by itself


class Warm:
    """A place where workers start quickly: on Linux the parent that forks them, elsewhere the settings to start one.

    Used in a `with` statement, at whose end no process is left.

    Parameters
    ----------
    modules
        What notebooks import.
    fork
        Whether to fork; as this system bears when not given.
    """

    def __init__(self, modules: tuple[str, ...], *, fork: bool | None = None) -> None:
        """Start the parent, which imports the modules while this process goes on."""
        self.modules = list(modules)
        self.private = make_private_folder()
        self.parent: subprocess.Popen[bytes] | None = None
        self.restarts = 0
        self.lock = threading.Lock()
        if can_fork() if fork is None else fork:
            self._start_parent()

    def _start_parent(self) -> None:
        """Start the parent with a socket in the private folder; who asks before it is ready waits."""
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with listener:
            Path(self.address).unlink(missing_ok=True)
            listener.bind(self.address)
            listener.listen(64)
            self.parent = subprocess.Popen(  # noqa: S603  this package's own module
                [sys.executable, "-m", "oda.kernels.server", str(listener.fileno()), *self.modules],
                cwd=self.private,  # so that no folder of the pilot is taken for a package
                stdin=subprocess.PIPE,  # never written to: when it closes, the parent ends everything and itself
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )

    def restart(self) -> bool:
        """Start a parent that has died again, once a run; tell whether there is one.

        Returns
        -------
        bool
            False when there is none.
        """
        with self.lock:
            if self.parent and self.parent.poll() is not None and not self.restarts:
                self.restarts += 1
                if self.parent.stdin:
                    self.parent.stdin.close()
                self.private.mkdir(mode=0o700, exist_ok=True)
                self._start_parent()
            return self.parent is not None and self.parent.poll() is None

    @property
    def address(self) -> str:
        """The socket of the parent."""
        return str(self.private / "kernels")

    def environment(self) -> dict[str, str]:
        """Return the variables of a worker: this process's, and where its kernels come from."""
        one = dict.fromkeys(ONE_THREAD, "1")
        source = {SOCKET: self.address} if self.parent else {PRELOAD: json.dumps(self.modules)}
        return one | os.environ | source | {PRIVATE: str(self.private), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}

    def __enter__(self) -> Warm:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it all."""
        self.close()

    def close(self) -> None:
        """End the parent with all that it has forked, and remove the private folder."""
        if self.parent and self.parent.stdin:
            self.parent.stdin.close()
            try:
                self.parent.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                end_tree(self.parent.pid)
                self.parent.wait()
        shutil.rmtree(self.private, ignore_errors=True)


class Worker:
    """A process that executes notebooks one after another, each in a kernel of its own.

    Parameters
    ----------
    warm
        Where it starts.
    errors
        Takes what it and its kernels say on standard error.
    """

    def __init__(self, warm: Warm, errors: IO[bytes]) -> None:
        """Start the process; what it and its kernels say on standard error goes to a file."""
        self._forked: Any = None
        self._process: subprocess.Popen[bytes] | None = None
        if warm.parent:
            self._fork(warm, errors)
        else:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "oda.executing"],
                env=warm.environment(),
                cwd=warm.private,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows: Ctrl-C is for this one
            )
            self._to, self._from = self._process.stdin, self._process.stdout
            self.pid = self._process.pid

    def _fork(self, warm: Warm, errors: IO[bytes]) -> None:
        """Have the parent fork the process, with pipes from and to this one."""
        from oda.kernels.asking import Child

        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        request = {"call": "worker", "env": warm.environment(), "cwd": str(warm.private)}
        self._to, self._from = os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb")
        try:
            self._forked = Child(request, warm.address, (theirs_in, theirs_out, errors.fileno()))
        except BaseException:
            self._to.close()
            self._from.close()
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self.pid = self._forked.pid

    def do(self, job: Mapping[str, Any]) -> dict[str, Any] | None:
        """Have a notebook executed.

        Parameters
        ----------
        job
            Plain values, as `oda.executing.execute` takes them.

        Returns
        -------
        dict or None
            What became of it; None when the process has ended without a word.
        """
        try:
            self._to.write(json.dumps(job).encode("utf-8") + b"\n")  # type: ignore[union-attr]
            self._to.flush()  # type: ignore[union-attr]
            answer = self._from.readline()  # type: ignore[union-attr]
            return dict(json.loads(answer)) if answer else None
        except (OSError, ValueError):
            return None

    def end(self) -> None:
        """End the process at once, with its kernel."""
        if self._forked:
            self._forked.close()  # the parent then ends it, and its kernel
        elif self._process:
            end_tree(self.pid)
            self._process.wait()

    def close(self) -> None:
        """Let go of the process, and close the pipes; not while another thread reads from them."""
        self.end()
        for pipe in (self._to, self._from):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


def end_tree(number: int) -> None:
    """End a process and all that came from it.

    Parameters
    ----------
    number
        Of the process.
    """
    with suppress(psutil.Error):
        parent = psutil.Process(number)
        parent.suspend()  # so that it starts no further kernel
        for one in (*parent.children(recursive=True), parent):
            with suppress(psutil.Error):
                one.kill()
