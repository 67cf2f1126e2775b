"""Charts: the same picture for the same numbers, lines told apart without colour, gaps left as gaps."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

import oda
from checkout import ROOT
from oda import charts
from oda.errors import DesignError

QUARTERS = pd.Series(pd.period_range("2024Q1", periods=8, freq="Q"))


def draw(lines: dict[str, list[float | None]] | None = None) -> str:
    """Return a chart of two lines and a mark, as SVG."""
    lines = lines or {"Redditch": [9, 8, None, 7, 8, 9, 10, 11], "Others & <b>rest</b>": [7.0] * 8}
    drawing, axes = charts.new_chart()
    charts.draw_lines(axes, [f"Q{place}" for place in range(len(next(iter(lines.values()))))], lines)
    charts.mark_period(axes, QUARTERS, pd.Period("2025-02", freq="M"), "Visits begin --><script>")
    return charts.to_svg(drawing)


def test_the_same_numbers_give_the_same_bytes() -> None:
    """A report rendered twice from the same results is the same file."""
    assert draw() == draw()


def test_places_in_a_drawing_have_no_more_digits_than_an_eye_sees() -> None:
    """To six decimals a dot would give the estimate behind it, and that the counts behind that."""
    text = draw({"Redditch": [9.123456 + place / 7 for place in range(8)], "Others": [7.0] * 8})
    places = re.findall(r' (?:d|x|y)="([^"]*)"|translate\(([^)]*)\)', text)
    assert len(places) > 20
    assert not re.findall(r"\d\.\d\d", " ".join(first + second for first, second in places))


def test_another_process_gives_the_same_bytes() -> None:
    """The picture does not depend on Python's random order of sets, which differs between runs."""
    code = "import hashlib; from test_charts import draw; print(hashlib.sha256(draw().encode()).hexdigest())"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, env=environment, capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == hashlib.sha256(draw().encode()).hexdigest()


def test_the_settings_of_a_notebook_do_not_reach_a_chart() -> None:
    """A chart drawn after someone changed matplotlib's look is the same chart."""
    import matplotlib as mpl

    plain = draw()
    with mpl.rc_context({"svg.hashsalt": None, "font.size": 20, "svg.fonttype": "none", "lines.linewidth": 9}):
        assert charts.to_svg(charts.new_chart()[0]) == charts.to_svg(charts.new_chart()[0])
    assert draw() == plain


def test_a_drawing_holds_no_date_no_script_and_no_heading() -> None:
    """The drawing can stand inside a page: one svg element, nothing that runs, nothing that changes by the day."""
    text = draw()
    assert text.startswith("<svg")
    assert text.rstrip().endswith("</svg>")
    assert not re.search(r"<script|<dc:date|<!DOCTYPE|Matplotlib v", text)


def test_words_are_large_enough_for_a_phone() -> None:
    """Where a chart is 320 pixels wide its smallest words are nine pixels high, whatever a notebook asked for."""
    drawing, axes = charts.new_chart()
    axes.annotate("Visits begin", (0.5, 0.5), fontsize=6)
    axes.set_ylabel("Admissions", fontsize=7)
    charts.to_svg(drawing)
    sizes = [one.get_fontsize() for one in drawing.findobj(Text) if one.get_text()]
    assert min(sizes) * 320 / (72 * drawing.get_size_inches()[0]) >= 9


def test_no_words_stand_on_end() -> None:
    """The title of the upright axis is written across, above it, and a long one is broken."""
    drawing, axes = charts.new_chart()
    axes.set_ylabel("Emergency admissions for falls among people aged 65 and over, per 100,000")
    charts.to_svg(drawing)
    assert axes.get_ylabel() == ""
    assert max(map(len, axes.get_title(loc="left").split("\n"))) <= charts.LABEL
    assert {one.get_rotation() for one in drawing.findobj(Text) if one.get_text()} == {0}


def test_a_legend_covers_no_line() -> None:
    """Names stand below the chart, in the order of the lines."""
    drawing, axes = charts.new_chart()
    charts.draw_lines(axes, ["a", "b"], {"here": [1, 2], "elsewhere": [2, 1]})
    drawing.draw_without_rendering()
    (legend,) = drawing.legends
    assert [one.get_text() for one in legend.get_texts()] == ["here", "elsewhere"]
    assert legend.get_window_extent().y1 <= axes.get_window_extent().y0


def lines_of(values: list[float | None]) -> tuple[object, list[int]]:
    """Return the axes with one line drawn, and the places that bear a dot."""
    _, axes = charts.new_chart()
    charts.draw_lines(axes, [str(place) for place in range(len(values))], {"here": values})
    return axes, np.flatnonzero(axes.lines[0].get_markevery()).tolist()


def test_what_is_hidden_breaks_the_line() -> None:
    """No line is drawn across a hidden value, as if it were known."""
    axes, _ = lines_of([5, None, 6, 7])
    assert np.isnan(axes.lines[0].get_ydata()).tolist() == [False, True, False, False]


def test_a_value_between_two_hidden_ones_is_still_seen() -> None:
    """On a long line without dots, a value with no neighbour has one, since no line reaches it."""
    values: list[float | None] = [9.0] * 20
    values[4] = values[6] = values[18] = None
    assert lines_of(values)[1] == [5, 19]


