"""The Quarto extension `oda`: the look of the reports, as Quarto finds it beside documents.

Standard library only: the hook that makes a pilot runs this file where the package is not installed.
"""

from __future__ import annotations

from pathlib import Path

LOOK = Path(__file__).parent / "look"
PLACE = "_extensions/oda"
_NOT_IN_IT = {"quarto.yml", "report.typ", "crossref.lua", "visible.lua"}  # as Quarto has its own of these


def contents() -> dict[str, bytes]:
    """Return the files of the extension.

    Returns
    -------
    dict
        The bytes of each file by its name, the same on every machine.

    Examples
    --------
    >>> "_extension.yml" in contents()
    True
    """
    return {
        path.name: path.read_bytes().replace(b"\r\n", b"\n")
        for path in sorted(LOOK.iterdir())
        if path.is_file() and path.name not in _NOT_IN_IT and not path.name.startswith(".")
    }


def write(folder: Path) -> tuple[str, ...]:
    """Put the extension into a folder of documents; a file that is there already as it should be is left alone.

    Parameters
    ----------
    folder
        Such as the `reports` folder of a pilot. Other files in its `_extensions/oda` are left as they are.

    Returns
    -------
    tuple of str
        The names of the files that were written.
    """
    place = folder / PLACE
    place.mkdir(parents=True, exist_ok=True)
    changed = {name: content for name, content in contents().items() if _held(place / name) != content}
    for name, content in changed.items():
        (place / name).write_bytes(content)
    return tuple(changed)


def _held(path: Path) -> bytes | None:
    """Return what a file holds, its line ends as ours; nothing where there is none."""
    return path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else None
