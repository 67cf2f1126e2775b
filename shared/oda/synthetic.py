"""Made-up data for trying a pilot: seeded, calibrated to published figures, with an effect planted to be found again.

Nothing here has seen a real record: the inputs are the population and the yearly rate of each district as published.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from oda.datasets import Dataset, Synthetic
from oda.errors import DatasetError
from oda.hashing import hash_text_file, hash_values
from oda.pilot import Pilot
from oda.presets import read_preset

if TYPE_CHECKING:  # slow, and not needed where the file is there already
    import numpy as np
    import pandas as pd

FOLDER = "data/synthetic"
ENGLAND_RATE = 2170.0  # admissions per 100,000 people aged 65 and over in 2017/18, OHID indicator 22401
TYPICAL_POPULATION = 25_000.0
YEARLY_GROWTH = 0.012  # of the population aged 65 and over
YEARLY_TREND = -0.01  # of the rate, in every district alike
WINTER_PEAK = 0.10  # the rate in January above the year's mean
SHOCK_SD = 0.06  # of district-by-month shocks beyond Poisson, on the log scale
VISITS_PER_10_000 = 22.0  # home visits a month when the service runs in full
RAMP = (0.4, 0.7, 1.0)  # share of full visits in a district's first, second and later months


def make_falls(pilot: Pilot, recipe: Synthetic) -> pd.DataFrame:
    """Make monthly counts of falls admissions and home visits for each district of a pilot.

    The rate of admissions of a district that has visits is multiplied by `recipe.planted_rate_ratio` from its first
    month of visits on; that ratio is the truth an evaluation must find again.

    Parameters
    ----------
    pilot
        Districts, their first months of visits, and the start date.
    recipe
        Seed, planted rate ratio, and the months to make before and after the start.

    Returns
    -------
    DataFrame
        One row a district and month: `district_code`, `period` (text such as 2025-04), `population` (people aged 65 and
        over), `admissions`, `visits` (counts).
    """
    import numpy as np
    import pandas as pd

    start = pd.Period(pilot.pilot.start_date, freq="M")
    months = pd.period_range(start - recipe.months_before, start + recipe.months_after - 1, freq="M")
    published = _published(pilot)
    frames = []
    for district in pilot.districts:
        rng = np.random.default_rng([recipe.seed, *district.code.encode()])  # its own, wherever it stands in the list
        figures = published.get(district.code, {})
        people = figures.get("people_65_over", TYPICAL_POPULATION * math.exp(rng.normal(0, 0.3)))
        rate = figures.get("falls_rate", ENGLAND_RATE * math.exp(rng.normal(0, 0.12)))
        first = pd.Period(district.visits_from, freq="M") if district.visits_from else None
        frames.append(_district(rng, district.code, months, people, rate, first, recipe.planted_rate_ratio))
    return pd.concat(frames, ignore_index=True)


def _district(
    rng: np.random.Generator,
    code: str,
    months: pd.PeriodIndex,
    people: float,
    rate: float,
    first: pd.Period | None,
    planted: float,
) -> pd.DataFrame:
    """Make one district's months."""
    import numpy as np
    import pandas as pd

    elapsed = np.arange(len(months))
    population = np.round(people * (1 + YEARLY_GROWTH) ** (elapsed / 12))
    season = 1 + WINTER_PEAK * np.cos(2 * np.pi * (months.month.to_numpy() - 1) / 12)
    since = np.array([month.ordinal - first.ordinal if first is not None else -1 for month in months])
    shocks = np.exp(rng.normal(0, SHOCK_SD, len(months)) - SHOCK_SD**2 / 2)
    expected = population * rate / 100_000 / 12 * (1 + YEARLY_TREND) ** (elapsed / 12) * season * shocks
    expected = np.where(since >= 0, expected * planted, expected)
    full = population * VISITS_PER_10_000 / 10_000
    share = np.where(since >= 0, np.array(RAMP)[np.clip(since, 0, len(RAMP) - 1)], 0.0)
    return pd.DataFrame(
        {
            "district_code": code,
            "period": months.strftime("%Y-%m"),
            "population": population.astype(int),
            "admissions": rng.poisson(expected),
            "visits": rng.poisson(full * share),
        }
    )


