"""Rows of dots: every name has the room that it takes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from oda.exhibits.dots import ROW, dot_rows
from oda.side_by_side import MANY, SHORT, _rows_of

LONG = "Kingston upon Hull and the very long borough of the north"


@pytest.mark.parametrize("name", ["Hull", "Kingston upon Hull, City of", LONG])
@pytest.mark.parametrize("number", [6, MANY, MANY + 5])
def test_no_name_of_a_row_lies_over_the_next(name, number):
    """A name that takes more lines makes its row higher; where there are many it is cut to one line."""
    drawing, axes = _rows_of([name] * number)
    canvas = FigureCanvasAgg(drawing)
    canvas.draw()
    boxes = [label.get_window_extent(canvas.get_renderer()) for label in axes.get_yticklabels()]
    assert all(above.y0 >= below.y1 - 1 for above, below in pairwise(boxes))
    assert max(box.width for box in boxes) < 0.5 * drawing.bbox.width


def test_a_row_of_short_names_stays_as_high_as_it_was():
    """Charts of names on one line, or of none, are as high as their rows ask."""
    one, few = (dot_rows(["", ""], each=each)[0].get_figheight() for each in (0.06, ROW))
    assert few - one == pytest.approx(2 * (ROW - 0.06))
    assert len("Vale of White Horse") < SHORT
