"""Two runs read for comparing: quickly, since what is equal in both is not checked result by result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oda.results import Results, read_result
from oda.runs import RESULTS, Run, read_record, read_run

Found = dict[str, dict[str, Any]]  # results as JSON, by notebook and key


def read_runs(old: Path, new: Path) -> tuple[Run, Run]:
    """Read two runs, leaving out of both the results that are equal to the bit.

    With 330 districts and three notebooks of two charts, to check every result takes longer than all the rest.

    Parameters
    ----------
    old, new
        Folders of runs.

    Returns
    -------
    tuple of Run
        With the results that differ, and the notebooks of all.

    Raises
    ------
    RunError
        When a folder holds no finished run.
    """
    was, now = (_read(folder) for folder in (old, new))
    if was is None or now is None:
        return read_run(old), read_run(new)  # which says what is wrong
    for before, after in _side_by_side(was[1], now[1]):
        for key in [key for key in before if key in after and before[key] == after[key]]:
            del before[key], after[key]
    return _run(old, *was), _run(new, *now)


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the record and the results of a finished run that is whole."""
    record = read_record(folder)
    if record is None or "results_sha256" not in record:
        return None
    return record, json.loads((folder / RESULTS).read_text(encoding="utf-8"))


def _side_by_side(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the results of each notebook that both runs have, for each district, by key."""
    pairs: list[tuple[Found, Found]] = [(old["once"], new["once"])]
    pairs += [(found, new["by_district"].get(code, {})) for code, found in old["by_district"].items()]
    return [(was[name], now[name]) for was, now in pairs for name in was if name in now]


def _run(folder: Path, record: dict[str, Any], content: Mapping[str, Any]) -> Run:
    """Return a run from its record and its results as JSON."""
    by_district = {code: _typed(found) for code, found in content["by_district"].items()}
    return Run(id=record["id"], folder=folder, record=record, once=_typed(content["once"]), by_district=by_district)


def _typed(found: Found) -> dict[str, Results]:
    """Return results, checked, by notebook and key."""
    return {name: {key: read_result(key, item) for key, item in items.items()} for name, items in found.items()}
