"""One file a page: what is put into it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from oda.errors import RenderError
from oda.reports.builtin.embedding import embed

HEAD = '<link rel="stylesheet" href="report.css">'


@pytest.fixture
def style(tmp_path: Path) -> Path:
    """Write a style sheet, and two pictures beside it."""
    (tmp_path / "a b.svg").write_text("<svg/>")
    (tmp_path / "x.png").write_bytes(b"png")
    path = tmp_path / "report.css"
    path.write_text("/* why */\np { color: red }\n", encoding="utf-8")
    return path


def test_styles_and_pictures_are_put_in(style):
    """Without comments, and an SVG says that it is a picture, as pandoc's own way does."""
    page = embed(f'{HEAD}<img\nsrc="a%20b.svg" alt="A &amp; b"><img class="c" src="x.png" />', style.parent, style)
    svg = '<img role="img" aria-label="A &amp; b" src="data:image/svg+xml;base64,PHN2Zy8+" alt="A &amp; b">'
    assert page == f'<style>\np {{ color: red }}\n</style>{svg}<img class="c" src="data:image/png;base64,cG5n" />'


def test_what_is_in_already_stays(style):
    """A picture that an address holds is not looked for on disk."""
    held = '<img src="data:image/png;base64,cG5n" alt="A">'
    assert embed(HEAD + held, style.parent, style).endswith(held)


@pytest.mark.parametrize("place", ["none.png", "report.css", "https://example.org/x.png"])
def test_a_picture_that_is_not_there_or_is_none_is_refused(style, place):
    """A page never asks for another file."""
    with pytest.raises(RenderError, match=r"is not there, or is no SVG, PNG or JPEG"):
        embed(f'{HEAD}<img src="{place}" alt="A">', style.parent, style)


def test_a_template_without_its_style_sheet_is_refused(style):
    """A page without its look would not be accessible."""
    with pytest.raises(RenderError, match="links 0 style sheets, not 1"):
        embed("<p>", style.parent, style)
