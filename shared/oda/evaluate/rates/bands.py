"""The door of standardisation: one row a band of ages and area, checked once and laid out as areas by bands."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from oda.errors import DesignError
from oda.evaluate.columns import numbers, take

EVERYWHERE = "all"  # the name of the only area where no column names the areas
SAME = 1e-9  # relative; populations that differ by less differ by rounding alone


@dataclass(frozen=True, kw_only=True, slots=True)
class Bands:
    """Counts and populations laid out as areas by bands.

    Attributes
    ----------
    areas
        Names of the areas, in the order of the data.
    rows
        Shape (areas,), number of rows of each.
    events, squares, persons
        Shape (areas, bands): events; the sum over people of their number of events squared; people with an event.
        The three are the same where events are independent.
    reasons
        Shape (areas,): why the events of an area are not known; empty where they are.
    columns
        Populations by the caller's column, each of shape (areas, bands).
    """

    areas: list[Hashable]
    rows: np.ndarray
    events: np.ndarray
    squares: np.ndarray
    persons: np.ndarray
    reasons: np.ndarray
    columns: dict[str, np.ndarray]


def take_bands(
    data: pd.DataFrame,
    *,
    area: str | None,
    band: str,
    outcome: str | None,
    frequency: str | None = None,
    above: Collection[str] = (),
    from_zero: Collection[str] = (),
) -> Bands:
    """Return counts and populations as areas by bands; the data are not changed.

    Parameters
    ----------
    data
        Shape (rows, columns).
    area, band, outcome, frequency
        Columns, as in `directly_standardised_rate`; without an outcome all counts are 0.
    above, from_zero
        Columns of populations that must be above 0, or may be 0.

    Returns
    -------
    Bands
        The layout.

    Raises
    ------
    DesignError
        When a column is absent or not of numbers, an area lacks a band or has it twice, a number is too small, or a
        population differs within a band.
    """
    populations = {f"population {place}": name for place, name in enumerate((*above, *from_zero))}
    frame = take(
        data, missing=("outcome",), area=area, band=band, outcome=outcome, frequency=frequency, **populations
    ).assign(**({} if area else {"area": EVERYWHERE}))
    counts = np.zeros(len(frame)) if outcome is None else numbers(frame["outcome"], repr(outcome), low=0)
    times = np.ones(len(frame)) if frequency is None else numbers(frame["frequency"], repr(frequency), low=0)
    if (times != np.round(times)).any():
        message = f"{frequency!r} holds {times[times != np.round(times)][0]:g}. Give how many events each person had."
        raise DesignError(message)
    cells, areas, n_bands = _cells(frame, band=band, repeated=frequency is not None)
    columns = {}
    for fixed, name in populations.items():
        limits = {"above": 0.0} if name in above else {"low": 0.0}
        columns[name] = _one_value(numbers(frame[fixed], repr(name), **limits), cells, (len(areas), n_bands), name)

    def summed(values: np.ndarray) -> np.ndarray:
        return np.bincount(cells, weights=values, minlength=len(areas) * n_bands).reshape(len(areas), n_bands)

    persons = np.where(times > 0, counts, 0.0)
    unknown = (summed(np.isnan(counts).astype(float)) > 0).sum(axis=1)
    return Bands(
        areas=areas,
        rows=np.bincount(cells // n_bands, minlength=len(areas)),
        events=summed(counts * times),
        squares=summed(counts * times**2),
        persons=summed(persons),
        reasons=np.array(
            [f"the count of {n} of {n_bands} bands is missing" if n else "" for n in unknown], dtype=object
        ),
        columns=columns,
    )


def _cells(frame: pd.DataFrame, *, band: str, repeated: bool) -> tuple[np.ndarray, list[Hashable], int]:
    """Return the number of each row's area and band, the areas and the number of bands; refuse gaps and doubles."""
    area_codes, areas = pd.factorize(frame["area"])
    band_codes, bands = pd.factorize(frame["band"])
    doubled = frame.duplicated(["area", "band", *(["frequency"] if repeated else [])])
    if doubled.any():
        first = frame[doubled].iloc[0]
        message = (
            f"{int(doubled.sum())} of {len(frame)} rows repeat a band of their area, such as {str(first['band'])!r} of "
            f"{str(first['area'])!r}. Add them up first, or name every group by age and sex in {band!r}."
        )
        raise DesignError(message)
    cells = area_codes * len(bands) + band_codes
    absent = np.setdiff1d(np.arange(len(areas) * len(bands)), cells)
    if len(absent):
        place, missing = divmod(int(absent[0]), len(bands))
        message = (
            f"{len(np.unique(absent // len(bands)))} of {len(areas)} areas lack a band: {str(areas[place])!r} has no "
            f"row for {str(bands[missing])!r}. Give every area every band, by the same name, with 0 where there was "
            "no event."
        )
        raise DesignError(message)
    return cells, list(areas), len(bands)


def _one_value(values: np.ndarray, cells: np.ndarray, shape: tuple[int, int], name: str) -> np.ndarray:
    """Return the one value of each area and band, or refuse values that differ between its rows."""
    grid = np.zeros(shape)
    grid.flat[cells] = values
    wrong = int((~np.isclose(values, grid.flat[cells], rtol=SAME, atol=0)).sum())
    if wrong:
        message = (
            f"{name!r} differs between rows of the same area and band on {wrong} of {len(values)} rows. Give the "
            "whole population of the band on each."
        )
        raise DesignError(message)
    return grid


def shares(weights: np.ndarray, name: str) -> np.ndarray:
    """Return weights as shares of each area's total, or refuse weights that are all 0.

    Parameters
    ----------
    weights
        Shape (areas, bands), from 0 up.
    name
        The caller's column, for the message.

    Returns
    -------
    ndarray
        Shape (areas, bands); each row sums to 1.

    Raises
    ------
    DesignError
        When an area has no weight.
    """
    total: np.ndarray = weights.sum(axis=1, keepdims=True)
    if (total == 0).any():
        message = f"{name!r} is 0 in every band of {int((total == 0).sum())} areas. Give the standard population."
        raise DesignError(message)
    share: np.ndarray = weights / total
    return share


def differ(grid: np.ndarray) -> bool:
    """Tell whether areas have different numbers in the same band.

    Parameters
    ----------
    grid
        Shape (areas, bands).

    Returns
    -------
    bool
        Whether any differs from that of the first area.
    """
    return not np.allclose(grid, grid[0], rtol=SAME, atol=0)
