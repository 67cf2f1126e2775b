"""What happened beside what would be expected without visits."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from test_effect import FULL, START, panel

from oda import effect
from oda.counterfactual import EXPECTED, HAPPENED, WITH, WITHOUT, draw_counterfactual, expect
from oda.results import CannotSay


def test_expected_is_the_earlier_average_moved_as_the_others_moved():
    """Where the districts without visits rise by a tenth, a tenth more is expected of those with visits."""
    lines = expect(panel({"A": 80, "B": 80, "C": 110, "D": 110}, before=100.0))
    after = lines.frame[lines.frame["step"] >= pd.Period("2025Q1", freq="Q")]
    before = lines.frame[lines.frame["step"] < pd.Period("2025Q1", freq="Q")]
    assert lines.names == {"with": HAPPENED, "without": EXPECTED}
    assert before["with"].astype(float).mean() == pytest.approx(before["without"].astype(float).mean())
    rise = (110 * 2) / (102 + 103)
    assert after["without"].astype(float).mean() / before["without"].astype(float).mean() == pytest.approx(
        rise, rel=0.02
    )


def test_the_lines_leave_out_a_district_with_a_hidden_step():
    """A line holds only what is shown, and says whom it leaves out."""
    made = panel({**FULL, "E": 1}, before=100.0)
    assert expect(made).left_out == ("E",)
    drawn = draw_counterfactual(made, effect.estimate_effect(made))
    assert "Left out, since their counts are small: E." in drawn.description
    assert "in the districts with visits that can be shown," in drawn.caption


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"A": 60, "B": 61, "C": 102, "D": 103}, "fell below"),
        ({"A": 140, "B": 142, "C": 102, "D": 103}, "rose above"),
        ({"A": 60, "B": 140, "C": 70, "D": 150}, "cannot be told from"),
    ],
)
def test_the_message_is_what_the_estimate_bears(after, words):
    """Below, above, or not to be told: the message never says more than the interval."""
    made = panel(after)
    assert words in draw_counterfactual(made, effect.estimate_effect(made)).headline


def test_how_far_the_lines_lay_apart_is_said_and_what_that_means():
    """A gap before the visits as large as that since is no sign of the visits."""
    made = panel({"A": 60, "B": 61, "C": 102, "D": 103})
    found = effect.estimate_effect(made)
    said = draw_counterfactual(made, found).description
    assert "Before them the lines should lie together. The gap was nil then, and 40 per cent lower since." in said
    assert "without visits." not in said
    spring = made.frame["district"].isin(["A", "B"]) & (made.frame["period"].dt.year == 2024)
    spring &= made.frame["period"].dt.quarter == 2
    wild = made.frame.assign(admissions=made.frame["admissions"].mask(spring, 20))
    said = draw_counterfactual(replace(made, frame=wild), found).description
    assert said.endswith("So gaps as large came about without visits.")


def test_where_no_effect_is_reckoned_nothing_is_expected():
    """Both groups are drawn as they are, without a message: a line of what was expected would tell the effect."""
    drawn = draw_counterfactual(panel(FULL), CannotSay(sentence="Too small.", needed="More."))
    assert drawn.headline == ""
    assert "districts with visits and districts without visits" in drawn.alt
    assert "xpected" not in drawn.caption + drawn.description
    assert [column.title for column in drawn.data.columns][1:] == [WITH, WITHOUT]


def test_without_two_groups_there_is_no_counterfactual():
    """Where no district has visits the rates are drawn as they are, with no message."""
    made = panel(FULL, visited=())
    drawn = draw_counterfactual(made, effect.estimate_effect(made))
    assert expect(made).names == {"without": WITHOUT}
    assert drawn.headline == ""


def test_data_that_end_before_the_visits_are_drawn_as_they_are():
    """Where there is no time after, nothing is expected of it."""
    made = panel(FULL)
    early = replace(made, frame=made.frame[made.frame["period"] < START])
    assert not expect(early).compared


def test_the_title_ends_where_the_lines_end():
    """Data to July fill no third quarter: the lines and the title end with the second."""
    made = panel(FULL)
    early = replace(made, frame=made.frame[made.frame["period"] <= pd.Period("2025-07", freq="M")])
    drawn = draw_counterfactual(early, effect.estimate_effect(early))
    assert drawn.caption.endswith(", 2024 Q1 to 2025 Q2")
    assert drawn.data.rows[-1][0] == "2025 Q2"
