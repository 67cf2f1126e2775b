"""Results cross from a notebook to a report unchanged, or are refused; what they say cannot break a page."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import oda
from oda import charts
from oda.errors import ResultError
from oda.evaluate import crude_rate
from oda.results import MIME, AnyResult, Estimated, Picture, Result, Table, collect, read_result, record

HOSTILE = '<script>alert("1 & 2")</script>'
DATA = oda.table(pd.DataFrame({"year": ["2024"], "n": [40]}), caption="Falls", columns={"year": "Year", "n": "Falls"})
LONG = "Line chart of the rate of falls, described below."


def chart(**more: Any) -> Picture:
    """Return a chart result."""
    drawing, axes = charts.new_chart()
    charts.draw_lines(axes, ["a", "b"], {"here": [1, 2]})
    return oda.picture(drawing, **{"caption": "Falls", "alt": LONG, "description": LONG, "data": DATA, **more})


EACH: dict[str, AnyResult] = {
    "fact": oda.Fact(sentence="There were 40.", value=40, unit="falls"),
    "word": oda.Fact(sentence="In Redditch.", value="E07000236"),
    "nothing": oda.Fact(sentence="Hidden."),
    "cannot-say": oda.CannotSay(sentence="Too few.", needed="more."),
    "estimate": oda.Estimated(sentence="65 falls.", estimate=crude_rate(65, 1000, outcome="falls")),
    "table": DATA,
    "figure": chart(),
}


def recorded(monkeypatch: pytest.MonkeyPatch, **results: AnyResult) -> list[dict[str, Any]]:
    """Record results and return what a notebook would store."""
    outputs: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: outputs.append({"data": data, "raw": raw}))
    for key, result in results.items():
        record(key.replace("_", "-"), result)
    return json.loads(json.dumps(outputs, allow_nan=False))


@pytest.mark.parametrize("kind", EACH)
def test_every_result_comes_back_as_it_was(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded, stored as JSON and collected, a result equals the one that the notebook made."""
    back = collect(recorded(monkeypatch, result=EACH[kind]))
    assert back == {"result": EACH[kind]}
    assert type(back["result"]) is type(EACH[kind])


def test_a_chart_without_its_words_is_named_with_all_that_is_wrong() -> None:
    """Among many charts of a notebook, the caption says which."""
    with pytest.raises(ResultError, match=r"Picture 'Falls': alt: .* 20 characters .*Picture 'Falls': description: "):
        chart(alt="short", description="x")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_fact_that_is_no_number_is_refused(bad: float) -> None:
    """A missing number does not reach a report as nan."""
    with pytest.raises(ValueError, match="finite"):
        oda.Fact(sentence="There were some.", value=bad)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_stored_estimate_that_is_no_number_is_refused(bad: float) -> None:
    """Nor does it when it is slipped into the file of results."""
    content = EACH["estimate"].model_dump(mode="json")
    content["estimate"]["value"] = bad
    with pytest.raises(ResultError, match="'rate' cannot be read: 1 faults"):
        read_result("rate", content)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "[x]"),
        (math.nan, "[x]"),
        (np.float32("nan"), "[x]"),
        (math.inf, "[x]"),
        (pd.NA, "[x]"),
        (pd.NaT, "[x]"),
        (np.int64(1204), "1,204"),
        (np.float64(0.25), "0.25"),
        (-0.0, "0"),
        (True, "yes"),
        (pd.Period("2025-04", freq="M"), "2025-04"),
        ("text", "text"),
    ],
)
def test_a_cell_of_a_frame_is_shown_as_a_reader_expects(value: object, shown: str) -> None:
    """A missing number has a mark, a number its commas and decimals, a truth value a word."""
    frame = pd.DataFrame({"a": pd.Series([value], dtype=object)})
    made = oda.table(frame, caption="One", columns={"a": "A"})
    assert made.shown() == [[shown]]
    assert read_result("one", json.loads(made.model_dump_json())) == made


@pytest.mark.parametrize(
    ("value", "decimals", "shown"), [(-0.04, 1, "0.0"), (-0.06, 1, "-0.1"), (1234.5678, 2, "1,234.57"), (7, 1, "7.0")]
)
def test_a_column_shows_its_decimals(value: float, decimals: int, shown: str) -> None:
    """Numbers are rounded for people, and none is minus zero."""
    assert oda.TableColumn(title="A", decimals=decimals).show(value) == shown


