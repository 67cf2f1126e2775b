"""How a kernel hears what the processes say that its notebook forks: in its private folder, never on a network port."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import zmq
from ipykernel import kernelapp
from ipykernel.iostream import IOPubThread
from zmq.eventloop.zmqstream import ZMQStream

NAME = "forked"  # of the socket


def stay_off_the_network(folder: Path) -> None:
    """Let this kernel open no port of its own, though ipykernel opens one for forked processes.

    Parameters
    ----------
    folder
        Where the kernel's sockets are; where the system does not fork, none is opened at all.
    """
    address = f"ipc://{folder / NAME}"

    class Output(IOPubThread):
        def __init__(self, socket: Any, pipe: bool = False, session: Any = False) -> None:  # noqa: ANN401, FBT001, FBT002  ipykernel's
            super().__init__(socket, pipe=pipe and os.name == "posix", session=session)  # type: ignore[no-untyped-call]

        def _setup_pipe_in(self) -> None:
            self._pipe_uuid = os.urandom(16)
            heard = self.socket.context.socket(zmq.PULL)
            heard.linger = 0
            heard.bind(address)
            self._pipe_in = ZMQStream(heard, self.io_loop)
            self._pipe_in.on_recv(self._handle_pipe_msg)

        def _setup_pipe_out(self) -> tuple[Any, Any]:
            context: Any = zmq.Context()  # a forked process needs one of its own
            said = context.socket(zmq.PUSH)
            said.linger = 3000
            said.connect(address)
            return context, said

    setattr(kernelapp, "IOPubThread", Output)  # noqa: B010  mypy takes the name for a private one
