"""The tile map: every district where it lies, its value in words, nothing told by colour alone."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from oda import exhibits
from oda.charts import to_svg
from oda.errors import DesignError
from oda.pilot import District
from oda.presets import read_preset
from oda.results import Picture, TableColumn
from oda.tile_map import SHADES, lay_out

OFFICES = ("essex", "greater-manchester", "london", "suffolk", "west-midlands", "worcestershire")
RATE = TableColumn(title="Rate of falls admissions", unit="per 100,000 people", decimals=0)
ELSEWHERE = District(code="E07999999", name="Newly Merged & <b>Co</b>")


def pilot_of(office: str, *more: District) -> Any:
    """Return what the map needs of a pilot of an office."""
    found = [District(code=one["code"], name=one["name"]) for one in read_preset("odas", office)["districts"]]
    return SimpleNamespace(pilot=SimpleNamespace(oda=office), districts=(*found, *more))


def values(pilot: Any, **changed: Any) -> pd.DataFrame:
    """Return a value for each district, 1,000 the first and 10 more each, some changed by name."""
    rows = [(one.code, one.name, 1000.0 + 10 * place) for place, one in enumerate(pilot.districts)]
    frame = pd.DataFrame(rows, columns=["code", "name", "value"])
    frame["value"] = [changed.get(name, value) for name, value in zip(frame["name"], frame["value"], strict=True)]
    return frame


def mapped(pilot: Any, data: pd.DataFrame, **more: Any) -> Picture:
    """Return the map."""
    return exhibits.plot_tile_map(data, pilot=pilot, column=RATE, caption="Falls by district, 2026", **more)


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


@pytest.mark.parametrize("office", OFFICES)
def test_every_district_has_a_tile_of_its_own(office: str) -> None:
    """No two districts share a place or a short name, and none is left out."""
    pilot = pilot_of(office)
    tiles, placed = lay_out(pilot)
    assert placed
    assert set(tiles) == {one.code for one in pilot.districts}
    assert len({(one.row, one.column) for one in tiles.values()}) == len(tiles)
    assert len({one.short for one in tiles.values()}) == len(tiles)


def test_districts_lie_as_they_do() -> None:
    """Redditch is east of Bromsgrove, Wychavon south of it; Enfield is the north of London and Croydon the south."""
    tiles, _ = lay_out(pilot_of("worcestershire"))
    assert tiles["E07000236"].column > tiles["E07000234"].column
    assert tiles["E07000238"].row > tiles["E07000234"].row
    london, _ = lay_out(pilot_of("london"))
    assert london["E09000010"].row == 0 < london["E09000008"].row == max(one.row for one in london.values())


def test_some_of_an_office_s_districts_keep_their_places() -> None:
    """A pilot in three districts has no empty rows above them."""
    pilot = pilot_of("worcestershire")
    pilot.districts = tuple(one for one in pilot.districts if one.name in ("Malvern Hills", "Worcester", "Wychavon"))
    tiles, placed = lay_out(pilot)
    assert placed
    assert [(one.row, one.column) for one in tiles.values()] == [(0, 0), (0, 1), (0, 2)]


def test_districts_that_no_preset_places_stand_in_order_of_name_and_the_map_says_so() -> None:
    """One that is new makes a tidy grid of all of them, and nobody takes it for a map."""
    pilot = pilot_of("worcestershire", ELSEWHERE)
    tiles, placed = lay_out(pilot)
    assert not placed
    assert tiles["E07000234"].row == tiles["E07000234"].column == 0
    assert "in order of name, not where it lies" in mapped(pilot, values(pilot)).description


@pytest.mark.parametrize("office", OFFICES)
@pytest.mark.parametrize("size", [1.0, 1e5])
def test_name_and_value_stand_inside_each_tile(office: str, size: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short or long, no word runs into the next tile."""
    seen: list[Any] = []
    monkeypatch.setattr("oda.charts.to_svg", lambda drawing: seen.append(drawing) or to_svg(drawing))
    pilot = pilot_of(office)
    mapped(pilot, values(pilot).assign(value=lambda frame: size * frame["value"]))
    (axes,) = seen[0].axes
    seen[0].draw_without_rendering()
    wide = axes.get_window_extent().width / axes.get_xlim()[1]
    assert len(axes.texts) == 2 * len(pilot.districts)
    assert max(one.get_window_extent().width for one in axes.texts) <= wide


