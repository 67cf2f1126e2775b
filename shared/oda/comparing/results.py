"""Two results of one name held against each other: numbers to the bit, and only what a report shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from oda.comparing.changes import CellChange
from oda.results import AnyResult, Cell, Picture, Results, Table, TableColumn

Item = TypeVar("Item")
ORDER = ("estimate", "fact", "cannot-say", "table", "figure")  # as an analyst reads them


def shown(result: AnyResult) -> dict[str, Any]:
    """Return what is shown of a result, its drawing and the cells of its table left out.

    Parameters
    ----------
    result
        Of any kind.

    Returns
    -------
    dict
        Plain values by name; an estimate's own among them.
    """
    if isinstance(result, Picture):
        data = {f"data_{name}": value for name, value in shown(result.data).items()}
        return {"caption": result.caption, "alt": result.alt, "description": result.description, **data}
    if isinstance(result, Table):
        return {"caption": result.caption, "note": result.note, "rows": len(result.rows)}
    plain = result.model_dump(mode="json", exclude={"kind"})
    estimate = plain.pop("estimate", {})
    return {**plain, **estimate}


def paired(old: Results, new: Results) -> Iterator[tuple[str, AnyResult | None, AnyResult | None]]:
    """Yield the results that differ by key, as they were and as they are.

    Parameters
    ----------
    old, new
        Results of one notebook by key.

    Yields
    ------
    key : str
        The result's name.
    was, now : result or None
        None where that run lacks it.
    """
    for key in [*old, *(key for key in new if key not in old)]:
        was, now = old.get(key), new.get(key)
        if was != now:
            yield key, was, now


def size(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> float | None:
    """Return by how much a value has changed.

    Parameters
    ----------
    old, new
        What `shown` returned, or None.

    Returns
    -------
    float or None
        New less old, in their unit; None where they are no two numbers of one unit and scale.
    """
    if not old or not new or any(old.get(name) != new.get(name) for name in ("unit", "scale")):
        return None
    return _less(old.get("value"), new.get("value"))


def _less(old: Cell, new: Cell) -> float | None:
    """Return new less old; None where one is no number."""
    if isinstance(old, int | float) and isinstance(new, int | float):
        return new - old
    return None


def compare_cells(old: AnyResult | None, new: AnyResult | None) -> tuple[CellChange, ...]:
    """Return the cells that differ between two tables, matched by the heading of their row and of their column.

    Parameters
    ----------
    old, new
        Tables, or pictures, which have a table behind them; of anything else there are no cells.

    Returns
    -------
    tuple of CellChange
        Columns and rows that came or went, then single cells.
    """
    was, now = (item.data if isinstance(item, Picture) else item for item in (old, new))
    if not isinstance(was, Table) or not isinstance(now, Table) or (was.columns, was.rows) == (now.columns, now.rows):
        return ()
    before, after = _Grid.of(was), _Grid.of(now)
    return (*_columns(before, after), *_rows(before, after), *_cells(before, after))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Grid:
    """A table by heading: its columns, and the cells of each row by the heading of the column."""

    columns: dict[str, TableColumn]
    rows: dict[str, dict[str, Cell]]

    @classmethod
    def of(cls, table: Table) -> _Grid:
        """Return a table by heading."""
        columns = _by_name([column.heading for column in table.columns], table.columns)
        cells = [dict(zip(columns, row, strict=True)) for row in table.rows]
        return cls(columns=columns, rows=_by_name([table.columns[0].show(row[0]) for row in table.rows], cells))

    def show(self, row: str, column: str) -> str:
        """Return a cell as a reader sees it."""
        return self.columns[column].show(self.rows[row][column])


def _by_name(names: Sequence[str], items: Sequence[Item]) -> dict[str, Item]:
    """Return items by name, with a number added to a name that stood before."""
    met: Counter[str] = Counter()
    named = {}
    for name, item in zip(names, items, strict=True):
        met[name] += 1
        named[name if met[name] == 1 else f"{name} ({met[name]})"] = item
    return named


def _columns(old: _Grid, new: _Grid) -> Iterator[CellChange]:
    """Yield the columns that came or went, by heading."""
    for column in old.columns:
        if column not in new.columns:
            yield CellChange(row="", column=column, old=column, new=None)
    for column in new.columns:
        if column not in old.columns:
            yield CellChange(row="", column=column, old=None, new=column)


def _rows(old: _Grid, new: _Grid) -> Iterator[CellChange]:
    """Yield the rows that came or went, with their cells as they are shown."""
    for row in old.rows:
        if row not in new.rows:
            yield CellChange(row=row, column="", old=_whole(old, row), new=None)
    for row in new.rows:
        if row not in old.rows:
            yield CellChange(row=row, column="", old=None, new=_whole(new, row))


def _whole(grid: _Grid, row: str) -> str:
    """Say the cells of a row, its heading left out."""
    return "; ".join(f"{column}: {grid.show(row, column)}" for column in list(grid.columns)[1:])


def _cells(old: _Grid, new: _Grid) -> Iterator[CellChange]:
    """Yield the cells of rows and columns that both have, where their values differ."""
    columns = [column for column in old.columns if column in new.columns]
    for row, values in old.rows.items():
        others = new.rows.get(row, {})
        for column in columns if others else ():
            was, now = values[column], others[column]
            if was != now:
                shown_now = new.show(row, column)
                yield CellChange(
                    row=row, column=column, old=old.show(row, column), new=shown_now, change=_less(was, now)
                )
