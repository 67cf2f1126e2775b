"""The governance stage: the files of a pilot, and its datasets, assessed against the checklist.

A state is computed each time and never stored. This version cannot verify a sign-off,
so no file in `governance/signoffs/` makes an item count as signed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from oda.governance.assessment import AssessedDataset, Assessment, Finding, GateState, State
from oda.governance.checklist import Checklist, GateName, Item, Subject, load_checklist
from oda.governance.probes import probe
from oda.governance.files.project import PROJECT_FILE, Flags, Project, load_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from oda.pilot import Pilot

SIGNOFFS = "governance/signoffs"
UNVERIFIED = "sign-offs cannot be verified by this version"
FREE_CLASSES = frozenset({"synthetic", "open"})


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


@dataclass(frozen=True, kw_only=True, slots=True)
class _Evidence:
    """Everything that the states are computed from."""

    folder: Path
    checklist: Checklist
    project: Project | None
    free_of_personal: str
    records: dict[str, list[str]]

    @property
    def flags(self) -> Flags:
        """The answers of the pilot; none of them where there is no project file."""
        return self.project.flags if self.project else Flags()


def assess(pilot: Pilot, datasets: Iterable[DatasetCard], *, checklist: Checklist | None = None) -> Assessment:
    """Compute how every item of the checklist stands, from the files of a pilot.

    Parameters
    ----------
    pilot
        The pilot whose `governance` folder is read.
    datasets
        All its dataset cards.
    checklist
        Another checklist than the one of this version.

    Returns
    -------
    Assessment
        All items, all gates, and the notes that belong to no item.

    Raises
    ------
    SettingsError
        When `governance/project.yml` or the checklist is not valid.
    """
    checklist = checklist or load_checklist()
    assessed = tuple(AssessedDataset(name=d.name, data_class=d.data_class) for d in datasets)
    project = load_project(pilot.folder)
    records, strays = _records(pilot.folder, checklist)
    evidence = _Evidence(
        folder=pilot.folder,
        checklist=checklist,
        project=project,
        free_of_personal=_free_of_personal(assessed),
        records=records,
    )
    findings = tuple(_finding(item, evidence) for item in checklist.items)
    absent = () if project else (f"{PROJECT_FILE} is not there, so every flag is taken in the cautious way.",)
    return Assessment(
        checklist_version=checklist.version,
        datasets=assessed,
        findings=findings,
        gates=tuple(_gate(name, evidence, findings) for name in checklist.gates),
        notes=(*absent, *strays),
    )


def _free_of_personal(datasets: Sequence[AssessedDataset]) -> str:
    """Say why a pilot holds no personal data; empty when it does, or may."""
    if any(dataset.data_class not in FREE_CLASSES for dataset in datasets):
        return ""
    counts = Counter(dataset.data_class for dataset in datasets)
    kinds = " and ".join(f"{n} {kind} dataset{'s' if n > 1 else ''}" for kind, n in sorted(counts.items()))
    return f"no personal data in this pilot: {kinds or 'it has no dataset'}"


def _records(folder: Path, checklist: Checklist) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Return the sign-off records by item, and a note on each that names no item."""
    by_item: dict[str, list[str]] = {item.id: [] for item in checklist.items}
    strays = []
    for path in sorted((folder / SIGNOFFS).glob("*.json")):
        match = re.match(r"[A-Za-z]\d{2}(?!\d)", path.name)
        item = match.group().upper() if match else ""
        if item in by_item:
            by_item[item].append(f"{SIGNOFFS}/{path.name}")
        else:
            strays.append(f"{SIGNOFFS}/{path.name} names no item of the checklist.")
    return by_item, tuple(strays)


def _finding(item: Item, evidence: _Evidence) -> Finding:
    """Compute how one item stands."""
    state, reason, next_step = _state(item, evidence)
    return Finding(
        item=item.id,
        safe=item.safe,
        title=item.title,
        state=state,
        reason=reason,
        signers=evidence.checklist.signers(item),
        next_step=next_step,
        gates=item.gates,
        by_machine=item.by_machine,
    )


def _state(item: Item, evidence: _Evidence) -> tuple[State, str, str]:
    """Return the state of an item, the reason and the next step."""
    if evidence.free_of_personal and evidence.checklist.personal_gates.issuperset(item.gates):
        return "not_required", evidence.free_of_personal, ""
    ruled_out = evidence.checklist.conditions[item.when].ruled_out_by(evidence.flags)
    if ruled_out:
        return "not_required", f"{PROJECT_FILE} says {ruled_out}", ""
    return _machine_state(item, evidence) if item.by_machine else _human_state(item, evidence)


def _machine_state(item: Item, evidence: _Evidence) -> tuple[State, str, str]:
    """Compute a machine item: failed outranks not known, and not known is never met."""
    checks = probe(item.id, evidence.folder)
    failed = [check for check in checks if check.passed is False]
    if failed:
        return "failed", "; ".join(c.finding for c in failed), "; ".join(c.mend for c in failed)
    reason = "; ".join(check.finding for check in checks)
    if any(check.passed is None for check in checks):
        return "open", reason, "wait for a version that looks at it"
    return "met", reason, ""


def _human_state(item: Item, evidence: _Evidence) -> tuple[State, str, str]:
    """Compute an item that people sign; without a verified sign-off it is open or invalid."""
    signers = evidence.checklist.signers(item)
    records = evidence.records[item.id]
    if records:
        return "invalid", f"{UNVERIFIED}: {', '.join(records)}", f"the {signers} signs again in a version that verifies"
    absent = [subject for subject in item.subjects if not _exists(subject, evidence)]
    silent = evidence.checklist.conditions[item.when].unanswered(evidence.flags)
    reason = "; ".join(_absence(subject) for subject in absent) or "nobody has signed"
    if silent:
        reason += f"; {PROJECT_FILE} does not answer {', '.join(silent)}, so the item is needed"
    return "open", reason, _remedy(absent[0]) if absent else "wait for signing, which this version does not have"


def _exists(subject: Subject, evidence: _Evidence) -> bool:
    """Tell whether a file matches a subject; of the project file, whether the part is there."""
    if subject.path == PROJECT_FILE and subject.part is not None:
        return getattr(evidence.project, subject.part, None) is not None
    return any(path.is_file() for path in evidence.folder.glob(subject.path))


def _absence(subject: Subject) -> str:
    """Say what is missing of a subject."""
    if subject.path == PROJECT_FILE and subject.part is not None:
        return f"{PROJECT_FILE} has no {subject.part}"
    return f"no file {subject.path}"


def _remedy(subject: Subject) -> str:
    """Say what to do about a subject that is missing."""
    if subject.path == PROJECT_FILE and subject.part is not None:
        return f"add {subject.part} to {PROJECT_FILE}"
    folder, _, name = subject.path.rpartition("/")
    return f"add a file in {folder}" if "*" in name else f"write {subject.path}"


def _gate(name: GateName, evidence: _Evidence, findings: Sequence[Finding]) -> GateState:
    """Sum up one gate."""
    title = evidence.checklist.gates[name].title
    if evidence.free_of_personal and name in evidence.checklist.personal_gates:
        return GateState(gate=name, title=title, is_open=True, missing=(), reason=evidence.free_of_personal)
    missing = tuple(finding.item for finding in findings if name in finding.gates and not finding.passes)
    reason = f"{len(missing)} item{'s' if len(missing) != 1 else ''} missing" if missing else "every item is there"
    return GateState(gate=name, title=title, is_open=not missing, missing=missing, reason=reason)
