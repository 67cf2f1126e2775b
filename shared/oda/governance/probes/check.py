"""What a probe answers: one thing looked at, and whether it is as it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from oda.governance.classes import FREE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oda.governance.gathering import DatasetCard

SHOWN = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing looked at: what was found, and whether it is as it should be; None is not known."""

    finding: str
    passed: bool | None
    mend: str = ""


def unknown(finding: str, mend: str = "") -> Check:
    """Make a check whose answer is not known, which is never counted as met.

    Parameters
    ----------
    finding
        What could not be looked at, and why.
    mend
        What to do so that it can be.

    Returns
    -------
    Check
        Neither passed nor failed.

    Examples
    --------
    >>> unknown("git cannot be asked").passed is None
    True
    """
    return Check(finding=finding, passed=None, mend=mend)


def about_people(datasets: Iterable[DatasetCard]) -> tuple[DatasetCard, ...]:
    """Return the datasets that are neither open nor synthetic.

    Parameters
    ----------
    datasets
        The datasets of a pilot.

    Returns
    -------
    tuple of DatasetCard
        Those of class personal or pseudonymised, and of any class that is not known.

    Examples
    --------
    >>> about_people([])
    ()
    """
    return tuple(dataset for dataset in datasets if dataset.data_class not in FREE_CLASSES)


def shorten(names: Sequence[str]) -> str:
    """List the first names of many, and how many more there are.

    Parameters
    ----------
    names
        What to list.

    Returns
    -------
    str
        Such as `a, b, c and 2 more`.

    Examples
    --------
    >>> shorten(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