def test_the_ends_are_said_in_words_and_every_value_is_in_the_data() -> None:
    """Who does not see the map reads where the value is highest and lowest, and has the table."""
    pilot = pilot_of("worcestershire")
    drawn = mapped(pilot, values(pilot, Worcester=2400.0), headline="Worcester stands out")
    assert "Highest: Worcester (2,400); lowest: Bromsgrove (1,000)." in drawn.description
    assert drawn.alt == "Tile map of 6 districts: Rate of falls admissions, written on a tile for each district."
    assert drawn.headline == "Worcester stands out"
    assert ["Worcester", "2,400"] in drawn.data.shown()


def test_names_that_are_cut_short_are_given_in_full() -> None:
    """London's tiles say `Hari` and `Harr`; the words say so, and the data have Haringey and Harrow."""
    pilot = pilot_of("london")
    drawn = mapped(pilot, values(pilot))
    assert "Some names are cut short; the data have them in full." in drawn.description
    assert {"Haringey", "Harrow"} <= {name for name, _ in drawn.data.shown()}
    assert "cut short" not in mapped(pilot_of("suffolk"), values(pilot_of("suffolk"))).description


def test_a_hidden_value_is_nowhere() -> None:
    """A small number is marked [c] on its tile and in the data, even when the frame still holds it."""
    pilot = pilot_of("worcestershire")
    data = values(pilot, Worcester=7777.0, Wychavon=float("nan"))
    drawn = mapped(pilot, data.assign(hidden=data["name"] == "Worcester"))
    assert ["Worcester", "[c]"] in drawn.data.shown()
    assert ["Wychavon", "[x]"] in drawn.data.shown()
    assert "7,777" not in drawn.model_dump_json()
    assert "No value is shown for 2 of 6 districts." in drawn.description


def test_shades_differ_in_grey_and_words_stand_out_on_each() -> None:
    """Printed without colour each shade is darker than the one before, and its words have a contrast of 4.5."""
    lights = [luminance(shade) + 0.05 for shade, _ in SHADES]
    assert all(lighter / darker > 1.5 for lighter, darker in itertools.pairwise(lights))
    for light, (_, ink) in zip(lights, SHADES, strict=True):
        bright, dark = sorted((light, luminance(ink) + 0.05), reverse=True)
        assert bright / dark >= 4.5


@pytest.mark.parametrize("value", [1000.0, float("nan")])
def test_values_that_do_not_differ_have_no_shades(value: float) -> None:
    """All the same, or none known: no legend pretends to classes."""
    pilot = pilot_of("suffolk")
    drawn = mapped(pilot, values(pilot).assign(value=value))
    assert "Darker" not in drawn.description
    assert drawn == mapped(pilot, values(pilot).assign(value=value))


@pytest.mark.parametrize("rows", [slice(1, None), [0, 0, 1, 2, 3, 4, 5]])
def test_rows_that_are_not_the_pilot_s_districts_are_refused(rows: Any) -> None:
    """A district that is absent or stands twice is named."""
    pilot = pilot_of("worcestershire")
    with pytest.raises(DesignError, match=r"^E07000234: not one row for each district\. Give one row for each: "):
        mapped(pilot, values(pilot).iloc[rows])


def test_a_district_is_named_as_highest_or_lowest_only_where_intervals_tell_it_from_all_others() -> None:
    """Few admissions make a wide interval: whoever has the lowest rate by chance is not named for it."""
    pilot = pilot_of("worcestershire")
    data = values(pilot, Worcester=2000.0)
    clear = mapped(pilot, data.assign(low=data["value"] - 1, high=data["value"] + 1)).description
    assert "Highest: Worcester (2,000); lowest: Bromsgrove (1,000)." in clear
    wide = mapped(pilot, data.assign(low=data["value"] - 50, high=data["value"] + 50)).description
    assert "The values run from 1,000 to 2,000; highest: Worcester (2,000); which is lowest cannot be told" in wide
    none = mapped(pilot, data.assign(low=0.0, high=3000.0)).description
    assert "which is highest or lowest cannot be told, as intervals overlap." in none
