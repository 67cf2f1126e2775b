"""Machine items: what this version can find out by itself, and what it cannot.

A probe answers True, False or, where it cannot know, None; None is never counted as met. The signers' keys (E03) and
the record of a release (O01) are looked at in `trusting.py` and `releases.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from oda.governance.probes.check import Check, unknown
from oda.governance.probes.data_files import look_at_data_files
from oda.governance.probes.hooks import install_hook, scan
from oda.governance.probes.ignoring import ignores
from oda.governance.probes.measuring import Measured, hash_key, measure
from oda.governance.probes.recording import write_measured
from oda.governance.probes.repository import look_at_repository

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from oda.governance.gathering import DatasetCard

__all__ = [
    "Check",
    "Measured",
    "hash_key",
    "ignores",
    "install_hook",
    "measure",
    "probe",
    "scan",
    "write_measured",
]


def probe(item_id: str, folder: Path, datasets: Sequence[DatasetCard] = ()) -> tuple[Check, ...]:
    """Look at what a machine item is about.

    Parameters
    ----------
    item_id
        The item's id, such as `S04`.
    folder
        The pilot's folder.
    datasets
        All its datasets.

    Returns
    -------
    tuple of Check
        At least one; an item with no probe yields one that is not known.

    Examples
    --------
    >>> from pathlib import Path
    >>> probe("P01", Path())[0].passed is None
    True
    """
    if item_id not in PROBES:
        return (unknown("this version does not look at it"),)
    return PROBES[item_id](folder, datasets)


PROBES: dict[str, Callable[[Path, Sequence[DatasetCard]], tuple[Check, ...]]] = {
    "S04": look_at_repository,
    "D03": look_at_data_files,
}
