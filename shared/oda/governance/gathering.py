"""The files, sign-offs, signers, log and datasets of a pilot, gathered for the checklist."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from oda.governance import keys
from oda.governance.assessment import AssessedDataset
from oda.governance.canonical import digest
from oda.governance.checklist import Checklist, load_checklist
from oda.governance.classes import FREE_CLASSES
from oda.governance.evidence import Evidence
from oda.governance.files.folder import CARDS, Holdings, read_folder
from oda.governance.log import Log, read_log
from oda.governance.probes.data_files import copies_of_personal
from oda.governance.probes.measuring import KEYED
from oda.governance.signers import SIGNERS_FILE
from oda.governance.signoffs import SIGNOFFS, Chain, Record, read_chains
from oda.governance.standing import stand
from oda.governance.trust import load_trust
from oda.pilot import Pilot

OWN_ITEMS = "governance/checklist.yml"
OWN = "X"  # what the id of a pilot's own item begins with


class DatasetCard(Protocol):
    """What governance needs to know of a dataset, whoever reads its card."""

    @property
    def name(self) -> str:
        """The name by which the dataset is loaded."""

    @property
    def title(self) -> str:
        """The name for people."""

    @property
    def data_class(self) -> str:
        """One of synthetic, open, pseudonymised and personal."""

    @property
    def card_path(self) -> Path:
        """The file that describes the dataset."""


def gather(
    pilot: Pilot,
    datasets: Iterable[DatasetCard] | None = None,
    *,
    checklist: Checklist | None = None,
    now: dt.datetime | None = None,
) -> tuple[Evidence, tuple[str, ...]]:
    """Read all that the states are computed from.

    Parameters
    ----------
    pilot, datasets, checklist, now
        As in `assess`.

    Returns
    -------
    evidence : Evidence
        The files, sign-offs, log and signers at one moment.
    strays : tuple of str
        A sentence on each file that nothing reads.
    """
    folder = pilot.folder
    checklist = checklist or load_checklist(own=folder / OWN_ITEMS)
    own = [s.path for item in checklist.items if item.id.startswith(OWN) for s in item.subjects]
    holdings, trust, log = read_folder(folder, own), load_trust(folder), read_log(folder)
    chains, strays = read_chains(folder, log)
    assessed = _assessed(folder, datasets, holdings)
    evidence = Evidence(
        folder=folder,
        slug=pilot.pilot.slug,
        checklist=checklist,
        holdings=holdings,
        trust=trust,
        log=log,
        chains=chains,
        verdicts=_verdicts(folder, chains),
        datasets=assessed,
        reclassified=frozenset(),
        now=now or dt.datetime.now(dt.UTC),
    )
    evidence = replace(evidence, reclassified=_reclassified(evidence))
    before, copies = evidence.reclassified, copies_of_personal(folder, evidence.cards, _hashes(log))
    if before and trust.matches and stand(checklist.item("D01"), evidence).state == "signed":
        before = frozenset()  # the owner of the data has signed the new class
    evidence = replace(evidence, reclassified=before | copies)
    unknown = sorted(set(chains) - {item.id for item in checklist.items})
    gone = [f"{SIGNOFFS} has sign-offs of {item}, which is no item of the checklist." for item in unknown]
    return evidence, (*strays, *gone)


def _assessed(folder: Path, datasets: Iterable[DatasetCard] | None, holdings: Holdings) -> tuple[AssessedDataset, ...]:
    """Return each dataset with its class; a card that cannot be read counts as personal."""
    cards = holdings.matching(CARDS)
    hashes = {held.place: digest(held.raw) for held in cards}
    known = [(d.name, d.data_class, _inside(d, folder)) for d in datasets] if datasets is not None else []
    read = [(Path(held.place).stem, _class(held.raw), held.place) for held in cards] if datasets is None else known
    return tuple(
        AssessedDataset(name=name, data_class=kind, place=place, sha256=hashes.get(place, ""))
        for name, kind, place in read
    )


def _inside(dataset: DatasetCard, folder: Path) -> str:
    """Return where a card lies inside the pilot."""
    path = dataset.card_path
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _class(raw: Any) -> str:  # noqa: ANN401  plain content of any kind
    """Return the class that a card gives; one that gives none is taken for personal."""
    custody = raw.get("x-ig") if isinstance(raw, Mapping) else None
    found = custody.get("class") if isinstance(custody, Mapping) else None
    return found if isinstance(found, str) else "personal"


def _reclassified(evidence: Evidence) -> frozenset[str]:
    """Return the datasets that claim to be free, or have no card, in a pilot that has held personal data.

    A card that the log knew from its first mention on, and that still says the same, stays free.
    """
    logged = [(_named(entry.body.get("classes")), _named(entry.body.get("cards"))) for entry in evidence.log.entries]
    personal = {name for classes, _ in logged for name, kind in classes.items() if kind not in FREE_CLASSES}
    gone = personal - {dataset.name for dataset in evidence.datasets}
    if not personal and not _was_personal(evidence):
        return frozenset()
    first: dict[str, str] = {}
    for classes, cards in logged:
        for name, kind in classes.items():
            first.setdefault(name, cards.get(name, "") if kind in FREE_CLASSES else "")
    whole = not (evidence.log.faults or evidence.history_faults)
    free = [dataset for dataset in evidence.datasets if dataset.data_class in FREE_CLASSES]
    same = {d.name for d in free if whole and d.name not in personal and d.sha256 and first.get(d.name) == d.sha256}
    return frozenset(gone | ({dataset.name for dataset in free} - same))


def _was_personal(evidence: Evidence) -> bool:
    """Tell whether sign-offs say that the pilot held personal data, or what would say so is damaged or gone."""
    personal = evidence.checklist.personal_gates
    about = {item.id for item in evidence.checklist.items if personal.issuperset(item.gates)}
    return bool(evidence.log.faults or evidence.history_faults or about & set(evidence.chains))


def _named(value: object) -> dict[str, str]:
    """Return names and values of a line of the log, none where it holds none."""
    return {str(name): str(one) for name, one in value.items()} if isinstance(value, Mapping) else {}


def _hashes(log: Log) -> frozenset[str]:
    """Return the keyed hashes of data about people that the log names; those of other data are not keyed."""
    named = (entry.body.get("hash") for entry in log.entries if entry.event == "gate")
    return frozenset(one for one in named if isinstance(one, str) and one.startswith(KEYED))


def _verdicts(folder: Path, chains: Mapping[str, Chain]) -> dict[str, str]:
    """Verify the signature of every record; each takes a process of its own, so a few go side by side."""
    records = [record for chain in chains.values() if not chain.fault for record in chain.records]
    with ThreadPoolExecutor(max_workers=min(8, 2 * (os.cpu_count() or 1))) as pool:
        return dict(zip([r.place for r in records], pool.map(lambda r: _verdict(folder, r), records), strict=True))


def _verdict(folder: Path, record: Record) -> str:
    """Verify one signature; say why it is bad, or nothing."""
    if record.signoff is None or not record.signature:
        return record.fault or "it has no signature"
    return keys.verify(
        record.content,
        record.signature,
        signers=folder / SIGNERS_FILE,
        principal=record.signoff.principal,
        at=record.signoff.signed_at,
    )
