"""Gates in force: what is asked for goes ahead, or is refused in words, and either is logged. Nothing forces one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from oda import tracing
from oda.errors import COMMAND, GateError
from oda.governance.assessing import assess
from oda.governance.assessment import Assessment, Finding, GateState, logged_classes
from oda.governance.checklist import GateName
from oda.governance.classes import FREE_CLASSES
from oda.governance.gathering import DatasetCard
from oda.governance.log import append
from oda.pilot import Pilot, load_pilot

DATASET_GATES = frozenset({"load", "link", "train"})
NAMED = 6


def pass_gate(
    gate: GateName,
    pilot: Pilot | None = None,
    *,
    dataset: DatasetCard | None = None,
    datasets: Iterable[DatasetCard] | None = None,
    about: Mapping[str, Any] | None = None,
) -> Assessment:
    """Assess the checklist, refuse what a gate does not let through, and log the decision.

    What needs no gate is not logged: loading, linking or training on synthetic or open data.

    Parameters
    ----------
    gate
        The gate to pass, such as `train`.
    pilot
        The pilot's settings; those of the folder one works in when not given.
    dataset
        The dataset that is asked for, where the gate is about one.
    datasets
        All dataset cards of the pilot; they are read when not given.
    about
        What else the log should say, in plain types and without personal data.

    Returns
    -------
    Assessment
        How the checklist stands.

    Raises
    ------
    GateError
        When the gate is shut, or when the decision cannot be logged.
    """
    with tracing.ours():  # what a gate reads decides whether a notebook runs, not what it says
        return _pass(gate, pilot or load_pilot(), dataset, datasets, about or {})


def _pass(
    gate: GateName,
    pilot: Pilot,
    dataset: DatasetCard | None,
    datasets: Iterable[DatasetCard] | None,
    about: Mapping[str, Any],
) -> Assessment:
    """Assess, refuse or let through, and log."""
    assessment = assess(pilot, datasets)
    if gate in DATASET_GATES and _is_free(assessment, dataset):
        return assessment
    named = {"dataset": dataset.name} if dataset is not None else {}
    body: dict[str, Any] = {**named, **about, "gate": gate, **logged_classes(assessment.datasets)}
    try:
        require(assessment, gate, dataset)
    except GateError as refusal:
        missing = list(assessment.gate(gate).missing)
        try:
            append(pilot.folder, "gate", {**body, "decision": "refused", "missing": missing})
        except GateError as unlogged:
            raise GateError(f"{refusal} This could not be logged. {unlogged}") from unlogged
        raise
    append(pilot.folder, "gate", {**body, "decision": "passed"})
    return assessment


def close_pilot(pilot: Pilot) -> None:
    """Close a pilot, where the gate lets it: no personal data load afterwards.

    Parameters
    ----------
    pilot
        The pilot.

    Raises
    ------
    GateError
        When the gate is shut, or the pilot is closed already.
    """
    assessment = pass_gate("close", pilot)
    if assessment.closed_on:
        raise GateError(f"close refused: the pilot was closed on {assessment.closed_on}.")
    append(pilot.folder, "close", {"checklist": assessment.checklist_version})


def _is_free(assessment: Assessment, dataset: DatasetCard | None) -> bool:
    """Tell whether what is asked for holds no personal data, so that no gate is needed."""
    if dataset is not None:
        known = dataset.name not in assessment.reclassified
        return known and dataset.data_class in FREE_CLASSES and _seen(assessment, dataset) == [dataset.data_class]
    return not assessment.reclassified and all(d.data_class in FREE_CLASSES for d in assessment.datasets)


def _seen(assessment: Assessment, dataset: DatasetCard) -> list[str]:
    """Return the classes with which a dataset was assessed, and whether by another card than the one asked for."""
    same = [known for known in assessment.datasets if known.name == dataset.name]
    own = [_is_at(dataset.card_path, known.place) for known in same]
    return [f"{one.data_class}{'' if is_own else f' by {one.place}'}" for one, is_own in zip(same, own, strict=True)]


def _is_at(path: Path, place: str) -> bool:
    """Tell whether a card lies where the assessment has read it, and not elsewhere under the same name."""
    parts = PurePosixPath(place).parts
    return not place or (".." not in path.parts and path.parts[-len(parts) :] == parts)


def require(assessment: Assessment, gate: GateName, dataset: DatasetCard | None = None) -> None:
    """Refuse what a gate does not let through; return nothing where it does.

    A synthetic or open dataset passes `load`, `link` and `train` with no sign-off, unless it was known as
    personal before. Any other class, known or not, is treated as personal.

    Parameters
    ----------
    assessment
        How the checklist stands, assessed with all datasets of the pilot.
    gate
        The gate to pass.
    dataset
        The dataset that is asked for, where the gate is about one.

    Raises
    ------
    GateError
        When the gate is shut, is not known, the pilot is closed, or the dataset is not as it was assessed.
    """
    state = assessment.gate(gate)
    if dataset is not None:
        _check_assessed(assessment, state, dataset)
        if gate in DATASET_GATES and _is_free(assessment, dataset):
            return
    if assessment.closed_on and gate not in {"publish", "close"}:
        raise GateError(f"{gate} refused: the pilot was closed on {assessment.closed_on}. Start a new pilot.")
    if not state.is_open and not state.missing:
        raise GateError(f"{gate} refused: {state.reason}. To see it: {COMMAND} check")
    if not state.is_open:
        raise GateError(_refusal(assessment, state, dataset))


def _check_assessed(assessment: Assessment, state: GateState, dataset: DatasetCard) -> None:
    """Refuse a dataset that the assessment has not seen, or has seen with another class or by another card."""
    seen = _seen(assessment, dataset)
    if seen != [dataset.data_class]:
        found = f"assessed as {' and '.join(seen)}" if seen else "not among the datasets assessed"
        message = (
            f"{state.gate} refused: dataset {dataset.name!r} is of class {dataset.data_class}, but was {found}. "
            "Assess the checklist again with all dataset cards."
        )
        raise GateError(message)


def _refusal(assessment: Assessment, state: GateState, dataset: DatasetCard | None) -> str:
    """Say in a few sentences what is missing, who signs it, the command, and where the rest is listed."""
    missing = sorted((assessment.finding(item) for item in state.missing), key=_by_reader)
    first, *others = missing
    what = f"dataset {dataset.name!r} is of class {dataset.data_class}, and " if dataset is not None else ""
    text = f"{state.gate} refused: {what}{first.item} ({first.title}) {_standing(first)}."
    if not others:
        return f"{text} To see it: {COMMAND} check"
    verb = "item is" if len(others) == 1 else "items are"
    return f"{text} {len(others)} more {verb} missing ({_listed(others)}): {COMMAND} check lists them."


def _by_reader(finding: Finding) -> tuple[bool, bool, bool]:
    """Put first what the machine found wrong, then what was signed and holds no longer, and last what is not known."""
    is_open = finding.state == "open"
    return finding.by_machine and is_open, is_open, finding.state != "failed"


def _listed(findings: Sequence[Finding]) -> str:
    """Return the ids of findings, the first ones only where there are many."""
    ids = [finding.item for finding in findings]
    if len(ids) <= NAMED + 1:
        return ", ".join(ids)
    return f"{', '.join(ids[:NAMED])} and {len(ids) - NAMED} others"


def _standing(finding: Finding) -> str:
    """Say how an item stands and what it waits for."""
    if finding.by_machine:
        verb = "has failed" if finding.state == "failed" else f"is {finding.state}"
        return f"{verb} ({finding.reason}); it is computed, nobody signs it"
    because = f" ({finding.reason})" if finding.reason else ""
    whose = f" of {', '.join(finding.waiting_for[:NAMED])}" if finding.waiting_for else ""
    signers = finding.signers.removesuffix(" of every controller") if whose else finding.signers
    first = "" if finding.is_ready else f" First: {finding.next_step}."
    then = "Then the" if first else "The"
    return f"is {finding.state}{because}.{first} {then} {signers}{whose} signs it: {COMMAND} sign {finding.item}"