def test_a_short_line_has_a_dot_at_each_value() -> None:
    """Up to 12 values each have a dot; one that is hidden has none."""
    assert lines_of([5, None, 6])[1] == [0, 2]


def test_lines_differ_without_colour() -> None:
    """Four lines have four kinds of dashes and start from zero; a fifth is refused, as it would look like the first."""
    _, axes = charts.new_chart()
    charts.draw_lines(axes, ["a", "b"], {str(place): [place + 1, 2] for place in range(4)})
    assert len({line.get_linestyle() for line in axes.lines}) == 4
    assert axes.get_ylim()[0] == 0
    with pytest.raises(DesignError, match=r"^5 lines cannot be told apart"):
        charts.draw_lines(axes, ["a"], {str(place): [1] for place in range(5)})


@pytest.mark.parametrize(("lines", "colours"), [(1, "0"), (2, "03"), (3, "012"), (4, "0123")])
def test_colours_come_in_the_order_of_the_guidance(lines: int, colours: str) -> None:
    """Two lines are dark blue and orange; more have the palette's colours in turn."""
    _, axes = charts.new_chart()
    charts.draw_lines(axes, ["a", "b"], {str(place): [place + 1, 2] for place in range(lines)})
    assert [line.get_color() for line in axes.lines] == [charts.COLOURS[int(place)] for place in colours]


def test_a_chart_of_nothing_known_is_still_drawn() -> None:
    """When every value is hidden the chart is empty, and does not stop the notebook."""
    assert draw({"Redditch": [None] * 8}).startswith("<svg")


@pytest.mark.parametrize(("value", "words"), [(1200.0, "1,200"), (0.0, "0"), (0.25, "0.25"), (2.5, "2.5")])
def test_the_axis_says_its_numbers_in_full(value: float, words: str) -> None:
    """Thousands have commas, and 0.25 is not said as 0."""
    _, axes = charts.new_chart()
    assert axes.yaxis.get_major_formatter()(value, 0) == words


@pytest.mark.parametrize(
    ("start", "place"), [("2024-01", -0.5), ("2024-05", 0.5), ("2025-12", 6.5), ("2023-12", None), ("2026-01", None)]
)
def test_a_start_is_marked_before_the_period_that_holds_it(start: str, place: float | None) -> None:
    """A start in May 2024 is marked between the first and the second quarter; one outside the chart is not marked."""
    _, axes = charts.new_chart()
    charts.mark_period(axes, QUARTERS, pd.Period(start, freq="M"), "Visits begin")
    assert [line.get_xdata()[0] for line in axes.lines] == ([] if place is None else [place])


@pytest.mark.parametrize("start", [None, pd.NaT])
def test_a_district_without_visits_has_no_mark(start: object) -> None:
    """No start, no mark; and no periods, no mark."""
    assert not charts.reaches(QUARTERS, start)
    assert not charts.reaches(QUARTERS.iloc[:0], pd.Period("2024-05", freq="M"))


def test_extremes_pass_over_what_is_not_known() -> None:
    """The lowest and the highest are said of known values; heights are None where there is none."""
    values = pd.Series([1690.4, None, 1204], dtype="Float64")
    assert charts.extremes(values) == "1,204 to 1,690"
    assert charts.heights(values) == [1690.4, None, 1204.0]
    assert charts.extremes(values[:2]) == "1,690"
    assert charts.extremes(values[1:2]) == "no value"


def test_the_legend_shows_a_dot_only_where_the_line_has_one() -> None:
    """A line of many points has none, and its name in the legend has none either."""
    for points, dots in ((4, ["o", "o"]), (40, ["None", "None"])):
        _, axes = charts.new_chart()
        charts.draw_lines(axes, [str(n) for n in range(points)], {"a": range(points), "b": range(points)})
        assert [str(line.get_marker()) for line in axes.get_lines()] == dots


def test_the_chart_of_the_readme_is_in_house_style():
    """An analyst who follows it gets our colours and lines, an axis from zero, and no thousands in years."""
    text = (ROOT / "{{cookiecutter.project}}" / "README.md").read_text(encoding="utf-8")
    code = next(one for one in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "new_chart" in one)
    rates = pd.DataFrame({"year": [2023, 2024], "rate": [1960.0, 1917.0]})
    made: dict[str, Any] = {"oda": oda, "rates": rates}
    exec(code.replace("oda.record(", "recorded = ("), made)
    (line,) = made["ax"].lines
    assert (line.get_color(), line.get_linewidth()) == (charts.COLOURS[0], 2.2)
    assert made["ax"].get_ylim()[0] == 0
    assert made["data"].shown()[0] == ["2023", "1,960"]


def test_a_line_that_is_drawn_by_hand_is_in_house_style():
    """Colour, dashes and width are those of every chart."""
    _, axes = charts.new_chart()
    lines = [axes.plot([0, 1], [place, 1])[0] for place in range(2)]
    assert [one.get_color() for one in lines] == list(charts.COLOURS[:2])
    assert [one.get_linestyle() for one in lines] == ["-", "--"]
    assert {one.get_linewidth() for one in lines} == {2.2}
