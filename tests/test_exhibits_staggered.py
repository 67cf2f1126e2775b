"""Charts and tables of staggered adoption: the answer, its interval, and what it rests on, also without colour."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from oda.evaluate import BaconDecomposition, StaggeredAdoption, bacon_decomposition, staggered_adoption
from oda.exhibits import (
    bacon_decomposition_table,
    plot_bacon_decomposition,
    plot_staggered_adoption,
    staggered_adoption_table,
)

NAMES = {"outcome": "visits", "unit": "district", "time": "year", "cohort": "start"}


def panel(starts: dict[str, int]) -> pd.DataFrame:
    """Return six districts by eight years of noise."""
    frame = pd.DataFrame([(name, year) for name in "abcdef" for year in range(1, 9)], columns=["district", "year"])
    frame["start"] = frame["district"].map(starts).astype(float)
    return frame.assign(visits=50 + np.random.default_rng(1).normal(size=len(frame)), people=1000)


@pytest.fixture
def found() -> StaggeredAdoption:
    """Return the effects of three districts with three dates."""
    return staggered_adoption(panel({"a": 4, "b": 5, "c": 7}), **NAMES)


@pytest.fixture
def parts() -> BaconDecomposition:
    """Return the decomposition of the same design."""
    return bacon_decomposition(panel({"a": 4, "b": 5, "c": 7}), **NAMES)


def test_the_table_holds_the_four_averages_and_every_period(found: StaggeredAdoption) -> None:
    """Four rows of averages, then one a period since the start, as they were estimated."""
    rows = staggered_adoption_table(found).rows
    assert len(rows) == 4 + len(found.by_event_time)
    assert [row[1] for row in rows[:4]] == found.overall["value"].tolist()
    assert rows[4][0] == "5 periods before the start"
    assert "The period of the start" in [row[0] for row in rows]


def test_the_note_says_the_method_and_the_cautions(found: StaggeredAdoption) -> None:
    """What the intervals rest on is beside them, that of single periods too."""
    note = staggered_adoption_table(found).note
    assert "all 120 ways" in note
    assert "The intervals of single periods are t intervals" in note
    assert all(one in note for one in found.estimate.cautions)


def test_ratios_are_shown_as_changes_in_per_cent() -> None:
    """A ratio of 0.85 is a change of -15 per cent, never its logarithm."""
    ratio = staggered_adoption(panel({"a": 4, "b": 5, "c": 7}), exposure="people", **NAMES)
    shown = staggered_adoption_table(ratio)
    assert shown.columns[1].heading == "Effect (% change)"
    assert shown.rows[1][1] == pytest.approx(100 * (ratio.estimate.value - 1))


def test_the_chart_answers_in_its_caption_and_in_words(found: StaggeredAdoption) -> None:
    """The caption is the sentence; the description gives every effect with its interval."""
    drawn = plot_staggered_adoption(found)
    assert "95% interval" in drawn.headline
    assert drawn.description.count(" before the start: ") == 5
    assert "Dot chart of the effect on visits" in drawn.alt
    assert len(drawn.data.rows) == 4 + len(found.by_event_time)


def test_effects_without_an_interval_are_drawn_and_said() -> None:
    """Six districts with six dates: dots alone, and the note says why."""
    drawn = plot_staggered_adoption(
        staggered_adoption(panel({name: 2 + i for i, name in enumerate("abcdef")}), controls="not yet", **NAMES)
    )
    assert "nan" not in drawn.description
    assert "single effects have no interval" in drawn.data.note


def test_the_decomposition_is_drawn_by_kind(parts: BaconDecomposition) -> None:
    """Each kind of comparison has its share in the description, and the table ends with the coefficient."""
    drawn = plot_bacon_decomposition(parts)
    assert "later against already treated" in drawn.description
    assert bacon_decomposition_table(parts).rows[-1] == ("The coefficient", 100, parts.coefficient)
    assert "Report staggered_adoption instead" in drawn.data.note


def test_one_start_has_no_average_of_absent_kinds() -> None:
    """Kinds without weight are shown as not available, not as zero."""
    shown = bacon_decomposition_table(bacon_decomposition(panel({"a": 4}), **NAMES)).shown()
    assert [row[2] for row in shown[1:3]] == ["[x]", "[x]"]
