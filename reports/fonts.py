"""The fonts of the PDF: those that come with matplotlib, so every machine has the same ones."""

from __future__ import annotations

import functools
import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from oda.errors import RenderError

if TYPE_CHECKING:
    import typst

FILES = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSans-Oblique.ttf", "DejaVuSans-BoldOblique.ttf")


def folder() -> Path:
    """Find the folder of DejaVu Sans and its bold and oblique cuts.

    Returns
    -------
    Path
        A folder of TrueType files inside the installed matplotlib.

    Raises
    ------
    RenderError
        There is no matplotlib, or it lacks one of the fonts.
    """
    found = importlib.util.find_spec("matplotlib")
    if found is None or not found.submodule_search_locations:
        raise RenderError("The fonts of matplotlib are missing. Install matplotlib.")
    place = Path(found.submodule_search_locations[0]) / "mpl-data" / "fonts" / "ttf"
    lacking = [name for name in FILES if not (place / name).is_file()]
    if lacking:
        raise RenderError(f"The fonts {', '.join(lacking)} are missing from matplotlib. Install matplotlib again.")
    return place


def copy(to: Path) -> None:
    """Copy the fonts of a report into a folder, where Quarto finds them; those that are there already are left alone.

    Parameters
    ----------
    to
        The folder, made if absent.
    """
    to.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        source = folder() / name
        if not (to / name).is_file() or (to / name).stat().st_size != source.stat().st_size:
            shutil.copyfile(source, to / name)


@functools.cache
def without_system_fonts() -> typst.Fonts:
    """Return these fonts and those inside Typst, read once; none of the machine's own.

    Returns
    -------
    typst.Fonts
        What every PDF is set in.
    """
    import typst  # which takes its time, and finding the folder has no use for it

    return typst.Fonts(include_system_fonts=False, font_paths=[folder()])
