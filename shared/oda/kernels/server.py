"""The parent of kernels, or of workers: imports the packages once, then forks a process for whoever asks on its socket.

It has one thread, opens no notebook and holds no data. Each process that it forks is the head of its own group; when
the one who asked goes away, or this parent's own parent does, the group is ended.
"""

from __future__ import annotations

import array
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from oda.kernels import KERNELS, WORKERS
from oda.kernels.becoming import (
    CHILD_SUBREAPER,
    become_fresh,
    control_process,
    import_kernel,
    leave_folder,
    prepare_environment,
    run_kernel,
)
from oda.kernels.preloading import ALWAYS, OF_WORKER, import_ahead, in_order

LONGEST = 1 << 20  # bytes of a request
PARENT_DEATH = 1  # of prctl(2), which Linux alone has
LEAVING = 1.5  # seconds in which all that came from this process is to end
GIVE_WAY = "500"  # a kernel is ended before its parent and before the person's other programs when memory is short


def main(listener: int, kind: str, told: str = "") -> None:
    """Import what is needed, then fork a process for each request until standard input closes.

    Parameters
    ----------
    listener
        File descriptor of a listening Unix socket in a folder of this user alone.
    kind
        `KERNELS` or `WORKERS`: what to fork.
    told
        What kernels import first, as a JSON list; read from standard input when empty. A module that starts threads is
        left out, since a fork would take no thread with it, and so is one that would be another in a new kernel.
    """
    gc.disable()  # what is imported stays
    prepare_environment()
    leave_folder()
    if kind == WORKERS:
        for name in OF_WORKER:
            importlib.import_module(name)
    else:
        import_kernel()
        for name in ALWAYS:
            import_ahead(name)
        modules = json.loads(told or _told())
        for name in in_order(modules):
            if not import_ahead(name):
                _begin_again(listener, [other for other in modules if other != name])
    control_process(CHILD_SUBREAPER)  # what a kernel leaves behind becomes a child of this process, which ends it
    gc.collect()
    gc.enable()
    gc.freeze()  # the collector of a fork then leaves the shared memory alone
    Server(listener, kind).serve()


