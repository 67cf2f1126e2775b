"""README's walk-through with real data: one file edited, no code changed, reports for two ODAs."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from finished import OPEN_CARD, Finished, finish, real

ROOT = Path(__file__).resolve().parents[1]
FALLS = ROOT.parent / "shared" / "data" / "falls_22401_la_2010_2017.csv"

pytestmark = pytest.mark.skipif(
    not FALLS.is_file(), reason="the open data of falls by district are not on this machine"
)


@pytest.fixture(scope="module", params=["worcestershire", "greater-manchester"])
def done(request, tmp_path_factory) -> Finished:
    """Follow the walk-through for one ODA."""
    return finish(real(request.param, FALLS, tmp_path_factory.mktemp(request.param)))


def words(done: Finished, name: str) -> str:
    """Return a page's words."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", done.page(name))).split())


def test_the_card_is_the_one_in_the_readme():
    """What the tests run is what the README tells an analyst to write."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]
    assert yaml.safe_load(block) == yaml.safe_load(OPEN_CARD)


def test_every_district_and_the_board_have_their_reports(done):
    """Six for Worcestershire, ten for Greater Manchester; the board's, the brief and the annex."""
    expected = {"worcestershire": 6, "greater-manchester": 10}[done.pilot.pilot.oda]
    assert len(done.run.by_district) == expected
    assert sum(path.suffix == ".pdf" for path in done.report.files) == expected + 3
    assert done.report.failures == ()


def test_the_rates_on_the_pages_are_those_of_the_file(done):
    """Each district's table shows the rates of its own rows."""
    rows = pd.read_csv(FALLS)
    for district in done.pilot.districts:
        table = done.run.by_district[district.code]["20-district"]["years"]
        own = rows[rows["area_code"] == district.code].sort_values("period")
        assert [row[-1] for row in table.rows] == pytest.approx(own["value"].tolist())
        assert f"{own['value'].iloc[-1]:,.0f}" in words(done, district.slug)


def test_the_reports_say_what_cannot_be_concluded(done):
    """No interval, no season, no visits, no effect: each is said, with what it would take."""
    board, district = words(done, "board"), words(done, done.pilot.districts[0].slug)
    assert "Cannot be concluded. An effect of the visits cannot be estimated from these data" in board
    assert "the data run from 2010/11 to 2017/18" in board
    assert "no interval can be given" in district
    assert "These data have no seasonal pattern to show" in district
    assert "These figures are not real" not in board
