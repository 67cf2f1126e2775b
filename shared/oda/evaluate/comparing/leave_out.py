"""The estimate again, without each district in turn or without the neighbours of treated ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from oda.errors import DesignError
from oda.evaluate.comparing.comparison import Comparison
from oda.evaluate.comparing.differences import difference_in_differences
from oda.evaluate.comparing.falsification import Falsification, one_row
from oda.evaluate.words import plural


def leave_one_out(data: pd.DataFrame, **design: Any) -> Falsification:  # noqa: ANN401  passed on
    """Estimate the effect again without each unit in turn.

    Parameters
    ----------
    data
        As for `difference_in_differences`.
    **design
        The keywords of `difference_in_differences`.

    Returns
    -------
    Falsification
        One row a unit left out; units without which there is no estimate are not among them.

    Raises
    ------
    DesignError
        When the design is refused, or none of the estimates can be made.

    Examples
    --------
    >>> import numpy as np
    >>> frame = pd.DataFrame([(unit, year) for unit in "abcdef" for year in range(1, 9)], columns=["district", "year"])
    >>> frame["rate"] = np.random.default_rng(1).normal(10, 1, len(frame))
    >>> frame["start"] = np.where(frame["district"] < "c", 7.0, np.nan)
    >>> names = {"outcome": "rate", "unit": "district", "time": "year", "cohort": "start"}
    >>> len(leave_one_out(frame, **names).others)
    6
    """
    actual = difference_in_differences(data, **design)
    unit = design.get("cluster") or design["unit"]
    rows, lost = [], []
    for label in actual.changes["unit"]:
        try:
            rows.append(one_row(str(label), difference_in_differences(data[data[unit] != label], **design)))
        except DesignError:
            lost.append(str(label))
    if not rows:
        message = f"Without any one of {len(lost)} {plural(unit)} there is no estimate left. More units are needed."
        raise DesignError(message)
    cautions = [f"There is no estimate without {' or without '.join(lost)}."] if lost else []
    return _omissions("leave one out", actual, rows, cautions)


def leave_neighbours_out(
    data: pd.DataFrame,
    *,
    neighbours: Mapping[object, Sequence[object]],
    **design: Any,  # noqa: ANN401  passed on
) -> Falsification:
    """Estimate the effect again without the untreated neighbours of treated units, which may have felt it too.

    Visits that spill over, or referrals that move, make a neighbour a bad comparison: then the estimate changes when
    neighbours are left out.

    Parameters
    ----------
    data
        As for `difference_in_differences`.
    neighbours
        The neighbours of each treated unit, by its label; those of untreated ones are passed over.
    **design
        The keywords of `difference_in_differences`.

    Returns
    -------
    Falsification
        One row for the neighbours of each treated unit, and one without them all.

    Raises
    ------
    DesignError
        When a label is not in the data, none of them is treated, or no comparison is left without the neighbours.

    Examples
    --------
    >>> import numpy as np
    >>> frame = pd.DataFrame([(unit, year) for unit in "abcdef" for year in range(1, 9)], columns=["district", "year"])
    >>> frame["rate"] = np.random.default_rng(1).normal(10, 1, len(frame))
    >>> frame["start"] = np.where(frame["district"] < "b", 7.0, np.nan)
    >>> names = {"outcome": "rate", "unit": "district", "time": "year", "cohort": "start"}
    >>> leave_neighbours_out(frame, neighbours={"a": ["b", "c"]}, **names).others["n_control"].tolist()
    [3]
    """
    _check_map(neighbours, str(design.get("cluster") or design.get("unit", "unit")))
    actual = difference_in_differences(data, **design)
    unit, changes = design.get("cluster") or design["unit"], actual.changes
    known = set(changes["unit"])
    strange = [
        label for label in [*neighbours, *(one for many in neighbours.values() for one in many)] if label not in known
    ]
    if strange or not neighbours:
        message = f"{', '.join(map(repr, strange))} in neighbours is no {unit} of the data. Use its labels."
        if not neighbours:
            message = f"No neighbours are given. Give those of each treated {unit} by its label."
        raise DesignError(message)
    treated = set(changes.loc[changes["treated"], "unit"])
    sets = {str(label): set(near) - treated for label, near in neighbours.items() if label in treated}
    if not sets:
        message = f"None of {len(neighbours)} labels in neighbours is treated. Give the neighbours of the treated ones."
        raise DesignError(message)
    unknown = sorted(str(label) for label in treated - set(neighbours))
    cautions = [f"No neighbours were given for {', '.join(unknown)}."] if unknown else []
    if len(sets) > 1:
        sets["all of them"] = set().union(*sets.values())
    rows = [
        one_row(f"neighbours of {label}", difference_in_differences(data[~data[unit].isin(near)], **design))
        for label, near in sets.items()
    ]
    return _omissions("leave neighbours out", actual, rows, cautions)


def _check_map(neighbours: object, unit: str) -> None:
    """Refuse neighbours that are no map, and a text whose letters would be taken for labels."""
    if not isinstance(neighbours, Mapping):
        message = f"neighbours is {neighbours!r}. Give a map from each treated {unit} to a list of its neighbours."
        raise DesignError(message)
    loose = [label for label, near in neighbours.items() if isinstance(near, str) or not isinstance(near, Iterable)]
    if loose:
        near = neighbours[loose[0]]
        message = f"The neighbours of {loose[0]!r} are {near!r}, no list. Give a list of labels, such as [{near!r}]."
        raise DesignError(message)


def _omissions(
    kind: Literal["leave one out", "leave neighbours out"],
    actual: Comparison,
    rows: list[dict[str, Any]],
    cautions: list[str],
) -> Falsification:
    """Set an estimate beside those without some units, and say when the direction turns."""
    others, e = pd.DataFrame(rows), actual.estimate
    nothing = 1.0 if e.scale == "ratio" else 0.0
    turned = others.loc[(others["value"] > nothing) != (e.value > nothing), "label"]
    if len(turned):
        cautions = [*cautions, f"The direction turns without {', '.join(turned)}."]
    return Falsification(
        kind=kind, actual=e, others=others, as_large=None, smallest_share=None, cautions=tuple(cautions)
    )
