"""What a check of the checklist finds, as frozen types; nothing here is ever stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from oda.errors import COMMAND, GateError
from oda.governance.checklist import GATES, GateName, Safe

State = Literal["open", "signed", "stale", "expired", "rejected", "invalid", "n/a", "not_required", "met", "failed"]

PASSING: frozenset[State] = frozenset({"signed", "met", "n/a", "not_required"})
ABOUT = "Evidence of process, and not legal advice: the people in the roles named here decide."
HEADINGS = ("item", "what must be true", "state", "who", "next")


@dataclass(frozen=True, kw_only=True, slots=True)
class AssessedDataset:
    """A dataset as it was when the checklist was assessed.

    Attributes
    ----------
    name, data_class
        As its card gives them.
    place, sha256
        Its card inside the pilot, and the hash of what the card says.
    """

    name: str
    data_class: str
    place: str = ""
    sha256: str = ""


def logged_classes(datasets: Iterable[AssessedDataset]) -> dict[str, dict[str, str]]:
    """Return what the log remembers of datasets: the class and the hash of each card, by name.

    Parameters
    ----------
    datasets
        As they were assessed.

    Returns
    -------
    dict of dict
        `classes` and `cards`.

    Examples
    --------
    >>> logged_classes([AssessedDataset(name="falls", data_class="open", sha256="ab")])
    {'classes': {'falls': 'open'}, 'cards': {'falls': 'ab'}}
    """
    known = list(datasets)
    return {"classes": {d.name: d.data_class for d in known}, "cards": {d.name: d.sha256 for d in known}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """A sign-off that an item rests on, without the name of a person.

    Attributes
    ----------
    record, sha256
        Where it lies, and its hash.
    decision, role, organisation
        What was decided, in which role, for which organisation.
    signed_on, expires
        The days from which and until which it holds.
    route
        `key`, or the weaker `pull request 12, seen by the ...`.
    conditions
        What it was made to depend on.
    """

    record: str
    sha256: str
    decision: str
    role: str
    organisation: str
    signed_on: str
    expires: str
    route: str
    conditions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One item of the checklist and how it stands.

    Attributes
    ----------
    item, safe, title
        The item's id, its part of the Five Safes, and what must be true.
    state, reason
        How it stands and why, in words.
    signers, next_step
        The role or roles that sign it, and what to do next; an empty step where there is nothing to do.
    gates, by_machine
        The gates that wait for it, and whether it is computed instead of signed.
    roles, minutes, confirm
        The ids of the roles that sign, how long one takes, and what a signer says by signing.
    is_ready
        Whether it can be signed now: its files are there, filled in and valid, and nobody has signed them as they are.
    waiting_for
        The controllers that have still to sign, where each does.
    signatures
        The sign-offs that it rests on.
    """

    item: str
    safe: Safe
    title: str
    state: State
    reason: str
    signers: str
    next_step: str
    gates: tuple[GateName, ...]
    by_machine: bool
    roles: tuple[str, ...] = ()
    minutes: int = 0
    confirm: str = ""
    is_ready: bool = False
    waiting_for: tuple[str, ...] = ()
    signatures: tuple[Signature, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether a gate may open as far as this item goes."""
        return self.state in PASSING


@dataclass(frozen=True, kw_only=True, slots=True)
class GateState:
    """One gate: whether it is open, and the items that are missing.

    Attributes
    ----------
    gate, title
        Its name, and what it guards.
    is_open, missing, reason
        Whether it lets things through, the ids of the items that it waits for, and why, in words.
    """

    gate: GateName
    title: str
    is_open: bool
    missing: tuple[str, ...]
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """The whole checklist of a pilot at one moment.

    Attributes
    ----------
    checklist_version, checklist_sha256
        The version of the catalogue of items, and its hash.
    datasets, findings, gates
        What was assessed, and how each item and each gate stands.
    notes
        What the reader must know that belongs to no item, such as a stray record.
    reclassified
        Datasets that claim to be open or made up, and were known as personal before.
    closed_on
        The day on which the pilot was closed; empty while it runs.
    about
        What this is worth and who decides; shown wherever the findings are.
    """

    checklist_version: str
    checklist_sha256: str
    datasets: tuple[AssessedDataset, ...]
    findings: tuple[Finding, ...]
    gates: tuple[GateState, ...]
    notes: tuple[str, ...]
    reclassified: frozenset[str] = frozenset()
    closed_on: str = ""
    about: str = ABOUT

    def finding(self, item: str) -> Finding:
        """Return the finding on one item.

        Parameters
        ----------
        item
            The item's id, such as `P01`.

        Returns
        -------
        Finding
            How the item stands.

        Raises
        ------
        GateError
            When the checklist has no such item.
        """
        for finding in self.findings:
            if finding.item == item:
                return finding
        message = f"{item!r} is not an item of checklist {self.checklist_version}. Run: {COMMAND} check"
        raise GateError(message)

    def gate(self, name: str) -> GateState:
        """Return how one gate stands.

        Parameters
        ----------
        name
            The gate's name, such as `load`.

        Returns
        -------
        GateState
            Whether it is open, and what is missing.

        Raises
        ------
        GateError
            When there is no such gate; a misspelt gate never opens.
        """
        for gate in self.gates:
            if gate.gate == name:
                return gate
        message = f"{name!r} is not a gate. The gates are: {', '.join(GATES)}."
        raise GateError(message)

    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Return the findings as rows of text, in the order of `HEADINGS`.

        Returns
        -------
        tuple of tuple of str
            One row an item.
        """
        return tuple((f.item, f.title, f.state.replace("_", " "), f.signers, f.next_step) for f in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types.

        Returns
        -------
        dict
            What `oda check --json` prints.
        """
        return {**asdict(self), "reclassified": sorted(self.reclassified)}
