"""The pandoc that its Python package brings, run on a text; never another one on the path."""

from __future__ import annotations

import functools
import re
import subprocess
from pathlib import Path

import pypandoc

from oda.errors import RenderError

_SECONDS = 120


def run_pandoc(arguments: list[str], text: str, *, cwd: Path | None = None, source: str = "the document") -> str:
    """Run pandoc on a text; a warning is an error, but for repeated ids, which we name ourselves.

    Parameters
    ----------
    arguments
        Its options.
    text
        What it reads.
    cwd
        The folder that paths are relative to.
    source
        What the text is called in messages.

    Returns
    -------
    str
        What it wrote.

    Raises
    ------
    RenderError
        When it failed, warned or did not finish.
    """
    command = [_path(), *arguments]
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            cwd=cwd,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RenderError(f"pandoc did not finish: {error}") from error
    said = done.stderr.decode(errors="replace").strip()
    warnings = [one for one in said.split("[WARNING] ") if one.strip()]
    if done.returncode or any("Duplicate identifier" not in one for one in warnings):
        ours = re.search(r"\.lua:\d+: (.+)", said)
        raise RenderError(f"pandoc refused {source}: {ours[1] if ours else said[-1500:]}")
    return done.stdout.decode()


@functools.cache
def _path() -> str:
    """Return the path of the program."""
    folder = Path(pypandoc.__file__).parent / "files"
    for name in ("pandoc", "pandoc.exe"):
        if (folder / name).is_file():
            return str(folder / name)
    raise RenderError(f"pandoc is missing from {folder}. Install pypandoc_binary.")
