"""A map of an office's districts as tiles, placed as they lie; its numbers are read without colour."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from oda.charts import GREY, SMALLEST, WIDTH, heights, name_below, new_chart
from oda.disclosure import HIDDEN
from oda.errors import DesignError
from oda.making import picture, table
from oda.pilot import Pilot
from oda.presets import read_preset
from oda.results import UNKNOWN, Picture, TableColumn

SHADES = (("#ADD1F1", "black"), ("#6BACE6", "black"), ("#12436D", "white"))  # light to dark, and the words on each
BLANK = ("white", "black")
FEWEST = 3  # values that differ, for shades to say anything
ACROSS = 4  # tiles in a row where no preset places them
LETTER, BOLD = 0.62, 0.7  # of the size of type, the width of a letter
TALLEST = 1.1  # inches, the height of a tile


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A district's tile: its row and column from the north-west, and its short name."""

    row: int
    column: int
    short: str


def lay_out(pilot: Pilot) -> tuple[dict[str, Tile], bool]:
    """Place the districts of a pilot.

    Parameters
    ----------
    pilot
        The pilot's settings: its office and districts.

    Returns
    -------
    dict and bool
        A tile by the code of its district, and whether the tiles lie as the districts do: they are in order of name
        where the office's preset does not place every one of them.
    """
    preset = read_preset("odas", pilot.pilot.oda)
    codes = {one["name"]: one["code"] for one in preset.get("districts", [])}
    short = preset.get("short_names", {})
    found = {
        codes[name]: Tile(row=row, column=column, short=short.get(name, name))
        for row, names in enumerate(preset.get("tiles", []))
        for column, name in enumerate(names)
        if name is not None
    }
    wanted = [one.code for one in pilot.districts]
    if wanted and set(wanted) <= set(found):
        return _cropped({code: found[code] for code in wanted}), True
    named = sorted(pilot.districts, key=lambda one: one.name)
    across = min(ACROSS, max(1, round(len(named) ** 0.5)))
    return {
        one.code: Tile(row=place // across, column=place % across, short=one.name) for place, one in enumerate(named)
    }, False


def _cropped(tiles: Mapping[str, Tile]) -> dict[str, Tile]:
    """Move tiles up and left as far as they go."""
    top, left = min(one.row for one in tiles.values()), min(one.column for one in tiles.values())
    return {code: Tile(row=one.row - top, column=one.column - left, short=one.short) for code, one in tiles.items()}


def plot_tile_map(
    data: pd.DataFrame, *, pilot: Pilot, column: TableColumn, caption: str, headline: str = ""
) -> Picture:
    """Draw a value of each district on a map of tiles.

    It shows the values as they are; protect small counts before.

    Parameters
    ----------
    data
        One row a district: `code`, `value` (missing where hidden or not known); where some are hidden, a truth value
        `hidden`; where known, the ends `low` and `high` of the value's interval, so that a district is named as the
        highest or the lowest only where its interval keeps clear of all others.
    pilot
        The pilot's settings: its office and districts.
    column
        What the value is, its unit and decimals.
    caption
        The statistical title: what is measured, of whom, where and when.
    headline
        The message in one sentence; none when not given.

    Returns
    -------
    Picture
        A tile a district with its short name and its value, shaded by thirds of the range; values that were hidden
        are marked `[c]`, those that are not known `[x]`.

    Raises
    ------
    DesignError
        When the rows are not one a district of the pilot.

    Examples
    --------
    `plot_tile_map(rates, pilot=pilot, column=TableColumn(title="Rate", unit="per 100,000", decimals=0), caption="...")`
    """
    rows = _by_district(data, pilot)
    tiles, placed = lay_out(pilot)
    edges = _edges(rows["value"], column)
    across, down = (1 + max(getattr(one, side) for one in tiles.values()) for side in ("column", "row"))
    side = min(TALLEST, WIDTH / across)
    values = heights(rows["value"])
    shown = [HIDDEN if hidden else column.show(value) for value, hidden in zip(values, rows["hidden"], strict=True)]
    wide = max(WIDTH / across, BOLD * SMALLEST / 72 * (1 + max(map(len, shown))))  # inches, so that every value fits
    drawing, axes = new_chart(height=down * side + 0.4 * (3 + len(edges)))
    drawing.set_figwidth(across * wide)
    for code, value, words in zip(rows["code"], values, shown, strict=True):
        _draw_tile(axes, tiles[code], words, _look(value, edges), int(72 * wide / (SMALLEST * LETTER)) - 1)
    axes.set(xlim=(0, across), ylim=(down, 0), xticks=[], yticks=[], ylabel=column.heading)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    _name_shades(axes, edges, column, rows)
    names = {"name": TableColumn(title="District"), "value": column}
    known = rows["value"].notna()
    cut = any(tiles[code].short != name for code, name in zip(rows["code"], rows["name"], strict=True))
    full = " Some names are cut short; the data have them in full." if cut else ""
    return picture(
        drawing,
        caption=caption,
        headline=headline,
        alt=f"Tile map of {len(rows)} districts: {column.title}, written on a tile for each district.",
        description=_describe(rows[known], int((~known).sum()), column, placed=placed, shaded=bool(edges)) + full,
        data=table(rows, caption=caption, columns=names, hidden={"value": rows["hidden"].tolist()}),
    )


def _by_district(data: pd.DataFrame, pilot: Pilot) -> pd.DataFrame:
    """Return one row a district, in the pilot's order, or refuse what is absent or too much."""
    wanted = {one.code: one.name for one in pilot.districts}
    codes = list(data["code"])
    wrong = sorted({*wanted} ^ {*codes} | {code for code in codes if codes.count(code) > 1})
    if wrong:
        message = f"{', '.join(wrong)}: not one row for each district. Give one row for each: {', '.join(wanted)}."
        raise DesignError(message)
    rows = data.set_index("code").loc[list(wanted)].reset_index()
    hidden = rows["hidden"].to_numpy(bool) if "hidden" in rows else np.zeros(len(rows), dtype=bool)
    values = pd.to_numeric(rows["value"]).astype("Float64").mask(hidden)
    ends = {end: pd.to_numeric(rows[end]).astype("Float64") if end in rows else values for end in ("low", "high")}
    about = {"code": rows["code"], "name": list(wanted.values())}
    return pd.DataFrame({**about, "value": values, "hidden": hidden, **ends})


def _edges(values: pd.Series, column: TableColumn) -> list[float]:
    """Return the upper ends of the lower two thirds of the range, as shown; none where there is little to tell."""
    known = values.dropna().astype(float)
    if known.nunique() < FEWEST:
        return []
    low, high = float(known.min()), float(known.max())
    digits = column.decimals if column.decimals is not None else 6
    ends = [round(low + (high - low) * part / len(SHADES), digits) for part in range(1, len(SHADES))]
    return ends if len(set(ends)) == len(ends) else []


def _look(value: float | None, edges: Sequence[float]) -> tuple[str, str]:
    """Return the shade of a tile and the colour of the words on it."""
    if value is None:
        return BLANK
    return SHADES[sum(value > edge for edge in edges)]


def _draw_tile(axes: Axes, tile: Tile, shown: str, look: tuple[str, str], letters: int) -> None:
    """Draw one tile with its short name and its value; a blank one has a dashed edge."""
    shade, ink = look
    style = "--" if look == BLANK else "-"
    edge = GREY if look == BLANK else "white"
    axes.add_patch(
        Rectangle((tile.column + 0.03, tile.row + 0.03), 0.94, 0.94, facecolor=shade, edgecolor=edge, linestyle=style)
    )
    words = textwrap.fill(tile.short, max(letters, 4), break_long_words=False)
    middle = tile.column + 0.5
    axes.text(middle, tile.row + 0.38, words, ha="center", va="center", color=ink, fontsize=SMALLEST, linespacing=1)
    axes.text(middle, tile.row + 0.78, shown, ha="center", va="center", color=ink, fontsize=SMALLEST, fontweight="bold")


def _name_shades(axes: Axes, edges: Sequence[float], column: TableColumn, rows: pd.DataFrame) -> None:
    """Name the shades below the map, from the lowest to the highest values."""
    ends = [column.show(edge) for edge in edges]
    names = [f"up to {ends[0]}", f"above {ends[0]}, up to {ends[1]}", f"above {ends[1]}"] if ends else []
    named = [(shade, "-", name) for (shade, _), name in zip(SHADES, names, strict=False)]
    if rows["hidden"].any():
        named.append((BLANK[0], "--", f"{HIDDEN} hidden, a small number"))
    if (rows["value"].isna() & ~rows["hidden"]).any():
        named.append((BLANK[0], "--", f"{UNKNOWN} not available"))
    for shade, style, name in named:
        axes.add_patch(Rectangle((0, 0), 0, 0, facecolor=shade, edgecolor=GREY, linestyle=style, label=name))
    if named:
        name_below(axes)


def _describe(known: pd.DataFrame, absent: int, column: TableColumn, *, placed: bool, shaded: bool) -> str:
    """Say where the tiles lie, the highest and the lowest value, and how many are not shown."""
    how = "placed roughly as it lies, north at the top" if placed else "in order of name, not where it lies"
    parts = [f"Each tile is a district, {how}. It says the {column.heading[:1].lower()}{column.heading[1:]}."]
    if len(known):
        parts.append(_extremes(known, column))
        parts.append("Darker tiles are higher." if shaded else "")
    if absent:
        parts.append(f"No value is shown for {absent} of {len(known) + absent} districts.")
    return " ".join(filter(None, parts))


def _extremes(known: pd.DataFrame, column: TableColumn) -> str:
    """Say the highest and the lowest value, and where they are if intervals tell these districts from all others."""
    high, low = (known[known["value"] == known["value"].agg(end)] for end in ("max", "min"))
    most, least = (
        f"{' and '.join(ends['name'])} ({column.show(float(ends['value'].iloc[0]))})" for ends in (high, low)
    )
    if most == least:
        return f"All shown are the same: {most}."
    others = [known.drop(index=ends.index) for ends in (high, low)]
    told = [(high["low"].min() > others[0]["high"]).all(), (low["high"].max() < others[1]["low"]).all()]
    if all(told):
        return f"Highest: {most}; lowest: {least}."
    span = (
        f"The values run from {column.show(float(known['value'].min()))} to {column.show(float(known['value'].max()))}"
    )
    unsure = " or ".join(name for name, sure in zip(("highest", "lowest"), told, strict=True) if not sure)
    sure = "".join(
        f"; {which}: {name}" for which, name, one in zip(("highest", "lowest"), (most, least), told, strict=True) if one
    )
    return f"{span}{sure}; which is {unsure} cannot be told, as intervals overlap."