def test_a_mark_says_whether_a_value_is_hidden_or_not_known() -> None:
    """[c] stands only in columns that hide small numbers, [x] for what is not available."""
    frame = pd.DataFrame({"n": [40, None], "rate": [1.5, None]})
    made = oda.table(frame, caption="Falls", columns={"n": "Falls", "rate": "Rate"}, hidden=["n"])
    assert made.shown() == [["40", "1.5"], ["[c]", "[x]"]]


def test_a_column_can_hold_both_marks() -> None:
    """Where some values were hidden and others never known, each has its own mark; a known one has none."""
    frame = pd.DataFrame({"n": [40, None, None]})
    made = oda.table(frame, caption="Falls", columns={"n": "Falls"}, hidden={"n": [True, True, False]})
    assert made.shown() == [["40"], ["[c]"], ["[x]"]]


@pytest.mark.parametrize(("columns", "hidden"), [({"m": "M"}, ()), ({"n": "N"}, ["nn"]), ({"n": "N"}, {"m": [True]})])
def test_a_column_that_is_not_there_is_refused(columns: dict[str, str], hidden: Any) -> None:
    """A misspelt column is named; it does not quietly hide nothing."""
    with pytest.raises(ResultError, match=r"No column '.*' to show\. There is: 'n'"):
        oda.table(pd.DataFrame({"n": [1]}), caption="Falls", columns=columns, hidden=hidden)


@pytest.mark.parametrize("rows", [((1,),), ((1, 2), (1, 2, 3))])
def test_rows_of_another_length_than_the_heading_are_refused(rows: tuple[tuple[int, ...], ...]) -> None:
    """A table has the same number of cells in every row."""
    columns = (oda.TableColumn(title="A"), oda.TableColumn(title="B"))
    with pytest.raises(ValueError, match="differ in length from the 2 columns"):
        Table(caption="Falls", columns=columns, rows=rows)


def test_a_table_without_rows_is_a_table() -> None:
    """No rows, still a heading."""
    made = oda.table(pd.DataFrame({"n": []}), caption="Falls", columns={"n": "Falls"})
    assert made.rows == ()
    assert "<tbody></tbody>" in made.to_html()


def test_a_table_can_be_read_aloud() -> None:
    """The HTML has a caption and says of each heading whether it heads a row or a column."""
    text = DATA.to_html()
    assert "<caption>Falls</caption>" in text
    assert text.count('<th scope="col">') == 2
    assert '<th scope="row">2024</th><td>40</td>' in text


def test_a_chart_s_message_stands_above_its_title() -> None:
    """The message is the first thing read; a chart recorded before there were messages is still read."""
    text = chart(headline="Falls & frailty: fewer where visits began").to_html()
    assert text.startswith("<p><strong>Falls &amp; frailty: fewer where visits began</strong></p><figure><figcaption>")
    old = {key: value for key, value in chart().model_dump(mode="json").items() if key != "headline"}
    assert read_result("chart", old) == chart()


def test_a_chart_can_be_read_aloud() -> None:
    """The drawing is one picture with its alternative text, and the description stands below for everyone."""
    text = chart(alt='Line chart of "falls" in Redditch').to_html()
    assert '<div role="img" aria-label="Line chart of &quot;falls&quot; in Redditch"><svg' in text
    assert text.endswith(f"<p>{LONG}</p>")


@pytest.mark.parametrize("part", ["alt", "description"])
def test_a_chart_without_words_is_refused(part: str) -> None:
    """A chart must say what it shows in at least 20 characters, or some readers get nothing."""
    with pytest.raises(ValueError, match="at least 20 characters"):
        chart(**{part: "A chart."})


