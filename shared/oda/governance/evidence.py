"""Everything that the states of the checklist are computed from, read once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from oda.governance.assessment import AssessedDataset
from oda.governance.canonical import digest, select
from oda.governance.checklist import Checklist, Item, Subject
from oda.governance.classes import FREE_CLASSES
from oda.governance.files import PROJECT_FILE, Flags, Project
from oda.governance.files.base import Held
from oda.governance.files.flows import Flow
from oda.governance.files.folder import Holdings
from oda.governance.files.people import PEOPLE_FILE, People
from oda.governance.history import committed_faults
from oda.governance.log import Log
from oda.governance.signoffs import Chain, Record, SignedSubject
from oda.governance.trust import Trust


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A dataset as the probes ask for it: its name, its class and where its card lies."""

    name: str
    title: str
    data_class: str
    card_path: Path


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The files of a pilot, the sign-offs, the log and the list of signers at one moment.

    Attributes
    ----------
    folder, slug
        Where the pilot is, and its name, which every sign-off holds.
    checklist, holdings, trust, log, chains
        The items; the files they are about; who may sign; what was decided; what was signed.
    verdicts
        Why the signature of a record is bad, by its place; an empty text where it is good.
    datasets
        The datasets, each with its class.
    reclassified
        Datasets that claim to be open or made up, or are gone, and were known as personal before; and those that
        hold a copy of one that is.
    now
        The moment.
    """

    folder: Path
    slug: str
    checklist: Checklist
    holdings: Holdings
    trust: Trust
    log: Log
    chains: Mapping[str, Chain]
    verdicts: Mapping[str, str]
    datasets: tuple[AssessedDataset, ...]
    reclassified: frozenset[str]
    now: dt.datetime
    _digests: dict[tuple[str, tuple[str, ...]], str] = field(default_factory=dict)

    @property
    def today(self) -> dt.date:
        """The day, by which dates have passed or not."""
        return self.now.date()

    @cached_property
    def history_faults(self) -> tuple[str, ...]:
        """What git remembers of the log and the sign-offs, and is gone or changed."""
        return committed_faults(self.folder)

    @cached_property
    def project(self) -> Project | None:
        """The pilot's own statement, where it is valid and filled in."""
        return self.holdings.content(PROJECT_FILE, Project)

    @cached_property
    def flags(self) -> Flags:
        """The answers that decide which items are needed, read even while the rest is being filled in."""
        held = self.holdings.held.get(PROJECT_FILE)
        raw = held.raw.get("flags") if held and isinstance(held.raw, Mapping) else None
        known = raw if isinstance(raw, Mapping) else {}
        given = {name: known[name] for name in Flags.model_fields if isinstance(known.get(name), bool)}
        return Flags.model_validate(given)

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """The datasets as the probes ask for them."""
        return tuple(
            Card(name=one.name, title=one.name, data_class=one.data_class, card_path=self.folder / one.place)
            for one in self.datasets
        )

    @cached_property
    def people(self) -> People | None:
        """The people, where their file is valid and filled in."""
        return self.holdings.content(PEOPLE_FILE, People)

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """The flows that are valid and filled in."""
        return self.holdings.contents(Flow)

    @cached_property
    def controllers(self) -> tuple[str, ...]:
        """Every organisation that decides over data in a flow, filled in or not."""
        found = {org for held in self.holdings.matching("governance/flows/*.yml") for org in _controllers(held.raw)}
        return tuple(sorted(found))

    @cached_property
    def free_of_personal(self) -> str:
        """Why the pilot holds no personal data; empty when it does, or may."""
        if self.reclassified or any(dataset.data_class not in FREE_CLASSES for dataset in self.datasets):
            return ""
        counts = Counter(dataset.data_class for dataset in self.datasets)
        kinds = " and ".join(f"{n} {kind} dataset{'s' if n > 1 else ''}" for kind, n in sorted(counts.items()))
        return f"no personal data in this pilot: {kinds or 'it has no dataset'}"

    def subject(self, subject: Subject, organisation: str = "") -> tuple[Held, ...]:
        """Return the files of a subject; for one controller, those that it takes part in.

        Parameters
        ----------
        subject
            A path or pattern of the checklist.
        organisation
            A controller, where the item is signed by each.

        Returns
        -------
        tuple of Held
            In order of path.
        """
        found = self.holdings.matching(subject.path)
        return tuple(one for one in found if _takes_part(one.raw, organisation)) if organisation else found

    def hashes(
        self, item: Item, organisation: str = "", signed: Mapping[str, SignedSubject] | None = None
    ) -> dict[str, SignedSubject]:
        """Return what a sign-off of an item binds now, by path.

        Parameters
        ----------
        item
            The item.
        organisation
            A controller, where the item is signed by each.
        signed
            What a sign-off bound; it is returned itself for files that are wholly as they were.

        Returns
        -------
        dict of SignedSubject
            By the file's path inside the pilot.
        """
        known = signed or {}
        return {
            one.place: self._bound(one, subject.parts, known.get(one.place))
            for subject in item.subjects
            for one in self.subject(subject, organisation)
        }

    def _bound(self, held: Held, parts: tuple[str, ...], before: SignedSubject | None) -> SignedSubject:
        """Return what binds parts of a file: as before where the whole file is the same."""
        whole = self._digest(held, ())
        if before and (before.whole, before.parts, before.canon) == (whole, parts, held.canon):
            return before
        sha256 = self._digest(held, parts)
        return SignedSubject(path=held.place, parts=parts, sha256=sha256, canon=held.canon, whole=whole)

    def _digest(self, held: Held, parts: tuple[str, ...]) -> str:
        """Return the hash of parts of a file, reckoned once."""
        key = (held.place, parts)
        if key not in self._digests:
            self._digests[key] = digest(select(held.bound, parts))
        return self._digests[key]

    def deciding(self, item: str, organisation: str = "") -> Record | None:
        """Return the latest sign-off of an item, of one controller where the item is signed by each.

        Parameters
        ----------
        item
            The item's id.
        organisation
            A controller, or nothing.

        Returns
        -------
        Record or None
            Nothing where nobody has signed.
        """
        chain = self.chains.get(item, Chain())
        mine = [r for r in chain.records if not organisation or (r.signoff and r.signoff.organisation == organisation)]
        return mine[-1] if mine else None


def _controllers(raw: Any) -> Iterator[str]:  # noqa: ANN401  plain content of any kind
    """Yield the controllers of a flow as its file stands, checked or not."""
    for end in ("from", "to"):
        party = raw.get(end) if isinstance(raw, Mapping) else None
        if isinstance(party, Mapping) and party.get("role") != "processor" and isinstance(party.get("org"), str):
            yield party["org"]


def _takes_part(raw: Any, organisation: str) -> bool:  # noqa: ANN401  as above
    """Tell whether an organisation is in a flow or an agreement."""
    if not isinstance(raw, Mapping):
        return True
    parties: Sequence[Any] = (
        raw["parties"] if isinstance(raw.get("parties"), list) else [raw.get("from"), raw.get("to")]
    )
    return any(isinstance(party, Mapping) and party.get("org") == organisation for party in parties)
