"""The results that one report may use: its district's and the whole pilot's, of which no key stands for two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from oda.errors import RenderError
from oda.pilot import District
from oda.results import AnyResult
from oda.runs import Run

DISTRICT = "district"  # what a result of this key is about; each notebook of a district records it


class Recorded(Mapping[str, AnyResult]):
    """Results by key; one that several notebooks recorded is refused where it is asked for, and nowhere else.

    Parameters
    ----------
    run
        A finished run.
    district
        Whose results come first; None for the whole pilot.
    """

    def __init__(self, run: Run, district: District | None = None) -> None:
        """Gather the results, and which notebooks recorded each."""
        self._run, self._code = run, district.code if district else None
        own = run.by_district.get(district.code, {}) if district else {}
        self._results: dict[str, AnyResult] = {}
        self._makers: dict[str, list[tuple[str | None, str]]] = {}
        for code, group in ((self._code, own), (None, run.once)):
            for notebook, results in group.items():
                for key, result in results.items():
                    self._results.setdefault(key, result)
                    self._makers.setdefault(key, []).append((code, notebook))

    def __getitem__(self, key: str) -> AnyResult:
        """Return the result of a key, or refuse it when several notebooks recorded it."""
        makers = self._makers[key]
        if len(makers) > 1 and key != DISTRICT:
            places = " and ".join(self._place(*maker, key) for maker in makers)
            message = f"{len(makers)} notebooks record {key!r}: {places}. Give each result a name of its own."
            raise RenderError(message)
        return self._results[key]

    def __iter__(self) -> Iterator[str]:
        """Go through the keys that stand for one result."""
        return (key for key in self._results if key == DISTRICT or len(self._makers[key]) == 1)

    def __len__(self) -> int:
        """Count the keys that stand for one result."""
        return sum(1 for _ in self)

    def _place(self, code: str | None, notebook: str, key: str) -> str:
        """Name a notebook and the cell that recorded a result."""
        done = (one for one in self._run.outcomes if one.district == code and notebook in (one.notebook, one.task))
        cell = next((one.recorded[key]["cell"] for one in done if key in one.recorded), None)
        return f"{notebook}.ipynb" if cell is None else f"{notebook}.ipynb (cell {cell + 1})"