@pytest.mark.parametrize(
    "svg",
    [
        "<p>not a drawing at all</p>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><!-- --><SCRIPT>alert(1)</SCRIPT></svg>",
        '<svg onload="alert(1)"></svg>',
        '<svg><a xlink:href="javascript:alert(1)"/></svg>',
        '<svg><image href="https://example.org/count.png"/></svg>',
        "<svg><foreignObject></foreignObject></svg>",
    ],
)
def test_a_drawing_that_could_run_or_fetch_is_refused(svg: str) -> None:
    """A file of results cannot bring a program or a tracker into a report."""
    content = {**EACH["figure"].model_dump(mode="json"), "svg": svg}
    with pytest.raises(ResultError, match="not a plain svg element"):
        read_result("chart", content)


def test_hostile_text_stays_text() -> None:
    """A district called <script> is printed as such in every kind of result, and runs nothing."""
    frame = pd.DataFrame({"a": [HOSTILE], "b": [HOSTILE]})
    heads = {"a": HOSTILE, "b": oda.TableColumn(title="B", unit=HOSTILE)}
    rows = oda.table(frame, caption=HOSTILE, columns=heads, note=HOSTILE)
    hostile = [
        oda.Fact(sentence=HOSTILE),
        oda.CannotSay(sentence=HOSTILE, needed=HOSTILE),
        Estimated(sentence=HOSTILE, estimate=crude_rate(65, 1000, outcome=HOSTILE)),
        rows,
        chart(caption=HOSTILE, alt=HOSTILE, description=HOSTILE, data=rows),
    ]
    assert not [result for result in hostile if "<script" in result.to_html()]


@pytest.mark.parametrize("key", ["", "Effect", "1st", "a_b", "a--b", "-a", "a-", "a b", "a/b", "../a", "é", "a\\n"])
def test_a_name_that_is_no_name_is_refused(key: str) -> None:
    """A result's name becomes part of file names, so it has small letters, digits and single hyphens."""
    with pytest.raises(ResultError, match="cannot name a result"):
        record(key, EACH["fact"])
    with pytest.raises(ResultError, match="cannot name a result"):
        collect([{"data": {MIME: {"key": key, "result": EACH["fact"].model_dump(mode="json")}}}])


@pytest.mark.parametrize("wrong", [40, "text", None, {"kind": "fact"}, DATA.columns[0], Result()])
def test_what_is_no_result_is_refused(wrong: Any) -> None:
    """A bare number or frame is not recorded: it has no sentence, no unit and no protection."""
    with pytest.raises(ResultError, match="is of type"):
        record("effect", wrong)


def test_a_result_recorded_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two results of one name would leave the report to chance."""
    with pytest.raises(ResultError, match="'fact' is recorded twice"):
        collect(2 * recorded(monkeypatch, fact=EACH["fact"]))


def test_other_outputs_of_a_notebook_are_passed_over() -> None:
    """Printed text, warnings and plots that were not recorded reach no report."""
    assert collect([{"output_type": "stream", "text": "hello"}, {"data": {"text/plain": "1"}}]) == {}


@pytest.mark.parametrize("payload", ["text", {}, {"key": "a"}, {"key": "a", "result": {}, "more": 1}, []])
def test_an_output_that_only_looks_like_a_result_is_refused(payload: object) -> None:
    """A notebook that was edited by hand stops the run in a sentence."""
    with pytest.raises(ResultError, match="marked as a result but holds none"):
        collect([{"data": {MIME: payload}}])


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"kind": "verdict", "sentence": "It worked."},
        {"kind": "fact", "sentence": ""},
        {"kind": "fact", "sentence": "a", "more": 1},
        {**EACH["estimate"].model_dump(mode="json"), "estimate": {"value": 1}},
        {"kind": "estimate", "sentence": "a", "estimate": {**crude_rate(65, 1, outcome="a").to_dict(), "more": 1}},
        {"kind": "estimate", "sentence": "a", "estimate": {**crude_rate(65, 1, outcome="a").to_dict(), "ci_low": 1e9}},
    ],
)
def test_a_stored_result_of_another_form_is_refused(content: dict[str, Any]) -> None:
    """An unknown kind, an empty sentence, an unknown field and an interval beside its estimate stop the report."""
    with pytest.raises(ResultError, match="'effect' cannot be read"):
        read_result("effect", content)


def test_a_result_cannot_be_changed_once_made() -> None:
    """What was recorded is what is reported."""
    with pytest.raises(ValueError, match="frozen"):
        EACH["fact"].sentence = "Another."
