"""What a check of the checklist finds, as frozen types; nothing here is ever stored."""

from __future__ import annotations

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
    """

    name: str
    data_class: str


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
    checklist_version
        The version of the catalogue of items.
    datasets, findings, gates
        What was assessed, and how each item and each gate stands.
    notes
        What the reader must know that belongs to no item, such as a stray record.
    about
        What this is worth and who decides; shown wherever the findings are.
    """

    checklist_version: str
    datasets: tuple[AssessedDataset, ...]
    findings: tuple[Finding, ...]
    gates: tuple[GateState, ...]
    notes: tuple[str, ...]
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
        return asdict(self)
