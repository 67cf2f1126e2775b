"""The parents of kernels and of workers, started and ended; workers execute notebooks one after another."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import psutil  # type: ignore[import-untyped]

from oda.kernels import KERNELS, PRELOAD, PRIVATE, SOCKET, WORKERS, can_fork, make_private_folder
from oda.kernels.becoming import ONE_THREAD

PATIENCE = 2.0  # seconds that a process is given to end by itself


class Parent:
    """A process that has imported its packages, and forks others for whoever asks at its socket.

    Parameters
    ----------
    kind
        `KERNELS` or `WORKERS`: what it forks.
    folder
        Of this user alone, where its socket is.
    """

    def __init__(self, kind: str, folder: Path) -> None:
        """Start the process, which imports its packages while this one goes on."""
        self.kind, self.folder = kind, folder
        self.address = str(folder / kind)
        self.told = b""
        self.starts = 0
        self.start()

    def start(self) -> None:
        """Start the process with its socket; who asks before it is ready waits."""
        self.starts += 1
        self.folder.mkdir(mode=0o700, exist_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with listener:
            Path(self.address).unlink(missing_ok=True)
            listener.bind(self.address)
            listener.listen(64)
            self.process = subprocess.Popen(  # noqa: S603  this package's own module
                [sys.executable, "-m", "oda.kernels.server", str(listener.fileno()), self.kind],
                cwd=self.folder,  # so that no folder of the pilot is taken for a package
                stdin=subprocess.PIPE,  # when it closes, the process ends everything and itself
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        self._say(self.told)

    def tell(self, modules: Sequence[str]) -> None:
        """Tell a parent of kernels, which waits for it, what else to import.

        Parameters
        ----------
        modules
            What notebooks import.
        """
        self.told = json.dumps(list(modules)).encode("utf-8") + b"\n"
        self._say(self.told)

    def _say(self, words: bytes) -> None:
        """Write to the process; one that has ended is noticed later."""
        with suppress(OSError):
            os.write(self.process.stdin.fileno(), words)  # type: ignore[union-attr]

    @property
    def ended(self) -> bool:
        """Whether the process has ended by itself, as when memory was short."""
        return self.process.poll() is not None

    def close(self) -> None:
        """Tell the process to end, with all that it has forked; one that still imports ends at once."""
        self.process.terminate()  # which those that serve take no notice of
        if self.process.stdin:
            self.process.stdin.close()

    def wait(self) -> None:
        """Wait until it has ended; when that takes long, end it from outside."""
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            end_tree(self.process.pid)
            self.process.wait()


class Warm:
    """A place where kernels and workers start quickly: on Linux parents that fork them, elsewhere how to start one.

    Used in a `with` statement, at whose end no process is left.

    Parameters
    ----------
    modules
        What notebooks import; when not given, `expect` says it before the first worker starts.
    fork
        Whether to fork; as this system bears when not given.
    kinds
        What is forked: workers execute notebooks, each in a kernel.
    """

    def __init__(
        self,
        modules: Sequence[str] | None = None,
        *,
        fork: bool | None = None,
        kinds: tuple[str, ...] = (KERNELS, WORKERS),
    ) -> None:
        """Start the parents, two processes that import at the same time, each only what its own children need."""
        self.modules: list[str] = []
        self.private = make_private_folder()
        self.lock = threading.Lock()
        self.parents: dict[str, Parent] = {}
        if can_fork() if fork is None else fork:
            self.parents = {kind: Parent(kind, self.private) for kind in kinds}
        if modules is not None:
            self.expect(modules)

    def expect(self, modules: Sequence[str]) -> None:
        """Say what notebooks import, which kernels then have imported before they are asked for.

        Parameters
        ----------
        modules
            Their names, said once.
        """
        self.modules = list(modules)
        if KERNELS in self.parents:
            self.parents[KERNELS].tell(modules)

    @property
    def ended(self) -> bool:
        """Whether a parent has ended by itself."""
        return any(parent.ended for parent in self.parents.values())

    def restart(self) -> bool:
        """Start a parent that has died again, each once a run; tell whether all are there.

        Returns
        -------
        bool
            True where there are none to be started.
        """
        with self.lock:
            for parent in self.parents.values():
                if parent.ended and parent.starts == 1:
                    parent.close()
                    parent.start()
            return not self.ended

    def environment(self) -> dict[str, str]:
        """Return the variables of a worker: this process's, and where its kernels come from."""
        one = dict.fromkeys(ONE_THREAD, "1")
        forking = self.parents.get(KERNELS)
        source = {SOCKET: forking.address} if forking else {PRELOAD: json.dumps(self.modules)}
        return one | os.environ | source | {PRIVATE: str(self.private), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}

    def hurry(self) -> None:
        """End the parents that still import, so that nobody waits for them any more."""
        for parent in self.parents.values():
            parent.process.terminate()  # one that serves already takes no notice

    def __enter__(self) -> Warm:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it all."""
        self.close()

    def close(self) -> None:
        """End the parents with all that they have forked, and remove the private folder."""
        for parent in self.parents.values():
            parent.close()
        for parent in self.parents.values():
            parent.wait()
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
        if warm.parents:
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
        """Have the parent of workers fork the process, with pipes from and to this one."""
        from oda.kernels.asking import Child

        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        request = {"env": warm.environment(), "cwd": str(warm.private)}
        self._to, self._from = os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb")
        try:
            self._forked = Child(request, warm.parents[WORKERS].address, (theirs_in, theirs_out, errors.fileno()))
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
            self._forked.close()  # its parent then ends it; its kernel goes with the one who asked for it
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
