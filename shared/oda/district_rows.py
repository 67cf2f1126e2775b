"""The rows of each district hashed apart, so that what needs one district is not run again for a row of another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from oda.datasets import Dataset
from oda.finding import SourceFile
from oda.hashing import hash_values
from oda.pilot import Pilot
from oda.reading import plain_name, read_values


def hash_districts(pilot: Pilot, dataset: Dataset, files: Sequence[SourceFile]) -> dict[str, str]:
    """Hash a dataset's card with the rows of each district, so that a row of another one changes nothing.

    Parameters
    ----------
    pilot
        The pilot's settings: its districts.
    dataset
        The card: the columns that are used, and which rows are wanted.
    files
        Its files, in order.

    Returns
    -------
    dict
        Hashes by the code of the district.

    Raises
    ------
    DatasetError
        When a column is missing or a file cannot be read.
    """
    wanted = list(dict.fromkeys([c.source for c in dataset.columns] + list(dataset.resource.where)))
    sources = {column.name: wanted.index(column.source) for column in dataset.columns}
    by_code = "district_code" in sources
    key = sources["district_code" if by_code else "district_name"]
    found = {(one.code if by_code else plain_name(one.name)): hashlib.sha256() for one in pilot.districts}
    where = [
        (wanted.index(name), {str(one).strip() for one in (value if isinstance(value, list) else [value])})
        for name, value in dataset.resource.where.items()
    ]
    for values in (values for file in files for values in read_values(file, dataset, wanted)):
        digest = found.get(values[key].upper() if by_code else plain_name(values[key]))
        if digest is not None and all(values[place] in allowed for place, allowed in where):
            digest.update(f"{values!r}\n".encode())
    about = dataset.model_dump(mode="json", by_alias=True)
    return {
        one.code: hash_values(about, one.name, found[one.code if by_code else plain_name(one.name)].hexdigest())
        for one in pilot.districts
    }
