"""Which products of an earlier build are still those that would be made: keys, checksums, and files put in place whole.

A product is kept while the text of its document, the files that it shows, the look, the renderer with its versions and
its own bytes are what they were. What was made is written down last, so a build that was broken off is never believed.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from oda.errors import RenderError
from oda.hashing import hash_file, hash_values
from oda.reports.document import Document

MADE = "made.json"
_LISTED = re.compile(r"(?m)^\s*- \S+\.qmd$\n?")  # the documents in `_quarto.yml`, which change nobody's look
_PACKAGES = {"builtin": ("pypandoc_binary", "typst", "matplotlib"), "quarto": ("matplotlib",)}
_SECONDS = 30
FRESH = "_made"  # in the staged project: what a renderer has just written
_PASSING = (".", f"{FRESH}/", "_rendered/")  # what renderers leave in a project

Made = Mapping[str, Mapping[str, str]]


def keys_of(project: Path, documents: Sequence[Document], *, renderer: str) -> dict[str, str]:
    """Return for each product a hash of everything that decides its bytes.

    Parameters
    ----------
    project
        The staged project, its project file included.
    documents
        What is to be rendered, each staged.
    renderer
        `quarto` or `builtin`.

    Returns
    -------
    dict
        Keys by the product's file name, such as `board.html`.
    """
    paths = ((path.relative_to(project).as_posix(), path) for path in sorted(project.rglob("*")) if path.is_file())
    files = {name: path for name, path in paths if not name.startswith(_PASSING)}
    shown = {name: path for name, path in files.items() if "/" in name and not name.startswith("_")}
    common = {name: path for name, path in files.items() if name not in shown and not name.endswith(".qmd")}
    texts = {path.stem: path.read_text(encoding="utf-8") for path in project.glob("*.qmd")}
    days = sorted(set(re.findall(r"(?m)^date: .*$", "\n".join(texts.values())))) if renderer == "quarto" else []
    all_share = hash_values(renderer, _versions(renderer), _hash_common(common), _hash_package(), days)
    keys: dict[str, str] = {}
    for one in documents:
        text = texts[one.name]
        pictures = {name: hash_file(path) for name, path in shown.items() if name in text}
        keys |= {f"{one.name}.{wanted}": hash_values(all_share, text, pictures, wanted) for wanted in one.formats}
    return keys


def _hash_common(files: Mapping[str, Path]) -> str:
    """Return a hash of the files that every document of the project shares, such as its styles and fonts."""
    hashes = {name: hash_file(path) for name, path in files.items() if name not in (MADE, "_quarto.yml")}
    settings = files["_quarto.yml"].read_text(encoding="utf-8") if "_quarto.yml" in files else ""
    return hash_values(hashes, _LISTED.sub("", settings))


def _hash_package() -> str:
    """Return a hash of the renderers' own code, filters and styles."""
    home = Path(__file__).parent
    files = (path for path in home.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return hash_values({path.relative_to(home).as_posix(): hash_file(path) for path in files})


def _versions(renderer: str) -> dict[str, str]:
    """Return the versions of what a renderer is made of."""
    found = {}
    for package in _PACKAGES[renderer]:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed as a package"
    program = shutil.which("quarto") if renderer == "quarto" else None
    if program:
        try:
            done = subprocess.run([program, "--version"], capture_output=True, check=False, timeout=_SECONDS)
            found["quarto"] = done.stdout.decode(errors="replace").strip()
        except (OSError, subprocess.TimeoutExpired):
            found["quarto"] = "did not say"
    return found


def read_made(project: Path) -> Made:
    """Read what an earlier build made, if its record is whole.

    Parameters
    ----------
    project
        The folder of the staged documents.

    Returns
    -------
    mapping
        `key` and `sha256` of each product, by file name; empty where there is no record, or one that was changed.
    """
    try:
        record = json.loads((project / MADE).read_text(encoding="utf-8"))
        found: Made = record["made"]
        whole = all({"key", "sha256"} <= set(one) for one in found.values())
        return found if whole and record["checksum"] == hash_values(found) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def write_made(project: Path, made: Made) -> None:
    """Write down in one step what has been made.

    Parameters
    ----------
    project
        The folder of the staged documents.
    made
        `key` and `sha256` of each product, by file name.
    """
    text = json.dumps({"made": made, "checksum": hash_values(made)}, indent=1, sort_keys=True)
    write_whole(project / MADE, text.encode() + b"\n")


def still_whole(earlier: Made, keys: Mapping[str, str], output: Path) -> dict[str, Mapping[str, str]]:
    """Return the products of an earlier build that would be made again just as they lie there.

    Parameters
    ----------
    earlier
        What `read_made` gave.
    keys
        What `keys_of` gave.
    output
        The folder of the products.

    Returns
    -------
    dict
        Their part of the record.
    """
    return {
        name: earlier[name]
        for name, key in keys.items()
        if name in earlier and earlier[name]["key"] == key and hash_file(output / name) == earlier[name]["sha256"]
    }


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step, and only where it does not hold this already.

    Parameters
    ----------
    path
        The file.
    content
        Its bytes.

    Raises
    ------
    RenderError
        When it cannot be written, or another program holds it open, as on Windows.
    """
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error


def move(fresh: Path, path: Path) -> None:
    """Put a finished file in its place in one step.

    Parameters
    ----------
    fresh
        The file, on the same disk.
    path
        Where it belongs.

    Raises
    ------
    RenderError
        When it cannot be written, or another program holds the older one open, as on Windows.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error


def sweep(folder: Path, keep: Iterable[str]) -> None:
    """Remove every file of a folder but some, so that nothing out of date lies there.

    Parameters
    ----------
    folder
        The folder, made if absent.
    keep
        The files to keep, as paths from the folder.

    Raises
    ------
    RenderError
        When another program holds a file open, as on Windows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(keep)
    for path in sorted(folder.rglob("*"), reverse=True):
        try:
            if path.is_dir() and not path.is_symlink():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(folder).as_posix() not in wanted:
                path.unlink()
        except OSError as error:
            raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> RenderError:
    """Say why a file could not be put in its place; Windows lets none be replaced or removed while it is open.

    Parameters
    ----------
    path
        The file.
    error
        What the system said.

    Returns
    -------
    RenderError
        To be raised.
    """
    if isinstance(error, PermissionError):
        return RenderError(f"{path.name} is open in another program, or may not be written. Close it, then try again.")
    return RenderError(f"{path.name} cannot be written: {error.strerror}. What was there before is still there.")
