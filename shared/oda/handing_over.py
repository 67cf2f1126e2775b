"""Giving a list of people to a service: the file leaves the pilot through the gate `act`, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from oda.errors import DatasetError, GateError
from oda.governance import pass_gate
from oda.governance.probes import hash_key, measure
from oda.pilot import Pilot

DERIVED = "data/derived"


def hand_over(pilot: Pilot, file: Path, target: Path) -> Path:
    """Copy a person-level file to the folder of a service, and log it.

    Parameters
    ----------
    pilot
        The pilot.
    file
        A file in `data/derived` of the pilot.
    target
        A folder outside the pilot.

    Returns
    -------
    Path
        The copy.

    Raises
    ------
    GateError
        When the gate is shut, or a file of that name is there already.
    DatasetError
        When the file is not one of `data/derived`, or the folder lies inside the pilot.
    """
    home = pilot.folder.resolve()
    file, target = file.absolute(), target.resolve()
    if not file.resolve().is_relative_to(home / DERIVED) or file.is_symlink():
        message = f"{file.name} is not a file of {DERIVED}. Put what is handed over there first."
        raise DatasetError(message)
    if target.is_relative_to(home):
        message = f"{target.name} lies inside the pilot. Name the folder of the service."
        raise DatasetError(message)
    copy = target / file.name
    if copy.exists():
        message = f"act refused: {file.name} is in {target.name} already, and nothing is written over."
        raise GateError(message)
    place = file.resolve().relative_to(home).as_posix()
    hash_key(pilot.folder, create=True)
    measured = measure(pilot.folder, place, keyed=True)
    pass_gate("act", pilot, about={"path": place, "hash": measured.hash, "bytes": measured.bytes})
    descriptor, name = tempfile.mkstemp(dir=target, prefix=".oda-")
    os.close(descriptor)
    draft = Path(name)
    shutil.copyfile(file, draft)
    draft.replace(copy)
    return copy
