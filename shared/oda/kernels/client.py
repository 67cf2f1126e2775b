"""How a worker hears that its kernel is there: on all channels, and without waiting longer than it takes."""

from __future__ import annotations

import math
import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient

ANSWER = 1.0  # seconds in which a kernel is to answer before it is asked again


class PromptClient(AsyncKernelClient):
    """Jupyter's client, which begins when the kernel has answered, where Jupyter's waits a fifth of a second more."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel has answered a question, and all that it had to say of that has been heard.

        Parameters
        ----------
        timeout
            Seconds; for ever when None.

        Raises
        ------
        RuntimeError
            When the kernel has ended, or does not answer in time.
        """
        until = time.monotonic() + (math.inf if timeout is None else timeout)
        while not await self._answers():
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > until:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _answers(self) -> bool:
        """Ask what the kernel is; tell whether its answer came, and after it the word that it is idle again."""
        asked = self.kernel_info()
        until = time.monotonic() + ANSWER
        try:
            while (answer := await self._hear(self.shell_channel, asked, until))["msg_type"] != "kernel_info_reply":
                pass
            while (await self._hear(self.iopub_channel, asked, until))["content"].get("execution_state") != "idle":
                pass
        except Empty:
            return False
        self._handle_kernel_info_reply(answer)
        return True

    async def _hear(self, channel: Any, asked: str, until: float) -> dict[str, Any]:  # noqa: ANN401  jupyter_client's
        """Return the next message about a question."""
        while True:
            said: dict[str, Any] = await channel.get_msg(timeout=max(0.0, until - time.monotonic()))
            if said["parent_header"].get("msg_id") == asked:
                return said