def _published(pilot: Pilot) -> dict[str, dict[str, float]]:
    """Return the published figures of the ODA's districts, by code; none for an ODA without a preset."""
    preset = read_preset("odas", pilot.pilot.oda)
    return {district["code"]: district for district in preset.get("districts", [])}


_GENERATORS = {"falls": make_falls}


def write_synthetic(pilot: Pilot, dataset: Dataset) -> Path:
    """Write the file of a made-up dataset, unless it is there already with the same content.

    Parameters
    ----------
    pilot
        The pilot's settings.
    dataset
        A card of class `synthetic`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DatasetError
        When the card has no recipe, when its path is no CSV file in data/synthetic/, or when a file stands there that
        was not written here.
    """
    recipe, path = dataset.synthetic, pilot.folder / dataset.resource.path
    if recipe is None or path.suffix != ".csv" or "*" in path.name or path.parent != pilot.folder / FOLDER:
        message = (
            f"Dataset {dataset.name!r} is not made up into {dataset.resource.path}. Give its card an x-synthetic block "
            f"and the path {FOLDER}/{dataset.name}.csv; for a file of your own, class open and no x-synthetic."
        )
        raise DatasetError(message)
    text = _GENERATORS[recipe.generator](pilot, recipe).to_csv(index=False, lineterminator="\n").encode()
    seal = path.with_name(f"{path.name}.sha256")  # the hash of what was written last, so that an analyst's own is known
    sealed, made = _read(seal), _seal(pilot, recipe, text)  # before the file, which another process writes first
    there = _read(path)
    if there not in (b"", text) and _hash(there) != sealed[:65]:
        what = "other values" if there.splitlines()[:1] == text.splitlines()[:1] else "another heading"
        message = (
            f"{dataset.resource.path} has {what} than the made-up data, so it is not written over. If it is yours, put "
            f"it in data/raw/ and change {dataset.card_path.name}: its path, its class, and no x-synthetic. Delete it "
            "otherwise."
        )
        raise DatasetError(message)
    for place, content, old in ((path, text, there), (seal, made, sealed)):
        if content != old:
            _write(place, content)
    return path


def keep_synthetic(pilot: Pilot, dataset: Dataset) -> Path:
    """Write the file of a made-up dataset, unless its seal says that it was made of the same recipe and settings.

    Quicker than `write_synthetic`, which makes the data to compare them and is what a file is loaded by.

    Parameters
    ----------
    pilot
        The pilot's settings.
    dataset
        A card of class `synthetic`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DatasetError
        When the file has to be written and cannot be.
    """
    path = pilot.folder / dataset.resource.path
    sealed = _read(path.with_name(f"{path.name}.sha256"))
    if dataset.synthetic is None or path.suffix != ".csv" or not sealed:
        return write_synthetic(pilot, dataset)
    return path if sealed == _seal(pilot, dataset.synthetic, _read(path)) else write_synthetic(pilot, dataset)


def _seal(pilot: Pilot, recipe: Synthetic, content: bytes) -> bytes:
    """Return what stands in the seal: the hash of the content, and that of all it was made of."""
    districts = [(district.code, district.visits_from) for district in pilot.districts]
    code, lock = hash_text_file(Path(__file__)), hash_text_file(pilot.folder / "requirements" / "run.txt")
    settings = [recipe.model_dump(mode="json"), districts, pilot.pilot.start_date, _published(pilot), code, lock]
    return _hash(content) + hash_values(settings).encode() + b"\n"


def _hash(content: bytes) -> bytes:
    """Return the SHA-256 of some content, as it stands in a seal."""
    return hashlib.sha256(content).hexdigest().encode() + b"\n"


def _read(path: Path) -> bytes:
    """Return a file's content, nothing when it is absent."""
    return path.read_bytes() if path.is_file() else b""


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step, so that another process never reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    Path(name).replace(path)
