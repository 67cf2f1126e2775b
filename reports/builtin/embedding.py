"""One file a page: its style sheet and its pictures put into it, as pandoc would in a third of its time for a page."""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path
from urllib.parse import unquote

from oda.errors import RenderError

KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_PICTURE = re.compile(r'<img\b([^>]*?)\ssrc="(?!data:)([^"]*)"([^>]*)>')
_ALT = re.compile(r'\salt="([^"]*)"')
_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
_LINK = re.compile(r'<link rel="stylesheet" href="[^"]*"\s*/?>')


def embed(page: str, project: Path, style: Path) -> str:
    """Put the style sheet and every picture into a page.

    Parameters
    ----------
    page
        What pandoc wrote, with one link to a style sheet.
    project
        The folder that the pictures' places start from.
    style
        The style sheet.

    Returns
    -------
    str
        The page, which needs no other file.

    Raises
    ------
    RenderError
        When a picture is not there or of another kind.
    """
    rules = f"<style>\n{_COMMENT.sub('', style.read_text(encoding='utf-8')).strip()}\n</style>"
    styled, links = _LINK.subn(lambda _: rules, page)
    if links != 1:
        raise RenderError(f"The template of the page links {links} style sheets, not 1. Install oda again.")
    return _PICTURE.sub(lambda found: _picture(found, project), styled)


def _picture(found: re.Match[str], project: Path) -> str:
    """Return a picture with its data; an SVG says that it is a picture, as some readers aloud do not see it is."""
    before, place, after = found.groups()
    data = _data(place, project)
    alt = _ALT.search(before + after)
    role = f' role="img" aria-label="{alt[1]}"' if alt and data.startswith("data:image/svg") else ""
    return f'<img{role}{before} src="{data}"{after}>'


def _data(place: str, project: Path) -> str:
    """Return a picture as an address that holds it."""
    name = unquote(html.unescape(place))
    path = project / name
    kind = KINDS.get(path.suffix.lower())
    if kind is None or not path.is_file():
        raise RenderError(f"The picture {name!r} is not there, or is no SVG, PNG or JPEG. Make it again.")
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
