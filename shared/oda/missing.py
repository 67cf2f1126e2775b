"""Modules that were looked for and are not there, of which a notebook may have made do without.

Standard library only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from typing import Any


def listen(hear: Callable[[str, Sequence[str], str | None], None]) -> None:
    """Tell of every module that nobody can find in this process, from now on.

    Parameters
    ----------
    hear
        Called with the last part of its name, the folders in which it could be, and the file that asks for it (None:
        the notebook itself).
    """
    sys.meta_path.append(_Last(hear))  # asked when all others have found nothing


class _Last(MetaPathFinder):
    """Find nothing, and tell of it."""

    def __init__(self, hear: Callable[[str, Sequence[str], str | None], None]) -> None:
        """Keep whom to tell."""
        self.hear = hear

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> None:  # noqa: ANN401, ARG002
        """Tell of a module that was not found."""
        self.hear(name.rpartition(".")[2], [*(sys.path if path is None else path)], _who_asks())


def _who_asks() -> str | None:
    """Return the file whose code imports; None for the notebook itself."""
    frame = sys._getframe(2)  # noqa: SLF001  the only way to know
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(
        ("importlib", "_frozen_importlib")
    ):
        frame = frame.f_back
    return None if frame.f_globals.get("__name__") == "__main__" else str(frame.f_globals.get("__file__", sys.prefix))
