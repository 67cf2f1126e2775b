"""A dataset's card made to say what its file is: hash, size and rows."""

from __future__ import annotations

from oda.datasets import Dataset
from oda.errors import DatasetError
from oda.governance.classes import FREE_CLASSES
from oda.governance.probes import Measured, hash_key, measure, write_measured
from oda.pilot import Pilot
from oda.reading import find_files, read_pieces


def describe_file(pilot: Pilot, card: Dataset) -> tuple[Measured, int]:
    """Measure a dataset's file and write what was found into its card.

    The hash of data about people is made with the pilot's key, which stays beside the data.

    Parameters
    ----------
    pilot
        The pilot.
    card
        The dataset's card.

    Returns
    -------
    measured : Measured
        The hash and the size.
    rows : int
        The rows in the file or files, headings left out.

    Raises
    ------
    DatasetError
        When the data are made up, the file cannot be read, or the card cannot be edited.
    """
    if card.synthetic is not None:
        message = f"{card.name} is made up, and made anew when it is loaded. Its card needs no hash."
        raise DatasetError(message)
    keyed = card.data_class not in FREE_CLASSES
    if keyed:
        hash_key(pilot.folder, create=True)
    measured = measure(pilot.folder, card.resource.path, keyed=keyed)
    rows = sum(len(piece) for file in find_files(pilot.folder, card) for piece in read_pieces(file, card))
    write_measured(card.card_path, measured, rows)
    return measured, rows
