"""Pictures that an analyst puts into `reports/`: checked, and staged where the document shows them."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from oda.results import UNSAFE

ENDINGS = (".svg", ".png", ".jpg", ".jpeg")
_SHOWN = re.compile(r"\s*!\[(?:\\.|[^\]\\])*\]\(([^()\s]+)")
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
    text = content.decode(errors="replace") if path.suffix.lower() == ".svg" else ""
    if UNSAFE.search(text) or _FETCHES.search(text):
        return f"the picture {name!r} runs or fetches something. Save it without scripts and links"
    staged = project / name
    staged.parent.mkdir(parents=True, exist_ok=True)
    staged.write_bytes(content)
    return ""