def _told() -> bytes:
    """Wait for the line that says what notebooks import; end when nobody will."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(sys.stdin.fileno(), LONGEST)
        if not part:
            sys.exit()
        line += part
    return line


def _begin_again(listener: int, modules: list[str]) -> None:
    """Become a new process, which imports these modules."""
    os.set_inheritable(listener, True)  # noqa: FBT003  the function's own signature
    os.execv(sys.executable, [sys.executable, "-m", "oda.kernels.server", str(listener), KERNELS, json.dumps(modules)])  # noqa: S606


class Server:
    """What is asked, what has been forked for whom, and the loop over both.

    Parameters
    ----------
    listener
        File descriptor of the socket.
    kind
        What is forked.
    """

    def __init__(self, listener: int, kind: str) -> None:
        """Listen, hear of children that end, and of the parent that goes away."""
        self.asking: dict[int, socket.socket] = {}  # who asked, by the process forked for it
        self.forked: set[int] = set()  # processes that have not ended
        self.number = os.getpid()
        self.kind = kind
        self.listener = socket.socket(fileno=listener)
        self.selector = selectors.DefaultSelector()
        ended, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C is for the parent, whose end this one hears
            signal.signal(number, signal.SIG_IGN)
        for file, action in ((self.listener, self.accept), (ended, self.reap), (sys.stdin.fileno(), self.leave)):
            self.selector.register(file, selectors.EVENT_READ, action)

    def serve(self) -> None:
        """Do what comes, for ever."""
        while True:
            for key, _ in self.selector.select():
                if self.selector.get_map().get(key.fd) is key:
                    key.data(key.fileobj)  # unless what came before it has let go of it

    def accept(self, listener: socket.socket) -> None:
        """Take up one who will ask.

        Parameters
        ----------
        listener
            The socket on which.
        """
        asker, _ = listener.accept()
        self.selector.register(asker, selectors.EVENT_READ, self.answer)

    def answer(self, asker: socket.socket) -> None:
        """Fork a process for a request and tell its number; end it when the asker goes away.

        Parameters
        ----------
        asker
            Who asks.
        """
        message, files = _receive(asker)
        if not message:
            self.forget(asker)
            return
        try:
            number = os.fork()
            answer: dict[str, Any] = {"pid": number}
        except OSError as error:  # no memory, or no room for another process
            number, answer = -1, {"error": error.strerror}
        if number == 0:
            self.be_child(json.loads(message), files)
        for file in files:
            os.close(file)
        if number > 0:
            self.asking[number] = asker
            self.forked.add(number)
        with suppress(OSError):
            asker.send(json.dumps(answer).encode("utf-8"))

    def forget(self, asker: socket.socket) -> None:
        """End what was forked for one who has gone.

        Parameters
        ----------
        asker
            Who has asked.
        """
        self.selector.unregister(asker)
        asker.close()
        for number in [number for number, other in self.asking.items() if other is asker]:
            del self.asking[number]
            end_group(number)

    def reap(self, ended: int) -> None:
        """Tell those who asked that their process has ended, and end what it has left.

        Parameters
        ----------
        ended
            The pipe that wakes this process.
        """
        os.read(ended, 4096)
        failed = False
        with suppress(ChildProcessError):
            while True:
                number, status = os.waitpid(-1, os.WNOHANG)
                if not number:
                    break
                end_group(number)
                self.forked.discard(number)
                asker = self.asking.pop(number, None)
                if asker:
                    self.selector.unregister(asker)
                    with suppress(OSError):
                        asker.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode("utf-8"))
                    asker.close()
                failed = failed or status != 0
        if failed:
            self.end_orphans()

    def end_orphans(self) -> None:
        """End what has become a child of this process because its kernel has died; a kernel ends its own otherwise."""
        for child in psutil.Process().children():
            if child.pid not in self.forked:
                with suppress(psutil.Error):
                    child.kill()

    def leave(self, _: object) -> None:
        """End everything: the one that this process works for has gone.

        Parameters
        ----------
        _
            Standard input, which has closed.
        """
        for number in self.asking:
            end_group(number)
        until = time.monotonic() + LEAVING
        while (children := psutil.Process().children(recursive=True)) and time.monotonic() < until:
            for child in children:
                with suppress(psutil.Error):
                    child.kill()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.01)
        address = self.listener.getsockname()
        if address:  # the folder was made for the socket, and for what is as short-lived
            shutil.rmtree(Path(address).parent, ignore_errors=True)
        os._exit(0)

    def be_child(self, request: dict[str, Any], files: list[int]) -> None:
        """In the new process: let go of all that is the parent's, do what was asked, and end.

        Parameters
        ----------
        request, files
            What was asked, and the standard streams that came with it.
        """
        code, parent = 1, self.number
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setsid()
            control_process(PARENT_DEATH, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)  # it has died already
            with suppress(OSError):
                Path("/proc/self/oom_score_adj").write_text(GIVE_WAY, encoding="ascii")
            for place, file in enumerate(files):
                os.dup2(file, place)
            self.listener.detach()
            self.selector.close()
            os.closerange(3, max(map(int, os.listdir("/dev/fd"))) + 1)  # noqa: PTH208  numbers, not paths
            become_fresh(request)
            perform(self.kind, request)
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        except BaseException:  # noqa: BLE001  nothing may return to the parent's loop
            traceback.print_exc()
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)


def _receive(asker: socket.socket) -> tuple[bytes, list[int]]:
    """Return a request and the files that came with it; an empty one when the asker has gone."""
    try:
        message, carried, _, _ = asker.recvmsg(LONGEST, socket.CMSG_SPACE(3 * array.array("i").itemsize))
    except OSError:
        return b"", []
    files = array.array("i")
    for _, _, data in carried:
        files.frombytes(data)
    return message, list(files)


def perform(kind: str, request: dict[str, Any]) -> None:
    """Be what was asked for: a kernel, or a worker that executes notebooks.

    Parameters
    ----------
    kind
        Which of them.
    request
        For a kernel, as `run_kernel` takes it.
    """
    if kind == WORKERS:
        from oda.executing import serve

        serve()
    else:
        run_kernel(request)


def end_group(number: int) -> None:
    """End a process and all of its group.

    Parameters
    ----------
    number
        Of the process that heads the group.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(number, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
