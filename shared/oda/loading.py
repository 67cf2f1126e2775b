"""The data stage: `load("falls")`, past the gate, read, checked and with an account of every row."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from oda import tracing
from oda.checking import Tally, check_files
from oda.datasets import Dataset, find_dataset, load_datasets
from oda.district_rows import hash_districts
from oda.errors import COMMAND, DatasetError, GateError
from oda.finding import SourceFile, find_files, hash_dataset
from oda.governance import Assessment, pass_gate, refuse_identifiers
from oda.governance.classes import FREE_CLASSES
from oda.governance.log import append
from oda.hashing import hash_setting
from oda.periods import say_period
from oda.pilot import District, Pilot, load_pilot
from oda.reading import read_heading
from oda.synthetic import write_synthetic

_held: defaultdict[Path, set[str]] = defaultdict(set)  # whose personal data this process has loaded, by pilot


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """What came, what is missing, and what was left out and why.

    Attributes
    ----------
    files
        The files read, with size and SHA-256.
    rows_read, rows_blank, rows_not_wanted, rows_no_district, rows_other_areas, rows_used
        Counts of rows: in the files; blank; left out by the card's `x-where`; with no district; of areas that are not
        in the pilot; used.
    other_areas
        How many other areas the files hold.
    missing_values
        For each column, how many of the used rows have no value.
    missing_periods
        District and period for which there is no row, between the first and the last period of any district.
    """

    files: tuple[SourceFile, ...]
    rows_read: int
    rows_blank: int
    rows_not_wanted: int
    rows_no_district: int
    rows_other_areas: int
    rows_used: int
    other_areas: int
    missing_values: dict[str, int]
    missing_periods: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A dataset ready for work.

    Attributes
    ----------
    frame
        One row a district and period: `district_code`, `district`, `period` and the card's columns.
    card
        The dataset's card: titles, units, class, licence.
    audit
        What came, what is missing, what was left out.
    """

    frame: pd.DataFrame
    card: Dataset
    audit: Audit


def load(name: str, pilot: Pilot | None = None, *, district: str | None = None) -> Loaded:
    """Load a dataset of the pilot by the name of its card.

    With `district` the frame and the account hold that district alone, so that a notebook which needs no other is run
    again only when a row of that district changes.

    Parameters
    ----------
    name
        Such as `falls`, for `governance/datasets/falls.yml`.
    pilot
        The pilot's settings; those of the folder one works in when not given.
    district
        The code or name of one district; all of the pilot when not given.

    Returns
    -------
    Loaded
        The checked frame, its card and an account of every row; for one district the account names no files.

    Raises
    ------
    GateError
        When the information-governance checklist does not allow it.
    DatasetError
        When the card or a file is not right, naming the file, the column and the row.
    SettingsError
        When the pilot has no such district.
    """
    with tracing.ours():
        loaded, used = _load(name, pilot or load_pilot(), district)
    for what, digits in used.items():
        tracing.note(what, digits)
    return loaded


def _load(name: str, pilot: Pilot, district: str | None) -> tuple[Loaded, dict[str, str]]:
    """Load a dataset, and say by name and hash what of it was used."""
    one = None if district is None else pilot.district(district)
    card = find_dataset(pilot, name)
    _pass_gates(pilot, card)
    if card.synthetic is not None:
        write_synthetic(pilot, card)
    files = find_files(pilot.folder, card)
    for file in files:
        refuse_identifiers(card.name, card.data_class, read_heading(file, card))
    ours = pilot if one is None else pilot.model_copy(update={"districts": (one,)})
    frame, tally = check_files(ours, card, files)
    if card.resource.rows not in {None, tally.read}:
        message = (
            f"{card.name}: {tally.read:,} rows in the file, and {card.resource.rows:,} in its card. "
            f"If the file is the right one: {COMMAND} card {card.name}"
        )
        raise DatasetError(message)
    used = _used(pilot, card, files, one) if tracing.running() else {}
    if one is not None:  # of the rest nothing is told that could come to depend on it
        files, tally = (), Tally(read=len(frame))
    return Loaded(frame=frame, card=card, audit=_audit(frame, tally, files)), used


def _used(pilot: Pilot, card: Dataset, files: tuple[SourceFile, ...], one: District | None) -> dict[str, str]:
    """Name what a notebook uses that loads this, with its hash."""
    if one is not None:
        return {f"dataset {card.name} for {one.code}": hash_districts(pilot, card, files)[one.code]}
    return {
        f"dataset {card.name}": hash_dataset(card, files),
        "districts": hash_setting(pilot, "districts"),
    }


def _pass_gates(pilot: Pilot, card: Dataset) -> None:
    """Pass `load`, and `link` too where this process already holds data of another controller."""
    cards = load_datasets(pilot)
    about = {"path": card.resource.path, "hash": card.resource.hash}
    assessment = pass_gate("load", pilot, dataset=card, datasets=cards, about=about)
    if card.data_class in FREE_CLASSES:
        _check_apart(pilot, card, cards, assessment)
        return
    if _held[pilot.folder] - {card.custody.controller}:
        pass_gate("link", pilot, dataset=card, datasets=cards, about=about)
    _held[pilot.folder].add(card.custody.controller)


def _check_apart(pilot: Pilot, card: Dataset, cards: tuple[Dataset, ...], assessment: Assessment) -> None:
    """Refuse an open file beside data about people unless each file is the one of its card, and none a copy.

    What is made up is made here, and its file compared with that.
    """
    found = assessment.finding("D03")
    if found.passes or card.synthetic is not None or not any(_holds_people(pilot, one) for one in cards):
        return
    about = {"dataset": card.name, "path": card.resource.path, "hash": card.resource.hash}
    append(pilot.folder, "gate", {**about, "gate": "load", "decision": "refused", "missing": ["D03"]})
    raise GateError(
        f"load refused: dataset {card.name!r} is of class {card.data_class}, and open data beside data about people "
        f"load only where D03 ({found.title}) holds. It is {found.state} ({found.reason}). To see it: {COMMAND} check"
    )


def _holds_people(pilot: Pilot, card: Dataset) -> bool:
    """Tell whether a card is of data about people that are here, or were when the card was written."""
    about_people = card.data_class not in FREE_CLASSES
    return about_people and (bool(card.resource.hash) or any(pilot.folder.glob(card.resource.path)))


def _audit(frame: pd.DataFrame, tally: Tally, files: tuple[SourceFile, ...]) -> Audit:
    """Account for every row and every gap."""
    values = [name for name in frame.columns if name not in ("district_code", "district", "period")]
    every = pd.period_range(frame["period"].min(), frame["period"].max(), freq=frame["period"].iloc[0].freqstr)
    there = set(zip(frame["district"], frame["period"], strict=True))
    gaps = [(d, say_period(p)) for d in frame["district"].unique() for p in every if (d, p) not in there]
    return Audit(
        files=files,
        rows_read=tally.read,
        rows_blank=tally.blank,
        rows_not_wanted=tally.not_wanted,
        rows_no_district=tally.no_district,
        rows_other_areas=tally.other_areas,
        rows_used=len(frame),
        other_areas=len(tally.areas),
        missing_values={name: int(frame[name].isna().sum()) for name in values},
        missing_periods=tuple(gaps),
    )
