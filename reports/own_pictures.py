"""Pictures that an analyst puts into `reports/`: checked, staged where the document shows them, their data beside them.

The data of a picture `map.svg` is the file `map.csv` beside it. A picture that is no chart has the class `.photo`.
"""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from oda.reports import blocks
from oda.reports.faults import undrawn
from oda.results import UNSAFE

ENDINGS = (".svg", ".png", ".jpg", ".jpeg")
_SHOWN = re.compile(r"\s*!\[(?:\\.|[^\]\\])*\]\(([^()\s]+)")
_ALONE = re.compile(_SHOWN.pattern + r"\)\{.*\}\s*")
_NAME = re.compile(r"[\w./-]+")
_FETCHES = re.compile(r"(?i)@import|url\(\s*[\"']?(?!#|data:image)|<!entity")


def stage_picture(line: str, *, home: Path, project: Path) -> str:
    """Stage the picture that a line of a document shows.

    Parameters
    ----------
    line
        Of the document, such as `![A map](map.svg){#fig-map fig-alt="..."}`; nothing happens for any other.
    home
        The folder of the document.
    project
        The staged project. A picture that is there already, as a notebook's are, is left alone.

    Returns
    -------
    str
        What is wrong with the picture and what to do; empty when nothing is.
    """
    shown = _SHOWN.match(line)
    if not shown or urlsplit(shown[1]).scheme or (project / shown[1]).is_file():
        return ""
    name, path = shown[1], home / shown[1]
    if not _NAME.fullmatch(name) or ".." in PurePosixPath(name).parts or not path.resolve().is_relative_to(home):
        return (
            f"the picture {name!r} is not in {home.name}/, or its name has spaces or signs. Put it there as 'map.svg'"
        )
    if path.suffix.lower() not in ENDINGS:
        return f"the picture {name!r} is not SVG, PNG or JPEG. Save it as one of these"
    if not path.is_file():
        return (
            f"there is no picture {name!r} in {home.name}/. Put it there, or write {{{{< oda figure KEY >}}}} for one"
        )
    content = path.read_bytes()
    if fault := _unfit(content, path.suffix.lower()):
        return f"the picture {name!r} {fault}"
    staged = project / name
    staged.parent.mkdir(parents=True, exist_ok=True)
    staged.write_bytes(content)
    return ""


def _unfit(content: bytes, ending: str) -> str:
    """Say why a picture cannot be shown, and what to do."""
    text = content.decode(errors="replace") if ending == ".svg" else ""
    if UNSAFE.search(text) or _FETCHES.search(text):
        return "runs or fetches something. Save it without scripts and links"
    fault = no_picture(content, ending)
    return f"did not draw: {fault}. Save it again" if fault else ""


def no_picture(content: bytes, ending: str) -> str:
    """Say why the content of a file is no picture that a reader would see.

    Parameters
    ----------
    content
        Of the file.
    ending
        Of its name, such as `.svg`.

    Returns
    -------
    str
        Nothing when it is one.

    Examples
    --------
    >>> no_picture(b"words", ".svg"), no_picture(b"words", ".png")
    ('it holds no drawing', 'it is no whole PNG')
    """
    if ending.lower() == ".svg":
        return _no_drawing(content)
    from PIL import Image  # which takes a while

    kind = "PNG" if ending.lower() == ".png" else "JPEG"
    try:
        with Image.open(io.BytesIO(content), formats=[kind]) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return f"it is no whole {kind}"
    return ""


def _no_drawing(content: bytes) -> str:
    """Say why an SVG file is no drawing that a reader would see."""
    try:
        text = content.decode("utf-8-sig")
        fault = undrawn(text)
        if not fault:
            ET.fromstring(text)  # noqa: S314  the parser itself refuses entities without end
    except (ET.ParseError, UnicodeDecodeError) as error:
        return f"it is not well-formed SVG ({error})"
    return fault


def data_of(line: str, *, home: Path, document: str) -> tuple[str, str, str]:
    """Return the link to the data of the picture that a line of a document shows.

    Parameters
    ----------
    line
        Of the document.
    home
        The folder of the document.
    document
        The name of the report, with which the name of the download begins.

    Returns
    -------
    tuple of str
        The picture as the line names it, and markdown, empty where no data are beside it; what is wrong with them.
    """
    shown = _ALONE.fullmatch(line)
    beside = (home / shown[1]).with_suffix(".csv") if shown and _NAME.fullmatch(shown[1]) else None
    if not shown or beside is None or not beside.is_file():
        return "", "", ""
    try:
        rows = list(csv.reader(io.StringIO(beside.read_text(encoding="utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        return "", "", f"{beside.name}, the data of {shown[1]}, is no CSV in UTF-8 ({error}). Save it as that"
    if len(rows) < 2 or not all(rows[0]) or {len(row) for row in rows if row} != {len(rows[0])}:
        what = "is no table. Give it a heading for each column, and rows below"
        return "", "", f"{beside.name}, the data of {shown[1]}, {what}"
    file = "-".join((document, *beside.relative_to(home).parts))
    return shown[1], blocks.data_line("figure", blocks.to_csv(rows), file), ""


def beside_its_data(line: str, data: str) -> str:
    """Return the lines of an exhibit: a picture and the link to its data.

    Parameters
    ----------
    line
        Of the document, that shows the picture.
    data
        The link, as `data_of` gave it.

    Returns
    -------
    str
        Markdown, indented as the line is.
    """
    indent = line[: len(line) - len(line.lstrip())]
    return "\n".join(indent + one if one else one for one in blocks.exhibit(line.strip(), data).split("\n"))
