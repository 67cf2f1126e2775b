"""What stands together on paper: a heading, the line that opens its part, and the figure or table below it."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from oda.reports.builtin.rendering import render
from oda.reports.document import Document

FRONT = "---\ntitle: Falls\ndate: 2026-01-05\n---\n\n"
FIGURE = '![Rates](x.png){#fig-x fig-alt="A square that stands for a chart"}\n'


def sheets(tmp_path: Path, text: str) -> dict[str, tuple[int, bool]]:
    """Return for each heading that a link leads to its sheet, and whether that is turned; for a figure likewise."""
    Image.new("RGB", (40, 30)).save(tmp_path / "x.png")
    (tmp_path / "a.qmd").write_text(FRONT + text, encoding="utf-8")
    render(tmp_path, [Document(name="a", formats=("pdf",))], tmp_path)
    with pikepdf.open(tmp_path / "a.pdf") as made:
        boxes = {one.objgen: (number, one.mediabox[2] > one.mediabox[3]) for number, one in enumerate(made.pages)}
        drawn = [boxes[one.objgen] for one in made.pages if "/XObject" in one.resources]
        names = list(made.Root.Names.Dests.Names)
        found = {"figure": drawn[0]} if drawn else {}
        return found | {str(name): boxes[place[0].objgen] for name, place in zip(names[::2], names[1::2], strict=True)}


def test_a_heading_turns_with_the_table_below_it(tmp_path: Path):
    """A table too wide for the sheet takes its heading along to the turned one."""
    row = "|" + " a word or two |" * 12 + "\n"
    text = f"See [the part](#wide).\n\n## Wide {{#wide}}\n\n{row}{'|---' * 12}|\n{row * 3}\n: Wide {{#tbl-wide}}\n"
    assert sheets(tmp_path, text)["wide"][1]


@pytest.mark.parametrize("lines", [18, 20, 22, 24, 26])
def test_the_line_that_opens_a_part_stays_with_the_figure_below_it(tmp_path: Path, lines: int):
    """Neither it nor its heading is left at the foot of a sheet."""
    before = "One line of words.\n\n" * lines
    exhibit = f"::: {{.exhibit}}\n{FIGURE}\n:::\n"
    found = sheets(tmp_path, f"{before}@fig-x, [a part](#part)\n\n## Part {{#part}}\n\nIt opens here.\n\n{exhibit}")
    assert found["part"] == found["figure"]
